/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-worker-proxy.h"

G_BEGIN_DECLS

/* How often a session's worker is started again within the window. */
#define HUB_RESTART_LIMIT 3
#define HUB_RESTART_WINDOW_US (60 * G_USEC_PER_SEC)

#define HUB_TYPE_SUPERVISOR (hub_supervisor_get_type ())
/**
 * HubSupervisor:
 * Starts workers by a #HubLauncher, so that they outlive the hub; listens for them on a Unix
 * socket, which is for the hub's own user and the workers'; adopts those of an earlier hub by their
 * tokens; watches each by its connection, a heartbeat and its process. Dropping it lets every
 * worker go on. Main thread only.
 *
 * Signals: "arrived" (HubWorkerProxy *worker, JsonNode *snapshot, gboolean adopted): a worker said
 * Hello; "died" (const char *session, const char *reason): it is gone, its process too;
 * before it, "fault" (const char *session, const char *plugin, const char *call): a call of the
 * live half was under way when it ended.
 */
G_DECLARE_FINAL_TYPE (HubSupervisor, hub_supervisor, HUB, SUPERVISOR, GObject)

/**
 * HubSupervisorConfig:
 * @runtime_dir: where the socket is made
 * @state_dir: sessions keep their files in its folder "sessions"
 * @worker: the program karez-worker
 * @link_address: what the workers' links bind
 * @media_address: where pages reach the workers' media
 * @incarnation: of this hub, from the database
 * @launcher: (nullable): the socket where workers are started under another user
 * @user: (nullable): that user
 */
typedef struct
{
  const char *runtime_dir, *state_dir, *worker, *link_address, *media_address;
  guint64 incarnation;
  const char *launcher, *user;
} HubSupervisorConfig;

HubSupervisor *hub_supervisor_new (const HubSupervisorConfig *config);
/* Listens. %KAREZ_ERROR_UNAVAILABLE, rule "worker/socket". */
gboolean hub_supervisor_start (HubSupervisor *self, GError **error);
/* Stops listening and watching; workers go on. */
void hub_supervisor_stop (HubSupervisor *self);

/* Makes the token of @session's next worker; only its hash is to be kept: BLAKE2b-256 in
 * hexadecimal. An older worker is refused from now on. Returns: (transfer full): the hash */
char *hub_supervisor_make_token (HubSupervisor *self, const char *session);
/* A worker of an earlier hub that may come: @hash is what the database kept. */
void hub_supervisor_expect (HubSupervisor *self, const char *session, const char *hash);
/* The session is over: its worker may say Hello until it has ended, but none is started. */
void hub_supervisor_forget (HubSupervisor *self, const char *session);
/* Starts the worker that hub_supervisor_make_token() was called for. @plugin: its id; @module: the
 * live half's file; @programs: (nullable): as #HubOrder has them; @media: whether it may have
 * #KarezMedia. %KAREZ_ERROR_UNAVAILABLE, rule "worker/start". */
gboolean hub_supervisor_spawn (HubSupervisor *self, const char *session, const char *plugin,
                               const char *module, const char *const *programs, gboolean media,
                               GError **error);
/* Counts a restart; FALSE when there were too many. */
gboolean hub_supervisor_may_restart (HubSupervisor *self, const char *session);
/* Ends the worker's process at once. */
void hub_supervisor_kill (HubSupervisor *self, const char *session);
/* Returns: (transfer none) (nullable): the worker that is connected */
HubWorkerProxy *hub_supervisor_get_worker (HubSupervisor *self, const char *session);
/* S/sessions/<id>. Returns: (transfer full) */
char *hub_supervisor_get_directory (HubSupervisor *self, const char *session);
/* [{"session", "pid", "connected", "restarts"}] */
JsonNode *hub_supervisor_list (HubSupervisor *self);

G_END_DECLS
