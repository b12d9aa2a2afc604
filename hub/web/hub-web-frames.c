/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bounds what a WebSocket's other end may send, frame by frame. */
#include "hub-web-frames.h"

#include "hub-clock.h"
#include "hub-web-page.h"
#include "hub-web-rate.h"

/* A page's 60 messages, in a few fragments each. */
#define FRAMES_PER_SECOND 200
#define FRAMES_BURST 1000

struct _HubWebFrames
{
  SoupWebsocketExtension parent_instance;
  HubWebMeter *meter;
  HubWebRate *rate;
  gsize max, queue;
  gsize seen; /* of a message */
};

G_DEFINE_FINAL_TYPE (HubWebFrames, hub_web_frames, SOUP_TYPE_WEBSOCKET_EXTENSION)

/* RFC 6455, 5.2: the first byte of a frame. */
#define FRAME_FIN 0x80
#define FRAME_OPCODE 0x0f
#define OPCODE_CONTINUATION 0x0
#define OPCODE_CONTROL 0x8

/* Takes @payload, as libsoup wants it. */
static GBytes *
refuse (GBytes *payload, int code, const char *why, GError **error)
{
  g_bytes_unref (payload);
  g_set_error_literal (error, SOUP_WEBSOCKET_ERROR, code, why);
  return NULL;
}

static GBytes *
process_incoming (SoupWebsocketExtension *extension, guint8 *header, GBytes *payload,
                  GError **error)
{
  HubWebFrames *self = HUB_WEB_FRAMES (extension);
  guint8 opcode = header[0] & FRAME_OPCODE;

  if (!hub_web_rate_take (self->rate, "", hub_clock_monotonic (), NULL))
    return refuse (payload, HUB_WEB_PAGE_CLOSE_RATE, "too many frames", error);
  if (hub_web_meter_get_waiting (self->meter) > self->queue)
    return refuse (payload, SOUP_WEBSOCKET_CLOSE_POLICY_VIOLATION, "what is sent is not read",
                   error);
  if (opcode >= OPCODE_CONTROL)
    return payload;
  if (opcode != OPCODE_CONTINUATION)
    self->seen = 0;
  self->seen += g_bytes_get_size (payload);
  if (self->seen > self->max)
    return refuse (payload, SOUP_WEBSOCKET_CLOSE_TOO_BIG, "the message is too large", error);
  if ((header[0] & FRAME_FIN) != 0)
    self->seen = 0;
  return payload;
}

static GBytes *
process_outgoing (SoupWebsocketExtension *extension, guint8 *header, GBytes *payload,
                  GError **error)
{
  gsize size = g_bytes_get_size (payload);
  gsize head = size < 126 ? 2 : size <= G_MAXUINT16 ? 4 : 10;

  hub_web_meter_give (HUB_WEB_FRAMES (extension)->meter, head + size);
  return payload;
}

static void
hub_web_frames_finalize (GObject *object)
{
  HubWebFrames *self = HUB_WEB_FRAMES (object);

  g_object_unref (self->meter);
  hub_web_rate_free (self->rate);
  G_OBJECT_CLASS (hub_web_frames_parent_class)->finalize (object);
}

static void
hub_web_frames_class_init (HubWebFramesClass *klass)
{
  SoupWebsocketExtensionClass *extension_class = SOUP_WEBSOCKET_EXTENSION_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = hub_web_frames_finalize;
  extension_class->name = "hub-web-frames";
  extension_class->process_incoming_message = process_incoming;
  extension_class->process_outgoing_message = process_outgoing;
}

static void
hub_web_frames_init (HubWebFrames *self)
{
  self->rate = hub_web_rate_new (FRAMES_PER_SECOND, FRAMES_BURST, 1);
}

HubWebFrames *
hub_web_frames_new (HubWebMeter *meter, gsize max, gsize queue)
{
  HubWebFrames *self = g_object_new (HUB_TYPE_WEB_FRAMES, NULL);

  self->meter = g_object_ref (meter);
  self->max = max;
  self->queue = queue;
  return self;
}
