/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tracker as a program: what it reads from a tap, and says on its channel. */
#include "guidance-clip.h"

#include <errno.h>
#include <fcntl.h>
#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <karez.h>
#include <math.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define FRAMES 120u
#define WIDE (2 * GUIDANCE_CLIP_WIDTH)
#define HIGH (2 * GUIDANCE_CLIP_HEIGHT)
/* Soon, it begins again from 0. */
#define FIRST_TICK 4294800000u
#define X264_BEGINS (1000 * 3600 * GST_SECOND)
#define FRAME_TICKS (90000 / GUIDANCE_CLIP_RATE)
/* 2026-11-30, as NTP has it. */
#define CAPTURE_S G_GUINT64_CONSTANT (4005000000)
#define MAX_PACKETS 64

typedef struct
{
  guint8 *bytes;
  gsize size;
} Packet;

/* One clip as a sender would send it. */
typedef struct
{
  GuidanceClip *clip;
  KarezCodec codec;
  GPtrArray *frames; /* GArray of Packet */
} Stream;

typedef struct
{
  pid_t process;
  int channel, tap;
  guint32 track;
  guint n_answers, n_shown, n_anew;
  GArray *errors; /* double, parts of the width */
  const Stream *stream;
  guint drawn; /* the frame that the mark is on */
  GuidancePoint at;
  char rule[64]; /* of the last refusal */
  gboolean pulse, marked;
} Tracker;

/* Streams. */

static void
packet_clear (gpointer data)
{
  g_free (((Packet *) data)->bytes);
}

static void
give (GstElement *source, GuidanceClip *clip, guint n)
{
  const guint8 *grey = guidance_clip_get_frame (clip, n);
  guint8 *frame = g_malloc (WIDE * HIGH * 3 / 2);
  GstBuffer *buffer;

  memset (frame, 128, WIDE * HIGH * 3 / 2);
  for (guint y = 0; y < HIGH; y++)
    for (guint x = 0; x < WIDE; x++)
      frame[y * WIDE + x] = grey[y / 2 * GUIDANCE_CLIP_WIDTH + x / 2];
  buffer = gst_buffer_new_wrapped (frame, WIDE * HIGH * 3 / 2);
  GST_BUFFER_PTS (buffer) = gst_util_uint64_scale (n, GST_SECOND, GUIDANCE_CLIP_RATE);
  g_assert_cmpint (gst_app_src_push_buffer (GST_APP_SRC (source), buffer), ==, GST_FLOW_OK);
}

static void
keep (Stream *self, GstBuffer *buffer)
{
  Packet packet = { 0 };
  /* x264enc counts from a thousand hours on. */
  guint n = (guint) gst_util_uint64_scale_round (GST_BUFFER_PTS (buffer) % X264_BEGINS,
                                                 GUIDANCE_CLIP_RATE, GST_SECOND);
  guint32 rtp_time = FIRST_TICK + n * FRAME_TICKS;

  packet.size = gst_buffer_get_size (buffer);
  packet.bytes = g_malloc (packet.size);
  gst_buffer_extract (buffer, 0, packet.bytes, packet.size);
  for (guint i = 0; i < 4; i++)
    packet.bytes[4 + i] = (guint8) (rtp_time >> (24 - 8 * i));
  g_assert_cmpuint (n, <, FRAMES);
  g_array_append_val ((GArray *) self->frames->pdata[n], packet);
}

static Stream *
stream_new (GuidanceClipKind kind, KarezCodec codec)
{
  const char *encoder = codec == KAREZ_CODEC_VP8
                            ? "vp8enc deadline=1 cpu-used=8 threads=1 target-bitrate=800000 "
                              "! rtpvp8pay picture-id-mode=2"
                            : "x264enc tune=zerolatency speed-preset=ultrafast threads=1 "
                              "bitrate=800 key-int-max=60 "
                              "! video/x-h264,profile=constrained-baseline "
                              "! rtph264pay config-interval=-1 aggregate-mode=zero-latency";
  g_autofree char *text = g_strdup_printf (
      "appsrc name=from format=time caps=video/x-raw,format=I420,width=%d,height=%d,framerate=%d/1 "
      "! %s mtu=1200 ! appsink name=to sync=false",
      WIDE, HIGH, GUIDANCE_CLIP_RATE, encoder);
  g_autoptr (GError) error = NULL;
  g_autoptr (GstElement) pipeline = gst_parse_launch (text, &error), from = NULL, to = NULL;
  Stream *self = g_new0 (Stream, 1);
  GstSample *sample;

  g_assert_no_error (error);
  self->clip = guidance_clip_new (kind, 3);
  self->codec = codec;
  self->frames = g_ptr_array_new_with_free_func ((GDestroyNotify) g_array_unref);
  for (guint i = 0; i < FRAMES; i++)
    {
      GArray *packets = g_array_new (FALSE, FALSE, sizeof (Packet));

      g_array_set_clear_func (packets, packet_clear);
      g_ptr_array_add (self->frames, packets);
    }
  from = gst_bin_get_by_name (GST_BIN (pipeline), "from");
  to = gst_bin_get_by_name (GST_BIN (pipeline), "to");
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  for (guint i = 0; i < FRAMES; i++)
    give (from, self->clip, i);
  gst_app_src_end_of_stream (GST_APP_SRC (from));
  while ((sample = gst_app_sink_pull_sample (GST_APP_SINK (to))) != NULL)
    {
      keep (self, gst_sample_get_buffer (sample));
      gst_sample_unref (sample);
    }
  gst_element_set_state (pipeline, GST_STATE_NULL);
  return self;
}

static void
stream_free (Stream *self)
{
  guidance_clip_free (self->clip);
  g_ptr_array_unref (self->frames);
  g_free (self);
}

/* The program. */

static void
start (Tracker *self)
{
  char *arguments[] = { (char *) g_getenv ("KAREZ_TEST_TRACKER"), NULL };
  int pair[2];

  *self = (Tracker){ .tap = -1, .track = 1 };
  self->errors = g_array_new (FALSE, FALSE, sizeof (double));
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_SEQPACKET, 0, pair), ==, 0);
  self->channel = fcntl (pair[0], F_DUPFD_CLOEXEC, 10);
  close (pair[0]);
  self->process = fork ();
  if (self->process == 0)
    {
      dup2 (pair[1], 3);
      execv (arguments[0], arguments);
      _exit (127);
    }
  close (pair[1]);
}

static void
say (Tracker *self, const char *text, int fd)
{
  union
  {
    struct cmsghdr header;
    char space[CMSG_SPACE (sizeof (int))];
  } control = { 0 };
  struct iovec part = { (gpointer) text, strlen (text) };
  struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };

  if (fd >= 0)
    {
      message.msg_control = control.space;
      message.msg_controllen = sizeof control.space;
      control.header.cmsg_level = SOL_SOCKET;
      control.header.cmsg_type = SCM_RIGHTS;
      control.header.cmsg_len = CMSG_LEN (sizeof fd);
      memcpy (CMSG_DATA (&control.header), &fd, sizeof fd);
    }
  g_assert_cmpint (sendmsg (self->channel, &message, MSG_NOSIGNAL), ==, strlen (text));
}

static void
open_tap (Tracker *self)
{
  int pair[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_SEQPACKET, 0, pair), ==, 0);
  self->tap = fcntl (pair[0], F_DUPFD_CLOEXEC, 10);
  close (pair[0]);
  say (self, "{\"type\": \"track\"}", pair[1]);
  close (pair[1]);
}

static void
finish (Tracker *self)
{
  int status = 0;

  close (self->channel);
  if (self->tap >= 0)
    close (self->tap);
  g_assert_cmpint (waitpid (self->process, &status, 0), ==, self->process);
  g_assert_true (WIFEXITED (status));
  g_assert_cmpint (WEXITSTATUS (status), ==, 0);
  g_array_unref (self->errors);
}

/* Answers. */

static void
take_position (Tracker *self, JsonObject *mark, guint n)
{
  GuidancePoint now;
  double error;

  if (!json_object_get_boolean_member (mark, "shown"))
    return;
  self->n_shown++;
  guidance_clip_find (self->stream->clip, self->drawn, &self->at, n, &now);
  error = hypot (json_object_get_double_member (mark, "x") - now.x,
                 (json_object_get_double_member (mark, "y") - now.y) * HIGH / WIDE);
  g_array_append_val (self->errors, error);
}

static void
take_marks (Tracker *self, JsonObject *object)
{
  JsonArray *marks = json_object_get_array_member (object, "marks");
  guint32 rtp_time = (guint32) json_object_get_int_member (object, "rtp_time");
  guint n = (rtp_time - FIRST_TICK + FRAME_TICKS / 2) / FRAME_TICKS;
  gint64 capture = json_object_get_int_member (object, "capture");

  g_assert_cmpuint (n, <, FRAMES);
  g_assert_cmpint (ABS (capture - (gint64) (CAPTURE_S * G_USEC_PER_SEC)
                        - (gint64) n * G_USEC_PER_SEC / GUIDANCE_CLIP_RATE),
                   <, 1000);
  self->n_answers++;
  for (guint i = 0; i < json_array_get_length (marks); i++)
    take_position (self, json_array_get_object_element (marks, i), n);
}

static void
take_answer (Tracker *self, const guint8 *bytes, gsize size)
{
  g_autoptr (GBytes) packet = g_bytes_new (bytes, size);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = NULL;
  JsonObject *object;
  const char *type;

  if (size == 1 && bytes[0] == 0)
    {
      self->pulse = TRUE;
      return;
    }
  node = karez_json_parse (packet, 0, &error);
  g_assert_no_error (error);
  object = json_node_get_object (node);
  type = karez_json_text (object, "type");
  if (g_str_equal (type, "marks"))
    take_marks (self, object);
  else if (g_str_equal (type, "anew"))
    self->n_anew++;
  else if (g_str_equal (type, "refused"))
    g_strlcpy (self->rule, karez_json_text (object, "rule"), sizeof self->rule);
  else
    g_assert_not_reached ();
}

/* What comes within @ms. */
static void
listen_for (Tracker *self, int ms)
{
  static guint8 bytes[KAREZ_PROGRAM_MAX_SIZE];
  gint64 end = g_get_monotonic_time () + ms * 1000;
  int left = ms;

  do
    {
      struct pollfd one = { self->channel, POLLIN, 0 };

      /* nocheck:blocked -- it plays a tap and a live half, in turn */
      if (poll (&one, 1, left) > 0)
        {
          gssize n = recv (self->channel, bytes, sizeof bytes, MSG_DONTWAIT);

          g_assert_cmpint (n, >, 0);
          take_answer (self, bytes, (gsize) n);
        }
      left = (int) MAX ((end - g_get_monotonic_time ()) / 1000, 0);
    }
  while (left > 0);
}

static void
check_pulse (Tracker *self)
{
  self->pulse = FALSE;
  g_assert_cmpint (send (self->channel, "", 1, MSG_NOSIGNAL), ==, 1);
  for (guint i = 0; i < 100 && !self->pulse; i++)
    listen_for (self, 50);
  g_assert_true (self->pulse);
}

/* One packet as a tap gives it; the capture time is in a frame's first. */
static void
send_packet (Tracker *self, const Packet *packet, guint frame, gboolean first)
{
  static guint8 message[4096];
  guint64 us = (guint64) frame * G_USEC_PER_SEC / GUIDANCE_CLIP_RATE;
  KarezTapPacket head = { .size = (guint16) packet->size,
                          .codec = (guint8) self->stream->codec,
                          .track = self->track,
                          .arrival = g_get_monotonic_time () };

  if (first)
    head.capture = (CAPTURE_S + us / G_USEC_PER_SEC) << 32
                   | ((us % G_USEC_PER_SEC) << 32) / G_USEC_PER_SEC;
  memcpy (message, &head, sizeof head);
  memcpy (message + sizeof head, packet->bytes, packet->size);
  send (self->tap, message, sizeof head + packet->size, MSG_NOSIGNAL);
}

/* Until it tells of a frame more, which it need not: of one whose packets are late. */
static void
await_answer (Tracker *self, guint answers)
{
  for (guint i = 0; i < 20 && self->n_answers == answers; i++)
    listen_for (self, 5);
}

/* Frame after frame, at twice their pace, and as fast as it follows once there is a mark. @late:
 * every so many-th packet comes after the next frame only; 0 for none */
static void
send_frames (Tracker *self, guint from, guint to, guint late)
{
  const Packet *kept = NULL;
  guint kept_frame = 0;

  for (guint i = from; i < to; i++)
    {
      GArray *packets = self->stream->frames->pdata[i];
      guint answers = self->n_answers;
      gint64 due = g_get_monotonic_time () + G_USEC_PER_SEC / GUIDANCE_CLIP_RATE / 2;

      for (guint j = 0; j < packets->len; j++)
        {
          const Packet *packet = &g_array_index (packets, Packet, j);

          if (late != 0 && kept == NULL && i > from + 1 && (i * 7 + j) % late == 0)
            {
              kept = packet;
              kept_frame = i;
            }
          else
            send_packet (self, packet, i, j == 0);
        }
      if (kept != NULL && (kept_frame < i || i == to - 1))
        {
          send_packet (self, kept, kept_frame, FALSE);
          kept = NULL;
        }
      listen_for (self, (int) MAX ((due - g_get_monotonic_time ()) / 1000, 0));
      if (self->marked)
        await_answer (self, answers);
    }
}

static void
draw (Tracker *self, guint id, guint frame, double x, double y)
{
  gint64 capture = (gint64) (CAPTURE_S * G_USEC_PER_SEC)
                   + (gint64) frame * G_USEC_PER_SEC / GUIDANCE_CLIP_RATE;
  g_autofree char *text = g_strdup_printf ("{\"type\": \"mark\", \"number\": %u, \"capture\": "
                                           "%" G_GINT64_FORMAT ", \"points\": [[%.3f, %.3f]]}",
                                           id, capture, x, y);

  self->drawn = frame;
  self->at = (GuidancePoint){ x, y };
  self->rule[0] = '\0';
  say (self, text, -1);
}

static int
compare (gconstpointer a, gconstpointer b)
{
  double one = *(const double *) a, other = *(const double *) b;

  return one < other ? -1 : one > other;
}

/* Tests. */

/* A mark that comes ten frames late stays on its thing, whatever the codec and the order of the
 * packets. */
static void
test_follows (gconstpointer data)
{
  Stream *stream = stream_new (GUIDANCE_CLIP_PAN, GPOINTER_TO_INT (data) & 3);
  guint late = GPOINTER_TO_INT (data) & 4 ? 23 : 0;
  Tracker tracker;

  start (&tracker);
  tracker.stream = stream;
  open_tap (&tracker);
  send_frames (&tracker, 0, 30, late);
  draw (&tracker, 7, 20, 0.5, 0.5);
  tracker.marked = TRUE;
  send_frames (&tracker, 30, FRAMES, late);
  tracker.marked = FALSE;
  listen_for (&tracker, 300);
  g_array_sort (tracker.errors, compare);
  g_test_message ("%u answers, %u shown", tracker.n_answers, tracker.n_shown);
  g_assert_cmpstr (tracker.rule, ==, "");
  /* Frames are passed over where packets are late. */
  g_assert_cmpuint (tracker.n_answers, >=, 60);
  g_assert_cmpuint (tracker.n_shown, >=, tracker.n_answers * 9 / 10 - 3);
  g_assert_cmpfloat (g_array_index (tracker.errors, double, tracker.errors->len * 95 / 100), <,
                     0.02);
  g_assert_cmpuint (tracker.n_anew, ==, 2);
  say (&tracker, "{\"type\": \"forget\", \"number\": 7}", -1);
  check_pulse (&tracker);
  /* Another stream, of which nothing is known. */
  tracker.track = 2;
  send_frames (&tracker, 0, 20, 0);
  g_assert_cmpuint (tracker.n_anew, ==, 3);
  finish (&tracker);
  stream_free (stream);
}

static void
test_refuses (void)
{
  Stream *stream = stream_new (GUIDANCE_CLIP_PAN, KAREZ_CODEC_VP8);
  Tracker tracker;

  start (&tracker);
  tracker.stream = stream;
  draw (&tracker, 1, 0, 0.5, 0.5);
  check_pulse (&tracker);
  g_assert_cmpstr (tracker.rule, ==, "guidance/no-frame");
  open_tap (&tracker);
  send_frames (&tracker, 0, 20, 0);
  /* One that may come yet is waited for. */
  draw (&tracker, 2, 100, 0.5, 0.5);
  check_pulse (&tracker);
  g_assert_cmpstr (tracker.rule, ==, "");
  for (guint i = 0; i < 100 && tracker.rule[0] == '\0'; i++)
    listen_for (&tracker, 50);
  g_assert_cmpstr (tracker.rule, ==, "guidance/no-frame");
  draw (&tracker, 3, 10, 1.5, 0.5);
  check_pulse (&tracker);
  g_assert_cmpstr (tracker.rule, ==, "guidance/points");
  draw (&tracker, 4, 10, 0.5, 0.5);
  check_pulse (&tracker);
  g_assert_cmpstr (tracker.rule, ==, "");
  draw (&tracker, 4, 10, 0.5, 0.5);
  check_pulse (&tracker);
  g_assert_cmpstr (tracker.rule, ==, "guidance/mark-exists");
  finish (&tracker);
  stream_free (stream);
}

/* Nonsense on the channel and on the tap: it goes on. */
static void
test_nonsense (void)
{
  static const char *const texts[] = {
    "x",
    "{",
    "[]",
    "{}",
    "{\"type\": 1}",
    "{\"type\": \"mark\"}",
    "{\"type\": \"track\"}",
    "{\"type\": \"forget\", \"number\": -1}",
    "{\"type\": \"mark\", \"number\": 1, \"capture\": 1, "
    "\"points\": [1]}",
    "{\"type\": \"mark\", \"number\": 1, \"capture\": 1, \"points\": [[1, \"a\"]]}",
    "{\"type\": \"mark\", \"number\": 1e99, \"capture\": 1, \"points\": [[0, 0]]}"
  };
  g_autoptr (GRand) rand = g_rand_new_with_seed (11);
  Stream *stream = stream_new (GUIDANCE_CLIP_PAN, KAREZ_CODEC_VP8);
  Tracker tracker;
  guint8 bytes[600];

  start (&tracker);
  tracker.stream = stream;
  open_tap (&tracker);
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    say (&tracker, texts[i], -1);
  send_frames (&tracker, 0, 10, 0);
  for (guint i = 0; i < 300; i++)
    {
      const Packet *packet = &g_array_index ((GArray *) stream->frames->pdata[i % FRAMES], Packet,
                                             0);
      Packet changed = { bytes, 1 + (gsize) g_rand_int_range (rand, 0, sizeof bytes - 1) };

      for (guint j = 0; j < changed.size; j++)
        bytes[j] = j < packet->size ? packet->bytes[j] : 0;
      for (guint j = 0; j < 5; j++)
        bytes[g_rand_int_range (rand, 0, (gint32) changed.size)] = (guint8) g_rand_int (rand);
      send_packet (&tracker, &changed, i % FRAMES, TRUE);
      send (tracker.tap, bytes, changed.size, MSG_DONTWAIT | MSG_NOSIGNAL);
    }
  check_pulse (&tracker);
  tracker.track = 9;
  tracker.n_anew = 0;
  send_frames (&tracker, 0, 40, 0);
  g_assert_cmpuint (tracker.n_anew, ==, 1);
  draw (&tracker, 7, 30, 0.5, 0.5);
  tracker.marked = TRUE;
  send_frames (&tracker, 40, 70, 0);
  g_assert_cmpuint (tracker.n_shown, >, 5);
  finish (&tracker);
  stream_free (stream);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  gst_init (NULL, NULL);
  g_test_add_data_func ("/tracker/vp8", GINT_TO_POINTER (KAREZ_CODEC_VP8), test_follows);
  g_test_add_data_func ("/tracker/h264", GINT_TO_POINTER (KAREZ_CODEC_H264), test_follows);
  g_test_add_data_func ("/tracker/late-packets", GINT_TO_POINTER (KAREZ_CODEC_VP8 | 4),
                        test_follows);
  g_test_add_func ("/tracker/refuses", test_refuses);
  g_test_add_func ("/tracker/nonsense", test_nonsense);
  return g_test_run ();
}
