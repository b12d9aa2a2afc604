/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads a password from a terminal without showing it. */
#include "ctl.h"

#include "hub-hash.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define MAX_LINE 1024
#define BYTE_ORDER_MARK "\xef\xbb\xbf"

/* What ends or stops the program while nothing is shown of what is typed. */
static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP };

static volatile sig_atomic_t caught;

typedef struct
{
  struct termios before;
  struct sigaction actions[G_N_ELEMENTS (signals)];
  sigset_t mask;
  gboolean concealed;
} Terminal;

static void
on_signal (int number)
{
  caught = number;
}

static void
conceal (Terminal *self)
{
  const struct sigaction action = { .sa_handler = on_signal };
  struct termios silent;
  sigset_t blocked;

  self->concealed = tcgetattr (STDIN_FILENO, &self->before) == 0;
  if (!self->concealed)
    return;
  /* They come while it is waited for input, and at no other time. */
  sigemptyset (&blocked);
  for (guint i = 0; i < G_N_ELEMENTS (signals); i++)
    sigaddset (&blocked, signals[i]);
  sigprocmask (SIG_BLOCK, &blocked, &self->mask);
  for (guint i = 0; i < G_N_ELEMENTS (signals); i++)
    {
      sigaction (signals[i], NULL, &self->actions[i]);
      if (self->actions[i].sa_handler != SIG_IGN)
        sigaction (signals[i], &action, NULL);
    }
  silent = self->before;
  silent.c_lflag &= ~(tcflag_t) ECHO;
  tcsetattr (STDIN_FILENO, TCSAFLUSH, &silent);
}

static void
reveal (Terminal *self)
{
  if (!self->concealed)
    return;
  tcsetattr (STDIN_FILENO, TCSAFLUSH, &self->before);
  for (guint i = 0; i < G_N_ELEMENTS (signals); i++)
    sigaction (signals[i], &self->actions[i], NULL);
  sigprocmask (SIG_SETMASK, &self->mask, NULL);
  g_printerr ("\n");
}

/* FALSE at the end of standard input where nothing stands, and after a signal. */
static gboolean
read_until_newline (GString *line, const Terminal *terminal)
{
  struct pollfd input = { STDIN_FILENO, POLLIN, 0 };
  ssize_t n;
  char c;

  while (line->len <= MAX_LINE && caught == 0)
    {
      if (terminal->concealed && ppoll (&input, 1, NULL, &terminal->mask) < 0 && errno == EINTR)
        continue;
      n = read (STDIN_FILENO, &c, 1);
      if (n < 0 && errno == EINTR)
        continue;
      if (n != 1)
        return line->len > 0;
      if (c == '\n')
        return TRUE;
      g_string_append_c (line, c);
    }
  return caught == 0;
}

char *
ctl_read_line (const char *prompt, gboolean hidden)
{
  g_autoptr (GString) line = g_string_new (NULL);
  gboolean terminal = isatty (STDIN_FILENO), there;

  do
    {
      Terminal before = { .concealed = FALSE };

      g_string_truncate (line, 0);
      caught = 0;
      if (terminal && hidden)
        conceal (&before);
      /* What is typed before it is shown is passed over. */
      if (terminal)
        g_printerr ("%s", prompt);
      there = read_until_newline (line, &before);
      reveal (&before);
      /* The terminal is as it was: this ends the program, or stops it until it is wanted again. */
      if (caught != 0)
        raise (caught);
    }
  while (caught != 0);
  /* A file of Windows ends its lines with CR and LF, and may begin with a mark. */
  if (line->len > 0 && line->str[line->len - 1] == '\r')
    g_string_truncate (line, line->len - 1);
  if (g_str_has_prefix (line->str, BYTE_ORDER_MARK))
    g_string_erase (line, 0, strlen (BYTE_ORDER_MARK));
  if (!there || line->len > MAX_LINE || !g_utf8_validate (line->str, line->len, NULL))
    return NULL;
  return g_string_free (g_steal_pointer (&line), FALSE);
}

char *
ctl_read_password (void)
{
  g_autofree char *password = ctl_read_line (_ ("New password: "), TRUE);
  g_autofree char *again = NULL;

  if (password == NULL || *password == '\0')
    {
      g_printerr (_ ("karezctl: a password is one line of UTF-8 on standard input\n"));
      return NULL;
    }
  if (!isatty (STDIN_FILENO))
    return g_steal_pointer (&password);
  again = ctl_read_line (_ ("Once more: "), TRUE);
  if (g_strcmp0 (password, again) == 0)
    return g_steal_pointer (&password);
  g_printerr (_ ("karezctl: the two passwords differ\n"));
  return NULL;
}

char *
ctl_make_password (void)
{
  /* 32 of them, and none that is read as another. */
  static const char letters[] = "abcdefghjkmnpqrstuvwxyz023456789";
  guint8 random[16];
  GString *text = g_string_new (NULL);

  hub_random (random, sizeof random);
  for (guint i = 0; i < sizeof random; i++)
    {
      if (i > 0 && i % 4 == 0)
        g_string_append_c (text, '-');
      g_string_append_c (text, letters[random[i] % 32]);
    }
  return g_string_free (text, FALSE);
}
