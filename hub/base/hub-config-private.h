/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-config.h"

G_BEGIN_DECLS

#define HUB_CONFIG_MAX_KEYS 32u
#define HUB_CONFIG_FROM_DEFAULT "default"
#define HUB_CONFIG_PLUGIN_PREFIX "Plugin "

typedef struct
{
  char *value; /* NULL: not set */
  char *origin;
} HubConfigItem;

struct _HubConfig
{
  GObject parent_instance;
  GKeyFile *file;
  char *path;        /* NULL: no file was read */
  GHashTable *lines; /* "group\nkey" and "group\n" to their lines */
  GPtrArray *findings;
  guint reading; /* the line that is read; 0: none */
  HubConfigItem items[HUB_CONFIG_MAX_KEYS];
};

/* The number of a key in hub_config_keys(); -1 if there is none. */
int hub_config_index (const char *group, const char *key);
/* "Plugin NAME": whether there is one of that name is for who knows the plugins. */
gboolean hub_config_is_plugin_group (const char *group);
void hub_config_set_item (HubConfig *self, guint index, const char *value, const char *origin);
HubConfigFinding *hub_config_new_finding (HubConfig *self, HubConfigFault fault, const char *group,
                                          const char *key);
/* Notes where something stands. Returns: the line before that says the same; 0 if there is none */
guint hub_config_note_line (HubConfig *self, const char *group, const char *key, guint number);
/* What comes before a bracket: "Name" of "Name[ug]". Returns: (transfer full) */
char *hub_config_plain_key (const char *key);
void hub_config_read_file (HubConfig *self, const char *path, gboolean may_miss);

G_END_DECLS
