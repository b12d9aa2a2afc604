/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What programs send in somebody's name, on the main thread. */
#include "hub-rtc-private.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <sys/socket.h>
#include <unistd.h>

G_STATIC_ASSERT (HUB_RTC_MAX_INTAKES == KAREZ_MEDIA_MAX_TAPS);

/* About a second of picture. */
#define RECEIVE_BUFFER (1024 * 1024)

static gboolean
is_same (const HubRtcPublished *one, gconstpointer data)
{
  const HubRtcPublished *other = data;

  return one != other && one->source == other->source
         && g_str_equal (one->participant, other->participant);
}

static gboolean
check (HubRtc *self, const HubRtcPublished *published, const char *source, GError **error)
{
  if (published->source == NULL)
    {
      hub_rtc_sources_refuse (&self->sources, error);
      return FALSE;
    }
  if (published->source->kind != hub_codec_kind (published->codec))
    return karez_error_set (error, KAREZ_ERROR_INVALID, "media/codec",
                            N_ ("Opus for a voice, VP8 or H.264 for a picture"),
                            N_ ("“%s” is not sent in this codec."), source);
  if (!hub_rtc_is_here (self, published->participant))
    return karez_error_set (error, KAREZ_ERROR_NOT_FOUND, "media/participant",
                            N_ ("somebody of this hospital who is in the session"),
                            N_ ("Nobody is there in whose name it could be sent."));
  if (hub_rtc_find_published (self, is_same, published) != NULL)
    return karez_error_set (error, KAREZ_ERROR_CONFLICT, "media/published", NULL,
                            N_ ("“%s” is sent already."), source);
  return self->intakes->len < HUB_RTC_MAX_INTAKES
         || karez_error_set (error, KAREZ_ERROR_BUSY, "media/intakes", N_ ("at most 8"),
                             N_ ("Programs send too many streams."));
}

int
hub_rtc_publish (KarezMedia *media, const char *participant, const char *source, KarezCodec codec,
                 GError **error)
{
  HubRtc *self = HUB_RTC (media);
  g_autofree HubRtcIntakeSent *sent = g_new0 (HubRtcIntakeSent, 1);
  const int size = RECEIVE_BUFFER;
  int ends[2] = { -1, -1 };
  HubRtcCommand *command;

  sent->published.source = hub_rtc_sources_find (&self->sources, source);
  sent->published.codec = (HubCodec) codec;
  sent->published.on = TRUE;
  g_strlcpy (sent->published.participant, participant, sizeof sent->published.participant);
  if (!check (self, &sent->published, source, error))
    return -1;
  if (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
    {
      karez_error_set (error, KAREZ_ERROR_UNAVAILABLE, "rtc/intake", NULL,
                       N_ ("Nothing can be sent by a program: %s"), g_strerror (errno));
      return -1;
    }
  setsockopt (ends[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  sent->number = ++self->next_tap;
  sent->published.track = self->next_track++;
  command = g_new0 (HubRtcCommand, 1);
  command->kind = HUB_RTC_ADD_INTAKE;
  command->intake_added = hub_rtc_intake_new (
      sent->number, ends[0], hub_rtc_track_new (sent->published.track, sent->published.codec));
  g_ptr_array_add (self->intakes, g_steal_pointer (&sent));
  hub_rtc_run (command, self);
  hub_rtc_place_everybody (self);
  return ends[1];
}

void
hub_rtc_forget_intake (HubRtc *self, guint number)
{
  for (guint i = 0; i < self->intakes->len; i++)
    if (((HubRtcIntakeSent *) self->intakes->pdata[i])->number == number)
      {
        g_ptr_array_remove_index (self->intakes, i);
        hub_rtc_place_everybody (self);
        return;
      }
}

/* Whether somebody is gone in whose name it is, or sends it by a page now. */
static gboolean
is_over (HubRtc *self, const HubRtcIntakeSent *sent)
{
  return !hub_rtc_is_here (self, sent->published.participant)
         || hub_rtc_find_published (self, is_same, &sent->published) != NULL;
}

void
hub_rtc_follow_intakes (HubRtc *self)
{
  for (guint i = 0; i < self->intakes->len;)
    {
      const HubRtcIntakeSent *sent = self->intakes->pdata[i];
      HubRtcCommand *command;

      if (!is_over (self, sent))
        {
          i++;
          continue;
        }
      command = g_new0 (HubRtcCommand, 1);
      command->kind = HUB_RTC_REMOVE_INTAKE;
      command->number = sent->number;
      hub_rtc_run (command, self);
      g_ptr_array_remove_index (self->intakes, i);
    }
}
