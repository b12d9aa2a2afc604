/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two hospitals with a database each, and messages that the test carries. */
#include "agenda-fixture.h"

#include "hub-clock.h"
#include "hub-id.h"

#include <string.h>

/* ── peers in memory ────────────────────────────────────────────────────────────────────────── */

typedef struct
{
  gpointer func, data;
  GDestroyNotify destroy;
} Handler;

struct _TestPeers
{
  GObject parent_instance;
  Hub *own, *other;
  gboolean up;
  GHashTable *posts, *feeds;
  KarezFeedFunc feed; /* instead of the other hub's */
  gpointer feed_data;
};

static void test_peers_iface_init (KarezPeersInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (TestPeers, test_peers, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (KAREZ_TYPE_PEERS, test_peers_iface_init))

static void
handler_free (gpointer data)
{
  Handler *handler = data;

  if (handler->destroy != NULL)
    handler->destroy (handler->data);
  g_free (handler);
}

static void
test_peers_finalize (GObject *object)
{
  TestPeers *self = TEST_PEERS (object);

  g_hash_table_unref (self->posts);
  g_hash_table_unref (self->feeds);
  G_OBJECT_CLASS (test_peers_parent_class)->finalize (object);
}

static void
test_peers_class_init (TestPeersClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = test_peers_finalize;
}

static void
test_peers_init (TestPeers *self)
{
  self->posts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, handler_free);
  self->feeds = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, handler_free);
}

static gboolean
keep (GHashTable *table, const char *name, gpointer func, gpointer data, GDestroyNotify destroy)
{
  Handler *handler = g_new0 (Handler, 1);

  handler->func = func;
  handler->data = data;
  handler->destroy = destroy;
  return g_hash_table_insert (table, g_strdup (name), handler);
}

static gboolean
test_peers_handle_post (KarezPeers *peers, const char *topic, KarezPostFunc func, gpointer data,
                        GDestroyNotify destroy, GError **error)
{
  return keep (TEST_PEERS (peers)->posts, topic, func, data, destroy);
}

static gboolean
test_peers_serve_feed (KarezPeers *peers, const char *feed, KarezFeedFunc func, gpointer data,
                       GDestroyNotify destroy, GError **error)
{
  return keep (TEST_PEERS (peers)->feeds, feed, func, data, destroy);
}

static void
on_pulled (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;
  JsonNode *page = g_task_propagate_pointer (G_TASK (result), &error);

  if (page != NULL)
    g_task_return_pointer (task, page, (GDestroyNotify) json_node_unref);
  else
    g_task_return_error (task, error);
}

static void
test_peers_pull_async (KarezPeers *peers, const char *peer, const char *feed, const char *cursor,
                       guint limit, GCancellable *cancellable, GAsyncReadyCallback callback,
                       gpointer data)
{
  TestPeers *self = TEST_PEERS (peers);
  GTask *task = g_task_new (self, cancellable, callback, data);
  Handler *handler = g_hash_table_lookup (self->other->peers->feeds, feed);

  g_assert_cmpstr (peer, ==, self->other->id);
  g_assert_nonnull (handler);
  if (self->feed != NULL)
    {
      self->feed (self->own->id, cursor, limit, g_task_new (NULL, NULL, on_pulled, task),
                  self->feed_data);
      return;
    }
  ((KarezFeedFunc) handler->func) (self->own->id, cursor, limit,
                                   g_task_new (NULL, NULL, on_pulled, task), handler->data);
}

static JsonNode *
test_peers_pull_finish (KarezPeers *peers, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static JsonNode *
test_peers_list (KarezPeers *peers)
{
  TestPeers *self = TEST_PEERS (peers);
  JsonNode *node = json_node_new (JSON_NODE_ARRAY);

  json_node_take_array (node, json_array_new ());
  json_array_add_element (json_node_get_array (node),
                          karez_json_object ("id", "s", self->other->id, "names", "n",
                                             karez_json_object ("en", "s", self->other->name, NULL),
                                             "state", "s", self->up ? "up" : "down", NULL));
  return node;
}

static void
test_peers_iface_init (KarezPeersInterface *iface)
{
  iface->handle_post = test_peers_handle_post;
  iface->serve_feed = test_peers_serve_feed;
  iface->pull_async = test_peers_pull_async;
  iface->pull_finish = test_peers_pull_finish;
  iface->list = test_peers_list;
}

void
peers_set_feed (Hub *hub, KarezFeedFunc func, gpointer data)
{
  hub->peers->feed = func;
  hub->peers->feed_data = data;
}

void
peers_set_up (Hub *hub, Hub *other, gboolean up)
{
  hub->peers->up = up;
  g_signal_emit_by_name (hub->peers, "changed", other->id);
}

/* ── hubs ───────────────────────────────────────────────────────────────────────────────────── */

static void
on_result (GObject *source, GAsyncResult *result, gpointer data)
{
  *(GAsyncResult **) data = g_object_ref (result);
}

static GAsyncResult *
wait_for (GAsyncResult **result)
{
  while (*result == NULL)
    g_main_context_iteration (NULL, TRUE);
  return *result;
}

static void
check_modality (JsonNode *booking, GTask *task, gpointer data)
{
  const char *modality = karez_json_text (json_node_get_object (booking), "modality");

  if (g_str_equal (modality, "shared-note"))
    g_task_return_pointer (task, g_strdup ("requester"), g_free);
  else
    g_task_return_error (task, karez_error_new (KAREZ_ERROR_INVALID, "agenda/modality",
                                                "shared-note", "No plugin offers this"));
  g_object_unref (task);
}

static void
on_changed (KarezAgenda *agenda, const char *booking, gpointer data)
{
  g_assert_true (hub_id_is_valid (booking));
  ((Hub *) data)->n_changed++;
}

static void
hub_open (Hub *hub, const char *variable)
{
  const char *roles[] = { "desk", NULL };
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *desk = g_strconcat ("Desk of ", hub->name, NULL);
  g_autofree char *sql = NULL;

  hub->connection = g_strdup (g_getenv (variable));
  g_assert_nonnull (hub->connection);
  hub->store = hub_store_new (hub->connection, 6, 500);
  hub_agenda_add_schema (hub->store);
  hub_store_open_async (hub->store, NULL, on_result, &result);
  hub_store_open_finish (hub->store, wait_for (&result), &error);
  g_assert_no_error (error);
  hub->pg = PQconnectdb (hub->connection);
  g_assert_cmpint (PQstatus (hub->pg), ==, CONNECTION_OK);
  sql = g_strdup_printf ("insert into karez.hub (id, names) values ('%s', '{\"en\": \"%s\"}')",
                         hub->id, hub->name);
  hub_sql (hub, sql);
  hub->desk = karez_actor_new (KAREZ_ACTOR_PERSON, hub->id, desk, roles, "127.0.0.1", NULL);
}

static void
hub_start (Hub *hub, Hub *other)
{
  hub->peers = g_object_new (TEST_TYPE_PEERS, NULL);
  hub->peers->own = hub;
  hub->peers->other = other;
  hub->agenda = hub_agenda_new (hub->store, KAREZ_PEERS (hub->peers), NULL, hub->id);
  hub_agenda_set_modality_check (hub->agenda, check_modality, NULL);
  g_signal_connect (hub->agenda, "changed", G_CALLBACK (on_changed), hub);
}

static void
hub_close (Hub *hub)
{
  g_clear_object (&hub->agenda);
  g_clear_object (&hub->peers);
  hub_store_close (hub->store);
  g_clear_object (&hub->store);
  g_clear_pointer (&hub->desk, karez_actor_unref);
  PQfinish (hub->pg);
  g_free (hub->connection);
}

static Pair *the_pair;

Pair *
pair_get (void)
{
  if (the_pair != NULL)
    return the_pair;
  the_pair = g_new0 (Pair, 1);
  the_pair->a.id = HUB_A;
  the_pair->a.name = "Aral";
  the_pair->b.id = HUB_B;
  the_pair->b.name = "Hangzhou";
  hub_open (&the_pair->a, "KAREZ_TEST_DATABASE");
  hub_open (&the_pair->b, "KAREZ_TEST_DATABASE_2");
  hub_start (&the_pair->a, &the_pair->b);
  hub_start (&the_pair->b, &the_pair->a);
  return the_pair;
}

void
pair_free (void)
{
  if (the_pair == NULL)
    return;
  hub_close (&the_pair->a);
  hub_close (&the_pair->b);
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  g_clear_pointer (&the_pair, g_free);
}

/* ── acts, one after the other ──────────────────────────────────────────────────────────────── */

void
outcome_clear (Outcome *outcome)
{
  g_clear_pointer (&outcome->body, json_node_unref);
  g_clear_error (&outcome->error);
}

JsonNode *
booking_body (const char *id, const char *partner, gint64 starts_at, gint64 ends_at, ...)
{
  g_autofree char *start = hub_time_format (starts_at);
  g_autofree char *end = hub_time_format (ends_at);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) resources = NULL;
  const char *resource;
  va_list args;

  va_start (args, ends_at);
  while ((resource = va_arg (args, const char *)) != NULL)
    g_strv_builder_add (builder, resource);
  va_end (args);
  resources = g_strv_builder_end (builder);
  return karez_json_object ("id", "s", id, "modality", "s", "shared-note", "title", "s",
                            "Second opinion", "reason", "s", "Chest pain", "urgency", "s", "T2",
                            "partner", "s", partner, "starts_at", "s", start, "ends_at", "s", end,
                            "resources", "as", resources, NULL);
}

Outcome
hub_request (Hub *hub, JsonNode *body, const char *request_id)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GObject) source = NULL;
  g_autoptr (JsonNode) owned = body;
  g_autofree char *text = karez_json_print (body);
  g_autofree char *digest = g_compute_checksum_for_string (G_CHECKSUM_SHA256, text, -1);
  g_autoptr (KarezTransaction)
      transaction = karez_store_begin (hub_store_get_scope (hub->store, "agenda"), hub->desk);
  Outcome outcome = { 0 };

  if (request_id != NULL)
    karez_transaction_set_request (transaction, request_id, digest);
  hub_booking_request_async (hub->agenda, transaction, body, NULL, on_result, &result);
  wait_for (&result);
  source = g_async_result_get_source_object (result);
  outcome.body = hub_booking_change_finish (HUB_BOOKING_CHANGE (source), result, &outcome.error);
  g_assert_true ((outcome.body == NULL) == (outcome.error != NULL));
  outcome.repeated = karez_transaction_is_repeated (transaction);
  return outcome;
}

Outcome
hub_act (Hub *hub, HubAct act, const char *booking, const char *const *resources,
         const char *answer)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GObject) source = NULL;
  g_autoptr (KarezTransaction)
      transaction = karez_store_begin (hub_store_get_scope (hub->store, "agenda"), hub->desk);
  Outcome outcome = { 0 };

  hub_booking_act_async (hub->agenda, transaction, act, booking, resources, answer, NULL, on_result,
                         &result);
  wait_for (&result);
  source = g_async_result_get_source_object (result);
  outcome.body = hub_booking_change_finish (HUB_BOOKING_CHANGE (source), result, &outcome.error);
  g_assert_true ((outcome.body == NULL) == (outcome.error != NULL));
  return outcome;
}

gboolean
hub_complete (Hub *hub, const char *booking, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  hub_agenda_complete_async (hub->agenda, booking, hub->desk, NULL, on_result, &result);
  return hub_agenda_complete_finish (hub->agenda, wait_for (&result), error);
}

char *
hub_add_resource (Hub *hub, const char *kind, const char *name)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autofree char *id = hub_id_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) body = karez_json_object ("id", "s", id, "kind", "s", kind, "names", "n",
                                                 karez_json_object ("en", "s", name, NULL), NULL);
  g_autoptr (KarezTransaction)
      transaction = karez_store_begin (hub_store_get_scope (hub->store, "agenda"), hub->desk);
  char *made;

  hub_agenda_add_resource_async (hub->agenda, transaction, body, NULL, on_result, &result);
  made = hub_agenda_add_resource_finish (hub->agenda, wait_for (&result), &error);
  g_assert_no_error (error);
  return made;
}

JsonNode *
hub_booking (Hub *hub, const char *id)
{
  g_autoptr (GAsyncResult) result = NULL;

  karez_agenda_get_booking_async (KAREZ_AGENDA (hub->agenda), id, NULL, on_result, &result);
  return karez_agenda_get_booking_finish (KAREZ_AGENDA (hub->agenda), wait_for (&result), NULL);
}

char *
hub_state (Hub *hub, const char *booking)
{
  g_autofree char *sql = g_strdup_printf ("select state from agenda.booking where id = '%s'",
                                          booking);

  return hub_ask (hub, sql);
}

/* ── messages ───────────────────────────────────────────────────────────────────────────────── */

gboolean
hub_receive (Hub *hub, const char *peer, const char *topic, JsonNode *body, int lane,
             gint64 sequence, GError **error)
{
  Handler *handler = g_hash_table_lookup (hub->peers->posts, topic);
  g_autoptr (KarezActor)
      actor = karez_actor_new (KAREZ_ACTOR_PEER, peer, "the peer", NULL, NULL, peer);
  g_autoptr (KarezMessage) message = karez_message_new (actor, topic, body, lane, sequence);
  g_autoptr (GAsyncResult) result = NULL;

  g_assert_nonnull (handler);
  ((KarezPostFunc) handler->func) (message, g_task_new (NULL, NULL, on_result, &result),
                                   handler->data);
  return g_task_propagate_boolean (G_TASK (wait_for (&result)), error);
}

gboolean
carry (Hub *from, Hub *to, int lane, gboolean forget)
{
  g_autofree char *sql = g_strdup_printf (
      "select sequence, topic, body from karez.outbox where peer = '%s' and lane = %d"
      " order by sequence limit 1",
      to->id, lane);
  g_autoptr (JsonNode) body = NULL;
  g_autoptr (GError) error = NULL;
  PGresult *row = PQexec (from->pg, sql);
  g_autofree char *sequence = NULL;
  g_autofree char *topic = NULL;
  gboolean applied;

  g_assert_cmpint (PQresultStatus (row), ==, PGRES_TUPLES_OK);
  if (PQntuples (row) == 0)
    {
      PQclear (row);
      return FALSE;
    }
  sequence = g_strdup (PQgetvalue (row, 0, 0));
  topic = g_strdup (PQgetvalue (row, 0, 1));
  body = json_from_string (PQgetvalue (row, 0, 2), NULL);
  PQclear (row);
  applied = hub_receive (to, from->id, topic, body, lane, g_ascii_strtoll (sequence, NULL, 10),
                         &error);
  if (!applied)
    g_test_message ("%s: %s", topic, error->message);
  g_assert_no_error (error);
  if (forget)
    {
      g_autofree char *away = g_strdup_printf (
          "delete from karez.outbox where peer = '%s' and lane = %d and sequence = %s", to->id,
          lane, sequence);

      hub_sql (from, away);
    }
  return TRUE;
}

void
carry_all (Pair *pair)
{
  gboolean more = TRUE;

  while (more)
    {
      more = FALSE;
      for (int lane = 0; lane < KAREZ_N_LANES; lane++)
        {
          more |= carry (&pair->a, &pair->b, lane, TRUE);
          more |= carry (&pair->b, &pair->a, lane, TRUE);
        }
    }
}

/* ── the database ───────────────────────────────────────────────────────────────────────────── */

char *
hub_ask (Hub *hub, const char *sql)
{
  PGresult *result = PQexec (hub->pg, sql);
  char *text;

  if (PQresultStatus (result) != PGRES_TUPLES_OK)
    g_error ("%s: %s", sql, PQerrorMessage (hub->pg));
  text = g_strdup (PQntuples (result) > 0 ? PQgetvalue (result, 0, 0) : "");
  PQclear (result);
  return text;
}

void
hub_sql (Hub *hub, const char *sql)
{
  PGresult *result = PQexec (hub->pg, sql);

  if (PQresultStatus (result) != PGRES_COMMAND_OK && PQresultStatus (result) != PGRES_TUPLES_OK)
    g_error ("%s: %s", sql, PQerrorMessage (hub->pg));
  PQclear (result);
}

void
wait_until (Hub *hub, const char *sql)
{
  gint64 deadline = g_get_monotonic_time () + 10 * G_TIME_SPAN_SECOND;

  while (g_get_monotonic_time () < deadline)
    {
      g_autofree char *answer = hub_ask (hub, sql);

      if (g_str_equal (answer, "t"))
        return;
      for (guint i = 0; i < 20; i++)
        g_main_context_iteration (NULL, FALSE);
      g_usleep (2000);
    }
  g_error ("after 10 s this was still not true: %s", sql);
}

void
assert_rule (const Outcome *outcome, KarezError code, const char *rule)
{
  g_assert_error (outcome->error, KAREZ_ERROR, (int) code);
  g_assert_cmpstr (karez_error_get_rule (outcome->error), ==, rule);
}
