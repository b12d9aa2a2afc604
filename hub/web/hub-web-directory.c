/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Organisations and patients that an administrator adds. */
#include "hub-web-directory.h"

#include "hub-catalogue.h"

typedef struct
{
  HubStore *store;
  char *hub;
} Directory;

typedef struct
{
  KarezRequest *request;
  KarezTransaction *transaction;
} Addition;

static void
directory_free (gpointer data)
{
  Directory *self = data;

  g_free (self->hub);
  g_free (self);
}

static const KarezJsonField names_fields[] = {
  { "en", KAREZ_JSON_NAME, TRUE, 1, 200 },
  { "zh_CN", KAREZ_JSON_NAME, FALSE, 1, 200 },
  { "ug", KAREZ_JSON_NAME, FALSE, 1, 200 },
  { NULL },
};

static const KarezJsonField organisation_fields[] = {
  { "id", KAREZ_JSON_UUID, TRUE },
  { "parent", KAREZ_JSON_UUID, FALSE },
  { "level", KAREZ_JSON_ENUM, TRUE, 0, 0, "region|county|township|village" },
  { "names", KAREZ_JSON_OBJECT, TRUE },
  { "own", KAREZ_JSON_BOOLEAN, FALSE },
  { NULL },
};

static const KarezJsonField patient_fields[] = {
  { "id", KAREZ_JSON_UUID, TRUE },
  { "organisation", KAREZ_JSON_UUID, FALSE },
  { "names", KAREZ_JSON_OBJECT, TRUE },
  { "birth_date", KAREZ_JSON_TEXT, FALSE, 1, 40 },
  { "gender", KAREZ_JSON_ENUM, FALSE, 0, 0, "male|female|other|unknown" },
  { NULL },
};

GError *
hub_web_directory_explain (GError *error)
{
  static const struct
  {
    const char *constraint, *rule, *pointer, *accepted, *message;
  } known[] = {
    { "database/account_login_key", "people/login-taken", "/login", N_ ("Another login"),
      N_ ("Somebody has this login already") },
    { "database/person_pkey", "people/exists", "/id", N_ ("A new id"),
      N_ ("There is a person of this id already") },
    { "database/account_pkey", "people/exists", "/id", N_ ("A new id"),
      N_ ("There is a person of this id already") },
    { "database/organisation_pkey", "directory/exists", "/id", N_ ("A new id"),
      N_ ("There is a hospital of this id already") },
    { "database/organisation_parent_fkey", "directory/parent", "/parent",
      N_ ("A hospital that is in the list"), N_ ("There is no such hospital") },
    { "database/patient_pkey", "directory/exists", "/id", N_ ("A new id"),
      N_ ("There is a patient of this id already") },
  };
  const char *rule = karez_error_get_rule (error);

  for (guint i = 0; i < G_N_ELEMENTS (known); i++)
    if (g_strcmp0 (rule, known[i].constraint) == 0)
      {
        g_clear_error (&error);
        error = karez_error_new_parts (KAREZ_ERROR_CONFLICT, known[i].rule, known[i].accepted,
                                       known[i].message, NULL);
        karez_error_set_pointer (error, known[i].pointer);
        return error;
      }
  return error;
}

static void
on_added (GObject *source, GAsyncResult *result, gpointer data)
{
  Addition *addition = data;
  g_autoptr (GError) error = NULL;
  JsonObject *body = json_node_get_object (karez_request_get_body (addition->request));

  if (!karez_transaction_commit_finish (addition->transaction, result, &error))
    {
      error = hub_web_directory_explain (error);
      karez_request_fail (addition->request, error);
    }
  else if (karez_transaction_is_repeated (addition->transaction))
    karez_request_respond (addition->request, 200, karez_json_object ("repeated", "b", TRUE, NULL));
  else
    karez_request_respond (addition->request, 201,
                           karez_json_object ("id", "s", karez_json_text (body, "id"), NULL));
  g_object_unref (addition->request);
  g_object_unref (addition->transaction);
  g_free (addition);
}

static JsonObject *
check (JsonNode *body, const KarezJsonField *fields, GError **error)
{
  JsonObject *object = karez_json_check (body, fields, error);
  GError *local = NULL;
  g_autofree char *pointer = NULL;

  if (object == NULL
      || karez_json_check (json_object_get_member (object, "names"), names_fields, &local) != NULL)
    return object;
  pointer = g_strconcat ("/names", karez_error_get_pointer (local), NULL);
  karez_error_set_pointer (local, pointer);
  g_propagate_error (error, local);
  return NULL;
}

gboolean
hub_web_directory_check_organisation (JsonNode *body, GError **error)
{
  return check (body, organisation_fields, error) != NULL;
}

static gboolean
is_date (const char *text)
{
  g_autoptr (GTimeZone) utc = g_time_zone_new_utc ();
  g_autofree char *midnight = g_strconcat (text, "T00:00:00Z", NULL);
  g_autoptr (GDateTime) date = g_date_time_new_from_iso8601 (midnight, utc);

  return strlen (text) == 10 && date != NULL && g_date_time_get_year (date) >= 1850
         && text[4] == '-' && text[7] == '-';
}

gboolean
hub_web_directory_check_patient (JsonNode *body, GError **error)
{
  JsonObject *object = check (body, patient_fields, error);
  const char *birth_date = object != NULL ? karez_json_text (object, "birth_date") : NULL;
  GError *local;

  if (object == NULL || birth_date == NULL || is_date (birth_date))
    return object != NULL;
  local = karez_error_new (KAREZ_ERROR_INVALID, "directory/date", N_ ("A date, like 1961-04-30"),
                           N_ ("The birth date cannot be read"));
  karez_error_set_pointer (local, "/birth_date");
  g_propagate_error (error, local);
  return FALSE;
}

/* Returns: (transfer none) (nullable): the body; NULL after the request was answered */
static JsonObject *
take_body (KarezRequest *request, const KarezJsonField *fields,
           gboolean (*check_body) (JsonNode *body, GError **error))
{
  JsonObject *body = karez_request_check_body (request, fields);
  g_autoptr (GError) error = NULL;

  if (body == NULL || check_body (karez_request_get_body (request), &error))
    return body;
  karez_request_fail (request, error);
  return NULL;
}

static Addition *
addition_new (Directory *self, KarezRequest *request)
{
  Addition *addition = g_new0 (Addition, 1);

  addition->request = g_object_ref (request);
  addition->transaction = karez_request_begin (request, hub_store_get_scope (self->store, "web"));
  return addition;
}

static void
add_organisation (KarezRequest *request, gpointer data)
{
  Directory *self = data;
  JsonObject *body = take_body (request, organisation_fields, hub_web_directory_check_organisation);
  g_autofree char *names = NULL;
  Addition *addition;

  if (body == NULL)
    return;
  addition = addition_new (self, request);
  names = karez_json_print (json_object_get_member (body, "names"));
  karez_transaction_run_one (addition->transaction, "directory/own",
                             N_ ("The hub's own hospital is set up already"), "organisation_insert",
                             "(smsssms)", karez_json_text (body, "id"),
                             karez_json_text (body, "parent"), karez_json_text (body, "level"),
                             names, karez_json_boolean (body, "own") ? self->hub : NULL);
  karez_transaction_event (addition->transaction, "organisation.create", "karez.organisation",
                           karez_json_text (body, "id"),
                           karez_json_object ("level", "s", karez_json_text (body, "level"), NULL));
  karez_transaction_commit_async (addition->transaction, NULL, on_added, addition);
}

static void
add_patient (KarezRequest *request, gpointer data)
{
  Directory *self = data;
  JsonObject *body = take_body (request, patient_fields, hub_web_directory_check_patient);
  const char *birth_date = body != NULL ? karez_json_text (body, "birth_date") : NULL;
  g_autofree char *names = NULL;
  Addition *addition;

  if (body == NULL)
    return;
  addition = addition_new (self, request);
  names = karez_json_print (json_object_get_member (body, "names"));
  karez_transaction_run_one (addition->transaction, "directory/organisation",
                             N_ ("There is no such hospital"), "patient_insert", "(smssmsmss)",
                             karez_json_text (body, "id"), karez_json_text (body, "organisation"),
                             names, birth_date, karez_json_text (body, "gender"), self->hub);
  karez_transaction_about (addition->transaction, NULL, karez_json_text (body, "id"));
  karez_transaction_event (addition->transaction, "patient.create", "karez.patient",
                           karez_json_text (body, "id"), NULL);
  karez_transaction_commit_async (addition->transaction, NULL, on_added, addition);
}

gboolean
hub_web_directory_add_routes (HubStore *store, const char *hub, KarezRoutes *routes, GError **error)
{
  static const struct
  {
    const char *method, *path, *permission;
    KarezRouteFunc func;
  } table[] = {
    { "POST", "/organisations", "people.write", add_organisation },
    { "POST", "/patients", "people.write", add_patient },
  };

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    {
      Directory *self = g_new0 (Directory, 1);

      self->store = store;
      self->hub = g_strdup (hub);
      if (!karez_routes_add (routes, table[i].method, table[i].path, table[i].permission,
                             table[i].func, self, directory_free, error))
        return FALSE;
    }
  return TRUE;
}
