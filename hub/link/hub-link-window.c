/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The anti-replay window of one direction, which is the deduplicator too. */
#include "hub-link-window.h"

#define LONGEST_LATE ((gint64) 3600 * G_USEC_PER_SEC)

/* One sequence of the last 4,096. paths == 0: not seen. */
typedef struct
{
  guint32 tag;
  guint32 stamp; /* low bits of the microseconds when the first copy came */
  guint8 paths;  /* one bit for each path that brought it; the top bit for an unknown one */
  guint8 first;
} Slot;

struct _HubLinkWindow
{
  guint64 highest;
  Slot slots[HUB_LINK_WINDOW];
};

HubLinkWindow *
hub_link_window_new (void)
{
  return g_new0 (HubLinkWindow, 1);
}

void
hub_link_window_free (HubLinkWindow *self)
{
  g_free (self);
}

HubLinkSequence
hub_link_window_look (const HubLinkWindow *self, guint64 sequence)
{
  if (sequence > self->highest)
    return HUB_LINK_SEQUENCE_NEW;
  if (self->highest - sequence >= HUB_LINK_WINDOW)
    return HUB_LINK_SEQUENCE_OLD;
  return self->slots[sequence % HUB_LINK_WINDOW].paths != 0 ? HUB_LINK_SEQUENCE_SEEN
                                                            : HUB_LINK_SEQUENCE_NEW;
}

void
hub_link_window_take (HubLinkWindow *self, guint64 sequence, guint32 tag, guint path, gint64 now)
{
  Slot *slot = &self->slots[sequence % HUB_LINK_WINDOW];

  g_assert (path <= HUB_LINK_NO_PATH);
  g_assert (hub_link_window_look (self, sequence) == HUB_LINK_SEQUENCE_NEW);
  if (sequence > self->highest)
    {
      guint64 skipped = MIN (sequence - self->highest, HUB_LINK_WINDOW);

      for (guint64 i = 0; i < skipped; i++)
        self->slots[(sequence - i) % HUB_LINK_WINDOW].paths = 0;
      self->highest = sequence;
    }
  slot->tag = tag;
  slot->stamp = (guint32) now;
  slot->paths = (guint8) (1u << path);
  slot->first = (guint8) path;
}

gboolean
hub_link_window_copy (HubLinkWindow *self, guint64 sequence, guint32 tag, guint path, gint64 now,
                      guint *first_path, gint64 *late)
{
  Slot *slot = &self->slots[sequence % HUB_LINK_WINDOW];
  guint8 bit = (guint8) (1u << path);

  g_assert (path <= HUB_LINK_NO_PATH);
  if (hub_link_window_look (self, sequence) != HUB_LINK_SEQUENCE_SEEN || slot->tag != tag
      || (slot->paths & bit) != 0)
    return FALSE;
  slot->paths |= bit;
  *first_path = slot->first;
  *late = MIN ((gint64) ((guint32) now - slot->stamp), LONGEST_LATE);
  return TRUE;
}
