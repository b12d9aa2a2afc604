/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "engine-fixture.h"
#include "hub-live-session-private.h"

G_BEGIN_DECLS

/* A live session of this process with the module "live", and the other worker's end of its link. */
typedef struct
{
  char *id, *hub, *partner, *directory;
  HubLiveSession *session;
  HubLink *link; /* the other worker's end */
  guint64 heard; /* as the session says by it */
  guint changes;
  gboolean prepared;
} LiveFixture;

/* @data: "host" or "mirror", which is what this side is; ends when the link is up */
void live_set_up (LiveFixture *f, gconstpointer data);
void live_tear_down (LiveFixture *f, gconstpointer data);

/* The other worker says something. @body: (transfer full) */
void live_say (LiveFixture *f, JsonNode *body);
/* A word away from risk: another person's, for another reason, each time. */
void live_say_word (LiveFixture *f, const char *word, guint number);
/* Until this side has said that it has heard that number. */
void live_until_heard (LiveFixture *f, guint64 number);

/* This side's hub asks. */
void live_begin_move (LiveFixture *f, const char *edge, Await *await);
void live_move (LiveFixture *f, const char *edge);
void live_go_live (LiveFixture *f);
void live_until_state (LiveFixture *f, KarezState state);

/* Records of the whole session, those of an @action (nullable), and what they count (nullable). */
guint live_count_records (LiveFixture *f, const char *action, gint64 *counted);
/* "moving" or "still", as the live half tells it. */
const char *live_moving_of (LiveFixture *f);

G_END_DECLS
