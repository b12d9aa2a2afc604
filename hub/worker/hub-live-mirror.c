/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the two workers of a session tell each other, on the link's first stream. Each message is
 * the whole of what its side knows, so that one after a restart heals everything. */
#include "hub-live-session-private.h"

#include "hub-catalogue.h"
#include "hub-log.h"
#include "hub-string.h"

/* The host's: where the session stands. */
static const KarezJsonField state_fields[] = {
  { "state", KAREZ_JSON_TEXT, TRUE, 1, 16 },
  { "sequence", KAREZ_JSON_INTEGER, TRUE, 0, G_MAXINT64 },
  { "reason", KAREZ_JSON_TEXT, FALSE, 0, 4000 },
  { "actor", KAREZ_JSON_OBJECT },
  { "action", KAREZ_JSON_TEXT, FALSE, 1, 64 },
  { "heard", KAREZ_JSON_INTEGER, FALSE, 0, G_MAXINT64 },
  { "participants", KAREZ_JSON_ARRAY, FALSE, 0, 200 },
  { NULL },
};

/* Also the host's: what people at the mirror are shown of it. It follows the other one. */
static const KarezJsonField host_checks_fields[] = {
  { "checks", KAREZ_JSON_ARRAY, TRUE, 0, 64 },
  { NULL },
};

/* The mirror's: its people, its checks, where it is, and what it asks for. */
static const KarezJsonField mirror_fields[] = {
  { "participants", KAREZ_JSON_ARRAY, FALSE, 0, 200 },
  { "checks", KAREZ_JSON_ARRAY, FALSE, 0, 64 },
  { "state", KAREZ_JSON_TEXT, FALSE, 1, 16 },
  { "sequence", KAREZ_JSON_INTEGER, FALSE, 0, G_MAXINT64 },
  { "ask", KAREZ_JSON_ENUM, FALSE, 0, 0, "hold|panic|stop" },
  { "number", KAREZ_JSON_INTEGER, FALSE, 1, G_MAXINT64 },
  { "reason", KAREZ_JSON_TEXT, FALSE, 0, 4000 },
  { "actor", KAREZ_JSON_OBJECT },
  { NULL },
};

static gboolean
send (HubLiveSession *self, JsonNode *body, GError **error)
{
  g_autoptr (JsonNode) owned = body;
  g_autofree char *text = karez_json_print (owned);
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));

  return karez_link_send (KAREZ_LINK (self->link), HUB_STREAM_STATE, bytes, error);
}

/* The word that waits, under the names that the message has for it. */
static void
add_word (HubLiveSession *self, JsonObject *body)
{
  g_autoptr (JsonNode) node = hub_live_word_to_json (self->word);
  JsonObject *word = node != NULL ? json_node_get_object (node) : NULL;

  if (word == NULL)
    return;
  json_object_set_string_member (body, "ask", karez_json_text (word, "edge"));
  json_object_set_member (body, "number", json_object_dup_member (word, "number"));
  if (karez_json_text (word, "reason") != NULL)
    json_object_set_member (body, "reason", json_object_dup_member (word, "reason"));
  json_object_set_member (body, "actor", json_object_dup_member (word, "actor"));
}

void
hub_live_session_tell (HubLiveSession *self)
{
  g_autoptr (GError) error = NULL;
  JsonNode *body = NULL;

  /* When the link comes up everything is told; before, it would only pile up. */
  if (self->link == NULL || !karez_link_is_up (KAREZ_LINK (self->link)))
    return;
  if (self->host)
    body = karez_json_object ("state", "s", karez_state_name (self->state), "sequence", "i",
                              (gint64) self->sequence, "reason", "s", self->reason, "actor", "n",
                              karez_actor_to_json (self->actor), "action", "s", self->walked,
                              "heard", "i", (gint64) self->heard, "participants", "n",
                              hub_live_people_to_json (self->people, TRUE), NULL);
  else
    body = karez_json_object ("participants", "n", hub_live_people_to_json (self->people, TRUE),
                              "checks", "n", hub_live_session_tell_own_checks (self), "state", "s",
                              karez_state_name (self->state), "sequence", "i",
                              (gint64) self->sequence, NULL);
  add_word (self, json_node_get_object (body));
  if (!send (self, body, &error))
    hub_warning ("session", self->id, "The other worker cannot be told: %s", error->message);
  else if (self->host)
    hub_live_session_tell_checks (self);
}

void
hub_live_session_tell_checks (HubLiveSession *self)
{
  g_autoptr (JsonNode) checks = NULL;
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;

  if (!self->host)
    {
      hub_live_session_tell (self);
      return;
    }
  if (self->link == NULL || !karez_link_is_up (KAREZ_LINK (self->link)))
    return;
  checks = hub_live_session_tell_own_checks (self);
  text = karez_json_print (checks);
  /* With a state nothing of them may have changed. */
  if (g_strcmp0 (text, self->told_checks) == 0)
    return;
  hub_set_string (&self->told_checks, text);
  if (!send (self, karez_json_object ("checks", "n", json_node_ref (checks), NULL), &error))
    hub_warning ("session", self->id, "The other worker cannot be told: %s", error->message);
}

/* A host counts its states, and nothing after one beyond this would be followed. */
#define MAX_AHEAD G_MAXINT32

/* Who it was. Not to know it is no reason to go on here. */
static KarezActor *
read_actor (HubLiveSession *self, JsonObject *object, const char *also)
{
  g_autoptr (GError) error = NULL;
  KarezActor *actor = hub_live_people_read_theirs (
      self->people, json_object_get_member (object, "actor"), also, &error);

  if (actor != NULL)
    return actor;
  hub_warning ("session", self->id, "Who the other worker speaks for is not accepted: %s",
               error->message);
  return karez_actor_new (KAREZ_ACTOR_PEER, self->partner, self->partner, NULL, NULL,
                          self->partner);
}

static gboolean
follow (HubLiveSession *self, JsonObject *object, GError **error)
{
  g_autoptr (KarezActor) actor = karez_actor_ref (self->actor);
  guint64 sequence = karez_json_integer (object, "sequence", 0);
  KarezState before = self->state, state;

  if (!karez_state_from_name (karez_json_text (object, "state"), &state))
    return karez_error_set (error, KAREZ_ERROR_INVALID, "session/state", NULL,
                            N_ ("There is no state “%s”."), karez_json_text (object, "state"));
  if (sequence <= self->sequence || hub_state_is_over (self->state))
    return TRUE;
  if (sequence - self->sequence > MAX_AHEAD)
    return karez_error_set (error, KAREZ_ERROR_INVALID, "session/sequence",
                            N_ ("a sequence of the state close to the one before"),
                            N_ ("The sequence of the session's state is too far ahead"));
  if (json_object_has_member (object, "actor"))
    {
      karez_actor_unref (actor);
      /* The host does what somebody here asked it for, too. */
      actor = read_actor (self, object, self->hub);
    }
  if (state == before
      && !hub_live_session_hear_again (self, sequence, karez_json_text (object, "reason")))
    return TRUE;
  hub_live_session_record_count (self);
  hub_live_session_set_state (self, state, sequence, karez_json_text (object, "reason"), actor);
  hub_live_session_retarget (self);
  hub_live_session_record_state (
      self, hub_session_machine_action (before, state, karez_json_text (object, "action")));
  g_signal_emit_by_name (self, "state-changed");
  hub_live_session_write_checkpoint (self);
  return TRUE;
}

static gboolean
take_state (HubLiveSession *self, JsonNode *node, GError **error)
{
  JsonObject *object = karez_json_check (node, state_fields, error);

  if (object == NULL)
    return FALSE;
  if (self->host)
    return karez_error_set (error, KAREZ_ERROR_CONFLICT, "session/host", NULL,
                            N_ ("The host of a session follows nobody."));
  return follow (self, object, error);
}

void
hub_live_session_mirror_async (HubLiveSession *self, JsonNode *node, GAsyncReadyCallback callback,
                               gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, data);
  GError *error = NULL;

  g_task_set_source_tag (task, hub_live_session_finish);
  if (take_state (self, node, &error))
    hub_recorder_answer (self->recorder, task, FALSE);
  else
    g_task_return_error (task, error);
}

static void
obey_mirror (HubLiveSession *self, JsonObject *object)
{
  const char *ask = karez_json_text (object, "ask");
  g_autoptr (KarezActor) actor = NULL;
  guint64 number = karez_json_integer (object, "number", 0);
  KarezState state;

  if (json_object_has_member (object, "sequence")
      && karez_state_from_name (karez_json_text (object, "state"), &state))
    hub_live_session_catch_up (self, karez_json_integer (object, "sequence", 0), state);
  if (ask == NULL)
    return;
  actor = read_actor (self, object, NULL);
  if (hub_live_session_is_news (self, number))
    hub_live_session_back_off (self, ask, karez_json_text (object, "reason"), actor);
  /* Also when it was heard before: the mirror may not know. */
  hub_live_session_tell (self);
}

static gboolean
take_message (HubLiveSession *self, GBytes *payload, GError **error)
{
  g_autoptr (JsonNode) node = karez_json_parse (payload, KAREZ_LINK_MAX_MESSAGE, error);
  gboolean checks = !self->host && node != NULL && JSON_NODE_HOLDS_OBJECT (node)
                    && json_object_has_member (json_node_get_object (node), "checks");
  JsonObject *object = node != NULL ? karez_json_check (node,
                                                        self->host ? mirror_fields
                                                        : checks   ? host_checks_fields
                                                                   : state_fields,
                                                        error)
                                    : NULL;

  if (object == NULL)
    return FALSE;
  if (checks)
    return hub_live_checks_take_partners (self->checks,
                                          json_object_get_array_member (object, "checks"), error);
  /* What leads away from risk counts whatever else of the message is not accepted. */
  if (!self->host)
    {
      if (!follow (self, object, error))
        return FALSE;
      hub_live_session_heard (self, karez_json_integer (object, "heard", 0));
    }
  else
    obey_mirror (self, object);
  if (json_object_has_member (object, "participants")
      && !hub_live_people_take_remote (
          self->people, json_object_get_array_member (object, "participants"), error))
    return FALSE;
  return !self->host || !json_object_has_member (object, "checks")
         || hub_live_checks_take_partners (self->checks,
                                           json_object_get_array_member (object, "checks"), error);
}

static void
on_message (KarezLink *link, guint stream, GBytes *payload, gpointer data)
{
  HubLiveSession *self = data;
  g_autoptr (GError) error = NULL;

  if (stream == HUB_STREAM_STATE && !take_message (self, payload, &error))
    hub_warning ("session", self->id, "The other worker said what is not accepted: %s",
                 error->message);
}

static void
on_changed (KarezLink *link, gpointer data)
{
  HubLiveSession *self = data;
  gboolean up = karez_link_is_up (link);
  g_autoptr (KarezCheck) check = karez_check_new (
      "link.up", up ? KAREZ_VERDICT_PASSED : KAREZ_VERDICT_FAILED,
      up ? N_ ("connected") : N_ ("no answer from the other hospital"), N_ ("connected"),
      up ? NULL : N_ ("The session goes on here; it is joined again as soon as a path is back."));

  hub_notice ("session", self->id, "The link is %s.", up ? "up" : "down");
  g_clear_pointer (&self->told_checks, g_free);
  hub_live_checks_report (self->checks, check);
  hub_live_session_tell (self);
}

gboolean
hub_live_session_open_link (HubLiveSession *self, GError **error)
{
  g_autoptr (HubLink)
      link = hub_link_new (self->id, self->host, self->generation, self->link_address, error);

  if (link == NULL
      || !karez_link_open (KAREZ_LINK (link), HUB_STREAM_STATE, KAREZ_LINK_ALL, TRUE, error))
    return FALSE;
  self->link = g_steal_pointer (&link);
  g_signal_connect (self->link, "message", G_CALLBACK (on_message), self);
  g_signal_connect (self->link, "changed", G_CALLBACK (on_changed), self);
  on_changed (KAREZ_LINK (self->link), self);
  return TRUE;
}

JsonNode *
hub_live_session_get_endpoint (HubLiveSession *self, GError **error)
{
  if (self->link != NULL)
    return hub_link_get_endpoint (self->link);
  karez_error_set (error, KAREZ_ERROR_UNAVAILABLE, "session/link", NULL,
                   N_ ("The session has no link yet."));
  return NULL;
}

gboolean
hub_live_session_connect (HubLiveSession *self, JsonNode *endpoint, GError **error)
{
  if (self->link == NULL)
    return karez_error_set (error, KAREZ_ERROR_UNAVAILABLE, "session/link", NULL,
                            N_ ("The session has no link yet."));
  if (!hub_link_connect (self->link, endpoint, error))
    return FALSE;
  self->peer_generation = karez_json_integer (json_node_get_object (endpoint), "generation", 0);
  return TRUE;
}
