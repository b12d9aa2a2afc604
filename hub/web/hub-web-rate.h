/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * HubWebRate:
 * So many acts a second for each key, with a burst (a token bucket). Main thread only.
 */
typedef struct _HubWebRate HubWebRate;

/* @max_keys: how many keys are remembered; beyond it the full buckets are forgotten, then all */
HubWebRate *hub_web_rate_new (double per_second, double burst, guint max_keys);
void hub_web_rate_free (HubWebRate *self);
/**
 * hub_web_rate_take:
 * @now: monotonic µs
 * @wait_s: (out) (optional): whole seconds until one more is allowed, at least 1
 */
gboolean hub_web_rate_take (HubWebRate *self, const char *key, gint64 now, guint *wait_s);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HubWebRate, hub_web_rate_free)

G_END_DECLS
