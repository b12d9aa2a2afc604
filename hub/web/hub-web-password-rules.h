/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <karez.h>

G_BEGIN_DECLS

/* Unicode code points. NIST SP 800-63B-4, 3.1.1.2: 15 where the password is the only factor, as it
 * is here; and at least 64 must be taken. */
#define HUB_WEB_PASSWORD_MIN 15
#define HUB_WEB_PASSWORD_MAX 256
/* What a request may bring where one is chosen, so that the rule above refuses and says why. */
#define HUB_WEB_PASSWORD_READ 4096

/* The form in which a password is hashed: NFKC, as NIST SP 800-63B-4 has it, so that the same signs
 * from another keyboard, in full width, or composed another way, are the same password. @password:
 * UTF-8. Returns: (transfer full) */
char *hub_web_password_normalise (const char *password);

/* What a password must not be made of: a person's login and names, a hospital's names. @login,
 * @names, @hub_names: (nullable). Returns: (transfer full): in lower case */
GStrv hub_web_password_words (const char *login, JsonNode *names, JsonNode *hub_names);

/**
 * hub_web_password_check:
 * @password: UTF-8, as typed
 * @words: of hub_web_password_words()
 *
 * Whether a password may be chosen, after NIST SP 800-63B-4: its length, no common or expected one,
 * and nothing about which characters it has. At most some milliseconds; thread-safe.
 *
 * Returns: FALSE with %KAREZ_ERROR_INVALID, rule "password/length", "password/characters",
 *   "password/repeated" or "password/common"
 */
gboolean hub_web_password_check (const char *password, const char *const *words, GError **error);

G_END_DECLS
