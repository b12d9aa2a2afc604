/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define HUB_TYPE_LAUNCHER (hub_launcher_get_type ())
/**
 * HubLauncher:
 * Starts the processes of workers, and ends them. Without a socket they are children of the hub,
 * under its user. With one, systemd starts a karez-worker@.service for each connection to it, under
 * a user of its own, for which the hub needs no privilege. Such a worker is given its session's
 * directory as a descriptor: it needs no way to it through the file system, and so has none to
 * anything beside it. Main thread only.
 */
G_DECLARE_FINAL_TYPE (HubLauncher, hub_launcher, HUB, LAUNCHER, GObject)

/**
 * HubOrder:
 * What a worker is told.
 * @directory: the session's; made if it is not there
 * @token: what it says Hello with
 * @socket: the hub's, where it says so
 * @media_address: (nullable): none if it has no media
 * @programs: (nullable) (array zero-terminated=1): what its live half may start, as
 *   hub_plugin_program_to_word() makes them
 * @former: a pidfd of the process that had the session before and may not have ended, or -1
 */
typedef struct
{
  const char *session, *directory, *token, *socket, *plugin, *module;
  const char *link_address, *media_address;
  const char *const *programs;
  int former;
} HubOrder;

/* @program: karez-worker. @socket: (nullable): the launcher's. @user: whose its processes are */
HubLauncher *hub_launcher_new (const char *program, const char *socket, const char *user);

/* Before anything else; blocks. %G_IO_ERROR_NOT_FOUND if there is no such user. */
gboolean hub_launcher_find_user (HubLauncher *self, GError **error);
/* Lets workers connect to the Unix socket @path, and nobody else but the hub's user. */
gboolean hub_launcher_share_socket (HubLauncher *self, const char *path, GError **error);
/* Whose the workers are: the hub's own user, without a launcher's socket. */
uid_t hub_launcher_get_user (HubLauncher *self);

/**
 * hub_launcher_start:
 * @pidfd: (out): the child, -1 if it has ended already
 * @answer: (out) (nullable) (transfer full): where hub_launcher_take_answer() will find the process
 *   instead, once this socket is readable; dropped before, the worker does not begin
 *
 * %G_IO_ERROR
 */
gboolean hub_launcher_start (HubLauncher *self, const HubOrder *order, int *pidfd, GSocket **answer,
                             GError **error);
/* Returns: (transfer full): a pidfd, or -1 with a %G_IO_ERROR: it was not started */
int hub_launcher_take_answer (GSocket *answer, GError **error);
/* SIGKILL. A process of the launcher's user is ended by another one of that user, a little later.
 */
void hub_launcher_end (HubLauncher *self, int pidfd);

G_END_DECLS
