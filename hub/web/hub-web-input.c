/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hub-web-input.h"

#include "hub-web-limits.h"

#define KEY "hub-web-input"
#define FAREWELL_MS 3000

typedef struct
{
  GByteArray *bytes;
  GBytes *farewell; /* set once the body is refused */
  goffset seen;
  HubWebInputFunc refuse;
  gpointer data;
} Input;

static void
input_free (Input *input)
{
  g_byte_array_unref (input->bytes);
  g_clear_pointer (&input->farewell, g_bytes_unref);
  g_free (input);
}

static void discard (GIOStream *stream);

static void
on_discarded (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GIOStream) stream = data;

  if (g_input_stream_skip_finish (G_INPUT_STREAM (source), result, NULL) > 0)
    discard (g_object_ref (stream));
}

/* Reads on until the other end closes or the last deadline shuts the socket: closing with unread
 * bytes would reset the connection, and the refusal would not arrive. Takes the stream. */
static void
discard (GIOStream *stream)
{
  g_input_stream_skip_async (g_io_stream_get_input_stream (stream), 64 * 1024, G_PRIORITY_LOW, NULL,
                             on_discarded, stream);
}

static void
cut (SoupServerMessage *message, Input *input)
{
  g_autoptr (GSocket) socket = g_object_ref (hub_web_limits_get_socket (message));
  GIOStream *stream = soup_server_message_steal_connection (message);

  if (stream == NULL)
    return;
  hub_web_limits_farewell (socket, input->farewell);
  hub_web_limits_release (socket, FAREWELL_MS);
  discard (stream);
}

static void
refuse (SoupServerMessage *message, Input *input)
{
  input->farewell = input->refuse (message, input->data);
  g_byte_array_set_size (input->bytes, 0);
}

static void
on_got_chunk (SoupServerMessage *message, GBytes *chunk, Input *input)
{
  gsize size;
  gconstpointer data = g_bytes_get_data (chunk, &size);

  input->seen += size;
  if (input->farewell == NULL && input->seen <= HUB_WEB_INPUT_MAX)
    g_byte_array_append (input->bytes, data, size);
  else if (input->farewell == NULL)
    refuse (message, input);
  if (input->farewell != NULL && input->seen > HUB_WEB_INPUT_MAX + HUB_WEB_INPUT_DISCARD)
    cut (message, input);
}

void
hub_web_input_watch (SoupServerMessage *message, HubWebInputFunc func, gpointer data)
{
  SoupMessageHeaders *headers = soup_server_message_get_request_headers (message);
  Input *input = g_new0 (Input, 1);

  input->bytes = g_byte_array_new ();
  input->refuse = func;
  input->data = data;
  g_object_set_data_full (G_OBJECT (message), KEY, input, (GDestroyNotify) input_free);
  soup_message_body_set_accumulate (soup_server_message_get_request_body (message), FALSE);
  g_signal_connect (message, "got-chunk", G_CALLBACK (on_got_chunk), input);
  if (soup_message_headers_get_encoding (headers) == SOUP_ENCODING_CONTENT_LENGTH
      && soup_message_headers_get_content_length (headers) > HUB_WEB_INPUT_MAX)
    refuse (message, input);
}

GBytes *
hub_web_input_take (SoupServerMessage *message)
{
  Input *input = g_object_get_data (G_OBJECT (message), KEY);
  GByteArray *bytes;

  if (input == NULL)
    return g_bytes_new (NULL, 0);
  bytes = input->bytes;
  input->bytes = g_byte_array_new ();
  return g_byte_array_free_to_bytes (bytes);
}
