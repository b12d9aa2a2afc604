/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-runner.h"

G_BEGIN_DECLS

/**
 * HubPhase:
 * How far the live half has been brought. States are the session's; phases are what was called.
 */
typedef enum
{
  HUB_PHASE_NONE,
  HUB_PHASE_PREPARED,
  HUB_PHASE_STARTED,
  HUB_PHASE_HELD,
  HUB_PHASE_STOPPED,
} HubPhase;

#define HUB_TYPE_LIVE_DRIVER (hub_live_driver_get_type ())
/**
 * HubLiveDriver:
 * Brings a live half to the phase that its session's state asks for, one vfunc after another, at
 * the host as at a mirror. A target away from risk cancels a step towards risk that still runs, and
 * panics the live half at once; so does such a step's end, however late. A live half that has never
 * been started is held without a start, and is started when it goes on.
 *
 * Signals: "reached" (HubPhase), "failed" (const char *step, GError *error): the target is then
 * what was reached. A hold or resume that fails panics the live half and counts as HELD; a stop
 * that fails counts as STOPPED.
 */
G_DECLARE_FINAL_TYPE (HubLiveDriver, hub_live_driver, HUB, LIVE_DRIVER, GObject)

/* @session: not kept alive */
HubLiveDriver *hub_live_driver_new (HubRunner *runner, KarezModality *modality,
                                    KarezSession *session);
void hub_live_driver_set_target (HubLiveDriver *self, HubPhase target, const char *reason);
HubPhase hub_live_driver_get_phase (HubLiveDriver *self);

G_END_DECLS
