/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The hub's database, for commands that do not need the hub. */
#include "ctl-database.h"

#include "hub-agenda.h"
#include "hub-audit.h"
#include "hub-cluster.h"
#include "hub-engine.h"
#include "hub-file.h"
#include "hub-names.h"
#include "hub-peers.h"
#include "hub-pg-conninfo.h"
#include "hub-web.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct
{
  const char *name, *resources;
  void (*add) (HubStore *store); /* makes the resources known */
} schemas[] = {
  { "karez", "/org/karez/store", NULL },
  { "audit", "/org/karez/audit/sql", hub_audit_add_schema },
  { "agenda", "/org/karez/agenda/sql", hub_agenda_add_schema },
  { "peers", "/org/karez/peers", hub_peers_add_schema },
  { "web", "/org/karez/web", hub_web_add_schema },
  { "engine", "/org/karez/engine/sql", hub_engine_add_schema },
};

typedef struct
{
  GMainLoop *loop;
  gboolean done;
  GError **error;
} Wait;

static gboolean
fail_errno (GError **error, const char *what)
{
  int code = errno;

  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code), "%s: %s", what, g_strerror (code));
  return FALSE;
}

/* As the unit's RuntimeDirectory= is. */
static gboolean
make_runtime (const char *path, const struct stat *owner, GError **error)
{
  if (g_file_test (path, G_FILE_TEST_EXISTS))
    return TRUE;
  return hub_file_make_directory (path, 0711, error)
         && (chown (path, owner->st_uid, owner->st_gid) == 0 || fail_errno (error, path));
}

gboolean
ctl_become_hub (Ctl *ctl, GError **error)
{
  const char *state = ctl->config != NULL ? hub_config_text (ctl->config, "Hub", "State") : NULL;
  struct passwd *user;
  struct stat info;

  if (state != NULL && geteuid () != 0
      && hub_config_text (ctl->config, "Database", "Connection") == NULL && stat (state, &info) == 0
      && info.st_uid != geteuid ())
    return karez_error_set (error, KAREZ_ERROR_DENIED, "database/user",
                            N_ ("root, or the hub’s own user"),
                            N_ ("This user may not use the database in %s"), state);
  if (geteuid () != 0 || state == NULL || stat (state, &info) != 0 || info.st_uid == 0)
    return TRUE;
  user = getpwuid (info.st_uid);
  if (!make_runtime (hub_config_text (ctl->config, "Hub", "Runtime"), &info, error))
    return FALSE;
  /* The saved user stays root; what is started from here has none of it. */
  if ((user != NULL ? initgroups (user->pw_name, info.st_gid) : setgroups (0, NULL)) != 0
      || setresgid (info.st_gid, info.st_gid, 0) != 0
      || setresuid (info.st_uid, info.st_uid, 0) != 0)
    return fail_errno (error, state);
  if (user != NULL)
    g_setenv ("HOME", user->pw_dir, TRUE);
  return TRUE;
}

void
ctl_become_root (void)
{
  uid_t real, effective, saved;

  if (getresuid (&real, &effective, &saved) == 0 && effective != 0 && saved == 0
      && seteuid (0) != 0)
    g_error ("root cannot be taken back: %s", g_strerror (errno));
}

CtlStatus
ctl_refuse (const GError *error)
{
  CtlStatus status = ctl_tell_error (NULL, error);

  if (g_error_matches (error, KAREZ_ERROR, KAREZ_ERROR_DENIED))
    return CTL_DENIED;
  return karez_error_is_unavailable (error) ? CTL_DATABASE : status;
}

static void
on_cluster_started (GObject *source, GAsyncResult *result, gpointer data)
{
  Wait *wait = data;

  wait->done = hub_cluster_start_finish (HUB_CLUSTER (source), result, wait->error);
  g_main_loop_quit (wait->loop);
}

char *
ctl_find_connection (Ctl *ctl, GError **error)
{
  g_autoptr (GMainLoop) loop = NULL;
  g_autofree char *sockets = NULL;
  g_autoptr (HubCluster) cluster = NULL;
  Wait wait = { .error = error };
  const char *given;

  if (ctl->config == NULL)
    {
      g_propagate_error (error, g_error_copy (ctl->config_error));
      return NULL;
    }
  given = hub_config_text (ctl->config, "Database", "Connection");
  if (given != NULL)
    return hub_pg_conninfo_check (given, error) ? g_strdup (given) : NULL;
  sockets = g_build_filename (hub_config_text (ctl->config, "Hub", "Runtime"),
                              HUB_DIRECTORY_POSTGRES, NULL);
  cluster = hub_cluster_new (hub_config_text (ctl->config, "Hub", "State"), sockets);
  wait.loop = loop = g_main_loop_new (NULL, FALSE);
  hub_cluster_start_async (cluster, NULL, on_cluster_started, &wait);
  g_main_loop_run (loop);
  return wait.done ? hub_cluster_get_connection (cluster) : NULL;
}

void
ctl_add_schemas (HubStore *store)
{
  for (guint i = 0; i < G_N_ELEMENTS (schemas); i++)
    if (schemas[i].add != NULL)
      schemas[i].add (store);
}

GPtrArray *
ctl_load_schemas (GError **error)
{
  g_autoptr (GPtrArray) list = g_ptr_array_new_with_free_func ((GDestroyNotify) hub_schema_unref);
  /* Makes the resources known. */
  g_autoptr (HubStore) store = hub_store_new ("", 3, 1);

  ctl_add_schemas (store);
  for (guint i = 0; i < G_N_ELEMENTS (schemas); i++)
    {
      HubSchema *schema = hub_schema_new (schemas[i].name, FALSE);

      g_ptr_array_add (list, schema);
      if (!hub_schema_load (schema, schemas[i].resources, error))
        return NULL;
    }
  return g_steal_pointer (&list);
}
