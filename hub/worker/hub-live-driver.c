/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Brings a live half to the phase that its session's state asks for. */
#include "hub-live-driver.h"

#include "hub-log.h"
#include "hub-string.h"

typedef enum
{
  STEP_NONE,
  STEP_PREPARE,
  STEP_START,
  STEP_HOLD,
  STEP_RESUME,
  STEP_STOP,
} Step;

static const char *const step_names[] = { "", "prepare", "start", "hold", "resume", "stop" };
static const HubPhase step_leads_to[] = { HUB_PHASE_NONE, HUB_PHASE_PREPARED, HUB_PHASE_STARTED,
                                          HUB_PHASE_HELD, HUB_PHASE_STARTED,  HUB_PHASE_STOPPED };

struct _HubLiveDriver
{
  GObject parent_instance;

  HubRunner *runner;
  KarezModality *modality;
  KarezSession *session;
  HubPhase phase, target;
  gboolean started; /* once: from then on it is resumed */
  char *reason;
  Step step;
  GCancellable *running;
};

G_DEFINE_FINAL_TYPE (HubLiveDriver, hub_live_driver, G_TYPE_OBJECT)

enum
{
  REACHED,
  FAILED,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

static void drive (HubLiveDriver *self);

static Step
next_step (HubPhase phase, HubPhase target, gboolean started)
{
  if (phase == target || phase == HUB_PHASE_STOPPED || target == HUB_PHASE_NONE)
    return STEP_NONE;
  if (target == HUB_PHASE_STOPPED)
    return STEP_STOP;
  if (phase == HUB_PHASE_NONE)
    return STEP_PREPARE;
  if (target == HUB_PHASE_STARTED)
    return started ? STEP_RESUME : STEP_START;
  /* Back to PREPARED: the host's worker died while the session was starting. */
  return target == HUB_PHASE_HELD || phase == HUB_PHASE_STARTED ? STEP_HOLD : STEP_NONE;
}

static gboolean
is_moving (Step step)
{
  return step == STEP_START || step == STEP_RESUME;
}

/* Whether @target is further away from risk than where @step leads. */
static gboolean
is_overtaken (Step step, HubPhase target)
{
  return is_moving (step) ? target != HUB_PHASE_STARTED
                          : step == STEP_PREPARE && target == HUB_PHASE_STOPPED;
}

static void
make_safe (HubLiveDriver *self)
{
  hub_runner_panic (self->runner, self->modality, self->reason != NULL ? self->reason : "");
}

static void
reach (HubLiveDriver *self, HubPhase phase)
{
  self->phase = phase;
  g_signal_emit (self, signals[REACHED], 0, phase);
}

static void
fail (HubLiveDriver *self, Step step, const GError *error)
{
  hub_warning ("session", karez_session_get_id (self->session), "“%s” failed: %s", step_names[step],
               error->message);
  if (step == STEP_START || step == STEP_HOLD || step == STEP_RESUME)
    hub_runner_panic (self->runner, self->modality, error->message);
  if (step == STEP_HOLD || step == STEP_RESUME)
    self->phase = HUB_PHASE_HELD;
  if (step == STEP_STOP)
    self->phase = HUB_PHASE_STOPPED;
  self->target = self->phase;
  g_signal_emit (self, signals[FAILED], 0, step_names[step], error);
  if (step == STEP_HOLD || step == STEP_STOP)
    g_signal_emit (self, signals[REACHED], 0, self->phase);
}

static void
on_step (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (HubLiveDriver) self = data;
  g_autoptr (GError) error = NULL;
  Step step = self->step;
  gboolean done = hub_runner_finish (HUB_RUNNER (source), result, &error);
  gboolean cancelled = g_cancellable_is_cancelled (self->running);

  self->step = STEP_NONE;
  g_clear_object (&self->running);
  /* Half begun counts as begun, so that hold and stop are called for it. */
  if (done || cancelled)
    self->phase = step_leads_to[step];
  self->started = self->started || self->phase == HUB_PHASE_STARTED;
  if (is_moving (step) && is_overtaken (step, self->target))
    make_safe (self);
  if (done)
    g_signal_emit (self, signals[REACHED], 0, step_leads_to[step]);
  else if (!cancelled)
    fail (self, step, error);
  drive (self);
}

static void
run_step (HubLiveDriver *self, Step step)
{
  const char *reason = self->reason != NULL ? self->reason : "";

  self->step = step;
  self->running = g_cancellable_new ();
  if (step == STEP_PREPARE)
    hub_runner_prepare_async (self->runner, self->modality, self->session, self->running, on_step,
                              g_object_ref (self));
  else if (step == STEP_START)
    hub_runner_start_async (self->runner, self->modality, self->running, on_step,
                            g_object_ref (self));
  else if (step == STEP_HOLD)
    hub_runner_hold_async (self->runner, self->modality, reason, self->running, on_step,
                           g_object_ref (self));
  else if (step == STEP_RESUME)
    hub_runner_resume_async (self->runner, self->modality, self->running, on_step,
                             g_object_ref (self));
  else
    hub_runner_stop_async (self->runner, self->modality, reason, self->running, on_step,
                           g_object_ref (self));
}

static void
drive (HubLiveDriver *self)
{
  Step step = next_step (self->phase, self->target, self->started);

  if (self->step != STEP_NONE)
    {
      if (!is_overtaken (self->step, self->target) || g_cancellable_is_cancelled (self->running))
        return;
      g_cancellable_cancel (self->running);
      /* Safe now, whether or not it listens to being cancelled. */
      if (is_moving (self->step))
        make_safe (self);
      return;
    }
  if (step == STEP_STOP && self->phase == HUB_PHASE_NONE)
    reach (self, HUB_PHASE_STOPPED);
  else if (step != STEP_NONE)
    run_step (self, step);
}

void
hub_live_driver_set_target (HubLiveDriver *self, HubPhase target, const char *reason)
{
  if (reason != NULL)
    {
      hub_set_string (&self->reason, reason);
    }
  self->target = target;
  drive (self);
}

/* A start or resume that was given up, by a hold or by its deadline, has done its work after all.
 */
static void
on_late (HubRunner *runner, const char *call, gpointer data)
{
  HubLiveDriver *self = data;

  if ((g_strcmp0 (call, step_names[STEP_START]) != 0
       && g_strcmp0 (call, step_names[STEP_RESUME]) != 0)
      || self->target == HUB_PHASE_STARTED)
    return;
  hub_warning ("session", karez_session_get_id (self->session),
               "“%s” ended after it was given up; the live half is made safe again.", call);
  make_safe (self);
}

HubPhase
hub_live_driver_get_phase (HubLiveDriver *self)
{
  return self->phase;
}

HubLiveDriver *
hub_live_driver_new (HubRunner *runner, KarezModality *modality, KarezSession *session)
{
  HubLiveDriver *self = g_object_new (HUB_TYPE_LIVE_DRIVER, NULL);

  self->runner = g_object_ref (runner);
  self->modality = g_object_ref (modality);
  self->session = session;
  g_signal_connect_object (runner, "late", G_CALLBACK (on_late), self, 0);
  return self;
}

static void
hub_live_driver_finalize (GObject *object)
{
  HubLiveDriver *self = HUB_LIVE_DRIVER (object);

  g_clear_object (&self->runner);
  g_clear_object (&self->modality);
  g_clear_object (&self->running);
  g_free (self->reason);

  G_OBJECT_CLASS (hub_live_driver_parent_class)->finalize (object);
}

static void
hub_live_driver_class_init (HubLiveDriverClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = hub_live_driver_finalize;

  signals[REACHED] = g_signal_new ("reached", HUB_TYPE_LIVE_DRIVER, G_SIGNAL_RUN_LAST, 0, NULL,
                                   NULL, NULL, G_TYPE_NONE, 1, G_TYPE_INT);
  signals[FAILED] = g_signal_new ("failed", HUB_TYPE_LIVE_DRIVER, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                  NULL, G_TYPE_NONE, 2, G_TYPE_STRING, G_TYPE_ERROR);
}

static void
hub_live_driver_init (HubLiveDriver *self)
{
}
