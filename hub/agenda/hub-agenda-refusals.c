/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Why a booking's commit was refused, in words: which resource, which other booking. */
#include "hub-agenda-refusals.h"

#include "hub-agenda-private.h"
#include "hub-catalogue.h"

typedef struct
{
  GError *refused;
  char *accepted;
} Explanation;

static void
explanation_free (gpointer data)
{
  Explanation *explanation = data;

  g_clear_error (&explanation->refused);
  g_free (explanation->accepted);
  g_free (explanation);
}

static void
on_overlap (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Explanation *explanation = g_task_get_task_data (task);
  g_autoptr (KarezRows) rows = karez_store_query_finish (KAREZ_STORE (source), result, NULL);

  GError *error;

  /* It may have become free in between: then the plain refusal has to do. */
  if (rows == NULL || karez_rows_get_count (rows) == 0)
    {
      g_task_return_error (task, g_steal_pointer (&explanation->refused));
      return;
    }
  error = karez_error_new (
      KAREZ_ERROR_CONFLICT, "agenda/overlap", N_ ("Another time, person or room"),
      N_ ("%s is taken from %s to %s"), karez_rows_text (rows, 0, "names"),
      karez_rows_text (rows, 0, "starts_at"), karez_rows_text (rows, 0, "ends_at"));
  karez_error_set_kinds (error, "ntt");
  if (karez_rows_text (rows, 0, "free_from") != NULL)
    karez_error_set_accepted (error, "tt", N_ ("Free from %s to %s"),
                              karez_rows_text (rows, 0, "free_from"),
                              karez_rows_text (rows, 0, "free_to"));
  g_task_return_error (task, error);
}

static const char *
state_sentence (const char *state)
{
  static const char *const sentences[][2] = {
    { "requested", N_ ("The booking waits for its answer") },
    { "withdrawing", N_ ("The booking is being withdrawn") },
    { "confirmed", N_ ("The booking is confirmed already") },
    { "declined", N_ ("The booking was declined") },
    { "cancelled", N_ ("The booking was cancelled") },
    { "completed", N_ ("The booking's session is over") },
  };

  for (guint i = 0; i < G_N_ELEMENTS (sentences); i++)
    if (g_strcmp0 (sentences[i][0], state) == 0)
      return sentences[i][1];
  return NULL;
}

static void
on_state (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Explanation *explanation = g_task_get_task_data (task);
  g_autoptr (JsonNode)
      booking = karez_agenda_get_booking_finish (KAREZ_AGENDA (source), result, NULL);
  const char *state = booking != NULL ? karez_json_text (json_node_get_object (booking), "state")
                                      : NULL;
  const char *sentence = state_sentence (state);

  if (sentence == NULL)
    g_task_return_error (task, g_steal_pointer (&explanation->refused));
  else if (g_str_equal (state, "requested"))
    g_task_return_error (task, karez_error_new (KAREZ_ERROR_CONFLICT, "agenda/past",
                                                N_ ("An end in the future"),
                                                N_ ("The session's time is over already")));
  else
    {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"
      GError *error = karez_error_new (KAREZ_ERROR_CONFLICT, "agenda/state", explanation->accepted,
                                       sentence);
#pragma GCC diagnostic pop
      g_task_return_error (task, error);
    }
}

void
hub_agenda_explain_async (HubAgenda *self, GError *refused, const char *booking,
                          const char *accepted, const char *const *resources, const char *starts_at,
                          const char *ends_at, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, data);
  Explanation *explanation = g_new0 (Explanation, 1);
  const char *rule = karez_error_get_rule (refused);

  g_task_set_source_tag (task, hub_agenda_explain_async);
  explanation->refused = refused;
  explanation->accepted = g_strdup (accepted);
  g_task_set_task_data (task, explanation, explanation_free);
  if (resources != NULL && g_strcmp0 (rule, "database/claim_overlap") == 0)
    karez_store_query_async (hub_agenda_scope (self), "overlap_explain",
                             g_variant_new ("(^assss)", resources, starts_at, ends_at, booking),
                             NULL, on_overlap, g_steal_pointer (&task));
  else if (g_strcmp0 (rule, "agenda/state") == 0)
    karez_agenda_get_booking_async (KAREZ_AGENDA (self), booking, NULL, on_state,
                                    g_steal_pointer (&task));
  else if (g_strcmp0 (rule, "database/booking_pkey") == 0)
    g_task_return_error (task,
                         karez_error_new (KAREZ_ERROR_CONFLICT, "agenda/exists", N_ ("A new id"),
                                          N_ ("There is a booking of this id already")));
  else
    g_task_return_error (task, g_steal_pointer (&explanation->refused));
}

gboolean
hub_agenda_explain_finish (HubAgenda *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* ── resources that cannot be booked ────────────────────────────────────────────────────────── */

static int
find_row (KarezRows *rows, const char *id)
{
  for (guint i = 0; i < karez_rows_get_count (rows); i++)
    if (g_str_equal (karez_rows_text (rows, i, "id"), id))
      return i;
  return -1;
}

static GError *
refuse_resource (KarezRows *rows, int row, const char *id, const char *own_hub, const char *partner)
{
  const char *hub;
  GError *error = NULL;

  if (row < 0)
    return karez_error_new (KAREZ_ERROR_INVALID, "agenda/unknown-resource",
                            N_ ("Resources of the two hospitals"), N_ ("There is no resource %s"),
                            id);
  hub = karez_rows_text (rows, row, "hub");
  if (!g_str_equal (hub, own_hub) && g_strcmp0 (hub, partner) != 0)
    error = karez_error_new (
        KAREZ_ERROR_INVALID, "agenda/owner",
        partner != NULL ? N_ ("Resources of the two hospitals") : N_ ("Resources of this hospital"),
        N_ ("%s belongs to another hospital"), karez_rows_text (rows, row, "names"));
  else if (!karez_rows_boolean (rows, row, "active"))
    error = karez_error_new (KAREZ_ERROR_INVALID, "agenda/inactive",
                             N_ ("Resources that are in use"), N_ ("%s is not in use"),
                             karez_rows_text (rows, row, "names"));
  if (error != NULL)
    karez_error_set_kinds (error, "n");
  return error;
}

gboolean
hub_agenda_split_resources (KarezRows *rows, const char *const *ids, const char *own_hub,
                            const char *partner, GStrv *own, GStrv *theirs, GError **error)
{
  g_autoptr (GStrvBuilder) ours = g_strv_builder_new ();
  g_autoptr (GStrvBuilder) others = g_strv_builder_new ();

  for (guint i = 0; ids[i] != NULL; i++)
    {
      int row = find_row (rows, ids[i]);
      GError *refused = refuse_resource (rows, row, ids[i], own_hub, partner);

      if (refused != NULL)
        {
          g_autofree char *pointer = g_strdup_printf ("/resources/%u", i);

          karez_error_set_pointer (refused, pointer);
          g_propagate_error (error, refused);
          return FALSE;
        }
      if (g_str_equal (karez_rows_text (rows, row, "hub"), own_hub))
        g_strv_builder_add (ours, ids[i]);
      else
        g_strv_builder_add (others, ids[i]);
    }
  *own = g_strv_builder_end (ours);
  *theirs = g_strv_builder_end (others);
  return TRUE;
}
