/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of this hub's sessions: planned, taken over, ended. */
#include "hub-sessions-private.h"

#include "hub-catalogue.h"
#include "hub-log.h"

/* How long a new hub waits for the workers of the one before. */
#define RETURN_MS 3000

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

/* Who at the partner's: its hub vouches for the name, and it is always marked as the partner's. */
KarezActor *
hub_sessions_peer_actor (KarezMessage *message, JsonNode *node)
{
  g_autoptr (KarezActor) theirs = node ? karez_actor_from_json (node, NULL) : NULL;

  if (!theirs)
    return karez_actor_ref (karez_message_get_actor (message));
  return karez_actor_new (KAREZ_ACTOR_PEER, karez_actor_get_id (theirs),
                          karez_actor_get_name (theirs), karez_actor_get_roles (theirs), NULL,
                          karez_message_get_peer (message));
}

void
hub_sessions_tell_pages (HubSessions *self, HubSession *session)
{
  if (self->pages)
    self->pages->broadcast (self->pages_data, "board.read", hub_session_to_frame (session));
}

static void
clear_timers (HubSession *session)
{
  g_clear_handle_id (&session->exchange_source, g_source_remove);
  g_clear_handle_id (&session->restart_source, g_source_remove);
  g_clear_handle_id (&session->record_source, g_source_remove);
}

void
hub_sessions_over (HubSessions *self, HubSession *session, KarezActor *actor)
{
  if (session->told_over)
    return;
  session->told_over = TRUE;
  g_signal_emit (self, signals[OVER], 0, session->id, actor);
}

void
hub_sessions_drop (HubSessions *self, HubSession *session)
{
  g_autoptr (HubSession) alive = g_object_ref (session);

  clear_timers (session);
  g_object_set_data (G_OBJECT (session), "sessions", NULL);
  hub_supervisor_forget (self->supervisor, session->id);
  g_hash_table_remove (self->sessions, session->id);
}

/* Planning. */

static HubSession *
session_from_booking (HubSessions *self, JsonNode *booking, GError **error)
{
  JsonObject *object = JSON_NODE_HOLDS_OBJECT (booking) ? json_node_get_object (booking) : NULL;
  const char *requester = object ? karez_json_text (object, "requester") : NULL;
  const char *provider = object ? karez_json_text (object, "provider") : NULL;
  const char *host = object ? karez_json_text (object, "host") : NULL;
  const char *partner = g_strcmp0 (requester, self->hub) == 0 ? provider : requester;

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
  return hub_session_new (karez_json_text (object, "id"), karez_json_text (object, "modality"),
                          karez_json_text (object, "title"), host, partner,
                          g_str_equal (host, self->hub), booking);
}

/* Everybody who asked for it meanwhile gets the same answer. @error: (transfer full) (nullable) */
static void
end_planning (GTask *work, GError *error)
{
  HubSessions *self = g_task_get_source_object (work);
  const char *id = g_task_get_task_data (work);
  g_autoptr (GPtrArray) tasks = g_ptr_array_ref (g_hash_table_lookup (self->planning, id));
  HubSession *session = hub_sessions_get (self, id);

  g_hash_table_remove (self->planning, id);
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
  HubSession *session = hub_task_session (task);
  GError *error = NULL;

  if (karez_transaction_commit_finish (KAREZ_TRANSACTION (source), result, &error))
    {
      if (!hub_sessions_get (self, session->id))
        hub_sessions_take_over (self, session);
      hub_sessions_tell_pages (self, hub_sessions_get (self, session->id));
    }
  end_planning (task, error);
}

static void
on_booking (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  HubSessions *self = g_task_get_source_object (task);
  const char *id = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (JsonNode)
      booking = karez_agenda_get_booking_finish (KAREZ_AGENDA (source), result, &error);
  g_autoptr (HubSession) session = booking ? session_from_booking (self, booking, &error) : NULL;
  g_autoptr (KarezTransaction) transaction = NULL;
  g_autofree char *text = NULL;

  if (!session || hub_sessions_get (self, id))
    {
      end_planning (task, error);
      return;
    }
  hub_task_set_session (task, session);
  text = karez_json_print (booking);
  transaction = karez_store_begin (self->store, self->actor);
  karez_transaction_about (transaction, session->id, NULL);
  karez_transaction_run_one (transaction, "session/known", N_ ("The session is over."),
                             "session_plan", "(ssssss)", session->id, session->modality,
                             session->title, session->host, session->partner, text);
  karez_transaction_event (transaction, "session.plan", "session", session->id, NULL);
  karez_transaction_commit_async (transaction, NULL, on_planned, g_steal_pointer (&task));
}

void
hub_sessions_plan_async (HubSessions *self, const char *id, GAsyncReadyCallback callback,
                         gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, data);
  g_autoptr (GTask) work = NULL;
  HubSession *known = hub_sessions_get (self, id);
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
  g_task_set_task_data (work, g_strdup (id), g_free);
  karez_agenda_get_booking_async (self->agenda, id, NULL, on_booking, g_steal_pointer (&work));
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
  g_autoptr (JsonNode) answer = hub_sessions_move_finish (HUB_SESSIONS (source), result, &error);

  if (!answer && !karez_error_is_conflict (error))
    hub_warning ("sessions", id, "A cancelled session could not be ended: %s", error->message);
}

static void
on_booking_changed (GObject *source, GAsyncResult *result, gpointer data)
{
  static const HubSessionStep stop = { .edge = "stop", .reason = N_ ("the booking was cancelled") };
  g_autoptr (HubSession) session = data;
  HubSessions *self = g_object_get_data (G_OBJECT (session), "sessions");
  g_autoptr (JsonNode)
      booking = karez_agenda_get_booking_finish (KAREZ_AGENDA (source), result, NULL);
  const char *state = booking && JSON_NODE_HOLDS_OBJECT (booking)
                          ? karez_json_text (json_node_get_object (booking), "state")
                          : NULL;

  if (!self || self->stopped || session->state != KAREZ_STATE_PLANNED || !session->hosted)
    return;
  /* Once prepared, only people end it. */
  if (g_strcmp0 (state, "cancelled") == 0)
    hub_sessions_move_async (self, session->id, &stop, self->actor, NULL, on_stopped,
                             g_strdup (session->id));
}

static void
on_agenda_changed (KarezAgenda *agenda, const char *booking, HubSessions *self)
{
  HubSession *session = hub_sessions_get (self, booking);

  if (self->stopped)
    return;
  if (session)
    karez_agenda_get_booking_async (agenda, booking, self->cancellable, on_booking_changed,
                                    g_object_ref (session));
  else
    hub_sessions_plan_async (self, booking, on_planned_quietly, g_strdup (booking));
}

/* Starting: what is not over, who is in it, what was never planned. */

static HubSession *
session_from_row (HubSessions *self, KarezRows *rows, guint row)
{
  g_autoptr (JsonNode) booking = karez_rows_json (rows, row, "booking");
  const char *host = karez_rows_text (rows, row, "host");
  HubSession *session = hub_session_new (
      karez_rows_text (rows, row, "id"), karez_rows_text (rows, row, "modality"),
      karez_rows_text (rows, row, "title"), host, karez_rows_text (rows, row, "partner"),
      g_str_equal (host, self->hub), booking);

  karez_state_from_name (karez_rows_text (rows, row, "state"), &session->state);
  session->sequence = karez_rows_integer (rows, row, "sequence");
  session->generation = karez_rows_integer (rows, row, "generation");
  session->reason = g_strdup (karez_rows_text (rows, row, "reason"));
  return session;
}

static gboolean
on_return_due (gpointer data)
{
  HubSession *session = data;
  HubSessions *self = g_object_get_data (G_OBJECT (session), "sessions");

  session->restart_source = 0;
  if (self && !self->stopped && session->worker == HUB_WORKER_RESTARTING
      && !hub_supervisor_get_worker (self->supervisor, session->id))
    hub_sessions_worker_died (self, session, "it did not come back to the new hub");
  return G_SOURCE_REMOVE;
}

static void
expect (HubSessions *self, HubSession *session, const char *token)
{
  session->told_over = hub_state_is_over (session->state);
  if (session->state == KAREZ_STATE_PLANNED || !token)
    return;
  hub_supervisor_expect (self->supervisor, session->id, token);
  session->worker = HUB_WORKER_RESTARTING;
  session->restart_source = g_timeout_add (RETURN_MS, on_return_due, session);
}

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
      || !hub_supervisor_start (self->supervisor, &error))
    {
      end_start (self, error);
      return;
    }
  g_signal_connect_object (self->agenda, "changed", G_CALLBACK (on_agenda_changed), self, 0);
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

      if (session && actor && g_str_equal (karez_rows_text (rows, i, "hospital"), self->hub))
        hub_sessions_await_page (session,
                                 hub_session_add_person (session, karez_rows_text (rows, i, "id"),
                                                         actor, karez_rows_text (rows, i, "role")));
    }
  karez_store_query_async (self->store, "bookings_without_session", NULL, self->cancellable,
                           on_unplanned, g_object_ref (self));
}

void
hub_sessions_take_over (HubSessions *self, HubSession *session)
{
  g_object_set_data (G_OBJECT (session), "sessions", self);
  g_hash_table_replace (self->sessions, session->id, g_object_ref (session));
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
      g_autoptr (HubSession) session = session_from_row (self, rows, i);

      hub_sessions_take_over (self, session);
      expect (self, session, karez_rows_text (rows, i, "token"));
    }
  karez_store_query_async (self->store, "participants_present", NULL, self->cancellable, on_present,
                           g_object_ref (self));
}

void
hub_sessions_start_async (HubSessions *self, GCancellable *cancellable,
                          GAsyncReadyCallback callback, gpointer data)
{
  self->starting = g_task_new (self, cancellable, callback, data);
  g_task_set_source_tag (self->starting, hub_sessions_start_async);
  hub_sessions_watch_workers (self);
  karez_store_query_async (self->store, "sessions_open", NULL, self->cancellable, on_open,
                           g_object_ref (self));
}

gboolean
hub_sessions_start_finish (HubSessions *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/* What waits for a worker holds its session, which holds it. */
static void
end_waiting (HubSession *session)
{
  g_autoptr (GPtrArray) waiting = g_steal_pointer (&session->waiting);

  session->waiting = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < waiting->len; i++)
    g_task_return_new_error (waiting->pdata[i], G_IO_ERROR, G_IO_ERROR_CANCELLED, "the hub ends");
}

void
hub_sessions_stop (HubSessions *self)
{
  GHashTableIter iter;
  gpointer session;

  if (self->stopped)
    return;
  self->stopped = TRUE;
  /* A commit that is still under way tells nobody: whoever owns the pages may be gone by then. */
  self->pages = NULL;
  g_cancellable_cancel (self->cancellable);
  g_signal_handlers_disconnect_by_data (self->agenda, self);
  g_signal_handlers_disconnect_by_data (self->supervisor, self);
  hub_supervisor_stop (self->supervisor);
  g_hash_table_iter_init (&iter, self->sessions);
  while (g_hash_table_iter_next (&iter, NULL, &session))
    {
      HubSession *one = session;

      g_object_set_data (G_OBJECT (one), "sessions", NULL);
      clear_timers (one);
      end_waiting (one);
    }
}

HubSessions *
hub_sessions_new (const HubSessionsConfig *config)
{
  HubSessions *self = g_object_new (HUB_TYPE_SESSIONS, NULL);

  self->hub = g_strdup (config->hub);
  self->store = g_object_ref (config->store);
  self->peers = g_object_ref (config->peers);
  self->agenda = g_object_ref (config->agenda);
  self->audit = g_object_ref (config->audit);
  self->plugins = g_object_ref (config->plugins);
  self->supervisor = g_object_ref (config->supervisor);
  self->pages = config->pages;
  self->pages_data = config->pages_data;
  self->signer = config->signer;
  self->signer_data = config->signer_data;
  self->actor = karez_actor_new (KAREZ_ACTOR_HUB, "engine", "karezd", NULL, NULL, NULL);
  return self;
}

static void
hub_sessions_finalize (GObject *object)
{
  HubSessions *self = HUB_SESSIONS (object);

  g_free (self->hub);
  g_clear_object (&self->store);
  g_clear_object (&self->peers);
  g_clear_object (&self->agenda);
  g_clear_object (&self->audit);
  g_clear_object (&self->plugins);
  g_clear_object (&self->supervisor);
  g_clear_object (&self->cancellable);
  karez_actor_unref (self->actor);
  g_hash_table_unref (self->sessions);
  g_hash_table_unref (self->planning);
  g_hash_table_unref (self->lost);

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
  self->sessions = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_object_unref);
  self->planning = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                          (GDestroyNotify) g_ptr_array_unref);
  self->lost = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->cancellable = g_cancellable_new ();
}
