/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-media-port.h"
#include "hub-rtc-connection.h"
#include "hub-rtc-intake.h"
#include "hub-rtc-queue.h"
#include "hub-rtc-tap.h"

G_BEGIN_DECLS

/* How often the room looks at its clocks. */
#define HUB_RTC_TICK_US (20 * 1000)
/* The most people who are told to be speaking at once. */
#define HUB_RTC_MAX_SPEAKING 4u

/* What the main thread asks for. */
typedef enum
{
  HUB_RTC_ADD_CONNECTION,    /* connection_added */
  HUB_RTC_REMOVE_CONNECTION, /* connection */
  HUB_RTC_ADD_TRACK,         /* connection, track_added */
  HUB_RTC_REMOVE_TRACK,      /* track */
  HUB_RTC_ADD_SLOT,          /* connection, slot_added */
  HUB_RTC_REMOVE_SLOT,       /* connection, mid */
  HUB_RTC_ADD_CHANNELS,      /* connection, channels, number: the page's SCTP port */
  HUB_RTC_REMOVE_CHANNELS,   /* connection */
  HUB_RTC_SEND,              /* connection, channels, number: the channel's; message */
  HUB_RTC_EXTEND,            /* connection, extensions */
  HUB_RTC_RENEW,             /* connection, ufrag, password: the page may have another transport */
  HUB_RTC_FEED,              /* connection, mid, track: 0 for nothing */
  HUB_RTC_FORWARD,           /* on */
  HUB_RTC_SET_PORT,          /* port: the way to the other hospital; once */
  HUB_RTC_ADD_REMOTE,        /* track_added, number */
  HUB_RTC_REMOVE_REMOTE,     /* track, number */
  HUB_RTC_WANT,              /* on: whether anybody there is to see or hear */
  HUB_RTC_WANT_TRACK,        /* track, on: whether anybody there looks at it */
  HUB_RTC_WANT_PICTURE,      /* track: a whole one, now */
  HUB_RTC_ADD_TAP,           /* tap_added */
  HUB_RTC_FEED_TAP,          /* number: the tap's; track: 0 for nothing */
  HUB_RTC_ADD_INTAKE,        /* intake_added */
  HUB_RTC_REMOVE_INTAKE,     /* number: the intake's */
  HUB_RTC_CALL,              /* call, call_data: does something on the media thread */
} HubRtcCommandKind;

typedef struct
{
  HubRtcLink link;
  HubRtcCommandKind kind;
  guint connection, track;
  guint number; /* what the other hospital calls a track; or as the kind says */
  gboolean on;
  void (*call) (gpointer data);
  gpointer call_data;
  GDestroyNotify call_free; /* (nullable) */
  HubMediaPort *port;
  char mid[HUB_SDP_MAX_MID + 1];
  HubRtcConnection *connection_added;
  HubRtcTrack *track_added;
  HubRtcSlot *slot_added;
  HubRtcTap *tap_added;
  HubRtcIntake *intake_added;
  HubRtcChannelSet *channels;
  GBytes *message;
  HubRtpExtensionMap extensions;
  char ufrag[HUB_STUN_UFRAG_LENGTH + 1];
  char password[HUB_STUN_PASSWORD_LENGTH + 1];
} HubRtcCommand;

/* With what it brings and nobody took. */
void hub_rtc_command_free (HubRtcCommand *self);

/* Both ways of one connection in the last second. */
typedef struct
{
  guint connection;
  guint bitrate_in, bitrate_out; /* bit/s of payload */
  guint loss_in, loss_out;       /* of 256; the worst stream, before repair */
  guint rtt_ms, jitter_ms;       /* 0 for not measured */
  guint64 repaired, resent;      /* in all */
} HubRtcStatistics;

/* What the media thread tells. */
typedef enum
{
  HUB_RTC_CHANGED,     /* connection, state, failure */
  HUB_RTC_SPEAKING,    /* tracks, loudest first */
  HUB_RTC_MEASURED,    /* statistics */
  HUB_RTC_CHANNEL,     /* connection, channels, channel, open */
  HUB_RTC_MESSAGE,     /* connection, channels, channel, message: counted as incoming */
  HUB_RTC_REFUSED,     /* connection, channels, channel (-1: not declared), failure: the rule */
  HUB_RTC_UNTAPPED,    /* tap: its other end is closed */
  HUB_RTC_UNPUBLISHED, /* tap: an intake's number, the same */
} HubRtcEventKind;

typedef struct
{
  HubRtcLink link;
  HubRtcEventKind kind;
  guint connection, tap;
  HubRtcConnectionState state;
  const char *failure; /* a literal, or NULL */
  HubRtcChannelSet *channels;
  int channel;
  gboolean open;
  GBytes *message;
  guint tracks[HUB_RTC_MAX_SPEAKING];
  guint n_tracks;
  GArray *statistics;                               /* HubRtcStatistics */
  HubMediaPortPath paths[HUB_MEDIA_PORT_MAX_PATHS]; /* with them */
  guint n_paths;
} HubRtcEvent;

void hub_rtc_event_free (HubRtcEvent *self);

/**
 * HubRtcRoom:
 * Everybody who is connected here, and what goes from whom to whom. All of it is on the media
 * thread. Nothing of it waits, locks or allocates for a packet.
 */
typedef struct _HubRtcRoom HubRtcRoom;

/* @identity: not owned. @event: (transfer full) goes to @tell. Times are monotonic microseconds. */
HubRtcRoom *hub_rtc_room_new (const HubDtlsIdentity *identity,
                              void (*tell) (HubRtcEvent *event, gpointer data), gpointer data);
void hub_rtc_room_free (HubRtcRoom *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HubRtcRoom, hub_rtc_room_free)

/* @command: (transfer full) */
void hub_rtc_room_run (HubRtcRoom *self, HubRtcCommand *command, gint64 now);
/* A datagram that came to the socket of @out; it is decrypted where it is. */
void hub_rtc_room_receive (HubRtcRoom *self, HubRtcOut *out, guint8 *datagram, gsize length,
                           const HubAddress *source, gint64 arrival);
/* All that came was handed over: what is missing is asked for. */
void hub_rtc_room_flush (HubRtcRoom *self, gint64 now);
/* Every %HUB_RTC_TICK_US. FALSE while there is nobody to look after. */
gboolean hub_rtc_room_tick (HubRtcRoom *self, gint64 now);
/* The socket of the tap in place @i of %HUB_RTC_MAX_TAPS; -1 for none. */
int hub_rtc_room_get_tap (HubRtcRoom *self, guint i);
/* Something came to it, or its other end was closed. */
void hub_rtc_room_serve_tap (HubRtcRoom *self, guint i);
/* The socket of the intake in place @i of %HUB_RTC_MAX_INTAKES, where more of it may be read; -1
 * for none. */
int hub_rtc_room_get_intake (HubRtcRoom *self, guint i);
/* Packets came to it, or its other end was closed. */
void hub_rtc_room_serve_intake (HubRtcRoom *self, guint i, gint64 now);
/* The way to the other hospital; NULL for none. */
HubMediaPort *hub_rtc_room_get_port (HubRtcRoom *self);
G_END_DECLS
