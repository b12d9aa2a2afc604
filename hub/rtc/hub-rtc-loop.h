/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-rtc-room.h"

G_BEGIN_DECLS

#define HUB_RTC_MAX_SOCKETS 4u

/**
 * HubRtcLoop:
 * The media thread of a process: its sockets, its clock and its room. One session is one process,
 * so one thread carries it; nothing on it ever waits for the main thread.
 */
typedef struct _HubRtcLoop HubRtcLoop;

/* @event: (transfer full). Called in the main context that the loop was made in. */
typedef void (*HubRtcEventFunc) (HubRtcEvent *event, gpointer data);

/**
 * hub_rtc_loop_new:
 * @identity: (transfer none): must outlive it
 * @addresses: numeric addresses of this machine, split by commas, with or without a port:
 *   "10.0.0.5:40000,[fd00::5]". Without, the kernel chooses one. With ":LOW-HIGH", it is one of
 *   those; with "=203.0.113.7", pages are told that address besides, and first (hub-binding.h).
 *
 * Starts the thread. NULL with %KAREZ_ERROR_INVALID ("rtc/addresses") or %KAREZ_ERROR_UNAVAILABLE
 * ("rtc/bind", "rtc/thread").
 */
HubRtcLoop *hub_rtc_loop_new (const HubDtlsIdentity *identity, const char *addresses,
                              HubRtcEventFunc event, gpointer data, GError **error);
/* Ends the thread and everything on it; nothing is told any more. */
void hub_rtc_loop_free (HubRtcLoop *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HubRtcLoop, hub_rtc_loop_free)

/* @command: (transfer full). Done in the order of the calls. */
void hub_rtc_loop_run (HubRtcLoop *self, HubRtcCommand *command);
/* Where pages reach us. Returns: (transfer none) (array length=n) */
const HubAddress *hub_rtc_loop_get_addresses (const HubRtcLoop *self, guint *n);
G_END_DECLS
