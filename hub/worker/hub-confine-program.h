/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-plugin-program.h"

G_BEGIN_DECLS

/**
 * hub_confine_spawner:
 * @programs: (element-type HubPluginProgram): what it may start
 *
 * Confines the process that starts a session's programs, and these with it: no privileges; files
 * can be read where programs and libraries are installed and beside @programs, and nothing can be
 * written, or executed but @programs and the loader. One line of the log says what is in force.
 */
void hub_confine_spawner (GPtrArray *programs, const char *subject);

/**
 * hub_confine_program:
 *
 * Confines this process, which is to become @program: its memory, niceness and system calls. What a
 * worker is refused it is refused too, and shared memory of its own making and all sockets but
 * pairs besides; what its live half sends it may be mapped. FALSE with errno.
 */
gboolean hub_confine_program (const HubPluginProgram *program);

G_END_DECLS
