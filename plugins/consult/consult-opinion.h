/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <karez.h>

G_BEGIN_DECLS

/* Of each of its three parts, in characters. */
#define CONSULT_OPINION_MAX 8000

/**
 * ConsultOpinion:
 * One version of a signed opinion. Strings are owned.
 */
typedef struct
{
  char *id, *session, *hub;
  gint64 version; /* from 1 */
  char *findings, *impression, *recommendation;
  char *amendment; /* why there is this version; NULL for the first */
  char *signer;    /* the person's id at that hub */
  char *signed_by; /* and name */
  char *signed_at; /* RFC 3339 */
} ConsultOpinion;

void consult_opinion_clear (ConsultOpinion *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (ConsultOpinion, consult_opinion_clear)

/* As consult_opinion_digest(), over the three texts alone: what a draft says.
 * Returns: (transfer full) */
char *consult_words_digest (const char *findings, const char *impression,
                            const char *recommendation);

/**
 * consult_opinion_digest:
 *
 * SHA-256, in hexadecimal, over the members of ConsultOpinion in their order, each as its length in
 * bytes in decimal, a colon, and its UTF-8; the version as a decimal number, a missing amendment as
 * empty. Both hospitals can say by it that they hold the same words.
 *
 * Returns: (transfer full)
 */
char *consult_opinion_digest (const ConsultOpinion *self);

/* As it travels: {"booking", "opinion": {…, "digest"}, "actor"} */
JsonNode *consult_opinion_to_message (const ConsultOpinion *self, KarezActor *actor);
/**
 * consult_opinion_from_message:
 * @self: (out caller-allocates): cleared by the caller, also after an error
 * @hub: who sent it
 *
 * %KAREZ_ERROR_INVALID, also when the digest is not that of the words: rule "consult/digest".
 */
gboolean consult_opinion_from_message (ConsultOpinion *self, JsonObject *body, const char *hub,
                                       GError **error);

/* Adds the row and its event, @action. A version that is there already is a conflict, rule
 * "consult/version". */
void consult_opinion_keep (const ConsultOpinion *self, KarezTransaction *transaction,
                           const char *action);

G_END_DECLS
