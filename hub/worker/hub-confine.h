/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * hub_confine:
 * @directory: where spool and checkpoint are: the only files that can be opened from now on
 * @subject: whose worker it is, for the log
 *
 * Takes from this process, for ever, what a session's worker does not need, so that whoever breaks
 * into it by a packet finds neither the hub's identity, nor its database, nor a shell:
 *
 * - files and directories other than @directory (Landlock), and changes to any file's mode, owner,
 *   times and attributes;
 * - sockets other than UDP, routing queries and pairs of its own (SOCK_SEQPACKET); so no Unix
 *   socket, the database's and the administrator's among them. The hub's own is reached by
 *   #HubConnector;
 * - programs, other processes' memory, signals and scheduling, mounts, namespaces, kernel keys,
 *   io_uring, BPF; a thread changes its own scheduling by the number 0;
 * - new privileges, and images of its memory on a disk.
 *
 * What is refused fails with EPERM, EACCES, or ENOSYS for a call that nobody here knows; nothing
 * kills, since a patient may depend on the session. Call it while there is one thread, before
 * anything is read that a browser or another hospital wrote, and after modules and libraries are
 * loaded. One line of the log says what is in force; where the kernel lacks a part, it is a warning
 * that says so, and the rest is done.
 *
 * What needs more is done by a process that the worker forks before this call: #HubConnector, and
 * #HubSpawner for programs.
 */
void hub_confine (const char *directory, const char *subject);

G_END_DECLS
