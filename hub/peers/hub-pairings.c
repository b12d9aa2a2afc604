/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The pairings under way, and what both sides of one share. */
#include "hub-pairings-private.h"

#include "hub-catalogue.h"
#include "hub-clock.h"
#include "hub-id.h"
#include "hub-log.h"

#define TICK_MS 1000

G_DEFINE_FINAL_TYPE (HubPairings, hub_pairings, G_TYPE_OBJECT)

static void
entry_free (gpointer data)
{
  HubPairingsEntry *entry = data;

  g_object_unref (entry->pairing);
  g_clear_object (&entry->client);
  g_clear_pointer (&entry->confirmer, karez_actor_unref);
  g_hash_table_unref (entry->requests);
  g_clear_pointer (&entry->waiting, g_ptr_array_unref);
  g_free (entry);
}

static void
hub_pairings_dispose (GObject *object)
{
  HubPairings *self = HUB_PAIRINGS (object);

  hub_pairings_stop (self);
  g_clear_object (&self->identity);
  g_clear_object (&self->scope);
  g_clear_pointer (&self->actor, karez_actor_unref);
  g_clear_pointer (&self->names, json_node_unref);
  G_OBJECT_CLASS (hub_pairings_parent_class)->dispose (object);
}

static void
hub_pairings_finalize (GObject *object)
{
  HubPairings *self = HUB_PAIRINGS (object);

  g_ptr_array_unref (self->entries);
  hub_pairing_gate_free (self->gate);
  g_free (self->address);
  G_OBJECT_CLASS (hub_pairings_parent_class)->finalize (object);
}

static void
hub_pairings_class_init (HubPairingsClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = hub_pairings_dispose;
  G_OBJECT_CLASS (klass)->finalize = hub_pairings_finalize;
}

static void
hub_pairings_init (HubPairings *self)
{
  self->entries = g_ptr_array_new_with_free_func (entry_free);
  self->gate = hub_pairing_gate_new ();
}

HubPairings *
hub_pairings_new (HubIdentity *identity, KarezStore *scope, KarezActor *actor, JsonNode *names,
                  const HubPairingsHooks *hooks, gpointer data)
{
  HubPairings *self = g_object_new (HUB_TYPE_PAIRINGS, NULL);

  self->identity = g_object_ref (identity);
  self->scope = g_object_ref (scope);
  self->actor = karez_actor_ref (actor);
  self->names = json_node_ref (names);
  self->hooks = hooks;
  self->data = data;
  return self;
}

void
hub_pairings_set_address (HubPairings *self, const char *address)
{
  g_free (self->address);
  self->address = g_strdup (address);
}

void
hub_pairings_stop (HubPairings *self)
{
  self->stopped = TRUE;
  g_clear_handle_id (&self->timer, g_source_remove);
  for (guint i = 0; i < self->entries->len; i++)
    {
      HubPairingsEntry *entry = g_ptr_array_index (self->entries, i);

      if (entry->client != NULL)
        hub_peer_client_close (entry->client);
    }
}

HubPairingsEntry *
hub_pairings_find (HubPairings *self, const char *id)
{
  for (guint i = 0; i < self->entries->len; i++)
    {
      HubPairingsEntry *entry = g_ptr_array_index (self->entries, i);

      if (g_str_equal (hub_pairing_get_id (entry->pairing), id))
        return entry;
    }
  return NULL;
}

HubPairing *
hub_pairings_lookup (HubPairings *self, const char *id)
{
  HubPairingsEntry *entry = hub_pairings_find (self, id);

  return entry != NULL ? entry->pairing : NULL;
}

JsonNode *
hub_pairings_list (HubPairings *self)
{
  JsonArray *items = json_array_new ();
  JsonNode *node = json_node_new (JSON_NODE_ARRAY);

  for (guint i = self->entries->len; i > 0; i--)
    {
      HubPairingsEntry *entry = g_ptr_array_index (self->entries, i - 1);

      json_array_add_element (items, hub_pairing_to_json (entry->pairing));
    }
  json_node_take_array (node, items);
  return karez_json_object ("items", "n", node, "expected", "n", hub_pairing_gate_list (self->gate),
                            NULL);
}

void
hub_pairings_make_room (HubPairings *self)
{
  for (guint i = 0; i < self->entries->len && self->entries->len >= HUB_PAIRINGS_MAX;)
    {
      HubPairingsEntry *entry = g_ptr_array_index (self->entries, i);

      if (hub_pairing_is_over (entry->pairing) && !entry->polling && entry->waiting == NULL)
        g_ptr_array_remove_index (self->entries, i);
      else
        i++;
    }
}

gboolean
hub_pairings_check_claim (HubPairings *self, const char *key, const char *hub, GError **error)
{
  if (g_str_equal (key, hub_identity_get_key_hash (self->identity)))
    return karez_error_set (error, KAREZ_ERROR_INVALID, "peers/self", N_ ("Another hub's address"),
                            N_ ("This is the address of this hub itself"));
  if (g_str_equal (hub, hub_identity_get_id (self->identity)))
    return karez_error_set (error, KAREZ_ERROR_CONFLICT, "peers/own-id",
                            N_ ("A hub with an id of its own"),
                            N_ ("The other hub claims the id of this hub"));
  return self->hooks->check_known (key, hub, self->data, error);
}

void
hub_pairings_maybe_pin (HubPairings *self, HubPairingsEntry *entry)
{
  g_autoptr (GError) error = NULL;

  if (self->stopped || entry->pinning || hub_pairing_get_state (entry->pairing) != HUB_PAIRING_BOTH
      || (hub_pairing_get_role (entry->pairing) == HUB_PAIRING_INITIATOR && !entry->paired_there))
    return;
  entry->pinning = TRUE;
  /* Another pairing may have been written down since this one began. */
  if (hub_pairings_check_claim (self, hub_pairing_get_other_key (entry->pairing),
                                hub_pairing_get_other_hub (entry->pairing), &error))
    self->hooks->pin (entry->pairing, entry->confirmer, self->data);
  else
    hub_pairings_pinned (self, entry->pairing, error);
}

void
hub_pairings_pinned (HubPairings *self, HubPairing *pairing, const GError *error)
{
  HubPairingsEntry *entry = hub_pairings_find (self, hub_pairing_get_id (pairing));

  gboolean passes = error != NULL
                    && (karez_error_is_unavailable (error) || karez_error_is_timeout (error)
                        || karez_error_is_busy (error));

  if (error == NULL)
    hub_pairing_go (pairing, HUB_PAIRING_PIN);
  else if (entry == NULL || !entry->complained || !passes)
    hub_warning ("peers", hub_pairing_get_other_hub (pairing),
                 "The pairing could not be written down: %s", error->message);
  if (error != NULL && !passes)
    hub_pairing_go (pairing, HUB_PAIRING_REFUSE);
  if (entry == NULL)
    return;
  entry->pinning = FALSE; /* the next tick tries again */
  entry->complained = passes;
  if (error != NULL && !passes)
    entry->told = FALSE; /* the other hub has written it down */
}

static gboolean
on_tick (gpointer data)
{
  HubPairings *self = data;
  gint64 now = hub_clock_monotonic ();

  for (guint i = 0; i < self->entries->len;)
    {
      HubPairingsEntry *entry = g_ptr_array_index (self->entries, i);
      gint64 expiry = hub_pairing_get_expiry (entry->pairing);

      if (now >= expiry && hub_pairing_go (entry->pairing, HUB_PAIRING_EXPIRE))
        hub_info ("peers", hub_pairing_get_id (entry->pairing), "The pairing expired.");
      hub_pairings_maybe_pin (self, entry);
      hub_pairings_poll (self, entry);
      /* What is over is shown for a while. */
      if (now >= expiry + 60 * G_USEC_PER_SEC && !entry->polling && !entry->pinning
          && entry->waiting == NULL)
        g_ptr_array_remove_index (self->entries, i);
      else
        i++;
    }
  if (self->entries->len > 0)
    return G_SOURCE_CONTINUE;
  self->timer = 0;
  return G_SOURCE_REMOVE;
}

HubPairingsEntry *
hub_pairings_add (HubPairings *self, HubPairing *pairing)
{
  HubPairingsEntry *entry = g_new0 (HubPairingsEntry, 1);

  entry->pairing = g_object_ref (pairing);
  entry->requests = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_ptr_array_add (self->entries, entry);
  if (self->timer == 0 && !self->stopped)
    self->timer = g_timeout_add (TICK_MS, on_tick, self);
  return entry;
}

const KarezJsonField hub_pairings_name_fields[] = {
  { "en", KAREZ_JSON_NAME, TRUE, 1, 200, NULL },
  { "zh_CN", KAREZ_JSON_NAME, FALSE, 1, 200, NULL },
  { "ug", KAREZ_JSON_NAME, FALSE, 1, 200, NULL },
  { NULL },
};

const KarezJsonField hub_pairings_status_fields[] = {
  { "pairing", KAREZ_JSON_UUID, FALSE, 0, 0, NULL },
  { "confirmed", KAREZ_JSON_BOOLEAN, TRUE, 0, 0, NULL },
  { "ended", KAREZ_JSON_BOOLEAN, TRUE, 0, 0, NULL },
  { "paired", KAREZ_JSON_BOOLEAN, FALSE, 0, 0, NULL },
  { NULL },
};

gboolean
hub_pairings_is_hex (const char *text)
{
  return strlen (text) == HUB_PAIRINGS_HEX && strspn (text, "0123456789abcdef") == HUB_PAIRINGS_HEX;
}

gboolean
hub_pairings_is_ended (HubPairing *pairing)
{
  return hub_pairing_is_over (pairing) && hub_pairing_get_state (pairing) != HUB_PAIRING_PAIRED;
}

/* The administrator here */

static void
on_expected (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  HubPairings *self = g_task_get_source_object (task);
  GError *error = NULL;

  if (karez_transaction_commit_finish (KAREZ_TRANSACTION (source), result, &error))
    {
      hub_pairing_gate_expect (self->gate, g_task_get_task_data (task));
      g_task_return_boolean (task, TRUE);
    }
  else
    g_task_return_error (task, error);
}

void
hub_pairings_expect_async (HubPairings *self, KarezTransaction *transaction, const char *address,
                           GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (self, NULL, callback, data);
  GError *error = NULL;
  char *host = hub_pairing_gate_check (self->gate, address, &error);

  g_task_set_source_tag (task, hub_pairings_expect_async);
  if (host == NULL)
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }
  g_task_set_task_data (task, host, g_free);
  karez_transaction_event (transaction, "pairing.expect", "pairing", host, NULL);
  karez_transaction_commit_async (transaction, NULL, on_expected, task);
}

gboolean
hub_pairings_expect_finish (HubPairings *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, hub_pairings_expect_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

typedef struct
{
  HubPairing *pairing;
  GError *refusal; /* the string was wrong */
} Typed;

static void
typed_free (gpointer data)
{
  Typed *typed = data;

  g_clear_object (&typed->pairing);
  g_clear_error (&typed->refusal);
  g_free (typed);
}

static void
on_typed_recorded (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  HubPairings *self = g_task_get_source_object (task);
  Typed *typed = g_task_get_task_data (task);
  KarezTransaction *transaction = KAREZ_TRANSACTION (source);
  HubPairingsEntry *entry = hub_pairings_find (self, hub_pairing_get_id (typed->pairing));
  GError *error = NULL;
  gboolean recorded = karez_transaction_commit_finish (transaction, result, &error);

  if (typed->refusal != NULL)
    {
      g_clear_error (&error);
      g_task_return_error (task, g_steal_pointer (&typed->refusal));
      if (entry != NULL)
        hub_pairings_poll (self, entry); /* a burnt pairing is told at once */
      return;
    }
  if (!recorded)
    {
      g_task_return_error (task, error);
      return;
    }
  if (entry == NULL || !hub_pairing_go (typed->pairing, HUB_PAIRING_CONFIRM_HERE))
    {
      g_task_return_error (task, karez_error_new (KAREZ_ERROR_CONFLICT, "peers/pairing-state", NULL,
                                                  N_ ("The pairing is over")));
      return;
    }
  g_clear_pointer (&entry->confirmer, karez_actor_unref);
  entry->confirmer = karez_actor_ref (karez_transaction_get_actor (transaction));
  hub_pairings_maybe_pin (self, entry);
  hub_pairings_poll (self, entry);
  g_task_return_boolean (task, TRUE);
}

static gboolean
refuse_unknown (GTask *task, HubPairingsEntry *entry)
{
  if (entry != NULL)
    return FALSE;
  g_task_return_error (task, karez_error_new (KAREZ_ERROR_NOT_FOUND, "peers/pairing", NULL,
                                              N_ ("There is no such pairing")));
  g_object_unref (task);
  return TRUE;
}

void
hub_pairings_confirm_async (HubPairings *self, KarezTransaction *transaction, const char *id,
                            const char *string, GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (self, NULL, callback, data);
  HubPairingsEntry *entry = hub_pairings_find (self, id);
  const char *request = karez_transaction_get_request (transaction, NULL);
  Typed *typed;
  const char *action = "pairing.confirm";
  gboolean over;

  g_task_set_source_tag (task, hub_pairings_confirm_async);
  if (refuse_unknown (task, entry))
    return;
  if (request != NULL && g_hash_table_contains (entry->requests, request))
    {
      /* The same click again: it is not counted twice. */
      karez_transaction_set_repeated (transaction);
      g_task_return_boolean (task, TRUE);
      g_object_unref (task);
      return;
    }
  over = hub_pairing_is_over (entry->pairing);
  typed = g_new0 (Typed, 1);
  typed->pairing = g_object_ref (entry->pairing);
  g_task_set_task_data (task, typed, typed_free);
  if (!hub_pairing_try (entry->pairing, string, &typed->refusal))
    {
      if (over || g_strcmp0 (karez_error_get_rule (typed->refusal), "peers/pairing-state") == 0)
        {
          g_task_return_error (task, g_steal_pointer (&typed->refusal));
          g_object_unref (task);
          return;
        }
      action = hub_pairing_get_state (entry->pairing) == HUB_PAIRING_BURNT ? "pairing.burnt"
                                                                           : "pairing.wrong-string";
      if (request != NULL && g_hash_table_size (entry->requests) < 8)
        g_hash_table_add (entry->requests, g_strdup (request));
    }
  karez_transaction_event (
      transaction, action, "pairing", id,
      karez_json_object ("hub", "s", hub_pairing_get_other_hub (entry->pairing), "key", "s",
                         hub_pairing_get_other_key (entry->pairing), NULL));
  karez_transaction_commit_async (transaction, NULL, on_typed_recorded, task);
}

gboolean
hub_pairings_confirm_finish (HubPairings *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, hub_pairings_confirm_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
on_cancel_recorded (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;

  if (karez_transaction_commit_finish (KAREZ_TRANSACTION (source), result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

void
hub_pairings_cancel_async (HubPairings *self, KarezTransaction *transaction, const char *id,
                           GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (self, NULL, callback, data);
  HubPairingsEntry *entry = hub_pairings_find (self, id);

  g_task_set_source_tag (task, hub_pairings_cancel_async);
  if (refuse_unknown (task, entry))
    return;
  /* Away from risk: act, then record. */
  if (!hub_pairing_is_over (entry->pairing) && !hub_pairing_go (entry->pairing, HUB_PAIRING_CANCEL))
    {
      g_task_return_error (
          task, karez_error_new (KAREZ_ERROR_CONFLICT, "peers/pairing-state",
                                 N_ ("Ending the pairing with the hub"),
                                 N_ ("Both hospitals have confirmed this pairing already")));
      g_object_unref (task);
      return;
    }
  hub_pairings_poll (self, entry);
  karez_transaction_event (transaction, "pairing.cancel", "pairing", id, NULL);
  karez_transaction_commit_async (transaction, NULL, on_cancel_recorded, task);
}

gboolean
hub_pairings_cancel_finish (HubPairings *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, hub_pairings_cancel_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
