/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What ends with a right: each way to lose one, held against each thing that must stop. */
#include "web-fixture.h"

#include "hub-id.h"

#include <string.h>

#define SESSION "01930000-0000-7000-8000-00000000d001"
#define PARTICIPANT "01930000-0000-7000-8000-00000000e001"
#define WITHIN_US G_USEC_PER_SEC

static Fixture *fixture;
static Client *administrator;

/* A person of their own for each case. */
typedef struct
{
  char *id, *login;
  Client *client;
} Person;

static void
person_free (Person *person)
{
  client_free (person->client);
  g_free (person->id);
  g_free (person->login);
  g_free (person);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Person, person_free)

/* By another process of the hub, on record as @action. */
static void
write_elsewhere (const char *person, const char *action, const char *what)
{
  g_autofree char *statement = g_strdup_printf (
      "begin; %s; insert into karez.event (id, actor_kind, actor_id, actor_name, action,"
      " subject_schema, subject_table, subject_row) values (gen_random_uuid (), 'hub', 'test',"
      " 'test', '%s', 'web', 'account', '%s'); commit",
      what, action, person);
  g_autofree char *done = sql (fixture, statement);
}

static Person *
person_new (void)
{
  static guint made;
  Person *person = g_new0 (Person, 1);
  g_autofree char *body = NULL, *owned = NULL;

  person->id = hub_id_new ();
  person->login = g_strdup_printf ("leaver%u", ++made);
  body = g_strdup_printf ("{\"id\": \"%s\", \"names\": {\"en\": \"L\"}, \"login\": \"%s\", "
                          "\"password\": \"" TEST_PASSWORD "\", \"roles\": [\"desk\"]}",
                          person->id, person->login);
  {
    g_auto (Answer) answer = ask (administrator, "POST", "/api/v1/people", body, NULL);

    g_assert_cmpuint (answer.status, ==, 201);
  }
  /* As after the person has chosen a password. */
  owned = g_strdup_printf ("update web.account set password_temporary = false where id = '%s'",
                           person->id);
  write_elsewhere (person->id, "account.test", owned);
  person->client = client_signed_in (fixture, "127.0.0.1", person->login);
  return person;
}

/* The ways to lose a right. Each returns once it is done, durably. */

typedef struct
{
  Person *person;
  gint64 expires; /* when the sign-in ends by its time; 0: not in this test */
} Case;

static void
change_account (Case *c, const char *members)
{
  g_autofree char *path = g_strconcat ("/api/v1/people/", c->person->id, NULL);
  g_autofree char *body = g_strdup_printf ("{\"names\": {\"en\": \"L\"}, %s}", members);
  g_auto (Answer) answer = ask (administrator, "PUT", path, body, NULL);

  g_assert_cmpuint (answer.status, ==, 204);
}

static void
deactivate (Case *c)
{
  change_account (c, "\"roles\": [\"desk\"], \"active\": false");
}

static void
take_role (Case *c)
{
  change_account (c, "\"roles\": [\"auditor\"], \"active\": true");
}

static void
set_password (Case *c)
{
  change_account (c, "\"roles\": [\"desk\"], \"active\": true, \"password\": \"another long one\"");
}

static void
sign_out (Case *c)
{
  g_auto (Answer) answer = ask (c->person->client, "POST", "/api/v1/sign-out", NULL, NULL);

  g_assert_cmpuint (answer.status, ==, 204);
}

static void
end_by_another_process (Case *c)
{
  g_autofree char *what = g_strdup_printf (
      "update web.sign_in set ended_at = now () where account = '%s'", c->person->id);

  write_elsewhere (c->person->id, "account.change", what);
}

/* Long enough for the feed to bring the change below, after which nobody has the sign-in in hand.
 */
#define LIFETIME_US (3 * G_USEC_PER_SEC)

/* And the hub looks at the sign-in anew. */
static void
shorten (Case *c)
{
  g_autofree char *what = NULL;

  c->expires = g_get_real_time () + LIFETIME_US;
  what = g_strdup_printf ("update web.sign_in set expires_at = to_timestamp (%" G_GINT64_FORMAT
                          " / 1000000.0) where account = '%s'",
                          c->expires, c->person->id);
  write_elsewhere (c->person->id, "account.test", what);
  {
    g_auto (Answer) language = ask (c->person->client, "PUT", "/api/v1/me/language",
                                    "{\"language\": \"en\"}", NULL);

    g_assert_cmpuint (language.status, ==, 204);
  }
}

static void
expire (Case *c)
{
  while (g_get_real_time () < c->expires)
    run_ms (1);
}

static const struct
{
  const char *name;
  void (*lose) (Case *c);
  const char *refusal; /* of what was not committed */
  guint64 slack_us;    /* how much later than the act it may be known */
  void (*begin) (Case *c);
} ways[] = {
  { "deactivated", deactivate, "sign-in/none", 0 },
  { "role-taken", take_role, "sign-in/changed", 0 },
  { "password-set", set_password, "sign-in/none", 0 },
  { "signed-out", sign_out, "sign-in/none", 0 },
  { "expired", expire, "sign-in/none", 0, shorten },
  /* By the feed, which looks once a second. */
  { "by-another-process", end_by_another_process, "sign-in/none", 1500 * 1000 },
};

/* What must stop. */

static KarezRequest *held;
static guint heard, heard_when_closed, closings, account_changes;
static gboolean has_roles, has_ended; /* as the last change said */

static void
hold (KarezRequest *request, gpointer data)
{
  g_assert_null (held);
  held = g_object_ref (request);
}

static void
answer_much (KarezRequest *request, gpointer data)
{
  gsize size = 24 * 1024 * 1024;
  g_autoptr (GBytes) bytes = g_bytes_new_take (g_malloc0 (size), size);

  karez_request_respond_bytes (request, "application/octet-stream", bytes);
}

static gboolean
on_session (HubWeb *web, const char *connection, KarezActor *actor, JsonObject *message,
            gpointer data, GError **error)
{
  heard++;
  return TRUE;
}

static void
on_closed (HubWeb *web, const char *connection, gpointer data)
{
  heard_when_closed = heard;
  closings++;
}

static void
on_account (HubWeb *web, const char *account, KarezActor *actor, gboolean ended, gpointer data)
{
  account_changes++;
  has_roles = actor != NULL;
  has_ended = ended;
}

/* A page that does not care what the hub says: a WebSocket by hand. */
static GSocketConnection *
open_raw_page (Client *client)
{
  GSocketConnection *wire = wire_open (fixture);
  g_autofree char *head = g_strdup_printf (
      "GET /api/v1/live HTTP/1.1\r\nHost: aral.localhost:8801\r\nOrigin: " TEST_ORIGIN
      "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nCookie: %s\r\n\r\n",
      client->cookie);
  g_autofree char *answer = NULL;

  wire_send (wire, head);
  answer = wire_read (wire, 300, NULL);
  g_assert_true (g_str_has_prefix (answer, "HTTP/1.1 101"));
  return wire;
}

/* One masked text frame (RFC 6455, 5.2); what a cut connection does not take is what is looked
 * for. */
static void
say_raw (GSocketConnection *wire, const char *text)
{
  g_autoptr (GString) frame = g_string_new ("\x81");
  gsize size = strlen (text);

  g_assert_cmpuint (size, <, 65536);
  if (size < 126)
    g_string_append_c (frame, (char) (0x80 | size));
  else
    {
      g_string_append_c (frame, (char) 0xfe);
      g_string_append_c (frame, (char) (size >> 8));
      g_string_append_c (frame, (char) (size & 0xff));
    }
  g_string_append (frame, "\x01\x01\x01\x01");
  for (gsize i = 0; i < size; i++)
    g_string_append_c (frame, text[i] ^ 1);
  g_socket_send (g_socket_connection_get_socket (wire), frame->str, frame->len, NULL, NULL);
}

typedef struct
{
  SoupMessage *message;
  guint status;
  char *rule;
  gboolean done;
} Asked;

static void
on_asked (GObject *source, GAsyncResult *result, gpointer data)
{
  Asked *asked = data;
  g_autoptr (GBytes)
      bytes = soup_session_send_and_read_finish (SOUP_SESSION (source), result, NULL);
  g_autoptr (JsonNode) node = bytes != NULL ? karez_json_parse (bytes, 0, NULL) : NULL;

  asked->status = soup_message_get_status (asked->message);
  if (node != NULL && JSON_NODE_HOLDS_OBJECT (node))
    asked->rule = g_strdup (karez_json_text (json_node_get_object (node), "rule"));
  asked->done = TRUE;
}

/* A request that waits in its handler. */
static void
ask_and_wait (Client *client, const char *method, Asked *asked)
{
  g_autofree char *url = g_strdup_printf ("http://127.0.0.1:%u/api/v1/x/rights/held",
                                          hub_web_get_port (fixture->web));
  g_autofree char *key = hub_id_new ();
  SoupMessageHeaders *headers;

  asked->message = soup_message_new (method, url);
  headers = soup_message_get_request_headers (asked->message);
  soup_message_headers_replace (headers, "Cookie", client->cookie);
  soup_message_headers_replace (headers, "Origin", TEST_ORIGIN);
  soup_message_headers_replace (headers, "X-Karez-Token", client->csrf);
  soup_message_headers_replace (headers, "Idempotency-Key", key);
  soup_session_send_and_read_async (client->session, asked->message, G_PRIORITY_DEFAULT, NULL,
                                    on_asked, asked);
  run_until (held != NULL);
}

static void
asked_clear (Asked *asked)
{
  g_clear_object (&asked->message);
  g_free (asked->rule);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Asked, asked_clear)

static gint64 lost_at;

static void
lose (Case *c, guint way)
{
  ways[way].lose (c);
  lost_at = g_get_monotonic_time ();
}

static void
assert_soon (guint way)
{
  g_assert_cmpint (g_get_monotonic_time () - lost_at, <, WITHIN_US + (gint64) ways[way].slack_us);
}

/* It goes on talking after it was told to close, and does not answer the close. */
static void
stop_socket (Case *c, guint way)
{
  g_autoptr (GSocketConnection) wire = open_raw_page (c->person->client);
  g_autofree char *rest = NULL;
  gboolean closed = FALSE;
  guint before = closings;

  say_raw (wire,
           "{\"type\":\"join\",\"session\":\"" SESSION "\",\"participant\":\"" PARTICIPANT "\"}");
  run_until (heard > 0);
  lose (c, way);
  run_until (closings > before);
  assert_soon (way);
  for (guint i = 0; i < 20; i++)
    {
      say_raw (wire, "{\"type\":\"leave\",\"session\":\"" SESSION "\"}");
      run_ms (2);
    }
  g_assert_cmpuint (heard, ==, heard_when_closed);
  rest = wire_read (wire, 2000, &closed);
  g_assert_true (closed);
  assert_soon (way);
}

/* What was asked for before is not told after. */
static void
stop_read (Case *c, guint way)
{
  g_auto (Asked) asked = { 0 };

  ask_and_wait (c->person->client, "GET", &asked);
  lose (c, way);
  run_until (asked.done);
  assert_soon (way);
  g_assert_cmpuint (asked.status, ==, 401);
  g_assert_cmpstr (asked.rule, ==, "sign-in/none");
  karez_request_respond (held, 200, karez_json_object ("secret", "s", "told", NULL));
  g_clear_object (&held);
}

static void
on_committed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (KarezRequest) request = data;
  g_autoptr (GError) error = NULL;

  if (karez_transaction_commit_finish (KAREZ_TRANSACTION (source), result, &error))
    karez_request_respond (request, 204, NULL);
  else
    karez_request_fail (request, error);
}

/* What was not committed before is not committed after. */
static void
stop_write (Case *c, guint way)
{
  g_auto (Asked) asked = { 0 };
  g_autofree char *left = NULL;
  KarezTransaction *transaction;

  ask_and_wait (c->person->client, "POST", &asked);
  transaction = karez_request_begin (held, hub_store_get_scope (fixture->store, "web"));
  karez_transaction_event (transaction, "rights.test", NULL, NULL, NULL);
  lose (c, way);
  karez_transaction_commit_async (transaction, NULL, on_committed, g_steal_pointer (&held));
  run_until (asked.done);
  g_object_unref (transaction);
  g_assert_cmpstr (asked.rule, ==, ways[way].refusal);
  left = sql (fixture, "select count (*) from karez.event where action = 'rights.test'");
  g_assert_cmpstr (left, ==, "0");
}

/* A download that is under way ends in the middle. */
static void
stop_download (Case *c, guint way)
{
  g_autoptr (GSocketConnection) wire = wire_open (fixture);
  g_autofree char *head = g_strdup_printf ("GET /api/v1/x/rights/much HTTP/1.1\r\n"
                                           "Host: aral.localhost:8801\r\nCookie: %s\r\n\r\n",
                                           c->person->client->cookie);
  g_autofree char *rest = NULL;
  gboolean closed = FALSE;

  wire_send (wire, head);
  run_ms (100);
  lose (c, way);
  run_ms (ways[way].slack_us / 1000 + 50);
  rest = wire_read (wire, 3000, &closed);
  g_assert_true (closed);
  g_assert_cmpuint (strlen (rest), <, 24 * 1024 * 1024);
}

static const struct
{
  const char *name;
  void (*stop) (Case *c, guint way);
} things[] = {
  { "socket", stop_socket },
  { "read", stop_read },
  { "write", stop_write },
  { "download", stop_download },
};

typedef struct
{
  guint way, thing;
} Cell;

static void
test_cell (gconstpointer data)
{
  const Cell *cell = data;
  g_autoptr (Person) person = person_new ();
  Case c = { person };

  heard = 0;
  if (ways[cell->way].begin != NULL)
    ways[cell->way].begin (&c);
  things[cell->thing].stop (&c, cell->way);
}

/* Whose name was corrected notices nothing; nor does another sign-in of who signed out. */
static void
test_kept (void)
{
  g_autoptr (Person) person = person_new ();
  g_autoptr (Client) other = client_signed_in (fixture, "127.0.0.1", person->login);
  g_autoptr (GSocketConnection) wire = open_raw_page (other);
  Case c = { person };
  guint before = closings, changes = account_changes;

  change_account (&c, "\"title\": {\"en\": \"Dr\"}, \"roles\": [\"desk\"], \"active\": true");
  sign_out (&c);
  run_until (account_changes >= changes + 2);
  run_ms (1500);
  g_assert_cmpuint (closings, ==, before);
  {
    g_auto (Answer) me = ask (other, "GET", "/api/v1/me", NULL, NULL);

    g_assert_cmpuint (me.status, ==, 200);
  }
}

/* Nobody's page is there when it ends, which the places of the account in sessions must hear of. */
static void
test_expired_away (void)
{
  g_autoptr (Person) person = person_new ();
  Case c = { person };
  guint before;

  shorten (&c);
  {
    g_auto (Answer) me = ask (person->client, "GET", "/api/v1/me", NULL, NULL);

    g_assert_cmpuint (me.status, ==, 200);
  }
  before = account_changes;
  expire (&c);
  run_until (account_changes > before);
  g_assert_cmpint (g_get_real_time () - c.expires, <, WITHIN_US);
  g_assert_false (has_roles);
  g_assert_true (has_ended);
}

/* The same person is signed in elsewhere, too. */
static void
test_expired_one (void)
{
  g_autoptr (Person) person = person_new ();
  Case c = { person };
  g_autoptr (Client) other = NULL;
  g_autoptr (GSocketConnection) wire = NULL, own = NULL;
  guint before, changes;

  shorten (&c);
  other = client_signed_in (fixture, "127.0.0.1", person->login);
  wire = open_raw_page (other);
  own = open_raw_page (person->client);
  before = closings;
  changes = account_changes;
  expire (&c);
  run_until (closings > before && account_changes > changes);
  g_assert_true (has_roles);
  g_assert_true (has_ended);
  run_ms (500);
  g_assert_cmpuint (closings, ==, before + 1);
}

int
main (int argc, char **argv)
{
  static Cell cells[G_N_ELEMENTS (ways) * G_N_ELEMENTS (things)];
  int result;

  g_test_init (&argc, &argv, NULL);
  fixture = fixture_new (NULL);
  g_assert_true (karez_routes_add (KAREZ_ROUTES (fixture->web), "GET", "/x/rights/held",
                                   "board.read", hold, NULL, NULL, NULL));
  g_assert_true (karez_routes_add (KAREZ_ROUTES (fixture->web), "POST", "/x/rights/held",
                                   "board.read", hold, NULL, NULL, NULL));
  g_assert_true (karez_routes_add (KAREZ_ROUTES (fixture->web), "GET", "/x/rights/much",
                                   "board.read", answer_much, NULL, NULL, NULL));
  hub_web_set_session_handler (fixture->web, on_session, NULL);
  g_signal_connect (fixture->web, "connection-closed", G_CALLBACK (on_closed), NULL);
  g_signal_connect (fixture->web, "account-changed", G_CALLBACK (on_account), NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cells); i++)
    {
      g_autofree char *path = NULL;

      cells[i] = (Cell){ i / G_N_ELEMENTS (things), i % G_N_ELEMENTS (things) };
      path = g_strdup_printf ("/web/rights/%s/%s", ways[cells[i].way].name,
                              things[cells[i].thing].name);
      g_test_add_data_func (path, &cells[i], test_cell);
    }
  g_test_add_func ("/web/rights/kept", test_kept);
  g_test_add_func ("/web/rights/expired-away", test_expired_away);
  g_test_add_func ("/web/rights/expired-one", test_expired_one);
  administrator = client_signed_in (fixture, "127.0.0.1", "administrator");
  result = g_test_run ();
  client_free (administrator);
  fixture_free (fixture);
  return result;
}
