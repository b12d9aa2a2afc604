/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two hubs' engines in one process, with two databases, real workers and a real link; peers and
 * agenda are played. */
#include "engine-fixture.h"
#include "engine-play.h"
#include "hub-agenda.h"
#include "hub-engine.h"
#include "hub-id.h"
#include "hub-identity.h"

#include <signal.h>

/* A hospital. */
typedef struct Hub
{
  char *id, *database, *state_dir;
  HubIdentity *identity;
  struct Hub *other;
  HubStore *store;
  HubEngine *engine;
  PlayPeers *peers;
  PlayHall *hall;
  GHashTable *pages; /* connection → GPtrArray of texts */
  guint restarting, over;
} Hub;

typedef struct
{
  Hub hubs[2];
  char *session;
} Fixture;

static gboolean
page_send (gpointer data, const char *connection, JsonNode *message)
{
  Hub *hub = data;
  g_autoptr (JsonNode) owned = message;
  GPtrArray *texts = g_hash_table_lookup (hub->pages, connection);

  if (!texts)
    {
      texts = g_ptr_array_new_with_free_func (g_free);
      g_hash_table_insert (hub->pages, g_strdup (connection), texts);
    }
  g_ptr_array_add (texts, karez_json_print (message));
  return TRUE;
}
static void
page_problem (gpointer data, const char *connection, const char *session, const GError *error)
{
  page_send (
      data, connection,
      karez_json_object ("type", "s", "problem", "rule", "s", karez_error_get_rule (error), NULL));
}
static void
page_broadcast (gpointer data, const char *permission, JsonNode *message)
{
  Hub *hub = data;
  g_autoptr (JsonNode) owned = message;
  JsonObject *object = json_node_get_object (message);

  hub->restarting += g_strcmp0 (karez_json_text (object, "worker"), "restarting") == 0
                     || g_strcmp0 (karez_json_text (object, "partner_worker"), "restarting") == 0;
}
static const HubPages pages = { page_send, page_problem, page_broadcast };

static JsonNode *
sign (gpointer data, const char *text, GError **error)
{
  return hub_identity_sign (((Hub *) data)->identity, text, error);
}
static gboolean
verify (gpointer data, const char *peer, const char *text, JsonNode *signature, GError **error)
{
  Hub *other = ((Hub *) data)->other;

  g_assert_cmpstr (peer, ==, other->id);
  return hub_identity_verify (hub_identity_get_key_hash (other->identity), text, signature, error);
}
static const HubSigner signer = { sign, verify };

static char *
ask (Hub *hub, const char *sql)
{
  g_autoptr (GError) error = NULL;
  const char *argv[] = { "psql", "-XAtq", "-d", hub->database, "-c", sql, NULL };
  g_autofree char *out = NULL;

  g_assert_true (g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &out,
                               NULL, NULL, &error));
  g_assert_no_error (error);
  return g_strdup (g_strchomp (out));
}

static void
on_over (HubEngine *engine, const char *session, KarezActor *actor, Hub *hub)
{
  hub->over++;
}

static void
start_engine (Hub *hub, const char *plugins)
{
  const char *const paths[] = { plugins, NULL };
  HubEngineConfig config = { .hub = hub->id,
                             .state_dir = hub->state_dir,
                             .runtime_dir = hub->state_dir,
                             .plugin_paths = paths,
                             .worker = g_getenv ("KAREZ_TEST_WORKER"),
                             .link_address = "127.0.0.1",
                             .media_address = "127.0.0.1" };
  HubEngineServices services = { KAREZ_ROUTES (hub->hall),
                                 KAREZ_PEERS (hub->peers),
                                 KAREZ_AGENDA (hub->hall),
                                 KAREZ_AUDIT (hub->hall),
                                 &pages,
                                 hub,
                                 &signer,
                                 hub };
  g_autoptr (GError) error = NULL;
  Await load = { 0 }, opened = { 0 }, start = { 0 };

  hub->store = hub_store_new (hub->database, 5, 64);
  hub_agenda_add_schema (hub->store);
  hub_engine_add_schema (hub->store);
  config.store = hub->store;
  hub->engine = hub_engine_new (&config);
  g_signal_connect (hub->engine, "session-over", G_CALLBACK (on_over), hub);
  hub_engine_load_async (hub->engine, NULL, await_done, &load);
  g_assert_true (hub_engine_load_finish (hub->engine, await_result (&load), &error));
  g_assert_no_error (error);
  hub_store_open_async (hub->store, NULL, await_done, &opened);
  if (!hub_store_open_finish (hub->store, await_result (&opened), &error))
    g_error ("%s", error->message);
  hub_engine_start_async (hub->engine, &services, NULL, await_done, &start);
  if (!hub_engine_start_finish (hub->engine, await_result (&start), &error))
    g_error ("%s", error->message);
  g_object_unref (load.result);
  g_object_unref (opened.result);
  g_object_unref (start.result);
}

static void
stop_engine (Hub *hub)
{
  Await await = { 0 };

  hub_engine_stop_async (hub->engine, await_done, &await);
  g_assert_true (hub_engine_stop_finish (hub->engine, await_result (&await), NULL));
  g_object_unref (await.result);
  g_hash_table_remove_all (hub->peers->handlers);
  g_clear_object (&hub->engine);
  hub_store_close (hub->store);
  g_clear_object (&hub->store);
}

static JsonNode *
make_booking (Fixture *f, const char *reason)
{
  return karez_json_object ("id", "s", f->session, "modality", "s", "count", "title", "s",
                            "Counting", "reason", "s", reason, "requester", "s", f->hubs[0].id,
                            "provider", "s", f->hubs[1].id, "host", "s", f->hubs[0].id, "state",
                            "s", "confirmed", "starts_at", "s", "2026-11-24T06:00:00Z", "ends_at",
                            "s", "2026-11-24T07:00:00Z", NULL);
}

static char *
plugin_folder (void)
{
  static char *folder;
  g_autofree char *path = NULL;

  if (folder)
    return g_strdup (folder);
  path = scratch_file ("plugins/count.plugin",
                       "[Plugin]\nId=good\nName=Counter\nVersion=1\nApi=1.0\n"
                       "Control=module-control\nLive=module-live\nProvides=modality/count;\n"
                       "[Modality]\nId=count\nTitle=Counting\nHost=requester\nRoles=writer;\n"
                       "DurationMinutes=30\n[Grants]\nServices=routes;settings;\nRoutes=/x/good/\n"
                       "[Settings]\nBehaviour=good\n");
  folder = g_path_get_dirname (path);
  for (guint i = 0; i < 2; i++)
    {
      const char *name = i ? "module-live" : "module-control";
      g_autofree char *target = module_path (name);
      g_autofree char *link = g_strdup_printf ("%s/%s.so", folder, name);

      g_assert_cmpint (symlink (target, link), ==, 0);
    }
  return g_strdup (folder);
}

static gboolean
is_planned (gpointer data)
{
  Fixture *f = data;

  return hub_sessions_get (hub_engine_get_sessions (f->hubs[0].engine), f->session)
         && hub_sessions_get (hub_engine_get_sessions (f->hubs[1].engine), f->session);
}

static void
set_up (Fixture *f, gconstpointer reason)
{
  static char *ids[2];
  g_autofree char *plugins = plugin_folder ();

  f->session = hub_id_new ();
  for (guint i = 0; i < 2; i++)
    {
      Hub *hub = &f->hubs[i];
      const char *database = g_getenv (i ? "KAREZ_TEST_DATABASE_2" : "KAREZ_TEST_DATABASE");

      ids[i] = ids[i] ? ids[i] : hub_id_new ();
      hub->id = g_strdup (ids[i]);
      hub->database = g_strdup (database);
      hub->state_dir = g_strdup_printf ("%s/%s-%u", scratch (), f->session + 24, i);
      g_assert_cmpint (g_mkdir_with_parents (hub->state_dir, 0700), ==, 0);
      hub->identity = hub_identity_open (hub->state_dir, hub->id, NULL);
      hub->other = &f->hubs[1 - i];
      hub->hall = g_object_new (PLAY_TYPE_HALL, NULL);
      hub->peers = g_object_new (PLAY_TYPE_PEERS, NULL);
      hub->peers->own = g_strdup (hub->id);
      hub->pages = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                          (GDestroyNotify) g_ptr_array_unref);
    }
  f->hubs[0].peers->other = f->hubs[1].peers;
  f->hubs[1].peers->other = f->hubs[0].peers;
  for (guint i = 0; i < 2; i++)
    {
      start_engine (&f->hubs[i], plugins);
      f->hubs[i].hall->booking = make_booking (f, reason ? reason : "");
    }
  for (guint i = 0; i < 2; i++)
    g_signal_emit_by_name (f->hubs[i].hall, "changed", f->session);
  turn_until (is_planned, f, 5, "the session is planned at both hubs");
}

static HubSession *
session_of (Fixture *f, guint i)
{
  return hub_sessions_get (hub_engine_get_sessions (f->hubs[i].engine), f->session);
}

/* The worker's process, found by what it was started with. */
static int
worker_of (Fixture *f, guint i)
{
  const char *pattern = f->hubs[i].state_dir;
  g_autoptr (GDir) proc = g_dir_open ("/proc", 0, NULL);
  const char *name = NULL;

  while ((name = g_dir_read_name (proc)))
    {
      g_autofree char *path = g_strdup_printf ("/proc/%s/cmdline", name);
      g_autofree char *text = NULL;
      gsize size = 0;

      if (!g_ascii_isdigit (*name) || !g_file_get_contents (path, &text, &size, NULL))
        continue;
      for (gsize at = 0; at + 1 < size; at++)
        if (!text[at])
          text[at] = ' ';
      if (strstr (text, "--session") && strstr (text, pattern))
        return atoi (name);
    }
  return 0;
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  for (guint i = 0; i < 2; i++)
    {
      int pid = 0;

      if (f->hubs[i].engine)
        stop_engine (&f->hubs[i]);
      pid = worker_of (f, i);
      if (pid)
        kill (pid, SIGKILL);
    }
  for (guint i = 0; i < 2; i++)
    {
      g_clear_object (&f->hubs[i].hall);
      g_clear_object (&f->hubs[i].identity);
      g_clear_object (&f->hubs[i].peers);
      g_hash_table_unref (f->hubs[i].pages);
      g_free (f->hubs[i].id);
      g_free (f->hubs[i].database);
      g_free (f->hubs[i].state_dir);
    }
  g_free (f->session);
}

static JsonNode *
move (Fixture *f, guint i, const char *edge, GError **error)
{
  HubSessions *sessions = hub_engine_get_sessions (f->hubs[i].engine);
  g_autoptr (KarezActor)
      actor = karez_actor_new (KAREZ_ACTOR_PERSON, f->hubs[i].id, "Somebody", NULL, NULL, NULL);
  Await await = { 0 };
  JsonNode *answer = NULL;

  hub_sessions_move_async (sessions, f->session, edge, NULL, actor, NULL, await_done, &await);
  answer = hub_sessions_move_finish (sessions, await_result (&await), error);
  g_object_unref (await.result);
  return answer;
}

static void
move_well (Fixture *f, guint i, const char *edge)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) answer = move (f, i, edge, &error);

  g_assert_no_error (error);
  g_assert_nonnull (answer);
}

typedef struct
{
  Fixture *f;
  KarezState state;
} Both;

static gboolean
both_are (gpointer data)
{
  Both *both = data;

  for (guint i = 0; i < 2; i++)
    if (!session_of (both->f, i) || session_of (both->f, i)->state != both->state)
      return FALSE;
  return TRUE;
}

static void
wait_for (Fixture *f, KarezState state, guint seconds)
{
  Both both = { f, state };

  turn_until (both_are, &both, seconds, karez_state_name (state));
}

static gboolean
link_is_up (gpointer data)
{
  for (guint i = 0; i < 2; i++)
    {
      HubSession *session = session_of (data, i);

      if (!session || !session->link || !JSON_NODE_HOLDS_OBJECT (session->link)
          || !karez_json_boolean (json_node_get_object (session->link), "up"))
        return FALSE;
    }
  return TRUE;
}

static void
go_live (Fixture *f)
{
  move_well (f, 1, "prepare");
  wait_for (f, KAREZ_STATE_READY, 10);
  turn_until (link_is_up, f, 10, "the link is up");
  turn_for (100);
  move_well (f, 1, "start");
  wait_for (f, KAREZ_STATE_LIVE, 10);
}

static char *
join (Fixture *f, guint i, const char *connection)
{
  HubSessions *sessions = hub_engine_get_sessions (f->hubs[i].engine);
  g_autoptr (KarezActor)
      actor = karez_actor_new (KAREZ_ACTOR_PERSON, f->hubs[i].id, "Somebody", NULL, NULL, NULL);
  g_autoptr (KarezTransaction)
      transaction = karez_store_begin (hub_store_get_scope (f->hubs[i].store, "engine"), actor);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) answer = NULL;
  g_autoptr (JsonNode) frame = NULL;
  Await await = { 0 };
  char *participant = NULL;

  hub_sessions_join_async (sessions, f->session, "writer", transaction, await_done, &await);
  answer = hub_sessions_join_finish (sessions, await_result (&await), &error);
  g_assert_no_error (error);
  g_object_unref (await.result);
  participant = g_strdup (karez_json_text (json_node_get_object (answer), "participant"));
  frame = karez_json_object ("type", "s", "join", "session", "s", f->session, "participant", "s",
                             participant, NULL);
  g_assert_true (
      hub_sessions_page (sessions, connection, actor, json_node_get_object (frame), &error));
  return participant;
}

static void
say (Fixture *f, guint i, const char *connection, const char *type)
{
  HubSessions *sessions = hub_engine_get_sessions (f->hubs[i].engine);
  g_autoptr (KarezActor)
      actor = karez_actor_new (KAREZ_ACTOR_PERSON, f->hubs[i].id, "Somebody", NULL, NULL, NULL);
  g_autoptr (JsonNode)
      frame = karez_json_object ("type", "s", "message", "session", "s", f->session, "body", "n",
                                 karez_json_object ("type", "s", type, NULL), NULL);
  g_autoptr (GError) error = NULL;

  g_assert_true (
      hub_sessions_page (sessions, connection, actor, json_node_get_object (frame), &error));
  g_assert_no_error (error);
}

typedef struct
{
  Hub *hub;
  const char *connection, *text;
} Heard;

static gboolean
has_heard (gpointer data)
{
  Heard *heard = data;
  GPtrArray *texts = g_hash_table_lookup (heard->hub->pages, heard->connection);

  for (guint i = 0; texts && i < texts->len; i++)
    if (strstr (texts->pdata[i], heard->text))
      return TRUE;
  return FALSE;
}

static void
hear (Fixture *f, guint i, const char *connection, const char *text)
{
  Heard heard = { &f->hubs[i], connection, text };

  turn_until (has_heard, &heard, 8, text);
}

static gboolean
rows_say_over (gpointer data)
{
  Fixture *f = data;
  g_autofree char *sql = g_strdup_printf ("select state from engine.session where id = '%s'",
                                          f->session);

  for (guint i = 0; i < 2; i++)
    {
      g_autofree char *state = f->hubs[i].over ? ask (&f->hubs[i], sql) : g_strdup ("");

      if (!g_str_equal (state, "ended") || !f->hubs[i].over)
        return FALSE;
    }
  return TRUE;
}

static void
expect_rows (Hub *hub, const char *format, const char *session, const char *expected)
{
  g_auto (GStrv) parts = g_strsplit (format, "SESSION", -1);
  g_autofree char *sql = g_strjoinv (session, parts);
  g_autofree char *found = ask (hub, sql);

  g_assert_cmpstr (found, ==, expected);
}

static void
test_life (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *one = NULL;
  g_autofree char *two = NULL;

  /* Nothing is live yet. */
  g_assert_null (move (f, 0, "start", &error));
  assert_rule (error, "session/edge");
  g_clear_error (&error);
  go_live (f);
  one = join (f, 0, "page-0");
  two = join (f, 1, "page-1");
  hear (f, 0, "page-0", "\"count\":0");
  hear (f, 1, "page-1", "\"count\":0");
  say (f, 0, "page-0", "add");
  hear (f, 0, "page-0", "\"count\":1");
  say (f, 0, "page-0", "rubbish");
  hear (f, 0, "page-0", "test/type");
  /* Held by the mirror's people, resumed by the host's. */
  move_well (f, 1, "hold");
  wait_for (f, KAREZ_STATE_HELD, 5);
  move_well (f, 1, "hold");
  move_well (f, 0, "resume");
  wait_for (f, KAREZ_STATE_LIVE, 5);
  /* By the live half itself. */
  say (f, 0, "page-0", "hold");
  wait_for (f, KAREZ_STATE_HELD, 5);
  move_well (f, 0, "stop");
  turn_until (rows_say_over, f, 30, "both rows say ended");
  expect_rows (&f->hubs[0],
               "select string_agg (action, ' ' order by id) from karez.event where session = "
               "'SESSION' and action in ('session.plan', 'session.prepare', 'session.start', "
               "'session.live', 'session.hold', 'session.resume', 'session.stop', 'session.end')",
               f->session,
               "session.plan session.prepare session.start session.live session.hold "
               "session.resume session.hold session.stop session.end");
  expect_rows (&f->hubs[1],
               "select count (*) from karez.event where session = 'SESSION' and action = "
               "'session.ask'",
               f->session, "4");
  /* The partner's person moved it, marked as such. */
  expect_rows (&f->hubs[0],
               "select distinct actor_kind from karez.event where session = 'SESSION' and action = "
               "'session.start'",
               f->session, "peer");
  expect_rows (&f->hubs[0],
               "select count (*) from engine.participant where session = 'SESSION' and left_at is "
               "null",
               f->session, "0");
  g_assert_cmpuint (f->hubs[0].over, ==, 1);
  g_assert_cmpuint (f->hubs[1].over, ==, 1);
}

static gboolean
is_restarted (gpointer data)
{
  Fixture *f = data;

  return f->hubs[0].restarting && f->hubs[1].restarting
         && session_of (f, 0)->worker == HUB_WORKER_RUNNING;
}

static void
test_worker_killed (Fixture *f, gconstpointer data)
{
  g_autofree char *one = NULL;
  gint64 before = 0;

  go_live (f);
  one = join (f, 0, "page-0");
  hear (f, 0, "page-0", "\"count\":0");
  say (f, 0, "page-0", "add");
  hear (f, 0, "page-0", "\"count\":1");
  turn_for (2500);
  g_hash_table_remove_all (f->hubs[0].pages);
  before = g_get_monotonic_time ();
  g_assert_cmpint (kill (worker_of (f, 0), SIGKILL), ==, 0);
  turn_until (is_restarted, f, 5, "both hubs are told and the worker is back");
  /* The page is joined by itself and gets the state. */
  hear (f, 0, "page-0", "\"count\":1");
  wait_for (f, KAREZ_STATE_LIVE, 10);
  g_test_message ("live again after %.2f s", (g_get_monotonic_time () - before) / 1e6);
  g_assert_cmpuint (session_of (f, 0)->generation, ==, 2);
  expect_rows (&f->hubs[0],
               "select count (*) > 0 from karez.event where session = 'SESSION' and action = "
               "'session.restart'",
               f->session, "t");
  /* And the mirror's. */
  f->hubs[0].restarting = f->hubs[1].restarting = 0;
  g_assert_cmpint (kill (worker_of (f, 1), SIGKILL), ==, 0);
  turn_until (is_restarted, f, 5, "both hubs are told");
  turn_for (500);
  turn_until (link_is_up, f, 10, "the link is up again");
  wait_for (f, KAREZ_STATE_LIVE, 10);
  move_well (f, 1, "stop");
  turn_until (rows_say_over, f, 30, "both rows say ended");
}

static gboolean
is_adopted (gpointer data)
{
  Fixture *f = data;

  return session_of (f, 0) && session_of (f, 0)->worker == HUB_WORKER_RUNNING;
}

static void
test_hub_restarted (Fixture *f, gconstpointer data)
{
  g_autofree char *plugins = plugin_folder ();
  g_autofree char *one = NULL;
  int pid = 0;

  go_live (f);
  one = join (f, 0, "page-0");
  pid = worker_of (f, 0);
  stop_engine (&f->hubs[0]);
  turn_for (300);
  /* It ended, and the other hospital's people go on; here they hold through the mirror's worker. */
  g_assert_cmpint (kill (pid, 0), ==, 0);
  move_well (f, 1, "hold");
  turn_for (500);
  g_assert_cmpint (session_of (f, 1)->state, ==, KAREZ_STATE_HELD);
  start_engine (&f->hubs[0], plugins);
  turn_until (is_adopted, f, 5, "the worker is taken over");
  g_assert_cmpint (worker_of (f, 0), ==, pid);
  g_assert_cmpint (session_of (f, 0)->state, ==, KAREZ_STATE_HELD);
  g_assert_cmpuint (session_of (f, 0)->generation, ==, 1);
  g_assert_nonnull (g_hash_table_lookup (session_of (f, 0)->persons, one));
  move_well (f, 0, "resume");
  wait_for (f, KAREZ_STATE_LIVE, 5);
  move_well (f, 0, "stop");
  turn_until (rows_say_over, f, 30, "both rows say ended");
  /* What happened while the hub was away is on record. */
  expect_rows (&f->hubs[0],
               "select count (*) from karez.event where session = 'SESSION' and action = "
               "'session.hold' and actor_kind = 'peer'",
               f->session, "1");
}

static gboolean
has_failed (gpointer data)
{
  Fixture *f = data;
  g_autofree char *sql = g_strdup_printf ("select state from engine.session where id = '%s'",
                                          f->session);
  g_autofree char *state = ask (&f->hubs[0], sql);

  return g_str_equal (state, "failed");
}

static void
test_crash_in_prepare (Fixture *f, gconstpointer data)
{
  move_well (f, 0, "prepare");
  turn_until (has_failed, f, 20, "the session fails after three restarts");
  expect_rows (&f->hubs[0],
               "select count (*) from karez.event where session = 'SESSION' and action = "
               "'session.worker-start'",
               f->session, "3");
  expect_rows (
      &f->hubs[0],
      "select body ->> 'state' from karez.outbox where topic = 'session.state' and body ->> "
      "'session' = 'SESSION' order by sequence desc limit 1",
      f->session, "failed");
}

static void
test_cancelled (Fixture *f, gconstpointer data)
{
  Hub *hub = &f->hubs[0];

  json_object_set_string_member (json_node_get_object (hub->hall->booking), "state", "cancelled");
  g_signal_emit_by_name (hub->hall, "changed", f->session);
  turn_for (500);
  expect_rows (hub, "select state from engine.session where id = 'SESSION'", f->session, "ended");
  g_assert_null (session_of (f, 0));
}

/* What a peer may say of a session: only of its own, and only in its part. */
static void
test_strangers (Fixture *f, gconstpointer data)
{
  PlayPeers *peers = f->hubs[1].peers;
  g_autofree char *stranger = hub_id_new ();
  g_autofree char *own = g_steal_pointer (&peers->own);
  g_autoptr (GError) error = NULL;
  Await await = { 0 };
  g_autoptr (JsonNode) answer = NULL;

  peers->own = g_strdup (stranger);
  karez_peers_call_async (
      KAREZ_PEERS (peers), f->hubs[0].id, "session.move",
      karez_json_object (
          "session", "s", f->session, "edge", "s", "stop", "actor", "n",
          karez_json_object ("kind", "s", "person", "id", "s", "x", "name", "s", "X", NULL), NULL),
      1000, NULL, await_done, &await);
  answer = karez_peers_call_finish (KAREZ_PEERS (peers), await_result (&await), &error);
  g_assert_null (answer);
  assert_rule (error, "session/unknown");
  g_object_unref (await.result);
  g_free (peers->own);
  peers->own = g_steal_pointer (&own);
}

/* What comes of an offer of @addresses that @who signed for @session with other @signed ones. */
static void
expect_refused (Fixture *f, HubIdentity *who, const char *session, const char *signed_addresses,
                const char *addresses, const char *rule)
{
  const char *key = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
  const char *const list[] = { addresses, NULL };
  g_autofree char *text = g_strdup_printf ("karez link endpoint v1\n%s\n%s\n%s\n9\n%s\n%s", session,
                                           f->hubs[1].id, f->hubs[0].id, key, signed_addresses);
  g_autoptr (GError) error = NULL;
  Await await = { 0 };

  karez_peers_call_async (
      KAREZ_PEERS (f->hubs[1].peers), f->hubs[0].id, "session.endpoint",
      karez_json_object ("session", "s", f->session, "endpoint", "n",
                         karez_json_object ("key", "s", key, "addresses", "as", list, "generation",
                                            "i", (gint64) 9, NULL),
                         "signature", "n", hub_identity_sign (who, text, NULL), "state", "s",
                         "live", "sequence", "i", (gint64) 1, NULL),
      1000, NULL, await_done, &await);
  g_assert_null (
      karez_peers_call_finish (KAREZ_PEERS (f->hubs[1].peers), await_result (&await), &error));
  assert_rule (error, rule);
  g_object_unref (await.result);
}

/* Where a worker is told to send to is bound to session, hubs and generation by the hub's key. */
static void
test_signatures (Fixture *f, gconstpointer data)
{
  g_autofree char *directory = g_dir_make_tmp ("karez-stranger-XXXXXX", NULL);
  g_autofree char *other_session = hub_id_new ();
  g_autoptr (HubIdentity) stranger = hub_identity_open (directory, NULL, NULL);
  HubIdentity *partner = f->hubs[1].identity;

  go_live (f);
  expect_refused (f, stranger, f->session, "127.0.0.1:9", "127.0.0.1:9", "peers/other-key");
  expect_refused (f, f->hubs[0].identity, f->session, "127.0.0.1:9", "127.0.0.1:9",
                  "peers/other-key");
  expect_refused (f, partner, other_session, "127.0.0.1:9", "127.0.0.1:9", "peers/signature");
  expect_refused (f, partner, f->session, "127.0.0.1:9", "127.0.0.1:10", "peers/signature");
  /* Well signed: it is the worker that does not accept such a key. */
  expect_refused (f, partner, f->session, "127.0.0.1:9", "127.0.0.1:9", "link/key");
  turn_for (200);
  g_assert_true (link_is_up (f));
}

static gboolean
deliver (Fixture *f, guint to, const char *state, gint64 state_sequence, gint64 sequence,
         GError **error)
{
  g_autoptr (JsonNode)
      body = karez_json_object ("session", "s", f->session, "state", "s", state, "sequence", "i",
                                state_sequence, "reason", "s", "told by post", NULL);
  Await await = { 0 };
  gboolean done = FALSE;

  play_peers_deliver (f->hubs[to].peers, "session.state", body, sequence, await_done, &await);
  done = g_task_propagate_boolean (G_TASK (await_result (&await)), error);
  g_object_unref (await.result);
  return done;
}

/* What the host's outbox brings to a mirror that has no worker: applied once, never backwards. */
static void
test_posts (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  const char *events = "select count (*) from karez.event where session = 'SESSION' and action = "
                       "'session.state'";

  g_assert_true (deliver (f, 1, "live", 5, 1, &error));
  g_assert_true (deliver (f, 1, "live", 5, 1, &error));
  expect_rows (&f->hubs[1], events, f->session, "1");
  g_assert_true (deliver (f, 1, "ready", 3, 2, &error));
  g_assert_cmpint (session_of (f, 1)->state, ==, KAREZ_STATE_LIVE);
  expect_rows (&f->hubs[1], "select state from engine.session where id = 'SESSION'", f->session,
               "live");
  /* Not to the host, and not what is no state. */
  g_assert_false (deliver (f, 0, "ended", 9, 1, &error));
  assert_rule (error, "session/host");
  g_clear_error (&error);
  g_assert_false (deliver (f, 1, "dancing", 9, 3, &error));
  assert_rule (error, "session/state");
  g_clear_error (&error);
  g_assert_true (deliver (f, 1, "ended", 9, 3, &error));
  g_assert_null (session_of (f, 1));
  g_assert_cmpuint (f->hubs[1].over, ==, 1);
  /* Late news of what is over is applied and changes nothing. */
  g_assert_true (deliver (f, 1, "live", 12, 4, &error));
  expect_rows (&f->hubs[1], "select state from engine.session where id = 'SESSION'", f->session,
               "ended");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  /* Warnings are what some of these provoke. */
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
#define ADD(path, reason, func) g_test_add (path, Fixture, reason, set_up, func, tear_down)
  ADD ("/sessions/life", NULL, test_life);
  ADD ("/sessions/worker-killed", NULL, test_worker_killed);
  ADD ("/sessions/hub-restarted", NULL, test_hub_restarted);
  ADD ("/sessions/crash-in-prepare", "crash in prepare", test_crash_in_prepare);
  ADD ("/sessions/cancelled", NULL, test_cancelled);
  ADD ("/sessions/strangers", NULL, test_strangers);
  ADD ("/sessions/signatures", NULL, test_signatures);
  ADD ("/sessions/posts", NULL, test_posts);
  return g_test_run ();
}
