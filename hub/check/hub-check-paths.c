/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Looks whether the files and directories of a configuration are there and can be used. */
#include "hub-check.h"

#include "hub-identity.h"
#include "hub-names.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* What is listened at below the runtime directory; the private database's is the longest. */
#define DATABASE_SOCKET HUB_DIRECTORY_POSTGRES "/.s.PGSQL.5432"

static gboolean
is_below (const char *path, const char *folder)
{
  g_autofree char *a = g_canonicalize_filename (path, "/");
  g_autofree char *b = g_canonicalize_filename (folder, "/");
  gsize length = strlen (b);

  return strncmp (a, b, length) == 0 && (a[length] == '/' || a[length] == '\0');
}

/* The folder, or the nearest one above it that is there. NULL with errno set: something else is. */
static char *
nearest_folder (const char *path)
{
  g_autofree char *at = g_canonicalize_filename (path, "/");
  struct stat status;

  while (stat (at, &status) < 0)
    {
      char *above;

      if (errno != ENOENT)
        return NULL;
      above = g_path_get_dirname (at);
      g_free (at);
      at = above;
    }
  if (S_ISDIR (status.st_mode))
    return g_steal_pointer (&at);
  errno = ENOTDIR;
  return NULL;
}

/* Making something there is the only answer that counts: a file system may be read-only, or one
 * that nobody can write to. A full one is waited for, once the hub has begun. */
static gboolean
can_write (const char *folder)
{
  g_autofree char *probe = g_build_filename (folder, ".karez-XXXXXX", NULL);

  if (g_mkdtemp (probe) == NULL)
    return errno == ENOSPC || errno == EDQUOT;
  g_rmdir (probe);
  return TRUE;
}

/* Somebody who asks karezctl may be allowed less than the hub. */
static gboolean
counts (int code, const HubCheck *check)
{
  return check->own || geteuid () == 0 || (code != EACCES && code != EPERM);
}

static void
check_folder (HubConfig *config, const char *key, const HubCheck *check)
{
  const char *path = hub_config_text (config, "Hub", key);
  g_autofree char *folder = NULL, *why = NULL;

  if (hub_config_is_found (config, "Hub", key))
    return;
  folder = nearest_folder (path);
  if ((folder != NULL && can_write (folder)) || !counts (errno, check))
    return;
  why = g_strdup_printf ("%s: %s", folder != NULL ? folder : path, g_strerror (errno));
  hub_config_find (config, HUB_CONFIG_FAULT_AWAY, "Hub", key,
                   folder != NULL ? N_ ("the hub cannot write there: %s")
                                  : N_ ("it is no folder and cannot be made: %s"),
                   why, N_ ("a folder of the hub's user, or where it can make one"), NULL);
}

static void
check_runtime (HubConfig *config)
{
  const char *path = hub_config_text (config, "Hub", "Runtime");
  gboolean private = hub_config_text (config, "Database", "Connection") == NULL;
  gsize longest = private ? strlen (DATABASE_SOCKET) : strlen (HUB_SOCKET_WORKERS);
  gsize most = sizeof ((struct sockaddr_un *) NULL)->sun_path - 1 - 1 - longest;
  g_autofree char *number = g_strdup_printf ("%" G_GSIZE_FORMAT, most);

  if (!hub_config_is_found (config, "Hub", "Runtime") && strlen (path) > most)
    hub_config_find (config, HUB_CONFIG_FAULT_VALUE, "Hub", "Runtime",
                     N_ ("it is too long for the names of sockets"), NULL,
                     N_ ("a path of at most %s bytes"), number);
}

/* The runtime directory is empty after each start of the machine. */
static void
check_apart (HubConfig *config)
{
  const char *state = hub_config_text (config, "Hub", "State");
  const char *runtime = hub_config_text (config, "Hub", "Runtime");

  if (!hub_config_is_found (config, "Hub", "State") && is_below (state, runtime))
    hub_config_find (config, HUB_CONFIG_FAULT_VALUE, "Hub", "State",
                     N_ ("it is, or lies in, [Hub] Runtime, which does not last"), NULL,
                     N_ ("a folder apart from %s"), runtime);
}

static void
check_identity (HubConfig *config, const HubCheck *check)
{
  const char *state = hub_config_text (config, "Hub", "State");
  const char *id = hub_config_text (config, "Hub", "Id");
  g_autofree char *path = g_build_filename (state, "identity.pem", NULL);
  g_autoptr (HubIdentity) identity = NULL;
  g_autoptr (GError) error = NULL;

  /* One that is not there is made, and not by a check. */
  if (hub_config_is_found (config, "Hub", "State"))
    return;
  if (access (path, R_OK) < 0)
    {
      if (errno == EACCES && check->own)
        hub_config_find (config, HUB_CONFIG_FAULT_VALUE, "Hub", "State",
                         N_ ("the hub's identity in it cannot be read"), NULL,
                         N_ ("a file of the hub's user: %s"), path);
      return;
    }
  identity = hub_identity_open (state, NULL, &error);
  if (identity == NULL)
    hub_config_find (config, HUB_CONFIG_FAULT_VALUE, "Hub", "State",
                     N_ ("the hub's identity in it cannot be used: %s"), error->message, "%s",
                     karez_error_get_accepted (error));
  else if (id != NULL && strcmp (id, hub_identity_get_id (identity)) != 0)
    hub_config_find (config, HUB_CONFIG_FAULT_VALUE, "Hub", "Id",
                     N_ ("the identity in %s is another hub's"), path, N_ ("%s, or no Id"),
                     hub_identity_get_id (identity));
}

static void
check_plugin_folders (HubConfig *config)
{
  g_auto (GStrv) folders = hub_config_list (config, "Plugins", "Path");

  for (guint i = 0; folders[i] != NULL; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GDir) folder = g_dir_open (folders[i], 0, &error);

      if (folder == NULL)
        {
          hub_config_find (config, HUB_CONFIG_FAULT_AWAY, "Plugins", "Path",
                           N_ ("a folder cannot be read: %s"), error->message,
                           N_ ("folders that hold .plugin files"), NULL);
          return;
        }
      for (guint j = 0; j < i; j++)
        if (g_str_equal (folders[i], folders[j]))
          hub_config_find (config, HUB_CONFIG_FAULT_VALUE, "Plugins", "Path",
                           N_ ("a folder stands twice: %s"), folders[i], N_ ("each folder once"),
                           NULL);
    }
}

void
hub_check_paths (HubConfig *config, const HubCheck *check)
{
  check_runtime (config);
  check_apart (config);
  check_folder (config, "State", check);
  check_folder (config, "Runtime", check);
  check_identity (config, check);
  check_plugin_folders (config);
}
