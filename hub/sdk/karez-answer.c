/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Answers to requests that wait for the database. */
#define KAREZ_INSIDE
#include "karez-answer.h"

typedef struct
{
  KarezRequest *request;
  guint status;
  JsonNode *body;
  char *view; /* what is on record for today once the event is durable */
} Answer;

static Answer *
answer_new (KarezRequest *request, guint status, JsonNode *body)
{
  Answer *self = g_new0 (Answer, 1);

  self->request = g_object_ref (request);
  self->status = status;
  self->body = body;
  return self;
}

static void
answer_free (Answer *self)
{
  g_object_unref (self->request);
  g_clear_pointer (&self->body, json_node_unref);
  g_free (self->view);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Answer, answer_free)

static void
give (Answer *self, const GError *error)
{
  if (error != NULL)
    karez_request_fail (self->request, error);
  else
    karez_request_respond (self->request, self->status, g_steal_pointer (&self->body));
}

static void
on_committed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Answer) answer = data;
  g_autoptr (GError) error = NULL;

  karez_transaction_commit_finish (KAREZ_TRANSACTION (source), result, &error);
  give (answer, error);
}

void
karez_request_commit (KarezRequest *self, KarezTransaction *transaction, guint status,
                      JsonNode *body)
{
  g_return_if_fail (KAREZ_IS_REQUEST (self));

  karez_transaction_commit_async (transaction, NULL, on_committed, answer_new (self, status, body));
}

typedef struct
{
  KarezRequest *request;
  KarezFoundFunc func;
  gpointer data;
} Query;

static void
on_found (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autofree Query *query = data;
  g_autoptr (KarezRequest) request = query->request;
  g_autoptr (GError) error = NULL;
  g_autoptr (KarezRows) rows = karez_store_query_finish (KAREZ_STORE (source), result, &error);

  if (rows != NULL)
    query->func (request, rows, query->data);
  else
    karez_request_fail (request, error);
}

void
karez_request_query (KarezRequest *self, KarezStore *store, const char *statement, GVariant *params,
                     KarezFoundFunc func, gpointer data)
{
  Query *query = NULL;

  g_return_if_fail (KAREZ_IS_REQUEST (self));
  g_return_if_fail (KAREZ_IS_STORE (store));
  g_return_if_fail (func != NULL);

  query = g_new (Query, 1);
  query->request = g_object_ref (self);
  query->func = func;
  query->data = data;
  karez_store_query_async (store, statement, params, NULL, on_found, query);
}

typedef struct
{
  KarezRequest *request;
  KarezBookedFunc func;
  gpointer data;
  GDestroyNotify destroy;
} Booked;

static void
booked_free (Booked *self)
{
  g_object_unref (self->request);
  if (self->destroy != NULL)
    self->destroy (self->data);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Booked, booked_free)

static void
on_booking (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Booked) booked = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode)
      booking = karez_agenda_get_booking_finish (KAREZ_AGENDA (source), result, &error);

  if (error == NULL || karez_error_is_not_found (error))
    booked->func (booked->request, booking, booked->data);
  else
    karez_request_fail (booked->request, error);
}

void
karez_request_find_booking (KarezRequest *self, KarezAgenda *agenda, const char *booking,
                            KarezBookedFunc func, gpointer data, GDestroyNotify destroy)
{
  Booked *booked = NULL;

  g_return_if_fail (KAREZ_IS_REQUEST (self));
  g_return_if_fail (KAREZ_IS_AGENDA (agenda));
  g_return_if_fail (func != NULL);

  booked = g_new (Booked, 1);
  booked->request = g_object_ref (self);
  booked->func = func;
  booked->data = data;
  booked->destroy = destroy;
  karez_agenda_get_booking_async (agenda, booking, NULL, on_booking, booked);
}

/* What was seen today, by the log that it is recorded in. A hub that starts anew records it again.
 */
typedef struct
{
  int day;
  GHashTable *seen;
} Views;

static void
views_free (gpointer data)
{
  g_hash_table_unref (((Views *) data)->seen);
  g_free (data);
}

static GHashTable *
views_of (KarezAudit *audit)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  int day = g_date_time_get_year (now) * 1000 + g_date_time_get_day_of_year (now);
  Views *views = g_object_get_data (G_OBJECT (audit), "karez-views");

  if (views == NULL)
    {
      views = g_new0 (Views, 1);
      views->seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
      g_object_set_data_full (G_OBJECT (audit), "karez-views", views, views_free);
    }
  if (views->day != day)
    g_hash_table_remove_all (views->seen);
  views->day = day;
  return views->seen;
}

static void
on_recorded (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Answer) answer = data;
  g_autoptr (GError) error = NULL;

  if (karez_audit_append_finish (KAREZ_AUDIT (source), result, &error) && answer->view != NULL)
    g_hash_table_add (views_of (KAREZ_AUDIT (source)), g_steal_pointer (&answer->view));
  give (answer, error);
}

void
karez_request_respond_read (KarezRequest *self, KarezAudit *audit, const char *action,
                            const char *session, const char *patient, JsonNode *body)
{
  g_return_if_fail (KAREZ_IS_REQUEST (self));

  karez_audit_append_async (audit, karez_request_get_actor (self), action, KAREZ_OUTCOME_SUCCESS,
                            session, patient, NULL, NULL, on_recorded,
                            answer_new (self, 200, body));
}

void
karez_request_respond_view (KarezRequest *self, KarezAudit *audit, const char *action,
                            const char *session, const char *patient, JsonNode *body)
{
  KarezActor *actor = karez_request_get_actor (self);
  g_autofree char *view = g_strjoin ("\n", karez_actor_get_id (actor), action,
                                     session != NULL ? session : "", patient != NULL ? patient : "",
                                     NULL);
  Answer *answer;

  g_return_if_fail (KAREZ_IS_REQUEST (self));

  if (g_hash_table_contains (views_of (audit), view))
    {
      karez_request_respond (self, 200, body);
      return;
    }
  answer = answer_new (self, 200, body);
  answer->view = g_steal_pointer (&view);
  karez_audit_append_async (audit, actor, action, KAREZ_OUTCOME_SUCCESS, session, patient, NULL,
                            NULL, on_recorded, answer);
}

/* A stream that waits until its reading is on record. */
typedef struct
{
  KarezRequest *request;
  KarezStream stream;
  char *media_type, *name, *tag;
  KarezStreamFunc func;
  gpointer data;
  GDestroyNotify destroy;
} Reading;

static void
reading_free (Reading *self)
{
  if (self->destroy != NULL)
    self->destroy (self->data);
  g_object_unref (self->request);
  g_free (self->media_type);
  g_free (self->name);
  g_free (self->tag);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Reading, reading_free)

static void
on_reading_recorded (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Reading) reading = data;
  g_autoptr (GError) error = NULL;

  if (karez_audit_append_finish (KAREZ_AUDIT (source), result, &error))
    karez_request_respond_stream (reading->request, &reading->stream, reading->func, reading->data,
                                  g_steal_pointer (&reading->destroy));
  else
    karez_request_fail (reading->request, error);
}

void
karez_request_respond_read_stream (KarezRequest *self, KarezAudit *audit, const char *action,
                                   const char *session, const char *patient, JsonNode *details,
                                   const KarezStream *stream, KarezStreamFunc func, gpointer data,
                                   GDestroyNotify destroy)
{
  Reading *reading = g_new0 (Reading, 1);

  g_return_if_fail (KAREZ_IS_REQUEST (self));

  reading->request = g_object_ref (self);
  reading->stream = *stream;
  reading->stream.media_type = reading->media_type = g_strdup (stream->media_type);
  reading->stream.name = reading->name = g_strdup (stream->name);
  reading->stream.tag = reading->tag = g_strdup (stream->tag);
  reading->func = func;
  reading->data = data;
  reading->destroy = destroy;
  karez_audit_append_async (audit, karez_request_get_actor (self), action, KAREZ_OUTCOME_SUCCESS,
                            session, patient, details, NULL, on_reading_recorded, reading);
}
