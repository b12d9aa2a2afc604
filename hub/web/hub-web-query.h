/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <karez.h>

G_BEGIN_DECLS

#define HUB_WEB_QUERY_MAX 32 /* parameters */

/**
 * hub_web_query_parse:
 * @query: (nullable): what follows the question mark, as it was sent
 *
 * Reads application/x-www-form-urlencoded (WHATWG URL, section 5). Nothing is left out or cut:
 * a percent sign without two digits, what karez_text_check() refuses (%00, no UTF-8), a parameter
 * that comes twice and more than %HUB_WEB_QUERY_MAX of them are refused, rule request/query.
 *
 * Returns: (transfer full): texts by name
 */
GHashTable *hub_web_query_parse (const char *query, GError **error);

G_END_DECLS
