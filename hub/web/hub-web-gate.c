/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who asks, and whether they may. */
#include "hub-web-gate.h"

#include "hub-address.h"
#include "hub-catalogue.h"
#include "hub-clock.h"
#include "hub-hash.h"
#include "hub-id.h"
#include "hub-log.h"
#include "hub-web-local.h"
#include "hub-web-rate.h"

/* More than anybody presses. */
#define AWAY_PER_SECOND 5
#define AWAY_BURST 20

struct _HubWebGate
{
  HubStore *store;
  HubWebPolicy *policy;
  HubWebSignIns *sign_ins;
  HubWebRate *rate, *away; /* of what leads away from risk, apart from all else */
  HubWebOrigins *origins;
};

HubWebGate *
hub_web_gate_new (HubStore *store, HubWebPolicy *policy, HubWebSignIns *sign_ins,
                  HubWebOrigins *origins, const HubWebBounds *bounds)
{
  HubWebGate *self = g_new0 (HubWebGate, 1);

  self->store = g_object_ref (store);
  self->policy = policy;
  self->sign_ins = sign_ins;
  self->origins = origins;
  self->rate = hub_web_rate_new (bounds->requests_per_second, bounds->burst, 10000);
  self->away = hub_web_rate_new (AWAY_PER_SECOND, AWAY_BURST, 10000);
  return self;
}

void
hub_web_gate_free (HubWebGate *self)
{
  hub_web_rate_free (self->rate);
  hub_web_rate_free (self->away);
  g_object_unref (self->store);
  g_free (self);
}

gboolean
hub_web_gate_is_writing (SoupServerMessage *message)
{
  const char *method = soup_server_message_get_method (message);

  return !g_str_equal (method, "GET") && !g_str_equal (method, "HEAD");
}

gboolean
hub_web_gate_check_host (HubWebGate *self, SoupServerMessage *message, GError **error)
{
  const char *host = soup_message_headers_get_one (
      soup_server_message_get_request_headers (message), "Host");

  if (hub_web_limits_is_local (message) || hub_web_origins_has_host (self->origins, host))
    return TRUE;
  return karez_error_set (error, KAREZ_ERROR_DENIED, "request/host",
                          N_ ("the address that the hub is configured with"),
                          N_ ("The hub does not answer to this name"));
}

/* @needed: whether it must be there; a browser always sends it with a WebSocket. */
gboolean
hub_web_gate_check_origin (HubWebGate *self, SoupServerMessage *message, gboolean needed,
                           GError **error)
{
  SoupMessageHeaders *headers = soup_server_message_get_request_headers (message);
  const char *origin = soup_message_headers_get_one (headers, "Origin");
  const char *host = soup_message_headers_get_one (headers, "Host");
  const char *site = soup_message_headers_get_one (headers, "Sec-Fetch-Site");

  if (hub_web_limits_is_local (message))
    return TRUE;
  if ((origin != NULL ? hub_web_origins_has_page (self->origins, origin, host,
                                                  hub_web_limits_is_encrypted (message))
                      : !needed)
      && (site == NULL || g_str_equal (site, "same-origin") || g_str_equal (site, "none")))
    return TRUE;
  return karez_error_set (error, KAREZ_ERROR_DENIED, "request/origin",
                          N_ ("a request from the hub's own pages"),
                          N_ ("The request comes from a page of another origin"));
}

static void
on_refusal_recorded (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;

  if (!hub_store_append_event_finish (HUB_STORE (source), result, &error))
    hub_warning ("web", NULL, "a refused request could not be recorded: %s", error->message);
}

static gboolean
check_permission (HubWebGate *self, HubWebRequest *request, const char *permission, GError **error)
{
  KarezActor *actor = karez_request_get_actor (KAREZ_REQUEST (request));
  g_autofree char *rule = g_strconcat ("access/", permission, NULL);

  if (hub_web_policy_allows (self->policy, permission, actor))
    return TRUE;
  if (actor == NULL)
    return karez_error_set (error, KAREZ_ERROR_UNAUTHENTICATED, "sign-in/none",
                            N_ ("a new sign-in"), N_ ("You are not signed in, or no longer"));
  hub_store_append_event_async (self->store, actor, "request.refused", 4, NULL, NULL,
                                karez_json_object ("permission", "s", permission, NULL), NULL,
                                on_refusal_recorded, NULL);
  return karez_error_set (error, KAREZ_ERROR_DENIED, rule,
                          N_ ("an account with a role that may do this"),
                          N_ ("Your roles do not allow this (%s)"), permission);
}

/* Until a person has a password that nobody else knows. */
static gboolean
check_password (HubWebRequest *request, const char *permission, GError **error)
{
  HubWebSignIn *sign_in = hub_web_request_get_sign_in (request);

  if (sign_in == NULL || !sign_in->new_password_needed || g_str_equal (permission, HUB_WEB_ANYONE)
      || g_str_equal (permission, HUB_WEB_OWN_ACCOUNT))
    return TRUE;
  return karez_error_set (error, KAREZ_ERROR_DENIED, "sign-in/new-password",
                          N_ ("a password of your own first"),
                          N_ ("Your password was chosen by somebody else"));
}

/* The second lock against other people's pages, besides SameSite. */
static gboolean
check_token (HubWebRequest *request, GError **error)
{
  HubWebSignIn *sign_in = hub_web_request_get_sign_in (request);
  const char *token = hub_web_request_get_header (request, "X-Karez-Token");

  if (sign_in == NULL || (token != NULL && hub_equal_secret (token, sign_in->csrf)))
    return TRUE;
  return karez_error_set (error, KAREZ_ERROR_DENIED, "request/token",
                          N_ ("the header X-Karez-Token with “csrf” of /me"),
                          N_ ("The request does not carry this sign-in's token"));
}

static gboolean
check_key (HubWebRequest *request, GError **error)
{
  const char *header = hub_web_request_get_header (request, "Idempotency-Key");
  g_autofree char *key = header != NULL ? g_ascii_strdown (header, -1) : NULL;

  if (key == NULL || !hub_id_is_valid (key))
    return karez_error_set (error, KAREZ_ERROR_INVALID, "request/key",
                            N_ ("the header Idempotency-Key with a new UUID for each act"),
                            N_ ("The request does not name its act"));
  hub_web_request_set_key (request, key);
  return TRUE;
}

static gboolean
check_rate (HubWebGate *self, HubWebRequest *request, const char *permission, GError **error)
{
  HubWebRate *rate = hub_web_policy_is_away (permission) ? self->away : self->rate;
  HubWebSignIn *sign_in = hub_web_request_get_sign_in (request);
  g_autofree char *customer = hub_address_customer (hub_web_request_get_address (request));
  g_autofree char *seconds = NULL;
  guint wait;

  if (hub_web_limits_is_local (hub_web_request_get_message (request))
      || hub_web_rate_take (rate, sign_in != NULL ? sign_in->account : customer,
                            hub_clock_monotonic (), &wait))
    return TRUE;
  seconds = g_strdup_printf ("%u", wait);
  hub_web_request_set_header (request, "Retry-After", seconds);
  return karez_error_set (error, KAREZ_ERROR_BUSY, "request/rate", N_ ("fewer requests a second"),
                          N_ ("Too many requests; try again in %s seconds"), seconds);
}

gboolean
hub_web_gate_admit (HubWebGate *self, HubWebRequest *request, const char *permission,
                    GError **error)
{
  gboolean named = hub_web_gate_is_writing (hub_web_request_get_message (request))
                   && !g_str_equal (permission, HUB_WEB_ANYONE);

  return check_rate (self, request, permission, error)
         && check_password (request, permission, error)
         && check_permission (self, request, permission, error)
         && (!named || (check_token (request, error) && check_key (request, error)));
}

/* A request whose cookies are looked up one after the other. */
typedef struct
{
  HubWebGate *self;
  GPtrArray *tokens;
  GPtrArray *found; /* HubWebSignIn */
  guint next;
} Identity;

static void
identity_free (Identity *identity)
{
  g_clear_pointer (&identity->tokens, g_ptr_array_unref);
  g_ptr_array_unref (identity->found);
  g_free (identity);
}

/* Of several the last one made counts. */
static void
take_sign_in (Identity *identity, HubWebSignIn *sign_in)
{
  GPtrArray *found = identity->found;
  gboolean newest = found->len == 0
                    || sign_in->expires > ((HubWebSignIn *) found->pdata[0])->expires;

  g_ptr_array_insert (found, newest ? 0 : -1, sign_in);
}

static void find_next (GTask *task);

/* What leads away from risk looks nothing up where somebody is known. */
static void
recall (Identity *identity)
{
  for (guint i = 0; i < identity->tokens->len; i++)
    {
      HubWebSignIn *known = hub_web_sign_ins_recall (identity->self->sign_ins,
                                                     identity->tokens->pdata[i]);

      if (known != NULL)
        take_sign_in (identity, known);
    }
  if (identity->found->len > 0)
    identity->next = identity->tokens->len;
}

static void
on_sign_in (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Identity *identity = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;
  HubWebSignIn *sign_in = hub_web_sign_ins_find_finish (identity->self->sign_ins, result, &error);

  if (sign_in != NULL)
    take_sign_in (identity, sign_in);
  else if (!g_error_matches (error, KAREZ_ERROR, KAREZ_ERROR_UNAUTHENTICATED))
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  find_next (g_steal_pointer (&task));
}

/* @task: (transfer full) */
static void
find_next (GTask *task)
{
  Identity *identity = g_task_get_task_data (task);
  HubWebRequest *request = g_task_get_source_object (task);

  if (identity->next < identity->tokens->len)
    {
      hub_web_sign_ins_find_async (identity->self->sign_ins,
                                   identity->tokens->pdata[identity->next++], NULL, on_sign_in,
                                   task);
      return;
    }
  if (identity->found->len > 0)
    {
      g_autoptr (KarezActor) actor = hub_web_sign_in_make_actor (
          identity->found->pdata[0], hub_web_request_get_address (request));

      hub_web_request_set_actor (request, actor, identity->found);
    }
  g_task_return_boolean (task, TRUE);
  g_object_unref (task);
}

static void
on_local (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  g_autoptr (KarezActor) actor = hub_web_local_identify_finish (result);

  hub_web_request_set_actor (g_task_get_source_object (task), actor, NULL);
  g_task_return_boolean (task, TRUE);
}

void
hub_web_gate_identify_async (HubWebGate *self, HubWebRequest *request, gboolean away,
                             GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (request, NULL, callback, data);
  Identity *identity = g_new0 (Identity, 1);
  GError *error = NULL;

  identity->self = self;
  identity->found = g_ptr_array_new_with_free_func ((GDestroyNotify) hub_web_sign_in_unref);
  g_task_set_source_tag (task, hub_web_gate_identify_async);
  g_task_set_task_data (task, identity, (GDestroyNotify) identity_free);
  if (hub_web_limits_is_local (hub_web_request_get_message (request)))
    {
      GSocket *socket = hub_web_limits_get_socket (hub_web_request_get_message (request));

      hub_web_local_identify_async (socket, NULL, on_local, g_steal_pointer (&task));
      return;
    }
  identity->tokens = hub_web_sign_ins_read_cookies (self->sign_ins,
                                                    hub_web_request_get_headers (request), &error);
  if (identity->tokens != NULL && away)
    recall (identity);
  if (identity->tokens == NULL)
    g_task_return_error (task, error);
  else
    find_next (g_steal_pointer (&task));
}

gboolean
hub_web_gate_identify_finish (HubWebGate *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_async_result_is_tagged (result, hub_web_gate_identify_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
