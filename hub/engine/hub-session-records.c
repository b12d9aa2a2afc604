/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a session's worker wants kept: queued, kept, acknowledged, or dead letters. */
#include "hub-session-records.h"

#include "hub-catalogue.h"
#include "hub-log.h"
#include "hub-session-consents.h"
#include "hub-session-dead-letters.h"
#include "hub-session-recording.h"

#define RETRY_MS 500
#define MAX_QUEUE 1000

/* One record that waits to be kept. */
typedef struct
{
  guint64 sequence;
  JsonNode *node;
  KarezActor *actor; /* NULL: of the hub itself */
  gboolean over;     /* it says that the session is over */
} Record;

struct _HubSessionRecords
{
  GObject parent_instance;

  HubSessionServices *services;
  HubSessionInfo *info;
  GQueue queue;      /* Record */
  Record *keeping;   /* the one under way */
  KarezRecord plain; /* points into it */
  guint retry_source;
  guint64 queued; /* the highest record in the queue or acknowledged */
};

G_DEFINE_FINAL_TYPE (HubSessionRecords, hub_session_records, G_TYPE_OBJECT)

enum
{
  DEAD_LETTER,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

static void keep_next (HubSessionRecords *self);

static void
record_free (gpointer data)
{
  Record *record = data;

  json_node_unref (record->node);
  g_clear_pointer (&record->actor, karez_actor_unref);
  g_free (record);
}

static KarezActor *
actor_of (HubSessionRecords *self, Record *record)
{
  return record->actor != NULL ? record->actor : self->services->actor;
}

static gboolean
on_retry (gpointer data)
{
  HubSessionRecords *self = data;

  self->retry_source = 0;
  keep_next (self);
  return G_SOURCE_REMOVE;
}

static void
acknowledge (HubSessionRecords *self)
{
  Record *record = g_steal_pointer (&self->keeping);
  HubWorkerProxy *proxy = hub_supervisor_get_worker (self->services->supervisor,
                                                     hub_session_info_get_id (self->info));

  if (proxy != NULL)
    hub_worker_proxy_recorded (proxy, record->sequence);
  record_free (record);
  keep_next (self);
}

/* Not acknowledged, so the worker keeps it as well. */
static void
try_later (HubSessionRecords *self)
{
  g_queue_push_head (&self->queue, g_steal_pointer (&self->keeping));
  if (self->retry_source == 0 && !hub_session_info_is_closed (self->info))
    self->retry_source = g_timeout_add (RETRY_MS, on_retry, self);
}

static void
on_dead_letter_told (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (HubSessionRecords) self = data;

  if (hub_session_info_is_closed (self->info))
    return;
  if (karez_audit_append_finish (KAREZ_AUDIT (source), result, NULL))
    acknowledge (self);
  else
    try_later (self);
}

/* A record that nobody can keep must not stop those behind it, and must not be lost either. */
static void
add_dead_letter (HubSessionRecords *self, const GError *error)
{
  const char *id = hub_session_info_get_id (self->info);
  Record *record = self->keeping;
  g_autoptr (GError) local = NULL;
  g_autofree char *path = hub_session_dead_letters_keep (
      self->services->supervisor, self->info, record->sequence, record->node, error, &local);

  hub_warning ("sessions", id, "Record %" G_GUINT64_FORMAT " is the dead letter %s: %s",
               record->sequence, path != NULL ? path : local->message, error->message);
  if (path == NULL)
    {
      try_later (self);
      return;
    }
  g_signal_emit (self, signals[DEAD_LETTER], 0, error);
  karez_audit_append_async (self->services->audit, actor_of (self, record), "record.dead-letter",
                            KAREZ_OUTCOME_FAILED, id, NULL,
                            karez_json_object ("sequence", "i", (gint64) record->sequence, "reason",
                                               "s", error->message, NULL),
                            NULL, on_dead_letter_told, g_object_ref (self));
}

static void
fail (HubSessionRecords *self, const GError *error)
{
  if (hub_session_may_help_later (error))
    try_later (self);
  else
    add_dead_letter (self, error);
}

static void
settle (HubSessionRecords *self, gboolean done, const GError *error)
{
  if (hub_session_info_is_closed (self->info))
    return;
  if (done)
    acknowledge (self);
  else
    fail (self, error);
}

static void
on_plugin_kept (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (HubSessionRecords) self = data;
  g_autoptr (GError) error = NULL;
  gboolean done = hub_runner_finish (HUB_RUNNER (source), result, &error);

  settle (self, done, error);
}

static void
on_consent_kept (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (HubSessionRecords) self = data;
  g_autoptr (GError) error = NULL;
  gboolean done = hub_session_consents_keep_finish (KAREZ_STORE (source), result, &error);

  settle (self, done, error);
}

static void
on_state_kept (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (HubSessionRecords) self = data;
  g_autoptr (GError) error = NULL;
  gboolean done = karez_transaction_commit_finish (KAREZ_TRANSACTION (source), result, &error);

  if (hub_session_info_is_closed (self->info))
    return;
  if (!done)
    {
      fail (self, error);
      return;
    }
  if (self->keeping->over)
    hub_session_info_tell_over (self->info, actor_of (self, self->keeping));
  acknowledge (self);
}

/* What the engine's half of the worker says: "session.*". */
static void
keep_own (HubSessionRecords *self)
{
  const KarezRecord *plain = &self->plain;
  g_autoptr (KarezTransaction)
      transaction = karez_store_begin (self->services->store, plain->actor);
  JsonObject *body = plain->body != NULL && JSON_NODE_HOLDS_OBJECT (plain->body)
                         ? json_node_get_object (plain->body)
                         : NULL;
  KarezState state;

  karez_transaction_about (transaction, plain->session, NULL);
  karez_transaction_recorded (transaction, plain);
  if (body != NULL && karez_json_text (body, "state") != NULL
      && karez_state_from_name (karez_json_text (body, "state"), &state))
    {
      hub_session_info_put_state (
          self->info, transaction, plain->action, state, karez_json_integer (body, "sequence", 0),
          karez_json_text (body, "reason"), hub_session_info_is_hosted (self->info));
      self->keeping->over = hub_state_is_over (state);
    }
  else
    karez_transaction_event (transaction, plain->action, "session", plain->session,
                             plain->body != NULL ? json_node_ref (plain->body) : NULL);
  karez_transaction_commit_async (transaction, NULL, on_state_kept, g_object_ref (self));
}

static void
keep (HubSessionRecords *self)
{
  Record *record = self->keeping;
  JsonObject *object = json_node_get_object (record->node);
  HubPlugin *plugin = NULL;
  g_autoptr (GError) error = NULL;

  self->plain = (KarezRecord){ hub_session_info_get_id (self->info),
                               self->services->hub,
                               record->sequence,
                               karez_json_text (object, "action"),
                               actor_of (self, record),
                               json_object_get_member (object, "body") };
  if (g_str_has_prefix (self->plain.action, "session."))
    {
      keep_own (self);
      return;
    }
  if (hub_session_consents_is (self->plain.action))
    {
      hub_session_consents_keep_async (self->services, &self->plain, on_consent_kept,
                                       g_object_ref (self));
      return;
    }
  plugin = hub_session_services_find_plugin (self->services,
                                             hub_session_info_get_modality (self->info), &error);
  if (plugin == NULL)
    fail (self, error);
  else if (hub_plugin_get_control (plugin) == NULL)
    {
      karez_error_set (&error, KAREZ_ERROR_INVALID, "session/record", NULL,
                       N_ ("The plugin “%s” has no control half that keeps records."),
                       hub_plugin_get_id (plugin));
      add_dead_letter (self, error);
    }
  else
    hub_runner_record_async (hub_plugin_get_runner (plugin), hub_plugin_get_control (plugin),
                             &self->plain, NULL, on_plugin_kept, g_object_ref (self));
}

static void
keep_next (HubSessionRecords *self)
{
  if (self->keeping != NULL || self->retry_source != 0 || hub_session_info_is_closed (self->info))
    return;
  self->keeping = g_queue_pop_head (&self->queue);
  if (self->keeping != NULL)
    keep (self);
}

void
hub_session_records_take (HubSessionRecords *self, guint64 sequence, JsonNode *node)
{
  JsonObject *object = JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
  JsonNode *actor = NULL;
  Record *record = NULL;

  /* The worker sends again what is not acknowledged on each connection, in order. */
  if (object == NULL || karez_json_text (object, "action") == NULL || sequence <= self->queued)
    return;
  if (g_queue_get_length (&self->queue) >= MAX_QUEUE)
    {
      hub_warning ("sessions", hub_session_info_get_id (self->info),
                   "The worker sends faster than records can be kept.");
      return;
    }
  actor = json_object_get_member (object, "actor");
  record = g_new0 (Record, 1);
  record->sequence = sequence;
  record->node = json_node_ref (node);
  record->actor = actor != NULL ? karez_actor_from_json (actor, NULL) : NULL;
  self->queued = sequence;
  g_queue_push_tail (&self->queue, record);
  keep_next (self);
}

void
hub_session_records_forget (HubSessionRecords *self)
{
  g_queue_clear_full (&self->queue, record_free);
  self->queued = 0;
}

void
hub_session_records_stop (HubSessionRecords *self)
{
  g_clear_handle_id (&self->retry_source, g_source_remove);
}

HubSessionRecords *
hub_session_records_new (HubSessionServices *services, HubSessionInfo *info)
{
  HubSessionRecords *self = g_object_new (HUB_TYPE_SESSION_RECORDS, NULL);

  self->services = hub_session_services_ref (services);
  self->info = g_object_ref (info);
  return self;
}

static void
hub_session_records_finalize (GObject *object)
{
  HubSessionRecords *self = HUB_SESSION_RECORDS (object);

  hub_session_records_stop (self);
  g_queue_clear_full (&self->queue, record_free);
  g_clear_pointer (&self->keeping, record_free);
  g_clear_object (&self->info);
  g_clear_pointer (&self->services, hub_session_services_unref);

  G_OBJECT_CLASS (hub_session_records_parent_class)->finalize (object);
}

static void
hub_session_records_class_init (HubSessionRecordsClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = hub_session_records_finalize;

  signals[DEAD_LETTER] = g_signal_new ("dead-letter", HUB_TYPE_SESSION_RECORDS, G_SIGNAL_RUN_LAST,
                                       0, NULL, NULL, NULL, G_TYPE_NONE, 1,
                                       G_TYPE_ERROR | G_SIGNAL_TYPE_STATIC_SCOPE);
}

static void
hub_session_records_init (HubSessionRecords *self)
{
  g_queue_init (&self->queue);
}
