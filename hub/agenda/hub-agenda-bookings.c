/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A booking's acts: asked for, accepted, declined, moved, cancelled, as requests of people. */
#include "hub-agenda-bookings.h"

#include "hub-agenda-private.h"
#include "hub-agenda-refusals.h"
#include "hub-booking.h"
#include "hub-catalogue.h"
#include "hub-clock.h"

/* Of a hospital's requests that wait the other one takes 500, and puts aside what is beyond: here
 * it is refused before, with room for those that are on their way at once. Emergencies have some of
 * their own, and nobody can fill it alone. */
#define MAX_WAITING 400
#define MAX_WAITING_EMERGENCIES 480
#define MAX_WAITING_OF_PERSON 200

/* ── asking ─────────────────────────────────────────────────────────────────────────────────── */

typedef struct
{
  KarezTransaction *transaction;
  HubBooking *booking;
} Request;

static void
request_free (gpointer data)
{
  Request *request = data;

  g_clear_object (&request->transaction);
  g_clear_pointer (&request->booking, hub_booking_free);
  g_free (request);
}

static void
on_answer_read (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;
  JsonNode *booking = karez_agenda_get_booking_finish (KAREZ_AGENDA (source), result, &error);

  if (booking == NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, booking, (GDestroyNotify) json_node_unref);
}

/* After a commit: tells who listens and answers with the booking as it is now. */
static void
finish_with_booking (GTask *task, KarezTransaction *transaction, const char *booking)
{
  HubAgenda *self = g_task_get_source_object (task);

  if (!karez_transaction_is_repeated (transaction))
    hub_agenda_emit_changed (self, booking);
  karez_agenda_get_booking_async (KAREZ_AGENDA (self), booking, g_task_get_cancellable (task),
                                  on_answer_read, task);
}

static void
on_explained (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;

  if (!hub_agenda_explain_finish (HUB_AGENDA (source), result, &error))
    g_task_return_error (task, error);
}

static void
on_request_committed (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  Request *request = g_task_get_task_data (task);
  HubBooking *booking = request->booking;
  GError *error = NULL;

  if (karez_transaction_commit_finish (request->transaction, result, &error))
    finish_with_booking (task, request->transaction, booking->id);
  else
    {
      g_autofree char *starts_at = hub_time_format (booking->starts_at);
      g_autofree char *ends_at = hub_time_format (booking->ends_at);

      hub_agenda_explain_async (g_task_get_source_object (task), error, booking->id, NULL,
                                (const char *const *) booking->resources, starts_at, ends_at,
                                on_explained, task);
    }
}

static void
insert_booking (KarezTransaction *transaction, const HubBooking *booking, const char *by)
{
  g_autofree char *starts_at = hub_time_format (booking->starts_at);
  g_autofree char *ends_at = hub_time_format (booking->ends_at);

  karez_transaction_run (transaction, "booking_insert", "(ssssssssmssss)", booking->id,
                         booking->modality, booking->title, booking->reason, booking->urgency,
                         booking->requester, booking->provider, booking->host, booking->patient,
                         starts_at, ends_at, by);
}

static void
commit_request (GTask *task)
{
  HubAgenda *self = g_task_get_source_object (task);
  Request *request = g_task_get_task_data (task);
  HubBooking *booking = request->booking;
  KarezTransaction *transaction = request->transaction;
  KarezActor *actor = karez_transaction_get_actor (transaction);
  g_auto (GStrv) claims = hub_booking_new_ids ((const char *const *) booking->resources);

  karez_transaction_run_one (
      transaction, "agenda/too-many",
      N_ ("Too many requests wait for an answer of that hospital: it has to answer some, or some "
          "have "
          "to be withdrawn"),
      "booking_room_own", "(ssxsx)", self->hub, booking->provider,
      (gint64) (g_str_equal (booking->urgency, "T0") ? MAX_WAITING_EMERGENCIES : MAX_WAITING),
      karez_actor_get_name (actor), (gint64) MAX_WAITING_OF_PERSON);
  karez_transaction_run (transaction, "resource_lock", "(^ass)", booking->resources, booking->id);
  insert_booking (transaction, booking, karez_actor_get_name (actor));
  karez_transaction_run (transaction, "claim_hold", "(^as^asss)", claims, booking->resources,
                         booking->id, self->hub);
  karez_transaction_run_one (
      transaction, "agenda/unknown-resource", N_ ("A resource has just been taken out of use"),
      "claim_count", "(ssx)", booking->id, "held", (gint64) g_strv_length (booking->resources));
  karez_transaction_run (transaction, "wish_insert", "(s^asss)", booking->id, booking->wishes,
                         booking->provider, "asked");
  karez_transaction_about (transaction, booking->id, booking->patient);
  karez_transaction_event (transaction, "booking.request", "booking", booking->id,
                           hub_booking_to_details (booking));
  hub_agenda_post (self, transaction, booking->provider, hub_agenda_lane (booking->urgency),
                   "agenda.request", hub_booking_to_message (booking, actor));
  karez_transaction_commit_async (transaction, g_task_get_cancellable (task), on_request_committed,
                                  task);
}

static void
on_request_modality (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  GError *error = NULL;
  /* "patient" names the requester too: a request can only be about a patient of its own. */
  g_autofree char *host = hub_agenda_check_modality_finish (HUB_AGENDA (source), result, &error);

  if (host != NULL)
    commit_request (task);
  else
    {
      g_task_return_error (task, error);
      g_object_unref (task);
    }
}

static void
check_request_modality (GTask *task)
{
  Request *request = g_task_get_task_data (task);
  g_autoptr (JsonNode) booking = hub_booking_to_json (request->booking);

  hub_agenda_check_modality_async (g_task_get_source_object (task), booking,
                                   g_task_get_cancellable (task), on_request_modality, task);
}

static void
on_request_patient (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  GError *error = NULL;
  g_autoptr (KarezRows) rows = karez_store_query_finish (KAREZ_STORE (source), result, &error);

  if (rows != NULL && karez_rows_get_count (rows) == 0)
    {
      error = karez_error_new (KAREZ_ERROR_INVALID, "agenda/patient",
                               N_ ("A patient of this hospital, or none"),
                               N_ ("There is no such patient"));
      karez_error_set_pointer (error, "/patient");
    }
  if (error == NULL)
    {
      check_request_modality (task);
      return;
    }
  g_task_return_error (task, error);
  g_object_unref (task);
}

static void
on_request_resources (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  HubAgenda *self = g_task_get_source_object (task);
  HubBooking *booking = ((Request *) g_task_get_task_data (task))->booking;
  GError *error = NULL;
  g_autoptr (KarezRows) rows = karez_store_query_finish (KAREZ_STORE (source), result, &error);
  g_auto (GStrv) all = g_steal_pointer (&booking->resources);

  if (rows == NULL
      || !hub_agenda_split_resources (rows, (const char *const *) all, self->hub, booking->provider,
                                      &booking->resources, &booking->wishes, &error))
    {
      g_task_return_error (task, error);
      g_object_unref (task);
    }
  else if (booking->patient != NULL)
    karez_store_query_async (hub_agenda_scope (self), "patient_known",
                             g_variant_new ("(s)", booking->patient), g_task_get_cancellable (task),
                             on_request_patient, task);
  else
    check_request_modality (task);
}

void
hub_agenda_request_async (HubAgenda *self, KarezTransaction *transaction, JsonNode *body,
                          GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, data);
  Request *request = g_new0 (Request, 1);
  GError *error = NULL;

  g_task_set_source_tag (task, hub_agenda_request_async);
  g_task_set_task_data (task, request, request_free);
  request->transaction = g_object_ref (transaction);
  request->booking = hub_booking_from_request (body, self->hub, &error);
  if (request->booking != NULL && !hub_agenda_is_paired (self, request->booking->provider))
    {
      error = karez_error_new (KAREZ_ERROR_INVALID, "agenda/partner", N_ ("A paired hospital"),
                               N_ ("The other hospital is not paired with this one"));
      karez_error_set_pointer (error, "/partner");
    }
  if (error != NULL)
    g_task_return_error (task, error);
  else
    karez_store_query_async (hub_agenda_scope (self), "resource_by_ids",
                             g_variant_new ("(^as)", request->booking->resources), cancellable,
                             on_request_resources, g_steal_pointer (&task));
}

JsonNode *
hub_agenda_request_finish (HubAgenda *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_async_result_is_tagged (result, hub_agenda_request_async), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* ── answering and ending ───────────────────────────────────────────────────────────────────── */

typedef struct
{
  KarezTransaction *transaction;
  HubAct act;
  char *booking, *answer;
  JsonNode *seen;  /* the booking as it was before */
  GStrv resources; /* own ones, for HUB_ACT_ACCEPT */
} Act;

static void
act_free (gpointer data)
{
  Act *act = data;

  g_clear_object (&act->transaction);
  g_free (act->booking);
  g_free (act->answer);
  g_clear_pointer (&act->seen, json_node_unref);
  g_strfreev (act->resources);
  g_free (act);
}

static const char *
seen_text (const Act *act, const char *name)
{
  return karez_json_text (json_node_get_object (act->seen), name);
}

static const char *
other_hub (HubAgenda *self, const Act *act)
{
  const char *requester = seen_text (act, "requester");

  return g_str_equal (requester, self->hub) ? seen_text (act, "provider") : requester;
}

static const char *
accepted_state (HubAct act)
{
  switch (act)
    {
    case HUB_ACT_ACCEPT:
    case HUB_ACT_DECLINE:
    case HUB_ACT_WITHDRAW:
      return N_ ("A booking that waits for its answer");
    case HUB_ACT_CANCEL:
      return N_ ("A booking that is confirmed");
    }
  return NULL;
}

static void
on_act_committed (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  Act *act = g_task_get_task_data (task);
  GError *error = NULL;

  if (karez_transaction_commit_finish (act->transaction, result, &error))
    finish_with_booking (task, act->transaction, act->booking);
  else
    hub_agenda_explain_async (g_task_get_source_object (task), error, act->booking,
                              accepted_state (act->act), (const char *const *) act->resources,
                              seen_text (act, "starts_at"), seen_text (act, "ends_at"),
                              on_explained, task);
}

static JsonNode *
answer_message (const Act *act, const char *answer)
{
  return karez_json_object ("booking", "s", act->booking, "answer", "s", answer, "text", "s",
                            act->answer, "resources", "as", act->resources, "actor", "n",
                            karez_actor_to_json (karez_transaction_get_actor (act->transaction)),
                            NULL);
}

static void
move (const Act *act, const char *to, const char *const *from, const char *by)
{
  karez_transaction_run_one (act->transaction, "agenda/state",
                             N_ ("The booking's state does not allow this"), "booking_move",
                             "(ss^asmsmsss)", act->booking, to, from, by, act->answer,
                             seen_text (act, "requester"), seen_text (act, "provider"));
}

static void
fill_accept (HubAgenda *self, const Act *act)
{
  KarezTransaction *t = act->transaction;
  g_auto (GStrv) claims = hub_booking_new_ids ((const char *const *) act->resources);

  karez_transaction_run (t, "resource_lock", "(^ass)", act->resources, act->booking);
  karez_transaction_run_one (t, "agenda/state", N_ ("The booking's state does not allow this"),
                             "booking_accept", "(sssms)", act->booking, self->hub,
                             karez_actor_get_name (karez_transaction_get_actor (t)), act->answer);
  karez_transaction_run (t, "claim_release_others", "(s^as)", act->booking, act->resources);
  karez_transaction_run (t, "claim_confirm", "(s^as)", act->booking, act->resources);
  karez_transaction_run (t, "claim_accept", "(^as^asss)", claims, act->resources, act->booking,
                         self->hub);
  karez_transaction_run_one (
      t, "agenda/unknown-resource", N_ ("A resource that was asked for is not in use"),
      "claim_count", "(ssx)", act->booking, "confirmed", (gint64) g_strv_length (act->resources));
  karez_transaction_run (t, "wish_forget", "(ss)", act->booking, self->hub);
  karez_transaction_run (t, "wish_move", "(sss)", act->booking, other_hub (self, act), "confirmed");
  karez_transaction_event (t, "booking.accept", "booking", act->booking,
                           karez_json_object ("resources", "as", act->resources, NULL));
  hub_agenda_post (self, t, other_hub (self, act), hub_agenda_lane (seen_text (act, "urgency")),
                   "agenda.answer", answer_message (act, "confirmed"));
}

/* A booking that is off: nothing of it is claimed any more. */
static void
release (const Act *act)
{
  karez_transaction_run (act->transaction, "claim_release", "(s)", act->booking);
  karez_transaction_run (act->transaction, "wish_release", "(s)", act->booking);
}

static void
fill_decline (HubAgenda *self, const Act *act)
{
  const char *from[] = { "requested", NULL };

  move (act, "declined", from,
        karez_actor_get_name (karez_transaction_get_actor (act->transaction)));
  release (act);
  karez_transaction_event (act->transaction, "booking.decline", "booking", act->booking, NULL);
  hub_agenda_post (self, act->transaction, other_hub (self, act),
                   hub_agenda_lane (seen_text (act, "urgency")), "agenda.answer",
                   answer_message (act, "declined"));
}

static void
fill_withdraw (HubAgenda *self, const Act *act)
{
  const char *from[] = { "requested", NULL };
  const char *from_either[] = { "requested", "withdrawing", NULL };

  if (hub_agenda_is_paired (self, other_hub (self, act)))
    /* The partner may have accepted by now: what is held stays held until it says. */
    move (act, "withdrawing", from, NULL);
  else
    {
      move (act, "cancelled", from_either, NULL);
      release (act);
    }
  karez_transaction_event (act->transaction, "booking.withdraw", "booking", act->booking, NULL);
  hub_agenda_post (self, act->transaction, other_hub (self, act),
                   hub_agenda_lane (seen_text (act, "urgency")), "agenda.withdraw",
                   answer_message (act, NULL));
}

static void
fill_cancel (HubAgenda *self, const Act *act)
{
  const char *from[] = { "confirmed", NULL };

  move (act, "cancelled", from, NULL);
  release (act);
  karez_transaction_event (act->transaction, "booking.cancel", "booking", act->booking, NULL);
  hub_agenda_post (self, act->transaction, other_hub (self, act),
                   hub_agenda_lane (seen_text (act, "urgency")), "agenda.cancel",
                   answer_message (act, NULL));
}

static void
commit_act (GTask *task)
{
  static void (*const fill[]) (HubAgenda *, const Act *) = { [HUB_ACT_ACCEPT] = fill_accept,
                                                             [HUB_ACT_DECLINE] = fill_decline,
                                                             [HUB_ACT_WITHDRAW] = fill_withdraw,
                                                             [HUB_ACT_CANCEL] = fill_cancel };
  Act *act = g_task_get_task_data (task);

  karez_transaction_about (act->transaction, act->booking, seen_text (act, "patient"));
  fill[act->act](g_task_get_source_object (task), act);
  karez_transaction_commit_async (act->transaction, g_task_get_cancellable (task), on_act_committed,
                                  task);
}

static void
on_act_modality (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  GError *error = NULL;
  g_autofree char *host = hub_agenda_check_modality_finish (HUB_AGENDA (source), result, &error);

  if (host != NULL)
    commit_act (task);
  else
    {
      g_task_return_error (task, error);
      g_object_unref (task);
    }
}

static void
on_act_resources (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  HubAgenda *self = g_task_get_source_object (task);
  Act *act = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (KarezRows) rows = karez_store_query_finish (KAREZ_STORE (source), result, &error);
  g_auto (GStrv) own = NULL;
  g_auto (GStrv) none = NULL;

  if (rows != NULL
      && hub_agenda_split_resources (rows, (const char *const *) act->resources, self->hub, NULL,
                                     &own, &none, &error))
    hub_agenda_check_modality_async (self, act->seen, g_task_get_cancellable (task),
                                     on_act_modality, task);
  else
    {
      g_task_return_error (task, error);
      g_object_unref (task);
    }
}

/* What was asked of this hospital, held or not. */
static GStrv
asked_resources (HubAgenda *self, const Act *act)
{
  JsonArray *claims = json_object_get_array_member (json_node_get_object (act->seen), "claims");
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  for (guint i = 0; i < json_array_get_length (claims); i++)
    {
      JsonObject *claim = json_array_get_object_element (claims, i);

      if (g_str_equal (karez_json_text (claim, "hub"), self->hub)
          && !g_str_equal (karez_json_text (claim, "state"), "released"))
        g_strv_builder_add (builder, karez_json_text (claim, "resource"));
    }
  return g_strv_builder_end (builder);
}

static GError *
check_side (HubAgenda *self, const Act *act)
{
  gboolean asked = g_str_equal (seen_text (act, "provider"), self->hub);

  if ((act->act == HUB_ACT_ACCEPT || act->act == HUB_ACT_DECLINE) && !asked)
    return karez_error_new (KAREZ_ERROR_CONFLICT, "agenda/side",
                            N_ ("The hospital that was asked answers"),
                            N_ ("This hospital made the request"));
  if (act->act == HUB_ACT_WITHDRAW && asked)
    return karez_error_new (KAREZ_ERROR_CONFLICT, "agenda/side",
                            N_ ("The hospital that asked withdraws"),
                            N_ ("The request was made by the other hospital"));
  return NULL;
}

static void
on_act_booking (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  HubAgenda *self = HUB_AGENDA (source);
  Act *act = g_task_get_task_data (task);
  GError *error = NULL;

  act->seen = karez_agenda_get_booking_finish (KAREZ_AGENDA (self), result, &error);
  if (act->seen != NULL)
    error = check_side (self, act);
  if (error != NULL)
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }
  if (act->act != HUB_ACT_ACCEPT)
    {
      g_clear_pointer (&act->resources, g_strfreev);
      commit_act (task);
      return;
    }
  if (act->resources == NULL)
    act->resources = asked_resources (self, act);
  karez_store_query_async (hub_agenda_scope (self), "resource_by_ids",
                           g_variant_new ("(^as)", act->resources), g_task_get_cancellable (task),
                           on_act_resources, task);
}

void
hub_agenda_act_async (HubAgenda *self, KarezTransaction *transaction, HubAct act,
                      const char *booking, const char *const *resources, const char *answer,
                      GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (self, cancellable, callback, data);
  Act *state = g_new0 (Act, 1);

  g_task_set_source_tag (task, hub_agenda_act_async);
  g_task_set_task_data (task, state, act_free);
  state->transaction = g_object_ref (transaction);
  state->act = act;
  state->booking = g_strdup (booking);
  state->answer = g_strdup (answer);
  state->resources = g_strdupv ((char **) resources);
  karez_agenda_get_booking_async (KAREZ_AGENDA (self), booking, cancellable, on_act_booking, task);
}

JsonNode *
hub_agenda_act_finish (HubAgenda *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_async_result_is_tagged (result, hub_agenda_act_async), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}
