/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The one session of a worker, as its live half sees it. */
#include "hub-live-session-private.h"

#include "hub-bus-error.h"
#include "hub-catalogue.h"
#include "hub-clock.h"
#include "hub-crash.h"
#include "hub-id.h"
#include "hub-log.h"
#include "hub-module.h"
#include "hub-string.h"

#include <glib/gstdio.h>

static void session_iface_init (KarezSessionInterface *iface);
G_DEFINE_FINAL_TYPE_WITH_CODE (HubLiveSession, hub_live_session, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (KAREZ_TYPE_SESSION, session_iface_init))

enum
{
  STATE_CHANGED,
  SEND,
  RECORDED,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

void
hub_live_session_set_state (HubLiveSession *self, KarezState state, guint64 sequence,
                            const char *reason, KarezActor *actor)
{
  self->state = state;
  self->sequence = sequence;
  hub_set_string (&self->reason, reason);
  if (actor != self->actor)
    {
      karez_actor_unref (self->actor);
      self->actor = karez_actor_ref (actor);
    }
  self->moved_at = hub_clock_now ();
  hub_notice ("session", self->id, "The session is %s (%" G_GUINT64_FORMAT ")%s%s.",
              karez_state_name (state), sequence, self->reason != NULL ? ": " : "",
              self->reason != NULL ? self->reason : "");
}

/* What the state asks of the live half. */
void
hub_live_session_retarget (HubLiveSession *self)
{
  HubPhase target = HUB_PHASE_NONE;

  if (self->driver == NULL)
    return;
  switch (hub_live_session_get_state (self))
    {
    case KAREZ_STATE_PREPARING:
    case KAREZ_STATE_READY:
      target = HUB_PHASE_PREPARED;
      break;
    case KAREZ_STATE_STARTING:
    case KAREZ_STATE_LIVE:
    case KAREZ_STATE_DEGRADED:
      target = HUB_PHASE_STARTED;
      break;
    case KAREZ_STATE_HELD:
      target = self->lifting ? HUB_PHASE_STARTED : HUB_PHASE_HELD;
      break;
    case KAREZ_STATE_STOPPING:
    case KAREZ_STATE_ENDED:
      target = HUB_PHASE_STOPPED;
      break;
    case KAREZ_STATE_PLANNED:
    case KAREZ_STATE_FAILED:
      break;
    }
  /* A live half that comes back must be prepared before it can keep what there is to keep. */
  if (target == HUB_PHASE_STOPPED && self->state == KAREZ_STATE_STOPPING && self->preparing != NULL
      && hub_live_driver_get_phase (self->driver) == HUB_PHASE_NONE)
    target = HUB_PHASE_PREPARED;
  hub_live_driver_set_target (self->driver, target, hub_live_session_get_reason (self));
}

void
hub_live_session_record_state (HubLiveSession *self, const char *action)
{
  hub_recorder_record (self->recorder, action, self->actor,
                       karez_json_object ("state", "s", karez_state_name (self->state), "sequence",
                                          "i", (gint64) self->sequence, "reason", "s", self->reason,
                                          NULL));
}

/* Away from risk the live half acts first; the record is on its way to the disk in the same turn,
 * and who asked is answered when it is there. */
void
hub_live_session_take_edge (HubLiveSession *self, const HubEdge *edge, const char *reason,
                            KarezActor *actor)
{
  if (!hub_live_session_may_walk (self, edge))
    {
      hub_notice ("session", self->id, "“%s” was overtaken by a hold.", edge->edge);
      return;
    }
  hub_live_session_record_count (self);
  hub_live_session_set_state (self, edge->to, self->sequence + 1, reason, actor);
  if (hub_session_machine_is_away (edge->edge))
    hub_live_session_overtake (self);
  /* A start goes on to LIVE. */
  self->lifting = edge->to == KAREZ_STATE_STARTING ? self->sequence : 0;
  hub_set_string (&self->walked, edge->action);
  hub_live_session_retarget (self);
  /* Towards risk the hub has recorded the act under its own name already. */
  hub_live_session_record_state (self, edge->towards_risk ? "session.state" : edge->action);
  hub_live_session_tell (self);
  g_signal_emit (self, signals[STATE_CHANGED], 0);
  hub_live_session_write_checkpoint (self);
}

/* The host walks LIVE ⇄ DEGRADED by itself. */
void
hub_live_session_judge (HubLiveSession *self)
{
  g_autofree char *failed = hub_live_checks_find_failed (self->checks);
  const HubEdge *edge = NULL;

  if (!self->host || self->driver == NULL)
    return;
  if (failed != NULL && self->state == KAREZ_STATE_LIVE)
    edge = hub_session_machine_find (self->state, "degrade", NULL);
  else if (failed == NULL && self->state == KAREZ_STATE_DEGRADED
           && hub_live_driver_get_phase (self->driver) == HUB_PHASE_STARTED
           && hub_live_checks_may_heal (self->checks))
    edge = hub_session_machine_find (self->state, "heal", NULL);
  if (edge == NULL)
    return;
  if (failed != NULL)
    hub_live_checks_count_degrading (self->checks);
  hub_live_session_take_edge (self, edge, failed, self->actor);
}

/* What a preflight found counts until it is live: from there on, what the live half reports does.
 */
static gboolean
counts_preflight (HubLiveSession *self)
{
  return !hub_state_is_live (self->state) && !hub_state_is_over (self->state);
}

JsonNode *
hub_live_session_tell_own_checks (HubLiveSession *self)
{
  return hub_live_checks_tell (self->checks, counts_preflight (self));
}

static JsonNode *
show_checks (HubLiveSession *self)
{
  /* Without a link it is not known how it is there now. */
  return hub_live_checks_show (self->checks, counts_preflight (self),
                               self->link != NULL && karez_link_is_up (KAREZ_LINK (self->link)));
}

static void
on_checks_changed (HubLiveChecks *checks, gboolean own, HubLiveSession *self)
{
  if (own)
    hub_live_session_tell_checks (self);
  hub_live_session_judge (self);
}

/* KarezSession */

static const char *
get_id (KarezSession *session)
{
  return HUB_LIVE_SESSION (session)->id;
}

static const char *
get_hub (KarezSession *session)
{
  return HUB_LIVE_SESSION (session)->hub;
}

static JsonNode *
get_booking (KarezSession *session)
{
  return HUB_LIVE_SESSION (session)->booking;
}

static KarezState
get_state (KarezSession *session)
{
  return hub_live_session_get_state (HUB_LIVE_SESSION (session));
}

static gboolean
is_host (KarezSession *session)
{
  return HUB_LIVE_SESSION (session)->host;
}

static KarezMedia *
get_media (KarezSession *session, GError **error)
{
  HubLiveSession *self = HUB_LIVE_SESSION (session);

  if (self->media_address == NULL)
    {
      karez_error_set (error, KAREZ_ERROR_NOT_GRANTED, "plugin/not-granted",
                       N_ ("“media” among the services in [Grants]"),
                       N_ ("The plugin was not granted media."));
      return NULL;
    }
  if (self->media != NULL)
    return KAREZ_MEDIA (self->media);
  self->media = hub_rtc_new (self->media_address, error);
  if (self->media == NULL)
    return NULL;
  self->bridge = hub_live_bridge_new (self->media, self->link,
                                      hub_live_people_get_list (self->people), self->id, self->host,
                                      self->generation, self->link_address, error);
  if (self->bridge == NULL)
    g_clear_object (&self->media);
  return self->media != NULL ? KAREZ_MEDIA (self->media) : NULL;
}

static KarezLink *
get_link (KarezSession *session)
{
  return KAREZ_LINK (HUB_LIVE_SESSION (session)->link);
}

static GListModel *
get_participants (KarezSession *session)
{
  return hub_live_people_get_list (HUB_LIVE_SESSION (session)->people);
}

static KarezActor *
session_actor (HubLiveSession *self)
{
  return karez_actor_new (KAREZ_ACTOR_HUB, "session",
                          self->modality_id != NULL ? self->modality_id : "session", NULL, NULL,
                          NULL);
}

static void
record (KarezSession *session, const char *action, KarezActor *actor, JsonNode *body)
{
  HubLiveSession *self = HUB_LIVE_SESSION (session);
  g_autoptr (KarezActor) own = actor != NULL ? karez_actor_ref (actor) : session_actor (self);

  g_return_if_fail (!g_str_has_prefix (action, "session."));

  hub_recorder_record (self->recorder, action, own, body);
}

static void
save_async (KarezSession *session, GCancellable *cancellable, GAsyncReadyCallback callback,
            gpointer data)
{
  hub_live_session_save_async (HUB_LIVE_SESSION (session), cancellable, callback, data);
}

static gboolean
save_finish (KarezSession *session, GAsyncResult *result, GError **error)
{
  return hub_live_session_save_finish (HUB_LIVE_SESSION (session), result, error);
}

static KarezProgram *
start_program (KarezSession *session, const char *name, GError **error)
{
  return hub_programs_start (HUB_LIVE_SESSION (session)->programs, name, error);
}

static void
report (KarezSession *session, KarezCheck *check)
{
  hub_live_checks_report (HUB_LIVE_SESSION (session)->checks, check);
}

static void
request_preflight (KarezSession *session)
{
  hub_live_checks_ask (HUB_LIVE_SESSION (session)->checks);
}

/* The live half asks to go away from risk. */
static void
ask_for (HubLiveSession *self, const char *name, const char *reason)
{
  g_autoptr (KarezActor) actor = session_actor (self);

  hub_live_session_back_off (self, name, reason, actor);
}

static void
hold (KarezSession *session, const char *reason)
{
  ask_for (HUB_LIVE_SESSION (session), "hold", reason);
}

static void
finish (KarezSession *session, const char *reason)
{
  ask_for (HUB_LIVE_SESSION (session), "stop", reason);
}

static void
session_iface_init (KarezSessionInterface *iface)
{
  iface->get_id = get_id;
  iface->get_hub = get_hub;
  iface->get_booking = get_booking;
  iface->get_state = get_state;
  iface->is_host = is_host;
  iface->get_link = get_link;
  iface->get_media = get_media;
  iface->get_participants = get_participants;
  iface->record = record;
  iface->save_async = save_async;
  iface->save_finish = save_finish;
  iface->report = report;
  iface->request_preflight = request_preflight;
  iface->start_program = start_program;
  iface->hold = hold;
  iface->finish = finish;
}

/* What the bus asks. */

guint64
hub_live_session_get_sequence (HubLiveSession *self)
{
  return self->sequence;
}

guint64
hub_live_session_get_asked (HubLiveSession *self)
{
  return hub_live_word_get_last (self->word);
}

const char *
hub_live_session_get_reason (HubLiveSession *self)
{
  return hub_live_word_get_waiting (self->word) ? hub_live_word_get_reason (self->word)
                                                : self->reason;
}

KarezActor *
hub_live_session_get_actor (HubLiveSession *self)
{
  return hub_live_word_get_waiting (self->word) ? hub_live_word_get_actor (self->word)
                                                : self->actor;
}

gboolean
hub_live_session_has_local (HubLiveSession *self)
{
  return hub_live_people_has_local (self->people);
}

gboolean
hub_live_session_is_prepared (HubLiveSession *self)
{
  return self->driver != NULL && hub_live_driver_get_phase (self->driver) >= HUB_PHASE_PREPARED;
}

JsonNode *
hub_live_session_get_snapshot (HubLiveSession *self)
{
  return karez_json_object (
      "state", "s", karez_state_name (hub_live_session_get_state (self)), "sequence", "i",
      (gint64) self->sequence, "reason", "s", hub_live_session_get_reason (self), "generation", "i",
      (gint64) self->generation, "prepared", "b", (gboolean) (self->modality != NULL),
      "participants", "n", hub_live_people_to_json (self->people, FALSE), "link", "n",
      self->link != NULL ? karez_link_get_statistics (KAREZ_LINK (self->link)) : NULL, "checks",
      "n", show_checks (self), NULL);
}

guint64
hub_live_session_next_record (HubLiveSession *self, guint64 from)
{
  return hub_recorder_next (self->recorder, from);
}

JsonNode *
hub_live_session_get_record (HubLiveSession *self, guint64 sequence)
{
  return hub_recorder_get (self->recorder, sequence);
}

void
hub_live_session_forget_records (HubLiveSession *self, guint64 sequence)
{
  hub_recorder_forget (self->recorder, sequence);
}

JsonNode *
hub_live_session_get_statistics (HubLiveSession *self)
{
  return karez_json_object (
      "link", "n", self->link != NULL ? karez_link_get_statistics (KAREZ_LINK (self->link)) : NULL,
      "checks", "n", show_checks (self), NULL);
}

void
hub_live_session_panic (HubLiveSession *self, const char *reason)
{
  if (self->modality != NULL)
    hub_runner_panic (self->runner, self->modality, reason);
}

static void
on_people_changed (HubLivePeople *people, HubLiveSession *self)
{
  hub_live_session_tell (self);
}

static void
on_send (HubLivePeople *people, const char *participant, JsonNode *body, HubLiveSession *self)
{
  g_signal_emit (self, signals[SEND], 0, participant, body);
}

static void
on_recorded (HubRecorder *recorder, guint64 sequence, HubLiveSession *self)
{
  g_signal_emit (self, signals[RECORDED], 0, sequence);
}

static void
on_disk (HubRecorder *recorder, KarezCheck *check, HubLiveSession *self)
{
  hub_live_checks_report (self->checks, check);
}

/* Now, since a confined worker opens no modules; who asks to prepare is told if it is no good. */
static void
open_module (HubLiveSession *self, const char *path)
{
  const KarezAbi *abi = hub_module_open (path, HUB_SYMBOL_LIVE, &self->module_error);

  self->type = abi != NULL ? hub_module_get_type (abi, path, &self->module_error) : G_TYPE_INVALID;
  if (abi != NULL)
    hub_crash_add_module (self->plugin, abi);
}

HubLiveSession *
hub_live_session_new (const HubLiveSessionConfig *config, GError **error)
{
  g_autoptr (HubLiveSession) self = g_object_new (HUB_TYPE_LIVE_SESSION, NULL);
  g_autofree char *called = g_build_filename (config->directory, HUB_CALLS_OF_SESSION, NULL);

  self->id = g_strdup (config->id);
  self->directory = g_strdup (config->directory);
  self->plugin = g_strdup (config->plugin);
  self->link_address = g_strdup (config->link_address);
  self->media_address = g_strdup (config->media_address);
  self->programs = hub_programs_new (config->spawner, config->id);
  self->actor = session_actor (self);
  self->people = hub_live_people_new (self->id);
  g_signal_connect_object (self->people, "changed", G_CALLBACK (on_people_changed), self, 0);
  g_signal_connect_object (self->people, "send", G_CALLBACK (on_send), self, 0);
  self->checks = hub_live_checks_new (self->id);
  g_signal_connect_object (self->checks, "changed", G_CALLBACK (on_checks_changed), self, 0);
  self->calls = hub_calls_new (called, error);
  if (self->calls == NULL)
    return NULL;
  hub_crash_watch (self->calls);
  hub_calls_enter (self->calls, self->plugin, "load");
  open_module (self, config->module);
  hub_calls_leave (self->calls);
  self->recorder = hub_recorder_new (self->id, self->directory, self->actor, error);
  if (self->recorder == NULL)
    return NULL;
  g_signal_connect (self->recorder, "recorded", G_CALLBACK (on_recorded), self);
  g_signal_connect (self->recorder, "disk", G_CALLBACK (on_disk), self);
  return g_steal_pointer (&self);
}

static void
hub_live_session_dispose (GObject *object)
{
  HubLiveSession *self = HUB_LIVE_SESSION (object);

  g_clear_handle_id (&self->second_source, g_source_remove);
  g_clear_handle_id (&self->count_source, g_source_remove);
  if (self->driver != NULL)
    g_signal_handlers_disconnect_by_data (self->driver, self);
  if (self->link != NULL)
    g_signal_handlers_disconnect_by_data (self->link, self);
  if (self->recorder != NULL)
    {
      g_signal_handlers_disconnect_by_data (self->recorder, self);
      hub_recorder_abandon (self->recorder);
    }
  g_object_run_dispose (G_OBJECT (self->people)); /* lets go of the live half */
  g_clear_object (&self->driver);
  g_clear_object (&self->modality);
  g_clear_pointer (&self->programs, hub_programs_free);
  g_clear_object (&self->runner);
  g_clear_object (&self->watchdog);
  g_clear_pointer (&self->calls, hub_calls_free);
  g_clear_object (&self->bridge);
  g_clear_object (&self->media);
  g_clear_object (&self->link);

  G_OBJECT_CLASS (hub_live_session_parent_class)->dispose (object);
}

static void
hub_live_session_finalize (GObject *object)
{
  HubLiveSession *self = HUB_LIVE_SESSION (object);

  g_free (self->id);
  g_free (self->directory);
  g_free (self->plugin);
  g_clear_error (&self->module_error);
  g_free (self->link_address);
  g_free (self->media_address);
  g_free (self->hub);
  g_free (self->partner);
  g_free (self->modality_id);
  g_free (self->reason);
  g_free (self->walked);
  g_clear_pointer (&self->word, hub_live_word_free);
  g_clear_pointer (&self->booking, json_node_unref);
  g_clear_pointer (&self->actor, karez_actor_unref);
  g_clear_object (&self->recorder);
  g_clear_object (&self->people);
  g_clear_object (&self->checks);
  g_free (self->told_checks);

  G_OBJECT_CLASS (hub_live_session_parent_class)->finalize (object);
}

static void
hub_live_session_class_init (HubLiveSessionClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = hub_live_session_dispose;
  G_OBJECT_CLASS (klass)->finalize = hub_live_session_finalize;

  signals[STATE_CHANGED] = g_signal_new ("state-changed", HUB_TYPE_LIVE_SESSION, G_SIGNAL_RUN_LAST,
                                         0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[SEND] = g_signal_new ("send", HUB_TYPE_LIVE_SESSION, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                NULL, G_TYPE_NONE, 2, G_TYPE_STRING,
                                JSON_TYPE_NODE | G_SIGNAL_TYPE_STATIC_SCOPE);
  signals[RECORDED] = g_signal_new ("recorded", HUB_TYPE_LIVE_SESSION, G_SIGNAL_RUN_LAST, 0, NULL,
                                    NULL, NULL, G_TYPE_NONE, 1, G_TYPE_UINT64);
}

static void
hub_live_session_init (HubLiveSession *self)
{
  self->word = hub_live_word_new ();
}
