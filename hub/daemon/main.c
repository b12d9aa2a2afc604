/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* karezd: options, configuration, lock, signals, exit status. */
#include "hub-check.h"
#include "hub-daemon.h"
#include "hub-log.h"
#include "hub-notify.h"

#include <glib-unix.h>
#include <stdio.h>
#include <stdlib.h>

/* data/systemd: not to be started again by itself. Nothing but an administrator mends what is wrong
 * here; and two hubs would take turns. */
#define STATUS_WRONG 2
#define STATUS_SUPERSEDED 3

typedef struct
{
  GMainLoop *loop;
  HubDaemon *daemon;
  gboolean ending;
  int status;
} Program;

static void
on_stopped (GObject *source, GAsyncResult *result, gpointer data)
{
  Program *program = data;

  hub_daemon_stop_finish (program->daemon, result, NULL);
  g_main_loop_quit (program->loop);
}

static void
end (Program *program)
{
  if (!program->ending)
    hub_notify_tell ("STOPPING=1");
  if (!program->ending)
    hub_daemon_stop_async (program->daemon, on_stopped, program);
  program->ending = TRUE;
}

static gboolean
on_signal (gpointer data)
{
  hub_notice ("daemon", NULL, "asked to end");
  end (data);
  return G_SOURCE_REMOVE;
}

static void
on_superseded (HubDaemon *daemon, Program *program)
{
  program->status = STATUS_SUPERSEDED;
  end (program);
}

static void
on_started (GObject *source, GAsyncResult *result, gpointer data)
{
  Program *program = data;
  g_autoptr (GError) error = NULL;
  const char *accepted = NULL;

  if (hub_daemon_start_finish (program->daemon, result, &error) || program->ending)
    return;
  accepted = karez_error_get_accepted (error);
  hub_critical ("daemon", NULL, "cannot start: %s%s%s%s", error->message,
                accepted != NULL ? " (" : "", accepted != NULL ? accepted : "",
                accepted != NULL ? ")" : "");
  program->status = EXIT_FAILURE;
  end (program);
}

/* Whether it may be another time: all that was found is of what may come by itself. */
static gboolean
may_come (HubConfig *config)
{
  GPtrArray *findings = hub_config_get_findings (config);

  for (guint i = 0; i < findings->len; i++)
    if (((const HubConfigFinding *) findings->pdata[i])->fault < HUB_CONFIG_FAULT_AWAY)
      return FALSE;
  return TRUE;
}

/* Returns: (transfer full): NULL after it was said why, with the @status to end with */
static HubConfig *
load_config (const char *path, const char *launcher, int *status)
{
  const HubCheck check = { .plugins = KAREZ_PLUGINDIR, .own = TRUE };
  g_autoptr (HubConfig) config = hub_config_read (path);
  g_autoptr (GError) error = NULL;
  g_autofree char *found = NULL;

  if (launcher != NULL
      && !hub_config_override (config, "Worker.Launcher", launcher, "--launcher", &error))
    {
      fprintf (stderr, "karezd: %s\n", error->message);
      *status = STATUS_WRONG;
      return NULL;
    }
  hub_check_config (config, &check);
  found = hub_config_print_findings (config, NULL);
  if (found != NULL && hub_config_is_usable (config))
    fprintf (stderr, "%s\n", found);
  if (hub_config_is_usable (config))
    return g_steal_pointer (&config);
  fprintf (stderr,
           "%s\nkarezd: cannot start with this configuration; “karezctl config” checks it\n",
           found);
  *status = may_come (config) ? EXIT_FAILURE : STATUS_WRONG;
  return NULL;
}

/* Returns: (transfer full): NULL when there is nothing to run, with the @status to end with */
static HubConfig *
read_command_line (int argc, char **argv, int *status)
{
  g_autofree char *path = NULL, *launcher = NULL;
  gboolean version = FALSE;
  g_autoptr (GError) error = NULL;
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  const GOptionEntry entries[] = {
    { "config", 'c', 0, G_OPTION_ARG_FILENAME, &path,
      "The configuration, instead of /etc/karez/karez.conf", "FILE" },
    { "launcher", 0, 0, G_OPTION_ARG_FILENAME, &launcher, "Worker.Launcher instead of the file's",
      "SOCKET" },
    { "version", 0, 0, G_OPTION_ARG_NONE, &version, "Which version this is", NULL },
    { NULL },
  };

  g_option_context_set_summary (context, "The hub of a hospital.");
  g_option_context_set_description (
      context,
      "It ends with 0 when it was asked to, 1 when it could not start or go on, 2 when the\n"
      "command line or the configuration is wrong, 3 when another karezd has taken over its\n"
      "database. “karezctl config” says what is in force, and what is wrong with it.\n");
  g_option_context_add_main_entries (context, entries, NULL);
  *status = STATUS_WRONG;
  if (!g_option_context_parse (context, &argc, &argv, &error))
    fprintf (stderr, "karezd: %s; --help says what is accepted\n", error->message);
  else if (argc > 1)
    fprintf (stderr, "karezd: “%s” is too much; --help says what is accepted\n", argv[1]);
  else if (version)
    {
      g_print ("karezd %s\n", KAREZ_PROGRAM_VERSION);
      *status = EXIT_SUCCESS;
    }
  else
    return load_config (path, launcher, status);
  return NULL;
}

int
main (int argc, char **argv)
{
  g_autoptr (HubConfig) config = NULL;
  g_autoptr (GMainLoop) loop = NULL;
  g_autoptr (HubDaemon) daemon = NULL;
  Program program = { 0 };

  hub_notify_open ();
  hub_log_open ("karezd");
  config = read_command_line (argc, argv, &program.status);
  if (config == NULL)
    return program.status;

  program.status = EXIT_SUCCESS;
  loop = g_main_loop_new (NULL, FALSE);
  daemon = hub_daemon_new (config);
  program.loop = loop;
  program.daemon = daemon;
  g_unix_signal_add (SIGTERM, on_signal, &program);
  g_unix_signal_add (SIGINT, on_signal, &program);
  g_signal_connect (daemon, "superseded", G_CALLBACK (on_superseded), &program);
  hub_daemon_start_async (daemon, on_started, &program);
  g_main_loop_run (loop);
  return program.status;
}
