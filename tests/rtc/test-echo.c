/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pages that try their way before they join. */

/* Pages that try their way: what they send comes back to them, and to nobody else. */
#include "link-relay.h"
#include "rtc-people.h"

#include <string.h>

/* Sections 0 and 1 of a client send; its places come after them. */
#define VOICE_PLACE "2"
#define PICTURE_PLACE "3"

static char *
try (RtcRoom *room, RtcPerson *person, guint places, GError **error)
{
  const RtcClientConfig config = { .audio = TRUE,
                                   .video = TRUE,
                                   .receive_audio = places,
                                   .receive_video = places,
                                   .signature = (guint8) (person - room->people + 1) };
  g_autofree char *offer = NULL;

  g_clear_pointer (&person->client, rtc_client_free);
  person->client = rtc_client_new (&config);
  offer = rtc_client_offer (person->client);
  return hub_rtc_echo (HUB_RTC (room->media), person->participant, offer, error);
}

static void
try_well (RtcRoom *room, RtcPerson *person)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *answer = try (room, person, 1, &error);

  g_assert_no_error (error);
  g_assert_true (rtc_client_take_answer (person->client, answer, NULL));
}

static void
assert_alone (const RtcStream *stream, guint8 signature)
{
  g_assert_cmpuint (stream->packets, >, 0);
  g_assert_cmpuint (stream->signed_by[signature], ==, stream->packets);
}

/* Before anybody is seen or heard in the room, and after. */
static void
test_comes_back (RtcRoom *room, gconstpointer data)
{
  RtcPerson *inside = rtc_join (room, 3), *other = rtc_join (room, 3);
  RtcPerson *tries = rtc_add_person (room);
  RtcStream *voice, *picture;

  try_well (room, tries);
  rtc_until_all_open (room);
  voice = rtc_client_get_stream (tries->client, VOICE_PLACE);
  picture = rtc_client_get_stream (tries->client, PICTURE_PLACE);
  rtc_run_until (voice->packets > 50 && picture->packets > 100 && picture->reports > 0);
  g_assert_cmpuint (picture->keys, >=, 1);
  g_assert_cmpuint (rtc_client_get_feedback (tries->client), >, 5);
  g_assert_cmpuint (rtc_shown (inside, other, "camera")->packets, ==, 0);

  karez_media_set_forwarding (room->media, TRUE);
  rtc_run_until (rtc_shown (inside, other, "camera")->packets > 100
                 && rtc_shown (other, inside, "microphone")->packets > 20);
  assert_alone (voice, 3);
  assert_alone (picture, 3);
  for (guint i = 0; i < 2; i++)
    {
      guint n;
      RtcStream *streams = rtc_client_get_streams (room->people[i].client, &n);

      for (guint j = 0; j < n; j++)
        g_assert_cmpuint (streams[j].signed_by[3], ==, 0);
    }
  /* A hold of the room is not one of the trial. */
  karez_media_set_forwarding (room->media, FALSE);
  picture->packets = 0;
  rtc_run_until (picture->packets > 50);
}

/* A way to the other hospital that counts the packets of media on it. */
typedef struct
{
  HubMediaPort port;
  guint packets;
} CountingPort;

static void
port_send (HubMediaPort *port, const guint8 *datagram, gsize length)
{
  if (datagram[0] == 1)
    g_atomic_int_inc (&((CountingPort *) port)->packets);
}

static void
port_serve (HubMediaPort *port, int fd)
{
}

static void
port_tick (HubMediaPort *port, gint64 now)
{
}

static guint
port_measure (HubMediaPort *port, HubMediaPortPath *out)
{
  return 0;
}

static void
port_free (HubMediaPort *port)
{
}

/* The other hospital gets what is said in the room, and nothing of a trial. */
static void
test_stays_here (RtcRoom *room, gconstpointer data)
{
  static const char *const there[] = { "01a20000-0000-7000-8000-000000000009", NULL };
  static CountingPort counting;
  HubRtc *media = HUB_RTC (room->media);
  RtcPerson *tries = rtc_add_person (room);
  g_autoptr (JsonNode)
      wanted = json_from_string ("{\"type\":\"tracks\",\"wanted\":true,\"tracks\":[]}", NULL);
  g_autoptr (GError) error = NULL;

  counting = (CountingPort){ .port = { .serve = port_serve,
                                       .tick = port_tick,
                                       .send = port_send,
                                       .measure = port_measure,
                                       .free = port_free } };
  hub_rtc_set_port (media, &counting.port);
  hub_rtc_set_remote_people (media, there);
  hub_rtc_take_remote (media, wanted, &error);
  g_assert_no_error (error);
  karez_media_set_forwarding (room->media, TRUE);
  try_well (room, tries);
  rtc_until_all_open (room);
  rtc_run_until (rtc_client_get_stream (tries->client, PICTURE_PLACE)->packets > 100);
  g_assert_cmpuint (g_atomic_int_get (&counting.packets), ==, 0);
  rtc_join (room, 1);
  rtc_run_until (g_atomic_int_get (&counting.packets) > 100);
}

/* What is lost on the way back is sent again, though the room forwards nothing. */
static void
test_repair (RtcRoom *room, gconstpointer data)
{
  RtcPerson *tries = rtc_add_person (room);
  LinkRelay *relay = link_relay_new ("127.0.0.1", 20261128);
  g_autofree char *door = link_relay_get_door (relay, 0);
  g_autoptr (GError) error = NULL;
  g_autofree char *answer = try (room, tries, 1, &error);
  g_autofree char *end = NULL;
  const char *candidate = strstr (answer, "127.0.0.1 ");
  RtcStream *picture;
  HubAddress to;

  g_assert_no_error (error);
  g_assert_nonnull (candidate);
  end = g_strdup_printf ("127.0.0.1:%d", atoi (candidate + strlen ("127.0.0.1 ")));
  link_relay_set_end (relay, 1, end);
  g_assert_true (hub_address_parse (&to, door, TRUE));
  g_assert_true (rtc_client_take_answer (tries->client, answer, &to));
  rtc_until_all_open (room);
  picture = rtc_client_get_stream (tries->client, PICTURE_PLACE);
  rtc_run_until (picture->packets > 50);
  relay->loss = 0.05;
  relay->delay_ms = 10;
  rtc_run_until (picture->repaired > 5);
  g_clear_pointer (&tries->client, rtc_client_free);
  link_relay_free (relay);
}

static gboolean
is_ended (const RtcPerson *person)
{
  return rtc_client_get_dtls (person->client) == HUB_DTLS_FAILED;
}

/* The same person's next trial takes the place of the one before, and each ends by itself. */
static void
test_ends (RtcRoom *room, gconstpointer data)
{
  RtcPerson *first = rtc_add_person (room), *second = rtc_add_person (room);
  gint64 begin = g_get_monotonic_time ();
  RtcClient *former;

  try_well (room, first);
  try_well (room, second);
  rtc_until_all_open (room);
  former = g_steal_pointer (&first->client);
  try_well (room, first);
  rtc_run_until ((rtc_client_serve (former, g_get_monotonic_time ()),
                  rtc_client_get_dtls (former) == HUB_DTLS_FAILED));
  rtc_client_free (former);
  rtc_until_all_open (room);
  rtc_run_for (500);
  g_assert_false (is_ended (second));
  rtc_run_for ((HUB_RTC_ECHO_S - 5) * 1000);
  g_assert_false (is_ended (first));
  rtc_run_until (is_ended (first) && is_ended (second));
  g_assert_cmpint (g_get_monotonic_time () - begin, >=, (HUB_RTC_ECHO_S - 1) * G_USEC_PER_SEC);
}

/* What is no offer for this, and more than are served at once. */
static void
test_refused (RtcRoom *room, gconstpointer data)
{
  RtcPerson *person = rtc_add_person (room);
  g_autoptr (GError) error = NULL;
  const RtcClientConfig config = { .receive_audio = 1, .receive_video = 1 };
  g_autoptr (RtcClient) silent = NULL;
  g_autofree char *nothing = NULL, *offer = NULL;

  g_assert_null (try (room, person, 0, &error));
  g_assert_cmpstr (karez_error_get_rule (error), ==, "rtc/places");
  g_clear_error (&error);
  silent = rtc_client_new (&config);
  nothing = rtc_client_offer (silent);
  g_assert_null (hub_rtc_echo (HUB_RTC (room->media), person->participant, nothing, &error));
  g_assert_cmpstr (karez_error_get_rule (error), ==, "rtc/places");
  g_clear_error (&error);
  g_assert_null (hub_rtc_echo (HUB_RTC (room->media), person->participant, "rubbish", &error));
  g_assert_cmpstr (karez_error_get_rule (error), ==, "rtc/sdp");
  g_clear_error (&error);
  rtc_client_want (person->client, 1, 1);
  offer = rtc_client_offer (person->client);
  for (guint i = 0; i <= HUB_RTC_MAX_ECHOES; i++)
    {
      static const char *const roles[] = { "clinician", NULL };
      g_autofree char *id = g_strdup_printf ("01a20000-0000-7000-8000-0000000001%02u", i);
      g_autofree char *answer = NULL;
      g_autoptr (KarezActor)
          actor = karez_actor_new (KAREZ_ACTOR_PERSON, id, "Somebody", roles, NULL, NULL);
      g_autoptr (KarezParticipant)
          participant = karez_participant_new (id, actor, "echo", id, TRUE);

      answer = hub_rtc_echo (HUB_RTC (room->media), participant, offer, &error);
      g_assert_true ((answer != NULL) == (i < HUB_RTC_MAX_ECHOES));
    }
  g_assert_cmpstr (karez_error_get_rule (error), ==, "rtc/echoes");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, function)                                                                        \
  g_test_add ("/rtc/echo/" name, RtcRoom, NULL, rtc_room_up, function, rtc_room_down)
  ADD ("comes-back", test_comes_back);
  ADD ("stays-here", test_stays_here);
  ADD ("repair", test_repair);
  ADD ("ends", test_ends);
  ADD ("refused", test_refused);
  return g_test_run ();
}
