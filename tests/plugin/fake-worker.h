/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <karez.h>

G_BEGIN_DECLS

/* An action that was recorded, and its body. */
typedef struct
{
  char *action;
  JsonNode *body;
} FakeRecord;

typedef enum
{
  FAKE_MOVE_START,
  FAKE_MOVE_HOLD,
  FAKE_MOVE_RESUME,
  FAKE_MOVE_STOP,
} FakeMove;

typedef enum
{
  FAKE_DISK_QUICK,
  FAKE_DISK_SLOW, /* takes what it is given when fake_worker_sync() says so */
  FAKE_DISK_FULL,
} FakeDisk;

#define FAKE_TYPE_WORKER (fake_worker_get_type ())
/**
 * FakeWorker:
 * A worker of one session for a live half's test: session, link and media in one object, without a
 * process or a network. Two of them are one session; what is sent waits until it is carried over.
 */
G_DECLARE_FINAL_TYPE (FakeWorker, fake_worker, FAKE, WORKER, GObject)

struct _FakeWorker
{
  GObject parent;

  FakeWorker *other; /* not owned */
  gboolean host, up, forwarding;
  guint stream; /* that the half opened; 0 for none */
  KarezState state;
  GListStore *participants;
  GQueue on_the_way;  /* of GBytes, to us */
  GPtrArray *records; /* of FakeRecord */
  KarezModality *half;
  FakeDisk disk;
  GQueue saves;          /* of GTask: karez_session_save_async(), for a slow disk */
  guint n_durable;       /* records that are on it because of those that have finished */
  GBytes *saved;         /* by them */
  GBytes *saved_at_send; /* what that was when something was sent last */
};

/* The two workers of a session, the host's first; the link is down. */
void fake_workers_new (FakeWorker *workers[2]);
/* A half of type @half is made, given @saved (nullable) to restore, and prepared. */
void fake_worker_start (FakeWorker *self, GType half, GBytes *saved);
/* Asks the half for a move; @result is its answer's place until fake_worker_end() has waited for it
 * and found that it succeeded. */
void fake_worker_begin (FakeWorker *self, FakeMove move, GAsyncResult **result);
void fake_worker_end (FakeWorker *self, FakeMove move, GAsyncResult **result);
/* Both. */
void fake_worker_move (FakeWorker *self, FakeMove move);
/* Asks for the checks, and waits: the half's preflight_finish takes @result. */
void fake_worker_preflight (FakeWorker *self, GAsyncResult **result);
void fake_worker_join (FakeWorker *self, KarezParticipant *participant);
/* Saves that are under way end with an error. */
void fake_worker_fail_saves (FakeWorker *self);
/* A slow disk takes the oldest save that waits. */
void fake_worker_sync (FakeWorker *self);
/* Until nobody has anything to do. */
void fake_workers_rest (void);
/* A message of a participant's page, as JSON; what is done because of it without waiting for
 * anything is done. */
gboolean fake_worker_say (FakeWorker *self, KarezParticipant *participant, const char *json,
                          GError **error);
void fake_workers_set_up (FakeWorker *workers[2], gboolean up);
/* Everything on the way arrives, and what that makes them say too. */
void fake_workers_carry (FakeWorker *workers[2]);
/* As the other side's end of the link would give it. */
void fake_worker_receive (FakeWorker *self, const char *text);
/* How often an action was recorded. */
guint fake_worker_count (FakeWorker *self, const char *action);
/* The body of the newest record of an action. Returns: (transfer none) (nullable) */
JsonObject *fake_worker_last (FakeWorker *self, const char *action);

/* Somebody of the host's hospital (0) or the other one's (1). What their page is sent is added to
 * @page (nullable), of JsonNode. */
KarezParticipant *fake_participant_new (guint side, const char *id, const char *name,
                                        const char *role, gboolean local, GPtrArray *page);
/* The newest message of a type that a page was sent. Returns: (transfer none) (nullable) */
JsonObject *fake_page_last (GPtrArray *page, const char *type);

G_END_DECLS
