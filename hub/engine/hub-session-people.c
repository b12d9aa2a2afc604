/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who of this hospital is in a session, and the pages they look at it with. */
#include "hub-session-people.h"

#include "hub-catalogue.h"
#include "hub-log.h"
#include "hub-role-table.h"
#include "hub-session-recording.h"
#include "hub-string.h"

/* A page that is away longer has left. */
#define AWAY_S 30

struct _HubSessionPeople
{
  GObject parent_instance;

  HubSessionServices *services;
  HubSessionInfo *info;
  HubSessionWorker *worker;
  GHashTable *persons; /* id → HubSessionPerson */
  GHashTable *leaving; /* id → GPtrArray of GTask: who left, until that is recorded */
};

G_DEFINE_FINAL_TYPE (HubSessionPeople, hub_session_people, G_TYPE_OBJECT)

static const char *
id_of (HubSessionPeople *self)
{
  return hub_session_info_get_id (self->info);
}

static void
person_free (gpointer data)
{
  HubSessionPerson *person = data;

  g_clear_handle_id (&person->leave_source, g_source_remove);
  karez_actor_unref (person->actor);
  g_free (person->id);
  g_free (person->role);
  g_free (person->connection);
  g_free (person);
}

guint
hub_session_people_count (HubSessionPeople *self)
{
  return g_hash_table_size (self->persons);
}

HubSessionPerson *
hub_session_people_find (HubSessionPeople *self, const char *id)
{
  return g_hash_table_lookup (self->persons, id);
}

HubSessionPerson *
hub_session_people_find_page (HubSessionPeople *self, const char *connection)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->persons);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    if (g_strcmp0 (((HubSessionPerson *) value)->connection, connection) == 0)
      return value;
  return NULL;
}

static gboolean
is_of (HubSessionPerson *person, const char *account)
{
  return karez_actor_get_kind (person->actor) == KAREZ_ACTOR_PERSON
         && g_str_equal (karez_actor_get_id (person->actor), account);
}

HubSessionPerson *
hub_session_people_find_other (HubSessionPeople *self, KarezActor *actor, const char *than)
{
  GHashTableIter iter;
  gpointer value;

  /* A program that speaks for many is not one person. */
  if (karez_actor_get_kind (actor) != KAREZ_ACTOR_PERSON)
    return NULL;
  g_hash_table_iter_init (&iter, self->persons);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      HubSessionPerson *person = value;

      if (g_str_equal (karez_actor_get_id (person->actor), karez_actor_get_id (actor))
          && g_strcmp0 (person->id, than) != 0)
        return person;
    }
  return NULL;
}

/* Leaving: done, then recorded. */

/* Somebody who left, until that is recorded. */
typedef struct
{
  HubSessionPeople *people;
  char *participant, *reason;
  KarezActor *actor;
} Leave;

static void
leave_free (gpointer data)
{
  Leave *leave = data;

  g_object_unref (leave->people);
  karez_actor_unref (leave->actor);
  g_free (leave->participant);
  g_free (leave->reason);
  g_free (leave);
}

static void
on_worker_told (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autofree char *id = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) answer = hub_worker_proxy_finish (HUB_WORKER_PROXY (source), result, &error);

  if (answer == NULL)
    hub_info ("sessions", id, "The worker did not take a change of people: %s", error->message);
}

static void
put_leave (HubSessionInfo *info, KarezTransaction *transaction, gpointer data)
{
  Leave *leave = data;
  const char *id = hub_session_info_get_id (info);

  karez_transaction_about (transaction, id, NULL);
  karez_transaction_run (transaction, "participant_leave", "(ss)", leave->participant, id);
  karez_transaction_event (transaction, "session.leave", "session", id,
                           karez_json_object ("participant", "s", leave->participant, "reason", "s",
                                              leave->reason, NULL));
  karez_transaction_post (
      transaction, hub_session_info_get_partner (info), KAREZ_LANE_AGENDA, HUB_SESSION_TOPIC_PERSON,
      karez_json_object ("session", "s", id, "participant", "s", leave->participant, "actor", "n",
                         karez_actor_to_json (leave->actor), "left", "b", TRUE, NULL));
}

static void
on_leave_recorded (GObject *source, GAsyncResult *result, gpointer data)
{
  Leave *leave = data; /* the recording's */
  g_autoptr (GError) error = NULL;
  gboolean done = karez_transition_run_finish (KAREZ_TRANSITION (source), result, &error);
  g_autoptr (GPtrArray)
      tasks = g_ptr_array_ref (g_hash_table_lookup (leave->people->leaving, leave->participant));

  g_hash_table_remove (leave->people->leaving, leave->participant);
  for (guint i = 0; i < tasks->len; i++)
    if (done)
      g_task_return_boolean (tasks->pdata[i], TRUE);
    else
      g_task_return_error (tasks->pdata[i], g_error_copy (error));
}

/* Away from risk: done, then recorded, until that is durable. Who asks for the same meanwhile waits
 * for that record. @transaction: (nullable): the request's @task: (transfer full) (nullable) */
static void
leave_now (HubSessionPeople *self, HubSessionPerson *person, const char *reason,
           KarezTransaction *transaction, GTask *task)
{
  Leave *leave = g_new0 (Leave, 1);
  HubWorkerProxy *proxy = hub_session_worker_get_proxy (self->worker);
  g_autoptr (KarezTransaction) own = transaction != NULL
                                         ? g_object_ref (transaction)
                                         : karez_store_begin (self->services->store, person->actor);
  GPtrArray *tasks = g_ptr_array_new_with_free_func (g_object_unref);

  leave->people = g_object_ref (self);
  leave->participant = g_strdup (person->id);
  leave->reason = g_strdup (reason);
  leave->actor = karez_actor_ref (person->actor);
  if (task != NULL)
    g_ptr_array_add (tasks, task);
  g_hash_table_replace (self->leaving, g_strdup (person->id), tasks);
  if (proxy != NULL)
    hub_worker_proxy_leave_async (proxy, person->id, reason, NULL, on_worker_told,
                                  g_strdup (id_of (self)));
  g_hash_table_remove (self->persons, leave->participant);
  hub_session_record_async (self->services, self->info, own, put_leave, leave, leave_free,
                            on_leave_recorded, leave);
}

/* The page that is not of this session any more, and why; one that is closed hears nothing.
 * @reason: (nullable): with "removed" */
static void
tell_page (HubSessionPeople *self, HubSessionPerson *person, const char *type, const char *reason)
{
  hub_session_services_send (self->services, person->connection,
                             karez_json_object ("type", "s", type, "session", "s", id_of (self),
                                                "participant", "s", person->id, "reason", "s",
                                                reason, NULL));
}

void
hub_session_people_put_out (HubSessionPeople *self, HubSessionPerson *person, const char *reason)
{
  if (g_str_equal (reason, "uninvited"))
    tell_page (self, person, "removed", reason);
  /* So that it does not come back by itself. */
  else if (g_str_equal (reason, "replaced"))
    tell_page (self, person, "replaced", NULL);
  leave_now (self, person, reason, NULL, NULL);
}

void
hub_session_people_leave_async (HubSessionPeople *self, const char *participant,
                                KarezTransaction *transaction, GAsyncReadyCallback callback,
                                gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, data);
  HubSessionPerson *person = hub_session_people_find (self, participant);
  GPtrArray *leaving = g_hash_table_lookup (self->leaving, participant);
  KarezActor *actor = karez_transaction_get_actor (transaction);

  g_task_set_source_tag (task, hub_session_people_leave_async);
  if (person == NULL && leaving != NULL)
    {
      g_ptr_array_add (leaving, g_steal_pointer (&task));
      return;
    }
  if (person == NULL)
    {
      /* Gone already: a retry finds nobody. */
      g_task_return_boolean (task, TRUE);
      return;
    }
  if (!g_str_equal (karez_actor_get_id (person->actor), karez_actor_get_id (actor))
      && karez_actor_get_kind (actor) != KAREZ_ACTOR_LOCAL)
    {
      g_task_return_error (task, karez_error_new (KAREZ_ERROR_DENIED, "session/participant", NULL,
                                                  N_ ("Everybody can only leave for "
                                                      "themselves.")));
      return;
    }
  /* Done before it is recorded: it is recorded whatever became of the right to ask for it. */
  karez_transaction_set_guard (transaction, NULL, NULL);
  leave_now (self, person, "left", transaction, g_steal_pointer (&task));
}

gboolean
hub_session_people_leave_finish (HubSessionPeople *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, hub_session_people_leave_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/* A page that does not come. */

static gboolean
on_away (gpointer data)
{
  HubSessionPeople *self = data;
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->persons);
  while (!hub_session_info_is_closed (self->info) && g_hash_table_iter_next (&iter, NULL, &value))
    {
      HubSessionPerson *person = value;

      if (person->leave_source != g_source_get_id (g_main_current_source ()))
        continue;
      person->leave_source = 0;
      hub_session_people_put_out (self, person, "lost");
      break;
    }
  return G_SOURCE_REMOVE;
}

static void
await_page (HubSessionPeople *self, HubSessionPerson *person)
{
  if (person->connection == NULL && person->leave_source == 0)
    person->leave_source = g_timeout_add_seconds (AWAY_S, on_away, self);
}

void
hub_session_people_add (HubSessionPeople *self, const char *id, KarezActor *actor, const char *role)
{
  HubSessionPerson *person = g_new0 (HubSessionPerson, 1);

  person->id = g_strdup (id);
  person->actor = karez_actor_ref (actor);
  person->role = g_strdup (role);
  g_hash_table_replace (self->persons, person->id, person);
  await_page (self, person);
}

void
hub_session_people_unbind (HubSessionPeople *self, const char *connection)
{
  HubSessionPerson *person = hub_session_people_find_page (self, connection);

  if (person == NULL)
    return;
  g_clear_pointer (&person->connection, g_free);
  await_page (self, person);
}

/* What a page asked of the worker. */

typedef struct
{
  HubSessionPeople *people;
  char *connection, *participant;
} Said;

static void
on_page_answered (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autofree Said *said = data;
  g_autoptr (HubSessionPeople) self = said->people;
  g_autofree char *connection = said->connection;
  g_autofree char *participant = said->participant;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) answer = hub_worker_proxy_finish (HUB_WORKER_PROXY (source), result, &error);
  HubSessionPerson *person = hub_session_people_find (self, participant);

  if (answer != NULL || hub_session_info_is_closed (self->info))
    return;
  /* The page will join anew; nobody is left behind in its place. */
  if (person != NULL && g_strcmp0 (karez_error_get_rule (error), "session/participant") == 0)
    hub_session_people_put_out (self, person, "lost");
  hub_session_services_send_problem (self->services, connection, id_of (self), error);
}

static Said *
said_new (HubSessionPeople *self, HubSessionPerson *person)
{
  Said *said = g_new0 (Said, 1);

  said->people = g_object_ref (self);
  said->connection = g_strdup (person->connection);
  said->participant = g_strdup (person->id);
  return said;
}

static void
join_worker (HubSessionPeople *self, HubSessionPerson *person)
{
  HubWorkerProxy *proxy = hub_session_worker_get_running (self->worker, NULL);
  g_autoptr (JsonNode) node = NULL;

  /* Without a worker now, everybody is joined again when it is there. */
  if (proxy == NULL || person->connection == NULL)
    return;
  node = karez_json_object ("id", "s", person->id, "actor", "n",
                            karez_actor_to_json (person->actor), "role", "s", person->role,
                            "hospital", "s", self->services->hub, NULL);
  hub_worker_proxy_join_async (proxy, node, NULL, on_page_answered, said_new (self, person));
}

void
hub_session_people_rejoin (HubSessionPeople *self)
{
  GHashTableIter iter;
  gpointer person;

  g_hash_table_iter_init (&iter, self->persons);
  while (g_hash_table_iter_next (&iter, NULL, &person))
    join_worker (self, person);
}

gboolean
hub_session_people_bind (HubSessionPeople *self, const char *connection, KarezActor *actor,
                         const char *participant, GError **error)
{
  HubSessionPerson *person = participant != NULL ? hub_session_people_find (self, participant)
                                                 : NULL;

  /* Nobody takes another's place in a session. */
  if (person == NULL
      || !g_str_equal (karez_actor_get_id (person->actor), karez_actor_get_id (actor)))
    return karez_error_set (error, KAREZ_ERROR_NOT_FOUND, "session/participant", NULL,
                            N_ ("This participant is not in the session."));
  g_clear_handle_id (&person->leave_source, g_source_remove);
  if (g_strcmp0 (person->connection, connection) != 0)
    tell_page (self, person, "replaced", NULL);
  hub_set_string (&person->connection, connection);
  join_worker (self, person);
  return TRUE;
}

gboolean
hub_session_people_pass (HubSessionPeople *self, const char *connection, JsonNode *body,
                         GError **error)
{
  HubSessionPerson *person = hub_session_people_find_page (self, connection);
  HubWorkerProxy *proxy = NULL;

  if (person == NULL)
    return karez_error_set (error, KAREZ_ERROR_NOT_FOUND, "session/participant",
                            N_ ("a page that has joined"),
                            N_ ("This page has not joined the session."));
  proxy = hub_session_worker_get_running (self->worker, error);
  if (proxy == NULL)
    return FALSE;
  hub_worker_proxy_message_async (proxy, person->id, body, NULL, on_page_answered,
                                  said_new (self, person));
  return TRUE;
}

/* To pages. */

void
hub_session_people_forward (HubSessionPeople *self, const char *participant, JsonNode *body)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->persons);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      HubSessionPerson *person = value;

      if (*participant == '\0' || g_str_equal (person->id, participant))
        hub_session_services_send (self->services, person->connection,
                                   karez_json_object ("type", "s", "message", "session", "s",
                                                      id_of (self), "body", "n",
                                                      json_node_ref (body), NULL));
    }
}

void
hub_session_people_tell_statistics (HubSessionPeople *self, JsonNode *statistics)
{
  JsonObject *object = JSON_NODE_HOLDS_OBJECT (statistics) ? json_node_get_object (statistics)
                                                           : NULL;
  GHashTableIter iter;
  gpointer value;

  if (object == NULL)
    return;
  g_hash_table_iter_init (&iter, self->persons);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    hub_session_services_send (
        self->services, ((HubSessionPerson *) value)->connection,
        karez_json_object ("type", "s", "statistics", "session", "s", id_of (self), "link", "n",
                           json_object_dup_member (object, "link"), "checks", "n",
                           json_object_dup_member (object, "checks"), NULL));
}

/* A page that was told that its message was taken hears that it is not kept where it belongs. */
void
hub_session_people_tell_dead_letter (HubSessionPeople *self, const GError *why)
{
  g_autoptr (GError) error = karez_error_new (
      KAREZ_ERROR_FAILED, "session/dead-letter", NULL,
      N_ ("Something of this session could not be kept and is a dead letter: %s"), why->message);
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->persons);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    hub_session_services_send_problem (self->services, ((HubSessionPerson *) value)->connection,
                                       id_of (self), error);
}

/* What ends with a right. */

static void
on_revoked (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autofree char *id = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) answer = hub_worker_proxy_finish (HUB_WORKER_PROXY (source), result, &error);

  if (answer == NULL)
    hub_warning ("sessions", id, "The worker did not take the end of somebody's rights: %s",
                 error->message);
}

/* Also of what this hub's table does not have: an echo. */
static void
revoke_at_worker (HubSessionPeople *self, const char *account)
{
  HubWorkerProxy *proxy = hub_session_worker_get_proxy (self->worker);

  if (proxy != NULL)
    hub_worker_proxy_revoke_async (proxy, account, NULL, on_revoked, g_strdup (id_of (self)));
}

/* Who keeps a place that the new roles may take keeps it: nobody falls out of an operation because
 * their title was corrected. A page that is away cannot show that its own sign-in is in force. */
static gboolean
keeps_place (HubSessionPeople *self, HubSessionPerson *person, KarezActor *changed, gboolean ended)
{
  JsonNode *table = hub_session_services_find_takers (
      self->services, hub_session_info_get_modality (self->info),
      hub_session_info_is_hosted (self->info), NULL);

  return changed != NULL && (!ended || person->connection != NULL)
         && (table == NULL
             || hub_role_table_check (table, person->role, karez_actor_get_roles (changed), NULL));
}

static void
take_roles (HubSessionPerson *person, KarezActor *changed)
{
  KarezActor *before = person->actor;

  person->actor = karez_actor_new (karez_actor_get_kind (before), karez_actor_get_id (before),
                                   karez_actor_get_name (before), karez_actor_get_roles (changed),
                                   karez_actor_get_address (before), karez_actor_get_hub (before));
  karez_actor_unref (before);
}

void
hub_session_people_account_changed (HubSessionPeople *self, const char *account, KarezActor *actor,
                                    gboolean ended)
{
  g_autoptr (GList) persons = g_hash_table_get_values (self->persons);

  for (GList *l = persons; l != NULL; l = l->next)
    if (!is_of (l->data, account))
      continue;
    else if (keeps_place (self, l->data, actor, ended))
      take_roles (l->data, actor);
    else
      hub_session_people_put_out (self, l->data, "revoked");
  if (actor == NULL)
    revoke_at_worker (self, account);
}

void
hub_session_people_uninvited (HubSessionPeople *self, const char *account)
{
  g_autoptr (GList) persons = g_hash_table_get_values (self->persons);

  for (GList *l = persons; l != NULL; l = l->next)
    if (is_of (l->data, account))
      hub_session_people_put_out (self, l->data, "uninvited");
  revoke_at_worker (self, account);
}

HubSessionPeople *
hub_session_people_new (HubSessionServices *services, HubSessionInfo *info,
                        HubSessionWorker *worker)
{
  HubSessionPeople *self = g_object_new (HUB_TYPE_SESSION_PEOPLE, NULL);

  self->services = hub_session_services_ref (services);
  self->info = g_object_ref (info);
  self->worker = g_object_ref (worker);
  return self;
}

static void
hub_session_people_finalize (GObject *object)
{
  HubSessionPeople *self = HUB_SESSION_PEOPLE (object);

  g_hash_table_unref (self->persons);
  g_hash_table_unref (self->leaving);
  g_clear_object (&self->worker);
  g_clear_object (&self->info);
  g_clear_pointer (&self->services, hub_session_services_unref);

  G_OBJECT_CLASS (hub_session_people_parent_class)->finalize (object);
}

static void
hub_session_people_class_init (HubSessionPeopleClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = hub_session_people_finalize;
}

static void
hub_session_people_init (HubSessionPeople *self)
{
  self->persons = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, person_free);
  self->leaving = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                         (GDestroyNotify) g_ptr_array_unref);
}
