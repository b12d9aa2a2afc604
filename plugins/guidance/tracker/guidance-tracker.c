/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* guidance-tracker: keeps a session's marks on what they were drawn on. */

/* A program of the session (data/doc/plugin.md): descriptor 3 is its channel to the live half. Each
 * packet is a JSON document.
 *
 *   {"type": "keep", "marks": [7, …]}, before the first mark, with memory of guidance-kept.h as a
 * descriptor: what is needed of marks outlives this process there; of a former one is what is there
 * already, and what does not belong to these marks is removed. A spare one is not told of it, nor
 * of marks, before it takes the place of another
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
 * and what it cannot take with {"type": "refused", "number": 7, "rule": "guidance/…"}. A mark whose
 * picture is kept needs no frame: it is looked for. {"type": "anew"} says that there is a first
 * frame of a stream on which marks can be drawn, since it is known when it was taken; the marks of
 * the stream before are looked for in it, those whose picture is not kept are gone. */
#include "guidance-decoder.h"
#include "guidance-kept.h"
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
/* How often it is kept how marks look. */
#define KEEP_US (G_USEC_PER_SEC / 4)

G_STATIC_ASSERT (GUIDANCE_KEPT_MARKS == GUIDANCE_VISION_MARKS
                 && GUIDANCE_KEPT_SIDE == GUIDANCE_VISION_SIDE);

/* A mark as it was told. */
typedef struct
{
  gint64 number, capture, since;
  gboolean taken; /* or its frame is not here yet */
  guint n_points;
  GuidancePoint points[];
} Mark;

typedef struct
{
  GMainLoop *loop;
  GuidanceDecoder *decoder; /* NULL before there is a tap */
  GuidanceVision *vision;
  GuidanceKept *kept; /* NULL for none */
  GPtrArray *marks;   /* Mark */
  guint n_taken;
  gboolean told;          /* of the stream's first frame */
  gint64 newest, kept_at; /* frames' times; -1 for none yet */
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

static void begin_anew (Tracker *self);
static void try_waiting (Tracker *self);
static void keep_seen (Tracker *self, gint64 time);

static void
on_frame (GuidanceDecoder *decoder, const GuidanceFrame *frame, gpointer data)
{
  Tracker *self = data;

  if (frame->anew)
    begin_anew (self);
  if (!self->told && frame->capture != 0)
    tell (karez_json_object ("type", "s", "anew", NULL));
  self->told |= frame->capture != 0;
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
  if (self->n_taken > 0)
    tell_marks (self, frame);
  keep_seen (self, frame->time);
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

static Mark *
find_mark (Tracker *self, gint64 number)
{
  for (guint i = 0; i < self->marks->len; i++)
    if (((Mark *) self->marks->pdata[i])->number == number)
      return self->marks->pdata[i];
  return NULL;
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
may_come (Tracker *self, const Mark *mark, gboolean known, gint64 time)
{
  return self->decoder != NULL && g_get_monotonic_time () - mark->since < WAIT_US
         && (!known || time > self->newest);
}

/* What is kept of a mark, and of the marks, now and then. */

static guint8 kept_grey[GUIDANCE_KEPT_PICTURE];

static GuidanceKeptPicture
picture_of (const Mark *mark)
{
  return (GuidanceKeptPicture){ .number = (guint64) mark->number,
                                .capture = mark->capture,
                                .time = g_get_monotonic_time () };
}

/* One that a former tracker has had, or this one, of another stream. */
static gboolean
take_kept (Tracker *self, Mark *mark)
{
  GuidanceKeptPicture drawn = picture_of (mark), seen = picture_of (mark);

  mark->taken = self->kept != NULL
                && guidance_kept_read (self->kept, GUIDANCE_KEPT_DRAWN, &drawn, kept_grey)
                && guidance_vision_add_kept (self->vision, (guint64) mark->number, kept_grey,
                                             drawn.width, drawn.height, drawn.width, mark->points,
                                             mark->n_points)
                       == GUIDANCE_VISION_TAKEN;
  if (!mark->taken)
    return FALSE;
  self->n_taken++;
  if (guidance_kept_read (self->kept, GUIDANCE_KEPT_SEEN, &seen, kept_grey))
    guidance_vision_add_seen (self->vision, (guint64) mark->number, kept_grey, seen.width,
                              seen.height, seen.width, seen.matrix, seen.time);
  return TRUE;
}

static void
keep_drawn (Tracker *self, const Mark *mark)
{
  GuidanceKeptPicture drawn = picture_of (mark);

  if (self->kept != NULL
      && guidance_vision_copy_drawn (self->vision, (guint64) mark->number, kept_grey, &drawn.width,
                                     &drawn.height))
    guidance_kept_write (self->kept, GUIDANCE_KEPT_DRAWN, &drawn, kept_grey);
}

static void
keep_seen (Tracker *self, gint64 time)
{
  if (self->kept == NULL || (self->kept_at >= 0 && time - self->kept_at < KEEP_US))
    return;
  self->kept_at = time;
  for (guint i = 0; i < self->marks->len; i++)
    {
      const Mark *mark = self->marks->pdata[i];
      GuidanceKeptPicture seen = picture_of (mark);

      if (mark->taken
          && guidance_vision_copy_seen (self->vision, (guint64) mark->number, kept_grey,
                                        &seen.width, &seen.height, seen.matrix))
        guidance_kept_write (self->kept, GUIDANCE_KEPT_SEEN, &seen, kept_grey);
    }
}

/* FALSE where it is refused. */
static gboolean
try_mark (Tracker *self, Mark *mark)
{
  gint64 time = 0;
  gboolean known = self->decoder != NULL
                   && guidance_decoder_find_time (self->decoder, mark->capture, &time);
  const char *rule = "guidance/no-frame";

  if (take_kept (self, mark) || may_come (self, mark, known, time))
    return TRUE;
  if (known)
    rule = rule_of (guidance_vision_add (self->vision, (guint64) mark->number, time, mark->points,
                                         mark->n_points));
  if (rule != NULL)
    {
      refuse (mark->number, rule);
      return FALSE;
    }
  mark->taken = TRUE;
  self->n_taken++;
  keep_drawn (self, mark);
  return TRUE;
}

static void
try_waiting (Tracker *self)
{
  for (guint i = 0; i < self->marks->len;)
    {
      Mark *mark = self->marks->pdata[i];

      if (mark->taken || try_mark (self, mark))
        i++;
      else
        g_ptr_array_remove_index (self->marks, i);
    }
}

static void
begin_anew (Tracker *self)
{
  guidance_vision_clear (self->vision);
  self->n_taken = 0;
  self->told = FALSE;
  self->newest = self->kept_at = -1;
  for (guint i = 0; i < self->marks->len;)
    {
      Mark *mark = self->marks->pdata[i];

      if (!mark->taken || take_kept (self, mark))
        i++;
      else
        g_ptr_array_remove_index (self->marks, i);
    }
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
  g_autofree Mark *mark = NULL;
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
  else if (find_mark (self, mark->number) != NULL)
    refuse (mark->number, "guidance/mark-exists");
  else if (self->marks->len == GUIDANCE_VISION_MARKS)
    refuse (mark->number, "guidance/too-many-marks");
  else if (try_mark (self, mark))
    g_ptr_array_add (self->marks, g_steal_pointer (&mark));
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
  Mark *mark = find_mark (self, number);

  if (number != 0 && self->kept != NULL)
    guidance_kept_remove (self->kept, (guint64) number);
  if (mark == NULL)
    return;
  if (mark->taken)
    {
      guidance_vision_remove (self->vision, (guint64) number);
      self->n_taken--;
    }
  g_ptr_array_remove (self->marks, mark);
}

/* Nothing is kept, and all else goes on, where it cannot be used. */
static void
open_kept (Tracker *self, JsonNode *node, int fd)
{
  static const KarezJsonField fields[] = {
    { "type", KAREZ_JSON_ENUM, TRUE, 0, 0, "keep" },
    { "marks", KAREZ_JSON_ARRAY, TRUE, 0, GUIDANCE_KEPT_MARKS },
    { NULL },
  };
  g_autoptr (GError) error = NULL;
  JsonObject *object = karez_json_check (node, fields, &error);
  JsonArray *array = object != NULL ? json_object_get_array_member (object, "marks") : NULL;
  guint64 numbers[GUIDANCE_KEPT_MARKS];
  guint n = array != NULL ? json_array_get_length (array) : 0;

  g_clear_pointer (&self->kept, guidance_kept_free);
  if (object != NULL)
    self->kept = guidance_kept_new (fd, &error);
  if (self->kept == NULL)
    {
      /* nocheck:blocked -- the same */
      g_printerr ("no marks are kept: %s\n", error->message);
      return;
    }
  for (guint i = 0; i < n; i++)
    {
      double number = 0;

      karez_json_number (json_array_get_element (array, i), &number);
      numbers[i] = number >= 1 && number <= MAX_NUMBER ? (guint64) number : 0;
    }
  guidance_kept_remove_others (self->kept, numbers, n);
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

  if (g_strcmp0 (type, "keep") == 0 && fd >= 0)
    open_kept (self, node, fd);
  else if (g_strcmp0 (type, "track") == 0 && fd >= 0)
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
  self.marks = g_ptr_array_new_with_free_func (g_free);
  self.loop = g_main_loop_new (NULL, FALSE);
  g_timeout_add_seconds (1, on_second, &self);
  g_unix_fd_add (CHANNEL, G_IO_IN | G_IO_HUP | G_IO_ERR, on_readable, &self);
  /* nocheck:blocked -- it is a program */
  g_main_loop_run (self.loop);
  g_clear_object (&self.decoder);
  g_ptr_array_unref (self.marks);
  guidance_vision_free (self.vision);
  g_clear_pointer (&self.kept, guidance_kept_free);
  g_main_loop_unref (self.loop);
  return 0;
}
