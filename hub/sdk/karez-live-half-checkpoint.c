/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a live half, its replicas and its consent leave to the next worker. */
#define KAREZ_INSIDE
#include "karez-consent-private.h"
#include "karez-live-half-private.h"
#include "karez-replica-private.h"

/* The checkpoint: what @to_json gives, or, beside replicas or a consent, {"half", "replicas":
 * {name: state}, "consent"}. */

static gboolean
is_alone (KarezLiveHalf *self, GPtrArray *replicas)
{
  return replicas->len == 0 && karez_live_half_get_consent (self) == NULL;
}

static JsonNode *
replicas_to_json (GPtrArray *replicas)
{
  JsonObject *states = json_object_new ();
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);

  for (guint i = 0; i < replicas->len; i++)
    json_object_set_member (states, karez_replica_get_name (replicas->pdata[i]),
                            karez_replica_to_json (replicas->pdata[i]));
  json_node_take_object (node, states);
  return node;
}

GBytes *
karez_live_half_make_checkpoint (KarezLiveHalf *self, GPtrArray *replicas)
{
  KarezLiveHalfClass *klass = KAREZ_LIVE_HALF_GET_CLASS (self);
  KarezConsent *consent = karez_live_half_get_consent (self);
  g_autoptr (JsonNode) own = klass->to_json != NULL ? klass->to_json (self) : NULL;
  g_autoptr (JsonNode) whole = NULL;

  if (is_alone (self, replicas))
    return own != NULL ? karez_json_to_bytes (own) : NULL;
  whole = karez_json_object ("half", "n", g_steal_pointer (&own), "replicas", "n",
                             replicas_to_json (replicas), "consent", "n",
                             consent != NULL ? karez_consent_to_json (consent) : NULL, NULL);
  return karez_json_to_bytes (whole);
}

static gboolean
restore_replicas (GPtrArray *replicas, JsonObject *states, GError **error)
{
  for (guint i = 0; i < replicas->len; i++)
    {
      JsonNode *state = json_object_get_member (states,
                                                karez_replica_get_name (replicas->pdata[i]));

      if (state != NULL && !karez_replica_restore (replicas->pdata[i], state, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
restore_whole (KarezLiveHalf *self, GPtrArray *replicas, JsonNode *node, GError **error)
{
  static const KarezJsonField fields[] = {
    { "half", KAREZ_JSON_OBJECT, FALSE },
    { "replicas", KAREZ_JSON_OBJECT, TRUE },
    { "consent", KAREZ_JSON_OBJECT, FALSE },
    { NULL },
  };
  KarezLiveHalfClass *klass = KAREZ_LIVE_HALF_GET_CLASS (self);
  KarezConsent *consent = karez_live_half_get_consent (self);
  JsonObject *whole = karez_json_check (node, fields, error);
  JsonNode *own = NULL, *word = NULL;

  if (whole == NULL)
    return FALSE;
  own = json_object_get_member (whole, "half");
  word = json_object_get_member (whole, "consent");
  if (consent != NULL && word != NULL && !karez_consent_from_json (consent, word, error))
    return FALSE;
  if (own != NULL && klass->from_json != NULL && !klass->from_json (self, own, error))
    return FALSE;
  return restore_replicas (replicas, json_object_get_object_member (whole, "replicas"), error);
}

/* A checkpoint of a version of the half that had neither replicas nor a consent. */
static gboolean
is_former (KarezLiveHalf *self, JsonNode *node)
{
  return KAREZ_LIVE_HALF_GET_CLASS (self)->from_json != NULL && JSON_NODE_HOLDS_OBJECT (node)
         && !json_object_has_member (json_node_get_object (node), "replicas");
}

gboolean
karez_live_half_take_checkpoint (KarezLiveHalf *self, GPtrArray *replicas, GBytes *state,
                                 GError **error)
{
  KarezLiveHalfClass *klass = KAREZ_LIVE_HALF_GET_CLASS (self);
  g_autoptr (JsonNode) node = karez_json_parse (state, 0, error);

  if (node == NULL)
    return FALSE;
  if (!is_alone (self, replicas) && !is_former (self, node))
    return restore_whole (self, replicas, node, error);
  return klass->from_json == NULL || klass->from_json (self, node, error);
}
