/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The patient's consent: words, who said them, what follows. */
#include "consult-consent.h"

#include <glib/gi18n.h>

static const char *const state_names[] = { "none", "given", "withdrawn" };
static const char *const basis_names[] = { "patient", "guardian", "emergency" };

void
consult_consent_clear (ConsultConsent *self)
{
  g_clear_pointer (&self->id, g_free);
  g_clear_pointer (&self->by, g_free);
  g_clear_pointer (&self->at, g_free);
  self->state = CONSULT_CONSENT_NONE;
}

void
consult_consent_set (ConsultConsent *self, ConsultConsentState state, ConsultBasis basis,
                     const char *id, const char *by, const char *at)
{
  consult_consent_clear (self);
  self->state = state;
  self->basis = basis;
  self->id = g_strdup (id);
  self->by = g_strdup (by);
  self->at = g_strdup (at);
}

gboolean
consult_basis_from_name (const char *name, ConsultBasis *basis)
{
  for (guint i = 0; i < G_N_ELEMENTS (basis_names); i++)
    if (g_strcmp0 (basis_names[i], name) == 0)
      {
        *basis = (ConsultBasis) i;
        return TRUE;
      }
  return FALSE;
}

JsonNode *
consult_consent_to_json (const ConsultConsent *self)
{
  return karez_json_object ("state", "s", state_names[self->state], "basis", "s",
                            self->state == CONSULT_CONSENT_GIVEN ? basis_names[self->basis] : NULL,
                            "id", "s", self->id, "by", "s", self->by, "at", "s", self->at, NULL);
}

gboolean
consult_consent_from_json (ConsultConsent *self, JsonNode *node, GError **error)
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
  ConsultBasis basis = CONSULT_BASIS_PATIENT;
  ConsultConsentState state = CONSULT_CONSENT_NONE;
  gboolean based, whole;

  if (object == NULL)
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (state_names); i++)
    if (g_str_equal (state_names[i], karez_json_text (object, "state")))
      state = (ConsultConsentState) i;
  based = consult_basis_from_name (karez_json_text (object, "basis"), &basis);
  whole = karez_json_text (object, "id") != NULL && karez_json_text (object, "by") != NULL
          && karez_json_text (object, "at") != NULL;
  if (based != (state == CONSULT_CONSENT_GIVEN) || whole != (state != CONSULT_CONSENT_NONE))
    return karez_error_set (error, KAREZ_ERROR_INVALID, "consult/consent",
                            N_ ("who said it, when, and on what basis"),
                            N_ ("The consent is not whole"));
  consult_consent_set (self, state, basis, karez_json_text (object, "id"),
                       karez_json_text (object, "by"), karez_json_text (object, "at"));
  return TRUE;
}
