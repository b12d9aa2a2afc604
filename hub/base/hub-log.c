/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hub-log.h"

#include "hub-clock.h"

#include <stdio.h>
#include <unistd.h>

static const char *program_name = "karez";

void
hub_log (GLogLevelFlags level, const char *topic, const char *subject, const char *file,
         const char *line, const char *function, const char *format, ...)
{
  g_autofree char *message = NULL;
  va_list args;

  va_start (args, format);
  message = g_strdup_vprintf (format, args);
  va_end (args);

  const GLogField fields[] = {
    { "MESSAGE", message, -1 },
    { "GLIB_DOMAIN", "karez", -1 },
    { "PRIORITY",
      level & G_LOG_LEVEL_CRITICAL  ? "4"
      : level & G_LOG_LEVEL_WARNING ? "4"
      : level & G_LOG_LEVEL_MESSAGE ? "5"
      : level & G_LOG_LEVEL_INFO    ? "6"
                                    : "7",
      -1 },
    { "CODE_FILE", file, -1 },
    { "CODE_LINE", line, -1 },
    { "CODE_FUNC", function, -1 },
    { "TOPIC", topic, -1 },
    { "SUBJECT", subject != NULL ? subject : "", -1 },
  };

  g_log_structured_array (level, fields, G_N_ELEMENTS (fields));
}

static const char *
field (const GLogField *fields, gsize n_fields, const char *key)
{
  for (gsize i = 0; i < n_fields; i++)
    if (g_str_equal (fields[i].key, key) && fields[i].length < 0)
      return fields[i].value;
  return "";
}

static const char *
level_name (GLogLevelFlags level)
{
  return level & G_LOG_LEVEL_ERROR      ? "error"
         : level & G_LOG_LEVEL_CRITICAL ? "critical"
         : level & G_LOG_LEVEL_WARNING  ? "warning"
         : level & G_LOG_LEVEL_MESSAGE  ? "notice"
         : level & G_LOG_LEVEL_INFO     ? "info"
                                        : "debug";
}

static GLogWriterOutput
write_text (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer data)
{
  g_autofree char *time = NULL;
  const char *subject, *topic;

  /* The journal would take libraries' debugging too. */
  if (g_log_writer_default_would_drop (level, field (fields, n_fields, "GLIB_DOMAIN")))
    return G_LOG_WRITER_HANDLED;
  if (g_log_writer_is_journald (STDERR_FILENO))
    return g_log_writer_journald (level, fields, n_fields, data);

  time = hub_time_format (hub_clock_now ());
  topic = field (fields, n_fields, "TOPIC");
  subject = field (fields, n_fields, "SUBJECT");
  fprintf (stderr, "%s %s[%d] %s%s%s%s%s: %s\n", time, program_name, (int) getpid (),
           level_name (level), *topic != '\0' ? " " : "", topic, *subject != '\0' ? " " : "",
           subject, field (fields, n_fields, "MESSAGE"));
  return G_LOG_WRITER_HANDLED;
}

void
hub_log_open (const char *program)
{
  program_name = program;
  g_log_set_writer_func (write_text, NULL, NULL);
}
