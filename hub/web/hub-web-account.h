/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-store.h"
#include "hub-web-policy.h"
#include "hub-web-verifier.h"

G_BEGIN_DECLS

/**
 * HubWebAccount:
 * Signing in and out, confirming who one is, and what a person may see and change of the own
 * account: /sign-in, /sign-out, /me, /me/language, /me/password. Main thread only.
 */
typedef struct _HubWebAccount HubWebAccount;

/* Everything given outlives it. @names: the hub's */
HubWebAccount *hub_web_account_new (HubStore *store, HubWebSignIns *sign_ins,
                                    HubWebPasswords *passwords, HubWebBrowsers *browsers,
                                    HubWebPolicy *policy, const char *hub, JsonNode *names);
void hub_web_account_free (HubWebAccount *self);
gboolean hub_web_account_add_routes (HubWebAccount *self, KarezRoutes *routes, GError **error);
/* Whether @password is that of who is signed in; a HubWebConfirmFunc, @data is the account. */
void hub_web_account_confirm (HubWebRequest *request, const char *password, GTask *task,
                              gpointer data);
/* How many sign-ins and confirmations were refused since the start. */
guint64 hub_web_account_get_refused (HubWebAccount *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HubWebAccount, hub_web_account_free)

G_END_DECLS
