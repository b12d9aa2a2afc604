/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The hub that plugins' tests are lent: what the key file grants, and what a test plays. */
#include <karez-testing.h>

#include <glib/gstdio.h>

#define PEER "019ab3c4-0000-7000-8000-00000000000b"

/* A control half that uses all that there is without a database. */
#define TEST_TYPE_PLUGIN (test_plugin_get_type ())
G_DECLARE_FINAL_TYPE (TestPlugin, test_plugin, TEST, PLUGIN, KarezControlHalf)
struct _TestPlugin
{
  KarezControlHalf parent;

  GString *heard;
};

G_DEFINE_FINAL_TYPE (TestPlugin, test_plugin, KAREZ_TYPE_CONTROL_HALF)

static void
on_post (KarezMessage *message, GTask *task, gpointer data)
{
  static const KarezJsonField fields[] = { { "n", KAREZ_JSON_INTEGER, TRUE, 0, 9 }, { NULL } };
  JsonObject *body = karez_message_check (message, fields, task);

  if (body != NULL)
    {
      g_string_append_printf (TEST_PLUGIN (data)->heard, "%" G_GINT64_FORMAT ":%d",
                              karez_message_get_sequence (message),
                              (int) karez_json_integer (body, "n", 0));
      g_task_return_boolean (task, TRUE);
    }
  g_object_unref (task);
}

static void
on_call (KarezMessage *message, GTask *task, gpointer data)
{
  g_task_return_pointer (task,
                         karez_json_object ("from", "s", karez_message_get_peer (message), NULL),
                         (GDestroyNotify) json_node_unref);
  g_object_unref (task);
}

static void
on_pull (const char *peer, const char *cursor, guint limit, GTask *task, gpointer data)
{
  g_task_return_pointer (task,
                         karez_json_object ("items", "n", karez_json_array (NULL), "cursor", "s",
                                            cursor != NULL ? cursor : "first", "more", "b", FALSE,
                                            NULL),
                         (GDestroyNotify) json_node_unref);
  g_object_unref (task);
}

static void
give_part (goffset offset, gsize length, GTask *task, gpointer data)
{
  g_autofree char *part = g_strnfill (length, (char) ('a' + offset / (128 * 1024)));

  g_task_return_pointer (task, g_bytes_new (part, length), (GDestroyNotify) g_bytes_unref);
  g_object_unref (task);
}

static void
on_file (KarezRequest *request, gpointer data)
{
  const KarezStream stream = { "text/plain", NULL, NULL, 128 * 1024 + 2, FALSE };

  karez_request_respond_stream (request, &stream, give_part, NULL, NULL);
}

static void
on_echo (KarezRequest *request, gpointer data)
{
  static const KarezJsonField fields[] = { { "n", KAREZ_JSON_INTEGER, TRUE, 0, 9 }, { NULL } };
  JsonObject *body = karez_request_check_body (request, fields);

  if (body != NULL)
    karez_request_respond (request, 201,
                           karez_json_object ("n", "i", karez_json_integer (body, "n", 0), "part",
                                              "s", karez_request_get_path_part (request, "name"),
                                              "query", "s", karez_request_get_query (request, "q"),
                                              "patients", "b",
                                              karez_request_may (request, "patient.read"), NULL));
}

static void
on_confirmed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;

  if (karez_request_confirm_finish (KAREZ_REQUEST (source), result, &error))
    karez_request_respond_read (KAREZ_REQUEST (source), karez_control_half_get_audit (data),
                                "thing.read", NULL, NULL, json_from_string ("{}", NULL));
  else
    karez_request_fail (KAREZ_REQUEST (source), error);
  g_object_unref (source);
}

static void
on_confirm (KarezRequest *request, gpointer data)
{
  karez_request_confirm_async (g_object_ref (request), karez_request_get_query (request, "p"), NULL,
                               on_confirmed, data);
}

static void
on_agenda (KarezAgenda *agenda, const char *booking, TestPlugin *self)
{
  g_string_append (self->heard, "b");
}

static void
on_peer (KarezPeers *peers, const char *peer, TestPlugin *self)
{
  g_string_append (self->heard, karez_peers_is_paired (peers, peer) ? "+" : "-");
}

static void
on_service (KarezContext *context, const char *name, TestPlugin *self)
{
  gpointer found = karez_context_find_provided (context, name, G_TYPE_OBJECT, 2, NULL);

  g_string_append (self->heard, found != NULL ? "s" : "n");
}

static gboolean
enable (KarezControlHalf *half, KarezContext *context, GError **error)
{
  KarezPeers *peers = karez_control_half_get_peers (half);
  KarezRoutes *routes = karez_context_get_routes (context, error);
  g_autofree char *greeting = karez_settings_get (karez_control_half_get_settings (half),
                                                  "Greeting", routes != NULL ? error : NULL);

  if (routes == NULL || greeting == NULL)
    return FALSE;
  g_string_append_printf (TEST_PLUGIN (half)->heard, "%s:", greeting);
  g_signal_connect_object (karez_control_half_get_agenda (half), "changed", G_CALLBACK (on_agenda),
                           half, 0);
  g_signal_connect_object (context, "service-changed", G_CALLBACK (on_service), half, 0);
  g_signal_connect_object (peers, "changed", G_CALLBACK (on_peer), half, 0);
  return karez_peers_handle_post (peers, "toy.done", on_post, half, NULL, error)
         && karez_peers_handle_call (peers, "toy.ask", on_call, half, NULL, error)
         && karez_peers_serve_feed (peers, "toy.feed", on_pull, half, NULL, error)
         && karez_routes_add (routes, "POST", "/x/toy/echo/{name}", "toy.write", on_echo, half,
                              NULL, error)
         && karez_routes_add (routes, "GET", "/x/toy/file", "toy.write", on_file, half, NULL, error)
         && karez_routes_add (routes, "GET", "/x/toy/confirm", "toy.write", on_confirm, half, NULL,
                              error);
}

static void
test_plugin_finalize (GObject *object)
{
  g_string_free (TEST_PLUGIN (object)->heard, TRUE);
  G_OBJECT_CLASS (test_plugin_parent_class)->finalize (object);
}

static void
test_plugin_class_init (TestPluginClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = test_plugin_finalize;
  KAREZ_CONTROL_HALF_CLASS (klass)->title = "Toy";
  KAREZ_CONTROL_HALF_CLASS (klass)->enable = enable;
}

static void
test_plugin_init (TestPlugin *self)
{
  self->heard = g_string_new (NULL);
}

#define KEYS                                                                                       \
  "[Plugin]\nId=toy\nName=Toy\nVersion=1\nApi=1.1\nControl=toy\nWants=service/clock;\n"            \
  "[Grants]\nServices=%s\nRoutes=/x/toy/\nPeerTopics=toy.\n"                                       \
  "%s[Permissions]\ntoy.write=surgeon;\n[Settings]\nGreeting=hello\n"

/* The key file's folder has a module of the name that it says, as a build directory has. */
static KarezTestHub *
make_hub_with (const char *services, const char *more, GError **error)
{
  g_autofree char *folder = g_dir_make_tmp ("karez-test-hub-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "toy.plugin", NULL);
  g_autofree char *module = g_build_filename (folder, "toy.so", NULL);
  g_autofree char *keys = g_strdup_printf (KEYS, services, more);
  KarezTestHub *hub = NULL;

  g_assert_true (g_file_set_contents (path, keys, -1, NULL));
  g_assert_true (g_file_set_contents (module, "", -1, NULL));
  hub = karez_test_hub_new (path, error);
  g_remove (path);
  g_remove (module);
  g_rmdir (folder);
  return hub;
}

static KarezTestHub *
make_hub (const char *services, GError **error)
{
  return make_hub_with (services, "", error);
}

static KarezTestHub *
open_hub (void)
{
  g_autoptr (GError) error = NULL;
  KarezTestHub *hub = make_hub ("audit;agenda;peers;routes;settings;", &error);

  g_assert_no_error (error);
  karez_test_hub_enable (hub, TEST_TYPE_PLUGIN, &error);
  g_assert_no_error (error);
  return hub;
}

static const char *
heard (KarezTestHub *hub)
{
  return TEST_PLUGIN (karez_test_hub_get_plugin (hub))->heard->str;
}

static void
test_grants (void)
{
  g_autoptr (KarezTestHub) hub = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_null (make_hub ("nonsense;", &error));
  g_assert_true (karez_error_is_invalid (error));
  g_clear_error (&error);
  hub = make_hub ("audit;agenda;peers;settings;", &error);
  g_assert_no_error (error);
  karez_test_hub_set (hub, "Greeting", "good day");
  g_assert_false (karez_test_hub_enable (hub, TEST_TYPE_PLUGIN, &error));
  g_assert_error (error, KAREZ_ERROR, KAREZ_ERROR_NOT_GRANTED);
}

static void
test_settings (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KarezTestHub) hub = make_hub ("audit;agenda;peers;routes;settings;", &error);

  g_assert_no_error (error);
  karez_test_hub_set (hub, "Greeting", "good day");
  karez_test_hub_enable (hub, TEST_TYPE_PLUGIN, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (heard (hub), ==, "good day:");
  /* Once more, in the same hub. */
  karez_test_hub_disable (hub, &error);
  g_assert_no_error (error);
  g_assert_null (karez_test_hub_get_plugin (hub));
  g_assert_cmpuint (karez_test_hub_request (hub, "surgeon", "GET", "/x/toy/file", NULL, NULL), ==,
                    404);
  karez_test_hub_enable (hub, TEST_TYPE_PLUGIN, &error);
  g_assert_no_error (error);
}

static void
test_routes (void)
{
  g_autoptr (KarezTestHub) hub = open_hub ();
  g_autoptr (JsonNode) echo = NULL, wrong = NULL;
  g_autofree char *text = NULL;
  g_autoptr (GBytes) file = NULL;
  const char *bytes = NULL;
  gsize size = 0;

  g_assert_cmpuint (karez_test_hub_request (hub, "surgeon", "POST", "/x/toy/echo/a%2Fb?q=x+y",
                                            karez_json_object ("n", "i", (gint64) 7, NULL), &echo),
                    ==, 201);
  text = karez_json_print (echo);
  g_assert_cmpstr (text, ==, "{\"n\":7,\"part\":\"a/b\",\"query\":\"x y\",\"patients\":true}");
  g_assert_cmpuint (karez_test_hub_request (hub, "surgeon", "POST", "/x/toy/echo/a",
                                            karez_json_object ("n", "s", "7", NULL), &wrong),
                    ==, 422);
  g_assert_nonnull (karez_json_text (json_node_get_object (wrong), "rule"));
  g_assert_cmpuint (karez_test_hub_request (hub, "auditor", "POST", "/x/toy/echo/a", NULL, NULL),
                    ==, 403);
  g_assert_cmpuint (karez_test_hub_request (hub, "surgeon", "GET", "/x/toy/none", NULL, NULL), ==,
                    404);
  g_assert_cmpuint (
      karez_test_hub_request_bytes (hub, "surgeon", "GET", "/x/toy/file", NULL, &file), ==, 200);
  bytes = g_bytes_get_data (file, &size);
  g_assert_cmpuint (size, ==, 128 * 1024 + 2);
  g_assert_cmpint (bytes[0], ==, 'a');
  g_assert_cmpint (bytes[size - 1], ==, 'b');
  g_assert_cmpuint (
      karez_test_hub_request (hub, "surgeon", "GET", "/x/toy/confirm?p=x", NULL, NULL), ==, 401);
  g_assert_cmpuint (karez_test_hub_count_events (hub, "thing.read"), ==, 0);
  g_assert_cmpuint (
      karez_test_hub_request (hub, "surgeon", "GET", "/x/toy/confirm?p=password", NULL, NULL), ==,
      200);
  g_assert_cmpuint (karez_test_hub_count_events (hub, "thing.read"), ==, 1);
}

static void
on_called (GObject *source, GAsyncResult *result, gpointer data)
{
  *(GAsyncResult **) data = g_object_ref (result);
}

/* What the plugin asks of its partner. */
static JsonNode *
ask (KarezTestHub *hub, GError **error)
{
  KarezPeers *peers = karez_context_get_peers (karez_test_hub_get_context (hub), error);
  g_autoptr (GAsyncResult) result = NULL;

  karez_peers_call_async (peers, PEER, "toy.ask", NULL, 1000, NULL, on_called, &result);
  karez_test_rest ();
  return karez_peers_call_finish (peers, result, error);
}

static void
test_peers (void)
{
  g_autoptr (KarezTestHub) hub = open_hub ();
  g_autoptr (JsonNode) answer = NULL, page = NULL, got = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_null (ask (hub, &error));
  g_assert_error (error, KAREZ_ERROR, KAREZ_ERROR_NOT_FOUND);
  g_clear_error (&error);
  karez_test_hub_set_peer (hub, PEER, KAREZ_PEER_UP);
  g_assert_null (ask (hub, &error));
  g_assert_true (karez_error_is_unavailable (error));
  g_clear_error (&error);
  karez_test_hub_answer (hub, "toy.ask", karez_json_object ("yes", "b", TRUE, NULL));
  got = ask (hub, &error);
  g_assert_no_error (error);
  g_assert_true (karez_json_boolean (json_node_get_object (got), "yes"));
  g_assert_cmpuint (karez_test_hub_count_asked (hub, "toy.ask"), ==, 3);

  g_assert_true (karez_test_hub_post (hub, PEER, "toy.done",
                                      karez_json_object ("n", "i", (gint64) 3, NULL), &error));
  g_assert_no_error (error);
  g_assert_false (karez_test_hub_post (hub, PEER, "toy.done",
                                       karez_json_object ("n", "i", (gint64) 10, NULL), &error));
  g_assert_true (karez_error_is_invalid (error));
  g_clear_error (&error);
  g_assert_true (karez_test_hub_post (hub, PEER, "toy.done",
                                      karez_json_object ("n", "i", (gint64) 4, NULL), &error));
  g_assert_false (
      karez_test_hub_post (hub, PEER, "toy.none", json_from_string ("{}", NULL), &error));
  g_assert_error (error, KAREZ_ERROR, KAREZ_ERROR_NOT_FOUND);
  g_clear_error (&error);
  answer = karez_test_hub_call (hub, PEER, "toy.ask", NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (karez_json_text (json_node_get_object (answer), "from"), ==, PEER);
  page = karez_test_hub_pull (hub, PEER, "toy.feed", NULL, 10, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (karez_json_text (json_node_get_object (page), "cursor"), ==, "first");
  karez_test_hub_set_peer (hub, PEER, KAREZ_PEER_REVOKED);
  g_assert_cmpstr (heard (hub), ==, "hello:+1:32:4-");
}

static void
test_agenda (void)
{
  g_autoptr (KarezTestHub) hub = open_hub ();
  KarezAgenda *agenda = karez_context_get_agenda (karez_test_hub_get_context (hub), NULL);
  g_autoptr (JsonNode) booking = karez_test_booking ("toy", 30);
  const char *id = karez_json_text (json_node_get_object (booking), "id");
  g_autoptr (GAsyncResult) none = NULL, some = NULL;
  g_autoptr (JsonNode) found = NULL;
  g_autoptr (GError) error = NULL;

  karez_agenda_get_booking_async (agenda, id, NULL, on_called, &none);
  karez_test_rest ();
  g_assert_null (karez_agenda_get_booking_finish (agenda, none, &error));
  g_assert_error (error, KAREZ_ERROR, KAREZ_ERROR_NOT_FOUND);
  g_clear_error (&error);
  karez_test_hub_add_booking (hub, booking);
  karez_agenda_get_booking_async (agenda, id, NULL, on_called, &some);
  karez_test_rest ();
  found = karez_agenda_get_booking_finish (agenda, some, &error);
  g_assert_no_error (error);
  g_assert_true (json_node_equal (found, booking));
  g_assert_cmpstr (heard (hub), ==, "hello:b");
}

static gboolean
record (KarezTestHub *hub, gint64 sequence, const char *action, JsonNode *body, const char *rule)
{
  g_autoptr (GError) error = NULL;
  gboolean kept = karez_test_hub_record (hub, "019ab3c4-0000-7000-8000-0000000000aa", sequence,
                                         action, NULL, body, &error);

  g_assert_cmpstr (error != NULL ? karez_error_get_rule (error) : NULL, ==, rule);
  return kept;
}

/* Words of consent are the hub's: a plugin that keeps nothing is not asked. */
static void
test_consent (void)
{
  g_autoptr (KarezTestHub) hub = open_hub ();

  g_assert_false (
      record (hub, 1, "toy.keep", karez_json_object ("a", "i", (gint64) 1, NULL), "plugin/record"));
  g_assert_true (record (hub, 2, "consent.withdraw",
                         karez_json_object ("state", "s", "withdrawn", "id", "s",
                                            "019ab3c4-0000-7000-8000-000000000001", "by", "s", "n",
                                            "at", "s", "2026-01-01T00:00:00Z", NULL),
                         NULL));
  g_assert_false (record (hub, 3, "consent.give", karez_json_object ("state", "s", "given", NULL),
                          "consent/whole"));
}

/* What another plugin provides comes, is another one, and goes. */
static void
test_provided (void)
{
  g_autoptr (KarezTestHub) hub = open_hub ();
  g_autoptr (GObject) service = g_object_new (G_TYPE_OBJECT, NULL);

  karez_test_hub_provide (hub, "clock", G_TYPE_OBJECT, 2, service);
  karez_test_hub_provide (hub, "ruler", G_TYPE_OBJECT, 2, service); /* which it does not want */
  g_assert_cmpstr (heard (hub), ==, "hello:s");
  karez_test_hub_provide (hub, "clock", G_TYPE_OBJECT, 1, service); /* too old */
  karez_test_hub_provide (hub, "clock", G_TYPE_OBJECT, 0, NULL);
  g_assert_cmpstr (heard (hub), ==, "hello:snnn");
}

static char *
ask_database (const char *sql)
{
  const char *const command[] = { "psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-c", sql, NULL };
  char *answer = NULL;
  int status = 0;

  g_assert_true (g_spawn_sync (NULL, (char **) command, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL,
                               &answer, NULL, &status, NULL));
  g_assert_cmpint (status, ==, 0);
  return g_strstrip (answer);
}

/* KAREZ_TEST_DATABASE is emptied, but for one that somebody named by mistake. */
static void
test_database_of_a_hub (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KarezTestHub)
      hub = make_hub_with ("store;audit;agenda;peers;routes;settings;", "Schema=toy\n", &error);
  g_autofree char *made = ask_database ("create schema karez; create table karez.hub (id integer);"
                                        " insert into karez.hub values (1); create schema toy;"
                                        " create table toy.kept (id integer)");
  g_autofree char *kept = NULL, *gone = NULL;

  g_assert_no_error (error);
  g_assert_false (karez_test_hub_enable (hub, TEST_TYPE_PLUGIN, &error));
  g_assert_cmpstr (karez_error_get_rule (error), ==, "test/database");
  g_clear_error (&error);
  kept = ask_database ("select count (*) from toy.kept, karez.hub");
  g_assert_cmpstr (kept, ==, "0");
  g_free (ask_database ("delete from karez.hub"));
  /* Emptied now; this plugin brings no migrations, of which the store warns. */
  g_log_set_always_fatal (G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
  g_assert_false (karez_test_hub_enable (hub, TEST_TYPE_PLUGIN, &error));
  g_assert_nonnull (error);
  gone = ask_database ("select to_regclass ('toy.kept') is null");
  g_assert_cmpstr (gone, ==, "t");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/hub/grants", test_grants);
  g_test_add_func ("/hub/settings", test_settings);
  g_test_add_func ("/hub/routes", test_routes);
  g_test_add_func ("/hub/peers", test_peers);
  g_test_add_func ("/hub/agenda", test_agenda);
  g_test_add_func ("/hub/consent", test_consent);
  g_test_add_func ("/hub/provided", test_provided);
  g_test_add_func ("/hub/database-of-a-hub", test_database_of_a_hub);
  return g_test_run ();
}
