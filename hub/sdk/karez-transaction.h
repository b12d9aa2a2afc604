/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "karez-actor.h"
#include "karez-rows.h"

G_BEGIN_DECLS

#define KAREZ_TYPE_TRANSACTION (karez_transaction_get_type ())
KAREZ_PUBLIC G_DECLARE_DERIVABLE_TYPE (KarezTransaction, karez_transaction, KAREZ, TRANSACTION,
                                       GObject)

    /**
     * KarezExpect:
     * @KAREZ_EXPECT_ANY: any number of rows
     * @KAREZ_EXPECT_ONE: exactly one row returned or touched; otherwise nothing is committed and
     * the commit fails with %KAREZ_ERROR_CONFLICT and the rule given to karez_transaction_expect()
     *
     * A guard of the act belongs into the statement's WHERE; this turns "no row" into a refusal.
     *
     * Since: 1.0
     */
    typedef enum {
      KAREZ_EXPECT_ANY,
      KAREZ_EXPECT_ONE,
    } KarezExpect;

/**
 * KarezLane:
 * Lanes of the outbox. Within one lane to one peer the order is kept; a lower lane never waits
 * for a higher one.
 *
 * Since: 1.0
 */
typedef enum
{
  KAREZ_LANE_EMERGENCY, /* emergencies, critical results, consent revocation */
  KAREZ_LANE_AGENDA,    /* bookings and sessions */
  KAREZ_LANE_RECORDS,   /* results and documents */
  KAREZ_LANE_BULK,      /* images, backfill */
} KarezLane;
#define KAREZ_N_LANES 4

/**
 * KarezTransactionClass:
 * The act, its events and its messages, gathered and committed together. Made by
 * karez_store_begin(); used on the main thread; committed once. There is no other way to write.
 *
 * Since: 1.0
 */
struct _KarezTransactionClass
{
  GObjectClass parent_class;

  void (*run) (KarezTransaction *self, const char *statement, GVariant *params, KarezExpect expect);
  void (*commit_async) (KarezTransaction *self, GCancellable *cancellable,
                        GAsyncReadyCallback callback, gpointer data);
  gboolean (*commit_finish) (KarezTransaction *self, GAsyncResult *result, GError **error);
  KarezRows *(*get_rows) (KarezTransaction *self, guint index);

  gpointer padding[8];
};

/**
 * karez_transaction_run:
 * @statement: a named statement of the schema's .sql files
 * @format: a GVariant tuple, "(smsx)": s text (also uuid, timestamptz, jsonb, numeric), b, i, x,
 *   t, d, ay (bytea), as (text[]), and m before each for one that may be NULL
 *
 * Adds a statement. Its rows are karez_transaction_get_rows() with the number of calls before.
 *
 * Since: 1.0
 */
KAREZ_PUBLIC void karez_transaction_run (KarezTransaction *self, const char *statement,
                                         const char *format, ...);
/**
 * karez_transaction_run_one:
 *
 * The same, and exactly one row must come of it; @rule and @message say what it means if not.
 *
 * Since: 1.0
 */
KAREZ_PUBLIC void karez_transaction_run_one (KarezTransaction *self, const char *rule,
                                             const char *message, const char *statement,
                                             const char *format, ...);

/**
 * karez_transaction_event:
 * @action: what was done, noun and verb: "booking.accept"
 * @table: the table of the row, in the transaction's schema, or "schema.table"
 * @row: the row's key
 * @details: (transfer full) (nullable): an object of at most 64 KiB; no secrets, no
 *   clinical content
 *
 * Adds the record of the act, in a table of the plugin's own. Every business row that the
 * transaction touches needs one, or the database refuses the commit.
 *
 * Since: 1.0
 */
KAREZ_PUBLIC void karez_transaction_event (KarezTransaction *self, const char *action,
                                           const char *table, const char *row, JsonNode *details);
/**
 * karez_transaction_about:
 *
 * Names the session or the patient that the following events are about; NULL ends it.
 *
 * Since: 1.0
 */
KAREZ_PUBLIC void karez_transaction_about (KarezTransaction *self, const char *session,
                                           const char *patient);
/**
 * karez_transaction_post:
 * @peer: the paired hub's id
 * @topic: what the receiver has a handler for; a plugin's begins with what its key file grants
 *   (PeerTopics), or the commit is refused: %KAREZ_ERROR_NOT_GRANTED, rule "plugin/grant"
 * @body: (transfer full): the message, at most 1 MiB of text: %KAREZ_ERROR_TOO_LARGE, rule
 *   "peers/body-size"
 *
 * Adds a message to the outbox. It is delivered in its lane's order, survives any outage, and is
 * applied once.
 *
 * Since: 1.0
 */
KAREZ_PUBLIC void karez_transaction_post (KarezTransaction *self, const char *peer, KarezLane lane,
                                          const char *topic, JsonNode *body);
/**
 * karez_transaction_set_request:
 * @id: a UUID that the client made for this act
 * @digest: SHA-256 over what was asked, in hexadecimal
 *
 * Makes a retry harmless. If a transaction with this @id was committed before, nothing is done
 * and the commit succeeds with karez_transaction_is_repeated(); if it was another act, the commit
 * fails with %KAREZ_ERROR_CONFLICT, rule "request/reused".
 *
 * Since: 1.0
 */
KAREZ_PUBLIC void karez_transaction_set_request (KarezTransaction *self, const char *id,
                                                 const char *digest);
/**
 * karez_transaction_is_repeated:
 *
 * Whether it was committed before: nothing was done this time. After the commit.
 *
 * Since: 1.0
 */
KAREZ_PUBLIC gboolean karez_transaction_is_repeated (KarezTransaction *self);

/**
 * karez_transaction_commit_async:
 * Sends everything as one pipeline. Success means durable. %KAREZ_ERROR_CONFLICT when a
 * constraint or an expectation refused, %KAREZ_ERROR_UNAVAILABLE when nothing was sent,
 * %KAREZ_ERROR_TIMEOUT when the connection broke before the answer: the outcome is not known and
 * the same request id may be tried again.
 *
 * Since: 1.0
 */
KAREZ_PUBLIC void karez_transaction_commit_async (KarezTransaction *self, GCancellable *cancellable,
                                                  GAsyncReadyCallback callback, gpointer data);
/**
 * karez_transaction_commit_finish:
 * Since: 1.0
 */
KAREZ_PUBLIC gboolean karez_transaction_commit_finish (KarezTransaction *self, GAsyncResult *result,
                                                       GError **error);
/**
 * karez_transaction_get_rows:
 * @index: the number of calls of karez_transaction_run() and karez_transaction_run_one() before
 *
 * What a statement gave, after the commit.
 *
 * Returns: (transfer none) (nullable): NULL before the commit, after one that was refused, and
 *   after a repeat (karez_transaction_is_repeated()), of which no statement was run: what it would
 *   have given is read again
 *
 * Since: 1.0
 */
KAREZ_PUBLIC KarezRows *karez_transaction_get_rows (KarezTransaction *self, guint index);

/**
 * karez_transaction_get_actor:
 * Since: 1.0
 */
KAREZ_PUBLIC KarezActor *karez_transaction_get_actor (KarezTransaction *self);

/**
 * KarezTransactionEvent:
 *
 * For the store, which turns them into rows at the commit.
 *
 * Since: 1.0
 */
typedef struct
{
  char *action, *table, *row, *session, *patient;
  JsonNode *details;
} KarezTransactionEvent;
/**
 * KarezTransactionPost:
 * Since: 1.0
 */
typedef struct
{
  char *peer, *topic;
  KarezLane lane;
  JsonNode *body;
} KarezTransactionPost;
KAREZ_PRIVATE GPtrArray *karez_transaction_get_events (KarezTransaction *self);
KAREZ_PRIVATE GPtrArray *karez_transaction_get_posts (KarezTransaction *self);
KAREZ_PRIVATE const char *karez_transaction_get_request (KarezTransaction *self,
                                                         const char **digest);
KAREZ_PRIVATE void karez_transaction_set_repeated (KarezTransaction *self);
/* @statement: (nullable): "schema.name"; it runs last, and what it raises refuses the commit: the
 * web's look whether who asked may still. An act that is done before it is recorded has none. */
KAREZ_PRIVATE void karez_transaction_set_guard (KarezTransaction *self, const char *statement,
                                                GVariant *params);
KAREZ_PRIVATE const char *karez_transaction_get_guard (KarezTransaction *self, GVariant **params);
/* The rule and message of the n-th statement's expectation, NULL if it has none. */
KAREZ_PRIVATE const char *karez_transaction_get_expectation (KarezTransaction *self, guint index,
                                                             const char **message);

G_END_DECLS
