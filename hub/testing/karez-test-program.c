/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A session's program for tests of live halves. */
#include "karez-test-program.h"

#include <fcntl.h>
#include <unistd.h>

typedef struct
{
  GBytes *bytes;
  guint n_fds;
  int fds[KAREZ_PROGRAM_MAX_FDS];
} Sent;

struct _KarezTestProgram
{
  GObject parent;

  gboolean running, over;
  GQueue sent; /* Sent */
  Sent *taken; /* the last one, without its bytes; NULL for none */
  guint start; /* source */
  guint room;  /* for what was not taken; 0 for any */
};

static void program_iface_init (KarezProgramInterface *iface);
G_DEFINE_FINAL_TYPE_WITH_CODE (KarezTestProgram, karez_test_program, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (KAREZ_TYPE_PROGRAM, program_iface_init))

static void
sent_free (gpointer data)
{
  Sent *sent = data;

  for (guint i = 0; i < sent->n_fds; i++)
    close (sent->fds[i]);
  g_clear_pointer (&sent->bytes, g_bytes_unref);
  g_free (sent);
}

static void
forget_sent (KarezTestProgram *self)
{
  g_queue_clear_full (&self->sent, sent_free);
  g_clear_pointer (&self->taken, sent_free);
}

static gboolean
program_is_running (KarezProgram *program)
{
  return KAREZ_TEST_PROGRAM (program)->running;
}

static gboolean
program_send (KarezProgram *program, GBytes *message, const int *fds, guint n_fds, GError **error)
{
  KarezTestProgram *self = KAREZ_TEST_PROGRAM (program);
  Sent *sent;

  if (!self->running)
    return karez_error_set (error, KAREZ_ERROR_UNAVAILABLE, "program/away", NULL,
                            "The program is not running.");
  if (self->room > 0 && self->sent.length >= self->room)
    return karez_error_set (error, KAREZ_ERROR_BUSY, "program/busy", NULL,
                            "The program has not read what it was sent before.");
  g_assert_cmpuint (n_fds, <=, KAREZ_PROGRAM_MAX_FDS);
  sent = g_new0 (Sent, 1);
  sent->bytes = g_bytes_ref (message);
  for (; sent->n_fds < n_fds; sent->n_fds++)
    {
      sent->fds[sent->n_fds] = fcntl (fds[sent->n_fds], F_DUPFD_CLOEXEC, 0);
      g_assert_cmpint (sent->fds[sent->n_fds], >=, 0);
    }
  g_queue_push_tail (&self->sent, sent);
  return TRUE;
}

static void
program_stop (KarezProgram *program)
{
  KarezTestProgram *self = KAREZ_TEST_PROGRAM (program);

  self->running = FALSE;
  self->over = TRUE;
  g_clear_handle_id (&self->start, g_source_remove);
}

static void
program_iface_init (KarezProgramInterface *iface)
{
  iface->is_running = program_is_running;
  iface->send = program_send;
  iface->stop = program_stop;
}

static gboolean
on_start (gpointer data)
{
  KarezTestProgram *self = data;

  self->start = 0;
  self->running = TRUE;
  g_signal_emit_by_name (self, "started");
  return G_SOURCE_REMOVE;
}

GBytes *
karez_test_program_take (KarezTestProgram *self)
{
  g_return_val_if_fail (KAREZ_TEST_IS_PROGRAM (self), NULL);

  g_clear_pointer (&self->taken, sent_free);
  self->taken = g_queue_pop_head (&self->sent);
  return self->taken != NULL ? g_steal_pointer (&self->taken->bytes) : NULL;
}

int
karez_test_program_get_fd (KarezTestProgram *self, guint i)
{
  g_return_val_if_fail (KAREZ_TEST_IS_PROGRAM (self), -1);

  return self->taken != NULL && i < self->taken->n_fds ? self->taken->fds[i] : -1;
}

void
karez_test_program_set_room (KarezTestProgram *self, guint n)
{
  g_return_if_fail (KAREZ_TEST_IS_PROGRAM (self));

  self->room = n;
}

void
karez_test_program_say (KarezTestProgram *self, GBytes *message)
{
  g_return_if_fail (KAREZ_TEST_IS_PROGRAM (self));
  g_return_if_fail (message != NULL);

  g_assert_true (self->running);
  g_signal_emit_by_name (self, "message", message);
}

void
karez_test_program_end (KarezTestProgram *self, gboolean again)
{
  g_return_if_fail (KAREZ_TEST_IS_PROGRAM (self));

  g_assert_true (self->running);
  self->running = FALSE;
  self->over = !again;
  forget_sent (self);
  if (again)
    self->start = g_idle_add (on_start, self);
  g_signal_emit_by_name (self, "ended", "the test ends it", again);
}

gboolean
karez_test_program_is_over (KarezTestProgram *self)
{
  g_return_val_if_fail (KAREZ_TEST_IS_PROGRAM (self), FALSE);

  return self->over;
}

static void
karez_test_program_finalize (GObject *object)
{
  KarezTestProgram *self = KAREZ_TEST_PROGRAM (object);

  g_clear_handle_id (&self->start, g_source_remove);
  forget_sent (self);
  G_OBJECT_CLASS (karez_test_program_parent_class)->finalize (object);
}

static void
karez_test_program_class_init (KarezTestProgramClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = karez_test_program_finalize;
}

static void
karez_test_program_init (KarezTestProgram *self)
{
  g_queue_init (&self->sent);
  self->start = g_idle_add (on_start, self);
}
