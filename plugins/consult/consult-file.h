/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <karez.h>

G_BEGIN_DECLS

/* A file of a request: how large, of which kinds. */
#define CONSULT_FILE_MAX_BYTES (32 * 1024 * 1024)
#define CONSULT_FILE_MAX_OF_REQUEST 10
/* Of what is added within a day: nobody fills the hub's disk in an hour, and a day's work fits. */
#define CONSULT_FILE_MAX_OF_PERSON (G_GINT64_CONSTANT (8) << 30)
#define CONSULT_FILE_MAX_OF_DAY (G_GINT64_CONSTANT (64) << 30)

/* "image/jpeg|image/png|…": %KAREZ_JSON_ENUM's form */
const char *consult_file_media_types (void);
/* "jpg|jpeg|…", as karez_file_name_save() takes them; NULL for a kind that is not taken */
const char *consult_file_endings (const char *media_type);
/* Whether a browser shows it; others are saved. */
gboolean consult_file_is_shown (const char *media_type);

/**
 * consult_file_check_part:
 * @part: the part's number
 * @charset: (inout) (nullable) (transfer none): of a text, what its parts before are in; set to
 * what this part tells, a static string. NULL of other kinds
 *
 * Holds what came, from a page or from the other hospital, against its media type: a beginning of
 * JPEG (ITU-T T.81, B.1.1.3), PNG (RFC 2083, 3.1), PDF (ISO 32000-1, 7.5.2; readers look for it in
 * the first 1024 bytes) or DICOM (PS3.10, 7.1, or a data set without the preamble, as old archives
 * write it); each part of a text as consult_text_find_charset() does. %KAREZ_ERROR_INVALID, rule
 * "consult/attachment-type", with what the sender can do.
 */
gboolean consult_file_check_part (const char *media_type, guint part, GBytes *bytes,
                                  const char **charset, GError **error);

G_END_DECLS
