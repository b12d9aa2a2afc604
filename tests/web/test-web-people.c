/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is refused of people and accounts, and in whose words. */
#include "web-fixture.h"

#include "hub-id.h"

#include <string.h>

static Fixture *fixture;
static Client *local; /* karezctl */

static Answer
add_person (const char *id, const char *login, const char *role)
{
  g_autofree char *body = g_strdup_printf ("{\"id\": \"%s\", \"names\": {\"en\": \"P\"}, "
                                           "\"login\": \"%s\", \"password\": \"" TEST_PASSWORD
                                           "\", \"password_final\": true, \"roles\": [\"%s\"]}",
                                           id, login, role);

  return ask (local, "POST", "/api/v1/people", body, NULL);
}

static Answer
change_person (Client *client, const char *id, const char *roles, gboolean active)
{
  g_autofree char *path = g_strconcat ("/api/v1/people/", id, NULL);
  g_autofree char *body = g_strdup_printf (
      "{\"names\": {\"en\": \"P\"}, \"roles\": [%s], \"active\": %s}", roles,
      active ? "true" : "false");

  return ask (client, "PUT", path, body, NULL);
}

#define assert_added(answer) g_assert_cmpuint ((answer).status, ==, 201)

/* In words for whoever typed it, at the field, and without the database's own names. */
static void
assert_for_people (Answer *answer, const char *rule, const char *pointer)
{
  assert_problem (answer, 409, rule);
  g_assert_cmpstr (answer_text (answer, "pointer"), ==, pointer);
  g_assert_nonnull (answer_text (answer, "accepted"));
  g_assert_null (strchr (answer_text (answer, "detail"), '_'));
}

static void
test_taken (void)
{
  g_autofree char *id = hub_id_new ();
  g_autofree char *other = hub_id_new ();
  g_auto (Answer) added = add_person (id, "gulnar", "desk");
  g_auto (Answer) login = add_person (other, "gulnar", "desk");
  g_auto (Answer) same = add_person (id, "gulnar2", "desk");

  assert_added (added);
  assert_for_people (&login, "people/login-taken", "/login");
  assert_for_people (&same, "people/exists", "/id");
}

static void
test_directory_taken (void)
{
  static const char *const paths[] = { "/api/v1/organisations", "/api/v1/patients" };

  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_autofree char *id = hub_id_new ();
      g_autofree char *body = g_strdup_printf ("{\"id\": \"%s\", \"names\": {\"en\": \"P\"}%s}", id,
                                               i == 0 ? ", \"level\": \"village\"" : "");
      g_auto (Answer) added = ask (local, "POST", paths[i], body, NULL);
      g_auto (Answer) again = ask (local, "POST", paths[i], body, NULL);

      assert_added (added);
      assert_for_people (&again, "directory/exists", "/id");
    }
}

static void
test_no_parent (void)
{
  g_autofree char *id = hub_id_new ();
  g_autofree char *parent = hub_id_new ();
  g_autofree char *body = g_strdup_printf (
      "{\"id\": \"%s\", \"parent\": \"%s\", \"names\": {\"en\": \"P\"}, \"level\": \"village\"}",
      id, parent);
  g_auto (Answer) answer = ask (local, "POST", "/api/v1/organisations", body, NULL);

  assert_for_people (&answer, "directory/parent", "/parent");
}

static char *
administrator_id (void)
{
  return sql (fixture, "select id from web.account where login = 'administrator'");
}

/* By roles or by disabling, by whoever is allowed to: somebody must be left. */
static void
test_last_administrator (void)
{
  g_autofree char *id = administrator_id ();
  g_autofree char *other = hub_id_new ();
  g_auto (Answer) disabled = change_person (local, id, "\"administrator\"", FALSE);
  g_auto (Answer) moved = change_person (local, id, "\"desk\", \"engineer\"", TRUE);
  g_auto (Answer) renamed = change_person (local, id, "\"desk\", \"administrator\"", TRUE);
  g_auto (Answer) second = add_person (other, "second", "administrator");
  g_auto (Answer) out = change_person (local, other, "\"administrator\"", FALSE);
  g_auto (Answer) still = change_person (local, id, "\"administrator\"", FALSE);
  g_auto (Answer) in = change_person (local, other, "\"administrator\"", TRUE);
  g_auto (Answer) fine = change_person (local, id, "\"administrator\"", FALSE);
  g_auto (Answer) last = change_person (local, other, "\"auditor\"", TRUE);
  g_auto (Answer) back = change_person (local, id, "\"administrator\"", TRUE);
  g_auto (Answer) gone = change_person (local, other, "\"auditor\"", FALSE);

  assert_problem (&disabled, 409, "people/last-administrator");
  g_assert_nonnull (answer_text (&disabled, "accepted"));
  assert_problem (&moved, 409, "people/last-administrator");
  g_assert_cmpuint (renamed.status, ==, 204);
  assert_added (second);
  g_assert_cmpuint (out.status, ==, 204);
  assert_problem (&still, 409, "people/last-administrator"); /* the second one is disabled */
  g_assert_cmpuint (in.status, ==, 204);
  g_assert_cmpuint (fine.status, ==, 204);
  assert_problem (&last, 409, "people/last-administrator");
  g_assert_cmpuint (back.status, ==, 204);
  g_assert_cmpuint (gone.status, ==, 204);
}

typedef struct
{
  SoupMessage *message;
  gboolean done;
} Put;

static void
on_put (GObject *source, GAsyncResult *result, gpointer data)
{
  Put *put = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes)
      bytes = soup_session_send_and_read_finish (SOUP_SESSION (source), result, &error);

  g_assert_no_error (error);
  put->done = TRUE;
}

static void
put_begin (Put *put, const char *id)
{
  g_autofree char *uri = g_strdup_printf ("http://localhost/api/v1/people/%s", id);
  g_autofree char *key = hub_id_new ();
  const char *body = "{\"names\": {\"en\": \"P\"}, \"roles\": [\"desk\"], \"active\": true}";
  g_autoptr (GBytes) bytes = g_bytes_new_static (body, strlen (body));

  put->message = soup_message_new ("PUT", uri);
  soup_message_set_request_body_from_bytes (put->message, "application/json", bytes);
  soup_message_headers_append (soup_message_get_request_headers (put->message), "Idempotency-Key",
                               key);
  soup_session_send_and_read_async (local->session, put->message, 0, NULL, on_put, put);
}

/* The two of them at the same moment: one is left. */
static void
test_two_at_once (void)
{
  g_autofree char *id = administrator_id ();

  for (guint i = 0; i < 10; i++)
    {
      g_autofree char *other = hub_id_new ();
      g_autofree char *login = g_strdup_printf ("pair%u", i);
      g_auto (Answer) added = add_person (other, login, "administrator");
      Put one = { 0 }, two = { 0 };

      assert_added (added);
      put_begin (&one, id);
      put_begin (&two, other);
      run_until (one.done && two.done);
      g_assert_cmpuint (soup_message_get_status (one.message)
                            + soup_message_get_status (two.message),
                        ==, 204 + 409);
      {
        gboolean first = soup_message_get_status (one.message) == 204;
        g_auto (Answer) back = change_person (local, first ? id : other, "\"administrator\"", TRUE);
        g_auto (Answer) out = change_person (local, other, "\"desk\"", TRUE);

        g_assert_cmpuint (back.status, ==, 204);
        g_assert_cmpuint (out.status, ==, 204);
      }
      g_object_unref (one.message);
      g_object_unref (two.message);
    }
}

static double
refused (void)
{
  g_auto (Answer) metrics = ask (local, "GET", "/metrics", NULL, NULL);
  g_autofree char *text = g_strndup (g_bytes_get_data (metrics.bytes, NULL),
                                     g_bytes_get_size (metrics.bytes));
  const char *found = strstr (text, "\nkarez_sign_ins_refused_total ");

  g_assert_nonnull (found);
  return g_ascii_strtod (found + strlen ("\nkarez_sign_ins_refused_total "), NULL);
}

static void
test_refused_total (void)
{
  g_autoptr (Client) client = client_new (fixture, "127.0.0.9");
  g_autofree char *long_login = g_strnfill (65, 'a');
  double before = refused ();
  g_auto (Answer) wrong = sign_in (client, "desk", "another password");
  g_auto (Answer) unknown = sign_in (client, "nobody", "another password");

  assert_problem (&wrong, 401, "sign-in/refused");
  assert_problem (&unknown, 401, "sign-in/refused");
  g_assert_cmpfloat (refused (), ==, before + 2);
  {
    g_auto (Answer) strange = sign_in (client, long_login, "another password");
    g_auto (Answer) in = sign_in (client, "desk", TEST_PASSWORD);

    g_assert_cmpuint (strange.status, ==, 422);
    g_assert_cmpuint (in.status, ==, 200);
  }
  g_assert_cmpfloat (refused (), ==, before + 3);
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  fixture = fixture_new (NULL);
  local = client_new (fixture, NULL);
  g_test_add_func ("/web/people/taken", test_taken);
  g_test_add_func ("/web/people/directory-taken", test_directory_taken);
  g_test_add_func ("/web/people/no-parent", test_no_parent);
  g_test_add_func ("/web/people/last-administrator", test_last_administrator);
  g_test_add_func ("/web/people/two-at-once", test_two_at_once);
  g_test_add_func ("/web/people/refused-total", test_refused_total);
  status = g_test_run ();
  client_free (local);
  fixture_free (fixture);
  return status;
}
