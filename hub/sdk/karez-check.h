/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "karez-json.h"

G_BEGIN_DECLS

/**
 * KarezVerdict:
 * Since: 1.0
 */
typedef enum
{
  KAREZ_VERDICT_PASSED,
  KAREZ_VERDICT_WARNING, /* may start; people are told */
  KAREZ_VERDICT_FAILED,  /* blocks the start */
} KarezVerdict;

#define KAREZ_TYPE_CHECK (karez_check_get_type ())
KAREZ_PUBLIC
G_DECLARE_FINAL_TYPE (KarezCheck, karez_check, KAREZ, CHECK, GObject)

/**
 * karez_check_new:
 * @id: stable name: "link.rtt"
 * @verdict: how it came out
 * @measured: (nullable): what was seen, with its unit: "62 ms"
 * @limit: (nullable): the bound, with its unit: "≤ 150 ms"
 * @hint: (nullable): what helps, a translatable sentence
 *
 * One line of a preflight. Immutable.
 *
 * Since: 1.0
 */
KAREZ_PUBLIC KarezCheck *karez_check_new (const char *id, KarezVerdict verdict,
                                          const char *measured, const char *limit,
                                          const char *hint);
/**
 * karez_check_get_id:
 * Since: 1.0
 */
KAREZ_PUBLIC const char *karez_check_get_id (KarezCheck *self);
/**
 * karez_check_get_verdict:
 * Since: 1.0
 */
KAREZ_PUBLIC KarezVerdict karez_check_get_verdict (KarezCheck *self);
/**
 * karez_check_get_measured:
 * Since: 1.0
 */
KAREZ_PUBLIC const char *karez_check_get_measured (KarezCheck *self);
/**
 * karez_check_get_limit:
 * Since: 1.0
 */
KAREZ_PUBLIC const char *karez_check_get_limit (KarezCheck *self);
/**
 * karez_check_get_hint:
 * Since: 1.0
 */
KAREZ_PUBLIC const char *karez_check_get_hint (KarezCheck *self);
/**
 * karez_check_to_json:
 *
 * {"id", "verdict": "passed"|"warning"|"failed", "measured", "limit", "hint"}
 *
 * Since: 1.0
 */
KAREZ_PUBLIC JsonNode *karez_check_to_json (KarezCheck *self);

G_END_DECLS
