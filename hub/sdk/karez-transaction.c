/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One transaction: statements, events, posts to peers, in one commit. */
#define KAREZ_INSIDE
#include "karez-transaction.h"
#include "karez-peers.h"
#include "karez-plugin.h"

typedef struct
{
  char *rule;
  char *message;
} Expectation;

typedef struct
{
  KarezActor *actor;
  GPtrArray *events;       /* KarezTransactionEvent */
  GPtrArray *posts;        /* KarezTransactionPost */
  GPtrArray *expectations; /* Expectation, NULL for a statement without one */
  char *session, *patient;
  char *request, *digest;
  gboolean repeated;
  KarezMessage *applied;
  char *guard;
  GVariant *guard_params;
  char *record_session, *record_origin;
  gint64 record_sequence;
} KarezTransactionPrivate;

G_DEFINE_ABSTRACT_TYPE_WITH_PRIVATE (KarezTransaction, karez_transaction, G_TYPE_OBJECT)

enum
{
  PROP_0,
  PROP_ACTOR,
  N_PROPS
};
static GParamSpec *properties[N_PROPS];

static KarezTransactionPrivate *
get_private (KarezTransaction *self)
{
  return karez_transaction_get_instance_private (self);
}

static void
run (KarezTransaction *self, const char *statement, GVariant *params, Expectation *expectation)
{
  g_autoptr (GVariant) owned = params != NULL ? g_variant_ref_sink (params) : NULL;

  g_ptr_array_add (get_private (self)->expectations, expectation);
  KAREZ_TRANSACTION_GET_CLASS (self)->run (
      self, statement, owned, expectation != NULL ? KAREZ_EXPECT_ONE : KAREZ_EXPECT_ANY);
}

void
karez_transaction_run (KarezTransaction *self, const char *statement, const char *format, ...)
{
  GVariant *params;
  va_list args;

  g_return_if_fail (KAREZ_IS_TRANSACTION (self));

  va_start (args, format);
  params = g_variant_new_va (format, NULL, &args);
  va_end (args);
  run (self, statement, params, NULL);
}

void
karez_transaction_run_one (KarezTransaction *self, const char *rule, const char *message,
                           const char *statement, const char *format, ...)
{
  Expectation *expectation = g_new0 (Expectation, 1);
  GVariant *params;
  va_list args;

  g_return_if_fail (KAREZ_IS_TRANSACTION (self));

  expectation->rule = g_strdup (rule);
  expectation->message = g_strdup (message);
  va_start (args, format);
  params = g_variant_new_va (format, NULL, &args);
  va_end (args);
  run (self, statement, params, expectation);
}

void
karez_transaction_event (KarezTransaction *self, const char *action, const char *table,
                         const char *row, JsonNode *details)
{
  KarezTransactionPrivate *priv = get_private (self);
  KarezTransactionEvent *event = g_new0 (KarezTransactionEvent, 1);

  g_return_if_fail (KAREZ_IS_TRANSACTION (self));

  event->action = g_strdup (action);
  event->table = g_strdup (table);
  event->row = g_strdup (row);
  event->session = g_strdup (priv->session);
  event->patient = g_strdup (priv->patient);
  event->details = details;
  g_ptr_array_add (priv->events, event);
}

void
karez_transaction_about (KarezTransaction *self, const char *session, const char *patient)
{
  KarezTransactionPrivate *priv = get_private (self);

  g_return_if_fail (KAREZ_IS_TRANSACTION (self));

  g_free (priv->session);
  priv->session = g_strdup (session);
  g_free (priv->patient);
  priv->patient = g_strdup (patient);
}

void
karez_transaction_post (KarezTransaction *self, const char *peer, KarezLane lane, const char *topic,
                        JsonNode *body)
{
  KarezTransactionPost *post = g_new0 (KarezTransactionPost, 1);

  g_return_if_fail (KAREZ_IS_TRANSACTION (self));

  post->peer = g_strdup (peer);
  post->lane = lane;
  post->topic = g_strdup (topic);
  post->body = body;
  g_ptr_array_add (get_private (self)->posts, post);
}

void
karez_transaction_set_request (KarezTransaction *self, const char *id, const char *digest)
{
  KarezTransactionPrivate *priv = get_private (self);

  g_return_if_fail (KAREZ_IS_TRANSACTION (self));

  g_free (priv->request);
  priv->request = g_strdup (id);
  g_free (priv->digest);
  priv->digest = g_strdup (digest);
}

gboolean
karez_transaction_is_repeated (KarezTransaction *self)
{
  g_return_val_if_fail (KAREZ_IS_TRANSACTION (self), FALSE);

  return get_private (self)->repeated;
}

void
karez_transaction_set_repeated (KarezTransaction *self)
{
  get_private (self)->repeated = TRUE;
}

void
karez_transaction_commit_async (KarezTransaction *self, GCancellable *cancellable,
                                GAsyncReadyCallback callback, gpointer data)
{
  g_return_if_fail (KAREZ_IS_TRANSACTION (self));

  KAREZ_TRANSACTION_GET_CLASS (self)->commit_async (self, cancellable, callback, data);
}

gboolean
karez_transaction_commit_finish (KarezTransaction *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (KAREZ_IS_TRANSACTION (self), FALSE);

  return KAREZ_TRANSACTION_GET_CLASS (self)->commit_finish (self, result, error);
}

KarezRows *
karez_transaction_get_rows (KarezTransaction *self, guint index)
{
  g_return_val_if_fail (KAREZ_IS_TRANSACTION (self), NULL);

  return KAREZ_TRANSACTION_GET_CLASS (self)->get_rows (self, index);
}

KarezActor *
karez_transaction_get_actor (KarezTransaction *self)
{
  g_return_val_if_fail (KAREZ_IS_TRANSACTION (self), NULL);

  return get_private (self)->actor;
}

GPtrArray *
karez_transaction_get_events (KarezTransaction *self)
{
  return get_private (self)->events;
}

GPtrArray *
karez_transaction_get_posts (KarezTransaction *self)
{
  return get_private (self)->posts;
}

const char *
karez_transaction_get_request (KarezTransaction *self, const char **digest)
{
  KarezTransactionPrivate *priv = get_private (self);

  if (digest != NULL)
    *digest = priv->digest;
  return priv->request;
}

const char *
karez_transaction_get_expectation (KarezTransaction *self, guint index, const char **message)
{
  GPtrArray *expectations = get_private (self)->expectations;
  Expectation *expectation = index < expectations->len ? expectations->pdata[index] : NULL;

  if (expectation == NULL)
    return NULL;
  if (message != NULL)
    *message = expectation->message;
  return expectation->rule;
}

void
karez_transaction_applied (KarezTransaction *self, KarezMessage *message)
{
  KarezTransactionPrivate *priv = get_private (self);

  g_return_if_fail (KAREZ_IS_TRANSACTION (self));

  g_clear_pointer (&priv->applied, karez_message_unref);
  priv->applied = karez_message_ref (message);
}

KarezMessage *
karez_transaction_get_applied (KarezTransaction *self)
{
  return get_private (self)->applied;
}

void
karez_transaction_recorded (KarezTransaction *self, const KarezRecord *record)
{
  KarezTransactionPrivate *priv = get_private (self);

  g_return_if_fail (KAREZ_IS_TRANSACTION (self));

  g_free (priv->record_session);
  priv->record_session = g_strdup (record->session);
  g_free (priv->record_origin);
  priv->record_origin = g_strdup (record->origin);
  priv->record_sequence = record->sequence;
}

const char *
karez_transaction_get_recorded (KarezTransaction *self, const char **origin, gint64 *sequence)
{
  KarezTransactionPrivate *priv = get_private (self);

  *origin = priv->record_origin;
  *sequence = priv->record_sequence;
  return priv->record_session;
}

void
karez_transaction_set_guard (KarezTransaction *self, const char *statement, GVariant *params)
{
  KarezTransactionPrivate *priv = get_private (self);

  g_free (priv->guard);
  priv->guard = g_strdup (statement);
  g_clear_pointer (&priv->guard_params, g_variant_unref);
  priv->guard_params = params != NULL ? g_variant_ref_sink (params) : NULL;
}

const char *
karez_transaction_get_guard (KarezTransaction *self, GVariant **params)
{
  *params = get_private (self)->guard_params;
  return get_private (self)->guard;
}

static void
free_event (gpointer data)
{
  KarezTransactionEvent *event = data;

  g_free (event->action);
  g_free (event->table);
  g_free (event->row);
  g_free (event->session);
  g_free (event->patient);
  g_clear_pointer (&event->details, json_node_unref);
  g_free (event);
}

static void
free_post (gpointer data)
{
  KarezTransactionPost *post = data;

  g_free (post->peer);
  g_free (post->topic);
  g_clear_pointer (&post->body, json_node_unref);
  g_free (post);
}

static void
free_expectation (gpointer data)
{
  Expectation *expectation = data;

  if (expectation == NULL)
    return;
  g_free (expectation->rule);
  g_free (expectation->message);
  g_free (expectation);
}

static void
karez_transaction_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  if (id == PROP_ACTOR)
    get_private (KAREZ_TRANSACTION (object))->actor = g_value_dup_boxed (value);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
karez_transaction_finalize (GObject *object)
{
  KarezTransactionPrivate *priv = get_private (KAREZ_TRANSACTION (object));

  g_clear_pointer (&priv->actor, karez_actor_unref);
  g_clear_pointer (&priv->events, g_ptr_array_unref);
  g_clear_pointer (&priv->posts, g_ptr_array_unref);
  g_clear_pointer (&priv->expectations, g_ptr_array_unref);
  g_clear_pointer (&priv->session, g_free);
  g_clear_pointer (&priv->patient, g_free);
  g_clear_pointer (&priv->request, g_free);
  g_clear_pointer (&priv->digest, g_free);
  g_clear_pointer (&priv->applied, karez_message_unref);
  g_clear_pointer (&priv->guard, g_free);
  g_clear_pointer (&priv->guard_params, g_variant_unref);
  g_clear_pointer (&priv->record_session, g_free);
  g_clear_pointer (&priv->record_origin, g_free);

  G_OBJECT_CLASS (karez_transaction_parent_class)->finalize (object);
}

static void
karez_transaction_class_init (KarezTransactionClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->set_property = karez_transaction_set_property;
  object_class->finalize = karez_transaction_finalize;

  properties[PROP_ACTOR] = g_param_spec_boxed ("actor", NULL, NULL, KAREZ_TYPE_ACTOR,
                                               G_PARAM_WRITABLE | G_PARAM_CONSTRUCT_ONLY
                                                   | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
karez_transaction_init (KarezTransaction *self)
{
  KarezTransactionPrivate *priv = get_private (self);

  priv->events = g_ptr_array_new_with_free_func (free_event);
  priv->posts = g_ptr_array_new_with_free_func (free_post);
  priv->expectations = g_ptr_array_new_with_free_func (free_expectation);
}
