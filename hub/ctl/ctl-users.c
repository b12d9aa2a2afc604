/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl.h"

#include "hub-id.h"

#include <errno.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define USAGE                                                                                      \
  "users list | add LOGIN --name NAME [--name-zh NAME] [--name-ug NAME] --role ROLE… "           \
  "[--final] | set-password LOGIN [--final] | forget-browsers LOGIN | disable LOGIN | "            \
  "enable LOGIN"
#define MAX_PASSWORD 1024

typedef struct
{
  char *name, *name_zh, *name_ug;
  GStrv roles;
  gboolean final; /* the password that is set here stays */
} Given;

/* One line of standard input; without echo where that is a terminal. */
static char *
read_line (const char *prompt)
{
  g_autoptr (GString) line = g_string_new (NULL);
  gboolean terminal = isatty (STDIN_FILENO);
  struct termios before, silent;
  char c;
  ssize_t n;

  if (terminal && tcgetattr (STDIN_FILENO, &before) == 0)
    {
      silent = before;
      silent.c_lflag &= ~(tcflag_t) ECHO;
      g_printerr ("%s", prompt);
      tcsetattr (STDIN_FILENO, TCSAFLUSH, &silent);
    }
  else
    terminal = FALSE;
  while (line->len <= MAX_PASSWORD)
    {
      n = read (STDIN_FILENO, &c, 1);
      if (n < 0 && errno == EINTR)
        continue;
      if (n != 1 || c == '\n')
        break;
      g_string_append_c (line, c);
    }
  if (terminal)
    {
      tcsetattr (STDIN_FILENO, TCSAFLUSH, &before);
      g_printerr ("\n");
    }
  if (line->len == 0 || line->len > MAX_PASSWORD || !g_utf8_validate (line->str, line->len, NULL))
    return NULL;
  return g_string_free (g_steal_pointer (&line), FALSE);
}

/* NULL after it was told why. */
static char *
read_password (void)
{
  g_autofree char *password = read_line (_ ("New password: "));
  g_autofree char *again = NULL;

  if (password == NULL)
    {
      g_printerr (_ ("karezctl: a password is one line of UTF-8 on standard input\n"));
      return NULL;
    }
  if (!isatty (STDIN_FILENO))
    return g_steal_pointer (&password);
  again = read_line (_ ("Once more: "));
  if (g_strcmp0 (password, again) == 0)
    return g_steal_pointer (&password);
  g_printerr (_ ("karezctl: the two passwords differ\n"));
  return NULL;
}

static CtlStatus
list (Ctl *ctl)
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
check_name (const char *option, const char *name)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *wrong = NULL;

  if (name == NULL || karez_text_check_name (name, -1, &error))
    return TRUE;
  wrong = g_strdup_printf (_ ("%s: %s; accepted: %s"), option, error->message,
                           _ (karez_error_get_accepted (error)));
  ctl_usage (USAGE, wrong);
  return FALSE;
}

static CtlStatus
add (Ctl *ctl, const char *login, const Given *given)
{
  g_autofree char *id = hub_id_new ();
  g_autofree char *password = NULL;
  g_autoptr (JsonNode) answer = NULL;
  CtlStatus status;

  if (given->name == NULL || given->roles == NULL)
    return ctl_usage (USAGE, _ ("a name and at least one role are needed"));
  if (!check_name ("--name", given->name) || !check_name ("--name-zh", given->name_zh)
      || !check_name ("--name-ug", given->name_ug))
    return CTL_USAGE;
  password = read_password ();
  if (password == NULL)
    return CTL_USAGE;
  status = ctl_call (
      ctl, "POST", "/people",
      karez_json_object ("id", "s", id, "names", "n",
                         karez_json_object ("en", "s", given->name, "zh_CN", "s", given->name_zh,
                                            "ug", "s", given->name_ug, NULL),
                         "login", "s", login, "password", "s", password, "password_final", "b",
                         given->final, "roles", "as", given->roles, NULL),
      &answer);
  if (status == CTL_OK && !ctl_json (ctl, answer))
    g_print (given->final ? _ ("%s is added\n")
                          : _ ("%s is added, and chooses another password at the first sign-in\n"),
             login);
  return status;
}

static JsonObject *
find (JsonNode *people, const char *login)
{
  JsonArray *items = ctl_items (people);

  for (guint i = 0; i < json_array_get_length (items); i++)
    {
      JsonObject *person = ctl_element (items, i);

      if (g_strcmp0 (karez_json_text (person, "login"), login) == 0)
        return person;
    }
  return NULL;
}

static JsonNode *
copy (JsonObject *object, const char *name)
{
  JsonNode *node = json_object_get_member (object, name);

  /* Nobody's title is an empty object: none was given. */
  if (node == NULL || JSON_NODE_HOLDS_NULL (node)
      || (JSON_NODE_HOLDS_OBJECT (node) && json_object_get_size (json_node_get_object (node)) == 0))
    return NULL;
  return json_node_copy (node);
}

/* @person: (out): points into @people */
static CtlStatus
find_person (Ctl *ctl, const char *login, JsonNode **people, JsonObject **person)
{
  CtlStatus status = ctl_call (ctl, "GET", "/people", NULL, people);

  if (status != CTL_OK)
    return status;
  *person = find (*people, login);
  if (*person != NULL)
    return CTL_OK;
  g_printerr (_ ("karezctl: nobody has the login %s; users list shows them\n"), login);
  return CTL_REFUSED;
}

/* @given: (nullable): of a new password, which is read; NULL: only @active is set */
static CtlStatus
change (Ctl *ctl, const char *login, gboolean active, const Given *given)
{
  g_autoptr (JsonNode) people = NULL;
  g_autofree char *password = NULL;
  g_autofree char *path = NULL;
  JsonObject *person = NULL;
  CtlStatus status = find_person (ctl, login, &people, &person);
  JsonNode *body;

  if (status != CTL_OK)
    return status;
  if (given != NULL && (password = read_password ()) == NULL)
    return CTL_USAGE;
  path = g_strconcat ("/people/", karez_json_text (person, "id"), NULL);
  body = karez_json_object ("names", "n", copy (person, "names"), "title", "n",
                            copy (person, "title"), "roles", "n", copy (person, "roles"), "active",
                            "b", given != NULL ? karez_json_boolean (person, "active") : active,
                            "password", "s", password, NULL);
  if (given != NULL)
    json_object_set_boolean_member (json_node_get_object (body), "password_final", given->final);
  status = ctl_call (ctl, "PUT", path, body, NULL);
  if (status == CTL_OK && !ctl_json (ctl, NULL))
    g_print (_ ("%s is changed; their sign-ins have ended\n"), login);
  return status;
}

static CtlStatus
forget_browsers (Ctl *ctl, const char *login)
{
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

static CtlStatus
run (Ctl *ctl, int argc, char **argv, const Given *given)
{
  const char *verb = argc > 1 ? argv[1] : "";

  if (argc == 2 && g_str_equal (verb, "list"))
    return list (ctl);
  if (argc != 3)
    return ctl_usage (USAGE, NULL);
  if (g_str_equal (verb, "add"))
    return add (ctl, argv[2], given);
  if (g_str_equal (verb, "set-password"))
    return change (ctl, argv[2], FALSE, given);
  if (g_str_equal (verb, "forget-browsers"))
    return forget_browsers (ctl, argv[2]);
  if (g_str_equal (verb, "disable"))
    return change (ctl, argv[2], FALSE, NULL);
  if (g_str_equal (verb, "enable"))
    return change (ctl, argv[2], TRUE, NULL);
  return ctl_usage (USAGE, NULL);
}

CtlStatus
ctl_users (Ctl *ctl, int argc, char **argv)
{
  Given given = { 0 };
  const GOptionEntry entries[] = {
    { "name", 0, 0, G_OPTION_ARG_STRING, &given.name, NULL, NULL },
    { "name-zh", 0, 0, G_OPTION_ARG_STRING, &given.name_zh, NULL, NULL },
    { "name-ug", 0, 0, G_OPTION_ARG_STRING, &given.name_ug, NULL, NULL },
    { "final", 0, 0, G_OPTION_ARG_NONE, &given.final, NULL, NULL },
    { "role", 0, 0, G_OPTION_ARG_STRING_ARRAY, &given.roles, NULL, NULL },
    { NULL },
  };
  CtlStatus status = CTL_USAGE;

  if (ctl_options (entries, USAGE, &argc, &argv))
    status = run (ctl, argc, argv, &given);
  g_free (given.name);
  g_free (given.name_zh);
  g_free (given.name_ug);
  g_strfreev (given.roles);
  return status;
}
