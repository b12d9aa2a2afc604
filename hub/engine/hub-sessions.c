/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of this hub's sessions: planned, taken over, ended. */
#include "hub-sessions-private.h"

#include "hub-catalogue.h"
#include "hub-log.h"
#include "hub-session-plan.h"

struct _HubSessions
{
  GObject parent_instance;

  HubSessionServices *services;
  GHashTable *sessions;
  GHashTable *planning; /* booking → Planning */
  GHashTable *retrying; /* paths of dead letters that are tried now */
  gboolean starting, stopped;
};

G_DEFINE_FINAL_TYPE (HubSessions, hub_sessions, G_TYPE_OBJECT)

enum
{
  OVER,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

GHashTable *
hub_sessions_get_retrying (HubSessions *self)
{
  return self->retrying;
}

HubSession *
hub_sessions_get (HubSessions *self, const char *id)
{
  return g_hash_table_lookup (self->sessions, id);
}

HubSessionServices *
hub_sessions_get_services (HubSessions *self)
{
  return self->services;
}

GList *
hub_sessions_list (HubSessions *self)
{
  return g_hash_table_get_values (self->sessions);
}

static void
on_over (HubSession *session, KarezActor *actor, HubSessions *self)
{
  g_signal_emit (self, signals[OVER], 0, hub_session_get_id (session), actor);
}

static void
on_closed (HubSession *session, HubSessions *self)
{
  if (self->stopped)
    return;
  hub_supervisor_forget (self->services->supervisor, hub_session_get_id (session));
  g_hash_table_remove (self->sessions, hub_session_get_id (session));
}

HubSession *
hub_sessions_take_over (HubSessions *self, HubSessionInfo *info, guint32 generation)
{
  HubSession *session = hub_session_new (self->services, info, generation);

  g_signal_connect_object (session, "over", G_CALLBACK (on_over), self, 0);
  g_signal_connect_object (session, "closed", G_CALLBACK (on_closed), self, 0);
  g_hash_table_replace (self->sessions, g_strdup (hub_session_get_id (session)), session);
  return session;
}

/* Planning. */

typedef struct
{
  GPtrArray *tasks; /* GTask: who waits for it */
  guint n_asked;    /* those of them who asked before it began */
} Planning;

static void
planning_free (gpointer data)
{
  Planning *planning = data;

  g_ptr_array_unref (planning->tasks);
  g_free (planning);
}

static void on_planned (GObject *source, GAsyncResult *result, gpointer data);

static void
begin_plan (HubSessions *self, const char *id, Planning *planning)
{
  planning->n_asked = planning->tasks->len;
  hub_session_plan_async (self->services, id, on_planned, g_object_ref (self));
}

static void
refuse_asked (Planning *planning, const GError *error)
{
  for (guint i = 0; i < planning->n_asked; i++)
    g_task_return_error (planning->tasks->pdata[i], g_error_copy (error));
  g_ptr_array_remove_range (planning->tasks, 0, planning->n_asked);
}

/* Whoever asked meanwhile has the session, too. If there is none, the booking that was read may be
 * an older one than they ask about, as when it was confirmed meanwhile: it is read again. */
static void
on_planned (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (HubSessions) self = data;
  HubSessionPlan *plan = HUB_SESSION_PLAN (source);
  const char *id = hub_session_plan_get_booking (plan);
  Planning *planning = g_hash_table_lookup (self->planning, id);
  g_autoptr (GPtrArray) tasks = g_ptr_array_ref (planning->tasks);
  g_autoptr (GError) error = NULL;
  g_autoptr (HubSessionInfo) info = hub_session_plan_finish (plan, result, &error);
  HubSession *session = info != NULL ? hub_sessions_take_over (self, info, 0) : NULL;

  if (session == NULL)
    refuse_asked (planning, error);
  if (session == NULL && tasks->len > 0)
    {
      begin_plan (self, id, planning);
      return;
    }
  if (session != NULL)
    hub_session_tell_pages (session);
  g_hash_table_remove (self->planning, id);
  for (guint i = 0; i < tasks->len; i++)
    g_task_return_pointer (tasks->pdata[i], g_object_ref (session), g_object_unref);
}

void
hub_sessions_plan_async (HubSessions *self, const char *id, GAsyncReadyCallback callback,
                         gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, data);
  HubSession *known = hub_sessions_get (self, id);
  Planning *planning = g_hash_table_lookup (self->planning, id);

  g_task_set_source_tag (task, hub_sessions_plan_async);
  if (known != NULL)
    {
      g_task_return_pointer (task, g_object_ref (known), g_object_unref);
      return;
    }
  if (planning != NULL)
    {
      g_ptr_array_add (planning->tasks, g_steal_pointer (&task));
      return;
    }
  planning = g_new0 (Planning, 1);
  planning->tasks = g_ptr_array_new_with_free_func (g_object_unref);
  g_ptr_array_add (planning->tasks, g_steal_pointer (&task));
  g_hash_table_insert (self->planning, g_strdup (id), planning);
  begin_plan (self, id, planning);
}

HubSession *
hub_sessions_plan_finish (HubSessions *self, GAsyncResult *result, GError **error)
{
  g_autoptr (HubSession) session = NULL;

  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  session = g_task_propagate_pointer (G_TASK (result), error);
  if (session == NULL || !hub_session_info_is_closed (hub_session_get_info (session)))
    return g_steal_pointer (&session);
  /* It was closed on the way here. */
  karez_error_set (error, KAREZ_ERROR_CONFLICT, "session/known", NULL, N_ ("The session is over."));
  return NULL;
}

static void
on_planned_quietly (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autofree char *id = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (HubSession) session = hub_sessions_plan_finish (HUB_SESSIONS (source), result, &error);

  if (session == NULL && !karez_error_is_conflict (error))
    hub_warning ("sessions", id, "The session could not be planned: %s", error->message);
}

void
hub_sessions_plan_quietly (HubSessions *self, const char *id)
{
  hub_sessions_plan_async (self, id, on_planned_quietly, g_strdup (id));
}

static void
on_stopped (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autofree char *id = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) answer = hub_session_move_finish (HUB_SESSION_MOVE (source), result, &error);

  if (answer == NULL && !karez_error_is_conflict (error))
    hub_warning ("sessions", id, "A cancelled session could not be ended: %s", error->message);
}

static void
on_booking_changed (GObject *source, GAsyncResult *result, gpointer data)
{
  static const HubSessionStep stop = { .edge = "stop", .reason = N_ ("the booking was cancelled") };
  g_autoptr (HubSession) session = data;
  HubSessionInfo *info = hub_session_get_info (session);
  g_autoptr (JsonNode)
      booking = karez_agenda_get_booking_finish (KAREZ_AGENDA (source), result, NULL);
  const char *state = booking != NULL && JSON_NODE_HOLDS_OBJECT (booking)
                          ? karez_json_text (json_node_get_object (booking), "state")
                          : NULL;

  if (hub_session_info_is_closed (info) || hub_session_info_get_state (info) != KAREZ_STATE_PLANNED
      || !hub_session_info_is_hosted (info))
    return;
  /* Once prepared, only people end it. */
  if (g_strcmp0 (state, "cancelled") == 0)
    hub_session_stop (session, &stop, on_stopped, g_strdup (hub_session_get_id (session)));
}

static void
on_agenda_changed (KarezAgenda *agenda, const char *booking, HubSessions *self)
{
  HubSession *session = hub_sessions_get (self, booking);

  if (self->stopped)
    return;
  if (session != NULL)
    karez_agenda_get_booking_async (agenda, booking, self->services->cancellable,
                                    on_booking_changed, g_object_ref (session));
  else
    hub_sessions_plan_quietly (self, booking);
}

void
hub_sessions_follow_agenda (HubSessions *self)
{
  g_signal_connect_object (self->services->agenda, "changed", G_CALLBACK (on_agenda_changed), self,
                           0);
}

/* Starting and stopping. */

static void
on_arrived (HubSupervisor *supervisor, HubWorkerProxy *proxy, JsonNode *snapshot, gboolean adopted,
            HubSessions *self)
{
  HubSession *session = hub_sessions_get (self, hub_worker_proxy_get_session (proxy));

  if (session != NULL)
    hub_session_worker_arrived (hub_session_get_worker (session), proxy, snapshot);
}

static void
on_died (HubSupervisor *supervisor, const char *id, const char *reason, HubSessions *self)
{
  HubSession *session = hub_sessions_get (self, id);

  if (session != NULL)
    hub_session_worker_died (hub_session_get_worker (session), reason);
}

static void
on_started (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  HubSessions *self = g_task_get_source_object (task);
  GError *error = NULL;

  self->starting = FALSE;
  if (karez_transition_run_finish (KAREZ_TRANSITION (source), result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

void
hub_sessions_start_async (HubSessions *self, GCancellable *cancellable,
                          GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (self, cancellable, callback, data);

  g_task_set_source_tag (task, hub_sessions_start_async);
  self->starting = TRUE;
  g_signal_connect_object (self->services->supervisor, "arrived", G_CALLBACK (on_arrived), self, 0);
  g_signal_connect_object (self->services->supervisor, "died", G_CALLBACK (on_died), self, 0);
  hub_sessions_run_start (self, on_started, task);
}

gboolean
hub_sessions_start_finish (HubSessions *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, hub_sessions_start_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

void
hub_sessions_stop (HubSessions *self)
{
  HubSessionServices *services = self->services;
  g_autoptr (GList) sessions = hub_sessions_list (self);

  if (self->stopped)
    return;
  self->stopped = TRUE;
  hub_session_services_end (services);
  g_signal_handlers_disconnect_by_data (services->agenda, self);
  g_signal_handlers_disconnect_by_data (services->supervisor, self);
  hub_supervisor_stop (services->supervisor);
  for (GList *l = sessions; l != NULL; l = l->next)
    hub_session_leave_alone (l->data);
}

/* Pages. */

gboolean
hub_sessions_page (HubSessions *self, const char *connection, KarezActor *actor,
                   JsonObject *message, GError **error)
{
  const char *id = karez_json_text (message, "session");
  HubSession *session = id != NULL ? hub_sessions_get (self, id) : NULL;

  /* Who is in them is read after them: a page that comes back in between has not lost its place. */
  if (session == NULL || self->starting)
    return karez_error_set (error, KAREZ_ERROR_NOT_FOUND, "session/unknown", NULL,
                            N_ ("There is no such session, or it is over."));
  return hub_session_page (session, connection, actor, message, error);
}

void
hub_sessions_page_closed (HubSessions *self, const char *connection)
{
  GHashTableIter iter;
  gpointer session;

  g_hash_table_iter_init (&iter, self->sessions);
  while (g_hash_table_iter_next (&iter, NULL, &session))
    hub_session_people_unbind (hub_session_get_people (session), connection);
}

HubSessions *
hub_sessions_new (const HubSessionsConfig *config)
{
  HubSessions *self = g_object_new (HUB_TYPE_SESSIONS, NULL);
  HubSessionServices *services = self->services;

  services->hub = g_strdup (config->hub);
  services->store = g_object_ref (config->store);
  services->peers = g_object_ref (config->peers);
  services->agenda = g_object_ref (config->agenda);
  services->audit = g_object_ref (config->audit);
  services->plugins = g_object_ref (config->plugins);
  services->supervisor = g_object_ref (config->supervisor);
  services->pages = config->pages;
  services->pages_data = config->pages_data;
  services->signer = config->signer;
  services->signer_data = config->signer_data;
  return self;
}

static void
hub_sessions_finalize (GObject *object)
{
  HubSessions *self = HUB_SESSIONS (object);

  g_hash_table_unref (self->sessions);
  g_hash_table_unref (self->planning);
  g_hash_table_unref (self->retrying);
  g_clear_pointer (&self->services, hub_session_services_unref);

  G_OBJECT_CLASS (hub_sessions_parent_class)->finalize (object);
}

static void
hub_sessions_class_init (HubSessionsClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = hub_sessions_finalize;

  signals[OVER] = g_signal_new ("over", HUB_TYPE_SESSIONS, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                G_TYPE_NONE, 2, G_TYPE_STRING, KAREZ_TYPE_ACTOR);
}

static void
hub_sessions_init (HubSessions *self)
{
  self->services = hub_session_services_new ();
  self->sessions = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_object_unref);
  self->retrying = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->planning = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, planning_free);
}
