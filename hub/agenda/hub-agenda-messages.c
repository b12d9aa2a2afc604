/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What partners say about bookings. Each message is applied in one transaction with its
 * checkpoint; one that cannot be is an error, and a dead letter of the peers' part. */
#include "hub-agenda-private.h"
#include "hub-booking.h"
#include "hub-catalogue.h"
#include "hub-clock.h"
#include "hub-log.h"
#include "hub-pace.h"

/* Requests of one hospital that wait for an answer: each holds resources. */
#define MAX_WAITING 500
/* Requests of one hospital that were refused and answered; what is beyond is a dead letter alone.
 */
#define MAX_REFUSED 10000

/* Of "agenda.answer", "agenda.withdraw" and "agenda.cancel". */
static const KarezJsonField fields[] = {
  { "booking", KAREZ_JSON_UUID, TRUE },
  { "answer", KAREZ_JSON_ENUM, FALSE, 0, 0, "confirmed|declined|withdrawn" },
  { "text", KAREZ_JSON_TEXT, FALSE, 0, 4000 },
  { "resources", KAREZ_JSON_ARRAY, FALSE, 0, HUB_BOOKING_MAX_RESOURCES },
  { "actor", KAREZ_JSON_OBJECT, TRUE },
  { NULL },
};

typedef struct
{
  HubAgenda *agenda;
  KarezMessage *message;
  KarezActor *actor;
  KarezTransaction *transaction;
  char *booking;
  gboolean changes; /* whether the booking changes by it */
} Application;

static void
application_free (gpointer data)
{
  Application *self = data;

  g_clear_object (&self->agenda);
  g_clear_pointer (&self->message, karez_message_unref);
  g_clear_pointer (&self->actor, karez_actor_unref);
  g_clear_object (&self->transaction);
  g_free (self->booking);
  g_free (self);
}

/* The handler's task with what it needs, or NULL after it was ended with an error. */
static Application *
apply (KarezMessage *message, JsonObject *body, GTask *task, gpointer data)
{
  g_autoptr (HubAgenda) agenda = hub_agenda_weak_get (data, task);
  Application *self;
  GError *error = NULL;
  KarezActor *actor;

  if (agenda == NULL)
    return NULL;
  actor = karez_message_get_person (message, json_object_get_member (body, "actor"), &error);
  if (actor == NULL)
    {
      g_task_return_error (task, error);
      return NULL;
    }
  self = g_new0 (Application, 1);
  self->agenda = g_steal_pointer (&agenda);
  self->message = karez_message_ref (message);
  self->actor = actor;
  self->transaction = karez_store_begin (hub_agenda_scope (self->agenda), actor);
  karez_transaction_applied (self->transaction, message);
  self->changes = TRUE;
  g_task_set_task_data (task, self, application_free);
  return self;
}

static GError *
applied_error (GError *error)
{
  if (g_strcmp0 (karez_error_get_rule (error), "agenda/changed") != 0)
    return error;
  /* Somebody here was faster since the booking was read: look again. */
  g_error_free (error);
  return karez_error_new (KAREZ_ERROR_BUSY, "agenda/changed", NULL,
                          N_ ("The booking has just been changed"));
}

static void
on_applied (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Application *self = g_task_get_task_data (task);
  GError *error = NULL;

  if (karez_transaction_commit_finish (self->transaction, result, &error))
    {
      if (self->changes && !karez_transaction_is_repeated (self->transaction))
        hub_agenda_emit_changed (self->agenda, self->booking);
      g_task_return_boolean (task, TRUE);
    }
  else
    g_task_return_error (task, applied_error (error));
}

static JsonObject *
check_body (KarezMessage *message, GTask *task)
{
  GError *error = NULL;
  JsonObject *body = karez_json_check (karez_message_get_body (message), fields, &error);

  if (body == NULL)
    g_task_return_error (task, error);
  return body;
}

/* What the sender says that it brings is nobody else's, as far as is known here. */
static void
check_theirs (Application *self, GStrv resources, const char *hub)
{
  karez_transaction_run_one (self->transaction, "agenda/owner",
                             N_ ("A resource belongs to another hospital"), "resource_theirs",
                             "(^ass)", resources, hub);
}

/* ── what this hub refuses by itself ────────────────────────────────────────────────────────── */

/* A request that is a dead letter is told to the hospital that asked, which would wait for ever. */
typedef struct
{
  GTask *task; /* the handler's, which ends with… */
  GError *error;
  KarezTransaction *transaction;
} Refusal;

static void
on_refusal_told (GObject *source, GAsyncResult *result, gpointer data)
{
  Refusal *refusal = data;
  g_autoptr (GError) error = NULL;

  /* Told before, or there is no room: the message is a dead letter none the less. */
  if (!karez_transaction_commit_finish (refusal->transaction, result, &error)
      && g_strcmp0 (karez_error_get_rule (error), "agenda/told") != 0)
    hub_warning ("agenda", NULL, "a refusal could not be told: %s", error->message);
  g_task_return_error (refusal->task, refusal->error);
  g_object_unref (refusal->task);
  g_object_unref (refusal->transaction);
  g_free (refusal);
}

/* Whether it is refused for good, and whose the booking would have been. */
static gboolean
is_told (HubAgenda *self, KarezMessage *message, const GError *error)
{
  JsonNode *body = karez_message_get_body (message);
  JsonObject *object = body != NULL && JSON_NODE_HOLDS_OBJECT (body) ? json_node_get_object (body)
                                                                     : NULL;

  return object != NULL && hub_booking_is_id (karez_json_text (object, "id"))
         && g_strcmp0 (karez_json_text (object, "provider"), self->hub) == 0
         && hub_agenda_is_paired (self, karez_message_get_peer (message))
         && error->domain == KAREZ_ERROR && !karez_error_is_busy (error)
         && !karez_error_is_unavailable (error)
         && !karez_error_is_timeout (error)
         /* What is there has, or gets, an answer of its own. */
         && g_strcmp0 (karez_error_get_rule (error), "database/booking_pkey") != 0
         && g_strcmp0 (karez_error_get_rule (error), "agenda/refused") != 0;
}

/* Ends @task (transfer full) with @error (transfer full), once the other hospital is told. */
static void
refuse_request (HubAgenda *self, KarezMessage *message, GTask *task, GError *error)
{
  g_autoptr (KarezActor)
      hub = karez_actor_new (KAREZ_ACTOR_HUB, "agenda", "agenda", NULL, NULL, NULL);
  const char *peer = karez_message_get_peer (message);
  const char *id;
  KarezTransaction *t;
  Refusal *refusal;

  if (!is_told (self, message, error))
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }
  id = karez_json_text (json_node_get_object (karez_message_get_body (message)), "id");
  t = karez_store_begin (hub_agenda_scope (self), hub);
  karez_transaction_run (t, "refusal_forget", "(s)", peer);
  karez_transaction_run_one (t, "agenda/told", N_ ("The hospital that asked was told before"),
                             "refusal_keep", "(ssmsx)", id, peer, karez_error_get_rule (error),
                             (gint64) MAX_REFUSED);
  karez_transaction_event (t, "booking.refuse", NULL, NULL,
                           karez_json_object ("booking", "s", id, "peer", "s", peer, "rule", "s",
                                              karez_error_get_rule (error), NULL));
  hub_agenda_post (self, t, peer, karez_message_get_lane (message), "agenda.answer",
                   karez_json_object ("booking", "s", id, "answer", "s", "declined", "text", "s",
                                      error->message, "actor", "n", karez_actor_to_json (hub),
                                      NULL));
  refusal = g_new0 (Refusal, 1);
  refusal->task = task;
  refusal->error = error;
  refusal->transaction = t;
  karez_transaction_commit_async (t, NULL, on_refusal_told, refusal);
}

/* ── a request ──────────────────────────────────────────────────────────────────────────────── */

static void
fill_request (Application *self, const HubBooking *booking)
{
  KarezTransaction *t = self->transaction;
  const char *hub = self->agenda->hub;
  g_autofree char *starts_at = hub_time_format (booking->starts_at);
  g_autofree char *ends_at = hub_time_format (booking->ends_at);
  g_auto (GStrv) claims = hub_booking_new_ids ((const char *const *) booking->wishes);

  karez_transaction_run_one (t, "agenda/refused",
                             N_ ("The request was refused before, and the hospital that asked has "
                                 "its answer"),
                             "refusal_none", "(ss)", booking->id, booking->requester);
  check_theirs (self, booking->resources, booking->requester);
  check_theirs (self, booking->wishes, hub);
  karez_transaction_run_one (t, "agenda/too-many",
                             N_ ("Too many requests of this hospital wait for an answer"),
                             "booking_room", "(sx)", booking->requester, (gint64) MAX_WAITING);
  karez_transaction_run (t, "resource_lock", "(^ass)", booking->wishes, booking->id);
  karez_transaction_run (t, "booking_insert", "(ssssssssmssss)", booking->id, booking->modality,
                         booking->title, booking->reason, booking->urgency, booking->requester,
                         booking->provider, booking->host, booking->patient, starts_at, ends_at,
                         karez_actor_get_name (self->actor));
  karez_transaction_run (t, "claim_hold_free", "(^as^asss)", claims, booking->wishes, booking->id,
                         hub);
  karez_transaction_run (t, "wish_busy", "(s^ass)", booking->id, booking->wishes, hub);
  karez_transaction_run (t, "wish_insert", "(s^asss)", booking->id, booking->resources,
                         booking->requester, "held");
  karez_transaction_about (t, booking->id, booking->patient);
  karez_transaction_event (t, "booking.request", "booking", booking->id,
                           hub_booking_to_details (booking));
}

static void
on_request_applied (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  Application *self = g_task_get_task_data (task);
  GError *error = NULL;

  if (!karez_transaction_commit_finish (self->transaction, result, &error))
    {
      refuse_request (self->agenda, self->message, task, applied_error (error));
      return;
    }
  if (!karez_transaction_is_repeated (self->transaction))
    hub_agenda_emit_changed (self->agenda, self->booking);
  g_task_return_boolean (task, TRUE);
  g_object_unref (task);
}

static void
on_request (KarezMessage *message, GTask *task, gpointer data)
{
  g_autoptr (GTask) owned = task;
  g_autoptr (HubBooking) booking = NULL;
  g_autoptr (HubAgenda) agenda = hub_agenda_weak_get (data, task);
  Application *self;
  GError *error = NULL;

  if (agenda == NULL)
    return;
  booking = hub_booking_from_message (message, agenda->hub, &error);
  if (booking == NULL)
    {
      refuse_request (agenda, message, g_steal_pointer (&owned), error);
      return;
    }
  self = apply (message, json_node_get_object (karez_message_get_body (message)), task, data);
  if (self == NULL)
    return;
  self->booking = g_strdup (booking->id);
  fill_request (self, booking);
  karez_transaction_commit_async (self->transaction, NULL, on_request_applied,
                                  g_steal_pointer (&owned));
}

/* ── its answer ─────────────────────────────────────────────────────────────────────────────── */

static void
fill_confirmed (Application *self, GStrv resources)
{
  const char *peer = karez_message_get_peer (self->message);

  karez_transaction_run (self->transaction, "claim_confirm_all", "(s)", self->booking);
  karez_transaction_run (self->transaction, "wish_forget", "(ss)", self->booking, peer);
  karez_transaction_run (self->transaction, "wish_insert", "(s^asss)", self->booking, resources,
                         peer, "confirmed");
  karez_transaction_event (self->transaction, "booking.accept", "booking", self->booking, NULL);
}

static void
fill_off (Application *self, const char *action)
{
  karez_transaction_run (self->transaction, "claim_release", "(s)", self->booking);
  karez_transaction_run (self->transaction, "wish_release", "(s)", self->booking);
  /* That the other hub knows of a withdrawal is no withdrawal by it. */
  karez_transaction_event (
      self->transaction, action, "booking", self->booking,
      g_str_equal (action, "booking.withdraw") ? karez_json_object ("own", "b", TRUE, NULL) : NULL);
}

/* Whether nobody, but the other hub itself, gave the answer. */
static gboolean
by_hub (JsonObject *body)
{
  return g_strcmp0 (karez_json_text (json_object_get_object_member (body, "actor"), "kind"), "hub")
         == 0;
}

static void
fill_answer (Application *self, JsonObject *body, const char *answer, GStrv resources)
{
  const char *waiting[] = { "withdrawing", "requested", NULL };
  gboolean confirmed = g_str_equal (answer, "confirmed");
  gboolean declined = g_str_equal (answer, "declined");

  if (!confirmed && !declined)
    waiting[1] = NULL; /* only what was withdrawn here */
  karez_transaction_about (self->transaction, self->booking, NULL);
  check_theirs (self, resources, karez_message_get_peer (self->message));
  karez_transaction_run_one (
      self->transaction, "agenda/state", N_ ("The answer is to a booking that does not wait"),
      "booking_move", "(ss^asmsmsss)", self->booking,
      confirmed  ? "confirmed"
      : declined ? "declined"
                 : "cancelled",
      waiting,
      (confirmed || declined) && !by_hub (body) ? karez_actor_get_name (self->actor) : NULL,
      karez_json_text (body, "text"), self->agenda->hub, karez_message_get_peer (self->message));
  if (confirmed)
    fill_confirmed (self, resources);
  else
    fill_off (self, declined ? "booking.decline" : "booking.withdraw");
}

static void
on_answer (KarezMessage *message, GTask *task, gpointer data)
{
  g_autoptr (GTask) owned = task;
  JsonObject *body = check_body (message, task);
  const char *answer = body != NULL ? karez_json_text (body, "answer") : NULL;
  g_auto (GStrv) resources = NULL;
  Application *self;
  GError *error = NULL;

  if (body == NULL)
    return;
  if (answer == NULL)
    {
      g_task_return_error (task, karez_error_new (KAREZ_ERROR_INVALID, "agenda/answer",
                                                  N_ ("confirmed, declined or withdrawn"),
                                                  N_ ("The message gives no answer")));
      return;
    }
  resources = hub_booking_ids (body, "resources", HUB_BOOKING_MAX_RESOURCES, &error);
  if (resources == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  self = apply (message, body, task, data);
  if (self == NULL)
    return;
  self->booking = g_strdup (karez_json_text (body, "booking"));
  fill_answer (self, body, answer, resources);
  karez_transaction_commit_async (self->transaction, NULL, on_applied, g_steal_pointer (&owned));
}

/* ── withdrawal and cancellation: what they do depends on how far this side is ──────────────── */

/* Nothing is left to do but to note that it came. */
static void
fill_late (Application *self, const char *action, const char *state)
{
  self->changes = FALSE;
  karez_transaction_event (self->transaction, action, "booking", self->booking,
                           karez_json_object ("late", "b", TRUE, "state", "s", state, NULL));
}

static void
post_withdrawn (Application *self)
{
  g_autoptr (KarezActor)
      hub = karez_actor_new (KAREZ_ACTOR_HUB, "agenda", "agenda", NULL, NULL, NULL);

  hub_agenda_post (self->agenda, self->transaction, karez_message_get_peer (self->message),
                   karez_message_get_lane (self->message), "agenda.answer",
                   karez_json_object ("booking", "s", self->booking, "answer", "s", "withdrawn",
                                      "actor", "n", karez_actor_to_json (hub), NULL));
}

static void
fill_end (Application *self, JsonObject *seen, const char *const *from, const char *action)
{
  JsonObject *body = json_node_get_object (karez_message_get_body (self->message));

  karez_transaction_about (self->transaction, self->booking, karez_json_text (seen, "patient"));
  karez_transaction_run_one (
      self->transaction, "agenda/changed", N_ ("The booking has just been changed"), "booking_move",
      "(ss^asmsmsss)", self->booking, "cancelled", from, NULL, karez_json_text (body, "text"),
      karez_json_text (seen, "requester"), karez_json_text (seen, "provider"));
  karez_transaction_run (self->transaction, "booking_called_off", "(ss)", self->booking,
                         karez_message_get_peer (self->message));
  fill_off (self, action);
}

static GError *
fill_withdrawal (Application *self, JsonObject *seen)
{
  const char *from[] = { "requested", NULL };

  if (seen == NULL)
    {
      /* Its request is a dead letter here: the partner must not wait for an answer for ever. */
      fill_late (self, "booking.withdraw", "unknown");
      post_withdrawn (self);
    }
  else if (g_strcmp0 (karez_json_text (seen, "requester"), karez_message_get_peer (self->message))
           != 0)
    return karez_error_new (KAREZ_ERROR_INVALID, "agenda/side",
                            N_ ("The hospital that asked withdraws"),
                            N_ ("The withdrawal is of another hospital's request"));
  else if (g_strcmp0 (karez_json_text (seen, "state"), "requested") == 0)
    {
      fill_end (self, seen, from, "booking.withdraw");
      post_withdrawn (self);
    }
  else /* The answer is on its way in the same lane. */
    fill_late (self, "booking.withdraw", karez_json_text (seen, "state"));
  return NULL;
}

static gboolean
is_between (JsonObject *booking, const char *peer, const char *own)
{
  const char *requester = karez_json_text (booking, "requester");
  const char *provider = karez_json_text (booking, "provider");

  return (g_strcmp0 (requester, peer) == 0 && g_strcmp0 (provider, own) == 0)
         || (g_strcmp0 (requester, own) == 0 && g_strcmp0 (provider, peer) == 0);
}

static GError *
fill_cancellation (Application *self, JsonObject *seen)
{
  const char *from[] = { "requested", "withdrawing", "confirmed", NULL };
  const char *peer = karez_message_get_peer (self->message);
  const char *state = seen != NULL ? karez_json_text (seen, "state") : NULL;

  if (seen == NULL)
    {
      /* This hub went back to a backup that is older than the booking: nothing is left to do. */
      fill_late (self, "booking.cancel", "unknown");
      return NULL;
    }
  if (!is_between (seen, peer, self->agenda->hub))
    return karez_error_new (KAREZ_ERROR_INVALID, "agenda/unknown",
                            N_ ("A booking of the two hospitals"),
                            N_ ("The cancellation is of a booking that is not known here"));
  if (g_strv_contains (from, state))
    fill_end (self, seen, from, "booking.cancel");
  else
    fill_late (self, "booking.cancel", state);
  return NULL;
}

static void
on_seen (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Application *self = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode)
      node = karez_agenda_get_booking_finish (KAREZ_AGENDA (source), result, &error);
  JsonObject *seen = node != NULL ? json_node_get_object (node) : NULL;
  GError *refused;

  if (error != NULL && !karez_error_is_not_found (error))
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  if (g_str_equal (karez_message_get_topic (self->message), "agenda.withdraw"))
    refused = fill_withdrawal (self, seen);
  else
    refused = fill_cancellation (self, seen);
  if (refused != NULL)
    g_task_return_error (task, refused);
  else
    karez_transaction_commit_async (self->transaction, NULL, on_applied, g_steal_pointer (&task));
}

static void
on_end (KarezMessage *message, GTask *task, gpointer data)
{
  g_autoptr (GTask) owned = task;
  JsonObject *body = check_body (message, task);
  Application *self = body != NULL ? apply (message, body, task, data) : NULL;

  if (self == NULL)
    return;
  self->booking = g_strdup (karez_json_text (body, "booking"));
  karez_agenda_get_booking_async (KAREZ_AGENDA (self->agenda), self->booking, NULL, on_seen,
                                  g_steal_pointer (&owned));
}

/* ── their pace ─────────────────────────────────────────────────────────────────────────────── */

static const struct
{
  const char *topic;
  KarezPostFunc func;
} topics[] = { { "agenda.request", on_request },
               { "agenda.answer", on_answer },
               { "agenda.withdraw", on_end },
               { "agenda.cancel", on_end } };

/* Each message is on record, also one that changes nothing, and a booking that was withdrawn stays:
 * more than any hospital sends is taken, but one in a second of each lane, so that its sender fills
 * its own disk and not this one. */
#define MAX_AT_ONCE 2000
#define DELAY_MS 1000

static gboolean
keeps_pace (HubAgenda *self, const char *peer)
{
  HubPace *pace = g_hash_table_lookup (self->paces, peer);

  if (pace == NULL)
    {
      pace = g_new0 (HubPace, 1);
      g_hash_table_insert (self->paces, g_strdup (peer), pace);
    }
  if (hub_pace_left (pace, MAX_AT_ONCE, 1) <= 0)
    return FALSE;
  hub_pace_spend (pace, 1);
  return TRUE;
}

static void
take (KarezMessage *message, GTask *task, gpointer data)
{
  for (guint i = 0; i < G_N_ELEMENTS (topics); i++)
    if (g_str_equal (topics[i].topic, karez_message_get_topic (message)))
      topics[i].func (message, task, data);
}

typedef struct
{
  KarezMessage *message;
  GTask *task;
  gpointer agenda;
} Late;

static gboolean
on_late (gpointer data)
{
  Late *late = data;

  take (late->message, late->task, late->agenda);
  karez_message_unref (late->message);
  hub_agenda_weak_free (late->agenda);
  g_free (late);
  return G_SOURCE_REMOVE;
}

/* @task: (transfer full) */
static void
on_message (KarezMessage *message, GTask *task, gpointer data)
{
  g_autoptr (GTask) owned = task;
  g_autoptr (HubAgenda) agenda = hub_agenda_weak_get (data, task);
  Late *late;

  if (agenda == NULL)
    return;
  if (keeps_pace (agenda, karez_message_get_peer (message)))
    {
      take (message, g_steal_pointer (&owned), data);
      return;
    }
  late = g_new0 (Late, 1);
  late->message = karez_message_ref (message);
  late->task = g_steal_pointer (&owned);
  late->agenda = hub_agenda_weak_new (agenda);
  g_timeout_add (DELAY_MS, on_late, late);
}

gboolean
hub_agenda_handle_messages (HubAgenda *self, GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (topics); i++)
    if (!karez_peers_handle_post (self->peers, topics[i].topic, on_message,
                                  hub_agenda_weak_new (self), hub_agenda_weak_free, error))
      return FALSE;
  return TRUE;
}
