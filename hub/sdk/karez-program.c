/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A program that works for a session, as a live half sees it. */
#define KAREZ_INSIDE
#include "karez-program.h"

G_DEFINE_INTERFACE (KarezProgram, karez_program, G_TYPE_OBJECT)

static void
karez_program_default_init (KarezProgramInterface *iface)
{
  /**
   * KarezProgram::started:
   *
   * There is a new process.
   *
   * Since: 1.1
   */
  g_signal_new ("started", KAREZ_TYPE_PROGRAM, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE,
                0);
  /**
   * KarezProgram::message:
   * @message: what it sent
   *
   * Since: 1.1
   */
  g_signal_new ("message", KAREZ_TYPE_PROGRAM, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE,
                1, G_TYPE_BYTES);
  /**
   * KarezProgram::ended:
   * @reason: in English, for the log
   * @again: whether another process takes its place
   *
   * Since: 1.1
   */
  g_signal_new ("ended", KAREZ_TYPE_PROGRAM, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 2,
                G_TYPE_STRING, G_TYPE_BOOLEAN);
}

gboolean
karez_program_is_running (KarezProgram *self)
{
  g_return_val_if_fail (KAREZ_IS_PROGRAM (self), FALSE);

  return KAREZ_PROGRAM_GET_IFACE (self)->is_running (self);
}

gboolean
karez_program_send (KarezProgram *self, GBytes *message, const int *fds, guint n_fds,
                    GError **error)
{
  g_return_val_if_fail (KAREZ_IS_PROGRAM (self), FALSE);
  g_return_val_if_fail (message != NULL && g_bytes_get_size (message) >= 1, FALSE);
  g_return_val_if_fail (g_bytes_get_size (message) <= KAREZ_PROGRAM_MAX_SIZE, FALSE);
  g_return_val_if_fail (n_fds <= KAREZ_PROGRAM_MAX_FDS && (fds != NULL || n_fds == 0), FALSE);

  return KAREZ_PROGRAM_GET_IFACE (self)->send (self, message, fds, n_fds, error);
}

void
karez_program_stop (KarezProgram *self)
{
  g_return_if_fail (KAREZ_IS_PROGRAM (self));

  KAREZ_PROGRAM_GET_IFACE (self)->stop (self);
}
