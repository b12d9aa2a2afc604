/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a session's sockets are bound, and where others are told that they are. */
#include "hub-binding.h"
#include "hub-link.h"

#include <errno.h>
#include <unistd.h>

#define SESSION "0f9619ff-8b86-4d01-b42d-00cf4fc964ff"
#define LOW 47300u
#define HIGH 47311u

static void
test_forms (void)
{
  static const char *const good[] = { "10.0.0.5",
                                      "10.0.0.5:40000",
                                      "[fd00::5]",
                                      "[fd00::5]:40000-40999",
                                      "10.0.0.5:40000-40999",
                                      "10.0.0.5=203.0.113.7",
                                      "10.0.0.5:40000-40999=203.0.113.7",
                                      "[fd00::5]=[2001:db8::7]" };
  static const char *const bad[] = { "",
                                     "0.0.0.0",
                                     "10.0.0.5:40999-40000",
                                     "10.0.0.5:0-40000",
                                     "10.0.0.5:40000-70000",
                                     "10.0.0.5-10.0.0.9",
                                     "10.0.0.5=",
                                     "=203.0.113.7",
                                     "10.0.0.5=[2001:db8::7]",
                                     "10.0.0.5=0.0.0.0",
                                     "10.0.0.5=203.0.113.7=203.0.113.8",
                                     "10.0.0.5=outer.example.org" };
  HubBinding binding;

  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_test_message ("%s", good[i]);
      g_assert_true (hub_binding_parse (&binding, good[i]));
    }
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_test_message ("%s", bad[i]);
      g_assert_false (hub_binding_parse (&binding, bad[i]));
    }
}

static void
test_print (void)
{
  g_autofree char *plain = hub_binding_print ("10.0.0.5", NULL, NULL);
  g_autofree char *all = hub_binding_print ("fd00::5", "40000-40999", "2001:db8::7");
  HubBinding binding;
  guint16 port;
  g_autofree char *host = NULL;

  g_assert_cmpstr (plain, ==, "10.0.0.5");
  g_assert_cmpstr (all, ==, "[fd00::5]:40000-40999=[2001:db8::7]");
  g_assert_true (hub_binding_parse (&binding, all));
  host = hub_address_split (&binding.announced, &port);
  g_assert_cmpstr (host, ==, "2001:db8::7");
  g_assert_cmpuint (binding.low, ==, 40000);
  g_assert_cmpuint (binding.high, ==, 40999);
}

/* Each takes a port of its own, until there is none. */
static void
test_range (void)
{
  g_autofree char *text = g_strdup_printf ("127.0.0.1:%u-%u=203.0.113.7", LOW, HIGH);
  int fds[HIGH - LOW + 1];
  gboolean seen[G_N_ELEMENTS (fds)] = { FALSE };
  HubBinding binding;
  HubAddress bound;
  int more = socket (AF_INET, SOCK_DGRAM, 0);

  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    {
      g_autofree char *host = NULL, *outer = NULL;
      guint16 port, told;

      fds[i] = socket (AF_INET, SOCK_DGRAM, 0);
      g_assert_true (hub_binding_parse (&binding, text));
      g_assert_true (hub_binding_bind (&binding, fds[i], &bound));
      host = hub_address_split (&bound, &port);
      outer = hub_address_split (&binding.announced, &told);
      g_assert_cmpstr (host, ==, "127.0.0.1");
      g_assert_cmpstr (outer, ==, "203.0.113.7");
      g_assert_cmpuint (told, ==, port);
      g_assert_true (port >= LOW && port <= HIGH && !seen[port - LOW]);
      seen[port - LOW] = TRUE;
    }
  g_assert_true (hub_binding_parse (&binding, text));
  g_assert_false (hub_binding_bind (&binding, more, &bound));
  g_assert_cmpint (errno, ==, EADDRINUSE);
  close (fds[5]);
  g_assert_true (hub_binding_bind (&binding, more, &bound));
  close (more);
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    if (i != 5)
      close (fds[i]);
}

/* The other end is told what is announced, of each path. */
static void
test_link (void)
{
  g_autofree char *text = g_strdup_printf ("127.0.0.1:%u-%u=203.0.113.7,127.0.0.2", LOW, HIGH);
  g_autoptr (GError) error = NULL;
  g_autoptr (HubLink) link = hub_link_new (SESSION, TRUE, 1, text, &error);
  g_autoptr (JsonNode) endpoint = NULL;
  JsonArray *told;
  const char *first;

  g_assert_no_error (error);
  endpoint = hub_link_get_endpoint (link);
  told = json_object_get_array_member (json_node_get_object (endpoint), "addresses");
  g_assert_cmpuint (json_array_get_length (told), ==, 2);
  first = json_array_get_string_element (told, 0);
  g_assert_true (g_str_has_prefix (first, "203.0.113.7:"));
  g_assert_cmpuint (g_ascii_strtoull (strchr (first, ':') + 1, NULL, 10), >=, LOW);
  g_assert_cmpuint (g_ascii_strtoull (strchr (first, ':') + 1, NULL, 10), <=, HIGH);
  g_assert_true (g_str_has_prefix (json_array_get_string_element (told, 1), "127.0.0.2:"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/binding/forms", test_forms);
  g_test_add_func ("/binding/print", test_print);
  g_test_add_func ("/binding/range", test_range);
  g_test_add_func ("/binding/link", test_link);
  return g_test_run ();
}
