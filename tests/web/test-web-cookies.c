/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The sign-in's cookie in whatever Cookie headers a browser can send, and what takes its place. */
#include "web-fixture.h"

#include <string.h>

#define NAME TEST_COOKIE
#define NOBODY "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static Fixture *fixture;

static guint
status_of_me (Client *client, const char *cookie)
{
  g_auto (Answer) answer = ask (client, "GET", "/api/v1/me", NULL, "Cookie", cookie, NULL);

  return answer.status;
}

/* What other applications of the same host leave: long, many, and of any shape. */
static void
test_foreign (void)
{
  g_autoptr (Client) desk = client_signed_in (fixture, "127.0.0.1", "desk");
  g_autofree char *junk = g_strnfill (4000, 'x');
  g_autoptr (GString) many = g_string_new (NULL);
  const char *own = desk->cookie;
  static const char *const around[] = {
    "a=b; %s",
    "%s; a=b",
    "a=b;%s;c=d",
    "a=\"x; y\"; %s",
    "a=\"unfinished; %s",
    "; ;=; =x;;%s",
    "a=1, b=2; %s",
    NAME "; %s",
    NAME "x=y; %s",
    "x" NAME "=y; %s",
    NAME "=; %s",
    NAME "=" NOBODY "; %s",
    "%s; " NAME "=" NOBODY,
    "\t%s \t",
    "a=\xe4\xb8\xad; %s",
    "a=\xff; %s",
    "{\"json\": [1]}; %s",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (around); i++)
    {
      const char *place = strstr (around[i], "%s");
      g_autofree char *cookie = g_strdup_printf ("%.*s%s%s", (int) (place - around[i]), around[i],
                                                 own, place + 2);
      g_autofree char *shown = g_strescape (around[i], NULL);

      g_test_message ("%s", shown); /* TAP is UTF-8 */
      g_assert_cmpuint (status_of_me (desk, cookie), ==, 200);
    }
  for (guint i = 0; i < 170; i++)
    g_string_append_printf (many, "application-%u=%u; ", i, i);
  g_string_append (many, own);
  g_assert_cmpuint (status_of_me (desk, many->str), ==, 200);
  for (guint kib = 12; kib <= 44; kib += 16)
    {
      g_autoptr (GString) all = g_string_new (NULL);

      for (guint i = 0; i < kib / 4; i++)
        g_string_append_printf (all, "big%u=%s; ", i, junk);
      g_string_append (all, own);
      {
        g_auto (Answer) me = ask (desk, "GET", "/api/v1/me", NULL, "Cookie", all->str, NULL);

        /* What is more than the hub reads is refused with a reason. */
        g_assert_cmpuint (me.status, ==, kib < 32 ? 200 : 431);
        g_assert_true (kib < 32 || answer_text (&me, "detail") != NULL);
      }
    }
  {
    const char *token = strchr (own, '=') + 1;
    g_autofree char *quoted = g_strdup_printf (NAME "=\"%s\"", token);

    g_assert_cmpuint (status_of_me (desk, quoted), ==, 200);
  }
}

/* A proxy may hand on the cookies of HTTP/2 one by one (RFC 9113, 8.2.3). */
static void
test_several_headers (void)
{
  g_autoptr (Client) desk = client_signed_in (fixture, "127.0.0.1", "desk");
  static const char *const shapes[] = { "Cookie: a=b\r\nCookie: %s\r\n",
                                        "Cookie: %s\r\nCookie: a=b\r\n",
                                        "cookie: a=b\r\nCOOKIE: %s; c=d\r\nCookie: e=f\r\n" };

  for (gsize i = 0; i < G_N_ELEMENTS (shapes); i++)
    {
      const char *place = strstr (shapes[i], "%s");
      g_autofree char *request = g_strdup_printf (
          "GET /api/v1/me HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n%.*s%s%s\r\n",
          hub_web_get_port (fixture->web), (int) (place - shapes[i]), shapes[i], desk->cookie,
          place + 2);
      GSocketConnection *wire = wire_open (fixture);
      g_autofree char *answer = NULL;

      wire_send (wire, request);
      answer = wire_read (wire, 300, NULL);
      g_assert_true (g_str_has_prefix (answer, "HTTP/1.1 200"));
      g_object_unref (wire);
    }
}

/* More of our name than any browser has reason for: said, not passed over. */
static void
test_too_many (void)
{
  g_autoptr (Client) desk = client_signed_in (fixture, "127.0.0.1", "desk");
  g_autoptr (GString) all = g_string_new (NULL);

  for (guint i = 0; i < 8; i++)
    g_string_append_printf (all, NAME "=%c%s; ", 'B' + (int) i, NOBODY + 1);
  g_string_append (all, desk->cookie);
  {
    g_auto (Answer) me = ask (desk, "GET", "/api/v1/me", NULL, "Cookie", all->str, NULL);
    g_auto (Answer) hello = ask (desk, "GET", "/api/v1/hello", NULL, "Cookie", all->str, NULL);

    assert_problem (&me, 400, "request/cookies");
    g_assert_cmpuint (hello.status, ==, 200);
  }
}

static char *
count_in_force (Client *client)
{
  g_autofree char *query = g_strdup_printf (
      "select count(*) from web.sign_in where account = '%s' and ended_at is null", client->id);

  return sql (fixture, query);
}

/* Who signs in over somebody's sign-in ends that one, and so does who signs out. */
static void
test_signed_in_over (void)
{
  g_autoptr (Client) first = client_signed_in (fixture, "127.0.0.1", "auditor");
  g_autoptr (Client) elsewhere = client_signed_in (fixture, "127.0.0.2", "auditor");
  g_auto (Answer) over = ask (first, "POST", "/api/v1/sign-in",
                              "{\"login\": \"desk\", \"password\": \"" TEST_PASSWORD "\"}", NULL);
  g_autofree char *left = count_in_force (first);
  g_autofree char *event = NULL;
  g_autofree char *query = g_strdup_printf (
      "select actor_name || ' ' || (details ->> 'over') from karez.event where action = "
      "'account.sign-out' and subject_row = '%s' order by id desc limit 1",
      first->id);

  g_assert_cmpuint (over.status, ==, 200);
  g_assert_cmpuint (status_of_me (first, first->cookie), ==, 401);
  g_assert_cmpuint (status_of_me (elsewhere, elsewhere->cookie), ==, 200);
  g_assert_cmpstr (left, ==, "1");
  event = sql (fixture, query);
  g_assert_cmpstr (event, ==, "desk true");
  {
    g_auto (Answer) wrong = ask (elsewhere, "POST", "/api/v1/sign-in",
                                 "{\"login\": \"desk\", \"password\": \"wrong\"}", NULL);

    /* Who could not sign in has signed nobody out. */
    assert_problem (&wrong, 401, "sign-in/refused");
    g_assert_cmpuint (status_of_me (elsewhere, elsewhere->cookie), ==, 200);
  }
}

/* Of two that are in force the last one made counts, wherever it stands; both end together. */
static void
test_two_in_force (void)
{
  g_autoptr (Client) older = client_signed_in (fixture, "127.0.0.1", "engineer");
  g_autoptr (Client) newer = client_signed_in (fixture, "127.0.0.1", "desk");

  for (guint i = 0; i < 2; i++)
    {
      g_autofree char *both = g_strjoin ("; ", i == 0 ? older->cookie : newer->cookie,
                                         i == 0 ? newer->cookie : older->cookie, NULL);
      g_auto (Answer) me = ask (newer, "GET", "/api/v1/me", NULL, "Cookie", both, NULL);

      g_assert_cmpstr (answer_text (&me, "login"), ==, "desk");
    }
  {
    g_autofree char *both = g_strjoin ("; ", older->cookie, newer->cookie, NULL);
    g_auto (Answer) out = ask (newer, "POST", "/api/v1/sign-out", NULL, "Cookie", both, NULL);

    g_assert_cmpuint (out.status, ==, 204);
    g_assert_cmpuint (status_of_me (older, older->cookie), ==, 401);
    g_assert_cmpuint (status_of_me (newer, newer->cookie), ==, 401);
  }
}

static void
assert_attributes (const char *cookie)
{
  g_auto (GStrv) parts = g_strsplit (cookie, "; ", -1);

  g_test_message ("%s", cookie);
  g_assert_true (g_str_has_prefix (cookie, "__Host-karez-"));
  g_assert_true (g_strv_contains ((const char *const *) parts, "Path=/"));
  g_assert_true (g_strv_contains ((const char *const *) parts, "Secure"));
  g_assert_true (g_strv_contains ((const char *const *) parts, "HttpOnly"));
  g_assert_true (g_strv_contains ((const char *const *) parts, "SameSite=Strict"));
  g_assert_null (strstr (cookie, "Domain"));
}

/* Each cookie bears the hub's whole id: hubs that were set up in the same minute have UUIDs with
 * the same beginning. */
static void
test_attributes (void)
{
  g_autoptr (Client) client = client_new (fixture, "127.0.0.1");
  g_auto (Answer) answer = ask (client, "POST", "/api/v1/sign-in",
                                "{\"login\": \"desk\", \"password\": \"" TEST_PASSWORD "\"}", NULL);
  SoupMessageHeadersIter iter;
  const char *name, *value;
  guint n = 0;

  soup_message_headers_iter_init (&iter, soup_message_get_response_headers (answer.message));
  while (soup_message_headers_iter_next (&iter, &name, &value))
    if (g_ascii_strcasecmp (name, "Set-Cookie") == 0)
      {
        assert_attributes (value);
        g_assert_nonnull (strstr (value, TEST_HUB));
        if (n++ == 0)
          g_assert_true (g_str_has_prefix (value, NAME "="));
      }
  g_assert_cmpuint (n, ==, 2);
}

int
main (int argc, char **argv)
{
  int result;

  g_test_init (&argc, &argv, NULL);
  fixture = fixture_new (NULL);
  g_test_add_func ("/web/cookies/foreign", test_foreign);
  g_test_add_func ("/web/cookies/several-headers", test_several_headers);
  g_test_add_func ("/web/cookies/too-many", test_too_many);
  g_test_add_func ("/web/cookies/signed-in-over", test_signed_in_over);
  g_test_add_func ("/web/cookies/two-in-force", test_two_in_force);
  g_test_add_func ("/web/cookies/attributes", test_attributes);
  result = g_test_run ();
  fixture_free (fixture);
  return result;
}
