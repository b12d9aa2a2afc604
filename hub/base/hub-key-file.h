/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * hub_key_file_has_nul:
 * @group: (out) (nullable): in which it is
 * @key: (out) (nullable): of which line; not set where the line has none
 *
 * GKeyFile takes a line up to its first U+0000 for the whole of it, without a word.
 *
 * Returns: whether there is one among the @length bytes of a key file
 */
gboolean hub_key_file_has_nul (const char *text, gsize length, char **group, char **key);

G_END_DECLS
