/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Takes the service manager's socket out of the environment: nothing that this process starts
 * speaks for it. Before any thread. */
void hub_notify_open (void);
/* Tells the service manager, if one asks for it (sd_notify(3)): "READY=1", "STATUS=…". */
void hub_notify_tell (const char *state);

G_END_DECLS
