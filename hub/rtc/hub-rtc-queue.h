/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * HubRtcQueue:
 * Hands things from any thread to one other, in order, without a lock; the other is woken by an
 * eventfd. What is handed over begins with a #HubRtcLink.
 */
typedef struct _HubRtcQueue HubRtcQueue;

typedef struct _HubRtcLink
{
  struct _HubRtcLink *next;
} HubRtcLink;

/* @free_item: for what was not taken when the queue is freed. NULL with @error set. */
HubRtcQueue *hub_rtc_queue_new (GDestroyNotify free_item, GError **error);
void hub_rtc_queue_free (HubRtcQueue *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HubRtcQueue, hub_rtc_queue_free)

/* @item: (transfer full) */
void hub_rtc_queue_push (HubRtcQueue *self, HubRtcLink *item);
/* All that waits, oldest first, by their next. Clears the eventfd. Returns: (transfer full) */
HubRtcLink *hub_rtc_queue_take (HubRtcQueue *self);
/* Readable while something waits. */
int hub_rtc_queue_get_fd (const HubRtcQueue *self);

G_END_DECLS
