/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Two rooms of two hospitals, joined over a link of two paths. */
#include "hub-live-bridge.h"
#include "rtc-people.h"

#define SESSION "019ab3c4-0000-7000-8000-000000000001"

typedef struct
{
  RtcRoom rooms[2];
  HubLink *links[2];
  HubLiveBridge *bridges[2];
} Pair;

static void
open_end (Pair *pair, guint end, guint32 generation)
{
  g_autoptr (GError) error = NULL;

  rtc_room_up (&pair->rooms[end], NULL);
  pair->rooms[end].first = end * 4;
  pair->links[end] = hub_link_new (SESSION, end == 0, generation, "127.0.0.1,127.0.0.2", &error);
  g_assert_no_error (error);
  pair->bridges[end] = hub_live_bridge_new (HUB_RTC (pair->rooms[end].media), pair->links[end],
                                            SESSION, end == 0, generation, "127.0.0.1,127.0.0.2",
                                            &error);
  g_assert_no_error (error);
  karez_media_set_forwarding (pair->rooms[end].media, TRUE);
}

static void
close_end (Pair *pair, guint end)
{
  g_clear_object (&pair->bridges[end]);
  rtc_room_down (&pair->rooms[end], NULL);
  g_clear_object (&pair->links[end]);
  pair->rooms[end] = (RtcRoom){ 0 };
}

static void
connect_ends (Pair *pair)
{
  for (guint end = 0; end < 2; end++)
    {
      g_autoptr (JsonNode) other = hub_link_get_endpoint (pair->links[1 - end]);
      g_autoptr (GError) error = NULL;

      hub_link_connect (pair->links[end], other, &error);
      g_assert_no_error (error);
    }
}

static void
pair_up (Pair *pair, gconstpointer data)
{
  open_end (pair, 0, 1);
  open_end (pair, 1, 1);
  connect_ends (pair);
}

static void
pair_down (Pair *pair, gconstpointer data)
{
  close_end (pair, 0);
  close_end (pair, 1);
}

static void
until_shown (RtcPerson *person, const RtcPerson *whom)
{
  rtc_run_until (rtc_shown (person, whom, "camera") != NULL
                 && rtc_shown (person, whom, "microphone") != NULL);
}

/* Two at each hospital: each sees and hears the three others. */
static void
test_everybody (Pair *pair, gconstpointer data)
{
  RtcPerson *people[4];

  for (guint i = 0; i < 4; i++)
    people[i] = rtc_join (&pair->rooms[i / 2], 3);
  rtc_until_all_open (&pair->rooms[0]);
  rtc_until_all_open (&pair->rooms[1]);
  for (guint i = 0; i < 4; i++)
    for (guint j = 0; j < 4; j++)
      {
        RtcStream *camera, *voice;

        if (i == j)
          continue;
        until_shown (people[i], people[j]);
        camera = rtc_shown (people[i], people[j], "camera");
        voice = rtc_shown (people[i], people[j], "microphone");
        rtc_run_until (camera->packets > 100 && voice->packets > 50);
        g_assert_cmpuint (camera->signature, ==, (j / 2) * 4 + j % 2 + 1);
        g_assert_cmpuint (voice->signature, ==, camera->signature);
        g_assert_cmpuint (camera->keys, >=, 1);
        rtc_run_until (camera->reports > 0 && voice->reports > 0);
      }
}

/* Who leaves at one hospital is gone at the other. */
static void
test_leave (Pair *pair, gconstpointer data)
{
  RtcPerson *here = rtc_join (&pair->rooms[0], 2), *there = rtc_join (&pair->rooms[1], 2);

  until_shown (here, there);
  karez_media_leave (pair->rooms[1].media, there->participant);
  rtc_run_until (rtc_shown (here, there, "camera") == NULL);
}

/* Speech at one hospital is seen to be at the other. */
static void
test_speaking (Pair *pair, gconstpointer data)
{
  RtcPerson *here = rtc_join (&pair->rooms[0], 2), *there = rtc_join (&pair->rooms[1], 2);
  JsonObject *message = NULL;

  rtc_until_all_open (&pair->rooms[0]);
  rtc_until_all_open (&pair->rooms[1]);
  until_shown (here, there);
  rtc_client_set_level (there->client, 15);
  rtc_run_until ((message = rtc_last_message (here, "media.speaking")) != NULL
                 && json_array_get_length (json_object_get_array_member (message, "participants"))
                        == 1);
  g_assert_cmpstr (
      json_array_get_string_element (json_object_get_array_member (message, "participants"), 0), ==,
      karez_participant_get_id (there->participant));
}

/* Another process at the other hospital: its people are shown again, and nobody twice. */
static void
test_restart (Pair *pair, gconstpointer data)
{
  RtcPerson *here = rtc_join (&pair->rooms[0], 2), *there = rtc_join (&pair->rooms[1], 2);
  JsonArray *places;
  guint64 before;
  RtcStream *camera;

  rtc_until_all_open (&pair->rooms[0]);
  rtc_until_all_open (&pair->rooms[1]);
  until_shown (here, there);
  camera = rtc_shown (here, there, "camera");
  rtc_run_until (camera->packets > 100);
  close_end (pair, 1);
  open_end (pair, 1, 2);
  there = rtc_join (&pair->rooms[1], 2);
  connect_ends (pair);
  rtc_until_all_open (&pair->rooms[1]);
  before = camera->packets;
  rtc_run_until (rtc_shown (here, there, "camera") != NULL && camera->packets > before + 100);
  places = json_object_get_array_member (rtc_last_message (here, "media.places"), "places");
  g_assert_cmpuint (json_array_get_length (places), ==, 2);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, function)                                                                        \
  g_test_add ("/rtc/bridge/" name, Pair, NULL, pair_up, function, pair_down)
  ADD ("everybody", test_everybody);
  ADD ("leave", test_leave);
  ADD ("speaking", test_speaking);
  ADD ("restart", test_restart);
  return g_test_run ();
}
