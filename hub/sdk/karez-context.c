/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a control half may reach. */
#define KAREZ_INSIDE
#include "karez-context.h"

G_DEFINE_INTERFACE (KarezContext, karez_context, G_TYPE_OBJECT)

static void
karez_context_default_init (KarezContextInterface *iface)
{
  g_signal_new ("service-changed", KAREZ_TYPE_CONTEXT, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                G_TYPE_NONE, 1, G_TYPE_STRING);
}

static gpointer
get_service (KarezContext *self, GType type, GError **error)
{
  return KAREZ_CONTEXT_GET_IFACE (self)->get_service (self, type, error);
}

KarezStore *
karez_context_get_store (KarezContext *self, GError **error)
{
  g_return_val_if_fail (KAREZ_IS_CONTEXT (self), NULL);

  return get_service (self, KAREZ_TYPE_STORE, error);
}

KarezAudit *
karez_context_get_audit (KarezContext *self, GError **error)
{
  g_return_val_if_fail (KAREZ_IS_CONTEXT (self), NULL);

  return get_service (self, KAREZ_TYPE_AUDIT, error);
}

KarezAgenda *
karez_context_get_agenda (KarezContext *self, GError **error)
{
  g_return_val_if_fail (KAREZ_IS_CONTEXT (self), NULL);

  return get_service (self, KAREZ_TYPE_AGENDA, error);
}

KarezRoutes *
karez_context_get_routes (KarezContext *self, GError **error)
{
  g_return_val_if_fail (KAREZ_IS_CONTEXT (self), NULL);

  return get_service (self, KAREZ_TYPE_ROUTES, error);
}

KarezPeers *
karez_context_get_peers (KarezContext *self, GError **error)
{
  g_return_val_if_fail (KAREZ_IS_CONTEXT (self), NULL);

  return get_service (self, KAREZ_TYPE_PEERS, error);
}

KarezSettings *
karez_context_get_settings (KarezContext *self, GError **error)
{
  g_return_val_if_fail (KAREZ_IS_CONTEXT (self), NULL);

  return get_service (self, KAREZ_TYPE_SETTINGS, error);
}

const char *
karez_context_get_plugin_id (KarezContext *self)
{
  g_return_val_if_fail (KAREZ_IS_CONTEXT (self), NULL);

  return KAREZ_CONTEXT_GET_IFACE (self)->get_plugin_id (self);
}

const char *
karez_context_get_hub_id (KarezContext *self)
{
  g_return_val_if_fail (KAREZ_IS_CONTEXT (self), NULL);

  return KAREZ_CONTEXT_GET_IFACE (self)->get_hub_id (self);
}

gboolean
karez_context_provide (KarezContext *self, const char *name, GType type, guint version,
                       gpointer service, GError **error)
{
  g_return_val_if_fail (KAREZ_IS_CONTEXT (self), FALSE);
  g_return_val_if_fail (name != NULL, FALSE);
  g_return_val_if_fail (version > 0, FALSE);
  g_return_val_if_fail (G_TYPE_CHECK_INSTANCE_TYPE (service, type), FALSE);

  return KAREZ_CONTEXT_GET_IFACE (self)->provide (self, name, type, version, service, error);
}

gpointer
karez_context_find_provided (KarezContext *self, const char *name, GType type, guint version,
                             GError **error)
{
  g_return_val_if_fail (KAREZ_IS_CONTEXT (self), NULL);
  g_return_val_if_fail (name != NULL, NULL);

  return KAREZ_CONTEXT_GET_IFACE (self)->find_provided (self, name, type, version, error);
}
