/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who looks at what: a picture that nobody is shown need not be sent. Speech always is. */
#include "hub-rtc-private.h"

#include <glib/gi18n.h>

/* Nobody looked for so long before who sends a picture is told: whoever reloads a page or comes
 * from another connection is not to wait for it, and a camera is not turned to and fro meanwhile.
 */
#define UNSEEN_US (3 * G_USEC_PER_SEC)
/* As many as hub_rtc_take_remote() takes tracks. */
#define MAX_UNWANTED (200 * HUB_RTC_MAX_TRACKS)

/* Somebody may see a place of it now, or as soon as it is connected. */
static gboolean
looks (const HubRtcPage *page)
{
  return !page->hidden && page->state != HUB_RTC_AWAY && page->state != HUB_RTC_CLOSED;
}

/* The tracks that pages show, and programs have. Returns: (transfer full): a set of numbers */
static GHashTable *
find_looked_at (HubRtc *self)
{
  GHashTable *set = g_hash_table_new (NULL, NULL);

  for (guint i = 0; i < self->pages->len; i++)
    {
      const HubRtcPage *page = self->pages->pdata[i];

      for (guint j = 0; looks (page) && j < page->n_places; j++)
        if (page->places[j].track != 0)
          g_hash_table_add (set, GUINT_TO_POINTER (page->places[j].track));
    }
  for (guint i = 0; i < self->taps->len; i++)
    g_hash_table_add (set, GUINT_TO_POINTER (((HubRtcTapped *) self->taps->pdata[i])->track));
  return set;
}

static gboolean
is_looked_at (GHashTable *set, const HubRtcPublished *published)
{
  return g_hash_table_contains (set, GUINT_TO_POINTER (published->track));
}

static gboolean
is_picture (const HubRtcPublished *published)
{
  return published->source->kind == HUB_MEDIA_VIDEO;
}

/* The other hospital, which says nothing of it where it is of an older version. */
static void
follow_there (HubRtc *self, HubRtcPublished *published)
{
  gboolean unwanted = g_hash_table_contains (self->remote_unwanted,
                                             GUINT_TO_POINTER (published->track));
  HubRtcCommand *command;

  if (unwanted == published->unwanted_there)
    return;
  published->unwanted_there = unwanted;
  command = g_new0 (HubRtcCommand, 1);
  command->kind = HUB_RTC_WANT_TRACK;
  command->track = published->track;
  command->on = !unwanted;
  hub_rtc_run (command, self);
}

static guint
bit_of (const HubRtcPage *page, const HubRtcSource *source)
{
  return 1u << (source - page->sources->all);
}

static void
tell_page (HubRtcPage *page, const HubRtcSource *source)
{
  gboolean unwanted = (page->unwanted & bit_of (page, source)) != 0;

  karez_participant_send (page->participant,
                          karez_json_object ("type", "s", "media.demand", "connection", "s",
                                             page->token, "source", "s", source->label, "wanted",
                                             "b", !unwanted, NULL));
}

void
hub_rtc_tell_demand (HubRtcPage *page)
{
  for (guint i = 0; i < page->n_published; i++)
    if (is_picture (&page->published[i]))
      tell_page (page, page->published[i].source);
}

/* Tells a page once, and asks for a whole picture where one is wanted again. */
static void
demand (HubRtc *self, HubRtcPage *page, const HubRtcPublished *published, gboolean wanted)
{
  guint bit = bit_of (page, published->source);
  HubRtcCommand *command;

  if (wanted == !(page->unwanted & bit))
    return;
  page->unwanted ^= bit;
  tell_page (page, published->source);
  if (!wanted)
    return;
  command = g_new0 (HubRtcCommand, 1);
  command->kind = HUB_RTC_WANT_PICTURE;
  command->track = published->track;
  hub_rtc_run (command, self);
}

/* Returns when it is to be looked at again, %G_MAXINT64 for not by itself. */
static gint64
follow_one (HubRtc *self, HubRtcPage *page, HubRtcPublished *published, GHashTable *looked_at,
            gint64 now)
{
  /* One that is not shared is in no place, and begins at once when it is. */
  gboolean seen = !hub_rtc_is_shown (published);
  gint64 due;

  follow_there (self, published);
  if (self->forwarding)
    seen |= is_looked_at (looked_at, published)
            || (hub_rtc_is_wanted_there (self) && !published->unwanted_there);
  if (seen)
    published->unseen = 0;
  else if (published->unseen == 0)
    published->unseen = now;
  due = published->unseen + UNSEEN_US;
  demand (self, page, published, seen || now < due);
  return seen || now >= due ? G_MAXINT64 : due;
}

static gboolean
on_due (gpointer data)
{
  HubRtc *self = data;

  self->demand_source = 0;
  hub_rtc_follow_demand (self);
  return G_SOURCE_REMOVE;
}

static JsonNode *
describe (HubRtc *self)
{
  g_autoptr (GHashTable) looked_at = find_looked_at (self);
  JsonArray *array = json_array_new ();
  JsonNode *node = json_node_new (JSON_NODE_ARRAY);

  /* Without a page, nothing at all is wanted: hub_rtc_describe() says so. */
  for (guint i = 0; i < self->remote->len && self->pages->len > 0; i++)
    {
      const HubRtcPublished *published = self->remote->pdata[i];

      if (is_picture (published) && hub_rtc_is_shown (published)
          && !is_looked_at (looked_at, published))
        json_array_add_int_element (array, published->number);
    }
  json_node_take_array (node, array);
  return karez_json_object ("type", "s", "demand", "unwanted", "n", node, NULL);
}

JsonNode *
hub_rtc_describe_demand (HubRtc *self)
{
  return self->told_demand != NULL ? describe (self) : NULL;
}

/* Only what is news; and nothing before there is something, so that a worker of an older version,
 * which does not know the message, hears of it only where it matters. */
static void
tell_there (HubRtc *self)
{
  g_autoptr (JsonNode) message = describe (self);
  g_autofree char *text = karez_json_print (message);
  JsonArray *unwanted = json_object_get_array_member (json_node_get_object (message), "unwanted");

  if (!self->has_port || g_strcmp0 (text, self->told_demand) == 0
      || (self->told_demand == NULL && json_array_get_length (unwanted) == 0))
    return;
  g_free (self->told_demand);
  self->told_demand = g_steal_pointer (&text);
  hub_rtc_emit_tell (self, message);
}

void
hub_rtc_follow_demand (HubRtc *self)
{
  g_autoptr (GHashTable) looked_at = find_looked_at (self);
  gint64 now = g_get_monotonic_time (), due = G_MAXINT64;

  for (guint i = 0; i < self->pages->len; i++)
    {
      HubRtcPage *page = self->pages->pdata[i];

      for (guint j = 0; j < page->n_published; j++)
        if (is_picture (&page->published[j]))
          due = MIN (due, follow_one (self, page, &page->published[j], looked_at, now));
    }
  /* A program sends whoever looks; what nobody there looks at does not cross. */
  for (guint i = 0; i < self->intakes->len; i++)
    follow_there (self, &((HubRtcIntakeSent *) self->intakes->pdata[i])->published);
  g_clear_handle_id (&self->demand_source, g_source_remove);
  if (due != G_MAXINT64)
    self->demand_source = g_timeout_add ((guint) ((due - now + 999) / 1000), on_due, self);
  tell_there (self);
}

gboolean
hub_rtc_take_demand (HubRtc *self, JsonNode *message, GError **error)
{
  static const KarezJsonField fields[] = {
    { "type", KAREZ_JSON_ENUM, TRUE, 0, 0, "demand" },
    { "unwanted", KAREZ_JSON_ARRAY, TRUE, 0, MAX_UNWANTED },
    { NULL },
  };
  JsonObject *object = karez_json_check (message, fields, error);
  g_autoptr (GHashTable) set = g_hash_table_new (NULL, NULL);
  JsonArray *array;

  if (object == NULL)
    return FALSE;
  array = json_object_get_array_member (object, "unwanted");
  for (guint i = 0; i < json_array_get_length (array); i++)
    {
      JsonNode *node = json_array_get_element (array, i);
      gint64 number = JSON_NODE_HOLDS_VALUE (node)
                              && json_node_get_value_type (node) == G_TYPE_INT64
                          ? json_node_get_int (node)
                          : 0;

      if (number <= 0 || number > G_MAXUINT32)
        return karez_error_set (error, KAREZ_ERROR_INVALID, "rtc/demand", N_ ("numbers of tracks"),
                                N_ ("It is not said which pictures are not wanted"));
      g_hash_table_add (set, GUINT_TO_POINTER ((guint) number));
    }
  g_hash_table_unref (self->remote_unwanted);
  self->remote_unwanted = g_steal_pointer (&set);
  hub_rtc_follow_demand (self);
  return TRUE;
}
