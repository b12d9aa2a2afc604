/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A live half that counts, and does what the booking's reason says. */
#include "escape.h"

#include <karez.h>
#include <stdlib.h>
#include <unistd.h>

#define TEST_TYPE_MODALITY (test_modality_get_type ())
G_DECLARE_FINAL_TYPE (TestModality, test_modality, TEST, MODALITY, GObject)

struct _TestModality
{
  GObject parent_instance;
  KarezSession *session;
  gint64 count;
  char *reason;
  gboolean moving; /* what holds and stops still */
  guint looks;     /* preflights that were made */
  gboolean unplugged;
  KarezProgram *program; /* NULL before one is asked for */
};

static void modality_iface_init (KarezModalityInterface *iface);
G_DEFINE_FINAL_TYPE_WITH_CODE (TestModality, test_modality, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (KAREZ_TYPE_MODALITY, modality_iface_init))

static gboolean
finish (KarezModality *modality, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
succeed (KarezModality *modality, GCancellable *cancellable, GAsyncReadyCallback callback,
         gpointer data)
{
  g_autoptr (GTask) task = g_task_new (modality, cancellable, callback, data);

  g_task_return_boolean (task, TRUE);
}

static void
prepare_async (KarezModality *modality, KarezSession *session, GCancellable *cancellable,
               GAsyncReadyCallback callback, gpointer data)
{
  TestModality *self = (TestModality *) modality;
  JsonObject *booking = json_node_get_object (karez_session_get_booking (session));

  self->session = session;
  self->reason = g_strdup (karez_json_text (booking, "reason"));
  if (g_strcmp0 (self->reason, "hang in prepare") == 0)
    return;
  if (g_strcmp0 (self->reason, "crash in prepare") == 0)
    abort ();
  if (g_strcmp0 (self->reason, "silent in prepare") == 0)
    {
      g_autoptr (GTask) task = g_task_new (modality, NULL, callback, data);

      g_task_return_boolean (task, FALSE);
      return;
    }
  succeed (modality, cancellable, callback, data);
}

/* How long a start and a resume take, which then do not listen when they are cancelled. */
static guint
delay_of (TestModality *self)
{
  if (g_strcmp0 (self->reason, "slow") == 0)
    return 300;
  return g_strcmp0 (self->reason, "quick") == 0 ? 8 : 0;
}

/* Whether something moves, told as a check. */
static void
set_moving (TestModality *self, gboolean moving)
{
  g_autoptr (KarezCheck) check = karez_check_new ("test.moving", KAREZ_VERDICT_PASSED,
                                                  moving ? "moving" : "still", NULL, NULL);

  self->moving = moving;
  if (self->session != NULL && delay_of (self))
    karez_session_report (self->session, check);
}

static gboolean
on_slow (gpointer data)
{
  g_autoptr (GTask) task = data;

  set_moving (g_task_get_source_object (task), TRUE);
  g_task_return_boolean (task, TRUE);
  return G_SOURCE_REMOVE;
}

static void
move_async (KarezModality *modality, GCancellable *cancellable, GAsyncReadyCallback callback,
            gpointer data)
{
  TestModality *self = (TestModality *) modality;

  if (delay_of (self))
    g_timeout_add (delay_of (self), on_slow, g_task_new (modality, NULL, callback, data));
  else
    {
      set_moving (self, TRUE);
      succeed (modality, cancellable, callback, data);
    }
}

/* "unready": four times it is not, and then it is. "plug": as it is now. */
static void
preflight_async (KarezModality *modality, GCancellable *cancellable, GAsyncReadyCallback callback,
                 gpointer data)
{
  TestModality *self = (TestModality *) modality;
  g_autoptr (GTask) task = g_task_new (modality, cancellable, callback, data);
  GListStore *list = g_list_store_new (KAREZ_TYPE_CHECK);

  if (g_strcmp0 (self->reason, "unready") == 0 && self->looks++ < 4)
    {
      g_autoptr (KarezCheck)
          check = karez_check_new ("test.ready", KAREZ_VERDICT_FAILED, "not yet", NULL, NULL);

      g_list_store_append (list, check);
    }
  if (g_strcmp0 (self->reason, "plug") == 0)
    {
      g_autoptr (KarezCheck) check = karez_check_new (
          "test.plug", self->unplugged ? KAREZ_VERDICT_FAILED : KAREZ_VERDICT_PASSED, NULL, NULL,
          NULL);

      g_list_store_append (list, check);
    }
  g_task_return_pointer (task, list, g_object_unref);
}

static GListModel *
preflight_finish (KarezModality *modality, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
hold_async (KarezModality *modality, const char *reason, GCancellable *cancellable,
            GAsyncReadyCallback callback, gpointer data)
{
  set_moving ((TestModality *) modality, FALSE);
  succeed (modality, cancellable, callback, data);
}

static void
panic (KarezModality *modality, const char *reason)
{
  set_moving ((TestModality *) modality, FALSE);
}

static void
join_async (KarezModality *modality, KarezParticipant *participant, GCancellable *cancellable,
            GAsyncReadyCallback callback, gpointer data)
{
  TestModality *self = (TestModality *) modality;

  if (karez_participant_is_local (participant))
    karez_participant_send (participant, karez_json_object ("count", "i", self->count, NULL));
  succeed (modality, cancellable, callback, data);
}

static void
stop_async (KarezModality *modality, const char *reason, GCancellable *cancellable,
            GAsyncReadyCallback callback, gpointer data)
{
  TestModality *self = (TestModality *) modality;

  set_moving (self, FALSE);
  karez_session_record (self->session, "count.keep", NULL,
                        karez_json_object ("count", "i", self->count, NULL));
  succeed (modality, cancellable, callback, data);
}

static gboolean
on_crash_later (gpointer data)
{
  abort ();
}

static gboolean
on_hang_later (gpointer data)
{
  for (;;)
    g_usleep (G_USEC_PER_SEC);
  return G_SOURCE_REMOVE;
}

/* Its program: what becomes of it is told to pages. */

static void
tell_of_program (TestModality *self, const char *what, const char *text)
{
  karez_session_broadcast (self->session,
                           karez_json_object ("program", "s", what, "text", "s", text, NULL));
}

static void
on_program_started (KarezProgram *program, TestModality *self)
{
  tell_of_program (self, "started", "");
}

static void
on_program_message (KarezProgram *program, GBytes *message, TestModality *self)
{
  g_autofree char *text = g_strndup (g_bytes_get_data (message, NULL), g_bytes_get_size (message));

  tell_of_program (self, "message", text);
}

static void
on_program_ended (KarezProgram *program, const char *reason, gboolean again, TestModality *self)
{
  tell_of_program (self, again ? "ended" : "ended for good", reason);
}

static gboolean
start_program (TestModality *self, const char *name, GError **error)
{
  g_autoptr (KarezProgram) program = karez_session_start_program (self->session, name, error);

  if (program == NULL)
    return FALSE;
  g_set_object (&self->program, program);
  g_signal_connect_object (program, "started", G_CALLBACK (on_program_started), self, 0);
  g_signal_connect_object (program, "message", G_CALLBACK (on_program_message), self, 0);
  g_signal_connect_object (program, "ended", G_CALLBACK (on_program_ended), self, 0);
  return TRUE;
}

/* With a descriptor to which it writes. */
static gboolean
send_to_program (TestModality *self, const char *text, GError **error)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));
  int ends[2] = { -1, -1 };
  gboolean sent;
  char back[6] = { 0 };

  if (!g_str_equal (text, "descriptor"))
    return karez_program_send (self->program, bytes, NULL, 0, error);
  g_assert_true (pipe (ends) == 0);
  sent = karez_program_send (self->program, bytes, &ends[1], 1, error);
  close (ends[1]);
  g_assert_true (!sent || read (ends[0], back, 5) == 5);
  close (ends[0]);
  g_assert_true (!sent || g_str_equal (back, "hello"));
  return sent;
}

static gboolean
message (KarezModality *modality, KarezParticipant *participant, JsonObject *body, GError **error)
{
  TestModality *self = (TestModality *) modality;
  const char *type = karez_json_text (body, "type");

  if (g_strcmp0 (type, "add") == 0)
    {
      self->count++;
      karez_session_broadcast (self->session, karez_json_object ("count", "i", self->count, NULL));
      return TRUE;
    }
  if (type != NULL && strstr (type, "plug") != NULL)
    {
      self->unplugged = g_str_has_prefix (type, "un");
      if (g_str_has_suffix (type, "and ask"))
        karez_session_request_preflight (self->session);
      return TRUE;
    }
  if (g_strcmp0 (type, "record") == 0)
    {
      karez_session_record (self->session, "count.note", karez_participant_get_actor (participant),
                            karez_json_object ("count", "i", self->count, NULL));
      return TRUE;
    }
  if (g_strcmp0 (type, "keep") == 0)
    {
      karez_session_record (self->session, karez_json_text (body, "action"),
                            karez_participant_get_actor (participant),
                            json_node_ref (json_object_get_member (body, "body")));
      return TRUE;
    }
  if (g_strcmp0 (type, "escape") == 0)
    {
      JsonNode *node = json_node_new (JSON_NODE_OBJECT);

      json_node_take_object (node, escape_try (body));
      karez_participant_send (participant, node);
      return TRUE;
    }
  if (g_strcmp0 (type, "start program") == 0)
    return start_program (self, karez_json_text (body, "name"), error);
  if (g_strcmp0 (type, "send to program") == 0)
    return send_to_program (self, karez_json_text (body, "text"), error);
  if (g_strcmp0 (type, "stop program") == 0)
    {
      karez_program_stop (self->program);
      return TRUE;
    }
  if (g_strcmp0 (type, "hold") == 0)
    {
      karez_session_hold (self->session, "asked by a page");
      return TRUE;
    }
  if (g_strcmp0 (type, "crash later") == 0)
    {
      g_timeout_add (50, on_crash_later, NULL);
      return TRUE;
    }
  if (g_strcmp0 (type, "hang later") == 0)
    {
      g_timeout_add (50, on_hang_later, NULL);
      return TRUE;
    }
  if (g_strcmp0 (type, "hang") == 0)
    for (;;)
      g_usleep (G_USEC_PER_SEC);
  return karez_error_set (error, KAREZ_ERROR_INVALID, "test/type",
                          "add, record, keep, escape, hold, hang, hang later or crash later",
                          "There is no message “%s”.", type != NULL ? type : "");
}

static GBytes *
checkpoint (KarezModality *modality)
{
  TestModality *self = (TestModality *) modality;
  g_autofree char *text = g_strdup_printf ("%" G_GINT64_FORMAT, self->count);

  return g_bytes_new (text, strlen (text));
}

static gboolean
restore (KarezModality *modality, GBytes *state, GError **error)
{
  TestModality *self = (TestModality *) modality;
  g_autofree char *text = g_strndup (g_bytes_get_data (state, NULL), g_bytes_get_size (state));

  if (g_ascii_string_to_signed (text, 10, 0, G_MAXINT64, &self->count, NULL))
    return TRUE;
  return karez_error_set (error, KAREZ_ERROR_INVALID, "test/state", NULL, "The state is damaged.");
}

static void
modality_iface_init (KarezModalityInterface *iface)
{
  iface->prepare_async = prepare_async;
  iface->prepare_finish = finish;
  iface->preflight_async = preflight_async;
  iface->preflight_finish = preflight_finish;
  iface->start_async = move_async;
  iface->start_finish = finish;
  iface->hold_async = hold_async;
  iface->hold_finish = finish;
  iface->resume_async = move_async;
  iface->resume_finish = finish;
  iface->panic = panic;
  iface->join_async = join_async;
  iface->join_finish = finish;
  iface->stop_async = stop_async;
  iface->stop_finish = finish;
  iface->message = message;
  iface->checkpoint = checkpoint;
  iface->restore = restore;
}

static void
finalize (GObject *object)
{
  g_clear_object (&((TestModality *) object)->program);
  g_free (((TestModality *) object)->reason);
  G_OBJECT_CLASS (test_modality_parent_class)->finalize (object);
}

static void
test_modality_class_init (TestModalityClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = finalize;
}

static void
test_modality_init (TestModality *self)
{
}

KAREZ_MODALITY_MODULE (test_modality)
