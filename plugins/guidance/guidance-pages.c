/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What pages of this hospital are told over a data channel, and what they say of pointers. */
#include "guidance-pages.h"

void
guidance_pages_foreach (KarezSession *session,
                        void (*func) (KarezParticipant *participant, gpointer data), gpointer data)
{
  GListModel *people = karez_session_get_participants (session);

  for (guint i = 0; i < g_list_model_get_n_items (people); i++)
    {
      g_autoptr (KarezParticipant) one = g_list_model_get_item (people, i);

      if (karez_participant_is_local (one))
        func (one, data);
    }
}

typedef struct
{
  KarezMedia *media;
  const char *label, *but;
  GBytes *message;
} Sending;

static void
send_one (KarezParticipant *participant, gpointer data)
{
  const Sending *sending = data;

  if (g_strcmp0 (karez_participant_get_id (participant), sending->but) != 0)
    karez_media_send (sending->media, participant, sending->label, sending->message, NULL);
}

void
guidance_pages_send (KarezSession *session, KarezMedia *media, const char *label, GBytes *message,
                     const char *but)
{
  Sending sending = { media, label, but, message };

  guidance_pages_foreach (session, send_one, &sending);
}

void
guidance_pages_tell (KarezSession *session, KarezMedia *media, const char *label, JsonNode *message)
{
  g_autoptr (JsonNode) node = message;
  g_autoptr (GBytes) bytes = karez_json_to_bytes (node);

  guidance_pages_send (session, media, label, bytes, NULL);
}

void
guidance_pages_tell_one (KarezMedia *media, KarezParticipant *participant, const char *label,
                         JsonNode *message)
{
  g_autoptr (JsonNode) node = message;
  g_autoptr (GBytes) bytes = karez_json_to_bytes (node);

  karez_media_send (media, participant, label, bytes, NULL);
}

void
guidance_pages_refuse (KarezMedia *media, KarezParticipant *participant, const char *label,
                       JsonNode *change, const GError *error)
{
  JsonObject *object = change != NULL && JSON_NODE_HOLDS_OBJECT (change)
                           ? json_node_get_object (change)
                           : NULL;

  guidance_pages_tell_one (
      media, participant, label,
      karez_json_object ("type", "s", "refused", "id", "s",
                         object != NULL ? karez_json_text (object, "id") : NULL, "rule", "s",
                         karez_error_get_rule (error), "message", "s", error->message, "accepted",
                         "s", karez_error_get_accepted (error), NULL));
}

/* Pointers. */

static gboolean
is_place (JsonObject *object, const char *name)
{
  double number;

  return karez_json_number (json_object_get_member (object, name), &number) && number >= 0
         && number <= 1;
}

JsonNode *
guidance_pointer_read (GBytes *message, guint members)
{
  g_autoptr (JsonNode) node = karez_json_parse (message, KAREZ_LINK_MAX_DATAGRAM, NULL);
  JsonObject *object = node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node)
                                                                     : NULL;

  if (object == NULL
      || (json_object_get_size (object) != members
          && (json_object_get_size (object) != members + 2 || !is_place (object, "x")
              || !is_place (object, "y"))))
    return NULL;
  return g_steal_pointer (&node);
}
