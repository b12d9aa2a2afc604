/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define HUB_CONFIG_ERROR (hub_config_error_quark ())
GQuark hub_config_error_quark (void);

/**
 * HubConfigError:
 * @HUB_CONFIG_ERROR_FILE: the file cannot be read, or is not a key file
 * @HUB_CONFIG_ERROR_UNKNOWN: a group or key that nothing reads
 * @HUB_CONFIG_ERROR_VALUE: a value outside its type or bounds
 *
 * Messages name the key and say what would be accepted.
 */
typedef enum
{
  HUB_CONFIG_ERROR_FILE,
  HUB_CONFIG_ERROR_UNKNOWN,
  HUB_CONFIG_ERROR_VALUE,
} HubConfigError;

typedef enum
{
  HUB_CONFIG_TEXT,
  HUB_CONFIG_NAME, /* a text with translations: Name, Name[zh_CN], Name[ug] */
  HUB_CONFIG_UUID,
  HUB_CONFIG_PATH,      /* an absolute file name */
  HUB_CONFIG_PATHS,     /* absolute folders, split by ';' */
  HUB_CONFIG_PORT,      /* 0 to 65535; 0 lets the kernel choose */
  HUB_CONFIG_ADDRESS,   /* a numeric IP address to listen on */
  HUB_CONFIG_ADDRESSES, /* one to four of them, split by ',' */
  HUB_CONFIG_ENDPOINT,  /* HOST:PORT as others dial it */
  HUB_CONFIG_ORIGIN,    /* scheme://host[:port] */
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
 * hub_config_load:
 * @path: (nullable): a karez.conf; NULL is /etc/karez/karez.conf, which may be missing
 *
 * Reads and checks the whole file; at most 64 KiB. Blocks on a local file. A group "Plugin NAME" is
 * kept for that plugin, whose key file knows its keys. Immutable but for hub_config_override().
 *
 * Returns: (transfer full): or NULL with a %HUB_CONFIG_ERROR that names every fault, a line each
 */
HubConfig *hub_config_load (const char *path, GError **error);
/* One value from elsewhere, such as a command line: "Web.Port", "0", "--port". */
gboolean hub_config_override (HubConfig *self, const char *name, const char *value,
                              const char *origin, GError **error);

/* A key that is not in the table is a programmer's error. Returns: (nullable) (transfer none) */
const char *hub_config_text (HubConfig *self, const char *group, const char *key);
guint16 hub_config_port (HubConfig *self, const char *group, const char *key);
/* Returns: (transfer full): never NULL */
GStrv hub_config_list (HubConfig *self, const char *group, const char *key);
/* A name in "en", "zh_CN" or "ug"; falls back to the untranslated one. */
const char *hub_config_name (HubConfig *self, const char *group, const char *key,
                             const char *language);
/* "default", the file's name, or what hub_config_override() was given. */
const char *hub_config_origin (HubConfig *self, const char *group, const char *key);
/* What the file says for one plugin. Returns: (transfer full): texts by key, may be empty */
GHashTable *hub_config_plugin (HubConfig *self, const char *plugin);
/* The file that was read, or NULL. */
const char *hub_config_file (HubConfig *self);

G_END_DECLS
