/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Words of consent that workers record: kept once at each hospital, whatever the modality, and read
 * by who may. */
#include "engine-pair.h"

#include "hub-id.h"

#define ROUTE "GET /sessions/{id}/consents"
#define RETRY "POST /records/dead-letters/{session}/{sequence}/retry"
#define PATIENT "019ab3c4-0000-7000-8000-0000000000bb"
#define LETTERS "GET /records/dead-letters"

/* @number: 0 to 9, of the test's own */
static JsonNode *
make_word (Pair *pair, guint number, const char *state, const char *basis)
{
  g_autofree char *id = g_strdup_printf ("%.35s%u", pair->session, number);

  return karez_json_object ("state", "s", state, "basis", "s", basis, "id", "s", id, "by", "s",
                            "Ayşe", "at", "s", "2026-03-02T09:30:00Z", NULL);
}

/* The worker of hub @i records it. @body: (transfer full) */
static void
record (Pair *pair, guint i, const char *action, JsonNode *body)
{
  g_autofree char *page = g_strdup_printf ("page-%u", i);

  pair_say_body (
      pair, i, page,
      karez_json_object ("type", "s", "keep", "action", "s", action, "body", "n", body, NULL));
}

static void
give (Pair *pair, guint i, guint number)
{
  record (pair, i, "consent.give", make_word (pair, number, "given", "guardian"));
}

static void
withdraw (Pair *pair, guint i, guint number)
{
  record (pair, i, "consent.withdraw", make_word (pair, number, "withdrawn", NULL));
}

/* That the hub has these, in that order, each with its event. */
static void
expect (Pair *pair, guint i, const char *expected)
{
  pair_expect_rows (&pair->hubs[i],
                    "select coalesce (string_agg (state || ' ' || coalesce (basis, 'no') || ' ' || "
                    "right (id::text, 1) || ' ' || given_by, ', ' order by kept_at), '') "
                    "from engine.consent where session = 'SESSION'",
                    pair->session, expected);
  pair_expect_rows (&pair->hubs[i],
                    "select count (*) - (select count (*) from karez.event e where "
                    "e.session = 'SESSION' and e.subject_schema = 'engine' "
                    "and e.subject_table = 'consent' and e.action like 'consent.%') "
                    "from engine.consent where session = 'SESSION'",
                    pair->session, "0");
}

static gboolean
is_answered (gpointer request)
{
  return PLAY_REQUEST (request)->status != 0;
}

static PlayRequest *
ask (Pair *pair, guint i, const char *route, const char *session, const char *sequence)
{
  const char *const parts[] = {
    "id", session, "session", pair->session, "sequence", sequence, NULL
  };
  g_autoptr (KarezActor)
      actor = karez_actor_new (KAREZ_ACTOR_PERSON, pair->hubs[1].id, "Doctor", NULL, NULL, NULL);
  PlayRequest *request = play_request_send (pair->hubs[i].hall, actor, route, parts);

  turn_until (is_answered, request, 10, route);
  return request;
}

static void
join_both (Pair *pair)
{
  g_autofree char *one = NULL, *other = NULL;

  pair_go_live (pair);
  one = pair_join (pair, 0, "page-0");
  other = pair_join (pair, 1, "page-1");
}

/* Both hospitals keep each word under its id, once, in the order in which it was said; the plugin
 * is not asked. */
static void
test_kept (Pair *pair, gconstpointer data)
{
  g_autoptr (PlayRequest) shown = NULL, unknown = NULL;
  g_autofree char *nobody = hub_id_new ();
  JsonArray *items = NULL;

  g_setenv ("KAREZ_TEST_REFUSED_RECORD", "consent.give", TRUE);
  for (guint i = 0; i < 2; i++)
    json_object_set_string_member (json_node_get_object (pair->hubs[i].hall->booking), "patient",
                                   PATIENT);
  join_both (pair);
  for (guint i = 0; i < 2; i++)
    {
      give (pair, i, 2);
      give (pair, i, 2);
      withdraw (pair, i, 1);
      give (pair, i, 3);
      withdraw (pair, i, 1);
      expect (pair, i, "given guardian 2 Ayşe, withdrawn no 1 Ayşe, given guardian 3 Ayşe");
    }
  /* Whose it is stands in the events; the host's session has the booking as it is now. */
  pair_expect_rows (&pair->hubs[0],
                    "select string_agg (distinct action || ' ' || patient, ' ' order by "
                    "action || ' ' || patient) from karez.event where session = 'SESSION' "
                    "and action like 'consent.%'",
                    pair->session, "consent.give " PATIENT " consent.withdraw " PATIENT);
  g_unsetenv ("KAREZ_TEST_REFUSED_RECORD");

  shown = ask (pair, 1, ROUTE, pair->session, NULL);
  g_assert_no_error (shown->error);
  g_assert_cmpuint (shown->status, ==, 200);
  g_assert_cmpstr (pair->hubs[1].hall->action, ==, "consent.read");
  items = json_object_get_array_member (json_node_get_object (shown->answer), "items");
  g_assert_cmpuint (json_array_get_length (items), ==, 3);
  {
    JsonObject *first = json_array_get_object_element (items, 0);
    JsonObject *second = json_array_get_object_element (items, 1);

    g_assert_true (g_str_has_suffix (karez_json_text (first, "id"), "2"));
    g_assert_cmpstr (karez_json_text (first, "basis"), ==, "guardian");
    g_assert_cmpstr (karez_json_text (first, "by"), ==, "Ayşe");
    g_assert_true (g_str_has_prefix (karez_json_text (first, "at"), "2026-03-02T09:30:00"));
    g_assert_cmpstr (karez_json_text (second, "state"), ==, "withdrawn");
    g_assert_null (karez_json_text (second, "basis"));
  }
  unknown = ask (pair, 1, ROUTE, nobody, NULL);
  assert_rule (unknown->error, "session/unknown");
}

/* A session of which nothing was said has none. */
static void
test_none (Pair *pair, gconstpointer data)
{
  g_autoptr (PlayRequest) shown = ask (pair, 0, ROUTE, pair->session, NULL);

  g_assert_cmpuint (shown->status, ==, 200);
  g_assert_cmpuint (json_array_get_length (json_object_get_array_member (
                        json_node_get_object (shown->answer), "items")),
                    ==, 0);
}

/* What is no word, or another one under an id that is taken, is a dead letter; what comes behind it
 * is kept. */
static void
test_refused (Pair *pair, gconstpointer data)
{
  static const char *const rules[] = { "consent/whole",  "consent/whole", "consent/action",
                                       "consent/action", "consent/id",    "json/unknown" };
  g_autoptr (PlayRequest) list = NULL;
  JsonArray *items = NULL;

  join_both (pair);
  give (pair, 0, 1);
  record (pair, 0, "consent.give", make_word (pair, 2, "given", NULL));
  record (pair, 0, "consent.withdraw", make_word (pair, 2, "withdrawn", "patient"));
  record (pair, 0, "consent.withdraw", make_word (pair, 2, "given", "patient"));
  record (pair, 0, "consent.give", karez_json_object ("state", "s", "none", NULL));
  withdraw (pair, 0, 1);
  record (pair, 0, "consent.give", karez_json_object ("by", "s", "n", "note", "s", "x", NULL));
  give (pair, 0, 3);
  expect (pair, 0, "given guardian 1 Ayşe, given guardian 3 Ayşe");
  list = ask (pair, 0, LETTERS, pair->session, NULL);
  items = json_object_get_array_member (json_node_get_object (list->answer), "items");
  g_assert_cmpuint (json_array_get_length (items), ==, G_N_ELEMENTS (rules));
  for (guint r = 0; r < G_N_ELEMENTS (rules); r++)
    {
      guint found = 0;

      for (guint i = 0; i < json_array_get_length (items); i++)
        if (g_strcmp0 (karez_json_text (json_array_get_object_element (items, i), "rule"), rules[r])
            == 0)
          found++;
      g_test_message ("%s", rules[r]);
      g_assert_cmpuint (found, >, 0);
    }
  /* Tried again it is looked at by the hub again, and by no plugin. */
  for (guint i = 0; i < json_array_get_length (items); i++)
    {
      JsonObject *letter = json_array_get_object_element (items, i);
      g_autofree char *sequence = g_strdup_printf ("%" G_GINT64_FORMAT,
                                                   karez_json_integer (letter, "sequence", 0));
      g_autoptr (PlayRequest) again = ask (pair, 0, RETRY, pair->session, sequence);

      assert_rule (again->error, karez_json_text (letter, "rule"));
    }
}

/* A word that is told while the database is away is kept when that is back, once. */
static void
test_database_away (Pair *pair, gconstpointer data)
{
  join_both (pair);
  pair_set_database (pair, 0, FALSE);
  give (pair, 0, 1);
  turn_for (1200);
  pair_set_database (pair, 0, TRUE);
  expect (pair, 0, "given guardian 1 Ayşe");
}

/* An id of another session's word is no word of this one's. */
static void
test_other_session (Pair *pair, gconstpointer data)
{
  g_autoptr (JsonNode) word = make_word (pair, 1, "given", "patient");

  join_both (pair);
  record (pair, 1, "consent.give", json_node_copy (word));
  expect (pair, 1, "given patient 1 Ayşe");
  pair_tear_down (pair, NULL);
  *pair = (Pair){ 0 };
  pair_set_up (pair, NULL);
  join_both (pair);
  record (pair, 1, "consent.give", json_node_copy (word));
  pair_hear (pair, 1, "page-1", "session/dead-letter");
  give (pair, 1, 2);
  expect (pair, 1, "given guardian 2 Ayşe");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  /* Warnings are what some of these provoke. */
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
#define ADD(path, func) g_test_add (path, Pair, NULL, pair_set_up, func, pair_tear_down)
  ADD ("/consents/kept", test_kept);
  ADD ("/consents/none", test_none);
  ADD ("/consents/refused", test_refused);
  ADD ("/consents/database-away", test_database_away);
  ADD ("/consents/other-session", test_other_session);
  return g_test_run ();
}
