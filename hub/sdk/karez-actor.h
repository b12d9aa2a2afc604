/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "karez-error.h"

G_BEGIN_DECLS

/**
 * KarezActorKind:
 * Since: 1.0
 */
typedef enum
{
  KAREZ_ACTOR_PERSON, /* somebody signed in */
  KAREZ_ACTOR_HUB,    /* this hub by itself: a timer, a restart */
  KAREZ_ACTOR_PEER,   /* a paired hub, for what its people did */
  KAREZ_ACTOR_LOCAL,  /* root or the hub's own user, by karezctl */
} KarezActorKind;

#define KAREZ_TYPE_ACTOR (karez_actor_get_type ())

/**
 * KarezActor:
 * Who does something, as it stands in the audit log. Immutable and counted; thread-safe.
 *
 * Since: 1.0
 */
typedef struct _KarezActor KarezActor;

/**
 * karez_actor_get_type:
 * Since: 1.0
 */
KAREZ_PUBLIC GType karez_actor_get_type (void);
/**
 * karez_actor_new:
 * @kind: what the actor is
 * @id: the person's or peer's UUID, or the name of the hub's part
 * @name: as people know it
 * @roles: (nullable): for a person
 * @address: (nullable): where the request came from
 * @hub: (nullable): the peer's id when the person belongs to another hospital
 *
 * Since: 1.0
 */
KAREZ_PUBLIC KarezActor *karez_actor_new (KarezActorKind kind, const char *id, const char *name,
                                          const char *const *roles, const char *address,
                                          const char *hub);
/**
 * karez_actor_ref:
 * Since: 1.0
 */
KAREZ_PUBLIC KarezActor *karez_actor_ref (KarezActor *self);
/**
 * karez_actor_unref:
 * Since: 1.0
 */
KAREZ_PUBLIC void karez_actor_unref (KarezActor *self);
/**
 * karez_actor_get_kind:
 * Since: 1.0
 */
KAREZ_PUBLIC KarezActorKind karez_actor_get_kind (KarezActor *self);
/**
 * karez_actor_get_id:
 * Since: 1.0
 */
KAREZ_PUBLIC const char *karez_actor_get_id (KarezActor *self);
/**
 * karez_actor_get_name:
 * Since: 1.0
 */
KAREZ_PUBLIC const char *karez_actor_get_name (KarezActor *self);
/**
 * karez_actor_get_roles:
 * Since: 1.0
 */
KAREZ_PUBLIC const char *const *karez_actor_get_roles (KarezActor *self);
/**
 * karez_actor_get_address:
 * Since: 1.0
 */
KAREZ_PUBLIC const char *karez_actor_get_address (KarezActor *self);
/**
 * karez_actor_get_hub:
 * Since: 1.0
 */
KAREZ_PUBLIC const char *karez_actor_get_hub (KarezActor *self);
/**
 * karez_actor_has_role:
 * Since: 1.0
 */
KAREZ_PUBLIC gboolean karez_actor_has_role (KarezActor *self, const char *role);
/**
 * karez_actor_kind_name:
 *
 * "person", "hub", "peer", "local"
 *
 * Since: 1.0
 */
KAREZ_PUBLIC const char *karez_actor_kind_name (KarezActorKind kind);
/**
 * karez_actor_to_json:
 *
 * The actor as a JSON object that another hub or a worker can read, and back.
 *
 * Since: 1.0
 */
KAREZ_PUBLIC JsonNode *karez_actor_to_json (KarezActor *self);
/**
 * karez_actor_from_json:
 * Since: 1.0
 */
KAREZ_PUBLIC KarezActor *karez_actor_from_json (JsonNode *node, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (KarezActor, karez_actor_unref)

G_END_DECLS
