/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What every session of a hub is handed: store, peers, agenda, plugins, workers, pages. */
#include "hub-session-services.h"

#include "hub-catalogue.h"

HubSessionServices *
hub_session_services_new (void)
{
  HubSessionServices *self = g_rc_box_new0 (HubSessionServices);

  self->actor = karez_actor_new (KAREZ_ACTOR_HUB, "engine", "karezd", NULL, NULL, NULL);
  self->cancellable = g_cancellable_new ();
  self->lost = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return self;
}

HubSessionServices *
hub_session_services_ref (HubSessionServices *self)
{
  return g_rc_box_acquire (self);
}

static void
clear (gpointer data)
{
  HubSessionServices *self = data;

  g_free (self->hub);
  g_clear_object (&self->store);
  g_clear_object (&self->peers);
  g_clear_object (&self->agenda);
  g_clear_object (&self->audit);
  g_clear_object (&self->plugins);
  g_clear_object (&self->supervisor);
  g_clear_object (&self->cancellable);
  karez_actor_unref (self->actor);
  g_hash_table_unref (self->lost);
}

void
hub_session_services_unref (HubSessionServices *self)
{
  g_rc_box_release_full (self, clear);
}

void
hub_session_services_end (HubSessionServices *self)
{
  /* A commit that is still under way tells nobody: whoever owns the pages may be gone by then. */
  self->pages = NULL;
  g_cancellable_cancel (self->cancellable);
}

gboolean
hub_session_services_have_ended (HubSessionServices *self)
{
  return g_cancellable_is_cancelled (self->cancellable);
}

void
hub_session_services_send (HubSessionServices *self, const char *connection, JsonNode *message)
{
  if (self->pages != NULL && connection != NULL)
    self->pages->send (self->pages_data, connection, message);
  else
    json_node_unref (message);
}

void
hub_session_services_send_problem (HubSessionServices *self, const char *connection,
                                   const char *session, const GError *error)
{
  if (self->pages != NULL && connection != NULL)
    self->pages->send_problem (self->pages_data, connection, session, error);
}

HubPlugin *
hub_session_services_find_plugin (HubSessionServices *self, const char *modality, GError **error)
{
  HubPlugin *plugin = hub_plugin_list_find_modality (self->plugins, modality);

  if (plugin == NULL)
    karez_error_set (error, KAREZ_ERROR_UNAVAILABLE, "session/modality", NULL,
                     N_ ("No plugin of this hub offers “%s” now."), modality);
  return plugin;
}

JsonNode *
hub_session_services_find_takers (HubSessionServices *self, const char *modality, gboolean host,
                                  GError **error)
{
  HubPlugin *plugin = hub_session_services_find_plugin (self, modality, error);
  const HubModalityInfo *info = plugin != NULL
                                    ? hub_plugin_file_get_modality (hub_plugin_get_file (plugin))
                                    : NULL;

  return info == NULL ? NULL : host ? info->host_takers : info->mirror_takers;
}

void
hub_session_services_note_loss (HubSessionServices *self, const char *account)
{
  g_hash_table_insert (self->lost, g_strdup (account), GUINT_TO_POINTER (++self->losses));
}

gboolean
hub_session_services_check_since (HubSessionServices *self, KarezActor *actor, guint then,
                                  GError **error)
{
  guint last = GPOINTER_TO_UINT (g_hash_table_lookup (self->lost, karez_actor_get_id (actor)));

  if (last <= then)
    return TRUE;
  return karez_error_set (error, KAREZ_ERROR_DENIED, "session/revoked",
                          N_ ("the same act again, with the rights that are left"),
                          N_ ("What you may do has changed meanwhile."));
}
