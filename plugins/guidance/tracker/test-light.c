/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests that marks stay on what they were drawn on where there is little light, or less. */
#include "guidance-clip.h"

#include <math.h>
#include <string.h>

#define WIDTH GUIDANCE_CLIP_WIDTH
#define HEIGHT GUIDANCE_CLIP_HEIGHT

typedef struct
{
  guint shown, seen, wrong;
  double worst;
} Score;

/* In percent of the width. */
static double
off (const GuidancePoint *a, const GuidancePoint *b)
{
  return 100 * hypot (a->x - b->x, (a->y - b->y) * HEIGHT / WIDTH);
}

/* Several marks that were drawn on frame @drawn, in frames that are made by @change. */
static void
follow_many (GuidanceClipKind kind, guint32 seed, guint frames,
             void (*change) (guint8 *grey, guint n, GRand *rand), Score *score)
{
  static const GuidancePoint places[] = {
    { 0.3, 0.3 }, { 0.7, 0.35 }, { 0.6, 0.7 }, { 0.35, 0.7 }
  };
  g_autoptr (GuidanceClip) clip = guidance_clip_new (kind, seed);
  g_autoptr (GuidanceVision) vision = guidance_vision_new ();
  g_autoptr (GRand) rand = g_rand_new_with_seed (seed);
  g_autofree guint8 *grey = g_malloc (WIDTH * HEIGHT);
  GuidanceVisionMark marks[G_N_ELEMENTS (places)];
  const guint drawn = 4;

  for (guint n = 0; n < frames; n++)
    {
      memcpy (grey, guidance_clip_get_frame (clip, n), WIDTH * HEIGHT);
      if (change != NULL)
        change (grey, n, rand);
      g_assert_cmpint (guidance_vision_push (vision, grey, WIDTH, HEIGHT, WIDTH,
                                             guidance_clip_get_time (clip, n)),
                       ==, GUIDANCE_VISION_TAKEN);
      guint here = guidance_vision_get (vision, marks, G_N_ELEMENTS (marks));
      for (guint i = 0; i < here; i++)
        {
          GuidancePoint where;
          gboolean seen = guidance_clip_find (clip, drawn, &places[i], n, &where);
          gboolean shown = marks[i].state == GUIDANCE_VISION_SHOWN;
          score->seen += seen;
          score->shown += seen && shown;
          if (shown && !(off (&marks[i].at, &where) <= 5))
            score->wrong++;
          else if (shown)
            score->worst = MAX (score->worst, off (&marks[i].at, &where));
        }
      for (guint i = 0; i < G_N_ELEMENTS (places) && n == drawn; i++)
        g_assert_cmpint (
            guidance_vision_add (vision, i, guidance_clip_get_time (clip, n), &places[i], 1), ==,
            GUIDANCE_VISION_TAKEN);
    }
}

/* Where the noise is as large as what is to be seen, marks stay, those on faint spots as well. */
static void
test_low_light (gconstpointer data)
{
  Score score = { 0 };

  follow_many (GUIDANCE_CLIP_LOW_LIGHT, GPOINTER_TO_UINT (data), 150, NULL, &score);
  g_assert_cmpuint (score.wrong, ==, 0);
  g_assert_cmpuint (score.seen, >=, 500);
  g_assert_cmpuint (score.shown * 100, >=, score.seen * 95);
  g_assert_cmpfloat (score.worst, <, 3);
}

/* The light is off for a while. */
static void
darken (guint8 *grey, guint n, GRand *rand)
{
  for (guint i = 0; i < WIDTH * HEIGHT && n >= 40 && n < 80; i++)
    {
      double noise = 0;
      for (guint k = 0; k < 4; k++)
        noise += g_rand_double_range (rand, -0.5, 0.5);
      grey[i] = (guint8) CLAMP (grey[i] * 0.26 + 8 * noise + 0.5, 0, 255);
    }
}

/* Marks that were drawn in good light are followed when it goes and when it comes. */
static void
test_light_goes (void)
{
  Score score = { 0 };

  follow_many (GUIDANCE_CLIP_ROLL, 21, 120, darken, &score);
  g_assert_cmpuint (score.wrong, ==, 0);
  g_assert_cmpuint (score.seen, >=, 400);
  g_assert_cmpuint (score.shown * 100, >=, score.seen * 90);
  g_assert_cmpfloat (score.worst, <, 3);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/light/low/21", GUINT_TO_POINTER (21), test_low_light);
  g_test_add_data_func ("/light/low/25", GUINT_TO_POINTER (25), test_low_light);
  g_test_add_func ("/light/goes", test_light_goes);
  return g_test_run ();
}
