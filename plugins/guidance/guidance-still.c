/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The data channel "still": experts ask the site's page for a picture in full resolution. */
#include "guidance-still.h"

#include "guidance-pages.h"

#include <glib/gi18n.h>

#include <string.h>

#define LABEL GUIDANCE_STILL_LABEL
#define SIZE 256
#define RATE 10
/* Of which the host may tell: a worker of its that came back counts from the beginning. */
#define MAX_HEARD (4 * GUIDANCE_STILL_MAX)
/* Of our experts, that the host has not answered. */
#define MAX_UNANSWERED 64u

struct _GuidanceStill
{
  GObject parent_instance;

  KarezLiveHalf *half; /* not owned */
  KarezMedia *media;
  GHashTable *asked;      /* ids, and of each the name of the last step; as the host says */
  GHashTable *unanswered; /* not the host's: ids, and who asked */
  char *site;             /* the host's: a participant's id; NULL for nobody */
  GuidanceStillRate rate;
};

G_DEFINE_FINAL_TYPE (GuidanceStill, guidance_still, G_TYPE_OBJECT)

/* Why no picture is asked for. The other hospital says the rule alone: the words are ours. */
typedef enum
{
  ROLE,
  NOT_LIVE,
  NO_SITE,
  STILL_RATE,
  STILL_ID,
} Reason;

static const char *const rules[] = { "guidance/role", "guidance/not-live", "guidance/no-site",
                                     "guidance/still-rate", "guidance/still-id" };

static gboolean
refuse (GError **error, Reason reason)
{
  const char *rule = rules[reason];

  switch (reason)
    {
    case ROLE:
      return karez_error_set (error, KAREZ_ERROR_DENIED, rule,
                              N_ ("somebody who is there as expert"),
                              N_ ("Experts ask for a full picture, and the page at the patient’s "
                                  "side sends it"));
    case NOT_LIVE:
      return karez_error_set (error, KAREZ_ERROR_CONFLICT, rule,
                              N_ ("a session that is live, with consent"),
                              N_ ("No full picture can be asked for now"));
    case NO_SITE:
      return karez_error_set (error, KAREZ_ERROR_UNAVAILABLE, rule,
                              N_ ("somebody at the patient’s side, whose page is connected"),
                              N_ ("Nobody at the patient’s side can send a full picture now"));
    case STILL_RATE:
      return karez_error_set (error, KAREZ_ERROR_BUSY, rule,
                              N_ ("one full picture a second, 40 in a session"),
                              N_ ("Full pictures are asked for too often, or too many were"));
    case STILL_ID:
    default:
      return karez_error_set (error, KAREZ_ERROR_CONFLICT, rule, N_ ("an id that is new"),
                              N_ ("This full picture was asked for before"));
    }
}

gboolean
guidance_still_may (GuidanceStillRate *rate, gint64 now)
{
  if (rate->n >= GUIDANCE_STILL_MAX || (rate->n > 0 && now - rate->last < GUIDANCE_STILL_APART))
    return FALSE;
  rate->n++;
  rate->last = now;
  return TRUE;
}

static KarezSession *
session_of (GuidanceStill *self)
{
  return karez_live_half_get_session (self->half);
}

static gboolean
has_role (KarezParticipant *participant, const char *role)
{
  return g_strcmp0 (karez_participant_get_role (participant), role) == 0;
}

/* Experts here. */

typedef struct
{
  KarezMedia *media;
  GBytes *message;
} Telling;

static void
tell_expert (KarezParticipant *participant, gpointer data)
{
  const Telling *telling = data;

  if (has_role (participant, "expert"))
    karez_media_send (telling->media, participant, LABEL, telling->message, NULL);
}

static void
tell_experts (GuidanceStill *self, const char *type, const char *id, const char *by)
{
  g_autoptr (JsonNode)
      node = by != NULL ? karez_json_object ("type", "s", type, "id", "s", id, "by", "s", by, NULL)
                        : karez_json_object ("type", "s", type, "id", "s", id, NULL);
  g_autoptr (GBytes) bytes = karez_json_to_bytes (node);
  Telling telling = { self->media, bytes };

  guidance_pages_foreach (session_of (self), tell_expert, &telling);
}

/* The other worker. */

/* @message: (transfer full) */
static gboolean
tell_peer (GuidanceStill *self, JsonNode *message, GError **error)
{
  g_autoptr (GError) none = NULL;

  if (karez_live_half_tell_peer (self->half, message, &none))
    return TRUE;
  g_message ("%s: the other hospital was not told: %s", karez_session_get_id (session_of (self)),
             none->message);
  return refuse (error, NO_SITE);
}

/* What happened, to experts at both hospitals. @by: (nullable): who asked */
static void
tell_both (GuidanceStill *self, const char *type, const char *id, const char *by)
{
  g_autofree char *named = g_strconcat (GUIDANCE_STILL_PREFIX, type, NULL);

  tell_experts (self, type, id, by);
  tell_peer (self,
             by != NULL ? karez_json_object ("type", "s", named, "id", "s", id, "by", "s", by, NULL)
                        : karez_json_object ("type", "s", named, "id", "s", id, NULL),
             NULL);
}

/* Asking. */

/* What both workers know. */
static gboolean
check_asking (GuidanceStill *self, KarezParticipant *who, GError **error)
{
  if (!has_role (who, "expert"))
    return refuse (error, ROLE);
  return (karez_live_half_is_live (self->half)
          && karez_consent_is_allowed (karez_live_half_get_consent (self->half)))
         || refuse (error, NOT_LIVE);
}

/* At the host: to the page that shows the scene. */
static gboolean
ask_site (GuidanceStill *self, const char *id, KarezParticipant *who, GError **error)
{
  g_autoptr (KarezParticipant)
      site = self->site != NULL ? karez_session_find_participant (session_of (self), self->site)
                                : NULL;
  g_autoptr (JsonNode) node = karez_json_object ("type", "s", "take", "id", "s", id, NULL);
  g_autoptr (GBytes) bytes = karez_json_to_bytes (node);

  if (site == NULL)
    return refuse (error, NO_SITE);
  if (g_hash_table_contains (self->asked, id))
    return refuse (error, STILL_ID);
  if (!guidance_still_may (&self->rate, g_get_monotonic_time ()))
    return refuse (error, STILL_RATE);
  if (!karez_media_send (self->media, site, LABEL, bytes, NULL))
    return refuse (error, NO_SITE);
  g_hash_table_insert (self->asked, g_strdup (id), (gpointer) "asked");
  tell_both (self, "asked", id, karez_participant_get_id (who));
  return TRUE;
}

static gboolean
ask (GuidanceStill *self, const char *id, KarezParticipant *who, GError **error)
{
  if (!check_asking (self, who, error))
    return FALSE;
  if (karez_session_is_host (session_of (self)))
    return ask_site (self, id, who, error);
  /* What waits for a link is asked too late. */
  if (!karez_live_half_is_link_up (self->half))
    return refuse (error, NO_SITE);
  if (!tell_peer (self,
                  karez_json_object ("type", "s", GUIDANCE_STILL_PREFIX "ask", "id", "s", id, "by",
                                     "s", karez_participant_get_id (who), NULL),
                  error))
    return FALSE;
  /* Those of long ago are not answered any more. */
  if (g_hash_table_size (self->unanswered) >= MAX_UNANSWERED)
    g_hash_table_remove_all (self->unanswered);
  g_hash_table_add (self->unanswered,
                    g_strdup_printf ("%s %s", id, karez_participant_get_id (who)));
  return TRUE;
}

/* The site's page: the picture is taken and on its way, or cannot be sent. */
static gboolean
take_word (GuidanceStill *self, const char *type, const char *id, KarezParticipant *who,
           GError **error)
{
  const char *last = g_hash_table_lookup (self->asked, id);
  gboolean failed = g_str_equal (type, "failed");

  if (!has_role (who, "site") || !karez_session_is_host (session_of (self)))
    return karez_error_set (error, KAREZ_ERROR_DENIED, "guidance/role",
                            N_ ("somebody who is there at the patient’s side"),
                            N_ ("Experts ask for a full picture, and the page at the patient’s "
                                "side sends it"));
  if (last == NULL)
    return karez_error_set (error, KAREZ_ERROR_NOT_FOUND, "guidance/no-still",
                            N_ ("the id of one that was asked for"),
                            N_ ("Nobody asked for this full picture"));
  /* Said twice, it is one; what has failed does not come. */
  if (g_str_equal (last, type) || g_str_equal (last, "failed"))
    return TRUE;
  g_hash_table_insert (self->asked, g_strdup (id), (gpointer) (failed ? "failed" : "coming"));
  tell_both (self, failed ? "failed" : "coming", id, NULL);
  return TRUE;
}

static gboolean
take_message (GuidanceStill *self, KarezParticipant *participant, JsonNode *node, GError **error)
{
  static const KarezJsonField fields[] = {
    { "type", KAREZ_JSON_ENUM, TRUE, 0, 0, "ask|coming|failed" },
    { "id", KAREZ_JSON_UUID, TRUE },
    { NULL },
  };
  JsonObject *object = karez_json_check (node, fields, error);
  const char *type = object != NULL ? karez_json_text (object, "type") : NULL;

  if (type == NULL)
    return FALSE;
  return g_str_equal (type, "ask")
             ? ask (self, karez_json_text (object, "id"), participant, error)
             : take_word (self, type, karez_json_text (object, "id"), participant, error);
}

void
guidance_still_take (GuidanceStill *self, KarezParticipant *participant, GBytes *message)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = karez_json_parse (message, SIZE, &error);

  if (node == NULL || !take_message (self, participant, node, &error))
    guidance_pages_refuse (self->media, participant, LABEL, node, error);
}

/* From the other worker. */

/* At the host: one of the other hospital's experts asks. */
static gboolean
receive_ask (GuidanceStill *self, JsonObject *object, GError **error)
{
  const char *id = karez_json_text (object, "id"), *by = karez_json_text (object, "by");
  g_autoptr (KarezParticipant)
      who = by != NULL ? karez_session_find_participant (session_of (self), by) : NULL;
  g_autoptr (GError) refused = NULL;

  if (who == NULL || karez_participant_is_local (who))
    return karez_error_set (error, KAREZ_ERROR_INVALID, "guidance/away",
                            N_ ("somebody of that hospital in the session"),
                            N_ ("Who asks for a full picture is not in the session"));
  if (check_asking (self, who, &refused) && ask_site (self, id, who, &refused))
    return TRUE;
  return tell_peer (self,
                    karez_json_object ("type", "s", GUIDANCE_STILL_PREFIX "refused", "id", "s", id,
                                       "by", "s", by, "rule", "s", karez_error_get_rule (refused),
                                       NULL),
                    error);
}

/* Whether it is the first answer to one of our experts. */
static gboolean
answers (GuidanceStill *self, const char *id, const char *by)
{
  g_autofree char *key = g_strdup_printf ("%s %s", id, by != NULL ? by : "");

  return g_hash_table_remove (self->unanswered, key);
}

/* One of our experts asked the host in vain. */
static gboolean
receive_refusal (GuidanceStill *self, JsonNode *message, JsonObject *object, GError **error)
{
  const char *by = karez_json_text (object, "by"), *rule = karez_json_text (object, "rule");
  g_autoptr (KarezParticipant)
      who = by != NULL ? karez_session_find_participant (session_of (self), by) : NULL;
  g_autoptr (GError) refused = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (rules) && refused == NULL; i++)
    if (g_strcmp0 (rule, rules[i]) == 0)
      refuse (&refused, (Reason) i);
  if (refused == NULL)
    return karez_error_set (error, KAREZ_ERROR_INVALID, "guidance/still",
                            N_ ("a rule of full pictures"),
                            N_ ("The other hospital refuses a full picture by no known rule"));
  /* Who has left is told nothing, and who has not asked. */
  if (answers (self, karez_json_text (object, "id"), by) && who != NULL
      && karez_participant_is_local (who))
    guidance_pages_refuse (self->media, who, LABEL, message, refused);
  return TRUE;
}

/* What becomes of it, in the order in which it can, each step once: a host that says it again and
 * again, or of pictures without end, is not passed on to pages, which keep them. */
static gboolean
receive_step (GuidanceStill *self, JsonObject *object, const char *type, GError **error)
{
  static const char *const steps[] = { "asked", "coming", "failed" };
  const char *id = karez_json_text (object, "id"), *by = karez_json_text (object, "by");
  const char *last = g_hash_table_lookup (self->asked, id);
  guint step = 0, before = 0;

  while (!g_str_equal (type, steps[step]))
    step++;
  for (; last != NULL && !g_str_equal (last, steps[before]);)
    before++;
  answers (self, id, by);
  if (last != NULL && step <= before)
    return TRUE;
  if (last == NULL && g_hash_table_size (self->asked) >= MAX_HEARD)
    return refuse (error, STILL_RATE);
  g_hash_table_insert (self->asked, g_strdup (id), (gpointer) steps[step]);
  tell_experts (self, type, id, by);
  return TRUE;
}

gboolean
guidance_still_receive (GuidanceStill *self, JsonNode *message, GError **error)
{
  static const KarezJsonField fields[] = {
    { "type", KAREZ_JSON_ENUM, TRUE, 0, 0,
      "still.ask|still.asked|still.coming|still.failed|still.refused" },
    { "id", KAREZ_JSON_UUID, TRUE },
    { "by", KAREZ_JSON_UUID },
    { "rule", KAREZ_JSON_TEXT, FALSE, 1, 100 },
    { NULL },
  };
  JsonObject *object = karez_json_check (message, fields, error);
  const char *type = object != NULL
                         ? karez_json_text (object, "type") + strlen (GUIDANCE_STILL_PREFIX)
                         : NULL;

  if (type == NULL)
    return FALSE;
  if (g_str_equal (type, "ask") != karez_session_is_host (session_of (self)))
    return karez_error_set (error, KAREZ_ERROR_INVALID, "guidance/host", NULL,
                            N_ ("Full pictures are asked for at the patient’s side"));
  if (g_str_equal (type, "ask"))
    return receive_ask (self, object, error);
  if (g_str_equal (type, "refused"))
    return receive_refusal (self, message, object, error);
  return receive_step (self, object, type, error);
}

/* The object. */

void
guidance_still_declare (GuidanceStill *self, KarezMedia *media)
{
  g_set_object (&self->media, media);
  karez_media_declare_channel (media, LABEL, KAREZ_CHANNEL_NONE, SIZE, RATE);
}

void
guidance_still_set_site (GuidanceStill *self, const char *participant)
{
  if (g_strcmp0 (self->site, participant) == 0)
    return;
  g_free (self->site);
  self->site = g_strdup (participant);
}

GuidanceStill *
guidance_still_new (KarezLiveHalf *half)
{
  GuidanceStill *self = g_object_new (GUIDANCE_TYPE_STILL, NULL);

  self->half = half;
  return self;
}

static void
guidance_still_finalize (GObject *object)
{
  GuidanceStill *self = GUIDANCE_STILL (object);

  g_clear_object (&self->media);
  g_hash_table_unref (self->asked);
  g_hash_table_unref (self->unanswered);
  g_free (self->site);
  G_OBJECT_CLASS (guidance_still_parent_class)->finalize (object);
}

static void
guidance_still_class_init (GuidanceStillClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = guidance_still_finalize;
}

static void
guidance_still_init (GuidanceStill *self)
{
  self->asked = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->unanswered = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
}
