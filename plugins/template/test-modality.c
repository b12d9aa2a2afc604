/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "template-modality.h"

#include "template-note.h"

/* Two workers of one session, each a live half with a session and a link made here. What is sent
 * waits on the link until the test carries it over. */

#define FAKE_TYPE_WORKER (fake_worker_get_type ())
G_DECLARE_FINAL_TYPE (FakeWorker, fake_worker, FAKE, WORKER, GObject)

struct _FakeWorker
{
  GObject parent;

  FakeWorker *other; /* not owned */
  gboolean host, up, open;
  KarezState state;
  GListStore *participants;
  GQueue on_the_way;  /* of GBytes, to us */
  GPtrArray *records; /* of JsonNode */
  KarezModality *half;
  GBytes *saved;
};

static gboolean
link_open (KarezLink *link, guint stream, KarezLinkPolicy policy, gboolean ordered, GError **error)
{
  g_assert_cmpuint (stream, ==, 16);
  g_assert_true (ordered);
  FAKE_WORKER (link)->open = TRUE;
  return TRUE;
}

static gboolean
link_send (KarezLink *link, guint stream, GBytes *payload, GError **error)
{
  FakeWorker *self = FAKE_WORKER (link);

  g_assert_true (self->open);
  g_assert_cmpuint (g_bytes_get_size (payload), <=, KAREZ_LINK_MAX_MESSAGE);
  g_queue_push_tail (&self->other->on_the_way, g_bytes_ref (payload));
  return TRUE;
}

static gboolean
link_is_up (KarezLink *link)
{
  return FAKE_WORKER (link)->up;
}

static void
link_iface_init (KarezLinkInterface *iface)
{
  iface->open = link_open;
  iface->send = link_send;
  iface->is_up = link_is_up;
}

static const char *
session_get_id (KarezSession *session)
{
  return "019ab3c4-0000-7000-8000-0000000000aa";
}

static KarezState
session_get_state (KarezSession *session)
{
  return FAKE_WORKER (session)->state;
}

static gboolean
session_is_host (KarezSession *session)
{
  return FAKE_WORKER (session)->host;
}

static KarezLink *
session_get_link (KarezSession *session)
{
  return KAREZ_LINK (session);
}

static GListModel *
session_get_participants (KarezSession *session)
{
  return G_LIST_MODEL (FAKE_WORKER (session)->participants);
}

static void
session_record (KarezSession *session, const char *action, KarezActor *actor, JsonNode *body)
{
  g_assert_cmpstr (action, ==, "note.keep");
  g_ptr_array_add (FAKE_WORKER (session)->records, body);
}

static void
session_iface_init (KarezSessionInterface *iface)
{
  iface->get_id = session_get_id;
  iface->get_state = session_get_state;
  iface->is_host = session_is_host;
  iface->get_link = session_get_link;
  iface->get_participants = session_get_participants;
  iface->record = session_record;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (FakeWorker, fake_worker, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (KAREZ_TYPE_LINK, link_iface_init)
                                   G_IMPLEMENT_INTERFACE (KAREZ_TYPE_SESSION, session_iface_init))

static void
fake_worker_finalize (GObject *object)
{
  FakeWorker *self = FAKE_WORKER (object);

  g_clear_object (&self->half);
  g_object_unref (self->participants);
  g_queue_clear_full (&self->on_the_way, (GDestroyNotify) g_bytes_unref);
  g_ptr_array_unref (self->records);
  g_clear_pointer (&self->saved, g_bytes_unref);
  G_OBJECT_CLASS (fake_worker_parent_class)->finalize (object);
}

static void
fake_worker_class_init (FakeWorkerClass *class)
{
  G_OBJECT_CLASS (class)->finalize = fake_worker_finalize;
}

static void
fake_worker_init (FakeWorker *self)
{
  self->participants = g_list_store_new (KAREZ_TYPE_PARTICIPANT);
  self->records = g_ptr_array_new_with_free_func ((GDestroyNotify) json_node_unref);
  self->state = KAREZ_STATE_LIVE;
}

typedef struct
{
  FakeWorker *workers[2]; /* the host's, the other one */
  KarezParticipant *writers[2], *readers[2];
  GPtrArray *pages[2]; /* what the writers' pages were sent: JsonNode */
} Room;

static void
on_send (KarezParticipant *participant, JsonNode *body, GPtrArray *page)
{
  g_ptr_array_add (page, json_node_ref (body));
}

static void
on_done (GObject *source, GAsyncResult *result, gpointer data)
{
  *(GAsyncResult **) data = g_object_ref (result);
}

static void
wait_for (GAsyncResult **result)
{
  while (*result == NULL)
    g_main_context_iteration (NULL, TRUE); /* nocheck:blocked -- a test turns its own loop */
}

static void
start_half (FakeWorker *worker, GBytes *saved)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  KarezModalityInterface *iface;

  g_clear_object (&worker->half);
  worker->half = g_object_new (TEMPLATE_TYPE_MODALITY, NULL);
  iface = KAREZ_MODALITY_GET_IFACE (worker->half);
  if (saved != NULL)
    iface->restore (worker->half, saved, &error);
  g_assert_no_error (error);
  iface->prepare_async (worker->half, KAREZ_SESSION (worker), NULL, on_done, &result);
  wait_for (&result);
  g_assert_true (iface->prepare_finish (worker->half, result, &error));
  g_assert_no_error (error);
}

static KarezParticipant *
make_participant (guint side, const char *id, const char *name, const char *role, gboolean local)
{
  g_autoptr (KarezActor) actor = karez_actor_new (KAREZ_ACTOR_PERSON, id, name, NULL, NULL, NULL);

  return karez_participant_new (id, actor, role, side == 0 ? "a" : "b", local);
}

static void
set_up_link (Room *room, gboolean up)
{
  for (guint i = 0; i < 2; i++)
    {
      room->workers[i]->up = up;
      g_signal_emit_by_name (room->workers[i], "changed");
    }
}

/* Everything on the way arrives, and what that makes them say too. */
static void
carry (Room *room)
{
  gboolean more = TRUE;

  while (more)
    {
      more = FALSE;
      for (guint i = 0; i < 2; i++)
        {
          g_autoptr (GBytes) payload = g_queue_pop_head (&room->workers[i]->on_the_way);

          if (payload == NULL)
            continue;
          more = TRUE;
          g_signal_emit_by_name (room->workers[i], "message", 16u, payload);
        }
    }
}

static void
room_up (Room *room, gconstpointer data)
{
  for (guint i = 0; i < 2; i++)
    {
      room->workers[i] = g_object_new (FAKE_TYPE_WORKER, NULL);
      room->workers[i]->host = i == 0;
      room->pages[i] = g_ptr_array_new_with_free_func ((GDestroyNotify) json_node_unref);
      room->writers[i] = make_participant (i, i == 0 ? "w0" : "w1", i == 0 ? "Ayşe" : "王医生",
                                           "writer", TRUE);
      room->readers[i] = make_participant (i, "r", "Reader", "reader", TRUE);
      g_list_store_append (room->workers[i]->participants, room->writers[i]);
      g_signal_connect (room->writers[i], "send", G_CALLBACK (on_send), room->pages[i]);
    }
  for (guint i = 0; i < 2; i++)
    {
      room->workers[i]->other = room->workers[1 - i];
      start_half (room->workers[i], NULL);
    }
  set_up_link (room, TRUE);
  carry (room);
}

static void
room_down (Room *room, gconstpointer data)
{
  for (guint i = 0; i < 2; i++)
    {
      g_object_unref (room->workers[i]);
      g_object_unref (room->writers[i]);
      g_object_unref (room->readers[i]);
      g_ptr_array_unref (room->pages[i]);
    }
}

static gboolean
say (Room *room, guint side, KarezParticipant *participant, const char *json, GError **error)
{
  g_autoptr (JsonNode) node = json_from_string (json, NULL);
  KarezModality *half = room->workers[side]->half;

  g_assert_nonnull (node);
  return KAREZ_MODALITY_GET_IFACE (half)->message (half, participant, json_node_get_object (node),
                                                   error);
}

static void
type (Room *room, guint side, guint n, gint64 revision, gint64 position, const char *text)
{
  g_autofree char *json = g_strdup_printf (
      "{\"type\":\"edit\",\"edit\":\"019ab3c4-0000-7000-8000-%012u\",\"revision\":%" G_GINT64_FORMAT
      ",\"position\":%" G_GINT64_FORMAT ",\"remove\":0,\"insert\":\"%s\"}",
      n, revision, position, text);
  g_autoptr (GError) error = NULL;

  say (room, side, room->writers[side], json, &error);
  g_assert_no_error (error);
}

static char *
text_of (FakeWorker *worker)
{
  g_autoptr (GBytes) saved = KAREZ_MODALITY_GET_IFACE (worker->half)->checkpoint (worker->half);
  g_autoptr (JsonNode) node = karez_json_parse (saved, 0, NULL);

  return g_strdup (json_object_get_string_member (json_node_get_object (node), "text"));
}

static void
assert_text (Room *room, const char *expected)
{
  for (guint i = 0; i < 2; i++)
    {
      g_autofree char *text = text_of (room->workers[i]);

      g_assert_cmpstr (text, ==, expected);
    }
}

/* The last message of a type that a page was sent, or NULL. */
static JsonObject *
last_of (GPtrArray *page, const char *wanted)
{
  for (guint i = page->len; i > 0; i--)
    {
      JsonObject *object = json_node_get_object (page->pdata[i - 1]);

      if (g_str_equal (json_object_get_string_member (object, "type"), wanted))
        return object;
    }
  return NULL;
}

static void
test_both_write (Room *room, gconstpointer data)
{
  JsonObject *edit;

  type (room, 0, 1, 0, 0, "血压 ");
  type (room, 1, 2, 0, 0, "120");
  carry (room);
  assert_text (room, "血压 120");
  for (guint i = 0; i < 2; i++)
    {
      edit = last_of (room->pages[i], "edit");
      g_assert_cmpint (json_object_get_int_member (edit, "revision"), ==, 2);
      g_assert_cmpint (json_object_get_int_member (edit, "position"), ==, 3);
      g_assert_cmpstr (
          json_object_get_string_member (json_object_get_object_member (edit, "author"), "name"),
          ==, "王医生");
    }
  /* Said twice: answered, without effect, on either side. */
  g_ptr_array_set_size (room->pages[0], 0);
  g_ptr_array_set_size (room->pages[1], 0);
  type (room, 1, 2, 0, 0, "120");
  carry (room);
  assert_text (room, "血压 120");
  g_assert_nonnull (last_of (room->pages[1], "edit"));
  g_assert_null (last_of (room->pages[0], "edit"));
}

static void
test_refusals (Room *room, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  JsonObject *refused;

  g_assert_false (say (room, 0, room->readers[0],
                       "{\"type\":\"edit\",\"edit\":\"019ab3c4-0000-7000-8000-000000000001\","
                       "\"revision\":0,\"position\":0,\"remove\":0,\"insert\":\"x\"}",
                       &error));
  g_assert_true (karez_error_is_denied (error));
  g_clear_error (&error);
  g_assert_false (say (room, 0, room->writers[0], "{\"type\":\"what\"}", &error));
  g_assert_true (karez_error_is_invalid (error));
  g_clear_error (&error);
  g_assert_false (say (room, 0, room->writers[0], "{}", &error));
  g_assert_true (karez_error_is_invalid (error));
  g_clear_error (&error);
  g_assert_false (say (room, 1, room->writers[1], "{\"type\":\"cursor\",\"position\":-5}", &error));
  g_assert_true (karez_error_is_invalid (error));

  /* The host refuses the other side's edit; its author is told, with the rule. */
  type (room, 1, 3, 0, 5, "outside");
  carry (room);
  refused = last_of (room->pages[1], "refused");
  g_assert_cmpstr (json_object_get_string_member (refused, "rule"), ==, "note/position");
  g_assert_null (last_of (room->pages[0], "refused"));
  room->workers[0]->state = KAREZ_STATE_HELD;
  type (room, 0, 4, 0, 0, "held");
  refused = last_of (room->pages[0], "refused");
  g_assert_cmpstr (json_object_get_string_member (refused, "rule"), ==, "note/not-live");
  assert_text (room, "");
}

static void
test_lost_link (Room *room, gconstpointer data)
{
  type (room, 0, 1, 0, 0, "a");
  carry (room);
  set_up_link (room, FALSE);
  g_assert_false (json_object_get_boolean_member (last_of (room->pages[1], "link"), "up"));
  type (room, 0, 2, 1, 1, "b");
  type (room, 1, 3, 1, 1, "c");
  set_up_link (room, TRUE);
  carry (room);
  assert_text (room, "abc");
  g_assert_true (json_object_get_boolean_member (last_of (room->pages[1], "link"), "up"));
}

/* An edit that never came: the other side asks for the whole note. */
static void
test_missing (Room *room, gconstpointer data)
{
  type (room, 0, 1, 0, 0, "a");
  g_bytes_unref (g_queue_pop_head (&room->workers[1]->on_the_way));
  type (room, 0, 2, 1, 1, "b");
  carry (room);
  assert_text (room, "ab");
  g_assert_cmpstr (json_object_get_string_member (last_of (room->pages[1], "note"), "text"), ==,
                   "ab");
}

/* The host's worker comes back with an older checkpoint; the other side knows more. */
static void
test_host_restarts (Room *room, gconstpointer data)
{
  FakeWorker *host = room->workers[0];
  g_autoptr (GBytes) saved = NULL;

  type (room, 0, 1, 0, 0, "a");
  saved = KAREZ_MODALITY_GET_IFACE (host->half)->checkpoint (host->half);
  type (room, 1, 2, 1, 1, "b");
  carry (room);
  set_up_link (room, FALSE);
  start_half (host, saved);
  /* Somebody writes before the other side was heard: it waits. */
  type (room, 0, 3, 2, 2, "c");
  set_up_link (room, TRUE);
  carry (room);
  assert_text (room, "abc");
  /* What the other side's page was not sure of is not in twice. */
  type (room, 1, 2, 1, 1, "b");
  carry (room);
  assert_text (room, "abc");
}

static void
test_other_restarts (Room *room, gconstpointer data)
{
  FakeWorker *other = room->workers[1];
  g_autoptr (GBytes) saved = NULL;

  type (room, 0, 1, 0, 0, "a");
  carry (room);
  saved = KAREZ_MODALITY_GET_IFACE (other->half)->checkpoint (other->half);
  type (room, 0, 2, 1, 1, "b");
  carry (room);
  set_up_link (room, FALSE);
  start_half (other, saved);
  set_up_link (room, TRUE);
  carry (room);
  assert_text (room, "ab");
}

static void
stop (FakeWorker *worker, GAsyncResult **result)
{
  KAREZ_MODALITY_GET_IFACE (worker->half)->stop_async (worker->half, "done", NULL, on_done, result);
}

static void
test_stop (Room *room, gconstpointer data)
{
  GAsyncResult *results[2] = { NULL, NULL };

  type (room, 0, 1, 0, 0, "a");
  carry (room);
  type (room, 0, 2, 1, 1, "b");
  for (guint i = 0; i < 2; i++)
    room->workers[i]->state = KAREZ_STATE_STOPPING;
  /* The other side is asked first, and lacks the last edit: it waits for the host's word. */
  stop (room->workers[1], &results[1]);
  g_assert_cmpuint (room->workers[1]->records->len, ==, 0);
  stop (room->workers[0], &results[0]);
  carry (room);
  wait_for (&results[0]);
  wait_for (&results[1]);
  for (guint i = 0; i < 2; i++)
    {
      FakeWorker *worker = room->workers[i];
      JsonObject *kept;

      g_assert_true (
          KAREZ_MODALITY_GET_IFACE (worker->half)->stop_finish (worker->half, results[i], NULL));
      g_assert_cmpuint (worker->records->len, ==, 1);
      kept = json_node_get_object (worker->records->pdata[0]);
      g_assert_cmpstr (json_object_get_string_member (kept, "text"), ==, "ab");
      g_assert_cmpint (json_object_get_int_member (kept, "revision"), ==, 2);
      g_object_unref (results[i]);
    }
}

/* Without the host's word it keeps what it has, and the session ends. */
static void
test_stop_alone (Room *room, gconstpointer data)
{
  GAsyncResult *result = NULL;

  type (room, 0, 1, 0, 0, "a");
  carry (room);
  stop (room->workers[1], &result);
  wait_for (&result);
  g_assert_true (KAREZ_MODALITY_GET_IFACE (room->workers[1]->half)
                     ->stop_finish (room->workers[1]->half, result, NULL));
  g_assert_cmpuint (room->workers[1]->records->len, ==, 1);
  g_object_unref (result);
}

/* What a broken other side might send changes nothing. */
static void
test_nonsense (Room *room, gconstpointer data)
{
  static const char *const nonsense[] = {
    "",
    "x",
    "[]",
    "{}",
    "{\"type\":\"note\"}",
    "{\"type\":\"note\",\"note\":{\"type\":\"note\",\"revision\":9,\"text\":\"\\u0007\","
    "\"authors\":[],\"edits\":[]}}",
    "{\"type\":\"edit\",\"edit\":7}",
    "{\"type\":\"refused\",\"edit\":\"x\"}",
    "{\"type\":\"cursor\",\"participant\":\"w1\",\"name\":\"n\",\"position\":99999999}"
  };

  type (room, 0, 1, 0, 0, "a");
  carry (room);
  for (guint i = 0; i < 2; i++)
    for (guint j = 0; j < G_N_ELEMENTS (nonsense); j++)
      {
        g_autoptr (GBytes) payload = g_bytes_new (nonsense[j], strlen (nonsense[j]));

        g_signal_emit_by_name (room->workers[i], "message", 16u, payload);
      }
  carry (room);
  assert_text (room, "a");
}

#define ADD(name, func)                                                                            \
  g_test_add ("/template/modality/" name, Room, NULL, room_up, func, room_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("both-write", test_both_write);
  ADD ("refusals", test_refusals);
  ADD ("lost-link", test_lost_link);
  ADD ("missing", test_missing);
  ADD ("host-restarts", test_host_restarts);
  ADD ("other-restarts", test_other_restarts);
  ADD ("stop", test_stop);
  ADD ("stop-alone", test_stop_alone);
  ADD ("nonsense", test_nonsense);
  return g_test_run ();
}
