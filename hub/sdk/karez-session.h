/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "karez-check.h"
#include "karez-link.h"
#include "karez-media.h"
#include "karez-participant.h"

G_BEGIN_DECLS

/**
 * KarezState:
 * PLANNED → PREPARING → READY → STARTING → LIVE ⇄ DEGRADED; STARTING, LIVE and DEGRADED → HELD →
 * LIVE; any → STOPPING → ENDED; PREPARING, READY and STARTING → FAILED. When a worker died and
 * another took its place: PREPARING, READY and STARTING → PREPARING, LIVE → DEGRADED; DEGRADED,
 * HELD and STOPPING stay. The edges are one table (hub-session-machine.c); a plugin never sets a
 * state.
 */
typedef enum
{
  KAREZ_STATE_PLANNED,
  KAREZ_STATE_PREPARING,
  KAREZ_STATE_READY,
  KAREZ_STATE_STARTING,
  KAREZ_STATE_LIVE,
  KAREZ_STATE_DEGRADED,
  KAREZ_STATE_HELD,
  KAREZ_STATE_STOPPING,
  KAREZ_STATE_ENDED,
  KAREZ_STATE_FAILED,
} KarezState;
#define KAREZ_N_STATES 10

/* "planned", "preparing" … */
KAREZ_PUBLIC const char *karez_state_name (KarezState state);
KAREZ_PUBLIC gboolean karez_state_from_name (const char *name, KarezState *state);

#define KAREZ_TYPE_SESSION (karez_session_get_type ())
KAREZ_PUBLIC
G_DECLARE_INTERFACE (KarezSession, karez_session, KAREZ, SESSION, GObject)

/**
 * KarezSessionInterface:
 * What a live half sees of its session. In the worker, main thread.
 */
struct _KarezSessionInterface
{
  GTypeInterface parent;
  const char *(*get_id) (KarezSession *self);
  const char *(*get_hub) (KarezSession *self);
  JsonNode *(*get_booking) (KarezSession *self);
  KarezState (*get_state) (KarezSession *self);
  gboolean (*is_host) (KarezSession *self);
  KarezLink *(*get_link) (KarezSession *self);
  GListModel *(*get_participants) (KarezSession *self);
  void (*record) (KarezSession *self, const char *action, KarezActor *actor, JsonNode *body);
  void (*report) (KarezSession *self, KarezCheck *check);
  void (*hold) (KarezSession *self, const char *reason);
  void (*finish) (KarezSession *self, const char *reason);
  KarezMedia *(*get_media) (KarezSession *self, GError **error);
  void (*save) (KarezSession *self);
  gpointer padding[6];
};

KAREZ_PUBLIC const char *karez_session_get_id (KarezSession *self);
/* The id of the hub this worker belongs to. */
KAREZ_PUBLIC const char *karez_session_get_hub (KarezSession *self);
/* The booking as it was when the session was prepared. */
KAREZ_PUBLIC JsonNode *karez_session_get_booking (KarezSession *self);
KAREZ_PUBLIC KarezState karez_session_get_state (KarezSession *self);
/* Whether this side moves the session's state and orders what both sides must agree on. */
KAREZ_PUBLIC gboolean karez_session_is_host (KarezSession *self);
KAREZ_PUBLIC KarezLink *karez_session_get_link (KarezSession *self);
/* Opened when it is first asked for. Returns: (transfer none): NULL with %KAREZ_ERROR_NOT_GRANTED,
 * or with what kept it from being opened */
KAREZ_PUBLIC KarezMedia *karez_session_get_media (KarezSession *self, GError **error);
/* The KarezParticipants of both hospitals. Returns: (transfer none) */
KAREZ_PUBLIC GListModel *karez_session_get_participants (KarezSession *self);
/* Sends to every local participant. @body: (transfer full) */
KAREZ_PUBLIC void karez_session_broadcast (KarezSession *self, JsonNode *body);
/**
 * karez_session_record:
 * @action: noun and verb: "note.keep"
 * @actor: (nullable): who did it; NULL is the session itself
 * @body: (transfer full): an object
 *
 * Keeps something for ever: fsynced in the worker's spool before this returns, given to the control
 * half's record() until that has committed it, also by a hub that was away.
 */
KAREZ_PUBLIC void karez_session_record (KarezSession *self, const char *action, KarezActor *actor,
                                        JsonNode *body);
/**
 * karez_session_save:
 * Takes the live half's checkpoint now instead of within a second; it is on disk when this returns.
 * The worker's main loop waits for the disk, its media do not.
 * For what a worker that takes this one's place must not have forgotten: a consent that was
 * withdrawn. What cannot be written is logged, and tried again each second.
 */
KAREZ_PUBLIC void karez_session_save (KarezSession *self);
/* Tells a measurement: a failed one makes LIVE DEGRADED, a passed one of the same id heals it. */
KAREZ_PUBLIC void karez_session_report (KarezSession *self, KarezCheck *check);
/* Asks for HELD or for the end: in force on this side when it returns, whatever is under way, and
 * on the other one as soon as that can be told; recorded after. */
KAREZ_PUBLIC void karez_session_hold (KarezSession *self, const char *reason);
KAREZ_PUBLIC void karez_session_finish (KarezSession *self, const char *reason);

G_END_DECLS
