/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Packets between the hub, systemd's launcher socket and a worker that it started. */
#include "hub-launch.h"

#include <gio/gunixfdmessage.h>
#include <string.h>
#include <sys/socket.h>

static gboolean
fail (GError **error, GIOErrorEnum code, const char *what)
{
  g_set_error_literal (error, G_IO_ERROR, code, what);
  return FALSE;
}

gboolean
hub_launch_send (GSocket *socket, const char *const *words, const int *fds, guint n_fds,
                 GError **error)
{
  g_autoptr (GByteArray) packet = g_byte_array_new ();
  g_autoptr (GSocketControlMessage) beside = g_unix_fd_message_new ();
  GOutputVector vector = { 0 };
  gssize n;

  for (guint i = 0; words[i] != NULL; i++)
    g_byte_array_append (packet, (const guint8 *) words[i], strlen (words[i]) + 1);
  if (packet->len > HUB_LAUNCH_MAX_BYTES)
    return fail (error, G_IO_ERROR_MESSAGE_TOO_LARGE, "the words are too many for one message");
  for (guint i = 0; i < n_fds; i++)
    if (!g_unix_fd_message_append_fd (G_UNIX_FD_MESSAGE (beside), fds[i], error))
      return FALSE;
  vector.buffer = packet->data;
  vector.size = packet->len;
  n = g_socket_send_message (socket, NULL, &vector, 1, &beside, n_fds > 0 ? 1 : 0, 0, NULL, error);
  if (n >= 0 && (gsize) n != packet->len)
    return fail (error, G_IO_ERROR_PARTIAL_INPUT, "the message was cut");
  return n >= 0;
}

/* NULL unless @packet is words, each ended by a NUL. */
static GStrv
split (const char *packet, gsize size)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  gsize at = 0;
  guint n = 0;

  if (size == 0 || packet[size - 1] != '\0')
    return NULL;
  while (at < size)
    {
      if (packet[at] == '\0' || ++n > HUB_LAUNCH_MAX_WORDS)
        return NULL;
      g_strv_builder_add (builder, packet + at);
      at += strlen (packet + at) + 1;
    }
  return g_strv_builder_end (builder);
}

/* The descriptors that came: a packet has one list of them at most. */
static GUnixFDList *
take_fds (GSocketControlMessage **messages, int n_messages)
{
  GUnixFDList *list = NULL;

  for (int i = 0; i < n_messages; i++)
    {
      if (list == NULL && G_IS_UNIX_FD_MESSAGE (messages[i]))
        list = g_object_ref (g_unix_fd_message_get_fd_list (G_UNIX_FD_MESSAGE (messages[i])));
      g_object_unref (messages[i]);
    }
  g_free (messages);
  return list != NULL ? list : g_unix_fd_list_new ();
}

GStrv
hub_launch_receive (GSocket *socket, GUnixFDList **fds, GError **error)
{
  g_autofree char *packet = g_malloc (HUB_LAUNCH_MAX_BYTES);
  GInputVector vector = { packet, HUB_LAUNCH_MAX_BYTES };
  GSocketControlMessage **messages = NULL;
  int n_messages = 0, flags = 0;
  gssize n = g_socket_receive_message (socket, NULL, &vector, 1, &messages, &n_messages, &flags,
                                       NULL, error);
  g_autoptr (GUnixFDList) list = take_fds (messages, n_messages);
  g_auto (GStrv) words = NULL;

  if (n == 0)
    fail (error, G_IO_ERROR_CONNECTION_CLOSED, "the other end closed the connection");
  if (n <= 0)
    return NULL;
  words = flags & (MSG_TRUNC | MSG_CTRUNC) ? NULL : split (packet, n);
  if (words == NULL)
    {
      fail (error, G_IO_ERROR_INVALID_DATA, "this is no message of the launcher's socket");
      return NULL;
    }
  *fds = g_steal_pointer (&list);
  return g_steal_pointer (&words);
}
