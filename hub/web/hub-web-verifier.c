/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether a password is an account's. */
#include "hub-web-verifier.h"

#include "hub-address.h"
#include "hub-catalogue.h"
#include "hub-clock.h"
#include "hub-log.h"
#include "hub-web-guard.h"

#include <string.h>

struct _HubWebVerifier
{
  HubStore *store;
  KarezStore *scope;
  HubWebPasswords *passwords;
  HubWebBrowsers *browsers;
  HubWebGuard *guard;
  guint flush;
  guint64 refused; /* of those that confirm */
};

/* One password that was typed. */
typedef struct
{
  HubWebVerifier *self;
  HubWebRequest *request;
  gboolean confirms; /* rather than signs in */
  char *login, *password, *customer, *known;
  KarezRows *rows;    /* of the account, without a row if there is none */
  gboolean undecided; /* counted, and not yet known to be right or wrong */
} Try;

static HubWebTry
counted (const Try *try)
{
  return (HubWebTry){ .login = try->login, .address = try->customer, .known = try->known };
}

static void
try_free (Try *try)
{
  HubWebTry it = counted (try);

  if (try->undecided)
    hub_web_guard_undo (try->self->guard, &it);
  memset (try->password, 0, strlen (try->password));
  g_free (try->password);
  g_free (try->login);
  g_free (try->customer);
  g_free (try->known);
  g_clear_pointer (&try->rows, karez_rows_unref);
  g_object_unref (try->request);
  g_free (try);
}

HubWebVerifier *
hub_web_verifier_new (HubStore *store, HubWebPasswords *passwords, HubWebBrowsers *browsers)
{
  HubWebVerifier *self = g_new0 (HubWebVerifier, 1);

  self->store = g_object_ref (store);
  self->scope = g_object_ref (hub_store_get_scope (store, "web"));
  self->passwords = passwords;
  self->browsers = browsers;
  self->guard = hub_web_guard_new ();
  return self;
}

void
hub_web_verifier_free (HubWebVerifier *self)
{
  g_clear_handle_id (&self->flush, g_source_remove);
  hub_web_guard_free (self->guard);
  g_object_unref (self->scope);
  g_object_unref (self->store);
  g_free (self);
}

guint64
hub_web_verifier_get_refused (HubWebVerifier *self)
{
  return self->refused;
}

static KarezActor *
unknown_actor (const char *address)
{
  return karez_actor_new (KAREZ_ACTOR_PERSON, "unknown", "unknown", NULL, address, NULL);
}

/* A login that nobody has is not written down: people type passwords there. */
KarezActor *
hub_web_verifier_make_actor (KarezRows *account, HubWebRequest *request)
{
  const char *address = hub_web_request_get_address (request);

  if (karez_rows_get_count (account) == 0)
    return unknown_actor (address);
  return karez_actor_new (KAREZ_ACTOR_PERSON, karez_rows_text (account, 0, "id"),
                          karez_rows_text (account, 0, "login"), NULL, address, NULL);
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
record_refused (const char *address, guint tries, gpointer data)
{
  HubWebVerifier *self = data;
  g_autoptr (KarezActor) actor = unknown_actor (address);

  hub_store_append_event_async (
      self->store, actor, "account.sign-in-refused", 4, NULL, NULL,
      karez_json_object ("reason", "s", "rate", "tries", "i", (gint64) tries, NULL), NULL,
      on_recorded, NULL);
}

static gboolean
on_flush (gpointer data)
{
  HubWebVerifier *self = data;

  if (hub_web_guard_flush (self->guard, hub_clock_monotonic (), record_refused, self))
    return G_SOURCE_CONTINUE;
  self->flush = 0;
  return G_SOURCE_REMOVE;
}

static GError *
refuse_early (Try *try, guint wait)
{
  HubWebVerifier *self = try->self;
  HubWebTry it = counted (try);
  g_autofree char *seconds = g_strdup_printf ("%u", wait);
  guint due = hub_web_guard_refuse (self->guard, &it, hub_clock_monotonic ());

  self->refused += try->confirms;
  if (due > 0)
    record_refused (hub_web_request_get_address (try->request), due, self);
  else if (self->flush == 0)
    self->flush = g_timeout_add_seconds (1, on_flush, self);
  hub_web_request_set_header (try->request, "Retry-After", seconds);
  return karez_error_new (KAREZ_ERROR_BUSY, "sign-in/rate",
                          N_ ("another try after the time that is named"),
                          N_ ("Too many wrong passwords; try again in %s seconds"), seconds);
}

static void
on_refusal_recorded (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Try *try = g_task_get_task_data (task);
  GError *error = NULL;

  if (!hub_store_append_event_finish (HUB_STORE (source), result, &error))
    g_task_return_error (task, error);
  else if (try->confirms)
    g_task_return_error (task, karez_error_new (KAREZ_ERROR_UNAUTHENTICATED, "sign-in/refused",
                                                N_ ("the password of your own account"),
                                                N_ ("The password is wrong")));
  else
    g_task_return_error (task, karez_error_new (KAREZ_ERROR_UNAUTHENTICATED, "sign-in/refused",
                                                N_ ("the login and password of an account"),
                                                N_ ("Login or password is wrong")));
}

/* @task: (transfer full) */
static void
refuse (GTask *task)
{
  Try *try = g_task_get_task_data (task);
  HubWebVerifier *self = try->self;
  g_autoptr (KarezActor) actor = hub_web_verifier_make_actor (try->rows, try->request);
  HubWebTry it = counted (try);
  const char *full = hub_web_guard_wrong (self->guard, &it);
  gboolean exists = karez_rows_get_count (try->rows) > 0;
  const char *reason = !exists                                        ? "unknown"
                       : !karez_rows_boolean (try->rows, 0, "active") ? "inactive"
                                                                      : "password";

  try->undecided = FALSE;
  self->refused += try->confirms;
  if (full != NULL)
    hub_store_append_event_async (self->store, actor, "account.lock-out", 4, NULL, NULL,
                                  karez_json_object ("count", "s", full, NULL), NULL, on_recorded,
                                  NULL);
  hub_store_append_event_async (
      self->store, actor, try->confirms ? "account.confirm-refused" : "account.sign-in-refused", 4,
      NULL, NULL, karez_json_object ("reason", "s", reason, NULL), NULL, on_refusal_recorded, task);
}

static void
on_verified (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  Try *try = g_task_get_task_data (task);
  HubWebTry it = counted (try);
  GError *error = NULL;
  gboolean right = FALSE;

  if (!hub_web_passwords_verify_finish (try->self->passwords, result, &right, &error))
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }
  if (!right || karez_rows_get_count (try->rows) == 0
      || !karez_rows_boolean (try->rows, 0, "active"))
    {
      refuse (task);
      return;
    }
  hub_web_guard_right (try->self->guard, &it);
  try->undecided = FALSE;
  g_task_return_pointer (task, karez_rows_ref (try->rows), (GDestroyNotify) karez_rows_unref);
  g_object_unref (task);
}

static void
find_browser (Try *try)
{
  g_autoptr (GBytes) key = karez_rows_get_count (try->rows) > 0
                               ? karez_rows_bytes (try->rows, 0, "browser_key")
                               : NULL;
  g_autofree char *browser = hub_web_browsers_find (
      try->self->browsers, hub_web_request_get_headers (try->request), key, hub_clock_now ());

  if (browser != NULL)
    try->known = g_strconcat ("browser ", browser, NULL);
}

static void
on_account (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Try *try = g_task_get_task_data (task);
  HubWebVerifier *self = try->self;
  gint64 now = hub_clock_monotonic ();
  GError *error = NULL;
  HubWebTry it;
  guint wait;

  try->rows = karez_store_query_finish (KAREZ_STORE (source), result, &error);
  if (try->rows == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  if (try->known == NULL)
    find_browser (try);
  it = counted (try);
  wait = hub_web_guard_wait (self->guard, &it, now);
  if (wait > 0)
    {
      g_task_return_error (task, refuse_early (try, wait));
      return;
    }
  hub_web_guard_begin (self->guard, &it, now);
  try->undecided = TRUE;
  hub_web_passwords_verify_async (
      self->passwords,
      karez_rows_get_count (try->rows) > 0 ? karez_rows_text (try->rows, 0, "password") : NULL,
      try->password, try->known != NULL ? try->login : try->customer, try->known != NULL, NULL,
      on_verified, g_steal_pointer (&task));
}

void
hub_web_verifier_check_async (HubWebVerifier *self, HubWebRequest *request, const char *login,
                              HubWebSignIn *sign_in, const char *password,
                              GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (NULL, NULL, callback, data);
  Try *try = g_new0 (Try, 1);

  try->self = self;
  try->request = g_object_ref (request);
  try->confirms = sign_in != NULL;
  try->known = sign_in != NULL ? g_strconcat ("sign-in ", sign_in->id, NULL) : NULL;
  try->login = g_strdup (login);
  try->password = g_strdup (password);
  try->customer = hub_address_customer (hub_web_request_get_address (request));
  if (try->customer == NULL)
    try->customer = g_strdup (hub_web_request_get_address (request));
  g_task_set_source_tag (task, hub_web_verifier_check_async);
  g_task_set_task_data (task, try, (GDestroyNotify) try_free);
  karez_store_query_async (self->scope, "account_by_login", g_variant_new ("(s)", login), NULL,
                           on_account, task);
}

KarezRows *
hub_web_verifier_check_finish (HubWebVerifier *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_async_result_is_tagged (result, hub_web_verifier_check_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
