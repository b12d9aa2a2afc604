/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* How marks looked, as many as there may be, in memory that outlives a tracker. The live half makes
 * it and gives it to one tracker after the other; what one has written the next one reads. The live
 * half itself neither reads nor writes it.
 *
 * Pictures are grey, with a longer side of GUIDANCE_KEPT_SIDE at most. A tracker may end, or go
 * wrong, at any moment: what is not whole is not there, and what is whole is not to be trusted. */
#define GUIDANCE_KEPT_MARKS 64u
#define GUIDANCE_KEPT_SIDE 320u
#define GUIDANCE_KEPT_PICTURE ((gsize) GUIDANCE_KEPT_SIDE * GUIDANCE_KEPT_SIDE)

typedef enum
{
  GUIDANCE_KEPT_DRAWN, /* the picture that it was drawn on */
  GUIDANCE_KEPT_SEEN,  /* one of the last on which it was followed */
  GUIDANCE_KEPT_KINDS
} GuidanceKeptKind;

/**
 * GuidanceKeptPicture:
 * @number, @capture: of the mark, as it was told to the tracker; never 0
 * @width, @height: of the picture
 * @time: when it was kept, by the monotonic clock of this machine, in microseconds
 * @matrix: from what it was drawn on to there
 */
typedef struct
{
  guint64 number;
  guint32 width, height;
  gint64 capture, time;
  double matrix[9];
} GuidanceKeptPicture;

/* The live half's. Returns: a descriptor of memory in which nothing is kept, and whose size nobody
 * can change; -1 with @error */
int guidance_kept_make (GError **error);

/* How trackers ended that had the same memory; all zeroes before the first one did. */
typedef struct
{
  gint64 at;  /* the last one */
  guint mute; /* so many in a row that had said nothing of any mark */
} GuidanceKeptEnds;

/* One ended at @now, in microseconds. @worked: whether it had said where marks are. Returns:
 * whether what is kept may be the reason: it is the second one within five seconds, or the second
 * one in a row that did not come so far, since one that hangs is ended after some seconds only. The
 * next one has to have other memory then. */
gboolean guidance_kept_is_suspect (GuidanceKeptEnds *self, gint64 now, gboolean worked);

/* The tracker's: memory that it was given, mapped. */
typedef struct _GuidanceKept GuidanceKept;

/* @fd: stays the caller's. Returns: (transfer full) (nullable): NULL with @error */
GuidanceKept *guidance_kept_new (int fd, GError **error);
void guidance_kept_free (GuidanceKept *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GuidanceKept, guidance_kept_free)

/* Keeps a picture in place of any other one of that kind and number. @grey: rows of its width.
 * Returns: FALSE where it is too large, or no room is left */
gboolean guidance_kept_write (GuidanceKept *self, GuidanceKeptKind kind,
                              const GuidanceKeptPicture *picture, const guint8 *grey);
/* @picture: with the number and the capture that are looked for; gets the others. @grey: room for
 * GUIDANCE_KEPT_PICTURE bytes. What is in there is nothing where this fails. Returns: FALSE where
 * no whole one is there */
gboolean guidance_kept_read (GuidanceKept *self, GuidanceKeptKind kind,
                             GuidanceKeptPicture *picture, guint8 *grey);
void guidance_kept_remove (GuidanceKept *self, guint64 number);
/* Removes what belongs to none of @numbers. */
void guidance_kept_remove_others (GuidanceKept *self, const guint64 *numbers, guint n);

G_END_DECLS
