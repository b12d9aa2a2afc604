/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <karez.h>

G_BEGIN_DECLS

/**
 * GuidanceWork:
 * @half: the control half
 * @owner: (nullable): whose request it is
 * @session: the session's id, and so its booking's; of the request's path
 * @booking: (nullable): NULL for a session that was not booked
 * @rows: what the statement found
 *
 * One request of the API about a session while it waits: for the booking, then for what is kept.
 */
typedef struct _GuidanceWork GuidanceWork;
struct _GuidanceWork
{
  KarezControlHalf *half;
  GObject *owner;
  KarezRequest *request;
  char *session;
  JsonNode *booking;
  KarezRows *rows;
  const char *statement;
  GVariant *params;
  void (*go_on) (GuidanceWork *work); /* takes the work */
};

void guidance_work_free (GuidanceWork *work);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GuidanceWork, guidance_work_free)

/**
 * guidance_work_begin:
 * @owner: (nullable): a GObject, kept alive meanwhile
 * @statement: static
 * @params: sunk
 *
 * Goes on with what @statement finds, and with the booking of the path's {session}; or answers.
 */
void guidance_work_begin (KarezControlHalf *half, KarezRequest *request, gpointer owner,
                          const char *statement, GVariant *params,
                          void (*go_on) (GuidanceWork *work));
/* The path's {session}; NULL with an answer given. */
const char *guidance_work_session (KarezRequest *request);
/* Returns: (nullable): whom the session is about */
const char *guidance_work_patient (GuidanceWork *work);
/* Returns: (nullable): the booking's other hospital */
const char *guidance_work_partner (GuidanceWork *work);
/* This hospital. */
const char *guidance_work_hub (GuidanceWork *work);
/* Who asks. */
const char *guidance_work_person (KarezRequest *request);
/* A transaction of the request's, about the session. Returns: (transfer full) */
KarezTransaction *guidance_work_transaction (GuidanceWork *work);

G_END_DECLS
