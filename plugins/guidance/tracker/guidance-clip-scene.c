/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Scenes of noise, blobs and vessels. */
#include "guidance-clip-private.h"

#include <math.h>

#define SCENE GUIDANCE_CLIP_SCENE

static double
between (GRand *rand, double least, double most)
{
  return g_rand_double_range (rand, least, most);
}

static double
either (GRand *rand, double value)
{
  return g_rand_boolean (rand) ? value : -value;
}

/* Noise of one size of grain, which goes on at the other side. */
static void
add_noise (GRand *rand, float *scene, int grain, double size)
{
  int n = SCENE / grain;
  g_autofree float *knots = g_new (float, (gsize) n *n);

  for (int i = 0; i < n * n; i++)
    knots[i] = (float) between (rand, -size, size);
  for (int y = 0; y < SCENE; y++)
    for (int x = 0; x < SCENE; x++)
      {
        int i = x / grain, j = y / grain, i1 = (i + 1) % n, j1 = (j + 1) % n;
        float u = (float) (x % grain) / grain, v = (float) (y % grain) / grain;
        u = u * u * (3 - 2 * u), v = v * v * (3 - 2 * v);
        scene[y * SCENE + x] += (knots[j * n + i] * (1 - u) + knots[j * n + i1] * u) * (1 - v)
                                + (knots[j1 * n + i] * (1 - u) + knots[j1 * n + i1] * u) * v;
      }
}

static void
add_blob (float *scene, double x, double y, double radius, double grey)
{
  int r = (int) ceil (radius * 2);

  for (int dy = -r; dy <= r; dy++)
    for (int dx = -r; dx <= r; dx++)
      {
        int px = ((int) x + dx) & (SCENE - 1), py = ((int) y + dy) & (SCENE - 1);
        double d = hypot ((int) x + dx - x, (int) y + dy - y) / radius;
        scene[py * SCENE + px] += (float) (grey / (1 + exp (8 * (d - 1))));
      }
}

static void
add_vessel (GRand *rand, float *scene)
{
  double x = between (rand, 0, SCENE), y = between (rand, 0, SCENE);
  double angle = between (rand, 0, 2 * G_PI), radius = between (rand, 0.8, 2.6);
  double grey = between (rand, -26, -8);

  for (guint i = g_rand_int_range (rand, 60, 260); i > 0; i--)
    {
      add_blob (scene, x, y, radius, grey / 2.5);
      angle += between (rand, -0.22, 0.22);
      x += cos (angle) * 1.5 + SCENE;
      y += sin (angle) * 1.5 + SCENE;
      x = fmod (x, SCENE);
      y = fmod (y, SCENE);
    }
}

/* The same spots over and over, on ground that is not. */
static void
add_spots (GRand *rand, float *scene)
{
  static const int periods[] = { 16, 32, 64 };
  int period = periods[g_rand_int_range (rand, 0, 2)];
  double radius = period * between (rand, 0.2, 0.36), grey = either (rand, between (rand, 25, 45));

  for (int y = 0; y < SCENE; y += period)
    for (int x = 0; x < SCENE; x += period)
      add_blob (scene, x + (y / period % 2) * period / 2, y, radius, grey);
}

guint8 *
guidance_clip_scene (GRand *rand, gboolean repeat)
{
  g_autofree float *sum = g_new0 (float, SCENE *SCENE);
  guint8 *scene = g_new (guint8, SCENE * SCENE);
  double rough = repeat ? between (rand, 0.2, 0.4) : between (rand, 0.35, 1.1);

  for (int grain = 256; grain >= 4; grain /= 2)
    add_noise (rand, sum, grain, (grain >= 64 ? 16 : 11) * (grain < 32 ? rough : 1));
  if (repeat)
    add_spots (rand, sum);
  else
    {
      for (guint i = g_rand_int_range (rand, 60, 220); i > 0; i--)
        add_blob (sum, between (rand, 0, SCENE), between (rand, 0, SCENE), between (rand, 2, 14),
                  between (rand, -28, 28));
      for (guint i = g_rand_int_range (rand, 20, 90); i > 0; i--)
        add_vessel (rand, sum);
    }
  for (guint i = 0; i < SCENE * SCENE; i++)
    scene[i] = (guint8) CLAMP (118 + sum[i], 6, 249);
  return scene;
}
