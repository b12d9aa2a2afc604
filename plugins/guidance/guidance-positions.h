/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "guidance-marks.h"

G_BEGIN_DECLS

/**
 * GuidancePosition:
 * Where a mark is on one frame.
 * @number: the mark's
 * @shown: FALSE where it is lost: the rest is 0
 * @confidence: 0 to 1
 * @x, @y: of its first point, in parts of the frame's width and height; it may be outside of it
 * @matrix: from the frame that it was drawn on to this one, row by row, the last element 1
 */
typedef struct
{
  guint32 number;
  gboolean shown;
  double confidence, x, y, matrix[9];
} GuidancePosition;

/**
 * GuidancePositions:
 * All marks on one frame, or a part of them.
 * @rtp_time: the frame's, as its sender sent it: 1/90000 s
 * @capture: when it was taken, by its sender's clock: NTP in µs; 0 where that is not known
 */
typedef struct
{
  guint32 rtp_time;
  gint64 capture;
  guint n;
  GuidancePosition all[GUIDANCE_MAX_MARKS];
} GuidancePositions;

/* What guidance-tracker tells of a frame. %KAREZ_ERROR_INVALID, "guidance/positions". */
gboolean guidance_positions_from_json (GuidancePositions *self, JsonNode *node, GError **error);

/* As pages and the other worker have them: little endian, a head of 16 bytes and 48 for each mark.
 *
 *   u8 version (1), u8 marks, u16 0, u32 rtp_time, i64 capture
 *   u32 number, u8 shown, u8 confidence × 255, u16 0, f32 x, f32 y, f32 matrix × 8
 */
#define GUIDANCE_POSITIONS_HEAD 16u
#define GUIDANCE_POSITION_BYTES 48u

/* In messages of at most @max bytes. Returns: (transfer full) (element-type GBytes) */
GPtrArray *guidance_positions_pack (const GuidancePositions *self, gsize max);
/* Of another worker. %KAREZ_ERROR_INVALID, "guidance/positions". */
gboolean guidance_positions_unpack (GuidancePositions *self, GBytes *message, GError **error);

G_END_DECLS
