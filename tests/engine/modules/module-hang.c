/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A module that never returns from being loaded. */
#include <unistd.h>

__attribute__ ((constructor)) static void
hang (void)
{
  for (;;)
    pause ();
}
