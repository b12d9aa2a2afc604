/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How marks looked, in memory that outlives a tracker. */
#include "guidance-kept.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)
#define SOON_US (5 * G_USEC_PER_SEC)

#define PAGE 4096

/* Of one that was half written when its tracker ended the checksum is wrong. */
typedef struct
{
  GuidanceKeptPicture picture; /* of number 0 for none */
  guint64 checksum;            /* of that, and what is in it */
} Head;

/* First the heads, in pages of their own; then the pictures, from a page's beginning each. */
typedef struct
{
  Head heads[GUIDANCE_KEPT_KINDS][GUIDANCE_KEPT_MARKS];
  guint8 padding[PAGE - sizeof (Head) * GUIDANCE_KEPT_KINDS * GUIDANCE_KEPT_MARKS % PAGE];
  guint8 pictures[GUIDANCE_KEPT_KINDS][GUIDANCE_KEPT_MARKS][GUIDANCE_KEPT_PICTURE];
} Memory;

/* What is in between would be in the sum. */
G_STATIC_ASSERT (sizeof (GuidanceKeptPicture) == 104);
G_STATIC_ASSERT (sizeof (Memory) % PAGE == 0 && GUIDANCE_KEPT_PICTURE % PAGE == 0);

struct _GuidanceKept
{
  Memory *memory;
};

/* The live half's. */

static int
fail (const char *what, GError **error)
{
  g_set_error (error, G_IO_ERROR, (int) g_io_error_from_errno (errno), "%s: %s", what,
               g_strerror (errno));
  return -1;
}

int
guidance_kept_make (GError **error)
{
  int fd = memfd_create ("guidance-kept", MFD_CLOEXEC | MFD_ALLOW_SEALING);

  if (fd < 0)
    return fail ("memfd_create", error);
  if (ftruncate (fd, sizeof (Memory)) < 0 || fcntl (fd, F_ADD_SEALS, SEALS) < 0)
    {
      fail ("sealed memory", error);
      close (fd);
      return -1;
    }
  return fd;
}

gboolean
guidance_kept_is_suspect (GuidanceKeptEnds *self, gint64 now, gboolean worked)
{
  gboolean soon = self->at != 0 && now - self->at < SOON_US;

  self->at = now;
  self->mute = worked ? 0 : self->mute + 1;
  return soon || self->mute > 1;
}

/* The tracker's. */

GuidanceKept *
guidance_kept_new (int fd, GError **error)
{
  struct stat is = { 0 };
  GuidanceKept *self;
  void *memory;

  /* What could become smaller would end who reads it. */
  if (fstat (fd, &is) < 0 || is.st_size != sizeof (Memory)
      || (fcntl (fd, F_GET_SEALS) & F_SEAL_SHRINK) == 0)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "it is no memory to keep marks in");
      return NULL;
    }
  memory = mmap (NULL, sizeof (Memory), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (memory == MAP_FAILED)
    {
      fail ("mmap", error);
      return NULL;
    }
  self = g_new (GuidanceKept, 1);
  self->memory = memory;
  return self;
}

void
guidance_kept_free (GuidanceKept *self)
{
  munmap (self->memory, sizeof (Memory));
  g_free (self);
}

/* FNV-1a, by words. */
static guint64
add_to (guint64 sum, const void *bytes, gsize size)
{
  const guint8 *at = bytes;

  for (; size >= sizeof sum; at += sizeof sum, size -= sizeof sum)
    {
      guint64 word;

      memcpy (&word, at, sizeof word);
      sum = (sum ^ word) * G_GUINT64_CONSTANT (1099511628211);
      sum ^= sum >> 32;
    }
  for (; size > 0; at++, size--)
    sum = (sum ^ *at) * G_GUINT64_CONSTANT (1099511628211);
  return sum;
}

static guint64
checksum_of (const GuidanceKeptPicture *picture, const guint8 *grey)
{
  guint64 sum = add_to (G_GUINT64_CONSTANT (14695981039346656037), picture, sizeof *picture);

  return add_to (sum, grey, (gsize) picture->width * picture->height);
}

/* Returns: GUIDANCE_KEPT_MARKS for none */
static guint
find (GuidanceKept *self, GuidanceKeptKind kind, guint64 number)
{
  guint i = 0;

  while (i < GUIDANCE_KEPT_MARKS && self->memory->heads[kind][i].picture.number != number)
    i++;
  return i;
}

static gboolean
is_picture (const GuidanceKeptPicture *picture)
{
  return picture->number != 0 && MIN (picture->width, picture->height) > 0
         && MAX (picture->width, picture->height) <= GUIDANCE_KEPT_SIDE;
}

gboolean
guidance_kept_write (GuidanceKept *self, GuidanceKeptKind kind, const GuidanceKeptPicture *picture,
                     const guint8 *grey)
{
  guint i = find (self, kind, picture->number);

  if (i == GUIDANCE_KEPT_MARKS)
    i = find (self, kind, 0);
  if (!is_picture (picture) || i == GUIDANCE_KEPT_MARKS)
    return FALSE;
  memcpy (self->memory->pictures[kind][i], grey, (gsize) picture->width * picture->height);
  memcpy (&self->memory->heads[kind][i].picture, picture, sizeof *picture);
  self->memory->heads[kind][i].checksum = checksum_of (picture, grey);
  return TRUE;
}

gboolean
guidance_kept_read (GuidanceKept *self, GuidanceKeptKind kind, GuidanceKeptPicture *picture,
                    guint8 *grey)
{
  guint i = picture->number != 0 ? find (self, kind, picture->number) : GUIDANCE_KEPT_MARKS;
  Head head;

  if (i == GUIDANCE_KEPT_MARKS)
    return FALSE;
  /* What is looked at is a copy, which nobody else has. */
  memcpy (&head, &self->memory->heads[kind][i], sizeof head);
  if (head.picture.number != picture->number || head.picture.capture != picture->capture
      || !is_picture (&head.picture))
    return FALSE;
  memcpy (grey, self->memory->pictures[kind][i], (gsize) head.picture.width * head.picture.height);
  if (head.checksum != checksum_of (&head.picture, grey))
    return FALSE;
  *picture = head.picture;
  return TRUE;
}

/* All of them but @numbers, or those alone. */
static void
clear (GuidanceKept *self, const guint64 *numbers, guint n, gboolean others)
{
  for (guint kind = 0; kind < GUIDANCE_KEPT_KINDS; kind++)
    for (guint i = 0; i < GUIDANCE_KEPT_MARKS; i++)
      {
        Head *head = &self->memory->heads[kind][i];
        guint k = 0;

        while (k < n && numbers[k] != head->picture.number)
          k++;
        if (head->picture.number == 0 || (k == n) != others)
          continue;
        memset (head, 0, sizeof *head);
        memset (self->memory->pictures[kind][i], 0, GUIDANCE_KEPT_PICTURE);
      }
}

void
guidance_kept_remove (GuidanceKept *self, guint64 number)
{
  clear (self, &number, 1, FALSE);
}

void
guidance_kept_remove_others (GuidanceKept *self, const guint64 *numbers, guint n)
{
  clear (self, numbers, n, TRUE);
}
