/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tables in files of comma-separated values (RFC 4180). */
#include "ctl-csv.h"

#include "ctl.h"

#include <csv.h>
#include <glib/gi18n.h>
#include <karez.h>
#include <string.h>

#define MAX_FILE (4 * 1024 * 1024)
#define MAX_ROWS 20000
#define MAX_COLUMNS 32

typedef struct
{
  guint line;
  GPtrArray *fields; /* of text */
} Row;

struct _CtlCsv
{
  GPtrArray *rows; /* the first has the columns' names, until it is taken away */
  GPtrArray *names;
};

typedef struct
{
  CtlCsv *csv;
  Row *row; /* that is being read */
  guint line;
} Reading;

static void
row_free (gpointer data)
{
  Row *row = data;

  g_ptr_array_unref (row->fields);
  g_free (row);
}

void
ctl_csv_free (CtlCsv *self)
{
  g_ptr_array_unref (self->rows);
  g_clear_pointer (&self->names, g_ptr_array_unref);
  g_free (self);
}

static Row *
begin_row (Reading *reading)
{
  if (reading->row == NULL)
    {
      reading->row = g_new0 (Row, 1);
      reading->row->line = reading->line;
      reading->row->fields = g_ptr_array_new_with_free_func (g_free);
    }
  return reading->row;
}

/* Without the spaces around it, also those that are no ASCII: web pages and input methods leave
 * them. */
static char *
strip (const char *text, gsize size)
{
  const char *end = text + size, *before;

  while (text < end && g_unichar_isspace (g_utf8_get_char (text)))
    text = g_utf8_next_char (text);
  while (text < end && (before = g_utf8_find_prev_char (text, end)) != NULL
         && g_unichar_isspace (g_utf8_get_char (before)))
    end = before;
  return g_strndup (text, end - text);
}

static void
on_field (void *text, size_t size, void *data)
{
  g_ptr_array_add (begin_row (data)->fields, strip (text, size));
}

static gboolean
is_blank (const Row *row)
{
  for (guint i = 0; i < row->fields->len; i++)
    if (*(const char *) row->fields->pdata[i] != '\0')
      return FALSE;
  return TRUE;
}

static void
on_row (int end, void *data)
{
  Reading *reading = data;
  Row *row = g_steal_pointer (&reading->row);

  (void) end;
  if (row != NULL && is_blank (row))
    row_free (row);
  else if (row != NULL)
    g_ptr_array_add (reading->csv->rows, row);
}

static gboolean
refuse (GError **error, guint line, const char *accepted, const char *message)
{
  g_autofree char *number = g_strdup_printf ("%u", line);

  return karez_error_set (error, KAREZ_ERROR_INVALID, "csv/table", accepted, N_ ("line %s: %s"),
                          number, _ (message));
}

/* The one that the line of names has most of: a spreadsheet writes what its language has. */
static char
find_delimiter (const char *text)
{
  const char *end = strpbrk (text, "\r\n");
  gsize length = end != NULL ? (gsize) (end - text) : strlen (text);
  char found = ',';
  guint most = 0;

  for (const char *c = ",;\t"; *c != '\0'; c++)
    {
      guint n = 0;

      for (gsize i = 0; i < length; i++)
        n += text[i] == *c;
      if (n > most)
        {
          most = n;
          found = *c;
        }
    }
  return found;
}

/* "sep=;" in a line of its own tells Excel the delimiter. */
static gboolean
has_separator_line (const char *text)
{
  return g_ascii_strncasecmp (text, "sep=", 4) == 0 && text[4] != '\0' && text[4] != '"'
         && (text[5] == '\r' || text[5] == '\n');
}

/* Byte by byte, since the line of a field is asked for. */
static gboolean
read_rows (CtlCsv *self, const char *text, GError **error)
{
  Reading reading = { self, NULL, 1 };
  struct csv_parser parser;
  gboolean fine = TRUE, separated = has_separator_line (text);

  if (csv_init (&parser, CSV_STRICT | CSV_STRICT_FINI) != 0)
    g_error ("libcsv cannot be initialised");
  csv_set_delim (&parser, (unsigned char) (separated ? text[4] : find_delimiter (text)));
  if (separated)
    text += 5;
  for (const char *c = text; fine && *c != '\0'; c++)
    {
      if (csv_parse (&parser, c, 1, on_field, on_row, &reading) != 1)
        fine = refuse (error, reading.line, N_ ("a quotation mark within a field is written twice"),
                       N_ ("a quotation mark is not where one may be"));
      else if (self->rows->len > MAX_ROWS)
        fine = refuse (error, reading.line, N_ ("at most 20,000 lines"), N_ ("too many lines"));
      reading.line += *c == '\n' || (*c == '\r' && c[1] != '\n');
    }
  if (fine && csv_fini (&parser, on_field, on_row, &reading) != 0)
    fine = refuse (error, reading.line, N_ ("two quotation marks around a field"),
                   N_ ("a quotation mark is not closed"));
  csv_free (&parser);
  if (reading.row != NULL)
    row_free (reading.row);
  return fine;
}

static const CtlCsvColumn *
find_column (const CtlCsvColumn *columns, const char *name)
{
  for (; columns->name != NULL; columns++)
    if (g_ascii_strcasecmp (columns->name, name) == 0)
      return columns;
  return NULL;
}

static char *
list_columns (const CtlCsvColumn *columns)
{
  GString *text = g_string_new (NULL);

  for (; columns->name != NULL; columns++)
    g_string_append_printf (text, "%s%s", text->len > 0 ? ", " : "", columns->name);
  return g_string_free (text, FALSE);
}

static int
index_of (CtlCsv *self, const char *name)
{
  for (guint i = 0; i < self->names->len; i++)
    if (g_ascii_strcasecmp (self->names->pdata[i], name) == 0)
      return (int) i;
  return -1;
}

/* A spreadsheet also writes columns at the end in which nothing is any more. */
static void
drop_empty (GPtrArray *fields, guint least)
{
  while (fields->len > least && *(const char *) fields->pdata[fields->len - 1] == '\0')
    g_ptr_array_set_size (fields, (int) fields->len - 1);
}

/* The columns' names leave the rows. */
static gboolean
take_names (CtlCsv *self, const CtlCsvColumn *columns, GError **error)
{
  g_autofree char *accepted = list_columns (columns);
  Row *first = self->rows->len > 0 ? self->rows->pdata[0] : NULL;

  if (first != NULL)
    drop_empty (first->fields, 0);
  if (first == NULL || first->fields->len > MAX_COLUMNS)
    return karez_error_set (error, KAREZ_ERROR_INVALID, "csv/columns", accepted,
                            N_ ("The first line has no names of columns"));
  self->names = g_ptr_array_ref (first->fields);
  for (guint i = 0; i < self->names->len; i++)
    {
      const char *name = self->names->pdata[i];

      if (find_column (columns, name) == NULL)
        return karez_error_set (error, KAREZ_ERROR_INVALID, "csv/columns", accepted,
                                N_ ("There is no column “%s”"), name);
      if (index_of (self, name) != (int) i)
        return karez_error_set (error, KAREZ_ERROR_INVALID, "csv/columns", accepted,
                                N_ ("The column “%s” is there twice"), name);
    }
  for (const CtlCsvColumn *column = columns; column->name != NULL; column++)
    if (column->required && index_of (self, column->name) < 0)
      return karez_error_set (error, KAREZ_ERROR_INVALID, "csv/columns", accepted,
                              N_ ("The column “%s” is missing"), column->name);
  g_ptr_array_remove_index (self->rows, 0);
  return TRUE;
}

static gboolean
check_row (CtlCsv *self, guint i, const CtlCsvColumn *columns, GError **error)
{
  Row *row = self->rows->pdata[i];

  drop_empty (row->fields, self->names->len);
  if (row->fields->len > self->names->len)
    return refuse (error, row->line, N_ ("as many fields as the first line has"),
                   N_ ("there are more fields than columns"));
  for (guint k = 0; k < row->fields->len; k++)
    {
      g_autoptr (GError) local = NULL;

      if (!karez_text_check (row->fields->pdata[k], -1, &local))
        return refuse (error, row->line, karez_error_get_accepted (local),
                       karez_error_get_format (local));
    }
  for (const CtlCsvColumn *column = columns; column->name != NULL; column++)
    if (column->required && ctl_csv_get (self, i, column->name) == NULL)
      {
        g_autofree char *number = g_strdup_printf ("%u", row->line);

        return karez_error_set (error, KAREZ_ERROR_INVALID, "csv/empty", NULL,
                                N_ ("line %s: nothing is in the column “%s”"), number,
                                column->name);
      }
  return TRUE;
}

CtlCsv *
ctl_csv_read (const char *path, const CtlCsvColumn *columns, GError **error)
{
  g_autofree char *text = ctl_read_text (path, MAX_FILE, error);
  g_autoptr (CtlCsv) self = NULL;
  gboolean fine;

  if (text == NULL)
    return NULL;
  self = g_new0 (CtlCsv, 1);
  self->rows = g_ptr_array_new_with_free_func (row_free);
  fine = read_rows (self, text, error) && take_names (self, columns, error);
  for (guint i = 0; fine && i < self->rows->len; i++)
    fine = check_row (self, i, columns, error);
  return fine ? g_steal_pointer (&self) : NULL;
}

guint
ctl_csv_get_count (CtlCsv *self)
{
  return self->rows->len;
}

guint
ctl_csv_get_line (CtlCsv *self, guint row)
{
  return ((Row *) self->rows->pdata[row])->line;
}

const char *
ctl_csv_get (CtlCsv *self, guint row, const char *column)
{
  GPtrArray *fields = ((Row *) self->rows->pdata[row])->fields;
  int i = index_of (self, column);
  const char *text = i >= 0 && (guint) i < fields->len ? fields->pdata[i] : NULL;

  return text != NULL && *text != '\0' ? text : NULL;
}
