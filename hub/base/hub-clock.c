/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Wall clock and monotonic clock, and RFC 3339. */
#include "hub-clock.h"

#include <sys/timex.h>

gint64
hub_clock_now (void)
{
  return g_get_real_time ();
}

gint64
hub_clock_monotonic (void)
{
  return g_get_monotonic_time ();
}

gboolean
hub_clock_is_trusted (gint64 *offset)
{
  struct timex clock = { 0 };
  int state = adjtimex (&clock);
  gint64 unit = (clock.status & STA_NANO) != 0 ? 1000 : 1;

  if (offset != NULL)
    *offset = clock.offset / unit;
  return state >= 0 && state != TIME_ERROR && (clock.status & STA_UNSYNC) == 0
         && clock.maxerror < G_USEC_PER_SEC;
}

char *
hub_time_format (gint64 time)
{
  g_autoptr (GDateTime) moment = g_date_time_new_from_unix_utc (time / G_USEC_PER_SEC);
  g_autofree char *seconds = NULL;

  g_return_val_if_fail (moment != NULL, NULL);

  seconds = g_date_time_format (moment, "%Y-%m-%dT%H:%M:%S");
  return g_strdup_printf ("%s.%03dZ", seconds, (int) (time % G_USEC_PER_SEC / 1000));
}

gboolean
hub_time_parse (const char *text, gint64 *time)
{
  g_autoptr (GDateTime) moment = NULL;

  /* GLib also takes dates without a time and times without an offset; RFC 3339 does not. */
  if (text == NULL || strlen (text) < strlen ("2026-11-24T06:26:00Z") || text[4] != '-'
      || (text[10] != 'T' && text[10] != ' '))
    return FALSE;
  moment = g_date_time_new_from_iso8601 (text, NULL);
  if (moment == NULL)
    return FALSE;
  *time = g_date_time_to_unix (moment) * G_USEC_PER_SEC + g_date_time_get_microsecond (moment);
  return TRUE;
}
