/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The queue between threads. */
#include "hub-rtc-queue.h"

#include <karez.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#define N_THREADS 4u
#define N_ITEMS 50000u
#define SPIN 2000u

typedef struct
{
  HubRtcLink link;
  guint thread, number;
} Item;

typedef struct
{
  HubRtcQueue *queue;
  guint thread;
} Producer;

static guint freed;
static int idle;

static void
free_item (gpointer item)
{
  freed++;
  g_free (item);
}

static HubRtcQueue *
make_queue (void)
{
  g_autoptr (GError) error = NULL;
  HubRtcQueue *queue = hub_rtc_queue_new (free_item, &error);

  g_assert_no_error (error);
  freed = 0;
  return queue;
}

static void
push (HubRtcQueue *queue, guint thread, guint number)
{
  Item *item = g_new0 (Item, 1);

  item->thread = thread;
  item->number = number;
  hub_rtc_queue_push (queue, &item->link);
}

static gboolean
is_readable (HubRtcQueue *queue, int milliseconds)
{
  struct pollfd fd = { .fd = hub_rtc_queue_get_fd (queue), .events = POLLIN };

  return poll (&fd, 1, milliseconds) == 1;
}

/* Takes what is there, and frees it. Returns how many there were. */
static guint
take (HubRtcQueue *queue, guint *next)
{
  HubRtcLink *link = hub_rtc_queue_take (queue);
  guint n = 0;

  while (link != NULL)
    {
      Item *item = (Item *) link;

      link = link->next;
      g_assert_cmpuint (item->number, ==, next[item->thread]);
      next[item->thread]++;
      n++;
      g_free (item);
    }
  return n;
}

/* Who pushes while the eventfd is being cleared: the queue, or NULL. */
static HubRtcQueue *intruded;
static guint intrusions;

/* The queue's, too: what another thread may do just before and just after. */
ssize_t
read (int fd, void *out, size_t room)
{
  gboolean intrude = intruded != NULL && fd == hub_rtc_queue_get_fd (intruded);
  ssize_t length;

  if (intrude)
    push (intruded, 0, intrusions++);
  length = syscall (SYS_read, fd, out, room);
  if (intrude)
    push (intruded, 0, intrusions++);
  return length;
}

/* What was not taken yet wakes. */
static void
test_intrusion (void)
{
  g_autoptr (HubRtcQueue) queue = make_queue ();
  guint next[1] = { 0 };

  intrusions = 0;
  for (guint i = 0; i < 4; i++)
    {
      intruded = queue;
      take (queue, next);
      intruded = NULL;
      g_assert_true (next[0] == intrusions || is_readable (queue, 0));
    }
  g_assert_cmpuint (intrusions, ==, 8);
  take (queue, next);
  g_assert_cmpuint (next[0], ==, intrusions);
}

static void
test_wake (void)
{
  g_autoptr (HubRtcQueue) queue = make_queue ();
  guint next[1] = { 0 };

  g_assert_false (is_readable (queue, 0));
  g_assert_null (hub_rtc_queue_take (queue));
  for (guint i = 0; i < 3; i++)
    push (queue, 0, i);
  g_assert_true (is_readable (queue, 0));
  g_assert_cmpuint (take (queue, next), ==, 3);
  g_assert_false (is_readable (queue, 0));
  g_assert_cmpuint (take (queue, next), ==, 0);
  push (queue, 0, 3);
  g_assert_true (is_readable (queue, 0));
  g_assert_cmpuint (take (queue, next), ==, 1);
  g_assert_cmpuint (freed, ==, 0);
}

static void
test_free (void)
{
  HubRtcQueue *queue = make_queue ();

  for (guint i = 0; i < 7; i++)
    push (queue, 0, i);
  hub_rtc_queue_free (queue);
  g_assert_cmpuint (freed, ==, 7);
}

static gpointer
produce (gpointer data)
{
  Producer *producer = data;

  for (guint i = 0; i < N_ITEMS; i++)
    {
      push (producer->queue, producer->thread, i);
      /* So that it runs empty now and then, just as something comes. */
      for (guint spin = i * 7919 % SPIN; spin > 0; spin--)
        g_atomic_int_get (&idle);
    }
  return NULL;
}

static void
test_threads (void)
{
  g_autoptr (HubRtcQueue) queue = make_queue ();
  Producer producers[N_THREADS];
  GThread *threads[N_THREADS];
  guint next[N_THREADS] = { 0 }, taken = 0;

  for (guint i = 0; i < N_THREADS; i++)
    {
      producers[i] = (Producer){ queue, i };
      threads[i] = g_thread_new ("producer", produce, &producers[i]);
    }
  while (taken < N_THREADS * N_ITEMS)
    {
      guint n;

      g_assert_true (is_readable (queue, 20000)); /* a wake-up that is lost would stop it here */
      do
        taken += n = take (queue, next);
      while (n > 0);
    }
  for (guint i = 0; i < N_THREADS; i++)
    {
      g_thread_join (threads[i]);
      g_assert_cmpuint (next[i], ==, N_ITEMS);
    }
  g_assert_cmpuint (take (queue, next), ==, 0);
  g_assert_cmpuint (freed, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/rtc/queue/wake", test_wake);
  g_test_add_func ("/rtc/queue/intrusion", test_intrusion);
  g_test_add_func ("/rtc/queue/free", test_free);
  g_test_add_func ("/rtc/queue/threads", test_threads);
  return g_test_run ();
}
