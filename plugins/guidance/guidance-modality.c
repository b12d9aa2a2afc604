/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The live half of AR guidance: marks, pointers, checklists, full pictures, documents, the tracker,
 * and what is kept of it. */
#include "guidance-modality.h"

#include "guidance-asking.h"
#include "guidance-pages.h"
#include "guidance-showing.h"
#include "guidance-still.h"
#include "guidance-tracking.h"

#include <glib/gi18n.h>

#define SCENE "scene"
/* Of this plugin's own on the link; its ordered one is the first. */
#define STREAM_POSITIONS (KAREZ_LINK_FIRST_STREAM + 1u)
#define STREAM_POINTER (KAREZ_LINK_FIRST_STREAM + 2u)

#define MARKS "marks"
#define MARKS_SIZE 8192
#define MARKS_RATE 30
#define POINTER "pointer"
#define POINTER_SIZE 128
#define POINTER_RATE 100
#define POSITIONS "positions"

struct _GuidanceModality
{
  KarezLiveHalf parent;

  GuidanceMarks *marks;
  GuidanceReadback *readback;
  GuidanceAsking *asking;
  GuidanceStill *still;
  GuidanceShowing *showing;
  GuidanceHistory *history;
  KarezMedia *media;          /* NULL before it is prepared */
  GuidanceTracking *tracking; /* the host's */
  gboolean tracker;           /* whether there is one, there or here */
  gboolean running;           /* between start or resume and hold or stop */
};

G_DEFINE_FINAL_TYPE (GuidanceModality, guidance_modality, KAREZ_TYPE_LIVE_HALF)
KAREZ_MODALITY_MODULE (guidance_modality)

static KarezSession *
session_of (GuidanceModality *self)
{
  return karez_live_half_get_session (KAREZ_LIVE_HALF (self));
}

static gboolean
is_host (GuidanceModality *self)
{
  return karez_session_is_host (session_of (self));
}

/* Pages. */

/* @message: (transfer full) */
static void
tell_all (GuidanceModality *self, JsonNode *message)
{
  guidance_pages_tell (session_of (self), self->media, MARKS, message);
}

/* @message: (transfer full) */
static void
tell_one (GuidanceModality *self, KarezParticipant *participant, JsonNode *message)
{
  guidance_pages_tell_one (self->media, participant, MARKS, message);
}

static JsonNode *
added_message (const GuidanceMark *mark)
{
  return karez_json_object ("type", "s", "added", "mark", "n", guidance_mark_to_json (mark), NULL);
}

static void
tell_everything (GuidanceModality *self, KarezParticipant *participant)
{
  GPtrArray *marks = guidance_marks_get (self->marks);

  tell_one (self, participant,
            karez_json_object ("type", "s", "begin", "tracker", "b", self->tracker, NULL));
  for (guint i = 0; i < marks->len; i++)
    tell_one (self, participant, added_message (marks->pdata[i]));
}

static void
on_channel (KarezMedia *media, KarezParticipant *participant, const char *label, gboolean open,
            GuidanceModality *self)
{
  if (open && g_str_equal (label, MARKS) && karez_replica_is_settled (KAREZ_REPLICA (self->marks)))
    tell_everything (self, participant);
  else if (open && g_str_equal (label, GUIDANCE_ASKING_LABEL))
    guidance_asking_begin (self->asking, participant);
  else if (open && g_str_equal (label, GUIDANCE_SHOWING_LABEL))
    guidance_showing_begin (self->showing, participant);
}

/* Marks. */

static void
on_refused (KarezReplica *marks, const char *from, JsonNode *change, const GError *error,
            GuidanceModality *self)
{
  g_autoptr (KarezParticipant) one = karez_session_find_participant (session_of (self), from);

  if (one != NULL)
    guidance_pages_refuse (self->media, one, MARKS, change, error);
}

/* The tracker has what it knows of them by their numbers. */
static void
follow_step (GuidanceModality *self, JsonObject *step)
{
  JsonObject *mark = json_object_has_member (step, "mark")
                         ? json_object_get_object_member (step, "mark")
                         : NULL;
  const GuidanceMark *added = mark != NULL ? guidance_marks_find (
                                  self->marks, karez_json_integer (mark, "number", 0))
                                           : NULL;

  if (added != NULL)
    guidance_tracking_add (self->tracking, added);
}

static void
on_step (KarezReplica *marks, JsonNode *step, const char *to, GuidanceModality *self)
{
  g_autoptr (KarezParticipant)
      one = to != NULL ? karez_session_find_participant (session_of (self), to) : NULL;

  if (one != NULL)
    tell_one (self, one, json_node_ref (step));
  if (to != NULL)
    return;
  guidance_history_follow (self->history, self->marks,
                           karez_json_integer (json_node_get_object (step), "at", 0));
  if (self->tracking != NULL)
    follow_step (self, json_node_get_object (step));
  tell_all (self, json_node_ref (step));
}

static void
on_gone (GuidanceMarks *marks, guint number, GuidanceModality *self)
{
  if (self->tracking != NULL)
    guidance_tracking_remove (self->tracking, number);
}

static void
tell_one_everything (KarezParticipant *participant, gpointer data)
{
  tell_everything (data, participant);
}

static void
on_replaced (KarezReplica *marks, GuidanceModality *self)
{
  guidance_history_follow (self->history, self->marks, g_get_real_time () / 1000);
  guidance_pages_foreach (session_of (self), tell_one_everything, self);
}

static void
take_change (GuidanceModality *self, KarezParticipant *participant, GBytes *message)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) change = karez_json_parse (message, MARKS_SIZE, &error);

  if (change != NULL && !JSON_NODE_HOLDS_OBJECT (change))
    karez_error_set (&error, KAREZ_ERROR_INVALID, "guidance/mark", N_ ("an object"),
                     N_ ("This is no change of marks"));
  if (error == NULL)
    karez_replica_change (KAREZ_REPLICA (self->marks), karez_participant_get_id (participant),
                          change, &error);
  if (error != NULL)
    guidance_pages_refuse (self->media, participant, MARKS, change, error);
}

/* Pointers. */

static gboolean
may_draw (KarezParticipant *participant)
{
  return g_strcmp0 (karez_participant_get_role (participant), "expert") == 0;
}

static void
take_pointer (GuidanceModality *self, KarezParticipant *participant, GBytes *message)
{
  const char *id = karez_participant_get_id (participant);
  g_autoptr (JsonNode) node = may_draw (participant) ? guidance_pointer_read (message, 0) : NULL;
  g_autoptr (GBytes) bytes = NULL;

  if (node == NULL)
    return;
  json_object_set_string_member (json_node_get_object (node), "participant", id);
  bytes = karez_json_to_bytes (node);
  guidance_pages_send (session_of (self), self->media, POINTER, bytes, id);
  karez_link_send (karez_session_get_link (session_of (self)), STREAM_POINTER, bytes, NULL);
}

/* Of one of the other hospital's people alone. */
static void
take_other_pointer (GuidanceModality *self, GBytes *message)
{
  g_autoptr (JsonNode) node = guidance_pointer_read (message, 1);
  const char *id = node != NULL ? karez_json_text (json_node_get_object (node), "participant")
                                : NULL;
  g_autoptr (KarezParticipant)
      one = id != NULL ? karez_session_find_participant (session_of (self), id) : NULL;

  if (one != NULL && !karez_participant_is_local (one) && may_draw (one))
    guidance_pages_send (session_of (self), self->media, POINTER, message, NULL);
}

static void
on_message (KarezMedia *media, KarezParticipant *participant, const char *label, GBytes *message,
            GuidanceModality *self)
{
  if (g_str_equal (label, MARKS))
    take_change (self, participant, message);
  else if (g_str_equal (label, POINTER))
    take_pointer (self, participant, message);
  else if (g_str_equal (label, GUIDANCE_ASKING_LABEL))
    guidance_asking_take (self->asking, participant, message);
  else if (g_str_equal (label, GUIDANCE_STILL_LABEL))
    guidance_still_take (self->still, participant, message);
  else if (g_str_equal (label, GUIDANCE_SHOWING_LABEL))
    guidance_showing_take (self->showing, participant, message);
}

/* Positions: from the host's tracker to every page. */

static void
send_positions (GuidanceModality *self, const GuidancePositions *positions)
{
  KarezLink *link = karez_session_get_link (session_of (self));
  g_autoptr (GPtrArray) messages = guidance_positions_pack (positions, KAREZ_LINK_MAX_DATAGRAM);

  for (guint i = 0; i < messages->len; i++)
    {
      guidance_pages_send (session_of (self), self->media, POSITIONS, messages->pdata[i], NULL);
      karez_link_send (link, STREAM_POSITIONS, messages->pdata[i], NULL);
    }
}

static void
on_positions (GuidanceTracking *tracking, const GuidancePositions *positions,
              GuidanceModality *self)
{
  send_positions (self, positions);
}

static void
on_datagram (KarezLink *link, guint stream, GBytes *payload, GuidanceModality *self)
{
  GuidancePositions positions;

  if (stream == STREAM_POINTER)
    take_other_pointer (self, payload);
  else if (stream == STREAM_POSITIONS && !is_host (self)
           && guidance_positions_unpack (&positions, payload, NULL))
    guidance_pages_send (session_of (self), self->media, POSITIONS, payload, NULL);
}

/* The tracker. */

static JsonNode *
tracker_message (GuidanceModality *self)
{
  return karez_json_object ("type", "s", "tracker", "running", "b", self->tracker, NULL);
}

static void
tell_peer (GuidanceModality *self, JsonNode *message)
{
  g_autoptr (GError) error = NULL;

  if (!karez_live_half_tell_peer (KAREZ_LIVE_HALF (self), message, &error))
    g_message ("%s: the other hospital was not told: %s", karez_session_get_id (session_of (self)),
               error->message);
}

static void
on_running (GuidanceTracking *tracking, gboolean running, GuidanceModality *self)
{
  self->tracker = running;
  tell_all (self, tracker_message (self));
  tell_peer (self, tracker_message (self));
}

static void
on_unfollowed (GuidanceTracking *tracking, const GuidanceMark *mark, const char *rule,
               GuidanceModality *self)
{
  JsonNode *message = karez_json_object ("type", "s", "unfollowed", "id", "s", mark->id, "rule",
                                         "s", rule, NULL);

  tell_all (self, json_node_ref (message));
  tell_peer (self, message);
}

/* Whose scene is drawn on: the first who is here as "site". */
static void
choose_scene (GuidanceModality *self)
{
  GListModel *people = karez_session_get_participants (session_of (self));
  const char *followed = guidance_tracking_get_followed (self->tracking);
  g_autoptr (KarezParticipant)
      there = followed != NULL ? karez_session_find_participant (session_of (self), followed)
                               : NULL;

  for (guint i = 0; i < g_list_model_get_n_items (people) && there == NULL; i++)
    {
      g_autoptr (KarezParticipant) one = g_list_model_get_item (people, i);

      if (karez_participant_is_local (one)
          && g_strcmp0 (karez_participant_get_role (one), "site") == 0)
        there = g_steal_pointer (&one);
    }
  followed = there != NULL ? karez_participant_get_id (there) : NULL;
  guidance_still_set_site (self->still, followed);
  guidance_tracking_follow (self->tracking, followed);
}

/* The host says what its tracker does. */
static gboolean
receive_tracker (GuidanceModality *self, JsonNode *message, GError **error)
{
  static const KarezJsonField running[] = {
    { "type", KAREZ_JSON_ENUM, TRUE, 0, 0, "tracker" },
    { "running", KAREZ_JSON_BOOLEAN, TRUE },
    { NULL },
  };
  static const KarezJsonField unfollowed[] = {
    { "type", KAREZ_JSON_ENUM, TRUE, 0, 0, "tracker|unfollowed" },
    { "id", KAREZ_JSON_UUID, TRUE },
    { "rule", KAREZ_JSON_TEXT, TRUE, 1, 100 },
    { NULL },
  };
  gboolean is_running =
      g_strcmp0 (karez_json_text (json_node_get_object (message), "type"), "tracker") == 0;
  JsonObject *object = karez_json_check (message, is_running ? running : unfollowed, error);

  if (object == NULL)
    return FALSE;
  if (is_host (self))
    return karez_error_set (error, KAREZ_ERROR_INVALID, "guidance/host", NULL,
                            N_ ("The tracker is at this hospital"));
  if (is_running)
    self->tracker = karez_json_boolean (object, "running");
  tell_all (self, json_node_ref (message));
  return TRUE;
}

static gboolean
receive (KarezLiveHalf *half, JsonNode *message, GError **error)
{
  GuidanceModality *self = GUIDANCE_MODALITY (half);
  const char *type = karez_json_text (json_node_get_object (message), "type");

  if (type != NULL && g_str_has_prefix (type, GUIDANCE_STILL_PREFIX))
    return guidance_still_receive (self->still, message, error);
  return receive_tracker (self, message, error);
}

/* What the session asks. */

static gboolean
open_media (GuidanceModality *self, KarezSession *session, GError **error)
{
  KarezMedia *media = karez_session_get_media (session, error);
  KarezLink *link = karez_session_get_link (session);

  if (media == NULL || !karez_link_open (link, STREAM_POSITIONS, KAREZ_LINK_BEST, FALSE, error)
      || !karez_link_open (link, STREAM_POINTER, KAREZ_LINK_BEST, FALSE, error))
    return FALSE;
  g_set_object (&self->media, media);
  karez_media_declare_source (media, SCENE, KAREZ_SOURCE_NONE);
  karez_media_declare_source (media, "camera", KAREZ_SOURCE_NONE);
  karez_media_declare_source (media, "microphone", KAREZ_SOURCE_VOICE);
  karez_media_declare_channel (media, MARKS, KAREZ_CHANNEL_NONE, MARKS_SIZE, MARKS_RATE);
  karez_media_declare_channel (media, POINTER, KAREZ_CHANNEL_ONCE, POINTER_SIZE, POINTER_RATE);
  karez_media_declare_channel (media, POSITIONS, KAREZ_CHANNEL_ONCE | KAREZ_CHANNEL_BINARY, 1, 1);
  guidance_asking_declare (self->asking, media);
  guidance_still_declare (self->still, media);
  guidance_showing_declare (self->showing, media);
  g_signal_connect_object (media, "channel", G_CALLBACK (on_channel), self, 0);
  g_signal_connect_object (media, "message", G_CALLBACK (on_message), self, 0);
  g_signal_connect_object (link, "datagram", G_CALLBACK (on_datagram), self, 0);
  return TRUE;
}

static gboolean
prepare (KarezLiveHalf *half, KarezSession *session, GError **error)
{
  GuidanceModality *self = GUIDANCE_MODALITY (half);
  g_autoptr (GError) none = NULL;

  if (!open_media (self, session, error))
    return FALSE;
  /* The marks may be newer than what the checkpoint knew of them. */
  guidance_history_follow (self->history, self->marks, g_get_real_time () / 1000);
  if (!karez_session_is_host (session))
    return TRUE;
  self->tracking = guidance_tracking_new (session, self->media, SCENE, self->marks);
  g_signal_connect_object (self->tracking, "positions", G_CALLBACK (on_positions), self, 0);
  g_signal_connect_object (self->tracking, "running", G_CALLBACK (on_running), self, 0);
  g_signal_connect_object (self->tracking, "refused", G_CALLBACK (on_unfollowed), self, 0);
  /* Talk and pointers do not need it. */
  if (!guidance_tracking_begin (self->tracking, &none))
    g_message ("%s: a tracker cannot be started: %s", karez_session_get_id (session),
               none->message);
  return TRUE;
}

/* Who sends pictures or signs a report, was here. */
static void
remember (GuidanceModality *self, KarezParticipant *participant)
{
  if (guidance_history_add (self->history, participant) && karez_participant_is_local (participant))
    karez_session_record (
        session_of (self), "participant.enter", karez_participant_get_actor (participant),
        karez_json_object ("participant", "s", karez_participant_get_id (participant), "role", "s",
                           karez_participant_get_role (participant), NULL));
}

static gboolean
join (KarezLiveHalf *half, KarezParticipant *participant, GError **error)
{
  GuidanceModality *self = GUIDANCE_MODALITY (half);

  remember (self, participant);
  if (!karez_participant_is_local (participant))
    return TRUE;
  karez_media_join (self->media, participant);
  if (self->tracking != NULL)
    choose_scene (self);
  return TRUE;
}

static gboolean
leave (KarezLiveHalf *half, KarezParticipant *participant, GError **error)
{
  GuidanceModality *self = GUIDANCE_MODALITY (half);

  if (!karez_participant_is_local (participant))
    return TRUE;
  karez_media_leave (self->media, participant);
  if (self->tracking != NULL)
    choose_scene (self);
  return TRUE;
}

static gboolean
message (KarezLiveHalf *half, KarezParticipant *participant, JsonNode *body, GError **error)
{
  JsonObject *object = json_node_get_object (body);

  if (karez_media_is_message (object))
    return karez_media_take (GUIDANCE_MODALITY (half)->media, participant, object, error);
  return karez_error_set (error, KAREZ_ERROR_INVALID, "guidance/message",
                          N_ ("what data/api/media.md describes"),
                          N_ ("There is no such message in a guidance"));
}

static void
link_changed (KarezLiveHalf *half, gboolean up)
{
  GuidanceModality *self = GUIDANCE_MODALITY (half);

  if (up && self->tracking != NULL)
    tell_peer (self, tracker_message (self));
}

/* Seen and heard, and followed by the tracker, is who consented to it, while nothing holds. */
static void
settle (GuidanceModality *self)
{
  KarezConsent *consent = karez_live_half_get_consent (KAREZ_LIVE_HALF (self));
  gboolean shown = self->running && karez_consent_is_allowed (consent);

  if (self->media != NULL)
    karez_media_set_forwarding (self->media, shown);
  guidance_history_set_shown (self->history, shown);
}

static void
run (KarezLiveHalf *half, gboolean running)
{
  GUIDANCE_MODALITY (half)->running = running;
  settle (GUIDANCE_MODALITY (half));
}

static gboolean
start (KarezLiveHalf *half, GError **error)
{
  run (half, TRUE);
  return TRUE;
}

static gboolean
hold (KarezLiveHalf *half, const char *reason, GError **error)
{
  run (half, FALSE);
  return TRUE;
}

static void
panic (KarezLiveHalf *half, const char *reason)
{
  run (half, FALSE);
}

static gboolean
stop (KarezLiveHalf *half, const char *reason, GError **error)
{
  GuidanceModality *self = GUIDANCE_MODALITY (half);

  run (half, FALSE);
  if (self->tracking != NULL)
    guidance_tracking_end (self->tracking);
  guidance_history_follow (self->history, self->marks, g_get_real_time () / 1000);
  karez_session_record (session_of (self), "summary.keep", NULL,
                        guidance_history_to_record (self->history, self->readback));
  return TRUE;
}

static JsonNode *
to_json (KarezLiveHalf *half)
{
  return guidance_history_to_json (GUIDANCE_MODALITY (half)->history);
}

static gboolean
from_json (KarezLiveHalf *half, JsonNode *state, GError **error)
{
  return guidance_history_from_json (GUIDANCE_MODALITY (half)->history, state, error);
}

static void
guidance_modality_finalize (GObject *object)
{
  GuidanceModality *self = GUIDANCE_MODALITY (object);

  g_clear_object (&self->tracking);
  g_clear_object (&self->media);
  g_object_unref (self->asking);
  g_object_unref (self->still);
  g_object_unref (self->showing);
  g_object_unref (self->readback);
  g_object_unref (self->marks);
  guidance_history_free (self->history);
  G_OBJECT_CLASS (guidance_modality_parent_class)->finalize (object);
}

static void
guidance_modality_class_init (GuidanceModalityClass *klass)
{
  KarezLiveHalfClass *half_class = KAREZ_LIVE_HALF_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = guidance_modality_finalize;
  half_class->stream = KAREZ_LINK_FIRST_STREAM;
  half_class->consent = KAREZ_CONSENT_MEDIA;
  half_class->prepare = prepare;
  half_class->start = start;
  half_class->resume = start;
  half_class->hold = hold;
  half_class->panic = panic;
  half_class->join = join;
  half_class->leave = leave;
  half_class->stop = stop;
  half_class->message = message;
  half_class->receive = receive;
  half_class->link_changed = link_changed;
  half_class->to_json = to_json;
  half_class->from_json = from_json;
}

static void
guidance_modality_init (GuidanceModality *self)
{
  KarezConsent *consent = karez_live_half_get_consent (KAREZ_LIVE_HALF (self));

  g_signal_connect_object (consent, "changed", G_CALLBACK (settle), self, G_CONNECT_SWAPPED);
  self->history = guidance_history_new ();
  self->readback = guidance_readback_new ();
  karez_live_half_add_replica (KAREZ_LIVE_HALF (self), "checklist", KAREZ_REPLICA (self->readback));
  self->asking = guidance_asking_new (KAREZ_LIVE_HALF (self), self->readback, self->history);
  self->still = guidance_still_new (KAREZ_LIVE_HALF (self));
  self->showing = guidance_showing_new (self->history);
  karez_live_half_add_replica (KAREZ_LIVE_HALF (self), "document", KAREZ_REPLICA (self->showing));
  self->marks = guidance_marks_new ();
  karez_live_half_add_replica (KAREZ_LIVE_HALF (self), "marks", KAREZ_REPLICA (self->marks));
  g_signal_connect_object (self->marks, "step", G_CALLBACK (on_step), self, 0);
  g_signal_connect_object (self->marks, "replaced", G_CALLBACK (on_replaced), self, 0);
  g_signal_connect_object (self->marks, "refused", G_CALLBACK (on_refused), self, 0);
  g_signal_connect_object (self->marks, "gone", G_CALLBACK (on_gone), self, 0);
}
