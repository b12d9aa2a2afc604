/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Somebody in a session. */
#define KAREZ_INSIDE
#include "karez-participant.h"

struct _KarezParticipant
{
  GObject parent_instance;

  char *id;
  KarezActor *actor;
  char *role;
  char *hospital;
  gboolean local;
};

G_DEFINE_FINAL_TYPE (KarezParticipant, karez_participant, G_TYPE_OBJECT)

enum
{
  SEND,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

KarezParticipant *
karez_participant_new (const char *id, KarezActor *actor, const char *role, const char *hospital,
                       gboolean local)
{
  KarezParticipant *self = g_object_new (KAREZ_TYPE_PARTICIPANT, NULL);

  self->id = g_strdup (id);
  self->actor = karez_actor_ref (actor);
  self->role = g_strdup (role);
  self->hospital = g_strdup (hospital);
  self->local = local;
  return self;
}

const char *
karez_participant_get_id (KarezParticipant *self)
{
  g_return_val_if_fail (KAREZ_IS_PARTICIPANT (self), NULL);

  return self->id;
}

KarezActor *
karez_participant_get_actor (KarezParticipant *self)
{
  g_return_val_if_fail (KAREZ_IS_PARTICIPANT (self), NULL);

  return self->actor;
}

const char *
karez_participant_get_role (KarezParticipant *self)
{
  g_return_val_if_fail (KAREZ_IS_PARTICIPANT (self), NULL);

  return self->role;
}

const char *
karez_participant_get_hospital (KarezParticipant *self)
{
  g_return_val_if_fail (KAREZ_IS_PARTICIPANT (self), NULL);

  return self->hospital;
}

gboolean
karez_participant_is_local (KarezParticipant *self)
{
  g_return_val_if_fail (KAREZ_IS_PARTICIPANT (self), FALSE);

  return self->local;
}

void
karez_participant_send (KarezParticipant *self, JsonNode *body)
{
  g_autoptr (JsonNode) owned = body;

  g_return_if_fail (self->local);

  g_signal_emit (self, signals[SEND], 0, owned);
}

static void
karez_participant_finalize (GObject *object)
{
  KarezParticipant *self = KAREZ_PARTICIPANT (object);

  g_clear_pointer (&self->id, g_free);
  g_clear_pointer (&self->actor, karez_actor_unref);
  g_clear_pointer (&self->role, g_free);
  g_clear_pointer (&self->hospital, g_free);

  G_OBJECT_CLASS (karez_participant_parent_class)->finalize (object);
}

static void
karez_participant_class_init (KarezParticipantClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = karez_participant_finalize;

  signals[SEND] = g_signal_new ("send", KAREZ_TYPE_PARTICIPANT, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                NULL, G_TYPE_NONE, 1, JSON_TYPE_NODE | G_SIGNAL_TYPE_STATIC_SCOPE);
}

static void
karez_participant_init (KarezParticipant *self)
{
}
