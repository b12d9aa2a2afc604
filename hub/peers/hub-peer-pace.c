/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How fast the messages of a peer for one plugin are taken. */
#include "hub-peer-parking-private.h"

#include "hub-catalogue.h"
#include "hub-pace.h"

/* Of how many plugins of one peer it is known; who invents topics has one for all the others. */
#define MAX_PACES 32

typedef struct
{
  HubPace messages, bytes;
} Pace;

static guint
count_paces (HubPeerParking *self, const char *peer)
{
  GHashTableIter iter;
  gpointer key;
  guint n = 0;

  g_hash_table_iter_init (&iter, self->paces);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    n += g_str_has_prefix (key, peer);
  return n;
}

static Pace *
get_pace (HubPeerParking *self, const char *peer, const char *owner)
{
  g_autofree char *key = g_strdup_printf ("%s %s", peer, owner);
  Pace *pace = g_hash_table_lookup (self->paces, key);

  if (pace != NULL)
    return pace;
  if (*owner != '\0' && count_paces (self, peer) >= MAX_PACES)
    return get_pace (self, peer, "");
  pace = g_new0 (Pace, 1);
  g_hash_table_insert (self->paces, g_steal_pointer (&key), pace);
  return pace;
}

gboolean
hub_peer_parking_check_pace (HubPeerParking *self, KarezMessage *message, gsize size,
                             GError **error)
{
  g_autofree char *owner = hub_peer_topic_owner (karez_message_get_topic (message));
  Pace *pace = get_pace (self, karez_message_get_peer (message), owner);

  if (hub_pace_left (&pace->messages, self->pace_messages, HUB_PACE_MESSAGES_A_SECOND) <= 0
      || hub_pace_left (&pace->bytes, HUB_PACE_BYTES, HUB_PACE_BYTES_A_SECOND) <= 0)
    return karez_error_set (error, KAREZ_ERROR_BUSY, HUB_PARKING_FULL, NULL,
                            N_ ("More messages for the plugin “%s” come than are taken in a "
                                "second"),
                            owner);
  hub_pace_spend (&pace->messages, 1);
  hub_pace_spend (&pace->bytes, (gint64) size);
  return TRUE;
}
