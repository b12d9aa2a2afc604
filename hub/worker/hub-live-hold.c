/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Words away from risk: hold, panic, stop. Each is in force when the function that takes it
 * returns, whatever is under way; what may lift it names it by the number of the state that it
 * made. */
#include "hub-live-session-private.h"

#include "hub-catalogue.h"
#include "hub-clock.h"
#include "hub-log.h"
#include "hub-string.h"

/* How far the other worker's number may be ahead: by what the disk of this one did not take. */
#define MAX_AHEAD 1000
/* Words are counted anew by each worker, above all of those before it. */
#define GENERATION_SHIFT 24
#define REPEATED_US G_USEC_PER_SEC
/* Words that change nothing are recorded one by one up to so many, and then one in so long; how
 * many there were besides is recorded as often. */
#define MAX_SPARE 10.0
#define SPARE_US (10 * G_USEC_PER_SEC)
#define COUNT_S 1

/* The one place where it is decided that a session goes on, at its host. A step towards LIVE
 * belongs to the state that somebody asked to lift: a start from READY and the LIVE after it, a
 * resume from HELD. Every hold, panic and stop makes a state with another number, so that nothing
 * that was asked before it leads to LIVE after it. From DEGRADED a session heals by itself; a hold
 * leaves it. */
gboolean
hub_live_session_may_walk (HubLiveSession *self, const HubEdge *edge)
{
  gboolean towards = edge->to == KAREZ_STATE_STARTING
                     || (edge->to == KAREZ_STATE_LIVE && edge->from != KAREZ_STATE_DEGRADED);

  return !towards || self->lifting == self->sequence;
}

/* And at a mirror: what was said here is in force here, whether or not the host has heard it. */
KarezState
hub_live_session_get_state (HubLiveSession *self)
{
  return self->asked && hub_state_is_on (self->state) ? KAREZ_STATE_HELD : self->state;
}

gboolean
hub_live_session_lift (HubLiveSession *self, guint64 seen, GError **error)
{
  if (seen != self->sequence)
    return karez_error_set (error, KAREZ_ERROR_CONFLICT, "session/overtaken",
                            N_ ("the same again, after a look at the session"),
                            N_ ("The session was held, or changed, after this was asked for."));
  self->lifting = seen;
  return TRUE;
}

static void
on_ask_saved (GObject *source, GAsyncResult *result, gpointer data)
{
  HubLiveSession *self = HUB_LIVE_SESSION (source);
  g_autoptr (GError) error = NULL;

  if (!hub_live_session_save_finish (self, result, &error))
    hub_warning ("session", self->id, "A hold or stop is not in the checkpoint yet: %s",
                 error->message);
}

/* A mirror's word: in force here, and said to the host until it has heard it. */
static void
ask (HubLiveSession *self, const char *name, const char *reason, KarezActor *actor)
{
  KarezState before = hub_live_session_get_state (self);
  gboolean stopping = self->asked && g_str_equal (self->asked_edge, "stop");

  /* A stop is not weakened to a hold. */
  hub_set_string (&self->asked_edge, stopping ? "stop" : name);
  hub_set_string (&self->asked_reason, reason);
  g_clear_pointer (&self->asked_actor, karez_actor_unref);
  self->asked_actor = karez_actor_ref (actor);
  self->asked = ((guint64) self->generation << GENERATION_SHIFT) + ++self->n_asked;
  self->last_asked = self->asked;
  hub_live_session_retarget (self);
  hub_recorder_record (self->recorder, "session.ask", actor,
                       karez_json_object ("edge", "s", name, "reason", "s", reason, "number", "i",
                                          (gint64) self->asked, NULL));
  hub_live_session_save_async (self, NULL, on_ask_saved, NULL);
  hub_live_session_tell (self);
  if (hub_live_session_get_state (self) != before)
    g_signal_emit_by_name (self, "state-changed");
}

/* The same hold by the same one again while it is held, as a live half may say it at every turn. */
static gboolean
is_repeated (HubLiveSession *self, const HubEdge *edge, const char *reason, KarezActor *actor)
{
  return edge->from == KAREZ_STATE_HELD && edge->to == KAREZ_STATE_HELD && !self->lifting
         && g_strcmp0 (self->walked, edge->action) == 0 && g_strcmp0 (self->reason, reason) == 0
         && g_strcmp0 (karez_actor_get_id (self->actor), karez_actor_get_id (actor)) == 0
         && hub_clock_now () - self->moved_at < REPEATED_US;
}

/* Nothing goes on that it could end, and nobody is lifting what is in force. */
static gboolean
is_in_force (HubLiveSession *self, const HubEdge *edge)
{
  return edge->from == edge->to && !self->lifting && !self->moving;
}

static void
refill (HubLiveSession *self, guint theirs)
{
  gint64 now = hub_clock_monotonic ();

  if (self->spare_at[theirs] == 0)
    self->spare[theirs] = MAX_SPARE;
  else
    self->spare[theirs] = MIN (MAX_SPARE, self->spare[theirs]
                                              + (double) (now - self->spare_at[theirs]) / SPARE_US);
  self->spare_at[theirs] = now;
}

static gboolean
may_record (HubLiveSession *self, guint theirs)
{
  refill (self, theirs);
  if (self->spare[theirs] < 1)
    return FALSE;
  self->spare[theirs] -= 1;
  return TRUE;
}

void
hub_live_session_record_count (HubLiveSession *self)
{
  if (!self->counted)
    return;
  self->counted_at = hub_clock_monotonic ();
  hub_recorder_record (self->recorder, "session.hold-repeated", self->actor,
                       karez_json_object ("count", "i", (gint64) self->counted, NULL));
  self->counted = 0;
}

static void
tell_number (HubLiveSession *self)
{
  self->untold = FALSE;
  if (self->host)
    hub_live_session_tell (self);
  g_signal_emit_by_name (self, "state-changed");
}

static gboolean
on_count (gpointer data)
{
  HubLiveSession *self = data;

  if (self->untold)
    tell_number (self);
  if (hub_clock_monotonic () - self->counted_at >= SPARE_US)
    hub_live_session_record_count (self);
  if (self->counted)
    return G_SOURCE_CONTINUE;
  self->count_source = 0;
  return G_SOURCE_REMOVE;
}

/* The number is another one, so what would lift the former one is refused from here on; who shows
 * it hears of it, and of many more within a second once. */
static void
renumber (HubLiveSession *self, guint64 sequence)
{
  self->sequence = sequence;
  self->untold = TRUE;
  if (self->count_source)
    return;
  self->count_source = g_timeout_add_seconds (COUNT_S, on_count, self);
  tell_number (self);
}

gboolean
hub_live_session_hear_again (HubLiveSession *self, guint64 sequence, const char *reason)
{
  if (may_record (self, TRUE))
    return TRUE;
  self->counted++;
  hub_set_string (&self->reason, reason);
  renumber (self, sequence);
  return FALSE;
}

/* @theirs: whether the other hospital says it */
static void
back_off (HubLiveSession *self, const char *name, const char *reason, KarezActor *actor,
          gboolean theirs)
{
  const HubEdge *edge = hub_session_machine_find (self->state, name, NULL);

  self->n_words++;
  if (g_str_equal (name, "panic"))
    hub_live_session_panic (self, reason ? reason : "");
  if (hub_session_machine_is_done (self->state, name))
    return;
  if (!self->host)
    ask (self, name, reason, actor);
  /* One record is enough. */
  else if (edge && is_repeated (self, edge, reason, actor))
    renumber (self, self->sequence + 1);
  else if (edge && is_in_force (self, edge) && !may_record (self, theirs))
    {
      self->counted++;
      renumber (self, self->sequence + 1);
    }
  else if (edge)
    hub_live_session_take_edge (self, edge, reason, actor);
}

void
hub_live_session_back_off (HubLiveSession *self, const char *name, const char *reason,
                           KarezActor *actor)
{
  back_off (self, name, reason, actor, g_strcmp0 (karez_actor_get_hub (actor), self->partner) == 0);
}

void
hub_live_session_heard (HubLiveSession *self, guint64 number)
{
  KarezState before = hub_live_session_get_state (self);

  if (!self->asked || number < self->asked)
    return;
  self->asked = 0;
  hub_live_session_retarget (self);
  hub_live_session_write_checkpoint (self);
  if (hub_live_session_get_state (self) != before)
    g_signal_emit_by_name (self, "state-changed");
}

gboolean
hub_live_session_is_news (HubLiveSession *self, guint64 number)
{
  if (!number || number <= self->heard)
    return FALSE;
  /* What no worker there can have counted to is obeyed, and hides none of those to come. */
  if (number >> GENERATION_SHIFT <= self->peer_generation)
    self->heard = number;
  return TRUE;
}

void
hub_live_session_catch_up (HubLiveSession *self, guint64 sequence, KarezState state)
{
  const char *name = state == KAREZ_STATE_STOPPING || state == KAREZ_STATE_ENDED ? "stop" : "hold";
  gboolean backed = state == KAREZ_STATE_HELD || g_str_equal (name, "stop");

  if (sequence < self->sequence || sequence > self->sequence + MAX_AHEAD
      || (sequence == self->sequence && state == self->state))
    return;
  self->sequence = sequence;
  /* A start or resume that is under way was asked for without knowing of it. */
  if (self->lifting
      || (backed && !hub_session_machine_is_done (self->state, name) && self->state != state))
    {
      back_off (self, name, N_ ("the session's worker was restarted"), self->actor, TRUE);
      return;
    }
  if (!may_record (self, TRUE))
    {
      self->counted++;
      renumber (self, sequence + 1);
      return;
    }
  /* This worker's disk had not taken what it told before it died. */
  hub_warning ("session", self->id,
               "The other worker knows of a later state: %s (%" G_GUINT64_FORMAT ").",
               karez_state_name (state), sequence);
  hub_live_session_set_state (self, self->state, sequence + 1, self->reason, self->actor);
  hub_live_session_record_state (self, "session.state");
  hub_live_session_tell (self);
  g_signal_emit_by_name (self, "state-changed");
}

JsonNode *
hub_live_session_asked_to_json (HubLiveSession *self)
{
  if (!self->asked)
    return NULL;
  return karez_json_object ("edge", "s", self->asked_edge, "reason", "s", self->asked_reason,
                            "number", "i", (gint64) self->asked, "actor", "n",
                            karez_actor_to_json (self->asked_actor), NULL);
}

void
hub_live_session_recall_asked (HubLiveSession *self, JsonNode *node, KarezActor *actor)
{
  static const KarezJsonField fields[] = {
    { "edge", KAREZ_JSON_ENUM, TRUE, 0, 0, "hold|panic|stop" },
    { "reason", KAREZ_JSON_TEXT, FALSE, 0, 4000 },
    { "number", KAREZ_JSON_INTEGER, TRUE, 1, G_MAXINT64 },
    { "actor", KAREZ_JSON_OBJECT },
    { NULL },
  };
  JsonObject *object = node ? karez_json_check (node, fields, NULL) : NULL;
  JsonNode *theirs = object ? json_object_get_member (object, "actor") : NULL;
  g_autoptr (KarezActor) own = theirs ? karez_actor_from_json (theirs, NULL) : NULL;
  guint64 number = object ? karez_json_integer (object, "number", 0) : 0;

  if (number <= self->asked)
    return;
  self->asked = number;
  hub_set_string (&self->asked_edge, karez_json_text (object, "edge"));
  hub_set_string (&self->asked_reason, karez_json_text (object, "reason"));
  g_clear_pointer (&self->asked_actor, karez_actor_unref);
  self->asked_actor = karez_actor_ref (own ? own : actor ? actor : self->actor);
}
