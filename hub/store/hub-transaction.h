/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-pg-pool.h"

G_BEGIN_DECLS

/**
 * HubScope:
 * What a scope's transactions and queries share. Owned by the store, which outlives them not: a
 * scope is counted.
 */
typedef struct
{
  HubSchema *schema;
  HubStatements *statements;
  HubPgPool *writers, *readers, *bulk; /* NULL while the store is not open */
  /* Something with events was committed. */
  void (*committed) (gpointer data);
  gpointer data; /* NULL once the store is gone */
} HubScopeState;

HubScopeState *hub_scope_state_ref (HubScopeState *self);
void hub_scope_state_unref (HubScopeState *self);

#define HUB_TYPE_TRANSACTION (hub_transaction_get_type ())
/**
 * HubTransaction:
 * A KarezTransaction on PostgreSQL: one pipeline, ended by COMMIT in the same go unless a statement
 * has an expectation; then its results are looked at before COMMIT or ROLLBACK. Serialisation
 * failures and deadlocks are tried again, three times at most.
 */
G_DECLARE_FINAL_TYPE (HubTransaction, hub_transaction, HUB, TRANSACTION, KarezTransaction)

KarezTransaction *hub_transaction_new (HubScopeState *scope, KarezActor *actor);

G_END_DECLS
