/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-pg-batch.h"

G_BEGIN_DECLS

#define HUB_TYPE_PG_CONNECTION (hub_pg_connection_get_type ())
/**
 * HubPgConnection:
 * One session of the database, in pipeline mode for good, with every named statement prepared.
 * Main thread only. Signal "closed" (no arguments): it broke or was closed, once.
 */
G_DECLARE_FINAL_TYPE (HubPgConnection, hub_pg_connection, HUB, PG_CONNECTION, GObject)

typedef struct
{
  const char *conninfo;
  HubStatements *statements;
  gboolean read_only;
  guint statement_timeout_ms;
} HubPgSettings;

/**
 * hub_pg_connection_open_async:
 * Connects in a thread, since names are looked up there, and prepares. %KAREZ_ERROR_UNAVAILABLE
 * when the server cannot be reached; %KAREZ_ERROR_FAILED, rule "database/statement", names the
 * first statement that the server does not understand.
 */
void hub_pg_connection_open_async (const HubPgSettings *settings, GCancellable *cancellable,
                                   GAsyncReadyCallback callback, gpointer data);
HubPgConnection *hub_pg_connection_open_finish (GAsyncResult *result, GError **error);

/* @lost: why there is no complete answer, NULL when there is. The batch's results are those that
 * came. */
typedef void (*HubPgBatchFunc) (HubPgConnection *self, HubPgBatch *batch, const char *lost,
                                gpointer data);

/* Sends behind what was sent before. @func is called once, never from within this call. A batch
 * without an answer after @deadline_ms closes the connection. */
void hub_pg_connection_send (HubPgConnection *self, HubPgBatch *batch, guint deadline_ms,
                             HubPgBatchFunc func, gpointer data);
/* Gives up what a failed batch left open, behind what was sent before. */
void hub_pg_connection_roll_back (HubPgConnection *self, HubPgEnd after);

gboolean hub_pg_connection_is_open (HubPgConnection *self);
int hub_pg_connection_get_backend (HubPgConnection *self);
void hub_pg_connection_close (HubPgConnection *self, const char *why);

/* A blocking connection for a thread of its own. NULL with @error set on failure. */
PGconn *hub_pg_connect (const char *conninfo, GError **error);

G_END_DECLS
