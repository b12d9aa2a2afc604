/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <karez.h>

G_BEGIN_DECLS

/* How many pairings others may begin in ten minutes, as long as one of them lasts: one customer,
 * and all that were not announced. Each leaves a line in the audit log. */
#define HUB_PAIRING_GATE_CUSTOMER 12
#define HUB_PAIRING_GATE_ALL 48
/* Announcements, and how long one counts. */
#define HUB_PAIRING_GATE_EXPECTED 16
#define HUB_PAIRING_GATE_EXPECTED_MINUTES 60

/**
 * HubPairingGate:
 * Who may begin a pairing with this hub. Customers are those of hub_address_customer(). Whoever an
 * administrator announced is bound as a customer only, so that others cannot take their place. Main
 * thread only.
 */
typedef struct _HubPairingGate HubPairingGate;

HubPairingGate *hub_pairing_gate_new (void);
void hub_pairing_gate_free (HubPairingGate *self);
/* Counts one that begins from @host. @known: by a hub that is paired already, which is as good as
 * announced. %KAREZ_ERROR_BUSY with rule "peers/pairing-rate" when there were too many. */
gboolean hub_pairing_gate_take (HubPairingGate *self, const char *host, gboolean known,
                                GError **error);
/* Whether @address may be announced now: a numeric address ("peers/expected-address"), and not one
 * too many (%KAREZ_ERROR_BUSY, "peers/expected"). Returns: (transfer full): the address alone */
char *hub_pairing_gate_check (HubPairingGate *self, const char *address, GError **error);
/* Announces @host, of hub_pairing_gate_check(), from now on. */
void hub_pairing_gate_expect (HubPairingGate *self, const char *host);
/* [{"address", "expires_in_s"}] Returns: (transfer full) */
JsonNode *hub_pairing_gate_list (HubPairingGate *self);

G_END_DECLS
