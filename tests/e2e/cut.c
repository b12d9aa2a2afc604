/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A library that cuts paths between workers, by LD_PRELOAD. */

/* Cuts paths between workers, for tests that are not root: preloaded into them, it swallows what is
 * sent to 127.0.0.N while byte N of the file in KAREZ_CUT is not 0. The sender is not told, as it
 * is not told of a cable that is pulled out elsewhere. */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define BYTES 256

static const volatile unsigned char *cut;

static ssize_t (*kernel_sendto) (int, const void *, size_t, int, const struct sockaddr *,
                                 socklen_t);

static void __attribute__ ((constructor)) open_file (void)
{
  const char *name = getenv ("KAREZ_CUT");
  int fd = name != NULL ? open (name, O_RDONLY | O_CLOEXEC) : -1;
  void *bytes = fd >= 0 ? mmap (NULL, BYTES, PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;

  *(void **) &kernel_sendto = dlsym (RTLD_NEXT, "sendto");
  if (bytes != MAP_FAILED)
    cut = bytes;
  if (fd >= 0)
    close (fd);
}

static bool
is_cut (const struct sockaddr *to)
{
  uint32_t address;

  if (cut == NULL || to == NULL || to->sa_family != AF_INET)
    return false;
  address = ntohl (((const struct sockaddr_in *) (const void *) to)->sin_addr.s_addr);
  return address >> 8 == 0x7f0000 && cut[address & 0xff] != 0;
}

__attribute__ ((visibility ("default"))) ssize_t
sendto (int fd, const void *bytes, size_t length, int flags, const struct sockaddr *to,
        socklen_t to_length)
{
  return is_cut (to) ? (ssize_t) length : kernel_sendto (fd, bytes, length, flags, to, to_length);
}
