/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-config.h"
#include "hub-sessions.h"
#include "hub-store.h"
#include "hub-web.h"

G_BEGIN_DECLS

#define HUB_TYPE_ENGINE (hub_engine_get_type ())
/**
 * HubEngine:
 * Plugins, sessions and their workers. Main thread only.
 *
 * Signal "session-over" (const char *session, KarezActor *actor): a session ended or failed, and
 * that is recorded.
 */
G_DECLARE_FINAL_TYPE (HubEngine, hub_engine, HUB, ENGINE, GObject)

/**
 * HubEngineConfig:
 * @hub: this hub's id
 * @state_dir: S: sessions/, plugins/
 * @runtime_dir: R: the workers' socket
 * @plugin_paths: folders where key files stand, or one level below
 * @worker: the program karez-worker
 * @launcher: (nullable): the socket where workers are started under another user
 * @worker_user: (nullable): that user
 * @link_address: numeric addresses that sessions' links bind, split by commas: "127.0.0.1"
 * @media_address: numeric addresses where browsers reach sessions' media, likewise
 * @store: not yet open, with the schema "engine"
 * @web: (nullable): permissions, panels and pages
 * @settings: (nullable): where plugins' settings stand
 */
typedef struct
{
  const char *hub, *state_dir, *runtime_dir;
  const char *const *plugin_paths;
  const char *worker, *launcher, *worker_user, *link_address, *media_address;
  HubStore *store;
  HubWeb *web;
  HubConfig *settings;
} HubEngineConfig;

/**
 * HubEngineServices:
 * What plugins are granted and sessions need. @pages: (nullable): for tests; the web server's
 * otherwise
 */
typedef struct
{
  KarezRoutes *routes;
  KarezPeers *peers;
  KarezAgenda *agenda;
  KarezAudit *audit;
  const HubPages *pages;
  gpointer pages_data;
  const HubSigner *signer;
  gpointer signer_data;
  /* (nullable): how many messages of peers wait for a plugin */
  guint (*parked) (const char *plugin, gpointer data);
  gpointer parked_data;
} HubEngineServices;

/* Adds the schema "engine", after "agenda", before hub_store_open_async(). */
void hub_engine_add_schema (HubStore *store);

HubEngine *hub_engine_new (const HubEngineConfig *config);

/**
 * hub_engine_load_async:
 * Finds, probes and opens the plugins and adds their schemas to the store: before
 * hub_store_open_async(). A plugin's migrations and statements are its module's GResource
 * /org/karez/plugins/ID/sql, its panel's files /org/karez/plugins/ID/web.
 */
void hub_engine_load_async (HubEngine *self, GCancellable *cancellable,
                            GAsyncReadyCallback callback, gpointer data);
gboolean hub_engine_load_finish (HubEngine *self, GAsyncResult *result, GError **error);

/**
 * hub_engine_start_async:
 * Once the store is open: adds the routes, enables the plugins in their order, takes over the
 * sessions that went on. A plugin that cannot be enabled is no failure of this call.
 */
void hub_engine_start_async (HubEngine *self, const HubEngineServices *services,
                             GCancellable *cancellable, GAsyncReadyCallback callback,
                             gpointer data);
gboolean hub_engine_start_finish (HubEngine *self, GAsyncResult *result, GError **error);

/* Lets workers go on, then disables the plugins. */
void hub_engine_stop_async (HubEngine *self, GAsyncReadyCallback callback, gpointer data);
gboolean hub_engine_stop_finish (HubEngine *self, GAsyncResult *result, GError **error);

/* A HubModalityFunc for the agenda: knows the modality, and asks its plugin about the booking.
 * @engine: the HubEngine */
void hub_engine_check_modality (JsonNode *booking, GTask *task, gpointer engine);

/* Whether a peer topic is granted to a plugin that is installed here, in whatever state.
 * @engine: the HubEngine */
gboolean hub_engine_owns_topic (const char *topic, gpointer engine);
/* The pairing with a hospital has ended: so do the sessions with it. */
void hub_engine_partner_gone (HubEngine *self, const char *partner);
HubPluginList *hub_engine_get_plugins (HubEngine *self);
/* NULL before the start. */
HubSessions *hub_engine_get_sessions (HubEngine *self);

/* /plugins of the API. */
gboolean hub_engine_add_plugin_routes (HubEngine *self, KarezRoutes *routes, GError **error);
/* Disables a plugin, or enables it again; recorded in @transaction, which is committed. Main
 * thread. */
void hub_engine_disable_plugin_async (HubEngine *self, const char *plugin, const char *reason,
                                      KarezTransaction *transaction, GAsyncReadyCallback callback,
                                      gpointer data);
void hub_engine_enable_plugin_async (HubEngine *self, const char *plugin,
                                     KarezTransaction *transaction, GAsyncReadyCallback callback,
                                     gpointer data);
/* Returns: (transfer full): the plugin as GET /plugins has it */
JsonNode *hub_engine_disable_plugin_finish (HubEngine *self, GAsyncResult *result, GError **error);

G_END_DECLS
