/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Its type implements nothing. */
#include <karez.h>

KAREZ_PLUGIN_MODULE (g_object)
