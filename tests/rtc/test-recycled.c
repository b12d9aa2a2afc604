/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sections that were stopped and offered again (RFC 8829, 5.2.2). */

/* Sections that were stopped and offered again: RFC 8829, 5.2.2. What the page and the media thread
 * make of them; the same with a browser is in test-browsers.mjs. */
#include "hub-rtc-page.h"
#include "sdp-test.h"

#define AUDIO "a=rtpmap:111 opus/48000/2\r\n"
#define VIDEO "a=rtpmap:96 VP8/90000\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n"
#define OTHER_VIDEO "a=rtpmap:100 VP8/90000\r\na=rtpmap:101 rtx/90000\r\na=fmtp:101 apt=100\r\n"

typedef struct
{
  HubRtcPage *page;
  GPtrArray *commands; /* HubRtcCommand of the newest offer */
  HubSdpPlace places[HUB_SDP_MAX_SECTIONS];
  guint next_track;
  char ufrag[HUB_STUN_UFRAG_LENGTH + 1];
} Fixture;

static void
fixture_up (Fixture *f, gconstpointer data)
{
  static const char *const roles[] = { "clinician", NULL };
  g_autoptr (KarezActor) actor = karez_actor_new (
      KAREZ_ACTOR_PERSON, "01a20000-0000-7000-8000-000000000001", "Somebody", roles, NULL, NULL);
  g_autoptr (KarezParticipant) participant = karez_participant_new (
      "01a20000-0000-7000-8000-000000000001", actor, "consultant",
      "01a20000-0000-7000-8000-000000000001", TRUE);
  const guint8 fingerprint[HUB_DTLS_FINGERPRINT_BYTES] = { 1 };

  f->page = hub_rtc_page_new (participant, &hub_rtc_usual_sources, "a-connection", 1, fingerprint);
  f->commands = g_ptr_array_new_with_free_func ((GDestroyNotify) hub_rtc_command_free);
  f->next_track = 1;
}

static void
fixture_down (Fixture *f, gconstpointer data)
{
  hub_rtc_page_free (f->page);
  g_ptr_array_unref (f->commands);
}

static void
on_run (HubRtcCommand *command, gpointer data)
{
  g_ptr_array_add (data, command);
}

static guint
count (const Fixture *f, HubRtcCommandKind kind)
{
  guint n = 0;

  for (guint i = 0; i < f->commands->len; i++)
    n += ((const HubRtcCommand *) f->commands->pdata[i])->kind == kind ? 1 : 0;
  return n;
}

/* An offer of sections "KIND PORT FORMATS|MID|REST", each of which is in the bundle unless its port
 * is 0; @sources: "0=camera 1=…". */
static void
offer (Fixture *f, const char *ufrag, const char *sources, ...)
{
  g_autoptr (GString) sections = g_string_new (NULL), bundle = g_string_new ("a=group:BUNDLE");
  g_autoptr (JsonObject) named = json_object_new ();
  g_auto (GStrv) pairs = g_strsplit (sources, " ", -1);
  g_autofree char *text = NULL;
  g_autofree HubSdpOffer *parsed = g_new0 (HubSdpOffer, 1);
  g_autoptr (GError) error = NULL;
  const char *section;
  va_list rest;

  va_start (rest, sources);
  while ((section = va_arg (rest, const char *)) != NULL)
    {
      g_auto (GStrv) parts = g_strsplit (section, "|", 3);
      g_auto (GStrv) words = g_strsplit (parts[0], " ", 3);

      if (!g_str_equal (words[1], "0"))
        g_string_append_printf (bundle, " %s", parts[1]);
      g_string_append_printf (sections,
                              "m=%s %s UDP/TLS/RTP/SAVPF %s\r\nc=IN IP4 0.0.0.0\r\n"
                              "a=ice-ufrag:%s\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\n"
                              "a=fingerprint:sha-256 " FINGERPRINT "\r\na=setup:actpass\r\n"
                              "a=mid:%s\r\na=rtcp-mux\r\n%s",
                              words[0], words[1], words[2], ufrag, parts[1], parts[2]);
    }
  va_end (rest);
  for (guint i = 0; pairs[i] != NULL && *pairs[i] != '\0'; i++)
    {
      g_auto (GStrv) pair = g_strsplit (pairs[i], "=", 2);

      json_object_set_string_member (named, pair[0], pair[1]);
    }
  text = g_strconcat ("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n", bundle->str, "\r\n",
                      sections->str, NULL);
  sdp_test_parse (parsed, text);
  g_ptr_array_set_size (f->commands, 0);
  memcpy (f->ufrag, f->page->ufrag, sizeof f->ufrag);
  g_assert_true (hub_rtc_page_agree (f->page, parsed, named, &f->next_track, on_run, f->commands,
                                     f->places, &error));
  g_assert_no_error (error);
}

#define MICROPHONE "audio 9 111|0|a=sendonly\r\na=ssrc:10 cname:c\r\n" AUDIO
#define CAMERA(mid, ssrc)                                                                          \
  "video 9 96 97|" mid "|a=sendonly\r\na=ssrc-group:FID " ssrc " " ssrc "0\r\n" VIDEO
#define PLACE(mid) "video 9 96 97|" mid "|a=recvonly\r\n" VIDEO
#define STOPPED(mid) "video 0 96 97|" mid "|a=inactive\r\n" VIDEO

/* One thing is offered where another one was: what was there is gone, what is there now is taken,
 * whatever is the same about them. */
static void
test_other (Fixture *f, gconstpointer data)
{
  static const struct
  {
    const char *why, *sources, *section;
    const char *source;
  } others[] = {
    { "another mid", "2=camera", CAMERA ("2", "20"), "camera" },
    { "the same mid, another source", "1=screen", CAMERA ("1", "20"), "screen" },
    { "the same mid, another stream", "1=camera", CAMERA ("1", "21"), "camera" },
    { "the same mid, other numbers", "1=camera",
      "video 9 100 101|1|a=sendonly\r\na=ssrc-group:FID 20 200\r\n" OTHER_VIDEO, "camera" },
    { "the same mid, another kind", "1=microphone",
      "audio 9 111|1|a=sendonly\r\na=ssrc:20 cname:c\r\n" AUDIO, "microphone" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    {
      const HubRtcPublished *published;

      g_test_message ("%s", others[i].why);
      offer (f, "page", "1=camera", CAMERA ("1", "20"), PLACE ("9"), NULL);
      offer (f, "page", others[i].sources, others[i].section, PLACE ("9"), NULL);
      g_assert_cmpuint (count (f, HUB_RTC_REMOVE_TRACK), ==, 1);
      g_assert_cmpuint (count (f, HUB_RTC_ADD_TRACK), ==, 1);
      g_assert_cmpuint (count (f, HUB_RTC_REMOVE_SLOT) + count (f, HUB_RTC_ADD_SLOT), ==, 0);
      g_assert_cmpuint (f->page->n_published, ==, 1);
      published = &f->page->published[0];
      g_assert_cmpstr (published->source->label, ==, others[i].source);
      g_assert_true (f->places[0].accepted);
      g_assert_cmpint (f->places[0].codec, ==,
                       published->source->kind == HUB_MEDIA_AUDIO ? HUB_CODEC_OPUS : HUB_CODEC_VP8);
      /* Offered again as it is, it stays. */
      offer (f, "page", others[i].sources, others[i].section, PLACE ("9"), NULL);
      g_assert_cmpuint (f->commands->len, ==, 0);
    }
}

/* A place becomes one of another kind or numbers, or something that sends. */
static void
test_other_place (Fixture *f, gconstpointer data)
{
  static const char *const others[] = {
    "audio 9 111|1|a=recvonly\r\n" AUDIO,
    "video 9 100 101|1|a=recvonly\r\n" OTHER_VIDEO,
    CAMERA ("1", "20"),
  };

  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    {
      offer (f, "page", "0=microphone", MICROPHONE, PLACE ("1"), NULL);
      offer (f, "page", "0=microphone 1=camera", MICROPHONE, others[i], NULL);
      g_assert_cmpuint (count (f, HUB_RTC_REMOVE_SLOT), ==, 1);
      g_assert_cmpuint (count (f, HUB_RTC_ADD_SLOT) + count (f, HUB_RTC_ADD_TRACK), ==, 1);
      g_assert_cmpuint (f->page->n_places + f->page->n_published, ==, 2);
      g_assert_true (f->places[1].accepted);
    }
}

/* However often: nothing is left behind, and there is room. */
static void
test_often (Fixture *f, gconstpointer data)
{
  offer (f, "page", "0=microphone", MICROPHONE, STOPPED ("1"), STOPPED ("2"), NULL);
  for (guint i = 0; i < 300; i++)
    {
      g_autofree char *sources = g_strdup_printf ("0=microphone c%u=camera", i);
      g_autofree char *ssrc = g_strdup_printf ("%u", 1000 + i);
      g_autofree char *camera = g_strdup_printf (
          "video 9 96 97|c%u|a=sendonly\r\na=ssrc-group:FID %s %s0\r\n" VIDEO, i, ssrc, ssrc);
      g_autofree char *place = g_strdup_printf ("video 9 96 97|p%u|a=recvonly\r\n" VIDEO, i);

      offer (f, "page", sources, MICROPHONE, i % 2 ? camera : place, i % 2 ? place : camera, NULL);
      g_assert_cmpuint (f->page->n_published, ==, 2);
      g_assert_cmpuint (f->page->n_places, ==, 1);
      g_assert_cmpuint (f->page->places[0].position, ==, 0);
      for (guint j = 0; j < 3; j++)
        g_assert_true (f->places[j].accepted);
    }
}

/* The media thread minds another transport when the bundle is named by another section, or by
 * another name of the page's, which alone is answered by another one (RFC 8839, 4.4.1.1.1). */
static void
test_renewed (Fixture *f, gconstpointer data)
{
  offer (f, "page", "0=microphone 1=camera", MICROPHONE, CAMERA ("1", "20"), NULL);
  g_assert_cmpuint (count (f, HUB_RTC_RENEW), ==, 0);
  offer (f, "page", "0=microphone", MICROPHONE, STOPPED ("1"), NULL);
  g_assert_cmpuint (count (f, HUB_RTC_RENEW), ==, 0);
  offer (f, "page", "0=microphone 2=camera", MICROPHONE, CAMERA ("2", "21"), NULL);
  g_assert_cmpuint (count (f, HUB_RTC_RENEW), ==, 0);
  /* What it is named by is stopped; then another section stands there, and before the others. */
  offer (f, "page", "2=camera", "audio 0 111|0|a=inactive\r\n" AUDIO, CAMERA ("2", "21"), NULL);
  g_assert_cmpuint (count (f, HUB_RTC_RENEW), ==, 1);
  g_assert_cmpstr (f->page->ufrag, ==, f->ufrag);
  offer (f, "other", "3=screen 2=camera", CAMERA ("3", "22"), CAMERA ("2", "21"), NULL);
  g_assert_cmpuint (count (f, HUB_RTC_RENEW), ==, 1);
  g_assert_cmpstr (f->page->ufrag, !=, f->ufrag);
  g_assert_cmpstr (((const HubRtcCommand *) f->commands->pdata[0])->ufrag, ==, f->page->ufrag);
  offer (f, "other", "3=screen 2=camera", CAMERA ("3", "22"), CAMERA ("2", "21"), NULL);
  g_assert_cmpuint (f->commands->len, ==, 0);
}

/* Who spoke RTCP for what is gone makes room for who does now. */
static void
test_reporters (void)
{
  g_autoptr (HubRtcConnection) connection = hub_rtc_connection_new (1);

  for (guint32 i = 1; i <= 4 * HUB_RTC_MAX_REPORTERS; i++)
    {
      HubRtcTrack *track = hub_rtc_track_new (i, HUB_CODEC_VP8);

      track->ssrc = 2 * i;
      track->rtx_ssrc = 2 * i + 1;
      g_assert_true (hub_rtc_connection_add_track (connection, track));
      g_assert_true (hub_rtc_connection_may_report (connection, track->ssrc));
      hub_rtc_connection_add_reporter (connection, track->ssrc);
      hub_rtc_connection_remove_track (connection, 0);
    }
  g_assert_cmpuint (connection->n_reporters, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, function)                                                                        \
  g_test_add ("/rtc/recycled/" name, Fixture, NULL, fixture_up, function, fixture_down)
  ADD ("other", test_other);
  ADD ("other-place", test_other_place);
  ADD ("often", test_often);
  ADD ("renewed", test_renewed);
  g_test_add_func ("/rtc/recycled/reporters", test_reporters);
  return g_test_run ();
}
