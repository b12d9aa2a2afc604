/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A session, as its live half sees it. */
#define KAREZ_INSIDE
#include "karez-session.h"

#include "hub-catalogue.h"
#include "karez-error.h"

static const char *const state_names[KAREZ_N_STATES] = { "planned",  "preparing", "ready",
                                                         "starting", "live",      "degraded",
                                                         "held",     "stopping",  "ended",
                                                         "failed" };

const char *
karez_state_name (KarezState state)
{
  return state_names[state];
}

/* nocheck:sdk-guard -- no name is no state */
gboolean
karez_state_from_name (const char *name, KarezState *state)
{
  for (guint i = 0; i < KAREZ_N_STATES; i++)
    if (g_strcmp0 (state_names[i], name) == 0)
      {
        *state = i;
        return TRUE;
      }
  return FALSE;
}

G_DEFINE_INTERFACE (KarezSession, karez_session, G_TYPE_OBJECT)

static void
karez_session_default_init (KarezSessionInterface *iface)
{
}

const char *
karez_session_get_id (KarezSession *self)
{
  g_return_val_if_fail (KAREZ_IS_SESSION (self), NULL);

  return KAREZ_SESSION_GET_IFACE (self)->get_id (self);
}

const char *
karez_session_get_hub (KarezSession *self)
{
  g_return_val_if_fail (KAREZ_IS_SESSION (self), NULL);

  return KAREZ_SESSION_GET_IFACE (self)->get_hub (self);
}

JsonNode *
karez_session_get_booking (KarezSession *self)
{
  g_return_val_if_fail (KAREZ_IS_SESSION (self), NULL);

  return KAREZ_SESSION_GET_IFACE (self)->get_booking (self);
}

KarezState
karez_session_get_state (KarezSession *self)
{
  g_return_val_if_fail (KAREZ_IS_SESSION (self), 0);

  return KAREZ_SESSION_GET_IFACE (self)->get_state (self);
}

gboolean
karez_session_is_host (KarezSession *self)
{
  g_return_val_if_fail (KAREZ_IS_SESSION (self), FALSE);

  return KAREZ_SESSION_GET_IFACE (self)->is_host (self);
}

KarezLink *
karez_session_get_link (KarezSession *self)
{
  g_return_val_if_fail (KAREZ_IS_SESSION (self), NULL);

  return KAREZ_SESSION_GET_IFACE (self)->get_link (self);
}

KarezMedia *
karez_session_get_media (KarezSession *self, GError **error)
{
  g_return_val_if_fail (KAREZ_IS_SESSION (self), NULL);

  return KAREZ_SESSION_GET_IFACE (self)->get_media (self, error);
}

GListModel *
karez_session_get_participants (KarezSession *self)
{
  g_return_val_if_fail (KAREZ_IS_SESSION (self), NULL);

  return KAREZ_SESSION_GET_IFACE (self)->get_participants (self);
}

KarezParticipant *
karez_session_find_participant (KarezSession *self, const char *id)
{
  GListModel *participants = NULL;

  g_return_val_if_fail (KAREZ_IS_SESSION (self), NULL);

  participants = karez_session_get_participants (self);
  for (guint i = 0; i < g_list_model_get_n_items (participants); i++)
    {
      g_autoptr (KarezParticipant) participant = g_list_model_get_item (participants, i);

      if (g_strcmp0 (karez_participant_get_id (participant), id) == 0)
        return g_steal_pointer (&participant);
    }
  return NULL;
}

void
karez_session_broadcast (KarezSession *self, JsonNode *body)
{
  g_return_if_fail (KAREZ_IS_SESSION (self));

  g_autoptr (JsonNode) owned = body;
  GListModel *participants = karez_session_get_participants (self);

  for (guint i = 0; i < g_list_model_get_n_items (participants); i++)
    {
      g_autoptr (KarezParticipant) participant = g_list_model_get_item (participants, i);

      if (karez_participant_is_local (participant))
        karez_participant_send (participant, json_node_ref (owned));
    }
}

void
karez_session_send (KarezSession *self, const char *participant, JsonNode *body)
{
  g_autoptr (JsonNode) owned = body;
  g_autoptr (KarezParticipant) one = NULL;

  g_return_if_fail (KAREZ_IS_SESSION (self));
  g_return_if_fail (body != NULL);

  if (participant == NULL)
    {
      karez_session_broadcast (self, g_steal_pointer (&owned));
      return;
    }
  one = karez_session_find_participant (self, participant);
  if (one != NULL && karez_participant_is_local (one))
    karez_participant_send (one, g_steal_pointer (&owned));
}

void
karez_session_record (KarezSession *self, const char *action, KarezActor *actor, JsonNode *body)
{
  g_return_if_fail (KAREZ_IS_SESSION (self));

  KAREZ_SESSION_GET_IFACE (self)->record (self, action, actor, body);
}

void
karez_session_save_async (KarezSession *self, GCancellable *cancellable,
                          GAsyncReadyCallback callback, gpointer data)
{
  g_return_if_fail (KAREZ_IS_SESSION (self));

  KAREZ_SESSION_GET_IFACE (self)->save_async (self, cancellable, callback, data);
}

gboolean
karez_session_save_finish (KarezSession *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (KAREZ_IS_SESSION (self), FALSE);

  return KAREZ_SESSION_GET_IFACE (self)->save_finish (self, result, error);
}

void
karez_session_report (KarezSession *self, KarezCheck *check)
{
  g_return_if_fail (KAREZ_IS_SESSION (self));

  KAREZ_SESSION_GET_IFACE (self)->report (self, check);
}

void
karez_session_request_preflight (KarezSession *self)
{
  KarezSessionInterface *iface = NULL;

  g_return_if_fail (KAREZ_IS_SESSION (self));

  iface = KAREZ_SESSION_GET_IFACE (self);
  if (iface->request_preflight != NULL)
    iface->request_preflight (self);
}

KarezProgram *
karez_session_start_program (KarezSession *self, const char *name, GError **error)
{
  KarezSessionInterface *iface = NULL;

  g_return_val_if_fail (KAREZ_IS_SESSION (self), NULL);
  g_return_val_if_fail (name != NULL, NULL);

  iface = KAREZ_SESSION_GET_IFACE (self);
  if (iface->start_program != NULL)
    return iface->start_program (self, name, error);
  karez_error_set (error, KAREZ_ERROR_UNAVAILABLE, "program/away", NULL,
                   N_ ("No program can be started here."));
  return NULL;
}

void
karez_session_hold (KarezSession *self, const char *reason)
{
  g_return_if_fail (KAREZ_IS_SESSION (self));

  KAREZ_SESSION_GET_IFACE (self)->hold (self, reason);
}

void
karez_session_finish (KarezSession *self, const char *reason)
{
  g_return_if_fail (KAREZ_IS_SESSION (self));

  KAREZ_SESSION_GET_IFACE (self)->finish (self, reason);
}
