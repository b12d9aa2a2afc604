/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One version of a signed opinion: its digest, its message, its rows. */
#include "consult-opinion.h"

#include <glib/gi18n.h>

#include <string.h>

void
consult_opinion_clear (ConsultOpinion *self)
{
  g_free (self->id);
  g_free (self->session);
  g_free (self->hub);
  g_free (self->findings);
  g_free (self->impression);
  g_free (self->recommendation);
  g_free (self->amendment);
  g_free (self->signer);
  g_free (self->signed_by);
  g_free (self->signed_at);
  memset (self, 0, sizeof *self);
}

char *
consult_words_digest (const char *findings, const char *impression, const char *recommendation)
{
  const char *const parts[] = { findings, impression, recommendation };

  return karez_text_digest (parts, G_N_ELEMENTS (parts));
}

char *
consult_opinion_digest (const ConsultOpinion *self)
{
  g_autofree char *version = g_strdup_printf ("%" G_GINT64_FORMAT, self->version);
  const char *const parts[] = {
    self->id,         self->session,        self->hub,       version,      self->findings,
    self->impression, self->recommendation, self->amendment, self->signer, self->signed_by,
    self->signed_at
  };

  return karez_text_digest (parts, G_N_ELEMENTS (parts));
}

JsonNode *
consult_opinion_to_message (const ConsultOpinion *self, KarezActor *actor)
{
  g_autofree char *digest = consult_opinion_digest (self);

  return karez_json_object (
      "booking", "s", self->session, "opinion", "n",
      karez_json_object ("id", "s", self->id, "version", "i", self->version, "findings", "s",
                         self->findings, "impression", "s", self->impression, "recommendation", "s",
                         self->recommendation, "amendment", "s", self->amendment, "signer", "s",
                         self->signer, "signed_by", "s", self->signed_by, "signed_at", "s",
                         self->signed_at, "digest", "s", digest, NULL),
      "actor", "n", karez_actor_to_json (actor), NULL);
}

static gboolean
check_digest (const ConsultOpinion *self, const char *told, GError **error)
{
  g_autofree char *digest = consult_opinion_digest (self);

  if (g_str_equal (digest, told))
    return TRUE;
  return karez_error_set (error, KAREZ_ERROR_INVALID, "consult/digest",
                          N_ ("the digest of these words"),
                          N_ ("The opinion is not the one that was signed"));
}

gboolean
consult_opinion_from_message (ConsultOpinion *self, JsonObject *body, const char *hub,
                              GError **error)
{
  static const KarezJsonField fields[] = {
    { "id", KAREZ_JSON_UUID, TRUE },
    { "version", KAREZ_JSON_INTEGER, TRUE, 1, G_MAXINT32 },
    { "findings", KAREZ_JSON_TEXT, TRUE, 0, CONSULT_OPINION_MAX },
    { "impression", KAREZ_JSON_TEXT, TRUE, 1, CONSULT_OPINION_MAX },
    { "recommendation", KAREZ_JSON_TEXT, TRUE, 0, CONSULT_OPINION_MAX },
    { "amendment", KAREZ_JSON_TEXT, FALSE, 1, 1000 },
    { "signer", KAREZ_JSON_NAME, TRUE, 1, 100 },
    { "signed_by", KAREZ_JSON_NAME, TRUE, 1, 400 },
    { "signed_at", KAREZ_JSON_TIME, TRUE },
    { "digest", KAREZ_JSON_TEXT, TRUE, 64, 64 },
    { NULL },
  };
  JsonObject *object = karez_json_check (json_object_get_member (body, "opinion"), fields, error);

  memset (self, 0, sizeof *self);
  if (object == NULL)
    return FALSE;
  self->id = g_strdup (karez_json_text (object, "id"));
  self->session = g_strdup (karez_json_text (body, "booking"));
  self->hub = g_strdup (hub);
  self->version = karez_json_integer (object, "version", 0);
  self->findings = g_strdup (karez_json_text (object, "findings"));
  self->impression = g_strdup (karez_json_text (object, "impression"));
  self->recommendation = g_strdup (karez_json_text (object, "recommendation"));
  self->amendment = g_strdup (karez_json_text (object, "amendment"));
  self->signer = g_strdup (karez_json_text (object, "signer"));
  self->signed_by = g_strdup (karez_json_text (object, "signed_by"));
  self->signed_at = g_strdup (karez_json_text (object, "signed_at"));
  return check_digest (self, karez_json_text (object, "digest"), error);
}

void
consult_opinion_keep (const ConsultOpinion *self, KarezTransaction *transaction, const char *action)
{
  g_autofree char *digest = consult_opinion_digest (self);

  karez_transaction_run_one (
      transaction, "consult/version", N_ ("There is such a version of the opinion already"),
      "opinion_sign", "(ssissssmsssss)", self->id, self->session, (gint32) self->version, self->hub,
      self->findings, self->impression, self->recommendation, self->amendment, self->signer,
      self->signed_by, self->signed_at, digest);
  karez_transaction_event (
      transaction, action, "opinion", self->id,
      karez_json_object ("version", "i", self->version, "digest", "s", digest, NULL));
}
