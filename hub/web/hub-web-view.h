/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-web-policy.h"

G_BEGIN_DECLS

/* What of an event reaches whom by the live feed: one rule for every page. */

/**
 * hub_web_view_allows:
 * @event: as #HubFeed gives it
 *
 * Whether @actor is told of the event: who reads the log of every one, others of what is done to
 * what they may read. The hub's own tables stand in a table here; of a plugin's table somebody is
 * told who has SCHEMA.TABLE.read, or, where there is no such permission, each of the plugin's
 * permissions to read. What stands nowhere is for readers of the log: sign-ins, accounts, who read
 * what.
 */
gboolean hub_web_view_allows (HubWebPolicy *policy, KarezActor *actor, JsonNode *event);

/* Whether @actor reads the log, and so every member of an event. */
gboolean hub_web_view_is_whole (HubWebPolicy *policy, KarezActor *actor);

/* What readers of the log are told of an event: all but what people typed about a session, as
 * hub_event_conceal(). Returns: (transfer full) */
JsonNode *hub_web_view_whole (JsonNode *event);

/* What others are told of an event: what was done, to which row, in which session, and by which
 * other hospital; not by whom, about whom, or anything else. Returns: (transfer full) */
JsonNode *hub_web_view_reduce (JsonNode *event);

G_END_DECLS
