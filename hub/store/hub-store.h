/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-schema.h"

G_BEGIN_DECLS

#define HUB_TYPE_STORE (hub_store_get_type ())
/**
 * HubStore:
 * The hub's PostgreSQL as a whole: migrations, connections, scopes. Main thread only.
 *
 * Property "available" (gboolean): whether the database answers; notified on loss and on return.
 * After a loss the store connects again by itself, for ever. Signal "committed" (no arguments):
 * this process committed something that has an event.
 *
 * Signal "superseded" (gint64 incarnation): another karezd has registered this hub in the database
 * since, and counts as the newest. Heard within moments where PostgreSQL runs, else when it is
 * back; never before hub_store_set_incarnation().
 */
G_DECLARE_FINAL_TYPE (HubStore, hub_store, HUB, STORE, GObject)

/**
 * hub_store_new:
 * @connection: a libpq connection string
 * @max_connections: most connections to the database, 3 to 100: one of them appends events, the
 *   others are halved between transactions and readers; two more read the bytes of files
 * @max_queue: most transactions and most queries that wait for a connection, each; one more is
 *   refused with %KAREZ_ERROR_BUSY, rule "database/queue"
 *
 * The schema "karez" is there from the start. Returns: (transfer full)
 */
HubStore *hub_store_new (const char *connection, guint max_connections, guint max_queue);

/**
 * hub_store_add_schema:
 * @schema: its name; for a plugin the plugin's id
 * @resource_path: a GResource folder: "0001-….sql" and so on are migrations, other *.sql hold
 *   statements that begin with "-- name: note_by_id"
 * @plugin: whether it is a plugin's: its statements then run under a role of its own,
 *   karez_plugin_SCHEMA, that can touch nothing but this schema
 *
 * Before hub_store_open_async(), in the order of their references to each other.
 */
void hub_store_add_schema (HubStore *self, const char *schema, const char *resource_path,
                           gboolean plugin);

/* Lets the plugin that owns @schema post to peers, about topics that begin with @topics. */
void hub_store_grant_topics (HubStore *self, const char *schema, const char *topics);

/* Tells @guard around each callback of the plugin that owns @schema. */
void hub_store_set_guard (HubStore *self, const char *schema, const HubSchemaGuard *guard,
                          gpointer data, GDestroyNotify destroy);

/**
 * hub_store_open_async:
 * Migrates each schema under an advisory lock (in a thread), connects and prepares every statement.
 * May be called again after a failure. %KAREZ_ERROR_UNAVAILABLE when the database cannot be
 * reached; %KAREZ_ERROR_FAILED with rule "database/migration-changed", "database/newer",
 * "database/migration", "database/version" or "database/statement" when it and the program do not
 * fit, %KAREZ_ERROR_INVALID with rule "database/connection" for a connection string that libpq does
 * not understand. What is wrong with a plugin's schema leaves out that schema only.
 */
void hub_store_open_async (HubStore *self, GCancellable *cancellable, GAsyncReadyCallback callback,
                           gpointer data);
gboolean hub_store_open_finish (HubStore *self, GAsyncResult *result, GError **error);

/* Ends every connection; what waits fails with UNAVAILABLE. Also done at the last unref. */
void hub_store_close (HubStore *self);

/* The schema's store, "karez" too. Returns: (transfer none): NULL for one that was not added */
KarezStore *hub_store_get_scope (HubStore *self, const char *schema);

/* Why the store goes on without a plugin's schema: its files, a migration or a statement were not
 * accepted. It may be left out later too, when a connection is made again. Returns: (transfer none)
 * (nullable) */
const GError *hub_store_get_refusal (HubStore *self, const char *schema);

gboolean hub_store_is_available (HubStore *self);
/* What karez.hub counted when this process registered there; 0 before. */
gint64 hub_store_get_incarnation (HubStore *self);
void hub_store_set_incarnation (HubStore *self, gint64 incarnation);
/* "15.20": of the server, after opening. */
const char *hub_store_get_server_version (HubStore *self);

/**
 * hub_store_append_event_async:
 * @outcome: FHIR AuditEvent.outcome: 0 done, 4 refused, 8 failed
 * @session: (nullable): the UUID of the session it is about
 * @patient: (nullable): the UUID of the patient it is about
 * @details: (transfer full) (nullable): an object; no secrets, no clinical content
 *
 * Records what changes no row: a sign-in that was refused, something that was read. Many go in one
 * commit. Success means durable. %KAREZ_ERROR_BUSY, %KAREZ_ERROR_UNAVAILABLE when nothing was
 * kept, %KAREZ_ERROR_TIMEOUT when that is not known; %KAREZ_ERROR_INVALID or %KAREZ_ERROR_CONFLICT
 * for an event that the database refuses (an action that is no noun.verb, an id that is no UUID);
 * the others of the same commit are kept.
 */
void hub_store_append_event_async (HubStore *self, KarezActor *actor, const char *action,
                                   int outcome, const char *session, const char *patient,
                                   JsonNode *details, GCancellable *cancellable,
                                   GAsyncReadyCallback callback, gpointer data);
gboolean hub_store_append_event_finish (HubStore *self, GAsyncResult *result, GError **error);

G_END_DECLS
