/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One session at this hub: its parts, and what one of them means for the others. */
#include "hub-session.h"

#include "hub-catalogue.h"
#include "hub-log.h"
#include "hub-session-accept.h"
#include "hub-session-end.h"
#include "hub-session-join.h"
#include "hub-session-records.h"
#include "hub-session-start.h"
#include "hub-string.h"

#define TELL_MS 5000

struct _HubSession
{
  GObject parent_instance;

  HubSessionServices *services;
  HubSessionInfo *info;
  HubSessionWorker *worker;
  HubSessionRecords *records;
  HubSessionPeople *people;
  HubSessionExchange *exchange;
  char *partner_worker; /* what the partner's hub said of its own; NULL: nothing */
};

G_DEFINE_FINAL_TYPE (HubSession, hub_session, G_TYPE_OBJECT)

enum
{
  OVER,
  CLOSED,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

HubSessionInfo *
hub_session_get_info (HubSession *self)
{
  return self->info;
}

HubSessionWorker *
hub_session_get_worker (HubSession *self)
{
  return self->worker;
}

HubSessionPeople *
hub_session_get_people (HubSession *self)
{
  return self->people;
}

HubSessionExchange *
hub_session_get_exchange (HubSession *self)
{
  return self->exchange;
}

const char *
hub_session_get_id (HubSession *self)
{
  return hub_session_info_get_id (self->info);
}

KarezState
hub_session_get_state (HubSession *self)
{
  return hub_session_info_get_state (self->info);
}

JsonNode *
hub_session_find_takers (HubSession *self, gboolean theirs, GError **error)
{
  return hub_session_services_find_takers (
      self->services, hub_session_info_get_modality (self->info),
      hub_session_info_is_hosted (self->info) != theirs, error);
}

/* Telling others. */

JsonNode *
hub_session_to_json (HubSession *self, JsonNode *participants)
{
  HubSessionWorker *worker = self->worker;
  JsonNode *checks = hub_session_worker_get_checks (worker);
  JsonNode *link = hub_session_worker_get_link (worker);
  JsonNode *node = hub_session_info_to_json (self->info);
  JsonObject *object = json_node_get_object (node);

  if (participants != NULL)
    json_object_set_member (object, "participants", participants);
  if (checks != NULL)
    json_object_set_member (object, "checks", json_node_ref (checks));
  if (link != NULL)
    json_object_set_member (object, "link", json_node_ref (link));
  json_object_set_member (
      object, "worker",
      karez_json_object ("state", "s",
                         hub_worker_state_name (hub_session_worker_get_state (worker)),
                         "generation", "i", (gint64) hub_session_worker_get_generation (worker),
                         "partner", "s", self->partner_worker, NULL));
  return node;
}

/* {"type": "session", …} for pages. */
static JsonNode *
to_frame (HubSession *self)
{
  return karez_json_object ("type", "s", "session", "session", "s", hub_session_get_id (self),
                            "state", "s", karez_state_name (hub_session_get_state (self)),
                            "sequence", "i", (gint64) hub_session_info_get_sequence (self->info),
                            "worker", "s",
                            hub_worker_state_name (hub_session_worker_get_state (self->worker)),
                            "partner_worker", "s", self->partner_worker, NULL);
}

void
hub_session_tell_pages (HubSession *self)
{
  const HubPages *pages = self->services->pages;

  if (pages != NULL && !hub_session_info_is_closed (self->info))
    pages->broadcast (self->services->pages_data, "board.read", to_frame (self));
}

static void
on_partner_told (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autofree char *id = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) answer = karez_peers_call_finish (KAREZ_PEERS (source), result, &error);

  /* It is only news; the link and the next call say the same. */
  if (answer == NULL)
    hub_info ("sessions", id, "The partner could not be told at once: %s", error->message);
}

static void
tell_partner (HubSession *self, HubWorkerState worker)
{
  karez_peers_call_async (
      self->services->peers, hub_session_info_get_partner (self->info), HUB_SESSION_TOPIC_WORKER,
      karez_json_object ("session", "s", hub_session_get_id (self), "worker", "s",
                         hub_worker_state_name (worker), NULL),
      TELL_MS, self->services->cancellable, on_partner_told, g_strdup (hub_session_get_id (self)));
}

/* What the parts tell. */

static void
on_mirrored (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autofree char *id = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) answer = hub_worker_proxy_finish (HUB_WORKER_PROXY (source), result, &error);

  if (answer == NULL)
    hub_info ("sessions", id, "The mirror could not be told: %s", error->message);
}

/* At a mirror: what the host's hub said last; its worker may not have been there to hear it. */
static void
mirror_state (HubSession *self)
{
  HubWorkerProxy *proxy = hub_session_worker_get_running (self->worker, NULL);
  g_autoptr (JsonNode) state = NULL;

  if (proxy == NULL || hub_session_info_is_hosted (self->info))
    return;
  state = karez_json_object ("state", "s", karez_state_name (hub_session_get_state (self)),
                             "sequence", "i", (gint64) hub_session_info_get_sequence (self->info),
                             "reason", "s", hub_session_info_get_reason (self->info), NULL);
  hub_worker_proxy_mirror_async (proxy, state, NULL, on_mirrored,
                                 g_strdup (hub_session_get_id (self)));
}

static void
on_worker_changed (HubSession *self)
{
  HubWorkerState state = hub_session_worker_get_state (self->worker);

  hub_session_tell_pages (self);
  if (state == HUB_WORKER_RUNNING || state == HUB_WORKER_RESTARTING || state == HUB_WORKER_FAILED)
    tell_partner (self, state);
}

static void
on_worker_connected (HubSession *self, HubWorkerProxy *proxy)
{
  hub_session_records_forget (self->records);
  g_signal_connect_object (proxy, "record", G_CALLBACK (hub_session_records_take), self->records,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (proxy, "send", G_CALLBACK (hub_session_people_forward), self->people,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (proxy, "statistics", G_CALLBACK (hub_session_people_tell_statistics),
                           self->people, G_CONNECT_SWAPPED);
}

static void
on_restarted (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (HubSession) self = data;
  g_autoptr (GError) error = NULL;

  if (karez_transition_run_finish (KAREZ_TRANSITION (source), result, &error)
      || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED)
      || hub_session_info_is_closed (self->info))
    return;
  hub_warning ("sessions", hub_session_get_id (self), "The worker could not be restarted: %s",
               error->message);
  hub_session_worker_died (self->worker, error->message);
}

static void
on_worker_restart (HubSession *self)
{
  hub_session_start_async (self->services, self->info, self->worker, NULL, on_restarted,
                           g_object_ref (self));
}

static void
on_closed_recorded (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autofree char *id = data;
  g_autoptr (GError) error = NULL;

  /* Not closed now, it is looked at again when the hub starts next. */
  if (!karez_transaction_commit_finish (KAREZ_TRANSACTION (source), result, &error))
    hub_warning ("sessions", id, "The session could not be closed: %s", error->message);
}

/* Over, and no worker has anything left to tell. */
static void
close_over (HubSession *self)
{
  const char *id = hub_session_get_id (self);
  g_autoptr (KarezTransaction)
      transaction = karez_store_begin (self->services->store, self->services->actor);

  karez_transaction_about (transaction, id, NULL);
  karez_transaction_run (transaction, "session_close", "(s)", id);
  karez_transaction_event (transaction, "session.close", "session", id, NULL);
  karez_transaction_commit_async (transaction, NULL, on_closed_recorded, g_strdup (id));
  hub_session_info_close (self->info);
}

static void
on_worker_failed (HubSession *self)
{
  if (hub_session_info_is_hosted (self->info) && !hub_session_info_is_over (self->info))
    hub_session_end_lost_async (self->services, self->info, NULL, NULL);
}

static void
on_over (HubSession *self, KarezActor *actor)
{
  g_signal_emit (self, signals[OVER], 0, actor);
}

static void
on_gone (HubSession *self)
{
  g_autoptr (HubSession) alive = g_object_ref (self);

  hub_session_exchange_stop (self->exchange);
  hub_session_records_stop (self->records);
  hub_session_worker_stop (self->worker);
  g_signal_emit (self, signals[CLOSED], 0);
}

/* What others ask of it. */

void
hub_session_move (HubSession *self, const HubSessionStep *step, KarezActor *actor,
                  KarezTransaction *transaction, GAsyncReadyCallback callback, gpointer data)
{
  hub_session_move_async (self->services, self->info, self->worker, step, actor, transaction,
                          callback, data);
}

void
hub_session_stop (HubSession *self, const HubSessionStep *stop, GAsyncReadyCallback callback,
                  gpointer data)
{
  hub_session_move (self, stop, self->services->actor, NULL, callback, data);
}

void
hub_session_join (HubSession *self, const char *role, gboolean replace, const char *former,
                  KarezTransaction *transaction, GAsyncReadyCallback callback, gpointer data)
{
  hub_session_join_async (self->services, self->info, self->people, role, replace, former,
                          transaction, callback, data);
}

void
hub_session_accept (HubSession *self, KarezActor *actor, JsonObject *offer,
                    GAsyncReadyCallback callback, gpointer data)
{
  hub_session_accept_async (self->services, self->info, self->worker, self->exchange, actor, offer,
                            callback, data);
}

/* A page that asked to hold or end the session, by its connection. */
typedef struct
{
  HubSession *session;
  char *connection;
} Halt;

static void
on_halted (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autofree Halt *halt = data;
  g_autoptr (HubSession) self = halt->session;
  g_autofree char *connection = halt->connection;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) answer = hub_session_move_finish (HUB_SESSION_MOVE (source), result, &error);

  if (answer == NULL)
    hub_session_services_send_problem (self->services, connection, hub_session_get_id (self),
                                       error);
}

/* Who is in a session holds and ends it by the page's connection: nothing is asked of the database.
 */
static gboolean
halt_for_page (HubSession *self, const char *connection, KarezActor *actor, JsonObject *message,
               GError **error)
{
  HubSessionStep step = { .edge = karez_json_text (message, "type"),
                          .reason = karez_json_text (message, "reason") };
  Halt *halt = NULL;

  if (hub_session_people_find_page (self->people, connection) == NULL)
    return karez_error_set (error, KAREZ_ERROR_NOT_FOUND, "session/participant",
                            N_ ("a page that has joined"),
                            N_ ("This page has not joined the session."));
  halt = g_new0 (Halt, 1);
  halt->session = g_object_ref (self);
  halt->connection = g_strdup (connection);
  hub_session_move (self, &step, actor, NULL, on_halted, halt);
  return TRUE;
}

gboolean
hub_session_page (HubSession *self, const char *connection, KarezActor *actor, JsonObject *message,
                  GError **error)
{
  const char *type = karez_json_text (message, "type");
  JsonNode *body = json_object_get_member (message, "body");

  if (g_strcmp0 (type, "join") == 0)
    {
      if (!hub_session_people_bind (self->people, connection, actor,
                                    karez_json_text (message, "participant"), error))
        return FALSE;
      hub_session_services_send (self->services, connection, to_frame (self));
      return TRUE;
    }
  if (g_strcmp0 (type, "message") == 0 && body != NULL)
    return hub_session_people_pass (self->people, connection, body, error);
  if (hub_session_machine_is_away (type))
    return halt_for_page (self, connection, actor, message, error);
  if (g_strcmp0 (type, "leave") != 0)
    return karez_error_set (error, KAREZ_ERROR_INVALID, "session/message",
                            N_ ("join, message, leave, hold, panic or stop"),
                            N_ ("This is nothing that a page says."));
  hub_session_people_unbind (self->people, connection);
  return TRUE;
}

/* From the partner. */

void
hub_session_take_partner_worker (HubSession *self, const char *worker)
{
  hub_set_string (&self->partner_worker, worker);
  hub_session_tell_pages (self);
}

void
hub_session_follow (HubSession *self, JsonNode *state, KarezActor *actor)
{
  HubWorkerProxy *proxy = hub_session_worker_get_running (self->worker, NULL);
  HubWorkerState worker;

  if (proxy != NULL)
    hub_worker_proxy_mirror_async (proxy, state, NULL, on_mirrored,
                                   g_strdup (hub_session_get_id (self)));
  hub_session_info_take (self->info, state);
  if (!hub_session_info_is_over (self->info))
    return;
  hub_session_info_tell_over (self->info, actor);
  worker = hub_session_worker_get_state (self->worker);
  if (worker == HUB_WORKER_NONE || worker == HUB_WORKER_FAILED)
    close_over (self);
}

static void
on_abandoned (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (HubSession) self = data;
  g_autoptr (GError) error = NULL;

  if (!karez_transaction_commit_finish (KAREZ_TRANSACTION (source), result, &error))
    hub_warning ("sessions", hub_session_get_id (self), "The end could not be recorded: %s",
                 error->message);
  /* Its end is seen as any worker's: what it had not told yet is read from its spool. */
  if (!hub_session_info_is_closed (self->info)
      && hub_session_worker_get_proxy (self->worker) != NULL)
    hub_supervisor_kill (self->services->supervisor, hub_session_get_id (self));
}

static void
on_held (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autofree char *id = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) answer = hub_worker_proxy_finish (HUB_WORKER_PROXY (source), result, &error);

  if (answer == NULL)
    hub_warning ("sessions", id, "The worker could not hold before its end: %s", error->message);
}

void
hub_session_abandon (HubSession *self, const char *reason)
{
  HubSessionInfo *info = self->info;
  HubWorkerProxy *proxy = hub_session_worker_get_proxy (self->worker);
  KarezActor *actor = self->services->actor;
  g_autoptr (KarezTransaction) transaction = karez_store_begin (self->services->store, actor);

  /* Away from risk first: what this side drives comes to rest before its process ends. */
  if (proxy != NULL)
    hub_worker_proxy_move_async (proxy, "panic", reason, actor, 0, 0, on_held,
                                 g_strdup (hub_session_get_id (self)));
  karez_transaction_about (transaction, hub_session_get_id (self), NULL);
  hub_session_info_take_state (info, KAREZ_STATE_ENDED, hub_session_info_get_sequence (info) + 1,
                               reason);
  hub_session_info_put_state (info, transaction, "session.end", KAREZ_STATE_ENDED,
                              hub_session_info_get_sequence (info), reason, FALSE);
  karez_transaction_commit_async (transaction, NULL, on_abandoned, g_object_ref (self));
}

void
hub_session_leave_alone (HubSession *self)
{
  hub_session_info_close (self->info);
}

HubSession *
hub_session_new (HubSessionServices *services, HubSessionInfo *info, guint32 generation)
{
  HubSession *self = g_object_new (HUB_TYPE_SESSION, NULL);

  self->services = hub_session_services_ref (services);
  self->info = g_object_ref (info);
  self->worker = hub_session_worker_new (services, info, generation);
  self->records = hub_session_records_new (services, info);
  self->people = hub_session_people_new (services, info, self->worker);
  self->exchange = hub_session_exchange_new (services, info, self->worker);
  g_object_connect (info, "swapped-object-signal::changed", hub_session_tell_pages, self,
                    "swapped-object-signal::over", on_over, self, "swapped-object-signal::gone",
                    on_gone, self, NULL);
  g_object_connect (self->worker, "swapped-object-signal::changed", on_worker_changed, self,
                    "swapped-object-signal::connected", on_worker_connected, self,
                    "swapped-object-signal::running", mirror_state, self,
                    "swapped-object-signal::running", hub_session_people_rejoin, self->people,
                    "swapped-object-signal::running", hub_session_exchange_begin, self->exchange,
                    "swapped-object-signal::lost", hub_session_exchange_stop, self->exchange,
                    "swapped-object-signal::restart", on_worker_restart, self,
                    "swapped-object-signal::finished", close_over, self,
                    "swapped-object-signal::failed", on_worker_failed, self,
                    "swapped-object-signal::news", hub_session_tell_pages, self, NULL);
  g_signal_connect_object (self->records, "dead-letter",
                           G_CALLBACK (hub_session_people_tell_dead_letter), self->people,
                           G_CONNECT_SWAPPED);
  return self;
}

static void
hub_session_finalize (GObject *object)
{
  HubSession *self = HUB_SESSION (object);

  g_clear_object (&self->exchange);
  g_clear_object (&self->people);
  g_clear_object (&self->records);
  g_clear_object (&self->worker);
  g_clear_object (&self->info);
  g_free (self->partner_worker);
  g_clear_pointer (&self->services, hub_session_services_unref);

  G_OBJECT_CLASS (hub_session_parent_class)->finalize (object);
}

static void
hub_session_class_init (HubSessionClass *klass)
{
  GType type = HUB_TYPE_SESSION;

  G_OBJECT_CLASS (klass)->finalize = hub_session_finalize;

  signals[OVER] = g_signal_new ("over", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE,
                                1, KAREZ_TYPE_ACTOR);
  signals[CLOSED] = g_signal_new ("closed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                  G_TYPE_NONE, 0);
}

static void
hub_session_init (HubSession *self)
{
}
