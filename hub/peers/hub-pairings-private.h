/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the three files of HubPairings share: what administrators do (hub-pairings.c), the side that
 * dials (hub-pairings-initiator.c) and the side that is dialled (hub-pairings-responder.c). */

#include "hub-pairing-gate.h"
#include "hub-pairings.h"
#include "hub-peer-client.h"

G_BEGIN_DECLS

#define HUB_PAIRINGS_TIMEOUT_MS 8000
#define HUB_PAIRINGS_HEX 64 /* digits of a key hash, a nonce or a commitment */

struct _HubPairings
{
  GObject parent_instance;
  HubIdentity *identity;
  KarezStore *scope;
  KarezActor *actor;
  JsonNode *names;
  char *address;
  const HubPairingsHooks *hooks;
  gpointer data;
  GPtrArray *entries; /* Entry, the oldest first */
  HubPairingGate *gate;
  guint timer;
  gboolean stopped; /* the hooks' data may be gone */
};

typedef struct
{
  HubPairing *pairing;
  HubPeerClient *client; /* the initiator's */
  KarezActor *confirmer;
  GHashTable *requests; /* ids of requests that were counted */
  gboolean polling, pinning;
  gboolean met;          /* of the initiator: there is such a pairing at the other hub */
  gboolean paired_there; /* of the initiator: the other hub has written it down, and goes first */
  gboolean complained;   /* that it cannot be written down now */
  GPtrArray *waiting;    /* HubPeerRequest: commits, until the first one is recorded; then NULL */
  gboolean told;         /* the other hub knows how it ended here */
} HubPairingsEntry;

/* {"en", …} and {"pairing", "confirmed", "ended", "paired"} */
extern const KarezJsonField hub_pairings_name_fields[];
extern const KarezJsonField hub_pairings_status_fields[];

HubPairingsEntry *hub_pairings_find (HubPairings *self, const char *id);
HubPairingsEntry *hub_pairings_add (HubPairings *self, HubPairing *pairing);
/* Forgets pairings that are over when there are too many. */
void hub_pairings_make_room (HubPairings *self);
/* Has it written down if both have confirmed; here once the hub that was dialled has. */
void hub_pairings_maybe_pin (HubPairings *self, HubPairingsEntry *entry);
/* Tells the responder how it stands here, and asks how it stands there. */
void hub_pairings_poll (HubPairings *self, HubPairingsEntry *entry);
gboolean hub_pairings_is_hex (const char *text);
/* Whether a hub with this key may be known as @hub: neither is this hub's own ("peers/self",
 * "peers/own-id") or belongs to another one ("peers/known-otherwise"). */
gboolean hub_pairings_check_claim (HubPairings *self, const char *key, const char *hub,
                                   GError **error);
/* Whether it is over without success. */
gboolean hub_pairings_is_ended (HubPairing *pairing);

G_END_DECLS
