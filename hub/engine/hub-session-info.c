/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which session it is, and its state as this hub knows it. */
#include "hub-session-info.h"

#include "hub-clock.h"
#include "hub-string.h"

struct _HubSessionInfo
{
  GObject parent_instance;

  char *id, *modality, *title;
  char *host, *partner; /* hubs */
  gboolean hosted;
  JsonNode *booking;
  KarezState state;
  guint64 sequence;
  char *reason, *started_at, *ended_at;
  gboolean ending, told_over, closed;
};

G_DEFINE_FINAL_TYPE (HubSessionInfo, hub_session_info, G_TYPE_OBJECT)

enum
{
  CHANGED,
  OVER,
  GONE,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

HubSessionInfo *
hub_session_info_new (const char *id, const char *modality, const char *title, const char *host,
                      const char *partner, gboolean hosted, JsonNode *booking)
{
  HubSessionInfo *self = g_object_new (HUB_TYPE_SESSION_INFO, NULL);

  self->id = g_strdup (id);
  self->modality = g_strdup (modality);
  self->title = g_strdup (title);
  self->host = g_strdup (host);
  self->partner = g_strdup (partner);
  self->hosted = hosted;
  self->booking = json_node_ref (booking);
  return self;
}

HubSessionInfo *
hub_session_info_new_from_row (KarezRows *rows, guint row, const char *hub)
{
  g_autoptr (JsonNode) booking = karez_rows_json (rows, row, "booking");
  const char *host = karez_rows_text (rows, row, "host");
  HubSessionInfo *self = hub_session_info_new (
      karez_rows_text (rows, row, "id"), karez_rows_text (rows, row, "modality"),
      karez_rows_text (rows, row, "title"), host, karez_rows_text (rows, row, "partner"),
      g_str_equal (host, hub), booking);

  karez_state_from_name (karez_rows_text (rows, row, "state"), &self->state);
  self->sequence = karez_rows_integer (rows, row, "sequence");
  self->reason = g_strdup (karez_rows_text (rows, row, "reason"));
  self->started_at = g_strdup (karez_rows_text (rows, row, "started_at"));
  self->ended_at = g_strdup (karez_rows_text (rows, row, "ended_at"));
  self->told_over = hub_state_is_over (self->state);
  return self;
}

const char *
hub_session_info_get_id (HubSessionInfo *self)
{
  return self->id;
}

const char *
hub_session_info_get_modality (HubSessionInfo *self)
{
  return self->modality;
}

const char *
hub_session_info_get_title (HubSessionInfo *self)
{
  return self->title;
}

const char *
hub_session_info_get_host (HubSessionInfo *self)
{
  return self->host;
}

const char *
hub_session_info_get_partner (HubSessionInfo *self)
{
  return self->partner;
}

gboolean
hub_session_info_is_hosted (HubSessionInfo *self)
{
  return self->hosted;
}

JsonNode *
hub_session_info_get_booking (HubSessionInfo *self)
{
  return self->booking;
}

void
hub_session_info_set_booking (HubSessionInfo *self, JsonNode *booking)
{
  json_node_ref (booking);
  json_node_unref (self->booking);
  self->booking = booking;
}

KarezState
hub_session_info_get_state (HubSessionInfo *self)
{
  return self->state;
}

guint64
hub_session_info_get_sequence (HubSessionInfo *self)
{
  return self->sequence;
}

const char *
hub_session_info_get_reason (HubSessionInfo *self)
{
  return self->reason;
}

gboolean
hub_session_info_is_over (HubSessionInfo *self)
{
  return hub_state_is_over (self->state);
}

gboolean
hub_session_info_take_state (HubSessionInfo *self, KarezState state, guint64 sequence,
                             const char *reason)
{
  gboolean held_here = sequence == self->sequence && state == KAREZ_STATE_HELD
                       && hub_state_is_on (self->state);

  if (self->closed || (sequence <= self->sequence && !held_here))
    return FALSE;
  self->state = state;
  self->sequence = sequence;
  hub_set_string (&self->reason, reason);
  if (state == KAREZ_STATE_LIVE && self->started_at == NULL)
    self->started_at = hub_time_format (hub_clock_now ());
  if (hub_state_is_over (state) && self->ended_at == NULL)
    self->ended_at = hub_time_format (hub_clock_now ());
  g_signal_emit (self, signals[CHANGED], 0);
  return TRUE;
}

gboolean
hub_session_info_take (HubSessionInfo *self, JsonNode *told)
{
  JsonObject *object = JSON_NODE_HOLDS_OBJECT (told) ? json_node_get_object (told) : NULL;
  const char *name = object != NULL ? karez_json_text (object, "state") : NULL;
  KarezState state;

  return name != NULL && karez_state_from_name (name, &state)
         && hub_session_info_take_state (self, state, karez_json_integer (object, "sequence", 0),
                                         karez_json_text (object, "reason"));
}

JsonNode *
hub_session_info_answer (HubSessionInfo *self)
{
  return karez_json_object ("id", "s", self->id, "state", "s", karez_state_name (self->state),
                            "sequence", "i", (gint64) self->sequence, NULL);
}

JsonNode *
hub_session_info_to_json (HubSessionInfo *self)
{
  return karez_json_object ("id", "s", self->id, "modality", "s", self->modality, "title", "s",
                            self->title, "host", "s", self->host, "partner", "s", self->partner,
                            "state", "s", karez_state_name (self->state), "reason", "s",
                            self->reason, "sequence", "i", (gint64) self->sequence, "started_at",
                            "s", self->started_at, "ended_at", "s", self->ended_at, "booking", "n",
                            json_node_ref (self->booking), NULL);
}

void
hub_session_info_put_state (HubSessionInfo *self, KarezTransaction *transaction, const char *action,
                            KarezState state, guint64 sequence, const char *reason,
                            gboolean tell_partner)
{
  const char *name = karez_state_name (state);

  karez_transaction_run (transaction, "session_state", "(ssxms)", self->id, name, (gint64) sequence,
                         reason);
  /* Nobody is in a session that is over. */
  if (hub_state_is_over (state))
    karez_transaction_run (transaction, "participants_leave", "(s)", self->id);
  karez_transaction_event (transaction, action, "session", self->id,
                           karez_json_object ("state", "s", name, "sequence", "i",
                                              (gint64) sequence, "reason", "s", reason, NULL));
  if (!tell_partner)
    return;
  karez_transaction_post (
      transaction, self->partner, KAREZ_LANE_AGENDA, HUB_SESSION_TOPIC_STATE,
      karez_json_object ("session", "s", self->id, "state", "s", name, "sequence", "i",
                         (gint64) sequence, "reason", "s", reason, "actor", "n",
                         karez_actor_to_json (karez_transaction_get_actor (transaction)), NULL));
}

gboolean
hub_session_info_is_ending (HubSessionInfo *self)
{
  return self->ending;
}

void
hub_session_info_set_ending (HubSessionInfo *self, gboolean ending)
{
  self->ending = ending;
}

void
hub_session_info_tell_over (HubSessionInfo *self, KarezActor *actor)
{
  if (self->told_over)
    return;
  self->told_over = TRUE;
  g_signal_emit (self, signals[OVER], 0, actor);
}

void
hub_session_info_close (HubSessionInfo *self)
{
  if (self->closed)
    return;
  self->closed = TRUE;
  g_signal_emit (self, signals[GONE], 0);
}

gboolean
hub_session_info_is_closed (HubSessionInfo *self)
{
  return self->closed;
}

static void
hub_session_info_finalize (GObject *object)
{
  HubSessionInfo *self = HUB_SESSION_INFO (object);

  g_free (self->id);
  g_free (self->modality);
  g_free (self->title);
  g_free (self->host);
  g_free (self->partner);
  g_free (self->reason);
  g_free (self->started_at);
  g_free (self->ended_at);
  g_clear_pointer (&self->booking, json_node_unref);

  G_OBJECT_CLASS (hub_session_info_parent_class)->finalize (object);
}

static void
hub_session_info_class_init (HubSessionInfoClass *klass)
{
  GType type = HUB_TYPE_SESSION_INFO;

  G_OBJECT_CLASS (klass)->finalize = hub_session_info_finalize;

  signals[CHANGED] = g_signal_new ("changed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                   G_TYPE_NONE, 0);
  signals[OVER] = g_signal_new ("over", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE,
                                1, KAREZ_TYPE_ACTOR);
  signals[GONE] = g_signal_new ("gone", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE,
                                0);
}

static void
hub_session_info_init (HubSessionInfo *self)
{
}
