/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * HubLiveRepeats:
 * Words that change nothing, as somebody may say them a thousand times in a second: of each side 10
 * may be recorded one by one, then one more in 10 s; the others are counted, and their number is
 * recorded as often. A struct of zeros has counted nothing. Main thread.
 */
typedef struct
{
  double spare[2]; /* how many more may be recorded: of this side, of the other one */
  gint64 spare_at[2];
  guint counted;
  gint64 counted_at; /* when the count was taken last */
} HubLiveRepeats;

/* Whether the word may be recorded; else it is counted. @theirs: the other side's */
gboolean hub_live_repeats_may_record (HubLiveRepeats *self, gboolean theirs);
/* Takes the count. */
guint hub_live_repeats_take (HubLiveRepeats *self);
/* Whether the count is due to be recorded. */
gboolean hub_live_repeats_is_due (const HubLiveRepeats *self);

G_END_DECLS
