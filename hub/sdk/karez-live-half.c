/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a modality is derived from: its verbs without tasks, its messages as objects. */
#define KAREZ_INSIDE
#include "karez-live-half.h"

#include "karez-consent-private.h"
#include "karez-live-half-private.h"
#include "karez-replica-private.h"
#include "karez-task.h"

#include "hub-catalogue.h"

#include <string.h>

/* How long the other side waits for the host's last word when the session ends. */
#define LAST_WORD_MS 2000

typedef struct
{
  KarezSession *session;
  GPtrArray *replicas;
  KarezConsent *consent; /* made when it is first asked for */
  guint saves;           /* asked for so far */
  guint saved;           /* up to this one they are on disk */
  GQueue waiting;        /* of Waiting */
  GTask *stopping;
  char *reason;
  guint last_word; /* source */
} KarezLiveHalfPrivate;

static void modality_iface_init (KarezModalityInterface *iface);
G_DEFINE_ABSTRACT_TYPE_WITH_CODE (KarezLiveHalf, karez_live_half, G_TYPE_OBJECT,
                                  G_ADD_PRIVATE (KarezLiveHalf)
                                      G_IMPLEMENT_INTERFACE (KAREZ_TYPE_MODALITY,
                                                             modality_iface_init))

static KarezLiveHalfPrivate *
get_private (KarezLiveHalf *self)
{
  return karez_live_half_get_instance_private (self);
}

/* What waits for the disk. */

typedef struct
{
  guint save; /* that must be done */
  KarezSavedFunc func;
  gpointer data;
  GDestroyNotify destroy;
} Waiting;

static void
waiting_free (gpointer data)
{
  Waiting *waiting = data;

  if (waiting->destroy != NULL)
    waiting->destroy (waiting->data);
  g_free (waiting);
}

static void finish_stopping (KarezLiveHalf *self);

static void
go_on (KarezLiveHalf *self)
{
  KarezLiveHalfPrivate *priv = get_private (self);
  Waiting *next;

  while ((next = g_queue_peek_head (&priv->waiting)) != NULL && next->save <= priv->saved)
    {
      g_queue_pop_head (&priv->waiting);
      next->func (next->data);
      waiting_free (next);
    }
}

/* A save under way. */
typedef struct
{
  KarezLiveHalf *self;
  guint number;
} Save;

static void
on_saved (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autofree Save *save = data;
  g_autoptr (KarezLiveHalf) self = save->self;
  KarezLiveHalfPrivate *priv = get_private (self);
  g_autoptr (GError) error = NULL;

  /* People at work are not kept waiting for a disk that takes nothing, which they are shown. */
  if (!karez_session_save_finish (KAREZ_SESSION (source), result, &error))
    g_message ("%s: the state is not on disk yet: %s",
               karez_session_get_id (KAREZ_SESSION (source)), error->message);
  priv->saved = MAX (priv->saved, save->number);
  go_on (self);
  finish_stopping (self);
}

void
karez_live_half_save (KarezLiveHalf *self)
{
  KarezLiveHalfPrivate *priv = NULL;
  Save *save = NULL;

  g_return_if_fail (KAREZ_IS_LIVE_HALF (self));
  g_return_if_fail (get_private (self)->session != NULL);

  priv = get_private (self);
  save = g_new (Save, 1);
  save->self = g_object_ref (self);
  save->number = ++priv->saves;
  karez_session_save_async (priv->session, NULL, on_saved, save);
}

void
karez_live_half_when_saved (KarezLiveHalf *self, KarezSavedFunc func, gpointer data,
                            GDestroyNotify destroy)
{
  Waiting *waiting = NULL;

  g_return_if_fail (KAREZ_IS_LIVE_HALF (self));
  g_return_if_fail (func != NULL);

  waiting = g_new (Waiting, 1);
  *waiting = (Waiting){ get_private (self)->saves, func, data, destroy };
  g_queue_push_tail (&get_private (self)->waiting, waiting);
  go_on (self);
}

typedef struct
{
  KarezSession *session;
  char *participant; /* NULL: everybody here */
  JsonNode *body;
} Saying;

static void
saying_free (gpointer data)
{
  Saying *saying = data;

  g_object_unref (saying->session);
  g_free (saying->participant);
  json_node_unref (saying->body);
  g_free (saying);
}

static void
say_now (gpointer data)
{
  Saying *saying = data;

  karez_session_send (saying->session, saying->participant, json_node_ref (saying->body));
}

void
karez_live_half_say (KarezLiveHalf *self, const char *participant, JsonNode *body)
{
  Saying *saying = NULL;

  g_return_if_fail (KAREZ_IS_LIVE_HALF (self));
  g_return_if_fail (get_private (self)->session != NULL);
  g_return_if_fail (body != NULL);

  saying = g_new (Saying, 1);
  saying->session = g_object_ref (get_private (self)->session);
  saying->participant = g_strdup (participant);
  saying->body = body;
  karez_live_half_when_saved (self, say_now, saying, saying_free);
}

/* The link. */

gboolean
karez_live_half_is_link_up (KarezLiveHalf *self)
{
  KarezSession *session = NULL;

  g_return_val_if_fail (KAREZ_IS_LIVE_HALF (self), FALSE);

  session = get_private (self)->session;
  return session != NULL && karez_link_is_up (karez_session_get_link (session));
}

static guint
get_stream (KarezLiveHalf *self)
{
  guint stream = KAREZ_LIVE_HALF_GET_CLASS (self)->stream;
  gboolean needed = get_private (self)->replicas->len > 0
                    || karez_live_half_get_consent (self) != NULL;

  return stream == 0 && needed ? KAREZ_LINK_FIRST_STREAM : stream;
}

gboolean
karez_live_half_tell_peer (KarezLiveHalf *self, JsonNode *message, GError **error)
{
  g_autoptr (JsonNode) own = message;
  g_autoptr (GBytes) bytes = NULL;

  g_return_val_if_fail (KAREZ_IS_LIVE_HALF (self), FALSE);
  g_return_val_if_fail (get_private (self)->session != NULL, FALSE);
  g_return_val_if_fail (message != NULL, FALSE);

  bytes = karez_json_to_bytes (own);
  return karez_link_send (karez_session_get_link (get_private (self)->session), get_stream (self),
                          bytes, error);
}

static KarezReplica *
find_replica (KarezLiveHalf *self, const char *name)
{
  GPtrArray *replicas = get_private (self)->replicas;

  for (guint i = 0; name != NULL && i < replicas->len; i++)
    if (g_str_equal (karez_replica_get_name (replicas->pdata[i]), name))
      return replicas->pdata[i];
  return NULL;
}

/* What waited for a host's last word goes on. */
static gboolean
receive_for_replica (KarezLiveHalf *self, KarezReplica *replica, JsonNode *message, GError **error)
{
  gboolean taken = karez_replica_receive (replica, message, error);

  finish_stopping (self);
  return taken;
}

static gboolean
is_of_consent (KarezLiveHalf *self, JsonNode *message)
{
  return karez_live_half_get_consent (self) != NULL
         && json_object_has_member (json_node_get_object (message), "consent");
}

static gboolean
receive_consent (KarezLiveHalf *self, JsonNode *message, GError **error)
{
  static const KarezJsonField fields[] = {
    { "consent", KAREZ_JSON_OBJECT, TRUE },
    { NULL },
  };
  JsonObject *object = karez_json_check (message, fields, error);

  return object != NULL
         && karez_consent_follow (karez_live_half_get_consent (self),
                                  json_object_get_member (object, "consent"), error);
}

static gboolean
receive (KarezLiveHalf *self, GBytes *payload, GError **error)
{
  KarezLiveHalfClass *klass = KAREZ_LIVE_HALF_GET_CLASS (self);
  g_autoptr (JsonNode) message = karez_json_parse (payload, 0, error);
  KarezReplica *replica = NULL;

  if (message == NULL)
    return FALSE;
  if (!JSON_NODE_HOLDS_OBJECT (message))
    return karez_error_set (error, KAREZ_ERROR_INVALID, "json/type", N_ ("an object"),
                            N_ ("The message is no object"));
  replica = find_replica (self, karez_json_text (json_node_get_object (message), "replica"));
  if (replica != NULL)
    return receive_for_replica (self, replica, message, error);
  if (is_of_consent (self, message))
    return receive_consent (self, message, error);
  if (klass->receive != NULL)
    return klass->receive (self, message, error);
  return karez_error_set (error, KAREZ_ERROR_INVALID, "live/message", NULL,
                          N_ ("There is no such message"));
}

static void
on_link_message (KarezLink *link, guint stream, GBytes *payload, KarezLiveHalf *self)
{
  g_autoptr (GError) error = NULL;

  if (stream != get_stream (self) || receive (self, payload, &error))
    return;
  g_message ("%s: what the other hospital sent was left out: %s",
             karez_session_get_id (get_private (self)->session), error->message);
}

static void
on_link_changed (KarezLink *link, KarezLiveHalf *self)
{
  KarezLiveHalfClass *klass = KAREZ_LIVE_HALF_GET_CLASS (self);
  GPtrArray *replicas = get_private (self)->replicas;
  gboolean up = karez_link_is_up (link);

  for (guint i = 0; up && i < replicas->len; i++)
    karez_replica_link_up (replicas->pdata[i]);
  if (up && karez_live_half_get_consent (self) != NULL)
    karez_consent_link_up (karez_live_half_get_consent (self));
  if (klass->link_changed != NULL)
    klass->link_changed (self, up);
}

/* The verbs. */

static void
answer (KarezLiveHalf *self, gpointer tag, gboolean done, GError *error, GCancellable *cancellable,
        GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, data);

  g_task_set_source_tag (task, tag);
  karez_task_answer (task, done, &error);
}

static gboolean
prepare (KarezLiveHalf *self, KarezSession *session, GError **error)
{
  KarezLiveHalfPrivate *priv = get_private (self);
  KarezLiveHalfClass *klass = KAREZ_LIVE_HALF_GET_CLASS (self);
  KarezLink *link = karez_session_get_link (session);
  guint stream = get_stream (self);

  g_set_object (&priv->session, session);
  if (stream != 0 && !karez_link_open (link, stream, KAREZ_LINK_ALL, TRUE, error))
    return FALSE;
  if (klass->prepare != NULL && !klass->prepare (self, session, error))
    return FALSE;
  g_signal_connect_object (link, "message", G_CALLBACK (on_link_message), self, 0);
  g_signal_connect_object (link, "changed", G_CALLBACK (on_link_changed), self, 0);
  for (guint i = 0; i < priv->replicas->len; i++)
    karez_replica_begin (priv->replicas->pdata[i]);
  if (karez_live_half_get_consent (self) != NULL)
    karez_consent_begin (karez_live_half_get_consent (self));
  if (karez_link_is_up (link))
    on_link_changed (link, self);
  return TRUE;
}

static void
prepare_async (KarezModality *modality, KarezSession *session, GCancellable *cancellable,
               GAsyncReadyCallback callback, gpointer data)
{
  GError *error = NULL;
  gboolean done = prepare (KAREZ_LIVE_HALF (modality), session, &error);

  answer (KAREZ_LIVE_HALF (modality), prepare_async, done, error, cancellable, callback, data);
}

static gboolean
prepare_finish (KarezModality *self, GAsyncResult *result, GError **error)
{
  return karez_task_finish (self, result, prepare_async, error);
}

static void
preflight_async (KarezModality *modality, GCancellable *cancellable, GAsyncReadyCallback callback,
                 gpointer data)
{
  KarezLiveHalfClass *klass = KAREZ_LIVE_HALF_GET_CLASS (modality);
  g_autoptr (GTask) task = g_task_new (modality, cancellable, callback, data);
  GError *error = NULL;
  GListModel *checks = klass->preflight != NULL
                           ? klass->preflight (KAREZ_LIVE_HALF (modality), &error)
                           : G_LIST_MODEL (g_list_store_new (KAREZ_TYPE_CHECK));

  g_task_set_source_tag (task, preflight_async);
  if (checks != NULL)
    g_task_return_pointer (task, checks, g_object_unref);
  else
    g_task_return_error (task, error);
}

static GListModel *
preflight_finish (KarezModality *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, preflight_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
start_async (KarezModality *modality, GCancellable *cancellable, GAsyncReadyCallback callback,
             gpointer data)
{
  KarezLiveHalf *self = KAREZ_LIVE_HALF (modality);
  KarezLiveHalfClass *klass = KAREZ_LIVE_HALF_GET_CLASS (self);
  GError *error = NULL;
  gboolean done = klass->start == NULL || klass->start (self, &error);

  answer (self, start_async, done, error, cancellable, callback, data);
}

static gboolean
start_finish (KarezModality *self, GAsyncResult *result, GError **error)
{
  return karez_task_finish (self, result, start_async, error);
}

static void
join_async (KarezModality *modality, KarezParticipant *participant, GCancellable *cancellable,
            GAsyncReadyCallback callback, gpointer data)
{
  KarezLiveHalf *self = KAREZ_LIVE_HALF (modality);
  KarezLiveHalfClass *klass = KAREZ_LIVE_HALF_GET_CLASS (self);
  GError *error = NULL;
  gboolean done = klass->join == NULL || klass->join (self, participant, &error);
  KarezConsent *consent = karez_live_half_get_consent (self);

  if (done && consent != NULL && karez_participant_is_local (participant))
    karez_participant_send (participant, karez_consent_describe (consent, participant));
  answer (self, join_async, done, error, cancellable, callback, data);
}

static gboolean
join_finish (KarezModality *self, GAsyncResult *result, GError **error)
{
  return karez_task_finish (self, result, join_async, error);
}

static void
leave_async (KarezModality *modality, KarezParticipant *participant, GCancellable *cancellable,
             GAsyncReadyCallback callback, gpointer data)
{
  KarezLiveHalf *self = KAREZ_LIVE_HALF (modality);
  KarezLiveHalfClass *klass = KAREZ_LIVE_HALF_GET_CLASS (self);
  GError *error = NULL;
  gboolean done = klass->leave == NULL || klass->leave (self, participant, &error);

  answer (self, leave_async, done, error, cancellable, callback, data);
}

static gboolean
leave_finish (KarezModality *self, GAsyncResult *result, GError **error)
{
  return karez_task_finish (self, result, leave_async, error);
}

static void
hold_async (KarezModality *modality, const char *reason, GCancellable *cancellable,
            GAsyncReadyCallback callback, gpointer data)
{
  KarezLiveHalf *self = KAREZ_LIVE_HALF (modality);
  KarezLiveHalfClass *klass = KAREZ_LIVE_HALF_GET_CLASS (self);
  GError *error = NULL;
  gboolean done = klass->hold == NULL || klass->hold (self, reason, &error);

  answer (self, hold_async, done, error, cancellable, callback, data);
}

static gboolean
hold_finish (KarezModality *self, GAsyncResult *result, GError **error)
{
  return karez_task_finish (self, result, hold_async, error);
}

static void
resume_async (KarezModality *modality, GCancellable *cancellable, GAsyncReadyCallback callback,
              gpointer data)
{
  KarezLiveHalf *self = KAREZ_LIVE_HALF (modality);
  KarezLiveHalfClass *klass = KAREZ_LIVE_HALF_GET_CLASS (self);
  GError *error = NULL;
  gboolean done = klass->resume == NULL || klass->resume (self, &error);

  answer (self, resume_async, done, error, cancellable, callback, data);
}

static gboolean
resume_finish (KarezModality *self, GAsyncResult *result, GError **error)
{
  return karez_task_finish (self, result, resume_async, error);
}

static gboolean
has_last_words (KarezLiveHalf *self)
{
  KarezLiveHalfPrivate *priv = get_private (self);

  /* Without a link there is no word to come; a late one is not waited for. */
  if (priv->last_word == 0)
    return TRUE;
  for (guint i = 0; i < priv->replicas->len; i++)
    if (!karez_replica_has_heard_last (priv->replicas->pdata[i]))
      return FALSE;
  return TRUE;
}

/* Each side keeps the state for its own hospital, and both keep the same one: the host's last. */
static void
finish_stopping (KarezLiveHalf *self)
{
  KarezLiveHalfPrivate *priv = get_private (self);
  KarezLiveHalfClass *klass = KAREZ_LIVE_HALF_GET_CLASS (self);
  g_autoptr (GTask) task = NULL;
  GError *error = NULL;
  gboolean done;

  if (priv->stopping == NULL || priv->saved != priv->saves || !has_last_words (self))
    return;
  task = g_steal_pointer (&priv->stopping);
  g_clear_handle_id (&priv->last_word, g_source_remove);
  if (priv->consent != NULL)
    karez_consent_end (priv->consent);
  done = klass->stop == NULL || klass->stop (self, priv->reason, &error);
  karez_task_answer (task, done, &error);
}

static gboolean
on_last_word_late (gpointer data)
{
  KarezLiveHalf *self = data;

  get_private (self)->last_word = 0;
  finish_stopping (self);
  return G_SOURCE_REMOVE;
}

static void
stop_async (KarezModality *modality, const char *reason, GCancellable *cancellable,
            GAsyncReadyCallback callback, gpointer data)
{
  KarezLiveHalf *self = KAREZ_LIVE_HALF (modality);
  KarezLiveHalfPrivate *priv = get_private (self);

  g_return_if_fail (priv->stopping == NULL);

  /* Nothing was prepared, so there is nothing to keep. */
  if (priv->session == NULL)
    {
      answer (self, stop_async, TRUE, NULL, cancellable, callback, data);
      return;
    }
  priv->stopping = g_task_new (self, cancellable, callback, data);
  g_task_set_source_tag (priv->stopping, stop_async);
  g_free (priv->reason);
  priv->reason = g_strdup (reason);
  for (guint i = 0; i < priv->replicas->len; i++)
    karez_replica_tell_last (priv->replicas->pdata[i]);
  if (priv->replicas->len > 0 && !karez_session_is_host (priv->session)
      && karez_live_half_is_link_up (self))
    priv->last_word = g_timeout_add (LAST_WORD_MS, on_last_word_late, self);
  finish_stopping (self);
}

static gboolean
stop_finish (KarezModality *self, GAsyncResult *result, GError **error)
{
  return karez_task_finish (self, result, stop_async, error);
}

static void
panic (KarezModality *modality, const char *reason)
{
  KarezLiveHalfClass *klass = KAREZ_LIVE_HALF_GET_CLASS (modality);

  if (klass->panic != NULL)
    klass->panic (KAREZ_LIVE_HALF (modality), reason);
}

static gboolean
message (KarezModality *modality, KarezParticipant *participant, JsonObject *body, GError **error)
{
  KarezLiveHalf *self = KAREZ_LIVE_HALF (modality);
  KarezLiveHalfClass *klass = KAREZ_LIVE_HALF_GET_CLASS (self);
  KarezConsent *consent = karez_live_half_get_consent (self);
  const char *type = karez_json_text (body, "type");
  g_autoptr (JsonNode) node = json_node_init_object (json_node_alloc (), body);

  if (consent != NULL && type != NULL && g_str_has_prefix (type, "consent."))
    return karez_consent_take (consent, participant, node, error);
  return klass->message == NULL || klass->message (self, participant, node, error);
}

static GBytes *
checkpoint (KarezModality *modality)
{
  KarezLiveHalf *self = KAREZ_LIVE_HALF (modality);

  return karez_live_half_make_checkpoint (self, get_private (self)->replicas);
}

static gboolean
restore (KarezModality *modality, GBytes *state, GError **error)
{
  KarezLiveHalf *self = KAREZ_LIVE_HALF (modality);

  return karez_live_half_take_checkpoint (self, get_private (self)->replicas, state, error);
}

static void
modality_iface_init (KarezModalityInterface *iface)
{
  iface->prepare_async = prepare_async;
  iface->prepare_finish = prepare_finish;
  iface->preflight_async = preflight_async;
  iface->preflight_finish = preflight_finish;
  iface->start_async = start_async;
  iface->start_finish = start_finish;
  iface->join_async = join_async;
  iface->join_finish = join_finish;
  iface->leave_async = leave_async;
  iface->leave_finish = leave_finish;
  iface->hold_async = hold_async;
  iface->hold_finish = hold_finish;
  iface->resume_async = resume_async;
  iface->resume_finish = resume_finish;
  iface->stop_async = stop_async;
  iface->stop_finish = stop_finish;
  iface->panic = panic;
  iface->message = message;
  iface->checkpoint = checkpoint;
  iface->restore = restore;
}

/* What its class asks. */

KarezSession *
karez_live_half_get_session (KarezLiveHalf *self)
{
  g_return_val_if_fail (KAREZ_IS_LIVE_HALF (self), NULL);

  return get_private (self)->session;
}

KarezConsent *
karez_live_half_get_consent (KarezLiveHalf *self)
{
  KarezLiveHalfPrivate *priv = NULL;
  KarezConsentGates gates;

  g_return_val_if_fail (KAREZ_IS_LIVE_HALF (self), NULL);

  priv = get_private (self);
  gates = KAREZ_LIVE_HALF_GET_CLASS (self)->consent;
  if (priv->consent == NULL && gates != 0)
    priv->consent = karez_consent_new (self, gates);
  return priv->consent;
}

gboolean
karez_live_half_is_live (KarezLiveHalf *self)
{
  KarezSession *session = karez_live_half_get_session (self);
  KarezState state = session != NULL ? karez_session_get_state (session) : KAREZ_STATE_PLANNED;

  g_return_val_if_fail (KAREZ_IS_LIVE_HALF (self), FALSE);

  return state == KAREZ_STATE_LIVE || state == KAREZ_STATE_DEGRADED;
}

void
karez_live_half_add_replica (KarezLiveHalf *self, const char *name, KarezReplica *replica)
{
  KarezLiveHalfPrivate *priv = NULL;

  g_return_if_fail (KAREZ_IS_LIVE_HALF (self));
  g_return_if_fail (KAREZ_IS_REPLICA (replica));
  g_return_if_fail (name != NULL && name[0] != '\0' && strlen (name) <= 64);
  g_return_if_fail (find_replica (self, name) == NULL);

  priv = get_private (self);
  g_return_if_fail (priv->session == NULL);
  karez_replica_attach (replica, self, name);
  g_ptr_array_add (priv->replicas, g_object_ref (replica));
}

static void
karez_live_half_dispose (GObject *object)
{
  KarezLiveHalfPrivate *priv = get_private (KAREZ_LIVE_HALF (object));

  for (guint i = 0; i < priv->replicas->len; i++)
    karez_replica_attach (priv->replicas->pdata[i], NULL, NULL);
  if (priv->consent != NULL)
    karez_consent_detach (priv->consent);
  g_clear_object (&priv->consent);
  g_clear_handle_id (&priv->last_word, g_source_remove);
  g_clear_object (&priv->stopping);
  g_clear_object (&priv->session);

  G_OBJECT_CLASS (karez_live_half_parent_class)->dispose (object);
}

static void
karez_live_half_finalize (GObject *object)
{
  KarezLiveHalfPrivate *priv = get_private (KAREZ_LIVE_HALF (object));

  g_queue_clear_full (&priv->waiting, waiting_free);
  g_ptr_array_unref (priv->replicas);
  g_free (priv->reason);

  G_OBJECT_CLASS (karez_live_half_parent_class)->finalize (object);
}

static void
karez_live_half_class_init (KarezLiveHalfClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = karez_live_half_dispose;
  G_OBJECT_CLASS (klass)->finalize = karez_live_half_finalize;
}

static void
karez_live_half_init (KarezLiveHalf *self)
{
  get_private (self)->replicas = g_ptr_array_new_with_free_func (g_object_unref);
}
