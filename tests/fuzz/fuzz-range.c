/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Throws Range headers at their parser. */

/* Range headers: what is answered lies within the file, and what is ignored is the whole of it. */
#include "fuzz.h"

#include "hub-web-range.h"

#include <string.h>

static void
try_size (const char *header, goffset size)
{
  goffset first = -1, length = -1;
  HubWebRange range = hub_web_range_parse (header, size, &first, &length);
  g_autofree char *same = NULL;
  goffset first_again, length_again;

  if (range != HUB_WEB_RANGE_PART)
    {
      g_assert_cmpint (first, ==, 0);
      g_assert_cmpint (length, ==, size);
      return;
    }
  g_assert_cmpint (first, >=, 0);
  g_assert_cmpint (length, >=, 1);
  g_assert_cmpint (length, <=, size - first);
  g_assert_null (strchr (header, ','));
  g_assert_cmpint (g_ascii_strncasecmp (header, "bytes=", 6), ==, 0);
  /* What was answered asks for itself. */
  same = g_strdup_printf ("bytes=%" G_GOFFSET_FORMAT "-%" G_GOFFSET_FORMAT, first,
                          first + length - 1);
  g_assert_cmpint (hub_web_range_parse (same, size, &first_again, &length_again), ==,
                   HUB_WEB_RANGE_PART);
  g_assert_cmpint (first_again, ==, first);
  g_assert_cmpint (length_again, ==, length);
}

static void
one (const guint8 *data, gsize size)
{
  static const goffset sizes[] = { 0, 1, 35, 941, 33554432, (goffset) 1 << 60 };
  g_autofree char *header = g_strndup ((const char *) data, size);

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    try_size (header, sizes[i]);
}

int
main (int argc, char **argv)
{
  return fuzz_main (argc, argv, "range", one);
}
