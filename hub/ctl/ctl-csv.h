/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _CtlCsv CtlCsv;

/**
 * CtlCsvColumn:
 * @name: as it stands in the first line, without regard to case
 * @required: whether each file has it, and each line something in it
 */
typedef struct
{
  const char *name;
  gboolean required;
} CtlCsvColumn;

/**
 * ctl_csv_read:
 * @columns: those that are accepted, in any order; ended by an empty one
 *
 * A table in a file of comma-separated values (RFC 4180): UTF-8 with or without its mark, the names
 * of the columns in the first line, fields split by commas, semicolons or tabs as that line has
 * them, or a line "sep=;" before it says. Spaces around a field are left out, and lines without one
 * are passed over, as are empty columns at the end. Blocks; errors say the line.
 *
 * Returns: (transfer full): ctl_csv_free()
 */
CtlCsv *ctl_csv_read (const char *path, const CtlCsvColumn *columns, GError **error);
void ctl_csv_free (CtlCsv *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CtlCsv, ctl_csv_free)

guint ctl_csv_get_count (CtlCsv *self);
/* Where a row stands in its file, from 1 on. */
guint ctl_csv_get_line (CtlCsv *self, guint row);
/* A field; NULL where nothing is in it, or the file has no such column. */
const char *ctl_csv_get (CtlCsv *self, guint row, const char *column);

G_END_DECLS
