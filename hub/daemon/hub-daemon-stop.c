/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The hub's end, in steps. */
#include "hub-daemon-stop.h"

#include "hub-log.h"

enum
{
  STEP_ENGINE = KAREZ_STEP_CUSTOM, /* plugins are told, while all is still there */
  STEP_PARTS,                      /* partners, pages and the database hear nothing more */
  STEP_CLUSTER,                    /* a server that nobody else looks after */
  N_STEPS,
};

struct _HubDaemonStop
{
  KarezTransition parent_instance;

  HubDaemonParts parts;
};

G_DEFINE_FINAL_TYPE (HubDaemonStop, hub_daemon_stop, KAREZ_TYPE_TRANSITION)

static guint
hub_daemon_stop_next_step (KarezTransition *transition, guint step, GError **error)
{
  HubDaemonStop *self = HUB_DAEMON_STOP (transition);

  if (step == KAREZ_STEP_NONE)
    return self->parts.engine != NULL ? STEP_ENGINE : KAREZ_STEP_NONE;
  return step + 1 < N_STEPS ? step + 1 : KAREZ_STEP_NONE;
}

static void
hub_daemon_stop_execute_step (KarezTransition *transition, guint step)
{
  HubDaemonParts *parts = &HUB_DAEMON_STOP (transition)->parts;

  switch (step)
    {
    case STEP_ENGINE:
      hub_engine_stop_async (parts->engine, karez_transition_answered,
                             karez_transition_await (transition));
      return;
    case STEP_PARTS:
      if (parts->peers != NULL)
        hub_peers_stop (parts->peers);
      hub_web_stop (parts->web);
      hub_store_close (parts->store);
      break;
    case STEP_CLUSTER:
      if (parts->cluster == NULL || hub_cluster_get_state (parts->cluster) != HUB_CLUSTER_RUNNING)
        break;
      hub_cluster_stop_async (parts->cluster, NULL, karez_transition_answered,
                              karez_transition_await (transition));
      return;
    default:
      break;
    }
  karez_transition_advance (transition);
}

static gboolean
hub_daemon_stop_finish_step (KarezTransition *transition, guint step, GObject *source,
                             GAsyncResult *result, GError **error)
{
  HubDaemonParts *parts = &HUB_DAEMON_STOP (transition)->parts;
  g_autoptr (GError) fault = NULL;

  if (step == STEP_ENGINE)
    hub_engine_stop_finish (parts->engine, result, NULL);
  else if (!hub_cluster_stop_finish (parts->cluster, result, &fault))
    hub_warning ("daemon", NULL, "the database goes on: %s", fault->message);
  return TRUE;
}

KarezTransition *
hub_daemon_stop_new (const HubDaemonParts *parts)
{
  HubDaemonStop *self = g_object_new (HUB_TYPE_DAEMON_STOP, NULL);

  g_set_object (&self->parts.engine, parts->engine);
  g_set_object (&self->parts.peers, parts->peers);
  g_set_object (&self->parts.web, parts->web);
  g_set_object (&self->parts.store, parts->store);
  g_set_object (&self->parts.cluster, parts->cluster);
  return KAREZ_TRANSITION (self);
}

static void
hub_daemon_stop_dispose (GObject *object)
{
  HubDaemonParts *parts = &HUB_DAEMON_STOP (object)->parts;

  g_clear_object (&parts->engine);
  g_clear_object (&parts->peers);
  g_clear_object (&parts->web);
  g_clear_object (&parts->store);
  g_clear_object (&parts->cluster);

  G_OBJECT_CLASS (hub_daemon_stop_parent_class)->dispose (object);
}

static void
hub_daemon_stop_class_init (HubDaemonStopClass *klass)
{
  KAREZ_TRANSITION_CLASS (klass)->next_step = hub_daemon_stop_next_step;
  KAREZ_TRANSITION_CLASS (klass)->execute_step = hub_daemon_stop_execute_step;
  KAREZ_TRANSITION_CLASS (klass)->finish_step = hub_daemon_stop_finish_step;
  G_OBJECT_CLASS (klass)->dispose = hub_daemon_stop_dispose;
}

static void
hub_daemon_stop_init (HubDaemonStop *self)
{
}
