/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A plugin's own catalogues, beside its key file. */
#include "hub-plugin-catalogues.h"

#include "hub-file.h"

#include <karez.h>

#define MAX_FILE (1024 * 1024)

/* With as many forms of a plural as the desk's own catalogue has (data/web/src/i18n.js). */
static const struct
{
  const char *language;
  guint forms;
} known[] = { { "en", 2 }, { "zh_CN", 1 }, { "ug", 1 } };

static gboolean
refuse (GError **error, const char *path, const char *accepted, const char *why)
{
  return karez_error_set (error, KAREZ_ERROR_INVALID, "plugin/catalogue", accepted,
                          N_ ("“%s” cannot be read: %s"), path, why);
}

typedef struct
{
  guint forms;
  const char *wrong;
} Look;

static void
look_at (const char *msgid, const char *msgstr, const char *const *forms, gpointer data)
{
  Look *look = data;

  if (!g_utf8_validate (msgid, -1, NULL) || !g_utf8_validate (msgstr, -1, NULL))
    look->wrong = "UTF-8";
  for (guint i = 0; forms != NULL && forms[i] != NULL; i++)
    if (!g_utf8_validate (forms[i], -1, NULL))
      look->wrong = "UTF-8";
  if (forms != NULL && g_strv_length ((GStrv) forms) != look->forms)
    look->wrong = msgid;
}

/* Returns: (transfer full) (nullable) */
static HubCatalogue *
load_one (const char *path, guint which, GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autoptr (GBytes) bytes = hub_file_read (path, MAX_FILE, &local);
  g_autoptr (HubCatalogue) catalogue = NULL;
  Look look = { known[which].forms };

  if (bytes != NULL)
    catalogue = hub_catalogue_new (known[which].language, bytes, &local);
  if (catalogue == NULL)
    {
      refuse (error, path, N_ ("what msgfmt makes, of at most 1 MiB"), local->message);
      return NULL;
    }
  hub_catalogue_foreach (catalogue, look_at, &look);
  if (look.wrong != NULL)
    {
      refuse (error, path,
              N_ ("UTF-8, and plurals of two forms in English, of one in Chinese and Uyghur"),
              look.wrong);
      return NULL;
    }
  return g_steal_pointer (&catalogue);
}

GPtrArray *
hub_plugin_catalogues_load (const char *folder, GError **error)
{
  g_autoptr (GPtrArray) catalogues = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < G_N_ELEMENTS (known); i++)
    {
      g_autofree char *path = g_strdup_printf ("%s/po/%s.mo", folder, known[i].language);
      HubCatalogue *catalogue;

      if (!g_file_test (path, G_FILE_TEST_EXISTS))
        continue;
      catalogue = load_one (path, i, error);
      if (catalogue == NULL)
        return NULL;
      g_ptr_array_add (catalogues, catalogue);
    }
  return g_steal_pointer (&catalogues);
}
