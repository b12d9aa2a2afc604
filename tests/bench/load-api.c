/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Measures requests a second beside the statements behind them. */

/* Requests a second of one GET by N kept-alive connections, beside the statements behind it run
 * bare by as many libpq connections. Blocking sockets and a thread for each connection, so that
 * the load costs as little as it can. The hub's local socket, since a page's rate is bounded.
 * Called by bench-hub.mjs.
 *
 *   load-api SOCKET PATH CONNINFO SQL-FILE CONNECTIONS
 *
 * The SQL file holds statements, each ended by a line with a lone semicolon. Prints the medians of
 * alternating rounds: requests/s and sets of statements/s. */

#include <gio/gunixsocketaddress.h>
#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS 5
#define ROUND_US (1000 * 1000)

typedef struct
{
  const char *socket, *path, *conninfo;
  GStrv statements;
  gint64 end; /* of the round */
  gint done;  /* atomic: in this round */
} Load;

static gsize
read_answer (GInputStream *in, char *buffer, gsize size)
{
  gsize have = 0, head = 0, body = 0;

  while (head == 0 || have < head + body)
    {
      gssize n = g_input_stream_read (in, buffer + have, size - have - 1, NULL, NULL);
      char *end;

      if (n <= 0)
        return 0;
      have += n;
      buffer[have] = '\0';
      end = head == 0 ? strstr (buffer, "\r\n\r\n") : NULL;
      if (end != NULL)
        {
          const char *length = g_strstr_len (buffer, end - buffer, "Content-Length: ");

          head = end + 4 - buffer;
          body = length != NULL ? g_ascii_strtoull (length + 16, NULL, 10) : 0;
          if (!g_str_has_prefix (buffer, "HTTP/1.1 200 ") || length == NULL)
            g_error ("the hub answered: %.*s", (int) MIN (have, 400), buffer);
        }
    }
  return have;
}

static gpointer
ask_hub (gpointer data)
{
  Load *load = data;
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (load->socket);
  g_autoptr (GSocketConnection)
      connection = g_socket_client_connect (client, G_SOCKET_CONNECTABLE (address), NULL, NULL);
  g_autofree char *question = g_strdup_printf ("GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n",
                                               load->path);
  g_autofree char *buffer = g_malloc (4 << 20);
  gsize length = strlen (question);

  if (connection == NULL)
    g_error ("the hub does not listen");
  while (g_get_monotonic_time () < load->end)
    {
      GOutputStream *out = g_io_stream_get_output_stream (G_IO_STREAM (connection));

      if (!g_output_stream_write_all (out, question, length, NULL, NULL, NULL)
          || read_answer (g_io_stream_get_input_stream (G_IO_STREAM (connection)), buffer, 4 << 20)
                 == 0)
        g_error ("the hub cut the connection");
      g_atomic_int_inc (&load->done);
    }
  return NULL;
}

static void
expect (PGconn *connection, PGresult *result, ExecStatusType status)
{
  if (PQresultStatus (result) != status)
    g_error ("%s", PQerrorMessage (connection));
  PQclear (result);
}

static gpointer
ask_database (gpointer data)
{
  Load *load = data;
  PGconn *connection = PQconnectdb (load->conninfo);

  for (guint i = 0; load->statements[i] != NULL; i++)
    {
      g_autofree char *name = g_strdup_printf ("s%u", i);

      expect (connection, PQprepare (connection, name, load->statements[i], 0, NULL),
              PGRES_COMMAND_OK);
    }
  while (g_get_monotonic_time () < load->end)
    {
      for (guint i = 0; load->statements[i] != NULL; i++)
        {
          g_autofree char *name = g_strdup_printf ("s%u", i);

          expect (connection, PQexecPrepared (connection, name, 0, NULL, NULL, NULL, 0),
                  PGRES_TUPLES_OK);
        }
      g_atomic_int_inc (&load->done);
    }
  PQfinish (connection);
  return NULL;
}

static double
run_round (Load *load, GThreadFunc func, guint n)
{
  g_autofree GThread **threads = g_new0 (GThread *, n);
  gint64 begin = g_get_monotonic_time ();

  load->end = begin + ROUND_US;
  g_atomic_int_set (&load->done, 0);
  for (guint i = 0; i < n; i++)
    threads[i] = g_thread_new ("load", func, load);
  for (guint i = 0; i < n; i++)
    g_thread_join (threads[i]);
  return g_atomic_int_get (&load->done) * 1e6 / (g_get_monotonic_time () - begin);
}

static int
compare (gconstpointer a, gconstpointer b)
{
  double x = *(const double *) a, y = *(const double *) b;

  return (x > y) - (x < y);
}

int
main (int argc, char **argv)
{
  Load load = { 0 };
  double ours[ROUNDS], theirs[ROUNDS];
  g_autofree char *sql = NULL;
  guint n;

  if (argc != 6 || !g_file_get_contents (argv[4], &sql, NULL, NULL))
    {
      g_printerr ("load-api SOCKET PATH CONNINFO SQL-FILE CONNECTIONS\n");
      return 2;
    }
  load.socket = argv[1];
  load.path = argv[2];
  load.conninfo = argv[3];
  load.statements = g_strsplit (g_strchomp (sql), "\n;\n", -1);
  n = atoi (argv[5]);

  for (guint i = 0; i < ROUNDS; i++)
    {
      ours[i] = run_round (&load, ask_hub, n);
      theirs[i] = run_round (&load, ask_database, n);
    }
  qsort (ours, ROUNDS, sizeof *ours, compare);
  qsort (theirs, ROUNDS, sizeof *theirs, compare);
  g_print ("%.1f %.1f\n", ours[ROUNDS / 2], theirs[ROUNDS / 2]);
  g_strfreev (load.statements);
  return EXIT_SUCCESS;
}
