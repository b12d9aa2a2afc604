/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* People with clients in a room. */
#include "rtc-people.h"

static gboolean
on_timer (gpointer data)
{
  RtcRoom *room = data;

  for (guint i = 0; i < room->n_people; i++)
    if (room->people[i].client != NULL)
      rtc_client_serve (room->people[i].client, g_get_monotonic_time ());
  return G_SOURCE_CONTINUE;
}

void
rtc_room_up (RtcRoom *room, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  room->media = KAREZ_MEDIA (hub_rtc_new ("127.0.0.1", &error));
  g_assert_no_error (error);
  room->voice = "microphone";
  room->picture = "camera";
  room->timer = g_timeout_add (2, on_timer, room);
}

void
rtc_room_down (RtcRoom *room, gconstpointer data)
{
  g_source_remove (room->timer);
  for (guint i = 0; i < room->n_people; i++)
    {
      g_clear_pointer (&room->people[i].client, rtc_client_free);
      g_object_unref (room->people[i].participant);
      g_ptr_array_unref (room->people[i].messages);
      g_free (room->people[i].token);
    }
  g_object_unref (room->media);
}

void
rtc_run_for (guint ms)
{
  gint64 end = g_get_monotonic_time () + ms * 1000;

  while (g_get_monotonic_time () < end)
    g_main_context_iteration (NULL, TRUE);
}

static void
on_send (KarezParticipant *participant, JsonNode *body, gpointer data)
{
  RtcPerson *person = data;

  g_ptr_array_add (person->messages, json_object_ref (json_node_get_object (body)));
}

JsonObject *
rtc_last_message (const RtcPerson *person, const char *type)
{
  for (guint i = person->messages->len; i-- > 0;)
    if (g_strcmp0 (karez_json_text (person->messages->pdata[i], "type"), type) == 0)
      return person->messages->pdata[i];
  return NULL;
}

RtcPerson *
rtc_add_person (RtcRoom *room)
{
  static const char *const roles[] = { "clinician", NULL };
  guint number = room->first + room->n_people++;
  RtcPerson *person = &room->people[room->n_people - 1];
  g_autofree char *id = g_strdup_printf ("01a20000-0000-7000-8000-00000000000%u", number + 1);
  g_autoptr (KarezActor)
      actor = karez_actor_new (KAREZ_ACTOR_PERSON, id, "Somebody", roles, NULL, NULL);

  person->participant = karez_participant_new (id, actor, "consultant", id, TRUE);
  person->token = g_strdup_printf ("connection-of-%u", number + 1);
  person->messages = g_ptr_array_new_with_free_func ((GDestroyNotify) json_object_unref);
  g_signal_connect (person->participant, "send", G_CALLBACK (on_send), person);
  return person;
}

gboolean
rtc_send_offer (RtcRoom *room, RtcPerson *person, GError **error)
{
  g_autofree char *offer = rtc_client_offer (person->client);
  g_autoptr (JsonNode) node = karez_json_object (
      "type", "s", "media.offer", "connection", "s", person->token, "sdp", "s", offer, "sources",
      "n", karez_json_object ("0", "s", room->voice, "1", "s", room->picture, NULL), NULL);

  return karez_media_take (room->media, person->participant, json_node_get_object (node), error);
}

void
rtc_take_answer (RtcPerson *person, const HubAddress *to)
{
  JsonObject *answer = rtc_last_message (person, "media.answer");

  g_assert_nonnull (answer);
  g_assert_true (rtc_client_take_answer (person->client, karez_json_text (answer, "sdp"), to));
}

void
rtc_set_seen (RtcRoom *room, RtcPerson *person, gboolean seen)
{
  g_autoptr (JsonNode) node = karez_json_object ("type", "s", "media.view", "connection", "s",
                                                 person->token, "pictures", "b", seen, NULL);
  g_autoptr (GError) error = NULL;

  karez_media_take (room->media, person->participant, json_node_get_object (node), &error);
  g_assert_no_error (error);
}

gboolean
rtc_is_wanted (const RtcPerson *person, const char *source)
{
  for (guint i = person->messages->len; i-- > 0;)
    {
      JsonObject *message = person->messages->pdata[i];

      if (g_strcmp0 (karez_json_text (message, "type"), "media.demand") == 0
          && g_strcmp0 (karez_json_text (message, "source"), source) == 0)
        {
          g_assert_cmpstr (karez_json_text (message, "connection"), ==, person->token);
          return karez_json_boolean (message, "wanted");
        }
    }
  return TRUE;
}

RtcPerson *
rtc_join (RtcRoom *room, guint others)
{
  RtcPerson *person = rtc_add_person (room);
  const RtcClientConfig config = { .audio = TRUE,
                                   .video = TRUE,
                                   .receive_audio = others,
                                   .receive_video = others,
                                   .signature = (guint8) (room->first + room->n_people) };
  g_autoptr (GError) error = NULL;

  person->client = rtc_client_new (&config);
  rtc_send_offer (room, person, &error);
  g_assert_no_error (error);
  rtc_take_answer (person, NULL);
  return person;
}

void
rtc_until_all_open (RtcRoom *room)
{
  for (guint i = 0; i < room->n_people; i++)
    rtc_run_until (room->people[i].client == NULL || rtc_client_is_open (room->people[i].client));
}

RtcStream *
rtc_shown (RtcPerson *person, const RtcPerson *whom, const char *source)
{
  JsonObject *message = rtc_last_message (person, "media.places");
  JsonArray *places = json_object_get_array_member (message, "places");

  for (guint i = 0; i < json_array_get_length (places); i++)
    {
      JsonObject *place = json_array_get_object_element (places, i);

      if (g_str_equal (karez_json_text (place, "participant"),
                       karez_participant_get_id (whom->participant))
          && g_str_equal (karez_json_text (place, "source"), source))
        return rtc_client_get_stream (person->client, karez_json_text (place, "mid"));
    }
  return NULL;
}
