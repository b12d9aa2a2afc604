/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a plugin's role may do. */
#include "store-test.h"

#include "hub-id.h"

typedef struct
{
  HubStore *store;
  PGconn *pg;
  KarezActor *actor;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  test_reset ();
  f->store = test_store (4, 50);
  f->pg = test_connect ();
  f->actor = test_actor ();
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  PQfinish (f->pg);
  karez_actor_unref (f->actor);
  test_store_free (f->store);
}

static gboolean
write_note_about (Fixture *f, const char *also, const char *topic, GError **error)
{
  g_autofree char *id = hub_id_new ();
  g_autoptr (KarezTransaction)
      transaction = karez_store_begin (hub_store_get_scope (f->store, "notes"), f->actor);

  karez_transaction_run (transaction, "note_put", "(ss)", id, "text");
  karez_transaction_run (transaction, "line_put", "(ss)", id, "line");
  if (g_strcmp0 (also, "forge_event") == 0)
    karez_transaction_run (transaction, also, "(s)", id);
  else if (also != NULL)
    karez_transaction_run (transaction, also, "()");
  karez_transaction_event (transaction, "note.put", "note", id, NULL);
  karez_transaction_post (transaction, id, KAREZ_LANE_RECORDS, topic, NULL);
  return test_commit (transaction, error);
}

static gboolean
write_note (Fixture *f, const char *also, GError **error)
{
  return write_note_about (f, also, "notes.put", error);
}

/* A plugin's statements touch its own schema; its event and its message are the store's to write.
 */
static void
test_own (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KarezRows) rows = NULL;

  g_assert_true (write_note (f, NULL, &error));
  g_assert_no_error (error);
  rows = test_query (f->store, "notes", "note_list", NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (karez_rows_get_count (rows), ==, 1);
  g_assert_cmpint (test_count (f->pg, "select count(*) from karez.outbox"), ==, 1);
}

static void
test_foreign (Fixture *f, gconstpointer data)
{
  const char *statements[] = { "foreign_write", "foreign_read", "foreign_people", "forge_event" };
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (statements); i++)
    {
      g_assert_false (write_note (f, statements[i], &error));
      g_assert_error (error, KAREZ_ERROR, KAREZ_ERROR_NOT_GRANTED);
      g_assert_cmpstr (karez_error_get_rule (error), ==, "database/role");
      g_clear_error (&error);
    }
  for (guint i = 1; i < 3; i++)
    {
      g_assert_null (test_query (f->store, "notes", statements[i], NULL, &error));
      g_assert_error (error, KAREZ_ERROR, KAREZ_ERROR_NOT_GRANTED);
      g_clear_error (&error);
    }
  g_assert_cmpint (test_count (f->pg, "select count(*) from notes.note"), ==, 0);
  /* The role ends with the transaction: the hub's own statements go on as the hub. */
  for (guint i = 0; i < 3; i++)
    {
      g_autofree char *id = hub_id_new ();

      g_assert_true (test_put_thing (f->store, id, id, &error));
      g_assert_no_error (error);
      g_assert_true (write_note (f, NULL, &error));
      g_assert_no_error (error);
    }
}

/* The role cannot sign in, nor do what no statement may. */
static void
test_rights (Fixture *f, gconstpointer data)
{
  const char *refused[] = {
    "truncate notes.note cascade",
    "drop table notes.note cascade",
    "alter table notes.note disable trigger all",
    "create table notes.more (id uuid primary key)",
    "create table public.more (id uuid primary key)",
    "insert into karez.table_rule values ('notes', 'note', 'bookkeeping', null, null, 'x')",
    "select * from karez.request",
    "select pg_read_file ('/etc/passwd')",
    "copy notes.note to program 'true'",
  };

  g_assert_cmpint (test_count (f->pg, "select count(*) from pg_roles where rolcanlogin = false"
                                      " and rolsuper = false and rolname in"
                                      " ('karez_plugin_notes', 'karez_plugin_notes_owner')"),
                   ==, 2);
  for (guint i = 0; i < G_N_ELEMENTS (refused); i++)
    {
      g_autofree char *state = NULL;

      g_free (test_ask (f->pg, "set role karez_plugin_notes"));
      g_test_message ("%s", refused[i]);
      state = test_refused (f->pg, refused[i]);
      g_assert_cmpstr (state, ==, "42501");
      g_free (test_ask (f->pg, "reset role"));
    }
}

#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)

/* A plugin posts about its own topics only. */
static void
test_topics (Fixture *f, gconstpointer data)
{
  const char *topics[] = { "session.state", "note", "notesx.put" };
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (topics); i++)
    {
      g_assert_false (write_note_about (f, NULL, topics[i], &error));
      g_assert_error (error, KAREZ_ERROR, KAREZ_ERROR_NOT_GRANTED);
      g_assert_cmpstr (karez_error_get_rule (error), ==, "plugin/grant");
      g_clear_error (&error);
    }
  hub_store_grant_topics (f->store, "notes", NULL);
  g_assert_false (write_note (f, NULL, &error));
  g_assert_cmpstr (karez_error_get_rule (error), ==, "plugin/grant");
  g_assert_cmpint (test_count (f->pg, "select count(*) from karez.outbox"), ==, 0);
  g_assert_cmpint (test_count (f->pg, "select count(*) from notes.note"), ==, 0);
}

/* And puts on record what happens in its own tables only, in few words. */
static void
test_events (Fixture *f, gconstpointer data)
{
  static const struct
  {
    const char *table, *rule;
    guint letters;
  } events[] = {
    { "agenda.booking", "plugin/grant", 1 }, { "karez.event", "plugin/grant", 1 },
    { "notesx.note", "plugin/grant", 1 },    { "note.note", "plugin/grant", 1 },
    { ".note", "plugin/grant", 1 },          { "note", "audit/details", 70000 },
    { "notes.note", NULL, 60000 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (events); i++)
    {
      g_autofree char *id = hub_id_new ();
      g_autofree char *text = g_strnfill (events[i].letters, 'x');
      g_autoptr (KarezTransaction)
          transaction = karez_store_begin (hub_store_get_scope (f->store, "notes"), f->actor);
      g_autoptr (GError) error = NULL;

      g_test_message ("%s", events[i].table);
      karez_transaction_run (transaction, "note_put", "(ss)", id, "text");
      karez_transaction_event (transaction, "note.put", "note", id, NULL);
      karez_transaction_event (transaction, "booking.cancel", events[i].table, id,
                               karez_json_object ("text", "s", text, NULL));
      g_assert_cmpint (test_commit (transaction, &error), ==, events[i].rule == NULL);
      g_assert_cmpstr (error != NULL ? karez_error_get_rule (error) : NULL, ==, events[i].rule);
    }
  g_assert_cmpint (test_count (f->pg, "select count(*) from notes.note"), ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  /* What the database refuses is a warning, and wanted here. */
  g_log_set_always_fatal (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL);

  ADD ("/store/role/own", test_own);
  ADD ("/store/role/foreign", test_foreign);
  ADD ("/store/role/rights", test_rights);
  ADD ("/store/role/topics", test_topics);
  ADD ("/store/role/events", test_events);

  return g_test_run ();
}
