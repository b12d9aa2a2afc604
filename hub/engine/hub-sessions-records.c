/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What workers want kept, one after another: the engine's own records become the session's row,
 * the others go to the plugin. What a worker has been told is recorded is durable. */
#include "hub-sessions-private.h"

#include "hub-catalogue.h"
#include "hub-file.h"
#include "hub-log.h"

#define RETRY_MS 500
#define MAX_QUEUE 1000

typedef struct
{
  HubSession *session;
  HubSessionRecord *record;
  KarezRecord plain; /* points into the record */
  KarezActor *actor;
  gboolean over;
} Keeping;

static void keep_next (HubSessions *self, HubSession *session);

static void
keeping_free (Keeping *keeping)
{
  g_object_unref (keeping->session);
  hub_session_record_unref (keeping->record);
  g_clear_pointer (&keeping->actor, karez_actor_unref);
  g_free (keeping);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Keeping, keeping_free)

static gboolean
on_retry (gpointer data)
{
  HubSession *session = data;
  HubSessions *self = g_object_get_data (G_OBJECT (session), "sessions");

  session->record_source = 0;
  if (self)
    keep_next (self, session);
  return G_SOURCE_REMOVE;
}

static gboolean
may_help_later (const GError *error)
{
  return karez_error_is_unavailable (error) || karez_error_is_busy (error)
         || karez_error_is_timeout (error)
         || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
acknowledge (HubSessions *self, Keeping *keeping)
{
  HubSession *session = keeping->session;
  HubWorkerProxy *proxy = hub_supervisor_get_worker (self->supervisor, session->id);

  session->recording = FALSE;
  if (proxy)
    hub_worker_proxy_recorded (proxy, keeping->record->sequence);
  keep_next (self, session);
}

static void
on_aside_told (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Keeping) keeping = data;
  HubSessions *self = g_object_get_data (G_OBJECT (keeping->session), "sessions");
  g_autoptr (GError) error = NULL;

  if (!self)
    return;
  if (karez_audit_append_finish (KAREZ_AUDIT (source), result, &error))
    {
      acknowledge (self, keeping);
      return;
    }
  /* Not acknowledged, so the worker keeps it and it comes again. */
  g_queue_push_head (&keeping->session->records, g_rc_box_acquire (keeping->record));
  keeping->session->recording = FALSE;
  if (!keeping->session->record_source)
    keeping->session->record_source = g_timeout_add (RETRY_MS, on_retry, keeping->session);
}

/* A record that nobody can keep must not stop those behind it, and must not be lost either. */
static void
put_aside (HubSessions *self, Keeping *keeping, const GError *error)
{
  HubSession *session = keeping->session;
  g_autoptr (GError) local = NULL;
  g_autofree char *path = hub_sessions_keep_aside (self, session, keeping->record, error, &local);

  hub_warning ("sessions", session->id, "Record %" G_GUINT64_FORMAT " is put aside in %s: %s",
               keeping->record->sequence, path ? path : local->message, error->message);
  if (!path)
    {
      g_queue_push_head (&session->records, g_rc_box_acquire (keeping->record));
      session->recording = FALSE;
      if (!session->record_source)
        session->record_source = g_timeout_add (RETRY_MS, on_retry, session);
      keeping_free (keeping);
      return;
    }
  karez_audit_append_async (self->audit, keeping->actor ? keeping->actor : self->actor,
                            "record.aside", KAREZ_OUTCOME_FAILED, session->id, NULL,
                            karez_json_object ("sequence", "i", (gint64) keeping->record->sequence,
                                               "reason", "s", error->message, NULL),
                            NULL, on_aside_told, keeping);
}

static void
fail (HubSessions *self, Keeping *keeping, const GError *error)
{
  HubSession *session = keeping->session;

  if (!may_help_later (error))
    {
      put_aside (self, keeping, error);
      return;
    }
  g_queue_push_head (&session->records, g_rc_box_acquire (keeping->record));
  session->recording = FALSE;
  if (!session->record_source)
    session->record_source = g_timeout_add (RETRY_MS, on_retry, session);
  keeping_free (keeping);
}

static void
on_plugin_kept (GObject *source, GAsyncResult *result, gpointer data)
{
  Keeping *keeping = data;
  HubSessions *self = g_object_get_data (G_OBJECT (keeping->session), "sessions");
  g_autoptr (GError) error = NULL;
  gboolean done = hub_runner_finish (HUB_RUNNER (source), result, &error);

  if (!self)
    keeping_free (keeping);
  else if (done)
    {
      g_autoptr (Keeping) owned = keeping;

      acknowledge (self, owned);
    }
  else
    fail (self, keeping, error);
}

static void
on_state_kept (GObject *source, GAsyncResult *result, gpointer data)
{
  Keeping *keeping = data;
  HubSessions *self = g_object_get_data (G_OBJECT (keeping->session), "sessions");
  g_autoptr (GError) error = NULL;
  gboolean done = karez_transaction_commit_finish (KAREZ_TRANSACTION (source), result, &error);

  if (!self)
    keeping_free (keeping);
  else if (done)
    {
      g_autoptr (Keeping) owned = keeping;

      if (owned->over)
        hub_sessions_over (self, owned->session, owned->actor ? owned->actor : self->actor);
      acknowledge (self, owned);
    }
  else
    fail (self, keeping, error);
}

void
hub_sessions_put_state (HubSessions *self, HubSession *session, KarezTransaction *transaction,
                        const char *action, KarezState state, guint64 sequence, const char *reason,
                        gboolean tell_partner)
{
  const char *name = karez_state_name (state);

  karez_transaction_run (transaction, "session_state", "(ssxms)", session->id, name,
                         (gint64) sequence, reason);
  /* Nobody is in a session that is over. */
  if (hub_state_is_over (state))
    karez_transaction_run (transaction, "participants_leave", "(s)", session->id);
  karez_transaction_event (transaction, action, "session", session->id,
                           karez_json_object ("state", "s", name, "sequence", "i",
                                              (gint64) sequence, "reason", "s", reason, NULL));
  if (!tell_partner)
    return;
  karez_transaction_post (
      transaction, session->partner, KAREZ_LANE_AGENDA, HUB_SESSION_TOPIC_STATE,
      karez_json_object ("session", "s", session->id, "state", "s", name, "sequence", "i",
                         (gint64) sequence, "reason", "s", reason, "actor", "n",
                         karez_actor_to_json (karez_transaction_get_actor (transaction)), NULL));
}

/* What the engine's half of the worker says: "session.*". */
static void
keep_own (HubSessions *self, Keeping *keeping, JsonObject *body)
{
  HubSession *session = keeping->session;
  KarezActor *actor = keeping->actor ? keeping->actor : self->actor;
  g_autoptr (KarezTransaction) transaction = karez_store_begin (self->store, actor);
  KarezState state;

  karez_transaction_about (transaction, session->id, NULL);
  karez_transaction_recorded (transaction, &keeping->plain);
  if (body && karez_json_text (body, "state")
      && karez_state_from_name (karez_json_text (body, "state"), &state))
    {
      hub_sessions_put_state (self, session, transaction, keeping->plain.action, state,
                              karez_json_integer (body, "sequence", 0),
                              karez_json_text (body, "reason"), session->hosted);
      keeping->over = hub_state_is_over (state);
    }
  else
    karez_transaction_event (transaction, keeping->plain.action, "session", session->id,
                             keeping->plain.body ? json_node_ref (keeping->plain.body) : NULL);
  karez_transaction_commit_async (transaction, NULL, on_state_kept, keeping);
}

static void
keep (HubSessions *self, HubSession *session, HubSessionRecord *record)
{
  Keeping *keeping = g_new0 (Keeping, 1);
  JsonObject *object = json_node_get_object (record->node);
  JsonNode *body = json_object_get_member (object, "body");
  JsonNode *actor = json_object_get_member (object, "actor");
  const char *action = karez_json_text (object, "action");
  HubPlugin *plugin = hub_plugin_list_find_modality (self->plugins, session->modality);
  g_autoptr (GError) error = NULL;

  session->recording = TRUE;
  keeping->session = g_object_ref (session);
  keeping->record = record;
  keeping->actor = actor ? karez_actor_from_json (actor, NULL) : NULL;
  keeping->plain = (KarezRecord){
    session->id, self->hub, record->sequence, action, keeping->actor ? keeping->actor : self->actor,
    body
  };
  if (g_str_has_prefix (action, "session."))
    keep_own (self, keeping,
              body && JSON_NODE_HOLDS_OBJECT (body) ? json_node_get_object (body) : NULL);
  else if (!plugin)
    {
      karez_error_set (&error, KAREZ_ERROR_UNAVAILABLE, "session/modality", NULL,
                       N_ ("No plugin of this hub offers “%s” now."), session->modality);
      fail (self, keeping, error);
    }
  else if (!hub_plugin_get_control (plugin))
    {
      karez_error_set (&error, KAREZ_ERROR_INVALID, "session/record", NULL,
                       N_ ("The plugin “%s” has no control half that keeps records."),
                       hub_plugin_get_id (plugin));
      put_aside (self, keeping, error);
    }
  else
    hub_runner_record_async (hub_plugin_get_runner (plugin), hub_plugin_get_control (plugin),
                             &keeping->plain, NULL, on_plugin_kept, keeping);
}

static void
keep_next (HubSessions *self, HubSession *session)
{
  HubSessionRecord *record = NULL;

  if (session->recording || session->record_source || self->stopped)
    return;
  record = g_queue_pop_head (&session->records);
  if (record)
    keep (self, session, record);
}

void
hub_sessions_take_record (HubSessions *self, HubSession *session, guint64 sequence, JsonNode *node)
{
  JsonObject *object = JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
  HubSessionRecord *record = NULL;

  /* The worker sends again what is not acknowledged on each connection, in order. */
  if (!object || !karez_json_text (object, "action") || sequence <= session->queued)
    return;
  if (g_queue_get_length (&session->records) >= MAX_QUEUE)
    {
      hub_warning ("sessions", session->id, "The worker sends faster than records can be kept.");
      return;
    }
  record = g_rc_box_new0 (HubSessionRecord);
  record->sequence = sequence;
  record->node = json_node_ref (node);
  session->queued = sequence;
  g_queue_push_tail (&session->records, record);
  keep_next (self, session);
}

/* What was done and must be on record. */

typedef struct
{
  HubSession *session;
  KarezTransaction *given;
  HubSessionsFill fill;
  gpointer data;
  GDestroyNotify destroy;
  gboolean warned;
} Recording;

static void
recording_free (gpointer data)
{
  Recording *recording = data;

  if (recording->destroy)
    recording->destroy (recording->data);
  g_clear_object (&recording->given);
  g_object_unref (recording->session);
  g_free (recording);
}

static void try_recording (GTask *task, gboolean first);

static gboolean
on_recording_due (gpointer data)
{
  GTask *task = data;
  Recording *recording = g_task_get_task_data (task);

  if (g_object_get_data (G_OBJECT (recording->session), "sessions"))
    try_recording (task, FALSE);
  else
    g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CANCELLED,
                             "the session is over, or the hub ends");
  return G_SOURCE_REMOVE;
}

static void
on_recording_done (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Recording *recording = g_task_get_task_data (task);
  GError *error = NULL;

  if (karez_transaction_commit_finish (KAREZ_TRANSACTION (source), result, &error))
    {
      g_task_return_boolean (task, TRUE);
      return;
    }
  if (!recording->warned || !may_help_later (error))
    hub_warning ("sessions", recording->session->id, "What was done is not recorded yet: %s",
                 error->message);
  recording->warned = TRUE;
  if (!may_help_later (error))
    {
      g_task_return_error (task, error);
      return;
    }
  g_error_free (error);
  g_timeout_add_full (G_PRIORITY_DEFAULT, RETRY_MS, on_recording_due, g_steal_pointer (&task),
                      g_object_unref);
}

static void
try_recording (GTask *task, gboolean first)
{
  HubSessions *self = g_task_get_source_object (task);
  Recording *recording = g_task_get_task_data (task);
  const char *digest = NULL;
  const char *request = recording->given ? karez_transaction_get_request (recording->given, &digest)
                                         : NULL;
  KarezActor *actor = recording->given ? karez_transaction_get_actor (recording->given)
                                       : self->actor;
  g_autoptr (KarezTransaction) transaction = first && recording->given
                                                 ? g_object_ref (recording->given)
                                                 : karez_store_begin (self->store, actor);

  /* Whether the try before this one was committed may not be known. */
  if (!first && request)
    karez_transaction_set_request (transaction, request, digest);
  recording->fill (recording->session, transaction, recording->data);
  karez_transaction_commit_async (transaction, NULL, on_recording_done, g_object_ref (task));
}

void
hub_sessions_record_async (HubSessions *self, HubSession *session, KarezTransaction *given,
                           HubSessionsFill fill, gpointer data, GDestroyNotify destroy,
                           GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, user_data);
  Recording *recording = g_new0 (Recording, 1);

  g_task_set_source_tag (task, hub_sessions_record_async);
  recording->session = g_object_ref (session);
  recording->given = given ? g_object_ref (given) : NULL;
  recording->fill = fill;
  recording->data = data;
  recording->destroy = destroy;
  g_task_set_task_data (task, recording, recording_free);
  try_recording (task, TRUE);
}

gboolean
hub_sessions_record_finish (HubSessions *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, hub_sessions_record_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
