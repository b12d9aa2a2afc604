/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Waits for the first record of a TLS client (RFC 8446, 5.1) before a thread is spent on it. */
#include "hub-tls-hello.h"

#include <string.h>
#include <sys/socket.h>

#define HEADER 5     /* type, version, length */
#define HANDSHAKE 22 /* the type */
#define CLIENT_HELLO 1
#define RANDOM_BYTES 32
#define SUPPORTED_VERSIONS 43
#define TLS_1_3 0x0304
#define LONGEST (HEADER + 16384) /* RFC 8446, 5.1 */

/* The socket is readable once so many bytes are there, or it has ended. */
static void
set_least (GSocket *socket, int bytes)
{
  setsockopt (g_socket_get_fd (socket), SOL_SOCKET, SO_RCVLOWAT, &bytes, sizeof bytes);
}

/* What is left to read of a ClientHello. */
typedef struct
{
  const guint8 *at;
  gsize left;
} Rest;

/* A number of @bytes; 0 beyond the end, which leaves nothing. */
static gsize
take_number (Rest *rest, gsize bytes)
{
  gsize number = 0;

  if (rest->left < bytes)
    rest->left = 0;
  for (gsize i = 0; i < bytes && rest->left > 0; i++, rest->left--)
    number = number << 8 | *rest->at++;
  return number;
}

/* What a length of @bytes stands before. */
static Rest
take_part (Rest *rest, gsize bytes)
{
  gsize size = take_number (rest, bytes);
  Rest part = { rest->at, MIN (size, rest->left) };

  rest->at += part.left;
  rest->left -= part.left;
  return part;
}

/* RFC 8446, 4.1.2 and 4.2.1: whether version 1.3 is among those that the client offers. */
static gboolean
offers_1_3 (const guint8 *record, gsize size)
{
  Rest rest = { record + HEADER, size - HEADER }, extensions;
  gboolean is_hello = take_number (&rest, 1) == CLIENT_HELLO;

  rest = take_part (&rest, 3);
  take_number (&rest, 2);
  for (guint i = 0; i < RANDOM_BYTES; i++)
    take_number (&rest, 1);
  take_part (&rest, 1); /* session */
  take_part (&rest, 2); /* cipher suites */
  take_part (&rest, 1); /* compression */
  extensions = take_part (&rest, 2);
  while (is_hello && extensions.left > 0)
    {
      gsize type = take_number (&extensions, 2);
      Rest extension = take_part (&extensions, 2);
      Rest versions = take_part (&extension, 1);

      while (type == SUPPORTED_VERSIONS && versions.left > 0)
        if (take_number (&versions, 2) == TLS_1_3)
          return TRUE;
    }
  return FALSE;
}

/* Belongs to a task. */
typedef struct
{
  gssize wanted; /* bytes before there is more to look at */
  GTlsProtocolVersion least;
} Wait;

static gboolean
on_readable (GSocket *socket, GIOCondition condition, gpointer data)
{
  GTask *task = data;
  guint8 bytes[LONGEST];
  gssize got = recv (g_socket_get_fd (socket), bytes, sizeof bytes, MSG_PEEK | MSG_DONTWAIT);
  Wait *wait = g_task_get_task_data (task);
  gssize length;

  if (g_task_return_error_if_cancelled (task))
    return G_SOURCE_REMOVE;
  if (got < wait->wanted)
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
      wait->wanted = length;
      set_least (socket, (int) length);
      return G_SOURCE_CONTINUE;
    }
  set_least (socket, 1);
  if (wait->least >= G_TLS_PROTOCOL_VERSION_TLS_1_3 && !offers_1_3 (bytes, (gsize) length))
    {
      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                               "it does not offer TLS 1.3");
      return G_SOURCE_REMOVE;
    }
  g_task_return_boolean (task, TRUE);
  return G_SOURCE_REMOVE;
}

void
hub_tls_hello_wait_async (GSocket *socket, GTlsProtocolVersion least, GCancellable *cancellable,
                          GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (socket, cancellable, callback, data);
  g_autoptr (GSource) source = g_socket_create_source (socket, G_IO_IN, cancellable);
  Wait *wait = g_new0 (Wait, 1);

  wait->wanted = HEADER;
  wait->least = least;
  g_task_set_source_tag (task, hub_tls_hello_wait_async);
  g_task_set_task_data (task, wait, g_free);
  set_least (socket, HEADER);
  g_task_attach_source (task, source, G_SOURCE_FUNC (on_readable));
}

gboolean
hub_tls_hello_wait_finish (GSocket *socket, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, socket), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, hub_tls_hello_wait_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
