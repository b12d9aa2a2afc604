/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What this plugin was granted of its hub. */
#include "consult-hub.h"

#include <glib/gi18n.h>

ConsultHub *
consult_hub_new (KarezContext *context, GError **error)
{
  KarezStore *store = karez_context_get_store (context, error);
  KarezAudit *audit = store != NULL ? karez_context_get_audit (context, error) : NULL;
  KarezAgenda *agenda = audit != NULL ? karez_context_get_agenda (context, error) : NULL;
  KarezPeers *peers = agenda != NULL ? karez_context_get_peers (context, error) : NULL;
  ConsultHub *self;

  if (peers == NULL)
    return NULL;
  self = g_rc_box_new0 (ConsultHub);
  self->id = g_strdup (karez_context_get_hub_id (context));
  self->context = g_object_ref (context);
  self->actor = karez_actor_new (KAREZ_ACTOR_HUB, "consult", "Video consultation", NULL, NULL,
                                 NULL);
  self->store = g_object_ref (store);
  self->audit = g_object_ref (audit);
  self->agenda = g_object_ref (agenda);
  self->peers = g_object_ref (peers);
  return self;
}

ConsultHub *
consult_hub_ref (ConsultHub *self)
{
  return g_rc_box_acquire (self);
}

static void
clear (gpointer data)
{
  ConsultHub *self = data;

  g_free (self->id);
  g_object_unref (self->context);
  karez_actor_unref (self->actor);
  g_object_unref (self->store);
  g_object_unref (self->audit);
  g_object_unref (self->agenda);
  g_object_unref (self->peers);
}

void
consult_hub_unref (ConsultHub *self)
{
  g_rc_box_release_full (self, clear);
}

KarezTransaction *
consult_hub_begin (ConsultHub *self)
{
  return karez_store_begin (self->store, self->actor);
}

const char *
consult_booking_text (JsonNode *booking, const char *name)
{
  return karez_json_text (json_node_get_object (booking), name);
}

gboolean
consult_booking_check_open (JsonNode *booking, GError **error)
{
  static const char *const open[] = { "requested", "confirmed", NULL };

  return g_strv_contains (open, consult_booking_text (booking, "state"))
         || karez_error_set (error, KAREZ_ERROR_CONFLICT, "consult/over",
                             N_ ("a booking that is requested or confirmed"),
                             N_ ("This consultation is over or was called off"));
}

gboolean
consult_booking_was_called_off (JsonNode *booking)
{
  static const char *const ends[] = { "declined", "cancelled", NULL };

  return g_strv_contains (ends, consult_booking_text (booking, "state"));
}

KarezLane
consult_booking_lane (JsonNode *booking)
{
  return g_str_equal (consult_booking_text (booking, "urgency"), "T0") ? KAREZ_LANE_EMERGENCY
                                                                       : KAREZ_LANE_AGENDA;
}
