/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* RTP packets and header extensions, good and bad. */
#include "hub-rtc-picture.h"
#include "hub-rtp.h"

/* As a page of Chromium numbers them. */
static const HubRtpExtensionMap map = { .ids = { [HUB_RTP_MID] = 4,
                                                 [HUB_RTP_AUDIO_LEVEL] = 1,
                                                 [HUB_RTP_ORIENTATION] = 13,
                                                 [HUB_RTP_TRANSPORT_SEQUENCE] = 3,
                                                 [HUB_RTP_CAPTURE_TIME] = 2 } };

/* RFC 3550, 5.1 with two contributing sources, RFC 8285, 4.2, and three bytes of padding. */
static const guint8 one_byte[] = {
  0xb2, 0xe0, 0x12, 0x34,                               /* V=2 P X CC=2, M PT=96, sequence */
  0x89, 0xab, 0xcd, 0xef, 0x11, 0x22, 0x33, 0x44,       /* timestamp, SSRC */
  0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x02,       /* CSRCs */
  0xbe, 0xde, 0x00, 0x06,                               /* six words */
  0x10, 0x85,                                           /* 1: audio level */
  0x31, 0x01, 0x02,                                     /* 3: transport sequence */
  0x00,                                                 /* padding between elements */
  0x40, 'a',                                            /* 4: mid */
  0xd0, 0x03,                                           /* 13: orientation */
  0x90, 0xff,                                           /* 9: nobody's */
  0x27, 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, /* 2: capture time */
  0x00, 0x00, 0x00,                                     /* padding behind them */
  'h',  'e',  'l',  'l',  'o',  0x00, 0x00, 0x03        /* payload, padding */
};
#define ONE_BYTE_PAYLOAD 48u

/* The same in the form of RFC 8285, 4.3, without CSRCs. */
static const guint8 two_bytes[] = { 0x90, 0x60, 0xff, 0xff, 0x00, 0x00, 0x00,
                                    0x00, 0xff, 0xff, 0xff, 0xff, /* fixed header */
                                    0x10, 0x05, 0x00, 0x08,       /* eight words */
                                    0x01, 0x01, 0x85,             /* 1 */
                                    0x04, 0x00,                   /* 4, with nothing in it */
                                    0x00, 0x00,                   /* padding */
                                    0x03, 0x02, 0x01, 0x02,       /* 3 */
                                    0x02, 0x11, 1,    2,    3,    4,    5,
                                    6,    7,    8,    9,    10,             /* 2, longer than */
                                    11,   12,   13,   14,   15,   16,   17, /* one byte can say */
                                    0x0d, 0x01,                             /* 13, cut off */
                                    'x' };

static void
check_value (const HubRtpExtensions *extensions, HubRtpExtension extension, const char *value,
             gsize length)
{
  g_assert_cmpmem (extensions->value[extension], extensions->length[extension], value, length);
}

static void
test_read_one_byte (void)
{
  HubRtp packet;
  HubRtpExtensions extensions;

  g_assert_true (hub_rtp_parse (&packet, one_byte, sizeof one_byte));
  g_assert_cmpuint (packet.payload_type, ==, 96);
  g_assert_true (packet.marker);
  g_assert_cmpuint (packet.sequence, ==, 0x1234);
  g_assert_cmpuint (packet.timestamp, ==, 0x89abcdef);
  g_assert_cmpuint (packet.ssrc, ==, 0x11223344);
  g_assert_cmpuint (packet.profile, ==, 0xbede);
  g_assert_true (packet.extensions == one_byte + 24);
  g_assert_cmpuint (packet.extensions_length, ==, 24);
  g_assert_cmpmem (packet.payload, packet.payload_length, "hello\0\0\3", 8);
  g_assert_true (hub_rtp_strip_padding (&packet, one_byte));
  g_assert_cmpmem (packet.payload, packet.payload_length, "hello", 5);

  hub_rtp_read_extensions (&packet, &map, &extensions);
  check_value (&extensions, HUB_RTP_MID, "a", 1);
  check_value (&extensions, HUB_RTP_AUDIO_LEVEL, "\x85", 1);
  check_value (&extensions, HUB_RTP_ORIENTATION, "\x03", 1);
  check_value (&extensions, HUB_RTP_TRANSPORT_SEQUENCE, "\x01\x02", 2);
  check_value (&extensions, HUB_RTP_CAPTURE_TIME, "\x01\x23\x45\x67\x89\xab\xcd\xef", 8);
}

static void
test_read_two_bytes (void)
{
  HubRtp packet;
  HubRtpExtensions extensions;

  g_assert_true (hub_rtp_parse (&packet, two_bytes, sizeof two_bytes));
  g_assert_cmpuint (packet.payload_type, ==, 96);
  g_assert_false (packet.marker);
  g_assert_cmpuint (packet.sequence, ==, 0xffff);
  g_assert_cmpuint (packet.ssrc, ==, 0xffffffff);
  g_assert_cmpmem (packet.payload, packet.payload_length, "x", 1);
  /* The bit is not set: the last byte says nothing. */
  g_assert_true (hub_rtp_strip_padding (&packet, two_bytes));
  g_assert_cmpuint (packet.payload_length, ==, 1);

  hub_rtp_read_extensions (&packet, &map, &extensions);
  check_value (&extensions, HUB_RTP_AUDIO_LEVEL, "\x85", 1);
  check_value (&extensions, HUB_RTP_TRANSPORT_SEQUENCE, "\x01\x02", 2);
  g_assert_cmpuint (extensions.length[HUB_RTP_MID], ==, 0);
  g_assert_cmpuint (extensions.length[HUB_RTP_CAPTURE_TIME], ==, 0);
  g_assert_cmpuint (extensions.length[HUB_RTP_ORIENTATION], ==, 0);
}

/* Reads @block as the extensions of a packet; each byte of it lies at the end of its memory. */
static void
read_block (guint16 profile, const char *block, gsize length, HubRtpExtensions *out)
{
  g_autofree guint8 *copy = g_memdup2 (block, length);
  const HubRtp packet = { .profile = profile, .extensions = copy, .extensions_length = length };

  memset (out, 0xff, sizeof *out);
  hub_rtp_read_extensions (&packet, &map, out);
}

static void
test_broken_extensions (void)
{
  static const struct
  {
    guint16 profile;
    const char *block;
    gsize length;
    guint level, transport; /* how long these two are read */
  } cases[] = {
    { 0xbede, "", 0, 0, 0 },
    { 0xbede, "\x10\x05\x31\x01", 4, 1, 0 },                 /* an element beyond the end */
    { 0xbede, "\x10\x05\xf0\x09\x31\x01\x02\0", 8, 1, 0 },   /* RFC 8285, 4.2: 15 ends the block */
    { 0xbede, "\x10\x05\x01\xff\xff\x31\x01\x02", 8, 1, 0 }, /* and so does 0 with a length */
    { 0xbede, "\x31\x01\x02\x10", 4, 0, 2 },                 /* no room for its value */
    { 0xbede, "\x10\x05\x10\x06\x30\x07\0\0", 8, 1, 1 },     /* twice: the later one */
    { 0x1000, "\x01\x01\x05\x03", 4, 1, 0 },                 /* no room for its length */
    { 0x1000, "\x01\x01\x05\x03\x02\x01", 6, 1, 0 },
    { 0x100f, "\x0f\x01\x05\x03\x02\x01\x02\0", 8, 0, 2 }, /* 15 is a number like others here */
    { 0x2000, "\x10\x05\x31\x01\x02\0\0\0", 8, 0, 0 },     /* somebody else's profile */
    { 0x0000, "\x10\x05\x31\x01\x02\0\0\0", 8, 0, 0 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      HubRtpExtensions extensions;

      g_test_message ("case %u", i);
      read_block (cases[i].profile, cases[i].block, cases[i].length, &extensions);
      g_assert_cmpuint (extensions.length[HUB_RTP_AUDIO_LEVEL], ==, cases[i].level);
      g_assert_cmpuint (extensions.length[HUB_RTP_TRANSPORT_SEQUENCE], ==, cases[i].transport);
      g_assert_cmpuint (extensions.length[HUB_RTP_MID], ==, 0);
    }
}

/* Numbers that the connection did not agree on are nobody's, and 0 is no number. */
static void
test_unknown_map (void)
{
  const HubRtpExtensionMap none = { { 0 } };
  HubRtpExtensions extensions;
  HubRtp packet;

  g_assert_true (hub_rtp_parse (&packet, one_byte, sizeof one_byte));
  hub_rtp_read_extensions (&packet, &none, &extensions);
  for (guint i = 0; i < HUB_RTP_N_EXTENSIONS; i++)
    g_assert_cmpuint (extensions.length[i], ==, 0);
}

static void
test_truncated (void)
{
  for (gsize length = 0; length <= sizeof one_byte; length++)
    {
      g_autofree guint8 *copy = g_memdup2 (one_byte, length);
      HubRtp packet;

      g_assert_cmpint (hub_rtp_parse (&packet, copy, length), ==, length >= ONE_BYTE_PAYLOAD);
      if (length >= ONE_BYTE_PAYLOAD)
        g_assert_cmpuint (packet.payload_length, ==, length - ONE_BYTE_PAYLOAD);
    }
}

/* RFC 3550, 5.1: up to 15 contributing sources, here without any extension. */
static void
test_sources (void)
{
  for (guint n = 0; n < 16; n++)
    for (gsize length = HUB_RTP_HEADER_BYTES; length < HUB_RTP_HEADER_BYTES + 70; length++)
      {
        g_autofree guint8 *bytes = g_malloc0 (length);
        HubRtp packet;

        bytes[0] = (guint8) (0x80 | n);
        g_assert_cmpint (hub_rtp_parse (&packet, bytes, length), ==, length >= 12 + 4 * n);
        if (length >= 12 + 4 * n)
          g_assert_cmpuint (packet.payload_length, ==, length - 12 - 4 * n);
      }
}

static void
test_wrong (void)
{
  guint8 bytes[sizeof two_bytes];
  HubRtp packet;

  for (guint version = 0; version < 4; version++)
    {
      memcpy (bytes, two_bytes, sizeof bytes);
      bytes[0] = (guint8) (version << 6 | 0x10);
      g_assert_cmpint (hub_rtp_parse (&packet, bytes, sizeof bytes), ==, version == 2);
    }
  memcpy (bytes, two_bytes, sizeof bytes);
  bytes[15] = 9; /* the extension takes the payload's byte and three more */
  g_assert_false (hub_rtp_parse (&packet, bytes, sizeof bytes));
  hub_put16 (bytes + 14, 0x0100);
  g_assert_false (hub_rtp_parse (&packet, bytes, sizeof bytes));
  memcpy (bytes, two_bytes, sizeof bytes);
  bytes[0] |= 0x0f;
  g_assert_false (hub_rtp_parse (&packet, bytes, sizeof bytes));
}

static void
test_padding (void)
{
  static const struct
  {
    guint8 payload[4];
    gsize length;
    gboolean right;
    gsize left;
  } cases[] = { { { 0 }, 0, FALSE, 0 },           { { 1 }, 1, TRUE, 0 },
                { { 0 }, 1, FALSE, 0 },           { { 9, 9, 0, 2 }, 4, TRUE, 2 },
                { { 9, 9, 9, 4 }, 4, TRUE, 0 },   { { 9, 9, 9, 5 }, 4, FALSE, 0 },
                { { 9, 9, 9, 255 }, 4, FALSE, 0 } };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      guint8 bytes[HUB_RTP_HEADER_BYTES + 4] = { 0xa0, 0x60 };
      HubRtp packet;

      memcpy (bytes + HUB_RTP_HEADER_BYTES, cases[i].payload, 4);
      g_assert_true (hub_rtp_parse (&packet, bytes, HUB_RTP_HEADER_BYTES + cases[i].length));
      g_assert_cmpint (hub_rtp_strip_padding (&packet, bytes), ==, cases[i].right);
      if (cases[i].right)
        g_assert_cmpuint (packet.payload_length, ==, cases[i].left);
    }
}

static void
test_write (void)
{
  static const guint8 bare[] = { 0x80, 0xef, 0xff, 0xfe, 0xca, 0xfe,
                                 0xba, 0xbe, 0x01, 0x02, 0x03, 0x04 };
  static const guint8 block[] = { 0xbe, 0xde, 0x00, 0x02, 0x10, 0x85, 0x31, 0x01, 0x02, 0, 0, 0 };
  const HubRtp packet = { .payload_type = 111,
                          .marker = TRUE,
                          .sequence = 0xfffe,
                          .timestamp = 0xcafebabe,
                          .ssrc = 0x01020304 };
  HubRtpExtensions extensions = { { 0 } };
  const HubRtpExtensionMap none = { { 0 } };
  guint8 out[HUB_RTP_MAX_HEADER];

  g_assert_cmpmem (out, hub_rtp_write (&packet, &map, &extensions, out), bare, sizeof bare);
  extensions.length[HUB_RTP_AUDIO_LEVEL] = 1;
  extensions.value[HUB_RTP_AUDIO_LEVEL][0] = 0x85;
  extensions.length[HUB_RTP_TRANSPORT_SEQUENCE] = 2;
  hub_put16 (extensions.value[HUB_RTP_TRANSPORT_SEQUENCE], 0x0102);
  g_assert_cmpmem (out, hub_rtp_write (&packet, &none, &extensions, out), bare, sizeof bare);
  g_assert_cmpuint (hub_rtp_write (&packet, &map, &extensions, out), ==, 24);
  g_assert_cmphex (out[0], ==, 0x90);
  g_assert_cmpmem (out + 1, 11, bare + 1, 11);
  g_assert_cmpmem (out + 12, 12, block, sizeof block);
}

static void
test_round_trip (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);
  gsize longest = 0;

  for (guint n = 0; n < 2000; n++)
    {
      HubRtpExtensions extensions = { { 0 } }, read;
      const HubRtp packet = { .payload_type = (guint8) (g_rand_int (rand) % 128),
                              .marker = g_rand_boolean (rand),
                              .sequence = (guint16) g_rand_int (rand),
                              .timestamp = g_rand_int (rand),
                              .ssrc = g_rand_int (rand) };
      guint8 out[HUB_RTP_MAX_HEADER + 1];
      gsize length;
      HubRtp again;

      for (guint i = 0; i < HUB_RTP_N_EXTENSIONS; i++)
        {
          extensions.length[i] = (guint8) (n == 0 ? 16 : g_rand_int (rand) % 17);
          for (guint j = 0; j < extensions.length[i]; j++)
            extensions.value[i][j] = (guint8) g_rand_int (rand);
        }
      length = hub_rtp_write (&packet, &map, &extensions, out);
      g_assert_cmpuint (length, <=, HUB_RTP_MAX_HEADER);
      longest = MAX (longest, length);
      out[length] = 'x';
      g_assert_true (hub_rtp_parse (&again, out, length + 1));
      g_assert_cmpmem (again.payload, again.payload_length, "x", 1);
      g_assert_cmpuint (again.payload_type, ==, packet.payload_type);
      g_assert_cmpint (again.marker, ==, packet.marker);
      g_assert_cmpuint (again.sequence, ==, packet.sequence);
      g_assert_cmpuint (again.timestamp, ==, packet.timestamp);
      g_assert_cmpuint (again.ssrc, ==, packet.ssrc);
      hub_rtp_read_extensions (&again, &map, &read);
      for (guint i = 0; i < HUB_RTP_N_EXTENSIONS; i++)
        g_assert_cmpmem (read.value[i], read.length[i], extensions.value[i], extensions.length[i]);
    }
  g_assert_cmpuint (longest, ==, HUB_RTP_MAX_HEADER);
}

/* RFC 7983, 7, and RFC 5761, 4: by ranges, written out. */
static void
test_kinds (void)
{
  guint8 bytes[20] = { 0 };

  for (guint first = 0; first < 256; first++)
    for (guint second = 0; second < 256; second++)
      {
        HubDatagramKind expected = HUB_DATAGRAM_UNKNOWN;

        if (first <= 3)
          expected = HUB_DATAGRAM_STUN;
        else if (first >= 20 && first <= 63)
          expected = HUB_DATAGRAM_DTLS;
        else if (first >= 128 && first <= 191)
          expected = second >= 192 && second <= 223 ? HUB_DATAGRAM_RTCP : HUB_DATAGRAM_RTP;
        bytes[0] = (guint8) first;
        bytes[1] = (guint8) second;
        g_assert_cmpint (hub_datagram_kind (bytes, sizeof bytes), ==, expected);
      }
  for (gsize length = 0; length < 12; length++)
    {
      g_autofree guint8 *copy = g_memdup2 (one_byte, length);

      g_assert_cmpint (hub_datagram_kind (copy, length), ==, HUB_DATAGRAM_UNKNOWN);
    }
}

static void
test_uris (void)
{
  static const char *const expected[] = {
    "urn:ietf:params:rtp-hdrext:sdes:mid", "urn:ietf:params:rtp-hdrext:ssrc-audio-level",
    "urn:3gpp:video-orientation",
    "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
    "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time"
  };
  HubRtpExtension extension;

  G_STATIC_ASSERT (G_N_ELEMENTS (expected) == HUB_RTP_N_EXTENSIONS);
  for (guint i = 0; i < HUB_RTP_N_EXTENSIONS; i++)
    {
      g_assert_cmpstr (hub_rtp_extension_uri ((HubRtpExtension) i), ==, expected[i]);
      g_assert_true (hub_rtp_extension_from_uri (expected[i], &extension));
      g_assert_cmpuint (extension, ==, i);
    }
  g_assert_false (hub_rtp_extension_from_uri ("urn:ietf:params:rtp-hdrext:toffset", &extension));
  g_assert_false (hub_rtp_extension_from_uri ("", &extension));
}

typedef struct
{
  const char *bytes;
  gsize length;
  gboolean begins;
} Picture;

/* Whatever it is cut to, it is not read beyond: each lies at the end of its memory. */
static void
check_pictures (HubCodec codec, const Picture *pictures, guint n)
{
  for (guint i = 0; i < n; i++)
    for (gsize length = 0; length <= pictures[i].length; length++)
      {
        g_autofree guint8 *copy = g_memdup2 (pictures[i].bytes, length);
        gboolean begins = hub_rtc_picture_begins (codec, copy, length);

        if (length == pictures[i].length)
          g_assert_cmpint (begins, ==, pictures[i].begins);
      }
}

/* RFC 7741, 4.2: descriptor, then 4.3: the frame's first byte, whose bit 0 is clear for a key. */
static void
test_vp8 (void)
{
  static const Picture pictures[] = {
    { "\x10\x50\xaa\x00\x9d\x01\x2a\x80\x02\xe0\x01", 11, TRUE },     /* libvpx, 640 × 480 */
    { "\x10\x31\x0b\x00\x01\x10\x10", 7, FALSE },                     /* an inter frame */
    { "\x90\x80\x12\x50\xaa\x00\x9d\x01\x2a", 9, TRUE },              /* 7 bits of picture id */
    { "\x90\x80\x93\x27\x50\xaa\x00\x9d\x01\x2a", 10, TRUE },         /* 15 bits */
    { "\x90\x80\x93\x27\x51\xaa\x00", 7, FALSE },                     /* and an inter frame */
    { "\x90\xe0\x93\x27\x05\x20\x50\xaa\x00\x9d\x01\x2a", 12, TRUE }, /* layers, as Chromium */
    { "\x90\xe0\x93\x27\x05\x20\x31\xaa\x00", 9, FALSE },             /* an inter frame */
    { "\x90\x40\x05\x50\xaa\x00\x9d", 7, TRUE },                      /* TL0PICIDX alone */
    { "\x90\x10\x05\x50\xaa\x00\x9d", 7, TRUE },                      /* KEYIDX alone */
    { "\x90\x00\x50\xaa\x00\x9d", 6, TRUE },                          /* extended by nothing */
    { "\x00\x50\xaa\x00\x9d", 5, FALSE },                             /* not the start */
    { "\x80\x80\x12\x50\xaa", 5, FALSE },                             /* not the start */
    { "\x11\x50\xaa\x00\x9d", 5, FALSE },                             /* the second partition */
    { "\x10", 1, FALSE },
    { "\x90\x80\x93\x27", 4, FALSE }, /* a descriptor alone */
  };

  check_pictures (HUB_CODEC_VP8, pictures, G_N_ELEMENTS (pictures));
}

/* RFC 6184, 5.2. */
static void
test_h264 (void)
{
  static const Picture pictures[] = {
    { "\x67\x42\xe0\x1f\x8c\x8d\x40", 7, TRUE },                          /* SPS */
    { "\x27\x42\xe0\x1f", 4, TRUE },                                      /* of another NRI */
    { "\x68\xce\x3c\x80", 4, FALSE },                                     /* PPS */
    { "\x65\x88\x84\x00", 4, TRUE },                                      /* IDR */
    { "\x41\x9a\x24\x6c", 4, FALSE },                                     /* P slice */
    { "\x06\x05\x01\x00", 4, FALSE },                                     /* SEI */
    { "\x78\x00\x04\x67\x42\xe0\x1f\x00\x04\x68\xce\x3c\x80", 13, TRUE }, /* STAP-A: SPS */
    { "\x78\x00\x03\x41\x9a\x24\x00\x02\x41\x9a", 10, FALSE },            /* STAP-A: P */
    { "\x7c\x85\x88\x84", 4, TRUE },                                      /* FU-A: IDR, start */
    { "\x7c\x05\x88\x84", 4, FALSE },                                     /* in its middle */
    { "\x7c\x45\x88\x84", 4, FALSE },                                     /* at its end */
    { "\x5c\x81\x9a\x24", 4, FALSE },                                     /* FU-A: P, start */
    { "\x78\x00\x04", 3, FALSE },
    { "\x67", 1, FALSE },
  };

  check_pictures (HUB_CODEC_H264, pictures, G_N_ELEMENTS (pictures));
}

static void
test_unwrap (void)
{
  g_assert_cmpint (hub_rtp_unwrap (0x1ffff, 0), ==, 0x20000);
  g_assert_cmpint (hub_rtp_unwrap (0x20000, 0xffff), ==, 0x1ffff);
  g_assert_cmpint (hub_rtp_unwrap (0x20000, 0x7fff), ==, 0x27fff);
  g_assert_cmpint (hub_rtp_unwrap (0x20000, 0x8001), ==, 0x18001);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/rtc/rtp/one-byte", test_read_one_byte);
  g_test_add_func ("/rtc/rtp/two-bytes", test_read_two_bytes);
  g_test_add_func ("/rtc/rtp/broken-extensions", test_broken_extensions);
  g_test_add_func ("/rtc/rtp/unknown-map", test_unknown_map);
  g_test_add_func ("/rtc/rtp/truncated", test_truncated);
  g_test_add_func ("/rtc/rtp/sources", test_sources);
  g_test_add_func ("/rtc/rtp/wrong", test_wrong);
  g_test_add_func ("/rtc/rtp/padding", test_padding);
  g_test_add_func ("/rtc/rtp/write", test_write);
  g_test_add_func ("/rtc/rtp/round-trip", test_round_trip);
  g_test_add_func ("/rtc/rtp/kinds", test_kinds);
  g_test_add_func ("/rtc/rtp/uris", test_uris);
  g_test_add_func ("/rtc/rtp/unwrap", test_unwrap);
  g_test_add_func ("/rtc/picture/vp8", test_vp8);
  g_test_add_func ("/rtc/picture/h264", test_h264);
  return g_test_run ();
}
