/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who is in the room and what is forwarded to whom, on the media thread. */
#include "hub-rtc-room-private.h"

#include "hub-sctp.h"

/* How long somebody may take from the first check to the keys. */
#define HANDSHAKE_US (15 * 1000 * 1000)
#define FEEDBACK_US (60 * 1000)
#define REPORT_US (1000 * 1000)
#define SPEAKERS_US (200 * 1000)

void
hub_rtc_event_free (HubRtcEvent *self)
{
  g_clear_pointer (&self->statistics, g_array_unref);
  g_clear_pointer (&self->channels, hub_rtc_channel_set_unref);
  g_clear_pointer (&self->message, g_bytes_unref);
  g_free (self);
}

static const char *
find_password (const char *ufrag, gpointer data)
{
  HubRtcRoom *self = data;
  HubRtcConnection *connection = g_hash_table_lookup (self->by_ufrag, ufrag);

  return connection != NULL && connection->state != HUB_RTC_CLOSED ? connection->password : NULL;
}

HubRtcRoom *
hub_rtc_room_new (const HubDtlsIdentity *identity, void (*tell) (HubRtcEvent *event, gpointer data),
                  gpointer data)
{
  HubRtcRoom *self = g_new0 (HubRtcRoom, 1);

  self->identity = identity;
  self->tell = tell;
  self->data = data;
  self->stun = hub_stun_new (find_password, self);
  self->rtcp = hub_rtcp_new ();
  self->by_number = g_hash_table_new (NULL, NULL);
  self->by_ufrag = g_hash_table_new (g_str_hash, g_str_equal);
  self->by_address = g_hash_table_new_full ((GHashFunc) hub_address_hash,
                                            (GEqualFunc) hub_address_equal, g_free, NULL);
  self->tracks = g_hash_table_new (NULL, NULL);
  return self;
}

void
hub_rtc_room_want_pictures (HubRtcRoom *self, HubRtcConnection *connection)
{
  for (guint i = 0; i < connection->n_slots && (self->forwards || connection->echo); i++)
    if (hub_rtc_slot_wants_picture (connection->slots[i]))
      connection->slots[i]->track->picture_wanted = self->hurried = TRUE;
}

/* Connections. */

/* Unless another one is there by now. */
static void
forget_address (HubRtcRoom *self, HubRtcConnection *connection, const HubAddress *address)
{
  if (g_hash_table_lookup (self->by_address, address) == connection)
    g_hash_table_remove (self->by_address, address);
}

void
hub_rtc_room_forget (HubRtcRoom *self, HubRtcConnection *connection)
{
  for (guint i = 0; i < connection->n_addresses; i++)
    forget_address (self, connection, &connection->addresses[i]);
  for (guint i = 0; i < connection->n_tracks; i++)
    g_hash_table_remove (self->tracks, GUINT_TO_POINTER (connection->tracks[i]->number));
  g_hash_table_remove (self->by_ufrag, connection->ufrag);
  g_hash_table_remove (self->by_number, GUINT_TO_POINTER (connection->number));
}

void
hub_rtc_room_free (HubRtcRoom *self)
{
  GHashTableIter iter;
  gpointer connection;

  g_hash_table_iter_init (&iter, self->by_number);
  while (g_hash_table_iter_next (&iter, NULL, &connection))
    hub_rtc_connection_free (connection);
  g_clear_pointer (&self->bridge, hub_rtc_bridge_free);
  hub_rtc_room_free_taps (self);
  hub_rtc_room_free_intakes (self);
  g_hash_table_unref (self->by_number);
  g_hash_table_unref (self->by_ufrag);
  g_hash_table_unref (self->by_address);
  g_hash_table_unref (self->tracks);
  hub_stun_free (self->stun);
  hub_rtcp_free (self->rtcp);
  g_free (self);
}

void
hub_rtc_room_change (HubRtcRoom *self, HubRtcConnection *connection, HubRtcConnectionState state,
                     const char *failure)
{
  HubRtcEvent *event;

  if (connection->state == state)
    return;
  connection->state = state;
  connection->failure = failure;
  event = g_new0 (HubRtcEvent, 1);
  event->kind = HUB_RTC_CHANGED;
  event->connection = connection->number;
  event->state = state;
  event->failure = failure;
  self->tell (event, self->data);
}

static void
open_connection (HubRtcRoom *self, HubRtcConnection *connection)
{
  hub_rtc_room_change (self, connection, HUB_RTC_OPEN, NULL);
  hub_rtc_room_want_pictures (self, connection);
  hub_rtc_room_start_channels (connection);
}

static void
on_dtls_send (const guint8 *datagram, gsize length, gpointer data)
{
  HubRtcConnection *connection = data;

  if (length <= HUB_RTC_OUT_BYTES)
    hub_rtc_out_copy (connection->out, datagram, length, &connection->remote);
}

static void
shake (HubRtcRoom *self, HubRtcConnection *connection, gint64 now)
{
  connection->dtls = hub_dtls_new (self->identity, FALSE, connection->peer_fingerprint,
                                   on_dtls_send, connection);
  hub_rtc_room_bind_channels (connection);
  connection->made = now;
  hub_rtc_room_change (self, connection, HUB_RTC_HANDSHAKE, NULL);
}

/* The page has another transport for what was agreed on. Pages are told once it is heard from. */
static void
begin_anew (HubRtcConnection *connection, gint64 now)
{
  hub_rtc_connection_forget_keys (connection);
  connection->renewed = 0;
  connection->made = now;
  connection->state = HUB_RTC_NEW;
}

/* Chromium ends the transport of a bundle when the section that it was named by is stopped, or when
 * another one is put before it, and makes its handshake anew; the end may come before the offer,
 * with it or after it. RFC 8839, 4.4.1.1.1: a page that restarts its checks is answered by new
 * names. */
void
hub_rtc_room_renew (HubRtcRoom *self, HubRtcConnection *connection, const HubRtcCommand *command,
                    gint64 now)
{
  g_hash_table_remove (self->by_ufrag, connection->ufrag);
  memcpy (connection->ufrag, command->ufrag, sizeof connection->ufrag);
  memcpy (connection->password, command->password, sizeof connection->password);
  g_hash_table_insert (self->by_ufrag, connection->ufrag, connection);
  connection->renewed = now;
  if (connection->state == HUB_RTC_CLOSED && g_strcmp0 (connection->failure, "closed") == 0)
    begin_anew (connection, now);
}

/* What the handshake has come to. */
static void
follow_dtls (HubRtcRoom *self, HubRtcConnection *connection, gint64 now)
{
  switch (hub_dtls_get_state (connection->dtls))
    {
    case HUB_DTLS_HANDSHAKE:
      return;
    case HUB_DTLS_DONE:
      if (connection->srtp != NULL)
        return;
      connection->srtp = hub_dtls_make_srtp (connection->dtls, NULL);
      if (connection->srtp == NULL)
        hub_rtc_room_change (self, connection, HUB_RTC_CLOSED, "keys");
      else
        open_connection (self, connection);
      return;
    case HUB_DTLS_FAILED:
      if (hub_rtc_connection_is_renewing (connection, now))
        {
          begin_anew (connection, now);
          return;
        }
      hub_rtc_room_change (self, connection, HUB_RTC_CLOSED,
                           hub_dtls_get_failure (connection->dtls));
      return;
    }
}

static void
move_to (HubRtcConnection *connection, HubRtcOut *out, const HubAddress *source, gint64 now)
{
  /* What waits goes where it was to go. */
  if (connection->out != NULL)
    hub_rtc_out_flush (connection->out);
  connection->remote = *source;
  connection->out = out;
  connection->remote_at = now;
}

/* Something came that only the page can have sent, on a way that was checked. */
static void
hear_from (HubRtcRoom *self, HubRtcConnection *connection, HubRtcOut *out, const HubAddress *source,
           gint64 now)
{
  connection->heard = now;
  if (hub_address_equal (source, &connection->remote))
    connection->remote_at = now;
  else if (now - connection->remote_at > HUB_RTC_MOVED_US)
    move_to (connection, out, source, now);
  if (connection->state == HUB_RTC_AWAY)
    open_connection (self, connection);
}

/* A way that was proved: replies go there, and its datagrams are known. */
static void
learn_address (HubRtcRoom *self, HubRtcConnection *connection, HubRtcOut *out,
               const HubAddress *source, gboolean nominated, gint64 now)
{
  HubAddress forgotten;

  if (hub_rtc_connection_add_address (connection, source, &forgotten))
    {
      if (forgotten.length > 0)
        forget_address (self, connection, &forgotten);
      g_hash_table_replace (self->by_address, g_memdup2 (source, sizeof *source), connection);
    }
  if (nominated || connection->state == HUB_RTC_NEW)
    move_to (connection, out, source, now);
}

static void
take_stun (HubRtcRoom *self, HubRtcOut *out, const guint8 *datagram, gsize length,
           const HubAddress *source, gint64 now)
{
  char ufrag[HUB_STUN_UFRAG_LENGTH + 1];
  guint8 reply[HUB_STUN_MAX_REPLY];
  gsize reply_length;
  HubRtcConnection *connection;
  HubStunOutcome outcome = hub_stun_take (self->stun, datagram, length, source, ufrag, reply,
                                          &reply_length);

  if (outcome == HUB_STUN_IGNORED)
    return;
  hub_rtc_out_copy (out, reply, reply_length, source);
  if (outcome == HUB_STUN_REFUSED)
    return;
  connection = g_hash_table_lookup (self->by_ufrag, ufrag);
  connection->checked = now;
  learn_address (self, connection, out, source, outcome == HUB_STUN_NOMINATED, now);
  if (connection->state == HUB_RTC_NEW)
    shake (self, connection, now);
  hear_from (self, connection, out, source, now);
}

/* Packets. */

void
hub_rtc_room_forward (HubRtcRoom *self, HubRtcTrack *track, const HubRtp *packet,
                      const HubRtpExtensions *extensions, gint64 arrival, gboolean repair)
{
  const HubRtpPacket *kept = hub_rtc_track_take (track, packet, extensions, arrival, repair);

  if (kept == NULL || !(self->forwards || track->echo) || kept->index < track->allowed)
    return;
  for (HubRtcSlot *slot = track->slots; slot != NULL; slot = slot->next)
    hub_rtc_slot_send (slot, kept);
  for (HubRtcTap *tap = track->taps; tap != NULL; tap = tap->next)
    hub_rtc_tap_put (tap, kept);
  if (self->bridge != NULL && !track->remote && !track->echo && !track->unwanted
      && hub_rtc_bridge_is_wanted (self->bridge))
    hub_rtc_bridge_send (self->bridge, track, kept, repair);
}

/* The other hospital. */

static void
on_bridge_packet (HubRtcTrack *track, const HubRtp *packet, const HubRtpExtensions *extensions,
                  gint64 arrival, gboolean repair, gpointer data)
{
  HubRtcRoom *self = data;

  self->bridge_touched = TRUE;
  hub_rtc_room_forward (self, track, packet, extensions, arrival, repair);
}

static HubRtcTrack *
on_bridge_find (guint number, gpointer data)
{
  HubRtcRoom *self = data;
  HubRtcTrack *track = g_hash_table_lookup (self->tracks, GUINT_TO_POINTER (number));

  return track != NULL && !track->remote ? track : NULL;
}

static const HubRtcBridgeHandlers bridge_handlers = { on_bridge_packet, on_bridge_find };

void
hub_rtc_room_set_port (HubRtcRoom *self, HubMediaPort *port)
{
  g_clear_pointer (&self->bridge, hub_rtc_bridge_free);
  self->bridge = hub_rtc_bridge_new (port, &bridge_handlers, self);
  hub_rtc_bridge_set_allowed (self->bridge, self->forwards);
}

HubMediaPort *
hub_rtc_room_get_port (HubRtcRoom *self)
{
  return self->bridge != NULL ? hub_rtc_bridge_get_port (self->bridge) : NULL;
}

static void
tick_bridge (HubRtcRoom *self, gint64 now, gboolean report)
{
  HubMediaPort *port = hub_rtc_room_get_port (self);
  GHashTableIter iter;
  gpointer track;

  if (port == NULL)
    return;
  port->tick (port, now);
  hub_rtc_bridge_request_missing (self->bridge, now);
  g_hash_table_iter_init (&iter, self->tracks);
  while (report && g_hash_table_iter_next (&iter, NULL, &track))
    if (!((HubRtcTrack *) track)->remote)
      hub_rtc_bridge_send_clock (self->bridge, track);
}

/* RFC 4588, 4: the number that the lost packet had stands before its payload. */
static gboolean
unwrap_repair (const HubRtcTrack *track, HubRtp *packet)
{
  if (packet->payload_type != track->rtx_type || packet->payload_length < 2)
    return FALSE;
  packet->sequence = hub_get16 (packet->payload);
  packet->payload_type = track->payload_type;
  packet->ssrc = track->ssrc;
  packet->payload += 2;
  packet->payload_length -= 2;
  return TRUE;
}

/* Whether it came from who it says. */
static gboolean
take_rtp (HubRtcRoom *self, HubRtcConnection *connection, guint8 *datagram, gsize length,
          gint64 arrival)
{
  const HubRtcStream *stream;
  HubRtpExtensions extensions;
  HubRtp packet;

  if (!hub_rtp_parse (&packet, datagram, length))
    return FALSE;
  /* Before it is opened: libsrtp keeps something for each SSRC that it opens. */
  stream = hub_rtc_connection_find_stream (connection, &packet);
  if (stream == NULL)
    {
      connection->unknown++;
      return FALSE;
    }
  if (!hub_srtp_unprotect (connection->srtp, datagram, &length)
      || !hub_rtp_parse (&packet, datagram, length) || !hub_rtp_strip_padding (&packet, datagram))
    {
      connection->unopened++;
      return FALSE;
    }
  connection->received++;
  connection->received_bytes += packet.payload_length;
  connection->touched = TRUE;
  hub_rtp_read_extensions (&packet, &connection->extensions, &extensions);
  if (extensions.length[HUB_RTP_TRANSPORT_SEQUENCE] == 2)
    hub_rtp_feedback_take (&connection->feedback,
                           hub_get16 (extensions.value[HUB_RTP_TRANSPORT_SEQUENCE]), arrival);
  /* They mean something to this hop alone. */
  extensions.length[HUB_RTP_TRANSPORT_SEQUENCE] = extensions.length[HUB_RTP_MID] = 0;
  if (stream->rtx ? unwrap_repair (stream->track, &packet)
                  : packet.payload_type == stream->track->payload_type)
    hub_rtc_room_forward (self, stream->track, &packet, &extensions, arrival, stream->rtx);
  return TRUE;
}

/* RFC 6347, 4.2.8: the first word of another handshake, in clear. */
static gboolean
is_hello (const guint8 *datagram, gsize length)
{
  return length > 13 && datagram[0] == 22 && hub_get16 (datagram + 3) == 0 && datagram[13] == 1;
}

static void
take_dtls (HubRtcRoom *self, HubRtcConnection *connection, HubRtcOut *out, const guint8 *datagram,
           gsize length, const HubAddress *source, gint64 now)
{
  if (is_hello (datagram, length) && hub_rtc_connection_is_renewing (connection, now))
    {
      begin_anew (connection, now);
      move_to (connection, out, source, now);
      shake (self, connection, now);
    }
  if (connection->dtls == NULL)
    return;
  hub_dtls_take (connection->dtls, datagram, length);
  follow_dtls (self, connection, now);
}

void
hub_rtc_room_receive (HubRtcRoom *self, HubRtcOut *out, guint8 *datagram, gsize length,
                      const HubAddress *source, gint64 arrival)
{
  HubDatagramKind kind = hub_datagram_kind (datagram, length);
  HubRtcConnection *connection;

  if (kind == HUB_DATAGRAM_STUN)
    {
      take_stun (self, out, datagram, length, source, arrival);
      return;
    }
  connection = g_hash_table_lookup (self->by_address, source);
  if (connection == NULL || kind == HUB_DATAGRAM_UNKNOWN || connection->state == HUB_RTC_CLOSED)
    return;
  if (kind == HUB_DATAGRAM_DTLS)
    take_dtls (self, connection, out, datagram, length, source, arrival);
  else if (connection->srtp != NULL
           && (kind == HUB_DATAGRAM_RTP
                   ? take_rtp (self, connection, datagram, length, arrival)
                   : hub_rtc_room_receive_rtcp (self, connection, datagram, length, arrival)))
    hear_from (self, connection, out, source, arrival);
}

void
hub_rtc_room_flush (HubRtcRoom *self, gint64 now)
{
  GHashTableIter iter;
  gpointer value;

  hub_rtc_room_flush_taps (self);
  g_hash_table_iter_init (&iter, self->by_number);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      HubRtcConnection *connection = value;

      if ((connection->touched || self->hurried) && hub_rtc_connection_is_open (connection))
        hub_rtc_room_request_missing (self, connection, now);
      connection->touched = FALSE;
    }
  if (self->bridge != NULL && (self->hurried || self->bridge_touched))
    hub_rtc_bridge_request_missing (self->bridge, now);
  self->bridge_touched = FALSE;
  self->hurried = FALSE;
}

/* The clock. */

static void
watch (HubRtcRoom *self, HubRtcConnection *connection, gint64 now)
{
  if (connection->state == HUB_RTC_NEW && now - connection->made > HUB_RTC_CONSENT_US)
    hub_rtc_room_change (self, connection, HUB_RTC_CLOSED, "unreached");
  else if (connection->state == HUB_RTC_HANDSHAKE && now - connection->made > HANDSHAKE_US)
    hub_rtc_room_change (self, connection, HUB_RTC_CLOSED, "timeout");
  else if (connection->state == HUB_RTC_HANDSHAKE)
    {
      hub_dtls_tick (connection->dtls);
      follow_dtls (self, connection, now);
    }
  else if ((connection->state == HUB_RTC_OPEN || connection->state == HUB_RTC_AWAY)
           && now - connection->checked > HUB_RTC_CONSENT_US)
    hub_rtc_room_change (self, connection, HUB_RTC_CLOSED, "timeout");
  else if (connection->state == HUB_RTC_OPEN && now - connection->heard > HUB_RTC_AWAY_US)
    hub_rtc_room_change (self, connection, HUB_RTC_AWAY, NULL);
}

static void
tick_one (HubRtcRoom *self, HubRtcConnection *connection, gint64 now)
{
  watch (self, connection, now);
  if (connection->channels != NULL)
    hub_rtc_channels_tick (connection->channels);
  for (guint i = 0; i < connection->n_slots; i++)
    connection->slots[i]->budget = HUB_RTC_MAX_RESENT;
  hub_rtc_room_want_pictures (self, connection);
  if (!hub_rtc_connection_is_open (connection))
    return;
  hub_rtc_room_request_missing (self, connection, now);
  if (now - connection->told >= FEEDBACK_US)
    {
      hub_rtc_room_send_feedback (self, connection, now);
      connection->told = now;
    }
  if (now - connection->reported >= REPORT_US)
    {
      hub_rtc_room_report (self, connection, now);
      connection->reported = now;
    }
}

static gboolean
has_programs (HubRtcRoom *self)
{
  gboolean has = FALSE;

  for (guint i = 0; i < G_N_ELEMENTS (self->taps); i++)
    has |= self->taps[i] != NULL;
  for (guint i = 0; i < G_N_ELEMENTS (self->intakes); i++)
    has |= self->intakes[i] != NULL;
  return has;
}

gboolean
hub_rtc_room_tick (HubRtcRoom *self, gint64 now)
{
  GHashTableIter iter;
  gpointer connection;

  hub_sctp_tick (now);
  g_hash_table_iter_init (&iter, self->by_number);
  while (g_hash_table_iter_next (&iter, NULL, &connection))
    tick_one (self, connection, now);
  hub_rtc_room_tick_taps (self);
  hub_rtc_room_tick_intakes (self, now);
  tick_bridge (self, now, now - self->measured >= REPORT_US);
  if (now - self->heard >= SPEAKERS_US)
    {
      hub_rtc_room_look_for_speakers (self, now);
      self->heard = now;
    }
  if (now - self->measured >= REPORT_US)
    {
      hub_rtc_room_measure (self, now);
      self->measured = now;
    }
  return g_hash_table_size (self->by_number) > 0 || self->bridge != NULL || has_programs (self);
}
