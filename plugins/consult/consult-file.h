/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <karez.h>

G_BEGIN_DECLS

/* A file of a request: how large, in which parts, of which kinds. */
#define CONSULT_FILE_MAX_BYTES (32 * 1024 * 1024)
#define CONSULT_FILE_PART_BYTES (512 * 1024)
#define CONSULT_FILE_MAX_OF_REQUEST 10

guint consult_file_count_parts (gint64 size);
/* How long part @part, from 0, of a file must be; 0 if it has no such part. */
gsize consult_file_part_length (gint64 size, guint part);
/* "image/jpeg|image/png|…": %KAREZ_JSON_ENUM's form */
const char *consult_file_media_types (void);
/**
 * consult_file_check_kind:
 * @first: the first part
 *
 * Holds a file's beginning against its media type: JPEG (ITU-T T.81, B.1.1.3), PNG (RFC 2083, 3.1),
 * PDF (ISO 32000-1, 7.5.2), DICOM (PS3.10, 7.1), or text without control characters in UTF-8.
 * %KAREZ_ERROR_INVALID, rule "consult/attachment-type".
 */
gboolean consult_file_check_kind (const char *media_type, GBytes *first, GError **error);

G_END_DECLS
