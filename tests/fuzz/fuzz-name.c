/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Throws names of files at their check. */

/* Names of files as people and strangers give them, and what is saved and said of them. */
#include "fuzz.h"

#include "karez-file-name.h"

#include <string.h>

static const char *const endings[] = { "pdf", "jpg|jpeg|jpe|jfif", "txt|text", "dcm|dicom" };

static void
assert_ending (const char *saved, const char *list)
{
  g_auto (GStrv) one = g_strsplit (list, "|", -1);
  const char *dot = strrchr (saved, '.');
  g_autofree char *lower = NULL;

  g_assert_nonnull (dot);
  g_assert_true (dot > saved);
  lower = g_ascii_strdown (dot + 1, -1);
  g_assert_true (g_strv_contains ((const char *const *) one, lower));
}

static void
assert_safe (const char *saved)
{
  g_autofree char *upper = g_ascii_strup (saved, strcspn (saved, "."));

  g_assert_true (g_utf8_validate (saved, -1, NULL));
  g_assert_cmpuint (strlen (saved), <=, 240);
  g_assert_null (strpbrk (saved, "/\\:*?\"<>|"));
  g_assert_false (g_ascii_isspace (saved[0]) || saved[0] == '.');
  g_strchomp (upper);
  g_assert_false (g_str_equal (upper, "CON") || g_str_equal (upper, "NUL")
                  || g_str_equal (upper, "LPT1") || g_str_equal (upper, "COM0"));
  for (const char *c = saved; *c != '\0'; c = g_utf8_next_char (c))
    {
      gunichar u = g_utf8_get_char (c);

      g_assert_false (g_unichar_iscntrl (u));
      g_assert_false (u == 0x061c || u == 0x200e || u == 0x200f || u == 0x2028 || u == 0x2029
                      || (u >= 0x202a && u <= 0x202e) || (u >= 0x2066 && u <= 0x2069)
                      || u == 0xfeff);
    }
}

/* One line of ASCII, two parameters, and the second one says the name again. */
static void
assert_header (const char *header, const char *name)
{
  const char *plain = strstr (header, "; filename=\""), *end, *extended;
  g_autofree char *again = NULL;

  for (const char *c = header; *c != '\0'; c++)
    g_assert_true (g_ascii_isprint (*c));
  g_assert_nonnull (plain);
  plain += strlen ("; filename=\"");
  end = strchr (plain, '"');
  g_assert_nonnull (end);
  g_assert_cmpint (end - plain, >, 0);
  g_assert_true (g_str_has_prefix (end, "\"; filename*=UTF-8''"));
  extended = end + strlen ("\"; filename*=UTF-8''");
  g_assert_null (strpbrk (extended, "\"'();, "));
  again = g_uri_unescape_string (extended, NULL);
  g_assert_cmpstr (again, ==, name);
}

static void
one (const guint8 *data, gsize size)
{
  g_autofree char *name = g_strndup ((const char *) data, size);
  gboolean good = karez_file_name_check (name, NULL);
  g_autofree char *raw = karez_file_name_disposition (name, FALSE);

  for (const char *c = raw; *c != '\0'; c++)
    g_assert_true (g_ascii_isprint (*c));
  for (gsize i = 0; i < G_N_ELEMENTS (endings); i++)
    {
      g_autofree char *saved = karez_file_name_save (name, endings[i]);
      g_autofree char *again = karez_file_name_save (saved, endings[i]);
      g_autofree char *header = karez_file_name_disposition (saved, i % 2 == 0);

      assert_safe (saved);
      assert_ending (saved, endings[i]);
      g_assert_cmpstr (again, ==, saved);
      assert_header (header, saved);
      /* What can be saved as it is can be given as it is. */
      if (g_str_equal (saved, name))
        g_assert_true (good);
    }
}

int
main (int argc, char **argv)
{
  return fuzz_main (argc, argv, "name", one);
}
