/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-config-finding.h"

#include <gio/gio.h>

G_BEGIN_DECLS

#define HUB_CONFIG_ERROR (hub_config_error_quark ())
GQuark hub_config_error_quark (void);

typedef enum
{
  HUB_CONFIG_TEXT,
  HUB_CONFIG_CONNECTION, /* a libpq connection string; may hold a password, so it is never shown */
  HUB_CONFIG_NAME,       /* a text with translations: Name, Name[zh_CN], Name[ug] */
  HUB_CONFIG_UUID,
  HUB_CONFIG_PATH,      /* an absolute file name */
  HUB_CONFIG_PATHS,     /* absolute folders, split by ';' */
  HUB_CONFIG_PORT,      /* 1 to 65535 */
  HUB_CONFIG_ADDRESS,   /* a numeric IP address to listen on */
  HUB_CONFIG_ADDRESSES, /* one to four of them, split by ',' */
  HUB_CONFIG_UNICAST,   /* the same, each of one machine: no wildcard, no multicast */
  HUB_CONFIG_AUTHORITY, /* "own" */
  HUB_CONFIG_SWITCH,    /* "yes" or "no" */
  HUB_CONFIG_SECONDS,   /* a whole number, up to two years */
  HUB_CONFIG_RANGE,     /* LOW-HIGH: ports */
  HUB_CONFIG_ENDPOINT,  /* HOST:PORT as others dial it */
  HUB_CONFIG_ORIGIN,    /* scheme://host[:port], as a browser spells it */
} HubConfigType;

/**
 * HubConfigKey:
 * One line of the table of everything that karez.conf may say.
 * @fallback: (nullable): in force when the file is silent; NULL is "not set"
 */
typedef struct
{
  const char *group, *key;
  HubConfigType type;
  const char *fallback;
  const char *description;
} HubConfigKey;

#define HUB_TYPE_CONFIG (hub_config_get_type ())
G_DECLARE_FINAL_TYPE (HubConfig, hub_config, HUB, CONFIG, GObject)

/* The table, ended by a line whose group is NULL. */
const HubConfigKey *hub_config_keys (void);

/**
 * hub_config_read:
 * @path: (nullable): a karez.conf; NULL is /etc/karez/karez.conf, which may be missing
 *
 * Reads the whole file, at most 64 KiB, and keeps a finding for everything that has not the form
 * that is asked for; the defaults stand for what is wrong. Whether what the values name is there,
 * and whether they go together, hub_check_config() tells. Blocks on a local file. A group "Plugin
 * NAME" is kept for that plugin, whose key file knows its keys.
 *
 * Returns: (transfer full): never NULL
 */
HubConfig *hub_config_read (const char *path);
/* The same. Returns: (transfer full): or NULL with the fault of its worst finding as a code of
 * %HUB_CONFIG_ERROR and every finding in the message, a line each */
HubConfig *hub_config_load (const char *path, GError **error);
/* One value from elsewhere, such as a command line: "Web.Port", "8500", "--port". */
gboolean hub_config_override (HubConfig *self, const char *name, const char *value,
                              const char *origin, GError **error);

/* Everything that was found. Returns: (transfer none) (element-type HubConfigFinding) */
GPtrArray *hub_config_get_findings (HubConfig *self);
/* Adds what somebody found who knows what a value means, at its line.
 * @key: (nullable): of the file's, "Name[ug]" too; NULL for the group
 * @message, @accepted: msgids with one %s at most */
void hub_config_find (HubConfig *self, HubConfigFault fault, const char *group, const char *key,
                      const char *message, const char *message_argument, const char *accepted,
                      const char *accepted_argument);
/* Whether something was found about it already. */
gboolean hub_config_is_found (HubConfig *self, const char *group, const char *key);
/* Whether a hub can start with it: nothing was found but remarks. */
gboolean hub_config_is_usable (HubConfig *self);
/* All of them in the order of the lines, a line each. Returns: (transfer full): NULL if there is
 * none */
char *hub_config_print_findings (HubConfig *self, HubConfigSay say);
/* Where a value comes from: "/etc/karez/karez.conf:7: [Web] Port". Returns: (transfer full) */
char *hub_config_print_place (HubConfig *self, const char *group, const char *key);

/* A key that is not in the table is a programmer's error. Returns: (nullable) (transfer none) */
const char *hub_config_text (HubConfig *self, const char *group, const char *key);
guint16 hub_config_port (HubConfig *self, const char *group, const char *key);
/* A number of %HUB_CONFIG_SECONDS. */
guint hub_config_seconds (HubConfig *self, const char *group, const char *key);
/* Returns: (transfer full): never NULL */
GStrv hub_config_list (HubConfig *self, const char *group, const char *key);
/* A name in "en", "zh_CN" or "ug"; falls back to the untranslated one. */
const char *hub_config_name (HubConfig *self, const char *group, const char *key,
                             const char *language);
/* "default", the file's name, or what hub_config_override() was given. */
const char *hub_config_origin (HubConfig *self, const char *group, const char *key);
/* What the file says for one plugin. Returns: (transfer full): texts by key, may be empty */
GHashTable *hub_config_plugin (HubConfig *self, const char *plugin);
/* The plugins that the file has groups for. Returns: (transfer full) */
GStrv hub_config_plugins (HubConfig *self);
/* Whether the file, or an override, says it: not the default. */
gboolean hub_config_is_set (HubConfig *self, const char *group, const char *key);
gboolean hub_config_range_parse (const char *text, guint16 *low, guint16 *high);
/* The parts of a list of addresses, without blanks. Returns: (transfer full): never NULL */
GStrv hub_config_addresses (HubConfig *self, const char *group, const char *key);
/* The file that was read, or NULL. */
const char *hub_config_file (HubConfig *self);

G_END_DECLS
