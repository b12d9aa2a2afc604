/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "engine-fixture.h"
#include "hub-supervisor.h"

G_BEGIN_DECLS

/* Supervisor and worker, as two programs; the link is not connected. */
typedef struct
{
  char *id, *hub, *partner, *state_dir;
  const char *const *programs; /* of the live half; NULL for none */
  HubSupervisor *supervisor;
  HubWorkerProxy *worker;
  JsonNode *snapshot;
  char *hash;
  guint arrived, adopted, died;
  char *reason;
  GPtrArray *records; /* JsonNode */
  GArray *numbers;
  JsonNode *sent;
  GPtrArray *all_sent; /* JsonNode */
  gboolean acknowledge;
} WorkerFixture;

void worker_set_up (WorkerFixture *f, gconstpointer data);
void worker_tear_down (WorkerFixture *f, gconstpointer data);
void worker_start_hub (WorkerFixture *f, guint64 incarnation);
void worker_end_hub (WorkerFixture *f);
/* Starts one, with a new token. */
void worker_spawn (WorkerFixture *f);

/* What the hub asks; FALSE with @error set where the worker refuses it. */
gboolean worker_prepare (WorkerFixture *f, const char *reason, guint generation, GError **error);
gboolean worker_join (WorkerFixture *f, const char *participant, GError **error);
gboolean worker_say_body (WorkerFixture *f, const char *participant, JsonNode *body,
                          GError **error);
gboolean worker_say (WorkerFixture *f, const char *participant, const char *type, GError **error);
gboolean worker_move (WorkerFixture *f, const char *edge, GError **error);

/* The session's state, and the action of a record, as the worker told them. */
const char *worker_state_of (WorkerFixture *f);
const char *worker_action_of (WorkerFixture *f, guint n);

/* Checks for turn_until(), of a fixture. */
gboolean worker_has_worker (gpointer data);
gboolean worker_has_died (gpointer data);
gboolean worker_has_sent (gpointer data);
/* One with a count of 7. */
gboolean worker_has_checkpoint (gpointer data);
gboolean worker_is_over (gpointer data);

G_END_DECLS
