/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Each topic of the agenda with a paired hospital that speaks of rows that are not its own: it is
 * refused by the rule that data/api/peer-topics.json names, and not a row of any table differs. */
#include "agenda-fixture.h"

#include "hub-agenda-board.h"
#include "hub-clock.h"
#include "hub-id.h"

#define UNKNOWN "0193a000-0000-7000-8000-0000000000ff"

/* A asked B for a booking, and both confirmed another; C is paired and has a part in neither. */
typedef struct
{
  Pair *pair;
  Hub *a, *b;
  char *room_a, *room_b, *asked, *confirmed, *fresh;
  gint64 start;
} Case;

static char *
ask_for (Case *c, gint64 start)
{
  char *id = hub_id_new ();
  g_auto (Outcome) outcome = hub_request (
      c->a, booking_body (id, HUB_B, start, start + G_TIME_SPAN_HOUR, c->room_a, c->room_b, NULL),
      NULL);

  g_assert_no_error (outcome.error);
  carry_all (c->pair);
  return id;
}

static void
set_up (Case *c, gconstpointer data)
{
  static gint64 start;

  c->pair = pair_get ();
  c->a = &c->pair->a;
  c->b = &c->pair->b;
  start = MAX (start, hub_clock_now ()) + 4 * G_TIME_SPAN_HOUR;
  c->start = start;
  c->room_a = hub_add_resource (c->a, "room", "Room 1");
  c->room_b = hub_add_resource (c->b, "person", "Dr Lin");
  carry_all (c->pair);
  c->asked = ask_for (c, start);
  c->confirmed = ask_for (c, start + 2 * G_TIME_SPAN_HOUR);
  {
    const char *resources[] = { c->room_b, NULL };
    g_auto (Outcome) outcome = hub_act (c->b, HUB_ACT_ACCEPT, c->confirmed, resources, "");

    g_assert_no_error (outcome.error);
  }
  carry_all (c->pair);
  c->fresh = hub_id_new ();
}

static void
tear_down (Case *c, gconstpointer data)
{
  g_free (c->room_a);
  g_free (c->room_b);
  g_free (c->asked);
  g_free (c->confirmed);
  g_free (c->fresh);
}

/* Every row of every table of the agenda and of what it writes to. */
static char *
dump (Hub *hub)
{
  return hub_ask (
      hub,
      "select string_agg (d, ';') from ("
      "select md5 (string_agg (t::text, ',' order by t::text)) d from agenda.booking t union all "
      "select md5 (string_agg (t::text, ',' order by t::text)) from agenda.claim t union all "
      "select md5 (string_agg (t::text, ',' order by t::text)) from agenda.wish t union all "
      "select md5 (string_agg (t::text, ',' order by t::text)) from agenda.resource t union all "
      "select md5 (string_agg (t::text, ',' order by t::text)) from karez.outbox t union all "
      "select md5 (string_agg (t::text, ',' order by t::text)) from karez.inbox t union all "
      "select md5 (string_agg (t::text, ',' order by t::text)) from karez.event t) every");
}

/* The next sequence of a lane. */
static gint64
next (Hub *hub, const char *peer, int lane)
{
  g_autofree char *sql = g_strdup_printf ("select coalesce (max (applied), 0) + 1 from karez.inbox "
                                          "where peer = '%s' and lane = %d",
                                          peer, lane);
  g_autofree char *text = hub_ask (hub, sql);

  return g_ascii_strtoll (text, NULL, 10);
}

/* @body: (transfer full) */
static void
refused (Hub *hub, const char *peer, const char *topic, JsonNode *body, const char *rule)
{
  g_autoptr (JsonNode) owned = body;
  g_autofree char *before = dump (hub);
  g_autofree char *after = NULL;
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 2; i++) /* and said again */
    {
      g_clear_error (&error);
      g_assert_false (hub_receive (hub, peer, topic, body, KAREZ_LANE_RECORDS,
                                   next (hub, peer, KAREZ_LANE_RECORDS), &error));
      g_assert_cmpstr (karez_error_get_rule (error), ==, rule);
    }
  after = dump (hub);
  g_assert_cmpstr (before, ==, after);
}

static void
taken (Hub *hub, const char *peer, const char *topic, JsonNode *body)
{
  g_autoptr (JsonNode) owned = body;
  g_autoptr (GError) error = NULL;

  hub_receive (hub, peer, topic, body, KAREZ_LANE_RECORDS, next (hub, peer, KAREZ_LANE_RECORDS),
               &error);
  g_assert_no_error (error);
}

/* Nothing of the agenda is another; that it came is noted. */
static void
unchanged (Hub *hub, const char *peer, const char *topic, JsonNode *body)
{
  g_autofree char *before = dump (hub);
  g_autofree char *after = NULL;

  taken (hub, peer, topic, body);
  after = dump (hub);
  before[4 * 33] = after[4 * 33] = '\0'; /* bookings, claims, wishes, resources */
  g_assert_cmpstr (before, ==, after);
}

static JsonNode *
actor (void)
{
  return karez_json_object ("kind", "s", "person", "id", "s", "x", "name", "s", "X", NULL);
}

static JsonNode *
request_of (const char *id, const char *provider, const char *host, gint64 start,
            const char *resource, const char *wish)
{
  g_autofree char *starts_at = hub_time_format (start);
  g_autofree char *ends_at = hub_time_format (start + G_TIME_SPAN_HOUR);
  const char *resources[] = { resource, NULL }, *wishes[] = { wish, NULL };

  return karez_json_object ("id", "s", id, "modality", "s", "note", "title", "s", "X", "urgency",
                            "s", "T2", "provider", "s", provider, "host", "s", host, "starts_at",
                            "s", starts_at, "ends_at", "s", ends_at, "resources", "as", resources,
                            "wishes", "as", wishes, "actor", "n", actor (), NULL);
}

static void
test_request (Case *c, gconstpointer data)
{
  gint64 late = hub_clock_now () - 40 * G_TIME_SPAN_DAY;
  gint64 far = hub_clock_now () + 400 * G_TIME_SPAN_DAY;
  const char *fresh = c->fresh, *topic = "agenda.request";

  refused (c->b, HUB_C, topic, request_of (fresh, HUB_A, HUB_C, c->start, NULL, c->room_b),
           "agenda/partner");
  refused (c->b, HUB_C, topic, request_of (fresh, HUB_B, HUB_A, c->start, NULL, c->room_b),
           "agenda/host");
  /* The same id again, by whoever asked and by somebody else. */
  refused (c->b, HUB_A, topic, request_of (c->asked, HUB_B, HUB_A, c->start, NULL, NULL),
           "database/booking_pkey");
  refused (c->b, HUB_C, topic, request_of (c->confirmed, HUB_B, HUB_C, c->start, NULL, NULL),
           "database/booking_pkey");
  /* Ours, and a third hospital's, as the sender's own. */
  refused (c->b, HUB_C, topic, request_of (fresh, HUB_B, HUB_C, c->start, c->room_b, NULL),
           "agenda/owner");
  refused (c->a, HUB_C, topic, request_of (fresh, HUB_A, HUB_C, c->start, c->room_a, NULL),
           "agenda/owner");
  refused (c->b, HUB_C, topic, request_of (fresh, HUB_B, HUB_C, late, NULL, c->room_b),
           "agenda/past");
  refused (c->b, HUB_C, topic, request_of (fresh, HUB_B, HUB_C, far, NULL, c->room_b),
           "agenda/too-far");
}

/* A hospital that asks without end holds everything. */
static void
test_many (Case *c, gconstpointer data)
{
  g_autofree char *sql = g_strdup_printf (
      "set session_replication_role = replica; insert into agenda.booking (id, modality, title, "
      "urgency, requester, provider, host, starts_at, ends_at, state, requested_by) select "
      "gen_random_uuid (), 'note', 'x', 'T2', '%s', '%s', '%s', now() + interval '300 days', "
      "now() + interval '301 days', 'requested', 'x' from generate_series (1, 500); "
      "set session_replication_role = origin",
      HUB_C, HUB_B, HUB_C);

  hub_sql (c->b, sql);
  refused (c->b, HUB_C, "agenda.request",
           request_of (c->fresh, HUB_B, HUB_C, c->start, NULL, c->room_b), "agenda/too-many");
}

/* Requests of A that wait at B, of somebody else's or of who will ask. */
static void
fill (Case *c, const char *by, guint n)
{
  g_autofree char *sql = g_strdup_printf (
      "set session_replication_role = replica; insert into agenda.booking (id, modality, title, "
      "urgency, requester, provider, host, starts_at, ends_at, state, requested_by) select "
      "gen_random_uuid (), 'note', 'x', 'T2', '%s', '%s', '%s', now() + interval '300 days', "
      "now() + interval '301 days', 'requested', '%s' from generate_series (1, %u); "
      "set session_replication_role = origin",
      HUB_A, HUB_B, HUB_A, by, n);

  hub_sql (c->a, sql);
}

static void
ask_at_home (Case *c, const char *urgency, const char *rule)
{
  g_autofree char *id = hub_id_new ();
  JsonNode *body = booking_body (id, HUB_B, c->start, c->start + G_TIME_SPAN_HOUR, NULL);
  g_auto (Outcome) outcome = { 0 };

  json_object_set_string_member (json_node_get_object (body), "urgency", urgency);
  outcome = hub_request (c->a, body, NULL);
  if (rule == NULL)
    g_assert_no_error (outcome.error);
  else
    assert_rule (&outcome, KAREZ_ERROR_CONFLICT, rule);
}

/* What would be a dead letter at the other hospital is not asked of it: whoever asks is told, and
 * what is an emergency has room that nothing else fills. */
static void
test_many_own (Case *c, gconstpointer data)
{
  static const char too_many[] = "agenda/too-many";
  const char *clear = "set session_replication_role = replica; delete from agenda.booking where "
                      "title = 'x'; set session_replication_role = origin";

  hub_sql (c->a, clear);
  fill (c, karez_actor_get_name (c->a->desk), 200);
  ask_at_home (c, "T2", too_many);
  ask_at_home (c, "T0", too_many);
  hub_sql (c->a, clear);
  fill (c, "somebody else", 400);
  ask_at_home (c, "T2", too_many);
  ask_at_home (c, "T0", NULL);
  fill (c, "somebody else", 80);
  ask_at_home (c, "T0", too_many);
  hub_sql (c->a, clear);
  ask_at_home (c, "T2", NULL);
  carry_all (c->pair);
}

static JsonNode *
answer_of (const char *booking, const char *answer, const char *resource)
{
  const char *resources[] = { resource, NULL };

  return karez_json_object ("booking", "s", booking, "answer", "s", answer, "resources", "as",
                            resources, "actor", "n", actor (), NULL);
}

static void
test_answer (Case *c, gconstpointer data)
{
  static const char *const answers[] = { "confirmed", "declined", "withdrawn" };

  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      const char *rule = "agenda/state", *topic = "agenda.answer";

      refused (c->a, HUB_C, topic, answer_of (c->asked, answers[i], NULL), rule);
      refused (c->a, HUB_B, topic, answer_of (UNKNOWN, answers[i], NULL), rule);
      refused (c->a, HUB_B, topic, answer_of (c->room_a, answers[i], NULL), rule);
      /* Backward, and by whoever asked. */
      refused (c->a, HUB_B, topic, answer_of (c->confirmed, answers[i], NULL), rule);
      refused (c->b, HUB_A, topic, answer_of (c->asked, answers[i], NULL), rule);
      refused (c->a, HUB_B, topic, answer_of (c->asked, answers[i], c->room_a), "agenda/owner");
    }
  /* What nobody withdrew. */
  refused (c->a, HUB_B, "agenda.answer", answer_of (c->asked, "withdrawn", NULL), "agenda/state");
}

static JsonNode *
end_of (const char *booking)
{
  return karez_json_object ("booking", "s", booking, "actor", "n", actor (), NULL);
}

static void
test_end (Case *c, gconstpointer data)
{
  g_autofree char *state = NULL;

  refused (c->b, HUB_C, "agenda.withdraw", end_of (c->asked), "agenda/side");
  refused (c->a, HUB_B, "agenda.withdraw", end_of (c->asked), "agenda/side");
  refused (c->a, HUB_C, "agenda.cancel", end_of (c->confirmed), "agenda/unknown");
  refused (c->b, HUB_C, "agenda.cancel", end_of (c->confirmed), "agenda/unknown");
  /* What is not known here may be of before a restore: noted, and nothing else. */
  unchanged (c->b, HUB_A, "agenda.cancel", end_of (UNKNOWN));
  unchanged (c->b, HUB_A, "agenda.cancel", end_of (c->room_b));
  /* And whose it is may. */
  taken (c->b, HUB_A, "agenda.cancel", end_of (c->confirmed));
  state = hub_state (c->b, c->confirmed);
  g_assert_cmpstr (state, ==, "cancelled");
}

static JsonNode *
resource_of (const char *id, gint64 version)
{
  return karez_json_object ("id", "s", id, "kind", "s", "room", "names", "n",
                            karez_json_object ("en", "s", "Stolen", NULL), "detail", "n",
                            json_from_string ("{}", NULL), "active", "b", FALSE, "version", "i",
                            version, NULL);
}

static void
test_resource (Case *c, gconstpointer data)
{
  refused (c->b, HUB_C, "agenda.resource", resource_of (c->room_b, 99), "agenda/owner");
  refused (c->b, HUB_A, "agenda.resource", resource_of (c->room_b, G_MAXINT64), "agenda/owner");
  taken (c->b, HUB_C, "agenda.resource", resource_of (c->fresh, 1));
  refused (c->b, HUB_A, "agenda.resource", resource_of (c->fresh, 2), "agenda/owner");
}

int
main (int argc, char **argv)
{
  int result;

  g_test_init (&argc, &argv, NULL);
#define ADD(path, func) g_test_add ("/agenda/rows/" path, Case, NULL, set_up, func, tear_down)
  ADD ("request", test_request);
  ADD ("answer", test_answer);
  ADD ("end", test_end);
  ADD ("resource", test_resource);
  ADD ("many", test_many);
  ADD ("many-own", test_many_own);
#undef ADD
  result = g_test_run ();
  pair_free ();
  return result;
}
