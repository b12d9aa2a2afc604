/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How long who gives wrong passwords waits: by person and address, by browser, and all of them. */
#include "hub-web-guard.h"

#define SECOND G_USEC_PER_SEC

#define TRY(login, address) (&(HubWebTry){ login, address, NULL })

static void
wrong (HubWebGuard *guard, const char *login, const char *address, guint n, gint64 now)
{
  for (guint i = 0; i < n; i++)
    hub_web_guard_begin (guard, TRY (login, address), now);
}

static void
test_guard_of_pair (void)
{
  g_autoptr (HubWebGuard) guard = hub_web_guard_new ();
  gint64 now = SECOND;

  wrong (guard, "aygul", "192.0.2.1", 9, now);
  g_assert_cmpuint (hub_web_guard_wait (guard, TRY ("aygul", "192.0.2.1"), now), ==, 0);
  wrong (guard, "aygul", "192.0.2.1", 1, now);
  g_assert_cmpuint (hub_web_guard_wait (guard, TRY ("aygul", "192.0.2.1"), now), ==, 1);
  /* Neither somebody else at this address, nor this person elsewhere, has to wait. */
  g_assert_cmpuint (hub_web_guard_wait (guard, TRY ("li.wei", "192.0.2.1"), now), ==, 0);
  g_assert_cmpuint (hub_web_guard_wait (guard, TRY ("aygul", "192.0.2.2"), now), ==, 0);
  /* It grows, to five minutes. */
  wrong (guard, "aygul", "192.0.2.1", 4, now);
  g_assert_cmpuint (hub_web_guard_wait (guard, TRY ("aygul", "192.0.2.1"), now), ==, 16);
  g_assert_cmpuint (hub_web_guard_wait (guard, TRY ("aygul", "192.0.2.1"), now + 16 * SECOND), ==,
                    0);
  wrong (guard, "aygul", "192.0.2.1", 30, now);
  g_assert_cmpuint (hub_web_guard_wait (guard, TRY ("aygul", "192.0.2.1"), now), ==, 300);
  /* And is forgotten. */
  g_assert_cmpuint (hub_web_guard_wait (guard, TRY ("aygul", "192.0.2.1"), now + 901 * SECOND), ==,
                    0);
}

static void
test_guard_of_many (void)
{
  g_autoptr (HubWebGuard) guard = hub_web_guard_new ();
  gint64 now = SECOND;

  /* One address, many logins. */
  for (guint i = 0; i < 50; i++)
    {
      g_autofree char *login = g_strdup_printf ("person%u", i);

      g_assert_cmpuint (hub_web_guard_wait (guard, TRY (login, "192.0.2.1"), now), ==, 0);
      wrong (guard, login, "192.0.2.1", 1, now);
    }
  g_assert_cmpuint (hub_web_guard_wait (guard, TRY ("another", "192.0.2.1"), now), ==, 1);

  /* One login, many addresses, of which none brings more than five. */
  for (guint i = 10; i < 14; i++)
    {
      g_autofree char *address = g_strdup_printf ("192.0.2.%u", i);

      g_assert_cmpuint (hub_web_guard_wait (guard, TRY ("aygul", "192.0.2.99"), now), ==, 0);
      wrong (guard, "aygul", address, 9, now);
    }
  g_assert_cmpuint (hub_web_guard_wait (guard, TRY ("aygul", "192.0.2.99"), now), ==, 1);
  wrong (guard, "aygul", "192.0.2.20", 5, now);
  wrong (guard, "aygul", "192.0.2.21", 5, now);
  g_assert_cmpuint (hub_web_guard_wait (guard, TRY ("aygul", "192.0.2.99"), now), ==, 60);
}

static void
test_guard_right (void)
{
  g_autoptr (HubWebGuard) guard = hub_web_guard_new ();
  gint64 now = SECOND;

  wrong (guard, "aygul", "192.0.2.1", 9, now);
  hub_web_guard_begin (guard, TRY ("aygul", "192.0.2.1"), now);
  hub_web_guard_right (guard, TRY ("aygul", "192.0.2.1"));
  wrong (guard, "aygul", "192.0.2.1", 9, now);
  g_assert_cmpuint (hub_web_guard_wait (guard, TRY ("aygul", "192.0.2.1"), now), ==, 0);
  /* A try that could not be made does not count. */
  for (guint i = 0; i < 100; i++)
    {
      hub_web_guard_begin (guard, TRY ("aygul", "192.0.2.1"), now);
      hub_web_guard_undo (guard, TRY ("aygul", "192.0.2.1"));
    }
  g_assert_cmpuint (hub_web_guard_wait (guard, TRY ("aygul", "192.0.2.1"), now), ==, 0);
}

/* A known browser has a count of its own, and nobody else's; a login is cleared by its owner. */
static void
test_guard_of_known (void)
{
  g_autoptr (HubWebGuard) guard = hub_web_guard_new ();
  const HubWebTry known = { "aygul", "192.0.2.1", "browser 1" };
  const HubWebTry other = { "aygul", "192.0.2.1", "browser 2" };
  gint64 now = SECOND;

  for (guint i = 10; i < 16; i++)
    {
      g_autofree char *address = g_strdup_printf ("192.0.2.%u", i);

      wrong (guard, "aygul", address, 5, now);
    }
  g_assert_cmpuint (hub_web_guard_wait (guard, TRY ("aygul", "192.0.2.1"), now), >, 0);
  g_assert_cmpstr (hub_web_guard_wrong (guard, TRY ("aygul", "192.0.2.15")), ==, "login");
  g_assert_null (hub_web_guard_wrong (guard, TRY ("aygul", "192.0.2.15")));
  for (guint i = 0; i < 10; i++)
    {
      g_assert_cmpuint (hub_web_guard_wait (guard, &known, now), ==, 0);
      hub_web_guard_begin (guard, &known, now);
    }
  g_assert_cmpuint (hub_web_guard_wait (guard, &known, now), ==, 1);
  g_assert_cmpstr (hub_web_guard_wrong (guard, &known), ==, "known");
  g_assert_cmpuint (hub_web_guard_wait (guard, &other, now), ==, 0);
  hub_web_guard_begin (guard, &other, now);
  hub_web_guard_right (guard, &other);
  g_assert_cmpuint (hub_web_guard_wait (guard, TRY ("aygul", "192.0.2.1"), now), ==, 0);
  g_assert_cmpuint (hub_web_guard_wait (guard, &known, now), ==, 1);
}

static void
count_flushed (const char *address, guint tries, gpointer data)
{
  g_assert_cmpstr (address, ==, "192.0.2.1");
  *(guint *) data += tries;
}

static void
test_guard_records (void)
{
  g_autoptr (HubWebGuard) guard = hub_web_guard_new ();
  gint64 now = SECOND;
  guint recorded = 0, flushed = 0;

  for (guint i = 0; i < 90; i++)
    recorded += hub_web_guard_refuse (guard, TRY ("aygul", "192.0.2.1"), now);
  g_assert_cmpuint (recorded, ==, 1);
  g_assert_true (hub_web_guard_flush (guard, now + SECOND, count_flushed, &flushed));
  g_assert_cmpuint (flushed, ==, 0);
  g_assert_false (hub_web_guard_flush (guard, now + 5 * SECOND, count_flushed, &flushed));
  g_assert_cmpuint (flushed, ==, 89);
}

static void
test_guard_bounded (void)
{
  g_autoptr (HubWebGuard) guard = hub_web_guard_new ();

  for (guint i = 0; i < 10100; i++)
    {
      g_autofree char *address = g_strdup_printf ("192.0.%u.%u", i / 250, i % 250);

      hub_web_guard_begin (guard, TRY ("aygul", address), SECOND + i);
    }
  /* The newest are still known. */
  wrong (guard, "aygul", "192.0.40.99", 10, 2 * SECOND);
  g_assert_cmpuint (hub_web_guard_wait (guard, TRY ("aygul", "192.0.40.99"), 2 * SECOND), >=, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/web/guard/pair", test_guard_of_pair);
  g_test_add_func ("/web/guard/many", test_guard_of_many);
  g_test_add_func ("/web/guard/known", test_guard_of_known);
  g_test_add_func ("/web/guard/right", test_guard_right);
  g_test_add_func ("/web/guard/records", test_guard_records);
  g_test_add_func ("/web/guard/bounded", test_guard_bounded);
  return g_test_run ();
}
