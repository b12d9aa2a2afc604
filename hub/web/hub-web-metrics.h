/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef double (*HubWebMetricFunc) (gpointer data);

/**
 * HubWebMetrics:
 * Gauges and counters as text for Prometheus. Main thread only.
 */
typedef struct _HubWebMetrics HubWebMetrics;

HubWebMetrics *hub_web_metrics_new (void);
void hub_web_metrics_free (HubWebMetrics *self);
/* @name: letters, digits and '_'; "_total" at its end makes it a counter. */
void hub_web_metrics_add (HubWebMetrics *self, const char *name, const char *help,
                          HubWebMetricFunc func, gpointer data);
/* One more answer with this HTTP status. */
void hub_web_metrics_count_answer (HubWebMetrics *self, guint status);
/* Text exposition format 0.0.4. Returns: (transfer full) */
char *hub_web_metrics_print (HubWebMetrics *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HubWebMetrics, hub_web_metrics_free)

G_END_DECLS
