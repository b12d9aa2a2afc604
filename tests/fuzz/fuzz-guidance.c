/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Throws messages at a guidance: those of pages, of the tracker and of the other hospital. */

/* An input is lines, each of a sender and a message: "site marks {…}", "expert pointer {…}",
 * "other checklist {…}", "tracker {…}", "host {…}" and "partner {…}", which that hospital's worker
 * gets from the other one; "consent" is the patient's. */
#include "fuzz.h"

#include "guidance-marks.h"
#include "test-room.h"

#include <string.h>

#define PROBE "01a20000-0000-7000-8000-0000000000ff"
#define N_PAGES 3

static const char *const labels[] = { "marks", "pointer", "checklist", "still", "document" };

/* Whether @line begins with the word @word, behind which it goes on. */
static gboolean
skip_word (const char **line, const char *word)
{
  gsize length = strlen (word);

  if (strncmp (*line, word, length) != 0 || (*line)[length] != ' ')
    return FALSE;
  *line += length + 1;
  return TRUE;
}

static void
throw_at_page (Room *room, KarezParticipant *who, const char *line)
{
  for (guint i = 0; i < G_N_ELEMENTS (labels); i++)
    if (skip_word (&line, labels[i]))
      {
        room_say (room, who, labels[i], line);
        return;
      }
}

/* Returns: whether it was the other hospital's: what is said there need not be true */
static gboolean
throw_line (Room *room, const char *line)
{
  if (skip_word (&line, "site"))
    throw_at_page (room, room->site, line);
  else if (skip_word (&line, "expert"))
    throw_at_page (room, room->expert, line);
  else if (skip_word (&line, "other"))
    throw_at_page (room, room->other, line);
  else if (skip_word (&line, "tracker"))
    room_tracker_says (room, line);
  else if (g_str_equal (line, "consent"))
    {
      karez_test_worker_say (room->workers[0], room->site,
                             "{\"type\": \"consent.give\", \"basis\": \"emergency\"}", NULL);
      room_carry (room);
    }
  else
    for (guint i = 0; i < 2; i++)
      if (skip_word (&line, i == 0 ? "host" : "partner"))
        {
          karez_test_worker_receive (room->workers[i], line);
          room_carry (room);
          return TRUE;
        }
  return FALSE;
}

/* The marks that a page knows of. */
static GHashTable *
marks_of (Room *room, guint page)
{
  GHashTable *marks = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (guint i = 0; i < room->pages[page]->len; i++)
    {
      JsonObject *body = json_node_get_object (room->pages[page]->pdata[i]);
      g_autoptr (JsonNode) node = NULL;
      JsonObject *message;
      const char *type;

      if (g_strcmp0 (karez_json_text (body, "label"), "marks") != 0)
        continue;
      node = json_from_string (karez_json_text (body, "text"), NULL);
      g_assert_nonnull (node);
      message = json_node_get_object (node);
      type = karez_json_text (message, "type");
      if (g_str_equal (type, "begin"))
        g_hash_table_remove_all (marks);
      else if (g_str_equal (type, "added"))
        g_hash_table_add (marks, g_strdup (karez_json_text (
                                     json_object_get_object_member (message, "mark"), "id")));
      else if (g_str_equal (type, "removed"))
        {
          JsonArray *ids = json_object_get_array_member (message, "ids");

          for (guint k = 0; k < json_array_get_length (ids); k++)
            g_hash_table_remove (marks, json_array_get_string_element (ids, k));
        }
      g_assert_cmpuint (g_hash_table_size (marks), <=, GUIDANCE_MAX_MARKS);
    }
  return marks;
}

static void
assert_same (Room *room, guint a, guint b)
{
  g_autoptr (GHashTable) one = marks_of (room, a), other = marks_of (room, b);
  GHashTableIter iter;
  gpointer id;

  g_assert_cmpuint (g_hash_table_size (one), ==, g_hash_table_size (other));
  g_hash_table_iter_init (&iter, one);
  while (g_hash_table_iter_next (&iter, &id, NULL))
    g_assert_true (g_hash_table_contains (other, id));
}

/* Whoever asks for something is answered still. */
static void
assert_answered (Room *room)
{
  g_autoptr (JsonNode) node = NULL;
  JsonObject *refused;

  g_ptr_array_set_size (room->pages[0], 0);
  room_say (room, room->site, "marks", "{\"type\": \"remove\", \"id\": \"" PROBE "\"}");
  refused = room_told (room, 0, "marks", "refused", &node);
  g_assert_nonnull (refused);
  g_assert_cmpstr (karez_json_text (refused, "rule"), ==, "guidance/role");
}

static void
one (const guint8 *data, gsize size)
{
  g_autofree char *text = g_strndup ((const char *) data, size);
  g_auto (GStrv) lines = NULL;
  gboolean untrue = FALSE;
  Room room = { 0 };

  /* Channels and the link pass on nothing else as text. */
  if (!g_utf8_validate (text, -1, NULL))
    return;
  lines = g_strsplit (text, "\n", -1);
  room_up (&room, NULL);
  for (guint i = 0; lines[i] != NULL; i++)
    untrue |= throw_line (&room, lines[i]);
  assert_same (&room, 1, 2);
  if (!untrue)
    assert_same (&room, 0, 1);
  assert_answered (&room);
  room_down (&room, NULL);
}

int
main (int argc, char **argv)
{
  return fuzz_main (argc, argv, "guidance", one);
}
