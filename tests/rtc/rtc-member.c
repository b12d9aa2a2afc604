/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Somebody in a session, without a browser. */

/* Somebody in a session, without a browser: what data/api/media.md asks of a page, over lines. It
 * sends speech and the clip's pictures, and knows when what it is sent came.
 *
 *   rtc-member CLIP [ADDRESS]
 *
 *   {"type": "message", "body": {…}}   what the session said to it
 *   {"type": "gaps"}                   → {"type": "gaps", "streams": [{"participant", "source",
 *                                      "gap_ms", "packets"}]}: the longest time without a packet
 *                                      of each stream since this was asked last; and "late_ms",
 *                                      how long the machine did not let this process run
 *   {"type": "stats"}                  → {"type": "stats", …}
 *
 * {"type": "send", "body": {…}} is what it says to the session. */
#include "rtc-lines.h"

#include <gst/gst.h>

typedef struct
{
  RtcLines *lines;
  RtcClip *clip;
  const char *address;
  RtcClient *client; /* NULL before the session has said that it knows none */
  char *connection;  /* its token */
  JsonArray *places;
  gboolean answered; /* the newest offer */
  gboolean link_up;
  guint n_connections;
  gint64 asked; /* for gaps */
} Self;

static void
offer (Self *self)
{
  g_autofree char *sdp = rtc_client_offer (self->client);
  JsonNode *sources = karez_json_object ("0", "s", "microphone", "1", "s", "camera", NULL);

  self->answered = FALSE;
  rtc_lines_say (karez_json_object ("type", "s", "send", "body", "n",
                                    karez_json_object ("type", "s", "media.offer", "connection",
                                                       "s", self->connection, "sdp", "s", sdp,
                                                       "sources", "n", sources, NULL),
                                    NULL));
}

static void
drop (Self *self)
{
  if (self->client == NULL)
    return;
  rtc_lines_remove (self->lines, self->client);
  g_clear_pointer (&self->client, rtc_client_free);
  g_clear_pointer (&self->places, json_array_unref);
}

static void
begin_anew (Self *self)
{
  drop (self);
  g_free (self->connection);
  self->connection = g_uuid_string_random ();
  self->client = rtc_client_new (&(RtcClientConfig){ .audio = TRUE,
                                                     .video = TRUE,
                                                     .receive_audio = 3,
                                                     .receive_video = 3,
                                                     .address = self->address,
                                                     .clip = self->clip });
  rtc_client_set_level (self->client, 40);
  rtc_lines_add (self->lines, self->client);
  self->n_connections++;
  offer (self);
}

/* What the session says. */

static void
take_hello (Self *self, JsonObject *body)
{
  /* Not one that it knows, or its answer was lost. */
  if (g_strcmp0 (karez_json_text (body, "connection"), self->connection) != 0 || !self->answered)
    begin_anew (self);
}

static void
take_answer (Self *self, JsonObject *body)
{
  if (self->client != NULL
      && rtc_client_take_answer (self->client, karez_json_text (body, "sdp"), NULL))
    self->answered = TRUE;
}

static void
take_places (Self *self, JsonObject *body)
{
  guint audio = (guint) karez_json_integer (body, "lacking_audio", 0);
  guint video = (guint) karez_json_integer (body, "lacking_video", 0);

  if (self->client == NULL)
    return;
  g_clear_pointer (&self->places, json_array_unref);
  self->places = json_array_ref (json_object_get_array_member (body, "places"));
  if (!self->answered || (audio == 0 && video == 0))
    return;
  rtc_client_want (self->client, audio, video);
  offer (self);
}

static void
take_connection (Self *self, JsonObject *body)
{
  if (self->client != NULL && g_str_equal (karez_json_text (body, "state"), "closed"))
    begin_anew (self);
}

static void
take_link (Self *self, JsonObject *body)
{
  self->link_up = karez_json_boolean (body, "up");
}

static void
take_message (Self *self, JsonObject *line)
{
  static const struct
  {
    const char *type;
    gboolean ours; /* only of our own connection */
    void (*take) (Self *self, JsonObject *body);
  } messages[] = {
    { "media.hello", FALSE, take_hello },  { "media.answer", TRUE, take_answer },
    { "media.places", TRUE, take_places }, { "media.connection", TRUE, take_connection },
    { "media.link", FALSE, take_link },
  };
  JsonObject *body = json_object_get_object_member (line, "body");

  for (guint i = 0; i < G_N_ELEMENTS (messages); i++)
    if (g_strcmp0 (karez_json_text (body, "type"), messages[i].type) == 0
        && (!messages[i].ours
            || g_strcmp0 (karez_json_text (body, "connection"), self->connection) == 0))
      messages[i].take (self, body);
}

/* What the test asks. */

static JsonNode *
describe_gap (Self *self, JsonObject *place, gint64 now)
{
  RtcStream *stream = rtc_client_get_stream (self->client, karez_json_text (place, "mid"));
  gint64 gap = stream != NULL && stream->last != 0 ? MAX (stream->longest_gap, now - stream->last)
                                                   : now - self->asked;

  if (stream != NULL)
    stream->longest_gap = 0;
  return karez_json_object ("participant", "s", karez_json_text (place, "participant"), "source",
                            "s", karez_json_text (place, "source"), "gap_ms", "d",
                            (double) gap / 1000, "packets", "i",
                            stream != NULL ? (gint64) stream->packets : 0, NULL);
}

static void
tell_gaps (Self *self, JsonObject *line)
{
  JsonArray *array = json_array_new ();
  JsonNode *node = json_node_new (JSON_NODE_ARRAY);
  gint64 now = g_get_monotonic_time ();
  guint n = self->places != NULL ? json_array_get_length (self->places) : 0;

  for (guint i = 0; i < n; i++)
    json_array_add_element (
        array, describe_gap (self, json_array_get_object_element (self->places, i), now));
  self->asked = now;
  json_node_take_array (node, array);
  rtc_lines_say (karez_json_object ("type", "s", "gaps", "streams", "n", node, "late_ms", "d",
                                    (double) rtc_lines_take_late (self->lines) / 1000, NULL));
}

static void
tell_stats (Self *self, JsonObject *line)
{
  guint n = 0;
  RtcStream *streams = self->client != NULL ? rtc_client_get_streams (self->client, &n) : NULL;
  gint64 packets = 0, repaired = 0;

  for (guint i = 0; i < n; i++)
    {
      packets += (gint64) streams[i].packets;
      repaired += (gint64) streams[i].repaired;
    }
  rtc_lines_say (karez_json_object (
      "type", "s", "stats", "open", "b", self->client != NULL && rtc_client_is_open (self->client),
      "connections", "i", (gint64) self->n_connections, "link_up", "b", self->link_up, "sent", "i",
      self->client != NULL ? (gint64) rtc_client_get_sent (self->client) : 0, "received", "i",
      packets, "repaired", "i", repaired, NULL));
}

static void
on_line (JsonObject *line, gpointer data)
{
  const char *type = karez_json_text (line, "type");

  if (g_strcmp0 (type, "message") == 0)
    take_message (data, line);
  else if (g_strcmp0 (type, "gaps") == 0)
    tell_gaps (data, line);
  else if (g_strcmp0 (type, "stats") == 0)
    tell_stats (data, line);
  else
    g_error ("what is “%s”?", type);
}

int
main (int argc, char **argv)
{
  Self self = { .link_up = TRUE };
  g_autoptr (GError) error = NULL;

  gst_init (NULL, NULL);
  if (argc < 2)
    g_error ("rtc-member CLIP [ADDRESS]");
  self.clip = rtc_clip_read (argv[1], &error);
  g_assert_no_error (error);
  self.address = argc > 2 ? argv[2] : NULL;
  self.asked = g_get_monotonic_time ();
  self.lines = rtc_lines_new (on_line, &self);
  rtc_lines_run (self.lines);
  drop (&self);
  rtc_lines_free (self.lines);
  rtc_clip_free (self.clip);
  g_free (self.connection);
  return 0;
}
