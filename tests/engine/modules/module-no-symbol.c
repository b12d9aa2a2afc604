/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A shared object that is no plugin. */
#include <glib.h>
#include <gmodule.h>

G_MODULE_EXPORT int answer (void);
int
answer (void)
{
  return 42;
}
