/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Delivers the outbox of one peer, lane by lane. */
#include "hub-peer-outbox.h"

#include "hub-clock.h"
#include "hub-log.h"
#include "hub-peer-handlers.h"

#include <string.h>

#define BATCH_MESSAGES 64
/* A lane of the urgent way shares its connection with the other one, so its batches are short. */
#define BATCH_BYTES_URGENT (256 * 1024)
#define BATCH_BYTES_BULK (2 * 1024 * 1024)
#define MAX_BODY KAREZ_JSON_MAX_BYTES
#define BACKOFF_LEAST_MS 500
#define BACKOFF_MOST_MS 30000
#define HOLD_MESSAGES 256 /* of one plugin, in one transaction */

/* Messages of one plugin that the peer has no room for (karez.outbox_held). */
typedef struct
{
  char *owner;
  guint room; /* how many are posted again at once */
  guint backoff_ms;
  gint64 due;
  gboolean wanted; /* as soon as the lane is free */
} Hold;

typedef struct
{
  HubPeerOutbox *outbox; /* not counted */
  guint number;
  gboolean busy;  /* a batch is being read, sent or deleted */
  gboolean again; /* woken meanwhile */
  guint backoff_ms;
  guint timer;
  gint64 first;    /* of the batch under way */
  KarezRows *rows; /* that batch */
  guint epoch;     /* the peer's, when it was read */
  gboolean acknowledging;
  GHashTable *holds; /* owner → Hold */
  char *releasing;   /* an owner */
} Lane;

struct _HubPeerOutbox
{
  GObject parent_instance;
  HubPeer *peer;
  KarezStore *scope;
  KarezActor *actor;
  GCancellable *cancellable;
  Lane lanes[KAREZ_N_LANES];
};

G_DEFINE_FINAL_TYPE (HubPeerOutbox, hub_peer_outbox, G_TYPE_OBJECT)

enum
{
  SIGNAL_SUSPICIOUS,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

static void run_lane (Lane *lane);

static void
hub_peer_outbox_dispose (GObject *object)
{
  HubPeerOutbox *self = HUB_PEER_OUTBOX (object);

  hub_peer_outbox_stop (self);
  g_clear_object (&self->peer);
  g_clear_object (&self->scope);
  g_clear_pointer (&self->actor, karez_actor_unref);
  G_OBJECT_CLASS (hub_peer_outbox_parent_class)->dispose (object);
}

static void
hub_peer_outbox_finalize (GObject *object)
{
  HubPeerOutbox *self = HUB_PEER_OUTBOX (object);

  for (guint i = 0; i < KAREZ_N_LANES; i++)
    {
      g_clear_pointer (&self->lanes[i].rows, karez_rows_unref);
      g_hash_table_unref (self->lanes[i].holds);
      g_free (self->lanes[i].releasing);
    }
  g_object_unref (self->cancellable);
  G_OBJECT_CLASS (hub_peer_outbox_parent_class)->finalize (object);
}

static void
hub_peer_outbox_class_init (HubPeerOutboxClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = hub_peer_outbox_dispose;
  G_OBJECT_CLASS (klass)->finalize = hub_peer_outbox_finalize;
  signals[SIGNAL_SUSPICIOUS] = g_signal_new ("suspicious", HUB_TYPE_PEER_OUTBOX, G_SIGNAL_RUN_LAST,
                                             0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
hold_free (gpointer data)
{
  Hold *hold = data;

  g_free (hold->owner);
  g_free (hold);
}

static void
hub_peer_outbox_init (HubPeerOutbox *self)
{
  self->cancellable = g_cancellable_new ();
  for (guint i = 0; i < KAREZ_N_LANES; i++)
    {
      self->lanes[i].outbox = self;
      self->lanes[i].number = i;
      self->lanes[i].holds = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, hold_free);
    }
}

HubPeerOutbox *
hub_peer_outbox_new (HubPeer *peer, KarezStore *scope, KarezActor *actor)
{
  HubPeerOutbox *self = g_object_new (HUB_TYPE_PEER_OUTBOX, NULL);

  self->peer = g_object_ref (peer);
  self->scope = g_object_ref (scope);
  self->actor = karez_actor_ref (actor);
  return self;
}

void
hub_peer_outbox_stop (HubPeerOutbox *self)
{
  g_return_if_fail (HUB_IS_PEER_OUTBOX (self));

  g_cancellable_cancel (self->cancellable);
  for (guint i = 0; i < KAREZ_N_LANES; i++)
    g_clear_handle_id (&self->lanes[i].timer, g_source_remove);
}

static gboolean
on_backoff (gpointer data)
{
  Lane *lane = data;

  lane->timer = 0;
  run_lane (lane);
  return G_SOURCE_REMOVE;
}

/* The end of one attempt: goes on, waits, or rests. Releases the reference of the attempt. */
static void
end_attempt (Lane *lane, gboolean more)
{
  HubPeerOutbox *self = lane->outbox;

  lane->busy = FALSE;
  lane->backoff_ms = 0;
  g_clear_pointer (&lane->rows, karez_rows_unref);
  if ((more || lane->again) && !g_cancellable_is_cancelled (self->cancellable))
    run_lane (lane);
  g_object_unref (self);
}

static void
fail_attempt (Lane *lane, const char *why)
{
  HubPeerOutbox *self = lane->outbox;
  gboolean was_woken = lane->again;

  lane->busy = FALSE;
  g_clear_pointer (&lane->rows, karez_rows_unref);
  lane->backoff_ms = CLAMP (lane->backoff_ms * 2, BACKOFF_LEAST_MS, BACKOFF_MOST_MS);
  hub_info ("peers", hub_peer_get_id (self->peer), "Lane %u waits %u ms: %s", lane->number,
            lane->backoff_ms, why);
  if (!g_cancellable_is_cancelled (self->cancellable))
    lane->timer = g_timeout_add (lane->backoff_ms, on_backoff, lane);
  lane->again = was_woken;
  g_object_unref (self);
}

/* What the peer has no room for */

static Hold *
get_hold (Lane *lane, const char *owner)
{
  Hold *hold = g_hash_table_lookup (lane->holds, owner);

  if (hold != NULL)
    return hold;
  hold = g_new0 (Hold, 1);
  hold->owner = g_strdup (owner);
  hold->room = 1;
  g_hash_table_insert (lane->holds, hold->owner, hold);
  return hold;
}

/* The peer took some of what was held: there is room again. */
static void
note_taken (Lane *lane, KarezRows *rows)
{
  for (guint i = 0; i < karez_rows_get_count (rows); i++)
    {
      Hold *hold = get_hold (lane, karez_rows_text (rows, i, "owner"));

      hold->room = MIN (hold->room * 4, HOLD_MESSAGES);
      hold->backoff_ms = 0;
      hold->due = 0;
      hold->wanted = TRUE;
    }
}

static void
note_full (Lane *lane, const char *owner)
{
  Hold *hold = g_hash_table_lookup (lane->holds, owner);

  if (hold == NULL)
    hub_warning ("peers", hub_peer_get_id (lane->outbox->peer),
                 "Lane %u: the peer has no room for messages of “%s”; they are held here.",
                 lane->number, owner);
  hold = get_hold (lane, owner);
  hold->room = 1;
  hold->backoff_ms = CLAMP (hold->backoff_ms * 2, BACKOFF_LEAST_MS, BACKOFF_MOST_MS);
  hold->due = hub_clock_monotonic () + (gint64) hold->backoff_ms * 1000;
  hold->wanted = FALSE;
}

static Hold *
find_wanted (Lane *lane)
{
  GHashTableIter iter;
  Hold *hold;

  g_hash_table_iter_init (&iter, lane->holds);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &hold))
    if (hold->wanted)
      return hold;
  return NULL;
}

static void
on_released (GObject *source, GAsyncResult *result, gpointer data)
{
  Lane *lane = data;
  KarezTransaction *transaction = KAREZ_TRANSACTION (source);
  g_autofree char *owner = g_steal_pointer (&lane->releasing);
  g_autoptr (GError) error = NULL;

  if (!karez_transaction_commit_finish (transaction, result, &error))
    {
      fail_attempt (lane, error->message);
      return;
    }
  if (karez_rows_get_affected (karez_transaction_get_rows (transaction, 0)) == 0)
    {
      hub_notice ("peers", hub_peer_get_id (lane->outbox->peer),
                  "Lane %u: no message of “%s” is held any more.", lane->number, owner);
      g_hash_table_remove (lane->holds, owner);
    }
  end_attempt (lane, TRUE);
}

static void
release (Lane *lane, Hold *hold)
{
  HubPeerOutbox *self = lane->outbox;
  g_autoptr (KarezTransaction) transaction = karez_store_begin (self->scope, self->actor);

  hold->wanted = FALSE;
  g_free (lane->releasing);
  lane->releasing = g_strdup (hold->owner);
  karez_transaction_run (transaction, "outbox_release", "(sisi)", hub_peer_get_id (self->peer),
                         (int) lane->number, hold->owner, (int) hold->room);
  karez_transaction_commit_async (transaction, self->cancellable, on_released, lane);
}

/* One more message follows others that are held. */
static void
on_held (GObject *source, GAsyncResult *result, gpointer data)
{
  Lane *lane = data;
  g_autoptr (GError) error = NULL;

  if (karez_transaction_commit_finish (KAREZ_TRANSACTION (source), result, &error))
    end_attempt (lane, TRUE);
  else
    fail_attempt (lane, error->message);
}

static void
add_hold (Lane *lane, KarezTransaction *transaction, const char *owner, gint64 after)
{
  karez_transaction_run (transaction, "outbox_hold", "(sisxi)",
                         hub_peer_get_id (lane->outbox->peer), (int) lane->number, owner, after,
                         HOLD_MESSAGES);
}

/* Whether the message that the peer did not take is @owner's, who may be told to wait. */
static gboolean
is_first_unapplied (Lane *lane, const char *owner, gint64 applied)
{
  gint64 row = applied + 1 - lane->first;
  g_autofree char *first = NULL;

  if (row < 0 || row >= karez_rows_get_count (lane->rows)
      || g_str_equal (karez_rows_text (lane->rows, (guint) row, "topic"), HUB_PEER_TOPIC_HELD))
    return FALSE;
  first = hub_peer_topic_owner (karez_rows_text (lane->rows, (guint) row, "topic"));
  return g_str_equal (first, owner);
}

/* What the peer answered */

static void
on_settled (GObject *source, GAsyncResult *result, gpointer data)
{
  Lane *lane = data;
  KarezTransaction *transaction = KAREZ_TRANSACTION (source);
  g_autoptr (GError) error = NULL;

  if (!karez_transaction_commit_finish (transaction, result, &error))
    fail_attempt (lane, error->message);
  else if (lane->acknowledging
           && karez_rows_get_affected (karez_transaction_get_rows (transaction, 0)) == 0)
    {
      /* The peer has applied more than was ever posted, or another karezd deleted first. */
      g_signal_emit (lane->outbox, signals[SIGNAL_SUSPICIOUS], 0);
      fail_attempt (lane, "nothing that the peer acknowledges is here");
    }
  else
    {
      if (lane->acknowledging)
        note_taken (lane, karez_transaction_get_rows (transaction, 1));
      end_attempt (lane, TRUE);
    }
}

/* Forgets what is applied; what the peer has no room for is held. @full: (nullable): whose */
static void
settle (Lane *lane, gint64 applied, const char *full)
{
  HubPeerOutbox *self = lane->outbox;
  const char *peer = hub_peer_get_id (self->peer);
  g_autoptr (KarezTransaction) transaction = karez_store_begin (self->scope, self->actor);

  lane->acknowledging = applied >= lane->first;
  if (lane->acknowledging)
    {
      karez_transaction_run (transaction, "outbox_acknowledge", "(six)", peer, (int) lane->number,
                             applied);
      karez_transaction_run (transaction, "outbox_taken", "(six)", peer, (int) lane->number,
                             applied);
    }
  if (full != NULL)
    {
      karez_transaction_run (transaction, "outbox_hold_back", "(sisx)", peer, (int) lane->number,
                             full, applied);
      add_hold (lane, transaction, full, applied);
    }
  karez_transaction_commit_async (transaction, self->cancellable, on_settled, lane);
}

static const KarezJsonField answer_fields[] = {
  { "lane", KAREZ_JSON_INTEGER, TRUE, 0, KAREZ_N_LANES - 1, NULL },
  { "applied", KAREZ_JSON_INTEGER, TRUE, 0, G_MAXINT64, NULL },
  { "problem", KAREZ_JSON_TEXT, FALSE, 0, 2000, NULL },
  { "full", KAREZ_JSON_TEXT, FALSE, 0, 128, NULL },
  { NULL },
};

static void
on_posted (GObject *source, GAsyncResult *result, gpointer data)
{
  Lane *lane = data;
  HubPeerOutbox *self = lane->outbox;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) answer = hub_peer_send_finish (HUB_PEER (source), result, &error);
  g_autoptr (JsonNode) node = NULL;
  JsonObject *object = NULL;
  const char *problem, *full;
  gint64 applied;

  if (answer != NULL)
    node = karez_json_parse (answer, HUB_PEER_MAX_SMALL, &error);
  if (node != NULL)
    object = karez_json_check (node, answer_fields, &error);
  if (object == NULL)
    {
      fail_attempt (lane, error->message);
      return;
    }
  if (lane->epoch != hub_peer_get_epoch (self->peer))
    {
      fail_attempt (lane, "a database was restored meanwhile");
      return;
    }
  applied = karez_json_integer (object, "applied", 0);
  problem = karez_json_text (object, "problem");
  full = karez_json_text (object, "full");
  if (full != NULL && is_first_unapplied (lane, full, applied))
    {
      note_full (lane, full);
      settle (lane, applied, full);
    }
  else if (applied >= lane->first)
    settle (lane, applied, NULL);
  else
    {
      if (applied < lane->first - 1)
        g_signal_emit (self, signals[SIGNAL_SUSPICIOUS], 0);
      fail_attempt (lane, problem != NULL ? problem : "the peer applied nothing");
    }
}

/* Two lines for each message: what it is, and the body as the database has it. */
static GBytes *
write_batch (Lane *lane, KarezRows *rows)
{
  GString *text = g_string_new (NULL);

  g_string_append_printf (text, "{\"lane\":%u}\n", lane->number);
  for (guint i = 0; i < karez_rows_get_count (rows) && !karez_rows_boolean (rows, i, "waits"); i++)
    {
      const char *body = karez_rows_text (rows, i, "body");
      gboolean omitted = strlen (body) > MAX_BODY;
      g_autoptr (JsonNode) head = karez_json_object (
          "sequence", "i", karez_rows_integer (rows, i, "sequence"), "id", "s",
          karez_rows_text (rows, i, "id"), "topic", "s", karez_rows_text (rows, i, "topic"),
          "omitted", "b", omitted, NULL);
      g_autofree char *line = karez_json_print (head);

      if (omitted)
        hub_critical ("peers", hub_peer_get_id (lane->outbox->peer),
                      "Message %s of topic %s is too long to be sent; it is a dead letter there.",
                      karez_rows_text (rows, i, "id"), karez_rows_text (rows, i, "topic"));
      g_string_append_printf (text, "%s\n%s\n", line, omitted ? "null" : body);
    }
  return g_string_free_to_bytes (text);
}

static void
on_batch (GObject *source, GAsyncResult *result, gpointer data)
{
  Lane *lane = data;
  HubPeerOutbox *self = lane->outbox;
  g_autoptr (GError) error = NULL;
  g_autoptr (KarezRows) rows = karez_store_query_finish (KAREZ_STORE (source), result, &error);
  g_autoptr (GBytes) body = NULL;
  guint count;

  if (rows == NULL)
    {
      fail_attempt (lane, error->message);
      return;
    }
  count = karez_rows_get_count (rows);
  if (count == 0 || !hub_peer_may_deliver (self->peer)
      || lane->epoch != hub_peer_get_epoch (self->peer))
    {
      end_attempt (lane, FALSE);
      return;
    }
  lane->first = karez_rows_integer (rows, 0, "sequence");
  if (karez_rows_boolean (rows, 0, "waits"))
    {
      g_autofree char *owner = hub_peer_topic_owner (karez_rows_text (rows, 0, "topic"));
      g_autoptr (KarezTransaction) transaction = karez_store_begin (self->scope, self->actor);

      add_hold (lane, transaction, owner, 0);
      karez_transaction_commit_async (transaction, self->cancellable, on_held, lane);
      return;
    }
  body = write_batch (lane, rows);
  lane->rows = g_steal_pointer (&rows);
  hub_peer_send_async (
      self->peer, lane->number <= KAREZ_LANE_AGENDA ? HUB_PEER_WAY_URGENT : HUB_PEER_WAY_BULK,
      "post", body, HUB_PEER_TIMEOUT_POST, HUB_PEER_MAX_SMALL, self->cancellable, on_posted, lane);
}

static void
run_lane (Lane *lane)
{
  HubPeerOutbox *self = lane->outbox;
  Hold *hold = NULL;

  if (g_cancellable_is_cancelled (self->cancellable) || !hub_peer_may_deliver (self->peer))
    return;
  if (lane->busy)
    {
      lane->again = TRUE;
      return;
    }
  g_clear_handle_id (&lane->timer, g_source_remove);
  lane->busy = TRUE;
  lane->again = FALSE;
  lane->epoch = hub_peer_get_epoch (self->peer);
  g_object_ref (self);
  hold = find_wanted (lane);
  if (hold != NULL)
    {
      release (lane, hold);
      return;
    }
  karez_store_query_async (
      self->scope, "outbox_batch",
      g_variant_new (
          "(siix)", hub_peer_get_id (self->peer), (int) lane->number, BATCH_MESSAGES,
          (gint64) (lane->number <= KAREZ_LANE_AGENDA ? BATCH_BYTES_URGENT : BATCH_BYTES_BULK)),
      self->cancellable, on_batch, lane);
}

void
hub_peer_outbox_wake (HubPeerOutbox *self, guint lane)
{
  g_return_if_fail (HUB_IS_PEER_OUTBOX (self) && lane < KAREZ_N_LANES);

  if (self->lanes[lane].timer == 0) /* what just failed keeps to its delay */
    run_lane (&self->lanes[lane]);
}

void
hub_peer_outbox_release (HubPeerOutbox *self, guint lane, const char *owner)
{
  Hold *hold;

  g_return_if_fail (HUB_IS_PEER_OUTBOX (self) && lane < KAREZ_N_LANES);

  hold = get_hold (&self->lanes[lane], owner);
  if (hold->due > hub_clock_monotonic () || !hub_peer_may_deliver (self->peer))
    return;
  hold->wanted = TRUE;
  hub_peer_outbox_wake (self, lane);
}

void
hub_peer_outbox_wake_now (HubPeerOutbox *self)
{
  g_return_if_fail (HUB_IS_PEER_OUTBOX (self));

  for (guint i = 0; i < KAREZ_N_LANES; i++)
    {
      g_clear_handle_id (&self->lanes[i].timer, g_source_remove);
      self->lanes[i].backoff_ms = 0;
      run_lane (&self->lanes[i]);
    }
}
