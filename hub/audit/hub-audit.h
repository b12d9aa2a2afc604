/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <karez.h>

#include "hub-store.h"

G_BEGIN_DECLS

#define HUB_TYPE_AUDIT (hub_audit_get_type ())
/**
 * HubAudit:
 * The log of who did what: acts that change no row go in by #KarezAudit, and people with the
 * permission read it. Main thread only.
 */
G_DECLARE_FINAL_TYPE (HubAudit, hub_audit, HUB, AUDIT, GObject)

#define HUB_AUDIT_MAX 200

/* Adds the schema "audit"; before hub_store_open_async(). */
void hub_audit_add_schema (HubStore *store);
/* Returns: (transfer full) */
HubAudit *hub_audit_new (HubStore *store);

/**
 * HubAuditQuery:
 * What to look for; NULL is anything.
 * @since: the cursor of the page before: goes on with what is older
 * @action: an action, or its first words: "booking"
 * @from, @to: RFC 3339
 * @limit: most events wanted, 1 to %HUB_AUDIT_MAX
 */
typedef struct
{
  const char *since, *action, *actor, *session, *patient, *from, *to;
  guint limit;
} HubAuditQuery;

/**
 * hub_audit_list_async:
 * @actor: who looks
 *
 * Events, the newest first: {"items": [Event], "cursor": "…" or null at the end}. Looking is
 * itself recorded, as audit.read with the question, before it finishes. %KAREZ_ERROR_INVALID for
 * a question that cannot be asked.
 */
void hub_audit_list_async (HubAudit *self, KarezActor *actor, const HubAuditQuery *query,
                           GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data);
JsonNode *hub_audit_list_finish (HubAudit *self, GAsyncResult *result, GError **error);

/* Registers GET /events. */
gboolean hub_audit_add_routes (HubAudit *self, KarezRoutes *routes, GError **error);

G_END_DECLS
