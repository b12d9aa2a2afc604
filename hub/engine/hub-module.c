/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opens a plugin's module and checks its ABI. */
#include "hub-module.h"

#include "hub-catalogue.h"

#include <gmodule.h>

static gboolean
check_abi (const KarezAbi *abi, const char *path, gboolean live, GError **error)
{
  guint32 kind = live ? KAREZ_ABI_LIVE : KAREZ_ABI_CONTROL;
  guint32 size = live ? sizeof (KarezModalityInterface) : sizeof (KarezPluginInterface);
  g_autofree char *theirs = NULL;
  g_autofree char *ours = g_strdup_printf ("%d.%d", KAREZ_API_MAJOR, KAREZ_API_MINOR);

  if (abi->magic != KAREZ_ABI_MAGIC)
    return karez_error_set (error, KAREZ_ERROR_INVALID, "plugin/abi", NULL,
                            N_ ("“%s” carries no Karez mark; it was not built as a plugin."), path);
  theirs = g_strdup_printf ("%d.%d", abi->major, abi->minor);
  if (abi->major != KAREZ_API_MAJOR || abi->minor > KAREZ_API_MINOR)
    return karez_error_set (error, KAREZ_ERROR_INVALID, "plugin/abi", NULL,
                            N_ ("“%s” was built for the interface %s; this hub offers %s."), path,
                            theirs, ours);
  if (abi->kind != kind)
    return karez_error_set (error, KAREZ_ERROR_INVALID, "plugin/abi",
                            N_ ("the control half under Control=, the live half under Live="),
                            N_ ("“%s” is the other half of a plugin."), path);
  if (abi->interface_size != size || abi->get_type == NULL)
    return karez_error_set (error, KAREZ_ERROR_INVALID, "plugin/abi",
                            N_ ("a build against this hub's libkarez"),
                            N_ ("“%s” was built with another shape of its interface."), path);
  return TRUE;
}

const KarezAbi *
hub_module_open (const char *path, const char *symbol, GError **error)
{
  g_autoptr (GError) local = NULL;
  gpointer found = NULL;
  GModule *module = NULL;

  module = g_module_open_full (path, G_MODULE_BIND_LAZY | G_MODULE_BIND_LOCAL, &local);
  if (module == NULL)
    {
      karez_error_set (error, KAREZ_ERROR_INVALID, "plugin/module", NULL,
                       N_ ("“%s” cannot be opened: %s"), path, local->message);
      return NULL;
    }
  /* Types cannot be unloaded. */
  g_module_make_resident (module);
  if (!g_module_symbol (module, symbol, &found) || found == NULL)
    {
      karez_error_set (
          error, KAREZ_ERROR_INVALID, "plugin/symbol",
          N_ ("KAREZ_PLUGIN_MODULE () or KAREZ_MODALITY_MODULE () in one of its files"),
          N_ ("“%s” lacks the symbol %s."), path, symbol);
      return NULL;
    }
  if (!check_abi (found, path, g_str_equal (symbol, HUB_SYMBOL_LIVE), error))
    return NULL;
  return found;
}

GType
hub_module_get_type (const KarezAbi *abi, const char *path, GError **error)
{
  GType wanted = abi->kind == KAREZ_ABI_LIVE ? KAREZ_TYPE_MODALITY : KAREZ_TYPE_PLUGIN;
  GType type = abi->get_type ();

  if (type != G_TYPE_INVALID && G_TYPE_IS_OBJECT (type) && !G_TYPE_IS_ABSTRACT (type)
      && g_type_is_a (type, wanted))
    return type;
  karez_error_set (error, KAREZ_ERROR_INVALID, "plugin/abi", NULL,
                   N_ ("The type in “%s” does not implement %s."), path, g_type_name (wanted));
  return G_TYPE_INVALID;
}
