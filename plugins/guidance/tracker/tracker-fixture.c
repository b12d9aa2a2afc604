/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tracker as a program, as its live half and a tap see it. */
#include "tracker-fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define FRAMES TRACKER_FRAMES
#define WIDE (2 * GUIDANCE_CLIP_WIDTH)
#define HIGH (2 * GUIDANCE_CLIP_HEIGHT)
/* Soon, it begins again from 0. */
#define FIRST_TICK 4294800000u
#define X264_BEGINS (1000 * 3600 * GST_SECOND)
#define FRAME_TICKS (90000 / GUIDANCE_CLIP_RATE)
/* 2026-11-30, as NTP has it. */
#define CAPTURE_S G_GUINT64_CONSTANT (4005000000)
#define MAX_PACKETS 64
#define PATIENCE 100

gint64
tracker_get_capture (guint frame)
{
  return (gint64) (CAPTURE_S * G_USEC_PER_SEC)
         + (gint64) frame * G_USEC_PER_SEC / GUIDANCE_CLIP_RATE;
}

/* Streams. */

static void
packet_clear (gpointer data)
{
  g_free (((Packet *) data)->bytes);
}

static void
give (GstElement *source, GuidanceClip *clip, guint n, guint first)
{
  const guint8 *grey = guidance_clip_get_frame (clip, n);
  guint8 *frame = g_malloc (WIDE * HIGH * 3 / 2);
  GstBuffer *buffer;

  memset (frame, 128, WIDE * HIGH * 3 / 2);
  for (guint y = 0; y < HIGH; y++)
    for (guint x = 0; x < WIDE; x++)
      frame[y * WIDE + x] = grey[y / 2 * GUIDANCE_CLIP_WIDTH + x / 2];
  buffer = gst_buffer_new_wrapped (frame, WIDE * HIGH * 3 / 2);
  GST_BUFFER_PTS (buffer) = gst_util_uint64_scale (n - first, GST_SECOND, GUIDANCE_CLIP_RATE);
  g_assert_cmpint (gst_app_src_push_buffer (GST_APP_SRC (source), buffer), ==, GST_FLOW_OK);
}

static void
keep (Stream *self, GstBuffer *buffer, guint first)
{
  Packet packet = { 0 };
  /* x264enc counts from a thousand hours on. */
  guint n = first
            + (guint) gst_util_uint64_scale_round (GST_BUFFER_PTS (buffer) % X264_BEGINS,
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

Stream *
stream_new (GuidanceClipKind kind, guint32 seed, KarezCodec codec, guint first)
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
  self->clip = guidance_clip_new (kind, seed);
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
  for (guint i = first; i < FRAMES; i++)
    give (from, self->clip, i, first);
  gst_app_src_end_of_stream (GST_APP_SRC (from));
  while ((sample = gst_app_sink_pull_sample (GST_APP_SINK (to))) != NULL)
    {
      keep (self, gst_sample_get_buffer (sample), first);
      gst_sample_unref (sample);
    }
  gst_element_set_state (pipeline, GST_STATE_NULL);
  return self;
}

void
stream_free (Stream *self)
{
  guidance_clip_free (self->clip);
  g_ptr_array_unref (self->frames);
  g_free (self);
}

/* The program. */

void
tracker_start (Tracker *self, const Stream *stream)
{
  char *arguments[] = { (char *) g_getenv ("KAREZ_TEST_TRACKER"), NULL };
  int pair[2];

  *self = (Tracker){ .tap = -1, .track = 1, .stream = stream, .patience = PATIENCE };
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

void
tracker_say (Tracker *self, const char *text, int fd)
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

void
tracker_open_tap (Tracker *self)
{
  int pair[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_SEQPACKET, 0, pair), ==, 0);
  self->tap = fcntl (pair[0], F_DUPFD_CLOEXEC, 10);
  close (pair[0]);
  tracker_say (self, "{\"type\": \"track\"}", pair[1]);
  close (pair[1]);
}

static int
end (Tracker *self)
{
  int status = 0;

  close (self->channel);
  if (self->tap >= 0)
    close (self->tap);
  g_assert_cmpint (waitpid (self->process, &status, 0), ==, self->process);
  g_array_unref (self->errors);
  return status;
}

void
tracker_finish (Tracker *self)
{
  int status = end (self);

  g_assert_true (WIFEXITED (status));
  g_assert_cmpint (WEXITSTATUS (status), ==, 0);
}

void
tracker_kill (Tracker *self)
{
  int status;

  g_assert_cmpint (kill (self->process, SIGKILL), ==, 0);
  status = end (self);
  g_assert_true (WIFSIGNALED (status));
}

/* Answers. */

static void
take_position (Tracker *self, JsonObject *mark, guint n)
{
  GuidancePoint now;
  double error;

  if (!json_object_get_boolean_member (mark, "shown"))
    return;
  if (self->n_shown++ == 0)
    self->shown = g_get_monotonic_time ();
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
  g_assert_cmpint (ABS (capture - tracker_get_capture (n)), <, 1000);
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

void
tracker_listen (Tracker *self, int ms)
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

void
tracker_check_pulse (Tracker *self)
{
  self->pulse = FALSE;
  g_assert_cmpint (send (self->channel, "", 1, MSG_NOSIGNAL), ==, 1);
  for (guint i = 0; i < 100 && !self->pulse; i++)
    tracker_listen (self, 50);
  g_assert_true (self->pulse);
}

void
tracker_send_packet (Tracker *self, const Packet *packet, guint frame, gboolean first)
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
  for (int i = 0; i < self->patience && self->n_answers == answers; i += 5)
    tracker_listen (self, 5);
}

void
tracker_send_frames (Tracker *self, guint from, guint to, guint late)
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
            tracker_send_packet (self, packet, i, j == 0);
        }
      if (kept != NULL && (kept_frame < i || i == to - 1))
        {
          tracker_send_packet (self, kept, kept_frame, FALSE);
          kept = NULL;
        }
      tracker_listen (self, (int) MAX ((due - g_get_monotonic_time ()) / 1000, 0));
      if (self->marked)
        await_answer (self, answers);
    }
}

void
tracker_draw (Tracker *self, guint number, guint frame, double x, double y)
{
  g_autofree char *text = g_strdup_printf ("{\"type\": \"mark\", \"number\": %u, \"capture\": "
                                           "%" G_GINT64_FORMAT ", \"points\": [[%.3f, %.3f]]}",
                                           number, tracker_get_capture (frame), x, y);

  self->drawn = frame;
  self->at = (GuidancePoint){ x, y };
  self->rule[0] = '\0';
  tracker_say (self, text, -1);
}

void
tracker_send_live (Tracker *self, guint from, guint to, gboolean until_shown)
{
  gint64 began = g_get_monotonic_time ();

  for (guint i = from; i < to && !(until_shown && self->n_shown > 0); i++)
    {
      GArray *packets = self->stream->frames->pdata[i];
      gint64 due = began + (gint64) (i - from + 1) * G_USEC_PER_SEC / GUIDANCE_CLIP_RATE;

      for (guint j = 0; j < packets->len; j++)
        tracker_send_packet (self, &g_array_index (packets, Packet, j), i, j == 0);
      tracker_listen (self, (int) MAX ((due - g_get_monotonic_time ()) / 1000, 0));
    }
}

static int
compare (gconstpointer a, gconstpointer b)
{
  double one = *(const double *) a, other = *(const double *) b;

  return one < other ? -1 : one > other;
}

double
tracker_get_error (Tracker *self, double part)
{
  g_array_sort (self->errors, compare);
  return self->errors->len > 0
             ? g_array_index (self->errors, double, (guint) (part * (self->errors->len - 1)))
             : 0;
}
