/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Offers of pages (RFC 8866, RFC 8829): read and checked. */
#include "hub-sdp.h"

#include <glib/gi18n.h>
#include <gst/sdp/gstsdpmessage.h>
#include <stdlib.h>

#define MAX_PAYLOAD_TYPE 127u
/* Of a connection's fingerprints, one for each of the hashes that its browser knows. */
#define MAX_FINGERPRINTS 8u
/* RFC 8866, 9: token. */
#define TOKEN_CHARACTERS G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "!#$%&'*+-.^_`{|}~"

/* Of one section, by payload type. The texts are the message's. */
typedef struct
{
  const char *rtpmap[MAX_PAYLOAD_TYPE + 1]; /* "VP8/90000"; NULL for none */
  const char *fmtp[MAX_PAYLOAD_TYPE + 1];   /* "" for none */
} Payloads;

static gboolean
refuse (GError **error, const char *why)
{
  return karez_error_set (error, KAREZ_ERROR_INVALID, "rtc/sdp",
                          N_ ("the offer of a browser's RTCPeerConnection"),
                          N_ ("The page's offer of media cannot be read: %s"), why);
}

/* The text. GstSDPMessage takes much that is none, so its grammar is looked at before. */

static gboolean
is_token (const char *text)
{
  gsize length = strspn (text, TOKEN_CHARACTERS);

  return length > 0 && length <= HUB_SDP_MAX_WORD && text[length] == '\0';
}

/* "UDP/TLS/RTP/SAVPF": tokens between slashes. */
static gboolean
is_protocol (const char *text)
{
  return strspn (text, TOKEN_CHARACTERS "/") == strlen (text) && strlen (text) <= HUB_SDP_MAX_WORD
         && *text != '\0';
}

/* "9", or "9/2" for two of them. */
static gboolean
is_port (const char *text)
{
  g_auto (GStrv) numbers = g_strsplit (text, "/", 3);
  guint n = g_strv_length (numbers);

  return (n == 1 || n == 2) && g_ascii_string_to_unsigned (numbers[0], 10, 0, 65535, NULL, NULL)
         && (n == 1 || g_ascii_string_to_unsigned (numbers[1], 10, 1, 65535, NULL, NULL));
}

/* "audio 9 UDP/TLS/RTP/SAVPF 111 …": RFC 8866, 5.14. */
static gboolean
is_media (const char *value)
{
  g_auto (GStrv) words = g_strsplit (value, " ", -1);

  if (g_strv_length (words) < 4 || !is_token (words[0]) || !is_port (words[1])
      || !is_protocol (words[2]))
    return FALSE;
  for (guint i = 3; words[i] != NULL; i++)
    if (!is_token (words[i]))
      return FALSE;
  return TRUE;
}

/* RFC 8866, 5: a letter, "=" and a text of one line. */
static gboolean
is_line (const char *line)
{
  if (!g_ascii_islower (line[0]) || line[1] != '=')
    return FALSE;
  for (const char *at = line + 2; *at != '\0'; at++)
    if (g_ascii_iscntrl (*at) && *at != '\t')
      return FALSE;
  return line[0] != 'm' || is_media (line + 2);
}

/* Lines may end without a CR: RFC 8866, 5. */
static gboolean
check_text (const char *text, GError **error)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  guint n_sections = 0;

  for (guint i = 0; lines[i] != NULL; i++)
    {
      char *line = lines[i];

      if (g_str_has_suffix (line, "\r"))
        line[strlen (line) - 1] = '\0';
      if (*line == '\0' && lines[i + 1] == NULL)
        break;
      if (!is_line (line))
        {
          g_autofree char *where = g_strdup_printf ("%u", i + 1);

          return karez_error_set (error, KAREZ_ERROR_INVALID, "rtc/sdp",
                                  N_ ("the offer of a browser's RTCPeerConnection"),
                                  N_ ("Line %s of the page's offer of media cannot be read"),
                                  where);
        }
      n_sections += *line == 'm' ? 1 : 0;
    }
  if (n_sections > HUB_SDP_MAX_SECTIONS)
    return karez_error_set (error, KAREZ_ERROR_INVALID, "rtc/sections", N_ ("at most 64"),
                            N_ ("The offer of media has too many parts"));
  return TRUE;
}

/* Codecs. */

/* "96 …": the number, and what stands behind it. FALSE if it is no payload type. */
static gboolean
read_payload_type (const char *value, guint8 *payload_type, const char **rest)
{
  char *end = NULL;
  gulong number = strtoul (value, &end, 10);

  if (end == value || *end != ' ' || number == 0 || number > MAX_PAYLOAD_TYPE)
    return FALSE;
  *payload_type = (guint8) number;
  *rest = end + 1;
  return TRUE;
}

/* The first that is said of each payload type counts. */
static void
read_payloads (const GstSDPMedia *media, Payloads *payloads)
{
  for (guint i = 0; i < gst_sdp_media_attributes_len (media); i++)
    {
      const GstSDPAttribute *attribute = gst_sdp_media_get_attribute (media, i);
      gboolean rtpmap = g_str_equal (attribute->key, "rtpmap");
      const char *rest, **place;
      guint8 payload_type;

      if ((!rtpmap && !g_str_equal (attribute->key, "fmtp"))
          || !read_payload_type (attribute->value, &payload_type, &rest))
        continue;
      place = rtpmap ? &payloads->rtpmap[payload_type] : &payloads->fmtp[payload_type];
      if (*place == NULL)
        *place = rest;
    }
  for (guint i = 0; i <= MAX_PAYLOAD_TYPE; i++)
    if (payloads->fmtp[i] == NULL)
      payloads->fmtp[i] = "";
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
read_codec (HubSdpSection *section, guint8 payload_type, const Payloads *payloads)
{
  const char *rtpmap = payloads->rtpmap[payload_type];

  for (guint i = 0; i < HUB_N_CODECS; i++)
    if (g_ascii_strcasecmp (rtpmap, hub_codec_rtpmap ((HubCodec) i)) == 0
        && hub_codec_kind ((HubCodec) i) == section->kind && section->payload_types[i] == 0
        && (i != HUB_CODEC_H264 || is_our_h264 (payloads->fmtp[payload_type])))
      section->payload_types[i] = payload_type;
}

static void
read_rtx (HubSdpSection *section, guint8 payload_type, const Payloads *payloads)
{
  g_autofree char *of = find_parameter (payloads->fmtp[payload_type], "apt");
  guint64 number;

  if (of == NULL || !g_ascii_string_to_unsigned (of, 10, 1, MAX_PAYLOAD_TYPE, &number, NULL))
    return;
  for (guint i = 0; i < HUB_N_CODECS; i++)
    if (section->payload_types[i] == number)
      section->rtx_types[i] = payload_type;
}

/* In the order that the page prefers. FALSE if none is ours. */
static gboolean
read_codecs (const GstSDPMedia *media, HubSdpSection *section)
{
  guint8 order[MAX_PAYLOAD_TYPE + 1];
  Payloads payloads = { 0 };
  guint n = 0;
  gboolean any = FALSE;

  read_payloads (media, &payloads);
  for (guint i = 0; i < gst_sdp_media_formats_len (media) && n < G_N_ELEMENTS (order); i++)
    {
      guint64 number;

      if (g_ascii_string_to_unsigned (gst_sdp_media_get_format (media, i), 10, 1, MAX_PAYLOAD_TYPE,
                                      &number, NULL)
          && payloads.rtpmap[number] != NULL)
        order[n++] = (guint8) number;
    }
  for (guint i = 0; i < n; i++)
    read_codec (section, order[i], &payloads);
  for (guint i = 0; i < n; i++)
    if (g_ascii_strcasecmp (payloads.rtpmap[order[i]], "rtx/90000") == 0)
      read_rtx (section, order[i], &payloads);
  for (guint i = 0; i < HUB_N_CODECS; i++)
    any |= section->payload_types[i] != 0;
  return any;
}

/* What else a section says. */

/* "3 urn:…" or "3/sendrecv urn:…". */
static void
read_extension (HubSdpSection *section, const char *value)
{
  char *end = NULL;
  gulong id = strtoul (value, &end, 10);
  const char *uri = strchr (value, ' ');
  HubRtpExtension extension;

  if (end == value || id == 0 || id > HUB_RTP_MAX_EXTENSION_ID || uri == NULL)
    return;
  if (hub_rtp_extension_from_uri (uri + 1, &extension))
    section->extensions.ids[extension] = (guint8) id;
}

/* "3735928559 cname:…", or a word of a=ssrc-group; 0 for what is none. */
static guint32
read_ssrc (const char *text)
{
  char *end = NULL;
  guint64 number = g_ascii_isdigit (*text) ? g_ascii_strtoull (text, &end, 10) : 0;

  return number <= G_MAXUINT32 && (end == NULL || *end == '\0' || *end == ' ') ? (guint32) number
                                                                               : 0;
}

/* "FID 1234 5678": the stream and its retransmissions. */
static void
read_ssrc_group (HubSdpSection *section, const char *value)
{
  g_auto (GStrv) words = g_strsplit (value, " ", 4);

  if (section->rtx_ssrc != 0 || g_strv_length (words) != 3 || !g_str_equal (words[0], "FID")
      || read_ssrc (words[1]) == 0)
    return;
  section->ssrc = read_ssrc (words[1]);
  section->rtx_ssrc = read_ssrc (words[2]);
}

/* The track in "1234 msid:stream track"; NULL if it says something else. */
static const char *
track_of_ssrc (const char *value)
{
  const char *msid = strchr (value, ' ');

  return msid != NULL && g_str_has_prefix (msid, " msid:") ? strchr (msid + 1, ' ') : NULL;
}

/* In one walk, since there may be thousands. FALSE for two tracks: "plan B" had those of a kind in
 * one section, before RFC 8829. */
static gboolean
read_attributes (const GstSDPMedia *media, HubSdpSection *section)
{
  const char *track = NULL;
  guint32 first = 0;

  for (guint i = 0; i < gst_sdp_media_attributes_len (media); i++)
    {
      const GstSDPAttribute *attribute = gst_sdp_media_get_attribute (media, i);

      if (g_str_equal (attribute->key, "extmap"))
        read_extension (section, attribute->value);
      else if (g_str_equal (attribute->key, "ssrc-group"))
        read_ssrc_group (section, attribute->value);
      else if (g_str_equal (attribute->key, "ssrc"))
        {
          const char *other = track_of_ssrc (attribute->value);

          if (track != NULL && other != NULL && !g_str_equal (track, other))
            return FALSE;
          track = other != NULL ? other : track;
          first = first != 0 ? first : read_ssrc (attribute->value);
        }
    }
  if (section->ssrc == 0)
    section->ssrc = first;
  return TRUE;
}

static gboolean
has_flag (const GstSDPMedia *media, const char *name)
{
  return gst_sdp_media_get_attribute_val (media, name) != NULL;
}

/* Of the section, else of the whole. */
static void
read_direction (const GstSDPMessage *message, const GstSDPMedia *media, HubSdpSection *section)
{
  static const struct
  {
    const char *name;
    gboolean sends, receives;
  } directions[] = {
    { "sendonly", TRUE, FALSE },
    { "recvonly", FALSE, TRUE },
    { "inactive", FALSE, FALSE },
    { "sendrecv", TRUE, TRUE },
  };

  section->sends = section->receives = TRUE;
  for (guint whole = 0; whole < 2; whole++)
    for (guint i = 0; i < G_N_ELEMENTS (directions); i++)
      if (whole ? gst_sdp_message_get_attribute_val (message, directions[i].name) != NULL
                : has_flag (media, directions[i].name))
        {
          section->sends = directions[i].sends;
          section->receives = directions[i].receives;
          return;
        }
}

static HubSdpSection *
find_section (HubSdpOffer *self, const char *mid)
{
  for (guint i = 0; i < self->n_sections; i++)
    if (self->sections[i].mid[0] != '\0' && g_str_equal (self->sections[i].mid, mid))
      return &self->sections[i];
  return NULL;
}

static gboolean
read_kind (const char *media, HubMediaKind *kind)
{
  static const char *const kinds[] = { "audio", "video", "application" };

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (g_str_equal (media, kinds[i]))
      {
        *kind = (HubMediaKind) i;
        return TRUE;
      }
  return FALSE;
}

/* RFC 8841: data channels, of which a connection has one section. */
static gboolean
is_our_data (const HubSdpOffer *self, const GstSDPMedia *media, HubSdpSection *section)
{
  const char *port = gst_sdp_media_get_attribute_val (media, "sctp-port");
  guint64 number;

  for (guint i = 0; i < self->n_sections; i++)
    if (!self->sections[i].rejected && self->sections[i].kind == HUB_MEDIA_DATA)
      return FALSE;
  if (!g_str_equal (section->proto, "UDP/DTLS/SCTP")
      || !g_str_equal (section->format, "webrtc-datachannel") || port == NULL
      || !g_ascii_string_to_unsigned (port, 10, 1, 65535, &number, NULL))
    return FALSE;
  section->sctp_port = (guint16) number;
  section->sends = section->receives = FALSE;
  return TRUE;
}

/* Whether it is of a kind that we take. Port 0 is a section that is no longer used, unless it says
 * that it has none of its own; such a one leaves a=rtcp-mux to the one whose port it shares. */
static gboolean
is_ours (const HubSdpOffer *self, const GstSDPMedia *media, HubSdpSection *section)
{
  gboolean used = gst_sdp_media_get_port (media) != 0;
  gboolean bundle_only = !used && has_flag (media, "bundle-only");

  if (!read_kind (section->media, &section->kind) || section->mid[0] == '\0'
      || strlen (section->mid) > HUB_SDP_MAX_MID)
    return FALSE;
  if (section->kind == HUB_MEDIA_DATA)
    return self->data && (used || bundle_only) && is_our_data (self, media, section);
  return g_str_equal (section->proto, "UDP/TLS/RTP/SAVPF")
         && (bundle_only || (used && has_flag (media, "rtcp-mux"))) && read_codecs (media, section);
}

static void
reject (HubSdpSection *section)
{
  section->rejected = TRUE;
  section->sends = section->receives = FALSE;
}

static gboolean
read_section (HubSdpOffer *self, const GstSDPMessage *message, const GstSDPMedia *media,
              GError **error)
{
  HubSdpSection *section = &self->sections[self->n_sections];
  const char *mid = gst_sdp_media_get_attribute_val (media, "mid");

  if (mid != NULL && (!is_token (mid) || find_section (self, mid) != NULL))
    return refuse (error, "a=mid");
  g_strlcpy (section->mid, mid != NULL ? mid : "", sizeof section->mid);
  g_strlcpy (section->media, gst_sdp_media_get_media (media), sizeof section->media);
  g_strlcpy (section->proto, gst_sdp_media_get_proto (media), sizeof section->proto);
  g_strlcpy (section->format, gst_sdp_media_get_format (media, 0), sizeof section->format);
  read_direction (message, media, section);
  if (!read_attributes (media, section))
    return karez_error_set (error, KAREZ_ERROR_INVALID, "rtc/plan-b",
                            N_ ("an offer with one track in each section (unified plan, RFC 8829)"),
                            N_ ("The offer of media has several tracks in one section (plan B)"));
  if (!is_ours (self, media, section))
    reject (section);
  self->n_sections++;
  return TRUE;
}

/* The whole. */

/* Notes the sections of the bundle that we take, in its order. FALSE if there is none. */
static gboolean
order_by_bundle (HubSdpOffer *self, const char *group)
{
  g_auto (GStrv) words = g_strsplit (group, " ", HUB_SDP_MAX_SECTIONS + 2);
  guint64 seen = 0;

  self->n_taken = 0;
  for (guint i = 1; g_strcmp0 (words[0], "BUNDLE") == 0 && words[i] != NULL; i++)
    {
      const HubSdpSection *section = find_section (self, words[i]);
      guint number = section != NULL ? (guint) (section - self->sections) : 0;

      if (section == NULL || section->rejected || seen & (G_GUINT64_CONSTANT (1) << number))
        continue;
      seen |= G_GUINT64_CONSTANT (1) << number;
      self->order[self->n_taken++] = (guint8) number;
    }
  return self->n_taken > 0;
}

/* RFC 9143, 7.2: what is in use is in the one bundle that we take. A single section needs none. */
static gboolean
read_bundle (HubSdpOffer *self, const GstSDPMessage *message, GError **error)
{
  const char *group;
  guint n = 0, single = 0;

  for (guint i = 0; i < self->n_sections; i++)
    if (!self->sections[i].rejected)
      {
        single = i;
        n++;
      }
  if (n == 0)
    return TRUE;
  for (guint i = 0; i < HUB_SDP_MAX_SECTIONS && !self->bundled
                    && (group = gst_sdp_message_get_attribute_val_n (message, "group", i)) != NULL;
       i++)
    self->bundled = order_by_bundle (self, group);
  if (!self->bundled && n > 1)
    return karez_error_set (error, KAREZ_ERROR_INVALID, "rtc/bundle",
                            N_ ("all media in one bundle"),
                            N_ ("The offer of media needs more than one connection"));
  if (!self->bundled)
    self->order[self->n_taken++] = (guint8) single;
  for (guint i = 0; i < self->n_sections; i++)
    if (memchr (self->order, (int) i, self->n_taken) == NULL)
      reject (&self->sections[i]);
  return TRUE;
}

/* The connection's: of the first section of the bundle that we take, else of all, else of the first
 * section that has it. Returns the @n-th, or NULL. */
static const char *
transport_attribute (const HubSdpOffer *self, const GstSDPMessage *message, const char *name,
                     guint n)
{
  const GstSDPMedia *tagged = gst_sdp_message_get_media (message, self->order[0]);

  if (has_flag (tagged, name))
    return gst_sdp_media_get_attribute_val_n (tagged, name, n);
  if (gst_sdp_message_get_attribute_val (message, name) != NULL)
    return gst_sdp_message_get_attribute_val_n (message, name, n);
  for (guint i = 0; i < self->n_sections; i++)
    if (has_flag (gst_sdp_message_get_media (message, i), name))
      return gst_sdp_media_get_attribute_val_n (gst_sdp_message_get_media (message, i), name, n);
  return NULL;
}

static gboolean
read_fingerprint (HubSdpOffer *self, const GstSDPMessage *message)
{
  for (guint i = 0; i < MAX_FINGERPRINTS; i++)
    {
      const char *fingerprint = transport_attribute (self, message, "fingerprint", i);

      if (fingerprint == NULL)
        return FALSE;
      if (g_ascii_strncasecmp (fingerprint, "sha-256 ", 8) == 0)
        return hub_dtls_fingerprint_parse (fingerprint + 8, self->fingerprint);
    }
  return FALSE;
}

static gboolean
read_transport (HubSdpOffer *self, const GstSDPMessage *message, GError **error)
{
  const char *ufrag = transport_attribute (self, message, "ice-ufrag", 0);
  const char *setup = transport_attribute (self, message, "setup", 0);

  if (ufrag == NULL || strlen (ufrag) < 4 || strlen (ufrag) > HUB_SDP_MAX_UFRAG)
    return refuse (error, "a=ice-ufrag");
  g_strlcpy (self->ufrag, ufrag, sizeof self->ufrag);
  if (g_strcmp0 (setup, "actpass") != 0 && g_strcmp0 (setup, "active") != 0)
    return refuse (error, "a=setup");
  if (!read_fingerprint (self, message))
    return karez_error_set (error, KAREZ_ERROR_INVALID, "rtc/fingerprint",
                            N_ ("the SHA-256 fingerprint of the page's certificate"),
                            N_ ("The offer of media does not say who makes it"));
  return TRUE;
}

/* RFC 9143, 9: one number means the same in all sections of the bundle. */
static void
unite_extensions (HubSdpOffer *self)
{
  for (guint i = 0; i < self->n_taken; i++)
    for (guint j = 0; j < HUB_RTP_N_EXTENSIONS; j++)
      {
        guint8 id = self->sections[self->order[i]].extensions.ids[j];

        if (self->extensions.ids[j] == 0
            && memchr (self->extensions.ids, id, sizeof self->extensions.ids) == NULL)
          self->extensions.ids[j] = id;
      }
}

static gboolean
read_message (HubSdpOffer *self, const GstSDPMessage *message, GError **error)
{
  guint n = gst_sdp_message_medias_len (message);

  if (g_strcmp0 (gst_sdp_message_get_version (message), "0") != 0 || n == 0
      || n > HUB_SDP_MAX_SECTIONS)
    return refuse (error, "v=, m=");
  for (guint i = 0; i < n; i++)
    if (!read_section (self, message, gst_sdp_message_get_media (message, i), error))
      return FALSE;
  if (!read_bundle (self, message, error))
    return FALSE;
  unite_extensions (self);
  return self->n_taken == 0 || read_transport (self, message, error);
}

gboolean
hub_sdp_parse_offer (HubSdpOffer *self, const char *text, gboolean data, GError **error)
{
  GstSDPMessage *message = NULL;
  gsize length = strlen (text);
  gboolean read;

  memset (self, 0, sizeof *self);
  self->data = data;
  /* GstSDPMessage reports an empty text as a programming error. */
  if (length == 0 || length > HUB_SDP_MAX_BYTES || !g_utf8_validate (text, -1, NULL))
    return refuse (error, "128 KiB");
  if (!check_text (text, error))
    return FALSE;
  if (gst_sdp_message_new (&message) != GST_SDP_OK)
    return refuse (error, "SDP");
  read = gst_sdp_message_parse_buffer ((const guint8 *) text, (guint) length, message) == GST_SDP_OK
             ? read_message (self, message, error)
             : refuse (error, "SDP");
  gst_sdp_message_free (message);
  return read;
}
