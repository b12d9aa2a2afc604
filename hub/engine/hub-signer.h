/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <karez.h>

G_BEGIN_DECLS

/**
 * HubSigner:
 * @sign: with this hub's identity. Returns: (transfer full): a signature, as it is sent
 * @verify: whether it is the paired hub @peer that signed @text; %KAREZ_ERROR_DENIED if not
 *
 * How what two hubs say about a session is bound to their identities. Paired peers', or a test's.
 */
typedef struct
{
  JsonNode *(*sign) (gpointer data, const char *text, GError **error);
  gboolean (*verify) (gpointer data, const char *peer, const char *text, JsonNode *signature,
                      GError **error);
} HubSigner;

G_END_DECLS
