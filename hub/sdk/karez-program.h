/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "karez-version.h"

G_BEGIN_DECLS

/* Of a message between a live half and its program, in bytes; and how many descriptors go with it.
 */
#define KAREZ_PROGRAM_MAX_SIZE 65536
#define KAREZ_PROGRAM_MAX_FDS 4

#define KAREZ_TYPE_PROGRAM (karez_program_get_type ())
KAREZ_PUBLIC
G_DECLARE_INTERFACE (KarezProgram, karez_program, KAREZ, PROGRAM, GObject)

/**
 * KarezProgramInterface:
 * A program that works for one session, beside its worker: declared in the plugin's key file
 * (`[Program NAME]`, data/doc/plugin.md), asked for by karez_session_start_program(). In the
 * worker, main thread.
 *
 * The program has a connection to the live half as its descriptor 3, a SOCK_SEQPACKET socket
 * (unix(7)): each packet is one message, of 1 to %KAREZ_PROGRAM_MAX_SIZE bytes. A packet of a
 * single zero byte is the worker's question whether it is alive: it sends the same back, within
 * five seconds, or is ended. What it writes to its standard output and error goes to the session's
 * log.
 *
 * It can read what is installed and its own folder, and write nothing; it makes no socket, starts
 * no program, and has the memory and the niceness that its key file says. It ends when its worker
 * does, or when the session does; if it ends by itself it is started again, until it has been so
 * too often. Whatever it does harms neither the worker nor what people see and hear.
 *
 * Since: 1.1
 */
struct _KarezProgramInterface
{
  GTypeInterface parent;
  gboolean (*is_running) (KarezProgram *self);
  gboolean (*send) (KarezProgram *self, GBytes *message, const int *fds, guint n_fds,
                    GError **error);
  void (*stop) (KarezProgram *self);
  gpointer padding[5];
};

/**
 * karez_program_is_running:
 *
 * Whether there is a process that messages can be sent to.
 *
 * The signal "started" says that there is a new one: it knows nothing of what a former one was
 * told. "message" (GBytes *message) is emitted for each message of it. "ended" (const char *reason,
 * gboolean again) says that it is gone, with the reason in English, for the log; @again: whether
 * another one is started. None of them is emitted after karez_program_stop().
 *
 * Since: 1.1
 */
KAREZ_PUBLIC gboolean karez_program_is_running (KarezProgram *self);
/**
 * karez_program_send:
 * @message: of 1 to %KAREZ_PROGRAM_MAX_SIZE bytes; not a single zero byte
 * @fds: (nullable) (array length=n_fds): descriptors that go with it; they stay the caller's
 *
 * Sends it, or nothing of it. %KAREZ_ERROR_UNAVAILABLE, "program/away": there is no process.
 * %KAREZ_ERROR_BUSY, "program/busy": it has not read what was sent before.
 *
 * Since: 1.1
 */
KAREZ_PUBLIC gboolean karez_program_send (KarezProgram *self, GBytes *message, const int *fds,
                                          guint n_fds, GError **error);
/**
 * karez_program_stop:
 *
 * Ends it, for good. The last reference does the same.
 *
 * Since: 1.1
 */
KAREZ_PUBLIC void karez_program_stop (KarezProgram *self);

G_END_DECLS
