/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a page sends and where it shows others: the main thread's side of a connection. */
#include "hub-rtc-page.h"

#include <glib/gi18n.h>
#include <sodium.h>

/* Letters and digits, 6 bits each: RFC 8839, 5.4. */
static void
make_secret (char *out, gsize length)
{
  static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

  for (gsize i = 0; i < length; i++)
    out[i] = letters[randombytes_uniform (64)];
  out[length] = '\0';
}

static guint32
make_ssrc (void)
{
  return randombytes_random () | 1u;
}

HubRtcPage *
hub_rtc_page_new (KarezParticipant *participant, const HubRtcSources *sources, const char *token,
                  guint connection, const guint8 *fingerprint)
{
  HubRtcPage *self = g_new0 (HubRtcPage, 1);

  self->participant = g_object_ref (participant);
  self->sources = sources;
  self->token = g_strdup (token);
  self->connection = connection;
  self->ssrc = make_ssrc ();
  make_secret (self->ufrag, HUB_STUN_UFRAG_LENGTH);
  make_secret (self->password, HUB_STUN_PASSWORD_LENGTH);
  memcpy (self->fingerprint, fingerprint, sizeof self->fingerprint);
  return self;
}

void
hub_rtc_page_free (HubRtcPage *self)
{
  g_object_unref (self->participant);
  g_free (self->token);
  g_clear_pointer (&self->channels, hub_rtc_channel_set_unref);
  explicit_bzero (self->password, sizeof self->password);
  g_free (self);
}

HubRtcConnection *
hub_rtc_page_make_connection (HubRtcPage *self, const HubSdpOffer *offer)
{
  HubRtcConnection *connection = hub_rtc_connection_new (self->connection);

  memcpy (connection->ufrag, self->ufrag, sizeof connection->ufrag);
  memcpy (connection->password, self->password, sizeof connection->password);
  memcpy (connection->peer_fingerprint, self->fingerprint, sizeof connection->peer_fingerprint);
  connection->ssrc = self->ssrc;
  connection->extensions = self->extensions = offer->extensions;
  return connection;
}

static HubRtcPublished *
find_published (HubRtcPage *self, const char *mid)
{
  for (guint i = 0; i < self->n_published; i++)
    if (g_str_equal (self->published[i].mid, mid))
      return &self->published[i];
  return NULL;
}

static HubRtcPlace *
find_place (HubRtcPage *self, const char *mid)
{
  for (guint i = 0; i < self->n_places; i++)
    if (g_str_equal (self->places[i].mid, mid))
      return &self->places[i];
  return NULL;
}

HubRtcPublished *
hub_rtc_page_find_source (HubRtcPage *self, const HubRtcSource *source)
{
  for (guint i = 0; i < self->n_published; i++)
    if (self->published[i].source == source)
      return &self->published[i];
  return NULL;
}

HubRtcPublished *
hub_rtc_page_find_track (HubRtcPage *self, guint track)
{
  for (guint i = 0; i < self->n_published; i++)
    if (self->published[i].track == track)
      return &self->published[i];
  return NULL;
}

/* VP8 first: every browser decodes it in software alike. FALSE for a section with none of ours. */
static gboolean
choose_codec (const HubSdpSection *section, HubCodec *codec)
{
  for (guint i = 0; i < HUB_N_CODECS; i++)
    if (section->payload_types[i] != 0)
      {
        *codec = (HubCodec) i;
        return TRUE;
      }
  return FALSE;
}

static HubRtcCommand *
new_command (const HubRtcPage *self, HubRtcCommandKind kind)
{
  HubRtcCommand *command = g_new0 (HubRtcCommand, 1);

  command->kind = kind;
  command->connection = self->connection;
  return command;
}

/* What a section sends, as the page says; NULL if it does not say, or may not send that. */
static const HubRtcSource *
source_of (const HubRtcPage *self, const HubSdpSection *section, JsonObject *sources)
{
  return hub_rtc_sources_find (self->sources, karez_json_text (sources, section->mid));
}

/* What would be refused, before anything is changed. */
static gboolean
check_sources (HubRtcPage *self, const HubSdpOffer *offer, JsonObject *sources, GError **error)
{
  const HubRtcSource *taken[HUB_RTC_MAX_TRACKS];
  guint n = 0;

  for (guint i = 0; i < offer->n_sections; i++)
    {
      const HubSdpSection *section = &offer->sections[i];
      const HubRtcSource *source;
      gboolean once = TRUE;

      if (!section->sends)
        continue;
      source = source_of (self, section, sources);
      for (guint j = 0; j < n; j++)
        once = once && taken[j] != source;
      if (source == NULL || source->kind != section->kind || !once)
        return hub_rtc_sources_refuse (self->sources, error);
      if (n == HUB_RTC_MAX_TRACKS)
        return karez_error_set (error, KAREZ_ERROR_INVALID, "rtc/tracks", N_ ("at most four"),
                                N_ ("The page sends too many parts of media"));
      taken[n++] = source;
    }
  return TRUE;
}

/* A later offer may bring extensions that the first one had not; what is numbered stays so. */
static void
extend (HubRtcPage *self, HubSdpOffer *offer, void (*run) (HubRtcCommand *command, gpointer data),
        gpointer data)
{
  HubRtpExtensionMap *mine = &self->extensions;
  gboolean more = FALSE;

  for (guint i = 0; i < HUB_RTP_N_EXTENSIONS; i++)
    {
      guint8 id = offer->extensions.ids[i];

      if (mine->ids[i] == 0 && memchr (mine->ids, id, sizeof mine->ids) == NULL)
        {
          mine->ids[i] = id;
          more = TRUE;
        }
    }
  offer->extensions = *mine;
  if (more)
    {
      HubRtcCommand *command = new_command (self, HUB_RTC_EXTEND);

      command->extensions = *mine;
      run (command, data);
    }
}

/* The page's transport may be another one than it was: the media thread is to mind its end. */
static void
renew (HubRtcPage *self, const HubSdpOffer *offer,
       void (*run) (HubRtcCommand *command, gpointer data), gpointer data)
{
  const char *tag = offer->n_taken > 0 ? offer->sections[offer->order[0]].mid : self->tag;
  gboolean first = self->peer_ufrag[0] == '\0';
  gboolean restarts = !first && offer->n_taken > 0 && !g_str_equal (offer->ufrag, self->peer_ufrag);

  if (restarts)
    {
      make_secret (self->ufrag, HUB_STUN_UFRAG_LENGTH);
      make_secret (self->password, HUB_STUN_PASSWORD_LENGTH);
    }
  if (!first && (restarts || !g_str_equal (tag, self->tag)))
    {
      HubRtcCommand *command = new_command (self, HUB_RTC_RENEW);

      memcpy (command->ufrag, self->ufrag, sizeof command->ufrag);
      memcpy (command->password, self->password, sizeof command->password);
      run (command, data);
    }
  if (offer->n_taken == 0)
    return;
  g_strlcpy (self->peer_ufrag, offer->ufrag, sizeof self->peer_ufrag);
  g_strlcpy (self->tag, tag, sizeof self->tag);
}

static void
publish (HubRtcPage *self, const HubSdpSection *section, const HubRtcSource *source, guint number,
         void (*run) (HubRtcCommand *command, gpointer data), gpointer data)
{
  HubRtcPublished *published = &self->published[self->n_published++];
  HubRtcCommand *command = new_command (self, HUB_RTC_ADD_TRACK);
  HubRtcTrack *track;

  *published = (HubRtcPublished){ .track = number, .source = source, .on = TRUE };
  g_strlcpy (published->participant, karez_participant_get_id (self->participant),
             sizeof published->participant);
  g_strlcpy (published->mid, section->mid, sizeof published->mid);
  choose_codec (section, &published->codec);
  published->payload_type = section->payload_types[published->codec];
  published->rtx_type = section->rtx_types[published->codec];
  published->ssrc = section->ssrc;
  published->rtx_ssrc = section->rtx_ssrc;
  track = hub_rtc_track_new (number, published->codec);
  g_strlcpy (track->mid, section->mid, sizeof track->mid);
  track->payload_type = published->payload_type;
  track->rtx_type = published->rtx_type;
  track->ssrc = published->ssrc;
  track->rtx_ssrc = published->rtx_ssrc;
  command->track_added = track;
  run (command, data);
}

/* The first that no place of the kind has. */
static guint
find_position (const HubRtcPage *self, HubMediaKind kind)
{
  guint64 taken = 0;
  guint position = 0;

  for (guint i = 0; i < self->n_places; i++)
    if (self->places[i].kind == kind)
      taken |= G_GUINT64_CONSTANT (1) << self->places[i].position;
  while (taken & (G_GUINT64_CONSTANT (1) << position))
    position++;
  return position;
}

static void
add_place (HubRtcPage *self, const HubSdpSection *section,
           void (*run) (HubRtcCommand *command, gpointer data), gpointer data)
{
  HubRtcPlace *place = &self->places[self->n_places];
  HubRtcCommand *command = new_command (self, HUB_RTC_ADD_SLOT);

  *place = (HubRtcPlace){ .kind = section->kind, .ssrc = make_ssrc () };
  g_strlcpy (place->mid, section->mid, sizeof place->mid);
  place->position = find_position (self, place->kind);
  memcpy (place->payload_types, section->payload_types, sizeof place->payload_types);
  memcpy (place->rtx_types, section->rtx_types, sizeof place->rtx_types);
  for (guint i = 0; i < HUB_N_CODECS; i++)
    {
      place->codecs |= section->payload_types[i] != 0 ? 1u << i : 0;
      if (section->rtx_types[i] != 0 && place->rtx_ssrc == 0)
        place->rtx_ssrc = make_ssrc ();
    }
  self->n_places++;
  command->slot_added = hub_rtc_slot_new (section, place->ssrc, place->rtx_ssrc,
                                          randombytes_random ());
  run (command, data);
}

/* A section may be stopped and offered again for something else (RFC 8829, 5.2.2), and a mid that
 * is free be given again. */
static gboolean
still_sends (const HubRtcPage *self, const HubRtcPublished *published, const HubSdpSection *section,
             JsonObject *sources)
{
  return section->sends && g_str_equal (section->mid, published->mid)
         && source_of (self, section, sources) == published->source
         && section->payload_types[published->codec] == published->payload_type
         && section->rtx_types[published->codec] == published->rtx_type
         && section->ssrc == published->ssrc && section->rtx_ssrc == published->rtx_ssrc;
}

static gboolean
still_receives (const HubRtcPlace *place, const HubSdpSection *section)
{
  return section->receives && !section->sends && section->kind == place->kind
         && g_str_equal (section->mid, place->mid)
         && memcmp (section->payload_types, place->payload_types, sizeof place->payload_types) == 0
         && memcmp (section->rtx_types, place->rtx_types, sizeof place->rtx_types) == 0;
}

/* What the page sent and does not offer any more. */
static void
unpublish_gone (HubRtcPage *self, const HubSdpOffer *offer, JsonObject *sources,
                void (*run) (HubRtcCommand *command, gpointer data), gpointer data)
{
  for (guint i = self->n_published; i-- > 0;)
    {
      gboolean there = FALSE;

      for (guint j = 0; j < offer->n_sections; j++)
        there |= still_sends (self, &self->published[i], &offer->sections[j], sources);
      if (!there)
        {
          HubRtcCommand *command = new_command (self, HUB_RTC_REMOVE_TRACK);

          command->track = self->published[i].track;
          run (command, data);
          self->published[i] = self->published[--self->n_published];
        }
    }
}

/* Places that the page gave up: nobody would be seen there. */
static void
remove_gone (HubRtcPage *self, const HubSdpOffer *offer,
             void (*run) (HubRtcCommand *command, gpointer data), gpointer data)
{
  guint kept = 0;

  for (guint i = 0; i < self->n_places; i++)
    {
      gboolean there = FALSE;

      for (guint j = 0; j < offer->n_sections; j++)
        there |= still_receives (&self->places[i], &offer->sections[j]);
      if (there)
        self->places[kept++] = self->places[i];
      else
        {
          HubRtcCommand *command = new_command (self, HUB_RTC_REMOVE_SLOT);

          g_strlcpy (command->mid, self->places[i].mid, sizeof command->mid);
          run (command, data);
        }
    }
  self->n_places = kept;
}

/* Channels that are agreed on again are others: what is under way of those before is not of them.
 */
static void
agree_channels (HubRtcPage *self, const HubSdpOffer *offer,
                void (*run) (HubRtcCommand *command, gpointer data), gpointer data)
{
  const HubSdpSection *section = NULL;
  HubRtcCommand *command;

  for (guint i = 0; i < offer->n_sections; i++)
    if (!offer->sections[i].rejected && offer->sections[i].kind == HUB_MEDIA_DATA)
      section = &offer->sections[i];
  if (self->has_channels == (section != NULL))
    return;
  self->has_channels = section != NULL;
  command = new_command (self, section != NULL ? HUB_RTC_ADD_CHANNELS : HUB_RTC_REMOVE_CHANNELS);
  if (section != NULL)
    {
      HubRtcChannelSet *before = self->channels;

      self->channels = hub_rtc_channel_set_new (before->rules, before->n_rules);
      hub_rtc_channel_set_unref (before);
      command->channels = hub_rtc_channel_set_ref (self->channels);
      command->number = section->sctp_port;
    }
  run (command, data);
}

static void
answer_section (HubRtcPage *self, const HubSdpSection *section, HubSdpPlace *out)
{
  const HubRtcPublished *published = find_published (self, section->mid);
  const HubRtcPlace *place = find_place (self, section->mid);

  *out = (HubSdpPlace){ 0 };
  if (section->rejected)
    return;
  if (!section->sends && !section->receives)
    out->accepted = TRUE; /* for later */
  else if (section->sends && published != NULL && section->payload_types[published->codec] != 0)
    {
      out->accepted = TRUE;
      out->codec = published->codec;
    }
  else if (section->receives && place != NULL)
    {
      out->accepted = TRUE;
      out->ssrc = place->ssrc;
      out->rtx_ssrc = place->rtx_ssrc;
      g_snprintf (out->stream, sizeof out->stream, "place-%u", place->position);
    }
}

gboolean
hub_rtc_page_agree (HubRtcPage *self, HubSdpOffer *offer, JsonObject *sources, guint *next_track,
                    void (*run) (HubRtcCommand *command, gpointer data), gpointer data,
                    HubSdpPlace *places, GError **error)
{
  if (!check_sources (self, offer, sources, error))
    return FALSE;
  renew (self, offer, run, data);
  extend (self, offer, run, data);
  unpublish_gone (self, offer, sources, run, data);
  remove_gone (self, offer, run, data);
  for (guint i = 0; i < offer->n_sections; i++)
    {
      const HubSdpSection *section = &offer->sections[i];
      HubCodec codec;

      if (!choose_codec (section, &codec))
        continue;
      if (section->sends && find_published (self, section->mid) == NULL)
        publish (self, section, source_of (self, section, sources), (*next_track)++, run, data);
      else if (!section->sends && section->receives && find_place (self, section->mid) == NULL
               && self->n_places < G_N_ELEMENTS (self->places))
        add_place (self, section, run, data);
    }
  agree_channels (self, offer, run, data);
  for (guint i = 0; i < offer->n_sections; i++)
    answer_section (self, &offer->sections[i], &places[i]);
  return TRUE;
}
