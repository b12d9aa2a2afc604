/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The states of a session and the edges between them, as a table. */
#include "hub-session-machine.h"

#include "hub-catalogue.h"

#define PREPARE_MS 10000
#define START_MS 5000
#define STOP_MS 10000

#define PLANNED KAREZ_STATE_PLANNED
#define PREPARING KAREZ_STATE_PREPARING
#define READY KAREZ_STATE_READY
#define STARTING KAREZ_STATE_STARTING
#define LIVE KAREZ_STATE_LIVE
#define DEGRADED KAREZ_STATE_DEGRADED
#define HELD KAREZ_STATE_HELD
#define STOPPING KAREZ_STATE_STOPPING
#define ENDED KAREZ_STATE_ENDED
#define FAILED KAREZ_STATE_FAILED

#define NONE HUB_GUARD_NONE
#define CONFIRMED HUB_GUARD_CONFIRMED
#define PREFLIGHT HUB_GUARD_PREFLIGHT
#define FAULT HUB_GUARD_FAULT
#define HEALED HUB_GUARD_HEALED

/* clang-format off */
static const HubEdge edges[] = {
  /* from       edge       to         guard      deadline     risk   asked  action */
  { PLANNED,   "prepare",  PREPARING, CONFIRMED, PREPARE_MS,  TRUE,  TRUE,  "session.prepare" },
  { PREPARING, "ready",    READY,     NONE,      0,           FALSE, FALSE, "session.ready" },
  { READY,     "start",    STARTING,  PREFLIGHT, START_MS,    TRUE,  TRUE,  "session.start" },
  { STARTING,  "live",     LIVE,      NONE,      0,           FALSE, FALSE, "session.live" },
  { LIVE,      "degrade",  DEGRADED,  FAULT,     0,           FALSE, FALSE, "session.degrade" },
  { DEGRADED,  "heal",     LIVE,      HEALED,    0,           FALSE, FALSE, "session.heal" },

  { LIVE,      "hold",     HELD,      NONE,      0,           FALSE, TRUE,  "session.hold" },
  { DEGRADED,  "hold",     HELD,      NONE,      0,           FALSE, TRUE,  "session.hold" },
  { HELD,      "resume",   LIVE,      NONE,      0,           TRUE,  TRUE,  "session.resume" },
  /* What has not begun cannot be held, but a start that is on its way is overtaken: the state has
   * another number. A hold of what is held overtakes a resume. */
  { PREPARING, "hold",     PREPARING, NONE,      PREPARE_MS,  FALSE, TRUE,  "session.hold" },
  { READY,     "hold",     READY,     NONE,      0,           FALSE, TRUE,  "session.hold" },
  { STARTING,  "hold",     HELD,      NONE,      0,           FALSE, TRUE,  "session.hold" },
  { HELD,      "hold",     HELD,      NONE,      0,           FALSE, TRUE,  "session.hold" },
  /* As a hold, and the live half is brought to its safe state before it is asked to hold. */
  { PREPARING, "panic",    PREPARING, NONE,      PREPARE_MS,  FALSE, TRUE,  "session.panic" },
  { READY,     "panic",    READY,     NONE,      0,           FALSE, TRUE,  "session.panic" },
  { STARTING,  "panic",    HELD,      NONE,      0,           FALSE, TRUE,  "session.panic" },
  { LIVE,      "panic",    HELD,      NONE,      0,           FALSE, TRUE,  "session.panic" },
  { DEGRADED,  "panic",    HELD,      NONE,      0,           FALSE, TRUE,  "session.panic" },
  { HELD,      "panic",    HELD,      NONE,      0,           FALSE, TRUE,  "session.panic" },

  { PREPARING, "fail",     FAILED,    NONE,      0,           FALSE, FALSE, "session.fail" },
  { READY,     "fail",     FAILED,    NONE,      0,           FALSE, FALSE, "session.fail" },
  { STARTING,  "fail",     FAILED,    NONE,      0,           FALSE, FALSE, "session.fail" },

  { PLANNED,   "stop",     STOPPING,  NONE,      STOP_MS,     FALSE, TRUE,  "session.stop" },
  { PREPARING, "stop",     STOPPING,  NONE,      STOP_MS,     FALSE, TRUE,  "session.stop" },
  { READY,     "stop",     STOPPING,  NONE,      STOP_MS,     FALSE, TRUE,  "session.stop" },
  { STARTING,  "stop",     STOPPING,  NONE,      STOP_MS,     FALSE, TRUE,  "session.stop" },
  { LIVE,      "stop",     STOPPING,  NONE,      STOP_MS,     FALSE, TRUE,  "session.stop" },
  { DEGRADED,  "stop",     STOPPING,  NONE,      STOP_MS,     FALSE, TRUE,  "session.stop" },
  { HELD,      "stop",     STOPPING,  NONE,      STOP_MS,     FALSE, TRUE,  "session.stop" },
  { STOPPING,  "end",      ENDED,     NONE,      0,           FALSE, FALSE, "session.end" },

  /* The worker died and another took its place. What had not begun begins anew; what was live is
   * degraded until the link is back; what was held stays held. */
  { PREPARING, "restart",  PREPARING, NONE,      PREPARE_MS,  FALSE, FALSE, "session.restart" },
  { READY,     "restart",  PREPARING, NONE,      PREPARE_MS,  FALSE, FALSE, "session.restart" },
  { STARTING,  "restart",  PREPARING, NONE,      PREPARE_MS,  FALSE, FALSE, "session.restart" },
  { LIVE,      "restart",  DEGRADED,  NONE,      0,           FALSE, FALSE, "session.restart" },
  { DEGRADED,  "restart",  DEGRADED,  NONE,      0,           FALSE, FALSE, "session.restart" },
  { HELD,      "restart",  HELD,      NONE,      0,           FALSE, FALSE, "session.restart" },
  { STOPPING,  "restart",  STOPPING,  NONE,      STOP_MS,     FALSE, FALSE, "session.restart" },
};
/* clang-format on */

const HubEdge *
hub_session_machine_edges (guint *n)
{
  *n = G_N_ELEMENTS (edges);
  return edges;
}

static char *
list_askable (KarezState from)
{
  g_autoptr (GString) list = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (edges); i++)
    if (edges[i].from == from && edges[i].asked)
      g_string_append_printf (list, "%s%s", list->len ? ", " : "", edges[i].edge);
  return g_string_free (g_steal_pointer (&list), FALSE);
}

const HubEdge *
hub_session_machine_find (KarezState from, const char *edge, GError **error)
{
  gboolean known = FALSE;
  g_autofree char *askable = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (edges); i++)
    {
      gboolean named = g_strcmp0 (edges[i].edge, edge) == 0;

      if (named && edges[i].from == from)
        return &edges[i];
      known = known || named;
    }
  if (!known)
    {
      karez_error_set (error, KAREZ_ERROR_INVALID, "session/edge-name",
                       N_ ("prepare, start, hold, panic, resume or stop"),
                       N_ ("A session knows no step “%s”."), edge != NULL ? edge : "");
      return NULL;
    }
  askable = list_askable (from);
  if (*askable)
    karez_error_set (error, KAREZ_ERROR_CONFLICT, "session/edge", NULL,
                     N_ ("The session is %s, so the step “%s” is not possible. Possible now: %s."),
                     karez_state_name (from), edge, askable);
  else
    karez_error_set (error, KAREZ_ERROR_CONFLICT, "session/edge", NULL,
                     N_ ("The session is %s, so the step “%s” is not possible. Nothing is."),
                     karez_state_name (from), edge);
  return NULL;
}

const char *
hub_session_machine_action (KarezState from, KarezState to, const char *said)
{
  const char *into = "session.state", *found = NULL;

  for (guint i = G_N_ELEMENTS (edges); i-- > 0;)
    {
      if (edges[i].to != to)
        continue;
      into = edges[i].action;
      if (edges[i].from != from)
        continue;
      if (g_strcmp0 (edges[i].action, said) == 0)
        return edges[i].action;
      found = edges[i].action;
    }
  return found != NULL ? found : into;
}

gboolean
hub_session_machine_is_away (const char *edge)
{
  return g_strcmp0 (edge, "hold") == 0 || g_strcmp0 (edge, "panic") == 0
         || g_strcmp0 (edge, "stop") == 0;
}

gboolean
hub_state_is_over (KarezState state)
{
  return state == ENDED || state == FAILED;
}

gboolean
hub_state_is_on (KarezState state)
{
  return state == STARTING || state == LIVE || state == DEGRADED;
}

gboolean
hub_state_is_live (KarezState state)
{
  return hub_state_is_on (state) || state == HELD || state == STOPPING;
}

gboolean
hub_session_machine_is_done (KarezState state, const char *edge)
{
  return hub_session_machine_is_away (edge) && (state == STOPPING || hub_state_is_over (state));
}
