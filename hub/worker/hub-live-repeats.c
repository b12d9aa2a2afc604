/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How many words that change nothing are recorded one by one, and how many as a number. */
#include "hub-live-repeats.h"

#include "hub-clock.h"

#define MAX_SPARE 10.0
#define SPARE_US (10 * G_USEC_PER_SEC)

static void
refill (HubLiveRepeats *self, guint side)
{
  gint64 now = hub_clock_monotonic ();

  if (self->spare_at[side] == 0)
    self->spare[side] = MAX_SPARE;
  else
    self->spare[side] = MIN (MAX_SPARE,
                             self->spare[side] + (double) (now - self->spare_at[side]) / SPARE_US);
  self->spare_at[side] = now;
}

gboolean
hub_live_repeats_may_record (HubLiveRepeats *self, gboolean theirs)
{
  guint side = theirs ? 1 : 0;

  refill (self, side);
  if (self->spare[side] < 1)
    {
      self->counted++;
      return FALSE;
    }
  self->spare[side] -= 1;
  return TRUE;
}

guint
hub_live_repeats_take (HubLiveRepeats *self)
{
  guint counted = self->counted;

  if (counted > 0)
    self->counted_at = hub_clock_monotonic ();
  self->counted = 0;
  return counted;
}

gboolean
hub_live_repeats_is_due (const HubLiveRepeats *self)
{
  return self->counted > 0 && hub_clock_monotonic () - self->counted_at >= SPARE_US;
}
