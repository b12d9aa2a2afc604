/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One paired hub: whether it is up, its lanes, its clock. */
#include "hub-peer.h"

#include "hub-catalogue.h"
#include "hub-clock.h"
#include "hub-log.h"

typedef enum
{
  CLASS_URGENT,
  CLASS_BULK,
  N_CLASSES
} Class;
static const char *const class_names[] = { "urgent", "bulk" };

struct _HubPeer
{
  GObject parent_instance;
  HubIdentity *identity;
  char *id, *key, *address, *name, *trouble;
  JsonNode *names;
  HubPeerClient *client; /* NULL when it cannot be dialled */
  HubPeerChannel *channels[N_CLASSES];
  gboolean opening[N_CLASSES];
  HubPeerServeFunc serve;
  gpointer serve_data;
  HubPeerState state;
  gint64 since, rtt;
  gint64 clock_offset, clock_uncertainty, clock_at; /* 0: not measured */
  gboolean clock_off, clock_told;
  gint64 clock_told_at;
  gboolean restored;
  guint epoch;
  gboolean dialling_fails;
  GCancellable *cancellable; /* of what must end when it is revoked */
};

G_DEFINE_FINAL_TYPE (HubPeer, hub_peer, G_TYPE_OBJECT)

enum
{
  SIGNAL_CHANGED,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

static void
hub_peer_dispose (GObject *object)
{
  HubPeer *self = HUB_PEER (object);

  g_cancellable_cancel (self->cancellable);
  for (guint i = 0; i < N_CLASSES; i++)
    if (self->channels[i] != NULL)
      {
        g_signal_handlers_disconnect_by_data (self->channels[i], self);
        hub_peer_channel_close (self->channels[i]);
        g_clear_object (&self->channels[i]);
      }
  g_clear_object (&self->client);
  g_clear_object (&self->identity);
  G_OBJECT_CLASS (hub_peer_parent_class)->dispose (object);
}

static void
hub_peer_finalize (GObject *object)
{
  HubPeer *self = HUB_PEER (object);

  g_free (self->id);
  g_free (self->key);
  g_free (self->address);
  g_free (self->name);
  g_free (self->trouble);
  json_node_unref (self->names);
  g_object_unref (self->cancellable);
  G_OBJECT_CLASS (hub_peer_parent_class)->finalize (object);
}

static void
hub_peer_class_init (HubPeerClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = hub_peer_dispose;
  G_OBJECT_CLASS (klass)->finalize = hub_peer_finalize;
  signals[SIGNAL_CHANGED] = g_signal_new ("changed", HUB_TYPE_PEER, G_SIGNAL_RUN_LAST, 0, NULL,
                                          NULL, NULL, G_TYPE_NONE, 0);
}

static void
hub_peer_init (HubPeer *self)
{
  self->since = hub_clock_now ();
  self->cancellable = g_cancellable_new ();
}

HubPeer *
hub_peer_new (HubIdentity *identity, const char *id, JsonNode *names, const char *key,
              const char *address)
{
  HubPeer *self = g_object_new (HUB_TYPE_PEER, NULL);
  const char *name = NULL;

  self->identity = g_object_ref (identity);
  self->id = g_strdup (id);
  self->key = g_strdup (key);
  self->address = g_strdup (address);
  self->names = json_node_ref (names);
  if (JSON_NODE_HOLDS_OBJECT (names))
    name = karez_json_text (json_node_get_object (names), "en");
  self->name = g_strdup (name != NULL ? name : id);
  if (address != NULL)
    self->client = hub_peer_client_new (identity, address, key);
  return self;
}

const char *
hub_peer_get_id (HubPeer *self)
{
  return self->id;
}

const char *
hub_peer_get_key (HubPeer *self)
{
  return self->key;
}

const char *
hub_peer_get_address (HubPeer *self)
{
  return self->address;
}

void
hub_peer_set_address (HubPeer *self, const char *address)
{
  g_autoptr (HubPeerClient) before = g_steal_pointer (&self->client);

  g_free (self->address);
  self->address = g_strdup (address);
  self->client = hub_peer_client_new (self->identity, address, self->key);
  /* What is under way fails, and is tried again by the new one. */
  if (before != NULL)
    hub_peer_client_close (before);
  hub_peer_drop_channels (self);
}

JsonNode *
hub_peer_get_names (HubPeer *self)
{
  return self->names;
}

const char *
hub_peer_get_name (HubPeer *self)
{
  return self->name;
}

KarezActor *
hub_peer_make_actor (HubPeer *self, const char *address)
{
  return karez_actor_new (KAREZ_ACTOR_PEER, self->id, self->name, NULL, address, self->id);
}

HubPeerState
hub_peer_get_state (HubPeer *self)
{
  return self->state;
}

const char *
hub_peer_state_name (HubPeerState state)
{
  static const char *const names[] = { "down", "up", "revoked" };

  return names[state];
}

gint64
hub_peer_get_since (HubPeer *self)
{
  return self->since;
}

gint64
hub_peer_get_rtt (HubPeer *self)
{
  return self->rtt;
}

/* A measure is kept while it is the better one, for a minute: one that came back late says little.
 */
#define CLOCK_KEEP_US (60 * G_USEC_PER_SEC)
#define CLOCK_TELL_US (600 * G_USEC_PER_SEC)

gboolean
hub_peer_get_clock (HubPeer *self, gint64 *offset, gint64 *uncertainty)
{
  *offset = self->clock_offset;
  *uncertainty = self->clock_uncertainty;
  return self->clock_at != 0;
}

gboolean
hub_peer_is_clock_off (HubPeer *self)
{
  return self->clock_off;
}

/* A clock that goes to and fro fills no log. */
static void
tell_clock (HubPeer *self, gint64 now)
{
  if (self->clock_off == self->clock_told
      || (self->clock_off && self->clock_told_at != 0 && now - self->clock_told_at < CLOCK_TELL_US))
    return;
  self->clock_told = self->clock_off;
  if (!self->clock_off)
    {
      hub_notice ("peers", self->id, "The clock of %s agrees with this hub's again.", self->name);
      return;
    }
  self->clock_told_at = now;
  hub_warning (
      "peers", self->id,
      "The clocks are apart: that of %s is %+.1f s ahead of this hub's (to within %.1f s).",
      self->name, (double) self->clock_offset / G_USEC_PER_SEC,
      (double) self->clock_uncertainty / G_USEC_PER_SEC);
}

void
hub_peer_set_clock (HubPeer *self, gint64 offset, gint64 uncertainty)
{
  gint64 now = hub_clock_monotonic ();
  gint64 apart = ABS (offset - self->clock_offset);
  gboolean stepped = apart > uncertainty + self->clock_uncertainty; /* somebody set a clock */
  gint64 bound = HUB_PEER_CLOCK_BOUND_MS * G_GINT64_CONSTANT (1000);
  gboolean off;

  if (self->clock_at != 0 && uncertainty > self->clock_uncertainty && !stepped
      && now - self->clock_at < CLOCK_KEEP_US)
    return;
  self->clock_offset = offset;
  self->clock_uncertainty = uncertainty;
  self->clock_at = now;
  off = ABS (offset) - uncertainty > bound;
  if (off != self->clock_off)
    {
      self->clock_off = off;
      g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
    }
  tell_clock (self, now);
}

static void
set_state (HubPeer *self, HubPeerState state)
{
  if (self->state == state || self->state == HUB_PEER_STATE_REVOKED)
    return;
  self->state = state;
  self->since = hub_clock_now ();
  hub_notice ("peers", self->id, "%s is %s.", self->name, hub_peer_state_name (state));
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
}

void
hub_peer_set_up (HubPeer *self, gint64 rtt)
{
  self->rtt = rtt;
  set_state (self, HUB_PEER_STATE_UP);
}

const char *
hub_peer_get_trouble (HubPeer *self)
{
  return self->state == HUB_PEER_STATE_DOWN ? self->trouble : NULL;
}

void
hub_peer_set_down (HubPeer *self, const char *trouble)
{
  if (g_strcmp0 (self->trouble, trouble) != 0)
    {
      g_free (self->trouble);
      self->trouble = g_strdup (trouble);
      if (self->state == HUB_PEER_STATE_DOWN)
        g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
    }
  set_state (self, HUB_PEER_STATE_DOWN);
}

void
hub_peer_close (HubPeer *self)
{
  g_return_if_fail (HUB_IS_PEER (self));

  g_cancellable_cancel (self->cancellable);
  if (self->client != NULL)
    hub_peer_client_close (self->client);
  hub_peer_drop_channels (self);
}

void
hub_peer_revoke (HubPeer *self)
{
  g_return_if_fail (HUB_IS_PEER (self));

  g_object_ref (self);
  set_state (self, HUB_PEER_STATE_REVOKED);
  hub_peer_close (self);
  g_object_unref (self);
}

gboolean
hub_peer_is_restored (HubPeer *self)
{
  return self->restored;
}

void
hub_peer_set_restored (HubPeer *self, gboolean restored)
{
  if (self->restored == restored)
    return;
  self->restored = restored;
  self->epoch++;
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
}

guint
hub_peer_get_epoch (HubPeer *self)
{
  return self->epoch;
}

gboolean
hub_peer_may_deliver (HubPeer *self)
{
  return self->state == HUB_PEER_STATE_UP && !self->restored;
}

/* Sending */

static GTask *
new_send (HubPeer *self, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (self, cancellable, callback, data);

  g_task_set_source_tag (task, hub_peer_send_async);
  g_task_set_check_cancellable (task, FALSE);
  return task;
}

static void
return_answer (GTask *task, GBytes *answer, GError *error)
{
  if (answer != NULL)
    g_task_return_pointer (task, answer, (GDestroyNotify) g_bytes_unref);
  else
    g_task_return_error (task, error);
  g_object_unref (task);
}

static void
on_channel_answer (GObject *source, GAsyncResult *result, gpointer data)
{
  GError *error = NULL;
  GBytes *answer = hub_peer_channel_send_finish (HUB_PEER_CHANNEL (source), result, &error);

  return_answer (data, answer, error);
}

/* Whether an error says that dialling does not work, other than a refusal by the peer itself. */
static gboolean
is_dialling_failure (GError *error)
{
  const char *rule = karez_error_get_rule (error);

  return g_strcmp0 (rule, "peers/unreachable") == 0 || g_strcmp0 (rule, "peers/other-key") == 0
         || g_strcmp0 (rule, "peers/deadline") == 0;
}

static void
on_client_answer (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  HubPeer *self = g_task_get_source_object (task);
  GError *error = NULL;
  GBytes *answer = hub_peer_client_send_finish (HUB_PEER_CLIENT (source), result, &error);

  if (answer != NULL)
    self->dialling_fails = FALSE;
  else if (is_dialling_failure (error))
    self->dialling_fails = TRUE;
  return_answer (task, answer, error);
}

void
hub_peer_send_async (HubPeer *self, HubPeerWay way, const char *path, GBytes *body,
                     guint timeout_ms, gsize max_answer, GCancellable *cancellable,
                     GAsyncReadyCallback callback, gpointer data)
{
  GTask *task;
  HubPeerChannel *channel;

  g_return_if_fail (HUB_IS_PEER (self));

  task = new_send (self, cancellable, callback, data);
  channel = self->channels[way == HUB_PEER_WAY_BULK ? CLASS_BULK : CLASS_URGENT];
  if (self->state == HUB_PEER_STATE_REVOKED)
    return_answer (task, NULL,
                   karez_error_new (KAREZ_ERROR_NOT_FOUND, "peers/not-paired",
                                    N_ ("A pairing that both hospitals confirmed"),
                                    N_ ("%s is no longer paired with this hub"), self->name));
  else if (channel != NULL && hub_peer_channel_is_open (channel))
    hub_peer_channel_send_async (channel, path, body, timeout_ms, max_answer, cancellable,
                                 on_channel_answer, task);
  else if (self->client != NULL)
    hub_peer_client_send_async (self->client, way, path, body, timeout_ms, max_answer, cancellable,
                                on_client_answer, task);
  else
    return_answer (task, NULL,
                   karez_error_new (KAREZ_ERROR_UNAVAILABLE, "peers/unreachable", NULL,
                                    N_ ("%s is not connected, and this hub cannot dial it"),
                                    self->name));
}

GBytes *
hub_peer_send_finish (HubPeer *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, hub_peer_send_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/* Channels */

static void
on_channel_closed (HubPeerChannel *channel, gpointer data)
{
  HubPeer *self = data;

  for (guint i = 0; i < N_CLASSES; i++)
    if (self->channels[i] == channel)
      {
        hub_info ("peers", self->id, "The %s channel is closed.", class_names[i]);
        g_signal_handlers_disconnect_by_data (channel, self);
        g_clear_object (&self->channels[i]);
      }
}

static void
set_channel (HubPeer *self, Class class, HubPeerChannel *channel)
{
  HubPeerChannel *old = g_steal_pointer (&self->channels[class]);

  self->channels[class] = g_object_ref (channel);
  g_signal_connect (channel, "closed", G_CALLBACK (on_channel_closed), self);
  hub_info ("peers", self->id, "The %s channel is open.", class_names[class]);
  if (old != NULL)
    {
      g_signal_handlers_disconnect_by_data (old, self);
      hub_peer_channel_close (old);
      g_object_unref (old);
    }
}

void
hub_peer_take_channel (HubPeer *self, const char *name, HubPeerChannel *channel)
{
  g_return_if_fail (HUB_IS_PEER (self));

  if (g_cancellable_is_cancelled (self->cancellable))
    hub_peer_channel_close (channel);
  else
    set_channel (self, g_str_equal (name, "bulk") ? CLASS_BULK : CLASS_URGENT, channel);
}

void
hub_peer_set_serve (HubPeer *self, HubPeerServeFunc serve, gpointer data)
{
  self->serve = serve;
  self->serve_data = data;
}

typedef struct
{
  HubPeer *peer;
  Class class;
} Opening;

static void
on_channel_open (GObject *source, GAsyncResult *result, gpointer data)
{
  Opening *opening = data;
  HubPeer *self = opening->peer;
  g_autoptr (GError) error = NULL;
  g_autoptr (SoupWebsocketConnection)
      websocket = hub_peer_client_open_channel_finish (HUB_PEER_CLIENT (source), result, &error);

  self->opening[opening->class] = FALSE;
  if (websocket == NULL)
    hub_info ("peers", self->id, "No channel: %s", error->message);
  else if (!g_cancellable_is_cancelled (self->cancellable) && self->serve != NULL)
    {
      g_autoptr (HubPeerChannel)
          channel = hub_peer_channel_new (websocket, self->key, self->serve, self->serve_data);

      set_channel (self, opening->class, channel);
    }
  g_object_unref (self);
  g_free (opening);
}

void
hub_peer_keep_channels (HubPeer *self)
{
  g_return_if_fail (HUB_IS_PEER (self));

  if (self->client == NULL || g_cancellable_is_cancelled (self->cancellable))
    return;
  for (guint i = 0; i < N_CLASSES; i++)
    if (self->channels[i] == NULL && !self->opening[i])
      {
        Opening *opening = g_new0 (Opening, 1);

        opening->peer = g_object_ref (self);
        opening->class = i;
        self->opening[i] = TRUE;
        hub_peer_client_open_channel_async (self->client, class_names[i], self->cancellable,
                                            on_channel_open, opening);
      }
}

void
hub_peer_drop_channels (HubPeer *self)
{
  g_return_if_fail (HUB_IS_PEER (self));

  for (guint i = 0; i < N_CLASSES; i++)
    if (self->channels[i] != NULL)
      {
        g_autoptr (HubPeerChannel) channel = g_object_ref (self->channels[i]);

        hub_peer_channel_close (channel); /* its signal clears the slot */
      }
}

gboolean
hub_peer_needs_channel (HubPeer *self)
{
  return self->client == NULL || self->dialling_fails;
}
