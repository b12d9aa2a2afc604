/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* @late: the deadline passed. */
typedef gboolean (*HubPgSourceFunc) (GIOCondition condition, gboolean late, gpointer data);

/**
 * hub_pg_source_new:
 * A GSource on libpq's socket: always for reading, for writing only when asked, and for a deadline.
 *
 * Returns: (transfer full)
 */
GSource *hub_pg_source_new (int fd);
void hub_pg_source_set_callback (GSource *source, HubPgSourceFunc func, gpointer data);
/* Whether libpq still has something to send. */
void hub_pg_source_set_writing (GSource *source, gboolean writing);
/* @deadline: of g_get_monotonic_time (), or -1 for none */
void hub_pg_source_set_deadline (GSource *source, gint64 deadline);

G_END_DECLS
