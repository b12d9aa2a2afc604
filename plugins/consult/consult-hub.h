/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <karez.h>

G_BEGIN_DECLS

/**
 * ConsultHub:
 * What this plugin was granted of its hub. Counted; main thread only.
 */
typedef struct
{
  char *id; /* the hub's */
  KarezStore *store;
  KarezAudit *audit;
  KarezAgenda *agenda;
  KarezPeers *peers;
} ConsultHub;

ConsultHub *consult_hub_new (KarezContext *context, GError **error);
ConsultHub *consult_hub_ref (ConsultHub *self);
void consult_hub_unref (ConsultHub *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ConsultHub, consult_hub_unref)

/* A transaction of what the hub does by itself. Returns: (transfer full) */
KarezTransaction *consult_hub_begin (ConsultHub *self);
/**
 * consult_hub_post:
 * @body: (transfer full)
 *
 * Returns: FALSE if @peer is not paired; nothing is posted then, so that @transaction, which says
 * that it was, must not be committed
 */
gboolean consult_hub_post (ConsultHub *self, KarezTransaction *transaction, const char *peer,
                           KarezLane lane, const char *topic,
                           JsonNode *body) G_GNUC_WARN_UNUSED_RESULT;

/* Members of "Booking" of the API. */
const char *consult_booking_text (JsonNode *booking, const char *name);
/* Whether it is to take place still; FALSE with "consult/over". */
gboolean consult_booking_check_open (JsonNode *booking, GError **error);
/* Whether it never takes place: what was written for it goes nowhere any more. */
gboolean consult_booking_was_called_off (JsonNode *booking);
/* Everything about one consultation goes by one lane, so that its order is kept. */
KarezLane consult_booking_lane (JsonNode *booking);

/* Which of a booking's hospitals a message comes from. */
typedef enum
{
  CONSULT_FROM_REQUESTER,
  CONSULT_FROM_PROVIDER,
} ConsultSide;

/**
 * ConsultPostFunc:
 * @body: checked
 * @person: who did it there
 * @booking: that the message is about
 *
 * Fills the transaction that applies a post. FALSE with @error makes the message a dead letter.
 */
typedef gboolean (*ConsultPostFunc) (ConsultHub *hub, KarezTransaction *transaction,
                                     JsonObject *body, KarezActor *person, JsonNode *booking,
                                     GError **error);
/* What follows once it is applied. */
typedef void (*ConsultAppliedFunc) (gpointer data);

/**
 * consult_hub_apply:
 * @fields: of the body; "booking" and "actor" must be among them
 * @task: (transfer full): of the handler
 * @applied: (nullable)
 *
 * Applies a post of the other hospital, whose place in the booking must be @side.
 */
void consult_hub_apply (ConsultHub *self, KarezMessage *message, const KarezJsonField *fields,
                        ConsultSide side, ConsultPostFunc fill, ConsultAppliedFunc applied,
                        gpointer data, GTask *task);

G_END_DECLS
