/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files that an administrator wrote, with whatever program. */
#include "ctl.h"

#include "hub-file.h"

#include <string.h>
#include <sys/stat.h>

#define BYTE_ORDER_MARK "\xef\xbb\xbf"

static gboolean
check_kind (const char *path, gsize max, GError **error)
{
  g_autofree char *accepted = g_format_size_full (max, G_FORMAT_SIZE_IEC_UNITS);
  struct stat info;

  /* What is not there is told when it is opened. */
  if (stat (path, &info) != 0)
    return TRUE;
  if (!S_ISREG (info.st_mode))
    return karez_error_set (error, KAREZ_ERROR_INVALID, "file/kind", N_ ("a file"),
                            N_ ("This is a folder, a pipe or a device"));
  return (guint64) info.st_size <= max
         || karez_error_set (error, KAREZ_ERROR_INVALID, "file/size", accepted,
                             N_ ("The file is too large"));
}

char *
ctl_read_text (const char *path, gsize max, GError **error)
{
  g_autoptr (GBytes) bytes = NULL;
  g_autofree char *text = NULL;

  if (!check_kind (path, max, error) || (bytes = hub_file_read (path, max, error)) == NULL)
    return NULL;
  text = g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  if (strlen (text) != g_bytes_get_size (bytes) || !g_utf8_validate (text, -1, NULL))
    {
      karez_error_set (error, KAREZ_ERROR_INVALID, "file/encoding",
                       N_ ("UTF-8: “CSV UTF-8” in a spreadsheet, “UTF-8” in an editor, when it is "
                           "saved"),
                       N_ ("The file is not in UTF-8"));
      return NULL;
    }
  return g_strdup (g_str_has_prefix (text, BYTE_ORDER_MARK) ? text + strlen (BYTE_ORDER_MARK)
                                                            : text);
}
