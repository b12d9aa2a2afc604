/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One end of a session's link in a main context: KarezLink. */
#include "hub-link.h"

#include "hub-clock.h"
#include "hub-link-end.h"
#include "hub-link-socket.h"
#include "hub-link-stream.h"
#include "hub-log.h"

#include <glib/gi18n.h>

#define N_STREAMS (HUB_LINK_MAX_STREAM + 1)

struct _HubLink
{
  GObject parent;

  HubLinkEnd *end;
  GMainContext *context;
  HubLinkSocket *sockets[HUB_LINK_MAX_PATHS];
  guint n_sockets;
  char *session; /* for the log */
  gboolean up;   /* as it was told last */

  HubLinkStream *streams[N_STREAMS];
  GSource *keepalive;
  GSource *timer;
};

static void hub_link_iface_init (KarezLinkInterface *iface);
G_DEFINE_FINAL_TYPE_WITH_CODE (HubLink, hub_link, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (KAREZ_TYPE_LINK, hub_link_iface_init))

/* Sending. */

static void
send_ordered (const guint8 *payload, gsize length, gpointer data)
{
  HubLinkStream *stream = data;
  HubLink *self = stream->owner;

  hub_link_end_send (self->end, stream->number, payload, length);
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
            hub_link_end_get_peer_generation (self->end));
  if (up)
    poll_streams (self, TRUE);
  else
    g_source_set_ready_time (self->timer, -1);
  g_signal_emit_by_name (self, "changed");
}

static gboolean
on_keepalive (gpointer data)
{
  g_autoptr (HubLink) self = g_object_ref (data);

  hub_link_end_keep_alive (self->end, hub_clock_monotonic ());
  set_up (self, hub_link_end_is_up (self->end));
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
on_delivered (guint number, const guint8 *payload, gsize length, gint64 now, gpointer data)
{
  HubLink *self = data;
  HubLinkStream *stream = self->streams[number];
  g_autoptr (GBytes) bytes = NULL;

  if (stream->ordered != NULL)
    {
      stream->dirty = TRUE;
      if (!hub_link_ordered_take (stream->ordered, payload, length, now))
        hub_link_end_note_malformed (self->end);
      return;
    }
  bytes = g_bytes_new (payload, length);
  g_signal_emit_by_name (self, "datagram", number, bytes);
}

static void
on_message (HubLinkStream *stream, GBytes *message, gpointer data)
{
  g_signal_emit_by_name (data, "message", stream->number, message);
}

static void
on_datagram (HubLinkSocket *sock, const guint8 *datagram, gsize length, const HubAddress *source,
             gpointer data)
{
  HubLink *self = data;

  hub_link_end_take (self->end, hub_link_socket_get_fd (sock), datagram, length, source,
                     hub_clock_monotonic ());
  set_up (self, hub_link_end_is_up (self->end));
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

  if (number == HUB_LINK_STREAM_KEEPALIVE || number > HUB_LINK_MAX_STREAM)
    return karez_error_set (error, KAREZ_ERROR_INVALID, "link/stream", N_ ("1 to 255"),
                            N_ ("A link has no stream of this number"));
  if (policy != KAREZ_LINK_ALL && policy != KAREZ_LINK_BEST)
    return karez_error_set (error, KAREZ_ERROR_INVALID, "link/policy", N_ ("all or best"),
                            N_ ("A stream has no such policy"));

  stream = self->streams[number];
  if (stream == NULL)
    {
      self->streams[number] = hub_link_stream_new (number, policy, ordered ? on_message : NULL,
                                                   self);
      hub_link_end_open (self->end, number, policy);
    }
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
  if (size > (stream->ordered != NULL ? HUB_LINK_ORDERED_MAX_MESSAGE : KAREZ_LINK_MAX_DATAGRAM))
    return karez_error_set (error, KAREZ_ERROR_TOO_LARGE, "link/size",
                            stream->ordered != NULL ? N_ ("256 KiB") : N_ ("1,152 bytes"),
                            N_ ("The message is too long for its stream"));
  if (stream->ordered != NULL)
    return send_message (self, stream, payload, error);
  if (!self->up)
    return karez_error_set (error, KAREZ_ERROR_UNAVAILABLE, "link/down", NULL,
                            N_ ("The link to the other hospital is down"));
  hub_link_end_send (self->end, number, g_bytes_get_data (payload, NULL), size);
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
  return hub_link_end_to_json (HUB_LINK (link)->end);
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
  g_return_val_if_fail (HUB_IS_LINK (self), NULL);
  return hub_link_end_get_endpoint (self->end);
}

gboolean
hub_link_connect (HubLink *self, JsonNode *peer_endpoint, GError **error)
{
  g_autoptr (HubLink) keep = NULL;
  HubLinkEndpoint peer;
  gboolean renewed, first, was_up = self->up;

  g_return_val_if_fail (HUB_IS_LINK (self), FALSE);
  first = !hub_link_end_is_connected (self->end);
  if (!hub_link_endpoint_parse (&peer, peer_endpoint, error)
      || !hub_link_end_connect (self->end, &peer, &renewed, error))
    return FALSE;
  if (hub_link_end_is_up (self->end))
    return TRUE;
  /* Everything that belongs to the old generation is gone before anybody is told. */
  self->up = FALSE;
  g_source_set_ready_time (self->timer, -1);
  for (guint i = 0; i < N_STREAMS && renewed; i++)
    if (self->streams[i] != NULL)
      hub_link_stream_restart (self->streams[i], first);
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
      hub_link_end_add_socket (self->end, hub_link_socket_get_fd (sock),
                               hub_link_socket_get_address (sock), hub_link_socket_get_told (sock));
    }
  return TRUE;
}

HubLink *
hub_link_new (const char *session, gboolean host, guint32 generation, const char *bind_address,
              GError **error)
{
  g_autoptr (HubLink) self = g_object_new (HUB_TYPE_LINK, NULL);

  self->session = g_strdup (session);
  self->end = hub_link_end_new (session, host, generation, on_delivered, self, error);
  if (self->end == NULL || !open_sockets (self, bind_address, error))
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
  g_clear_pointer (&self->end, hub_link_end_free);
  g_main_context_unref (self->context);
  g_free (self->session);
  G_OBJECT_CLASS (hub_link_parent_class)->finalize (object);
}

static void
hub_link_class_init (HubLinkClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = hub_link_dispose;
  G_OBJECT_CLASS (klass)->finalize = hub_link_finalize;
}

static void
hub_link_init (HubLink *self)
{
  self->context = g_main_context_ref_thread_default ();
  self->keepalive = g_timeout_source_new (HUB_LINK_KEEPALIVE_US / 1000);
  g_source_set_callback (self->keepalive, on_keepalive, self, NULL);
  attach (self, self->keepalive, "link keepalive");
  self->timer = g_source_new (&ready_funcs, sizeof (GSource));
  g_source_set_callback (self->timer, on_timer, self, NULL);
  attach (self, self->timer, "link timer");
}
