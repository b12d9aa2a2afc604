/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Keeps marks on what they were drawn on, in a live picture.
 *
 * It is given each frame as a small grey picture, keeps those of the last ten seconds, and takes
 * marks that were drawn on any of them. For each frame it says where each mark is now, or that it
 * is lost: then nothing must be drawn, since a mark at a wrong place is worse than none.
 *
 * One object is for one picture and one thread at a time. It makes no threads, and no exception of
 * OpenCV gets out: what fails in there is a lost mark. */
typedef struct _GuidanceVision GuidanceVision;

/* How long a frame is kept, and how many at most (microseconds, frames). */
#define GUIDANCE_VISION_KEPT_US (10 * G_USEC_PER_SEC)
#define GUIDANCE_VISION_KEPT_FRAMES 640
/* Frames: the shorter side at least, the longer one at most. Best is a longer side of
 * GUIDANCE_VISION_SIDE: what is larger is made smaller. */
#define GUIDANCE_VISION_SIDE_LEAST 32
#define GUIDANCE_VISION_SIDE_MOST 1920
#define GUIDANCE_VISION_SIDE 320
#define GUIDANCE_VISION_MARKS 64
#define GUIDANCE_VISION_POINTS 512
/* A mark names the frame by its time; so far off it may be (microseconds): browsers say it in whole
 * milliseconds, and of frames between two reports by RTP's clock. Frames are 16 ms apart at least.
 */
#define GUIDANCE_VISION_TIME_OFF_US 5000

/* Why something is refused; the caller has the words. */
typedef enum
{
  GUIDANCE_VISION_TAKEN = 0,
  GUIDANCE_VISION_BAD_SIZE,    /* a frame too small or too large, or rows that overlap */
  GUIDANCE_VISION_BAD_TIME,    /* a frame that is not later than the one before */
  GUIDANCE_VISION_NO_FRAME,    /* a mark on a frame that was never here */
  GUIDANCE_VISION_TOO_OLD,     /* a mark on a frame that is no longer kept */
  GUIDANCE_VISION_BAD_POINT,   /* a point that is not within 0..1, or no number */
  GUIDANCE_VISION_BAD_COUNT,   /* no point, or too many */
  GUIDANCE_VISION_MARKS_FULL,  /* GUIDANCE_VISION_MARKS are here */
  GUIDANCE_VISION_MARK_EXISTS, /* a mark of this id is here */
  GUIDANCE_VISION_FAILED       /* no memory, or a fault in a library: nothing changed */
} GuidanceVisionStatus;

/* Parts of the frame's width and height, from its upper left corner. */
typedef struct
{
  double x, y;
} GuidancePoint;

typedef enum
{
  GUIDANCE_VISION_LOST,
  GUIDANCE_VISION_SHOWN
} GuidanceVisionState;

typedef struct
{
  guint64 id;
  GuidanceVisionState state;
  /* How well the picture there is what it was drawn on: 0..1; 0 where it is lost. */
  double confidence;
  /* Where the mark's first point is now; not a number where it is lost. */
  GuidancePoint at;
  /* From the frame it was drawn on to this one, row by row, both in 0..1. */
  double matrix[9];
} GuidanceVisionMark;

/* Returns: (transfer full) (nullable): NULL without memory */
GuidanceVision *guidance_vision_new (void);
void guidance_vision_free (GuidanceVision *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GuidanceVision, guidance_vision_free)

/* Takes the next frame, and follows the marks to it. @grey: @height rows of @width bytes, @stride
 * bytes apart; copied. @time: when it was taken, in microseconds of any clock that only goes
 * forward, and not G_MININT64; after a jump back, guidance_vision_clear(). */
GuidanceVisionStatus guidance_vision_push (GuidanceVision *self, const guint8 *grey, guint width,
                                           guint height, gsize stride, gint64 time);
/* The same of a frame that marks may be drawn on, but are not followed to, since a newer one is
 * here already: they are where they were. */
GuidanceVisionStatus guidance_vision_keep (GuidanceVision *self, const guint8 *grey, guint width,
                                           guint height, gsize stride, gint64 time);
/* Takes a mark that was drawn on the frame of @time. It is lost until the frames since then have
 * been gone through, some of them with each frame that comes. */
GuidanceVisionStatus guidance_vision_add (GuidanceVision *self, guint64 id, gint64 time,
                                          const GuidancePoint *points, guint n_points);
/* Takes a mark with the picture that it was drawn on, which is none of the frames here: of what
 * another object followed, or of another stream. It is lost until it is found, by what it looks
 * like; for a second from the next frame on it is sought before others. @grey: as a frame's */
GuidanceVisionStatus guidance_vision_add_kept (GuidanceVision *self, guint64 id, const guint8 *grey,
                                               guint width, guint height, gsize stride,
                                               const GuidancePoint *points, guint n_points);
/* Of one that was added so just now: another picture on which it was followed. Marks with the
 * latest one are followed from there, the others are looked for by it, too. @matrix: to there, as a
 * GuidanceVisionMark's; @when: by any clock, for what is the latest. Returns: FALSE where that is
 * of no use: it is not what the mark was drawn on */
gboolean guidance_vision_add_seen (GuidanceVision *self, guint64 id, const guint8 *grey,
                                   guint width, guint height, gsize stride, const double matrix[9],
                                   gint64 when);
/* What those two have to be given, the picture that a mark was drawn on, and the newest frame, as
 * they are used here. @grey: room for GUIDANCE_VISION_SIDE² bytes, gets rows of @width bytes.
 * Returns: FALSE where there is none, or where its place on the newest frame is not certain */
gboolean guidance_vision_copy_drawn (GuidanceVision *self, guint64 id, guint8 *grey, guint *width,
                                     guint *height);
gboolean guidance_vision_copy_seen (GuidanceVision *self, guint64 id, guint8 *grey, guint *width,
                                    guint *height, double matrix[9]);
/* Returns: whether it was here */
gboolean guidance_vision_remove (GuidanceVision *self, guint64 id);
/* Forgets all frames and marks. */
void guidance_vision_clear (GuidanceVision *self);
/* The marks as they are on the newest frame, in the order in which they were added.
 * Returns: how many are written, at most @room */
guint guidance_vision_get (GuidanceVision *self, GuidanceVisionMark *marks, guint room);
/* Where a point of the drawn frame is by a mark's matrix. Returns: FALSE where there is none */
gboolean guidance_vision_warp (const GuidanceVisionMark *mark, const GuidancePoint *drawn,
                               GuidancePoint *now);
/* The bytes of pictures that are kept. */
gsize guidance_vision_get_bytes (GuidanceVision *self);
/* For tests: the next @n parts of the work that could fail do. */
void guidance_vision_set_failures (GuidanceVision *self, guint n);

G_END_DECLS
