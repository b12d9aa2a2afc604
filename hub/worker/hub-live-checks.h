/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <karez.h>

G_BEGIN_DECLS

#define HUB_TYPE_LIVE_CHECKS (hub_live_checks_get_type ())
/**
 * HubLiveChecks:
 * How a session is: what is reported on this side, what the last preflight measured, and what the
 * other side says. Main thread.
 *
 * Signal: "changed" (gboolean own: it is of this side, so that the other one is to be told).
 */
G_DECLARE_FINAL_TYPE (HubLiveChecks, hub_live_checks, HUB, LIVE_CHECKS, GObject)

HubLiveChecks *hub_live_checks_new (const char *session);

/* Of this side, in the place of the one with the same id; 64 are kept. */
void hub_live_checks_report (HubLiveChecks *self, KarezCheck *check);
/* Of this side. Returns: (transfer none) (nullable) */
KarezCheck *hub_live_checks_find (HubLiveChecks *self, const char *id);
/* All that the other side says. One that cannot be read leaves those before as they are. */
gboolean hub_live_checks_take_partners (HubLiveChecks *self, JsonArray *items, GError **error);
/* What the live half measured. @list: (nullable): of #KarezCheck; NULL: it could not. Returns:
 * (transfer full): it, and all that is known besides */
JsonNode *hub_live_checks_take_preflight (HubLiveChecks *self, GListModel *list);
/* Whether nothing failed at the last preflight. */
gboolean hub_live_checks_is_ready (HubLiveChecks *self);
/* Whether a preflight is to be made, before anybody starts: the first, one that was asked for, one
 * that failed, so that nobody has to ask for what has come right, and each minute. */
gboolean hub_live_checks_is_due (HubLiveChecks *self);
/* Asks for one, which comes within a second or two. */
void hub_live_checks_ask (HubLiveChecks *self);

/* What is wrong at either side, "id: measured". Returns: (transfer full) (nullable): NULL: nothing
 */
char *hub_live_checks_find_failed (HubLiveChecks *self);
/* Each change is on record at both hospitals, and what a partner says may change a thousand times
 * in a second: after ten times lately, a session heals 10 s after it was degraded last. It degrades
 * at once. */
void hub_live_checks_count_degrading (HubLiveChecks *self);
gboolean hub_live_checks_may_heal (HubLiveChecks *self);

/* Both: arrays, by id. @measured: with the last preflight's */
JsonNode *hub_live_checks_tell (HubLiveChecks *self, gboolean measured);
/* @partners: with what the other side says otherwise */
JsonNode *hub_live_checks_show (HubLiveChecks *self, gboolean measured, gboolean partners);

G_END_DECLS
