/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "karez-participant.h"

G_BEGIN_DECLS

/**
 * KarezConsentGates:
 * @KAREZ_CONSENT_MEDIA: people are seen and heard
 * @KAREZ_CONSENT_RECORDING: what is seen and heard is kept
 * @KAREZ_CONSENT_MOTION: something moves at the patient's side
 *
 * What a modality begins only with the patient's consent. Pages say it in these words; the live
 * half keeps it closed.
 *
 * Since: 1.1
 */
typedef enum
{
  KAREZ_CONSENT_MEDIA = 1 << 0,
  KAREZ_CONSENT_RECORDING = 1 << 1,
  KAREZ_CONSENT_MOTION = 1 << 2,
} KarezConsentGates;

/**
 * KarezConsentState:
 *
 * What the patient, or who speaks for them, said last.
 *
 * Since: 1.1
 */
typedef enum
{
  KAREZ_CONSENT_NONE,
  KAREZ_CONSENT_GIVEN,
  KAREZ_CONSENT_WITHDRAWN,
} KarezConsentState;

#define KAREZ_TYPE_CONSENT (karez_consent_get_type ())
/**
 * KarezConsent:
 * The patient's consent in a session: given by the patient, by a guardian, or on the basis of an
 * emergency, and withdrawn. A live half whose class names what it gates has one. The people of the
 * host's hospital speak for the patient, but for observers; the other worker follows, and its
 * hospital keeps every word, too. Each word has an id, by which the hub keeps it once.
 *
 * Given, it is recorded and on disk before it is allowed. Withdrawn, it is allowed no more at once;
 * then it is in the checkpoint, then recorded, then told. So a worker that takes this one's place
 * knows no older word than the record or the other hospital. Who holds a session does not touch it:
 * what a modality lets through depends on both.
 *
 * KarezLiveHalf takes the messages of pages ("consent.give", "consent.withdraw"), tells them
 * "consent.state" (data/api/live.md), and keeps it in step with the other worker and the
 * checkpoint. A session keeps 1,000 words; then nothing is given any more, so that neither a page
 * nor a partner fills a disk.
 *
 * Signal "changed", on the worker's main thread: allowed or not, or the word, is another one.
 *
 * Since: 1.1
 */
KAREZ_PUBLIC
G_DECLARE_FINAL_TYPE (KarezConsent, karez_consent, KAREZ, CONSENT, GObject)

/**
 * karez_consent_is_allowed:
 *
 * Whether what it gates may be let through: it was given, that is on disk, and nothing was
 * withdrawn since.
 *
 * Since: 1.1
 */
KAREZ_PUBLIC gboolean karez_consent_is_allowed (KarezConsent *self);
/**
 * karez_consent_get_state:
 *
 * The newest word that is on record. While one that withdraws it is on its way there, this is
 * %KAREZ_CONSENT_GIVEN and nothing is allowed.
 *
 * Since: 1.1
 */
KAREZ_PUBLIC KarezConsentState karez_consent_get_state (KarezConsent *self);
/**
 * karez_consent_get_word:
 *
 * The same whole: {"state": "none", "given" or "withdrawn", "basis": "patient", "guardian" or
 * "emergency" of one that was given, "id", "by": the name of who put it on record, "at": RFC 3339}.
 *
 * Returns: (transfer full): an object, without the members that are not there
 *
 * Since: 1.1
 */
KAREZ_PUBLIC JsonNode *karez_consent_get_word (KarezConsent *self);
/**
 * karez_consent_describe:
 *
 * "consent.state" for the page of @participant, who may change it or not.
 *
 * Returns: (transfer full):
 *
 * Since: 1.1
 */
KAREZ_PUBLIC JsonNode *karez_consent_describe (KarezConsent *self, KarezParticipant *participant);
/**
 * karez_consent_follow:
 * @word: as karez_consent_get_word() gives it
 *
 * The host's word, told by a worker of a former version that did not tell it by KarezLiveHalf. The
 * host itself looks at it, and does nothing. FALSE with %KAREZ_ERROR_INVALID where it is not whole,
 * %KAREZ_ERROR_TOO_LARGE where there are too many.
 *
 * Since: 1.1
 */
KAREZ_PUBLIC gboolean karez_consent_follow (KarezConsent *self, JsonNode *word, GError **error);
/**
 * karez_consent_check_word:
 *
 * Whether @word is whole; else %KAREZ_ERROR_INVALID. For the hub. @word: (nullable): what a record
 * has
 *
 * Since: 1.1
 */
KAREZ_PRIVATE gboolean karez_consent_check_word (JsonNode *word, GError **error);
/**
 * karez_consent_to_json:
 *
 * What the checkpoint holds: {"word", "on_record", "words"}.
 *
 * Returns: (transfer full):
 *
 * Since: 1.1
 */
KAREZ_PUBLIC JsonNode *karez_consent_to_json (KarezConsent *self);
/**
 * karez_consent_from_json:
 *
 * Before the half is prepared; KarezLiveHalf does it. For the checkpoint of a former version that
 * kept the consent among its own. FALSE with %KAREZ_ERROR_INVALID, and nothing is changed.
 *
 * Since: 1.1
 */
KAREZ_PUBLIC gboolean karez_consent_from_json (KarezConsent *self, JsonNode *state, GError **error);

G_END_DECLS
