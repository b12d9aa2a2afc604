/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The main program of a fuzz target. */
#include "fuzz.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define INPUT_BYTES (64 * 1024)
#define MAX_CHANGES 8

/* The input that is being tried, in a file: a crash leaves it behind. */
typedef struct
{
  char *path;
  int fd;
} Trial;

typedef struct
{
  GRand *rand;
  GPtrArray *corpus; /* GBytes */
  GByteArray *input;
} Maker;

static void
trial_open (Trial *trial, const char *name)
{
  g_mkdir_with_parents (FUZZ_CRASHES, 0755);
  trial->path = g_strdup_printf (FUZZ_CRASHES "/fuzz-%s.input", name);
  trial->fd = g_open (trial->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (trial->fd < 0)
    g_error ("%s: %s", trial->path, g_strerror (errno));
}

static void
trial_close (Trial *trial)
{
  close (trial->fd);
  g_unlink (trial->path);
  g_free (trial->path);
}

/* The target gets a copy that ends where the input ends, for a sanitizer to see what is read
 * beyond; one that is there even if it is empty. */
static void
try_one (FuzzFunc func, const guint8 *data, gsize size)
{
  g_autofree guint8 *copy = g_malloc (MAX (size, 1));

  memcpy (copy, data, size);
  func (copy, size);
}

static void
try_kept (Trial *trial, FuzzFunc func, const guint8 *data, gsize size)
{
  if (ftruncate (trial->fd, 0) != 0 || pwrite (trial->fd, data, size, 0) != (gssize) size)
    g_error ("%s: %s", trial->path, g_strerror (errno));
  try_one (func, data, size);
}

static int
by_name (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

static GPtrArray *
load_corpus (const char *name)
{
  g_autofree char *path = g_build_filename (FUZZ_CORPUS, name, NULL);
  g_autoptr (GDir) directory = g_dir_open (path, 0, NULL);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  GPtrArray *corpus = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  const char *entry;

  while (directory != NULL && (entry = g_dir_read_name (directory)) != NULL)
    g_ptr_array_add (names, g_build_filename (path, entry, NULL));
  g_ptr_array_sort (names, by_name);
  for (guint i = 0; i < names->len; i++)
    {
      g_autoptr (GError) error = NULL;
      char *text;
      gsize size;

      if (!g_file_get_contents (names->pdata[i], &text, &size, &error))
        g_error ("%s", error->message);
      g_ptr_array_add (corpus, g_bytes_new_take (text, MIN (size, INPUT_BYTES)));
    }
  if (corpus->len == 0)
    g_error ("%s: there is no corpus", path);
  return corpus;
}

/* Puts @size bytes in place of @cut of them at @at. */
static void
replace (GByteArray *input, gsize at, gsize cut, const guint8 *bytes, gsize size)
{
  g_autofree guint8 *tail = g_memdup2 (input->data + at + cut, input->len - at - cut);
  gsize left = input->len - at - cut;

  if (at + size + left > INPUT_BYTES)
    return;
  g_byte_array_set_size (input, at);
  g_byte_array_append (input, bytes, size);
  g_byte_array_append (input, tail, left);
}

static void
change_byte (Maker *maker, gsize at)
{
  static const char special[] =
      "\0\r\n\t \"'\\/:;,.%+-0x{}[]()<>=?&*@\x7f\x80\xbf\xc0\xe2\xed\xf4\xff";
  guint8 *byte = maker->input->data + at;

  switch (g_rand_int_range (maker->rand, 0, 3))
    {
    case 0:
      *byte ^= (guint8) (1u << g_rand_int_range (maker->rand, 0, 8));
      break;
    case 1:
      *byte = (guint8) special[g_rand_int_range (maker->rand, 0, sizeof special - 1)];
      break;
    default:
      *byte = (guint8) g_rand_int (maker->rand);
    }
}

/* A stretch of the input itself or of another file of the corpus. */
static void
copy_stretch (Maker *maker, gsize at)
{
  GBytes *file = maker->corpus->pdata[g_rand_int_range (maker->rand, 0, maker->corpus->len)];
  gsize size, from, length, cut;
  const guint8 *bytes = g_bytes_get_data (file, &size);

  if (size == 0)
    return;
  from = (gsize) g_rand_int_range (maker->rand, 0, (gint32) size);
  length = (gsize) g_rand_int_range (maker->rand, 1, 65);
  length = MIN (length, size - from);
  cut = g_rand_boolean (maker->rand) ? MIN (length, maker->input->len - at) : 0;
  replace (maker->input, at, cut, bytes + from, length);
}

static void
repeat_stretch (Maker *maker, gsize at, gsize length)
{
  g_autofree guint8 *bytes = g_memdup2 (maker->input->data + at, length);

  for (int n = g_rand_int_range (maker->rand, 1, 20); n > 0; n--)
    replace (maker->input, at, 0, bytes, length);
}

static void
change (Maker *maker)
{
  gsize at, length = (gsize) g_rand_int_range (maker->rand, 1, 64);

  if (maker->input->len == 0)
    g_byte_array_append (maker->input, (const guint8 *) "0", 1);
  at = (gsize) g_rand_int_range (maker->rand, 0, (gint32) maker->input->len);
  length = MIN (length, maker->input->len - at);
  switch (g_rand_int_range (maker->rand, 0, 8))
    {
    case 0:
      g_byte_array_set_size (maker->input, (guint) at);
      break;
    case 1:
      replace (maker->input, at, length, NULL, 0);
      break;
    case 2:
      repeat_stretch (maker, at, length);
      break;
    case 3:
    case 4:
      copy_stretch (maker, at);
      break;
    default:
      change_byte (maker, at);
    }
}

static void
make_input (Maker *maker)
{
  GBytes *file = maker->corpus->pdata[g_rand_int_range (maker->rand, 0, maker->corpus->len)];

  g_byte_array_set_size (maker->input, 0);
  g_byte_array_append (maker->input, g_bytes_get_data (file, NULL), g_bytes_get_size (file));
  for (int n = g_rand_int_range (maker->rand, 1, MAX_CHANGES + 1); n > 0; n--)
    change (maker);
}

static guint64
try_many (Trial *trial, Maker *maker, FuzzFunc func, int seconds)
{
  gint64 end = g_get_monotonic_time () + seconds * G_USEC_PER_SEC;
  guint64 n = 0;

  for (guint i = 0; i < maker->corpus->len; i++, n++)
    try_kept (trial, func, g_bytes_get_data (maker->corpus->pdata[i], NULL),
              g_bytes_get_size (maker->corpus->pdata[i]));
  for (; g_get_monotonic_time () < end; n++)
    {
      make_input (maker);
      try_kept (trial, func, maker->input->data, maker->input->len);
    }
  return n;
}

static void
try_file (FuzzFunc func, const char *path)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  gsize size;

  if (!g_file_get_contents (path, &text, &size, &error))
    g_error ("%s", error->message);
  try_one (func, (const guint8 *) text, size);
}

int
fuzz_main (int argc, char **argv, const char *name, FuzzFunc func)
{
  gint seed = (gint) g_get_real_time () & G_MAXINT, seconds = 5;
  g_autofree char *input = NULL;
  const GOptionEntry entries[] = {
    { "seed", 0, 0, G_OPTION_ARG_INT, &seed, "Where the changes begin", "N" },
    { "seconds", 0, 0, G_OPTION_ARG_INT, &seconds, "How long it goes on", "N" },
    { "input", 0, 0, G_OPTION_ARG_FILENAME, &input, "Try this file alone", "FILE" },
    { NULL }
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;
  Trial trial;
  Maker maker;
  guint64 n;

  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    g_error ("%s", error->message);
  g_print ("TAP version 13\n1..1\n");
  if (input != NULL)
    {
      try_file (func, input);
      g_print ("ok 1 /fuzz/%s\n", name);
      return 0;
    }
  g_print ("# seed %d\n", seed);
  maker.rand = g_rand_new_with_seed ((guint32) seed);
  maker.corpus = load_corpus (name);
  maker.input = g_byte_array_new ();
  trial_open (&trial, name);
  n = try_many (&trial, &maker, func, seconds);
  trial_close (&trial);
  g_print ("# %" G_GUINT64_FORMAT " inputs, of which %u are the corpus\nok 1 /fuzz/%s\n", n,
           maker.corpus->len, name);
  g_byte_array_unref (maker.input);
  g_ptr_array_unref (maker.corpus);
  g_rand_free (maker.rand);
  return 0;
}
