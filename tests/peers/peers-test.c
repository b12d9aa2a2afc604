/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hubs of a test: database, key and port each. */
#include "peers-test.h"

#include "hub-id.h"
#include "ward-sql.h"

#include <glib/gstdio.h>
#include <string.h>

static gboolean
on_turn (gpointer data)
{
  *(gboolean *) data = TRUE;
  return G_SOURCE_REMOVE;
}

void
test_run_for (guint ms)
{
  gboolean over = FALSE;

  g_timeout_add (ms, on_turn, &over);
  while (!over)
    g_main_context_iteration (NULL, TRUE);
}

void
test_turn (void)
{
  test_run_for (5);
}

void
test_keep (GObject *source, GAsyncResult *result, gpointer data)
{
  *(GAsyncResult **) data = g_object_ref (result);
}

/* Hubs */

static char *
ask_text (PGconn *pg, const char *sql)
{
  PGresult *result = PQexec (pg, sql);
  char *answer;

  if (PQresultStatus (result) != PGRES_TUPLES_OK && PQresultStatus (result) != PGRES_COMMAND_OK)
    g_error ("%s: %s", sql, PQerrorMessage (pg));
  answer = g_strdup (PQntuples (result) > 0 ? PQgetvalue (result, 0, 0) : "");
  PQclear (result);
  return answer;
}

char *
test_ask (TestHub *self, const char *format, ...)
{
  g_autofree char *sql = NULL;
  va_list arguments;

  va_start (arguments, format);
  sql = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  return ask_text (self->pg, sql);
}

gint64
test_number (TestHub *self, const char *format, ...)
{
  g_autofree char *sql = NULL;
  g_autofree char *answer = NULL;
  va_list arguments;

  va_start (arguments, format);
  sql = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  answer = ask_text (self->pg, sql);
  return g_ascii_strtoll (answer, NULL, 10);
}

gint64
test_events (TestHub *self, const char *action)
{
  return test_number (self, "select count(*) from karez.event where action = '%s'", action);
}

void
test_hub_start (TestHub *self, guint16 port)
{
  g_autoptr (JsonNode) names = karez_json_object (
      "en", "s", self->database + strlen (self->database) - 4, "zh_CN", "s", "医院", NULL);
  g_autoptr (GAsyncResult) opened = NULL;
  g_autoptr (GAsyncResult) started = NULL;
  g_autoptr (GError) error = NULL;

  /* The id is kept over restarts. */
  self->identity = hub_identity_open (self->directory, self->id, &error);
  g_assert_no_error (error);
  if (self->id == NULL)
    self->id = g_strdup (hub_identity_get_id (self->identity));
  self->store = hub_store_new (self->database, 6, 200);
  hub_peers_add_schema (self->store);
  g_assert_nonnull (ward_sql_get_resource ());
  hub_store_add_schema (self->store, "ward", "/org/karez/test/ward", FALSE);
  hub_store_open_async (self->store, NULL, test_keep, &opened);
  test_until (opened != NULL);
  hub_store_open_finish (self->store, opened, &error);
  g_assert_no_error (error);
  g_free (test_ask (self,
                    "insert into karez.hub (id, names) values ('%s', '{}') on conflict (only_one)"
                    " do update set incarnation = hub.incarnation + 1",
                    test_hub_id (self)));
  self->peers = hub_peers_new (self->store, self->identity, names, port, "127.0.0.1");
  hub_peers_set_pulse (self->peers, 1000);
  hub_peers_start_async (self->peers, NULL, test_keep, &started);
  test_until (started != NULL);
  hub_peers_start_finish (self->peers, started, &error);
  g_assert_no_error (error);
}

void
test_hub_stop (TestHub *self)
{
  hub_peers_stop (self->peers);
  test_run_for (50);
  hub_store_close (self->store);
  test_run_for (20);
  g_clear_object (&self->peers);
  g_clear_object (&self->store);
  g_clear_object (&self->identity);
}

TestHub *
test_hub (guint number)
{
  return test_hub_as (number, NULL);
}

TestHub *
test_hub_as (guint number, const char *id)
{
  static const char *const variables[] = { "KAREZ_TEST_DATABASE", "KAREZ_TEST_DATABASE_2",
                                           "KAREZ_TEST_DATABASE_3" };
  static const char *const roles[] = { "administrator", NULL };
  TestHub *self = g_new0 (TestHub, 1);
  g_autoptr (GError) error = NULL;

  self->id = g_strdup (id);
  self->database = g_getenv (variables[number - 1]);
  g_assert_nonnull (self->database);
  self->directory = g_dir_make_tmp ("karez-peers-XXXXXX", &error);
  g_assert_no_error (error);
  self->pg = PQconnectdb (self->database);
  g_assert_cmpint (PQstatus (self->pg), ==, CONNECTION_OK);
  g_free (ask_text (self->pg, "set client_min_messages = warning"));
  g_free (ask_text (self->pg, "drop schema if exists ward, peers, karez cascade"));
  self->administrator = karez_actor_new (KAREZ_ACTOR_PERSON, "0197e5f0-0000-7000-8000-000000000001",
                                         "Administrator", roles, NULL, NULL);
  test_hub_start (self, 0);
  return self;
}

void
test_hub_free (TestHub *self)
{
  g_autofree char *file = g_build_filename (self->directory, "identity.pem", NULL);

  if (self->peers != NULL)
    test_hub_stop (self);
  PQfinish (self->pg);
  karez_actor_unref (self->administrator);
  g_unlink (file);
  g_rmdir (self->directory);
  g_free (self->directory);
  g_free (self->id);
  g_free (self);
}

const char *
test_hub_id (TestHub *self)
{
  return self->id;
}

char *
test_hub_address (TestHub *self)
{
  return g_strdup_printf ("127.0.0.1:%u", hub_peers_get_port (self->peers));
}

KarezTransaction *
test_hub_begin (TestHub *self, const char *schema)
{
  return karez_store_begin (hub_store_get_scope (self->store, schema), self->administrator);
}

/* Pairing */

HubPairing *
test_begin (TestHub *self, const char *address, GError **error)
{
  HubPairings *pairings = hub_peers_get_pairings (self->peers);
  g_autoptr (KarezTransaction) transaction = test_hub_begin (self, "peers");
  g_autoptr (GAsyncResult) result = NULL;

  hub_pairings_begin_async (pairings, transaction, address, NULL, test_keep, &result);
  test_until (result != NULL);
  return hub_pairings_begin_finish (pairings, result, error);
}

gboolean
test_confirm (TestHub *self, const char *pairing, const char *string, GError **error)
{
  HubPairings *pairings = hub_peers_get_pairings (self->peers);
  g_autoptr (KarezTransaction) transaction = test_hub_begin (self, "peers");
  g_autoptr (GAsyncResult) result = NULL;

  hub_pairings_confirm_async (pairings, transaction, pairing, string, test_keep, &result);
  test_until (result != NULL);
  return hub_pairings_confirm_finish (pairings, result, error);
}

HubPairing *
test_guest (TestHub *self, const char *pairing)
{
  HubPairing *guest = hub_pairings_lookup (hub_peers_get_pairings (self->peers), pairing);

  g_assert_nonnull (guest);
  return guest;
}

void
test_pair (TestHub *initiator, TestHub *responder, const char *address)
{
  g_autofree char *own = test_hub_address (responder);
  g_autoptr (GError) error = NULL;
  g_autoptr (HubPairing) pairing = test_begin (initiator, address != NULL ? address : own, &error);
  HubPairing *guest;

  g_assert_no_error (error);
  guest = test_guest (responder, hub_pairing_get_id (pairing));
  test_confirm (initiator, hub_pairing_get_id (pairing), hub_pairing_get_shown (guest), &error);
  g_assert_no_error (error);
  test_confirm (responder, hub_pairing_get_id (pairing), hub_pairing_get_shown (pairing), &error);
  g_assert_no_error (error);
  test_until (test_state (initiator, responder) != NULL
              && test_state (responder, initiator) != NULL);
}

static JsonObject *
find_peer (JsonNode *list, TestHub *other)
{
  JsonArray *items = json_node_get_array (list);

  for (guint i = 0; i < json_array_get_length (items); i++)
    if (g_str_equal (karez_json_text (json_array_get_object_element (items, i), "id"),
                     test_hub_id (other)))
      return json_array_get_object_element (items, i);
  return NULL;
}

const char *
test_state (TestHub *self, TestHub *other)
{
  g_autoptr (JsonNode) list = karez_peers_list (KAREZ_PEERS (self->peers));
  JsonObject *peer = find_peer (list, other);

  return peer != NULL ? g_intern_string (karez_json_text (peer, "state")) : NULL;
}

gboolean
test_restored (TestHub *self, TestHub *other)
{
  g_autoptr (JsonNode) list = karez_peers_list (KAREZ_PEERS (self->peers));
  JsonObject *peer = find_peer (list, other);

  g_assert_nonnull (peer);
  return karez_json_boolean (peer, "restored");
}

void
test_until_up (TestHub *one, TestHub *other)
{
  test_until (g_strcmp0 (test_state (one, other), "up") == 0
              && g_strcmp0 (test_state (other, one), "up") == 0);
}

void
test_unpair (TestHub *self, TestHub *other, GError **error)
{
  g_autoptr (KarezTransaction) transaction = test_hub_begin (self, "peers");
  g_autoptr (GAsyncResult) result = NULL;

  hub_peers_unpair_async (self->peers, transaction, test_hub_id (other), test_keep, &result);
  test_until (result != NULL);
  hub_peers_unpair_finish (self->peers, result, error);
}

/* Messages */

JsonNode *
test_call (TestHub *self, TestHub *other, const char *topic, JsonNode *body, guint timeout_ms,
           GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  karez_peers_call_async (KAREZ_PEERS (self->peers), test_hub_id (other), topic, body, timeout_ms,
                          NULL, test_keep, &result);
  test_until (result != NULL);
  return karez_peers_call_finish (KAREZ_PEERS (self->peers), result, error);
}

char *
test_post (TestHub *self, TestHub *other, KarezLane lane, const char *topic, const char *word)
{
  g_autoptr (KarezTransaction) transaction = test_hub_begin (self, "ward");
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  char *id = hub_id_new ();

  karez_transaction_event (transaction, "ward.say", "effect", id, NULL);
  karez_transaction_post (transaction, test_hub_id (other), lane, topic,
                          karez_json_object ("id", "s", id, "word", "s", word, NULL));
  karez_transaction_commit_async (transaction, NULL, test_keep, &result);
  test_until (result != NULL);
  karez_transaction_commit_finish (transaction, result, &error);
  g_assert_no_error (error);
  return id;
}

static void
on_word_kept (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;

  if (karez_transaction_commit_finish (KAREZ_TRANSACTION (source), result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
on_word (KarezMessage *message, GTask *task, gpointer data)
{
  TestHub *self = data;
  JsonObject *body = json_node_get_object (karez_message_get_body (message));
  g_autoptr (KarezTransaction) transaction = karez_store_begin (
      hub_store_get_scope (self->store, "ward"), karez_message_get_actor (message));

  karez_transaction_run (transaction, "effect_put", "(sis)", karez_json_text (body, "id"),
                         (int) karez_message_get_lane (message), karez_json_text (body, "word"));
  karez_transaction_event (transaction, "ward.hear", "effect", karez_json_text (body, "id"), NULL);
  karez_transaction_applied (transaction, message);
  karez_transaction_commit_async (transaction, NULL, on_word_kept, task);
}

void
test_handle_words (TestHub *self)
{
  g_autoptr (GError) error = NULL;

  karez_peers_handle_post (KAREZ_PEERS (self->peers), "ward.word", on_word, self, NULL, &error);
  g_assert_no_error (error);
}

char *
test_words (TestHub *self, int lane)
{
  return test_ask (self,
                   "select coalesce(string_agg(word, ' ' order by number), '') from ward.effect "
                   "where lane = %d",
                   lane);
}

/* A relay: its own thread for each connection and direction, so that it never waits for the loop */

struct _TestRelay
{
  GSocketService *service;
  guint16 port, target;
  GSocketAddress *source;
  GMutex lock;
  GPtrArray *sockets;
  GPtrArray *connections;
  guint count;
  gboolean open;
};

typedef struct
{
  GSocket *from, *to;
} Pump;

static gpointer
pump (gpointer data)
{
  Pump *self = data;
  char buffer[16384];

  for (;;)
    {
      gssize got = g_socket_receive (self->from, buffer, sizeof buffer, NULL, NULL);
      gssize sent = 0;

      while (got > 0 && sent < got)
        {
          gssize more = g_socket_send (self->to, buffer + sent, got - sent, NULL, NULL);

          if (more <= 0)
            break;
          sent += more;
        }
      if (got <= 0 || sent < got)
        break;
    }
  g_socket_shutdown (self->to, TRUE, TRUE, NULL);
  g_socket_shutdown (self->from, TRUE, TRUE, NULL);
  g_object_unref (self->from);
  g_object_unref (self->to);
  g_free (self);
  return NULL;
}

static void
start_pump (GSocket *from, GSocket *to)
{
  Pump *self = g_new0 (Pump, 1);

  self->from = g_object_ref (from);
  self->to = g_object_ref (to);
  g_thread_unref (g_thread_new ("pump", pump, self));
}

static gboolean
on_relay (GThreadedSocketService *service, GSocketConnection *connection, GObject *source,
          gpointer data)
{
  TestRelay *self = data;
  g_autoptr (GSocket) socket = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM,
                                             G_SOCKET_PROTOCOL_TCP, NULL);
  g_autoptr (GSocketAddress)
      address = g_inet_socket_address_new_from_string ("127.0.0.1", self->target);
  GSocket *near = g_socket_connection_get_socket (connection);

  g_mutex_lock (&self->lock);
  if (self->open && g_socket_bind (socket, self->source, FALSE, NULL)
      && g_socket_connect (socket, address, NULL, NULL))
    {
      g_socket_set_blocking (near, TRUE);
      g_ptr_array_add (self->sockets, g_object_ref (near));
      g_ptr_array_add (self->sockets, g_object_ref (socket));
      self->count++;
      start_pump (near, socket);
      start_pump (socket, near);
      /* Whoever drops it closes the socket under the threads. */
      g_ptr_array_add (self->connections, g_object_ref (connection));
    }
  g_mutex_unlock (&self->lock);
  return TRUE;
}

TestRelay *
test_relay (guint16 port)
{
  return test_relay_from (port, "127.0.0.1");
}

TestRelay *
test_relay_from (guint16 port, const char *source)
{
  TestRelay *self = g_new0 (TestRelay, 1);
  g_autoptr (GError) error = NULL;

  self->target = port;
  self->source = g_inet_socket_address_new_from_string (source, 0);
  self->open = TRUE;
  self->sockets = g_ptr_array_new_with_free_func (g_object_unref);
  self->connections = g_ptr_array_new_with_free_func (g_object_unref);
  g_mutex_init (&self->lock);
  self->service = g_threaded_socket_service_new (8);
  self->port = g_socket_listener_add_any_inet_port (G_SOCKET_LISTENER (self->service), NULL,
                                                    &error);
  g_assert_no_error (error);
  g_signal_connect (self->service, "run", G_CALLBACK (on_relay), self);
  g_socket_service_start (self->service);
  return self;
}

char *
test_relay_address (TestRelay *self)
{
  return g_strdup_printf ("127.0.0.1:%u", self->port);
}

void
test_relay_cut (TestRelay *self)
{
  g_mutex_lock (&self->lock);
  for (guint i = 0; i < self->sockets->len; i++)
    g_socket_shutdown (g_ptr_array_index (self->sockets, i), TRUE, TRUE, NULL);
  g_ptr_array_set_size (self->sockets, 0);
  g_mutex_unlock (&self->lock);
}

void
test_relay_set_open (TestRelay *self, gboolean open)
{
  g_mutex_lock (&self->lock);
  self->open = open;
  g_mutex_unlock (&self->lock);
  if (!open)
    test_relay_cut (self);
}

guint
test_relay_count (TestRelay *self)
{
  guint count;

  g_mutex_lock (&self->lock);
  count = self->count;
  g_mutex_unlock (&self->lock);
  return count;
}

void
test_relay_free (TestRelay *self)
{
  test_relay_set_open (self, FALSE);
  g_socket_service_stop (self->service);
  g_socket_listener_close (G_SOCKET_LISTENER (self->service));
  test_run_for (50);
  g_object_unref (self->service);
  g_object_unref (self->source);
  g_ptr_array_unref (self->sockets);
  g_ptr_array_unref (self->connections);
  g_mutex_clear (&self->lock);
  g_free (self);
}
