/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One end of a link as plain work on datagrams: no socket, no clock, no main loop. */
#include "hub-link-end.h"

#include "hub-id.h"
#include "hub-link-window.h"

#include <glib/gi18n.h>

#define N_STREAMS (HUB_LINK_MAX_STREAM + 1)
/* Why a datagram was refused, and its name in the statistics. */
typedef enum
{
  REFUSED_MALFORMED,   /* cannot be a datagram of a link, or its sealed content is none */
  REFUSED_UNCONNECTED, /* no other end is known yet */
  REFUSED_GENERATION,  /* an older or a not yet known generation of the other end */
  REFUSED_FOREIGN,     /* another session, other keys */
  REFUSED_UNOPENED,    /* a stream that this end has not opened */
  REFUSED_OLD,         /* before the window */
  REFUSED_REPEATED,    /* came on this path before */
  REFUSED_FORGED,      /* the seal does not open */
  N_REFUSED,
} Refused;

static const char *const refused_names[N_REFUSED] = { "malformed", "unconnected", "generation",
                                                      "foreign",   "unopened",    "old",
                                                      "repeated",  "forged" };

/* What both directions of an open stream need to remember. */
typedef struct
{
  KarezLinkPolicy policy;
  guint64 sequence;      /* the last one sent */
  HubLinkWindow *window; /* NULL for a stream that is not open */
} Lane;

struct _HubLinkEnd
{
  char *session;
  gboolean host;
  guint32 generation;
  HubLinkPair *pair;
  HubLinkEndFunc deliver;
  gpointer data;

  guint n_sockets;
  int sockets[HUB_LINK_MAX_PATHS];
  HubAddress addresses[HUB_LINK_MAX_PATHS], told[HUB_LINK_MAX_PATHS];

  gboolean connected, up;
  HubLinkEndpoint peer;
  HubLinkSeal *seal;
  HubLinkPaths paths;
  Lane lanes[N_STREAMS];
  guint64 refused[N_REFUSED];
};

/* Making and unmaking. */

HubLinkEnd *
hub_link_end_new (const char *session, gboolean host, guint32 generation, HubLinkEndFunc deliver,
                  gpointer data, GError **error)
{
  HubLinkEnd *self;

  if (!hub_id_is_valid (session) || generation == 0)
    {
      karez_error_set (error, KAREZ_ERROR_INVALID, "link/session",
                       N_ ("the session's UUID and a generation from 1"),
                       N_ ("The link has no session"));
      return NULL;
    }
  self = g_new0 (HubLinkEnd, 1);
  self->session = g_strdup (session);
  self->host = host;
  self->generation = generation;
  self->deliver = deliver;
  self->data = data;
  self->pair = hub_link_pair_new ();
  hub_link_end_open (self, HUB_LINK_STREAM_KEEPALIVE, KAREZ_LINK_BEST);
  return self;
}

void
hub_link_end_free (HubLinkEnd *self)
{
  for (guint i = 0; i < N_STREAMS; i++)
    g_clear_pointer (&self->lanes[i].window, hub_link_window_free);
  g_clear_pointer (&self->seal, hub_link_seal_free);
  hub_link_pair_free (self->pair);
  g_free (self->session);
  g_free (self);
}

void
hub_link_end_add_socket (HubLinkEnd *self, int fd, const HubAddress *address,
                         const HubAddress *told)
{
  g_return_if_fail (self->n_sockets < HUB_LINK_MAX_PATHS && !self->connected);
  self->sockets[self->n_sockets] = fd;
  self->told[self->n_sockets] = *told;
  self->addresses[self->n_sockets++] = *address;
}

gboolean
hub_link_end_open (HubLinkEnd *self, guint stream, KarezLinkPolicy policy)
{
  Lane *lane = &self->lanes[stream];

  if (lane->window != NULL)
    return lane->policy == policy;
  lane->policy = policy;
  lane->window = hub_link_window_new ();
  return TRUE;
}

gboolean
hub_link_end_is_open (const HubLinkEnd *self, guint stream)
{
  return stream < N_STREAMS && self->lanes[stream].window != NULL;
}

/* Sending. */

static void
send_sealed (HubLinkEnd *self, HubLinkPath *path, guint stream, const guint8 *payload, gsize length)
{
  guint8 datagram[HUB_LINK_MAX_WIRE];
  gsize size = hub_link_seal_close (self->seal, stream, ++self->lanes[stream].sequence, payload,
                                    length, datagram);

  if (path != NULL)
    {
      hub_link_path_send (path, datagram, size);
      return;
    }
  for (guint i = 0; i < self->paths.n; i++)
    hub_link_path_send (&self->paths.paths[i], datagram, size);
}

void
hub_link_end_send (HubLinkEnd *self, guint stream, const guint8 *payload, gsize length)
{
  g_return_if_fail (hub_link_end_is_open (self, stream));
  if (self->connected)
    send_sealed (self, self->lanes[stream].policy == KAREZ_LINK_BEST ? self->paths.best : NULL,
                 stream, payload, length);
}

static void
send_keepalive (HubLinkEnd *self, HubLinkPath *path, gint64 now)
{
  guint8 payload[HUB_LINK_KEEPALIVE_BYTES];

  hub_link_path_write_keepalive (path, now, payload);
  send_sealed (self, path, HUB_LINK_STREAM_KEEPALIVE, payload, sizeof payload);
}

void
hub_link_end_keep_alive (HubLinkEnd *self, gint64 now)
{
  for (guint i = 0; i < self->paths.n; i++)
    send_keepalive (self, &self->paths.paths[i], now);
  self->up = hub_link_paths_check (&self->paths, now);
}

/* Receiving. */

static void
take_keepalive (HubLinkEnd *self, int fd, const guint8 *payload, gsize length,
                const HubAddress *source, gint64 now)
{
  HubLinkPath *path = hub_link_paths_find (&self->paths,
                                           hub_link_path_peek_keepalive (payload, length));

  if (path == NULL || path->socket != fd)
    {
      self->refused[REFUSED_MALFORMED]++;
      return;
    }
  path->received++;
  if (hub_link_path_take_keepalive (path, payload, now, source))
    send_keepalive (self, path, now);
  self->up = hub_link_paths_check (&self->paths, now);
}

static void
take_copy (HubLinkEnd *self, Lane *lane, guint64 sequence, guint32 tag, HubLinkPath *path,
           gint64 now)
{
  guint number = path != NULL ? path->number : HUB_LINK_NO_PATH, first;
  HubLinkPath *winner;
  gint64 late;

  if (!hub_link_window_copy (lane->window, sequence, tag, number, now, &first, &late))
    {
      self->refused[REFUSED_REPEATED]++;
      return;
    }
  if (path == NULL)
    return;
  path->received++;
  winner = hub_link_paths_find (&self->paths, (int) first);
  if (winner != NULL)
    {
      hub_link_path_note_lead (winner, late);
      hub_link_path_note_late (path, late);
    }
}

/* What is refused before the seal is opened. N_REFUSED: nothing speaks against it. */
static Refused
judge_header (HubLinkEnd *self, const HubLinkHeader *header)
{
  if (self->seal == NULL)
    return REFUSED_UNCONNECTED;
  if (header->generation != self->peer.generation)
    return REFUSED_GENERATION;
  if (header->link != hub_link_seal_get_incoming (self->seal))
    return REFUSED_FOREIGN;
  if (!hub_link_end_is_open (self, header->stream))
    return REFUSED_UNOPENED;
  if (hub_link_window_look (self->lanes[header->stream].window, header->sequence)
      == HUB_LINK_SEQUENCE_OLD)
    return REFUSED_OLD;
  return N_REFUSED;
}

void
hub_link_end_take (HubLinkEnd *self, int fd, const guint8 *datagram, gsize length,
                   const HubAddress *source, gint64 now)
{
  guint8 payload[HUB_LINK_MAX_PAYLOAD];
  HubLinkHeader header;
  HubLinkPath *path;
  Lane *lane;
  Refused refused;
  guint32 tag;

  refused = hub_link_header_read (&header, datagram, length) ? judge_header (self, &header)
                                                             : REFUSED_MALFORMED;
  if (refused != N_REFUSED)
    {
      self->refused[refused]++;
      return;
    }

  lane = &self->lanes[header.stream];
  path = hub_link_paths_find_source (&self->paths, fd, source);
  tag = hub_get32 (datagram + length - HUB_LINK_TAG_BYTES);
  if (hub_link_window_look (lane->window, header.sequence) == HUB_LINK_SEQUENCE_SEEN)
    {
      take_copy (self, lane, header.sequence, tag, path, now);
      return;
    }
  if (!hub_link_seal_open (self->seal, &header, datagram, length, payload, &length))
    {
      self->refused[REFUSED_FORGED]++;
      return;
    }
  hub_link_window_take (lane->window, header.sequence, tag,
                        path != NULL ? path->number : HUB_LINK_NO_PATH, now);
  if (header.stream == HUB_LINK_STREAM_KEEPALIVE)
    {
      take_keepalive (self, fd, payload, length, source, now);
      return;
    }
  if (path != NULL)
    {
      path->received++;
      path->first++;
    }
  self->deliver (header.stream, payload, length, now, self->data);
}

/* Connecting. */

JsonNode *
hub_link_end_get_endpoint (const HubLinkEnd *self)
{
  HubLinkEndpoint own = { .generation = self->generation, .n_addresses = self->n_sockets };

  memcpy (own.key, hub_link_pair_get_public (self->pair), sizeof own.key);
  for (guint i = 0; i < self->n_sockets; i++)
    own.addresses[i] = self->told[i];
  return hub_link_endpoint_to_json (&own);
}

/* Path n joins our address n with the peer's address n; the side with fewer uses its own again.
 * Both ends number the paths alike, as keepalives name them. FALSE if there is none. */
static gboolean
plan_paths (HubLinkEnd *self, const HubLinkEndpoint *peer, HubLinkPaths *plan)
{
  *plan = (HubLinkPaths){ .n = 0 };
  for (guint i = 0; i < MAX (self->n_sockets, peer->n_addresses); i++)
    {
      const HubAddress *local = &self->addresses[i % self->n_sockets];
      const HubAddress *remote = &peer->addresses[i % peer->n_addresses];

      if (local->storage.ss_family == remote->storage.ss_family)
        hub_link_path_init (&plan->paths[plan->n++], i, self->sockets[i % self->n_sockets], local,
                            remote);
    }
  return plan->n > 0;
}

static gboolean
check_peer (HubLinkEnd *self, const HubLinkEndpoint *peer, GError **error)
{
  gboolean same_key = memcmp (peer->key, self->peer.key, sizeof peer->key) == 0;

  if (self->connected && peer->generation < self->peer.generation)
    return karez_error_set (error, KAREZ_ERROR_CONFLICT, "link/generation",
                            N_ ("the endpoint of the newest process"),
                            N_ ("This end of the link was replaced by a newer one"));
  if (self->connected && (peer->generation == self->peer.generation) != same_key)
    return karez_error_set (error, KAREZ_ERROR_CONFLICT, "link/generation",
                            N_ ("a new key with each new generation"),
                            N_ ("The link's key and generation do not belong together"));
  if (memcmp (peer->key, hub_link_pair_get_public (self->pair), sizeof peer->key) == 0)
    return karez_error_set (error, KAREZ_ERROR_INVALID, "link/key", N_ ("the other end's endpoint"),
                            N_ ("A link cannot be connected to itself"));
  return TRUE;
}

/* A new pair of generations has new keys, so sequences and windows begin again. */
static void
take_peer (HubLinkEnd *self, const HubLinkEndpoint *peer, HubLinkSeal *seal, gboolean renewed)
{
  self->up = FALSE;
  g_clear_pointer (&self->seal, hub_link_seal_free);
  self->seal = seal;
  for (guint i = 0; i < N_STREAMS && renewed; i++)
    if (self->lanes[i].window != NULL)
      {
        self->lanes[i].sequence = 0;
        hub_link_window_free (self->lanes[i].window);
        self->lanes[i].window = hub_link_window_new ();
      }
  self->peer = *peer;
  self->connected = TRUE;
}

gboolean
hub_link_end_connect (HubLinkEnd *self, const HubLinkEndpoint *peer, gboolean *renewed,
                      GError **error)
{
  HubLinkTerms terms = { .session = self->session, .host = self->host };
  HubLinkPaths paths;
  HubLinkSeal *seal;

  if (!check_peer (self, peer, error))
    return FALSE;
  *renewed = !self->connected || peer->generation != self->peer.generation;
  if (!*renewed && hub_link_endpoint_same_addresses (peer, &self->peer))
    return TRUE;
  if (!plan_paths (self, peer, &paths))
    return karez_error_set (error, KAREZ_ERROR_INVALID, "link/address",
                            N_ ("an address of the family that this end uses"),
                            N_ ("The two ends of the link have no address of one kind"));
  terms.own_generation = self->generation;
  terms.peer_generation = peer->generation;
  seal = hub_link_seal_new (self->pair, peer->key, &terms);
  if (seal == NULL)
    return karez_error_set (error, KAREZ_ERROR_INVALID, "link/key",
                            N_ ("a fresh X25519 public key"),
                            N_ ("The partner's link key gives no secret"));
  take_peer (self, peer, seal, *renewed);
  self->paths = paths;
  return TRUE;
}

gboolean
hub_link_end_is_connected (const HubLinkEnd *self)
{
  return self->connected;
}

/* What is known of it. */

gboolean
hub_link_end_is_up (const HubLinkEnd *self)
{
  return self->up;
}

guint32
hub_link_end_get_peer_generation (const HubLinkEnd *self)
{
  return self->peer.generation;
}

void
hub_link_end_note_malformed (HubLinkEnd *self)
{
  self->refused[REFUSED_MALFORMED]++;
}

const HubLinkPaths *
hub_link_end_get_paths (const HubLinkEnd *self)
{
  return &self->paths;
}

JsonNode *
hub_link_end_to_json (const HubLinkEnd *self)
{
  JsonObject *refused = json_object_new ();
  JsonNode *refused_node = json_node_new (JSON_NODE_OBJECT);

  for (guint i = 0; i < N_REFUSED; i++)
    json_object_set_int_member (refused, refused_names[i], (gint64) self->refused[i]);
  json_node_take_object (refused_node, refused);
  return karez_json_object ("up", "b", self->up, "paths", "n",
                            hub_link_paths_to_json (&self->paths), "generation", "i",
                            (gint64) self->generation, "peer_generation", "i",
                            (gint64) self->peer.generation, "refused", "n", refused_node, NULL);
}
