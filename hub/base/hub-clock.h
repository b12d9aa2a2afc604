/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Microseconds since 1970 UTC. */
gint64 hub_clock_now (void);
/* Microseconds of a clock that only goes forward; for deadlines and ages. */
gint64 hub_clock_monotonic (void);

/**
 * hub_clock_is_trusted:
 * @offset: (out) (optional): microseconds that the kernel still has to correct
 *
 * Whether somebody disciplines this machine's clock: adjtimex(2) calls it synchronised and its
 * maximum error is below a second (IHE Consistent Time asks for a median error under 1 s).
 */
gboolean hub_clock_is_trusted (gint64 *offset);

/* RFC 3339 in UTC with milliseconds: "2026-11-24T06:26:00.000Z". Returns: (transfer full) */
char *hub_time_format (gint64 time);
/* RFC 3339 with an offset; FALSE for anything else. */
gboolean hub_time_parse (const char *text, gint64 *time);

G_END_DECLS
