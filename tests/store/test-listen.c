/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A connection that listens. */
#include "store-test.h"

#include "hub-pg-listen.h"

typedef struct
{
  HubPgListen *listen;
  PGconn *pg;
  guint connected;
  GString *heard;
  HubStore *store;
  gint64 superseded;
  guint n;
} Fixture;

static void
on_notified (HubPgListen *listen, const char *payload, gpointer data)
{
  Fixture *f = data;

  if (payload == NULL)
    f->connected++;
  else
    g_string_append_printf (f->heard, "%s ", payload);
}

static void
on_superseded (HubStore *store, gint64 incarnation, gpointer data)
{
  Fixture *f = data;

  f->superseded = incarnation;
  f->n++;
}

static void
set_up (Fixture *f, gconstpointer data)
{
  test_reset ();
  f->pg = test_connect ();
  f->heard = g_string_new (NULL);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  PQfinish (f->pg);
  g_string_free (f->heard, TRUE);
}

static void
notify (Fixture *f, const char *channel, const char *payload)
{
  g_autofree char *sql = g_strdup_printf ("select pg_notify ('%s', '%s')", channel, payload);

  g_free (test_ask (f->pg, sql));
}

/* It hears its own channel, says when it could not, and is quiet after its end. */
static void
test_hears (Fixture *f, gconstpointer data)
{
  f->listen = hub_pg_listen_new (test_database (), "karez_test");
  g_signal_connect (f->listen, "notified", G_CALLBACK (on_notified), f);
  test_run_until (f->connected == 1);
  notify (f, "karez_other", "no");
  notify (f, "karez_test", "one");
  notify (f, "karez_test", "two");
  test_run_until (g_str_equal (f->heard->str, "one two "));

  test_kill_backends (f->pg);
  test_run_until (f->connected == 2);
  notify (f, "karez_test", "three");
  test_run_until (g_str_equal (f->heard->str, "one two three "));

  hub_pg_listen_stop (f->listen);
  notify (f, "karez_test", "four");
  test_run_for (200);
  g_assert_cmpstr (f->heard->str, ==, "one two three ");
  g_assert_cmpuint (f->connected, ==, 2);
  g_object_unref (f->listen);
}

/* A server that is not there is tried again; an end while it is tried is an end. */
static void
test_away (Fixture *f, gconstpointer data)
{
  f->listen = hub_pg_listen_new ("host=/nowhere dbname=x", "karez_test");
  g_signal_connect (f->listen, "notified", G_CALLBACK (on_notified), f);
  test_run_for (1500);
  g_assert_cmpuint (f->connected, ==, 0);
  hub_pg_listen_stop (f->listen);
  g_object_unref (f->listen);
  f->listen = hub_pg_listen_new (test_database (), "karez_test");
  g_signal_connect (f->listen, "notified", G_CALLBACK (on_notified), f);
  hub_pg_listen_stop (f->listen);
  g_object_unref (f->listen);
  test_run_for (200);
  g_assert_cmpuint (f->connected, ==, 0);
}

/* A hub learns that another karezd has registered in its database, also when it was away then. */
static void
test_superseded (Fixture *f, gconstpointer data)
{
  f->store = test_store (4, 50);
  g_signal_connect (f->store, "superseded", G_CALLBACK (on_superseded), f);
  g_free (test_ask (f->pg, "insert into karez.hub values (true, gen_random_uuid (), '{}', 7)"));
  notify (f, "karez_incarnation", "7");
  test_run_for (200);
  hub_store_set_incarnation (f->store, 7);
  notify (f, "karez_incarnation", "7"); /* our own */
  test_run_for (200);
  g_assert_cmpuint (f->n, ==, 0);

  g_free (test_ask (f->pg, "update karez.hub set incarnation = 8"));
  notify (f, "karez_incarnation", "8");
  test_run_until (f->superseded == 8);

  g_free (test_ask (f->pg, "update karez.hub set incarnation = 9"));
  test_kill_backends (f->pg);
  test_run_until (f->superseded == 9);
  test_store_free (f->store);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_always_fatal (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL);

#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)
  ADD ("/store/listen/hears", test_hears);
  ADD ("/store/listen/away", test_away);
  ADD ("/store/listen/superseded", test_superseded);

  return g_test_run ();
}
