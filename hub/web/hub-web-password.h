/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-web-password-rules.h"

G_BEGIN_DECLS

/**
 * HubWebPasswords:
 * Argon2id by libsodium, 64 MiB and some 50 to 100 ms of one core for each, in threads: few at
 * once, a short queue, and one more is refused with %KAREZ_ERROR_BUSY, rule "sign-in/busy".
 * Who is known has a queue that goes first, so that those who are unknown keep nobody out by their
 * number, and at most four places in it; an unknown one's customer has half of the other one. Main
 * thread only.
 */
typedef struct _HubWebPasswords HubWebPasswords;

HubWebPasswords *hub_web_passwords_new (guint at_once, guint queue);
/* What still runs ends by itself; what still waits is cancelled. */
void hub_web_passwords_free (HubWebPasswords *self);

/**
 * hub_web_passwords_hash_async:
 * @password: one that is chosen
 * @words: what it must not be made of, of hub_web_password_words()
 * @who: the account that asks
 *
 * Fails as hub_web_password_check() does for one that may not be chosen.
 */
void hub_web_passwords_hash_async (HubWebPasswords *self, const char *password,
                                   const char *const *words, const char *who,
                                   GCancellable *cancellable, GAsyncReadyCallback callback,
                                   gpointer data);
/* Returns: (transfer full): libsodium's string */
char *hub_web_passwords_hash_finish (HubWebPasswords *self, GAsyncResult *result, GError **error);

/**
 * hub_web_passwords_verify_async:
 * @hash: (nullable): NULL for an account that does not exist: takes as long, and is never right
 * @who: the account whose sign-in or browser it is, or where who is unknown comes from
 */
void hub_web_passwords_verify_async (HubWebPasswords *self, const char *hash, const char *password,
                                     const char *who, gboolean known, GCancellable *cancellable,
                                     GAsyncReadyCallback callback, gpointer data);
/* @right: (out). Returns: FALSE when it could not be tried. */
gboolean hub_web_passwords_verify_finish (HubWebPasswords *self, GAsyncResult *result,
                                          gboolean *right, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HubWebPasswords, hub_web_passwords_free)

G_END_DECLS
