/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Looks whether the workers' program, launcher and user of a configuration are there. */
#include "hub-check.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static gboolean
is_in_group (gid_t wanted)
{
  int n = getgroups (0, NULL);
  g_autofree gid_t *groups = n > 0 ? g_new (gid_t, n) : NULL;

  if (geteuid () == 0 || getegid () == wanted)
    return TRUE;
  n = n > 0 ? getgroups (n, groups) : 0;
  for (int i = 0; i < n; i++)
    if (groups[i] == wanted)
      return TRUE;
  return FALSE;
}

static void
check_user (HubConfig *config, const HubCheck *check)
{
  const char *name = hub_config_text (config, "Worker", "User");
  const struct passwd *user = getpwnam (name);

  if (hub_config_is_found (config, "Worker", "User")
      || hub_config_is_found (config, "Worker", "Launcher"))
    return;
  if (user == NULL)
    hub_config_find (config, HUB_CONFIG_FAULT_VALUE, "Worker", "User",
                     N_ ("this machine has no user “%s”"), name,
                     N_ ("the user of karez-worker@.service, which systemd-sysusers makes"), NULL);
  else if (check->own && !is_in_group (user->pw_gid))
    hub_config_find (config, HUB_CONFIG_FAULT_VALUE, "Worker", "User",
                     N_ ("the hub's user is no member of the group of “%s”"), name,
                     N_ ("a user whose group the hub's user is a member of"), NULL);
}

static void
check_launcher (HubConfig *config)
{
  const char *path = hub_config_text (config, "Worker", "Launcher");
  struct stat status;

  if (strlen (path) >= sizeof ((struct sockaddr_un *) NULL)->sun_path)
    hub_config_find (config, HUB_CONFIG_FAULT_VALUE, "Worker", "Launcher",
                     N_ ("it is too long for the name of a socket"), NULL,
                     N_ ("a path of at most %s bytes"), "107");
  else if (stat (path, &status) < 0)
    {
      if (errno != EACCES)
        hub_config_find (config, HUB_CONFIG_FAULT_AWAY, "Worker", "Launcher",
                         N_ ("no socket is there: %s"), g_strerror (errno),
                         N_ ("the socket of karez-worker.socket, which must be started"), NULL);
    }
  else if (!S_ISSOCK (status.st_mode))
    hub_config_find (config, HUB_CONFIG_FAULT_VALUE, "Worker", "Launcher", N_ ("it is no socket"),
                     NULL, N_ ("the socket of karez-worker.socket, which must be started"), NULL);
}

void
hub_check_workers (HubConfig *config, const HubCheck *check)
{
  gboolean launched = hub_config_text (config, "Worker", "Launcher") != NULL;

  if (launched && !hub_config_is_found (config, "Worker", "Launcher"))
    check_launcher (config);
  /* Without a launcher nobody asks for the user. */
  if (launched || hub_config_is_set (config, "Worker", "User"))
    check_user (config, check);
}
