/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the files of this directory share. */

#include "hub-agenda.h"

G_BEGIN_DECLS

struct _HubAgenda
{
  GObject parent_instance;
  HubStore *store;
  KarezPeers *peers;
  KarezAudit *audit;
  char *hub;
  HubModalityFunc modality;
  gpointer modality_data;
  GHashTable *pulling; /* peers whose resources are being pulled: id → GUINT_TO_POINTER (again) */
  GHashTable *comparing; /* peers whose bookings are being compared: id → what runs, unowned */
  GHashTable *paces;     /* how many messages each peer may send at once now */
  GCancellable *cancellable;
  gulong peer_handler;
};

KarezStore *hub_agenda_scope (HubAgenda *self);
void hub_agenda_emit_changed (HubAgenda *self, const char *booking);
/* After a commit of @transaction: tells who listens, and reads the booking as it is now;
 * karez_agenda_get_booking_finish() of @self. */
void hub_agenda_read_changed_async (HubAgenda *self, KarezTransaction *transaction,
                                    const char *booking, GCancellable *cancellable,
                                    GAsyncReadyCallback callback, gpointer data);
/* The line of karez_peers_list() about @peer, unless it is revoked or unknown. */
JsonObject *hub_agenda_find_peer (JsonNode *list, const char *peer);
gboolean hub_agenda_is_paired (HubAgenda *self, const char *peer);
/* This hub's id and those of paired hubs. Returns: (transfer full) */
GStrv hub_agenda_hubs (HubAgenda *self);
/* All of one booking's messages go by one lane, so that their order is kept. */
KarezLane hub_agenda_lane (const char *urgency);
/* Posts, unless @peer is not paired any more. @body: (transfer full) */
void hub_agenda_post (HubAgenda *self, KarezTransaction *transaction, const char *peer,
                      KarezLane lane, const char *topic, JsonNode *body);
/* Asks the modality function. Finishes with the host's id. @booking: (transfer none) */
void hub_agenda_check_modality_async (HubAgenda *self, JsonNode *booking, GCancellable *cancellable,
                                      GAsyncReadyCallback callback, gpointer data);
char *hub_agenda_check_modality_finish (HubAgenda *self, GAsyncResult *result, GError **error);

/* Handler data that does not keep the agenda alive. */
GWeakRef *hub_agenda_weak_new (HubAgenda *self);
void hub_agenda_weak_free (gpointer data);
/* The agenda, or NULL after an error was returned by @task. Returns: (transfer full) */
HubAgenda *hub_agenda_weak_get (gpointer data, GTask *task);

gboolean hub_agenda_handle_messages (HubAgenda *self, GError **error);
gboolean hub_agenda_handle_comparison (HubAgenda *self, GError **error);
gboolean hub_agenda_handle_resources (HubAgenda *self, GError **error);

G_END_DECLS
