/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A mirror's word away from risk, until the host has heard it. */
#include "hub-live-word.h"

#include "hub-string.h"

#define GENERATION_SHIFT 24

struct _HubLiveWord
{
  guint64 waiting, last;
  guint n; /* of this worker */
  char *edge, *reason;
  KarezActor *actor;
};

static const KarezJsonField fields[] = {
  { "edge", KAREZ_JSON_ENUM, TRUE, 0, 0, "hold|panic|stop" },
  { "reason", KAREZ_JSON_TEXT, FALSE, 0, 4000 },
  { "number", KAREZ_JSON_INTEGER, TRUE, 1, G_MAXINT64 },
  { "actor", KAREZ_JSON_OBJECT },
  { NULL },
};

static void
set (HubLiveWord *self, const char *edge, const char *reason, KarezActor *actor)
{
  hub_set_string (&self->edge, edge);
  hub_set_string (&self->reason, reason);
  karez_actor_ref (actor);
  g_clear_pointer (&self->actor, karez_actor_unref);
  self->actor = actor;
}

guint64
hub_live_word_say (HubLiveWord *self, guint32 generation, const char *edge, const char *reason,
                   KarezActor *actor)
{
  gboolean stopping = self->waiting != 0 && g_str_equal (self->edge, "stop");

  set (self, stopping ? "stop" : edge, reason, actor);
  self->waiting = ((guint64) generation << GENERATION_SHIFT) + ++self->n;
  self->last = self->waiting;
  return self->waiting;
}

gboolean
hub_live_word_hear (HubLiveWord *self, guint64 number)
{
  if (self->waiting == 0 || number < self->waiting)
    return FALSE;
  self->waiting = 0;
  return TRUE;
}

guint64
hub_live_word_get_waiting (HubLiveWord *self)
{
  return self->waiting;
}

guint64
hub_live_word_get_last (HubLiveWord *self)
{
  return self->last;
}

const char *
hub_live_word_get_reason (HubLiveWord *self)
{
  return self->reason;
}

KarezActor *
hub_live_word_get_actor (HubLiveWord *self)
{
  return self->actor;
}

JsonNode *
hub_live_word_to_json (HubLiveWord *self)
{
  if (self->waiting == 0)
    return NULL;
  return karez_json_object ("edge", "s", self->edge, "reason", "s", self->reason, "number", "i",
                            (gint64) self->waiting, "actor", "n", karez_actor_to_json (self->actor),
                            NULL);
}

void
hub_live_word_recall (HubLiveWord *self, JsonNode *node, KarezActor *actor)
{
  JsonObject *object = node != NULL ? karez_json_check (node, fields, NULL) : NULL;
  JsonNode *theirs = object != NULL ? json_object_get_member (object, "actor") : NULL;
  g_autoptr (KarezActor) own = theirs != NULL ? karez_actor_from_json (theirs, NULL) : NULL;
  guint64 number = object != NULL ? karez_json_integer (object, "number", 0) : 0;

  if (number <= self->waiting)
    return;
  self->waiting = number;
  set (self, karez_json_text (object, "edge"), karez_json_text (object, "reason"),
       own != NULL ? own : actor);
}

gboolean
hub_live_word_is_plausible (guint64 number, guint32 generation)
{
  return number >> GENERATION_SHIFT <= generation;
}

HubLiveWord *
hub_live_word_new (void)
{
  return g_new0 (HubLiveWord, 1);
}

void
hub_live_word_free (HubLiveWord *self)
{
  g_free (self->edge);
  g_free (self->reason);
  g_clear_pointer (&self->actor, karez_actor_unref);
  g_free (self);
}
