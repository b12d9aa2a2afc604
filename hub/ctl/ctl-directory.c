/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The hospital's places, its patients, and what can be booked there. */
#include "ctl-import.h"
#include "ctl.h"

#include "hub-agenda-resources.h"
#include "hub-id.h"
#include "hub-web-directory.h"

#include <string.h>

static JsonNode *
given_names (Ctl *ctl)
{
  return karez_json_object ("en", "s", ctl_option (ctl, "name"), "zh_CN", "s",
                            ctl_option (ctl, "name-zh"), "ug", "s", ctl_option (ctl, "name-ug"),
                            NULL);
}

static JsonNode *
names_of_row (CtlCsv *csv, guint row)
{
  return karez_json_object ("en", "s", ctl_csv_get (csv, row, "name"), "zh_CN", "s",
                            ctl_csv_get (csv, row, "name_zh"), "ug", "s",
                            ctl_csv_get (csv, row, "name_ug"), NULL);
}

/* Tells a new thing's id. */
static CtlStatus
post (Ctl *ctl, const char *path, JsonNode *body)
{
  static const char *const lines[] = { N_ ("Id"), "id", NULL };
  g_autoptr (JsonNode) answer = NULL;
  CtlStatus status = ctl_call (ctl, "POST", path, body, &answer);

  if (status == CTL_OK && !ctl_json (ctl, answer))
    ctl_lines (ctl_object (answer), lines);
  return status;
}

/* ── organisations ──────────────────────────────────────────────────────────────────────────── */

static CtlStatus
list_organisations (Ctl *ctl, char **arguments)
{
  static const char *const columns[] = { N_ ("NAME"), "names", N_ ("LEVEL"),  "level",
                                         N_ ("ID"),   "id",    N_ ("WITHIN"), "parent",
                                         N_ ("HUB"),  "hub",   NULL };
  g_autoptr (JsonNode) answer = NULL;
  CtlStatus status = ctl_call (ctl, "GET", "/organisations", NULL, &answer);

  if (status == CTL_OK && !ctl_json (ctl, answer))
    ctl_table (ctl_items (answer), columns);
  return status;
}

static CtlStatus
add_organisation (Ctl *ctl, char **arguments)
{
  g_autofree char *id = hub_id_new ();

  return post (ctl, "/organisations",
               karez_json_object ("id", "s", id, "parent", "s", ctl_option (ctl, "parent"), "level",
                                  "s", ctl_option (ctl, "level"), "names", "n", given_names (ctl),
                                  NULL));
}

static const CtlOption organisation_options[] = {
  { "name", "NAME", N_ ("Its name"), CTL_REQUIRED },
  { "name-zh", "NAME", N_ ("In Chinese") },
  { "name-ug", "NAME", N_ ("In Uyghur") },
  { "level", "LEVEL", N_ ("region, county, township or village"), CTL_REQUIRED },
  { "parent", "ID", N_ ("The organisation that it belongs to") },
  { NULL },
};

const CtlVerb ctl_organisations_verbs[] = {
  { "list", "", N_ ("Lists the hospital, and the places that belong to it"), NULL,
    list_organisations },
  { "add", "", N_ ("Adds a health centre, a clinic or a region; setup adds the hospital"),
    organisation_options, add_organisation },
  { NULL },
};

/* ── patients ───────────────────────────────────────────────────────────────────────────────── */

static const CtlCsvColumn patient_columns[] = {
  { "number", TRUE },      { "name", TRUE },    { "name_zh", FALSE },      { "name_ug", FALSE },
  { "birth_date", FALSE }, { "gender", FALSE }, { "organisation", FALSE }, { NULL },
};

/* A UUID of version 5 (RFC 9562, 5.5): the same number is the same patient when a file is read
 * again. @namespace: a UUID */
static char *
id_of_number (const char *namespace, const char *number)
{
  g_autoptr (GChecksum) sha1 = g_checksum_new (G_CHECKSUM_SHA1);
  g_auto (GStrv) groups = g_strsplit (namespace, "-", -1);
  g_autofree char *digits = g_strjoinv ("", groups);
  g_autofree char *first = NULL;
  guint8 digest[20], space[16] = { 0 };
  gsize size = sizeof digest;

  for (guint i = 0; i < sizeof space && strlen (digits) == 2 * sizeof space; i++)
    space[i] = (guint8) (g_ascii_xdigit_value (digits[2 * i]) << 4
                         | g_ascii_xdigit_value (digits[2 * i + 1]));
  g_checksum_update (sha1, space, sizeof space);
  g_checksum_update (sha1, (const guchar *) number, -1);
  g_checksum_get_digest (sha1, digest, &size);
  digest[6] = (guint8) ((digest[6] & 0x0f) | 0x50);
  digest[8] = (guint8) ((digest[8] & 0x3f) | 0x80);
  first = g_strdup_printf ("%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x", digest[0], digest[1],
                           digest[2], digest[3], digest[4], digest[5], digest[6], digest[7],
                           digest[8], digest[9]);
  return g_strdup_printf ("%s-%02x%02x%02x%02x%02x%02x", first, digest[10], digest[11], digest[12],
                          digest[13], digest[14], digest[15]);
}

static JsonNode *
make_patient (CtlCsv *csv, guint row, gpointer data)
{
  const char *const *hub = data;
  g_autofree char *id = id_of_number (*hub, ctl_csv_get (csv, row, "number"));

  return karez_json_object (
      "id", "s", id, "organisation", "s", ctl_csv_get (csv, row, "organisation"), "names", "n",
      names_of_row (csv, row), "birth_date", "s", ctl_csv_get (csv, row, "birth_date"), "gender",
      "s", ctl_csv_get (csv, row, "gender"), NULL);
}

/* This hub's id. */
static CtlStatus
find_hub (Ctl *ctl, char **hub)
{
  g_autoptr (JsonNode) hello = NULL;
  CtlStatus status = ctl_call (ctl, "GET", "/hello", NULL, &hello);

  if (status == CTL_OK)
    *hub = g_strdup (karez_json_text (ctl_object (hello), "hub"));
  return status;
}

static CtlStatus
import_patients (Ctl *ctl, char **arguments)
{
  g_autofree char *hub = NULL;
  const CtlImport how = {
    patient_columns,         "number", "/patients", make_patient, hub_web_directory_check_patient,
    "database/patient_pkey", &hub
  };
  CtlStatus status = find_hub (ctl, &hub);
  g_autoptr (CtlCsv) csv = NULL;

  if (status != CTL_OK)
    return status;
  csv = hub != NULL ? ctl_import_read (&how, arguments[0]) : NULL;
  return csv != NULL ? ctl_import_run (ctl, &how, csv, NULL, arguments[0]) : CTL_REFUSED;
}

static CtlStatus
add_patient (Ctl *ctl, char **arguments)
{
  g_autofree char *id = hub_id_new ();

  return post (ctl, "/patients",
               karez_json_object ("id", "s", id, "organisation", "s",
                                  ctl_option (ctl, "organisation"), "names", "n", given_names (ctl),
                                  "birth_date", "s", ctl_option (ctl, "birth-date"), "gender", "s",
                                  ctl_option (ctl, "gender"), NULL));
}

static const CtlOption patient_options[] = {
  { "name", "NAME", N_ ("Their name"), CTL_REQUIRED },
  { "name-zh", "NAME", N_ ("In Chinese") },
  { "name-ug", "NAME", N_ ("In Uyghur") },
  { "birth-date", "DATE", N_ ("As 1961-04-30") },
  { "gender", "GENDER", N_ ("male, female, other or unknown") },
  { "organisation", "ID", N_ ("Where they are a patient; else at the hospital") },
  { NULL },
};

static const CtlOption import_options[] = { CTL_IMPORT_OPTIONS, { NULL } };

const CtlVerb ctl_patients_verbs[] = {
  { "add", "", N_ ("Adds a patient"), patient_options, add_patient },
  { "import", "FILE",
    N_ ("Adds many, from comma-separated values: number (the hospital's own of the patient), name, "
        "and if wanted name_zh, name_ug, birth_date, gender, organisation"),
    import_options, import_patients },
  { NULL },
};

/* ── resources ──────────────────────────────────────────────────────────────────────────────── */

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
  CtlStatus status = find_hub (ctl, &hub);

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
  return post (ctl, "/resources",
               karez_json_object ("id", "s", id, "kind", "s", ctl_option (ctl, "kind"), "names",
                                  "n", given_names (ctl), "detail", "n",
                                  karez_json_object ("en", "s", ctl_option (ctl, "detail"), NULL),
                                  "person", "s", person, NULL));
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
      names_of_row (csv, row), "detail", "n",
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
