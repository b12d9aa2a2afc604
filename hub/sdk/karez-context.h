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
 * @provide, @find_provided: as karez_context_provide() and karez_context_find_provided()
 *
 * Signal "service-changed" (const char *name): a service of another plugin that the key file names
 * under Requires= or Wants= came or went. Since: 1.1
 */
struct _KarezContextInterface
{
  GTypeInterface parent;
  gpointer (*get_service) (KarezContext *self, GType type, GError **error);
  const char *(*get_plugin_id) (KarezContext *self);
  const char *(*get_hub_id) (KarezContext *self);
  gboolean (*provide) (KarezContext *self, const char *name, GType type, guint version,
                       gpointer service, GError **error);
  gpointer (*find_provided) (KarezContext *self, const char *name, GType type, guint version,
                             GError **error);
  gpointer padding[6];
};

/**
 * karez_context_get_store:
 *
 * Returns: (transfer none):
 *
 * Since: 1.0
 */
KAREZ_PUBLIC KarezStore *karez_context_get_store (KarezContext *self, GError **error);
/**
 * karez_context_get_audit:
 *
 * Returns: (transfer none):
 *
 * Since: 1.0
 */
KAREZ_PUBLIC KarezAudit *karez_context_get_audit (KarezContext *self, GError **error);
/**
 * karez_context_get_agenda:
 *
 * Returns: (transfer none):
 *
 * Since: 1.0
 */
KAREZ_PUBLIC KarezAgenda *karez_context_get_agenda (KarezContext *self, GError **error);
/**
 * karez_context_get_routes:
 *
 * Returns: (transfer none):
 *
 * Since: 1.0
 */
KAREZ_PUBLIC KarezRoutes *karez_context_get_routes (KarezContext *self, GError **error);
/**
 * karez_context_get_peers:
 *
 * Returns: (transfer none):
 *
 * Since: 1.0
 */
KAREZ_PUBLIC KarezPeers *karez_context_get_peers (KarezContext *self, GError **error);
/**
 * karez_context_get_settings:
 *
 * Returns: (transfer none):
 *
 * Since: 1.0
 */
KAREZ_PUBLIC KarezSettings *karez_context_get_settings (KarezContext *self, GError **error);
/**
 * karez_context_get_plugin_id:
 * Since: 1.0
 */
KAREZ_PUBLIC const char *karez_context_get_plugin_id (KarezContext *self);
/**
 * karez_context_get_hub_id:
 * Since: 1.0
 */
KAREZ_PUBLIC const char *karez_context_get_hub_id (KarezContext *self);

/**
 * karez_context_provide:
 * @name: the NAME of Provides=service/NAME in the key file, without “service/”
 * @type: an interface, or a class; of a library that both plugins link
 * @version: of what is provided, from 1 on. A newer one does all that an older one does; what does
 *   not, has another name
 * @service: (transfer none): an object of @type
 *
 * Provides a service to other plugins, in enable() or later. It is there as long as the plugin is:
 * before disable() is called, others do not find it any more, and have been told.
 * %KAREZ_ERROR_NOT_GRANTED where the key file does not say so, %KAREZ_ERROR_CONFLICT, rule
 * "service/taken", where another plugin provides it.
 *
 * Since: 1.1
 */
KAREZ_PUBLIC gboolean karez_context_provide (KarezContext *self, const char *name, GType type,
                                             guint version, gpointer service, GError **error);
/**
 * karez_context_find_provided:
 * @name: the NAME of Requires=service/NAME or Wants=service/NAME in the key file, without
 *   “service/”
 * @version: the oldest that will do
 *
 * A service of another plugin, which is enabled before this one. Ask each time, or forget it at
 * "service-changed": what is held beyond that is nobody's. %KAREZ_ERROR_UNAVAILABLE, rule
 * "service/gone", while nobody provides it; %KAREZ_ERROR_INVALID, rule "service/type" or
 * "service/version", where it is another one.
 *
 * Returns: (transfer none): an object of @type
 *
 * Since: 1.1
 */
KAREZ_PUBLIC gpointer karez_context_find_provided (KarezContext *self, const char *name, GType type,
                                                   guint version, GError **error);

G_END_DECLS
