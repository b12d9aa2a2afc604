/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hub-web-account.h"

#include "hub-catalogue.h"
#include "hub-clock.h"
#include "hub-id.h"
#include "hub-log.h"
#include "hub-web-guard.h"
#include "hub-web-request.h"

#include <string.h>

struct _HubWebAccount
{
  HubStore *store;
  KarezStore *scope;
  HubWebSignIns *sign_ins;
  HubWebPasswords *passwords;
  HubWebPolicy *policy;
  char *hub;
  JsonNode *names;
  HubWebGuard *guard;
  guint flush;
  guint64 refused;
};

/* One password that was typed: to sign in, or to confirm who is signed in. */
typedef struct
{
  HubWebAccount *self;
  HubWebRequest *request;
  GTask *task; /* of a confirmation; NULL: the request is to sign in */
  char *login, *password;
  KarezRows *rows; /* of the account, without a row if there is none */
  KarezTransaction *transaction;
  char *token;
  gboolean undecided; /* counted, and not yet known to be right or wrong */
} Try;

static void
try_free (Try *try)
{
  if (try->undecided)
    hub_web_guard_undo (try->self->guard, try->login, hub_web_request_get_address (try->request));
  memset (try->password, 0, strlen (try->password));
  g_free (try->password);
  g_free (try->login);
  g_free (try->token);
  g_clear_pointer (&try->rows, karez_rows_unref);
  g_clear_object (&try->transaction);
  g_clear_object (&try->task);
  g_clear_object (&try->request);
  g_free (try);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Try, try_free)

/* @error: (transfer full) */
static void
try_fail (Try *try, GError *error)
{
  g_autoptr (GError) owned = error;

  if (try->task != NULL)
    g_task_return_error (try->task, g_steal_pointer (&owned));
  else
    karez_request_fail (KAREZ_REQUEST (try->request), owned);
}

static const char *
refused_action (const Try *try)
{
  return try->task != NULL ? "account.confirm-refused" : "account.sign-in-refused";
}

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
      roles_node (karez_actor_get_roles (actor)), "hub", "s", self->hub, "hub_names", "n",
      json_node_copy (self->names), "csrf", "s", sign_in != NULL ? sign_in->csrf : NULL,
      "permissions", "as", permissions, "language", "s", sign_in != NULL ? sign_in->language : NULL,
      NULL);
}

/* Whose account was tried. A login that nobody has is not written down: people type passwords
 * there. */
static KarezActor *
actor_of_try (Try *try)
{
  const char *address = hub_web_request_get_address (try->request);

  if (try->rows == NULL || karez_rows_get_count (try->rows) == 0)
    return karez_actor_new (KAREZ_ACTOR_PERSON, "unknown", "unknown", NULL, address, NULL);
  return karez_actor_new (KAREZ_ACTOR_PERSON, karez_rows_text (try->rows, 0, "id"),
                          karez_rows_text (try->rows, 0, "login"), NULL, address, NULL);
}

static void
on_recorded (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;

  if (!hub_store_append_event_finish (HUB_STORE (source), result, &error))
    hub_warning ("web", NULL, "a refused sign-in could not be recorded: %s", error->message);
}

/* What was refused without a look at the password. */
static void
record_refused (const char *login, const char *address, guint tries, gpointer data)
{
  HubWebAccount *self = data;
  g_autoptr (KarezActor)
      actor = karez_actor_new (KAREZ_ACTOR_PERSON, "unknown", "unknown", NULL, address, NULL);

  hub_store_append_event_async (
      self->store, actor, "account.sign-in-refused", 4, NULL, NULL,
      karez_json_object ("reason", "s", "rate", "tries", "i", (gint64) tries, NULL), NULL,
      on_recorded, NULL);
}

static gboolean
on_flush (gpointer data)
{
  HubWebAccount *self = data;

  if (hub_web_guard_flush (self->guard, hub_clock_monotonic (), record_refused, self))
    return G_SOURCE_CONTINUE;
  self->flush = 0;
  return G_SOURCE_REMOVE;
}

static void
refuse_early (Try *try, guint wait)
{
  HubWebAccount *self = try->self;
  const char *address = hub_web_request_get_address (try->request);
  g_autofree char *seconds = g_strdup_printf ("%u", wait);
  guint due = hub_web_guard_refuse (self->guard, try->login, address, hub_clock_monotonic ());

  self->refused++;
  if (due > 0)
    record_refused (try->login, address, due, self);
  else if (self->flush == 0)
    self->flush = g_timeout_add_seconds (1, on_flush, self);
  hub_web_request_set_header (try->request, "Retry-After", seconds);
  try_fail (try,
            karez_error_new (KAREZ_ERROR_BUSY, "sign-in/rate",
                             N_ ("another try after the time that is named"),
                             N_ ("Too many wrong passwords; try again in %s seconds"), seconds));
}

static void
on_refusal_recorded (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Try) try = data;
  GError *error = NULL;

  if (!hub_store_append_event_finish (HUB_STORE (source), result, &error))
    try_fail (try, error);
  else if (try->task != NULL)
    try_fail (try, karez_error_new (KAREZ_ERROR_UNAUTHENTICATED, "sign-in/refused",
                                    N_ ("the password of your own account"),
                                    N_ ("The password is wrong")));
  else
    try_fail (try, karez_error_new (KAREZ_ERROR_UNAUTHENTICATED, "sign-in/refused",
                                    N_ ("the login and password of an account"),
                                    N_ ("Login or password is wrong")));
}

static void
refuse (Try *try)
{
  g_autoptr (KarezActor) actor = actor_of_try (try);
  const char *reason = karez_rows_get_count (try->rows) == 0          ? "unknown"
                       : !karez_rows_boolean (try->rows, 0, "active") ? "inactive"
                                                                      : "password";

  try->undecided = FALSE;
  try->self->refused++;
  hub_store_append_event_async (try->self->store, actor, refused_action (try), 4, NULL, NULL,
                                karez_json_object ("reason", "s", reason, NULL), NULL,
                                on_refusal_recorded, try);
}

static void
on_found_again (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Try) try = data;
  HubWebAccount *self = try->self;
  g_autoptr (GError) error = NULL;
  g_autoptr (HubWebSignIn) sign_in = hub_web_sign_ins_find_finish (self->sign_ins, result, &error);
  g_autoptr (KarezActor) actor = NULL;
  g_autofree char *cookie = NULL;

  if (sign_in == NULL)
    {
      karez_request_fail (KAREZ_REQUEST (try->request), error);
      return;
    }
  actor = hub_web_sign_in_make_actor (sign_in, hub_web_request_get_address (try->request));
  cookie = hub_web_sign_ins_write_cookie (self->sign_ins, try->token);
  hub_web_request_set_header (try->request, "Set-Cookie", cookie);
  karez_request_respond (KAREZ_REQUEST (try->request), 200, me (self, actor, sign_in));
}

static void
on_signed_in (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Try) try = data;
  HubWebAccount *self = try->self;
  g_autoptr (GError) error = NULL;

  if (!karez_transaction_commit_finish (try->transaction, result, &error))
    {
      karez_request_fail (KAREZ_REQUEST (try->request), error);
      return;
    }
  hub_web_guard_right (self->guard, try->login, hub_web_request_get_address (try->request));
  try->undecided = FALSE;
  hub_web_sign_ins_find_async (self->sign_ins, try->token, NULL, on_found_again, try);
  g_steal_pointer (&try);
}

static void
sign_in (Try *try)
{
  HubWebAccount *self = try->self;
  g_autofree char *id = hub_id_new ();
  g_autoptr (GBytes) hash = NULL;
  g_autoptr (KarezActor) actor = actor_of_try (try);
  const char *account = karez_rows_text (try->rows, 0, "id");

  try->token = hub_web_sign_ins_make_token (&hash);
  try->transaction = karez_store_begin (self->scope, actor);
  karez_transaction_run_one (
      try->transaction, "sign-in/account", N_ ("The account was changed at this moment"),
      "sign_in_insert", "(s@ays)", id,
      g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, hash, TRUE), account);
  karez_transaction_run (try->transaction, "sign_in_forget", "(s)", account);
  karez_transaction_event (try->transaction, "account.sign-in", "account", account,
                           karez_json_object ("sign_in", "s", id, NULL));
  karez_transaction_commit_async (try->transaction, NULL, on_signed_in, try);
}

static void
confirm (Try *try)
{
  hub_web_guard_right (try->self->guard, try->login, hub_web_request_get_address (try->request));
  try->undecided = FALSE;
  g_task_return_boolean (try->task, TRUE);
}

static void
on_verified (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Try) try = data;
  GError *error = NULL;
  gboolean right = FALSE;

  if (!hub_web_passwords_verify_finish (try->self->passwords, result, &right, &error))
    try_fail (try, error);
  else if (!right || karez_rows_get_count (try->rows) == 0
           || !karez_rows_boolean (try->rows, 0, "active"))
    refuse (g_steal_pointer (&try));
  else if (try->task != NULL)
    confirm (try);
  else
    sign_in (g_steal_pointer (&try));
}

static void
on_account (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Try) try = data;
  GError *error = NULL;
  const char *hash;

  try->rows = karez_store_query_finish (KAREZ_STORE (source), result, &error);
  if (try->rows == NULL)
    {
      try_fail (try, error);
      return;
    }
  hash = karez_rows_get_count (try->rows) > 0 ? karez_rows_text (try->rows, 0, "password") : NULL;
  hub_web_passwords_verify_async (try->self->passwords, hash, try->password, NULL, on_verified,
                                  try);
  g_steal_pointer (&try);
}

static void
begin_try (Try *try)
{
  HubWebAccount *self = try->self;
  const char *address = hub_web_request_get_address (try->request);
  gint64 now = hub_clock_monotonic ();
  guint wait = hub_web_guard_wait (self->guard, try->login, address, now);

  if (wait > 0)
    {
      refuse_early (try, wait);
      try_free (try);
      return;
    }
  hub_web_guard_begin (self->guard, try->login, address, now);
  try->undecided = TRUE;
  karez_store_query_async (self->scope, "account_by_login", g_variant_new ("(s)", try->login), NULL,
                           on_account, try);
}

void
hub_web_account_confirm (HubWebRequest *request, const char *password, GTask *task, gpointer data)
{
  HubWebSignIn *sign_in = hub_web_request_get_sign_in (request);
  Try *try;

  if (sign_in == NULL)
    {
      g_task_return_error (task, karez_error_new (KAREZ_ERROR_CONFLICT, "sign-in/local",
                                                  N_ ("a signed-in person"),
                                                  N_ ("The local socket has no account")));
      g_object_unref (task);
      return;
    }
  try = g_new0 (Try, 1);
  try->self = data;
  try->request = g_object_ref (request);
  try->task = task;
  try->login = g_strdup (sign_in->login);
  try->password = g_strdup (password);
  begin_try (try);
}

static const KarezJsonField sign_in_fields[] = {
  { "login", KAREZ_JSON_TEXT, TRUE, 1, 64 },
  { "password", KAREZ_JSON_TEXT, TRUE, 1, HUB_WEB_PASSWORD_MAX },
  { NULL },
};

static void
handle_sign_in (KarezRequest *request, gpointer data)
{
  JsonObject *body = karez_request_check_body (request, sign_in_fields);
  Try *try;

  if (body == NULL)
    return;
  try = g_new0 (Try, 1);
  try->self = data;
  try->request = HUB_WEB_REQUEST (g_object_ref (request));
  try->login = g_ascii_strdown (karez_json_text (body, "login"), -1);
  try->password = g_strdup (karez_json_text (body, "password"));
  begin_try (try);
}

/* A writing request of a person who is signed in. */
typedef struct
{
  HubWebAccount *self;
  KarezRequest *request;
  KarezTransaction *transaction;
} Change;

static void
change_free (Change *change)
{
  g_object_unref (change->transaction);
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
  change->transaction = karez_request_begin (request, self->scope);
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
  error = karez_error_new (KAREZ_ERROR_CONFLICT, "sign-in/local", N_ ("a signed-in person"),
                           N_ ("The local socket has no account"));
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
  hub_web_sign_ins_forget (change->self->sign_ins, hub_web_request_get_sign_in (request)->account,
                           TRUE);
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
  karez_transaction_run (change->transaction, "sign_in_end", "(s)", sign_in->id);
  karez_transaction_event (change->transaction, "account.sign-out", "account", sign_in->account,
                           karez_json_object ("sign_in", "s", sign_in->id, NULL));
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
  karez_transaction_run_one (change->transaction, "people/not-found",
                             N_ ("The account is not there any more"), "account_set_language",
                             "(ss)", sign_in->account, language);
  karez_transaction_event (change->transaction, "account.language", "account", sign_in->account,
                           karez_json_object ("language", "s", language, NULL));
  karez_transaction_commit_async (change->transaction, NULL, on_language, change);
}

gboolean
hub_web_account_add_routes (HubWebAccount *self, KarezRoutes *routes, GError **error)
{
  return karez_routes_add (routes, "POST", "/sign-in", HUB_WEB_ANYONE, handle_sign_in, self, NULL,
                           error)
         && karez_routes_add (routes, "POST", "/sign-out", HUB_WEB_SIGNED_IN, handle_sign_out, self,
                              NULL, error)
         && karez_routes_add (routes, "GET", "/me", HUB_WEB_SIGNED_IN, handle_me, self, NULL, error)
         && karez_routes_add (routes, "PUT", "/me/language", HUB_WEB_SIGNED_IN, handle_language,
                              self, NULL, error);
}

HubWebAccount *
hub_web_account_new (HubStore *store, HubWebSignIns *sign_ins, HubWebPasswords *passwords,
                     HubWebPolicy *policy, const char *hub, JsonNode *names)
{
  HubWebAccount *self = g_new0 (HubWebAccount, 1);

  self->store = g_object_ref (store);
  self->scope = g_object_ref (hub_store_get_scope (store, "web"));
  self->sign_ins = sign_ins;
  self->passwords = passwords;
  self->policy = policy;
  self->hub = g_strdup (hub);
  self->names = json_node_ref (names);
  self->guard = hub_web_guard_new ();
  return self;
}

void
hub_web_account_free (HubWebAccount *self)
{
  g_clear_handle_id (&self->flush, g_source_remove);
  hub_web_guard_free (self->guard);
  g_object_unref (self->scope);
  g_object_unref (self->store);
  g_free (self->hub);
  json_node_unref (self->names);
  g_free (self);
}

guint64
hub_web_account_get_refused (HubWebAccount *self)
{
  return self->refused;
}
