/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which plugin is being called in a process, for who looks at it after a crash. */
#include "hub-calls.h"

#include "hub-file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAGIC "karez-calls-2"

typedef struct
{
  char plugin[40], call[72];
} Frame;

typedef struct
{
  char magic[16];
  int depth; /* written last on the way in, first on the way out */
  Frame frames[HUB_CALLS_MAX_DEPTH];
  int verdict; /* the first one stands */
  Frame accused;
} Page;

enum
{
  VERDICT_NONE,
  VERDICT_BEGUN,
  VERDICT_ACCUSED,
  VERDICT_ACQUITTED,
};

struct _HubCalls
{
  Page *page;
  void (*closed) (HubCalls *self);
};

HubCalls *
hub_calls_new (const char *path, GError **error)
{
  Page *page = MAP_FAILED;
  HubCalls *self = NULL;
  int fd;

  /* Another user may have made the one before. */
  unlink (path);
  fd = open (path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, HUB_FILE_SHARED);
  if (fd >= 0 && ftruncate (fd, sizeof (Page)) == 0)
    page = mmap (NULL, sizeof (Page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (page == MAP_FAILED)
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "%s: %s", path,
                   g_strerror (errno));
      if (fd >= 0)
        close (fd);
      return NULL;
    }
  close (fd);
  memcpy (page->magic, MAGIC, sizeof MAGIC);
  self = g_new0 (HubCalls, 1);
  self->page = page;
  return self;
}

void
hub_calls_free (HubCalls *self)
{
  if (self->closed != NULL)
    self->closed (self);
  munmap (self->page, sizeof (Page));
  g_free (self);
}

void
hub_calls_on_free (HubCalls *self, void (*closed) (HubCalls *self))
{
  self->closed = closed;
}

void
hub_calls_enter (HubCalls *self, const char *plugin, const char *call)
{
  int depth = self->page->depth;

  if (depth < HUB_CALLS_MAX_DEPTH)
    {
      Frame *frame = &self->page->frames[depth];

      g_strlcpy (frame->plugin, plugin, sizeof frame->plugin);
      g_strlcpy (frame->call, call, sizeof frame->call);
    }
  g_atomic_int_set (&self->page->depth, depth + 1);
}

void
hub_calls_leave (HubCalls *self)
{
  g_atomic_int_set (&self->page->depth, MAX (0, self->page->depth - 1));
}

void
hub_calls_accuse (HubCalls *self, const char *plugin, const char *call, gboolean called_here)
{
  Page *page = self->page;
  int depth = MIN (g_atomic_int_get (&page->depth), HUB_CALLS_MAX_DEPTH);
  const Frame *called = depth > 0 ? &page->frames[depth - 1] : NULL;

  if (!g_atomic_int_compare_and_exchange (&page->verdict, VERDICT_NONE, VERDICT_BEGUN))
    return;
  if (called != NULL && called_here && strncmp (called->plugin, plugin, sizeof called->plugin) == 0)
    page->accused = *called;
  else
    {
      g_strlcpy (page->accused.plugin, plugin, sizeof page->accused.plugin);
      g_strlcpy (page->accused.call, call, sizeof page->accused.call);
    }
  g_atomic_int_set (&page->verdict, VERDICT_ACCUSED);
}

void
hub_calls_acquit (HubCalls *self)
{
  g_atomic_int_compare_and_exchange (&self->page->verdict, VERDICT_NONE, VERDICT_ACQUITTED);
}

gboolean
hub_calls_read (const char *path, char **plugin, char **call)
{
  g_autoptr (GBytes) bytes = hub_file_read (path, sizeof (Page), NULL);
  const Frame *frame = NULL;
  Page page;

  if (bytes == NULL || g_bytes_get_size (bytes) != sizeof page)
    return FALSE;
  memcpy (&page, g_bytes_get_data (bytes, NULL), sizeof page);
  if (strncmp (page.magic, MAGIC, sizeof page.magic) != 0)
    return FALSE;
  if (page.verdict == VERDICT_ACCUSED)
    frame = &page.accused;
  else if (page.verdict != VERDICT_ACQUITTED && page.depth > 0)
    frame = &page.frames[MIN (page.depth, HUB_CALLS_MAX_DEPTH) - 1];
  if (frame == NULL)
    return FALSE;
  *plugin = g_strndup (frame->plugin, sizeof frame->plugin);
  *call = g_strndup (frame->call, sizeof frame->call);
  return TRUE;
}
