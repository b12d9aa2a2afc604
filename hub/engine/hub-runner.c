/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The only caller of a plugin: watchdog, deadline and error prefix around each call. */
#include "hub-runner.h"

#include "hub-catalogue.h"
#include "hub-clock.h"
#include "hub-log.h"

#define ENABLE_MS 10000
#define DISABLE_MS 5000
#define CHECK_BOOKING_MS 2000
#define RECORD_MS 5000
#define PREPARE_MS 10000
#define PREFLIGHT_MS 10000
#define START_MS 5000
#define QUICK_MS 2000
#define STOP_MS 10000
#define PANIC_US 10000
#define MAX_CHECKPOINT (1024 * 1024)

struct _HubRunner
{
  GObject parent_instance;

  char *plugin;
  HubWatchdog *watchdog;
  guint scale;
};

G_DEFINE_FINAL_TYPE (HubRunner, hub_runner, G_TYPE_OBJECT)

enum
{
  LATE,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

typedef gpointer (*Finish) (gpointer target, GAsyncResult *result, GError **error);

typedef struct
{
  gpointer target;
  const char *name;
  Finish finish; /* NULL: the plugin forgot it */
  gboolean returns_object;
  guint deadline_ms;
  gboolean over;
  GCancellable *inner, *outer;
  gulong outer_handler;
  GSource *deadline, *cancelled;
} Call;

static void
clear_source (GSource **source)
{
  if (*source != NULL)
    g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

static void
call_free (gpointer data)
{
  Call *call = data;

  clear_source (&call->deadline);
  clear_source (&call->cancelled);
  g_clear_object (&call->inner);
  g_clear_object (&call->outer);
  g_object_unref (call->target);
  g_free (call);
}

/* Ends the waiting; whatever comes later is dropped. */
static void
call_end (Call *call)
{
  call->over = TRUE;
  clear_source (&call->deadline);
  clear_source (&call->cancelled);
  if (call->outer_handler)
    g_cancellable_disconnect (call->outer, call->outer_handler);
  call->outer_handler = 0;
}

static void
cancel_inner (GTask *task)
{
  HubRunner *self = g_task_get_source_object (task);
  Call *call = g_task_get_task_data (task);

  /* The plugin's own handlers run in here. */
  hub_watchdog_enter (self->watchdog, self->plugin, call->name);
  g_cancellable_cancel (call->inner);
  hub_watchdog_leave (self->watchdog);
}

static gboolean
on_deadline (gpointer data)
{
  g_autoptr (GTask) task = g_object_ref (data);
  HubRunner *self = g_task_get_source_object (task);
  Call *call = g_task_get_task_data (task);
  g_autofree char *limit = g_strdup_printf ("%.1f", call->deadline_ms / 1000.0);

  call_end (call);
  cancel_inner (task);
  hub_warning ("runner", self->plugin, "“%s” did not answer within %s s.", call->name, limit);
  g_task_return_error (task, karez_error_new (KAREZ_ERROR_TIMEOUT, "plugin/deadline", NULL,
                                              N_ ("%s: %s did not answer within %s seconds."),
                                              self->plugin, call->name, limit));
  return G_SOURCE_REMOVE;
}

static gboolean
on_cancelled_later (gpointer data)
{
  g_autoptr (GTask) task = g_object_ref (data);
  Call *call = g_task_get_task_data (task);

  call_end (call);
  cancel_inner (task);
  g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CANCELLED, "%s was cancelled", call->name);
  return G_SOURCE_REMOVE;
}

static GSource *
schedule (GTask *task, guint ms, GSourceFunc func)
{
  GSource *source = g_timeout_source_new (ms);

  g_source_set_callback (source, func, g_object_ref (task), g_object_unref);
  g_source_attach (source, g_main_context_get_thread_default ());
  return source;
}

static void
on_cancelled (GCancellable *cancellable, gpointer data)
{
  GTask *task = data;
  Call *call = g_task_get_task_data (task);

  /* Not in the canceller's stack: a handler must not disconnect itself there. */
  if (call->cancelled == NULL && !call->over)
    call->cancelled = schedule (task, 0, on_cancelled_later);
}

static GError *
say_what_failed (HubRunner *self, const char *name, GError *error)
{
  if (error == NULL)
    return karez_error_new (KAREZ_ERROR_FAILED, "plugin/no-error", NULL,
                            N_ ("%s: %s returned failure without an error."), self->plugin, name);
  karez_error_set_domain (error, self->plugin);
  g_prefix_error (&error, "%s: %s: ", self->plugin, name);
  return error;
}

static void
on_called (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  HubRunner *self = g_task_get_source_object (task);
  Call *call = g_task_get_task_data (task);
  GError *error = NULL;
  gpointer value = NULL;

  if (call->over)
    {
      g_signal_emit (self, signals[LATE], 0, call->name);
      return;
    }
  call_end (call);
  hub_watchdog_enter (self->watchdog, self->plugin, call->name);
  value = call->finish != NULL ? call->finish (call->target, result, &error) : NULL;
  hub_watchdog_leave (self->watchdog);
  if (value == NULL)
    {
      g_task_return_error (task, say_what_failed (self, call->name, error));
      return;
    }
  if (error != NULL)
    hub_warning ("runner", self->plugin, "“%s” succeeded and set an error: %s", call->name,
                 error->message);
  g_clear_error (&error);
  if (call->returns_object)
    g_task_return_pointer (task, value, g_object_unref);
  else
    g_task_return_boolean (task, TRUE);
}

/* Begins a call: afterwards the vfunc is entered by BEGIN and left by END. */
static GTask *
call_new (HubRunner *self, gpointer target, const char *name, guint deadline_ms, Finish finish,
          GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (self, NULL, callback, data);
  Call *call = g_new0 (Call, 1);

  g_task_set_source_tag (task, hub_runner_finish);
  g_task_set_name (task, name);
  call->target = g_object_ref (target);
  call->name = name;
  call->finish = finish;
  call->inner = g_cancellable_new ();
  call->deadline_ms = MAX (1, (guint64) deadline_ms * self->scale / 1000);
  g_task_set_task_data (task, call, call_free);
  call->deadline = schedule (task, call->deadline_ms, on_deadline);
  if (cancellable != NULL)
    {
      call->outer = g_object_ref (cancellable);
      call->outer_handler = g_cancellable_connect (cancellable, G_CALLBACK (on_cancelled), task,
                                                   NULL);
    }
  return task;
}

/* Nothing to call: succeeds, after the caller has returned. */
static void
call_skip (HubRunner *self, const char *name, GCancellable *cancellable,
           GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, data);

  g_task_set_source_tag (task, hub_runner_finish);
  g_task_set_name (task, name);
  g_task_return_boolean (task, TRUE);
}

gboolean
hub_runner_finish (HubRunner *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, hub_runner_finish), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/* Calls an asynchronous vfunc of @object, whose interface is @iface, with a deadline. */
#define CALL(self, iface, object, vfunc, deadline, cancellable, callback, data, ...)               \
  G_STMT_START                                                                                     \
  {                                                                                                \
    if (!(iface)->vfunc##_async)                                                                   \
      {                                                                                            \
        call_skip ((self), #vfunc, (cancellable), (callback), (data));                             \
      }                                                                                            \
    else                                                                                           \
      {                                                                                            \
        GTask *call_task = call_new ((self), (object), #vfunc, (deadline), finish_##vfunc,         \
                                     (cancellable), (callback), (data));                           \
        Call *call_data = g_task_get_task_data (call_task);                                        \
        if (!(iface)->vfunc##_finish)                                                              \
          call_data->finish = NULL;                                                                \
        hub_watchdog_enter ((self)->watchdog, (self)->plugin, #vfunc);                             \
        (iface)->vfunc##_async (__VA_ARGS__, call_data->inner, on_called, call_task);              \
        hub_watchdog_leave ((self)->watchdog);                                                     \
      }                                                                                            \
  }                                                                                                \
  G_STMT_END

#define FINISH(Type, GET_IFACE, vfunc)                                                             \
  static gpointer finish_##vfunc (gpointer target, GAsyncResult *result, GError **error)           \
  {                                                                                                \
    return GINT_TO_POINTER (GET_IFACE (target)->vfunc##_finish ((Type *) target, result, error)    \
                            != FALSE);                                                             \
  }

/* clang-format off */
FINISH (KarezPlugin, KAREZ_PLUGIN_GET_IFACE, enable)
FINISH (KarezPlugin, KAREZ_PLUGIN_GET_IFACE, disable)
FINISH (KarezPlugin, KAREZ_PLUGIN_GET_IFACE, check_booking)
FINISH (KarezPlugin, KAREZ_PLUGIN_GET_IFACE, record)
FINISH (KarezModality, KAREZ_MODALITY_GET_IFACE, prepare)
FINISH (KarezModality, KAREZ_MODALITY_GET_IFACE, start)
FINISH (KarezModality, KAREZ_MODALITY_GET_IFACE, join)
FINISH (KarezModality, KAREZ_MODALITY_GET_IFACE, leave)
FINISH (KarezModality, KAREZ_MODALITY_GET_IFACE, hold)
FINISH (KarezModality, KAREZ_MODALITY_GET_IFACE, resume)
FINISH (KarezModality, KAREZ_MODALITY_GET_IFACE, stop)
/* clang-format on */

static gpointer
finish_preflight (gpointer target, GAsyncResult *result, GError **error)
{
  return KAREZ_MODALITY_GET_IFACE (target)->preflight_finish (target, result, error);
}

void
hub_runner_enable_async (HubRunner *self, KarezPlugin *plugin, KarezContext *context,
                         GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  CALL (self, KAREZ_PLUGIN_GET_IFACE (plugin), plugin, enable, ENABLE_MS, cancellable, callback,
        data, plugin, context);
}

void
hub_runner_disable_async (HubRunner *self, KarezPlugin *plugin, GCancellable *cancellable,
                          GAsyncReadyCallback callback, gpointer data)
{
  CALL (self, KAREZ_PLUGIN_GET_IFACE (plugin), plugin, disable, DISABLE_MS, cancellable, callback,
        data, plugin);
}

void
hub_runner_check_booking_async (HubRunner *self, KarezPlugin *plugin, JsonNode *booking,
                                GCancellable *cancellable, GAsyncReadyCallback callback,
                                gpointer data)
{
  CALL (self, KAREZ_PLUGIN_GET_IFACE (plugin), plugin, check_booking, CHECK_BOOKING_MS, cancellable,
        callback, data, plugin, booking);
}

void
hub_runner_record_async (HubRunner *self, KarezPlugin *plugin, const KarezRecord *record,
                         GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  CALL (self, KAREZ_PLUGIN_GET_IFACE (plugin), plugin, record, RECORD_MS, cancellable, callback,
        data, plugin, record);
}

void
hub_runner_prepare_async (HubRunner *self, KarezModality *modality, KarezSession *session,
                          GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  CALL (self, KAREZ_MODALITY_GET_IFACE (modality), modality, prepare, PREPARE_MS, cancellable,
        callback, data, modality, session);
}

void
hub_runner_start_async (HubRunner *self, KarezModality *modality, GCancellable *cancellable,
                        GAsyncReadyCallback callback, gpointer data)
{
  CALL (self, KAREZ_MODALITY_GET_IFACE (modality), modality, start, START_MS, cancellable, callback,
        data, modality);
}

void
hub_runner_join_async (HubRunner *self, KarezModality *modality, KarezParticipant *participant,
                       GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  CALL (self, KAREZ_MODALITY_GET_IFACE (modality), modality, join, QUICK_MS, cancellable, callback,
        data, modality, participant);
}

void
hub_runner_leave_async (HubRunner *self, KarezModality *modality, KarezParticipant *participant,
                        GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  CALL (self, KAREZ_MODALITY_GET_IFACE (modality), modality, leave, QUICK_MS, cancellable, callback,
        data, modality, participant);
}

void
hub_runner_hold_async (HubRunner *self, KarezModality *modality, const char *reason,
                       GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  CALL (self, KAREZ_MODALITY_GET_IFACE (modality), modality, hold, QUICK_MS, cancellable, callback,
        data, modality, reason);
}

void
hub_runner_resume_async (HubRunner *self, KarezModality *modality, GCancellable *cancellable,
                         GAsyncReadyCallback callback, gpointer data)
{
  CALL (self, KAREZ_MODALITY_GET_IFACE (modality), modality, resume, QUICK_MS, cancellable,
        callback, data, modality);
}

void
hub_runner_stop_async (HubRunner *self, KarezModality *modality, const char *reason,
                       GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  CALL (self, KAREZ_MODALITY_GET_IFACE (modality), modality, stop, STOP_MS, cancellable, callback,
        data, modality, reason);
}

void
hub_runner_preflight_async (HubRunner *self, KarezModality *modality, GCancellable *cancellable,
                            GAsyncReadyCallback callback, gpointer data)
{
  KarezModalityInterface *iface = KAREZ_MODALITY_GET_IFACE (modality);
  GTask *task = NULL;
  Call *call = NULL;

  if (iface->preflight_async == NULL)
    {
      g_autoptr (GTask) skipped = g_task_new (self, cancellable, callback, data);

      g_task_set_source_tag (skipped, hub_runner_finish);
      g_task_return_pointer (skipped, g_list_store_new (KAREZ_TYPE_CHECK), g_object_unref);
      return;
    }
  task = call_new (self, modality, "preflight", PREFLIGHT_MS,
                   iface->preflight_finish != NULL ? finish_preflight : NULL, cancellable, callback,
                   data);
  call = g_task_get_task_data (task);
  call->returns_object = TRUE;
  hub_watchdog_enter (self->watchdog, self->plugin, "preflight");
  iface->preflight_async (modality, call->inner, on_called, task);
  hub_watchdog_leave (self->watchdog);
}

GListModel *
hub_runner_preflight_finish (HubRunner *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

void
hub_runner_panic (HubRunner *self, KarezModality *modality, const char *reason)
{
  KarezModalityInterface *iface = KAREZ_MODALITY_GET_IFACE (modality);
  gint64 before = hub_clock_monotonic ();

  if (iface->panic == NULL)
    return;
  hub_watchdog_enter (self->watchdog, self->plugin, "panic");
  iface->panic (modality, reason);
  hub_watchdog_leave (self->watchdog);
  if (hub_clock_monotonic () - before > PANIC_US)
    hub_warning ("runner", self->plugin, "“panic” took %" G_GINT64_FORMAT " µs of its %d.",
                 hub_clock_monotonic () - before, PANIC_US);
}

gboolean
hub_runner_message (HubRunner *self, KarezModality *modality, KarezParticipant *participant,
                    JsonObject *body, GError **error)
{
  KarezModalityInterface *iface = KAREZ_MODALITY_GET_IFACE (modality);
  GError *local = NULL;
  gboolean done = TRUE;

  if (iface->message == NULL)
    return karez_error_set (error, KAREZ_ERROR_INVALID, "session/message", NULL,
                            N_ ("This kind of session takes no messages."));
  hub_watchdog_enter (self->watchdog, self->plugin, "message");
  done = iface->message (modality, participant, body, &local);
  hub_watchdog_leave (self->watchdog);
  if (done)
    {
      g_clear_error (&local);
      return TRUE;
    }
  g_propagate_error (error, say_what_failed (self, "message", local));
  return FALSE;
}

GBytes *
hub_runner_checkpoint (HubRunner *self, KarezModality *modality)
{
  KarezModalityInterface *iface = KAREZ_MODALITY_GET_IFACE (modality);
  g_autoptr (GBytes) state = NULL;

  if (iface->checkpoint == NULL)
    return NULL;
  hub_watchdog_enter (self->watchdog, self->plugin, "checkpoint");
  state = iface->checkpoint (modality);
  hub_watchdog_leave (self->watchdog);
  if (state != NULL && g_bytes_get_size (state) > MAX_CHECKPOINT)
    {
      hub_warning ("runner", self->plugin,
                   "A checkpoint of %" G_GSIZE_FORMAT " bytes is too large.",
                   g_bytes_get_size (state));
      return NULL;
    }
  return g_steal_pointer (&state);
}

gboolean
hub_runner_restore (HubRunner *self, KarezModality *modality, GBytes *state, GError **error)
{
  KarezModalityInterface *iface = KAREZ_MODALITY_GET_IFACE (modality);
  GError *local = NULL;
  gboolean done = TRUE;

  if (iface->restore == NULL)
    return TRUE;
  hub_watchdog_enter (self->watchdog, self->plugin, "restore");
  done = iface->restore (modality, state, &local);
  hub_watchdog_leave (self->watchdog);
  if (done)
    {
      g_clear_error (&local);
      return TRUE;
    }
  g_propagate_error (error, say_what_failed (self, "restore", local));
  return FALSE;
}

HubRunner *
hub_runner_new (const char *plugin, HubWatchdog *watchdog)
{
  HubRunner *self = g_object_new (HUB_TYPE_RUNNER, NULL);

  self->plugin = g_strdup (plugin);
  g_set_object (&self->watchdog, watchdog);
  return self;
}

const char *
hub_runner_get_plugin (HubRunner *self)
{
  return self->plugin;
}

void
hub_runner_enter (HubRunner *self, const char *call)
{
  hub_watchdog_enter (self->watchdog, self->plugin, call);
}

void
hub_runner_leave (HubRunner *self)
{
  hub_watchdog_leave (self->watchdog);
}

void
hub_runner_scale (HubRunner *self, guint thousandths)
{
  self->scale = thousandths;
}

static void
hub_runner_finalize (GObject *object)
{
  HubRunner *self = HUB_RUNNER (object);

  g_free (self->plugin);
  g_clear_object (&self->watchdog);

  G_OBJECT_CLASS (hub_runner_parent_class)->finalize (object);
}

static void
hub_runner_class_init (HubRunnerClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = hub_runner_finalize;

  signals[LATE] = g_signal_new ("late", HUB_TYPE_RUNNER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                G_TYPE_NONE, 1, G_TYPE_STRING);
}

static void
hub_runner_init (HubRunner *self)
{
  self->scale = 1000;
}
