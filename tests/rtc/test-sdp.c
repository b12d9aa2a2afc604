/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Offers of browsers, and their answers. */
#include "sdp-test.h"

#include <gst/sdp/gstsdpmessage.h>

static void
check_section (const HubSdpSection *section, const HubSdpSection *expected)
{
  g_assert_cmpstr (section->mid, ==, expected->mid);
  g_assert_cmpint (section->kind, ==, expected->kind);
  g_assert_cmpint (section->sends, ==, expected->sends);
  g_assert_cmpint (section->receives, ==, expected->receives);
  g_assert_cmpmem (section->payload_types, HUB_N_CODECS, expected->payload_types, HUB_N_CODECS);
  g_assert_cmpmem (section->rtx_types, HUB_N_CODECS, expected->rtx_types, HUB_N_CODECS);
  g_assert_cmpuint (section->ssrc, ==, expected->ssrc);
  g_assert_cmpuint (section->rtx_ssrc, ==, expected->rtx_ssrc);
}

static void
test_chromium (void)
{
  static const HubSdpSection expected[] = {
    { "0", HUB_MEDIA_AUDIO, TRUE, FALSE, { 111, 0, 0 }, { 0 }, 3735928559, 0 },
    { "1", HUB_MEDIA_VIDEO, TRUE, FALSE, { 0, 96, 106 }, { 0, 97, 107 }, 2231627014, 632943048 },
    { "2", HUB_MEDIA_AUDIO, FALSE, TRUE, { 111, 0, 0 }, { 0 }, 0, 0 },
    { "3", HUB_MEDIA_VIDEO, FALSE, TRUE, { 0, 96, 106 }, { 0, 97, 107 }, 0, 0 },
    { "4", HUB_MEDIA_VIDEO, FALSE, TRUE, { 0, 96, 106 }, { 0, 97, 107 }, 0, 0 },
  };
  g_autofree char *text = sdp_test_load ("sdp-chromium.sdp"), *fingerprint = NULL;
  HubSdpOffer offer;

  sdp_test_parse (&offer, text);
  fingerprint = hub_dtls_fingerprint_print (offer.fingerprint);
  g_assert_cmpstr (fingerprint, ==, FINGERPRINT);
  g_assert_cmpstr (offer.ufrag, ==, "F7gI");
  g_assert_cmpuint (offer.extensions.ids[HUB_RTP_MID], ==, 4);
  g_assert_cmpuint (offer.extensions.ids[HUB_RTP_AUDIO_LEVEL], ==, 1);
  g_assert_cmpuint (offer.extensions.ids[HUB_RTP_ORIENTATION], ==, 13);
  g_assert_cmpuint (offer.extensions.ids[HUB_RTP_TRANSPORT_SEQUENCE], ==, 3);
  g_assert_cmpuint (offer.extensions.ids[HUB_RTP_CAPTURE_TIME], ==, 9);
  g_assert_cmpuint (offer.n_sections, ==, G_N_ELEMENTS (expected));
  for (guint i = 0; i < G_N_ELEMENTS (expected); i++)
    check_section (&offer.sections[i], &expected[i]);
}

/* What is said once for all sections, extensions with a direction, and both ways in one section. */
static void
test_firefox (void)
{
  static const HubSdpSection expected[] = {
    { "one", HUB_MEDIA_AUDIO, TRUE, TRUE, { 109, 0, 0 }, { 0 }, 2655508255, 0 },
    { "two",
      HUB_MEDIA_VIDEO,
      TRUE,
      TRUE,
      { 0, 120, 126 },
      { 0, 124, 127 },
      1546849463,
      3306041713 },
  };
  g_autofree char *text = sdp_test_load ("sdp-firefox.sdp"), *fingerprint = NULL;
  HubSdpOffer offer;

  sdp_test_parse (&offer, text);
  fingerprint = hub_dtls_fingerprint_print (offer.fingerprint);
  g_assert_cmpstr (fingerprint, ==, FINGERPRINT);
  g_assert_cmpstr (offer.ufrag, ==, "8f2e1d0c");
  g_assert_cmpuint (offer.extensions.ids[HUB_RTP_MID], ==, 3);
  g_assert_cmpuint (offer.extensions.ids[HUB_RTP_AUDIO_LEVEL], ==, 1);
  g_assert_cmpuint (offer.extensions.ids[HUB_RTP_ORIENTATION], ==, 0);
  g_assert_cmpuint (offer.extensions.ids[HUB_RTP_TRANSPORT_SEQUENCE], ==, 7);
  g_assert_cmpuint (offer.extensions.ids[HUB_RTP_CAPTURE_TIME], ==, 0);
  g_assert_cmpuint (offer.n_sections, ==, 2);
  for (guint i = 0; i < G_N_ELEMENTS (expected); i++)
    check_section (&offer.sections[i], &expected[i]);
}

/* What the page leaves out, or says otherwise, and what its second section is then. */
static const struct
{
  const char *find, *by;
  HubSdpSection second;
} variants[] = {
  { "a=ssrc-group:FID 2231627014 632943048\r\n",
    "",
    { "1", HUB_MEDIA_VIDEO, TRUE, FALSE, { 0, 96, 106 }, { 0, 97, 107 }, 2231627014, 0 } },
  { "a=rtpmap:96 VP8/90000",
    "a=rtpmap:96 vp8/90000",
    { "1", HUB_MEDIA_VIDEO, TRUE, FALSE, { 0, 96, 106 }, { 0, 97, 107 }, 2231627014, 632943048 } },
  { "a=rtpmap:96 VP8/90000",
    "a=rtpmap:96 VP8/48000",
    { "1", HUB_MEDIA_VIDEO, TRUE, FALSE, { 0, 0, 106 }, { 0, 0, 107 }, 2231627014, 632943048 } },
  { "packetization-mode=1;profile-level-id=42e01f",
    "packetization-mode=0;profile-level-id=42e01f",
    { "1", HUB_MEDIA_VIDEO, TRUE, FALSE, { 0, 96, 0 }, { 0, 97, 0 }, 2231627014, 632943048 } },
  { "a=rtpmap:97 rtx/90000",
    "a=rtpmap:97 rtx/90000\r\na=rtpmap:118 VP8/90000",
    { "1", HUB_MEDIA_VIDEO, TRUE, FALSE, { 0, 96, 106 }, { 0, 97, 107 }, 2231627014, 632943048 } },
  { "a=fmtp:97 apt=96",
    "a=fmtp:97 apt=4294967392",
    { "1", HUB_MEDIA_VIDEO, TRUE, FALSE, { 0, 96, 106 }, { 0, 0, 107 }, 2231627014, 632943048 } },
  { "42e01f",
    "42e00a",
    { "1", HUB_MEDIA_VIDEO, TRUE, FALSE, { 0, 96, 106 }, { 0, 97, 107 }, 2231627014, 632943048 } },
  { "42e01f",
    "640c1f",
    { "1", HUB_MEDIA_VIDEO, TRUE, FALSE, { 0, 96, 0 }, { 0, 97, 0 }, 2231627014, 632943048 } },
  { "a=sendonly",
    "a=inactive",
    { "1", HUB_MEDIA_VIDEO, FALSE, FALSE, { 0, 96, 106 }, { 0, 97, 107 }, 2231627014, 632943048 } },
  { "a=mid:1\r\n",
    "a=mid:1\r\na=rtpmap:128 VP8/90000\r\na=rtpmap:-1 VP8/90000\r\na=rtpmap:VP8/90000\r\n"
    "a=rtpmap:0 VP8/90000\r\na=rtpmap:95 opus/48000/2\r\na=fmtp:\r\na=extmap:15 urn:3gpp:"
    "video-orientation\r\na=extmap:0 urn:3gpp:video-orientation\r\na=extmap:x\r\n",
    { "1", HUB_MEDIA_VIDEO, TRUE, FALSE, { 0, 96, 106 }, { 0, 97, 107 }, 2231627014, 632943048 } },
};

static void
test_variants (void)
{
  g_autofree char *text = sdp_test_load ("sdp-chromium.sdp");
  HubSdpOffer offer;

  for (guint i = 0; i < G_N_ELEMENTS (variants); i++)
    {
      g_autofree char *other = sdp_test_replace (text, variants[i].find, variants[i].by);

      g_test_message ("case %u", i);
      sdp_test_parse (&offer, other);
      check_section (&offer.sections[1], &variants[i].second);
      g_assert_cmpuint (offer.extensions.ids[HUB_RTP_ORIENTATION], ==, 13);
    }
}

/* RFC 9143, 7.2.1: port 0 is a section that was given up, or one that lives in the bundle alone, as
 * Chromium writes it under max-bundle. */
static void
test_ports (void)
{
  g_autofree char *text = sdp_test_load ("sdp-chromium.sdp"), *gone = NULL, *bundled = NULL;
  HubSdpOffer offer;

  gone = sdp_test_replace (text, "m=video 9", "m=video 0");
  bundled = sdp_test_replace (gone, "a=rtcp-rsize\r\n", "a=rtcp-rsize\r\na=bundle-only\r\n");
  sdp_test_parse (&offer, gone);
  g_assert_true (offer.sections[0].sends);
  g_assert_false (offer.sections[1].sends);
  g_assert_false (offer.sections[1].receives);
  g_assert_false (offer.sections[3].receives);
  g_assert_cmpuint (offer.n_sections, ==, 5);
  sdp_test_parse (&offer, bundled);
  g_assert_true (offer.sections[1].sends);
  g_assert_true (offer.sections[3].receives);
  g_assert_cmpuint (offer.n_sections, ==, 5);
}

static void
test_refused (void)
{
  static const struct
  {
    const char *rule, *find, *by;
  } cases[] = {
    { "rtc/sdp", "v=0\r\n", "" },
    { "rtc/sdp", "v=0\r\n", "v=1\r\n" },
    { "rtc/sdp", "a=mid:3\r\n", "a=mid:\r\n" },
    { "rtc/sdp", "a=mid:3\r\n", "a=mid:1\r\n" },
    { "rtc/sdp", "a=mid:3\r\n", "a=mid:3 4\r\n" },
    { "rtc/sdp", "a=mid:3\r\n", "a=mid:\"3\"\r\n" },
    { "rtc/sdp", UFRAG, "" },
    { "rtc/sdp", UFRAG, "a=ice-ufrag:F7g\r\n" },
    { "rtc/sdp", UFRAG, "a=ice-ufrag:" LONG_256 "0\r\n" },
    { "rtc/sdp", "a=setup:actpass\r\n", "" },
    { "rtc/sdp", "a=setup:actpass", "a=setup:passive" },
    { "rtc/sdp", "a=setup:actpass", "a=setup:holdconn" },
    { "rtc/sdp", "a=mid:3\r\n", "a=mid:" LONG_64 "\r\n" },
    { "rtc/sdp", "m=video 9 ", "m=video -9 " },
    { "rtc/sdp", "m=video 9 ", "m=video 65536 " },
    { "rtc/sdp", "m=video 9 ", "m=video 9/0 " },
    { "rtc/sdp", "m=video 9 ", "m=video " },
    { "rtc/sdp", "m=video 9 ", "m=" LONG_64 " 9 " },
    { "rtc/sdp", "UDP/TLS/RTP/SAVPF", "UDP/TLS/" LONG_64 },
    { "rtc/sdp", "SAVPF 111", "SAVPF  111" },
    { "rtc/sdp", "a=mid:3\r\n", "a=mid:3\r\n\r\n" },
    { "rtc/sdp", "a=mid:3\r\n", "a=mid:3\ra=recvonly\r\n" },
    { "rtc/sdp", "a=mid:3\r\n", "mid 3\r\n" },
    { "rtc/sdp", "a=mid:3\r\n", "A=mid:3\r\n" },
    { "rtc/sdp", "s=-", "s=\x1b" },
    { "rtc/sdp", "s=-", "s=\xff" },
    { "rtc/sdp", "s=-", "s=\xc3\x28" },
    { "rtc/fingerprint", "a=fingerprint:sha-256 " FINGERPRINT "\r\n", "" },
    { "rtc/fingerprint", "a=fingerprint:sha-256 ", "a=fingerprint:sha-1 " },
    { "rtc/fingerprint", FINGERPRINT, "7B:8B" },
    { "rtc/fingerprint", "2C:19:08", "2C:19:0G" },
    { "rtc/bundle", "a=group:BUNDLE 0 1 2 3 4\r\n", "" },
    { "rtc/bundle", "a=group:BUNDLE", "a=group:LS" },
    { "rtc/bundle", "a=group:BUNDLE 0 1 2 3 4", "a=group:BUNDLE " },
  };
  g_autofree char *text = sdp_test_load ("sdp-chromium.sdp");

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *other = sdp_test_replace (text, cases[i].find, cases[i].by);

      g_test_message ("case %u", i);
      sdp_test_refuse (other, cases[i].rule);
    }
  sdp_test_refuse ("", "rtc/sdp");
  sdp_test_refuse ("v", "rtc/sdp");
  sdp_test_refuse ("v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n", "rtc/sdp");
  sdp_test_refuse ("<!DOCTYPE html>\n<html></html>\n", "rtc/sdp");
}

/* What is just accepted: the neighbours of what is refused. */
static void
test_accepted (void)
{
  static const struct
  {
    const char *find, *by;
  } cases[] = {
    { "a=setup:actpass", "a=setup:active" },
    { UFRAG, "a=ice-ufrag:" LONG_256 "\r\n" },
    { "BUNDLE 0 1 2 3 4", "BUNDLE 0 1 2 4 " LONG_16 },
    { "a=fingerprint:sha-256", "a=fingerprint:SHA-256" },
    { "\r\n", "\n" },
    /* A section that was given up is in no bundle: RFC 9143, 7.3. */
    { "BUNDLE 0 1 2 3 4", "BUNDLE 0 1" },
  };
  g_autofree char *text = sdp_test_load ("sdp-chromium.sdp");
  HubSdpOffer offer;

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *other = sdp_test_replace (text, cases[i].find, cases[i].by);
      g_autofree char *last = NULL;

      if (i == 2)
        last = sdp_test_replace (other, "a=mid:3\r\n", "a=mid:" LONG_16 "\r\n");
      else if (i == 5)
        {
          g_auto (GStrv) parts = g_strsplit (other, "a=mid:2", 2);
          const char *section = g_strrstr (parts[0], "m=audio 9");
          g_autofree char *before = g_strndup (parts[0], (gsize) (section - parts[0]));
          g_autofree char *after = g_strconcat (section, "a=mid:2", parts[1], NULL);
          g_autofree char *gone = sdp_test_replace (after, "m=audio 9", "m=audio 0");
          g_autofree char *all = sdp_test_replace (gone, "m=video 9", "m=video 0");

          last = g_strconcat (before, all, NULL);
        }
      g_test_message ("case %u", i);
      sdp_test_parse (&offer, last != NULL ? last : other);
      g_assert_cmpuint (offer.n_sections, ==, 5);
    }
}

static void
test_bounds (void)
{
  g_autofree char *most = sdp_test_make_offer (64, 0), *more = sdp_test_make_offer (65, 0);
  g_autofree char *longest = NULL, *longer = NULL;
  HubSdpOffer offer;
  gsize length;

  sdp_test_parse (&offer, most);
  g_assert_cmpuint (offer.n_sections, ==, 64);
  for (guint i = 0; i < 64; i++)
    {
      g_autofree char *mid = g_strdup_printf ("%u", i);

      g_assert_cmpstr (offer.sections[i].mid, ==, mid);
      g_assert_cmpuint (offer.sections[i].payload_types[HUB_CODEC_VP8], ==, 96);
    }
  sdp_test_refuse (more, "rtc/sections");

  length = strlen (most);
  longest = sdp_test_make_offer (64, HUB_SDP_MAX_BYTES - length);
  longer = sdp_test_make_offer (64, HUB_SDP_MAX_BYTES - length + 1);
  g_assert_cmpuint (strlen (longest), ==, HUB_SDP_MAX_BYTES);
  sdp_test_parse (&offer, longest);
  sdp_test_refuse (longer, "rtc/sdp");
}

/* The answer. */

typedef struct
{
  HubSdpOffer offer;
  HubSdpAnswer answer;
  HubAddress addresses[2];
  guint8 fingerprint[HUB_DTLS_FINGERPRINT_BYTES];
  char *text;
  GstSDPMessage *message; /* the answer, read again */
} Answer;

static void
answer_up (Answer *self, gconstpointer data)
{
  static const HubSdpPlace places[] = {
    { TRUE, HUB_CODEC_OPUS, 0, 0, "" },
    { TRUE, HUB_CODEC_H264, 0, 0, "" },
    { TRUE, HUB_CODEC_OPUS, 1001, 0, "ward" },
    { TRUE, HUB_CODEC_VP8, 1002, 1003, "ward" },
    { FALSE, HUB_CODEC_VP8, 1004, 1005, "nobody" },
  };
  g_autofree char *text = sdp_test_load ("sdp-chromium.sdp");

  memset (self, 0, sizeof *self);
  sdp_test_parse (&self->offer, text);
  g_assert_true (hub_address_parse (&self->addresses[0], "192.0.2.5:40000", TRUE));
  g_assert_true (hub_address_parse (&self->addresses[1], "[2001:db8::5]:40001", TRUE));
  g_assert_true (hub_dtls_fingerprint_parse (FINGERPRINT, self->fingerprint));
  self->answer = (HubSdpAnswer){ .ufrag = "ourufrag",
                                 .password = "our/password+of24letters",
                                 .fingerprint = self->fingerprint,
                                 .addresses = self->addresses,
                                 .n_addresses = 2,
                                 .id = G_GUINT64_CONSTANT (9007199254740991),
                                 .version = 3 };
  memcpy (self->answer.places, places, sizeof places);
}

static void
write_answer (Answer *self)
{
  self->text = hub_sdp_write_answer (&self->answer, &self->offer);
  g_test_message ("%s", self->text);
  g_assert_cmpint (gst_sdp_message_new_from_text (self->text, &self->message), ==, GST_SDP_OK);
}

static void
answer_down (Answer *self, gconstpointer data)
{
  g_free (self->text);
  gst_sdp_message_free (self->message);
}

/* All values of an attribute of a section, one after another: "a|b|". */
static char *
values (const Answer *self, guint section, const char *name)
{
  const GstSDPMedia *media = gst_sdp_message_get_media (self->message, section);
  GString *out = g_string_new (NULL);

  for (guint i = 0; i < gst_sdp_media_attributes_len (media); i++)
    {
      const GstSDPAttribute *attribute = gst_sdp_media_get_attribute (media, i);

      if (g_str_equal (attribute->key, name))
        g_string_append_printf (out, "%s|", attribute->value != NULL ? attribute->value : "");
    }
  return g_string_free (out, FALSE);
}

#define assert_values(self, section, name, expected)                                               \
  G_STMT_START                                                                                     \
  {                                                                                                \
    g_autofree char *found = values (self, section, name);                                         \
    g_assert_cmpstr (found, ==, expected);                                                         \
  }                                                                                                \
  G_STMT_END

static void
check_formats (const Answer *self, guint section, const char *expected)
{
  const GstSDPMedia *media = gst_sdp_message_get_media (self->message, section);
  g_autoptr (GString) formats = g_string_new (NULL);

  for (guint i = 0; i < gst_sdp_media_formats_len (media); i++)
    g_string_append_printf (formats, "%s ", gst_sdp_media_get_format (media, i));
  g_assert_cmpstr (formats->str, ==, expected);
}

static void
test_answer (Answer *self, gconstpointer data)
{
  static const char *const kinds[] = { "audio", "video", "audio", "video", "video" };
  static const char *const directions[] = { "recvonly", "recvonly", "sendonly", "sendonly",
                                            "inactive" };
  static const char *const all[] = { "sendrecv", "sendonly", "recvonly", "inactive" };
  const GstSDPOrigin *origin;

  write_answer (self);
  g_assert_true (g_str_has_prefix (
      self->text, "v=0\r\no=- 9007199254740991 3 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"));
  origin = gst_sdp_message_get_origin (self->message);
  g_assert_cmpstr (origin->sess_version, ==, "3");
  g_assert_cmpstr (gst_sdp_message_get_attribute_val (self->message, "group"), ==,
                   "BUNDLE 0 1 2 3");
  g_assert_nonnull (strstr (self->text, "\r\na=ice-lite\r\n"));
  g_assert_cmpuint (gst_sdp_message_medias_len (self->message), ==, 5);
  for (guint i = 0; i < 5; i++)
    {
      const GstSDPMedia *media = gst_sdp_message_get_media (self->message, i);
      g_autofree char *mid = g_strdup_printf ("%u|", i);

      g_assert_cmpstr (gst_sdp_media_get_media (media), ==, kinds[i]);
      g_assert_cmpuint (gst_sdp_media_get_port (media), ==, i == 4 ? 0 : 9);
      g_assert_cmpstr (gst_sdp_media_get_proto (media), ==, "UDP/TLS/RTP/SAVPF");
      assert_values (self, i, "mid", mid);
      assert_values (self, i, "ice-ufrag", i == 4 ? "" : "ourufrag|");
      assert_values (self, i, "ice-pwd", i == 4 ? "" : "our/password+of24letters|");
      assert_values (self, i, "fingerprint", i == 4 ? "" : "sha-256 " FINGERPRINT "|");
      assert_values (self, i, "setup", i == 4 ? "" : "passive|");
      assert_values (self, i, "rtcp-mux", i == 4 ? "" : "|");
      assert_values (self, i, "rtcp-rsize", i == 4 ? "" : "|");
      for (guint j = 0; j < G_N_ELEMENTS (all); j++)
        assert_values (self, i, all[j], g_str_equal (all[j], directions[i]) ? "|" : "");
    }
  /* RFC 8839, 5.1, with the priorities of RFC 8445, 5.1.2.1. */
  assert_values (self, 0, "candidate",
                 "1 1 udp 2130706431 192.0.2.5 40000 typ host|"
                 "2 1 udp 2130706175 2001:db8::5 40001 typ host|");
  assert_values (self, 0, "end-of-candidates", "|");
  for (guint i = 1; i < 5; i++)
    assert_values (self, i, "candidate", "");
}

static void
test_answer_codecs (Answer *self, gconstpointer data)
{
  write_answer (self);
  check_formats (self, 0, "111 ");
  assert_values (self, 0, "rtpmap", "111 opus/48000/2|");
  assert_values (self, 0, "fmtp", "111 minptime=10;useinbandfec=1|");
  assert_values (self, 0, "rtcp-fb", "111 transport-cc|");
  check_formats (self, 1, "106 107 ");
  assert_values (self, 1, "rtpmap", "106 H264/90000|107 rtx/90000|");
  assert_values (self, 1, "fmtp",
                 "106 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f|"
                 "107 apt=106|");
  assert_values (self, 1, "rtcp-fb", "106 transport-cc|106 ccm fir|106 nack|106 nack pli|");
  check_formats (self, 2, "111 ");
  /* What we send may be either. */
  check_formats (self, 3, "96 97 106 107 ");
  assert_values (self, 3, "rtpmap", "96 VP8/90000|97 rtx/90000|106 H264/90000|107 rtx/90000|");
  check_formats (self, 4, "96 ");
  assert_values (self, 4, "rtpmap", "");
}

static void
test_answer_streams (Answer *self, gconstpointer data)
{
  write_answer (self);
  for (guint i = 0; i < 5; i++)
    if (i != 2 && i != 3)
      {
        assert_values (self, i, "msid", "");
        assert_values (self, i, "ssrc", "");
        assert_values (self, i, "ssrc-group", "");
      }
  assert_values (self, 2, "msid", "ward ward-1001|");
  assert_values (self, 2, "ssrc", "1001 cname:karez|");
  assert_values (self, 2, "ssrc-group", "");
  assert_values (self, 3, "msid", "ward ward-1002|");
  assert_values (self, 3, "ssrc", "1002 cname:karez|1003 cname:karez|");
  assert_values (self, 3, "ssrc-group", "FID 1002 1003|");
}

#define MID "4 urn:ietf:params:rtp-hdrext:sdes:mid|"
#define LEVEL "1 urn:ietf:params:rtp-hdrext:ssrc-audio-level|"
#define ORIENTATION "13 urn:3gpp:video-orientation|"
#define TRANSPORT "3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01|"
#define CAPTURE "9 http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time|"

static void
test_answer_extensions (Answer *self, gconstpointer data)
{
  write_answer (self);
  assert_values (self, 0, "extmap", MID LEVEL TRANSPORT CAPTURE);
  assert_values (self, 1, "extmap", MID TRANSPORT CAPTURE); /* who sends turns the picture itself */
  assert_values (self, 2, "extmap", MID LEVEL CAPTURE);
  assert_values (self, 3, "extmap", MID ORIENTATION CAPTURE);
}

/* The bundle's transport is that of the first section that is accepted: RFC 9143, 7.3. */
static void
test_answer_first_rejected (Answer *self, gconstpointer data)
{
  self->answer.places[0].accepted = self->answer.places[1].accepted = FALSE;
  write_answer (self);
  g_assert_cmpstr (gst_sdp_message_get_attribute_val (self->message, "group"), ==, "BUNDLE 2 3");
  assert_values (self, 0, "candidate", "");
  assert_values (self, 1, "candidate", "");
  assert_values (self, 2, "candidate",
                 "1 1 udp 2130706431 192.0.2.5 40000 typ host|"
                 "2 1 udp 2130706175 2001:db8::5 40001 typ host|");
  assert_values (self, 2, "end-of-candidates", "|");
  assert_values (self, 3, "candidate", "");
}

static void
test_codecs (void)
{
  g_assert_cmpint (hub_codec_kind (HUB_CODEC_OPUS), ==, HUB_MEDIA_AUDIO);
  g_assert_cmpint (hub_codec_kind (HUB_CODEC_VP8), ==, HUB_MEDIA_VIDEO);
  g_assert_cmpint (hub_codec_kind (HUB_CODEC_H264), ==, HUB_MEDIA_VIDEO);
  g_assert_cmpuint (hub_codec_clock_rate (HUB_CODEC_OPUS), ==, 48000);
  g_assert_cmpuint (hub_codec_clock_rate (HUB_CODEC_VP8), ==, 90000);
  g_assert_cmpuint (hub_codec_clock_rate (HUB_CODEC_H264), ==, 90000);
  g_assert_cmpstr (hub_codec_name (HUB_CODEC_OPUS), ==, "opus");
  g_assert_cmpstr (hub_codec_name (HUB_CODEC_VP8), ==, "VP8");
  g_assert_cmpstr (hub_codec_name (HUB_CODEC_H264), ==, "H264");
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *path;
    void (*function) (Answer *, gconstpointer);
  } answers[] = { { "/rtc/sdp/answer", test_answer },
                  { "/rtc/sdp/answer-codecs", test_answer_codecs },
                  { "/rtc/sdp/answer-streams", test_answer_streams },
                  { "/rtc/sdp/answer-extensions", test_answer_extensions },
                  { "/rtc/sdp/answer-first-rejected", test_answer_first_rejected } };

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/rtc/sdp/codecs", test_codecs);
  g_test_add_func ("/rtc/sdp/chromium", test_chromium);
  g_test_add_func ("/rtc/sdp/firefox", test_firefox);
  g_test_add_func ("/rtc/sdp/variants", test_variants);
  g_test_add_func ("/rtc/sdp/ports", test_ports);
  g_test_add_func ("/rtc/sdp/refused", test_refused);
  g_test_add_func ("/rtc/sdp/accepted", test_accepted);
  g_test_add_func ("/rtc/sdp/bounds", test_bounds);
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    g_test_add (answers[i].path, Answer, NULL, answer_up, answers[i].function, answer_down);
  return g_test_run ();
}
