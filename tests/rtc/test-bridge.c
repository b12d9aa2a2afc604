/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two rooms joined over a link of two paths. */

/* Two rooms of two hospitals, joined over a link of two paths. */
#include "hub-link-port.h"
#include "hub-live-bridge.h"
#include "link-relay.h"
#include "rtc-people.h"

#define SESSION "019ab3c4-0000-7000-8000-000000000001"

typedef struct
{
  RtcRoom rooms[2];
  HubLink *links[2];
  HubLiveBridge *bridges[2];
  GListStore *people[2]; /* as each side knows them */
} Pair;

static void
open_end (Pair *pair, guint end, guint32 generation)
{
  g_autoptr (GError) error = NULL;

  rtc_room_up (&pair->rooms[end], NULL);
  pair->rooms[end].first = end * 4;
  pair->links[end] = hub_link_new (SESSION, end == 0, generation, "127.0.0.1,127.0.0.2", &error);
  g_assert_no_error (error);
  pair->people[end] = g_list_store_new (KAREZ_TYPE_PARTICIPANT);
  pair->bridges[end] = hub_live_bridge_new (HUB_RTC (pair->rooms[end].media), pair->links[end],
                                            G_LIST_MODEL (pair->people[end]), SESSION, end == 0,
                                            generation, "127.0.0.1,127.0.0.2", &error);
  g_assert_no_error (error);
  karez_media_set_forwarding (pair->rooms[end].media, TRUE);
}

static void
close_end (Pair *pair, guint end)
{
  g_clear_object (&pair->bridges[end]);
  g_clear_object (&pair->people[end]);
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

/* The side @end lets somebody of the other one in. */
static void
let_in (Pair *pair, guint end, const RtcPerson *person)
{
  const char *id = karez_participant_get_id (person->participant);
  g_autoptr (KarezParticipant) theirs = karez_participant_new (
      id, karez_participant_get_actor (person->participant), "consultant", id, FALSE);

  g_list_store_append (pair->people[end], theirs);
}

/* Somebody comes in at @end, and the other side lets them in. */
static RtcPerson *
come (Pair *pair, guint end, guint others)
{
  RtcPerson *person = rtc_join (&pair->rooms[end], others);

  let_in (pair, 1 - end, person);
  return person;
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
    people[i] = come (pair, i / 2, 3);
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
  RtcPerson *here = come (pair, 0, 2), *there = come (pair, 1, 2);

  until_shown (here, there);
  karez_media_leave (pair->rooms[1].media, there->participant);
  rtc_run_until (rtc_shown (here, there, "camera") == NULL);
}

/* What a program at one hospital sends is shown at the other, whose page asks it for a whole
 * picture. */
static void
test_program (Pair *pair, gconstpointer data)
{
  guint8 message[128] __attribute__ ((aligned (KAREZ_TAP_ALIGN))) = { 0 };
  KarezTapPacket head = { .size = 20 };
  const guint8 packet[20] = { 0x80, 0x80 | 96, 0,    0, 0, 0,    0,    0,    0, 0,
                              0,    1,         0x10, 0, 0, 0x9d, 0x01, 0x2a, 1, 1 };
  RtcPerson *here = come (pair, 0, 2), *there = come (pair, 1, 2);
  g_autoptr (GError) error = NULL;
  guint asked = 0, sent = 0;
  RtcStream *stream;
  guint8 byte;
  int fd;

  rtc_until_all_open (&pair->rooms[0]);
  rtc_until_all_open (&pair->rooms[1]);
  karez_media_join (pair->rooms[0].media, here->participant);
  fd = karez_media_publish (pair->rooms[0].media, karez_participant_get_id (here->participant),
                            "screen", KAREZ_CODEC_VP8, &error);
  g_assert_no_error (error);
  rtc_run_until ((stream = rtc_shown (there, here, "screen")) != NULL);
  while (stream->packets < 50)
    {
      while (recv (fd, &byte, 1, MSG_DONTWAIT) > 0)
        asked++;
      memcpy (message, &head, sizeof head);
      memcpy (message + sizeof head, packet, sizeof packet);
      message[sizeof head + 3] = (guint8) sent++;
      message[sizeof head + 6] = (guint8) (sent * 3000 >> 8);
      message[sizeof head + 13] = asked > 0 ? 0 : 1;
      g_assert_cmpint (send (fd, message, sizeof head + 24, MSG_NOSIGNAL), >, 0);
      rtc_run_for (10);
    }
  g_assert_cmpuint (asked, >, 0);
  g_assert_cmpuint (stream->keys, >, 0);
  close (fd);
  rtc_run_until (rtc_shown (there, here, "screen") == NULL);
}

/* Speech at one hospital is seen to be at the other. */
static void
test_speaking (Pair *pair, gconstpointer data)
{
  RtcPerson *here = come (pair, 0, 2), *there = come (pair, 1, 2);
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
  RtcPerson *here = come (pair, 0, 2), *there = come (pair, 1, 2);
  JsonArray *places;
  RtcStream *camera;

  rtc_until_all_open (&pair->rooms[0]);
  rtc_until_all_open (&pair->rooms[1]);
  until_shown (here, there);
  camera = rtc_shown (here, there, "camera");
  rtc_run_until (camera->packets > 100);
  close_end (pair, 1);
  open_end (pair, 1, 2);
  g_list_store_remove_all (pair->people[0]);
  there = come (pair, 1, 2);
  let_in (pair, 1, here);
  connect_ends (pair);
  rtc_until_all_open (&pair->rooms[1]);
  rtc_run_until ((camera = rtc_shown (here, there, "camera")) != NULL && camera->packets > 100);
  places = json_object_get_array_member (rtc_last_message (here, "media.places"), "places");
  g_assert_cmpuint (json_array_get_length (places), ==, 2);
}

/* What the page of @person was told last of @whom's connection; NULL if nothing. */
static JsonObject *
quality_of (const RtcPerson *person, const RtcPerson *whom)
{
  JsonObject *message = rtc_last_message (person, "media.quality");
  JsonArray *people = message != NULL ? json_object_get_array_member (message, "people") : NULL;

  for (guint i = 0; people != NULL && i < json_array_get_length (people); i++)
    {
      JsonObject *one = json_array_get_object_element (people, i);

      if (g_str_equal (karez_json_text (one, "participant"),
                       karez_participant_get_id (whom->participant)))
        return one;
    }
  return NULL;
}

/* All that a page has got, whoever sent it. */
static guint64
got_by (const RtcPerson *person)
{
  guint64 packets = 0;
  guint n;
  const RtcStream *streams = rtc_client_get_streams (person->client, &n);

  for (guint i = 0; i < n; i++)
    packets += streams[i].packets;
  return packets;
}

/* Whom this side has not let in is neither seen nor heard here, and does not see or hear anybody of
 * here, whatever the other worker says; nor is who was let in once and is not any more. */
static void
test_not_let_in (Pair *pair, gconstpointer data)
{
  RtcPerson *here = come (pair, 0, 2), *there = rtc_join (&pair->rooms[1], 2);
  RtcStream *camera;
  guint64 before;

  rtc_until_all_open (&pair->rooms[0]);
  rtc_until_all_open (&pair->rooms[1]);
  rtc_run_until (rtc_shown (there, here, "camera") != NULL);
  rtc_run_for (3000);
  g_assert_null (rtc_shown (here, there, "camera"));
  g_assert_null (rtc_shown (here, there, "microphone"));
  g_assert_null (quality_of (here, there));
  g_assert_cmpuint (got_by (here), ==, 0);
  g_assert_cmpuint (got_by (there), ==, 0);

  let_in (pair, 0, there);
  until_shown (here, there);
  camera = rtc_shown (here, there, "camera");
  rtc_run_until (camera->packets > 100 && got_by (there) > 100);

  g_list_store_remove_all (pair->people[0]);
  g_assert_null (rtc_shown (here, there, "camera"));
  rtc_run_for (200);
  before = got_by (here) + got_by (there);
  rtc_run_for (1000);
  g_assert_cmpuint (got_by (here) + got_by (there), ==, before);
}

/* What the other worker may have missed while the link was down, it is told again. */
static void
test_told_again (Pair *pair, gconstpointer data)
{
  RtcPerson *here = come (pair, 0, 2), *there = come (pair, 1, 2);
  g_autoptr (JsonNode) nothing = json_from_string ("{\"type\":\"demand\",\"unwanted\":[]}", NULL);
  g_autoptr (GError) error = NULL;

  until_shown (there, here);
  rtc_set_seen (&pair->rooms[1], there, FALSE);
  rtc_run_until (!rtc_is_wanted (here, "camera"));
  hub_rtc_take_remote (HUB_RTC (pair->rooms[0].media), nothing, &error);
  g_assert_no_error (error);
  g_assert_true (rtc_is_wanted (here, "camera"));
  g_signal_emit_by_name (pair->links[1], "changed");
  rtc_run_until (!rtc_is_wanted (here, "camera"));
}

/* Two rooms joined by hand, so that each path goes through a relay. */
typedef struct
{
  RtcRoom rooms[2];
  HubLinkPort *ports[2];
  LinkRelay *relays[2];
  RtcPerson *here, *there;
  RtcStream *camera, *voice; /* of who is there, at the page here */
} Relayed;

typedef struct
{
  HubLinkPort *port;
  HubLinkEndpoint peer;
} Connecting;

static void
connect_port (gpointer data)
{
  Connecting *connecting = data;

  hub_link_port_connect (connecting->port, &connecting->peer);
}

/* What the other end is told: the doors of the relays instead of addresses. */
static Connecting *
through_relays (Relayed *f, guint end)
{
  Connecting *connecting = g_new0 (Connecting, 1);
  g_autoptr (JsonNode) endpoint = hub_link_port_get_endpoint (f->ports[1 - end]);
  g_autoptr (GError) error = NULL;

  hub_link_endpoint_parse (&connecting->peer, endpoint, &error);
  g_assert_no_error (error);
  connecting->port = f->ports[end];
  for (guint path = 0; path < 2; path++)
    {
      g_autofree char *door = link_relay_get_door (f->relays[path], end);
      g_autofree char *real = hub_address_print (&connecting->peer.addresses[path]);

      link_relay_set_end (f->relays[path], 1 - end, real);
      g_assert_true (hub_address_parse (&connecting->peer.addresses[path], door, TRUE));
    }
  return connecting;
}

/* How often a worker was told what is not wanted of it. */
static guint n_demands;

static void
on_tell (HubRtc *media, JsonNode *message, gpointer other)
{
  g_autoptr (GError) error = NULL;
  const char *type = karez_json_text (json_node_get_object (message), "type");

  n_demands += g_str_equal (type, "demand") ? 1 : 0;
  hub_rtc_take_remote (other, message, &error);
  g_assert_no_error (error);
}

static void
relayed_up (Relayed *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  n_demands = 0;
  for (guint i = 0; i < 2; i++)
    {
      f->relays[i] = link_relay_new ("127.0.0.1", 30 + i);
      f->relays[i]->delay_ms = 10 + 15 * i;
      rtc_room_up (&f->rooms[i], NULL);
      f->rooms[i].first = 4 * i;
      f->ports[i] = hub_link_port_new (SESSION, i == 0, 1, "127.0.0.1,127.0.0.2", &error);
      g_assert_no_error (error);
      karez_media_set_forwarding (f->rooms[i].media, TRUE);
    }
  for (guint i = 0; i < 2; i++)
    {
      Connecting *connecting = through_relays (f, i);

      g_signal_connect (f->rooms[i].media, "tell", G_CALLBACK (on_tell), f->rooms[1 - i].media);
      hub_rtc_set_port (HUB_RTC (f->rooms[i].media), hub_link_port_get_port (f->ports[i]));
      hub_rtc_call (HUB_RTC (f->rooms[i].media), connect_port, connecting, g_free);
    }
  f->here = rtc_join (&f->rooms[0], 1);
  f->there = rtc_join (&f->rooms[1], 1);
  for (guint i = 0; i < 2; i++)
    {
      const RtcPerson *other = i == 0 ? f->there : f->here;
      const char *const ids[] = { karez_participant_get_id (other->participant), NULL };

      hub_rtc_set_remote_people (HUB_RTC (f->rooms[i].media), ids);
    }
  rtc_until_all_open (&f->rooms[0]);
  rtc_until_all_open (&f->rooms[1]);
  until_shown (f->here, f->there);
  f->camera = rtc_shown (f->here, f->there, "camera");
  f->voice = rtc_shown (f->here, f->there, "microphone");
  rtc_run_until (f->camera->packets > 200 && f->voice->packets > 50);
}

static void
relayed_down (Relayed *f, gconstpointer data)
{
  for (guint i = 0; i < 2; i++)
    rtc_room_down (&f->rooms[i], NULL);
  for (guint i = 0; i < 2; i++)
    link_relay_free (f->relays[i]);
}

static void
cut (Relayed *f, guint path, gboolean on)
{
  f->relays[path]->cut[0] = f->relays[path]->cut[1] = on;
}

/* The longest time without a picture or a voice, while the next @packets of the voice come, us. */
static gint64
longest_gap (Relayed *f, guint64 packets)
{
  guint64 before = f->voice->packets;

  f->camera->longest_gap = f->voice->longest_gap = 0;
  rtc_run_until (f->voice->packets > before + packets);
  return MAX (f->camera->longest_gap, f->voice->longest_gap);
}

/* Instrumented code has gaps of its own. */
#ifdef __SANITIZE_ADDRESS__
#define MOST_GAP_US (MAX (100 * 1000, 3 * whole))
#else
#define MOST_GAP_US (100 * 1000)
#endif

/* One of two paths is cut, the quicker one: it is no event at all. */
static void
test_path_cut (Relayed *f, gconstpointer data)
{
  gint64 whole = longest_gap (f, 150), gap;

  cut (f, 0, TRUE);
  gap = longest_gap (f, 150);
  cut (f, 0, FALSE);
  rtc_run_for (500);
  g_test_message ("longest gap with a path cut %.1f ms, without %.1f ms", gap / 1000.0,
                  whole / 1000.0);
  g_assert_cmpint (gap, <, MOST_GAP_US);
  g_assert_cmpuint (f->camera->receiver.given_up, ==, 0);
}

static gboolean
is_link_up (const RtcPerson *person)
{
  JsonObject *message = rtc_last_message (person, "media.link");

  return message == NULL || karez_json_boolean (message, "up");
}

/* Both are cut: the page is told, and all goes on by itself soon after they are back. */
static void
test_all_cut (Relayed *f, gconstpointer data)
{
  guint64 before;
  gint64 begin;

  cut (f, 0, TRUE);
  cut (f, 1, TRUE);
  rtc_run_until (!is_link_up (f->here) && !is_link_up (f->there));
  rtc_run_for (g_test_slow () ? 8000 : 2000);
  before = f->camera->packets;
  cut (f, 0, FALSE);
  cut (f, 1, FALSE);
  begin = g_get_monotonic_time ();
  rtc_run_until (f->camera->packets > before + 30);
  g_test_message ("seen again %.0f ms after the link was back",
                  (g_get_monotonic_time () - begin) / 1000.0);
  g_assert_cmpint (g_get_monotonic_time () - begin, <, 2 * G_USEC_PER_SEC);
  rtc_run_until (is_link_up (f->here) && is_link_up (f->there));
}

#define TRACK(number, source, codec)                                                               \
  "{\"track\":" number ",\"participant\":\"01930000-0000-7000-8000-000000000002\","                \
  "\"source\":\"" source "\",\"codec\":\"" codec "\",\"on\":true}"
#define TRACKS(two) "{\"type\":\"tracks\",\"wanted\":true,\"tracks\":[" two "]}"

/* How good the others' connections are is known on both sides; what is no measurement is refused
 * whole, and what was known stays. */
static void
test_quality (Relayed *f, gconstpointer data)
{
  static const char *const bad[] = {
    "{\"type\":\"quality\"}",
    "{\"type\":\"quality\",\"people\":[{}]}",
    "{\"type\":\"quality\",\"people\":[{\"participant\":\"x\",\"state\":\"open\"}]}",
    "{\"type\":\"better\",\"people\":[]}",
    "{\"type\":\"demand\"}",
    "{\"type\":\"demand\",\"unwanted\":[\"1\"]}",
    "{\"type\":\"demand\",\"unwanted\":[1,0]}",
    "{\"type\":\"demand\",\"unwanted\":[1,4294967296]}",
    "{\"type\":\"demand\",\"unwanted\":[[]]}",
    "[]",
    /* Places in pages are few: one person of theirs has no more of them than one of ours. */
    TRACKS (TRACK ("1", "camera", "VP8") "," TRACK ("2", "camera", "VP8")),
    TRACKS (TRACK ("1", "microphone", "VP8")),
    TRACKS (TRACK ("1", "screen", "opus")),
  };

  rtc_run_until (quality_of (f->here, f->there) != NULL
                 && karez_json_integer (quality_of (f->here, f->there), "bitrate_in", 0) > 0);
  rtc_run_until (quality_of (f->there, f->here) != NULL);
  g_assert_cmpstr (karez_json_text (quality_of (f->here, f->there), "state"), ==, "open");
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (JsonNode) node = json_from_string (bad[i], NULL);
      g_autoptr (GError) error = NULL;

      g_assert_false (hub_rtc_take_remote (HUB_RTC (f->rooms[0].media), node, &error));
      g_assert_true (karez_error_is_invalid (error));
    }
  rtc_run_for (2500);
  g_assert_nonnull (quality_of (f->here, f->there));
}

/* Datagrams that cross in a second. */
static guint
carried (Relayed *f)
{
  guint before = f->relays[0]->n_carried + f->relays[1]->n_carried;

  rtc_run_for (1000);
  return f->relays[0]->n_carried + f->relays[1]->n_carried - before;
}

/* Nobody at the other hospital looks: pictures do not cross, whoever looks here, and who sends them
 * is told once nobody does at either; a worker that says nothing of it wants all. */
static void
test_unseen (Relayed *f, gconstpointer data)
{
  RtcPerson *beside = rtc_join (&f->rooms[0], 2);
  const char *const ids[] = { karez_participant_get_id (f->here->participant),
                              karez_participant_get_id (beside->participant), NULL };
  RtcStream *camera = rtc_shown (f->there, f->here, "camera");
  RtcStream *voice = rtc_shown (f->there, f->here, "microphone");
  g_autoptr (JsonNode) tracks = NULL;
  g_autoptr (GError) error = NULL;
  guint before, after;
  guint64 heard, seen;
  gint64 begin;

  hub_rtc_set_remote_people (HUB_RTC (f->rooms[1].media), ids);
  rtc_client_want (f->there->client, 1, 1);
  rtc_send_offer (&f->rooms[1], f->there, &error);
  g_assert_no_error (error);
  rtc_take_answer (f->there, NULL);
  rtc_until_all_open (&f->rooms[0]);
  rtc_run_until (rtc_shown (beside, f->here, "camera")->packets > 50 && camera->packets > 50);
  before = carried (f);
  g_assert_cmpuint (n_demands, <=, 2); /* before there was a place for who is beside */
  n_demands = 0;

  rtc_set_seen (&f->rooms[1], f->there, FALSE);
  g_assert_cmpuint (n_demands, ==, 1);
  rtc_run_for (3500);
  heard = voice->packets;
  seen = f->camera->packets;
  after = carried (f);
  g_test_message ("%u datagrams a second cross while all look, %u while one side does not", before,
                  after);
  g_assert_cmpuint (after, <, before * 3 / 5);
  g_assert_cmpuint (voice->packets, >, heard + 30);
  g_assert_cmpuint (f->camera->packets, >, seen + 100);
  g_assert_true (rtc_is_wanted (f->here, "camera") && rtc_is_wanted (f->there, "camera"));

  karez_media_leave (f->rooms[0].media, beside->participant);
  g_clear_pointer (&beside->client, rtc_client_free);
  rtc_run_until (!rtc_is_wanted (f->here, "camera"));
  seen = camera->packets;
  begin = g_get_monotonic_time ();
  rtc_set_seen (&f->rooms[1], f->there, TRUE);
  rtc_run_until (camera->packets > seen);
  g_test_message ("a picture %.0f ms after somebody looks again",
                  (g_get_monotonic_time () - begin) / 1000.0);
  g_assert_cmpint (g_get_monotonic_time () - begin, <, 1000 * 1000);
  g_assert_true (rtc_is_wanted (f->here, "camera"));

  /* Another process takes its place while nobody looks, and has not heard of that. */
  rtc_set_seen (&f->rooms[1], f->there, FALSE);
  rtc_run_until (!rtc_is_wanted (f->here, "camera"));
  tracks = hub_rtc_describe (HUB_RTC (f->rooms[1].media));
  hub_rtc_forget_remote (HUB_RTC (f->rooms[0].media));
  hub_rtc_take_remote (HUB_RTC (f->rooms[0].media), tracks, &error);
  g_assert_no_error (error);
  g_assert_true (rtc_is_wanted (f->here, "camera"));
}

/* A tenth of all datagrams lost on each path: one of them nearly always arrives, and the rest is
 * repaired on the way. */
static void
test_lossy (Relayed *f, gconstpointer data)
{
  guint64 all = f->camera->packets, lost;

  f->camera->receiver.given_up = 0;
  f->relays[0]->loss = f->relays[1]->loss = 0.1;
  rtc_run_for (4000);
  f->relays[0]->loss = f->relays[1]->loss = 0;
  rtc_run_for (500);
  all = f->camera->packets - all;
  lost = f->camera->receiver.given_up + f->camera->receiver.n_missing;
  g_test_message ("%" G_GUINT64_FORMAT " packets, %" G_GUINT64_FORMAT " lost", all, lost);
  g_assert_cmpuint (all, >, 500);
  g_assert_cmpuint (lost, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, function)                                                                        \
  g_test_add ("/rtc/bridge/" name, Pair, NULL, pair_up, function, pair_down)
  ADD ("everybody", test_everybody);
  ADD ("leave", test_leave);
  ADD ("program", test_program);
  ADD ("speaking", test_speaking);
  ADD ("restart", test_restart);
  ADD ("not-let-in", test_not_let_in);
  ADD ("told-again", test_told_again);
#undef ADD
#define ADD(name, function)                                                                        \
  g_test_add ("/rtc/bridge/" name, Relayed, NULL, relayed_up, function, relayed_down)
  ADD ("path-cut", test_path_cut);
  ADD ("all-cut", test_all_cut);
  ADD ("quality", test_quality);
  ADD ("unseen", test_unseen);
  ADD ("lossy", test_lossy);
  return g_test_run ();
}
