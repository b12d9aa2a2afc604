/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which passwords are accepted. */
#include "hub-web-password-rules.h"

#include "hub-catalogue.h"

#include <string.h>
#include <zxcvbn.h>

/* So few bits are guessed with 2²⁵ tries, for which a guesser at the sign-in's limits (one a minute
 * for a login) needs sixty years. zxcvbn (Wheeler, USENIX Security 2016) counts how a guesser would
 * come to it: by common passwords, words, names, dates, keys in a row, and repetitions of all of
 * them. Debian's libpwquality takes "passwordpassword" and "1qaz2wsx3edc4rfv5tgb", and refuses
 * sentences of short words. */
#define MIN_BITS 25
#define MIN_DIFFERENT 6
#define MIN_UNIT 8
#define MIN_UNKNOWN 8
#define MAX_JUDGED 256 /* bytes; what begins well is good enough */
#define MAX_WORDS 64

/* What is common here and not in zxcvbn's lists: numbers that are read as words, pinyin of common
 * passwords and family names, columns of keys, and words of this place. */
static const char *const expected[] = {
  "karez",
  "password",
  "mima",
  "1qaz2wsx3edc4rfv5tgb",
  "1qaz2wsx3edc4rfv",
  "1qaz2wsx",
  "qazwsxedc",
  "qazwsxedcrfv",
  "qazwsxedcrfvtgb",
  "zaq12wsx",
  "woaini",
  "woaini1314",
  "woaini520",
  "woaiwojia",
  "woaizhongguo",
  "5201314",
  "1314520",
  "1314",
  "520",
  "521",
  "88888888",
  "66666666",
  "147258369",
  "147258",
  "159357",
  "789456123",
  "123123",
  "112233",
  "iloveyou",
  "admin",
  "hospital",
  "yiyuan",
  "yisheng",
  "hushi",
  "doctor",
  "nurse",
  "clinician",
  "surgeon",
  "bedside",
  "engineer",
  "auditor",
  "desk",
  "xinjiang",
  "aral",
  "alaer",
  "hangzhou",
  "zhejiang",
  "tarim",
  "telemedicine",
  "zhongguo",
  "beijing",
  "nihao",
  "wang",
  "zhang",
  "liu",
  "chen",
  "yang",
  "zhao",
  "huang",
  "zhou",
  "wu",
  "xu",
  "sun",
  "zhu",
  "gao",
  "lin",
  "guo",
  "luo",
  "xiao",
  "xiaoming",
  "wei",
  "ming",
  "hua",
  "jun",
  "qiang",
  "lei",
  "fang",
  "min",
  "jing",
  "yan",
  "memet",
  "ehmet",
  "abdu",
  "salam",
  "parol",
  "doxtur",
  "doxturxana",
  "我爱你",
  "密码",
  "医院",
  "医生",
  "护士",
  "你好",
  "中国",
  "阿拉尔",
  "杭州",
  "新疆",
  "دوختۇر",
  "دوختۇرخانا",
  "پارول",
};

char *
hub_web_password_normalise (const char *password)
{
  return g_utf8_normalize (password, -1, G_NORMALIZE_NFKC);
}

static void
add_words (GPtrArray *words, const char *text)
{
  g_autofree char *lower = text != NULL ? g_utf8_strdown (text, -1) : g_strdup ("");
  g_auto (GStrv) parts = g_strsplit_set (lower, " ._-,()·", -1);

  for (guint i = 0; parts[i] != NULL && words->len < MAX_WORDS; i++)
    if (strlen (parts[i]) > 2)
      g_ptr_array_add (words, g_strdup (parts[i]));
}

static void
add_names (GPtrArray *words, JsonNode *names)
{
  JsonObjectIter iter;
  JsonNode *name;

  if (names == NULL || !JSON_NODE_HOLDS_OBJECT (names))
    return;
  json_object_iter_init (&iter, json_node_get_object (names));
  while (json_object_iter_next (&iter, NULL, &name))
    if (json_node_get_value_type (name) == G_TYPE_STRING)
      add_words (words, json_node_get_string (name));
}

GStrv
hub_web_password_words (const char *login, JsonNode *names, JsonNode *hub_names)
{
  GPtrArray *words = g_ptr_array_new ();

  add_words (words, login);
  add_names (words, names);
  add_names (words, hub_names);
  g_ptr_array_add (words, NULL);
  return (GStrv) g_ptr_array_free (words, FALSE);
}

static gboolean
check_characters (const gunichar *text, glong n, GError **error)
{
  for (glong i = 0; i < n; i++)
    if (g_unichar_iscntrl (text[i]) || !g_unichar_isdefined (text[i]))
      return karez_error_set (error, KAREZ_ERROR_INVALID, "password/characters",
                              N_ ("letters, digits, signs and spaces of any script"),
                              N_ ("The password holds a character that cannot be typed again"));
  return TRUE;
}

/* The shortest beginning that gives the whole when it is written again and again. */
static glong
length_of_unit (const gunichar *text, glong n)
{
  for (glong unit = 1; unit < n; unit++)
    if (memcmp (text, text + unit, (gsize) (n - unit) * sizeof *text) == 0)
      return unit;
  return n;
}

static guint
count_different (const gunichar *text, glong n)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (NULL, NULL);

  for (glong i = 0; i < n; i++)
    g_hash_table_add (seen, GUINT_TO_POINTER (text[i]));
  return g_hash_table_size (seen);
}

/* How much is left of it without the words that anybody knows of this person and place. */
static guint
count_unknown (const char *text, const char *const *words)
{
  g_autofree char *folded = g_utf8_casefold (text, -1);
  g_autoptr (GString) left = g_string_new (folded);
  guint n = 0;

  for (; *words != NULL; words++)
    {
      g_autofree char *word = g_utf8_casefold (*words, -1);

      g_string_replace (left, word, "", 0);
    }
  for (const char *c = left->str; *c != '\0'; c = g_utf8_next_char (c))
    n += (guchar) *c < 0x80 ? g_ascii_isalnum (*c) : g_unichar_isgraph (g_utf8_get_char (c));
  return n;
}

static double
count_bits (const char *text, const char *const *words)
{
  g_autoptr (GPtrArray) all = g_ptr_array_new ();
  g_autofree char *judged = g_strdup (text);

  if (strlen (judged) > MAX_JUDGED)
    judged[MAX_JUDGED] = '\0';
  for (; *words != NULL; words++)
    g_ptr_array_add (all, (gpointer) *words);
  for (gsize i = 0; i < G_N_ELEMENTS (expected); i++)
    g_ptr_array_add (all, (gpointer) expected[i]);
  g_ptr_array_add (all, NULL);
  return ZxcvbnMatch (judged, (const char **) all->pdata, NULL);
}

gboolean
hub_web_password_check (const char *password, const char *const *words, GError **error)
{
  g_autofree char *normal = hub_web_password_normalise (password);
  g_autofree gunichar *text = NULL;
  glong typed = g_utf8_strlen (password, -1), n;

  if (typed < HUB_WEB_PASSWORD_MIN || typed > HUB_WEB_PASSWORD_MAX)
    return karez_error_set (error, KAREZ_ERROR_INVALID, "password/length",
                            N_ ("15 to 256 characters of any kind, such as a sentence"),
                            typed < HUB_WEB_PASSWORD_MIN ? N_ ("The password is too short")
                                                         : N_ ("The password is too long"));
  text = g_utf8_to_ucs4_fast (normal, -1, &n);
  if (!check_characters (text, n, error))
    return FALSE;
  if (count_different (text, n) < MIN_DIFFERENT || length_of_unit (text, n) < MIN_UNIT)
    return karez_error_set (error, KAREZ_ERROR_INVALID, "password/repeated",
                            N_ ("a sentence, such as four words that have nothing in common"),
                            N_ ("The password repeats a few characters"));
  if (count_bits (normal, words) < MIN_BITS || count_unknown (normal, words) < MIN_UNKNOWN)
    return karez_error_set (
        error, KAREZ_ERROR_INVALID, "password/common",
        N_ ("a sentence, such as four words that have nothing in common"),
        N_ ("The password is one that is tried first: a common one, or made of names, dates or "
            "keys in a row"));
  return TRUE;
}
