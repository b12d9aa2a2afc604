/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * HubConfigLine:
 * A line of a key file that says something. GKeyFile forgets where its keys stand, takes a group or
 * a key that stands twice for one, and stops at the first line that it cannot read.
 * @group: the one that the line begins, or stands in; NULL before the first, "" below a line that
 *   should have begun one
 * @key: NULL for the line that begins a group
 * @value: as it stands, without the blanks before it; may hold anything but U+0000
 * @fault: (nullable): a msgid: why the line is not read; then @key and @value may be NULL
 */
typedef struct
{
  guint number;
  char *group, *key, *value;
  const char *fault, *accepted;
} HubConfigLine;

/* Ends of lines may be CR LF, and the text may begin with a byte order mark, as editors elsewhere
 * write it. Returns: (transfer full) (element-type HubConfigLine) */
GPtrArray *hub_config_lines_scan (const char *text, gsize length);

G_END_DECLS
