/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <karez.h>

G_BEGIN_DECLS

#define KAREZ_TEST_TYPE_PROGRAM (karez_test_program_get_type ())
/**
 * KarezTestProgram:
 * A session's program in a live half's test, without a process: it begins with the next turn of the
 * main loop; the test says what it sends, and when it ends.
 *
 * Since: 1.1
 */
KAREZ_PUBLIC
G_DECLARE_FINAL_TYPE (KarezTestProgram, karez_test_program, KAREZ_TEST, PROGRAM, GObject)

/**
 * karez_test_program_take:
 *
 * What the half sent first of what was not taken yet.
 *
 * Returns: (transfer full) (nullable):
 *
 * Since: 1.1
 */
KAREZ_PUBLIC GBytes *karez_test_program_take (KarezTestProgram *self);
/**
 * karez_test_program_get_fd:
 * @i: from 0
 *
 * One of the descriptors that came with the message that was taken last; until the next one is
 * taken, or the program ends.
 *
 * Returns: -1 where there are no more
 *
 * Since: 1.1
 */
KAREZ_PUBLIC int karez_test_program_get_fd (KarezTestProgram *self, guint i);
/**
 * karez_test_program_set_room:
 * @n: 0 for any number, as it begins
 *
 * So many messages find room until the test takes them; the half is told %KAREZ_ERROR_BUSY of
 * more. What a program is sent while it works is limited by the kernel, to some 200 KB.
 *
 * Since: 1.1
 */
KAREZ_PUBLIC void karez_test_program_set_room (KarezTestProgram *self, guint n);
/**
 * karez_test_program_say:
 *
 * It sends @message to the half.
 *
 * Since: 1.1
 */
KAREZ_PUBLIC void karez_test_program_say (KarezTestProgram *self, GBytes *message);
/**
 * karez_test_program_end:
 * @again: whether another process takes its place, with the next turn of the main loop
 *
 * Its process ends; what it was sent and did not take is lost.
 *
 * Since: 1.1
 */
KAREZ_PUBLIC void karez_test_program_end (KarezTestProgram *self, gboolean again);
/**
 * karez_test_program_is_over:
 *
 * Whether the half has stopped it, or nothing took its place.
 *
 * Since: 1.1
 */
KAREZ_PUBLIC gboolean karez_test_program_is_over (KarezTestProgram *self);

G_END_DECLS
