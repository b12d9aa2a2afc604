/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* karezctl patients: people whom sessions are about. */
#include "ctl-import.h"
#include "ctl-names.h"

#include "hub-id.h"
#include "hub-web-directory.h"

#include <string.h>

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
      ctl_csv_names (csv, row), "birth_date", "s", ctl_csv_get (csv, row, "birth_date"), "gender",
      "s", ctl_csv_get (csv, row, "gender"), NULL);
}

static CtlStatus
import_patients (Ctl *ctl, char **arguments)
{
  g_autofree char *hub = NULL;
  const CtlImport how = {
    patient_columns,         "number", "/patients", make_patient, hub_web_directory_check_patient,
    "database/patient_pkey", &hub
  };
  CtlStatus status = ctl_find_hub (ctl, &hub);
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

  return ctl_post_new (ctl, "/patients",
                       karez_json_object ("id", "s", id, "organisation", "s",
                                          ctl_option (ctl, "organisation"), "names", "n",
                                          ctl_given_names (ctl), "birth_date", "s",
                                          ctl_option (ctl, "birth-date"), "gender", "s",
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
