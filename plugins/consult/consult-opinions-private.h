/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "consult-opinion.h"
#include "consult-opinions.h"

G_BEGIN_DECLS

#define CONSULT_TOPIC_OPINION "consult.opinion"

struct _ConsultOpinions
{
  GObject parent_instance;

  ConsultHub *hub;
};

/* One request of the API while it waits: first for the booking, then for what there is. */
typedef struct _ConsultOpinionWork ConsultOpinionWork;
struct _ConsultOpinionWork
{
  ConsultOpinions *self;
  KarezRequest *request;
  char *id; /* the booking's, and so the session's */
  JsonNode *booking;
  KarezRows *rows;                          /* opinions_by_session */
  void (*go_on) (ConsultOpinionWork *work); /* takes the work */
};

void consult_opinion_work_free (ConsultOpinionWork *work);
/* Goes on with the booking of @request's path and what there is of its opinion, or answers it. */
void consult_opinion_look_up (ConsultOpinions *self, KarezRequest *request,
                              void (*go_on) (ConsultOpinionWork *work));
/* A transaction of the request's, about the consultation. Returns: (transfer full) */
KarezTransaction *consult_opinion_begin (ConsultOpinionWork *work);
/* Whether who asks may write the opinion of this consultation. */
gboolean consult_opinion_check_writer (ConsultOpinionWork *work, GError **error);
/* Of the words that are kept. Returns: (transfer full) */
char *consult_opinion_digest_of_draft (KarezRows *rows);
/* It was changed in another window. Returns: (transfer full) */
GError *consult_opinion_revision_error (void);

/* consult-signing.c; a #KarezRouteFunc. @data: ConsultOpinions */
void consult_opinion_sign (KarezRequest *request, gpointer data);

G_END_DECLS
