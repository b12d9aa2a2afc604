/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "karez-context.h"

G_BEGIN_DECLS

/**
 * KarezSide:
 * @KAREZ_SIDE_REQUESTER: the hospital that asked for the booking
 * @KAREZ_SIDE_PROVIDER: the one that was asked
 * @KAREZ_SIDE_EITHER: whichever of the two is not this one
 *
 * Which of a booking's hospitals a message comes from.
 *
 * Since: 1.1
 */
typedef enum
{
  KAREZ_SIDE_REQUESTER,
  KAREZ_SIDE_PROVIDER,
  KAREZ_SIDE_EITHER,
} KarezSide;

/**
 * KarezArrival:
 * @fields: of the body; "booking" and "actor" must be among them
 * @side: whose message it is
 * @fill: fills the transaction that applies it: @body is checked, @person is who did it there,
 *   @booking what it is about. FALSE with the error makes the message a dead letter.
 * @applied: (nullable): what follows once it is applied
 *
 * How posts of one topic about a booking are applied. Static.
 *
 * Since: 1.1
 */
typedef struct
{
  const KarezJsonField *fields;
  KarezSide side;
  gboolean (*fill) (gpointer owner, KarezTransaction *transaction, JsonObject *body,
                    KarezActor *person, JsonNode *booking, GError **error);
  void (*applied) (gpointer owner);

  gpointer padding[4];
} KarezArrival;

/**
 * karez_message_apply:
 * @owner: (type GObject): what @arrival's functions are called with; kept alive until then
 * @task: (transfer full): of the handler
 *
 * Applies a post about a booking, of the other of its two hospitals. %KAREZ_ERROR_DENIED, rule
 * "PLUGIN/side", where the sender has not the part that @arrival says.
 *
 * Since: 1.1
 */
KAREZ_PUBLIC void karez_message_apply (KarezMessage *self, const KarezArrival *arrival,
                                       KarezContext *context, KarezStore *store, gpointer owner,
                                       GTask *task);

G_END_DECLS
