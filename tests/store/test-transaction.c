/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Transactions: retries, refusals, cancellation. */
#include "store-test.h"

#include "hub-id.h"

#include <string.h>

typedef struct
{
  HubStore *store;
  PGconn *pg;
  KarezActor *actor;
  guint committed;
} Fixture;

static void
on_committed (HubStore *store, gpointer data)
{
  ((Fixture *) data)->committed++;
}

static void
set_up (Fixture *f, gconstpointer data)
{
  test_reset ();
  f->store = test_store (8, 50);
  f->pg = test_connect ();
  f->actor = test_actor ();
  g_signal_connect (f->store, "committed", G_CALLBACK (on_committed), f);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  PQfinish (f->pg);
  karez_actor_unref (f->actor);
  test_store_free (f->store);
}

static KarezTransaction *
begin (Fixture *f)
{
  return karez_store_begin (hub_store_get_scope (f->store, "clinic"), f->actor);
}

/* What a program gets wrong is an error of the program: it is not tried again, and the connection
 * goes on. */
static void
test_mistakes (Fixture *f, gconstpointer data)
{
  static const struct
  {
    const char *rule;
    KarezError code;
  } wrong[] = {
    { "database/statement", KAREZ_ERROR_FAILED },
    { "database/statement", KAREZ_ERROR_FAILED },
    { "database/value", KAREZ_ERROR_INVALID },
  };
  g_autofree char *id = hub_id_new ();
  g_autoptr (KarezRows) rows = NULL;
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_autoptr (KarezTransaction) transaction = begin (f);

      if (i == 0)
        karez_transaction_run (transaction, "thing_put", "(s)", id);
      else if (i == 1)
        karez_transaction_run (transaction, "thing_put", "(ssssss)", id, "a", "1", "x", "y", "z");
      else
        karez_transaction_run (transaction, "thing_put", "(ssss)", id, "a", "not a number", "x");
      karez_transaction_event (transaction, "thing.put", "thing", id, NULL);
      test_commit (transaction, &error);
      g_assert_error (error, KAREZ_ERROR, (int) wrong[i].code);
      g_assert_cmpstr (karez_error_get_rule (error), ==, wrong[i].rule);
      g_clear_error (&error);
    }
  rows = test_query (f->store, "clinic", "thing_by_id", NULL, &error);
  g_assert_null (rows);
  g_assert_cmpstr (karez_error_get_rule (error), ==, "database/statement");
  g_clear_error (&error);
  rows = test_query (f->store, "clinic", "thing_by_id", g_variant_new ("(s)", id), &error);
  g_assert_no_error (error);
  g_assert_true (hub_store_is_available (f->store));
}

static void
test_round (Fixture *f, gconstpointer data)
{
  static const guint8 raw[] = { 0, 1, 0xff, '\'', '\\' };
  g_autofree char *id = hub_id_new ();
  g_autofree char *detail = hub_id_new ();
  g_autofree char *text = NULL;
  g_autoptr (KarezTransaction) transaction = begin (f);
  g_autoptr (KarezRows) rows = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (JsonNode) whole = NULL;
  g_autoptr (GError) error = NULL;
  const char *names[] = { "x", "a \"b\\ {c},", NULL };
  GVariant *blob = g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, raw, sizeof raw, 1);

  karez_transaction_run (transaction, "thing_put", "(ssim@ay)", id, names[1], 7, blob);
  karez_transaction_run (transaction, "detail_put", "(sss)", detail, id, "نۇر");
  karez_transaction_about (transaction, id, NULL);
  karez_transaction_event (transaction, "thing.put", "thing", id,
                           karez_json_object ("why", "s", "because", NULL));
  test_commit (transaction, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (karez_rows_get_affected (karez_transaction_get_rows (transaction, 0)), ==, 1);
  g_assert_null (karez_transaction_get_rows (transaction, 2));
  g_assert_cmpuint (f->committed, ==, 1);

  rows = test_query (f->store, "clinic", "thing_by_id", g_variant_new ("(s)", id), &error);
  g_assert_no_error (error);
  g_assert_cmpuint (karez_rows_get_count (rows), ==, 1);
  g_assert_cmpstr (karez_rows_text (rows, 0, "name"), ==, names[1]);
  g_assert_cmpint (karez_rows_integer (rows, 0, "n"), ==, 7);
  g_assert_true (karez_rows_boolean (rows, 0, "used"));
  bytes = karez_rows_bytes (rows, 0, "bytes");
  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), raw, sizeof raw);
  whole = karez_rows_json (rows, 0, "whole");
  g_assert_cmpint (json_object_get_int_member (json_node_get_object (whole), "n"), ==, 7);
  g_clear_pointer (&rows, karez_rows_unref);

  rows = test_query (f->store, "clinic", "thing_list", g_variant_new ("(^as)", names), &error);
  g_assert_no_error (error);
  g_assert_cmpuint (karez_rows_get_count (rows), ==, 1);

  text = test_ask (f->pg, "select concat_ws (' ', actor_kind, actor_name, actor_roles[2], address,"
                          " outcome, subject_schema, subject_table, details ->> 'why',"
                          " session::text = subject_row) from karez.event"
                          " where action = 'thing.put'");
  g_assert_cmpstr (text, ==, "person 爱丽丝 a \"quoted\\ role 192.0.2.1 0 clinic thing because t");
}

/* No act without its record: refused by the database itself, whoever asks. */
static void
test_no_event (Fixture *f, gconstpointer data)
{
  g_autofree char *id = hub_id_new ();
  g_autofree char *other = hub_id_new ();
  g_autofree char *state = NULL;
  g_autoptr (KarezTransaction) silent = begin (f);
  g_autoptr (KarezTransaction) wrong = begin (f);
  g_autoptr (GError) error = NULL;

  karez_transaction_run (silent, "thing_put", "(ssim@ay)", id, "silent", 0, NULL);
  g_assert_false (test_commit (silent, &error));
  g_assert_error (error, KAREZ_ERROR, KAREZ_ERROR_FAILED);
  g_assert_cmpstr (karez_error_get_rule (error), ==, "audit/no-event");
  g_clear_error (&error);

  karez_transaction_run (wrong, "thing_put", "(ssim@ay)", id, "wrong", 0, NULL);
  karez_transaction_event (wrong, "thing.put", "thing", other, NULL);
  g_assert_false (test_commit (wrong, &error));
  g_assert_cmpstr (karez_error_get_rule (error), ==, "audit/no-event");
  g_assert_cmpint (test_count (f->pg, "select count(*) from clinic.thing"), ==, 0);
  g_assert_cmpint (
      test_count (f->pg, "select count(*) from karez.event where action = 'thing.put'"), ==, 0);
  g_assert_cmpuint (f->committed, ==, 0);

  state = test_refused (f->pg, "insert into clinic.thing values (gen_random_uuid (), 'plain')");
  g_assert_cmpstr (state, ==, "KZ001");
}

static void
test_changes_need_events (Fixture *f, gconstpointer data)
{
  g_autofree char *id = hub_id_new ();
  g_autoptr (GError) error = NULL;
  const char *refused[][2] = {
    { "update clinic.thing set n = 1", "KZ001" },
    { "delete from clinic.thing", "KZ001" },
    { "insert into clinic.detail select gen_random_uuid (), id, 'x' from clinic.thing", "KZ001" },
    { "truncate clinic.thing cascade", "KZ006" },
    { "insert into notes.note values (gen_random_uuid (), 'x')", "KZ001" },
    { "update karez.event set action = 'a.b'", "KZ002" },
    { "delete from karez.event", "KZ002" },
    { "truncate karez.event", "KZ002" },
    /* An event of an earlier transaction does not cover a later one. */
    { "begin; update clinic.thing set n = 2; commit", "KZ001" },
  };

  test_put_thing (f->store, id, "one", &error);
  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (refused); i++)
    {
      g_autofree char *state = test_refused (f->pg, refused[i][0]);

      g_test_message ("%s", refused[i][0]);
      g_assert_cmpstr (state, ==, refused[i][1]);
    }
  g_assert_cmpint (test_count (f->pg, "select n from clinic.thing"), ==, 0);
  /* What is bookkeeping needs none. */
  g_assert_cmpint (test_count (f->pg, "update clinic.tally set n = 5 returning n"), ==, 5);
}

static void
test_expectation (Fixture *f, gconstpointer data)
{
  g_autofree char *id = hub_id_new ();
  g_autoptr (GError) error = NULL;

  test_put_thing (f->store, id, "one", &error);
  g_assert_no_error (error);
  for (guint i = 0; i < 2; i++)
    {
      g_autofree char *other = hub_id_new ();
      g_autofree char *name = g_strdup_printf ("other %u", i);
      g_autoptr (KarezTransaction) transaction = begin (f);
      gboolean done;

      karez_transaction_run (transaction, "thing_put", "(ssim@ay)", other, name, 0, NULL);
      karez_transaction_event (transaction, "thing.put", "thing", other, NULL);
      karez_transaction_run_one (transaction, "thing/full", "The thing is full.", "thing_count_up",
                                 "(si)", id, 1);
      karez_transaction_event (transaction, "thing.count", "thing", id, NULL);
      karez_transaction_post (transaction, other, KAREZ_LANE_AGENDA, "thing", NULL);
      done = test_commit (transaction, &error);
      if (i == 0)
        {
          g_assert_no_error (error);
          g_assert_cmpint (karez_rows_integer (karez_transaction_get_rows (transaction, 1), 0, "n"),
                           ==, 1);
          continue;
        }
      g_assert_false (done);
      g_assert_error (error, KAREZ_ERROR, KAREZ_ERROR_CONFLICT);
      g_assert_cmpstr (karez_error_get_rule (error), ==, "thing/full");
      g_assert_cmpstr (error->message, ==, "The thing is full.");
    }
  g_assert_cmpint (test_count (f->pg, "select count(*) from clinic.thing"), ==, 2);
  g_assert_cmpint (test_count (f->pg, "select count(*) from karez.outbox"), ==, 1);
  g_assert_cmpint (test_count (f->pg, "select n from clinic.thing where name = 'one'"), ==, 1);
  /* The connection is whole again. */
  g_clear_error (&error);
  g_free (id);
  id = hub_id_new ();
  test_put_thing (f->store, id, "after", &error);
  g_assert_no_error (error);
}

/* An expectation that failed is the reason, not what the database made of its consequence. */
static void
test_expectation_first (Fixture *f, gconstpointer data)
{
  g_autofree char *missing = hub_id_new ();
  g_autofree char *detail = hub_id_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (KarezTransaction) transaction = begin (f);

  karez_transaction_run_one (transaction, "thing/missing", "There is no such thing.",
                             "thing_count_up", "(si)", missing, 1);
  karez_transaction_run (transaction, "detail_put", "(sss)", detail, missing, "text");
  karez_transaction_event (transaction, "thing.detail", "thing", missing, NULL);
  g_assert_false (test_commit (transaction, &error));
  g_assert_cmpstr (karez_error_get_rule (error), ==, "thing/missing");
}

/* What no peer would take is refused here, with everything that belongs to it. */
static void
test_long_post (Fixture *f, gconstpointer data)
{
  g_autofree char *id = hub_id_new ();
  g_autofree char *text = g_strnfill (KAREZ_JSON_MAX_BYTES, 'x');
  g_autoptr (KarezTransaction) transaction = begin (f);
  g_autoptr (GError) error = NULL;

  karez_transaction_run (transaction, "thing_put", "(ssim@ay)", id, id, 0, NULL);
  karez_transaction_event (transaction, "thing.put", "thing", id, NULL);
  karez_transaction_post (transaction, id, KAREZ_LANE_AGENDA, "thing",
                          karez_json_object ("text", "s", text, NULL));
  g_assert_false (test_commit (transaction, &error));
  g_assert_error (error, KAREZ_ERROR, KAREZ_ERROR_TOO_LARGE);
  g_assert_cmpstr (karez_error_get_rule (error), ==, "peers/body-size");
  g_assert_cmpint (test_count (f->pg, "select count(*) from clinic.thing"), ==, 0);
  g_assert_cmpint (test_count (f->pg, "select count(*) from karez.outbox"), ==, 0);
}

static gboolean
put_with_request (Fixture *f, const char *request, const char *digest, gboolean *repeated,
                  GError **error)
{
  g_autofree char *id = hub_id_new ();
  g_autoptr (KarezTransaction) transaction = begin (f);
  gboolean done;

  karez_transaction_set_request (transaction, request, digest);
  karez_transaction_run (transaction, "thing_put", "(ssim@ay)", id, id, 0, NULL);
  karez_transaction_event (transaction, "thing.put", "thing", id, NULL);
  karez_transaction_post (transaction, request, KAREZ_LANE_AGENDA, "thing", NULL);
  done = test_commit (transaction, error);
  *repeated = karez_transaction_is_repeated (transaction);
  /* Of a repeat no statement was run. */
  g_assert_cmpint (karez_transaction_get_rows (transaction, 0) != NULL, ==, done && !*repeated);
  return done;
}

static void
test_request (Fixture *f, gconstpointer data)
{
  g_autofree char *request = hub_id_new ();
  g_autoptr (GError) error = NULL;
  gboolean repeated;

  g_assert_true (put_with_request (f, request, "aa", &repeated, &error));
  g_assert_false (repeated);
  g_assert_true (put_with_request (f, request, "aa", &repeated, &error));
  g_assert_true (repeated);
  g_assert_false (put_with_request (f, request, "bb", &repeated, &error));
  g_assert_error (error, KAREZ_ERROR, KAREZ_ERROR_CONFLICT);
  g_assert_cmpstr (karez_error_get_rule (error), ==, "request/reused");
  g_clear_error (&error);

  g_assert_cmpint (test_count (f->pg, "select count(*) from clinic.thing"), ==, 1);
  g_assert_cmpint (test_count (f->pg, "select count(*) from karez.outbox"), ==, 1);
  g_assert_cmpint (test_count (f->pg, "select last from karez.outbox_head"), ==, 1);
  g_assert_cmpint (test_count (f->pg, "select count(*) from karez.event where request is not null"),
                   ==, 1);
  g_assert_cmpuint (f->committed, ==, 1);

  /* A request that was refused may be tried again. */
  {
    g_autofree char *again = hub_id_new ();
    g_autoptr (KarezTransaction) transaction = begin (f);

    karez_transaction_set_request (transaction, again, "cc");
    karez_transaction_run (transaction, "thing_put", "(ssim@ay)", again, "x", -1, NULL);
    karez_transaction_event (transaction, "thing.put", "thing", again, NULL);
    g_assert_false (test_commit (transaction, &error));
    g_assert_cmpstr (karez_error_get_rule (error), ==, "database/thing_n_check");
    g_clear_error (&error);
    g_assert_true (put_with_request (f, again, "cc", &repeated, &error));
    g_assert_false (repeated);
  }
}

/* Two of the same request at once: one does it. */
static void
test_request_race (Fixture *f, gconstpointer data)
{
  g_autofree char *request = hub_id_new ();
  KarezTransaction *transactions[6];
  TestWait waits[6] = { 0 };
  guint repeated = 0;

  for (guint i = 0; i < 6; i++)
    {
      g_autofree char *id = hub_id_new ();

      transactions[i] = begin (f);
      karez_transaction_set_request (transactions[i], request, "aa");
      karez_transaction_run (transactions[i], "thing_put", "(ssim@ay)", id, id, 0, NULL);
      karez_transaction_event (transactions[i], "thing.put", "thing", id, NULL);
      karez_transaction_commit_async (transactions[i], NULL, test_callback, &waits[i]);
    }
  for (guint i = 0; i < 6; i++)
    {
      g_autoptr (GAsyncResult) result = test_wait (&waits[i]);
      g_autoptr (GError) error = NULL;

      karez_transaction_commit_finish (transactions[i], result, &error);
      g_assert_no_error (error);
      repeated += karez_transaction_is_repeated (transactions[i]);
      g_object_unref (transactions[i]);
    }
  g_assert_cmpuint (repeated, ==, 5);
  g_assert_cmpint (test_count (f->pg, "select count(*) from clinic.thing"), ==, 1);
}

static gboolean
apply (Fixture *f, const char *peer, gint64 sequence, gboolean *repeated, GError **error)
{
  g_autoptr (KarezActor) actor = karez_actor_new (KAREZ_ACTOR_PEER, peer, "peer", NULL, NULL, peer);
  g_autoptr (JsonNode) body = json_node_new (JSON_NODE_NULL);
  g_autoptr (KarezMessage)
      message = karez_message_new (actor, "t", body, KAREZ_LANE_AGENDA, sequence);
  g_autofree char *id = hub_id_new ();
  g_autoptr (KarezTransaction) transaction = begin (f);
  gboolean done;

  karez_transaction_applied (transaction, message);
  karez_transaction_run (transaction, "thing_put", "(ssim@ay)", id, id, 0, NULL);
  karez_transaction_event (transaction, "thing.put", "thing", id, NULL);
  done = test_commit (transaction, error);
  *repeated = karez_transaction_is_repeated (transaction);
  /* Of a repeat no statement was run. */
  g_assert_cmpint (karez_transaction_get_rows (transaction, 0) != NULL, ==, done && !*repeated);
  return done;
}

static void
test_inbox (Fixture *f, gconstpointer data)
{
  g_autofree char *peer = hub_id_new ();
  g_autoptr (GError) error = NULL;
  gboolean repeated;

  g_assert_false (apply (f, peer, 2, &repeated, &error));
  g_assert_error (error, KAREZ_ERROR, KAREZ_ERROR_CONFLICT);
  g_assert_cmpstr (karez_error_get_rule (error), ==, "peers/gap");
  g_clear_error (&error);
  for (gint64 sequence = 1; sequence <= 3; sequence++)
    {
      g_assert_true (apply (f, peer, sequence, &repeated, &error));
      g_assert_false (repeated);
    }
  g_assert_true (apply (f, peer, 2, &repeated, &error));
  g_assert_true (repeated);
  g_assert_false (apply (f, peer, 5, &repeated, &error));
  g_assert_cmpstr (karez_error_get_rule (error), ==, "peers/gap");
  g_assert_cmpint (test_count (f->pg, "select applied from karez.inbox"), ==, 3);
  g_assert_cmpint (test_count (f->pg, "select count(*) from clinic.thing"), ==, 3);
}

static void
test_recorded (Fixture *f, gconstpointer data)
{
  g_autofree char *session = hub_id_new ();
  g_autofree char *origin = hub_id_new ();
  KarezRecord record = { session, origin, 1, "note.keep", f->actor, NULL };

  for (guint i = 0; i < 2; i++)
    {
      g_autofree char *id = hub_id_new ();
      g_autoptr (KarezTransaction) transaction = begin (f);
      g_autoptr (GError) error = NULL;

      karez_transaction_recorded (transaction, &record);
      karez_transaction_run (transaction, "thing_put", "(ssim@ay)", id, id, 0, NULL);
      karez_transaction_event (transaction, "thing.put", "thing", id, NULL);
      test_commit (transaction, &error);
      g_assert_no_error (error);
      g_assert_cmpint (karez_transaction_is_repeated (transaction), ==, i == 1);
    }
  g_assert_cmpint (test_count (f->pg, "select count(*) from clinic.thing"), ==, 1);
}

/* Order within a lane, without a gap, under many writers. */
static void
test_outbox (Fixture *f, gconstpointer data)
{
  g_autofree char *one = hub_id_new ();
  g_autofree char *other = hub_id_new ();
  const char *peers[] = { one, other };
  KarezTransaction *transactions[40];
  TestWait waits[40] = { 0 };

  for (guint i = 0; i < G_N_ELEMENTS (transactions); i++)
    {
      g_autofree char *id = hub_id_new ();

      transactions[i] = begin (f);
      karez_transaction_run (transactions[i], "thing_put", "(ssim@ay)", id, id, 0, NULL);
      karez_transaction_event (transactions[i], "thing.put", "thing", id, NULL);
      /* In opposite orders: heads are locked in one. */
      for (guint k = 0; k < 2; k++)
        {
          karez_transaction_post (transactions[i], peers[(i + k) % 2], KAREZ_LANE_AGENDA, "first",
                                  karez_json_object ("i", "i", (gint64) i, NULL));
          karez_transaction_post (transactions[i], peers[(i + k) % 2], KAREZ_LANE_AGENDA, "second",
                                  karez_json_object ("i", "i", (gint64) i, NULL));
        }
      karez_transaction_commit_async (transactions[i], NULL, test_callback, &waits[i]);
    }
  for (guint i = 0; i < G_N_ELEMENTS (transactions); i++)
    {
      g_autoptr (GAsyncResult) result = test_wait (&waits[i]);
      g_autoptr (GError) error = NULL;

      karez_transaction_commit_finish (transactions[i], result, &error);
      g_assert_no_error (error);
      g_object_unref (transactions[i]);
    }
  g_assert_cmpint (test_count (f->pg, "select count(*) from (select from karez.outbox"
                                      " group by peer, lane having min (sequence) = 1"
                                      " and max (sequence) = 80 and count(*) = 80) x"),
                   ==, 2);
  g_assert_cmpint (test_count (f->pg, "select count(*) from karez.outbox a join karez.outbox b"
                                      " on a.peer = b.peer and a.sequence + 1 = b.sequence"
                                      " and a.topic = 'first' and b.topic = 'second'"
                                      " and a.body = b.body"),
                   ==, 80);
}

/* Two transactions lock two rows in opposite orders; both are done in the end. */
static void
test_deadlock (Fixture *f, gconstpointer data)
{
  KarezTransaction *transactions[2];
  TestWait waits[2] = { 0 };

  for (guint i = 0; i < 2; i++)
    {
      transactions[i] = begin (f);
      karez_transaction_run (transactions[i], "tally_up", "(s)", i == 0 ? "a" : "b");
      karez_transaction_run (transactions[i], "sleep", "(d)", 0.3);
      karez_transaction_run (transactions[i], "tally_up", "(s)", i == 0 ? "b" : "a");
      karez_transaction_commit_async (transactions[i], NULL, test_callback, &waits[i]);
    }
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (GAsyncResult) result = test_wait (&waits[i]);
      g_autoptr (GError) error = NULL;

      karez_transaction_commit_finish (transactions[i], result, &error);
      g_assert_no_error (error);
      g_object_unref (transactions[i]);
    }
  g_assert_cmpint (test_count (f->pg, "select sum (n) from clinic.tally"), ==, 4);
  /* There was one, so it was tried again. */
  test_run_until (test_count (f->pg, "select deadlocks from pg_stat_database"
                                     " where datname = current_database ()")
                  > 0);
}

/* Looking for a row's event must not read the log, however long it is. */
static void
test_long_log (Fixture *f, gconstpointer data)
{
  g_autoptr (KarezTransaction) transaction = begin (f);
  g_autoptr (GError) error = NULL;

  g_free (test_ask (f->pg, "insert into karez.event (id, actor_kind, actor_id, actor_name, action,"
                           " subject_schema, subject_table, subject_row)"
                           " select gen_random_uuid (), 'hub', 'x', 'x', 'thing.put', 'clinic',"
                           " 'thing', gen_random_uuid () from generate_series (1, 5000)"));
  for (guint i = 0; i < 100; i++)
    {
      g_autofree char *id = hub_id_new ();

      karez_transaction_run (transaction, "thing_put", "(ssim@ay)", id, id, 0, NULL);
      karez_transaction_event (transaction, "thing.put", "thing", id, NULL);
    }
  test_commit (transaction, &error);
  g_assert_no_error (error);
  test_run_until (test_count (f->pg, "select idx_scan from pg_stat_user_indexes"
                                     " where indexrelname = 'event_by_subject'")
                  >= 100);
  g_assert_cmpint (test_count (f->pg, "select idx_tup_read from pg_stat_user_indexes"
                                      " where indexrelname = 'event_by_subject'"),
                   <=, 200);
  g_assert_cmpint (test_count (f->pg, "select seq_tup_read from pg_stat_user_tables"
                                      " where relname = 'event'"),
                   <, 5000);
}

static void
test_conflicts (Fixture *f, gconstpointer data)
{
  g_autofree char *id = hub_id_new ();
  g_autofree char *other = hub_id_new ();
  g_autoptr (GError) error = NULL;

  g_assert_true (test_put_thing (f->store, id, "one", &error));
  g_assert_false (test_put_thing (f->store, other, "one", &error));
  g_assert_error (error, KAREZ_ERROR, KAREZ_ERROR_CONFLICT);
  g_assert_cmpstr (karez_error_get_rule (error), ==, "database/thing_name_key");
  g_assert_null (strstr (error->message, "one"));
  g_clear_error (&error);
  {
    g_autoptr (KarezTransaction) transaction = begin (f);

    karez_transaction_run (transaction, "detail_put", "(sss)", other, other, "x");
    karez_transaction_event (transaction, "thing.put", "thing", other, NULL);
    g_assert_false (test_commit (transaction, &error));
    g_assert_cmpstr (karez_error_get_rule (error), ==, "database/detail_thing_fkey");
    g_clear_error (&error);
  }
  {
    g_autoptr (KarezTransaction) transaction = begin (f);

    karez_transaction_run (transaction, "thing_delete", "(s)", "not a uuid");
    g_assert_false (test_commit (transaction, &error));
    g_assert_error (error, KAREZ_ERROR, KAREZ_ERROR_INVALID);
    g_clear_error (&error);
  }
}

static void
test_cancelled (Fixture *f, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autofree char *id = hub_id_new ();
  g_autoptr (KarezTransaction) before = begin (f);
  g_autoptr (KarezTransaction) after = begin (f);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  TestWait wait = { 0 };

  karez_transaction_run (after, "thing_put", "(ssim@ay)", id, "late", 0, NULL);
  karez_transaction_event (after, "thing.put", "thing", id, NULL);
  karez_transaction_run (after, "sleep", "(d)", 0.2);
  karez_transaction_commit_async (after, cancellable, test_callback, &wait);
  test_run_for (60);
  g_cancellable_cancel (cancellable);
  /* It was sent: the answer is what happened. */
  result = test_wait (&wait);
  g_assert_true (karez_transaction_commit_finish (after, result, &error));
  g_assert_no_error (error);
  g_assert_cmpint (test_count (f->pg, "select count(*) from clinic.thing"), ==, 1);

  wait.result = NULL;
  g_clear_object (&result);
  karez_transaction_commit_async (before, cancellable, test_callback, &wait);
  result = test_wait (&wait);
  g_assert_false (karez_transaction_commit_finish (before, result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  /* What the database refuses is a warning, and wanted here. */
  g_log_set_always_fatal (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL);

  ADD ("/store/transaction/mistakes", test_mistakes);
  ADD ("/store/transaction/round", test_round);
  ADD ("/store/transaction/no-event", test_no_event);
  ADD ("/store/transaction/changes-need-events", test_changes_need_events);
  ADD ("/store/transaction/expectation", test_expectation);
  ADD ("/store/transaction/expectation-first", test_expectation_first);
  ADD ("/store/transaction/request", test_request);
  ADD ("/store/transaction/request-race", test_request_race);
  ADD ("/store/transaction/inbox", test_inbox);
  ADD ("/store/transaction/recorded", test_recorded);
  ADD ("/store/transaction/outbox", test_outbox);
  ADD ("/store/transaction/long-post", test_long_post);
  ADD ("/store/transaction/deadlock", test_deadlock);
  ADD ("/store/transaction/long-log", test_long_log);
  ADD ("/store/transaction/conflicts", test_conflicts);
  ADD ("/store/transaction/cancelled", test_cancelled);

  return g_test_run ();
}
