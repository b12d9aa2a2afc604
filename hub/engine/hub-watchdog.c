/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A thread that sees when a call of a plugin holds the main thread too long. */
#include "hub-watchdog.h"

#include "hub-clock.h"
#include "hub-crash.h"
#include "hub-log.h"
#include "hub-plugin-marks.h"

#include <stdlib.h>

#define MAX_DEPTH HUB_CALLS_MAX_DEPTH

typedef struct
{
  const char *plugin, *call;
  gint64 since;
} Frame;

struct _HubWatchdog
{
  GObject parent_instance;

  char *directory;
  gint64 limit;
  GMutex mutex;
  GCond cond;
  GThread *thread;
  gboolean ending;
  HubCalls *calls; /* nullable */
  Frame frames[MAX_DEPTH];
  guint depth;
  /* Whether the main loop turns, for what nobody calls. */
  GSource *turn; /* the last that was asked for */
  gboolean asked;
  gint64 turned;
  char suspect[40];
};

G_DEFINE_FINAL_TYPE (HubWatchdog, hub_watchdog, G_TYPE_OBJECT)

static void
bite (HubWatchdog *self, const Frame *frame)
{
  g_autoptr (GError) error = NULL;

  if (self->directory != NULL
      && !hub_plugin_marks_add (self->directory, frame->plugin, HUB_MARK_BLOCKED, frame->call,
                                &error))
    hub_warning ("watchdog", frame->plugin, "The mark could not be kept: %s", error->message);
  hub_log (G_LOG_LEVEL_WARNING, "watchdog", frame->plugin, __FILE__, G_STRINGIFY (__LINE__),
           G_STRFUNC,
           "The plugin “%s” held the main thread for %" G_GINT64_FORMAT
           " ms in “%s”; the process ends itself so that it can start again.",
           frame->plugin, self->limit / 1000, frame->call);
  /* The mark tells already; without one, what was called has to. */
  if (self->calls != NULL && self->directory != NULL)
    hub_calls_acquit (self->calls);
  else if (self->calls != NULL)
    hub_calls_accuse (self->calls, frame->plugin, frame->call, FALSE);
  abort ();
}

static gboolean
on_turn (gpointer data)
{
  HubWatchdog *self = data;

  g_mutex_lock (&self->mutex);
  self->asked = FALSE;
  self->turned = hub_clock_monotonic ();
  self->suspect[0] = '\0';
  g_mutex_unlock (&self->mutex);
  return G_SOURCE_REMOVE;
}

static void
drop_turn (HubWatchdog *self)
{
  if (self->turn == NULL)
    return;
  g_source_destroy (self->turn);
  g_clear_pointer (&self->turn, g_source_unref);
}

/* The main loop has not turned for long and no call is known: a plugin that is found in it twice is
 * in code of its own. With the mutex held. */
static void
look_for_own_code (HubWatchdog *self, gint64 now)
{
  gint64 stalled = now - self->turned;
  char plugin[sizeof self->suspect] = "";
  gboolean found = FALSE;

  if (!self->asked)
    {
      self->asked = TRUE;
      drop_turn (self);
      self->turn = g_idle_source_new ();
      g_source_set_priority (self->turn, G_PRIORITY_HIGH);
      g_source_set_callback (self->turn, on_turn, self, NULL);
      g_source_attach (self->turn, NULL);
      return;
    }
  if (stalled <= self->limit / 4 * 3)
    return;
  g_mutex_unlock (&self->mutex);
  found = hub_crash_ask (plugin, sizeof plugin);
  g_mutex_lock (&self->mutex);
  if (!found || !self->asked || self->depth)
    self->suspect[0] = '\0';
  else if (stalled > self->limit && g_str_equal (plugin, self->suspect))
    {
      const Frame own = { plugin, HUB_CRASH_OWN_CODE, self->turned };

      bite (self, &own);
    }
  else
    g_strlcpy (self->suspect, plugin, sizeof self->suspect);
}

static gpointer
watch (gpointer data)
{
  HubWatchdog *self = data;

  g_mutex_lock (&self->mutex);
  while (!self->ending)
    {
      /* The innermost call is the one that holds the thread. */
      const Frame *top = self->depth ? &self->frames[self->depth - 1] : NULL;
      gint64 now = hub_clock_monotonic ();

      if (top != NULL && now - top->since > self->limit)
        bite (self, top);
      else if (top == NULL)
        look_for_own_code (self, now);
      g_cond_wait_until (&self->cond, &self->mutex, hub_clock_monotonic () + self->limit / 8);
    }
  g_mutex_unlock (&self->mutex);
  return NULL;
}

HubWatchdog *
hub_watchdog_new (const char *directory, guint limit_ms)
{
  HubWatchdog *self = g_object_new (HUB_TYPE_WATCHDOG, NULL);

  self->directory = g_strdup (directory);
  self->limit = (gint64) limit_ms * 1000;
  self->turned = hub_clock_monotonic ();
  self->thread = g_thread_new ("watchdog", watch, self);
  return self;
}

void
hub_watchdog_set_calls (HubWatchdog *self, HubCalls *calls)
{
  g_clear_pointer (&self->calls, hub_calls_free);
  self->calls = calls;
}

void
hub_watchdog_enter (HubWatchdog *self, const char *plugin, const char *call)
{
  if (self == NULL)
    return;
  if (self->calls != NULL)
    hub_calls_enter (self->calls, plugin, call);
  g_mutex_lock (&self->mutex);
  g_assert (self->depth < MAX_DEPTH);
  self->frames[self->depth++] = (Frame){ plugin, call, hub_clock_monotonic () };
  g_mutex_unlock (&self->mutex);
}

void
hub_watchdog_leave (HubWatchdog *self)
{
  if (self == NULL)
    return;
  if (self->calls != NULL)
    hub_calls_leave (self->calls);
  g_mutex_lock (&self->mutex);
  g_assert (self->depth > 0);
  self->depth--;
  /* The outer call goes on now; what the inner one took is not its fault. */
  if (self->depth)
    self->frames[self->depth - 1].since = hub_clock_monotonic ();
  g_mutex_unlock (&self->mutex);
}

static void
hub_watchdog_finalize (GObject *object)
{
  HubWatchdog *self = HUB_WATCHDOG (object);

  g_mutex_lock (&self->mutex);
  self->ending = TRUE;
  g_cond_signal (&self->cond);
  g_mutex_unlock (&self->mutex);
  g_thread_join (self->thread);
  drop_turn (self);
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->cond);
  g_clear_pointer (&self->calls, hub_calls_free);
  g_free (self->directory);

  G_OBJECT_CLASS (hub_watchdog_parent_class)->finalize (object);
}

static void
hub_watchdog_class_init (HubWatchdogClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = hub_watchdog_finalize;
}

static void
hub_watchdog_init (HubWatchdog *self)
{
  g_mutex_init (&self->mutex);
  g_cond_init (&self->cond);
}
