/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <karez.h>

G_BEGIN_DECLS

/* What pages of this hospital are told over a data channel. What does not get there is said again
 * when the channel opens anew. */

/* To each page here, but that of the participant @but. @message: (transfer none) */
void guidance_pages_send (KarezSession *session, KarezMedia *media, const char *label,
                          GBytes *message, const char *but);
/* @message: (transfer full) */
void guidance_pages_tell (KarezSession *session, KarezMedia *media, const char *label,
                          JsonNode *message);
/* @message: (transfer full) */
void guidance_pages_tell_one (KarezMedia *media, KarezParticipant *participant, const char *label,
                              JsonNode *message);
/* {"type": "refused", "id", "rule", "message", "accepted"}. @change: (nullable): what was refused
 */
void guidance_pages_refuse (KarezMedia *media, KarezParticipant *participant, const char *label,
                            JsonNode *change, const GError *error);
/* Calls @func for everybody here. */
void guidance_pages_foreach (KarezSession *session,
                             void (*func) (KarezParticipant *participant, gpointer data),
                             gpointer data);

/* What a page says of its pointer: {"x", "y"}, in parts of the picture, or nothing, and what
 * @members besides. Returns: (transfer full) (nullable): NULL for anything else */
JsonNode *guidance_pointer_read (GBytes *message, guint members);

G_END_DECLS
