/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "consult-file.h"

#include <glib/gi18n.h>

#include <string.h>

/* What each kind has at @offset. Text has no mark. */
static const struct
{
  const char *media_type;
  gsize offset;
  const char *mark;
} kinds[] = {
  { "image/jpeg", 0, "\xff\xd8\xff" }, { "image/png", 0, "\x89PNG\r\n\x1a\n" },
  { "application/pdf", 0, "%PDF-" },   { "application/dicom", 128, "DICM" },
  { "text/plain", 0, NULL },
};

guint
consult_file_count_parts (gint64 size)
{
  return (size + CONSULT_FILE_PART_BYTES - 1) / CONSULT_FILE_PART_BYTES;
}

gsize
consult_file_part_length (gint64 size, guint part)
{
  if (part >= consult_file_count_parts (size))
    return 0;
  return MIN (size - (gint64) part * CONSULT_FILE_PART_BYTES, CONSULT_FILE_PART_BYTES);
}

const char *
consult_file_media_types (void)
{
  return "image/jpeg|image/png|application/pdf|application/dicom|text/plain";
}

/* A part may end within a character. */
static gboolean
is_text (const char *bytes, gsize length)
{
  const char *end;

  if (!g_utf8_validate_len (bytes, length, &end) && bytes + length - end > 3)
    return FALSE;
  for (gsize i = 0; i < length; i++)
    if ((guchar) bytes[i] < 0x20 && strchr ("\t\n\f\r", bytes[i]) == NULL)
      return FALSE;
  return memchr (bytes, '\0', length) == NULL;
}

gboolean
consult_file_check_kind (const char *media_type, GBytes *first, GError **error)
{
  gsize length;
  const char *bytes = g_bytes_get_data (first, &length);

  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      gsize mark = kinds[i].mark != NULL ? strlen (kinds[i].mark) : 0;

      if (!g_str_equal (media_type, kinds[i].media_type))
        continue;
      if (mark == 0 ? is_text (bytes, length)
                    : length >= kinds[i].offset + mark
                          && memcmp (bytes + kinds[i].offset, kinds[i].mark, mark) == 0)
        return TRUE;
    }
  return karez_error_set (error, KAREZ_ERROR_INVALID, "consult/attachment-type",
                          consult_file_media_types (),
                          N_ ("The file is not what it says it is: %s"), media_type);
}
