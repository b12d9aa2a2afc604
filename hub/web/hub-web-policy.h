/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <karez.h>

G_BEGIN_DECLS

/* Lines that no role is needed for: nobody signed in at all, anybody who is, and anybody who is
 * even if by a password that somebody else chose. */
#define HUB_WEB_ANYONE "anyone"
#define HUB_WEB_SIGNED_IN "signed-in"
#define HUB_WEB_OWN_ACCOUNT "own-account"

/**
 * HubWebPolicy:
 * The one authorisation table: permission × roles. Main thread only.
 */
typedef struct _HubWebPolicy HubWebPolicy;

HubWebPolicy *hub_web_policy_new (void);
void hub_web_policy_free (HubWebPolicy *self);
/**
 * hub_web_policy_add:
 * @permission: a plugin's: "x.template.note"
 * @roles: (array zero-terminated=1): who gets it
 *
 * Adds a line. %KAREZ_ERROR_CONFLICT if it is there already, %KAREZ_ERROR_INVALID for a role that
 * does not exist or a name that is no permission.
 */
gboolean hub_web_policy_add (HubWebPolicy *self, const char *permission, const char *const *roles,
                             GError **error);
gboolean hub_web_policy_knows (HubWebPolicy *self, const char *permission);
/* The permission that @name may be meant to be: one that differs by a few letters, or by what
 * stands before or after a dot. Returns: (transfer full) (nullable) */
char *hub_web_policy_find_near (HubWebPolicy *self, const char *name);
/* Whether what it allows leads away from risk: it passes also while the database is busy or away.
 */
gboolean hub_web_policy_is_away (const char *permission);
/* @actor: (nullable): nobody is signed in */
/* Whether @actor has each permission that begins with @prefix and ends with @suffix; FALSE if there
 * is none. */
gboolean hub_web_policy_allows_each (HubWebPolicy *self, const char *prefix, const char *suffix,
                                     KarezActor *actor);
gboolean hub_web_policy_allows (HubWebPolicy *self, const char *permission, KarezActor *actor);
/* What an actor may do, sorted. Returns: (transfer full) */
GStrv hub_web_policy_list (HubWebPolicy *self, KarezActor *actor);
gboolean hub_web_policy_is_role (const char *role);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HubWebPolicy, hub_web_policy_free)

G_END_DECLS
