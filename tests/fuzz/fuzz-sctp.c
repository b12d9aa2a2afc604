/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Throws SCTP packets and messages at a page's data channels. */

/* The page, played by an association of its own, has a channel open. An input is a list of packets,
 * each behind its length: chunks that get the page's header, or, where the length's highest bit is
 * set, a message that the page sends: stream, PPID, bytes. */
#include "fuzz.h"

#include "hub-bytes.h"
#include "hub-clock.h"
#include "hub-rtc-channels.h"
#include "hub-sctp.h"

#include <usrsctp.h>

#define HEADER_BYTES 12u
#define OPEN "\3\0\0\0\0\0\0\0\0\5\0\0marks"

static const HubRtcChannelRule rules[] = {
  { "marks", KAREZ_CHANNEL_NONE, 1000, 100 },
  { "pointer", KAREZ_CHANNEL_ONCE, 100, 100 },
};

typedef struct
{
  HubRtcChannelSet *set;
  HubRtcChannels *channels;
  HubSctp *page;
  GQueue to_page, to_worker;   /* GBytes */
  guint8 header[HEADER_BYTES]; /* of the page's newest packet */
  guint open;                  /* bits */
  gsize messages, refusals;
} Way;

static void
on_page_send (const guint8 *packet, gsize length, gpointer data)
{
  Way *way = data;

  memcpy (way->header, packet, HEADER_BYTES);
  g_queue_push_tail (&way->to_worker, g_bytes_new (packet, length));
}
static void
on_page_down (gpointer data)
{
}
static void
on_page_message (guint16 stream, guint32 ppid, const guint8 *bytes, gsize length, gpointer data)
{
}
static void
on_page_reset (guint16 stream, gpointer data)
{
}
static const HubSctpHandlers page_handlers = { on_page_send, on_page_down, on_page_message,
                                               on_page_reset };

static void
on_send (const guint8 *packet, gsize length, gpointer data)
{
  g_assert_cmpuint (length, <=, 1150);
  g_queue_push_tail (&((Way *) data)->to_page, g_bytes_new (packet, length));
}
static void
on_changed (guint channel, gboolean open, gpointer data)
{
  Way *way = data;

  g_assert_cmpuint (channel, <, G_N_ELEMENTS (rules));
  g_assert_cmpint (!!(way->open & 1u << channel), !=, open);
  way->open ^= 1u << channel;
}
static void
on_message (guint channel, GBytes *message, gpointer data)
{
  Way *way = data;

  g_assert_true (way->open & 1u << channel);
  g_assert_cmpuint (g_bytes_get_size (message), <=, rules[channel].max_size);
  g_assert_true (
      g_utf8_validate_len (g_bytes_get_data (message, NULL), g_bytes_get_size (message), NULL));
  atomic_fetch_sub (&way->set->incoming, g_bytes_get_size (message));
  g_bytes_unref (message);
  way->messages++;
}
static void
on_refused (int channel, const char *rule, gpointer data)
{
  g_assert_true (g_str_has_prefix (rule, "media/"));
  ((Way *) data)->refusals++;
}
static const HubRtcChannelHandlers handlers = { on_send, on_changed, on_message, on_refused };

static void
carry (Way *way)
{
  for (guint turns = 0; turns < 200 && way->to_page.length + way->to_worker.length > 0; turns++)
    {
      g_autoptr (GBytes) to_page = g_queue_pop_head (&way->to_page);
      g_autoptr (GBytes) to_worker = g_queue_pop_head (&way->to_worker);

      if (to_page != NULL)
        hub_sctp_take (way->page, g_bytes_get_data (to_page, NULL), g_bytes_get_size (to_page));
      if (to_worker != NULL)
        hub_rtc_channels_take (way->channels, g_bytes_get_data (to_worker, NULL),
                               g_bytes_get_size (to_worker));
    }
}

static void
throw_packet (Way *way, const guint8 *chunks, gsize length)
{
  g_autofree guint8 *packet = g_malloc (HEADER_BYTES + length);

  memcpy (packet, way->header, HEADER_BYTES);
  memcpy (packet + HEADER_BYTES, chunks, length);
  hub_rtc_channels_take (way->channels, packet, HEADER_BYTES + length);
}

static void
throw_message (Way *way, const guint8 *bytes, gsize length)
{
  static const guint32 ppids[] = { 50, 51, 53, 56, 57, 0 };

  if (length > 2)
    hub_sctp_send (way->page, bytes[0] % 8, ppids[bytes[1] % G_N_ELEMENTS (ppids)],
                   bytes[1] & 0x80 ? HUB_SCTP_ONCE : HUB_SCTP_RELIABLE, bytes + 2, length - 2);
}

static void
throw_all (Way *way, const guint8 *data, gsize size)
{
  while (size >= 2)
    {
      guint16 word = hub_get16 (data);
      gsize length = MIN (word & 0x7fffu, size - 2);

      if (word & 0x8000u)
        throw_message (way, data + 2, length);
      else
        throw_packet (way, data + 2, length);
      data += 2 + length;
      size -= 2 + length;
      carry (way);
      hub_sctp_tick (hub_clock_monotonic ());
      hub_sctp_poll (way->page);
      hub_rtc_channels_tick (way->channels);
    }
}

static void
one (const guint8 *data, gsize size)
{
  Way way = { 0 };
  GBytes *message = g_bytes_new_static ("x", 1);

  way.set = hub_rtc_channel_set_new (rules, G_N_ELEMENTS (rules));
  way.channels = hub_rtc_channels_new (way.set, HUB_SCTP_PORT, &handlers, &way, NULL);
  way.page = hub_sctp_new (HUB_SCTP_PORT, &page_handlers, &way, NULL);
  hub_rtc_channels_start (way.channels);
  hub_sctp_start (way.page);
  carry (&way);
  g_assert_true (hub_sctp_send (way.page, 0, HUB_SCTP_PPID_DCEP, HUB_SCTP_RELIABLE,
                                (const guint8 *) OPEN, sizeof OPEN - 1));
  carry (&way);
  g_assert_cmpuint (way.open, ==, 1);
  throw_all (&way, data, size);
  atomic_fetch_add (&way.set->outgoing, 1);
  hub_rtc_channels_send (way.channels, 0, message);
  hub_rtc_channels_free (way.channels);
  /* What is counted is let go of, whatever came. */
  g_assert_cmpuint (atomic_load (&way.set->outgoing), ==, 0);
  g_assert_cmpuint (atomic_load (&way.set->incoming), ==, 0);
  hub_sctp_free (way.page);
  g_queue_clear_full (&way.to_page, (GDestroyNotify) g_bytes_unref);
  g_queue_clear_full (&way.to_worker, (GDestroyNotify) g_bytes_unref);
  hub_rtc_channel_set_unref (way.set);
}

int
main (int argc, char **argv)
{
  hub_sctp_open_library ();
  /* What is thrown has no checksum. */
  usrsctp_enable_crc32c_offload ();
  return fuzz_main (argc, argv, "sctp", one);
}
