/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which hosts and pages are the hub's own: by HTTP, by HTTPS beside it, and by this machine's
 * names. */
#include "hub-web-origins.h"

#define HTTP "http://aral.localhost:8801"
#define HTTPS "https://aral.localhost:8811"

static void
test_hosts (void)
{
  static const char *const ours[] = { "aral.localhost:8801", "ARAL.localhost:8801",
                                      "localhost:8801", "127.0.0.1:8801", "[::1]:8801" };
  static const char *const strange[] = { "aral.localhost",
                                         "aral.localhost:8802",
                                         "localhost:8811",
                                         "aral.localhost:8801.example.org",
                                         "",
                                         "hangzhou.localhost:8801" };
  g_autoptr (HubWebOrigins) self = hub_web_origins_new (HTTP);

  hub_web_origins_set_port (self, 8801);
  for (guint i = 0; i < G_N_ELEMENTS (ours); i++)
    g_assert_true (hub_web_origins_has_host (self, ours[i]));
  for (guint i = 0; i < G_N_ELEMENTS (strange); i++)
    g_assert_false (hub_web_origins_has_host (self, strange[i]));
  g_assert_false (hub_web_origins_has_host (self, NULL));
  g_assert_false (hub_web_origins_has_host (self, "aral.localhost:8811"));
  hub_web_origins_add_secure (self, 8811);
  g_assert_true (hub_web_origins_has_host (self, "aral.localhost:8811"));
  g_assert_false (hub_web_origins_has_host (self, "localhost:8811"));
}

typedef struct
{
  const char *origin, *host;
  gboolean encrypted, own;
} Page;

static void
test_pages (void)
{
  static const Page pages[] = {
    { HTTP, "aral.localhost:8801", FALSE, TRUE },
    { HTTP, NULL, FALSE, TRUE },
    { "http://localhost:8801", "localhost:8801", FALSE, TRUE },
    { "http://localhost:8801", "aral.localhost:8801", FALSE, FALSE },
    { "https://localhost:8801", "localhost:8801", FALSE, FALSE },
    { "https://localhost:8801", "localhost:8801", TRUE, FALSE },
    { HTTPS, "aral.localhost:8811", TRUE, TRUE },
    /* From the one to the other is another site. */
    { HTTPS, "aral.localhost:8801", FALSE, FALSE },
    { HTTPS, "aral.localhost:8811", FALSE, FALSE },
    { HTTP, "aral.localhost:8811", TRUE, FALSE },
    { HTTP, "aral.localhost:8811", FALSE, FALSE },
    { HTTP, "aral.localhost:8801", TRUE, FALSE },
    { HTTPS, NULL, TRUE, FALSE },
    { "https://aral.localhost", "aral.localhost:8811", TRUE, FALSE },
    { "http://aral.localhost:8811", "aral.localhost:8811", TRUE, FALSE },
    { "null", "aral.localhost:8811", TRUE, FALSE },
    { "", "aral.localhost:8811", TRUE, FALSE },
  };
  g_autoptr (HubWebOrigins) self = hub_web_origins_new (HTTP);

  hub_web_origins_set_port (self, 8801);
  g_assert_null (hub_web_origins_get_secure (self));
  g_assert_false (hub_web_origins_has_page (self, HTTPS, "aral.localhost:8811", FALSE));
  hub_web_origins_add_secure (self, 8811);
  g_assert_cmpstr (hub_web_origins_get_secure (self), ==, HTTPS);
  for (guint i = 0; i < G_N_ELEMENTS (pages); i++)
    {
      g_test_message ("%s at %s", pages[i].origin, pages[i].host);
      g_assert_cmpint (
          hub_web_origins_has_page (self, pages[i].origin, pages[i].host, pages[i].encrypted), ==,
          pages[i].own);
    }
}

/* At the ports that need no number both are called the same. */
static void
test_without_numbers (void)
{
  static const char http[] = "http://aral.localhost", https[] = "https://aral.localhost";
  static const char host[] = "aral.localhost";
  g_autoptr (HubWebOrigins) self = hub_web_origins_new (http);

  hub_web_origins_set_port (self, 80);
  hub_web_origins_add_secure (self, 443);
  g_assert_true (hub_web_origins_has_host (self, host));
  g_assert_true (hub_web_origins_has_page (self, http, host, FALSE));
  g_assert_true (hub_web_origins_has_page (self, https, host, TRUE));
  g_assert_false (hub_web_origins_has_page (self, http, host, TRUE));
  g_assert_false (hub_web_origins_has_page (self, https, host, FALSE));
  g_assert_true (hub_web_origins_has_host (self, "127.0.0.1"));
  g_assert_false (hub_web_origins_has_host (self, "127.0.0.1:80"));
  g_assert_true (hub_web_origins_has_page (self, "http://localhost", "localhost", FALSE));
  g_assert_false (hub_web_origins_has_page (self, "http://localhost", host, FALSE));
}

static void
test_sockets (void)
{
  static const struct
  {
    const char *origin;
    guint16 secure;
    const char *sockets;
  } cases[] = {
    { HTTP, 0, " ws://aral.localhost:8801" },
    { HTTP, 8811, " ws://aral.localhost:8801 wss://aral.localhost:8811" },
    { "http://[::1]:8801", 443, " ws://[::1]:8801 wss://[::1]" },
    { "https://karez.example.org", 0, " wss://karez.example.org" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (HubWebOrigins) self = hub_web_origins_new (cases[i].origin);
      g_autofree char *sockets = NULL;

      if (cases[i].secure != 0)
        hub_web_origins_add_secure (self, cases[i].secure);
      sockets = hub_web_origins_list_sockets (self);
      g_assert_cmpstr (sockets, ==, cases[i].sockets);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/web/origins/hosts", test_hosts);
  g_test_add_func ("/web/origins/pages", test_pages);
  g_test_add_func ("/web/origins/without-numbers", test_without_numbers);
  g_test_add_func ("/web/origins/sockets", test_sockets);
  return g_test_run ();
}
