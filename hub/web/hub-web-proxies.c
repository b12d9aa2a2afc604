/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The proxies whose X-Forwarded-For is believed. */
#include "hub-web-proxies.h"

#include "hub-address.h"

struct _HubWebProxies
{
  GHashTable *addresses; /* set */
};

HubWebProxies *
hub_web_proxies_new (const char *addresses)
{
  HubWebProxies *self = g_new0 (HubWebProxies, 1);
  g_auto (GStrv) list = g_strsplit (addresses != NULL ? addresses : "", ",", -1);

  self->addresses = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; list[i] != NULL; i++)
    {
      char *host = hub_address_host (g_strstrip (list[i]));

      if (host != NULL)
        g_hash_table_add (self->addresses, host);
    }
  return self;
}

void
hub_web_proxies_free (HubWebProxies *self)
{
  g_hash_table_unref (self->addresses);
  g_free (self);
}

gboolean
hub_web_proxies_has (HubWebProxies *self, const char *address)
{
  return g_hash_table_contains (self->addresses, address);
}

char *
hub_web_proxies_find_client (HubWebProxies *self, const char *address, const char *forwarded)
{
  g_auto (GStrv) list = g_strsplit (forwarded != NULL ? forwarded : "", ",", -1);
  char *client = g_strdup (address);

  for (guint i = g_strv_length (list); i-- > 0 && hub_web_proxies_has (self, client);)
    {
      char *said = hub_address_host (g_strstrip (list[i]));

      if (said == NULL)
        break;
      g_free (client);
      client = said;
    }
  return client;
}
