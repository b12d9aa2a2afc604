/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A file of a request: its kind, its bounds. */
#include "consult-file.h"

#include "consult-dicom.h"
#include "consult-text.h"

#include <glib/gi18n.h>

#include <string.h>

/* How far a PDF's head may be from the beginning. */
#define PDF_WITHIN 1024

static gboolean
is_jpeg (const guint8 *bytes, gsize length)
{
  return length >= 3 && memcmp (bytes, "\xff\xd8\xff", 3) == 0;
}

static gboolean
is_png (const guint8 *bytes, gsize length)
{
  return length >= 8 && memcmp (bytes, "\x89PNG\r\n\x1a\n", 8) == 0;
}

static gboolean
is_pdf (const guint8 *bytes, gsize length)
{
  return memmem (bytes, MIN (length, PDF_WITHIN), "%PDF-", 5) != NULL;
}

static const struct
{
  const char *media_type, *endings;
  gboolean (*is) (const guint8 *bytes, gsize length); /* NULL: text */
  gboolean shown;
} kinds[] = {
  { "image/jpeg", "jpg|jpeg|jpe|jfif", is_jpeg, TRUE },
  { "image/png", "png", is_png, TRUE },
  { "application/pdf", "pdf", is_pdf, TRUE },
  { "application/dicom", "dcm|dicom", consult_dicom_begins, FALSE },
  { "text/plain", "txt|text", NULL, TRUE },
};

/* What its sender can do. */
enum
{
  PICTURE,
  HEIC,
  OFFICE,
  PROGRAM,
};
static const char *const advices[] = {
  [PICTURE] = N_ ("This is a picture in a format that is not taken: save it as JPEG or PNG"),
  [HEIC] = N_ ("This is a picture in HEIC: save it as JPEG, or choose “Most Compatible” in the "
               "camera settings of the phone"),
  [OFFICE] = N_ ("This is an office document or an archive: save the document as PDF"),
  [PROGRAM] = N_ ("This is a program or a shortcut: send the document or the picture itself"),
};

/* What people send that is not taken, by its beginning. */
static const struct
{
  gsize offset;
  const char *mark;
  gsize length;
  int advice;
} others[] = {
  { 4, "ftyphei", 7, HEIC },
  { 4, "ftyphev", 7, HEIC },
  { 4, "ftypmif1", 8, HEIC },
  { 4, "ftypmsf1", 8, HEIC },
  { 4, "ftypavif", 8, PICTURE },
  { 0, "GIF8", 4, PICTURE },
  { 0, "BM", 2, PICTURE },
  { 0, "II*\0", 4, PICTURE },
  { 0, "MM\0*", 4, PICTURE },
  { 8, "WEBP", 4, PICTURE },
  { 0, "PK\3\4", 4, OFFICE },
  { 0, "\xd0\xcf\x11\xe0", 4, OFFICE },
  { 0, "{\\rtf", 5, OFFICE },
  { 0, "Rar!", 4, OFFICE },
  { 0, "7z\xbc\xaf", 4, OFFICE },
  { 0, "MZ", 2, PROGRAM },
  { 0,
    "\x7f"
    "ELF",
    4, PROGRAM },
  { 0, "L\0\0\0\1\x14\2\0", 8, PROGRAM },
};

const char *
consult_file_media_types (void)
{
  return "image/jpeg|image/png|application/pdf|application/dicom|text/plain";
}

static int
find_kind (const char *media_type)
{
  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (g_str_equal (media_type, kinds[i].media_type))
      return i;
  return -1;
}

const char *
consult_file_endings (const char *media_type)
{
  int kind = find_kind (media_type);

  return kind >= 0 ? kinds[kind].endings : NULL;
}

gboolean
consult_file_is_shown (const char *media_type)
{
  int kind = find_kind (media_type);

  return kind >= 0 && kinds[kind].shown;
}

static const char *
advice_for (gboolean text, const guint8 *bytes, gsize length)
{
  for (gsize i = 0; i < G_N_ELEMENTS (others); i++)
    if (length >= others[i].offset + others[i].length
        && memcmp (bytes + others[i].offset, others[i].mark, others[i].length) == 0)
      return advices[others[i].advice];
  return text
             ? N_ (
                 "The file is no text, or in an encoding that is not known here: save it as UTF-8")
             : N_ ("The file is not what it says it is (%s), or is damaged: save it again from the "
                   "program that it comes from");
}

gboolean
consult_file_check_part (const char *media_type, guint part, GBytes *bytes, const char **charset,
                         GError **error)
{
  int kind = find_kind (media_type);
  gboolean text = kind >= 0 && kinds[kind].is == NULL;
  gsize length;
  const guint8 *data = g_bytes_get_data (bytes, &length);
  const char *found = NULL;

  if (text)
    found = consult_text_find_charset ((const char *) data, length, part == 0, *charset);
  if (kind >= 0 && (text ? found != NULL : part > 0 || kinds[kind].is (data, length)))
    {
      *charset = found;
      return TRUE;
    }
  return karez_error_set (error, KAREZ_ERROR_INVALID, "consult/attachment-type",
                          consult_file_media_types (),
                          advice_for (text, data, part > 0 ? 0 : length), media_type);
}
