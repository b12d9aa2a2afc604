/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A web server over a real database, with an account for each role. */
#include "web-fixture.h"

#include "hub-id.h"

#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <string.h>

void
run_turn (void)
{
  g_main_context_iteration (NULL, TRUE);
}

static gboolean
on_time (gpointer data)
{
  *(gboolean *) data = TRUE;
  return G_SOURCE_REMOVE;
}

static gboolean
on_tick (gpointer data)
{
  return G_SOURCE_CONTINUE;
}

void
run_ms (guint ms)
{
  gboolean over = FALSE;

  g_timeout_add (ms, on_time, &over);
  while (!over)
    run_turn ();
}

char *
sql (Fixture *fixture, const char *statement)
{
  PGresult *result = PQexec (fixture->pg, statement);
  char *value;

  if (PQresultStatus (result) != PGRES_TUPLES_OK && PQresultStatus (result) != PGRES_COMMAND_OK)
    g_error ("%s: %s", statement, PQerrorMessage (fixture->pg));
  value = g_strdup (PQntuples (result) > 0 ? PQgetvalue (result, 0, 0) : "");
  PQclear (result);
  return value;
}

static void
on_opened (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;

  hub_store_open_finish (HUB_STORE (source), result, &error);
  g_assert_no_error (error);
  *(gboolean *) data = TRUE;
}

static void
open_store (Fixture *fixture, const char *connection)
{
  gboolean opened = FALSE;

  fixture->store = hub_store_new (connection, 6, 256);
  hub_web_add_schema (fixture->store);
  hub_store_open_async (fixture->store, NULL, on_opened, &opened);
  run_until (opened);
}

/* The hub's row, its hospital and a patient, as the hub's first start makes them. */
static void
make_hospital (Fixture *fixture)
{
  g_autofree char *done = sql (
      fixture,
      "begin;"
      "insert into karez.hub (id, names) values ('" TEST_HUB "', '{\"en\": \"Aral\"}');"
      "insert into karez.organisation (id, level, names, hub) values"
      " ('01930000-0000-7000-8000-00000000b001', 'county', '{\"en\": \"Aral\"}', '" TEST_HUB "');"
      "insert into karez.patient (id, organisation, names) values"
      " ('01930000-0000-7000-8000-00000000c001', '01930000-0000-7000-8000-00000000b001',"
      "  '{\"en\": \"Nobody Real\"}');"
      "insert into karez.event (id, actor_kind, actor_id, actor_name, action, subject_schema,"
      "                         subject_table, subject_row) values"
      " (gen_random_uuid (), 'hub', 'test', 'test', 'organisation.create', 'karez',"
      "  'organisation', '01930000-0000-7000-8000-00000000b001'),"
      " (gen_random_uuid (), 'hub', 'test', 'test', 'patient.create', 'karez', 'patient',"
      "  '01930000-0000-7000-8000-00000000c001');"
      "commit");
}

static void
make_account (Client *local, const char *role)
{
  g_autofree char *id = hub_id_new ();
  g_autofree char *body = g_strdup_printf (
      "{\"id\": \"%s\", \"names\": {\"en\": \"The %s\"}, \"login\": \"%s\", \"password\": "
      "\"" TEST_PASSWORD "\", \"password_final\": true, \"roles\": [\"%s\"]}",
      id, role, role, role);
  g_auto (Answer) answer = ask (local, "POST", "/api/v1/people", body, NULL);

  g_assert_no_error (answer.error);
  if (answer.status != 201)
    g_error ("%s", (const char *) g_bytes_get_data (answer.bytes, NULL));
}

Fixture *
fixture_new (const HubWebBounds *bounds)
{
  return fixture_new_tls (bounds, NULL, NULL);
}

Fixture *
fixture_new_tls (const HubWebBounds *bounds, const char *certificate, const char *key)
{
  Fixture *fixture = g_new0 (Fixture, 1);
  const char *connection = g_getenv ("KAREZ_TEST_DATABASE");
  g_autoptr (JsonNode) names = karez_json_object ("en", "s", "Aral", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (Client) local = NULL;

  g_assert_nonnull (connection);
  fixture->pg = PQconnectdb (connection);
  g_assert_cmpint (PQstatus (fixture->pg), ==, CONNECTION_OK);
  fixture->directory = g_dir_make_tmp ("karez-web-XXXXXX", &error);
  g_assert_no_error (error);
  fixture->socket = g_build_filename (fixture->directory, "karezd.sock", NULL);
  open_store (fixture, connection);
  make_hospital (fixture);

  fixture->feed = hub_feed_new (fixture->store);
  fixture->web = hub_web_new (
      fixture->store,
      &(HubWebConfig){ .hub = TEST_HUB,
                       .names = names,
                       .version = "0",
                       .origin = certificate != NULL ? TEST_TLS_ORIGIN : TEST_ORIGIN,
                       .redirects = certificate != NULL,
                       .transport_security = 300,
                       .certificate = certificate,
                       .key = key,
                       .bind = "127.0.0.1",
                       .socket = fixture->socket,
                       .proxies = TEST_PROXY,
                       .desk = "/org/karez/test/desk/",
                       .bounds = bounds });
  hub_web_set_feed (fixture->web, fixture->feed);
  hub_web_start (fixture->web, &error);
  g_assert_no_error (error);
  hub_web_set_ready (fixture->web);

  local = client_new (fixture, NULL);
  make_account (local, "desk");
  make_account (local, "auditor");
  make_account (local, "administrator");
  make_account (local, "engineer");
  return fixture;
}

void
fixture_free (Fixture *fixture)
{
  hub_web_stop (fixture->web);
  run_ms (50);
  hub_feed_stop (fixture->feed);
  g_assert_finalize_object (fixture->web);
  g_clear_object (&fixture->feed);
  hub_store_close (fixture->store);
  g_clear_object (&fixture->store);
  PQfinish (fixture->pg);
  g_rmdir (fixture->directory);
  g_free (fixture->directory);
  g_free (fixture->socket);
  g_free (fixture);
}

Client *
client_new (Fixture *fixture, const char *address)
{
  Client *client = g_new0 (Client, 1);

  client->fixture = fixture;
  if (address == NULL)
    {
      g_autoptr (GSocketAddress) unix_address = g_unix_socket_address_new (fixture->socket);

      client->session = soup_session_new_with_options ("remote-connectable", unix_address, NULL);
    }
  else
    {
      g_autoptr (GSocketAddress) local = g_inet_socket_address_new_from_string (address, 0);

      client->session = soup_session_new_with_options ("local-address", local, "max-conns-per-host",
                                                       200, "max-conns", 200, NULL);
    }
  return client;
}

Client *
client_new_behind_proxy (Fixture *fixture, const char *address)
{
  Client *client = client_new (fixture, TEST_PROXY);

  client->forwarded = g_strdup (address);
  return client;
}

void
client_free (Client *client)
{
  soup_session_abort (client->session);
  g_object_unref (client->session);
  g_free (client->cookie);
  g_free (client->browser);
  g_free (client->forwarded);
  g_free (client->csrf);
  g_free (client->id);
  g_free (client);
}

void
answer_clear (Answer *answer)
{
  g_clear_object (&answer->message);
  g_clear_pointer (&answer->bytes, g_bytes_unref);
  g_clear_pointer (&answer->body, json_node_unref);
  g_clear_error (&answer->error);
}

typedef struct
{
  gboolean done;
  GBytes *bytes;
  GError *error;
} Pending;

static void
on_answer (GObject *source, GAsyncResult *result, gpointer data)
{
  Pending *pending = data;

  pending->bytes = soup_session_send_and_read_finish (SOUP_SESSION (source), result,
                                                      &pending->error);
  pending->done = TRUE;
}

static void
set_headers (Client *client, SoupMessage *message, const char *method, va_list extra)
{
  SoupMessageHeaders *headers = soup_message_get_request_headers (message);
  g_autofree char *key = hub_id_new ();
  const char *first = client->cookie != NULL ? client->cookie : client->browser;
  const char *second = client->cookie != NULL ? client->browser : NULL;
  const char *name;

  if (first != NULL)
    {
      g_autofree char *cookies = g_strjoin ("; ", first, second, NULL);

      soup_message_headers_replace (headers, "Cookie", cookies);
    }
  if (client->forwarded != NULL)
    soup_message_headers_replace (headers, "X-Forwarded-For", client->forwarded);
  if (!g_str_equal (method, "GET"))
    soup_message_headers_replace (headers, "Idempotency-Key", key);
  if (client->csrf != NULL && !g_str_equal (method, "GET"))
    soup_message_headers_replace (headers, "X-Karez-Token", client->csrf);
  while ((name = va_arg (extra, const char *)) != NULL)
    {
      const char *value = va_arg (extra, const char *);

      if (value != NULL)
        soup_message_headers_replace (headers, name, value);
      else
        soup_message_headers_remove (headers, name);
    }
}

Answer
ask (Client *client, const char *method, const char *path, const char *body, ...)
{
  g_autofree char *url = g_strdup_printf ("http://127.0.0.1:%u%s",
                                          hub_web_get_port (client->fixture->web), path);
  SoupMessage *message = soup_message_new (method, url);
  Answer answer = { 0 };
  Pending pending = { 0 };
  va_list extra;

  if (body != NULL)
    {
      g_autoptr (GBytes) bytes = g_bytes_new (body, strlen (body));

      soup_message_set_request_body_from_bytes (message, "application/json", bytes);
    }
  va_start (extra, body);
  set_headers (client, message, method, extra);
  va_end (extra);
  soup_session_send_and_read_async (client->session, message, G_PRIORITY_DEFAULT, NULL, on_answer,
                                    &pending);
  run_until (pending.done);

  answer.message = message;
  answer.status = soup_message_get_status (message);
  answer.bytes = pending.bytes;
  answer.error = pending.error;
  if (pending.bytes != NULL && g_bytes_get_size (pending.bytes) > 0)
    answer.body = karez_json_parse (pending.bytes, 0, NULL);
  return answer;
}

const char *
answer_header (Answer *answer, const char *name)
{
  return soup_message_headers_get_one (soup_message_get_response_headers (answer->message), name);
}

const char *
answer_text (Answer *answer, const char *name)
{
  JsonNode *node;

  if (answer->body == NULL || !JSON_NODE_HOLDS_OBJECT (answer->body))
    return NULL;
  node = json_object_get_member (json_node_get_object (answer->body), name);
  return node != NULL && json_node_get_value_type (node) == G_TYPE_STRING
             ? json_node_get_string (node)
             : NULL;
}

char *
answer_cookie (Answer *answer, const char *name)
{
  SoupMessageHeadersIter iter;
  const char *header, *value;

  soup_message_headers_iter_init (&iter, soup_message_get_response_headers (answer->message));
  while (soup_message_headers_iter_next (&iter, &header, &value))
    if (g_ascii_strcasecmp (header, "Set-Cookie") == 0 && g_str_has_prefix (value, name)
        && value[strlen (name)] == '=')
      return g_strndup (value, strcspn (value, ";"));
  return NULL;
}

Answer
sign_in (Client *client, const char *login, const char *password)
{
  g_autofree char *body = g_strdup_printf ("{\"login\": \"%s\", \"password\": \"%s\"}", login,
                                           password);
  Answer answer = ask (client, "POST", "/api/v1/sign-in", body, NULL);
  char *browser;

  if (answer.status != 200)
    return answer;
  g_free (client->cookie);
  client->cookie = answer_cookie (&answer, TEST_COOKIE);
  browser = answer_cookie (&answer, TEST_BROWSER);
  if (browser != NULL)
    {
      g_free (client->browser);
      client->browser = browser;
    }
  g_free (client->csrf);
  client->csrf = g_strdup (answer_text (&answer, "csrf"));
  g_free (client->id);
  client->id = g_strdup (answer_text (&answer, "id"));
  return answer;
}

Client *
client_signed_in (Fixture *fixture, const char *address, const char *login)
{
  Client *client = client_new (fixture, address);
  g_auto (Answer) answer = sign_in (client, login, TEST_PASSWORD);

  g_assert_no_error (answer.error);
  if (answer.status != 200)
    g_error ("%u: %s", answer.status, answer_text (&answer, "detail"));
  g_assert_nonnull (client->cookie);
  return client;
}

static void
on_connected (GObject *source, GAsyncResult *result, gpointer data)
{
  *(GSocketConnection **) data = g_socket_client_connect_to_host_finish (G_SOCKET_CLIENT (source),
                                                                         result, NULL);
}

GSocketConnection *
wire_open (Fixture *fixture)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  GSocketConnection *wire = NULL;

  g_socket_client_connect_to_host_async (client, "127.0.0.1", hub_web_get_port (fixture->web), NULL,
                                         on_connected, &wire);
  run_until (wire != NULL);
  g_socket_set_blocking (g_socket_connection_get_socket (wire), FALSE);
  return wire;
}

void
wire_send (GSocketConnection *wire, const char *text)
{
  /* What a cut connection does not take is what the tests look for. */
  g_socket_send (g_socket_connection_get_socket (wire), text, strlen (text), NULL, NULL);
}

char *
wire_read (GSocketConnection *wire, guint ms, gboolean *closed)
{
  GSocket *socket = g_socket_connection_get_socket (wire);
  gint64 deadline = g_get_monotonic_time () + ms * 1000;
  GString *text = g_string_new (NULL);
  guint tick = g_timeout_add (5, on_tick, NULL);
  gboolean over = FALSE;

  while (!over && g_get_monotonic_time () < deadline)
    {
      g_autoptr (GError) error = NULL;
      char buffer[4096];
      gssize n = g_socket_receive (socket, buffer, sizeof buffer, NULL, &error);

      if (n > 0)
        g_string_append_len (text, buffer, n);
      else if (n == 0 || !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        over = TRUE;
      else
        run_turn ();
    }
  g_source_remove (tick);
  if (closed != NULL)
    *closed = over;
  return g_string_free (text, FALSE);
}
