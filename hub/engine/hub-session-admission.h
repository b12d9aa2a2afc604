/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <karez.h>

G_BEGIN_DECLS

/* Whether somebody is invited to a session, or nobody needs to be. */

/* Adds to @transaction that its actor is, or it fails: rule "session/invited". */
void hub_session_admission_put (KarezTransaction *transaction, const char *id);
/* The same by a read alone, before an act. Its source is @store. */
void hub_session_admission_ask_async (KarezStore *store, const char *id, KarezActor *actor,
                                      GAsyncReadyCallback callback, gpointer data);
gboolean hub_session_admission_ask_finish (KarezStore *store, GAsyncResult *result, GError **error);

G_END_DECLS
