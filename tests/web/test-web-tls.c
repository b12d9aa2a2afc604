/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* TLS of the hub's own: what is said through it, what is bounded before it, and another certificate
 * while somebody is connected. */
#include "web-fixture.h"

#include "hub-web-authority.h"
#include "hub-web-root.h"

#include <glib/gstdio.h>
#include <string.h>

#define HEADER_MS 1500

static Fixture *fixture;
static char *folder;

static char *
path_of (const char *name)
{
  return g_build_filename (folder, name, NULL);
}

/* A key and a certificate that it signed itself. */
static void
make_pair (const char *name, const char *host)
{
  g_autofree char *key = g_strdup_printf ("%s/%s.key", folder, name);
  g_autofree char *pem = g_strdup_printf ("%s/%s.pem", folder, name);
  g_autofree char *subject = g_strdup_printf ("/CN=%s", name);
  g_autofree char *alternative = g_strdup_printf ("subjectAltName=DNS:%s", host);
  const char *const argv[] = { "openssl", "req", "-x509", "-newkey", "ed25519", "-nodes",
                               "-days",   "30",  "-subj", subject,   "-addext", alternative,
                               "-keyout", key,   "-out",  pem,       NULL };
  g_autoptr (GError) error = NULL;
  int status = 0;

  g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_STDERR_TO_DEV_NULL, NULL,
                NULL, NULL, NULL, &status, &error);
  g_assert_no_error (error);
  g_assert_cmpint (status, ==, 0);
}

/* As an administrator's tool does it: another file in the place of the one before. */
static void
put (const char *from, const char *to)
{
  g_autofree char *source = path_of (from);
  g_autofree char *temporary = path_of ("new");
  g_autofree char *target = path_of (to);
  g_autofree char *text = NULL;
  gsize size;

  g_assert_true (g_file_get_contents (source, &text, &size, NULL));
  g_assert_true (g_file_set_contents (temporary, text, (gssize) size, NULL));
  g_assert_cmpint (g_rename (temporary, target), ==, 0);
}

static gboolean
on_accept (GTlsConnection *tls, GTlsCertificate *certificate, GTlsCertificateFlags flags,
           gpointer data)
{
  return TRUE;
}

static void
on_shaken (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;

  *(int *) data = g_tls_connection_handshake_finish (G_TLS_CONNECTION (source), result, &error)
                      ? 1
                      : -1;
}

static GSocketConnection *
open_from_port (const char *address, guint16 port)
{
  g_autoptr (GSocketAddress) local = g_inet_socket_address_new_from_string (address, 0);
  g_autoptr (GSocketAddress) remote = g_inet_socket_address_new_from_string ("127.0.0.1", port);
  g_autoptr (GSocket) socket = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM,
                                             G_SOCKET_PROTOCOL_TCP, NULL);
  GSocketConnection *wire;

  g_assert_true (g_socket_bind (socket, local, TRUE, NULL));
  g_assert_true (g_socket_connect (socket, remote, NULL, NULL));
  g_socket_set_blocking (socket, FALSE);
  wire = g_socket_connection_factory_create_connection (socket);
  return wire;
}

static GSocketConnection *
open_from (const char *address)
{
  return open_from_port (address, hub_web_get_port (fixture->web));
}

/* Returns: (transfer full): NULL when the hub does not shake hands */
static GIOStream *
open_tls (const char *address)
{
  g_autoptr (GSocketConnection) wire = open_from (address);
  g_autoptr (GIOStream) tls = g_tls_client_connection_new (G_IO_STREAM (wire), NULL, NULL);
  int shaken = 0;

  g_signal_connect (tls, "accept-certificate", G_CALLBACK (on_accept), NULL);
  g_tls_connection_handshake_async (G_TLS_CONNECTION (tls), G_PRIORITY_DEFAULT, NULL, on_shaken,
                                    &shaken);
  run_until (shaken != 0);
  return shaken > 0 ? g_steal_pointer (&tls) : NULL;
}

/* What comes back through @tls within @ms, or until it ends. */
static char *
say (GIOStream *tls, const char *text, guint ms)
{
  GPollableInputStream *input = G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (tls));
  GPollableOutputStream *output = G_POLLABLE_OUTPUT_STREAM (g_io_stream_get_output_stream (tls));
  gint64 end = g_get_monotonic_time () + ms * 1000;
  GString *answer = g_string_new (NULL);
  gboolean over = FALSE;

  g_assert_cmpint (
      g_pollable_output_stream_write_nonblocking (output, text, strlen (text), NULL, NULL), ==,
      strlen (text));
  while (!over && g_get_monotonic_time () < end)
    {
      g_autoptr (GError) error = NULL;
      char buffer[4096];
      gssize n = g_pollable_input_stream_read_nonblocking (input, buffer, sizeof buffer, NULL,
                                                           &error);

      if (n > 0)
        g_string_append_len (answer, buffer, n);
      else if (n == 0 || !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        over = TRUE;
      else
        run_ms (5);
      if (g_str_has_suffix (answer->str, "}"))
        over = TRUE;
    }
  return g_string_free (answer, FALSE);
}

static char *
head (const char *path, const char *more)
{
  return g_strdup_printf ("GET %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n%s\r\n", path,
                          hub_web_get_port (fixture->web), more);
}

static char *
common_name (GIOStream *tls)
{
  GTlsCertificate *certificate = g_tls_connection_get_peer_certificate (G_TLS_CONNECTION (tls));

  return g_tls_certificate_get_subject_name (certificate);
}

static char *
member (const char *name)
{
  g_autoptr (JsonNode) said = hub_web_certificate_describe (hub_web_get_certificate (fixture->web));

  return g_strdup (
      json_object_get_string_member_with_default (json_node_get_object (said), name, ""));
}

static gint64
connections (void)
{
  g_autoptr (Client) local = client_new (fixture, NULL);
  g_auto (Answer) answer = ask (local, "GET", "/metrics", NULL, NULL);
  g_autofree char *text = g_strndup (g_bytes_get_data (answer.bytes, NULL),
                                     g_bytes_get_size (answer.bytes));
  const char *line = strstr (text, "\nkarez_http_connections ");

  g_assert_nonnull (line);
  return g_ascii_strtoll (strchr (line, ' ') + 1, NULL, 10) - 1; /* its own */
}

static void
test_answers (void)
{
  g_autoptr (GIOStream) tls = open_tls ("127.0.0.1");
  g_autofree char *request = head ("/healthz", "");

  g_assert_nonnull (tls);
  g_assert_cmpint (g_tls_connection_get_protocol_version (G_TLS_CONNECTION (tls)), >=,
                   G_TLS_PROTOCOL_VERSION_TLS_1_2);
  for (guint i = 0; i < 3; i++)
    {
      g_autofree char *answer = say (tls, request, 3000);

      g_assert_true (g_str_has_prefix (answer, "HTTP/1.1 200 "));
      g_assert_nonnull (strstr (answer, "\r\nStrict-Transport-Security: max-age=300\r\n"));
    }
}

/* The last word of a connection is said through TLS, too. */
static void
test_refusal (void)
{
  g_autoptr (GIOStream) tls = open_tls ("127.0.0.1");
  g_autofree char *request = head ("/healthz", "Host: twice\r\n");
  g_autofree char *answer = say (tls, request, 3000);

  g_assert_true (g_str_has_prefix (answer, "HTTP/1.1 400 "));
  g_assert_nonnull (strstr (answer, "application/problem+json"));
}

/* How long the hub bears with what is no handshake. */
static gint64
bears (const char *bytes, gsize size)
{
  g_autoptr (GSocketConnection) wire = open_from ("127.0.0.1");
  gint64 begin = g_get_monotonic_time ();
  gboolean closed = FALSE;
  g_autofree char *answer = NULL;

  if (size > 0)
    g_socket_send (g_socket_connection_get_socket (wire), bytes, size, NULL, NULL);
  answer = wire_read (wire, HEADER_MS * 4, &closed);
  g_assert_true (closed);
  return (g_get_monotonic_time () - begin) / 1000;
}

/* A ClientHello that says it is 4 KiB long, and has 8 bytes. */
static const char stalled[] = "\x16\x03\x01\x00\x08\x01\x00\x10\x00\x03\x03xx";

static void
test_no_handshake (void)
{
  g_autofree char *plain = head ("/healthz", "");
  gint64 before = connections ();

  g_assert_cmpint (bears (plain, strlen (plain)), <, HEADER_MS - 200);
  g_assert_cmpint (bears ("\x16\x03\x01\xff\xff", 5), <, HEADER_MS - 200);
  g_assert_cmpint (bears ("\x16\x03\x01\x00\x04\x02\x00\x00\x00", 9), <, HEADER_MS - 200);
  g_assert_cmpint (bears (NULL, 0), >=, HEADER_MS - 100);
  g_assert_cmpint (bears ("\x16\x03", 2), >=, HEADER_MS - 100);
  g_assert_cmpint (bears (stalled, sizeof stalled - 1), >=, HEADER_MS - 100);
  run_ms (200);
  g_assert_cmpint (connections (), <=, before);
}

/* Who stalls at one address keeps nobody at another from coming. */
static void
test_stalled (void)
{
  g_autoptr (GPtrArray) wires = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GIOStream) tls = NULL;
  gint64 before = connections (), begin;

  for (guint i = 0; i < 60; i++)
    {
      GSocketConnection *wire = open_from ("127.0.0.1");

      g_socket_send (g_socket_connection_get_socket (wire), stalled, sizeof stalled - 1, NULL,
                     NULL);
      g_ptr_array_add (wires, wire);
    }
  /* Their streams cost something to make, before any of them stalls. */
  run_until (connections () >= before + 60);
  run_ms (300);
  begin = g_get_monotonic_time ();
  tls = open_tls ("127.0.0.2");
  g_assert_nonnull (tls);
  g_assert_cmpint ((g_get_monotonic_time () - begin) / 1000, <, 500);
  run_ms (HEADER_MS + 500);
  g_assert_cmpint (connections (), <=, 2);
}

static void
test_replaced (void)
{
  HubWebCertificate *certificate = hub_web_get_certificate (fixture->web);
  g_autofree char *request = head ("/healthz", "");
  g_autoptr (GIOStream) before = open_tls ("127.0.0.1"), after = NULL, last = NULL;
  g_autofree char *first = common_name (before), *second = NULL, *third = NULL;
  g_autofree char *good = member ("state"), *nothing = member ("refused");
  g_autofree char *mixed = NULL, *stranger = NULL, *taken = NULL, *answer = NULL;
  g_autofree char *held = say (before, request, 3000);

  g_assert_true (g_str_has_prefix (held, "HTTP/1.1 200 "));
  g_assert_cmpstr (first, ==, "CN=one");
  g_assert_cmpstr (good, ==, "good");
  g_assert_cmpstr (nothing, ==, "");

  /* Half of it, and one for another name: what is in use stays. */
  put ("two.pem", "hub.pem");
  hub_web_certificate_look (certificate);
  mixed = member ("refused");
  g_assert_cmpstr (mixed, ==, "other-key");
  after = open_tls ("127.0.0.1");
  second = common_name (after);
  g_assert_cmpstr (second, ==, "CN=one");
  put ("strange.pem", "hub.pem");
  put ("strange.key", "hub.key");
  hub_web_certificate_look (certificate);
  stranger = member ("refused");
  g_assert_cmpstr (stranger, ==, "other-name");

  /* The whole of it, seen without being asked. */
  put ("two.pem", "hub.pem");
  put ("two.key", "hub.key");
  run_ms (3500);
  taken = member ("refused");
  g_assert_cmpstr (taken, ==, "");
  last = open_tls ("127.0.0.1");
  third = common_name (last);
  g_assert_cmpstr (third, ==, "CN=two");
  answer = say (before, request, 3000);
  g_assert_true (g_str_has_prefix (answer, "HTTP/1.1 200 "));
}

static char *
read_file (const char *directory, const char *name)
{
  g_autofree char *path = g_build_filename (directory, name, NULL);
  char *text = NULL;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  return text;
}

static HubWebPairFault
judge (const char *directory, const char *host)
{
  g_autofree char *path = g_build_filename (directory, HUB_WEB_AUTHORITY_CERTIFICATE, NULL);
  g_autoptr (HubWebPair) pair = hub_web_pair_load (path, path, host);

  return pair->fault;
}

/* What openssl says of a certificate that the authority in @directory signs for @host. */
static gboolean
vouches_for (const char *directory, const char *host)
{
  static const char script[] =
      "cd \"$1\" && openssl req -new -newkey ed25519 -nodes -subj /CN=x -keyout other.key -out "
      "other.csr && echo \"subjectAltName=$2\" > other.ext && openssl x509 -req -in other.csr -CA "
      "authority.pem -CAkey authority.pem -extfile other.ext -out other.crt && openssl verify "
      "-CAfile authority.crt other.crt; code=$?; rm -f other.*; exit $code";
  const char *const argv[] = { "sh", "-c", script, "sh", directory, host, NULL };
  int status = -1;

  g_assert_true (
      g_spawn_sync (NULL, (char **) argv, NULL,
                    G_SPAWN_SEARCH_PATH | G_SPAWN_STDERR_TO_DEV_NULL | G_SPAWN_STDOUT_TO_DEV_NULL,
                    NULL, NULL, NULL, NULL, &status, NULL));
  return status == 0;
}

static void
check_authority (const char *host, const char *own, const char *strange, const char *address)
{
  g_autofree char *directory = g_build_filename (folder, "authority", host, NULL);
  g_autoptr (GError) error = NULL;

  hub_web_authority_prepare (directory, host, g_get_real_time () / G_USEC_PER_SEC, &error);
  g_assert_no_error (error);
  g_assert_cmpint (judge (directory, host), ==, HUB_WEB_PAIR_GOOD);
  g_assert_true (vouches_for (directory, own));
  g_assert_false (vouches_for (directory, strange));
  g_assert_false (vouches_for (directory, address));
}

static void
test_authority (void)
{
  const gint64 now = g_get_real_time () / G_USEC_PER_SEC, day = 24 * 3600;
  g_autofree char *directory = path_of ("authority/karez.example.org");
  g_autofree char *key = g_build_filename (directory, HUB_WEB_AUTHORITY_KEY, NULL);
  g_autofree char *root = NULL, *leaf = NULL, *same = NULL, *renewed = NULL, *kept = NULL;
  g_autofree char *other = NULL;
  g_autoptr (GError) error = NULL;
  GStatBuf status;

  /* Made a year ago; it is renewed 30 days before its end, and the root stays. */
  g_assert_true (hub_web_authority_prepare (directory, "karez.example.org", now - 366 * day, NULL));
  g_assert_cmpint (g_stat (key, &status), ==, 0);
  g_assert_cmpint (status.st_mode & 0777, ==, 0600);
  root = read_file (directory, HUB_WEB_AUTHORITY_ROOT);
  g_assert_null (strstr (root, "PRIVATE"));
  leaf = read_file (directory, HUB_WEB_AUTHORITY_CERTIFICATE);
  g_assert_cmpint (judge (directory, "karez.example.org"), ==, HUB_WEB_PAIR_GOOD);
  g_assert_true (hub_web_authority_prepare (directory, "karez.example.org", now, NULL));
  same = read_file (directory, HUB_WEB_AUTHORITY_CERTIFICATE);
  g_assert_cmpstr (same, ==, leaf);
  g_assert_true (hub_web_authority_prepare (directory, "karez.example.org", now + 2 * day, NULL));
  renewed = read_file (directory, HUB_WEB_AUTHORITY_CERTIFICATE);
  g_assert_cmpstr (renewed, !=, leaf);
  kept = read_file (directory, HUB_WEB_AUTHORITY_ROOT);
  g_assert_cmpstr (kept, ==, root);

  /* It vouches for nobody else. */
  check_authority ("karez.example.org", "DNS:karez.example.org", "DNS:bank.example",
                   "IP:192.0.2.1");
  check_authority ("192.0.2.7", "IP:192.0.2.7", "DNS:bank.example", "IP:192.0.2.8");
  check_authority ("2001:db8::7", "IP:2001:db8::7", "DNS:bank.example", "IP:192.0.2.7");

  /* A clock that is twelve years off costs nobody the root. */
  g_assert_true (
      hub_web_authority_prepare (directory, "karez.example.org", now + 4400 * day, NULL));
  g_assert_true (hub_web_authority_prepare (directory, "karez.example.org", now, NULL));
  other = read_file (directory, HUB_WEB_AUTHORITY_ROOT);
  g_assert_cmpstr (other, ==, root);
  g_assert_cmpint (judge (directory, "karez.example.org"), ==, HUB_WEB_PAIR_GOOD);

  /* One that cannot be read is in people's phones, and is not replaced. */
  g_assert_true (g_file_set_contents (key, "nonsense", -1, NULL));
  g_assert_false (hub_web_authority_prepare (directory, "karez.example.org", now, &error));
  g_assert_nonnull (strstr (error->message, key));
}

static void
check_address (const char *origin, guint16 port, const char *expected)
{
  g_autofree char *address = hub_web_root_make_address (origin, port);

  g_assert_cmpstr (address, ==, expected);
}

static void
test_root (void)
{
  g_autofree char *directory = path_of ("authority/192.0.2.7");
  g_autofree char *pem = NULL;
  g_autoptr (HubWebRoot) root = NULL;
  g_autoptr (JsonNode) said = NULL;
  g_autoptr (GError) error = NULL;
  JsonArray *rows;

  g_assert_null (hub_web_root_load (directory, &error));
  g_assert_nonnull (strstr (error->message, directory));
  g_clear_error (&error);
  hub_web_authority_prepare (directory, "192.0.2.7", g_get_real_time () / G_USEC_PER_SEC, NULL);
  root = hub_web_root_load (directory, &error);
  g_assert_no_error (error);
  pem = read_file (directory, HUB_WEB_AUTHORITY_ROOT);
  g_assert_nonnull (strstr (pem, root->pem));
  g_assert_null (strstr (root->pem, "PRIVATE"));
  g_assert_cmpuint (strlen (root->sha256), ==, 32 * 3 - 1);
  said = hub_web_root_describe (root, "http://192.0.2.7/root.crt");
  rows = json_object_get_array_member (json_node_get_object (said), "qr");
  g_assert_cmpuint (json_array_get_length (rows), >=, 21);
  for (guint i = 0; i < json_array_get_length (rows); i++)
    g_assert_cmpuint (strlen (json_array_get_string_element (rows, i)), ==,
                      json_array_get_length (rows));

  check_address ("https://karez.example.org", 0, "https://karez.example.org/root.crt");
  check_address ("https://karez.example.org:8443", 80, "http://karez.example.org/root.crt");
  check_address ("https://karez.example.org:8443", 8080, "http://karez.example.org:8080/root.crt");
  check_address ("https://[2001:db8::7]", 8080, "http://[2001:db8::7]:8080/root.crt");
}

/* Who asks for the root does not wait for the disk, and is given the one that is there now. */
static void
test_root_file (void)
{
  g_autofree char *directory = path_of ("authority/192.0.2.7");
  g_autofree char *path = g_build_filename (directory, HUB_WEB_AUTHORITY_ROOT, NULL);
  g_autofree char *other = path_of ("authority/karez.example.org");
  g_autofree char *before = read_file (directory, HUB_WEB_AUTHORITY_ROOT);
  g_autofree char *after = read_file (other, HUB_WEB_AUTHORITY_ROOT);
  g_autoptr (HubWebRootFile) file = hub_web_root_file_new (directory);
  g_autoptr (GError) error = NULL;
  g_autofree char *pem = NULL;

  pem = g_strdup (hub_web_root_file_get (file, &error)->pem);
  g_assert_nonnull (strstr (before, pem));
  g_unlink (path);
  g_assert_cmpstr (hub_web_root_file_get (file, NULL)->pem, ==, pem);

  hub_web_root_file_look (file);
  g_assert_null (hub_web_root_file_get (file, &error));
  g_assert_nonnull (strstr (error->message, path));

  g_assert_true (g_file_set_contents (path, after, -1, NULL));
  hub_web_root_file_look (file);
  g_assert_nonnull (strstr (after, hub_web_root_file_get (file, NULL)->pem));

  g_assert_true (g_file_set_contents (path, before, -1, NULL));
  for (guint i = 0; i < 40 && g_strcmp0 (hub_web_root_file_get (file, NULL)->pem, pem) != 0; i++)
    {
      g_usleep (50 * 1000);
      g_main_context_iteration (NULL, FALSE);
    }
  g_assert_cmpstr (hub_web_root_file_get (file, NULL)->pem, ==, pem);
}

static void
remove_authorities (void)
{
  static const char *const names[] = { HUB_WEB_AUTHORITY_KEY, HUB_WEB_AUTHORITY_ROOT,
                                       HUB_WEB_AUTHORITY_CERTIFICATE };
  static const char *const hosts[] = { "karez.example.org", "192.0.2.7", "2001:db8::7" };
  g_autofree char *all = path_of ("authority");

  for (guint h = 0; h < G_N_ELEMENTS (hosts); h++)
    {
      g_autofree char *directory = g_build_filename (all, hosts[h], NULL);

      for (guint i = 0; i < G_N_ELEMENTS (names); i++)
        {
          g_autofree char *path = g_build_filename (directory, names[i], NULL);

          g_unlink (path);
        }
      g_rmdir (directory);
    }
  g_rmdir (all);
}

/* What HTTP is answered with; never anything of the hub's own. */
static char *
ask_plain (const char *request)
{
  g_autoptr (GSocketConnection)
      wire = open_from_port ("127.0.0.1", hub_web_get_redirect_port (fixture->web));
  gboolean closed;

  g_socket_send (g_socket_connection_get_socket (wire), request, strlen (request), NULL, NULL);
  return wire_read (wire, 500, &closed);
}

static void
test_redirected (void)
{
  g_autofree char *got = ask_plain (
      "GET /sessions/a%2Fb?x=1&y=%20 HTTP/1.1\r\nHost: karez.example.org\r\n\r\n");
  g_autofree char *strange = ask_plain ("HEAD //other.example HTTP/1.1\r\nHost: other\r\n\r\n");
  g_autofree char *health = ask_plain ("GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
  g_autofree char *posted = ask_plain (
      "POST /api/v1/sign-in HTTP/1.1\r\nHost: karez.example.org\r\n"
      "Content-Type: application/json\r\n"
      "Content-Length: 2\r\n\r\n{}");

  g_assert_true (g_str_has_prefix (got, "HTTP/1.1 308 "));
  g_assert_nonnull (strstr (got, "\r\nLocation: " TEST_TLS_ORIGIN "/sessions/a%2Fb?x=1&y=%20\r\n"));
  g_assert_null (strstr (got, "Strict-Transport-Security"));
  g_assert_true (g_str_has_prefix (strange, "HTTP/1.1 308 "));
  g_assert_nonnull (strstr (strange, "\r\nLocation: " TEST_TLS_ORIGIN "/"));
  g_assert_true (g_str_has_prefix (health, "HTTP/1.1 308 "));
  g_assert_true (g_str_has_prefix (posted, "HTTP/1.1 403 "));
  g_assert_nonnull (strstr (posted, "request/https"));
  g_assert_null (strstr (posted, "Location"));
}

/* Nothing that the hub says waits for a client that does not read. */
static void
test_does_not_read (void)
{
  g_autoptr (GIOStream) tls = open_tls ("127.0.0.1");
  g_autoptr (GString) many = g_string_new (NULL);
  g_autofree char *request = head ("/metrics", "");
  GPollableOutputStream *output = G_POLLABLE_OUTPUT_STREAM (g_io_stream_get_output_stream (tls));
  gint64 longest = 0;

  for (guint i = 0; i < 40; i++)
    g_string_append (many, request);
  g_pollable_output_stream_write_nonblocking (output, many->str, many->len, NULL, NULL);
  for (guint i = 0; i < 100; i++)
    {
      gint64 begin = g_get_monotonic_time ();

      run_ms (10);
      longest = MAX (longest, g_get_monotonic_time () - begin);
    }
  g_clear_object (&tls);
  g_assert_cmpint (longest / 1000, <, 500);
}

int
main (int argc, char **argv)
{
  const HubWebBounds bounds = { .connections = 150,
                                .connections_of_address = 100,
                                .header_ms = HEADER_MS,
                                .body_ms = 3000,
                                .body_stall_ms = 3000,
                                .answer_ms = 5000,
                                .write_ms = 3000,
                                .stall_ms = 3000,
                                .idle_ms = 30000,
                                .requests_per_second = 1000,
                                .burst = 1000,
                                .believe_ms = 1000,
                                .bodies_of_account = 8 << 20,
                                .bodies_of_customer = 32 << 20,
                                .bodies = 128 << 20,
                                .strange_bodies_of_customer = 2 << 20,
                                .strange_bodies = 16 << 20 };
  g_autofree char *certificate = NULL, *key = NULL;
  int status;

  g_test_init (&argc, &argv, NULL);
  /* What is refused is a warning. */
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
  folder = g_dir_make_tmp ("karez-tls-XXXXXX", NULL);
  g_assert_nonnull (folder);
  certificate = path_of ("hub.pem");
  key = path_of ("hub.key");
  make_pair ("one", "karez.example.org");
  make_pair ("two", "karez.example.org");
  make_pair ("strange", "other.example.org");
  put ("one.pem", "hub.pem");
  put ("one.key", "hub.key");
  fixture = fixture_new_tls (&bounds, certificate, key);

  g_test_add_func ("/web/tls/answers", test_answers);
  g_test_add_func ("/web/tls/refusal", test_refusal);
  g_test_add_func ("/web/tls/no-handshake", test_no_handshake);
  g_test_add_func ("/web/tls/stalled", test_stalled);
  g_test_add_func ("/web/tls/root", test_root);
  g_test_add_func ("/web/tls/authority", test_authority);
  g_test_add_func ("/web/tls/root-file", test_root_file);
  g_test_add_func ("/web/tls/redirected", test_redirected);
  g_test_add_func ("/web/tls/does-not-read", test_does_not_read);
  g_test_add_func ("/web/tls/replaced", test_replaced);
  status = g_test_run ();
  fixture_free (fixture);
  remove_authorities ();
  {
    static const char *const names[] = { "hub", "one", "two", "strange" };

    for (guint i = 0; i < G_N_ELEMENTS (names); i++)
      {
        g_autofree char *pem = g_strdup_printf ("%s/%s.pem", folder, names[i]);
        g_autofree char *own = g_strdup_printf ("%s/%s.key", folder, names[i]);

        g_unlink (pem);
        g_unlink (own);
      }
  }
  g_rmdir (folder);
  g_free (folder);
  return status;
}
