/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A program whose clock is KAREZ_TEST_CLOCK seconds ahead, for LD_PRELOAD. */
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

static time_t
ahead (void)
{
  const char *text = getenv ("KAREZ_TEST_CLOCK");

  return text != NULL ? (time_t) strtol (text, NULL, 10) : 0;
}

int
clock_gettime (clockid_t clock, struct timespec *now)
{
  static int (*real) (clockid_t, struct timespec *);
  int result;

  if (real == NULL)
    real = (int (*) (clockid_t, struct timespec *)) dlsym (RTLD_NEXT, "clock_gettime");
  result = real (clock, now);
  if (result == 0 && clock == CLOCK_REALTIME)
    now->tv_sec += ahead ();
  return result;
}

int
gettimeofday (struct timeval *now, void *zone)
{
  static int (*real) (struct timeval *, void *);
  int result;

  if (real == NULL)
    real = (int (*) (struct timeval *, void *)) dlsym (RTLD_NEXT, "gettimeofday");
  result = real (now, zone);
  if (result == 0)
    now->tv_sec += ahead ();
  return result;
}
