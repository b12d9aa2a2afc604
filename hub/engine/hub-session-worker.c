/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A session's worker: prepared, taken over, mourned, and what waits for it. */
#include "hub-session-worker.h"

#include "hub-catalogue.h"
#include "hub-clock.h"
#include "hub-log.h"
#include "hub-string.h"

#define RESTART_MS 100
/* How long a new hub waits for the workers of the one before. */
#define RETURN_MS 3000
#define LOOK_US G_USEC_PER_SEC

struct _HubSessionWorker
{
  GObject parent_instance;

  HubSessionServices *services;
  HubSessionInfo *info;
  HubWorkerState state;
  guint32 generation;
  char *token;           /* its hash */
  char *plugin, *module; /* of the live half */
  GStrv programs;        /* that it may start */
  JsonNode *takers;      /* who of the other hospital may take which role */
  gboolean media;        /* whether it may have #KarezMedia */
  gboolean beginning;    /* its generation and token are being recorded */
  JsonNode *checks, *link, *people;
  gboolean looking;    /* somebody asked for a look at the checks */
  gint64 looked_at;    /* when the last one ended; 0: there was none */
  JsonNode *word;      /* away from risk, as Prepare has it; NULL: none */
  gboolean word_given; /* the worker that is being prepared has it */
  GPtrArray *waiting;  /* GTask */
  guint source;        /* of the return, or of the restart */
};

G_DEFINE_FINAL_TYPE (HubSessionWorker, hub_session_worker, G_TYPE_OBJECT)

enum
{
  CHANGED,
  CONNECTED,
  RUNNING,
  LOST,
  RESTART,
  FINISHED,
  FAILED,
  NEWS,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

const char *
hub_worker_state_name (HubWorkerState state)
{
  static const char *const names[] = { "none", "starting", "running", "restarting", "failed" };

  return names[state];
}

static const char *
id_of (HubSessionWorker *self)
{
  return hub_session_info_get_id (self->info);
}

static void
set_state (HubSessionWorker *self, HubWorkerState state)
{
  self->state = state;
  g_signal_emit (self, signals[CHANGED], 0);
}

static void
set_node (JsonNode **place, JsonNode *node)
{
  g_clear_pointer (place, json_node_unref);
  *place = node;
}

HubWorkerState
hub_session_worker_get_state (HubSessionWorker *self)
{
  return self->state;
}

guint32
hub_session_worker_get_generation (HubSessionWorker *self)
{
  return self->generation;
}

HubWorkerProxy *
hub_session_worker_get_proxy (HubSessionWorker *self)
{
  return hub_supervisor_get_worker (self->services->supervisor, id_of (self));
}

HubWorkerProxy *
hub_session_worker_get_running (HubSessionWorker *self, GError **error)
{
  HubWorkerProxy *proxy = hub_session_worker_get_proxy (self);

  if (proxy != NULL && self->state == HUB_WORKER_RUNNING)
    return proxy;
  karez_error_set (error, KAREZ_ERROR_UNAVAILABLE, "worker/away", NULL,
                   N_ ("The session's worker is not there now."));
  return NULL;
}

JsonNode *
hub_session_worker_get_checks (HubSessionWorker *self)
{
  return self->checks;
}

JsonNode *
hub_session_worker_get_link (HubSessionWorker *self)
{
  return self->link;
}

JsonNode *
hub_session_worker_get_people (HubSessionWorker *self)
{
  return self->people;
}

void
hub_session_worker_set_checks (HubSessionWorker *self, JsonNode *checks)
{
  set_node (&self->checks, json_node_ref (checks));
}

gboolean
hub_session_worker_is_looked_at (HubSessionWorker *self)
{
  return !self->looking && self->looked_at != 0 && self->checks != NULL
         && hub_clock_monotonic () - self->looked_at < LOOK_US;
}

gboolean
hub_session_worker_begin_look (HubSessionWorker *self, GError **error)
{
  if (self->looking)
    return karez_error_set (error, KAREZ_ERROR_BUSY, "session/checking", NULL,
                            N_ ("The session’s checks are being looked at already."));
  self->looking = TRUE;
  return TRUE;
}

void
hub_session_worker_end_look (HubSessionWorker *self, JsonNode *checks)
{
  self->looking = FALSE;
  if (checks == NULL)
    return;
  self->looked_at = hub_clock_monotonic ();
  hub_session_worker_set_checks (self, checks);
  g_signal_emit (self, signals[NEWS], 0);
}

/* Waiting. */

void
hub_session_worker_wait_async (HubSessionWorker *self, GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (self, NULL, callback, data);

  g_task_set_source_tag (task, hub_session_worker_wait_async);
  g_ptr_array_add (self->waiting, task);
}

gboolean
hub_session_worker_wait_finish (HubSessionWorker *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, hub_session_worker_wait_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
answer_waiting (HubSessionWorker *self)
{
  g_autoptr (GPtrArray) waiting = g_steal_pointer (&self->waiting);

  self->waiting = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < waiting->len; i++)
    if (hub_session_services_have_ended (self->services))
      g_task_return_new_error (waiting->pdata[i], G_IO_ERROR, G_IO_ERROR_CANCELLED, "the hub ends");
    else
      g_task_return_boolean (waiting->pdata[i], self->word_given);
}

gboolean
hub_session_worker_may_keep (HubSessionWorker *self)
{
  gboolean beginning = hub_session_info_get_state (self->info) == KAREZ_STATE_PLANNED
                       && self->generation > 0;

  return (self->state == HUB_WORKER_STARTING || self->state == HUB_WORKER_RESTARTING || beginning)
         && hub_session_worker_get_proxy (self) == NULL;
}

const char *
hub_session_worker_get_word (HubSessionWorker *self)
{
  return self->word != NULL ? karez_json_text (json_node_get_object (self->word), "edge") : NULL;
}

void
hub_session_worker_keep_word (HubSessionWorker *self, const char *edge, const char *reason,
                              KarezActor *actor)
{
  /* Nothing takes a stop back. */
  if (g_strcmp0 (hub_session_worker_get_word (self), "stop") != 0)
    set_node (&self->word, karez_json_object ("edge", "s", edge, "reason", "s", reason, "actor",
                                              "n", karez_actor_to_json (actor), NULL));
}

void
hub_session_worker_drop_word (HubSessionWorker *self)
{
  g_clear_pointer (&self->word, json_node_unref);
}

/* Starting. */

static void
set_programs (HubSessionWorker *self, GPtrArray *programs)
{
  g_autoptr (GStrvBuilder) words = g_strv_builder_new ();

  for (guint i = 0; i < programs->len; i++)
    {
      g_autofree char *word = hub_plugin_program_to_word (g_ptr_array_index (programs, i));

      g_strv_builder_add (words, word);
    }
  g_strfreev (self->programs);
  self->programs = g_strv_builder_end (words);
}

gboolean
hub_session_worker_choose (HubSessionWorker *self, GError **error)
{
  HubPlugin *plugin = NULL;
  HubPluginFile *file = NULL;

  /* Another token now would not be the one that the next hub knows. */
  if (self->beginning)
    return karez_error_set (error, KAREZ_ERROR_CONFLICT, "session/edge", NULL,
                            N_ ("The session was prepared already."));
  plugin = hub_session_services_find_plugin (self->services,
                                             hub_session_info_get_modality (self->info), error);
  if (plugin == NULL)
    return FALSE;
  file = hub_plugin_get_file (plugin);
  hub_set_string (&self->plugin, hub_plugin_get_id (plugin));
  hub_set_string (&self->module, hub_plugin_file_get_live (file));
  set_node (&self->takers, json_node_ref (hub_session_info_is_hosted (self->info)
                                              ? hub_plugin_file_get_modality (file)->mirror_takers
                                              : hub_plugin_file_get_modality (file)->host_takers));
  self->media = hub_plugin_file_is_granted (file, "media");
  set_programs (self, hub_plugin_file_get_programs (file));
  return TRUE;
}

void
hub_session_worker_renew (HubSessionWorker *self)
{
  g_free (self->token);
  self->token = hub_supervisor_make_token (self->services->supervisor, id_of (self));
  self->generation++;
  self->beginning = TRUE;
}

void
hub_session_worker_put (HubSessionWorker *self, KarezTransaction *transaction)
{
  const char *id = id_of (self);
  g_autofree char *booking = NULL;

  karez_transaction_about (transaction, id, NULL);
  if (hub_session_info_get_state (self->info) != KAREZ_STATE_PLANNED)
    {
      karez_transaction_run (transaction, "session_worker", "(sis)", id, (gint32) self->generation,
                             self->token);
      karez_transaction_event (
          transaction, "session.worker-start", "session", id,
          karez_json_object ("generation", "i", (gint64) self->generation, NULL));
      return;
    }
  booking = karez_json_print (hub_session_info_get_booking (self->info));
  karez_transaction_run_one (transaction, "session/edge", N_ ("The session was prepared already."),
                             "session_prepare", "(ssxis)", id, booking,
                             (gint64) hub_session_info_get_sequence (self->info) + 1,
                             (gint32) self->generation, self->token);
  karez_transaction_event (transaction, "session.prepare", "session", id, NULL);
}

void
hub_session_worker_take_back (HubSessionWorker *self)
{
  self->generation--;
  self->beginning = FALSE;
}

gboolean
hub_session_worker_spawn (HubSessionWorker *self, GError **error)
{
  self->beginning = FALSE;
  set_state (self, HUB_WORKER_STARTING);
  return hub_supervisor_spawn (self->services->supervisor, id_of (self), self->plugin, self->module,
                               (const char *const *) self->programs, self->media, error);
}

void
hub_session_worker_announce (HubSessionWorker *self)
{
  self->state = HUB_WORKER_STARTING;
}

void
hub_session_worker_give_up (HubSessionWorker *self, HubWorkerState state)
{
  set_state (self, state);
  answer_waiting (self);
}

/* Arrival. */

static void
start_running (HubSessionWorker *self)
{
  set_state (self, HUB_WORKER_RUNNING);
  g_signal_emit (self, signals[RUNNING], 0);
  answer_waiting (self);
  hub_session_worker_drop_word (self);
  self->word_given = FALSE;
}

static void
on_prepared (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (HubSessionWorker) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) answer = hub_worker_proxy_finish (HUB_WORKER_PROXY (source), result, &error);

  /* It died meanwhile, and its end was seen before its answer: the next one is under way. */
  if (hub_session_info_is_closed (self->info)
      || G_OBJECT (hub_session_worker_get_proxy (self)) != source)
    return;
  if (answer != NULL)
    {
      start_running (self);
      return;
    }
  hub_warning ("sessions", id_of (self), "The live half could not be prepared: %s", error->message);
  /* The worker says itself what became of the session; those that wait hear it. */
  hub_session_worker_give_up (self, HUB_WORKER_FAILED);
}

static void
prepare (HubSessionWorker *self, HubWorkerProxy *proxy)
{
  HubSessionInfo *info = self->info;
  g_autoptr (JsonNode) node = karez_json_object (
      "id", "s", id_of (self), "booking", "n", json_node_ref (hub_session_info_get_booking (info)),
      "modality", "s", hub_session_info_get_modality (info), "hub", "s", self->services->hub,
      "partner", "s", hub_session_info_get_partner (info), "host", "b",
      hub_session_info_is_hosted (info), "generation", "i", (gint64) self->generation, "restored",
      "b", (gboolean) (self->generation > 1), "state", "s",
      karez_state_name (hub_session_info_get_state (info)), "sequence", "i",
      (gint64) hub_session_info_get_sequence (info), "roles", "n",
      self->takers != NULL ? json_node_ref (self->takers) : NULL, "away", "n",
      self->word != NULL ? json_node_ref (self->word) : NULL, NULL);

  self->state = HUB_WORKER_STARTING;
  self->word_given = self->word != NULL;
  hub_worker_proxy_prepare_async (proxy, node, NULL, on_prepared, g_object_ref (self));
}

/* What people are shown of them, but for figures. Returns: (transfer full) */
static char *
verdicts_of (JsonNode *checks)
{
  JsonArray *array = checks != NULL && JSON_NODE_HOLDS_ARRAY (checks) ? json_node_get_array (checks)
                                                                      : NULL;
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; array != NULL && i < json_array_get_length (array); i++)
    {
      JsonNode *one = json_array_get_element (array, i);

      if (JSON_NODE_HOLDS_OBJECT (one))
        g_string_append_printf (text, "%s %s\n", karez_json_text (json_node_get_object (one), "id"),
                                karez_json_text (json_node_get_object (one), "verdict"));
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

/* As it is now, whoever is in: a check that came right must not keep anybody from starting. */
static void
take_checks (HubSessionWorker *self, JsonObject *snapshot)
{
  g_autofree char *before = verdicts_of (self->checks);
  g_autofree char *now = NULL;

  set_node (&self->checks, json_object_dup_member (snapshot, "checks"));
  now = verdicts_of (self->checks);
  if (!g_str_equal (before, now))
    g_signal_emit (self, signals[NEWS], 0);
}

static void
take_snapshot (HubSessionWorker *self, JsonNode *node)
{
  JsonObject *snapshot = JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;

  if (snapshot == NULL || hub_session_info_is_closed (self->info))
    return;
  set_node (&self->link, json_object_dup_member (snapshot, "link"));
  set_node (&self->people, json_object_dup_member (snapshot, "participants"));
  take_checks (self, snapshot);
  hub_session_info_take (self->info, node);
}

void
hub_session_worker_arrived (HubSessionWorker *self, HubWorkerProxy *proxy, JsonNode *snapshot)
{
  JsonObject *object = JSON_NODE_HOLDS_OBJECT (snapshot) ? json_node_get_object (snapshot) : NULL;

  if (object == NULL)
    return;
  g_clear_handle_id (&self->source, g_source_remove);
  g_signal_connect_object (proxy, "snapshot", G_CALLBACK (take_snapshot), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (proxy, "state-changed", G_CALLBACK (hub_session_info_take), self->info,
                           G_CONNECT_SWAPPED);
  g_signal_emit (self, signals[CONNECTED], 0, proxy);
  if (!karez_json_boolean (object, "prepared"))
    {
      prepare (self, proxy);
      return;
    }
  hub_notice ("sessions", id_of (self), "The worker's state is taken over: %s.",
              karez_json_text (object, "state"));
  take_snapshot (self, snapshot);
  start_running (self);
}

static gboolean
on_return_due (gpointer data)
{
  HubSessionWorker *self = data;

  self->source = 0;
  if (self->state == HUB_WORKER_RESTARTING && hub_session_worker_get_proxy (self) == NULL)
    hub_session_worker_died (self, "it did not come back to the new hub");
  return G_SOURCE_REMOVE;
}

void
hub_session_worker_expect (HubSessionWorker *self, const char *token)
{
  if (hub_session_info_get_state (self->info) == KAREZ_STATE_PLANNED || token == NULL)
    return;
  hub_supervisor_expect (self->services->supervisor, id_of (self), token);
  self->state = HUB_WORKER_RESTARTING;
  self->source = g_timeout_add (RETURN_MS, on_return_due, self);
}

/* Death. */

static gboolean
on_restart_due (gpointer data)
{
  HubSessionWorker *self = data;

  self->source = 0;
  g_signal_emit (self, signals[RESTART], 0);
  return G_SOURCE_REMOVE;
}

static gboolean
has_records_left (HubSessionWorker *self)
{
  g_autofree char *directory = hub_supervisor_get_directory (self->services->supervisor,
                                                             id_of (self));
  g_autofree char *spool = g_build_filename (directory, "spool", NULL);

  return g_file_test (spool, G_FILE_TEST_EXISTS);
}

void
hub_session_worker_died (HubSessionWorker *self, const char *reason)
{
  g_signal_emit (self, signals[LOST], 0);
  g_clear_pointer (&self->link, json_node_unref);
  if (hub_session_info_is_over (self->info) && !has_records_left (self))
    {
      set_state (self, HUB_WORKER_NONE);
      g_signal_emit (self, signals[FINISHED], 0);
      return;
    }
  self->state = hub_supervisor_may_restart (self->services->supervisor, id_of (self))
                    ? HUB_WORKER_RESTARTING
                    : HUB_WORKER_FAILED;
  hub_warning ("sessions", id_of (self), "The worker died (%s); it is %s.", reason,
               hub_worker_state_name (self->state));
  g_signal_emit (self, signals[CHANGED], 0);
  if (self->state == HUB_WORKER_FAILED)
    {
      answer_waiting (self);
      g_signal_emit (self, signals[FAILED], 0);
    }
  else if (self->source == 0)
    self->source = g_timeout_add (RESTART_MS, on_restart_due, self);
}

void
hub_session_worker_stop (HubSessionWorker *self)
{
  g_clear_handle_id (&self->source, g_source_remove);
  answer_waiting (self);
}

HubSessionWorker *
hub_session_worker_new (HubSessionServices *services, HubSessionInfo *info, guint32 generation)
{
  HubSessionWorker *self = g_object_new (HUB_TYPE_SESSION_WORKER, NULL);

  self->services = hub_session_services_ref (services);
  self->info = g_object_ref (info);
  self->generation = generation;
  return self;
}

static void
hub_session_worker_finalize (GObject *object)
{
  HubSessionWorker *self = HUB_SESSION_WORKER (object);

  g_clear_handle_id (&self->source, g_source_remove);
  g_free (self->token);
  g_free (self->plugin);
  g_free (self->module);
  g_strfreev (self->programs);
  g_clear_pointer (&self->takers, json_node_unref);
  g_clear_pointer (&self->checks, json_node_unref);
  g_clear_pointer (&self->link, json_node_unref);
  g_clear_pointer (&self->people, json_node_unref);
  g_clear_pointer (&self->word, json_node_unref);
  g_ptr_array_unref (self->waiting);
  g_clear_object (&self->info);
  g_clear_pointer (&self->services, hub_session_services_unref);

  G_OBJECT_CLASS (hub_session_worker_parent_class)->finalize (object);
}

static guint
add_signal (const char *name)
{
  return g_signal_new (name, HUB_TYPE_SESSION_WORKER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                       G_TYPE_NONE, 0);
}

static void
hub_session_worker_class_init (HubSessionWorkerClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = hub_session_worker_finalize;

  signals[CHANGED] = add_signal ("changed");
  signals[CONNECTED] = g_signal_new ("connected", HUB_TYPE_SESSION_WORKER, G_SIGNAL_RUN_LAST, 0,
                                     NULL, NULL, NULL, G_TYPE_NONE, 1, HUB_TYPE_WORKER_PROXY);
  signals[RUNNING] = add_signal ("running");
  signals[LOST] = add_signal ("lost");
  signals[RESTART] = add_signal ("restart");
  signals[FINISHED] = add_signal ("finished");
  signals[FAILED] = add_signal ("failed");
  signals[NEWS] = add_signal ("news");
}

static void
hub_session_worker_init (HubSessionWorker *self)
{
  self->waiting = g_ptr_array_new_with_free_func (g_object_unref);
}
