/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-confine.h"

#include <linux/landlock.h>

#if defined(__SANITIZE_ADDRESS__)
#define HUB_CONFINE_SANITIZED 1
#else
#define HUB_CONFINE_SANITIZED 0
#endif

G_BEGIN_DECLS

#define HUB_CONFINE_READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)

/* Landlock's rules as they are made. @attributes: struct landlock_ruleset_attr of ABI 6; an older
 * kernel takes it while what it does not know is 0. */
typedef struct
{
  struct
  {
    guint64 handled_access_fs, handled_access_net, scoped;
  } attributes;
  int abi;
} HubRuleset;

/* Returns: a descriptor, or -1: the kernel has no Landlock */
int hub_confine_open_ruleset (HubRuleset *rules);
/* FALSE with errno. @access: of a file that is no directory, nothing of directories */
gboolean hub_confine_allow (int ruleset, const HubRuleset *rules, const char *path, guint64 access);
/* Closes @ruleset. Returns: the ABI that is in force; 0 for none, which is logged. */
int hub_confine_enforce (int ruleset, const HubRuleset *rules, const char *subject);
void hub_confine_drop_privileges (void);
/* @program: what a session's program may call, and not what the worker may: no sockets but pairs,
 * no memory that its limit does not count, and the one call by which it begins. */
gboolean hub_confine_restrict_calls (gboolean program);

G_END_DECLS
