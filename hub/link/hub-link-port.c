/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A second end of a session's link, for the media thread. */
#include "hub-link-port.h"

#include "hub-clock.h"
#include "hub-link-end.h"
#include "hub-link-socket.h"
#include "hub-log.h"

#include <unistd.h>

#define STREAM_MEDIA 1u
#define BATCH 32u
#define BATCHES_PER_WAKE 8u

struct _HubLinkPort
{
  HubMediaPort port;
  HubLinkEnd *end;
  char *session; /* for the log */
  gint64 next_keepalive;

  struct mmsghdr messages[BATCH];
  struct iovec parts[BATCH];
  HubAddress sources[BATCH];
  guint8 bytes[BATCH][HUB_LINK_MAX_WIRE + 1]; /* one more, so that a longer one is seen to be */
};

static void
on_delivered (guint stream, const guint8 *payload, gsize length, gint64 now, gpointer data)
{
  HubLinkPort *self = data;

  self->port.receive (payload, length, now, self->port.data);
}

/* What the media thread drives. */

static guint
receive (HubLinkPort *self, int fd)
{
  gint64 now;
  int n;

  for (guint i = 0; i < BATCH; i++)
    {
      struct msghdr *header = &self->messages[i].msg_hdr;

      self->parts[i] = (struct iovec){ self->bytes[i], sizeof self->bytes[i] };
      *header = (struct msghdr){ .msg_name = &self->sources[i].storage,
                                 .msg_namelen = sizeof self->sources[i].storage,
                                 .msg_iov = &self->parts[i],
                                 .msg_iovlen = 1 };
    }
  n = recvmmsg (fd, self->messages, BATCH, MSG_DONTWAIT, NULL);
  now = hub_clock_monotonic ();
  for (int i = 0; i < n; i++)
    {
      self->sources[i].length = self->messages[i].msg_hdr.msg_namelen;
      hub_link_end_take (self->end, fd, self->bytes[i], self->messages[i].msg_len,
                         &self->sources[i], now);
    }
  return n > 0 ? (guint) n : 0;
}

static void
port_serve (HubMediaPort *port, int fd)
{
  HubLinkPort *self = (HubLinkPort *) port;

  for (guint i = 0; i < BATCHES_PER_WAKE && receive (self, fd) == BATCH; i++)
    ;
}

static void
port_tick (HubMediaPort *port, gint64 now)
{
  HubLinkPort *self = (HubLinkPort *) port;

  if (now < self->next_keepalive)
    return;
  hub_link_end_keep_alive (self->end, now);
  self->next_keepalive = now + HUB_LINK_KEEPALIVE_US;
}

static void
port_send (HubMediaPort *port, const guint8 *datagram, gsize length)
{
  HubLinkPort *self = (HubLinkPort *) port;

  hub_link_end_send (self->end, STREAM_MEDIA, datagram, length);
}

static guint
port_measure (HubMediaPort *port, HubMediaPortPath *out)
{
  const HubLinkPaths *paths = hub_link_end_get_paths (((HubLinkPort *) port)->end);

  for (guint i = 0; i < paths->n; i++)
    {
      const HubLinkPath *path = &paths->paths[i];

      out[i] = (HubMediaPortPath){ .alive = path->alive,
                                   .rtt_ms = (guint) ((path->rtt + 999) / 1000),
                                   .loss = path->loss,
                                   .sent = path->sent,
                                   .received = path->received };
    }
  return paths->n;
}

static void
port_free (HubMediaPort *port)
{
  HubLinkPort *self = (HubLinkPort *) port;

  for (guint i = 0; i < self->port.n_fds; i++)
    close (self->port.fds[i]);
  g_clear_pointer (&self->end, hub_link_end_free);
  g_free (self->session);
  g_free (self);
}

/* The main thread. */

static gboolean
bind_one (HubLinkPort *self, const char *text, GError **error)
{
  HubBinding wanted;
  HubAddress bound;
  int fd;

  if (self->port.n_fds == HUB_MEDIA_PORT_MAX_FDS || !hub_binding_parse (&wanted, text))
    return hub_link_socket_refuse (text, error);
  hub_binding_forget_port (&wanted);
  fd = hub_link_socket_bind (&wanted, text, &bound, error);
  if (fd < 0)
    return FALSE;
  self->port.fds[self->port.n_fds++] = fd;
  hub_link_end_add_socket (self->end, fd, &bound,
                           wanted.announced.length > 0 ? &wanted.announced : &bound);
  return TRUE;
}

HubLinkPort *
hub_link_port_new (const char *session, gboolean host, guint32 generation, const char *bind_address,
                   GError **error)
{
  HubLinkPort *self = g_new0 (HubLinkPort, 1);
  g_auto (GStrv) list = g_strsplit (bind_address, ",", -1);
  gboolean opened;

  self->port = (HubMediaPort){ .serve = port_serve,
                               .tick = port_tick,
                               .send = port_send,
                               .measure = port_measure,
                               .free = port_free };
  self->session = g_strdup (session);
  self->end = hub_link_end_new (session, host, generation, on_delivered, self, error);
  opened = self->end != NULL && (list[0] != NULL || hub_link_socket_refuse (bind_address, error));
  for (guint i = 0; opened && list[i] != NULL; i++)
    opened = bind_one (self, g_strstrip (list[i]), error);
  if (!opened)
    {
      port_free (&self->port);
      return NULL;
    }
  hub_link_end_open (self->end, STREAM_MEDIA, KAREZ_LINK_ALL);
  return self;
}

HubMediaPort *
hub_link_port_get_port (HubLinkPort *self)
{
  return &self->port;
}

JsonNode *
hub_link_port_get_endpoint (HubLinkPort *self)
{
  return hub_link_end_get_endpoint (self->end);
}

void
hub_link_port_connect (HubLinkPort *self, const HubLinkEndpoint *peer)
{
  g_autoptr (GError) error = NULL;
  gboolean renewed;

  if (!hub_link_end_connect (self->end, peer, &renewed, &error))
    hub_warning ("link", self->session, "The other end of the media cannot be connected to: %s",
                 error->message);
  self->next_keepalive = 0;
}
