/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <sys/socket.h>

G_BEGIN_DECLS

/* An IPv4 or IPv6 address with a port. */
typedef struct
{
  struct sockaddr_storage storage;
  socklen_t length;
} HubAddress;

gboolean hub_address_equal (const HubAddress *a, const HubAddress *b);
/* For a table whose keys are addresses, with hub_address_equal(). */
guint hub_address_hash (const HubAddress *self);
/* "10.0.0.5:4000", "[fd00::5]:4000". Returns: (transfer full) */
char *hub_address_print (const HubAddress *self);
/* Host and port apart: "fd00::5" and 5060. Returns: (transfer full) */
char *hub_address_split (const HubAddress *self, guint16 *port);
/* Reads a numeric address. @with_port: whether the port must be there; else it may be, and 0 lets
 * the kernel choose. FALSE for a name, a wildcard, a multicast address or anything else. */
gboolean hub_address_parse (HubAddress *self, const char *text, gboolean with_port);

/**
 * hub_address_host:
 * @text: what a proxy or the kernel says of where somebody is: "192.0.2.1", "192.0.2.1:4711",
 *   "2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:4711"
 *
 * Returns: (transfer full) (nullable): the address alone, in the form of RFC 5952, an IPv4-mapped
 *   one as IPv4; NULL for a name, "unknown", or anything else
 */
char *hub_address_host (const char *text);
/**
 * hub_address_customer:
 * @host: of hub_address_host(), or NULL
 *
 * What limits count by: a provider gives one customer one IPv4 address, and at least 2⁶⁴ IPv6
 * addresses (RFC 6177).
 *
 * Returns: (transfer full) (nullable): "192.0.2.1", "2001:db8:0:1::/64"
 */
char *hub_address_customer (const char *host);

G_END_DECLS
