/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tracker as a program: what it reads from a tap, and says on its channel. */
#include "tracker-fixture.h"

#include <gst/gst.h>
#include <string.h>
#include <sys/socket.h>

#define FRAMES TRACKER_FRAMES

/* A mark that comes ten frames late stays on its thing, whatever the codec and the order of the
 * packets. */
static void
test_follows (gconstpointer data)
{
  Stream *stream = stream_new (GUIDANCE_CLIP_PAN, 3, GPOINTER_TO_INT (data) & 3, 0);
  guint late = GPOINTER_TO_INT (data) & 4 ? 23 : 0;
  Tracker tracker;

  tracker_start (&tracker, stream);
  tracker_open_tap (&tracker);
  tracker_send_frames (&tracker, 0, 30, late);
  tracker_draw (&tracker, 7, 20, 0.5, 0.5);
  tracker.marked = TRUE;
  tracker_send_frames (&tracker, 30, FRAMES, late);
  tracker.marked = FALSE;
  tracker_listen (&tracker, 300);
  g_test_message ("%u answers, %u shown", tracker.n_answers, tracker.n_shown);
  g_assert_cmpstr (tracker.rule, ==, "");
  /* Frames are passed over where packets are late. */
  g_assert_cmpuint (tracker.n_answers, >=, 60);
  g_assert_cmpuint (tracker.n_shown, >=, tracker.n_answers * 9 / 10 - 3);
  g_assert_cmpfloat (tracker_get_error (&tracker, 0.95), <, 0.02);
  g_assert_cmpuint (tracker.n_anew, ==, 1);
  tracker_say (&tracker, "{\"type\": \"forget\", \"number\": 7}", -1);
  tracker_check_pulse (&tracker);
  /* Another stream, of which nothing is known. */
  tracker.track = 2;
  tracker_send_frames (&tracker, 0, 20, 0);
  g_assert_cmpuint (tracker.n_anew, ==, 2);
  tracker_finish (&tracker);
  stream_free (stream);
}

static void
test_refuses (void)
{
  Stream *stream = stream_new (GUIDANCE_CLIP_PAN, 3, KAREZ_CODEC_VP8, 0);
  Tracker tracker;

  tracker_start (&tracker, stream);
  tracker_draw (&tracker, 1, 0, 0.5, 0.5);
  tracker_check_pulse (&tracker);
  g_assert_cmpstr (tracker.rule, ==, "guidance/no-frame");
  tracker_open_tap (&tracker);
  tracker_send_frames (&tracker, 0, 20, 0);
  /* One that may come yet is waited for. */
  tracker_draw (&tracker, 2, 100, 0.5, 0.5);
  tracker_check_pulse (&tracker);
  g_assert_cmpstr (tracker.rule, ==, "");
  for (guint i = 0; i < 100 && tracker.rule[0] == '\0'; i++)
    tracker_listen (&tracker, 50);
  g_assert_cmpstr (tracker.rule, ==, "guidance/no-frame");
  tracker_draw (&tracker, 3, 10, 1.5, 0.5);
  tracker_check_pulse (&tracker);
  g_assert_cmpstr (tracker.rule, ==, "guidance/points");
  tracker_draw (&tracker, 4, 10, 0.5, 0.5);
  tracker_check_pulse (&tracker);
  g_assert_cmpstr (tracker.rule, ==, "");
  tracker_draw (&tracker, 4, 10, 0.5, 0.5);
  tracker_check_pulse (&tracker);
  g_assert_cmpstr (tracker.rule, ==, "guidance/mark-exists");
  tracker_finish (&tracker);
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
  Stream *stream = stream_new (GUIDANCE_CLIP_PAN, 3, KAREZ_CODEC_VP8, 0);
  Tracker tracker;
  guint8 bytes[600];

  tracker_start (&tracker, stream);
  tracker_open_tap (&tracker);
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    tracker_say (&tracker, texts[i], -1);
  tracker_send_frames (&tracker, 0, 10, 0);
  for (guint i = 0; i < 300; i++)
    {
      const Packet *packet = &g_array_index ((GArray *) stream->frames->pdata[i % FRAMES], Packet,
                                             0);
      Packet changed = { bytes, 1 + (gsize) g_rand_int_range (rand, 0, sizeof bytes - 1) };

      for (guint j = 0; j < changed.size; j++)
        bytes[j] = j < packet->size ? packet->bytes[j] : 0;
      for (guint j = 0; j < 5; j++)
        bytes[g_rand_int_range (rand, 0, (gint32) changed.size)] = (guint8) g_rand_int (rand);
      tracker_send_packet (&tracker, &changed, i % FRAMES, TRUE);
      send (tracker.tap, bytes, changed.size, MSG_DONTWAIT | MSG_NOSIGNAL);
    }
  tracker_check_pulse (&tracker);
  tracker.track = 9;
  tracker.n_anew = 0;
  tracker_send_frames (&tracker, 0, 40, 0);
  g_assert_cmpuint (tracker.n_anew, ==, 1);
  tracker_draw (&tracker, 7, 30, 0.5, 0.5);
  tracker.marked = TRUE;
  tracker_send_frames (&tracker, 40, 70, 0);
  g_assert_cmpuint (tracker.n_shown, >, 5);
  tracker_finish (&tracker);
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
