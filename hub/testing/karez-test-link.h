/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <karez.h>

G_BEGIN_DECLS

#define KAREZ_TEST_TYPE_LINK (karez_test_link_get_type ())
/**
 * KarezTestLink:
 * One end of a session's link in a live half's test: what is sent waits at the other end until it
 * is delivered. Signal "sent" (no arguments).
 */
G_DECLARE_FINAL_TYPE (KarezTestLink, karez_test_link, KAREZ_TEST, LINK, GObject)

KarezTestLink *karez_test_link_new (void);
/* @other: (nullable): not owned */
void karez_test_link_join (KarezTestLink *self, KarezTestLink *other);
void karez_test_link_set_up (KarezTestLink *self, gboolean up);
/* Another live half opens its streams. */
void karez_test_link_close (KarezTestLink *self);
/* Returns: whether something was on its way */
gboolean karez_test_link_deliver (KarezTestLink *self);
void karez_test_link_lose (KarezTestLink *self);
guint karez_test_link_count (KarezTestLink *self);
/* On the stream that was opened first. */
void karez_test_link_receive (KarezTestLink *self, const char *text);

G_END_DECLS
