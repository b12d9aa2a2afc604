/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Errors of %G_IO_ERROR name the address or path.
 * @port: (inout): 0 lets the kernel choose; what it is in the end. Returns: (transfer full) */
GSocket *hub_web_listen_tcp (const char *bind, guint16 *port, GError **error);
/* A socket of mode 0600; takes the place of what a hub that died left, refuses if one lives.
 * Returns: (transfer full) */
GSocket *hub_web_listen_unix (const char *path, GError **error);

G_END_DECLS
