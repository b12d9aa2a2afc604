/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-launcher.h"

G_BEGIN_DECLS

#define HUB_TYPE_WORKER_PROCESS (hub_worker_process_get_type ())
/**
 * HubWorkerProcess:
 * The process of one session's worker, watched by a pidfd: started by a #HubLauncher, or one of an
 * earlier hub that says which it is. Dropping it lets the process go on. Main thread only.
 *
 * Signal "ended" (const char *reason): it has, or it did not say Hello in time.
 */
G_DECLARE_FINAL_TYPE (HubWorkerProcess, hub_worker_process, HUB, WORKER_PROCESS, GObject)

HubWorkerProcess *hub_worker_process_new (HubLauncher *launcher);
/* 0: none is known. */
int hub_worker_process_get_pid (HubWorkerProcess *self);
/* Whether there is one, and its end is seen. */
gboolean hub_worker_process_is_watched (HubWorkerProcess *self);
/* Starts another one; what was there before is ended first. It must say Hello in 10 s. */
gboolean hub_worker_process_start (HubWorkerProcess *self, HubOrder *order, GError **error);
/* The process that says Hello, by the pidfd that comes with it, which nobody but itself could have
 * made. FALSE, rule "worker/process", without one, or if it is not the one that was started. */
gboolean hub_worker_process_take_hello (HubWorkerProcess *self, GDBusMethodInvocation *invocation,
                                        GError **error);
/* One that lost its connection but lives has 2 s to say Hello again: it may have thought the hub
 * dead. */
void hub_worker_process_await_return (HubWorkerProcess *self);
/* Ends it at once, and forgets it; or only ends it, and its end is seen. */
void hub_worker_process_end (HubWorkerProcess *self);
void hub_worker_process_kill (HubWorkerProcess *self);
/* Forgets it; it goes on. */
void hub_worker_process_release (HubWorkerProcess *self);

G_END_DECLS
