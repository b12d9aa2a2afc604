/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host's trackers: one keeps marks on what they were drawn on, the other one sees the same
 * picture and takes its place. */
#include "guidance-tracking.h"

#include "guidance-kept.h"

#include <fcntl.h>
#include <unistd.h>

/* Their names in the key file. */
static const char *const names[] = { "tracker", "spare" };
#define N_TRACKERS G_N_ELEMENTS (names)

/* One that takes another one's place is told of all marks at once, which is more than the kernel
 * keeps for it while it is at a frame: the rest waits here. */
#define WAIT_MS 10
#define MAX_WAITING 1024u
/* Of positions, in a second: no camera has more frames. */
#define MAX_FRAMES 120u

typedef struct
{
  KarezProgram *program; /* NULL before and after it */
  gboolean seeing;       /* it has a picture */
  GQueue waiting;        /* of Told, in order */
  guint retry;           /* source; 0 where nothing waits */
} Tracker;

/* What did not find room yet. */
typedef struct
{
  GBytes *bytes;
  int fd; /* -1 for none */
} Told;

struct _GuidanceTracking
{
  GObject parent_instance;

  KarezSession *session; /* not owned */
  KarezMedia *media;
  GuidanceMarks *marks;
  char *source, *followed; /* NULL for nobody */
  Tracker trackers[N_TRACKERS];
  Tracker *leader;  /* the one that is told of marks; NULL for none */
  gboolean running; /* it has a picture */
  int kept;         /* memory in which trackers keep marks for one another; -1 for none */
  GuidanceKeptEnds ends;
  gboolean worked; /* the leader has said where marks are */
  /* What it may say yet. */
  GHashTable *refused; /* numbers of marks that it does not follow */
  gint64 second;       /* since when frames are counted */
  guint n_frames;
};

G_STATIC_ASSERT (GUIDANCE_KEPT_MARKS == GUIDANCE_MAX_MARKS);

G_DEFINE_FINAL_TYPE (GuidanceTracking, guidance_tracking, G_TYPE_OBJECT)

enum
{
  POSITIONS,
  RUNNING,
  REFUSED,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

/* What they are told. */

static gboolean
is_there (const Tracker *tracker)
{
  return tracker->program != NULL && karez_program_is_running (tracker->program);
}

static void
told_free (gpointer data)
{
  Told *told = data;

  if (told->fd >= 0)
    close (told->fd);
  g_bytes_unref (told->bytes);
  g_free (told);
}

static void
forget_waiting (Tracker *tracker)
{
  g_clear_handle_id (&tracker->retry, g_source_remove);
  g_queue_clear_full (&tracker->waiting, told_free);
}

/* FALSE where it finds no room now, and is to wait. What cannot be sent at all is left out. */
static gboolean
send_now (GuidanceTracking *self, Tracker *tracker, GBytes *bytes, int fd)
{
  g_autoptr (GError) error = NULL;

  if (karez_program_send (tracker->program, bytes, fd >= 0 ? &fd : NULL, fd >= 0 ? 1 : 0, &error))
    return TRUE;
  if (g_error_matches (error, KAREZ_ERROR, KAREZ_ERROR_BUSY))
    return FALSE;
  g_message ("%s: the tracker was not told: %s", karez_session_get_id (self->session),
             error->message);
  return TRUE;
}

typedef struct
{
  GuidanceTracking *self;
  Tracker *tracker;
} Retry;

static gboolean
on_retry (gpointer data)
{
  const Retry *retry = data;
  Tracker *tracker = retry->tracker;

  for (Told *told; (told = g_queue_peek_head (&tracker->waiting)) != NULL;)
    {
      if (is_there (tracker) && !send_now (retry->self, tracker, told->bytes, told->fd))
        return G_SOURCE_CONTINUE;
      told_free (g_queue_pop_head (&tracker->waiting));
    }
  tracker->retry = 0;
  return G_SOURCE_REMOVE;
}

/* One that does not read any more is found by its pulse, and another one is told everything. */
static void
let_wait (GuidanceTracking *self, Tracker *tracker, GBytes *bytes, int fd)
{
  Retry *retry;
  Told *told;

  if (tracker->waiting.length >= MAX_WAITING)
    return;
  told = g_new (Told, 1);
  told->bytes = g_bytes_ref (bytes);
  told->fd = fd >= 0 ? fcntl (fd, F_DUPFD_CLOEXEC, 0) : -1;
  g_queue_push_tail (&tracker->waiting, told);
  if (tracker->retry != 0)
    return;
  retry = g_new (Retry, 1);
  *retry = (Retry){ self, tracker };
  tracker->retry = g_timeout_add_full (G_PRIORITY_DEFAULT, WAIT_MS, on_retry, retry, g_free);
}

/* @tracker: (nullable). @message: (transfer full) */
static void
tell (GuidanceTracking *self, Tracker *tracker, JsonNode *message, int fd)
{
  g_autoptr (JsonNode) node = message;
  g_autoptr (GBytes) bytes = karez_json_to_bytes (node);

  if (tracker != NULL && is_there (tracker)
      && (tracker->retry != 0 || !send_now (self, tracker, bytes, fd)))
    let_wait (self, tracker, bytes, fd);
}

/* Before the marks: it may be that only the former one had their frames. */
static void
tell_kept (GuidanceTracking *self)
{
  GPtrArray *marks = guidance_marks_get (self->marks);
  JsonArray *numbers;
  JsonNode *node;
  g_autoptr (GError) error = NULL;

  if (self->kept < 0)
    self->kept = guidance_kept_make (&error);
  if (self->kept < 0)
    {
      g_message ("%s: another tracker will not know these marks: %s",
                 karez_session_get_id (self->session), error->message);
      return;
    }
  numbers = json_array_sized_new (marks->len);
  for (guint i = 0; i < marks->len; i++)
    json_array_add_int_element (numbers, ((const GuidanceMark *) marks->pdata[i])->number);
  node = json_node_new (JSON_NODE_ARRAY);
  json_node_take_array (node, numbers);
  tell (self, self->leader, karez_json_object ("type", "s", "keep", "marks", "n", node, NULL),
        self->kept);
}

static void
tell_followed (GuidanceTracking *self, Tracker *tracker)
{
  g_autoptr (GError) error = NULL;
  int tap;

  if (self->followed == NULL || !is_there (tracker))
    return;
  tap = karez_media_tap (self->media, self->followed, self->source, &error);
  if (tap < 0)
    {
      g_message ("%s: the picture cannot be followed: %s", karez_session_get_id (self->session),
                 error->message);
      return;
    }
  tell (self, tracker, karez_json_object ("type", "s", "track", NULL), tap);
  close (tap);
}

/* In parts of the picture, from 0 to 1. */
static JsonNode *
points_of (const GuidanceMark *mark)
{
  JsonArray *array = json_array_sized_new (mark->n_points);
  JsonNode *node = json_node_new (JSON_NODE_ARRAY);

  for (guint i = 0; i < mark->n_points; i++)
    {
      JsonArray *pair = json_array_sized_new (2);

      json_array_add_double_element (pair, (double) mark->points[i][0] / GUIDANCE_PARTS);
      json_array_add_double_element (pair, (double) mark->points[i][1] / GUIDANCE_PARTS);
      json_array_add_array_element (array, pair);
    }
  json_node_take_array (node, array);
  return node;
}

void
guidance_tracking_add (GuidanceTracking *self, const GuidanceMark *mark)
{
  tell (self, self->leader,
        karez_json_object ("type", "s", "mark", "number", "i", mark->number, "capture", "i",
                           mark->capture, "points", "n", points_of (mark), NULL),
        -1);
}

void
guidance_tracking_remove (GuidanceTracking *self, gint64 number)
{
  g_hash_table_remove (self->refused, GUINT_TO_POINTER ((guint) number));
  tell (self, self->leader, karez_json_object ("type", "s", "forget", "number", "i", number, NULL),
        -1);
}

/* Who leads. */

static Tracker *
find_tracker (GuidanceTracking *self, KarezProgram *program)
{
  for (guint i = 0; i < N_TRACKERS; i++)
    if (self->trackers[i].program == program)
      return &self->trackers[i];
  g_return_val_if_reached (NULL);
}

static void
set_running (GuidanceTracking *self, gboolean running)
{
  if (self->running == running)
    return;
  self->running = running;
  g_signal_emit (self, signals[RUNNING], 0, running);
}

static void
lead (GuidanceTracking *self, Tracker *tracker)
{
  GPtrArray *marks = guidance_marks_get (self->marks);

  self->leader = tracker;
  self->worked = FALSE;
  g_hash_table_remove_all (self->refused);
  tell_kept (self);
  for (guint i = 0; i < marks->len; i++)
    guidance_tracking_add (self, marks->pdata[i]);
  set_running (self, tracker->seeing);
}

/* One that sees the picture rather than one that will. */
static void
choose_leader (GuidanceTracking *self)
{
  Tracker *best = NULL;

  for (guint i = 0; i < N_TRACKERS; i++)
    if (is_there (&self->trackers[i])
        && (best == NULL || (self->trackers[i].seeing && !best->seeing)))
      best = &self->trackers[i];
  if (best != NULL)
    lead (self, best);
}

static void
forget_kept (GuidanceTracking *self)
{
  if (self->kept >= 0)
    close (self->kept);
  self->kept = -1;
  self->ends = (GuidanceKeptEnds){ 0 };
}

static void
on_started (KarezProgram *program, GuidanceTracking *self)
{
  Tracker *tracker = find_tracker (self, program);

  tell_followed (self, tracker);
  if (self->leader == NULL)
    lead (self, tracker);
}

static void
on_ended (KarezProgram *program, const char *reason, gboolean again, GuidanceTracking *self)
{
  Tracker *tracker = find_tracker (self, program);

  tracker->seeing = FALSE;
  forget_waiting (tracker);
  if (self->leader != tracker)
    return;
  self->leader = NULL;
  if (guidance_kept_is_suspect (&self->ends, g_get_monotonic_time (), self->worked))
    forget_kept (self);
  set_running (self, FALSE);
  choose_leader (self);
}

/* What they say. */

static void
take_refusal (GuidanceTracking *self, JsonNode *node)
{
  static const KarezJsonField fields[] = {
    { "type", KAREZ_JSON_ENUM, TRUE, 0, 0, "refused" },
    { "number", KAREZ_JSON_INTEGER, TRUE, 1, G_MAXUINT32 },
    { "rule", KAREZ_JSON_TEXT, TRUE, 1, 100 },
    { NULL },
  };
  JsonObject *object = karez_json_check (node, fields, NULL);
  const GuidanceMark *mark = object != NULL ? guidance_marks_find (
                                 self->marks, karez_json_integer (object, "number", 0))
                                            : NULL;

  /* Once: it goes to everybody, in order with all else that the other hospital is told. */
  if (mark != NULL && g_hash_table_add (self->refused, GUINT_TO_POINTER ((guint) mark->number)))
    g_signal_emit (self, signals[REFUSED], 0, mark, karez_json_text (object, "rule"));
}

static gboolean
may_say_frame (GuidanceTracking *self)
{
  gint64 now = g_get_monotonic_time ();

  if (now - self->second >= G_USEC_PER_SEC)
    {
      self->second = now;
      self->n_frames = 0;
    }
  return self->n_frames++ < MAX_FRAMES;
}

static void
take_first_frame (GuidanceTracking *self, Tracker *tracker)
{
  tracker->seeing = TRUE;
  if (self->leader == tracker)
    set_running (self, TRUE);
}

/* It read what anybody may have sent: what it says is checked as theirs would be. */
static void
on_message (KarezProgram *program, GBytes *message, GuidanceTracking *self)
{
  Tracker *tracker = find_tracker (self, program);
  g_autoptr (JsonNode) node = karez_json_parse (message, KAREZ_PROGRAM_MAX_SIZE, NULL);
  const char *type = node != NULL && JSON_NODE_HOLDS_OBJECT (node)
                         ? karez_json_text (json_node_get_object (node), "type")
                         : NULL;
  GuidancePositions positions;

  if (g_strcmp0 (type, "anew") == 0)
    take_first_frame (self, tracker);
  else if (tracker != self->leader)
    return;
  else if (g_strcmp0 (type, "marks") == 0 && guidance_positions_from_json (&positions, node, NULL))
    {
      self->worked = TRUE;
      if (may_say_frame (self))
        g_signal_emit (self, signals[POSITIONS], 0, &positions);
    }
  else if (g_strcmp0 (type, "refused") == 0)
    take_refusal (self, node);
}

/* Their life. */

gboolean
guidance_tracking_begin (GuidanceTracking *self, GError **error)
{
  for (guint i = 0; i < N_TRACKERS; i++)
    {
      Tracker *tracker = &self->trackers[i];

      if (tracker->program != NULL)
        continue;
      tracker->program = karez_session_start_program (self->session, names[i], error);
      if (tracker->program == NULL)
        return FALSE;
      g_signal_connect_object (tracker->program, "started", G_CALLBACK (on_started), self, 0);
      g_signal_connect_object (tracker->program, "message", G_CALLBACK (on_message), self, 0);
      g_signal_connect_object (tracker->program, "ended", G_CALLBACK (on_ended), self, 0);
    }
  return TRUE;
}

static void
stop (GuidanceTracking *self)
{
  self->leader = NULL;
  for (guint i = 0; i < N_TRACKERS; i++)
    {
      if (self->trackers[i].program != NULL)
        karez_program_stop (self->trackers[i].program);
      g_clear_object (&self->trackers[i].program);
      self->trackers[i].seeing = FALSE;
      forget_waiting (&self->trackers[i]);
    }
  forget_kept (self);
}

void
guidance_tracking_end (GuidanceTracking *self)
{
  stop (self);
  set_running (self, FALSE);
}

void
guidance_tracking_follow (GuidanceTracking *self, const char *participant)
{
  if (g_strcmp0 (self->followed, participant) == 0)
    return;
  g_free (self->followed);
  self->followed = g_strdup (participant);
  /* What they have seen was somebody else's. */
  for (guint i = 0; i < N_TRACKERS; i++)
    {
      self->trackers[i].seeing = FALSE;
      tell_followed (self, &self->trackers[i]);
    }
  set_running (self, FALSE);
}

const char *
guidance_tracking_get_followed (GuidanceTracking *self)
{
  return self->followed;
}

GuidanceTracking *
guidance_tracking_new (KarezSession *session, KarezMedia *media, const char *source,
                       GuidanceMarks *marks)
{
  GuidanceTracking *self = g_object_new (GUIDANCE_TYPE_TRACKING, NULL);

  self->session = session;
  self->media = g_object_ref (media);
  self->source = g_strdup (source);
  self->marks = g_object_ref (marks);
  return self;
}

static void
guidance_tracking_finalize (GObject *object)
{
  GuidanceTracking *self = GUIDANCE_TRACKING (object);

  stop (self);
  g_object_unref (self->media);
  g_object_unref (self->marks);
  g_hash_table_unref (self->refused);
  g_free (self->source);
  g_free (self->followed);
  G_OBJECT_CLASS (guidance_tracking_parent_class)->finalize (object);
}

static void
guidance_tracking_class_init (GuidanceTrackingClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = guidance_tracking_finalize;
  signals[POSITIONS] = g_signal_new ("positions", GUIDANCE_TYPE_TRACKING, G_SIGNAL_RUN_LAST, 0,
                                     NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_POINTER);
  signals[RUNNING] = g_signal_new ("running", GUIDANCE_TYPE_TRACKING, G_SIGNAL_RUN_LAST, 0, NULL,
                                   NULL, NULL, G_TYPE_NONE, 1, G_TYPE_BOOLEAN);
  signals[REFUSED] = g_signal_new ("refused", GUIDANCE_TYPE_TRACKING, G_SIGNAL_RUN_LAST, 0, NULL,
                                   NULL, NULL, G_TYPE_NONE, 2, G_TYPE_POINTER, G_TYPE_STRING);
}

static void
guidance_tracking_init (GuidanceTracking *self)
{
  self->kept = -1;
  self->refused = g_hash_table_new (NULL, NULL);
}
