/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "karez-files.h"

G_BEGIN_DECLS

typedef struct
{
  char *hub;
  KarezStore *store;
  KarezAudit *audit;
  KarezAgenda *agenda;
  KarezPeers *peers;
  KarezActor *actor;
  guint timer; /* looks for what stopped */

  /* karez-files-fetch.c */
  GPtrArray *coming; /* KarezFile: one of each hospital; @parts is the part that is to be fetched */
  guint next;        /* the file of which a part is being fetched */
  gboolean busy;     /* from the first question to the last answer */
  gboolean woken;    /* there is another file to fetch, found while it was busy */
  GHashTable *rests; /* of files that could not be fetched, by id */
  guint again;
} KarezFilesPrivate;

KarezFilesPrivate *karez_files_private (KarezFiles *self);
/* "PLUGIN/WHAT", "NOUN.WHAT"; static strings */
const char *karez_files_rule (KarezFiles *self, const char *what);
const char *karez_files_action (KarezFiles *self, const char *verb);
/* A transaction of the hub's own. Returns: (transfer full) */
KarezTransaction *karez_files_transaction (KarezFiles *self, const char *session);
/* Adds what keeps a part of @file that was checked. */
void karez_files_keep (KarezFiles *self, KarezTransaction *transaction, const KarezFile *file,
                       guint part, GBytes *bytes);

void karez_files_begin_fetching (KarezFiles *self);
void karez_files_end_fetching (KarezFiles *self);

G_END_DECLS
