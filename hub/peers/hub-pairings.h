/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-identity.h"
#include "hub-pairing.h"
#include "hub-peer-request.h"

G_BEGIN_DECLS

/* Bounds: open pairings that were begun here, and those that are remembered. See HubPairingGate for
 * those that others begin. */
#define HUB_PAIRINGS_MAX_OPEN 16
#define HUB_PAIRINGS_MAX 256

/**
 * HubPairingsHooks:
 * @is_paired: whether @key is a paired hub's already
 * @check_known: whether neither @hub is paired under another key nor @key known under another id;
 *   %KAREZ_ERROR_CONFLICT with rule "peers/known-otherwise"
 * @is_rekeyed: whether @hub was paired under another key than @key before
 * @pin: writes the pairing down, as an act of @actor, and then calls hub_pairings_pinned()
 * @unpin: ends what was written down: the other hub could not
 */
typedef struct
{
  gboolean (*is_paired) (const char *key, gpointer data);
  gboolean (*check_known) (const char *key, const char *hub, gpointer data, GError **error);
  gboolean (*is_rekeyed) (const char *key, const char *hub, gpointer data);
  void (*pin) (HubPairing *pairing, KarezActor *actor, gpointer data);
  void (*unpin) (HubPairing *pairing, gpointer data);
} HubPairingsHooks;

#define HUB_TYPE_PAIRINGS (hub_pairings_get_type ())
/**
 * HubPairings:
 * The pairings under way: talks to the other hubs, keeps time, and has a pairing written down once
 * both administrators confirmed. In memory only: a restart ends them. Main thread only.
 */
G_DECLARE_FINAL_TYPE (HubPairings, hub_pairings, HUB, PAIRINGS, GObject)

/* @actor: this hub; @hooks: (transfer none): static */
HubPairings *hub_pairings_new (HubIdentity *identity, KarezStore *scope, KarezActor *actor,
                               JsonNode *names, const HubPairingsHooks *hooks, gpointer data);
/* Where others can dial this hub; NULL if they cannot. */
void hub_pairings_set_address (HubPairings *self, const char *address);
void hub_pairings_stop (HubPairings *self);

/* Announces that somebody will dial this hub from @address, for an hour: then their pairing has
 * room whatever others begin. @transaction: the request's, still empty */
void hub_pairings_expect_async (HubPairings *self, KarezTransaction *transaction,
                                const char *address, GAsyncReadyCallback callback, gpointer data);
gboolean hub_pairings_expect_finish (HubPairings *self, GAsyncResult *result, GError **error);

/* Dials @address and goes as far as the strings. @transaction: the request's, still empty. */
void hub_pairings_begin_async (HubPairings *self, KarezTransaction *transaction,
                               const char *address, GCancellable *cancellable,
                               GAsyncReadyCallback callback, gpointer data);
/* Returns: (transfer full): NULL without an error when the request is a repetition */
HubPairing *hub_pairings_begin_finish (HubPairings *self, GAsyncResult *result, GError **error);

/* An administrator typed @string. */
void hub_pairings_confirm_async (HubPairings *self, KarezTransaction *transaction, const char *id,
                                 const char *string, GAsyncReadyCallback callback, gpointer data);
gboolean hub_pairings_confirm_finish (HubPairings *self, GAsyncResult *result, GError **error);

void hub_pairings_cancel_async (HubPairings *self, KarezTransaction *transaction, const char *id,
                                GAsyncReadyCallback callback, gpointer data);
gboolean hub_pairings_cancel_finish (HubPairings *self, GAsyncResult *result, GError **error);

/* Returns: (transfer none) (nullable) */
HubPairing *hub_pairings_lookup (HubPairings *self, const char *id);
/* {"items": […], "expected": […]}, the newest first. */
JsonNode *hub_pairings_list (HubPairings *self);

/* The end of HubPairingsHooks.pin. @error: (nullable): why it was not written down; one that does
 * not pass by itself ends the pairing */
void hub_pairings_pinned (HubPairings *self, HubPairing *pairing, const GError *error);
/* Answers pairing/commit, pairing/reveal and pairing/confirm. */
void hub_pairings_serve (HubPairings *self, HubPeerRequest *request);

G_END_DECLS
