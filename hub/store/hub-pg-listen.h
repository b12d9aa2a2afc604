/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

#define HUB_TYPE_PG_LISTEN (hub_pg_listen_get_type ())
/**
 * HubPgListen:
 * A session of the database that does nothing but LISTEN, for rare wake-ups: each NOTIFY takes a
 * lock on the whole instance at its commit, so nothing that is written often may notify. Connects
 * again by itself, 1 s to 10 s after it broke. Main thread only.
 *
 * Signal "notified" (const char *payload): (nullable): NULL when it has just connected: what was
 * notified before was not heard.
 */
G_DECLARE_FINAL_TYPE (HubPgListen, hub_pg_listen, HUB, PG_LISTEN, GObject)

/* @channel: a plain name, in the program's own words. Returns: (transfer full) */
HubPgListen *hub_pg_listen_new (const char *conninfo, const char *channel);
/* Ends the signal and the session. */
void hub_pg_listen_stop (HubPgListen *self);

G_END_DECLS
