/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-pages.h"
#include "hub-plugin-list.h"
#include "hub-signer.h"
#include "hub-supervisor.h"

G_BEGIN_DECLS

/**
 * HubSessionServices:
 * @pages: (nullable): with @pages_data; NULL when the hub ends
 * @actor: this hub
 * @cancellable: cancelled when the hub ends; its sessions go on without it
 *
 * What every session of this hub is handed, counted by references. Main thread only.
 */
typedef struct
{
  char *hub;
  KarezStore *store; /* the schema "engine" */
  KarezPeers *peers;
  KarezAgenda *agenda;
  KarezAudit *audit;
  HubPluginList *plugins;
  HubSupervisor *supervisor;
  const HubPages *pages;
  gpointer pages_data;
  const HubSigner *signer;
  gpointer signer_data;
  KarezActor *actor;
  GCancellable *cancellable;
  GHashTable *lost; /* account → the number of its last loss of a right */
  guint losses;
} HubSessionServices;

HubSessionServices *hub_session_services_new (void);
HubSessionServices *hub_session_services_ref (HubSessionServices *self);
void hub_session_services_unref (HubSessionServices *self);
/* The hub ends: nothing is told or begun from now on. */
void hub_session_services_end (HubSessionServices *self);
gboolean hub_session_services_have_ended (HubSessionServices *self);

/* Pages. @message: (transfer full). @connection: (nullable): nothing is sent to none */
void hub_session_services_send (HubSessionServices *self, const char *connection,
                                JsonNode *message);
void hub_session_services_send_problem (HubSessionServices *self, const char *connection,
                                        const char *session, const GError *error);

/* What offers sessions of the kind @modality now; %KAREZ_ERROR_UNAVAILABLE, rule
 * "session/modality". Returns: (transfer none) */
HubPlugin *hub_session_services_find_plugin (HubSessionServices *self, const char *modality,
                                             GError **error);
/* Which accounts may take which role of it, at the hospital that is its @host or at the other one.
 * Returns: (transfer none) */
JsonNode *hub_session_services_find_takers (HubSessionServices *self, const char *modality,
                                            gboolean host, GError **error);

/* Rights. Each loss has a number, so that what waited while it happened can tell. */
void hub_session_services_note_loss (HubSessionServices *self, const char *account);
/* Whether @actor lost a right since self->losses was @then: %KAREZ_ERROR_DENIED, rule
 * "session/revoked". */
gboolean hub_session_services_check_since (HubSessionServices *self, KarezActor *actor, guint then,
                                           GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HubSessionServices, hub_session_services_unref)

G_END_DECLS
