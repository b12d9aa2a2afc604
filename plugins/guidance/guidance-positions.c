/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the marks are on one frame, in a few bytes. */
#include "guidance-positions.h"

#include <glib/gi18n.h>
#include <math.h>
#include <string.h>

#define VERSION 1
/* A mark that is farther away than this many pictures is none. */
#define FAR 100.0

static gboolean
refuse (GError **error)
{
  return karez_error_set (error, KAREZ_ERROR_INVALID, "guidance/positions",
                          N_ ("where at most 64 marks are on one frame"),
                          N_ ("These are no positions of marks"));
}

/* Neither what is no number nor what is of no use gets to a page. */
static gboolean
is_sound (const GuidancePosition *self)
{
  if (self->number == 0 || !(self->confidence >= 0 && self->confidence <= 1)
      || !(fabs (self->x) < FAR && fabs (self->y) < FAR))
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (self->matrix); i++)
    if (!(fabs (self->matrix[i]) < FAR))
      return FALSE;
  return TRUE;
}

/* JSON. */

/* Its last element is 1, or it is none. */
static gboolean
read_matrix (JsonObject *object, double *matrix)
{
  JsonNode *node = json_object_get_member (object, "matrix");
  JsonArray *array = node != NULL && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node)
                                                                  : NULL;

  if (array == NULL || json_array_get_length (array) != 9)
    return FALSE;
  for (guint i = 0; i < 9; i++)
    if (!karez_json_number (json_array_get_element (array, i), &matrix[i]))
      return FALSE;
  if (!(fabs (matrix[8]) > 1e-6))
    return FALSE;
  for (guint i = 0; i < 9; i++)
    matrix[i] /= matrix[8];
  return TRUE;
}

static gboolean
read_position (GuidancePosition *self, JsonNode *node)
{
  JsonObject *object = JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
  gint64 number = object != NULL ? karez_json_integer (object, "number", 0) : 0;

  if (number <= 0 || number > G_MAXUINT32)
    return FALSE;
  *self = (GuidancePosition){ .number = (guint32) number,
                              .shown = karez_json_boolean (object, "shown") };
  if (!self->shown)
    return TRUE;
  return karez_json_number (json_object_get_member (object, "confidence"), &self->confidence)
         && karez_json_number (json_object_get_member (object, "x"), &self->x)
         && karez_json_number (json_object_get_member (object, "y"), &self->y)
         && read_matrix (object, self->matrix) && is_sound (self);
}

gboolean
guidance_positions_from_json (GuidancePositions *self, JsonNode *node, GError **error)
{
  static const KarezJsonField fields[] = {
    { "type", KAREZ_JSON_ENUM, TRUE, 0, 0, "marks" },
    { "rtp_time", KAREZ_JSON_INTEGER, TRUE, 0, G_MAXUINT32 },
    { "capture", KAREZ_JSON_INTEGER, FALSE, 0, G_MAXINT64 / 2 },
    { "marks", KAREZ_JSON_ARRAY, TRUE, 0, GUIDANCE_MAX_MARKS },
    { NULL },
  };
  JsonObject *object = karez_json_check (node, fields, error);
  JsonArray *array;

  if (object == NULL)
    return FALSE;
  array = json_object_get_array_member (object, "marks");
  self->rtp_time = (guint32) karez_json_integer (object, "rtp_time", 0);
  self->capture = karez_json_integer (object, "capture", 0);
  self->n = json_array_get_length (array);
  for (guint i = 0; i < self->n; i++)
    if (!read_position (&self->all[i], json_array_get_element (array, i)))
      return refuse (error);
  return TRUE;
}

/* Bytes. */

static void
put32 (guint8 *out, guint32 value)
{
  guint32 ordered = GUINT32_TO_LE (value);

  memcpy (out, &ordered, sizeof ordered);
}

static guint32
get32 (const guint8 *in)
{
  guint32 ordered;

  memcpy (&ordered, in, sizeof ordered);
  return GUINT32_FROM_LE (ordered);
}

static void
put_float (guint8 *out, double value)
{
  union
  {
    float number;
    guint32 bits;
  } as = { .number = (float) value };

  put32 (out, as.bits);
}

static double
get_float (const guint8 *in)
{
  union
  {
    guint32 bits;
    float number;
  } as = { .bits = get32 (in) };

  return (double) as.number;
}

static void
pack_one (const GuidancePosition *self, guint8 *out)
{
  put32 (out, self->number);
  out[4] = (guint8) self->shown;
  out[5] = (guint8) lround (self->confidence * 255);
  put_float (out + 8, self->x);
  put_float (out + 12, self->y);
  for (guint i = 0; i < 8; i++)
    put_float (out + 16 + 4 * i, self->matrix[i]);
}

static GBytes *
pack_some (const GuidancePositions *self, guint from, guint n)
{
  gsize size = GUIDANCE_POSITIONS_HEAD + n * GUIDANCE_POSITION_BYTES;
  guint8 *bytes = g_malloc0 (size);

  bytes[0] = VERSION;
  bytes[1] = (guint8) n;
  put32 (bytes + 4, self->rtp_time);
  put32 (bytes + 8, (guint32) self->capture);
  put32 (bytes + 12, (guint32) (self->capture >> 32));
  for (guint i = 0; i < n; i++)
    pack_one (&self->all[from + i], bytes + GUIDANCE_POSITIONS_HEAD + i * GUIDANCE_POSITION_BYTES);
  return g_bytes_new_take (bytes, size);
}

GPtrArray *
guidance_positions_pack (const GuidancePositions *self, gsize max)
{
  GPtrArray *messages = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  guint most = (guint) ((max - GUIDANCE_POSITIONS_HEAD) / GUIDANCE_POSITION_BYTES);

  for (guint from = 0; from < self->n; from += most)
    g_ptr_array_add (messages, pack_some (self, from, MIN (most, self->n - from)));
  return messages;
}

static gboolean
unpack_one (GuidancePosition *self, const guint8 *in)
{
  *self = (GuidancePosition){ .number = get32 (in), .shown = in[4] != 0 };
  if (in[4] > 1)
    return FALSE;
  if (!self->shown)
    return self->number != 0;
  self->confidence = in[5] / 255.0;
  self->x = get_float (in + 8);
  self->y = get_float (in + 12);
  for (guint i = 0; i < 8; i++)
    self->matrix[i] = get_float (in + 16 + 4 * i);
  self->matrix[8] = 1;
  return is_sound (self);
}

gboolean
guidance_positions_unpack (GuidancePositions *self, GBytes *message, GError **error)
{
  gsize size = 0;
  const guint8 *bytes = g_bytes_get_data (message, &size);

  if (size < GUIDANCE_POSITIONS_HEAD || bytes[0] != VERSION || bytes[1] > GUIDANCE_MAX_MARKS
      || size != GUIDANCE_POSITIONS_HEAD + (gsize) bytes[1] * GUIDANCE_POSITION_BYTES)
    return refuse (error);
  self->n = bytes[1];
  self->rtp_time = get32 (bytes + 4);
  self->capture = (gint64) ((guint64) get32 (bytes + 12) << 32 | get32 (bytes + 8));
  for (guint i = 0; i < self->n; i++)
    if (!unpack_one (&self->all[i], bytes + GUIDANCE_POSITIONS_HEAD + i * GUIDANCE_POSITION_BYTES))
      return refuse (error);
  return TRUE;
}
