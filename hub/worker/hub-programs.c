/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The programs that a session's live half has started. */
#include "hub-programs.h"

#include "hub-catalogue.h"
#include "hub-program.h"

struct _HubPrograms
{
  HubSpawner *spawner; /* NULL for none */
  char *subject;
  gboolean over;                                /* the session is */
  HubProgram *running[HUB_PLUGIN_MAX_PROGRAMS]; /* weak: the live half owns them */
};

HubPrograms *
hub_programs_new (HubSpawner *spawner, const char *subject)
{
  HubPrograms *self = g_new0 (HubPrograms, 1);

  self->subject = g_strdup (subject);
  g_set_object (&self->spawner, spawner);
  return self;
}

void
hub_programs_stop (HubPrograms *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->running); i++)
    {
      if (self->running[i] != NULL)
        karez_program_stop (KAREZ_PROGRAM (self->running[i]));
      g_clear_weak_pointer (&self->running[i]);
    }
  self->over = TRUE;
}

void
hub_programs_free (HubPrograms *self)
{
  hub_programs_stop (self);
  g_clear_object (&self->spawner);
  g_free (self->subject);
  g_free (self);
}

KarezProgram *
hub_programs_start (HubPrograms *self, const char *name, GError **error)
{
  g_autoptr (HubProgram) program = NULL;
  const HubPluginProgram *known = NULL;
  guint index = 0;

  if (self->spawner != NULL)
    known = hub_spawner_find (self->spawner, name, &index);
  if (known == NULL)
    karez_error_set (error, KAREZ_ERROR_NOT_FOUND, "program/unknown",
                     N_ ("the name of a group [Program NAME] of the plugin's key file"),
                     N_ ("The plugin has no program “%s”."), name);
  else if (self->over || !hub_spawner_is_there (self->spawner))
    karez_error_set (error, KAREZ_ERROR_UNAVAILABLE, "program/away", NULL,
                     N_ ("No program can be started in this session any more."));
  else if (self->running[index] != NULL && !hub_program_is_over (self->running[index]))
    karez_error_set (error, KAREZ_ERROR_CONFLICT, "program/running", NULL,
                     N_ ("The program “%s” runs already."), name);
  else
    program = hub_program_new (self->spawner, known, index, self->subject);
  if (program != NULL)
    g_set_weak_pointer (&self->running[index], program);
  return program != NULL ? KAREZ_PROGRAM (g_steal_pointer (&program)) : NULL;
}
