/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "karez-plugin.h"
#include "karez-session.h"

G_BEGIN_DECLS

#define KAREZ_TYPE_MODALITY (karez_modality_get_type ())
KAREZ_PUBLIC
G_DECLARE_INTERFACE (KarezModality, karez_modality, KAREZ, MODALITY, GObject)

/**
 * KarezModalityInterface:
 * The live half: one object for one session in one worker. A vfunc that is NULL does nothing and
 * succeeds. All run on the worker's main thread; a call that misses its deadline fails, and the
 * runner names it. Each finish either succeeds or sets the error.
 *
 * @prepare: PREPARING. Get what the session needs. Deadline 10 s. Where a worker of this session
 *   died, the new one gets @restore, @prepare, and @start, or @hold where the session is HELD; it
 * is started then when it goes on.
 * @preflight: READY: the host's, when it gets there, each minute, every 3 s while a check has
 *   failed, when somebody presses “Check again” or karez_session_request_preflight() asks, and
 *   before each start. What changes in between is told by karez_session_report(). It may be called
 *   while another one is under way. Deadline 10 s. Returns: (transfer full): a GListModel of
 *   KarezCheck
 * @start: STARTING; the start is already on record. Deadline 5 s.
 * @join: somebody came, at either hospital, or a participant's page came back: it may be called
 *   again for one who is in. Send a local one the state. Deadline 2 s.
 * @leave: somebody left or lost the connection. Deadline 2 s.
 * @hold, @resume: LIVE or DEGRADED to HELD and back. Deadline 2 s. A hold or stop that comes while
 *   @start or @resume is under way cancels it and does not wait for it: @panic comes at once, then
 *   @hold or @stop, and @panic again when the call that was cancelled ends.
 * @stop: STOPPING; record what must be kept. Deadline 10 s, then the session ends without it.
 * @panic: now, synchronous, within 10 ms, any number of times: reach the safe state.
 * @message: what a local participant's page sent: an object of at most 64 KiB. What is wrong in it
 *   is answered to the participant by the error that is returned.
 * @checkpoint: the state to come back with; called once a second, by karez_session_save_async() and
 *   when the process can choose. Returns: (transfer full) (nullable): at most 1 MiB
 * @restore: what @checkpoint gave last. An error starts without it, and says so.
 *
 * Since: 1.0
 */
struct _KarezModalityInterface
{
  GTypeInterface parent;

  void (*prepare_async) (KarezModality *self, KarezSession *session, GCancellable *cancellable,
                         GAsyncReadyCallback callback, gpointer data);
  gboolean (*prepare_finish) (KarezModality *self, GAsyncResult *result, GError **error);
  void (*preflight_async) (KarezModality *self, GCancellable *cancellable,
                           GAsyncReadyCallback callback, gpointer data);
  GListModel *(*preflight_finish) (KarezModality *self, GAsyncResult *result, GError **error);
  void (*start_async) (KarezModality *self, GCancellable *cancellable, GAsyncReadyCallback callback,
                       gpointer data);
  gboolean (*start_finish) (KarezModality *self, GAsyncResult *result, GError **error);
  void (*join_async) (KarezModality *self, KarezParticipant *participant, GCancellable *cancellable,
                      GAsyncReadyCallback callback, gpointer data);
  gboolean (*join_finish) (KarezModality *self, GAsyncResult *result, GError **error);
  void (*leave_async) (KarezModality *self, KarezParticipant *participant,
                       GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data);
  gboolean (*leave_finish) (KarezModality *self, GAsyncResult *result, GError **error);
  void (*hold_async) (KarezModality *self, const char *reason, GCancellable *cancellable,
                      GAsyncReadyCallback callback, gpointer data);
  gboolean (*hold_finish) (KarezModality *self, GAsyncResult *result, GError **error);
  void (*resume_async) (KarezModality *self, GCancellable *cancellable,
                        GAsyncReadyCallback callback, gpointer data);
  gboolean (*resume_finish) (KarezModality *self, GAsyncResult *result, GError **error);
  void (*stop_async) (KarezModality *self, const char *reason, GCancellable *cancellable,
                      GAsyncReadyCallback callback, gpointer data);
  gboolean (*stop_finish) (KarezModality *self, GAsyncResult *result, GError **error);
  void (*panic) (KarezModality *self, const char *reason);
  gboolean (*message) (KarezModality *self, KarezParticipant *participant, JsonObject *body,
                       GError **error);
  GBytes *(*checkpoint) (KarezModality *self);
  gboolean (*restore) (KarezModality *self, GBytes *state, GError **error);

  gpointer padding[8];
};

/* The one line that makes a module a live half. */
#define KAREZ_MODALITY_MODULE(type_name)                                                           \
  KAREZ_PUBLIC const KarezAbi karez_modality_abi;                                                  \
  const KarezAbi karez_modality_abi = { KAREZ_ABI_MAGIC,                                           \
                                        KAREZ_API_MAJOR,                                           \
                                        KAREZ_API_MINOR,                                           \
                                        KAREZ_ABI_LIVE,                                            \
                                        sizeof (KarezModalityInterface),                           \
                                        type_name##_get_type };

G_END_DECLS
