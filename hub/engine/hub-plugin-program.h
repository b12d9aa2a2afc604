/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <karez.h>

G_BEGIN_DECLS

/* How many a plugin may have. */
#define HUB_PLUGIN_MAX_PROGRAMS 4u

/**
 * HubPluginProgram:
 * A program that a plugin's sessions may start: a group [Program NAME] of its key file. What the
 * hub read there the worker is told in one word of its arguments.
 * @path: absolute
 * @memory: of its own, in MiB
 * @nice: 0 to 19
 * @restarts: how often in a minute another process takes the place of one that ended
 */
typedef struct
{
  char *name, *path;
  guint memory, nice, restarts;
} HubPluginProgram;

void hub_plugin_program_free (HubPluginProgram *self);

/**
 * hub_plugin_programs_read:
 * @keys: whose groups and keys are known ones, and whose values are text
 * @folder: where the key file is, and the programs
 *
 * Returns: (transfer full) (element-type HubPluginProgram): empty if there are none; NULL with
 *   %KAREZ_ERROR_INVALID for a value that is not accepted, or a program that is not there
 */
GPtrArray *hub_plugin_programs_read (GKeyFile *keys, const char *folder, GError **error);

/* "NAME:MEMORY:NICE:RESTARTS:PATH". Returns: (transfer full) */
char *hub_plugin_program_to_word (const HubPluginProgram *self);
/* Returns: (transfer full) (nullable): NULL for one that is not as it should be */
HubPluginProgram *hub_plugin_program_from_word (const char *word);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HubPluginProgram, hub_plugin_program_free)

G_END_DECLS
