/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* GET /system: how the hub, its database and its disk are. */
#include "hub-system.h"

#include "hub-clock.h"
#include "hub-disk.h"

struct _HubSystem
{
  GObject parent_instance;

  HubStore *store;
  HubWeb *web;
  HubDisk *disk;
  HubCluster *cluster; /* NULL: the database is somebody else's */
  char *hub;
  gint64 started;
};

G_DEFINE_FINAL_TYPE (HubSystem, hub_system, G_TYPE_OBJECT)

/* A database that is away is an answer here, not an error. */
static JsonNode *
describe_database (HubSystem *self, KarezRows *rows)
{
  gboolean known = rows != NULL && karez_rows_get_count (rows) == 1;

  if (!known)
    return karez_json_object ("state", "s", "down", "private", "b", self->cluster != NULL, NULL);
  return karez_json_object ("state", "s", "up", "private", "b", self->cluster != NULL, "version",
                            "s", karez_rows_text (rows, 0, "version"), "size_bytes", "i",
                            karez_rows_integer (rows, 0, "size_bytes"), "connections", "i",
                            karez_rows_integer (rows, 0, "connections"), NULL);
}

static JsonNode *
describe_clock (void)
{
  gint64 offset = 0;
  gboolean trusted = hub_clock_is_trusted (&offset);

  return karez_json_object ("trusted", "b", trusted, "offset_ms", "d", offset / 1000.0, NULL);
}

static JsonNode *
describe_disk (HubDisk *disk)
{
  guint64 free_bytes, size_bytes;
  HubDiskState state = hub_disk_get_state (disk, &free_bytes, &size_bytes);

  return karez_json_object ("state", "s", hub_disk_state_name (state), "free_bytes", "i",
                            (gint64) free_bytes, "size_bytes", "i", (gint64) size_bytes, NULL);
}

/* NULL: a proxy in front speaks TLS, or nobody does. */
static JsonNode *
describe_certificate (HubSystem *self)
{
  HubWebCertificate *certificate = hub_web_get_certificate (self->web);
  JsonNode *node;

  if (certificate == NULL)
    return json_node_new (JSON_NODE_NULL);
  node = hub_web_certificate_describe (certificate);
  json_object_set_boolean_member (json_node_get_object (node), "own_authority",
                                  hub_web_has_authority (self->web));
  return node;
}

static void
on_database_known (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (KarezRequest) request = data;
  HubSystem *self = g_object_get_data (G_OBJECT (request), "system");
  g_autoptr (KarezRows) rows = karez_store_query_finish (KAREZ_STORE (source), result, NULL);
  gint64 uptime = (hub_clock_monotonic () - self->started) / G_USEC_PER_SEC;

  karez_request_respond (
      request, 200,
      karez_json_object ("hub", "s", self->hub, "version", "s", KAREZ_PROGRAM_VERSION,
                         "incarnation", "i", hub_store_get_incarnation (self->store), "uptime_s",
                         "i", uptime, "database", "n", describe_database (self, rows), "clock", "n",
                         describe_clock (), "disk", "n", describe_disk (self->disk), "certificate",
                         "n", describe_certificate (self), NULL));
}

static void
on_system_asked (KarezRequest *request, gpointer data)
{
  HubSystem *self = data;

  g_object_set_data_full (G_OBJECT (request), "system", g_object_ref (self), g_object_unref);
  karez_store_query_async (hub_store_get_scope (self->store, "karez"), "database_state", NULL, NULL,
                           on_database_known, g_object_ref (request));
}

gboolean
hub_system_add_routes (HubSystem *self, KarezRoutes *routes, GError **error)
{
  return karez_routes_add (routes, "GET", "/system", "system.read", on_system_asked,
                           g_object_ref (self), g_object_unref, error);
}

HubSystem *
hub_system_new (HubStore *store, HubWeb *web, HubCluster *cluster, const char *state,
                const char *hub)
{
  HubSystem *self = g_object_new (HUB_TYPE_SYSTEM, NULL);

  self->store = g_object_ref (store);
  self->web = g_object_ref (web);
  self->disk = hub_disk_new (state);
  self->cluster = cluster != NULL ? g_object_ref (cluster) : NULL;
  self->hub = g_strdup (hub);
  return self;
}

static void
hub_system_dispose (GObject *object)
{
  HubSystem *self = HUB_SYSTEM (object);

  g_clear_object (&self->store);
  g_clear_object (&self->web);
  g_clear_object (&self->disk);
  g_clear_object (&self->cluster);
  g_clear_pointer (&self->hub, g_free);

  G_OBJECT_CLASS (hub_system_parent_class)->dispose (object);
}

static void
hub_system_class_init (HubSystemClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = hub_system_dispose;
}

static void
hub_system_init (HubSystem *self)
{
  self->started = hub_clock_monotonic ();
}
