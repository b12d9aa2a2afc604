/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-plugin-program.h"

G_BEGIN_DECLS

/* What a worker and its spawner say to each other, one of these a packet. */
typedef enum
{
  HUB_SPAWNER_START = 1, /* asked, with a descriptor: the program's end of its channel */
  HUB_SPAWNER_KILL,      /* asked */
  HUB_SPAWNER_STARTED,   /* told; @value: the process */
  HUB_SPAWNER_ENDED,     /* told; @value: as waitpid() has it */
  HUB_SPAWNER_REFUSED,   /* told; @value: errno */
} HubSpawnerWhat;

/* @program: its index; @number: of the start that was asked for */
typedef struct
{
  guint32 what, program, number;
  gint32 value;
} HubSpawnerPacket;

/* The process. @requests: where the worker asks. It ends with the worker. */
void hub_spawner_serve (int requests, GPtrArray *programs, const char *subject) G_GNUC_NORETURN;

G_END_DECLS
