/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who is known here: people, organisations, patients. */
#include "hub-web-people-private.h"

#define MAX_PEOPLE 2000
#define MAX_PATIENTS 500

typedef HubWebPeopleJob Job;
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Job, hub_web_people_job_free)

typedef JsonNode *(*ItemFunc) (Job *job, KarezRows *rows, guint row);

/* {"items": […]}, with "more" when there are more than @max. */
static JsonNode *
list_of_rows (Job *job, KarezRows *rows, guint max, ItemFunc item)
{
  g_autoptr (JsonArray) items = json_array_new ();
  JsonNode *list = json_node_new (JSON_NODE_ARRAY);
  guint n = karez_rows_get_count (rows);

  for (guint i = 0; i < MIN (n, max); i++)
    json_array_add_element (items, item (job, rows, i));
  json_node_set_array (list, items);
  if (n > max)
    return karez_json_object ("items", "n", list, "more", "b", TRUE, NULL);
  return karez_json_object ("items", "n", list, NULL);
}

static void
finish_list (Job *job, GObject *source, GAsyncResult *result, guint max, ItemFunc item)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KarezRows) rows = karez_store_query_finish (KAREZ_STORE (source), result, &error);

  if (rows == NULL)
    karez_request_fail (job->request, error);
  else
    karez_request_respond (job->request, 200, list_of_rows (job, rows, max, item));
}

static JsonNode *
organisation_item (Job *job, KarezRows *rows, guint row)
{
  return karez_json_object ("id", "s", karez_rows_text (rows, row, "id"), "parent", "s",
                            karez_rows_text (rows, row, "parent"), "level", "s",
                            karez_rows_text (rows, row, "level"), "names", "n",
                            karez_rows_json (rows, row, "names"), "hub", "s",
                            karez_rows_text (rows, row, "hub"), NULL);
}

static void
on_organisations (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Job) job = data;

  finish_list (job, source, result, MAX_PEOPLE, organisation_item);
}

void
hub_web_people_list_organisations (KarezRequest *request, gpointer data)
{
  HubWebPeople *self = data;

  karez_store_query_async (self->scope, "organisations", NULL, NULL, on_organisations,
                           hub_web_people_job_new (self, request));
}

/* Login, roles and state are for those who keep accounts. */
static JsonNode *
person_item (Job *job, KarezRows *rows, guint row)
{
  gboolean all = hub_web_policy_allows (job->self->policy, "people.write",
                                        karez_request_get_actor (job->request));
  JsonNode *item = karez_json_object ("id", "s", karez_rows_text (rows, row, "id"), "names", "n",
                                      karez_rows_json (rows, row, "names"), "title", "n",
                                      karez_rows_json (rows, row, "title"), "organisation", "s",
                                      karez_rows_text (rows, row, "organisation"), "hub", "s",
                                      karez_rows_text (rows, row, "hub"), "login", "s",
                                      all ? karez_rows_text (rows, row, "login") : NULL, "roles",
                                      "n", all ? karez_rows_json (rows, row, "roles") : NULL, NULL);

  if (all)
    json_object_set_boolean_member (json_node_get_object (item), "active",
                                    karez_rows_boolean (rows, row, "active"));
  return item;
}

static void
on_people (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Job) job = data;

  finish_list (job, source, result, MAX_PEOPLE, person_item);
}

void
hub_web_people_list_people (KarezRequest *request, gpointer data)
{
  HubWebPeople *self = data;

  karez_store_query_async (self->scope, "people", NULL, NULL, on_people,
                           hub_web_people_job_new (self, request));
}

static JsonNode *
patient_item (Job *job, KarezRows *rows, guint row)
{
  return karez_json_object ("id", "s", karez_rows_text (rows, row, "id"), "organisation", "s",
                            karez_rows_text (rows, row, "organisation"), "names", "n",
                            karez_rows_json (rows, row, "names"), "birth_date", "s",
                            karez_rows_text (rows, row, "birth_date"), "gender", "s",
                            karez_rows_text (rows, row, "gender"), NULL);
}

static void
on_patients_recorded (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Job) job = data;
  g_autoptr (GError) error = NULL;

  if (!hub_store_append_event_finish (HUB_STORE (source), result, &error))
    karez_request_fail (job->request, error);
  else
    karez_request_respond (job->request, 200, g_steal_pointer (&job->answer));
}

/* The record of whom the reader sees is durable before a byte of it leaves. */
static void
on_patients (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Job) job = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (KarezRows) rows = karez_store_query_finish (KAREZ_STORE (source), result, &error);
  g_autoptr (GStrvBuilder) builder = NULL;
  g_auto (GStrv) ids = NULL;

  if (rows == NULL)
    {
      karez_request_fail (job->request, error);
      return;
    }
  builder = g_strv_builder_new ();
  for (guint i = 0; i < MIN (karez_rows_get_count (rows), MAX_PATIENTS); i++)
    g_strv_builder_add (builder, karez_rows_text (rows, i, "id"));
  ids = g_strv_builder_end (builder);
  job->answer = list_of_rows (job, rows, MAX_PATIENTS, patient_item);
  hub_store_append_event_async (
      job->self->store, karez_request_get_actor (job->request), "patient.list", 0, NULL, NULL,
      karez_json_object ("patients", "as", ids, NULL), NULL, on_patients_recorded, job);
  g_steal_pointer (&job);
}

void
hub_web_people_list_patients (KarezRequest *request, gpointer data)
{
  HubWebPeople *self = data;

  karez_store_query_async (self->scope, "patients", NULL, NULL, on_patients,
                           hub_web_people_job_new (self, request));
}
