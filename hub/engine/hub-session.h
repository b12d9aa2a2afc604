/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-session-machine.h"

G_BEGIN_DECLS

/**
 * HubWorkerState:
 * @HUB_WORKER_NONE: none is needed
 * @HUB_WORKER_STARTING: started, not prepared
 * @HUB_WORKER_RUNNING: prepared
 * @HUB_WORKER_RESTARTING: it died; the next one is on its way
 * @HUB_WORKER_FAILED: it died too often
 */
typedef enum
{
  HUB_WORKER_NONE,
  HUB_WORKER_STARTING,
  HUB_WORKER_RUNNING,
  HUB_WORKER_RESTARTING,
  HUB_WORKER_FAILED,
} HubWorkerState;

/* "none", "starting", "running", "restarting", "failed" */
const char *hub_worker_state_name (HubWorkerState state);

/**
 * HubSessionPerson:
 * Somebody of this hospital who joined. @connection: (nullable): the page
 */
typedef struct
{
  char *id, *role, *connection;
  KarezActor *actor;
  guint leave_source;
} HubSessionPerson;

/* One record of a worker that waits to be kept; counted by g_rc_box. */
typedef struct
{
  guint64 sequence;
  JsonNode *node;
} HubSessionRecord;
void hub_session_record_unref (gpointer record);

#define HUB_TYPE_SESSION (hub_session_get_type ())
/**
 * HubSession:
 * One session that is not over, as this hub knows it. The database's row is its record; this is
 * what the worker said last. Main thread only; the fields are hub-sessions' own.
 */
G_DECLARE_FINAL_TYPE (HubSession, hub_session, HUB, SESSION, GObject)

struct _HubSession
{
  GObject parent_instance;

  char *id, *modality, *title;
  char *host, *partner; /* hubs */
  gboolean hosted;      /* by this hub */
  JsonNode *takers;     /* who may take which role; set before a worker is started */
  JsonNode *booking;
  KarezState state;
  guint64 sequence;
  guint32 generation;
  char *reason;
  char *started_at, *ended_at;

  HubWorkerState worker;
  char *partner_worker; /* what the partner's hub said of its own; NULL: nothing */
  JsonNode *checks, *link, *people;

  GHashTable *persons; /* id → HubSessionPerson, of this hospital */

  gboolean told_over;

  /* Work under way. */
  char *plugin, *module; /* of the live half */
  char *token;           /* the hash of the newest worker's */
  GHashTable *leaving;   /* participant → GPtrArray of GTask: who left, until that is recorded */
  gboolean media;        /* whether it may have #KarezMedia */
  gboolean exchanging, exchanged;
  guint exchange_source, exchange_delay_s, restart_source;
  GPtrArray *waiting;  /* GTask: what waits for the worker */
  JsonNode *away;      /* a word away from risk that no worker has yet, as Prepare has it */
  gboolean away_given; /* the worker that is being prepared has it */
  gboolean ending;     /* the end of a session without a worker is being recorded */
  GQueue records;      /* HubSessionRecord */
  gboolean recording;
  guint record_source;
  guint64 queued; /* the highest record in the queue or acknowledged */
};

HubSession *hub_session_new (const char *id, const char *modality, const char *title,
                             const char *host, const char *partner, gboolean hosted,
                             JsonNode *booking);
/* The state as a worker or a peer told it. FALSE if it is not newer. A mirror's own side is HELD
 * under the host's number until the host has heard of it. */
gboolean hub_session_take_state (HubSession *self, KarezState state, guint64 sequence,
                                 const char *reason);
HubSessionPerson *hub_session_add_person (HubSession *self, const char *id, KarezActor *actor,
                                          const char *role);
HubSessionPerson *hub_session_find_page (HubSession *self, const char *connection);
/* Another place of the same person, than that of the id @than (nullable). */
HubSessionPerson *hub_session_find_other (HubSession *self, KarezActor *actor, const char *than);
/* As the worker's Join has it. */
JsonNode *hub_session_person_to_json (HubSession *self, HubSessionPerson *person, const char *hub);
/* As GET /sessions/{id} has it. @participants: (transfer full) (nullable) */
JsonNode *hub_session_to_json (HubSession *self, JsonNode *participants);
/* {"type": "session", …} for pages. */
JsonNode *hub_session_to_frame (HubSession *self);

G_END_DECLS
