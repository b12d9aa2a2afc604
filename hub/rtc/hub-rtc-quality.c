/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How good everybody's connection is: measured here, and as the other worker tells. */
#include "hub-rtc-private.h"

#include <string.h>

/* As many people as a session has. */
#define MAX_PEOPLE 200
#define STATES "new|connecting|open|away|closed"

struct _HubRtcQuality
{
  char participant[37];
  HubRtcConnectionState state;
  HubRtcStatistics statistics;
};

const char *
hub_rtc_state_name (HubRtcConnectionState state)
{
  static const char *const names[] = { "new", "connecting", "open", "away", "closed" };

  return names[state];
}

GArray *
hub_rtc_quality_new (void)
{
  return g_array_new (FALSE, TRUE, sizeof (HubRtcQuality));
}

static JsonNode *
array_node (JsonArray *array)
{
  JsonNode *node = json_node_new (JSON_NODE_ARRAY);

  json_node_take_array (node, array);
  return node;
}

/* As pages are told. */
static void
show (JsonArray *array, const char *participant, HubRtcConnectionState state,
      const HubRtcStatistics *statistics)
{
  json_array_add_element (
      array,
      karez_json_object ("participant", "s", participant, "state", "s", hub_rtc_state_name (state),
                         "bitrate_in", "i", (gint64) statistics->bitrate_in, "bitrate_out", "i",
                         (gint64) statistics->bitrate_out, "loss_in", "d",
                         statistics->loss_in / 256.0, "loss_out", "d", statistics->loss_out / 256.0,
                         "rtt_ms", "i", (gint64) statistics->rtt_ms, "jitter_ms", "i",
                         (gint64) statistics->jitter_ms, NULL));
}

JsonNode *
hub_rtc_describe_quality (HubRtc *self)
{
  JsonArray *array = json_array_new ();

  for (guint i = 0; i < self->pages->len; i++)
    {
      const HubRtcPage *page = self->pages->pdata[i];

      show (array, karez_participant_get_id (page->participant), page->state, &page->statistics);
    }
  for (guint i = 0; i < self->remote_quality->len; i++)
    {
      const HubRtcQuality *one = &g_array_index (self->remote_quality, HubRtcQuality, i);

      if (hub_rtc_is_remote_person (self, one->participant))
        show (array, one->participant, one->state, &one->statistics);
    }
  return array_node (array);
}

/* As the other worker is told: whole numbers, losses of 256. */
void
hub_rtc_tell_quality (HubRtc *self)
{
  JsonArray *array;
  g_autoptr (JsonNode) message = NULL;

  if (!self->has_port || self->pages->len == 0)
    return;
  array = json_array_new ();
  for (guint i = 0; i < self->pages->len; i++)
    {
      const HubRtcPage *page = self->pages->pdata[i];
      const HubRtcStatistics *statistics = &page->statistics;

      json_array_add_element (
          array,
          karez_json_object (
              "participant", "s", karez_participant_get_id (page->participant), "state", "s",
              hub_rtc_state_name (page->state), "bitrate_in", "i", (gint64) statistics->bitrate_in,
              "bitrate_out", "i", (gint64) statistics->bitrate_out, "loss_in", "i",
              (gint64) statistics->loss_in, "loss_out", "i", (gint64) statistics->loss_out,
              "rtt_ms", "i", (gint64) statistics->rtt_ms, "jitter_ms", "i",
              (gint64) statistics->jitter_ms, NULL));
    }
  message = karez_json_object ("type", "s", "quality", "people", "n", array_node (array), NULL);
  hub_rtc_emit_tell (self, message);
}

static const KarezJsonField person_fields[] = {
  { "participant", KAREZ_JSON_UUID, TRUE },
  { "state", KAREZ_JSON_ENUM, TRUE, 0, 0, STATES },
  { "bitrate_in", KAREZ_JSON_INTEGER, TRUE, 0, G_MAXUINT32 },
  { "bitrate_out", KAREZ_JSON_INTEGER, TRUE, 0, G_MAXUINT32 },
  { "loss_in", KAREZ_JSON_INTEGER, TRUE, 0, 256 },
  { "loss_out", KAREZ_JSON_INTEGER, TRUE, 0, 256 },
  { "rtt_ms", KAREZ_JSON_INTEGER, TRUE, 0, G_MAXUINT32 },
  { "jitter_ms", KAREZ_JSON_INTEGER, TRUE, 0, G_MAXUINT32 },
  { NULL },
};

static gboolean
read_person (HubRtcQuality *one, JsonNode *node, GError **error)
{
  JsonObject *object = karez_json_check (node, person_fields, error);

  memset (one, 0, sizeof *one);
  if (object == NULL)
    return FALSE;
  g_strlcpy (one->participant, karez_json_text (object, "participant"), sizeof one->participant);
  while (!g_str_equal (hub_rtc_state_name (one->state), karez_json_text (object, "state")))
    one->state++;
  one->statistics.bitrate_in = karez_json_integer (object, "bitrate_in", 0);
  one->statistics.bitrate_out = karez_json_integer (object, "bitrate_out", 0);
  one->statistics.loss_in = karez_json_integer (object, "loss_in", 0);
  one->statistics.loss_out = karez_json_integer (object, "loss_out", 0);
  one->statistics.rtt_ms = karez_json_integer (object, "rtt_ms", 0);
  one->statistics.jitter_ms = karez_json_integer (object, "jitter_ms", 0);
  return TRUE;
}

gboolean
hub_rtc_take_quality (HubRtc *self, JsonNode *message, GError **error)
{
  static const KarezJsonField fields[] = {
    { "type", KAREZ_JSON_ENUM, TRUE, 0, 0, "quality" },
    { "people", KAREZ_JSON_ARRAY, TRUE, 0, MAX_PEOPLE },
    { NULL },
  };
  JsonObject *object = karez_json_check (message, fields, error);
  g_autoptr (GArray) told = hub_rtc_quality_new ();
  JsonArray *people;

  if (object == NULL)
    return FALSE;
  people = json_object_get_array_member (object, "people");
  for (guint i = 0; i < json_array_get_length (people); i++)
    {
      HubRtcQuality one;

      if (!read_person (&one, json_array_get_element (people, i), error))
        return FALSE;
      g_array_append_val (told, one);
    }
  g_array_unref (self->remote_quality);
  self->remote_quality = g_steal_pointer (&told);
  return TRUE;
}
