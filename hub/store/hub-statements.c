/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The named statements of every schema: read, prepared. */
#include "hub-statements.h"

#include "hub-log.h"

#include <string.h>

#define HEADER "-- name:"
/* NAMEDATALEN - 1: the server's table of prepared statements cuts longer names. */
#define MAX_KEY 63

struct _HubStatements
{
  GPtrArray *all; /* owns them */
  GPtrArray *list;
  GHashTable *by_key;
  GHashTable *refused; /* schema → GError */
};

static void
free_statement (gpointer data)
{
  HubStatement *statement = data;

  g_free (statement->key);
  g_free (statement->sql);
  g_free (statement->schema);
  g_free (statement);
}

HubStatements *
hub_statements_new (void)
{
  HubStatements *self = g_atomic_rc_box_new0 (HubStatements);

  self->all = g_ptr_array_new_with_free_func (free_statement);
  self->list = g_ptr_array_new ();
  self->by_key = g_hash_table_new (g_str_hash, g_str_equal);
  self->refused = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                         (GDestroyNotify) g_error_free);
  return self;
}

HubStatements *
hub_statements_ref (HubStatements *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
clear (HubStatements *self)
{
  g_hash_table_unref (self->refused);
  g_hash_table_unref (self->by_key);
  g_ptr_array_unref (self->list);
  g_ptr_array_unref (self->all);
}

void
hub_statements_unref (HubStatements *self)
{
  g_atomic_rc_box_release_full (self, (GDestroyNotify) clear);
}

static gboolean
refuse (GError **error, HubSchema *schema, HubSource *source, const char *what)
{
  g_autofree char *where = g_strconcat (schema->name, "/", source->name, NULL);

  return karez_error_set (error, KAREZ_ERROR_FAILED, "database/statement", NULL, "%s: %s", where,
                          what);
}

/* Only what reads and changes rows: a statement cannot end the transaction it runs in, nor pass by
 * the triggers that demand an event. */
static gboolean
begins_well (const char *sql)
{
  static const char *const words[] = { "select", "insert", "update", "delete",
                                       "with",   "values", NULL };

  while (g_str_has_prefix (sql, "--"))
    {
      const char *end = strchr (sql, '\n');

      if (end == NULL)
        return FALSE;
      sql = end + 1;
      sql += strspn (sql, " \t\r\n");
    }
  for (guint i = 0; words[i] != NULL; i++)
    {
      gsize length = strlen (words[i]);

      if (g_ascii_strncasecmp (sql, words[i], length) == 0 && !g_ascii_isalnum (sql[length])
          && sql[length] != '_')
        return TRUE;
    }
  return FALSE;
}

static gboolean
add (HubStatements *self, HubSchema *schema, HubSource *source, const char *name, GString *text,
     GError **error)
{
  g_autofree char *key = g_strconcat (schema->name, ".", name, NULL);
  HubStatement *statement;

  g_strstrip (text->str);
  text->len = strlen (text->str);
  while (text->len > 0 && (text->str[text->len - 1] == ';' || text->str[text->len - 1] == '\n'))
    g_string_truncate (text, text->len - 1);

  if (!hub_schema_name_is_valid (name) || strlen (key) > MAX_KEY)
    return refuse (error, schema, source, "a name is 1 to 40 of a-z, 0-9 and _");
  if (g_hash_table_contains (self->by_key, key))
    return refuse (error, schema, source, "a name stands twice");
  if (!begins_well (text->str))
    return refuse (error, schema, source,
                   "a statement is one select, insert, update, delete, values or with");

  statement = g_new0 (HubStatement, 1);
  statement->key = g_steal_pointer (&key);
  statement->sql = g_strdup (text->str);
  statement->schema = g_strdup (schema->name);
  statement->plugin = schema->plugin;
  g_ptr_array_add (self->all, statement);
  g_ptr_array_add (self->list, statement);
  g_hash_table_insert (self->by_key, statement->key, statement);
  return TRUE;
}

static gboolean
add_source (HubStatements *self, HubSchema *schema, HubSource *source, GError **error)
{
  g_auto (GStrv) lines = g_strsplit (source->text, "\n", -1);
  g_autofree char *name = NULL;
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; lines[i] != NULL; i++)
    {
      if (g_str_has_prefix (lines[i], HEADER))
        {
          if (name != NULL && !add (self, schema, source, name, text, error))
            return FALSE;
          g_free (name);
          name = g_strstrip (g_strdup (lines[i] + strlen (HEADER)));
          g_string_truncate (text, 0);
        }
      else if (name != NULL)
        g_string_append_printf (text, "%s\n", lines[i]);
      else if (!g_str_has_prefix (lines[i], "--")
               && strspn (lines[i], " \t\r") != strlen (lines[i]))
        return refuse (error, schema, source, "a statement stands before the first name");
    }
  return name == NULL || add (self, schema, source, name, text, error);
}

gboolean
hub_statements_add (HubStatements *self, HubSchema *schema, GError **error)
{
  for (guint i = 0; i < schema->sources->len; i++)
    {
      if (!add_source (self, schema, schema->sources->pdata[i], error))
        return FALSE;
    }
  return TRUE;
}

const HubStatement *
hub_statements_lookup (HubStatements *self, const char *schema, const char *name)
{
  g_autofree char *key = g_strconcat (schema, ".", name, NULL);

  return g_hash_table_lookup (self->by_key, key);
}

GPtrArray *
hub_statements_list (HubStatements *self)
{
  return self->list;
}

void
hub_statements_refuse (HubStatements *self, const char *schema, const GError *why)
{
  if (g_hash_table_contains (self->refused, schema))
    return;
  hub_warning ("store", schema, "The hub goes on without this plugin's tables: %s", why->message);
  g_hash_table_insert (self->refused, g_strdup (schema), g_error_copy (why));
  for (guint i = self->list->len; i > 0; i--)
    {
      HubStatement *statement = self->list->pdata[i - 1];

      if (!g_str_equal (statement->schema, schema))
        continue;
      g_hash_table_remove (self->by_key, statement->key);
      g_ptr_array_remove_index (self->list, i - 1);
    }
}

const GError *
hub_statements_get_refusal (HubStatements *self, const char *schema)
{
  return g_hash_table_lookup (self->refused, schema);
}
