/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The live half of a video consultation. */
#include "consult-modality.h"

#include "consult-consent.h"

#include <glib/gi18n.h>

/* The first stream that is a modality's: consent, whole, in both directions. */
#define STREAM 16
#define MAX_PEOPLE 200u

struct _ConsultModality
{
  GObject parent;

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

static void consult_modality_iface_init (KarezModalityInterface *iface);
G_DEFINE_FINAL_TYPE_WITH_CODE (ConsultModality, consult_modality, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (KAREZ_TYPE_MODALITY,
                                                      consult_modality_iface_init))
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
  g_autoptr (JsonNode) node = consult_consent_to_json (&self->told);
  g_autoptr (GError) error = NULL;
  char *text = karez_json_print (node);
  g_autoptr (GBytes) bytes = g_bytes_new_take (text, strlen (text));

  if (!karez_link_send (karez_session_get_link (self->session), STREAM, bytes, &error))
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

static void
on_link_message (KarezLink *link, guint stream, GBytes *payload, ConsultModality *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = NULL;
  ConsultConsent told = { 0 };

  if (stream != STREAM)
    return;
  node = karez_json_parse (payload, 0, &error);
  if (node != NULL && consult_consent_from_json (&told, node, &error)
      && !karez_session_is_host (self->session))
    follow_consent (self, &told);
  consult_consent_clear (&told);
  if (error != NULL)
    g_message ("%s: what the other hospital sent was left out: %s",
               karez_session_get_id (self->session), error->message);
}

static void
on_link_changed (KarezLink *link, ConsultModality *self)
{
  /* A word that is not on disk yet is told when it is. */
  if (karez_link_is_up (link) && karez_session_is_host (self->session)
      && g_strcmp0 (self->told.id, self->consent.id) == 0)
    tell_peer (self);
}

/* What the session asks. */

static void
succeed (ConsultModality *self, gpointer tag, GCancellable *cancellable,
         GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, data);

  g_task_set_source_tag (task, tag);
  g_task_return_boolean (task, TRUE);
}

static gboolean
finish (KarezModality *self, GAsyncResult *result, gpointer tag, GError **error)
{
  g_return_val_if_fail (g_async_result_is_tagged (result, tag), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
prepare_async (KarezModality *modality, KarezSession *session, GCancellable *cancellable,
               GAsyncReadyCallback callback, gpointer data)
{
  ConsultModality *self = CONSULT_MODALITY (modality);
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, data);
  KarezLink *link = karez_session_get_link (session);
  GError *error = NULL;
  KarezMedia *media;

  g_task_set_source_tag (task, prepare_async);
  media = karez_session_get_media (session, &error);
  if (media == NULL || !karez_link_open (link, STREAM, KAREZ_LINK_ALL, TRUE, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  g_set_object (&self->session, session);
  g_set_object (&self->media, media);
  g_signal_connect_object (link, "message", G_CALLBACK (on_link_message), self, 0);
  g_signal_connect_object (link, "changed", G_CALLBACK (on_link_changed), self, 0);
  on_link_changed (link, self);
  if (self->consent.state != CONSULT_CONSENT_NONE && !self->on_record)
    take_word (self, NULL);
  g_task_return_boolean (task, TRUE);
}

static gboolean
prepare_finish (KarezModality *self, GAsyncResult *result, GError **error)
{
  return finish (self, result, prepare_async, error);
}

static void
run (ConsultModality *self, gboolean running)
{
  self->running = running;
  settle (self);
}

static void
start_async (KarezModality *modality, GCancellable *cancellable, GAsyncReadyCallback callback,
             gpointer data)
{
  run (CONSULT_MODALITY (modality), TRUE);
  succeed (CONSULT_MODALITY (modality), start_async, cancellable, callback, data);
}

static gboolean
start_finish (KarezModality *self, GAsyncResult *result, GError **error)
{
  return finish (self, result, start_async, error);
}

static void
hold_async (KarezModality *modality, const char *reason, GCancellable *cancellable,
            GAsyncReadyCallback callback, gpointer data)
{
  run (CONSULT_MODALITY (modality), FALSE);
  succeed (CONSULT_MODALITY (modality), hold_async, cancellable, callback, data);
}

static gboolean
hold_finish (KarezModality *self, GAsyncResult *result, GError **error)
{
  return finish (self, result, hold_async, error);
}

static void
resume_async (KarezModality *modality, GCancellable *cancellable, GAsyncReadyCallback callback,
              gpointer data)
{
  run (CONSULT_MODALITY (modality), TRUE);
  succeed (CONSULT_MODALITY (modality), resume_async, cancellable, callback, data);
}

static gboolean
resume_finish (KarezModality *self, GAsyncResult *result, GError **error)
{
  return finish (self, result, resume_async, error);
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

static void
join_async (KarezModality *modality, KarezParticipant *participant, GCancellable *cancellable,
            GAsyncReadyCallback callback, gpointer data)
{
  ConsultModality *self = CONSULT_MODALITY (modality);

  remember (self, participant);
  if (karez_participant_is_local (participant))
    {
      karez_participant_send (participant, describe (self, participant));
      karez_media_join (self->media, participant);
    }
  succeed (self, join_async, cancellable, callback, data);
}

static gboolean
join_finish (KarezModality *self, GAsyncResult *result, GError **error)
{
  return finish (self, result, join_async, error);
}

static void
leave_async (KarezModality *modality, KarezParticipant *participant, GCancellable *cancellable,
             GAsyncReadyCallback callback, gpointer data)
{
  ConsultModality *self = CONSULT_MODALITY (modality);

  if (karez_participant_is_local (participant))
    karez_media_leave (self->media, participant);
  succeed (self, leave_async, cancellable, callback, data);
}

static gboolean
leave_finish (KarezModality *self, GAsyncResult *result, GError **error)
{
  return finish (self, result, leave_async, error);
}

static JsonNode *
people_to_json (ConsultModality *self)
{
  JsonArray *array = json_array_new ();
  JsonNode *node = json_node_new (JSON_NODE_ARRAY);
  GHashTableIter iter;
  gpointer person;

  g_hash_table_iter_init (&iter, self->people);
  while (g_hash_table_iter_next (&iter, NULL, &person))
    json_array_add_element (array, json_node_ref (person));
  json_node_take_array (node, array);
  return node;
}

static void
stop_async (KarezModality *modality, const char *reason, GCancellable *cancellable,
            GAsyncReadyCallback callback, gpointer data)
{
  ConsultModality *self = CONSULT_MODALITY (modality);

  /* Nothing was prepared, so there is nothing to keep. */
  if (self->session != NULL)
    {
      run (self, FALSE);
      record_consent (self);
      karez_session_record (self->session, "summary.keep", NULL,
                            karez_json_object ("people", "n", people_to_json (self), "seconds", "i",
                                               self->shown / G_USEC_PER_SEC, NULL));
    }
  succeed (self, stop_async, cancellable, callback, data);
}

static gboolean
stop_finish (KarezModality *self, GAsyncResult *result, GError **error)
{
  return finish (self, result, stop_async, error);
}

static void
panic (KarezModality *modality, const char *reason)
{
  ConsultModality *self = CONSULT_MODALITY (modality);

  if (self->media != NULL)
    karez_media_set_forwarding (self->media, FALSE);
  self->running = FALSE;
}

static gboolean
take_message (KarezModality *modality, KarezParticipant *participant, JsonObject *body,
              GError **error)
{
  ConsultModality *self = CONSULT_MODALITY (modality);
  g_autoptr (JsonNode) node = json_node_init_object (json_node_alloc (), body);

  if (karez_media_is_message (body))
    return karez_media_take (self->media, participant, body, error);
  return take_consent (self, participant, node, error);
}

/* What a worker that takes this one's place must know: what was agreed, and who was here. */

static GBytes *
checkpoint (KarezModality *modality)
{
  ConsultModality *self = CONSULT_MODALITY (modality);
  gint64 now = g_get_monotonic_time ();
  gint64 shown = self->shown + (self->shown_since != 0 ? now - self->shown_since : 0);
  g_autoptr (JsonNode) node = karez_json_object (
      "consent", "n", consult_consent_to_json (&self->consent), "on_record", "b", self->on_record,
      "shown", "i", shown, "people", "n", people_to_json (self), NULL);
  char *text = karez_json_print (node);

  return g_bytes_new_take (text, strlen (text));
}

static gboolean
restore (KarezModality *modality, GBytes *state, GError **error)
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
  ConsultModality *self = CONSULT_MODALITY (modality);
  g_autoptr (JsonNode) node = karez_json_parse (state, 0, error);
  JsonObject *object = node != NULL ? karez_json_check (node, fields, error) : NULL;
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
consult_modality_iface_init (KarezModalityInterface *iface)
{
  iface->prepare_async = prepare_async;
  iface->prepare_finish = prepare_finish;
  iface->start_async = start_async;
  iface->start_finish = start_finish;
  iface->join_async = join_async;
  iface->join_finish = join_finish;
  iface->leave_async = leave_async;
  iface->leave_finish = leave_finish;
  iface->hold_async = hold_async;
  iface->hold_finish = hold_finish;
  iface->resume_async = resume_async;
  iface->resume_finish = resume_finish;
  iface->stop_async = stop_async;
  iface->stop_finish = stop_finish;
  iface->panic = panic;
  iface->message = take_message;
  iface->checkpoint = checkpoint;
  iface->restore = restore;
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
consult_modality_class_init (ConsultModalityClass *class)
{
  G_OBJECT_CLASS (class)->finalize = consult_modality_finalize;
}

static void
consult_modality_init (ConsultModality *self)
{
  self->recorded = TRUE;
  self->people = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                        (GDestroyNotify) json_node_unref);
}
