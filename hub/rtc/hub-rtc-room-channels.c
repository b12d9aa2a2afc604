/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Data channels of a room's connections, between DTLS and the main thread. */
#include "hub-rtc-room-private.h"

#include "hub-log.h"

static void
on_packet (const guint8 *packet, gsize length, gpointer data)
{
  HubRtcConnection *connection = data;

  /* Between two handshakes there is none: SCTP sends it again. */
  if (connection->dtls != NULL)
    hub_dtls_send (connection->dtls, packet, length);
}

static HubRtcEvent *
new_event (HubRtcConnection *connection, HubRtcEventKind kind, int channel)
{
  HubRtcEvent *event = g_new0 (HubRtcEvent, 1);

  event->kind = kind;
  event->connection = connection->number;
  event->channels = hub_rtc_channel_set_ref (hub_rtc_channels_get_set (connection->channels));
  event->channel = channel;
  return event;
}

static void
tell (HubRtcConnection *connection, HubRtcEvent *event)
{
  connection->room->tell (event, connection->room->data);
}

static void
on_changed (guint channel, gboolean open, gpointer data)
{
  HubRtcEvent *event = new_event (data, HUB_RTC_CHANNEL, (int) channel);

  event->open = open;
  tell (data, event);
}

static void
on_message (guint channel, GBytes *message, gpointer data)
{
  HubRtcEvent *event = new_event (data, HUB_RTC_MESSAGE, (int) channel);

  event->message = message;
  tell (data, event);
}

static void
on_refused (int channel, const char *rule, gpointer data)
{
  HubRtcEvent *event = new_event (data, HUB_RTC_REFUSED, channel);

  event->failure = rule;
  tell (data, event);
}

static const HubRtcChannelHandlers handlers = { on_packet, on_changed, on_message, on_refused };

void
hub_rtc_room_add_channels (HubRtcConnection *connection, HubRtcChannelSet *set, guint16 port)
{
  g_autoptr (GError) error = NULL;

  g_clear_pointer (&connection->channels, hub_rtc_channels_free);
  connection->channels = hub_rtc_channels_new (set, port, &handlers, connection, &error);
  if (connection->channels == NULL)
    hub_warning ("rtc", NULL, "%s", error->message);
  else if (connection->srtp != NULL)
    hub_rtc_channels_start (connection->channels);
}

void
hub_rtc_room_start_channels (HubRtcConnection *connection)
{
  if (connection->channels != NULL)
    hub_rtc_channels_start (connection->channels);
}

static void
on_received (const guint8 *bytes, gsize length, gpointer data)
{
  HubRtcConnection *connection = data;

  if (connection->channels != NULL)
    hub_rtc_channels_take (connection->channels, bytes, length);
}

void
hub_rtc_room_bind_channels (HubRtcConnection *connection)
{
  hub_dtls_set_receive (connection->dtls, on_received);
}

void
hub_rtc_room_send (HubRtcConnection *connection, HubRtcCommand *command)
{
  if (connection->channels != NULL
      && hub_rtc_channels_get_set (connection->channels) == command->channels)
    hub_rtc_channels_send (connection->channels, command->number,
                           g_steal_pointer (&command->message));
}
