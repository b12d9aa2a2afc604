/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The data channel "checklist": between pages and the session's checklists. */
#include "guidance-asking.h"

#include "guidance-checklist.h"
#include "guidance-pages.h"

#include <glib/gi18n.h>

#define LABEL GUIDANCE_ASKING_LABEL
/* A whole checklist, and what is said around it. */
#define SIZE (GUIDANCE_CHECKLIST_MAX_BYTES + 1024)
#define RATE 10

struct _GuidanceAsking
{
  GObject parent_instance;

  KarezLiveHalf *half; /* not owned */
  KarezMedia *media;
  GuidanceReadback *readback;
  GuidanceHistory *history; /* not owned */
};

G_DEFINE_FINAL_TYPE (GuidanceAsking, guidance_asking, G_TYPE_OBJECT)

/* What was done, with the name of who did it; the caller adds item and checklist. */
static JsonNode *
say_act (GuidanceAsking *self, const char *type, const char *id, const char *by, gint64 at)
{
  const char *hospital;
  const char *name = guidance_history_find (self->history, by, &hospital);

  return karez_json_object ("type", "s", type, "id", "s", id, "by", "s", by, "name", "s", name,
                            "hospital", "s", hospital, "at", "i", at, NULL);
}

static JsonNode *
say_step (GuidanceAsking *self, JsonNode *step)
{
  JsonObject *object = json_node_get_object (step);
  JsonNode *said = say_act (self, karez_json_text (object, "type"), karez_json_text (object, "id"),
                            karez_json_text (object, "by"), karez_json_integer (object, "at", 0));

  if (json_object_has_member (object, "item"))
    json_object_set_int_member (json_node_get_object (said), "item",
                                karez_json_integer (object, "item", 0));
  if (json_object_has_member (object, "checklist"))
    json_object_set_member (json_node_get_object (said), "checklist",
                            json_node_copy (json_object_get_member (object, "checklist")));
  return said;
}

static void
tell_opened (GuidanceAsking *self, KarezParticipant *participant, JsonObject *list)
{
  JsonNode *said = say_act (self, "opened", karez_json_text (list, "id"),
                            karez_json_text (list, "by"), karez_json_integer (list, "at", 0));

  json_object_set_member (json_node_get_object (said), "checklist",
                          json_node_copy (json_object_get_member (list, "checklist")));
  guidance_pages_tell_one (self->media, participant, LABEL, said);
}

static void
tell_item (GuidanceAsking *self, KarezParticipant *participant, JsonObject *list, guint i,
           const char *type, const char *by, const char *at)
{
  JsonObject *item = json_array_get_object_element (json_object_get_array_member (list, "items"),
                                                    i);
  JsonNode *said;

  if (!json_object_has_member (item, at))
    return;
  said = say_act (self, type, karez_json_text (list, "id"), karez_json_text (item, by),
                  karez_json_integer (item, at, 0));
  json_object_set_int_member (json_node_get_object (said), "item", i);
  guidance_pages_tell_one (self->media, participant, LABEL, said);
}

void
guidance_asking_begin (GuidanceAsking *self, KarezParticipant *participant)
{
  JsonObject *list = guidance_readback_get_open (self->readback);
  guint n = list != NULL ? json_array_get_length (json_object_get_array_member (list, "items")) : 0;

  if (self->media == NULL || !karez_replica_is_settled (KAREZ_REPLICA (self->readback)))
    return;
  guidance_pages_tell_one (self->media, participant, LABEL,
                           karez_json_object ("type", "s", "begin", NULL));
  if (list != NULL)
    tell_opened (self, participant, list);
  for (guint i = 0; i < n; i++)
    {
      tell_item (self, participant, list, i, "asked", "asked_by", "asked_at");
      tell_item (self, participant, list, i, "confirmed", "confirmed_by", "confirmed_at");
    }
}

static void
begin_one (KarezParticipant *participant, gpointer data)
{
  guidance_asking_begin (data, participant);
}

static void
on_replaced (KarezReplica *readback, GuidanceAsking *self)
{
  guidance_pages_foreach (karez_live_half_get_session (self->half), begin_one, self);
}

static void
on_step (KarezReplica *readback, JsonNode *step, const char *to, GuidanceAsking *self)
{
  KarezSession *session = karez_live_half_get_session (self->half);
  g_autoptr (KarezParticipant) one = to != NULL ? karez_session_find_participant (session, to)
                                                : NULL;

  if (to == NULL)
    guidance_pages_tell (session, self->media, LABEL, say_step (self, step));
  else if (one != NULL)
    guidance_pages_tell_one (self->media, one, LABEL, say_step (self, step));
}

static void
on_refused (KarezReplica *readback, const char *from, JsonNode *change, const GError *error,
            GuidanceAsking *self)
{
  g_autoptr (KarezParticipant)
      one = karez_session_find_participant (karez_live_half_get_session (self->half), from);

  if (one != NULL)
    guidance_pages_refuse (self->media, one, LABEL, change, error);
}

void
guidance_asking_take (GuidanceAsking *self, KarezParticipant *participant, GBytes *message)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) change = karez_json_parse (message, SIZE, &error);

  if (change != NULL && !JSON_NODE_HOLDS_OBJECT (change))
    karez_error_set (&error, KAREZ_ERROR_INVALID, "guidance/checklist", N_ ("an object"),
                     N_ ("This is no change of a checklist"));
  if (error == NULL)
    karez_replica_change (KAREZ_REPLICA (self->readback), karez_participant_get_id (participant),
                          change, &error);
  if (error != NULL)
    guidance_pages_refuse (self->media, participant, LABEL, change, error);
}

void
guidance_asking_declare (GuidanceAsking *self, KarezMedia *media)
{
  g_set_object (&self->media, media);
  karez_media_declare_channel (media, LABEL, KAREZ_CHANNEL_NONE, SIZE, RATE);
}

GuidanceAsking *
guidance_asking_new (KarezLiveHalf *half, GuidanceReadback *readback, GuidanceHistory *history)
{
  GuidanceAsking *self = g_object_new (GUIDANCE_TYPE_ASKING, NULL);

  self->half = half;
  self->history = history;
  self->readback = g_object_ref (readback);
  g_signal_connect_object (readback, "step", G_CALLBACK (on_step), self, 0);
  g_signal_connect_object (readback, "replaced", G_CALLBACK (on_replaced), self, 0);
  g_signal_connect_object (readback, "refused", G_CALLBACK (on_refused), self, 0);
  return self;
}

static void
guidance_asking_finalize (GObject *object)
{
  GuidanceAsking *self = GUIDANCE_ASKING (object);

  g_clear_object (&self->media);
  g_object_unref (self->readback);
  G_OBJECT_CLASS (guidance_asking_parent_class)->finalize (object);
}

static void
guidance_asking_class_init (GuidanceAskingClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = guidance_asking_finalize;
}

static void
guidance_asking_init (GuidanceAsking *self)
{
}
