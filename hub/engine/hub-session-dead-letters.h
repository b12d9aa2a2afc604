/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-session-info.h"
#include "hub-session-services.h"

G_BEGIN_DECLS

/* Records of sessions that a plugin refused for good, each a file of its session. */

/* Keeps the record @record ({"action", "actor", "body"}), which cannot be kept where it belongs
 * because of @why. Returns: (transfer full): the file; NULL when it is not on disk */
char *hub_session_dead_letters_keep (HubSupervisor *supervisor, HubSessionInfo *info,
                                     guint64 sequence, JsonNode *record, const GError *why,
                                     GError **error);
/* Those that an earlier hub kept under another name are found, too. Once, at the start. */
void hub_session_dead_letters_migrate (HubSupervisor *supervisor);
/* Returns: (transfer full) (nullable): {"record", "modality", "reason", "rule", "at"}. @path: set
 * to its file */
JsonNode *hub_session_dead_letters_read (HubSupervisor *supervisor, const char *session,
                                         guint64 sequence, char **path);
/* Every session's: [{"session", "sequence", "action", "reason", "rule", "at"}] */
JsonNode *hub_session_dead_letters_list (HubSupervisor *supervisor);

G_END_DECLS
