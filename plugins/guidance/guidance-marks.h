/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <karez.h>

G_BEGIN_DECLS

/* How many marks there are at once, and of one person; points of a stroke, characters of a text. */
#define GUIDANCE_MAX_MARKS 64u
#define GUIDANCE_MAX_OWN 32u
#define GUIDANCE_MAX_POINTS 128u
#define GUIDANCE_MAX_TEXT 80
/* A coordinate is a whole number of these parts of the frame's width or height. */
#define GUIDANCE_PARTS 10000

/**
 * GuidanceTool:
 * @GUIDANCE_PEN: a stroke of 2 to %GUIDANCE_MAX_POINTS points
 * @GUIDANCE_ARROW: from its first point to the second
 * @GUIDANCE_CIRCLE: around its first point, through the second
 * @GUIDANCE_TEXT: at its one point
 *
 * What a mark was drawn with.
 */
typedef enum
{
  GUIDANCE_PEN,
  GUIDANCE_ARROW,
  GUIDANCE_CIRCLE,
  GUIDANCE_TEXT,
} GuidanceTool;

/**
 * GuidanceMark:
 * @id: a UUID, which the page made that it was drawn in
 * @number: which names it to the tracker; never 0, and no other mark's in this session
 * @by: the account of who drew it; @name: theirs; @hospital: theirs
 * @capture: when the frame was taken that it was drawn on, by its sender's clock: NTP in µs
 * @drawn_at: when it was drawn, by the host's clock: ms since 1970
 * @points: (array length=n_points): x and y, from 0 to %GUIDANCE_PARTS
 * @text: (nullable): of %GUIDANCE_TEXT
 *
 * Immutable.
 */
typedef struct
{
  char *id, *by, *name, *hospital, *text;
  gint64 number, capture, drawn_at;
  GuidanceTool tool;
  guint n_points;
  guint16 points[][2];
} GuidanceMark;

/* As pages are told, and the other worker. Returns: (transfer full) */
JsonNode *guidance_mark_to_json (const GuidanceMark *self);
/* "pen", "arrow" … */
const char *guidance_tool_name (GuidanceTool tool);

#define GUIDANCE_TYPE_MARKS (guidance_marks_get_type ())
/**
 * GuidanceMarks:
 * The marks of a session, as both workers hold them. A change is one of
 *
 *   {"type": "add", "id", "tool", "capture", "points": [[x, y], …], "text"}
 *   {"type": "remove", "id"}: one's own
 *   {"type": "clear"}: all of one's own
 *
 * of a participant (karez_replica_change()), and a step is what came of it: {"type": "added",
 * "revision", "mark"} or {"type": "removed", "revision", "ids", "at"}. %KAREZ_ERROR_INVALID,
 * "guidance/mark" or "guidance/points"; %KAREZ_ERROR_DENIED, "guidance/not-own"; %KAREZ_ERROR_BUSY,
 * "guidance/too-many-marks"; %KAREZ_ERROR_NOT_FOUND, "guidance/no-mark"; %KAREZ_ERROR_DENIED,
 * "guidance/role", for who is not there as "expert".
 *
 * Signal "gone" (guint number): a mark was removed, by a change or a step.
 */
G_DECLARE_FINAL_TYPE (GuidanceMarks, guidance_marks, GUIDANCE, MARKS, KarezReplica)

GuidanceMarks *guidance_marks_new (void);
/* In the order in which they were drawn. Returns: (transfer none) (element-type GuidanceMark) */
GPtrArray *guidance_marks_get (GuidanceMarks *self);
/* Returns: (transfer none) (nullable) */
const GuidanceMark *guidance_marks_find (GuidanceMarks *self, gint64 number);

G_END_DECLS
