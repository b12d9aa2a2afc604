/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <karez.h>

G_BEGIN_DECLS

/* The most paths between two ends. */
#define HUB_LINK_MAX_PATHS 4u

#define HUB_TYPE_LINK (hub_link_get_type ())
G_DECLARE_FINAL_TYPE (HubLink, hub_link, HUB, LINK, GObject)

/**
 * HubLink:
 * One end of the sealed, redundant datagram link of one session: a #KarezLink. Used on the thread
 * that made it, whose default main context it runs in. Nothing of it blocks.
 *
 * Each process that makes one is a new *generation* of its end, with a new key pair. Streams start
 * empty with each generation of either end: what the process that went had not acknowledged is
 * dropped, and "changed" tells both downs and ups, so send state again when the link comes up.
 * Messages of an ordered stream sent before the first hub_link_connect() wait for it.
 */

/**
 * hub_link_new:
 * @session: the session's UUID, the same at both ends
 * @host: whether this end is the session's host; exactly one end is
 * @generation: of this end's process, from 1, greater at each restart
 * @bind_address: numeric addresses of this machine to send from, split by commas: one for each
 *   path, "10.0.0.5" or "10.0.0.5:4000,[fd00::5]". Without a port the kernel chooses. Not a
 *   wildcard, because the other end is told them.
 *
 * Returns: (transfer full): an end that is not connected, or NULL with %KAREZ_ERROR_INVALID (rules
 *   "link/session", "link/bind-address") or %KAREZ_ERROR_UNAVAILABLE ("link/bind")
 */
HubLink *hub_link_new (const char *session, gboolean host, guint32 generation,
                       const char *bind_address, GError **error);

/* What the other end needs, over the peer channel: {"key": base64url of the X25519 public key,
 * "addresses": ["host:port", …], "generation": n}. Returns: (transfer full) */
JsonNode *hub_link_get_endpoint (HubLink *self);

/**
 * hub_link_connect:
 * @peer_endpoint: (transfer none): hub_link_get_endpoint() of the other end, as it came
 *
 * Begins to talk to the other end, or to a newer generation of it; "changed" says when it answers.
 * Path n goes from local address n to the peer's address n; the side with fewer uses its own again.
 * The same endpoint again changes nothing but the addresses, if they differ.
 *
 * %KAREZ_ERROR_INVALID ("link/address", "link/key", or the rule of karez_json_check()) for what is
 * malformed, and %KAREZ_ERROR_CONFLICT ("link/generation") for an older generation, or the same one
 * with another key; nothing is changed then.
 */
gboolean hub_link_connect (HubLink *self, JsonNode *peer_endpoint, GError **error);

G_END_DECLS
