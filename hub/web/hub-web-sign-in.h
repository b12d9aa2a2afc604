/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-web-rights.h"

#include <karez.h>
#include <libsoup/soup.h>

G_BEGIN_DECLS

#define HUB_WEB_SIGN_IN_HOURS 12

/**
 * HubWebSignIn:
 * A cookie that is in force, and whose it is. Counted; immutable but for @ended, which is cancelled
 * when it is over or its account's roles have changed: what goes on by it watches that.
 */
struct _HubWebSignIn
{
  char *id, *account, *login, *language;
  char *csrf; /* what X-Karez-Token must say */
  GStrv roles;
  gboolean new_password_needed; /* the password is one that somebody else chose */
  JsonNode *names, *title;
  gint64 expires; /* µs since 1970 UTC */
  GCancellable *ended;
  gboolean over; /* it ended because it is not in force; else its account's roles have changed */
  HubWebRights *rights; /* where it is listed; NULL once that is gone */
};

HubWebSignIn *hub_web_sign_in_ref (HubWebSignIn *self);
void hub_web_sign_in_unref (HubWebSignIn *self);
/* The person as an actor, from @address; without roles while a new password is needed. Returns:
 * (transfer full) */
KarezActor *hub_web_sign_in_make_actor (HubWebSignIn *self, const char *address);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HubWebSignIn, hub_web_sign_in_unref)

/**
 * HubWebSignIns:
 * Whose a cookie is. Read from the database, believed for half a minute, and forgotten at once when
 * the account or the sign-in changes; what leads away from risk believes it longer. Main thread
 * only.
 */
typedef struct _HubWebSignIns HubWebSignIns;

/* @store: the scope "web". @hub: this hub's id, which names the cookie. @believe_ms: how long what
 * was read counts */
HubWebSignIns *hub_web_sign_ins_new (KarezStore *store, const char *hub, guint believe_ms);
void hub_web_sign_ins_free (HubWebSignIns *self);

/* As hub_web_rights_set_listener(). */
void hub_web_sign_ins_set_listener (HubWebSignIns *self, HubWebRightsFunc func, gpointer data);

/* A new token: 32 random bytes as base64url, and the BLAKE2b-256 that is kept of it. */
char *hub_web_sign_ins_make_token (GBytes **hash);
/* The tokens that a request's cookies bring, of which at most 8 are looked at: beyond that
 * %KAREZ_ERROR_INVALID, rule "request/cookies". Returns: (transfer full): texts */
GPtrArray *hub_web_sign_ins_read_cookies (HubWebSignIns *self, SoupMessageHeaders *headers,
                                          GError **error);
/* The Set-Cookie header that gives a token, or takes it away (NULL). Returns: (transfer full) */
char *hub_web_sign_ins_write_cookie (HubWebSignIns *self, const char *token);
/* The CSRF token that goes with a token. Returns: (transfer full) */
char *hub_web_sign_ins_make_csrf (const char *token);

/* What was found before and is still in force as far as is known here, without a look into the
 * database: forgotten at once where an account or a sign-in changes. For what leads away from risk.
 * Returns: (transfer full) (nullable) */
HubWebSignIn *hub_web_sign_ins_recall (HubWebSignIns *self, const char *token);
/* The account of the first cookie that is recalled so. Returns: (transfer full) (nullable) */
char *hub_web_sign_ins_recall_account (HubWebSignIns *self, SoupMessageHeaders *headers);
/**
 * hub_web_sign_ins_find_async:
 * %KAREZ_ERROR_UNAUTHENTICATED, rule "sign-in/none", for a token that is not in force.
 */
void hub_web_sign_ins_find_async (HubWebSignIns *self, const char *token, GCancellable *cancellable,
                                  GAsyncReadyCallback callback, gpointer data);
/* Returns: (transfer full) */
HubWebSignIn *hub_web_sign_ins_find_finish (HubWebSignIns *self, GAsyncResult *result,
                                            GError **error);
/* The account was changed or signed out somewhere. @rights: whether what it may do may have
 * changed: the sign-ins that are not in force any more end, as hub_web_rights_check() says */
void hub_web_sign_ins_forget (HubWebSignIns *self, const char *account, gboolean rights);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HubWebSignIns, hub_web_sign_ins_free)

G_END_DECLS
