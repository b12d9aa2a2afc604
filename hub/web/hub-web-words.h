/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-catalogue.h"

G_BEGIN_DECLS

/* {"English": "in the language", "one": ["forms"]}, the same bytes for the same catalogue.
 * Returns: (transfer full) */
GBytes *hub_web_words_new (HubCatalogue *catalogue);

G_END_DECLS
