/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a program sends in somebody's name: shown as what their page sends, and no danger. */
#include "hub-rtc-intake.h"
#include "rtc-people.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct
{
  int fd;
  guint16 sequence;
  guint32 timestamp;
  guint asked; /* for whole pictures */
} Program;

static void
publish (Program *program, RtcRoom *room, const RtcPerson *whom)
{
  g_autoptr (GError) error = NULL;

  karez_media_join (room->media, whom->participant);
  *program = (Program){ .sequence = 65530, .timestamp = G_MAXUINT32 - 9000 };
  program->fd = karez_media_publish (room->media, karez_participant_get_id (whom->participant),
                                     "screen", KAREZ_CODEC_VP8, &error);
  g_assert_no_error (error);
  g_assert_cmpint (program->fd, >=, 0);
}

static gsize
write_packet (Program *program, gboolean key, guint64 capture, guint8 *out)
{
  guint8 payload[600] = { 0x10, key ? 0x00 : 0x01, 0x00, 0x9d, 0x01, 0x2a };
  const HubRtp fields = { .payload_type = 33,
                          .marker = TRUE,
                          .sequence = program->sequence++,
                          .timestamp = program->timestamp,
                          .ssrc = 77 };
  const HubRtpExtensionMap none = { 0 };
  const HubRtpExtensions nothing = { { 0 } };
  KarezTapPacket head = { .codec = KAREZ_CODEC_VP8, .capture = capture };
  gsize length = hub_rtp_write (&fields, &none, &nothing, out + sizeof head);

  program->timestamp += 3000;
  memcpy (out + sizeof head + length, payload, sizeof payload);
  length += sizeof payload;
  head.size = (guint16) length;
  memcpy (out, &head, sizeof head);
  return sizeof head + (length + KAREZ_TAP_ALIGN - 1) / KAREZ_TAP_ALIGN * KAREZ_TAP_ALIGN;
}

/* What it is asked for; FALSE once it is over. */
static gboolean
read_asked (Program *program)
{
  guint8 byte;
  gssize n;

  while ((n = recv (program->fd, &byte, 1, MSG_DONTWAIT)) > 0)
    program->asked++;
  return n != 0 && (n > 0 || errno == EAGAIN);
}

/* Two pictures in a message, as a program at 30 Hz sends them. */
static gboolean
send_pictures (Program *program, guint64 capture)
{
  guint8 message[2048] __attribute__ ((aligned (KAREZ_TAP_ALIGN)));
  gboolean key = program->asked > 0;
  gsize length = write_packet (program, key, capture, message);

  length += write_packet (program, FALSE, 0, message + length);
  program->asked = 0;
  return send (program->fd, message, length, MSG_NOSIGNAL | MSG_DONTWAIT) == (gssize) length;
}

static gboolean
play (Program *program)
{
  return read_asked (program) && (send_pictures (program, 0) || TRUE);
}

/* It is asked for a whole picture, is shown as any other, and over when it is closed. */
static void
test_shown (RtcRoom *room, gconstpointer data)
{
  RtcPerson *first = rtc_join (room, 2), *second = rtc_join (room, 2);
  g_autoptr (JsonNode) described = NULL;
  g_autofree char *text = NULL;
  RtcStream *stream;
  Program program;

  karez_media_set_forwarding (room->media, TRUE);
  rtc_until_all_open (room);
  publish (&program, room, first);
  described = hub_rtc_describe (HUB_RTC (room->media));
  text = karez_json_print (described);
  g_assert_nonnull (strstr (text, "\"screen\""));
  rtc_run_until ((stream = rtc_shown (second, first, "screen")) != NULL);
  rtc_run_until (play (&program) && stream->packets > 100);
  g_assert_cmpuint (stream->keys, >, 0);
  g_assert_cmpuint (stream->receiver.n_missing, ==, 0);
  g_assert_null (rtc_shown (first, first, "screen"));
  g_assert_cmpuint (rtc_shown (second, first, "camera")->receiver.n_missing, ==, 0);
  close (program.fd);
  rtc_run_until (rtc_shown (second, first, "screen") == NULL);
  /* Another one may come. */
  publish (&program, room, first);
  rtc_run_until ((stream = rtc_shown (second, first, "screen")) != NULL);
  close (program.fd);
}

/* What is tapped says when it was taken, and nothing comes out while nothing is passed on. */
static void
test_tapped (RtcRoom *room, gconstpointer data)
{
  static guint8 message[KAREZ_TAP_MAX_SIZE] __attribute__ ((aligned (KAREZ_TAP_ALIGN)));
  RtcPerson *first = rtc_join (room, 1);
  const guint64 taken = G_GUINT64_CONSTANT (4005000000) << 32;
  KarezTapPacket head;
  Program program;
  int tap;

  rtc_until_all_open (room);
  publish (&program, room, first);
  tap = karez_media_tap (room->media, karez_participant_get_id (first->participant), "screen",
                         NULL);
  for (guint i = 0; i < 20; i++)
    {
      read_asked (&program);
      program.asked = 1;
      send_pictures (&program, taken);
      rtc_run_for (10);
    }
  g_assert_cmpint (recv (tap, message, sizeof message, MSG_DONTWAIT), <, 0);
  karez_media_set_forwarding (room->media, TRUE);
  rtc_run_until (read_asked (&program) && (send_pictures (&program, taken) || TRUE)
                 && recv (tap, message, sizeof message, MSG_DONTWAIT) > 0);
  memcpy (&head, message, sizeof head);
  g_assert_cmpuint (head.capture, ==, taken);
  g_assert_cmpuint (head.codec, ==, KAREZ_CODEC_VP8);
  close (tap);
  close (program.fd);
}

static void
assert_refused (RtcRoom *room, const char *id, const char *source, KarezCodec codec,
                const char *rule)
{
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (karez_media_publish (room->media, id, source, codec, &error), ==, -1);
  g_assert_cmpstr (karez_error_get_rule (error), ==, rule);
}

static void
test_refused (RtcRoom *room, gconstpointer data)
{
  RtcPerson *first = rtc_join (room, 1);
  const char *id = karez_participant_get_id (first->participant);
  Program program;

  rtc_until_all_open (room);
  karez_media_join (room->media, first->participant);
  assert_refused (room, id, "scene", KAREZ_CODEC_VP8, "rtc/source");
  assert_refused (room, id, "screen", KAREZ_CODEC_OPUS, "media/codec");
  assert_refused (room, id, "microphone", KAREZ_CODEC_H264, "media/codec");
  assert_refused (room, "01a20000-0000-7000-8000-0000000000ff", "screen", KAREZ_CODEC_VP8,
                  "media/participant");
  assert_refused (room, id, "camera", KAREZ_CODEC_VP8, "media/published");
  publish (&program, room, first);
  assert_refused (room, id, "screen", KAREZ_CODEC_VP8, "media/published");
  close (program.fd);
}

/* It is over when the person is gone. */
static void
test_leaves (RtcRoom *room, gconstpointer data)
{
  RtcPerson *first = rtc_join (room, 2), *second = rtc_join (room, 2);
  Program program;

  karez_media_set_forwarding (room->media, TRUE);
  rtc_until_all_open (room);
  publish (&program, room, first);
  rtc_run_until (rtc_shown (second, first, "screen") != NULL);
  karez_media_leave (room->media, first->participant);
  rtc_run_until (!read_asked (&program));
  g_assert_null (rtc_shown (second, first, "screen"));
  assert_refused (room, karez_participant_get_id (first->participant), "screen", KAREZ_CODEC_VP8,
                  "media/participant");
  close (program.fd);
}

/* The page itself sends it: that is shown, and the program's is over. */
static void
test_page (RtcRoom *room, gconstpointer data)
{
  RtcPerson *second = rtc_join (room, 1), *first = rtc_add_person (room);
  const RtcClientConfig config = { .audio = TRUE, .video = TRUE, .signature = 9 };
  g_autoptr (GError) error = NULL;
  RtcStream *camera;
  Program program = { 0 };

  karez_media_set_forwarding (room->media, TRUE);
  karez_media_join (room->media, first->participant);
  program.fd = karez_media_publish (room->media, karez_participant_get_id (first->participant),
                                    "camera", KAREZ_CODEC_VP8, &error);
  g_assert_no_error (error);
  rtc_run_until ((camera = rtc_shown (second, first, "camera")) != NULL);
  rtc_run_until (play (&program) && camera->packets > 10);
  first->client = rtc_client_new (&config);
  rtc_send_offer (room, first, &error);
  g_assert_no_error (error);
  rtc_take_answer (first, NULL);
  rtc_run_until (!read_asked (&program));
  rtc_run_until ((camera = rtc_shown (second, first, "camera")) != NULL && camera->signature == 9);
  close (program.fd);
}

/* Nonsense, and as much as goes in: nobody else loses anything, and the room goes on. */
static void
test_hostile (RtcRoom *room, gconstpointer data)
{
  static guint8 message[KAREZ_TAP_MAX_SIZE] __attribute__ ((aligned (KAREZ_TAP_ALIGN)));
  RtcPerson *first = rtc_join (room, 2), *second = rtc_join (room, 2);
  gint64 end = g_get_monotonic_time () + 2 * G_USEC_PER_SEC;
  RtcStream *camera, *stream;
  Program program;
  guint64 before;

  karez_media_set_forwarding (room->media, TRUE);
  rtc_until_all_open (room);
  publish (&program, room, first);
  rtc_run_until ((stream = rtc_shown (second, first, "screen")) != NULL);
  camera = rtc_shown (second, first, "camera");
  while (g_get_monotonic_time () < end)
    {
      gsize length = (gsize) g_test_rand_int_range (1, sizeof message);

      for (gsize at = 0; at < length; at++)
        message[at] = (guint8) g_test_rand_int ();
      if (g_test_rand_bit ())
        length = write_packet (&program, TRUE, 0, message);
      if (length > 16 && g_test_rand_bit ())
        message[g_test_rand_int_range (0, 30)] = (guint8) g_test_rand_int ();
      if (send (program.fd, message, length, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
        rtc_run_for (5);
    }
  before = camera->packets;
  rtc_run_until (camera->packets > before + 100);
  g_assert_cmpuint (camera->receiver.n_missing, ==, 0);
  rtc_run_until (play (&program) && stream->packets > 10);
  close (program.fd);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, func) g_test_add (path, RtcRoom, NULL, rtc_room_up, func, rtc_room_down)
  ADD ("/rtc/intakes/shown", test_shown);
  ADD ("/rtc/intakes/tapped", test_tapped);
  ADD ("/rtc/intakes/refused", test_refused);
  ADD ("/rtc/intakes/leaves", test_leaves);
  ADD ("/rtc/intakes/page", test_page);
  ADD ("/rtc/intakes/hostile", test_hostile);
  return g_test_run ();
}
