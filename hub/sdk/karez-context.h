/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "karez-peers.h"
#include "karez-routes.h"
#include "karez-services.h"
#include "karez-store.h"

G_BEGIN_DECLS

#define KAREZ_TYPE_CONTEXT (karez_context_get_type ())
KAREZ_PUBLIC
G_DECLARE_INTERFACE (KarezContext, karez_context, KAREZ, CONTEXT, GObject)

/**
 * KarezContextInterface:
 * The only way out of a control half. Each service is handed out only if the plugin's keyfile
 * names it under [Grants]; otherwise %KAREZ_ERROR_NOT_GRANTED. Main thread only.
 *
 * @get_service: the object that implements the interface @type, (transfer none)
 */
struct _KarezContextInterface
{
  GTypeInterface parent;
  gpointer (*get_service) (KarezContext *self, GType type, GError **error);
  const char *(*get_plugin_id) (KarezContext *self);
  const char *(*get_hub_id) (KarezContext *self);
  gpointer padding[8];
};

/* Returns: (transfer none) */
KAREZ_PUBLIC KarezStore *karez_context_get_store (KarezContext *self, GError **error);
KAREZ_PUBLIC KarezAudit *karez_context_get_audit (KarezContext *self, GError **error);
KAREZ_PUBLIC KarezAgenda *karez_context_get_agenda (KarezContext *self, GError **error);
KAREZ_PUBLIC KarezRoutes *karez_context_get_routes (KarezContext *self, GError **error);
KAREZ_PUBLIC KarezPeers *karez_context_get_peers (KarezContext *self, GError **error);
KAREZ_PUBLIC KarezSettings *karez_context_get_settings (KarezContext *self, GError **error);
KAREZ_PUBLIC const char *karez_context_get_plugin_id (KarezContext *self);
KAREZ_PUBLIC const char *karez_context_get_hub_id (KarezContext *self);

G_END_DECLS
