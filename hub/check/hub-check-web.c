/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether what [Web] says of TLS is there and goes together. */
#include "hub-check.h"

#include "hub-web-pair.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <string.h>
#include <unistd.h>

/* What each fault is to an administrator; the key that it is about, and what would be right. */
typedef struct
{
  HubConfigFault fault;
  const char *key, *message, *accepted;
} Said;

#define NEEDS_CERTIFICATE                                                                          \
  N_ ("a PEM file: the certificate of the hub, then those that lead to its authority")
#define NEEDS_KEY N_ ("a PEM file with the key of the certificate, without a password")
#define NEEDS_READABLE N_ ("a PEM file that the hub's user can read")
#define NEEDS_RENEWAL                                                                              \
  N_ ("one that browsers trust; the hub works with this one, and browsers warn of it")

static const Said said[] = {
  [HUB_WEB_PAIR_EXPIRED] = { HUB_CONFIG_FAULT_REMARK, "Certificate",
                             N_ ("the certificate has expired: %s"), NEEDS_RENEWAL },
  [HUB_WEB_PAIR_EARLY] = { HUB_CONFIG_FAULT_REMARK, "Certificate",
                           N_ ("the certificate is not valid yet: %s"), NEEDS_RENEWAL },
  [HUB_WEB_PAIR_OTHER_NAME] = { HUB_CONFIG_FAULT_REMARK, "Certificate",
                                N_ ("the certificate is not for the host of [Web] Origin: %s"),
                                NEEDS_RENEWAL },
  [HUB_WEB_PAIR_OTHER_KEY] = { HUB_CONFIG_FAULT_VALUE, "Key",
                               N_ ("it is not the key of [Web] Certificate: %s"), NEEDS_KEY },
  [HUB_WEB_PAIR_NOT_KEY] = { HUB_CONFIG_FAULT_VALUE, "Key",
                             N_ ("it is no key in PEM, or needs a password: %s"), NEEDS_KEY },
  [HUB_WEB_PAIR_NOT_CERTIFICATE] = { HUB_CONFIG_FAULT_VALUE, "Certificate",
                                     N_ ("it is no certificate in PEM: %s"), NEEDS_CERTIFICATE },
  [HUB_WEB_PAIR_NO_KEY] = { HUB_CONFIG_FAULT_AWAY, "Key", N_ ("the file cannot be read: %s"),
                            NEEDS_READABLE },
  [HUB_WEB_PAIR_NO_CERTIFICATE] = { HUB_CONFIG_FAULT_AWAY, "Certificate",
                                    N_ ("the file cannot be read: %s"), NEEDS_READABLE },
};

static void
check_pair (HubConfig *config, const HubCheck *check, const char *origin)
{
  g_autofree char *host = hub_web_pair_host_of (origin);
  g_autoptr (HubWebPair) pair = hub_web_pair_load (hub_config_text (config, "Web", "Certificate"),
                                                   hub_config_text (config, "Web", "Key"), host);
  const Said *one = &said[pair->fault];

  if (pair->fault == HUB_WEB_PAIR_GOOD)
    return;
  /* Somebody who asks karezctl may be allowed less than the hub. */
  if (pair->code == EACCES && !check->own && geteuid () != 0)
    return;
  hub_config_find (config, one->fault, "Web", one->key, one->message,
                   hub_config_text (config, "Web", one->key), one->accepted, NULL);
}

/* What is only for HTTPS: a browser that is led from HTTP to HTTP goes round in circles. */
static void
check_https_only (HubConfig *config, const char *origin, const char *key)
{
  if (origin != NULL && g_str_has_prefix (origin, "http:")
      && !hub_config_is_found (config, "Web", key))
    hub_config_find (config, HUB_CONFIG_FAULT_VALUE, "Web", key, N_ ("[Web] Origin is no HTTPS"),
                     NULL, N_ ("an Origin of https://"), NULL);
}

/* HTTPS beside HTTP: there is HTTP, and a certificate. */
static void
check_secure_port (HubConfig *config, const char *origin)
{
  if (hub_config_is_found (config, "Web", "SecurePort"))
    return;
  if (origin != NULL && g_str_has_prefix (origin, "https:"))
    hub_config_find (config, HUB_CONFIG_FAULT_VALUE, "Web", "SecurePort",
                     N_ ("[Web] Origin is HTTPS already"), NULL, N_ ("an Origin of http://"), NULL);
  else if (hub_config_text (config, "Web", "Authority") == NULL
           && hub_config_text (config, "Web", "Certificate") == NULL)
    hub_config_find (config, HUB_CONFIG_FAULT_VALUE, "Web", "SecurePort",
                     N_ ("HTTPS needs a certificate"), NULL,
                     N_ ("Authority=own, or Certificate and Key"), NULL);
}

void
hub_check_web (HubConfig *config, const HubCheck *check)
{
  gboolean secure = hub_config_text (config, "Web", "SecurePort") != NULL;
  const char *certificate = hub_config_text (config, "Web", "Certificate");
  const char *key = hub_config_text (config, "Web", "Key");
  const char *origin = hub_config_text (config, "Web", "Origin");

  if (hub_config_text (config, "Web", "Authority") != NULL)
    {
      if (!secure)
        check_https_only (config, origin, "Authority");
      if (certificate != NULL || key != NULL)
        hub_config_find (config, HUB_CONFIG_FAULT_VALUE, "Web", "Authority",
                         N_ ("there is a certificate already"), NULL,
                         N_ ("either Authority, or Certificate and Key"), NULL);
    }
  if (secure)
    check_secure_port (config, origin);
  if (hub_config_text (config, "Web", "RedirectPort") != NULL)
    check_https_only (config, origin, "RedirectPort");
  if (hub_config_seconds (config, "Web", "StrictTransportSecurity") > 0)
    check_https_only (config, origin, "StrictTransportSecurity");
  if (hub_config_is_found (config, "Web", "Certificate")
      || hub_config_is_found (config, "Web", "Key") || (certificate == NULL && key == NULL))
    return;
  if (key == NULL)
    hub_config_find (config, HUB_CONFIG_FAULT_VALUE, "Web", "Certificate",
                     N_ ("a certificate without its key"), NULL,
                     N_ ("[Web] Key beside it: the file of its key"), NULL);
  else if (certificate == NULL)
    hub_config_find (config, HUB_CONFIG_FAULT_VALUE, "Web", "Key",
                     N_ ("a key without a certificate"), NULL,
                     N_ ("[Web] Certificate beside it: the file of its certificate"), NULL);
  else if (!secure && origin != NULL && g_str_has_prefix (origin, "http:"))
    hub_config_find (config, HUB_CONFIG_FAULT_VALUE, "Web", "Origin",
                     N_ ("with [Web] Certificate the hub speaks HTTPS alone"), NULL, "https://%s",
                     strstr (origin, "://") + 3);
  else if (origin != NULL && !hub_config_is_found (config, "Web", "Origin"))
    check_pair (config, check, origin);
}
