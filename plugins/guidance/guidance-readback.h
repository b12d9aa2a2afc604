/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <karez.h>

G_BEGIN_DECLS

/* How many checklists one session opens, and how long they may be together. */
#define GUIDANCE_READBACK_MAX_LISTS 8u
#define GUIDANCE_READBACK_MAX_BYTES (96 * 1024)

#define GUIDANCE_TYPE_READBACK (guidance_readback_get_type ())
/**
 * GuidanceReadback:
 * The checklists of a session, as both workers hold them: one is open at a time, an expert asks its
 * items, and who is at the patient's side confirms each. A change is one of
 *
 *   {"type": "open", "id", "checklist"}: an expert's; "id" is a UUID that the page made, and the
 *     text travels with it (guidance_checklist_check())
 *   {"type": "ask", "id", "item"}: an expert's; the number of the item, from 0
 *   {"type": "confirm", "id", "item"}: the site's, of an item that was asked
 *   {"type": "close", "id"}: an expert's
 *
 * of a participant (karez_replica_change()), and a step is what came of it:
 *
 *   {"type": "opened", "revision", "id", "checklist", "by", "at"}
 *   {"type": "asked", "revision", "id", "item", "by", "at"}; {"type": "confirmed", …}
 *   {"type": "closed", "revision", "id", "by", "at"}
 *
 * with the account of who did it and when, in ms since 1970 by the host's clock.
 * %KAREZ_ERROR_DENIED, "guidance/role"; %KAREZ_ERROR_CONFLICT, "guidance/checklist-open" for a
 * second one, "guidance/not-asked", "guidance/not-live", "guidance/away"; %KAREZ_ERROR_NOT_FOUND,
 * "guidance/no-checklist", "guidance/no-item"; %KAREZ_ERROR_BUSY, "guidance/checklist-room"; and
 * what guidance_checklist_check() refuses by.
 */
G_DECLARE_FINAL_TYPE (GuidanceReadback, guidance_readback, GUIDANCE, READBACK, KarezReplica)

GuidanceReadback *guidance_readback_new (void);
/**
 * guidance_readback_get_lists:
 *
 * Those of the session in the order in which they were opened, each {"id", "checklist", "by", "at",
 * "items": [{"asked_by", "asked_at", "confirmed_by", "confirmed_at"}], "closed_by", "closed_at"};
 * what was not done is not there, and every item is.
 *
 * Returns: (transfer none): an array
 */
JsonArray *guidance_readback_get_lists (GuidanceReadback *self);
/* Returns: (transfer none) (nullable) */
JsonObject *guidance_readback_get_open (GuidanceReadback *self);

G_END_DECLS
