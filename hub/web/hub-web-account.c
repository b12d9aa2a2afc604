/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Signing in and out, and one's own account. */
#include "hub-web-account.h"

#include "hub-catalogue.h"
#include "hub-clock.h"
#include "hub-id.h"

#include <string.h>

struct _HubWebAccount
{
  KarezStore *scope;
  HubWebSignIns *sign_ins;
  HubWebPasswords *passwords;
  HubWebBrowsers *browsers;
  HubWebVerifier *verifier;
  HubWebPolicy *policy;
  char *hub;
  JsonNode *names;
};

static JsonNode *
roles_node (const char *const *roles)
{
  g_autoptr (JsonArray) array = json_array_new ();
  JsonNode *node = json_node_new (JSON_NODE_ARRAY);

  for (; roles != NULL && *roles != NULL; roles++)
    json_array_add_string_element (array, *roles);
  json_node_set_array (node, array);
  return node;
}

static JsonNode *
copy_or_null (JsonNode *node)
{
  return node != NULL ? json_node_copy (node) : NULL;
}

/* @sign_in: (nullable): karezctl */
static JsonNode *
me (HubWebAccount *self, KarezActor *actor, HubWebSignIn *sign_in)
{
  g_auto (GStrv) permissions = hub_web_policy_list (self->policy, actor);

  return karez_json_object (
      "id", "s", karez_actor_get_id (actor), "login", "s", sign_in != NULL ? sign_in->login : NULL,
      "names", "n",
      sign_in != NULL ? copy_or_null (sign_in->names)
                      : karez_json_object ("en", "s", karez_actor_get_name (actor), NULL),
      "title", "n", sign_in != NULL ? copy_or_null (sign_in->title) : NULL, "roles", "n",
      roles_node (sign_in != NULL ? (const char *const *) sign_in->roles
                                  : karez_actor_get_roles (actor)),
      "hub", "s", self->hub, "hub_names", "n", json_node_copy (self->names), "csrf", "s",
      sign_in != NULL ? sign_in->csrf : NULL, "permissions", "as", permissions,
      "new_password_needed", "b", sign_in != NULL && sign_in->new_password_needed, "language", "s",
      sign_in != NULL ? sign_in->language : NULL, NULL);
}

/* A request to sign in. */
typedef struct
{
  HubWebAccount *self;
  HubWebRequest *request;
  KarezRows *account;
  KarezTransaction *transaction;
  char *token;
} Entry;

static void
entry_free (Entry *entry)
{
  g_free (entry->token);
  g_clear_pointer (&entry->account, karez_rows_unref);
  g_clear_object (&entry->transaction);
  g_object_unref (entry->request);
  g_free (entry);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Entry, entry_free)

/* By which this browser is known to be the person's. @account: a row with its key */
static void
give_browser (HubWebAccount *self, HubWebRequest *request, KarezRows *account)
{
  g_autoptr (GBytes) key = karez_rows_bytes (account, 0, "browser_key");
  g_autofree char *cookie = hub_web_browsers_write (
      self->browsers, hub_web_request_get_headers (request), key, hub_clock_now ());

  hub_web_request_add_header (request, "Set-Cookie", cookie);
}

static void
on_found_again (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Entry) entry = data;
  HubWebAccount *self = entry->self;
  g_autoptr (GError) error = NULL;
  g_autoptr (HubWebSignIn) sign_in = hub_web_sign_ins_find_finish (self->sign_ins, result, &error);
  g_autoptr (KarezActor) actor = NULL;
  g_autofree char *cookie = NULL;

  if (sign_in == NULL)
    {
      karez_request_fail (KAREZ_REQUEST (entry->request), error);
      return;
    }
  actor = hub_web_sign_in_make_actor (sign_in, hub_web_request_get_address (entry->request));
  cookie = hub_web_sign_ins_write_cookie (self->sign_ins, entry->token);
  hub_web_request_add_header (entry->request, "Set-Cookie", cookie);
  give_browser (self, entry->request, entry->account);
  karez_request_respond (KAREZ_REQUEST (entry->request), 200, me (self, actor, sign_in));
}

static void
forget_sign_ins (HubWebAccount *self, HubWebRequest *request)
{
  GPtrArray *ended = hub_web_request_get_sign_ins (request);

  for (guint i = 0; ended != NULL && i < ended->len; i++)
    hub_web_sign_ins_forget (self->sign_ins, ((HubWebSignIn *) ended->pdata[i])->account, TRUE);
}

static void
on_signed_in (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Entry) entry = data;
  HubWebAccount *self = entry->self;
  g_autoptr (GError) error = NULL;

  if (!karez_transaction_commit_finish (entry->transaction, result, &error))
    {
      karez_request_fail (KAREZ_REQUEST (entry->request), error);
      return;
    }
  forget_sign_ins (self, entry->request);
  hub_web_sign_ins_find_async (self->sign_ins, entry->token, NULL, on_found_again, entry);
  g_steal_pointer (&entry);
}

/* Ends all sign-ins that the browser brought. @over: another takes their place */
static void
end_sign_ins (KarezTransaction *transaction, HubWebRequest *request, gboolean over)
{
  GPtrArray *ended = hub_web_request_get_sign_ins (request);

  for (guint i = 0; ended != NULL && i < ended->len; i++)
    {
      HubWebSignIn *sign_in = ended->pdata[i];

      karez_transaction_run (transaction, "sign_in_end", "(s)", sign_in->id);
      karez_transaction_event (
          transaction, "account.sign-out", "account", sign_in->account,
          karez_json_object ("sign_in", "s", sign_in->id, "over", "b", over, NULL));
    }
}

static void
on_checked (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Entry) entry = data;
  HubWebAccount *self = entry->self;
  g_autofree char *id = hub_id_new ();
  g_autoptr (GBytes) hash = NULL;
  g_autoptr (KarezActor) actor = NULL;
  g_autoptr (GError) error = NULL;
  const char *account;

  entry->account = hub_web_verifier_check_finish (self->verifier, result, &error);
  if (entry->account == NULL)
    {
      karez_request_fail (KAREZ_REQUEST (entry->request), error);
      return;
    }
  actor = hub_web_verifier_make_actor (entry->account, entry->request);
  account = karez_rows_text (entry->account, 0, "id");
  entry->token = hub_web_sign_ins_make_token (&hash);
  entry->transaction = karez_store_begin (self->scope, actor);
  end_sign_ins (entry->transaction, entry->request, TRUE);
  karez_transaction_run_one (entry->transaction, "sign-in/account",
                             N_ ("The account was changed at this moment"), "sign_in_insert",
                             "(s@ayss)", id,
                             g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, hash, TRUE),
                             account, karez_rows_text (entry->account, 0, "password"));
  karez_transaction_run (entry->transaction, "sign_in_forget", "(s)", account);
  karez_transaction_event (entry->transaction, "account.sign-in", "account", account,
                           karez_json_object ("sign_in", "s", id, NULL));
  karez_transaction_commit_async (entry->transaction, NULL, on_signed_in, entry);
  g_steal_pointer (&entry);
}

static GError *
no_account (void)
{
  return karez_error_new (KAREZ_ERROR_CONFLICT, "sign-in/local", N_ ("a signed-in person"),
                          N_ ("The local socket has no account"));
}

static void
on_confirmed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  HubWebAccount *self = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (KarezRows) account = hub_web_verifier_check_finish (self->verifier, result, &error);

  if (account != NULL)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

void
hub_web_account_confirm (HubWebRequest *request, const char *password, GTask *task, gpointer data)
{
  HubWebAccount *self = data;
  HubWebSignIn *sign_in = hub_web_request_get_sign_in (request);

  if (sign_in == NULL)
    {
      g_task_return_error (task, no_account ());
      g_object_unref (task);
      return;
    }
  g_task_set_task_data (task, self, NULL);
  hub_web_verifier_check_async (self->verifier, request, sign_in->login, sign_in, password,
                                on_confirmed, task);
}

static const KarezJsonField sign_in_fields[] = {
  { "login", KAREZ_JSON_TEXT, TRUE, 1, 64 },
  { "password", KAREZ_JSON_TEXT, TRUE, 1, HUB_WEB_PASSWORD_MAX },
  { NULL },
};

static void
handle_sign_in (KarezRequest *request, gpointer data)
{
  HubWebAccount *self = data;
  JsonObject *body = karez_request_check_body (request, sign_in_fields);
  g_autofree char *login = NULL;
  Entry *entry;

  if (body == NULL)
    return;
  login = g_ascii_strdown (karez_json_text (body, "login"), -1);
  entry = g_new0 (Entry, 1);
  entry->self = self;
  entry->request = HUB_WEB_REQUEST (g_object_ref (request));
  hub_web_verifier_check_async (self->verifier, entry->request, login, NULL,
                                karez_json_text (body, "password"), on_checked, entry);
}

/* A writing request of a person who is signed in. */
typedef struct
{
  HubWebAccount *self;
  KarezRequest *request;
  KarezTransaction *transaction;
  KarezRows *account; /* of a new password */
} Change;

static void
change_free (Change *change)
{
  g_clear_pointer (&change->account, karez_rows_unref);
  g_clear_object (&change->transaction);
  g_object_unref (change->request);
  g_free (change);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Change, change_free)

static Change *
change_new (HubWebAccount *self, KarezRequest *request)
{
  Change *change = g_new0 (Change, 1);

  change->self = self;
  change->request = g_object_ref (request);
  return change;
}

/* The sign-in of a request, or NULL with an answer given: karezctl has none. */
static HubWebSignIn *
need_sign_in (KarezRequest *request)
{
  HubWebSignIn *sign_in = hub_web_request_get_sign_in (HUB_WEB_REQUEST (request));
  g_autoptr (GError) error = NULL;

  if (sign_in != NULL)
    return sign_in;
  error = no_account ();
  karez_request_fail (request, error);
  return NULL;
}

static void
on_signed_out (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Change) change = data;
  g_autoptr (GError) error = NULL;
  HubWebRequest *request = HUB_WEB_REQUEST (change->request);
  g_autofree char *cookie = NULL;

  if (!karez_transaction_commit_finish (change->transaction, result, &error))
    {
      karez_request_fail (change->request, error);
      return;
    }
  forget_sign_ins (change->self, request);
  cookie = hub_web_sign_ins_write_cookie (change->self->sign_ins, NULL);
  hub_web_request_set_header (request, "Set-Cookie", cookie);
  karez_request_respond (change->request, 204, NULL);
}

static void
handle_sign_out (KarezRequest *request, gpointer data)
{
  HubWebSignIn *sign_in = need_sign_in (request);
  Change *change;

  if (sign_in == NULL)
    return;
  change = change_new (data, request);
  change->transaction = karez_request_begin (request, change->self->scope);
  /* It ends itself. */
  karez_transaction_set_guard (change->transaction, NULL, NULL);
  end_sign_ins (change->transaction, HUB_WEB_REQUEST (request), FALSE);
  karez_transaction_commit_async (change->transaction, NULL, on_signed_out, change);
}

static void
handle_me (KarezRequest *request, gpointer data)
{
  karez_request_respond (request, 200,
                         me (data, karez_request_get_actor (request),
                             hub_web_request_get_sign_in (HUB_WEB_REQUEST (request))));
}

static void
on_language (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Change) change = data;
  g_autoptr (GError) error = NULL;

  if (!karez_transaction_commit_finish (change->transaction, result, &error))
    {
      karez_request_fail (change->request, error);
      return;
    }
  hub_web_sign_ins_forget (change->self->sign_ins,
                           hub_web_request_get_sign_in (HUB_WEB_REQUEST (change->request))->account,
                           FALSE);
  karez_request_respond (change->request, 204, NULL);
}

static const KarezJsonField language_fields[] = {
  { "language", KAREZ_JSON_ENUM, TRUE, 0, 0, "en|zh_CN|ug" },
  { NULL },
};

static void
handle_language (KarezRequest *request, gpointer data)
{
  JsonObject *body = karez_request_check_body (request, language_fields);
  HubWebSignIn *sign_in = body != NULL ? need_sign_in (request) : NULL;
  const char *language;
  Change *change;

  if (sign_in == NULL)
    return;
  language = karez_json_text (body, "language");
  change = change_new (data, request);
  change->transaction = karez_request_begin (request, change->self->scope);
  karez_transaction_run_one (change->transaction, "people/not-found",
                             N_ ("The account is not there any more"), "account_set_language",
                             "(ss)", sign_in->account, language);
  karez_transaction_event (change->transaction, "account.language", "account", sign_in->account,
                           karez_json_object ("language", "s", language, NULL));
  karez_transaction_commit_async (change->transaction, NULL, on_language, change);
}

static void
on_password_set (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Change) change = data;
  HubWebRequest *request = HUB_WEB_REQUEST (change->request);
  g_autoptr (GError) error = NULL;
  KarezRows *account;

  if (!karez_transaction_commit_finish (change->transaction, result, &error))
    {
      karez_request_fail (change->request, error);
      return;
    }
  hub_web_sign_ins_forget (change->self->sign_ins, hub_web_request_get_sign_in (request)->account,
                           TRUE);
  account = karez_transaction_get_rows (change->transaction, 0);
  if (account != NULL && karez_rows_get_count (account) > 0)
    give_browser (change->self, request, account);
  karez_request_respond (change->request, 204, NULL);
}

static void
on_new_hash (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Change) change = data;
  HubWebAccount *self = change->self;
  HubWebSignIn *sign_in = hub_web_request_get_sign_in (HUB_WEB_REQUEST (change->request));
  g_autoptr (GError) error = NULL;
  g_autofree char *hash = hub_web_passwords_hash_finish (self->passwords, result, &error);

  if (hash == NULL)
    {
      karez_error_set_pointer (error, "/new_password");
      karez_request_fail (change->request, error);
      return;
    }
  change->transaction = karez_request_begin (change->request, self->scope);
  karez_transaction_run_one (change->transaction, "sign-in/account",
                             N_ ("The account was changed at this moment"), "account_set_password",
                             "(ssss)", sign_in->account, hash,
                             karez_rows_text (change->account, 0, "password"), sign_in->id);
  karez_transaction_run (change->transaction, "sign_in_end_others", "(ss)", sign_in->account,
                         sign_in->id);
  karez_transaction_event (change->transaction, "account.password", "account", sign_in->account,
                           NULL);
  karez_transaction_commit_async (change->transaction, NULL, on_password_set, change);
  g_steal_pointer (&change);
}

static void
on_old_checked (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Change) change = data;
  HubWebAccount *self = change->self;
  HubWebSignIn *sign_in = hub_web_request_get_sign_in (HUB_WEB_REQUEST (change->request));
  JsonObject *body = json_node_get_object (karez_request_get_body (change->request));
  const char *password = karez_json_text (body, "new_password");
  g_auto (GStrv) words = NULL;
  g_autoptr (GError) error = NULL;

  change->account = hub_web_verifier_check_finish (self->verifier, result, &error);
  if (change->account == NULL)
    {
      karez_request_fail (change->request, error);
      return;
    }
  words = hub_web_password_words (sign_in->login, sign_in->names, self->names);
  hub_web_passwords_hash_async (self->passwords, password, (const char *const *) words,
                                sign_in->account, NULL, on_new_hash, change);
  g_steal_pointer (&change);
}

static const KarezJsonField password_fields[] = {
  { "password", KAREZ_JSON_TEXT, TRUE, 1, HUB_WEB_PASSWORD_MAX },
  { "new_password", KAREZ_JSON_TEXT, TRUE, 1, HUB_WEB_PASSWORD_READ },
  { NULL },
};

static gboolean
is_same (const char *password, const char *other)
{
  g_autofree char *normal = hub_web_password_normalise (password);
  g_autofree char *other_normal = hub_web_password_normalise (other);

  return g_str_equal (normal, other_normal);
}

static void
handle_password (KarezRequest *request, gpointer data)
{
  HubWebAccount *self = data;
  JsonObject *body = karez_request_check_body (request, password_fields);
  HubWebSignIn *sign_in = body != NULL ? need_sign_in (request) : NULL;
  g_autoptr (GError) error = NULL;

  if (sign_in == NULL)
    return;
  if (is_same (karez_json_text (body, "password"), karez_json_text (body, "new_password")))
    {
      error = karez_error_new (KAREZ_ERROR_INVALID, "password/same", N_ ("another password"),
                               N_ ("The new password is the present one"));
      karez_error_set_pointer (error, "/new_password");
      karez_request_fail (request, error);
      return;
    }
  hub_web_verifier_check_async (self->verifier, HUB_WEB_REQUEST (request), sign_in->login, sign_in,
                                karez_json_text (body, "password"), on_old_checked,
                                change_new (self, request));
}

gboolean
hub_web_account_add_routes (HubWebAccount *self, KarezRoutes *routes, GError **error)
{
  return karez_routes_add (routes, "POST", "/sign-in", HUB_WEB_ANYONE, handle_sign_in, self, NULL,
                           error)
         && karez_routes_add (routes, "POST", "/sign-out", HUB_WEB_OWN_ACCOUNT, handle_sign_out,
                              self, NULL, error)
         && karez_routes_add (routes, "GET", "/me", HUB_WEB_OWN_ACCOUNT, handle_me, self, NULL,
                              error)
         && karez_routes_add (routes, "PUT", "/me/language", HUB_WEB_SIGNED_IN, handle_language,
                              self, NULL, error)
         && karez_routes_add (routes, "PUT", "/me/password", HUB_WEB_OWN_ACCOUNT, handle_password,
                              self, NULL, error);
}

HubWebAccount *
hub_web_account_new (HubStore *store, HubWebSignIns *sign_ins, HubWebPasswords *passwords,
                     HubWebBrowsers *browsers, HubWebPolicy *policy, const char *hub,
                     JsonNode *names)
{
  HubWebAccount *self = g_new0 (HubWebAccount, 1);

  self->scope = g_object_ref (hub_store_get_scope (store, "web"));
  self->sign_ins = sign_ins;
  self->passwords = passwords;
  self->browsers = browsers;
  self->verifier = hub_web_verifier_new (store, passwords, browsers);
  self->policy = policy;
  self->hub = g_strdup (hub);
  self->names = json_node_ref (names);
  return self;
}

void
hub_web_account_free (HubWebAccount *self)
{
  hub_web_verifier_free (self->verifier);
  g_object_unref (self->scope);
  g_free (self->hub);
  json_node_unref (self->names);
  g_free (self);
}

guint64
hub_web_account_get_refused (HubWebAccount *self)
{
  return hub_web_verifier_get_refused (self->verifier);
}
