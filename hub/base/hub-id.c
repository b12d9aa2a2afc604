/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* UUIDs of version 7 (RFC 9562). */
#include "hub-id.h"

#include "hub-clock.h"
#include "hub-hash.h"

/* Milliseconds and a 12-bit counter in one number (RFC 9562, 6.2, method 1), so that a clock that
 * steps back or a burst of ids only borrows from the future. */
static guint64
next_stamp (void)
{
  static GMutex lock;
  static guint64 last;
  guint64 now = (guint64) (hub_clock_now () / 1000) << 12;
  guint64 stamp;

  g_mutex_lock (&lock);
  last = MAX (last + 1, now);
  stamp = last;
  g_mutex_unlock (&lock);
  return stamp;
}

char *
hub_id_new (void)
{
  guint64 stamp = next_stamp ();
  guint64 millis = stamp >> 12;
  guint8 random[8];

  hub_random (random, sizeof random);
  random[0] = (random[0] & 0x3f) | 0x80;
  return g_strdup_printf ("%08x-%04x-7%03x-%02x%02x-%02x%02x%02x%02x%02x%02x",
                          (guint) (millis >> 16), (guint) (millis & 0xffff),
                          (guint) (stamp & 0xfff), random[0], random[1], random[2], random[3],
                          random[4], random[5], random[6], random[7]);
}

gboolean
hub_id_is_valid (const char *text)
{
  if (text == NULL)
    return FALSE;
  for (guint i = 0; i < 36; i++)
    {
      gboolean dash = i == 8 || i == 13 || i == 18 || i == 23;

      if (dash ? text[i] != '-' : !g_ascii_isxdigit (text[i]) || g_ascii_isupper (text[i]))
        return FALSE;
    }
  return text[36] == '\0';
}
