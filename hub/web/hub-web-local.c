/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who asks over the local socket, by the kernel's word. */
#include "hub-web-local.h"

#include <pwd.h>

#define PROGRAM "karezctl"
/* (uid_t) -1 is what the kernel has for nobody. */
#define NOBODY ((uid_t) -1)
#define MAX_ENTRY 16384

typedef struct
{
  uid_t user, login;
} Users;

/* Whom the process signed in as, which neither sudo nor su changes (proc(5), loginuid). */
static uid_t
read_login (pid_t pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/loginuid", (int) pid);
  g_autofree char *text = NULL;
  guint64 login;

  if (!g_file_get_contents (path, &text, NULL, NULL)
      || !g_ascii_string_to_unsigned (g_strchomp (text), 10, 0, G_MAXUINT32, &login, NULL))
    return NOBODY;
  return (uid_t) login;
}

/* A user's name, or the number where there is none. Returns: (transfer full) */
static char *
name_user (uid_t user)
{
  g_autofree char *buffer = g_malloc (MAX_ENTRY);
  struct passwd entry, *found = NULL;

  if (getpwuid_r (user, &entry, buffer, MAX_ENTRY, &found) == 0 && found != NULL)
    return g_strdup (found->pw_name);
  return g_strdup_printf ("%u", (guint) user);
}

static void
name_users (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  const Users *users = data;
  g_autofree char *user = users->user != NOBODY ? name_user (users->user) : NULL;
  g_autofree char *login = users->login != NOBODY && users->login != users->user
                               ? name_user (users->login)
                               : NULL;

  if (user == NULL)
    g_task_return_pointer (task, g_strdup (PROGRAM), g_free);
  else if (login == NULL)
    g_task_return_pointer (task, g_strdup_printf (PROGRAM " (%s)", user), g_free);
  else
    g_task_return_pointer (task, g_strdup_printf (PROGRAM " (%s, %s)", user, login), g_free);
}

void
hub_web_local_identify_async (GSocket *socket, GCancellable *cancellable,
                              GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, data);
  g_autoptr (GCredentials) peer = socket != NULL ? g_socket_get_credentials (socket, NULL) : NULL;
  Users *users = g_new0 (Users, 1);

  g_task_set_source_tag (task, hub_web_local_identify_async);
  users->user = peer != NULL ? g_credentials_get_unix_user (peer, NULL) : NOBODY;
  users->login = peer != NULL ? read_login (g_credentials_get_unix_pid (peer, NULL)) : NOBODY;
  g_task_set_task_data (task, users, g_free);
  g_task_run_in_thread (task, name_users);
}

KarezActor *
hub_web_local_identify_finish (GAsyncResult *result)
{
  static const char *const roles[] = { "administrator", NULL };
  g_autofree char *name = g_task_propagate_pointer (G_TASK (result), NULL);

  return karez_actor_new (KAREZ_ACTOR_LOCAL, "local", name != NULL ? name : PROGRAM, roles, NULL,
                          NULL);
}
