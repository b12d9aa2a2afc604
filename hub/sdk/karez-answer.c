/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define KAREZ_INSIDE
#include "karez-answer.h"

typedef struct
{
  KarezRequest *request;
  guint status;
  JsonNode *body;
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
  karez_transaction_commit_async (transaction, NULL, on_committed, answer_new (self, status, body));
}

static void
on_recorded (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Answer) answer = data;
  g_autoptr (GError) error = NULL;

  karez_audit_append_finish (KAREZ_AUDIT (source), result, &error);
  give (answer, error);
}

void
karez_request_respond_read (KarezRequest *self, KarezAudit *audit, const char *action,
                            const char *session, const char *patient, JsonNode *body)
{
  karez_audit_append_async (audit, karez_request_get_actor (self), action, KAREZ_OUTCOME_SUCCESS,
                            session, patient, NULL, NULL, on_recorded,
                            answer_new (self, 200, body));
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
