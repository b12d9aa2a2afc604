/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* /sessions, /modalities and /workers of the API. */
#include "hub-sessions-private.h"

#include "hub-catalogue.h"
#include "hub-clock.h"
#include "hub-id.h"
#include "hub-log.h"
#include "hub-session-admission.h"

/* A database that has not said by then whether somebody who is not in a session is invited to it is
 * too busy for who ends it. */
#define ADMISSION_MS 1000

static const KarezJsonField reason_fields[] = {
  { "reason", KAREZ_JSON_TEXT, FALSE, 0, 1000 },
  { NULL },
};

static const KarezJsonField no_fields[] = { { NULL } };

static const KarezJsonField seen_fields[] = {
  { "sequence", KAREZ_JSON_INTEGER, FALSE, 1, G_MAXINT64 },
  { NULL },
};

static const KarezJsonField join_fields[] = {
  { "role", KAREZ_JSON_TEXT, TRUE, 1, 32 },
  { "replace", KAREZ_JSON_BOOLEAN, FALSE },
  { "former", KAREZ_JSON_UUID, FALSE },
  { NULL },
};

static const KarezJsonField leave_fields[] = {
  { "participant", KAREZ_JSON_UUID, TRUE },
  { NULL },
};

const char *
hub_sessions_read_id (KarezRequest *request)
{
  const char *id = karez_request_get_path_part (request, "id");
  g_autoptr (GError) error = NULL;

  if (hub_id_is_valid (id))
    return id;
  karez_error_set (&error, KAREZ_ERROR_NOT_FOUND, "session/unknown", NULL,
                   N_ ("There is no such session."));
  karez_request_fail (request, error);
  return NULL;
}

/* What people typed about the session is nothing for those who may not read about patients. */
static void
conceal (JsonObject *session)
{
  JsonNode *booking = json_object_get_member (session, "booking");

  json_object_set_string_member (session, "title", "");
  json_object_set_null_member (session, "reason");
  if (booking != NULL && JSON_NODE_HOLDS_OBJECT (booking))
    json_object_set_member (session, "booking", karez_booking_conceal (booking));
}

static void
answer_shown (HubSessions *self, KarezRequest *request, JsonNode *node, const char *action)
{
  JsonObject *object = json_node_get_object (node);
  JsonArray *items = json_object_has_member (object, "items")
                         ? json_object_get_array_member (object, "items")
                         : NULL;

  if (karez_request_may (request, "patient.read"))
    {
      karez_request_respond_view (request, hub_sessions_get_services (self)->audit, action,
                                  karez_request_get_path_part (request, "id"), NULL, node);
      return;
    }
  if (items == NULL)
    conceal (object);
  for (guint i = 0; items != NULL && i < json_array_get_length (items); i++)
    conceal (json_array_get_object_element (items, i));
  karez_request_respond (request, 200, node);
}

static void
on_shown (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (KarezRequest) request = data;
  g_autoptr (GError) error = NULL;
  JsonNode *node = hub_sessions_show_finish (HUB_SESSIONS (source), result, &error);

  if (node != NULL)
    answer_shown (HUB_SESSIONS (source), request, node, "session.read");
  else
    karez_request_fail (request, error);
}

static void
on_listed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (KarezRequest) request = data;
  g_autoptr (GError) error = NULL;
  JsonNode *node = hub_sessions_show_finish (HUB_SESSIONS (source), result, &error);

  if (node != NULL)
    answer_shown (HUB_SESSIONS (source), request, node, "session.list");
  else
    karez_request_fail (request, error);
}

static void
on_get (KarezRequest *request, gpointer data)
{
  const char *id = hub_sessions_read_id (request);

  if (id != NULL)
    hub_sessions_show_async (data, id, on_shown, g_object_ref (request));
}

static void
on_list (KarezRequest *request, gpointer data)
{
  const char *from = karez_request_get_query (request, "from");
  const char *to = karez_request_get_query (request, "to");
  g_autofree char *default_from = hub_time_format (hub_clock_now () - G_TIME_SPAN_DAY);
  g_autofree char *default_to = hub_time_format (hub_clock_now () + G_TIME_SPAN_DAY);
  g_autoptr (GError) error = NULL;
  gint64 first, last;

  from = from != NULL ? from : default_from;
  to = to != NULL ? to : default_to;
  if (!hub_time_parse (from, &first) || !hub_time_parse (to, &last) || last < first
      || last - first > 100 * G_TIME_SPAN_DAY)
    {
      karez_error_set (&error, KAREZ_ERROR_INVALID, "session/range",
                       N_ ("from and to in RFC 3339, at most 100 days apart"),
                       N_ ("The range of time is not accepted."));
      karez_request_fail (request, error);
      return;
    }
  hub_sessions_list_async (data, from, to, on_listed, g_object_ref (request));
}

/* Moves. */

/* A move that was refused, until it is known whether this very request did it before. */
typedef struct
{
  KarezRequest *request;
  GError *refusal;
} Refused;

static void
on_done_before (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autofree Refused *refused = data;
  g_autoptr (KarezRequest) request = refused->request;
  g_autoptr (GError) refusal = refused->refusal;
  g_autoptr (KarezRows) rows = karez_store_query_finish (KAREZ_STORE (source), result, NULL);

  if (rows != NULL && karez_rows_get_count (rows))
    karez_request_respond (request, 200, karez_json_object ("repeated", "b", TRUE, NULL));
  else
    karez_request_fail (request, refusal);
}

static void
on_moved (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (KarezRequest) request = data;
  HubSessions *self = HUB_SESSIONS (source);
  g_autoptr (GError) error = NULL;
  JsonNode *node = hub_sessions_move_finish (self, result, &error);
  const char *key = karez_request_get_idempotency_key (request);
  Refused *refused = NULL;

  if (node != NULL)
    {
      karez_request_respond (request, 200, node);
      return;
    }
  if (key == NULL || g_strcmp0 (karez_error_get_rule (error), "session/edge") != 0)
    {
      karez_request_fail (request, error);
      return;
    }
  /* The state has moved on: perhaps by this very request, whose answer was lost. */
  refused = g_new0 (Refused, 1);
  refused->request = g_steal_pointer (&request);
  refused->refusal = g_steal_pointer (&error);
  karez_store_query_async (hub_sessions_get_services (self)->store, "request_done",
                           g_variant_new ("(s)", key), NULL, on_done_before, refused);
}

/* A session is moved by those whom it is for and by those who look after all of them. Anybody who
 * controls sessions may hold one: that is away from risk, and undone by a word. */
static gboolean
needs_invitation (HubSession *session, KarezActor *actor, const char *edge)
{
  /* Whoever is in it ends it without a question to the database. */
  if (g_str_equal (edge, "stop") && session != NULL
      && hub_session_people_find_other (hub_session_get_people (session), actor, NULL) != NULL)
    return FALSE;
  return !g_str_equal (edge, "hold") && !g_str_equal (edge, "panic")
         && !karez_actor_has_role (actor, "desk") && !karez_actor_has_role (actor, "engineer")
         && !karez_actor_has_role (actor, "administrator");
}

static void
move_now (KarezRequest *request, HubSessions *self, const char *edge)
{
  const char *id = karez_request_get_path_part (request, "id");
  JsonNode *body = karez_request_get_body (request);
  JsonObject *object = body != NULL ? json_node_get_object (body) : NULL;
  g_autoptr (KarezTransaction)
      transaction = karez_request_begin (request, hub_sessions_get_services (self)->store);
  HubSessionStep step = { .edge = edge };

  /* Away from risk it is done before it is recorded, and must be recorded. */
  if (hub_session_machine_is_away (edge))
    karez_transaction_set_guard (transaction, NULL, NULL);
  /* Again with the commit: an invitation may be taken back while it waits. */
  else if (needs_invitation (hub_sessions_get (self, id), karez_request_get_actor (request), edge))
    hub_session_admission_put (transaction, id);
  step.reason = object != NULL ? karez_json_text (object, "reason") : NULL;
  step.seen = object != NULL ? karez_json_integer (object, "sequence", 0) : 0;
  hub_sessions_move_async (self, id, &step, karez_request_get_actor (request), transaction,
                           on_moved, g_object_ref (request));
}

static void
on_uninvited_told (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;

  if (!karez_audit_append_finish (KAREZ_AUDIT (source), result, &error))
    hub_warning ("sessions", NULL,
                 "A stop by somebody who is not invited could not be recorded: %s", error->message);
}

/* The database answers after all, and would have refused what was done without it. */
static void
tell_uninvited (HubSessions *self, KarezRequest *request, const GError *error)
{
  karez_audit_append_async (
      hub_sessions_get_services (self)->audit, karez_request_get_actor (request),
      "session.stop-uninvited", KAREZ_OUTCOME_SUCCESS, karez_request_get_path_part (request, "id"),
      NULL, karez_json_object ("reason", "s", error->message, NULL), NULL, on_uninvited_told, NULL);
}

/* A move whose admission is asked of the database; for a stop, its answer and a clock race. */
typedef struct
{
  HubSessions *sessions;
  KarezRequest *request;
  const char *edge; /* a literal */
  gboolean decided;
} Admission;

static void
admission_clear (gpointer data)
{
  Admission *admission = data;

  g_object_unref (admission->sessions);
  g_object_unref (admission->request);
}

static void
admission_unref (gpointer admission)
{
  g_rc_box_release_full (admission, admission_clear);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Admission, admission_unref)

static void
on_admitted (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Admission) admission = data;
  g_autoptr (GError) error = NULL;
  gboolean admitted = hub_session_admission_ask_finish (KAREZ_STORE (source), result, &error);

  if (admission->decided)
    {
      if (!admitted && karez_error_is_conflict (error))
        tell_uninvited (admission->sessions, admission->request, error);
      return;
    }
  admission->decided = TRUE;
  /* Ending waits for no database that is away or busy. */
  if (admitted
      || (g_str_equal (admission->edge, "stop")
          && (karez_error_is_unavailable (error) || karez_error_is_timeout (error)
              || karez_error_is_busy (error))))
    move_now (admission->request, admission->sessions, admission->edge);
  else
    karez_request_fail (admission->request, error);
}

static gboolean
on_admission_late (gpointer data)
{
  Admission *admission = data;

  if (admission->decided)
    return G_SOURCE_REMOVE;
  admission->decided = TRUE;
  hub_notice ("sessions", karez_request_get_path_part (admission->request, "id"),
              "The database is too busy to say whether %s is invited; they end the session.",
              karez_actor_get_id (karez_request_get_actor (admission->request)));
  move_now (admission->request, admission->sessions, "stop");
  return G_SOURCE_REMOVE;
}

static void
ask_admission (HubSessions *self, KarezRequest *request, const char *edge)
{
  g_autoptr (Admission) admission = g_rc_box_new0 (Admission);

  admission->sessions = g_object_ref (self);
  admission->request = g_object_ref (request);
  admission->edge = edge;
  if (g_str_equal (edge, "stop"))
    g_timeout_add_full (G_PRIORITY_DEFAULT, ADMISSION_MS, on_admission_late,
                        g_rc_box_acquire (admission), admission_unref);
  hub_session_admission_ask_async (
      hub_sessions_get_services (self)->store, karez_request_get_path_part (request, "id"),
      karez_request_get_actor (request), on_admitted, g_steal_pointer (&admission));
}

/* @edge: a literal @fields: of the body, which may be left out */
static void
move (KarezRequest *request, HubSessions *self, const char *edge, const KarezJsonField *fields)
{
  const char *id = hub_sessions_read_id (request);
  KarezActor *actor = karez_request_get_actor (request);

  if (id == NULL
      || (karez_request_get_body (request) != NULL
          && karez_request_check_body (request, fields) == NULL))
    return;
  if (needs_invitation (hub_sessions_get (self, id), actor, edge))
    ask_admission (self, request, edge);
  else
    move_now (request, self, edge);
}

static void
on_prepare (KarezRequest *request, gpointer data)
{
  move (request, data, "prepare", no_fields);
}

static void
on_start (KarezRequest *request, gpointer data)
{
  move (request, data, "start", seen_fields);
}

static void
on_hold (KarezRequest *request, gpointer data)
{
  move (request, data, "hold", reason_fields);
}

static void
on_panic (KarezRequest *request, gpointer data)
{
  move (request, data, "panic", reason_fields);
}

static void
on_resume (KarezRequest *request, gpointer data)
{
  move (request, data, "resume", seen_fields);
}

static void
on_stop (KarezRequest *request, gpointer data)
{
  move (request, data, "stop", reason_fields);
}

/* People. */

static void
on_joined (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (KarezRequest) request = data;
  g_autoptr (GError) error = NULL;
  JsonNode *node = hub_sessions_join_finish (HUB_SESSIONS (source), result, &error);

  if (node != NULL)
    karez_request_respond (request, 200, node);
  else
    karez_request_fail (request, error);
}

static void
on_join (KarezRequest *request, gpointer data)
{
  HubSessions *self = data;
  const char *id = hub_sessions_read_id (request);
  JsonObject *object = id != NULL ? karez_request_check_body (request, join_fields) : NULL;
  g_autoptr (KarezTransaction) transaction = NULL;

  if (object == NULL)
    return;
  transaction = karez_request_begin (request, hub_sessions_get_services (self)->store);
  hub_sessions_join_async (
      self, id, karez_json_text (object, "role"), karez_json_boolean (object, "replace"),
      karez_json_text (object, "former"), transaction, on_joined, g_object_ref (request));
}

static void
on_left (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (KarezRequest) request = data;
  g_autoptr (GError) error = NULL;

  if (hub_sessions_leave_finish (HUB_SESSIONS (source), result, &error))
    karez_request_respond (request, 204, NULL);
  else
    karez_request_fail (request, error);
}

static void
on_leave (KarezRequest *request, gpointer data)
{
  HubSessions *self = data;
  const char *id = hub_sessions_read_id (request);
  JsonObject *object = id != NULL ? karez_request_check_body (request, leave_fields) : NULL;
  g_autoptr (KarezTransaction) transaction = NULL;

  if (object == NULL)
    return;
  transaction = karez_request_begin (request, hub_sessions_get_services (self)->store);
  hub_sessions_leave_async (self, id, karez_json_text (object, "participant"), transaction, on_left,
                            g_object_ref (request));
}

/* What is there. */

static JsonNode *
take_items (JsonArray *array)
{
  JsonNode *items = json_node_new (JSON_NODE_ARRAY);

  json_node_set_array (items, array);
  return karez_json_object ("items", "n", items, NULL);
}

/* @defaults: those that are meant where nobody chooses, or the others */
static void
add_modalities (HubSessions *self, JsonArray *array, gboolean defaults)
{
  GPtrArray *plugins = hub_plugin_list_get_all (hub_sessions_get_services (self)->plugins);

  for (guint i = 0; i < plugins->len; i++)
    {
      HubPluginFile *file = hub_plugin_get_file (plugins->pdata[i]);
      const HubModalityInfo *info = file != NULL ? hub_plugin_file_get_modality (file) : NULL;

      if (info == NULL || hub_plugin_get_state (plugins->pdata[i]) != HUB_PLUGIN_ENABLED
          || info->is_default != defaults)
        continue;
      json_array_add_element (
          array,
          karez_json_object ("id", "s", info->id, "title", "s", info->title, "host", "s",
                             info->host_is_requester ? "requester" : "patient", "roles", "as",
                             info->roles, "accounts", "n", json_node_ref (info->takers),
                             "host_roles", "as", info->host_roles, "mirror_roles", "as",
                             info->mirror_roles, "duration_minutes", "i", (gint64) info->duration,
                             "plugin", "s", hub_plugin_file_get_id (file), NULL));
    }
}

static void
on_modalities (KarezRequest *request, gpointer data)
{
  g_autoptr (JsonArray) array = json_array_new ();

  add_modalities (data, array, TRUE);
  add_modalities (data, array, FALSE);
  karez_request_respond (request, 200, take_items (array));
}

static void
on_workers (KarezRequest *request, gpointer data)
{
  HubSessionServices *services = hub_sessions_get_services (data);

  karez_request_respond (
      request, 200,
      karez_json_object ("items", "n", hub_supervisor_list (services->supervisor), NULL));
}

gboolean
hub_sessions_add_routes (HubSessions *self, KarezRoutes *routes, GError **error)
{
  static const struct
  {
    const char *method, *path, *permission;
    KarezRouteFunc func;
  } table[] = {
    { "GET", "/sessions", "board.read", on_list },
    { "GET", "/sessions/{id}", "board.read", on_get },
    { "POST", "/sessions/{id}/prepare", "session.control", on_prepare },
    { "POST", "/sessions/{id}/start", "session.control", on_start },
    { "POST", "/sessions/{id}/hold", "session.halt", on_hold },
    { "POST", "/sessions/{id}/panic", "session.halt", on_panic },
    { "POST", "/sessions/{id}/resume", "session.control", on_resume },
    { "POST", "/sessions/{id}/stop", "session.halt", on_stop },
    { "POST", "/sessions/{id}/join", "session.join", on_join },
    { "POST", "/sessions/{id}/leave", "session.join", on_leave },
    { "POST", "/sessions/{id}/echo", "session.join", hub_sessions_on_echo },
    { "GET", "/modalities", "board.read", on_modalities },
    { "GET", "/workers", "system.read", on_workers },
  };

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    if (!karez_routes_add (routes, table[i].method, table[i].path, table[i].permission,
                           table[i].func, g_object_ref (self), g_object_unref, error))
      return FALSE;
  return hub_sessions_add_invitation_routes (self, routes, error)
         && hub_sessions_add_look_routes (self, routes, error)
         && hub_sessions_add_consent_routes (self, routes, error)
         && hub_sessions_add_dead_letter_routes (self, routes, error);
}
