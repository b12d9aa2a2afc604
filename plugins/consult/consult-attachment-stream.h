/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "consult-hub.h"

G_BEGIN_DECLS

/* There is no such file. Returns: (transfer full) */
GError *consult_attachment_none_error (void);
/* Answers @request with the file of attachment_by_id, with its reading on record. @patient:
 * (nullable) */
void consult_attachment_show (ConsultHub *hub, KarezRequest *request, KarezRows *rows,
                              const char *patient);

G_END_DECLS
