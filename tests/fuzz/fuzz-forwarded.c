/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Throws X-Forwarded-For at its parser. */

/* X-Forwarded-For and X-Real-IP as proxies write them, and as anybody can. */
#include "fuzz.h"

#include "hub-address.h"
#include "hub-web-proxies.h"

#include <gio/gio.h>

#define PROXY "10.0.0.1"

/* What is recorded and counted is an address in its one form, whatever was said. */
static void
assert_canonical (const char *host)
{
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (host);
  g_autofree char *again = hub_address_host (host);
  g_autofree char *customer = hub_address_customer (host);

  g_assert_nonnull (address);
  g_assert_cmpstr (again, ==, host);
  g_assert_cmpint (g_str_has_suffix (customer, "/64"), ==, strchr (host, ':') != NULL);
}

static void
one (const guint8 *data, gsize size)
{
  g_autofree char *text = g_strndup ((const char *) data, size);
  g_autoptr (HubWebProxies) proxies = hub_web_proxies_new (PROXY ",::1");
  g_autoptr (HubWebProxies) none = hub_web_proxies_new (NULL);
  g_autofree char *client = hub_web_proxies_find_client (proxies, PROXY, text);
  g_autofree char *unbelieved = hub_web_proxies_find_client (none, PROXY, text);
  g_autofree char *trusted = g_strconcat (text, ", 198.51.100.7", NULL);
  g_autofree char *nearest = hub_web_proxies_find_client (proxies, PROXY, trusted);
  g_autofree char *host = hub_address_host (text);

  assert_canonical (client);
  g_assert_cmpstr (unbelieved, ==, PROXY);
  /* Nothing that a client wrote in front changes what our own proxy adds. */
  g_assert_cmpstr (nearest, ==, "198.51.100.7");
  if (host != NULL)
    assert_canonical (host);
}

int
main (int argc, char **argv)
{
  return fuzz_main (argc, argv, "forwarded", one);
}
