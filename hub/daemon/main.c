/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hub-config.h"
#include "hub-daemon.h"
#include "hub-log.h"

#include <glib-unix.h>
#include <stdlib.h>

/* data/systemd: not to be started again by itself, or two hubs would take turns. */
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
  hub_critical ("daemon", NULL, "cannot start: %s%s%s%s", error->message, accepted ? " (" : "",
                accepted ? accepted : "", accepted ? ")" : "");
  program->status = EXIT_FAILURE;
  end (program);
}

static HubConfig *
load_config (int argc, char **argv)
{
  g_autofree char *path = NULL, *launcher = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  const GOptionEntry entries[] = {
    { "config", 'c', 0, G_OPTION_ARG_FILENAME, &path, "The configuration", "FILE" },
    { "launcher", 0, 0, G_OPTION_ARG_FILENAME, &launcher, "Worker.Launcher instead of the file's",
      "SOCKET" },
    { NULL },
  };
  g_autoptr (HubConfig) config = NULL;

  g_option_context_set_summary (context, "The hub of a hospital.");
  g_option_context_add_main_entries (context, entries, NULL);
  if (g_option_context_parse (context, &argc, &argv, &error))
    config = hub_config_load (path, &error);
  if (config != NULL
      && (launcher == NULL
          || hub_config_override (config, "Worker.Launcher", launcher, "--launcher", &error)))
    return g_steal_pointer (&config);
  g_printerr ("karezd: %s\n", error->message);
  return NULL;
}

int
main (int argc, char **argv)
{
  g_autoptr (HubConfig) config = NULL;
  g_autoptr (GMainLoop) loop = NULL;
  g_autoptr (HubDaemon) daemon = NULL;
  Program program = { 0 };

  hub_log_open ("karezd");
  config = load_config (argc, argv);
  if (config == NULL)
    return 2;

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
