/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-peer-parking.h"

G_BEGIN_DECLS

struct _HubPeerParking
{
  GObject parent_instance;
  KarezStore *scope;
  KarezActor *actor;
  HubPeerHandlers *handlers;
  HubPeerFindFunc find;
  gpointer data;
  GCancellable *cancellable;
  GHashTable *streams; /* "peer lane owner" → Stream */
  guint max_messages, max_dead_letters;
  gint64 max_bytes;
  GHashTable *paces; /* "peer owner" → Pace */
  guint pace_messages;
};

/* What an event says of @message. @rule: (nullable): that refused it. Returns: (transfer full) */
JsonNode *hub_peer_parking_describe (KarezMessage *message, const char *id, const char *rule);
/* peer/lane/sequence. Returns: (transfer full) */
char *hub_peer_parking_make_row (KarezMessage *message);

G_END_DECLS
