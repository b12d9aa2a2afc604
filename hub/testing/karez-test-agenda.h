/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <karez.h>

G_BEGIN_DECLS

#define KAREZ_TEST_TYPE_AGENDA (karez_test_agenda_get_type ())
/**
 * KarezTestAgenda:
 * The bookings that a test made.
 */
G_DECLARE_FINAL_TYPE (KarezTestAgenda, karez_test_agenda, KAREZ_TEST, AGENDA, GObject)

KarezTestAgenda *karez_test_agenda_new (void);
void karez_test_agenda_add (KarezTestAgenda *self, JsonNode *booking);

G_END_DECLS
