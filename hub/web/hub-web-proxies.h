/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * HubWebProxies:
 * The proxies in front of the desk: what they say of where a request came from is believed, so that
 * limits and the audit log see people and not the proxy. Main thread only.
 */
typedef struct _HubWebProxies HubWebProxies;

/* @addresses: (nullable): numeric ones, split by ','; NULL: there are none */
HubWebProxies *hub_web_proxies_new (const char *addresses);
void hub_web_proxies_free (HubWebProxies *self);
gboolean hub_web_proxies_has (HubWebProxies *self, const char *address);
/**
 * hub_web_proxies_find_client:
 * @address: where the connection came from
 * @forwarded: (nullable): X-Forwarded-For: addresses, each added behind the others by who passed
 * the request on
 *
 * Returns: (transfer full): the nearest address that is no proxy of ours; what stands before it is
 *   anybody's word. The nearest proxy where the list says no more, or nothing that can be read.
 */
char *hub_web_proxies_find_client (HubWebProxies *self, const char *address, const char *forwarded);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HubWebProxies, hub_web_proxies_free)

G_END_DECLS
