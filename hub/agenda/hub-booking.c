/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a booking asks for, checked by every rule that needs no database. */
#include "hub-booking.h"

#include "hub-catalogue.h"
#include "hub-clock.h"
#include "hub-id.h"

#define LONGEST (24 * G_TIME_SPAN_HOUR)
#define FARTHEST (366 * G_TIME_SPAN_DAY)
#define LATEST (31 * G_TIME_SPAN_DAY) /* of a message, after an outage */

static const KarezJsonField request_fields[] = {
  { "id", KAREZ_JSON_UUID, TRUE },
  { "modality", KAREZ_JSON_TEXT, TRUE, 1, 64 },
  { "title", KAREZ_JSON_NAME, TRUE, 1, 200 },
  { "reason", KAREZ_JSON_TEXT, FALSE, 0, 4000 },
  { "urgency", KAREZ_JSON_ENUM, TRUE, 0, 0, "T0|T1|T2|T3" },
  { "partner", KAREZ_JSON_UUID, TRUE },
  { "patient", KAREZ_JSON_UUID, FALSE },
  { "starts_at", KAREZ_JSON_TIME, FALSE },
  { "ends_at", KAREZ_JSON_TIME, FALSE },
  { "minutes", KAREZ_JSON_INTEGER, FALSE, 1, 24 * 60 },
  { "resources", KAREZ_JSON_ARRAY, TRUE, 0, 1000 },
  { NULL },
};

static const KarezJsonField message_fields[] = {
  { "id", KAREZ_JSON_UUID, TRUE },
  { "modality", KAREZ_JSON_TEXT, TRUE, 1, 64 },
  { "title", KAREZ_JSON_NAME, TRUE, 1, 200 },
  { "reason", KAREZ_JSON_TEXT, FALSE, 0, 4000 },
  { "urgency", KAREZ_JSON_ENUM, TRUE, 0, 0, "T0|T1|T2|T3" },
  { "provider", KAREZ_JSON_UUID, TRUE },
  { "host", KAREZ_JSON_UUID, TRUE },
  { "patient", KAREZ_JSON_UUID, FALSE },
  { "starts_at", KAREZ_JSON_TIME, TRUE },
  { "ends_at", KAREZ_JSON_TIME, TRUE },
  { "resources", KAREZ_JSON_ARRAY, TRUE, 0, HUB_BOOKING_MAX_RESOURCES },
  { "wishes", KAREZ_JSON_ARRAY, TRUE, 0, HUB_BOOKING_MAX_RESOURCES },
  { "actor", KAREZ_JSON_OBJECT, TRUE },
  { NULL },
};

void
hub_booking_free (HubBooking *self)
{
  g_free (self->id);
  g_free (self->modality);
  g_free (self->title);
  g_free (self->reason);
  g_free (self->urgency);
  g_free (self->requester);
  g_free (self->provider);
  g_free (self->host);
  g_free (self->patient);
  g_strfreev (self->resources);
  g_strfreev (self->wishes);
  g_free (self);
}

gboolean
hub_booking_is_id (const char *text)
{
  return text != NULL && hub_id_is_valid (text);
}

static gboolean
refuse_with (GError **error, const char *pointer, GError *local)
{
  karez_error_set_pointer (local, pointer);
  g_propagate_error (error, local);
  return FALSE;
}
#define refuse(error, pointer, rule, accepted, message)                                            \
  refuse_with (error, pointer, karez_error_new (KAREZ_ERROR_INVALID, rule, accepted, message))

GStrv
hub_booking_ids (JsonObject *object, const char *name, guint max, GError **error)
{
  JsonNode *node = json_object_get_member (object, name);
  JsonArray *array = node != NULL && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node)
                                                                  : NULL;
  guint n = array != NULL ? json_array_get_length (array) : 0;
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  g_auto (GStrv) ids = karez_json_texts (object, name);
  g_autofree char *pointer = g_strconcat ("/", name, NULL);

  if (n > max)
    {
      refuse (error, pointer, "agenda/resources", N_ ("at most 32 resources"),
              N_ ("There are too many resources"));
      return NULL;
    }
  for (guint i = 0; ids[i] != NULL; i++)
    if (!hub_id_is_valid (ids[i]) || !g_hash_table_add (seen, ids[i]))
      n = G_MAXUINT;
  if (g_strv_length (ids) != n)
    {
      refuse (error, pointer, "agenda/resources", N_ ("Ids of resources, each once"),
              N_ ("The list of resources holds something else, or one of them twice"));
      return NULL;
    }
  return g_steal_pointer (&ids);
}

GStrv
hub_booking_new_ids (const char *const *list)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  for (guint i = 0; list[i] != NULL; i++)
    {
      g_autofree char *id = hub_id_new ();

      g_strv_builder_add (builder, id);
    }
  return g_strv_builder_end (builder);
}

static HubBooking *
read_common (JsonObject *object)
{
  HubBooking *self = g_new0 (HubBooking, 1);
  const char *reason = karez_json_text (object, "reason");

  self->id = g_strdup (karez_json_text (object, "id"));
  self->modality = g_strdup (karez_json_text (object, "modality"));
  self->title = g_strdup (karez_json_text (object, "title"));
  self->reason = g_strdup (reason != NULL ? reason : "");
  self->urgency = g_strdup (karez_json_text (object, "urgency"));
  self->patient = g_strdup (karez_json_text (object, "patient"));
  karez_json_time (object, "starts_at", &self->starts_at);
  karez_json_time (object, "ends_at", &self->ends_at);
  return self;
}

static gboolean
check_times (const HubBooking *self, GError **error)
{
  if (self->ends_at <= self->starts_at)
    return refuse (error, "/ends_at", "agenda/order", N_ ("An end after the start"),
                   N_ ("The session would end before it starts"));
  if (self->ends_at - self->starts_at > LONGEST)
    return refuse (error, "/ends_at", "agenda/too-long", N_ ("At most 24 hours"),
                   N_ ("The session would be too long"));
  return TRUE;
}

/* @late: by how much an end may be over: a message may come late. */
static gboolean
check_reach (const HubBooking *self, gint64 late, GError **error)
{
  gint64 now = hub_clock_now ();

  if (self->ends_at <= now - late)
    return refuse (error, "/ends_at", "agenda/past", N_ ("An end in the future"),
                   N_ ("The session's time is over already"));
  if (self->starts_at > now + FARTHEST)
    return refuse (error, "/starts_at", "agenda/too-far", N_ ("A start within a year"),
                   N_ ("The session would start too far in the future"));
  return TRUE;
}

/* An emergency is for now: by this clock, and not by that of whoever asks. */
static gboolean
read_times (HubBooking *self, JsonObject *object, GError **error)
{
  gint64 minutes = karez_json_integer (object, "minutes", 0);

  if (karez_json_text (object, "starts_at") == NULL)
    {
      if (!g_str_equal (self->urgency, "T0"))
        return refuse (error, "/starts_at", "agenda/start",
                       N_ ("A start; only an emergency goes without one: it starts now"),
                       N_ ("The session has no start"));
      self->starts_at = hub_clock_now ();
      self->starts_at -= self->starts_at % G_TIME_SPAN_MINUTE;
    }
  if ((minutes != 0) == (karez_json_text (object, "ends_at") != NULL))
    return refuse (error, "/ends_at", "agenda/end", N_ ("An end or minutes, one of the two"),
                   N_ ("It is not clear when the session ends"));
  if (minutes != 0)
    self->ends_at = self->starts_at + minutes * G_TIME_SPAN_MINUTE;
  return TRUE;
}

HubBooking *
hub_booking_from_request (JsonNode *body, const char *own_hub, GError **error)
{
  JsonObject *object = karez_json_check (body, request_fields, error);
  g_autoptr (HubBooking) self = NULL;

  if (object == NULL)
    return NULL;
  self = read_common (object);
  self->requester = g_strdup (own_hub);
  self->provider = g_strdup (karez_json_text (object, "partner"));
  self->host = g_strdup (own_hub);
  self->resources = hub_booking_ids (object, "resources", HUB_BOOKING_MAX_RESOURCES, error);
  if (self->resources == NULL || !read_times (self, object, error) || !check_times (self, error)
      || !check_reach (self, 0, error))
    return NULL;
  if (g_str_equal (self->provider, own_hub))
    {
      refuse (error, "/partner", "agenda/partner", N_ ("A paired hospital"),
              N_ ("A session joins two hospitals"));
      return NULL;
    }
  return g_steal_pointer (&self);
}

HubBooking *
hub_booking_from_message (KarezMessage *message, const char *own_hub, GError **error)
{
  JsonObject *object = karez_json_check (karez_message_get_body (message), message_fields, error);
  g_autoptr (HubBooking) self = NULL;

  if (object == NULL)
    return NULL;
  self = read_common (object);
  self->requester = g_strdup (karez_message_get_peer (message));
  self->provider = g_strdup (karez_json_text (object, "provider"));
  self->host = g_strdup (karez_json_text (object, "host"));
  self->resources = hub_booking_ids (object, "resources", HUB_BOOKING_MAX_RESOURCES, error);
  if (self->resources == NULL)
    return NULL;
  self->wishes = hub_booking_ids (object, "wishes", HUB_BOOKING_MAX_RESOURCES, error);
  if (self->wishes == NULL || !check_times (self, error) || !check_reach (self, LATEST, error))
    return NULL;
  if (!g_str_equal (self->provider, own_hub))
    {
      refuse (error, "/provider", "agenda/partner", N_ ("The hub that receives the request"),
              N_ ("The request is for another hospital"));
      return NULL;
    }
  if (!g_str_equal (self->host, own_hub) && !g_str_equal (self->host, self->requester))
    {
      refuse (error, "/host", "agenda/host", N_ ("One of the two hubs"),
              N_ ("The session's host is neither of its hospitals"));
      return NULL;
    }
  return g_steal_pointer (&self);
}

JsonNode *
hub_booking_to_message (const HubBooking *self, KarezActor *actor)
{
  g_autofree char *starts_at = hub_time_format (self->starts_at);
  g_autofree char *ends_at = hub_time_format (self->ends_at);

  return karez_json_object ("id", "s", self->id, "modality", "s", self->modality, "title", "s",
                            self->title, "reason", "s", self->reason, "urgency", "s", self->urgency,
                            "provider", "s", self->provider, "host", "s", self->host, "patient",
                            "s", self->patient, "starts_at", "s", starts_at, "ends_at", "s",
                            ends_at, "resources", "as", self->resources, "wishes", "as",
                            self->wishes, "actor", "n", karez_actor_to_json (actor), NULL);
}

static void
add_claims (JsonArray *claims, GStrv resources, const char *hub, const char *state)
{
  for (guint i = 0; resources != NULL && resources[i] != NULL; i++)
    json_array_add_element (claims, karez_json_object ("resource", "s", resources[i], "hub", "s",
                                                       hub, "state", "s", state, NULL));
}

JsonNode *
hub_booking_to_json (const HubBooking *self)
{
  g_autofree char *starts_at = hub_time_format (self->starts_at);
  g_autofree char *ends_at = hub_time_format (self->ends_at);
  JsonNode *claims = json_node_new (JSON_NODE_ARRAY);

  json_node_take_array (claims, json_array_new ());
  add_claims (json_node_get_array (claims), self->resources, self->requester, "held");
  add_claims (json_node_get_array (claims), self->wishes, self->provider, "asked");
  return karez_json_object ("id", "s", self->id, "modality", "s", self->modality, "title", "s",
                            self->title, "reason", "s", self->reason, "urgency", "s", self->urgency,
                            "requester", "s", self->requester, "provider", "s", self->provider,
                            "host", "s", self->host, "patient", "s", self->patient, "starts_at",
                            "s", starts_at, "ends_at", "s", ends_at, "state", "s", "requested",
                            "claims", "n", claims, NULL);
}

JsonNode *
hub_booking_to_details (const HubBooking *self)
{
  g_autofree char *starts_at = hub_time_format (self->starts_at);
  g_autofree char *ends_at = hub_time_format (self->ends_at);

  return karez_json_object ("modality", "s", self->modality, "urgency", "s", self->urgency,
                            "requester", "s", self->requester, "provider", "s", self->provider,
                            "starts_at", "s", starts_at, "ends_at", "s", ends_at, "resources", "as",
                            self->resources, "wishes", "as", self->wishes, NULL);
}
