/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Collects and bounds the body of a request. */
#include "hub-web-input.h"

#include "hub-catalogue.h"
#include "hub-web-limits.h"

#define KEY "hub-web-input"
#define FAREWELL_MS 3000
#define RETRY_AFTER_S "2"

typedef struct
{
  GByteArray *bytes;
  GBytes *refusal; /* set once the body is refused */
  gsize seen;
  HubWebBody *room;
  HubWebLanguages *languages;
} Input;

static void
input_free (Input *input)
{
  g_byte_array_unref (input->bytes);
  g_clear_pointer (&input->refusal, g_bytes_unref);
  hub_web_body_free (input->room);
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
  hub_web_limits_end_with (socket, input->refusal);
  hub_web_limits_release (socket, FAREWELL_MS);
  discard (stream);
}

/* Once for libsoup, and once for a connection that is cut. What was collected is let go. */
static void
refuse (SoupServerMessage *message, Input *input, const GError *error)
{
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (message);
  guint status = hub_web_problem_status (error);
  const char *language = hub_web_languages_choose (
      input->languages, NULL,
      soup_message_headers_get_one (soup_server_message_get_request_headers (message),
                                    "Accept-Language"));
  g_autoptr (JsonNode) problem = hub_web_problem_new (error, status, input->languages, language);
  g_autofree char *text = karez_json_print (problem);

  soup_message_headers_replace (headers, "Connection", "close");
  if (status == 429 || status == 503)
    soup_message_headers_replace (headers, "Retry-After", RETRY_AFTER_S);
  soup_server_message_set_status (message, status, NULL);
  soup_server_message_set_response (message, "application/problem+json", SOUP_MEMORY_COPY, text,
                                    strlen (text));
  input->refusal = hub_web_problem_answer (error, status, input->languages, language);
  g_byte_array_unref (input->bytes);
  input->bytes = g_byte_array_new ();
  hub_web_body_drop (input->room);
}

/* Whether there is room for @size bytes in all. */
static gboolean
has_room (SoupServerMessage *message, Input *input, gsize size)
{
  g_autoptr (GError) error = NULL;

  if (size > HUB_WEB_INPUT_MAX)
    karez_error_set (&error, KAREZ_ERROR_TOO_LARGE, "request/size", N_ ("at most 1 MiB"),
                     N_ ("The body of the request is too large"));
  else
    hub_web_body_hold (input->room, size, &error);
  if (error != NULL)
    refuse (message, input, error);
  return error == NULL;
}

static void
on_got_chunk (SoupServerMessage *message, GBytes *chunk, Input *input)
{
  gsize size;
  gconstpointer data = g_bytes_get_data (chunk, &size);

  input->seen += size;
  if (input->refusal == NULL && has_room (message, input, input->seen))
    g_byte_array_append (input->bytes, data, (guint) size);
  if (input->refusal != NULL && input->seen > HUB_WEB_INPUT_MAX + HUB_WEB_INPUT_DISCARD)
    cut (message, input);
}

void
hub_web_input_watch (SoupServerMessage *message, HubWebBody *room, HubWebLanguages *languages)
{
  SoupMessageHeaders *headers = soup_server_message_get_request_headers (message);
  Input *input = g_new0 (Input, 1);

  input->bytes = g_byte_array_new ();
  input->room = room;
  input->languages = languages;
  g_object_set_data_full (G_OBJECT (message), KEY, input, (GDestroyNotify) input_free);
  soup_message_body_set_accumulate (soup_server_message_get_request_body (message), FALSE);
  g_signal_connect (message, "got-chunk", G_CALLBACK (on_got_chunk), input);
  /* Now, and not when much of it has come. */
  if (soup_message_headers_get_encoding (headers) == SOUP_ENCODING_CONTENT_LENGTH)
    has_room (message, input, (gsize) soup_message_headers_get_content_length (headers));
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
