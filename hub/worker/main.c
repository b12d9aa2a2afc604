/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* karez-worker: one live session, or one look at a plugin's module. */
#include "hub-confine.h"
#include "hub-connector.h"
#include "hub-file.h"
#include "hub-id.h"
#include "hub-launched.h"
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
  GType type = abi != NULL ? hub_module_get_type (abi, path, &error) : G_TYPE_INVALID;

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
run_session (const HubLiveSessionConfig *config, HubConnector *connector, const char *token)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GError) error = NULL;
  g_autoptr (HubLiveSession) session = NULL;
  g_autoptr (HubWorkerBus) bus = NULL;

  session = open_session (config, &error);
  if (session == NULL)
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
    hub_live_session_panic (session, "the worker ends");
  hub_live_session_close (session);
  return 0;
}

/* What the command line says, or the hub in its place. */
typedef struct
{
  char *id, *directory, *socket, *plugin, *module, *address, *media, *token;
  GStrv looked, programs;
  gboolean probing, launched;
} Options;

static void
options_clear (Options *options)
{
  g_free (options->id);
  g_free (options->directory);
  g_free (options->socket);
  g_free (options->plugin);
  g_free (options->module);
  g_free (options->address);
  g_free (options->media);
  g_free (options->token);
  g_strfreev (options->looked);
  g_strfreev (options->programs);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Options, options_clear)

/* @words: (inout): what is left of them */
static gboolean
parse (Options *to, GStrv *words, GError **error)
{
  const GOptionEntry options[] = {
    { "probe", 0, 0, G_OPTION_ARG_NONE, &to->probing, "Look at MODULE and tell what it is", NULL },
    { "launched", 0, 0, G_OPTION_ARG_NONE, &to->launched,
      "Be told the rest on standard input, a connection of the hub's", NULL },
    { "session", 0, 0, G_OPTION_ARG_STRING, &to->id, "The session's id", "UUID" },
    { "directory", 0, 0, G_OPTION_ARG_FILENAME, &to->directory, "Where its files are", "DIR" },
    { "socket", 0, 0, G_OPTION_ARG_FILENAME, &to->socket, "The hub's socket", "FILE" },
    { "plugin", 0, 0, G_OPTION_ARG_STRING, &to->plugin, "The plugin's id", "ID" },
    { "module", 0, 0, G_OPTION_ARG_FILENAME, &to->module, "The live half", "FILE" },
    { "link-address", 0, 0, G_OPTION_ARG_STRING, &to->address, "Where the link binds", "ADDRESS" },
    { "media-address", 0, 0, G_OPTION_ARG_STRING, &to->media, "Where browsers reach it",
      "ADDRESS" },
    { "program", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &to->programs,
      "What the live half may start; may be repeated", "NAME:MIB:NICE:RESTARTS:FILE" },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &to->looked, NULL, "[MODULE SYMBOL]" },
    { NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);

  g_option_context_add_main_entries (context, options, NULL);
  g_option_context_set_summary (context, "Started by karezd, for one session of one plugin.");
  return g_option_context_parse_strv (context, words, error);
}

static gboolean
names_session (const Options *options)
{
  return !options->probing && options->looked == NULL && options->id != NULL
         && hub_id_is_valid (options->id) && options->directory != NULL && options->socket != NULL
         && options->plugin != NULL && options->module != NULL && options->address != NULL;
}

/* Returns: (transfer full) (nullable): NULL if one is not as it should be */
static GPtrArray *
list_programs (const Options *options)
{
  g_autoptr (GPtrArray)
      programs = g_ptr_array_new_with_free_func ((GDestroyNotify) hub_plugin_program_free);

  for (guint i = 0; options->programs != NULL && options->programs[i] != NULL; i++)
    {
      HubPluginProgram *program = hub_plugin_program_from_word (options->programs[i]);

      if (program == NULL || programs->len == HUB_PLUGIN_MAX_PROGRAMS)
        {
          g_clear_pointer (&program, hub_plugin_program_free);
          return NULL;
        }
      g_ptr_array_add (programs, program);
    }
  return g_steal_pointer (&programs);
}

/* @arguments, @size: the command line's, in memory */
static int
begin (const Options *options, char *arguments, gsize size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) programs = list_programs (options);
  g_autoptr (HubConnector) connector = NULL;
  g_autoptr (HubSpawner) spawner = NULL;
  HubLiveSessionConfig config = { options->id,
                                  options->directory,
                                  options->plugin,
                                  options->module,
                                  options->address,
                                  options->media,
                                  NULL };

  if (programs == NULL)
    {
      hub_critical ("worker", options->id, "A program is not described as it should be.");
      return 2;
    }
  /* Both fork, while there is one thread. */
  connector = hub_connector_new (options->socket, arguments, size, &error);
  if (connector == NULL)
    {
      hub_critical ("worker", options->id, "The hub cannot be reached: %s", error->message);
      return 1;
    }
  spawner = hub_spawner_new (g_steal_pointer (&programs), options->id, arguments, size, &error);
  if (spawner == NULL)
    {
      hub_critical ("worker", options->id, "Programs cannot be started: %s", error->message);
      return 1;
    }
  config.spawner = spawner;
  return run_session (&config, connector, options->token);
}

/* Under a user of its own: the command line says no more than that. */
static int
begin_launched (char *arguments, gsize size)
{
  g_auto (Options) options = { 0 };
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) told = hub_launched_take (&options.token, &error);

  if (told != NULL && options.token == NULL)
    return 0;
  if (told != NULL)
    parse (&options, &told, &error);
  if (error == NULL && names_session (&options) && !options.launched)
    return begin (&options, arguments, size);
  hub_critical ("worker", options.id, "The hub's order cannot be followed: %s",
                error != NULL ? error->message : "a session's arguments are wanted");
  return 2;
}

int
main (int argc, char **argv)
{
  g_auto (Options) options = { 0 };
  g_auto (GStrv) words = g_strdupv (argv);
  char *arguments = argc > 1 ? argv[1] : NULL;
  gsize size = arguments != NULL ? (gsize) (argv[argc - 1] + strlen (argv[argc - 1]) - arguments)
                                 : 0;
  g_autoptr (GError) error = NULL;

  hub_log_open ("karez-worker");
  if (!parse (&options, &words, &error))
    {
      g_printerr ("karez-worker: %s\n", error->message);
      return 2;
    }
  if (options.probing && options.looked != NULL && g_strv_length (options.looked) == 2)
    return probe (options.looked[0], options.looked[1]);
  if (options.launched)
    return begin_launched (arguments, size);
  if (names_session (&options))
    options.token = read_token ();
  if (options.token != NULL)
    return begin (&options, arguments, size);
  g_printerr ("karez-worker: karezd starts it, with a session's arguments and a token on standard "
              "input (--help)\n");
  return 2;
}
