/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "karez-error.h"

G_BEGIN_DECLS

#define KAREZ_TYPE_ROWS (karez_rows_get_type ())

/**
 * KarezRows:
 * The rows of one statement. Immutable and counted; strings live as long as the rows.
 * Columns are named as in the statement; a name that is not there is a programmer's error.
 *
 * Since: 1.0
 */
typedef struct _KarezRows KarezRows;

/**
 * karez_rows_get_type:
 * Since: 1.0
 */
KAREZ_PUBLIC GType karez_rows_get_type (void);
/**
 * karez_rows_ref:
 * Since: 1.0
 */
KAREZ_PUBLIC KarezRows *karez_rows_ref (KarezRows *self);
/**
 * karez_rows_unref:
 * Since: 1.0
 */
KAREZ_PUBLIC void karez_rows_unref (KarezRows *self);
/**
 * karez_rows_get_count:
 * Since: 1.0
 */
KAREZ_PUBLIC guint karez_rows_get_count (KarezRows *self);
/**
 * karez_rows_get_affected:
 *
 * How many rows an INSERT, UPDATE or DELETE touched.
 *
 * Since: 1.0
 */
KAREZ_PUBLIC guint karez_rows_get_affected (KarezRows *self);
/**
 * karez_rows_text:
 *
 * The value in PostgreSQL's text form, NULL for NULL.
 *
 * Since: 1.0
 */
KAREZ_PUBLIC const char *karez_rows_text (KarezRows *self, guint row, const char *column);
/**
 * karez_rows_integer:
 * Since: 1.0
 */
KAREZ_PUBLIC gint64 karez_rows_integer (KarezRows *self, guint row, const char *column);
/**
 * karez_rows_boolean:
 * Since: 1.0
 */
KAREZ_PUBLIC gboolean karez_rows_boolean (KarezRows *self, guint row, const char *column);
/**
 * karez_rows_bytes:
 *
 * A bytea.
 *
 * Returns: (transfer full) (nullable):
 *
 * Since: 1.0
 */
KAREZ_PUBLIC GBytes *karez_rows_bytes (KarezRows *self, guint row, const char *column);
/**
 * karez_rows_json:
 *
 * A json or jsonb value.
 *
 * Returns: (transfer full) (nullable):
 *
 * Since: 1.0
 */
KAREZ_PUBLIC JsonNode *karez_rows_json (KarezRows *self, guint row, const char *column);

/**
 * KarezRowFunc:
 * @rows: the rows
 * @row: which of them
 *
 * Returns: (transfer full) (nullable): what stands for the row; NULL leaves it out
 *
 * Since: 1.1
 */
typedef JsonNode *(*KarezRowFunc) (KarezRows *rows, guint row, gpointer data);

/**
 * karez_rows_to_array:
 * @func: (scope call): makes one of each row
 *
 * An array of what @func makes of each row.
 *
 * Returns: (transfer full):
 *
 * Since: 1.1
 */
KAREZ_PUBLIC JsonNode *karez_rows_to_array (KarezRows *self, KarezRowFunc func, gpointer data);

/**
 * KarezRowsSource:
 *
 * For the store: rows over somebody's memory. @get returns NULL for NULL; @column_name is called
 * once for each column.
 *
 * Since: 1.0
 */
typedef struct
{
  guint n_rows, n_columns, affected;
  const char *(*column_name) (gpointer data, guint column);
  const char *(*value) (gpointer data, guint row, guint column);
  gpointer data;
  GDestroyNotify destroy;
} KarezRowsSource;
KAREZ_PRIVATE KarezRows *karez_rows_new (const KarezRowsSource *source);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (KarezRows, karez_rows_unref)

G_END_DECLS
