/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command line, by tables: which verbs there are, what each takes, and what is said of it. */
#include "ctl.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static const CtlOption no_options[] = { { NULL } };
/* They stand before the command or after it. */
static const CtlOption global_options[] = {
  { "json", NULL, N_ ("Answer in JSON") },
  { "socket", "PATH", N_ ("The hub's local socket") },
  { "config", "FILE", N_ ("The hub's configuration") },
  { "help", NULL, N_ ("How this is used") },
  { NULL },
};

static const CtlOption *
options_of (const CtlVerb *verb)
{
  return verb->options != NULL ? verb->options : no_options;
}

/* ── what is said of a verb ─────────────────────────────────────────────────────────────────── */

/* "karezctl users add LOGIN --name NAME --role ROLE… [--final]" */
static char *
make_synopsis (const char *command, const CtlVerb *verb)
{
  GString *text = g_string_new ("karezctl ");

  g_string_append (text, command);
  if (*verb->name != '\0')
    g_string_append_printf (text, " %s", verb->name);
  if (*verb->arguments != '\0')
    g_string_append_printf (text, " %s", verb->arguments);
  for (const CtlOption *option = options_of (verb); option->name != NULL; option++)
    {
      gboolean required = option->flags & CTL_REQUIRED;

      g_string_append_printf (text, required ? " --%s" : " [--%s", option->name);
      if (option->value != NULL)
        g_string_append_printf (text, " %s", option->value);
      if (option->flags & CTL_REPEATED)
        g_string_append (text, "…");
      if (!required)
        g_string_append_c (text, ']');
    }
  return g_string_free (text, FALSE);
}

CtlStatus
ctl_usage (Ctl *ctl, const char *wrong)
{
  g_autofree char *synopsis = make_synopsis (ctl->command, ctl->verb);

  if (wrong != NULL)
    g_printerr ("karezctl: %s\n", wrong);
  g_printerr (_ ("Usage: %s\n"), synopsis);
  return CTL_USAGE;
}

static void
tell_options (const CtlOption *options)
{
  guint width = 0;

  for (const CtlOption *option = options; option->name != NULL; option++)
    width = MAX (width, ctl_width (option->name)
                            + (option->value != NULL ? 1 + ctl_width (option->value) : 0));
  for (const CtlOption *option = options; option->name != NULL; option++)
    {
      g_autofree char *name = g_strjoin (" ", option->name, option->value, NULL);

      g_print ("  --%s%*s  %s\n", name, (int) (width - ctl_width (name)), "", _ (option->summary));
    }
}

CtlStatus
ctl_command_help (const CtlCommand *command, const char *verb)
{
  gboolean found = FALSE;

  for (const CtlVerb *one = command->verbs; one->name != NULL; one++)
    {
      g_autofree char *synopsis = make_synopsis (command->name, one);

      if (verb != NULL && !g_str_equal (verb, one->name))
        continue;
      g_print ("%s%s\n    %s\n", found ? "\n" : "", synopsis, _ (one->summary));
      tell_options (options_of (one));
      found = TRUE;
    }
  if (!found)
    return ctl_command_help (command, NULL);
  g_print (_ ("\nEach command also takes:\n"));
  tell_options (global_options);
  return CTL_OK;
}

/* Tells which verbs there are. */
static CtlStatus
no_verb (const CtlCommand *command, const char *given)
{
  if (given != NULL)
    g_printerr (_ ("karezctl: there is no %s %s\n"), command->name, given);
  for (const CtlVerb *verb = command->verbs; verb->name != NULL; verb++)
    {
      g_autofree char *synopsis = make_synopsis (command->name, verb);

      g_printerr (verb == command->verbs ? _ ("Usage: %s\n") : "       %s\n", synopsis);
    }
  return CTL_USAGE;
}

/* ── options ────────────────────────────────────────────────────────────────────────────────── */

static gboolean
on_option (const char *option, const char *value, gpointer data, GError **error)
{
  Ctl *ctl = data;
  const char *name = g_str_equal (option, "-h") ? "help" : option + strspn (option, "-");
  GPtrArray *values = g_hash_table_lookup (ctl->options, name);

  if (values == NULL)
    {
      values = g_ptr_array_new_with_free_func (g_free);
      g_ptr_array_add (values, NULL);
      g_hash_table_insert (ctl->options, g_strdup (name), values);
    }
  g_ptr_array_insert (values, (int) values->len - 1, g_strdup (value != NULL ? value : ""));
  return TRUE;
}

static void
add_entries (GArray *entries, const CtlOption *options)
{
  for (const CtlOption *option = options; option->name != NULL; option++)
    {
      GOptionEntry entry = { option->name, 0, 0, G_OPTION_ARG_CALLBACK, on_option, NULL, NULL };

      entry.short_name = g_str_equal (option->name, "help") ? 'h' : 0;
      entry.flags = option->value != NULL ? 0 : G_OPTION_FLAG_NO_ARG;
      g_array_append_val (entries, entry);
    }
}

const char *const *
ctl_option_all (Ctl *ctl, const char *name)
{
  GPtrArray *values = g_hash_table_lookup (ctl->options, name);

  return values != NULL ? (const char *const *) values->pdata : NULL;
}

const char *
ctl_option (Ctl *ctl, const char *name)
{
  const char *const *values = ctl_option_all (ctl, name);

  return values != NULL ? values[0] : NULL;
}

gboolean
ctl_option_is_given (Ctl *ctl, const char *name)
{
  return g_hash_table_contains (ctl->options, name);
}

/* GLib lets --yes=no pass as --yes. */
static gboolean
check_values (const CtlOption *options, char **argv, GError **error)
{
  for (; options->name != NULL; options++)
    {
      g_autofree char *given = g_strdup_printf ("--%s=", options->name);

      for (guint i = 0; argv[i] != NULL && !g_str_equal (argv[i], "--"); i++)
        if (options->value == NULL && g_str_has_prefix (argv[i], given))
          {
            g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, _ ("--%s takes no value"),
                         options->name);
            return FALSE;
          }
    }
  return TRUE;
}

/* Reads the options out of @argv, where the arguments stay. */
static gboolean
parse (Ctl *ctl, const CtlVerb *verb, int *argc, char ***argv, GError **error)
{
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GArray) entries = g_array_new (TRUE, TRUE, sizeof (GOptionEntry));
  GOptionGroup *group = g_option_group_new ("main", "", "", ctl, NULL);

  add_entries (entries, options_of (verb));
  add_entries (entries, global_options);
  g_option_group_add_entries (group, (const GOptionEntry *) (gpointer) entries->data);
  g_option_context_set_main_group (context, group);
  g_option_context_set_help_enabled (context, FALSE);
  return check_values (options_of (verb), *argv, error)
         && check_values (global_options, *argv, error)
         && g_option_context_parse (context, argc, argv, error);
}

/* What the table says of the options that were given. Returns: (nullable): what is wrong */
static char *
check_options (Ctl *ctl, const CtlOption *options)
{
  for (const CtlOption *option = options; option->name != NULL; option++)
    {
      const char *const *values = ctl_option_all (ctl, option->name);

      if (values == NULL && option->flags & CTL_REQUIRED)
        return g_strdup_printf (_ ("--%s is missing"), option->name);
      if (values != NULL && values[1] != NULL && option->value != NULL
          && !(option->flags & CTL_REPEATED))
        return g_strdup_printf (_ ("--%s is given twice"), option->name);
    }
  return NULL;
}

/* ── running one ────────────────────────────────────────────────────────────────────────────── */

static gboolean
is_number_of_arguments (const CtlVerb *verb, int given)
{
  g_auto (GStrv) words = g_strsplit (verb->arguments, " ", -1);
  int most = (int) g_strv_length (words), least = 0;

  while (words[least] != NULL && *words[least] != '[')
    least++;
  return given >= least && given <= most;
}

/* Those that came after the command count as if they had come before it. */
static void
take_global_options (Ctl *ctl)
{
  if (ctl_option_is_given (ctl, "json"))
    ctl->json = TRUE;
  if (ctl_option (ctl, "socket") != NULL)
    {
      g_free (ctl->socket);
      ctl->socket = g_strdup (ctl_option (ctl, "socket"));
    }
  if (ctl_option (ctl, "config") != NULL)
    {
      g_free (ctl->config_path);
      ctl->config_path = g_strdup (ctl_option (ctl, "config"));
    }
}

/* @argv: the verb's name, or the command's, and what follows it */
static CtlStatus
run_verb (Ctl *ctl, const CtlCommand *command, const CtlVerb *verb, int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *wrong = NULL;

  ctl->command = command->name;
  ctl->verb = verb;
  if (!parse (ctl, verb, &argc, &argv, &error))
    return ctl_usage (ctl, error->message);
  if (ctl_option_is_given (ctl, "help"))
    return ctl_command_help (command, verb->name);
  wrong = check_options (ctl, global_options);
  if (wrong == NULL)
    wrong = check_options (ctl, options_of (verb));
  if (wrong != NULL)
    return ctl_usage (ctl, wrong);
  if (!is_number_of_arguments (verb, argc - 1))
    return ctl_usage (ctl, NULL);
  take_global_options (ctl);
  ctl->config = hub_config_load (ctl->config_path, &ctl->config_error);
  return verb->run (ctl, argv + 1);
}

CtlStatus
ctl_command_run (Ctl *ctl, const CtlCommand *command, int argc, char **argv)
{
  const CtlVerb *verb = command->verbs;

  if (*verb->name == '\0')
    return run_verb (ctl, command, verb, argc, argv);
  if (argc > 1
      && (g_str_equal (argv[1], "--help") || g_str_equal (argv[1], "-h")
          || g_str_equal (argv[1], "help")))
    return ctl_command_help (command, NULL);
  for (; argc > 1 && verb->name != NULL; verb++)
    if (g_str_equal (verb->name, argv[1]))
      return run_verb (ctl, command, verb, argc - 1, argv + 1);
  return no_verb (command, argc > 1 ? argv[1] : NULL);
}

CtlStatus
ctl_without_config (Ctl *ctl)
{
  g_autoptr (HubConfig) config = hub_config_read (ctl->config_path);

  return access (hub_config_file (config), R_OK) != 0 && errno == EACCES ? CTL_DENIED : CTL_REFUSED;
}

gboolean
ctl_has_config (Ctl *ctl)
{
  if (ctl->config == NULL)
    g_printerr ("karezctl: %s\n", ctl->config_error->message);
  return ctl->config != NULL;
}
