/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Real-time scheduling of a thread, within a budget. */
#include "hub-realtime.h"

#include "hub-log.h"

#include <sched.h>
#include <sys/resource.h>
#include <time.h>

#define NICE -10
/* RLIMIT_NICE counts from 20 downwards (getrlimit(2)). */
#define NICE_LIMIT (20 - NICE)
#define ENDLESS_US (2 * G_USEC_PER_SEC)

static gint64
processor_us (void)
{
  struct timespec spent;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &spent);
  return (gint64) spent.tv_sec * G_USEC_PER_SEC + spent.tv_nsec / 1000;
}

/* Of the calling thread. Who has the flag may not give it back, so it is asked for each time. */
static gboolean
set_policy (int policy, int priority)
{
  const struct sched_param param = { .sched_priority = priority };

  return sched_setscheduler (0, policy | SCHED_RESET_ON_FORK, &param) == 0;
}

gboolean
hub_realtime_begin (HubRealtime *self, const char *name, gint64 now)
{
  /* Linux: of the calling thread, not of the process. It is what counts beyond the budget. */
  gboolean nice = setpriority (PRIO_PROCESS, 0, NICE) == 0;

  self->allowed = self->on = set_policy (SCHED_RR, HUB_REALTIME_PRIORITY);
  self->looked_at = now;
  self->processor_us = processor_us ();
  self->n_calm = 0;
  if (self->on)
    hub_info ("realtime", NULL, "The thread “%s” runs in real time.", name);
  else if (nice)
    hub_notice ("realtime", NULL,
                "The thread “%s” runs at nice %d, not in real time: LimitRTPRIO= is below %d.",
                name, NICE, HUB_REALTIME_PRIORITY);
  else
    hub_notice ("realtime", NULL,
                "The thread “%s” runs as any other: LimitRTPRIO= is below %d, and LimitNICE= "
                "allows no %d. What else this machine does makes it wait.",
                name, HUB_REALTIME_PRIORITY, NICE);
  return self->on;
}

void
hub_realtime_look (HubRealtime *self, gint64 now)
{
  gint64 took, spent;

  if (!self->allowed || now - self->looked_at < HUB_REALTIME_WINDOW_US)
    return;
  spent = processor_us ();
  /* A window that was slept through in part is longer. */
  took = (spent - self->processor_us) * HUB_REALTIME_WINDOW_US / (now - self->looked_at);
  self->looked_at = now;
  self->processor_us = spent;
  self->n_calm = took < HUB_REALTIME_BUDGET_US / 2 ? self->n_calm + 1 : 0;
  if (self->on && took > HUB_REALTIME_BUDGET_US)
    self->on = !set_policy (SCHED_OTHER, 0);
  else if (!self->on && self->n_calm >= HUB_REALTIME_CALM_WINDOWS)
    self->on = set_policy (SCHED_RR, HUB_REALTIME_PRIORITY);
}

void
hub_realtime_limit (void)
{
  const struct rlimit priority = { HUB_REALTIME_PRIORITY, HUB_REALTIME_PRIORITY };
  const struct rlimit nice = { NICE_LIMIT, NICE_LIMIT };
  const struct rlimit endless = { ENDLESS_US, ENDLESS_US };

  /* Where they are lower and may not be raised, they stay. */
  setrlimit (RLIMIT_RTPRIO, &priority);
  setrlimit (RLIMIT_NICE, &nice);
  setrlimit (RLIMIT_RTTIME, &endless);
}
