/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl.h"

#include "hub-hash.h"

#include <errno.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define MAX_LINE 1024

char *
ctl_read_line (const char *prompt, gboolean hidden)
{
  g_autoptr (GString) line = g_string_new (NULL);
  gboolean terminal = isatty (STDIN_FILENO), concealed = FALSE;
  struct termios before, silent;
  char c;
  ssize_t n;

  if (terminal && hidden && tcgetattr (STDIN_FILENO, &before) == 0)
    {
      silent = before;
      silent.c_lflag &= ~(tcflag_t) ECHO;
      concealed = tcsetattr (STDIN_FILENO, TCSAFLUSH, &silent) == 0;
    }
  /* What is typed before it is shown is passed over. */
  if (terminal)
    g_printerr ("%s", prompt);
  while (line->len <= MAX_LINE)
    {
      n = read (STDIN_FILENO, &c, 1);
      if (n < 0 && errno == EINTR)
        continue;
      if (n != 1 || c == '\n')
        break;
      g_string_append_c (line, c);
    }
  if (concealed)
    {
      tcsetattr (STDIN_FILENO, TCSAFLUSH, &before);
      g_printerr ("\n");
    }
  /* A file of Windows ends its lines with CR and LF. */
  if (line->len > 0 && line->str[line->len - 1] == '\r')
    g_string_truncate (line, line->len - 1);
  if (line->len == 0 || line->len > MAX_LINE || !g_utf8_validate (line->str, line->len, NULL))
    return NULL;
  return g_string_free (g_steal_pointer (&line), FALSE);
}

char *
ctl_read_password (void)
{
  g_autofree char *password = ctl_read_line (_ ("New password: "), TRUE);
  g_autofree char *again = NULL;

  if (password == NULL)
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
