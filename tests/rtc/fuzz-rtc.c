/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Throws datagrams at the media. */

/* What reaches the media from outside, thrown at it. The first byte of an input chooses the place;
 * where a place takes several datagrams, each stands behind two bytes of its length.
 *
 * With a fuzzing engine: compile with -DKAREZ_FUZZ_ENGINE and its own main. Without: a fixed corpus
 * of seeded inputs, true ones of corpus/ changed a little. It must not crash, hang, grow or touch
 * what it does not own (run it under the sanitizers). */
#include "hub-dtls.h"
#include "hub-rtc-picture.h"
#include "hub-rtc.h"
#include "hub-rtcp.h"
#include "hub-rtp-feedback.h"
#include "hub-rtp-history.h"
#include "hub-sdp.h"
#include "hub-stun.h"

#include <gst/gst.h>
#include <gst/sdp/gstsdpmessage.h>

#define INPUT_BYTES 16384u
#define UFRAG "ourufrag"
#define PASSWORD "our/password+of24letters"

typedef enum
{
  RTP,
  RTCP,
  SDP,
  STUN,
  DTLS,      /* a server that heard nothing before */
  HANDSHAKE, /* one that answered a client's hello */
  FEEDBACK,
  SIGNALLING, /* of a page, and of the other worker */
  N_TARGETS,
} Target;

/* What is made once: it lives as long as the process. */
static struct
{
  HubDtlsIdentity *identity;
  GBytes *hello;
  HubRtcp *rtcp;
  HubStun *stun;
  HubAddress address;
  HubRtc *media;
  KarezParticipant *person;
  guint taken;  /* messages of the page */
  guint echoed; /* offers of somebody who tries the way */
} world;

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

static const char *
find_password (const char *ufrag, gpointer data)
{
  return g_str_equal (ufrag, UFRAG) ? PASSWORD : NULL;
}

static void
on_hello (const guint8 *datagram, gsize length, gpointer data)
{
  g_clear_pointer (&world.hello, g_bytes_unref);
  world.hello = g_bytes_new (datagram, length);
}

static void
make_world (void)
{
  g_autoptr (HubDtls) client = NULL;

  g_setenv ("GST_PLUGIN_SYSTEM_PATH_1_0", "", TRUE);
  g_setenv ("GST_REGISTRY_FORK", "no", TRUE);
  gst_init (NULL, NULL);
  world.identity = hub_dtls_identity_new (NULL);
  world.rtcp = hub_rtcp_new ();
  world.stun = hub_stun_new (find_password, NULL);
  g_assert_true (hub_address_parse (&world.address, "[2001:db8::7]:51234", TRUE));
  client = hub_dtls_new (world.identity, TRUE, hub_dtls_identity_get_fingerprint (world.identity),
                         on_hello, NULL);
  hub_dtls_start (client);
  g_assert_nonnull (world.hello);
}

/* The next datagram of @data, at the end of memory of its own. NULL for no more. */
static guint8 *
next_datagram (const guint8 **data, gsize *size, gsize *length)
{
  guint8 *copy;

  if (*size < 2)
    return NULL;
  *length = MIN ((gsize) hub_get16 (*data) % (HUB_RTP_MAX_PACKET + 1), *size - 2);
  copy = g_malloc (MAX (*length, 1));
  memcpy (copy, *data + 2, *length);
  *data += 2 + *length;
  *size -= 2 + *length;
  return copy;
}

/* RTP, as a track takes it. */

typedef struct
{
  HubRtpReceiver receiver;
  HubRtpHistory *history;
  guint taken;
} Track;

static void
check_receiver (Track *track, gint64 now)
{
  HubRtpReceiver *receiver = &track->receiver;
  guint16 asked[HUB_RTP_MAX_MISSING];
  HubRtpReport report;
  guint n = hub_rtp_receiver_ask (receiver, now, 10000, 100000, asked, G_N_ELEMENTS (asked));

  g_assert_cmpuint (n, <=, receiver->n_missing);
  g_assert_cmpuint (receiver->n_missing, <=, HUB_RTP_MAX_MISSING);
  for (guint i = 0; i < receiver->n_missing; i++)
    {
      g_assert_cmpint (receiver->missing[i].index, <, receiver->newest);
      if (i > 0)
        g_assert_cmpint (receiver->missing[i].index, >, receiver->missing[i - 1].index);
    }
  hub_rtp_receiver_report (receiver, now, &report);
  g_assert_cmpint (report.lost, >=, -0x800000);
  g_assert_cmpint (report.lost, <=, 0x7fffff);
}

static void
take_packet (Track *track, const HubRtp *packet, const HubRtpExtensions *extensions, gint64 now)
{
  gint64 index = hub_rtp_unwrap (track->receiver.newest, packet->sequence);
  gint64 before = track->receiver.newest;

  for (guint i = 0; i < HUB_N_CODECS; i++)
    hub_rtc_picture_begins ((HubCodec) i, packet->payload, packet->payload_length);
  if (track->receiver.started && hub_rtp_history_find (track->history, index) != NULL)
    return;
  if (!hub_rtp_receiver_take (&track->receiver, packet, now, packet->marker, &index))
    return;
  g_assert_cmpint (index, >, 0);
  g_assert_cmpint (track->receiver.newest, >=, before);
  g_assert_cmpuint (index & 0xffff, ==, packet->sequence);
  hub_rtp_history_keep (track->history, index, now, packet, extensions);
  track->taken++;
}

static void
fuzz_rtp (const guint8 *data, gsize size)
{
  static const HubRtpExtensionMap map = { { 4, 1, 13, 3, 9 } };
  Track track = { .history = hub_rtp_history_new (64) };
  guint8 *packet;
  gsize length;

  hub_rtp_receiver_init (&track.receiver, 90000);
  for (gint64 now = 1000000; (packet = next_datagram (&data, &size, &length)) != NULL;
       now += 1 + 20000 * (length % 60))
    {
      HubRtp rtp;
      HubRtpExtensions extensions;
      guint8 out[HUB_RTP_MAX_HEADER];

      hub_datagram_kind (packet, length);
      if (hub_rtp_parse (&rtp, packet, length) && hub_rtp_strip_padding (&rtp, packet))
        {
          g_assert_true (rtp.payload + rtp.payload_length <= packet + length);
          hub_rtp_read_extensions (&rtp, &map, &extensions);
          g_assert_cmpuint (hub_rtp_write (&rtp, &map, &extensions, out), <=, sizeof out);
          take_packet (&track, &rtp, &extensions, now);
        }
      check_receiver (&track, now);
      g_free (packet);
    }
  g_assert_cmpuint (track.receiver.received, <=, track.taken);
  hub_rtp_history_free (track.history);
}

/* RTCP. */

typedef struct
{
  guint parts, reports;
  guint32 sum; /* so that each byte is looked at */
} Read;

static void
on_sender (const HubRtcpSender *sender, gpointer data)
{
  Read *read = data;

  read->parts++;
  read->sum ^= sender->ssrc ^ (guint32) sender->ntp ^ sender->bytes;
}

static void
on_report (guint32 ssrc, const HubRtpReport *report, gpointer data)
{
  Read *read = data;

  read->parts++;
  read->reports++;
  read->sum ^= ssrc ^ (guint32) report->lost ^ report->delay ^ report->fraction_lost;
}

static void
on_missing (guint32 ssrc, guint16 sequence, gpointer data)
{
  Read *read = data;

  read->parts++;
  read->sum ^= ssrc ^ sequence;
}

static void
on_ssrc (guint32 ssrc, gpointer data)
{
  Read *read = data;

  read->parts++;
  read->sum ^= ssrc;
}

static void
on_feedback (const guint8 *information, gsize length, gpointer data)
{
  Read *read = data;

  read->parts++;
  g_assert_cmpuint (length, <=, HUB_RTP_MAX_PACKET);
  for (gsize i = 0; i < length; i++)
    read->sum ^= information[i];
}

static void
fuzz_rtcp (const guint8 *data, gsize size)
{
  static const HubRtcpHandlers handlers = { on_sender, on_report,   on_missing,
                                            on_ssrc,   on_feedback, on_ssrc };
  g_autofree guint8 *copy = g_malloc (MAX (size, 1));
  Read read = { 0 };

  memcpy (copy, data, size);
  if (!hub_rtcp_read (world.rtcp, copy, size, &handlers, &read))
    g_assert_cmpuint (read.parts, ==, 0);
  g_assert_cmpuint (24 * read.reports, <=, size);
  /* 17 numbers in four bytes are the most that can be said. */
  g_assert_cmpuint (read.parts, <=, 17 * size / 4);
}

/* SDP. */

static void
write_answer (const HubSdpOffer *offer)
{
  static const guint8 fingerprint[HUB_DTLS_FINGERPRINT_BYTES] = { 1 };
  g_autofree HubSdpAnswer *answer = g_new0 (HubSdpAnswer, 1);
  g_autofree char *text = NULL;
  GstSDPMessage *message = NULL;

  answer->ufrag = UFRAG;
  answer->password = PASSWORD;
  answer->fingerprint = fingerprint;
  answer->addresses = &world.address;
  answer->n_addresses = 1;
  for (guint i = 0; i < offer->n_sections; i++)
    {
      HubSdpPlace *place = &answer->places[i];

      for (guint j = 0; j < HUB_N_CODECS; j++)
        if (offer->sections[i].payload_types[j] != 0)
          {
            place->accepted = TRUE;
            place->codec = (HubCodec) j;
          }
      place->ssrc = 1000 + i;
      place->rtx_ssrc = i % 2 * (2000 + i);
      g_strlcpy (place->stream, "stream", sizeof place->stream);
    }
  text = hub_sdp_write_answer (answer, offer);
  g_assert_cmpint (gst_sdp_message_new_from_text (text, &message), ==, GST_SDP_OK);
  g_assert_cmpuint (gst_sdp_message_medias_len (message), ==, offer->n_sections);
  gst_sdp_message_free (message);
}

static void
fuzz_sdp (const guint8 *data, gsize size)
{
  g_autofree HubSdpOffer *offer = g_new (HubSdpOffer, 1);
  g_autofree char *text = g_strndup ((const char *) data, size);
  g_autoptr (GError) error = NULL;

  if (!hub_sdp_parse_offer (offer, text, size % 2 != 0, &error))
    {
      g_assert_nonnull (karez_error_get_rule (error));
      return;
    }
  g_assert_cmpuint (offer->n_sections, >, 0);
  g_assert_cmpuint (offer->n_sections, <=, HUB_SDP_MAX_SECTIONS);
  write_answer (offer);
}

static void
fuzz_stun (const guint8 *data, gsize size)
{
  g_autofree guint8 *copy = g_malloc (MAX (size, 1)), *reply = g_malloc (HUB_STUN_MAX_REPLY);
  g_autofree char *ufrag = g_malloc (HUB_STUN_UFRAG_LENGTH + 1);
  gsize length = 0;

  memcpy (copy, data, size);
  if (hub_stun_take (world.stun, copy, size, &world.address, ufrag, reply, &length)
      == HUB_STUN_IGNORED)
    {
      g_assert_cmpstr (ufrag, ==, "");
      return;
    }
  g_assert_cmpstr (ufrag, ==, UFRAG);
  g_assert_cmpuint (length, >, 0);
  g_assert_cmpuint (length, <=, HUB_STUN_MAX_REPLY);
}

static void
count_datagram (const guint8 *datagram, gsize length, gpointer data)
{
  ++*(guint *) data;
}

static void
fuzz_dtls (const guint8 *data, gsize size, gboolean greeted)
{
  static const guint8 nobody[HUB_DTLS_FINGERPRINT_BYTES] = { 0 };
  guint sent = 0, taken = 0;
  g_autoptr (HubDtls) server = hub_dtls_new (world.identity, FALSE, nobody, count_datagram, &sent);
  guint8 *datagram;
  gsize length;

  if (greeted)
    hub_dtls_take (server, g_bytes_get_data (world.hello, NULL), g_bytes_get_size (world.hello));
  while ((datagram = next_datagram (&data, &size, &length)) != NULL)
    {
      hub_dtls_take (server, datagram, length);
      hub_dtls_tick (server);
      g_free (datagram);
      taken++;
    }
  /* Nobody has that certificate. */
  if (hub_dtls_get_state (server) == HUB_DTLS_DONE)
    g_error ("a handshake was made of nonsense");
  g_assert_cmpuint (sent, <=, 8 * (taken + 1));
}

/* Five bytes an arrival: how far behind the one before in number and time, and whether to tell. */
static void
fuzz_feedback (const guint8 *data, gsize size)
{
  HubRtpFeedback feedback;
  guint16 sequence = 65000;
  gint64 now = 1000000;

  hub_rtp_feedback_init (&feedback);
  for (; size >= 5; data += 5, size -= 5)
    {
      gsize room = 64 + 5 * data[4], length;

      sequence = (guint16) (sequence + (gint8) data[0] * (data[1] % 64 == 0 ? 256 : 1));
      now = MAX (1, now + (gint16) hub_get16 (data + 2) * (data[1] % 16 == 0 ? 5000 : 10));
      hub_rtp_feedback_take (&feedback, sequence, now);
      if (data[4] % 8 != 0)
        continue;
      do
        {
          g_autofree guint8 *out = g_malloc (room);

          length = hub_rtp_feedback_write (&feedback, out, room);
          g_assert_cmpuint (length, <=, room);
          g_assert_cmpuint (length % 4, ==, 0);
        }
      while (length > 0);
    }
}

static void
make_media (void)
{
  static const char id[] = "01930000-0000-7000-8000-000000000001";
  static const char *const theirs[] = { "01930000-0000-7000-8000-000000000002", NULL };
  g_autoptr (KarezActor) actor = karez_actor_new (KAREZ_ACTOR_PERSON, id, "One", NULL, NULL, NULL);

  world.media = hub_rtc_new ("127.0.0.1", NULL);
  hub_rtc_set_remote_people (world.media, theirs);
  world.person = karez_participant_new (id, actor, "consultant", id, TRUE);
}

/* The same offer, of somebody who tries the way. */
static void
fuzz_echo (const char *sdp)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *answer = sdp != NULL ? hub_rtc_echo (world.media, world.person, sdp, &error)
                                        : NULL;

  g_assert_true (sdp == NULL || (answer != NULL) == (error == NULL));
  g_assert_true (error == NULL || karez_error_get_rule (error) != NULL);
  world.echoed += answer != NULL;
}

/* A message is taken whole, or refused by a rule. */
static void
fuzz_signalling (const guint8 *data, gsize size)
{
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);
  g_autoptr (JsonNode) node = karez_json_parse (bytes, 0, NULL);
  g_autoptr (GError) page_error = NULL;
  g_autoptr (GError) worker_error = NULL;
  gboolean taken;

  if (world.media == NULL)
    make_media ();
  if (node == NULL)
    return;
  taken = JSON_NODE_HOLDS_OBJECT (node)
          && karez_media_take (KAREZ_MEDIA (world.media), world.person, json_node_get_object (node),
                               &page_error);
  g_assert_true (taken || page_error == NULL || karez_error_get_rule (page_error) != NULL);
  if (!hub_rtc_take_remote (world.media, node, &worker_error))
    g_assert_nonnull (karez_error_get_rule (worker_error));
  if (JSON_NODE_HOLDS_OBJECT (node))
    fuzz_echo (karez_json_text (json_node_get_object (node), "sdp"));
  world.taken += taken;
  if (world.taken % 16 == 15)
    karez_media_leave (KAREZ_MEDIA (world.media), world.person);
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  if (world.identity == NULL)
    make_world ();
  if (size == 0 || size > INPUT_BYTES)
    return 0;
  switch ((Target) (data[0] % N_TARGETS))
    {
    case RTP:
      fuzz_rtp (data + 1, size - 1);
      break;
    case RTCP:
      fuzz_rtcp (data + 1, size - 1);
      break;
    case SDP:
      fuzz_sdp (data + 1, size - 1);
      break;
    case STUN:
      fuzz_stun (data + 1, size - 1);
      break;
    case DTLS:
      fuzz_dtls (data + 1, size - 1, FALSE);
      break;
    case HANDSHAKE:
      fuzz_dtls (data + 1, size - 1, TRUE);
      break;
    case FEEDBACK:
      fuzz_feedback (data + 1, size - 1);
      break;
    default:
      fuzz_signalling (data + 1, size - 1);
    }
  return 0;
}

#ifndef KAREZ_FUZZ_ENGINE
typedef struct
{
  guint8 bytes[INPUT_BYTES];
  gsize size;
} Input;

/* What a file of corpus/ begins with, and how many inputs are made of such. */
static const struct
{
  const char *name;
  guint n;
} targets[N_TARGETS] = {
  [RTP] = { "rtp-", 16000 },          [RTCP] = { "rtcp-", 40000 },
  [SDP] = { "sdp-", 2500 },           [STUN] = { "stun-", 20000 },
  [DTLS] = { "dtls-", 2000 },         [HANDSHAKE] = { "handshake-", 1200 },
  [FEEDBACK] = { "feedback-", 6000 }, [SIGNALLING] = { "signalling-", 4000 },
};

static GPtrArray *
load_corpus (Target target)
{
  GPtrArray *files = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  g_autofree char *folder = g_test_build_filename (G_TEST_DIST, "rtc", "corpus", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) dir = g_dir_open (folder, 0, &error);
  const char *name;

  g_assert_no_error (error);
  while ((name = g_dir_read_name (dir)) != NULL)
    if (g_str_has_prefix (name, targets[target].name))
      {
        g_autofree char *path = g_build_filename (folder, name, NULL);
        char *bytes;
        gsize size;

        g_assert_true (g_file_get_contents (path, &bytes, &size, NULL));
        g_assert_cmpuint (size, <, INPUT_BYTES);
        g_ptr_array_add (files, g_bytes_new_take (bytes, size));
      }
  g_assert_cmpuint (files->len, >, 0);
  return files;
}

static void
change_byte (Input *input, GRand *rand)
{
  gsize at = 1 + g_rand_int (rand) % (input->size - 1);

  switch (g_rand_int (rand) % 4)
    {
    case 0:
      input->bytes[at] ^= (guint8) (1u << (g_rand_int (rand) % 8));
      break;
    case 1:
      input->bytes[at] = (guint8) g_rand_int (rand);
      break;
    case 2:
      input->size = at;
      break;
    default:
      memset (input->bytes + at, g_rand_boolean (rand) ? 0xff : 0, MIN (4, input->size - at));
    }
}

/* A stretch of the input goes, or comes once more. */
static void
change_stretch (Input *input, GRand *rand)
{
  gsize from = 1 + g_rand_int (rand) % (input->size - 1);
  gsize length = 1 + g_rand_int (rand) % 40;
  guint8 *at = input->bytes + from;

  length = MIN (length, input->size - from);
  if (g_rand_boolean (rand))
    {
      memmove (at, at + length, input->size - from - length);
      input->size -= length;
    }
  else if (input->size + length <= INPUT_BYTES)
    {
      memmove (at + length, at, input->size - from);
      input->size += length;
    }
}

static void
change (Input *input, GRand *rand)
{
  guint n = g_rand_int (rand) % 6;

  for (guint i = 0; i < n && input->size > 1; i++)
    if (g_rand_int (rand) % 3 == 0)
      change_stretch (input, rand);
    else
      change_byte (input, rand);
}

static void
end_world (void)
{
  hub_dtls_identity_free (world.identity);
  g_bytes_unref (world.hello);
  hub_rtcp_free (world.rtcp);
  hub_stun_free (world.stun);
  g_clear_object (&world.person);
  g_clear_object (&world.media);
  memset (&world, 0, sizeof world);
}

static void
test_target (gconstpointer data)
{
  Target target = (Target) GPOINTER_TO_UINT (data);
  g_autoptr (GRand) rand = g_rand_new_with_seed (20260725);
  g_autoptr (GPtrArray) corpus = load_corpus (target);

  make_world ();
  for (guint i = 0; i < targets[target].n; i++)
    {
      GBytes *file = g_ptr_array_index (corpus, i % corpus->len);
      Input input = { .size = 1 };

      input.bytes[0] = (guint8) target;
      if (i % 8 < 7)
        {
          memcpy (input.bytes + 1, g_bytes_get_data (file, NULL), g_bytes_get_size (file));
          input.size += g_bytes_get_size (file);
        }
      else
        while (input.size < 300)
          input.bytes[input.size++] = (guint8) g_rand_int (rand);
      if (i >= corpus->len)
        change (&input, rand);
      LLVMFuzzerTestOneInput (input.bytes, input.size);
    }
  /* Some of what is thrown gets far. */
  if (target == SIGNALLING)
    {
      g_assert_cmpuint (world.taken, >, 100);
      g_assert_cmpuint (world.echoed, >, 20);
    }
  end_world ();
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < N_TARGETS; i++)
    {
      g_autofree char *path = g_strdup_printf ("/rtc/fuzz/%.*s", (int) strlen (targets[i].name) - 1,
                                               targets[i].name);

      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_target);
    }
  return g_test_run ();
}
#endif
