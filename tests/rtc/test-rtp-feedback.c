/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Transport-wide feedback, read by a decoder of the test's own. */

/* Reports are read by a decoder of its own, written from the draft (3.1), and held against what was
 * fed. */
#include "hub-rtp-feedback.h"

#define ORIGIN 65536 /* of the model's indexes; a feedback never sees them */
#define N_MODEL 40000
#define WINDOW (gint64) HUB_RTP_FEEDBACK_WINDOW
#define MS (gint64) 1000
#define MAX_ROOM 1136u

typedef struct
{
  HubRtpFeedback feedback;
  GRand *rand;
  gint64 arrival[N_MODEL]; /* 0 for not yet */
  guint8 told_here[N_MODEL], told_missing[N_MODEL];
  gint64 first, newest; /* indexes of the model, -1 for none */
  guint reports;
} Model;

/* A report, decoded. */
typedef struct
{
  guint16 base, count;
  guint32 reference; /* 24 bits */
  guint8 number;
  guint8 symbols[G_MAXUINT16 + 14];
  guint n_symbols;
  gsize deltas; /* where they begin */
} Decoded;

static void
model_up (Model *model, gconstpointer data)
{
  memset (model, 0, sizeof *model);
  model->first = model->newest = -1;
  model->rand = g_rand_new_with_seed (3);
  hub_rtp_feedback_init (&model->feedback);
}

static void
model_down (Model *model, gconstpointer data)
{
  g_rand_free (model->rand);
}

static void
decode (Decoded *out, const guint8 *in, gsize length)
{
  gsize at = 8;

  g_assert_cmpuint (length, >=, 12);
  g_assert_cmpuint (length % 4, ==, 0);
  out->base = (guint16) (in[0] << 8 | in[1]);
  out->count = (guint16) (in[2] << 8 | in[3]);
  out->reference = (guint32) in[4] << 16 | (guint32) in[5] << 8 | in[6];
  out->number = in[7];
  out->n_symbols = 0;
  while (out->n_symbols < out->count)
    {
      guint chunk;

      g_assert_cmpuint (at + 2, <=, length);
      chunk = (guint) in[at] << 8 | in[at + 1];
      at += 2;
      if (chunk < 0x8000) /* 3.1.3: a run */
        for (guint i = 0; i < (chunk & 0x1fff) && out->n_symbols < G_N_ELEMENTS (out->symbols); i++)
          out->symbols[out->n_symbols++] = (chunk >> 13) & 3;
      else if (chunk < 0xc000) /* 3.1.4: 14 of one bit */
        for (int shift = 13; shift >= 0; shift--)
          out->symbols[out->n_symbols++] = (chunk >> shift) & 1;
      else /* 7 of two bits */
        for (int shift = 12; shift >= 0; shift -= 2)
          out->symbols[out->n_symbols++] = (chunk >> shift) & 3;
    }
  out->deltas = at;
}

static void
check_here (Model *model, gint64 index, guint32 time)
{
  gint32 difference;

  g_assert_cmpint (model->arrival[index], >, 0);
  /* Units of 250 µs, modulo what 24 bits of 64 ms can say. */
  difference = (gint32) (time - (guint32) (model->arrival[index] / 250));
  g_assert_cmpint (difference, >=, 0);
  g_assert_cmpint (difference, <=, 1);
  model->told_here[index] = 1;
}

static void
check_report (Model *model, const guint8 *in, gsize length)
{
  static Decoded decoded;
  gint64 index, newest = ORIGIN + model->newest;
  guint32 time;
  gsize at;

  decode (&decoded, in, length);
  g_assert_cmpuint (decoded.count, >, 0);
  g_assert_cmpuint (decoded.number, ==, model->reports % 256);
  model->reports++;
  index = newest - (guint16) ((guint16) newest - decoded.base) - ORIGIN;
  g_assert_cmpint (index, >=, model->first);
  g_assert_cmpint (index + decoded.count - 1, <=, model->newest);
  time = decoded.reference << 8;
  at = decoded.deltas;
  for (guint i = 0; i < decoded.count; i++, index++)
    switch (decoded.symbols[i])
      {
      case 0:
        g_assert_cmpint (model->arrival[index], ==, 0);
        model->told_missing[index] = 1;
        break;
      case 1:
        g_assert_cmpuint (at + 1, <=, length);
        check_here (model, index, time += in[at++]);
        break;
      case 2:
        g_assert_cmpuint (at + 2, <=, length);
        time += (guint32) (gint32) (gint16) (in[at] << 8 | in[at + 1]);
        at += 2;
        check_here (model, index, time);
        break;
      default:
        g_assert_not_reached ();
      }
  g_assert_cmpuint (length - at, <, 4);
  for (; at < length; at++)
    g_assert_cmpuint (in[at], ==, 0);
}

/* Reads all that there is to tell. Returns how many reports it took. */
static guint
drain (Model *model, gsize room)
{
  guint n = 0;
  gsize length;

  do
    {
      g_autofree guint8 *out = g_malloc (room);

      length = hub_rtp_feedback_write (&model->feedback, out, room);
      g_assert_cmpuint (length, <=, room);
      if (length > 0)
        check_report (model, out, length);
    }
  while (length > 0 && ++n < 5000);
  /* Nothing of the window is left out. */
  for (gint64 i = MAX (model->first, model->newest - WINDOW + 1); i <= model->newest && i >= 0; i++)
    if (model->arrival[i] != 0)
      g_assert_cmpuint (model->told_here[i], ==, 1);
    else
      g_assert_cmpuint (model->told_missing[i], ==, 1);
  return n;
}

static void
feed (Model *model, gint64 index, gint64 arrival)
{
  g_assert_cmpint (index, <, N_MODEL);
  model->arrival[index] = arrival;
  if (model->first < 0)
    model->first = index;
  model->first = MIN (model->first, index);
  model->newest = MAX (model->newest, index);
  hub_rtp_feedback_take (&model->feedback, (guint16) (ORIGIN + index), arrival);
}

static void
check_bytes (HubRtpFeedback *feedback, const guint8 *expected, gsize n)
{
  guint8 out[64];

  g_assert_cmpmem (out, hub_rtp_feedback_write (feedback, out, sizeof out), expected, n);
  g_assert_cmpuint (hub_rtp_feedback_write (feedback, out, sizeof out), ==, 0);
}

/* By hand, from the draft's figures. */
static void
test_bytes (void)
{
  static const guint8 first[] = { 0, 10, 0, 4, 0, 0, 5, 0, 0xd4, 0x80, 0, 3, 1, 0, 0, 0 };
  static const guint8 second[] = { 0, 14, 0, 2, 0, 0, 6, 1, 0xd8, 0, 4, 0xff, 0xfe, 0, 0, 0 };
  static const guint8 third[] = { 0, 16, 0, 21, 0, 0, 6, 2, 0, 20, 0xd0, 0, 255, 0, 0, 0 };
  HubRtpFeedback feedback;
  guint8 out[64];

  hub_rtp_feedback_init (&feedback);
  g_assert_cmpuint (hub_rtp_feedback_write (&feedback, out, sizeof out), ==, 0);
  hub_rtp_feedback_take (&feedback, 10, 5 * 64 * MS);
  hub_rtp_feedback_take (&feedback, 11, 5 * 64 * MS + 3 * 250 + 249);
  hub_rtp_feedback_take (&feedback, 13, 5 * 64 * MS + (3 + 256) * 250);
  check_bytes (&feedback, first, sizeof first);
  hub_rtp_feedback_take (&feedback, 14, 6 * 64 * MS + 4 * 250);
  hub_rtp_feedback_take (&feedback, 15, 6 * 64 * MS + 2 * 250);
  check_bytes (&feedback, second, sizeof second);
  hub_rtp_feedback_take (&feedback, 36, 6 * 64 * MS + 255 * 250);
  check_bytes (&feedback, third, sizeof third);
}

typedef struct
{
  guint loss, reorder, step; /* of 100, of 100, microseconds */
  guint pause;               /* of 10,000: over 8 s */
  guint between;             /* packets between two reports */
  gint64 start;
} Pattern;

/* Packets one after another, some lost, some late, with reports between. */
static void
run_pattern (Model *model, const Pattern *pattern)
{
  gint64 now = pattern->start, late[32] = { 0 };
  guint n_late = 0, until = 0;

  for (gint64 index = 40; index < N_MODEL; index++)
    {
      now += 1 + g_rand_int_range (model->rand, 0, (gint32) pattern->step);
      if ((guint) g_rand_int_range (model->rand, 0, 10000) < pattern->pause)
        now += 8200 * MS + g_rand_int_range (model->rand, 0, 30000000);
      if ((guint) g_rand_int_range (model->rand, 0, 100) < pattern->loss)
        continue;
      if (n_late < G_N_ELEMENTS (late)
          && (guint) g_rand_int_range (model->rand, 0, 100) < pattern->reorder)
        late[n_late++] = index;
      else
        feed (model, index, now);
      if (n_late > 0 && g_rand_int_range (model->rand, 0, 8) == 0)
        {
          guint which = g_rand_int (model->rand) % n_late;

          feed (model, late[which], now);
          late[which] = late[--n_late];
        }
      if (until-- == 0)
        {
          until = g_rand_int (model->rand) % pattern->between;
          drain (model, 64 + g_rand_int (model->rand) % (MAX_ROOM - 63));
        }
    }
  drain (model, MAX_ROOM);
}

static void
test_pattern (Model *model, gconstpointer data)
{
  run_pattern (model, data);
}

static void
test_gap (Model *model, gconstpointer data)
{
  /* 32,767 units of 250 µs fit behind each other, and no more. */
  feed (model, 1, 128 * MS);
  feed (model, 3, 128 * MS + 32767 * 250);
  g_assert_cmpuint (drain (model, 64), ==, 1);
  feed (model, 4, 30000 * MS);
  feed (model, 6, 30000 * MS + 32768 * 250 + 64 * MS);
  feed (model, 7, 30000 * MS + 32768 * 250 + 70 * MS);
  g_assert_cmpuint (drain (model, 64), ==, 2);
  /* An hour of silence. */
  feed (model, 8, 3600 * 1000 * MS);
  g_assert_cmpuint (drain (model, 64), ==, 1);
}

/* More than the window between two reports: the oldest are not told. */
static void
test_many (Model *model, gconstpointer data)
{
  for (gint64 i = 0; i < 1500; i++)
    feed (model, i, 1000 * MS + i * 100);
  drain (model, MAX_ROOM);
  for (gint64 i = 0; i < 1500; i++)
    {
      g_assert_cmpuint (model->told_here[i], ==, i >= 1500 - WINDOW);
      g_assert_cmpuint (model->told_missing[i], ==, 0);
    }
  /* A jump beyond it begins anew. */
  feed (model, 1499 + 5000, 2000 * MS);
  model->first = model->newest;
  g_assert_cmpuint (drain (model, MAX_ROOM), ==, 1);
  /* What is older than the window is told no more; what is in it, is. */
  feed (model, 6499 - WINDOW, 2001 * MS);
  model->first = model->newest;
  g_assert_cmpuint (drain (model, MAX_ROOM), ==, 0);
  feed (model, 6499 - WINDOW + 1, 2002 * MS);
  g_assert_cmpuint (drain (model, MAX_ROOM), ==, 1);
}

/* One that comes after it was told as missing is told as late. */
static void
test_late (Model *model, gconstpointer data)
{
  feed (model, 10, 100 * MS);
  feed (model, 12, 110 * MS);
  g_assert_cmpuint (drain (model, 64), ==, 1);
  g_assert_cmpuint (model->told_missing[11], ==, 1);
  feed (model, 11, 300 * MS);
  g_assert_cmpuint (drain (model, 64), ==, 1);
  g_assert_cmpuint (model->told_here[11], ==, 1);
  /* And one before the first. */
  feed (model, 8, 301 * MS);
  g_assert_cmpuint (drain (model, 64), ==, 1);
  g_assert_cmpuint (model->told_missing[9], ==, 1);
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *path;
    Pattern pattern;
  } patterns[] = {
    { "/rtc/feedback/steady", { 0, 0, 2000, 0, 60, 1000 * MS } },
    { "/rtc/feedback/loss", { 30, 0, 4000, 0, 80, 1000 * MS } },
    { "/rtc/feedback/reordering", { 2, 20, 3000, 0, 50, 1000 * MS } },
    { "/rtc/feedback/pauses", { 10, 5, 3000, 200, 100, 1000 * MS } },
    { "/rtc/feedback/bursts", { 10, 5, 20, 5, 900, 1000 * MS } },
    { "/rtc/feedback/sparse", { 97, 0, 2000, 5, 20, 1000 * MS } },
    /* The reference time has 24 bits: it wraps after 12.4 days. */
    { "/rtc/feedback/reference-wrap", { 5, 5, 4000, 5, 60, ((gint64) 1 << 24) * 64 * MS - 9000 } },
  };

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/rtc/feedback/bytes", test_bytes);
  for (guint i = 0; i < G_N_ELEMENTS (patterns); i++)
    g_test_add (patterns[i].path, Model, &patterns[i].pattern, model_up, test_pattern, model_down);
  g_test_add ("/rtc/feedback/gap", Model, NULL, model_up, test_gap, model_down);
  g_test_add ("/rtc/feedback/many", Model, NULL, model_up, test_many, model_down);
  g_test_add ("/rtc/feedback/late", Model, NULL, model_up, test_late, model_down);
  return g_test_run ();
}
