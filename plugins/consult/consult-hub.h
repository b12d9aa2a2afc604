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
  KarezContext *context;
  KarezActor *actor; /* of what the hub does by itself */
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

/* Members of "Booking" of the API. */
const char *consult_booking_text (JsonNode *booking, const char *name);
/* Whether it is to take place still; FALSE with "consult/over". */
gboolean consult_booking_check_open (JsonNode *booking, GError **error);
/* Whether it never takes place: what was written for it goes nowhere any more. */
gboolean consult_booking_was_called_off (JsonNode *booking);
/* Everything about one consultation goes by one lane, so that its order is kept. */
KarezLane consult_booking_lane (JsonNode *booking);

G_END_DECLS
