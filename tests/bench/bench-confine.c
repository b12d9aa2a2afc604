/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Measures what confinement costs a system call. */

/* worker.sendmmsg_us: the CPU time of one call that sends one small datagram, of a confined
 * process; beside it that of one that is not. The middle of several rounds of each, in turns. */

#include "hub-confine.h"
#include "hub-log.h"

#include <glib/gstdio.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 9
#define CALLS 40000

static int
compare (gconstpointer a, gconstpointer b)
{
  gdouble x = *(const gdouble *) a, y = *(const gdouble *) b;

  return x < y ? -1 : x > y;
}

/* CPU time, in microseconds a call. */
static gdouble
measure (int fd)
{
  char payload[100] = { 0 };
  struct iovec data = { payload, sizeof payload };
  struct mmsghdr message = { .msg_hdr = { .msg_iov = &data, .msg_iovlen = 1 } };
  struct timespec begin, end;

  clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &begin);
  for (guint i = 0; i < CALLS; i++)
    if (sendmmsg (fd, &message, 1, MSG_DONTWAIT) < 0)
      g_error ("nothing can be sent");
  clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &end);
  return ((gdouble) (end.tv_sec - begin.tv_sec) * 1e9 + (gdouble) (end.tv_nsec - begin.tv_nsec))
         / 1000 / CALLS;
}

/* In a process of its own, since there is no way back. @out: shared with it */
static void
measure_apart (int fd, const char *directory, gdouble *out)
{
  pid_t child = fork ();

  if (child == 0)
    {
      if (directory != NULL)
        hub_confine (directory, "bench");
      *out = measure (fd);
      _exit (0);
    }
  if (child < 0 || waitpid (child, NULL, 0) != child || *out == 0)
    g_error ("no process could measure");
}

int
main (void)
{
  struct sockaddr_in here = { .sin_family = AF_INET, .sin_addr = { htonl (INADDR_LOOPBACK) } };
  socklen_t length = sizeof here;
  int sender = socket (AF_INET, SOCK_DGRAM, 0), receiver = socket (AF_INET, SOCK_DGRAM, 0);
  g_autofree char *directory = g_dir_make_tmp ("karez-confine-XXXXXX", NULL);
  gdouble *took = mmap (NULL, 2 * ROUNDS * sizeof *took, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);

  if (directory == NULL || took == MAP_FAILED
      || bind (receiver, (struct sockaddr *) &here, sizeof here) < 0
      || getsockname (receiver, (struct sockaddr *) &here, &length) < 0
      || connect (sender, (struct sockaddr *) &here, sizeof here) < 0)
    g_error ("there is no UDP here");
  hub_log_open ("bench-confine");
  for (guint i = 0; i < ROUNDS; i++)
    {
      measure_apart (sender, directory, &took[i]);
      measure_apart (sender, NULL, &took[ROUNDS + i]);
    }
  g_rmdir (directory);
  qsort (took, ROUNDS, sizeof *took, compare);
  qsort (took + ROUNDS, ROUNDS, sizeof *took, compare);
  printf ("{\"name\": \"worker.sendmmsg_us\", \"value\": %.3f, \"unit\": \"us\", \"peer\": "
          "\"not confined\", \"peer_value\": %.3f, \"n\": %d}\n",
          took[ROUNDS / 2], took[ROUNDS + ROUNDS / 2], ROUNDS * CALLS);
  return 0;
}
