/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What sessions bind and announce, of the groups [Link] and [Media]. */
#include "hub-bindings.h"

#include "hub-binding.h"
#include "hub-log.h"

/* The address of this machine on the way to others: what the kernel would send from. Nothing is
 * sent; the destination is one for documentation (RFC 5737). */
static char *
find_address (void)
{
  g_autoptr (GSocket) socket = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_DATAGRAM,
                                             G_SOCKET_PROTOCOL_UDP, NULL);
  g_autoptr (GSocketAddress) there = g_inet_socket_address_new_from_string ("192.0.2.1", 9);
  g_autoptr (GSocketAddress) here = NULL;

  if (socket != NULL && g_socket_connect (socket, there, NULL, NULL))
    here = g_socket_get_local_address (socket, NULL);
  if (here == NULL)
    {
      hub_warning (
          "daemon", NULL,
          "this machine has no way to others: sessions are reached at 127.0.0.1 alone until "
          "[Link] Address names an address");
      return g_strdup ("127.0.0.1");
    }
  return g_inet_address_to_string (
      g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (here)));
}

static char *
print (HubConfig *config, const char *group, GStrv hosts)
{
  g_auto (GStrv) announced = hub_config_addresses (config, group, "Announce");
  const char *ports = hub_config_text (config, "Worker", "Ports");
  g_autofree char *found = *hosts == NULL ? find_address () : NULL;
  char *const only[] = { found, NULL };
  char *const *list = *hosts != NULL ? hosts : only;
  guint n = g_strv_length (announced);
  GString *text = g_string_new (NULL);

  for (guint i = 0; list[i] != NULL; i++)
    {
      g_autofree char *one = hub_binding_print (list[i], ports, i < n ? announced[i] : NULL);

      g_string_append_printf (text, i > 0 ? ",%s" : "%s", one);
    }
  return g_string_free (text, FALSE);
}

char *
hub_bindings_of_links (HubConfig *config)
{
  g_auto (GStrv) hosts = hub_config_addresses (config, "Link", "Address");

  return print (config, "Link", hosts);
}

char *
hub_bindings_of_media (HubConfig *config)
{
  g_auto (GStrv) own = hub_config_addresses (config, "Media", "Address");
  g_auto (GStrv) links = hub_config_addresses (config, "Link", "Address");

  return print (config, "Media", *own != NULL ? own : links);
}
