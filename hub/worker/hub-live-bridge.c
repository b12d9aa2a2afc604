/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Joins the media of the two workers of a session. */
#include "hub-live-bridge.h"

#include "hub-link-port.h"
#include "hub-log.h"

#include <glib/gi18n.h>

struct _HubLiveBridge
{
  GObject parent_instance;

  HubRtc *media;
  HubLink *link;
  GListModel *people;
  char *session;
  HubLinkPort *port; /* the media thread's; only to be named in what is done there */
  JsonNode *endpoint;
  guint32 peer_generation; /* 0 for none yet */
};

G_DEFINE_FINAL_TYPE (HubLiveBridge, hub_live_bridge, G_TYPE_OBJECT)

/* @body: (transfer full) */
static void
tell (HubLiveBridge *self, JsonNode *body)
{
  g_autoptr (JsonNode) own = body;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = karez_json_to_bytes (own);

  if (!karez_link_send (KAREZ_LINK (self->link), HUB_STREAM_MEDIA, bytes, &error))
    hub_warning ("media", self->session, "The other worker could not be told about media: %s",
                 error->message);
}

static void
on_tell (HubRtc *media, JsonNode *message, HubLiveBridge *self)
{
  if (karez_link_is_up (KAREZ_LINK (self->link)))
    tell (self, json_node_ref (message));
}

/* A link that comes up begins with empty streams: all is told again. */
static void
on_link_changed (KarezLink *link, HubLiveBridge *self)
{
  JsonNode *demand;

  if (!karez_link_is_up (link))
    return;
  tell (self, karez_json_object ("type", "s", "endpoint", "endpoint", "n",
                                 json_node_ref (self->endpoint), NULL));
  tell (self, hub_rtc_describe (self->media));
  demand = hub_rtc_describe_demand (self->media);
  if (demand != NULL)
    tell (self, demand);
}

/* On the media thread. */
typedef struct
{
  HubLinkPort *port;
  HubLinkEndpoint peer;
} Connecting;

static void
connect_port (gpointer data)
{
  Connecting *connecting = data;

  hub_link_port_connect (connecting->port, &connecting->peer);
}

static gboolean
take_endpoint (HubLiveBridge *self, JsonNode *message, GError **error)
{
  static const KarezJsonField fields[] = {
    { "type", KAREZ_JSON_ENUM, TRUE, 0, 0, "endpoint" },
    { "endpoint", KAREZ_JSON_OBJECT, TRUE },
    { NULL },
  };
  JsonObject *object = karez_json_check (message, fields, error);
  g_autofree Connecting *connecting = g_new0 (Connecting, 1);

  connecting->port = self->port;
  if (object == NULL
      || !hub_link_endpoint_parse (&connecting->peer, json_object_get_member (object, "endpoint"),
                                   error))
    return FALSE;
  /* Another process has other tracks, whose numbers may be the same. */
  if (self->peer_generation != 0 && self->peer_generation != connecting->peer.generation)
    hub_rtc_forget_remote (self->media);
  self->peer_generation = connecting->peer.generation;
  hub_rtc_call (self->media, connect_port, g_steal_pointer (&connecting), g_free);
  return TRUE;
}

static gboolean
take_message (HubLiveBridge *self, GBytes *payload, GError **error)
{
  g_autoptr (JsonNode) node = karez_json_parse (payload, 0, error);
  const char *type;

  if (node == NULL)
    return FALSE;
  type = JSON_NODE_HOLDS_OBJECT (node) ? karez_json_text (json_node_get_object (node), "type")
                                       : NULL;
  if (g_strcmp0 (type, "endpoint") != 0)
    return hub_rtc_take_remote (self->media, node, error);
  return take_endpoint (self, node, error);
}

static void
on_link_message (KarezLink *link, guint stream, GBytes *payload, HubLiveBridge *self)
{
  g_autoptr (GError) error = NULL;

  if (stream == HUB_STREAM_MEDIA && !take_message (self, payload, &error))
    hub_warning ("media", self->session, "The other worker said what is not accepted: %s",
                 error->message);
}

/* Whom this side has let in, whatever the other worker says. */
static void
on_people_changed (GListModel *people, guint position, guint removed, guint added,
                   HubLiveBridge *self)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) ids = NULL;

  for (guint i = 0; i < g_list_model_get_n_items (people); i++)
    {
      g_autoptr (KarezParticipant) one = g_list_model_get_item (people, i);

      if (!karez_participant_is_local (one))
        g_strv_builder_add (builder, karez_participant_get_id (one));
    }
  ids = g_strv_builder_end (builder);
  hub_rtc_set_remote_people (self->media, (const char *const *) ids);
}

HubLiveBridge *
hub_live_bridge_new (HubRtc *media, HubLink *link, GListModel *people, const char *session,
                     gboolean host, guint32 generation, const char *bind_address, GError **error)
{
  g_autoptr (HubLiveBridge) self = g_object_new (HUB_TYPE_LIVE_BRIDGE, NULL);

  self->media = g_object_ref (media);
  self->link = g_object_ref (link);
  self->people = g_object_ref (people);
  self->session = g_strdup (session);
  if (!karez_link_open (KAREZ_LINK (link), HUB_STREAM_MEDIA, KAREZ_LINK_ALL, TRUE, error))
    return NULL;
  self->port = hub_link_port_new (session, host, generation, bind_address, error);
  if (self->port == NULL)
    return NULL;
  self->endpoint = hub_link_port_get_endpoint (self->port);
  hub_rtc_set_port (media, hub_link_port_get_port (self->port));
  g_signal_connect_object (media, "tell", G_CALLBACK (on_tell), self, 0);
  g_signal_connect_object (people, "items-changed", G_CALLBACK (on_people_changed), self, 0);
  on_people_changed (people, 0, 0, 0, self);
  g_signal_connect_object (link, "message", G_CALLBACK (on_link_message), self, 0);
  g_signal_connect_object (link, "changed", G_CALLBACK (on_link_changed), self, 0);
  on_link_changed (KAREZ_LINK (link), self);
  return g_steal_pointer (&self);
}

static void
hub_live_bridge_finalize (GObject *object)
{
  HubLiveBridge *self = HUB_LIVE_BRIDGE (object);

  g_clear_pointer (&self->endpoint, json_node_unref);
  g_clear_object (&self->media);
  g_clear_object (&self->link);
  g_clear_object (&self->people);
  g_free (self->session);
  G_OBJECT_CLASS (hub_live_bridge_parent_class)->finalize (object);
}

static void
hub_live_bridge_class_init (HubLiveBridgeClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = hub_live_bridge_finalize;
}

static void
hub_live_bridge_init (HubLiveBridge *self)
{
}
