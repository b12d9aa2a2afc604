/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The media thread: its sockets, its clock and its room. */
#include "hub-rtc-loop.h"

#include "hub-binding.h"
#include "hub-clock.h"
#include "hub-realtime.h"

#include <errno.h>
#include <glib-unix.h>
#include <glib/gi18n.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

/* A burst of 50 viewers' acknowledgements; the kernel caps it at its maximum. */
#define RECEIVE_BUFFER (2 * 1024 * 1024)
#define SEND_BUFFER (4 * 1024 * 1024)
/* What is watched, by number: the commands, then the sockets, taps, intakes, those of the port. */
#define WATCH_COMMANDS 0u
#define WATCH_SOCKET 1u
#define WATCH_TAP (WATCH_SOCKET + HUB_RTC_MAX_SOCKETS)
#define WATCH_INTAKE (WATCH_TAP + HUB_RTC_MAX_TAPS)
#define WATCH_PORT (WATCH_INTAKE + HUB_RTC_MAX_INTAKES)
/* How many datagrams are taken with one call of the kernel. */
#define RECEIVE_BATCH 64u
/* Batches of one socket before the others have their turn. */
#define BATCHES_PER_WAKE 4u

typedef struct
{
  int fd;
  HubAddress address;
  HubRtcOut *out;
} Socket;

struct _HubRtcLoop
{
  const HubDtlsIdentity *identity;
  Socket sockets[HUB_RTC_MAX_SOCKETS];
  /* What pages are told: those that are announced, then those that are bound. */
  HubAddress addresses[2 * HUB_RTC_MAX_SOCKETS];
  guint n_sockets, n_addresses;
  int epoll;
  HubRtcQueue *commands, *events;
  GSource *source; /* of the events */
  HubRtcEventFunc event;
  gpointer data;
  GThread *thread;
  atomic_bool stopping;

  /* On the thread alone. */
  HubRtcRoom *room;
  HubRealtime realtime;
  gint64 next_tick;
  struct mmsghdr messages[RECEIVE_BATCH];
  struct iovec parts[RECEIVE_BATCH];
  HubAddress sources[RECEIVE_BATCH];
  guint8 controls[RECEIVE_BATCH][CMSG_SPACE (sizeof (struct timespec))];
  guint8 bytes[RECEIVE_BATCH][HUB_RTP_MAX_PACKET + 4] __attribute__ ((aligned (8)));
};

/* The thread. */

static void
tell (HubRtcEvent *event, gpointer data)
{
  HubRtcLoop *self = data;

  hub_rtc_queue_push (self->events, &event->link);
}

static void
prepare_messages (HubRtcLoop *self)
{
  for (guint i = 0; i < RECEIVE_BATCH; i++)
    {
      struct msghdr *header = &self->messages[i].msg_hdr;

      self->parts[i].iov_base = self->bytes[i];
      /* One more than we take, so that a longer one is seen to be. */
      self->parts[i].iov_len = HUB_RTP_MAX_PACKET + 1;
      header->msg_iov = &self->parts[i];
      header->msg_iovlen = 1;
      header->msg_name = &self->sources[i].storage;
      header->msg_namelen = sizeof self->sources[i].storage;
      header->msg_control = self->controls[i];
      header->msg_controllen = sizeof self->controls[i];
    }
}

/* When the kernel took it, on the monotonic clock: what waited behind others is not late. */
static gint64
arrival_of (struct msghdr *header, gint64 shift, gint64 now)
{
  for (struct cmsghdr *part = CMSG_FIRSTHDR (header); part != NULL;
       part = CMSG_NXTHDR (header, part))
    if (part->cmsg_level == SOL_SOCKET && part->cmsg_type == SCM_TIMESTAMPNS)
      {
        struct timespec stamp;
        gint64 arrival;

        memcpy (&stamp, CMSG_DATA (part), sizeof stamp);
        arrival = stamp.tv_sec * G_USEC_PER_SEC + stamp.tv_nsec / 1000 + shift;
        /* The clock of the day may have been set meanwhile. */
        return arrival <= now && now - arrival < G_USEC_PER_SEC ? arrival : now;
      }
  return now;
}

/* Returns whether more may wait. */
static gboolean
receive (HubRtcLoop *self, Socket *sock)
{
  gint64 now, shift;
  int n;

  prepare_messages (self);
  n = recvmmsg (sock->fd, self->messages, RECEIVE_BATCH, MSG_DONTWAIT, NULL);
  if (n <= 0)
    return FALSE;
  now = hub_clock_monotonic ();
  shift = now - hub_clock_now ();
  for (int i = 0; i < n; i++)
    {
      struct msghdr *header = &self->messages[i].msg_hdr;

      self->sources[i].length = header->msg_namelen;
      if (self->messages[i].msg_len <= HUB_RTP_MAX_PACKET)
        hub_rtc_room_receive (self->room, sock->out, self->bytes[i], self->messages[i].msg_len,
                              &self->sources[i], arrival_of (header, shift, now));
    }
  return n == (int) RECEIVE_BATCH;
}

static void
flush (HubRtcLoop *self)
{
  for (guint i = 0; i < self->n_sockets; i++)
    hub_rtc_out_flush (self->sockets[i].out);
}

static gboolean
watch (HubRtcLoop *self, int fd, guint number)
{
  struct epoll_event watched = { .events = EPOLLIN, .data.u32 = number };

  return epoll_ctl (self->epoll, EPOLL_CTL_ADD, fd, &watched) == 0;
}

static void
watch_port (HubRtcLoop *self)
{
  const HubMediaPort *port = hub_rtc_room_get_port (self->room);

  for (guint i = 0; port != NULL && i < port->n_fds; i++)
    watch (self, port->fds[i], WATCH_PORT + i);
}

/* @fd: -1 for none */
static void
watch_once (HubRtcLoop *self, int fd, guint number)
{
  struct epoll_event event = { .events = EPOLLIN | EPOLLONESHOT, .data.u32 = number };

  if (fd >= 0 && epoll_ctl (self->epoll, EPOLL_CTL_MOD, fd, &event) != 0)
    epoll_ctl (self->epoll, EPOLL_CTL_ADD, fd, &event);
}

/* Each is heard once in a tick, whatever it sends. */
static void
watch_taps (HubRtcLoop *self)
{
  for (guint i = 0; i < HUB_RTC_MAX_TAPS; i++)
    watch_once (self, hub_rtc_room_get_tap (self->room, i), WATCH_TAP + i);
}

/* As soon as something comes, until there was as much as a tick takes. */
static void
watch_intakes (HubRtcLoop *self)
{
  for (guint i = 0; i < HUB_RTC_MAX_INTAKES; i++)
    watch_once (self, hub_rtc_room_get_intake (self->room, i), WATCH_INTAKE + i);
}

static void
run_commands (HubRtcLoop *self)
{
  HubRtcLink *item = hub_rtc_queue_take (self->commands);

  /* A command may end a connection that datagrams wait for. */
  flush (self);
  while (item != NULL)
    {
      HubRtcLink *next = item->next;
      HubRtcCommandKind kind = ((HubRtcCommand *) item)->kind;

      hub_rtc_room_run (self->room, (HubRtcCommand *) item, hub_clock_monotonic ());
      flush (self);
      if (kind == HUB_RTC_SET_PORT)
        watch_port (self);
      else if (kind == HUB_RTC_ADD_TAP)
        watch_taps (self);
      else if (kind == HUB_RTC_ADD_INTAKE)
        watch_intakes (self);
      item = next;
    }
  if (self->next_tick == 0)
    self->next_tick = hub_clock_monotonic ();
}

static void
tick (HubRtcLoop *self)
{
  gint64 now = hub_clock_monotonic ();

  if (self->next_tick == 0 || now < self->next_tick)
    return;
  self->next_tick = hub_rtc_room_tick (self->room, now) ? now + HUB_RTC_TICK_US : 0;
  watch_taps (self);
  watch_intakes (self);
  flush (self);
}

static void
serve_intake (HubRtcLoop *self, guint i)
{
  hub_rtc_room_serve_intake (self->room, i, hub_clock_monotonic ());
  watch_once (self, hub_rtc_room_get_intake (self->room, i), WATCH_INTAKE + i);
}

static int
until_tick (HubRtcLoop *self)
{
  gint64 now = hub_clock_monotonic ();

  if (self->next_tick == 0)
    return -1;
  return self->next_tick > now ? (int) ((self->next_tick - now + 999) / 1000) : 0;
}

static void
serve_one (HubRtcLoop *self, guint number)
{
  HubMediaPort *port;

  if (number == WATCH_COMMANDS)
    run_commands (self);
  else if (number >= WATCH_TAP && number < WATCH_INTAKE)
    hub_rtc_room_serve_tap (self->room, number - WATCH_TAP);
  else if (number >= WATCH_INTAKE && number < WATCH_PORT)
    serve_intake (self, number - WATCH_INTAKE);
  else if (number < WATCH_TAP)
    for (guint batch = 0;
         batch < BATCHES_PER_WAKE && receive (self, &self->sockets[number - WATCH_SOCKET]); batch++)
      flush (self);
  else
    {
      port = hub_rtc_room_get_port (self->room);
      port->serve (port, port->fds[number - WATCH_PORT]);
    }
}

static void
serve (HubRtcLoop *self, const struct epoll_event *ready, int n)
{
  for (int i = 0; i < n; i++)
    serve_one (self, ready[i].data.u32);
  hub_rtc_room_flush (self->room, hub_clock_monotonic ());
  flush (self);
}

static gpointer
run_thread (gpointer data)
{
  HubRtcLoop *self = data;
  struct epoll_event ready[WATCH_PORT + HUB_MEDIA_PORT_MAX_FDS];

  self->room = hub_rtc_room_new (self->identity, tell, self);
  hub_realtime_begin (&self->realtime, "media", hub_clock_monotonic ());
  while (!atomic_load (&self->stopping))
    {
      int n = epoll_wait (self->epoll, ready, G_N_ELEMENTS (ready), until_tick (self));

      serve (self, ready, MAX (n, 0));
      tick (self);
      hub_realtime_look (&self->realtime, hub_clock_monotonic ());
    }
  g_clear_pointer (&self->room, hub_rtc_room_free);
  return NULL;
}

/* The main thread. */

static gboolean
on_events (int fd, GIOCondition condition, gpointer data)
{
  HubRtcLoop *self = data;
  HubRtcLink *item = hub_rtc_queue_take (self->events);
  GSource *source = g_main_current_source ();

  while (item != NULL)
    {
      HubRtcLink *next = item->next;

      /* The loop may be gone after any of them. */
      if (g_source_is_destroyed (source))
        hub_rtc_event_free ((HubRtcEvent *) item);
      else
        self->event ((HubRtcEvent *) item, self->data);
      item = next;
    }
  return G_SOURCE_CONTINUE;
}

static gboolean
refuse_addresses (const char *addresses, GError **error)
{
  return karez_error_set (error, KAREZ_ERROR_INVALID, "rtc/addresses",
                          N_ ("one to four numeric addresses of this machine, split by commas"),
                          N_ ("Media cannot be received at %s"), addresses);
}

static gboolean
open_socket (HubRtcLoop *self, HubBinding *wanted, const char *text, GError **error)
{
  const int receive_buffer = RECEIVE_BUFFER, send_buffer = SEND_BUFFER, on = 1;
  Socket *sock = &self->sockets[self->n_sockets];
  int family = wanted->address.storage.ss_family;

  sock->fd = socket (family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (sock->fd < 0)
    return karez_error_set (error, KAREZ_ERROR_UNAVAILABLE, "rtc/bind", NULL,
                            N_ ("Media cannot be received at %s: %s"), text, g_strerror (errno));
  self->n_sockets++;
  setsockopt (sock->fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  setsockopt (sock->fd, SOL_SOCKET, SO_SNDBUF, &send_buffer, sizeof send_buffer);
  setsockopt (sock->fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
  if (family == AF_INET6)
    setsockopt (sock->fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  if (!hub_binding_bind (wanted, sock->fd, &sock->address))
    return karez_error_set (
        error, KAREZ_ERROR_UNAVAILABLE, "rtc/bind",
        wanted->low != 0 ? N_ ("a free port of [Worker] Ports, on an address of this machine")
                         : N_ ("a free address of this machine"),
        N_ ("Media cannot be received at %s: %s"), text, g_strerror (errno));
  if (wanted->announced.length > 0)
    self->addresses[self->n_addresses++] = wanted->announced;
  sock->out = hub_rtc_out_new (sock->fd);
  return TRUE;
}

static gboolean
open_sockets (HubRtcLoop *self, const char *addresses, GError **error)
{
  g_auto (GStrv) list = g_strsplit (addresses, ",", -1);

  if (list[0] == NULL || g_strv_length (list) > HUB_RTC_MAX_SOCKETS)
    return refuse_addresses (addresses, error);
  for (guint i = 0; list[i] != NULL; i++)
    {
      HubBinding wanted;

      if (!hub_binding_parse (&wanted, g_strstrip (list[i])))
        return refuse_addresses (addresses, error);
      if (!open_socket (self, &wanted, list[i], error))
        return FALSE;
    }
  for (guint i = 0; i < self->n_sockets; i++)
    self->addresses[self->n_addresses++] = self->sockets[i].address;
  return TRUE;
}

static gboolean
watch_all (HubRtcLoop *self, GError **error)
{
  gboolean done;

  self->epoll = epoll_create1 (EPOLL_CLOEXEC);
  done = self->epoll >= 0 && watch (self, hub_rtc_queue_get_fd (self->commands), WATCH_COMMANDS);
  for (guint i = 0; i < self->n_sockets && done; i++)
    done = watch (self, self->sockets[i].fd, WATCH_SOCKET + i);
  return done
         || karez_error_set (error, KAREZ_ERROR_UNAVAILABLE, "rtc/thread", NULL,
                             N_ ("The media cannot be started: %s"), g_strerror (errno));
}

HubRtcLoop *
hub_rtc_loop_new (const HubDtlsIdentity *identity, const char *addresses, HubRtcEventFunc event,
                  gpointer data, GError **error)
{
  g_autoptr (HubRtcLoop) self = g_new0 (HubRtcLoop, 1);

  self->identity = identity;
  self->event = event;
  self->data = data;
  self->epoll = -1;
  self->commands = hub_rtc_queue_new ((GDestroyNotify) hub_rtc_command_free, error);
  if (self->commands == NULL)
    return NULL;
  self->events = hub_rtc_queue_new ((GDestroyNotify) hub_rtc_event_free, error);
  if (self->events == NULL || !open_sockets (self, addresses, error) || !watch_all (self, error))
    return NULL;
  self->source = g_unix_fd_source_new (hub_rtc_queue_get_fd (self->events), G_IO_IN);
  g_source_set_static_name (self->source, "media events");
  g_source_set_callback (self->source, G_SOURCE_FUNC (on_events), self, NULL);
  g_source_attach (self->source, g_main_context_get_thread_default ());
  self->thread = g_thread_try_new ("media", run_thread, self, error);
  if (self->thread == NULL)
    return NULL;
  return g_steal_pointer (&self);
}

void
hub_rtc_loop_free (HubRtcLoop *self)
{
  if (self->thread != NULL)
    {
      HubRtcCommand *wake = g_new0 (HubRtcCommand, 1);

      atomic_store (&self->stopping, TRUE);
      wake->kind = HUB_RTC_REMOVE_CONNECTION;
      hub_rtc_queue_push (self->commands, &wake->link);
      g_thread_join (self->thread);
    }
  if (self->source != NULL)
    g_source_destroy (self->source);
  g_clear_pointer (&self->source, g_source_unref);
  for (guint i = 0; i < self->n_sockets; i++)
    {
      g_clear_pointer (&self->sockets[i].out, hub_rtc_out_free);
      close (self->sockets[i].fd);
    }
  if (self->epoll >= 0)
    close (self->epoll);
  g_clear_pointer (&self->commands, hub_rtc_queue_free);
  g_clear_pointer (&self->events, hub_rtc_queue_free);
  g_free (self);
}

void
hub_rtc_loop_run (HubRtcLoop *self, HubRtcCommand *command)
{
  hub_rtc_queue_push (self->commands, &command->link);
}

const HubAddress *
hub_rtc_loop_get_addresses (const HubRtcLoop *self, guint *n)
{
  *n = self->n_addresses;
  return self->addresses;
}
