/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Messages with descriptors, over sockets of this machine. */
#include "hub-fds.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

gssize
hub_fds_send (int socket, gconstpointer bytes, gsize size, const int *fds, guint n_fds, int flags)
{
  union
  {
    struct cmsghdr header;
    char space[CMSG_SPACE (HUB_FDS_MAX * sizeof (int))];
  } control = { 0 };
  struct iovec data = { (gpointer) bytes, size };
  struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1 };
  gssize n;

  if (n_fds > 0)
    {
      message.msg_control = control.space;
      message.msg_controllen = CMSG_SPACE (n_fds * sizeof (int));
      control.header.cmsg_level = SOL_SOCKET;
      control.header.cmsg_type = SCM_RIGHTS;
      control.header.cmsg_len = CMSG_LEN (n_fds * sizeof (int));
      memcpy (CMSG_DATA (&control.header), fds, n_fds * sizeof (int));
    }
  do
    n = sendmsg (socket, &message, flags | MSG_NOSIGNAL);
  while (n < 0 && errno == EINTR);
  return n;
}
