/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-connector.h"
#include "hub-live-session.h"

G_BEGIN_DECLS

#define HUB_TYPE_WORKER_BUS (hub_worker_bus_get_type ())
/**
 * HubWorkerBus:
 * The worker's side of the private bus. It connects to the hub's socket for as long as the worker
 * lives, each 50 ms while there is none, says Hello, and obeys only the newest hub incarnation that
 * it has seen. Records are sent, in order, until the hub has them.
 *
 * Signal "done" (no arguments): the session is over and everything is kept, or the hub refused this
 * worker, or no hub came for a day while nobody was at work: the process must end.
 */
G_DECLARE_FINAL_TYPE (HubWorkerBus, hub_worker_bus, HUB, WORKER_BUS, GObject)

/* @connector: to the hub's Unix socket. @token: what the hub gave at the spawn */
HubWorkerBus *hub_worker_bus_new (HubLiveSession *session, const char *id, HubConnector *connector,
                                  const char *token);
void hub_worker_bus_start (HubWorkerBus *self);

G_END_DECLS
