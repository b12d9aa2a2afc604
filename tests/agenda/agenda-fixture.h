/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-booking-act.h"
#include "hub-booking-request.h"
#include "hub-agenda-resources.h"
#include "hub-agenda.h"

#include <libpq-fe.h>

G_BEGIN_DECLS

#define TEST_TYPE_PEERS (test_peers_get_type ())
/**
 * TestPeers:
 * A KarezPeers in memory that knows one other and delivers nothing by itself: messages stand in the
 * sender's outbox table until the test carries them over, late, twice or not at all.
 */
G_DECLARE_FINAL_TYPE (TestPeers, test_peers, TEST, PEERS, GObject)

/* One hospital: its database, its agenda. */
typedef struct _Hub
{
  const char *id;
  const char *name;
  char *connection;
  PGconn *pg; /* the test's own look */
  HubStore *store;
  TestPeers *peers;
  HubAgenda *agenda;
  KarezActor *desk;
  guint n_changed;
} Hub;

typedef struct
{
  Hub a, b; /* a asks, b is asked */
} Pair;

#define HUB_A "0193a000-0000-7000-8000-00000000000a"
#define HUB_B "0193a000-0000-7000-8000-00000000000b"
#define HUB_C "0193a000-0000-7000-8000-00000000000c"

/* Opens both stores over KAREZ_TEST_DATABASE and _2, once for the program. */
Pair *pair_get (void);
void pair_free (void);

/* Result of one synchronous act: the body or the error. */
typedef struct
{
  JsonNode *body;
  GError *error;
  gboolean repeated;
} Outcome;
void outcome_clear (Outcome *outcome);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Outcome, outcome_clear)

/* The body of a booking, with "resources" by their ids, ended by NULL. */
JsonNode *booking_body (const char *id, const char *partner, gint64 starts_at, gint64 ends_at,
                        ...) G_GNUC_NULL_TERMINATED;
Outcome hub_request (Hub *hub, JsonNode *body /* (transfer full) */, const char *request_id);
Outcome hub_act (Hub *hub, HubAct act, const char *booking, const char *const *resources,
                 const char *answer);
gboolean hub_complete (Hub *hub, const char *booking, GError **error);
/* Makes a resource of this hub and returns its id. */
char *hub_add_resource (Hub *hub, const char *kind, const char *name);
JsonNode *hub_booking (Hub *hub, const char *id); /* NULL when it is not there */
char *hub_state (Hub *hub, const char *booking);  /* "" when it is not there */

/* Hands a message to the hub as if its peer had sent it. FALSE with the handler's error. */
gboolean hub_receive (Hub *hub, const char *peer, const char *topic, JsonNode *body, int lane,
                      gint64 sequence, GError **error);
/* Carries the head of one lane from one hub to the other. @forget: acknowledges it, which removes
 * it. Returns whether there was one. */
gboolean carry (Hub *from, Hub *to, int lane, gboolean forget);
/* Until both outboxes are empty. */
void carry_all (Pair *pair);
/* What @hub pulls is answered by @func from now on, or by the other hub with NULL. */
void peers_set_feed (Hub *hub, KarezFeedFunc func, gpointer data);
void peers_set_up (Hub *hub, Hub *other, gboolean up);
/* Waits for what runs by itself until the query says "t". */
void wait_until (Hub *hub, const char *sql);

/* The first column of the first row, "" if there is none. */
char *hub_ask (Hub *hub, const char *sql) G_GNUC_WARN_UNUSED_RESULT;
void hub_sql (Hub *hub, const char *sql);

void assert_rule (const Outcome *outcome, KarezError code, const char *rule);

G_END_DECLS
