/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* karez-worker: one live session, or one look at a plugin's module. */
#include "hub-confine.h"
#include "hub-connector.h"
#include "hub-file.h"
#include "hub-id.h"
#include "hub-log.h"
#include "hub-module.h"
#include "hub-rtc.h"
#include "hub-worker-bus.h"

#include <glib-unix.h>
#include <stdio.h>
#include <unistd.h>

#define MAX_TOKEN 256

/* The answer of a probe: {"ok": true, "type", "major", "minor"} or {"ok": false, "rule",
 * "message", "accepted"} on standard output. */
static int
probe (const char *path, const char *symbol)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) answer = NULL;
  g_autofree char *text = NULL;
  const KarezAbi *abi = hub_module_open (path, symbol, &error);
  GType type = abi ? hub_module_get_type (abi, path, &error) : G_TYPE_INVALID;

  if (type != G_TYPE_INVALID)
    answer = karez_json_object ("ok", "b", TRUE, "type", "s", g_type_name (type), "major", "i",
                                (gint64) abi->major, "minor", "i", (gint64) abi->minor, NULL);
  else
    answer = karez_json_object ("ok", "b", FALSE, "rule", "s", karez_error_get_rule (error),
                                "message", "s", error->message, "accepted", "s",
                                karez_error_get_accepted (error), NULL);
  text = karez_json_print (answer);
  /* A module may have written to standard output too: the answer is the last line. */
  printf ("\n%s\n", text);
  fflush (stdout);
  return 0;
}

static char *
read_token (void)
{
  char buffer[MAX_TOKEN + 1] = { 0 };
  gsize size = 0;
  gssize n = 0;

  /* Not in the environment or the arguments, where other programs could read it. */
  while (size < MAX_TOKEN && (n = read (STDIN_FILENO, buffer + size, MAX_TOKEN - size)) > 0)
    size += n;
  return size ? g_strndup (buffer, size) : NULL;
}

static gboolean
on_terminate (gpointer loop)
{
  g_main_loop_quit (loop);
  return G_SOURCE_CONTINUE;
}

/* All that lies outside of the session's directory is opened here. */
static HubLiveSession *
open_session (const HubLiveSessionConfig *config, GError **error)
{
  g_autoptr (HubLiveSession) session = hub_live_session_new (config, error);

  if (session == NULL || (config->media_address != NULL && !hub_rtc_open_libraries (error)))
    return NULL;
  hub_confine (config->directory, config->id);
  return g_steal_pointer (&session);
}

static int
run_session (const HubLiveSessionConfig *config, HubConnector *connector)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GError) error = NULL;
  g_autoptr (HubLiveSession) session = NULL;
  g_autoptr (HubWorkerBus) bus = NULL;
  g_autofree char *token = read_token ();

  if (!token)
    {
      hub_critical ("worker", config->id, "No token came on standard input.");
      return 2;
    }
  session = open_session (config, &error);
  if (!session)
    {
      hub_critical ("worker", config->id, "The session cannot begin: %s", error->message);
      return 1;
    }
  bus = hub_worker_bus_new (session, config->id, connector, token);
  g_signal_connect_swapped (bus, "done", G_CALLBACK (g_main_loop_quit), loop);
  g_unix_signal_add (SIGTERM, on_terminate, loop);
  /* Ctrl+C of a developer's terminal is for the hub. */
  signal (SIGINT, SIG_IGN);
  signal (SIGPIPE, SIG_IGN);
  hub_worker_bus_start (bus);
  g_main_loop_run (loop);
  if (!hub_live_session_is_finished (session))
    {
      hub_live_session_panic (session, "the worker ends");
      hub_live_session_save (session);
    }
  return 0;
}

int
main (int argc, char **argv)
{
  HubLiveSessionConfig config = { 0 };
  g_autofree char *id = NULL, *directory = NULL, *socket = NULL, *plugin = NULL, *module = NULL;
  g_autofree char *address = NULL, *media = NULL;
  g_auto (GStrv) looked = NULL;
  gboolean probing = FALSE;
  char *arguments = argc > 1 ? argv[1] : NULL;
  gsize size = arguments ? (gsize) (argv[argc - 1] + strlen (argv[argc - 1]) - arguments) : 0;
  g_autoptr (HubConnector) connector = NULL;
  g_autoptr (GError) error = NULL;
  GOptionEntry options[] = {
    { "probe", 0, 0, G_OPTION_ARG_NONE, &probing, "Look at MODULE and tell what it is", NULL },
    { "session", 0, 0, G_OPTION_ARG_STRING, &id, "The session's id", "UUID" },
    { "directory", 0, 0, G_OPTION_ARG_FILENAME, &directory, "Where its files are", "DIR" },
    { "socket", 0, 0, G_OPTION_ARG_FILENAME, &socket, "The hub's socket", "FILE" },
    { "plugin", 0, 0, G_OPTION_ARG_STRING, &plugin, "The plugin's id", "ID" },
    { "module", 0, 0, G_OPTION_ARG_FILENAME, &module, "The live half", "FILE" },
    { "link-address", 0, 0, G_OPTION_ARG_STRING, &address, "Where the link binds", "ADDRESS" },
    { "media-address", 0, 0, G_OPTION_ARG_STRING, &media, "Where browsers reach it", "ADDRESS" },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &looked, NULL, "[MODULE SYMBOL]" },
    { NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);

  hub_log_open ("karez-worker");
  g_option_context_add_main_entries (context, options, NULL);
  g_option_context_set_summary (context, "Started by karezd, for one session of one plugin.");
  if (!g_option_context_parse (context, &argc, &argv, &error))
    {
      g_printerr ("karez-worker: %s\n", error->message);
      return 2;
    }
  if (probing && looked && g_strv_length (looked) == 2)
    return probe (looked[0], looked[1]);
  if (probing || !id || !directory || !socket || !plugin || !module || !address
      || !hub_id_is_valid (id))
    {
      g_autofree char *help = g_option_context_get_help (context, TRUE, NULL);

      g_printerr ("%s", help);
      return 2;
    }
  config = (HubLiveSessionConfig){ id, directory, plugin, module, address, media };
  connector = hub_connector_new (socket, arguments, size, &error);
  if (!connector)
    {
      hub_critical ("worker", id, "The hub cannot be reached: %s", error->message);
      return 1;
    }
  return run_session (&config, connector);
}
