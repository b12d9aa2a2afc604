/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-pg-params.h"
#include "hub-statements.h"

#include <libpq-fe.h>

G_BEGIN_DECLS

typedef enum
{
  HUB_PG_SYNC,  /* ended by a synchronisation point: what has no BEGIN is durable there */
  HUB_PG_FLUSH, /* its results are wanted before the transaction goes on */
} HubPgEnd;

/**
 * HubPgBatch:
 * Statements that are sent in one go, and what came of each. Counted.
 */
typedef struct _HubPgBatch HubPgBatch;

HubPgBatch *hub_pg_batch_new (HubPgEnd end);
HubPgBatch *hub_pg_batch_ref (HubPgBatch *self);
void hub_pg_batch_unref (HubPgBatch *self);

/* Each returns the statement's number in the batch. */
guint hub_pg_batch_add (HubPgBatch *self, const char *key,
                        HubPgParams *params /* (transfer full) */);
guint hub_pg_batch_add_text (HubPgBatch *self, const char *sql /* a literal, no arguments */);
guint hub_pg_batch_add_prepare (HubPgBatch *self, const HubStatement *statement);

/* (nullable) (transfer none) */
const PGresult *hub_pg_batch_get_result (HubPgBatch *self, guint index);
/* Gives the result's memory to rows; NULL if it has none. */
KarezRows *hub_pg_batch_take_rows (HubPgBatch *self, guint index);
/* The first statement that failed, with its result in @result; -1 if none did. */
int hub_pg_batch_get_failed (HubPgBatch *self, const PGresult **result);
guint hub_pg_batch_get_count (HubPgBatch *self);

/* For the connection. */
HubPgEnd hub_pg_batch_get_end (HubPgBatch *self);
gboolean hub_pg_batch_send (HubPgBatch *self, PGconn *pg);
/* Takes one answer of libpq, NULL too; TRUE when it was the last one of this batch. */
gboolean hub_pg_batch_take (HubPgBatch *self, PGresult *result, gboolean *progress);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HubPgBatch, hub_pg_batch_unref)

G_END_DECLS
