/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The HTTP server: sign-in, paths, what is refused. */
#include "web-fixture.h"

#include "hub-id.h"

#include <string.h>

static Fixture *fixture;

/* The members of a list answer. */
static JsonArray *
items (Answer *answer)
{
  g_assert_nonnull (answer->body);
  return json_object_get_array_member (json_node_get_object (answer->body), "items");
}

static guint
count_sql (const char *statement)
{
  g_autofree char *text = sql (fixture, statement);

  return (guint) g_ascii_strtoull (text, NULL, 10);
}

static void
test_hello (void)
{
  g_autoptr (Client) client = client_new (fixture, "127.0.0.1");
  g_auto (Answer) answer = ask (client, "GET", "/api/v1/hello", NULL, NULL);
  g_auto (Answer) head = ask (client, "HEAD", "/api/v1/hello", NULL, NULL);

  g_assert_cmpuint (answer.status, ==, 200);
  g_assert_cmpstr (answer_text (&answer, "hub"), ==, TEST_HUB);
  g_assert_cmpstr (answer_header (&answer, "Cache-Control"), ==, "no-store");
  g_assert_cmpstr (answer_header (&answer, "X-Content-Type-Options"), ==, "nosniff");
  g_assert_cmpuint (head.status, ==, 200);
  g_assert_cmpuint (g_bytes_get_size (head.bytes), ==, 0);
}

static void
test_paths (void)
{
  g_autoptr (Client) client = client_new (fixture, "127.0.0.1");
  static const char *const missing[] = {
    "/api/v1/mex",
    "/api/v1/me/",
    "/api/v1",
    "/api/v1/",
    "/api/v2/me",
    "/apix",
    "/healthzx",
    "/api/v1/livex",
    "/api/v1/%2e%2e/me",
    "/nothing.js",
    "/assets/../index.html/x",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (missing); i++)
    {
      g_auto (Answer) answer = ask (client, "GET", missing[i], NULL, NULL);

      assert_problem (&answer, 404, "request/path");
    }
  {
    g_auto (Answer) answer = ask (client, "DELETE", "/api/v1/me", NULL, NULL);

    assert_problem (&answer, 405, "request/method");
    g_assert_cmpstr (answer_header (&answer, "Allow"), ==, "GET");
  }
}

static void
test_nobody (void)
{
  g_autoptr (Client) client = client_new (fixture, "127.0.0.1");
  g_auto (Answer) answer = ask (client, "GET", "/api/v1/me", NULL, NULL);
  g_auto (Answer) forged = ask (client, "GET", "/api/v1/me", NULL, "Cookie",
                                TEST_COOKIE "=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", NULL);
  g_auto (Answer)
      chinese = ask (client, "GET", "/api/v1/me", NULL, "Accept-Language", "zh-CN,en;q=0.5", NULL);

  assert_problem (&answer, 401, "sign-in/none");
  assert_problem (&forged, 401, "sign-in/none");
  assert_problem (&chinese, 401, "sign-in/none");
  g_assert_cmpstr (answer_text (&chinese, "title"), ==, "无人登录");
  g_assert_cmpstr (answer_header (&chinese, "Content-Language"), ==, "zh-CN");
}

static void
test_sign_in (void)
{
  g_autoptr (Client) client = client_new (fixture, "127.0.0.1");
  g_auto (Answer) answer = ask (client, "POST", "/api/v1/sign-in",
                                "{\"login\": \"Desk\", \"password\": \"" TEST_PASSWORD "\"}", NULL);
  g_autofree char *cookie = answer_cookie (&answer, TEST_COOKIE);
  g_autofree char *stored = sql (fixture, "select max (octet_length (token)) from web.sign_in");
  g_autofree char *event = NULL;
  g_autofree char *token = NULL;
  g_autofree char *query = NULL;

  g_assert_cmpuint (answer.status, ==, 200);
  g_assert_cmpstr (answer_text (&answer, "login"), ==, "desk");
  g_assert_nonnull (cookie);
  g_assert_cmpstr (stored, ==, "32");

  /* Neither the token nor the CSRF token is in the database, in text or in bytes. */
  token = g_strndup (strchr (cookie, '=') + 1, 43);
  query = g_strdup_printf (
      "select count(*) from web.sign_in s where s.token = decode (translate ('%s', '-_', '+/') "
      "|| '=', 'base64') or s::text like '%%%s%%'",
      token, token);
  g_assert_cmpuint (count_sql (query), ==, 0);
  event = sql (fixture, "select actor_name || ' ' || address || ' ' || subject_table from "
                        "karez.event where action = 'account.sign-in' order by id desc limit 1");
  g_assert_cmpstr (event, ==, "desk 127.0.0.1 account");
}

/* Who comes by a proxy is known by their own address, to the audit log and to the limits; who says
 * so without being one is not believed. */
static void
test_proxy (void)
{
  static const char wrong[] = "{\"login\": \"nobody\", \"password\": \"x\"}";
  g_autoptr (Client) proxy = client_new (fixture, TEST_PROXY);
  g_autoptr (Client) liar = client_new (fixture, "127.0.0.98");
  const char *last = "select address from karez.event where action = 'account.sign-in-refused' "
                     "order by id desc limit 1";

  for (guint i = 0; i < 2; i++)
    {
      g_auto (Answer) refused = ask (i == 0 ? proxy : liar, "POST", "/api/v1/sign-in", wrong,
                                     "X-Forwarded-For", "127.0.0.1, 198.51.100.7", NULL);
      g_autofree char *address = sql (fixture, last);

      assert_problem (&refused, 401, "sign-in/refused");
      g_assert_cmpstr (address, ==, i == 0 ? "198.51.100.7" : "127.0.0.98");
    }
}

/* The next sign-in forgets those that nobody can use any more, of this account. */
static void
test_forgotten (void)
{
  g_autoptr (Client) first = client_signed_in (fixture, "127.0.0.1", "desk");
  g_autoptr (Client) other = client_signed_in (fixture, "127.0.0.1", "auditor");
  guint64 before = count_sql ("select count(*) from web.sign_in");
  g_autofree char *aged = NULL;

  aged = sql (fixture, "begin; set local session_replication_role = replica;"
                       "update web.sign_in set expires_at = now () - interval '2 days' where id in"
                       " (select distinct on (account) id from web.sign_in order by account, "
                       "created_at desc); commit");
  g_clear_pointer (&first, client_free);
  first = client_signed_in (fixture, "127.0.0.1", "desk");
  g_assert_cmpuint (count_sql ("select count(*) from web.sign_in"), ==, before);
  g_assert_cmpuint (count_sql ("select count(*) from web.sign_in where expires_at < now ()"), ==,
                    count_sql ("select count (distinct account) - 1 from web.sign_in"));
}

static void
test_sign_out (void)
{
  g_autoptr (Client) client = client_signed_in (fixture, "127.0.0.1", "desk");
  g_auto (Answer) me = ask (client, "GET", "/api/v1/me", NULL, NULL);
  g_auto (Answer) out = ask (client, "POST", "/api/v1/sign-out", NULL, NULL);
  g_auto (Answer) after = ask (client, "GET", "/api/v1/me", NULL, NULL);

  g_assert_cmpuint (me.status, ==, 200);
  g_assert_cmpuint (out.status, ==, 204);
  g_assert_nonnull (strstr (answer_header (&out, "Set-Cookie"), "Max-Age=0"));
  assert_problem (&after, 401, "sign-in/none");
}

static void
test_csrf_and_origin (void)
{
  g_autoptr (Client) client = client_signed_in (fixture, "127.0.0.1", "desk");
  const char *body = "{\"language\": \"ug\"}";
  const char *path = "/api/v1/me/language";
  g_auto (Answer) none = ask (client, "PUT", path, body, "X-Karez-Token", NULL, NULL);
  g_auto (Answer) wrong = ask (client, "PUT", path, body, "X-Karez-Token", "x", NULL);
  g_auto (Answer) foreign = ask (client, "PUT", path, body, "Origin", "http://evil.example", NULL);
  g_auto (Answer) null = ask (client, "PUT", path, body, "Origin", "null", NULL);
  g_auto (Answer)
      near = ask (client, "PUT", path, body, "Origin", TEST_ORIGIN ".evil.example", NULL);
  g_auto (Answer) cross = ask (client, "PUT", path, body, "Sec-Fetch-Site", "cross-site", NULL);
  g_autofree char *other = g_strdup_printf ("http://localhost:%u", hub_web_get_port (fixture->web));
  g_autofree char *own = g_strdup_printf ("http://127.0.0.1:%u", hub_web_get_port (fixture->web));
  /* Another program of the browser's machine, at the hub's port; and the hub by that name. */
  g_auto (Answer) local = ask (client, "PUT", path, body, "Origin", other, NULL);
  g_auto (Answer) same = ask (client, "PUT", path, body, "Origin", own, NULL);
  g_auto (Answer) right = ask (client, "PUT", path, body, "Origin", TEST_ORIGIN, NULL);
  g_auto (Answer) me = ask (client, "GET", "/api/v1/me", NULL, NULL);

  assert_problem (&none, 403, "request/token");
  assert_problem (&wrong, 403, "request/token");
  assert_problem (&foreign, 403, "request/origin");
  assert_problem (&null, 403, "request/origin");
  assert_problem (&near, 403, "request/origin");
  assert_problem (&cross, 403, "request/origin");
  assert_problem (&local, 403, "request/origin");
  g_assert_cmpuint (same.status, ==, 204);
  g_assert_cmpuint (right.status, ==, 204);
  g_assert_cmpstr (answer_text (&me, "language"), ==, "ug");
}

static void
test_host (void)
{
  g_autoptr (Client) client = client_new (fixture, "127.0.0.1");
  g_auto (Answer) evil = ask (client, "GET", "/api/v1/hello", NULL, "Host", "evil.example", NULL);
  g_auto (Answer) page = ask (client, "GET", "/", NULL, "Host", "evil.example", NULL);
  g_auto (Answer)
      ours = ask (client, "GET", "/api/v1/hello", NULL, "Host", "aral.localhost:8801", NULL);
  g_auto (Answer) watch = ask (client, "GET", "/healthz", NULL, "Host", "10.0.0.7:8801", NULL);

  assert_problem (&evil, 421, "request/host");
  assert_problem (&page, 421, "request/host");
  g_assert_cmpuint (ours.status, ==, 200);
  g_assert_cmpuint (watch.status, ==, 200);
}

/* A parameter is not cut at %00; the rest is in test-web-query.c. */
static void
test_query (void)
{
  g_autoptr (Client) client = client_new (fixture, "127.0.0.1");
  g_auto (Answer) answer = ask (client, "GET", "/api/v1/hello?a=1%00b", NULL, NULL);

  assert_problem (&answer, 400, "request/query");
}

static void
test_bad_bodies (void)
{
  g_autoptr (Client) client = client_new (fixture, NULL);
  g_autofree char *deep = g_strnfill (100, '[');
  static const struct
  {
    const char *body, *rule, *pointer;
    guint status;
  } cases[] = {
    { "{", "json/syntax", NULL, 400 },
    { "{\"login\": \"\xff\"}", "json/utf-8", NULL, 400 },
    { "{\"login\": \"a\", \"login\": \"b\"}", "json/duplicate", NULL, 400 },
    { "{\"login\": \"a\", \"password\": \"b\", \"x\": 1}", "json/unknown", "/x", 422 },
    { "{\"login\": \"a\"}", "json/missing", "/password", 422 },
    { "{\"login\": 1, \"password\": \"b\"}", "json/type", "/login", 422 },
    { "{\"login\": \"\", \"password\": \"b\"}", "json/length", "/login", 422 },
    { "{\"login\": \"a\\u0000b\", \"password\": \"b\"}", "json/text", "/login", 422 },
    { "{\"login\": \"a\", \"password\": \"\\ud83d\"}", "json/text", "/password", 422 },
    { "{'login': 'a', 'password': 'b'}", "json/syntax", NULL, 400 },
    { "[]", "json/object", NULL, 400 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (Answer) answer = ask (client, "POST", "/api/v1/sign-in", cases[i].body, NULL);

      assert_problem (&answer, cases[i].status, cases[i].rule);
      if (cases[i].pointer != NULL)
        g_assert_cmpstr (answer_text (&answer, "pointer"), ==, cases[i].pointer);
    }
  {
    g_auto (Answer) nested = ask (client, "POST", "/api/v1/sign-in", deep, NULL);
    g_auto (Answer) none = ask (client, "POST", "/api/v1/sign-in", NULL, NULL);
    g_auto (Answer) form = ask (client, "POST", "/api/v1/sign-in", "login=a", "Content-Type",
                                "application/x-www-form-urlencoded", NULL);

    assert_problem (&nested, 413, "json/depth");
    assert_problem (&none, 400, "json/object");
    assert_problem (&form, 415, "request/media-type");
  }
}

static char *
person_body (const char *id, const char *login, const char *role, gboolean final)
{
  return g_strdup_printf ("{\"id\": \"%s\", \"names\": {\"en\": \"New\", \"zh_CN\": \"新\"}, "
                          "\"login\": \"%s\", \"password\": \"" TEST_PASSWORD
                          "\", %s\"roles\": [\"%s\"]}",
                          id, login, final ? "\"password_final\": true, " : "", role);
}

static void
test_idempotency (void)
{
  g_autoptr (Client) client = client_signed_in (fixture, "127.0.0.1", "administrator");
  g_autofree char *id = hub_id_new ();
  g_autofree char *key = hub_id_new ();
  g_autofree char *body = person_body (id, "again", "bedside", FALSE);
  g_autofree char *other = person_body (id, "other", "bedside", FALSE);
  const char *path = "/api/v1/people";
  g_auto (Answer) none = ask (client, "POST", path, body, "Idempotency-Key", NULL, NULL);
  g_auto (Answer) no_uuid = ask (client, "POST", path, body, "Idempotency-Key", "1", NULL);
  g_auto (Answer) first = ask (client, "POST", path, body, "Idempotency-Key", key, NULL);
  g_auto (Answer) again = ask (client, "POST", path, body, "Idempotency-Key", key, NULL);
  g_auto (Answer) reused = ask (client, "POST", path, other, "Idempotency-Key", key, NULL);
  g_auto (Answer) taken = ask (client, "POST", path, body, NULL);

  assert_problem (&none, 400, "request/key");
  assert_problem (&no_uuid, 400, "request/key");
  g_assert_cmpuint (first.status, ==, 201);
  g_assert_nonnull (strstr (answer_header (&first, "Location"), id));
  g_assert_cmpuint (again.status, ==, 200);
  g_assert_true (json_object_get_boolean_member (json_node_get_object (again.body), "repeated"));
  assert_problem (&reused, 409, "request/reused");
  g_assert_cmpuint (taken.status, ==, 409);
  g_assert_cmpuint (count_sql ("select count(*) from web.account where login = 'again'"), ==, 1);
}

static void
test_people (void)
{
  g_autoptr (Client) administrator = client_signed_in (fixture, "127.0.0.1", "administrator");
  g_autoptr (Client) desk = client_signed_in (fixture, "127.0.0.1", "desk");
  g_auto (Answer) full = ask (administrator, "GET", "/api/v1/people", NULL, NULL);
  g_auto (Answer) names = ask (desk, "GET", "/api/v1/people", NULL, NULL);
  g_auto (Answer) organisations = ask (desk, "GET", "/api/v1/organisations", NULL, NULL);
  JsonObject *person;

  g_assert_cmpuint (full.status, ==, 200);
  person = json_array_get_object_element (items (&full), 0);
  g_assert_true (json_object_has_member (person, "login"));
  g_assert_true (json_object_has_member (person, "roles"));
  person = json_array_get_object_element (items (&names), 0);
  g_assert_true (json_object_has_member (person, "names"));
  g_assert_false (json_object_has_member (person, "login"));
  g_assert_false (json_object_has_member (person, "active"));
  g_assert_cmpuint (json_array_get_length (items (&organisations)), ==, 1);
}

static void
test_people_refused (void)
{
  g_autoptr (Client) client = client_signed_in (fixture, "127.0.0.1", "administrator");
  g_autofree char *id = hub_id_new ();
  g_autofree char *login = person_body (id, "-x", "desk", FALSE);
  g_autofree char *role = person_body (id, "wizard", "wizard", FALSE);
  g_autofree char *own = g_strdup_printf ("/api/v1/people/%s", client->id);
  const char *change = "{\"names\": {\"en\": \"x\"}, \"roles\": [\"desk\"], \"active\": true}";
  g_auto (Answer) bad_login = ask (client, "POST", "/api/v1/people", login, NULL);
  g_auto (Answer) bad_role = ask (client, "POST", "/api/v1/people", role, NULL);
  g_auto (Answer) bad_name = ask (
      client, "PUT", own,
      "{\"names\": {\"en\": \"x\", \"fr\": \"y\"}, \"roles\": [\"desk\"], \"active\": true}", NULL);
  g_auto (Answer) suicide = ask (client, "PUT", own, change, NULL);
  g_auto (Answer) nobody = ask (
      client, "PUT", "/api/v1/people/01930000-0000-7000-8000-000000000000", change, NULL);
  g_auto (Answer) no_id = ask (client, "PUT", "/api/v1/people/1", change, NULL);

  assert_problem (&bad_login, 422, "people/login");
  assert_problem (&bad_role, 422, "people/role");
  g_assert_cmpstr (answer_text (&bad_role, "pointer"), ==, "/roles/0");
  assert_problem (&bad_name, 422, "json/unknown");
  g_assert_cmpstr (answer_text (&bad_name, "pointer"), ==, "/names/fr");
  assert_problem (&suicide, 409, "people/own-account");
  assert_problem (&nobody, 409, "people/not-found");
  assert_problem (&no_id, 404, "people/not-found");
}

static void
test_roles (void)
{
  g_autoptr (Client) desk = client_signed_in (fixture, "127.0.0.1", "desk");
  g_autoptr (Client) auditor = client_signed_in (fixture, "127.0.0.1", "auditor");
  g_auto (Answer) write = ask (desk, "POST", "/api/v1/people", "{}", NULL);
  g_auto (Answer) patients = ask (auditor, "GET", "/api/v1/patients", NULL, NULL);
  g_autofree char *event = NULL;

  assert_problem (&write, 403, "access/people.write");
  assert_problem (&patients, 403, "access/patient.read");
  run_ms (300);
  event = sql (fixture, "select count(*) from karez.event where action = 'request.refused' and "
                        "outcome = 4 and details ->> 'permission' = 'people.write'");
  g_assert_cmpstr (event, ==, "1");
}

/* What is read is recorded before a byte of it leaves. */
static void
test_patients (void)
{
  g_autoptr (Client) desk = client_signed_in (fixture, "127.0.0.1", "desk");
  g_auto (Answer) answer = ask (desk, "GET", "/api/v1/patients", NULL, NULL);
  g_autofree char *event = sql (
      fixture, "select details -> 'patients' ->> 0 from karez.event where action = "
               "'patient.list'");

  g_assert_cmpuint (answer.status, ==, 200);
  g_assert_cmpuint (json_array_get_length (items (&answer)), ==, 1);
  g_assert_cmpstr (event, ==, "01930000-0000-7000-8000-00000000c001");
}

/* Somebody's rights end everywhere at once. */
static void
test_deactivated (void)
{
  g_autoptr (Client) administrator = client_signed_in (fixture, "127.0.0.1", "administrator");
  g_autofree char *id = hub_id_new ();
  g_autofree char *body = person_body (id, "leaver", "desk", TRUE);
  g_autoptr (Client) local = client_new (fixture, NULL);
  g_auto (Answer) made = ask (local, "POST", "/api/v1/people", body, NULL);
  g_autoptr (Client) leaver = client_signed_in (fixture, "127.0.0.1", "leaver");
  g_auto (Answer) before = ask (leaver, "GET", "/api/v1/patients", NULL, NULL);
  g_autofree char *path = g_strconcat ("/api/v1/people/", id, NULL);
  g_auto (Answer) moved = ask (
      administrator, "PUT", path,
      "{\"names\": {\"en\": \"x\"}, \"roles\": [\"auditor\"], \"active\": true}", NULL);
  g_auto (Answer) other_role = ask (leaver, "GET", "/api/v1/patients", NULL, NULL);
  g_auto (Answer) ended = ask (
      administrator, "PUT", path,
      "{\"names\": {\"en\": \"x\"}, \"roles\": [\"auditor\"], \"active\": false}", NULL);
  g_auto (Answer) after = ask (leaver, "GET", "/api/v1/me", NULL, NULL);
  g_auto (Answer) back = ask (leaver, "POST", "/api/v1/sign-in",
                              "{\"login\": \"leaver\", \"password\": \"" TEST_PASSWORD "\"}", NULL);

  g_assert_cmpuint (made.status, ==, 201);
  g_assert_cmpuint (before.status, ==, 200);
  g_assert_cmpuint (moved.status, ==, 204);
  assert_problem (&other_role, 403, "access/patient.read");
  g_assert_cmpuint (ended.status, ==, 204);
  assert_problem (&after, 401, "sign-in/none");
  assert_problem (&back, 401, "sign-in/refused");
}

typedef struct
{
  guint wrong, told_to_wait, other, pending;
} Tally;

static void
on_try (GObject *source, GAsyncResult *result, gpointer data)
{
  Tally *tally = data;
  g_autoptr (GBytes)
      bytes = soup_session_send_and_read_finish (SOUP_SESSION (source), result, NULL);
  SoupMessage *message = soup_session_get_async_result_message (SOUP_SESSION (source), result);
  guint status = soup_message_get_status (message);

  tally->pending--;
  if (status == 401)
    tally->wrong++;
  else if (status == 429
           && soup_message_headers_get_one (soup_message_get_response_headers (message),
                                            "Retry-After")
                  != NULL)
    tally->told_to_wait++;
  else
    tally->other++;
}

static void
try_wrong (Client *client, const char *login, Tally *tally)
{
  g_autofree char *url = g_strdup_printf ("http://127.0.0.1:%u/api/v1/sign-in",
                                          hub_web_get_port (fixture->web));
  g_autoptr (SoupMessage) message = soup_message_new ("POST", url);
  g_autofree char *text = g_strdup_printf ("{\"login\": \"%s\", \"password\": \"a wrong one\"}",
                                           login);
  g_autoptr (GBytes) body = g_bytes_new (text, strlen (text));

  soup_message_set_request_body_from_bytes (message, "application/json", body);
  tally->pending++;
  soup_session_send_and_read_async (client->session, message, G_PRIORITY_DEFAULT, NULL, on_try,
                                    tally);
}

/* A hundred wrong passwords at once: ten are looked at, the rest must wait; all are on record; the
 * same person comes in from elsewhere and another one from the same address, meanwhile. */
static void
test_hundred_wrong_passwords (void)
{
  g_autoptr (Client) attacker = client_new (fixture, "127.0.0.66");
  Tally tally = { 0 };
  g_autofree char *recorded = NULL;

  for (guint i = 0; i < 100; i++)
    try_wrong (attacker, "engineer", &tally);
  {
    g_autoptr (Client) engineer = client_signed_in (fixture, "127.0.0.1", "engineer");
    g_autoptr (Client) neighbour = client_signed_in (fixture, "127.0.0.66", "desk");
  }
  run_until (tally.pending == 0);
  /* On a slow machine the first waits are over before the last try comes. */
  g_assert_cmpuint (tally.wrong, >=, 10);
  g_assert_cmpuint (tally.wrong, <=, 15);
  g_assert_cmpuint (tally.wrong + tally.told_to_wait, ==, 100);
  g_assert_cmpuint (tally.other, ==, 0);

  for (guint i = 0; i < 60 && g_strcmp0 (recorded, "100") != 0; i++)
    {
      g_free (recorded);
      run_ms (250);
      recorded = sql (fixture, "select sum (coalesce ((details ->> 'tries')::int, 1)) from "
                               "karez.event where action = 'account.sign-in-refused' and outcome "
                               "= 4 and address = '127.0.0.66'");
    }
  g_assert_cmpstr (recorded, ==, "100");
  g_assert_cmpuint (count_sql ("select count(*) from karez.event where action = "
                               "'account.sign-in-refused' and address = '127.0.0.66'"),
                    <=, 20);
}

static void
test_unknown_login (void)
{
  g_autoptr (Client) client = client_new (fixture, "127.0.0.67");
  g_auto (Answer) unknown = ask (client, "POST", "/api/v1/sign-in",
                                 "{\"login\": \"my secret\", \"password\": \"x\"}", NULL);
  g_auto (Answer) known = ask (client, "POST", "/api/v1/sign-in",
                               "{\"login\": \"desk\", \"password\": \"x\"}", NULL);

  /* Word for word the same, and the typed login, which may be a password, is kept nowhere. */
  assert_problem (&unknown, 401, "sign-in/refused");
  g_assert_true (g_bytes_equal (unknown.bytes, known.bytes));
  g_assert_cmpuint (
      count_sql ("select count(*) from karez.event e where e::text like '%my secret%'"), ==, 0);
}

static void
test_local (void)
{
  g_autoptr (Client) local = client_new (fixture, NULL);
  g_auto (Answer) me = ask (local, "GET", "/api/v1/me", NULL, NULL);
  g_auto (Answer) out = ask (local, "POST", "/api/v1/sign-out", NULL, NULL);
  g_auto (Answer)
      unnamed = ask (local, "POST", "/api/v1/people", "{}", "Idempotency-Key", NULL, NULL);
  g_autofree char *event = sql (fixture, "select actor_kind from karez.event where action = "
                                         "'person.create' order by id limit 1");
  g_autofree char *name = sql (fixture, "select actor_name from karez.event where action = "
                                        "'person.create' order by id limit 1");
  g_autofree char *expected = g_strdup_printf ("karezctl (%s", g_get_user_name ());

  g_assert_cmpuint (me.status, ==, 200);
  g_assert_cmpstr (answer_text (&me, "id"), ==, "local");
  assert_problem (&out, 409, "sign-in/local");
  assert_problem (&unnamed, 400, "request/key");
  g_assert_cmpstr (event, ==, "local");
  /* Who may have been somebody else before sudo. */
  g_assert_true (g_str_has_prefix (name, expected));
  g_assert_true (g_str_has_suffix (name, ")"));
}

static void
test_static (void)
{
  g_autoptr (Client) client = client_new (fixture, "127.0.0.1");
  g_auto (Answer) index = ask (client, "GET", "/", NULL, NULL);
  g_auto (Answer) again = ask (client, "GET", "/index.html", NULL, "If-None-Match",
                               answer_header (&index, "ETag"), NULL);
  g_auto (Answer) weak = ask (client, "GET", "/", NULL, "If-None-Match", "\"x\", W/\"y\"", NULL);
  g_auto (Answer) hashed = ask (client, "GET", "/assets/desk-K3Q7ZL5A.js", NULL, NULL);
  g_auto (Answer) gzip = ask (client, "GET", "/assets/desk-K3Q7ZL5A.js", NULL, "Accept-Encoding",
                              "br, gzip", NULL);
  g_auto (Answer) plain = ask (client, "GET", "/assets/category.js", NULL, NULL);
  g_auto (Answer) post = ask (client, "POST", "/index.html", "{}", NULL);
  const char *policy = answer_header (&index, "Content-Security-Policy");

  g_assert_cmpuint (index.status, ==, 200);
  g_assert_cmpstr (answer_header (&index, "Content-Type"), ==, "text/html; charset=utf-8");
  g_assert_cmpstr (answer_header (&index, "Cache-Control"), ==, "no-cache");
  g_assert_true (g_str_has_prefix (policy, "default-src 'none'; script-src 'self'"));
  g_assert_nonnull (strstr (policy, "ws://aral.localhost:8801"));
  g_assert_null (strstr (policy, "unsafe"));
  g_assert_cmpstr (answer_header (&index, "Cross-Origin-Opener-Policy"), ==, "same-origin");
  g_assert_cmpstr (answer_header (&index, "Referrer-Policy"), ==, "no-referrer");
  g_assert_cmpuint (again.status, ==, 304);
  g_assert_cmpuint (g_bytes_get_size (again.bytes), ==, 0);
  g_assert_cmpuint (weak.status, ==, 200);
  g_assert_nonnull (strstr (answer_header (&hashed, "Cache-Control"), "immutable"));
  g_assert_cmpstr (answer_header (&plain, "Cache-Control"), ==, "no-cache");
  g_assert_cmpstr (answer_header (&gzip, "Content-Encoding"), ==, "gzip");
  g_assert_cmpstr (answer_header (&gzip, "Vary"), ==, "Accept-Encoding");
  g_assert_cmpstr (answer_header (&gzip, "ETag"), !=, answer_header (&plain, "ETag"));
  assert_problem (&post, 404, "request/path");
}

static void
test_watch (void)
{
  g_autoptr (Client) client = client_new (fixture, "127.0.0.1");
  g_auto (Answer) alive = ask (client, "GET", "/healthz", NULL, NULL);
  g_auto (Answer) ready = ask (client, "GET", "/readyz", NULL, NULL);
  g_auto (Answer) metrics = ask (client, "GET", "/metrics", NULL, NULL);
  g_autofree char *text = g_strndup (g_bytes_get_data (metrics.bytes, NULL),
                                     g_bytes_get_size (metrics.bytes));

  g_assert_cmpuint (alive.status, ==, 200);
  g_assert_cmpuint (ready.status, ==, 200);
  g_assert_nonnull (strstr (text, "\nkarez_http_connections "));
  g_assert_null (strstr (text, "\nkarez_http_connections 0\n"));
  g_assert_nonnull (strstr (text, "\nkarez_sign_ins_refused_total "));
}

/* A route of somebody else. */
static KarezRequest *held;

static void
hold (KarezRequest *request, gpointer data)
{
  held = g_object_ref (request);
}

static void
echo (KarezRequest *request, gpointer data)
{
  karez_request_respond (request, 200,
                         karez_json_object ("part", "s",
                                            karez_request_get_path_part (request, "part"), "query",
                                            "s", karez_request_get_query (request, "q"), NULL));
}

static gboolean
add_route (const char *method, const char *path, const char *permission, KarezRouteFunc func,
           GError **error)
{
  return karez_routes_add (KAREZ_ROUTES (fixture->web), method, path, permission, func, NULL, NULL,
                           error);
}

static void
test_routes (void)
{
  static const struct
  {
    const char *said, *meant;
  } near[] = {
    { "board.raed", "board.read" },
    { "boards.read", "board.read" },
    { "booking.writes", "booking.write" },
    { "session-join", "session.join" },
    { "x.test.read", NULL },
    { "a", NULL },
  };
  static const char *const roles[] = { "auditor", NULL };
  g_autoptr (Client) desk = client_signed_in (fixture, "127.0.0.1", "desk");
  g_autoptr (Client) auditor = client_signed_in (fixture, "127.0.0.1", "auditor");
  g_autoptr (GError) error = NULL;

  g_assert_false (add_route ("GET", "/x/test/{part}", "x.test.read", echo, &error));
  g_assert_cmpstr (karez_error_get_rule (error), ==, "route/permission");
  g_clear_error (&error);
  for (guint i = 0; i < G_N_ELEMENTS (near); i++)
    {
      g_assert_false (add_route ("GET", "/x/test/{part}", near[i].said, echo, &error));
      g_assert_cmpstr (karez_error_get_rule (error), ==, "route/permission");
      g_assert_cmpint (g_strcmp0 (karez_error_get_accepted (error), near[i].meant) == 0, ==,
                       near[i].meant != NULL);
      g_assert_cmpint (near[i].meant != NULL && strstr (error->message, near[i].meant) != NULL, ==,
                       near[i].meant != NULL);
      g_clear_error (&error);
    }
  g_assert_true (hub_web_allow (fixture->web, "x.test.read", roles, &error));
  g_assert_true (add_route ("GET", "/x/test/{part}", "x.test.read", echo, &error));
  g_assert_no_error (error);
  {
    g_auto (Answer) refused = ask (desk, "GET", "/api/v1/x/test/1", NULL, NULL);
    g_auto (Answer) answer = ask (auditor, "GET", "/api/v1/x/test/a%2Fb?q=%E7%94%B2+x", NULL, NULL);
    g_auto (Answer) broken = ask (auditor, "GET", "/api/v1/x/test/a?q=%ff", NULL, NULL);

    assert_problem (&refused, 403, "access/x.test.read");
    g_assert_cmpstr (answer_text (&answer, "part"), ==, "a/b");
    g_assert_cmpstr (answer_text (&answer, "query"), ==, "甲 x");
    assert_problem (&broken, 400, "request/query");
  }
}

/* A reader that goes away while its request is being worked on. */
static void
test_client_gone (void)
{
  g_autoptr (Client) desk = client_signed_in (fixture, "127.0.0.1", "desk");
  g_autofree char *text = NULL;
  GSocketConnection *wire;

  g_assert_true (add_route ("GET", "/x/hold", "board.read", hold, NULL));
  wire = wire_open (fixture);
  text = g_strdup_printf ("GET /api/v1/x/hold HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nCookie: %s\r\n\r\n",
                          hub_web_get_port (fixture->web), desk->cookie);
  wire_send (wire, text);
  run_until (held != NULL);
  g_io_stream_close (G_IO_STREAM (wire), NULL, NULL);
  g_object_unref (wire);
  run_ms (50);
  karez_request_respond (held, 200, karez_json_object ("late", "b", TRUE, NULL));
  run_ms (50);
  g_clear_object (&held);
  {
    g_auto (Answer) answer = ask (desk, "GET", "/api/v1/me", NULL, NULL);

    g_assert_cmpuint (answer.status, ==, 200);
  }
}

static void
test_rate (void)
{
  g_autoptr (Client) client = client_new (fixture, "127.0.0.99");
  guint refused = 0, served = 0;

  for (guint i = 0; i < 420 && refused == 0; i++)
    {
      g_auto (Answer) answer = ask (client, "GET", "/api/v1/hello", NULL, NULL);

      if (answer.status == 200)
        served++;
      else
        {
          assert_problem (&answer, 429, "request/rate");
          g_assert_cmpstr (answer_header (&answer, "Retry-After"), ==, "1");
          refused++;
        }
    }
  g_assert_cmpuint (refused, ==, 1);
  g_assert_cmpuint (served, >=, 50);
}

static gboolean
is_away (void)
{
  return !hub_store_is_available (fixture->store);
}

/* Last: the database goes. */
static void
test_database_away (void)
{
  g_autoptr (Client) desk = client_signed_in (fixture, "127.0.0.1", "desk");
  g_autoptr (Client) stranger = client_new (fixture, "127.0.0.1");

  hub_store_close (fixture->store);
  run_until (is_away ());
  {
    g_auto (Answer) ready = ask (stranger, "GET", "/readyz", NULL, NULL);
    g_auto (Answer) alive = ask (stranger, "GET", "/healthz", NULL, NULL);
    g_auto (Answer) hello = ask (desk, "GET", "/api/v1/hello", NULL, NULL);
    g_auto (Answer) people = ask (desk, "GET", "/api/v1/people", NULL, NULL);
    g_auto (Answer)
        sign_in = ask (stranger, "POST", "/api/v1/sign-in",
                       "{\"login\": \"desk\", \"password\": \"" TEST_PASSWORD "\"}", NULL);

    assert_problem (&ready, 503, "database/away");
    g_assert_cmpuint (alive.status, ==, 200);
    g_assert_cmpuint (hello.status, ==, 200);
    g_assert_cmpuint (people.status, ==, 503);
    g_assert_cmpuint (sign_in.status, ==, 503);
    g_assert_nonnull (answer_header (&sign_in, "Retry-After"));
  }
}

int
main (int argc, char **argv)
{
  /* The test of the rate wants one that can be reached in a moment. */
  HubWebBounds bounds = HUB_WEB_BOUNDS_DEFAULT;
  int result;

  g_test_init (&argc, &argv, NULL);
  bounds.requests_per_second = 2;
  bounds.burst = 300;
  fixture = fixture_new (&bounds);
  g_test_add_func ("/web/hello", test_hello);
  g_test_add_func ("/web/paths", test_paths);
  g_test_add_func ("/web/nobody", test_nobody);
  g_test_add_func ("/web/sign-in", test_sign_in);
  g_test_add_func ("/web/proxy", test_proxy);
  g_test_add_func ("/web/forgotten", test_forgotten);
  g_test_add_func ("/web/sign-out", test_sign_out);
  g_test_add_func ("/web/csrf-and-origin", test_csrf_and_origin);
  g_test_add_func ("/web/host", test_host);
  g_test_add_func ("/web/bad-bodies", test_bad_bodies);
  g_test_add_func ("/web/query", test_query);
  g_test_add_func ("/web/idempotency", test_idempotency);
  g_test_add_func ("/web/people", test_people);
  g_test_add_func ("/web/people-refused", test_people_refused);
  g_test_add_func ("/web/roles", test_roles);
  g_test_add_func ("/web/patients", test_patients);
  g_test_add_func ("/web/deactivated", test_deactivated);
  g_test_add_func ("/web/hundred-wrong-passwords", test_hundred_wrong_passwords);
  g_test_add_func ("/web/unknown-login", test_unknown_login);
  g_test_add_func ("/web/local", test_local);
  g_test_add_func ("/web/static", test_static);
  g_test_add_func ("/web/watch", test_watch);
  g_test_add_func ("/web/routes", test_routes);
  g_test_add_func ("/web/client-gone", test_client_gone);
  g_test_add_func ("/web/rate", test_rate);
  g_test_add_func ("/web/database-away", test_database_away);
  result = g_test_run ();
  fixture_free (fixture);
  return result;
}
