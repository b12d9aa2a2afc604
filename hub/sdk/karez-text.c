/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether a text or a name of people's can be kept and shown. */
#define KAREZ_INSIDE
#include "karez-text.h"

#include "hub-catalogue.h"
#include "hub-text.h"

#include <string.h>

static const struct
{
  const char *rule, *accepted, *message;
} faults[] = {
  [HUB_TEXT_UTF8] = { "text/utf-8", N_ ("text in UTF-8 without U+0000"),
                      N_ ("The text cannot be read from character %s on") },
  [HUB_TEXT_CONTROL] = { "text/control", N_ ("text without control characters"),
                         N_ ("Character %s of the text, U+%s, cannot be kept") },
  [HUB_TEXT_LINE] = { "text/line", N_ ("a name of one line, without tabs"),
                      N_ ("Character %s of the name, U+%s, breaks its line") },
  [HUB_TEXT_DIRECTION] = { "text/direction",
                           N_ ("a name without characters that change the direction of text"),
                           N_ ("Character %s of the name, U+%s, changes the direction of text") },
  [HUB_TEXT_BLANK] = { "text/blank", N_ ("a name with letters or digits"),
                       N_ ("Nothing of the name is seen") },
};

static gboolean
refuse (HubTextFault fault, gsize position, gunichar character, GError **error)
{
  g_autofree char *place = NULL;
  g_autofree char *code = NULL;

  if (fault == HUB_TEXT_RIGHT)
    return TRUE;
  place = g_strdup_printf ("%" G_GSIZE_FORMAT, position);
  code = g_strdup_printf ("%04X", character);
  return karez_error_set (error, KAREZ_ERROR_INVALID, faults[fault].rule, faults[fault].accepted,
                          faults[fault].message, place, code); /* as many as there are %s */
}

gboolean
karez_text_check (const char *text, gssize length, GError **error)
{
  gsize position;
  gunichar character;
  HubTextFault fault;

  g_return_val_if_fail (text != NULL, FALSE);

  fault = hub_text_check (text, length < 0 ? strlen (text) : (gsize) length, &position, &character);
  return refuse (fault, position, character, error);
}

gboolean
karez_text_check_name (const char *text, gssize length, GError **error)
{
  gsize position;
  gunichar character;
  HubTextFault fault;

  g_return_val_if_fail (text != NULL, FALSE);

  fault = hub_text_check_name (text, length < 0 ? strlen (text) : (gsize) length, &position,
                               &character);
  return refuse (fault, position, character, error);
}

gboolean
karez_text_is_blank (const char *text)
{
  g_return_val_if_fail (text != NULL, FALSE);

  return hub_text_is_blank (text);
}

char *
karez_text_digest (const char *const *texts, gsize n)
{
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);

  g_return_val_if_fail (texts != NULL, NULL);

  for (gsize i = 0; i < n; i++)
    {
      const char *text = texts[i] != NULL ? texts[i] : "";
      g_autofree char *head = g_strdup_printf ("%" G_GSIZE_FORMAT ":", strlen (text));

      g_checksum_update (sum, (const guchar *) head, -1);
      g_checksum_update (sum, (const guchar *) text, -1);
    }
  return g_strdup (g_checksum_get_string (sum));
}
