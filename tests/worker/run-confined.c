/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs KAREZ_TEST_PROGRAM as a session's program is run: confined, with the descriptors it has. */
#include "hub-confine-program.h"

#include <errno.h>
#include <unistd.h>

#define MEMORY_MIB 512
#define NICE 5

int
main (void)
{
  g_autoptr (GPtrArray) programs = g_ptr_array_new ();
  HubPluginProgram program = { .name = (char *) "test",
                               .path = (char *) g_getenv ("KAREZ_TEST_PROGRAM"),
                               .memory = MEMORY_MIB,
                               .nice = NICE };
  char *arguments[] = { program.path, NULL };

  g_ptr_array_add (programs, &program);
  hub_confine_spawner (programs, "test");
  if (hub_confine_program (&program))
    execv (program.path, arguments);
  g_printerr ("%s: %s\n", program.path, g_strerror (errno));
  return 127;
}
