/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-web.h"

#include <libpq-fe.h>

G_BEGIN_DECLS

#define TEST_HUB "01930000-0000-7000-8000-00000000a001"
#define TEST_ORIGIN "http://aral.localhost:8801"
#define TEST_TLS_ORIGIN "https://karez.example.org"
#define TEST_PASSWORD "a long password"
#define TEST_PROXY "127.0.0.99"
#define TEST_COOKIE "__Host-karez-" TEST_HUB
#define TEST_BROWSER "__Host-karez-browser-" TEST_HUB

/**
 * Fixture:
 * A HubWeb over a real database, with an account for each of desk, auditor, administrator and
 * engineer, whose login is the role and whose password is TEST_PASSWORD.
 */
typedef struct
{
  HubStore *store;
  HubFeed *feed;
  HubWeb *web;
  PGconn *pg; /* the test's own look */
  char *directory, *socket;
} Fixture;

Fixture *fixture_new (const HubWebBounds *bounds);
/* The same with TLS of its own. @certificate, @key: PEM files */
Fixture *fixture_new_tls (const HubWebBounds *bounds, const char *certificate, const char *key);
void fixture_free (Fixture *fixture);
/* One turn of the main loop after another, for so long. */
void run_ms (guint ms);
/* Runs the main loop until @done, at most 60 s. */
#define run_until(done)                                                                            \
  G_STMT_START                                                                                     \
  {                                                                                                \
    gint64 run_deadline = g_get_monotonic_time () + 60 * G_USEC_PER_SEC;                           \
    while (!(done))                                                                                \
      {                                                                                            \
        g_assert_cmpint (g_get_monotonic_time (), <, run_deadline);                                \
        run_turn ();                                                                               \
      }                                                                                            \
  }                                                                                                \
  G_STMT_END
void run_turn (void);
/* The first column of the first row, "" if there is none. Returns: (transfer full) */
char *sql (Fixture *fixture, const char *statement) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Client:
 * Somebody at an address, who may be signed in.
 */
typedef struct
{
  Fixture *fixture;
  SoupSession *session;
  char *cookie, *csrf, *id;
  char *browser;   /* the cookie by which the hub knows this browser */
  char *forwarded; /* X-Forwarded-For */
} Client;

/* @address: "127.0.0.1" and so on; NULL for the Unix socket */
Client *client_new (Fixture *fixture, const char *address);
/* By the proxy that the hub believes, from any address. */
Client *client_new_behind_proxy (Fixture *fixture, const char *address);
/* Signed in; the test fails if that fails. */
Client *client_signed_in (Fixture *fixture, const char *address, const char *login);
void client_free (Client *client);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Client, client_free)

typedef struct
{
  guint status;
  SoupMessage *message; /* its response headers */
  GBytes *bytes;
  JsonNode *body; /* NULL if it is no JSON */
  GError *error;  /* of the transport */
} Answer;
void answer_clear (Answer *answer);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Answer, answer_clear)

/* @body: (nullable): text. Extra headers by name and value, ended by NULL; a value of NULL leaves
 * out what would be sent otherwise. */
Answer ask (Client *client, const char *method, const char *path, const char *body,
            ...) G_GNUC_NULL_TERMINATED;
const char *answer_header (Answer *answer, const char *name);
/* What a Set-Cookie header gives: "name=value", NULL if there is none. Returns: (transfer full) */
char *answer_cookie (Answer *answer, const char *name);
/* Signs in with the cookies that the client has, and keeps those of the answer. */
Answer sign_in (Client *client, const char *login, const char *password);
/* A text member of the body, or NULL. */
const char *answer_text (Answer *answer, const char *name);
#define assert_problem(answer, code, text)                                                         \
  G_STMT_START                                                                                     \
  {                                                                                                \
    g_assert_no_error ((answer)->error);                                                           \
    g_assert_cmpstr (answer_text (answer, "rule"), ==, text);                                      \
    g_assert_cmpuint ((answer)->status, ==, code);                                                 \
    g_assert_cmpstr (answer_header (answer, "Content-Type"), ==, "application/problem+json");      \
  }                                                                                                \
  G_STMT_END

/* Bytes over a TCP connection of one's own, and what came back until it was closed or @ms. */
GSocketConnection *wire_open (Fixture *fixture);
void wire_send (GSocketConnection *wire, const char *text);
/* Returns: (transfer full): @closed: (out) (optional) */
char *wire_read (GSocketConnection *wire, guint ms, gboolean *closed);

G_END_DECLS
