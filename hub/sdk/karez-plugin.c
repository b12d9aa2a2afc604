/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The control half of a plugin. */
#define KAREZ_INSIDE
#include "karez-plugin.h"

G_DEFINE_INTERFACE (KarezPlugin, karez_plugin, G_TYPE_OBJECT)

static void
karez_plugin_default_init (KarezPluginInterface *iface)
{
}
