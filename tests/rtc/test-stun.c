/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* STUN requests, and addresses. */
#include "hub-bytes.h"
#include "hub-stun.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stun/stunagent.h>
#include <stun/usages/ice.h>

#define UFRAG "ourufrag"
#define PASSWORD "our/password+of24letters"
#define NAME UFRAG ":F7gI"
#define TIE G_GUINT64_CONSTANT (0x8877665544332211)
#define PRIORITY 1853824767u
#define ROOM 1024u

/* What a client may ask for beside the usual. */
typedef enum
{
  PLAIN = 0,
  NOMINATE = 1 << 0,
  CONTROLLED = 1 << 1,
  NO_FINGERPRINT = 1 << 2,
} Flags;

typedef struct
{
  HubStun *stun;
  StunAgent client;
  HubAddress source;
  guint looked_up;
  guint8 request[ROOM], reply[HUB_STUN_MAX_REPLY];
  gsize request_length, reply_length;
  char ufrag[HUB_STUN_UFRAG_LENGTH + 1];
} Check;

static const char *
find_password (const char *ufrag, gpointer data)
{
  Check *check = data;

  check->looked_up++;
  g_assert_cmpuint (strlen (ufrag), <=, HUB_STUN_UFRAG_LENGTH);
  return g_str_equal (ufrag, UFRAG) ? PASSWORD : NULL;
}

static void
init_client (Check *check, StunAgentUsageFlags usage)
{
  static const uint16_t known[] = {
    STUN_ATTRIBUTE_USERNAME,           STUN_ATTRIBUTE_MESSAGE_INTEGRITY,
    STUN_ATTRIBUTE_FINGERPRINT,        STUN_ATTRIBUTE_PRIORITY,
    STUN_ATTRIBUTE_USE_CANDIDATE,      STUN_ATTRIBUTE_ICE_CONTROLLED,
    STUN_ATTRIBUTE_ICE_CONTROLLING,    STUN_ATTRIBUTE_ERROR_CODE,
    STUN_ATTRIBUTE_UNKNOWN_ATTRIBUTES, STUN_ATTRIBUTE_XOR_MAPPED_ADDRESS,
    STUN_ATTRIBUTE_MAPPED_ADDRESS,     0
  };

  stun_agent_init (&check->client, known, STUN_COMPATIBILITY_RFC5389,
                   STUN_AGENT_USAGE_SHORT_TERM_CREDENTIALS | usage);
}

static void
check_up (Check *check, gconstpointer data)
{
  memset (check, 0, sizeof *check);
  check->stun = hub_stun_new (find_password, check);
  init_client (check, STUN_AGENT_USAGE_USE_FINGERPRINT);
  g_assert_true (hub_address_parse (&check->source, "203.0.113.7:51234", TRUE));
}

static void
check_down (Check *check, gconstpointer data)
{
  hub_stun_free (check->stun);
}

/* A request as libnice's client makes it. */
static void
ask (Check *check, const char *name, const char *password, Flags flags)
{
  StunMessage message;

  init_client (check, flags & NO_FINGERPRINT ? 0 : STUN_AGENT_USAGE_USE_FINGERPRINT);
  check->request_length = stun_usage_ice_conncheck_create (
      &check->client, &message, check->request, sizeof check->request, (const guint8 *) name,
      strlen (name), (const guint8 *) password, strlen (password), flags & NOMINATE,
      !(flags & CONTROLLED), PRIORITY, TIE, NULL, STUN_USAGE_ICE_COMPATIBILITY_RFC5245);
  g_assert_cmpuint (check->request_length, >, 20);
}

/* Takes bytes that lie at the end of their memory. */
static HubStunOutcome
take_bytes (Check *check, const guint8 *bytes, gsize length)
{
  g_autofree guint8 *copy = g_malloc (MAX (length, 1));
  HubStunOutcome outcome;

  memcpy (copy, bytes, length);
  memset (check->ufrag, 'x', sizeof check->ufrag);
  outcome = hub_stun_take (check->stun, copy, length, &check->source, check->ufrag, check->reply,
                           &check->reply_length);
  g_assert_cmpstr (check->ufrag, ==, outcome == HUB_STUN_IGNORED ? "" : UFRAG);
  if (outcome != HUB_STUN_IGNORED)
    {
      g_assert_cmpuint (check->reply_length, >, 20);
      g_assert_cmpuint (check->reply_length, <=, HUB_STUN_MAX_REPLY);
    }
  return outcome;
}

static HubStunOutcome
take (Check *check)
{
  return take_bytes (check, check->request, check->request_length);
}

/* The reply is the client's, sealed with the password, and says where the request came from. */
static void
check_reply (Check *check)
{
  struct sockaddr_storage mapped = { 0 };
  socklen_t length = sizeof mapped;
  StunMessage reply;
  HubAddress found;
  guint8 broken[HUB_STUN_MAX_REPLY];

  memcpy (broken, check->reply, check->reply_length);
  broken[28] ^= 1; /* in the address */
  g_assert_cmpint (
      stun_agent_validate (&check->client, &reply, broken, check->reply_length, NULL, NULL), !=,
      STUN_VALIDATION_SUCCESS);
  g_assert_cmpint (
      stun_agent_validate (&check->client, &reply, check->reply, check->reply_length, NULL, NULL),
      ==, STUN_VALIDATION_SUCCESS);
  g_assert_cmpint (stun_message_get_class (&reply), ==, STUN_RESPONSE);
  g_assert_cmpint (stun_message_get_method (&reply), ==, STUN_BINDING);
  g_assert_true (stun_message_has_attribute (&reply, STUN_ATTRIBUTE_XOR_MAPPED_ADDRESS));
  g_assert_true (stun_message_has_attribute (&reply, STUN_ATTRIBUTE_MESSAGE_INTEGRITY));
  g_assert_true (stun_message_has_attribute (&reply, STUN_ATTRIBUTE_FINGERPRINT));
  g_assert_cmpint (stun_usage_ice_conncheck_process (&reply, &mapped, &length,
                                                     STUN_USAGE_ICE_COMPATIBILITY_RFC5245),
                   ==, STUN_USAGE_ICE_RETURN_SUCCESS);
  found.storage = mapped;
  found.length = length;
  g_assert_true (hub_address_equal (&found, &check->source));
}

/* RFC 8489, 14.8: the error's class and number; the reply is sealed as the request was. */
static void
check_error (Check *check, int expected)
{
  StunMessage reply;
  int code = 0;

  g_assert_cmpint (
      stun_agent_validate (&check->client, &reply, check->reply, check->reply_length, NULL, NULL),
      ==, STUN_VALIDATION_SUCCESS);
  g_assert_cmpint (stun_message_get_class (&reply), ==, STUN_ERROR);
  g_assert_cmpint (stun_message_find_error (&reply, &code), ==, STUN_MESSAGE_RETURN_SUCCESS);
  g_assert_cmpint (code, ==, expected);
}

static void
test_checked (Check *check, gconstpointer data)
{
  ask (check, NAME, PASSWORD, PLAIN);
  g_assert_cmpint (take (check), ==, HUB_STUN_CHECKED);
  g_assert_cmpuint (check->looked_up, ==, 1);
  check_reply (check);
}

static void
test_nominated (Check *check, gconstpointer data)
{
  ask (check, NAME, PASSWORD, NOMINATE);
  g_assert_cmpint (take (check), ==, HUB_STUN_NOMINATED);
  check_reply (check);
}

static void
test_ipv6 (Check *check, gconstpointer data)
{
  g_assert_true (
      hub_address_parse (&check->source, "[2001:db8:1234:5678:9abc:def0:1:2]:65535", TRUE));
  ask (check, NAME, PASSWORD, NOMINATE);
  g_assert_cmpint (take (check), ==, HUB_STUN_NOMINATED);
  check_reply (check);
}

/* One after another: nothing is kept from one check to the next. */
static void
test_many (Check *check, gconstpointer data)
{
  for (guint i = 0; i < 500; i++)
    {
      ask (check, NAME, PASSWORD, i % 2 == 0 ? NOMINATE : PLAIN);
      g_assert_cmpint (take (check), ==, i % 2 == 0 ? HUB_STUN_NOMINATED : HUB_STUN_CHECKED);
      check_reply (check);
    }
}

static void
test_forged (Check *check, gconstpointer data)
{
  static const char *const names[] = {
    "theufrag:F7gI", UFRAG,          UFRAG ":",       "F7gI:" UFRAG, ":", "",
    "our:ufra:g",    "ourufra:F7gI", "ourufragg:F7gI"
  };

  ask (check, NAME, "our/password+of24lettersx", NOMINATE);
  g_assert_cmpint (take (check), ==, HUB_STUN_IGNORED);
  ask (check, NAME, "", NOMINATE);
  g_assert_cmpint (take (check), ==, HUB_STUN_IGNORED);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      HubStunOutcome outcome;

      ask (check, names[i], PASSWORD, NOMINATE);
      outcome = take (check);
      /* Whoever it is there, an empty name of theirs included, knows the password. */
      if (i == 2)
        g_assert_cmpint (outcome, ==, HUB_STUN_NOMINATED);
      else
        g_assert_cmpint (outcome, ==, HUB_STUN_IGNORED);
    }
}

/* Every bit of a request matters. */
static void
test_changed (Check *check, gconstpointer data)
{
  ask (check, NAME, PASSWORD, NOMINATE);
  for (gsize i = 0; i < check->request_length; i++)
    for (guint bit = 0; bit < 8; bit++)
      {
        check->request[i] ^= (guint8) (1u << bit);
        g_assert_cmpint (take (check), ==, HUB_STUN_IGNORED);
        check->request[i] ^= (guint8) (1u << bit);
      }
  g_assert_cmpint (take (check), ==, HUB_STUN_NOMINATED);
}

static void
test_truncated (Check *check, gconstpointer data)
{
  ask (check, NAME, PASSWORD, NOMINATE);
  for (gsize length = 0; length < check->request_length; length++)
    g_assert_cmpint (take_bytes (check, check->request, length), ==, HUB_STUN_IGNORED);
  /* And with what does not belong to it behind it. */
  for (gsize more = 1; more < 9; more++)
    g_assert_cmpint (take_bytes (check, check->request, check->request_length + more), ==,
                     HUB_STUN_IGNORED);
}

/* A message made by hand: a method, and attributes of a client's choosing. */
static gsize
make_message (Check *check, StunMessage *message, gboolean named, guint16 unknown)
{
  g_assert_true (stun_agent_init_request (&check->client, message, check->request,
                                          sizeof check->request, STUN_BINDING));
  g_assert_cmpint (stun_message_append32 (message, STUN_ATTRIBUTE_PRIORITY, PRIORITY), ==,
                   STUN_MESSAGE_RETURN_SUCCESS);
  stun_message_append64 (message, STUN_ATTRIBUTE_ICE_CONTROLLING, TIE);
  if (named)
    stun_message_append_bytes (message, STUN_ATTRIBUTE_USERNAME, NAME, strlen (NAME));
  if (unknown != 0)
    stun_message_append32 (message, unknown, 7);
  return check->request_length = stun_agent_finish_message (
             &check->client, message, (const guint8 *) PASSWORD, strlen (PASSWORD));
}

static void
test_nameless (Check *check, gconstpointer data)
{
  StunMessage message;

  make_message (check, &message, FALSE, 0);
  g_assert_cmpint (take (check), ==, HUB_STUN_IGNORED);
  make_message (check, &message, TRUE, 0);
  g_assert_cmpint (take (check), ==, HUB_STUN_CHECKED);
}

/* Named, but not sealed: as an indication that keeps a binding alive, or as somebody who guesses.
 */
static void
test_unsealed (Check *check, gconstpointer data)
{
  StunMessage message;

  g_assert_true (stun_agent_init_request (&check->client, &message, check->request,
                                          sizeof check->request, STUN_BINDING));
  stun_message_append_bytes (&message, STUN_ATTRIBUTE_USERNAME, NAME, strlen (NAME));
  stun_message_append32 (&message, STUN_ATTRIBUTE_PRIORITY, PRIORITY);
  check->request_length = stun_agent_finish_message (&check->client, &message, NULL, 0);
  g_assert_cmpint (take (check), ==, HUB_STUN_IGNORED);

  ask (check, NAME, PASSWORD, NO_FINGERPRINT);
  g_assert_cmpint (take (check), ==, HUB_STUN_IGNORED);
}

/* RFC 8489, 6.3.1: below 0x8000 it must be understood, above it may be anything. */
static void
test_unknown_attribute (Check *check, gconstpointer data)
{
  StunMessage message, reply;
  guint16 length;
  const guint8 *named;

  make_message (check, &message, TRUE, 0x7f01);
  g_assert_cmpint (take (check), ==, HUB_STUN_REFUSED);
  check_error (check, 420);
  make_message (check, &message, TRUE, 0x7f01);
  g_assert_cmpint (take (check), ==, HUB_STUN_REFUSED);
  g_assert_cmpint (
      stun_agent_validate (&check->client, &reply, check->reply, check->reply_length, NULL, NULL),
      ==, STUN_VALIDATION_SUCCESS);
  named = stun_message_find (&reply, STUN_ATTRIBUTE_UNKNOWN_ATTRIBUTES, &length);
  g_assert_nonnull (named);
  g_assert_cmpuint (length, >=, 2);
  g_assert_cmphex (hub_get16 (named), ==, 0x7f01);

  /* GOOG-NETWORK-INFO, which Chromium sends. */
  make_message (check, &message, TRUE, 0xc057);
  g_assert_cmpint (take (check), ==, HUB_STUN_CHECKED);
  check_reply (check);

  /* Who does not know the password learns nothing, not even that. */
  make_message (check, &message, TRUE, 0x7f01);
  check->request[check->request_length - 20] ^= 1;
  g_assert_cmpint (take (check), ==, HUB_STUN_IGNORED);
}

/* RFC 8445, 7.3.1.1: a lite agent is controlled; who thinks that it is, too, is told. */
static void
test_role_conflict (Check *check, gconstpointer data)
{
  ask (check, NAME, PASSWORD, CONTROLLED);
  g_assert_cmpint (take (check), ==, HUB_STUN_REFUSED);
  check_error (check, 487);
}

/* What is no request is not answered: an answer of our own, sent back, and an indication. */
static void
test_no_request (Check *check, gconstpointer data)
{
  StunMessage message;

  ask (check, NAME, PASSWORD, PLAIN);
  g_assert_cmpint (take (check), ==, HUB_STUN_CHECKED);
  g_assert_cmpint (take_bytes (check, check->reply, check->reply_length), ==, HUB_STUN_IGNORED);

  g_assert_true (stun_agent_init_indication (&check->client, &message, check->request,
                                             sizeof check->request, STUN_BINDING));
  stun_message_append_bytes (&message, STUN_ATTRIBUTE_USERNAME, NAME, strlen (NAME));
  check->request_length = stun_agent_finish_message (&check->client, &message,
                                                     (const guint8 *) PASSWORD, strlen (PASSWORD));
  g_assert_cmpint (take (check), ==, HUB_STUN_IGNORED);

  g_assert_true (stun_agent_init_request (&check->client, &message, check->request,
                                          sizeof check->request, STUN_ALLOCATE));
  stun_message_append_bytes (&message, STUN_ATTRIBUTE_USERNAME, NAME, strlen (NAME));
  check->request_length = stun_agent_finish_message (&check->client, &message,
                                                     (const guint8 *) PASSWORD, strlen (PASSWORD));
  g_assert_cmpint (take (check), ==, HUB_STUN_IGNORED);
}

/* RFC 8445, 5.3 lets their name have 256 characters, and so does our reading of offers. */
static void
test_long_name (Check *check, gconstpointer data)
{
  g_autofree char *theirs = g_strnfill (256, 'x');
  g_autofree char *name = g_strconcat (UFRAG ":", theirs, NULL);

  ask (check, name, PASSWORD, NOMINATE);
  g_assert_cmpint (take (check), ==, HUB_STUN_NOMINATED);
  check_reply (check);
}

/* Of a stranger's flood nothing is computed but where its name is. */
static void
test_lookups (Check *check, gconstpointer data)
{
  ask (check, "theufrag:F7gI", PASSWORD, PLAIN);
  take (check);
  g_assert_cmpuint (check->looked_up, ==, 1);
  ask (check, "short", PASSWORD, PLAIN);
  take (check);
  g_assert_cmpuint (check->looked_up, ==, 1);
}

/* Addresses: hub/base. */

static void
test_address_parse (void)
{
  static const struct
  {
    const char *text, *printed, *host;
    guint16 port;
  } right[] = {
    { "10.0.0.5:4000", "10.0.0.5:4000", "10.0.0.5", 4000 },
    { "127.0.0.1:65535", "127.0.0.1:65535", "127.0.0.1", 65535 },
    { "[fd00::5]:1", "[fd00::5]:1", "fd00::5", 1 },
    { "[FD00:0:0:0:0:0:0:5]:5060", "[fd00::5]:5060", "fd00::5", 5060 },
    { "[::1]:9", "[::1]:9", "::1", 9 },
  };
  static const char *const wrong[] = {
    "",           "10.0.0.5",        "10.0.0.5:",      "10.0.0.5:0",   "10.0.0.5:65536",
    "10.0.0.5:x", "10.0.0.5:+80",    "10.0.0.5: 80",   "10.0.0:80",    "localhost:80",
    ":80",        "0.0.0.0:80",      "224.0.0.1:80",   "[::]:80",      "[ff02::1]:80",
    "[fd00::5",   "[fd00::5]",       "[fd00::5]:",     "[fd00::5]80",  "fd00::5:80",
    "[]:80",      "[fe80::1]:80",    "169.254.1.1:80", "10.0.0.5:80:", "10.0.0.5:80 ",
    "[10.0.0.5",  "[fd00::5]:80:90",
  };
  HubAddress address;
  guint16 port;

  for (guint i = 0; i < G_N_ELEMENTS (right); i++)
    {
      g_autofree char *printed = NULL, *host = NULL;

      g_assert_true (hub_address_parse (&address, right[i].text, TRUE));
      printed = hub_address_print (&address);
      host = hub_address_split (&address, &port);
      g_assert_cmpstr (printed, ==, right[i].printed);
      g_assert_cmpstr (host, ==, right[i].host);
      g_assert_cmpuint (port, ==, right[i].port);
    }
  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    if (hub_address_parse (&address, wrong[i], TRUE))
      g_error ("\"%s\" was taken for an address", wrong[i]);
  /* Where the port may be left out, the kernel chooses. */
  g_assert_true (hub_address_parse (&address, "10.0.0.5", FALSE));
  g_free (hub_address_split (&address, &port));
  g_assert_cmpuint (port, ==, 0);
  g_assert_true (hub_address_parse (&address, "[fd00::5]", FALSE));
  g_assert_false (hub_address_parse (&address, "[fd00::5]:", FALSE));
}

static void
test_address_equal (void)
{
  static const char *const texts[] = { "10.0.0.5:4000",  "10.0.0.5:4001",  "10.0.0.6:4000",
                                       "[fd00::5]:4000", "[fd00::5]:4001", "[fd00::6]:4000" };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    for (guint j = 0; j < G_N_ELEMENTS (texts); j++)
      {
        HubAddress a, b;

        g_assert_true (hub_address_parse (&a, texts[i], TRUE));
        g_assert_true (hub_address_parse (&b, texts[j], TRUE));
        /* What stands behind the address is not it: the kernel writes there, too. */
        if (b.storage.ss_family == AF_INET)
          memset (((struct sockaddr_in *) &b.storage)->sin_zero, 0x55, 8);
        else
          ((struct sockaddr_in6 *) &b.storage)->sin6_flowinfo = htonl (9);
        g_assert_cmpint (hub_address_equal (&a, &b), ==, i == j);
        g_assert_cmpint (hub_address_hash (&a) == hub_address_hash (&b), ==, i == j);
      }
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *path;
    void (*function) (Check *, gconstpointer);
  } tests[] = { { "/rtc/stun/checked", test_checked },
                { "/rtc/stun/nominated", test_nominated },
                { "/rtc/stun/ipv6", test_ipv6 },
                { "/rtc/stun/many", test_many },
                { "/rtc/stun/forged", test_forged },
                { "/rtc/stun/changed", test_changed },
                { "/rtc/stun/truncated", test_truncated },
                { "/rtc/stun/nameless", test_nameless },
                { "/rtc/stun/unsealed", test_unsealed },
                { "/rtc/stun/unknown-attribute", test_unknown_attribute },
                { "/rtc/stun/role-conflict", test_role_conflict },
                { "/rtc/stun/no-request", test_no_request },
                { "/rtc/stun/long-name", test_long_name },
                { "/rtc/stun/lookups", test_lookups } };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, Check, NULL, check_up, tests[i].function, check_down);
  g_test_add_func ("/rtc/address/parse", test_address_parse);
  g_test_add_func ("/rtc/address/equal", test_address_equal);
  return g_test_run ();
}
