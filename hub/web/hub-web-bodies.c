/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How much memory bodies of requests may take. */
#include "hub-web-bodies.h"

#include "hub-catalogue.h"

#include <karez.h>

/* Room that some share. */
typedef struct
{
  gsize all, of_customer; /* bounds */
  gsize held;
  GHashTable *customers; /* name → bytes */
} Room;

struct _HubWebBodies
{
  Room known, strange;
  gsize of_account;
  GHashTable *accounts; /* name → bytes */
  guint64 refused;
};

struct _HubWebBody
{
  HubWebBodies *bodies;
  Room *room;
  char *account, *customer;
  gsize held;
};

static void
room_init (Room *room, gsize all, gsize of_customer)
{
  room->all = all;
  room->of_customer = of_customer;
  room->customers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
}

HubWebBodies *
hub_web_bodies_new (const HubWebBounds *bounds)
{
  HubWebBodies *self = g_rc_box_new0 (HubWebBodies);

  room_init (&self->known, bounds->bodies, bounds->bodies_of_customer);
  room_init (&self->strange, bounds->strange_bodies, bounds->strange_bodies_of_customer);
  self->of_account = bounds->bodies_of_account;
  self->accounts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return self;
}

static void
bodies_clear (gpointer data)
{
  HubWebBodies *self = data;

  g_hash_table_unref (self->known.customers);
  g_hash_table_unref (self->strange.customers);
  g_hash_table_unref (self->accounts);
}

void
hub_web_bodies_unref (HubWebBodies *self)
{
  g_rc_box_release_full (self, bodies_clear);
}

guint64
hub_web_bodies_get_held (HubWebBodies *self)
{
  return self->known.held + self->strange.held;
}

static double
count_held (gpointer data)
{
  return (double) hub_web_bodies_get_held (data);
}

static double
count_refused (gpointer data)
{
  return (double) ((HubWebBodies *) data)->refused;
}

void
hub_web_bodies_add_metrics (HubWebBodies *self, HubWebMetrics *metrics)
{
  hub_web_metrics_add (metrics, "karez_http_bodies_bytes",
                       "Bytes of requests' bodies that are being received or worked on.",
                       count_held, self);
  hub_web_metrics_add (metrics, "karez_http_bodies_refused_total",
                       "Requests refused because too much of bodies was held.", count_refused,
                       self);
}

HubWebBody *
hub_web_body_new (HubWebBodies *bodies, const char *account, const char *customer)
{
  HubWebBody *self = g_new0 (HubWebBody, 1);

  self->bodies = g_rc_box_acquire (bodies);
  self->room = account != NULL ? &bodies->known : &bodies->strange;
  self->account = g_strdup (account);
  self->customer = g_strdup (customer);
  return self;
}

static gsize
bytes_of (GHashTable *table, const char *name)
{
  return GPOINTER_TO_SIZE (g_hash_table_lookup (table, name));
}

static void
set_bytes (GHashTable *table, const char *name, gsize bytes)
{
  if (bytes == 0)
    g_hash_table_remove (table, name);
  else
    g_hash_table_insert (table, g_strdup (name), GSIZE_TO_POINTER (bytes));
}

static void
set_held (HubWebBody *self, gsize size)
{
  GHashTable *customers = self->room->customers, *accounts = self->bodies->accounts;
  gsize before = self->held;

  self->room->held += size - before;
  set_bytes (customers, self->customer, bytes_of (customers, self->customer) + size - before);
  if (self->account != NULL)
    set_bytes (accounts, self->account, bytes_of (accounts, self->account) + size - before);
  self->held = size;
}

void
hub_web_body_drop (HubWebBody *self)
{
  if (self->held > 0)
    set_held (self, 0);
}

void
hub_web_body_free (HubWebBody *self)
{
  hub_web_body_drop (self);
  hub_web_bodies_unref (self->bodies);
  g_free (self->account);
  g_free (self->customer);
  g_free (self);
}

gboolean
hub_web_body_hold (HubWebBody *self, gsize size, GError **error)
{
  HubWebBodies *bodies = self->bodies;
  Room *room = self->room;
  gsize more = size - MIN (size, self->held);

  if (self->customer == NULL || size <= HUB_WEB_BODIES_SMALL || more == 0)
    return TRUE;
  if ((self->account != NULL
       && bytes_of (bodies->accounts, self->account) + more > bodies->of_account)
      || bytes_of (room->customers, self->customer) + more > room->of_customer)
    {
      bodies->refused++;
      return karez_error_set (error, KAREZ_ERROR_BUSY, "request/bodies",
                              N_ ("fewer requests with large bodies at once"),
                              N_ ("Too much is being sent from this account or address at once"));
    }
  if (room->held + more > room->all)
    {
      bodies->refused++;
      return karez_error_set (error, KAREZ_ERROR_UNAVAILABLE, "request/bodies",
                              N_ ("the same request again, a little later"),
                              N_ ("Too much is being sent to the hub at once"));
    }
  set_held (self, size);
  return TRUE;
}
