/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "karez-json.h"

G_BEGIN_DECLS

/* json-glib hashes names without a secret, so somebody can choose names that all collide: the time
 * for one object grows by the square of its members. */
#define KAREZ_JSON_MAX_MEMBERS 256
/* One value for so many bytes of the accepted size; an object or an array counts as four. A parsed
 * value holds about 80 bytes, an object 400. */
#define KAREZ_JSON_BYTES_A_VALUE 8

/**
 * karez_json_scan:
 * @text: @length bytes
 * @max_values: how many values are accepted; an object or an array counts as four
 *
 * Holds a text against RFC 8259 and against what can be kept, before a parser sees it: UTF-8
 * without a byte order mark, no member twice (by decoded names), at most %KAREZ_JSON_MAX_DEPTH
 * levels and %KAREZ_JSON_MAX_MEMBERS members of an object, numbers that a gint64 (without a
 * fraction and an exponent) or a finite double holds and that do not become 0, no U+0000 and no
 * half of a surrogate pair in any string or name. One pass, without recursion.
 *
 * The error names line and column (in characters, from 1); for text and numbers that cannot be kept
 * their pointer, too: the document is JSON, but a value of it is not accepted.
 */
gboolean karez_json_scan (const char *text, gsize length, gsize max_values, GError **error);

G_END_DECLS
