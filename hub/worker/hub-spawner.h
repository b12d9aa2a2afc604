/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-plugin-program.h"

G_BEGIN_DECLS

#define HUB_TYPE_SPAWNER (hub_spawner_get_type ())
/**
 * HubSpawner:
 * A process beside the worker that starts its session's programs: the confined worker can start
 * none itself, and its programs need other rules than it does. It is asked by a socket pair, and
 * ends with the worker; programs end with it. Main thread.
 *
 * Signals: "started" (guint number, int process), "ended" (guint number, const char *reason): in
 * English; @number: what hub_spawner_start() returned. "lost": the process is gone, and with it its
 * programs; no other signal comes.
 */
G_DECLARE_FINAL_TYPE (HubSpawner, hub_spawner, HUB, SPAWNER, GObject)

/**
 * hub_spawner_new:
 * @programs: (transfer full) (element-type HubPluginProgram): what may be started
 * @subject: the session, for the log
 * @arguments: (nullable): the program's arguments in memory, which the process clears so that it is
 *   not taken for a worker
 *
 * Forks, if there are programs: there must be one thread. %G_IO_ERROR.
 */
HubSpawner *hub_spawner_new (GPtrArray *programs, const char *subject, char *arguments, gsize size,
                             GError **error);

/* Returns: (transfer none) (nullable) */
const HubPluginProgram *hub_spawner_find (HubSpawner *self, const char *name, guint *index);
/* Whether programs can be started. */
gboolean hub_spawner_is_there (HubSpawner *self);
/* Asks for a process with this end of a channel, which stays the caller's; one that is there of
 * this program ends before. "started", and one day "ended", follow. Returns: its number, never 0 */
guint hub_spawner_start (HubSpawner *self, guint index, int channel);
/* Asks for the end of that process: "ended" follows. */
void hub_spawner_kill (HubSpawner *self, guint index, guint number);

G_END_DECLS
