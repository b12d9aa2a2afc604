/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A compiled gettext catalogue that is read beside the process's own locale. */
#include "hub-catalogue.h"

#include <string.h>

struct _HubCatalogue
{
  GObject parent_instance;

  char *language;
  GBytes *mo;
  GHashTable *messages; /* msgid → msgstr, both in @mo */
  GHashTable *plurals;  /* those msgids that have forms → GStrv */
};

G_DEFINE_FINAL_TYPE (HubCatalogue, hub_catalogue, G_TYPE_OBJECT)

#define MO_MAGIC 0x950412deu
#define MO_HEADER 28u

typedef struct
{
  const guint8 *data;
  gsize size;
  gboolean swapped;
} Reader;

static guint32
read_word (const Reader *self, gsize offset)
{
  guint32 word;

  memcpy (&word, self->data + offset, sizeof word);
  return self->swapped ? GUINT32_SWAP_LE_BE (word) : word;
}

/* The string that the @n-th line of the table at @table describes; NULL if it leaves the file. */
static const char *
read_text (const Reader *self, gsize table, guint32 n)
{
  gsize line = table + (gsize) n * 8;
  gsize length, offset;

  if (line + 8 > self->size)
    return NULL;
  length = read_word (self, line);
  offset = read_word (self, line + 4);
  if (offset >= self->size || length >= self->size - offset || self->data[offset + length] != '\0')
    return NULL;
  return (const char *) self->data + offset;
}

/* The @n-th string of the table at @table, which is there, in its parts. */
static GStrv
read_forms (const Reader *self, gsize table, guint32 n)
{
  g_autoptr (GStrvBuilder) forms = g_strv_builder_new ();
  const char *at = read_text (self, table, n);
  const char *end = at + read_word (self, table + (gsize) n * 8);

  for (; at <= end; at += strlen (at) + 1)
    g_strv_builder_add (forms, at);
  return g_strv_builder_end (forms);
}

static gboolean
read_messages (HubCatalogue *self, GError **error)
{
  Reader reader = { 0 };
  gsize text = 0; /* bytes of the strings so far, which lie beside each other */
  gboolean sound;

  reader.data = g_bytes_get_data (self->mo, &reader.size);
  sound = reader.size >= MO_HEADER;
  reader.swapped = sound && read_word (&reader, 0) == GUINT32_SWAP_LE_BE (MO_MAGIC);
  sound = sound && read_word (&reader, 0) == MO_MAGIC;
  for (guint32 i = 0, n = sound ? read_word (&reader, 8) : 0; sound && i < n; i++)
    {
      const char *msgid = read_text (&reader, read_word (&reader, 12), i);
      const char *msgstr = read_text (&reader, read_word (&reader, 16), i);

      sound = msgid != NULL && msgstr != NULL;
      if (sound)
        text += (gsize) read_word (&reader, read_word (&reader, 12) + (gsize) i * 8)
                + read_word (&reader, read_word (&reader, 16) + (gsize) i * 8);
      /* Lines that name the same bytes again and again are much to read in a small file. */
      sound = sound && text <= reader.size;
      if (sound && *msgid != '\0' && *msgstr != '\0')
        {
          gsize line = read_word (&reader, 12) + (gsize) i * 8;

          g_hash_table_insert (self->messages, (char *) msgid, (char *) msgstr);
          /* "one", NUL, "many": its forms stand behind each other in the same way. */
          if (read_word (&reader, line) > strlen (msgid))
            g_hash_table_insert (self->plurals, (char *) msgid,
                                 read_forms (&reader, read_word (&reader, 16), i));
        }
    }
  if (!sound)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "the catalogue of %s is damaged",
                 self->language);
  return sound;
}

HubCatalogue *
hub_catalogue_new (const char *language, GBytes *mo, GError **error)
{
  g_autoptr (HubCatalogue) self = g_object_new (HUB_TYPE_CATALOGUE, NULL);

  self->language = g_strdup (language);
  self->mo = g_bytes_ref (mo);
  if (!read_messages (self, error))
    return NULL;
  return g_steal_pointer (&self);
}

const char *
hub_catalogue_get_language (HubCatalogue *self)
{
  return self->language;
}

const char *
hub_catalogue_lookup (HubCatalogue *self, const char *msgid)
{
  const char *msgstr = g_hash_table_lookup (self->messages, msgid);

  return msgstr != NULL ? msgstr : msgid;
}

gboolean
hub_catalogue_has (HubCatalogue *self, const char *msgid)
{
  return g_hash_table_contains (self->messages, msgid);
}

void
hub_catalogue_foreach (HubCatalogue *self, HubCatalogueFunc func, gpointer data)
{
  GHashTableIter iter;
  gpointer msgid, msgstr;

  g_hash_table_iter_init (&iter, self->messages);
  while (g_hash_table_iter_next (&iter, &msgid, &msgstr))
    func (msgid, msgstr, g_hash_table_lookup (self->plurals, msgid), data);
}

static void
hub_catalogue_finalize (GObject *object)
{
  HubCatalogue *self = HUB_CATALOGUE (object);

  g_clear_pointer (&self->messages, g_hash_table_unref);
  g_clear_pointer (&self->plurals, g_hash_table_unref);
  g_clear_pointer (&self->mo, g_bytes_unref);
  g_clear_pointer (&self->language, g_free);

  G_OBJECT_CLASS (hub_catalogue_parent_class)->finalize (object);
}

static void
hub_catalogue_class_init (HubCatalogueClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = hub_catalogue_finalize;
}

static void
hub_catalogue_init (HubCatalogue *self)
{
  self->messages = g_hash_table_new (g_str_hash, g_str_equal);
  self->plurals = g_hash_table_new_full (g_str_hash, g_str_equal, NULL,
                                         (GDestroyNotify) g_strfreev);
}
