/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What plugins provide to each other. */
#include "hub-provided.h"

#include "hub-catalogue.h"

typedef struct
{
  char *plugin;
  GType type;
  guint version;
  GObject *service;
} Provided;

struct _HubProvided
{
  GObject parent_instance;

  GHashTable *services; /* name → Provided */
};

G_DEFINE_FINAL_TYPE (HubProvided, hub_provided, G_TYPE_OBJECT)

static guint changed;

static void
provided_free (gpointer data)
{
  Provided *provided = data;

  g_free (provided->plugin);
  g_object_unref (provided->service);
  g_free (provided);
}

gboolean
hub_provided_add (HubProvided *self, const char *plugin, const char *name, GType type,
                  guint version, gpointer service, GError **error)
{
  Provided *provided = g_hash_table_lookup (self->services, name);

  if (provided != NULL)
    return karez_error_set (error, KAREZ_ERROR_CONFLICT, "service/taken", NULL,
                            N_ ("The service “%s” is provided by the plugin “%s”."), name,
                            provided->plugin);
  provided = g_new (Provided, 1);
  *provided = (Provided){ g_strdup (plugin), type, version, g_object_ref (service) };
  g_hash_table_insert (self->services, g_strdup (name), provided);
  g_signal_emit (self, changed, 0, name);
  return TRUE;
}

gpointer
hub_provided_find (HubProvided *self, const char *name, GType type, guint version, GError **error)
{
  Provided *provided = g_hash_table_lookup (self->services, name);
  g_autofree char *has = g_strdup_printf ("%u", provided != NULL ? provided->version : 0);
  g_autofree char *asked = g_strdup_printf ("%u", version);

  if (provided == NULL)
    karez_error_set (error, KAREZ_ERROR_UNAVAILABLE, "service/gone", NULL,
                     N_ ("No plugin provides the service “%s” now."), name);
  else if (provided->type != type)
    karez_error_set (error, KAREZ_ERROR_INVALID, "service/type", NULL,
                     N_ ("The service “%s” is a %s and no %s."), name, g_type_name (provided->type),
                     g_type_name (type));
  else if (provided->version < version)
    karez_error_set (error, KAREZ_ERROR_INVALID, "service/version", NULL,
                     N_ ("The service “%s” is provided as version %s; asked for is %s."), name, has,
                     asked);
  else
    return provided->service;
  return NULL;
}

void
hub_provided_drop (HubProvided *self, const char *plugin)
{
  g_autoptr (GPtrArray) gone = g_ptr_array_new_with_free_func (g_free);
  GHashTableIter iter;
  gpointer name, provided;

  g_hash_table_iter_init (&iter, self->services);
  while (g_hash_table_iter_next (&iter, &name, &provided))
    if (g_str_equal (((Provided *) provided)->plugin, plugin))
      {
        g_ptr_array_add (gone, g_strdup (name));
        g_hash_table_iter_remove (&iter);
      }
  for (guint i = 0; i < gone->len; i++)
    g_signal_emit (self, changed, 0, gone->pdata[i]);
}

HubProvided *
hub_provided_new (void)
{
  return g_object_new (HUB_TYPE_PROVIDED, NULL);
}

static void
hub_provided_finalize (GObject *object)
{
  g_hash_table_unref (HUB_PROVIDED (object)->services);

  G_OBJECT_CLASS (hub_provided_parent_class)->finalize (object);
}

static void
hub_provided_class_init (HubProvidedClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = hub_provided_finalize;
  changed = g_signal_new ("changed", HUB_TYPE_PROVIDED, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                          G_TYPE_NONE, 1, G_TYPE_STRING);
}

static void
hub_provided_init (HubProvided *self)
{
  self->services = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, provided_free);
}
