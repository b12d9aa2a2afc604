/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who is shown where. */
#include "hub-rtc-private.h"

HubRtcPublished *
hub_rtc_find_published (HubRtc *self,
                        gboolean (*suits) (const HubRtcPublished *one, gconstpointer data),
                        gconstpointer data)
{
  for (guint i = 0; i < self->pages->len; i++)
    {
      HubRtcPage *page = self->pages->pdata[i];

      for (guint j = 0; j < page->n_published; j++)
        if (suits (&page->published[j], data))
          return &page->published[j];
    }
  for (guint i = 0; i < self->intakes->len; i++)
    {
      HubRtcIntakeSent *sent = self->intakes->pdata[i];

      if (suits (&sent->published, data))
        return &sent->published;
    }
  for (guint i = 0; i < self->remote->len; i++)
    if (suits (self->remote->pdata[i], data))
      return self->remote->pdata[i];
  return NULL;
}

static gboolean
is_track (const HubRtcPublished *one, gconstpointer track)
{
  return one->track == *(const guint *) track;
}

HubRtcPublished *
hub_rtc_find_track (HubRtc *self, guint track)
{
  return track != 0 ? hub_rtc_find_published (self, is_track, &track) : NULL;
}

/* Tells the media thread what is in a place. */
static void
show (HubRtc *self, const HubRtcPage *page, const HubRtcPlace *place)
{
  HubRtcCommand *command = g_new0 (HubRtcCommand, 1);

  command->kind = HUB_RTC_FEED;
  command->connection = page->connection;
  command->track = page->hidden && place->kind == HUB_MEDIA_VIDEO ? 0 : place->track;
  g_strlcpy (command->mid, place->mid, sizeof command->mid);
  hub_rtc_run (command, self);
}

static void
feed (HubRtc *self, HubRtcPage *page, HubRtcPlace *place, guint track)
{
  place->track = track;
  place->used |= track != 0;
  show (self, page, place);
}

void
hub_rtc_set_hidden (HubRtc *self, HubRtcPage *page, gboolean hidden)
{
  if (page->hidden == hidden)
    return;
  page->hidden = hidden;
  for (guint i = 0; i < page->n_places; i++)
    if (page->places[i].track != 0 && page->places[i].kind == HUB_MEDIA_VIDEO)
      show (self, page, &page->places[i]);
  hub_rtc_follow_demand (self);
}

void
hub_rtc_show_all (HubRtc *self)
{
  for (guint i = 0; i < self->pages->len; i++)
    hub_rtc_set_hidden (self, self->pages->pdata[i], FALSE);
}

static HubRtcPlace *
find_shown (HubRtcPage *page, guint track)
{
  for (guint i = 0; i < page->n_places; i++)
    if (page->places[i].track == track)
      return &page->places[i];
  return NULL;
}

/* The place beside one: that plays the other kind together with it. */
static const HubRtcPlace *
find_beside (const HubRtcPage *page, const HubRtcPlace *place)
{
  for (guint i = 0; i < page->n_places; i++)
    if (page->places[i].position == place->position && page->places[i].kind != place->kind)
      return &page->places[i];
  return NULL;
}

/* How well a free place suits: best beside the voice or the face of the same person, then where
 * both are free. One where nobody was before is better: a page that is away from its hub, and does
 * not learn who is in a place now, shows nobody there, and not somebody under another's name. */
static guint
suit (const HubRtcPage *page, const HubRtcPlace *place, guint partner)
{
  const HubRtcPlace *beside = find_beside (page, place);
  guint fresh = place->used ? 0 : 1;

  if (beside == NULL)
    return 2 + fresh;
  if (partner != 0 && beside->track == partner)
    return 6 + fresh;
  return (beside->track == 0 ? 4 : 2) + fresh;
}

static HubRtcPlace *
choose_place (HubRtcPage *page, HubCodec codec, guint partner)
{
  HubRtcPlace *best = NULL;
  guint best_suit = 0;

  for (guint i = 0; i < page->n_places; i++)
    {
      HubRtcPlace *place = &page->places[i];

      if (place->track == 0 && place->codecs & (1u << codec)
          && suit (page, place, partner) > best_suit)
        {
          best = place;
          best_suit = suit (page, place, partner);
        }
    }
  return best;
}

static gboolean
is_partner (const HubRtcPublished *one, gconstpointer data)
{
  const HubRtcPublished *other = data;

  return g_str_equal (one->participant, other->participant) && one->source != other->source
         && !one->source->shared && !other->source->shared;
}

/* The face that belongs to a voice, and the voice that belongs to a face. */
static guint
partner_of (HubRtc *self, const HubRtcPublished *published)
{
  const HubRtcPublished *other = hub_rtc_find_published (self, is_partner, published);

  return other != NULL ? other->track : 0;
}

/* A muted voice keeps its place. */
gboolean
hub_rtc_is_shown (const HubRtcPublished *published)
{
  return published->on || !published->source->shared;
}

static void
place_one (HubRtc *self, HubRtcPage *page, const HubRtcPublished *published, guint *lacking)
{
  HubRtcPlace *place;

  if (!hub_rtc_is_shown (published) || find_shown (page, published->track) != NULL)
    return;
  place = choose_place (page, published->codec, partner_of (self, published));
  if (place != NULL)
    feed (self, page, place, published->track);
  else
    lacking[hub_codec_kind (published->codec)]++;
}

/* Finds a place for each track of somebody else. Counts those of a kind that have none. */
static void
place_all (HubRtc *self, HubRtcPage *page, guint *lacking)
{
  for (guint i = 0; i < self->pages->len; i++)
    {
      HubRtcPage *owner = self->pages->pdata[i];

      for (guint j = 0; j < owner->n_published && owner != page; j++)
        place_one (self, page, &owner->published[j], lacking);
    }
  for (guint i = 0; i < self->intakes->len; i++)
    {
      const HubRtcIntakeSent *sent = self->intakes->pdata[i];

      if (!g_str_equal (sent->published.participant, karez_participant_get_id (page->participant)))
        place_one (self, page, &sent->published, lacking);
    }
  for (guint i = 0; i < self->remote->len; i++)
    place_one (self, page, self->remote->pdata[i], lacking);
}

static JsonNode *
describe_places (HubRtc *self, HubRtcPage *page, const guint *lacking)
{
  JsonArray *array = json_array_new ();
  JsonNode *node = json_node_new (JSON_NODE_ARRAY);

  for (guint i = 0; i < page->n_places; i++)
    {
      const HubRtcPublished *published = hub_rtc_find_track (self, page->places[i].track);

      if (published != NULL)
        json_array_add_element (
            array, karez_json_object ("mid", "s", page->places[i].mid, "participant", "s",
                                      published->participant, "source", "s",
                                      published->source->label, "on", "b", published->on, NULL));
    }
  json_node_take_array (node, array);
  return karez_json_object ("type", "s", "media.places", "connection", "s", page->token, "places",
                            "n", node, "lacking_audio", "i", (gint64) lacking[HUB_MEDIA_AUDIO],
                            "lacking_video", "i", (gint64) lacking[HUB_MEDIA_VIDEO], NULL);
}

void
hub_rtc_place_page (HubRtc *self, HubRtcPage *page)
{
  guint lacking[2] = { 0 };

  for (guint i = 0; i < page->n_places; i++)
    {
      const HubRtcPublished *published = hub_rtc_find_track (self, page->places[i].track);

      if (page->places[i].track != 0 && (published == NULL || !hub_rtc_is_shown (published)))
        feed (self, page, &page->places[i], 0);
    }
  place_all (self, page, lacking);
  karez_participant_send (page->participant, describe_places (self, page, lacking));
}

gboolean
hub_rtc_place_own (HubRtc *self, HubRtcPage *page)
{
  guint lacking[2] = { 0 };

  for (guint i = 0; i < page->n_published; i++)
    place_one (self, page, &page->published[i], lacking);
  return lacking[HUB_MEDIA_AUDIO] + lacking[HUB_MEDIA_VIDEO] == 0;
}

void
hub_rtc_place_everybody (HubRtc *self)
{
  hub_rtc_follow_intakes (self);
  for (guint i = 0; i < self->pages->len; i++)
    hub_rtc_place_page (self, self->pages->pdata[i]);
  hub_rtc_tell_remote (self);
  hub_rtc_follow_taps (self);
  hub_rtc_follow_demand (self);
}
