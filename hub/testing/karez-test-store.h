/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <karez.h>

G_BEGIN_DECLS

#define KAREZ_TEST_TYPE_STORE (karez_test_store_get_type ())
/**
 * KarezTestStore:
 * The database of a control half's test. There is one where the library was built with PostgreSQL
 * and KAREZ_TEST_DATABASE names it.
 */
G_DECLARE_FINAL_TYPE (KarezTestStore, karez_test_store, KAREZ_TEST, STORE, GObject)

/* @why: (out): why there is none */
gboolean karez_test_store_is_there (const char **why);
/**
 * karez_test_store_open:
 * @schema: the plugin's
 * @resources: where its .sql files are
 * @topics: (nullable): what it may post about
 *
 * Empties the database, migrates and connects. Turns the main loop until that is done.
 */
KarezTestStore *karez_test_store_open (const char *schema, const char *resources,
                                       const char *topics, GError **error);
KarezStore *karez_test_store_get_scope (KarezTestStore *self);
void karez_test_store_append_async (KarezTestStore *self, KarezActor *actor, const char *action,
                                    KarezOutcome outcome, const char *session, const char *patient,
                                    JsonNode *details, GAsyncReadyCallback callback, gpointer data);
gboolean karez_test_store_append_finish (KarezTestStore *self, GAsyncResult *result,
                                         GError **error);
/* Both as karez-test-hub.h has them. */
JsonNode *karez_test_store_read_events (KarezTestStore *self);
JsonNode *karez_test_store_read_posts (KarezTestStore *self);

G_END_DECLS
