/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Programs that a plugin's sessions may start: [Program NAME] of its key file. */
#include "hub-plugin-program.h"

#include "hub-catalogue.h"
#include "hub-plugin-keys.h"

#include <string.h>

#define MAX_NAME 32
/* Less is not enough to begin with. */
#define MIN_MEMORY 16
#define MAX_MEMORY 16384
#define MAX_NICE 19
#define MAX_RESTARTS 20
#define DEFAULT_NICE 5
#define DEFAULT_RESTARTS 5

/* What a word is made of. */
enum
{
  NAME,
  MEMORY,
  NICE,
  RESTARTS,
  PATH,
  N_PARTS
};

void
hub_plugin_program_free (HubPluginProgram *self)
{
  g_free (self->name);
  g_free (self->path);
  g_free (self);
}

/* Also a file's: none begins with "-" or ".". */
static gboolean
is_name (const char *text)
{
  gsize length = strspn (text, G_CSET_a_2_z G_CSET_DIGITS "-");

  return length > 0 && length <= MAX_NAME && text[length] == '\0' && text[0] != '-';
}

static gboolean
read_number (GKeyFile *keys, const char *group, const char *key, guint min, guint max,
             const char *accepted, guint *value, GError **error)
{
  g_autofree char *text = NULL;
  guint64 number = *value;

  if (!hub_plugin_keys_read_text (keys, group, key, &text, error))
    return FALSE;
  if (text != NULL && !g_ascii_string_to_unsigned (text, 10, min, max, &number, NULL))
    return hub_plugin_keys_refuse (error, group, key, text, accepted);
  *value = (guint) number;
  return TRUE;
}

static gboolean
find_file (HubPluginProgram *self, const char *group, const char *exec, const char *folder,
           GError **error)
{
  if (!is_name (exec))
    return hub_plugin_keys_refuse (error, group, "Exec", exec,
                                   N_ ("the name of a program beside the key file: up to 32 "
                                       "lower-case letters, digits and “-”"));
  self->path = g_build_filename (folder, exec, NULL);
  if (!g_file_test (self->path, G_FILE_TEST_IS_REGULAR)
      || !g_file_test (self->path, G_FILE_TEST_IS_EXECUTABLE))
    return karez_error_set (error, KAREZ_ERROR_INVALID, "plugin/program", NULL,
                            N_ ("The program “%s” is not beside the key file."), self->path);
  return TRUE;
}

static HubPluginProgram *
read_program (GKeyFile *keys, const char *group, const char *folder, GError **error)
{
  g_autoptr (HubPluginProgram) self = g_new0 (HubPluginProgram, 1);
  g_autofree char *exec = NULL;

  self->name = g_strdup (group + strlen (HUB_PLUGIN_PROGRAM));
  self->nice = DEFAULT_NICE;
  self->restarts = DEFAULT_RESTARTS;
  if (!is_name (self->name))
    {
      karez_error_set (error, KAREZ_ERROR_INVALID, "plugin/group",
                       N_ ("[Program NAME], with up to 32 lower-case letters, digits and “-”"),
                       N_ ("The key file has an unknown group [%s]."), group);
      return NULL;
    }
  if (!hub_plugin_keys_read_text (keys, group, "Exec", &exec, error)
      || !read_number (keys, group, "MemoryMiB", MIN_MEMORY, MAX_MEMORY, N_ ("16 to 16,384"),
                       &self->memory, error)
      || !read_number (keys, group, "Nice", 0, MAX_NICE, N_ ("0 to 19"), &self->nice, error)
      || !read_number (keys, group, "Restarts", 0, MAX_RESTARTS, N_ ("0 to 20"), &self->restarts,
                       error))
    return NULL;
  return find_file (self, group, exec, folder, error) ? g_steal_pointer (&self) : NULL;
}

GPtrArray *
hub_plugin_programs_read (GKeyFile *keys, const char *folder, GError **error)
{
  g_autoptr (GPtrArray)
      programs = g_ptr_array_new_with_free_func ((GDestroyNotify) hub_plugin_program_free);
  g_auto (GStrv) groups = g_key_file_get_groups (keys, NULL);

  for (guint i = 0; groups[i] != NULL; i++)
    {
      HubPluginProgram *program = NULL;

      if (!hub_plugin_keys_is_program (groups[i]))
        continue;
      if (programs->len == HUB_PLUGIN_MAX_PROGRAMS)
        {
          karez_error_set (error, KAREZ_ERROR_INVALID, "plugin/program", N_ ("at most 4"),
                           N_ ("The key file has too many programs."));
          return NULL;
        }
      program = read_program (keys, groups[i], folder, error);
      if (program == NULL)
        return NULL;
      g_ptr_array_add (programs, program);
    }
  return g_steal_pointer (&programs);
}

char *
hub_plugin_program_to_word (const HubPluginProgram *self)
{
  return g_strdup_printf ("%s:%u:%u:%u:%s", self->name, self->memory, self->nice, self->restarts,
                          self->path);
}

static gboolean
parse_number (const char *text, guint min, guint max, guint *value)
{
  guint64 number = 0;

  if (!g_ascii_string_to_unsigned (text, 10, min, max, &number, NULL))
    return FALSE;
  *value = (guint) number;
  return TRUE;
}

HubPluginProgram *
hub_plugin_program_from_word (const char *word)
{
  g_autoptr (HubPluginProgram) self = g_new0 (HubPluginProgram, 1);
  g_auto (GStrv) parts = g_strsplit (word, ":", N_PARTS);

  if (g_strv_length (parts) != N_PARTS || !is_name (parts[NAME])
      || !g_path_is_absolute (parts[PATH])
      || !parse_number (parts[MEMORY], MIN_MEMORY, MAX_MEMORY, &self->memory)
      || !parse_number (parts[NICE], 0, MAX_NICE, &self->nice)
      || !parse_number (parts[RESTARTS], 0, MAX_RESTARTS, &self->restarts))
    return NULL;
  self->name = g_strdup (parts[NAME]);
  self->path = g_strdup (parts[PATH]);
  return g_steal_pointer (&self);
}
