/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One request of a peer and its answer. */
#include "hub-peer-request.h"

#include "hub-catalogue.h"
#include "hub-log.h"
#include "hub-peer-problem.h"

struct _HubPeerRequest
{
  int references;
  char *key, *address, *path;
  GBytes *body;
  guint timeout_ms;
  HubPeerAnswerFunc func;
  gpointer data;
  GDestroyNotify destroy;
};

G_DEFINE_BOXED_TYPE (HubPeerRequest, hub_peer_request, hub_peer_request_ref, hub_peer_request_unref)

HubPeerRequest *
hub_peer_request_new (const char *key, const char *address, const char *path, GBytes *body,
                      guint timeout_ms, HubPeerAnswerFunc func, gpointer data,
                      GDestroyNotify destroy)
{
  HubPeerRequest *self = g_new0 (HubPeerRequest, 1);

  self->references = 1;
  self->key = g_strdup (key);
  self->address = g_strdup (address);
  self->path = g_strdup (path);
  self->body = g_bytes_ref (body);
  self->timeout_ms = timeout_ms;
  self->func = func;
  self->data = data;
  self->destroy = destroy;
  return self;
}

HubPeerRequest *
hub_peer_request_ref (HubPeerRequest *self)
{
  self->references++;
  return self;
}

static void
answer (HubPeerRequest *self, guint status, GBytes *body)
{
  HubPeerAnswerFunc func = g_steal_pointer (&self->func);

  g_return_if_fail (func != NULL);

  func (status, body, self->data);
  if (self->destroy != NULL)
    self->destroy (self->data);
}

void
hub_peer_request_unref (HubPeerRequest *self)
{
  if (self->references > 1)
    {
      self->references--;
      return;
    }
  if (self->func != NULL)
    {
      g_autoptr (GError) error = karez_error_new (KAREZ_ERROR_FAILED, "peers/no-answer", NULL,
                                                  N_ ("The hub gave no answer"));

      hub_warning ("peers", self->path, "A peer's request was dropped without an answer.");
      hub_peer_request_fail (self, error);
    }
  g_free (self->key);
  g_free (self->address);
  g_free (self->path);
  g_bytes_unref (self->body);
  g_free (self);
}

const char *
hub_peer_request_get_key (HubPeerRequest *self)
{
  return self->key;
}

const char *
hub_peer_request_get_address (HubPeerRequest *self)
{
  return self->address;
}

const char *
hub_peer_request_get_path (HubPeerRequest *self)
{
  return self->path;
}

GBytes *
hub_peer_request_get_body (HubPeerRequest *self)
{
  return self->body;
}

guint
hub_peer_request_get_timeout (HubPeerRequest *self)
{
  return self->timeout_ms;
}

void
hub_peer_request_answer (HubPeerRequest *self, JsonNode *body)
{
  g_autoptr (JsonNode) node = body;
  g_autoptr (GBytes) bytes = karez_json_to_bytes (node);

  answer (self, 200, bytes);
}

void
hub_peer_request_fail (HubPeerRequest *self, const GError *error)
{
  guint status = 0;
  g_autoptr (GBytes) body = hub_peer_problem_write (error, &status);

  answer (self, status, body);
}

JsonObject *
hub_peer_request_check (HubPeerRequest *self, const KarezJsonField *fields, JsonNode **node)
{
  g_autoptr (GError) error = NULL;
  JsonObject *object = NULL;

  *node = karez_json_parse (self->body, 0, &error);
  if (*node != NULL)
    object = karez_json_check (*node, fields, &error);
  if (object == NULL)
    hub_peer_request_fail (self, error);
  return object;
}

gboolean
hub_peer_path_is_public (const char *path)
{
  return g_str_equal (path, "pairing/commit") || g_str_equal (path, "pairing/reveal")
         || g_str_equal (path, "pairing/confirm");
}

gsize
hub_peer_body_limit (const char *path, gboolean known)
{
  if (!known || g_str_has_prefix (path, "pairing/"))
    return HUB_PEER_MAX_PAIRING;
  if (g_str_equal (path, "post"))
    return HUB_PEER_MAX_POST;
  if (g_str_has_prefix (path, "call/"))
    return HUB_PEER_MAX_CALL;
  return HUB_PEER_MAX_SMALL;
}
