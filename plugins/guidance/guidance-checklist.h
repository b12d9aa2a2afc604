/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <karez.h>

G_BEGIN_DECLS

/* A checklist's text, as a file or in a message; its items; characters of one in one language. */
#define GUIDANCE_CHECKLIST_MAX_BYTES (32 * 1024)
#define GUIDANCE_CHECKLIST_MAX_ITEMS 40u
#define GUIDANCE_CHECKLIST_MAX_TITLE 120
#define GUIDANCE_CHECKLIST_MAX_ITEM 240

/**
 * guidance_checklist_check:
 * @node: (nullable)
 *
 * Whether it is a checklist, and nothing else: {"id", "version", "title", "items"}, the title and
 * each item with "en", "zh_CN" and "ug". %KAREZ_ERROR_INVALID, "guidance/checklist" or what
 * karez_json_check() refuses by; %KAREZ_ERROR_TOO_LARGE, "guidance/checklist-size". The error's
 * pointer names the member.
 *
 * Returns: (transfer none)
 */
JsonObject *guidance_checklist_check (JsonNode *node, GError **error);
/* The same of a file's bytes. Any thread. Returns: (transfer full) */
JsonNode *guidance_checklist_parse (GBytes *bytes, GError **error);
guint guidance_checklist_count (JsonObject *checklist);

G_END_DECLS
