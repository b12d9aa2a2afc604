/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is wrong with a configuration, as data and as a sentence. */
#include "hub-config-finding.h"

#include <glib/gi18n.h>
#include <string.h>

#define MAX_SHOWN 80u
#define MAX_WORD 64u

void
hub_config_finding_free (HubConfigFinding *self)
{
  g_free (self->place);
  g_free (self->group);
  g_free (self->key);
  g_free (self->message_argument);
  g_free (self->accepted_argument);
  g_free (self);
}

static const char *
as_is (const char *msgid)
{
  return msgid;
}

/* The argument takes the place of the first %s. */
static void
append (GString *line, const char *format, const char *argument)
{
  const char *at = strstr (format, "%s");

  if (at == NULL)
    {
      g_string_append (line, format);
      return;
    }
  g_string_append_len (line, format, at - format);
  g_string_append (line, argument != NULL ? argument : "");
  g_string_append (line, at + 2);
}

char *
hub_config_finding_print (const HubConfigFinding *self, HubConfigSay say)
{
  GString *line = g_string_new (self->place);
  g_autoptr (GString) accepted = g_string_new (NULL);

  if (say == NULL)
    say = as_is;
  if (self->line > 0)
    g_string_append_printf (line, ":%u", self->line);
  g_string_append (line, ": ");
  if (self->group != NULL)
    g_string_append_printf (line, self->key != NULL ? "[%s] " : "[%s]: ", self->group);
  if (self->key != NULL)
    g_string_append_printf (line, "%s: ", self->key);
  append (line, say (self->message), self->message_argument);
  if (self->accepted != NULL)
    {
      append (accepted, say (self->accepted), self->accepted_argument);
      append (line, say (N_ ("; accepted: %s")), accepted->str);
    }
  return g_string_free (line, FALSE);
}

char *
hub_config_show (const char *value)
{
  g_autofree char *valid = g_utf8_make_valid (value, -1);
  GString *shown = g_string_new (NULL);
  guint n = 0;

  for (const char *at = valid; *at != '\0' && n < MAX_SHOWN; at = g_utf8_next_char (at), n++)
    {
      gunichar c = g_utf8_get_char (at);

      g_string_append_unichar (shown, g_unichar_isprint (c) ? c : '?');
    }
  if (n == MAX_SHOWN)
    g_string_append (shown, "…");
  return g_string_free (shown, FALSE);
}

static gboolean
same (char a, char b)
{
  return g_ascii_tolower (a) == g_ascii_tolower (b);
}

/* How many letters are wrong, missing, too many, or have changed places; both cases are alike. */
static guint
distance (const char *a, const char *b)
{
  guint rows[3][MAX_WORD + 1];
  gsize n = strlen (b), m = strlen (a);

  for (guint i = 0; i <= m; i++)
    for (guint j = 0; j <= n; j++)
      {
        guint *row = rows[i % 3];
        const guint *above = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];

        if (i == 0 || j == 0)
          {
            row[j] = i + j;
            continue;
          }
        row[j] = MIN (MIN (above[j], row[j - 1]) + 1,
                      above[j - 1] + (same (a[i - 1], b[j - 1]) ? 0 : 1));
        if (i > 1 && j > 1 && same (a[i - 1], b[j - 2]) && same (a[i - 2], b[j - 1]))
          row[j] = MIN (row[j], before[j - 2] + 1);
      }
  return rows[m % 3][n];
}

const char *
hub_config_nearest (const char *word, const char *const *words)
{
  const char *nearest = NULL;
  guint least = MAX (1, MIN (3, (guint) strlen (word) / 2)) + 1;

  if (strlen (word) > MAX_WORD)
    return NULL;
  for (guint i = 0; words[i] != NULL; i++)
    {
      guint far = strlen (words[i]) <= MAX_WORD ? distance (word, words[i]) : least;

      if (far < least)
        {
          least = far;
          nearest = words[i];
        }
    }
  return nearest;
}
