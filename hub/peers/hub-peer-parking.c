/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Posts that wait for a plugin that is away, within a bound. */
#include "hub-peer-parking-private.h"

#include "hub-catalogue.h"
#include "hub-clock.h"
#include "hub-log.h"
#include "hub-string.h"

#include <string.h>

#define DELIVER_TIMEOUT_MS 20000
#define BACKOFF_LEAST_MS 1000
#define BACKOFF_MOST_MS 60000

G_DEFINE_FINAL_TYPE (HubPeerParking, hub_peer_parking, G_TYPE_OBJECT)

/* What waits of one peer's lane for one plugin. */
typedef struct
{
  HubPeerParking *parking; /* not counted */
  char *peer, *owner, *reason;
  int lane;
  guint messages;
  gint64 bytes, since;
  gboolean busy, again;
  guint backoff_ms;
  gint64 due;
  /* the one that is delivered now */
  KarezMessage *message;
  char *id;
  JsonNode *body;
  gint64 size;
  GError *refusal;
} Stream;

static void
clear_current (Stream *stream)
{
  g_clear_pointer (&stream->message, karez_message_unref);
  g_clear_pointer (&stream->id, g_free);
  g_clear_pointer (&stream->body, json_node_unref);
  g_clear_error (&stream->refusal);
}

static void
stream_free (gpointer data)
{
  Stream *stream = data;

  clear_current (stream);
  g_free (stream->peer);
  g_free (stream->owner);
  g_free (stream->reason);
  g_free (stream);
}

static char *
make_key (const char *peer, int lane, const char *owner)
{
  return g_strdup_printf ("%s %d %s", peer, lane, owner);
}

static Stream *
find_stream (HubPeerParking *self, KarezMessage *message)
{
  g_autofree char *owner = hub_peer_topic_owner (karez_message_get_topic (message));
  g_autofree char *key = make_key (karez_message_get_peer (message),
                                   karez_message_get_lane (message), owner);

  return g_hash_table_lookup (self->streams, key);
}

static Stream *
get_stream (HubPeerParking *self, const char *peer, int lane, const char *owner)
{
  char *key = make_key (peer, lane, owner);
  Stream *stream = g_hash_table_lookup (self->streams, key);

  if (stream != NULL)
    {
      g_free (key);
      return stream;
    }
  stream = g_new0 (Stream, 1);
  stream->parking = self;
  stream->peer = g_strdup (peer);
  stream->owner = g_strdup (owner);
  stream->lane = lane;
  g_hash_table_insert (self->streams, key, stream);
  return stream;
}

static void
count_in (Stream *stream, guint messages, gint64 bytes, const char *reason)
{
  if (stream->messages == 0)
    {
      stream->since = hub_clock_now ();
      hub_set_string (&stream->reason, reason);
    }
  stream->messages += messages;
  stream->bytes += bytes;
}

/* Loading */

static void
on_streams (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  HubPeerParking *self = g_task_get_source_object (task);
  GError *error = NULL;
  g_autoptr (KarezRows) rows = karez_store_query_finish (KAREZ_STORE (source), result, &error);

  if (rows == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  for (guint i = 0; i < karez_rows_get_count (rows); i++)
    {
      Stream *stream = get_stream (self, karez_rows_text (rows, i, "peer"),
                                   (int) karez_rows_integer (rows, i, "lane"),
                                   karez_rows_text (rows, i, "owner"));

      count_in (stream, (guint) karez_rows_integer (rows, i, "messages"),
                karez_rows_integer (rows, i, "bytes"), karez_rows_text (rows, i, "reason"));
      hub_time_parse (karez_rows_text (rows, i, "since"), &stream->since);
    }
  g_task_return_boolean (task, TRUE);
}

void
hub_peer_parking_load_async (HubPeerParking *self, GCancellable *cancellable,
                             GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (self, cancellable, callback, data);

  g_task_set_source_tag (task, hub_peer_parking_load_async);
  karez_store_query_async (self->scope, "parked_streams", NULL, cancellable, on_streams, task);
}

gboolean
hub_peer_parking_load_finish (HubPeerParking *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/* Parking */

gboolean
hub_peer_parking_is_waiting (HubPeerParking *self, KarezMessage *message)
{
  Stream *stream = find_stream (self, message);

  return stream != NULL && stream->messages > 0;
}

/* Over all lanes: the room is the peer's, for one plugin. */
static gboolean
check_room (HubPeerParking *self, KarezMessage *message, GError **error)
{
  g_autofree char *owner = hub_peer_topic_owner (karez_message_get_topic (message));
  const char *peer = karez_message_get_peer (message);
  g_autoptr (GHashTable) others = g_hash_table_new (g_str_hash, g_str_equal);
  GHashTableIter iter;
  Stream *stream;
  guint messages = 0;
  gint64 bytes = 0;

  g_hash_table_iter_init (&iter, self->streams);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &stream))
    {
      if (!g_str_equal (stream->peer, peer) || stream->messages == 0)
        continue;
      if (!g_str_equal (stream->owner, owner))
        {
          g_hash_table_add (others, stream->owner);
          continue;
        }
      messages += stream->messages;
      bytes += stream->bytes;
    }
  if (messages < self->max_messages && bytes < self->max_bytes
      && (messages > 0 || g_hash_table_size (others) < HUB_PARKING_OWNERS))
    return TRUE;
  return karez_error_set (error, KAREZ_ERROR_BUSY, HUB_PARKING_FULL, NULL,
                          N_ ("Too many messages wait here for the plugin “%s”, which is away"),
                          owner);
}

static void
on_parked (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  HubPeerParking *self = g_task_get_source_object (task);
  KarezMessage *message = g_task_get_task_data (task);
  KarezTransaction *transaction = KAREZ_TRANSACTION (source);
  GError *error = NULL;
  KarezRows *rows;

  if (!karez_transaction_commit_finish (transaction, result, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  rows = karez_transaction_is_repeated (transaction) ? NULL
                                                     : karez_transaction_get_rows (transaction, 0);
  if (rows != NULL && karez_rows_get_count (rows) == 1)
    {
      g_autofree char *owner = hub_peer_topic_owner (karez_message_get_topic (message));
      Stream *stream = get_stream (self, karez_message_get_peer (message),
                                   karez_message_get_lane (message), owner);

      if (stream->messages == 0)
        hub_warning ("peers", karez_message_get_peer (message),
                     "Messages for the plugin “%s” are parked: %s", owner, g_task_get_name (task));
      count_in (stream, 1, karez_rows_integer (rows, 0, "bytes"), g_task_get_name (task));
    }
  g_task_return_boolean (task, TRUE);
}

JsonNode *
hub_peer_parking_describe (KarezMessage *message, const char *id, const char *rule)
{
  return karez_json_object ("peer", "s", karez_message_get_peer (message), "lane", "i",
                            (gint64) karez_message_get_lane (message), "sequence", "i",
                            karez_message_get_sequence (message), "message", "s", id, "topic", "s",
                            karez_message_get_topic (message), "rule", "s", rule, NULL);
}

char *
hub_peer_parking_make_row (KarezMessage *message)
{
  return g_strdup_printf ("%s/%d/%" G_GINT64_FORMAT, karez_message_get_peer (message),
                          (int) karez_message_get_lane (message),
                          karez_message_get_sequence (message));
}

void
hub_peer_parking_put_async (HubPeerParking *self, KarezMessage *message, const char *id,
                            const char *reason, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, data);
  g_autoptr (KarezTransaction) transaction = NULL;
  g_autofree char *body = karez_json_print (karez_message_get_body (message));
  g_autofree char *row = hub_peer_parking_make_row (message);
  GError *error = NULL;

  g_task_set_source_tag (task, hub_peer_parking_put_async);
  g_task_set_name (task, reason);
  g_task_set_task_data (task, karez_message_ref (message), (GDestroyNotify) karez_message_unref);
  if (!check_room (self, message, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  transaction = karez_store_begin (self->scope, self->actor);
  karez_transaction_run (transaction, "park_message", "(sixssss)", karez_message_get_peer (message),
                         (int) karez_message_get_lane (message),
                         karez_message_get_sequence (message), id,
                         karez_message_get_topic (message), body, reason);
  karez_transaction_event (transaction, "message.park", "karez.inbox_parked", row,
                           hub_peer_parking_describe (message, id, NULL));
  karez_transaction_applied (transaction, message);
  karez_transaction_commit_async (transaction, NULL, on_parked, g_steal_pointer (&task));
}

gboolean
hub_peer_parking_put_finish (HubPeerParking *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, hub_peer_parking_put_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/* Delivering */

static void deliver_next (Stream *stream);

/* Ends one delivery; releases its reference of the parking. */
static void
rest (Stream *stream, const GError *why)
{
  HubPeerParking *self = stream->parking;
  gboolean again = stream->again;

  clear_current (stream);
  stream->busy = stream->again = FALSE;
  if (why != NULL)
    {
      stream->backoff_ms = CLAMP (stream->backoff_ms * 2, BACKOFF_LEAST_MS, BACKOFF_MOST_MS);
      stream->due = hub_clock_monotonic () + (gint64) stream->backoff_ms * 1000;
      if (g_strcmp0 (stream->reason, why->message) != 0)
        hub_info ("peers", stream->peer, "%u messages for the plugin “%s” stay parked: %s",
                  stream->messages, stream->owner, why->message);
      hub_set_string (&stream->reason, why->message);
      if (again)
        deliver_next (stream);
    }
  g_object_unref (self);
}

/* The current one is applied or a dead letter. */
static void
go_on (Stream *stream)
{
  HubPeerParking *self = stream->parking;

  stream->messages -= MIN (stream->messages, 1);
  stream->bytes -= MIN (stream->bytes, stream->size);
  stream->backoff_ms = 0;
  clear_current (stream);
  if (stream->messages == 0)
    hub_notice ("peers", stream->peer, "Nothing is parked for the plugin “%s” any more.",
                stream->owner);
  stream->busy = FALSE;
  deliver_next (stream);
  g_object_unref (self);
}

static void
on_stream_dead_letter (GObject *source, GAsyncResult *result, gpointer data)
{
  Stream *stream = data;
  g_autoptr (GError) error = NULL;

  if (hub_peer_parking_add_dead_letter_finish (HUB_PEER_PARKING (source), result, &error))
    go_on (stream);
  else
    rest (stream, error);
}

static void
on_still_there (GObject *source, GAsyncResult *result, gpointer data)
{
  Stream *stream = data;
  HubPeerParking *self = stream->parking;
  g_autoptr (GError) error = NULL;
  g_autoptr (KarezRows) rows = karez_store_query_finish (KAREZ_STORE (source), result, &error);
  g_autofree char *body = NULL;

  if (rows == NULL)
    {
      rest (stream, error);
      return;
    }
  if (!karez_rows_boolean (rows, 0, "there"))
    {
      go_on (stream);
      return;
    }
  if (stream->refusal == NULL)
    stream->refusal = hub_peer_handlers_no_checkpoint (karez_message_get_topic (stream->message));
  body = karez_json_print (stream->body);
  hub_peer_parking_add_dead_letter_async (self, stream->message, stream->id, body, stream->refusal,
                                          on_stream_dead_letter, stream);
}

static void
on_handled (GObject *source, GAsyncResult *result, gpointer data)
{
  Stream *stream = data;
  HubPeerParking *self = stream->parking;
  GError *error = NULL;

  hub_peer_handlers_run_post_finish (HUB_PEER_HANDLERS (source), result, &error);
  if (error != NULL && hub_peer_handlers_may_help_later (error))
    {
      g_autoptr (GError) later = error;

      rest (stream, later);
      return;
    }
  stream->refusal = error;
  karez_store_query_async (self->scope, "parked_is_there",
                           g_variant_new ("(x)", karez_message_get_parked (stream->message)), NULL,
                           on_still_there, stream);
}

static void
on_next (GObject *source, GAsyncResult *result, gpointer data)
{
  Stream *stream = data;
  HubPeerParking *self = stream->parking;
  HubPeer *peer = self->find (stream->peer, self->data);
  g_autoptr (GError) error = NULL;
  g_autoptr (KarezRows) rows = karez_store_query_finish (KAREZ_STORE (source), result, &error);
  g_autoptr (KarezActor) actor = NULL;

  if (rows != NULL && karez_rows_get_count (rows) == 0)
    {
      stream->messages = 0;
      stream->bytes = 0;
    }
  if (rows == NULL || karez_rows_get_count (rows) == 0 || peer == NULL
      || g_cancellable_is_cancelled (self->cancellable))
    {
      rest (stream, error);
      return;
    }
  actor = hub_peer_make_actor (peer, NULL);
  stream->id = g_strdup (karez_rows_text (rows, 0, "id"));
  stream->body = karez_rows_json (rows, 0, "body");
  stream->size = karez_rows_integer (rows, 0, "bytes");
  stream->message = karez_message_new_parked (
      actor, karez_rows_text (rows, 0, "topic"), stream->body, stream->lane,
      karez_rows_integer (rows, 0, "sequence"), karez_rows_integer (rows, 0, "number"));
  hub_peer_handlers_run_post_async (self->handlers, stream->message, DELIVER_TIMEOUT_MS, on_handled,
                                    stream);
}

static void
deliver_next (Stream *stream)
{
  HubPeerParking *self = stream->parking;

  if (stream->busy || stream->messages == 0 || g_cancellable_is_cancelled (self->cancellable)
      || self->find (stream->peer, self->data) == NULL)
    return;
  stream->busy = TRUE;
  g_object_ref (self);
  karez_store_query_async (self->scope, "parked_next",
                           g_variant_new ("(sis)", stream->peer, stream->lane, stream->owner), NULL,
                           on_next, stream);
}

void
hub_peer_parking_deliver (HubPeerParking *self, const char *owner)
{
  GHashTableIter iter;
  Stream *stream;
  gint64 now = hub_clock_monotonic ();

  g_hash_table_iter_init (&iter, self->streams);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &stream))
    {
      if (owner != NULL ? !g_str_equal (stream->owner, owner) : stream->due > now)
        continue;
      stream->again = owner != NULL && stream->busy;
      deliver_next (stream);
    }
}

void
hub_peer_parking_add (HubPeerParking *self, const char *peer, int lane, const char *topic,
                      gint64 bytes)
{
  g_autofree char *owner = hub_peer_topic_owner (topic);

  count_in (get_stream (self, peer, lane, owner), 1, bytes, NULL);
  hub_peer_parking_deliver (self, owner);
}

static int
compare_streams (gconstpointer a, gconstpointer b)
{
  const Stream *one = a, *other = b;
  int order = strcmp (one->owner, other->owner);

  order = order != 0 ? order : strcmp (one->peer, other->peer);
  return order != 0 ? order : one->lane - other->lane;
}

guint
hub_peer_parking_count (HubPeerParking *self, const char *owner)
{
  GHashTableIter iter;
  Stream *stream;
  guint messages = 0;

  g_hash_table_iter_init (&iter, self->streams);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &stream))
    if (g_str_equal (stream->owner, owner))
      messages += stream->messages;
  return messages;
}

JsonNode *
hub_peer_parking_list (HubPeerParking *self)
{
  g_autoptr (GList) all = g_list_sort (g_hash_table_get_values (self->streams), compare_streams);
  JsonArray *items = json_array_new ();
  JsonNode *node = json_node_new (JSON_NODE_ARRAY);

  for (GList *link = all; link != NULL; link = link->next)
    {
      Stream *stream = link->data;
      g_autofree char *since = hub_time_format (stream->since);

      if (stream->messages > 0)
        json_array_add_element (
            items, karez_json_object ("plugin", "s", stream->owner, "peer", "s", stream->peer,
                                      "lane", "i", (gint64) stream->lane, "messages", "i",
                                      (gint64) stream->messages, "bytes", "i", stream->bytes,
                                      "since", "s", since, "reason", "s", stream->reason, NULL));
    }
  json_node_take_array (node, items);
  return node;
}

/* Life */

HubPeerParking *
hub_peer_parking_new (KarezStore *scope, KarezActor *actor, HubPeerHandlers *handlers,
                      HubPeerFindFunc find, gpointer data)
{
  HubPeerParking *self = g_object_new (HUB_TYPE_PEER_PARKING, NULL);

  self->scope = g_object_ref (scope);
  self->actor = karez_actor_ref (actor);
  self->handlers = g_object_ref (handlers);
  self->find = find;
  self->data = data;
  return self;
}

void
hub_peer_parking_set_room (HubPeerParking *self, guint messages, gint64 bytes)
{
  self->max_messages = messages;
  self->max_bytes = bytes;
}

void
hub_peer_parking_set_dead_letter_room (HubPeerParking *self, guint messages)
{
  self->max_dead_letters = messages;
}

void
hub_peer_parking_set_pace (HubPeerParking *self, guint messages)
{
  self->pace_messages = messages;
}

void
hub_peer_parking_stop (HubPeerParking *self)
{
  g_cancellable_cancel (self->cancellable);
}

static void
hub_peer_parking_finalize (GObject *object)
{
  HubPeerParking *self = HUB_PEER_PARKING (object);

  g_hash_table_unref (self->streams);
  g_hash_table_unref (self->paces);
  g_object_unref (self->cancellable);
  g_object_unref (self->handlers);
  g_object_unref (self->scope);
  karez_actor_unref (self->actor);
  G_OBJECT_CLASS (hub_peer_parking_parent_class)->finalize (object);
}

static void
hub_peer_parking_class_init (HubPeerParkingClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = hub_peer_parking_finalize;
}

static void
hub_peer_parking_init (HubPeerParking *self)
{
  self->streams = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, stream_free);
  self->paces = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->pace_messages = HUB_PACE_MESSAGES;
  self->cancellable = g_cancellable_new ();
  self->max_messages = HUB_PARKING_MESSAGES;
  self->max_bytes = HUB_PARKING_BYTES;
  self->max_dead_letters = HUB_DEAD_LETTER_MESSAGES;
}
