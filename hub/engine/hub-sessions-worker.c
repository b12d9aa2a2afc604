/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A session's worker: begun, prepared, joined to the other hospital's, mourned and replaced. */
#include "hub-sessions-private.h"

#include "hub-catalogue.h"
#include "hub-log.h"
#include "hub-string.h"

#define RESTART_MS 100
#define END_RETRY_MS 500

static void end_without_worker (HubSessions *self, HubSession *session);

/* Beginning. */

static gboolean
find_module (HubSessions *self, HubSession *session, GError **error)
{
  HubPlugin *plugin = hub_plugin_list_find_modality (self->plugins, session->modality);

  if (!plugin)
    return karez_error_set (error, KAREZ_ERROR_UNAVAILABLE, "session/modality", NULL,
                            N_ ("No plugin of this hub offers “%s” now."), session->modality);
  g_free (session->plugin);
  g_free (session->module);
  session->plugin = g_strdup (hub_plugin_get_id (plugin));
  session->module = g_strdup (hub_plugin_file_get_live (hub_plugin_get_file (plugin)));
  g_clear_pointer (&session->takers, json_node_unref);
  session->takers = json_node_ref (
      hub_plugin_file_get_modality (hub_plugin_get_file (plugin))->takers);
  session->media = hub_plugin_file_is_granted (hub_plugin_get_file (plugin), "media");
  return TRUE;
}

static void
answer_waiting (HubSession *session)
{
  HubSessions *self = g_object_get_data (G_OBJECT (session), "sessions");
  g_autoptr (GPtrArray) waiting = g_steal_pointer (&session->waiting);

  session->waiting = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; self && i < waiting->len; i++)
    {
      GAsyncReadyCallback again = g_object_get_data (waiting->pdata[i], "again");

      again (G_OBJECT (self), NULL, g_object_ref (waiting->pdata[i]));
    }
}

/* No worker comes: those that wait for one hear it, and the next who asks begins anew. */
static void
give_up (HubSession *session, HubWorkerState state)
{
  session->worker = state;
  answer_waiting (session);
}

static void
spawn (HubSessions *self, HubSession *session, GTask *task)
{
  GError *error = NULL;

  session->worker = HUB_WORKER_STARTING;
  session->exchanged = FALSE;
  if (hub_supervisor_spawn (self->supervisor, session->id, session->plugin, session->module,
                            session->media, &error))
    g_task_return_boolean (task, TRUE);
  else
    {
      give_up (session, HUB_WORKER_FAILED);
      g_task_return_error (task, error);
    }
  hub_sessions_tell_pages (self, session);
}

/* The next hub must know which worker to take over. */
static void
put_worker (HubSession *session, KarezTransaction *transaction, gpointer token)
{
  karez_transaction_about (transaction, session->id, NULL);
  karez_transaction_run (transaction, "session_worker", "(sis)", session->id,
                         (gint32) session->generation, token);
  karez_transaction_event (
      transaction, "session.worker-start", "session", session->id,
      karez_json_object ("generation", "i", (gint64) session->generation, NULL));
}

static void
on_begun (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  HubSessions *self = g_task_get_source_object (task);
  HubSession *session = hub_task_session (task);
  KarezTransaction *transaction = KAREZ_TRANSACTION (source);
  GError *error = NULL;
  gboolean restart = session->generation > 1;

  if (self->stopped || hub_sessions_get (self, session->id) != session)
    {
      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CANCELLED,
                               "the hub or the session ended");
      return;
    }
  if (!karez_transaction_commit_finish (transaction, result, &error))
    {
      /* A session that is under way does not wait for a database that is away: its worker is
       * needed now, and the record of it follows with its next one. */
      if (restart && (karez_error_is_unavailable (error) || karez_error_is_timeout (error)))
        {
          hub_warning ("sessions", session->id, "Restarted before it could be recorded: %s",
                       error->message);
          g_error_free (error);
          hub_sessions_record_async (self, session, NULL, put_worker, g_strdup (session->token),
                                     g_free, NULL, NULL);
          spawn (self, session, task);
          return;
        }
      session->generation--;
      give_up (session, HUB_WORKER_NONE);
      g_task_return_error (task, error);
      return;
    }
  if (karez_transaction_is_repeated (transaction))
    {
      session->generation--;
      g_task_return_boolean (task, TRUE);
      return;
    }
  if (session->state == KAREZ_STATE_PLANNED)
    hub_session_take_state (session, KAREZ_STATE_PREPARING, session->sequence + 1, NULL);
  spawn (self, session, task);
}

void
hub_sessions_begin_worker (HubSessions *self, HubSession *session, KarezTransaction *given,
                           GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, data);
  g_autoptr (KarezTransaction) transaction = given ? g_object_ref (given)
                                                   : karez_store_begin (self->store, self->actor);
  g_autofree char *hash = NULL;
  g_autofree char *booking = NULL;
  GError *error = NULL;

  g_task_set_source_tag (task, hub_sessions_begin_worker);
  hub_task_set_session (task, session);
  if (!find_module (self, session, &error))
    {
      give_up (session, HUB_WORKER_NONE);
      g_task_return_error (task, error);
      return;
    }
  hash = hub_supervisor_make_token (self->supervisor, session->id);
  session->generation++;
  karez_transaction_about (transaction, session->id, NULL);
  if (session->state == KAREZ_STATE_PLANNED)
    {
      booking = karez_json_print (session->booking);
      karez_transaction_run_one (transaction, "session/edge",
                                 N_ ("The session was prepared already."), "session_prepare",
                                 "(ssxis)", session->id, booking, (gint64) session->sequence + 1,
                                 (gint32) session->generation, hash);
      karez_transaction_event (transaction, "session.prepare", "session", session->id, NULL);
    }
  else
    put_worker (session, transaction, hash);
  hub_set_string (&session->token, hash);
  karez_transaction_commit_async (transaction, NULL, on_begun, g_steal_pointer (&task));
}

gboolean
hub_sessions_begin_worker_finish (HubSessions *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/* Arrival. */

static void
running (HubSessions *self, HubSession *session)
{
  session->worker = HUB_WORKER_RUNNING;
  hub_sessions_tell_pages (self, session);
  hub_sessions_tell_partner (self, session);
  hub_sessions_rejoin (self, session);
  hub_sessions_exchange (self, session);
  answer_waiting (session);
  g_clear_pointer (&session->away, json_node_unref);
  session->away_given = FALSE;
}

static void
on_prepared (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (HubSession) session = data;
  HubSessions *self = g_object_get_data (G_OBJECT (session), "sessions");
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) answer = hub_worker_proxy_finish (HUB_WORKER_PROXY (source), result, &error);

  /* It died meanwhile, and its end was seen before its answer: the next one is under way. */
  if (!self || G_OBJECT (hub_supervisor_get_worker (self->supervisor, session->id)) != source)
    return;
  if (answer)
    {
      running (self, session);
      return;
    }
  hub_warning ("sessions", session->id, "The live half could not be prepared: %s", error->message);
  /* The worker says itself what became of the session; those that wait hear it. */
  session->worker = HUB_WORKER_FAILED;
  hub_sessions_tell_pages (self, session);
  hub_sessions_tell_partner (self, session);
  answer_waiting (session);
}

static void
prepare (HubSessions *self, HubSession *session, HubWorkerProxy *proxy)
{
  g_autoptr (JsonNode) node = karez_json_object (
      "id", "s", session->id, "booking", "n", json_node_ref (session->booking), "modality", "s",
      session->modality, "hub", "s", self->hub, "partner", "s", session->partner, "host", "b",
      session->hosted, "generation", "i", (gint64) session->generation, "restored", "b",
      (gboolean) (session->generation > 1), "state", "s", karez_state_name (session->state),
      "sequence", "i", (gint64) session->sequence, "roles", "n",
      session->takers ? json_node_ref (session->takers) : NULL, "away", "n",
      session->away ? json_node_ref (session->away) : NULL, NULL);

  session->worker = HUB_WORKER_STARTING;
  session->away_given = session->away != NULL;
  hub_worker_proxy_prepare_async (proxy, node, NULL, on_prepared, g_object_ref (session));
}

/* What people are shown of them, but for figures. Returns: (transfer full) */
static char *
verdicts_of (JsonNode *checks)
{
  JsonArray *array = checks && JSON_NODE_HOLDS_ARRAY (checks) ? json_node_get_array (checks) : NULL;
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; array && i < json_array_get_length (array); i++)
    {
      JsonNode *one = json_array_get_element (array, i);

      if (JSON_NODE_HOLDS_OBJECT (one))
        g_string_append_printf (text, "%s %s\n", karez_json_text (json_node_get_object (one), "id"),
                                karez_json_text (json_node_get_object (one), "verdict"));
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

/* As it is now, whoever is in: a check that came right must not keep anybody from starting. */
static void
take_checks (HubSessions *self, HubSession *session, JsonObject *snapshot)
{
  g_autofree char *before = verdicts_of (session->checks);
  g_autofree char *now = NULL;

  g_clear_pointer (&session->checks, json_node_unref);
  session->checks = json_object_dup_member (snapshot, "checks");
  now = verdicts_of (session->checks);
  if (!g_str_equal (before, now))
    hub_sessions_tell_pages (self, session);
}

static void
take_snapshot (HubSessions *self, HubSession *session, JsonObject *snapshot)
{
  KarezState state;

  g_clear_pointer (&session->link, json_node_unref);
  session->link = json_object_dup_member (snapshot, "link");
  g_clear_pointer (&session->people, json_node_unref);
  session->people = json_object_dup_member (snapshot, "participants");
  take_checks (self, session, snapshot);
  if (karez_json_text (snapshot, "state")
      && karez_state_from_name (karez_json_text (snapshot, "state"), &state)
      && hub_session_take_state (session, state, karez_json_integer (snapshot, "sequence", 0),
                                 karez_json_text (snapshot, "reason")))
    hub_sessions_tell_pages (self, session);
}

static void
on_snapshot (HubWorkerProxy *proxy, JsonNode *node, HubSessions *self)
{
  HubSession *session = hub_sessions_get (self, hub_worker_proxy_get_session (proxy));

  if (session && JSON_NODE_HOLDS_OBJECT (node))
    take_snapshot (self, session, json_node_get_object (node));
}

static void
on_state (HubWorkerProxy *proxy, JsonNode *node, HubSessions *self)
{
  HubSession *session = hub_sessions_get (self, hub_worker_proxy_get_session (proxy));
  JsonObject *object = json_node_get_object (node);
  KarezState state;

  if (session && karez_state_from_name (karez_json_text (object, "state"), &state)
      && hub_session_take_state (session, state, karez_json_integer (object, "sequence", 0),
                                 karez_json_text (object, "reason")))
    hub_sessions_tell_pages (self, session);
}

static void
on_record (HubWorkerProxy *proxy, guint64 sequence, JsonNode *record, HubSessions *self)
{
  HubSession *session = hub_sessions_get (self, hub_worker_proxy_get_session (proxy));

  if (session)
    hub_sessions_take_record (self, session, sequence, record);
}

static void
on_send (HubWorkerProxy *proxy, const char *participant, JsonNode *body, HubSessions *self)
{
  HubSession *session = hub_sessions_get (self, hub_worker_proxy_get_session (proxy));

  if (session)
    hub_sessions_forward (self, session, participant, body);
}

static void
on_statistics (HubWorkerProxy *proxy, JsonNode *node, HubSessions *self)
{
  HubSession *session = hub_sessions_get (self, hub_worker_proxy_get_session (proxy));
  GHashTableIter iter;
  gpointer value;
  JsonObject *object = JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;

  if (!session || !object || !self->pages)
    return;
  g_hash_table_iter_init (&iter, session->persons);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      HubSessionPerson *person = value;

      if (person->connection)
        self->pages->send (
            self->pages_data, person->connection,
            karez_json_object ("type", "s", "statistics", "session", "s", session->id, "link", "n",
                               json_object_dup_member (object, "link"), "checks", "n",
                               json_object_dup_member (object, "checks"), NULL));
    }
}

static void
on_arrived (HubSupervisor *supervisor, HubWorkerProxy *proxy, JsonNode *snapshot, gboolean adopted,
            HubSessions *self)
{
  HubSession *session = hub_sessions_get (self, hub_worker_proxy_get_session (proxy));
  JsonObject *object = JSON_NODE_HOLDS_OBJECT (snapshot) ? json_node_get_object (snapshot) : NULL;

  if (!session || !object || self->stopped)
    return;
  g_clear_handle_id (&session->restart_source, g_source_remove);
  g_object_connect (proxy, "signal::snapshot", on_snapshot, self, "signal::state-changed", on_state,
                    self, "signal::record", on_record, self, "signal::send", on_send, self,
                    "signal::statistics", on_statistics, self, NULL);
  /* A new connection sends again what was not acknowledged. */
  g_queue_clear_full (&session->records, hub_session_record_unref);
  session->queued = 0;
  if (!karez_json_boolean (object, "prepared"))
    {
      prepare (self, session, proxy);
      return;
    }
  hub_notice ("sessions", session->id, "The worker's state is taken over: %s.",
              karez_json_text (object, "state"));
  take_snapshot (self, session, object);
  running (self, session);
}

/* Death. */

#define END_REASON N_ ("the session's worker died too often")

static gboolean
has_fail_edge (HubSession *session)
{
  return hub_session_machine_find (session->state, "fail", NULL) != NULL;
}

static gboolean
on_end_due (gpointer data)
{
  HubSession *session = data;
  HubSessions *self = g_object_get_data (G_OBJECT (session), "sessions");

  session->restart_source = 0;
  if (self && !self->stopped)
    end_without_worker (self, session);
  return G_SOURCE_REMOVE;
}

static void
on_ended_without (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (HubSession) session = data;
  HubSessions *self = g_object_get_data (G_OBJECT (session), "sessions");
  gboolean fails = has_fail_edge (session);
  g_autoptr (GError) error = NULL;
  gboolean done = karez_transaction_commit_finish (KAREZ_TRANSACTION (source), result, &error);

  if (!done)
    hub_warning ("sessions", session->id, "The end could not be recorded: %s", error->message);
  if (!self)
    return;
  if (!done)
    {
      if (!session->restart_source)
        session->restart_source = g_timeout_add (END_RETRY_MS, on_end_due, session);
      return;
    }
  hub_session_take_state (session, fails ? KAREZ_STATE_FAILED : KAREZ_STATE_ENDED,
                          session->sequence + (fails ? 1 : 2), END_REASON);
  hub_sessions_tell_pages (self, session);
  hub_sessions_over (self, session, self->actor);
  hub_sessions_drop (self, session);
}

/* The host's hub ends what has no worker left. Nothing goes on in it, so it is told when it is
 * recorded, and that is tried until it is. */
static void
end_without_worker (HubSessions *self, HubSession *session)
{
  gboolean fails = has_fail_edge (session);
  g_autoptr (KarezTransaction) transaction = karez_store_begin (self->store, self->actor);

  session->ending = TRUE;
  karez_transaction_about (transaction, session->id, NULL);
  if (!fails)
    hub_sessions_put_state (self, session, transaction, "session.stop", KAREZ_STATE_STOPPING,
                            session->sequence + 1, END_REASON, FALSE);
  hub_sessions_put_state (self, session, transaction, fails ? "session.fail" : "session.end",
                          fails ? KAREZ_STATE_FAILED : KAREZ_STATE_ENDED,
                          session->sequence + (fails ? 1 : 2), END_REASON, TRUE);
  karez_transaction_commit_async (transaction, NULL, on_ended_without, g_object_ref (session));
}

static void
on_abandoned (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (HubSession) session = data;
  HubSessions *self = g_object_get_data (G_OBJECT (session), "sessions");
  g_autoptr (GError) error = NULL;

  if (!karez_transaction_commit_finish (KAREZ_TRANSACTION (source), result, &error))
    hub_warning ("sessions", session->id, "The end could not be recorded: %s", error->message);
  if (!self || !hub_supervisor_get_worker (self->supervisor, session->id))
    return;
  /* Its end is seen as any worker's: what it had not told yet is read from its spool. */
  hub_supervisor_kill (self->supervisor, session->id);
}

static void
on_held (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autofree char *id = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) answer = hub_worker_proxy_finish (HUB_WORKER_PROXY (source), result, &error);

  if (!answer)
    hub_warning ("sessions", id, "The worker could not hold before its end: %s", error->message);
}

void
hub_sessions_abandon (HubSessions *self, HubSession *session, const char *reason)
{
  HubWorkerProxy *proxy = hub_supervisor_get_worker (self->supervisor, session->id);
  g_autoptr (KarezTransaction) transaction = karez_store_begin (self->store, self->actor);

  /* Away from risk first: what this side drives comes to rest before its process ends. */
  if (proxy)
    hub_worker_proxy_move_async (proxy, "panic", reason, self->actor, 0, 0, on_held,
                                 g_strdup (session->id));
  karez_transaction_about (transaction, session->id, NULL);
  hub_session_take_state (session, KAREZ_STATE_ENDED, session->sequence + 1, reason);
  hub_sessions_put_state (self, session, transaction, "session.end", session->state,
                          session->sequence, reason, FALSE);
  karez_transaction_commit_async (transaction, NULL, on_abandoned, g_object_ref (session));
  hub_sessions_tell_pages (self, session);
}

static void
on_restarted (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (HubSession) session = data;
  g_autoptr (GError) error = NULL;

  if (!hub_sessions_begin_worker_finish (HUB_SESSIONS (source), result, &error)
      && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      hub_warning ("sessions", session->id, "The worker could not be restarted: %s",
                   error->message);
      hub_sessions_worker_died (HUB_SESSIONS (source), session, error->message);
    }
}

static gboolean
on_restart_due (gpointer data)
{
  HubSession *session = data;
  HubSessions *self = g_object_get_data (G_OBJECT (session), "sessions");

  session->restart_source = 0;
  if (self)
    hub_sessions_begin_worker (self, session, NULL, on_restarted, g_object_ref (session));
  return G_SOURCE_REMOVE;
}

static gboolean
has_records_left (HubSessions *self, HubSession *session)
{
  g_autofree char *directory = hub_supervisor_get_directory (self->supervisor, session->id);
  g_autofree char *spool = g_build_filename (directory, "spool", NULL);

  return g_file_test (spool, G_FILE_TEST_EXISTS);
}

static void
on_closed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (HubSession) session = data;
  g_autoptr (GError) error = NULL;

  /* Not closed now, it is looked at again when the hub starts next. */
  if (!karez_transaction_commit_finish (KAREZ_TRANSACTION (source), result, &error))
    hub_warning ("sessions", session->id, "The session could not be closed: %s", error->message);
}

void
hub_sessions_close (HubSessions *self, HubSession *session)
{
  g_autoptr (KarezTransaction) transaction = karez_store_begin (self->store, self->actor);

  karez_transaction_about (transaction, session->id, NULL);
  karez_transaction_run (transaction, "session_close", "(s)", session->id);
  karez_transaction_event (transaction, "session.close", "session", session->id, NULL);
  karez_transaction_commit_async (transaction, NULL, on_closed, g_object_ref (session));
  hub_sessions_drop (self, session);
}

void
hub_sessions_worker_died (HubSessions *self, HubSession *session, const char *reason)
{
  gboolean over = hub_state_is_over (session->state);

  g_clear_handle_id (&session->exchange_source, g_source_remove);
  g_clear_pointer (&session->link, json_node_unref);
  session->exchanged = FALSE;
  if (over && !has_records_left (self, session))
    {
      session->worker = HUB_WORKER_NONE;
      hub_sessions_tell_pages (self, session);
      hub_sessions_close (self, session);
      return;
    }
  session->worker = hub_supervisor_may_restart (self->supervisor, session->id)
                        ? HUB_WORKER_RESTARTING
                        : HUB_WORKER_FAILED;
  hub_warning ("sessions", session->id, "The worker died (%s); it is %s.", reason,
               hub_worker_state_name (session->worker));
  hub_sessions_tell_pages (self, session);
  hub_sessions_tell_partner (self, session);
  if (session->worker == HUB_WORKER_RESTARTING)
    {
      if (!session->restart_source)
        session->restart_source = g_timeout_add (RESTART_MS, on_restart_due, session);
      return;
    }
  answer_waiting (session);
  if (session->hosted && !over)
    end_without_worker (self, session);
}

static void
on_died (HubSupervisor *supervisor, const char *id, const char *reason, HubSessions *self)
{
  HubSession *session = hub_sessions_get (self, id);

  if (session && !self->stopped)
    hub_sessions_worker_died (self, session, reason);
}

void
hub_sessions_watch_workers (HubSessions *self)
{
  g_signal_connect_object (self->supervisor, "arrived", G_CALLBACK (on_arrived), self, 0);
  g_signal_connect_object (self->supervisor, "died", G_CALLBACK (on_died), self, 0);
}
