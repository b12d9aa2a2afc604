/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a plugin's classes are derived from: verbs without tasks, and a state of both workers. */
#include <karez-testing.h>
#include <unistd.h>

/* A half that counts its verbs and holds one value. */
#define TEST_TYPE_HALF (test_half_get_type ())
G_DECLARE_FINAL_TYPE (TestHalf, test_half, TEST, HALF, KarezLiveHalf)
struct _TestHalf
{
  KarezLiveHalf parent;

  KarezReplica *mode;
  GString *heard; /* a letter for each verb, and what the replica said */
};

G_DEFINE_FINAL_TYPE (TestHalf, test_half, KAREZ_TYPE_LIVE_HALF)

static gboolean
prepare (KarezLiveHalf *half, KarezSession *session, GError **error)
{
  g_string_append (TEST_HALF (half)->heard, "p");
  return TRUE;
}

static gboolean
start (KarezLiveHalf *half, GError **error)
{
  g_string_append (TEST_HALF (half)->heard, "s");
  return TRUE;
}

static gboolean
hold (KarezLiveHalf *half, const char *reason, GError **error)
{
  return karez_error_set (error, KAREZ_ERROR_CONFLICT, "test/held", NULL, "It is held already");
}

static gboolean
stop (KarezLiveHalf *half, const char *reason, GError **error)
{
  g_autofree char *value = karez_json_print (karez_replica_get (TEST_HALF (half)->mode));

  g_string_append (TEST_HALF (half)->heard, "e");
  karez_session_record (karez_live_half_get_session (half), "mode.keep", NULL,
                        karez_json_object ("value", "s", value, NULL));
  return TRUE;
}

static gboolean
receive (KarezLiveHalf *half, JsonNode *message, GError **error)
{
  g_string_append_printf (TEST_HALF (half)->heard, "<%s>",
                          karez_json_text (json_node_get_object (message), "hi"));
  return TRUE;
}

static JsonNode *
to_json (KarezLiveHalf *half)
{
  return karez_json_object ("own", "s", "kept", NULL);
}

static gboolean
from_json (KarezLiveHalf *half, JsonNode *state, GError **error)
{
  g_string_append_printf (TEST_HALF (half)->heard, "[%s]",
                          karez_json_text (json_node_get_object (state), "own"));
  return TRUE;
}

static void
on_step (KarezReplica *mode, JsonNode *step, const char *to, TestHalf *self)
{
  g_string_append (self->heard, "+");
}

static void
test_half_finalize (GObject *object)
{
  g_object_unref (TEST_HALF (object)->mode);
  g_string_free (TEST_HALF (object)->heard, TRUE);
  G_OBJECT_CLASS (test_half_parent_class)->finalize (object);
}

static void
test_half_class_init (TestHalfClass *klass)
{
  KarezLiveHalfClass *half_class = KAREZ_LIVE_HALF_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = test_half_finalize;
  half_class->prepare = prepare;
  half_class->start = start;
  half_class->hold = hold;
  half_class->stop = stop;
  half_class->receive = receive;
  half_class->to_json = to_json;
  half_class->from_json = from_json;
}

static void
test_half_init (TestHalf *self)
{
  self->heard = g_string_new (NULL);
  self->mode = karez_replica_new (karez_json_object ("depth", "i", (gint64) 0, NULL));
  karez_live_half_add_replica (KAREZ_LIVE_HALF (self), "mode", self->mode);
  g_signal_connect_object (self->mode, "step", G_CALLBACK (on_step), self, 0);
}

typedef struct
{
  KarezTestWorker *workers[2]; /* the host's, the other one */
} Room;

static TestHalf *
half_of (Room *room, guint side)
{
  return TEST_HALF (karez_test_worker_get_half (room->workers[side]));
}

static void
room_up (Room *room, gconstpointer data)
{
  karez_test_workers_new (room->workers);
  for (guint i = 0; i < 2; i++)
    karez_test_worker_start (room->workers[i], TEST_TYPE_HALF, NULL);
  karez_test_workers_set_up (room->workers, TRUE);
  karez_test_workers_carry (room->workers);
}

static void
room_down (Room *room, gconstpointer data)
{
  for (guint i = 0; i < 2; i++)
    g_object_unref (room->workers[i]);
}

static void
set (Room *room, guint side, gint64 depth)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (karez_replica_set (half_of (room, side)->mode,
                                    karez_json_object ("depth", "i", depth, NULL), &error));
  g_assert_no_error (error);
}

static gint64
depth_of (Room *room, guint side)
{
  JsonNode *value = karez_replica_get (half_of (room, side)->mode);

  return karez_json_integer (json_node_get_object (value), "depth", -1);
}

static void
test_verbs (Room *room, gconstpointer data)
{
  KarezModality *half = karez_test_worker_get_half (room->workers[0]);
  KarezModalityInterface *iface = KAREZ_MODALITY_GET_IFACE (half);
  GAsyncResult *result = NULL;
  g_autoptr (GListModel) checks = NULL;
  g_autoptr (GError) error = NULL;

  karez_test_worker_move (room->workers[0], KAREZ_TEST_MOVE_START);
  /* One that the class has not succeeds. */
  karez_test_worker_move (room->workers[0], KAREZ_TEST_MOVE_RESUME);
  g_assert_cmpstr (half_of (room, 0)->heard->str, ==, "ps");
  /* One that refuses says why. */
  karez_test_worker_begin (room->workers[0], KAREZ_TEST_MOVE_HOLD, &result);
  karez_test_rest ();
  g_assert_false (iface->hold_finish (half, result, &error));
  g_assert_cmpstr (karez_error_get_rule (error), ==, "test/held");
  g_clear_object (&result);
  g_clear_error (&error);
  karez_test_worker_preflight (room->workers[0], &result);
  checks = iface->preflight_finish (half, result, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_list_model_get_n_items (checks), ==, 0);
  g_object_unref (result);
  karez_session_request_preflight (karez_live_half_get_session (KAREZ_LIVE_HALF (half)));
  g_assert_cmpstr (karez_test_worker_get_asked (room->workers[0]), ==, "preflight");
  /* What the other worker is told comes as an object. */
  g_assert_true (karez_live_half_tell_peer (KAREZ_LIVE_HALF (half),
                                            karez_json_object ("hi", "s", "there", NULL), &error));
  karez_test_workers_carry (room->workers);
  g_assert_cmpstr (half_of (room, 1)->heard->str, ==, "p<there>");
}

/* Either side sets it, the host's order counts, and both have it. */
static void
test_value (Room *room, gconstpointer data)
{
  set (room, 0, 4);
  g_assert_cmpint (depth_of (room, 1), ==, 0);
  karez_test_workers_carry (room->workers);
  g_assert_cmpint (depth_of (room, 1), ==, 4);
  set (room, 1, 5);
  g_assert_cmpint (depth_of (room, 1), ==, 4);
  set (room, 0, 6);
  karez_test_workers_carry (room->workers);
  for (guint i = 0; i < 2; i++)
    {
      g_assert_cmpint (depth_of (room, i), ==, 5);
      g_assert_cmpint (karez_replica_get_revision (half_of (room, i)->mode), ==, 3);
      g_assert_cmpstr (half_of (room, i)->heard->str, ==, "p+++");
    }
  /* The same value once more is no change. */
  set (room, 1, 5);
  karez_test_workers_carry (room->workers);
  g_assert_cmpint (karez_replica_get_revision (half_of (room, 0)->mode), ==, 3);
}

static void
test_too_large (Room *room, gconstpointer data)
{
  g_autofree char *text = g_strnfill (KAREZ_REPLICA_MAX_BYTES, 'x');
  g_autoptr (GError) error = NULL;

  karez_replica_set (half_of (room, 0)->mode, karez_json_object ("text", "s", text, NULL), &error);
  karez_test_workers_carry (room->workers);
  g_assert_cmpint (depth_of (room, 0), ==, 0);
  g_assert_cmpint (karez_replica_get_revision (half_of (room, 0)->mode), ==, 0);
}

/* Nobody hears of a change before it is on disk; the end waits for it. */
static void
test_disk (Room *room, gconstpointer data)
{
  GAsyncResult *result = NULL;

  karez_test_worker_set_disk (room->workers[0], KAREZ_TEST_DISK_SLOW);
  set (room, 0, 7);
  karez_test_rest ();
  g_assert_cmpuint (karez_test_worker_count_arriving (room->workers[1]), ==, 0);
  g_assert_cmpstr (half_of (room, 0)->heard->str, ==, "p");
  karez_test_worker_begin (room->workers[0], KAREZ_TEST_MOVE_STOP, &result);
  karez_test_rest ();
  g_assert_null (result);
  karez_test_worker_sync (room->workers[0]);
  karez_test_worker_end (room->workers[0], KAREZ_TEST_MOVE_STOP, &result);
  g_assert_cmpuint (karez_test_worker_count (room->workers[0], "mode.keep"), ==, 1);
  /* The other side has had the last word before it keeps anything. */
  karez_test_worker_begin (room->workers[1], KAREZ_TEST_MOVE_STOP, &result);
  karez_test_rest ();
  g_assert_null (result);
  karez_test_workers_carry (room->workers);
  karez_test_worker_end (room->workers[1], KAREZ_TEST_MOVE_STOP, &result);
  g_assert_cmpstr (
      karez_json_text (karez_test_worker_last (room->workers[1], "mode.keep"), "value"), ==,
      "{\"depth\":7}");
}

/* Either worker comes back with what was in its checkpoint, and goes on with what is newer. */
static void
test_restart (Room *room, gconstpointer data)
{
  for (guint side = 0; side < 2; side++)
    {
      KarezTestWorker *worker = room->workers[side];
      gint64 depth = 10 * (side + 1);
      g_autoptr (GBytes) saved = NULL;

      set (room, 0, depth);
      karez_test_workers_carry (room->workers);
      saved = karez_test_worker_take_checkpoint (worker);
      set (room, 0, depth + 1);
      karez_test_workers_carry (room->workers);
      karez_test_workers_set_up (room->workers, FALSE);
      karez_test_worker_start (worker, TEST_TYPE_HALF, saved);
      g_assert_cmpstr (half_of (room, side)->heard->str, ==, "[kept]p");
      g_assert_cmpint (depth_of (room, side), ==, depth);
      g_assert_cmpint (karez_replica_is_settled (half_of (room, side)->mode), ==, side == 1);
      karez_test_workers_set_up (room->workers, TRUE);
      karez_test_workers_carry (room->workers);
      g_assert_true (karez_replica_is_settled (half_of (room, side)->mode));
      g_assert_cmpint (depth_of (room, 0), ==, depth + 1);
      g_assert_cmpint (depth_of (room, 1), ==, depth + 1);
    }
}

static void
receive_hello (Room *room, guint side, const char *revision)
{
  g_autofree char *text = g_strdup_printf ("{\"replica\": \"mode\", \"type\": \"hello\", "
                                           "\"state\": {\"revision\": %s, \"value\": "
                                           "{\"depth\": 99}}}",
                                           revision);

  karez_test_worker_receive (room->workers[side], text);
  karez_test_workers_carry (room->workers);
}

/* The other side's state is no way past the host: it counts where the host came back, and there
 * only where it leaves numbers for what comes. */
static void
test_foreign_state (Room *room, gconstpointer data)
{
#define LAST_REVISION "9007199254740991"
  static const char *const revisions[] = { "2", "500", LAST_REVISION };
  g_autoptr (GBytes) saved = NULL;

  receive_hello (room, 0, "1"); /* before anything was changed */
  g_assert_cmpint (depth_of (room, 0), ==, 0);
  set (room, 0, 4);
  karez_test_workers_carry (room->workers);
  for (guint i = 0; i < G_N_ELEMENTS (revisions); i++)
    {
      receive_hello (room, 0, revisions[i]);
      g_assert_cmpint (depth_of (room, 0), ==, 4);
      g_assert_cmpint (depth_of (room, 1), ==, 4);
    }
  saved = karez_test_worker_take_checkpoint (room->workers[0]);
  karez_test_workers_set_up (room->workers, FALSE);
  karez_test_worker_start (room->workers[0], TEST_TYPE_HALF, saved);
  g_assert_false (karez_replica_is_settled (half_of (room, 0)->mode));
  receive_hello (room, 0, LAST_REVISION);
  karez_test_workers_set_up (room->workers, TRUE);
  karez_test_workers_carry (room->workers);
  g_assert_true (karez_replica_is_settled (half_of (room, 0)->mode));
  g_assert_cmpint (depth_of (room, 0), ==, 4);
  set (room, 1, 5);
  karez_test_workers_carry (room->workers);
  for (guint i = 0; i < 2; i++)
    g_assert_cmpint (depth_of (room, i), ==, 5);
}

/* A control half whose calls are done when they return. */
#define TEST_TYPE_CONTROL (test_control_get_type ())
G_DECLARE_FINAL_TYPE (TestControl, test_control, TEST, CONTROL, KarezControlHalf)
struct _TestControl
{
  KarezControlHalf parent;
};

G_DEFINE_FINAL_TYPE (TestControl, test_control, KAREZ_TYPE_CONTROL_HALF)

static gboolean
check_booking (KarezControlHalf *half, JsonNode *booking, GError **error)
{
  return karez_error_set (error, KAREZ_ERROR_INVALID, "test/booking", NULL, "Not today");
}

static void
test_control_class_init (TestControlClass *klass)
{
  KAREZ_CONTROL_HALF_CLASS (klass)->check_booking = check_booking;
}

static void
test_control_init (TestControl *self)
{
}

static void
on_done (GObject *source, GAsyncResult *result, gpointer data)
{
  *(GAsyncResult **) data = g_object_ref (result);
}

static void
test_control_half (void)
{
  g_autoptr (KarezPlugin) plugin = g_object_new (TEST_TYPE_CONTROL, NULL);
  KarezPluginInterface *iface = KAREZ_PLUGIN_GET_IFACE (plugin);
  const KarezRecord record = { "s", "o", 1, "what.ever", NULL, NULL };
  g_autoptr (GAsyncResult) checked = NULL, recorded = NULL, disabled = NULL;
  g_autoptr (GError) error = NULL;

  iface->check_booking_async (plugin, NULL, NULL, on_done, &checked);
  iface->record_async (plugin, &record, NULL, on_done, &recorded);
  iface->disable_async (plugin, NULL, on_done, &disabled);
  karez_test_rest ();
  g_assert_false (iface->check_booking_finish (plugin, checked, &error));
  g_assert_cmpstr (karez_error_get_rule (error), ==, "test/booking");
  g_clear_error (&error);
  g_assert_false (iface->record_finish (plugin, recorded, &error));
  g_assert_cmpstr (karez_error_get_rule (error), ==, "plugin/record");
  g_clear_error (&error);
  g_assert_true (iface->disable_finish (plugin, disabled, &error));
}

static const char *
column_name (gpointer data, guint column)
{
  return "n";
}

static const char *
column_value (gpointer data, guint row, guint column)
{
  static const char *const values[] = { "1", "2", "3" };

  return values[row];
}

static JsonNode *
make_row (KarezRows *rows, guint row, gpointer data)
{
  gint64 n = karez_rows_integer (rows, row, "n");

  return n == 2 ? NULL : karez_json_object ("n", "i", n, NULL);
}

static void
on_program_message (KarezProgram *program, GBytes *message, GString *heard)
{
  g_string_append_len (heard, g_bytes_get_data (message, NULL),
                       (gssize) g_bytes_get_size (message));
}

/* The program that a test is lent. */
static void
test_program (Room *room, gconstpointer data)
{
  KarezSession *session = KAREZ_SESSION (room->workers[0]);
  g_autoptr (GError) error = NULL;
  g_autoptr (KarezProgram) program = karez_session_start_program (session, "tracker", &error);
  KarezTestProgram *lent = karez_test_worker_get_program (room->workers[0], "tracker");
  g_autoptr (GBytes) bytes = g_bytes_new_static ("mark", 4);
  g_autoptr (GBytes) taken = NULL;
  g_autoptr (GString) heard = g_string_new (NULL);
  char bytes_read[16];
  int tap = -1, end = -1;

  g_assert_no_error (error);
  g_assert_false (karez_program_send (program, bytes, NULL, 0, &error));
  g_assert_true (karez_error_is_unavailable (error));
  g_clear_error (&error);
  g_assert_null (karez_session_start_program (session, "tracker", &error));
  g_assert_true (karez_error_is_conflict (error));
  g_clear_error (&error);
  karez_test_rest ();
  g_signal_connect (program, "message", G_CALLBACK (on_program_message), heard);
  g_assert_true (karez_program_send (program, bytes, NULL, 0, &error));
  taken = karez_test_program_take (lent);
  g_assert_true (g_bytes_equal (taken, bytes));
  g_assert_null (karez_test_program_take (lent));
  karez_test_program_say (lent, bytes);
  g_assert_cmpstr (heard->str, ==, "mark");
  karez_test_program_end (lent, TRUE);
  g_assert_false (karez_program_is_running (program));
  karez_test_rest ();
  g_assert_true (karez_program_is_running (program));
  /* What it is handed. */
  tap = karez_media_tap (karez_session_get_media (session, NULL), "somebody", "camera", &error);
  g_assert_cmpint (tap, >=, 0);
  end = karez_test_worker_find_tap (room->workers[0], "somebody", "camera");
  g_assert_true (karez_program_send (program, bytes, &tap, 1, &error));
  close (tap);
  g_bytes_unref (taken);
  taken = karez_test_program_take (lent);
  tap = karez_test_program_get_fd (lent, 0);
  g_assert_cmpint (karez_test_program_get_fd (lent, 1), ==, -1);
  g_assert_cmpint (write (end, "packet", 6), ==, 6);
  g_assert_cmpint (read (tap, bytes_read, sizeof bytes_read), ==, 6);
  g_assert_null (karez_test_program_take (lent));
  g_assert_cmpint (karez_test_program_get_fd (lent, 0), ==, -1);
  karez_program_stop (program);
  g_assert_true (karez_test_program_is_over (lent));
}

static void
test_helpers (void)
{
  const KarezRowsSource source = { 3, 1, 0, column_name, column_value, NULL, NULL };
  g_autoptr (KarezRows) rows = karez_rows_new (&source);
  g_autoptr (JsonNode) array = karez_rows_to_array (rows, make_row, NULL);
  g_autoptr (JsonNode) empty = karez_json_array (NULL);
  g_autoptr (GBytes) bytes = karez_json_to_bytes (array), none = karez_json_to_bytes (empty);

  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes),
                   "[{\"n\":1},{\"n\":3}]", 17);
  g_assert_cmpmem (g_bytes_get_data (none, NULL), g_bytes_get_size (none), "[]", 2);
}

#define ADD(name, func) g_test_add ("/halves/" name, Room, NULL, room_up, func, room_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("verbs", test_verbs);
  ADD ("value", test_value);
  ADD ("too-large", test_too_large);
  ADD ("disk", test_disk);
  ADD ("restart", test_restart);
  ADD ("foreign-state", test_foreign_state);
  ADD ("program", test_program);
  g_test_add_func ("/halves/control", test_control_half);
  g_test_add_func ("/halves/helpers", test_helpers);
  return g_test_run ();
}
