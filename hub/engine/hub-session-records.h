/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-session-info.h"
#include "hub-session-services.h"

G_BEGIN_DECLS

#define HUB_TYPE_SESSION_RECORDS (hub_session_records_get_type ())
/**
 * HubSessionRecords:
 * What a session's worker wants kept, one after another: the engine's own records become the
 * session's row, words of consent rows of their own, the others go to the plugin. What a worker has
 * been told is recorded is durable.
 *
 * Signal "dead-letter" (const GError *why): one could not be kept where it belongs.
 */
G_DECLARE_FINAL_TYPE (HubSessionRecords, hub_session_records, HUB, SESSION_RECORDS, GObject)

HubSessionRecords *hub_session_records_new (HubSessionServices *services, HubSessionInfo *info);
/* @record: {"action", "actor", "body"} */
void hub_session_records_take (HubSessionRecords *self, guint64 sequence, JsonNode *record);
/* A new connection of the worker sends again what was not acknowledged. */
void hub_session_records_forget (HubSessionRecords *self);
void hub_session_records_stop (HubSessionRecords *self);

G_END_DECLS
