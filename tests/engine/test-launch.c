/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The launcher's socket: what is taken there and what is not, by the hub and by the worker's
 * program. Another user is in tests/e2e/worker-user.mjs. */
#include "engine-fixture.h"
#include "hub-id.h"
#include "hub-launch.h"
#include "hub-supervisor.h"

#include <fcntl.h>
#include <gio/gunixsocketaddress.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <unistd.h>

static void
make_pair (GSocket **ours, int *theirs)
{
  g_autoptr (GError) error = NULL;
  int pair[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), ==, 0);
  *ours = g_socket_new_from_fd (pair[0], &error);
  g_assert_no_error (error);
  g_socket_set_timeout (*ours, 10);
  *theirs = pair[1];
}

static void
test_message (void)
{
  static const char *const words[] = { "start", "a b", "", NULL };
  static const char *const right[] = { "start", "a b", NULL };
  g_autofree char *many = g_malloc (2 * (HUB_LAUNCH_MAX_WORDS + 1));
  g_autofree char *large = g_malloc0 (HUB_LAUNCH_MAX_BYTES + 2);
  const struct
  {
    const char *packet;
    gsize size;
  } refused[] = {
    { "start", 5 },     /* no end */
    { "start\0\0", 7 }, /* an empty word */
    { "\0", 1 },        /* nothing but one */
    { many, 2 * (HUB_LAUNCH_MAX_WORDS + 1) },
    { large, HUB_LAUNCH_MAX_BYTES + 2 }, /* cut */
  };
  g_autoptr (GSocket) socket = NULL, other = NULL;
  g_autoptr (GUnixFDList) fds = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) got = NULL;
  int end = -1;

  for (guint i = 0; i <= HUB_LAUNCH_MAX_WORDS; i++)
    memcpy (many + 2 * i, "x", 2);
  memset (large, 'x', HUB_LAUNCH_MAX_BYTES - 1);
  make_pair (&socket, &end);
  for (guint i = 0; i < G_N_ELEMENTS (refused); i++)
    {
      g_assert_cmpint (send (end, refused[i].packet, refused[i].size, 0), ==, refused[i].size);
      g_assert_null (hub_launch_receive (socket, &fds, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
      g_clear_error (&error);
    }
  other = g_socket_new_from_fd (end, &error);
  g_assert_no_error (error);
  g_assert_true (hub_launch_send (other, words, (int[]){ 0, 1, 2 }, 3, &error));
  g_assert_null (hub_launch_receive (socket, &fds, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
  g_clear_error (&error);
  g_assert_true (hub_launch_send (other, right, (int[]){ 0, 1, 2 }, 3, &error));
  got = hub_launch_receive (socket, &fds, &error);
  g_assert_no_error (error);
  g_assert_true (g_strv_equal ((const char *const *) got, right));
  g_assert_cmpint (g_unix_fd_list_get_length (fds), ==, 3);
  g_clear_object (&other);
  g_assert_null (hub_launch_receive (socket, &fds, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);
}

/* The program, with the other end as its standard input, as systemd starts it. */
static GSubprocess *
launch (GSocket **hub)
{
  g_autoptr (GSubprocessLauncher)
      launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDERR_SILENCE);
  g_autoptr (GError) error = NULL;
  GSubprocess *process = NULL;
  int end = -1;

  make_pair (hub, &end);
  g_subprocess_launcher_take_stdin_fd (launcher, end);
  process = g_subprocess_launcher_spawn (launcher, &error, g_getenv ("KAREZ_TEST_WORKER"),
                                         "--launched", NULL);
  g_assert_no_error (error);
  return process;
}

/* Returns: the exit status of a worker that was told @words with @n_fds descriptors: a directory,
 * a log and what comes of it */
static int
try_words (const char *const *words, guint n_fds)
{
  g_autofree char *log = scratch_file ("log", "");
  const int fds[] = { open (scratch (), O_RDONLY | O_DIRECTORY | O_CLOEXEC),
                      open (log, O_WRONLY | O_APPEND | O_CLOEXEC), open ("/", O_RDONLY | O_CLOEXEC),
                      open ("/", O_RDONLY | O_CLOEXEC) };
  g_autoptr (GSocket) hub = NULL;
  g_autoptr (GSubprocess) process = launch (&hub);
  g_autoptr (GError) error = NULL;

  g_assert_true (hub_launch_send (hub, words, fds, n_fds, &error));
  g_assert_no_error (error);
  g_subprocess_wait (process, NULL, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    close (fds[i]);
  g_assert_true (g_subprocess_get_if_exited (process));
  return g_subprocess_get_exit_status (process);
}

static void
test_orders (void)
{
  g_autofree char *id = hub_id_new ();
  const char *const nothing[] = { "begin", "token", "--session", id, NULL };
  const char *const bare[] = { "start", "token", NULL };
  const char *const probe[] = { "start", "token", "--probe", "/lib/x.so", "symbol", NULL };
  const char *const again[] = { "start", "token", "--launched", NULL };
  const char *const wrong[] = { "start",          "token",     "--session", "../x",
                                "--directory",    ".",         "--socket",  "/x",
                                "--plugin",       "p",         "--module",  "/x",
                                "--link-address", "127.0.0.1", NULL };
  const char *const unknown[] = { "start", "token", "--session", id, "--shell", "/bin/sh", NULL };
  const char *const end[] = { "end", NULL };
  const char *const *const orders[] = { nothing, bare, probe, again, wrong, unknown };

  for (guint i = 0; i < G_N_ELEMENTS (orders); i++)
    g_assert_cmpint (try_words (orders[i], 2), ==, 2);
  g_assert_cmpint (try_words (wrong, 0), ==, 2);
  g_assert_cmpint (try_words (wrong, 4), ==, 2);
  g_assert_cmpint (try_words (end, 0), ==, 2);
  g_assert_cmpint (try_words (end, 2), ==, 2);
}

/* Whoever starts a worker and goes away has started none: the next hub would not know it. */
static void
test_hub_is_gone (void)
{
  g_autoptr (GSocket) hub = NULL;
  g_autoptr (GSubprocess) process = launch (&hub);
  g_autoptr (GError) error = NULL;

  g_socket_close (hub, &error);
  g_assert_no_error (error);
  g_subprocess_wait (process, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_subprocess_get_exit_status (process), ==, 2);
}

static void
test_end (void)
{
  static const char *const words[] = { "end", NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocess)
      victim = g_subprocess_new (G_SUBPROCESS_FLAGS_NONE, &error, "sleep", "1000", NULL);
  g_autoptr (GSocket) hub = NULL;
  g_autoptr (GSubprocess) process = launch (&hub);
  int pidfd = pidfd_open (atoi (g_subprocess_get_identifier (victim)), 0);

  g_assert_true (hub_launch_send (hub, words, &pidfd, 1, &error));
  g_subprocess_wait (process, NULL, &error);
  g_subprocess_wait (victim, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_subprocess_get_exit_status (process), ==, 0);
  g_assert_true (g_subprocess_get_if_signaled (victim));
  g_assert_cmpint (g_subprocess_get_term_sig (victim), ==, SIGKILL);
  close (pidfd);
}

/* The hub. */

typedef struct
{
  GSocket *listener;
  char *reason;
} Launcher;

/* systemd that cannot start the unit. */
static gboolean
on_connection (GSocket *listener, GIOCondition condition, gpointer data)
{
  g_autoptr (GSocket) connection = g_socket_accept (listener, NULL, NULL);

  g_assert_nonnull (connection);
  return G_SOURCE_CONTINUE;
}

static void
on_died (HubSupervisor *supervisor, const char *session, const char *reason, Launcher *launcher)
{
  g_free (launcher->reason);
  launcher->reason = g_strdup (reason);
}

static gboolean
has_died (gpointer data)
{
  return ((Launcher *) data)->reason != NULL;
}

static void
listen_at (Launcher *launcher, const char *path)
{
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (path);
  g_autoptr (GError) error = NULL;

  launcher->listener = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_SEQPACKET, 0, &error);
  g_assert_no_error (error);
  g_assert_true (g_socket_bind (launcher->listener, address, FALSE, &error));
  g_assert_true (g_socket_listen (launcher->listener, &error));
}

/* A launcher that is not there is told at once; one that starts nothing, as a worker's death. */
static void
test_no_launcher (void)
{
  g_autofree char *path = g_build_filename (scratch (), "launch.sock", NULL);
  g_autofree char *id = hub_id_new ();
  HubSupervisorConfig config = { scratch (), scratch (), "/nonexistent", "127.0.0.1",
                                 NULL,       1,          path,           g_get_user_name () };
  g_autoptr (HubSupervisor) supervisor = hub_supervisor_new (&config);
  g_autofree char *hash = hub_supervisor_make_token (supervisor, id);
  g_autoptr (GError) error = NULL;
  g_autoptr (GSource) source = NULL;
  Launcher launcher = { 0 };

  g_signal_connect (supervisor, "died", G_CALLBACK (on_died), &launcher);
  g_assert_true (hub_supervisor_start (supervisor, &error));
  g_assert_false (hub_supervisor_spawn (supervisor, id, "test", "/x.so", NULL, FALSE, &error));
  assert_rule (error, "worker/start");
  g_clear_error (&error);
  listen_at (&launcher, path);
  source = g_socket_create_source (launcher.listener, G_IO_IN, NULL);
  g_source_set_callback (source, G_SOURCE_FUNC (on_connection), NULL, NULL);
  g_source_attach (source, NULL);
  g_assert_true (hub_supervisor_spawn (supervisor, id, "test", "/x.so", NULL, FALSE, &error));
  g_assert_no_error (error);
  turn_until (has_died, &launcher, 3, "the hub hears that nothing was started");
  g_source_destroy (source);
  g_object_unref (launcher.listener);
  g_free (launcher.reason);
}

static void
test_no_user (void)
{
  HubSupervisorConfig config = { scratch (), scratch (), "/nonexistent", "127.0.0.1",
                                 NULL,       1,          "/nonexistent", "no-such-user" };
  g_autoptr (HubSupervisor) supervisor = hub_supervisor_new (&config);
  g_autoptr (GError) error = NULL;

  g_assert_false (hub_supervisor_start (supervisor, &error));
  assert_rule (error, "worker/socket");
  g_assert_nonnull (strstr (error->message, "no-such-user"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
  g_test_add_func ("/launch/message", test_message);
  g_test_add_func ("/launch/orders", test_orders);
  g_test_add_func ("/launch/hub-is-gone", test_hub_is_gone);
  g_test_add_func ("/launch/end", test_end);
  g_test_add_func ("/launch/no-launcher", test_no_launcher);
  g_test_add_func ("/launch/no-user", test_no_user);
  return g_test_run ();
}
