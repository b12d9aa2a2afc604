/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-config.h"

G_BEGIN_DECLS

/* What sessions' links and media bind and announce, as hub_binding_parse() takes each, split by
 * commas. Returns: (transfer full) */
char *hub_bindings_of_links (HubConfig *config);
char *hub_bindings_of_media (HubConfig *config);

G_END_DECLS
