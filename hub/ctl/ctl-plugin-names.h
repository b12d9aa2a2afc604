/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <karez.h>

G_BEGIN_DECLS

/**
 * CtlPluginNames:
 * A new plugin's names in place of the template's, each in the form that its place needs: a C
 * prefix of the id "tele-ultrasound" is tele_ultrasound_, a type TeleUltrasound, a schema
 * tele_ultrasound.
 */
typedef struct
{
  char *id, *title;
  char *lower, *upper, *camel; /* tele_ultrasound, TELE_ULTRASOUND, TeleUltrasound */
} CtlPluginNames;

/* @title: (nullable): NULL makes one of the id. Refuses what would not compile, or what the hub
 * would refuse. Returns: (transfer full) */
CtlPluginNames *ctl_plugin_names_new (const char *id, const char *title, GError **error);
void ctl_plugin_names_free (CtlPluginNames *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CtlPluginNames, ctl_plugin_names_free)

/* A file's name. Returns: (transfer full) */
char *ctl_plugin_names_rename (CtlPluginNames *self, const char *name);
/* A file's text. @name: of the file, which says how a title is quoted. Returns: (transfer full) */
char *ctl_plugin_names_rewrite (CtlPluginNames *self, const char *name, const char *text);

G_END_DECLS
