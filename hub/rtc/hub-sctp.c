/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One SCTP association over DTLS, by libusrsctp. */
#include "hub-sctp.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <usrsctp.h>

/* What fits into a datagram of 1200 bytes by DTLS (RFC 8831, 5): 37 of a record, and SCTP's 12. */
#define PATH_MTU 1135u
/* What waits in one direction, at most. */
#define BUFFER (256 * 1024)
/* The library's timers are told of no longer pauses: they would all be due at once. */
#define MAX_PAUSE_MS 1000

struct _HubSctp
{
  struct socket *socket;
  guint16 port;
  const HubSctpHandlers *handlers;
  gpointer data;
  gboolean started, up, down;
  guint8 *message; /* what came of one so far */
  gsize filled;
  gboolean overlong; /* its rest is left out */
};

/* The library's timers are of all associations, so they are all on one thread. */
static struct
{
  GMutex lock;
  GThread *thread;
  guint associations;
  gint64 ticked; /* on the thread */
} owner;

static int
on_output (void *address, void *packet, size_t length, uint8_t tos, uint8_t set_df)
{
  HubSctp *self = address;

  self->handlers->send (packet, length, self->data);
  return 0;
}

void
hub_sctp_open_library (void)
{
  static gsize opened = 0;

  if (!g_once_init_enter (&opened))
    return;
  usrsctp_init_nothreads (0, on_output, NULL);
  /* None of it is of use over DTLS: RFC 8261, 6. */
  usrsctp_sysctl_set_sctp_ecn_enable (0);
  usrsctp_sysctl_set_sctp_asconf_enable (0);
  usrsctp_sysctl_set_sctp_auth_enable (0);
  usrsctp_sysctl_set_sctp_nrsack_enable (0);
  usrsctp_sysctl_set_sctp_pktdrop_enable (0);
  usrsctp_sysctl_set_sctp_blackhole (2);
  usrsctp_sysctl_set_sctp_no_csum_on_loopback (0);
  g_once_init_leave (&opened, 1);
}

/* FALSE where another thread has some. */
static gboolean
take_place (void)
{
  gboolean free;

  g_mutex_lock (&owner.lock);
  free = owner.associations == 0 || owner.thread == g_thread_self ();
  if (free && owner.associations++ == 0)
    {
      owner.thread = g_thread_self ();
      owner.ticked = 0;
    }
  g_mutex_unlock (&owner.lock);
  return free;
}

static void
leave_place (void)
{
  g_mutex_lock (&owner.lock);
  owner.associations--;
  g_mutex_unlock (&owner.lock);
}

static gboolean
set_option (HubSctp *self, int option, const void *value, socklen_t length)
{
  return usrsctp_setsockopt (self->socket, IPPROTO_SCTP, option, value, length) == 0;
}

static gboolean
subscribe (HubSctp *self)
{
  static const guint16 types[] = { SCTP_ASSOC_CHANGE, SCTP_STREAM_RESET_EVENT };
  gboolean done = TRUE;

  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    {
      struct sctp_event event = { .se_assoc_id = SCTP_ALL_ASSOC, .se_type = types[i], .se_on = 1 };

      done = done && set_option (self, SCTP_EVENT, &event, sizeof event);
    }
  return done;
}

static gboolean
configure (HubSctp *self)
{
  const struct linger linger = { .l_onoff = 1, .l_linger = 0 };
  const int on = 1, buffer = BUFFER, whole = HUB_SCTP_MAX_MESSAGE;
  const struct sctp_assoc_value reset = { .assoc_id = SCTP_ALL_ASSOC,
                                          .assoc_value = SCTP_ENABLE_RESET_STREAM_REQ };
  const struct sctp_initmsg init = { .sinit_num_ostreams = HUB_SCTP_STREAMS,
                                     .sinit_max_instreams = HUB_SCTP_STREAMS };
  struct sctp_paddrparams path = { .spp_flags = SPP_PMTUD_DISABLE, .spp_pathmtu = PATH_MTU };

  return usrsctp_set_non_blocking (self->socket, 1) == 0
         && usrsctp_setsockopt (self->socket, SOL_SOCKET, SO_LINGER, &linger, sizeof linger) == 0
         && usrsctp_setsockopt (self->socket, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer) == 0
         && usrsctp_setsockopt (self->socket, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer) == 0
         && set_option (self, SCTP_NODELAY, &on, sizeof on)
         && set_option (self, SCTP_RECVRCVINFO, &on, sizeof on)
         && set_option (self, SCTP_PARTIAL_DELIVERY_POINT, &whole, sizeof whole)
         && set_option (self, SCTP_ENABLE_STREAM_RESET, &reset, sizeof reset)
         && set_option (self, SCTP_INITMSG, &init, sizeof init)
         && set_option (self, SCTP_PEER_ADDR_PARAMS, &path, sizeof path) && subscribe (self);
}

static struct sockaddr_conn
address_of (HubSctp *self, guint16 port)
{
  return (struct sockaddr_conn){ .sconn_family = AF_CONN,
                                 .sconn_port = g_htons (port),
                                 .sconn_addr = self };
}

static gboolean
open_socket (HubSctp *self)
{
  struct sockaddr_conn own = address_of (self, HUB_SCTP_PORT);

  self->socket = usrsctp_socket (AF_CONN, SOCK_STREAM, IPPROTO_SCTP, NULL, NULL, 0, NULL);
  return self->socket != NULL && configure (self)
         && usrsctp_bind (self->socket, (struct sockaddr *) &own, sizeof own) == 0;
}

HubSctp *
hub_sctp_new (guint16 port, const HubSctpHandlers *handlers, gpointer data, GError **error)
{
  g_autoptr (HubSctp) self = NULL;

  hub_sctp_open_library ();
  if (!take_place ())
    {
      karez_error_set (error, KAREZ_ERROR_UNAVAILABLE, "rtc/sctp",
                       N_ ("data channels of one session in a process"),
                       N_ ("Data channels cannot be opened: %s"), g_strerror (EBUSY));
      return NULL;
    }
  self = g_new0 (HubSctp, 1);
  self->port = port;
  self->handlers = handlers;
  self->data = data;
  self->message = g_malloc (HUB_SCTP_MAX_MESSAGE);
  usrsctp_register_address (self);
  if (!open_socket (self))
    {
      karez_error_set (error, KAREZ_ERROR_UNAVAILABLE, "rtc/sctp", NULL,
                       N_ ("Data channels cannot be opened: %s"), g_strerror (errno));
      return NULL;
    }
  return g_steal_pointer (&self);
}

void
hub_sctp_free (HubSctp *self)
{
  if (self->socket != NULL)
    usrsctp_close (self->socket);
  usrsctp_deregister_address (self);
  leave_place ();
  g_free (self->message);
  g_free (self);
}

void
hub_sctp_start (HubSctp *self)
{
  struct sockaddr_conn other = address_of (self, self->port);

  if (self->started)
    return;
  self->started = TRUE;
  /* EINPROGRESS: the handshake is under way. */
  if (usrsctp_connect (self->socket, (struct sockaddr *) &other, sizeof other) < 0
      && errno != EINPROGRESS && errno != EALREADY && errno != EISCONN)
    self->down = TRUE;
}

/* What comes. */

static void
lose (HubSctp *self)
{
  if (self->down)
    return;
  self->down = TRUE;
  self->handlers->down (self->data);
}

static void
take_change (HubSctp *self, const struct sctp_assoc_change *change)
{
  if (change->sac_state == SCTP_COMM_UP)
    self->up = TRUE;
  else if (change->sac_state == SCTP_COMM_LOST || change->sac_state == SCTP_SHUTDOWN_COMP
           || change->sac_state == SCTP_CANT_STR_ASSOC)
    lose (self);
}

static void
take_reset (HubSctp *self, const struct sctp_stream_reset_event *event, gsize length)
{
  gsize n = (length - sizeof *event) / sizeof event->strreset_stream_list[0];

  if (!(event->strreset_flags & SCTP_STREAM_RESET_INCOMING_SSN))
    return;
  for (gsize i = 0; i < n && !self->down; i++)
    self->handlers->reset (event->strreset_stream_list[i], self->data);
  /* RFC 6525, 4.1: without a list it is all of them. */
  for (guint16 stream = 0; n == 0 && stream < HUB_SCTP_STREAMS && !self->down; stream++)
    self->handlers->reset (stream, self->data);
}

static void
take_notification (HubSctp *self, const guint8 *bytes, gsize length)
{
  union
  {
    union sctp_notification event;
    guint8 bytes[sizeof (struct sctp_stream_reset_event) + HUB_SCTP_STREAMS * sizeof (guint16)];
  } copy = { 0 };

  /* Aligned, which it need not be behind a part of a message. */
  memcpy (&copy, bytes, MIN (length, sizeof copy));
  if (copy.event.sn_header.sn_type == SCTP_ASSOC_CHANGE
      && length >= sizeof copy.event.sn_assoc_change)
    take_change (self, &copy.event.sn_assoc_change);
  else if (copy.event.sn_header.sn_type == SCTP_STREAM_RESET_EVENT
           && length >= sizeof copy.event.sn_strreset_event)
    take_reset (self, &copy.event.sn_strreset_event, MIN (length, sizeof copy));
}

/* A part of a message, or the whole of it. */
static void
take_part (HubSctp *self, const struct sctp_rcvinfo *info, gsize length, gboolean whole)
{
  self->filled += length;
  if (!whole && self->filled < HUB_SCTP_MAX_MESSAGE)
    return;
  if (!whole)
    {
      self->overlong = TRUE;
      self->filled = 0;
      return;
    }
  self->handlers->message (info->rcv_sid, g_ntohl (info->rcv_ppid),
                           self->overlong ? NULL : self->message, self->overlong ? 0 : self->filled,
                           self->data);
  self->overlong = FALSE;
  self->filled = 0;
}

void
hub_sctp_poll (HubSctp *self)
{
  while (self->started && !self->down)
    {
      struct sctp_rcvinfo info = { 0 };
      struct sockaddr_conn from;
      socklen_t from_length = sizeof from, info_length = sizeof info;
      unsigned int info_type = 0;
      int flags = 0;
      ssize_t got = usrsctp_recvv (self->socket, self->message + self->filled,
                                   HUB_SCTP_MAX_MESSAGE - self->filled, (struct sockaddr *) &from,
                                   &from_length, &info, &info_length, &info_type, &flags);

      if (got == 0 || (got < 0 && errno != EWOULDBLOCK))
        lose (self);
      if (got <= 0)
        return;
      if (flags & MSG_NOTIFICATION)
        take_notification (self, self->message + self->filled, (gsize) got);
      else
        take_part (self, &info, (gsize) got, (flags & MSG_EOR) != 0);
    }
}

void
hub_sctp_take (HubSctp *self, const guint8 *packet, gsize length)
{
  if (!self->started || self->down)
    return;
  usrsctp_conninput (self, packet, length, 0);
  hub_sctp_poll (self);
}

/* Whether this thread has the associations that there are. */
static gboolean
is_owner (void)
{
  gboolean owns;

  g_mutex_lock (&owner.lock);
  owns = owner.associations > 0 && owner.thread == g_thread_self ();
  g_mutex_unlock (&owner.lock);
  return owns;
}

void
hub_sctp_tick (gint64 now)
{
  gint64 elapsed;

  if (!is_owner ())
    return;
  elapsed = owner.ticked != 0 ? (now - owner.ticked) / 1000 : 0;
  if (owner.ticked == 0)
    owner.ticked = now;
  if (elapsed <= 0)
    return;
  owner.ticked += elapsed * 1000;
  usrsctp_handle_timers ((guint32) MIN (elapsed, MAX_PAUSE_MS));
}

/* What is sent. */

gboolean
hub_sctp_send (HubSctp *self, guint16 stream, guint32 ppid, HubSctpReliability reliability,
               const guint8 *bytes, gsize length)
{
  struct sctp_sendv_spa how = {
    .sendv_flags = SCTP_SEND_SNDINFO_VALID,
    .sendv_sndinfo = { .snd_sid = stream, .snd_ppid = g_htonl (ppid), .snd_flags = SCTP_EOR }
  };

  if (!self->up || self->down)
    return FALSE;
  if (reliability == HUB_SCTP_ONCE)
    {
      how.sendv_flags |= SCTP_SEND_PRINFO_VALID;
      how.sendv_sndinfo.snd_flags |= SCTP_UNORDERED;
      how.sendv_prinfo.pr_policy = SCTP_PR_SCTP_RTX;
      how.sendv_prinfo.pr_value = 0;
    }
  return usrsctp_sendv (self->socket, bytes, length, NULL, 0, &how, sizeof how, SCTP_SENDV_SPA, 0)
         >= 0;
}

void
hub_sctp_reset (HubSctp *self, guint16 stream)
{
  union
  {
    struct sctp_reset_streams reset;
    guint8 bytes[sizeof (struct sctp_reset_streams) + sizeof (guint16)];
  } request = { 0 };

  if (!self->up || self->down)
    return;
  request.reset.srs_assoc_id = SCTP_ALL_ASSOC;
  request.reset.srs_flags = SCTP_STREAM_RESET_OUTGOING;
  request.reset.srs_number_streams = 1;
  request.reset.srs_stream_list[0] = stream;
  set_option (self, SCTP_RESET_STREAMS, &request, sizeof request.bytes);
}
