/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A note among several pages, with delay between them. */
#include "template-note.h"

/* A host and several pages, each with its own way of some delay; the page does here what
 * web/template-client.js does in a browser: the text that is confirmed, one edit under way, the
 * rest as one edit behind it. */

typedef struct
{
  gint64 at;
  guint to; /* a page, or N for the host */
  TemplateEdit *edit;
} Flight;

typedef struct
{
  TemplateNote *confirmed;
  GPtrArray *under_way; /* the parts of one edit; nullable */
  GPtrArray *rest;      /* edits that wait behind it */
  gint64 delay;
  gint64 last_up, last_down; /* ways keep the order */
} Page;

typedef struct
{
  GRand *rand;
  TemplateNote *host;
  GPtrArray *pages;
  GQueue flights; /* of Flight, by time */
  gint64 now;
  guint n_ids;
} World;

static TemplateEdit *
make_edit (const char *id, gint64 revision, gint64 position, gint64 remove, const char *insert)
{
  TemplateEdit *edit = g_new0 (TemplateEdit, 1);

  edit->id = g_strdup (id);
  edit->revision = revision;
  edit->position = position;
  edit->remove = remove;
  edit->insert = g_strdup (insert);
  edit->author = g_strdup ("Ayşe");
  edit->participant = g_strdup ("p1");
  return edit;
}

static char *
next_id (guint *n)
{
  return g_strdup_printf ("019ab3c4-0000-7000-8000-%012u", ++*n);
}

static char *
change_text (const char *text, const TemplateEdit *edit)
{
  g_autofree char *head = NULL;

  g_assert_cmpint (edit->position + edit->remove, <=, g_utf8_strlen (text, -1));
  head = g_utf8_substring (text, 0, edit->position);
  return g_strconcat (head, edit->insert,
                      g_utf8_offset_to_pointer (text, edit->position + edit->remove), NULL);
}

static char *
change_by_all (char *text, GPtrArray *edits)
{
  for (guint i = 0; edits != NULL && i < edits->len; i++)
    {
      char *next = change_text (text, edits->pdata[i]);

      g_free (text);
      text = next;
    }
  return text;
}

static char *
view_of (const Page *page)
{
  return change_by_all (change_by_all (template_note_get_text (page->confirmed), page->under_way),
                        page->rest);
}

static int
compare_flights (gconstpointer a, gconstpointer b, gpointer data)
{
  const Flight *x = a, *y = b;

  return x->at < y->at ? -1 : x->at > y->at;
}

static void
fly (World *world, guint to, gint64 at, const TemplateEdit *edit)
{
  Flight *flight = g_new0 (Flight, 1);

  flight->at = at;
  flight->to = to;
  flight->edit = template_edit_copy (edit);
  g_queue_insert_sorted (&world->flights, flight, compare_flights, NULL);
}

static void
send_up (World *world, Page *page, const TemplateEdit *edit)
{
  gint64 at = world->now + page->delay + g_rand_int_range (world->rand, 0, 50);

  page->last_up = MAX (page->last_up + 1, at);
  fly (world, world->pages->len, page->last_up, edit);
  /* Now and then the page was not sure, and says it again. */
  if (g_rand_int_range (world->rand, 0, 10) == 0)
    fly (world, world->pages->len, ++page->last_up, edit);
}

static void
send_rest (World *world, Page *page)
{
  TemplateEdit *edit;

  if (page->under_way != NULL || page->rest->len == 0)
    return;
  edit = page->rest->pdata[0];
  /* Only now: what waits may come apart, and each part is then sent as an edit of its own. */
  g_free (edit->id);
  edit->id = next_id (&world->n_ids);
  edit->revision = template_note_get_revision (page->confirmed);
  page->under_way = template_edits_new (edit);
  send_up (world, page, edit);
  g_ptr_array_remove_index (page->rest, 0);
}

static void
page_types (World *world, Page *page)
{
  static const char *const words[] = {
    "血压 ", "120/80", "بېسىم", "ئۇيغۇرچە ", "🩺", "👩🏽‍⚕️", "e\xcc\x81", "\n", "a", ""
  };
  g_autofree char *view = view_of (page);
  glong length = g_utf8_strlen (view, -1);
  TemplateEdit *typed = make_edit ("", 0, g_rand_int_range (world->rand, 0, (gint32) length + 1),
                                   g_rand_int_range (world->rand, 0, 8),
                                   words[g_rand_int_range (world->rand, 0, G_N_ELEMENTS (words))]);

  typed->remove = MIN (typed->remove, length - typed->position);
  g_ptr_array_add (page->rest, typed);
  send_rest (world, page);
}

static void
page_takes (World *world, Page *page, const TemplateEdit *edit)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) theirs = NULL;

  /* The answer to a repetition. */
  if (edit->revision <= template_note_get_revision (page->confirmed))
    return;
  template_note_follow (page->confirmed, edit, &error);
  g_assert_no_error (error);
  if (page->under_way != NULL
      && g_str_equal (((TemplateEdit *) page->under_way->pdata[0])->id, edit->id))
    {
      /* The host did to it what we did. */
      g_assert_cmpstr (((TemplateEdit *) page->under_way->pdata[0])->insert, ==, edit->insert);
      g_assert_cmpint (((TemplateEdit *) page->under_way->pdata[0])->position, ==, edit->position);
      g_assert_cmpint (((TemplateEdit *) page->under_way->pdata[0])->remove, ==, edit->remove);
      g_assert_cmpint (page->under_way->len > 1, ==, edit->more);
      g_ptr_array_remove_index (page->under_way, 0);
      if (!edit->more)
        g_clear_pointer (&page->under_way, g_ptr_array_unref);
    }
  else
    {
      theirs = template_edits_new (edit);
      if (page->under_way != NULL)
        template_edits_transform (&page->under_way, &theirs);
      template_edits_transform (&page->rest, &theirs);
    }
  send_rest (world, page);
}

static void
host_takes (World *world, const TemplateEdit *edit)
{
  g_autoptr (GError) error = NULL;
  gboolean repeated = FALSE;
  g_autoptr (GPtrArray) parts = template_note_submit (world->host, edit, &repeated, &error);

  g_assert_no_error (error);
  for (guint i = 0; i < world->pages->len; i++)
    {
      Page *page = g_ptr_array_index (world->pages, i);
      gint64 at = world->now + page->delay + g_rand_int_range (world->rand, 0, 50);

      page->last_down = MAX (page->last_down + 1, at);
      for (guint j = 0; j < parts->len; j++)
        fly (world, i, page->last_down++, parts->pdata[j]);
    }
}

static void
page_free (gpointer data)
{
  Page *page = data;

  template_note_free (page->confirmed);
  g_clear_pointer (&page->under_way, g_ptr_array_unref);
  g_ptr_array_unref (page->rest);
  g_free (page);
}

static void
deliver_until (World *world, gint64 until)
{
  Flight *flight;

  while ((flight = g_queue_peek_head (&world->flights)) != NULL && flight->at <= until)
    {
      g_queue_pop_head (&world->flights);
      world->now = flight->at;
      if (flight->to == world->pages->len)
        host_takes (world, flight->edit);
      else
        page_takes (world, g_ptr_array_index (world->pages, flight->to), flight->edit);
      template_edit_free (flight->edit);
      g_free (flight);
    }
  world->now = MAX (world->now, until);
}

static guint
converge (guint seed, guint n_pages, guint n_edits)
{
  World world = { .rand = g_rand_new_with_seed (seed), .host = template_note_new () };
  g_autofree char *expected = NULL;
  guint revisions;

  world.pages = g_ptr_array_new_with_free_func (page_free);
  for (guint i = 0; i < n_pages; i++)
    {
      Page *page = g_new0 (Page, 1);

      page->confirmed = template_note_new ();
      page->rest = g_ptr_array_new_with_free_func ((GDestroyNotify) template_edit_free);
      page->delay = g_rand_int_range (world.rand, 1, 200);
      g_ptr_array_add (world.pages, page);
    }
  for (guint i = 0; i < n_edits; i++)
    {
      deliver_until (&world, world.now + g_rand_int_range (world.rand, 0, 60));
      page_types (&world, g_ptr_array_index (world.pages, (guint) g_rand_int_range (
                                                              world.rand, 0, (gint32) n_pages)));
    }
  while (!g_queue_is_empty (&world.flights))
    deliver_until (&world, world.now + 1000);

  expected = template_note_get_text (world.host);
  for (guint i = 0; i < n_pages; i++)
    {
      Page *page = g_ptr_array_index (world.pages, i);
      g_autofree char *view = view_of (page);

      g_assert_null (page->under_way);
      g_assert_cmpuint (page->rest->len, ==, 0);
      g_assert_cmpstr (view, ==, expected);
      g_assert_cmpint (template_note_get_revision (page->confirmed), ==,
                       template_note_get_revision (world.host));
    }
  revisions = (guint) template_note_get_revision (world.host);
  g_ptr_array_unref (world.pages);
  template_note_free (world.host);
  g_rand_free (world.rand);
  return revisions;
}

static void
test_converge (void)
{
  guint revisions = 0;

  for (guint seed = 1; seed <= 60; seed++)
    revisions += converge (seed, 2 + seed % 5, 120);
  g_assert_cmpuint (revisions, >, 3000);
  g_test_message ("60 notes of 2 to 6 pages agree after %u revisions", revisions);
}

typedef struct
{
  const char *text;
  gint64 position, remove;
  const char *insert; /* first in the host's order */
  gint64 late_position, late_remove;
  const char *late_insert; /* made of the same text */
  const char *result;
} Meeting;

/* The property that everything rests on: either order of two lists gives the same text. */
static void
test_transform (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (11);
  guint apart = 0;

  for (guint i = 0; i < 20000; i++)
    {
      GPtrArray *lists[2] = { NULL, NULL };
      char *text = g_strdup ("ئۇيغۇرچە血压高🩺abcdef"), *other = NULL;
      char *both[2];

      for (guint j = 0; j < 2; j++)
        {
          guint n = (guint) g_rand_int_range (rand, 1, 5);

          lists[j] = g_ptr_array_new_with_free_func ((GDestroyNotify) template_edit_free);
          other = g_strdup (text);
          for (guint k = 0; k < n; k++)
            {
              glong length = g_utf8_strlen (other, -1);
              TemplateEdit *edit = make_edit (j ? "b" : "a", 0,
                                              g_rand_int_range (rand, 0, (gint32) length + 1),
                                              g_rand_int_range (rand, 0, 9), "");

              g_free (edit->insert);
              edit->insert = g_strnfill ((gsize) g_rand_int_range (rand, 0, 3), j ? 'B' : 'A');
              edit->remove = MIN (edit->remove, length - edit->position);
              g_ptr_array_add (lists[j], edit);
              {
                char *next = change_text (other, edit);

                g_free (other);
                other = next;
              }
            }
          both[j] = other;
        }
      apart += lists[0]->len;
      template_edits_transform (&lists[0], &lists[1]);
      apart -= lists[0]->len;
      both[1] = change_by_all (both[1], lists[0]);
      both[0] = change_by_all (both[0], lists[1]);
      g_assert_cmpstr (both[0], ==, both[1]);
      for (guint j = 0; j < 2; j++)
        {
          g_free (both[j]);
          g_ptr_array_unref (lists[j]);
        }
      g_free (text);
    }
  /* Some came apart. */
  g_assert_cmpint ((gint) apart, <, -1000);
}

static GPtrArray *
read_list (JsonObject *object, const char *name)
{
  JsonArray *array = json_object_get_array_member (object, name);
  GPtrArray *list = g_ptr_array_new_with_free_func ((GDestroyNotify) template_edit_free);

  for (guint i = 0; i < json_array_get_length (array); i++)
    {
      JsonArray *edit = json_array_get_array_element (array, i);

      g_ptr_array_add (list, make_edit ("", 0, json_array_get_int_element (edit, 0),
                                        json_array_get_int_element (edit, 1),
                                        json_array_get_string_element (edit, 2)));
    }
  return list;
}

static void
assert_same (GPtrArray *a, GPtrArray *b)
{
  g_assert_cmpuint (a->len, ==, b->len);
  for (guint i = 0; i < a->len; i++)
    {
      const TemplateEdit *x = a->pdata[i], *y = b->pdata[i];

      g_assert_cmpint (x->position, ==, y->position);
      g_assert_cmpint (x->remove, ==, y->remove);
      g_assert_cmpstr (x->insert, ==, y->insert);
    }
}

/* Page and worker move edits alike: test-client.mjs holds the page against the same cases. */
static void
test_cases (void)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "test-transform.json", NULL);
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autoptr (GError) error = NULL;
  JsonArray *cases;

  json_parser_load_from_file (parser, path, &error);
  g_assert_no_error (error);
  cases = json_node_get_array (json_parser_get_root (parser));
  g_assert_cmpuint (json_array_get_length (cases), >=, 200);
  for (guint i = 0; i < json_array_get_length (cases); i++)
    {
      JsonObject *one = json_array_get_object_element (cases, i);
      g_autoptr (GPtrArray) later = read_list (one, "later");
      g_autoptr (GPtrArray) earlier = read_list (one, "earlier");
      g_autoptr (GPtrArray) new_later = read_list (one, "newLater");
      g_autoptr (GPtrArray) new_earlier = read_list (one, "newEarlier");

      template_edits_transform (&later, &earlier);
      assert_same (later, new_later);
      assert_same (earlier, new_earlier);
    }
}

/* What two people who type at the same time get. */
static void
test_meetings (void)
{
  static const Meeting meetings[] = {
    { "abcdef", 0, 0, "X", 6, 0, "Y", "XabcdefY" },
    { "abcdef", 6, 0, "X", 0, 0, "Y", "YabcdefX" },
    { "abcdef", 3, 0, "X", 3, 0, "Y", "abcXYdef" },
    { "abcdef", 2, 2, "", 2, 2, "", "abef" },
    { "abcdef", 2, 2, "X", 2, 2, "Y", "abXYef" },
    { "abcdef", 1, 3, "", 3, 3, "Y", "aY" },
    { "abcdef", 3, 3, "X", 1, 3, "", "aX" },
    { "abcdef", 2, 2, "X", 2, 1, "Y", "abXYef" },
    { "abcdef", 2, 1, "X", 2, 2, "Y", "abXYef" },
    { "abcdef", 1, 4, "", 3, 0, "Y", "aYf" },
    { "abcdef", 1, 4, "X", 3, 0, "Y", "aXYf" },
    /* Neither the one's typing in the middle nor the other's removing around it is undone. */
    { "abcdef", 3, 0, "X", 1, 4, "", "aXf" },
    { "abcdef", 3, 0, "X", 1, 4, "Y", "aYXf" },
    { "abcdef", 2, 2, "X", 1, 4, "Y", "aYXf" },
    { "abcdef", 2, 2, "", 1, 4, "Y", "aYf" },
    { "abcdef", 0, 6, "", 0, 6, "", "" },
    { "血压高", 1, 1, "糖", 3, 0, "🩺", "血糖高🩺" },
    { "بېسىم", 0, 0, "قان ", 5, 0, " يۇقىرى", "قان بېسىم يۇقىرى" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (meetings); i++)
    {
      const Meeting *m = &meetings[i];
      const char *const ids[] = { "a", "b", "c" };
      g_autoptr (TemplateNote) note = template_note_new ();
      TemplateEdit *edits[3] = {
        make_edit ("a", 0, 0, 0, m->text), make_edit ("b", 1, m->position, m->remove, m->insert),
        make_edit ("c", 1, m->late_position, m->late_remove, m->late_insert)
      };
      g_autofree char *text = NULL;

      for (guint j = 0; j < G_N_ELEMENTS (ids); j++)
        {
          gboolean repeated = TRUE;
          g_autoptr (GError) error = NULL;
          g_autoptr (GPtrArray) parts = template_note_submit (note, edits[j], &repeated, &error);

          g_assert_no_error (error);
          g_assert_false (repeated);
          g_assert_nonnull (parts);
          template_edit_free (edits[j]);
        }
      text = template_note_get_text (note);
      g_assert_cmpstr (text, ==, m->result);
    }
}

static void
submit (TemplateNote *note, TemplateEdit *edit, const char *rule)
{
  g_autoptr (TemplateEdit) own = edit;
  g_autoptr (GError) error = NULL;
  g_autofree char *before = template_note_get_text (note), *after = NULL;
  gint64 revision = template_note_get_revision (note);
  gboolean repeated;
  g_autoptr (GPtrArray) applied = template_note_submit (note, own, &repeated, &error);

  if (rule == NULL)
    {
      g_assert_no_error (error);
      g_assert_nonnull (applied);
      return;
    }
  g_assert_null (applied);
  g_assert_cmpstr (karez_error_get_rule (error), ==, rule);
  g_assert_nonnull (karez_error_get_accepted (error));
  /* Nothing is half done. */
  after = template_note_get_text (note);
  g_assert_cmpstr (after, ==, before);
  g_assert_cmpint (template_note_get_revision (note), ==, revision);
}

static void
test_bounds (void)
{
  g_autoptr (TemplateNote) note = template_note_new (), wide = template_note_new ();
  g_autofree char *long_text = g_strnfill (TEMPLATE_NOTE_MAX_CHARACTERS, 'a');
  g_autoptr (GString) cjk = g_string_new (NULL), emoji = g_string_new (NULL);
  g_autofree char *page = NULL;
  g_autoptr (JsonNode) node = NULL;

  submit (note, make_edit ("1", 0, 0, 0, long_text), NULL);
  submit (note, make_edit ("2", 1, 5, 0, "b"), "note/size");
  submit (note, make_edit ("3", 1, 5, 1, "b"), NULL);
  submit (note, make_edit ("4", 2, TEMPLATE_NOTE_MAX_CHARACTERS + 1, 0, ""), "note/position");
  submit (note, make_edit ("5", 2, TEMPLATE_NOTE_MAX_CHARACTERS, 1, ""), "note/position");
  submit (note, make_edit ("6", 2, -1, 0, ""), "note/position");
  submit (note, make_edit ("7", 2, 0, G_MAXINT64, ""), "note/position");
  submit (note, make_edit ("8", 3, 0, 0, ""), "note/revision");
  submit (note, make_edit ("9", 2, 0, 1, "\x07"), "note/text");
  submit (note, make_edit ("10", 2, 0, 1, "\x7f"), "note/text");
  submit (note, make_edit ("11", 2, 0, 1, "\xff"), "note/text");

  /* The longest note of each script fits into one message to a page. */
  for (guint i = 0; i < TEMPLATE_NOTE_MAX_CHARACTERS; i++)
    g_string_append (cjk, "血");
  submit (wide, make_edit ("1", 0, 0, 0, cjk->str), NULL);
  submit (wide, make_edit ("2", 1, 0, 1, "🩺"), "note/size");
  for (guint i = 0; i < 2 * TEMPLATE_NOTE_RECENT; i++)
    {
      g_autofree char *id = g_strdup_printf ("019ab3c4-0000-7000-8000-%012u", i);
      TemplateEdit *edit = make_edit (id, 1 + (gint64) i, 0, 1, "压");

      g_free (edit->author);
      edit->author = g_strnfill (400, 'n');
      edit->author[0] = (char) ('a' + i % 20);
      submit (wide, edit, NULL);
    }
  node = template_note_to_json (wide, FALSE);
  page = karez_json_print (node);
  g_assert_cmpuint (strlen (page), >, TEMPLATE_NOTE_MAX_BYTES);
  g_assert_cmpuint (strlen (page), <=, 64 * 1024);
}

static void
test_history (void)
{
  g_autoptr (TemplateNote) note = template_note_new ();
  g_autofree char *long_text = g_strnfill (15000, 'a');

  for (guint i = 0; i < 1000; i++)
    {
      g_autofree char *id = g_strdup_printf ("%u", i);

      submit (note, make_edit (id, i, 0, i % 2, i % 2 ? "" : "a"), NULL);
    }
  submit (note, make_edit ("old", 1000 - 513, 0, 0, "b"), "note/revision");
  submit (note, make_edit ("in time", 1000 - 512, 0, 0, "b"), NULL);
  /* Long edits push each other out sooner. */
  for (guint i = 0; i < 20; i++)
    {
      g_autofree char *id = g_strdup_printf ("long %u", i);

      submit (note,
              make_edit (id, template_note_get_revision (note), 0, template_note_get_length (note),
                         long_text),
              NULL);
    }
  submit (note, make_edit ("old again", template_note_get_revision (note) - 14, 0, 0, "b"),
          "note/revision");
}

static void
test_repeated (void)
{
  g_autoptr (TemplateNote) note = template_note_new (), restored = NULL;
  g_autoptr (TemplateEdit) edit = make_edit ("019ab3c4-0000-7000-8000-000000000001", 0, 0, 0, "a");
  g_autoptr (JsonNode) saved = NULL, wrong = NULL;
  g_autoptr (GError) error = NULL;
  TemplateNote *notes[2];

  for (guint i = 0; i < 3; i++)
    {
      gboolean repeated = FALSE;
      g_autoptr (GPtrArray) parts = template_note_submit (note, edit, &repeated, &error);

      g_assert_no_error (error);
      g_assert_cmpint (repeated, ==, i > 0);
      g_assert_cmpuint (parts->len, ==, 1);
      g_assert_cmpint (((TemplateEdit *) parts->pdata[0])->revision, ==, 1);
    }
  submit (note, make_edit ("019ab3c4-0000-7000-8000-000000000002", 1, 1, 0, "b"), NULL);

  /* A restarted worker knows its edits still. */
  saved = template_note_to_json (note, TRUE);
  restored = template_note_from_json (saved, &error);
  g_assert_no_error (error);
  notes[0] = note;
  notes[1] = restored;
  for (guint i = 0; i < 2; i++)
    {
      g_autofree char *text = NULL;
      gboolean repeated = FALSE;
      g_autoptr (GPtrArray) again = template_note_submit (notes[i], edit, &repeated, &error);

      g_assert_true (repeated);
      g_assert_nonnull (again);
      text = template_note_get_text (notes[i]);
      g_assert_cmpstr (text, ==, "ab");
      g_assert_cmpint (template_note_get_revision (notes[i]), ==, 2);
    }
  /* What it does not know any more must be made again. */
  submit (restored, make_edit ("019ab3c4-0000-7000-8000-000000000003", 1, 0, 0, "c"),
          "note/revision");
  submit (restored, make_edit ("019ab3c4-0000-7000-8000-000000000004", 2, 2, 0, "c"), NULL);

  wrong = json_from_string ("{\"type\":\"note\",\"revision\":-1,\"text\":\"\",\"authors\":[],"
                            "\"edits\":[]}",
                            NULL);
  g_assert_null (template_note_from_json (wrong, &error));
  g_assert_true (karez_error_is_invalid (error));
}

static void
test_follow (void)
{
  g_autoptr (TemplateNote) note = template_note_new ();
  g_autoptr (TemplateEdit) first = make_edit ("1", 1, 0, 0, "a");
  g_autoptr (TemplateEdit) third = make_edit ("3", 3, 0, 0, "c");
  g_autoptr (GError) error = NULL;

  g_assert_true (template_note_follow (note, first, &error));
  g_assert_false (template_note_follow (note, third, &error));
  g_assert_true (karez_error_is_conflict (error));
  g_clear_error (&error);
  g_assert_false (template_note_follow (note, first, &error));
  g_assert_true (karez_error_is_conflict (error));
}

static void
test_json (void)
{
  static const char *const bad[] = {
    "[]",
    "{\"type\":\"edit\"}",
    "{\"type\":\"edit\",\"edit\":\"x\",\"revision\":0,\"position\":0,\"remove\":0,\"insert\":\"\"}",
    "{\"type\":\"edit\",\"edit\":\"019ab3c4-0000-7000-8000-000000000001\",\"revision\":-1,"
    "\"position\":0,\"remove\":0,\"insert\":\"\"}",
    "{\"type\":\"edit\",\"edit\":\"019ab3c4-0000-7000-8000-000000000001\",\"revision\":0,"
    "\"position\":1.5,\"remove\":0,\"insert\":\"\"}",
    "{\"type\":\"edit\",\"edit\":\"019ab3c4-0000-7000-8000-000000000001\",\"revision\":0,"
    "\"position\":0,\"remove\":20001,\"insert\":\"\"}",
    "{\"type\":\"edit\",\"edit\":\"019ab3c4-0000-7000-8000-000000000001\",\"revision\":0,"
    "\"position\":0,\"remove\":0,\"insert\":7}",
    "{\"type\":\"edit\",\"edit\":\"019ab3c4-0000-7000-8000-000000000001\",\"revision\":0,"
    "\"position\":0,\"remove\":0,\"insert\":\"\",\"more\":1}",
    "{\"type\":\"edit\",\"edit\":\"019ab3c4-0000-7000-8000-000000000001\",\"revision\":0,"
    "\"position\":0,\"remove\":0,\"insert\":\"\",\"author\":{\"name\":7}}",
  };
  g_autoptr (TemplateEdit)
      edit = make_edit ("019ab3c4-0000-7000-8000-000000000001", 7, 3, 2, "ئا\n\"🩺\"");
  g_autoptr (JsonNode) node = template_edit_to_json (edit), again = NULL;
  g_autoptr (TemplateEdit) read = NULL;
  g_autoptr (GError) error = NULL;

  read = template_edit_from_json (node, &error);
  g_assert_no_error (error);
  again = template_edit_to_json (read);
  g_assert_true (json_node_equal (node, again));
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (JsonNode) wrong = json_from_string (bad[i], NULL);

      g_assert_null (template_edit_from_json (wrong, &error));
      g_assert_true (karez_error_is_invalid (error) || error->code == KAREZ_ERROR_TOO_LARGE);
      g_clear_error (&error);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/template/note/transform", test_transform);
  g_test_add_func ("/template/note/cases", test_cases);
  g_test_add_func ("/template/note/converge", test_converge);
  g_test_add_func ("/template/note/meetings", test_meetings);
  g_test_add_func ("/template/note/bounds", test_bounds);
  g_test_add_func ("/template/note/history", test_history);
  g_test_add_func ("/template/note/repeated", test_repeated);
  g_test_add_func ("/template/note/follow", test_follow);
  g_test_add_func ("/template/note/json", test_json);
  return g_test_run ();
}
