/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <karez.h>

G_BEGIN_DECLS

/* What the patient, or who speaks for them, said last. */
typedef enum
{
  CONSULT_CONSENT_NONE,
  CONSULT_CONSENT_GIVEN,
  CONSULT_CONSENT_WITHDRAWN,
} ConsultConsentState;

/* On whose word: an emergency does not wait for one. */
typedef enum
{
  CONSULT_BASIS_PATIENT,
  CONSULT_BASIS_GUARDIAN,
  CONSULT_BASIS_EMERGENCY,
} ConsultBasis;

/**
 * ConsultConsent:
 * One word of consent. Each has an id, so that it is kept once at each hospital, however often it
 * is told.
 */
typedef struct
{
  ConsultConsentState state;
  ConsultBasis basis; /* of one that was given */
  char *id;           /* NULL for none */
  char *by;           /* who put it on record */
  char *at;           /* RFC 3339 */
} ConsultConsent;

void consult_consent_clear (ConsultConsent *self);
/* @by, @at: copied */
void consult_consent_set (ConsultConsent *self, ConsultConsentState state, ConsultBasis basis,
                          const char *id, const char *by, const char *at);
gboolean consult_basis_from_name (const char *name, ConsultBasis *basis);

/* {"state", "basis", "id", "by", "at"}; absent members where there is none. Returns: (transfer
 * full) */
JsonNode *consult_consent_to_json (const ConsultConsent *self);
/* %KAREZ_ERROR_INVALID, and nothing is changed. */
gboolean consult_consent_from_json (ConsultConsent *self, JsonNode *node, GError **error);

G_END_DECLS
