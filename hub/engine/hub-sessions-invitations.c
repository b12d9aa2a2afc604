/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who may come into a session: whom the booking names, and whom they or the desk invite. Each
 * hospital decides about its own people. */
#include "hub-sessions-private.h"

#include "hub-catalogue.h"
#include "hub-id.h"
#include "hub-role-table.h"
#include "hub-session-admission.h"

static const KarezJsonField invite_fields[] = {
  { "person", KAREZ_JSON_UUID, TRUE },
  { NULL },
};

/* A change of a session's invitations by somebody who may: the desk, or who is invited. */
static KarezTransaction *
begin (KarezRequest *request, HubSessions *self, const char *id)
{
  KarezTransaction *transaction = karez_request_begin (request,
                                                       hub_sessions_get_services (self)->store);

  karez_transaction_about (transaction, id, NULL);
  if (!karez_actor_has_role (karez_transaction_get_actor (transaction), "desk"))
    hub_session_admission_put (transaction, id);
  return transaction;
}

static void
put_event (KarezTransaction *transaction, const char *action, const char *id, const char *person)
{
  karez_transaction_event (transaction, action, "session", id,
                           karez_json_object ("person", "s", person, NULL));
}

/* Whoever could take no role of the session is not invited to it. */
static gboolean
put_taker (KarezTransaction *transaction, HubSessions *self, const char *id, const char *person,
           GError **error)
{
  HubSession *session = hub_sessions_get (self, id);
  JsonNode *table = session != NULL ? hub_session_find_takers (session, FALSE, error) : NULL;
  g_auto (GStrv) roles = table != NULL ? hub_role_table_list (table) : NULL;

  /* Over, or never there: the invitation itself is refused. */
  if (table == NULL)
    return session == NULL;
  karez_transaction_run_one (transaction, "session/account-role",
                             N_ ("This person’s account has no role that can take part in this "
                                 "kind of session."),
                             "invitation_taker", "(s^as)", person, roles);
  return TRUE;
}

static void
on_invite (KarezRequest *request, gpointer data)
{
  const char *id = hub_sessions_read_id (request);
  JsonObject *object = id != NULL ? karez_request_check_body (request, invite_fields) : NULL;
  const char *person = object != NULL ? karez_json_text (object, "person") : NULL;
  g_autoptr (KarezTransaction) transaction = NULL;
  g_autoptr (GError) error = NULL;

  if (object == NULL)
    return;
  transaction = begin (request, data, id);
  karez_transaction_run_one (transaction, "session/person",
                             N_ ("There is no such session that is not over, or no such person."),
                             "invitation_add", "(ss)", id, person);
  if (!put_taker (transaction, data, id, person, &error))
    {
      karez_request_fail (request, error);
      return;
    }
  put_event (transaction, "session.invite", id, person);
  karez_request_commit (request, transaction, 204, NULL);
}

typedef struct
{
  HubSessions *sessions;
  KarezRequest *request;
} Uninviting;

static void
on_uninvited (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autofree Uninviting *uninviting = data;
  g_autoptr (HubSessions) self = uninviting->sessions;
  g_autoptr (KarezRequest) request = uninviting->request;
  g_autoptr (GError) error = NULL;

  if (!karez_transaction_commit_finish (KAREZ_TRANSACTION (source), result, &error))
    {
      karez_request_fail (request, error);
      return;
    }
  hub_sessions_uninvited (self, karez_request_get_path_part (request, "id"),
                          karez_request_get_path_part (request, "person"));
  karez_request_respond (request, 204, NULL);
}

static void
on_uninvite (KarezRequest *request, gpointer data)
{
  const char *id = hub_sessions_read_id (request);
  const char *person = karez_request_get_path_part (request, "person");
  Uninviting *uninviting = NULL;
  g_autoptr (KarezTransaction) transaction = NULL;
  g_autoptr (GError) error = NULL;

  if (id == NULL)
    return;
  if (!hub_id_is_valid (person))
    {
      karez_error_set (&error, KAREZ_ERROR_NOT_FOUND, "session/person", NULL,
                       N_ ("There is no such person."));
      karez_request_fail (request, error);
      return;
    }
  transaction = begin (request, data, id);
  karez_transaction_run_one (transaction, "session/invitation",
                             N_ ("This person has no invitation that could be taken back."),
                             "invitation_remove", "(ss)", id, person);
  put_event (transaction, "session.uninvite", id, person);
  uninviting = g_new0 (Uninviting, 1);
  uninviting->sessions = g_object_ref (data);
  uninviting->request = g_object_ref (request);
  karez_transaction_commit_async (transaction, NULL, on_uninvited, uninviting);
}

static void
on_rows (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (KarezRequest) request = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (KarezRows) rows = karez_store_query_finish (KAREZ_STORE (source), result, &error);

  if (rows != NULL && !karez_rows_get_count (rows))
    karez_error_set (&error, KAREZ_ERROR_NOT_FOUND, "session/unknown", NULL,
                     N_ ("There is no such session."));
  if (error != NULL)
    karez_request_fail (request, error);
  else
    karez_request_respond (request, 200,
                           karez_json_object ("open", "b", karez_rows_boolean (rows, 0, "open"),
                                              "items", "n", karez_rows_json (rows, 0, "items"),
                                              NULL));
}

static void
on_list (KarezRequest *request, gpointer data)
{
  HubSessions *self = data;
  const char *id = hub_sessions_read_id (request);

  if (id != NULL)
    karez_store_query_async (hub_sessions_get_services (self)->store, "invitation_list",
                             g_variant_new ("(s)", id), NULL, on_rows, g_object_ref (request));
}

typedef struct
{
  KarezRequest *request;
  GStrv accounts; /* the roles that may take part */
} Candidates;

static void
on_candidate_rows (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autofree Candidates *candidates = data;
  g_autoptr (KarezRequest) request = candidates->request;
  g_auto (GStrv) accounts = candidates->accounts;
  g_autoptr (GError) error = NULL;
  g_autoptr (KarezRows) rows = karez_store_query_finish (KAREZ_STORE (source), result, &error);

  if (error != NULL)
    karez_request_fail (request, error);
  else
    karez_request_respond (request, 200,
                           karez_json_object ("items", "n", karez_rows_json (rows, 0, "items"),
                                              "others", "i", karez_rows_integer (rows, 0, "others"),
                                              "accounts", "as", accounts, NULL));
}

/* Whom it would not refuse. */
static void
on_candidates (KarezRequest *request, gpointer data)
{
  HubSessions *self = data;
  const char *id = hub_sessions_read_id (request);
  HubSession *session = id != NULL ? hub_sessions_get (self, id) : NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  Candidates *candidates = NULL;
  JsonNode *table = NULL;

  if (id == NULL)
    return;
  if (session != NULL)
    table = hub_session_find_takers (session, FALSE, &error);
  else
    karez_error_set (&error, KAREZ_ERROR_NOT_FOUND, "session/unknown", NULL,
                     N_ ("There is no such session, or it is over."));
  if (table == NULL)
    {
      karez_request_fail (request, error);
      return;
    }
  text = karez_json_print (table);
  candidates = g_new0 (Candidates, 1);
  candidates->request = g_object_ref (request);
  candidates->accounts = hub_role_table_list (table);
  karez_store_query_async (hub_sessions_get_services (self)->store, "invitation_candidates",
                           g_variant_new ("(ss)", id, text), NULL, on_candidate_rows, candidates);
}

gboolean
hub_sessions_add_invitation_routes (HubSessions *self, KarezRoutes *routes, GError **error)
{
  static const struct
  {
    const char *method, *path, *permission;
    KarezRouteFunc func;
  } table[] = {
    { "GET", "/sessions/{id}/invitations", "session.join", on_list },
    { "GET", "/sessions/{id}/invitations/candidates", "session.invite", on_candidates },
    { "POST", "/sessions/{id}/invitations", "session.invite", on_invite },
    { "DELETE", "/sessions/{id}/invitations/{person}", "session.invite", on_uninvite },
  };

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    if (!karez_routes_add (routes, table[i].method, table[i].path, table[i].permission,
                           table[i].func, g_object_ref (self), g_object_unref, error))
      return FALSE;
  return TRUE;
}
