/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The live half of a video consultation. */
#include "consult-modality.h"

#include <glib/gi18n.h>

#define MAX_PEOPLE 200u

struct _ConsultModality
{
  KarezLiveHalf parent;

  KarezSession *session;
  KarezMedia *media;
  KarezConsent *consent; /* not owned */

  gboolean running;   /* between start or resume and hold or stop */
  gint64 shown_since; /* when people began to be passed on to each other; 0 while they are not */
  gint64 shown;       /* microseconds before that */
  GHashTable *people; /* everybody who was here: id → JsonNode */
};

G_DEFINE_FINAL_TYPE (ConsultModality, consult_modality, KAREZ_TYPE_LIVE_HALF)
KAREZ_MODALITY_MODULE (consult_modality)

static gboolean
is_shown (ConsultModality *self)
{
  return self->running && karez_consent_is_allowed (self->consent);
}

static JsonNode *
describe (ConsultModality *self)
{
  return karez_json_object ("type", "s", "consult.state", "forwarding", "b", is_shown (self), NULL);
}

/* Lets media through or not, and counts for how long. */
static void
settle (ConsultModality *self)
{
  gboolean shown = is_shown (self);
  gint64 now = g_get_monotonic_time ();

  karez_media_set_forwarding (self->media, shown);
  if (shown && self->shown_since == 0)
    self->shown_since = now;
  else if (!shown && self->shown_since != 0)
    {
      self->shown += now - self->shown_since;
      self->shown_since = 0;
    }
  karez_session_broadcast (self->session, describe (self));
}

/* A worker of version 0.1 at the other hospital tells the word alone, and takes nothing else. What
 * is on record is told to it, unless it is being withdrawn. */
static void
tell_former (ConsultModality *self)
{
  g_autoptr (GError) error = NULL;

  if (!karez_session_is_host (self->session)
      || (karez_consent_get_state (self->consent) == KAREZ_CONSENT_GIVEN
          && !karez_consent_is_allowed (self->consent)))
    return;
  if (!karez_live_half_tell_peer (KAREZ_LIVE_HALF (self), karez_consent_get_word (self->consent),
                                  &error))
    g_message ("%s: the other hospital could not be told of the consent: %s",
               karez_session_get_id (self->session), error->message);
}

static void
on_consent (KarezConsent *consent, ConsultModality *self)
{
  settle (self);
  tell_former (self);
}

static gboolean
receive (KarezLiveHalf *half, JsonNode *message, GError **error)
{
  return karez_consent_follow (CONSULT_MODALITY (half)->consent, message, error);
}

static void
link_changed (KarezLiveHalf *half, gboolean up)
{
  if (up)
    tell_former (CONSULT_MODALITY (half));
}

/* What the session asks. */

static gboolean
prepare (KarezLiveHalf *half, KarezSession *session, GError **error)
{
  ConsultModality *self = CONSULT_MODALITY (half);
  KarezMedia *media = karez_session_get_media (session, error);

  if (media == NULL)
    return FALSE;
  g_set_object (&self->session, session);
  g_set_object (&self->media, media);
  return TRUE;
}

static void
run (ConsultModality *self, gboolean running)
{
  self->running = running;
  settle (self);
}

static gboolean
start (KarezLiveHalf *half, GError **error)
{
  run (CONSULT_MODALITY (half), TRUE);
  return TRUE;
}

static gboolean
hold (KarezLiveHalf *half, const char *reason, GError **error)
{
  run (CONSULT_MODALITY (half), FALSE);
  return TRUE;
}

/* Who signs an opinion was here as a consultant. */
static void
record_consultant (ConsultModality *self, KarezParticipant *participant)
{
  if (karez_participant_is_local (participant)
      && g_strcmp0 (karez_participant_get_role (participant), "consultant") == 0)
    karez_session_record (
        self->session, "consultant.enter", karez_participant_get_actor (participant),
        karez_json_object ("participant", "s", karez_participant_get_id (participant), NULL));
}

static void
remember (ConsultModality *self, KarezParticipant *participant)
{
  const char *id = karez_participant_get_id (participant);

  if (!g_hash_table_contains (self->people, id))
    record_consultant (self, participant);
  if (g_hash_table_size (self->people) < MAX_PEOPLE)
    g_hash_table_replace (
        self->people, g_strdup (id),
        karez_json_object ("participant", "s", id, "name", "s",
                           karez_actor_get_name (karez_participant_get_actor (participant)), "role",
                           "s", karez_participant_get_role (participant), "hospital", "s",
                           karez_participant_get_hospital (participant), NULL));
}

static gboolean
join (KarezLiveHalf *half, KarezParticipant *participant, GError **error)
{
  ConsultModality *self = CONSULT_MODALITY (half);

  remember (self, participant);
  if (karez_participant_is_local (participant))
    {
      karez_participant_send (participant, describe (self));
      karez_media_join (self->media, participant);
    }
  return TRUE;
}

static gboolean
leave (KarezLiveHalf *half, KarezParticipant *participant, GError **error)
{
  if (karez_participant_is_local (participant))
    karez_media_leave (CONSULT_MODALITY (half)->media, participant);
  return TRUE;
}

static JsonNode *
people_to_json (ConsultModality *self)
{
  JsonArray *array = json_array_new ();
  GHashTableIter iter;
  gpointer person;

  g_hash_table_iter_init (&iter, self->people);
  while (g_hash_table_iter_next (&iter, NULL, &person))
    json_array_add_element (array, json_node_ref (person));
  return karez_json_array (array);
}

static gboolean
stop (KarezLiveHalf *half, const char *reason, GError **error)
{
  ConsultModality *self = CONSULT_MODALITY (half);

  run (self, FALSE);
  karez_session_record (self->session, "summary.keep", NULL,
                        karez_json_object ("people", "n", people_to_json (self), "seconds", "i",
                                           self->shown / G_USEC_PER_SEC, NULL));
  return TRUE;
}

static void
panic (KarezLiveHalf *half, const char *reason)
{
  ConsultModality *self = CONSULT_MODALITY (half);

  if (self->media != NULL)
    karez_media_set_forwarding (self->media, FALSE);
  self->running = FALSE;
}

static gboolean
message (KarezLiveHalf *half, KarezParticipant *participant, JsonNode *body, GError **error)
{
  ConsultModality *self = CONSULT_MODALITY (half);
  JsonObject *object = json_node_get_object (body);

  if (karez_media_is_message (object))
    return karez_media_take (self->media, participant, object, error);
  return karez_error_set (error, KAREZ_ERROR_INVALID, "consult/message", NULL,
                          N_ ("There is no such message"));
}

/* What a worker that takes this one's place must know: for how long people were shown, and who was
 * here. */

static JsonNode *
to_json (KarezLiveHalf *half)
{
  ConsultModality *self = CONSULT_MODALITY (half);
  gint64 now = g_get_monotonic_time ();
  gint64 shown = self->shown + (self->shown_since != 0 ? now - self->shown_since : 0);

  return karez_json_object ("shown", "i", shown, "people", "n", people_to_json (self), NULL);
}

/* Version 0.1 kept the word beside its own; without "on_record" it is one that had it on record
 * before. */
static gboolean
restore_former (ConsultModality *self, JsonObject *object, GError **error)
{
  JsonNode *word = json_object_get_member (object, "consent");
  g_autoptr (JsonNode) consent = NULL;

  if (word == NULL)
    return TRUE;
  consent = karez_json_object ("word", "n", json_node_copy (word), "on_record", "b",
                               !json_object_has_member (object, "on_record")
                                   || karez_json_boolean (object, "on_record"),
                               NULL);
  return karez_consent_from_json (self->consent, consent, error);
}

static gboolean
from_json (KarezLiveHalf *half, JsonNode *state, GError **error)
{
  static const KarezJsonField person_fields[] = {
    { "participant", KAREZ_JSON_UUID, TRUE },
    { "name", KAREZ_JSON_NAME, TRUE, 0, 400 },
    { "role", KAREZ_JSON_TEXT, TRUE, 1, 32 },
    { "hospital", KAREZ_JSON_UUID, TRUE },
    { NULL },
  };
  static const KarezJsonField fields[] = {
    { "consent", KAREZ_JSON_OBJECT, FALSE },
    { "on_record", KAREZ_JSON_BOOLEAN, FALSE },
    { "shown", KAREZ_JSON_INTEGER, TRUE, 0, G_MAXINT64 },
    { "people", KAREZ_JSON_ARRAY, TRUE, 0, MAX_PEOPLE },
    { NULL },
  };
  ConsultModality *self = CONSULT_MODALITY (half);
  JsonObject *object = karez_json_check (state, fields, error);
  JsonArray *people;

  if (object == NULL || !restore_former (self, object, error))
    return FALSE;
  self->shown = karez_json_integer (object, "shown", 0);
  people = json_object_get_array_member (object, "people");
  for (guint i = 0; i < json_array_get_length (people); i++)
    {
      JsonNode *one = json_array_get_element (people, i);
      JsonObject *person = karez_json_check (one, person_fields, error);

      if (person == NULL)
        return FALSE;
      g_hash_table_replace (self->people, g_strdup (karez_json_text (person, "participant")),
                            json_node_ref (one));
    }
  return TRUE;
}

static void
consult_modality_finalize (GObject *object)
{
  ConsultModality *self = CONSULT_MODALITY (object);

  g_hash_table_unref (self->people);
  g_clear_object (&self->media);
  g_clear_object (&self->session);
  G_OBJECT_CLASS (consult_modality_parent_class)->finalize (object);
}

static void
consult_modality_class_init (ConsultModalityClass *klass)
{
  KarezLiveHalfClass *half_class = KAREZ_LIVE_HALF_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = consult_modality_finalize;
  half_class->consent = KAREZ_CONSENT_MEDIA;
  half_class->prepare = prepare;
  half_class->start = start;
  half_class->resume = start;
  half_class->hold = hold;
  half_class->join = join;
  half_class->leave = leave;
  half_class->stop = stop;
  half_class->panic = panic;
  half_class->message = message;
  half_class->receive = receive;
  half_class->link_changed = link_changed;
  half_class->to_json = to_json;
  half_class->from_json = from_json;
}

static void
consult_modality_init (ConsultModality *self)
{
  self->consent = karez_live_half_get_consent (KAREZ_LIVE_HALF (self));
  g_signal_connect_object (self->consent, "changed", G_CALLBACK (on_consent), self, 0);
  self->people = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                        (GDestroyNotify) json_node_unref);
}
