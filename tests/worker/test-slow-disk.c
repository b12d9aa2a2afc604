/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A disk that takes 300 ms, or nothing: the main loop is not held up, nobody is told that something
 * is on disk before it is, and what leads away from risk does not wait for it. */
#include "hub-checkpoint.h"
#include "hub-id.h"
#include "hub-spool.h"
#include "live-fixture.h"
#include "slow-disk.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

#define SYNC_MS 300
/* Less than one sync by far; the machine has stalls of its own. */
#define HELD_UP_MS 200
#define TICK_MS 10

/* How long the main loop was held up at most. */
typedef struct
{
  guint source;
  gint64 last, longest;
} Meter;

static gboolean
on_tick (gpointer data)
{
  Meter *meter = data;
  gint64 now = g_get_monotonic_time ();

  meter->longest = MAX (meter->longest, now - meter->last - TICK_MS * 1000);
  meter->last = now;
  return G_SOURCE_CONTINUE;
}

static void
meter_begin (Meter *meter)
{
  meter->last = g_get_monotonic_time ();
  meter->longest = 0;
  meter->source = g_timeout_add (TICK_MS, on_tick, meter);
}

static void
meter_end (Meter *meter)
{
  on_tick (meter);
  g_source_remove (meter->source);
  g_test_message ("held up for %.1f ms", meter->longest / 1000.0);
  g_assert_cmpint (meter->longest, <, HELD_UP_MS * 1000);
}

static void
set_disk (int ms, int error)
{
  g_atomic_int_set (&slow_disk_ms, ms);
  g_atomic_int_set (&slow_disk_error, error);
}

static char *
new_path (void)
{
  static guint n;
  g_autofree char *name = g_strdup_printf ("slow-%u", n++);

  return g_build_filename (scratch (), name, NULL);
}

/* The spool. */

typedef struct
{
  HubSpool *spool;
  char *path;
  guint n_durable, n_failed;
  GArray *given; /* gint64: when each was */
} Spool;

/* What a machine without power would find is what the last sync was about. */
static void
assert_on_disk (Spool *s, guint64 sequence)
{
  g_autofree char *image = NULL;
  g_autofree char *copy = new_path ();
  g_autoptr (HubSpool) found = NULL;
  gsize size = 0;
  gint64 synced = __atomic_load_n (&slow_disk_synced, __ATOMIC_SEQ_CST);
  int ms = g_atomic_int_get (&slow_disk_ms);

  g_assert_true (g_file_get_contents (s->path, &image, &size, NULL));
  g_assert_cmpint (synced, <=, (gint64) size);
  set_disk (0, 0);
  g_assert_true (g_file_set_contents (copy, image, synced, NULL));
  found = hub_spool_open (copy, NULL);
  set_disk (ms, 0);
  g_assert_cmpuint (hub_spool_get_last (found), >=, sequence);
}

static void
on_durable (HubSpool *spool, guint64 sequence, Spool *s)
{
  s->n_durable++;
  g_assert_cmpuint (hub_spool_get_durable (spool), ==, sequence);
}

static void
on_failed (HubSpool *spool, const GError *error, Spool *s)
{
  s->n_failed++;
}

static void
spool_up (Spool *s, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  set_disk (0, 0);
  s->path = new_path ();
  s->spool = hub_spool_open (s->path, &error);
  g_assert_no_error (error);
  g_signal_connect (s->spool, "durable", G_CALLBACK (on_durable), s);
  g_signal_connect (s->spool, "failed", G_CALLBACK (on_failed), s);
  hub_spool_start (s->spool);
  s->given = g_array_new (FALSE, FALSE, sizeof (gint64));
}

static void
spool_down (Spool *s, gconstpointer data)
{
  set_disk (0, 0);
  g_clear_object (&s->spool);
  g_array_unref (s->given);
  g_free (s->path);
}

static GBytes *
record (guint64 n)
{
  char *text = g_strdup_printf ("record %" G_GUINT64_FORMAT, n);

  return g_bytes_new_take (text, strlen (text));
}

static void
give (Spool *s, guint n)
{
  for (guint i = 0; i < n; i++)
    {
      g_autoptr (GBytes) bytes = record (hub_spool_get_last (s->spool) + 1);
      gint64 now = g_get_monotonic_time ();
      g_autoptr (GError) error = NULL;

      g_assert_cmpuint (hub_spool_append (s->spool, bytes, &error), >, 0);
      g_assert_no_error (error);
      g_array_append_val (s->given, now);
    }
}

static gboolean
is_all_durable (gpointer data)
{
  HubSpool *spool = ((Spool *) data)->spool;

  return hub_spool_get_durable (spool) == hub_spool_get_last (spool);
}

static void
assert_all (Spool *s, guint64 from, guint64 to)
{
  for (guint64 i = from; i <= to; i++)
    {
      g_autoptr (GBytes) expected = record (i);

      g_assert_cmpuint (hub_spool_next (s->spool, i), ==, i);
      g_assert_true (g_bytes_equal (hub_spool_get (s->spool, i), expected));
    }
  g_assert_cmpuint (hub_spool_next (s->spool, to + 1), ==, 0);
}

static void
test_spool (Spool *s, gconstpointer data)
{
  Meter meter;
  int before = g_atomic_int_get (&slow_disk_syncs);

  set_disk (SYNC_MS, 0);
  meter_begin (&meter);
  for (guint i = 0; i < 100; i++)
    {
      guint64 durable = hub_spool_get_durable (s->spool);

      give (s, 1);
      /* Not offered before it is on disk. */
      g_assert_cmpuint (hub_spool_next (s->spool, durable + 1), ==, 0);
      g_assert_null (hub_spool_get (s->spool, hub_spool_get_last (s->spool)));
      if (durable > 0)
        {
          gint64 given = g_array_index (s->given, gint64, durable - 1);

          g_assert_cmpint (g_get_monotonic_time () - given, >, (SYNC_MS - TICK_MS) * 1000);
        }
      turn_for (15);
    }
  turn_until (is_all_durable, s, 5, "everything is on disk");
  meter_end (&meter);
  assert_on_disk (s, 100);
  assert_all (s, 1, 100);
  /* Those that wait go together. */
  g_assert_cmpint (g_atomic_int_get (&slow_disk_syncs) - before, <=, 12);
  /* So does the file's shortening. */
  meter_begin (&meter);
  hub_spool_forget (s->spool, 99);
  give (s, 1);
  turn_until (is_all_durable, s, 5, "and what comes after");
  meter_end (&meter);
  assert_all (s, 100, 101);
  /* And its end. */
  meter_begin (&meter);
  give (s, 1);
  hub_spool_remove (s->spool);
  turn_for (100);
  meter_end (&meter);
  hub_spool_flush (s->spool, NULL);
  g_assert_false (g_file_test (s->path, G_FILE_TEST_EXISTS));
}

static gboolean
has_failed (gpointer data)
{
  return ((Spool *) data)->n_failed > 0;
}

/* A disk that takes nothing: so many are kept, in order, and go there as soon as it takes them. */
static void
test_spool_full (Spool *s, gconstpointer data)
{
  g_autoptr (GBytes) more = record (0);
  g_autoptr (GError) error = NULL;

  give (s, 3);
  turn_until (is_all_durable, s, 5, "three are on disk");
  set_disk (0, data != NULL ? EIO : ENOSPC);
  give (s, 5);
  turn_until (has_failed, s, 5, "that is told");
  g_assert_true (hub_spool_is_troubled (s->spool));
  assert_all (s, 1, 3);
  give (s, HUB_SPOOL_MAX_TROUBLED - 5);
  g_assert_cmpuint (hub_spool_append (s->spool, more, &error), ==, 0);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
  g_clear_error (&error);
  g_assert_false (hub_spool_flush (s->spool, &error));
  g_assert_nonnull (error);
  /* Only this process knows of them. */
  g_assert_cmpuint (hub_spool_get_durable (s->spool), ==, 3);
  set_disk (0, 0);
  turn_until (is_all_durable, s, 5, "everything is on disk");
  g_assert_false (hub_spool_is_troubled (s->spool));
  assert_all (s, 1, 3 + HUB_SPOOL_MAX_TROUBLED);
  g_clear_object (&s->spool);
  s->spool = hub_spool_open (s->path, NULL);
  g_assert_cmpuint (hub_spool_get_damaged (s->spool), ==, 0);
  assert_all (s, 1, 3 + HUB_SPOOL_MAX_TROUBLED);
}

/* One that does not answer is told as well, and what it has written in the end counts. */
static void
test_spool_stalls (Spool *s, gconstpointer data)
{
  Meter meter;

  set_disk (20000, 0);
  meter_begin (&meter);
  give (s, 2);
  turn_for (HUB_SPOOL_STALLED_MS / 2);
  g_assert_cmpuint (s->n_failed, ==, 0);
  turn_until (has_failed, s, 3, "that is told");
  give (s, 2);
  meter_end (&meter);
  g_assert_cmpuint (hub_spool_next (s->spool, 1), ==, 0);
  set_disk (0, 0);
  turn_until (is_all_durable, s, 5, "everything is on disk");
  g_assert_false (hub_spool_is_troubled (s->spool));
  assert_all (s, 1, 4);
}

/* The process is killed at any moment: what it said is on disk is there, and nothing else is in
 * between. */
static void
test_spool_killed (Spool *s, gconstpointer data)
{
  for (guint i = 0; i < 30; i++)
    {
      g_autoptr (HubSpool) next = NULL;
      guint64 durable;

      set_disk (5, 0);
      for (guint k = 0; k < 10; k++)
        {
          give (s, g_test_rand_int_range (1, 20));
          turn_for (g_test_rand_int_range (0, 8));
          hub_spool_forget (
              s->spool, g_test_rand_int_range (0, (gint32) hub_spool_get_durable (s->spool) + 1));
        }
      durable = hub_spool_get_durable (s->spool);
      /* As its docstring says. */
      g_clear_object (&s->spool);
      next = hub_spool_open (s->path, NULL);
      g_assert_cmpuint (hub_spool_get_damaged (next), ==, 0);
      g_assert_cmpuint (hub_spool_get_last (next), >=, durable);
      s->spool = g_steal_pointer (&next);
      assert_all (s, MAX (1, hub_spool_next (s->spool, 0)), hub_spool_get_last (s->spool));
      hub_spool_start (s->spool);
    }
}

/* The checkpoint. */

static char *
read_state (HubCheckpoint *checkpoint)
{
  g_autoptr (JsonNode) head = NULL;
  g_autoptr (GBytes) state = NULL;
  g_autoptr (GError) error = NULL;

  hub_checkpoint_read (checkpoint, &head, &state, &error);
  g_assert_no_error (error);
  return g_strndup (g_bytes_get_data (state, NULL), g_bytes_get_size (state));
}

typedef struct
{
  guint number;
  guint *last; /* of those that have finished */
} Asked;

static void
on_written (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autofree Asked *asked = data;
  g_autoptr (GError) error = NULL;
  g_autofree char *state = NULL;

  g_assert_true (hub_checkpoint_write_finish (HUB_CHECKPOINT (source), result, &error));
  g_assert_no_error (error);
  state = read_state (HUB_CHECKPOINT (source));
  /* This one is there, or a newer one. */
  g_assert_cmpint (atoi (state), >=, (gint) asked->number);
  g_assert_cmpuint (asked->number, ==, *asked->last + 1);
  *asked->last = asked->number;
}

static gboolean
are_thirty (gpointer data)
{
  return *(guint *) data == 30;
}

static void
test_checkpoint (void)
{
  g_autofree char *path = new_path ();
  g_autoptr (HubCheckpoint) checkpoint = hub_checkpoint_new (path);
  g_autoptr (JsonNode) head = karez_json_object ("state", "s", "live", NULL);
  Meter meter;
  guint last = 0;
  int before = g_atomic_int_get (&slow_disk_syncs);

  set_disk (SYNC_MS, 0);
  meter_begin (&meter);
  for (guint i = 1; i <= 30; i++)
    {
      char *text = g_strdup_printf ("%u", i);
      g_autoptr (GBytes) state = g_bytes_new_take (text, strlen (text));
      Asked *asked = g_new (Asked, 1);

      *asked = (Asked){ i, &last };
      hub_checkpoint_write_async (checkpoint, head, state, on_written, asked);
      turn_for (20);
    }
  turn_until (are_thirty, &last, 10, "all of them are on disk");
  /* Only the newest of those that wait is written: a file and its folder each time. */
  g_assert_cmpint (g_atomic_int_get (&slow_disk_syncs) - before, <=, 8);
  /* One that is being written when it is removed does not come back. */
  hub_checkpoint_write (checkpoint, head, NULL);
  turn_for (50);
  hub_checkpoint_remove (checkpoint);
  turn_for (SYNC_MS);
  meter_end (&meter);
  hub_checkpoint_close (checkpoint);
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  set_disk (0, 0);
}

/* A session. */

static void
session_up (LiveFixture *f, gconstpointer data)
{
  set_disk (0, 0);
  live_set_up (f, data);
}

static void
session_down (LiveFixture *f, gconstpointer data)
{
  set_disk (0, 0);
  live_tear_down (f, data);
}

static gboolean
is_answered (gpointer data)
{
  return ((Await *) data)->result != NULL;
}

/* The record is on disk when the answer comes. */
static void
end_move (LiveFixture *f, Await *await, const char *action)
{
  g_autoptr (GError) error = NULL;
  gboolean found = FALSE;

  turn_until (is_answered, await, 5, "the move is answered");
  g_assert_true (hub_live_session_finish (f->session, await->result, &error));
  g_assert_no_error (error);
  for (guint64 at = hub_live_session_next_record (f->session, 1); at;
       at = hub_live_session_next_record (f->session, at + 1))
    {
      g_autoptr (JsonNode) node = hub_live_session_get_record (f->session, at);

      found = found
              || g_str_equal (karez_json_text (json_node_get_object (node), "action"), action);
    }
  g_assert_true (found);
  g_clear_object (&await->result);
}

static void
test_session_holds (LiveFixture *f, gconstpointer data)
{
  Await hold = { 0 }, resume = { 0 };
  Meter meter;
  gint64 began;

  live_go_live (f);
  turn_for (100);
  set_disk (SYNC_MS, 0);
  meter_begin (&meter);
  for (guint i = 1; i <= 3; i++)
    {
      /* The other hospital's word is in force, and it knows, before the disk has it. */
      began = g_get_monotonic_time ();
      live_say_word (f, "hold", i);
      live_until_heard (f, i);
      g_assert_cmpint (g_get_monotonic_time () - began, <, HELD_UP_MS * 1000);
      g_assert_cmpint (hub_live_session_get_state (f->session), ==, KAREZ_STATE_HELD);
      live_begin_move (f, "resume", &resume);
      end_move (f, &resume, "session.state");
      /* And so is one of this side. */
      began = g_get_monotonic_time ();
      live_begin_move (f, "hold", &hold);
      g_assert_cmpint (hub_live_session_get_state (f->session), ==, KAREZ_STATE_HELD);
      turn_for (20);
      g_assert_cmpstr (live_moving_of (f), ==, "still");
      g_assert_null (hold.result);
      end_move (f, &hold, "session.hold");
      g_assert_cmpint (g_get_monotonic_time () - began, >, (SYNC_MS - TICK_MS) * 1000);
      live_begin_move (f, "resume", &resume);
      end_move (f, &resume, "session.state");
    }
  meter_end (&meter);
}

static void
test_mirror_holds (LiveFixture *f, gconstpointer data)
{
  Await hold = { 0 }, stop = { 0 }, keep = { 0 };
  const HubLiveMoved *first, *second;
  g_autoptr (JsonNode) head = NULL;
  g_autoptr (GBytes) state = NULL;
  Meter meter;

  live_say (f, karez_json_object ("state", "s", "live", "sequence", "i", (gint64) 5, NULL));
  live_until_state (f, KAREZ_STATE_LIVE);
  turn_for (100);
  set_disk (SYNC_MS, 0);
  meter_begin (&meter);
  live_begin_move (f, "hold", &hold);
  g_assert_cmpint (hub_live_session_get_state (f->session), ==, KAREZ_STATE_HELD);
  live_begin_move (f, "stop", &stop);
  hub_live_session_keep_async (f->session, await_done, &keep);
  turn_for (50);
  /* The numbers are known at once, for the host's hub; what waits for the disk is the record. */
  g_assert_nonnull (hold.result);
  g_assert_nonnull (stop.result);
  g_assert_null (keep.result);
  end_move (f, &keep, "session.ask");
  meter_end (&meter);
  /* Each under its own number: the host's hub hears them too, and obeys each once. */
  first = hub_live_session_get_moved (f->session, hold.result);
  second = hub_live_session_get_moved (f->session, stop.result);
  g_assert_cmpuint (first->asked, >, 0);
  g_assert_cmpuint (second->asked, ==, first->asked + 1);
  end_move (f, &hold, "session.ask");
  end_move (f, &stop, "session.ask");
  /* Its hub has the record: it is forgotten, and the checkpoint has the word. */
  hub_live_session_forget_records (f->session, hub_recorder_get_last (f->session->recorder));
  for (guint i = 0; i < 100 && hub_recorder_get_waiting (f->session->recorder) > 0; i++)
    turn_for (20);
  g_assert_cmpuint (hub_recorder_get_waiting (f->session->recorder), ==, 0);
  g_assert_true (hub_recorder_read_checkpoint (f->session->recorder, &head, &state, NULL));
  g_assert_cmpstr (
      karez_json_text (json_object_get_object_member (json_node_get_object (head), "asked"),
                       "edge"),
      ==, "stop");
}

static const char *
verdict_of_disk (LiveFixture *f)
{
  KarezCheck *check = hub_live_checks_find (f->session->checks, "record.disk");

  return check == NULL                                             ? "none"
         : karez_check_get_verdict (check) == KAREZ_VERDICT_PASSED ? "passed"
                                                                   : "failed";
}

static const char *
hint_of_disk (LiveFixture *f)
{
  KarezCheck *check = hub_live_checks_find (f->session->checks, "record.disk");

  return check != NULL ? karez_check_get_hint (check) : "none";
}

static gboolean
is_disk_well (gpointer data)
{
  return g_str_equal (verdict_of_disk (data), "passed");
}

/* A disk that takes nothing: holds hold and are answered, people see why it is bad, and everything
 * is on record when there is room again. */
static void
test_session_full (LiveFixture *f, gconstpointer data)
{
  Await hold = { 0 }, save = { 0 };
  g_autoptr (GError) error = NULL;
  guint before;

  live_go_live (f);
  before = live_count_records (f, NULL, NULL);
  set_disk (0, ENOSPC);
  live_begin_move (f, "hold", &hold);
  g_assert_cmpint (hub_live_session_get_state (f->session), ==, KAREZ_STATE_HELD);
  turn_until (is_answered, &hold, 2, "the hold is answered");
  g_assert_true (hub_live_session_finish (f->session, hold.result, &error));
  g_clear_object (&hold.result);
  g_assert_cmpstr (verdict_of_disk (f), ==, "failed");
  /* Who asks is told that it is not there. */
  karez_session_save_async (KAREZ_SESSION (f->session), NULL, await_done, &save);
  g_assert_false (
      karez_session_save_finish (KAREZ_SESSION (f->session), await_result (&save), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
  g_clear_error (&error);
  g_clear_object (&save.result);
  live_say_word (f, "panic", 1);
  live_until_heard (f, 1);
  g_assert_cmpuint (hub_live_session_next_record (f->session, before + 1), ==, 0);
  set_disk (0, 0);
  turn_until (is_disk_well, f, 5, "the disk takes them");
  g_assert_cmpuint (live_count_records (f, "session.hold", NULL), ==, 1);
  g_assert_cmpuint (live_count_records (f, "session.panic", NULL), ==, 1);
  karez_session_save_async (KAREZ_SESSION (f->session), NULL, await_done, &save);
  g_assert_true (
      karez_session_save_finish (KAREZ_SESSION (f->session), await_result (&save), &error));
  g_clear_object (&save.result);
}

/* What is to be done about a disk is said of what is wrong with it. */
static void
test_session_refused (LiveFixture *f, gconstpointer data)
{
  static const struct
  {
    int error;
    const char *hint;
  } cases[] = {
    { ENOSPC, "Free some space on the hub's disk." },
    { EIO, "The hub's disk has to be looked at: it refuses what is written." },
    { EDQUOT, "Free some space on the hub's disk." },
    { EROFS, "The hub's disk has to be looked at: it refuses what is written." },
  };

  live_go_live (f);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      Await hold = { 0 };
      g_autoptr (GError) error = NULL;

      set_disk (0, cases[i].error);
      live_begin_move (f, "hold", &hold);
      turn_until (is_answered, &hold, 2, "the hold is answered");
      g_assert_true (hub_live_session_finish (f->session, hold.result, &error));
      g_clear_object (&hold.result);
      g_assert_cmpstr (verdict_of_disk (f), ==, "failed");
      g_assert_cmpstr (hint_of_disk (f), ==, cases[i].hint);
      set_disk (0, 0);
      turn_until (is_disk_well, f, 5, "the disk takes them");
    }
}

static void
begin_join (LiveFixture *f, const char *id, Await *await)
{
  g_autoptr (KarezActor)
      actor = karez_actor_new (KAREZ_ACTOR_PERSON, f->hub, "Somebody", NULL, NULL, NULL);
  g_autoptr (JsonNode)
      node = karez_json_object ("id", "s", id, "actor", "n", karez_actor_to_json (actor), "role",
                                "s", "writer", "hospital", "s", f->hub, NULL);

  hub_live_session_join_async (f->session, node, await_done, await);
}

static void
begin_message (LiveFixture *f, const char *id, const char *type, Await *await)
{
  g_autoptr (JsonNode) body = karez_json_object ("type", "s", type, NULL);

  hub_live_session_message_async (f->session, id, body, await_done, await);
}

/* One that does not answer keeps a hold from nothing, and its answer from coming for 2 s; what
 * somebody else wants kept is not answered before it is. */
static void
test_session_stalls (LiveFixture *f, gconstpointer data)
{
  g_autofree char *id = hub_id_new ();
  Await joined = { 0 }, recorded = { 0 }, added = { 0 }, hold = { 0 }, save = { 0 };
  g_autoptr (GError) error = NULL;
  Meter meter;

  live_go_live (f);
  begin_join (f, id, &joined);
  g_assert_true (hub_live_session_finish (f->session, await_result (&joined), &error));
  turn_for (100);
  set_disk (30000, 0);
  meter_begin (&meter);
  begin_message (f, id, "record", &recorded);
  begin_message (f, id, "add", &added);
  live_begin_move (f, "hold", &hold);
  karez_session_save_async (KAREZ_SESSION (f->session), NULL, await_done, &save);
  g_assert_cmpint (hub_live_session_get_state (f->session), ==, KAREZ_STATE_HELD);
  turn_for (50);
  /* What records nothing waits for nothing. */
  g_assert_true (is_answered (&added));
  g_assert_false (is_answered (&hold));
  turn_until (is_answered, &hold, 4, "the hold is answered");
  g_assert_true (hub_live_session_finish (f->session, hold.result, &error));
  turn_until (is_answered, &save, 4, "the save is answered");
  g_assert_false (karez_session_save_finish (KAREZ_SESSION (f->session), save.result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_clear_error (&error);
  g_assert_cmpstr (verdict_of_disk (f), ==, "failed");
  g_assert_false (is_answered (&recorded));
  meter_end (&meter);
  set_disk (0, 0);
  turn_until (is_answered, &recorded, 5, "what was recorded is answered");
  g_assert_true (hub_live_session_finish (f->session, recorded.result, &error));
  g_assert_cmpuint (live_count_records (f, "count.note", NULL), ==, 1);
  turn_until (is_disk_well, f, 5, "the disk is well");
  g_object_unref (joined.result);
  g_object_unref (recorded.result);
  g_object_unref (added.result);
  g_object_unref (hold.result);
  g_object_unref (save.result);
}

/* The worker's orderly end waits for the disk, once. */
static void
test_session_closes (LiveFixture *f, gconstpointer data)
{
  g_autofree char *path = g_build_filename (f->directory, "spool", NULL);
  g_autoptr (HubSpool) found = NULL;
  Await hold = { 0 };
  guint64 last;

  live_go_live (f);
  /* Longer than the checkpoint takes. */
  g_atomic_int_set (&slow_disk_data_times, 5);
  set_disk (SYNC_MS, 0);
  live_begin_move (f, "hold", &hold);
  last = hub_recorder_get_last (f->session->recorder);
  g_assert_cmpuint (hub_recorder_get_durable (f->session->recorder), <, last);
  hub_live_session_close (f->session);
  g_atomic_int_set (&slow_disk_data_times, 1);
  set_disk (0, 0);
  found = hub_spool_open (path, NULL);
  g_assert_cmpuint (hub_spool_get_last (found), ==, last);
  g_assert_cmpuint (hub_recorder_get_durable (f->session->recorder), ==, last);
  turn_until (is_answered, &hold, 5, "the hold is answered");
  g_object_unref (hold.result);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  /* Warnings are what some of these provoke. */
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
#define SPOOL(name, data, func)                                                                    \
  g_test_add ("/slow-disk/spool/" name, Spool, data, spool_up, func, spool_down)
#define SESSION(name, data, func)                                                                  \
  g_test_add ("/slow-disk/session/" name, LiveFixture, data, session_up, func, session_down)
  SPOOL ("slow", NULL, test_spool);
  SPOOL ("full", NULL, test_spool_full);
  SPOOL ("broken", "broken", test_spool_full);
  SPOOL ("stalls", NULL, test_spool_stalls);
  SPOOL ("killed", NULL, test_spool_killed);
  g_test_add_func ("/slow-disk/checkpoint", test_checkpoint);
  SESSION ("holds", "host", test_session_holds);
  SESSION ("mirror-holds", "mirror", test_mirror_holds);
  SESSION ("full", "host", test_session_full);
  SESSION ("refused", "host", test_session_refused);
  SESSION ("stalls", "host", test_session_stalls);
  SESSION ("closes", "host", test_session_closes);
  return g_test_run ();
}
