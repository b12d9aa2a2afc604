/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The live half of a video consultation. */
#include "consult-modality.h"

#include "consult-consent.h"

#include <glib/gi18n.h>

#define MAX_PEOPLE 200u

struct _ConsultModality
{
  KarezLiveHalf parent;

  KarezSession *session;
  KarezMedia *media;
  ConsultConsent consent; /* the newest word */
  guint word;             /* its number */
  KarezActor *actor;      /* whose it is; NULL: another hospital's, or a former worker's */
  gboolean recorded;      /* it was given to the spool */
  gboolean on_record;     /* and is on disk there */
  ConsultConsent told;    /* the newest that is, which pages and the other hospital hear of */
  gboolean allowed;       /* it was given, and nothing was withdrawn since */
  guint retry;            /* source */

  gboolean running;   /* between start or resume and hold or stop */
  gint64 shown_since; /* when people began to be passed on to each other; 0 while they are not */
  gint64 shown;       /* microseconds before that */
  GHashTable *people; /* everybody who was here: id → JsonNode */
};

G_DEFINE_FINAL_TYPE (ConsultModality, consult_modality, KAREZ_TYPE_LIVE_HALF)
KAREZ_MODALITY_MODULE (consult_modality)

/* Who may speak for the patient: the requesting hospital's people, since the patient is there. */
static gboolean
may_consent (ConsultModality *self, KarezParticipant *participant)
{
  return karez_session_is_host (self->session)
         && g_strcmp0 (karez_participant_get_role (participant), "observer") != 0;
}

static gboolean
is_shown (ConsultModality *self)
{
  return self->running && self->allowed;
}

static JsonNode *
describe (ConsultModality *self, KarezParticipant *participant)
{
  return karez_json_object ("type", "s", "consult.state", "consent", "n",
                            consult_consent_to_json (&self->told), "may_consent", "b",
                            may_consent (self, participant), "forwarding", "b", is_shown (self),
                            NULL);
}

static void
tell_pages (ConsultModality *self)
{
  GListModel *participants = karez_session_get_participants (self->session);

  for (guint i = 0; i < g_list_model_get_n_items (participants); i++)
    {
      g_autoptr (KarezParticipant) one = g_list_model_get_item (participants, i);

      if (karez_participant_is_local (one))
        karez_participant_send (one, describe (self, one));
    }
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
  tell_pages (self);
}

/* Consent: the requesting hospital's worker is the host, and its word counts at both. */

static void
tell_peer (ConsultModality *self)
{
  g_autoptr (GError) error = NULL;

  if (!karez_live_half_tell_peer (KAREZ_LIVE_HALF (self), consult_consent_to_json (&self->told),
                                  &error))
    g_message ("%s: the other hospital could not be told of the consent: %s",
               karez_session_get_id (self->session), error->message);
}

static void
copy_consent (ConsultConsent *to, const ConsultConsent *from)
{
  consult_consent_set (to, from->state, from->basis, from->id, from->by, from->at);
}

static void
record_consent (ConsultModality *self)
{
  if (self->recorded)
    return;
  self->recorded = TRUE;
  karez_session_record (self->session,
                        self->consent.state == CONSULT_CONSENT_GIVEN ? "consent.give"
                                                                     : "consent.withdraw",
                        self->actor, consult_consent_to_json (&self->consent));
}

/* The newest word counts, and is told. */
static void
let_stand (ConsultModality *self)
{
  copy_consent (&self->told, &self->consent);
  self->allowed = self->told.state == CONSULT_CONSENT_GIVEN;
  settle (self);
  if (karez_session_is_host (self->session))
    tell_peer (self);
}

static void keep_word (ConsultModality *self);

static gboolean
on_retry (gpointer data)
{
  ConsultModality *self = data;

  self->retry = 0;
  keep_word (self);
  return G_SOURCE_REMOVE;
}

/* A word on its way to the disk. */
typedef struct
{
  ConsultModality *self;
  guint word;
  gboolean recorded; /* before it was saved */
} Keeping;

static void
on_kept (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autofree Keeping *keeping = data;
  g_autoptr (ConsultModality) self = keeping->self;
  g_autoptr (GError) error = NULL;
  gboolean kept = karez_session_save_finish (KAREZ_SESSION (source), result, &error);

  if (!kept)
    g_message ("%s: a consent is not on disk yet: %s", karez_session_get_id (self->session),
               error->message);
  if (keeping->word != self->word)
    return;
  if (!keeping->recorded)
    {
      record_consent (self);
      keep_word (self);
      return;
    }
  self->on_record = kept;
  /* Nobody is shown before it is on record; what was withdrawn is told all the same. */
  if (!kept && self->consent.state == CONSULT_CONSENT_GIVEN)
    self->retry = g_timeout_add_seconds (1, on_retry, self);
  else
    let_stand (self);
}

static void
keep_word (ConsultModality *self)
{
  Keeping *keeping = g_new (Keeping, 1);

  keeping->self = g_object_ref (self);
  keeping->word = self->word;
  keeping->recorded = self->recorded;
  karez_session_save_async (self->session, NULL, on_kept, keeping);
}

/* Towards risk: on record before the first picture. Away from it: out of sight at once, then in the
 * checkpoint, then on record, and then it is told. So a worker that takes this one's place knows no
 * older word than the record or the other hospital; one that is not on record yet it records.
 * @actor: (nullable): where it was changed here */
static void
take_word (ConsultModality *self, KarezActor *actor)
{
  self->word++;
  self->recorded = FALSE;
  self->on_record = FALSE;
  g_clear_handle_id (&self->retry, g_source_remove);
  g_clear_pointer (&self->actor, karez_actor_unref);
  self->actor = actor != NULL ? karez_actor_ref (actor) : NULL;
  if (self->consent.state == CONSULT_CONSENT_GIVEN)
    record_consent (self);
  else
    {
      self->allowed = FALSE;
      settle (self);
    }
  keep_word (self);
}

static void
change_consent (ConsultModality *self, KarezParticipant *participant, ConsultConsentState state,
                ConsultBasis basis)
{
  KarezActor *actor = karez_participant_get_actor (participant);
  g_autofree char *id = g_uuid_string_random ();
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *at = g_date_time_format (now, "%Y-%m-%dT%H:%M:%SZ");

  record_consent (self);
  consult_consent_set (&self->consent, state, basis, id, karez_actor_get_name (actor), at);
  take_word (self, actor);
}

static gboolean
take_consent (ConsultModality *self, KarezParticipant *participant, JsonNode *node, GError **error)
{
  static const KarezJsonField fields[] = {
    { "type", KAREZ_JSON_ENUM, TRUE, 0, 0, "consult.consent|consult.withdraw" },
    { "basis", KAREZ_JSON_ENUM, FALSE, 0, 0, "patient|guardian|emergency" },
    { NULL },
  };
  JsonObject *object = karez_json_check (node, fields, error);
  gboolean given, based;
  ConsultBasis basis = CONSULT_BASIS_PATIENT;

  if (object == NULL)
    return FALSE;
  given = g_str_equal (karez_json_text (object, "type"), "consult.consent");
  based = consult_basis_from_name (karez_json_text (object, "basis"), &basis);
  if (given != based)
    return karez_error_set (error, KAREZ_ERROR_INVALID, "consult/basis",
                            N_ ("patient, guardian or emergency, with a consent alone"),
                            N_ ("It is not said on what basis"));
  if (!may_consent (self, participant))
    return karez_error_set (error, KAREZ_ERROR_DENIED, "consult/consent",
                            N_ ("somebody who is with the patient"),
                            N_ ("Consent is put on record at the hospital where the patient is"));
  if (!given && self->consent.state != CONSULT_CONSENT_GIVEN)
    return karez_error_set (error, KAREZ_ERROR_CONFLICT, "consult/consent",
                            N_ ("a consent that was given"), N_ ("No consent is in force"));
  change_consent (self, participant, given ? CONSULT_CONSENT_GIVEN : CONSULT_CONSENT_WITHDRAWN,
                  basis);
  return TRUE;
}

/* The host's word, which this hospital keeps, too. */
static void
follow_consent (ConsultModality *self, const ConsultConsent *told)
{
  if (g_strcmp0 (told->id, self->consent.id) == 0)
    {
      settle (self);
      return;
    }
  record_consent (self);
  copy_consent (&self->consent, told);
  if (told->state != CONSULT_CONSENT_NONE)
    {
      take_word (self, NULL);
      return;
    }
  self->word++;
  self->recorded = TRUE;
  let_stand (self);
}

static gboolean
receive (KarezLiveHalf *half, JsonNode *message, GError **error)
{
  ConsultModality *self = CONSULT_MODALITY (half);
  ConsultConsent told = { 0 };
  gboolean right = consult_consent_from_json (&told, message, error);

  if (right && !karez_session_is_host (self->session))
    follow_consent (self, &told);
  consult_consent_clear (&told);
  return right;
}

static void
link_changed (KarezLiveHalf *half, gboolean up)
{
  ConsultModality *self = CONSULT_MODALITY (half);

  /* A word that is not on disk yet is told when it is. */
  if (up && karez_session_is_host (self->session)
      && g_strcmp0 (self->told.id, self->consent.id) == 0)
    tell_peer (self);
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
  if (self->consent.state != CONSULT_CONSENT_NONE && !self->on_record)
    take_word (self, NULL);
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
      karez_participant_send (participant, describe (self, participant));
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
  record_consent (self);
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
  return take_consent (self, participant, body, error);
}

/* What a worker that takes this one's place must know: what was agreed, and who was here. */

static JsonNode *
to_json (KarezLiveHalf *half)
{
  ConsultModality *self = CONSULT_MODALITY (half);
  gint64 now = g_get_monotonic_time ();
  gint64 shown = self->shown + (self->shown_since != 0 ? now - self->shown_since : 0);

  return karez_json_object ("consent", "n", consult_consent_to_json (&self->consent), "on_record",
                            "b", self->on_record, "shown", "i", shown, "people", "n",
                            people_to_json (self), NULL);
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
    { "consent", KAREZ_JSON_OBJECT, TRUE },
    { "on_record", KAREZ_JSON_BOOLEAN, FALSE },
    { "shown", KAREZ_JSON_INTEGER, TRUE, 0, G_MAXINT64 },
    { "people", KAREZ_JSON_ARRAY, TRUE, 0, MAX_PEOPLE },
    { NULL },
  };
  ConsultModality *self = CONSULT_MODALITY (half);
  JsonObject *object = karez_json_check (state, fields, error);
  JsonArray *people;

  if (object == NULL
      || !consult_consent_from_json (&self->consent, json_object_get_member (object, "consent"),
                                     error))
    return FALSE;
  /* Without this member a former version wrote it, which had it on record before. */
  self->on_record = !json_object_has_member (object, "on_record")
                    || karez_json_boolean (object, "on_record");
  if (self->on_record)
    {
      copy_consent (&self->told, &self->consent);
      self->allowed = self->told.state == CONSULT_CONSENT_GIVEN;
    }
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

  g_clear_handle_id (&self->retry, g_source_remove);
  g_clear_pointer (&self->actor, karez_actor_unref);
  consult_consent_clear (&self->consent);
  consult_consent_clear (&self->told);
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
  /* The consent, whole, in both directions. */
  half_class->stream = KAREZ_LINK_FIRST_STREAM;
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
  self->recorded = TRUE;
  self->people = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                        (GDestroyNotify) json_node_unref);
}
