/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-feed.h"
#include "hub-store.h"

#include <libpq-fe.h>

/* The loop runs until the callback came; a test that waits for 60 s is ended. */
typedef struct
{
  GAsyncResult *result;
} TestWait;

void test_callback (GObject *source, GAsyncResult *result, gpointer data);
GAsyncResult *test_wait (TestWait *wait);
/* The loop runs for a while, or until @flag is set. */
void test_run_for (guint ms);
#define test_run_until(condition)                                                                  \
  G_STMT_START                                                                                     \
  {                                                                                                \
    gint64 test_deadline = g_get_monotonic_time () + 30 * G_USEC_PER_SEC;                          \
    while (!(condition))                                                                           \
      {                                                                                            \
        g_assert_cmpint (g_get_monotonic_time (), <, test_deadline);                               \
        test_run_for (10);                                                                         \
      }                                                                                            \
  }                                                                                                \
  G_STMT_END

/* "KAREZ_TEST_DATABASE" */
const char *test_database (void);
/* Empties it. */
void test_reset (void);
/* With the schemas "clinic" and, as a plugin's, "notes"; open. */
HubStore *test_store (guint connections, guint queue);
void test_store_free (HubStore *store);
KarezActor *test_actor (void);

/* A plain connection beside the store. */
PGconn *test_connect (void);
/* The first column of the first row; the statement must succeed. */
char *test_ask (PGconn *pg, const char *sql);
gint64 test_count (PGconn *pg, const char *sql);
/* The SQLSTATE of a statement that must fail. */
char *test_refused (PGconn *pg, const char *sql);
/* Ends the backends of the test's database, but not this one. */
int test_kill_backends (PGconn *pg);

KarezRows *test_query (HubStore *store, const char *schema, const char *name, GVariant *params,
                       GError **error);
gboolean test_commit (KarezTransaction *transaction, GError **error);
/* Puts a row of clinic.thing with its event. */
gboolean test_put_thing (HubStore *store, const char *id, const char *name, GError **error);
