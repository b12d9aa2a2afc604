/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-spawner.h"

G_BEGIN_DECLS

/**
 * HubPrograms:
 * The programs that a session's live half has started: one of each name at a time. Main thread.
 */
typedef struct _HubPrograms HubPrograms;

/* @spawner: (nullable): where there is none, no program is known */
HubPrograms *hub_programs_new (HubSpawner *spawner, const char *subject);
/* Stops them. */
void hub_programs_free (HubPrograms *self);
/* As karez_session_start_program() has it. */
KarezProgram *hub_programs_start (HubPrograms *self, const char *name, GError **error);
/* The session is over: none of them goes on. */
void hub_programs_stop (HubPrograms *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HubPrograms, hub_programs_free)

G_END_DECLS
