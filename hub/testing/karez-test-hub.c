/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A hub for tests of control halves. */
#include "karez-test-hub.h"

#include "hub-catalogue.h"
#include "hub-context.h"
#include "hub-provided.h"
#include "karez-test-agenda.h"
#include "karez-test-audit.h"
#include "karez-test-peers.h"
#include "karez-test-routes.h"
#include "karez-test-store.h"

#include <string.h>

#define OWN "019ab3c4-0000-7000-8000-00000000000a"
#define PERSON "019ab3c4-0000-7000-8000-000000000001"
#define PATIENCE 30 /* s */

struct _KarezTestHub
{
  GObject parent;

  HubPluginFile *file;
  HubRunner *runner;
  HubProvided *provided;
  GHashTable *settings;
  KarezTestAudit *audit;
  KarezTestRoutes *routes;
  KarezTestAgenda *agenda;
  KarezTestPeers *peers;
  KarezTestStore *store; /* NULL until it is enabled, or where none is granted */
  HubContext *context;
  KarezPlugin *plugin;
  char *person; /* who asks */
};

G_DEFINE_FINAL_TYPE (KarezTestHub, karez_test_hub, G_TYPE_OBJECT)

/* ── waiting ────────────────────────────────────────────────────────────────────────────────── */

static gboolean
on_late (gpointer what)
{
  g_error ("%s: nothing came for %d s", (const char *) what, PATIENCE);
  return G_SOURCE_REMOVE;
}

static void
on_done (GObject *source, GAsyncResult *result, gpointer data)
{
  *(GAsyncResult **) data = g_object_ref (result);
}

/* @what: a literal */
static void
wait_for (GAsyncResult **result, const char *what)
{
  guint late = g_timeout_add_seconds (PATIENCE, on_late, (gpointer) what);

  while (*result == NULL)
    g_main_context_iteration (NULL, TRUE); /* nocheck:blocked -- a test turns its own loop */
  g_source_remove (late);
}

static gboolean
on_over (gpointer over)
{
  *(gboolean *) over = TRUE;
  return G_SOURCE_REMOVE;
}

void
karez_test_hub_run_for (KarezTestHub *self, guint ms)
{
  gboolean over = FALSE;

  g_return_if_fail (KAREZ_TEST_IS_HUB (self));

  g_timeout_add (ms, on_over, &over);
  while (!over)
    g_main_context_iteration (NULL, TRUE); /* nocheck:blocked -- a test turns its own loop */
}

/* ── what is on record ──────────────────────────────────────────────────────────────────────── */

JsonNode *
karez_test_hub_get_events (KarezTestHub *self)
{
  g_return_val_if_fail (KAREZ_TEST_IS_HUB (self), NULL);

  return self->store != NULL ? karez_test_store_read_events (self->store)
                             : karez_test_audit_list (self->audit);
}

guint
karez_test_hub_count_events (KarezTestHub *self, const char *action)
{
  g_autoptr (JsonNode) events = NULL;
  JsonArray *array = NULL;
  guint n = 0;

  g_return_val_if_fail (KAREZ_TEST_IS_HUB (self), 0);
  g_return_val_if_fail (action != NULL, 0);

  events = karez_test_hub_get_events (self);
  array = json_node_get_array (events);
  for (guint i = 0; i < json_array_get_length (array); i++)
    n += g_strcmp0 (karez_json_text (json_array_get_object_element (array, i), "action"), action)
         == 0;
  return n;
}

JsonNode *
karez_test_hub_get_posts (KarezTestHub *self)
{
  g_return_val_if_fail (KAREZ_TEST_IS_HUB (self), NULL);

  return self->store != NULL ? karez_test_store_read_posts (self->store) : karez_json_array (NULL);
}

/* ── routes ─────────────────────────────────────────────────────────────────────────────────── */

static KarezTestRequest *
make_request (KarezTestHub *self, const char *role, const char *method, const char *path,
              JsonNode *json, GBytes *bytes)
{
  const char *const roles[] = { role, NULL };
  g_autoptr (KarezActor)
      actor = karez_actor_new (KAREZ_ACTOR_PERSON, self->person, role, roles, "192.0.2.1", NULL);
  const char *question = strchr (path, '?');
  g_autofree char *plain = g_strndup (path,
                                      question != NULL ? (gsize) (question - path) : strlen (path));
  KarezTestRequest *request = NULL;
  guint late = g_timeout_add_seconds (PATIENCE, on_late, (gpointer) "the request");

  request = karez_test_routes_ask (self->routes, actor, method, plain,
                                   question != NULL ? question + 1 : NULL, json, bytes);
  while (!karez_test_request_is_answered (request))
    g_main_context_iteration (NULL, TRUE); /* nocheck:blocked -- a test turns its own loop */
  g_source_remove (late);
  return request;
}

void
karez_test_hub_set_person (KarezTestHub *self, const char *id)
{
  g_return_if_fail (KAREZ_TEST_IS_HUB (self));
  g_return_if_fail (id == NULL || g_uuid_string_is_valid (id));

  g_free (self->person);
  self->person = g_strdup (id != NULL ? id : PERSON);
}

guint
karez_test_hub_request (KarezTestHub *self, const char *role, const char *method, const char *path,
                        JsonNode *body, JsonNode **answer)
{
  g_autoptr (KarezTestRequest) request = NULL;
  g_autoptr (JsonNode) owned = body;
  JsonNode *json = NULL;
  GBytes *bytes = NULL;
  guint status = 0;

  g_return_val_if_fail (KAREZ_TEST_IS_HUB (self), 0);
  g_return_val_if_fail (karez_test_routes_is_role (role), 0);
  g_return_val_if_fail (method != NULL && path != NULL, 0);

  request = make_request (self, role, method, path, body, NULL);
  status = karez_test_request_get_answer (request, &json, &bytes);
  if (answer != NULL)
    *answer = json != NULL ? json_node_ref (json) : NULL;
  return status;
}

guint
karez_test_hub_request_bytes (KarezTestHub *self, const char *role, const char *method,
                              const char *path, GBytes *body, GBytes **answer)
{
  g_autoptr (KarezTestRequest) request = NULL;
  JsonNode *json = NULL;
  GBytes *bytes = NULL;
  guint status = 0;

  g_return_val_if_fail (KAREZ_TEST_IS_HUB (self), 0);
  g_return_val_if_fail (karez_test_routes_is_role (role), 0);
  g_return_val_if_fail (method != NULL && path != NULL, 0);

  request = make_request (self, role, method, path, NULL, body);
  status = karez_test_request_get_answer (request, &json, &bytes);
  if (answer != NULL)
    *answer = bytes != NULL  ? g_bytes_ref (bytes)
              : json != NULL ? karez_json_to_bytes (json)
                             : NULL;
  return status;
}

/* ── the plugin ─────────────────────────────────────────────────────────────────────────────── */

static gboolean
add_permissions (KarezTestHub *self, GError **error)
{
  GHashTableIter iter;
  gpointer name, roles;

  g_hash_table_iter_init (&iter, hub_plugin_file_get_permissions (self->file));
  while (g_hash_table_iter_next (&iter, &name, &roles))
    if (!karez_test_routes_add_permission (self->routes, name, roles, error))
      return FALSE;
  return TRUE;
}

KarezTestHub *
karez_test_hub_new (const char *key_file, GError **error)
{
  g_autoptr (KarezTestHub) self = NULL;

  g_return_val_if_fail (key_file != NULL, NULL);

  self = g_object_new (KAREZ_TEST_TYPE_HUB, NULL);
  self->file = hub_plugin_file_load (key_file, error);
  if (self->file == NULL || !add_permissions (self, error))
    return NULL;
  self->runner = hub_runner_new (hub_plugin_file_get_id (self->file), NULL);
  return g_steal_pointer (&self);
}

gboolean
karez_test_hub_has_database (const char **why)
{
  const char *reason = NULL;
  gboolean there = karez_test_store_is_there (&reason);

  if (why != NULL)
    *why = reason;
  return there;
}

void
karez_test_hub_set (KarezTestHub *self, const char *key, const char *value)
{
  g_return_if_fail (KAREZ_TEST_IS_HUB (self));
  g_return_if_fail (key != NULL && value != NULL);

  g_hash_table_insert (self->settings, g_strdup (key), g_strdup (value));
}

static gboolean
open_store (KarezTestHub *self, GError **error)
{
  const char *schema = hub_plugin_file_get_schema (self->file);
  g_autofree char *resources = NULL;

  if (schema == NULL || self->store != NULL)
    return TRUE;
  resources = g_strdup_printf ("/org/karez/plugins/%s/sql", hub_plugin_file_get_id (self->file));
  self->store = karez_test_store_open (schema, resources, hub_plugin_file_get_topics (self->file),
                                       error);
  karez_test_audit_set_store (self->audit, self->store);
  return self->store != NULL;
}

static void
make_context (KarezTestHub *self)
{
  g_autoptr (GHashTable) services = g_hash_table_new (NULL, NULL);
  const struct
  {
    GType type;
    gpointer service;
  } all[] = {
    { KAREZ_TYPE_STORE, self->store != NULL ? karez_test_store_get_scope (self->store) : NULL },
    { KAREZ_TYPE_AUDIT, self->audit },
    { KAREZ_TYPE_ROUTES, self->routes },
    { KAREZ_TYPE_AGENDA, self->agenda },
    { KAREZ_TYPE_PEERS, self->peers },
    { HUB_TYPE_PROVIDED, self->provided },
  };

  for (guint i = 0; i < G_N_ELEMENTS (all); i++)
    if (all[i].service != NULL)
      g_hash_table_insert (services, GSIZE_TO_POINTER (all[i].type), all[i].service);
  self->context = hub_context_new (self->file, self->runner, OWN, services, self->settings);
}

/* What it had registered is nobody's any more. */
static void
forget (KarezTestHub *self)
{
  if (self->context != NULL)
    hub_context_set_open (self->context, FALSE);
  g_clear_object (&self->plugin);
  g_clear_object (&self->context);
  karez_test_routes_forget (self->routes);
  karez_test_peers_forget (self->peers);
}

gboolean
karez_test_hub_enable (KarezTestHub *self, GType plugin, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  g_return_val_if_fail (KAREZ_TEST_IS_HUB (self), FALSE);
  g_return_val_if_fail (g_type_is_a (plugin, KAREZ_TYPE_PLUGIN), FALSE);
  g_return_val_if_fail (self->plugin == NULL, FALSE);

  if (!open_store (self, error))
    return FALSE;
  make_context (self);
  self->plugin = g_object_new (plugin, NULL);
  hub_runner_enable_async (self->runner, self->plugin, KAREZ_CONTEXT (self->context), NULL, on_done,
                           &result);
  wait_for (&result, "enable");
  if (hub_runner_finish (self->runner, result, error))
    return TRUE;
  karez_test_hub_disable (self, NULL);
  return FALSE;
}

gboolean
karez_test_hub_disable (KarezTestHub *self, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  gboolean done = FALSE;

  g_return_val_if_fail (KAREZ_TEST_IS_HUB (self), FALSE);
  g_return_val_if_fail (self->plugin != NULL, FALSE);

  hub_runner_disable_async (self->runner, self->plugin, NULL, on_done, &result);
  wait_for (&result, "disable");
  done = hub_runner_finish (self->runner, result, error);
  forget (self);
  return done;
}

KarezPlugin *
karez_test_hub_get_plugin (KarezTestHub *self)
{
  g_return_val_if_fail (KAREZ_TEST_IS_HUB (self), NULL);

  return self->plugin;
}

KarezContext *
karez_test_hub_get_context (KarezTestHub *self)
{
  g_return_val_if_fail (KAREZ_TEST_IS_HUB (self), NULL);

  return self->context != NULL ? KAREZ_CONTEXT (self->context) : NULL;
}

/* ── bookings ───────────────────────────────────────────────────────────────────────────────── */

JsonNode *
karez_test_booking (const char *modality, guint minutes)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autoptr (GDateTime) from = g_date_time_add_hours (now, 1);
  g_autoptr (GDateTime) to = g_date_time_add_minutes (from, (gint) minutes);
  g_autofree char *id = g_uuid_string_random ();
  g_autofree char *asked = g_date_time_format (now, "%Y-%m-%dT%H:%M:%SZ");
  g_autofree char *starts = g_date_time_format (from, "%Y-%m-%dT%H:%M:%SZ");
  g_autofree char *ends = g_date_time_format (to, "%Y-%m-%dT%H:%M:%SZ");

  g_return_val_if_fail (modality != NULL, NULL);

  return karez_json_object ("id", "s", id, "modality", "s", modality, "title", "s", "A test",
                            "reason", "s", "", "urgency", "s", "routine", "requester", "s", OWN,
                            "provider", "s", "019ab3c4-0000-7000-8000-00000000000b", "host", "s",
                            OWN, "starts_at", "s", starts, "ends_at", "s", ends, "state", "s",
                            "confirmed", "requested_by", "s", "A test", "requested_at", "s", asked,
                            "claims", "n", karez_json_array (NULL), NULL);
}

gboolean
karez_test_hub_check_booking (KarezTestHub *self, JsonNode *booking, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  g_return_val_if_fail (KAREZ_TEST_IS_HUB (self), FALSE);
  g_return_val_if_fail (self->plugin != NULL, FALSE);
  g_return_val_if_fail (booking != NULL, FALSE);

  hub_runner_check_booking_async (self->runner, self->plugin, booking, NULL, on_done, &result);
  wait_for (&result, "check_booking");
  return hub_runner_finish (self->runner, result, error);
}

void
karez_test_hub_add_booking (KarezTestHub *self, JsonNode *booking)
{
  g_return_if_fail (KAREZ_TEST_IS_HUB (self));
  g_return_if_fail (booking != NULL);

  karez_test_agenda_add (self->agenda, booking);
}

/* ── records ────────────────────────────────────────────────────────────────────────────────── */

gboolean
karez_test_hub_record (KarezTestHub *self, const char *session, gint64 sequence, const char *action,
                       KarezActor *actor, JsonNode *body, GError **error)
{
  g_autoptr (JsonNode) owned = body;
  g_autoptr (GAsyncResult) result = NULL;
  const KarezRecord record = { session, OWN, sequence, action, actor, body };

  g_return_val_if_fail (KAREZ_TEST_IS_HUB (self), FALSE);
  g_return_val_if_fail (self->plugin != NULL, FALSE);
  g_return_val_if_fail (session != NULL && action != NULL && body != NULL, FALSE);

  if (g_str_equal (action, "consent.give") || g_str_equal (action, "consent.withdraw"))
    return karez_consent_check_word (body, error);
  hub_runner_record_async (self->runner, self->plugin, &record, NULL, on_done, &result);
  wait_for (&result, "record");
  return hub_runner_finish (self->runner, result, error);
}

gboolean
karez_test_hub_keep (KarezTestHub *self, KarezTestWorker *worker, GError **error)
{
  g_return_val_if_fail (KAREZ_TEST_IS_HUB (self), FALSE);
  g_return_val_if_fail (KAREZ_TEST_IS_WORKER (worker), FALSE);

  for (guint i = 0; i < karez_test_worker_count (worker, NULL); i++)
    {
      KarezActor *actor = NULL;
      JsonNode *body = NULL;
      const char *action = karez_test_worker_get_record (worker, i, &actor, &body);

      if (!karez_test_hub_record (self, karez_session_get_id (KAREZ_SESSION (worker)), i + 1,
                                  action, actor, json_node_ref (body), error))
        return FALSE;
    }
  return TRUE;
}

/* ── partners ───────────────────────────────────────────────────────────────────────────────── */

void
karez_test_hub_set_peer (KarezTestHub *self, const char *peer, KarezPeerState state)
{
  g_return_if_fail (KAREZ_TEST_IS_HUB (self));
  g_return_if_fail (g_uuid_string_is_valid (peer));

  karez_test_peers_set (self->peers, peer, state);
}

gboolean
karez_test_hub_post (KarezTestHub *self, const char *peer, const char *topic, JsonNode *body,
                     GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  g_return_val_if_fail (KAREZ_TEST_IS_HUB (self), FALSE);
  g_return_val_if_fail (g_uuid_string_is_valid (peer), FALSE);
  g_return_val_if_fail (topic != NULL && body != NULL, FALSE);

  karez_test_peers_post (self->peers, peer, topic, body, on_done, &result);
  wait_for (&result, "the post's handler");
  if (!g_task_propagate_boolean (G_TASK (result), error))
    return FALSE;
  karez_test_peers_applied (self->peers, peer);
  return TRUE;
}

JsonNode *
karez_test_hub_call (KarezTestHub *self, const char *peer, const char *topic, JsonNode *body,
                     GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  g_return_val_if_fail (KAREZ_TEST_IS_HUB (self), NULL);
  g_return_val_if_fail (g_uuid_string_is_valid (peer), NULL);
  g_return_val_if_fail (topic != NULL, NULL);

  karez_test_peers_call (self->peers, peer, topic, body, on_done, &result);
  wait_for (&result, "the call's handler");
  return g_task_propagate_pointer (G_TASK (result), error);
}

JsonNode *
karez_test_hub_pull (KarezTestHub *self, const char *peer, const char *feed, const char *cursor,
                     guint limit, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  g_return_val_if_fail (KAREZ_TEST_IS_HUB (self), NULL);
  g_return_val_if_fail (g_uuid_string_is_valid (peer), NULL);
  g_return_val_if_fail (feed != NULL && limit > 0, NULL);

  karez_test_peers_pull (self->peers, peer, feed, cursor, limit, on_done, &result);
  wait_for (&result, "the feed");
  return g_task_propagate_pointer (G_TASK (result), error);
}

void
karez_test_hub_answer (KarezTestHub *self, const char *topic, JsonNode *answer)
{
  g_return_if_fail (KAREZ_TEST_IS_HUB (self));
  g_return_if_fail (topic != NULL);

  karez_test_peers_answer (self->peers, topic, answer);
}

guint
karez_test_hub_count_asked (KarezTestHub *self, const char *topic)
{
  g_return_val_if_fail (KAREZ_TEST_IS_HUB (self), 0);
  g_return_val_if_fail (topic != NULL, 0);

  return karez_test_peers_count_asked (self->peers, topic);
}

/* ── other plugins ──────────────────────────────────────────────────────────────────────────── */

void
karez_test_hub_provide (KarezTestHub *self, const char *name, GType type, guint version,
                        gpointer service)
{
  g_autoptr (GError) error = NULL;

  g_return_if_fail (KAREZ_TEST_IS_HUB (self));
  g_return_if_fail (name != NULL);

  /* A plugin for each service, whose name is no id. */
  hub_provided_drop (self->provided, name);
  if (service != NULL)
    hub_provided_add (self->provided, name, name, type, version, service, &error);
  g_assert_no_error (error);
}

/* ── the object ─────────────────────────────────────────────────────────────────────────────── */

static void
karez_test_hub_dispose (GObject *object)
{
  KarezTestHub *self = KAREZ_TEST_HUB (object);

  if (self->plugin != NULL)
    karez_test_hub_disable (self, NULL);
  G_OBJECT_CLASS (karez_test_hub_parent_class)->dispose (object);
}

static void
karez_test_hub_finalize (GObject *object)
{
  KarezTestHub *self = KAREZ_TEST_HUB (object);

  g_free (self->person);
  g_clear_object (&self->file);
  g_clear_object (&self->runner);
  g_object_unref (self->provided);
  g_hash_table_unref (self->settings);
  g_object_unref (self->audit);
  g_object_unref (self->routes);
  g_object_unref (self->agenda);
  g_object_unref (self->peers);
  g_clear_object (&self->store);

  G_OBJECT_CLASS (karez_test_hub_parent_class)->finalize (object);
}

static void
karez_test_hub_class_init (KarezTestHubClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = karez_test_hub_dispose;
  G_OBJECT_CLASS (klass)->finalize = karez_test_hub_finalize;
}

static void
karez_test_hub_init (KarezTestHub *self)
{
  self->person = g_strdup (PERSON);
  self->provided = hub_provided_new ();
  self->settings = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->audit = karez_test_audit_new ();
  self->routes = karez_test_routes_new ();
  self->agenda = karez_test_agenda_new ();
  self->peers = karez_test_peers_new ();
}
