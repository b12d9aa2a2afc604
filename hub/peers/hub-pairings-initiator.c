/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A pairing as the hub sees it that dials. */
#include "hub-pairings-private.h"

#include "hub-catalogue.h"
#include "hub-id.h"

static GBytes *
to_bytes (JsonNode *node)
{
  g_autoptr (JsonNode) own = node;

  return karez_json_to_bytes (own);
}

typedef struct
{
  HubPairings *pairings;
  HubPairing *pairing;
  gboolean confirmed, ended; /* as we said it */
} Poll;

static void
on_polled (GObject *source, GAsyncResult *result, gpointer data)
{
  Poll *poll = data;
  g_autoptr (HubPairings) self = poll->pairings;
  g_autoptr (HubPairing) pairing = poll->pairing;
  HubPairingsEntry *entry = hub_pairings_find (self, hub_pairing_get_id (pairing));
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes)
      answer = hub_peer_client_send_finish (HUB_PEER_CLIENT (source), result, &error);
  g_autoptr (JsonNode) node = NULL;
  JsonObject *object = NULL;
  gboolean confirmed = poll->confirmed, ended = poll->ended;

  g_free (poll);
  if (entry == NULL)
    return;
  entry->polling = FALSE;
  if (answer != NULL)
    node = karez_json_parse (answer, HUB_PEER_MAX_PAIRING, &error);
  if (node != NULL)
    object = karez_json_check (node, hub_pairings_status_fields, &error);
  if (object == NULL)
    {
      /* Unreachable for a while is no end; not known there is one. */
      if (karez_error_is_not_found (error))
        hub_pairing_go (pairing, HUB_PAIRING_CANCEL);
      entry->told = entry->told || karez_error_is_not_found (error);
      return;
    }
  if (karez_json_boolean (object, "confirmed"))
    hub_pairing_go (pairing, HUB_PAIRING_CONFIRM_THERE);
  if (karez_json_boolean (object, "ended"))
    {
      hub_pairing_go (pairing, HUB_PAIRING_CANCEL);
      hub_pairing_go (pairing, HUB_PAIRING_REFUSE);
    }
  entry->paired_there = entry->paired_there || karez_json_boolean (object, "paired");
  entry->told = ended || (confirmed && karez_json_boolean (object, "paired"))
                || karez_json_boolean (object, "ended");
  hub_pairings_maybe_pin (self, entry);
}

void
hub_pairings_poll (HubPairings *self, HubPairingsEntry *entry)
{
  g_autoptr (GBytes) body = NULL;
  Poll *poll;

  if (entry->client == NULL || entry->polling || entry->told
      || hub_pairing_get_state (entry->pairing) == HUB_PAIRING_OPENING || !entry->met)
    return;
  entry->polling = TRUE;
  poll = g_new0 (Poll, 1);
  poll->pairings = g_object_ref (self);
  poll->pairing = g_object_ref (entry->pairing);
  poll->confirmed = hub_pairing_is_confirmed_here (entry->pairing);
  poll->ended = hub_pairings_is_ended (entry->pairing);
  body = to_bytes (karez_json_object ("pairing", "s", hub_pairing_get_id (entry->pairing),
                                      "confirmed", "b", poll->confirmed, "ended", "b", poll->ended,
                                      NULL));
  hub_peer_client_send_async (entry->client, HUB_PEER_WAY_CALL, "pairing/confirm", body,
                              HUB_PAIRINGS_TIMEOUT_MS, HUB_PEER_MAX_PAIRING, NULL, on_polled, poll);
}

/* A task of the initiator; the pairing is its data. */
static void
fail_begin (GTask *task, GError *error)
{
  hub_pairing_go (g_task_get_task_data (task), HUB_PAIRING_CANCEL);
  g_task_return_error (task, error);
  g_object_unref (task);
}

static const KarezJsonField revealed_fields[] = {
  { "pairing", KAREZ_JSON_UUID, TRUE, 0, 0, NULL },
  { NULL },
};

static void
on_revealed (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  HubPairing *pairing = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (GBytes)
      answer = hub_peer_client_send_finish (HUB_PEER_CLIENT (source), result, &error);
  g_autoptr (JsonNode) node = NULL;
  const char *nonce = g_object_get_data (G_OBJECT (task), "nonce");

  if (answer != NULL)
    node = karez_json_parse (answer, HUB_PEER_MAX_PAIRING, &error);
  if (node == NULL || karez_json_check (node, revealed_fields, &error) == NULL
      || !hub_pairing_reveal (pairing, nonce, &error))
    {
      fail_begin (task, error);
      return;
    }
  g_task_return_pointer (task, g_object_ref (pairing), g_object_unref);
  g_object_unref (task);
}

static const KarezJsonField committed_fields[] = {
  { "key", KAREZ_JSON_TEXT, TRUE, HUB_PAIRINGS_HEX, HUB_PAIRINGS_HEX, NULL },
  { "nonce", KAREZ_JSON_TEXT, TRUE, HUB_PAIRINGS_HEX, HUB_PAIRINGS_HEX, NULL },
  { "hub", KAREZ_JSON_UUID, TRUE, 0, 0, NULL },
  { "names", KAREZ_JSON_OBJECT, TRUE, 0, 0, NULL },
  { NULL },
};

/* Takes the responder's answer to the commitment. */
static gboolean
take_responder (GTask *task, HubPeerClient *client, GBytes *answer, GError **error)
{
  HubPairings *self = g_task_get_source_object (task);
  HubPairing *pairing = g_task_get_task_data (task);
  g_autoptr (JsonNode) node = karez_json_parse (answer, HUB_PEER_MAX_PAIRING, error);
  JsonObject *object = node != NULL ? karez_json_check (node, committed_fields, error) : NULL;
  JsonNode *names;
  const char *key, *nonce;

  if (object == NULL)
    return FALSE;
  key = karez_json_text (object, "key");
  nonce = karez_json_text (object, "nonce");
  names = json_object_get_member (object, "names");
  if (karez_json_check (names, hub_pairings_name_fields, error) == NULL)
    return FALSE;
  if (!hub_pairings_is_hex (nonce) || g_strcmp0 (key, hub_peer_client_get_key (client)) != 0)
    return karez_error_set (error, KAREZ_ERROR_DENIED, "peers/other-key", NULL,
                            N_ ("The other hub names a key that is not the one of its connection"));
  if (!hub_pairings_check_claim (self, key, karez_json_text (object, "hub"), error))
    return FALSE;
  hub_pairing_set_other (pairing, key, karez_json_text (object, "hub"), names);
  hub_pairing_set_rekeyed (
      pairing, self->hooks->is_rekeyed (key, karez_json_text (object, "hub"), self->data));
  g_object_set_data_full (G_OBJECT (task), "nonce", g_strdup (nonce), g_free);
  return TRUE;
}

/* The other hub has this pairing now, and must hear how it ends. */
static void
note_met (GTask *task)
{
  HubPairingsEntry *entry = hub_pairings_find (g_task_get_source_object (task),
                                               hub_pairing_get_id (g_task_get_task_data (task)));

  if (entry != NULL)
    entry->met = TRUE;
}

static void
on_committed (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  HubPairing *pairing = g_task_get_task_data (task);
  HubPeerClient *client = HUB_PEER_CLIENT (source);
  GError *error = NULL;
  g_autoptr (GBytes) answer = hub_peer_client_send_finish (client, result, &error);
  g_autoptr (GBytes) body = NULL;

  if (answer != NULL)
    note_met (task);
  if (answer == NULL || !take_responder (task, client, answer, &error))
    {
      fail_begin (task, error);
      return;
    }
  body = to_bytes (karez_json_object ("pairing", "s", hub_pairing_get_id (pairing), "nonce", "s",
                                      hub_pairing_get_nonce (pairing), NULL));
  hub_peer_client_send_async (client, HUB_PEER_WAY_CALL, "pairing/reveal", body,
                              HUB_PAIRINGS_TIMEOUT_MS, HUB_PEER_MAX_PAIRING,
                              g_task_get_cancellable (task), on_revealed, task);
}

static void
on_begin_recorded (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  HubPairings *self = g_task_get_source_object (task);
  HubPairing *pairing = g_task_get_task_data (task);
  KarezTransaction *transaction = KAREZ_TRANSACTION (source);
  GError *error = NULL;
  g_autofree char *commitment = NULL;
  g_autoptr (GBytes) body = NULL;
  HubPairingsEntry *entry;

  if (!karez_transaction_commit_finish (transaction, result, &error))
    {
      fail_begin (task, error);
      return;
    }
  if (karez_transaction_is_repeated (transaction))
    {
      g_task_return_pointer (task, NULL, NULL);
      g_object_unref (task);
      return;
    }
  entry = hub_pairings_add (self, pairing);
  entry->client = hub_peer_client_new (self->identity, hub_pairing_get_address (pairing), NULL);
  commitment = hub_pairing_commit (hub_identity_get_key_hash (self->identity),
                                   hub_pairing_get_nonce (pairing));
  body = to_bytes (
      karez_json_object ("pairing", "s", hub_pairing_get_id (pairing), "commitment", "s",
                         commitment, "hub", "s", hub_identity_get_id (self->identity), "names", "n",
                         json_node_copy (self->names), "address", "s", self->address, NULL));
  hub_peer_client_send_async (entry->client, HUB_PEER_WAY_CALL, "pairing/commit", body,
                              HUB_PAIRINGS_TIMEOUT_MS, HUB_PEER_MAX_PAIRING,
                              g_task_get_cancellable (task), on_committed, task);
}

/* What others began does not count. */
static gboolean
check_open (HubPairings *self, GError **error)
{
  guint open = 0;

  for (guint i = 0; i < self->entries->len; i++)
    {
      HubPairingsEntry *entry = g_ptr_array_index (self->entries, i);

      open += !hub_pairing_is_over (entry->pairing)
              && hub_pairing_get_role (entry->pairing) == HUB_PAIRING_INITIATOR;
    }
  return open < HUB_PAIRINGS_MAX_OPEN
         || karez_error_set (error, KAREZ_ERROR_BUSY, "peers/pairings-open",
                             N_ ("One of the open pairings finished or cancelled"),
                             N_ ("Too many pairings are open"));
}

void
hub_pairings_begin_async (HubPairings *self, KarezTransaction *transaction, const char *address,
                          GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (self, cancellable, callback, data);
  g_autofree char *id = hub_id_new ();
  GError *error = NULL;

  g_task_set_source_tag (task, hub_pairings_begin_async);
  g_task_set_task_data (task,
                        hub_pairing_new (HUB_PAIRING_INITIATOR, id,
                                         hub_identity_get_key_hash (self->identity), address),
                        g_object_unref);
  if (!hub_peer_client_check_address (address, &error) || !check_open (self, &error))
    {
      fail_begin (task, error);
      return;
    }
  hub_pairings_make_room (self);
  karez_transaction_event (transaction, "pairing.begin", "pairing", id,
                           karez_json_object ("address", "s", address, NULL));
  karez_transaction_commit_async (transaction, cancellable, on_begin_recorded, task);
}

HubPairing *
hub_pairings_begin_finish (HubPairings *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, hub_pairings_begin_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
