/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rtc-client.h"

#include <karez.h>

G_BEGIN_DECLS

/**
 * RtcLines:
 * A program that has clients and is told what to do by lines on standard input, each a JSON object;
 * it answers by lines on standard output. It ends with its input.
 */
typedef struct _RtcLines RtcLines;

typedef void (*RtcLinesFunc) (JsonObject *line, gpointer data);

RtcLines *rtc_lines_new (RtcLinesFunc take, gpointer data);
void rtc_lines_free (RtcLines *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RtcLines, rtc_lines_free)
/* From now on it is served: when something comes, and every 5 ms. It is not owned. */
void rtc_lines_add (RtcLines *self, RtcClient *client);
void rtc_lines_remove (RtcLines *self, RtcClient *client);
/* @line: (transfer full) */
void rtc_lines_say (JsonNode *line);
/* Microseconds that this process was kept from running since this was asked last: the machine's
 * part of what it measures. */
gint64 rtc_lines_take_late (RtcLines *self);
/* Until the input ends. */
void rtc_lines_run (RtcLines *self);

G_END_DECLS
