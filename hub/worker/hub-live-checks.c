/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What people at both hospitals are shown of a session's checks: the same, and as it is now. */
#include "hub-live-session-private.h"

#include "hub-clock.h"

/* A message of the other side holds no more. */
#define MAX_TOLD 64
#define PARTNERS "partner."
/* A preflight that failed is made again, so that nobody has to ask for what has come right. */
#define AGAIN_US (3 * G_USEC_PER_SEC)

/* What a preflight found counts until it is live: from there on, what the live half reports does.
 */
static gboolean
counts (HubLiveSession *self)
{
  return !hub_state_is_live (self->state) && !hub_state_is_over (self->state);
}

static void
add_missing (GHashTable *shown, GHashTable *checks)
{
  GHashTableIter iter;
  gpointer id, check;

  g_hash_table_iter_init (&iter, checks);
  while (g_hash_table_iter_next (&iter, &id, &check))
    if (!g_hash_table_contains (shown, id))
      g_hash_table_insert (shown, g_strdup (id), g_object_ref (check));
}

/* Returns: (transfer full): of this side */
static GHashTable *
own_checks (HubLiveSession *self)
{
  GHashTable *own = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_object_unref);

  add_missing (own, self->checks);
  if (counts (self))
    add_missing (own, self->measured);
  return own;
}

/* What the other side says otherwise than this one. */
static void
add_partners (HubLiveSession *self, GHashTable *shown)
{
  GHashTableIter iter;
  gpointer id, check;

  g_hash_table_iter_init (&iter, self->partners);
  while (g_hash_table_iter_next (&iter, &id, &check))
    {
      KarezCheck *own = g_hash_table_lookup (shown, (char *) id + strlen (PARTNERS));

      if (!own || karez_check_get_verdict (own) != karez_check_get_verdict (check))
        g_hash_table_insert (shown, g_strdup (id), g_object_ref (check));
    }
}

JsonNode *
hub_live_session_shown_checks_to_json (HubLiveSession *self)
{
  g_autoptr (GHashTable) shown = own_checks (self);

  /* Without a link it is not known how it is there now. */
  if (self->link && karez_link_is_up (KAREZ_LINK (self->link)))
    add_partners (self, shown);
  return hub_live_session_checks_to_json (shown);
}

JsonNode *
hub_live_session_told_checks_to_json (HubLiveSession *self)
{
  g_autoptr (GHashTable) own = own_checks (self);
  JsonNode *node = hub_live_session_checks_to_json (own);
  JsonArray *array = json_node_get_array (node);

  while (json_array_get_length (array) > MAX_TOLD)
    json_array_remove_element (array, json_array_get_length (array) - 1);
  return node;
}

/* @list: of KarezCheck, as the live half found it */
void
hub_live_session_take_preflight (HubLiveSession *self, GListModel *list)
{
  g_hash_table_remove_all (self->measured);
  for (guint i = 0; i < g_list_model_get_n_items (list) && i < MAX_TOLD; i++)
    {
      KarezCheck *check = g_list_model_get_item (list, i);

      g_hash_table_replace (self->measured, g_strdup (karez_check_get_id (check)), check);
    }
  self->measured_at = hub_clock_monotonic ();
  hub_live_session_tell_checks (self);
}

static void
on_again (GObject *source, GAsyncResult *result, gpointer data)
{
  HubLiveSession *self = HUB_LIVE_SESSION (source);
  g_autoptr (JsonNode) checks = hub_live_session_preflight_finish (self, result, NULL);

  self->measuring = FALSE;
}

void
hub_live_session_measure_again (HubLiveSession *self)
{
  if (!self->host || self->state != KAREZ_STATE_READY || !self->preflight || self->preflight_ok
      || self->measuring || hub_clock_monotonic () - self->measured_at < AGAIN_US)
    return;
  self->measuring = TRUE;
  hub_live_session_preflight_async (self, on_again, NULL);
}
