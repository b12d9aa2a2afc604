/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A module of another interface. */
#include <karez.h>

KAREZ_PUBLIC const KarezAbi karez_plugin_abi;
const KarezAbi karez_plugin_abi = {
  KAREZ_ABI_MAGIC, 9, 0, KAREZ_ABI_CONTROL, sizeof (KarezPluginInterface), g_object_get_type
};
KAREZ_PUBLIC const KarezAbi karez_modality_abi;
const KarezAbi karez_modality_abi = { 0x12345678,
                                      KAREZ_API_MAJOR,
                                      KAREZ_API_MINOR,
                                      KAREZ_ABI_LIVE,
                                      sizeof (KarezModalityInterface),
                                      g_object_get_type };
