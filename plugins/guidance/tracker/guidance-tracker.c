/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* guidance-tracker: keeps a session's marks on what they were drawn on. */

/* A program of the session (data/doc/plugin.md): descriptor 3 is its channel to the live half. Each
 * packet is a JSON document.
 *
 *   {"type": "track"}, with a tap as a descriptor: the picture that is followed from now on
 *   {"type": "mark", "number": 7, "capture": µs, "points": [[x, y], …]}: drawn on the frame that
 * was taken then by its sender's clock (NTP); points in parts of its width and height
 *   {"type": "forget", "number": 7}
 *
 * It answers each frame, as long as there are marks, with
 *
 *   {"type": "marks", "rtp_time": …, "capture": µs or null, "marks": [{"number": 7, "shown": true,
 *     "x": …, "y": …, "confidence": …, "matrix": [9 numbers, from the drawn frame to this one]}]}
 *
 * and what it cannot take with {"type": "refused", "number": 7, "rule": "guidance/…"}. A new stream
 * is told by {"type": "anew"}: the marks of the one before are gone. */
#include "guidance-decoder.h"
#include "guidance-vision.h"

#include <errno.h>
#include <glib-unix.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CHANNEL 3
/* Of a mark. */
#define MAX_NUMBER G_MAXUINT32

/* How long a mark waits for its frame. */
#define WAIT_US (2 * G_USEC_PER_SEC)

/* A mark whose frame is not here yet. */
typedef struct
{
  gint64 number, capture, since;
  guint n_points;
  GuidancePoint points[];
} Waiting;

typedef struct
{
  GMainLoop *loop;
  GuidanceDecoder *decoder; /* NULL before there is a tap */
  GuidanceVision *vision;
  guint n_marks;
  gint64 newest;      /* frame's time; -1 for none yet */
  GPtrArray *waiting; /* Waiting */
} Tracker;

/* What does not find room is left out: the next frame's positions are newer. @message: (transfer
 * full) */
static void
tell (JsonNode *message)
{
  g_autoptr (JsonNode) node = message;
  g_autofree char *text = karez_json_print (node);

  send (CHANNEL, text, strlen (text), MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* Frames. */

static JsonNode *
describe_matrix (const GuidanceVisionMark *mark)
{
  JsonArray *array = json_array_new ();
  JsonNode *node = json_node_new (JSON_NODE_ARRAY);

  for (guint i = 0; i < G_N_ELEMENTS (mark->matrix); i++)
    json_array_add_double_element (array, mark->matrix[i]);
  json_node_take_array (node, array);
  return node;
}

static JsonNode *
describe_mark (const GuidanceVisionMark *mark)
{
  if (mark->state != GUIDANCE_VISION_SHOWN)
    return karez_json_object ("number", "i", (gint64) mark->id, "shown", "b", FALSE, NULL);
  return karez_json_object ("number", "i", (gint64) mark->id, "shown", "b", TRUE, "x", "d",
                            mark->at.x, "y", "d", mark->at.y, "confidence", "d", mark->confidence,
                            "matrix", "n", describe_matrix (mark), NULL);
}

static void
tell_marks (Tracker *self, const GuidanceFrame *frame)
{
  GuidanceVisionMark marks[GUIDANCE_VISION_MARKS];
  guint n = guidance_vision_get (self->vision, marks, G_N_ELEMENTS (marks));
  JsonArray *array = json_array_new ();
  JsonNode *node = json_node_new (JSON_NODE_ARRAY);
  JsonNode *message;

  for (guint i = 0; i < n; i++)
    json_array_add_element (array, describe_mark (&marks[i]));
  json_node_take_array (node, array);
  message = karez_json_object ("type", "s", "marks", "rtp_time", "i", (gint64) frame->rtp_time,
                               "marks", "n", node, NULL);
  if (frame->capture != 0)
    json_object_set_int_member (json_node_get_object (message), "capture", frame->capture);
  tell (message);
}

static void
begin_anew (Tracker *self)
{
  guidance_vision_clear (self->vision);
  self->n_marks = 0;
  self->newest = -1;
  tell (karez_json_object ("type", "s", "anew", NULL));
}

static void try_waiting (Tracker *self);

static void
on_frame (GuidanceDecoder *decoder, const GuidanceFrame *frame, gpointer data)
{
  Tracker *self = data;

  if (frame->anew)
    begin_anew (self);
  self->newest = frame->time;
  if (!frame->newest)
    {
      guidance_vision_keep (self->vision, frame->grey, frame->width, frame->height, frame->stride,
                            frame->time);
      return;
    }
  guidance_vision_push (self->vision, frame->grey, frame->width, frame->height, frame->stride,
                        frame->time);
  try_waiting (self);
  if (self->n_marks > 0)
    tell_marks (self, frame);
}

static void
on_closed (GuidanceDecoder *decoder, gpointer data)
{
  Tracker *self = data;

  g_clear_object (&self->decoder);
}

/* Messages. */

static void
refuse (gint64 number, const char *rule)
{
  tell (karez_json_object ("type", "s", "refused", "number", "i", number, "rule", "s", rule, NULL));
}

/* @fd: (transfer full) */
static void
follow (Tracker *self, int fd)
{
  g_clear_object (&self->decoder);
  begin_anew (self);
  self->decoder = guidance_decoder_new (fd);
  g_signal_connect (self->decoder, "frame", G_CALLBACK (on_frame), self);
  g_signal_connect (self->decoder, "closed", G_CALLBACK (on_closed), self);
}

static gboolean
read_points (JsonArray *array, GuidancePoint *points)
{
  for (guint i = 0; i < json_array_get_length (array); i++)
    {
      JsonNode *node = json_array_get_element (array, i);
      JsonArray *pair = JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;

      if (pair == NULL || json_array_get_length (pair) != 2
          || !karez_json_number (json_array_get_element (pair, 0), &points[i].x)
          || !karez_json_number (json_array_get_element (pair, 1), &points[i].y))
        return FALSE;
    }
  return TRUE;
}

/* Where the live half has not looked already. */
static const char *
rule_of (GuidanceVisionStatus status)
{
  switch (status)
    {
    case GUIDANCE_VISION_TAKEN:
      return NULL;
    case GUIDANCE_VISION_NO_FRAME:
      return "guidance/no-frame";
    case GUIDANCE_VISION_TOO_OLD:
      return "guidance/frame-too-old";
    case GUIDANCE_VISION_BAD_POINT:
    case GUIDANCE_VISION_BAD_COUNT:
      return "guidance/points";
    case GUIDANCE_VISION_MARKS_FULL:
      return "guidance/too-many-marks";
    case GUIDANCE_VISION_MARK_EXISTS:
      return "guidance/mark-exists";
    case GUIDANCE_VISION_BAD_SIZE:
    case GUIDANCE_VISION_BAD_TIME:
    case GUIDANCE_VISION_FAILED:
      break;
    }
  return "guidance/tracker";
}

/* Whether its frame may come yet: it is not decoded, or the stream has hardly begun. */
static gboolean
may_come (Tracker *self, const Waiting *mark, gboolean known, gint64 time)
{
  return self->decoder != NULL && g_get_monotonic_time () - mark->since < WAIT_US
         && (!known || time > self->newest);
}

/* FALSE while its frame may come yet. */
static gboolean
try_mark (Tracker *self, const Waiting *mark)
{
  gint64 time = 0;
  gboolean known = self->decoder != NULL
                   && guidance_decoder_find_time (self->decoder, mark->capture, &time);
  const char *rule = "guidance/no-frame";

  if (may_come (self, mark, known, time))
    return FALSE;
  if (known)
    rule = rule_of (guidance_vision_add (self->vision, (guint64) mark->number, time, mark->points,
                                         mark->n_points));
  if (rule != NULL)
    refuse (mark->number, rule);
  else
    self->n_marks++;
  return TRUE;
}

static void
try_waiting (Tracker *self)
{
  for (guint i = 0; i < self->waiting->len;)
    if (try_mark (self, self->waiting->pdata[i]))
      g_ptr_array_remove_index (self->waiting, i);
    else
      i++;
}

/* Also where no frame comes. */
static gboolean
on_second (gpointer data)
{
  try_waiting (data);
  return G_SOURCE_CONTINUE;
}

static void
add_mark (Tracker *self, JsonNode *node)
{
  static const KarezJsonField fields[] = {
    { "type", KAREZ_JSON_ENUM, TRUE, 0, 0, "mark" },
    { "number", KAREZ_JSON_INTEGER, TRUE, 1, MAX_NUMBER },
    { "capture", KAREZ_JSON_INTEGER, TRUE, 1, G_MAXINT64 / 2 },
    { "points", KAREZ_JSON_ARRAY, TRUE, 1, GUIDANCE_VISION_POINTS },
    { NULL },
  };
  g_autoptr (GError) error = NULL;
  g_autofree Waiting *mark = NULL;
  JsonObject *object = karez_json_check (node, fields, &error);
  JsonArray *array;

  if (object == NULL)
    {
      /* nocheck:blocked -- a program's log is its standard error */
      g_printerr ("a mark that is none: %s\n", error->message);
      return;
    }
  array = json_object_get_array_member (object, "points");
  mark = g_malloc0 (sizeof *mark + json_array_get_length (array) * sizeof mark->points[0]);
  mark->number = karez_json_integer (object, "number", 0);
  mark->capture = karez_json_integer (object, "capture", 0);
  mark->since = g_get_monotonic_time ();
  mark->n_points = json_array_get_length (array);
  if (!read_points (array, mark->points))
    refuse (mark->number, "guidance/points");
  else if (self->waiting->len == GUIDANCE_VISION_MARKS)
    refuse (mark->number, "guidance/too-many-marks");
  else if (!try_mark (self, mark))
    g_ptr_array_add (self->waiting, g_steal_pointer (&mark));
}

static void
forget_mark (Tracker *self, JsonNode *node)
{
  static const KarezJsonField fields[] = {
    { "type", KAREZ_JSON_ENUM, TRUE, 0, 0, "forget" },
    { "number", KAREZ_JSON_INTEGER, TRUE, 1, MAX_NUMBER },
    { NULL },
  };
  JsonObject *object = karez_json_check (node, fields, NULL);
  gint64 number = object != NULL ? karez_json_integer (object, "number", 0) : 0;

  for (guint i = 0; i < self->waiting->len; i++)
    if (((Waiting *) self->waiting->pdata[i])->number == number)
      g_ptr_array_remove_index (self->waiting, i--);
  if (number != 0 && guidance_vision_remove (self->vision, (guint64) number))
    self->n_marks--;
}

/* @fd: -1 for none */
static void
take (Tracker *self, const guint8 *packet, gsize size, int fd)
{
  g_autoptr (GBytes) bytes = g_bytes_new (packet, size);
  g_autoptr (JsonNode) node = karez_json_parse (bytes, KAREZ_PROGRAM_MAX_SIZE, NULL);
  const char *type = node != NULL && JSON_NODE_HOLDS_OBJECT (node)
                         ? karez_json_text (json_node_get_object (node), "type")
                         : NULL;

  if (g_strcmp0 (type, "track") == 0 && fd >= 0)
    follow (self, dup (fd));
  else if (g_strcmp0 (type, "mark") == 0)
    add_mark (self, node);
  else if (g_strcmp0 (type, "forget") == 0)
    forget_mark (self, node);
}

/* The live half's end is closed: so is this. */
static gboolean
on_readable (int fd, GIOCondition condition, gpointer data)
{
  static guint8 packet[KAREZ_PROGRAM_MAX_SIZE];
  Tracker *self = data;
  union
  {
    struct cmsghdr header;
    char space[CMSG_SPACE (sizeof (int))];
  } control;
  struct iovec part = { packet, sizeof packet };
  struct msghdr message = { .msg_iov = &part,
                            .msg_iovlen = 1,
                            .msg_control = control.space,
                            .msg_controllen = sizeof control.space };
  gssize n = recvmsg (fd, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  int given = -1;

  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return G_SOURCE_CONTINUE;
  if (n <= 0)
    {
      g_main_loop_quit (self->loop);
      return G_SOURCE_REMOVE;
    }
  if (message.msg_controllen >= CMSG_LEN (sizeof given) && control.header.cmsg_type == SCM_RIGHTS)
    memcpy (&given, CMSG_DATA (&control.header), sizeof given);
  if (n == 1 && packet[0] == 0)
    send (fd, packet, 1, MSG_DONTWAIT | MSG_NOSIGNAL);
  else
    take (self, packet, (gsize) n, given);
  if (given >= 0)
    close (given);
  return G_SOURCE_CONTINUE;
}

int
main (void)
{
  Tracker self = { 0 };
  g_autoptr (GError) error = NULL;

  signal (SIGPIPE, SIG_IGN);
  if (!guidance_decoder_open_library (&error))
    {
      /* nocheck:blocked -- the same */
      g_printerr ("GStreamer cannot be used: %s\n", error->message);
      return 1;
    }
  self.vision = guidance_vision_new ();
  if (self.vision == NULL)
    return 1;
  self.waiting = g_ptr_array_new_with_free_func (g_free);
  self.loop = g_main_loop_new (NULL, FALSE);
  g_timeout_add_seconds (1, on_second, &self);
  g_unix_fd_add (CHANNEL, G_IO_IN | G_IO_HUP | G_IO_ERR, on_readable, &self);
  /* nocheck:blocked -- it is a program */
  g_main_loop_run (self.loop);
  g_clear_object (&self.decoder);
  g_ptr_array_unref (self.waiting);
  guidance_vision_free (self.vision);
  g_main_loop_unref (self.loop);
  return 0;
}
