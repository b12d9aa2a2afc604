/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libsoup/soup.h>

G_BEGIN_DECLS

/**
 * hub_web_cookies_list:
 * @headers: of a request, with any number of Cookie headers
 * @name: of the cookie
 * @min, @max: bytes that a value may have; others are passed over
 * @count: how many different values are looked for
 *
 * The values of a cookie, without quotes (RFC 6265, 4.1.1), among those of other applications of
 * the same host, which may have any shape. A browser sends a name twice where it was set for
 * several paths or a parent domain.
 *
 * Returns: (transfer full): texts, in the order of the headers, each once
 */
GPtrArray *hub_web_cookies_list (SoupMessageHeaders *headers, const char *name, gsize min,
                                 gsize max, guint count);

/* The Set-Cookie header of a cookie of this host alone, for same-site requests over a secure
 * connection, unseen by scripts. @name: with the prefix "__Host-". @max_age: in seconds; 0 takes it
 * away. Returns: (transfer full) */
char *hub_web_cookies_write (const char *name, const char *value, guint max_age);

G_END_DECLS
