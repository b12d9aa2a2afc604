/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-spawner.h"

G_BEGIN_DECLS

#define HUB_TYPE_LIVE_SESSION (hub_live_session_get_type ())
/**
 * HubLiveSession:
 * The one session of a worker: what its live half sees as #KarezSession. At the host it runs the
 * machine; at a mirror it follows the host, by the link or by what the hubs told. Main thread.
 *
 * Signals: "state-changed" (no arguments: ask hub_live_session_get_state() and so on),
 * "send" (const char *participant, JsonNode *body), "recorded" (guint64 sequence: records up to it
 * are on disk, and wait).
 *
 * Nothing here waits for the disk but what says so. What finishes has what it recorded on disk;
 * what leads away from risk is in force before.
 */
G_DECLARE_FINAL_TYPE (HubLiveSession, hub_live_session, HUB, LIVE_SESSION, GObject)

/**
 * HubLiveSessionConfig:
 * @id: the session's UUID
 * @directory: where spool and checkpoint are; it must be there
 * @plugin: the plugin's id, for logs and errors
 * @module: the live half's shared object
 * @link_address: what hub_link_new() binds
 * @media_address: (nullable): what hub_rtc_new() binds; NULL for a session without media
 * @spawner: (nullable): starts the plugin's programs
 */
typedef struct
{
  const char *id, *directory, *plugin, *module, *link_address, *media_address;
  HubSpawner *spawner;
} HubLiveSessionConfig;

/* Opens the spool and the module: nothing outside of the directory is opened later. NULL with
 * @error set, but for a module that is no good: hub_live_session_prepare_async() says so. */
HubLiveSession *hub_live_session_new (const HubLiveSessionConfig *config, GError **error);

/* @session: as Prepare of org.karez.Worker1 has it. Finishes once the live half is prepared. */
void hub_live_session_prepare_async (HubLiveSession *self, JsonNode *session,
                                     GAsyncReadyCallback callback, gpointer data);
/**
 * hub_live_session_move_async:
 * @seen: the number of the state that a start or resume lifts
 * @ask: the mirror's number of a word away from risk that may come by the link too; 0: none
 *
 * Finishes once the edge is walked and, towards risk, the live half has answered. A mirror takes
 * hold, panic and stop for its own side, and tells the host until it has heard it. A hold, panic or
 * stop is in force when this returns, and finishes without its record where the disk takes nothing
 * or does not answer, which the check "record.disk" says. A mirror's finishes at once, so that the
 * host hears its number whatever the disk does; hub_live_session_keep_async() waits for the record.
 */
void hub_live_session_move_async (HubLiveSession *self, const char *edge, const char *reason,
                                  KarezActor *actor, guint64 seen, guint64 ask,
                                  GAsyncReadyCallback callback, gpointer data);
/**
 * HubLiveMoved:
 * Where a move led to: state and its number, and at a mirror the number of that word away from risk
 */
typedef struct
{
  KarezState state;
  guint64 sequence, asked;
} HubLiveMoved;
/* Of a result of hub_live_session_move_async(). Returns: (transfer none) */
const HubLiveMoved *hub_live_session_get_moved (HubLiveSession *self, GAsyncResult *result);
/* Finishes once what was recorded before is on disk, or as a hold does where it cannot be. */
void hub_live_session_keep_async (HubLiveSession *self, GAsyncReadyCallback callback,
                                  gpointer data);
void hub_live_session_join_async (HubLiveSession *self, JsonNode *participant,
                                  GAsyncReadyCallback callback, gpointer data);
void hub_live_session_leave_async (HubLiveSession *self, const char *participant,
                                   const char *reason, GAsyncReadyCallback callback, gpointer data);
/* No page of this hospital is heard until the hub is back. */
void hub_live_session_hub_away (HubLiveSession *self);
/* Whatever a person of this hospital has here ends: places, media, echoes. @account: their actor's
 * id */
void hub_live_session_revoke (HubLiveSession *self, const char *account);
/* What the page of a participant says; finishes when the live half has taken it, and kept what it
 * records of it. */
void hub_live_session_message_async (HubLiveSession *self, const char *participant, JsonNode *body,
                                     GAsyncReadyCallback callback, gpointer data);
/* What the host's hub said; nothing if it is older than what is known. Mirror only. */
void hub_live_session_mirror_async (HubLiveSession *self, JsonNode *state,
                                    GAsyncReadyCallback callback, gpointer data);
/* Of those above. */
gboolean hub_live_session_finish (HubLiveSession *self, GAsyncResult *result, GError **error);

void hub_live_session_preflight_async (HubLiveSession *self, GAsyncReadyCallback callback,
                                       gpointer data);
/* Returns: (transfer full): an array of checks */
JsonNode *hub_live_session_preflight_finish (HubLiveSession *self, GAsyncResult *result,
                                             GError **error);

/* Somebody who is not in the session tries their way: as Echo of org.karez.Worker1 has it.
 * %KAREZ_ERROR_CONFLICT "session/echo" where there is no media now, or what hub_rtc_echo() says. */
JsonNode *hub_live_session_echo (HubLiveSession *self, JsonNode *offer, GError **error);
JsonNode *hub_live_session_get_endpoint (HubLiveSession *self, GError **error);
gboolean hub_live_session_connect (HubLiveSession *self, JsonNode *endpoint, GError **error);
/* Brings the live half to its safe state, and no more than that: a worker that ends. */
void hub_live_session_panic (HubLiveSession *self, const char *reason);

/* As it is on this side: HELD where a mirror's word has not reached the host yet. */
KarezState hub_live_session_get_state (HubLiveSession *self);
guint64 hub_live_session_get_sequence (HubLiveSession *self);
/* The number of the mirror's newest word away from risk, heard by the host or not; 0: none */
guint64 hub_live_session_get_asked (HubLiveSession *self);
const char *hub_live_session_get_reason (HubLiveSession *self);
/* Who moved it last; never NULL. */
KarezActor *hub_live_session_get_actor (HubLiveSession *self);
gboolean hub_live_session_is_prepared (HubLiveSession *self);
/* As Ping of org.karez.Worker1 has it. */
JsonNode *hub_live_session_get_snapshot (HubLiveSession *self);
/* {"link", "checks"} */
JsonNode *hub_live_session_get_statistics (HubLiveSession *self);
/* Whether somebody of this hospital is joined. */
gboolean hub_live_session_has_local (HubLiveSession *self);

/* Records that wait, on disk: the number of the first at or after @from, 0 if none; its document.
 */
guint64 hub_live_session_next_record (HubLiveSession *self, guint64 from);
JsonNode *hub_live_session_get_record (HubLiveSession *self, guint64 sequence);
void hub_live_session_forget_records (HubLiveSession *self, guint64 sequence);
/* Whether it is over, the live half has stopped, and the hub has every record. */
gboolean hub_live_session_is_finished (HubLiveSession *self);
/* Spool and checkpoint of a finished session are removed: its hub sees that nothing waits. They are
 * gone after hub_live_session_close(). */
void hub_live_session_clean (HubLiveSession *self);
/* As karez_session_save_async() has it. */
void hub_live_session_save_async (HubLiveSession *self, GCancellable *cancellable,
                                  GAsyncReadyCallback callback, gpointer data);
gboolean hub_live_session_save_finish (HubLiveSession *self, GAsyncResult *result, GError **error);
/* The worker ends: what it recorded is on disk after this, and the checkpoint of a session that is
 * not over. Blocks. */
void hub_live_session_close (HubLiveSession *self);

G_END_DECLS
