/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a control half may reach. */
#define KAREZ_INSIDE
#include "karez-context.h"

G_DEFINE_INTERFACE (KarezContext, karez_context, G_TYPE_OBJECT)

static void
karez_context_default_init (KarezContextInterface *iface)
{
}

static gpointer
get_service (KarezContext *self, GType type, GError **error)
{
  return KAREZ_CONTEXT_GET_IFACE (self)->get_service (self, type, error);
}

KarezStore *
karez_context_get_store (KarezContext *self, GError **error)
{
  return get_service (self, KAREZ_TYPE_STORE, error);
}

KarezAudit *
karez_context_get_audit (KarezContext *self, GError **error)
{
  return get_service (self, KAREZ_TYPE_AUDIT, error);
}

KarezAgenda *
karez_context_get_agenda (KarezContext *self, GError **error)
{
  return get_service (self, KAREZ_TYPE_AGENDA, error);
}

KarezRoutes *
karez_context_get_routes (KarezContext *self, GError **error)
{
  return get_service (self, KAREZ_TYPE_ROUTES, error);
}

KarezPeers *
karez_context_get_peers (KarezContext *self, GError **error)
{
  return get_service (self, KAREZ_TYPE_PEERS, error);
}

KarezSettings *
karez_context_get_settings (KarezContext *self, GError **error)
{
  return get_service (self, KAREZ_TYPE_SETTINGS, error);
}

const char *
karez_context_get_plugin_id (KarezContext *self)
{
  return KAREZ_CONTEXT_GET_IFACE (self)->get_plugin_id (self);
}

const char *
karez_context_get_hub_id (KarezContext *self)
{
  return KAREZ_CONTEXT_GET_IFACE (self)->get_hub_id (self);
}
