/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <karez.h>

G_BEGIN_DECLS

#define HUB_PAIRING_TRIES 3
#define HUB_PAIRING_MINUTES 10

typedef enum
{
  HUB_PAIRING_INITIATOR,
  HUB_PAIRING_RESPONDER,
} HubPairingRole;

typedef enum
{
  HUB_PAIRING_OPENING,   /* keys are exchanged, the initiator's nonce is not yet known */
  HUB_PAIRING_COMPARING, /* both screens show their string */
  HUB_PAIRING_HERE,      /* confirmed here */
  HUB_PAIRING_THERE,     /* confirmed at the other hospital */
  HUB_PAIRING_BOTH,      /* confirmed by both, not yet written down */
  HUB_PAIRING_PAIRED,
  HUB_PAIRING_BURNT,
  HUB_PAIRING_EXPIRED,
  HUB_PAIRING_CANCELLED,
} HubPairingState;

typedef enum
{
  HUB_PAIRING_REVEAL,
  HUB_PAIRING_CONFIRM_HERE,
  HUB_PAIRING_CONFIRM_THERE,
  HUB_PAIRING_PIN,
  HUB_PAIRING_BURN,
  HUB_PAIRING_EXPIRE,
  HUB_PAIRING_CANCEL,
  HUB_PAIRING_REFUSE, /* it cannot be written down */
} HubPairingEdge;

#define HUB_TYPE_PAIRING (hub_pairing_get_type ())
/**
 * HubPairing:
 * One pairing under way, as one of the two hubs sees it. Each screen shows a string of its own to
 * be read out, and the other administrator types it; a string on one's own screen is never the one
 * to be typed there, so nobody confirms without having spoken to the other. Main thread only.
 *
 * Signal "changed" (no arguments): the state.
 */
G_DECLARE_FINAL_TYPE (HubPairing, hub_pairing, HUB, PAIRING, GObject)

/**
 * hub_pairing_new:
 * @id: a UUID that the initiator made
 * @own_key: hash of this hub's key
 * @address: (nullable): where the other hub can be dialled
 */
HubPairing *hub_pairing_new (HubPairingRole role, const char *id, const char *own_key,
                             const char *address);
const char *hub_pairing_get_id (HubPairing *self);
HubPairingRole hub_pairing_get_role (HubPairing *self);
HubPairingState hub_pairing_get_state (HubPairing *self);
gboolean hub_pairing_is_over (HubPairing *self);
/* Whether it was confirmed here, or there. */
gboolean hub_pairing_is_confirmed_here (HubPairing *self);
const char *hub_pairing_get_address (HubPairing *self);
gint64 hub_pairing_get_expiry (HubPairing *self);

/* Who the other hub is. The key is that of the TLS connection. */
void hub_pairing_set_other (HubPairing *self, const char *key, const char *hub, JsonNode *names);
/* The other hub was paired under another key before: its hospital has to say why. */
void hub_pairing_set_rekeyed (HubPairing *self, gboolean rekeyed);
const char *hub_pairing_get_other_key (HubPairing *self);
const char *hub_pairing_get_other_hub (HubPairing *self);
JsonNode *hub_pairing_get_other_names (HubPairing *self);

/* The own nonce, 64 hexadecimal digits. */
const char *hub_pairing_get_nonce (HubPairing *self);
/* The initiator's promise: SHA-256 ("karez pairing commitment v1" ‖ key ‖ nonce).
 * Returns: (transfer full) */
char *hub_pairing_commit (const char *key, const char *nonce);
/* What the initiator committed to, for the responder. */
void hub_pairing_set_commitment (HubPairing *self, const char *commitment);
const char *hub_pairing_get_commitment (HubPairing *self);

/* The other hub's nonce: the strings are made. %KAREZ_ERROR_DENIED with rule
 * "peers/commitment" when it is not what was committed to; that ends the pairing. */
gboolean hub_pairing_reveal (HubPairing *self, const char *nonce, GError **error);
/* What this screen shows, "XXXX-XXXX"; NULL before hub_pairing_reveal(). */
const char *hub_pairing_get_shown (HubPairing *self);

/* Goes one edge; FALSE, and nothing happens, if there is none from here. */
gboolean hub_pairing_go (HubPairing *self, HubPairingEdge edge);

/**
 * hub_pairing_try:
 * @string: what the administrator typed
 *
 * Whether it is what the other screen shows. Does not confirm yet. %KAREZ_ERROR_INVALID with rule
 * "peers/wrong-string"; the third wrong one burns the pairing: %KAREZ_ERROR_CONFLICT with rule
 * "peers/pairing-burnt".
 */
gboolean hub_pairing_try (HubPairing *self, const char *string, GError **error);

/* As the API shows it. Returns: (transfer full) */
JsonNode *hub_pairing_to_json (HubPairing *self);

/* The two strings: of 80 bits of a hash over both keys and nonces, 40 for each screen.
 * @initiator, @responder: (out) (transfer full) */
void hub_pairing_make_strings (const char *initiator_key, const char *responder_key,
                               const char *initiator_nonce, const char *responder_nonce,
                               char **initiator, char **responder);

G_END_DECLS
