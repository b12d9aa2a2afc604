/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * hub_launched_take:
 * @token: (out) (transfer full): what to say Hello with
 *
 * Does what the hub says on the connection that systemd made this process for, its standard input
 * (hub-launch.h). To begin a session's worker: ends the process that
 * had the session before, goes to the session's directory, has its log as output, and tells the hub
 * which process this is; the rest is for the caller. Or to end another process of this user: then
 * that is done. Blocks, for the hub has said all when it connects. %G_IO_ERROR.
 *
 * Returns: (transfer full): the command line to go on with, none if all is done; NULL with @error
 */
GStrv hub_launched_take (char **token, GError **error);

G_END_DECLS
