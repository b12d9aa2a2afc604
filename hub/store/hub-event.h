/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <karez.h>

G_BEGIN_DECLS

/* One row of karez.event, on its way in. Nothing is owned. */
typedef struct
{
  const char *id;
  KarezActor *actor;
  const char *action;
  int outcome;
  const char *schema; /* of a table named without one */
  const char *table;  /* (nullable): "table" or "schema.table" */
  const char *row;
  const char *session, *patient, *request;
  JsonNode *details;
} HubEvent;

void hub_event_from_transaction (HubEvent *self, const KarezTransactionEvent *event);
/* Takes what people typed out of an event as it is shown, for those who may not read about
 * patients: the reasons of a session's moves, and of an event that is on no table of the hub's own
 * all texts that are no codes. @event: changed */
void hub_event_conceal (JsonObject *event);
/* The arguments of "karez.event_put". Returns: (transfer floating) */
GVariant *hub_event_params (const HubEvent *self);

G_END_DECLS
