/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A session's worker for tests of live halves. */
#include "fake-worker.h"

#include <string.h>

static gboolean
link_open (KarezLink *link, guint stream, KarezLinkPolicy policy, gboolean ordered, GError **error)
{
  g_assert_cmpuint (stream, >=, 16);
  g_assert_true (ordered);
  FAKE_WORKER (link)->stream = stream;
  return TRUE;
}

static gboolean
link_send (KarezLink *link, guint stream, GBytes *payload, GError **error)
{
  FakeWorker *self = FAKE_WORKER (link);

  g_assert_cmpuint (stream, ==, self->stream);
  g_assert_cmpuint (g_bytes_get_size (payload), <=, KAREZ_LINK_MAX_MESSAGE);
  g_queue_push_tail (&self->other->on_the_way, g_bytes_ref (payload));
  g_clear_pointer (&self->saved_at_send, g_bytes_unref);
  self->saved_at_send = self->saved != NULL ? g_bytes_ref (self->saved) : NULL;
  return TRUE;
}

static gboolean
link_is_up (KarezLink *link)
{
  return FAKE_WORKER (link)->up;
}

static void
link_iface_init (KarezLinkInterface *iface)
{
  iface->open = link_open;
  iface->send = link_send;
  iface->is_up = link_is_up;
}

static void
media_join (KarezMedia *media, KarezParticipant *participant)
{
  g_assert_true (karez_participant_is_local (participant));
}

static void
media_set_forwarding (KarezMedia *media, gboolean on)
{
  FAKE_WORKER (media)->forwarding = on;
}

static void
media_iface_init (KarezMediaInterface *iface)
{
  iface->join = media_join;
  iface->leave = media_join;
  iface->set_forwarding = media_set_forwarding;
}

static const char *
session_get_id (KarezSession *session)
{
  return "019ab3c4-0000-7000-8000-0000000000aa";
}

static KarezState
session_get_state (KarezSession *session)
{
  return FAKE_WORKER (session)->state;
}

static gboolean
session_is_host (KarezSession *session)
{
  return FAKE_WORKER (session)->host;
}

static KarezLink *
session_get_link (KarezSession *session)
{
  return KAREZ_LINK (session);
}

static KarezMedia *
session_get_media (KarezSession *session, GError **error)
{
  return KAREZ_MEDIA (session);
}

static GListModel *
session_get_participants (KarezSession *session)
{
  return G_LIST_MODEL (FAKE_WORKER (session)->participants);
}

static void
session_record (KarezSession *session, const char *action, KarezActor *actor, JsonNode *body)
{
  FakeRecord *record = g_new (FakeRecord, 1);

  record->action = g_strdup (action);
  record->body = body;
  g_ptr_array_add (FAKE_WORKER (session)->records, record);
}

/* What was recorded before is on disk with it. */
static void
end_save (FakeWorker *self, GTask *task)
{
  GBytes *saved = g_task_get_task_data (task);

  g_clear_pointer (&self->saved, g_bytes_unref);
  self->saved = g_bytes_ref (saved);
  self->n_durable = MAX (self->n_durable,
                         GPOINTER_TO_UINT (g_object_get_data (G_OBJECT (task), "records")));
  g_task_return_boolean (task, TRUE);
}

static void
session_save_async (KarezSession *session, GCancellable *cancellable, GAsyncReadyCallback callback,
                    gpointer data)
{
  FakeWorker *self = FAKE_WORKER (session);
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, data);

  g_task_set_source_tag (task, session_save_async);
  g_task_set_task_data (task, KAREZ_MODALITY_GET_IFACE (self->half)->checkpoint (self->half),
                        (GDestroyNotify) g_bytes_unref);
  g_object_set_data (G_OBJECT (task), "records", GUINT_TO_POINTER (self->records->len));
  if (self->disk == FAKE_DISK_SLOW)
    g_queue_push_tail (&self->saves, g_steal_pointer (&task));
  else if (self->disk == FAKE_DISK_FULL)
    g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_NO_SPACE, "the disk is full");
  else
    end_save (self, task);
}

static gboolean
session_save_finish (KarezSession *session, GAsyncResult *result, GError **error)
{
  g_assert_true (g_task_is_valid (result, session));
  g_assert_true (g_async_result_is_tagged (result, session_save_async));
  return g_task_propagate_boolean (G_TASK (result), error);
}

void
fake_worker_sync (FakeWorker *self)
{
  g_autoptr (GTask) task = g_queue_pop_head (&self->saves);

  g_assert_nonnull (task);
  end_save (self, task);
  fake_workers_rest ();
}

void
fake_workers_rest (void)
{
  while (g_main_context_iteration (NULL, FALSE)) /* nocheck:blocked -- a test turns its own loop */
    ;
}

static void
session_iface_init (KarezSessionInterface *iface)
{
  iface->get_id = session_get_id;
  iface->get_state = session_get_state;
  iface->is_host = session_is_host;
  iface->get_link = session_get_link;
  iface->get_media = session_get_media;
  iface->get_participants = session_get_participants;
  iface->record = session_record;
  iface->save_async = session_save_async;
  iface->save_finish = session_save_finish;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (FakeWorker, fake_worker, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (KAREZ_TYPE_LINK, link_iface_init)
                                   G_IMPLEMENT_INTERFACE (KAREZ_TYPE_MEDIA, media_iface_init)
                                       G_IMPLEMENT_INTERFACE (KAREZ_TYPE_SESSION,
                                                              session_iface_init))

static void
record_free (FakeRecord *record)
{
  g_free (record->action);
  json_node_unref (record->body);
  g_free (record);
}

void
fake_worker_fail_saves (FakeWorker *self)
{
  GTask *task;

  while ((task = g_queue_pop_head (&self->saves)) != NULL)
    {
      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CLOSED, "the worker ends");
      g_object_unref (task);
    }
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static void
fake_worker_finalize (GObject *object)
{
  FakeWorker *self = FAKE_WORKER (object);

  g_clear_object (&self->half);
  g_object_unref (self->participants);
  g_queue_clear_full (&self->on_the_way, (GDestroyNotify) g_bytes_unref);
  g_ptr_array_unref (self->records);
  g_queue_clear_full (&self->saves, g_object_unref);
  g_clear_pointer (&self->saved, g_bytes_unref);
  g_clear_pointer (&self->saved_at_send, g_bytes_unref);
  G_OBJECT_CLASS (fake_worker_parent_class)->finalize (object);
}

static void
fake_worker_class_init (FakeWorkerClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = fake_worker_finalize;
}

static void
fake_worker_init (FakeWorker *self)
{
  self->participants = g_list_store_new (KAREZ_TYPE_PARTICIPANT);
  self->records = g_ptr_array_new_with_free_func ((GDestroyNotify) record_free);
  self->state = KAREZ_STATE_LIVE;
}

void
fake_workers_new (FakeWorker *workers[2])
{
  for (guint i = 0; i < 2; i++)
    workers[i] = g_object_new (FAKE_TYPE_WORKER, NULL);
  for (guint i = 0; i < 2; i++)
    workers[i]->other = workers[1 - i];
  workers[0]->host = TRUE;
}

static void
on_done (GObject *source, GAsyncResult *result, gpointer data)
{
  *(GAsyncResult **) data = g_object_ref (result);
}

static void
wait_for (GAsyncResult **result)
{
  while (*result == NULL)
    g_main_context_iteration (NULL, TRUE); /* nocheck:blocked -- a test turns its own loop */
}

void
fake_worker_start (FakeWorker *self, GType half, GBytes *saved)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  KarezModalityInterface *iface;

  g_clear_object (&self->half);
  self->half = g_object_new (half, NULL);
  iface = KAREZ_MODALITY_GET_IFACE (self->half);
  if (saved != NULL)
    iface->restore (self->half, saved, &error);
  g_assert_no_error (error);
  iface->prepare_async (self->half, KAREZ_SESSION (self), NULL, on_done, &result);
  wait_for (&result);
  g_assert_true (iface->prepare_finish (self->half, result, &error));
  g_assert_no_error (error);
}

void
fake_worker_begin (FakeWorker *self, FakeMove move, GAsyncResult **result)
{
  KarezModalityInterface *iface = KAREZ_MODALITY_GET_IFACE (self->half);

  switch (move)
    {
    case FAKE_MOVE_START:
      iface->start_async (self->half, NULL, on_done, result);
      break;
    case FAKE_MOVE_HOLD:
      iface->hold_async (self->half, "a reason", NULL, on_done, result);
      break;
    case FAKE_MOVE_RESUME:
      iface->resume_async (self->half, NULL, on_done, result);
      break;
    case FAKE_MOVE_STOP:
      iface->stop_async (self->half, "a reason", NULL, on_done, result);
      break;
    }
}

void
fake_worker_end (FakeWorker *self, FakeMove move, GAsyncResult **result)
{
  KarezModalityInterface *iface = KAREZ_MODALITY_GET_IFACE (self->half);
  gboolean (*const finish[]) (KarezModality *, GAsyncResult *,
                              GError **) = { iface->start_finish, iface->hold_finish,
                                             iface->resume_finish, iface->stop_finish };
  g_autoptr (GError) error = NULL;

  wait_for (result);
  g_assert_true (finish[move](self->half, *result, &error));
  g_assert_no_error (error);
  g_clear_object (result);
}

void
fake_worker_move (FakeWorker *self, FakeMove move)
{
  GAsyncResult *result = NULL;

  fake_worker_begin (self, move, &result);
  fake_worker_end (self, move, &result);
}

void
fake_worker_preflight (FakeWorker *self, GAsyncResult **result)
{
  KAREZ_MODALITY_GET_IFACE (self->half)->preflight_async (self->half, NULL, on_done, result);
  wait_for (result);
}

void
fake_worker_join (FakeWorker *self, KarezParticipant *participant)
{
  KarezModalityInterface *iface = KAREZ_MODALITY_GET_IFACE (self->half);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  g_list_store_append (self->participants, participant);
  iface->join_async (self->half, participant, NULL, on_done, &result);
  wait_for (&result);
  g_assert_true (iface->join_finish (self->half, result, &error));
  g_assert_no_error (error);
}

gboolean
fake_worker_say (FakeWorker *self, KarezParticipant *participant, const char *json, GError **error)
{
  g_autoptr (JsonNode) node = json_from_string (json, NULL);
  gboolean taken;

  g_assert_nonnull (node);
  taken = KAREZ_MODALITY_GET_IFACE (self->half)
              ->message (self->half, participant, json_node_get_object (node), error);
  fake_workers_rest ();
  return taken;
}

void
fake_workers_set_up (FakeWorker *workers[2], gboolean up)
{
  for (guint i = 0; i < 2; i++)
    {
      workers[i]->up = up;
      g_signal_emit_by_name (workers[i], "changed");
    }
}

void
fake_workers_carry (FakeWorker *workers[2])
{
  gboolean more = TRUE;

  while (more)
    {
      more = FALSE;
      fake_workers_rest ();
      for (guint i = 0; i < 2; i++)
        {
          g_autoptr (GBytes) payload = g_queue_pop_head (&workers[i]->on_the_way);

          if (payload == NULL)
            continue;
          more = TRUE;
          g_signal_emit_by_name (workers[i], "message", workers[i]->stream, payload);
        }
    }
}

void
fake_worker_receive (FakeWorker *self, const char *text)
{
  g_autoptr (GBytes) payload = g_bytes_new (text, strlen (text));

  g_signal_emit_by_name (self, "message", self->stream, payload);
}

guint
fake_worker_count (FakeWorker *self, const char *action)
{
  guint n = 0;

  for (guint i = 0; i < self->records->len; i++)
    n += g_str_equal (((FakeRecord *) self->records->pdata[i])->action, action);
  return n;
}

JsonObject *
fake_worker_last (FakeWorker *self, const char *action)
{
  for (guint i = self->records->len; i > 0; i--)
    {
      FakeRecord *record = self->records->pdata[i - 1];

      if (g_str_equal (record->action, action))
        return json_node_get_object (record->body);
    }
  return NULL;
}

static void
on_send (KarezParticipant *participant, JsonNode *body, GPtrArray *page)
{
  g_ptr_array_add (page, json_node_ref (body));
}

KarezParticipant *
fake_participant_new (guint side, const char *id, const char *name, const char *role,
                      gboolean local, GPtrArray *page)
{
  static const char *const hospitals[] = { "019ab3c4-0000-7000-8000-00000000000a",
                                           "019ab3c4-0000-7000-8000-00000000000b" };
  g_autoptr (KarezActor) actor = karez_actor_new (KAREZ_ACTOR_PERSON, id, name, NULL, NULL, NULL);
  KarezParticipant *participant = karez_participant_new (id, actor, role, hospitals[side], local);

  if (page != NULL)
    g_signal_connect (participant, "send", G_CALLBACK (on_send), page);
  return participant;
}

JsonObject *
fake_page_last (GPtrArray *page, const char *type)
{
  for (guint i = page->len; i > 0; i--)
    {
      JsonObject *object = json_node_get_object (page->pdata[i - 1]);

      if (g_str_equal (json_object_get_string_member (object, "type"), type))
        return object;
    }
  return NULL;
}
