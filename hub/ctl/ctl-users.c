/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* karezctl users: people who may sign in. */
#include "ctl-import.h"
#include "ctl.h"

#include "hub-file.h"
#include "hub-id.h"
#include "hub-web-password-rules.h"
#include "hub-web-people.h"

/* No field of a table has spaces around it. */
#define NOT_MADE " - "

static CtlStatus
list (Ctl *ctl, char **arguments)
{
  static const char *const columns[] = { N_ ("LOGIN"), "login", N_ ("NAME"),   "names",
                                         N_ ("ROLES"), "roles", N_ ("ACTIVE"), "active",
                                         N_ ("ID"),    "id",    NULL };
  g_autoptr (JsonNode) answer = NULL;
  CtlStatus status = ctl_call (ctl, "GET", "/people", NULL, &answer);

  if (status == CTL_OK && !ctl_json (ctl, answer))
    ctl_table (ctl_items (answer), columns);
  return status;
}

/* FALSE after it was told why. */
static gboolean
check_name (Ctl *ctl, const char *option)
{
  const char *name = ctl_option (ctl, option);
  g_autoptr (GError) error = NULL;
  g_autofree char *wrong = NULL;

  if (name == NULL || karez_text_check_name (name, -1, &error))
    return TRUE;
  wrong = g_strdup_printf (_ ("--%s: %s; accepted: %s"), option, error->message,
                           _ (karez_error_get_accepted (error)));
  ctl_usage (ctl, wrong);
  return FALSE;
}

static CtlStatus
add (Ctl *ctl, char **arguments)
{
  const char *login = arguments[0];
  gboolean final = ctl_option_is_given (ctl, "final");
  g_autofree char *id = hub_id_new ();
  g_autofree char *password = NULL;
  g_autoptr (JsonNode) answer = NULL;
  CtlStatus status;

  if (!check_name (ctl, "name") || !check_name (ctl, "name-zh") || !check_name (ctl, "name-ug"))
    return CTL_USAGE;
  password = ctl_read_password ();
  if (password == NULL)
    return CTL_USAGE;
  status = ctl_call (
      ctl, "POST", "/people",
      karez_json_object ("id", "s", id, "names", "n",
                         karez_json_object ("en", "s", ctl_option (ctl, "name"), "zh_CN", "s",
                                            ctl_option (ctl, "name-zh"), "ug", "s",
                                            ctl_option (ctl, "name-ug"), NULL),
                         "login", "s", login, "password", "s", password, "password_final", "b",
                         final, "roles", "as", ctl_option_all (ctl, "role"), NULL),
      &answer);
  if (status == CTL_OK && !ctl_json (ctl, answer))
    g_print (final ? _ ("%s is added\n")
                   : _ ("%s is added, and chooses another password at the first sign-in\n"),
             login);
  return status;
}

/* @person: (out): points into @people */
static CtlStatus
find_person (Ctl *ctl, const char *login, JsonNode **people, JsonObject **person)
{
  CtlStatus status = ctl_call (ctl, "GET", "/people", NULL, people);

  if (status != CTL_OK)
    return status;
  *person = ctl_find (*people, "login", login);
  if (*person != NULL)
    return CTL_OK;
  g_printerr (_ ("karezctl: nobody has the login %s; users list shows them\n"), login);
  return CTL_REFUSED;
}

/* Sends the person back as they are, but for @active and, if it is given, @password. */
static CtlStatus
change (Ctl *ctl, const char *login, const gboolean *active, gboolean with_password)
{
  g_autoptr (JsonNode) people = NULL;
  g_autofree char *password = NULL;
  g_autofree char *path = NULL;
  JsonObject *person = NULL;
  CtlStatus status = find_person (ctl, login, &people, &person);
  JsonNode *body;

  if (status != CTL_OK)
    return status;
  if (with_password && (password = ctl_read_password ()) == NULL)
    return CTL_USAGE;
  path = g_strconcat ("/people/", karez_json_text (person, "id"), NULL);
  body = karez_json_object ("names", "n", ctl_copy_member (person, "names"), "title", "n",
                            ctl_copy_member (person, "title"), "roles", "n",
                            ctl_copy_member (person, "roles"), "active", "b",
                            active != NULL ? *active : karez_json_boolean (person, "active"),
                            "password", "s", password, NULL);
  if (with_password)
    json_object_set_boolean_member (json_node_get_object (body), "password_final",
                                    ctl_option_is_given (ctl, "final"));
  status = ctl_call (ctl, "PUT", path, body, NULL);
  if (status == CTL_OK && !ctl_json (ctl, NULL))
    g_print (_ ("%s is changed; their sign-ins have ended\n"), login);
  return status;
}

static CtlStatus
set_password (Ctl *ctl, char **arguments)
{
  return change (ctl, arguments[0], NULL, TRUE);
}

static CtlStatus
disable (Ctl *ctl, char **arguments)
{
  const gboolean active = FALSE;

  return change (ctl, arguments[0], &active, FALSE);
}

static CtlStatus
enable (Ctl *ctl, char **arguments)
{
  const gboolean active = TRUE;

  return change (ctl, arguments[0], &active, FALSE);
}

static CtlStatus
forget_browsers (Ctl *ctl, char **arguments)
{
  const char *login = arguments[0];
  g_autoptr (JsonNode) people = NULL;
  g_autofree char *path = NULL;
  JsonObject *person = NULL;
  CtlStatus status = find_person (ctl, login, &people, &person);

  if (status != CTL_OK)
    return status;
  path = g_strdup_printf ("/people/%s/browsers", karez_json_text (person, "id"));
  status = ctl_call (ctl, "DELETE", path, NULL, NULL);
  if (status == CTL_OK && !ctl_json (ctl, NULL))
    g_print (_ ("The known browsers of %s are forgotten\n"), login);
  return status;
}

/* ── many at once ───────────────────────────────────────────────────────────────────────────── */

static const CtlCsvColumn columns[] = {
  { "login", TRUE },     { "name", TRUE },
  { "name_zh", FALSE },  { "name_ug", FALSE },
  { "title", FALSE },    { "title_zh", FALSE },
  { "title_ug", FALSE }, { "roles", TRUE },
  { "password", FALSE }, { NULL },
};

static const CtlCsvColumn password_columns[] = {
  { "login", TRUE },
  { "name", TRUE },
  { "password", TRUE },
  { NULL },
};

/* Roles are split by spaces, semicolons or bars, whichever the file's commas leave, also in the
 * width of Chinese signs. */
static GStrv
read_roles (const char *text)
{
  g_autoptr (GString) plain = g_string_new (NULL);
  g_auto (GStrv) words = NULL;
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  for (; *text != '\0'; text = g_utf8_next_char (text))
    {
      gunichar c = g_utf8_get_char (text);

      if (g_unichar_isspace (c) || g_utf8_strchr (";|,；｜，、", -1, c) != NULL)
        g_string_append_c (plain, ' ');
      else
        g_string_append_unichar (plain, c);
    }
  words = g_strsplit (plain->str, " ", -1);
  for (guint i = 0; words[i] != NULL; i++)
    if (*words[i] != '\0')
      g_strv_builder_add (builder, words[i]);
  return g_strv_builder_end (builder);
}

static JsonNode *
make_person (CtlCsv *csv, guint row, gpointer data)
{
  GHashTable *passwords = data;
  const char *login = ctl_csv_get (csv, row, "login");
  const char *password = ctl_csv_get (csv, row, "password");
  g_auto (GStrv) roles = read_roles (ctl_csv_get (csv, row, "roles"));
  g_autofree char *id = hub_id_new ();

  if (password == NULL)
    password = g_hash_table_lookup (passwords, login);
  /* While the file is checked, none has been made. */
  if (password == NULL)
    password = NOT_MADE;
  return karez_json_object ("id", "s", id, "names", "n",
                            karez_json_object ("en", "s", ctl_csv_get (csv, row, "name"), "zh_CN",
                                               "s", ctl_csv_get (csv, row, "name_zh"), "ug", "s",
                                               ctl_csv_get (csv, row, "name_ug"), NULL),
                            "title", "n",
                            karez_json_object ("en", "s", ctl_csv_get (csv, row, "title"), "zh_CN",
                                               "s", ctl_csv_get (csv, row, "title_zh"), "ug", "s",
                                               ctl_csv_get (csv, row, "title_ug"), NULL),
                            "login", "s", login, "password", "s", password, "roles", "as", roles,
                            NULL);
}

/* A password is looked at before anybody is added; what the hospital's own names have to do with
 * it, the hub says. */
static gboolean
check_person (JsonNode *body, GError **error)
{
  JsonObject *person = json_node_get_object (body);
  const char *password = karez_json_text (person, "password");
  g_auto (GStrv) words = NULL;
  GError *local = NULL;

  if (!hub_web_people_check (body, error))
    return FALSE;
  words = hub_web_password_words (karez_json_text (person, "login"),
                                  json_object_get_member (person, "names"), NULL);
  if (g_str_equal (password, NOT_MADE)
      || hub_web_password_check (password, (const char *const *) words, &local))
    return TRUE;
  karez_error_set_pointer (local, "/password");
  g_propagate_error (error, local);
  return FALSE;
}

/* The logins of the hub's people. */
static CtlStatus
find_logins (Ctl *ctl, GHashTable *logins)
{
  g_autoptr (JsonNode) people = NULL;
  CtlStatus status = ctl_call (ctl, "GET", "/people", NULL, &people);
  JsonArray *items = ctl_items (people);

  for (guint i = 0; i < json_array_get_length (items); i++)
    {
      const char *login = karez_json_text (ctl_element (items, i), "login");

      if (login != NULL)
        g_hash_table_add (logins, g_strdup (login));
    }
  return status;
}

static void
append_field (GString *text, const char *field, char end)
{
  g_auto (GStrv) parts = g_strsplit (field, "\"", -1);
  g_autofree char *doubled = g_strjoinv ("\"\"", parts);

  g_string_append_printf (text, "\"%s\"%c", doubled, end);
}

static void
append_person (GString *text, const char *login, const char *name, const char *password)
{
  append_field (text, login, ',');
  append_field (text, name, ',');
  append_field (text, password, '\n');
}

/* Passwords of an import that ended before everybody was there: they stay those that are handed
 * out. FALSE after it was told that the file is none of them. @text, @kept: get them */
static gboolean
read_passwords (const char *file, GString *text, GHashTable *kept)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (CtlCsv) csv = NULL;

  if (file == NULL || !g_file_test (file, G_FILE_TEST_EXISTS))
    return TRUE;
  csv = ctl_csv_read (file, password_columns, &error);
  if (csv == NULL)
    {
      g_printerr (_ ("karezctl: %s is there already; accepted: a new file, or that of an import "
                     "which is done again\n"),
                  file);
      return FALSE;
    }
  for (guint row = 0; row < ctl_csv_get_count (csv); row++)
    {
      const char *login = ctl_csv_get (csv, row, "login");
      const char *password = ctl_csv_get (csv, row, "password");

      append_person (text, login, ctl_csv_get (csv, row, "name"), password);
      g_hash_table_replace (kept, g_strdup (login), g_strdup (password));
    }
  return TRUE;
}

/* A password for each who is new and has none in the file: that of @kept, or one that is made.
 * Returns: whether any was made */
static gboolean
choose_passwords (CtlCsv *csv, GHashTable *logins, GHashTable *passwords, GHashTable *kept,
                  GString *text)
{
  gboolean made = FALSE;

  for (guint row = 0; row < ctl_csv_get_count (csv); row++)
    {
      const char *login = ctl_csv_get (csv, row, "login");
      const char *before = g_hash_table_lookup (kept, login);
      char *password;

      if (ctl_csv_get (csv, row, "password") != NULL || g_hash_table_contains (logins, login))
        continue;
      password = before != NULL ? g_strdup (before) : ctl_make_password ();
      g_hash_table_replace (passwords, g_strdup (login), password);
      if (before != NULL)
        continue;
      append_person (text, login, ctl_csv_get (csv, row, "name"), password);
      made = TRUE;
    }
  return made;
}

/* They are kept for those who hand them out before anybody gets one. */
static gboolean
make_passwords (CtlCsv *csv, GHashTable *logins, GHashTable *passwords, const char *file)
{
  g_autoptr (GHashTable) kept = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_autoptr (GString) text = g_string_new ("login,name,password\n");
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;

  if (!read_passwords (file, text, kept))
    return FALSE;
  if (!choose_passwords (csv, logins, passwords, kept, text))
    return TRUE;
  if (file == NULL)
    {
      g_printerr (
          _ ("karezctl: --passwords FILE says where the passwords are written that are made "
             "for those who have none in the file\n"));
      return FALSE;
    }
  bytes = g_string_free_to_bytes (g_steal_pointer (&text));
  if (!hub_file_write_durable (file, bytes, 0600, &error))
    ctl_tell_error (NULL, error);
  return error == NULL;
}

static CtlStatus
import (Ctl *ctl, char **arguments)
{
  g_autoptr (GHashTable) logins = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GHashTable)
      passwords = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  const CtlImport how = { columns, "login", "/people", make_person, check_person, NULL, passwords };
  g_autoptr (CtlCsv) csv = ctl_import_read (&how, arguments[0]);
  CtlStatus status;

  if (csv == NULL)
    return CTL_REFUSED;
  status = find_logins (ctl, logins);
  if (status != CTL_OK)
    return status;
  if (!ctl_option_is_given (ctl, "check")
      && !make_passwords (csv, logins, passwords, ctl_option (ctl, "passwords")))
    return CTL_USAGE;
  return ctl_import_run (ctl, &how, csv, logins, arguments[0]);
}

static const CtlOption add_options[] = {
  { "name", "NAME", N_ ("The person's name"), CTL_REQUIRED },
  { "name-zh", "NAME", N_ ("In Chinese") },
  { "name-ug", "NAME", N_ ("In Uyghur") },
  { "role", "ROLE", N_ ("desk, clinician, surgeon, bedside, engineer, administrator or auditor"),
    CTL_REQUIRED | CTL_REPEATED },
  { "final", NULL, N_ ("The password stays; else another is chosen at the first sign-in") },
  { NULL },
};

static const CtlOption password_options[] = {
  { "final", NULL, N_ ("The password stays; else another is chosen at the next sign-in") },
  { NULL },
};

static const CtlOption import_options[] = {
  { "passwords", "FILE",
    N_ ("A new file for the first passwords of those who have none in the table, or that of an "
        "import which is done again") },
  CTL_IMPORT_OPTIONS,
  { NULL },
};

const CtlVerb ctl_users_verbs[] = {
  { "list", "", N_ ("Lists people, their logins and roles"), NULL, list },
  { "add", "LOGIN", N_ ("Adds somebody, with the password of standard input"), add_options, add },
  { "import", "FILE",
    N_ ("Adds many, from comma-separated values: login, name, roles, and if wanted name_zh, "
        "name_ug, title, title_zh, title_ug, password"),
    import_options, import },
  { "set-password", "LOGIN", N_ ("Gives somebody the password of standard input"), password_options,
    set_password },
  { "forget-browsers", "LOGIN", N_ ("Treats all browsers of somebody as unknown ones again"), NULL,
    forget_browsers },
  { "disable", "LOGIN", N_ ("Lets somebody not sign in any more"), NULL, disable },
  { "enable", "LOGIN", N_ ("Lets somebody sign in again"), NULL, enable },
  { NULL },
};
