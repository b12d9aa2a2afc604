/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-session-services.h"

G_BEGIN_DECLS

/* Words of consent that a session's worker records ("consent.give", "consent.withdraw";
 * KarezConsent makes them): the hub keeps them of every modality, and no plugin is asked. */

gboolean hub_session_consents_is (const char *action);
/* Keeps the word of @record once, however often it is told: a worker that takes another's place
 * does not know whether that one had recorded it. finish: %KAREZ_ERROR_INVALID for what is no word,
 * %KAREZ_ERROR_CONFLICT for another word of the same id */
void hub_session_consents_keep_async (HubSessionServices *services, const KarezRecord *record,
                                      GAsyncReadyCallback callback, gpointer data);
gboolean hub_session_consents_keep_finish (KarezStore *store, GAsyncResult *result, GError **error);

G_END_DECLS
