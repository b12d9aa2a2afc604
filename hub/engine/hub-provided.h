/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <karez.h>

G_BEGIN_DECLS

#define HUB_TYPE_PROVIDED (hub_provided_get_type ())
/**
 * HubProvided:
 * What plugins provide to each other: "Provides=service/NAME" of their key files. Main thread only.
 *
 * Signal "changed" (const char *name): a service came or went.
 */
G_DECLARE_FINAL_TYPE (HubProvided, hub_provided, HUB, PROVIDED, GObject)

HubProvided *hub_provided_new (void);
/* %KAREZ_ERROR_CONFLICT, rule "service/taken", where the name is another plugin's. */
gboolean hub_provided_add (HubProvided *self, const char *plugin, const char *name, GType type,
                           guint version, gpointer service, GError **error);
/* Returns: (transfer none): "service/gone", "service/type" or "service/version" where it is not
 * what is asked for */
gpointer hub_provided_find (HubProvided *self, const char *name, GType type, guint version,
                            GError **error);
/* @plugin is away, and all that it provided. */
void hub_provided_drop (HubProvided *self, const char *plugin);

G_END_DECLS
