/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hub-sdp.h"

#include <glib/gi18n.h>
#include <gst/sdp/gstsdpmessage.h>
#include <stdlib.h>

/* RFC 8445, 5.1.2.1: a host candidate of the first component; each address a little less. */
#define PRIORITY(n) ((126u << 24) + ((65535u - (n)) << 8) + 255u)

static const struct
{
  const char *name;
  HubMediaKind kind;
  guint clock_rate;
  const char *rtpmap, *fmtp;
} codecs[HUB_N_CODECS] = {
  [HUB_CODEC_OPUS] = { "opus", HUB_MEDIA_AUDIO, 48000, "opus/48000/2",
                       "minptime=10;useinbandfec=1" },
  [HUB_CODEC_VP8] = { "VP8", HUB_MEDIA_VIDEO, 90000, "VP8/90000", NULL },
  [HUB_CODEC_H264] = { "H264", HUB_MEDIA_VIDEO, 90000, "H264/90000",
                       "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f" },
};

HubMediaKind
hub_codec_kind (HubCodec codec)
{
  return codecs[codec].kind;
}

guint
hub_codec_clock_rate (HubCodec codec)
{
  return codecs[codec].clock_rate;
}

const char *
hub_codec_name (HubCodec codec)
{
  return codecs[codec].name;
}

/* Reading. GstSDPMessage takes much that is none: every field is looked at again. */

static gboolean
refuse (GError **error, const char *why)
{
  return karez_error_set (error, KAREZ_ERROR_INVALID, "rtc/sdp",
                          N_ ("the offer of a browser's RTCPeerConnection"),
                          N_ ("The page's offer of media cannot be read: %s"), why);
}

static const char *
attribute (const GstSDPMessage *message, const GstSDPMedia *media, const char *name)
{
  const char *value = gst_sdp_media_get_attribute_val (media, name);

  return value != NULL ? value : gst_sdp_message_get_attribute_val (message, name);
}

/* "96 …": the number, and what stands behind it. FALSE if it is no payload type. */
static gboolean
read_payload_type (const char *value, guint8 *payload_type, const char **rest)
{
  char *end = NULL;
  gulong number = strtoul (value, &end, 10);

  if (end == value || *end != ' ' || number == 0 || number > 127)
    return FALSE;
  *payload_type = (guint8) number;
  *rest = end + 1;
  return TRUE;
}

/* The a=fmtp of a payload type, or "". */
static const char *
find_fmtp (const GstSDPMedia *media, guint8 payload_type)
{
  for (guint i = 0;; i++)
    {
      const char *value = gst_sdp_media_get_attribute_val_n (media, "fmtp", i), *rest;
      guint8 number;

      if (value == NULL)
        return "";
      if (read_payload_type (value, &number, &rest) && number == payload_type)
        return rest;
    }
}

/* The value of a parameter of a=fmtp, or NULL. Returns: (transfer full) */
static char *
find_parameter (const char *fmtp, const char *name)
{
  g_auto (GStrv) parameters = g_strsplit (fmtp, ";", 32);

  for (guint i = 0; parameters[i] != NULL; i++)
    {
      char *equals = strchr (g_strstrip (parameters[i]), '=');

      if (equals == NULL)
        continue;
      *equals = '\0';
      if (g_ascii_strcasecmp (parameters[i], name) == 0)
        return g_strdup (equals + 1);
    }
  return NULL;
}

static gboolean
is_our_h264 (const char *fmtp)
{
  g_autofree char *mode = find_parameter (fmtp, "packetization-mode");
  g_autofree char *profile = find_parameter (fmtp, "profile-level-id");

  return g_strcmp0 (mode, "1") == 0 && profile != NULL
         && g_ascii_strncasecmp (profile, "42e0", 4) == 0;
}

static void
read_codec (const GstSDPMedia *media, HubSdpSection *section, guint8 payload_type,
            const char *rtpmap)
{
  const char *fmtp = find_fmtp (media, payload_type);

  for (guint i = 0; i < HUB_N_CODECS; i++)
    {
      if (g_ascii_strcasecmp (rtpmap, codecs[i].rtpmap) != 0 || codecs[i].kind != section->kind
          || section->payload_types[i] != 0)
        continue;
      if (i != HUB_CODEC_H264 || is_our_h264 (fmtp))
        section->payload_types[i] = payload_type;
    }
}

static void
read_rtx (const GstSDPMedia *media, HubSdpSection *section, guint8 payload_type)
{
  g_autofree char *of = find_parameter (find_fmtp (media, payload_type), "apt");
  guint64 number;

  if (of == NULL || !g_ascii_string_to_unsigned (of, 10, 1, 127, &number, NULL))
    return;
  for (guint i = 0; i < HUB_N_CODECS; i++)
    if (section->payload_types[i] == number)
      section->rtx_types[i] = payload_type;
}

static void
read_codecs (const GstSDPMedia *media, HubSdpSection *section)
{
  const char *value, *rest;
  guint8 payload_type;

  for (guint i = 0; (value = gst_sdp_media_get_attribute_val_n (media, "rtpmap", i)) != NULL; i++)
    if (read_payload_type (value, &payload_type, &rest))
      read_codec (media, section, payload_type, rest);
  for (guint i = 0; (value = gst_sdp_media_get_attribute_val_n (media, "rtpmap", i)) != NULL; i++)
    if (read_payload_type (value, &payload_type, &rest)
        && g_ascii_strcasecmp (rest, "rtx/90000") == 0)
      read_rtx (media, section, payload_type);
}

/* "3 urn:…" or "3/sendrecv urn:…". */
static void
read_extension (const char *value, HubRtpExtensionMap *map)
{
  char *end = NULL;
  gulong id = strtoul (value, &end, 10);
  const char *uri = strchr (value, ' ');
  HubRtpExtension extension;

  if (end == value || id == 0 || id > HUB_RTP_MAX_EXTENSION_ID || uri == NULL)
    return;
  if (hub_rtp_extension_from_uri (uri + 1, &extension))
    map->ids[extension] = (guint8) id;
}

/* "FID 1234 5678": the stream and its retransmissions. Without it, the first a=ssrc. */
static void
read_ssrcs (const GstSDPMedia *media, HubSdpSection *section)
{
  const char *group = gst_sdp_media_get_attribute_val (media, "ssrc-group");
  const char *single = gst_sdp_media_get_attribute_val (media, "ssrc");
  g_auto (GStrv) words = g_strsplit (group != NULL ? group : "", " ", 4);

  if (g_strv_length (words) == 3 && g_str_equal (words[0], "FID"))
    {
      section->ssrc = (guint32) strtoul (words[1], NULL, 10);
      section->rtx_ssrc = (guint32) strtoul (words[2], NULL, 10);
    }
  else if (single != NULL)
    section->ssrc = (guint32) strtoul (single, NULL, 10);
}

/* Port 0 is a section that is no longer used, unless it says that it has none of its own. */
static gboolean
is_gone (const GstSDPMedia *media)
{
  return gst_sdp_media_get_port (media) == 0
         && gst_sdp_media_get_attribute_val (media, "bundle-only") == NULL;
}

static void
read_direction (const GstSDPMedia *media, HubSdpSection *section)
{
  gboolean sendonly = gst_sdp_media_get_attribute_val (media, "sendonly") != NULL;
  gboolean recvonly = gst_sdp_media_get_attribute_val (media, "recvonly") != NULL;
  gboolean gone = is_gone (media);
  gboolean inactive = gone || gst_sdp_media_get_attribute_val (media, "inactive") != NULL;

  section->sends = !recvonly && !inactive;
  section->receives = !sendonly && !inactive;
}

static gboolean
read_section (HubSdpOffer *self, const GstSDPMedia *media, GError **error)
{
  HubSdpSection *section = &self->sections[self->n_sections];
  const char *mid = gst_sdp_media_get_attribute_val (media, "mid"), *value;
  const char *kind = gst_sdp_media_get_media (media);

  if (g_strcmp0 (kind, "audio") != 0 && g_strcmp0 (kind, "video") != 0)
    return refuse (error, "m=");
  if (g_strcmp0 (gst_sdp_media_get_proto (media), "UDP/TLS/RTP/SAVPF") != 0)
    return refuse (error, "UDP/TLS/RTP/SAVPF");
  if (mid == NULL || *mid == '\0' || strlen (mid) > HUB_SDP_MAX_MID
      || strspn (mid, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "-_") != strlen (mid))
    return refuse (error, "a=mid");
  for (guint i = 0; i < self->n_sections; i++)
    if (g_str_equal (self->sections[i].mid, mid))
      return refuse (error, "a=mid");
  if (gst_sdp_media_get_attribute_val (media, "rtcp-mux") == NULL)
    return refuse (error, "a=rtcp-mux");
  g_strlcpy (section->mid, mid, sizeof section->mid);
  section->kind = g_str_equal (kind, "audio") ? HUB_MEDIA_AUDIO : HUB_MEDIA_VIDEO;
  read_direction (media, section);
  read_codecs (media, section);
  read_ssrcs (media, section);
  for (guint i = 0; (value = gst_sdp_media_get_attribute_val_n (media, "extmap", i)) != NULL; i++)
    read_extension (value, &self->extensions);
  self->n_sections++;
  return TRUE;
}

static gboolean
read_transport (HubSdpOffer *self, const GstSDPMessage *message, GError **error)
{
  const GstSDPMedia *first = gst_sdp_message_get_media (message, 0);
  const char *ufrag = attribute (message, first, "ice-ufrag");
  const char *setup = attribute (message, first, "setup");
  const char *fingerprint = attribute (message, first, "fingerprint");

  if (ufrag == NULL || strlen (ufrag) < 4 || strlen (ufrag) > HUB_SDP_MAX_UFRAG)
    return refuse (error, "a=ice-ufrag");
  g_strlcpy (self->ufrag, ufrag, sizeof self->ufrag);
  if (g_strcmp0 (setup, "actpass") != 0 && g_strcmp0 (setup, "active") != 0)
    return refuse (error, "a=setup");
  if (fingerprint == NULL || g_ascii_strncasecmp (fingerprint, "sha-256 ", 8) != 0
      || !hub_dtls_fingerprint_parse (fingerprint + 8, self->fingerprint))
    return karez_error_set (error, KAREZ_ERROR_INVALID, "rtc/fingerprint",
                            N_ ("the SHA-256 fingerprint of the page's certificate"),
                            N_ ("The offer of media does not say who makes it"));
  return TRUE;
}

/* RFC 9143, 7.2: what is in use is in the one bundle. */
static gboolean
read_bundle (const HubSdpOffer *self, const GstSDPMessage *message, GError **error)
{
  const char *group = gst_sdp_message_get_attribute_val (message, "group");
  g_auto (GStrv) words = g_strsplit (group != NULL ? group : "", " ", -1);
  gboolean whole = g_strcmp0 (words[0], "BUNDLE") == 0;

  for (guint i = 0; i < self->n_sections && whole; i++)
    whole = is_gone (gst_sdp_message_get_media (message, i))
            || g_strv_contains ((const char *const *) words + 1, self->sections[i].mid);
  return whole
         || karez_error_set (error, KAREZ_ERROR_INVALID, "rtc/bundle",
                             N_ ("all media in one bundle"),
                             N_ ("The offer of media needs more than one connection"));
}

static gboolean
read_message (HubSdpOffer *self, const GstSDPMessage *message, GError **error)
{
  guint n = gst_sdp_message_medias_len (message);

  if (g_strcmp0 (gst_sdp_message_get_version (message), "0") != 0 || n == 0)
    return refuse (error, "v=, m=");
  if (n > HUB_SDP_MAX_SECTIONS)
    return karez_error_set (error, KAREZ_ERROR_INVALID, "rtc/sections", N_ ("at most 64"),
                            N_ ("The offer of media has too many parts"));
  if (!read_transport (self, message, error))
    return FALSE;
  for (guint i = 0; i < n; i++)
    if (!read_section (self, gst_sdp_message_get_media (message, i), error))
      return FALSE;
  return read_bundle (self, message, error);
}

gboolean
hub_sdp_parse_offer (HubSdpOffer *self, const char *text, GError **error)
{
  GstSDPMessage *message = NULL;
  gsize length = strlen (text);
  gboolean read;

  memset (self, 0, sizeof *self);
  /* GstSDPMessage reports an empty text as a programming error. */
  if (length == 0 || length > HUB_SDP_MAX_BYTES || !g_utf8_validate (text, -1, NULL))
    return refuse (error, "128 KiB");
  if (gst_sdp_message_new (&message) != GST_SDP_OK)
    return refuse (error, "SDP");
  read = gst_sdp_message_parse_buffer ((const guint8 *) text, (guint) length, message) == GST_SDP_OK
             ? read_message (self, message, error)
             : refuse (error, "SDP");
  gst_sdp_message_free (message);
  return read;
}

/* Writing. */

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
  add (media, "rtpmap", "%u %s", payload_type, codecs[codec].rtpmap);
  if (codecs[codec].fmtp != NULL)
    add (media, "fmtp", "%u %s", payload_type, codecs[codec].fmtp);
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
  add_flag (media, "rtcp-mux");
  add_flag (media, "rtcp-rsize");
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

/* RFC 9143, 7.3: the bundle's transport is that of the first section that is accepted. */
static gboolean
is_tagged (const HubSdpAnswer *self, guint number)
{
  for (guint i = 0; i < number; i++)
    if (self->places[i].accepted)
      return FALSE;
  return self->places[number].accepted;
}

static void
write_section (const HubSdpAnswer *self, const HubSdpOffer *offer, guint number,
               GstSDPMessage *message)
{
  const HubSdpSection *section = &offer->sections[number];
  const HubSdpPlace *place = &self->places[number];
  GstSDPMedia *media;

  gst_sdp_media_new (&media);
  gst_sdp_media_set_media (media, section->kind == HUB_MEDIA_AUDIO ? "audio" : "video");
  gst_sdp_media_set_port_info (media, place->accepted ? 9 : 0, 1);
  gst_sdp_media_set_proto (media, "UDP/TLS/RTP/SAVPF");
  gst_sdp_media_add_connection (media, "IN", "IP4", "0.0.0.0", 0, 0);
  add (media, "mid", "%s", section->mid);
  add_transport (self, media);
  if (is_tagged (self, number))
    add_candidates (self, media);
  add_flag (media, !place->accepted ? "inactive" : section->sends ? "recvonly" : "sendonly");
  for (guint i = 0; i < HUB_RTP_N_EXTENSIONS; i++)
    if (offer->extensions.ids[i] != 0
        && (section->kind == HUB_MEDIA_AUDIO ? i != HUB_RTP_ORIENTATION : i != HUB_RTP_AUDIO_LEVEL)
        /* Whose browser may leave it to the viewer's to turn the picture does so, and Firefox's and
         * the other hospital's may not know how. */
        && !(section->sends && i == HUB_RTP_ORIENTATION)
        && (section->sends || i != HUB_RTP_TRANSPORT_SEQUENCE))
      add (media, "extmap", "%u %s", offer->extensions.ids[i],
           hub_rtp_extension_uri ((HubRtpExtension) i));
  for (guint i = 0; i < HUB_N_CODECS && place->accepted; i++)
    if (section->sends ? i == place->codec : codecs[i].kind == section->kind)
      add_codec (media, section, (HubCodec) i);
  if (place->accepted && !section->sends)
    add_streams (place, media);
  if (!place->accepted)
    gst_sdp_media_add_format (media, "0");
  gst_sdp_message_add_media (message, media);
  gst_sdp_media_free (media);
}

char *
hub_sdp_write_answer (const HubSdpAnswer *self, const HubSdpOffer *offer)
{
  g_autoptr (GString) bundle = g_string_new ("BUNDLE");
  g_autofree char *id = g_strdup_printf ("%" G_GUINT64_FORMAT, self->id);
  g_autofree char *version = g_strdup_printf ("%" G_GUINT64_FORMAT, self->version);
  GstSDPMessage *message;
  char *text;

  gst_sdp_message_new (&message);
  gst_sdp_message_set_version (message, "0");
  gst_sdp_message_set_origin (message, "-", id, version, "IN", "IP4", "0.0.0.0");
  gst_sdp_message_set_session_name (message, "-");
  gst_sdp_message_add_time (message, "0", "0", NULL);
  for (guint i = 0; i < offer->n_sections; i++)
    if (self->places[i].accepted)
      g_string_append_printf (bundle, " %s", offer->sections[i].mid);
  gst_sdp_message_add_attribute (message, "group", bundle->str);
  gst_sdp_message_add_attribute (message, "ice-lite", NULL);
  for (guint i = 0; i < offer->n_sections; i++)
    write_section (self, offer, i, message);
  text = gst_sdp_message_as_text (message);
  gst_sdp_message_free (message);
  return text;
}
