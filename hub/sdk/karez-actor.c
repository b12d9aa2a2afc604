/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who does something: a person, a hub, the local administrator. */
#define KAREZ_INSIDE
#include "karez-actor.h"
#include "karez-json.h"

#include "hub-catalogue.h"

struct _KarezActor
{
  KarezActorKind kind;
  char *id;
  char *name;
  GStrv roles;
  char *address;
  char *hub;
};

static const char *const kind_names[] = { "person", "hub", "peer", "local" };

G_DEFINE_BOXED_TYPE (KarezActor, karez_actor, karez_actor_ref, karez_actor_unref)

KarezActor *
karez_actor_new (KarezActorKind kind, const char *id, const char *name, const char *const *roles,
                 const char *address, const char *hub)
{
  static const char *const no_roles[] = { NULL };
  KarezActor *self = g_atomic_rc_box_new0 (KarezActor);

  self->kind = kind;
  self->id = g_strdup (id);
  self->name = g_strdup (name);
  self->roles = g_strdupv ((GStrv) (roles != NULL ? roles : no_roles));
  self->address = g_strdup (address);
  self->hub = g_strdup (hub);
  return self;
}

KarezActor *
karez_actor_ref (KarezActor *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return g_atomic_rc_box_acquire (self);
}

static void
clear (KarezActor *self)
{
  g_free (self->id);
  g_free (self->name);
  g_strfreev (self->roles);
  g_free (self->address);
  g_free (self->hub);
}

void
karez_actor_unref (KarezActor *self)
{
  g_return_if_fail (self != NULL);

  g_atomic_rc_box_release_full (self, (GDestroyNotify) clear);
}

KarezActorKind
karez_actor_get_kind (KarezActor *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->kind;
}

const char *
karez_actor_get_id (KarezActor *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->id;
}

const char *
karez_actor_get_name (KarezActor *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->name;
}

const char *const *
karez_actor_get_roles (KarezActor *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return (const char *const *) self->roles;
}

const char *
karez_actor_get_address (KarezActor *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->address;
}

const char *
karez_actor_get_hub (KarezActor *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->hub;
}

gboolean
karez_actor_has_role (KarezActor *self, const char *role)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return g_strv_contains ((const char *const *) self->roles, role);
}

const char *
karez_actor_kind_name (KarezActorKind kind)
{
  return kind_names[kind];
}

JsonNode *
karez_actor_to_json (KarezActor *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return karez_json_object ("kind", "s", kind_names[self->kind], "id", "s", self->id, "name", "s",
                            self->name, "roles", "as", self->roles, "address", "s", self->address,
                            "hub", "s", self->hub, NULL);
}

/* nocheck:sdk-guard -- what another hub left out is refused as such */
KarezActor *
karez_actor_from_json (JsonNode *node, GError **error)
{
  static const KarezJsonField fields[] = {
    { "kind", KAREZ_JSON_ENUM, TRUE, 0, 0, "person|hub|peer|local" },
    { "id", KAREZ_JSON_NAME, TRUE, 1, 64 },
    { "name", KAREZ_JSON_NAME, TRUE, 0, 200 },
    { "roles", KAREZ_JSON_ARRAY, FALSE, 0, 16 },
    { "address", KAREZ_JSON_NAME, FALSE, 0, 128 },
    { "hub", KAREZ_JSON_UUID },
    { NULL },
  };
  JsonObject *object = karez_json_check (node, fields, error);
  g_auto (GStrv) roles = NULL;
  guint kind = 0;

  if (object == NULL)
    return NULL;
  roles = karez_json_texts (object, "roles");
  while (!g_str_equal (kind_names[kind], karez_json_text (object, "kind")))
    kind++;
  return karez_actor_new (kind, karez_json_text (object, "id"), karez_json_text (object, "name"),
                          (const char *const *) roles, karez_json_text (object, "address"),
                          karez_json_text (object, "hub"));
}
