/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a program is given of who sends, and what that costs those who look. */
#include "hub-rtc-picture.h"
#include "hub-rtc-tap.h"
#include "rtc-people.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* What came out of a tap. */
typedef struct
{
  int fd;
  guint64 packets, gaps, missing;
  guint32 track; /* the newest */
  guint16 sequence;
  gint64 arrival;
  gboolean first_begins; /* the first packet, and each after a gap, begins a whole picture */
} Program;

static void
open_tap (Program *program, RtcRoom *room, const RtcPerson *whom, const char *source)
{
  g_autoptr (GError) error = NULL;

  *program = (Program){ .first_begins = TRUE };
  program->fd = karez_media_tap (room->media, karez_participant_get_id (whom->participant), source,
                                 &error);
  g_assert_no_error (error);
  g_assert_cmpint (program->fd, >=, 0);
}

static void
take_packet (Program *program, const KarezTapPacket *head, const guint8 *bytes)
{
  gboolean begins = program->packets == 0 || head->flags & KAREZ_TAP_GAP
                    || head->track != program->track;
  HubRtp packet;

  g_assert_true (hub_rtp_parse (&packet, bytes, head->size));
  g_assert_cmpuint (packet.payload_type, ==, KAREZ_TAP_PAYLOAD_TYPE);
  g_assert_cmpuint (packet.ssrc, ==, head->track);
  g_assert_cmpint (head->arrival, <=, g_get_monotonic_time ());
  g_assert_cmpint (head->arrival, >=, program->arrival - G_USEC_PER_SEC);
  program->arrival = head->arrival;
  if (begins && head->codec != KAREZ_CODEC_OPUS)
    program->first_begins &= hub_rtc_picture_begins ((HubCodec) head->codec, packet.payload,
                                                     packet.payload_length);
  if (!begins && packet.sequence != (guint16) (program->sequence + 1))
    program->missing++;
  program->gaps += (head->flags & KAREZ_TAP_GAP) != 0;
  program->sequence = packet.sequence;
  program->track = head->track;
  program->packets++;
}

/* All that is there. FALSE once it is closed. */
static gboolean
read_tap (Program *program)
{
  static guint8 message[KAREZ_TAP_MAX_SIZE] __attribute__ ((aligned (8)));
  gssize n;

  while ((n = recv (program->fd, message, sizeof message, MSG_DONTWAIT)) > 0)
    for (gssize at = 0; at < n;)
      {
        KarezTapPacket head;

        g_assert_cmpint (n - at, >, sizeof head);
        memcpy (&head, message + at, sizeof head);
        at += sizeof head;
        g_assert_cmpint (head.size, <=, n - at);
        take_packet (program, &head, message + at);
        at += (head.size + KAREZ_TAP_ALIGN - 1) / KAREZ_TAP_ALIGN * KAREZ_TAP_ALIGN;
      }
  return n != 0;
}

/* Nothing before it is allowed; then a whole picture first, and nothing is missing. */
static void
test_read (RtcRoom *room, gconstpointer data)
{
  RtcPerson *first = rtc_join (room, 1), *second = rtc_join (room, 1);
  Program picture, voice;

  open_tap (&picture, room, second, "camera");
  open_tap (&voice, room, second, "microphone");
  rtc_until_all_open (room);
  rtc_run_for (400);
  g_assert_true (read_tap (&picture));
  g_assert_cmpuint (picture.packets, ==, 0);
  karez_media_set_forwarding (room->media, TRUE);
  rtc_run_until (read_tap (&picture) && read_tap (&voice) && picture.packets > 200
                 && voice.packets > 20);
  g_assert_true (picture.first_begins);
  g_assert_cmpuint (picture.missing + voice.missing, ==, 0);
  g_assert_cmpuint (picture.track, !=, voice.track);
  g_assert_cmpuint (rtc_shown (first, second, "camera")->receiver.n_missing, ==, 0);
  /* No more once it is not allowed, and a whole picture when it is again. */
  karez_media_set_forwarding (room->media, FALSE);
  rtc_run_for (200);
  read_tap (&picture);
  picture.packets = 0;
  rtc_run_for (300);
  read_tap (&picture);
  g_assert_cmpuint (picture.packets, ==, 0);
  karez_media_set_forwarding (room->media, TRUE);
  rtc_run_until (read_tap (&picture) && picture.packets > 100);
  g_assert_true (picture.first_begins);
  close (picture.fd);
  close (voice.fd);
}

/* A picture at which nobody but a program looks is sent, as long as there is the program. */
static void
test_looks (RtcRoom *room, gconstpointer data)
{
  RtcPerson *first = rtc_join (room, 1), *second = rtc_join (room, 1);
  Program program;

  karez_media_set_forwarding (room->media, TRUE);
  rtc_until_all_open (room);
  open_tap (&program, room, second, "camera");
  rtc_set_seen (room, first, FALSE);
  rtc_run_for (3600);
  g_assert_true (rtc_is_wanted (second, "camera"));
  close (program.fd);
  rtc_run_until (!rtc_is_wanted (second, "camera"));
  open_tap (&program, room, second, "camera");
  rtc_run_until (rtc_is_wanted (second, "camera"));
  close (program.fd);
}

/* A program that reads nothing loses packets, and nobody else does. */
static void
test_slow (RtcRoom *room, gconstpointer data)
{
  RtcPerson *first = rtc_join (room, 1), *second = rtc_join (room, 1);
  guint64 before, asked;
  Program program;

  karez_media_set_forwarding (room->media, TRUE);
  rtc_until_all_open (room);
  open_tap (&program, room, second, "camera");
  before = rtc_shown (first, second, "camera")->packets;
  asked = rtc_client_get_asked_pictures (second->client);
  rtc_run_until (rtc_shown (first, second, "camera")->packets > before + 1500);
  /* No picture is asked for that there is no room for. */
  g_assert_cmpuint (rtc_client_get_asked_pictures (second->client), <=, asked + 3);
  g_assert_cmpuint (rtc_shown (first, second, "camera")->receiver.n_missing, ==, 0);
  rtc_run_until (read_tap (&program) && program.gaps > 0);
  rtc_run_until (read_tap (&program) && program.packets > 100);
  g_assert_true (program.first_begins);
  g_assert_cmpuint (program.missing, ==, 0);
  close (program.fd);
}

/* A byte asks for a whole picture; many ask for no more than one in half a second. */
static void
test_asks (RtcRoom *room, gconstpointer data)
{
  RtcPerson *first = rtc_join (room, 1), *second = rtc_join (room, 1);
  guint64 before;
  gint64 began;
  Program program;

  karez_media_set_forwarding (room->media, TRUE);
  rtc_until_all_open (room);
  open_tap (&program, room, second, "camera");
  rtc_run_until (read_tap (&program) && program.packets > 50
                 && rtc_shown (first, second, "camera")->packets > 50);
  before = rtc_client_get_asked_pictures (second->client);
  began = g_get_monotonic_time ();
  for (guint i = 0; i < 1000; i++)
    {
      send (program.fd, "?", 1, MSG_DONTWAIT);
      if (i % 10 == 0)
        rtc_run_for (10);
      read_tap (&program);
    }
  rtc_run_until (rtc_client_get_asked_pictures (second->client) > before);
  g_assert_cmpuint (rtc_client_get_asked_pictures (second->client) - before, <=,
                    2 + (guint64) (g_get_monotonic_time () - began) / HUB_RTC_PICTURE_US);
  close (program.fd);
}

/* It stays when a page goes, and follows the next one. */
static void
test_follows (RtcRoom *room, gconstpointer data)
{
  RtcPerson *first = rtc_join (room, 1), *second = rtc_join (room, 1);
  const RtcClientConfig config = {
    .audio = TRUE, .video = TRUE, .receive_audio = 1, .receive_video = 1, .signature = 9
  };
  g_autoptr (GError) error = NULL;
  guint32 track;
  Program program;

  karez_media_set_forwarding (room->media, TRUE);
  open_tap (&program, room, second, "camera");
  rtc_until_all_open (room);
  rtc_run_until (read_tap (&program) && program.packets > 50);
  track = program.track;
  g_clear_pointer (&second->client, rtc_client_free);
  karez_media_leave (room->media, second->participant);
  rtc_run_for (200);
  read_tap (&program);
  program.packets = 0;
  rtc_run_for (200);
  g_assert_true (read_tap (&program));
  g_assert_cmpuint (program.packets, ==, 0);
  g_free (second->token);
  second->token = g_strdup ("another-connection");
  second->client = rtc_client_new (&config);
  rtc_send_offer (room, second, &error);
  g_assert_no_error (error);
  rtc_take_answer (second, NULL);
  rtc_run_until (read_tap (&program) && program.packets > 50);
  g_assert_cmpuint (program.track, !=, track);
  g_assert_true (program.first_begins);
  g_assert_nonnull (first);
  close (program.fd);
}

/* Programs come and go, say what they should not, and close one half or both. */
static void
test_churn (RtcRoom *room, gconstpointer data)
{
  RtcPerson *people[] = { rtc_join (room, 1), rtc_join (room, 1) };
  g_autoptr (GRand) rand = g_rand_new_with_seed (3);
  guint8 message[4096];
  int fds[KAREZ_MEDIA_MAX_TAPS];

  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    fds[i] = -1;
  rtc_until_all_open (room);
  for (guint i = 0; i < 1000; i++)
    {
      guint k = (guint) g_rand_int_range (rand, 0, G_N_ELEMENTS (fds));
      const char *id = karez_participant_get_id (
          people[g_rand_int_range (rand, 0, 2)]->participant);

      if (i % 50 == 0)
        karez_media_set_forwarding (room->media, (i / 50) % 2);
      if (fds[k] >= 0)
        close (fds[k]);
      fds[k] = fds[k] >= 0 ? -1 : karez_media_tap (room->media, id, "camera", NULL);
      for (guint j = 0; j < G_N_ELEMENTS (fds); j++)
        {
          send (fds[j], "???", (gsize) g_rand_int_range (rand, 0, 4), MSG_DONTWAIT | MSG_NOSIGNAL);
          recv (fds[j], message, sizeof message, MSG_DONTWAIT);
          if (g_rand_int_range (rand, 0, 40) == 0)
            shutdown (fds[j], g_rand_int_range (rand, SHUT_RD, SHUT_RDWR + 1));
        }
      if (i == 500)
        {
          g_clear_pointer (&people[1]->client, rtc_client_free);
          karez_media_leave (room->media, people[1]->participant);
        }
      if (i % 10 == 0)
        rtc_run_for (2);
    }
  /* The room ends with the rest. */
  for (guint i = 0; i < G_N_ELEMENTS (fds); i += 2)
    if (fds[i] >= 0)
      close (fds[i]);
}

/* One tap, by hand. */

static void
put (HubRtcTap *tap, guint index, guint16 length, gboolean begins)
{
  HubRtpPacket packet = { .index = index, .length = length };

  /* RFC 7741: the start of a partition, and a picture that needs no other one. */
  memset (packet.payload, 0x55, length);
  packet.payload[0] = begins ? 0x10 : 0;
  packet.payload[1] = begins ? 0 : 1;
  hub_rtc_tap_put (tap, &packet);
}

static HubRtcTap *
make_tap (HubRtcTrack *track, int *fd)
{
  int ends[2];
  HubRtcTap *tap;

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), ==, 0);
  tap = hub_rtc_tap_new (1, ends[0]);
  hub_rtc_tap_feed (tap, track);
  *fd = ends[1];
  return tap;
}

/* Between packets there is nothing of anybody's memory. */
static void
test_padding (void)
{
  static guint8 message[KAREZ_TAP_MAX_SIZE];
  HubRtcTrack *track = hub_rtc_track_new (7, HUB_CODEC_OPUS);
  int fd = -1;
  HubRtcTap *tap = make_tap (track, &fd);
  gssize n;

  memset (tap->bytes, 0xaa, sizeof tap->bytes);
  for (guint i = 0; i < 100; i++)
    put (tap, i, 61, FALSE);
  hub_rtc_tap_flush (tap);
  n = recv (fd, message, sizeof message, MSG_DONTWAIT);
  g_assert_cmpint (n, >, 0);
  for (gssize at = 0; at < n;)
    {
      KarezTapPacket head;

      memcpy (&head, message + at, sizeof head);
      for (at += sizeof head + head.size; at % KAREZ_TAP_ALIGN != 0; at++)
        g_assert_cmpuint (message[at], ==, 0);
    }
  hub_rtc_tap_free (tap);
  hub_rtc_track_free (track);
  close (fd);
}

/* A program that was behind goes on with a whole picture, wherever in a batch the room ended. */
static void
test_behind (void)
{
  HubRtcTrack *track = hub_rtc_track_new (7, HUB_CODEC_VP8);
  Program program = { .first_begins = TRUE };
  HubRtcTap *tap = make_tap (track, &program.fd);
  guint index = 0;

  put (tap, index++, 1400, TRUE);
  hub_rtc_tap_flush (tap);
  while (!tap->waiting)
    {
      for (guint i = 0; i < 20; i++)
        put (tap, index++, 1400, FALSE);
      hub_rtc_tap_flush (tap);
    }
  for (guint i = 0; i < 60; i++)
    put (tap, index++, 1400, i == 0);
  g_assert_true (read_tap (&program));
  for (guint i = 0; i < 20; i++)
    {
      hub_rtc_tap_flush (tap);
      put (tap, index++, 1400, i == 10);
    }
  hub_rtc_tap_flush (tap);
  g_assert_true (read_tap (&program));
  g_assert_cmpuint (program.gaps, >=, 1);
  g_assert_true (program.first_begins);
  hub_rtc_tap_free (tap);
  hub_rtc_track_free (track);
  close (program.fd);
}

static void
test_bounded (RtcRoom *room, gconstpointer data)
{
  RtcPerson *first = rtc_join (room, 1);
  const char *id = karez_participant_get_id (first->participant);
  g_autoptr (GError) error = NULL;
  int fds[KAREZ_MEDIA_MAX_TAPS], more = -1;

  g_assert_cmpint (karez_media_tap (room->media, id, "scene", &error), ==, -1);
  g_assert_cmpstr (karez_error_get_rule (error), ==, "rtc/source");
  g_clear_error (&error);
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    fds[i] = karez_media_tap (room->media, i == 0 ? "nobody" : id, "camera", NULL);
  g_assert_cmpint (karez_media_tap (room->media, id, "camera", &error), ==, -1);
  g_assert_cmpstr (karez_error_get_rule (error), ==, "media/taps");
  close (fds[0]);
  rtc_run_until ((more = karez_media_tap (room->media, id, "camera", NULL)) >= 0);
  close (more);
  /* The room ends with the rest. */
  for (guint i = 1; i < G_N_ELEMENTS (fds); i++)
    close (fds[i]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, func) g_test_add (path, RtcRoom, NULL, rtc_room_up, func, rtc_room_down)
  ADD ("/rtc/taps/read", test_read);
  ADD ("/rtc/taps/looks", test_looks);
  ADD ("/rtc/taps/slow", test_slow);
  ADD ("/rtc/taps/asks", test_asks);
  ADD ("/rtc/taps/follows", test_follows);
  ADD ("/rtc/taps/churn", test_churn);
  ADD ("/rtc/taps/bounded", test_bounded);
  g_test_add_func ("/rtc/taps/padding", test_padding);
  g_test_add_func ("/rtc/taps/behind", test_behind);
  return g_test_run ();
}
