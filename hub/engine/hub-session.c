/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One session that is not over, as this hub knows it. */
#include "hub-session.h"

#include "hub-clock.h"
#include "hub-string.h"

G_DEFINE_FINAL_TYPE (HubSession, hub_session, G_TYPE_OBJECT)

const char *
hub_worker_state_name (HubWorkerState state)
{
  static const char *const names[] = { "none", "starting", "running", "restarting", "failed" };

  return names[state];
}

static void
record_clear (gpointer data)
{
  json_node_unref (((HubSessionRecord *) data)->node);
}

void
hub_session_record_unref (gpointer record)
{
  g_rc_box_release_full (record, record_clear);
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

HubSession *
hub_session_new (const char *id, const char *modality, const char *title, const char *host,
                 const char *partner, gboolean hosted, JsonNode *booking)
{
  HubSession *self = g_object_new (HUB_TYPE_SESSION, NULL);

  self->id = g_strdup (id);
  self->modality = g_strdup (modality);
  self->title = g_strdup (title);
  self->host = g_strdup (host);
  self->partner = g_strdup (partner);
  self->hosted = hosted;
  self->booking = json_node_ref (booking);
  return self;
}

gboolean
hub_session_take_state (HubSession *self, KarezState state, guint64 sequence, const char *reason)
{
  gboolean held_here = sequence == self->sequence && state == KAREZ_STATE_HELD
                       && hub_state_is_on (self->state);

  if (sequence <= self->sequence && !held_here)
    return FALSE;
  self->state = state;
  self->sequence = sequence;
  hub_set_string (&self->reason, reason);
  if (state == KAREZ_STATE_LIVE && !self->started_at)
    self->started_at = hub_time_format (hub_clock_now ());
  if (hub_state_is_over (state) && !self->ended_at)
    self->ended_at = hub_time_format (hub_clock_now ());
  return TRUE;
}

HubSessionPerson *
hub_session_add_person (HubSession *self, const char *id, KarezActor *actor, const char *role)
{
  HubSessionPerson *person = g_new0 (HubSessionPerson, 1);

  person->id = g_strdup (id);
  person->actor = karez_actor_ref (actor);
  person->role = g_strdup (role);
  g_hash_table_replace (self->persons, person->id, person);
  return person;
}

HubSessionPerson *
hub_session_find_page (HubSession *self, const char *connection)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->persons);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    if (g_strcmp0 (((HubSessionPerson *) value)->connection, connection) == 0)
      return value;
  return NULL;
}

HubSessionPerson *
hub_session_find_other (HubSession *self, KarezActor *actor, const char *than)
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

JsonNode *
hub_session_person_to_json (HubSession *self, HubSessionPerson *person, const char *hub)
{
  return karez_json_object ("id", "s", person->id, "actor", "n",
                            karez_actor_to_json (person->actor), "role", "s", person->role,
                            "hospital", "s", hub, NULL);
}

JsonNode *
hub_session_to_json (HubSession *self, JsonNode *participants)
{
  JsonNode *worker = karez_json_object ("state", "s", hub_worker_state_name (self->worker),
                                        "generation", "i", (gint64) self->generation, "partner",
                                        "s", self->partner_worker, NULL);

  return karez_json_object (
      "id", "s", self->id, "modality", "s", self->modality, "title", "s", self->title, "host", "s",
      self->host, "partner", "s", self->partner, "state", "s", karez_state_name (self->state),
      "reason", "s", self->reason, "sequence", "i", (gint64) self->sequence, "started_at", "s",
      self->started_at, "ended_at", "s", self->ended_at, "booking", "n",
      json_node_ref (self->booking), "participants", "n", participants, "checks", "n",
      self->checks ? json_node_ref (self->checks) : NULL, "link", "n",
      self->link ? json_node_ref (self->link) : NULL, "worker", "n", worker, NULL);
}

JsonNode *
hub_session_to_frame (HubSession *self)
{
  return karez_json_object (
      "type", "s", "session", "session", "s", self->id, "state", "s",
      karez_state_name (self->state), "sequence", "i", (gint64) self->sequence, "worker", "s",
      hub_worker_state_name (self->worker), "partner_worker", "s", self->partner_worker, NULL);
}

static void
hub_session_finalize (GObject *object)
{
  HubSession *self = HUB_SESSION (object);

  g_clear_handle_id (&self->exchange_source, g_source_remove);
  g_clear_handle_id (&self->restart_source, g_source_remove);
  g_clear_handle_id (&self->record_source, g_source_remove);
  g_free (self->id);
  g_free (self->modality);
  g_free (self->title);
  g_free (self->host);
  g_free (self->partner);
  g_free (self->reason);
  g_free (self->started_at);
  g_free (self->ended_at);
  g_free (self->partner_worker);
  g_free (self->plugin);
  g_free (self->module);
  g_free (self->token);
  g_clear_pointer (&self->booking, json_node_unref);
  g_clear_pointer (&self->takers, json_node_unref);
  g_clear_pointer (&self->checks, json_node_unref);
  g_clear_pointer (&self->link, json_node_unref);
  g_clear_pointer (&self->away, json_node_unref);
  g_clear_pointer (&self->people, json_node_unref);
  g_hash_table_unref (self->persons);
  g_hash_table_unref (self->leaving);
  g_ptr_array_unref (self->waiting);
  g_queue_clear_full (&self->records, hub_session_record_unref);

  G_OBJECT_CLASS (hub_session_parent_class)->finalize (object);
}

static void
hub_session_class_init (HubSessionClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = hub_session_finalize;
}

static void
hub_session_init (HubSession *self)
{
  self->persons = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, person_free);
  self->waiting = g_ptr_array_new_with_free_func (g_object_unref);
  self->leaving = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                         (GDestroyNotify) g_ptr_array_unref);
  g_queue_init (&self->records);
}
