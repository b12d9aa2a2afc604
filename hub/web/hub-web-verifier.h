/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-store.h"
#include "hub-web-browsers.h"
#include "hub-web-password.h"
#include "hub-web-request.h"

G_BEGIN_DECLS

/**
 * HubWebVerifier:
 * Whether a password is an account's: to sign in, or asked again of who is signed in. Wrong ones
 * are counted, recorded, and slow down whoever types them; who comes by a known browser, or is
 * signed in, is not slowed down by others. What is answered, and how soon, does not tell whether a
 * login exists. Main thread only.
 */
typedef struct _HubWebVerifier HubWebVerifier;

/* Everything given outlives it. */
HubWebVerifier *hub_web_verifier_new (HubStore *store, HubWebPasswords *passwords,
                                      HubWebBrowsers *browsers);
void hub_web_verifier_free (HubWebVerifier *self);
/**
 * hub_web_verifier_check_async:
 * @login: in lower case
 * @sign_in: (nullable): the one that is confirmed
 *
 * Fails with %KAREZ_ERROR_UNAUTHENTICATED, rule "sign-in/refused", once that is on record, and with
 * %KAREZ_ERROR_BUSY, rule "sign-in/rate" (and Retry-After in @request's answer).
 */
void hub_web_verifier_check_async (HubWebVerifier *self, HubWebRequest *request, const char *login,
                                   HubWebSignIn *sign_in, const char *password,
                                   GAsyncReadyCallback callback, gpointer data);
/* Returns: (transfer full): the account's row of "account_by_login" */
KarezRows *hub_web_verifier_check_finish (HubWebVerifier *self, GAsyncResult *result,
                                          GError **error);
/* The account as an actor, from where a request comes. Returns: (transfer full) */
KarezActor *hub_web_verifier_make_actor (KarezRows *account, HubWebRequest *request);
/* How many passwords were refused since the start. */
guint64 hub_web_verifier_get_refused (HubWebVerifier *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HubWebVerifier, hub_web_verifier_free)

G_END_DECLS
