/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pictures with a motion that is known: scene, camera, what comes between, light. */
#include "guidance-clip-private.h"

#include <math.h>
#include <string.h>

#define SCENE GUIDANCE_CLIP_SCENE
#define GRID 8
#define WAVES 3
#define LAYERS 3
#define SHAPES 8
#define TURNS 3
#define BLUR_PARTS 5

/* A sum of slow turns: what moves by hand. */
typedef struct
{
  double size[TURNS], rate[TURNS], phase[TURNS];
} Motion;

/* A thick line, in pixels of a frame, relative to where the thing is. */
typedef struct
{
  double x0, y0, x1, y1, radius;
} Shape;

/* What comes between: from @from to @until (seconds) it is on its way along a line, slowed by
 * @stay in the middle. */
typedef struct
{
  double from, until, x0, y0, x1, y1;
  double stay;
  Motion dx, dy;
  guint n_shapes;
  Shape shapes[SHAPES];
  double grey, stripes;
} Thing;

typedef struct
{
  double x, y, radius, lobes, phase, nearer;
} Layer;

typedef struct
{
  double kx[WAVES], ky[WAVES], ax[WAVES], ay[WAVES], rate[WAVES], phase[WAVES];
} Bend;

struct _GuidanceClip
{
  GuidanceClipKind kind;
  guint8 *scene, *other;
  double x, y;
  Motion pan_x, pan_y, zoom, roll, tilt_x, tilt_y, shake_x, shake_y, light;
  Bend bend;
  double relief;
  guint n_layers;
  Layer layers[LAYERS];
  GArray *things;
  /* Seconds at which it is elsewhere: another scene, or far to one side. */
  guint n_away;
  double away[4][2];
  double away_x, away_y;
  double gain, noise, flicker, flicker_rate, bands, shutter;
  guint32 seed;
  guint8 *coded;
  guint8 frame[GUIDANCE_CLIP_WIDTH * GUIDANCE_CLIP_HEIGHT];
};

static const char *const names[] = { "pan",      "zoom",   "roll",      "shake",   "perspective",
                                     "parallax", "hand",   "tool",      "cover",   "leave",
                                     "cut",      "light",  "low-light", "flicker", "deform",
                                     "blur",     "repeat", "mix",       "h264",    "vp8" };
G_STATIC_ASSERT (G_N_ELEMENTS (names) == GUIDANCE_CLIP_KINDS);

const char *
guidance_clip_get_name (GuidanceClipKind kind)
{
  g_return_val_if_fail (kind < GUIDANCE_CLIP_KINDS, NULL);
  return names[kind];
}

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

static double
moved (const Motion *motion, double t)
{
  double sum = 0;

  for (guint i = 0; i < TURNS; i++)
    sum += motion->size[i] * sin (motion->rate[i] * t + motion->phase[i]);
  return sum;
}

/* @size: how far it goes; @slow, @fast: turns a second */
static Motion
motion_new (GRand *rand, double size, double slow, double fast)
{
  Motion motion;

  for (guint i = 0; i < TURNS; i++)
    {
      motion.size[i] = size * between (rand, 0.4, 1) / (i + 1) / 1.3;
      motion.rate[i] = 2 * G_PI * between (rand, slow, fast)
                       * (i == 0 ? 1 : between (rand, 0.8, 1.5));
      motion.phase[i] = between (rand, 0, 2 * G_PI);
    }
  return motion;
}

static Thing *
thing_new (GuidanceClip *self, double from, double until, double grey)
{
  Thing thing = { .from = from, .until = until, .grey = grey };

  g_array_append_val (self->things, thing);
  return &g_array_index (self->things, Thing, self->things->len - 1);
}

static void
thing_add (Thing *thing, double x0, double y0, double x1, double y1, double radius)
{
  g_assert (thing->n_shapes < SHAPES);
  thing->shapes[thing->n_shapes++] = (Shape){ x0, y0, x1, y1, radius };
}

/* A hand with its arm, which goes across. */
static void
add_hand (GuidanceClip *self, GRand *rand, double from)
{
  Thing *hand = thing_new (self, from, from + between (rand, 1.1, 2.2), between (rand, 120, 200));
  double size = between (rand, 0.8, 1.3), side = either (rand, 1);

  hand->x0 = 160 - side * 300, hand->x1 = 160 + side * between (rand, 240, 320);
  hand->y0 = between (rand, 40, 150), hand->y1 = between (rand, 40, 150);
  hand->stripes = between (rand, 2, 9);
  thing_add (hand, 0, 0, 12 * size, 0, 34 * size);
  thing_add (hand, 0, 20, -side * 60, 260, 26 * size);
  for (int i = -1; i <= 2; i++)
    thing_add (hand, 10 * i * size, 0, (18 * i + side * 20) * size, -70 * size, 8 * size);
}

/* An instrument, in from a side, which works around a place. */
static void
add_tool (GuidanceClip *self, GRand *rand)
{
  Thing *tool = thing_new (self, -1, 1000, between (rand, 70, 220));
  double angle = between (rand, 0, 2 * G_PI), radius = between (rand, 5, 11);

  tool->x0 = tool->x1 = between (rand, 90, 230);
  tool->y0 = tool->y1 = between (rand, 50, 130);
  tool->dx = motion_new (rand, between (rand, 25, 60), 0.2, 0.6);
  tool->dy = motion_new (rand, between (rand, 20, 45), 0.2, 0.6);
  tool->stripes = between (rand, 5, 30);
  thing_add (tool, 0, 0, 400 * cos (angle), 400 * sin (angle), radius);
  thing_add (tool, 0, 0, -14 * cos (angle + 0.3), -14 * sin (angle + 0.3), radius / 2.5);
}

/* A cloth or a palm that comes, stays and goes. */
static void
add_cover (GuidanceClip *self, GRand *rand, double from)
{
  Thing *cover = thing_new (self, from, from + between (rand, 0.8, 1.7), between (rand, 50, 210));
  double angle = between (rand, 0, 2 * G_PI), radius = between (rand, 60, 105);

  cover->x0 = 160 + cos (angle) * 340, cover->y0 = 90 + sin (angle) * 280;
  cover->x1 = 160 + cos (angle + 2) * 340, cover->y1 = 90 + sin (angle + 2) * 280;
  cover->stay = 1;
  cover->stripes = between (rand, 3, 25);
  thing_add (cover, -20, 0, between (rand, 0, 60), between (rand, -30, 30), radius);
}

static void
set_motion (GuidanceClip *self, GRand *rand)
{
  double pan = 14, zoom = 0.05, roll = 0.05, tilt = 0.00008;

  switch (self->kind)
    {
    case GUIDANCE_CLIP_PAN:
      pan = 75;
      break;
    case GUIDANCE_CLIP_ZOOM:
      zoom = 0.5;
      break;
    case GUIDANCE_CLIP_ROLL:
      roll = 0.8;
      break;
    case GUIDANCE_CLIP_PERSPECTIVE:
      tilt = 0.0016;
      break;
    case GUIDANCE_CLIP_PARALLAX:
    case GUIDANCE_CLIP_BLUR:
      pan = 45;
      break;
    case GUIDANCE_CLIP_REPEAT:
      pan = 35, roll = 0.12;
      break;
    case GUIDANCE_CLIP_MIX:
    case GUIDANCE_CLIP_H264:
    case GUIDANCE_CLIP_VP8:
      pan = 35, zoom = 0.2, roll = 0.25, tilt = 0.0004;
      break;
    default:
      break;
    }
  self->pan_x = motion_new (rand, pan, 0.12, 0.35);
  self->pan_y = motion_new (rand, pan * 0.6, 0.12, 0.35);
  self->zoom = motion_new (rand, zoom, 0.1, 0.3);
  self->roll = motion_new (rand, roll, 0.1, 0.25);
  self->tilt_x = motion_new (rand, tilt, 0.1, 0.3);
  self->tilt_y = motion_new (rand, tilt, 0.1, 0.3);
  self->shake_x = motion_new (rand, self->kind == GUIDANCE_CLIP_SHAKE ? 5 : 0.25, 4, 8);
  self->shake_y = motion_new (rand, self->kind == GUIDANCE_CLIP_SHAKE ? 5 : 0.25, 4, 8);
  if (self->kind == GUIDANCE_CLIP_BLUR)
    {
      self->shake_x = motion_new (rand, 6, 1, 2.5);
      self->shake_y = motion_new (rand, 5, 1, 2.5);
    }
}

static void
set_depth (GuidanceClip *self, GRand *rand)
{
  double size = 0;

  if (self->kind == GUIDANCE_CLIP_DEFORM)
    size = between (rand, 3, 6);
  else if (self->kind == GUIDANCE_CLIP_MIX)
    size = between (rand, 1, 2.5);
  else if (self->kind == GUIDANCE_CLIP_PARALLAX)
    size = 1;
  for (guint i = 0; i < WAVES; i++)
    {
      double angle = between (rand, 0, 2 * G_PI), length = between (rand, 110, 260);
      self->bend.kx[i] = 2 * G_PI / length * cos (angle);
      self->bend.ky[i] = 2 * G_PI / length * sin (angle);
      self->bend.ax[i] = either (rand, size * between (rand, 0.4, 1));
      self->bend.ay[i] = either (rand, size * between (rand, 0.4, 1));
      self->bend.rate[i] = 2 * G_PI * between (rand, 0.2, 0.8);
      self->bend.phase[i] = between (rand, 0, 2 * G_PI);
    }
  if (self->kind != GUIDANCE_CLIP_PARALLAX)
    return;
  self->relief = between (rand, 0.04, 0.1);
  self->n_layers = LAYERS;
  for (guint i = 0; i < LAYERS; i++)
    self->layers[i] = (Layer){ self->x + between (rand, -150, 150),
                               self->y + between (rand, -80, 80),
                               between (rand, 25, 60),
                               g_rand_int_range (rand, 2, 6),
                               between (rand, 0, 2 * G_PI),
                               between (rand, 0.1, 0.35) };
}

static void
set_between (GuidanceClip *self, GRand *rand)
{
  self->things = g_array_new (FALSE, TRUE, sizeof (Thing));
  if (self->kind == GUIDANCE_CLIP_TOOL || self->kind == GUIDANCE_CLIP_MIX)
    for (guint i = self->kind == GUIDANCE_CLIP_TOOL ? 2 : 1; i > 0; i--)
      add_tool (self, rand);
  for (guint i = 0; i < 4; i++)
    {
      double from = 1.2 + 1.9 * i + between (rand, 0, 0.3);
      if (self->kind == GUIDANCE_CLIP_HAND)
        add_hand (self, rand, from);
      else if (self->kind == GUIDANCE_CLIP_COVER)
        add_cover (self, rand, from);
      else if ((self->kind == GUIDANCE_CLIP_CUT || self->kind == GUIDANCE_CLIP_LEAVE) && i < 3)
        {
          double start = 1.4 + 2.5 * i + between (rand, 0, 0.3);
          self->away[self->n_away][0] = start;
          self->away[self->n_away++][1] = start + between (rand, 0.7, 1.2);
        }
    }
  self->away_x = either (rand, between (rand, 330, 430));
  self->away_y = between (rand, -60, 60);
}

static void
set_light (GuidanceClip *self, GRand *rand)
{
  self->gain = between (rand, 0.8, 1.1);
  self->noise = between (rand, 0.8, 2.2);
  self->light = motion_new (rand, self->kind == GUIDANCE_CLIP_LIGHT ? 0.35 : 0.02, 0.2, 0.6);
  if (self->kind == GUIDANCE_CLIP_MIX)
    self->light = motion_new (rand, 0.15, 0.2, 0.6);
  if (self->kind == GUIDANCE_CLIP_LOW_LIGHT)
    {
      self->gain = between (rand, 0.2, 0.35);
      self->noise = between (rand, 3, 5);
    }
  if (self->kind == GUIDANCE_CLIP_FLICKER)
    {
      self->flicker = between (rand, 0.15, 0.4);
      self->flicker_rate = 2 * G_PI * between (rand, 4, 13);
      self->bands = g_rand_boolean (rand) ? 0 : 2 * G_PI * between (rand, 0.5, 2);
    }
  if (self->kind == GUIDANCE_CLIP_BLUR)
    self->shutter = between (rand, 0.6, 0.95);
}

/* How far it is away at @t: 0, or 1 where it is wholly. */
static double
away (const GuidanceClip *self, double t)
{
  const double turn = self->kind == GUIDANCE_CLIP_LEAVE ? 0.6 : 0;

  for (guint i = 0; i < self->n_away; i++)
    {
      double u = MIN (t - self->away[i][0], self->away[i][1] + 2 * turn - t);
      if (u >= turn && u >= 0)
        return 1;
      if (u > 0)
        return (1 - cos (G_PI * u / turn)) / 2;
    }
  return 0;
}

typedef struct
{
  double x, y, cos, sin, scale, tilt_x, tilt_y, shake_x, shake_y, t;
} Camera;

static Camera
camera_at (const GuidanceClip *self, double t, double nearer)
{
  double roll = moved (&self->roll, t),
         off = self->kind == GUIDANCE_CLIP_LEAVE ? away (self, t) : 0;

  return (Camera){ self->x + moved (&self->pan_x, t) * (1 + nearer) + off * self->away_x,
                   self->y + moved (&self->pan_y, t) * (1 + nearer) + off * self->away_y,
                   cos (roll),
                   sin (roll),
                   exp (moved (&self->zoom, t)),
                   moved (&self->tilt_x, t),
                   moved (&self->tilt_y, t),
                   moved (&self->shake_x, t),
                   moved (&self->shake_y, t),
                   t };
}

/* From the flat scene to a frame, and back. */
static void
project (const Camera *camera, double x, double y, double *px, double *py)
{
  double u = (x - camera->x) * camera->scale, v = (y - camera->y) * camera->scale;
  double a = u * camera->cos - v * camera->sin, b = u * camera->sin + v * camera->cos;
  double w = 1 + camera->tilt_x * a + camera->tilt_y * b;

  *px = GUIDANCE_CLIP_WIDTH / 2 + a / w + camera->shake_x;
  *py = GUIDANCE_CLIP_HEIGHT / 2 + b / w + camera->shake_y;
}

static void
unproject (const Camera *camera, double px, double py, double *x, double *y)
{
  double a = px - camera->shake_x - GUIDANCE_CLIP_WIDTH / 2;
  double b = py - camera->shake_y - GUIDANCE_CLIP_HEIGHT / 2;
  double w = 1 / (1 - camera->tilt_x * a - camera->tilt_y * b);

  a *= w, b *= w;
  *x = camera->x + (a * camera->cos + b * camera->sin) / camera->scale;
  *y = camera->y + (b * camera->cos - a * camera->sin) / camera->scale;
}

/* What bends or has depth: how far from its place in the scene something is. */
static void
bend (const GuidanceClip *self, double x, double y, double t, double *dx, double *dy)
{
  *dx = *dy = 0;
  if (self->bend.ax[0] == 0)
    return;
  if (self->relief > 0)
    {
      double height = 0;
      for (guint i = 0; i < WAVES; i++)
        height += sin (self->bend.kx[i] * x + self->bend.ky[i] * y + self->bend.phase[i]);
      *dx = self->relief * height * moved (&self->pan_x, t);
      *dy = self->relief * height * moved (&self->pan_y, t);
      return;
    }
  for (guint i = 0; i < WAVES; i++)
    {
      double wave = sin (self->bend.kx[i] * x + self->bend.ky[i] * y + self->bend.phase[i]
                         + self->bend.rate[i] * t);
      *dx += self->bend.ax[i] * wave;
      *dy += self->bend.ay[i] * wave;
    }
}

static gboolean
is_of_layer (const Layer *layer, double x, double y)
{
  double dx = x - layer->x, dy = y - layer->y;
  double edge = layer->radius * (1 + 0.2 * sin (layer->lobes * atan2 (dy, dx) + layer->phase));

  return dx * dx + dy * dy < edge * edge;
}

/* The uppermost layer at a place of a frame: the last one, or -1 for the ground. */
static int
layer_at (const GuidanceClip *self, double px, double py, double t)
{
  for (int i = (int) self->n_layers - 1; i >= 0; i--)
    {
      Camera camera = camera_at (self, t, self->layers[i].nearer);
      double x, y;
      unproject (&camera, px, py, &x, &y);
      if (is_of_layer (&self->layers[i], x, y))
        return i;
    }
  return -1;
}

/* Where a thing is at @t. Returns: whether it is there at all */
static gboolean
thing_at (const Thing *thing, double t, double *x, double *y)
{
  double u = (t - thing->from) / (thing->until - thing->from);

  if (u < 0 || u > 1)
    return FALSE;
  if (thing->stay > 0)
    {
      /* In, for a while there, and out by the other way. */
      double out = u < 0.2 ? 1 - u / 0.2 : u > 0.8 ? (u - 0.8) / 0.2 : 0;
      double side_x = u < 0.5 ? thing->x0 : thing->x1, side_y = u < 0.5 ? thing->y0 : thing->y1;
      *x = 160 + (side_x - 160) * out;
      *y = 90 + (side_y - 90) * out;
    }
  else
    {
      *x = thing->x0 + (thing->x1 - thing->x0) * u;
      *y = thing->y0 + (thing->y1 - thing->y0) * u;
    }
  *x += moved (&thing->dx, t);
  *y += moved (&thing->dy, t);
  return TRUE;
}

/* How far within a thing a place is, 0..1 from edge to middle; below 0 outside. */
static double
within (const Thing *thing, double x, double y, double *along)
{
  double most = -1;

  for (guint i = 0; i < thing->n_shapes; i++)
    {
      const Shape *s = &thing->shapes[i];
      double vx = s->x1 - s->x0, vy = s->y1 - s->y0, length = vx * vx + vy * vy;
      double u = length > 0 ? ((x - s->x0) * vx + (y - s->y0) * vy) / length : 0;
      u = CLAMP (u, 0, 1);
      double d = 1 - hypot (x - s->x0 - u * vx, y - s->y0 - u * vy) / s->radius;
      if (d > most)
        {
          most = d;
          *along = u * sqrt (length);
        }
    }
  return most;
}

/* Where the nodes of a grid over the frame lie in the scene. */
typedef struct
{
  float x[(GUIDANCE_CLIP_HEIGHT / GRID + 2) * (GUIDANCE_CLIP_WIDTH / GRID + 1)];
  float y[(GUIDANCE_CLIP_HEIGHT / GRID + 2) * (GUIDANCE_CLIP_WIDTH / GRID + 1)];
} Nodes;

static void
nodes_fill (const GuidanceClip *self, Nodes *nodes, double t, int layer)
{
  Camera camera = camera_at (self, t, layer < 0 ? 0 : self->layers[layer].nearer);
  guint at = 0;

  for (int j = 0; j < GUIDANCE_CLIP_HEIGHT / GRID + 2; j++)
    for (int i = 0; i < GUIDANCE_CLIP_WIDTH / GRID + 1; i++, at++)
      {
        double x, y, dx = 0, dy = 0;
        unproject (&camera, i * GRID, j * GRID, &x, &y);
        if (layer < 0)
          bend (self, x, y, t, &dx, &dy);
        nodes->x[at] = (float) (x + dx);
        nodes->y[at] = (float) (y + dy);
      }
}

static void
nodes_read (const Nodes *nodes, float px, float py, float *x, float *y)
{
  const int wide = GUIDANCE_CLIP_WIDTH / GRID + 1;
  int i = CLAMP ((int) px / GRID, 0, wide - 2), j = MAX ((int) py / GRID, 0);
  float u = px / GRID - (float) i, v = py / GRID - (float) j;
  const float *a = nodes->x + j * wide + i, *b = nodes->y + j * wide + i;

  *x = (a[0] * (1 - u) + a[1] * u) * (1 - v) + (a[wide] * (1 - u) + a[wide + 1] * u) * v;
  *y = (b[0] * (1 - u) + b[1] * u) * (1 - v) + (b[wide] * (1 - u) + b[wide + 1] * u) * v;
}

static float
scene_read (const guint8 *scene, float x, float y)
{
  float fx = floorf (x), fy = floorf (y), u = x - fx, v = y - fy;
  int x0 = (int) fx & (SCENE - 1), x1 = (x0 + 1) & (SCENE - 1);
  const guint8 *a = scene + ((int) fy & (SCENE - 1)) * SCENE;
  const guint8 *b = scene + (((int) fy + 1) & (SCENE - 1)) * SCENE;

  return ((float) a[x0] * (1 - u) + (float) a[x1] * u) * (1 - v)
         + ((float) b[x0] * (1 - u) + (float) b[x1] * u) * v;
}

/* As is_of_layer(), quicker. */
static gboolean
is_of_layer_soon (const Layer *layer, float x, float y)
{
  double dx = x - layer->x, dy = y - layer->y, d = dx * dx + dy * dy, r = layer->radius;

  return d < 1.44 * r * r && (d < 0.64 * r * r || is_of_layer (layer, x, y));
}

static void
draw_things (const GuidanceClip *self, double t, int times, float *sum, float share)
{
  const int width = GUIDANCE_CLIP_WIDTH * times, height = GUIDANCE_CLIP_HEIGHT * times;

  for (guint i = 0; i < self->things->len; i++)
    {
      const Thing *thing = &g_array_index (self->things, Thing, i);
      double x0, y0, along = 0;
      if (!thing_at (thing, t, &x0, &y0))
        continue;
      for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
          {
            double px = (x + 0.5) / times - 0.5 - x0, py = (y + 0.5) / times - 0.5 - y0;
            double depth = within (thing, px, py, &along);
            if (depth < 0)
              continue;
            float grain = scene_read (self->other, (float) px, (float) py) - 118;
            double grey = thing->grey * (0.7 + 0.3 * sqrt (depth))
                          + thing->stripes * sin (along * 0.35) + grain * 0.35;
            sum[y * width + x] = share * (float) CLAMP (grey, 0, 255);
          }
    }
}

/* What is there at one moment, without light. */
static void
draw_moment (const GuidanceClip *self, double t, int times, float *sum, float share)
{
  const int width = GUIDANCE_CLIP_WIDTH * times, height = GUIDANCE_CLIP_HEIGHT * times;
  gboolean cut = self->kind == GUIDANCE_CLIP_CUT && away (self, t) > 0;
  const guint8 *scene = cut ? self->other : self->scene;
  g_autofree Nodes *nodes = g_new (Nodes, 1 + LAYERS);
  g_autofree float *now = g_new (float, (gsize) width *height);

  for (guint i = 0; i <= self->n_layers; i++)
    nodes_fill (self, nodes + i, t, (int) i - 1);
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++)
      {
        float px = ((float) x + 0.5f) / (float) times - 0.5f;
        float py = ((float) y + 0.5f) / (float) times - 0.5f;
        float sx, sy, grey = -1;
        for (int i = (int) self->n_layers - 1; i >= 0 && grey < 0; i--)
          {
            nodes_read (nodes + 1 + i, px, py, &sx, &sy);
            if (is_of_layer_soon (&self->layers[i], sx, sy))
              grey = scene_read (self->other, sx + 333 * (float) i, sy);
          }
        if (grey < 0)
          {
            nodes_read (nodes, px, py, &sx, &sy);
            grey = scene_read (scene, sx, sy);
          }
        now[y * width + x] = share * grey;
      }
  draw_things (self, t, times, now, share);
  for (int i = 0; i < width * height; i++)
    sum[i] += now[i];
}

/* A frame of @times the width and height. */
static void
draw (const GuidanceClip *self, guint n, int times, guint8 *frame)
{
  const int width = GUIDANCE_CLIP_WIDTH * times, height = GUIDANCE_CLIP_HEIGHT * times;
  g_autofree float *sum = g_new0 (float, (gsize) width *height);
  double t = (double) n / GUIDANCE_CLIP_RATE, light = moved (&self->light, t);
  int parts = self->shutter > 0 ? BLUR_PARTS : 1;
  guint32 random = (self->seed * 2654435761u) ^ ((n + 1) * 40503u * 65537u);

  for (int i = 0; i < parts; i++)
    draw_moment (self, t + self->shutter * ((i + 0.5) / parts - 0.5) / GUIDANCE_CLIP_RATE, times,
                 sum, 1.0f / (float) parts);
  random |= 1;
  for (int y = 0; y < height; y++)
    {
      double row = self->gain
                   * (1 + self->flicker * sin (self->flicker_rate * t + self->bands * y / height));
      float lit = (float) (row * (1 + light)), slope = (float) (row * 0.4 * light / width);
      for (int x = 0; x < width; x++)
        {
          random ^= random << 13;
          random ^= random >> 17;
          random ^= random << 5;
          int four = (int) ((random & 255) + (random >> 8 & 255) + (random >> 16 & 255)
                            + (random >> 24));
          float grey = sum[y * width + x] * (lit + slope * (float) (x - width / 2))
                       + (float) self->noise * (float) (four - 510) / 147.8f;
          frame[y * width + x] = (guint8) CLAMP (grey + 0.5f, 0, 255);
        }
    }
}

static void
draw_double (gpointer data, guint n, guint8 *grey)
{
  draw (data, n, 2, grey);
}

GuidanceClip *
guidance_clip_new (GuidanceClipKind kind, guint32 seed)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (seed * 64 + kind);
  g_autoptr (GuidanceClip) self = g_new0 (GuidanceClip, 1);

  g_return_val_if_fail (kind < GUIDANCE_CLIP_KINDS, NULL);
  self->kind = kind;
  self->seed = seed * 64 + kind;
  self->scene = guidance_clip_scene (rand, kind == GUIDANCE_CLIP_REPEAT);
  self->other = guidance_clip_scene (rand, FALSE);
  self->x = between (rand, 0, SCENE);
  self->y = between (rand, 0, SCENE);
  set_motion (self, rand);
  set_depth (self, rand);
  set_between (self, rand);
  set_light (self, rand);
  if (kind == GUIDANCE_CLIP_H264 || kind == GUIDANCE_CLIP_VP8)
    {
      self->coded = guidance_clip_code (kind, draw_double, self);
      if (self->coded == NULL)
        return NULL;
    }
  return g_steal_pointer (&self);
}

void
guidance_clip_free (GuidanceClip *self)
{
  if (self == NULL)
    return;
  g_free (self->scene);
  g_free (self->other);
  g_free (self->coded);
  g_clear_pointer (&self->things, g_array_unref);
  g_free (self);
}

const guint8 *
guidance_clip_get_frame (GuidanceClip *self, guint n)
{
  g_return_val_if_fail (self != NULL && n < GUIDANCE_CLIP_FRAMES, NULL);
  if (self->coded != NULL)
    return self->coded + (gsize) n * GUIDANCE_CLIP_WIDTH * GUIDANCE_CLIP_HEIGHT;
  draw (self, n, 1, self->frame);
  return self->frame;
}

gint64
guidance_clip_get_time (GuidanceClip *self, guint n)
{
  g_return_val_if_fail (self != NULL, 0);
  return (gint64) n * G_USEC_PER_SEC / GUIDANCE_CLIP_RATE;
}

gboolean
guidance_clip_find (GuidanceClip *self, guint drawn, const GuidancePoint *at, guint n,
                    GuidancePoint *now)
{
  double then = (double) drawn / GUIDANCE_CLIP_RATE, t = (double) n / GUIDANCE_CLIP_RATE;
  double px, py, x, y, dx = 0, dy = 0;
  gboolean elsewhere = self->kind == GUIDANCE_CLIP_CUT
                       && (away (self, then) > 0 || away (self, t) > 0);

  g_return_val_if_fail (self != NULL && at != NULL && now != NULL, FALSE);
  px = at->x * GUIDANCE_CLIP_WIDTH - 0.5;
  py = at->y * GUIDANCE_CLIP_HEIGHT - 0.5;
  int layer = layer_at (self, px, py, then);
  double nearer = layer < 0 ? 0 : self->layers[layer].nearer;
  Camera first = camera_at (self, then, nearer), second = camera_at (self, t, nearer);
  unproject (&first, px, py, &x, &y);
  if (layer < 0)
    bend (self, x, y, then, &dx, &dy);
  double scene_x = x + dx, scene_y = y + dy;
  for (guint i = 0; i < 16 && layer < 0; i++)
    {
      bend (self, x, y, t, &dx, &dy);
      x = scene_x - dx;
      y = scene_y - dy;
    }
  project (&second, x, y, &px, &py);
  now->x = elsewhere ? NAN : (px + 0.5) / GUIDANCE_CLIP_WIDTH;
  now->y = elsewhere ? NAN : (py + 0.5) / GUIDANCE_CLIP_HEIGHT;
  if (elsewhere || now->x < 0 || now->x > 1 || now->y < 0 || now->y > 1
      || layer_at (self, px, py, t) != layer)
    return FALSE;
  for (guint i = 0; i < self->things->len; i++)
    {
      const Thing *thing = &g_array_index (self->things, Thing, i);
      if (thing_at (thing, t, &x, &y) && within (thing, px - x, py - y, &dx) >= 0)
        return FALSE;
    }
  return TRUE;
}
