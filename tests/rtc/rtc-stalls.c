/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How long this machine itself runs nothing. */
#include "rtc-stalls.h"

#include <pthread.h>
#include <sched.h>
#include <time.h>

#define NS_PER_S G_GINT64_CONSTANT (1000000000)
/* More often, and the measured threads are moved to and fro between the processors. */
#define TICK_NS (NS_PER_S / 50)
#define LATE_NS (NS_PER_S / 1000)

struct _RtcStalls
{
  GMutex lock;
  RtcStallsSeen seen;
  gboolean over;
  GPtrArray *watchers;
};

typedef struct
{
  RtcStalls *stalls;
  guint processor;
  GThread *thread;
} Watcher;

static gint64
now_ns (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return (gint64) now.tv_sec * NS_PER_S + now.tv_nsec;
}

static gboolean
go_first (guint processor)
{
  const struct sched_param first = { .sched_priority = 50 };
  cpu_set_t only;

  CPU_ZERO (&only);
  CPU_SET (processor, &only);
  pthread_setaffinity_np (pthread_self (), sizeof only, &only);
  return pthread_setschedparam (pthread_self (), SCHED_FIFO, &first) == 0;
}

/* FALSE when it is to end. */
static gboolean
note (RtcStalls *self, gint64 late_ns, gboolean real_time)
{
  gboolean over;

  g_mutex_lock (&self->lock);
  self->seen.real_time = real_time;
  if (late_ns > LATE_NS)
    {
      self->seen.longest_us = MAX (self->seen.longest_us, late_ns / 1000);
      self->seen.sum_us += late_ns / 1000;
      self->seen.count++;
    }
  over = self->over;
  g_mutex_unlock (&self->lock);
  return !over;
}

static gpointer
watch (gpointer data)
{
  Watcher *watcher = data;
  gboolean real_time = go_first (watcher->processor);
  gint64 due = now_ns () + TICK_NS;

  for (;;)
    {
      struct timespec at = { due / NS_PER_S, due % NS_PER_S };
      gint64 now;

      clock_nanosleep (CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
      now = now_ns ();
      if (!note (watcher->stalls, now - due, real_time))
        return NULL;
      due = MAX (due, now - TICK_NS) + TICK_NS;
    }
}

RtcStalls *
rtc_stalls_new (void)
{
  RtcStalls *self = g_new0 (RtcStalls, 1);

  g_mutex_init (&self->lock);
  self->watchers = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < g_get_num_processors (); i++)
    {
      Watcher *watcher = g_new0 (Watcher, 1);

      watcher->stalls = self;
      watcher->processor = i;
      watcher->thread = g_thread_new ("stalls", watch, watcher);
      g_ptr_array_add (self->watchers, watcher);
    }
  return self;
}

RtcStallsSeen
rtc_stalls_take (RtcStalls *self)
{
  RtcStallsSeen seen;

  g_mutex_lock (&self->lock);
  seen = self->seen;
  self->seen = (RtcStallsSeen){ .real_time = seen.real_time };
  g_mutex_unlock (&self->lock);
  return seen;
}

void
rtc_stalls_free (RtcStalls *self)
{
  g_mutex_lock (&self->lock);
  self->over = TRUE;
  g_mutex_unlock (&self->lock);
  for (guint i = 0; i < self->watchers->len; i++)
    g_thread_join (((Watcher *) self->watchers->pdata[i])->thread);
  g_ptr_array_unref (self->watchers);
  g_mutex_clear (&self->lock);
  g_free (self);
}
