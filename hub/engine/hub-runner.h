/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-watchdog.h"

#include <karez.h>

G_BEGIN_DECLS

#define HUB_TYPE_RUNNER (hub_runner_get_type ())
/**
 * HubRunner:
 * The only caller of a plugin. Around each vfunc it tells the watchdog, sets the deadline, puts the
 * plugin and the call before the error's message, and turns FALSE without an error into one
 * (%KAREZ_ERROR_FAILED, rule "plugin/no-error"). A vfunc that is NULL succeeds. A call that misses
 * its deadline fails with %KAREZ_ERROR_TIMEOUT, rule "plugin/deadline"; what it answers later is
 * dropped. A cancelled call finishes at once with %G_IO_ERROR_CANCELLED. Main thread only.
 *
 * Signal "late" (const char *call): what was given up has answered, so what it does it has done.
 */
G_DECLARE_FINAL_TYPE (HubRunner, hub_runner, HUB, RUNNER, GObject)

/* @watchdog: (nullable) (transfer none) */
HubRunner *hub_runner_new (const char *plugin, HubWatchdog *watchdog);
const char *hub_runner_get_plugin (HubRunner *self);
/* For plugin code that is not a vfunc: a route's or a topic's handler. @call: a literal */
void hub_runner_enter (HubRunner *self, const char *call);
void hub_runner_leave (HubRunner *self);
/* Multiplies every deadline; for tests, in thousandths. */
void hub_runner_scale (HubRunner *self, guint thousandths);

/* The control half. Each ends by hub_runner_finish (). */
void hub_runner_enable_async (HubRunner *self, KarezPlugin *plugin, KarezContext *context,
                              GCancellable *cancellable, GAsyncReadyCallback callback,
                              gpointer data);
void hub_runner_disable_async (HubRunner *self, KarezPlugin *plugin, GCancellable *cancellable,
                               GAsyncReadyCallback callback, gpointer data);
void hub_runner_check_booking_async (HubRunner *self, KarezPlugin *plugin, JsonNode *booking,
                                     GCancellable *cancellable, GAsyncReadyCallback callback,
                                     gpointer data);
/* @record must live until the callback. */
void hub_runner_record_async (HubRunner *self, KarezPlugin *plugin, const KarezRecord *record,
                              GCancellable *cancellable, GAsyncReadyCallback callback,
                              gpointer data);

/* The live half. */
void hub_runner_prepare_async (HubRunner *self, KarezModality *modality, KarezSession *session,
                               GCancellable *cancellable, GAsyncReadyCallback callback,
                               gpointer data);
void hub_runner_start_async (HubRunner *self, KarezModality *modality, GCancellable *cancellable,
                             GAsyncReadyCallback callback, gpointer data);
void hub_runner_join_async (HubRunner *self, KarezModality *modality, KarezParticipant *participant,
                            GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data);
void hub_runner_leave_async (HubRunner *self, KarezModality *modality,
                             KarezParticipant *participant, GCancellable *cancellable,
                             GAsyncReadyCallback callback, gpointer data);
void hub_runner_hold_async (HubRunner *self, KarezModality *modality, const char *reason,
                            GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data);
void hub_runner_resume_async (HubRunner *self, KarezModality *modality, GCancellable *cancellable,
                              GAsyncReadyCallback callback, gpointer data);
void hub_runner_stop_async (HubRunner *self, KarezModality *modality, const char *reason,
                            GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data);
gboolean hub_runner_finish (HubRunner *self, GAsyncResult *result, GError **error);

void hub_runner_preflight_async (HubRunner *self, KarezModality *modality,
                                 GCancellable *cancellable, GAsyncReadyCallback callback,
                                 gpointer data);
/* Returns: (transfer full): KarezChecks, may be empty */
GListModel *hub_runner_preflight_finish (HubRunner *self, GAsyncResult *result, GError **error);

void hub_runner_panic (HubRunner *self, KarezModality *modality, const char *reason);
gboolean hub_runner_message (HubRunner *self, KarezModality *modality,
                             KarezParticipant *participant, JsonObject *body, GError **error);
/* Returns: (transfer full) (nullable): also NULL when it is larger than 1 MiB, which is logged */
GBytes *hub_runner_checkpoint (HubRunner *self, KarezModality *modality);
gboolean hub_runner_restore (HubRunner *self, KarezModality *modality, GBytes *state,
                             GError **error);

G_END_DECLS
