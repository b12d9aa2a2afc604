/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One room with media and nothing around it, for browsers. */

/* One room with media and nothing around it, for browsers: each WebSocket is a participant, whose
 * messages go to the room and back. Serves the files of one folder. Prints its port.
 *
 *   rtc-host FOLDER [ADDRESS [channels]]
 *
 * ADDRESS: where media is received, 127.0.0.1 if it is not given. With "channels", pages have data
 * channels, "marks", "pointer" and "bytes", and what they send comes back.
 */
#include "hub-rtc.h"

#include <libsoup/soup.h>
#include <stdio.h>

typedef struct
{
  KarezMedia *media;
  SoupServer *server;
  const char *folder;
  guint n_people;
} Host;

typedef struct
{
  Host *host;
  SoupWebsocketConnection *socket;
  KarezParticipant *participant;
} Person;

static void
on_send (KarezParticipant *participant, JsonNode *body, gpointer data)
{
  Person *person = data;
  g_autofree char *text = karez_json_print (body);

  if (soup_websocket_connection_get_state (person->socket) == SOUP_WEBSOCKET_STATE_OPEN)
    soup_websocket_connection_send_text (person->socket, text);
}

static void
on_message (SoupWebsocketConnection *socket, SoupWebsocketDataType type, GBytes *message,
            gpointer data)
{
  Person *person = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = karez_json_parse (message, 0, &error);
  g_autofree char *answer = NULL;

  if (node != NULL
      && g_strcmp0 (karez_json_text (json_node_get_object (node), "type"), "echo") == 0)
    answer = hub_rtc_echo (HUB_RTC (person->host->media), person->participant,
                           karez_json_text (json_node_get_object (node), "sdp"), &error);
  if (answer != NULL)
    karez_participant_send (person->participant,
                            karez_json_object ("type", "s", "echo", "sdp", "s", answer, NULL));
  else if (node == NULL || error != NULL
           || !karez_media_take (person->host->media, person->participant,
                                 json_node_get_object (node), &error))
    {
      g_autoptr (JsonNode) refusal = karez_json_object ("type", "s", "refused", "rule", "s",
                                                        karez_error_get_rule (error), "message",
                                                        "s", error->message, NULL);

      on_send (person->participant, refusal, person);
    }
}

static void
on_closed (SoupWebsocketConnection *socket, gpointer data)
{
  Person *person = data;

  karez_media_leave (person->host->media, person->participant);
  g_signal_handlers_disconnect_by_data (person->participant, person);
  g_object_unref (person->participant);
  g_object_unref (person->socket);
  g_free (person);
}

static void
on_socket (SoupServer *server, SoupServerMessage *message, const char *path,
           SoupWebsocketConnection *socket, gpointer data)
{
  static const char *const roles[] = { "clinician", NULL };
  Host *host = data;
  g_autofree char *id = g_strdup_printf ("01a20000-0000-7000-8000-%012u", ++host->n_people);
  g_autoptr (KarezActor)
      actor = karez_actor_new (KAREZ_ACTOR_PERSON, id, "Somebody", roles, NULL, NULL);
  Person *person = g_new0 (Person, 1);
  JsonNode *hello = karez_json_object ("type", "s", "you", "participant", "s", id, NULL);

  person->host = host;
  person->socket = g_object_ref (socket);
  person->participant = karez_participant_new (id, actor, "consultant", id, TRUE);
  soup_websocket_connection_set_max_incoming_payload_size (socket, 256 * 1024);
  g_signal_connect (person->participant, "send", G_CALLBACK (on_send), person);
  g_signal_connect (socket, "message", G_CALLBACK (on_message), person);
  g_signal_connect (socket, "closed", G_CALLBACK (on_closed), person);
  karez_participant_send (person->participant, hello);
  karez_media_join (host->media, person->participant);
}

static void
on_request (SoupServer *server, SoupServerMessage *message, const char *path, GHashTable *query,
            gpointer data)
{
  Host *host = data;
  g_autofree char *name = g_path_get_basename (path);
  g_autofree char *file = g_build_filename (host->folder, name, NULL);
  const char *type = g_str_has_suffix (name, ".js") ? "text/javascript" : "text/html";
  char *text = NULL;
  gsize length = 0;

  if (!g_file_get_contents (file, &text, &length, NULL))
    {
      soup_server_message_set_status (message, SOUP_STATUS_NOT_FOUND, NULL);
      return;
    }
  soup_server_message_set_status (message, SOUP_STATUS_OK, NULL);
  soup_server_message_set_response (message, type, SOUP_MEMORY_TAKE, text, length);
}

static void
on_channel_message (KarezMedia *media, KarezParticipant *participant, const char *label,
                    GBytes *message, gpointer data)
{
  g_autoptr (GError) error = NULL;

  if (!karez_media_send (media, participant, label, message, &error))
    g_printerr ("rtc-host: %s\n", error->message);
}

static void
declare_channels (KarezMedia *media)
{
  karez_media_declare_channel (media, "marks", KAREZ_CHANNEL_NONE, 60000, 200);
  karez_media_declare_channel (media, "pointer", KAREZ_CHANNEL_ONCE, 200, 100);
  karez_media_declare_channel (media, "bytes", KAREZ_CHANNEL_BINARY, 1000, 50);
  g_signal_connect (media, "message", G_CALLBACK (on_channel_message), NULL);
}

int
main (int argc, char **argv)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GError) error = NULL;
  Host host = { .folder = argc > 1 ? argv[1] : "." };
  GSList *uris;

  host.media = KAREZ_MEDIA (hub_rtc_new (argc > 2 ? argv[2] : "127.0.0.1", &error));
  host.server = soup_server_new (NULL, NULL);
  soup_server_add_handler (host.server, "/", on_request, &host, NULL);
  soup_server_add_websocket_handler (host.server, "/socket", NULL, NULL, on_socket, &host, NULL);
  if (host.media == NULL || !soup_server_listen_local (host.server, 0, 0, &error))
    {
      g_printerr ("rtc-host: %s\n", error->message);
      return 1;
    }
  if (argc > 3)
    declare_channels (host.media);
  karez_media_set_forwarding (host.media, TRUE);
  uris = soup_server_get_uris (host.server);
  printf ("{\"port\":%d,\"pid\":%d}\n", g_uri_get_port (uris->data), (int) getpid ());
  fflush (stdout);
  g_slist_free_full (uris, (GDestroyNotify) g_uri_unref);
  g_main_loop_run (loop);
  return 0;
}
