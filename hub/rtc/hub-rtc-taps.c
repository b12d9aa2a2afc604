/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who is tapped for which program, on the main thread. */
#include "hub-rtc-private.h"

#include "hub-log.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <sys/socket.h>
#include <unistd.h>

/* About a second of picture. */
#define SEND_BUFFER (1024 * 1024)

void
hub_rtc_tapped_free (gpointer data)
{
  HubRtcTapped *tapped = data;

  g_free (tapped->participant);
  g_free (tapped);
}

static gboolean
is_of (const HubRtcPublished *one, gconstpointer data)
{
  const HubRtcTapped *tapped = data;

  return one->source == tapped->source && g_str_equal (one->participant, tapped->participant);
}

static void
feed (HubRtc *self, HubRtcTapped *tapped, guint track)
{
  HubRtcCommand *command = g_new0 (HubRtcCommand, 1);

  tapped->track = track;
  command->kind = HUB_RTC_FEED_TAP;
  command->number = tapped->number;
  command->track = track;
  hub_rtc_run (command, self);
}

void
hub_rtc_follow_taps (HubRtc *self)
{
  for (guint i = 0; i < self->taps->len; i++)
    {
      HubRtcTapped *tapped = self->taps->pdata[i];
      const HubRtcPublished *published = hub_rtc_find_published (self, is_of, tapped);
      guint track = published != NULL ? published->track : 0;

      if (track != tapped->track)
        feed (self, tapped, track);
    }
}

void
hub_rtc_forget_tap (HubRtc *self, guint number)
{
  for (guint i = 0; i < self->taps->len; i++)
    if (((HubRtcTapped *) self->taps->pdata[i])->number == number)
      {
        g_ptr_array_remove_index (self->taps, i);
        break;
      }
  hub_rtc_follow_demand (self);
}

int
hub_rtc_tap (KarezMedia *media, const char *participant, const char *source, GError **error)
{
  HubRtc *self = HUB_RTC (media);
  const HubRtcSource *known = hub_rtc_sources_find (&self->sources, source);
  const int size = SEND_BUFFER;
  int ends[2] = { -1, -1 };
  HubRtcCommand *command;
  HubRtcTapped *tapped;

  if (known == NULL)
    hub_rtc_sources_refuse (&self->sources, error);
  else if (self->taps->len == KAREZ_MEDIA_MAX_TAPS)
    karez_error_set (error, KAREZ_ERROR_BUSY, "media/taps", N_ ("at most 8"),
                     N_ ("There are too many taps."));
  else if (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
    karez_error_set (error, KAREZ_ERROR_UNAVAILABLE, "rtc/tap", NULL,
                     N_ ("The media cannot be tapped: %s"), g_strerror (errno));
  if (ends[0] < 0)
    return -1;
  setsockopt (ends[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  tapped = g_new0 (HubRtcTapped, 1);
  tapped->number = ++self->next_tap;
  tapped->participant = g_strdup (participant);
  tapped->source = known;
  g_ptr_array_add (self->taps, tapped);
  command = g_new0 (HubRtcCommand, 1);
  command->kind = HUB_RTC_ADD_TAP;
  command->tap_added = hub_rtc_tap_new (tapped->number, ends[0]);
  hub_rtc_run (command, self);
  hub_rtc_follow_taps (self);
  hub_rtc_follow_demand (self);
  return ends[1];
}
