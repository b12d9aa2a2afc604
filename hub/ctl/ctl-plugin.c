/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* karezctl plugin: for who writes one. */
#include "ctl.h"

#include "ctl-plugin-names.h"
#ifdef KAREZ_WITH_HUB
#include "ctl-plugin-reset.h"
#endif

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What is laid over the copy: the project's own meson.build, and its README. */
#define OVER "standalone"

typedef struct
{
  CtlPluginNames *names;
  const char *from, *to;
  guint n_files;
} Copy;

static gboolean
fail_errno (GError **error, const char *path)
{
  return karez_error_set (error, errno == EACCES ? KAREZ_ERROR_DENIED : KAREZ_ERROR_FAILED,
                          "plugin/folder", N_ ("a folder that this user may write to"),
                          N_ ("%s: %s"), path, g_strerror (errno));
}

/* Ctrl-C waits until what was begun is away again. */
static gboolean
check_interrupted (GError **error)
{
  sigset_t waiting;

  sigpending (&waiting);
  if (!sigismember (&waiting, SIGINT) && !sigismember (&waiting, SIGTERM)
      && !sigismember (&waiting, SIGHUP))
    return TRUE;
  return karez_error_set (error, KAREZ_ERROR_FAILED, "plugin/interrupted", NULL,
                          N_ ("Interrupted: nothing was made"));
}

/* ── the copy ───────────────────────────────────────────────────────────────────────────────── */

static gboolean
write_file (Copy *copy, const char *name, const char *text, mode_t mode, GError **error)
{
  g_autofree char *plain = ctl_plugin_names_rename (copy->names, name);
  g_autofree char *path = g_build_filename (copy->to, plain, NULL);
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofree char *written = ctl_plugin_names_rewrite (copy->names, name, text);
  FILE *file = NULL;
  gboolean whole = FALSE;
  int fd = -1;

  if (g_mkdir_with_parents (folder, 0777) != 0)
    return fail_errno (error, folder);
  /* Two of the template's files must not become one. */
  fd = open (path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode & 0111 ? 0777 : 0666);
  file = fd >= 0 ? fdopen (fd, "w") : NULL;
  if (file == NULL)
    return fail_errno (error, path);
  whole = fputs (written, file) >= 0;
  if (fclose (file) != 0 || !whole)
    return fail_errno (error, path);
  copy->n_files++;
  return TRUE;
}

static gboolean
read_file (const char *from, const char *name, char **text, mode_t *mode, GError **error)
{
  g_autofree char *path = g_build_filename (from, name, NULL);
  struct stat info;

  if (stat (path, &info) != 0)
    return fail_errno (error, path);
  *mode = info.st_mode;
  return g_file_get_contents (path, text, NULL, error);
}

/* The plugin's part of the build, without the comment at its top, where the project names it. */
static char *
join_builds (const char *project, const char *part)
{
  g_auto (GStrv) halves = g_strsplit (project, "# `karezctl plugin new`", 2);

  while (*part == '#')
    part = strchr (part, '\n') + 1;
  return g_strconcat (halves[0], part, NULL);
}

static gboolean
write_build (Copy *copy, GError **error)
{
  g_autofree char *project = NULL, *part = NULL, *text = NULL;
  mode_t mode = 0;

  if (!read_file (copy->from, OVER "/meson.build", &project, &mode, error)
      || !read_file (copy->from, "meson.build", &part, &mode, error))
    return FALSE;
  text = join_builds (project, part);
  return write_file (copy, "meson.build", text, mode, error);
}

/* What is the template's alone: what its tutorial says, and tests of Karez itself. */
static gboolean
is_left_out (const char *name)
{
  static const char *const out[] = { OVER,           "README.md", "meson.build", "test-routes.json",
                                     "node_modules", "build",     NULL };

  return g_strv_contains (out, name) || *name == '.';
}

static gboolean copy_folder (Copy *copy, const char *folder, GError **error);

static gboolean
copy_entry (Copy *copy, const char *name, GError **error)
{
  g_autofree char *path = g_build_filename (copy->from, name, NULL);
  g_autofree char *text = NULL;
  mode_t mode = 0;

  if (!check_interrupted (error))
    return FALSE;
  if (g_file_test (path, G_FILE_TEST_IS_DIR))
    return copy_folder (copy, name, error);
  return read_file (copy->from, name, &text, &mode, error)
         && write_file (copy, name, text, mode, error);
}

/* @folder: below the template, "" for itself */
static gboolean
copy_folder (Copy *copy, const char *folder, GError **error)
{
  g_autofree char *path = g_build_filename (copy->from, folder, NULL);
  g_autoptr (GDir) dir = g_dir_open (path, 0, error);
  const char *entry = NULL;

  if (dir == NULL)
    return FALSE;
  while ((entry = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *name = *folder != '\0' ? g_build_filename (folder, entry, NULL)
                                              : g_strdup (entry);

      if ((*folder == '\0' && is_left_out (entry)) ? FALSE : !copy_entry (copy, name, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
copy_readme (Copy *copy, GError **error)
{
  g_autofree char *text = NULL;
  mode_t mode = 0;

  return read_file (copy->from, OVER "/README.md", &text, &mode, error)
         && write_file (copy, "README.md", text, mode, error);
}

/* ── the folder ─────────────────────────────────────────────────────────────────────────────── */

static void
remove_folder (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *entry = NULL;

  while (dir != NULL && (entry = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *below = g_build_filename (path, entry, NULL);

      if (g_file_test (below, G_FILE_TEST_IS_DIR) && !g_file_test (below, G_FILE_TEST_IS_SYMLINK))
        remove_folder (below);
      else
        g_unlink (below);
    }
  g_rmdir (path);
}

static gboolean
fail_exists (GError **error, const char *path)
{
  return karez_error_set (error, KAREZ_ERROR_CONFLICT, "plugin/exists",
                          N_ ("another name, or another --directory"), N_ ("%s is there already"),
                          path);
}

/* The whole of it appears at once. */
static gboolean
put_in_place (const char *made, const char *path, GError **error)
{
  mode_t mask = umask (0);

  umask (mask);
  if (chmod (made, 0777 & ~mask) != 0)
    return fail_errno (error, made);
  if (renameat2 (AT_FDCWD, made, AT_FDCWD, path, RENAME_NOREPLACE) == 0)
    return TRUE;
  if (errno == EEXIST)
    return fail_exists (error, path);
  /* A file system that knows no such renaming; an empty folder is all that it could replace. */
  if (errno == EINVAL && rename (made, path) == 0)
    return TRUE;
  return fail_errno (error, path);
}

/* Another one of its name would be installed over it. */
static gboolean
check_installed (const char *id, GError **error)
{
  g_autofree char *folder = g_build_filename (KAREZ_PLUGINDIR, id, NULL);

  return !g_file_test (folder, G_FILE_TEST_EXISTS)
         || karez_error_set (error, KAREZ_ERROR_CONFLICT, "plugin/installed", N_ ("another name"),
                             N_ ("The plugin “%s” is installed already, in %s"), id, folder);
}

static gboolean
make_folder (Copy *copy, const char *directory, const char *path, GError **error)
{
  g_autofree char *pattern = g_strdup_printf (".%s-XXXXXX", copy->names->id);
  g_autofree char *made = g_build_filename (directory, pattern, NULL);

  if (g_file_test (path, G_FILE_TEST_EXISTS) || g_file_test (path, G_FILE_TEST_IS_SYMLINK))
    return fail_exists (error, path);
  if (g_mkdtemp (made) == NULL)
    return fail_errno (error, directory);
  copy->to = made;
  if (copy_folder (copy, "", error) && write_build (copy, error) && copy_readme (copy, error)
      && check_interrupted (error) && put_in_place (made, path, error))
    return TRUE;
  remove_folder (made);
  return FALSE;
}

/* ── the command ────────────────────────────────────────────────────────────────────────────── */

/* Beside this program, wherever it was installed. Returns: (transfer full) */
static char *
find_template (Ctl *ctl, GError **error)
{
  const char *given = ctl_option (ctl, "template");
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *folder = g_path_get_dirname (self != NULL ? self : "/usr/bin/karezctl");
  g_autofree char *path = given != NULL ? g_strdup (given)
                                        : g_build_filename (folder, KAREZ_TEMPLATE, NULL);
  g_autofree char *build = g_build_filename (path, OVER "/meson.build", NULL);

  if (g_file_test (build, G_FILE_TEST_IS_REGULAR))
    return g_canonicalize_filename (path, NULL);
  karez_error_set (error, KAREZ_ERROR_NOT_FOUND, "plugin/template",
                   N_ ("Karez as it is installed, or --template with plugins/template of its tree"),
                   N_ ("There is no template in %s"), path);
  return NULL;
}

static void
tell (Ctl *ctl, const Copy *copy, const char *path)
{
  g_autoptr (JsonNode)
      answer = karez_json_object ("plugin", "s", copy->names->id, "title", "s", copy->names->title,
                                  "folder", "s", path, "files", "i", (gint64) copy->n_files, NULL);
  g_autofree char *files = g_strdup_printf ("%u", copy->n_files);
  g_autofree char *shell = g_shell_quote (path);

  if (ctl_json (ctl, answer))
    return;
  g_print (_ ("The plugin “%s” is in %s: %s files. It builds as it is:\n"), copy->names->id, path,
           files);
  g_print ("  cd %s\n  meson setup build && ninja -C build && meson test -C build\n"
           "  meson install -C build\n",
           strpbrk (path, " '\"\\$`!*?[](){}<>|;&~#") != NULL ? shell : path);
}

static CtlStatus
make (Ctl *ctl, char **arguments)
{
  const char *directory = ctl_option (ctl, "directory");
  g_autoptr (GError) error = NULL;
  g_autoptr (CtlPluginNames)
      names = ctl_plugin_names_new (arguments[0], ctl_option (ctl, "title"), &error);
  g_autofree char *from = names != NULL ? find_template (ctl, &error) : NULL;
  g_autofree char *path = NULL;
  Copy copy = { names, from, NULL, 0 };
  sigset_t all, before;

  if (from == NULL || !check_installed (names->id, &error))
    return ctl_tell_error (NULL, error);
  path = directory != NULL ? g_build_filename (directory, names->id, NULL) : g_strdup (names->id);
  sigemptyset (&all);
  sigaddset (&all, SIGINT);
  sigaddset (&all, SIGTERM);
  sigaddset (&all, SIGHUP);
  sigprocmask (SIG_BLOCK, &all, &before);
  make_folder (&copy, directory != NULL ? directory : ".", path, &error);
  if (error == NULL)
    tell (ctl, &copy, path);
  else
    ctl_tell_error (NULL, error);
  sigprocmask (SIG_SETMASK, &before, NULL);
  if (g_error_matches (error, KAREZ_ERROR, KAREZ_ERROR_DENIED))
    return CTL_DENIED;
  return error == NULL ? CTL_OK : CTL_REFUSED;
}

static const CtlOption new_options[] = {
  { "title", "TEXT", N_ ("What people read; made of the id where it is not given") },
  { "directory", "DIR", N_ ("Where its folder is made; not given: here") },
  { "template", "DIR", N_ ("A template in place of the installed one") },
  { NULL },
};

#ifdef KAREZ_WITH_HUB
static const CtlOption reset_options[] = {
  { "yes", NULL, N_ ("Does not ask") },
  { NULL },
};
#endif

const CtlVerb ctl_plugin_verbs[] = {
  { "new", "ID", N_ ("Makes a folder with a plugin that builds, is tested and holds sessions"),
    new_options, make },
#ifdef KAREZ_WITH_HUB
  { "reset", "ID",
    N_ ("Drops what a plugin under development has kept, for a first migration that changed; the "
        "hub is stopped"),
    reset_options, ctl_plugin_reset },
#endif
  { NULL },
};
