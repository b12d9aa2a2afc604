/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Throws offers at the SDP parser. */

/* Offers of browsers' pages, and of pages that are none. */
#include "fuzz.h"

#include "hub-sdp.h"

#include <gst/sdp/gstsdpmessage.h>
#include <string.h>
#include <time.h>

#define UFRAG "ourufrag"
/* No offer within the bound takes more of CPU time, with a sanitizer or without. */
#define LONGEST_US (2 * G_USEC_PER_SEC)

static gint64
now_us (void)
{
  struct timespec now;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &now);
  return (gint64) now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}

/* An answer that takes all that it may, or every other one. */
static char *
answer_offer (const HubSdpOffer *offer, guint step)
{
  static const guint8 fingerprint[HUB_DTLS_FINGERPRINT_BYTES] = { 1 };
  g_autofree HubSdpAnswer *answer = g_new0 (HubSdpAnswer, 1);
  HubAddress address;

  g_assert_true (hub_address_parse (&address, "192.0.2.5:40000", TRUE));
  answer->ufrag = UFRAG;
  answer->password = "our/password+of24letters";
  answer->fingerprint = fingerprint;
  answer->addresses = &address;
  answer->n_addresses = 1;
  for (guint i = 0; i < offer->n_sections; i += step)
    {
      HubSdpPlace *place = &answer->places[i];

      *place = (HubSdpPlace){ .accepted = TRUE, .ssrc = 1000 + i, .rtx_ssrc = i % 2 * (2000 + i) };
      g_strlcpy (place->stream, "stream", sizeof place->stream);
      for (guint j = 0; j < HUB_N_CODECS; j++)
        if (offer->sections[i].payload_types[j] != 0)
          place->codec = (HubCodec) j;
    }
  return hub_sdp_write_answer (answer, offer);
}

/* RFC 3264, 6: the same sections in the same places, whether they are taken or not. */
static gboolean
check_section (const HubSdpSection *section, const GstSDPMedia *media, gboolean wanted)
{
  const char *mid = gst_sdp_media_get_attribute_val (media, "mid");
  gboolean accepted = gst_sdp_media_get_port (media) != 0;

  g_assert_cmpint (accepted, ==, wanted && !section->rejected);
  g_assert_cmpstr (gst_sdp_media_get_media (media), ==, section->media);
  g_assert_cmpstr (gst_sdp_media_get_proto (media), ==, section->proto);
  g_assert_cmpstr (mid != NULL ? mid : "", ==, section->mid);
  g_assert_cmpuint (gst_sdp_media_formats_len (media), >, 0);
  g_assert_cmpint (accepted, ==, gst_sdp_media_get_attribute_val (media, "ice-ufrag") != NULL);
  if (!accepted)
    g_assert_cmpstr (gst_sdp_media_get_format (media, 0), ==, section->format);
  return accepted;
}

/* RFC 9143, 7.3: who is accepted is in the group, and the first of it has the candidates. */
static void
check_bundle (const HubSdpOffer *offer, const GstSDPMessage *message, guint n_accepted)
{
  const char *group = gst_sdp_message_get_attribute_val (message, "group");
  g_auto (GStrv) words = g_strsplit (group != NULL ? group : "", " ", -1);

  g_assert_cmpint (group != NULL, ==, offer->bundled);
  if (group != NULL)
    g_assert_cmpuint (g_strv_length (words), ==, 1 + n_accepted);
  for (guint i = 0; i < offer->n_sections; i++)
    {
      const GstSDPMedia *media = gst_sdp_message_get_media (message, i);
      const char *mid = offer->sections[i].mid;
      gboolean tagged = gst_sdp_media_get_attribute_val (media, "candidate") != NULL;

      if (group == NULL)
        continue;
      g_assert_cmpint (gst_sdp_media_get_port (media) != 0, ==,
                       *mid != '\0' && g_strv_contains ((const char *const *) words + 1, mid));
      g_assert_cmpint (tagged, ==, n_accepted > 0 && g_str_equal (words[1], mid));
    }
}

static void
check_answer (const HubSdpOffer *offer, guint step)
{
  g_autofree char *text = answer_offer (offer, step);
  GstSDPMessage *message = NULL;
  guint n_accepted = 0;

  g_assert_cmpint (gst_sdp_message_new_from_text (text, &message), ==, GST_SDP_OK);
  g_assert_cmpuint (gst_sdp_message_medias_len (message), ==, offer->n_sections);
  for (guint i = 0; i < offer->n_sections; i++)
    n_accepted += check_section (&offer->sections[i], gst_sdp_message_get_media (message, i),
                                 i % step == 0);
  check_bundle (offer, message, n_accepted);
  gst_sdp_message_free (message);
}

static void
one (const guint8 *data, gsize size)
{
  g_autofree HubSdpOffer *offer = g_new (HubSdpOffer, 1);
  g_autofree char *text = g_strndup ((const char *) data, size);
  g_autoptr (GError) error = NULL;
  gint64 begun = now_us ();
  gboolean taken = hub_sdp_parse_offer (offer, text, size % 2 != 0, &error);
  guint n_taken = 0;

  g_assert_cmpint (now_us () - begun, <, LONGEST_US);
  if (!taken)
    {
      g_assert_nonnull (karez_error_get_rule (error));
      g_assert_nonnull (karez_error_get_accepted (error));
      return;
    }
  g_assert_no_error (error);
  g_assert_cmpuint (strlen (text), <=, HUB_SDP_MAX_BYTES);
  g_assert_cmpuint (offer->n_sections, >, 0);
  g_assert_cmpuint (offer->n_sections, <=, HUB_SDP_MAX_SECTIONS);
  for (guint i = 0; i < offer->n_sections; i++)
    {
      const HubSdpSection *section = &offer->sections[i];

      n_taken += !section->rejected;
      g_assert_false (section->rejected && (section->sends || section->receives));
      g_assert_cmpint (memchr (offer->order, (int) i, offer->n_taken) != NULL, ==,
                       !section->rejected);
    }
  g_assert_cmpuint (n_taken, ==, offer->n_taken);
  g_assert_true (n_taken == 0 || strlen (offer->ufrag) >= 4);
  check_answer (offer, 1);
  check_answer (offer, 2);
}

int
main (int argc, char **argv)
{
  return fuzz_main (argc, argv, "sdp", one);
}
