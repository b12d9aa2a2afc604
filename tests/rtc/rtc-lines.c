/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A program that is told what to do by lines of JSON. */
#include "rtc-lines.h"

#include <gio/gunixinputstream.h>
#include <glib-unix.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <unistd.h>

#define TICK_MS 5
#define BATCH 64

struct _RtcLines
{
  RtcLinesFunc take;
  gpointer data;
  GDataInputStream *input;
  GMainLoop *loop;
  GPtrArray *clients;
  /* One descriptor in the main loop, however many clients there are. */
  int epoll;
  guint watch, timer;
  gint64 ticked, late; /* the newest tick, and by how much one was too late */
};

static gboolean
on_ready (int fd, GIOCondition condition, gpointer data)
{
  struct epoll_event ready[BATCH];
  int n = epoll_wait (fd, ready, BATCH, 0);

  for (int i = 0; i < n; i++)
    rtc_client_serve (ready[i].data.ptr, g_get_monotonic_time ());
  return G_SOURCE_CONTINUE;
}

static gboolean
on_tick (gpointer data)
{
  RtcLines *self = data;
  gint64 now = g_get_monotonic_time ();

  if (self->ticked != 0)
    self->late = MAX (self->late, now - self->ticked - TICK_MS * 1000);
  self->ticked = now;
  for (guint i = 0; i < self->clients->len; i++)
    rtc_client_serve (self->clients->pdata[i], g_get_monotonic_time ());
  return G_SOURCE_CONTINUE;
}

RtcLines *
rtc_lines_new (RtcLinesFunc take, gpointer data)
{
  RtcLines *self = g_new0 (RtcLines, 1);
  g_autoptr (GInputStream) input = g_unix_input_stream_new (STDIN_FILENO, FALSE);

  self->take = take;
  self->data = data;
  self->input = g_data_input_stream_new (input);
  self->loop = g_main_loop_new (NULL, FALSE);
  self->clients = g_ptr_array_new ();
  self->epoll = epoll_create1 (EPOLL_CLOEXEC);
  g_assert_cmpint (self->epoll, >=, 0);
  self->watch = g_unix_fd_add (self->epoll, G_IO_IN, on_ready, self);
  self->timer = g_timeout_add (TICK_MS, on_tick, self);
  return self;
}

void
rtc_lines_free (RtcLines *self)
{
  g_source_remove (self->watch);
  g_source_remove (self->timer);
  close (self->epoll);
  g_ptr_array_unref (self->clients);
  g_main_loop_unref (self->loop);
  g_object_unref (self->input);
  g_free (self);
}

void
rtc_lines_add (RtcLines *self, RtcClient *client)
{
  struct epoll_event watched = { .events = EPOLLIN, .data.ptr = client };

  g_ptr_array_add (self->clients, client);
  epoll_ctl (self->epoll, EPOLL_CTL_ADD, rtc_client_get_fd (client), &watched);
}

void
rtc_lines_remove (RtcLines *self, RtcClient *client)
{
  g_ptr_array_remove (self->clients, client);
  epoll_ctl (self->epoll, EPOLL_CTL_DEL, rtc_client_get_fd (client), NULL);
}

void
rtc_lines_say (JsonNode *line)
{
  g_autofree char *text = karez_json_print (line);

  printf ("%s\n", text);
  fflush (stdout);
  json_node_unref (line);
}

gint64
rtc_lines_take_late (RtcLines *self)
{
  gint64 late = self->late;

  self->late = 0;
  return late;
}

static void
on_line (GObject *source, GAsyncResult *result, gpointer data)
{
  RtcLines *self = data;
  g_autoptr (GError) error = NULL;
  g_autofree char *line = g_data_input_stream_read_line_finish (self->input, result, NULL, &error);
  g_autoptr (JsonNode) node = line != NULL ? json_from_string (line, &error) : NULL;

  g_assert_no_error (error);
  if (line == NULL)
    {
      g_main_loop_quit (self->loop);
      return;
    }
  self->take (json_node_get_object (node), self->data);
  g_data_input_stream_read_line_async (self->input, G_PRIORITY_DEFAULT, NULL, on_line, self);
}

void
rtc_lines_run (RtcLines *self)
{
  g_data_input_stream_read_line_async (self->input, G_PRIORITY_DEFAULT, NULL, on_line, self);
  g_main_loop_run (self->loop);
}
