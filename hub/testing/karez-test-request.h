/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-web-policy.h"

#include <karez.h>

G_BEGIN_DECLS

#define KAREZ_TEST_TYPE_REQUEST (karez_test_request_get_type ())
/**
 * KarezTestRequest:
 * A request without HTTP: what was asked, and what was answered.
 */
G_DECLARE_FINAL_TYPE (KarezTestRequest, karez_test_request, KAREZ_TEST, REQUEST, KarezRequest)

/**
 * karez_test_request_new:
 * @method: "GET"
 * @parts: what stood at each {name} of the path
 * @query: as it stood after the question mark
 * @json: (nullable):
 * @bytes: (nullable):
 */
KarezTestRequest *karez_test_request_new (HubWebPolicy *policy, KarezActor *actor,
                                          const char *method, const char *path, GHashTable *parts,
                                          const char *query, JsonNode *json, GBytes *bytes);
gboolean karez_test_request_is_answered (KarezTestRequest *self);
/* The status, once it is answered. @json, @bytes: (out) (transfer none) (nullable) */
guint karez_test_request_get_answer (KarezTestRequest *self, JsonNode **json, GBytes **bytes);

G_END_DECLS
