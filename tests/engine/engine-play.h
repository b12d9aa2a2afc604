/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <karez.h>

G_BEGIN_DECLS

/* Peers that are played: two ends that hand each other calls at once. Posts stay in the database.
 */
#define PLAY_TYPE_PEERS (play_peers_get_type ())
G_DECLARE_FINAL_TYPE (PlayPeers, play_peers, PLAY, PEERS, GObject)

struct _PlayPeers
{
  GObject parent_instance;
  char *own; /* the id that its calls come from */
  PlayPeers *other;
  GHashTable *handlers;
  const char *silent; /* calls of this topic wait, until play_peers_answer() */
  GPtrArray *waiting;
};

/* What waits is asked now. */
void play_peers_answer (PlayPeers *self);
/* A post as it would come out of the other's outbox. */
void play_peers_deliver (PlayPeers *self, const char *topic, JsonNode *body, gint64 sequence,
                         GAsyncReadyCallback callback, gpointer data);

/* Agenda with one booking, audit that counts, routes that are kept. */
#define PLAY_TYPE_HALL (play_hall_get_type ())
G_DECLARE_FINAL_TYPE (PlayHall, play_hall, PLAY, HALL, GObject)

struct _PlayHall
{
  GObject parent_instance;
  JsonNode *booking;
  guint audited;
  guint reads;        /* of the booking */
  char *action;       /* the last one that was audited */
  GHashTable *routes; /* "GET /records/dead-letters" → what answers */
};
void play_hall_forget_routes (PlayHall *self);

/* A request made by hand. It is answered when its status is not 0; 400 is a refusal. */
#define PLAY_TYPE_REQUEST (play_request_get_type ())
G_DECLARE_FINAL_TYPE (PlayRequest, play_request, PLAY, REQUEST, KarezRequest)

struct _PlayRequest
{
  KarezRequest parent_instance;
  KarezActor *actor;
  GStrv parts; /* name, value, … of the path */
  char *key;
  guint status;
  JsonNode *answer;
  GError *error;
};

/* @parts: (nullable). Returns: (transfer full) */
PlayRequest *play_request_send (PlayHall *hall, KarezActor *actor, const char *route,
                                const char *const *parts);

G_END_DECLS
