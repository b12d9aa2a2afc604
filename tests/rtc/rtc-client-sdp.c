/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a client offers and answers. */
#include "rtc-client-private.h"

#include <gst/sdp/gstsdpmessage.h>

const HubRtpExtensionMap rtc_client_extensions = {
  { [HUB_RTP_MID] = 4, [HUB_RTP_AUDIO_LEVEL] = 1, [HUB_RTP_TRANSPORT_SEQUENCE] = 3 }
};

static void
write_transport (RtcClient *self, GString *out, const char *setup, const char *mid)
{
  g_autofree char *fingerprint = hub_dtls_fingerprint_print (
      hub_dtls_identity_get_fingerprint (self->identity));
  guint16 port;
  g_autofree char *host = hub_address_split (&self->local, &port);

  g_string_append_printf (
      out,
      "c=IN IP4 %s\r\na=ice-ufrag:" RTC_CLIENT_UFRAG "\r\na=ice-pwd:" RTC_CLIENT_PASSWORD
      "\r\na=fingerprint:sha-256 %s\r\na=setup:%s\r\na=mid:%s\r\n"
      "a=candidate:1 1 udp 2130706431 %s %u typ host\r\n"
      "a=rtcp-mux\r\na=rtcp-rsize\r\n",
      host, self->config.fingerprint != NULL ? self->config.fingerprint : fingerprint, setup, mid,
      host, port);
}

static void
offer_section (RtcClient *self, GString *out, guint number, HubMediaKind kind,
               const RtcSource *source)
{
  g_autofree char *mid = g_strdup_printf ("%u", number);

  g_string_append_printf (out, "m=%s 9 UDP/TLS/RTP/SAVPF %s\r\n",
                          kind == HUB_MEDIA_AUDIO ? "audio" : "video",
                          kind == HUB_MEDIA_AUDIO ? "111" : "96 97");
  write_transport (self, out, "actpass", mid);
  for (guint i = 0; i < HUB_RTP_N_EXTENSIONS; i++)
    if (rtc_client_extensions.ids[i] != 0)
      g_string_append_printf (out, "a=extmap:%u %s\r\n", rtc_client_extensions.ids[i],
                              hub_rtp_extension_uri ((HubRtpExtension) i));
  g_string_append_printf (out, "a=%s\r\n", source != NULL ? "sendonly" : "recvonly");
  g_string_append (out, kind == HUB_MEDIA_AUDIO
                            ? "a=rtpmap:111 opus/48000/2\r\na=rtcp-fb:111 transport-cc\r\n"
                            : "a=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 nack\r\n"
                              "a=rtcp-fb:96 nack pli\r\na=rtcp-fb:96 transport-cc\r\n"
                              "a=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n");
  if (source != NULL && kind == HUB_MEDIA_VIDEO)
    g_string_append_printf (out, "a=ssrc-group:FID %u %u\r\n", source->ssrc, source->rtx_ssrc);
  if (source != NULL)
    g_string_append_printf (out, "a=ssrc:%u cname:client\r\n", source->ssrc);
}

static GString *
begin_description (RtcClient *self)
{
  return g_string_new ("v=0\r\no=- 4711 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE");
}

char *
rtc_client_offer (RtcClient *self)
{
  guint n_sources = (self->config.audio ? 1 : 0) + (self->config.video ? 1 : 0);
  GString *out = begin_description (self);

  for (guint i = 0; i < self->n_sections; i++)
    g_string_append_printf (out, " %u", (i + self->tag) % self->n_sections);
  g_string_append (out, "\r\n");
  for (guint i = 0; i < self->n_sections; i++)
    {
      HubMediaKind kind = self->sections[i];
      const RtcSource *source = kind == HUB_MEDIA_AUDIO ? &self->audio : &self->video;

      offer_section (self, out, i, kind, i < n_sources ? source : NULL);
    }
  return g_string_free (out, FALSE);
}

/* What the other side sends in one section. */
static void
take_section (RtcClient *self, const GstSDPMedia *media)
{
  const char *ssrc = gst_sdp_media_get_attribute_val (media, "ssrc");
  const char *group = gst_sdp_media_get_attribute_val (media, "ssrc-group");
  RtcStream *stream = &self->streams[self->n_streams];

  if (ssrc == NULL || gst_sdp_media_get_port (media) == 0
      || rtc_client_get_stream (self, gst_sdp_media_get_attribute_val (media, "mid")) != NULL)
    return;
  g_strlcpy (stream->mid, gst_sdp_media_get_attribute_val (media, "mid"), sizeof stream->mid);
  stream->kind = g_str_equal (gst_sdp_media_get_media (media), "audio") ? HUB_MEDIA_AUDIO
                                                                        : HUB_MEDIA_VIDEO;
  stream->ssrc = (guint32) g_ascii_strtoull (ssrc, NULL, 10);
  if (group != NULL)
    {
      char *end;

      stream->ssrc = (guint32) g_ascii_strtoull (group + strlen ("FID "), &end, 10);
      stream->rtx_ssrc = (guint32) g_ascii_strtoull (end, NULL, 10);
    }
  hub_rtp_receiver_init (&stream->receiver, stream->kind == HUB_MEDIA_AUDIO ? 48000 : 90000);
  stream->latencies = g_array_new (FALSE, FALSE, sizeof (gint64));
  self->n_streams++;
}

/* "1 1 udp 2130706431 127.0.0.1 40000 typ host". */
static gboolean
read_candidate (const char *text, HubAddress *out)
{
  g_auto (GStrv) words = g_strsplit (text, " ", 8);
  g_autofree char *address = NULL;

  if (g_strv_length (words) < 6)
    return FALSE;
  address = g_strdup_printf (strchr (words[4], ':') != NULL ? "[%s]:%s" : "%s:%s", words[4],
                             words[5]);
  return hub_address_parse (out, address, TRUE);
}

/* The section that the bundle is named by says where. */
static const GstSDPMedia *
find_tagged (const GstSDPMessage *message)
{
  for (guint i = 0; i < gst_sdp_message_medias_len (message); i++)
    if (gst_sdp_media_get_attribute_val (gst_sdp_message_get_media (message, i), "candidate")
        != NULL)
      return gst_sdp_message_get_media (message, i);
  return gst_sdp_message_get_media (message, 0);
}

/* Where the other side is and how it is known; then what it sends. */
static gboolean
take_description (RtcClient *self, const GstSDPMessage *message, const HubAddress *to)
{
  const GstSDPMedia *first = find_tagged (message);
  const char *fingerprint = gst_sdp_media_get_attribute_val (first, "fingerprint");
  const char *candidate = gst_sdp_media_get_attribute_val (first, "candidate");
  guint8 expected[HUB_DTLS_FINGERPRINT_BYTES];

  if (fingerprint == NULL)
    fingerprint = gst_sdp_message_get_attribute_val (message, "fingerprint");
  g_snprintf (self->username, sizeof self->username, "%s:" RTC_CLIENT_UFRAG,
              gst_sdp_media_get_attribute_val (first, "ice-ufrag"));
  g_strlcpy (self->password, gst_sdp_media_get_attribute_val (first, "ice-pwd"),
             sizeof self->password);
  if (fingerprint == NULL || !hub_dtls_fingerprint_parse (fingerprint + 8, expected)
      || candidate == NULL || !read_candidate (candidate, &self->remote))
    return FALSE;
  if (to != NULL)
    self->remote = *to;
  for (guint i = 0; i < gst_sdp_message_medias_len (message); i++)
    take_section (self, gst_sdp_message_get_media (message, i));
  rtc_client_expect (self, expected);
  return TRUE;
}

gboolean
rtc_client_take_answer (RtcClient *self, const char *answer, const HubAddress *to)
{
  GstSDPMessage *message;

  gst_sdp_message_new (&message);
  gst_sdp_message_parse_buffer ((const guint8 *) answer, (guint) strlen (answer), message);
  self->answered = take_description (self, message, to);
  gst_sdp_message_free (message);
  return self->answered;
}

/* A section of an offer, as it is, but only to be received. */
static void
accept_section (RtcClient *self, GString *out, const GstSDPMedia *media)
{
  g_string_append_printf (out, "m=%s 9 %s", gst_sdp_media_get_media (media),
                          gst_sdp_media_get_proto (media));
  for (guint i = 0; i < gst_sdp_media_formats_len (media); i++)
    g_string_append_printf (out, " %s", gst_sdp_media_get_format (media, i));
  g_string_append (out, "\r\n");
  write_transport (self, out, "active", gst_sdp_media_get_attribute_val (media, "mid"));
  g_string_append (out, "a=recvonly\r\n");
  for (guint i = 0; i < gst_sdp_media_attributes_len (media); i++)
    {
      const GstSDPAttribute *attribute = gst_sdp_media_get_attribute (media, i);

      if (g_str_equal (attribute->key, "rtpmap") || g_str_equal (attribute->key, "fmtp")
          || g_str_equal (attribute->key, "rtcp-fb"))
        g_string_append_printf (out, "a=%s:%s\r\n", attribute->key, attribute->value);
    }
}

char *
rtc_client_accept (RtcClient *self, const char *offer, const HubAddress *to)
{
  GString *out = begin_description (self);
  GstSDPMessage *message;

  gst_sdp_message_new (&message);
  gst_sdp_message_parse_buffer ((const guint8 *) offer, (guint) strlen (offer), message);
  self->accepting = TRUE;
  self->answered = take_description (self, message, to);
  for (guint i = 0; i < gst_sdp_message_medias_len (message); i++)
    g_string_append_printf (
        out, " %s",
        gst_sdp_media_get_attribute_val (gst_sdp_message_get_media (message, i), "mid"));
  g_string_append (out, "\r\n");
  for (guint i = 0; i < gst_sdp_message_medias_len (message); i++)
    accept_section (self, out, gst_sdp_message_get_media (message, i));
  gst_sdp_message_free (message);
  return g_string_free (out, !self->answered);
}
