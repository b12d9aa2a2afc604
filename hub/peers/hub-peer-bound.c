/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bounds the length of a WebSocket message of a channel. */
#include "hub-peer-bound.h"

#define FIN 0x80
#define CONTROL 0x08

struct _HubPeerBound
{
  SoupWebsocketExtension parent_instance;
  gsize received; /* of the message that is coming in */
};

G_DEFINE_FINAL_TYPE (HubPeerBound, hub_peer_bound, SOUP_TYPE_WEBSOCKET_EXTENSION)

static gboolean
hub_peer_bound_configure (SoupWebsocketExtension *extension, SoupWebsocketConnectionType type,
                          GHashTable *params, GError **error)
{
  return TRUE;
}

static char *
hub_peer_bound_get_params (SoupWebsocketExtension *extension)
{
  return NULL;
}

static GBytes *
hub_peer_bound_process_outgoing (SoupWebsocketExtension *extension, guint8 *header, GBytes *payload,
                                 GError **error)
{
  return payload;
}

static GBytes *
hub_peer_bound_process_incoming (SoupWebsocketExtension *extension, guint8 *header, GBytes *payload,
                                 GError **error)
{
  HubPeerBound *self = HUB_PEER_BOUND (extension);

  if ((header[0] & CONTROL) != 0)
    return payload;
  self->received += g_bytes_get_size (payload);
  if (self->received > HUB_PEER_MAX_FRAME)
    {
      g_set_error_literal (error, SOUP_WEBSOCKET_ERROR, SOUP_WEBSOCKET_CLOSE_TOO_BIG,
                           "The message is too long");
      g_bytes_unref (payload);
      return NULL;
    }
  if ((header[0] & FIN) != 0)
    self->received = 0;
  return payload;
}

static void
hub_peer_bound_class_init (HubPeerBoundClass *klass)
{
  SoupWebsocketExtensionClass *extension_class = SOUP_WEBSOCKET_EXTENSION_CLASS (klass);

  extension_class->name = "x-karez-bound";
  extension_class->configure = hub_peer_bound_configure;
  extension_class->get_request_params = hub_peer_bound_get_params;
  extension_class->get_response_params = hub_peer_bound_get_params;
  extension_class->process_outgoing_message = hub_peer_bound_process_outgoing;
  extension_class->process_incoming_message = hub_peer_bound_process_incoming;
}

static void
hub_peer_bound_init (HubPeerBound *self)
{
}

gboolean
hub_peer_bound_is_used (SoupWebsocketConnection *connection)
{
  for (GList *link = soup_websocket_connection_get_extensions (connection); link != NULL;
       link = link->next)
    if (HUB_IS_PEER_BOUND (link->data))
      return TRUE;
  return FALSE;
}
