/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "karez-error.h"

G_BEGIN_DECLS

/**
 * karez_text_check:
 * @text: what somebody wrote, of any number of lines
 * @length: its bytes, or -1 where a NUL ends it
 *
 * Whether a text can be kept and shown as it is. Refused are, each with its rule and the place:
 * what is not UTF-8, U+0000 and half of a surrogate pair (text/utf-8); control characters other
 * than tab, line feed and carriage return, and noncharacters (text/control).
 * karez_json_parse() and karez_json_check() do this to every text of a document; here is the same
 * for text that comes in another way.
 *
 * Since: 1.0
 */
KAREZ_PUBLIC gboolean karez_text_check (const char *text, gssize length, GError **error);

/**
 * karez_text_check_name:
 * @text: a name of a person, a thing, a file
 * @length: its bytes, or -1 where a NUL ends it
 *
 * As karez_text_check(), for what is shown in one line among other words. Refused are besides:
 * line breaks and tabs (text/line), bidirectional embeddings, overrides and isolates
 * (text/direction), and a name of which nothing is seen (text/blank).
 *
 * Since: 1.0
 */
KAREZ_PUBLIC gboolean karez_text_check_name (const char *text, gssize length, GError **error);

/**
 * karez_text_is_blank:
 *
 * Whether nothing of a valid text would be seen: white space, invisible characters.
 *
 * Since: 1.0
 */
KAREZ_PUBLIC gboolean karez_text_is_blank (const char *text);

/**
 * karez_text_digest:
 * @texts: (array length=n): each UTF-8; %NULL is as an empty one
 *
 * SHA-256, in hexadecimal, over the texts in their order, each as its length in bytes in decimal, a
 * colon, and its bytes: no two lists of texts have the same by moving a character from one to the
 * next. What is signed is named by it.
 *
 * Returns: (transfer full):
 *
 * Since: 1.1
 */
KAREZ_PUBLIC char *karez_text_digest (const char *const *texts, gsize n);

G_END_DECLS
