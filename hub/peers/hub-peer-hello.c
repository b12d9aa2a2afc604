/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hub-peer-hello.h"

#include <sys/socket.h>

#define HEADER 5                 /* type, version, length */
#define HANDSHAKE 22             /* the type */
#define LONGEST (HEADER + 16384) /* RFC 8446, 5.1 */

/* The socket is readable once so many bytes are there, or it has ended. */
static void
set_least (GSocket *socket, int bytes)
{
  setsockopt (g_socket_get_fd (socket), SOL_SOCKET, SO_RCVLOWAT, &bytes, sizeof bytes);
}

static gboolean
on_readable (GSocket *socket, GIOCondition condition, gpointer data)
{
  GTask *task = data;
  guint8 bytes[LONGEST];
  gssize got = recv (g_socket_get_fd (socket), bytes, sizeof bytes, MSG_PEEK | MSG_DONTWAIT);
  gssize least = GPOINTER_TO_SIZE (g_task_get_task_data (task));
  gssize length;

  if (g_task_return_error_if_cancelled (task))
    return G_SOURCE_REMOVE;
  if (got < least)
    {
      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CLOSED, "it ended before it began");
      return G_SOURCE_REMOVE;
    }
  length = HEADER + (bytes[3] << 8 | bytes[4]);
  if (bytes[0] != HANDSHAKE || length > LONGEST)
    {
      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "this is not TLS");
      return G_SOURCE_REMOVE;
    }
  if (got < length)
    {
      g_task_set_task_data (task, GSIZE_TO_POINTER (length), NULL);
      set_least (socket, (int) length);
      return G_SOURCE_CONTINUE;
    }
  set_least (socket, 1);
  g_task_return_boolean (task, TRUE);
  return G_SOURCE_REMOVE;
}

void
hub_peer_hello_wait_async (GSocket *socket, GCancellable *cancellable, GAsyncReadyCallback callback,
                           gpointer data)
{
  g_autoptr (GTask) task = g_task_new (socket, cancellable, callback, data);
  g_autoptr (GSource) source = g_socket_create_source (socket, G_IO_IN, cancellable);

  g_task_set_source_tag (task, hub_peer_hello_wait_async);
  g_task_set_task_data (task, GSIZE_TO_POINTER (HEADER), NULL);
  set_least (socket, HEADER);
  g_task_attach_source (task, source, G_SOURCE_FUNC (on_readable));
}

gboolean
hub_peer_hello_wait_finish (GSocket *socket, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, socket), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, hub_peer_hello_wait_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
