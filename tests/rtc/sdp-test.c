/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Offers of the corpus, and changed ones. */
#include "sdp-test.h"

char *
sdp_test_load (const char *name)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "rtc", "corpus", name, NULL);
  g_autoptr (GError) error = NULL;
  char *text;

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  return text;
}

char *
sdp_test_replace (const char *text, const char *find, const char *by)
{
  GString *out = g_string_new (text);

  g_assert_cmpuint (g_string_replace (out, find, by, 0), >, 0);
  return g_string_free (out, FALSE);
}

void
sdp_test_parse (HubSdpOffer *offer, const char *text)
{
  g_autoptr (GError) error = NULL;

  memset (offer, 0xff, sizeof *offer);
  hub_sdp_parse_offer (offer, text, FALSE, &error);
  g_assert_no_error (error);
}

void
sdp_test_refuse (const char *text, const char *rule)
{
  g_autofree HubSdpOffer *offer = g_new (HubSdpOffer, 1);
  g_autoptr (GError) error = NULL;

  g_assert_false (hub_sdp_parse_offer (offer, text, FALSE, &error));
  g_assert_true (karez_error_is_invalid (error));
  g_assert_cmpstr (karez_error_get_rule (error), ==, rule);
  g_assert_nonnull (karez_error_get_accepted (error));
}

char *
sdp_test_make_offer (guint n, gsize filler)
{
  GString *text = g_string_new ("v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE");

  for (guint i = 0; i < n; i++)
    g_string_append_printf (text, " %u", i);
  g_string_append (text,
                   "\r\n" UFRAG "a=setup:actpass\r\na=fingerprint:sha-256 " FINGERPRINT "\r\na=x:");
  for (gsize i = 0; i < filler; i++)
    g_string_append_c (text, 'x');
  for (guint i = 0; i < n; i++)
    g_string_append_printf (text,
                            "\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:%u\r\na=rtcp-mux\r\n"
                            "a=recvonly\r\na=rtpmap:96 VP8/90000",
                            i);
  g_string_append (text, "\r\n");
  return g_string_free (text, FALSE);
}
