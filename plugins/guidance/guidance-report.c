/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One version of a signed report: its digest, its message, its row. */
#include "guidance-report.h"

#include "guidance-history.h"
#include "guidance-pictures.h"

#include <glib/gi18n.h>

#include <string.h>

void
guidance_report_clear (GuidanceReport *self)
{
  g_free (self->id);
  g_free (self->session);
  g_free (self->hub);
  g_free (self->amends);
  g_free (self->amendment);
  g_free (self->course);
  g_free (self->recommendation);
  g_free (self->pictures);
  g_free (self->summary);
  g_free (self->signer);
  g_free (self->signed_by);
  g_free (self->signed_at);
  memset (self, 0, sizeof *self);
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (a, b);
}

/* A database has members in an order of its own. */
static JsonNode *
sort_members (JsonNode *node)
{
  JsonNode *sorted;
  JsonObject *members;
  JsonArray *array;
  g_autoptr (GList) names = NULL;

  if (JSON_NODE_HOLDS_ARRAY (node))
    {
      array = json_array_new ();
      for (guint i = 0; i < json_array_get_length (json_node_get_array (node)); i++)
        json_array_add_element (
            array, sort_members (json_array_get_element (json_node_get_array (node), i)));
      return karez_json_array (array);
    }
  if (!JSON_NODE_HOLDS_OBJECT (node))
    return json_node_copy (node);
  members = json_object_new ();
  names = g_list_sort (json_object_get_members (json_node_get_object (node)), compare_names);
  for (GList *at = names; at != NULL; at = at->next)
    json_object_set_member (
        members, at->data,
        sort_members (json_object_get_member (json_node_get_object (node), at->data)));
  sorted = json_node_new (JSON_NODE_OBJECT);
  json_node_take_object (sorted, members);
  return sorted;
}

char *
guidance_report_print (JsonNode *node)
{
  g_autoptr (JsonNode) sorted = sort_members (node);

  return karez_json_print (sorted);
}

char *
guidance_report_digest (const GuidanceReport *self)
{
  g_autofree char *version = g_strdup_printf ("%" G_GINT64_FORMAT, self->version);
  const char *const parts[] = { self->id,       self->session,   self->hub,    version,
                                self->amends,   self->amendment, self->course, self->recommendation,
                                self->pictures, self->summary,   self->signer, self->signed_by,
                                self->signed_at };

  return karez_text_digest (parts, G_N_ELEMENTS (parts));
}

JsonNode *
guidance_report_to_message (const GuidanceReport *self, KarezActor *actor)
{
  g_autofree char *digest = guidance_report_digest (self);

  return karez_json_object (
      "booking", "s", self->session, "report", "n",
      karez_json_object (
          "id", "s", self->id, "version", "i", self->version, "amends", "s", self->amends,
          "amendment", "s", self->amendment, "course", "s", self->course, "recommendation", "s",
          self->recommendation, "pictures", "n", json_from_string (self->pictures, NULL), "summary",
          "n", json_from_string (self->summary, NULL), "signer", "s", self->signer, "signed_by",
          "s", self->signed_by, "signed_at", "s", self->signed_at, "digest", "s", digest, NULL),
      "actor", "n", karez_actor_to_json (actor), NULL);
}

static gboolean
check_digest (const GuidanceReport *self, const char *told, GError **error)
{
  g_autofree char *digest = guidance_report_digest (self);

  return g_str_equal (digest, told)
         || karez_error_set (error, KAREZ_ERROR_INVALID, "guidance/digest",
                             N_ ("the digest of this report"),
                             N_ ("The report is not the one that was signed"));
}

/* What goes with the texts; its words are those of the other hospital. */
static gboolean
check_inner (JsonObject *report, GError **error)
{
  static const KarezJsonField picture_fields[] = {
    { "id", KAREZ_JSON_UUID, TRUE },
    { "kind", KAREZ_JSON_ENUM, TRUE, 0, 0, "still|snapshot|document" },
    { "caption", KAREZ_JSON_TEXT, FALSE, 0, 300 },
    { "taken_at", KAREZ_JSON_TIME, TRUE },
    { "sha256", KAREZ_JSON_TEXT, TRUE, 64, 64 },
    { NULL },
  };
  static const KarezJsonField summary_fields[] = {
    { "people", KAREZ_JSON_ARRAY, TRUE, 0, GUIDANCE_HISTORY_MAX_PEOPLE },
    { "seconds", KAREZ_JSON_INTEGER, TRUE, 0, G_MAXINT32 },
    { "marks", KAREZ_JSON_ARRAY, TRUE, 0, GUIDANCE_HISTORY_MAX_MARKS },
    { "more_marks", KAREZ_JSON_INTEGER, TRUE, 0, G_MAXINT32 },
    { "checklists", KAREZ_JSON_ARRAY, TRUE, 0, GUIDANCE_READBACK_MAX_LISTS },
    { NULL },
  };
  JsonArray *pictures = json_object_get_array_member (report, "pictures");

  for (guint i = 0; i < json_array_get_length (pictures); i++)
    if (karez_json_check (json_array_get_element (pictures, i), picture_fields, error) == NULL)
      return FALSE;
  return karez_json_check (json_object_get_member (report, "summary"), summary_fields, error)
         != NULL;
}

gboolean
guidance_report_from_message (GuidanceReport *self, JsonObject *body, const char *hub,
                              GError **error)
{
  static const KarezJsonField fields[] = {
    { "id", KAREZ_JSON_UUID, TRUE },
    { "version", KAREZ_JSON_INTEGER, TRUE, 1, G_MAXINT32 },
    { "amends", KAREZ_JSON_UUID },
    { "amendment", KAREZ_JSON_TEXT, FALSE, 1, 1000 },
    { "course", KAREZ_JSON_TEXT, TRUE, 1, GUIDANCE_REPORT_MAX },
    { "recommendation", KAREZ_JSON_TEXT, TRUE, 0, GUIDANCE_REPORT_MAX },
    { "pictures", KAREZ_JSON_ARRAY, TRUE, 0, GUIDANCE_PICTURES_MAX },
    { "summary", KAREZ_JSON_OBJECT, TRUE },
    { "signer", KAREZ_JSON_NAME, TRUE, 1, 100 },
    { "signed_by", KAREZ_JSON_NAME, TRUE, 1, 400 },
    { "signed_at", KAREZ_JSON_TIME, TRUE },
    { "digest", KAREZ_JSON_TEXT, TRUE, 64, 64 },
    { NULL },
  };
  JsonObject *object = karez_json_check (json_object_get_member (body, "report"), fields, error);

  memset (self, 0, sizeof *self);
  if (object == NULL || !check_inner (object, error))
    return FALSE;
  self->id = g_strdup (karez_json_text (object, "id"));
  self->session = g_strdup (karez_json_text (body, "booking"));
  self->hub = g_strdup (hub);
  self->version = karez_json_integer (object, "version", 0);
  self->amends = g_strdup (karez_json_text (object, "amends"));
  self->amendment = g_strdup (karez_json_text (object, "amendment"));
  self->course = g_strdup (karez_json_text (object, "course"));
  self->recommendation = g_strdup (karez_json_text (object, "recommendation"));
  self->pictures = guidance_report_print (json_object_get_member (object, "pictures"));
  self->summary = guidance_report_print (json_object_get_member (object, "summary"));
  self->signer = g_strdup (karez_json_text (object, "signer"));
  self->signed_by = g_strdup (karez_json_text (object, "signed_by"));
  self->signed_at = g_strdup (karez_json_text (object, "signed_at"));
  return check_digest (self, karez_json_text (object, "digest"), error);
}

void
guidance_report_keep (const GuidanceReport *self, KarezTransaction *transaction, const char *action)
{
  g_autofree char *digest = guidance_report_digest (self);

  karez_transaction_run_one (
      transaction, "guidance/version", N_ ("There is such a version of the report already"),
      "report_sign", "(sssimsmsssssssss)", self->id, self->session, self->hub,
      (gint32) self->version, self->amends, self->amendment, self->course, self->recommendation,
      self->pictures, self->summary, self->signer, self->signed_by, self->signed_at, digest);
  karez_transaction_event (
      transaction, action, "report", self->id,
      karez_json_object ("version", "i", self->version, "digest", "s", digest, NULL));
}
