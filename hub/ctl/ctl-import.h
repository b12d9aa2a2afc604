/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ctl-csv.h"
#include "ctl.h"

G_BEGIN_DECLS

/**
 * CtlImport:
 * @columns: of the file
 * @key: the column that tells one line's thing from another's
 * @path: where each is posted
 * @make: the body of a line, which has been checked for what @columns says
 * @check: what the hub itself asks of a body, before anything is sent
 * @exists: (nullable): the rule that refuses what is there already
 * @data: for @make
 */
typedef struct
{
  const CtlCsvColumn *columns;
  const char *key, *path;
  JsonNode *(*make) (CtlCsv *csv, guint row, gpointer data);
  gboolean (*check) (JsonNode *body, GError **error);
  const char *exists;
  gpointer data;
} CtlImport;

/* Options of a verb that imports. */
#define CTL_IMPORT_OPTIONS                                                                         \
  {                                                                                                \
    "check", NULL, N_ ("Adds nothing, and says what is wrong with the file")                       \
  }

/**
 * ctl_import_read:
 *
 * Reads a file and holds each line against what the hub would take.
 *
 * Returns: (transfer full) (nullable): NULL after it was told what is wrong, line by line
 */
CtlCsv *ctl_import_read (const CtlImport *import, const char *file);

/**
 * ctl_import_run:
 * @known: (nullable): a set of keys that are there already, and are passed over
 *
 * Posts line after line, and tells how far it is. One that the hub refuses is told with its line,
 * and the next ones follow: to run it again adds what is not there yet.
 */
CtlStatus ctl_import_run (Ctl *ctl, const CtlImport *import, CtlCsv *csv, GHashTable *known,
                          const char *file);

G_END_DECLS
