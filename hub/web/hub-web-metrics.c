/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Gauges and counters for Prometheus. */
#include "hub-web-metrics.h"

#include <math.h>
#include <string.h>

typedef struct
{
  char *name, *help;
  HubWebMetricFunc func;
  gpointer data;
} Metric;

struct _HubWebMetrics
{
  GPtrArray *metrics;
  guint64 answers[6]; /* by the status's first digit */
};

static void
metric_free (Metric *metric)
{
  g_free (metric->name);
  g_free (metric->help);
  g_free (metric);
}

HubWebMetrics *
hub_web_metrics_new (void)
{
  HubWebMetrics *self = g_new0 (HubWebMetrics, 1);

  self->metrics = g_ptr_array_new_with_free_func ((GDestroyNotify) metric_free);
  return self;
}

void
hub_web_metrics_free (HubWebMetrics *self)
{
  g_ptr_array_unref (self->metrics);
  g_free (self);
}

static gboolean
is_metric_name (const char *name)
{
  if (!g_ascii_islower (name[0]))
    return FALSE;
  for (; *name != '\0'; name++)
    if (!g_ascii_islower (*name) && !g_ascii_isdigit (*name) && *name != '_')
      return FALSE;
  return TRUE;
}

void
hub_web_metrics_add (HubWebMetrics *self, const char *name, const char *help, HubWebMetricFunc func,
                     gpointer data)
{
  Metric *metric;

  g_return_if_fail (is_metric_name (name) && strchr (help, '\n') == NULL);
  for (guint i = 0; i < self->metrics->len; i++)
    g_return_if_fail (strcmp (((Metric *) self->metrics->pdata[i])->name, name) != 0);

  metric = g_new0 (Metric, 1);
  metric->name = g_strdup (name);
  metric->help = g_strdup (help);
  metric->func = func;
  metric->data = data;
  g_ptr_array_add (self->metrics, metric);
}

void
hub_web_metrics_count_answer (HubWebMetrics *self, guint status)
{
  if (status / 100 < G_N_ELEMENTS (self->answers))
    self->answers[status / 100]++;
}

char *
hub_web_metrics_print (HubWebMetrics *self)
{
  GString *text = g_string_new ("# HELP karez_http_answers_total Answers by class of status.\n"
                                "# TYPE karez_http_answers_total counter\n");

  for (guint i = 1; i < G_N_ELEMENTS (self->answers); i++)
    g_string_append_printf (text,
                            "karez_http_answers_total{class=\"%uxx\"} %" G_GUINT64_FORMAT "\n", i,
                            self->answers[i]);
  for (guint i = 0; i < self->metrics->len; i++)
    {
      Metric *metric = self->metrics->pdata[i];
      double value = metric->func (metric->data);
      char number[G_ASCII_DTOSTR_BUF_SIZE];

      g_string_append_printf (
          text, "# HELP %s %s\n# TYPE %s %s\n%s %s\n", metric->name, metric->help, metric->name,
          g_str_has_suffix (metric->name, "_total") ? "counter" : "gauge", metric->name,
          isnan (value) ? "NaN" : g_ascii_formatd (number, sizeof number, "%.17g", value));
    }
  return g_string_free (text, FALSE);
}
