/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-link.h"
#include "hub-live-bridge.h"
#include "hub-live-checks.h"
#include "hub-live-driver.h"
#include "hub-live-people.h"
#include "hub-live-repeats.h"
#include "hub-live-session.h"
#include "hub-live-word.h"
#include "hub-programs.h"
#include "hub-recorder.h"
#include "hub-rtc.h"
#include "hub-session-machine.h"

G_BEGIN_DECLS

/* The engine's ordered stream between the two workers. */
#define HUB_STREAM_STATE 1u

struct _HubLiveSession
{
  GObject parent_instance;

  char *id, *directory, *plugin, *link_address, *media_address;
  GType type;           /* of the live half; G_TYPE_INVALID if its module is no good: */
  GError *module_error; /* and why */
  HubRecorder *recorder;

  /* From Prepare; NULL and 0 before. */
  char *hub, *partner, *modality_id;
  JsonNode *booking;
  gboolean host;
  guint32 generation;

  KarezState state;
  guint64 sequence;
  char *reason;
  char *walked; /* the action of the edge that led to the state; NULL: it was recalled */
  KarezActor *actor;
  gint64 moved_at;

  HubLink *link;
  HubRtc *media; /* NULL until somebody asks for it */
  HubLiveBridge *bridge;
  HubPrograms *programs;
  HubCalls *calls;       /* until the watchdog has it, which is a thread: after the confinement */
  HubWatchdog *watchdog; /* NULL before Prepare */
  HubRunner *runner;
  KarezModality *modality;
  HubLiveDriver *driver;

  HubLivePeople *people;
  HubLiveChecks *checks;
  gboolean measuring;
  char *told_checks; /* what the mirror was told of them last, by this link */

  GTask *preparing; /* the Prepare that waits */
  GTask *moving;    /* the Move towards risk that waits */
  guint64 lifting;  /* the number of the state that a start or resume lifts; 0: none */

  HubLiveWord *word;       /* a mirror's */
  guint64 heard;           /* at the host: the newest of such words that it has obeyed */
  guint32 peer_generation; /* of the other worker; 0 before it is known */

  HubLiveRepeats repeats;
  gboolean untold; /* the number, to pages and the other side */
  guint count_source;
  guint n_words; /* away from risk, whether they changed anything or not */

  guint second_source;
};

/* hub-live-session.c */
void hub_live_session_take_edge (HubLiveSession *self, const HubEdge *edge, const char *reason,
                                 KarezActor *actor);
void hub_live_session_set_state (HubLiveSession *self, KarezState state, guint64 sequence,
                                 const char *reason, KarezActor *actor);
void hub_live_session_retarget (HubLiveSession *self);
/* Records where the session stands. */
void hub_live_session_record_state (HubLiveSession *self, const char *action);
void hub_live_session_judge (HubLiveSession *self);
/* As the other side is told them. Returns: (transfer full) */
JsonNode *hub_live_session_tell_own_checks (HubLiveSession *self);

/* hub-live-recall.c */
/* The state that spool, checkpoint and hub know the newest of. @object: as Prepare has it; @blob:
 * (out) (transfer full) (nullable): the live half's own */
void hub_live_session_recall (HubLiveSession *self, JsonObject *object, GBytes **blob);
void hub_live_session_restore (HubLiveSession *self, GBytes *blob);
/* Soon, in a thread. */
void hub_live_session_write_checkpoint (HubLiveSession *self);

/* hub-live-mirror.c */
gboolean hub_live_session_open_link (HubLiveSession *self, GError **error);
void hub_live_session_tell (HubLiveSession *self);
void hub_live_session_tell_checks (HubLiveSession *self);

/* hub-live-hold.c */
/* Whether nothing was said that keeps the session from walking @edge. */
gboolean hub_live_session_may_walk (HubLiveSession *self, const HubEdge *edge);
/* Begins to lift the state whose number is @seen, for a start or a resume: %KAREZ_ERROR_CONFLICT,
 * rule "session/overtaken", if there is a newer one. */
gboolean hub_live_session_lift (HubLiveSession *self, guint64 seen, GError **error);
/* Takes a hold, panic or stop, whoever says it; it is in force when this returns. */
void hub_live_session_back_off (HubLiveSession *self, const char *name, const char *reason,
                                KarezActor *actor);
/* At a mirror: the host has obeyed the word of that number. */
void hub_live_session_heard (HubLiveSession *self, guint64 number);
/* At the host: whether the mirror's word of that number was not obeyed yet; it is now. */
gboolean hub_live_session_is_news (HubLiveSession *self, guint64 number);
/* At the host: what the mirror knows, which is later only if this side has lost something. */
void hub_live_session_catch_up (HubLiveSession *self, guint64 sequence, KarezState state);
/* Records the words that were counted, if there are any. */
void hub_live_session_record_count (HubLiveSession *self);
/* At a mirror: the host says the state that is known here already, under another number. TRUE if it
 * is to be recorded; FALSE if it was counted. */
gboolean hub_live_session_hear_again (HubLiveSession *self, guint64 sequence, const char *reason);

/* hub-live-prepare.c */
void hub_live_session_overtake (HubLiveSession *self);
void hub_live_session_prepared (HubLiveSession *self, const GError *error);

G_END_DECLS
