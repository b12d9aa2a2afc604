/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What people are told of bookings: why not, by whom, and what waits for them. */
#include "agenda-fixture.h"

#include "hub-agenda-board.h"
#include "hub-agenda-compare.h"
#include "hub-clock.h"
#include "hub-id.h"

typedef struct
{
  Pair *pair;
  Hub *a, *b;
  char *doctor, *booking; /* a doctor of B */
  gint64 midnight;        /* the next one in Beijing, of a day of this case's own */
} Case;

#define MINUTE G_TIME_SPAN_MINUTE

static guint cases;

static void
set_up (Case *c, gconstpointer data)
{
  const gint64 beijing = 8 * G_TIME_SPAN_HOUR;

  c->pair = pair_get ();
  c->a = &c->pair->a;
  c->b = &c->pair->b;
  c->doctor = hub_add_resource (c->b, "person", "Dr Lin");
  c->booking = hub_id_new ();
  c->midnight = (hub_clock_now () + beijing) / G_TIME_SPAN_DAY * G_TIME_SPAN_DAY - beijing
                + (++cases + 1) * G_TIME_SPAN_DAY;
  carry_all (c->pair);
}

static void
tear_down (Case *c, gconstpointer data)
{
  carry_all (c->pair);
  g_free (c->doctor);
  g_free (c->booking);
}

static void
request (Case *c, const char *id, gint64 from, gint64 to)
{
  g_auto (Outcome)
      outcome = hub_request (c->a, booking_body (id, HUB_B, from, to, c->doctor, NULL), NULL);

  g_assert_no_error (outcome.error);
  carry_all (c->pair);
}

static const char *
untranslated (const char *msgid, gpointer data)
{
  return msgid;
}

static void
assert_part (JsonArray *parts, guint n, const char *member, const char *expected)
{
  JsonNode *part = json_array_get_element (parts, n);

  g_assert_true (JSON_NODE_HOLDS_OBJECT (part));
  g_assert_cmpstr (karez_json_text (json_node_get_object (part), member), ==, expected);
}

/* Booked 23:45–00:45, taken at 00:20: who accepts hears of whom, and both times as data. */
static void
test_over_midnight (Case *c, gconstpointer data)
{
  g_autofree char *taken = hub_id_new ();
  gint64 from = c->midnight + 20 * MINUTE, to = from + 30 * MINUTE;
  g_autofree char *starts = hub_time_format (from);
  g_autofree char *ends = hub_time_format (to);
  g_autofree char *free_to = hub_time_format (to + 60 * MINUTE);
  g_auto (Outcome) first = { 0 };
  g_auto (Outcome) second = { 0 };
  g_autoptr (JsonNode) parts = NULL;
  g_autoptr (JsonNode) accepted = NULL;
  JsonArray *pieces;
  JsonNode *name;

  request (c, taken, from, to);
  first = hub_act (c->b, HUB_ACT_ACCEPT, taken, NULL, NULL);
  g_assert_no_error (first.error);
  request (c, c->booking, c->midnight - 15 * MINUTE, c->midnight + 45 * MINUTE);
  second = hub_act (c->b, HUB_ACT_ACCEPT, c->booking, NULL, NULL);
  assert_rule (&second, KAREZ_ERROR_CONFLICT, "agenda/overlap");

  parts = karez_error_to_parts (second.error, untranslated, NULL);
  pieces = json_node_get_array (parts);
  name = json_array_get_element (pieces, 0);
  g_assert_cmpstr (
      karez_json_text (json_object_get_object_member (json_node_get_object (name), "names"), "en"),
      ==, "Dr Lin");
  assert_part (pieces, 2, "time", starts);
  assert_part (pieces, 4, "time", ends);
  accepted = karez_error_accepted_to_parts (second.error, untranslated, NULL);
  assert_part (json_node_get_array (accepted), 1, "time", ends);
  assert_part (json_node_get_array (accepted), 3, "time", free_to);
}

static void
on_board (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;

  *(JsonNode **) data = hub_agenda_board_finish (HUB_AGENDA (source), result, &error);
  g_assert_no_error (error);
}

/* Whether today's board of a hub has the case's booking. */
static gboolean
is_listed (Case *c, Hub *hub, gboolean open)
{
  g_autofree char *from = hub_time_format (hub_clock_now () - G_TIME_SPAN_HOUR);
  g_autofree char *to = hub_time_format (hub_clock_now () + G_TIME_SPAN_HOUR);
  g_autoptr (JsonNode) board = NULL;
  JsonArray *bookings;

  hub_agenda_board_async (hub->agenda, from, to, open, NULL, on_board, &board);
  while (board == NULL)
    g_main_context_iteration (NULL, TRUE);
  bookings = json_object_get_array_member (json_node_get_object (board), "bookings");
  for (guint i = 0; i < json_array_get_length (bookings); i++)
    if (g_str_equal (karez_json_text (json_array_get_object_element (bookings, i), "id"),
                     c->booking))
      return TRUE;
  return FALSE;
}

/* A request for a day that is far ahead waits for an answer now, and its refusal is news now. */
static void
test_open (Case *c, gconstpointer data)
{
  g_autofree char *old = g_strdup_printf (
      "begin; update agenda.booking set starts_at = starts_at - interval '60 days',"
      " ends_at = ends_at - interval '60 days', answered_at = clock_timestamp () - interval '13 "
      "hours'"
      " where id = '%s'; insert into karez.event (id, actor_kind, actor_id, actor_name, action,"
      " subject_schema, subject_table, subject_row) values (gen_random_uuid (), 'hub', 'test',"
      " 'test', 'booking.test', 'agenda', 'booking', '%s'); commit",
      c->booking, c->booking);
  gint64 from = c->midnight + 40 * G_TIME_SPAN_DAY;
  g_auto (Outcome) declined = { 0 };

  request (c, c->booking, from, from + 30 * MINUTE);
  g_assert_false (is_listed (c, c->b, FALSE));
  g_assert_true (is_listed (c, c->b, TRUE));
  g_assert_true (is_listed (c, c->a, TRUE));

  declined = hub_act (c->b, HUB_ACT_DECLINE, c->booking, NULL, "no");
  g_assert_no_error (declined.error);
  carry_all (c->pair);
  g_assert_true (is_listed (c, c->a, TRUE));
  g_assert_false (is_listed (c, c->a, FALSE));
  hub_sql (c->a, old);
  g_assert_false (is_listed (c, c->a, TRUE));
}

static JsonNode *
copy_of (JsonNode *node)
{
  g_autofree char *text = karez_json_print (node);

  return json_from_string (text, NULL);
}

/* The request as A sent it, taken out of its outbox: what is a dead letter at B does not come
 * again. */
static JsonNode *
take_request (Case *c)
{
  g_autofree char *find = g_strdup_printf (
      "select body from karez.outbox where topic = 'agenda.request' and body ->> 'id' = '%s'",
      c->booking);
  g_autofree char *lose = g_strdup_printf (
      "delete from karez.outbox where topic = 'agenda.request' and body ->> 'id' = '%s'",
      c->booking);
  g_autofree char *text = hub_ask (c->a, find);
  g_autofree char *head = NULL;
  g_autofree char *skip = NULL;

  hub_sql (c->a, lose);
  head = hub_ask (c->a, "select last from karez.outbox_head where lane = 1");
  skip = g_strdup_printf ("update karez.inbox set applied = %s where lane = 1", head);
  hub_sql (c->b, skip);
  return json_from_string (text, NULL);
}

static void
assert_refused (Case *c, JsonNode *body, const char *rule)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (hub_receive (c->b, HUB_A, "agenda.request", body, KAREZ_LANE_RECORDS, 1, &error));
  g_assert_cmpstr (karez_error_get_rule (error), ==, rule);
}

/* What is a dead letter by B's hub itself, A hears of: it would wait for an answer that nobody can
 * give.
 */
static void
test_refused (Case *c, gconstpointer data)
{
  static const char waiting[] = "select count (*) from karez.outbox where topic = 'agenda.answer'";
  g_autofree char *event = g_strdup_printf (
      "select count (*) from karez.event where action = 'booking.refuse' and details ->> 'booking'"
      " = '%s'",
      c->booking);
  g_auto (Outcome) outcome = hub_request (
      c->a,
      booking_body (c->booking, HUB_B, c->midnight, c->midnight + 30 * MINUTE, c->doctor, NULL),
      NULL);
  g_autoptr (JsonNode) good = NULL;
  g_autoptr (JsonNode) bad = NULL;
  g_autoptr (JsonNode) seen = NULL;
  g_autofree char *state = NULL, *n = NULL, *again = NULL, *events = NULL;
  JsonObject *object;

  g_assert_no_error (outcome.error);
  good = take_request (c);
  bad = copy_of (good);
  json_object_set_string_member (json_node_get_object (bad), "ends_at",
                                 karez_json_text (json_node_get_object (good), "starts_at"));
  assert_refused (c, bad, "agenda/order");
  n = hub_ask (c->b, waiting);
  g_assert_cmpstr (n, ==, "1");
  carry_all (c->pair);
  state = hub_state (c->a, c->booking);
  g_assert_cmpstr (state, ==, "declined");
  seen = hub_booking (c->a, c->booking);
  object = json_node_get_object (seen);
  g_assert_cmpstr (karez_json_text (object, "answer"), ==,
                   "The session would end before it starts");
  g_assert_null (karez_json_text (object, "answered_by")); /* by nobody */

  /* It may be delivered again, as it was or mended: it is answered, and once. */
  assert_refused (c, bad, "agenda/order");
  assert_refused (c, good, "agenda/refused");
  again = hub_ask (c->b, waiting);
  g_assert_cmpstr (again, ==, "0");
  events = hub_ask (c->b, event);
  g_assert_cmpstr (events, ==, "1");
}

/* What has an answer of its own, or is not between the two, is not answered. */
static void
test_refused_untold (Case *c, gconstpointer data)
{
  g_autofree char *applied = NULL, *after = NULL;
  gint64 next;
  g_auto (Outcome) outcome = hub_request (
      c->a,
      booking_body (c->booking, HUB_B, c->midnight, c->midnight + 30 * MINUTE, c->doctor, NULL),
      NULL);
  g_autoptr (JsonNode) body = NULL;
  g_autoptr (JsonNode) other = NULL;

  g_assert_no_error (outcome.error);
  body = take_request (c);
  applied = hub_ask (c->b, "select applied from karez.inbox where lane = 1");
  next = g_ascii_strtoll (applied, NULL, 10) + 1;
  other = copy_of (body);
  json_object_set_string_member (json_node_get_object (other), "provider", HUB_C);
  assert_refused (c, other, "agenda/partner");
  {
    g_autoptr (GError) error = NULL;

    g_assert_true (
        hub_receive (c->b, HUB_A, "agenda.request", body, KAREZ_LANE_AGENDA, next, &error));
    g_assert_no_error (error);
  }
  {
    g_autoptr (GError) error = NULL;

    g_assert_false (
        hub_receive (c->b, HUB_A, "agenda.request", body, KAREZ_LANE_AGENDA, next + 1, &error));
    g_assert_cmpstr (karez_error_get_rule (error), ==, "database/booking_pkey");
  }
  after = hub_ask (c->b, "select count (*) from karez.outbox where topic = 'agenda.answer'");
  g_assert_cmpstr (after, ==, "0");
}

static void
set_person (Hub *hub, const char *person, const char *resource, gboolean active)
{
  g_autofree char *organisation = hub_id_new ();
  g_autofree char *make = g_strdup_printf (
      "begin; insert into karez.organisation (id, level, names, hub) values ('%s', 'county', "
      "'{\"en\":\"B\"}', null); insert into karez.person (id, organisation, names) values ('%s', "
      "'%s',"
      " '{\"en\":\"Lin\"}') on conflict do nothing; update karez.person set active = %s where id = "
      "'%s';"
      " update agenda.resource set person = '%s' where id = '%s';"
      " insert into karez.event (id, actor_kind, actor_id, actor_name, action, subject_schema,"
      " subject_table, subject_row) values (gen_random_uuid (), 'hub', 'test', 'test', 'test.make',"
      " 'karez', 'organisation', '%s'), (gen_random_uuid (), 'hub', 'test', 'test', 'test.make',"
      " 'karez', 'person', '%s'), (gen_random_uuid (), 'hub', 'test', 'test', 'test.make', "
      "'agenda',"
      " 'resource', '%s'); commit",
      organisation, person, organisation, active ? "true" : "false", person, person, resource,
      organisation, person, resource);

  hub_sql (hub, make);
}

static void
wait_for_mirror (Case *c, gboolean active)
{
  g_autofree char *there = g_strdup_printf (
      "select exists (select from agenda.resource where id = '%s' and active = %s)", c->doctor,
      active ? "true" : "false");
  g_autofree char *told = g_strdup_printf (
      "select exists (select from agenda.resource where id = '%s' and person_active = %s)",
      c->doctor, active ? "true" : "false");

  hub_agenda_people_changed (c->b->agenda);
  wait_until (c->b, told);
  carry_all (c->pair);
  wait_until (c->a, there);
}

/* Who called it off is kept where people have to be told, and only there. */
static void
test_called_off (Case *c, gconstpointer data)
{
  g_auto (Outcome) accepted = { 0 };
  g_auto (Outcome) cancelled = { 0 };
  g_autoptr (JsonNode) at_a = NULL;
  g_autoptr (JsonNode) at_b = NULL;
  gint64 from = c->midnight + 40 * G_TIME_SPAN_DAY;

  request (c, c->booking, from, from + 30 * MINUTE);
  accepted = hub_act (c->b, HUB_ACT_ACCEPT, c->booking, NULL, NULL);
  g_assert_no_error (accepted.error);
  carry_all (c->pair);
  cancelled = hub_act (c->b, HUB_ACT_CANCEL, c->booking, NULL, "the road is closed");
  g_assert_no_error (cancelled.error);
  carry_all (c->pair);
  at_a = hub_booking (c->a, c->booking);
  at_b = hub_booking (c->b, c->booking);
  g_assert_cmpstr (karez_json_text (json_node_get_object (at_a), "called_off_by"), ==, HUB_B);
  g_assert_nonnull (karez_json_text (json_node_get_object (at_a), "called_off_at"));
  g_assert_null (karez_json_text (json_node_get_object (at_b), "called_off_by"));
  g_assert_true (is_listed (c, c->a, TRUE));
  g_assert_false (is_listed (c, c->b, TRUE));
}

/* A hospital that asks and withdraws all day does not hide what another one has declined. */
static void
test_called_off_many (Case *c, gconstpointer data)
{
  g_autofree char *fill = g_strdup_printf (
      "set session_replication_role = replica; insert into agenda.booking (id, modality, title, "
      "urgency, requester, provider, host, starts_at, ends_at, state, requested_by, called_off_by, "
      "called_off_at) select gen_random_uuid (), 'note', 'flood', 'T2', '%1$s', '%2$s', '%1$s', "
      "clock_timestamp (), clock_timestamp () + interval '1 hour', 'cancelled', 'x', '%1$s', "
      "clock_timestamp () from generate_series (1, 2500); "
      "set session_replication_role = origin",
      HUB_C, HUB_A);
  gint64 from = c->midnight + 50 * G_TIME_SPAN_DAY;
  g_auto (Outcome) declined = { 0 };

  request (c, c->booking, from, from + 30 * MINUTE);
  declined = hub_act (c->b, HUB_ACT_DECLINE, c->booking, NULL, "no");
  g_assert_no_error (declined.error);
  carry_all (c->pair);
  hub_sql (c->a, fill);
  g_assert_true (is_listed (c, c->a, TRUE));
  hub_sql (c->a, "set session_replication_role = replica; delete from agenda.booking where title = "
                 "'flood'; set session_replication_role = origin");
}

/* Who may not sign in any more is not booked any more, from that moment, at both hospitals. */
static void
test_disabled_person (Case *c, gconstpointer data)
{
  g_autofree char *person = hub_id_new ();
  g_autofree char *own = hub_id_new ();
  g_autofree char *late = hub_id_new ();
  g_autofree char *partner = hub_add_resource (c->a, "room", "Room 1");
  gint64 from = c->midnight, to = from + 30 * MINUTE;
  g_auto (Outcome) accepted = { 0 };
  g_auto (Outcome) asked = { 0 };
  g_auto (Outcome) refused = { 0 };
  g_auto (Outcome) again = { 0 };

  carry_all (c->pair);
  set_person (c->b, person, c->doctor, TRUE);
  request (c, c->booking, from, to); /* held, while the account is in use */
  set_person (c->b, person, c->doctor, FALSE);

  /* Nobody was told yet: the database knows. */
  accepted = hub_act (c->b, HUB_ACT_ACCEPT, c->booking, NULL, NULL);
  assert_rule (&accepted, KAREZ_ERROR_INVALID, "agenda/inactive");
  asked = hub_request (
      c->b,
      booking_body (own, HUB_A, from + G_TIME_SPAN_HOUR, to + G_TIME_SPAN_HOUR, c->doctor, NULL),
      NULL);
  assert_rule (&asked, KAREZ_ERROR_INVALID, "agenda/inactive");

  wait_for_mirror (c, FALSE);
  refused = hub_request (c->a,
                         booking_body (late, HUB_B, from + 2 * G_TIME_SPAN_HOUR,
                                       to + 2 * G_TIME_SPAN_HOUR, partner, c->doctor, NULL),
                         NULL);
  assert_rule (&refused, KAREZ_ERROR_INVALID, "agenda/inactive");

  set_person (c->b, person, c->doctor, TRUE);
  wait_for_mirror (c, TRUE);
  again = hub_act (c->b, HUB_ACT_ACCEPT, c->booking, NULL, NULL);
  g_assert_no_error (again.error);
}

/* A partner's feed, by the test's rules. */
typedef struct
{
  guint n_pulls, n_items;
  gboolean held;
  GPtrArray *waiting; /* GTask, while it is held */
} Feed;

static JsonNode *
make_page (guint first, guint n)
{
  JsonNode *items = json_node_new (JSON_NODE_ARRAY);
  g_autofree char *last = g_strdup_printf ("00000000-0000-7000-8000-%012u", first + n);

  json_node_take_array (items, json_array_new ());
  for (guint i = 1; i <= n; i++)
    {
      g_autofree char *id = g_strdup_printf ("00000000-0000-7000-8000-%012u", first + i);

      json_array_add_element (
          json_node_get_array (items),
          karez_json_object ("id", "s", id, "modality", "s", "shared-note", "title", "s", "x",
                             "urgency", "s", "T2", "requester", "s", HUB_B, "starts_at", "s",
                             "2040-01-01T00:00:00.000Z", "ends_at", "s", "2040-01-01T01:00:00.000Z",
                             "state", "s", "confirmed", NULL));
    }
  return karez_json_object ("items", "n", items, "cursor", "s", last, "more", "b", (gboolean) TRUE,
                            NULL);
}

static void
on_feed (const char *peer, const char *cursor, guint limit, GTask *task, gpointer data)
{
  Feed *feed = data;
  JsonNode *page = make_page (feed->n_pulls++ * feed->n_items, feed->n_items);

  if (feed->held)
    {
      g_object_set_data_full (G_OBJECT (task), "page", page, (GDestroyNotify) json_node_unref);
      g_ptr_array_add (feed->waiting, task);
      return;
    }
  g_task_return_pointer (task, page, (GDestroyNotify) json_node_unref);
  g_object_unref (task);
}

static void
release (Feed *feed)
{
  g_autoptr (GPtrArray) waiting = g_steal_pointer (&feed->waiting);

  feed->waiting = g_ptr_array_new_with_free_func (g_object_unref);
  feed->held = FALSE;
  for (guint i = 0; i < waiting->len; i++)
    g_task_return_pointer (waiting->pdata[i],
                           json_node_ref (g_object_get_data (waiting->pdata[i], "page")),
                           (GDestroyNotify) json_node_unref);
}

static void
on_compared (GObject *source, GAsyncResult *result, gpointer data)
{
  g_ptr_array_add (data, g_object_ref (result));
}

/* A partner that tells one booking at a time is not asked two thousand times. */
static void
test_compare_slowly (Case *c, gconstpointer data)
{
  Feed feed = { .n_items = 1 };
  g_autoptr (GPtrArray) results = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (JsonNode) found = NULL;
  g_autoptr (GError) error = NULL;

  peers_set_feed (c->a, on_feed, &feed);
  hub_agenda_compare_async (c->a->agenda, HUB_B, NULL, on_compared, results);
  while (results->len < 1)
    g_main_context_iteration (NULL, TRUE);
  peers_set_feed (c->a, NULL, NULL);
  found = hub_agenda_compare_finish (c->a->agenda, results->pdata[0], &error);
  g_assert_null (found);
  g_assert_cmpstr (karez_error_get_rule (error), ==, "agenda/page");
  g_assert_cmpuint (feed.n_pulls, ==, 40);
}

/* However many ask, a partner's feed is read once at a time; who asks later has a later answer.
 * What comes after the part of it that was read is not called unknown there. */
static void
test_compare_many (Case *c, gconstpointer data)
{
  Feed feed = { .n_items = 100, .held = TRUE };
  g_autoptr (GPtrArray) results = g_ptr_array_new_with_free_func (g_object_unref);

  request (c, c->booking, c->midnight, c->midnight + 30 * MINUTE);
  feed.waiting = g_ptr_array_new_with_free_func (g_object_unref);
  peers_set_feed (c->a, on_feed, &feed);
  for (guint i = 0; i < 6; i++)
    hub_agenda_compare_async (c->a->agenda, HUB_B, NULL, on_compared, results);
  g_assert_cmpuint (feed.n_pulls, ==, 1);
  release (&feed);
  while (results->len < 6)
    g_main_context_iteration (NULL, TRUE);
  peers_set_feed (c->a, NULL, NULL);
  g_assert_cmpuint (feed.n_pulls, ==, 40);
  for (guint i = 0; i < 6; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (JsonNode)
          found = hub_agenda_compare_finish (c->a->agenda, results->pdata[i], &error);

      g_assert_no_error (error);
      g_assert_true (karez_json_boolean (json_node_get_object (found), "more"));
      g_assert_cmpuint (json_array_get_length (
                            json_object_get_array_member (json_node_get_object (found), "items")),
                        ==, 2000);
    }
  g_ptr_array_unref (feed.waiting);
}

/* A partner that calls off what nobody knows, again and again: each is on record, so they come
 * slowly once there are more than any hospital sends. */
static void
test_flood (Case *c, gconstpointer data)
{
  g_autofree char *id = hub_id_new ();
  gint64 slowest = 0;

  /* Of a hub that nothing else comes from. */
  for (guint n = 0; n < 2200 && slowest < 900 * G_TIME_SPAN_MILLISECOND; n++)
    {
      g_autoptr (GError) error = NULL;
      JsonNode *actor = karez_json_object ("kind", "s", "person", "id", "s", c->booking, "name",
                                           "s", "Dr Nobody", "roles", "as", NULL, NULL);
      g_autoptr (JsonNode)
          body = karez_json_object ("booking", "s", id, "text", "s", "", "actor", "n", actor, NULL);
      gint64 began = hub_clock_monotonic ();

      hub_receive (c->b, HUB_C, "agenda.cancel", body, 2, n + 1, &error);
      g_assert_no_error (error);
      if (n >= 2000)
        slowest = MAX (slowest, hub_clock_monotonic () - began);
    }
  g_assert_cmpint (slowest, >=, 900 * G_TIME_SPAN_MILLISECOND);
}

int
main (int argc, char **argv)
{
  int result;

  g_test_init (&argc, &argv, NULL);
#define ADD(path, func) g_test_add ("/agenda/told/" path, Case, NULL, set_up, func, tear_down)
  ADD ("over-midnight", test_over_midnight);
  ADD ("open", test_open);
  ADD ("refused", test_refused);
  ADD ("refused/untold", test_refused_untold);
  ADD ("called-off", test_called_off);
  ADD ("called-off-many", test_called_off_many);
  ADD ("disabled-person", test_disabled_person);
  ADD ("compare/slowly", test_compare_slowly);
  ADD ("compare/many", test_compare_many);
  ADD ("flood", test_flood);
#undef ADD
  result = g_test_run ();
  pair_free ();
  return result;
}
