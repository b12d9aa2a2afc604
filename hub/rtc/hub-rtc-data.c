/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a modality declares, and its data channels: on the main thread. */
#include "hub-rtc-private.h"

#include <glib/gi18n.h>

void
hub_rtc_declare_source (KarezMedia *media, const char *label, KarezSourceFlags flags)
{
  HubRtc *self = HUB_RTC (media);
  HubRtcSources *sources = &self->sources;
  HubRtcSource *source;

  /* A page's are what was declared when it came. */
  g_return_if_fail (self->pages->len == 0 && self->remote_told->len == 0);
  if (!self->declared)
    sources->n = 0;
  self->declared = TRUE;
  g_return_if_fail (sources->n < G_N_ELEMENTS (sources->all));
  g_return_if_fail (hub_rtc_sources_find (sources, label) == NULL);
  source = &sources->all[sources->n++];
  g_strlcpy (source->label, label, sizeof source->label);
  source->kind = flags & KAREZ_SOURCE_VOICE ? HUB_MEDIA_AUDIO : HUB_MEDIA_VIDEO;
  source->shared = (flags & KAREZ_SOURCE_SHARED) != 0;
}

void
hub_rtc_declare_channel (KarezMedia *media, const char *label, KarezChannelFlags flags,
                         gsize max_size, guint max_rate)
{
  HubRtc *self = HUB_RTC (media);
  HubRtcChannelRule *rule = &self->channels[self->n_channels];

  g_return_if_fail (self->n_channels < G_N_ELEMENTS (self->channels));
  /* A page's are what was declared when it came. */
  g_return_if_fail (self->pages->len == 0);
  for (guint i = 0; i < self->n_channels; i++)
    g_return_if_fail (!g_str_equal (self->channels[i].label, label));
  g_strlcpy (rule->label, label, sizeof rule->label);
  rule->flags = flags;
  rule->max_size = max_size;
  rule->max_rate = max_rate;
  self->n_channels++;
}

gboolean
hub_rtc_send (KarezMedia *media, KarezParticipant *participant, const char *label, GBytes *message,
              GError **error)
{
  HubRtc *self = HUB_RTC (media);
  HubRtcPage *page = hub_rtc_find_page (self, participant);
  int channel = page != NULL ? hub_rtc_channel_set_find (page->channels, label) : -1;
  gsize size = g_bytes_get_size (message);
  HubRtcCommand *command;

  if (channel < 0 || !(page->channels_open & 1u << channel))
    return karez_error_set (error, KAREZ_ERROR_UNAVAILABLE, "media/channel", NULL,
                            N_ ("The page has no data channel “%s” open."), label);
  if (atomic_load (&page->channels->outgoing) + size > HUB_RTC_MAX_WAITING)
    return karez_error_set (error, KAREZ_ERROR_BUSY, "media/waiting", NULL,
                            N_ ("Too much waits for the page's data channel “%s”."), label);
  atomic_fetch_add (&page->channels->outgoing, size);
  command = g_new0 (HubRtcCommand, 1);
  command->kind = HUB_RTC_SEND;
  command->connection = page->connection;
  command->channels = hub_rtc_channel_set_ref (page->channels);
  command->number = (guint) channel;
  command->message = g_bytes_ref (message);
  hub_rtc_run (command, self);
  return TRUE;
}

void
hub_rtc_follow_channel (HubRtc *self, HubRtcPage *page, const HubRtcEvent *event)
{
  g_autoptr (KarezParticipant) participant = g_object_ref (page->participant);
  const char *label = event->channel >= 0 ? event->channels->rules[event->channel].label : NULL;

  if (event->message != NULL)
    atomic_fetch_sub (&event->channels->incoming, g_bytes_get_size (event->message));
  /* Of channels that the page has no more. */
  if (event->channels != page->channels)
    return;
  switch (event->kind)
    {
    case HUB_RTC_CHANNEL:
      if (event->open)
        page->channels_open |= 1u << event->channel;
      else
        page->channels_open &= ~(1u << event->channel);
      g_signal_emit_by_name (self, "channel", participant, label, event->open);
      break;
    case HUB_RTC_MESSAGE:
      g_signal_emit_by_name (self, "message", participant, label, event->message);
      break;
    default:
      karez_participant_send (participant,
                              karez_json_object ("type", "s", "media.refused", "connection", "s",
                                                 page->token, "label", "s", label, "rule", "s",
                                                 event->failure, NULL));
    }
}

void
hub_rtc_close_channels (HubRtc *self, HubRtcPage *page)
{
  g_autoptr (KarezParticipant) participant = g_object_ref (page->participant);
  g_autoptr (HubRtcChannelSet) channels = hub_rtc_channel_set_ref (page->channels);
  guint open = page->channels_open;

  page->channels_open = 0;
  for (guint i = 0; i < channels->n_rules; i++)
    if (open & 1u << i)
      g_signal_emit_by_name (self, "channel", participant, channels->rules[i].label, FALSE);
}
