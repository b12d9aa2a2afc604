/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* SHA-256 in lower-case hexadecimal. Returns: (transfer full) */
char *hub_hash_hex (gconstpointer data, gsize size);
char *hub_hash_bytes (GBytes *bytes);

/* Lower-case hexadecimal, and back; NULL for anything else. Returns: (transfer full) */
char *hub_hex (const guint8 *data, gsize size);
GBytes *hub_unhex (const char *text);

/* base64url without padding (RFC 4648, 5), and back; NULL for anything else. */
char *hub_base64url (const guint8 *data, gsize size);
GBytes *hub_unbase64url (const char *text);

/* Bytes of the kernel's generator, through libsodium. */
void hub_random (gpointer data, gsize size);

/* Whether two strings are the same, in a time that tells nothing about where they differ. */
gboolean hub_equal_secret (const char *a, const char *b);

G_END_DECLS
