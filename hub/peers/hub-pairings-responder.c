/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A pairing as the hub sees it that is dialled. */
#include "hub-pairings-private.h"

#include "hub-catalogue.h"

#define MAX_WAITING 8 /* repeated commits, while the first one is recorded */

static const KarezJsonField commit_fields[] = {
  { "pairing", KAREZ_JSON_UUID, TRUE, 0, 0, NULL },
  { "commitment", KAREZ_JSON_TEXT, TRUE, HUB_PAIRINGS_HEX, HUB_PAIRINGS_HEX, NULL },
  { "hub", KAREZ_JSON_UUID, TRUE, 0, 0, NULL },
  { "names", KAREZ_JSON_OBJECT, TRUE, 0, 0, NULL },
  { "address", KAREZ_JSON_TEXT, FALSE, 1, 255, NULL },
  { NULL },
};
static const KarezJsonField reveal_fields[] = {
  { "pairing", KAREZ_JSON_UUID, TRUE, 0, 0, NULL },
  { "nonce", KAREZ_JSON_TEXT, TRUE, HUB_PAIRINGS_HEX, HUB_PAIRINGS_HEX, NULL },
  { NULL },
};

static void
answer_commit (HubPairings *self, HubPairing *pairing, HubPeerRequest *request)
{
  hub_peer_request_answer (
      request, karez_json_object ("key", "s", hub_identity_get_key_hash (self->identity), "nonce",
                                  "s", hub_pairing_get_nonce (pairing), "hub", "s",
                                  hub_identity_get_id (self->identity), "names", "n",
                                  json_node_copy (self->names), NULL));
}

typedef struct
{
  HubPairings *pairings;
  HubPairing *pairing;
} Arriving;

/* All that came with this commitment meanwhile have the one answer. */
static void
on_arrival_recorded (GObject *source, GAsyncResult *result, gpointer data)
{
  Arriving *arriving = data;
  g_autoptr (HubPairings) self = arriving->pairings;
  g_autoptr (HubPairing) pairing = arriving->pairing;
  HubPairingsEntry *entry = hub_pairings_find (self, hub_pairing_get_id (pairing));
  g_autoptr (GPtrArray) waiting = g_steal_pointer (&entry->waiting);
  g_autoptr (GError) error = NULL;

  g_free (arriving);
  if (!karez_transaction_commit_finish (KAREZ_TRANSACTION (source), result, &error))
    g_ptr_array_remove (self->entries, entry);
  for (guint i = 0; i < waiting->len; i++)
    if (error != NULL)
      hub_peer_request_fail (waiting->pdata[i], error);
    else
      answer_commit (self, pairing, waiting->pdata[i]);
}

/* One key has one open pairing. */
static void
end_others (HubPairings *self, const char *key)
{
  for (guint i = 0; i < self->entries->len; i++)
    {
      HubPairingsEntry *entry = g_ptr_array_index (self->entries, i);

      if (g_strcmp0 (hub_pairing_get_other_key (entry->pairing), key) == 0
          && hub_pairing_get_role (entry->pairing) == HUB_PAIRING_RESPONDER)
        hub_pairing_go (entry->pairing, HUB_PAIRING_CANCEL);
    }
}

static gboolean
check_commit (HubPairings *self, HubPeerRequest *request, JsonObject *object, GError **error)
{
  const char *address = karez_json_text (object, "address");

  if (!hub_pairings_is_hex (karez_json_text (object, "commitment")))
    return karez_error_set (error, KAREZ_ERROR_INVALID, "peers/commitment",
                            N_ ("64 hexadecimal digits"), N_ ("The commitment cannot be read"));
  if (karez_json_check (json_object_get_member (object, "names"), hub_pairings_name_fields, error)
      == NULL)
    return FALSE;
  if (address != NULL && !hub_peer_client_check_address (address, error))
    return FALSE;
  return hub_pairing_gate_take (
             self->gate, hub_peer_request_get_address (request),
             self->hooks->is_paired (hub_peer_request_get_key (request), self->data), error)
         && hub_pairings_check_claim (self, hub_peer_request_get_key (request),
                                      karez_json_text (object, "hub"), error);
}

static void
serve_commit (HubPairings *self, HubPeerRequest *request)
{
  g_autoptr (JsonNode) node = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (HubPairing) pairing = NULL;
  g_autoptr (KarezTransaction) transaction = NULL;
  JsonObject *object = hub_peer_request_check (request, commit_fields, &node);
  const char *key = hub_peer_request_get_key (request);
  const char *id;
  HubPairingsEntry *entry;
  Arriving *arriving;

  if (object == NULL)
    return;
  id = karez_json_text (object, "pairing");
  entry = hub_pairings_find (self, id);
  if (entry != NULL && g_strcmp0 (hub_pairing_get_other_key (entry->pairing), key) == 0
      && g_strcmp0 (hub_pairing_get_commitment (entry->pairing),
                    karez_json_text (object, "commitment"))
             == 0)
    {
      /* The answer was lost, or is late. */
      if (entry->waiting == NULL)
        answer_commit (self, entry->pairing, request);
      else if (entry->waiting->len < MAX_WAITING)
        g_ptr_array_add (entry->waiting, hub_peer_request_ref (request));
      else
        {
          error = karez_error_new (KAREZ_ERROR_BUSY, "peers/pairing-state", NULL,
                                   N_ ("There is such a pairing already"));
          hub_peer_request_fail (request, error);
        }
      return;
    }
  /* A hub that dials itself has such a pairing, as the initiator. */
  if (g_str_equal (key, hub_identity_get_key_hash (self->identity)))
    hub_pairings_check_claim (self, key, karez_json_text (object, "hub"), &error);
  else if (entry != NULL)
    karez_error_set (&error, KAREZ_ERROR_CONFLICT, "peers/pairing-state", N_ ("A new pairing"),
                     N_ ("There is such a pairing already"));
  else
    check_commit (self, request, object, &error);
  if (error != NULL)
    {
      hub_peer_request_fail (request, error);
      return;
    }
  hub_pairings_make_room (self);
  end_others (self, key);
  pairing = hub_pairing_new (HUB_PAIRING_RESPONDER, id, hub_identity_get_key_hash (self->identity),
                             karez_json_text (object, "address"));
  hub_pairing_set_other (pairing, key, karez_json_text (object, "hub"),
                         json_object_get_member (object, "names"));
  hub_pairing_set_rekeyed (
      pairing, self->hooks->is_rekeyed (key, karez_json_text (object, "hub"), self->data));
  hub_pairing_set_commitment (pairing, karez_json_text (object, "commitment"));
  transaction = karez_store_begin (self->scope, self->actor);
  karez_transaction_event (transaction, "pairing.begin", "pairing", id,
                           karez_json_object ("from", "s", hub_peer_request_get_address (request),
                                              "hub", "s", karez_json_text (object, "hub"), "key",
                                              "s", key, NULL));
  entry = hub_pairings_add (self, pairing);
  entry->waiting = g_ptr_array_new_with_free_func ((GDestroyNotify) hub_peer_request_unref);
  g_ptr_array_add (entry->waiting, hub_peer_request_ref (request));
  arriving = g_new0 (Arriving, 1);
  arriving->pairings = g_object_ref (self);
  arriving->pairing = g_object_ref (pairing);
  karez_transaction_commit_async (transaction, NULL, on_arrival_recorded, arriving);
}

/* The responder's pairing of this key and id; an answer has been given when it is NULL. */
static HubPairingsEntry *
find_for (HubPairings *self, HubPeerRequest *request, const char *id)
{
  HubPairingsEntry *entry = hub_pairings_find (self, id);
  g_autoptr (GError) error = NULL;

  if (entry != NULL && hub_pairing_get_role (entry->pairing) == HUB_PAIRING_RESPONDER
      && entry->waiting == NULL
      && g_strcmp0 (hub_pairing_get_other_key (entry->pairing), hub_peer_request_get_key (request))
             == 0)
    return entry;
  error = karez_error_new (KAREZ_ERROR_NOT_FOUND, "peers/pairing", NULL,
                           N_ ("There is no such pairing"));
  hub_peer_request_fail (request, error);
  return NULL;
}

static void
serve_reveal (HubPairings *self, HubPeerRequest *request)
{
  g_autoptr (JsonNode) node = NULL;
  g_autoptr (GError) error = NULL;
  JsonObject *object = hub_peer_request_check (request, reveal_fields, &node);
  HubPairingsEntry *entry;

  if (object == NULL)
    return;
  entry = find_for (self, request, karez_json_text (object, "pairing"));
  if (entry == NULL)
    return;
  if (!hub_pairings_is_hex (karez_json_text (object, "nonce")))
    karez_error_set (&error, KAREZ_ERROR_INVALID, "peers/nonce", N_ ("64 hexadecimal digits"),
                     N_ ("The nonce cannot be read"));
  else
    hub_pairing_reveal (entry->pairing, karez_json_text (object, "nonce"), &error);
  if (error != NULL)
    hub_peer_request_fail (request, error);
  else
    hub_peer_request_answer (
        request, karez_json_object ("pairing", "s", hub_pairing_get_id (entry->pairing), NULL));
}

static void
serve_confirm (HubPairings *self, HubPeerRequest *request)
{
  g_autoptr (JsonNode) node = NULL;
  JsonObject *object = hub_peer_request_check (request, hub_pairings_status_fields, &node);
  const char *id;
  HubPairingsEntry *entry;

  if (object == NULL)
    return;
  id = karez_json_text (object, "pairing");
  if ((id == NULL || hub_pairings_find (self, id) == NULL)
      && self->hooks->is_paired (hub_peer_request_get_key (request), self->data))
    {
      /* Written down before a restart; the initiator missed the answer. */
      hub_peer_request_answer (request, karez_json_object ("confirmed", "b", TRUE, "ended", "b",
                                                           FALSE, "paired", "b", TRUE, NULL));
      return;
    }
  entry = find_for (self, request, id != NULL ? id : "");
  if (entry == NULL)
    return;
  if (karez_json_boolean (object, "ended") && hub_pairing_go (entry->pairing, HUB_PAIRING_REFUSE))
    self->hooks->unpin (entry->pairing, self->data);
  else if (karez_json_boolean (object, "ended"))
    hub_pairing_go (entry->pairing, HUB_PAIRING_CANCEL);
  else if (karez_json_boolean (object, "confirmed"))
    hub_pairing_go (entry->pairing, HUB_PAIRING_CONFIRM_THERE);
  hub_peer_request_answer (
      request,
      karez_json_object ("confirmed", "b", hub_pairing_is_confirmed_here (entry->pairing), "ended",
                         "b", hub_pairings_is_ended (entry->pairing), "paired", "b",
                         hub_pairing_get_state (entry->pairing) == HUB_PAIRING_PAIRED, NULL));
  hub_pairings_maybe_pin (self, entry);
}

void
hub_pairings_serve (HubPairings *self, HubPeerRequest *request)
{
  const char *path = hub_peer_request_get_path (request);

  if (g_str_equal (path, "pairing/commit"))
    serve_commit (self, request);
  else if (g_str_equal (path, "pairing/reveal"))
    serve_reveal (self, request);
  else
    serve_confirm (self, request);
}
