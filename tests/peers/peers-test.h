/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-peer-client.h"
#include "hub-peers.h"

#include <libpq-fe.h>

/* A hub of the test: its own database, key and port. */
typedef struct
{
  const char *database;
  char *directory, *id;
  HubStore *store;
  HubIdentity *identity;
  HubPeers *peers;
  PGconn *pg;
  KarezActor *administrator;
} TestHub;

/* The loop runs until the condition holds; a test that waits for 30 s fails. */
void test_turn (void);
#define test_until(condition)                                                                      \
  G_STMT_START                                                                                     \
  {                                                                                                \
    gint64 test_deadline = g_get_monotonic_time () + 30 * G_USEC_PER_SEC;                          \
    while (!(condition))                                                                           \
      {                                                                                            \
        if (g_get_monotonic_time () > test_deadline)                                               \
          g_error ("%s:%d: never: %s", __FILE__, __LINE__, #condition);                            \
        test_turn ();                                                                              \
      }                                                                                            \
  }                                                                                                \
  G_STMT_END
void test_run_for (guint ms);
/* A GAsyncReadyCallback that keeps the result in the GAsyncResult ** given as data. */
void test_keep (GObject *source, GAsyncResult *result, gpointer data);

/* @number: 1, 2 or 3: whose database. It is emptied and the hub is started. */
TestHub *test_hub (guint number);
/* The same under an id that is given, which may be somebody else's; NULL makes one. */
TestHub *test_hub_as (guint number, const char *id);
/* The hub ends and starts again with the same key, database and, if it can be had, port. */
void test_hub_stop (TestHub *self);
void test_hub_start (TestHub *self, guint16 port);
void test_hub_free (TestHub *self);
const char *test_hub_id (TestHub *self);
/* 127.0.0.1 and the port */
char *test_hub_address (TestHub *self);
KarezTransaction *test_hub_begin (TestHub *self, const char *schema);
/* The first column of the first row of a statement that succeeds. */
char *test_ask (TestHub *self, const char *format, ...) G_GNUC_PRINTF (2, 3);
gint64 test_number (TestHub *self, const char *format, ...) G_GNUC_PRINTF (2, 3);
gint64 test_events (TestHub *self, const char *action);

/* Pairing step by step. */
HubPairing *test_begin (TestHub *self, const char *address, GError **error);
gboolean test_confirm (TestHub *self, const char *pairing, const char *string, GError **error);
/* The pairing that somebody began with this hub. */
HubPairing *test_guest (TestHub *self, const char *pairing);
/* All of it; @initiator dials @address, or the responder's own for NULL. */
void test_pair (TestHub *initiator, TestHub *responder, const char *address);
/* "up", "down", "revoked" or NULL */
const char *test_state (TestHub *self, TestHub *other);
gboolean test_restored (TestHub *self, TestHub *other);
void test_until_up (TestHub *one, TestHub *other);
void test_unpair (TestHub *self, TestHub *other, GError **error);

/* A call and its answer. */
JsonNode *test_call (TestHub *self, TestHub *other, const char *topic, JsonNode *body,
                     guint timeout_ms, GError **error);
/* Posts a word in a lane, with an event. Returns: (transfer full): its id */
char *test_post (TestHub *self, TestHub *other, KarezLane lane, const char *topic,
                 const char *word);
/* A handler of "ward.word" that writes each word down once; @self is its data. */
void test_handle_words (TestHub *self);
/* The words of a lane, in order, joined by blanks. */
char *test_words (TestHub *self, int lane);

/* Bytes between two ports, until it is cut. */
typedef struct _TestRelay TestRelay;
TestRelay *test_relay (guint16 port);
/* The same, and the target sees it come from @source: 127.0.0.9. */
TestRelay *test_relay_from (guint16 port, const char *source);
char *test_relay_address (TestRelay *self);
/* Ends every connection; new ones are taken while it is open. */
void test_relay_cut (TestRelay *self);
void test_relay_set_open (TestRelay *self, gboolean open);
guint test_relay_count (TestRelay *self);
void test_relay_free (TestRelay *self);
