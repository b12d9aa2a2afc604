/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Greets one peer at each pulse, and tells whether it is up. */
#include "hub-peer-heartbeat.h"

#include "hub-catalogue.h"
#include "hub-clock.h"
#include "hub-log.h"
#include "hub-peer-greeting.h"

#define ANSWER_TIMEOUT_MS 4000
#define RETRY_MS 500u
#define KEEP_US (60 * G_USEC_PER_SEC)

struct _HubPeerHeartbeat
{
  GObject parent_instance;
  HubPeer *peer;
  KarezStore *scope;
  KarezActor *actor;
  char *id;
  GCancellable *cancellable;
  guint timer, pulse_ms;
  gboolean busy;
  guint failures;
  gboolean marking;  /* "restored" is being written */
  gboolean unmarked; /* it is not yet written */
  gboolean recalled; /* what was known before this process began has been read */
  gint64 kept_at;
  guint era; /* one more with each acknowledgement: what was asked before it counts no more */
  HubPeerGreeting *known; /* what the peer said last */
};

G_DEFINE_FINAL_TYPE (HubPeerHeartbeat, hub_peer_heartbeat, G_TYPE_OBJECT)

enum
{
  SIGNAL_GREETED,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

static void
hub_peer_heartbeat_dispose (GObject *object)
{
  HubPeerHeartbeat *self = HUB_PEER_HEARTBEAT (object);

  hub_peer_heartbeat_stop (self);
  g_clear_object (&self->peer);
  g_clear_object (&self->scope);
  g_clear_pointer (&self->actor, karez_actor_unref);
  G_OBJECT_CLASS (hub_peer_heartbeat_parent_class)->dispose (object);
}

static void
hub_peer_heartbeat_finalize (GObject *object)
{
  HubPeerHeartbeat *self = HUB_PEER_HEARTBEAT (object);

  g_free (self->id);
  g_object_unref (self->cancellable);
  g_clear_pointer (&self->known, hub_peer_greeting_free);
  G_OBJECT_CLASS (hub_peer_heartbeat_parent_class)->finalize (object);
}

static void
hub_peer_heartbeat_class_init (HubPeerHeartbeatClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = hub_peer_heartbeat_dispose;
  G_OBJECT_CLASS (klass)->finalize = hub_peer_heartbeat_finalize;
  signals[SIGNAL_GREETED] = g_signal_new ("greeted", HUB_TYPE_PEER_HEARTBEAT, G_SIGNAL_RUN_LAST, 0,
                                          NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
hub_peer_heartbeat_init (HubPeerHeartbeat *self)
{
  self->cancellable = g_cancellable_new ();
}

HubPeerHeartbeat *
hub_peer_heartbeat_new (HubPeer *peer, KarezStore *scope, KarezActor *actor, const char *id,
                        guint pulse_ms)
{
  HubPeerHeartbeat *self = g_object_new (HUB_TYPE_PEER_HEARTBEAT, NULL);

  self->peer = g_object_ref (peer);
  self->scope = g_object_ref (scope);
  self->actor = karez_actor_ref (actor);
  self->id = g_strdup (id);
  self->pulse_ms = pulse_ms;
  return self;
}

void
hub_peer_heartbeat_stop (HubPeerHeartbeat *self)
{
  g_return_if_fail (HUB_IS_PEER_HEARTBEAT (self));

  g_cancellable_cancel (self->cancellable);
  g_clear_handle_id (&self->timer, g_source_remove);
}

/* A database that went back in time: stop first, then record it. */

static void
on_marked (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (HubPeerHeartbeat) self = data;
  g_autoptr (GError) error = NULL;

  self->marking = FALSE;
  /* A conflict: it is marked already, by another karezd. What else failed comes again. */
  if (karez_transaction_commit_finish (KAREZ_TRANSACTION (source), result, &error)
      || karez_error_is_conflict (error))
    self->unmarked = FALSE;
  else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    hub_warning ("peers", hub_peer_get_id (self->peer), "%s", error->message);
}

static void
mark_restored (HubPeerHeartbeat *self, const char *how)
{
  const char *peer = hub_peer_get_id (self->peer);
  g_autoptr (KarezTransaction) transaction = NULL;

  if (!hub_peer_is_restored (self->peer))
    hub_warning ("peers", peer,
                 "A database of the pair went back in time (%s): deliveries stop until an "
                 "administrator acknowledges it.",
                 how);
  self->unmarked = self->unmarked || !hub_peer_is_restored (self->peer);
  hub_peer_set_restored (self->peer, TRUE);
  if (self->marking || !self->unmarked)
    return;
  self->marking = TRUE;
  transaction = karez_store_begin (self->scope, self->actor);
  karez_transaction_run_one (transaction, "peers/restored-already",
                             N_ ("The restored database was noticed before"), "mark_restored",
                             "(s)", peer);
  karez_transaction_event (transaction, "peer.restored", "peer", peer,
                           karez_json_object ("how", "s", how, NULL));
  karez_transaction_commit_async (transaction, self->cancellable, on_marked, g_object_ref (self));
}

/* What it says now against what it said before. */
static const char *
compare_with_known (HubPeerHeartbeat *self, const HubPeerGreeting *theirs)
{
  if (self->known == NULL)
    return NULL;
  if (theirs->incarnation < self->known->incarnation)
    return "incarnation-less";
  if (theirs->restored != NULL && g_strcmp0 (theirs->restored, self->known->restored) != 0)
    return "restored-there";
  for (guint i = 0; i < KAREZ_N_LANES; i++)
    if (theirs->lanes[i].posted < self->known->lanes[i].posted)
      return "posted-less";
  return NULL;
}

static void
on_kept (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (HubPeerHeartbeat) self = data;
  g_autoptr (GError) error = NULL;

  if (!karez_transaction_commit_finish (KAREZ_TRANSACTION (source), result, &error))
    self->kept_at = 0;
}

/* Keeps what the peer said, at once when it was started anew, else once a minute. */
static void
keep_greeting (HubPeerHeartbeat *self, HubPeerGreeting *theirs)
{
  gint64 now = hub_clock_monotonic ();
  gboolean news = self->known == NULL || theirs->incarnation != self->known->incarnation;

  g_clear_pointer (&self->known, hub_peer_greeting_free);
  self->known = theirs;
  if (news || self->kept_at == 0 || now - self->kept_at > KEEP_US)
    {
      g_autoptr (KarezTransaction) transaction = karez_store_begin (self->scope, self->actor);
      g_autofree char *posted = g_strdup_printf ("[%" G_GINT64_FORMAT ",%" G_GINT64_FORMAT
                                                 ",%" G_GINT64_FORMAT ",%" G_GINT64_FORMAT "]",
                                                 theirs->lanes[0].posted, theirs->lanes[1].posted,
                                                 theirs->lanes[2].posted, theirs->lanes[3].posted);

      self->kept_at = now;
      karez_transaction_run (transaction, "keep_greeting", "(sxsms)", hub_peer_get_id (self->peer),
                             theirs->incarnation, posted, theirs->restored);
      karez_transaction_commit_async (transaction, self->cancellable, on_kept, g_object_ref (self));
    }
}

/* Takes over @theirs, the answer to a greeting of ours: only these come in order. */
static void
judge (HubPeerHeartbeat *self, HubPeerGreeting *theirs, const HubPeerGreeting *before,
       const HubPeerGreeting *after)
{
  const char *how = hub_peer_greeting_judge (theirs, before, after);

  if (how == NULL && !hub_peer_is_restored (self->peer))
    how = compare_with_known (self, theirs);
  if (how != NULL)
    {
      mark_restored (self, how);
      hub_peer_greeting_free (theirs);
    }
  else if (hub_peer_is_restored (self->peer))
    hub_peer_greeting_free (theirs);
  else
    keep_greeting (self, theirs);
}

/* Asking: our memory, the peer's, our memory again. */

typedef struct
{
  HubPeerGreeting *before, *theirs, *after;
  gint64 sent_at, rtt, heard_at;
  guint era;
} Exchange;

static void
exchange_free (gpointer data)
{
  Exchange *exchange = data;

  g_clear_pointer (&exchange->before, hub_peer_greeting_free);
  g_clear_pointer (&exchange->theirs, hub_peer_greeting_free);
  g_clear_pointer (&exchange->after, hub_peer_greeting_free);
  g_free (exchange);
}

static void
return_failure (GTask *task, GError *error)
{
  g_task_return_error (task, error);
  g_object_unref (task);
}

static void
on_lanes_after (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  HubPeerHeartbeat *self = g_task_get_source_object (task);
  Exchange *exchange = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (KarezRows) rows = karez_store_query_finish (KAREZ_STORE (source), result, &error);

  if (rows == NULL)
    {
      return_failure (task, error);
      return;
    }
  exchange->after = hub_peer_greeting_from_rows (self->id, FALSE, rows);
  g_task_return_boolean (task, TRUE);
  g_object_unref (task);
}

static void
query_lanes (HubPeerHeartbeat *self, GCancellable *cancellable, GAsyncReadyCallback callback,
             gpointer data)
{
  karez_store_query_async (self->scope, "lanes",
                           g_variant_new ("(s)", hub_peer_get_id (self->peer)), cancellable,
                           callback, data);
}

static void
on_hello (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  HubPeerHeartbeat *self = g_task_get_source_object (task);
  Exchange *exchange = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (GBytes) answer = hub_peer_send_finish (HUB_PEER (source), result, &error);
  g_autoptr (JsonNode) node = NULL;

  exchange->rtt = hub_clock_monotonic () - exchange->sent_at;
  exchange->heard_at = hub_clock_now ();
  if (answer != NULL)
    node = karez_json_parse (answer, HUB_PEER_MAX_SMALL, &error);
  if (node != NULL)
    exchange->theirs = hub_peer_greeting_read (node, hub_peer_get_id (self->peer), &error);
  if (exchange->theirs == NULL)
    return_failure (task, error);
  else
    query_lanes (self, g_task_get_cancellable (task), on_lanes_after, task);
}

static void
on_lanes_before (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  HubPeerHeartbeat *self = g_task_get_source_object (task);
  Exchange *exchange = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (KarezRows) rows = karez_store_query_finish (KAREZ_STORE (source), result, &error);
  g_autoptr (JsonNode) node = NULL;
  g_autoptr (GBytes) body = NULL;

  if (rows == NULL)
    {
      return_failure (task, error);
      return;
    }
  exchange->before = hub_peer_greeting_from_rows (self->id, hub_peer_needs_channel (self->peer),
                                                  rows);
  node = hub_peer_greeting_write (exchange->before);
  body = karez_json_to_bytes (node);
  exchange->sent_at = hub_clock_monotonic ();
  hub_peer_send_async (self->peer, HUB_PEER_WAY_URGENT, "hello", body, ANSWER_TIMEOUT_MS,
                       HUB_PEER_MAX_SMALL, g_task_get_cancellable (task), on_hello, task);
}

void
hub_peer_heartbeat_ask_async (HubPeerHeartbeat *self, GCancellable *cancellable,
                              GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (self, cancellable, callback, data);
  Exchange *exchange = g_new0 (Exchange, 1);

  exchange->era = self->era;
  g_task_set_source_tag (task, hub_peer_heartbeat_ask_async);
  g_task_set_task_data (task, exchange, exchange_free);
  query_lanes (self, cancellable, on_lanes_before, task);
}

gboolean
hub_peer_heartbeat_ask_finish (HubPeerHeartbeat *self, GAsyncResult *result, HubPeerLane *lanes,
                               gint64 *incarnation, GError **error)
{
  Exchange *exchange;

  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, hub_peer_heartbeat_ask_async), FALSE);

  if (!g_task_propagate_boolean (G_TASK (result), error))
    return FALSE;
  exchange = g_task_get_task_data (G_TASK (result));
  memcpy (lanes, exchange->theirs->lanes, sizeof exchange->theirs->lanes);
  *incarnation = exchange->theirs->incarnation;
  return TRUE;
}

/* The pulse */

static gboolean
on_pulse (gpointer data)
{
  HubPeerHeartbeat *self = data;

  self->timer = 0;
  hub_peer_heartbeat_beat (self);
  return G_SOURCE_REMOVE;
}

static void
beat_after (HubPeerHeartbeat *self, guint delay_ms)
{
  g_clear_handle_id (&self->timer, g_source_remove);
  if (!g_cancellable_is_cancelled (self->cancellable))
    self->timer = g_timeout_add (delay_ms, on_pulse, self);
}

static void
on_beaten (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (HubPeerHeartbeat) self = HUB_PEER_HEARTBEAT (source);
  Exchange *exchange = g_task_get_task_data (G_TASK (result));
  g_autoptr (GError) error = NULL;

  g_object_ref (self);
  self->busy = FALSE;
  if (g_task_propagate_boolean (G_TASK (result), &error))
    {
      gboolean needs_channel = exchange->theirs->channel;

      /* It looked at its clock at some time between the two. */
      if (exchange->theirs->now > 0)
        hub_peer_set_clock (self->peer,
                            exchange->theirs->now - (exchange->heard_at - exchange->rtt / 2),
                            exchange->rtt / 2);
      self->failures = 0;
      if (exchange->era == self->era)
        judge (self, g_steal_pointer (&exchange->theirs), exchange->before, exchange->after);
      if (needs_channel)
        hub_peer_keep_channels (self->peer);
      hub_peer_set_up (self->peer, exchange->rtt);
      g_signal_emit (self, signals[SIGNAL_GREETED], 0);
      beat_after (self, self->pulse_ms);
      return;
    }
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  self->failures++;
  if (karez_error_is_timeout (error))
    hub_peer_drop_channels (self->peer);
  if (self->failures == 2)
    hub_info ("peers", hub_peer_get_id (self->peer), "Not up: %s", error->message);
  if (self->failures >= 2)
    hub_peer_set_down (self->peer, karez_error_get_rule (error));
  /* Half a second, doubling up to the pulse. */
  beat_after (self, MIN (RETRY_MS << MIN (self->failures - 1, 4), self->pulse_ms));
}

/* What the peer said before this process began. */
static void
on_recalled (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (HubPeerHeartbeat) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (KarezRows) rows = karez_store_query_finish (KAREZ_STORE (source), result, &error);

  self->busy = FALSE;
  if (rows == NULL)
    {
      beat_after (self, self->pulse_ms);
      return;
    }
  self->recalled = TRUE;
  if (karez_rows_get_count (rows) == 1)
    {
      g_autoptr (JsonNode) posted = karez_rows_json (rows, 0, "outbox");
      JsonArray *array = json_node_get_array (posted);

      self->known = g_new0 (HubPeerGreeting, 1);
      self->known->incarnation = karez_rows_integer (rows, 0, "incarnation");
      self->known->restored = g_strdup (karez_rows_text (rows, 0, "restored"));
      for (guint i = 0; i < KAREZ_N_LANES && i < json_array_get_length (array); i++)
        self->known->lanes[i].posted = json_array_get_int_element (array, i);
    }
  hub_peer_heartbeat_beat (self);
}

void
hub_peer_heartbeat_beat (HubPeerHeartbeat *self)
{
  g_return_if_fail (HUB_IS_PEER_HEARTBEAT (self));

  if (self->busy || g_cancellable_is_cancelled (self->cancellable))
    return;
  g_clear_handle_id (&self->timer, g_source_remove);
  self->busy = TRUE;
  if (self->recalled)
    hub_peer_heartbeat_ask_async (self, self->cancellable, on_beaten, NULL);
  else
    karez_store_query_async (self->scope, "greeting",
                             g_variant_new ("(s)", hub_peer_get_id (self->peer)), self->cancellable,
                             on_recalled, g_object_ref (self));
}

gboolean
hub_peer_heartbeat_is_recorded (HubPeerHeartbeat *self)
{
  g_return_val_if_fail (HUB_IS_PEER_HEARTBEAT (self), FALSE);

  return !self->unmarked;
}

void
hub_peer_heartbeat_forget (HubPeerHeartbeat *self)
{
  g_return_if_fail (HUB_IS_PEER_HEARTBEAT (self));

  g_clear_pointer (&self->known, hub_peer_greeting_free);
  self->kept_at = 0;
  self->era++;
}

/* Being asked */

typedef struct
{
  HubPeerHeartbeat *heartbeat;
  HubPeerRequest *request;
  HubPeerGreeting *theirs;
} Answer;

static void
on_lanes_for_answer (GObject *source, GAsyncResult *result, gpointer data)
{
  Answer *answer = data;
  g_autoptr (HubPeerHeartbeat) self = answer->heartbeat;
  g_autoptr (HubPeerRequest) request = answer->request;
  g_autoptr (HubPeerGreeting) theirs = answer->theirs;
  g_autoptr (HubPeerGreeting) ours = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (KarezRows) rows = karez_store_query_finish (KAREZ_STORE (source), result, &error);

  g_free (answer);
  if (rows == NULL)
    {
      hub_peer_request_fail (request, error);
      return;
    }
  if (g_cancellable_is_cancelled (self->cancellable))
    {
      error = karez_error_new (KAREZ_ERROR_DENIED, "peers/not-paired", NULL,
                               N_ ("This hub is not paired with yours"));
      hub_peer_request_fail (request, error);
      return;
    }
  ours = hub_peer_greeting_from_rows (self->id, hub_peer_needs_channel (self->peer), rows);
  hub_peer_request_answer (request, hub_peer_greeting_write (ours));
  if (theirs->channel)
    hub_peer_keep_channels (self->peer);
  /* They looked before us, maybe before an acknowledgement: a reason to ask, not to judge. */
  if (hub_peer_get_state (self->peer) == HUB_PEER_STATE_DOWN
      || hub_peer_greeting_judge (theirs, NULL, ours) != NULL)
    hub_peer_heartbeat_beat (self);
}

void
hub_peer_heartbeat_serve (HubPeerHeartbeat *self, HubPeerRequest *request)
{
  g_autoptr (JsonNode) node = NULL;
  g_autoptr (GError) error = NULL;
  HubPeerGreeting *theirs = NULL;
  Answer *answer;

  g_return_if_fail (HUB_IS_PEER_HEARTBEAT (self));

  node = karez_json_parse (hub_peer_request_get_body (request), HUB_PEER_MAX_SMALL, &error);
  if (node != NULL)
    theirs = hub_peer_greeting_read (node, hub_peer_get_id (self->peer), &error);
  if (theirs == NULL)
    {
      hub_peer_request_fail (request, error);
      return;
    }
  answer = g_new0 (Answer, 1);
  answer->heartbeat = g_object_ref (self);
  answer->request = hub_peer_request_ref (request);
  answer->theirs = theirs;
  query_lanes (self, self->cancellable, on_lanes_for_answer, answer);
}
