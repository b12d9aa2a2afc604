/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pages that try their way: what they send comes back to them. */
#include "hub-rtc-private.h"

#include "hub-log.h"

#include <glib/gi18n.h>

typedef struct
{
  HubRtc *rtc; /* not owned: it owns us */
  HubRtcPage *page;
  guint end_source;
} HubRtcEcho;

static void
echo_free (HubRtcEcho *self)
{
  g_clear_handle_id (&self->end_source, g_source_remove);
  hub_rtc_page_free (self->page);
  g_free (self);
}

GPtrArray *
hub_rtc_echoes_new (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) echo_free);
}

static void
drop (HubRtc *self, HubRtcEcho *echo)
{
  hub_rtc_remove_connection (self, echo->page->connection);
  g_ptr_array_remove (self->echoes, echo);
}

static gboolean
on_end (gpointer data)
{
  HubRtcEcho *echo = data;

  echo->end_source = 0;
  drop (echo->rtc, echo);
  return G_SOURCE_REMOVE;
}

void
hub_rtc_follow_echo (HubRtc *self, const HubRtcEvent *event)
{
  for (guint i = 0; i < self->echoes->len; i++)
    {
      HubRtcEcho *echo = self->echoes->pdata[i];

      if (echo->page->connection != event->connection)
        continue;
      hub_info ("rtc", karez_participant_get_id (echo->page->participant), "The echo is %s%s%s.",
                hub_rtc_state_name (event->state), event->failure != NULL ? ": " : "",
                event->failure != NULL ? event->failure : "");
      if (event->state == HUB_RTC_CLOSED)
        drop (self, echo);
      return;
    }
}

static const char *
person_of (KarezParticipant *participant)
{
  return karez_actor_get_id (karez_participant_get_actor (participant));
}

void
hub_rtc_drop_echoes (HubRtc *self, const char *person)
{
  for (guint i = self->echoes->len; i-- > 0;)
    {
      HubRtcEcho *echo = self->echoes->pdata[i];

      if (g_str_equal (person_of (echo->page->participant), person))
        drop (self, echo);
    }
}

/* What each section that sends is of. */
static JsonObject *
name_sources (const HubSdpOffer *offer)
{
  JsonObject *sources = json_object_new ();

  for (guint i = 0; i < offer->n_sections; i++)
    if (offer->sections[i].sends)
      json_object_set_string_member (sources, offer->sections[i].mid,
                                     offer->sections[i].kind == HUB_MEDIA_AUDIO ? "microphone"
                                                                                : "camera");
  return sources;
}

static gboolean
agree (HubRtc *self, HubRtcPage *page, HubSdpOffer *offer, HubSdpAnswer *answer, GError **error)
{
  g_autoptr (JsonObject) sources = name_sources (offer);

  if (!hub_rtc_page_agree (page, offer, sources, &self->next_track, hub_rtc_run, self,
                           answer->places, error))
    return FALSE;
  return (page->n_published > 0 && hub_rtc_place_own (self, page))
         || karez_error_set (error, KAREZ_ERROR_INVALID, "rtc/places",
                             N_ ("a part that sends, and a place that receives for each"),
                             N_ ("The page sends nothing, or has no place for what comes back"));
}

char *
hub_rtc_echo (HubRtc *self, KarezParticipant *participant, const char *sdp, GError **error)
{
  g_autofree HubSdpOffer *offer = g_new0 (HubSdpOffer, 1);
  g_autofree HubSdpAnswer *answer = g_new0 (HubSdpAnswer, 1);
  g_autoptr (HubRtcPage) page = NULL;
  HubRtcCommand *command;
  HubRtcEcho *echo;
  char *text;

  if (!hub_sdp_parse_offer (offer, sdp, FALSE, error))
    return NULL;
  /* One for each person. */
  hub_rtc_drop_echoes (self, person_of (participant));
  if (self->echoes->len == HUB_RTC_MAX_ECHOES)
    {
      karez_error_set (error, KAREZ_ERROR_BUSY, "rtc/echoes",
                       N_ ("at most 8 at once; try again in 20 seconds"),
                       N_ ("Too many people try their network just now"));
      return NULL;
    }
  page = hub_rtc_page_new (participant, &hub_rtc_usual_sources, "", self->next_connection++,
                           offer->fingerprint);
  command = g_new0 (HubRtcCommand, 1);
  command->kind = HUB_RTC_ADD_CONNECTION;
  command->connection_added = hub_rtc_page_make_connection (page, offer);
  command->connection_added->echo = TRUE;
  hub_rtc_run (command, self);
  if (!agree (self, page, offer, answer, error))
    {
      hub_rtc_remove_connection (self, page->connection);
      return NULL;
    }
  text = hub_rtc_write_answer (self, page, offer, answer);
  echo = g_new0 (HubRtcEcho, 1);
  echo->rtc = self;
  echo->page = g_steal_pointer (&page);
  echo->end_source = g_timeout_add_seconds (HUB_RTC_ECHO_S, on_end, echo);
  g_ptr_array_add (self->echoes, echo);
  return text;
}
