/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "consult-hub.h"

G_BEGIN_DECLS

#define CONSULT_FEED_PARTS "consult.parts"

#define CONSULT_TYPE_FILES (consult_files_get_type ())
/**
 * ConsultFiles:
 * The bytes of requests' files: taken in parts, given, fetched from the hospital that asks.
 */
G_DECLARE_FINAL_TYPE (ConsultFiles, consult_files, CONSULT, FILES, KarezFiles)

ConsultFiles *consult_files_new (void);
/* Begins to fetch. */
gboolean consult_files_begin (ConsultFiles *self, ConsultHub *hub, GError **error);
/* Answers with the bytes of the file that @rows (attachment_by_id) tell of. */
void consult_files_show (ConsultFiles *self, KarezRequest *request, KarezRows *rows,
                         const char *patient);

G_END_DECLS
