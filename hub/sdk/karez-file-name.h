/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "karez-error.h"

G_BEGIN_DECLS

/* Names of files that people give and others save. */

/**
 * karez_file_name_check:
 *
 * Whether @name can be shown and believed: UTF-8, of one line, with something to be seen, without
 * control characters, marks that change the direction of writing (U+202E makes "gpj.exe" of
 * "exe.jpg"), or characters that take no place but the joiners of Uyghur, Persian and emoji
 * (U+200C, U+200D). Any thread. %KAREZ_ERROR_INVALID, rule "file/name".
 *
 * Since: 1.0
 */
KAREZ_PUBLIC gboolean karez_file_name_check (const char *name, GError **error);

/**
 * karez_file_name_save:
 * @name: as it was given; any string
 * @endings: those that the file's checked kind has, the usual one first: "jpg|jpeg"
 *
 * The name under which the file is saved, on any system: in NFC, without what
 * karez_file_name_check() refuses, path separators and the characters that Windows forbids, dots
 * and blanks at its begin and end, or a name that is a device there; ended by one of @endings; at
 * most 240 bytes of UTF-8, so that a browser can add ".crdownload" within the 255 of most file
 * systems. Given its own result it changes nothing. Any thread. Returns: (transfer full)
 *
 * Since: 1.0
 */
KAREZ_PUBLIC char *karez_file_name_save (const char *name, const char *endings);

/**
 * karez_file_name_disposition:
 * @name: as karez_file_name_save() makes it
 * @shown: whether a browser may show the file rather than save it
 *
 * The value of a Content-Disposition header (RFC 6266): one line of ASCII, with @name in the form
 * of RFC 8187 and something readable for what does not know that. Any thread. Returns: (transfer
 * full)
 *
 * Since: 1.0
 */
KAREZ_PUBLIC char *karez_file_name_disposition (const char *name, gboolean shown);

G_END_DECLS
