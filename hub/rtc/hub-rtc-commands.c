/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the main thread asks of the room, on the media thread. */
#include "hub-rtc-room-private.h"

void
hub_rtc_command_free (HubRtcCommand *self)
{
  g_clear_pointer (&self->connection_added, hub_rtc_connection_free);
  g_clear_pointer (&self->track_added, hub_rtc_track_free);
  g_free (self->slot_added);
  g_clear_pointer (&self->tap_added, hub_rtc_tap_free);
  g_clear_pointer (&self->intake_added, hub_rtc_intake_free);
  g_clear_pointer (&self->channels, hub_rtc_channel_set_unref);
  g_clear_pointer (&self->message, g_bytes_unref);
  if (self->port != NULL)
    self->port->free (self->port);
  explicit_bzero (self->password, sizeof self->password);
  if (self->call_free != NULL)
    self->call_free (self->call_data);
  g_free (self);
}

static void
add_connection (HubRtcRoom *self, HubRtcConnection *connection, gint64 now)
{
  connection->made = now;
  connection->room = self;
  g_hash_table_insert (self->by_number, GUINT_TO_POINTER (connection->number), connection);
  g_hash_table_insert (self->by_ufrag, connection->ufrag, connection);
}

static void
remove_connection (HubRtcRoom *self, HubRtcConnection *connection)
{
  hub_rtc_room_forget (self, connection);
  /* Their end is told over DTLS, before its own. */
  g_clear_pointer (&connection->channels, hub_rtc_channels_free);
  if (connection->dtls != NULL)
    {
      hub_dtls_close (connection->dtls);
      hub_rtc_out_flush (connection->out);
    }
  hub_rtc_connection_free (connection);
}

static void
add_track (HubRtcRoom *self, HubRtcConnection *connection, HubRtcTrack *track)
{
  track->echo = connection->echo;
  /* What is echoed is not known to the room. */
  if (hub_rtc_connection_add_track (connection, track) && !track->echo)
    g_hash_table_insert (self->tracks, GUINT_TO_POINTER (track->number), track);
}

static void
remove_track (HubRtcRoom *self, HubRtcConnection *connection, guint number)
{
  for (guint i = 0; i < connection->n_tracks; i++)
    if (connection->tracks[i]->number == number)
      {
        g_hash_table_remove (self->tracks, GUINT_TO_POINTER (number));
        hub_rtc_connection_remove_track (connection, i);
        return;
      }
}

/* What a connection may be shown: its own, or what is sent in the room. */
static HubRtcTrack *
find_for (HubRtcRoom *self, HubRtcConnection *connection, guint number)
{
  if (!connection->echo)
    return g_hash_table_lookup (self->tracks, GUINT_TO_POINTER (number));
  for (guint i = 0; i < connection->n_tracks; i++)
    if (connection->tracks[i]->number == number)
      return connection->tracks[i];
  return NULL;
}

static void
feed (HubRtcRoom *self, HubRtcConnection *connection, const char *mid, guint track)
{
  for (guint i = 0; i < connection->n_slots; i++)
    if (g_str_equal (connection->slots[i]->mid, mid))
      hub_rtc_slot_feed (connection->slots[i], find_for (self, connection, track));
  hub_rtc_room_want_pictures (self, connection);
}

static void
add_remote (HubRtcRoom *self, guint number, HubRtcTrack *track)
{
  if (self->bridge == NULL)
    {
      hub_rtc_track_free (track);
      return;
    }
  g_hash_table_insert (self->tracks, GUINT_TO_POINTER (track->number), track);
  hub_rtc_bridge_add (self->bridge, number, track);
}

static void
remove_remote (HubRtcRoom *self, guint number, guint track)
{
  g_hash_table_remove (self->tracks, GUINT_TO_POINTER (track));
  if (self->bridge != NULL)
    hub_rtc_bridge_remove (self->bridge, number);
}

static void
set_forwards (HubRtcRoom *self, gboolean on)
{
  GHashTableIter iter;
  gpointer track;

  self->forwards = on;
  if (self->bridge != NULL)
    hub_rtc_bridge_set_allowed (self->bridge, on);
  g_hash_table_iter_init (&iter, self->tracks);
  while (on && g_hash_table_iter_next (&iter, NULL, &track))
    hub_rtc_track_allow (track);
}

/* What was not wanted before begins with a whole picture. It may have gone. */
static void
want_picture (HubRtcRoom *self, HubRtcTrack *track)
{
  if (track != NULL && hub_codec_kind (track->codec) == HUB_MEDIA_VIDEO)
    track->picture_wanted = self->hurried = TRUE;
}

static void
want_across (HubRtcRoom *self, HubRtcTrack *track, gboolean on)
{
  if (track == NULL)
    return;
  track->unwanted = !on;
  if (on)
    want_picture (self, track);
}

/* Of one connection, which may have gone while the command was under way. */
static void
run_on (HubRtcRoom *self, HubRtcConnection *connection, HubRtcCommand *command, gint64 now)
{
  if (command->kind == HUB_RTC_REMOVE_CONNECTION)
    remove_connection (self, connection);
  else if (command->kind == HUB_RTC_ADD_TRACK)
    add_track (self, connection, g_steal_pointer (&command->track_added));
  else if (command->kind == HUB_RTC_REMOVE_TRACK)
    remove_track (self, connection, command->track);
  else if (command->kind == HUB_RTC_ADD_SLOT)
    hub_rtc_connection_add_slot (connection, g_steal_pointer (&command->slot_added));
  else if (command->kind == HUB_RTC_REMOVE_SLOT)
    hub_rtc_connection_remove_slot (connection, command->mid);
  else if (command->kind == HUB_RTC_ADD_CHANNELS)
    hub_rtc_room_add_channels (connection, command->channels, (guint16) command->number);
  else if (command->kind == HUB_RTC_REMOVE_CHANNELS)
    g_clear_pointer (&connection->channels, hub_rtc_channels_free);
  else if (command->kind == HUB_RTC_SEND)
    hub_rtc_room_send (connection, command);
  else if (command->kind == HUB_RTC_EXTEND)
    connection->extensions = command->extensions;
  else if (command->kind == HUB_RTC_RENEW)
    hub_rtc_room_renew (self, connection, command, now);
  else if (command->kind == HUB_RTC_FEED)
    feed (self, connection, command->mid, command->track);
}

void
hub_rtc_room_run (HubRtcRoom *self, HubRtcCommand *command, gint64 now)
{
  HubRtcConnection *connection = g_hash_table_lookup (self->by_number,
                                                      GUINT_TO_POINTER (command->connection));
  HubRtcTrack *track = g_hash_table_lookup (self->tracks, GUINT_TO_POINTER (command->track));

  switch (command->kind)
    {
    case HUB_RTC_ADD_CONNECTION:
      add_connection (self, g_steal_pointer (&command->connection_added), now);
      break;
    case HUB_RTC_FORWARD:
      set_forwards (self, command->on);
      break;
    case HUB_RTC_SET_PORT:
      hub_rtc_room_set_port (self, g_steal_pointer (&command->port));
      break;
    case HUB_RTC_ADD_REMOTE:
      add_remote (self, command->number, g_steal_pointer (&command->track_added));
      break;
    case HUB_RTC_REMOVE_REMOTE:
      remove_remote (self, command->number, command->track);
      break;
    case HUB_RTC_WANT:
      if (self->bridge != NULL)
        hub_rtc_bridge_set_wanted (self->bridge, command->on);
      break;
    case HUB_RTC_WANT_TRACK:
      want_across (self, track, command->on);
      break;
    case HUB_RTC_WANT_PICTURE:
      want_picture (self, track);
      break;
    case HUB_RTC_ADD_TAP:
      hub_rtc_room_add_tap (self, g_steal_pointer (&command->tap_added));
      break;
    case HUB_RTC_FEED_TAP:
      hub_rtc_room_feed_tap (self, command->number, track);
      break;
    case HUB_RTC_ADD_INTAKE:
      hub_rtc_room_add_intake (self, g_steal_pointer (&command->intake_added));
      break;
    case HUB_RTC_REMOVE_INTAKE:
      hub_rtc_room_remove_intake (self, command->number);
      break;
    case HUB_RTC_CALL:
      command->call (command->call_data);
      break;
    default:
      if (connection != NULL)
        run_on (self, connection, command, now);
    }
  hub_rtc_command_free (command);
}
