/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* A directory that one process at a time may use. */
typedef struct _HubLock HubLock;

/**
 * hub_lock_take:
 * @directory: it must be there
 *
 * Holds "lock" in @directory with flock(2): the kernel lets go when the process ends, however it
 * ends. %G_IO_ERROR_BUSY names the process that holds it.
 */
HubLock *hub_lock_take (const char *directory, GError **error);
void hub_lock_free (HubLock *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HubLock, hub_lock_free)

G_END_DECLS
