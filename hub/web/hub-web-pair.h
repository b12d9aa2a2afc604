/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * HubWebPairFault:
 * @HUB_WEB_PAIR_GOOD: nothing
 * @HUB_WEB_PAIR_EXPIRED, @HUB_WEB_PAIR_EARLY, @HUB_WEB_PAIR_OTHER_NAME: it can be used, and
 * browsers will warn: its time is over or has not come, or it is not for the name that they call
 * @HUB_WEB_PAIR_NO_CERTIFICATE, @HUB_WEB_PAIR_NO_KEY: the file cannot be read
 * @HUB_WEB_PAIR_NOT_CERTIFICATE, @HUB_WEB_PAIR_NOT_KEY: it is not PEM of that kind, or the key
 * needs a password
 * @HUB_WEB_PAIR_OTHER_KEY: each is good, but they do not belong together
 *
 * What is wrong with a certificate and its key, from the least to the worst.
 */
typedef enum
{
  HUB_WEB_PAIR_GOOD,
  HUB_WEB_PAIR_EXPIRED,
  HUB_WEB_PAIR_EARLY,
  HUB_WEB_PAIR_OTHER_NAME,
  HUB_WEB_PAIR_OTHER_KEY,
  HUB_WEB_PAIR_NOT_KEY,
  HUB_WEB_PAIR_NOT_CERTIFICATE,
  HUB_WEB_PAIR_NO_KEY,
  HUB_WEB_PAIR_NO_CERTIFICATE,
} HubWebPairFault;

/* Whether it can be used at all. */
#define HUB_WEB_PAIR_IS_USABLE(fault) ((fault) < HUB_WEB_PAIR_OTHER_KEY)

/**
 * HubWebPair:
 * A certificate with those that lead to its authority, and its key, as two PEM files say them.
 * @expires: Unix µs; 0 when it cannot be used
 * @code: errno of what cannot be read
 */
typedef struct
{
  HubWebPairFault fault;
  GTlsCertificate *tls; /* NULL when it cannot be used */
  gint64 expires;
  int code;
} HubWebPair;

/* Reads both files, at most 1 MiB each. @host: what browsers call the hub, a name or an address.
 * Blocks on local files. Returns: (transfer full): never NULL */
HubWebPair *hub_web_pair_load (const char *certificate, const char *key, const char *host);
void hub_web_pair_free (HubWebPair *self);
/* "", "expired", "not-yet", …: a word for each fault, as the API and the log say it. */
const char *hub_web_pair_fault_name (HubWebPairFault fault);
/* The host of "https://HOST:PORT". Returns: (transfer full) */
char *hub_web_pair_host_of (const char *origin);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HubWebPair, hub_web_pair_free)

G_END_DECLS
