/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <karez.h>

G_BEGIN_DECLS

/* RFC 8831, 6.2; both sides of WebRTC use it unless they say otherwise. */
#define HUB_SCTP_PORT 5000u
/* What we say that we take (a=max-message-size), and the most that is sent. */
#define HUB_SCTP_MAX_MESSAGE 65536u
/* Streams of each direction: RFC 8831, 6.2, asks for 65,535, of which libusrsctp would keep
 * something for each. */
#define HUB_SCTP_STREAMS 64u
/* Of a message's payload (RFC 8831, 8). */
#define HUB_SCTP_PPID_DCEP 50u
#define HUB_SCTP_PPID_TEXT 51u
#define HUB_SCTP_PPID_BINARY 53u
#define HUB_SCTP_PPID_TEXT_EMPTY 56u
#define HUB_SCTP_PPID_BINARY_EMPTY 57u

/**
 * HubSctp:
 * One SCTP association over DTLS (RFC 8261), by libusrsctp without threads of its own. All of a
 * process's associations are on one thread; nothing blocks, and no function is called back but from
 * a call of the owner's.
 */
typedef struct _HubSctp HubSctp;

/* All are called within hub_sctp_take(), hub_sctp_poll() and the functions that send; none of them
 * frees the association. */
typedef struct
{
  /* A packet for the other side, over DTLS. */
  void (*send) (const guint8 *packet, gsize length, gpointer data);
  /* For ever: the other side ended it, or did not answer. */
  void (*down) (gpointer data);
  /* A whole message; @bytes is NULL for one of more than %HUB_SCTP_MAX_MESSAGE. */
  void (*message) (guint16 stream, guint32 ppid, const guint8 *bytes, gsize length, gpointer data);
  /* The other side closed its direction of a stream (RFC 6525). */
  void (*reset) (guint16 stream, gpointer data);
} HubSctpHandlers;

/* Reads what the library reads from the system, once, for a process that cannot later. */
void hub_sctp_open_library (void);
/**
 * hub_sctp_new:
 * @port: the other side's
 *
 * %KAREZ_ERROR_UNAVAILABLE, "rtc/sctp": where another thread has associations, or the library no
 * memory.
 *
 * Returns: (transfer full): NULL with @error set
 */
HubSctp *hub_sctp_new (guint16 port, const HubSctpHandlers *handlers, gpointer data,
                       GError **error);
/* Tells the other side that it is over, too. */
void hub_sctp_free (HubSctp *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HubSctp, hub_sctp_free)

/* Begins the handshake: packets can be sent from now on. Both sides may begin, each once. */
void hub_sctp_start (HubSctp *self);
/* A packet of the other side. */
void hub_sctp_take (HubSctp *self, const guint8 *packet, gsize length);
/* What timers did. After hub_sctp_tick(). */
void hub_sctp_poll (HubSctp *self);
/* Of all associations of this process; every 20 ms or so. On a thread that has none it does
 * nothing.
 * @now: monotonic microseconds */
void hub_sctp_tick (gint64 now);

typedef enum
{
  HUB_SCTP_RELIABLE, /* in order */
  HUB_SCTP_ONCE,     /* in no order, and never again if it is lost (RFC 3758, RFC 7496) */
} HubSctpReliability;

/* Whether the message was taken; FALSE while too much waits, or where there is no such stream. */
gboolean hub_sctp_send (HubSctp *self, guint16 stream, guint32 ppid, HubSctpReliability reliability,
                        const guint8 *bytes, gsize length);
/* Closes our direction of a stream (RFC 6525). */
void hub_sctp_reset (HubSctp *self, guint16 stream);

G_END_DECLS
