/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tracks between the media threads of two hospitals. */
#include "hub-rtc-bridge.h"

#define FLAG_MARKER 0x01u
#define FLAG_REPAIR 0x02u
#define FLAG_LEVEL 0x04u
#define FLAG_ORIENTATION 0x08u
#define FLAG_CAPTURE_TIME 0x10u

#define CAPTURE_TIME_BYTES 8u
#define CLOCK_BYTES 20u
#define MISSING_AT 8u
/* Between what bounds a round trip is believed before something is asked for again. */
#define SHORTEST_RTT_US (10 * 1000)
#define UNKNOWN_RTT_US (80 * 1000)

typedef enum
{
  KIND_PACKET = 1,
  KIND_CLOCK = 2,
  KIND_MISSING = 3,
  KIND_PICTURE = 4,
} Kind;

struct _HubRtcBridge
{
  HubMediaPort *port;
  const HubRtcBridgeHandlers *handlers;
  gpointer data;
  GHashTable *tracks; /* their number → HubRtcTrack, owned */
  gboolean wanted, allowed;
  gint64 clock_shift; /* our clock less theirs, by their quickest word; meaningless at time 0 */
  gint64 clock_time;
  guint64 malformed;
};

static void on_receive (const guint8 *datagram, gsize length, gint64 now, gpointer data);

HubRtcBridge *
hub_rtc_bridge_new (HubMediaPort *port, const HubRtcBridgeHandlers *handlers, gpointer data)
{
  HubRtcBridge *self = g_new0 (HubRtcBridge, 1);

  self->port = port;
  self->handlers = handlers;
  self->data = data;
  self->tracks = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) hub_rtc_track_free);
  port->receive = on_receive;
  port->data = self;
  return self;
}

void
hub_rtc_bridge_free (HubRtcBridge *self)
{
  self->port->free (self->port);
  g_hash_table_unref (self->tracks);
  g_free (self);
}

HubMediaPort *
hub_rtc_bridge_get_port (HubRtcBridge *self)
{
  return self->port;
}

void
hub_rtc_bridge_add (HubRtcBridge *self, guint number, HubRtcTrack *track)
{
  g_hash_table_replace (self->tracks, GUINT_TO_POINTER (number), track);
}

void
hub_rtc_bridge_remove (HubRtcBridge *self, guint number)
{
  g_hash_table_remove (self->tracks, GUINT_TO_POINTER (number));
}

void
hub_rtc_bridge_set_wanted (HubRtcBridge *self, gboolean wanted)
{
  self->wanted = wanted;
}

void
hub_rtc_bridge_set_allowed (HubRtcBridge *self, gboolean allowed)
{
  self->allowed = allowed;
}

gboolean
hub_rtc_bridge_is_wanted (const HubRtcBridge *self)
{
  return self->wanted;
}

/* Sending. */

static gsize
write_extensions (const HubRtpExtensions *extensions, guint8 *out)
{
  if (extensions->length[HUB_RTP_AUDIO_LEVEL] > 0)
    {
      out[1] |= FLAG_LEVEL;
      out[2] = extensions->value[HUB_RTP_AUDIO_LEVEL][0];
    }
  if (extensions->length[HUB_RTP_ORIENTATION] > 0)
    {
      out[1] |= FLAG_ORIENTATION;
      out[3] = extensions->value[HUB_RTP_ORIENTATION][0];
    }
  if (extensions->length[HUB_RTP_CAPTURE_TIME] < CAPTURE_TIME_BYTES)
    return HUB_RTC_BRIDGE_HEADER;
  out[1] |= FLAG_CAPTURE_TIME;
  memcpy (out + HUB_RTC_BRIDGE_HEADER, extensions->value[HUB_RTP_CAPTURE_TIME], CAPTURE_TIME_BYTES);
  return HUB_RTC_BRIDGE_HEADER + CAPTURE_TIME_BYTES;
}

void
hub_rtc_bridge_send (HubRtcBridge *self, const HubRtcTrack *track, const HubRtpPacket *packet,
                     gboolean repair)
{
  guint8 out[HUB_MEDIA_PORT_MAX_DATAGRAM] = { KIND_PACKET };
  gsize length;

  out[1] = (guint8) ((packet->marker ? FLAG_MARKER : 0) | (repair ? FLAG_REPAIR : 0));
  hub_put32 (out + 4, track->number);
  hub_put16 (out + 8, (guint16) packet->index);
  hub_put32 (out + 12, packet->timestamp);
  length = write_extensions (&packet->extensions, out);
  if (length + packet->length > sizeof out)
    return;
  memcpy (out + length, packet->payload, packet->length);
  self->port->send (self->port, out, length + packet->length);
}

void
hub_rtc_bridge_send_clock (HubRtcBridge *self, const HubRtcTrack *track)
{
  guint8 out[CLOCK_BYTES] = { KIND_CLOCK };

  if (track->clock == 0)
    return;
  hub_put32 (out + 4, track->number);
  hub_put64 (out + 8, (guint64) track->clock);
  hub_put32 (out + 16, track->clock_rtp_time);
  self->port->send (self->port, out, sizeof out);
}

static gint64
round_trip (HubRtcBridge *self)
{
  HubMediaPortPath paths[HUB_MEDIA_PORT_MAX_PATHS];
  guint n = self->port->measure (self->port, paths), longest = 0;

  /* Over all paths: an answer by the slower one is not late. */
  for (guint i = 0; i < n; i++)
    if (paths[i].alive)
      longest = MAX (longest, paths[i].rtt_ms);
  return longest > 0 ? MAX ((gint64) longest * 1000, SHORTEST_RTT_US) : UNKNOWN_RTT_US;
}

static void
ask_one (HubRtcBridge *self, guint number, HubRtcTrack *track, gint64 now, gint64 again)
{
  guint8 out[MISSING_AT + 2 * HUB_RTP_MAX_MISSING] = { KIND_MISSING };
  guint16 missing[HUB_RTP_MAX_MISSING];
  guint n = hub_rtp_receiver_ask (&track->receiver, now, 0, again, missing, G_N_ELEMENTS (missing));

  hub_put32 (out + 4, number);
  for (guint i = 0; i < n; i++)
    hub_put16 (out + MISSING_AT + 2 * i, missing[i]);
  if (n > 0)
    self->port->send (self->port, out, MISSING_AT + 2 * n);
  if (!hub_rtc_track_wants_picture (track, now))
    return;
  out[0] = KIND_PICTURE;
  self->port->send (self->port, out, MISSING_AT);
}

void
hub_rtc_bridge_request_missing (HubRtcBridge *self, gint64 now)
{
  gint64 again = round_trip (self) * 5 / 4;
  GHashTableIter iter;
  gpointer number, track;

  g_hash_table_iter_init (&iter, self->tracks);
  while (g_hash_table_iter_next (&iter, &number, &track))
    ask_one (self, GPOINTER_TO_UINT (number), track, now, again);
}

/* Receiving. What came was sealed by the other worker; it is looked at all the same. */

static void
take_packet (HubRtcBridge *self, HubRtcTrack *track, const guint8 *datagram, gsize length,
             gint64 now)
{
  HubRtpExtensions extensions = { { 0 }, { { 0 } } };
  guint8 flags = datagram[1];
  gsize offset = HUB_RTC_BRIDGE_HEADER + (flags & FLAG_CAPTURE_TIME ? CAPTURE_TIME_BYTES : 0);
  HubRtp packet = { 0 };

  if (length < offset)
    {
      self->malformed++;
      return;
    }
  packet.marker = (flags & FLAG_MARKER) != 0;
  packet.sequence = hub_get16 (datagram + 8);
  packet.timestamp = hub_get32 (datagram + 12);
  packet.payload = datagram + offset;
  packet.payload_length = length - offset;
  extensions.length[HUB_RTP_AUDIO_LEVEL] = flags & FLAG_LEVEL ? 1 : 0;
  extensions.value[HUB_RTP_AUDIO_LEVEL][0] = datagram[2];
  extensions.length[HUB_RTP_ORIENTATION] = flags & FLAG_ORIENTATION ? 1 : 0;
  extensions.value[HUB_RTP_ORIENTATION][0] = datagram[3];
  if (flags & FLAG_CAPTURE_TIME)
    {
      extensions.length[HUB_RTP_CAPTURE_TIME] = CAPTURE_TIME_BYTES;
      memcpy (extensions.value[HUB_RTP_CAPTURE_TIME], datagram + HUB_RTC_BRIDGE_HEADER,
              CAPTURE_TIME_BYTES);
    }
  self->handlers->packet (track, &packet, &extensions, now, (flags & FLAG_REPAIR) != 0, self->data);
}

static void
take_clock (HubRtcBridge *self, HubRtcTrack *track, const guint8 *datagram, gsize length,
            gint64 now)
{
  gint64 theirs, shift, drift;

  if (length != CLOCK_BYTES)
    {
      self->malformed++;
      return;
    }
  theirs = (gint64) (hub_get64 (datagram + 8) & G_MAXINT64 >> 1);
  shift = now - theirs;
  drift = (now - self->clock_time) / 10000;
  if (self->clock_time == 0 || shift < self->clock_shift + drift
      || shift > self->clock_shift + HUB_RTC_CLOCK_JUMP_US)
    self->clock_shift = shift;
  else
    self->clock_shift += drift;
  self->clock_time = now;
  track->clock = theirs + self->clock_shift;
  track->clock_rtp_time = hub_get32 (datagram + 16);
}

static void
take_missing (HubRtcBridge *self, HubRtcTrack *track, const guint8 *datagram, gsize length)
{
  for (gsize at = MISSING_AT; at + 2 <= length; at += 2)
    {
      gint64 index = hub_rtp_unwrap (track->receiver.newest, hub_get16 (datagram + at));
      const HubRtpPacket *packet = hub_rtc_track_find (track, index);

      if (packet != NULL && self->wanted && self->allowed)
        hub_rtc_bridge_send (self, track, packet, TRUE);
    }
}

static void
on_receive (const guint8 *datagram, gsize length, gint64 now, gpointer data)
{
  HubRtcBridge *self = data;
  HubRtcTrack *track = NULL;
  guint number;

  if (length < MISSING_AT)
    {
      self->malformed++;
      return;
    }
  number = hub_get32 (datagram + 4);
  if (datagram[0] == KIND_PACKET || datagram[0] == KIND_CLOCK)
    track = g_hash_table_lookup (self->tracks, GUINT_TO_POINTER (number));
  else if (datagram[0] == KIND_MISSING || datagram[0] == KIND_PICTURE)
    track = self->handlers->find (number, self->data);
  else
    self->malformed++;
  /* The word that a track is there comes by another way: a packet may be quicker. */
  if (track == NULL)
    return;
  if (datagram[0] == KIND_PACKET)
    take_packet (self, track, datagram, length, now);
  else if (datagram[0] == KIND_CLOCK)
    take_clock (self, track, datagram, length, now);
  else if (datagram[0] == KIND_MISSING)
    take_missing (self, track, datagram, length);
  else
    track->picture_wanted = hub_codec_kind (track->codec) == HUB_MEDIA_VIDEO;
}
