/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hub-link.h"

#include "hub-clock.h"
#include "hub-id.h"
#include "hub-link-endpoint.h"
#include "hub-link-paths.h"
#include "hub-link-socket.h"
#include "hub-link-stream.h"
#include "hub-log.h"

#include <glib/gi18n.h>

#define STREAM_KEEPALIVE 0u
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

struct _HubLink
{
  GObject parent;

  char *session;
  gboolean host;
  guint32 generation;
  HubLinkPair *pair;
  GMainContext *context;
  HubLinkSocket *sockets[HUB_LINK_MAX_PATHS];
  guint n_sockets;

  gboolean connected;
  HubLinkEndpoint peer;
  HubLinkSeal *seal;
  HubLinkPaths paths;
  gboolean up;

  HubLinkStream *streams[N_STREAMS];
  GSource *keepalive;
  GSource *timer;
  guint64 refused[N_REFUSED];
};

static void hub_link_iface_init (KarezLinkInterface *iface);
G_DEFINE_FINAL_TYPE_WITH_CODE (HubLink, hub_link, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (KAREZ_TYPE_LINK, hub_link_iface_init))

/* Sending. */

static void
send_sealed (HubLink *self, HubLinkPath *path, HubLinkStream *stream, const guint8 *payload,
             gsize length)
{
  guint8 datagram[HUB_LINK_MAX_WIRE];
  gsize size = hub_link_seal_close (self->seal, stream->number, ++stream->sequence, payload, length,
                                    datagram);

  if (path != NULL)
    {
      hub_link_path_send (path, datagram, size);
      return;
    }
  for (guint i = 0; i < self->paths.n; i++)
    hub_link_path_send (&self->paths.paths[i], datagram, size);
}

static void
send_on_stream (HubLinkStream *stream, const guint8 *payload, gsize length)
{
  HubLink *self = stream->owner;

  send_sealed (self, stream->policy == KAREZ_LINK_BEST ? self->paths.best : NULL, stream, payload,
               length);
}

static void
send_ordered (const guint8 *payload, gsize length, gpointer data)
{
  send_on_stream (data, payload, length);
}

static void
send_keepalive (HubLink *self, HubLinkPath *path, gint64 now)
{
  guint8 payload[HUB_LINK_KEEPALIVE_BYTES];

  hub_link_path_write_keepalive (path, now, payload);
  send_sealed (self, path, self->streams[STREAM_KEEPALIVE], payload, sizeof payload);
}

static void
set_timer (HubLink *self, gint64 now)
{
  gint64 deadline = G_MAXINT64;

  for (guint i = 1; i < N_STREAMS; i++)
    if (self->streams[i] != NULL && self->streams[i]->ordered != NULL)
      deadline = MIN (deadline, self->streams[i]->deadline);
  g_source_set_ready_time (self->timer, deadline == G_MAXINT64 || !self->up
                                            ? -1
                                            : g_get_monotonic_time () + MAX (deadline - now, 0));
}

/* Lets the ordered streams that have something to do send. While the link is down they wait. */
static void
poll_streams (HubLink *self, gboolean all)
{
  gint64 now = hub_clock_monotonic ();

  for (guint i = 1; i < N_STREAMS && self->up; i++)
    {
      HubLinkStream *stream = self->streams[i];

      if (stream == NULL || stream->ordered == NULL)
        continue;
      if (!all && !stream->dirty && stream->deadline > now)
        continue;
      stream->dirty = FALSE;
      stream->deadline = hub_link_ordered_poll (stream->ordered, now, send_ordered, stream);
    }
  set_timer (self, now);
}

/* Up and down. */

static void
set_up (HubLink *self, gboolean up)
{
  if (self->up == up)
    return;
  self->up = up;
  hub_info ("link", self->session,
            up ? "link to generation %u is up" : "link to generation %u is down",
            self->peer.generation);
  if (up)
    poll_streams (self, TRUE);
  else
    g_source_set_ready_time (self->timer, -1);
  g_signal_emit_by_name (self, "changed");
}

static void
check_paths (HubLink *self, gint64 now)
{
  set_up (self, hub_link_paths_check (&self->paths, now));
}

static gboolean
on_keepalive (gpointer data)
{
  g_autoptr (HubLink) self = g_object_ref (data);
  gint64 now = hub_clock_monotonic ();

  for (guint i = 0; i < self->paths.n; i++)
    send_keepalive (self, &self->paths.paths[i], now);
  check_paths (self, now);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_timer (gpointer data)
{
  poll_streams (data, FALSE);
  return G_SOURCE_CONTINUE;
}

/* Receiving. */

static void
take_keepalive (HubLink *self, const guint8 *payload, gsize length, const HubLinkSocket *sock,
                const HubAddress *source, gint64 now)
{
  HubLinkPath *path = hub_link_paths_find (&self->paths,
                                           hub_link_path_peek_keepalive (payload, length));

  if (path == NULL || path->socket != hub_link_socket_get_fd (sock))
    {
      self->refused[REFUSED_MALFORMED]++;
      return;
    }
  path->received++;
  if (hub_link_path_take_keepalive (path, payload, now, source))
    send_keepalive (self, path, now);
  check_paths (self, now);
}

static void
take_copy (HubLink *self, HubLinkStream *stream, guint64 sequence, guint32 tag, HubLinkPath *path,
           gint64 now)
{
  guint number = path != NULL ? path->number : HUB_LINK_NO_PATH, first;
  HubLinkPath *winner;
  gint64 late;

  if (!hub_link_window_copy (stream->window, sequence, tag, number, now, &first, &late))
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

static void
deliver (HubLink *self, HubLinkStream *stream, const guint8 *payload, gsize length, gint64 now)
{
  g_autoptr (GBytes) bytes = NULL;

  if (stream->ordered != NULL)
    {
      stream->dirty = TRUE;
      if (!hub_link_ordered_take (stream->ordered, payload, length, now))
        self->refused[REFUSED_MALFORMED]++;
      return;
    }
  bytes = g_bytes_new (payload, length);
  g_signal_emit_by_name (self, "datagram", stream->number, bytes);
}

static void
on_message (HubLinkStream *stream, GBytes *message, gpointer data)
{
  g_signal_emit_by_name (data, "message", stream->number, message);
}

/* What is refused before the seal is opened. N_REFUSED: nothing speaks against it. */
static Refused
judge_header (HubLink *self, const HubLinkHeader *header)
{
  if (self->seal == NULL)
    return REFUSED_UNCONNECTED;
  if (header->generation != self->peer.generation)
    return REFUSED_GENERATION;
  if (header->link != hub_link_seal_get_incoming (self->seal))
    return REFUSED_FOREIGN;
  if (self->streams[header->stream] == NULL)
    return REFUSED_UNOPENED;
  if (hub_link_window_look (self->streams[header->stream]->window, header->sequence)
      == HUB_LINK_SEQUENCE_OLD)
    return REFUSED_OLD;
  return N_REFUSED;
}

static void
receive (HubLink *self, HubLinkSocket *sock, const guint8 *datagram, gsize length,
         const HubAddress *source)
{
  gint64 now = hub_clock_monotonic ();
  guint8 payload[HUB_LINK_MAX_PAYLOAD];
  HubLinkHeader header;
  HubLinkPath *path;
  HubLinkStream *stream;
  Refused refused;
  guint32 tag;

  refused = hub_link_header_read (&header, datagram, length) ? judge_header (self, &header)
                                                             : REFUSED_MALFORMED;
  if (refused != N_REFUSED)
    {
      self->refused[refused]++;
      return;
    }

  stream = self->streams[header.stream];
  path = hub_link_paths_find_source (&self->paths, hub_link_socket_get_fd (sock), source);
  tag = hub_get32 (datagram + length - HUB_LINK_TAG_BYTES);
  if (hub_link_window_look (stream->window, header.sequence) == HUB_LINK_SEQUENCE_SEEN)
    {
      take_copy (self, stream, header.sequence, tag, path, now);
      return;
    }
  if (!hub_link_seal_open (self->seal, &header, datagram, length, payload, &length))
    {
      self->refused[REFUSED_FORGED]++;
      return;
    }
  hub_link_window_take (stream->window, header.sequence, tag,
                        path != NULL ? path->number : HUB_LINK_NO_PATH, now);
  if (header.stream == STREAM_KEEPALIVE)
    {
      take_keepalive (self, payload, length, sock, source, now);
      return;
    }
  if (path != NULL)
    {
      path->received++;
      path->first++;
    }
  deliver (self, stream, payload, length, now);
}

static void
on_datagram (HubLinkSocket *sock, const guint8 *datagram, gsize length, const HubAddress *source,
             gpointer data)
{
  receive (data, sock, datagram, length, source);
}

static void
on_datagrams_done (gpointer data)
{
  poll_streams (data, FALSE);
}

/* Streams. */

static gboolean
hub_link_open (KarezLink *link, guint number, KarezLinkPolicy policy, gboolean ordered,
               GError **error)
{
  HubLink *self = HUB_LINK (link);
  HubLinkStream *stream;

  if (number == STREAM_KEEPALIVE || number > HUB_LINK_MAX_STREAM)
    return karez_error_set (error, KAREZ_ERROR_INVALID, "link/stream", N_ ("1 to 255"),
                            N_ ("A link has no stream of this number"));
  if (policy != KAREZ_LINK_ALL && policy != KAREZ_LINK_BEST)
    return karez_error_set (error, KAREZ_ERROR_INVALID, "link/policy", N_ ("all or best"),
                            N_ ("A stream has no such policy"));

  stream = self->streams[number];
  if (stream == NULL)
    self->streams[number] = hub_link_stream_new (number, policy, ordered ? on_message : NULL, self);
  else if (stream->policy != policy || (stream->ordered != NULL) != !!ordered)
    return karez_error_set (error, KAREZ_ERROR_CONFLICT, "link/stream", N_ ("another stream"),
                            N_ ("The stream is open already, in another way"));
  return TRUE;
}

static gboolean
send_message (HubLink *self, HubLinkStream *stream, GBytes *payload, GError **error)
{
  if (!hub_link_ordered_push (stream->ordered, payload))
    return karez_error_set (error, KAREZ_ERROR_BUSY, "link/waiting",
                            N_ ("the same message once some of the 4 MiB that wait have arrived"),
                            N_ ("Too much waits to be sent to the other hospital"));
  stream->dirty = TRUE;
  if (self->up)
    poll_streams (self, FALSE);
  return TRUE;
}

static gboolean
hub_link_send (KarezLink *link, guint number, GBytes *payload, GError **error)
{
  HubLink *self = HUB_LINK (link);
  HubLinkStream *stream = number > 0 && number <= HUB_LINK_MAX_STREAM ? self->streams[number]
                                                                      : NULL;
  gsize size = g_bytes_get_size (payload);

  if (stream == NULL)
    return karez_error_set (error, KAREZ_ERROR_INVALID, "link/stream",
                            N_ ("a stream that was opened"), N_ ("The stream is not open"));
  if (size > (stream->ordered != NULL ? HUB_LINK_ORDERED_MAX_MESSAGE : HUB_LINK_MAX_PAYLOAD))
    return karez_error_set (error, KAREZ_ERROR_TOO_LARGE, "link/size",
                            stream->ordered != NULL ? N_ ("256 KiB") : N_ ("1,152 bytes"),
                            N_ ("The message is too long for its stream"));
  if (stream->ordered != NULL)
    return send_message (self, stream, payload, error);
  if (!self->up)
    return karez_error_set (error, KAREZ_ERROR_UNAVAILABLE, "link/down", NULL,
                            N_ ("The link to the other hospital is down"));
  send_on_stream (stream, g_bytes_get_data (payload, NULL), size);
  return TRUE;
}

static gboolean
hub_link_is_up (KarezLink *link)
{
  return HUB_LINK (link)->up;
}

static JsonNode *
hub_link_get_statistics (KarezLink *link)
{
  HubLink *self = HUB_LINK (link);
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

static void
hub_link_iface_init (KarezLinkInterface *iface)
{
  iface->open = hub_link_open;
  iface->send = hub_link_send;
  iface->is_up = hub_link_is_up;
  iface->get_statistics = hub_link_get_statistics;
}

/* Connecting. */

JsonNode *
hub_link_get_endpoint (HubLink *self)
{
  HubLinkEndpoint own = { .generation = self->generation, .n_addresses = self->n_sockets };

  g_return_val_if_fail (HUB_IS_LINK (self), NULL);
  memcpy (own.key, hub_link_pair_get_public (self->pair), sizeof own.key);
  for (guint i = 0; i < self->n_sockets; i++)
    own.addresses[i] = *hub_link_socket_get_address (self->sockets[i]);
  return hub_link_endpoint_to_json (&own);
}

/* Path n joins our address n with the peer's address n; the side with fewer uses its own again.
 * Both ends number the paths alike, as keepalives name them. FALSE if there is none. */
static gboolean
plan_paths (HubLink *self, const HubLinkEndpoint *peer, HubLinkPaths *plan)
{
  *plan = (HubLinkPaths){ .n = 0 };
  for (guint i = 0; i < MAX (self->n_sockets, peer->n_addresses); i++)
    {
      const HubLinkSocket *sock = self->sockets[i % self->n_sockets];
      const HubAddress *local = hub_link_socket_get_address (sock);
      const HubAddress *remote = &peer->addresses[i % peer->n_addresses];

      if (local->storage.ss_family == remote->storage.ss_family)
        hub_link_path_init (&plan->paths[plan->n++], i, hub_link_socket_get_fd (sock), local,
                            remote);
    }
  return plan->n > 0;
}

static gboolean
check_peer (HubLink *self, const HubLinkEndpoint *peer, GError **error)
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

/* Everything that belongs to the old generation is gone before anybody is told. */
static void
take_peer (HubLink *self, const HubLinkEndpoint *peer, HubLinkSeal *seal, gboolean renewed)
{
  gboolean first = !self->connected;

  self->up = FALSE;
  g_source_set_ready_time (self->timer, -1);
  g_clear_pointer (&self->seal, hub_link_seal_free);
  self->seal = seal;
  for (guint i = 0; i < N_STREAMS && renewed; i++)
    if (self->streams[i] != NULL)
      hub_link_stream_restart (self->streams[i], first);
  self->peer = *peer;
  self->connected = TRUE;
}

gboolean
hub_link_connect (HubLink *self, JsonNode *peer_endpoint, GError **error)
{
  HubLinkTerms terms = { .session = self->session, .host = self->host };
  HubLinkPaths paths;
  HubLinkEndpoint peer;
  HubLinkSeal *seal;
  g_autoptr (HubLink) keep = NULL;
  gboolean renewed, was_up = self->up;

  g_return_val_if_fail (HUB_IS_LINK (self), FALSE);
  if (!hub_link_endpoint_parse (&peer, peer_endpoint, error) || !check_peer (self, &peer, error))
    return FALSE;
  renewed = !self->connected || peer.generation != self->peer.generation;
  if (!renewed && hub_link_endpoint_same_addresses (&peer, &self->peer))
    return TRUE;
  if (!plan_paths (self, &peer, &paths))
    return karez_error_set (error, KAREZ_ERROR_INVALID, "link/address",
                            N_ ("an address of the family that this end uses"),
                            N_ ("The two ends of the link have no address of one kind"));
  terms.own_generation = self->generation;
  terms.peer_generation = peer.generation;
  seal = hub_link_seal_new (self->pair, peer.key, &terms);
  if (seal == NULL)
    return karez_error_set (error, KAREZ_ERROR_INVALID, "link/key",
                            N_ ("a fresh X25519 public key"),
                            N_ ("The partner's link key gives no secret"));

  take_peer (self, &peer, seal, renewed);
  self->paths = paths;
  keep = g_object_ref (self);
  if (was_up)
    g_signal_emit_by_name (self, "changed");
  on_keepalive (self);
  return TRUE;
}

/* Making and unmaking. */

static void
attach (HubLink *self, GSource *source, const char *name)
{
  g_source_set_static_name (source, name);
  g_source_attach (source, self->context);
}

static gboolean
dispatch_ready (GSource *source, GSourceFunc callback, gpointer data)
{
  g_source_set_ready_time (source, -1);
  return callback (data);
}

static GSourceFuncs ready_funcs = { .dispatch = dispatch_ready };

static gboolean
open_sockets (HubLink *self, const char *bind_address, GError **error)
{
  g_auto (GStrv) list = g_strsplit (bind_address != NULL ? bind_address : "", ",", -1);

  if (list[0] == NULL)
    return hub_link_socket_refuse ("\"\"", error);
  for (guint i = 0; list[i] != NULL; i++)
    {
      HubLinkSocket *sock;

      if (self->n_sockets == HUB_LINK_MAX_PATHS)
        return hub_link_socket_refuse (bind_address, error);
      sock = hub_link_socket_new (g_strstrip (list[i]), self->context, on_datagram,
                                  on_datagrams_done, G_OBJECT (self), error);
      if (sock == NULL)
        return FALSE;
      self->sockets[self->n_sockets++] = sock;
    }
  return TRUE;
}

HubLink *
hub_link_new (const char *session, gboolean host, guint32 generation, const char *bind_address,
              GError **error)
{
  g_autoptr (HubLink) self = NULL;

  if (!hub_id_is_valid (session) || generation == 0)
    {
      karez_error_set (error, KAREZ_ERROR_INVALID, "link/session",
                       N_ ("the session's UUID and a generation from 1"),
                       N_ ("The link has no session"));
      return NULL;
    }
  self = g_object_new (HUB_TYPE_LINK, NULL);
  self->session = g_strdup (session);
  self->host = host;
  self->generation = generation;
  if (!open_sockets (self, bind_address, error))
    return NULL;
  return g_steal_pointer (&self);
}

static void
hub_link_dispose (GObject *object)
{
  HubLink *self = HUB_LINK (object);

  for (guint i = 0; i < self->n_sockets; i++)
    hub_link_socket_stop (self->sockets[i]);
  g_source_destroy (self->keepalive);
  g_source_destroy (self->timer);
  G_OBJECT_CLASS (hub_link_parent_class)->dispose (object);
}

static void
hub_link_finalize (GObject *object)
{
  HubLink *self = HUB_LINK (object);

  for (guint i = 0; i < self->n_sockets; i++)
    hub_link_socket_free (self->sockets[i]);
  for (guint i = 0; i < N_STREAMS; i++)
    g_clear_pointer (&self->streams[i], hub_link_stream_free);
  g_clear_pointer (&self->keepalive, g_source_unref);
  g_clear_pointer (&self->timer, g_source_unref);
  g_clear_pointer (&self->seal, hub_link_seal_free);
  hub_link_pair_free (self->pair);
  g_main_context_unref (self->context);
  g_free (self->session);
  G_OBJECT_CLASS (hub_link_parent_class)->finalize (object);
}

static void
hub_link_class_init (HubLinkClass *class)
{
  G_OBJECT_CLASS (class)->dispose = hub_link_dispose;
  G_OBJECT_CLASS (class)->finalize = hub_link_finalize;
}

static void
hub_link_init (HubLink *self)
{
  self->pair = hub_link_pair_new ();
  self->context = g_main_context_ref_thread_default ();
  self->streams[STREAM_KEEPALIVE] = hub_link_stream_new (STREAM_KEEPALIVE, KAREZ_LINK_BEST, NULL,
                                                         self);
  self->keepalive = g_timeout_source_new (HUB_LINK_KEEPALIVE_US / 1000);
  g_source_set_callback (self->keepalive, on_keepalive, self, NULL);
  attach (self, self->keepalive, "link keepalive");
  self->timer = g_source_new (&ready_funcs, sizeof (GSource));
  g_source_set_callback (self->timer, on_timer, self, NULL);
  attach (self, self->timer, "link timer");
}
