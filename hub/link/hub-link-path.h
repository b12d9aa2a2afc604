/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-address.h"
#include "hub-link-header.h"

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* How often each path carries a keepalive, and after how long a silence it counts as lost. */
#define HUB_LINK_KEEPALIVE_US (250 * 1000)
#define HUB_LINK_SILENCE_US (1500 * 1000)
/* A path that only the other end hears is lost too; the proof may be older by a round trip. */
#define HUB_LINK_UNCONFIRMED_US (3000 * 1000)

/* The payload of a keepalive, on stream 0. Network byte order.
 *
 *   offset  bytes  member
 *        0      1  kind, 1
 *        1      1  path's number, the same at both ends
 *        2      6  reserved, 0
 *        8      8  stamp: the sender's monotonic microseconds
 *       16      8  echo: the newest stamp received on this path, 0 for none yet
 *       24      8  hold: microseconds between that stamp's arrival and this sending
 *       32      8  sent: datagrams sent on this path in this generation, this one included
 */
#define HUB_LINK_KEEPALIVE_BYTES 40u

/**
 * HubLinkPath:
 * One way between the two ends: a UDP socket of ours (shared if the peer has more addresses than
 * we) and an address of the peer. A peer behind a translator is answered where it comes from: the
 * address is learned from keepalives, so only from what the peer sealed, and only from newer ones.
 */
typedef struct
{
  guint number;
  int socket; /* not owned */
  HubAddress local;
  HubAddress remote; /* told by the peer, then learned */

  guint64 sent, send_failed;
  guint64 received;  /* each datagram once, whichever path was first */
  guint64 peer_sent; /* by the newest keepalive, less what was sent before the first one came */
  guint64 unheard;   /* that */
  guint64 lost;      /* at the newest keepalive */
  double loss;       /* smoothed share, 0 to 1 */
  guint64 first;     /* datagrams that came here before any other path */
  gint64 lead, late; /* smoothed microseconds before and after the other path's copy */

  gint64 heard;        /* when the newest keepalive came, 0 for never */
  gint64 peer_stamp;   /* its stamp */
  gint64 confirmed;    /* our newest stamp that came back, 0 for none */
  gint64 rtt, rtt_var; /* microseconds, 0 for not measured */
  gboolean alive;
} HubLinkPath;

void hub_link_path_init (HubLinkPath *self, guint number, int socket, const HubAddress *local,
                         const HubAddress *remote);
/* Forgets what was measured with another generation. */
void hub_link_path_reset (HubLinkPath *self);

/* Sends a datagram without waiting. A full or broken way is a lost datagram, and is counted. */
void hub_link_path_send (HubLinkPath *self, const guint8 *datagram, gsize length);

void hub_link_path_write_keepalive (const HubLinkPath *self, gint64 now, guint8 *out);
/* The path that a keepalive names, or -1 for one that is malformed. */
int hub_link_path_peek_keepalive (const guint8 *payload, gsize length);
/* Takes a keepalive from @source. TRUE if it is answered at once: the path was not alive. */
gboolean hub_link_path_take_keepalive (HubLinkPath *self, const guint8 *payload, gint64 now,
                                       const HubAddress *source);
/* Notes that this path was first, or how long after another path. */
void hub_link_path_note_lead (HubLinkPath *self, gint64 microseconds);
void hub_link_path_note_late (HubLinkPath *self, gint64 microseconds);

/* Whether the peer was heard lately, and proved lately that it hears us. Updates alive. */
gboolean hub_link_path_check (HubLinkPath *self, gint64 now);
/* Less is better: the round trip with its spread, and 20 ms for each hundredth lost. */
gint64 hub_link_path_cost (const HubLinkPath *self);
/* {"name", "alive", "rtt_ms", "lost", "received", "sent", "first", "lead_ms", "late_ms"} */
JsonNode *hub_link_path_to_json (const HubLinkPath *self);

G_END_DECLS
