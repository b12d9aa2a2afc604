/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The answer to a page's offer. */
#include "hub-sdp.h"

#include "hub-sctp.h"

#include <gst/sdp/gstsdpmessage.h>

/* RFC 8445, 5.1.2.1: a host candidate of the first component; each address a little less. */
#define PRIORITY(n) ((126u << 24) + ((65535u - (n)) << 8) + 255u)

static void G_GNUC_PRINTF (3, 4) add (GstSDPMedia *media, const char *name, const char *format, ...)
{
  va_list arguments;
  g_autofree char *value = NULL;

  va_start (arguments, format);
  value = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  gst_sdp_media_add_attribute (media, name, value);
}

static void
add_flag (GstSDPMedia *media, const char *name)
{
  gst_sdp_media_add_attribute (media, name, NULL);
}

static void
add_codec (GstSDPMedia *media, const HubSdpSection *section, HubCodec codec)
{
  guint8 payload_type = section->payload_types[codec], rtx = section->rtx_types[codec];
  g_autofree char *format = g_strdup_printf ("%u", payload_type);

  if (payload_type == 0)
    return;
  gst_sdp_media_add_format (media, format);
  add (media, "rtpmap", "%u %s", payload_type, hub_codec_rtpmap (codec));
  if (hub_codec_fmtp (codec) != NULL)
    add (media, "fmtp", "%u %s", payload_type, hub_codec_fmtp (codec));
  add (media, "rtcp-fb", "%u transport-cc", payload_type);
  if (section->kind == HUB_MEDIA_AUDIO)
    return;
  add (media, "rtcp-fb", "%u ccm fir", payload_type);
  add (media, "rtcp-fb", "%u nack", payload_type);
  add (media, "rtcp-fb", "%u nack pli", payload_type);
  if (rtx != 0)
    {
      g_autofree char *number = g_strdup_printf ("%u", rtx);

      gst_sdp_media_add_format (media, number);
      add (media, "rtpmap", "%u rtx/90000", rtx);
      add (media, "fmtp", "%u apt=%u", rtx, payload_type);
    }
}

static void
add_transport (const HubSdpAnswer *self, GstSDPMedia *media)
{
  g_autofree char *fingerprint = hub_dtls_fingerprint_print (self->fingerprint);

  add (media, "ice-ufrag", "%s", self->ufrag);
  add (media, "ice-pwd", "%s", self->password);
  add (media, "fingerprint", "sha-256 %s", fingerprint);
  add (media, "setup", "passive");
}

static void
add_candidates (const HubSdpAnswer *self, GstSDPMedia *media)
{
  for (guint i = 0; i < self->n_addresses; i++)
    {
      g_autofree char *host = NULL;
      guint16 port;

      host = hub_address_split (&self->addresses[i], &port);
      add (media, "candidate", "%u 1 udp %u %s %u typ host", i + 1, PRIORITY (i), host, port);
    }
  add_flag (media, "end-of-candidates");
}

static void
add_streams (const HubSdpPlace *place, GstSDPMedia *media)
{
  if (place->rtx_ssrc != 0)
    add (media, "ssrc-group", "FID %u %u", place->ssrc, place->rtx_ssrc);
  add (media, "msid", "%s %s-%u", place->stream, place->stream, place->ssrc);
  add (media, "ssrc", "%u cname:karez", place->ssrc);
  if (place->rtx_ssrc != 0)
    add (media, "ssrc", "%u cname:karez", place->rtx_ssrc);
}

static gboolean
is_accepted (const HubSdpAnswer *self, const HubSdpOffer *offer, guint number)
{
  return self->places[number].accepted && !offer->sections[number].rejected;
}

/* RFC 9143, 7.3: the bundle's transport is that of the first section of it that is accepted. */
static gboolean
is_tagged (const HubSdpAnswer *self, const HubSdpOffer *offer, guint number)
{
  for (guint i = 0; i < offer->n_taken; i++)
    if (is_accepted (self, offer, offer->order[i]))
      return offer->order[i] == number;
  return FALSE;
}

/* Those that the section offers by the numbers that the connection has for them. */
static void
add_extensions (const HubSdpOffer *offer, const HubSdpSection *section, GstSDPMedia *media)
{
  for (guint i = 0; i < HUB_RTP_N_EXTENSIONS; i++)
    if (section->extensions.ids[i] != 0 && section->extensions.ids[i] == offer->extensions.ids[i]
        && (section->kind == HUB_MEDIA_AUDIO ? i != HUB_RTP_ORIENTATION : i != HUB_RTP_AUDIO_LEVEL)
        /* Whose browser may leave it to the viewer's to turn the picture does so, and Firefox's and
         * the other hospital's may not know how. */
        && !(section->sends && i == HUB_RTP_ORIENTATION)
        && (section->sends || i != HUB_RTP_TRANSPORT_SEQUENCE))
      add (media, "extmap", "%u %s", offer->extensions.ids[i],
           hub_rtp_extension_uri ((HubRtpExtension) i));
}

static void
add_channels (const HubSdpSection *section, GstSDPMedia *media)
{
  gst_sdp_media_add_format (media, section->format);
  add (media, "sctp-port", "%u", HUB_SCTP_PORT);
  add (media, "max-message-size", "%u", HUB_SCTP_MAX_MESSAGE);
}

static void
add_media (const HubSdpAnswer *self, const HubSdpOffer *offer, guint number, GstSDPMedia *media)
{
  const HubSdpSection *section = &offer->sections[number];
  const HubSdpPlace *place = &self->places[number];

  add_flag (media, "rtcp-mux");
  add_flag (media, "rtcp-rsize");
  add_flag (media, section->sends ? "recvonly" : section->receives ? "sendonly" : "inactive");
  add_extensions (offer, section, media);
  for (guint i = 0; i < HUB_N_CODECS; i++)
    if (section->sends ? i == place->codec : hub_codec_kind ((HubCodec) i) == section->kind)
      add_codec (media, section, (HubCodec) i);
  if (section->receives && !section->sends)
    add_streams (place, media);
}

static void
write_accepted (const HubSdpAnswer *self, const HubSdpOffer *offer, guint number,
                GstSDPMedia *media)
{
  add_transport (self, media);
  if (is_tagged (self, offer, number))
    add_candidates (self, media);
  if (offer->sections[number].kind == HUB_MEDIA_DATA)
    add_channels (&offer->sections[number], media);
  else
    add_media (self, offer, number, media);
}

/* RFC 3264, 6: a section that is rejected keeps its place, and needs a format all the same. */
static void
write_section (const HubSdpAnswer *self, const HubSdpOffer *offer, guint number,
               GstSDPMessage *message)
{
  const HubSdpSection *section = &offer->sections[number];
  gboolean accepted = is_accepted (self, offer, number);
  GstSDPMedia *media;

  gst_sdp_media_new (&media);
  gst_sdp_media_set_media (media, section->media);
  gst_sdp_media_set_port_info (media, accepted ? 9 : 0, 1);
  gst_sdp_media_set_proto (media, section->proto);
  gst_sdp_media_add_connection (media, "IN", "IP4", "0.0.0.0", 0, 0);
  if (section->mid[0] != '\0')
    add (media, "mid", "%s", section->mid);
  if (accepted)
    write_accepted (self, offer, number, media);
  else
    {
      gst_sdp_media_add_format (media, section->format);
      add_flag (media, "inactive");
    }
  gst_sdp_message_add_media (message, media);
  gst_sdp_media_free (media);
}

/* RFC 9143, 7.3: a group if there was one, without what is rejected. */
static void
add_bundle (const HubSdpAnswer *self, const HubSdpOffer *offer, GstSDPMessage *message)
{
  g_autoptr (GString) bundle = g_string_new ("BUNDLE");

  for (guint i = 0; i < offer->n_taken; i++)
    if (is_accepted (self, offer, offer->order[i]))
      g_string_append_printf (bundle, " %s", offer->sections[offer->order[i]].mid);
  if (offer->bundled)
    gst_sdp_message_add_attribute (message, "group", bundle->str);
}

char *
hub_sdp_write_answer (const HubSdpAnswer *self, const HubSdpOffer *offer)
{
  g_autofree char *id = g_strdup_printf ("%" G_GUINT64_FORMAT, self->id);
  g_autofree char *version = g_strdup_printf ("%" G_GUINT64_FORMAT, self->version);
  GstSDPMessage *message;
  char *text;

  gst_sdp_message_new (&message);
  gst_sdp_message_set_version (message, "0");
  gst_sdp_message_set_origin (message, "-", id, version, "IN", "IP4", "0.0.0.0");
  gst_sdp_message_set_session_name (message, "-");
  gst_sdp_message_add_time (message, "0", "0", NULL);
  add_bundle (self, offer, message);
  gst_sdp_message_add_attribute (message, "ice-lite", NULL);
  for (guint i = 0; i < offer->n_sections; i++)
    write_section (self, offer, i, message);
  text = gst_sdp_message_as_text (message);
  gst_sdp_message_free (message);
  return text;
}
