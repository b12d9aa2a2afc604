/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <karez.h>

G_BEGIN_DECLS

/* GET /openapi.json, for anyone: the API's description, out of the program's resources. */
gboolean hub_web_document_add_route (KarezRoutes *routes, GError **error);

G_END_DECLS
