/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Partners' resources here, and ours for them: a feed that is pulled when a peer comes up, and a
 * message at each change. The owner counts versions, so their order does not matter. */
#include "hub-agenda-private.h"

#include "hub-booking.h"
#include "hub-catalogue.h"
#include "hub-log.h"

#define PAGE 200
#define MAX_RESOURCES 20000 /* of one peer */
#define FIRST "00000000-0000-0000-0000-000000000000"

static const KarezJsonField item_fields[] = {
  { "id", KAREZ_JSON_UUID, TRUE },
  { "kind", KAREZ_JSON_ENUM, TRUE, 0, 0, "person|room|robot|console|glasses|team" },
  { "names", KAREZ_JSON_OBJECT, TRUE },
  { "detail", KAREZ_JSON_OBJECT, TRUE },
  { "active", KAREZ_JSON_BOOLEAN, TRUE },
  { "version", KAREZ_JSON_INTEGER, TRUE, 1, G_MAXINT64 },
  { NULL },
};

static const KarezJsonField names_fields[] = {
  { "en", KAREZ_JSON_NAME, FALSE, 1, 400 },
  { "zh_CN", KAREZ_JSON_NAME, FALSE, 1, 400 },
  { "ug", KAREZ_JSON_NAME, FALSE, 1, 400 },
  { NULL },
};

static const KarezJsonField text_fields[] = {
  { "en", KAREZ_JSON_TEXT, FALSE, 0, 400 },
  { "zh_CN", KAREZ_JSON_TEXT, FALSE, 0, 400 },
  { "ug", KAREZ_JSON_TEXT, FALSE, 0, 400 },
  { NULL },
};

static JsonObject *
check_item (JsonNode *node, GError **error)
{
  JsonObject *item = karez_json_check (node, item_fields, error);
  JsonObject *names;

  if (item == NULL)
    return NULL;
  names = karez_json_check (json_object_get_member (item, "names"), names_fields, error);
  if (names == NULL
      || karez_json_check (json_object_get_member (item, "detail"), text_fields, error) == NULL)
    return NULL;
  if (karez_json_text (names, "en") == NULL)
    {
      karez_error_set (error, KAREZ_ERROR_INVALID, "agenda/names",
                       N_ ("A name in English at least"), N_ ("A resource has no name"));
      return NULL;
    }
  return item;
}

static void
mirror (KarezTransaction *transaction, const char *peer, JsonObject *item)
{
  g_autofree char *names = karez_json_print (json_object_get_member (item, "names"));
  g_autofree char *detail = karez_json_print (json_object_get_member (item, "detail"));
  const char *id = karez_json_text (item, "id");

  karez_transaction_run_one (
      transaction, "agenda/owner",
      N_ ("The resource belongs to another hospital, or this one has too many"),
      "resource_mirrored", "(ssx)", id, peer, (gint64) MAX_RESOURCES);
  karez_transaction_run (
      transaction, "resource_mirror", "(sssssbx)", id, peer, karez_json_text (item, "kind"), names,
      detail, karez_json_boolean (item, "active"), karez_json_integer (item, "version", 1));
  karez_transaction_event (transaction, "resource.mirror", "resource", id, NULL);
}

/* ── a change, told by its owner ────────────────────────────────────────────────────────────── */

static void
on_change_applied (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;

  if (karez_transaction_commit_finish (KAREZ_TRANSACTION (source), result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
on_change (KarezMessage *message, GTask *task, gpointer data)
{
  g_autoptr (GTask) owned = task;
  g_autoptr (HubAgenda) self = hub_agenda_weak_get (data, task);
  g_autoptr (KarezTransaction) transaction = NULL;
  GError *error = NULL;
  JsonObject *item;

  if (self == NULL)
    return;
  item = check_item (karez_message_get_body (message), &error);
  if (item == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  transaction = karez_store_begin (hub_agenda_scope (self), karez_message_get_actor (message));
  karez_transaction_applied (transaction, message);
  mirror (transaction, karez_message_get_peer (message), item);
  karez_transaction_commit_async (transaction, NULL, on_change_applied, g_steal_pointer (&owned));
}

/* ── our feed ───────────────────────────────────────────────────────────────────────────────── */

static void
on_feed_rows (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  guint limit = GPOINTER_TO_UINT (g_task_get_task_data (task));
  GError *error = NULL;
  g_autoptr (KarezRows) rows = karez_store_query_finish (KAREZ_STORE (source), result, &error);
  JsonNode *items;
  guint n;

  if (rows == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  n = karez_rows_get_count (rows);
  items = json_node_new (JSON_NODE_ARRAY);
  json_node_take_array (items, json_array_new ());
  for (guint i = 0; i < n; i++)
    json_array_add_element (json_node_get_array (items),
                            karez_json_object ("id", "s", karez_rows_text (rows, i, "id"), "kind",
                                               "s", karez_rows_text (rows, i, "kind"), "names", "n",
                                               karez_rows_json (rows, i, "names"), "detail", "n",
                                               karez_rows_json (rows, i, "detail"), "active", "b",
                                               karez_rows_boolean (rows, i, "active"), "version",
                                               "i", karez_rows_integer (rows, i, "version"), NULL));
  g_task_return_pointer (task,
                         karez_json_object ("items", "n", items, "cursor", "s",
                                            n > 0 ? karez_rows_text (rows, n - 1, "id") : FIRST,
                                            "more", "b", n == limit, NULL),
                         (GDestroyNotify) json_node_unref);
}

static void
on_feed (const char *peer, const char *cursor, guint limit, GTask *task, gpointer data)
{
  g_autoptr (GTask) owned = task;
  g_autoptr (HubAgenda) self = hub_agenda_weak_get (data, task);

  if (self == NULL)
    return;
  if (cursor != NULL && !hub_booking_is_id (cursor))
    {
      g_task_return_error (task, karez_error_new (KAREZ_ERROR_INVALID, "agenda/cursor",
                                                  N_ ("The cursor of the page before, or none"),
                                                  N_ ("The cursor is not one of this feed")));
      return;
    }
  limit = CLAMP (limit, 1, PAGE);
  g_task_set_task_data (task, GUINT_TO_POINTER (limit), NULL);
  karez_store_query_async (
      hub_agenda_scope (self), "resource_feed",
      g_variant_new ("(ssx)", self->hub, cursor != NULL ? cursor : FIRST, (gint64) limit), NULL,
      on_feed_rows, g_steal_pointer (&owned));
}

/* ── pulling a peer's ───────────────────────────────────────────────────────────────────────── */

typedef struct
{
  HubAgenda *agenda;
  char *peer, *name;
  char *cursor; /* of the page that is asked for; NULL for the first one */
  JsonNode *page;
  guint count;
} Pull;

static void pull_next (Pull *pull, const char *cursor);

static void
pull_end (Pull *pull, const GError *error)
{
  g_autoptr (HubAgenda) self = g_steal_pointer (&pull->agenda);
  g_autofree char *peer = g_steal_pointer (&pull->peer);
  gboolean again = GPOINTER_TO_UINT (g_hash_table_lookup (self->pulling, peer)) == 2;

  if (error != NULL && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    hub_warning ("agenda", peer, "its resources could not be read: %s", error->message);
  g_clear_pointer (&pull->page, json_node_unref);
  g_free (pull->name);
  g_free (pull->cursor);
  g_free (pull);
  g_hash_table_remove (self->pulling, peer);
  if (again)
    hub_agenda_peer_changed (self, peer);
}

static void
pull_went_on (Pull *pull)
{
  g_autoptr (JsonNode) page = g_steal_pointer (&pull->page);
  JsonObject *object = json_node_get_object (page);

  if (karez_json_boolean (object, "more") && pull->count < MAX_RESOURCES)
    pull_next (pull, karez_json_text (object, "cursor"));
  else
    pull_end (pull, NULL);
}

static void
on_page_applied (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;

  if (karez_transaction_commit_finish (KAREZ_TRANSACTION (source), result, &error))
    pull_went_on (data);
  else
    pull_end (data, error);
}

static gint64
known_version (KarezRows *rows, const char *id)
{
  for (guint i = 0; i < karez_rows_get_count (rows); i++)
    if (g_str_equal (karez_rows_text (rows, i, "id"), id))
      return karez_rows_integer (rows, i, "version");
  return 0;
}

static void
on_page_known (GObject *source, GAsyncResult *result, gpointer data)
{
  Pull *pull = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (KarezRows) rows = karez_store_query_finish (KAREZ_STORE (source), result, &error);
  JsonArray *items = json_object_get_array_member (json_node_get_object (pull->page), "items");
  g_autoptr (KarezActor)
      actor = karez_actor_new (KAREZ_ACTOR_PEER, pull->peer, pull->name, NULL, NULL, pull->peer);
  g_autoptr (KarezTransaction) transaction = NULL;
  guint changed = 0;

  if (rows == NULL)
    {
      pull_end (pull, error);
      return;
    }
  transaction = karez_store_begin (KAREZ_STORE (source), actor);
  for (guint i = 0; i < json_array_get_length (items); i++)
    {
      JsonObject *item = json_array_get_object_element (items, i);

      if (known_version (rows, karez_json_text (item, "id"))
          >= karez_json_integer (item, "version", 1))
        continue;
      mirror (transaction, pull->peer, item);
      changed++;
    }
  pull->count += json_array_get_length (items);
  if (changed == 0)
    pull_went_on (pull);
  else
    karez_transaction_commit_async (transaction, pull->agenda->cancellable, on_page_applied, pull);
}

static const KarezJsonField page_fields[] = {
  { "items", KAREZ_JSON_ARRAY, TRUE, 0, PAGE },
  { "cursor", KAREZ_JSON_TEXT, FALSE, 0, 500 },
  { "more", KAREZ_JSON_BOOLEAN, TRUE },
  { NULL },
};

/* A feed that goes on without an item, or from where it was, goes on for ever. */
static gboolean
check_progress (JsonObject *page, const char *before, GError **error)
{
  const char *cursor = karez_json_text (page, "cursor");

  if (!karez_json_boolean (page, "more")
      || (json_array_get_length (json_object_get_array_member (page, "items")) > 0 && cursor != NULL
          && g_strcmp0 (cursor, before) != 0))
    return TRUE;
  return karez_error_set (error, KAREZ_ERROR_INVALID, "agenda/page",
                          N_ ("At least one item and another cursor where more follows"),
                          N_ ("The feed of resources does not get on"));
}

/* The ids of a page whose every item is in order, or NULL. */
static GStrv
check_page (JsonNode *page, const char *before, GError **error)
{
  JsonObject *object = karez_json_check (page, page_fields, error);
  g_autoptr (GStrvBuilder) ids = g_strv_builder_new ();
  JsonArray *array;

  if (object == NULL || !check_progress (object, before, error))
    return NULL;
  array = json_object_get_array_member (object, "items");
  for (guint i = 0; i < json_array_get_length (array); i++)
    {
      JsonObject *item = check_item (json_array_get_element (array, i), error);

      if (item == NULL)
        return NULL;
      g_strv_builder_add (ids, karez_json_text (item, "id"));
    }
  return g_strv_builder_end (ids);
}

static void
on_page (GObject *source, GAsyncResult *result, gpointer data)
{
  Pull *pull = data;
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) ids = NULL;

  pull->page = karez_peers_pull_finish (KAREZ_PEERS (source), result, &error);
  if (pull->page != NULL)
    ids = check_page (pull->page, pull->cursor, &error);
  if (ids == NULL || g_cancellable_set_error_if_cancelled (pull->agenda->cancellable, &error))
    pull_end (pull, error);
  else
    karez_store_query_async (hub_agenda_scope (pull->agenda), "resource_by_ids",
                             g_variant_new ("(^as)", ids), pull->agenda->cancellable, on_page_known,
                             pull);
}

static void
pull_next (Pull *pull, const char *cursor)
{
  g_free (pull->cursor);
  pull->cursor = g_strdup (cursor);
  karez_peers_pull_async (pull->agenda->peers, pull->peer, "agenda.resources", cursor, PAGE,
                          pull->agenda->cancellable, on_page, pull);
}

/* What the list calls it, in English. */
static const char *
peer_name (JsonObject *peer)
{
  JsonNode *names = json_object_get_member (peer, "names");

  if (names != NULL && JSON_NODE_HOLDS_OBJECT (names)
      && karez_json_text (json_node_get_object (names), "en") != NULL)
    return karez_json_text (json_node_get_object (names), "en");
  return karez_json_text (peer, "name") != NULL ? karez_json_text (peer, "name")
                                                : karez_json_text (peer, "id");
}

void
hub_agenda_peer_changed (HubAgenda *self, const char *id)
{
  g_autoptr (JsonNode) list = NULL;
  JsonObject *peer;
  Pull *pull;

  g_return_if_fail (HUB_IS_AGENDA (self));

  list = karez_peers_list (self->peers);
  peer = hub_agenda_find_peer (list, id);
  if (peer == NULL || g_strcmp0 (karez_json_text (peer, "state"), "up") != 0
      || g_cancellable_is_cancelled (self->cancellable))
    return;
  if (g_hash_table_contains (self->pulling, id))
    {
      g_hash_table_insert (self->pulling, g_strdup (id), GUINT_TO_POINTER (2));
      return;
    }
  g_hash_table_insert (self->pulling, g_strdup (id), GUINT_TO_POINTER (1));
  pull = g_new0 (Pull, 1);
  pull->agenda = g_object_ref (self);
  pull->peer = g_strdup (id);
  pull->name = g_strdup (peer_name (peer));
  pull_next (pull, NULL);
}

gboolean
hub_agenda_handle_resources (HubAgenda *self, GError **error)
{
  return karez_peers_handle_post (self->peers, "agenda.resource", on_change,
                                  hub_agenda_weak_new (self), hub_agenda_weak_free, error)
         && karez_peers_serve_feed (self->peers, "agenda.resources", on_feed,
                                    hub_agenda_weak_new (self), hub_agenda_weak_free, error);
}
