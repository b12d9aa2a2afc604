/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Whether the bytes begin a DICOM file: "DICM" after a preamble of 128 bytes (PS3.10, 7.1), or, as
 * archives wrote before and some still do, the elements of a data set at once, in implicit or
 * explicit form and either order of bytes (PS3.5, 7.1 and 7.3). */
gboolean consult_dicom_begins (const guint8 *bytes, gsize length);

G_END_DECLS
