/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bounds on the pairings that others may begin. */
#include "hub-pairing-gate.h"

#include "hub-address.h"
#include "hub-catalogue.h"
#include "hub-clock.h"
#include "hub-pairing.h"

#define MINUTE_US (G_GINT64_CONSTANT (60) * G_USEC_PER_SEC)

struct _HubPairingGate
{
  GQueue arrivals;      /* Arrival, the oldest first */
  GHashTable *expected; /* host → its gint64, when it ends */
};

typedef struct
{
  gint64 at;
  char *customer;
  gboolean announced;
} Arrival;

static void
arrival_free (gpointer data)
{
  Arrival *arrival = data;

  g_free (arrival->customer);
  g_free (arrival);
}

HubPairingGate *
hub_pairing_gate_new (void)
{
  HubPairingGate *self = g_new0 (HubPairingGate, 1);

  g_queue_init (&self->arrivals);
  self->expected = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return self;
}

void
hub_pairing_gate_free (HubPairingGate *self)
{
  g_queue_clear_full (&self->arrivals, arrival_free);
  g_hash_table_unref (self->expected);
  g_free (self);
}

static gboolean
is_over (gpointer host, gpointer ends, gpointer now)
{
  return *(gint64 *) ends <= *(gint64 *) now;
}

static void
forget_old (HubPairingGate *self)
{
  gint64 now = hub_clock_monotonic ();
  Arrival *arrival;

  while ((arrival = g_queue_peek_head (&self->arrivals)) != NULL
         && now - arrival->at > HUB_PAIRING_MINUTES * MINUTE_US)
    arrival_free (g_queue_pop_head (&self->arrivals));
  g_hash_table_foreach_remove (self->expected, is_over, &now);
}

static gboolean
is_expected (HubPairingGate *self, const char *customer)
{
  GHashTableIter iter;
  const char *host;

  g_hash_table_iter_init (&iter, self->expected);
  while (g_hash_table_iter_next (&iter, (gpointer *) &host, NULL))
    {
      g_autofree char *expected = hub_address_customer (host);

      if (g_strcmp0 (expected, customer) == 0)
        return TRUE;
    }
  return FALSE;
}

gboolean
hub_pairing_gate_take (HubPairingGate *self, const char *host, gboolean known, GError **error)
{
  g_autofree char *customer = hub_address_customer (host);
  gboolean announced;
  guint same = 0, all = 0;
  Arrival *arrival;

  forget_old (self);
  announced = known || is_expected (self, customer);
  for (GList *link = self->arrivals.head; link != NULL; link = link->next)
    {
      arrival = link->data;
      same += g_strcmp0 (arrival->customer, customer) == 0;
      all += !arrival->announced;
    }
  if (same >= HUB_PAIRING_GATE_CUSTOMER || (!announced && all >= HUB_PAIRING_GATE_ALL))
    return karez_error_set (error, KAREZ_ERROR_BUSY, "peers/pairing-rate",
                            N_ ("A pairing some minutes later, one that is begun from this hub, or "
                                "from an address that its administrator announces"),
                            N_ ("Too many pairings were begun with this hub"));
  arrival = g_new0 (Arrival, 1);
  arrival->at = hub_clock_monotonic ();
  arrival->customer = g_steal_pointer (&customer);
  arrival->announced = announced;
  g_queue_push_tail (&self->arrivals, arrival);
  return TRUE;
}

char *
hub_pairing_gate_check (HubPairingGate *self, const char *address, GError **error)
{
  g_autofree char *host = hub_address_host (address);

  forget_old (self);
  if (host == NULL)
    karez_error_set (error, KAREZ_ERROR_INVALID, "peers/expected-address",
                     N_ ("A numeric IP address, like 203.0.113.7"),
                     N_ ("This is not an address that a hub can come from: %s"), address);
  else if (g_hash_table_size (self->expected) >= HUB_PAIRING_GATE_EXPECTED
           && !g_hash_table_contains (self->expected, host))
    karez_error_set (error, KAREZ_ERROR_BUSY, "peers/expected", NULL,
                     N_ ("Too many hubs are announced already"));
  else
    return g_steal_pointer (&host);
  return NULL;
}

void
hub_pairing_gate_expect (HubPairingGate *self, const char *host)
{
  gint64 ends = hub_clock_monotonic () + HUB_PAIRING_GATE_EXPECTED_MINUTES * MINUTE_US;

  g_hash_table_insert (self->expected, g_strdup (host), g_memdup2 (&ends, sizeof ends));
}

JsonNode *
hub_pairing_gate_list (HubPairingGate *self)
{
  JsonNode *node = json_node_new (JSON_NODE_ARRAY);
  JsonArray *items = json_array_new ();
  GHashTableIter iter;
  const char *host;
  gint64 *ends;

  forget_old (self);
  g_hash_table_iter_init (&iter, self->expected);
  while (g_hash_table_iter_next (&iter, (gpointer *) &host, (gpointer *) &ends))
    json_array_add_element (
        items, karez_json_object ("address", "s", host, "expires_in_s", "i",
                                  (*ends - hub_clock_monotonic ()) / G_USEC_PER_SEC, NULL));
  json_node_take_array (node, items);
  return node;
}
