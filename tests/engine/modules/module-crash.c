/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A module that crashes while it is loaded. */
#include <signal.h>

__attribute__ ((constructor)) static void
crash (void)
{
  raise (SIGSEGV);
}
