/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

/* How many descriptors go with one message. */
#define HUB_FDS_MAX 4u

/* sendmsg() with descriptors beside the bytes (SCM_RIGHTS of unix(7)), which stay the caller's.
 * @fds: (array length=n_fds): at most %HUB_FDS_MAX. Allocates nothing. */
gssize hub_fds_send (int socket, gconstpointer bytes, gsize size, const int *fds, guint n_fds,
                     int flags);

G_END_DECLS
