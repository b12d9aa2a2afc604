/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-config.h"

#include <karez.h>

G_BEGIN_DECLS

#define HUB_TYPE_DAEMON (hub_daemon_get_type ())
G_DECLARE_FINAL_TYPE (HubDaemon, hub_daemon, HUB, DAEMON, KarezTransition)

/**
 * HubDaemon:
 * The hub as a whole: makes the parts, hands each what it needs, in order. It only wires. The start
 * is a transition; while the database is away it waits for it, and the desk says so.
 *
 * Signal "superseded" (no arguments): another karezd has taken over this hub's database; this one
 * must end, and not be started again by itself.
 */
HubDaemon *hub_daemon_new (HubConfig *config);

void hub_daemon_start_async (HubDaemon *self, GAsyncReadyCallback callback, gpointer data);
gboolean hub_daemon_start_finish (HubDaemon *self, GAsyncResult *result, GError **error);

/* Ends what is the hub's. Workers and the private database go on. */
void hub_daemon_stop_async (HubDaemon *self, GAsyncReadyCallback callback, gpointer data);
gboolean hub_daemon_stop_finish (HubDaemon *self, GAsyncResult *result, GError **error);

G_END_DECLS
