/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Joining a session: recorded, then done. */
#include "hub-session-join.h"

#include "hub-catalogue.h"
#include "hub-id.h"
#include "hub-role-table.h"
#include "hub-session-admission.h"

#define MAX_PERSONS 100
/* What is told to the partner, which takes 1,000 of one hospital. */
#define MAX_JOINS 900
#define MAX_JOINS_OF_PERSON 200

enum
{
  STEP_CHECK = KAREZ_STEP_CUSTOM, /* what is known here: state, room, role, another window */
  STEP_RECORD,                    /* and what the database knows: invitation, how many came */
  STEP_ENTER,
};

struct _HubSessionJoin
{
  KarezTransition parent_instance;

  HubSessionServices *services;
  HubSessionInfo *info;
  HubSessionPeople *people;
  KarezTransaction *transaction;
  char *role, *former;
  gboolean replace;
  char *participant;
  guint begun; /* the number of the last loss of a right then */
};

G_DEFINE_FINAL_TYPE (HubSessionJoin, hub_session_join, KAREZ_TYPE_TRANSITION)

static KarezActor *
actor_of (HubSessionJoin *self)
{
  return karez_transaction_get_actor (self->transaction);
}

static gboolean
check_session (HubSessionJoin *self, GError **error)
{
  KarezState state = hub_session_info_get_state (self->info);
  JsonNode *table = NULL;

  if (state == KAREZ_STATE_PLANNED || state == KAREZ_STATE_PREPARING
      || state == KAREZ_STATE_STOPPING || hub_state_is_over (state))
    return karez_error_set (error, KAREZ_ERROR_CONFLICT, "session/join", NULL,
                            N_ ("Nobody can join a session that is %s."), karez_state_name (state));
  if (hub_session_people_count (self->people) >= MAX_PERSONS)
    return karez_error_set (error, KAREZ_ERROR_TOO_LARGE, "session/participants",
                            N_ ("at most 100 at one hospital"),
                            N_ ("There are too many participants."));
  table = hub_session_services_find_takers (self->services,
                                            hub_session_info_get_modality (self->info),
                                            hub_session_info_is_hosted (self->info), error);
  return table != NULL
         && hub_role_table_check (table, self->role, karez_actor_get_roles (actor_of (self)),
                                  error);
}

/* One place for each person; that of the same page, or one whose page is away, may be taken without
 * asking. */
static gboolean
check_elsewhere (HubSessionJoin *self, GError **error)
{
  HubSessionPerson *other = hub_session_people_find_other (self->people, actor_of (self),
                                                           self->participant);

  if (self->replace || other == NULL || other->connection == NULL
      || g_strcmp0 (other->id, self->former) == 0
      || hub_session_people_find (self->people, self->participant) != NULL)
    return TRUE;
  return karez_error_set (error, KAREZ_ERROR_CONFLICT, "session/elsewhere",
                          N_ ("“replace”: true, which takes that window’s place"),
                          N_ ("You are in this session in another window."));
}

static void
record (HubSessionJoin *self)
{
  KarezTransaction *transaction = self->transaction;
  const char *id = hub_session_info_get_id (self->info);
  g_autoptr (JsonNode) actor = karez_actor_to_json (actor_of (self));
  g_autofree char *text = karez_json_print (actor);

  karez_transaction_about (transaction, id, NULL);
  hub_session_admission_put (transaction, id);
  karez_transaction_run_one (
      transaction, "session/joins",
      N_ ("Too many have come into this session and gone; it needs a new booking"),
      "participant_room", "(ssxsx)", id, self->services->hub, (gint64) MAX_JOINS,
      karez_actor_get_id (actor_of (self)), (gint64) MAX_JOINS_OF_PERSON);
  karez_transaction_run_one (
      transaction, "session/participant", N_ ("There is a participant of this id already"),
      "participant_add", "(sssss)", self->participant, id, text, self->role, self->services->hub);
  karez_transaction_event (
      transaction, "session.join", "session", id,
      karez_json_object ("participant", "s", self->participant, "role", "s", self->role, NULL));
  karez_transaction_post (
      transaction, hub_session_info_get_partner (self->info), KAREZ_LANE_AGENDA,
      HUB_SESSION_TOPIC_PERSON,
      karez_json_object ("session", "s", id, "participant", "s", self->participant, "actor", "n",
                         g_steal_pointer (&actor), "role", "s", self->role, NULL));
  karez_transaction_commit_async (transaction, NULL, karez_transition_answered,
                                  karez_transition_await (KAREZ_TRANSITION (self)));
}

static gboolean
enter (HubSessionJoin *self, GError **error)
{
  HubSessionPeople *people = self->people;
  const char *id = self->participant;
  HubSessionPerson *other = NULL;

  /* Nothing was asked or recorded this time. */
  if (hub_session_people_find (people, id) == NULL
      && karez_transaction_is_repeated (self->transaction))
    return karez_error_set (error, KAREZ_ERROR_CONFLICT, "session/participant",
                            N_ ("a new request id"),
                            N_ ("This participant is not in the session."));
  if (hub_session_people_find (people, id) == NULL)
    hub_session_people_add (people, id, actor_of (self), self->role);
  /* The right ended after the commit, and before it was heard of here. */
  if (!hub_session_services_check_since (self->services, actor_of (self), self->begun, error))
    {
      hub_session_people_put_out (people, hub_session_people_find (people, id), "revoked");
      return FALSE;
    }
  while ((other = hub_session_people_find_other (people, actor_of (self), id)) != NULL)
    hub_session_people_put_out (people, other, "replaced");
  return TRUE;
}

static guint
hub_session_join_next_step (KarezTransition *transition, guint step, GError **error)
{
  return step == KAREZ_STEP_NONE ? STEP_CHECK : step == STEP_ENTER ? KAREZ_STEP_NONE : step + 1;
}

static void
hub_session_join_execute_step (KarezTransition *transition, guint step)
{
  HubSessionJoin *self = HUB_SESSION_JOIN (transition);
  GError *error = NULL;

  switch (step)
    {
    case STEP_CHECK:
      if (check_session (self, &error))
        check_elsewhere (self, &error);
      break;
    case STEP_RECORD:
      record (self);
      return;
    case STEP_ENTER:
      enter (self, &error);
      break;
    default: /* who was refused has no place */
      break;
    }
  if (error != NULL)
    karez_transition_fail (transition, error);
  else
    karez_transition_advance (transition);
}

static gboolean
hub_session_join_finish_step (KarezTransition *transition, guint step, GObject *source,
                              GAsyncResult *result, GError **error)
{
  return karez_transaction_commit_finish (KAREZ_TRANSACTION (source), result, error);
}

void
hub_session_join_async (HubSessionServices *services, HubSessionInfo *info,
                        HubSessionPeople *people, const char *role, gboolean replace,
                        const char *former, KarezTransaction *transaction,
                        GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (HubSessionJoin) self = g_object_new (HUB_TYPE_SESSION_JOIN, NULL);
  const char *request = karez_transaction_get_request (transaction, NULL);

  self->services = hub_session_services_ref (services);
  self->info = g_object_ref (info);
  self->people = g_object_ref (people);
  self->transaction = g_object_ref (transaction);
  self->role = g_strdup (role);
  self->former = g_strdup (former);
  self->replace = replace;
  self->begun = services->losses;
  /* The request's own id, so that a repeated one answers the same; its sender's choice, so that it
   * may be that of somebody who is there. */
  self->participant = request != NULL ? g_strdup (request) : hub_id_new ();
  karez_transition_run_async (KAREZ_TRANSITION (self), 0, NULL, callback, data);
}

JsonNode *
hub_session_join_finish (HubSessionJoin *self, GAsyncResult *result, GError **error)
{
  if (!karez_transition_run_finish (KAREZ_TRANSITION (self), result, error))
    return NULL;
  return karez_json_object ("participant", "s", self->participant, NULL);
}

static void
hub_session_join_finalize (GObject *object)
{
  HubSessionJoin *self = HUB_SESSION_JOIN (object);

  g_free (self->role);
  g_free (self->former);
  g_free (self->participant);
  g_clear_object (&self->transaction);
  g_clear_object (&self->people);
  g_clear_object (&self->info);
  g_clear_pointer (&self->services, hub_session_services_unref);

  G_OBJECT_CLASS (hub_session_join_parent_class)->finalize (object);
}

static void
hub_session_join_class_init (HubSessionJoinClass *klass)
{
  KAREZ_TRANSITION_CLASS (klass)->next_step = hub_session_join_next_step;
  KAREZ_TRANSITION_CLASS (klass)->execute_step = hub_session_join_execute_step;
  KAREZ_TRANSITION_CLASS (klass)->finish_step = hub_session_join_finish_step;
  G_OBJECT_CLASS (klass)->finalize = hub_session_join_finalize;
}

static void
hub_session_join_init (HubSessionJoin *self)
{
}
