/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Structured log lines, to the journal or a terminal. */
#include "hub-log.h"

#include "hub-clock.h"

#include <stdio.h>
#include <unistd.h>

/* Of one place in the code: a log is not filled by whoever finds what makes a line of it. */
#define BURST 100.0
#define SECONDS_FOR_ONE 1

static const char *program_name = "karez";

typedef struct
{
  const char *file, *line; /* literals */
  double spare;
  gint64 since;
  guint left_out;
} Place;

static guint
place_hash (gconstpointer place)
{
  return g_direct_hash (((const Place *) place)->file)
         ^ g_direct_hash (((const Place *) place)->line);
}

static gboolean
place_equal (gconstpointer a, gconstpointer b)
{
  const Place *one = a, *other = b;

  return one->file == other->file && one->line == other->line;
}

/* Whether there is room for one more line of a place. @left_out: how many there were since the last
 * one that had none */
static gboolean
take_room (const char *file, const char *line, guint *left_out)
{
  static GMutex mutex;
  static GHashTable *places; /* set of Place */
  gint64 now = hub_clock_monotonic ();
  const Place key = { file, line, 0, 0, 0 };
  gboolean room;
  Place *place;

  g_mutex_lock (&mutex);
  if (places == NULL)
    places = g_hash_table_new (place_hash, place_equal);
  place = g_hash_table_lookup (places, &key);
  if (place == NULL)
    {
      place = g_memdup2 (&key, sizeof key);
      place->spare = BURST;
      place->since = now;
      g_hash_table_add (places, place);
    }
  place->spare = MIN (
      BURST, place->spare + (double) (now - place->since) / (SECONDS_FOR_ONE * G_USEC_PER_SEC));
  place->since = now;
  room = place->spare >= 1;
  place->spare -= room;
  *left_out = place->left_out;
  place->left_out = room ? 0 : place->left_out + 1;
  g_mutex_unlock (&mutex);
  return room;
}

void
hub_log (GLogLevelFlags level, const char *topic, const char *subject, const char *file,
         const char *line, const char *function, const char *format, ...)
{
  g_autofree char *message = NULL;
  guint left_out = 0;
  va_list args;

  if (level > G_LOG_LEVEL_CRITICAL && !take_room (file, line, &left_out))
    return;
  va_start (args, format);
  message = g_strdup_vprintf (format, args);
  va_end (args);
  if (left_out > 0)
    {
      g_autofree char *one = g_steal_pointer (&message);

      message = g_strdup_printf ("%s (%u more like this were left out)", one, left_out);
    }

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

/* One line of valid text, whatever others wrote that stands in it; a character that turns the line
 * about, or is not seen at all, is its number. */
static char *
one_line (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  GString *line = g_string_new (NULL);

  for (const char *c = valid; *c != '\0'; c = g_utf8_next_char (c))
    {
      gunichar letter = g_utf8_get_char (c);
      GUnicodeType type = g_unichar_type (letter);

      if (g_ascii_iscntrl (*c))
        g_string_append_c (line, ' ');
      else if (type == G_UNICODE_CONTROL || type == G_UNICODE_FORMAT
               || type == G_UNICODE_LINE_SEPARATOR || type == G_UNICODE_PARAGRAPH_SEPARATOR)
        g_string_append_printf (line, "<U+%04X>", letter);
      else
        g_string_append_unichar (line, letter);
    }
  return g_string_free (line, FALSE);
}

static GLogWriterOutput
write_text (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer data)
{
  g_autofree char *time = NULL, *message = NULL, *subject = NULL;
  const char *topic;

  /* The journal would take libraries' debugging too. */
  if (g_log_writer_default_would_drop (level, field (fields, n_fields, "GLIB_DOMAIN")))
    return G_LOG_WRITER_HANDLED;
  if (g_log_writer_is_journald (STDERR_FILENO))
    return g_log_writer_journald (level, fields, n_fields, data);

  time = hub_time_format (hub_clock_now ());
  topic = field (fields, n_fields, "TOPIC");
  subject = one_line (field (fields, n_fields, "SUBJECT"));
  message = one_line (field (fields, n_fields, "MESSAGE"));
  fprintf (stderr, "%s %s[%d] %s%s%s%s%s: %s\n", time, program_name, (int) getpid (),
           level_name (level), *topic != '\0' ? " " : "", topic, *subject != '\0' ? " " : "",
           subject, message);
  return G_LOG_WRITER_HANDLED;
}

void
hub_log_open (const char *program)
{
  program_name = program;
  g_log_set_writer_func (write_text, NULL, NULL);
}
