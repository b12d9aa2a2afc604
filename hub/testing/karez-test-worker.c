/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A session's worker for tests of live halves. */
#include "karez-test-worker.h"

#include "karez-test-link.h"
#include "karez-test-media.h"

#define ID "019ab3c4-0000-7000-8000-0000000000aa"

static const char *const hospitals[] = { "019ab3c4-0000-7000-8000-00000000000a",
                                         "019ab3c4-0000-7000-8000-00000000000b" };

/* An action that was recorded. */
typedef struct
{
  char *action;
  KarezActor *actor;
  JsonNode *body;
} Record;

struct _KarezTestWorker
{
  GObject parent;

  gboolean host;
  KarezTestLink *link;
  KarezState state;
  JsonNode *booking;
  GListStore *participants;
  KarezTestMedia *media;
  GHashTable *programs; /* name → KarezTestProgram */
  GPtrArray *records;   /* of Record */
  GHashTable *checks;   /* id → KarezCheck */
  char *asked;
  KarezModality *half;
  KarezTestDisk disk;
  GQueue saves;          /* of GTask: karez_session_save_async(), for a slow disk */
  guint n_durable;       /* records that are on it because of those that have finished */
  GBytes *saved;         /* by them */
  GBytes *saved_at_send; /* what that was when something was sent last */
};

static void session_iface_init (KarezSessionInterface *iface);
G_DEFINE_FINAL_TYPE_WITH_CODE (KarezTestWorker, karez_test_worker, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (KAREZ_TYPE_SESSION, session_iface_init))

static void
record_free (gpointer data)
{
  Record *record = data;

  g_free (record->action);
  g_clear_pointer (&record->actor, karez_actor_unref);
  json_node_unref (record->body);
  g_free (record);
}

/* ── the session ────────────────────────────────────────────────────────────────────────────── */

static const char *
session_get_id (KarezSession *session)
{
  return ID;
}

static const char *
session_get_hub (KarezSession *session)
{
  return hospitals[KAREZ_TEST_WORKER (session)->host ? 0 : 1];
}

static JsonNode *
session_get_booking (KarezSession *session)
{
  return KAREZ_TEST_WORKER (session)->booking;
}

static KarezState
session_get_state (KarezSession *session)
{
  return KAREZ_TEST_WORKER (session)->state;
}

static gboolean
session_is_host (KarezSession *session)
{
  return KAREZ_TEST_WORKER (session)->host;
}

static KarezLink *
session_get_link (KarezSession *session)
{
  return KAREZ_LINK (KAREZ_TEST_WORKER (session)->link);
}

static KarezMedia *
session_get_media (KarezSession *session, GError **error)
{
  return KAREZ_MEDIA (KAREZ_TEST_WORKER (session)->media);
}

static KarezProgram *
session_start_program (KarezSession *session, const char *name, GError **error)
{
  KarezTestWorker *self = KAREZ_TEST_WORKER (session);
  KarezTestProgram *program = g_hash_table_lookup (self->programs, name);

  if (program != NULL && !karez_test_program_is_over (program))
    {
      karez_error_set (error, KAREZ_ERROR_CONFLICT, "program/running", NULL,
                       "The program “%s” runs already.", name);
      return NULL;
    }
  program = g_object_new (KAREZ_TEST_TYPE_PROGRAM, NULL);
  g_hash_table_insert (self->programs, g_strdup (name), program);
  return KAREZ_PROGRAM (g_object_ref (program));
}

static GListModel *
session_get_participants (KarezSession *session)
{
  return G_LIST_MODEL (KAREZ_TEST_WORKER (session)->participants);
}

static void
session_record (KarezSession *session, const char *action, KarezActor *actor, JsonNode *body)
{
  Record *record = g_new0 (Record, 1);

  record->action = g_strdup (action);
  record->actor = actor != NULL ? karez_actor_ref (actor) : NULL;
  record->body = body;
  g_ptr_array_add (KAREZ_TEST_WORKER (session)->records, record);
}

static void
session_report (KarezSession *session, KarezCheck *check)
{
  g_hash_table_insert (KAREZ_TEST_WORKER (session)->checks, g_strdup (karez_check_get_id (check)),
                       g_object_ref (check));
}

static void
ask (KarezTestWorker *self, const char *what, const char *reason)
{
  g_free (self->asked);
  self->asked = g_strdup_printf ("%s: %s", what, reason);
}

static void
session_request_preflight (KarezSession *session)
{
  KarezTestWorker *self = KAREZ_TEST_WORKER (session);

  g_free (self->asked);
  self->asked = g_strdup ("preflight");
}

static void
session_hold (KarezSession *session, const char *reason)
{
  ask (KAREZ_TEST_WORKER (session), "hold", reason);
}

static void
session_finish (KarezSession *session, const char *reason)
{
  ask (KAREZ_TEST_WORKER (session), "finish", reason);
}

/* What was recorded before is on disk with it. */
static void
end_save (KarezTestWorker *self, GTask *task)
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
  KarezTestWorker *self = KAREZ_TEST_WORKER (session);
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, data);

  g_task_set_source_tag (task, session_save_async);
  g_task_set_task_data (task, karez_test_worker_take_checkpoint (self),
                        (GDestroyNotify) g_bytes_unref);
  g_object_set_data (G_OBJECT (task), "records", GUINT_TO_POINTER (self->records->len));
  if (self->disk == KAREZ_TEST_DISK_SLOW)
    g_queue_push_tail (&self->saves, g_steal_pointer (&task));
  else if (self->disk == KAREZ_TEST_DISK_FULL)
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

static void
session_iface_init (KarezSessionInterface *iface)
{
  iface->get_id = session_get_id;
  iface->get_hub = session_get_hub;
  iface->get_booking = session_get_booking;
  iface->get_state = session_get_state;
  iface->is_host = session_is_host;
  iface->get_link = session_get_link;
  iface->get_media = session_get_media;
  iface->start_program = session_start_program;
  iface->get_participants = session_get_participants;
  iface->record = session_record;
  iface->report = session_report;
  iface->request_preflight = session_request_preflight;
  iface->hold = session_hold;
  iface->finish = session_finish;
  iface->save_async = session_save_async;
  iface->save_finish = session_save_finish;
}

/* ── the worker ─────────────────────────────────────────────────────────────────────────────── */

static void
karez_test_worker_finalize (GObject *object)
{
  KarezTestWorker *self = KAREZ_TEST_WORKER (object);

  g_clear_object (&self->half);
  g_object_unref (self->link);
  g_clear_pointer (&self->booking, json_node_unref);
  g_object_unref (self->participants);
  g_object_unref (self->media);
  g_hash_table_unref (self->programs);
  g_ptr_array_unref (self->records);
  g_hash_table_unref (self->checks);
  g_free (self->asked);
  g_queue_clear_full (&self->saves, g_object_unref);
  g_clear_pointer (&self->saved, g_bytes_unref);
  g_clear_pointer (&self->saved_at_send, g_bytes_unref);

  G_OBJECT_CLASS (karez_test_worker_parent_class)->finalize (object);
}

static void
karez_test_worker_class_init (KarezTestWorkerClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = karez_test_worker_finalize;
}

/* What was on disk by then. */
static void
on_sent (KarezTestLink *link, KarezTestWorker *self)
{
  g_clear_pointer (&self->saved_at_send, g_bytes_unref);
  self->saved_at_send = self->saved != NULL ? g_bytes_ref (self->saved) : NULL;
}

static void
karez_test_worker_init (KarezTestWorker *self)
{
  self->link = karez_test_link_new ();
  g_signal_connect_object (self->link, "sent", G_CALLBACK (on_sent), self, 0);
  self->booking = karez_json_object ("id", "s", ID, NULL);
  self->participants = g_list_store_new (KAREZ_TYPE_PARTICIPANT);
  self->media = karez_test_media_new ();
  self->programs = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_object_unref);
  self->records = g_ptr_array_new_with_free_func (record_free);
  self->checks = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_object_unref);
  self->state = KAREZ_STATE_LIVE;
}

void
karez_test_workers_new (KarezTestWorker *workers[2])
{
  g_return_if_fail (workers != NULL);

  for (guint i = 0; i < 2; i++)
    workers[i] = g_object_new (KAREZ_TEST_TYPE_WORKER, NULL);
  for (guint i = 0; i < 2; i++)
    karez_test_link_join (workers[i]->link, workers[1 - i]->link);
  workers[0]->host = TRUE;
}

void
karez_test_workers_set_up (KarezTestWorker *workers[2], gboolean up)
{
  g_return_if_fail (KAREZ_TEST_IS_WORKER (workers[0]) && KAREZ_TEST_IS_WORKER (workers[1]));

  for (guint i = 0; i < 2; i++)
    karez_test_link_set_up (workers[i]->link, up);
}

void
karez_test_rest (void)
{
  while (g_main_context_iteration (NULL, FALSE)) /* nocheck:blocked -- a test turns its own loop */
    ;
}

void
karez_test_workers_carry (KarezTestWorker *workers[2])
{
  gboolean more = TRUE;

  g_return_if_fail (KAREZ_TEST_IS_WORKER (workers[0]) && KAREZ_TEST_IS_WORKER (workers[1]));

  while (more)
    {
      more = FALSE;
      karez_test_rest ();
      for (guint i = 0; i < 2; i++)
        more |= karez_test_link_deliver (workers[i]->link);
    }
}

/* ── the half's verbs ───────────────────────────────────────────────────────────────────────── */

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

/* A verb that a half has not succeeds. */
static void
succeed (KarezTestWorker *self, GAsyncResult **result)
{
  g_autoptr (GTask) task = g_task_new (self->half, NULL, on_done, result);

  g_task_return_boolean (task, TRUE);
}

KarezModality *
karez_test_worker_get_half (KarezTestWorker *self)
{
  g_return_val_if_fail (KAREZ_TEST_IS_WORKER (self), NULL);

  return self->half;
}

void
karez_test_worker_start (KarezTestWorker *self, GType half, GBytes *saved)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  KarezModalityInterface *iface = NULL;

  g_return_if_fail (KAREZ_TEST_IS_WORKER (self));
  g_return_if_fail (g_type_is_a (half, KAREZ_TYPE_MODALITY));

  g_clear_object (&self->half);
  karez_test_link_close (self->link);
  self->half = g_object_new (half, NULL);
  iface = KAREZ_MODALITY_GET_IFACE (self->half);
  if (saved != NULL && iface->restore != NULL)
    iface->restore (self->half, saved, &error);
  g_assert_no_error (error);
  if (iface->prepare_async == NULL)
    return;
  iface->prepare_async (self->half, KAREZ_SESSION (self), NULL, on_done, &result);
  wait_for (&result);
  iface->prepare_finish (self->half, result, &error);
  g_assert_no_error (error);
}

void
karez_test_worker_set_booking (KarezTestWorker *self, JsonNode *booking)
{
  g_return_if_fail (KAREZ_TEST_IS_WORKER (self));
  g_return_if_fail (booking != NULL);

  json_node_unref (self->booking);
  self->booking = json_node_ref (booking);
}

void
karez_test_worker_set_state (KarezTestWorker *self, KarezState state)
{
  g_return_if_fail (KAREZ_TEST_IS_WORKER (self));

  self->state = state;
}

void
karez_test_worker_begin (KarezTestWorker *self, KarezTestMove move, GAsyncResult **result)
{
  KarezModalityInterface *iface = NULL;

  g_return_if_fail (KAREZ_TEST_IS_WORKER (self));
  g_return_if_fail (self->half != NULL);

  iface = KAREZ_MODALITY_GET_IFACE (self->half);
  *result = NULL;
  if (move == KAREZ_TEST_MOVE_START && iface->start_async != NULL)
    iface->start_async (self->half, NULL, on_done, result);
  else if (move == KAREZ_TEST_MOVE_HOLD && iface->hold_async != NULL)
    iface->hold_async (self->half, "a reason", NULL, on_done, result);
  else if (move == KAREZ_TEST_MOVE_RESUME && iface->resume_async != NULL)
    iface->resume_async (self->half, NULL, on_done, result);
  else if (move == KAREZ_TEST_MOVE_STOP && iface->stop_async != NULL)
    iface->stop_async (self->half, "a reason", NULL, on_done, result);
  else
    succeed (self, result);
}

void
karez_test_worker_end (KarezTestWorker *self, KarezTestMove move, GAsyncResult **result)
{
  g_autoptr (GError) error = NULL;

  g_return_if_fail (KAREZ_TEST_IS_WORKER (self));
  g_return_if_fail (self->half != NULL);

  KarezModalityInterface *iface = KAREZ_MODALITY_GET_IFACE (self->half);
  gboolean (*const finish[]) (KarezModality *, GAsyncResult *,
                              GError **) = { iface->start_finish, iface->hold_finish,
                                             iface->resume_finish, iface->stop_finish };

  wait_for (result);
  if (finish[move] != NULL)
    finish[move](self->half, *result, &error);
  g_assert_no_error (error);
  g_clear_object (result);
}

void
karez_test_worker_move (KarezTestWorker *self, KarezTestMove move)
{
  GAsyncResult *result = NULL;

  g_return_if_fail (KAREZ_TEST_IS_WORKER (self));

  karez_test_worker_begin (self, move, &result);
  karez_test_worker_end (self, move, &result);
}

void
karez_test_worker_preflight (KarezTestWorker *self, GAsyncResult **result)
{
  KarezModalityInterface *iface = NULL;

  g_return_if_fail (KAREZ_TEST_IS_WORKER (self));
  g_return_if_fail (self->half != NULL);

  iface = KAREZ_MODALITY_GET_IFACE (self->half);
  g_return_if_fail (iface->preflight_async != NULL);
  *result = NULL;
  iface->preflight_async (self->half, NULL, on_done, result);
  wait_for (result);
}

/* ── people ─────────────────────────────────────────────────────────────────────────────────── */

void
karez_test_worker_add (KarezTestWorker *self, KarezParticipant *participant)
{
  g_return_if_fail (KAREZ_TEST_IS_WORKER (self));
  g_return_if_fail (KAREZ_IS_PARTICIPANT (participant));

  g_list_store_append (self->participants, participant);
}

void
karez_test_worker_join (KarezTestWorker *self, KarezParticipant *participant)
{
  KarezModalityInterface *iface = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  g_return_if_fail (KAREZ_TEST_IS_WORKER (self));
  g_return_if_fail (KAREZ_IS_PARTICIPANT (participant));

  iface = KAREZ_MODALITY_GET_IFACE (self->half);
  if (!g_list_store_find (self->participants, participant, NULL))
    g_list_store_append (self->participants, participant);
  if (iface->join_async == NULL)
    return;
  iface->join_async (self->half, participant, NULL, on_done, &result);
  wait_for (&result);
  iface->join_finish (self->half, result, &error);
  g_assert_no_error (error);
}

void
karez_test_worker_leave (KarezTestWorker *self, KarezParticipant *participant)
{
  KarezModalityInterface *iface = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  guint at = 0;

  g_return_if_fail (KAREZ_TEST_IS_WORKER (self));
  g_return_if_fail (g_list_store_find (self->participants, participant, &at));

  iface = KAREZ_MODALITY_GET_IFACE (self->half);
  g_object_ref (participant);
  g_list_store_remove (self->participants, at);
  if (iface->leave_async != NULL)
    {
      iface->leave_async (self->half, participant, NULL, on_done, &result);
      wait_for (&result);
      iface->leave_finish (self->half, result, &error);
    }
  g_object_unref (participant);
  g_assert_no_error (error);
}

gboolean
karez_test_worker_say (KarezTestWorker *self, KarezParticipant *participant, const char *json,
                       GError **error)
{
  g_autoptr (JsonNode) node = NULL;
  gboolean taken = FALSE;

  g_return_val_if_fail (KAREZ_TEST_IS_WORKER (self), FALSE);
  g_return_val_if_fail (KAREZ_IS_PARTICIPANT (participant), FALSE);

  node = json_from_string (json, NULL);
  g_assert_true (node != NULL && JSON_NODE_HOLDS_OBJECT (node));
  taken = KAREZ_MODALITY_GET_IFACE (self->half)
              ->message (self->half, participant, json_node_get_object (node), error);
  karez_test_rest ();
  return taken;
}

/* ── what comes in ──────────────────────────────────────────────────────────────────────────── */

void
karez_test_worker_receive (KarezTestWorker *self, const char *text)
{
  g_return_if_fail (KAREZ_TEST_IS_WORKER (self));
  g_return_if_fail (text != NULL);

  karez_test_link_receive (self->link, text);
}

guint
karez_test_worker_count_arriving (KarezTestWorker *self)
{
  g_return_val_if_fail (KAREZ_TEST_IS_WORKER (self), 0);

  return karez_test_link_count (self->link);
}

void
karez_test_worker_lose (KarezTestWorker *self)
{
  g_return_if_fail (KAREZ_TEST_IS_WORKER (self));

  karez_test_link_lose (self->link);
}

/* ── the disk ───────────────────────────────────────────────────────────────────────────────── */

void
karez_test_worker_set_disk (KarezTestWorker *self, KarezTestDisk disk)
{
  g_return_if_fail (KAREZ_TEST_IS_WORKER (self));

  self->disk = disk;
}

guint
karez_test_worker_count_saves (KarezTestWorker *self)
{
  g_return_val_if_fail (KAREZ_TEST_IS_WORKER (self), 0);

  return self->saves.length;
}

void
karez_test_worker_sync (KarezTestWorker *self)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (KAREZ_TEST_IS_WORKER (self));

  task = g_queue_pop_head (&self->saves);
  g_assert_nonnull (task);
  end_save (self, task);
  karez_test_rest ();
}

GBytes *
karez_test_worker_take_checkpoint (KarezTestWorker *self)
{
  KarezModalityInterface *iface = NULL;

  g_return_val_if_fail (KAREZ_TEST_IS_WORKER (self), NULL);
  g_return_val_if_fail (self->half != NULL, NULL);

  iface = KAREZ_MODALITY_GET_IFACE (self->half);
  return iface->checkpoint != NULL ? iface->checkpoint (self->half) : g_bytes_new (NULL, 0);
}

GBytes *
karez_test_worker_get_saved (KarezTestWorker *self)
{
  g_return_val_if_fail (KAREZ_TEST_IS_WORKER (self), NULL);

  return self->saved;
}

GBytes *
karez_test_worker_get_saved_at_send (KarezTestWorker *self)
{
  g_return_val_if_fail (KAREZ_TEST_IS_WORKER (self), NULL);

  return self->saved_at_send;
}

GBytes *
karez_test_worker_die (KarezTestWorker *self)
{
  g_autoptr (GBytes) saved = NULL;
  guint n_durable = 0;
  GTask *task = NULL;

  g_return_val_if_fail (KAREZ_TEST_IS_WORKER (self), NULL);

  saved = self->saved != NULL ? g_bytes_ref (self->saved) : NULL;
  n_durable = MIN (self->n_durable, self->records->len);
  /* What the half does when it hears so is lost with it. */
  self->disk = KAREZ_TEST_DISK_QUICK;
  while ((task = g_queue_pop_head (&self->saves)) != NULL)
    {
      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CLOSED, "the worker ends");
      g_object_unref (task);
    }
  karez_test_rest ();
  g_clear_object (&self->half);
  g_ptr_array_set_size (self->records, (gint) n_durable);
  self->n_durable = n_durable;
  karez_test_media_forget (self->media);
  g_hash_table_remove_all (self->programs);
  g_hash_table_remove_all (self->checks);
  g_list_store_remove_all (self->participants);
  return g_steal_pointer (&saved);
}

/* ── what the half did ──────────────────────────────────────────────────────────────────────── */

guint
karez_test_worker_count (KarezTestWorker *self, const char *action)
{
  guint n = 0;

  g_return_val_if_fail (KAREZ_TEST_IS_WORKER (self), 0);

  for (guint i = 0; i < self->records->len; i++)
    n += action == NULL || g_str_equal (((Record *) self->records->pdata[i])->action, action);
  return n;
}

JsonObject *
karez_test_worker_last (KarezTestWorker *self, const char *action)
{
  g_return_val_if_fail (KAREZ_TEST_IS_WORKER (self), NULL);
  g_return_val_if_fail (action != NULL, NULL);

  for (guint i = self->records->len; i > 0; i--)
    {
      Record *record = self->records->pdata[i - 1];

      if (g_str_equal (record->action, action))
        return json_node_get_object (record->body);
    }
  return NULL;
}

const char *
karez_test_worker_get_record (KarezTestWorker *self, guint index, KarezActor **actor,
                              JsonNode **body)
{
  Record *record = NULL;

  g_return_val_if_fail (KAREZ_TEST_IS_WORKER (self), NULL);
  g_return_val_if_fail (index < self->records->len, NULL);

  record = self->records->pdata[index];
  if (actor != NULL)
    *actor = record->actor;
  if (body != NULL)
    *body = record->body;
  return record->action;
}

KarezCheck *
karez_test_worker_get_check (KarezTestWorker *self, const char *id)
{
  g_return_val_if_fail (KAREZ_TEST_IS_WORKER (self), NULL);
  g_return_val_if_fail (id != NULL, NULL);

  return g_hash_table_lookup (self->checks, id);
}

const char *
karez_test_worker_get_asked (KarezTestWorker *self)
{
  g_return_val_if_fail (KAREZ_TEST_IS_WORKER (self), NULL);

  return self->asked;
}

gboolean
karez_test_worker_is_forwarding (KarezTestWorker *self)
{
  g_return_val_if_fail (KAREZ_TEST_IS_WORKER (self), FALSE);

  return karez_test_media_is_forwarding (self->media);
}

guint
karez_test_worker_count_media (KarezTestWorker *self)
{
  g_return_val_if_fail (KAREZ_TEST_IS_WORKER (self), 0);

  return karez_test_media_count (self->media);
}

void
karez_test_worker_send (KarezTestWorker *self, KarezParticipant *participant, const char *label,
                        const char *text)
{
  g_return_if_fail (KAREZ_TEST_IS_WORKER (self));
  g_return_if_fail (label != NULL && text != NULL);

  karez_test_media_receive (self->media, participant, label, text);
}

KarezTestProgram *
karez_test_worker_get_program (KarezTestWorker *self, const char *name)
{
  g_return_val_if_fail (KAREZ_TEST_IS_WORKER (self), NULL);
  g_return_val_if_fail (name != NULL, NULL);

  return g_hash_table_lookup (self->programs, name);
}

int
karez_test_worker_find_tap (KarezTestWorker *self, const char *participant, const char *source)
{
  g_return_val_if_fail (KAREZ_TEST_IS_WORKER (self), -1);
  g_return_val_if_fail (participant != NULL && source != NULL, -1);

  return karez_test_media_find_tap (self->media, participant, source);
}
