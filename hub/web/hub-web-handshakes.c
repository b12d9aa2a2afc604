/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* TLS handshakes of browsers, so many at once. */
#include "hub-web-handshakes.h"

#include "hub-tls-hello.h"

struct _HubWebHandshakes
{
  GCancellable *cancellable;
  GQueue waiting;        /* GTask */
  GHashTable *customers; /* name → how many are under way */
  guint under_way;
};

/* One of them; belongs to its task. */
typedef struct
{
  HubWebHandshakes *all;
  char *customer;
} Handshake;

static HubWebHandshakes *
hub_web_handshakes_ref (HubWebHandshakes *self)
{
  return g_rc_box_acquire (self);
}

static void
hub_web_handshakes_clear (gpointer data)
{
  HubWebHandshakes *self = data;

  g_object_unref (self->cancellable);
  g_hash_table_unref (self->customers);
}

static void
hub_web_handshakes_unref (HubWebHandshakes *self)
{
  g_rc_box_release_full (self, hub_web_handshakes_clear);
}

static void
handshake_free (gpointer data)
{
  Handshake *handshake = data;

  hub_web_handshakes_unref (handshake->all);
  g_free (handshake->customer);
  g_free (handshake);
}

static guint
count_of (HubWebHandshakes *self, const char *customer)
{
  return GPOINTER_TO_UINT (g_hash_table_lookup (self->customers, customer));
}

static void
set_count (HubWebHandshakes *self, const char *customer, guint count)
{
  if (count == 0)
    g_hash_table_remove (self->customers, customer);
  else
    g_hash_table_replace (self->customers, g_strdup (customer), GUINT_TO_POINTER (count));
}

static void go_on (HubWebHandshakes *self);

static void
on_done (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Handshake *handshake = g_task_get_task_data (task);
  HubWebHandshakes *self = handshake->all;
  GTlsConnection *tls = G_TLS_CONNECTION (source);
  GError *error = NULL;

  self->under_way--;
  set_count (self, handshake->customer, count_of (self, handshake->customer) - 1);
  if (!g_tls_connection_handshake_finish (tls, result, &error))
    g_task_return_error (task, error);
  else if (g_tls_connection_get_protocol_version (tls) < G_TLS_PROTOCOL_VERSION_TLS_1_2)
    g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "older than TLS 1.2");
  else
    g_task_return_boolean (task, TRUE);
  go_on (self);
}

static void
begin (HubWebHandshakes *self, GTask *task)
{
  Handshake *handshake = g_task_get_task_data (task);

  self->under_way++;
  set_count (self, handshake->customer, count_of (self, handshake->customer) + 1);
  g_tls_connection_handshake_async (hub_web_wire_get_tls (g_task_get_source_object (task)),
                                    G_PRIORITY_DEFAULT, self->cancellable, on_done, task);
}

/* Those that wait, in their order, but for customers who have enough. */
static void
go_on (HubWebHandshakes *self)
{
  for (GList *at = self->waiting.head, *next; at != NULL && self->under_way < HUB_WEB_HANDSHAKES;
       at = next)
    {
      GTask *task = at->data;
      Handshake *handshake = g_task_get_task_data (task);

      next = at->next;
      if (count_of (self, handshake->customer) >= HUB_WEB_HANDSHAKES_OF_CUSTOMER)
        continue;
      g_queue_delete_link (&self->waiting, at);
      begin (self, task);
    }
}

static void
on_hello (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  Handshake *handshake = g_task_get_task_data (task);
  GError *error = NULL;

  if (hub_tls_hello_wait_finish (G_SOCKET (source), result, &error))
    {
      g_queue_push_tail (&handshake->all->waiting, task);
      go_on (handshake->all);
      return;
    }
  g_task_return_error (task, error);
  g_object_unref (task);
}

void
hub_web_handshakes_begin_async (HubWebHandshakes *self, HubWebWire *wire, const char *customer,
                                GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (wire, self->cancellable, callback, data);
  Handshake *handshake = g_new0 (Handshake, 1);

  handshake->all = hub_web_handshakes_ref (self);
  handshake->customer = g_strdup (customer != NULL ? customer : "");
  g_task_set_source_tag (task, hub_web_handshakes_begin_async);
  g_task_set_task_data (task, handshake, handshake_free);
  hub_tls_hello_wait_async (hub_web_wire_get_socket (wire), G_TLS_PROTOCOL_VERSION_TLS_1_2,
                            self->cancellable, on_hello, task);
}

gboolean
hub_web_handshakes_begin_finish (HubWebWire *wire, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, wire), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, hub_web_handshakes_begin_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

HubWebHandshakes *
hub_web_handshakes_new (void)
{
  HubWebHandshakes *self = g_rc_box_new0 (HubWebHandshakes);

  self->cancellable = g_cancellable_new ();
  self->customers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_queue_init (&self->waiting);
  return self;
}

void
hub_web_handshakes_free (HubWebHandshakes *self)
{
  GTask *task;

  g_cancellable_cancel (self->cancellable);
  while ((task = g_queue_pop_head (&self->waiting)) != NULL)
    {
      g_task_return_error_if_cancelled (task);
      g_object_unref (task);
    }
  hub_web_handshakes_unref (self);
}
