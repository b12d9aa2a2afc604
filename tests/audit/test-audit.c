/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The list of events, read page by page. */
#include "hub-audit.h"

#include "hub-clock.h"
#include "hub-id.h"

typedef struct
{
  HubStore *store;
  HubAudit *audit;
  KarezActor *auditor;
} Fixture;

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
set_up (Fixture *f, gconstpointer data)
{
  const char *roles[] = { "auditor", NULL };
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  f->store = hub_store_new (g_getenv ("KAREZ_TEST_DATABASE"), 4, 100);
  hub_audit_add_schema (f->store);
  hub_store_open_async (f->store, NULL, on_result, &result);
  hub_store_open_finish (f->store, wait_for (&result), &error);
  g_assert_no_error (error);
  f->audit = hub_audit_new (f->store);
  f->auditor = karez_actor_new (KAREZ_ACTOR_PERSON, "0193a000-0000-7000-8000-0000000000aa",
                                "Auditor", roles, "127.0.0.1", NULL);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_object_unref (f->audit);
  karez_actor_unref (f->auditor);
  hub_store_close (f->store);
  g_object_unref (f->store);
}

static void
append (Fixture *f, const char *action, KarezOutcome outcome, const char *session)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  karez_audit_append_async (KAREZ_AUDIT (f->audit), f->auditor, action, outcome, session, NULL,
                            karez_json_object ("why", "s", "a test", NULL), NULL, on_result,
                            &result);
  karez_audit_append_finish (KAREZ_AUDIT (f->audit), wait_for (&result), &error);
  g_assert_no_error (error);
}

static JsonNode *
list (Fixture *f, const HubAuditQuery *query, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  hub_audit_list_async (f->audit, f->auditor, query, NULL, on_result, &result);
  return hub_audit_list_finish (f->audit, wait_for (&result), error);
}

static JsonObject *
item (JsonNode *answer, guint i)
{
  return json_array_get_object_element (
      json_object_get_array_member (json_node_get_object (answer), "items"), i);
}

static guint
count (JsonNode *answer)
{
  return json_array_get_length (
      json_object_get_array_member (json_node_get_object (answer), "items"));
}

/* Pages of the log tell every event once, although reading adds to it. */
static void
test_pages (Fixture *f, gconstpointer data)
{
  g_autofree char *session = hub_id_new ();
  g_autofree char *cursor = NULL;
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  guint pages = 0;

  for (guint i = 0; i < 25; i++)
    append (f, "test.page", KAREZ_OUTCOME_SUCCESS, session);
  do
    {
      HubAuditQuery query = { .session = session, .action = "test", .since = cursor, .limit = 10 };
      g_autoptr (GError) error = NULL;
      g_autoptr (JsonNode) answer = list (f, &query, &error);

      g_assert_no_error (error);
      for (guint i = 0; i < count (answer); i++)
        g_assert_true (
            g_hash_table_add (seen, g_strdup (karez_json_text (item (answer, i), "id"))));
      g_free (cursor);
      cursor = g_strdup (karez_json_text (json_node_get_object (answer), "cursor"));
      pages++;
    }
  while (cursor != NULL);
  g_assert_cmpuint (pages, ==, 3);
  g_assert_cmpuint (g_hash_table_size (seen), ==, 25);
}

static void
test_reading_is_recorded (Fixture *f, gconstpointer data)
{
  HubAuditQuery query = { .action = "test.never", .limit = 5 };
  HubAuditQuery reads = { .action = "audit.read", .limit = 1 };
  g_autoptr (JsonNode) nothing = list (f, &query, NULL);
  g_autoptr (JsonNode) read = list (f, &reads, NULL);
  JsonObject *event, *details;

  g_assert_cmpuint (count (nothing), ==, 0);
  g_assert_cmpuint (count (read), ==, 1);
  event = item (read, 0);
  details = json_object_get_object_member (event, "details");
  g_assert_cmpstr (karez_json_text (details, "action"), ==, "test.never");
  g_assert_cmpstr (karez_json_text (json_object_get_object_member (event, "actor"), "name"), ==,
                   "Auditor");
}

static void
test_filters (Fixture *f, gconstpointer data)
{
  g_autofree char *session = hub_id_new ();
  g_autofree char *before = hub_time_format (hub_clock_now () - G_TIME_SPAN_HOUR);
  g_autofree char *after = hub_time_format (hub_clock_now () + G_TIME_SPAN_HOUR);
  HubAuditQuery by_action = { .session = session, .action = "note.keep", .limit = 50 };
  HubAuditQuery by_word = { .session = session, .action = "note", .limit = 50 };
  HubAuditQuery part = { .session = session, .action = "not", .limit = 50 };
  HubAuditQuery by_actor = { .session = session,
                             .actor = "0193a000-0000-7000-8000-0000000000aa",
                             .limit = 50 };
  HubAuditQuery nobody = { .session = session, .actor = "nobody", .limit = 50 };
  HubAuditQuery within = {
    .session = session, .action = "note", .from = before, .to = after, .limit = 50
  };
  HubAuditQuery later = { .session = session, .action = "note", .from = after, .limit = 50 };
  const struct
  {
    HubAuditQuery *query;
    guint expected;
  } table[] = { { &by_action, 1 }, { &by_word, 2 }, { &part, 0 },    { &nobody, 0 },
                { &within, 2 },    { &later, 0 },   { &by_actor, 2 } };

  append (f, "note.keep", KAREZ_OUTCOME_SUCCESS, session);
  append (f, "note.read", KAREZ_OUTCOME_REFUSED, session);
  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (JsonNode) answer = list (f, table[i].query, &error);

      g_assert_no_error (error);
      if (table[i].query == &by_actor) /* which also finds the readings of this session */
        g_assert_cmpuint (count (answer), >=, table[i].expected);
      else
        g_assert_cmpuint (count (answer), ==, table[i].expected);
    }
}

static void
test_bad (Fixture *f, gconstpointer data)
{
  const HubAuditQuery bad[] = {
    { .limit = 0 },
    { .limit = 201 },
    { .limit = 1, .since = "yesterday" },
    { .limit = 1, .since = "2026-11-24T00:00:00Z_7" },
    { .limit = 1, .action = "booking.%" },
    { .limit = 1, .action = "" },
    { .limit = 1, .session = "7" },
    { .limit = 1, .patient = "' or 1=1" },
    { .limit = 1, .from = "today" },
    { .limit = 1, .to = "2026-13-01T00:00:00Z" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (list (f, &bad[i], &error));
      g_assert_error (error, KAREZ_ERROR, KAREZ_ERROR_INVALID);
      g_assert_cmpstr (karez_error_get_rule (error), ==, "audit/question");
      g_assert_nonnull (karez_error_get_accepted (error));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, func) g_test_add ("/audit/" path, Fixture, NULL, set_up, func, tear_down)
  ADD ("pages", test_pages);
  ADD ("reading-is-recorded", test_reading_is_recorded);
  ADD ("filters", test_filters);
  ADD ("bad", test_bad);
#undef ADD
  return g_test_run ();
}
