/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libsoup/soup.h>

G_BEGIN_DECLS

/**
 * HubWebBrowsers:
 * The browsers in which people have signed in, known by a cookie, so that wrong passwords of others
 * do not keep them out (OWASP calls it a device cookie). The cookie is worth nothing else: it signs
 * nobody in.
 *
 * One cookie serves all who share a browser: a random id, and for each of the last 16 accounts the
 * time until which it is known and an HMAC-SHA-512-256 over both with the account's own key. A new
 * key of an account forgets all its browsers. Main thread only.
 */
typedef struct _HubWebBrowsers HubWebBrowsers;

/* Bytes of an account's key. */
#define HUB_WEB_BROWSER_KEY 32

/* @hub: this hub's id, which names the cookie */
HubWebBrowsers *hub_web_browsers_new (const char *hub);
void hub_web_browsers_free (HubWebBrowsers *self);
/**
 * hub_web_browsers_find:
 * @headers: of a request
 * @key: (nullable): of an account, NULL for none
 * @now: µs since 1970 UTC
 *
 * Returns: (transfer full) (nullable): the browser's id, where it is known for that account
 */
char *hub_web_browsers_find (HubWebBrowsers *self, SoupMessageHeaders *headers, GBytes *key,
                             gint64 now);
/* The Set-Cookie header by which the browser of a request is known for one account more, for 180
 * days. Returns: (transfer full) */
char *hub_web_browsers_write (HubWebBrowsers *self, SoupMessageHeaders *headers, GBytes *key,
                              gint64 now);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HubWebBrowsers, hub_web_browsers_free)

G_END_DECLS
