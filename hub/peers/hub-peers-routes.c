/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Registers /peers and /pairings. */
#include "hub-peers.h"

#include "hub-catalogue.h"
#include "hub-clock.h"
#include "hub-names.h"

/* The HTTP API of peers and pairings, for the desk and karezctl. */

/* A request on its way: its task's data. */
typedef struct
{
  HubPeers *peers;
  KarezRequest *request;
  KarezTransaction *transaction;
  KarezRows *depths;
} Way;

static Way *
way_new (HubPeers *peers, KarezRequest *request)
{
  Way *way = g_new0 (Way, 1);
  KarezStore *scope = hub_store_get_scope (hub_peers_get_store (peers), "peers");

  way->peers = g_object_ref (peers);
  way->request = g_object_ref (request);
  if (karez_request_get_idempotency_key (request) != NULL)
    way->transaction = karez_request_begin (request, scope);
  return way;
}

static void
way_free (Way *way)
{
  g_object_unref (way->peers);
  g_object_unref (way->request);
  g_clear_object (&way->transaction);
  g_clear_pointer (&way->depths, karez_rows_unref);
  g_free (way);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Way, way_free)

static void
respond_repeated (KarezRequest *request)
{
  karez_request_respond (request, 200, karez_json_object ("repeated", "b", TRUE, NULL));
}

/* The end of an act that has nothing to say: 204, or what a repetition gets. */
static void
respond_done (Way *way, gboolean good, const GError *error)
{
  if (!good)
    karez_request_fail (way->request, error);
  else if (karez_transaction_is_repeated (way->transaction))
    respond_repeated (way->request);
  else
    karez_request_respond (way->request, 204, NULL);
}

/* {"0": 3, …} */
static JsonObject *
depths_of (KarezRows *rows, const char *peer)
{
  JsonObject *outbox = json_object_new ();

  for (guint row = 0; row < karez_rows_get_count (rows); row++)
    if (g_str_equal (karez_rows_text (rows, row, "peer"), peer))
      json_object_set_int_member (outbox, karez_rows_text (rows, row, "lane"),
                                  karez_rows_integer (rows, row, "waiting"));
  return outbox;
}

/* [{"plugin", "messages", "since"}] */
static JsonArray *
held_of (KarezRows *rows, const char *peer)
{
  JsonArray *held = json_array_new ();

  for (guint row = 0; row < karez_rows_get_count (rows); row++)
    if (g_str_equal (karez_rows_text (rows, row, "peer"), peer))
      json_array_add_element (
          held, karez_json_object ("plugin", "s", karez_rows_text (rows, row, "owner"), "messages",
                                   "i", karez_rows_integer (rows, row, "messages"), "since", "s",
                                   karez_rows_text (rows, row, "since"), NULL));
  return held;
}

static void
on_held (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Way) way = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (KarezRows) rows = karez_store_query_finish (KAREZ_STORE (source), result, &error);
  g_autoptr (JsonNode) list = NULL;
  JsonArray *items;

  if (rows == NULL)
    {
      karez_request_fail (way->request, error);
      return;
    }
  list = karez_peers_list (KAREZ_PEERS (way->peers));
  items = json_node_get_array (list);
  for (guint i = 0; i < json_array_get_length (items); i++)
    {
      JsonObject *item = json_array_get_object_element (items, i);
      const char *id = karez_json_text (item, "id");

      json_object_set_object_member (item, "outbox", depths_of (way->depths, id));
      json_object_set_array_member (item, "held", held_of (rows, id));
    }
  karez_request_respond (way->request, 200,
                         karez_json_object ("items", "n", g_steal_pointer (&list), NULL));
}

static void
on_depths (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Way) way = data;
  g_autoptr (GError) error = NULL;

  way->depths = karez_store_query_finish (KAREZ_STORE (source), result, &error);
  if (way->depths != NULL)
    karez_store_query_async (KAREZ_STORE (source), "outbox_held", NULL, NULL, on_held,
                             g_steal_pointer (&way));
  else
    karez_request_fail (way->request, error);
}

static void
get_peers (KarezRequest *request, gpointer data)
{
  HubPeers *self = data;

  karez_store_query_async (hub_store_get_scope (hub_peers_get_store (self), "peers"),
                           "outbox_depths", NULL, NULL, on_depths, way_new (self, request));
}

static void
on_unpaired (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Way) way = data;
  g_autoptr (GError) error = NULL;
  gboolean good = hub_peers_unpair_finish (HUB_PEERS (source), result, &error);

  respond_done (way, good, error);
}

static void
delete_peer (KarezRequest *request, gpointer data)
{
  Way *way = way_new (data, request);

  hub_peers_unpair_async (data, way->transaction, karez_request_get_path_part (request, "id"),
                          on_unpaired, way);
}

static void
on_forgotten (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Way) way = data;
  g_autoptr (GError) error = NULL;
  gboolean good = hub_peers_forget_finish (HUB_PEERS (source), result, &error);

  respond_done (way, good, error);
}

static void
forget_peer (KarezRequest *request, gpointer data)
{
  Way *way = way_new (data, request);

  hub_peers_forget_async (data, way->transaction, karez_request_get_path_part (request, "id"),
                          on_forgotten, way);
}

static const KarezJsonField address_fields[] = {
  { "address", KAREZ_JSON_TEXT, TRUE, 1, 300 },
  { NULL },
};

static void
on_moved (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Way) way = data;
  g_autoptr (GError) error = NULL;
  gboolean good = hub_peers_move_finish (HUB_PEERS (source), result, &error);

  respond_done (way, good, error);
}

static void
move_peer (KarezRequest *request, gpointer data)
{
  JsonObject *body = karez_request_check_body (request, address_fields);
  Way *way;

  if (body == NULL)
    return;
  way = way_new (data, request);
  hub_peers_move_async (data, way->transaction, karez_request_get_path_part (request, "id"),
                        karez_json_text (body, "address"), on_moved, way);
}

static void
on_acknowledged (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Way) way = data;
  g_autoptr (GError) error = NULL;
  gboolean good = hub_peers_acknowledge_finish (HUB_PEERS (source), result, &error);

  respond_done (way, good, error);
}

static void
acknowledge_restore (KarezRequest *request, gpointer data)
{
  Way *way = way_new (data, request);

  hub_peers_acknowledge_async (data, way->transaction, karez_request_get_path_part (request, "id"),
                               on_acknowledged, way);
}

static void
get_pairings (KarezRequest *request, gpointer data)
{
  karez_request_respond (request, 200, hub_pairings_list (hub_peers_get_pairings (data)));
}

static const KarezJsonField begin_fields[] = {
  { "address", KAREZ_JSON_TEXT, TRUE, 1, 255, NULL },
  { NULL },
};

static void
on_begun (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Way) way = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (HubPairing)
      pairing = hub_pairings_begin_finish (HUB_PAIRINGS (source), result, &error);

  if (error != NULL)
    karez_request_fail (way->request, error);
  else if (pairing == NULL)
    respond_repeated (way->request);
  else
    karez_request_respond (way->request, 201, hub_pairing_to_json (pairing));
}

static void
begin_pairing (KarezRequest *request, gpointer data)
{
  JsonObject *object = karez_request_check_body (request, begin_fields);
  Way *way;

  if (object == NULL)
    return;
  way = way_new (data, request);
  hub_pairings_begin_async (hub_peers_get_pairings (data), way->transaction,
                            karez_json_text (object, "address"), NULL, on_begun, way);
}

static void
on_expected (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Way) way = data;
  g_autoptr (GError) error = NULL;
  gboolean good = hub_pairings_expect_finish (HUB_PAIRINGS (source), result, &error);

  respond_done (way, good, error);
}

static void
expect_pairing (KarezRequest *request, gpointer data)
{
  JsonObject *object = karez_request_check_body (request, begin_fields);
  Way *way;

  if (object == NULL)
    return;
  way = way_new (data, request);
  hub_pairings_expect_async (hub_peers_get_pairings (data), way->transaction,
                             karez_json_text (object, "address"), on_expected, way);
}

static const KarezJsonField confirm_fields[] = {
  { "string", KAREZ_JSON_TEXT, TRUE, 1, 32, NULL },
  { NULL },
};

static void
on_confirmed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Way) way = data;
  g_autoptr (GError) error = NULL;
  HubPairing *pairing;

  if (!hub_pairings_confirm_finish (HUB_PAIRINGS (source), result, &error))
    {
      karez_request_fail (way->request, error);
      return;
    }
  pairing = hub_pairings_lookup (HUB_PAIRINGS (source),
                                 karez_request_get_path_part (way->request, "id"));
  if (pairing == NULL || karez_transaction_is_repeated (way->transaction))
    respond_repeated (way->request);
  else
    karez_request_respond (way->request, 200, hub_pairing_to_json (pairing));
}

static void
confirm_pairing (KarezRequest *request, gpointer data)
{
  JsonObject *object = karez_request_check_body (request, confirm_fields);
  Way *way;

  if (object == NULL)
    return;
  way = way_new (data, request);
  hub_pairings_confirm_async (hub_peers_get_pairings (data), way->transaction,
                              karez_request_get_path_part (request, "id"),
                              karez_json_text (object, "string"), on_confirmed, way);
}

static void
on_cancelled (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Way) way = data;
  g_autoptr (GError) error = NULL;
  gboolean good = hub_pairings_cancel_finish (HUB_PAIRINGS (source), result, &error);

  respond_done (way, good, error);
}

static void
delete_pairing (KarezRequest *request, gpointer data)
{
  Way *way = way_new (data, request);

  hub_pairings_cancel_async (hub_peers_get_pairings (data), way->transaction,
                             karez_request_get_path_part (request, "id"), on_cancelled, way);
}

/* What waits outside of the lanes */

static void
get_parked (KarezRequest *request, gpointer data)
{
  karez_request_respond (
      request, 200,
      karez_json_object ("items", "n", hub_peer_parking_list (hub_peers_get_parking (data)), NULL));
}

static void
on_parked_retried (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Way) way = data;
  g_autoptr (GError) error = NULL;
  gboolean good = hub_peers_retry_parked_finish (HUB_PEERS (source), result, &error);

  respond_done (way, good, error);
}

static void
retry_parked (KarezRequest *request, gpointer data)
{
  Way *way = way_new (data, request);

  hub_peers_retry_parked_async (data, way->transaction, karez_request_get_path_part (request, "id"),
                                on_parked_retried, way);
}

static JsonNode *
describe_dead_letter (KarezRows *rows, guint row)
{
  gint64 time = 0;
  g_autofree char *at = NULL;

  hub_time_parse (karez_rows_text (rows, row, "at"), &time);
  at = hub_time_format (time);
  return karez_json_object ("peer", "s", karez_rows_text (rows, row, "peer"), "lane", "i",
                            karez_rows_integer (rows, row, "lane"), "sequence", "i",
                            karez_rows_integer (rows, row, "sequence"), "topic", "s",
                            karez_rows_text (rows, row, "topic"), "reason", "s",
                            karez_rows_text (rows, row, "reason"), "at", "s", at, NULL);
}

static void
on_dead_letter_listed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (KarezRequest) request = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (KarezRows) rows = karez_store_query_finish (KAREZ_STORE (source), result, &error);
  JsonArray *items;
  JsonNode *node;

  if (rows == NULL)
    {
      karez_request_fail (request, error);
      return;
    }
  items = json_array_new ();
  for (guint i = 0; i < karez_rows_get_count (rows); i++)
    json_array_add_element (items, describe_dead_letter (rows, i));
  node = json_node_new (JSON_NODE_ARRAY);
  json_node_take_array (node, items);
  karez_request_respond (request, 200, karez_json_object ("items", "n", node, NULL));
}

static void
get_dead_letters (KarezRequest *request, gpointer data)
{
  karez_store_query_async (hub_store_get_scope (hub_peers_get_store (data), "peers"),
                           "dead_letter_list", NULL, NULL, on_dead_letter_listed,
                           g_object_ref (request));
}

static void
on_dead_letter_retried (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Way) way = data;
  g_autoptr (GError) error = NULL;
  gboolean good = hub_peers_retry_dead_letter_finish (HUB_PEERS (source), result, &error);

  respond_done (way, good, error);
}

static void
retry_dead_letter (KarezRequest *request, gpointer data)
{
  const char *peer = karez_request_get_path_part (request, "peer");
  guint64 lane = 0;
  gint64 sequence = 0;
  g_autoptr (GError) error = NULL;
  Way *way;

  if (!g_uuid_string_is_valid (peer)
      || !g_ascii_string_to_unsigned (karez_request_get_path_part (request, "lane"), 10, 0,
                                      KAREZ_N_LANES - 1, &lane, NULL)
      || !g_ascii_string_to_signed (karez_request_get_path_part (request, "sequence"), 10, 1,
                                    G_MAXINT64, &sequence, NULL))
    {
      karez_error_set (&error, KAREZ_ERROR_NOT_FOUND, "peers/dead-letter", NULL,
                       N_ ("This message is no dead letter any more"));
      karez_request_fail (request, error);
      return;
    }
  way = way_new (data, request);
  hub_peers_retry_dead_letter_async (data, way->transaction, peer, (int) lane, sequence,
                                     on_dead_letter_retried, way);
}

gboolean
hub_peers_add_routes (HubPeers *self, KarezRoutes *routes, GError **error)
{
  static const struct
  {
    const char *method, *path, *permission;
    KarezRouteFunc func;
  } table[] = {
    { "GET", "/peers", "peers.read", get_peers },
    { "DELETE", "/peers/{id}", "peers.write", delete_peer },
    { "PUT", "/peers/{id}/address", "peers.write", move_peer },
    { "POST", "/peers/{id}/forget", "peers.write", forget_peer },
    { "POST", "/peers/{id}/acknowledge-restore", "peers.write", acknowledge_restore },
    { "GET", "/messages/parked", "plugins.read", get_parked },
    { "POST", "/messages/parked/{id}/retry", "plugins.write", retry_parked },
    { "GET", "/messages/dead-letters", "plugins.read", get_dead_letters },
    { "POST", "/messages/dead-letters/{peer}/{lane}/{sequence}/retry", "plugins.write",
      retry_dead_letter },
    { "GET", "/pairings", "peers.write", get_pairings },
    { "POST", "/pairings", "peers.write", begin_pairing },
    { "POST", "/pairings/expected", "peers.write", expect_pairing },
    { "POST", "/pairings/{id}/confirm", "peers.write", confirm_pairing },
    { "DELETE", "/pairings/{id}", "peers.write", delete_pairing },
  };

  g_return_val_if_fail (HUB_IS_PEERS (self) && KAREZ_IS_ROUTES (routes), FALSE);

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    if (!karez_routes_add (routes, table[i].method, table[i].path, table[i].permission,
                           table[i].func, self, NULL, error))
      return FALSE;
  return TRUE;
}
