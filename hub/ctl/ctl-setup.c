/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The first day of a hub: its hospital, and who may let others in. What is there already is left
 * alone, so it can be done again. */
#include "ctl.h"

#include "hub-id.h"
#include "hub-web-directory.h"
#include "hub-web-people.h"

#include <string.h>
#include <unistd.h>

#define MAX_FILE (64 * 1024)

static const struct
{
  const char *group, *key, *question;
  gboolean translated;
} keys[] = {
  { "Hospital", "Name", N_ ("The hospital's name in English"), TRUE },
  { "Hospital", "Level", N_ ("Its level: region, county, township or village"), FALSE },
  { "Hospital", "Region", N_ ("The region that it belongs to, in English; empty: none"), TRUE },
  { "Administrator", "Login", N_ ("The first administrator's login"), FALSE },
  { "Administrator", "Name", N_ ("The first administrator's name in English"), TRUE },
};

static const struct
{
  const char *name, *question;
} languages[] = {
  { "zh_CN", N_ ("  in Chinese; empty: none") },
  { "ug", N_ ("  in Uyghur; empty: none") },
};

static gboolean
is_known (const char *group, const char *key)
{
  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      if (!g_str_equal (keys[i].group, group))
        continue;
      if (g_str_equal (keys[i].key, key))
        return TRUE;
      for (guint k = 0; keys[i].translated && k < G_N_ELEMENTS (languages); k++)
        {
          g_autofree char *name = g_strdup_printf ("%s[%s]", keys[i].key, languages[k].name);

          if (g_str_equal (name, key))
            return TRUE;
        }
    }
  return FALSE;
}

static char *
list_keys (void)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    g_string_append_printf (text, "%s%s.%s%s", i > 0 ? ", " : "", keys[i].group, keys[i].key,
                            keys[i].translated ? " ([zh_CN], [ug])" : "");
  return g_string_free (text, FALSE);
}

/* Nothing in the file is passed over. */
static gboolean
check_keys (GKeyFile *file, GError **error)
{
  g_auto (GStrv) groups = g_key_file_get_groups (file, NULL);

  for (guint i = 0; groups[i] != NULL; i++)
    {
      g_auto (GStrv) names = g_key_file_get_keys (file, groups[i], NULL, NULL);

      for (guint k = 0; names != NULL && names[k] != NULL; k++)
        if (!is_known (groups[i], names[k]))
          {
            g_autofree char *accepted = list_keys ();

            return karez_error_set (error, KAREZ_ERROR_INVALID, "setup/key", accepted,
                                    N_ ("There is no key %s.%s"), groups[i], names[k]);
          }
    }
  return TRUE;
}

static char *
text_of (GKeyFile *file, const char *group, const char *key)
{
  g_autofree char *text = g_key_file_get_string (file, group, key, NULL);

  return text != NULL && *g_strstrip (text) != '\0' ? g_steal_pointer (&text) : NULL;
}

/* What was said before stays when nothing is typed. FALSE when there is no answer, or one that
 * cannot be read. */
static gboolean
ask (GKeyFile *file, const char *group, const char *key, const char *question)
{
  g_autofree char *before = text_of (file, group, key);
  g_autofree char *prompt = before != NULL ? g_strdup_printf ("%s [%s]: ", _ (question), before)
                                           : g_strdup_printf ("%s: ", _ (question));
  g_autofree char *text = ctl_read_line (prompt, FALSE);

  if (text != NULL && *g_strstrip (text) != '\0')
    g_key_file_set_string (file, group, key, text);
  return text != NULL;
}

static gboolean
ask_all (GKeyFile *file)
{
  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      g_autofree char *text = NULL;

      if (!ask (file, keys[i].group, keys[i].key, keys[i].question))
        return FALSE;
      text = text_of (file, keys[i].group, keys[i].key);
      for (guint k = 0; text != NULL && keys[i].translated && k < G_N_ELEMENTS (languages); k++)
        {
          g_autofree char *key = g_strdup_printf ("%s[%s]", keys[i].key, languages[k].name);

          if (!ask (file, keys[i].group, key, languages[k].question))
            return FALSE;
        }
    }
  return TRUE;
}

static JsonNode *
names_of (GKeyFile *file, const char *group, const char *key)
{
  g_autofree char *zh_key = g_strconcat (key, "[zh_CN]", NULL);
  g_autofree char *ug_key = g_strconcat (key, "[ug]", NULL);
  g_autofree char *en = text_of (file, group, key);
  g_autofree char *zh = text_of (file, group, zh_key);
  g_autofree char *ug = text_of (file, group, ug_key);

  return karez_json_object ("en", "s", en, "zh_CN", "s", zh, "ug", "s", ug, NULL);
}

/* What will be sent, in this order; a body is NULL when it is there already, or not wanted. */
typedef struct
{
  JsonNode *region, *hospital, *administrator;
} Setup;

static void
setup_clear (Setup *self)
{
  g_clear_pointer (&self->region, json_node_unref);
  g_clear_pointer (&self->hospital, json_node_unref);
  g_clear_pointer (&self->administrator, json_node_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Setup, setup_clear)

static void
make_bodies (Setup *setup, GKeyFile *file)
{
  static const char *const roles[] = { "administrator", NULL };
  g_autofree char *region = text_of (file, "Hospital", "Region");
  g_autofree char *level = text_of (file, "Hospital", "Level");
  g_autofree char *login = text_of (file, "Administrator", "Login");
  g_autofree char *region_id = hub_id_new ();
  g_autofree char *hospital_id = hub_id_new ();
  g_autofree char *administrator_id = hub_id_new ();

  if (region != NULL)
    setup->region = karez_json_object ("id", "s", region_id, "level", "s", "region", "names", "n",
                                       names_of (file, "Hospital", "Region"), NULL);
  setup->hospital = karez_json_object ("id", "s", hospital_id, "parent", "s",
                                       region != NULL ? region_id : NULL, "level", "s",
                                       level != NULL ? level : "county", "names", "n",
                                       names_of (file, "Hospital", "Name"), "own", "b", TRUE, NULL);
  setup->administrator = karez_json_object (
      "id", "s", administrator_id, "names", "n", names_of (file, "Administrator", "Name"), "login",
      "s", login, "password", "s", "-", "password_final", "b", TRUE, "roles", "as", roles, NULL);
}

/* FALSE after it was told what is wrong. @file: (nullable): where it stands */
static gboolean
check_bodies (const Setup *setup, const char *file)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *where = NULL;
  const char *group = "Hospital";

  if ((setup->region == NULL || hub_web_directory_check_organisation (setup->region, &error))
      && hub_web_directory_check_organisation (setup->hospital, &error))
    {
      group = "Administrator";
      hub_web_people_check (setup->administrator, &error);
    }
  if (error == NULL)
    return TRUE;
  where = file != NULL ? g_strdup_printf ("%s: [%s]", file, group) : g_strdup (group);
  ctl_tell_error (where, error);
  if (karez_error_get_pointer (error) != NULL)
    g_printerr (_ ("  where: %s\n"), karez_error_get_pointer (error));
  return FALSE;
}

static gboolean
is_administrator (JsonObject *person)
{
  JsonNode *roles = json_object_get_member (person, "roles");
  JsonArray *list = roles != NULL && JSON_NODE_HOLDS_ARRAY (roles) ? json_node_get_array (roles)
                                                                   : NULL;

  for (guint i = 0; list != NULL && i < json_array_get_length (list); i++)
    if (g_strcmp0 (json_array_get_string_element (list, i), "administrator") == 0)
      return karez_json_boolean (person, "active");
  return FALSE;
}

/* Whose login it is already must be somebody who may let others in. */
static CtlStatus
check_there (JsonObject *person, const char *login)
{
  g_autoptr (GError) error = NULL;

  if (is_administrator (person))
    return CTL_OK;
  karez_error_set (&error, KAREZ_ERROR_CONFLICT, "setup/login",
                   N_ ("Another login, or that of an administrator who may sign in"),
                   N_ ("“%s” is there already, and no administrator’s that is in use"), login);
  return ctl_tell_error (NULL, error);
}

/* Leaves out what the hub has. */
static CtlStatus
find_missing (Ctl *ctl, Setup *setup)
{
  g_autoptr (JsonNode) hello = NULL;
  g_autoptr (JsonNode) organisations = NULL;
  g_autoptr (JsonNode) people = NULL;
  CtlStatus status;
  const char *login;
  JsonObject *there;

  if ((status = ctl_call (ctl, "GET", "/hello", NULL, &hello)) != CTL_OK
      || (status = ctl_call (ctl, "GET", "/organisations", NULL, &organisations)) != CTL_OK
      || (status = ctl_call (ctl, "GET", "/people", NULL, &people)) != CTL_OK)
    return status;
  if (ctl_find (organisations, "hub", karez_json_text (ctl_object (hello), "hub")) != NULL)
    {
      g_clear_pointer (&setup->region, json_node_unref);
      g_clear_pointer (&setup->hospital, json_node_unref);
    }
  login = karez_json_text (json_node_get_object (setup->administrator), "login");
  there = ctl_find (people, "login", login);
  if (there == NULL)
    return CTL_OK;
  status = check_there (there, login);
  if (status == CTL_OK)
    g_clear_pointer (&setup->administrator, json_node_unref);
  return status;
}

static CtlStatus
send (Ctl *ctl, const char *path, JsonNode *body)
{
  g_autoptr (JsonNode) answer = NULL;

  return body != NULL ? ctl_call (ctl, "POST", path, json_node_copy (body), &answer) : CTL_OK;
}

static CtlStatus
send_all (Ctl *ctl, Setup *setup)
{
  CtlStatus status;

  if (setup->administrator != NULL)
    {
      g_autofree char *password = ctl_read_password ();

      if (password == NULL)
        return CTL_USAGE;
      json_object_set_string_member (json_node_get_object (setup->administrator), "password",
                                     password);
    }
  /* People belong to the hospital. */
  if ((status = send (ctl, "/organisations", setup->region)) != CTL_OK
      || (status = send (ctl, "/organisations", setup->hospital)) != CTL_OK)
    return status;
  return send (ctl, "/people", setup->administrator);
}

static void
tell_done (Ctl *ctl, const Setup *setup)
{
  g_autoptr (JsonNode)
      answer = karez_json_object ("hospital", "b", setup->hospital != NULL, "administrator", "b",
                                  setup->administrator != NULL, NULL);

  if (ctl_json (ctl, answer))
    return;
  g_print ("%s\n", setup->hospital != NULL ? _ ("The hospital is set up")
                                           : _ ("The hospital was set up already"));
  g_print ("%s\n", setup->administrator != NULL
                       ? _ ("The administrator can sign in")
                       : _ ("The administrator's login was there already"));
  g_print (_ ("Next: karezctl users import, karezctl resources import, karezctl pair begin\n"));
}

/* Returns: CTL_OK when @file has what was asked for and answered, or read */
static CtlStatus
read_answers (Ctl *ctl, GKeyFile *file, Setup *setup)
{
  const char *path = ctl_option (ctl, "file");
  g_autoptr (GError) error = NULL;

  if (path != NULL)
    {
      g_autofree char *text = ctl_read_text (path, MAX_FILE, &error);

      if (text == NULL
          || !g_key_file_load_from_data (file, text, strlen (text), G_KEY_FILE_KEEP_TRANSLATIONS,
                                         &error)
          || !check_keys (file, &error))
        return ctl_tell_error (path, error);
      make_bodies (setup, file);
      return check_bodies (setup, path) ? CTL_OK : CTL_REFUSED;
    }
  if (!isatty (STDIN_FILENO))
    return ctl_usage (ctl, _ ("the questions are asked at a terminal; --file FILE answers them"));
  for (guint tries = 0; tries < 5; tries++)
    {
      if (!ask_all (file))
        {
          g_printerr (_ ("\nkarezctl: an answer is one line of UTF-8; nothing was done\n"));
          return CTL_USAGE;
        }
      setup_clear (setup);
      make_bodies (setup, file);
      if (check_bodies (setup, NULL))
        return CTL_OK;
    }
  return CTL_REFUSED;
}

static CtlStatus
setup (Ctl *ctl, char **arguments)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_auto (Setup) wanted = { 0 };
  CtlStatus status = read_answers (ctl, file, &wanted);

  if (status != CTL_OK || (status = find_missing (ctl, &wanted)) != CTL_OK
      || (status = send_all (ctl, &wanted)) != CTL_OK)
    return status;
  tell_done (ctl, &wanted);
  return CTL_OK;
}

static const CtlOption options[] = {
  { "file", "FILE",
    N_ ("The answers: [Hospital] Name, Level, Region, [Administrator] Login, Name") },
  { NULL },
};

const CtlVerb ctl_setup_verbs[] = {
  { "", "",
    N_ ("Sets up the hospital and the first administrator, whose password is read from standard "
        "input; what is there already stays"),
    options, setup },
  { NULL },
};
