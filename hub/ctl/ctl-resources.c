/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* karezctl resources: what can be booked. */
#include "ctl-import.h"
#include "ctl-names.h"

#include "hub-agenda-resources.h"
#include "hub-id.h"

static const CtlOption import_options[] = { CTL_IMPORT_OPTIONS, { NULL } };

static const CtlCsvColumn resource_columns[] = {
  { "kind", TRUE },       { "name", TRUE },    { "name_zh", FALSE },
  { "name_ug", FALSE },   { "detail", FALSE }, { "detail_zh", FALSE },
  { "detail_ug", FALSE }, { "login", FALSE },  { NULL },
};

static CtlStatus
find_resources (Ctl *ctl, JsonNode **answer)
{
  g_autofree char *hub = NULL;
  g_autofree char *path = NULL;
  CtlStatus status = ctl_find_hub (ctl, &hub);

  path = g_strconcat ("/resources?hub=", hub, NULL);
  return status == CTL_OK ? ctl_call (ctl, "GET", path, NULL, answer) : status;
}

static CtlStatus
list_resources (Ctl *ctl, char **arguments)
{
  static const char *const columns[] = { N_ ("NAME"),   "names",  N_ ("KIND"),   "kind",
                                         N_ ("ID"),     "id",     N_ ("ACTIVE"), "active",
                                         N_ ("DETAIL"), "detail", NULL };
  g_autoptr (JsonNode) answer = NULL;
  CtlStatus status = find_resources (ctl, &answer);

  if (status == CTL_OK && !ctl_json (ctl, answer))
    ctl_table (ctl_items (answer), columns);
  return status;
}

/* The id of who has a login; NULL after it was told that nobody has. @people: of GET /people */
static const char *
id_of_login (JsonNode *people, const char *login)
{
  JsonObject *person = ctl_find (people, "login", login);

  if (person == NULL)
    g_printerr (_ ("karezctl: nobody has the login %s; users list shows them\n"), login);
  return person != NULL ? karez_json_text (person, "id") : NULL;
}

static CtlStatus
add_resource (Ctl *ctl, char **arguments)
{
  const char *login = ctl_option (ctl, "login"), *person = NULL;
  g_autofree char *id = hub_id_new ();
  g_autoptr (JsonNode) people = NULL;
  CtlStatus status;

  if (login != NULL)
    {
      status = ctl_call (ctl, "GET", "/people", NULL, &people);
      person = status == CTL_OK ? id_of_login (people, login) : NULL;
      if (person == NULL)
        return status != CTL_OK ? status : CTL_REFUSED;
    }
  return ctl_post_new (
      ctl, "/resources",
      karez_json_object ("id", "s", id, "kind", "s", ctl_option (ctl, "kind"), "names", "n",
                         ctl_given_names (ctl), "detail", "n",
                         karez_json_object ("en", "s", ctl_option (ctl, "detail"), NULL), "person",
                         "s", person, NULL));
}

static JsonNode *
make_resource (CtlCsv *csv, guint row, gpointer data)
{
  JsonNode *const *people = data;
  const char *login = ctl_csv_get (csv, row, "login");
  JsonObject *person = login != NULL ? ctl_find (*people, "login", login) : NULL;
  g_autofree char *id = hub_id_new ();

  return karez_json_object (
      "id", "s", id, "kind", "s", ctl_csv_get (csv, row, "kind"), "names", "n",
      ctl_csv_names (csv, row), "detail", "n",
      karez_json_object ("en", "s", ctl_csv_get (csv, row, "detail"), "zh_CN", "s",
                         ctl_csv_get (csv, row, "detail_zh"), "ug", "s",
                         ctl_csv_get (csv, row, "detail_ug"), NULL),
      /* What is no id is refused by check_resource(), as the login that it is. */
      "person", "s", person != NULL ? karez_json_text (person, "id") : login, NULL);
}

static gboolean
check_resource (JsonNode *body, GError **error)
{
  const char *person = karez_json_text (json_node_get_object (body), "person");
  GError *local = NULL;

  if (person == NULL || g_uuid_string_is_valid (person))
    return hub_agenda_check_resource (body, error);
  karez_error_set (&local, KAREZ_ERROR_INVALID, "resources/login",
                   N_ ("The login of somebody whom “users list” shows"),
                   N_ ("Nobody has the login “%s”"), person);
  karez_error_set_pointer (local, "/login");
  g_propagate_error (error, local);
  return FALSE;
}

static CtlStatus
import_resources (Ctl *ctl, char **arguments)
{
  g_autoptr (GHashTable) known = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (JsonNode) people = NULL;
  g_autoptr (JsonNode) there = NULL;
  const CtlImport how = { resource_columns, "name", "/resources", make_resource,
                          check_resource,   NULL,   &people };
  g_autoptr (CtlCsv) csv = NULL;
  CtlStatus status;

  if ((status = ctl_call (ctl, "GET", "/people", NULL, &people)) != CTL_OK
      || (status = find_resources (ctl, &there)) != CTL_OK)
    return status;
  for (guint i = 0; i < json_array_get_length (ctl_items (there)); i++)
    g_hash_table_add (known, ctl_member (ctl_element (ctl_items (there), i), "names.en"));
  csv = ctl_import_read (&how, arguments[0]);
  return csv != NULL ? ctl_import_run (ctl, &how, csv, known, arguments[0]) : CTL_REFUSED;
}

static CtlStatus
set_active (Ctl *ctl, const char *id, gboolean active)
{
  g_autofree char *escaped = ctl_escape (id);
  g_autofree char *path = g_strconcat ("/resources/", escaped, NULL);
  CtlStatus status = ctl_call (ctl, "PUT", path, karez_json_object ("active", "b", active, NULL),
                               NULL);

  if (status == CTL_OK)
    ctl_json (ctl, NULL);
  return status;
}

static CtlStatus
disable_resource (Ctl *ctl, char **arguments)
{
  return set_active (ctl, arguments[0], FALSE);
}

static CtlStatus
enable_resource (Ctl *ctl, char **arguments)
{
  return set_active (ctl, arguments[0], TRUE);
}

static const CtlOption resource_options[] = {
  { "kind", "KIND", N_ ("person, room, robot, console, glasses or team"), CTL_REQUIRED },
  { "name", "NAME", N_ ("Its name"), CTL_REQUIRED },
  { "name-zh", "NAME", N_ ("In Chinese") },
  { "name-ug", "NAME", N_ ("In Uyghur") },
  { "detail", "TEXT", N_ ("What the desk reads beside it") },
  { "login", "LOGIN", N_ ("Who a person is here") },
  { NULL },
};

const CtlVerb ctl_resources_verbs[] = {
  { "list", "", N_ ("Lists what this hospital has to be booked"), NULL, list_resources },
  { "add", "", N_ ("Adds somebody or something that can be booked"), resource_options,
    add_resource },
  { "import", "FILE",
    N_ ("Adds many, from comma-separated values: kind, name, and if wanted name_zh, name_ug, "
        "detail, detail_zh, detail_ug, login"),
    import_options, import_resources },
  { "disable", "ID", N_ ("Lets it not be booked any more"), NULL, disable_resource },
  { "enable", "ID", N_ ("Lets it be booked again"), NULL, enable_resource },
  { NULL },
};
