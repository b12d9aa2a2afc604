/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-rtc-bridge.h"
#include "hub-rtc-room.h"

G_BEGIN_DECLS

struct _HubRtcRoom
{
  const HubDtlsIdentity *identity;
  void (*tell) (HubRtcEvent *event, gpointer data);
  gpointer data;

  HubStun *stun;
  HubRtcp *rtcp;
  HubRtcBridge *bridge;              /* NULL where there is no other hospital */
  GHashTable *by_number;             /* guint → HubRtcConnection, owned */
  GHashTable *by_ufrag;              /* char * → HubRtcConnection */
  GHashTable *by_address;            /* HubAddress * of the connection → HubRtcConnection */
  GHashTable *tracks;                /* guint → HubRtcTrack, theirs too */
  HubRtcTap *taps[HUB_RTC_MAX_TAPS]; /* NULL for none */
  HubRtcIntake *intakes[HUB_RTC_MAX_INTAKES]; /* the same */
  gboolean forwards;
  gboolean bridge_touched; /* something came over the bridge since the last look */
  gboolean hurried;        /* a picture is wanted: no need to wait for the next tick */

  gint64 heard, measured; /* when speakers were looked for, and statistics made */
  guint speaking[HUB_RTC_MAX_SPEAKING];
  guint n_speaking;
};

/* hub-rtc-room.c */
void hub_rtc_room_change (HubRtcRoom *self, HubRtcConnection *connection,
                          HubRtcConnectionState state, const char *failure);
/* Whole pictures of what @connection is shown and has not begun. */
void hub_rtc_room_want_pictures (HubRtcRoom *self, HubRtcConnection *connection);
/* The page may have another transport from now on. */
void hub_rtc_room_renew (HubRtcRoom *self, HubRtcConnection *connection,
                         const HubRtcCommand *command, gint64 now);
/* A packet of a track, to all who have it. */
void hub_rtc_room_forward (HubRtcRoom *self, HubRtcTrack *track, const HubRtp *packet,
                           const HubRtpExtensions *extensions, gint64 arrival, gboolean repair);
/* Nothing leads to @connection any more. */
void hub_rtc_room_forget (HubRtcRoom *self, HubRtcConnection *connection);
/* @port: (transfer full) */
void hub_rtc_room_set_port (HubRtcRoom *self, HubMediaPort *port);

/* hub-rtc-reports.c: RTCP of one connection. */
/* Whether it came from who it says. */
gboolean hub_rtc_room_receive_rtcp (HubRtcRoom *self, HubRtcConnection *connection,
                                    guint8 *datagram, gsize length, gint64 now);
/* What a page is to send again, and whole pictures. */
void hub_rtc_room_request_missing (HubRtcRoom *self, HubRtcConnection *connection, gint64 now);
/* What a page sent that came. */
void hub_rtc_room_send_feedback (HubRtcRoom *self, HubRtcConnection *connection, gint64 now);
void hub_rtc_room_report (HubRtcRoom *self, HubRtcConnection *connection, gint64 now);

/* hub-rtc-room-channels.c: data channels of one connection. */
void hub_rtc_room_add_channels (HubRtcConnection *connection, HubRtcChannelSet *set, guint16 port);
/* What is sent can reach the page: the keys are there. */
void hub_rtc_room_start_channels (HubRtcConnection *connection);
/* For its handshake: what comes over it goes to the channels. */
void hub_rtc_room_bind_channels (HubRtcConnection *connection);
/* Takes the message of @command, if they are the same channels still. */
void hub_rtc_room_send (HubRtcConnection *connection, HubRtcCommand *command);

/* hub-rtc-room-taps.c: ways out to programs. */
/* @tap: (transfer full): dropped where there is no place, which the main thread sees to */
void hub_rtc_room_add_tap (HubRtcRoom *self, HubRtcTap *tap);
/* @track: (nullable) */
void hub_rtc_room_feed_tap (HubRtcRoom *self, guint number, HubRtcTrack *track);
/* What came together leaves together. */
void hub_rtc_room_flush_taps (HubRtcRoom *self);
/* Asks for whole pictures that they wait for. */
void hub_rtc_room_tick_taps (HubRtcRoom *self);
void hub_rtc_room_free_taps (HubRtcRoom *self);

/* hub-rtc-room-intakes.c: ways in from programs. */
/* @intake: (transfer full): dropped where there is no place, which the main thread sees to */
void hub_rtc_room_add_intake (HubRtcRoom *self, HubRtcIntake *intake);
void hub_rtc_room_remove_intake (HubRtcRoom *self, guint number);
/* They may be read again; those whose pictures are wanted are asked. */
void hub_rtc_room_tick_intakes (HubRtcRoom *self, gint64 now);
void hub_rtc_room_free_intakes (HubRtcRoom *self);

/* hub-rtc-measures.c: what is told to the main thread now and then. */
void hub_rtc_room_look_for_speakers (HubRtcRoom *self, gint64 now);
void hub_rtc_room_measure (HubRtcRoom *self, gint64 now);

G_END_DECLS
