/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The live WebSocket of a page. */
#include "web-fixture.h"

#include "hub-clock.h"
#include "hub-id.h"
#include "hub-web-page.h"

#include <string.h>

#define SESSION "01930000-0000-7000-8000-00000000d001"
#define PARTICIPANT "01930000-0000-7000-8000-00000000e001"

static Fixture *fixture;

/* A browser's page. */
typedef struct
{
  SoupWebsocketConnection *connection;
  GQueue messages; /* JsonNode */
  guint refused;   /* the status that a handshake got instead */
  gboolean done, closed;
} Page;

static void
on_message (SoupWebsocketConnection *connection, SoupWebsocketDataType type, GBytes *bytes,
            Page *page)
{
  JsonNode *node = karez_json_parse (bytes, 0, NULL);

  g_assert_nonnull (node);
  g_queue_push_tail (&page->messages, node);
}

static void
on_closed (SoupWebsocketConnection *connection, Page *page)
{
  page->closed = TRUE;
}

static void
on_opened (GObject *source, GAsyncResult *result, gpointer data)
{
  Page *page = data;
  SoupMessage *message = soup_session_get_async_result_message (SOUP_SESSION (source), result);

  page->connection = soup_session_websocket_connect_finish (SOUP_SESSION (source), result, NULL);
  page->refused = page->connection == NULL ? soup_message_get_status (message) : 0;
  page->done = TRUE;
}

static Page *
page_open_from (Client *client, const char *origin)
{
  Page *page = g_new0 (Page, 1);
  g_autofree char *url = g_strdup_printf ("ws://127.0.0.1:%u/api/v1/live",
                                          hub_web_get_port (fixture->web));
  g_autoptr (SoupMessage) message = soup_message_new ("GET", url);

  if (client->cookie != NULL)
    soup_message_headers_replace (soup_message_get_request_headers (message), "Cookie",
                                  client->cookie);
  soup_session_websocket_connect_async (client->session, message, origin, NULL, G_PRIORITY_DEFAULT,
                                        NULL, on_opened, page);
  run_until (page->done);
  if (page->connection != NULL)
    {
      soup_websocket_connection_set_max_incoming_payload_size (page->connection, 0);
      g_signal_connect (page->connection, "message", G_CALLBACK (on_message), page);
      g_signal_connect (page->connection, "closed", G_CALLBACK (on_closed), page);
    }
  return page;
}

static Page *
page_open (Client *client)
{
  Page *page = page_open_from (client, TEST_ORIGIN);

  g_assert_nonnull (page->connection);
  return page;
}

static void
page_free (Page *page)
{
  if (page->connection != NULL)
    {
      g_signal_handlers_disconnect_by_data (page->connection, page);
      if (!page->closed)
        soup_websocket_connection_close (page->connection, SOUP_WEBSOCKET_CLOSE_NORMAL, NULL);
      run_ms (20);
      g_object_unref (page->connection);
    }
  g_queue_clear_full (&page->messages, (GDestroyNotify) json_node_unref);
  g_free (page);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Page, page_free)

static const char *
text_of (JsonNode *message, const char *name)
{
  return json_object_get_string_member_with_default (json_node_get_object (message), name, NULL);
}

/* The next message, which must be of @type. Returns: (transfer full) */
static JsonNode *
page_next (Page *page, const char *type)
{
  JsonNode *message;

  run_until (!g_queue_is_empty (&page->messages) || page->closed);
  message = g_queue_pop_head (&page->messages);
  g_assert_nonnull (message);
  g_assert_cmpstr (text_of (message, "type"), ==, type);
  return message;
}

static void
page_say (Page *page, const char *text)
{
  soup_websocket_connection_send_text (page->connection, text);
}

/* Says hello; returns the cursor. */
static char *
page_hello (Page *page, const char *since, gboolean reset)
{
  g_autofree char *hello = since != NULL
                               ? g_strdup_printf ("{\"type\":\"hello\",\"since\":\"%s\"}", since)
                               : g_strdup ("{\"type\":\"hello\"}");
  g_autoptr (JsonNode) answer = NULL;

  page_say (page, hello);
  answer = page_next (page, "hello");
  g_assert_cmpstr (text_of (answer, "hub"), ==, TEST_HUB);
  g_assert_cmpint (json_object_get_boolean_member (json_node_get_object (answer), "reset"), ==,
                   reset);
  return g_strdup (text_of (answer, "cursor"));
}

static void
page_expect_problem (Page *page, const char *rule)
{
  g_autoptr (JsonNode) message = page_next (page, "problem");
  JsonObject *problem = json_object_get_object_member (json_node_get_object (message), "problem");

  g_assert_cmpstr (json_object_get_string_member (problem, "rule"), ==, rule);
}

static void
page_expect_close (Page *page, guint code)
{
  run_until (page->closed);
  g_assert_cmpuint (soup_websocket_connection_get_close_code (page->connection), ==, code);
}

static void
make_event (const char *action)
{
  g_autofree char *statement = g_strdup_printf (
      "insert into karez.event (id, actor_kind, actor_id, actor_name, action, session, details) "
      "values (gen_random_uuid (), 'hub', 'test', 'test', '%s', '" SESSION "', '{\"a\": 1}')",
      action);
  g_autofree char *done = sql (fixture, statement);
}

static JsonObject *
event_of (JsonNode *message)
{
  return json_object_get_object_member (json_node_get_object (message), "event");
}

static void
expect_event (Page *page, const char *action)
{
  g_autoptr (JsonNode) message = page_next (page, "event");

  g_assert_cmpstr (json_object_get_string_member (event_of (message), "action"), ==, action);
}

static void
test_handshake (void)
{
  g_autoptr (Client) nobody = client_new (fixture, "127.0.0.1");
  g_autoptr (Client) desk = client_signed_in (fixture, "127.0.0.1", "desk");
  g_autoptr (Page) unsigned_page = page_open_from (nobody, TEST_ORIGIN);
  g_autoptr (Page) foreign = page_open_from (desk, "http://evil.example");
  g_autoptr (Page) no_origin = page_open_from (desk, NULL);
  g_autoptr (Page) ours = page_open_from (desk, TEST_ORIGIN);
  g_auto (Answer) plain = ask (desk, "GET", "/api/v1/live", NULL, "Origin", TEST_ORIGIN, NULL);
  g_auto (Answer) post = ask (desk, "POST", "/api/v1/live", NULL, NULL);

  g_assert_cmpuint (unsigned_page->refused, ==, 401);
  g_assert_cmpuint (foreign->refused, ==, 403);
  g_assert_cmpuint (no_origin->refused, ==, 403);
  g_assert_cmpuint (ours->refused, ==, 0);
  assert_problem (&plain, 400, "live/handshake");
  assert_problem (&post, 405, "request/method");
}

static void
test_events (void)
{
  g_autoptr (Client) desk = client_signed_in (fixture, "127.0.0.1", "desk");
  g_autoptr (Client) auditor = client_signed_in (fixture, "127.0.0.1", "auditor");
  g_autoptr (Page) some = page_open (desk);
  g_autoptr (Page) all = page_open (auditor);
  g_autofree char *cursor = page_hello (some, NULL, FALSE);
  g_autofree char *other = page_hello (all, NULL, FALSE);
  g_autoptr (JsonNode) seen = NULL;
  g_autoptr (JsonNode) full = NULL;

  make_event ("account.change");
  make_event ("booking.accept");
  seen = page_next (some, "event");
  g_assert_cmpstr (json_object_get_string_member (event_of (seen), "action"), ==, "booking.accept");
  g_assert_cmpstr (json_object_get_string_member (event_of (seen), "session"), ==, SESSION);
  g_assert_false (json_object_has_member (event_of (seen), "details"));
  g_assert_false (json_object_has_member (event_of (seen), "actor"));
  g_assert_cmpstr (text_of (seen, "cursor"), !=, cursor);

  expect_event (all, "account.change");
  full = page_next (all, "event");
  g_assert_true (json_object_has_member (event_of (full), "details"));
  g_assert_true (json_object_has_member (event_of (full), "actor"));
}

/* A page that was away gets what it missed, once, and what comes meanwhile. */
static void
test_resume (void)
{
  g_autoptr (Client) auditor = client_signed_in (fixture, "127.0.0.1", "auditor");
  g_autofree char *cursor = NULL;
  g_autofree char *same = NULL;

  run_ms (100);
  {
    g_autoptr (Page) first = page_open (auditor);
    g_autofree char *begin = page_hello (first, NULL, FALSE);
    g_autoptr (JsonNode) last = NULL;

    make_event ("test.one");
    last = page_next (first, "event");
    cursor = g_strdup (text_of (last, "cursor"));
  }
  make_event ("test.two");
  make_event ("test.three");
  {
    g_autoptr (Page) second = page_open (auditor);

    same = page_hello (second, cursor, FALSE);
    g_assert_cmpstr (same, ==, cursor);
    make_event ("test.four");
    expect_event (second, "test.two");
    expect_event (second, "test.three");
    expect_event (second, "test.four");
    make_event ("test.five");
    expect_event (second, "test.five");
    run_ms (1200);
    g_assert_cmpuint (g_queue_get_length (&second->messages), ==, 0);
  }
}

/* Events that are committed while pages catch up: none lost, none twice. */
static void
test_resume_under_load (void)
{
  g_autoptr (Client) auditor = client_signed_in (fixture, "127.0.0.1", "auditor");
  g_autofree char *cursor = NULL;
  g_autofree char *made = NULL;
  gboolean over = FALSE;

  run_ms (100);
  {
    g_autoptr (Page) first = page_open (auditor);

    cursor = page_hello (first, NULL, FALSE);
  }
  made = sql (fixture, "insert into karez.event (id, actor_kind, actor_id, actor_name, action) "
                       "select gen_random_uuid (), 'hub', 'test', 'test', 'test.many' from "
                       "generate_series (1, 600)");
  {
    g_autoptr (Page) second = page_open (auditor);
    g_autofree char *same = page_hello (second, cursor, FALSE);
    g_autoptr (GHashTable) ids = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
    guint n = 0;

    for (guint i = 0; i < 50; i++)
      {
        make_event ("test.more");
        run_ms (2);
      }
    make_event ("test.last");
    while (!over)
      {
        g_autoptr (JsonNode) message = page_next (second, "event");

        over = g_str_equal (json_object_get_string_member (event_of (message), "action"),
                            "test.last");
        g_assert_true (g_hash_table_add (
            ids, g_strdup (json_object_get_string_member (event_of (message), "id"))));
        n++;
      }
    g_assert_cmpuint (n, ==, 651);
  }
}

static void
test_reset (void)
{
  g_autoptr (Client) auditor = client_signed_in (fixture, "127.0.0.1", "auditor");
  static const char *const cursors[] = { "nonsense", "1", "-1.x",
                                         "999999999999.01930000-0000-7000-8000-000000000000" };

  for (gsize i = 0; i < G_N_ELEMENTS (cursors); i++)
    {
      g_autoptr (Page) page = page_open (auditor);
      g_autofree char *cursor = page_hello (page, cursors[i], TRUE);

      g_assert_cmpstr (cursor, !=, cursors[i]);
      make_event ("test.reset");
      expect_event (page, "test.reset");
    }
}

/* Too far behind to be worth it. */
static void
test_reset_after_much (void)
{
  g_autoptr (Client) desk = client_signed_in (fixture, "127.0.0.1", "desk");
  g_autoptr (Page) page = page_open (desk);
  g_autofree char *now = page_hello (page, NULL, FALSE);
  g_autofree char *made = sql (
      fixture, "insert into karez.event (id, actor_kind, actor_id, actor_name, action) "
               "select gen_random_uuid (), 'hub', 'test', 'test', 'account.test' from "
               "generate_series (1, 2500)");
  g_autoptr (Page) late = page_open (desk);
  g_autofree char *same = page_hello (late, now, FALSE);
  g_autoptr (JsonNode) again = page_next (late, "hello");

  g_assert_true (json_object_get_boolean_member (json_node_get_object (again), "reset"));
  make_event ("booking.after");
  expect_event (late, "booking.after");
}

static void
test_bad_messages (void)
{
  g_autoptr (Client) desk = client_signed_in (fixture, "127.0.0.1", "desk");
  g_autoptr (Page) page = page_open (desk);
  g_autofree char *deep = g_strnfill (100, '[');
  static const struct
  {
    const char *text, *rule;
  } cases[] = {
    { "{", "json/syntax" },
    { "[]", "live/type" },
    { "{}", "live/type" },
    { "{\"type\": 1}", "live/type" },
    { "{\"type\": \"nonsense\"}", "live/type" },
    { "{\"type\": \"hello\", \"x\": 1}", "json/unknown" },
    { "{\"type\": \"hello\", \"type\": \"hello\"}", "json/duplicate" },
    { "{\"type\": \"join\", \"session\": \"x\", \"participant\": \"y\"}", "json/uuid" },
    { "{\"type\": \"message\", \"session\": \"" SESSION "\"}", "json/missing" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      page_say (page, cases[i].text);
      page_expect_problem (page, cases[i].rule);
    }
  page_say (page, deep);
  page_expect_problem (page, "json/depth");
  {
    g_autofree char *cursor = page_hello (page, NULL, FALSE);
  }
  page_say (page, "{\"type\": \"hello\"}");
  page_expect_problem (page, "live/hello");
  soup_websocket_connection_send_binary (page->connection, "x", 1);
  page_expect_close (page, SOUP_WEBSOCKET_CLOSE_UNSUPPORTED_DATA);
}

/* What time it is, a page hears of the hub: with its hello, and whenever it asks. */
static void
test_time (void)
{
  g_autoptr (Client) desk = client_signed_in (fixture, "127.0.0.1", "desk");
  g_autoptr (Page) page = page_open (desk);
  g_autoptr (JsonNode) hello = NULL, answer = NULL;
  gint64 told = 0, before = hub_clock_now () / 1000 * 1000;

  page_say (page, "{\"type\": \"time\"}");
  answer = page_next (page, "time");
  g_assert_true (karez_json_time (json_node_get_object (answer), "now", &told));
  g_assert_cmpint (told, >=, before);
  g_assert_cmpint (told, <=, hub_clock_now ());
  page_say (page, "{\"type\": \"hello\"}");
  hello = page_next (page, "hello");
  g_assert_true (karez_json_time (json_node_get_object (hello), "now", &before));
  g_assert_cmpint (before, >=, told);
  page_say (page, "{\"type\": \"time\", \"x\": 1}");
  page_expect_problem (page, "json/unknown");
}

static void
test_rate (void)
{
  g_autoptr (Client) desk = client_signed_in (fixture, "127.0.0.1", "desk");
  g_autoptr (Page) page = page_open (desk);
  gint64 begin = g_get_monotonic_time ();
  guint seconds;

  for (guint i = 0; i < 5000; i++)
    page_say (page, "{}");
  page_expect_close (page, HUB_WEB_PAGE_CLOSE_RATE);
  seconds = (guint) ((g_get_monotonic_time () - begin) / G_USEC_PER_SEC) + 1;
  g_assert_cmpuint (g_queue_get_length (&page->messages), <=, 200 + 60 * seconds);
}

/* What a page said in a session. */
typedef struct
{
  GPtrArray *said;
  char *connection, *closed;
} Session;

static gboolean
on_session (HubWeb *web, const char *connection, KarezActor *actor, JsonObject *message,
            gpointer data, GError **error)
{
  Session *session = data;

  g_free (session->connection);
  session->connection = g_strdup (connection);
  g_ptr_array_add (session->said, g_strdup (karez_json_text (message, "type")));
  if (g_str_equal (karez_json_text (message, "type"), "leave"))
    return karez_error_set (error, KAREZ_ERROR_NOT_FOUND, "session/not-found", NULL,
                            "There is no such session");
  return TRUE;
}

static void
on_connection_closed (HubWeb *web, const char *connection, Session *session)
{
  g_free (session->closed);
  session->closed = g_strdup (connection);
}

static void
test_session (void)
{
  g_autoptr (Client) desk = client_signed_in (fixture, "127.0.0.1", "desk");
  g_autoptr (Client) engineer = client_signed_in (fixture, "127.0.0.1", "engineer");
  g_autoptr (Page) page = page_open (desk);
  g_autoptr (Page) other = page_open (engineer);
  g_autofree char *cursor = page_hello (page, NULL, FALSE);
  g_autofree char *cursor_2 = page_hello (other, NULL, FALSE);
  Session session = { .said = g_ptr_array_new_with_free_func (g_free) };
  const char *join = "{\"type\":\"join\",\"session\":\"" SESSION "\",\"participant\":\"" PARTICIPANT
                     "\"}";

  page_say (page, join);
  page_expect_problem (page, "live/no-sessions");
  hub_web_set_session_handler (fixture->web, on_session, &session);
  g_signal_connect (fixture->web, "connection-closed", G_CALLBACK (on_connection_closed), &session);
  page_say (other, join);
  page_expect_problem (other, "access/session.join");
  g_assert_cmpuint (session.said->len, ==, 0);

  page_say (page, join);
  page_say (page, "{\"type\":\"message\",\"session\":\"" SESSION "\",\"body\":{\"a\":[1]}}");
  page_say (page, "{\"type\":\"leave\",\"session\":\"" SESSION "\"}");
  {
    g_autoptr (JsonNode) problem = page_next (page, "problem");

    g_assert_cmpstr (text_of (problem, "session"), ==, SESSION);
  }
  g_assert_cmpuint (session.said->len, ==, 3);

  g_assert_true (hub_web_send (fixture->web, session.connection,
                               karez_json_object ("type", "s", "message", NULL)));
  json_node_unref (page_next (page, "message"));
  hub_web_broadcast (fixture->web, "system.read", karez_json_object ("type", "s", "peer", NULL));
  json_node_unref (page_next (other, "peer"));
  run_ms (50);
  g_assert_cmpuint (g_queue_get_length (&page->messages), ==, 0);

  /* The socket is lost, without a word. */
  g_io_stream_close (soup_websocket_connection_get_io_stream (page->connection), NULL, NULL);
  run_until (session.closed != NULL);
  g_assert_cmpstr (session.closed, ==, session.connection);
  g_assert_false (hub_web_send (fixture->web, session.connection,
                                karez_json_object ("type", "s", "message", NULL)));

  g_signal_handlers_disconnect_by_data (fixture->web, &session);
  hub_web_set_session_handler (fixture->web, NULL, NULL);
  g_ptr_array_unref (session.said);
  g_free (session.connection);
  g_free (session.closed);
}

static void
test_signed_out (void)
{
  g_autoptr (Client) desk = client_signed_in (fixture, "127.0.0.1", "desk");
  g_autoptr (Page) page = page_open (desk);
  g_autofree char *cursor = page_hello (page, NULL, FALSE);
  g_auto (Answer) out = ask (desk, "POST", "/api/v1/sign-out", NULL, NULL);
  g_autoptr (Page) after = NULL;

  g_assert_cmpuint (out.status, ==, 204);
  page_expect_close (page, HUB_WEB_PAGE_CLOSE_CHANGED);
  after = page_open_from (desk, TEST_ORIGIN);
  g_assert_cmpuint (after->refused, ==, 401);
}

/* Another process of this hospital took the account's rights away. */
static void
test_changed_elsewhere (void)
{
  g_autoptr (Client) engineer = client_signed_in (fixture, "127.0.0.1", "engineer");
  g_autoptr (Page) page = page_open (engineer);
  g_autofree char *cursor = page_hello (page, NULL, FALSE);
  g_autofree char *statement = g_strdup_printf (
      "begin; update web.account set active = false where login = 'engineer';"
      "insert into karez.event (id, actor_kind, actor_id, actor_name, action, subject_schema,"
      " subject_table, subject_row) values (gen_random_uuid (), 'hub', 'test', 'test',"
      " 'account.change', 'web', 'account', '%s'); commit",
      engineer->id);
  g_autofree char *done = sql (fixture, statement);

  page_expect_close (page, HUB_WEB_PAGE_CLOSE_CHANGED);
  {
    g_auto (Answer) me = ask (engineer, "GET", "/api/v1/me", NULL, NULL);

    assert_problem (&me, 401, "sign-in/none");
  }
}

static void
test_many_pages (void)
{
  g_autoptr (Client) desk = client_signed_in (fixture, "127.0.0.1", "desk");
  g_autoptr (GPtrArray) pages = g_ptr_array_new_with_free_func ((GDestroyNotify) page_free);
  g_autoptr (Page) refused = NULL;

  run_ms (300);
  for (guint i = 0; i < 20; i++)
    g_ptr_array_add (pages, page_open (desk));
  refused = page_open_from (desk, TEST_ORIGIN);
  g_assert_cmpuint (refused->refused, ==, 429);
}

int
main (int argc, char **argv)
{
  int result;

  g_test_init (&argc, &argv, NULL);
  fixture = fixture_new (NULL);
  g_test_add_func ("/web/live/handshake", test_handshake);
  g_test_add_func ("/web/live/events", test_events);
  g_test_add_func ("/web/live/resume", test_resume);
  g_test_add_func ("/web/live/resume-under-load", test_resume_under_load);
  g_test_add_func ("/web/live/reset", test_reset);
  g_test_add_func ("/web/live/reset-after-much", test_reset_after_much);
  g_test_add_func ("/web/live/time", test_time);
  g_test_add_func ("/web/live/bad-messages", test_bad_messages);
  g_test_add_func ("/web/live/rate", test_rate);
  g_test_add_func ("/web/live/session", test_session);
  g_test_add_func ("/web/live/signed-out", test_signed_out);
  g_test_add_func ("/web/live/many-pages", test_many_pages);
  g_test_add_func ("/web/live/changed-elsewhere", test_changed_elsewhere);
  result = g_test_run ();
  fixture_free (fixture);
  return result;
}
