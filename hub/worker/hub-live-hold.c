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
#define REPEATED_US G_USEC_PER_SEC
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
  return hub_live_word_get_waiting (self->word) && hub_state_is_on (self->state) ? KAREZ_STATE_HELD
                                                                                 : self->state;
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
  guint64 number = hub_live_word_say (self->word, self->generation, name, reason, actor);

  hub_live_session_retarget (self);
  hub_recorder_record (self->recorder, "session.ask", actor,
                       karez_json_object ("edge", "s", name, "reason", "s", reason, "number", "i",
                                          (gint64) number, NULL));
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
  return edge->from == edge->to && !self->lifting && self->moving == NULL;
}

void
hub_live_session_record_count (HubLiveSession *self)
{
  guint counted = hub_live_repeats_take (&self->repeats);

  if (counted)
    hub_recorder_record (self->recorder, "session.hold-repeated", self->actor,
                         karez_json_object ("count", "i", (gint64) counted, NULL));
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
  if (hub_live_repeats_is_due (&self->repeats))
    hub_live_session_record_count (self);
  if (self->repeats.counted)
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
  if (hub_live_repeats_may_record (&self->repeats, TRUE))
    return TRUE;
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
    hub_live_session_panic (self, reason != NULL ? reason : "");
  if (hub_session_machine_is_done (self->state, name))
    return;
  if (!self->host)
    ask (self, name, reason, actor);
  /* One record is enough. */
  else if (edge != NULL && is_repeated (self, edge, reason, actor))
    renumber (self, self->sequence + 1);
  else if (edge != NULL && is_in_force (self, edge)
           && !hub_live_repeats_may_record (&self->repeats, theirs))
    renumber (self, self->sequence + 1);
  else if (edge != NULL)
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

  if (!hub_live_word_hear (self->word, number))
    return;
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
  if (hub_live_word_is_plausible (number, self->peer_generation))
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
  if (!hub_live_repeats_may_record (&self->repeats, TRUE))
    {
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
