/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "guidance-modality.h"

#include <karez-testing.h>
#include <sys/types.h>

#define MARK(n) "01a20000-0000-7000-8000-0000000000" #n

/* The live halves of one session, which is live. */
typedef struct
{
  KarezTestWorker *workers[2]; /* the host's, where the patient is; the experts' */
  KarezParticipant *site, *expert, *other;
  GPtrArray *pages[3];
  const char *tracker; /* the name of the one that is told of marks */
  ino_t memory;        /* which the tracker has for what it keeps */
} Room;

KarezParticipant *room_add (Room *room, guint i, guint side, const char *id, const char *role);
/* The tracker; those functions that expect something of it, or say what it says, mean that one. */
KarezTestProgram *room_program (Room *room);
/* Everything on its way arrives. */
void room_carry (Room *room);
void room_up (Room *room, gconstpointer data);
void room_down (Room *room, gconstpointer data);
/* What a page sends over a channel. */
void room_say (Room *room, KarezParticipant *who, const char *label, const char *text);
/* The newest message of a type that a page got over a channel. @type: (nullable) */
JsonObject *room_told (Room *room, guint page, const char *label, const char *type,
                       JsonNode **node);
/* How many messages it got over it. */
guint room_count (Room *room, guint page, const char *label);
void room_draw (Room *room, KarezParticipant *who, const char *id);
/* What was refused last; the page has nothing afterwards. */
void room_assert_rule (Room *room, guint page, const char *label, const char *rule);
/* What the tracker is told next. */
void room_expect (Room *room, const char *type, gint64 number);
/* That is memory, and that there are so many marks. Returns: which memory */
ino_t room_expect_kept (Room *room, guint n_marks);
void room_expect_nothing (Room *room);
void room_tracker_says (Room *room, const char *text);
