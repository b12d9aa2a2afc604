/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Strings that two places must spell the same. */

#define HUB_API_PREFIX "/api/v1"
#define HUB_PEER_PREFIX "/peer/v1"

#define HUB_WORKER_BUS_NAME "org.karez.Worker1"
#define HUB_WORKER_BUS_PATH "/org/karez/Worker1"
#define HUB_BUS_NAME "org.karez.Hub1"
#define HUB_BUS_PATH "/org/karez/Hub1"
#define HUB_BUS_ERROR_STALE "org.karez.Error.Stale"

/* Below the runtime directory. */
#define HUB_SOCKET_WORKERS "workers.sock"
#define HUB_SOCKET_API "karezd.sock"
#define HUB_DIRECTORY_POSTGRES "postgres"
