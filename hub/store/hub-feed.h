/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-store.h"

G_BEGIN_DECLS

#define HUB_TYPE_FEED (hub_feed_get_type ())
/**
 * HubFeed:
 * Follows karez.event in the order (xid, id), below the oldest transaction of this database that
 * still runs, so that no row is missed. Main thread only.
 *
 * Signal "event" (JsonNode *event, const char *cursor): one for each event committed after the
 * feed's first look at the database, in order. It looks when the store says "committed" and each
 * second. Event: {"id", "at", "actor": {"kind", "id", "name", "roles", "hub"}, "address",
 * "action", "outcome", "schema", "table", "row", "session", "patient", "details"}.
 *
 * A transaction that stays open in this database holds back events that were committed after it
 * began; one in another database of the PostgreSQL cluster does not, as long as nobody is
 * connected to this one whose transactions the hub's role may not see.
 */
G_DECLARE_FINAL_TYPE (HubFeed, hub_feed, HUB, FEED, GObject)

#define HUB_FEED_MAX 1000

/* Begins to follow as soon as @store is available. Returns: (transfer full) */
HubFeed *hub_feed_new (HubStore *store);
/* Where the signal stands; NULL before the first look. Returns: (transfer none) */
const char *hub_feed_get_cursor (HubFeed *self);
/* Ends the signal; reading goes on. */
void hub_feed_stop (HubFeed *self);

/**
 * hub_feed_read_async:
 * @cursor: (nullable): "XID.UUID" as it came with an event; NULL for now: no events, but the
 *   cursor after which the next will come
 * @limit: most events wanted, 1 to %HUB_FEED_MAX
 *
 * %KAREZ_ERROR_INVALID with rule "events/cursor" for a text that is no cursor, and
 * "events/cursor-ahead" for one that this database has not reached: it was restored.
 */
void hub_feed_read_async (HubFeed *self, const char *cursor, guint limit, GCancellable *cancellable,
                          GAsyncReadyCallback callback, gpointer data);
/**
 * hub_feed_read_finish:
 * @cursor: (out) (transfer full) (optional): where to read on
 *
 * Returns: (transfer full) (element-type JsonNode): the events, oldest first
 */
GPtrArray *hub_feed_read_finish (HubFeed *self, GAsyncResult *result, char **cursor,
                                 GError **error);

G_END_DECLS
