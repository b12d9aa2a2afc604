/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The names of a new plugin, in the template's text. */
#include "ctl-plugin-names.h"

#include "hub-plugin-file.h"

#include <glib/gi18n.h>
#include <string.h>

/* What the template is called. */
#define OLD_MODALITY "shared-note"
#define OLD_TITLES "Shared notes?"

/* Prefixes of C that are somebody else's, schemas of the hub, and files that the template has. */
static const char *const taken[] = { "karez",  "hub",   "g",   "json",   "audit",
                                     "agenda", "peers", "web", "engine", "public",
                                     "test",   "api",   "po",  "sql",    NULL };

/* Words that PostgreSQL keeps, and SQL of the template would be none with such a schema
 * (pg_get_keywords() of 15 and 16: R and T). */
static const char sql_words[] =
    " "
    "all analyse analyze and any array as asc asymmetric authorization binary both case "
    "cast check collate collation column concurrently constraint create cross "
    "current-catalog current-date current-role current-schema current-time "
    "current-timestamp current-user default deferrable desc distinct do else end except "
    "false fetch for foreign freeze from full grant group having ilike in initially inner "
    "intersect into is isnull join lateral leading left like limit localtime "
    "localtimestamp natural not notnull null offset on only or order outer overlaps "
    "placing primary references returning right select session-user similar some "
    "symmetric system-user table tablesample then to trailing true union unique user "
    "using variadic verbose when where window with ";

static gboolean
is_word_of_sql (const char *id)
{
  g_autofree char *word = g_strdup_printf (" %s ", id);

  return strstr (sql_words, word) != NULL;
}

static gboolean
is_taken (const char *id)
{
  for (guint i = 0; taken[i] != NULL; i++)
    {
      g_autofree char *with_more = g_strdup_printf ("%s-", taken[i]);

      /* karez-notes would be a prefix of the library's own: karez_notes_. */
      if (g_str_equal (id, taken[i]) || (i < 4 && g_str_has_prefix (id, with_more)))
        return TRUE;
    }
  /* meson-plugin would be a target of Meson's own. */
  return g_str_has_prefix (id, "pg-") || g_str_equal (id, "pg") || g_str_has_prefix (id, "meson-")
         || g_str_equal (id, "meson") || is_word_of_sql (id);
}

static gboolean
check_id (const char *id, GError **error)
{
  if (!hub_plugin_id_is_valid (id) || strstr (id, "--") != NULL || g_str_has_suffix (id, "-"))
    return karez_error_set (
        error, KAREZ_ERROR_INVALID, "plugin/id",
        N_ ("up to 32 lower-case letters, digits and single “-” between them, a "
            "letter first: tele-ultrasound"),
        N_ ("“%s” cannot be a plugin’s id"), id);
  if (is_taken (id))
    return karez_error_set (
        error, KAREZ_ERROR_INVALID, "plugin/id",
        N_ ("a name that neither the hub nor a library of C, PostgreSQL or Meson has"),
        N_ ("“%s” is somebody else’s"), id);
  return TRUE;
}

/* "tele-ultrasound" is "Tele ultrasound". */
static char *
make_title (const char *id)
{
  char *title = g_strdelimit (g_strdup (id), "-", ' ');

  *title = g_ascii_toupper (*title);
  return title;
}

static gboolean
check_title (const char *title, GError **error)
{
  if (!karez_text_check_name (title, -1, error))
    return FALSE;
  if (*title == '\0' || *title == ' ' || g_utf8_strlen (title, -1) > 80)
    return karez_error_set (error, KAREZ_ERROR_INVALID, "plugin/title",
                            N_ ("1 to 80 characters, no space first"),
                            N_ ("“%s” cannot be a plugin’s title"), title);
  return TRUE;
}

static char *
make_camel (const char *id)
{
  g_auto (GStrv) words = g_strsplit (id, "-", -1);

  for (guint i = 0; words[i] != NULL; i++)
    *words[i] = g_ascii_toupper (*words[i]);
  return g_strjoinv ("", words);
}

CtlPluginNames *
ctl_plugin_names_new (const char *id, const char *title, GError **error)
{
  CtlPluginNames *self = NULL;

  if (!check_id (id, error) || (title != NULL && !check_title (title, error)))
    return NULL;
  self = g_new0 (CtlPluginNames, 1);
  self->id = g_strdup (id);
  self->title = title != NULL ? g_strdup (title) : make_title (id);
  self->lower = g_strdelimit (g_strdup (id), "-", '_');
  self->upper = g_ascii_strup (self->lower, -1);
  self->camel = make_camel (id);
  return self;
}

void
ctl_plugin_names_free (CtlPluginNames *self)
{
  g_free (self->id);
  g_free (self->title);
  g_free (self->lower);
  g_free (self->upper);
  g_free (self->camel);
  g_free (self);
}

static void
replace (GString *text, const char *pattern, const char *by)
{
  g_autoptr (GRegex) regex = g_regex_new (pattern, G_REGEX_MULTILINE, 0, NULL);
  g_autofree char *done = NULL;

  g_assert (regex != NULL);
  done = g_regex_replace_literal (regex, text->str, -1, 0, by, 0, NULL);

  g_string_assign (text, done);
}

/* What a string literal of the file's language holds for the title. */
static char *
quote (const char *title, const char *name)
{
  gboolean single = g_str_has_suffix (name, ".js") || g_str_has_suffix (name, ".mjs");
  gboolean twice = g_str_has_suffix (name, ".c") || g_str_has_suffix (name, ".po")
                   || g_str_has_suffix (name, ".pot") || g_str_has_suffix (name, ".json");
  GString *quoted = g_string_new (NULL);

  for (const char *c = title; *c != '\0'; c++)
    {
      if ((*c == '\\' && !g_str_has_suffix (name, ".md")) || (*c == '\'' && single)
          || (*c == '"' && twice))
        g_string_append_c (quoted, '\\');
      g_string_append_c (quoted, *c);
    }
  return g_string_free (quoted, FALSE);
}

char *
ctl_plugin_names_rename (CtlPluginNames *self, const char *name)
{
  g_autoptr (GString) text = g_string_new (name);

  replace (text, "template", self->id);
  return g_strdup (text->str);
}

/* The titles are one message there, which may be another one's, too: "Notes". Nobody has translated
 * it yet: it stays what it is until somebody does. */
static void
rewrite_catalogue (GString *text, const char *title)
{
  static const char *const entry = "(^#.*\n)*^msgid \"" OLD_TITLES "\"\nmsgstr \".*\"\n\n?";
  g_autofree char *known = g_strdup_printf ("\nmsgid \"%s\"\n", title);
  g_autoptr (GString) others = g_string_new (text->str);

  replace (others, entry, "");
  if (strstr (others->str, known) != NULL)
    replace (text, entry, "");
  replace (text, "(^#.*\n)*^msgid \"Shared notes\"\nmsgstr \".*\"\n\n?", "");
  replace (text, "(?<=^msgid \"Shared note\"\n)msgstr \".+\"$", "msgstr \"Shared note\"");
}

/* What stands for a name until all are found, since a new one may look like an old one. */
#define TITLE "\uE000"
#define ID "\uE001"
#define LOWER "\uE002"
#define UPPER "\uE003"
#define CAMEL "\uE004"
#define LOWER_CAMEL "\uE005"

char *
ctl_plugin_names_rewrite (CtlPluginNames *self, const char *name, const char *text)
{
  g_autofree char *title = quote (self->title, name);
  g_autofree char *camel = g_strdup (self->camel);
  g_autoptr (GString) new = g_string_new (text);

  *camel = g_ascii_tolower (*camel);
  if (g_str_has_suffix (name, ".po") || g_str_has_suffix (name, ".pot"))
    rewrite_catalogue (new, title);
  if (g_str_has_suffix (name, ".plugin")) /* the template alone is an example */
    replace (new, "(^#.*\n)*^OnRequest=true\n", "");
  replace (new, OLD_TITLES, TITLE);
  replace (new, OLD_MODALITY, ID);
  if (g_str_has_suffix (name, ".sql"))
    replace (new, "template", LOWER);
  replace (new, "(?<=^Schema=)template$", LOWER);
  replace (new, "template(?=_)|(?<=_)template", LOWER);
  replace (new, "TEMPLATE", UPPER);
  replace (new, "Template", CAMEL);
  replace (new, "template(?=[A-Z])", LOWER_CAMEL);
  replace (new, "template", ID);
  g_string_replace (new, TITLE, title, 0);
  g_string_replace (new, ID, self->id, 0);
  g_string_replace (new, LOWER, self->lower, 0);
  g_string_replace (new, UPPER, self->upper, 0);
  g_string_replace (new, CAMEL, self->camel, 0);
  g_string_replace (new, LOWER_CAMEL, camel, 0);
  return g_strdup (new->str);
}
