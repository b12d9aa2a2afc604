/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-runner.h"

G_BEGIN_DECLS

#define HUB_TYPE_SCOPED_PEERS (hub_scoped_peers_get_type ())
/* One plugin's view of the paired hubs: only topics and feeds below its prefix, and only while it
 * is enabled. */
G_DECLARE_FINAL_TYPE (HubScopedPeers, hub_scoped_peers, HUB, SCOPED_PEERS, GObject)

HubScopedPeers *hub_scoped_peers_new (KarezPeers *peers, HubRunner *runner, const char *prefix);
void hub_scoped_peers_set_open (HubScopedPeers *self, gboolean open);

G_END_DECLS
