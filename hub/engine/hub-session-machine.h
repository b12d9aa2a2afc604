/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <karez.h>

G_BEGIN_DECLS

/**
 * HubGuard:
 * @HUB_GUARD_NONE: the state alone decides
 * @HUB_GUARD_CONFIRMED: the booking is confirmed by both hospitals
 * @HUB_GUARD_PREFLIGHT: no check of a fresh preflight failed
 * @HUB_GUARD_FAULT: a check has failed
 * @HUB_GUARD_HEALED: no check is failed any more
 *
 * What must hold besides the state. Whoever walks the edge asks; the table only names it.
 */
typedef enum
{
  HUB_GUARD_NONE,
  HUB_GUARD_CONFIRMED,
  HUB_GUARD_PREFLIGHT,
  HUB_GUARD_FAULT,
  HUB_GUARD_HEALED,
} HubGuard;

/**
 * HubEdge:
 * @from: where it leads from
 * @edge: its name
 * @to: where it leads to
 * @guard: what must hold besides the state
 * @deadline_ms: how long @to may last before its own next edge is taken; 0 for ever
 * @towards_risk: record durably, then act; otherwise act, then record
 * @asked: people may ask for it; the others are the engine's own
 * @action: as it stands in the audit log
 */
typedef struct
{
  KarezState from;
  const char *edge;
  KarezState to;
  HubGuard guard;
  guint deadline_ms;
  gboolean towards_risk;
  gboolean asked;
  const char *action;
} HubEdge;

/* The whole table. Returns: (transfer none) (array length=n) */
const HubEdge *hub_session_machine_edges (guint *n);
/**
 * hub_session_machine_find:
 * The edge @edge out of @from; %KAREZ_ERROR_CONFLICT, rule "session/edge", if there is none: it
 * says which people may ask for now. %KAREZ_ERROR_INVALID, rule "session/edge-name", for a name
 * that is no edge at all. Pure; any thread.
 */
const HubEdge *hub_session_machine_find (KarezState from, const char *edge, GError **error);
/* What the audit log of a mirror calls the step from @from to @to, which it may see as one though
 * the host took several. @said: (nullable): what the host calls it, if it is such a step */
const char *hub_session_machine_action (KarezState from, KarezState to, const char *said);
/* Whether @edge leads away from risk: hold, panic, stop. */
gboolean hub_session_machine_is_away (const char *edge);
/* Whether nothing can come after @state. */
gboolean hub_state_is_over (KarezState state);
/* Whether something may go on in it that a hold ends: STARTING, LIVE, DEGRADED. */
gboolean hub_state_is_on (KarezState state);
/* Whether people are at work in it: a worker that loses its hub now must go on. */
gboolean hub_state_is_live (KarezState state);
/* Whether the edge has nothing left to do: the session ends or is over. A hold of what is held is
 * not done: somebody may be resuming it. */
gboolean hub_session_machine_is_done (KarezState state, const char *edge);

G_END_DECLS
