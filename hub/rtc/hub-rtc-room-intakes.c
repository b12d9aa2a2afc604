/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ways into the room from programs, on the media thread. */
#include "hub-rtc-room-private.h"

void
hub_rtc_room_add_intake (HubRtcRoom *self, HubRtcIntake *intake)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->intakes); i++)
    if (self->intakes[i] == NULL)
      {
        self->intakes[i] = intake;
        g_hash_table_insert (self->tracks, GUINT_TO_POINTER (intake->track->number), intake->track);
        return;
      }
  hub_rtc_intake_free (intake);
}

static void
remove (HubRtcRoom *self, HubRtcIntake **intake)
{
  g_hash_table_remove (self->tracks, GUINT_TO_POINTER ((*intake)->track->number));
  g_clear_pointer (intake, hub_rtc_intake_free);
}

void
hub_rtc_room_remove_intake (HubRtcRoom *self, guint number)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->intakes); i++)
    if (self->intakes[i] != NULL && self->intakes[i]->number == number)
      remove (self, &self->intakes[i]);
}

int
hub_rtc_room_get_intake (HubRtcRoom *self, guint i)
{
  return self->intakes[i] != NULL && self->intakes[i]->budget > 0 ? self->intakes[i]->fd : -1;
}

static void
on_packet (HubRtcTrack *track, const HubRtp *packet, const HubRtpExtensions *extensions,
           gint64 arrival, gpointer data)
{
  hub_rtc_room_forward (data, track, packet, extensions, arrival, FALSE);
}

void
hub_rtc_room_serve_intake (HubRtcRoom *self, guint i, gint64 now)
{
  HubRtcEvent *event;

  if (self->intakes[i] == NULL || hub_rtc_intake_serve (self->intakes[i], now, on_packet, self))
    return;
  event = g_new0 (HubRtcEvent, 1);
  event->kind = HUB_RTC_UNPUBLISHED;
  event->tap = self->intakes[i]->number;
  remove (self, &self->intakes[i]);
  self->tell (event, self->data);
}

void
hub_rtc_room_tick_intakes (HubRtcRoom *self, gint64 now)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->intakes); i++)
    if (self->intakes[i] != NULL)
      {
        self->intakes[i]->budget = HUB_RTC_INTAKE_PACKETS;
        if (hub_rtc_track_wants_picture (self->intakes[i]->track, now))
          hub_rtc_intake_ask (self->intakes[i]);
      }
}

void
hub_rtc_room_free_intakes (HubRtcRoom *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->intakes); i++)
    g_clear_pointer (&self->intakes[i], hub_rtc_intake_free);
}
