/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-bus.h"
#include "hub-worker-bus.h"

G_BEGIN_DECLS

#define HUB_WORKER_MAX_MESSAGE (64 * 1024)

struct _HubWorkerBus
{
  GObject parent_instance;

  HubLiveSession *session;
  HubConnector *connector;
  char *id, *token;
  GDBusConnection *connection;
  HubBusWorker1 *skeleton;
  guint64 incarnation; /* the newest seen */
  gboolean welcome;    /* Hello was answered on this connection */
  gboolean connecting;
  gboolean warned; /* that it cannot connect */
  gint64 heard_at;
  guint64 sent;      /* the last record sent on this connection */
  guint64 forgotten; /* the last that the hub has */
  guint tick_source, second_source;
  gboolean ended;
};

/* Records that the hub does not have yet, a bounded number at once. */
void hub_worker_bus_send_records (HubWorkerBus *self);
/* The worker ends once its session is over and the hub has all of it. */
void hub_worker_bus_end_if_over (HubWorkerBus *self);

/* hub-worker-calls.c: answers what the hub asks from now on. */
void hub_worker_bus_take_calls (HubWorkerBus *self);

G_END_DECLS
