/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Puts a copy of @text where a string stands; @text may be that very string, or NULL. It is gone
 * afterwards: read the copy. (GLib has g_set_str() from 2.76 on.) */
static inline void
hub_set_string (char **place, const char *text)
{
  char *before = *place;

  *place = g_strdup (text);
  g_free (before);
}

G_END_DECLS
