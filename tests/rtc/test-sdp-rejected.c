/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sections that are not taken, and offers that are meant to harm. */
#include "sdp-test.h"

#include <gst/sdp/gstsdpmessage.h>
#include <time.h>

/* What is answered with port 0 where it stands, while the rest works. */
static const struct
{
  const char *find, *by; /* in the fourth of five sections */
  const char *media, *proto, *format, *mid;
} rejected[] = {
  { "m=video 9 UDP/TLS/RTP/SAVPF 96 97", "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
    "application", "UDP/DTLS/SCTP", "webrtc-datachannel", "3" },
  { "m=video 9", "m=text 9", "text", "UDP/TLS/RTP/SAVPF", "96", "3" },
  { "m=video 9", "m=hologram 9", "hologram", "UDP/TLS/RTP/SAVPF", "96", "3" },
  { "UDP/TLS", "TCP/DTLS", "video", "TCP/DTLS/RTP/SAVPF", "96", "3" },
  { "UDP/TLS/RTP/SAVPF", "RTP/AVP", "video", "RTP/AVP", "96", "3" },
  { "UDP/TLS/RTP/SAVPF", "QUIC/New", "video", "QUIC/New", "96", "3" },
  { "m=video 9", "m=video 0", "video", "UDP/TLS/RTP/SAVPF", "96", "3" },
  { "a=mid:3\r\n", "", "video", "UDP/TLS/RTP/SAVPF", "96", NULL },
  { "a=mid:3\r\n", "a=mid:" LONG_16 "0\r\n", "video", "UDP/TLS/RTP/SAVPF", "96", LONG_16 "0" },
  { "a=mid:3\r\n", "a=mid:33\r\n", "video", "UDP/TLS/RTP/SAVPF", "96", "33" },
  { "a=rtcp-mux\r\n", "", "video", "UDP/TLS/RTP/SAVPF", "96", "3" },
  { "a=rtpmap:", "a=unknown:", "video", "UDP/TLS/RTP/SAVPF", "96", "3" },
};

static char *
write_whole_answer (HubSdpOffer *offer)
{
  HubAddress address = { 0 };
  HubSdpAnswer answer = { .ufrag = "ourufrag",
                          .password = "our/password+of24letters",
                          .fingerprint = offer->fingerprint,
                          .addresses = &address,
                          .n_addresses = 1 };

  g_assert_true (hub_address_parse (&address, "192.0.2.5:40000", TRUE));
  for (guint i = 0; i < offer->n_sections; i++)
    answer.places[i] = (HubSdpPlace){ .accepted = TRUE, .codec = HUB_CODEC_VP8, .ssrc = 1000 + i };
  for (guint i = 0; i < offer->n_sections; i++)
    if (offer->sections[i].kind == HUB_MEDIA_AUDIO)
      answer.places[i].codec = HUB_CODEC_OPUS;
  return hub_sdp_write_answer (&answer, offer);
}

static void
check_rejected (const char *offered, guint number, guint which)
{
  HubSdpOffer offer;
  g_autofree char *text = NULL;
  GstSDPMessage *message;
  const GstSDPMedia *media;

  sdp_test_parse (&offer, offered);
  g_assert_cmpuint (offer.n_sections, ==, 5);
  g_assert_cmpuint (offer.n_taken, ==, 4);
  g_assert_true (offer.sections[number].rejected);
  g_assert_false (offer.sections[number].sends || offer.sections[number].receives);
  g_assert_true (offer.sections[1].sends);
  text = write_whole_answer (&offer);
  g_assert_cmpint (gst_sdp_message_new_from_text (text, &message), ==, GST_SDP_OK);
  g_assert_cmpstr (gst_sdp_message_get_attribute_val (message, "group"), ==, "BUNDLE 0 1 2 4");
  g_assert_cmpuint (gst_sdp_message_medias_len (message), ==, 5);
  for (guint i = 0; i < 5; i++)
    g_assert_cmpuint (gst_sdp_media_get_port (gst_sdp_message_get_media (message, i)), ==,
                      i == number ? 0 : 9);
  media = gst_sdp_message_get_media (message, number);
  g_assert_cmpstr (gst_sdp_media_get_media (media), ==, rejected[which].media);
  g_assert_cmpstr (gst_sdp_media_get_proto (media), ==, rejected[which].proto);
  g_assert_cmpuint (gst_sdp_media_formats_len (media), ==, 1);
  g_assert_cmpstr (gst_sdp_media_get_format (media, 0), ==, rejected[which].format);
  g_assert_cmpstr (gst_sdp_media_get_attribute_val (media, "mid"), ==, rejected[which].mid);
  g_assert_null (gst_sdp_media_get_attribute_val (media, "ice-ufrag"));
  gst_sdp_message_free (message);
}

static void
test_rejected (void)
{
  g_autofree char *text = sdp_test_load ("sdp-chromium.sdp");
  const char *fourth = strstr (strstr (text, "a=mid:2"), "m=video");
  const char *fifth = strstr (fourth + 1, "m=video");
  g_autofree char *before = g_strndup (text, (gsize) (fourth - text));
  g_autofree char *section = g_strndup (fourth, (gsize) (fifth - fourth));

  for (guint i = 0; i < G_N_ELEMENTS (rejected); i++)
    {
      g_autofree char *other = sdp_test_replace (section, rejected[i].find, rejected[i].by);
      g_autofree char *whole = g_strconcat (before, other, fifth, NULL);

      g_test_message ("case %u", i);
      check_rejected (whole, 3, i);
    }
}

/* Which bundle, and what is in none. */
static void
test_bundles (void)
{
  static const struct
  {
    const char *group, *answered;
  } cases[] = {
    { "a=group:LS 0 1\r\na=group:BUNDLE 0 1 2 3 4", "BUNDLE 0 1 2 3 4" },
    { "a=group:BUNDLE 7 8\r\na=group:BUNDLE 0 1 2 3 4", "BUNDLE 0 1 2 3 4" },
    { "a=group:BUNDLE 0 2\r\na=group:BUNDLE 1 3 4", "BUNDLE 0 2" },
    { "a=group:BUNDLE 1 0", "BUNDLE 1 0" },
    { "a=group:BUNDLE 0 0 0", "BUNDLE 0" },
    { "a=group:BUNDLE 0 1 2 33 4", "BUNDLE 0 1 2 4" },
  };
  g_autofree char *text = sdp_test_load ("sdp-chromium.sdp");

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *other = sdp_test_replace (text, "a=group:BUNDLE 0 1 2 3 4", cases[i].group);
      g_autofree char *answer = NULL;
      HubSdpOffer offer;
      GstSDPMessage *message;

      sdp_test_parse (&offer, other);
      answer = write_whole_answer (&offer);
      g_assert_cmpint (gst_sdp_message_new_from_text (answer, &message), ==, GST_SDP_OK);
      g_assert_cmpstr (gst_sdp_message_get_attribute_val (message, "group"), ==, cases[i].answered);
      gst_sdp_message_free (message);
    }
}

/* The transport is that of the first section that is taken; a session's serves all. */
static void
test_transport (void)
{
  g_autofree char *text = sdp_test_load ("sdp-chromium.sdp");
  const char *second = strstr (text, "m=video");
  g_autofree char *first = g_strndup (text, (gsize) (second - text));
  g_autofree char *channel = sdp_test_replace (
      first, "m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126",
      "m=application 9 UDP/DTLS/SCTP webrtc-datachannel");
  g_autofree char *elsewhere = sdp_test_replace (channel, "F7gI", "other");
  g_autofree char *before = g_strconcat (elsewhere, second, NULL);
  HubSdpOffer offer;

  sdp_test_parse (&offer, before);
  g_assert_cmpstr (offer.ufrag, ==, "F7gI");
  g_assert_cmpuint (offer.order[0], ==, 1);
  g_assert_cmpuint (offer.extensions.ids[HUB_RTP_AUDIO_LEVEL], ==, 1);
}

/* Nothing that we take, and nothing that it would need. */
static void
test_nothing (void)
{
  static const char channel[] = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
                                "a=group:BUNDLE 0\r\n"
                                "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:0\r\n"
                                "m=audio 0 UDP/TLS/RTP/SAVPF 0\r\n";
  HubSdpOffer offer;
  g_autofree char *answer = NULL;

  sdp_test_parse (&offer, channel);
  g_assert_cmpuint (offer.n_sections, ==, 2);
  g_assert_cmpuint (offer.n_taken, ==, 0);
  answer = write_whole_answer (&offer);
  g_assert_nonnull (strstr (answer, "m=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\n"));
  g_assert_nonnull (strstr (answer, "m=audio 0 UDP/TLS/RTP/SAVPF 0\r\n"));
  g_assert_null (strstr (answer, "a=group"));
}

#define CHANNELS                                                                                   \
  "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n"                        \
  "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:0\r\na=setup:actpass\r\n" UFRAG       \
  "a=fingerprint:sha-256 " FINGERPRINT "\r\na=sctp-port:5000\r\n"

/* Data channels, where the session has some: RFC 8841. */
static const struct
{
  const char *find, *by;
} no_channels[] = {
  { "a=sctp-port:5000\r\n", "" },           { "sctp-port:5000", "sctp-port:0" },
  { "sctp-port:5000", "sctp-port:65536" },  { "sctp-port:5000", "sctp-port:x" },
  { "webrtc-datachannel", "webrtc-other" }, { "UDP/DTLS/SCTP", "TCP/DTLS/SCTP" },
  { "application 9", "application 0" },     { "a=mid:0\r\n", "" },
};

static void
test_channels (void)
{
  g_autofree HubSdpOffer *offer = g_new0 (HubSdpOffer, 1);
  g_autofree char *answer = NULL;
  g_autofree char *twice = NULL;

  g_assert_true (hub_sdp_parse_offer (offer, CHANNELS, TRUE, NULL));
  g_assert_cmpuint (offer->n_taken, ==, 1);
  g_assert_cmpint (offer->sections[0].kind, ==, HUB_MEDIA_DATA);
  g_assert_cmpuint (offer->sections[0].sctp_port, ==, 5000);
  g_assert_false (offer->sections[0].sends || offer->sections[0].receives);
  answer = write_whole_answer (offer);
  g_assert_nonnull (strstr (answer, "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n"));
  g_assert_nonnull (strstr (answer, "a=group:BUNDLE 0\r\n"));
  g_assert_nonnull (strstr (answer, "a=sctp-port:5000\r\na=max-message-size:65536\r\n"));
  g_assert_nonnull (strstr (answer, "a=candidate:"));
  g_assert_null (strstr (answer, "a=rtcp-mux"));
  g_assert_null (strstr (answer, "a=inactive"));
  for (guint i = 0; i < G_N_ELEMENTS (no_channels); i++)
    {
      g_autofree char *other = sdp_test_replace (CHANNELS, no_channels[i].find, no_channels[i].by);

      g_test_message ("case %u", i);
      g_assert_true (hub_sdp_parse_offer (offer, other, TRUE, NULL));
      g_assert_cmpuint (offer->n_taken, ==, 0);
    }
  twice = g_strconcat (CHANNELS,
                       "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:1\r\n"
                       "a=sctp-port:5000\r\n",
                       NULL);
  g_assert_true (hub_sdp_parse_offer (offer, twice, TRUE, NULL));
  g_assert_cmpuint (offer->n_taken, ==, 1);
  g_assert_true (offer->sections[1].rejected);
}

static void
test_plan_b (void)
{
  g_autofree char *text = sdp_test_load ("sdp-chromium.sdp");
  g_autofree char *two = sdp_test_replace (
      text, "a=ssrc:632943048 msid:- e0c1f3b2-88d7-4f6a-8a55-0c4f1d2e3b44",
      "a=ssrc:632943048 msid:- another");

  sdp_test_refuse (two, "rtc/plan-b");
}

/* CPU time, which other programs do not change. */
static gint64
now_us (void)
{
  struct timespec now;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &now);
  return (gint64) now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}

/* Nobody's offer takes long to refuse or to take: what is quadratic takes minutes of these. */
static void
test_many (void)
{
  static const char *const lines[] = {
    "a=rtpmap:96 VP8/90000\r\na=fmtp:97 apt=96\r\n",
    "a=ssrc:1 cname:x\r\n",
    "a=ssrc-group:FID 1 2\r\n",
    "a=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n",
    "a=fingerprint:sha-1 0\r\n",
    "a=group:BUNDLE 1\r\n",
    "a=extmap:1 urn:x\r\n",
    "a=x\r\n",
  };

  for (guint i = 0; i < G_N_ELEMENTS (lines); i++)
    {
      g_autofree char *most = sdp_test_make_offer (1, 0);
      GString *text = g_string_new (most);
      g_autofree char *whole = NULL;
      g_autoptr (GError) error = NULL;
      HubSdpOffer offer;
      gint64 begun;

      while (text->len + strlen (lines[i]) <= HUB_SDP_MAX_BYTES)
        g_string_append (text, lines[i]);
      whole = g_string_free (text, FALSE);
      begun = now_us ();
      hub_sdp_parse_offer (&offer, whole, FALSE, &error);
      g_test_message ("%s%" G_GINT64_FORMAT " us", lines[i], now_us () - begun);
      g_assert_cmpint (now_us () - begun, <, 2 * G_USEC_PER_SEC);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/rtc/sdp/rejected-section", test_rejected);
  g_test_add_func ("/rtc/sdp/bundles", test_bundles);
  g_test_add_func ("/rtc/sdp/transport", test_transport);
  g_test_add_func ("/rtc/sdp/nothing", test_nothing);
  g_test_add_func ("/rtc/sdp/channels", test_channels);
  g_test_add_func ("/rtc/sdp/plan-b", test_plan_b);
  g_test_add_func ("/rtc/sdp/many", test_many);
  return g_test_run ();
}
