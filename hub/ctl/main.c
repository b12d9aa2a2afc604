/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* karezctl: reads the command line and runs one verb. */
#include "ctl.h"

#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <unistd.h>

#define USAGE "[--json] [--socket PATH] [--config FILE] COMMAND …"

static const CtlCommand commands[] = {
#ifdef KAREZ_WITH_HUB
  { "status", N_ ("How the hub is"), ctl_status_verbs },
  { "setup", N_ ("The first hospital and the first administrator"), ctl_setup_verbs },
  { "pair", N_ ("Pairing with other hospitals"), ctl_pair_verbs },
  { "organisations", N_ ("The hospital, and the places that belong to it"),
    ctl_organisations_verbs },
  { "users", N_ ("People who may sign in; passwords are read from standard input"),
    ctl_users_verbs },
  { "resources", N_ ("What can be booked"), ctl_resources_verbs },
  { "patients", N_ ("People whom sessions are about"), ctl_patients_verbs },
  { "sessions", N_ ("Live sessions"), ctl_sessions_verbs },
  { "plugins", N_ ("Plugins, and the messages that wait for them"), ctl_plugins_verbs },
  { "migrate", N_ ("Brings the database to this program's state"), ctl_migrate_verbs },
  { "backup", N_ ("Copies the database into a file"), ctl_backup_verbs },
  { "restore", N_ ("Brings the database back from such a file, while the hub is stopped"),
    ctl_restore_verbs },
  { "audit", N_ ("Who did what"), ctl_audit_verbs },
  { "certificate", N_ ("The root of the hub’s own authority"), ctl_certificate_verbs },
  { "config", N_ ("What is in force, and from where"), ctl_config_verbs },
  { "demo", NULL, ctl_demo_verbs },
#endif
  { "plugin", N_ ("For who writes a plugin"), ctl_plugin_verbs },
};

static void
ctl_clear (Ctl *ctl)
{
  g_free (ctl->socket);
  g_free (ctl->config_path);
  g_clear_object (&ctl->config);
  g_clear_error (&ctl->config_error);
  g_clear_object (&ctl->session);
  g_clear_pointer (&ctl->options, g_hash_table_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Ctl, ctl_clear)

static char *
make_help (void)
{
  GString *text = g_string_new (_ ("Commands:\n"));

  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    if (commands[i].summary != NULL)
      g_string_append_printf (text, "  %-14s %s\n", commands[i].name, _ (commands[i].summary));
  g_string_append (text, _ ("\n“karezctl help COMMAND” says what a command takes.\n"
                            "\nIt ends with 0 when it was done, 1 when it was refused, 2 when the "
                            "command line is wrong,\n3 when the hub is away, 4 when this user may "
                            "not, 5 when the database is away.\n"));
  return g_string_free (text, FALSE);
}

static CtlStatus
usage (const char *wrong)
{
  g_printerr ("karezctl: %s\n", wrong);
  g_printerr (_ ("Usage: %s\n"), "karezctl " USAGE);
  return CTL_USAGE;
}

static const CtlCommand *
find_command (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    if (g_str_equal (commands[i].name, name))
      return &commands[i];
  return NULL;
}

static CtlStatus
run (Ctl *ctl, GOptionContext *context, int argc, char **argv)
{
  gboolean help = argc > 1 && g_str_equal (argv[1], "help");
  const char *name = argc > (help ? 2 : 1) ? argv[help ? 2 : 1] : NULL;
  const CtlCommand *command = name != NULL ? find_command (name) : NULL;

  if (help && name == NULL)
    {
      g_autofree char *text = g_option_context_get_help (context, TRUE, NULL);

      g_print ("%s", text);
      return CTL_OK;
    }
  if (name == NULL)
    return usage (_ ("a command is missing; --help lists them"));
  if (command == NULL)
    return usage (_ ("there is no such command; --help lists them"));
  return help ? ctl_command_help (command, argc > 3 ? argv[3] : NULL)
              : ctl_command_run (ctl, command, argc - 1, argv + 1);
}

/* Arguments are shown, kept and told to the hub: they are text. */
static gboolean
check_arguments (int given, int argc, char **argv)
{
  for (int i = 1; i < argc; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *number = g_strdup_printf ("%d", given - argc + i);
      g_autofree char *wrong = NULL;

      if (karez_text_check (argv[i], -1, &error))
        continue;
      wrong = g_strdup_printf (_ ("argument %s: %s; accepted: %s"), number, error->message,
                               _ (karez_error_get_accepted (error)));
      usage (wrong);
      return FALSE;
    }
  return TRUE;
}

/* Where one of them is closed, a backup would be written under its number, and what is told into
 * it. */
static void
open_standard_files (void)
{
  int fd;

  do
    fd = open ("/dev/null", O_RDWR);
  while (fd >= 0 && fd <= STDERR_FILENO);
  if (fd >= 0)
    close (fd);
}

/* ssh hands a locale over that this machine may not have, and cron none: names are no question
 * marks there, and the language is the one that was asked for. */
static void
set_locale (void)
{
  if (setlocale (LC_ALL, "") == NULL)
    {
      const char *language = g_getenv ("LANGUAGE");

      setlocale (LC_ALL, "C.UTF-8");
      if (language == NULL || *language == '\0')
        g_setenv ("LANGUAGE", ctl_language (), TRUE);
    }
  else if (g_str_equal (nl_langinfo (CODESET), "ANSI_X3.4-1968"))
    setlocale (LC_CTYPE, "C.UTF-8");
  bindtextdomain (GETTEXT_PACKAGE, KAREZ_LOCALEDIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);
}

/* What the hub's parts say to its log is nothing for who typed a command. */
static GLogWriterOutput
write_log (GLogLevelFlags level, const GLogField *fields, gsize n, gpointer data)
{
  if ((level & G_LOG_LEVEL_MASK) > G_LOG_LEVEL_WARNING && g_getenv ("G_MESSAGES_DEBUG") == NULL)
    return G_LOG_WRITER_HANDLED;
  return g_log_writer_default (level, fields, n, data);
}

/* A list that was cut by a full disk is none. */
static CtlStatus
check_output (CtlStatus status)
{
  if (fflush (stdout) == 0 && !ferror (stdout))
    return status;
  g_printerr (_ ("karezctl: the answer could not be written as a whole\n"));
  return status == CTL_OK ? CTL_REFUSED : status;
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

  open_standard_files ();
  set_locale ();
  g_log_set_writer_func (write_log, NULL, NULL);
  help = make_help ();
  ctl.options = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                       (GDestroyNotify) g_ptr_array_unref);
  /* Options after the command are read with the command's own. */
  g_option_context_set_strict_posix (context, TRUE);
  g_option_context_set_description (context, help);
  g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    return usage (error->message);
  if (!check_arguments (given, argc, argv))
    return CTL_USAGE;
  if (version || (argc == 2 && g_str_equal (argv[1], "version")))
    {
      g_print ("karezctl %s\n", KAREZ_PROGRAM_VERSION);
      return check_output (CTL_OK);
    }
  return check_output (run (&ctl, context, argc, argv));
}
