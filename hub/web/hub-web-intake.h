/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* What is handed on in one turn of the main loop. */
#define HUB_WEB_INTAKE_TURN (16 * 1024)

#define HUB_TYPE_WEB_INTAKE (hub_web_intake_get_type ())
/**
 * HubWebIntake:
 * A pollable input stream that hands on little at a time. libsoup reads a WebSocket until nothing
 * is there, and then moves all that is left for each frame: what somebody sends faster than it is
 * read would grow without bound, and megabytes of small frames take minutes of the main loop.
 */
G_DECLARE_FINAL_TYPE (HubWebIntake, hub_web_intake, HUB, WEB_INTAKE, GFilterInputStream)

/* @base: pollable */
HubWebIntake *hub_web_intake_new (GInputStream *base);
/* Nothing more is handed on. */
void hub_web_intake_stop (HubWebIntake *self);

G_END_DECLS
