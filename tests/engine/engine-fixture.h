/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <karez.h>

G_BEGIN_DECLS

/* An awaited result: give await_done and &await, then await_result(). */
typedef struct
{
  GAsyncResult *result;
} Await;
void await_done (GObject *source, GAsyncResult *result, gpointer await);
GAsyncResult *await_result (Await *await);

/* Turns the main context until @check says TRUE; fails the test after @seconds. */
void turn_until (gboolean (*check) (gpointer data), gpointer data, guint seconds, const char *what);
void turn_for (guint ms);

/* A folder that is removed at the end of the test program. Returns: (transfer none) */
const char *scratch (void);
/* Writes a file below scratch (). Returns: (transfer full): its path */
char *scratch_file (const char *name, const char *text);
/* Where the test's modules were built. */
char *module_path (const char *name);

void assert_rule (const GError *error, const char *rule);

G_END_DECLS
