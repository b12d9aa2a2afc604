/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <karez.h>

G_BEGIN_DECLS

#define KAREZ_TEST_TYPE_MEDIA (karez_test_media_get_type ())
/**
 * KarezTestMedia:
 * The media of a worker in a live half's test: remembers who is in it, whether anything is passed
 * on, and what was declared.
 */
G_DECLARE_FINAL_TYPE (KarezTestMedia, karez_test_media, KAREZ_TEST, MEDIA, GObject)

KarezTestMedia *karez_test_media_new (void);
/* Another live half declares its own. */
void karez_test_media_forget (KarezTestMedia *self);
gboolean karez_test_media_is_forwarding (KarezTestMedia *self);
/* How many local participants are in it. */
guint karez_test_media_count (KarezTestMedia *self);
/* The worker's end of the newest tap, or of what is published; -1 for none. */
int karez_test_media_find_tap (KarezTestMedia *self, const char *participant, const char *source);
/* A page sends @text over a channel, which must have been declared. */
void karez_test_media_receive (KarezTestMedia *self, KarezParticipant *participant,
                               const char *label, const char *text);

G_END_DECLS
