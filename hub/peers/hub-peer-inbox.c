/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Applies one peer's posts in order, each with its checkpoint. */
#include "hub-peer-inbox.h"

#include "hub-catalogue.h"
#include "hub-clock.h"
#include "hub-id.h"
#include "hub-log.h"

#include <string.h>

#define MAX_ITEMS 256
#define ITEM_TIMEOUT_MS 20000
#define PLUGIN_TIMEOUT_MS 5000              /* then it is parked, and the lane goes on */
#define BATCH_TIME_US (30 * G_USEC_PER_SEC) /* then no further item is begun */

struct _HubPeerInbox
{
  GObject parent_instance;
  HubPeer *peer;
  KarezStore *scope;
  HubPeerHandlers *handlers;
  HubPeerParking *parking;
  gboolean busy[KAREZ_N_LANES];
};

G_DEFINE_FINAL_TYPE (HubPeerInbox, hub_peer_inbox, G_TYPE_OBJECT)

typedef struct
{
  gint64 sequence;
  char *id, *topic;
  gboolean omitted;
  GBytes *body;
} Item;

static void
item_free (gpointer data)
{
  Item *item = data;

  g_free (item->id);
  g_free (item->topic);
  g_clear_pointer (&item->body, g_bytes_unref);
  g_free (item);
}

/* One post request at work. */
typedef struct
{
  HubPeerInbox *inbox;
  HubPeerRequest *request;
  guint lane;
  gboolean owns_lane;
  GPtrArray *items;
  guint next; /* the item that is applied now */
  gint64 applied;
  gint64 started;
  char *problem, *full;
  KarezMessage *message; /* of that item */
} Batch;

static void
batch_free (gpointer data)
{
  Batch *batch = data;

  if (batch->owns_lane)
    batch->inbox->busy[batch->lane] = FALSE;
  g_clear_pointer (&batch->message, karez_message_unref);
  g_ptr_array_unref (batch->items);
  hub_peer_request_unref (batch->request);
  g_free (batch->problem);
  g_free (batch->full);
  g_object_unref (batch->inbox);
  g_free (batch);
}

static void
hub_peer_inbox_finalize (GObject *object)
{
  HubPeerInbox *self = HUB_PEER_INBOX (object);

  g_object_unref (self->peer);
  g_object_unref (self->scope);
  g_object_unref (self->handlers);
  g_object_unref (self->parking);
  G_OBJECT_CLASS (hub_peer_inbox_parent_class)->finalize (object);
}

static void
hub_peer_inbox_class_init (HubPeerInboxClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = hub_peer_inbox_finalize;
}

static void
hub_peer_inbox_init (HubPeerInbox *self)
{
}

HubPeerInbox *
hub_peer_inbox_new (HubPeer *peer, KarezStore *scope, HubPeerHandlers *handlers,
                    HubPeerParking *parking)
{
  HubPeerInbox *self = g_object_new (HUB_TYPE_PEER_INBOX, NULL);

  self->peer = g_object_ref (peer);
  self->scope = g_object_ref (scope);
  self->handlers = g_object_ref (handlers);
  self->parking = g_object_ref (parking);
  return self;
}

/* Reading a batch */

static const KarezJsonField batch_fields[] = {
  { "lane", KAREZ_JSON_INTEGER, TRUE, 0, KAREZ_N_LANES - 1, NULL },
  { NULL },
};
static const KarezJsonField item_fields[] = {
  { "sequence", KAREZ_JSON_INTEGER, TRUE, 1, G_MAXINT64 - 1, NULL },
  { "id", KAREZ_JSON_UUID, TRUE, 0, 0, NULL },
  { "topic", KAREZ_JSON_TEXT, TRUE, 1, 128, NULL },
  { "omitted", KAREZ_JSON_BOOLEAN, FALSE, 0, 0, NULL },
  { NULL },
};

/* Takes one line off. Returns: (transfer full): NULL at the end */
static GBytes *
take_line (GBytes *body, gsize *offset)
{
  gsize size;
  const char *text = g_bytes_get_data (body, &size);
  const char *end;
  gsize start = *offset;

  if (start >= size)
    return NULL;
  end = memchr (text + start, '\n', size - start);
  *offset = end != NULL ? (gsize) (end - text) + 1 : size;
  return g_bytes_new_from_bytes (body, start, (end != NULL ? (gsize) (end - text) : size) - start);
}

static JsonObject *
read_line (GBytes *line, const KarezJsonField *fields, JsonNode **node, GError **error)
{
  *node = line != NULL ? karez_json_parse (line, 4096, error) : NULL;
  if (line == NULL)
    karez_error_set (error, KAREZ_ERROR_INVALID, "peers/post", NULL,
                     N_ ("The post ends too early"));
  return *node != NULL ? karez_json_check (*node, fields, error) : NULL;
}

static gboolean
read_item (Batch *batch, GBytes *head, GBytes *body, GError **error)
{
  g_autoptr (JsonNode) node = NULL;
  JsonObject *object = read_line (head, item_fields, &node, error);
  Item *item, *before;

  if (object == NULL)
    return FALSE;
  if (body == NULL || batch->items->len >= MAX_ITEMS)
    return karez_error_set (error, KAREZ_ERROR_INVALID, "peers/post",
                            N_ ("Two lines for each message, at most 256 messages"),
                            N_ ("The post has not the right number of lines"));
  before = batch->items->len > 0 ? g_ptr_array_index (batch->items, batch->items->len - 1) : NULL;
  item = g_new0 (Item, 1);
  item->sequence = karez_json_integer (object, "sequence", 0);
  item->id = g_strdup (karez_json_text (object, "id"));
  item->topic = g_strdup (karez_json_text (object, "topic"));
  item->omitted = karez_json_boolean (object, "omitted");
  item->body = g_bytes_ref (body);
  g_ptr_array_add (batch->items, item);
  if (before != NULL && item->sequence != before->sequence + 1)
    return karez_error_set (error, KAREZ_ERROR_INVALID, "peers/post",
                            N_ ("Sequences without a gap, in order"),
                            N_ ("The messages of the post are not in order"));
  return TRUE;
}

/* Reads everything but the bodies before anything is applied. */
static gboolean
read_batch (Batch *batch, GError **error)
{
  GBytes *body = hub_peer_request_get_body (batch->request);
  gsize offset = 0;
  g_autoptr (GBytes) first = take_line (body, &offset);
  g_autoptr (JsonNode) node = NULL;
  JsonObject *object = read_line (first, batch_fields, &node, error);

  if (object == NULL)
    return FALSE;
  batch->lane = karez_json_integer (object, "lane", 0);
  for (;;)
    {
      g_autoptr (GBytes) head = take_line (body, &offset);
      g_autoptr (GBytes) text = head != NULL ? take_line (body, &offset) : NULL;

      if (head == NULL)
        break;
      if (!read_item (batch, head, text, error))
        return FALSE;
    }
  if (batch->items->len == 0)
    return karez_error_set (error, KAREZ_ERROR_INVALID, "peers/post", N_ ("At least one message"),
                            N_ ("The post is empty"));
  return TRUE;
}

/* Applying it */

static void read_checkpoint (Batch *batch);
static void go_on (Batch *batch);

static void
finish_batch (Batch *batch)
{
  hub_peer_request_answer (batch->request,
                           karez_json_object ("lane", "i", (gint64) batch->lane, "applied", "i",
                                              batch->applied, "problem", "s", batch->problem,
                                              "full", "s", batch->full, NULL));
  batch_free (batch);
}

static void
fail_batch (Batch *batch, const GError *error)
{
  if (batch->applied > 0 || batch->next > 0 || batch->full != NULL)
    {
      g_free (batch->problem);
      batch->problem = g_utf8_substring (error->message, 0,
                                         MIN (1000, g_utf8_strlen (error->message, -1)));
      finish_batch (batch);
      return;
    }
  hub_peer_request_fail (batch->request, error);
  batch_free (batch);
}

/* A body that cannot be kept as it is, as text: jsonb has no U+0000 and wants JSON. */
static char *
printable_body (Item *item)
{
  gsize size;
  const char *bytes = g_bytes_get_data (item->body, &size);
  g_autoptr (JsonNode) node = karez_json_parse (item->body, 0, NULL);
  g_autofree char *text = g_utf8_make_valid (size > 0 ? bytes : "", size);
  g_autoptr (JsonNode) wrapped = NULL;

  if (node != NULL && strstr (text, "\\u0000") == NULL)
    return karez_json_print (node);
  wrapped = karez_json_object ("unreadable", "s", text, NULL);
  return karez_json_print (wrapped);
}

static void
on_dead_letter (GObject *source, GAsyncResult *result, gpointer data)
{
  Batch *batch = data;
  g_autoptr (GError) error = NULL;

  if (hub_peer_parking_add_dead_letter_finish (HUB_PEER_PARKING (source), result, &error))
    read_checkpoint (batch);
  else
    fail_batch (batch, error);
}

static void
add_dead_letter (Batch *batch, const GError *error)
{
  Item *item = g_ptr_array_index (batch->items, batch->next);
  g_autofree char *body = printable_body (item);

  hub_peer_parking_add_dead_letter_async (batch->inbox->parking, batch->message, item->id, body,
                                          error, on_dead_letter, batch);
}

/* The sender holds what is for this plugin, and its lane goes on. */
static void
refuse_full (Batch *batch, const GError *error)
{
  Item *item = g_ptr_array_index (batch->items, batch->next);

  batch->full = hub_peer_topic_owner (item->topic);
  fail_batch (batch, error);
}

static void
on_parked (GObject *source, GAsyncResult *result, gpointer data)
{
  Batch *batch = data;
  g_autoptr (GError) error = NULL;

  if (hub_peer_parking_put_finish (HUB_PEER_PARKING (source), result, &error))
    read_checkpoint (batch);
  else if (g_strcmp0 (karez_error_get_rule (error), HUB_PARKING_FULL) == 0)
    refuse_full (batch, error);
  else if (hub_peer_handlers_may_help_later (error))
    fail_batch (batch, error);
  else
    add_dead_letter (batch, error);
}

static void
park (Batch *batch, const char *reason)
{
  Item *item = g_ptr_array_index (batch->items, batch->next);

  hub_peer_parking_put_async (batch->inbox->parking, batch->message, item->id, reason, on_parked,
                              batch);
}

/* What the handler said, kept while the checkpoint is looked up. */
typedef struct
{
  Batch *batch;
  GError *error; /* NULL for success */
} Verdict;

static void
on_verdict_checked (GObject *source, GAsyncResult *result, gpointer data)
{
  Verdict *verdict = data;
  Batch *batch = verdict->batch;
  g_autoptr (GError) refusal = verdict->error;
  g_autoptr (GError) error = NULL;
  g_autoptr (KarezRows) rows = karez_store_query_finish (KAREZ_STORE (source), result, &error);
  Item *item = g_ptr_array_index (batch->items, batch->next);

  g_free (verdict);
  if (rows == NULL)
    {
      fail_batch (batch, error);
      return;
    }
  batch->applied = karez_rows_integer (rows, 0, "applied");
  if (batch->applied >= item->sequence)
    {
      go_on (batch);
      return;
    }
  if (refusal == NULL)
    refusal = hub_peer_handlers_no_checkpoint (item->topic);
  add_dead_letter (batch, refusal);
}

static void
on_handled (GObject *source, GAsyncResult *result, gpointer data)
{
  Batch *batch = data;
  HubPeerInbox *self = batch->inbox;
  Item *item = g_ptr_array_index (batch->items, batch->next);
  GError *error = NULL;
  Verdict *verdict;

  hub_peer_handlers_run_post_finish (HUB_PEER_HANDLERS (source), result, &error);
  if (error != NULL && hub_peer_handlers_may_help_later (error))
    {
      g_autoptr (GError) later = error;

      if (hub_peer_handlers_must_park (self->handlers, item->topic, later))
        park (batch, later->message);
      else
        fail_batch (batch, later);
      return;
    }
  verdict = g_new0 (Verdict, 1);
  verdict->batch = batch;
  verdict->error = error;
  karez_store_query_async (self->scope, "inbox_applied",
                           g_variant_new ("(si)", hub_peer_get_id (self->peer), (int) batch->lane),
                           NULL, on_verdict_checked, verdict);
}

static void
apply_item (Batch *batch)
{
  HubPeerInbox *self = batch->inbox;
  Item *item = g_ptr_array_index (batch->items, batch->next);
  g_autoptr (KarezActor)
      actor = hub_peer_make_actor (self->peer, hub_peer_request_get_address (batch->request));
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) body = karez_json_parse (item->body, 0, &error);
  gboolean plugins;

  g_clear_pointer (&batch->message, karez_message_unref);
  batch->message = karez_message_new (actor, item->topic, body, batch->lane, item->sequence);
  if (item->omitted)
    {
      g_clear_error (&error);
      error = karez_error_new (KAREZ_ERROR_TOO_LARGE, "peers/message-size", NULL,
                               N_ ("The message was too long to be sent"));
    }
  plugins = hub_peer_handlers_must_park (self->handlers, item->topic, NULL);
  if (error != NULL)
    add_dead_letter (batch, error);
  else if (plugins
           && !hub_peer_parking_check_pace (self->parking, batch->message,
                                            g_bytes_get_size (item->body), &error))
    refuse_full (batch, error);
  else if (plugins && hub_peer_parking_is_waiting (self->parking, batch->message))
    park (batch, N_ ("It waits for the messages before it."));
  else
    hub_peer_handlers_run_post_async (self->handlers, batch->message,
                                      plugins ? PLUGIN_TIMEOUT_MS : ITEM_TIMEOUT_MS, on_handled,
                                      batch);
}

/* Passes what was applied before, then begins the next item, or answers. */
static void
go_on (Batch *batch)
{
  HubPeerInbox *self = batch->inbox;
  Item *item = NULL;

  for (; batch->next < batch->items->len; batch->next++)
    {
      item = g_ptr_array_index (batch->items, batch->next);
      if (item->sequence > batch->applied)
        break;
    }
  if (batch->next == batch->items->len || item->sequence != batch->applied + 1
      || hub_peer_get_state (self->peer) == HUB_PEER_STATE_REVOKED
      || hub_peer_is_restored (self->peer)
      || hub_clock_monotonic () - batch->started > BATCH_TIME_US)
    finish_batch (batch);
  else
    apply_item (batch);
}

static void
on_checkpoint (GObject *source, GAsyncResult *result, gpointer data)
{
  Batch *batch = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (KarezRows) rows = karez_store_query_finish (KAREZ_STORE (source), result, &error);

  if (rows == NULL)
    {
      fail_batch (batch, error);
      return;
    }
  batch->applied = karez_rows_integer (rows, 0, "applied");
  go_on (batch);
}

static void
read_checkpoint (Batch *batch)
{
  HubPeerInbox *self = batch->inbox;

  karez_store_query_async (self->scope, "inbox_applied",
                           g_variant_new ("(si)", hub_peer_get_id (self->peer), (int) batch->lane),
                           NULL, on_checkpoint, batch);
}

void
hub_peer_inbox_serve (HubPeerInbox *self, HubPeerRequest *request)
{
  Batch *batch;
  g_autoptr (GError) error = NULL;
  gboolean good;

  g_return_if_fail (HUB_IS_PEER_INBOX (self));

  batch = g_new0 (Batch, 1);
  batch->inbox = g_object_ref (self);
  batch->request = hub_peer_request_ref (request);
  batch->items = g_ptr_array_new_with_free_func (item_free);
  batch->started = hub_clock_monotonic ();
  good = read_batch (batch, &error);
  if (good && hub_peer_is_restored (self->peer))
    good = karez_error_set (&error, KAREZ_ERROR_CONFLICT, "peers/restored",
                            N_ ("An administrator who acknowledges the restored database"),
                            N_ ("One of the two hubs was restored from a backup"));
  if (good && self->busy[batch->lane])
    good = karez_error_set (&error, KAREZ_ERROR_BUSY, "peers/lane-busy", NULL,
                            N_ ("An earlier post of this lane is still being applied"));
  if (!good)
    {
      hub_peer_request_fail (request, error);
      batch_free (batch);
      return;
    }
  self->busy[batch->lane] = TRUE;
  batch->owns_lane = TRUE;
  read_checkpoint (batch);
}
