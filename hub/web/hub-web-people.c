/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* People and their accounts: made and changed. */
#include "hub-web-people-private.h"

#include "hub-catalogue.h"
#include "hub-id.h"
#include "hub-names.h"
#include "hub-web-directory.h"
#include "hub-web-request.h"

typedef HubWebPeopleJob Job;
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Job, hub_web_people_job_free)

Job *
hub_web_people_job_new (HubWebPeople *self, KarezRequest *request)
{
  Job *job = g_new0 (Job, 1);

  job->self = self;
  job->request = g_object_ref (request);
  return job;
}

void
hub_web_people_job_free (Job *job)
{
  g_clear_object (&job->transaction);
  g_clear_pointer (&job->answer, json_node_unref);
  g_object_unref (job->request);
  g_free (job);
}

static const KarezJsonField names_fields[] = {
  { "en", KAREZ_JSON_NAME, TRUE, 1, 100 },
  { "zh_CN", KAREZ_JSON_NAME, FALSE, 1, 100 },
  { "ug", KAREZ_JSON_NAME, FALSE, 1, 100 },
  { NULL },
};
/* Whoever has a title has it in some language, or in none. */
static const KarezJsonField title_fields[] = {
  { "en", KAREZ_JSON_NAME, FALSE, 1, 100 },
  { "zh_CN", KAREZ_JSON_NAME, FALSE, 1, 100 },
  { "ug", KAREZ_JSON_NAME, FALSE, 1, 100 },
  { NULL },
};
static const KarezJsonField create_fields[] = {
  { "id", KAREZ_JSON_UUID, TRUE },
  { "names", KAREZ_JSON_OBJECT, TRUE },
  { "title", KAREZ_JSON_OBJECT, FALSE },
  { "login", KAREZ_JSON_TEXT, TRUE, 2, 64 },
  { "password", KAREZ_JSON_TEXT, TRUE, 1, HUB_WEB_PASSWORD_READ },
  { "password_final", KAREZ_JSON_BOOLEAN, FALSE },
  { "roles", KAREZ_JSON_ARRAY, TRUE, 1, 7 },
  { NULL },
};
static const KarezJsonField change_fields[] = {
  { "names", KAREZ_JSON_OBJECT, TRUE },
  { "title", KAREZ_JSON_OBJECT, FALSE },
  { "roles", KAREZ_JSON_ARRAY, TRUE, 1, 7 },
  { "active", KAREZ_JSON_BOOLEAN, TRUE },
  { "password", KAREZ_JSON_TEXT, FALSE, 1, HUB_WEB_PASSWORD_READ },
  { "password_final", KAREZ_JSON_BOOLEAN, FALSE },
  { NULL },
};

/* Points into the part of the document that a nested table refused. */
static gboolean
check_part (JsonObject *body, const char *name, const KarezJsonField *fields, GError **error)
{
  GError *local = NULL;
  g_autofree char *pointer = NULL;
  const char *inner;

  if (!json_object_has_member (body, name) || json_object_get_null_member (body, name))
    return TRUE;
  if (karez_json_check (json_object_get_member (body, name), fields, &local) != NULL)
    return TRUE;
  inner = karez_error_get_pointer (local);
  pointer = g_strconcat ("/", name, inner != NULL ? inner : "", NULL);
  karez_error_set_pointer (local, pointer);
  g_propagate_error (error, local);
  return FALSE;
}

static gboolean
check_roles (JsonObject *body, GError **error)
{
  JsonArray *roles = json_object_get_array_member (body, "roles");

  for (guint i = 0; i < json_array_get_length (roles); i++)
    {
      JsonNode *role = json_array_get_element (roles, i);
      g_autofree char *pointer = g_strdup_printf ("/roles/%u", i);
      GError *local;

      if (json_node_get_value_type (role) == G_TYPE_STRING
          && hub_web_policy_is_role (json_node_get_string (role)))
        continue;
      local = karez_error_new (
          KAREZ_ERROR_INVALID, "people/role",
          N_ ("desk, clinician, surgeon, bedside, engineer, administrator or auditor"),
          N_ ("There is no such role"));
      karez_error_set_pointer (local, pointer);
      g_propagate_error (error, local);
      return FALSE;
    }
  return TRUE;
}

/* Who may do this can read the database too; everybody else could go on knowing the password. */
static gboolean
check_final (KarezRequest *request, JsonObject *body, GError **error)
{
  GError *local;

  if (!karez_json_boolean (body, "password_final")
      || karez_actor_get_kind (karez_request_get_actor (request)) == KAREZ_ACTOR_LOCAL)
    return TRUE;
  local = karez_error_new (KAREZ_ERROR_DENIED, "password/final",
                           N_ ("karezctl on the hub's own machine"),
                           N_ ("A password that you set for others must be changed by them"));
  karez_error_set_pointer (local, "/password_final");
  g_propagate_error (error, local);
  return FALSE;
}

static gboolean
check_person (JsonObject *body, GError **error)
{
  return check_part (body, "names", names_fields, error)
         && check_part (body, "title", title_fields, error) && check_roles (body, error);
}

static gboolean
check_login (const char *login, GError **error)
{
  GError *local;

  if (g_regex_match_simple ("^[a-z][a-z0-9._-]{1,63}$", login, G_REGEX_DOLLAR_ENDONLY, 0))
    return TRUE;
  local = karez_error_new (
      KAREZ_ERROR_INVALID, "people/login",
      N_ ("2 to 64 of the letters a to z, digits, '.', '_' and '-', a letter first"),
      N_ ("“%s” cannot be a login"), login);
  karez_error_set_pointer (local, "/login");
  g_propagate_error (error, local);
  return FALSE;
}

static char *
part_text (JsonObject *body, const char *name)
{
  JsonNode *node = json_object_get_member (body, name);

  return node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? karez_json_print (node) : g_strdup ("{}");
}

static JsonNode *
roles_copy (JsonObject *body)
{
  return json_node_copy (json_object_get_member (body, "roles"));
}

static void
on_created (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Job) job = data;
  g_autoptr (GError) error = NULL;
  JsonObject *body = json_node_get_object (karez_request_get_body (job->request));
  g_autofree char *location = NULL;

  if (!karez_transaction_commit_finish (job->transaction, result, &error))
    {
      error = hub_web_directory_explain (error);
      karez_request_fail (job->request, error);
      return;
    }
  location = g_strconcat (HUB_API_PREFIX "/people/", karez_json_text (body, "id"), NULL);
  hub_web_request_set_header (HUB_WEB_REQUEST (job->request), "Location", location);
  karez_request_respond (job->request, 201,
                         karez_json_object ("id", "s", karez_json_text (body, "id"), NULL));
}

static void
create (Job *job, const char *hash)
{
  JsonObject *body = json_node_get_object (karez_request_get_body (job->request));
  const char *id = karez_json_text (body, "id");
  g_auto (GStrv) roles = karez_json_texts (body, "roles");
  g_autofree char *names = part_text (body, "names");
  g_autofree char *title = part_text (body, "title");
  KarezTransaction *transaction = karez_request_begin (job->request, job->self->scope);

  job->transaction = transaction;
  karez_transaction_run_one (transaction, "people/no-organisation",
                             N_ ("The hub's own hospital is not set up yet"), "person_insert",
                             "(ssss)", id, names, title, job->self->hub);
  karez_transaction_event (transaction, "person.create", "karez.person", id, NULL);
  karez_transaction_run (transaction, "account_insert", "(sssb^as)", id,
                         karez_json_text (body, "login"), hash,
                         !karez_json_boolean (body, "password_final"), roles);
  karez_transaction_event (transaction, "account.create", "account", id,
                           karez_json_object ("login", "s", karez_json_text (body, "login"),
                                              "roles", "n", roles_copy (body), NULL));
  karez_transaction_commit_async (transaction, NULL, on_created, job);
}

static void
fail_password (Job *job, GError *error)
{
  karez_error_set_pointer (error, "/password");
  karez_request_fail (job->request, error);
}

/* @login: whose password it will be */
static void
hash_password (Job *job, const char *login, GAsyncReadyCallback callback)
{
  JsonObject *body = json_node_get_object (karez_request_get_body (job->request));
  g_auto (GStrv) words = hub_web_password_words (login, json_object_get_member (body, "names"),
                                                 job->self->hub_names);

  hub_web_passwords_hash_async (
      job->self->passwords, karez_json_text (body, "password"), (const char *const *) words,
      karez_actor_get_id (karez_request_get_actor (job->request)), NULL, callback, job);
}

static void
on_hash_to_create (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Job) job = data;
  g_autoptr (GError) error = NULL;
  g_autofree char *hash = hub_web_passwords_hash_finish (job->self->passwords, result, &error);

  if (hash == NULL)
    fail_password (job, error);
  else
    create (g_steal_pointer (&job), hash);
}

gboolean
hub_web_people_check (JsonNode *body, GError **error)
{
  JsonObject *object = karez_json_check (body, create_fields, error);

  return object != NULL && check_person (object, error)
         && check_login (karez_json_text (object, "login"), error);
}

static void
handle_create (KarezRequest *request, gpointer data)
{
  HubWebPeople *self = data;
  JsonObject *body = karez_request_check_body (request, create_fields);
  g_autoptr (GError) error = NULL;

  if (body == NULL)
    return;
  if (!hub_web_people_check (karez_request_get_body (request), &error)
      || !check_final (request, body, &error))
    karez_request_fail (request, error);
  else
    hash_password (hub_web_people_job_new (self, request), karez_json_text (body, "login"),
                   on_hash_to_create);
}

/* @error: (transfer full). Returns: (transfer full) */
static GError *
explain_change (GError *error)
{
  if (g_strcmp0 (karez_error_get_rule (error), "people/last-administrator") != 0)
    return hub_web_directory_explain (error);
  g_error_free (error);
  return karez_error_new (KAREZ_ERROR_CONFLICT, "people/last-administrator",
                          N_ ("The same change once another account that is in use is an "
                              "administrator’s"),
                          N_ ("Nobody would be left to administer this hospital"));
}

static void
on_changed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Job) job = data;
  g_autoptr (GError) error = NULL;

  if (!karez_transaction_commit_finish (job->transaction, result, &error))
    {
      error = explain_change (error);
      karez_request_fail (job->request, error);
      return;
    }
  hub_web_sign_ins_forget (job->self->sign_ins, karez_request_get_path_part (job->request, "id"),
                           TRUE);
  karez_request_respond (job->request, 204, NULL);
}

/* @hash: (nullable): the password stays */
static void
change (Job *job, const char *hash)
{
  JsonObject *body = json_node_get_object (karez_request_get_body (job->request));
  const char *id = karez_request_get_path_part (job->request, "id");
  gboolean active = karez_json_boolean (body, "active");
  g_auto (GStrv) roles = karez_json_texts (body, "roles");
  g_autofree char *names = part_text (body, "names");
  g_autofree char *title = part_text (body, "title");
  KarezTransaction *transaction = karez_request_begin (job->request, job->self->scope);

  job->transaction = transaction;
  /* What changes the own account may end what it is asked by. */
  if (g_str_equal (karez_actor_get_id (karez_request_get_actor (job->request)), id))
    karez_transaction_set_guard (transaction, NULL, NULL);
  /* Two that take each other's rights away at once go one after the other. */
  karez_transaction_run (transaction, "administrators_lock", "()");
  karez_transaction_run_one (
      transaction, "people/last-administrator",
      N_ ("Nobody would be left to administer this hospital"), "administrator_left", "(sb)", id,
      active && g_strv_contains ((const char *const *) roles, "administrator"));
  karez_transaction_run_one (transaction, "people/not-found", N_ ("There is no such person"),
                             "person_update", "(sssb)", id, names, title, active);
  karez_transaction_event (transaction, "person.change", "karez.person", id, NULL);
  karez_transaction_run_one (transaction, "people/no-account",
                             N_ ("This person has no account here"), "account_update", "(s^asbmsb)",
                             id, roles, active, hash, !karez_json_boolean (body, "password_final"));
  if (!active || hash != NULL)
    karez_transaction_run (transaction, "sign_in_end_all", "(s)", id);
  karez_transaction_event (transaction, "account.change", "account", id,
                           karez_json_object ("roles", "n", roles_copy (body), "active", "b",
                                              active, "password", "b", hash != NULL, NULL));
  karez_transaction_commit_async (transaction, NULL, on_changed, job);
}

static void
on_hash_to_change (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Job) job = data;
  g_autoptr (GError) error = NULL;
  g_autofree char *hash = hub_web_passwords_hash_finish (job->self->passwords, result, &error);

  if (hash == NULL)
    fail_password (job, error);
  else
    change (g_steal_pointer (&job), hash);
}

static void
on_login (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Job) job = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (KarezRows) rows = karez_store_query_finish (KAREZ_STORE (source), result, &error);

  if (rows == NULL)
    karez_request_fail (job->request, error);
  else
    hash_password (g_steal_pointer (&job),
                   karez_rows_get_count (rows) > 0 ? karez_rows_text (rows, 0, "login") : NULL,
                   on_hash_to_change);
}

/* So that the last administrator cannot be locked out by the own hand. */
static gboolean
check_own (KarezRequest *request, JsonObject *body, GError **error)
{
  KarezActor *actor = karez_request_get_actor (request);
  g_auto (GStrv) roles = karez_json_texts (body, "roles");

  if (!g_str_equal (karez_actor_get_id (actor), karez_request_get_path_part (request, "id")))
    return TRUE;
  /* A sign-in alone is not enough for it. */
  if (karez_json_text (body, "password") != NULL)
    return karez_error_set (error, KAREZ_ERROR_CONFLICT, "people/own-password",
                            N_ ("PUT /me/password with the present one"),
                            N_ ("Your own password is changed with the present one"));
  if ((karez_json_boolean (body, "active")
       && g_strv_contains ((const char *const *) roles, "administrator")))
    return TRUE;
  return karez_error_set (error, KAREZ_ERROR_CONFLICT, "people/own-account",
                          N_ ("the same change by another administrator"),
                          N_ ("You cannot take your own account's rights away"));
}

static void
handle_change (KarezRequest *request, gpointer data)
{
  HubWebPeople *self = data;
  JsonObject *body = karez_request_check_body (request, change_fields);
  g_autoptr (GError) error = NULL;
  const char *id = karez_request_get_path_part (request, "id");

  if (body == NULL)
    return;
  if (!hub_id_is_valid (id))
    {
      error = karez_error_new (KAREZ_ERROR_NOT_FOUND, "people/not-found", NULL,
                               N_ ("There is no such person"));
      karez_request_fail (request, error);
      return;
    }
  if (!check_person (body, &error) || !check_final (request, body, &error)
      || !check_own (request, body, &error))
    {
      karez_request_fail (request, error);
      return;
    }
  if (karez_json_text (body, "password") != NULL)
    karez_store_query_async (self->scope, "login_by_id", g_variant_new ("(s)", id), NULL, on_login,
                             hub_web_people_job_new (self, request));
  else
    change (hub_web_people_job_new (self, request), NULL);
}

static void
on_forgotten (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Job) job = data;
  g_autoptr (GError) error = NULL;

  if (karez_transaction_commit_finish (job->transaction, result, &error))
    karez_request_respond (job->request, 204, NULL);
  else
    karez_request_fail (job->request, error);
}

static void
handle_forget_browsers (KarezRequest *request, gpointer data)
{
  HubWebPeople *self = data;
  const char *id = karez_request_get_path_part (request, "id");
  g_autoptr (GError) error = NULL;
  Job *job;

  if (!hub_id_is_valid (id))
    {
      error = karez_error_new (KAREZ_ERROR_NOT_FOUND, "people/not-found", NULL,
                               N_ ("There is no such person"));
      karez_request_fail (request, error);
      return;
    }
  job = hub_web_people_job_new (self, request);
  job->transaction = karez_request_begin (request, self->scope);
  karez_transaction_run_one (job->transaction, "people/no-account",
                             N_ ("This person has no account here"), "account_forget_browsers",
                             "(s)", id);
  karez_transaction_event (job->transaction, "account.forget-browsers", "account", id, NULL);
  karez_transaction_commit_async (job->transaction, NULL, on_forgotten, job);
}

gboolean
hub_web_people_add_routes (HubWebPeople *self, KarezRoutes *routes, GError **error)
{
  return karez_routes_add (routes, "GET", "/organisations", HUB_WEB_SIGNED_IN,
                           hub_web_people_list_organisations, self, NULL, error)
         && karez_routes_add (routes, "GET", "/patients", "patient.read",
                              hub_web_people_list_patients, self, NULL, error)
         && karez_routes_add (routes, "GET", "/people", "people.read", hub_web_people_list_people,
                              self, NULL, error)
         && karez_routes_add (routes, "POST", "/people", "people.write", handle_create, self, NULL,
                              error)
         && karez_routes_add (routes, "PUT", "/people/{id}", "people.write", handle_change, self,
                              NULL, error)
         && karez_routes_add (routes, "DELETE", "/people/{id}/browsers", "people.write",
                              handle_forget_browsers, self, NULL, error);
}

HubWebPeople *
hub_web_people_new (HubStore *store, HubWebSignIns *sign_ins, HubWebPasswords *passwords,
                    HubWebPolicy *policy, const char *hub, JsonNode *hub_names)
{
  HubWebPeople *self = g_new0 (HubWebPeople, 1);

  self->store = g_object_ref (store);
  self->scope = g_object_ref (hub_store_get_scope (store, "web"));
  self->sign_ins = sign_ins;
  self->passwords = passwords;
  self->policy = policy;
  self->hub = g_strdup (hub);
  self->hub_names = json_node_ref (hub_names);
  return self;
}

void
hub_web_people_free (HubWebPeople *self)
{
  g_object_unref (self->scope);
  g_object_unref (self->store);
  g_free (self->hub);
  json_node_unref (self->hub_names);
  g_free (self);
}
