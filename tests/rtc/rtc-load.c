/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Many clients in one process, to load a forwarder. */

/* Many clients in one process, to load a forwarder and to measure what comes of it. It knows
 * nothing of how a forwarder is spoken to: offers and answers go in and out as lines.
 *
 *   {"do": "open", "client": NAME, "address": A, "send": BOOLEAN, "receive": BOOLEAN, "clip": FILE}
 *   {"do": "offer", "client": NAME}                → {"client": NAME, "sdp": …}
 *   {"do": "answer", "client": NAME, "sdp": …, "loss": SHARE, "delay_ms": N, "seed": N}
 *   {"do": "accept", "client": NAME, "sdp": …}     → {"client": NAME, "sdp": …}
 *   {"do": "relay", "address": A, "to": ADDRESS, "loss": SHARE, "delay_ms": N, "seed": N}
 *                                                  → {"door": ADDRESS}, for somebody else
 *   {"do": "close", "client": NAME}
 *   {"do": "silence"}                              nobody sends any more
 *   {"do": "wait"}                                 → {"flowing": N}, the clients all of whose
 *                                                  streams come
 *   {"do": "begin"}, {"do": "end"}                 → what came in between, and how long the machine
 *                                                  itself ran nothing
 */
#include "link-relay.h"
#include "rtc-lines.h"
#include "rtc-stalls.h"

#include <gst/gst.h>

typedef struct
{
  char *name;
  RtcClient *client;
  RtcClip *clip;
  LinkRelay *relay;
  char *address;
  gboolean sends, receives;
} Member;

typedef struct
{
  RtcLines *lines;
  GHashTable *members; /* name → Member */
  LinkRelay *relay;    /* for somebody else */
  RtcStalls *stalls;
  gint64 begun;
} Load;

typedef struct
{
  GArray *latencies;
  guint64 packets, repaired, lost, expected;
  gint64 longest_gap, longest_freeze, freezes;
} Figures;

static void
member_free (Member *self)
{
  g_clear_pointer (&self->client, rtc_client_free);
  g_clear_pointer (&self->clip, rtc_clip_free);
  g_clear_pointer (&self->relay, link_relay_free);
  g_free (self->address);
  g_free (self->name);
  g_free (self);
}

static Member *
find (Load *load, JsonObject *line)
{
  Member *member = g_hash_table_lookup (load->members, karez_json_text (line, "client"));

  g_assert_nonnull (member);
  return member;
}

static void
say_description (const Member *member, char *sdp)
{
  g_assert_nonnull (sdp);
  rtc_lines_say (karez_json_object ("client", "s", member->name, "sdp", "s", sdp, NULL));
  g_free (sdp);
}

static void
do_open (Load *load, JsonObject *line)
{
  Member *member = g_new0 (Member, 1);
  const char *clip = karez_json_text (line, "clip");
  g_autoptr (GError) error = NULL;
  guint places;

  member->name = g_strdup (karez_json_text (line, "client"));
  member->address = g_strdup (karez_json_text (line, "address"));
  member->sends = karez_json_boolean (line, "send");
  member->receives = karez_json_boolean (line, "receive");
  member->clip = clip != NULL ? rtc_clip_read (clip, &error) : NULL;
  g_assert_no_error (error);
  places = member->receives ? 1 : 0;
  member->client = rtc_client_new (&(RtcClientConfig){ .audio = member->sends,
                                                       .video = member->sends,
                                                       .receive_audio = places,
                                                       .receive_video = places,
                                                       .address = member->address,
                                                       .profiles = "SRTP_AEAD_AES_128_GCM",
                                                       .clip = member->clip });
  rtc_lines_add (load->lines, member->client);
  g_hash_table_replace (load->members, member->name, member);
}

static void
do_offer (Load *load, JsonObject *line)
{
  Member *member = find (load, line);

  say_description (member, rtc_client_offer (member->client));
}

/* Where the answer says that the other side is: the relay's far end. */
static char *
find_candidate (const char *sdp)
{
  g_autoptr (GRegex) regex = g_regex_new ("a=candidate:\\S+ 1 udp \\d+ (\\S+) (\\d+)", 0, 0, NULL);
  g_autoptr (GMatchInfo) match = NULL;
  g_autofree char *host = NULL, *port = NULL;

  g_assert_true (g_regex_match (regex, sdp, 0, &match));
  host = g_match_info_fetch (match, 1);
  port = g_match_info_fetch (match, 2);
  return g_strdup_printf ("%s:%s", host, port);
}

static LinkRelay *
make_relay (JsonObject *line, const char *address, const char *to, char **door)
{
  LinkRelay *relay = link_relay_new (address, (guint32) karez_json_integer (line, "seed", 1));

  relay->loss = json_object_get_double_member_with_default (line, "loss", 0);
  relay->delay_ms = (guint) karez_json_integer (line, "delay_ms", 0);
  link_relay_set_end (relay, 1, to);
  *door = link_relay_get_door (relay, 0);
  return relay;
}

static void
do_relay (Load *load, JsonObject *line)
{
  g_autofree char *door = NULL;

  g_assert_null (load->relay);
  load->relay = make_relay (line, karez_json_text (line, "address"), karez_json_text (line, "to"),
                            &door);
  rtc_lines_say (karez_json_object ("door", "s", door, NULL));
}

static void
do_answer (Load *load, JsonObject *line)
{
  Member *member = find (load, line);
  const char *sdp = karez_json_text (line, "sdp");
  g_autofree char *candidate = find_candidate (sdp), *door = NULL;
  HubAddress to;

  if (json_object_has_member (line, "loss"))
    {
      member->relay = make_relay (line, member->address, candidate, &door);
      g_assert_true (hub_address_parse (&to, door, TRUE));
    }
  g_assert_true (rtc_client_take_answer (member->client, sdp, door != NULL ? &to : NULL));
}

static void
do_accept (Load *load, JsonObject *line)
{
  Member *member = find (load, line);

  say_description (member, rtc_client_accept (member->client, karez_json_text (line, "sdp"), NULL));
}

static void
do_close (Load *load, JsonObject *line)
{
  Member *member = find (load, line);

  rtc_lines_remove (load->lines, member->client);
  g_hash_table_remove (load->members, member->name);
}

static void
do_silence (Load *load, JsonObject *line)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, load->members);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    rtc_client_set_sending (((Member *) value)->client, FALSE);
}

static gboolean
is_flowing (const Member *member)
{
  guint n;
  RtcStream *streams = rtc_client_get_streams (member->client, &n);

  if (!member->receives)
    return rtc_client_is_open (member->client);
  for (guint i = 0; i < n; i++)
    if (streams[i].packets == 0)
      return FALSE;
  return n > 0;
}

static void
do_wait (Load *load, JsonObject *line)
{
  GHashTableIter iter;
  gpointer value;
  gint64 flowing = 0;

  g_hash_table_iter_init (&iter, load->members);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    flowing += is_flowing (value) ? 1 : 0;
  rtc_lines_say (karez_json_object ("flowing", "i", flowing, NULL));
}

static void
begin_stream (RtcStream *stream)
{
  g_array_set_size (stream->latencies, 0);
  stream->packets = stream->repaired = stream->receiver.given_up = 0;
  stream->last = stream->longest_gap = stream->shown = stream->longest_freeze = 0;
  stream->freezes = 0;
}

static void
add_stream (Figures *figures, RtcStream *stream)
{
  gboolean repaired = stream->rtx_ssrc != 0;

  g_array_append_vals (figures->latencies, stream->latencies->data, stream->latencies->len);
  figures->packets += stream->packets;
  figures->longest_gap = MAX (figures->longest_gap, stream->longest_gap);
  if (!repaired)
    return;
  figures->repaired += stream->repaired;
  figures->lost += stream->receiver.given_up + stream->receiver.n_missing;
  figures->expected += stream->packets + stream->receiver.given_up + stream->receiver.n_missing;
  figures->freezes += stream->freezes;
  figures->longest_freeze = MAX (figures->longest_freeze, stream->longest_freeze);
}

/* Calls a function for each stream that comes in. */
static void
for_each_stream (Load *load, Figures *figures)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, load->members);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      guint n;
      RtcStream *streams = rtc_client_get_streams (((Member *) value)->client, &n);

      for (guint i = 0; i < n; i++)
        if (figures != NULL)
          add_stream (figures, &streams[i]);
        else
          begin_stream (&streams[i]);
    }
}

static void
do_begin (Load *load, JsonObject *line)
{
  for_each_stream (load, NULL);
  rtc_stalls_take (load->stalls);
  load->begun = g_get_monotonic_time ();
}

static int
compare (gconstpointer a, gconstpointer b)
{
  gint64 first = *(const gint64 *) a, second = *(const gint64 *) b;

  return (first > second) - (first < second);
}

static gint64
quantile (const GArray *sorted, double share)
{
  guint at = (guint) (sorted->len * share);

  return sorted->len > 0 ? g_array_index (sorted, gint64, MIN (at, sorted->len - 1)) : 0;
}

static const char *
find_cipher (Load *load)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, load->members);
  return g_hash_table_iter_next (&iter, NULL, &value)
             ? rtc_client_get_cipher (((Member *) value)->client)
             : NULL;
}

static void
do_end (Load *load, JsonObject *line)
{
  g_autoptr (GArray) latencies = g_array_new (FALSE, FALSE, sizeof (gint64));
  Figures figures = { .latencies = latencies };
  RtcStallsSeen stalls = rtc_stalls_take (load->stalls);

  for_each_stream (load, &figures);
  g_array_sort (latencies, compare);
  rtc_lines_say (karez_json_object (
      "seconds", "d", (double) (g_get_monotonic_time () - load->begun) / G_USEC_PER_SEC, "packets",
      "i", (gint64) figures.packets, "repaired", "i", (gint64) figures.repaired, "lost", "i",
      (gint64) figures.lost, "expected", "i", (gint64) figures.expected, "p50_us", "i",
      quantile (latencies, 0.5), "p99_us", "i", quantile (latencies, 0.99), "longest_gap_us", "i",
      figures.longest_gap, "longest_freeze_us", "i", figures.longest_freeze, "freezes", "i",
      figures.freezes, "cipher", "s", find_cipher (load), "stalls", "i", (gint64) stalls.count,
      "stalled_us", "i", stalls.sum_us, "longest_stall_us", "i", stalls.longest_us,
      "stalls_real_time", "b", stalls.real_time, NULL));
}

static void
on_line (JsonObject *line, gpointer data)
{
  static const struct
  {
    const char *name;
    void (*run) (Load *load, JsonObject *line);
  } commands[] = {
    { "relay", do_relay },     { "open", do_open },     { "offer", do_offer },
    { "answer", do_answer },   { "accept", do_accept }, { "close", do_close },
    { "silence", do_silence }, { "wait", do_wait },     { "begin", do_begin },
    { "end", do_end },
  };

  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    if (g_strcmp0 (commands[i].name, karez_json_text (line, "do")) == 0)
      {
        commands[i].run (data, line);
        return;
      }
  g_error ("what is “%s”?", karez_json_text (line, "do"));
}

int
main (int argc, char **argv)
{
  Load load = { 0 };

  gst_init (NULL, NULL);
  load.members = g_hash_table_new_full (g_str_hash, g_str_equal, NULL,
                                        (GDestroyNotify) member_free);
  load.stalls = rtc_stalls_new ();
  load.lines = rtc_lines_new (on_line, &load);
  rtc_lines_run (load.lines);
  g_hash_table_unref (load.members);
  g_clear_pointer (&load.relay, link_relay_free);
  rtc_lines_free (load.lines);
  rtc_stalls_free (load.stalls);
  return 0;
}
