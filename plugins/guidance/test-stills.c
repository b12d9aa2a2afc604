/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Full pictures that experts ask for. */
#include "guidance-still.h"

#include "test-room.h"

#define NEAR "01a20000-0000-7000-8000-00000000000d"
#define ASK(n) "{\"type\": \"ask\", \"id\": \"" MARK (n) "\"}"
#define COMING(n) "{\"type\": \"coming\", \"id\": \"" MARK (n) "\"}"
#define FAILED(n) "{\"type\": \"failed\", \"id\": \"" MARK (n) "\"}"

static void
agree (Room *room)
{
  g_assert_true (karez_test_worker_say (room->workers[0], room->site,
                                        "{\"type\": \"consent.give\", \"basis\": \"emergency\"}",
                                        NULL));
  room_carry (room);
}

/* A page was told so of a full picture. */
static void
assert_still (Room *room, guint page, const char *type, const char *id, KarezParticipant *by)
{
  g_autoptr (JsonNode) node = NULL;
  JsonObject *told = room_told (room, page, "still", type, &node);

  g_assert_nonnull (told);
  g_assert_cmpstr (karez_json_text (told, "id"), ==, id);
  g_assert_cmpstr (karez_json_text (told, "by"), ==,
                   by != NULL ? karez_participant_get_id (by) : NULL);
}

static void
forget (Room *room)
{
  for (guint i = 0; i < 3; i++)
    g_ptr_array_set_size (room->pages[i], 0);
}

/* Who asks at the other hospital: the site's page is asked, and experts are told what becomes of
 * it. */
static void
test_still (Room *room, gconstpointer data)
{
  agree (room);
  forget (room);
  room_say (room, room->expert, "still", ASK (31));
  assert_still (room, 0, "take", MARK (31), NULL);
  g_assert_cmpuint (room_count (room, 0, "still"), ==, 1);
  for (guint i = 1; i < 3; i++)
    assert_still (room, i, "asked", MARK (31), room->expert);
  room_say (room, room->site, "still", COMING (31));
  room_say (room, room->site, "still", COMING (31));
  for (guint i = 1; i < 3; i++)
    {
      assert_still (room, i, "coming", MARK (31), NULL);
      g_assert_cmpuint (room_count (room, i, "still"), ==, 2);
    }
  room_say (room, room->site, "still", FAILED (31));
  room_say (room, room->site, "still", COMING (31));
  for (guint i = 1; i < 3; i++)
    {
      assert_still (room, i, "failed", MARK (31), NULL);
      g_assert_cmpuint (room_count (room, i, "still"), ==, 3);
    }
}

/* An expert at the site's own hospital. */
static void
test_still_near (Room *room, gconstpointer data)
{
  GPtrArray *away = room->pages[2];
  g_autoptr (KarezParticipant) near = room_add (room, 2, 0, NEAR, "expert");

  agree (room);
  forget (room);
  karez_test_worker_send (room->workers[0], near, "still", ASK (32));
  room_carry (room);
  assert_still (room, 0, "take", MARK (32), NULL);
  for (guint i = 1; i < 3; i++)
    assert_still (room, i, "asked", MARK (32), near);
  room_say (room, room->site, "still", FAILED (32));
  for (guint i = 1; i < 3; i++)
    assert_still (room, i, "failed", MARK (32), NULL);
  g_ptr_array_unref (away);
}

/* Who asks in vain is told why, and the site is not asked. */
static void
test_still_refused (Room *room, gconstpointer data)
{
  static const struct
  {
    const char *text, *rule;
  } wrong[] = {
    { "x", "json/syntax" },
    { "[]", "json/object" },
    { "{\"type\": \"take\", \"id\": \"" MARK (41) "\"}", "json/word" },
    { "{\"type\": \"ask\", \"id\": \"x\"}", "json/uuid" },
    { "{\"type\": \"ask\"}", "json/missing" },
    { "{\"type\": \"ask\", \"id\": \"" MARK (41) "\", \"by\": \"" MARK (41) "\"}", "json/unknown" },
    { COMING (41), "guidance/role" },
    { FAILED (41), "guidance/role" },
  };

  room_say (room, room->expert, "still", ASK (41));
  room_assert_rule (room, 1, "still", "guidance/not-live"); /* without consent */
  agree (room);
  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      room_say (room, room->expert, "still", wrong[i].text);
      room_assert_rule (room, 1, "still", wrong[i].rule);
    }
  room_say (room, room->site, "still", ASK (41));
  room_assert_rule (room, 0, "still", "guidance/role");
  room_say (room, room->site, "still", COMING (41));
  room_assert_rule (room, 0, "still", "guidance/no-still");
  for (guint i = 0; i < 2; i++)
    {
      guint side = 1 - i; /* our own worker knows it, or the host alone */

      karez_test_worker_set_state (room->workers[side], KAREZ_STATE_HELD);
      room_say (room, room->expert, "still", ASK (41));
      room_assert_rule (room, 1, "still", "guidance/not-live");
      karez_test_worker_set_state (room->workers[side], KAREZ_STATE_LIVE);
    }
  forget (room);
  room_say (room, room->expert, "still", ASK (41));
  assert_still (room, 0, "take", MARK (41), NULL);
  room_say (room, room->other, "still", ASK (42));
  room_assert_rule (room, 2, "still", "guidance/still-rate");
  room_say (room, room->other, "still", ASK (41));
  room_assert_rule (room, 2, "still", "guidance/still-id");
  g_assert_cmpuint (room_count (room, 0, "still"), ==, 1);
  karez_test_worker_leave (room->workers[0], room->site);
  room_carry (room);
  room_say (room, room->expert, "still", ASK (43));
  room_assert_rule (room, 1, "still", "guidance/no-site");
  karez_test_workers_set_up (room->workers, FALSE);
  room_say (room, room->expert, "still", ASK (43));
  room_assert_rule (room, 1, "still", "guidance/no-site");
}

/* What the other worker says need not be true. */
static void
test_still_peer (Room *room, gconstpointer data)
{
  static const char *const to_host[] = {
    "{\"type\": \"still.ask\", \"id\": \"" MARK (51) "\"}",
    "{\"type\": \"still.ask\", \"id\": \"" MARK (51) "\", \"by\": \"" MARK (52) "\"}",
    /* One of ours does not ask there. */
    "{\"type\": \"still.ask\", \"id\": \"" MARK (51) "\", \"by\": \"" NEAR "\"}",
    "{\"type\": \"still.asked\", \"id\": \"" MARK (51) "\"}",
    "{\"type\": \"still.coming\", \"id\": \"x\"}",
    "{\"type\": \"still.\", \"id\": \"" MARK (51) "\"}",
  };
  static const char *const to_other[] = {
    "{\"type\": \"still.ask\", \"id\": \"" MARK (
        51) "\", \"by\": \"01a20000-0000-7000-8000-00000000000a\"}",
    "{\"type\": \"still.coming\"}",
    "{\"type\": \"still.take\", \"id\": \"" MARK (51) "\"}",
    "{\"type\": \"still.refused\", \"id\": \"" MARK (
        51) "\", \"by\": \"01a20000-0000-7000-8000-00000000000b\", \"rule\": \"nonsense\"}",
    "{\"type\": \"still.refused\", \"id\": \"" MARK (51) "\", \"by\": \"" MARK (
        52) "\", \"rule\": \"guidance/no-site\"}",
  };

  GPtrArray *away = room->pages[2];
  g_autoptr (KarezParticipant) near = room_add (room, 2, 0, NEAR, "expert");

  agree (room);
  forget (room);
  for (guint i = 0; i < G_N_ELEMENTS (to_host); i++)
    karez_test_worker_receive (room->workers[0], to_host[i]);
  for (guint i = 0; i < G_N_ELEMENTS (to_other); i++)
    karez_test_worker_receive (room->workers[1], to_other[i]);
  room_carry (room);
  for (guint i = 0; i < 3; i++)
    g_assert_cmpuint (room_count (room, i, "still"), ==, 0);
  g_ptr_array_unref (away);
}

/* The words of a refusal are this hospital's; who has not asked is refused nothing. */
static void
test_still_refusal (Room *room, gconstpointer data)
{
  static const char refusal[] = "{\"type\": \"still.refused\", \"id\": \"" MARK (
      53) "\", \"by\": \"01a20000-0000-7000-8000-00000000000b\", \"rule\": "
          "\"guidance/still-rate\"}";

  agree (room);
  forget (room);
  karez_test_worker_receive (room->workers[1], refusal);
  g_assert_cmpuint (room_count (room, 1, "still"), ==, 0);
  /* The host answers before it has heard of it. */
  karez_test_worker_send (room->workers[1], room->expert, "still", ASK (53));
  for (guint i = 0; i < 5; i++)
    karez_test_worker_receive (room->workers[1], refusal);
  g_assert_cmpuint (room_count (room, 1, "still"), ==, 1);
  room_assert_rule (room, 1, "still", "guidance/still-rate");
  g_assert_cmpuint (room_count (room, 2, "still"), ==, 0);
}

static void
receive_step (Room *room, const char *type, guint id)
{
  g_autofree char *text = g_strdup_printf (
      "{\"type\": \"still.%s\", \"id\": \"01a20000-0000-7000-8000-00000000%04u\"}", type, id);

  karez_test_worker_receive (room->workers[1], text);
}

/* Pages keep what they hear of: it has an end, whatever the other worker says. */
static void
test_still_flood (Room *room, gconstpointer data)
{
  agree (room);
  forget (room);
  for (guint i = 0; i < 10; i++)
    {
      receive_step (room, "asked", 1);
      receive_step (room, "coming", 1);
      receive_step (room, "failed", 1);
    }
  for (guint page = 1; page < 3; page++)
    g_assert_cmpuint (room_count (room, page, "still"), ==, 3);
  for (guint i = 0; i < 1000; i++)
    receive_step (room, i % 2 == 0 ? "asked" : "coming", i);
  for (guint page = 1; page < 3; page++)
    g_assert_cmpuint (room_count (room, page, "still"), <=, 3 + 4 * GUIDANCE_STILL_MAX);
  /* Of those that are known, it is heard on. */
  forget (room);
  receive_step (room, "failed", 2);
  g_assert_cmpuint (room_count (room, 1, "still"), ==, 1);
}

/* One a second, and 40. */
static void
test_still_rate (void)
{
  GuidanceStillRate rate = { 0 };
  gint64 now = 5;

  g_assert_true (guidance_still_may (&rate, now));
  g_assert_false (guidance_still_may (&rate, now + GUIDANCE_STILL_APART - 1));
  for (guint i = 1; i < GUIDANCE_STILL_MAX; i++)
    g_assert_true (guidance_still_may (&rate, now += GUIDANCE_STILL_APART));
  g_assert_false (
      guidance_still_may (&rate, now + G_GINT64_CONSTANT (3600) * GUIDANCE_STILL_APART));
}
int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func) g_test_add ("/stills/" name, Room, NULL, room_up, func, room_down)
  ADD ("asked", test_still);
  ADD ("near", test_still_near);
  ADD ("refused", test_still_refused);
  ADD ("peer", test_still_peer);
  ADD ("refusal", test_still_refusal);
  ADD ("flood", test_still_flood);
  g_test_add_func ("/stills/rate", test_still_rate);
  return g_test_run ();
}
