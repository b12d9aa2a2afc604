/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Tries one input. It aborts (g_assert, a sanitizer) when a property does not hold. */
typedef void (*FuzzFunc) (const guint8 *data, gsize size);

/**
 * fuzz_main:
 * @name: the target; its corpus is corpus/@name/ beside this file
 *
 * A fuzz target's main(): first the corpus as it stands, then inputs made from it by seeded
 * changes, until the time is over. Prints TAP and the seed. Options: --seed N (else one of the
 * clock's), --seconds N (5), --input FILE to try one file alone.
 *
 * A crash leaves the input behind in build/artefacts/fuzz-NAME.input.
 */
int fuzz_main (int argc, char **argv, const char *name, FuzzFunc func);

G_END_DECLS
