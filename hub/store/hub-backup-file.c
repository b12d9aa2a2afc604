/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A backup as a file: a tar archive with a manifest. */
#include "hub-backup-file.h"

#include "hub-clock.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK 512
#define ROOM (256 * 1024) /* of the manifest, which is written last and stands first */
#define MAX_IDENTITY (64 * 1024)
#define FORMAT 1
#define CHUNK (256 * 1024)
#define PARTIAL ".partial-"

/* A header of "ustar" (POSIX.1-2001). */
typedef struct
{
  char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type;
  char linkname[100], magic[8], uname[32], gname[32], major[8], minor[8], prefix[155], pad[12];
} Header;

G_STATIC_ASSERT (sizeof (Header) == BLOCK);

struct _HubBackupWriter
{
  char *path, *partial;
  gboolean named; /* whether the partial one is in its folder before it is whole */
  int fd;
  gint64 began; /* where the header of the open member is */
  char *name;
  guint64 size;
  GChecksum *sum;
  gboolean done;
};

static gboolean
fail (GError **error, const char *path)
{
  return karez_error_set (error, KAREZ_ERROR_FAILED, "backup/write", NULL,
                          N_ ("%s cannot be written: %s"), path, g_strerror (errno));
}

static gboolean
write_all (int fd, const void *bytes, gsize size)
{
  const char *at = bytes;

  while (size > 0)
    {
      gssize n = write (fd, at, size);

      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        return FALSE;
      at += n;
      size -= (gsize) n;
    }
  return TRUE;
}

static guint
sum_header (const Header *header)
{
  const guint8 *bytes = (const guint8 *) header;
  guint sum = 0;

  for (guint i = 0; i < BLOCK; i++)
    {
      gboolean own = i >= G_STRUCT_OFFSET (Header, checksum) && i < G_STRUCT_OFFSET (Header, type);

      sum += own ? ' ' : bytes[i];
    }
  return sum;
}

static void
fill_header (Header *header, const char *name, guint64 size)
{
  memset (header, 0, sizeof *header);
  g_strlcpy (header->name, name, sizeof header->name);
  memcpy (header->mode, "0000600", 8);
  memcpy (header->uid, "0000000", 8);
  memcpy (header->gid, "0000000", 8);
  memcpy (header->magic, "ustar\00000", 8);
  header->type = '0';
  g_snprintf (header->mtime, sizeof header->mtime, "%011" G_GINT64_MODIFIER "o",
              (guint64) (hub_clock_now () / G_USEC_PER_SEC));
  if (size < G_GUINT64_CONSTANT (1) << 33)
    g_snprintf (header->size, sizeof header->size, "%011" G_GINT64_MODIFIER "o", size);
  else /* eleven octal digits end at 8 GiB; beyond, tar counts in bytes */
    {
      header->size[0] = (char) 0x80;
      for (guint i = 0; i < 8; i++)
        header->size[11 - i] = (char) (size >> (8 * i) & 0xff);
    }
  g_snprintf (header->checksum, sizeof header->checksum, "%06o", sum_header (header));
  header->checksum[7] = ' ';
}

static gboolean
read_all (int fd, void *bytes, gsize size)
{
  char *at = bytes;

  while (size > 0)
    {
      gssize n = read (fd, at, size);

      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        return FALSE;
      at += n;
      size -= (gsize) n;
    }
  return TRUE;
}

/* The next member. @size: of what follows */
static gboolean
read_header (int fd, Header *header, guint64 *size)
{
  const guint8 *bytes = (const guint8 *) header->size;

  if (!read_all (fd, header, BLOCK) || memcmp (header->magic, "ustar", 5) != 0
      || header->name[sizeof header->name - 1] != '\0'
      || g_ascii_strtoull (header->checksum, NULL, 8) != sum_header (header))
    return FALSE;
  *size = 0;
  if (bytes[0] & 0x80)
    for (guint i = 4; i < 12; i++)
      *size = *size << 8 | bytes[i];
  else
    *size = g_ascii_strtoull (header->size, NULL, 8);
  return *size < G_MAXINT64 - BLOCK;
}

/* Those of programs that were killed, which hold what patients told. */
static void
remove_left (const char *path)
{
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofree char *base = g_path_get_basename (path);
  g_autofree char *prefix = g_strconcat (base, PARTIAL, NULL);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *left = g_build_filename (folder, name, NULL);
      guint64 process;

      if (g_str_has_prefix (name, prefix)
          && g_ascii_string_to_unsigned (name + strlen (prefix), 10, 1, G_MAXINT32, &process, NULL)
          && kill ((pid_t) process, 0) != 0 && errno == ESRCH)
        g_unlink (left);
    }
}

/* Without a name nothing is left whatever ends the program; not every file system can. */
static gboolean
open_partial (HubBackupWriter *self)
{
  g_autofree char *folder = g_path_get_dirname (self->path);

  remove_left (self->path);
  self->fd = open (folder, O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
  self->named = self->fd < 0;
  if (self->named)
    self->fd = open (self->partial, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  return self->fd >= 0;
}

static gboolean
put_in_place (HubBackupWriter *self)
{
  g_autofree char *link = g_strdup_printf ("/proc/self/fd/%d", self->fd);

  if (!self->named && linkat (AT_FDCWD, link, AT_FDCWD, self->partial, AT_SYMLINK_FOLLOW) != 0)
    return FALSE;
  self->named = TRUE;
  return g_rename (self->partial, self->path) == 0;
}

static gboolean
refuse_target (GError **error, const char *message, const char *path)
{
  return karez_error_set (error, KAREZ_ERROR_CONFLICT, "backup/target",
                          N_ ("A new file, or an older backup, which is replaced"), message, path);
}

/* What is replaced is a backup, and nothing that somebody named by mistake. */
static gboolean
check_target (const char *path, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (path);
  struct stat info;
  int fd;
  gboolean is_backup;
  Header header;
  guint64 size;

  if (*path == '\0' || g_str_has_suffix (path, "/")
      || (lstat (path, &info) == 0 && !S_ISREG (info.st_mode)))
    return refuse_target (error, N_ ("“%s” is a folder, a link, a pipe or a device"), path);
  if (access (folder, F_OK) != 0)
    return fail (error, path);
  fd = open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0)
    return errno == ENOENT || fail (error, path);
  is_backup = fstat (fd, &info) == 0
              && (info.st_size == 0
                  || (read_header (fd, &header, &size)
                      && g_str_equal (header.name, HUB_BACKUP_MANIFEST)));
  close (fd);
  return is_backup
         || refuse_target (error, N_ ("“%s” is there already, and is no backup of a hub"), path);
}

HubBackupWriter *
hub_backup_writer_new (const char *path, GError **error)
{
  g_autoptr (HubBackupWriter) self = g_new0 (HubBackupWriter, 1);
  g_autofree char *room = g_malloc0 (BLOCK + ROOM);

  self->fd = -1;
  if (!check_target (path, error))
    return NULL;
  self->path = g_strdup (path);
  self->partial = g_strdup_printf ("%s" PARTIAL "%d", path, (int) getpid ());
  if (!open_partial (self) || !write_all (self->fd, room, BLOCK + ROOM))
    {
      fail (error, self->partial);
      return NULL;
    }
  return g_steal_pointer (&self);
}

void
hub_backup_writer_free (HubBackupWriter *self)
{
  if (self->fd >= 0)
    {
      close (self->fd);
      if (!self->done && self->named)
        g_unlink (self->partial);
    }
  g_clear_pointer (&self->sum, g_checksum_free);
  g_free (self->name);
  g_free (self->path);
  g_free (self->partial);
  g_free (self);
}

gboolean
hub_backup_writer_begin (HubBackupWriter *self, const char *name, GError **error)
{
  static const char nothing[BLOCK] = { 0 };

  self->began = lseek (self->fd, 0, SEEK_CUR);
  self->name = g_strdup (name);
  self->size = 0;
  self->sum = g_checksum_new (G_CHECKSUM_SHA256);
  return (self->began >= 0 && write_all (self->fd, nothing, BLOCK)) || fail (error, self->partial);
}

gboolean
hub_backup_writer_put (HubBackupWriter *self, const void *bytes, gsize size, GError **error)
{
  g_checksum_update (self->sum, bytes, (gssize) size);
  self->size += size;
  return write_all (self->fd, bytes, size) || fail (error, self->partial);
}

gboolean
hub_backup_writer_end (HubBackupWriter *self, guint64 *size, char **sha256, GError **error)
{
  static const char nothing[BLOCK] = { 0 };
  guint64 rest = self->size % BLOCK;
  Header header;

  fill_header (&header, self->name, self->size);
  if ((rest > 0 && !write_all (self->fd, nothing, BLOCK - rest))
      || pwrite (self->fd, &header, BLOCK, self->began) != BLOCK)
    return fail (error, self->partial);
  if (size != NULL)
    *size = self->size;
  if (sha256 != NULL)
    *sha256 = g_strdup (g_checksum_get_string (self->sum));
  g_clear_pointer (&self->sum, g_checksum_free);
  g_clear_pointer (&self->name, g_free);
  return TRUE;
}

gboolean
hub_backup_writer_add (HubBackupWriter *self, const char *name, GBytes *bytes, GError **error)
{
  gsize size;
  const void *data = g_bytes_get_data (bytes, &size);

  return hub_backup_writer_begin (self, name, error)
         && hub_backup_writer_put (self, data, size, error)
         && hub_backup_writer_end (self, NULL, NULL, error);
}

static gboolean
sync_directory (const char *path)
{
  g_autofree char *directory = g_path_get_dirname (path);
  int fd = open (directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  gboolean good = fd >= 0 && fsync (fd) == 0;

  if (fd >= 0)
    close (fd);
  return good;
}

gboolean
hub_backup_writer_finish (HubBackupWriter *self, JsonNode *manifest, GError **error)
{
  static const char end[2 * BLOCK] = { 0 };
  g_autofree char *text = karez_json_print (manifest);
  g_autofree char *room = g_malloc (ROOM);
  gsize length = strlen (text);
  Header header;

  if (length >= ROOM)
    return karez_error_set (error, KAREZ_ERROR_TOO_LARGE, "backup/write", NULL,
                            N_ ("The database has more migrations than a backup can name"));
  memset (room, '\n', ROOM); /* spaces mean nothing in JSON */
  memcpy (room, text, length);
  fill_header (&header, HUB_BACKUP_MANIFEST, ROOM);
  if (!write_all (self->fd, end, sizeof end) || pwrite (self->fd, &header, BLOCK, 0) != BLOCK
      || pwrite (self->fd, room, ROOM, BLOCK) != ROOM || fsync (self->fd) != 0
      || !put_in_place (self))
    return fail (error, self->partial);
  self->done = TRUE;
  return sync_directory (self->path) || fail (error, self->path);
}

/* Reading */

static gboolean
refuse (GError **error, const char *path)
{
  return karez_error_set (error, KAREZ_ERROR_INVALID, "backup/file",
                          N_ ("A file that “karezctl backup” wrote to its end"),
                          N_ ("%s is no backup of a hub, or not a whole one"), path);
}

static GBytes *
read_small (int fd, guint64 size, guint64 max)
{
  guint64 padded = (size + BLOCK - 1) / BLOCK * BLOCK;
  g_autofree char *bytes = NULL;

  if (size > max)
    return NULL;
  bytes = g_malloc (padded + 1);
  return read_all (fd, bytes, padded) ? g_bytes_new_take (g_steal_pointer (&bytes), size) : NULL;
}

static const KarezJsonField fields[] = {
  { "format", KAREZ_JSON_INTEGER, TRUE, FORMAT, FORMAT, NULL },
  { "hub", KAREZ_JSON_UUID, TRUE, 0, 0, NULL },
  { "names", KAREZ_JSON_OBJECT, TRUE, 0, 0, NULL },
  { "incarnation", KAREZ_JSON_INTEGER, TRUE, 0, G_MAXINT64, NULL },
  { "program", KAREZ_JSON_NAME, TRUE, 1, 60, NULL },
  { "server", KAREZ_JSON_NAME, TRUE, 1, 60, NULL },
  { "made_at", KAREZ_JSON_TIME, TRUE, 0, 0, NULL },
  { "identity", KAREZ_JSON_BOOLEAN, TRUE, 0, 0, NULL },
  { "schemas", KAREZ_JSON_ARRAY, TRUE, 1, 200, NULL },
  { "dump", KAREZ_JSON_OBJECT, TRUE, 0, 0, NULL },
  { NULL },
};
static const KarezJsonField schema_fields[] = {
  { "name", KAREZ_JSON_NAME, TRUE, 1, 40, NULL },
  { "plugin", KAREZ_JSON_BOOLEAN, TRUE, 0, 0, NULL },
  { "migrations", KAREZ_JSON_ARRAY, TRUE, 0, 2000, NULL },
  { NULL },
};
static const KarezJsonField migration_fields[] = {
  { "number", KAREZ_JSON_INTEGER, TRUE, 1, 9999, NULL },
  { "name", KAREZ_JSON_NAME, TRUE, 1, 200, NULL },
  { "sha256", KAREZ_JSON_NAME, TRUE, 64, 64, NULL },
  { NULL },
};
static const KarezJsonField dump_fields[] = {
  { "bytes", KAREZ_JSON_INTEGER, TRUE, 1, G_MAXINT64, NULL },
  { "sha256", KAREZ_JSON_NAME, TRUE, 64, 64, NULL },
  { NULL },
};

static gboolean
check_schemas (JsonArray *schemas, GError **error)
{
  for (guint i = 0; i < json_array_get_length (schemas); i++)
    {
      JsonObject *schema = karez_json_check (json_array_get_element (schemas, i), schema_fields,
                                             error);
      JsonArray *migrations;

      if (schema == NULL)
        return FALSE;
      migrations = json_object_get_array_member (schema, "migrations");
      for (guint m = 0; m < json_array_get_length (migrations); m++)
        if (karez_json_check (json_array_get_element (migrations, m), migration_fields, error)
            == NULL)
          return FALSE;
    }
  return TRUE;
}

static JsonNode *
read_manifest (GBytes *bytes, const char *path, GError **error)
{
  g_autoptr (JsonNode) node = karez_json_parse (bytes, ROOM, error);
  JsonObject *object = node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node)
                                                                     : NULL;

  if (object == NULL)
    {
      g_clear_error (error);
      refuse (error, path);
      return NULL;
    }
  if (karez_json_integer (object, "format", 0) > FORMAT)
    {
      karez_error_set (error, KAREZ_ERROR_INVALID, "backup/format", N_ ("A newer karezctl"),
                       N_ ("%s was written by a newer program (%s)"), path,
                       karez_json_text (object, "program"));
      return NULL;
    }
  if (karez_json_check (node, fields, error) == NULL
      || !check_schemas (json_object_get_array_member (object, "schemas"), error)
      || karez_json_check (json_object_get_member (object, "dump"), dump_fields, error) == NULL)
    return NULL;
  return g_steal_pointer (&node);
}

/* Whether the dump is what the manifest says. */
static gboolean
check_dump (HubBackupFile *self, const char *path, HubBackupProgress progress, gpointer data,
            GError **error)
{
  JsonObject *dump = json_object_get_object_member (json_node_get_object (self->manifest), "dump");
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  g_autofree guint8 *chunk = g_malloc (CHUNK);
  gint64 told = hub_clock_monotonic ();

  if (self->dump_size != (guint64) karez_json_integer (dump, "bytes", 0))
    return refuse (error, path);
  for (guint64 done = 0; done < self->dump_size;)
    {
      gsize n = (gsize) MIN (self->dump_size - done, CHUNK);

      if (!read_all (self->fd, chunk, n))
        return refuse (error, path);
      g_checksum_update (sum, chunk, (gssize) n);
      done += n;
      if (progress != NULL && hub_clock_monotonic () - told > G_USEC_PER_SEC)
        {
          progress (done, self->dump_size, data);
          told = hub_clock_monotonic ();
        }
    }
  return g_str_equal (g_checksum_get_string (sum), karez_json_text (dump, "sha256"))
         || refuse (error, path);
}

/* The members stand in their order: manifest, identity if there is one, dump. */
static gboolean
read_members (HubBackupFile *self, const char *path, GError **error)
{
  g_autoptr (GBytes) manifest = NULL;
  gboolean identity;
  Header header;
  guint64 size;

  if (!read_header (self->fd, &header, &size) || !g_str_equal (header.name, HUB_BACKUP_MANIFEST)
      || (manifest = read_small (self->fd, size, ROOM)) == NULL)
    return refuse (error, path);
  self->manifest = read_manifest (manifest, path, error);
  if (self->manifest == NULL)
    return FALSE;
  identity = karez_json_boolean (json_node_get_object (self->manifest), "identity");
  if (identity
      && (!read_header (self->fd, &header, &size) || !g_str_equal (header.name, HUB_BACKUP_IDENTITY)
          || (self->identity = read_small (self->fd, size, MAX_IDENTITY)) == NULL))
    return refuse (error, path);
  if (!read_header (self->fd, &header, &self->dump_size)
      || !g_str_equal (header.name, HUB_BACKUP_DUMP))
    return refuse (error, path);
  self->dump_at = lseek (self->fd, 0, SEEK_CUR);
  return TRUE;
}

HubBackupFile *
hub_backup_file_open (const char *path, HubBackupProgress progress, gpointer data, GError **error)
{
  g_autoptr (HubBackupFile) self = g_new0 (HubBackupFile, 1);
  struct stat info;

  /* What is no file may keep somebody waiting for ever. */
  self->fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (self->fd < 0)
    {
      karez_error_set (error, KAREZ_ERROR_INVALID, "backup/file",
                       N_ ("A file that “karezctl backup” wrote to its end"),
                       N_ ("%s cannot be opened: %s"), path, g_strerror (errno));
      return NULL;
    }
  if (fstat (self->fd, &info) != 0 || !S_ISREG (info.st_mode))
    {
      refuse (error, path);
      return NULL;
    }
  if (!read_members (self, path, error) || !check_dump (self, path, progress, data, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
hub_backup_file_free (HubBackupFile *self)
{
  if (self->fd >= 0)
    close (self->fd);
  g_clear_pointer (&self->manifest, json_node_unref);
  g_clear_pointer (&self->identity, g_bytes_unref);
  g_free (self);
}
