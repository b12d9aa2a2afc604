/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whose a password is, who may set it, and which are refused. */
#include "web-fixture.h"

#include "hub-id.h"

#define OWN "a password of my own"

static Fixture *fixture;

static guint
count_sql (const char *format, ...)
{
  g_autofree char *query = NULL;
  g_autofree char *text = NULL;
  va_list values;

  va_start (values, format);
  query = g_strdup_vprintf (format, values);
  va_end (values);
  text = sql (fixture, query);
  return (guint) g_ascii_strtoull (text, NULL, 10);
}

static Answer
add_person (Client *by, const char *login, const char *password, const char *more)
{
  g_autofree char *id = hub_id_new ();
  g_autofree char *body = g_strdup_printf (
      "{\"id\": \"%s\", \"names\": {\"en\": \"Gulnar Memet\", \"zh_CN\": \"古丽娜尔\"}, "
      "\"login\": \"%s\", \"password\": \"%s\", \"roles\": [\"desk\"]%s}",
      id, login, password, more);

  return ask (by, "POST", "/api/v1/people", body, NULL);
}

static Answer
change_own (Client *client, const char *old, const char *new_password)
{
  g_autofree char *body = g_strdup_printf ("{\"password\": \"%s\", \"new_password\": \"%s\"}", old,
                                           new_password);

  return ask (client, "PUT", "/api/v1/me/password", body, NULL);
}

/* Who signs in with what somebody else chose can only choose another, and sign out. */
static void
test_first_sign_in (void)
{
  static const struct
  {
    const char *method, *path, *body;
  } refused[] = {
    { "GET", "/api/v1/organisations", NULL },
    { "GET", "/api/v1/people", NULL },
    { "GET", "/api/v1/patients", NULL },
    { "GET", "/api/v1/live", NULL },
    { "PUT", "/api/v1/me/language", "{\"language\": \"ug\"}" },
    { "POST", "/api/v1/people", "{}" },
  };
  g_autoptr (Client) administrator = client_signed_in (fixture, "127.0.0.1", "administrator");
  g_auto (Answer) made = add_person (administrator, "newcomer", TEST_PASSWORD, "");
  g_autoptr (Client) client = client_signed_in (fixture, "127.0.0.1", "newcomer");
  g_auto (Answer) before = ask (client, "GET", "/api/v1/me", NULL, NULL);
  JsonObject *me = json_node_get_object (before.body);

  g_assert_cmpuint (made.status, ==, 201);
  g_assert_true (json_object_get_boolean_member (me, "new_password_needed"));
  g_assert_cmpuint (json_array_get_length (json_object_get_array_member (me, "permissions")), ==,
                    0);
  for (gsize i = 0; i < G_N_ELEMENTS (refused); i++)
    {
      g_auto (Answer) answer = ask (client, refused[i].method, refused[i].path, refused[i].body,
                                    "Origin", TEST_ORIGIN, NULL);

      g_test_message ("%s", refused[i].path);
      assert_problem (&answer, 403, "sign-in/new-password");
    }
  {
    g_auto (Answer) same = change_own (client, TEST_PASSWORD, TEST_PASSWORD);
    g_auto (Answer) wrong = change_own (client, "something else", OWN);
    g_auto (Answer) right = change_own (client, TEST_PASSWORD, OWN);
    g_auto (Answer) after = ask (client, "GET", "/api/v1/me", NULL, NULL);
    g_auto (Answer) patients = ask (client, "GET", "/api/v1/patients", NULL, NULL);

    assert_problem (&same, 422, "password/same");
    assert_problem (&wrong, 401, "sign-in/refused");
    g_assert_cmpuint (right.status, ==, 204);
    g_assert_false (
        json_object_get_boolean_member (json_node_get_object (after.body), "new_password_needed"));
    g_assert_cmpuint (patients.status, ==, 200);
  }
  {
    g_autoptr (Client) other = client_new (fixture, "127.0.0.1");
    g_auto (Answer) old = sign_in (other, "newcomer", TEST_PASSWORD);
    g_auto (Answer) own = sign_in (other, "newcomer", OWN);
    g_auto (Answer) patients = ask (other, "GET", "/api/v1/patients", NULL, NULL);

    assert_problem (&old, 401, "sign-in/refused");
    g_assert_cmpuint (own.status, ==, 200);
    g_assert_cmpuint (patients.status, ==, 200);
  }
  {
    g_auto (Answer) second = add_person (administrator, "leaving", TEST_PASSWORD, "");
    g_autoptr (Client) leaving = client_signed_in (fixture, "127.0.0.1", "leaving");
    g_auto (Answer) out = ask (leaving, "POST", "/api/v1/sign-out", NULL, NULL);

    g_assert_cmpuint (out.status, ==, 204);
  }
}

/* The own change: this sign-in stays, all others end, and it is on record. */
static void
test_own_change (void)
{
  g_autoptr (Client) here = client_signed_in (fixture, "127.0.0.1", "desk");
  g_autoptr (Client) elsewhere = client_signed_in (fixture, "127.0.0.2", "desk");
  g_autoptr (Client) local = client_new (fixture, NULL);
  g_auto (Answer) nobody = change_own (local, TEST_PASSWORD, OWN);
  g_auto (Answer) weak = change_own (here, TEST_PASSWORD, "1234567890");
  g_auto (Answer) done = change_own (here, TEST_PASSWORD, OWN);
  g_auto (Answer) mine = ask (here, "GET", "/api/v1/me", NULL, NULL);
  g_auto (Answer) theirs = ask (elsewhere, "GET", "/api/v1/me", NULL, NULL);
  g_auto (Answer) back = change_own (here, OWN, TEST_PASSWORD);

  assert_problem (&nobody, 409, "sign-in/local");
  assert_problem (&weak, 422, "password/length");
  g_assert_cmpstr (answer_text (&weak, "pointer"), ==, "/new_password");
  g_assert_cmpuint (done.status, ==, 204);
  g_assert_cmpuint (mine.status, ==, 200);
  assert_problem (&theirs, 401, "sign-in/none");
  g_assert_cmpuint (back.status, ==, 204);
  g_assert_cmpuint (count_sql ("select count(*) from karez.event where action = 'account.password' "
                               "and subject_row = '%s' and actor_id = '%s'",
                               here->id, here->id),
                    ==, 2);
}

/* A password that somebody else set is asked to be changed, whoever set it, except by the machine's
 * own administrator who says that it stays; and nobody gets round the old password. */
static void
test_set_by_others (void)
{
  g_autoptr (Client) administrator = client_signed_in (fixture, "127.0.0.1", "administrator");
  g_autoptr (Client) local = client_new (fixture, NULL);
  g_autofree char *own = g_strdup_printf ("/api/v1/people/%s", administrator->id);
  g_auto (Answer)
      final = add_person (administrator, "eternal", TEST_PASSWORD, ", \"password_final\": true");
  g_auto (Answer)
      by_root = add_person (local, "rooted", TEST_PASSWORD, ", \"password_final\": true");
  g_auto (Answer)
      round = ask (administrator, "PUT", own,
                   "{\"names\": {\"en\": \"x\"}, \"roles\": [\"administrator\"], \"active\": true, "
                   "\"password\": \"" OWN "\"}",
                   NULL);
  g_autoptr (Client) rooted = client_signed_in (fixture, "127.0.0.1", "rooted");
  g_auto (Answer) before = ask (rooted, "GET", "/api/v1/patients", NULL, NULL);
  g_autofree char *path = g_strdup_printf ("/api/v1/people/%s", rooted->id);
  g_auto (Answer)
      set = ask (administrator, "PUT", path,
                 "{\"names\": {\"en\": \"x\"}, \"roles\": [\"desk\"], \"active\": true, "
                 "\"password\": \"" OWN "\"}",
                 NULL);
  g_auto (Answer) ended = ask (rooted, "GET", "/api/v1/me", NULL, NULL);
  g_auto (Answer) again = sign_in (rooted, "rooted", OWN);
  g_auto (Answer) after = ask (rooted, "GET", "/api/v1/patients", NULL, NULL);

  assert_problem (&final, 403, "password/final");
  g_assert_cmpuint (by_root.status, ==, 201);
  assert_problem (&round, 409, "people/own-password");
  g_assert_cmpuint (before.status, ==, 200);
  g_assert_cmpuint (set.status, ==, 204);
  assert_problem (&ended, 401, "sign-in/none");
  g_assert_cmpuint (again.status, ==, 200);
  assert_problem (&after, 403, "sign-in/new-password");
}

/* The same rule for everybody who sets one. */
static void
test_refused (void)
{
  static const struct
  {
    const char *password, *rule;
  } cases[] = {
    { "1234567890", "password/length" },
    { "short", "password/length" },
    { "123456789012345", "password/common" },
    { "passwordpassword", "password/common" },
    { "P@ssw0rdP@ssw0rd", "password/common" },
    { "Password1234567!", "password/common" },
    { "qwertyuiopasdfghjkl", "password/common" },
    { "1qaz2wsx3edc4rfv5tgb", "password/common" },
    { "administrator2026", "password/common" },
    { "woaini1314520woaini", "password/common" },
    { "iloveyouiloveyou", "password/common" },
    { "gulnar.memet2026", "password/common" },
    { "GulnarMemetGulnar", "password/common" },
    { "chooser-chooser-1", "password/common" },
    { "karezkarezkarez!", "password/common" },
    /* Of words that anybody knows of this person, with what is put behind them. */
    { "chooser Gulnar Memet 2026!!", "password/common" },
    { "Memet.chooser/GULNAR#chooser", "password/common" },
    { "ａｄｍｉｎ１２３４５６７８９０", "password/common" },
    { "aaaaaaaaaaaaaaaaaa", "password/repeated" },
    { "abcabcabcabcabcabc", "password/repeated" },
    { "我爱你我爱你我爱你我爱你我爱你", "password/repeated" },
    { "tab\\tin the middle of it", "password/characters" },
    { "unassigned \\u0378 code point", "password/characters" },
  };
  g_autoptr (Client) administrator = client_signed_in (fixture, "127.0.0.1", "administrator");
  g_autofree char *longest = g_strnfill (256, 'x');
  g_autofree char *longer = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (Answer) answer = add_person (administrator, "chooser", cases[i].password, "");

      g_test_message ("%s", cases[i].password);
      assert_problem (&answer, 422, cases[i].rule);
      g_assert_cmpstr (answer_text (&answer, "pointer"), ==, "/password");
      g_assert_nonnull (answer_text (&answer, "accepted"));
    }
  for (guint i = 0; i < 256; i++)
    longest[i] = "abcdefghijklmnopqrstuvwxyz ,.!"[(i * i * 7 + i / 5) % 30];
  longer = g_strconcat (longest, "x", NULL);
  {
    g_auto (Answer) at = add_person (administrator, "longest", longest, "");
    g_auto (Answer) over = add_person (administrator, "longer", longer, "");

    g_assert_cmpuint (at.status, ==, 201);
    assert_problem (&over, 422, "password/length");
  }
}

/* What people write, in any script, with spaces, without a rule of which characters; the same
 * password from another keyboard is the same (NFKC). */
static void
test_accepted (void)
{
  static const struct
  {
    const char *password, *typed;
  } cases[] = {
    { "correct horse battery staple", "correct horse battery staple" },
    { "  spaces around count  ", "  spaces around count  " },
    { "everything is lower case today", "everything is lower case today" },
    { "我爱我的祖国和人民二零二六年春天", "我爱我的祖国和人民二零二六年春天" },
    { "زۇ قۇدۇقنىڭ سۈيى تاتلىق", "زۇ قۇدۇقنىڭ سۈيى تاتلىق" },
    { "ｆｏｕｒ　ｗｅｌｌｓ　ｏｆ　ｗａｔｅｒ", "four wells of water" },
    { "four wélls of water", "four we\xcc\x81lls of water" },
    { "🐫🐫 🐪 walks to the 🌊 twice", "🐫🐫 🐪 walks to the 🌊 twice" },
    { "Gulnar drinks tea by the river", "Gulnar drinks tea by the river" },
  };
  g_autoptr (Client) local = client_new (fixture, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *login = g_strdup_printf ("writer%u", (guint) i);
      g_auto (Answer)
          made = add_person (local, login, cases[i].password, ", \"password_final\": true");
      g_autoptr (Client) client = client_new (fixture, "127.0.0.3");
      g_auto (Answer) in = sign_in (client, login, cases[i].typed);

      g_test_message ("%s", cases[i].password);
      g_assert_cmpuint (made.status, ==, 201);
      g_assert_cmpuint (in.status, ==, 200);
    }
}

/* Hashes that were made before there was a rule: of a short one, and of one not normalised. */
static void
test_older_hashes (void)
{
  g_autoptr (Client) client = client_new (fixture, "127.0.0.4");
  /* Argon2id of "ｏｌｄ", as libsodium writes it. */
  static const char hash[] = "$argon2id$v=19$m=65536,t=2,p=1$Di9yFMERbmZehP/m+qkS4Q"
                             "$MhvOD9QNLx8TTeMQ4hk+iUT3/4L1gPgNwnbqRd4bAsE";
  g_autofree char *done = NULL;
  g_autofree char *query = g_strdup_printf (
      "begin; set local session_replication_role = replica; update web.account set password = "
      "'%s' where login = 'auditor'; commit",
      hash);

  done = sql (fixture, query);
  {
    g_auto (Answer) in = sign_in (client, "auditor", "ｏｌｄ");

    g_assert_cmpuint (in.status, ==, 200);
  }
}

/* The page and karezctl ask the hub for the bounds. */
static void
test_bounds_told (void)
{
  g_autoptr (Client) client = client_new (fixture, "127.0.0.1");
  g_auto (Answer) hello = ask (client, "GET", "/api/v1/hello", NULL, NULL);
  JsonObject *bounds = json_object_get_object_member (json_node_get_object (hello.body),
                                                      "password");

  g_assert_cmpint (json_object_get_int_member (bounds, "min"), ==, 15);
  g_assert_cmpint (json_object_get_int_member (bounds, "max"), ==, 256);
}

/* What makes a retry known is no quick hash of a password. */
static void
test_digest (void)
{
  g_autoptr (Client) local = client_new (fixture, NULL);
  g_autofree char *id = hub_id_new ();
  g_autofree char *key = hub_id_new ();
  g_autofree char *query = g_strdup_printf ("select digest from karez.request where id = '%s'",
                                            key);
  char *digests[2] = { NULL };

  for (guint i = 0; i < 2; i++)
    {
      g_autofree char *body = g_strdup_printf (
          "{\"id\": \"%s\", \"names\": {\"en\": \"x\"}, \"login\": \"digested\", \"password\": "
          "\"%s\", \"roles\": [\"desk\"]}",
          id, i == 0 ? TEST_PASSWORD : OWN);
      g_auto (Answer)
          answer = ask (local, "POST", "/api/v1/people", body, "Idempotency-Key", key, NULL);

      g_assert_cmpuint (answer.status, ==, i == 0 ? 201 : 200);
      digests[i] = sql (fixture, query);
    }
  g_assert_cmpstr (digests[0], ==, digests[1]);
  g_free (digests[0]);
  g_free (digests[1]);
}

/* An act that names another password is another act: it is not answered as if it had been done. */
static void
test_reused_key (void)
{
  static const char first_one[] = "four lamps above the river",
                    second[] = "an orchard of late frost";
  g_autofree char *key = hub_id_new ();
  g_autofree char *body = g_strdup_printf ("{\"password\": \"%s\", \"new_password\": \"%s\"}",
                                           TEST_PASSWORD, first_one);
  g_autofree char *other = g_strdup_printf ("{\"password\": \"%s\", \"new_password\": \"%s\"}",
                                            first_one, second);
  g_autoptr (Client) auditor = client_signed_in (fixture, "127.0.0.41", "auditor");
  g_auto (Answer)
      changed = ask (auditor, "PUT", "/api/v1/me/password", body, "Idempotency-Key", key, NULL);
  g_auto (Answer)
      reused = ask (auditor, "PUT", "/api/v1/me/password", other, "Idempotency-Key", key, NULL);
  g_auto (Answer) back = { 0 };

  g_assert_cmpuint (changed.status, ==, 204);
  assert_problem (&reused, 409, "request/reused");
  back = change_own (auditor, first_one, TEST_PASSWORD);
  g_assert_cmpuint (back.status, ==, 204);
}

int
main (int argc, char **argv)
{
  int result;

  g_test_init (&argc, &argv, NULL);
  fixture = fixture_new (NULL);
  g_test_add_func ("/web/passwords/reused-key", test_reused_key);
  g_test_add_func ("/web/passwords/first-sign-in", test_first_sign_in);
  g_test_add_func ("/web/passwords/own-change", test_own_change);
  g_test_add_func ("/web/passwords/set-by-others", test_set_by_others);
  g_test_add_func ("/web/passwords/refused", test_refused);
  g_test_add_func ("/web/passwords/accepted", test_accepted);
  g_test_add_func ("/web/passwords/older-hashes", test_older_hashes);
  g_test_add_func ("/web/passwords/bounds-told", test_bounds_told);
  g_test_add_func ("/web/passwords/digest", test_digest);
  result = g_test_run ();
  fixture_free (fixture);
  return result;
}
