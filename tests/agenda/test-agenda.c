/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two agendas over two databases. */
#include "agenda-fixture.h"

#include "hub-agenda-board.h"
#include "hub-clock.h"
#include "hub-id.h"

/* What each case works with: a room of each hospital, known to both, and an hour of its own. */
typedef struct
{
  Pair *pair;
  Hub *a, *b;
  char *room_a, *room_b, *booking;
  gint64 start, end;
} Case;

static gint64 next_start;

static void
set_up (Case *c, gconstpointer data)
{
  c->pair = pair_get ();
  c->a = &c->pair->a;
  c->b = &c->pair->b;
  c->room_a = hub_add_resource (c->a, "room", "Room 1");
  c->room_b = hub_add_resource (c->b, "person", "Dr Lin");
  c->booking = hub_id_new ();
  if (next_start == 0)
    next_start = hub_clock_now () + G_TIME_SPAN_HOUR;
  c->start = next_start;
  c->end = c->start + G_TIME_SPAN_HOUR / 2;
  next_start += G_TIME_SPAN_HOUR;
  carry_all (c->pair);
}

static void
tear_down (Case *c, gconstpointer data)
{
  carry_all (c->pair);
  g_free (c->room_a);
  g_free (c->room_b);
  g_free (c->booking);
}

static void
request (Case *c)
{
  g_auto (Outcome) outcome = hub_request (
      c->a, booking_body (c->booking, HUB_B, c->start, c->end, c->room_a, c->room_b, NULL), NULL);

  g_assert_no_error (outcome.error);
}

static void
act (Hub *hub, HubAct what, const char *booking)
{
  g_auto (Outcome) outcome = hub_act (hub, what, booking, NULL, "because");

  g_assert_no_error (outcome.error);
}

static void
assert_states (Case *c, const char *a, const char *b)
{
  g_autofree char *at_a = hub_state (c->a, c->booking);
  g_autofree char *at_b = hub_state (c->b, c->booking);

  g_assert_cmpstr (at_a, ==, a);
  g_assert_cmpstr (at_b, ==, b);
}

/* The state of this hub's claims of the booking, "" for none. */
static void
assert_claims (Hub *hub, const char *booking, const char *expected)
{
  g_autofree char *sql = g_strdup_printf ("select string_agg (distinct state, ',' order by state)"
                                          " from agenda.claim where booking = '%s'",
                                          booking);
  g_autofree char *states = hub_ask (hub, sql);

  g_assert_cmpstr (states, ==, expected);
}

static void
assert_wish (Hub *hub, const char *booking, const char *resource, const char *expected)
{
  g_autofree char *sql = g_strdup_printf (
      "select state from agenda.wish where booking = '%s' and resource = '%s'", booking, resource);
  g_autofree char *state = hub_ask (hub, sql);

  g_assert_cmpstr (state, ==, expected);
}

static void
assert_event (Hub *hub, const char *booking, const char *action, const char *kind, const char *name)
{
  g_autofree char *sql = g_strdup_printf (
      "select actor_kind || '/' || actor_name || '/' || coalesce (actor_hub::text, '')"
      " from karez.event where subject_table = 'booking' and subject_row = '%s' and action = '%s'",
      booking, action);
  g_autofree char *found = hub_ask (hub, sql);
  g_autofree char *expected = g_strdup_printf (
      "%s/%s/%s", kind, name,
      g_str_equal (kind, "peer") ? (hub->id == pair_get ()->a.id ? HUB_B : HUB_A) : "");

  g_assert_cmpstr (found, ==, expected);
}

static void
test_accept (Case *c, gconstpointer data)
{
  guint changed_a = c->a->n_changed, changed_b = c->b->n_changed;
  g_autoptr (JsonNode) seen = NULL;

  request (c);
  assert_states (c, "requested", "");
  assert_claims (c->a, c->booking, "held");
  assert_wish (c->a, c->booking, c->room_b, "asked");
  assert_event (c->a, c->booking, "booking.request", "person", "Desk of Aral");

  carry_all (c->pair);
  assert_states (c, "requested", "requested");
  assert_claims (c->b, c->booking, "held");
  assert_wish (c->b, c->booking, c->room_a, "held");
  assert_event (c->b, c->booking, "booking.request", "peer", "Desk of Aral");

  act (c->b, HUB_ACT_ACCEPT, c->booking);
  assert_states (c, "requested", "confirmed");
  assert_claims (c->b, c->booking, "confirmed");

  carry_all (c->pair);
  assert_states (c, "confirmed", "confirmed");
  assert_claims (c->a, c->booking, "confirmed");
  assert_wish (c->a, c->booking, c->room_b, "confirmed");
  assert_event (c->a, c->booking, "booking.accept", "peer", "Desk of Hangzhou");
  g_assert_cmpuint (c->a->n_changed - changed_a, ==, 2);
  g_assert_cmpuint (c->b->n_changed - changed_b, ==, 2);

  seen = hub_booking (c->a, c->booking);
  g_assert_cmpstr (karez_json_text (json_node_get_object (seen), "answered_by"), ==,
                   "Desk of Hangzhou");
  g_assert_cmpstr (karez_json_text (json_node_get_object (seen), "host"), ==, HUB_A);
  g_assert_cmpuint (
      json_array_get_length (json_object_get_array_member (json_node_get_object (seen), "claims")),
      ==, 2);
}

/* Who may answer emergencies alone. */
static void
test_answer (Case *c, gconstpointer urgency)
{
  JsonNode *body = booking_body (c->booking, HUB_B, c->start, c->end, c->room_a, c->room_b, NULL);
  g_auto (Outcome) asked = { 0 };
  g_auto (Outcome) answered = { 0 };
  gboolean emergency = g_str_equal (urgency, "T0");

  json_object_set_string_member (json_node_get_object (body), "urgency", urgency);
  asked = hub_request (c->a, body, NULL);
  g_assert_no_error (asked.error);
  carry_all (c->pair);
  answered = hub_act (c->b, HUB_ACT_ANSWER, c->booking, NULL, NULL);
  if (emergency)
    g_assert_no_error (answered.error);
  else
    assert_rule (&answered, KAREZ_ERROR_DENIED, "agenda/answer");
  carry_all (c->pair);
  assert_states (c, emergency ? "confirmed" : "requested", emergency ? "confirmed" : "requested");
  assert_claims (c->b, c->booking, emergency ? "confirmed" : "held");
}

static void
test_decline (Case *c, gconstpointer data)
{
  request (c);
  carry_all (c->pair);
  act (c->b, HUB_ACT_DECLINE, c->booking);
  assert_claims (c->b, c->booking, "released");
  carry_all (c->pair);
  assert_states (c, "declined", "declined");
  assert_claims (c->a, c->booking, "released");
  assert_event (c->a, c->booking, "booking.decline", "peer", "Desk of Hangzhou");
}

static void
test_withdraw (Case *c, gconstpointer data)
{
  request (c);
  carry_all (c->pair);
  act (c->a, HUB_ACT_WITHDRAW, c->booking);
  assert_states (c, "withdrawing", "requested");
  assert_claims (c->a, c->booking, "held");
  carry_all (c->pair);
  assert_states (c, "cancelled", "cancelled");
  assert_claims (c->a, c->booking, "released");
  assert_claims (c->b, c->booking, "released");
}

/* B accepts while A's withdrawal is on its way: B's transaction decides. */
static void
test_race_accept (Case *c, gconstpointer data)
{
  request (c);
  carry_all (c->pair);
  act (c->a, HUB_ACT_WITHDRAW, c->booking);
  act (c->b, HUB_ACT_ACCEPT, c->booking);
  assert_states (c, "withdrawing", "confirmed");
  carry_all (c->pair);
  assert_states (c, "confirmed", "confirmed");
  assert_claims (c->a, c->booking, "confirmed");
  assert_claims (c->b, c->booking, "confirmed");
}

/* The withdrawal is there first: accepting comes too late. */
static void
test_race_withdraw (Case *c, gconstpointer data)
{
  g_auto (Outcome) outcome = { 0 };

  request (c);
  carry_all (c->pair);
  act (c->a, HUB_ACT_WITHDRAW, c->booking);
  g_assert_true (carry (c->a, c->b, KAREZ_LANE_AGENDA, TRUE));
  outcome = hub_act (c->b, HUB_ACT_ACCEPT, c->booking, NULL, NULL);
  assert_rule (&outcome, KAREZ_ERROR_CONFLICT, "agenda/state");
  g_assert_cmpstr (karez_error_get_accepted (outcome.error), ==,
                   "A booking that waits for its answer");
  carry_all (c->pair);
  assert_states (c, "cancelled", "cancelled");
  assert_claims (c->a, c->booking, "released");
}

static void
test_cancel (Case *c, gconstpointer data)
{
  gboolean by_b = GPOINTER_TO_INT (data);

  request (c);
  carry_all (c->pair);
  act (c->b, HUB_ACT_ACCEPT, c->booking);
  carry_all (c->pair);
  act (by_b ? c->b : c->a, HUB_ACT_CANCEL, c->booking);
  carry_all (c->pair);
  assert_states (c, "cancelled", "cancelled");
  assert_claims (c->a, c->booking, "released");
  assert_claims (c->b, c->booking, "released");
  assert_event (by_b ? c->a : c->b, c->booking, "booking.cancel", "peer",
                by_b ? "Desk of Hangzhou" : "Desk of Aral");
}

static void
test_cancel_both (Case *c, gconstpointer data)
{
  request (c);
  carry_all (c->pair);
  act (c->b, HUB_ACT_ACCEPT, c->booking);
  carry_all (c->pair);
  act (c->a, HUB_ACT_CANCEL, c->booking);
  act (c->b, HUB_ACT_CANCEL, c->booking);
  carry_all (c->pair);
  assert_states (c, "cancelled", "cancelled");
}

static void
test_overlap_own (Case *c, gconstpointer data)
{
  g_autofree char *second = hub_id_new ();
  g_autofree char *start = hub_time_format (c->start);
  g_autofree char *end = hub_time_format (c->end);
  g_autofree char *next_end = hub_time_format (c->end + G_TIME_SPAN_HOUR / 2);
  g_autofree char *free_next = g_strdup_printf ("Free from %s to %s", end, next_end);
  g_auto (Outcome) outcome = { 0 };
  g_auto (Outcome) next = { 0 };

  request (c);
  outcome = hub_request (c->a, booking_body (second, HUB_B, c->start, c->end, c->room_a, NULL),
                         NULL);
  assert_rule (&outcome, KAREZ_ERROR_CONFLICT, "agenda/overlap");
  g_assert_nonnull (strstr (outcome.error->message, "Room 1"));
  g_assert_nonnull (strstr (outcome.error->message, start));
  g_assert_nonnull (strstr (outcome.error->message, end));
  g_assert_cmpstr (karez_error_get_accepted (outcome.error), ==, free_next);

  next = hub_request (
      c->a, booking_body (second, HUB_B, c->end, c->end + G_TIME_SPAN_HOUR / 2, c->room_a, NULL),
      NULL);
  g_assert_no_error (next.error);
}

/* What B is asked for is taken there: B hears of it, and accepts with another. */
static void
test_overlap_asked (Case *c, gconstpointer data)
{
  g_autofree char *second = hub_id_new ();
  g_autofree char *other_room = hub_add_resource (c->a, "room", "Room 2");
  g_autofree char *other_doctor = hub_add_resource (c->b, "person", "Dr Wu");
  const char *instead[] = { other_doctor, NULL };
  g_auto (Outcome) outcome = { 0 };
  g_auto (Outcome) refused = { 0 };
  g_auto (Outcome) accepted = { 0 };

  request (c);
  outcome = hub_request (
      c->a, booking_body (second, HUB_B, c->start, c->end, other_room, c->room_b, NULL), NULL);
  g_assert_no_error (outcome.error);
  carry_all (c->pair);
  assert_wish (c->b, second, c->room_b, "busy");
  assert_claims (c->b, second, "");

  refused = hub_act (c->b, HUB_ACT_ACCEPT, second, NULL, NULL);
  assert_rule (&refused, KAREZ_ERROR_CONFLICT, "agenda/overlap");
  g_assert_nonnull (strstr (refused.error->message, "Dr Lin"));

  accepted = hub_act (c->b, HUB_ACT_ACCEPT, second, instead, NULL);
  g_assert_no_error (accepted.error);
  carry_all (c->pair);
  assert_claims (c->b, second, "confirmed");
  assert_wish (c->a, second, other_doctor, "confirmed");
  assert_wish (c->a, second, c->room_b, "");
}

static void
test_mirror (Case *c, gconstpointer data)
{
  g_autofree char *id = hub_add_resource (c->a, "robot", "Cart 1");
  g_autofree char *here = NULL;
  g_autofree char *name = NULL;
  g_autofree char *sql = g_strdup_printf (
      "select names ->> 'en' from agenda.resource where id = '%s'", id);
  g_autofree char *wait = g_strdup_printf (
      "select exists (select from agenda.resource where id = '%s' and hub = '%s')", id, HUB_A);
  g_autoptr (JsonNode) older = karez_json_object (
      "id", "s", id, "kind", "s", "robot", "names", "n",
      karez_json_object ("en", "s", "Old name", NULL), "detail", "n", json_from_string ("{}", NULL),
      "active", "b", TRUE, "version", "i", (gint64) 1, NULL);
  g_autoptr (JsonNode) foreign = karez_json_object (
      "id", "s", c->room_b, "kind", "s", "robot", "names", "n",
      karez_json_object ("en", "s", "Stolen", NULL), "detail", "n", json_from_string ("{}", NULL),
      "active", "b", TRUE, "version", "i", (gint64) 99, NULL);
  g_autoptr (GError) error = NULL;

  /* The message is late; the feed at the next link brings it before. */
  peers_set_up (c->b, c->a, TRUE);
  wait_until (c->b, wait);
  name = hub_ask (c->b, sql);
  g_assert_cmpstr (name, ==, "Cart 1");

  /* Neither an older copy nor one of somebody else's changes anything. */
  hub_receive (c->b, HUB_A, "agenda.resource", older, KAREZ_LANE_RECORDS, 1, &error);
  g_assert_no_error (error);
  g_assert_false (
      hub_receive (c->b, HUB_C, "agenda.resource", foreign, KAREZ_LANE_AGENDA, 1, &error));
  g_assert_cmpstr (karez_error_get_rule (error), ==, "agenda/owner");
  here = hub_ask (c->b, sql);
  g_assert_cmpstr (here, ==, "Cart 1");
  peers_set_up (c->b, c->a, FALSE);
}

static void
test_repeated (Case *c, gconstpointer data)
{
  g_autofree char *key = hub_id_new ();
  g_autofree char *other = hub_id_new ();
  g_autofree char *count = NULL;
  g_autofree char *sql = g_strdup_printf (
      "select count (*) from karez.outbox where body ->> 'id' = '%s'", c->booking);
  g_auto (Outcome) first = hub_request (
      c->a, booking_body (c->booking, HUB_B, c->start, c->end, c->room_a, NULL), key);
  g_auto (Outcome) again = hub_request (
      c->a, booking_body (c->booking, HUB_B, c->start, c->end, c->room_a, NULL), key);
  g_auto (Outcome) reused = hub_request (
      c->a, booking_body (other, HUB_B, c->start + 1, c->end, c->room_b, NULL), key);
  g_auto (Outcome) same_id = hub_request (
      c->a, booking_body (c->booking, HUB_B, c->end, c->end + 1000000, c->room_a, NULL), NULL);

  g_assert_no_error (first.error);
  g_assert_false (first.repeated);
  g_assert_no_error (again.error);
  g_assert_true (again.repeated);
  count = hub_ask (c->a, sql);
  g_assert_cmpstr (count, ==, "1");
  assert_rule (&reused, KAREZ_ERROR_CONFLICT, "request/reused");
  assert_rule (&same_id, KAREZ_ERROR_CONFLICT, "agenda/exists");
}

static void
test_complete (Case *c, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) early = NULL;

  request (c);
  g_assert_false (hub_complete (c->a, c->booking, &early));
  g_assert_error (early, KAREZ_ERROR, KAREZ_ERROR_CONFLICT);
  carry_all (c->pair);
  act (c->b, HUB_ACT_ACCEPT, c->booking);
  carry_all (c->pair);
  g_assert_true (hub_complete (c->a, c->booking, &error));
  g_assert_true (hub_complete (c->a, c->booking, &error));
  g_assert_no_error (error);
  assert_states (c, "completed", "confirmed");
}

/* What is left of the time is free again. */
static void
test_complete_frees (Case *c, gconstpointer data)
{
  g_autofree char *second = hub_id_new ();
  gint64 now = hub_clock_now ();
  g_auto (Outcome) first = { 0 };
  g_auto (Outcome) next = { 0 };
  g_autoptr (GError) error = NULL;

  first = hub_request (c->a,
                       booking_body (c->booking, HUB_B, now - 10 * G_TIME_SPAN_MINUTE,
                                     now + 50 * G_TIME_SPAN_MINUTE, c->room_a, NULL),
                       NULL);
  g_assert_no_error (first.error);
  carry_all (c->pair);
  act (c->b, HUB_ACT_ACCEPT, c->booking);
  carry_all (c->pair);
  hub_complete (c->a, c->booking, &error);
  g_assert_no_error (error);
  next = hub_request (c->a,
                      booking_body (second, HUB_B, hub_clock_now () + G_TIME_SPAN_SECOND,
                                    now + 50 * G_TIME_SPAN_MINUTE, c->room_a, NULL),
                      NULL);
  g_assert_no_error (next.error);
}

static void
on_board (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;

  *(JsonNode **) data = hub_agenda_board_finish (HUB_AGENDA (source), result, &error);
  g_assert_no_error (error);
}

static void
test_board (Case *c, gconstpointer data)
{
  g_autofree char *from = hub_time_format (c->start);
  g_autofree char *to = hub_time_format (c->end);
  g_autoptr (JsonNode) board = NULL;
  JsonObject *object, *booking;

  request (c);
  carry_all (c->pair);
  hub_agenda_board_async (c->b->agenda, from, to, FALSE, NULL, on_board, &board);
  while (board == NULL)
    g_main_context_iteration (NULL, TRUE);
  object = json_node_get_object (board);
  g_assert_cmpstr (karez_json_text (object, "from"), ==, from);
  g_assert_cmpuint (json_array_get_length (json_object_get_array_member (object, "hubs")), ==, 2);
  g_assert_cmpuint (json_array_get_length (json_object_get_array_member (object, "bookings")), ==,
                    1);
  booking = json_array_get_object_element (json_object_get_array_member (object, "bookings"), 0);
  g_assert_cmpstr (karez_json_text (booking, "id"), ==, c->booking);
  g_assert_cmpstr (karez_json_text (booking, "starts_at"), ==, from);
  g_assert_true (json_object_get_null_member (booking, "session"));
  g_assert_false (json_object_has_member (object, "more"));
}

static JsonObject *
read_board (Case *c, JsonNode **board)
{
  g_autofree char *from = hub_time_format (c->start);
  g_autofree char *to = hub_time_format (c->end);

  g_clear_pointer (board, json_node_unref);
  hub_agenda_board_async (c->a->agenda, from, to, FALSE, NULL, on_board, board);
  while (*board == NULL)
    g_main_context_iteration (NULL, TRUE);
  return json_node_get_object (*board);
}

/* What a board has no room for is not left out without a word, and first what was called off. */
static void
test_board_full (Case *c, gconstpointer data)
{
  g_autofree char *from = hub_time_format (c->start - G_TIME_SPAN_MINUTE);
  g_autofree char *to = hub_time_format (c->end);
  g_autofree char *fill = g_strdup_printf (
      "set session_replication_role = replica; insert into agenda.booking (id, modality, title, "
      "urgency, requester, provider, host, starts_at, ends_at, state, requested_by) select "
      "gen_random_uuid (), 'note', 'full', 'T2', '%s', '%s', '%s', '%s', '%s', 'cancelled', 'x' "
      "from generate_series (1, 2000); set session_replication_role = origin",
      HUB_A, HUB_B, HUB_A, from, to);
  g_autoptr (JsonNode) board = NULL;
  JsonObject *object;
  JsonArray *bookings;
  gboolean there = FALSE;

  request (c);
  hub_sql (c->a, fill);
  object = read_board (c, &board);
  bookings = json_object_get_array_member (object, "bookings");
  g_assert_cmpuint (json_array_get_length (bookings), ==, 2000);
  g_assert_true (json_object_get_boolean_member_with_default (object, "more", FALSE));
  for (guint i = 0; i < 2000; i++)
    there |= g_strcmp0 (karez_json_text (json_array_get_object_element (bookings, i), "id"),
                        c->booking)
             == 0;
  g_assert_true (there);
  hub_sql (c->a, "set session_replication_role = replica; delete from agenda.booking where title = "
                 "'full'; set session_replication_role = origin");
}

/* ── input that is refused ──────────────────────────────────────────────────────────────────── */

static void
assert_refused (Case *c, JsonNode *body, const char *rule)
{
  g_autofree char *before = hub_ask (c->a, "select count (*) from karez.event");
  g_autofree char *after = NULL;
  g_auto (Outcome) outcome = hub_request (c->a, body, NULL);

  g_test_message ("%s", rule);
  assert_rule (&outcome, KAREZ_ERROR_INVALID, rule);
  g_assert_nonnull (karez_error_get_accepted (outcome.error));
  after = hub_ask (c->a, "select count (*) from karez.event");
  g_assert_cmpstr (after, ==, before);
}

static JsonNode *
with_text (Case *c, const char *name, const char *value)
{
  JsonNode *body = booking_body (c->booking, HUB_B, c->start, c->end, c->room_a, NULL);

  json_object_set_string_member (json_node_get_object (body), name, value);
  return body;
}

/* An emergency that names no start is for now, by the hub's clock. */
static void
test_emergency_now (Case *c, gconstpointer data)
{
  JsonNode *body = with_text (c, "urgency", "T0"), *both = with_text (c, "urgency", "T0");
  JsonNode *no_end = with_text (c, "urgency", "T0"), *later = with_text (c, "urgency", "T1");
  gint64 before = hub_clock_now (), start = 0, end = 0;
  JsonObject *booking = NULL;

  json_object_set_int_member (json_node_get_object (both), "minutes", 25);
  assert_refused (c, both, "agenda/end");
  json_object_remove_member (json_node_get_object (no_end), "ends_at");
  assert_refused (c, no_end, "agenda/end");
  json_object_remove_member (json_node_get_object (later), "starts_at");
  assert_refused (c, later, "agenda/start");
  json_object_remove_member (json_node_get_object (body), "starts_at");
  json_object_remove_member (json_node_get_object (body), "ends_at");
  json_object_set_int_member (json_node_get_object (body), "minutes", 25);
  {
    g_auto (Outcome) outcome = hub_request (c->a, body, NULL);

    g_assert_no_error (outcome.error);
    booking = json_node_get_object (outcome.body);
    g_assert_true (karez_json_time (booking, "starts_at", &start));
    g_assert_true (karez_json_time (booking, "ends_at", &end));
  }
  g_assert_cmpint (start, >, before - G_TIME_SPAN_MINUTE);
  g_assert_cmpint (start, <=, hub_clock_now ());
  g_assert_cmpint (end - start, ==, 25 * G_TIME_SPAN_MINUTE);
}

static void
test_bad_request (Case *c, gconstpointer data)
{
  g_autofree char *unknown = hub_id_new ();
  g_autofree char *inactive = hub_add_resource (c->a, "room", "Old room");
  g_autofree char *foreign = hub_id_new ();
  g_autofree char *off = g_strdup_printf (
      "begin; insert into karez.event (id, actor_kind, actor_id, actor_name, action,"
      " subject_schema, subject_table, subject_row) values (gen_random_uuid (), 'hub', 't', 't',"
      " 'resource.change', 'agenda', 'resource', '%s');"
      "update agenda.resource set active = false where id = '%s'; commit",
      inactive, inactive);
  g_autofree char *of_c = g_strdup_printf (
      "begin; insert into karez.event (id, actor_kind, actor_id, actor_name, action,"
      " subject_schema, subject_table, subject_row) values (gen_random_uuid (), 'hub', 't', 't',"
      " 'resource.mirror', 'agenda', 'resource', '%s');"
      "insert into agenda.resource (id, hub, kind, names)"
      " values ('%s', '%s', 'room', '{\"en\": \"Room of a third\"}'); commit",
      foreign, foreign, HUB_C);
  gint64 hour = G_TIME_SPAN_HOUR, s = c->start, e = c->end;
  const char *b = c->booking, *r = c->room_a;
  JsonNode *many = booking_body (b, HUB_B, s, e, NULL);
  JsonNode *text = booking_body (b, HUB_B, s, e, r, NULL);

  hub_sql (c->a, off);
  hub_sql (c->a, of_c);
  for (guint i = 0; i < 33; i++)
    {
      g_autofree char *id = hub_id_new ();

      json_array_add_string_element (
          json_object_get_array_member (json_node_get_object (many), "resources"), id);
    }
  json_array_add_int_element (
      json_object_get_array_member (json_node_get_object (text), "resources"), 7);
  assert_refused (c, booking_body (b, HUB_B, e, s, r, NULL), "agenda/order");
  assert_refused (c, booking_body (b, HUB_B, s, s, r, NULL), "agenda/order");
  assert_refused (c, booking_body (b, HUB_B, s, s + 25 * hour, r, NULL), "agenda/too-long");
  assert_refused (c, booking_body (b, HUB_B, s - 90 * hour, s - 89 * hour, r, NULL), "agenda/past");
  assert_refused (c, booking_body (b, HUB_B, s + 367 * 24 * hour, e + 367 * 24 * hour, r, NULL),
                  "agenda/too-far");
  assert_refused (c, booking_body (b, HUB_A, s, e, r, NULL), "agenda/partner");
  assert_refused (c, booking_body (b, HUB_C, s, e, r, NULL), "agenda/partner");
  assert_refused (c, booking_body (b, HUB_B, s, e, r, r, NULL), "agenda/resources");
  assert_refused (c, many, "agenda/resources");
  assert_refused (c, text, "agenda/resources");
  assert_refused (c, booking_body (b, HUB_B, s, e, unknown, NULL), "agenda/unknown-resource");
  assert_refused (c, booking_body (b, HUB_B, s, e, r, inactive, NULL), "agenda/inactive");
  assert_refused (c, booking_body (b, HUB_B, s, e, foreign, NULL), "agenda/owner");
  assert_refused (c, with_text (c, "modality", "telepathy"), "agenda/modality");
  assert_refused (c, with_text (c, "patient", unknown), "agenda/patient");
}

/* What the table of members refuses has a pointer and whatever rule the SDK gives it. */
static void
test_bad_members (Case *c, gconstpointer data)
{
  static const struct
  {
    const char *name, *value;
  } bad[] = {
    { "id", "7" },
    { "title", "" },
    { "urgency", "T9" },
    { "starts_at", "tomorrow" },
    { "ends_at", "2026-02-30T00:00:00Z" },
    { "partner", "Hangzhou" },
    { "patient", "a patient" },
    { "resources", "Room 1" },
    { "unheard", "of" },
  };
  g_autofree char *long_title = g_strnfill (201, 'x');
  g_autofree char *long_reason = g_strnfill (4001, 'x');

  for (guint i = 0; i < G_N_ELEMENTS (bad) + 2; i++)
    {
      const char *name = i < G_N_ELEMENTS (bad)    ? bad[i].name
                         : i == G_N_ELEMENTS (bad) ? "title"
                                                   : "reason";
      const char *value = i < G_N_ELEMENTS (bad)    ? bad[i].value
                          : i == G_N_ELEMENTS (bad) ? long_title
                                                    : long_reason;
      g_auto (Outcome) outcome = hub_request (c->a, with_text (c, name, value), NULL);

      g_test_message ("%s", name);
      g_assert_nonnull (outcome.error);
      g_assert_true (g_error_matches (outcome.error, KAREZ_ERROR, KAREZ_ERROR_INVALID)
                     || g_error_matches (outcome.error, KAREZ_ERROR, KAREZ_ERROR_TOO_LARGE));
      g_assert_nonnull (karez_error_get_pointer (outcome.error));
    }
}

static void
test_wrong_side (Case *c, gconstpointer data)
{
  g_autofree char *unknown = hub_id_new ();
  const char *foreign[] = { c->room_a, NULL };

  request (c);
  carry_all (c->pair);
  {
    g_auto (Outcome) accept = hub_act (c->a, HUB_ACT_ACCEPT, c->booking, NULL, NULL);
    g_auto (Outcome) decline = hub_act (c->a, HUB_ACT_DECLINE, c->booking, NULL, "no");
    g_auto (Outcome) withdraw = hub_act (c->b, HUB_ACT_WITHDRAW, c->booking, NULL, NULL);
    g_auto (Outcome) cancel = hub_act (c->a, HUB_ACT_CANCEL, c->booking, NULL, "no");
    g_auto (Outcome) nothing = hub_act (c->b, HUB_ACT_ACCEPT, unknown, NULL, NULL);
    g_auto (Outcome) no_id = hub_act (c->b, HUB_ACT_ACCEPT, "x' or 1=1", NULL, NULL);
    g_auto (Outcome) not_own = hub_act (c->b, HUB_ACT_ACCEPT, c->booking, foreign, NULL);

    assert_rule (&accept, KAREZ_ERROR_CONFLICT, "agenda/side");
    assert_rule (&decline, KAREZ_ERROR_CONFLICT, "agenda/side");
    assert_rule (&withdraw, KAREZ_ERROR_CONFLICT, "agenda/side");
    g_assert_error (cancel.error, KAREZ_ERROR, KAREZ_ERROR_CONFLICT);
    assert_rule (&nothing, KAREZ_ERROR_NOT_FOUND, "agenda/unknown");
    assert_rule (&no_id, KAREZ_ERROR_NOT_FOUND, "agenda/unknown");
    assert_rule (&not_own, KAREZ_ERROR_INVALID, "agenda/owner");
  }
  assert_states (c, "requested", "requested");
}

/* A paired hub that lies, or a third one that answers for another. */
static void
test_bad_messages (Case *c, gconstpointer data)
{
  static const char *const bad[][2] = {
    { "agenda.request", "{}" },
    { "agenda.request", "[]" },
    { "agenda.answer", "{\"booking\": 5}" },
    { "agenda.answer", "{\"booking\": \"0193a000-0000-7000-8000-0000000000ff\","
                       " \"actor\": {\"kind\": \"person\", \"id\": \"x\", \"name\": \"X\"}}" },
    { "agenda.withdraw", "{\"booking\": \"0193a000-0000-7000-8000-0000000000ff\"}" },
    { "agenda.withdraw", "{\"booking\": \"0193a000-0000-7000-8000-0000000000ff\","
                         " \"actor\": {\"kind\": \"god\", \"id\": \"x\", \"name\": \"X\"}}" },
    { "agenda.cancel", "{\"booking\": \"0193a000-0000-7000-8000-0000000000ff\"}" },
    { "agenda.resource", "{\"id\": \"0193a000-0000-7000-8000-0000000000ff\"}" },
  };
  g_autoptr (JsonNode) actor = karez_actor_to_json (c->b->desk);
  g_autoptr (JsonNode) answer = karez_json_object ("booking", "s", c->booking, "answer", "s",
                                                   "confirmed", "resources", "as", NULL, "actor",
                                                   "n", json_node_copy (actor), NULL);
  g_autoptr (JsonNode) cancel = karez_json_object ("booking", "s", c->booking, "actor", "n",
                                                   json_node_copy (actor), NULL);
  g_autoptr (GError) lie = NULL;
  g_autoptr (GError) end = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (JsonNode) body = json_from_string (bad[i][1], NULL);
      g_autoptr (GError) error = NULL;

      g_assert_false (hub_receive (c->a, HUB_C, bad[i][0], body, KAREZ_LANE_RECORDS, 1, &error));
      g_assert_error (error, KAREZ_ERROR, KAREZ_ERROR_INVALID);
    }
  request (c);
  g_assert_false (hub_receive (c->a, HUB_C, "agenda.answer", answer, KAREZ_LANE_RECORDS, 1, &lie));
  g_assert_error (lie, KAREZ_ERROR, KAREZ_ERROR_CONFLICT);
  g_assert_false (hub_receive (c->a, HUB_C, "agenda.cancel", cancel, KAREZ_LANE_RECORDS, 1, &end));
  g_assert_error (end, KAREZ_ERROR, KAREZ_ERROR_INVALID);
  assert_states (c, "requested", "");
}

/* The request is a dead letter at B: withdrawing must still come to an end. */
static void
test_withdraw_unknown (Case *c, gconstpointer data)
{
  g_autofree char *lost = g_strdup_printf (
      "delete from karez.outbox where topic = 'agenda.request' and body ->> 'id' = '%s'",
      c->booking);
  g_autofree char *head = NULL;
  g_autofree char *skip = NULL;

  request (c);
  hub_sql (c->a, lost);
  head = hub_ask (c->a, "select last from karez.outbox_head where lane = 1");
  skip = g_strdup_printf ("update karez.inbox set applied = %s where lane = 1", head);
  hub_sql (c->b, skip);
  act (c->a, HUB_ACT_WITHDRAW, c->booking);
  carry_all (c->pair);
  assert_states (c, "cancelled", "");
  assert_claims (c->a, c->booking, "released");
}

int
main (int argc, char **argv)
{
  int result;

  g_test_init (&argc, &argv, NULL);
#define ADD(path, data, func) g_test_add ("/agenda/" path, Case, data, set_up, func, tear_down)
  ADD ("accept", NULL, test_accept);
  ADD ("decline", NULL, test_decline);
  ADD ("withdraw", NULL, test_withdraw);
  ADD ("answer/emergency", "T0", test_answer);
  ADD ("answer/planned", "T1", test_answer);
  ADD ("withdraw-unknown", NULL, test_withdraw_unknown);
  ADD ("race/accept-first", NULL, test_race_accept);
  ADD ("race/withdraw-first", NULL, test_race_withdraw);
  ADD ("cancel/by-requester", GINT_TO_POINTER (FALSE), test_cancel);
  ADD ("cancel/by-provider", GINT_TO_POINTER (TRUE), test_cancel);
  ADD ("cancel/by-both", NULL, test_cancel_both);
  ADD ("overlap/own", NULL, test_overlap_own);
  ADD ("overlap/asked", NULL, test_overlap_asked);
  ADD ("mirror", NULL, test_mirror);
  ADD ("repeated", NULL, test_repeated);
  ADD ("complete/states", NULL, test_complete);
  ADD ("complete/frees", NULL, test_complete_frees);
  ADD ("board", NULL, test_board);
  ADD ("board/full", NULL, test_board_full);
  ADD ("emergency-now", NULL, test_emergency_now);
  ADD ("bad/request", NULL, test_bad_request);
  ADD ("bad/members", NULL, test_bad_members);
  ADD ("bad/side", NULL, test_wrong_side);
  ADD ("bad/messages", NULL, test_bad_messages);
#undef ADD
  result = g_test_run ();
  pair_free ();
  return result;
}
