/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What comes out of a tap, as grey frames. */
#include "guidance-decoder.h"

#include <errno.h>
#include <glib-unix.h>
#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <gst/video/video.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CLOCK_RATE 90000
/* Messages of a tap in one turn. */
#define MAX_MESSAGES 8u
/* What may wait for the decoder; it begins anew with a whole picture beyond that. */
#define MAX_WAITING (1024 * 1024)
/* Decoded, that were not looked at yet: a second, since a mark may be drawn on any. */
#define MAX_FRAMES 30
#define RTP_HEADER 12
/* How long a packet that was lost is waited for, and how many wait meanwhile. */
#define LATE_US (200 * 1000)
#define MAX_PENDING 512u

struct _GuidanceDecoder
{
  GObject parent_instance;

  int tap;
  guint source;
  GstElement *pipeline, *from, *to; /* NULL before the first packet */
  KarezCodec codec;

  guint32 track; /* of the stream; 0 for none */
  gboolean anew;
  gint64 next;         /* the number of the packet that the depayloader is to have next */
  GHashTable *pending; /* those after it: gint64 → Pending */
  gint64 rtp_time;     /* the newest, unwrapped, since the stream began */
  guint32 first;       /* where it began */
  /* A moment that both clocks are known for. */
  gint64 anchor_time, anchor_capture;
};

/* One that came before the one before it. */
typedef struct
{
  gint64 number, arrival;
  GstBuffer *buffer;
} Pending;

G_DEFINE_FINAL_TYPE (GuidanceDecoder, guidance_decoder, G_TYPE_OBJECT)

enum
{
  FRAME,
  CLOSED,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

gboolean
guidance_decoder_open_library (GError **error)
{
  static const char *const elements[] = { "libgstcoreelements.so", "libgstapp.so", "libgstrtp.so",
                                          "libgstvpx.so", "libgstlibav.so" };

  /* Neither a scan of all plugins, nor a file that says what it found. */
  g_setenv ("GST_PLUGIN_SYSTEM_PATH_1_0", "", TRUE);
  g_setenv ("GST_REGISTRY_DISABLE", "yes", TRUE);
  if (!gst_init_check (NULL, NULL, error))
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (elements); i++)
    {
      g_autofree char *path = g_build_filename (GUIDANCE_GST_PLUGINS, elements[i], NULL);
      g_autoptr (GstPlugin) plugin = gst_plugin_load_file (path, error);

      if (plugin == NULL)
        return FALSE;
    }
  return TRUE;
}

/* RTP's clock, in microseconds. */
static gint64
to_us (gint64 rtp_time)
{
  return rtp_time * (G_USEC_PER_SEC / 10) / (CLOCK_RATE / 10);
}

gboolean
guidance_decoder_find_time (GuidanceDecoder *self, gint64 capture, gint64 *time)
{
  if (self->anchor_capture == 0)
    return FALSE;
  *time = self->anchor_time + capture - self->anchor_capture;
  return TRUE;
}

/* Frames. */

static void
tell_frame (GuidanceDecoder *self, GstBuffer *buffer, GstCaps *caps, gboolean newest)
{
  GstVideoInfo info;
  GstVideoFrame map;
  GuidanceFrame frame = { 0 };

  if (!gst_video_info_from_caps (&info, caps)
      || !gst_video_frame_map (&map, &info, buffer, GST_MAP_READ))
    return;
  frame.grey = GST_VIDEO_FRAME_PLANE_DATA (&map, 0);
  frame.stride = (gsize) GST_VIDEO_FRAME_PLANE_STRIDE (&map, 0);
  frame.width = (guint) GST_VIDEO_FRAME_WIDTH (&map);
  frame.height = (guint) GST_VIDEO_FRAME_HEIGHT (&map);
  frame.time = (gint64) (GST_BUFFER_PTS (buffer) / GST_USECOND);
  frame.rtp_time = self->first
                   + (guint32) gst_util_uint64_scale_round (GST_BUFFER_PTS (buffer), CLOCK_RATE,
                                                            GST_SECOND);
  if (self->anchor_capture != 0)
    frame.capture = self->anchor_capture + frame.time - self->anchor_time;
  frame.anew = self->anew;
  frame.newest = newest;
  self->anew = FALSE;
  g_signal_emit (self, signals[FRAME], 0, &frame);
  gst_video_frame_unmap (&map);
}

static void
tell_sample (GuidanceDecoder *self, GstSample *sample, gboolean newest)
{
  if (GST_BUFFER_PTS_IS_VALID (gst_sample_get_buffer (sample)))
    tell_frame (self, gst_sample_get_buffer (sample), gst_sample_get_caps (sample), newest);
}

/* All that are there: marks may be drawn on any. */
static gboolean
on_frames (gpointer data)
{
  GuidanceDecoder *self = data;
  g_autoptr (GstSample) sample = NULL;
  GstSample *next;

  while (self->to != NULL
         && (next = gst_app_sink_try_pull_sample (GST_APP_SINK (self->to), 0)) != NULL)
    {
      if (sample != NULL)
        tell_sample (self, sample, FALSE);
      g_clear_pointer (&sample, gst_sample_unref);
      sample = next;
    }
  if (sample != NULL)
    tell_sample (self, sample, TRUE);
  return G_SOURCE_REMOVE;
}

/* On a thread of the decoder's. */
static GstFlowReturn
on_sample (GstAppSink *sink, gpointer data)
{
  g_main_context_invoke_full (NULL, G_PRIORITY_DEFAULT, on_frames, g_object_ref (data),
                              g_object_unref);
  return GST_FLOW_OK;
}

/* The decoder. */

static void
end_pipeline (GuidanceDecoder *self)
{
  if (self->pipeline != NULL)
    gst_element_set_state (self->pipeline, GST_STATE_NULL);
  g_clear_pointer (&self->from, gst_object_unref);
  g_clear_pointer (&self->to, gst_object_unref);
  g_clear_pointer (&self->pipeline, gst_object_unref);
}

static void
begin_pipeline (GuidanceDecoder *self)
{
  static const char *const decoders[] = {
    [KAREZ_CODEC_VP8] = "encoding-name=VP8 ! rtpvp8depay ! vp8dec threads=1",
    [KAREZ_CODEC_H264] = "encoding-name=H264 ! rtph264depay ! avdec_h264 max-threads=1",
  };
  GstAppSinkCallbacks callbacks = { .new_sample = on_sample };
  g_autoptr (GError) error = NULL;
  g_autofree char *text = g_strdup_printf (
      "appsrc name=from is-live=true format=time max-bytes=0 caps=application/x-rtp,media=video,"
      "payload=%d,clock-rate=%d,%s ! appsink name=to sync=false max-buffers=%d drop=true "
      "caps=video/x-raw,format=I420",
      KAREZ_TAP_PAYLOAD_TYPE, CLOCK_RATE, decoders[self->codec], MAX_FRAMES);

  self->pipeline = gst_parse_launch_full (text, NULL, GST_PARSE_FLAG_FATAL_ERRORS, &error);
  if (self->pipeline == NULL)
    {
      g_warning ("no decoder: %s", error->message);
      return;
    }
  self->from = gst_bin_get_by_name (GST_BIN (self->pipeline), "from");
  self->to = gst_bin_get_by_name (GST_BIN (self->pipeline), "to");
  gst_app_sink_set_callbacks (GST_APP_SINK (self->to), &callbacks, self, NULL);
  gst_element_set_state (self->pipeline, GST_STATE_PLAYING);
}

static void
ask_for_picture (GuidanceDecoder *self)
{
  send (self->tap, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* Packets. */

/* abs-capture-time: NTP, of whose seconds 32 bits are parts. */
static gint64
capture_to_us (guint64 capture)
{
  return (gint64) ((capture >> 32) * G_USEC_PER_SEC
                   + (((capture & G_MAXUINT32) * G_USEC_PER_SEC) >> 32));
}

static void
pending_free (gpointer data)
{
  Pending *pending = data;

  gst_clear_buffer (&pending->buffer);
  g_free (pending);
}

static void
begin_stream (GuidanceDecoder *self, const KarezTapPacket *head, guint16 sequence, guint32 rtp_time)
{
  self->track = head->track;
  self->codec = head->codec;
  self->next = sequence;
  g_hash_table_remove_all (self->pending);
  self->first = rtp_time;
  self->rtp_time = 0;
  self->anchor_time = self->anchor_capture = 0;
  self->anew = TRUE;
  end_pipeline (self);
  begin_pipeline (self);
}

/* @buffer: (transfer full) */
static void
give (GuidanceDecoder *self, GstBuffer *buffer)
{
  gst_app_src_push_buffer (GST_APP_SRC (self->from), buffer);
  self->next++;
}

static void
give_pending (GuidanceDecoder *self)
{
  Pending *pending;

  while ((pending = g_hash_table_lookup (self->pending, &self->next)) != NULL)
    {
      gint64 number = self->next;

      give (self, g_steal_pointer (&pending->buffer));
      g_hash_table_remove (self->pending, &number);
    }
}

/* What is missing does not come any more: goes on without it. */
static void
skip (GuidanceDecoder *self, gint64 now)
{
  GHashTableIter iter;
  gpointer value;
  const Pending *first = NULL;
  gint64 oldest = now;

  g_hash_table_iter_init (&iter, self->pending);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      const Pending *one = value;

      oldest = MIN (oldest, one->arrival);
      if (first == NULL || one->number < first->number)
        first = one;
    }
  if (first == NULL || (now - oldest < LATE_US && g_hash_table_size (self->pending) < MAX_PENDING))
    return;
  self->next = first->number;
  give_pending (self);
  ask_for_picture (self);
}

/* In the order in which they were sent. @buffer: (transfer full) */
static void
order (GuidanceDecoder *self, gint64 number, gint64 arrival, GstBuffer *buffer)
{
  Pending *pending;

  if (number < self->next || g_hash_table_contains (self->pending, &number))
    gst_buffer_unref (buffer);
  else if (number == self->next)
    {
      give (self, buffer);
      give_pending (self);
    }
  else
    {
      pending = g_new (Pending, 1);
      *pending = (Pending){ number, arrival, buffer };
      g_hash_table_insert (self->pending, &pending->number, pending);
    }
  skip (self, arrival);
}

static void
take_packet (GuidanceDecoder *self, const KarezTapPacket *head, const guint8 *packet)
{
  guint16 sequence = (guint16) (packet[2] << 8 | packet[3]);
  guint32 rtp_time = (guint32) packet[4] << 24 | (guint32) packet[5] << 16
                     | (guint32) packet[6] << 8 | packet[7];
  GstBuffer *buffer;
  gint64 at, number;

  if (head->codec != KAREZ_CODEC_VP8 && head->codec != KAREZ_CODEC_H264)
    return;
  if (head->track != self->track || head->codec != self->codec)
    begin_stream (self, head, sequence, rtp_time);
  if (self->from == NULL)
    return;
  number = self->next + (gint16) (sequence - (guint16) self->next);
  /* It begins with a whole picture. */
  if (head->flags & KAREZ_TAP_GAP)
    {
      g_hash_table_remove_all (self->pending);
      self->next = number;
    }
  at = self->rtp_time + (gint32) (rtp_time - (guint32) (self->first + (guint32) self->rtp_time));
  if (at < 0)
    return;
  self->rtp_time = MAX (self->rtp_time, at);
  if (head->capture != 0)
    {
      self->anchor_time = to_us (at);
      self->anchor_capture = capture_to_us (head->capture);
    }
  if (gst_app_src_get_current_level_bytes (GST_APP_SRC (self->from)) > MAX_WAITING)
    {
      end_pipeline (self);
      begin_pipeline (self);
      g_hash_table_remove_all (self->pending);
      self->next = number + 1;
      ask_for_picture (self);
      return;
    }
  buffer = gst_buffer_new_memdup (packet, head->size);
  GST_BUFFER_PTS (buffer) = gst_util_uint64_scale ((guint64) at, GST_SECOND, CLOCK_RATE);
  order (self, number, head->arrival, buffer);
}

/* The worker made it: what is not as it should be is a fault of ours, and left out. */
static void
take_message (GuidanceDecoder *self, const guint8 *message, gsize size)
{
  gsize at = 0;

  while (size - at > sizeof (KarezTapPacket))
    {
      KarezTapPacket head;

      memcpy (&head, message + at, sizeof head);
      at += sizeof head;
      if (head.size < RTP_HEADER || head.size > size - at)
        return;
      take_packet (self, &head, message + at);
      at += head.size;
      at = MIN (size, (at + KAREZ_TAP_ALIGN - 1) / KAREZ_TAP_ALIGN * KAREZ_TAP_ALIGN);
    }
}

static gboolean
on_readable (int fd, GIOCondition condition, gpointer data)
{
  static guint8 message[KAREZ_TAP_MAX_SIZE];
  g_autoptr (GuidanceDecoder) self = g_object_ref (data);

  for (guint i = 0; i < MAX_MESSAGES; i++)
    {
      gssize n = recv (fd, message, sizeof message, MSG_DONTWAIT);

      if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return G_SOURCE_CONTINUE;
      if (n <= 0)
        {
          self->source = 0;
          g_signal_emit (self, signals[CLOSED], 0);
          return G_SOURCE_REMOVE;
        }
      take_message (self, message, (gsize) n);
    }
  return G_SOURCE_CONTINUE;
}

GuidanceDecoder *
guidance_decoder_new (int tap)
{
  GuidanceDecoder *self = g_object_new (GUIDANCE_TYPE_DECODER, NULL);

  self->tap = tap;
  self->source = g_unix_fd_add (tap, G_IO_IN | G_IO_HUP | G_IO_ERR, on_readable, self);
  return self;
}

static void
guidance_decoder_finalize (GObject *object)
{
  GuidanceDecoder *self = GUIDANCE_DECODER (object);

  g_clear_handle_id (&self->source, g_source_remove);
  end_pipeline (self);
  g_hash_table_unref (self->pending);
  close (self->tap);
  G_OBJECT_CLASS (guidance_decoder_parent_class)->finalize (object);
}

static void
guidance_decoder_class_init (GuidanceDecoderClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = guidance_decoder_finalize;
  signals[FRAME] = g_signal_new ("frame", GUIDANCE_TYPE_DECODER, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                 NULL, G_TYPE_NONE, 1, G_TYPE_POINTER);
  signals[CLOSED] = g_signal_new ("closed", GUIDANCE_TYPE_DECODER, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                  NULL, G_TYPE_NONE, 0);
}

static void
guidance_decoder_init (GuidanceDecoder *self)
{
  self->pending = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, pending_free);
}
