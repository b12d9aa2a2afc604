/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* RTCP of the room: reports, requests for packets and pictures. */
#include "hub-rtc-room-private.h"

/* What is missing is asked for once more before an answer could be there: a picture waits for it,
 * and the request may be lost as the packet was. */
#define SOON_US (10 * 1000)
/* When a round trip was not measured, and between what bounds it is believed. */
#define UNKNOWN_RTT_US (60 * 1000)
#define SHORTEST_RTT_US (15 * 1000)
#define LONGEST_RTT_US (400 * 1000)

/* A part of what a page said, on its way to where it belongs. */
typedef struct
{
  HubRtcRoom *room;
  HubRtcConnection *connection;
  gint64 now;
} Reading;

static void
on_sender (const HubRtcpSender *report, gpointer data)
{
  Reading *reading = data;
  HubRtcTrack *track = hub_rtc_connection_find_track (reading->connection, report->ssrc);

  if (track != NULL && report->ntp != 0)
    hub_rtc_track_take_sender (
        track, report->ntp, report->rtp_time,
        hub_rtc_connection_take_clock (reading->connection, report->ntp, reading->now),
        reading->now);
}

static void
on_report (guint32 ssrc, const HubRtpReport *report, gpointer data)
{
  Reading *reading = data;
  HubRtcSlot *slot = hub_rtc_connection_find_slot (reading->connection, ssrc, FALSE);

  if (slot != NULL)
    hub_rtc_slot_take_report (slot, report, reading->now);
}

static void
on_missing (guint32 ssrc, guint16 sequence, gpointer data)
{
  Reading *reading = data;
  HubRtcSlot *slot = hub_rtc_connection_find_slot (reading->connection, ssrc, FALSE);

  if (slot != NULL && (reading->room->forwards || reading->connection->echo))
    hub_rtc_slot_resend (slot, sequence, reading->now);
}

static void
on_picture (guint32 ssrc, gpointer data)
{
  Reading *reading = data;
  HubRtcSlot *slot = hub_rtc_connection_find_slot (reading->connection, ssrc, FALSE);

  if (slot != NULL && slot->track != NULL && slot->kind == HUB_MEDIA_VIDEO)
    slot->track->picture_wanted = TRUE;
}

static const HubRtcpHandlers handlers = {
  .sender = on_sender,
  .report = on_report,
  .missing = on_missing,
  .picture = on_picture,
};

gboolean
hub_rtc_room_receive_rtcp (HubRtcRoom *self, HubRtcConnection *connection, guint8 *datagram,
                           gsize length, gint64 now)
{
  Reading reading = { self, connection, now };
  guint32 ssrc = length >= 8 ? hub_get32 (datagram + 4) : 0;

  if (!hub_rtc_connection_may_report (connection, ssrc))
    {
      connection->unknown++;
      return FALSE;
    }
  if (!hub_srtp_unprotect_rtcp (connection->srtp, datagram, &length))
    {
      connection->unopened++;
      return FALSE;
    }
  hub_rtc_connection_add_reporter (connection, ssrc);
  if (!hub_rtcp_read (self->rtcp, datagram, length, &handlers, &reading))
    connection->unopened++;
  return TRUE;
}

/* Ends the compound that was begun, seals it, and puts it on its way. */
static void
put (HubRtcRoom *self, HubRtcConnection *connection)
{
  gsize length;
  const guint8 *compound = hub_rtcp_end (self->rtcp, &length);
  guint8 *out;

  if (length == 0)
    return;
  out = hub_rtc_out_next (connection->out);
  memcpy (out, compound, length);
  if (hub_srtp_protect_rtcp (connection->srtp, out, &length))
    hub_rtc_out_push (connection->out, length, &connection->remote);
  else
    connection->unsealed++;
}

/* The page's round trip, where one of its slots measured it. */
static gint64
round_trip (const HubRtcConnection *connection)
{
  for (guint i = 0; i < connection->n_slots; i++)
    if (connection->slots[i]->rtt > 0)
      return CLAMP (connection->slots[i]->rtt, SHORTEST_RTT_US, LONGEST_RTT_US);
  return UNKNOWN_RTT_US;
}

/* Ends a compound that is full and begins another one. */
static void
put_and_begin (HubRtcRoom *self, HubRtcConnection *connection)
{
  put (self, connection);
  hub_rtcp_begin (self->rtcp);
}

static void
ask_one (HubRtcRoom *self, HubRtcConnection *connection, HubRtcTrack *track, gint64 now,
         gint64 again)
{
  guint16 missing[HUB_RTP_MAX_MISSING];
  guint n = track->rtx_type != 0 ? hub_rtp_receiver_ask (&track->receiver, now, SOON_US, again,
                                                         missing, G_N_ELEMENTS (missing))
                                 : 0;

  if (n > 0 && !hub_rtcp_add_missing (self->rtcp, connection->ssrc, track->ssrc, missing, n))
    {
      put_and_begin (self, connection);
      hub_rtcp_add_missing (self->rtcp, connection->ssrc, track->ssrc, missing, n);
    }
  if (hub_rtc_track_wants_picture (track, now)
      && !hub_rtcp_add_picture (self->rtcp, connection->ssrc, track->ssrc))
    {
      put_and_begin (self, connection);
      hub_rtcp_add_picture (self->rtcp, connection->ssrc, track->ssrc);
    }
}

void
hub_rtc_room_request_missing (HubRtcRoom *self, HubRtcConnection *connection, gint64 now)
{
  gint64 again = round_trip (connection) * 5 / 4;

  hub_rtcp_begin (self->rtcp);
  for (guint i = 0; i < connection->n_tracks; i++)
    ask_one (self, connection, connection->tracks[i], now, again);
  put (self, connection);
}

void
hub_rtc_room_send_feedback (HubRtcRoom *self, HubRtcConnection *connection, gint64 now)
{
  guint8 information[HUB_RTCP_MAX_PACKET - 64];
  gsize length = hub_rtp_feedback_write (&connection->feedback, information, sizeof information);
  guint32 ssrc = connection->n_tracks > 0 ? connection->tracks[0]->ssrc : 0;

  if (length == 0)
    return;
  hub_rtcp_begin (self->rtcp);
  hub_rtcp_add_feedback (self->rtcp, connection->ssrc, ssrc, information, length);
  put (self, connection);
}

void
hub_rtc_room_report (HubRtcRoom *self, HubRtcConnection *connection, gint64 now)
{
  hub_rtcp_begin (self->rtcp);
  for (guint i = 0; i < connection->n_slots; i++)
    {
      HubRtcpSender sender;

      if (hub_rtc_slot_report (connection->slots[i], now, &sender)
          && !hub_rtcp_add_sender (self->rtcp, &sender))
        {
          put_and_begin (self, connection);
          hub_rtcp_add_sender (self->rtcp, &sender);
        }
    }
  for (guint i = 0; i < connection->n_tracks; i++)
    {
      HubRtcTrack *track = connection->tracks[i];

      if (!track->receiver.started)
        continue;
      hub_rtp_receiver_report (&track->receiver, now, &track->report);
      if (!hub_rtcp_add_report (self->rtcp, connection->ssrc, track->ssrc, &track->report))
        {
          put_and_begin (self, connection);
          hub_rtcp_add_report (self->rtcp, connection->ssrc, track->ssrc, &track->report);
        }
    }
  put (self, connection);
}
