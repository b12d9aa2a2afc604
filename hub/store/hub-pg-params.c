/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The arguments of one statement, as libpq takes them. */
#include "hub-pg-params.h"

#include <string.h>

char *
hub_pg_array (const char *const *items)
{
  GString *text = g_string_new ("{");

  for (guint i = 0; items != NULL && items[i] != NULL; i++)
    {
      g_string_append (text, i > 0 ? ",\"" : "\"");
      for (const char *at = items[i]; *at != '\0'; at++)
        {
          if (*at == '"' || *at == '\\')
            g_string_append_c (text, '\\');
          g_string_append_c (text, *at);
        }
      g_string_append_c (text, '"');
    }
  g_string_append_c (text, '}');
  return g_string_free (text, FALSE);
}

void
hub_pg_params_free (HubPgParams *self)
{
  for (int i = 0; i < self->count; i++)
    g_free (self->values[i]);
  g_free (self->values);
  g_free (self->lengths);
  g_free (self->formats);
  g_free (self);
}

static char *
bytes_value (GVariant *value, int *length)
{
  gsize size;
  gconstpointer data = g_variant_get_fixed_array (value, &size, 1);
  char *copy = g_malloc (size + 1);

  if (size > 0)
    memcpy (copy, data, size);
  copy[size] = '\0';
  *length = (int) size;
  return copy;
}

/* The value's text, NULL for a type that is not offered. */
static char *
text_value (GVariant *value)
{
  char number[G_ASCII_DTOSTR_BUF_SIZE];
  g_autofree const char **items = NULL;

  switch (g_variant_classify (value))
    {
    case G_VARIANT_CLASS_STRING:
      return g_variant_dup_string (value, NULL);
    case G_VARIANT_CLASS_BOOLEAN:
      return g_strdup (g_variant_get_boolean (value) ? "true" : "false");
    case G_VARIANT_CLASS_INT32:
      return g_strdup_printf ("%d", g_variant_get_int32 (value));
    case G_VARIANT_CLASS_UINT32:
      return g_strdup_printf ("%u", g_variant_get_uint32 (value));
    case G_VARIANT_CLASS_INT64:
      return g_strdup_printf ("%" G_GINT64_FORMAT, g_variant_get_int64 (value));
    case G_VARIANT_CLASS_UINT64:
      return g_strdup_printf ("%" G_GUINT64_FORMAT, g_variant_get_uint64 (value));
    case G_VARIANT_CLASS_DOUBLE:
      return g_strdup (g_ascii_dtostr (number, sizeof number, g_variant_get_double (value)));
    case G_VARIANT_CLASS_ARRAY:
      if (!g_variant_is_of_type (value, G_VARIANT_TYPE_STRING_ARRAY))
        return NULL;
      items = g_variant_get_strv (value, NULL);
      return hub_pg_array (items);
    default:
      return NULL;
    }
}

static gboolean
add_value (HubPgParams *self, int i, GVariant *child, GError **error)
{
  g_autoptr (GVariant) value = NULL;

  if (!g_variant_is_of_type (child, G_VARIANT_TYPE_MAYBE))
    value = g_variant_ref (child);
  else if ((value = g_variant_get_maybe (child)) == NULL)
    return TRUE;

  if (g_variant_is_of_type (value, G_VARIANT_TYPE_BYTESTRING))
    {
      if (g_variant_get_size (value) > G_MAXINT / 2)
        return karez_error_set (error, KAREZ_ERROR_TOO_LARGE, "database/limit", NULL,
                                "This is too large for the database.");
      self->values[i] = bytes_value (value, &self->lengths[i]);
      self->formats[i] = 1;
      return TRUE;
    }
  self->values[i] = text_value (value);
  if (self->values[i] == NULL)
    return karez_error_set (error, KAREZ_ERROR_FAILED, "database/parameter", NULL,
                            "A statement does not take the type %s.",
                            g_variant_get_type_string (child));
  return TRUE;
}

HubPgParams *
hub_pg_params_new (GVariant *variant, GError **error)
{
  g_autoptr (HubPgParams) self = g_new0 (HubPgParams, 1);

  if (variant == NULL)
    return g_steal_pointer (&self);
  if (!g_variant_is_of_type (variant, G_VARIANT_TYPE_TUPLE))
    {
      karez_error_set (error, KAREZ_ERROR_FAILED, "database/parameter", NULL,
                       "The arguments of a statement are a tuple, not %s.",
                       g_variant_get_type_string (variant));
      return NULL;
    }

  self->count = (int) g_variant_n_children (variant);
  self->values = g_new0 (char *, self->count + 1);
  self->lengths = g_new0 (int, self->count + 1);
  self->formats = g_new0 (int, self->count + 1);
  for (int i = 0; i < self->count; i++)
    {
      g_autoptr (GVariant) child = g_variant_get_child_value (variant, i);

      if (!add_value (self, i, child, error))
        return NULL;
    }
  return g_steal_pointer (&self);
}
