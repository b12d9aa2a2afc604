/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Events that change no row of their own, and the implementation of KarezAudit. */
#include "hub-audit.h"

#include "hub-audit-sql.h"
#include "hub-catalogue.h"
#include "hub-clock.h"
#include "hub-id.h"

#include <string.h>

struct _HubAudit
{
  GObject parent_instance;
  HubStore *store;
};

static void hub_audit_iface_init (KarezAuditInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (HubAudit, hub_audit, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (KAREZ_TYPE_AUDIT, hub_audit_iface_init))

static void
hub_audit_dispose (GObject *object)
{
  g_clear_object (&HUB_AUDIT (object)->store);
  G_OBJECT_CLASS (hub_audit_parent_class)->dispose (object);
}

static void
hub_audit_class_init (HubAuditClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = hub_audit_dispose;
}

static void
hub_audit_init (HubAudit *self)
{
}

void
hub_audit_add_schema (HubStore *store)
{
  static gsize registered;

  if (g_once_init_enter (&registered))
    {
      hub_audit_sql_register_resource ();
      g_once_init_leave (&registered, 1);
    }
  hub_store_add_schema (store, "audit", "/org/karez/audit/sql", FALSE);
}

HubAudit *
hub_audit_new (HubStore *store)
{
  HubAudit *self = g_object_new (HUB_TYPE_AUDIT, NULL);

  self->store = g_object_ref (store);
  return self;
}

/* ── KarezAudit ─────────────────────────────────────────────────────────────────────────────── */

static void
on_appended (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;

  if (hub_store_append_event_finish (HUB_STORE (source), result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
hub_audit_append_async (KarezAudit *audit, KarezActor *actor, const char *action,
                        KarezOutcome outcome, const char *session, const char *patient,
                        JsonNode *details, GCancellable *cancellable, GAsyncReadyCallback callback,
                        gpointer data)
{
  GTask *task = g_task_new (audit, cancellable, callback, data);

  g_task_set_source_tag (task, hub_audit_append_async);
  hub_store_append_event_async (HUB_AUDIT (audit)->store, actor, action, outcome, session, patient,
                                details, cancellable, on_appended, task);
}

static gboolean
hub_audit_append_finish (KarezAudit *audit, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_async_result_is_tagged (result, hub_audit_append_async), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
hub_audit_iface_init (KarezAuditInterface *iface)
{
  iface->append_async = hub_audit_append_async;
  iface->append_finish = hub_audit_append_finish;
}

/* ── reading ────────────────────────────────────────────────────────────────────────────────── */

typedef struct
{
  KarezActor *actor;
  JsonNode *question; /* what the event of this reading tells */
  JsonNode *answer;
  char *session, *patient;
  guint limit;
} Reading;

static void
reading_free (gpointer data)
{
  Reading *reading = data;

  karez_actor_unref (reading->actor);
  g_clear_pointer (&reading->question, json_node_unref);
  g_clear_pointer (&reading->answer, json_node_unref);
  g_free (reading->session);
  g_free (reading->patient);
  g_free (reading);
}

static void
on_recorded (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Reading *reading = g_task_get_task_data (task);
  GError *error = NULL;

  if (hub_store_append_event_finish (HUB_STORE (source), result, &error))
    g_task_return_pointer (task, g_steal_pointer (&reading->answer),
                           (GDestroyNotify) json_node_unref);
  else
    g_task_return_error (task, error);
}

static JsonNode *
make_answer (KarezRows *rows, guint limit)
{
  guint n = MIN (karez_rows_get_count (rows), limit);
  JsonNode *items = json_node_new (JSON_NODE_ARRAY);

  json_node_take_array (items, json_array_sized_new (n));
  for (guint i = 0; i < n; i++)
    json_array_add_element (json_node_get_array (items), karez_rows_json (rows, i, "body"));
  return karez_json_object ("items", "n", items, "cursor", "n",
                            karez_rows_get_count (rows) > limit ? json_node_init_string (
                                json_node_alloc (), karez_rows_text (rows, n - 1, "cursor"))
                                                                : json_node_new (JSON_NODE_NULL),
                            NULL);
}

static void
on_events (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  HubAudit *self = g_task_get_source_object (task);
  Reading *reading = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (KarezRows) rows = karez_store_query_finish (KAREZ_STORE (source), result, &error);

  if (rows == NULL)
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }
  reading->answer = make_answer (rows, reading->limit);
  hub_store_append_event_async (self->store, reading->actor, "audit.read", KAREZ_OUTCOME_SUCCESS,
                                reading->session, reading->patient,
                                g_steal_pointer (&reading->question), g_task_get_cancellable (task),
                                on_recorded, task);
}

static GError *
refuse (const char *member, const char *accepted)
{
  return karez_error_new (KAREZ_ERROR_INVALID, "audit/question", accepted,
                          N_ ("%s of the question cannot be read"), member);
}

/* "2026-11-24T04:11:58.123456Z_UUID" in two. */
static gboolean
split_cursor (const char *cursor, char **at, char **id)
{
  const char *line = strchr (cursor, '_');
  g_autofree char *moment = line != NULL ? g_strndup (cursor, line - cursor) : NULL;
  gint64 time;

  if (line == NULL || !hub_time_parse (moment, &time) || !hub_id_is_valid (line + 1))
    return FALSE;
  *at = g_steal_pointer (&moment);
  *id = g_strdup (line + 1);
  return TRUE;
}

static GError *
check_query (const HubAuditQuery *query)
{
  gint64 time;

  if (query->action != NULL
      && (*query->action == '\0' || strlen (query->action) > 100
          || strspn (query->action, "abcdefghijklmnopqrstuvwxyz0123456789.-")
                 != strlen (query->action)))
    return refuse ("action", N_ ("An action, or its first words, like booking.accept"));
  if (query->actor != NULL && strlen (query->actor) > 200)
    return refuse ("actor", N_ ("The id of a person, a hub or a part of this hub"));
  if (query->session != NULL && !hub_id_is_valid (query->session))
    return refuse ("session", N_ ("The id of a session"));
  if (query->patient != NULL && !hub_id_is_valid (query->patient))
    return refuse ("patient", N_ ("The id of a patient"));
  if (query->from != NULL && !hub_time_parse (query->from, &time))
    return refuse ("from", N_ ("RFC 3339, like 2026-11-24T06:30:00Z"));
  if (query->to != NULL && !hub_time_parse (query->to, &time))
    return refuse ("to", N_ ("RFC 3339, like 2026-11-24T06:30:00Z"));
  if (query->limit < 1 || query->limit > HUB_AUDIT_MAX)
    return refuse ("limit", N_ ("A whole number from 1 to 200"));
  return NULL;
}

void
hub_audit_list_async (HubAudit *self, KarezActor *actor, const HubAuditQuery *query,
                      GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, data);
  GError *error = check_query (query);
  g_autofree char *at = NULL;
  g_autofree char *id = NULL;
  Reading *reading;

  g_task_set_source_tag (task, hub_audit_list_async);
  if (error == NULL && query->since != NULL && !split_cursor (query->since, &at, &id))
    error = refuse ("since", N_ ("The cursor of the page before"));
  if (error != NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  reading = g_new0 (Reading, 1);
  reading->actor = karez_actor_ref (actor);
  reading->session = g_strdup (query->session);
  reading->patient = g_strdup (query->patient);
  reading->limit = query->limit;
  reading->question = karez_json_object ("since", "s", query->since, "action", "s", query->action,
                                         "actor", "s", query->actor, "from", "s", query->from, "to",
                                         "s", query->to, "limit", "i", (gint64) query->limit, NULL);
  g_task_set_task_data (task, reading, reading_free);
  karez_store_query_async (hub_store_get_scope (self->store, "audit"), "event_list",
                           g_variant_new ("(msmsmsmsmsmsmsmsx)", at, id, query->action,
                                          query->actor, query->session, query->patient, query->from,
                                          query->to, (gint64) query->limit + 1),
                           cancellable, on_events, g_steal_pointer (&task));
}

JsonNode *
hub_audit_list_finish (HubAudit *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_async_result_is_tagged (result, hub_audit_list_async), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}
