/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <karez.h>

#include "hub-store.h"

G_BEGIN_DECLS

#define HUB_TYPE_AGENDA (hub_agenda_get_type ())
/**
 * HubAgenda:
 * Resources and bookings of this hospital and what partners tell of theirs. Implements
 * #KarezAgenda. Two authorities: each hospital's own claims are decided by its own database, and
 * the provider's one transaction that accepts is the booking's commit point. Main thread only.
 */
G_DECLARE_FINAL_TYPE (HubAgenda, hub_agenda, HUB, AGENDA, GObject)

/* Adds the schema "agenda"; before hub_store_open_async(). */
void hub_agenda_add_schema (HubStore *store);

/* @hub_id: this hub's id. Registers its topics and its feed with @peers. The store may still be
 * closed. Returns: (transfer full) */
/* @audit: (nullable): where reads are recorded; needed by its routes */
HubAgenda *hub_agenda_new (HubStore *store, KarezPeers *peers, KarezAudit *audit,
                           const char *hub_id);

/**
 * HubModalityFunc:
 * @booking: (transfer none): "Booking" of the API, as far as it is known yet
 * @task: (transfer full): return "requester" or "patient" (the modality's Host) by
 *   g_task_return_pointer (task, g_strdup (…), g_free), or an error that refuses the booking;
 *   an unknown modality is %KAREZ_ERROR_INVALID, rule "agenda/modality"
 */
typedef void (*HubModalityFunc) (JsonNode *booking, GTask *task, gpointer data);

/* Who knows modalities, asked at both sides; @data must live as long as it is set. Without it
 * every modality is unknown. @func: (nullable) */
void hub_agenda_set_modality_check (HubAgenda *self, HubModalityFunc func, gpointer data);

/**
 * hub_agenda_complete_async:
 * @booking: whose session has ended
 * @actor: who ended it
 *
 * Marks a confirmed booking completed, at this hub, and frees what is left of its time. A booking
 * that is completed already is left as it is. %KAREZ_ERROR_CONFLICT in any other state.
 */
void hub_agenda_complete_async (HubAgenda *self, const char *booking, KarezActor *actor,
                                GCancellable *cancellable, GAsyncReadyCallback callback,
                                gpointer data);
gboolean hub_agenda_complete_finish (HubAgenda *self, GAsyncResult *result, GError **error);

/* A peer came up, went, was paired or revoked: its resources are pulled when it is up. Connected
 * to the signal "changed" of @peers by itself. */
void hub_agenda_peer_changed (HubAgenda *self, const char *peer);

G_END_DECLS
