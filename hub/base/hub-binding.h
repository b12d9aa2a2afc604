/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-address.h"

G_BEGIN_DECLS

/**
 * HubBinding:
 * Where a UDP socket of a session is bound, and where others are told that it is.
 * @address: with a port, or 0 for one of @low to @high
 * @low, @high: 0 lets the kernel choose
 * @announced: the address that is told instead, with @address' port once it is bound: that of a
 *   NAT in front of this machine. Its length is 0 if there is none.
 */
typedef struct
{
  HubAddress address;
  guint16 low, high;
  HubAddress announced;
} HubBinding;

/**
 * hub_binding_parse:
 * @text: numeric addresses, none a wildcard: "10.0.0.5", "10.0.0.5:40000", "[fd00::5]",
 *   "10.0.0.5:40000-40999", each also with "=203.0.113.7"
 */
gboolean hub_binding_parse (HubBinding *self, const char *text);
/* The text of one. @ports: (nullable): "LOW-HIGH"; @announced: (nullable). Returns: (transfer full)
 */
char *hub_binding_print (const char *host, const char *ports, const char *announced);
/* A port of its own is forgotten; a range stays. */
void hub_binding_forget_port (HubBinding *self);
/* Binds a socket; then @bound is where it is, and @self->announced has its port. FALSE with errno,
 * EADDRINUSE when every port of the range is in use. */
gboolean hub_binding_bind (HubBinding *self, int fd, HubAddress *bound);

G_END_DECLS
