/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ways out of the room to programs, on the media thread. */
#include "hub-rtc-room-private.h"

void
hub_rtc_room_add_tap (HubRtcRoom *self, HubRtcTap *tap)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->taps); i++)
    if (self->taps[i] == NULL)
      {
        self->taps[i] = tap;
        return;
      }
  hub_rtc_tap_free (tap);
}

void
hub_rtc_room_feed_tap (HubRtcRoom *self, guint number, HubRtcTrack *track)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->taps); i++)
    if (self->taps[i] != NULL && self->taps[i]->number == number)
      {
        hub_rtc_tap_flush (self->taps[i]);
        hub_rtc_tap_feed (self->taps[i], track);
        self->hurried = TRUE;
      }
  hub_rtc_room_tick_taps (self);
}

void
hub_rtc_room_flush_taps (HubRtcRoom *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->taps); i++)
    if (self->taps[i] != NULL)
      hub_rtc_tap_flush (self->taps[i]);
}

void
hub_rtc_room_tick_taps (HubRtcRoom *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->taps); i++)
    if (self->forwards && self->taps[i] != NULL && hub_rtc_tap_wants_picture (self->taps[i]))
      self->taps[i]->track->picture_wanted = TRUE;
}

void
hub_rtc_room_free_taps (HubRtcRoom *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->taps); i++)
    g_clear_pointer (&self->taps[i], hub_rtc_tap_free);
}

int
hub_rtc_room_get_tap (HubRtcRoom *self, guint i)
{
  return self->taps[i] != NULL ? self->taps[i]->fd : -1;
}

void
hub_rtc_room_serve_tap (HubRtcRoom *self, guint i)
{
  HubRtcEvent *event;

  if (self->taps[i] == NULL)
    return;
  if (hub_rtc_tap_serve (self->taps[i]))
    {
      self->hurried = TRUE;
      return;
    }
  event = g_new0 (HubRtcEvent, 1);
  event->kind = HUB_RTC_UNTAPPED;
  event->tap = self->taps[i]->number;
  g_clear_pointer (&self->taps[i], hub_rtc_tap_free);
  self->tell (event, self->data);
}
