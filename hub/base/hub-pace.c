/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How much may come at once, and in each second. */
#include "hub-pace.h"

#include "hub-clock.h"

gint64
hub_pace_left (HubPace *self, gint64 most, gint64 a_second)
{
  gint64 now = hub_clock_monotonic ();
  gint64 seconds;

  if (self->at == 0)
    self->at = now;
  seconds = (now - self->at) / G_USEC_PER_SEC;
  self->at += seconds * G_USEC_PER_SEC;
  self->spent = MAX (self->spent - MIN (seconds, self->spent) * a_second, 0);
  return most - self->spent;
}

void
hub_pace_spend (HubPace *self, gint64 cost)
{
  self->spent += cost;
}
