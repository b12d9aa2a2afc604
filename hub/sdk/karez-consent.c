/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The patient's consent in a session: given, withdrawn, on record, told. */
#define KAREZ_INSIDE
#include "karez-consent-private.h"

#include "hub-catalogue.h"

/* Of a session, at each hospital: neither a page nor a partner fills a disk. */
#define MAX_WORDS 1000

static const char *const state_names[] = { "none", "given", "withdrawn" };

/* One word. Each has an id, so that it is kept once at each hospital, however often it is told. */
typedef struct
{
  KarezConsentState state;
  char *basis; /* of one that was given */
  char *id;    /* NULL for none */
  char *by;    /* who put it on record */
  char *at;    /* RFC 3339 */
} Word;

struct _KarezConsent
{
  GObject parent_instance;

  KarezLiveHalf *half; /* not owned */
  KarezConsentGates gates;
  Word word;          /* the newest */
  guint number;       /* its number */
  guint words;        /* how many there were */
  KarezActor *actor;  /* whose it is; NULL: another hospital's, or a former worker's */
  gboolean recorded;  /* it was given to the spool */
  gboolean on_record; /* and is on disk there */
  Word told;          /* the newest that is, which pages and the other hospital hear of */
  gboolean allowed;   /* it was given, and nothing was withdrawn since */
  guint retry;        /* source */
};

G_DEFINE_FINAL_TYPE (KarezConsent, karez_consent, G_TYPE_OBJECT)

enum
{
  CHANGED,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

static KarezSession *
get_session (KarezConsent *self)
{
  return self->half != NULL ? karez_live_half_get_session (self->half) : NULL;
}

static gboolean
is_host (KarezConsent *self)
{
  KarezSession *session = get_session (self);

  return session != NULL && karez_session_is_host (session);
}

/* Words. */

static void
word_clear (Word *word)
{
  g_free (word->basis);
  g_free (word->id);
  g_free (word->by);
  g_free (word->at);
  *word = (Word){ KAREZ_CONSENT_NONE };
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Word, word_clear)

static void
word_set (Word *word, const Word *from)
{
  Word copy = { from->state, g_strdup (from->basis), g_strdup (from->id), g_strdup (from->by),
                g_strdup (from->at) };

  word_clear (word);
  *word = copy;
}

static JsonNode *
word_to_json (const Word *word)
{
  return karez_json_object ("state", "s", state_names[word->state], "basis", "s", word->basis, "id",
                            "s", word->id, "by", "s", word->by, "at", "s", word->at, NULL);
}

/* @word: of nothing yet */
static gboolean
word_from_json (Word *word, JsonNode *node, GError **error)
{
  static const KarezJsonField fields[] = {
    { "state", KAREZ_JSON_ENUM, TRUE, 0, 0, "none|given|withdrawn" },
    { "basis", KAREZ_JSON_ENUM, FALSE, 0, 0, "patient|guardian|emergency" },
    { "id", KAREZ_JSON_UUID, FALSE },
    { "by", KAREZ_JSON_NAME, FALSE, 1, 400 },
    { "at", KAREZ_JSON_TIME, FALSE },
    { NULL },
  };
  JsonObject *object = karez_json_check (node, fields, error);
  Word read = { KAREZ_CONSENT_NONE };
  guint parts;

  if (object == NULL)
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (state_names); i++)
    if (g_str_equal (state_names[i], karez_json_text (object, "state")))
      read.state = (KarezConsentState) i;
  read.basis = (char *) karez_json_text (object, "basis");
  read.id = (char *) karez_json_text (object, "id");
  read.by = (char *) karez_json_text (object, "by");
  read.at = (char *) karez_json_text (object, "at");
  parts = (read.id != NULL) + (read.by != NULL) + (read.at != NULL);
  if ((read.basis != NULL) != (read.state == KAREZ_CONSENT_GIVEN)
      || parts != (read.state == KAREZ_CONSENT_NONE ? 0 : 3))
    return karez_error_set (error, KAREZ_ERROR_INVALID, "consent/whole",
                            N_ ("who said it, when, and on what basis"),
                            N_ ("The consent is not whole"));
  word_set (word, &read);
  return TRUE;
}

gboolean
karez_consent_check_word (JsonNode *word, GError **error)
{
  g_auto (Word) read = { KAREZ_CONSENT_NONE };

  return word_from_json (&read, word, error);
}

/* Telling. */

static JsonNode *
name_gates (KarezConsentGates gates)
{
  static const char *const names[] = { "media", "recording", "motion" };
  JsonArray *array = json_array_new ();

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if ((gates & 1u << i) != 0)
      json_array_add_string_element (array, names[i]);
  return karez_json_array (array);
}

/* Who may speak for the patient: people of the hospital where the patient is. */
static gboolean
may_speak (KarezConsent *self, KarezParticipant *participant)
{
  return is_host (self) && karez_participant_is_local (participant)
         && g_strcmp0 (karez_participant_get_role (participant), "observer") != 0;
}

JsonNode *
karez_consent_describe (KarezConsent *self, KarezParticipant *participant)
{
  g_return_val_if_fail (KAREZ_IS_CONSENT (self), NULL);
  g_return_val_if_fail (KAREZ_IS_PARTICIPANT (participant), NULL);

  return karez_json_object ("type", "s", "consent.state", "consent", "n",
                            word_to_json (&self->told), "may_consent", "b",
                            may_speak (self, participant), "allowed", "b", self->allowed, "gates",
                            "n", name_gates (self->gates), NULL);
}

/* The half closes or opens what it gates, then pages hear of it. */
static void
tell (KarezConsent *self)
{
  KarezSession *session = get_session (self);
  GListModel *participants = session != NULL ? karez_session_get_participants (session) : NULL;

  g_signal_emit (self, signals[CHANGED], 0);
  for (guint i = 0; participants != NULL && i < g_list_model_get_n_items (participants); i++)
    {
      g_autoptr (KarezParticipant) one = g_list_model_get_item (participants, i);

      if (karez_participant_is_local (one))
        karez_participant_send (one, karez_consent_describe (self, one));
    }
}

static void
tell_peer (KarezConsent *self)
{
  g_autoptr (GError) error = NULL;

  if (!karez_live_half_tell_peer (
          self->half, karez_json_object ("consent", "n", word_to_json (&self->told), NULL), &error))
    g_message ("%s: the other hospital could not be told of the consent: %s",
               karez_session_get_id (get_session (self)), error->message);
}

void
karez_consent_link_up (KarezConsent *self)
{
  /* A word that is not on disk yet is told when it is. */
  if (is_host (self) && g_strcmp0 (self->told.id, self->word.id) == 0)
    tell_peer (self);
}

/* Keeping. */

static void
record (KarezConsent *self)
{
  if (self->recorded)
    return;
  self->recorded = TRUE;
  karez_session_record (get_session (self),
                        self->word.state == KAREZ_CONSENT_GIVEN ? "consent.give"
                                                                : "consent.withdraw",
                        self->actor, word_to_json (&self->word));
}

/* The newest word counts, and is told. */
static void
let_stand (KarezConsent *self)
{
  word_set (&self->told, &self->word);
  self->allowed = self->told.state == KAREZ_CONSENT_GIVEN;
  tell (self);
  if (is_host (self))
    tell_peer (self);
}

static void keep_word (KarezConsent *self);

static gboolean
on_retry (gpointer data)
{
  KarezConsent *self = data;

  self->retry = 0;
  keep_word (self);
  return G_SOURCE_REMOVE;
}

/* A word on its way to the disk. */
typedef struct
{
  KarezConsent *self;
  KarezLiveHalf *half;
  guint number;
  gboolean recorded; /* before it was saved */
} Keeping;

static void
on_kept (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autofree Keeping *keeping = data;
  g_autoptr (KarezConsent) self = keeping->self;
  g_autoptr (KarezLiveHalf) half = keeping->half;
  g_autoptr (GError) error = NULL;
  gboolean kept = karez_session_save_finish (KAREZ_SESSION (source), result, &error);

  if (!kept)
    g_message ("%s: a consent is not on disk yet: %s",
               karez_session_get_id (KAREZ_SESSION (source)), error->message);
  if (self->half == NULL || keeping->number != self->number)
    return;
  if (!keeping->recorded)
    {
      record (self);
      keep_word (self);
      return;
    }
  self->on_record = kept;
  /* Nothing is let through before it is on record; what was withdrawn is told all the same. */
  if (!kept && self->word.state == KAREZ_CONSENT_GIVEN)
    self->retry = g_timeout_add_seconds (1, on_retry, self);
  else
    let_stand (self);
}

static void
keep_word (KarezConsent *self)
{
  Keeping *keeping = g_new (Keeping, 1);

  keeping->self = g_object_ref (self);
  keeping->half = g_object_ref (self->half);
  keeping->number = self->number;
  keeping->recorded = self->recorded;
  karez_session_save_async (get_session (self), NULL, on_kept, keeping);
}

/* Towards risk: on record before anything is let through. Away from it: closed at once, then in the
 * checkpoint, then on record, and then it is told. So a worker that takes this one's place knows no
 * older word than the record or the other hospital; one that is not on record yet it records.
 * @actor: (nullable): where it was changed here */
static void
take_word (KarezConsent *self, KarezActor *actor)
{
  self->number++;
  self->recorded = FALSE;
  self->on_record = FALSE;
  g_clear_handle_id (&self->retry, g_source_remove);
  g_clear_pointer (&self->actor, karez_actor_unref);
  self->actor = actor != NULL ? karez_actor_ref (actor) : NULL;
  if (self->word.state == KAREZ_CONSENT_GIVEN)
    record (self);
  else
    {
      self->allowed = FALSE;
      tell (self);
    }
  keep_word (self);
}

void
karez_consent_begin (KarezConsent *self)
{
  if (self->word.state != KAREZ_CONSENT_NONE && !self->on_record)
    take_word (self, NULL);
}

void
karez_consent_end (KarezConsent *self)
{
  record (self);
}

/* Pages. */

static gboolean
check_room (KarezConsent *self, GError **error)
{
  return self->words < MAX_WORDS
         || karez_error_set (error, KAREZ_ERROR_TOO_LARGE, "consent/many",
                             N_ ("1,000 words of consent in a session"),
                             N_ ("There are too many words of consent"));
}

static void
change (KarezConsent *self, KarezParticipant *participant, const char *basis)
{
  KarezActor *actor = karez_participant_get_actor (participant);
  g_autofree char *id = g_uuid_string_random ();
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *at = g_date_time_format (now, "%Y-%m-%dT%H:%M:%SZ");
  Word word = { basis != NULL ? KAREZ_CONSENT_GIVEN : KAREZ_CONSENT_WITHDRAWN, (char *) basis, id,
                (char *) karez_actor_get_name (actor), at };

  record (self);
  word_set (&self->word, &word);
  self->words++;
  take_word (self, actor);
}

gboolean
karez_consent_take (KarezConsent *self, KarezParticipant *participant, JsonNode *body,
                    GError **error)
{
  static const KarezJsonField fields[] = {
    { "type", KAREZ_JSON_ENUM, TRUE, 0, 0, "consent.give|consent.withdraw" },
    { "basis", KAREZ_JSON_ENUM, FALSE, 0, 0, "patient|guardian|emergency" },
    { NULL },
  };
  JsonObject *object = karez_json_check (body, fields, error);
  const char *basis;
  gboolean given;

  if (object == NULL)
    return FALSE;
  given = g_str_equal (karez_json_text (object, "type"), "consent.give");
  basis = karez_json_text (object, "basis");
  if (given != (basis != NULL))
    return karez_error_set (error, KAREZ_ERROR_INVALID, "consent/basis",
                            N_ ("patient, guardian or emergency, with a consent alone"),
                            N_ ("It is not said on what basis"));
  if (!may_speak (self, participant))
    return karez_error_set (error, KAREZ_ERROR_DENIED, "consent/speaker",
                            N_ ("somebody who is with the patient"),
                            N_ ("Consent is put on record at the hospital where the patient is"));
  if (!given && self->word.state != KAREZ_CONSENT_GIVEN)
    return karez_error_set (error, KAREZ_ERROR_CONFLICT, "consent/none",
                            N_ ("a consent that was given"), N_ ("No consent is in force"));
  if (given && !check_room (self, error))
    return FALSE;
  change (self, participant, basis);
  return TRUE;
}

/* The other worker: the host's word, which this hospital keeps, too. */

static gboolean
withdraws (KarezConsent *self, const Word *told)
{
  return told->state == KAREZ_CONSENT_WITHDRAWN && self->word.state == KAREZ_CONSENT_GIVEN;
}

static gboolean
follow (KarezConsent *self, const Word *told, GError **error)
{
  if (g_strcmp0 (told->id, self->word.id) == 0)
    return TRUE;
  /* What is in force can be withdrawn always. */
  if (told->state != KAREZ_CONSENT_NONE && !withdraws (self, told) && !check_room (self, error))
    return FALSE;
  record (self);
  word_set (&self->word, told);
  if (told->state != KAREZ_CONSENT_NONE)
    {
      self->words++;
      take_word (self, NULL);
      return TRUE;
    }
  self->number++;
  self->recorded = TRUE;
  let_stand (self);
  return TRUE;
}

gboolean
karez_consent_follow (KarezConsent *self, JsonNode *word, GError **error)
{
  g_return_val_if_fail (KAREZ_IS_CONSENT (self), FALSE);
  g_return_val_if_fail (get_session (self) != NULL, FALSE);
  g_return_val_if_fail (word != NULL, FALSE);

  g_auto (Word) told = { KAREZ_CONSENT_NONE };

  return word_from_json (&told, word, error) && (is_host (self) || follow (self, &told, error));
}

/* What is known. */

gboolean
karez_consent_is_allowed (KarezConsent *self)
{
  g_return_val_if_fail (KAREZ_IS_CONSENT (self), FALSE);

  return self->allowed;
}

KarezConsentState
karez_consent_get_state (KarezConsent *self)
{
  g_return_val_if_fail (KAREZ_IS_CONSENT (self), KAREZ_CONSENT_NONE);

  return self->told.state;
}

JsonNode *
karez_consent_get_word (KarezConsent *self)
{
  g_return_val_if_fail (KAREZ_IS_CONSENT (self), NULL);

  return word_to_json (&self->told);
}

/* What a worker that takes this one's place must know. */

JsonNode *
karez_consent_to_json (KarezConsent *self)
{
  g_return_val_if_fail (KAREZ_IS_CONSENT (self), NULL);

  return karez_json_object ("word", "n", word_to_json (&self->word), "on_record", "b",
                            self->on_record, "words", "i", (gint64) self->words, NULL);
}

gboolean
karez_consent_from_json (KarezConsent *self, JsonNode *state, GError **error)
{
  static const KarezJsonField fields[] = {
    { "word", KAREZ_JSON_OBJECT, TRUE },
    { "on_record", KAREZ_JSON_BOOLEAN, TRUE },
    { "words", KAREZ_JSON_INTEGER, FALSE, 0, G_MAXINT32 },
    { NULL },
  };
  g_auto (Word) word = { KAREZ_CONSENT_NONE };
  JsonObject *object;

  g_return_val_if_fail (KAREZ_IS_CONSENT (self), FALSE);
  g_return_val_if_fail (get_session (self) == NULL, FALSE);
  g_return_val_if_fail (state != NULL, FALSE);

  object = karez_json_check (state, fields, error);
  if (object == NULL || !word_from_json (&word, json_object_get_member (object, "word"), error))
    return FALSE;
  word_set (&self->word, &word);
  self->on_record = karez_json_boolean (object, "on_record");
  self->recorded = self->on_record || word.state == KAREZ_CONSENT_NONE;
  self->words = (guint) karez_json_integer (object, "words", 0);
  if (self->on_record)
    {
      word_set (&self->told, &word);
      self->allowed = word.state == KAREZ_CONSENT_GIVEN;
    }
  return TRUE;
}

KarezConsent *
karez_consent_new (KarezLiveHalf *half, KarezConsentGates gates)
{
  KarezConsent *self = g_object_new (KAREZ_TYPE_CONSENT, NULL);

  self->half = half;
  self->gates = gates;
  return self;
}

void
karez_consent_detach (KarezConsent *self)
{
  self->half = NULL;
  g_clear_handle_id (&self->retry, g_source_remove);
}

static void
karez_consent_finalize (GObject *object)
{
  KarezConsent *self = KAREZ_CONSENT (object);

  g_clear_handle_id (&self->retry, g_source_remove);
  g_clear_pointer (&self->actor, karez_actor_unref);
  word_clear (&self->word);
  word_clear (&self->told);

  G_OBJECT_CLASS (karez_consent_parent_class)->finalize (object);
}

static void
karez_consent_class_init (KarezConsentClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = karez_consent_finalize;

  signals[CHANGED] = g_signal_new ("changed", KAREZ_TYPE_CONSENT, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                   NULL, G_TYPE_NONE, 0);
}

static void
karez_consent_init (KarezConsent *self)
{
  self->recorded = TRUE;
}
