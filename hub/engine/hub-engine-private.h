/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-engine.h"

G_BEGIN_DECLS

struct _HubEngine
{
  GObject parent_instance;

  char *hub, *state_dir, *runtime_dir, *markers;
  char *worker, *launcher, *worker_user, *link_address, *media_address;
  HubStore *store;
  HubWeb *web;
  HubConfig *settings;
  HubWatchdog *watchdog;
  HubProbe *probe;
  HubPluginList *plugins;
  HubSupervisor *supervisor;
  HubSessions *sessions;
  GHashTable *services;
  GHashTable *bases;  /* plugin → where its files for the desk are: "/x/ID/HASH/" */
  GHashTable *words;  /* plugin → JsonObject: language → where the desk finds its catalogue */
  GHashTable *faulty; /* sessions whose worker a live half ended */
  KarezActor *actor;
  HubPages pages;
  guint (*parked) (const char *plugin, gpointer data);
  gpointer parked_data;
  guint at; /* the plugin that is being enabled or disabled */
};

void hub_engine_tell_enabled (HubEngine *self, HubPlugin *plugin);

/* hub-engine-plugins.c */
/* Disables what the database says is disabled, and records what the watchdog said. */
void hub_engine_read_states_async (HubEngine *self, GAsyncReadyCallback callback, gpointer data);
gboolean hub_engine_read_states_finish (HubEngine *self, GAsyncResult *result, GError **error);
void hub_engine_enable_all_async (HubEngine *self, GAsyncReadyCallback callback, gpointer data);
gboolean hub_engine_enable_all_finish (HubEngine *self, GAsyncResult *result, GError **error);
void hub_engine_disable_all_async (HubEngine *self, GAsyncReadyCallback callback, gpointer data);

G_END_DECLS
