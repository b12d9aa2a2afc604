/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-config.h"

G_BEGIN_DECLS

/**
 * HubCheck:
 * What a check is to know besides the configuration.
 * @plugins: the folder of the installed plugins
 * @own: whether this process is the hub: then what its user may not do is a finding too. karezctl
 *   may be run by somebody who may do less, or more.
 */
typedef struct
{
  const char *plugins;
  gboolean own;
} HubCheck;

/**
 * hub_check_config:
 *
 * Looks whether what a configuration names is there and can be used, and whether its values go
 * together, and adds what it finds to the findings of hub_config_read(). karezd does this before
 * anything else, `karezctl config` does the same. It changes nothing, connects to nothing, and
 * minds no hub that is running with this configuration.
 */
void hub_check_config (HubConfig *config, const HubCheck *check);

/* Where its own @state_dir is made at the first start, nothing is found. Blocks on local files. */
void hub_check_paths (HubConfig *config, const HubCheck *check);
void hub_check_network (HubConfig *config, const HubCheck *check);
void hub_check_web (HubConfig *config, const HubCheck *check);
void hub_check_database (HubConfig *config);
void hub_check_workers (HubConfig *config, const HubCheck *check);
void hub_check_plugins (HubConfig *config, const HubCheck *check);

/* Key files by the plugins' ids; of one that cannot be read only the id, by the file's name.
 * Returns: (transfer full) */
GHashTable *hub_check_list_plugins (HubConfig *config, const HubCheck *check);

/* Whether nobody listens at the port of @group, "Web" or "Peers": a look at a time when this
 * process alone may listen there. */
gboolean hub_check_port (HubConfig *config, const char *group, GError **error);

/* Whether a plugin's setting may be a secret, by its name. */
gboolean hub_check_is_secret (const char *key);

G_END_DECLS
