/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ctl.h"

G_BEGIN_DECLS

/* @arguments: the plugin's id */
CtlStatus ctl_plugin_reset (Ctl *ctl, char **arguments);

G_END_DECLS
