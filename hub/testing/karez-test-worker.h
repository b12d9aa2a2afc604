/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "karez-test-program.h"

G_BEGIN_DECLS

/**
 * KarezTestMove:
 * What a live half is asked for.
 *
 * Since: 1.1
 */
typedef enum
{
  KAREZ_TEST_MOVE_START,
  KAREZ_TEST_MOVE_HOLD,
  KAREZ_TEST_MOVE_RESUME,
  KAREZ_TEST_MOVE_STOP,
} KarezTestMove;

/**
 * KarezTestDisk:
 * @KAREZ_TEST_DISK_QUICK: takes what it is given at once
 * @KAREZ_TEST_DISK_SLOW: takes what it is given when karez_test_worker_sync() says so
 * @KAREZ_TEST_DISK_FULL: takes nothing
 *
 * How a worker's disk is.
 *
 * Since: 1.1
 */
typedef enum
{
  KAREZ_TEST_DISK_QUICK,
  KAREZ_TEST_DISK_SLOW,
  KAREZ_TEST_DISK_FULL,
} KarezTestDisk;

#define KAREZ_TEST_TYPE_WORKER (karez_test_worker_get_type ())
/**
 * KarezTestWorker:
 * A worker of one session for a live half's test: session, link and media, without a
 * process or a network. Two of them are one session; what is sent waits until it is carried over.
 * Its functions turn the main loop while they wait, and end the test where the half does not do
 * what it must.
 *
 * It has no media: karez_session_get_media() gives an object that remembers who is in it, whether
 * it passes anything on, and what pages said to it. Its data channels are those that the half
 * declared, and are open; a page is sent {"type": "channel", "label", "text"} for a message. It
 * sets no deadlines. Records are counted and go nowhere; karez_test_hub_keep() hands them to a
 * control half.
 *
 * Since: 1.1
 */
KAREZ_PUBLIC
G_DECLARE_FINAL_TYPE (KarezTestWorker, karez_test_worker, KAREZ_TEST, WORKER, GObject)

/**
 * karez_test_workers_new:
 * @workers: (out) (array fixed-size=2): the host's, and the other hospital's
 *
 * The two workers of a session, which is live; the link is down.
 *
 * Since: 1.1
 */
KAREZ_PUBLIC void karez_test_workers_new (KarezTestWorker *workers[2]);
/**
 * karez_test_workers_set_up:
 * @workers: (array fixed-size=2):
 *
 * The link comes up, or goes down.
 *
 * Since: 1.1
 */
KAREZ_PUBLIC void karez_test_workers_set_up (KarezTestWorker *workers[2], gboolean up);
/**
 * karez_test_workers_carry:
 * @workers: (array fixed-size=2):
 *
 * Everything on its way arrives, and what that makes them say too.
 *
 * Since: 1.1
 */
KAREZ_PUBLIC void karez_test_workers_carry (KarezTestWorker *workers[2]);
/**
 * karez_test_rest:
 *
 * Turns the main loop until nobody has anything to do.
 *
 * Since: 1.1
 */
KAREZ_PUBLIC void karez_test_rest (void);

/**
 * karez_test_worker_start:
 * @half: the type of the live half
 * @saved: (nullable): a checkpoint to restore
 *
 * A new live half, in place of the one that was there, is made, restored and prepared.
 *
 * Since: 1.1
 */
KAREZ_PUBLIC void karez_test_worker_start (KarezTestWorker *self, GType half, GBytes *saved);
/**
 * karez_test_worker_get_half:
 *
 * Returns: (transfer none) (nullable): the live half
 *
 * Since: 1.1
 */
KAREZ_PUBLIC KarezModality *karez_test_worker_get_half (KarezTestWorker *self);
/**
 * karez_test_worker_set_booking:
 * @booking: what karez_session_get_booking() gives; as karez_test_booking() makes it
 *
 * Since: 1.1
 */
KAREZ_PUBLIC void karez_test_worker_set_booking (KarezTestWorker *self, JsonNode *booking);
/**
 * karez_test_worker_set_state:
 *
 * The session's state at this side: live from the start. The moves do not change it.
 *
 * Since: 1.1
 */
KAREZ_PUBLIC void karez_test_worker_set_state (KarezTestWorker *self, KarezState state);
/**
 * karez_test_worker_begin:
 * @result: (out): where the answer comes; %NULL before, and until it has come
 *
 * Asks the half for a move.
 *
 * Since: 1.1
 */
KAREZ_PUBLIC void karez_test_worker_begin (KarezTestWorker *self, KarezTestMove move,
                                           GAsyncResult **result);
/**
 * karez_test_worker_end:
 * @result: (inout): of karez_test_worker_begin(); %NULL afterwards
 *
 * Waits for the answer, which must be that it succeeded.
 *
 * Since: 1.1
 */
KAREZ_PUBLIC void karez_test_worker_end (KarezTestWorker *self, KarezTestMove move,
                                         GAsyncResult **result);
/**
 * karez_test_worker_move:
 *
 * Both.
 *
 * Since: 1.1
 */
KAREZ_PUBLIC void karez_test_worker_move (KarezTestWorker *self, KarezTestMove move);
/**
 * karez_test_worker_preflight:
 * @result: (out): for the half's preflight_finish()
 *
 * Asks for the checks, and waits.
 *
 * Since: 1.1
 */
KAREZ_PUBLIC void karez_test_worker_preflight (KarezTestWorker *self, GAsyncResult **result);

/**
 * karez_test_participant_new:
 * @side: 0 for the host's hospital, 1 for the other one
 * @id: a UUID, or any text that is one of a kind in the test
 * @role: of the session
 * @local: whether it is of the hospital whose worker is told of it
 * @page: (nullable) (element-type JsonNode): what their page is sent is added to it
 *
 * Somebody for a session.
 *
 * Returns: (transfer full):
 *
 * Since: 1.1
 */
KAREZ_PUBLIC KarezParticipant *karez_test_participant_new (guint side, const char *id,
                                                           const char *name, const char *role,
                                                           gboolean local, GPtrArray *page);
/**
 * karez_test_page_last:
 * @page: of karez_test_participant_new()
 *
 * The newest message of a type that a page was sent.
 *
 * Returns: (transfer none) (nullable):
 *
 * Since: 1.1
 */
KAREZ_PUBLIC JsonObject *karez_test_page_last (GPtrArray *page, const char *type);
/**
 * karez_test_worker_send:
 * @participant: a local one
 * @label: of a channel that the half declared
 *
 * A page sends @text over a data channel.
 *
 * Since: 1.1
 */
KAREZ_PUBLIC void karez_test_worker_send (KarezTestWorker *self, KarezParticipant *participant,
                                          const char *label, const char *text);
/**
 * karez_test_worker_add:
 *
 * Somebody is in the session already: the half is not told.
 *
 * Since: 1.1
 */
KAREZ_PUBLIC void karez_test_worker_add (KarezTestWorker *self, KarezParticipant *participant);
/**
 * karez_test_worker_join:
 *
 * Somebody comes, and the half is told; it must not fail.
 *
 * Since: 1.1
 */
KAREZ_PUBLIC void karez_test_worker_join (KarezTestWorker *self, KarezParticipant *participant);
/**
 * karez_test_worker_leave:
 *
 * Somebody leaves, and the half is told; it must not fail.
 *
 * Since: 1.1
 */
KAREZ_PUBLIC void karez_test_worker_leave (KarezTestWorker *self, KarezParticipant *participant);
/**
 * karez_test_worker_say:
 * @json: an object
 *
 * A message of a participant's page. What is done because of it without waiting for anything is
 * done when this returns.
 *
 * Returns: whether the half took it
 *
 * Since: 1.1
 */
KAREZ_PUBLIC gboolean karez_test_worker_say (KarezTestWorker *self, KarezParticipant *participant,
                                             const char *json, GError **error);

/**
 * karez_test_worker_receive:
 *
 * A message comes in on the half's stream of the link, as if the other side had sent it: nonsense,
 * say.
 *
 * Since: 1.1
 */
KAREZ_PUBLIC void karez_test_worker_receive (KarezTestWorker *self, const char *text);
/**
 * karez_test_worker_count_arriving:
 *
 * How many messages of the other side are on their way here.
 *
 * Since: 1.1
 */
KAREZ_PUBLIC guint karez_test_worker_count_arriving (KarezTestWorker *self);
/**
 * karez_test_worker_lose:
 *
 * The oldest message on its way here never comes.
 *
 * Since: 1.1
 */
KAREZ_PUBLIC void karez_test_worker_lose (KarezTestWorker *self);

/**
 * karez_test_worker_get_program:
 *
 * The program of that name that the half started last: any name is known.
 *
 * Returns: (transfer none) (nullable):
 *
 * Since: 1.1
 */
KAREZ_PUBLIC KarezTestProgram *karez_test_worker_get_program (KarezTestWorker *self,
                                                              const char *name);

/**
 * karez_test_worker_find_tap:
 * @participant: an id
 *
 * The worker's end of the newest tap of that source, to which a test writes what a program would
 * read; or of what is published as it, from which it reads what a program writes.
 *
 * Returns: a descriptor that stays the worker's; -1 for none
 *
 * Since: 1.1
 */
KAREZ_PUBLIC int karez_test_worker_find_tap (KarezTestWorker *self, const char *participant,
                                             const char *source);

/**
 * karez_test_worker_set_disk:
 * Since: 1.1
 */
KAREZ_PUBLIC void karez_test_worker_set_disk (KarezTestWorker *self, KarezTestDisk disk);
/**
 * karez_test_worker_count_saves:
 *
 * How many saves wait for a slow disk.
 *
 * Since: 1.1
 */
KAREZ_PUBLIC guint karez_test_worker_count_saves (KarezTestWorker *self);
/**
 * karez_test_worker_sync:
 *
 * A slow disk takes the oldest save that waits, of which there must be one.
 *
 * Since: 1.1
 */
KAREZ_PUBLIC void karez_test_worker_sync (KarezTestWorker *self);
/**
 * karez_test_worker_take_checkpoint:
 *
 * What the half would have kept now.
 *
 * Returns: (transfer full):
 *
 * Since: 1.1
 */
KAREZ_PUBLIC GBytes *karez_test_worker_take_checkpoint (KarezTestWorker *self);
/**
 * karez_test_worker_get_saved:
 *
 * The checkpoint that is on disk.
 *
 * Returns: (transfer none) (nullable):
 *
 * Since: 1.1
 */
KAREZ_PUBLIC GBytes *karez_test_worker_get_saved (KarezTestWorker *self);
/**
 * karez_test_worker_get_saved_at_send:
 *
 * The one that was on disk when something was last sent to the other side.
 *
 * Returns: (transfer none) (nullable):
 *
 * Since: 1.1
 */
KAREZ_PUBLIC GBytes *karez_test_worker_get_saved_at_send (KarezTestWorker *self);
/**
 * karez_test_worker_die:
 *
 * The worker ends as a crash ends it. What its disk had not taken is lost, records too, and its
 * participants are gone; karez_test_worker_start() puts another one in its place.
 *
 * Returns: (transfer full) (nullable): the checkpoint on its disk
 *
 * Since: 1.1
 */
KAREZ_PUBLIC GBytes *karez_test_worker_die (KarezTestWorker *self);

/**
 * karez_test_worker_count:
 * @action: (nullable): %NULL is any
 *
 * How often an action was recorded.
 *
 * Since: 1.1
 */
KAREZ_PUBLIC guint karez_test_worker_count (KarezTestWorker *self, const char *action);
/**
 * karez_test_worker_last:
 *
 * The body of the newest record of an action.
 *
 * Returns: (transfer none) (nullable):
 *
 * Since: 1.1
 */
KAREZ_PUBLIC JsonObject *karez_test_worker_last (KarezTestWorker *self, const char *action);
/**
 * karez_test_worker_get_record:
 * @index: of all records, from 0 on; of which there must be that many
 * @actor: (out) (optional) (transfer none) (nullable): who did it
 * @body: (out) (optional) (transfer none): what is to be kept
 *
 * Returns: the action
 *
 * Since: 1.1
 */
KAREZ_PUBLIC const char *karez_test_worker_get_record (KarezTestWorker *self, guint index,
                                                       KarezActor **actor, JsonNode **body);
/**
 * karez_test_worker_get_check:
 *
 * What karez_session_report() said last of a check.
 *
 * Returns: (transfer none) (nullable):
 *
 * Since: 1.1
 */
KAREZ_PUBLIC KarezCheck *karez_test_worker_get_check (KarezTestWorker *self, const char *id);
/**
 * karez_test_worker_get_asked:
 *
 * What the half asked for last, with its reason: "hold: no picture", by karez_session_hold(), or
 * "finish: …"; "preflight", by karez_session_request_preflight(), which is not made. The state
 * stays.
 *
 * Returns: (nullable):
 *
 * Since: 1.1
 */
KAREZ_PUBLIC const char *karez_test_worker_get_asked (KarezTestWorker *self);
/**
 * karez_test_worker_is_forwarding:
 *
 * Whether media is passed on among people.
 *
 * Since: 1.1
 */
KAREZ_PUBLIC gboolean karez_test_worker_is_forwarding (KarezTestWorker *self);
/**
 * karez_test_worker_count_media:
 *
 * How many local participants have been joined to the media, and have not left it.
 *
 * Since: 1.1
 */
KAREZ_PUBLIC guint karez_test_worker_count_media (KarezTestWorker *self);

G_END_DECLS
