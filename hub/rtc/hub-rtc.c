/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* KarezMedia of one session: agrees with pages on what they send and are shown. */
#include "hub-rtc-private.h"

#include "hub-log.h"
#include "hub-sctp.h"
#include "hub-srtp.h"

#include <glib/gi18n.h>
#include <gst/gst.h>
#include <openssl/ssl.h>
#include <sodium.h>

/* How often people are told how good their connections are. */
#define QUALITY_S 2u

static void hub_rtc_iface_init (KarezMediaInterface *iface);
G_DEFINE_FINAL_TYPE_WITH_CODE (HubRtc, hub_rtc, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (KAREZ_TYPE_MEDIA, hub_rtc_iface_init))

enum
{
  TELL,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

/* Pages. */

HubRtcPage *
hub_rtc_find_page (HubRtc *self, KarezParticipant *participant)
{
  for (guint i = 0; i < self->pages->len; i++)
    {
      HubRtcPage *page = self->pages->pdata[i];

      if (g_str_equal (karez_participant_get_id (page->participant),
                       karez_participant_get_id (participant)))
        return page;
    }
  return NULL;
}

static HubRtcPage *
find_connection (HubRtc *self, guint connection)
{
  for (guint i = 0; i < self->pages->len; i++)
    {
      HubRtcPage *page = self->pages->pdata[i];

      if (page->connection == connection)
        return page;
    }
  return NULL;
}

void
hub_rtc_run (HubRtcCommand *command, gpointer data)
{
  HubRtc *self = data;

  hub_rtc_loop_run (self->loop, command);
}

static void
broadcast (HubRtc *self, JsonNode *body)
{
  for (guint i = 0; i < self->pages->len; i++)
    {
      HubRtcPage *page = self->pages->pdata[i];

      karez_participant_send (page->participant, json_node_ref (body));
    }
  json_node_unref (body);
}

void
hub_rtc_remove_connection (HubRtc *self, guint connection)
{
  HubRtcCommand *command = g_new0 (HubRtcCommand, 1);

  command->kind = HUB_RTC_REMOVE_CONNECTION;
  command->connection = connection;
  hub_rtc_run (command, self);
}

static void
drop_page (HubRtc *self, HubRtcPage *page)
{
  guint position = 0;

  hub_rtc_remove_connection (self, page->connection);
  g_ptr_array_find (self->pages, page, &position);
  g_ptr_array_steal_index (self->pages, position);
  /* Once it is no longer known: who is told may ask for it. */
  hub_rtc_close_channels (self, page);
  hub_rtc_page_free (page);
}

/* Messages of a page. */

static HubRtcPage *
begin_page (HubRtc *self, KarezParticipant *participant, const char *token,
            const HubSdpOffer *offer)
{
  HubRtcCommand *command = g_new0 (HubRtcCommand, 1);
  HubRtcPage *page = hub_rtc_page_new (participant, &self->sources, token, self->next_connection++,
                                       offer->fingerprint);

  page->channels = hub_rtc_channel_set_new (self->channels, self->n_channels);
  g_ptr_array_add (self->pages, page);
  command->kind = HUB_RTC_ADD_CONNECTION;
  command->connection_added = hub_rtc_page_make_connection (page, offer);
  hub_rtc_run (command, self);
  return page;
}

char *
hub_rtc_write_answer (HubRtc *self, HubRtcPage *page, const HubSdpOffer *offer,
                      HubSdpAnswer *answer)
{
  answer->ufrag = page->ufrag;
  answer->password = page->password;
  answer->fingerprint = hub_dtls_identity_get_fingerprint (self->identity);
  answer->addresses = hub_rtc_loop_get_addresses (self->loop, &answer->n_addresses);
  answer->id = self->id;
  answer->version = ++self->version;
  page->answered = TRUE;
  return hub_sdp_write_answer (answer, offer);
}

static void
send_answer (HubRtc *self, HubRtcPage *page, const HubSdpOffer *offer, HubSdpAnswer *answer)
{
  g_autofree char *text = hub_rtc_write_answer (self, page, offer, answer);

  karez_participant_send (page->participant,
                          karez_json_object ("type", "s", "media.answer", "connection", "s",
                                             page->token, "sdp", "s", text, NULL));
}

/* The page that the offer belongs to: the one that is known, unless it is of another connection,
 * which takes the place of the one before. NULL if there is none, and nothing to begin one for. */
static HubRtcPage *
page_of_offer (HubRtc *self, KarezParticipant *participant, const char *token,
               const HubSdpOffer *offer)
{
  HubRtcPage *page = hub_rtc_find_page (self, participant);

  /* An offer of nothing that we take has no fingerprint. */
  if (page != NULL && g_str_equal (page->token, token)
      && (offer->n_taken == 0
          || memcmp (page->fingerprint, offer->fingerprint, sizeof page->fingerprint) == 0)
      && page->state != HUB_RTC_CLOSED)
    return page;
  if (page != NULL)
    drop_page (self, page);
  return offer->n_taken > 0 ? begin_page (self, participant, token, offer) : NULL;
}

/* A first offer of nothing that we take: a data channel that media will follow. */
static void
reject_all (HubRtc *self, KarezParticipant *participant, const char *token,
            const HubSdpOffer *offer, HubSdpAnswer *answer)
{
  g_autoptr (HubRtcPage)
      nobody = hub_rtc_page_new (participant, &self->sources, token, 0, offer->fingerprint);

  send_answer (self, nobody, offer, answer);
  /* Without what a page before it sent. */
  hub_rtc_place_everybody (self);
}

/* What the page offers to send, but does not yet. */
static void
take_off (HubRtcPage *page, JsonObject *object)
{
  g_auto (GStrv) names = karez_json_texts (object, "off");

  for (guint i = 0; names[i] != NULL; i++)
    {
      const HubRtcSource *source = hub_rtc_sources_find (page->sources, names[i]);
      HubRtcPublished *published = source != NULL ? hub_rtc_page_find_source (page, source) : NULL;

      if (published != NULL)
        published->on = FALSE;
    }
}

static gboolean
take_offer (HubRtc *self, KarezParticipant *participant, JsonNode *node, GError **error)
{
  static const KarezJsonField fields[] = {
    { "type", KAREZ_JSON_ENUM, TRUE, 0, 0, "media.offer" },
    { "connection", KAREZ_JSON_TEXT, TRUE, 8, 64 },
    { "sdp", KAREZ_JSON_TEXT, TRUE, 1, 65536 },
    { "sources", KAREZ_JSON_OBJECT, TRUE },
    { "off", KAREZ_JSON_ARRAY, FALSE, 0, 8 },
    { NULL },
  };
  JsonObject *object = karez_json_check (node, fields, error);
  g_autofree HubSdpOffer *offer = g_new0 (HubSdpOffer, 1);
  g_autofree HubSdpAnswer *answer = g_new0 (HubSdpAnswer, 1);
  HubRtcPage *page;

  if (object == NULL
      || !hub_sdp_parse_offer (offer, karez_json_text (object, "sdp"), self->n_channels > 0, error))
    return FALSE;
  page = page_of_offer (self, participant, karez_json_text (object, "connection"), offer);
  if (page == NULL)
    {
      reject_all (self, participant, karez_json_text (object, "connection"), offer, answer);
      return TRUE;
    }
  if (!hub_rtc_page_agree (page, offer, json_object_get_object_member (object, "sources"),
                           &self->next_track, hub_rtc_run, self, answer->places, error))
    {
      if (!page->answered)
        {
          drop_page (self, page);
          /* With what the page before it sent. */
          hub_rtc_place_everybody (self);
        }
      return FALSE;
    }
  take_off (page, object);
  if (!page->has_channels)
    hub_rtc_close_channels (self, page);
  send_answer (self, page, offer, answer);
  hub_rtc_place_everybody (self);
  return TRUE;
}

static gboolean
take_source (HubRtc *self, KarezParticipant *participant, JsonNode *node, GError **error)
{
  static const KarezJsonField fields[] = {
    { "type", KAREZ_JSON_ENUM, TRUE, 0, 0, "media.source" },
    { "connection", KAREZ_JSON_TEXT, TRUE, 8, 64 },
    { "source", KAREZ_JSON_TEXT, TRUE, 1, KAREZ_MEDIA_MAX_LABEL },
    { "on", KAREZ_JSON_BOOLEAN, TRUE },
    { NULL },
  };
  JsonObject *object = karez_json_check (node, fields, error);
  HubRtcPage *page = hub_rtc_find_page (self, participant);
  HubRtcPublished *published;
  const HubRtcSource *source;

  if (object == NULL)
    return FALSE;
  source = hub_rtc_sources_find (&self->sources, karez_json_text (object, "source"));
  published = page != NULL && source != NULL
                      && g_str_equal (page->token, karez_json_text (object, "connection"))
                  ? hub_rtc_page_find_source (page, source)
                  : NULL;
  if (published == NULL)
    return karez_error_set (error, KAREZ_ERROR_CONFLICT, "rtc/source",
                            N_ ("a source that the page offered"),
                            N_ ("The page does not send this"));
  published->on = karez_json_boolean (object, "on");
  hub_rtc_place_everybody (self);
  return TRUE;
}

/* What is of a former connection, or of one that is not known yet, does not matter: a page says it
 * again. */
static gboolean
take_view (HubRtc *self, KarezParticipant *participant, JsonNode *node, GError **error)
{
  static const KarezJsonField fields[] = {
    { "type", KAREZ_JSON_ENUM, TRUE, 0, 0, "media.view" },
    { "connection", KAREZ_JSON_TEXT, TRUE, 8, 64 },
    { "pictures", KAREZ_JSON_BOOLEAN, TRUE },
    { NULL },
  };
  JsonObject *object = karez_json_check (node, fields, error);
  HubRtcPage *page = hub_rtc_find_page (self, participant);

  if (object == NULL)
    return FALSE;
  if (page != NULL && g_str_equal (page->token, karez_json_text (object, "connection")))
    hub_rtc_set_hidden (self, page, !karez_json_boolean (object, "pictures"));
  return TRUE;
}

static gboolean
hub_rtc_take (KarezMedia *media, KarezParticipant *participant, JsonObject *message, GError **error)
{
  HubRtc *self = HUB_RTC (media);
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);
  const char *type = karez_json_text (message, "type");

  json_node_set_object (node, message);
  if (g_strcmp0 (type, "media.offer") == 0)
    return take_offer (self, participant, node, error);
  if (g_strcmp0 (type, "media.source") == 0)
    return take_source (self, participant, node, error);
  if (g_strcmp0 (type, "media.view") == 0)
    return take_view (self, participant, node, error);
  return karez_error_set (error, KAREZ_ERROR_INVALID, "rtc/message",
                          N_ ("media.offer, media.source or media.view"),
                          N_ ("The page's message about media is not known"));
}

/* The rest of the interface. */

static JsonNode *
describe_link (HubRtc *self)
{
  return karez_json_object ("type", "s", "media.link", "up", "b", !self->link_down, NULL);
}

gboolean
hub_rtc_is_here (HubRtc *self, const char *participant)
{
  return g_hash_table_contains (self->people, participant);
}

static void
hub_rtc_join (KarezMedia *media, KarezParticipant *participant)
{
  HubRtc *self = HUB_RTC (media);
  HubRtcPage *page = hub_rtc_find_page (self, participant);

  g_hash_table_add (self->people, g_strdup (karez_participant_get_id (participant)));
  karez_participant_send (
      participant,
      karez_json_object ("type", "s", "media.hello", "connection", "s",
                         page != NULL && page->state != HUB_RTC_CLOSED ? page->token : NULL,
                         "views", "b", TRUE, NULL));
  if (self->link_down)
    karez_participant_send (participant, describe_link (self));
  if (page == NULL)
    return;
  hub_rtc_place_page (self, page);
  hub_rtc_tell_demand (page);
}

static void
hub_rtc_leave (KarezMedia *media, KarezParticipant *participant)
{
  HubRtc *self = HUB_RTC (media);
  HubRtcPage *page = hub_rtc_find_page (self, participant);

  g_hash_table_remove (self->people, karez_participant_get_id (participant));
  if (page != NULL)
    drop_page (self, page);
  if (page != NULL || self->intakes->len > 0)
    hub_rtc_place_everybody (self);
}

static void
hub_rtc_set_forwarding (KarezMedia *media, gboolean on)
{
  HubRtc *self = HUB_RTC (media);
  HubRtcCommand *command;

  if (self->forwarding == on)
    return;
  self->forwarding = on;
  command = g_new0 (HubRtcCommand, 1);
  command->kind = HUB_RTC_FORWARD;
  command->on = on;
  hub_rtc_run (command, self);
  hub_rtc_follow_demand (self);
}

static JsonNode *
hub_rtc_get_statistics (KarezMedia *media)
{
  HubRtc *self = HUB_RTC (media);

  return karez_json_object ("forwarding", "b", self->forwarding, "people", "n",
                            hub_rtc_describe_quality (self), NULL);
}

static void
hub_rtc_iface_init (KarezMediaInterface *iface)
{
  iface->take = hub_rtc_take;
  iface->join = hub_rtc_join;
  iface->leave = hub_rtc_leave;
  iface->set_forwarding = hub_rtc_set_forwarding;
  iface->get_statistics = hub_rtc_get_statistics;
  iface->declare_channel = hub_rtc_declare_channel;
  iface->send = hub_rtc_send;
  iface->declare_source = hub_rtc_declare_source;
  iface->tap = hub_rtc_tap;
  iface->publish = hub_rtc_publish;
}

/* What the media thread tells. */

static void
on_changed (HubRtc *self, const HubRtcEvent *event)
{
  HubRtcPage *page = find_connection (self, event->connection);

  hub_rtc_follow_echo (self, event);
  if (page == NULL)
    return;
  page->state = event->state;
  hub_info ("rtc", karez_participant_get_id (page->participant), "The connection is %s%s%s.",
            hub_rtc_state_name (event->state), event->failure != NULL ? ": " : "",
            event->failure != NULL ? event->failure : "");
  broadcast (self,
             karez_json_object ("type", "s", "media.connection", "participant", "s",
                                karez_participant_get_id (page->participant), "connection", "s",
                                page->token, "state", "s", hub_rtc_state_name (event->state),
                                "failure", "s", event->failure, NULL));
  hub_rtc_follow_demand (self);
}

static void
on_speaking (HubRtc *self, const HubRtcEvent *event)
{
  JsonArray *array = json_array_new ();
  JsonNode *node = json_node_new (JSON_NODE_ARRAY);

  for (guint i = 0; i < event->n_tracks; i++)
    {
      const HubRtcPublished *published = hub_rtc_find_track (self, event->tracks[i]);

      if (published != NULL && published->on)
        json_array_add_string_element (array, published->participant);
    }
  json_node_take_array (node, array);
  broadcast (self,
             karez_json_object ("type", "s", "media.speaking", "participants", "n", node, NULL));
}

/* Whether the other hospital can be seen and heard. */
static void
tell_link (HubRtc *self, const HubRtcEvent *event)
{
  gboolean down = self->has_port;

  for (guint i = 0; i < event->n_paths; i++)
    down = down && !event->paths[i].alive;
  if (down == self->link_down)
    return;
  self->link_down = down;
  broadcast (self, describe_link (self));
}

static void
on_measured (HubRtc *self, const HubRtcEvent *event)
{
  for (guint i = 0; i < event->statistics->len; i++)
    {
      const HubRtcStatistics *statistics = &g_array_index (event->statistics, HubRtcStatistics, i);
      HubRtcPage *page = find_connection (self, statistics->connection);

      if (page != NULL)
        page->statistics = *statistics;
    }
  tell_link (self, event);
  if (++self->measured % QUALITY_S != 0)
    return;
  broadcast (self, karez_json_object ("type", "s", "media.quality", "people", "n",
                                      hub_rtc_describe_quality (self), NULL));
  hub_rtc_tell_quality (self);
}

static void
on_event (HubRtcEvent *event, gpointer data)
{
  HubRtc *self = data;
  HubRtcPage *page = find_connection (self, event->connection);

  switch (event->kind)
    {
    case HUB_RTC_CHANGED:
      on_changed (self, event);
      break;
    case HUB_RTC_SPEAKING:
      on_speaking (self, event);
      break;
    case HUB_RTC_MEASURED:
      on_measured (self, event);
      break;
    case HUB_RTC_UNTAPPED:
      hub_rtc_forget_tap (self, event->tap);
      break;
    case HUB_RTC_UNPUBLISHED:
      hub_rtc_forget_intake (self, event->tap);
      break;
    case HUB_RTC_CHANNEL:
    case HUB_RTC_MESSAGE:
    case HUB_RTC_REFUSED:
      if (page != NULL)
        hub_rtc_follow_channel (self, page, event);
      break;
    }
  hub_rtc_event_free (event);
}

void
hub_rtc_emit_tell (HubRtc *self, JsonNode *message)
{
  g_signal_emit (self, signals[TELL], 0, message);
}

/* Making and unmaking. */

/* GStreamer's types of memory are needed, its elements are not: no registry is read or written. */
gboolean
hub_rtc_open_libraries (GError **error)
{
  OPENSSL_init_ssl (OPENSSL_INIT_LOAD_CONFIG, NULL);
  if (!hub_srtp_open_library (error))
    return FALSE;
  hub_sctp_open_library ();
  if (gst_is_initialized ())
    return TRUE;
  g_setenv ("GST_PLUGIN_SYSTEM_PATH_1_0", "", FALSE);
  g_setenv ("GST_REGISTRY_DISABLE", "yes", FALSE);
  gst_registry_fork_set_enabled (FALSE);
  return gst_init_check (NULL, NULL, error);
}

HubRtc *
hub_rtc_new (const char *addresses, GError **error)
{
  g_autoptr (HubRtc) self = g_object_new (HUB_TYPE_RTC, NULL);

  if (!hub_rtc_open_libraries (error))
    return NULL;
  self->identity = hub_dtls_identity_new (error);
  if (self->identity == NULL)
    return NULL;
  self->loop = hub_rtc_loop_new (self->identity, addresses, on_event, self, error);
  return self->loop != NULL ? g_steal_pointer (&self) : NULL;
}

static void
hub_rtc_finalize (GObject *object)
{
  HubRtc *self = HUB_RTC (object);

  g_clear_handle_id (&self->demand_source, g_source_remove);
  g_clear_pointer (&self->loop, hub_rtc_loop_free);
  g_clear_pointer (&self->identity, hub_dtls_identity_free);
  g_ptr_array_unref (self->pages);
  g_ptr_array_unref (self->echoes);
  g_ptr_array_unref (self->remote);
  g_ptr_array_unref (self->remote_told);
  g_ptr_array_unref (self->taps);
  g_ptr_array_unref (self->intakes);
  g_hash_table_unref (self->people);
  g_hash_table_unref (self->remote_people);
  g_array_unref (self->remote_quality);
  g_free (self->told);
  g_free (self->told_demand);
  g_hash_table_unref (self->remote_unwanted);
  G_OBJECT_CLASS (hub_rtc_parent_class)->finalize (object);
}

static void
hub_rtc_class_init (HubRtcClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = hub_rtc_finalize;
  signals[TELL] = g_signal_new ("tell", HUB_TYPE_RTC, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                G_TYPE_NONE, 1, JSON_TYPE_NODE);
}

static void
hub_rtc_init (HubRtc *self)
{
  self->pages = g_ptr_array_new_with_free_func ((GDestroyNotify) hub_rtc_page_free);
  self->echoes = hub_rtc_echoes_new ();
  self->taps = g_ptr_array_new_with_free_func (hub_rtc_tapped_free);
  self->intakes = g_ptr_array_new_with_free_func (g_free);
  self->people = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->remote = g_ptr_array_new_with_free_func (g_free);
  self->remote_told = g_ptr_array_new_with_free_func (g_free);
  self->remote_people = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->remote_quality = hub_rtc_quality_new ();
  self->remote_unwanted = g_hash_table_new (NULL, NULL);
  self->sources = hub_rtc_usual_sources;
  self->next_connection = self->next_track = 1;
  randombytes_buf (&self->id, sizeof self->id);
  self->id >>= 2; /* RFC 8829, 5.2.1: below 2^63 */
}
