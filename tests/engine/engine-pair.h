/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "engine-fixture.h"
#include "engine-play.h"
#include "hub-engine.h"
#include "hub-identity.h"

G_BEGIN_DECLS

/* A hospital. */
typedef struct PairHub
{
  char *id, *database, *state_dir;
  HubIdentity *identity;
  struct PairHub *other;
  HubStore *store;
  HubEngine *engine;
  PlayPeers *peers;
  PlayHall *hall;
  GHashTable *pages; /* connection → GPtrArray of texts */
  guint restarting, over;
  const char *link_address; /* NULL: any port of 127.0.0.1 */
  char *told;               /* the state that pages were told last */
} PairHub;

/* Two hubs' engines in one process, with two databases, real workers and a real link; peers and
 * agenda are played. The first one is the host of the one session. Each has one person, whose id is
 * the hub's. */
typedef struct
{
  PairHub hubs[2];
  char *session;
} Pair;

/* The session is planned at both hubs, with @reason (nullable) as the booking's. */
void pair_set_up (Pair *pair, gconstpointer reason);
void pair_tear_down (Pair *pair, gconstpointer reason);

void pair_start_engine (PairHub *hub, const char *plugins);
void pair_stop_engine (PairHub *hub);
/* Where the one plugin is. Returns: (transfer full) */
char *pair_plugin_folder (void);

/* What SQL says. Returns: (transfer full) */
char *pair_ask (PairHub *hub, const char *sql);
/* And that it is as expected; SESSION in @format stands for the session's id. */
void pair_expect_rows (PairHub *hub, const char *format, const char *session, const char *expected);

/* Takes the hub's database away, or gives it back. */
void pair_set_database (Pair *pair, guint i, gboolean there);

/* For pair_expect_rows(): who is in. */
#define PAIR_PRESENT                                                                               \
  "select count (*) from engine.participant where session = 'SESSION' and left_at is null"

HubSession *pair_session_of (Pair *pair, guint i);
/* The worker's process. */
int pair_worker_of (Pair *pair, guint i);
JsonNode *pair_move (Pair *pair, guint i, const char *edge, GError **error);
void pair_move_well (Pair *pair, guint i, const char *edge);
/* The same without waiting for the answer; await_result() and g_object_unref() end it. */
void pair_begin_move (Pair *pair, guint i, const char *edge, Await *await);
/* Until both hubs say so. */
void pair_wait_for (Pair *pair, KarezState state, guint seconds);
void pair_go_live (Pair *pair);

/* Checks for turn_until(), of a Pair. */
gboolean pair_link_is_up (gpointer pair);
gboolean pair_rows_say_over (gpointer pair);

/* The hub's person joins. Returns: (transfer full): the participant, or NULL with @error set */
char *pair_ask_to_join (Pair *pair, guint i, gboolean replace, GError **error);
void pair_bind_page (Pair *pair, guint i, const char *participant, const char *connection);
/* Both. */
char *pair_join (Pair *pair, guint i, const char *connection);
/* A page sends a message of that type. */
void pair_say (Pair *pair, guint i, const char *connection, const char *type);
/* The same with a whole message. @body: (transfer full) */
void pair_say_body (Pair *pair, guint i, const char *connection, JsonNode *body);
/* Waits until a page was sent something with @text in it. */
void pair_hear (Pair *pair, guint i, const char *connection, const char *text);
/* Whether it was. */
gboolean pair_has_heard (Pair *pair, guint i, const char *connection, const char *text);

G_END_DECLS
