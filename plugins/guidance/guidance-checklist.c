/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A checklist: what is one, and what is none. */
#include "guidance-checklist.h"

#include <glib/gi18n.h>

#include <string.h>

#define MAX_ID 64
#define MAX_VERSION 32

/* The words in each of the three languages: one that is missing is missing where it is needed. */
static gboolean
check_words (JsonNode *node, gint64 max, const char *pointer, GError **error)
{
  const KarezJsonField fields[] = {
    { "en", KAREZ_JSON_NAME, TRUE, 1, max },
    { "zh_CN", KAREZ_JSON_NAME, TRUE, 1, max },
    { "ug", KAREZ_JSON_NAME, TRUE, 1, max },
    { NULL },
  };
  g_autoptr (GError) wrong = NULL;
  const char *inner;
  g_autofree char *whole = NULL;

  if (karez_json_check (node, fields, &wrong) != NULL)
    return TRUE;
  inner = karez_error_get_pointer (wrong);
  whole = g_strconcat (pointer, inner != NULL ? inner : "", NULL);
  karez_error_set_pointer (wrong, whole);
  g_propagate_error (error, g_steal_pointer (&wrong));
  return FALSE;
}

static gboolean
check_id (JsonObject *object, GError **error)
{
  const char *id = karez_json_text (object, "id");

  if (g_ascii_islower (id[0])
      && strspn (id, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen (id))
    return TRUE;
  karez_error_set (error, KAREZ_ERROR_INVALID, "guidance/checklist",
                   N_ ("lower-case letters, digits and “-”, a letter first"),
                   N_ ("The checklist’s id is none"));
  karez_error_set_pointer (*error, "/id");
  return FALSE;
}

/* @error: not NULL */
static gboolean
check_members (JsonObject *object, GError **error)
{
  JsonArray *items = json_object_get_array_member (object, "items");

  if (!check_id (object, error)
      || !check_words (json_object_get_member (object, "title"), GUIDANCE_CHECKLIST_MAX_TITLE,
                       "/title", error))
    return FALSE;
  for (guint i = 0; i < json_array_get_length (items); i++)
    {
      g_autofree char *pointer = g_strdup_printf ("/items/%u", i);

      if (!check_words (json_array_get_element (items, i), GUIDANCE_CHECKLIST_MAX_ITEM, pointer,
                        error))
        return FALSE;
    }
  return TRUE;
}

/* Its text travels and is kept. */
static gboolean
check_size (JsonNode *node, GError **error)
{
  g_autoptr (GBytes) bytes = karez_json_to_bytes (node);

  return g_bytes_get_size (bytes) <= GUIDANCE_CHECKLIST_MAX_BYTES
         || karez_error_set (error, KAREZ_ERROR_TOO_LARGE, "guidance/checklist-size",
                             N_ ("at most 32 KiB"), N_ ("The checklist is too long"));
}

/* Whoever writes one is told what it is made of. */
static void
say_accepted (GError *error)
{
  if (karez_error_get_accepted (error) == NULL)
    karez_error_set_accepted (
        error, "",
        N_ ("“id”, “version”, “title” and 1 to 40 “items”; the title and each "
            "item in “en”, “zh_CN” and “ug”"));
}

JsonObject *
guidance_checklist_check (JsonNode *node, GError **error)
{
  static const KarezJsonField fields[] = {
    { "id", KAREZ_JSON_NAME, TRUE, 1, MAX_ID },
    { "version", KAREZ_JSON_NAME, TRUE, 1, MAX_VERSION },
    { "title", KAREZ_JSON_OBJECT, TRUE },
    { "items", KAREZ_JSON_ARRAY, TRUE, 1, GUIDANCE_CHECKLIST_MAX_ITEMS },
    { NULL },
  };
  g_autoptr (GError) wrong = NULL;
  JsonObject *object = karez_json_check (node, fields, &wrong);

  if (object != NULL && check_members (object, &wrong) && check_size (node, &wrong))
    return object;
  say_accepted (wrong);
  g_propagate_error (error, g_steal_pointer (&wrong));
  return NULL;
}

JsonNode *
guidance_checklist_parse (GBytes *bytes, GError **error)
{
  g_autoptr (GError) wrong = NULL;
  g_autoptr (JsonNode) node = NULL;

  if (g_bytes_get_size (bytes) > GUIDANCE_CHECKLIST_MAX_BYTES)
    {
      karez_error_set (error, KAREZ_ERROR_TOO_LARGE, "guidance/checklist-size",
                       N_ ("at most 32 KiB"), N_ ("The checklist is too long"));
      return NULL;
    }
  node = karez_json_parse (bytes, GUIDANCE_CHECKLIST_MAX_BYTES, &wrong);
  if (node != NULL && guidance_checklist_check (node, &wrong) != NULL)
    return g_steal_pointer (&node);
  say_accepted (wrong);
  g_propagate_error (error, g_steal_pointer (&wrong));
  return NULL;
}

guint
guidance_checklist_count (JsonObject *checklist)
{
  return json_array_get_length (json_object_get_array_member (checklist, "items"));
}
