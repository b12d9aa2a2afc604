/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "karez-check.h"
#include "karez-link.h"
#include "karez-media.h"
#include "karez-participant.h"
#include "karez-program.h"

G_BEGIN_DECLS

/**
 * KarezState:
 * PLANNED → PREPARING → READY → STARTING → LIVE ⇄ DEGRADED; STARTING, LIVE and DEGRADED → HELD →
 * LIVE; any → STOPPING → ENDED; PREPARING, READY and STARTING → FAILED. When a worker died and
 * another took its place: PREPARING, READY and STARTING → PREPARING, LIVE → DEGRADED; DEGRADED,
 * HELD and STOPPING stay. The edges are one table (hub-session-machine.c); a plugin never sets a
 * state.
 *
 * Since: 1.0
 */
typedef enum
{
  KAREZ_STATE_PLANNED,
  KAREZ_STATE_PREPARING,
  KAREZ_STATE_READY,
  KAREZ_STATE_STARTING,
  KAREZ_STATE_LIVE,
  KAREZ_STATE_DEGRADED,
  KAREZ_STATE_HELD,
  KAREZ_STATE_STOPPING,
  KAREZ_STATE_ENDED,
  KAREZ_STATE_FAILED,
} KarezState;
#define KAREZ_N_STATES 10

/**
 * karez_state_name:
 *
 * "planned", "preparing" …
 *
 * Since: 1.0
 */
KAREZ_PUBLIC const char *karez_state_name (KarezState state);
/**
 * karez_state_from_name:
 * Since: 1.0
 */
KAREZ_PUBLIC gboolean karez_state_from_name (const char *name, KarezState *state);

#define KAREZ_TYPE_SESSION (karez_session_get_type ())
KAREZ_PUBLIC
G_DECLARE_INTERFACE (KarezSession, karez_session, KAREZ, SESSION, GObject)

/**
 * KarezSessionInterface:
 * What a live half sees of its session. In the worker, main thread.
 *
 * Since: 1.0
 */
struct _KarezSessionInterface
{
  GTypeInterface parent;
  const char *(*get_id) (KarezSession *self);
  const char *(*get_hub) (KarezSession *self);
  JsonNode *(*get_booking) (KarezSession *self);
  KarezState (*get_state) (KarezSession *self);
  gboolean (*is_host) (KarezSession *self);
  KarezLink *(*get_link) (KarezSession *self);
  GListModel *(*get_participants) (KarezSession *self);
  void (*record) (KarezSession *self, const char *action, KarezActor *actor, JsonNode *body);
  void (*report) (KarezSession *self, KarezCheck *check);
  void (*hold) (KarezSession *self, const char *reason);
  void (*finish) (KarezSession *self, const char *reason);
  KarezMedia *(*get_media) (KarezSession *self, GError **error);
  void (*save_async) (KarezSession *self, GCancellable *cancellable, GAsyncReadyCallback callback,
                      gpointer data);
  gboolean (*save_finish) (KarezSession *self, GAsyncResult *result, GError **error);
  void (*request_preflight) (KarezSession *self);
  KarezProgram *(*start_program) (KarezSession *self, const char *name, GError **error);
  gpointer padding[3];
};

/**
 * karez_session_get_id:
 * Since: 1.0
 */
KAREZ_PUBLIC const char *karez_session_get_id (KarezSession *self);
/**
 * karez_session_get_hub:
 *
 * The id of the hub this worker belongs to.
 *
 * Since: 1.0
 */
KAREZ_PUBLIC const char *karez_session_get_hub (KarezSession *self);
/**
 * karez_session_get_booking:
 *
 * The booking as it was when the session was prepared.
 *
 * Since: 1.0
 */
KAREZ_PUBLIC JsonNode *karez_session_get_booking (KarezSession *self);
/**
 * karez_session_get_state:
 * Since: 1.0
 */
KAREZ_PUBLIC KarezState karez_session_get_state (KarezSession *self);
/**
 * karez_session_is_host:
 *
 * Whether this side moves the session's state and orders what both sides must agree on.
 *
 * Since: 1.0
 */
KAREZ_PUBLIC gboolean karez_session_is_host (KarezSession *self);
/**
 * karez_session_get_link:
 *
 * Returns: (transfer none):
 *
 * Since: 1.0
 */
KAREZ_PUBLIC KarezLink *karez_session_get_link (KarezSession *self);
/**
 * karez_session_get_media:
 *
 * Opened when it is first asked for.
 *
 * Returns: (transfer none): NULL with %KAREZ_ERROR_NOT_GRANTED, or with what kept it from being
 * opened
 *
 * Since: 1.0
 */
KAREZ_PUBLIC KarezMedia *karez_session_get_media (KarezSession *self, GError **error);
/**
 * karez_session_get_participants:
 *
 * The KarezParticipants of both hospitals.
 *
 * Returns: (transfer none):
 *
 * Since: 1.0
 */
KAREZ_PUBLIC GListModel *karez_session_get_participants (KarezSession *self);
/**
 * karez_session_find_participant:
 *
 * One of them.
 *
 * Returns: (transfer full) (nullable):
 *
 * Since: 1.1
 */
KAREZ_PUBLIC KarezParticipant *karez_session_find_participant (KarezSession *self, const char *id);
/**
 * karez_session_send:
 * @body: (transfer full):
 *
 * Sends to the page of one local participant, if that is here, or of every one where @participant
 * is NULL.
 *
 * Since: 1.1
 */
KAREZ_PUBLIC void karez_session_send (KarezSession *self, const char *participant, JsonNode *body);
/**
 * karez_session_broadcast:
 * @body: (transfer full):
 *
 * Sends to every local participant.
 *
 * Since: 1.0
 */
KAREZ_PUBLIC void karez_session_broadcast (KarezSession *self, JsonNode *body);
/**
 * karez_session_record:
 * @action: noun and verb: "note.keep"
 * @actor: (nullable): who did it; NULL is the session itself
 * @body: (transfer full): an object
 *
 * Keeps something for ever: given to the worker's spool, where records keep their order, and from
 * there to the control half's record() until that has committed it, also by a hub that was away.
 * The disk takes its time, in a thread: when this returns, the record is not there yet. A join, a
 * leave, a page's message and a move of the session are answered once what was recorded in them is;
 * what says by other means that something is on record, or leads towards risk because of it, waits
 * for karez_session_save_async().
 *
 * Since: 1.0
 */
KAREZ_PUBLIC void karez_session_record (KarezSession *self, const char *action, KarezActor *actor,
                                        JsonNode *body);
/**
 * karez_session_save_async:
 * @cancellable: (nullable)
 *
 * Takes the live half's checkpoint at once, instead of within a second, and finishes once that, or
 * a newer one, and everything that was recorded before are on disk. Nothing waits meanwhile but who
 * is to be told: what leads away from risk is done before, what leads towards it after.
 * For what a worker that takes this one's place must not have forgotten: a consent that was
 * withdrawn. Several under way may finish in any order; each says that those before it are on disk
 * too. The callback runs on the main thread, and may come after the session is over.
 *
 * Since: 1.0
 */
KAREZ_PUBLIC void karez_session_save_async (KarezSession *self, GCancellable *cancellable,
                                            GAsyncReadyCallback callback, gpointer data);
/**
 * karez_session_save_finish:
 *
 * FALSE with a %G_IO_ERROR where the disk takes nothing, or did not answer for 2 s
 * (%G_IO_ERROR_TIMED_OUT). The records wait all the same, and the checkpoint is tried again each
 * second; people are shown the check "record.disk".
 *
 * Since: 1.0
 */
KAREZ_PUBLIC gboolean karez_session_save_finish (KarezSession *self, GAsyncResult *result,
                                                 GError **error);
/**
 * karez_session_report:
 *
 * Tells a measurement: a failed one makes LIVE DEGRADED, a passed one of the same id heals it.
 *
 * Since: 1.0
 */
KAREZ_PUBLIC void karez_session_report (KarezSession *self, KarezCheck *check);
/**
 * karez_session_request_preflight:
 *
 * Asks for the host's preflight again, because what it measures has changed: a device was plugged
 * in. It comes within two seconds, at most once in a second, and only in READY; otherwise nothing
 * happens. A single measurement is told by karez_session_report().
 *
 * Since: 1.1
 */
KAREZ_PUBLIC void karez_session_request_preflight (KarezSession *self);
/**
 * karez_session_start_program:
 * @name: of a group [Program NAME] of the plugin's key file
 *
 * Starts one of the plugin's programs, beside the worker; there is one of each name at a time.
 * %KAREZ_ERROR_NOT_FOUND, "program/unknown": the key file has none of this name.
 * %KAREZ_ERROR_CONFLICT, "program/running". %KAREZ_ERROR_UNAVAILABLE, "program/away": none can be
 * started in this session any more. What becomes of it is told by its signals.
 *
 * Returns: (transfer full):
 *
 * Since: 1.1
 */
KAREZ_PUBLIC KarezProgram *karez_session_start_program (KarezSession *self, const char *name,
                                                        GError **error);
/**
 * karez_session_hold:
 *
 * Asks for HELD or for the end: in force on this side when it returns, whatever is under way, and
 * on the other one as soon as that can be told; recorded after.
 *
 * Since: 1.0
 */
KAREZ_PUBLIC void karez_session_hold (KarezSession *self, const char *reason);
/**
 * karez_session_finish:
 * Since: 1.0
 */
KAREZ_PUBLIC void karez_session_finish (KarezSession *self, const char *reason);

G_END_DECLS
