/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What starts with the hub: the sessions that went on without it, who is in them, and the bookings
 * that were confirmed while nobody looked. */
#include "hub-session-dead-letters.h"
#include "hub-sessions-private.h"

enum
{
  STEP_OPEN = KAREZ_STEP_CUSTOM, /* what is not over; its worker may come back */
  STEP_PEOPLE,                   /* who is in it; their pages may come back */
  STEP_UNPLANNED,
  STEP_LISTEN, /* to workers and to the partners' hubs; and the rest is planned */
};

struct _HubSessionsStart
{
  KarezTransition parent_instance;

  HubSessions *sessions;
  KarezRows *unplanned;
};

#define HUB_TYPE_SESSIONS_START (hub_sessions_start_get_type ())
G_DECLARE_FINAL_TYPE (HubSessionsStart, hub_sessions_start, HUB, SESSIONS_START, KarezTransition)
G_DEFINE_FINAL_TYPE (HubSessionsStart, hub_sessions_start, KAREZ_TYPE_TRANSITION)

static void
take_sessions (HubSessions *sessions, KarezRows *rows)
{
  const char *hub = hub_sessions_get_services (sessions)->hub;

  for (guint i = 0; i < karez_rows_get_count (rows); i++)
    {
      g_autoptr (HubSessionInfo) info = hub_session_info_new_from_row (rows, i, hub);
      HubSession *session = hub_sessions_take_over (sessions, info,
                                                    karez_rows_integer (rows, i, "generation"));

      hub_session_worker_expect (hub_session_get_worker (session),
                                 karez_rows_text (rows, i, "token"));
    }
}

static void
take_people (HubSessions *sessions, KarezRows *rows)
{
  const char *hub = hub_sessions_get_services (sessions)->hub;

  for (guint i = 0; i < karez_rows_get_count (rows); i++)
    {
      HubSession *session = hub_sessions_get (sessions, karez_rows_text (rows, i, "session"));
      g_autoptr (JsonNode) node = karez_rows_json (rows, i, "actor");
      g_autoptr (KarezActor) actor = node != NULL ? karez_actor_from_json (node, NULL) : NULL;

      if (session != NULL && actor != NULL
          && g_str_equal (karez_rows_text (rows, i, "hospital"), hub))
        hub_session_people_add (hub_session_get_people (session), karez_rows_text (rows, i, "id"),
                                actor, karez_rows_text (rows, i, "role"));
    }
}

static guint
hub_sessions_start_next_step (KarezTransition *transition, guint step, GError **error)
{
  return step == KAREZ_STEP_NONE ? STEP_OPEN : step == STEP_LISTEN ? KAREZ_STEP_NONE : step + 1;
}

static void
query (HubSessionsStart *self, const char *statement)
{
  HubSessionServices *services = hub_sessions_get_services (self->sessions);

  karez_store_query_async (services->store, statement, NULL, services->cancellable,
                           karez_transition_answered,
                           karez_transition_await (KAREZ_TRANSITION (self)));
}

static void
listen_and_plan (HubSessionsStart *self)
{
  KarezTransition *transition = KAREZ_TRANSITION (self);
  HubSessions *sessions = self->sessions;
  GError *error = NULL;

  hub_session_dead_letters_migrate (hub_sessions_get_services (sessions)->supervisor);
  if (!hub_sessions_add_topics (sessions, &error)
      || !hub_supervisor_start (hub_sessions_get_services (sessions)->supervisor, &error))
    {
      karez_transition_fail (transition, error);
      return;
    }
  hub_sessions_follow_agenda (sessions);
  for (guint i = 0; i < karez_rows_get_count (self->unplanned); i++)
    hub_sessions_plan_quietly (sessions, karez_rows_text (self->unplanned, i, "id"));
  karez_transition_advance (transition);
}

static void
hub_sessions_start_execute_step (KarezTransition *transition, guint step)
{
  HubSessionsStart *self = HUB_SESSIONS_START (transition);

  switch (step)
    {
    case STEP_OPEN:
      query (self, "sessions_open");
      break;
    case STEP_PEOPLE:
      query (self, "participants_present");
      break;
    case STEP_UNPLANNED:
      query (self, "bookings_without_session");
      break;
    case STEP_LISTEN:
      listen_and_plan (self);
      break;
    default: /* a hub that cannot start ends */
      karez_transition_advance (transition);
      break;
    }
}

static gboolean
hub_sessions_start_finish_step (KarezTransition *transition, guint step, GObject *source,
                                GAsyncResult *result, GError **error)
{
  HubSessionsStart *self = HUB_SESSIONS_START (transition);
  g_autoptr (KarezRows) rows = karez_store_query_finish (KAREZ_STORE (source), result, error);

  if (rows == NULL)
    return FALSE;
  if (step == STEP_OPEN)
    take_sessions (self->sessions, rows);
  else if (step == STEP_PEOPLE)
    take_people (self->sessions, rows);
  else
    self->unplanned = g_steal_pointer (&rows);
  return TRUE;
}

void
hub_sessions_run_start (HubSessions *sessions, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (HubSessionsStart) self = g_object_new (HUB_TYPE_SESSIONS_START, NULL);

  self->sessions = g_object_ref (sessions);
  karez_transition_run_async (KAREZ_TRANSITION (self), 0, NULL, callback, data);
}

static void
hub_sessions_start_finalize (GObject *object)
{
  HubSessionsStart *self = HUB_SESSIONS_START (object);

  g_clear_object (&self->sessions);
  g_clear_pointer (&self->unplanned, karez_rows_unref);

  G_OBJECT_CLASS (hub_sessions_start_parent_class)->finalize (object);
}

static void
hub_sessions_start_class_init (HubSessionsStartClass *klass)
{
  KAREZ_TRANSITION_CLASS (klass)->next_step = hub_sessions_start_next_step;
  KAREZ_TRANSITION_CLASS (klass)->execute_step = hub_sessions_start_execute_step;
  KAREZ_TRANSITION_CLASS (klass)->finish_step = hub_sessions_start_finish_step;
  G_OBJECT_CLASS (klass)->finalize = hub_sessions_start_finalize;
}

static void
hub_sessions_start_init (HubSessionsStart *self)
{
}
