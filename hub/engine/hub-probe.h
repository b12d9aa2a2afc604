/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <karez.h>

G_BEGIN_DECLS

#define HUB_PROBE_MS 5000

#define HUB_TYPE_PROBE (hub_probe_get_type ())
/**
 * HubProbe:
 * Looks at a module in a child process before the hub or a worker opens it, so that one which
 * crashes or hangs while it is loaded harms nobody. Answers are kept, by modification time and
 * size, in a file of the state directory. Main thread only.
 */
G_DECLARE_FINAL_TYPE (HubProbe, hub_probe, HUB, PROBE, GObject)

/* @worker: the program karez-worker. @cache: (nullable): the file to keep answers in. @limit_ms:
 * %HUB_PROBE_MS */
HubProbe *hub_probe_new (const char *worker, const char *cache, guint limit_ms);

/**
 * hub_probe_look_async:
 * @path: a module
 * @symbol: %HUB_SYMBOL_CONTROL or %HUB_SYMBOL_LIVE
 *
 * %KAREZ_ERROR_INVALID with the rule "plugin/module", "plugin/symbol" or "plugin/abi" for a module
 * that does not fit; "plugin/crash" and "plugin/hang" for one that must be disabled;
 * %KAREZ_ERROR_FAILED, rule "plugin/probe", if no child could be asked.
 */
void hub_probe_look_async (HubProbe *self, const char *path, const char *symbol,
                           GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data);
gboolean hub_probe_look_finish (HubProbe *self, GAsyncResult *result, GError **error);
/* How many children were asked; the others were known. */
guint hub_probe_get_asked (HubProbe *self);

G_END_DECLS
