/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl.h"

#include <locale.h>
#include <string.h>

static const CtlCommand commands[] = {
  { "status", "status", N_ ("How the hub is"), ctl_status },
  { "pair",
    "pair list | begin HOST:PORT | expect ADDRESS | confirm ID STRING | cancel ID | "
    "unpair PEER | forget PEER",
    N_ ("Pairing with other hospitals"), ctl_pair },
  { "users",
    "users list | add LOGIN --name NAME --role ROLE… | set-password LOGIN | disable LOGIN | "
    "enable LOGIN",
    N_ ("People who may sign in; passwords are read from standard input"), ctl_users },
  { "sessions", "sessions list | show ID | stop ID --reason TEXT", N_ ("Live sessions"),
    ctl_sessions },
  { "plugins",
    "plugins list | put-aside ID --reason TEXT | restore ID | parked | deliver ID | aside | "
    "retry PEER LANE SEQUENCE | records | retry-record SESSION SEQUENCE",
    N_ ("Plugins, and the messages that wait for them"), ctl_plugins },
  { "migrate", "migrate [--check]", N_ ("Brings the database to this program's state"),
    ctl_migrate },
  { "audit",
    "audit list [--action A] [--actor ID] [--session ID] [--patient ID] [--from TIME] [--to TIME] "
    "[--limit N] [--since CURSOR]",
    N_ ("Who did what"), ctl_audit },
  { "config", "config", N_ ("What is in force, and from where"), ctl_config },
  { "demo", "demo load NAME|FILE | day NAME|FILE", NULL, ctl_demo },
};

static void
ctl_clear (Ctl *ctl)
{
  g_free (ctl->socket);
  g_free (ctl->config_path);
  g_clear_object (&ctl->config);
  g_clear_error (&ctl->config_error);
  g_clear_object (&ctl->session);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Ctl, ctl_clear)

static char *
make_help (void)
{
  GString *text = g_string_new (_ ("Commands:\n"));

  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    if (commands[i].summary != NULL)
      g_string_append_printf (text, "  %-10s %s\n", commands[i].name, _ (commands[i].summary));
  g_string_append (text, _ ("\nIt ends with 0 when it was done, 1 when it was refused, 2 when the "
                            "command line is wrong,\n3 when the hub is away, 4 when this user may "
                            "not.\n"));
  return g_string_free (text, FALSE);
}

CtlStatus
ctl_usage (const char *usage, const char *wrong)
{
  if (wrong != NULL)
    g_printerr ("karezctl: %s\n", wrong);
  g_printerr (_ ("Usage: karezctl %s\n"), usage);
  return CTL_USAGE;
}

gboolean
ctl_options (const GOptionEntry *entries, const char *usage, int *argc, char ***argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;

  g_option_context_set_help_enabled (context, FALSE);
  g_option_context_add_main_entries (context, entries, NULL);
  if (g_option_context_parse (context, argc, argv, &error))
    return TRUE;
  ctl_usage (usage, error->message);
  return FALSE;
}

static CtlStatus
run (Ctl *ctl, int argc, char **argv)
{
  if (argc < 2)
    return ctl_usage ("[--json] [--socket PATH] [--config FILE] COMMAND …",
                      _ ("a command is missing; --help lists them"));
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    if (g_str_equal (commands[i].name, argv[1]))
      return commands[i].run (ctl, argc - 1, argv + 1);
  return ctl_usage ("[--json] [--socket PATH] [--config FILE] COMMAND …",
                    _ ("there is no such command; --help lists them"));
}

int
main (int argc, char **argv)
{
  g_auto (Ctl) ctl = { 0 };
  g_autofree char *help = NULL;
  gboolean version = FALSE;
  int given = argc;
  const GOptionEntry entries[] = {
    { "json", 0, 0, G_OPTION_ARG_NONE, &ctl.json, N_ ("Answer in JSON"), NULL },
    { "socket", 0, 0, G_OPTION_ARG_FILENAME, &ctl.socket, N_ ("The hub's local socket"), "PATH" },
    { "config", 0, 0, G_OPTION_ARG_FILENAME, &ctl.config_path, N_ ("The hub's configuration"),
      "FILE" },
    { "version", 0, 0, G_OPTION_ARG_NONE, &version, N_ ("Which version this is"), NULL },
    { NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new ("COMMAND …");
  g_autoptr (GError) error = NULL;

  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, KAREZ_LOCALEDIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);

  help = make_help ();
  /* Options after the command are the command's own. */
  g_option_context_set_strict_posix (context, TRUE);
  g_option_context_set_description (context, help);
  g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    return ctl_usage ("[--json] [--socket PATH] [--config FILE] COMMAND …", error->message);
  for (int i = 1; i < argc; i++)
    if (!karez_text_check (argv[i], -1, &error))
      {
        g_autofree char *number = g_strdup_printf ("%d", given - argc + i);
        g_autofree char *wrong = g_strdup_printf (_ ("argument %s: %s; accepted: %s"), number,
                                                  error->message,
                                                  _ (karez_error_get_accepted (error)));

        return ctl_usage ("[--json] [--socket PATH] [--config FILE] COMMAND …", wrong);
      }
  if (version)
    {
      g_print ("karezctl %s\n", KAREZ_PROGRAM_VERSION);
      return CTL_OK;
    }
  ctl.config = hub_config_load (ctl.config_path, &ctl.config_error);
  return run (&ctl, argc, argv);
}
