/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define HUB_WATCHDOG_MS 5000

#define HUB_TYPE_WATCHDOG (hub_watchdog_get_type ())
/**
 * HubWatchdog:
 * A thread that knows which plugin is being called on the main thread. A call that holds it longer
 * than the limit leaves a mark (hub-plugin-marks.h) and ends the process with the plugin's name in
 * the log: a hub that hangs serves nobody, and a restarted one takes its workers over.
 */
G_DECLARE_FINAL_TYPE (HubWatchdog, hub_watchdog, HUB, WATCHDOG, GObject)

/* @directory: where marks are kept, it must be there. @limit_ms: %HUB_WATCHDOG_MS */
HubWatchdog *hub_watchdog_new (const char *directory, guint limit_ms);

/* Around each call, on the main thread; calls nest. Both texts must live until the leave. @self
 * may be NULL, and then nobody watches. */
void hub_watchdog_enter (HubWatchdog *self, const char *plugin, const char *call);
void hub_watchdog_leave (HubWatchdog *self);

G_END_DECLS
