/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hub-web-frames.h"

struct _HubWebFrames
{
  SoupWebsocketExtension parent_instance;
  gsize max, seen;
};

G_DEFINE_FINAL_TYPE (HubWebFrames, hub_web_frames, SOUP_TYPE_WEBSOCKET_EXTENSION)

/* RFC 6455, 5.2: the first byte of a frame. */
#define FRAME_FIN 0x80
#define FRAME_OPCODE 0x0f
#define OPCODE_CONTINUATION 0x0
#define OPCODE_CONTROL 0x8

static GBytes *
process_incoming (SoupWebsocketExtension *extension, guint8 *header, GBytes *payload,
                  GError **error)
{
  HubWebFrames *self = HUB_WEB_FRAMES (extension);
  guint8 opcode = header[0] & FRAME_OPCODE;

  if (opcode >= OPCODE_CONTROL)
    return payload;
  if (opcode != OPCODE_CONTINUATION)
    self->seen = 0;
  self->seen += g_bytes_get_size (payload);
  if (self->seen > self->max)
    {
      g_bytes_unref (payload);
      g_set_error_literal (error, SOUP_WEBSOCKET_ERROR, SOUP_WEBSOCKET_CLOSE_TOO_BIG,
                           "the message is too large");
      return NULL;
    }
  if ((header[0] & FRAME_FIN) != 0)
    self->seen = 0;
  return payload;
}

static GBytes *
process_outgoing (SoupWebsocketExtension *extension, guint8 *header, GBytes *payload,
                  GError **error)
{
  return payload;
}

static void
hub_web_frames_class_init (HubWebFramesClass *klass)
{
  SoupWebsocketExtensionClass *extension_class = SOUP_WEBSOCKET_EXTENSION_CLASS (klass);

  extension_class->name = "hub-web-frames";
  extension_class->process_incoming_message = process_incoming;
  extension_class->process_outgoing_message = process_outgoing;
}

static void
hub_web_frames_init (HubWebFrames *self)
{
}

HubWebFrames *
hub_web_frames_new (gsize max)
{
  HubWebFrames *self = g_object_new (HUB_TYPE_WEB_FRAMES, NULL);

  self->max = max;
  return self;
}
