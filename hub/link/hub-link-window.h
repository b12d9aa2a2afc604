/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define HUB_LINK_WINDOW 4096u
/* A datagram whose path is not known: its source address is not one we learned. */
#define HUB_LINK_NO_PATH 7u

/**
 * HubLinkWindow:
 * The anti-replay window of one direction, generation and stream. It is the deduplicator too: the
 * first copy of a sequence is delivered, a later copy on another path becomes that path's figures.
 *
 * Order of use: look before the seal is opened (a copy is not worth opening), take after it.
 */
typedef struct _HubLinkWindow HubLinkWindow;

typedef enum
{
  HUB_LINK_SEQUENCE_NEW,
  HUB_LINK_SEQUENCE_SEEN,
  HUB_LINK_SEQUENCE_OLD, /* before the window: cannot be told, so it is refused */
} HubLinkSequence;

HubLinkWindow *hub_link_window_new (void);
void hub_link_window_free (HubLinkWindow *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HubLinkWindow, hub_link_window_free)

HubLinkSequence hub_link_window_look (const HubLinkWindow *self, guint64 sequence);

/* Moves the window over a sequence that is new and whose seal was opened. @tag: the first four
 * bytes of its tag, which its copies must share. @now: monotonic microseconds. */
void hub_link_window_take (HubLinkWindow *self, guint64 sequence, guint32 tag, guint path,
                           gint64 now);

/**
 * hub_link_window_copy:
 * @first_path: (out): the path that delivered it, or %HUB_LINK_NO_PATH
 * @late: (out): microseconds after that, at most an hour
 *
 * Notes a later copy of a sequence that was seen. FALSE if it is not one: another tag, or this
 * path brought it before, which only a replay does.
 */
gboolean hub_link_window_copy (HubLinkWindow *self, guint64 sequence, guint32 tag, guint path,
                               gint64 now, guint *first_path, gint64 *late);

G_END_DECLS
