/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <karez.h>

G_BEGIN_DECLS

#define HUB_SYMBOL_CONTROL "karez_plugin_abi"
#define HUB_SYMBOL_LIVE "karez_modality_abi"

/**
 * hub_module_open:
 * @path: a shared object
 * @symbol: %HUB_SYMBOL_CONTROL or %HUB_SYMBOL_LIVE, which also says what kind it must be
 *
 * Opens a module for good (local binding, resident) and holds its ABI constant against ours.
 * Runs the module's constructors: do it in a probe child first. %KAREZ_ERROR_INVALID with the rule
 * "plugin/module", "plugin/symbol" or "plugin/abi".
 *
 * Returns: (transfer none): the constant
 */
const KarezAbi *hub_module_open (const char *path, const char *symbol, GError **error);
/* The constant's type, checked to implement what its kind says; 0 with "plugin/abi" otherwise. */
GType hub_module_get_type (const KarezAbi *abi, const char *path, GError **error);

G_END_DECLS
