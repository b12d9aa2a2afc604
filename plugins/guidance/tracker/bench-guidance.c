/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Measures how well marks stay on what they were drawn on, in clips whose motion is known. */

/* Each clip has four marks, which arrive 0, 300 or 800 ms after their frame. A frame counts from
 * the mark's arrival on. Wrong is what is shown more than 5 % of the width off, or where there is
 * no such place. */

#include "bench-peer.h"
#include "guidance-clip.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define MARKS 4
#define WRONG 5.0
#define SECOND GUIDANCE_CLIP_RATE
/* So often a frame is kept, as the tracker does; and what is not found within a second. */
#define KEPT_EACH 8
#define NEVER_MS 10000.0

enum
{
  OURS,
  FIXED,
  PLAIN,
  WAYS
};

typedef struct
{
  guint64 frames, seen, shown, wrong[WAYS], hidden, hidden_shown;
  guint returns, found;
  GArray *errors[WAYS], *late;
} Counts;

typedef struct
{
  guint drawn, arrives;
  GuidancePoint at, plain;
  gboolean was_seen, was_shown, ever;
  /* Frames since it went out of sight while it was shown, and whether it still is shown. */
  guint gone, still, out_of_sight, back;
  gboolean waiting, counting;
} Mark;

static Counts *
counts_new (void)
{
  Counts *counts = g_new0 (Counts, 1);

  for (guint i = 0; i < WAYS; i++)
    counts->errors[i] = g_array_new (FALSE, FALSE, sizeof (double));
  counts->late = g_array_new (FALSE, FALSE, sizeof (double));
  return counts;
}

static void
counts_add (Counts *sum, const Counts *one)
{
  sum->frames += one->frames, sum->seen += one->seen, sum->shown += one->shown;
  sum->hidden += one->hidden, sum->hidden_shown += one->hidden_shown;
  sum->returns += one->returns, sum->found += one->found;
  for (guint i = 0; i < WAYS; i++)
    {
      sum->wrong[i] += one->wrong[i];
      g_array_append_vals (sum->errors[i], one->errors[i]->data, one->errors[i]->len);
    }
  g_array_append_vals (sum->late, one->late->data, one->late->len);
}

static void
counts_free (Counts *counts)
{
  for (guint i = 0; i < WAYS; i++)
    g_array_unref (counts->errors[i]);
  g_array_unref (counts->late);
  g_free (counts);
}

static int
compare (gconstpointer a, gconstpointer b)
{
  double x = *(const double *) a, y = *(const double *) b;

  return x < y ? -1 : x > y;
}

static double
part_of (GArray *values, double part)
{
  if (values->len == 0)
    return NAN;
  g_array_sort (values, compare);
  return g_array_index (values, double, (guint) (part * (values->len - 1) + 0.5));
}

static double
percent (double part, double whole)
{
  return whole > 0 ? 100 * part / whole : NAN;
}

static double
cpu_ms (void)
{
  struct timespec now;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &now);
  return (double) now.tv_sec * 1e3 + (double) now.tv_nsec / 1e6;
}

/* In percent of the width. */
static double
off (const GuidancePoint *a, const GuidancePoint *b)
{
  return 100 * hypot (a->x - b->x, (a->y - b->y) * GUIDANCE_CLIP_HEIGHT / GUIDANCE_CLIP_WIDTH);
}

static void
count_way (Counts *counts, guint way, double error, gboolean seen)
{
  if (seen)
    g_array_append_val (counts->errors[way], error);
  if (!(error <= WRONG))
    counts->wrong[way]++;
}

/* How long it stays after it went out of sight, where that lasts for 200 ms at least; and whether
 * it is there within a second after it is back, where that lasts as long. */
static void
count_events (Counts *counts, Mark *mark, gboolean seen, gboolean shown)
{
  if (!seen && mark->was_seen && mark->was_shown)
    {
      mark->counting = TRUE;
      mark->gone = mark->still = 0;
    }
  if (mark->counting && !seen)
    {
      if (shown && mark->still == mark->gone)
        mark->still++;
      mark->gone++;
    }
  if (mark->counting && (seen || mark->gone > 2 * SECOND))
    {
      double late = mark->still * 1000.0 / SECOND;
      if (mark->gone >= SECOND / 5)
        g_array_append_val (counts->late, late);
      mark->counting = FALSE;
    }
  if (!seen)
    {
      mark->out_of_sight++;
      mark->waiting = FALSE;
    }
  else if (!mark->was_seen && mark->out_of_sight >= SECOND / 3 && mark->ever)
    {
      mark->waiting = TRUE;
      mark->back = 0;
    }
  if (mark->waiting && (shown || ++mark->back >= SECOND))
    {
      counts->returns++;
      counts->found += shown;
      mark->waiting = FALSE;
    }
  if (seen)
    mark->out_of_sight = 0;
  mark->was_seen = seen;
  mark->was_shown = shown;
  mark->ever |= shown;
}

static void
count_frame (Counts *counts, GuidanceClip *clip, Mark *mark, const GuidanceVisionMark *now, guint n)
{
  GuidancePoint where;
  gboolean seen = guidance_clip_find (clip, mark->drawn, &mark->at, n, &where);
  gboolean shown = now->state == GUIDANCE_VISION_SHOWN;

  counts->frames++;
  counts->seen += seen;
  counts->shown += seen && shown;
  if (shown)
    count_way (counts, OURS, off (&now->at, &where), seen);
  count_way (counts, FIXED, off (&mark->at, &where), seen);
  count_way (counts, PLAIN, off (&mark->plain, &where), seen);
  count_events (counts, mark, seen, shown);
  if (!seen && mark->out_of_sight > SECOND / 5)
    {
      counts->hidden++;
      counts->hidden_shown += shown;
    }
}

/* Anywhere that is to be seen, but at the edge. */
static void
choose (GuidanceClip *clip, GRand *rand, guint i, Mark *mark)
{
  static const guint delays[] = { 0, 9, 24 };
  GuidancePoint there;

  do
    {
      mark->drawn = (guint) g_rand_int_range (rand, 3, 36);
      mark->at.x = g_rand_double_range (rand, 0.15, 0.85);
      mark->at.y = g_rand_double_range (rand, 0.18, 0.82);
    }
  while (!guidance_clip_find (clip, mark->drawn, &mark->at, mark->drawn, &there));
  mark->arrives = mark->drawn + delays[i % G_N_ELEMENTS (delays)];
  mark->plain = mark->at;
}

/* Returns: FALSE where there is no such clip */
static gboolean
measure_clip (GuidanceClipKind kind, guint32 seed, Counts *counts)
{
  g_autoptr (GuidanceClip) clip = guidance_clip_new (kind, seed);
  g_autoptr (GuidanceVision) vision = guidance_vision_new ();
  g_autoptr (GRand) rand = g_rand_new_with_seed (seed * 977 + kind);
  g_autofree guint8 *before = g_malloc0 (GUIDANCE_CLIP_WIDTH * GUIDANCE_CLIP_HEIGHT);
  Mark marks[MARKS] = { 0 };
  GuidanceVisionMark now[MARKS];

  if (clip == NULL)
    return FALSE;
  for (guint i = 0; i < MARKS; i++)
    choose (clip, rand, i + seed, &marks[i]);
  for (guint n = 0; n < GUIDANCE_CLIP_FRAMES; n++)
    {
      const guint8 *frame = guidance_clip_get_frame (clip, n);
      for (guint i = 0; i < MARKS; i++)
        if (n > marks[i].drawn)
          bench_peer_follow (before, frame, GUIDANCE_CLIP_WIDTH, GUIDANCE_CLIP_HEIGHT,
                             &marks[i].plain, 1);
      memcpy (before, frame, GUIDANCE_CLIP_WIDTH * GUIDANCE_CLIP_HEIGHT);
      if (guidance_vision_push (vision, frame, GUIDANCE_CLIP_WIDTH, GUIDANCE_CLIP_HEIGHT,
                                GUIDANCE_CLIP_WIDTH, guidance_clip_get_time (clip, n))
          != GUIDANCE_VISION_TAKEN)
        g_error ("a frame is refused");
      guint here = guidance_vision_get (vision, now, MARKS);
      for (guint k = 0; k < here; k++)
        count_frame (counts, clip, &marks[now[k].id], &now[k], n);
      for (guint i = 0; i < MARKS; i++)
        if (marks[i].arrives == n
            && guidance_vision_add (vision, i, guidance_clip_get_time (clip, marks[i].drawn),
                                    &marks[i].at, 1)
                   != GUIDANCE_VISION_TAKEN)
          g_error ("a mark is refused");
    }
  return TRUE;
}

/* Trackers that die: another one is given what was kept of the marks. */

typedef struct
{
  guint64 frames, wrong;
  GArray *late; /* ms, of what was shown at the end, and is in sight until it is shown again */
  guint others; /* that are shown again: they were not at the end */
} Kills;

/* The place of the mark at the frame @n. */
static void
count_kept (Kills *kills, GuidanceClip *clip, Mark *mark, const GuidanceVisionMark *now, guint n)
{
  GuidancePoint where;
  gboolean seen = guidance_clip_find (clip, mark->drawn, &mark->at, n, &where);
  gboolean shown = now->state == GUIDANCE_VISION_SHOWN;
  double late = mark->back * 1000.0 / SECOND;

  kills->frames++;
  if (shown && !(off (&now->at, &where) <= WRONG))
    kills->wrong++;
  if (!mark->waiting)
    return;
  mark->back++;
  mark->waiting = seen && !shown && mark->back < SECOND;
  if (!mark->was_shown)
    kills->others += shown;
  else if (shown || mark->back == SECOND)
    {
      late = shown ? late : NEVER_MS;
      g_array_append_val (kills->late, late);
    }
}

/* What is kept of a mark. */
typedef struct
{
  guint8 drawn[GUIDANCE_VISION_SIDE * GUIDANCE_VISION_SIDE];
  guint8 seen[GUIDANCE_VISION_SIDE * GUIDANCE_VISION_SIDE];
  double matrix[9];
  guint followed; /* the frame; 0 for none */
  guint width, height;
} Kept;

/* The marks of a clip are followed to a frame. */
static void
follow_clip (GuidanceClip *clip, guint died, Mark *marks, Kept *kept)
{
  g_autoptr (GuidanceVision) vision = guidance_vision_new ();
  GuidanceVisionMark now[MARKS];

  for (guint n = 0; n < died; n++)
    {
      guidance_vision_push (vision, guidance_clip_get_frame (clip, n), GUIDANCE_CLIP_WIDTH,
                            GUIDANCE_CLIP_HEIGHT, GUIDANCE_CLIP_WIDTH,
                            guidance_clip_get_time (clip, n));
      guint here = guidance_vision_get (vision, now, MARKS);
      for (guint k = 0; k < here; k++)
        marks[now[k].id].was_shown = now[k].state == GUIDANCE_VISION_SHOWN;
      for (guint i = 0; i < MARKS; i++)
        {
          Kept *one = &kept[i];

          if (marks[i].arrives == n)
            {
              guidance_vision_add (vision, i, guidance_clip_get_time (clip, marks[i].drawn),
                                   &marks[i].at, 1);
              guidance_vision_copy_drawn (vision, i, one->drawn, &one->width, &one->height);
            }
          if (n % KEPT_EACH == 0
              && guidance_vision_copy_seen (vision, i, one->seen, &one->width, &one->height,
                                            one->matrix))
            one->followed = n;
        }
    }
}

/* A tracker dies at a frame of a clip; half a second later there is another one. */
static void
measure_kill (GuidanceClipKind kind, guint32 seed, guint died, Kills *kills)
{
  g_autoptr (GuidanceClip) clip = guidance_clip_new (kind, seed);
  g_autoptr (GuidanceVision) vision = guidance_vision_new ();
  g_autoptr (GRand) rand = g_rand_new_with_seed (seed * 977 + kind);
  g_autofree Kept *kept = g_new0 (Kept, MARKS);
  Mark marks[MARKS] = { 0 };
  GuidanceVisionMark now[MARKS];

  for (guint i = 0; i < MARKS; i++)
    choose (clip, rand, i + seed, &marks[i]);
  follow_clip (clip, died, marks, kept);
  for (guint i = 0; i < MARKS; i++)
    {
      marks[i].waiting = TRUE;
      if (guidance_vision_add_kept (vision, i, kept[i].drawn, kept[i].width, kept[i].height,
                                    kept[i].width, &marks[i].at, 1)
          != GUIDANCE_VISION_TAKEN)
        g_error ("a mark is refused");
      if (kept[i].followed > 0)
        guidance_vision_add_seen (vision, i, kept[i].seen, kept[i].width, kept[i].height,
                                  kept[i].width, kept[i].matrix, kept[i].followed);
    }
  died += SECOND / 2;
  for (guint n = died; n < MIN (died + 3 * SECOND, GUIDANCE_CLIP_FRAMES); n++)
    {
      guidance_vision_push (vision, guidance_clip_get_frame (clip, n), GUIDANCE_CLIP_WIDTH,
                            GUIDANCE_CLIP_HEIGHT, GUIDANCE_CLIP_WIDTH,
                            guidance_clip_get_time (clip, n));
      guint here = guidance_vision_get (vision, now, MARKS);
      for (guint k = 0; k < here; k++)
        count_kept (kills, clip, &marks[now[k].id], &now[k], n);
    }
}

/* CPU time of a frame with so many marks, each drawn on another one. */
static double
measure_time (guint n_marks, guint32 seed, GArray *times)
{
  static const GuidanceClipKind kinds[] = { GUIDANCE_CLIP_PAN, GUIDANCE_CLIP_MIX };
  double sum = 0;

  for (guint k = 0; k < G_N_ELEMENTS (kinds); k++)
    {
      g_autoptr (GuidanceClip) clip = guidance_clip_new (kinds[k], seed);
      g_autoptr (GuidanceVision) vision = guidance_vision_new ();
      for (guint n = 0; n < GUIDANCE_CLIP_FRAMES; n++)
        {
          const guint8 *frame = guidance_clip_get_frame (clip, n);
          double begin = cpu_ms (), took;
          GuidancePoint at = { 0.2 + 0.6 * (n % 4) / 3.0, 0.3 + 0.4 * (n % 3) / 2.0 };
          guidance_vision_push (vision, frame, GUIDANCE_CLIP_WIDTH, GUIDANCE_CLIP_HEIGHT,
                                GUIDANCE_CLIP_WIDTH, guidance_clip_get_time (clip, n));
          took = cpu_ms () - begin;
          if (n >= 2 && n < 2 + n_marks)
            guidance_vision_add (vision, n, guidance_clip_get_time (clip, n), &at, 1);
          if (n > 2 + n_marks)
            {
              g_array_append_val (times, took);
              sum += took;
            }
        }
    }
  return sum / times->len;
}

static void
tell (const char *name, double value, const char *unit, const char *peer, double peer_value,
      guint64 n, const char *note)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];

  if (!isfinite (value))
    return;
  fprintf (stdout, "{\"name\": \"%s\", \"value\": %s, \"unit\": \"%s\"", name,
           g_ascii_formatd (text, sizeof text, "%.4f", value), unit);
  if (peer != NULL && isfinite (peer_value))
    fprintf (stdout, ", \"peer\": \"%s\", \"peer_value\": %s", peer,
             g_ascii_formatd (text, sizeof text, "%.4f", peer_value));
  fprintf (stdout, ", \"n\": %" G_GUINT64_FORMAT ", \"note\": \"%s\"}\n", n, note);
  fflush (stdout);
}

static void
tell_row (const char *name, Counts *c)
{
  fprintf (stderr,
           "%-12s %7.2f %7.2f %7.2f %8.2f %8.2f %9.2f %6u %7.0f %7.0f %5u/%-5u %8.1f %8.1f\n", name,
           part_of (c->errors[OURS], 0.5), part_of (c->errors[OURS], 0.95),
           percent (c->shown, c->seen), percent (c->wrong[OURS], c->frames),
           percent (c->hidden_shown, c->hidden), part_of (c->late, 0.95), c->late->len,
           part_of (c->late, 1), part_of (c->late, 0.5), c->found, c->returns,
           percent (c->wrong[FIXED], c->frames), percent (c->wrong[PLAIN], c->frames));
}

/* The two parts of the clips: those in which something lies over the scene or the light flickers.
 */
static gboolean
is_hard (GuidanceClipKind kind)
{
  return kind == GUIDANCE_CLIP_TOOL || kind == GUIDANCE_CLIP_MIX || kind == GUIDANCE_CLIP_HAND
         || kind == GUIDANCE_CLIP_COVER || kind == GUIDANCE_CLIP_FLICKER;
}

/* Of these there are more, since they have the events. */
static gboolean
is_away (GuidanceClipKind kind)
{
  return kind == GUIDANCE_CLIP_COVER || kind == GUIDANCE_CLIP_CUT || kind == GUIDANCE_CLIP_LEAVE
         || kind == GUIDANCE_CLIP_HAND;
}

static void
tell_all (Counts *all, Counts *plain, Counts *hard, double worst, double worst_peer,
          const char *worst_name, guint64 worst_n, const char *seeds)
{
  g_autofree char *note = g_strdup_printf ("of the width while shown; %s", seeds);
  g_autofree char *fixed = g_strdup_printf ("%s; plain Lucas-Kanade: median %.2f, p95 %.2f", note,
                                            part_of (all->errors[PLAIN], 0.5),
                                            part_of (all->errors[PLAIN], 0.95));
  g_autofree char *worst_note = g_strdup_printf ("the worst kind of clip, %s; %.3f of all; %s",
                                                 worst_name,
                                                 percent (all->wrong[OURS], all->frames), seeds);

  tell ("guidance.error_median_pct", part_of (all->errors[OURS], 0.5), "%", "fixed on the screen",
        part_of (all->errors[FIXED], 0.5), all->errors[OURS]->len, fixed);
  tell ("guidance.error_p95_pct", part_of (all->errors[OURS], 0.95), "%", "plain Lucas-Kanade",
        part_of (all->errors[PLAIN], 0.95), all->errors[OURS]->len, note);
  tell ("guidance.wrong_shown_pct", worst, "%", "plain Lucas-Kanade", worst_peer, worst_n,
        worst_note);
  tell ("guidance.shown_pct", percent (plain->shown, plain->seen), "%", NULL, 0, plain->seen,
        "of the frames in which it is to be seen; nothing lies over the scene, no flicker");
  tell ("guidance.shown_hard_pct", percent (hard->shown, hard->seen), "%", NULL, 0, hard->seen,
        "the same beside tools, hands and covers, and under flicker");
  tell ("guidance.lost_declared_p95_ms", part_of (all->late, 0.95), "ms", NULL, 0, all->late->len,
        "after it is out of sight, for 200 ms at least");
  tell ("guidance.refound_pct", percent (all->found, all->returns), "%", NULL, 0, all->returns,
        "within a second after it is back in sight, for as long");
}

static void
tell_kills (guint32 first, guint seeds, gboolean table, const char *note)
{
  static const GuidanceClipKind kinds[] = { GUIDANCE_CLIP_PAN, GUIDANCE_CLIP_SHAKE,
                                            GUIDANCE_CLIP_ZOOM, GUIDANCE_CLIP_TOOL };
  g_autoptr (GArray) late = g_array_new (FALSE, FALSE, sizeof (double));
  guint64 frames = 0, wrong = 0;

  for (guint k = 0; k < G_N_ELEMENTS (kinds); k++)
    {
      Kills kills = { .late = g_array_new (FALSE, FALSE, sizeof (double)) };

      /* Each at another frame. */
      for (guint i = 0; i < seeds; i++)
        measure_kill (kinds[k], first + i, 60 + i * 37 % 120, &kills);
      if (table)
        fprintf (stderr, "killed, %-12s %7.0f %7.0f ms, n = %u, and %u more; wrong %.2f %%\n",
                 guidance_clip_get_name (kinds[k]), part_of (kills.late, 0.5),
                 part_of (kills.late, 0.95), kills.late->len, kills.others,
                 percent (kills.wrong, kills.frames));
      g_array_append_vals (late, kills.late->data, kills.late->len);
      frames += kills.frames;
      wrong += kills.wrong;
      g_array_unref (kills.late);
    }
  tell ("guidance.kept_found_p95_ms", part_of (late, 0.95), "ms", NULL, 0, late->len, note);
  tell ("guidance.kept_wrong_pct", percent (wrong, frames), "%", NULL, 0, frames, note);
}

static void
tell_times (guint32 seed)
{
  static const guint n_marks[] = { 1, 8 };

  for (guint i = 0; i < G_N_ELEMENTS (n_marks); i++)
    {
      g_autoptr (GArray) times = g_array_new (FALSE, FALSE, sizeof (double));
      double mean = measure_time (n_marks[i], seed, times);
      g_autofree char *name = g_strdup_printf ("guidance.track_ms_per_frame.%u", n_marks[i]);
      g_autofree char *note = g_strdup_printf (
          "CPU time; p95 %.1f, longest %.1f ms; 320x180, %u mark%s", part_of (times, 0.95),
          part_of (times, 1), n_marks[i], n_marks[i] == 1 ? "" : "s");
      tell (name, mean, "ms", NULL, 0, times->len, note);
    }
}

int
main (int argc, char **argv)
{
  int first = 1001, seeds = 0;
  gboolean table = FALSE, long_run = FALSE, killed = FALSE;
  g_autofree char *only = NULL, *said = NULL;
  const GOptionEntry entries[] = {
    { "seed", 0, 0, G_OPTION_ARG_INT, &first, "The first seed", "N" },
    { "seeds", 0, 0, G_OPTION_ARG_INT, &seeds, "How many clips of a kind", "N" },
    { "kind", 0, 0, G_OPTION_ARG_STRING, &only, "Clips of this kind alone", "NAME" },
    { "table", 0, 0, G_OPTION_ARG_NONE, &table, "A row a kind, on standard error", NULL },
    { "killed", 0, 0, G_OPTION_ARG_NONE, &killed, "Trackers that die alone", NULL },
    { "long", 0, 0, G_OPTION_ARG_NONE, &long_run, "Four times as many clips", NULL },
    { NULL, 0, 0, 0, NULL, NULL, NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;
  Counts *all = counts_new (), *plain = counts_new (), *hard = counts_new ();
  double worst = -1, worst_peer = 0;
  const char *worst_name = "";
  guint64 worst_n = 0;

  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    {
      fprintf (stderr, "%s\n", error->message);
      return 2;
    }
  seeds = seeds > 0 ? seeds : long_run ? 20 : 5;
  said = g_strdup_printf ("seeds from %d on, %d of a kind", first, seeds);
  if (killed)
    {
      tell_kills ((guint32) first, (guint) seeds, table, said);
      return 0;
    }
  if (table)
    fprintf (stderr, "%-12s %7s %7s %7s %8s %8s %9s %6s %7s %7s %11s %8s %8s\n", "kind", "median",
             "p95", "shown%", "wrong%", "covered%", "lost p95", "n", "max", "median", "found",
             "fixed w%", "LK w%");
  for (guint kind = 0; kind < GUIDANCE_CLIP_KINDS; kind++)
    {
      Counts *counts = counts_new ();
      if (only == NULL || g_strcmp0 (only, guidance_clip_get_name (kind)) == 0)
        for (int i = 0; i < (is_away (kind) ? seeds * 5 / 3 : seeds); i++)
          if (!measure_clip (kind, (guint32) (first + i), counts))
            fprintf (stderr, "there is no codec for %s\n", guidance_clip_get_name (kind));
      double wrong = percent (counts->wrong[OURS], counts->frames);
      if (wrong > worst)
        {
          worst = wrong, worst_n = counts->frames;
          worst_peer = percent (counts->wrong[PLAIN], counts->frames);
          worst_name = guidance_clip_get_name (kind);
        }
      if (table && counts->frames > 0)
        tell_row (guidance_clip_get_name (kind), counts);
      counts_add (all, counts);
      counts_add (is_hard (kind) ? hard : plain, counts);
      counts_free (counts);
    }
  if (table)
    tell_row ("all", all);
  tell_all (all, plain, hard, worst, worst_peer, worst_name, worst_n, said);
  if (only == NULL)
    tell_kills ((guint32) first, (guint) seeds, table, said);
  tell_times ((guint32) first);
  counts_free (all);
  counts_free (plain);
  counts_free (hard);
  return 0;
}
