/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-cluster.h"
#include "hub-engine.h"
#include "hub-peers.h"
#include "hub-store.h"
#include "hub-web.h"

#include <karez.h>

G_BEGIN_DECLS

/* What there is to end of a hub, which may not have come far. Workers go on. */
typedef struct
{
  HubEngine *engine; /* nullable: then there is nothing else of it */
  HubPeers *peers;   /* nullable */
  HubWeb *web;
  HubStore *store;
  HubCluster *cluster; /* nullable; else it is not left behind, if it runs then */
} HubDaemonParts;

#define HUB_TYPE_DAEMON_STOP (hub_daemon_stop_get_type ())
G_DECLARE_FINAL_TYPE (HubDaemonStop, hub_daemon_stop, HUB, DAEMON_STOP, KarezTransition)

/**
 * hub_daemon_stop_new:
 *
 * Keeps the parts until it has run. It does not fail: what cannot be ended is logged.
 */
KarezTransition *hub_daemon_stop_new (const HubDaemonParts *parts);

G_END_DECLS
