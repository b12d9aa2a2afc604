/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of this hub's sessions: planned, taken over, ended. */
#include "hub-sessions-private.h"

#include "hub-catalogue.h"
#include "hub-log.h"

struct _HubSessions
{
  GObject parent_instance;

  HubSessionServices *services;
  GHashTable *sessions;
  GHashTable *planning; /* booking → GPtrArray of GTask: who waits for it to be planned */
  GTask *starting;
  gboolean stopped;
};

G_DEFINE_FINAL_TYPE (HubSessions, hub_sessions, G_TYPE_OBJECT)

enum
{
  OVER,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

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

/* Keeps it in the table. Returns: (transfer none) */
static HubSession *
take_over (HubSessions *self, HubSessionInfo *info, guint32 generation)
{
  HubSession *session = hub_session_new (self->services, info, generation);

  g_signal_connect_object (session, "over", G_CALLBACK (on_over), self, 0);
  g_signal_connect_object (session, "closed", G_CALLBACK (on_closed), self, 0);
  g_hash_table_replace (self->sessions, g_strdup (hub_session_get_id (session)), session);
  return session;
}

/* Planning. */

static HubSessionInfo *
info_from_booking (HubSessions *self, JsonNode *booking, GError **error)
{
  JsonObject *object = JSON_NODE_HOLDS_OBJECT (booking) ? json_node_get_object (booking) : NULL;
  const char *requester = object ? karez_json_text (object, "requester") : NULL;
  const char *provider = object ? karez_json_text (object, "provider") : NULL;
  const char *host = object ? karez_json_text (object, "host") : NULL;
  const char *hub = self->services->hub;
  const char *partner = g_strcmp0 (requester, hub) == 0 ? provider : requester;

  if (!object || !requester || !provider || !host)
    {
      karez_error_set (error, KAREZ_ERROR_FAILED, "session/booking", NULL,
                       N_ ("The agenda's booking cannot be read."));
      return NULL;
    }
  if (g_strcmp0 (karez_json_text (object, "state"), "confirmed") != 0)
    {
      karez_error_set (error, KAREZ_ERROR_CONFLICT, "session/confirmed",
                       N_ ("a booking that both hospitals have confirmed"),
                       N_ ("The booking is not confirmed."));
      return NULL;
    }
  return hub_session_info_new (karez_json_text (object, "id"), karez_json_text (object, "modality"),
                               karez_json_text (object, "title"), host, partner,
                               g_str_equal (host, hub), booking);
}

/* One booking that becomes a session. */
typedef struct
{
  char *id;
  HubSessionInfo *info;
} Planning;

static void
planning_free (gpointer data)
{
  Planning *planning = data;

  g_clear_object (&planning->info);
  g_free (planning->id);
  g_free (planning);
}

/* Everybody who asked for it meanwhile gets the same answer. @error: (transfer full) (nullable) */
static void
end_planning (GTask *work, GError *error)
{
  HubSessions *self = g_task_get_source_object (work);
  Planning *planning = g_task_get_task_data (work);
  g_autoptr (GPtrArray)
      tasks = g_ptr_array_ref (g_hash_table_lookup (self->planning, planning->id));
  HubSession *session = hub_sessions_get (self, planning->id);

  g_hash_table_remove (self->planning, planning->id);
  g_task_return_boolean (work, error == NULL);
  for (guint i = 0; i < tasks->len; i++)
    if (error)
      g_task_return_error (tasks->pdata[i], g_error_copy (error));
    else
      g_task_return_pointer (tasks->pdata[i], g_object_ref (session), g_object_unref);
  g_clear_error (&error);
}

static void
on_planned (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  HubSessions *self = g_task_get_source_object (task);
  Planning *planning = g_task_get_task_data (task);
  GError *error = NULL;

  if (karez_transaction_commit_finish (KAREZ_TRANSACTION (source), result, &error))
    {
      HubSession *session = hub_sessions_get (self, planning->id);

      if (!session)
        session = take_over (self, planning->info, 0);
      hub_session_tell_pages (session);
    }
  end_planning (task, error);
}

static void
on_booking (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  HubSessions *self = g_task_get_source_object (task);
  Planning *planning = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (JsonNode)
      booking = karez_agenda_get_booking_finish (KAREZ_AGENDA (source), result, &error);
  HubSessionInfo *info = booking ? info_from_booking (self, booking, &error) : NULL;
  g_autoptr (KarezTransaction) transaction = NULL;
  g_autofree char *text = NULL;

  planning->info = info;
  if (!info || hub_sessions_get (self, planning->id))
    {
      end_planning (task, error);
      return;
    }
  text = karez_json_print (booking);
  transaction = karez_store_begin (self->services->store, self->services->actor);
  karez_transaction_about (transaction, planning->id, NULL);
  karez_transaction_run_one (
      transaction, "session/known", N_ ("The session is over."), "session_plan", "(ssssss)",
      planning->id, hub_session_info_get_modality (info), hub_session_info_get_title (info),
      hub_session_info_get_host (info), hub_session_info_get_partner (info), text);
  karez_transaction_event (transaction, "session.plan", "session", planning->id, NULL);
  karez_transaction_commit_async (transaction, NULL, on_planned, g_steal_pointer (&task));
}

void
hub_sessions_plan_async (HubSessions *self, const char *id, GAsyncReadyCallback callback,
                         gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, data);
  g_autoptr (GTask) work = NULL;
  HubSession *known = hub_sessions_get (self, id);
  Planning *planning = NULL;
  GPtrArray *tasks = g_hash_table_lookup (self->planning, id);

  g_task_set_source_tag (task, hub_sessions_plan_async);
  if (known)
    {
      g_task_return_pointer (task, g_object_ref (known), g_object_unref);
      return;
    }
  if (tasks)
    {
      g_ptr_array_add (tasks, g_steal_pointer (&task));
      return;
    }
  tasks = g_ptr_array_new_with_free_func (g_object_unref);
  g_ptr_array_add (tasks, g_steal_pointer (&task));
  g_hash_table_insert (self->planning, g_strdup (id), tasks);
  work = g_task_new (self, NULL, NULL, NULL);
  g_task_set_source_tag (work, on_booking);
  planning = g_new0 (Planning, 1);
  planning->id = g_strdup (id);
  g_task_set_task_data (work, planning, planning_free);
  karez_agenda_get_booking_async (self->services->agenda, id, NULL, on_booking,
                                  g_steal_pointer (&work));
}

HubSession *
hub_sessions_plan_finish (HubSessions *self, GAsyncResult *result, GError **error)
{
  HubSession *session = NULL;

  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  session = g_task_propagate_pointer (G_TASK (result), error);
  if (!session)
    return NULL;
  /* The table keeps it. */
  g_object_unref (session);
  return session;
}

static void
on_planned_quietly (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autofree char *id = data;
  g_autoptr (GError) error = NULL;

  if (!hub_sessions_plan_finish (HUB_SESSIONS (source), result, &error)
      && !karez_error_is_conflict (error))
    hub_warning ("sessions", id, "The session could not be planned: %s", error->message);
}

static void
on_stopped (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autofree char *id = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) answer = hub_session_move_finish (HUB_SESSION_MOVE (source), result, &error);

  if (!answer && !karez_error_is_conflict (error))
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
  const char *state = booking && JSON_NODE_HOLDS_OBJECT (booking)
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
  if (session)
    karez_agenda_get_booking_async (agenda, booking, self->services->cancellable,
                                    on_booking_changed, g_object_ref (session));
  else
    hub_sessions_plan_async (self, booking, on_planned_quietly, g_strdup (booking));
}

/* Starting: what is not over, who is in it, what was never planned. */

static void
end_start (HubSessions *self, GError *error)
{
  g_autoptr (GTask) task = g_steal_pointer (&self->starting);

  if (error)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
}

static void
on_unplanned (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (HubSessions) self = data;
  GError *error = NULL;
  g_autoptr (KarezRows) rows = karez_store_query_finish (KAREZ_STORE (source), result, &error);

  if (!rows || !hub_sessions_add_topics (self, &error)
      || !hub_supervisor_start (self->services->supervisor, &error))
    {
      end_start (self, error);
      return;
    }
  g_signal_connect_object (self->services->agenda, "changed", G_CALLBACK (on_agenda_changed), self,
                           0);
  for (guint i = 0; i < karez_rows_get_count (rows); i++)
    hub_sessions_plan_async (self, karez_rows_text (rows, i, "id"), on_planned_quietly,
                             g_strdup (karez_rows_text (rows, i, "id")));
  end_start (self, NULL);
}

static void
on_present (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (HubSessions) self = data;
  GError *error = NULL;
  g_autoptr (KarezRows) rows = karez_store_query_finish (KAREZ_STORE (source), result, &error);

  if (!rows)
    {
      end_start (self, error);
      return;
    }
  for (guint i = 0; i < karez_rows_get_count (rows); i++)
    {
      HubSession *session = hub_sessions_get (self, karez_rows_text (rows, i, "session"));
      g_autoptr (JsonNode) node = karez_rows_json (rows, i, "actor");
      g_autoptr (KarezActor) actor = node ? karez_actor_from_json (node, NULL) : NULL;

      if (session && actor
          && g_str_equal (karez_rows_text (rows, i, "hospital"), self->services->hub))
        hub_session_people_add (hub_session_get_people (session), karez_rows_text (rows, i, "id"),
                                actor, karez_rows_text (rows, i, "role"));
    }
  karez_store_query_async (self->services->store, "bookings_without_session", NULL,
                           self->services->cancellable, on_unplanned, g_object_ref (self));
}

static void
on_open (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (HubSessions) self = data;
  GError *error = NULL;
  g_autoptr (KarezRows) rows = karez_store_query_finish (KAREZ_STORE (source), result, &error);

  if (!rows)
    {
      end_start (self, error);
      return;
    }
  for (guint i = 0; i < karez_rows_get_count (rows); i++)
    {
      g_autoptr (HubSessionInfo)
          info = hub_session_info_new_from_row (rows, i, self->services->hub);
      HubSession *session = take_over (self, info, karez_rows_integer (rows, i, "generation"));

      hub_session_worker_expect (hub_session_get_worker (session),
                                 karez_rows_text (rows, i, "token"));
    }
  karez_store_query_async (self->services->store, "participants_present", NULL,
                           self->services->cancellable, on_present, g_object_ref (self));
}

static void
on_arrived (HubSupervisor *supervisor, HubWorkerProxy *proxy, JsonNode *snapshot, gboolean adopted,
            HubSessions *self)
{
  HubSession *session = hub_sessions_get (self, hub_worker_proxy_get_session (proxy));

  if (session)
    hub_session_worker_arrived (hub_session_get_worker (session), proxy, snapshot);
}

static void
on_died (HubSupervisor *supervisor, const char *id, const char *reason, HubSessions *self)
{
  HubSession *session = hub_sessions_get (self, id);

  if (session)
    hub_session_worker_died (hub_session_get_worker (session), reason);
}

void
hub_sessions_start_async (HubSessions *self, GCancellable *cancellable,
                          GAsyncReadyCallback callback, gpointer data)
{
  self->starting = g_task_new (self, cancellable, callback, data);
  g_task_set_source_tag (self->starting, hub_sessions_start_async);
  g_signal_connect_object (self->services->supervisor, "arrived", G_CALLBACK (on_arrived), self, 0);
  g_signal_connect_object (self->services->supervisor, "died", G_CALLBACK (on_died), self, 0);
  karez_store_query_async (self->services->store, "sessions_open", NULL,
                           self->services->cancellable, on_open, g_object_ref (self));
}

gboolean
hub_sessions_start_finish (HubSessions *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

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
  for (GList *l = sessions; l; l = l->next)
    hub_session_leave_alone (l->data);
}

/* Pages. */

gboolean
hub_sessions_page (HubSessions *self, const char *connection, KarezActor *actor,
                   JsonObject *message, GError **error)
{
  const char *id = karez_json_text (message, "session");
  HubSession *session = id ? hub_sessions_get (self, id) : NULL;

  /* Who is in them is read after them: a page that comes back in between has not lost its place. */
  if (!session || self->starting)
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
  self->planning = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                          (GDestroyNotify) g_ptr_array_unref);
}
