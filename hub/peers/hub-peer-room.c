/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bounds on the connections of the peers' port, and who makes room for whom. */
#include "hub-peer-room.h"

#include "hub-log.h"
#include "hub-peer-server.h"

/* Whether it takes one of the places of those who are not known. */
static gboolean
is_unknown (HubPeerConnection *connection)
{
  return !connection->doomed && !hub_peer_server_is_known (connection);
}

/* How many each customer has: customer (not counted) → number. Returns: (transfer full) */
static GHashTable *
count_unknown (GHashTable *table, guint *all)
{
  GHashTable *counts = g_hash_table_new (g_str_hash, g_str_equal);
  GHashTableIter iter;
  HubPeerConnection *one;

  *all = 0;
  g_hash_table_iter_init (&iter, table);
  while (g_hash_table_iter_next (&iter, (gpointer *) &one, NULL))
    if (is_unknown (one))
      {
        gsize count = GPOINTER_TO_SIZE (g_hash_table_lookup (counts, one->customer));

        g_hash_table_insert (counts, one->customer, GSIZE_TO_POINTER (count + 1));
        (*all)++;
      }
  return counts;
}

/* The oldest connection of the customer with the most, but @except. */
static HubPeerConnection *
find_victim (GHashTable *table, GHashTable *counts, HubPeerConnection *except)
{
  GHashTableIter iter;
  HubPeerConnection *one, *victim = NULL;
  gsize most = 0;

  g_hash_table_iter_init (&iter, table);
  while (g_hash_table_iter_next (&iter, (gpointer *) &one, NULL))
    {
      gsize count = GPOINTER_TO_SIZE (g_hash_table_lookup (counts, one->customer));

      if (one == except || !is_unknown (one) || count < most)
        continue;
      if (victim == NULL || count > most || one->since < victim->since)
        victim = one;
      most = count;
    }
  return victim;
}

gboolean
hub_peer_room_for_unknown (GHashTable *table, HubPeerConnection *connection)
{
  guint all;
  g_autoptr (GHashTable) counts = count_unknown (table, &all);
  HubPeerConnection *victim;

  if (g_hash_table_size (table) > HUB_PEER_MAX_CONNECTIONS
      || GPOINTER_TO_SIZE (g_hash_table_lookup (counts, connection->customer))
             > HUB_PEER_MAX_UNKNOWN_OF_CUSTOMER)
    return FALSE;
  victim = all > HUB_PEER_MAX_UNKNOWN ? find_victim (table, counts, connection) : NULL;
  if (victim != NULL)
    {
      hub_info ("peers", victim->host, "A connection was cut: others need its place.");
      hub_peer_connection_end (victim);
    }
  return TRUE;
}

gboolean
hub_peer_room_for_key (GHashTable *table, const char *key)
{
  GHashTableIter iter;
  HubPeerConnection *other;
  guint same = 0;

  g_hash_table_iter_init (&iter, table);
  while (g_hash_table_iter_next (&iter, (gpointer *) &other, NULL))
    if (!other->doomed && g_strcmp0 (other->key, key) == 0)
      same++;
  return same <= HUB_PEER_MAX_OF_KEY;
}
