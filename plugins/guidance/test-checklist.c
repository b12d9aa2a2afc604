/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Checklists as files: the examples, what is none, and a folder that changes. */
#include "guidance-checklist.h"
#include "guidance-library.h"

#include <glib/gstdio.h>
#include <sys/stat.h>

#define WORDS(text) "{\"en\": \"" text "\", \"zh_CN\": \"" text "\", \"ug\": \"" text "\"}"
#define LIST(id, items)                                                                            \
  "{\"id\": \"" id "\", \"version\": \"1\", \"title\": " WORDS ("T") ", \"items\": [" items "]}"

/* The examples are checklists. */
static void
test_examples (void)
{
  static const char *const names[] = { "airway", "chest-drain", "limb-bleeding" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *name = g_strconcat (names[i], ".json", NULL);
      g_autofree char *path = g_test_build_filename (G_TEST_DIST, "checklists", name, NULL);
      g_autofree char *text = NULL;
      gsize length;
      g_autoptr (GBytes) bytes = NULL;
      g_autoptr (JsonNode) node = NULL;
      g_autoptr (GError) error = NULL;

      g_assert_true (g_file_get_contents (path, &text, &length, NULL));
      bytes = g_bytes_new (text, length);
      node = guidance_checklist_parse (bytes, &error);
      g_assert_no_error (error);
      g_assert_cmpstr (karez_json_text (json_node_get_object (node), "id"), ==, names[i]);
    }
}

static void
assert_refused (GBytes *bytes, const char *rule, const char *pointer)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = guidance_checklist_parse (bytes, &error);

  g_assert_null (node);
  g_assert_cmpstr (karez_error_get_rule (error), ==, rule);
  g_assert_nonnull (karez_error_get_accepted (error));
  if (pointer != NULL)
    g_assert_cmpstr (karez_error_get_pointer (error), ==, pointer);
}

static void
test_refused (void)
{
  static const struct
  {
    const char *text, *rule, *pointer;
  } wrong[] = {
    { "", "json/empty", NULL },
    { "\x7f"
      "ELF",
      "json/syntax", NULL },
    { "[]", "json/object", NULL },
    { "{}", "json/missing", NULL },
    { LIST ("a", ""), "json/length", "/items" },
    { LIST ("A", WORDS ("x")), "guidance/checklist", "/id" },
    { LIST ("../a", WORDS ("x")), "guidance/checklist", "/id" },
    { LIST ("a", "1"), "json/object", "/items/0" },
    { LIST ("a", WORDS ("x") ", {\"en\": \"x\", \"ug\": \"x\"}"), "json/missing",
      "/items/1/zh_CN" },
    { LIST ("a", WORDS ("x") ", {\"en\": \"\", \"zh_CN\": \"x\", \"ug\": \"x\"}"), "json/length",
      "/items/1/en" },
    { LIST ("a", "{\"en\": \" \", \"zh_CN\": \"x\", \"ug\": \"x\"}"), "text/blank", "/items/0/en" },
    { LIST ("a", "{\"en\": \"a\\u202eb\", \"zh_CN\": \"x\", \"ug\": \"x\"}"), "text/direction",
      "/items/0/en" },
    { LIST ("a", "{\"en\": \"a\\nb\", \"zh_CN\": \"x\", \"ug\": \"x\"}"), "text/line",
      "/items/0/en" },
    { LIST ("a", WORDS ("a\\ud800b")), "json/text", NULL },
    { LIST ("a", "{\"en\": \"x\", \"zh_CN\": \"x\", \"ug\": \"x\", \"html\": \"x\"}"),
      "json/unknown", NULL },
    { "{\"id\": \"a\", \"id\": \"a\"}", "json/duplicate", NULL },
  };
  g_autoptr (GString) many = g_string_new (NULL);
  g_autofree char *large = g_strnfill (GUIDANCE_CHECKLIST_MAX_BYTES + 1, ' ');
  g_autoptr (GBytes) bytes = g_bytes_new (large, GUIDANCE_CHECKLIST_MAX_BYTES + 1);
  g_autofree char *deep = g_strnfill (5000, '[');
  g_autoptr (GBytes) nested = g_bytes_new (deep, 5000);

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_autoptr (GBytes) text = g_bytes_new (wrong[i].text, strlen (wrong[i].text));

      g_test_message ("%s", wrong[i].text);
      assert_refused (text, wrong[i].rule, wrong[i].pointer);
    }
  assert_refused (bytes, "guidance/checklist-size", NULL);
  assert_refused (nested, "json/depth", NULL);
  g_string_append (many,
                   "{\"id\": \"a\", \"version\": \"1\", \"title\": " WORDS ("T") ", "
                                                                                 "\"items\": [");
  for (guint i = 0; i <= GUIDANCE_CHECKLIST_MAX_ITEMS; i++)
    g_string_append_printf (many, "%s" WORDS ("x"), i > 0 ? ", " : "");
  g_string_append (many, "]}");
  g_clear_pointer (&bytes, g_bytes_unref);
  bytes = g_bytes_new (many->str, many->len);
  assert_refused (bytes, "json/length", "/items");
}

static void
on_changed (GuidanceLibrary *library, guint *changes)
{
  (*changes)++;
}

static gboolean
tick (gpointer data)
{
  return G_SOURCE_CONTINUE;
}

/* Waits until they were read again, and are so many. */
static guint
wait_and_count (GuidanceLibrary *library, guint *changes, guint wanted)
{
  guint before = *changes;
  gint64 end = g_get_monotonic_time () + 10 * G_USEC_PER_SEC;
  guint timer = g_timeout_add (50, tick, NULL);
  guint n = G_MAXUINT;

  while (n != wanted && g_get_monotonic_time () < end)
    {
      g_autoptr (JsonNode) lists = NULL;

      while (*changes == before && g_get_monotonic_time () < end)
        /* nocheck:blocked -- a test waits for a thread */
        g_main_context_iteration (NULL, TRUE);
      before = *changes;
      lists = guidance_library_to_json (library);
      n = json_array_get_length (json_node_get_array (lists));
    }
  g_source_remove (timer);
  return n;
}

static void
write_file (const char *folder, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

static void
test_folder (void)
{
  g_autofree char *folder = g_dir_make_tmp ("guidance-XXXXXX", NULL);
  g_autofree char *inner = g_build_filename (folder, "lists", NULL);
  g_autofree char *pipe = g_build_filename (inner, "pipe.json", NULL);
  g_autofree char *folder_like = g_build_filename (inner, "folder.json", NULL);
  g_autoptr (GuidanceLibrary) library = NULL;
  guint changes = 0;
  static const char *const names[] = { "a.json",  "b.json", "c.json",    "d.json",
                                       ".e.json", "f.txt",  "pipe.json", "folder.json" };

  /* It is not there yet. */
  library = guidance_library_new (inner);
  g_signal_connect (library, "changed", G_CALLBACK (on_changed), &changes);
  g_assert_cmpuint (wait_and_count (library, &changes, 0), ==, 0);
  g_object_unref (g_steal_pointer (&library));
  g_assert_cmpint (g_mkdir (inner, 0700), ==, 0);
  write_file (inner, "a.json", LIST ("a", WORDS ("x")));
  write_file (inner, "b.json", "no checklist");
  write_file (inner, "c.json", LIST ("a", WORDS ("its id is another one’s")));
  write_file (inner, ".e.json", LIST ("e", WORDS ("x")));
  write_file (inner, "f.txt", LIST ("f", WORDS ("x")));
  g_assert_cmpint (mkfifo (pipe, 0600), ==, 0);
  g_assert_cmpint (g_mkdir (folder_like, 0700), ==, 0);
  library = guidance_library_new (inner);
  g_signal_connect (library, "changed", G_CALLBACK (on_changed), &changes);
  g_assert_cmpuint (wait_and_count (library, &changes, 1), ==, 1);
  /* Seen while it runs: one more, and one that is mended. */
  write_file (inner, "d.json", LIST ("d", WORDS ("x")));
  g_assert_cmpuint (wait_and_count (library, &changes, 2), ==, 2);
  write_file (inner, "b.json", LIST ("b", WORDS ("x")));
  g_assert_cmpuint (wait_and_count (library, &changes, 3), ==, 3);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_build_filename (inner, names[i], NULL);

      g_assert_cmpint (g_remove (path), ==, 0);
    }
  g_assert_cmpuint (wait_and_count (library, &changes, 0), ==, 0);
  g_rmdir (inner);
  g_rmdir (folder);
}

/* What is relative is beside the module, as the examples are. */
static void
test_beside (void)
{
  guint changes = 0;
  g_autoptr (GuidanceLibrary) library = guidance_library_new ("checklists");
  g_autoptr (JsonNode) lists = NULL;
  JsonObject *first;

  g_signal_connect (library, "changed", G_CALLBACK (on_changed), &changes);
  g_assert_cmpuint (wait_and_count (library, &changes, 3), ==, 3);
  lists = guidance_library_to_json (library);
  first = json_array_get_object_element (json_node_get_array (lists), 0);
  g_assert_cmpstr (karez_json_text (first, "id"), ==, "airway");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/checklist/examples", test_examples);
  g_test_add_func ("/checklist/refused", test_refused);
  g_test_add_func ("/checklist/folder", test_folder);
  g_test_add_func ("/checklist/beside", test_beside);
  return g_test_run ();
}
