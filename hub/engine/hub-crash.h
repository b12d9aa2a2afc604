/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-calls.h"

G_BEGIN_DECLS

/* Whose code crashed or holds the main thread, when nobody is being called: a plugin's timer, its
 * idle source, a callback that it gave to a library, a thread of its own. What is on the stack is
 * held against where the plugins' modules are; of a crash it is written into the calls of this
 * process.
 * Under AddressSanitizer, which reports crashes itself, nobody looks. */

/* What is called, where no call of ours is. */
#define HUB_CRASH_OWN_CODE "code of its own"

/* From now on crashes are written into @calls, until that is freed; main thread. */
void hub_crash_watch (HubCalls *calls);
/* @inside: an address within the module that was opened for @plugin; main thread */
void hub_crash_add_module (const char *plugin, gconstpointer inside);

/**
 * hub_crash_ask:
 * @plugin: (out): an id
 *
 * Whose code the main thread is in, asked by a signal; from any other thread, one at a time. FALSE
 * when it is in no plugin's, does not answer, or nobody looks.
 */
gboolean hub_crash_ask (char *plugin, gsize size);

G_END_DECLS
