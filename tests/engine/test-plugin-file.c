/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Plugins' key files: each fault and its rule. */
#include "engine-fixture.h"
#include "hub-plugin-catalogues.h"
#include "hub-plugin-file.h"
#include "hub-role-table.h"

#include <glib/gstdio.h>

#define GOOD                                                                                       \
  "[Plugin]\nId=good\nName=Good\nVersion=1\nApi=1.0\nControl=half\nLive=other\n"                   \
  "Provides=modality/count;\nRequires=service/store;\nWants=service/peers;\n"                      \
  "[Modality]\nId=count\nTitle=Count\nTitle[ug]=Sana\nHost=requester\nRoles=writer;reader;\n"      \
  "DurationMinutes=30\nMirrorRoles=reader;\n"                                                      \
  "[Roles]\nwriter=clinician;surgeon;\nreader=desk;\n"                                             \
  "[Grants]\nSchema=good\nServices=store;routes;settings;\nRoutes=/x/good/\nPeerTopics=good.\n"    \
  "[Permissions]\ngood.read=desk;surgeon;\n"                                                       \
  "[Settings]\nMax=5\n"                                                                            \
  "[Panel]\nScript=panel.js\nStyle=css/good.css\nWords=words.js\nElement=karez-good-panel\n"       \
  "Room=karez-good-room\nAfterwards=karez-good-kept\nLobby=true\nCompose=karez-good-"              \
  "form\nBooking=karez-good-card\n"                                                                \
  "[Page counts]\nElement=karez-good-counts\nTitle=Counts\nTitle[ug]=Sanlar\nAfter=people\n"       \
  "Permission=good.read\n"                                                                         \
  "[Program tracker]\nExec=good-tracker\nMemoryMiB=512\nNice=10\nRestarts=2\n"                     \
  "[Program other]\nExec=good-tracker\nMemoryMiB=16\n"

static void
make_modules (void)
{
  g_autofree char *one = scratch_file ("half.so", "");
  g_autofree char *two = scratch_file ("libother.so", "");
  g_autofree char *three = scratch_file ("good-tracker", "");
  g_autofree char *four = scratch_file ("no-program", "");

  g_assert_cmpint (g_chmod (three, 0755), ==, 0);
}

static HubPluginFile *
load (const char *text, GError **error)
{
  g_autofree char *path = scratch_file ("test.plugin", text);

  return hub_plugin_file_load (path, error);
}

/* As they are read, and as a worker is told them. */
static void
check_programs (GPtrArray *programs)
{
  static const char *const wrong[] = { "",
                                       "tracker",
                                       "tracker:512:10:2",
                                       "tracker:512:10:2:tracker",
                                       "tracker:512:20:2:/tracker",
                                       "tracker:512:10:21:/tracker",
                                       "tracker:0:10:2:/tracker",
                                       "tracker:-1:10:2:/tracker",
                                       ":512:10:2:/tracker",
                                       "Tracker:512:10:2:/tracker" };
  const HubPluginProgram *one = NULL, *other = NULL;
  g_autoptr (HubPluginProgram) told = NULL;
  g_autofree char *word = NULL;

  g_assert_cmpuint (programs->len, ==, 2);
  one = g_ptr_array_index (programs, 0);
  other = g_ptr_array_index (programs, 1);
  g_assert_cmpstr (one->name, ==, "tracker");
  g_assert_true (g_str_has_suffix (one->path, "/good-tracker"));
  g_assert_cmpuint (one->memory, ==, 512);
  g_assert_cmpuint (one->nice, ==, 10);
  g_assert_cmpuint (one->restarts, ==, 2);
  g_assert_cmpuint (other->nice, ==, 5);
  g_assert_cmpuint (other->restarts, ==, 5);
  word = hub_plugin_program_to_word (one);
  told = hub_plugin_program_from_word (word);
  g_assert_nonnull (told);
  g_assert_cmpstr (told->path, ==, one->path);
  g_assert_cmpuint (told->restarts, ==, 2);
  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    g_assert_null (hub_plugin_program_from_word (wrong[i]));
}

static void
test_good (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HubPluginFile) file = NULL;
  static const char *const surgeon[] = { "surgeon", NULL };
  static const char *const desk[] = { "desk", NULL };
  const HubModalityInfo *modality = NULL;
  g_autoptr (GError) refused = NULL;
  g_auto (GStrv) listed = NULL;

  make_modules ();
  file = load (GOOD, &error);
  g_assert_no_error (error);
  modality = hub_plugin_file_get_modality (file);
  g_assert_cmpstr (hub_plugin_file_get_id (file), ==, "good");
  g_assert_true (g_str_has_suffix (hub_plugin_file_get_control (file), "/half.so"));
  g_assert_true (g_str_has_suffix (hub_plugin_file_get_live (file), "/libother.so"));
  g_assert_cmpstr (modality->title, ==, "Count");
  g_assert_true (modality->host_is_requester);
  g_assert_cmpuint (modality->duration, ==, 30);
  /* A reader is of the other hospital. */
  g_assert_cmpstr (modality->mirror_roles[0], ==, "reader");
  g_assert_true (hub_role_table_check (modality->host_takers, "writer", surgeon, NULL));
  g_assert_false (hub_role_table_check (modality->host_takers, "reader", desk, &refused));
  g_assert_cmpstr (karez_error_get_rule (refused), ==, "session/role-hospital");
  g_assert_cmpstr (karez_error_get_accepted (refused), ==, "writer");
  g_assert_true (hub_role_table_check (modality->mirror_takers, "reader", desk, NULL));
  listed = hub_role_table_list (modality->host_takers);
  g_assert_false (g_strv_contains ((const char *const *) listed, "desk"));
  g_assert_true (hub_plugin_file_is_granted (file, "store"));
  g_assert_false (hub_plugin_file_is_granted (file, "agenda"));
  g_assert_cmpuint (
      g_strv_length (g_hash_table_lookup (hub_plugin_file_get_permissions (file), "good.read")), ==,
      2);
  g_assert_cmpstr (g_hash_table_lookup (hub_plugin_file_get_settings (file), "Max"), ==, "5");
  check_programs (hub_plugin_file_get_programs (file));
}

/* What the desk is told of it. */
static void
test_web (void)
{
  static const char *const members[][2] = {
    { "script", "/x/good/1f/panel.js" }, { "style", "/x/good/1f/css/good.css" },
    { "words", "/x/good/1f/words.js" },  { "element", "karez-good-panel" },
    { "room", "karez-good-room" },       { "afterwards", "karez-good-kept" },
    { "compose", "karez-good-form" },    { "booking", "karez-good-card" }
  };
  g_autoptr (GError) error = NULL;
  g_autoptr (HubPluginFile) file = NULL;
  g_autoptr (JsonObject) told = NULL;
  JsonObject *page = NULL, *messages = NULL;

  make_modules ();
  file = load (GOOD, &error);
  g_assert_no_error (error);
  told = hub_plugin_web_to_json (hub_plugin_file_get_web (file), "/x/good/1f/");
  for (guint i = 0; i < G_N_ELEMENTS (members); i++)
    g_assert_cmpstr (json_object_get_string_member (told, members[i][0]), ==, members[i][1]);
  g_assert_true (json_object_get_boolean_member (told, "lobby"));
  g_assert_cmpuint (json_array_get_length (json_object_get_array_member (told, "pages")), ==, 1);
  page = json_array_get_object_element (json_object_get_array_member (told, "pages"), 0);
  messages = json_object_get_object_member (json_object_get_object_member (told, "messages"), "ug");
  g_assert_cmpstr (json_object_get_string_member (page, "name"), ==, "counts");
  g_assert_cmpstr (json_object_get_string_member (page, "script"), ==, "/x/good/1f/panel.js");
  g_assert_cmpstr (json_object_get_string_member (page, "after"), ==, "people");
  g_assert_cmpstr (json_object_get_string_member (page, "permission"), ==, "good.read");
  g_assert_cmpstr (json_object_get_string_member (page, "title"), ==, "Counts");
  /* Of the page and of the modality. */
  g_assert_cmpstr (json_object_get_string_member (messages, "Counts"), ==, "Sanlar");
  g_assert_cmpstr (json_object_get_string_member (messages, "Count"), ==, "Sana");
}

/* One change makes the good file bad; the rule tells which. */
static const struct
{
  const char *from, *to, *rule;
} faults[] = {
  { "[Plugin]", "no key file\n[Plugin]", "plugin/file" },
  { "[Settings]", "[Extras]", "plugin/group" },
  { "Version=1", "Version=1\nColour=red", "plugin/key" },
  { "Version=1", "Version[ug]=1", "plugin/key" },
  { "Id=good\n", "", "plugin/missing" },
  { "Name=Good\n", "", "plugin/missing" },
  { "Name=Good", "Name=", "plugin/value" },
  { "Id=good", "Id=Good!", "plugin/value" },
  { "Id=good", "Id=../etc", "plugin/value" },
  { "Api=1.0", "Api=2.0", "plugin/api" },
  { "Api=1.0", "Api=1.9", "plugin/api" },
  { "Api=1.0", "Api=one", "plugin/value" },
  { "Control=half\nLive=other\n", "", "plugin/missing" },
  { "Control=half", "Control=absent", "plugin/module" },
  { "Control=half", "Control=../../half", "plugin/value" },
  { "Provides=modality/count;", "Provides=count;", "plugin/value" },
  { "Provides=modality/count;", "Provides=modality/other;", "plugin/missing" },
  { "Requires=service/store;", "Requires=Service/Store;", "plugin/value" },
  { "Host=requester", "Host=anybody", "plugin/value" },
  { "Roles=writer;reader;", "Roles=", "plugin/value" },
  { "Roles=writer;reader;", "Roles=Writer;", "plugin/value" },
  { "DurationMinutes=30", "DurationMinutes=0", "plugin/value" },
  { "DurationMinutes=30", "DurationMinutes=30\nDefault=yes", "plugin/value" },
  { "DurationMinutes=30", "DurationMinutes=30\nDefault[ug]=true", "plugin/key" },
  { "Api=1.0", "Api=1.0\nOnRequest=1", "plugin/value" },
  { "DurationMinutes=30", "DurationMinutes=30.5", "plugin/value" },
  { "DurationMinutes=30", "DurationMinutes=99999999999999999999", "plugin/value" },
  { "Live=other\n", "", "plugin/missing" },
  { "Services=store;", "Services=store;kitchen;", "plugin/value" },
  { "Schema=good\n", "", "plugin/missing" },
  { "Schema=good", "Schema=karez", "plugin/value" },
  { "Schema=good", "Schema=pg_catalog", "plugin/value" },
  { "Schema=good", "Schema=a\\sb", "plugin/value" },
  { "Routes=/x/good/", "Routes=/people/", "plugin/value" },
  { "Routes=/x/good/\n", "", "plugin/missing" },
  { "PeerTopics=good.", "PeerTopics=session.", "plugin/value" },
  { "good.read=desk", "people.write=desk", "plugin/value" },
  { "good.read=desk", "goodread=desk", "plugin/value" },
  { "good.read=desk", "good.read=king", "plugin/value" },
  { "reader=desk;\n", "", "plugin/role" },
  { "reader=desk;", "reader=", "plugin/role" },
  { "reader=desk;", "reader=king;", "plugin/role" },
  { "reader=desk;", "reader=desk;\nowner=desk;", "plugin/role" },
  { "MirrorRoles=reader;", "MirrorRoles=owner;", "plugin/value" },
  { "MirrorRoles=reader;", "MirrorRoles=reader;writer;", "plugin/value" },
  { "MirrorRoles=reader;", "MirrorRoles=reader;\nHostRoles=reader;", "plugin/value" },
  { "MirrorRoles=reader;", "HostRoles=reader;writer;", "plugin/value" },
  { "MirrorRoles=reader;", "HostRoles=Reader;", "plugin/value" },
  { "MirrorRoles=reader;", "SideRoles=reader;", "plugin/key" },
  { "Room=karez-good-room", "Room=karez-other-room", "plugin/value" },
  { "Afterwards=karez-good-kept", "Afterwards=true", "plugin/value" },
  { "Afterwards=karez-good-kept", "Afterward=karez-good-kept", "plugin/key" },
  { "Script=panel.js", "Script=../panel.js", "plugin/value" },
  { "Script=panel.js", "Script=/panel.js", "plugin/value" },
  { "Script=panel.js", "Script=https://example.org/panel.js", "plugin/value" },
  { "Script=panel.js", "Script=panel%2e.js", "plugin/value" },
  { "Script=panel.js", "Script=.panel.js", "plugin/value" },
  { "Script=panel.js", "Script=a/", "plugin/value" },
  { "Script=panel.js", "Script=panel.css", "plugin/value" },
  { "Script=panel.js", "Script=", "plugin/value" },
  { "Script=panel.js\n", "", "plugin/missing" },
  { "Script=panel.js", "Script[ug]=panel.js", "plugin/key" },
  { "Script=panel.js", "Skript=panel.js", "plugin/key" },
  { "Style=css/good.css", "Style=css//good.css", "plugin/value" },
  { "Style=css/good.css", "Style=good.js", "plugin/value" },
  { "Words=words.js", "Words=words.js;", "plugin/value" },
  { "Element=karez-good-panel", "Element=karez-session", "plugin/value" },
  { "Element=karez-good-panel", "Element=karez-good-", "plugin/value" },
  { "Element=karez-good-panel", "Element=karez-good-Panel", "plugin/value" },
  { "Element=karez-good-panel", "Element=good-panel", "plugin/value" },
  { "Element=karez-good-panel\n", "", "plugin/missing" },
  { "Lobby=true", "Lobby=1", "plugin/value" },
  { "Compose=karez-good-form", "Compose=karez-other-form", "plugin/value" },
  { "[Program tracker]", "[Program]", "plugin/group" },
  { "[Program tracker]", "[Program ]", "plugin/group" },
  { "[Program tracker]", "[Program Tracker]", "plugin/group" },
  { "[Program tracker]", "[Program -tracker]", "plugin/group" },
  { "Exec=good-tracker\nMemoryMiB=512", "MemoryMiB=512", "plugin/missing" },
  { "MemoryMiB=512\n", "", "plugin/missing" },
  { "MemoryMiB=512", "MemoryMiB=15", "plugin/value" },
  { "MemoryMiB=512", "MemoryMiB=16385", "plugin/value" },
  { "MemoryMiB=512", "MemoryMiB=512M", "plugin/value" },
  { "MemoryMiB=512", "Memory=512", "plugin/key" },
  { "Nice=10", "Nice=-10", "plugin/value" },
  { "Nice=10", "Nice=20", "plugin/value" },
  { "Restarts=2", "Restarts=21", "plugin/value" },
  { "Restarts=2", "Restarts[ug]=2", "plugin/key" },
  { "Exec=good-tracker\nMemoryMiB=512", "Exec=/bin/sh\nMemoryMiB=512", "plugin/value" },
  { "Exec=good-tracker\nMemoryMiB=512", "Exec=../good-tracker\nMemoryMiB=512", "plugin/value" },
  { "Exec=good-tracker\nMemoryMiB=512", "Exec=good-tracker -v\nMemoryMiB=512", "plugin/value" },
  { "Exec=good-tracker\nMemoryMiB=512", "Exec=absent\nMemoryMiB=512", "plugin/program" },
  { "Exec=good-tracker\nMemoryMiB=512", "Exec=no-program\nMemoryMiB=512", "plugin/program" },
  { "[Program other]",
    "[Program a]\nExec=good-tracker\nMemoryMiB=16\n[Program b]\nExec=good-tracker\nMemoryMiB=16\n"
    "[Program c]\nExec=good-tracker\nMemoryMiB=16\n[Program other]",
    "plugin/program" },
  { "[Page counts]", "[Page]", "plugin/group" },
  { "[Page counts]", "[Page ]", "plugin/group" },
  { "[Page counts]", "[Page Counts]", "plugin/group" },
  { "[Page counts]", "[Page a/b]", "plugin/group" },
  { "[Page counts]", "[Page x y]", "plugin/group" },
  { "Element=karez-good-counts\n", "", "plugin/missing" },
  { "Element=karez-good-counts", "Element=karez-good-counts\nLobby=true", "plugin/key" },
  { "Title=Counts\n", "", "plugin/missing" },
  { "Title=Counts", "Title=", "plugin/value" },
  { "Title=Counts", "Title=Counts and more counts, and a title that is as long as a sentence is",
    "plugin/value" },
  { "After=people", "After=patients", "plugin/value" },
  { "Permission=good.read", "Permission=people.write", "plugin/value" },
  { "Permission=good.read", "Permission=good.write", "plugin/value" },
};

static char *
replace (const char *text, const char *from, const char *to)
{
  const char *at = strstr (text, from);

  g_assert_nonnull (at);
  return g_strdup_printf ("%.*s%s%s", (int) (at - text), text, to, at + strlen (from));
}

static void
test_faults (void)
{
  make_modules ();
  for (guint i = 0; i < G_N_ELEMENTS (faults); i++)
    {
      g_autofree char *text = replace (GOOD, faults[i].from, faults[i].to);
      g_autoptr (GError) error = NULL;
      g_autoptr (HubPluginFile) file = load (text, &error);

      g_test_message ("%s → %s: %s", faults[i].from, faults[i].to,
                      error != NULL ? error->message : "-");
      g_assert_null (file);
      g_assert_cmpstr (karez_error_get_rule (error), ==, faults[i].rule);
    }
}

/* A refusal says what to write: which keys there are, how a list is written. */
static void
test_accepted (void)
{
  static const char lists[] = "elements with “;” between them, and no spaces";
  static const struct
  {
    const char *from, *to, *accepted;
  } cases[] = {
    { "Host=requester", "Hosts=requester",
      "Id, Title, Host, Roles, Default, DurationMinutes, HostRoles, MirrorRoles" },
    { "Element=karez-good-counts", "Elements=karez-good-counts",
      "Script, Element, Title, After, Permission" },
    { "Roles=writer;reader;", "Roles=writer,reader", lists },
    { "Roles=writer;reader;", "Roles=writer; reader;", lists },
    { "Services=store;", "Services=store, audit", lists },
    { "reader=desk;", "reader=desk,clinician", lists },
    { "reader=desk;", "reader=king;",
      "desk, clinician, surgeon, bedside, engineer, administrator, auditor" },
    { "good.read=desk", "good.read=desk, clinician", lists },
  };

  make_modules ();
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *text = replace (GOOD, cases[i].from, cases[i].to);
      g_autoptr (GError) error = NULL;
      g_autoptr (HubPluginFile) file = load (text, &error);

      g_assert_null (file);
      g_assert_cmpstr (karez_error_get_accepted (error), ==, cases[i].accepted);
    }
}

/* A panel is of a modality, and its files are in the control half's module. */
static void
test_web_needs (void)
{
  static const char plugin[] = "[Plugin]\nId=good\nName=Good\nVersion=1\nApi=1.0\n";
  static const char modality[] = "Live=other\nProvides=modality/count;\n[Modality]\nId=count\n"
                                 "Title=Count\nHost=requester\nRoles=writer;\n"
                                 "DurationMinutes=30\n[Roles]\nwriter=desk;\n";
  static const char panel[] = "[Panel]\nScript=panel.js\nElement=karez-good-panel\n";
  static const char words[] = "[Panel]\nWords=words.js\n";
  g_autofree char *live_only = g_strconcat (plugin, modality, panel, NULL);
  g_autofree char *no_modality = g_strconcat (plugin, "Control=half\n", panel, NULL);
  g_autofree char *only_words = g_strconcat (plugin, "Control=half\n", words, NULL);
  g_autoptr (GString) pages = g_string_new (plugin);
  g_autoptr (GError) error = NULL;
  g_autoptr (HubPluginFile) file = NULL;

  make_modules ();
  g_assert_null (load (live_only, &error));
  assert_rule (error, "plugin/missing");
  g_assert_nonnull (strstr (error->message, "control half"));
  g_clear_error (&error);
  g_assert_null (load (no_modality, &error));
  assert_rule (error, "plugin/missing");
  g_assert_nonnull (strstr (error->message, "[Modality]"));
  g_clear_error (&error);
  file = load (only_words, &error);
  g_assert_no_error (error);
  g_assert_nonnull (hub_plugin_file_get_web (file));

  g_string_append (pages, "Control=half\n[Panel]\nScript=panel.js\n");
  for (guint i = 0; i < 9; i++)
    {
      g_autoptr (HubPluginFile) some = NULL;

      g_string_append_printf (pages, "[Page p%u]\nElement=karez-good-p\nTitle=P\n", i);
      some = load (pages->str, &error);
      g_assert_cmpint (some != NULL, ==, i < 8);
    }
  assert_rule (error, "plugin/group");
}

/* What is shown of a plugin is text; the refusal names file, group and key. @at: the byte that
 * takes the place of "@" */
static void
test_texts (void)
{
  static const struct
  {
    const char *from, *to, *group, *key;
    char at;
  } bad[] = {
    { "Name=Good", "Name=Go@od", "[Plugin]", "“Name”", '\0' },
    { "Name=Good", "Name=Go@od", "[Plugin]", "“Name”", '\xff' },
    { "Name=Good", "Name=Go@od", "[Plugin]", "“Name”", '\x1b' },
    { "Name=Good", "Name=Good\nName[ug]=Go@od", "[Plugin]", "“Name[ug]”", '\0' },
    { "Name=Good", "Name=Good\nName[ug]=Go\\nod", "[Plugin]", "“Name[ug]”", '@' },
    { "Name=Good", "Name=Go\\nod", "[Plugin]", "“Name”", '@' },
    { "Name=Good", "Name=Go\\tod", "[Plugin]", "“Name”", '@' },
    { "Name=Good", "Name=\\s", "[Plugin]", "“Name”", '@' },
    { "Name=Good", "Name=\xe2\x80\x8b\xef\xbb\xbf", "[Plugin]", "“Name”", '@' },
    { "Name=Good", "Name=Go\xe2\x80\xaeod", "[Plugin]", "“Name”", '@' },
    { "Version=1", "Version=1@", "[Plugin]", "“Version”", '\xff' },
    { "Version=1", "Version=1\\n2", "[Plugin]", "“Version”", '@' },
    { "Title=Count", "Title=Co@unt", "[Modality]", "“Title”", '\0' },
    { "Title=Count", "Title=Co\\nunt", "[Modality]", "“Title”", '@' },
    { "Title[ug]=Sana", "Title[ug]=\xe2\x80\x8b", "[Modality]", "“Title[ug]”", '@' },
    { "Title[ug]=Sana", "Title[ug]=@", "[Modality]", "“Title[ug]”", '\xff' },
    { "Id=good", "Id=go@od", "[Plugin]", "“Id”", '\0' },
    { "Id=good", "Id=go@od", "[Plugin]", "“Id”", '\x07' },
    { "Roles=writer;reader;", "Roles=wri@ter;reader;", "[Modality]", "“Roles”", '\0' },
    { "Title=Counts", "Title=Co\\nunts", "[Page counts]", "“Title”", '@' },
    { "Title[ug]=Sanlar", "Title[ug]=San\xe2\x80\xaelar", "[Page counts]", "“Title[ug]”", '@' },
    { "Script=panel.js", "Script=pa@nel.js", "[Panel]", "“Script”", '\0' },
    { "Max=5", "Max=5@", "[Settings]", "“Max”", '\0' },
    { "Max=5", "Max=5@", "[Settings]", "“Max”", '\xff' },
    { "Max=5", "Max=5@", "[Settings]", "“Max”", '\x1b' },
  };

  make_modules ();
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree char *text = replace (GOOD, bad[i].from, bad[i].to);
      g_autofree char *path = scratch_file ("texts.plugin", text);
      gsize length = strlen (text);
      g_autoptr (GError) error = NULL;

      for (char *at = text; at < text + length; at++)
        if (*at == '@')
          *at = bad[i].at;
      g_assert_true (g_file_set_contents (path, text, length, NULL));
      g_test_message ("%u: %s %s", i, bad[i].group, bad[i].key);
      g_assert_null (hub_plugin_file_load (path, &error));
      assert_rule (error, "plugin/text");
      g_assert_nonnull (karez_error_get_accepted (error));
      g_assert_nonnull (strstr (error->message, path));
      g_assert_nonnull (strstr (error->message, bad[i].group));
      g_assert_nonnull (strstr (error->message, bad[i].key));
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
    }
}

static void
test_no_file (void)
{
  g_autofree char *huge = g_strnfill (70 * 1024, '#');
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) too_large = NULL;

  g_assert_null (hub_plugin_file_load ("/nonexistent.plugin", &error));
  assert_rule (error, "plugin/file");
  g_assert_null (load (huge, &too_large));
  assert_rule (too_large, "plugin/file");
}

/* "msgid", "msgstr" as gettext lays them out; forms parted by "|". */
static void
write_catalogue (const char *path, const char *msgid, const char *msgstr)
{
  guint32 n = (guint32) strlen (msgid), m = (guint32) strlen (msgstr);
  const guint32 words[] = { 0x950412de, 0, 1, 28, 36, 0, 44, n, 44, m, 44 + n + 1 };
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  g_byte_array_append (bytes, (const guint8 *) words, sizeof words);
  g_byte_array_append (bytes, (const guint8 *) msgid, n + 1);
  g_byte_array_append (bytes, (const guint8 *) msgstr, m + 1);
  for (guint i = sizeof words; i < bytes->len; i++)
    if (bytes->data[i] == '|')
      bytes->data[i] = '\0';
  g_assert_true (g_file_set_contents (path, (char *) bytes->data, bytes->len, NULL));
}

/* A small file whose lines all name the same bytes would be gigabytes to read and to serve. */
static void
test_catalogue_of_one_text (void)
{
  enum
  {
    N = 1000,
    TEXT = 28 + 16 * N,
    LENGTH = 4000
  };
  g_autofree char *made = g_dir_make_tmp ("karez-XXXXXX", NULL);
  g_autofree char *po = g_build_filename (made, "po", NULL);
  g_autofree char *path = g_build_filename (po, "ug.mo", NULL);
  g_autofree guint32 *words = g_new0 (guint32, (TEXT + LENGTH + 4) / 4);
  g_autoptr (GError) error = NULL;

  words[0] = 0x950412de;
  words[2] = N;
  words[3] = 28;
  words[4] = 28 + 8 * N;
  memset ((char *) words + TEXT, 'a', LENGTH);
  for (guint i = 0; i < N; i++)
    {
      /* Each a msgid of its own: it begins one byte later. */
      words[7 + 2 * i] = LENGTH - i;
      words[7 + 2 * i + 1] = TEXT + i;
      words[7 + 2 * N + 2 * i] = LENGTH;
      words[7 + 2 * N + 2 * i + 1] = TEXT;
    }
  g_assert_cmpint (g_mkdir (po, 0700), ==, 0);
  g_assert_true (g_file_set_contents (path, (char *) words, TEXT + LENGTH + 4, NULL));
  g_assert_null (hub_plugin_catalogues_load (made, &error));
  assert_rule (error, "plugin/catalogue");
  g_assert_cmpint (g_unlink (path), ==, 0);
  g_assert_cmpint (g_rmdir (po), ==, 0);
  g_assert_cmpint (g_rmdir (made), ==, 0);
}

static void
test_catalogues (void)
{
  static const struct
  {
    const char *file, *msgid, *msgstr, *says; /* @says: NULL where it is taken */
  } cases[] = {
    { "zh_CN", "Depth", "深度", NULL },
    { "zh_CN", "%s ping|%s pings", "%s 次", NULL },
    { "zh_CN", "%s ping|%s pings", "%s 次|%s 次", "%s ping" },
    { "ug", "%s ping|%s pings", "%s|%s", "%s ping" },
    { "en", "%s ping|%s pings", "%s ping|%s pings", NULL },
    { "en", "%s ping|%s pings", "%s ping", "%s ping" },
    { "ug", "Depth", "\xff\xfe", "UTF-8" },
    { "de", "%s ping|%s pings", "%s|%s|%s", NULL }, /* no language of the desk */
  };
  g_autofree char *made = g_dir_make_tmp ("karez-XXXXXX", NULL);
  g_autofree char *po = g_build_filename (made, "po", NULL);
  g_autofree char *broken = g_build_filename (po, "ug.mo", NULL);
  g_autoptr (GPtrArray) none = NULL;
  g_autoptr (GError) error = NULL;

  none = hub_plugin_catalogues_load (made, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (none->len, ==, 0);
  g_assert_cmpint (g_mkdir (po, 0700), ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strdup_printf ("%s/%s.mo", po, cases[i].file);
      g_autoptr (GPtrArray) found = NULL;
      g_autoptr (GError) refused = NULL;

      write_catalogue (path, cases[i].msgid, cases[i].msgstr);
      found = hub_plugin_catalogues_load (made, &refused);
      g_assert_cmpstr (karez_error_get_rule (refused), ==,
                       cases[i].says != NULL ? "plugin/catalogue" : NULL);
      if (cases[i].says != NULL)
        g_assert_nonnull (strstr (refused->message, cases[i].says));
      else
        g_assert_cmpuint (found->len, ==, g_str_equal (cases[i].file, "de") ? 0 : 1);
      g_assert_cmpint (g_unlink (path), ==, 0);
    }
  g_assert_true (g_file_set_contents (broken, "no catalogue", -1, NULL));
  g_assert_null (hub_plugin_catalogues_load (made, &error));
  g_assert_cmpstr (karez_error_get_rule (error), ==, "plugin/catalogue");
  g_assert_cmpint (g_unlink (broken), ==, 0);
  g_assert_cmpint (g_rmdir (po), ==, 0);
  g_assert_cmpint (g_rmdir (made), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  /* Warnings are what some of these provoke. */
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
  g_test_add_func ("/plugin-file/good", test_good);
  g_test_add_func ("/plugin-file/web", test_web);
  g_test_add_func ("/plugin-file/faults", test_faults);
  g_test_add_func ("/plugin-file/accepted", test_accepted);
  g_test_add_func ("/plugin-file/web-needs", test_web_needs);
  g_test_add_func ("/plugin-file/catalogues", test_catalogues);
  g_test_add_func ("/plugin-file/catalogue-of-one-text", test_catalogue_of_one_text);
  g_test_add_func ("/plugin-file/texts", test_texts);
  g_test_add_func ("/plugin-file/no-file", test_no_file);
  return g_test_run ();
}
