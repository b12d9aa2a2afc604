/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-link-path.h"
#include "hub-link-seal.h"
#include "hub-link.h"

G_BEGIN_DECLS

/* One end as the other must know it: {"key": base64url of the X25519 public key, "addresses":
 * ["host:port", …] one to four, numeric, "generation": 1 to 2^32 - 1}. */
typedef struct
{
  guint8 key[HUB_LINK_KEY_BYTES];
  guint32 generation;
  guint n_addresses;
  HubAddress addresses[HUB_LINK_MAX_PATHS];
} HubLinkEndpoint;

JsonNode *hub_link_endpoint_to_json (const HubLinkEndpoint *self);
/* %KAREZ_ERROR_INVALID: the rule of karez_json_check(), "link/address" or "link/key". */
gboolean hub_link_endpoint_parse (HubLinkEndpoint *self, JsonNode *node, GError **error);
gboolean hub_link_endpoint_same_addresses (const HubLinkEndpoint *a, const HubLinkEndpoint *b);

G_END_DECLS
