/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A request about a session while it waits: for the booking, then for what is kept. */
#include "guidance-work.h"

void
guidance_work_free (GuidanceWork *work)
{
  g_object_unref (work->half);
  g_clear_object (&work->owner);
  g_object_unref (work->request);
  g_clear_pointer (&work->booking, json_node_unref);
  g_clear_pointer (&work->rows, karez_rows_unref);
  g_clear_pointer (&work->params, g_variant_unref);
  g_free (work->session);
  g_free (work);
}

const char *
guidance_work_session (KarezRequest *request)
{
  return karez_request_get_path_uuid (request, "session", "guidance/none");
}

const char *
guidance_work_patient (GuidanceWork *work)
{
  return work->booking != NULL ? karez_json_text (json_node_get_object (work->booking), "patient")
                               : NULL;
}

const char *
guidance_work_hub (GuidanceWork *work)
{
  return karez_context_get_hub_id (karez_control_half_get_context (work->half));
}

const char *
guidance_work_partner (GuidanceWork *work)
{
  JsonObject *booking = work->booking != NULL ? json_node_get_object (work->booking) : NULL;
  const char *requester = booking != NULL ? karez_json_text (booking, "requester") : NULL;

  if (booking == NULL)
    return NULL;
  return g_strcmp0 (requester, guidance_work_hub (work)) == 0
             ? karez_json_text (booking, "provider")
             : requester;
}

const char *
guidance_work_person (KarezRequest *request)
{
  return karez_actor_get_id (karez_request_get_actor (request));
}

KarezTransaction *
guidance_work_transaction (GuidanceWork *work)
{
  KarezTransaction *transaction = karez_request_begin (work->request,
                                                       karez_control_half_get_store (work->half));

  karez_transaction_about (transaction, work->session, guidance_work_patient (work));
  return transaction;
}

static void
on_rows (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GuidanceWork) work = data;
  g_autoptr (GError) error = NULL;
  void (*go_on) (GuidanceWork *) = work->go_on;

  work->rows = karez_store_query_finish (KAREZ_STORE (source), result, &error);
  if (work->rows == NULL)
    karez_request_fail (work->request, error);
  else
    go_on (g_steal_pointer (&work));
}

static void
on_booking (KarezRequest *request, JsonNode *booking, gpointer data)
{
  GuidanceWork **place = data;
  GuidanceWork *work = g_steal_pointer (place);

  work->booking = booking != NULL ? json_node_ref (booking) : NULL;
  karez_store_query_async (karez_control_half_get_store (work->half), work->statement, work->params,
                           NULL, on_rows, work);
}

/* Where it was not gone on with: it was answered. */
static void
place_free (gpointer data)
{
  GuidanceWork **place = data;

  g_clear_pointer (place, guidance_work_free);
  g_free (place);
}

void
guidance_work_begin (KarezControlHalf *half, KarezRequest *request, gpointer owner,
                     const char *statement, GVariant *params, void (*go_on) (GuidanceWork *work))
{
  GuidanceWork *work = g_new0 (GuidanceWork, 1);
  GuidanceWork **place = g_new (GuidanceWork *, 1);

  work->half = g_object_ref (half);
  work->owner = owner != NULL ? g_object_ref (owner) : NULL;
  work->request = g_object_ref (request);
  work->session = g_strdup (karez_request_get_path_part (request, "session"));
  work->statement = statement;
  work->params = g_variant_ref_sink (params);
  work->go_on = go_on;
  *place = work;
  karez_request_find_booking (request, karez_control_half_get_agenda (half), work->session,
                              on_booking, place, place_free);
}
