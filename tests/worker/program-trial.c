/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A session's program that does what its live half says, or what it should not. */
#include "escape.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CHANNEL 3
#define MAX_SIZE 65536
#define MIB (1024u * 1024)

static char **arguments;

static void
say (const char *text)
{
  if (send (CHANNEL, text, strlen (text), 0) < 0)
    exit (4);
}

static void G_GNUC_NORETURN
wait_for_ever (void)
{
  for (;;)
    pause ();
}

/* Asks for memory until it gets no more. */
static void
eat (void)
{
  g_autofree char *told = NULL;
  guint n = 0;
  void *shared = mmap (NULL, MIB, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  char *block;

  while (n < 4096 && (block = malloc (MIB)) != NULL)
    {
      memset (block, 1, MIB);
      n++;
    }
  told = g_strdup_printf ("ate %u MiB, %s", n, shared == MAP_FAILED ? "none shared" : "shared");
  say (told);
}

/* What the worker may, or nobody has to ask for: each must be refused. */
static void
try_more (JsonObject *refused)
{
  int pair[2] = { -1, -1 };
  int own = open (arguments[0], O_RDONLY | O_CLOEXEC);
  struct flock lock = { .l_type = F_RDLCK };
  const struct
  {
    const char *name;
    gboolean done;
  } tries[] = {
    { "datagrams", socketpair (AF_UNIX, SOCK_DGRAM, 0, pair) == 0 },
    { "raw pair", socketpair (AF_UNIX, SOCK_RAW, 0, pair) == 0 },
    { "memory that grows down",
      mmap (NULL, MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN, -1, 0)
          != MAP_FAILED },
    { "memory of a file's kind", syscall (SYS_memfd_create, "x", 0) >= 0 },
    { "mode", fchmod (own, 0700) == 0 },
    { "flock", flock (own, LOCK_SH) == 0 },
    { "lock", fcntl (own, F_SETLK, &lock) == 0 },
    { "emptying", open (arguments[0], O_RDONLY | O_TRUNC) >= 0 },
    { "priority", setpriority (PRIO_PROCESS, 0, -1) == 0 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (tries); i++)
    json_object_set_int_member (refused, tries[i].name, tries[i].done ? 0 : EPERM);
  json_object_set_int_member (refused, "its own file is read", own >= 0 ? EPERM : 0);
  close (own);
}

static void
escape (const char *json)
{
  g_autoptr (JsonNode) about = json_from_string (json, NULL);
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);
  g_autofree char *text = NULL;

  json_node_take_object (node, escape_try (json_node_get_object (about)));
  try_more (json_object_get_object_member (json_node_get_object (node), "refused"));
  text = json_to_string (node, FALSE);
  say (text);
}

static void
obey (const char *text, int fd)
{
  static char much[MAX_SIZE + 1];

  if (g_str_has_prefix (text, "echo "))
    say (text + strlen ("echo "));
  else if (g_str_has_prefix (text, "escape "))
    escape (text + strlen ("escape "));
  else if (g_str_equal (text, "descriptor"))
    say (write (fd, "hello", 5) == 5 ? "written" : "not written");
  else if (g_str_equal (text, "nice"))
    say (getpriority (PRIO_PROCESS, 0) == 7 ? "nice" : "not nice");
  else if (g_str_equal (text, "eat"))
    eat ();
  else if (g_str_equal (text, "exit"))
    exit (3);
  else if (g_str_equal (text, "abort"))
    abort ();
  else if (g_str_equal (text, "hang"))
    wait_for_ever ();
  else if (g_str_equal (text, "long"))
    send (CHANNEL, much, sizeof much, 0);
  else if (g_str_equal (text, "close"))
    {
      close (CHANNEL);
      wait_for_ever ();
    }
  else if (g_str_equal (text, "write"))
    for (guint i = 0; i < 1000; i++)
      fprintf (stderr, "line %u\n", i);
  else if (g_str_equal (text, "flood"))
    while (send (CHANNEL, "flood", 5, 0) > 0)
      continue;
}

int
main (int argc, char **argv)
{
  static char packet[MAX_SIZE + 1];

  arguments = argv;
  signal (SIGPIPE, SIG_IGN);
  for (;;)
    {
      union
      {
        struct cmsghdr header;
        char space[CMSG_SPACE (sizeof (int))];
      } control;
      struct iovec data = { packet, MAX_SIZE };
      struct msghdr message = { .msg_iov = &data,
                                .msg_iovlen = 1,
                                .msg_control = control.space,
                                .msg_controllen = sizeof control.space };
      gssize n = recvmsg (CHANNEL, &message, MSG_CMSG_CLOEXEC);
      int fd = -1;

      if (n <= 0)
        return 0;
      if (message.msg_controllen >= CMSG_LEN (sizeof fd))
        memcpy (&fd, CMSG_DATA (&control.header), sizeof fd);
      packet[n] = '\0';
      if (n == 1 && packet[0] == '\0')
        send (CHANNEL, packet, 1, 0);
      else
        obey (packet, fd);
      if (fd >= 0)
        close (fd);
    }
}
