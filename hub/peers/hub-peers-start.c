/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The start of HubPeers: what is parked, whose database it is, who is paired, the port, and whether
 * this hub can speak TLS with itself. */
#include "hub-peers-private.h"

#include "hub-catalogue.h"
#include "hub-log.h"

#include <string.h>

#define SELF_TEST_MS 5000 /* below the server's own limits */

static void
on_self_test (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  HubPeers *self = g_task_get_source_object (task);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes)
      answer = hub_peer_client_send_finish (HUB_PEER_CLIENT (source), result, &error);

  /* No answer yet says that the machine is busy, and nothing about TLS. */
  if (g_strcmp0 (karez_error_get_rule (error), "peers/deadline") == 0)
    hub_warning ("peers", NULL, "The hub's own port gave no answer within %u s; it goes on.",
                 SELF_TEST_MS / 1000);
  /* Nobody is paired with itself: this refusal went through TLS 1.3 both ways. */
  else if (answer != NULL || g_strcmp0 (karez_error_get_rule (error), "peers/not-paired") != 0)
    {
      hub_peers_stop (self);
      g_task_return_error (task,
                           karez_error_new (KAREZ_ERROR_FAILED, "peers/self-test", NULL,
                                            N_ ("The hub cannot speak TLS 1.3 with itself: %s"),
                                            error != NULL ? error->message : "it was let in"));
      return;
    }
  hub_peers_begin (self);
  hub_notice ("peers", NULL, "Other hubs can dial port %u.", hub_peers_get_port (self));
  g_task_return_boolean (task, TRUE);
}

/* Where this hub reaches itself. Returns: (transfer full) */
static char *
own_address (HubPeers *self)
{
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (self->bind_address);
  g_autoptr (GInetAddress) loopback = NULL;
  g_autofree char *host = NULL;

  if (g_inet_address_get_is_any (address))
    loopback = g_inet_address_new_loopback (g_inet_address_get_family (address));
  host = g_inet_address_to_string (loopback != NULL ? loopback : address);
  return g_strdup_printf (strchr (host, ':') != NULL ? "[%s]:%u" : "%s:%u", host,
                          hub_peers_get_port (self));
}

static void
on_listed (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  HubPeers *self = g_task_get_source_object (task);
  GError *error = NULL;
  g_autoptr (KarezRows) rows = karez_store_query_finish (KAREZ_STORE (source), result, &error);
  g_autofree char *address = NULL;
  g_autoptr (HubPeerClient) client = NULL;
  g_autoptr (GBytes) body = g_bytes_new_static ("{}", 2);

  if (rows == NULL || !hub_peer_server_start (self->server, self->bind_address, self->port, &error))
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }
  for (guint i = 0; i < karez_rows_get_count (rows); i++)
    hub_peers_apply_row (self, rows, i);
  address = own_address (self);
  client = hub_peer_client_new (self->identity, address,
                                hub_identity_get_key_hash (self->identity));
  hub_peer_client_send_async (client, HUB_PEER_WAY_CALL, "hello", body, SELF_TEST_MS,
                              HUB_PEER_MAX_SMALL, g_task_get_cancellable (task), on_self_test,
                              task);
}

static void
on_own_hub (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  HubPeers *self = g_task_get_source_object (task);
  GError *error = NULL;
  g_autoptr (KarezRows) rows = karez_store_query_finish (KAREZ_STORE (source), result, &error);

  if (rows != NULL && karez_rows_get_count (rows) == 1
      && !g_str_equal (karez_rows_text (rows, 0, "id"), hub_identity_get_id (self->identity)))
    error = karez_error_new (KAREZ_ERROR_FAILED, "peers/identity-mismatch",
                             N_ ("The identity and the database of the same hub"),
                             N_ ("The database belongs to hub %s, the key to hub %s"),
                             karez_rows_text (rows, 0, "id"), hub_identity_get_id (self->identity));
  if (error != NULL)
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }
  karez_store_query_async (self->scope, "peer_list", NULL, g_task_get_cancellable (task), on_listed,
                           task);
}

static void
on_parking_loaded (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  HubPeers *self = g_task_get_source_object (task);
  GError *error = NULL;

  if (hub_peer_parking_load_finish (HUB_PEER_PARKING (source), result, &error))
    {
      karez_store_query_async (self->scope, "own_hub", NULL, g_task_get_cancellable (task),
                               on_own_hub, task);
      return;
    }
  g_task_return_error (task, error);
  g_object_unref (task);
}

void
hub_peers_start_async (HubPeers *self, GCancellable *cancellable, GAsyncReadyCallback callback,
                       gpointer data)
{
  GTask *task;

  g_return_if_fail (HUB_IS_PEERS (self));

  task = g_task_new (self, cancellable, callback, data);
  g_task_set_source_tag (task, hub_peers_start_async);
  hub_peer_parking_load_async (self->parking, cancellable, on_parking_loaded, task);
}

gboolean
hub_peers_start_finish (HubPeers *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, hub_peers_start_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
