/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* karez.conf: defaults, values, and what is refused where. */
#include "hub-config.h"

#include <glib/gstdio.h>

static HubConfig *
load_bytes (const char *text, gssize length, GError **error)
{
  g_autofree char *path = g_build_filename (g_get_tmp_dir (), "karez-config-XXXXXX", NULL);
  HubConfig *config;
  int fd = g_mkstemp (path);

  g_assert_cmpint (fd, >=, 0);
  g_close (fd, NULL);
  g_assert_true (g_file_set_contents (path, text, length, NULL));
  config = hub_config_load (path, error);
  g_unlink (path);
  return config;
}

static HubConfig *
load (const char *text, GError **error)
{
  return load_bytes (text, -1, error);
}

static void
test_defaults (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HubConfig) config = load ("", &error);
  g_auto (GStrv) list = NULL;

  g_assert_no_error (error);
  g_assert_cmpstr (hub_config_text (config, "Hub", "State"), ==, "/var/lib/karez");
  g_assert_cmpstr (hub_config_origin (config, "Hub", "State"), ==, "default");
  g_assert_null (hub_config_text (config, "Database", "Connection"));
  g_assert_cmpuint (hub_config_port (config, "Web", "Port"), ==, 8443);
  list = hub_config_list (config, "Plugins", "Path");
  g_assert_cmpuint (g_strv_length (list), ==, 0);
}

static void
test_values (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HubConfig) config = load ("[Hub]\nName=Aral\nName[zh_CN]=阿拉尔\n"
                                       "[Web]\nPort=8800\nOrigin=http://aral.localhost:8801\n"
                                       "[Plugins]\nPath=/a; /b;\n"
                                       "[Plugin template]\nMaxCharacters=5\n",
                                       &error);
  g_auto (GStrv) list = NULL;
  g_autoptr (GHashTable) plugin = NULL;

  g_assert_no_error (error);
  g_assert_cmpstr (hub_config_name (config, "Hub", "Name", "zh_CN"), ==, "阿拉尔");
  g_assert_cmpstr (hub_config_name (config, "Hub", "Name", "ug"), ==, "Aral");
  g_assert_cmpuint (hub_config_port (config, "Web", "Port"), ==, 8800);
  g_assert_cmpstr (hub_config_origin (config, "Web", "Port"), ==, hub_config_file (config));
  list = hub_config_list (config, "Plugins", "Path");
  g_assert_cmpuint (g_strv_length (list), ==, 2);
  g_assert_cmpstr (list[1], ==, "/b");
  plugin = hub_config_plugin (config, "template");
  g_assert_cmpstr (g_hash_table_lookup (plugin, "MaxCharacters"), ==, "5");
  g_assert_true (hub_config_override (config, "Web.Port", "8801", "--port", &error));
  g_assert_cmpuint (hub_config_port (config, "Web", "Port"), ==, 8801);
  g_assert_cmpstr (hub_config_origin (config, "Web", "Port"), ==, "--port");
  g_assert_false (hub_config_override (config, "Web.Prot", "1", "--x", &error));
  g_assert_error (error, HUB_CONFIG_ERROR, HUB_CONFIG_FAULT_UNKNOWN);
}

static void
test_refused (void)
{
  static const struct
  {
    const char *text, *says;
    HubConfigFault code;
  } bad[] = {
    { "[Web]\nProt=1\n", ":2: [Web] Prot: there is no such key (perhaps Port)",
      HUB_CONFIG_FAULT_UNKNOWN },
    { "[Wbe]\nPort=1\n", "[Wbe]", HUB_CONFIG_FAULT_UNKNOWN },
    { "[Web]\nPort[ug]=1\n", ":2: [Web] Port[ug]: ", HUB_CONFIG_FAULT_UNKNOWN },
    { "[Hub]\nName[de]=Aral\n", "Name[de]", HUB_CONFIG_FAULT_UNKNOWN },
    { "[Web]\nPort=65536\n", "accepted: a whole number from 1 to 65535", HUB_CONFIG_FAULT_VALUE },
    { "[Web]\nPort=eighty\n", "accepted: a whole number from 1 to 65535", HUB_CONFIG_FAULT_VALUE },
    { "[Web]\nOrigin=aral.localhost\n", "https://HOST", HUB_CONFIG_FAULT_VALUE },
    { "[Web]\nOrigin=http://aral.localhost/desk\n", "accepted: http://aral.localhost,",
      HUB_CONFIG_FAULT_VALUE },
    { "[Web]\nListen=localhost\n", "IP address", HUB_CONFIG_FAULT_VALUE },
    { "[Hub]\nState=var\n", "absolute path", HUB_CONFIG_FAULT_VALUE },
    { "[Hub]\nId=7\n", "UUID", HUB_CONFIG_FAULT_VALUE },
    { "[Hub]\nName=\n", "1 to 200", HUB_CONFIG_FAULT_VALUE },
    { "[Peers]\nAdvertise=host\n", "HOST:PORT", HUB_CONFIG_FAULT_VALUE },
    { "[Peers]\nAdvertise=host:0\n", "HOST:PORT", HUB_CONFIG_FAULT_VALUE },
    { "[Plugins]\nPath=a;b\n", "absolute paths", HUB_CONFIG_FAULT_VALUE },
    { "[Link]\nAddress=10.0.0.1,host\n", "one to four numeric", HUB_CONFIG_FAULT_VALUE },
    { "[Link]\nAddress=::1,::1,::1,::1,::1\n", "one to four numeric", HUB_CONFIG_FAULT_VALUE },
    { "[Media]\nAddress=10.0.0.1,\n", "one to four numeric", HUB_CONFIG_FAULT_VALUE },
    { "[Hub]\nName=\xff\n", "[Hub] Name: ", HUB_CONFIG_FAULT_VALUE },
    { "Port=1\n", "", HUB_CONFIG_FAULT_FILE },
    { "[Web\nPort=1\n", "", HUB_CONFIG_FAULT_FILE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;

      g_test_message ("%s", bad[i].says);
      g_assert_null (load (bad[i].text, &error));
      g_assert_error (error, HUB_CONFIG_ERROR, (int) bad[i].code);
      g_assert_nonnull (strstr (error->message, bad[i].says));
    }
}

/* What is kept and shown to people is text; the refusal names file, group and key. */
static void
test_texts (void)
{
#define BAD(text, says)                                                                            \
  {                                                                                                \
    text, sizeof text - 1, says                                                                    \
  }
  static const struct
  {
    const char *text;
    gssize length;
    const char *says;
  } bad[] = {
    BAD ("[Hub]\nName=Aral\0 County\n", ":2: [Hub] Name: this line holds a U+0000"),
    BAD ("[Web]\nPort=1\n[Hub]\nName[ug]=A\0\n", "[Hub] Name[ug]: "),
    BAD ("[Database]\nConnection=host=a\0b\n", "[Database] Connection: "),
    BAD ("[Plugin template]\nMaxCharacters=5\0\n", "[Plugin template] MaxCharacters: "),
    BAD ("[Hub]\nName=A\xc3(\n", "[Hub] Name: "),
    BAD ("[Hub]\nName=A\xed\xa0\xbd\n", "[Hub] Name: "),
    BAD ("[Hub]\nName[zh_CN]=\xff\n", "[Hub] Name[zh_CN]: "),
    BAD ("[Hub]\nName=\xe2\x80\x8b\xef\xbb\xbf\n", "[Hub] Name: "),
    BAD ("[Hub]\nName=\\s\\s\n", "[Hub] Name: "),
    BAD ("[Hub]\nName=Aral\\nCounty\n", "[Hub] Name: "),
    BAD ("[Hub]\nName=Aral\\tCounty\n", "[Hub] Name: "),
    BAD ("[Hub]\nName=Aral\xe2\x80\xa8"
         "County\n",
         "[Hub] Name: "),
    BAD ("[Hub]\nName[ug]=Aral\xe2\x80\xae\n", "[Hub] Name[ug]: "),
    BAD ("[Hub]\nName=Aral\x1b[2J\n", "[Hub] Name: "),
    BAD ("[Database]\nConnection=host\x07\n", "[Database] Connection: "),
    BAD ("[Plugin template]\nMaxCharacters=\xff\n", "[Plugin template] MaxCharacters: "),
    BAD ("[Plugin template]\nMaxCharacters=5\x1b\n", "[Plugin template] MaxCharacters: "),
  };
#undef BAD

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;
      int code;

      g_test_message ("%u: %s", i, bad[i].says);
      g_assert_null (load_bytes (bad[i].text, bad[i].length, &error));
      code = memchr (bad[i].text, '\0', bad[i].length) != NULL ? HUB_CONFIG_FAULT_FILE
                                                               : HUB_CONFIG_FAULT_VALUE;
      g_assert_error (error, HUB_CONFIG_ERROR, code);
      g_assert_nonnull (strstr (error->message, bad[i].says));
      g_assert_nonnull (strstr (error->message, "karez-config-"));
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
    }
}

static void
test_addresses (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HubConfig)
      config = load ("[Link]\nAddress=10.0.0.1, fd00::1\n[Media]\nAddress=10.0.0.1\n", &error);

  g_assert_no_error (error);
  g_assert_cmpstr (hub_config_text (config, "Link", "Address"), ==, "10.0.0.1, fd00::1");
  g_assert_cmpstr (hub_config_text (config, "Media", "Address"), ==, "10.0.0.1");
}

static void
test_file (void)
{
  g_autoptr (GError) missing = NULL;
  g_autoptr (GError) large = NULL;
  g_autofree char *text = g_strnfill (70000, '#');

  g_assert_null (hub_config_load ("/nonexistent/karez.conf", &missing));
  g_assert_error (missing, HUB_CONFIG_ERROR, HUB_CONFIG_FAULT_FILE);
  g_assert_null (load (text, &large));
  g_assert_error (large, HUB_CONFIG_ERROR, HUB_CONFIG_FAULT_FILE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/config/defaults", test_defaults);
  g_test_add_func ("/config/values", test_values);
  g_test_add_func ("/config/refused", test_refused);
  g_test_add_func ("/config/texts", test_texts);
  g_test_add_func ("/config/addresses", test_addresses);
  g_test_add_func ("/config/file", test_file);
  return g_test_run ();
}
