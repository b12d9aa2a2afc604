/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* People in one room, over real sockets. */

/* People in one room, over real sockets: clients that do in C what a browser does. */
#include "link-relay.h"
#include "rtc-people.h"

#include <string.h>

/* Everybody sees and hears everybody else, each at the place that was told, and nobody before it is
 * allowed. */
static void
test_everybody (RtcRoom *room, gconstpointer data)
{
  for (guint i = 0; i < 4; i++)
    rtc_join (room, 3);
  rtc_until_all_open (room);
  rtc_run_for (300);
  for (guint i = 0; i < 4; i++)
    for (guint j = 0; j < 4; j++)
      if (i != j)
        g_assert_cmpuint (rtc_shown (&room->people[i], &room->people[j], "camera")->packets, ==, 0);
  karez_media_set_forwarding (room->media, TRUE);
  for (guint i = 0; i < 4; i++)
    for (guint j = 0; j < 4; j++)
      {
        RtcStream *camera, *voice;

        if (i == j)
          continue;
        camera = rtc_shown (&room->people[i], &room->people[j], "camera");
        voice = rtc_shown (&room->people[i], &room->people[j], "microphone");
        g_assert_nonnull (camera);
        g_assert_nonnull (voice);
        rtc_run_until (camera->packets > 200 && voice->packets > 50 && camera->reports > 0
                       && voice->reports > 0);
        g_assert_cmpuint (camera->signature, ==, j + 1);
        g_assert_cmpuint (voice->signature, ==, j + 1);
        g_assert_cmpuint (camera->keys, >=, 1);
      }
  /* Voice and face of one person are in places that are played together. */
  for (guint j = 1; j < 4; j++)
    {
      RtcStream *camera = rtc_shown (&room->people[0], &room->people[j], "camera");
      RtcStream *voice = rtc_shown (&room->people[0], &room->people[j], "microphone");

      g_assert_cmpint (atoi (camera->mid) - 3, ==, atoi (voice->mid));
    }
  for (guint i = 0; i < 4; i++)
    g_assert_cmpuint (rtc_client_get_feedback (room->people[i].client), >, 5);
}

/* What is sent while it is not allowed is never passed on, not even to who asks for it later. */
static void
test_withheld (RtcRoom *room, gconstpointer data)
{
  RtcPerson *first = rtc_join (room, 1), *second = rtc_join (room, 1);
  RtcStream *camera, *voice;
  guint64 before;

  rtc_until_all_open (room);
  rtc_client_set_signature (second->client, 77);
  rtc_run_for (500);
  rtc_client_set_signature (second->client, 2);
  rtc_run_for (100);
  karez_media_set_forwarding (room->media, TRUE);
  camera = rtc_shown (first, second, "camera");
  voice = rtc_shown (first, second, "microphone");
  rtc_run_until (camera->packets > 100 && voice->packets > 20);
  karez_media_set_forwarding (room->media, FALSE);
  rtc_run_for (100);
  rtc_client_set_signature (second->client, 77);
  rtc_run_for (500);
  rtc_client_set_signature (second->client, 2);
  rtc_run_for (100);
  karez_media_set_forwarding (room->media, TRUE);
  before = camera->packets;
  rtc_run_until (camera->packets > before + 200);
  g_assert_cmpuint (camera->signed_by[77], ==, 0);
  g_assert_cmpuint (voice->signed_by[77], ==, 0);
  g_assert_cmpuint (camera->receiver.n_missing, ==, 0);
}

/* Who comes late sees a whole picture soon, and one request serves all who need it. */
static void
test_late (RtcRoom *room, gconstpointer data)
{
  RtcPerson *first = rtc_join (room, 3);
  RtcStream *camera;

  karez_media_set_forwarding (room->media, TRUE);
  rtc_until_all_open (room);
  rtc_run_for (500);
  for (guint i = 0; i < 3; i++)
    rtc_join (room, 3);
  rtc_until_all_open (room);
  for (guint i = 1; i < 4; i++)
    {
      camera = rtc_shown (&room->people[i], first, "camera");
      rtc_run_until (camera->packets > 100);
      g_assert_cmpuint (camera->keys, >=, 1);
      g_assert_cmpuint (camera->receiver.n_missing, ==, 0);
    }
  g_assert_cmpuint (rtc_client_get_asked_pictures (first->client), >=, 1);
  g_assert_cmpuint (rtc_client_get_asked_pictures (first->client), <=, 4);
}

/* A page with too few places is told how many it lacks; with them, it sees everybody. */
static void
test_more_places (RtcRoom *room, gconstpointer data)
{
  RtcPerson *first = rtc_join (room, 1);
  g_autoptr (GError) error = NULL;

  karez_media_set_forwarding (room->media, TRUE);
  rtc_join (room, 3);
  rtc_join (room, 3);
  rtc_until_all_open (room);
  g_assert_cmpint (
      karez_json_integer (rtc_last_message (first, "media.places"), "lacking_video", -1), ==, 1);
  g_assert_cmpint (
      karez_json_integer (rtc_last_message (first, "media.places"), "lacking_audio", -1), ==, 1);
  rtc_client_want (first->client, 1, 1);
  rtc_send_offer (room, first, &error);
  g_assert_no_error (error);
  rtc_take_answer (first, NULL);
  g_assert_cmpint (
      karez_json_integer (rtc_last_message (first, "media.places"), "lacking_video", -1), ==, 0);
  for (guint i = 1; i < 3; i++)
    rtc_run_until (rtc_shown (first, &room->people[i], "camera")->packets > 50);
}

/* Who leaves is gone from everybody's page, and their place goes on with the next one. */
static void
test_leave (RtcRoom *room, gconstpointer data)
{
  RtcPerson *first = rtc_join (room, 1), *second = rtc_join (room, 1), *third;
  RtcStream *camera;
  guint64 before;

  karez_media_set_forwarding (room->media, TRUE);
  rtc_until_all_open (room);
  camera = rtc_shown (first, second, "camera");
  rtc_run_until (camera->packets > 50);
  karez_media_leave (room->media, second->participant);
  g_assert_null (rtc_shown (first, second, "camera"));
  rtc_run_until (rtc_client_get_dtls (second->client) == HUB_DTLS_FAILED);
  g_clear_pointer (&second->client, rtc_client_free);
  rtc_run_for (100);
  before = camera->packets;
  third = rtc_join (room, 1);
  rtc_until_all_open (room);
  g_assert_true (rtc_shown (first, third, "camera") == camera);
  rtc_run_until (camera->packets > before + 50);
  g_assert_cmpuint (camera->signature, ==, 3);
  /* One stream to the page: its numbers go on where the other one left. */
  g_assert_cmpuint (camera->receiver.n_missing, ==, 0);
  g_assert_cmpuint (camera->receiver.given_up, ==, 0);
}

/* Muting is told, and the media thread goes on. */
static void
test_mute (RtcRoom *room, gconstpointer data)
{
  RtcPerson *first = rtc_join (room, 1), *second = rtc_join (room, 1);
  g_autoptr (JsonNode)
      muted = karez_json_object ("type", "s", "media.source", "connection", "s", second->token,
                                 "source", "s", "microphone", "on", "b", FALSE, NULL);
  g_autoptr (JsonNode)
      screen = karez_json_object ("type", "s", "media.source", "connection", "s", second->token,
                                  "source", "s", "screen", "on", "b", FALSE, NULL);
  g_autoptr (GError) error = NULL;
  JsonArray *places;
  guint off = 0;

  rtc_until_all_open (room);
  karez_media_take (room->media, second->participant, json_node_get_object (muted), &error);
  g_assert_no_error (error);
  places = json_object_get_array_member (rtc_last_message (first, "media.places"), "places");
  for (guint i = 0; i < json_array_get_length (places); i++)
    off += karez_json_boolean (json_array_get_object_element (places, i), "on") ? 0 : 1;
  g_assert_cmpuint (off, ==, 1);
  g_assert_false (
      karez_media_take (room->media, second->participant, json_node_get_object (screen), &error));
  g_assert_cmpstr (karez_error_get_rule (error), ==, "rtc/source");
}

static gboolean
is_speaking (const RtcPerson *listener, const RtcPerson *speaker)
{
  JsonObject *message = rtc_last_message (listener, "media.speaking");
  JsonArray *names = message != NULL ? json_object_get_array_member (message, "participants")
                                     : NULL;

  for (guint i = 0; names != NULL && i < json_array_get_length (names); i++)
    if (g_str_equal (json_array_get_string_element (names, i),
                     karez_participant_get_id (speaker->participant)))
      return TRUE;
  return FALSE;
}

static void
test_speaking (RtcRoom *room, gconstpointer data)
{
  RtcPerson *first = rtc_join (room, 1), *second = rtc_join (room, 1);
  gint64 begin;

  karez_media_set_forwarding (room->media, TRUE);
  rtc_until_all_open (room);
  rtc_run_for (500);
  g_assert_false (is_speaking (first, second));
  rtc_client_set_level (second->client, 20);
  begin = g_get_monotonic_time ();
  rtc_run_until (is_speaking (first, second));
  g_assert_cmpint (g_get_monotonic_time () - begin, <, 1500 * 1000);
  g_assert_false (is_speaking (second, first));
  rtc_client_set_level (second->client, 127);
  rtc_run_until (!is_speaking (first, second));
}

/* The same person in another window: the first one is told, and only the second goes on. */
static void
test_replaced (RtcRoom *room, gconstpointer data)
{
  RtcPerson *first = rtc_join (room, 1), *second = rtc_join (room, 1);
  RtcClient *old = second->client;
  const RtcClientConfig config = {
    .audio = TRUE, .video = TRUE, .receive_audio = 1, .receive_video = 1, .signature = 9
  };
  g_autoptr (GError) error = NULL;
  RtcStream *camera;

  karez_media_set_forwarding (room->media, TRUE);
  rtc_until_all_open (room);
  rtc_run_until (rtc_shown (first, second, "camera")->packets > 20);
  g_free (second->token);
  second->token = g_strdup ("another-connection");
  second->client = rtc_client_new (&config);
  rtc_send_offer (room, second, &error);
  g_assert_no_error (error);
  rtc_take_answer (second, NULL);
  rtc_until_all_open (room);
  camera = rtc_shown (first, second, "camera");
  rtc_run_until (camera->signature == 9);
  rtc_client_serve (old, g_get_monotonic_time ());
  g_assert_cmpint (rtc_client_get_dtls (old), ==, HUB_DTLS_FAILED);
  rtc_client_free (old);
}

/* What a modality declares stands in place of the usual sources. */
static void
test_declared (RtcRoom *room, gconstpointer data)
{
  RtcPerson *first, *second;
  g_autoptr (GError) error = NULL;

  karez_media_declare_source (room->media, "voice", KAREZ_SOURCE_VOICE);
  karez_media_declare_source (room->media, "scene", KAREZ_SOURCE_NONE);
  karez_media_set_forwarding (room->media, TRUE);
  room->voice = "voice";
  room->picture = "scene";
  first = rtc_join (room, 1);
  second = rtc_join (room, 1);
  rtc_until_all_open (room);
  rtc_run_until (rtc_shown (first, second, "scene") != NULL
                 && rtc_shown (first, second, "scene")->packets > 20
                 && rtc_shown (first, second, "voice")->packets > 20);
  rtc_set_seen (room, first, FALSE);
  rtc_run_until (!rtc_is_wanted (second, "scene"));
  g_assert_true (rtc_is_wanted (second, "voice"));
  room->picture = "camera";
  g_assert_false (rtc_send_offer (room, second, &error));
  g_assert_cmpstr (karez_error_get_rule (error), ==, "rtc/source");
  g_assert_cmpstr (karez_error_get_accepted (error), ==, "voice, scene");
}

/* A page has another transport for what was agreed on: its goodbye comes before the offer, after
 * the answer, or never. What is sent and shown goes on, and nobody else is told that it ended. */
static void
test_renewed (RtcRoom *room, gconstpointer data)
{
  enum
  {
    BEFORE,
    AFTER,
    NEVER,
    N_WAYS
  };
  RtcPerson *first = rtc_join (room, 1), *second = rtc_join (room, 1);
  RtcStream *camera, *voice, *shown;
  g_autoptr (GError) error = NULL;

  karez_media_set_forwarding (room->media, TRUE);
  rtc_until_all_open (room);
  camera = rtc_shown (first, second, "camera");
  voice = rtc_shown (first, second, "microphone");
  shown = rtc_shown (second, first, "camera");
  for (guint way = BEFORE; way < N_WAYS; way++)
    {
      guint64 seen = camera->packets, heard = voice->packets, got;
      gint64 begin;

      rtc_run_until (camera->packets > seen + 50 && voice->packets > heard + 20);
      if (way != AFTER)
        rtc_client_renew (second->client, way == BEFORE);
      /* The media thread hears of it before the main thread does. */
      g_usleep (way == BEFORE ? 50 * 1000 : 0);
      rtc_client_retag (second->client);
      rtc_send_offer (room, second, &error);
      g_assert_no_error (error);
      if (way == AFTER)
        rtc_client_renew (second->client, TRUE);
      rtc_take_answer (second, NULL);
      seen = camera->packets;
      heard = voice->packets;
      got = shown->keys;
      begin = g_get_monotonic_time ();
      rtc_run_until (camera->packets > seen + 50 && voice->packets > heard + 20
                     && shown->keys > got);
      g_test_message ("way %u: %.0f ms", way, (g_get_monotonic_time () - begin) / 1000.0);
      g_assert_true (rtc_shown (first, second, "camera") == camera);
      g_assert_cmpuint (camera->receiver.given_up, ==, 0);
    }
  /* Who ends it without an offer, has ended it. */
  rtc_client_renew (second->client, TRUE);
  rtc_run_until (
      g_strcmp0 (karez_json_text (rtc_last_message (first, "media.connection"), "state"), "closed")
      == 0);
}

/* Long enough for a page to be told that nobody looks, and too short for that. */
#define UNSEEN_MS 3600u
#define SEEN_MS 2500u

/* Microseconds until a page is told that somebody looks at its camera. */
static gint64
until_wanted (const RtcPerson *person)
{
  gint64 begin = g_get_monotonic_time ();

  rtc_run_until (rtc_is_wanted (person, "camera"));
  return g_get_monotonic_time () - begin;
}

/* Nobody looks: that is told after a while, and at once when somebody does; speech goes on. */
static void
test_unseen (RtcRoom *room, gconstpointer data)
{
  RtcPerson *first = rtc_join (room, 1), *second;
  RtcStream *camera, *voice;
  guint64 seen, heard, asked, keys;

  /* Nobody else is there. */
  karez_media_set_forwarding (room->media, TRUE);
  rtc_run_for (SEEN_MS);
  g_assert_true (rtc_is_wanted (first, "camera"));
  rtc_run_for (UNSEEN_MS - SEEN_MS);
  g_assert_false (rtc_is_wanted (first, "camera"));
  g_assert_true (rtc_is_wanted (first, "microphone"));
  second = rtc_join (room, 1);
  g_assert_true (rtc_is_wanted (first, "camera"));
  rtc_until_all_open (room);
  camera = rtc_shown (first, second, "camera");
  rtc_run_until (camera->packets > 50);

  /* The other page is hidden for a moment, then for long. */
  camera = rtc_shown (second, first, "camera");
  voice = rtc_shown (second, first, "microphone");
  rtc_run_until (camera->packets > 50);
  rtc_set_seen (room, second, FALSE);
  rtc_run_for (SEEN_MS);
  seen = camera->packets;
  heard = voice->packets;
  g_assert_true (rtc_is_wanted (first, "camera"));
  rtc_run_for (UNSEEN_MS - SEEN_MS);
  g_assert_false (rtc_is_wanted (first, "camera"));
  g_assert_true (rtc_is_wanted (second, "camera"));
  g_assert_cmpuint (camera->packets, ==, seen);
  g_assert_cmpuint (voice->packets, >, heard + 20);
  g_assert_true (rtc_shown (second, first, "camera") == camera);

  /* Told again to who comes back. */
  g_ptr_array_set_size (first->messages, 0);
  karez_media_join (room->media, first->participant);
  g_assert_false (rtc_is_wanted (first, "camera"));

  /* The hub goes, and nobody could say that they look. */
  hub_rtc_show_all (HUB_RTC (room->media));
  g_assert_true (rtc_is_wanted (first, "camera"));
  rtc_run_until (camera->packets > seen + 50);
  rtc_set_seen (room, second, FALSE);
  rtc_run_until (!rtc_is_wanted (first, "camera"));
  seen = camera->packets;

  asked = rtc_client_get_asked_pictures (first->client);
  keys = camera->keys;
  rtc_set_seen (room, second, TRUE);
  g_assert_cmpint (until_wanted (first), <, 100 * 1000);
  rtc_run_until (camera->packets > seen + 50);
  g_assert_cmpuint (camera->keys, >, keys);
  g_assert_cmpuint (rtc_client_get_asked_pictures (first->client), >, asked);
  g_assert_cmpuint (camera->receiver.given_up + camera->receiver.n_missing, ==, 0);
}

/* What the session does not let through is seen by nobody; who is away does not look. */
static void
test_unseen_held (RtcRoom *room, gconstpointer data)
{
  RtcPerson *first = rtc_join (room, 1), *second = rtc_join (room, 1), *third;
  g_autoptr (JsonNode) off = NULL;
  g_autoptr (GError) error = NULL;
  RtcClient *away;

  rtc_until_all_open (room);
  rtc_run_for (UNSEEN_MS);
  g_assert_false (rtc_is_wanted (first, "camera") || rtc_is_wanted (second, "camera"));
  karez_media_set_forwarding (room->media, TRUE);
  g_assert_true (rtc_is_wanted (first, "camera") && rtc_is_wanted (second, "camera"));
  /* One that is off is the page's own business. */
  off = karez_json_object ("type", "s", "media.source", "connection", "s", first->token, "source",
                           "s", "camera", "on", "b", FALSE, NULL);
  karez_media_take (room->media, first->participant, json_node_get_object (off), &error);
  g_assert_no_error (error);
  g_assert_true (rtc_is_wanted (first, "camera"));

  away = g_steal_pointer (&second->client);
  rtc_run_until (!rtc_is_wanted (first, "camera"));
  second->client = away;
  until_wanted (first);
  /* Another connection of the same page knows nothing of it. */
  rtc_set_seen (room, second, FALSE);
  karez_media_leave (room->media, second->participant);
  third = rtc_join (room, 1);
  rtc_run_until (rtc_shown (third, first, "camera")->packets > 50);
}

/* Not the page that signalling named. */
static void
test_wrong_fingerprint (RtcRoom *room, gconstpointer data)
{
  RtcPerson *first = rtc_join (room, 2), *liar = rtc_add_person (room);
  const RtcClientConfig config = {
    .audio = TRUE,
    .video = TRUE,
    .receive_audio = 1,
    .receive_video = 1,
    .fingerprint = "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:"
                   "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF",
  };
  g_autoptr (GError) error = NULL;
  JsonObject *message = NULL;

  karez_media_set_forwarding (room->media, TRUE);
  liar->client = rtc_client_new (&config);
  rtc_send_offer (room, liar, &error);
  g_assert_no_error (error);
  rtc_take_answer (liar, NULL);
  rtc_run_until ((message = rtc_last_message (liar, "media.connection")) != NULL
                 && g_strcmp0 (karez_json_text (message, "state"), "closed") == 0);
  g_assert_cmpstr (karez_json_text (message, "failure"), ==, "fingerprint");
  rtc_run_for (200);
  g_assert_cmpuint (rtc_shown (first, liar, "camera")->packets, ==, 0);
}

/* Offers that cannot be answered change nothing. */
static void
test_bad_messages (RtcRoom *room, gconstpointer data)
{
  static const struct
  {
    const char *text, *rule;
  } bad[] = {
    { "{\"type\":\"media.offer\"}", NULL },
    { "{\"type\":\"media.dance\"}", "rtc/message" },
    { "{\"type\":\"media.offer\",\"connection\":\"12345678\",\"sdp\":\"v=0\",\"sources\":{}}",
      "rtc/sdp" },
    { "{\"type\":\"media.offer\",\"connection\":\"1\",\"sdp\":\"v=0\",\"sources\":{}}", NULL },
    { "{\"type\":\"media.source\",\"connection\":\"12345678\",\"source\":\"camera\",\"on\":true}",
      "rtc/source" },
  };
  RtcPerson *first = rtc_join (room, 1), *second = rtc_add_person (room);
  const RtcClientConfig config = { .audio = TRUE, .video = TRUE };
  g_autofree char *offer = NULL;
  g_autoptr (JsonNode) unnamed = NULL;
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (JsonNode) node = json_from_string (bad[i].text, NULL);

      g_assert_false (
          karez_media_take (room->media, second->participant, json_node_get_object (node), &error));
      g_assert_nonnull (error);
      if (bad[i].rule != NULL)
        g_assert_cmpstr (karez_error_get_rule (error), ==, bad[i].rule);
      g_clear_error (&error);
    }
  /* Media whose source is not said. */
  second->client = rtc_client_new (&config);
  offer = rtc_client_offer (second->client);
  unnamed = karez_json_object ("type", "s", "media.offer", "connection", "s", "12345678", "sdp",
                               "s", offer, "sources", "n",
                               karez_json_object ("0", "s", "camera", NULL), NULL);
  g_assert_false (
      karez_media_take (room->media, second->participant, json_node_get_object (unnamed), &error));
  g_assert_cmpstr (karez_error_get_rule (error), ==, "rtc/source");
  g_assert_null (rtc_last_message (second, "media.answer"));
  g_assert_null (rtc_shown (first, second, "camera"));
}

/* 10,000 datagrams in a second from somebody who was not invited, of every kind. */
static void
test_stranger (RtcRoom *room, gconstpointer data)
{
  RtcPerson *first = rtc_join (room, 1), *second = rtc_join (room, 1);
  g_autoptr (RtcClient) stranger = rtc_client_new (&(RtcClientConfig){ .audio = TRUE });
  RtcStream *camera;
  guint8 bytes[1200];
  gint64 begin;
  GRand *rand = g_rand_new_with_seed (7);

  karez_media_set_forwarding (room->media, TRUE);
  rtc_until_all_open (room);
  camera = rtc_shown (first, second, "camera");
  rtc_run_until (camera->packets > 100);
  camera->longest_gap = 0;
  g_assert_true (rtc_client_take_answer (
      stranger, karez_json_text (rtc_last_message (first, "media.answer"), "sdp"), NULL));
  begin = g_get_monotonic_time ();
  for (guint i = 0; i < 10000; i++)
    {
      static const guint8 firsts[] = { 0x00, 0x16, 0x80, 0x81, 0xff };

      for (guint j = 0; j < sizeof bytes; j++)
        bytes[j] = (guint8) g_rand_int (rand);
      bytes[0] = firsts[i % G_N_ELEMENTS (firsts)];
      rtc_client_send_raw (stranger, bytes, 20 + i % 1000);
      while (g_get_monotonic_time () - begin < (gint64) i * 100)
        g_main_context_iteration (NULL, FALSE);
    }
  rtc_run_for (200);
  g_test_message ("longest gap of the room under the flood: %.1f ms", camera->longest_gap / 1000.0);
  g_assert_cmpint (camera->longest_gap, <, 500 * 1000);
  g_assert_true (rtc_client_is_open (first->client));
  g_assert_cmpint (rtc_client_get_dtls (first->client), ==, HUB_DTLS_DONE);
  g_rand_free (rand);
}

/* Rubbish from the address of somebody who is in the room. */
static void
test_rubbish (RtcRoom *room, gconstpointer data)
{
  RtcPerson *first = rtc_join (room, 1), *second = rtc_join (room, 1);
  GRand *rand = g_rand_new_with_seed (8);
  guint8 bytes[1200];
  RtcStream *camera;
  guint64 before;

  karez_media_set_forwarding (room->media, TRUE);
  rtc_until_all_open (room);
  camera = rtc_shown (first, second, "camera");
  for (guint i = 0; i < 3000; i++)
    {
      static const guint8 firsts[] = { 0x00, 0x16, 0x80, 0x90, 0xb0 };

      for (guint j = 0; j < sizeof bytes; j++)
        bytes[j] = (guint8) g_rand_int (rand);
      bytes[0] = firsts[i % G_N_ELEMENTS (firsts)];
      rtc_client_send_raw (second->client, bytes, i % 1200);
      if (i % 100 == 0)
        rtc_run_for (5);
    }
  before = camera->packets;
  rtc_run_until (camera->packets > before + 100);
  g_rand_free (rand);
}

/* Six seconds of such a way. Returns whether no more copies came than two of each, however often
 * they were asked for before they could be there. */
static gboolean
lose_some (LinkRelay *relay, RtcStream *camera)
{
  guint64 all = camera->packets, repaired = camera->repaired, copies = camera->copies, lost;

  camera->receiver.given_up = 0;
  camera->longest_gap = 0;
  relay->loss = 0.05;
  rtc_run_for (6000);
  relay->loss = 0;
  rtc_run_for (500);
  all = camera->packets - all;
  repaired = camera->repaired - repaired;
  copies = camera->copies - copies;
  lost = camera->receiver.given_up + camera->receiver.n_missing;
  g_test_message ("%" G_GUINT64_FORMAT " packets, %" G_GUINT64_FORMAT
                  " repaired by %" G_GUINT64_FORMAT " copies, %" G_GUINT64_FORMAT
                  " lost; longest gap %.1f ms",
                  all, repaired, copies, lost, camera->longest_gap / 1000.0);
  g_assert_cmpuint (repaired, >, all / 50);
  g_assert_cmpuint (lost * 1000, <, MAX (all, 1001));
  return copies <= repaired * 5 / 2;
}

/* A twentieth of all datagrams lost on the way to one page, 25 ms each way. */
static void
test_loss (RtcRoom *room, gconstpointer data)
{
  RtcPerson *first = rtc_add_person (room), *second;
  const RtcClientConfig config = {
    .audio = TRUE, .video = TRUE, .receive_audio = 1, .receive_video = 1, .signature = 1
  };
  LinkRelay *relay = link_relay_new ("127.0.0.1", 20261124);
  g_autofree char *door = link_relay_get_door (relay, 0);
  g_autoptr (GError) error = NULL;
  HubAddress to, hub;
  RtcStream *camera;
  char *candidate;
  gboolean few = FALSE;

  karez_media_set_forwarding (room->media, TRUE);
  second = rtc_join (room, 1);
  first->client = rtc_client_new (&config);
  rtc_send_offer (room, first, &error);
  g_assert_no_error (error);
  candidate = strstr (karez_json_text (rtc_last_message (first, "media.answer"), "sdp"),
                      "127.0.0.1 ");
  g_assert_nonnull (candidate);
  candidate = g_strdup_printf ("127.0.0.1:%d", atoi (candidate + strlen ("127.0.0.1 ")));
  link_relay_set_end (relay, 1, candidate);
  g_assert_true (hub_address_parse (&hub, candidate, TRUE));
  g_free (candidate);
  g_assert_true (hub_address_parse (&to, door, TRUE));
  rtc_take_answer (first, &to);
  rtc_until_all_open (room);
  camera = rtc_shown (first, second, "camera");
  rtc_run_until (camera->packets > 200);
  relay->delay_ms = 25;
  /* The way is in this process: one that waits for a processor makes it longer, and what is late is
   * asked for again. What costs copies always costs them three times. */
  for (guint i = 0; i < 3 && !few; i++)
    few = lose_some (relay, camera);
#ifndef __SANITIZE_ADDRESS__ /* under which the asking is late as well */
  g_assert_true (few);
#endif
  g_clear_pointer (&first->client, rtc_client_free);
  link_relay_free (relay);
}

/* What the statistics say is what was seen. */
static void
test_statistics (RtcRoom *room, gconstpointer data)
{
  RtcPerson *first = rtc_join (room, 1);
  g_autoptr (JsonNode) node = NULL;
  JsonObject *one;

  rtc_join (room, 1);
  karez_media_set_forwarding (room->media, TRUE);
  rtc_until_all_open (room);
  rtc_run_until (rtc_last_message (first, "media.quality") != NULL);
  rtc_run_for (2500);
  node = karez_media_get_statistics (room->media);
  one = json_array_get_object_element (
      json_object_get_array_member (json_node_get_object (node), "people"), 0);
  g_assert_cmpstr (karez_json_text (one, "state"), ==, "open");
  /* 30 pictures of 6,600 bytes and 50 times 80 bytes in a second: 1.6 Mbit/s, each way. */
  g_assert_cmpint (karez_json_integer (one, "bitrate_in", 0), >, 1000 * 1000);
  g_assert_cmpint (karez_json_integer (one, "bitrate_in", 0), <, 2200 * 1000);
  g_assert_cmpint (karez_json_integer (one, "bitrate_out", 0), >, 1000 * 1000);
  g_assert_cmpint (karez_json_integer (one, "rtt_ms", 0), >, 0);
  g_assert_cmpint (karez_json_integer (one, "rtt_ms", 0), <, 200);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, function)                                                                        \
  g_test_add ("/rtc/room/" name, RtcRoom, NULL, rtc_room_up, function, rtc_room_down)
  ADD ("everybody", test_everybody);
  ADD ("withheld", test_withheld);
  ADD ("late", test_late);
  ADD ("more-places", test_more_places);
  ADD ("leave", test_leave);
  ADD ("mute", test_mute);
  ADD ("speaking", test_speaking);
  ADD ("replaced", test_replaced);
  ADD ("declared", test_declared);
  ADD ("renewed", test_renewed);
  ADD ("unseen", test_unseen);
  ADD ("unseen-held", test_unseen_held);
  ADD ("wrong-fingerprint", test_wrong_fingerprint);
  ADD ("bad-messages", test_bad_messages);
  ADD ("stranger", test_stranger);
  ADD ("rubbish", test_rubbish);
  ADD ("loss", test_loss);
  ADD ("statistics", test_statistics);
  return g_test_run ();
}
