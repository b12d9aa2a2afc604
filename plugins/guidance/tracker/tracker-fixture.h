/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "guidance-clip.h"

#include <karez.h>

G_BEGIN_DECLS

#define TRACKER_FRAMES 120u

/* Frames of a clip as a sender would send them. */
typedef struct
{
  GuidanceClip *clip;
  KarezCodec codec;
  GPtrArray *frames; /* GArray of Packet; nothing before the first, which is a whole picture */
} Stream;

typedef struct
{
  guint8 *bytes;
  gsize size;
} Packet;

/* The program KAREZ_TEST_TRACKER, its channel and its tap. */
typedef struct
{
  pid_t process;
  int channel, tap; /* -1 for none */
  guint32 track;
  guint n_answers, n_shown, n_anew;
  gint64 shown;   /* when a mark was shown first; 0 for never */
  GArray *errors; /* double, parts of the width, each time that it was shown */
  const Stream *stream;
  guint drawn; /* the frame that the mark is on */
  GuidancePoint at;
  char rule[64]; /* of the last refusal */
  gboolean pulse, marked;
  int patience; /* for how many ms it is waited for the answer to a frame */
} Tracker;

/* @first: the frame with which it begins */
Stream *stream_new (GuidanceClipKind kind, guint32 seed, KarezCodec codec, guint first);
void stream_free (Stream *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Stream, stream_free)

void tracker_start (Tracker *self, const Stream *stream);
/* It ends by itself. */
void tracker_finish (Tracker *self);
/* It is killed, whatever it does. */
void tracker_kill (Tracker *self);
/* @fd: -1 for none; stays the caller's */
void tracker_say (Tracker *self, const char *text, int fd);
void tracker_open_tap (Tracker *self);
/* When a frame was taken, by its sender's clock. */
gint64 tracker_get_capture (guint frame);
/* A mark on a frame. */
void tracker_draw (Tracker *self, guint number, guint frame, double x, double y);
/* What comes within @ms. */
void tracker_listen (Tracker *self, int ms);
void tracker_check_pulse (Tracker *self);
/* The capture time is in a frame's first packet. */
void tracker_send_packet (Tracker *self, const Packet *packet, guint frame, gboolean first);
/* Frame after frame, at twice their pace, and as fast as it follows once there is a mark. @late:
 * every so many-th packet comes after the next frame only; 0 for none */
void tracker_send_frames (Tracker *self, guint from, guint to, guint late);
/* At their pace, whatever it answers; no more of them once a mark is shown, with @until_shown. */
void tracker_send_live (Tracker *self, guint from, guint to, gboolean until_shown);
/* Of those times that it was shown, in parts of the width; 0 for none. */
double tracker_get_error (Tracker *self, double part);

G_END_DECLS
