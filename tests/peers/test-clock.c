/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is made of measures of a partner's clock. */
#include "hub-peer.h"

#include <glib/gstdio.h>
#include <string.h>

#define MS G_GINT64_CONSTANT (1000)
#define S (1000 * MS)

static guint apart, again;

static GLogWriterOutput
count_line (GLogLevelFlags level, const GLogField *fields, gsize n, gpointer data)
{
  for (gsize i = 0; i < n; i++)
    if (g_str_equal (fields[i].key, "MESSAGE") && fields[i].length < 0)
      {
        apart += strstr (fields[i].value, "The clocks are apart") != NULL;
        again += strstr (fields[i].value, "agrees with this hub's again") != NULL;
      }
  return G_LOG_WRITER_HANDLED;
}

typedef struct
{
  char *directory;
  HubPeer *peer;
  guint changed;
} Case;

static void
on_changed (HubPeer *peer, gpointer data)
{
  ((Case *) data)->changed++;
}

static void
case_set_up (Case *c, gconstpointer data)
{
  g_autoptr (HubIdentity) identity = NULL;
  g_autoptr (JsonNode) names = karez_json_object ("en", "s", "Hangzhou", NULL);

  c->directory = g_dir_make_tmp ("karez-clock-XXXXXX", NULL);
  identity = hub_identity_open (c->directory, NULL, NULL);
  c->peer = hub_peer_new (identity, "0197e5f0-0000-7000-8000-000000000009", names, "key", NULL);
  g_signal_connect (c->peer, "changed", G_CALLBACK (on_changed), c);
  apart = again = 0;
}

static void
case_tear_down (Case *c, gconstpointer data)
{
  g_autofree char *path = g_build_filename (c->directory, "identity.pem", NULL);

  g_object_unref (c->peer);
  g_unlink (path);
  g_rmdir (c->directory);
  g_free (c->directory);
}

static void
assert_clock (Case *c, gint64 offset, gint64 uncertainty, gboolean off)
{
  gint64 found, within;

  g_assert_true (hub_peer_get_clock (c->peer, &found, &within));
  g_assert_cmpint (found, ==, offset);
  g_assert_cmpint (within, ==, uncertainty);
  g_assert_cmpint (hub_peer_is_clock_off (c->peer), ==, off);
}

/* The better measure counts for a while; one that only a clock that was set explains, at once. */
static void
test_better (Case *c, gconstpointer data)
{
  gint64 offset, uncertainty;

  g_assert_false (hub_peer_get_clock (c->peer, &offset, &uncertainty));
  hub_peer_set_clock (c->peer, 300 * MS, 200 * MS);
  assert_clock (c, 300 * MS, 200 * MS, FALSE);
  hub_peer_set_clock (c->peer, 250 * MS, 5 * MS);
  assert_clock (c, 250 * MS, 5 * MS, FALSE);
  hub_peer_set_clock (c->peer, 2100 * MS, 1900 * MS);
  assert_clock (c, 250 * MS, 5 * MS, FALSE);
  hub_peer_set_clock (c->peer, -3600 * S, 2 * S);
  assert_clock (c, -3600 * S, 2 * S, TRUE);
  g_assert_cmpuint (c->changed, ==, 1);
  hub_peer_set_clock (c->peer, 250 * MS, 3 * S);
  assert_clock (c, 250 * MS, 3 * S, FALSE);
  g_assert_cmpuint (c->changed, ==, 2);
}

/* What a slow way may explain is not held against a clock. */
static void
test_surely (Case *c, gconstpointer data)
{
  hub_peer_set_clock (c->peer, 5 * S, 4 * S);
  assert_clock (c, 5 * S, 4 * S, FALSE);
  hub_peer_set_clock (c->peer, -(HUB_PEER_CLOCK_BOUND_MS * MS + 100 * MS), 100 * MS);
  assert_clock (c, -(HUB_PEER_CLOCK_BOUND_MS * MS + 100 * MS), 100 * MS, FALSE);
  hub_peer_set_clock (c->peer, -(HUB_PEER_CLOCK_BOUND_MS * MS + 51 * MS), 50 * MS);
  assert_clock (c, -(HUB_PEER_CLOCK_BOUND_MS * MS + 51 * MS), 50 * MS, TRUE);
}

/* Told once, and once that it is over; a clock that goes to and fro fills no log. */
static void
test_told (Case *c, gconstpointer data)
{
  for (guint i = 0; i < 10; i++)
    hub_peer_set_clock (c->peer, 3600 * S, MS);
  g_assert_cmpuint (apart, ==, 1);
  for (guint i = 0; i < 10; i++)
    hub_peer_set_clock (c->peer, 0, MS);
  g_assert_cmpuint (again, ==, 1);
  for (guint i = 0; i < 100; i++)
    hub_peer_set_clock (c->peer, i % 2 ? 0 : 3600 * S, MS);
  g_assert_cmpuint (apart, ==, 1);
  g_assert_cmpuint (again, ==, 1);
  g_assert_cmpuint (c->changed, ==, 102);
}

#define ADD(name, func)                                                                            \
  g_test_add ("/peers/clock/" name, Case, NULL, case_set_up, func, case_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_writer_func (count_line, NULL, NULL);
  ADD ("better", test_better);
  ADD ("surely", test_surely);
  ADD ("told", test_told);
  return g_test_run ();
}
