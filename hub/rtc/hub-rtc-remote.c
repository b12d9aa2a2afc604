/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What crosses to the other hospital, and what comes from there. */
#include "hub-rtc-private.h"

#include <glib/gi18n.h>

/* As many people as a session has, with all that they can send. */
#define MAX_REMOTE (200 * HUB_RTC_MAX_TRACKS)

static void
describe_published (const HubRtcPublished *published, JsonArray *array)
{
  json_array_add_element (array, karez_json_object ("track", "i", (gint64) published->track,
                                                    "participant", "s", published->participant,
                                                    "source", "s", published->source->label,
                                                    "codec", "s", hub_codec_name (published->codec),
                                                    "on", "b", published->on, NULL));
}

JsonNode *
hub_rtc_describe (HubRtc *self)
{
  JsonArray *array = json_array_new ();
  JsonNode *node = json_node_new (JSON_NODE_ARRAY);

  for (guint i = 0; i < self->pages->len; i++)
    {
      const HubRtcPage *page = self->pages->pdata[i];

      for (guint j = 0; j < page->n_published; j++)
        describe_published (&page->published[j], array);
    }
  for (guint i = 0; i < self->intakes->len; i++)
    describe_published (&((HubRtcIntakeSent *) self->intakes->pdata[i])->published, array);
  json_node_take_array (node, array);
  return karez_json_object ("type", "s", "tracks", "wanted", "b", self->pages->len > 0, "tracks",
                            "n", node, NULL);
}

/* Only when it is another one than it was. */
void
hub_rtc_tell_remote (HubRtc *self)
{
  g_autoptr (JsonNode) message = NULL;
  g_autofree char *text = NULL;

  if (!self->has_port)
    return;
  message = hub_rtc_describe (self);
  text = karez_json_print (message);
  if (g_strcmp0 (text, self->told) == 0)
    return;
  g_free (self->told);
  self->told = g_steal_pointer (&text);
  hub_rtc_emit_tell (self, message);
}

/* What the other worker tells. */

static const KarezJsonField remote_fields[] = {
  { "type", KAREZ_JSON_ENUM, TRUE, 0, 0, "tracks" },
  { "wanted", KAREZ_JSON_BOOLEAN, TRUE },
  { "tracks", KAREZ_JSON_ARRAY, TRUE, 0, MAX_REMOTE },
  { NULL },
};

static const KarezJsonField remote_track_fields[] = {
  { "track", KAREZ_JSON_INTEGER, TRUE, 1, G_MAXUINT32 },
  { "participant", KAREZ_JSON_UUID, TRUE },
  { "source", KAREZ_JSON_TEXT, TRUE, 1, KAREZ_MEDIA_MAX_LABEL },
  { "codec", KAREZ_JSON_ENUM, TRUE, 0, 0, "opus|VP8|H264" },
  { "on", KAREZ_JSON_BOOLEAN, TRUE },
  { NULL },
};

static HubRtcPublished *
read_remote (HubRtc *self, JsonNode *node, GError **error)
{
  JsonObject *object = karez_json_check (node, remote_track_fields, error);
  HubRtcPublished *published;
  const HubRtcSource *source;

  if (object == NULL)
    return NULL;
  source = hub_rtc_sources_find (&self->sources, karez_json_text (object, "source"));
  if (source == NULL)
    {
      hub_rtc_sources_refuse (&self->sources, error);
      return NULL;
    }
  published = g_new0 (HubRtcPublished, 1);
  published->source = source;
  published->number = (guint) karez_json_integer (object, "track", 0);
  g_strlcpy (published->participant, karez_json_text (object, "participant"),
             sizeof published->participant);
  for (guint i = 0; i < HUB_N_CODECS; i++)
    if (g_str_equal (hub_codec_name ((HubCodec) i), karez_json_text (object, "codec")))
      published->codec = (HubCodec) i;
  published->on = karez_json_boolean (object, "on");
  return published;
}

static HubRtcPublished *
find_remote (GPtrArray *list, guint number)
{
  for (guint i = 0; i < list->len; i++)
    {
      HubRtcPublished *published = list->pdata[i];

      if (published->number == number)
        return published;
    }
  return NULL;
}

/* As of a page of this hospital: of a person each source once. */
static gboolean
check_source (HubRtc *self, GPtrArray *list, const HubRtcPublished *published, GError **error)
{
  gboolean suits = published->source->kind == hub_codec_kind (published->codec);

  for (guint i = 0; suits && i < list->len; i++)
    {
      const HubRtcPublished *other = list->pdata[i];

      suits = other->source != published->source
              || !g_str_equal (other->participant, published->participant);
    }
  return suits || hub_rtc_sources_refuse (&self->sources, error);
}

static void
remove_remote (HubRtc *self, HubRtcPublished *published)
{
  HubRtcCommand *command = g_new0 (HubRtcCommand, 1);

  command->kind = HUB_RTC_REMOVE_REMOTE;
  command->track = published->track;
  command->number = published->number;
  hub_rtc_run (command, self);
  g_ptr_array_remove (self->remote, published);
}

/* @published: (transfer full) */
static void
add_remote (HubRtc *self, HubRtcPublished *published)
{
  HubRtcCommand *command = g_new0 (HubRtcCommand, 1);

  published->track = self->next_track++;
  command->kind = HUB_RTC_ADD_REMOTE;
  command->number = published->number;
  command->track_added = hub_rtc_track_new (published->track, published->codec);
  command->track_added->remote = TRUE;
  hub_rtc_run (command, self);
  g_ptr_array_add (self->remote, published);
}

gboolean
hub_rtc_is_remote_person (HubRtc *self, const char *participant)
{
  return g_hash_table_contains (self->remote_people, participant);
}

/* Nothing crosses to a hospital of which nobody is in the session here. */
gboolean
hub_rtc_is_wanted_there (HubRtc *self)
{
  return self->remote_wants && g_hash_table_size (self->remote_people) > 0;
}

static void
want (HubRtc *self)
{
  HubRtcCommand *command = g_new0 (HubRtcCommand, 1);

  command->kind = HUB_RTC_WANT;
  command->on = hub_rtc_is_wanted_there (self);
  hub_rtc_run (command, self);
}

/* What was told last of those who are in the session: what is missing went, what is new came. A
 * track that is not taken here is not known to the media thread, which drops its packets. */
static void
follow_told (HubRtc *self)
{
  for (guint i = self->remote->len; i-- > 0;)
    {
      HubRtcPublished *known = self->remote->pdata[i];

      if (find_remote (self->remote_told, known->number) == NULL
          || !hub_rtc_is_remote_person (self, known->participant))
        remove_remote (self, known);
    }
  for (guint i = 0; i < self->remote_told->len; i++)
    {
      HubRtcPublished *told = self->remote_told->pdata[i];
      HubRtcPublished *known = find_remote (self->remote, told->number);

      if (known != NULL)
        known->on = told->on;
      else if (hub_rtc_is_remote_person (self, told->participant))
        add_remote (self, g_memdup2 (told, sizeof *told));
    }
  want (self);
}

void
hub_rtc_set_remote_people (HubRtc *self, const char *const *participants)
{
  g_hash_table_remove_all (self->remote_people);
  for (guint i = 0; participants[i] != NULL; i++)
    g_hash_table_add (self->remote_people, g_strdup (participants[i]));
  follow_told (self);
  hub_rtc_place_everybody (self);
}

static gboolean
take_tracks (HubRtc *self, JsonNode *message, GError **error)
{
  JsonObject *object = karez_json_check (message, remote_fields, error);
  g_autoptr (GPtrArray) list = g_ptr_array_new_with_free_func (g_free);
  JsonArray *tracks;

  if (object == NULL)
    return FALSE;
  tracks = json_object_get_array_member (object, "tracks");
  for (guint i = 0; i < json_array_get_length (tracks); i++)
    {
      g_autofree HubRtcPublished *published = read_remote (self, json_array_get_element (tracks, i),
                                                           error);

      if (published == NULL)
        return FALSE;
      if (find_remote (list, published->number) != NULL)
        continue;
      if (!check_source (self, list, published, error))
        return FALSE;
      g_ptr_array_add (list, g_steal_pointer (&published));
    }
  self->remote_wants = karez_json_boolean (object, "wanted");
  g_ptr_array_unref (self->remote_told);
  self->remote_told = g_steal_pointer (&list);
  follow_told (self);
  hub_rtc_place_everybody (self);
  return TRUE;
}

gboolean
hub_rtc_take_remote (HubRtc *self, JsonNode *message, GError **error)
{
  const char *type = JSON_NODE_HOLDS_OBJECT (message)
                         ? karez_json_text (json_node_get_object (message), "type")
                         : NULL;

  if (g_strcmp0 (type, "quality") == 0)
    return hub_rtc_take_quality (self, message, error);
  return g_strcmp0 (type, "demand") == 0 ? hub_rtc_take_demand (self, message, error)
                                         : take_tracks (self, message, error);
}

void
hub_rtc_forget_remote (HubRtc *self)
{
  g_array_set_size (self->remote_quality, 0);
  g_hash_table_remove_all (self->remote_unwanted);
  self->remote_wants = FALSE;
  g_ptr_array_set_size (self->remote_told, 0);
  follow_told (self);
  hub_rtc_place_everybody (self);
}

void
hub_rtc_set_port (HubRtc *self, HubMediaPort *port)
{
  HubRtcCommand *command = g_new0 (HubRtcCommand, 1);

  g_return_if_fail (!self->has_port);
  self->has_port = TRUE;
  command->kind = HUB_RTC_SET_PORT;
  command->port = port;
  hub_rtc_run (command, self);
}

void
hub_rtc_call (HubRtc *self, void (*call) (gpointer data), gpointer data, GDestroyNotify free_data)
{
  HubRtcCommand *command = g_new0 (HubRtcCommand, 1);

  command->kind = HUB_RTC_CALL;
  command->call = call;
  command->call_data = data;
  command->call_free = free_data;
  hub_rtc_run (command, self);
}
