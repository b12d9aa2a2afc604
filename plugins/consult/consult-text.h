/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * consult_text_find_charset:
 * @begins: whether it is the file's beginning; elsewhere it may begin within a character
 * @known: (nullable): what this function found for the parts before
 *
 * In which encoding a part of a text file is: UTF-8; UTF-16 with its mark, as Windows writes
 * "Unicode", or with lines; GB 18030, which GBK and GB 2312 are parts of, where it can be no Big5.
 * What could be several is none: other words would be shown. The part may end within a character. A
 * file that holds ASCII alone so far tells nothing of what follows. No text holds control
 * characters but tabs, ends of lines and pages, and DOS's end of a file.
 *
 * Returns: (nullable): "us-ascii", "utf-8", "utf-16le", "utf-16be" or "gb18030", names of the
 * Encoding standard but for the first; NULL for what is no text in one of these, or in another than
 * @known
 */
const char *consult_text_find_charset (const char *bytes, gsize length, gboolean begins,
                                       const char *known);

G_END_DECLS
