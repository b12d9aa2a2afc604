/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From key files to enabled plugins: probes of bad modules, order, grants. */
#include "engine-fixture.h"
#include "hub-context.h"
#include "hub-module.h"
#include "hub-plugin-list.h"
#include "hub-provided.h"
#include "hub-scoped-peers.h"

#include <glib/gstdio.h>

/* Routes that only remember. */
#define FAKE_TYPE_ROUTES (fake_routes_get_type ())
G_DECLARE_FINAL_TYPE (FakeRoutes, fake_routes, FAKE, ROUTES, GObject)
struct _FakeRoutes
{
  GObject parent_instance;
  GPtrArray *paths;
};
static gboolean
fake_add (KarezRoutes *routes, const char *method, const char *path, const char *permission,
          KarezRouteBody body, KarezRouteFunc func, gpointer data, GDestroyNotify destroy,
          GError **error)
{
  g_ptr_array_add (FAKE_ROUTES (routes)->paths, g_strdup (path));
  if (destroy != NULL)
    g_object_set_data_full (G_OBJECT (routes), path, data, destroy);
  return TRUE;
}
static void
fake_iface_init (KarezRoutesInterface *iface)
{
  iface->add = fake_add;
}
G_DEFINE_FINAL_TYPE_WITH_CODE (FakeRoutes, fake_routes, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (KAREZ_TYPE_ROUTES, fake_iface_init))
static void
fake_finalize (GObject *object)
{
  g_ptr_array_unref (FAKE_ROUTES (object)->paths);
  G_OBJECT_CLASS (fake_routes_parent_class)->finalize (object);
}
static void
fake_routes_class_init (FakeRoutesClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = fake_finalize;
}
static void
fake_routes_init (FakeRoutes *self)
{
  self->paths = g_ptr_array_new_with_free_func (g_free);
}

/* Peers that know one hub, by their list alone. */
#define FAKE_TYPE_PEERS (fake_peers_get_type ())
G_DECLARE_FINAL_TYPE (FakePeers, fake_peers, FAKE, PEERS, GObject)
struct _FakePeers
{
  GObject parent_instance;
  const char *state;
};
static JsonNode *
fake_list (KarezPeers *peers)
{
  JsonNode *node = json_node_new (JSON_NODE_ARRAY);

  json_node_take_array (node, json_array_new ());
  json_array_add_element (
      json_node_get_array (node),
      karez_json_object ("id", "s", "north", "state", "s", FAKE_PEERS (peers)->state, NULL));
  return node;
}
static void
fake_peers_iface_init (KarezPeersInterface *iface)
{
  iface->list = fake_list;
}
G_DEFINE_FINAL_TYPE_WITH_CODE (FakePeers, fake_peers, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (KAREZ_TYPE_PEERS, fake_peers_iface_init))
static void
fake_peers_class_init (FakePeersClass *klass)
{
}
static void
fake_peers_init (FakePeers *self)
{
}

static gboolean
look (HubProbe *probe, const char *module, const char *symbol, GError **error)
{
  g_autofree char *path = module_path (module);
  Await await = { 0 };
  gboolean done = FALSE;

  hub_probe_look_async (probe, path, symbol, NULL, await_done, &await);
  done = hub_probe_look_finish (probe, await_result (&await), error);
  g_object_unref (await.result);
  return done;
}

static const struct
{
  const char *module, *symbol, *rule;
} probes[] = {
  { "module-control", HUB_SYMBOL_CONTROL, NULL },
  { "module-live", HUB_SYMBOL_LIVE, NULL },
  { "module-live", HUB_SYMBOL_CONTROL, "plugin/symbol" },
  { "module-no-symbol", HUB_SYMBOL_CONTROL, "plugin/symbol" },
  { "module-wrong-abi", HUB_SYMBOL_CONTROL, "plugin/abi" },
  { "module-wrong-abi", HUB_SYMBOL_LIVE, "plugin/abi" },
  { "module-wrong-type", HUB_SYMBOL_CONTROL, "plugin/abi" },
  { "module-crash", HUB_SYMBOL_CONTROL, "plugin/crash" },
  { "module-exit", HUB_SYMBOL_CONTROL, "plugin/crash" },
  { "module-hang", HUB_SYMBOL_CONTROL, "plugin/hang" },
  { "module-absent", HUB_SYMBOL_CONTROL, "plugin/module" },
};

static void
test_probes (void)
{
  g_autofree char *cache = g_build_filename (scratch (), "probes.json", NULL);
  g_autoptr (HubProbe) probe = hub_probe_new (g_getenv ("KAREZ_TEST_WORKER"), cache, 3000);
  g_autoptr (HubProbe) again = NULL;

  for (guint round = 0; round < 2; round++)
    {
      for (guint i = 0; i < G_N_ELEMENTS (probes); i++)
        {
          g_autoptr (GError) error = NULL;
          gboolean done = look (round ? again : probe, probes[i].module, probes[i].symbol, &error);

          g_test_message ("%s: %s", probes[i].module, error != NULL ? error->message : "fits");
          if (probes[i].rule != NULL)
            assert_rule (error, probes[i].rule);
          else
            g_assert_true (done);
        }
      /* The second time from the cache, in another object. */
      if (!round)
        again = hub_probe_new (g_getenv ("KAREZ_TEST_WORKER"), cache, 3000);
    }
  g_assert_cmpuint (hub_probe_get_asked (probe), ==, G_N_ELEMENTS (probes));
  g_assert_cmpuint (hub_probe_get_asked (again), ==, 0);
}

static void
test_damaged_cache (void)
{
  g_autofree char *cache = scratch_file ("damaged.json", "{\"a\": [}");
  g_autoptr (HubProbe) probe = hub_probe_new (g_getenv ("KAREZ_TEST_WORKER"), cache, 3000);
  g_autoptr (GError) error = NULL;

  g_assert_true (look (probe, "module-control", HUB_SYMBOL_CONTROL, &error));
  g_assert_no_error (error);
}

static void
test_no_worker (void)
{
  g_autoptr (HubProbe) probe = hub_probe_new ("/nonexistent/karez-worker", NULL, 3000);
  g_autoptr (GError) error = NULL;

  g_assert_false (look (probe, "module-control", HUB_SYMBOL_CONTROL, &error));
  assert_rule (error, "plugin/probe");
}

/* Lists. */

static void
add_plugin (const char *folder, const char *id, const char *module, const char *more)
{
  g_autofree char *name = g_strdup_printf ("%s/%s/%s.plugin", folder, id, id);
  g_autofree char *text = g_strdup_printf (
      "[Plugin]\nId=%s\nName=%s\nVersion=1\nApi=1.0\nControl=%s\n%s", id, id, module, more);
  g_autofree char *path = scratch_file (name, text);
  g_autofree char *directory = g_path_get_dirname (path);
  g_autofree char *link = g_strdup_printf ("%s/%s.so", directory, module);
  g_autofree char *target = module_path (module);

  g_assert_cmpint (symlink (target, link), ==, 0);
}

/* @more: another path, or NULL */
static HubPluginList *
load_list_and (const char *folder, const char *more)
{
  g_autofree char *path = g_build_filename (scratch (), folder, NULL);
  g_autofree char *other = more != NULL ? g_build_filename (scratch (), more, NULL) : NULL;
  const char *const paths[] = { "/nonexistent", path, other, NULL };
  g_autoptr (HubProbe) probe = hub_probe_new (g_getenv ("KAREZ_TEST_WORKER"), NULL, 3000);
  HubPluginList *list = hub_plugin_list_new (paths, scratch (), probe, NULL);
  Await await = { 0 };
  g_autoptr (GError) error = NULL;

  hub_plugin_list_load_async (list, NULL, await_done, &await);
  g_assert_true (hub_plugin_list_load_finish (list, await_result (&await), &error));
  g_assert_no_error (error);
  g_object_unref (await.result);
  return list;
}

static HubPluginList *
load_list (const char *folder)
{
  return load_list_and (folder, NULL);
}

static void
assert_state (HubPluginList *list, const char *id, HubPluginState state, const char *rule)
{
  HubPlugin *plugin = hub_plugin_list_find (list, id);

  g_assert_nonnull (plugin);
  g_test_message ("%s: %s", id, hub_plugin_get_reason (plugin));
  g_assert_cmpstr (hub_plugin_state_name (hub_plugin_get_state (plugin)), ==,
                   hub_plugin_state_name (state));
  if (rule != NULL)
    g_assert_cmpstr (karez_error_get_rule (hub_plugin_get_error (plugin)), ==, rule);
}

static guint
place_of (HubPluginList *list, const char *id)
{
  GPtrArray *all = hub_plugin_list_get_all (list);

  for (guint i = 0; i < all->len; i++)
    if (g_str_equal (hub_plugin_get_id (all->pdata[i]), id))
      return i;
  g_assert_not_reached ();
}

static void
test_list (void)
{
  g_autoptr (HubPluginList) list = NULL;
  g_autofree char *broken = scratch_file ("list/broken.plugin", "[Plugin\n");
  g_autofree char *one = scratch_file ("marked.blocked-9000000000000000", "enable\n");
  g_autofree char *two = scratch_file ("marked.blocked-9000000000000001", "enable\n");

  add_plugin ("list", "alpha", "module-control", "Requires=thing/b;\n");
  add_plugin ("list", "beta", "module-control", "Provides=thing/b;\nWants=thing/z;\n");
  add_plugin ("list", "zeta", "module-control", "Provides=thing/z;\nWants=thing/b;\n");
  add_plugin ("list", "needy", "module-control", "Requires=thing/absent;\n");
  add_plugin ("list", "poor", "module-control", "Requires=thing/crashed;\n");
  add_plugin ("list", "crash", "module-crash", "Provides=thing/crashed;\n");
  add_plugin ("list", "ring-a", "module-control", "Provides=ring/a;\nRequires=ring/b;\n");
  add_plugin ("list", "ring-b", "module-control", "Provides=ring/b;\nRequires=ring/a;\n");
  add_plugin ("list", "marked", "module-control", "");
  add_plugin ("list", "abi", "module-wrong-abi", "");
  add_plugin ("list", "bare", "module-control",
              "Provides=thing/bare;\n[Panel]\nWords=bare-words.js\n");
  add_plugin ("list", "barely", "module-control", "Requires=thing/bare;\n");
  list = load_list ("list");
  assert_state (list, "alpha", HUB_PLUGIN_FOUND, NULL);
  assert_state (list, "beta", HUB_PLUGIN_FOUND, NULL);
  /* A wish that goes in a circle gives way. */
  assert_state (list, "zeta", HUB_PLUGIN_FOUND, NULL);
  assert_state (list, "needy", HUB_PLUGIN_REFUSED, "plugin/requires");
  assert_state (list, "poor", HUB_PLUGIN_REFUSED, "plugin/requires");
  assert_state (list, "crash", HUB_PLUGIN_DISABLED, "plugin/crash");
  assert_state (list, "ring-a", HUB_PLUGIN_REFUSED, "plugin/cycle");
  assert_state (list, "ring-b", HUB_PLUGIN_REFUSED, "plugin/cycle");
  assert_state (list, "marked", HUB_PLUGIN_DISABLED, NULL);
  assert_state (list, "abi", HUB_PLUGIN_REFUSED, "plugin/abi");
  /* Its module carries no such file. */
  assert_state (list, "bare", HUB_PLUGIN_REFUSED, "plugin/web");
  g_assert_nonnull (strstr (hub_plugin_get_reason (hub_plugin_list_find (list, "bare")),
                            "[Panel] Words=bare-words.js"));
  assert_state (list, "barely", HUB_PLUGIN_REFUSED, "plugin/requires");
  g_assert_cmpuint (place_of (list, "beta"), <, place_of (list, "alpha"));
  /* The broken one is shown by its file. */
  g_assert_cmpuint (place_of (list, "broken.plugin"), <, hub_plugin_list_get_all (list)->len);
  g_assert_false (hub_plugin_is_open (hub_plugin_list_find (list, "marked")));
}

/* One that is there on request is in no list unless its own folder is named. */
static void
test_on_request (void)
{
  g_autoptr (HubPluginList) unasked = NULL, asked = NULL, alone = NULL;

  add_plugin ("request", "always", "module-control", "OnRequest=false\n");
  add_plugin ("request", "example", "module-control", "OnRequest=true\n");
  unasked = load_list ("request");
  g_assert_null (hub_plugin_list_find (unasked, "example"));
  g_assert_cmpuint (hub_plugin_list_get_all (unasked)->len, ==, 1);
  assert_state (unasked, "always", HUB_PLUGIN_FOUND, NULL);
  asked = load_list_and ("request", "request/example/");
  assert_state (asked, "always", HUB_PLUGIN_FOUND, NULL);
  assert_state (asked, "example", HUB_PLUGIN_FOUND, NULL);
  g_assert_cmpuint (hub_plugin_list_get_all (asked)->len, ==, 2);
  alone = load_list ("request/example");
  assert_state (alone, "example", HUB_PLUGIN_FOUND, NULL);
}

static gboolean
enable (HubPluginList *list, const char *id, FakeRoutes *routes, GError **error)
{
  HubPlugin *plugin = hub_plugin_list_find (list, id);
  g_autoptr (GHashTable) services = g_hash_table_new (NULL, NULL);
  Await await = { 0 };
  gboolean done = FALSE;

  g_hash_table_insert (services, GSIZE_TO_POINTER (KAREZ_TYPE_ROUTES), routes);
  hub_plugin_enable_async (plugin, "hub", services, NULL, NULL, await_done, &await);
  done = hub_plugin_enable_finish (plugin, await_result (&await), error);
  g_object_unref (await.result);
  return done;
}

static void
test_grants (void)
{
  const char *routes_granted = "[Grants]\nServices=routes;settings;\nRoutes=/x/%s/\n"
                               "[Settings]\nBehaviour=%s\n";
  static const struct
  {
    const char *id, *behaviour, *rule;
  } cases[] = {
    { "good", "good", NULL },
    { "outside", "outside", "plugin/grant" },
    { "ungranted", "ungranted", "plugin/grant" },
    { "silent", "silent", "plugin/no-error" },
  };
  g_autoptr (HubPluginList) list = NULL;
  g_autoptr (FakeRoutes) routes = g_object_new (FAKE_TYPE_ROUTES, NULL);
  HubPlugin *good = NULL;
  Await await = { 0 };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
      g_autofree char *more = g_strdup_printf (routes_granted, cases[i].id, cases[i].behaviour);
#pragma GCC diagnostic pop

      add_plugin ("grants", cases[i].id, "module-control", more);
    }
  add_plugin ("grants", "nothing", "module-control", "");
  list = load_list ("grants");
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      gboolean done = enable (list, cases[i].id, routes, &error);

      if (cases[i].rule != NULL)
        assert_rule (error, cases[i].rule);
      g_assert_cmpint (done, ==, cases[i].rule == NULL);
      assert_state (list, cases[i].id, done ? HUB_PLUGIN_ENABLED : HUB_PLUGIN_FAILED, NULL);
    }
  {
    g_autoptr (GError) error = NULL;

    /* Not even its settings were granted. */
    g_assert_false (enable (list, "nothing", routes, &error));
    assert_rule (error, "plugin/grant");
    g_assert_true (g_error_matches (error, KAREZ_ERROR, KAREZ_ERROR_NOT_GRANTED));
  }
  g_assert_cmpuint (routes->paths->len, ==, 1);
  g_assert_cmpstr (routes->paths->pdata[0], ==, "/x/good/hello");
  /* Disabled and enabled again: the same route, not a second one. */
  good = hub_plugin_list_find (list, "good");
  hub_plugin_disable_async (good, await_done, &await);
  g_assert_true (hub_plugin_disable_finish (good, await_result (&await), NULL));
  g_object_unref (await.result);
  g_assert_true (enable (list, "good", routes, NULL));
  g_assert_cmpuint (routes->paths->len, ==, 1);
}

static void
on_peer_changed (KarezPeers *peers, const char *peer, guint *count)
{
  g_assert_cmpstr (peer, ==, "north");
  (*count)++;
}

/* A plugin hears of the peers as long as it is there. */
static void
test_peers (void)
{
  static const struct
  {
    const char *name;
    KarezPeerState state;
    gboolean paired;
  } states[] = {
    { "up", KAREZ_PEER_UP, TRUE },
    { "down", KAREZ_PEER_DOWN, TRUE },
    { "revoked", KAREZ_PEER_REVOKED, FALSE },
    { "new", KAREZ_PEER_UNKNOWN, FALSE },
  };
  g_autoptr (FakePeers) peers = g_object_new (FAKE_TYPE_PEERS, NULL);
  g_autoptr (HubRunner) runner = hub_runner_new ("one", NULL);
  g_autoptr (HubScopedPeers) scoped = hub_scoped_peers_new (KAREZ_PEERS (peers), runner, "one.");
  guint count = 0;

  g_signal_connect (scoped, "changed", G_CALLBACK (on_peer_changed), &count);
  for (guint i = 0; i < G_N_ELEMENTS (states); i++)
    {
      g_auto (GStrv) found = NULL;

      peers->state = states[i].name;
      g_assert_cmpint (karez_peers_get_state (KAREZ_PEERS (scoped), "north"), ==, states[i].state);
      g_assert_cmpint (karez_peers_is_paired (KAREZ_PEERS (scoped), "north"), ==, states[i].paired);
      found = karez_peers_find (KAREZ_PEERS (scoped), states[i].state);
      g_assert_cmpuint (g_strv_length (found), ==, 1);
    }
  g_assert_cmpint (karez_peers_get_state (KAREZ_PEERS (scoped), "south"), ==, KAREZ_PEER_UNKNOWN);
  g_signal_emit_by_name (peers, "changed", "north");
  g_assert_cmpuint (count, ==, 1);
  hub_scoped_peers_set_open (scoped, FALSE);
  g_signal_emit_by_name (peers, "changed", "north");
  g_assert_cmpuint (count, ==, 1);
  hub_scoped_peers_set_open (scoped, TRUE);
  g_signal_emit_by_name (peers, "changed", "north");
  g_assert_cmpuint (count, ==, 2);
}

static void
on_service_changed (KarezContext *context, const char *name, GString *heard)
{
  g_string_append_printf (heard, "%s ", name);
}

static HubContext *
make_context (const char *id, const char *more, HubProvided *provided)
{
  g_autoptr (GHashTable) services = g_hash_table_new (NULL, NULL);
  g_autoptr (HubRunner) runner = hub_runner_new (id, NULL);
  g_autofree char *path = NULL;
  g_autoptr (HubPluginFile) file = NULL;
  g_autoptr (GError) error = NULL;

  add_plugin ("provided", id, "module-control", more);
  path = g_strdup_printf ("%s/provided/%s/%s.plugin", scratch (), id, id);
  file = hub_plugin_file_load (path, &error);
  g_assert_no_error (error);
  g_hash_table_insert (services, GSIZE_TO_POINTER (HUB_TYPE_PROVIDED), provided);
  return hub_context_new (file, runner, "hub", services, NULL);
}

static void
assert_provided (HubContext *context, const char *name, GType type, guint version, gpointer service,
                 const char *rule)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (karez_context_find_provided (KAREZ_CONTEXT (context), name, type, version, &error)
                 == service);
  g_assert_cmpstr (karez_error_get_rule (error), ==, rule);
}

/* A plugin's service is found by those whose key file names it, by its type and version, as long as
 * the plugin is there. */
static void
test_provided (void)
{
  g_autoptr (HubProvided) provided = hub_provided_new ();
  g_autoptr (HubContext) giver = make_context ("giver", "Provides=service/catalog;\n", provided),
                         taker = make_context ("taker", "Wants=service/catalog;\n", provided),
                         other = make_context ("other", "Provides=service/catalog;\n", provided);
  g_autoptr (FakeRoutes) service = g_object_new (FAKE_TYPE_ROUTES, NULL);
  g_autoptr (GString) heard = g_string_new (NULL);
  g_autoptr (GError) error = NULL;

  g_signal_connect (taker, "service-changed", G_CALLBACK (on_service_changed), heard);
  assert_provided (taker, "catalog", KAREZ_TYPE_ROUTES, 1, NULL, "service/gone");
  g_assert_true (karez_context_provide (KAREZ_CONTEXT (giver), "catalog", KAREZ_TYPE_ROUTES, 2,
                                        service, &error));
  g_assert_cmpstr (heard->str, ==, "catalog ");
  assert_provided (taker, "catalog", KAREZ_TYPE_ROUTES, 1, service, NULL);
  assert_provided (taker, "catalog", KAREZ_TYPE_ROUTES, 2, service, NULL);
  assert_provided (taker, "catalog", KAREZ_TYPE_ROUTES, 3, NULL, "service/version");
  assert_provided (taker, "catalog", KAREZ_TYPE_PEERS, 1, NULL, "service/type");
  /* Not named in the key file: neither found nor provided. */
  assert_provided (other, "catalog", KAREZ_TYPE_ROUTES, 1, NULL, "plugin/grant");
  g_assert_false (karez_context_provide (KAREZ_CONTEXT (taker), "catalog", KAREZ_TYPE_ROUTES, 1,
                                         service, &error));
  g_assert_cmpstr (karez_error_get_rule (error), ==, "plugin/grant");
  g_clear_error (&error);
  g_assert_false (karez_context_provide (KAREZ_CONTEXT (other), "catalog", KAREZ_TYPE_ROUTES, 1,
                                         service, &error));
  g_assert_cmpstr (karez_error_get_rule (error), ==, "service/taken");
  /* The other one's end is not this one's. */
  hub_context_set_open (other, FALSE);
  assert_provided (taker, "catalog", KAREZ_TYPE_ROUTES, 1, service, NULL);
  hub_context_set_open (giver, FALSE);
  g_assert_cmpstr (heard->str, ==, "catalog catalog ");
  assert_provided (taker, "catalog", KAREZ_TYPE_ROUTES, 1, NULL, "service/gone");
  g_assert_cmpuint (G_OBJECT (service)->ref_count, ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  /* Warnings are what some of these provoke. */
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
  g_test_add_func ("/plugins/probes", test_probes);
  g_test_add_func ("/plugins/damaged-cache", test_damaged_cache);
  g_test_add_func ("/plugins/no-worker", test_no_worker);
  g_test_add_func ("/plugins/list", test_list);
  g_test_add_func ("/plugins/on-request", test_on_request);
  g_test_add_func ("/plugins/grants", test_grants);
  g_test_add_func ("/plugins/peers", test_peers);
  g_test_add_func ("/plugins/provided", test_provided);
  return g_test_run ();
}
