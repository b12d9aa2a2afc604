/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "karez-test-store.h"

G_BEGIN_DECLS

#define KAREZ_TEST_TYPE_AUDIT (karez_test_audit_get_type ())
/**
 * KarezTestAudit:
 * The list of events: in the database of the test, or in memory where it has none.
 */
G_DECLARE_FINAL_TYPE (KarezTestAudit, karez_test_audit, KAREZ_TEST, AUDIT, GObject)

KarezTestAudit *karez_test_audit_new (void);
void karez_test_audit_set_store (KarezTestAudit *self, KarezTestStore *store);
/* Those in memory. Returns: (transfer full) */
JsonNode *karez_test_audit_list (KarezTestAudit *self);

G_END_DECLS
