/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-calls.h"

G_BEGIN_DECLS

#define HUB_WATCHDOG_MS 5000
/* In a worker: before three heartbeats are missed (hub-worker-proxy.c), so that the worker's own
 * log names the plugin. */
#define HUB_WATCHDOG_LIVE_MS 1200

#define HUB_TYPE_WATCHDOG (hub_watchdog_get_type ())
/**
 * HubWatchdog:
 * A thread that knows which plugin is being called on the main thread. A call that holds it longer
 * than the limit leaves a mark (hub-plugin-marks.h) and ends the process with the plugin's name in
 * the log: a hub that hangs serves nobody, and a restarted one takes its workers over. So does a
 * plugin's own code that nobody calls, when the main loop has not turned for as long and that code
 * is what it is in (hub_crash_ask()).
 */
G_DECLARE_FINAL_TYPE (HubWatchdog, hub_watchdog, HUB, WATCHDOG, GObject)

/* @directory: where marks are kept, it must be there; NULL keeps none.
 * @limit_ms: %HUB_WATCHDOG_MS */
HubWatchdog *hub_watchdog_new (const char *directory, guint limit_ms);

/* Writes each call down in @calls (transfer full) too, for whoever looks after a crash. */
void hub_watchdog_set_calls (HubWatchdog *self, HubCalls *calls);
/* Around each call, on the main thread; calls nest. Both texts must live until the leave. @self
 * may be NULL, and then nobody watches. */
void hub_watchdog_enter (HubWatchdog *self, const char *plugin, const char *call);
void hub_watchdog_leave (HubWatchdog *self);

G_END_DECLS
