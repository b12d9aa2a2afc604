/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A lock-free queue from any thread to one other. */
#include "hub-rtc-queue.h"

#include <errno.h>
#include <gio/gio.h>
#include <karez.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <glib/gi18n.h>

struct _HubRtcQueue
{
  _Atomic (HubRtcLink *) newest;
  int fd;
  GDestroyNotify free_item;
};

HubRtcQueue *
hub_rtc_queue_new (GDestroyNotify free_item, GError **error)
{
  int fd = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
  HubRtcQueue *self;

  if (fd < 0)
    {
      karez_error_set (error, KAREZ_ERROR_UNAVAILABLE, "rtc/thread", NULL,
                       N_ ("The media cannot be started: %s"), g_strerror (errno));
      return NULL;
    }
  self = g_new0 (HubRtcQueue, 1);
  self->fd = fd;
  self->free_item = free_item;
  return self;
}

void
hub_rtc_queue_free (HubRtcQueue *self)
{
  HubRtcLink *item = hub_rtc_queue_take (self);

  while (item != NULL)
    {
      HubRtcLink *next = item->next;

      self->free_item (item);
      item = next;
    }
  close (self->fd);
  g_free (self);
}

void
hub_rtc_queue_push (HubRtcQueue *self, HubRtcLink *item)
{
  HubRtcLink *before = atomic_load_explicit (&self->newest, memory_order_relaxed);
  const guint64 one = 1;

  do
    item->next = before;
  while (!atomic_compare_exchange_weak_explicit (&self->newest, &before, item, memory_order_release,
                                                 memory_order_relaxed));
  /* Who takes, takes all: only the first must wake it. */
  if (before == NULL)
    while (write (self->fd, &one, sizeof one) < 0 && errno == EINTR)
      ;
}

HubRtcLink *
hub_rtc_queue_take (HubRtcQueue *self)
{
  HubRtcLink *item, *oldest = NULL;
  guint64 count;

  /* Before the list is taken: what comes after it wakes again. */
  while (read (self->fd, &count, sizeof count) < 0 && errno == EINTR)
    ;
  item = atomic_exchange_explicit (&self->newest, NULL, memory_order_acquire);
  while (item != NULL)
    {
      HubRtcLink *next = item->next;

      item->next = oldest;
      oldest = item;
      item = next;
    }
  return oldest;
}

int
hub_rtc_queue_get_fd (const HubRtcQueue *self)
{
  return self->fd;
}
