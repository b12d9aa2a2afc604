/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rows of one statement. */
#define KAREZ_INSIDE
#include "karez-rows.h"
#include "karez-json.h"

#include "hub-hash.h"

#include <string.h>

struct _KarezRows
{
  KarezRowsSource source;
  GHashTable *columns; /* name → column + 1 */
};

G_DEFINE_BOXED_TYPE (KarezRows, karez_rows, karez_rows_ref, karez_rows_unref)

KarezRows *
karez_rows_new (const KarezRowsSource *source)
{
  KarezRows *self = g_rc_box_new0 (KarezRows);

  self->source = *source;
  self->columns = g_hash_table_new (g_str_hash, g_str_equal);
  for (guint i = 0; i < source->n_columns; i++)
    g_hash_table_insert (self->columns, (char *) source->column_name (source->data, i),
                         GUINT_TO_POINTER (i + 1));
  return self;
}

KarezRows *
karez_rows_ref (KarezRows *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return g_rc_box_acquire (self);
}

static void
clear (KarezRows *self)
{
  g_hash_table_unref (self->columns);
  if (self->source.destroy != NULL)
    self->source.destroy (self->source.data);
}

void
karez_rows_unref (KarezRows *self)
{
  g_return_if_fail (self != NULL);

  g_rc_box_release_full (self, (GDestroyNotify) clear);
}

guint
karez_rows_get_count (KarezRows *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->source.n_rows;
}

guint
karez_rows_get_affected (KarezRows *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->source.affected;
}

const char *
karez_rows_text (KarezRows *self, guint row, const char *column)
{
  guint n = GPOINTER_TO_UINT (g_hash_table_lookup (self->columns, column));

  g_return_val_if_fail (row < self->source.n_rows, NULL);
  g_return_val_if_fail (n > 0, NULL);

  return self->source.value (self->source.data, row, n - 1);
}

gint64
karez_rows_integer (KarezRows *self, guint row, const char *column)
{
  const char *text = karez_rows_text (self, row, column);

  g_return_val_if_fail (self != NULL, 0);

  return text != NULL ? g_ascii_strtoll (text, NULL, 10) : 0;
}

gboolean
karez_rows_boolean (KarezRows *self, guint row, const char *column)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return g_strcmp0 (karez_rows_text (self, row, column), "t") == 0;
}

GBytes *
karez_rows_bytes (KarezRows *self, guint row, const char *column)
{
  const char *text = karez_rows_text (self, row, column);

  g_return_val_if_fail (self != NULL, NULL);

  return text != NULL && g_str_has_prefix (text, "\\x") ? hub_unhex (text + 2) : NULL;
}

JsonNode *
karez_rows_json (KarezRows *self, guint row, const char *column)
{
  const char *text = karez_rows_text (self, row, column);

  g_return_val_if_fail (self != NULL, NULL);

  return text != NULL ? json_from_string (text, NULL) : NULL;
}

JsonNode *
karez_rows_to_array (KarezRows *self, KarezRowFunc func, gpointer data)
{
  JsonNode *node = json_node_new (JSON_NODE_ARRAY);
  JsonArray *array = json_array_new ();

  g_return_val_if_fail (self != NULL, NULL);

  json_node_take_array (node, array);
  for (guint row = 0; row < karez_rows_get_count (self); row++)
    {
      JsonNode *one = func (self, row, data);

      if (one != NULL)
        json_array_add_element (array, one);
    }
  return node;
}
