/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* What is kept about plugins as files of one directory, STATE/plugins, since it must be known
 * before the database is there: each time a plugin blocked or crashed a process
 * (PLUGIN.blocked-TIME and PLUGIN.crashed-TIME, holding the call), and that an administrator
 * disabled it while the hub was down (PLUGIN.disabled, holding the reason). The first kind counts
 * for a day.
 */

typedef enum
{
  HUB_MARK_BLOCKED,
  HUB_MARK_CRASHED,
} HubMark;

/* Keeps that @plugin did this in @call, durably. */
gboolean hub_plugin_marks_add (const char *directory, const char *plugin, HubMark mark,
                               const char *call, GError **error);
/* Disables @plugin from the hub's next start on; the file belongs to the directory's owner. */
gboolean hub_plugin_marks_disable (const char *directory, const char *plugin, const char *reason,
                                   GError **error);
/* Why @plugin must not be loaded: it was disabled, or it blocked or crashed twice within a day.
 * Returns: (transfer full) (nullable) */
char *hub_plugin_marks_verdict (const char *directory, const char *plugin);
/* What @plugin did last, within a day: "It crashed in “route” at TIME." Returns: (transfer full)
 * (nullable) */
char *hub_plugin_marks_last (const char *directory, const char *plugin);
/* Forgets all of it. */
void hub_plugin_marks_clear (const char *directory, const char *plugin);

G_END_DECLS
