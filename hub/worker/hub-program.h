/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-spawner.h"

G_BEGIN_DECLS

#define HUB_TYPE_PROGRAM (hub_program_get_type ())
/**
 * HubProgram:
 * One of a session's programs, as #KarezProgram has it: its channel, and what watches it. Main
 * thread.
 */
G_DECLARE_FINAL_TYPE (HubProgram, hub_program, HUB, PROGRAM, GObject)

/* Starts it. @index: of @spawner; @subject: the session, for the log */
HubProgram *hub_program_new (HubSpawner *spawner, const HubPluginProgram *program, guint index,
                             const char *subject);
/* Whether it will not start again. */
gboolean hub_program_is_over (HubProgram *self);

G_END_DECLS
