/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Answers with a file or a range of it, as the client reads. */
#include "hub-web-stream.h"

#include "hub-catalogue.h"
#include "hub-log.h"
#include "hub-web-limits.h"
#include "hub-web-range.h"

#define PART_BYTES (128 * 1024)

#define HUB_TYPE_WEB_STREAM (hub_web_stream_get_type ())
G_DECLARE_FINAL_TYPE (HubWebStream, hub_web_stream, HUB, WEB_STREAM, GObject)

/* One answer. Kept by its download until it leaves, and by a part that is being read. */
struct _HubWebStream
{
  GObject parent_instance;

  HubWebRequest *request;
  KarezStreamFunc func;
  gpointer data;
  GDestroyNotify destroy;
  HubWebDownload *download; /* NULL once it has left */
  GCancellable *cancellable;
  char *media_type, *etag, *disposition;
  goffset at, end;
  gboolean begun; /* the head is written */
};

G_DEFINE_FINAL_TYPE (HubWebStream, hub_web_stream, G_TYPE_OBJECT)

static void
leave (HubWebStream *self)
{
  if (self->download == NULL)
    return;
  g_cancellable_cancel (self->cancellable);
  hub_web_download_leave (g_steal_pointer (&self->download));
  g_object_unref (self);
}

/* The rest does not come: the connection ends, so that the client knows. */
static void
cut (HubWebStream *self)
{
  SoupServerMessage *message = hub_web_request_get_message (self->request);
  g_autoptr (GIOStream) stream = soup_server_message_steal_connection (message);

  if (stream != NULL)
    g_io_stream_close (stream, NULL, NULL);
}

static void
give_up (HubWebStream *self, const GError *error)
{
  g_autoptr (HubWebStream) kept = g_object_ref (self);

  leave (self);
  if (!self->begun)
    {
      hub_web_request_set_header (self->request, "Content-Range", NULL);
      karez_request_fail (KAREZ_REQUEST (self->request), error);
      return;
    }
  hub_info ("web", NULL, "a download was cut: %s", error->message);
  cut (self);
}

static void
on_end (const GError *why, gpointer data)
{
  give_up (data, why);
}

/* The sign-in that it is read by is over. If it waits still, the request answers that itself. */
static void
on_sign_in_ended (GCancellable *ended, HubWebStream *self)
{
  g_autoptr (HubWebStream) kept = g_object_ref (self);

  if (self->download == NULL)
    return;
  leave (self);
  if (self->begun)
    cut (self);
}

static void
set_head (HubWebStream *self)
{
  HubWebRequest *request = self->request;

  soup_message_headers_set_content_length (
      soup_server_message_get_response_headers (hub_web_request_get_message (request)),
      self->end - self->at);
  hub_web_request_set_header (request, "Content-Type", self->media_type);
  hub_web_request_set_header (request, "Content-Disposition", self->disposition);
  hub_web_request_set_header (request, "ETag", self->etag);
  hub_web_request_set_header (request, "Cache-Control", "no-store");
}

/* Hands a part to libsoup, which writes it and says so when the client has taken it. */
static void
write_part (HubWebStream *self, GBytes *bytes)
{
  SoupServerMessage *message = hub_web_request_get_message (self->request);

  if (!self->begun)
    set_head (self);
  self->at += g_bytes_get_size (bytes);
  hub_web_limits_extend (message);
  soup_message_body_append_bytes (soup_server_message_get_response_body (message), bytes);
  if (self->begun)
    soup_server_message_unpause (message);
  else
    {
      self->begun = TRUE;
      hub_web_request_let_go (self->request);
    }
}

static void
on_part (GObject *source, GAsyncResult *result, gpointer data)
{
  HubWebStream *self = HUB_WEB_STREAM (source);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = g_task_propagate_pointer (G_TASK (result), &error);
  gsize asked = GPOINTER_TO_SIZE (g_task_get_task_data (G_TASK (result)));

  if (self->download == NULL)
    return;
  hub_web_download_was_read (self->download);
  if (bytes != NULL && (g_bytes_get_size (bytes) == 0 || g_bytes_get_size (bytes) > asked))
    karez_error_set (&error, KAREZ_ERROR_FAILED, "download/part", NULL,
                     N_ ("A part of the file could not be read"));
  if (error != NULL)
    give_up (self, error);
  else
    write_part (self, bytes);
}

static void
read_part (gpointer data)
{
  HubWebStream *self = data;
  gsize length = MIN (self->end - self->at, PART_BYTES);
  GTask *task = g_task_new (self, self->cancellable, on_part, NULL);

  g_task_set_source_tag (task, hub_web_stream_answer);
  g_task_set_task_data (task, GSIZE_TO_POINTER (length), NULL);
  self->func (self->at, length, task, self->data);
}

static void
on_begin (gpointer data)
{
  HubWebStream *self = data;

  hub_web_download_read (self->download, read_part);
}

static void
on_wrote_chunk (SoupServerMessage *message, HubWebStream *self)
{
  if (self->download != NULL && self->at < self->end)
    hub_web_download_read (self->download, read_part);
}

static void
on_gone (SoupServerMessage *message, HubWebStream *self)
{
  leave (self);
}

static void
join (HubWebStream *self, HubWebDownloads *downloads)
{
  SoupServerMessage *message = hub_web_request_get_message (self->request);
  KarezActor *actor = karez_request_get_actor (KAREZ_REQUEST (self->request));
  HubWebSignIn *sign_in = hub_web_request_get_sign_in (self->request);
  g_autoptr (GError) error = NULL;

  self->download = hub_web_downloads_add (downloads,
                                          actor != NULL ? karez_actor_get_id (actor) : "nobody",
                                          on_begin, on_end, self, &error);
  if (self->download == NULL)
    {
      karez_request_fail (KAREZ_REQUEST (self->request), error);
      return;
    }
  g_object_ref (self);
  soup_message_body_set_accumulate (soup_server_message_get_response_body (message), FALSE);
  g_signal_connect_object (message, "wrote-chunk", G_CALLBACK (on_wrote_chunk), self, 0);
  g_signal_connect_object (message, "finished", G_CALLBACK (on_gone), self, 0);
  g_signal_connect_object (message, "disconnected", G_CALLBACK (on_gone), self, 0);
  if (sign_in != NULL)
    g_signal_connect_object (sign_in->ended, "cancelled", G_CALLBACK (on_sign_in_ended), self, 0);
}

static void
refuse_range (HubWebRequest *request)
{
  g_autoptr (GError) error = karez_error_new (KAREZ_ERROR_INVALID, "request/range",
                                              N_ ("a range that begins within the file"),
                                              N_ ("The file has no such range"));

  hub_web_request_fail_with (request, 416, error);
}

void
hub_web_stream_answer (HubWebRequest *request, HubWebDownloads *downloads,
                       const KarezStream *stream, KarezStreamFunc func, gpointer data,
                       GDestroyNotify destroy)
{
  g_autoptr (HubWebStream) self = g_object_new (HUB_TYPE_WEB_STREAM, NULL);
  SoupServerMessage *message = hub_web_request_get_message (request);
  goffset length;

  self->request = g_object_ref (request);
  self->func = func;
  self->data = data;
  self->destroy = destroy;
  self->media_type = g_strdup (stream->media_type);
  self->etag = stream->tag != NULL ? g_strdup_printf ("\"%s\"", stream->tag) : NULL;
  if (stream->name != NULL)
    self->disposition = karez_file_name_disposition (stream->name, stream->shown);
  if (hub_web_request_is_answered (request))
    return;
  if (hub_web_range_is_known (message, self->etag))
    {
      hub_web_request_set_header (request, "ETag", self->etag);
      soup_server_message_set_status (message, SOUP_STATUS_NOT_MODIFIED, NULL);
      hub_web_request_let_go (request);
      return;
    }
  if (hub_web_range_choose (message, self->etag, stream->size, &self->at, &length)
      == HUB_WEB_RANGE_UNSATISFIABLE)
    {
      refuse_range (request);
      return;
    }
  self->end = self->at + length;
  if (length > 0 && g_str_equal (soup_server_message_get_method (message), "GET"))
    {
      join (self, downloads);
      return;
    }
  set_head (self);
  hub_web_request_let_go (request);
}

static void
hub_web_stream_finalize (GObject *object)
{
  HubWebStream *self = HUB_WEB_STREAM (object);

  if (self->destroy != NULL)
    self->destroy (self->data);
  g_object_unref (self->cancellable);
  g_object_unref (self->request);
  g_free (self->media_type);
  g_free (self->etag);
  g_free (self->disposition);
  G_OBJECT_CLASS (hub_web_stream_parent_class)->finalize (object);
}

static void
hub_web_stream_class_init (HubWebStreamClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = hub_web_stream_finalize;
}

static void
hub_web_stream_init (HubWebStream *self)
{
  self->cancellable = g_cancellable_new ();
}
