/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A relay between two ends that loses, doubles and delays datagrams. */
#include "link-relay.h"

typedef struct
{
  guint to;
  GBytes *datagram;
  gint64 due;
} UnderWay;

static void
arrive (LinkRelay *self, guint to, GBytes *datagram)
{
  gsize size;
  const char *bytes = g_bytes_get_data (datagram, &size);

  if (self->ends[to] == NULL)
    return;
  /* A datagram of no bytes or to a closed door is lost, as on any wire. */
  g_socket_send_to (self->sockets[to], self->ends[to], bytes, size, NULL, NULL);
  self->n_carried++;
}

static void
free_under_way (UnderWay *self)
{
  g_bytes_unref (self->datagram);
  g_free (self);
}

static gboolean
on_millisecond (gpointer data)
{
  LinkRelay *self = data;
  UnderWay *first;

  while ((first = g_queue_peek_head (&self->under_way)) != NULL
         && first->due <= g_get_monotonic_time ())
    {
      arrive (self, first->to, first->datagram);
      free_under_way (g_queue_pop_head (&self->under_way));
    }
  if (first != NULL)
    return G_SOURCE_CONTINUE;
  self->timer = 0;
  return G_SOURCE_REMOVE;
}

static void
put (LinkRelay *self, guint to, GBytes *datagram)
{
  UnderWay *one;

  if (self->delay_ms == 0)
    {
      arrive (self, to, datagram);
      return;
    }
  one = g_new (UnderWay, 1);
  *one = (UnderWay){ to, g_bytes_ref (datagram),
                     g_get_monotonic_time () + self->delay_ms * G_TIME_SPAN_MILLISECOND };
  g_queue_push_tail (&self->under_way, one);
  if (self->timer == 0)
    self->timer = g_timeout_add (1, on_millisecond, self);
}

static void
carry (LinkRelay *self, guint from, GBytes *datagram)
{
  guint to = 1 - from;

  if (self->keeping)
    g_ptr_array_add (self->kept[from], g_bytes_ref (datagram));
  if (self->cut[from] || g_rand_double (self->rand) < self->loss)
    return;
  if (self->held[from] == NULL && g_rand_double (self->rand) < self->swapped)
    {
      self->held[from] = g_bytes_ref (datagram);
      return;
    }
  put (self, to, datagram);
  if (g_rand_double (self->rand) < self->doubled)
    put (self, to, datagram);
  if (self->held[from] != NULL)
    put (self, to, self->held[from]);
  g_clear_pointer (&self->held[from], g_bytes_unref);
}

static gboolean
on_readable (GSocket *socket, GIOCondition condition, gpointer data)
{
  LinkRelay *self = data;
  guint from = socket == self->sockets[0] ? 0 : 1;

  for (;;)
    {
      g_autoptr (GSocketAddress) source = NULL;
      g_autoptr (GBytes) datagram = NULL;
      char bytes[2048];
      gssize length = g_socket_receive_from (socket, &source, bytes, sizeof bytes, NULL, NULL);

      if (length < 0)
        return G_SOURCE_CONTINUE;
      g_set_object (&self->ends[from], source);
      datagram = g_bytes_new (bytes, (gsize) length);
      carry (self, from, datagram);
    }
}

LinkRelay *
link_relay_new (const char *host, guint32 seed)
{
  LinkRelay *self = g_new0 (LinkRelay, 1);

  self->rand = g_rand_new_with_seed (seed);
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (GSocketAddress) address = g_inet_socket_address_new_from_string (host, 0);
      g_autoptr (GError) error = NULL;

      self->kept[i] = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
      self->sockets[i] = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_DATAGRAM,
                                       G_SOCKET_PROTOCOL_UDP, &error);
      g_assert_no_error (error);
      g_socket_set_blocking (self->sockets[i], FALSE);
      g_socket_bind (self->sockets[i], address, FALSE, &error);
      g_assert_no_error (error);
      self->sources[i] = g_socket_create_source (self->sockets[i], G_IO_IN, NULL);
      g_source_set_callback (self->sources[i], G_SOURCE_FUNC (on_readable), self, NULL);
      g_source_attach (self->sources[i], NULL);
    }
  return self;
}

void
link_relay_free (LinkRelay *self)
{
  for (guint i = 0; i < 2; i++)
    {
      g_source_destroy (self->sources[i]);
      g_source_unref (self->sources[i]);
      g_object_unref (self->sockets[i]);
      g_clear_object (&self->ends[i]);
      g_clear_pointer (&self->held[i], g_bytes_unref);
      g_ptr_array_unref (self->kept[i]);
    }
  g_clear_handle_id (&self->timer, g_source_remove);
  g_queue_clear_full (&self->under_way, (GDestroyNotify) free_under_way);
  g_rand_free (self->rand);
  g_free (self);
}

char *
link_relay_get_door (LinkRelay *self, guint end)
{
  g_autoptr (GSocketAddress) address = g_socket_get_local_address (self->sockets[end], NULL);

  return g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (address));
}

void
link_relay_set_end (LinkRelay *self, guint end, const char *address)
{
  g_auto (GStrv) parts = g_strsplit (address, ":", 2);

  g_clear_object (&self->ends[end]);
  self->ends[end] = g_inet_socket_address_new_from_string (
      parts[0], (guint) g_ascii_strtoull (parts[1], NULL, 10));
}

void
link_relay_inject (LinkRelay *self, guint end, const guint8 *bytes, gsize length)
{
  g_autoptr (GBytes) datagram = g_bytes_new (bytes, length);

  put (self, end, datagram);
}
