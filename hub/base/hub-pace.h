/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * HubPace:
 * So much may come at once, and so much more in each second (a token bucket). All 0 is a full one.
 */
typedef struct
{
  gint64 at; /* monotonic µs, of whole seconds since it was used first */
  gint64 spent;
} HubPace;

/* What may come now, at most @most; @a_second: what each second adds. */
gint64 hub_pace_left (HubPace *self, gint64 most, gint64 a_second);
/* Takes @cost, also more than there is. */
void hub_pace_spend (HubPace *self, gint64 cost);

G_END_DECLS
