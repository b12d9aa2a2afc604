/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* /records/dead-letters of the API: what a plugin refused for good is shown, and tried again. */
#include "hub-sessions-private.h"

#include "hub-catalogue.h"
#include "hub-id.h"
#include "hub-session-consents.h"
#include "hub-session-dead-letters.h"

#include <glib/gstdio.h>

static void
on_list (KarezRequest *request, gpointer data)
{
  HubSessionServices *services = hub_sessions_get_services (data);

  karez_request_respond (
      request, 200,
      karez_json_object ("items", "n", hub_session_dead_letters_list (services->supervisor), NULL));
}

/* One that is tried again. */
typedef struct
{
  KarezRequest *request;
  HubSessions *sessions;
  char *path, *session;
  gboolean begun; /* its path is among those that are being tried */
  guint64 sequence;
  JsonNode *node;
  KarezActor *actor;
  KarezRecord plain; /* points into the node */
} Retry;

static void
retry_free (Retry *retry)
{
  if (retry->begun)
    g_hash_table_remove (hub_sessions_get_retrying (retry->sessions), retry->path);
  g_object_unref (retry->request);
  g_object_unref (retry->sessions);
  g_clear_pointer (&retry->node, json_node_unref);
  g_clear_pointer (&retry->actor, karez_actor_unref);
  g_free (retry->path);
  g_free (retry->session);
  g_free (retry);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Retry, retry_free)

static gboolean
begin (Retry *retry, GError **error)
{
  retry->begun = g_hash_table_add (hub_sessions_get_retrying (retry->sessions),
                                   g_strdup (retry->path));
  return retry->begun
         || karez_error_set (error, KAREZ_ERROR_CONFLICT, "session/retry",
                             N_ ("another time, when that has its answer"),
                             N_ ("Somebody tries this record just now."));
}

static void
on_recorded (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Retry) retry = data;
  g_autoptr (GError) error = NULL;

  if (!karez_transaction_commit_finish (KAREZ_TRANSACTION (source), result, &error))
    {
      karez_request_fail (retry->request, error);
      return;
    }
  g_unlink (retry->path);
  karez_request_respond (retry->request, 204, NULL);
}

/* @given: (transfer full); @why: (nullable): why it is not kept */
static void
end (Retry *given, const GError *why)
{
  g_autoptr (Retry) retry = given;
  g_autoptr (KarezTransaction) transaction = NULL;

  if (why != NULL)
    {
      karez_request_fail (retry->request, why);
      return;
    }
  /* Kept again it has no second effect, so the file goes last. */
  transaction = karez_request_begin (retry->request,
                                     hub_sessions_get_services (retry->sessions)->store);
  karez_transaction_about (transaction, retry->session, NULL);
  karez_transaction_event (transaction, "record.retry", "session", retry->session,
                           karez_json_object ("sequence", "i", (gint64) retry->sequence, NULL));
  karez_transaction_commit_async (transaction, NULL, on_recorded, g_steal_pointer (&retry));
}

static void
on_kept (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;

  hub_runner_finish (HUB_RUNNER (source), result, &error);
  end (data, error);
}

static void
on_consent_kept (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;

  hub_session_consents_keep_finish (KAREZ_STORE (source), result, &error);
  end (data, error);
}

/* The hub keeps words of consent, plugins the rest. @retry: (transfer full) */
static void
keep (Retry *retry, HubSessionServices *services, HubPlugin *plugin)
{
  if (plugin == NULL)
    hub_session_consents_keep_async (services, &retry->plain, on_consent_kept, retry);
  else
    hub_runner_record_async (hub_plugin_get_runner (plugin), hub_plugin_get_control (plugin),
                             &retry->plain, NULL, on_kept, retry);
}

/* Returns: (transfer none) (nullable): what keeps it; NULL with @error or for the hub */
static HubPlugin *
find_keeper (HubSessionServices *services, const char *action, const char *modality, GError **error)
{
  HubPlugin *plugin = NULL;

  if (hub_session_consents_is (action))
    return NULL;
  plugin = hub_session_services_find_plugin (services, modality, error);
  if (plugin == NULL || hub_plugin_get_control (plugin) != NULL)
    return plugin;
  karez_error_set (error, KAREZ_ERROR_UNAVAILABLE, "session/modality", NULL,
                   N_ ("No plugin of this hub offers “%s” now."), modality);
  return NULL;
}

static void
on_retry (KarezRequest *request, gpointer data)
{
  HubSessionServices *services = hub_sessions_get_services (data);
  g_autoptr (Retry) retry = g_new0 (Retry, 1);
  const char *session = karez_request_get_path_part (request, "session");
  JsonObject *object = NULL, *record = NULL;
  HubPlugin *plugin = NULL;
  JsonNode *actor = NULL;
  g_autoptr (GError) error = NULL;

  retry->request = g_object_ref (request);
  retry->sessions = g_object_ref (data);
  retry->session = g_strdup (session);
  if (hub_id_is_valid (session)
      && g_ascii_string_to_unsigned (karez_request_get_path_part (request, "sequence"), 10, 1,
                                     G_MAXINT64, &retry->sequence, NULL))
    {
      retry->node = hub_session_dead_letters_read (services->supervisor, session, retry->sequence,
                                                   &retry->path);
    }
  object = retry->node != NULL ? json_node_get_object (retry->node) : NULL;
  record = object != NULL && JSON_NODE_HOLDS_OBJECT (json_object_get_member (object, "record"))
               ? json_object_get_object_member (object, "record")
               : NULL;
  if (record == NULL || karez_json_text (record, "action") == NULL
      || karez_json_text (object, "modality") == NULL)
    {
      karez_error_set (&error, KAREZ_ERROR_NOT_FOUND, "session/dead-letter", NULL,
                       N_ ("This record is no dead letter any more."));
      karez_request_fail (request, error);
      return;
    }
  plugin = find_keeper (services, karez_json_text (record, "action"),
                        karez_json_text (object, "modality"), &error);
  if (error != NULL || !begin (retry, &error))
    {
      karez_request_fail (request, error);
      return;
    }
  actor = json_object_get_member (record, "actor");
  retry->actor = actor != NULL ? karez_actor_from_json (actor, NULL) : NULL;
  retry->plain = (KarezRecord){ retry->session,
                                services->hub,
                                (gint64) retry->sequence,
                                karez_json_text (record, "action"),
                                retry->actor != NULL ? retry->actor : services->actor,
                                json_object_get_member (record, "body") };
  keep (g_steal_pointer (&retry), services, plugin);
}

gboolean
hub_sessions_add_dead_letter_routes (HubSessions *self, KarezRoutes *routes, GError **error)
{
  return karez_routes_add (routes, "GET", "/records/dead-letters", "plugins.read", on_list,
                           g_object_ref (self), g_object_unref, error)
         && karez_routes_add (routes, "POST", "/records/dead-letters/{session}/{sequence}/retry",
                              "plugins.write", on_retry, g_object_ref (self), g_object_unref,
                              error);
}
