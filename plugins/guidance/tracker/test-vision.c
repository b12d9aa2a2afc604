/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests that marks stay on what they were drawn on, are lost in time, and that nothing breaks it.
 */
#include "guidance-clip.h"

#include <math.h>
#include <string.h>

#define WIDTH GUIDANCE_CLIP_WIDTH
#define HEIGHT GUIDANCE_CLIP_HEIGHT

typedef struct
{
  guint shown, seen, wrong;
  double worst;
  gboolean is_shown, is_seen;
} Score;

static GuidanceVisionStatus
push (GuidanceVision *vision, GuidanceClip *clip, guint n)
{
  return guidance_vision_push (vision, guidance_clip_get_frame (clip, n), WIDTH, HEIGHT, WIDTH,
                               guidance_clip_get_time (clip, n));
}

static GuidanceVisionStatus
add (GuidanceVision *vision, guint64 id, gint64 time, double x, double y)
{
  const GuidancePoint at = { x, y };

  return guidance_vision_add (vision, id, time, &at, 1);
}

/* In percent of the width. */
static double
off (const GuidancePoint *a, const GuidancePoint *b)
{
  return 100 * hypot (a->x - b->x, (a->y - b->y) * HEIGHT / WIDTH);
}

/* How the only mark stands, which was drawn at @at on frame @drawn. */
static void
look (GuidanceVision *vision, GuidanceClip *clip, guint drawn, const GuidancePoint *at, guint n,
      Score *score)
{
  GuidanceVisionMark mark;
  GuidancePoint where;

  g_assert_cmpuint (guidance_vision_get (vision, &mark, 1), ==, 1);
  score->is_seen = guidance_clip_find (clip, drawn, at, n, &where);
  score->is_shown = mark.state == GUIDANCE_VISION_SHOWN;
  score->seen += score->is_seen;
  score->shown += score->is_seen && score->is_shown;
  if (!score->is_shown)
    {
      g_assert_true (isnan (mark.at.x) && isnan (mark.at.y));
      g_assert_cmpfloat (mark.confidence, ==, 0);
      return;
    }
  g_assert_cmpfloat (mark.confidence, >, 0);
  g_assert_cmpfloat (mark.confidence, <=, 1);
  if (!(off (&mark.at, &where) <= 5))
    score->wrong++;
  else
    score->worst = MAX (score->worst, off (&mark.at, &where));
}

static void
test_motion (gconstpointer data)
{
  GuidanceClipKind kind = (GuidanceClipKind) GPOINTER_TO_UINT (data);
  g_autoptr (GuidanceClip) clip = guidance_clip_new (kind, 21);
  g_autoptr (GuidanceVision) vision = guidance_vision_new ();
  const GuidancePoint at = { 0.45, 0.55 };
  Score score = { 0 };

  for (guint n = 0; n < 50; n++)
    {
      g_assert_cmpint (push (vision, clip, n), ==, GUIDANCE_VISION_TAKEN);
      if (n > 4)
        look (vision, clip, 4, &at, n, &score);
      if (n == 4)
        g_assert_cmpint (guidance_vision_add (vision, 9, guidance_clip_get_time (clip, n), &at, 1),
                         ==, GUIDANCE_VISION_TAKEN);
    }
  g_assert_cmpuint (score.wrong, ==, 0);
  g_assert_cmpuint (score.seen, >=, 40);
  g_assert_cmpuint (score.shown * 100, >=, score.seen * 95);
  g_assert_cmpfloat (score.worst, <, 0.5);
}

/* Where it arrives 800 ms after its frame, it is caught up within some frames. */
static void
test_late (void)
{
  g_autoptr (GuidanceClip) clip = guidance_clip_new (GUIDANCE_CLIP_PAN, 22);
  g_autoptr (GuidanceVision) vision = guidance_vision_new ();
  const GuidancePoint at = { 0.5, 0.5 };
  Score score = { 0 };

  for (guint n = 0; n < 45; n++)
    {
      g_assert_cmpint (push (vision, clip, n), ==, GUIDANCE_VISION_TAKEN);
      if (n > 30)
        look (vision, clip, 6, &at, n, &score);
      if (n > 40)
        g_assert_true (score.is_shown);
      if (n == 30)
        g_assert_cmpint (guidance_vision_add (vision, 1, guidance_clip_get_time (clip, 6), &at, 1),
                         ==, GUIDANCE_VISION_TAKEN);
    }
  g_assert_cmpuint (score.wrong, ==, 0);
  g_assert_cmpfloat (score.worst, <, 1);
}

/* Lost within 200 ms of being out of sight, and back within a second; never wrong. */
static void
test_away (gconstpointer data)
{
  GuidanceClipKind kind = (GuidanceClipKind) GPOINTER_TO_UINT (data);
  g_autoptr (GuidanceClip) clip = guidance_clip_new (kind, 23);
  g_autoptr (GuidanceVision) vision = guidance_vision_new ();
  const GuidancePoint at = { 0.5, 0.5 };
  Score score = { 0 };
  guint hidden = 0, back = 0;

  for (guint n = 20; n < GUIDANCE_CLIP_FRAMES && back < 30; n++)
    {
      g_assert_cmpint (push (vision, clip, n), ==, GUIDANCE_VISION_TAKEN);
      if (n > 20)
        look (vision, clip, 20, &at, n, &score);
      else
        g_assert_cmpint (guidance_vision_add (vision, 1, guidance_clip_get_time (clip, n), &at, 1),
                         ==, GUIDANCE_VISION_TAKEN);
      if (n > 20 && !score.is_seen)
        {
          hidden++;
          g_assert_true (hidden <= 6 || !score.is_shown);
        }
      else if (hidden > 6)
        back++;
    }
  g_assert_cmpuint (hidden, >, 6);
  g_assert_cmpuint (back, ==, 30);
  g_assert_true (score.is_shown);
  g_assert_cmpuint (score.wrong, ==, 0);
}

/* A mark that was drawn close to a tool does not go with it. */
static void
test_tool (void)
{
  g_autoptr (GuidanceClip) clip = guidance_clip_new (GUIDANCE_CLIP_TOOL, 2);
  g_autoptr (GuidanceVision) vision = guidance_vision_new ();
  const GuidancePoint at = { 0.488, 0.262 };
  Score score = { 0 };

  for (guint n = 35; n < 245; n++)
    {
      g_assert_cmpint (push (vision, clip, n), ==, GUIDANCE_VISION_TAKEN);
      if (n > 35)
        look (vision, clip, 35, &at, n, &score);
      else
        g_assert_cmpint (guidance_vision_add (vision, 1, guidance_clip_get_time (clip, n), &at, 1),
                         ==, GUIDANCE_VISION_TAKEN);
    }
  g_assert_cmpuint (score.shown, >, 0);
  g_assert_cmpuint (score.wrong, ==, 0);
}

static void
test_refusals (void)
{
  g_autoptr (GuidanceVision) vision = guidance_vision_new ();
  g_autofree guint8 *grey = g_malloc0 (64 * 48);
  GuidancePoint many[GUIDANCE_VISION_POINTS + 1] = { 0 };
  const double bad[] = { -0.01, 1.01, NAN, INFINITY, -INFINITY };

  g_assert_cmpint (add (vision, 1, 0, 0.5, 0.5), ==, GUIDANCE_VISION_NO_FRAME);
  for (guint n = 0; n < 60; n++)
    g_assert_cmpint (guidance_vision_push (vision, grey, 64, 48, 64, n * 200000), ==,
                     GUIDANCE_VISION_TAKEN);
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_assert_cmpint (add (vision, 1, 11800000, bad[i], 0.5), ==, GUIDANCE_VISION_BAD_POINT);
      g_assert_cmpint (add (vision, 1, 11800000, 0.5, bad[i]), ==, GUIDANCE_VISION_BAD_POINT);
    }
  g_assert_cmpint (guidance_vision_add (vision, 1, 11800000, many, 0), ==,
                   GUIDANCE_VISION_BAD_COUNT);
  g_assert_cmpint (guidance_vision_add (vision, 1, 11800000, many, G_N_ELEMENTS (many)), ==,
                   GUIDANCE_VISION_BAD_COUNT);
  g_assert_cmpint (add (vision, 1, 11700000, 0.5, 0.5), ==, GUIDANCE_VISION_NO_FRAME);
  g_assert_cmpint (add (vision, 1, 12000000, 0.5, 0.5), ==, GUIDANCE_VISION_NO_FRAME);
  g_assert_cmpint (add (vision, 1, 1600000, 0.5, 0.5), ==, GUIDANCE_VISION_TOO_OLD);
  g_assert_cmpint (add (vision, 1, G_MININT64, 0.5, 0.5), ==, GUIDANCE_VISION_TOO_OLD);
  g_assert_cmpint (add (vision, 1, G_MAXINT64, 0.5, 0.5), ==, GUIDANCE_VISION_NO_FRAME);
  for (guint64 id = 0; id < GUIDANCE_VISION_MARKS; id++)
    g_assert_cmpint (add (vision, id, 11800000 + (gint64) id % 3 - 1, 0.5, 0.5), ==,
                     GUIDANCE_VISION_TAKEN);
  g_assert_cmpint (add (vision, 3, 11800000, 0.5, 0.5), ==, GUIDANCE_VISION_MARK_EXISTS);
  g_assert_cmpint (add (vision, 64, 11800000, 0.5, 0.5), ==, GUIDANCE_VISION_MARKS_FULL);
  g_assert_true (guidance_vision_remove (vision, 3));
  g_assert_false (guidance_vision_remove (vision, 3));
  g_assert_cmpint (add (vision, 64, 11800000, 1, 0), ==, GUIDANCE_VISION_TAKEN);
  guidance_vision_clear (vision);
  g_assert_cmpint (add (vision, 1, 11800000, 0.5, 0.5), ==, GUIDANCE_VISION_NO_FRAME);
}

/* What is no frame is refused, and what was there stays. */
static void
test_bad_frames (void)
{
  g_autoptr (GuidanceVision) vision = guidance_vision_new ();
  g_autofree guint8 *grey = g_malloc0 (2000 * 64);

  g_assert_cmpint (guidance_vision_push (vision, grey, 1, 1, 1, 0), ==, GUIDANCE_VISION_BAD_SIZE);
  g_assert_cmpint (guidance_vision_push (vision, grey, 0, 0, 0, 0), ==, GUIDANCE_VISION_BAD_SIZE);
  g_assert_cmpint (guidance_vision_push (vision, grey, 31, 320, 31, 0), ==,
                   GUIDANCE_VISION_BAD_SIZE);
  g_assert_cmpint (guidance_vision_push (vision, grey, 1921, 64, 1921, 0), ==,
                   GUIDANCE_VISION_BAD_SIZE);
  g_assert_cmpint (guidance_vision_push (vision, grey, G_MAXUINT, G_MAXUINT, G_MAXSIZE, 0), ==,
                   GUIDANCE_VISION_BAD_SIZE);
  g_assert_cmpint (guidance_vision_push (vision, grey, 64, 48, 63, 0), ==,
                   GUIDANCE_VISION_BAD_SIZE);
  g_assert_cmpint (guidance_vision_push (vision, grey, 64, 48, 64, 5000), ==,
                   GUIDANCE_VISION_TAKEN);
  g_assert_cmpint (guidance_vision_push (vision, grey, 64, 48, 64, 5000), ==,
                   GUIDANCE_VISION_BAD_TIME);
  g_assert_cmpint (guidance_vision_push (vision, grey, 64, 48, 64, 4999), ==,
                   GUIDANCE_VISION_BAD_TIME);
  g_assert_cmpint (add (vision, 1, 5000, 0.5, 0.5), ==, GUIDANCE_VISION_TAKEN);
  g_assert_cmpint (guidance_vision_push (vision, grey, 1920, 32, 2000, 6000), ==,
                   GUIDANCE_VISION_TAKEN);
  g_assert_cmpint (guidance_vision_push (vision, grey, 32, 32, 32, G_MAXINT64), ==,
                   GUIDANCE_VISION_TAKEN);
}

/* Flat, black, white and random pictures: a mark on them is never shown but on its own frame. */
static void
test_nothing_there (void)
{
  g_autoptr (GuidanceVision) vision = guidance_vision_new ();
  g_autoptr (GRand) rand = g_rand_new_with_seed (5);
  g_autofree guint8 *grey = g_malloc0 (WIDTH * HEIGHT);
  GuidanceVisionMark marks[3];

  for (guint n = 0; n < 24; n++)
    {
      memset (grey, n < 8 ? 128 : n % 2 == 0 ? 255 : 0, WIDTH * HEIGHT);
      for (guint i = 0; n >= 16 && i < WIDTH * HEIGHT; i++)
        grey[i] = (guint8) g_rand_int (rand);
      g_assert_cmpint (guidance_vision_push (vision, grey, WIDTH, HEIGHT, WIDTH, n * 33000), ==,
                       GUIDANCE_VISION_TAKEN);
      guint here = guidance_vision_get (vision, marks, G_N_ELEMENTS (marks));
      for (guint i = 0; i < here; i++)
        g_assert_cmpint (marks[i].state, ==, GUIDANCE_VISION_LOST);
      if (n % 8 == 0)
        g_assert_cmpint (add (vision, n, n * 33000, 0.3, 0.6), ==, GUIDANCE_VISION_TAKEN);
    }
}

/* Frames twice as large, half as large, and from the one to the other. */
static void
test_sizes (void)
{
  static const guint widths[] = { 640, 160 };
  g_autofree guint8 *grey = g_malloc0 (640 * 360);
  const GuidancePoint at = { 0.45, 0.55 };

  for (guint k = 0; k < G_N_ELEMENTS (widths); k++)
    {
      g_autoptr (GuidanceClip) clip = guidance_clip_new (GUIDANCE_CLIP_PAN, 24);
      g_autoptr (GuidanceVision) vision = guidance_vision_new ();
      Score score = { 0 };
      for (guint n = 0; n < 40; n++)
        {
          guint width = n < 30 ? widths[k] : WIDTH, height = width * 9 / 16;
          const guint8 *frame = guidance_clip_get_frame (clip, n);
          for (guint y = 0; y < height; y++)
            for (guint x = 0; x < width; x++)
              grey[y * width + x] = frame[y * HEIGHT / height * WIDTH + x * WIDTH / width];
          g_assert_cmpint (guidance_vision_push (vision, grey, width, height, width,
                                                 guidance_clip_get_time (clip, n)),
                           ==, GUIDANCE_VISION_TAKEN);
          if (n > 2)
            look (vision, clip, 2, &at, n, &score);
          if (n == 2)
            g_assert_cmpint (
                guidance_vision_add (vision, 1, guidance_clip_get_time (clip, n), &at, 1), ==,
                GUIDANCE_VISION_TAKEN);
          if (n == 29)
            g_assert_cmpuint (score.shown, >=, 24);
        }
      g_assert_cmpuint (score.wrong, ==, 0);
      g_assert_cmpfloat (score.worst, <, 1);
    }
}

/* A line's points go where its first one goes, by the matrix. */
static void
test_shape (void)
{
  g_autoptr (GuidanceClip) clip = guidance_clip_new (GUIDANCE_CLIP_ROLL, 25);
  g_autoptr (GuidanceVision) vision = guidance_vision_new ();
  const GuidancePoint line[] = { { 0.4, 0.4 }, { 0.45, 0.5 }, { 0.5, 0.6 }, { 0.6, 0.6 } };
  GuidanceVisionMark mark;
  guint shown = 0;

  for (guint n = 0; n < 30; n++)
    {
      g_assert_cmpint (push (vision, clip, n), ==, GUIDANCE_VISION_TAKEN);
      if (n == 0)
        g_assert_cmpint (guidance_vision_add (vision, 1, 0, line, G_N_ELEMENTS (line)), ==,
                         GUIDANCE_VISION_TAKEN);
      guidance_vision_get (vision, &mark, 1);
      for (guint i = 0; n > 0 && i < G_N_ELEMENTS (line); i++)
        {
          GuidancePoint where, now;
          guidance_clip_find (clip, 0, &line[i], n, &where);
          if (!guidance_vision_warp (&mark, &line[i], &now))
            continue;
          shown++;
          g_assert_cmpfloat (off (&now, &where), <, 1);
          if (i == 0)
            g_assert_cmpfloat (off (&now, &mark.at), <, 0.01);
        }
    }
  g_assert_cmpuint (shown, >=, 100);
}

/* As many marks as there may be, all at once: each is there after some frames. */
static void
test_many (void)
{
  g_autoptr (GuidanceClip) clip = guidance_clip_new (GUIDANCE_CLIP_SHAKE, 27);
  g_autoptr (GuidanceVision) vision = guidance_vision_new ();
  GuidanceVisionMark marks[GUIDANCE_VISION_MARKS];
  guint shown = 0;

  for (guint n = 0; n < 20; n++)
    {
      g_assert_cmpint (push (vision, clip, n), ==, GUIDANCE_VISION_TAKEN);
      for (guint64 id = 0; n == 5 && id < GUIDANCE_VISION_MARKS; id++)
        g_assert_cmpint (add (vision, id, guidance_clip_get_time (clip, 2), 0.2 + id % 8 * 0.08,
                              0.2 + id / 8 * 0.08),
                         ==, GUIDANCE_VISION_TAKEN);
    }
  g_assert_cmpuint (guidance_vision_get (vision, marks, 5), ==, 5);
  g_assert_cmpuint (guidance_vision_get (vision, marks, G_N_ELEMENTS (marks)), ==,
                    GUIDANCE_VISION_MARKS);
  for (guint i = 0; i < GUIDANCE_VISION_MARKS; i++)
    {
      const GuidancePoint at = { 0.2 + i % 8 * 0.08, 0.2 + i / 8 * 0.08 };
      GuidancePoint where;
      g_assert_cmpuint (marks[i].id, ==, i);
      if (marks[i].state != GUIDANCE_VISION_SHOWN)
        continue;
      shown++;
      guidance_clip_find (clip, 2, &at, 19, &where);
      g_assert_cmpfloat (off (&marks[i].at, &where), <, 1);
    }
  g_assert_cmpuint (shown, >=, 56);
}

/* However long it runs and whatever is drawn, the pictures that are kept are bounded. */
static void
test_memory (void)
{
  g_autoptr (GuidanceVision) vision = guidance_vision_new ();
  g_autoptr (GRand) rand = g_rand_new_with_seed (6);
  g_autofree guint8 *grey = g_malloc0 (64 * 48);

  for (guint n = 0; n < 1500; n++)
    {
      for (guint i = 0; i < 64 * 48; i++)
        grey[i] = (guint8) (n % 300 < 20 ? g_rand_int (rand) : 0);
      g_assert_cmpint (guidance_vision_push (vision, grey, 64, 48, 64, n * 1000), ==,
                       GUIDANCE_VISION_TAKEN);
      if (n % 300 == 10)
        add (vision, n, n * 1000, 0.5, 0.5);
    }
  g_assert_cmpuint (guidance_vision_get_bytes (vision), >=, GUIDANCE_VISION_KEPT_FRAMES * 64 * 48);
  g_assert_cmpuint (guidance_vision_get_bytes (vision), <,
                    (GUIDANCE_VISION_KEPT_FRAMES + 64) * 64 * 48 * 2);
  g_assert_cmpint (guidance_vision_push (vision, grey, 64, 48, 64, 100 * G_USEC_PER_SEC), ==,
                   GUIDANCE_VISION_TAKEN);
  g_assert_cmpuint (guidance_vision_get_bytes (vision), <, 64 * 64 * 48 * 2);
}

/* A fault in the library, at whichever part of the work: never out of there, never a wrong mark. */
static void
test_faults (void)
{
  g_autoptr (GuidanceClip) clip = guidance_clip_new (GUIDANCE_CLIP_PAN, 26);
  g_autoptr (GuidanceVision) vision = guidance_vision_new ();
  const GuidancePoint at = { 0.5, 0.5 };
  Score score = { 0 };
  guint refused = 0, shown = 0;

  for (guint n = 0; n < 70; n++)
    {
      guidance_vision_set_failures (vision, n >= 15 && n < 45 && n % 3 == 0 ? 1 + n % 7 : 0);
      if (push (vision, clip, n) == GUIDANCE_VISION_FAILED)
        {
          refused++;
          continue;
        }
      guidance_vision_set_failures (vision, 0);
      if (n > 3)
        look (vision, clip, 3, &at, n, &score);
      shown += n > 60 && score.is_shown;
      if (n == 3)
        g_assert_cmpint (guidance_vision_add (vision, 1, guidance_clip_get_time (clip, n), &at, 1),
                         ==, GUIDANCE_VISION_TAKEN);
    }
  guidance_vision_set_failures (vision, 1);
  g_assert_cmpint (add (vision, 2, guidance_clip_get_time (clip, 60), 0.5, 0.5), ==,
                   GUIDANCE_VISION_FAILED);
  g_assert_cmpint (add (vision, 2, guidance_clip_get_time (clip, 60), 0.5, 0.5), ==,
                   GUIDANCE_VISION_TAKEN);
  g_assert_cmpuint (refused, >, 0);
  g_assert_cmpuint (shown, >, 0);
  g_assert_cmpuint (score.wrong, ==, 0);
}

/* Of the only mark, which was drawn at @at on frame @drawn, what was kept of it, by one that has
 * followed it to frame @last: 0 for what was drawn alone. */
static GuidanceVision *
take_over (GuidanceClip *clip, guint drawn, const GuidancePoint *at, guint last)
{
  g_autoptr (GuidanceVision) former = guidance_vision_new ();
  g_autoptr (GuidanceVision) vision = guidance_vision_new ();
  g_autofree guint8 *grey = g_malloc0 (GUIDANCE_VISION_SIDE * GUIDANCE_VISION_SIDE);
  guint width = 0, height = 0;
  double matrix[9];

  g_assert_cmpint (push (former, clip, drawn), ==, GUIDANCE_VISION_TAKEN);
  g_assert_false (guidance_vision_copy_drawn (former, 1, grey, &width, &height));
  g_assert_cmpint (guidance_vision_add (former, 1, guidance_clip_get_time (clip, drawn), at, 1), ==,
                   GUIDANCE_VISION_TAKEN);
  g_assert_false (guidance_vision_copy_seen (former, 1, grey, &width, &height, matrix));
  for (guint n = drawn + 1; n <= last; n++)
    push (former, clip, n);
  g_assert_true (guidance_vision_copy_drawn (former, 1, grey, &width, &height));
  g_assert_cmpmem (grey, width * height, guidance_clip_get_frame (clip, drawn), WIDTH * HEIGHT);
  g_assert_false (guidance_vision_add_seen (vision, 1, grey, width, height, width, matrix, 0));
  g_assert_cmpint (guidance_vision_add_kept (vision, 1, grey, width, height, width, at, 1), ==,
                   GUIDANCE_VISION_TAKEN);
  if (last == 0)
    return g_steal_pointer (&vision);
  g_assert_true (guidance_vision_copy_seen (former, 1, grey, &width, &height, matrix));
  g_assert_cmpmem (grey, width * height, guidance_clip_get_frame (clip, last), WIDTH * HEIGHT);
  g_assert_true (guidance_vision_add_seen (vision, 1, grey, width, height, width, matrix, 0));
  g_assert_false (guidance_vision_add_seen (vision, 1, grey, width, height, width, matrix, 0));
  return g_steal_pointer (&vision);
}

/* A place that nothing lies on, from frame 12 to 90. */
static GuidancePoint
choose_place (GuidanceClip *clip)
{
  GuidancePoint now;

  for (guint i = 0; i < 49; i++)
    {
      const GuidancePoint at = { 0.5 + (i % 7 * 3 % 7 - 3.0) * 0.08,
                                 0.5 + (i / 7 * 3 % 7 - 3.0) * 0.08 };
      gboolean seen = TRUE;

      for (guint n = 12; n < 90 && seen; n++)
        seen = guidance_clip_find (clip, 12, &at, n, &now);
      if (seen)
        return at;
    }
  g_assert_not_reached ();
}

/* Back within a second, and then shown as by one that has followed it all the time; with what it
 * was drawn on alone, too. */
static void
test_kept (gconstpointer data)
{
  GuidanceClipKind kind = (GuidanceClipKind) GPOINTER_TO_UINT (data);
  g_autoptr (GuidanceClip) clip = guidance_clip_new (kind, 5008);
  g_autoptr (GuidanceVision) other = guidance_vision_new ();
  const GuidancePoint at = choose_place (clip);
  Score expected = { 0 };

  for (guint n = 12; n < 120; n++)
    {
      g_assert_cmpint (push (other, clip, n), ==, GUIDANCE_VISION_TAKEN);
      if (n == 12)
        g_assert_cmpint (guidance_vision_add (other, 1, guidance_clip_get_time (clip, n), &at, 1),
                         ==, GUIDANCE_VISION_TAKEN);
      if (n >= 60)
        look (other, clip, 12, &at, n, &expected);
    }
  for (guint last = 0; last <= 45; last += 45)
    {
      g_autoptr (GuidanceVision) vision = take_over (clip, 12, &at, last);
      Score score = { 0 };
      gboolean back = FALSE;

      for (guint n = 60, seen = 0; n < 120; n++)
        {
          g_assert_cmpint (push (vision, clip, n), ==, GUIDANCE_VISION_TAKEN);
          look (vision, clip, 12, &at, n, &score);
          seen = score.is_seen ? seen + 1 : 0;
          back |= score.is_shown;
          g_assert_true (back || seen < GUIDANCE_CLIP_RATE);
        }
      g_test_message ("%u of %u shown, %u by the other one", score.shown, score.seen,
                      expected.shown);
      g_assert_true (back);
      g_assert_cmpuint (score.wrong, ==, 0);
      g_assert_cmpuint (score.shown + (last == 0 ? GUIDANCE_CLIP_RATE : 6), >=, expected.shown);
    }
}

/* Those that were followed last to an older frame are back as well, whatever is said of when. */
static void
test_kept_older (void)
{
  static const gint64 when[][2] = { { 40, 45 }, { 0, 0 }, { G_MAXINT64, G_MININT64 } };
  g_autoptr (GuidanceClip) clip = guidance_clip_new (GUIDANCE_CLIP_PAN, 5009);
  g_autoptr (GuidanceVision) former = guidance_vision_new ();
  g_autofree guint8 *pictures = g_malloc0 (3 * WIDTH * HEIGHT);
  const GuidancePoint at[] = { { 0.45, 0.45 }, { 0.55, 0.55 } };
  double matrices[2][9];
  guint width, height;

  for (guint n = 12; n <= 45; n++)
    {
      g_assert_cmpint (push (former, clip, n), ==, GUIDANCE_VISION_TAKEN);
      for (guint i = 0; i < 2 && n == 12; i++)
        g_assert_cmpint (
            guidance_vision_add (former, i, guidance_clip_get_time (clip, n), &at[i], 1), ==,
            GUIDANCE_VISION_TAKEN);
      for (guint i = 0; i < 2; i++)
        if (n == 40 + 5 * i)
          g_assert_true (guidance_vision_copy_seen (former, i, pictures + (i + 1) * WIDTH * HEIGHT,
                                                    &width, &height, matrices[i]));
    }
  g_assert_true (guidance_vision_copy_drawn (former, 0, pictures, &width, &height));
  for (guint k = 0; k < G_N_ELEMENTS (when); k++)
    {
      g_autoptr (GuidanceVision) vision = guidance_vision_new ();
      GuidanceVisionMark marks[2];

      for (guint i = 0; i < 2; i++)
        {
          g_assert_cmpint (
              guidance_vision_add_kept (vision, i, pictures, WIDTH, HEIGHT, WIDTH, &at[i], 1), ==,
              GUIDANCE_VISION_TAKEN);
          g_assert_true (guidance_vision_add_seen (vision, i, pictures + (i + 1) * WIDTH * HEIGHT,
                                                   WIDTH, HEIGHT, WIDTH, matrices[i], when[k][i]));
        }
      for (guint n = 60; n < 70; n++)
        g_assert_cmpint (push (vision, clip, n), ==, GUIDANCE_VISION_TAKEN);
      g_assert_cmpuint (guidance_vision_get (vision, marks, 2), ==, 2);
      for (guint i = 0; i < 2; i++)
        {
          GuidancePoint where;

          g_assert_cmpint (marks[i].state, ==, GUIDANCE_VISION_SHOWN);
          g_assert_true (guidance_clip_find (clip, 12, &at[i], 69, &where));
          g_assert_cmpfloat (off (&marks[i].at, &where), <, 1);
        }
    }
}

/* What is not there stays lost, however long it is looked for: another scene of the same kind. */
static void
test_kept_elsewhere (void)
{
  /* What is drawn beside a tool, or on what is there more than once, may not be followed. */
  static const GuidanceClipKind kinds[] = { GUIDANCE_CLIP_PAN, GUIDANCE_CLIP_TOOL,
                                            GUIDANCE_CLIP_ZOOM, GUIDANCE_CLIP_REPEAT };

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      g_autoptr (GuidanceClip) clip = guidance_clip_new (kinds[i], 5002);
      g_autoptr (GuidanceClip) other = guidance_clip_new (kinds[i], 5003);
      const GuidancePoint at = { 0.5, 0.5 };
      g_autoptr (GuidanceVision) vision = take_over (clip, 20, &at, i % 2 == 0 ? 30 : 0);
      GuidanceVisionMark mark;

      for (guint n = 0; n < GUIDANCE_CLIP_FRAMES; n++)
        {
          g_assert_cmpint (push (vision, other, n), ==, GUIDANCE_VISION_TAKEN);
          g_assert_cmpuint (guidance_vision_get (vision, &mark, 1), ==, 1);
          g_assert_cmpint (mark.state, ==, GUIDANCE_VISION_LOST);
        }
    }
}

/* What somebody may have written who is not to be trusted: refused, or taken and never seen. */
static void
test_kept_hostile (void)
{
  g_autoptr (GuidanceClip) clip = guidance_clip_new (GUIDANCE_CLIP_PAN, 5004);
  g_autoptr (GuidanceVision) vision = guidance_vision_new ();
  g_autoptr (GRand) rand = g_rand_new_with_seed (5005);
  g_autofree guint8 *grey = g_malloc0 (WIDTH * WIDTH);
  static const guint sizes[][3] = { { 0, 0, 0 },
                                    { 1, 1, 1 },
                                    { 31, 320, 31 },
                                    { 320, 31, 320 },
                                    { 1921, 64, 1921 },
                                    { 320, 180, 319 },
                                    { G_MAXUINT, G_MAXUINT, G_MAXUINT },
                                    { 65536, 65536, 65536 } };
  const double bad[] = { -0.01, 1.01, NAN, INFINITY, -INFINITY };
  const double values[] = { 0, -1, 1e-300, 1e300, 1e9, NAN, INFINITY, -INFINITY };
  GuidancePoint at = { 0.5, 0.5 }, many[GUIDANCE_VISION_POINTS + 1] = { 0 };
  GuidanceVisionMark marks[GUIDANCE_VISION_MARKS];

#define ADD(id, w, h, s, points, n) guidance_vision_add_kept (vision, id, grey, w, h, s, points, n)
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    g_assert_cmpint (ADD (1, sizes[i][0], sizes[i][1], sizes[i][2], &at, 1), ==,
                     GUIDANCE_VISION_BAD_SIZE);
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      const GuidancePoint x = { bad[i], 0.5 }, y = { 0.5, bad[i] };

      g_assert_cmpint (ADD (1, WIDTH, HEIGHT, WIDTH, &x, 1), ==, GUIDANCE_VISION_BAD_POINT);
      g_assert_cmpint (ADD (1, WIDTH, HEIGHT, WIDTH, &y, 1), ==, GUIDANCE_VISION_BAD_POINT);
    }
  g_assert_cmpint (ADD (1, WIDTH, HEIGHT, WIDTH, many, 0), ==, GUIDANCE_VISION_BAD_COUNT);
  g_assert_cmpint (ADD (1, WIDTH, HEIGHT, WIDTH, NULL, 1), ==, GUIDANCE_VISION_BAD_COUNT);
  g_assert_cmpint (ADD (1, WIDTH, HEIGHT, WIDTH, many, G_N_ELEMENTS (many)), ==,
                   GUIDANCE_VISION_BAD_COUNT);
  g_assert_cmpuint (guidance_vision_get (vision, marks, G_N_ELEMENTS (marks)), ==, 0);
  /* Flat ones, noise, rows and columns; of all sizes; at the corners, too. */
  for (guint64 id = 0; id < GUIDANCE_VISION_MARKS; id++)
    {
      guint width = (guint) g_rand_int_range (rand, 32, 321);
      guint height = (guint) g_rand_int_range (rand, 32, 321);

      for (guint i = 0; i < width * height; i++)
        grey[i] = (guint8) (id % 4 == 0   ? id * 4
                            : id % 4 == 1 ? g_rand_int (rand)
                            : id % 4 == 2 ? (i / width % 8) * 32
                                          : (i % width % 2) * 255);
      at = (GuidancePoint){ id % 3 / 2.0, id % 5 / 4.0 };
      g_assert_cmpint (ADD (id, width, height, width, &at, 1), ==, GUIDANCE_VISION_TAKEN);
    }
  for (guint64 id = 0; id <= GUIDANCE_VISION_MARKS; id++)
    {
      double matrix[9] = { 1, 0, 0, 0, 1, 0, 0, 0, 1 };

      for (guint i = 0; i < G_N_ELEMENTS (values) && id % 2 == 0; i++)
        matrix[g_rand_int_range (rand, 0, 9)] = values[g_rand_int_range (rand, 0, 8)];
      g_assert_false (guidance_vision_add_seen (vision, id, grey, WIDTH, 1 + (guint) id % 40, WIDTH,
                                                matrix, 0));
    }
  g_assert_cmpint (ADD (3, WIDTH, HEIGHT, WIDTH, &at, 1), ==, GUIDANCE_VISION_MARK_EXISTS);
  g_assert_cmpint (ADD (64, WIDTH, HEIGHT, WIDTH, &at, 1), ==, GUIDANCE_VISION_MARKS_FULL);
#undef ADD
  for (guint n = 0; n < 90; n++)
    {
      g_assert_cmpint (push (vision, clip, n), ==, GUIDANCE_VISION_TAKEN);
      g_assert_cmpuint (guidance_vision_get (vision, marks, G_N_ELEMENTS (marks)), ==,
                        GUIDANCE_VISION_MARKS);
      for (guint i = 0; i < GUIDANCE_VISION_MARKS; i++)
        g_assert_cmpint (marks[i].state, ==, GUIDANCE_VISION_LOST);
    }
  g_assert_true (guidance_vision_remove (vision, 3));
}

/* As many as there may be, on eight frames: all are back within a second. In a picture that is half
 * as large, too. */
static void
test_kept_many (gconstpointer data)
{
  const guint smaller = GPOINTER_TO_UINT (data), width = WIDTH / smaller, height = HEIGHT / smaller;
  g_autoptr (GuidanceClip) clip = guidance_clip_new (GUIDANCE_CLIP_PAN, 5006);
  g_autoptr (GuidanceVision) vision = guidance_vision_new ();
  g_autofree guint8 *grey = g_malloc0 (WIDTH * HEIGHT);
  GuidanceVisionMark marks[GUIDANCE_VISION_MARKS];
  guint shown = 0;

#define AT(id) ((GuidancePoint){ 0.35 + id % 8 * 0.04, 0.35 + id / 8 * 0.04 })
  for (guint64 id = 0; id < GUIDANCE_VISION_MARKS; id++)
    g_assert_cmpint (guidance_vision_add_kept (vision, id,
                                               guidance_clip_get_frame (clip, (guint) id % 8 * 4),
                                               WIDTH, HEIGHT, WIDTH, &AT (id), 1),
                     ==, GUIDANCE_VISION_TAKEN);
  for (guint n = 40; n < 70; n++)
    {
      const guint8 *frame = guidance_clip_get_frame (clip, n);

      for (guint y = 0; y < height; y++)
        for (guint x = 0; x < width; x++)
          grey[y * width + x] = frame[y * smaller * WIDTH + x * smaller];
      g_assert_cmpint (guidance_vision_push (vision, grey, width, height, width,
                                             guidance_clip_get_time (clip, n)),
                       ==, GUIDANCE_VISION_TAKEN);
    }
  g_assert_cmpuint (guidance_vision_get (vision, marks, G_N_ELEMENTS (marks)), ==,
                    GUIDANCE_VISION_MARKS);
  for (guint64 id = 0; id < GUIDANCE_VISION_MARKS; id++)
    {
      GuidancePoint where;

      guidance_clip_find (clip, (guint) id % 8 * 4, &AT (id), 69, &where);
      if (marks[id].state != GUIDANCE_VISION_SHOWN)
        continue;
      shown++;
      g_assert_cmpfloat (off (&marks[id].at, &where), <, 1);
    }
#undef AT
  g_test_message ("%u shown", shown);
  g_assert_cmpuint (shown, >=, 56);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/vision/pan", GUINT_TO_POINTER (GUIDANCE_CLIP_PAN), test_motion);
  g_test_add_data_func ("/vision/zoom", GUINT_TO_POINTER (GUIDANCE_CLIP_ZOOM), test_motion);
  g_test_add_data_func ("/vision/roll", GUINT_TO_POINTER (GUIDANCE_CLIP_ROLL), test_motion);
  g_test_add_data_func ("/vision/cover", GUINT_TO_POINTER (GUIDANCE_CLIP_COVER), test_away);
  g_test_add_data_func ("/vision/cut", GUINT_TO_POINTER (GUIDANCE_CLIP_CUT), test_away);
  g_test_add_func ("/vision/tool", test_tool);
  g_test_add_func ("/vision/late", test_late);
  g_test_add_func ("/vision/refusals", test_refusals);
  g_test_add_func ("/vision/bad-frames", test_bad_frames);
  g_test_add_func ("/vision/nothing-there", test_nothing_there);
  g_test_add_func ("/vision/sizes", test_sizes);
  g_test_add_func ("/vision/shape", test_shape);
  g_test_add_func ("/vision/many", test_many);
  g_test_add_func ("/vision/memory", test_memory);
  g_test_add_func ("/vision/faults", test_faults);
  g_test_add_data_func ("/vision/kept/pan", GUINT_TO_POINTER (GUIDANCE_CLIP_PAN), test_kept);
  g_test_add_data_func ("/vision/kept/shake", GUINT_TO_POINTER (GUIDANCE_CLIP_SHAKE), test_kept);
  g_test_add_data_func ("/vision/kept/zoom", GUINT_TO_POINTER (GUIDANCE_CLIP_ZOOM), test_kept);
  g_test_add_data_func ("/vision/kept/tool", GUINT_TO_POINTER (GUIDANCE_CLIP_TOOL), test_kept);
  g_test_add_func ("/vision/kept/older", test_kept_older);
  g_test_add_func ("/vision/kept/elsewhere", test_kept_elsewhere);
  g_test_add_func ("/vision/kept/hostile", test_kept_hostile);
  g_test_add_data_func ("/vision/kept/many", GUINT_TO_POINTER (1), test_kept_many);
  g_test_add_data_func ("/vision/kept/many-smaller", GUINT_TO_POINTER (2), test_kept_many);
  return g_test_run ();
}
