/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two hospitals' engines, paired. */
#include "engine-pair.h"

#include "hub-agenda.h"
#include "hub-id.h"

#include <libpq-fe.h>
#include <signal.h>

static const char *const roles[] = { "clinician", NULL };

static gboolean
page_send (gpointer data, const char *connection, JsonNode *message)
{
  PairHub *hub = data;
  g_autoptr (JsonNode) owned = message;
  GPtrArray *texts = g_hash_table_lookup (hub->pages, connection);

  if (texts == NULL)
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
  PairHub *hub = data;
  g_autoptr (JsonNode) owned = message;
  JsonObject *object = json_node_get_object (message);

  g_free (hub->told);
  hub->told = g_strdup (karez_json_text (object, "state"));
  hub->restarting += g_strcmp0 (karez_json_text (object, "worker"), "restarting") == 0
                     || g_strcmp0 (karez_json_text (object, "partner_worker"), "restarting") == 0;
}
static const HubPages pages = { page_send, page_problem, page_broadcast };

static JsonNode *
sign (gpointer data, const char *text, GError **error)
{
  return hub_identity_sign (((PairHub *) data)->identity, text, error);
}
static gboolean
verify (gpointer data, const char *peer, const char *text, JsonNode *signature, GError **error)
{
  PairHub *other = ((PairHub *) data)->other;

  g_assert_cmpstr (peer, ==, other->id);
  return hub_identity_verify (hub_identity_get_key_hash (other->identity), text, signature, error);
}
static const HubSigner signer = { sign, verify };

char *
pair_ask (PairHub *hub, const char *sql)
{
  /* One of its own for each question: a test may end all of a database. */
  PGconn *pg = PQconnectdb (hub->database);
  PGresult *result = PQexec (pg, sql);
  GString *out = g_string_new (NULL);

  if (*PQresultErrorMessage (result) != '\0')
    g_error ("%s: %s%s", sql, PQerrorMessage (pg), PQresultErrorMessage (result));
  for (int row = 0; row < PQntuples (result); row++)
    for (int column = 0; column < PQnfields (result); column++)
      g_string_append_printf (out, "%s%s",
                              column > 0 ? "|"
                              : row > 0  ? "\n"
                                         : "",
                              PQgetvalue (result, row, column));
  PQclear (result);
  PQfinish (pg);
  return g_string_free (out, FALSE);
}

void
pair_set_database (Pair *pair, guint i, gboolean there)
{
  static char *names[2];
  g_autofree char *sql = NULL;
  g_autofree char *done = NULL;

  if (names[i] == NULL)
    names[i] = pair_ask (&pair->hubs[i], "select current_database ()");
  sql = g_strdup_printf ("alter database \"%s\" allow_connections %s; select count "
                         "(pg_terminate_backend (pid)) from pg_stat_activity where datname = '%s' "
                         "and not %s",
                         names[i], there ? "true" : "false", names[i], there ? "true" : "false");
  done = pair_ask (&pair->hubs[1 - i], sql);
  turn_for (50);
}

static void
on_over (HubEngine *engine, const char *session, KarezActor *actor, PairHub *hub)
{
  hub->over++;
}

void
pair_start_engine (PairHub *hub, const char *plugins)
{
  const char *const paths[] = { plugins, NULL };
  HubEngineConfig config = { .hub = hub->id,
                             .state_dir = hub->state_dir,
                             .runtime_dir = hub->state_dir,
                             .plugin_paths = paths,
                             .worker = g_getenv ("KAREZ_TEST_WORKER"),
                             .link_address = hub->link_address != NULL ? hub->link_address
                                                                       : "127.0.0.1",
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

void
pair_stop_engine (PairHub *hub)
{
  Await await = { 0 };

  hub_engine_stop_async (hub->engine, await_done, &await);
  g_assert_true (hub_engine_stop_finish (hub->engine, await_result (&await), NULL));
  g_object_unref (await.result);
  g_hash_table_remove_all (hub->peers->handlers);
  play_hall_forget_routes (hub->hall);
  g_clear_object (&hub->engine);
  hub_store_close (hub->store);
  g_clear_object (&hub->store);
}

static JsonNode *
make_booking (Pair *pair, const char *reason)
{
  return karez_json_object ("id", "s", pair->session, "modality", "s", "count", "title", "s",
                            "Counting", "reason", "s", reason, "requester", "s", pair->hubs[0].id,
                            "provider", "s", pair->hubs[1].id, "host", "s", pair->hubs[0].id,
                            "state", "s", "confirmed", "starts_at", "s", "2026-11-24T06:00:00Z",
                            "ends_at", "s", "2026-11-24T07:00:00Z", NULL);
}

char *
pair_plugin_folder (void)
{
  static char *folder;
  g_autofree char *path = NULL;

  if (folder != NULL)
    return g_strdup (folder);
  path = scratch_file ("plugins/count.plugin",
                       "[Plugin]\nId=good\nName=Counter\nVersion=1\nApi=1.0\n"
                       "Control=module-control\nLive=module-live\nProvides=modality/count;\n"
                       "[Modality]\nId=count\nTitle=Counting\nHost=requester\n"
                       "Roles=writer;watcher;\nMirrorRoles=watcher;\nDurationMinutes=30\n"
                       "[Roles]\nwriter=clinician;\nwatcher=clinician;\n[Grants]\nServices=routes;"
                       "settings;\nRoutes=/x/good/\n"
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
  Pair *pair = data;

  return hub_sessions_get (hub_engine_get_sessions (pair->hubs[0].engine), pair->session) != NULL
         && hub_sessions_get (hub_engine_get_sessions (pair->hubs[1].engine), pair->session)
                != NULL;
}

void
pair_set_up (Pair *pair, gconstpointer reason)
{
  static char *ids[2];
  g_autofree char *plugins = pair_plugin_folder ();

  pair->session = hub_id_new ();
  for (guint i = 0; i < 2; i++)
    {
      PairHub *hub = &pair->hubs[i];
      const char *database = g_getenv (i ? "KAREZ_TEST_DATABASE_2" : "KAREZ_TEST_DATABASE");

      ids[i] = ids[i] != NULL ? ids[i] : hub_id_new ();
      hub->id = g_strdup (ids[i]);
      hub->database = g_strdup (database);
      hub->state_dir = g_strdup_printf ("%s/%s-%u", scratch (), pair->session + 24, i);
      g_assert_cmpint (g_mkdir_with_parents (hub->state_dir, 0700), ==, 0);
      hub->identity = hub_identity_open (hub->state_dir, hub->id, NULL);
      hub->other = &pair->hubs[1 - i];
      hub->hall = g_object_new (PLAY_TYPE_HALL, NULL);
      hub->peers = g_object_new (PLAY_TYPE_PEERS, NULL);
      hub->peers->own = g_strdup (hub->id);
      hub->pages = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                          (GDestroyNotify) g_ptr_array_unref);
    }
  pair->hubs[0].peers->other = pair->hubs[1].peers;
  pair->hubs[1].peers->other = pair->hubs[0].peers;
  for (guint i = 0; i < 2; i++)
    {
      pair_start_engine (&pair->hubs[i], plugins);
      pair->hubs[i].hall->booking = make_booking (pair, reason != NULL ? reason : "");
    }
  for (guint i = 0; i < 2; i++)
    g_signal_emit_by_name (pair->hubs[i].hall, "changed", pair->session);
  turn_until (is_planned, pair, 5, "the session is planned at both hubs");
}

HubSession *
pair_session_of (Pair *pair, guint i)
{
  return hub_sessions_get (hub_engine_get_sessions (pair->hubs[i].engine), pair->session);
}

/* The worker's process, found by what it was started with. */
int
pair_worker_of (Pair *pair, guint i)
{
  const char *pattern = pair->hubs[i].state_dir;
  g_autoptr (GDir) proc = g_dir_open ("/proc", 0, NULL);
  const char *name = NULL;

  while ((name = g_dir_read_name (proc)) != NULL)
    {
      g_autofree char *path = g_strdup_printf ("/proc/%s/cmdline", name);
      g_autofree char *text = NULL;
      gsize size = 0;

      if (!g_ascii_isdigit (*name) || !g_file_get_contents (path, &text, &size, NULL))
        continue;
      for (gsize at = 0; at + 1 < size; at++)
        if (!text[at])
          text[at] = ' ';
      if (strstr (text, "--session") != NULL && strstr (text, pattern) != NULL)
        return atoi (name);
    }
  return 0;
}

void
pair_tear_down (Pair *pair, gconstpointer data)
{
  for (guint i = 0; i < 2; i++)
    {
      int pid = 0;

      if (pair->hubs[i].engine != NULL)
        pair_stop_engine (&pair->hubs[i]);
      pid = pair_worker_of (pair, i);
      if (pid)
        kill (pid, SIGKILL);
    }
  for (guint i = 0; i < 2; i++)
    {
      g_clear_object (&pair->hubs[i].hall);
      g_clear_object (&pair->hubs[i].identity);
      g_clear_object (&pair->hubs[i].peers);
      g_hash_table_unref (pair->hubs[i].pages);
      g_free (pair->hubs[i].id);
      g_free (pair->hubs[i].database);
      g_free (pair->hubs[i].state_dir);
      g_free (pair->hubs[i].told);
    }
  g_free (pair->session);
}

void
pair_begin_move (Pair *pair, guint i, const char *edge, Await *await)
{
  HubSessionStep step = { .edge = edge };
  g_autoptr (KarezActor)
      actor = karez_actor_new (KAREZ_ACTOR_PERSON, pair->hubs[i].id, "Somebody", roles, NULL, NULL);

  hub_sessions_move_async (hub_engine_get_sessions (pair->hubs[i].engine), pair->session, &step,
                           actor, NULL, await_done, await);
}

JsonNode *
pair_move (Pair *pair, guint i, const char *edge, GError **error)
{
  HubSessions *sessions = hub_engine_get_sessions (pair->hubs[i].engine);
  Await await = { 0 };
  JsonNode *answer = NULL;

  pair_begin_move (pair, i, edge, &await);
  answer = hub_sessions_move_finish (sessions, await_result (&await), error);
  g_object_unref (await.result);
  return answer;
}

void
pair_move_well (Pair *pair, guint i, const char *edge)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) answer = pair_move (pair, i, edge, &error);

  g_assert_no_error (error);
  g_assert_nonnull (answer);
}

typedef struct
{
  Pair *pair;
  KarezState state;
} Both;

static gboolean
both_are (gpointer data)
{
  Both *both = data;

  for (guint i = 0; i < 2; i++)
    if (pair_session_of (both->pair, i) == NULL
        || hub_session_get_state (pair_session_of (both->pair, i)) != both->state)
      return FALSE;
  return TRUE;
}

void
pair_wait_for (Pair *pair, KarezState state, guint seconds)
{
  Both both = { pair, state };

  turn_until (both_are, &both, seconds, karez_state_name (state));
}

gboolean
pair_link_is_up (gpointer data)
{
  for (guint i = 0; i < 2; i++)
    {
      HubSession *session = pair_session_of (data, i);

      if (session == NULL || hub_session_worker_get_link (hub_session_get_worker (session)) == NULL
          || !JSON_NODE_HOLDS_OBJECT (
              hub_session_worker_get_link (hub_session_get_worker (session)))
          || !karez_json_boolean (
              json_node_get_object (hub_session_worker_get_link (hub_session_get_worker (session))),
              "up"))
        return FALSE;
    }
  return TRUE;
}

void
pair_go_live (Pair *pair)
{
  pair_move_well (pair, 1, "prepare");
  pair_wait_for (pair, KAREZ_STATE_READY, 10);
  turn_until (pair_link_is_up, pair, 10, "the link is up");
  turn_for (100);
  pair_move_well (pair, 1, "start");
  pair_wait_for (pair, KAREZ_STATE_LIVE, 10);
}

/* Returns: the participant, or NULL with @error set */
char *
pair_ask_to_join (Pair *pair, guint i, gboolean replace, GError **error)
{
  HubSessions *sessions = hub_engine_get_sessions (pair->hubs[i].engine);
  g_autoptr (KarezActor)
      actor = karez_actor_new (KAREZ_ACTOR_PERSON, pair->hubs[i].id, "Somebody", roles, NULL, NULL);
  g_autoptr (KarezTransaction)
      transaction = karez_store_begin (hub_store_get_scope (pair->hubs[i].store, "engine"), actor);
  g_autoptr (JsonNode) answer = NULL;
  Await await = { 0 };

  hub_sessions_join_async (sessions, pair->session, "writer", replace, NULL, transaction,
                           await_done, &await);
  answer = hub_sessions_join_finish (sessions, await_result (&await), error);
  g_object_unref (await.result);
  return answer != NULL ? g_strdup (karez_json_text (json_node_get_object (answer), "participant"))
                        : NULL;
}

void
pair_bind_page (Pair *pair, guint i, const char *participant, const char *connection)
{
  g_autoptr (KarezActor)
      actor = karez_actor_new (KAREZ_ACTOR_PERSON, pair->hubs[i].id, "Somebody", roles, NULL, NULL);
  g_autoptr (JsonNode) frame = karez_json_object (
      "type", "s", "join", "session", "s", pair->session, "participant", "s", participant, NULL);
  g_autoptr (GError) error = NULL;

  hub_sessions_page (hub_engine_get_sessions (pair->hubs[i].engine), connection, actor,
                     json_node_get_object (frame), &error);
  g_assert_no_error (error);
}

char *
pair_join (Pair *pair, guint i, const char *connection)
{
  g_autoptr (GError) error = NULL;
  char *participant = pair_ask_to_join (pair, i, FALSE, &error);

  g_assert_no_error (error);
  pair_bind_page (pair, i, participant, connection);
  return participant;
}

void
pair_say_body (Pair *pair, guint i, const char *connection, JsonNode *body)
{
  HubSessions *sessions = hub_engine_get_sessions (pair->hubs[i].engine);
  g_autoptr (KarezActor)
      actor = karez_actor_new (KAREZ_ACTOR_PERSON, pair->hubs[i].id, "Somebody", roles, NULL, NULL);
  g_autoptr (JsonNode) frame = karez_json_object ("type", "s", "message", "session", "s",
                                                  pair->session, "body", "n", body, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_true (
      hub_sessions_page (sessions, connection, actor, json_node_get_object (frame), &error));
  g_assert_no_error (error);
}

void
pair_say (Pair *pair, guint i, const char *connection, const char *type)
{
  pair_say_body (pair, i, connection, karez_json_object ("type", "s", type, NULL));
}

typedef struct
{
  PairHub *hub;
  const char *connection, *text;
} Heard;

static gboolean
has_heard (gpointer data)
{
  Heard *heard = data;
  GPtrArray *texts = g_hash_table_lookup (heard->hub->pages, heard->connection);

  for (guint i = 0; texts != NULL && i < texts->len; i++)
    if (strstr (texts->pdata[i], heard->text) != NULL)
      return TRUE;
  return FALSE;
}

void
pair_hear (Pair *pair, guint i, const char *connection, const char *text)
{
  Heard heard = { &pair->hubs[i], connection, text };

  turn_until (has_heard, &heard, 8, text);
}

gboolean
pair_has_heard (Pair *pair, guint i, const char *connection, const char *text)
{
  Heard heard = { &pair->hubs[i], connection, text };

  return has_heard (&heard);
}

gboolean
pair_rows_say_over (gpointer data)
{
  Pair *pair = data;
  g_autofree char *sql = g_strdup_printf ("select state from engine.session where id = '%s'",
                                          pair->session);

  for (guint i = 0; i < 2; i++)
    {
      g_autofree char *state = pair->hubs[i].over ? pair_ask (&pair->hubs[i], sql) : g_strdup ("");

      if (!g_str_equal (state, "ended") || !pair->hubs[i].over)
        return FALSE;
    }
  return TRUE;
}

void
pair_expect_rows (PairHub *hub, const char *format, const char *session, const char *expected)
{
  g_auto (GStrv) parts = g_strsplit (format, "SESSION", -1);
  g_autofree char *sql = g_strjoinv (session, parts);
  g_autofree char *found = pair_ask (hub, sql);

  /* Records follow what was done. */
  for (guint i = 0; i < 20 && !g_str_equal (found, expected); i++)
    {
      turn_for (100);
      g_free (found);
      found = pair_ask (hub, sql);
    }
  g_assert_cmpstr (found, ==, expected);
}
