/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-runner.h"

G_BEGIN_DECLS

#define HUB_TYPE_LIVE_PEOPLE (hub_live_people_get_type ())
/**
 * HubLivePeople:
 * Who is in the session, at both hospitals, and whether the live half knows. Main thread.
 *
 * Signals: "changed" (no arguments: those of this hospital, so that the other worker is to be
 * told), "send" (const char *participant, JsonNode *body: for a page of this hospital).
 */
G_DECLARE_FINAL_TYPE (HubLivePeople, hub_live_people, HUB, LIVE_PEOPLE, GObject)

/**
 * HubLivePeopleConfig:
 * @hub, @partner: the two hospitals' hubs
 * @roles: (nullable): who may take which role, as hub_role_table_read() gives it
 * @runner, @modality: the live half
 */
typedef struct
{
  const char *hub, *partner;
  JsonNode *roles;
  HubRunner *runner;
  KarezModality *modality;
} HubLivePeopleConfig;

/* Nobody is in it before hub_live_people_begin(). */
HubLivePeople *hub_live_people_new (const char *session);
void hub_live_people_begin (HubLivePeople *self, const HubLivePeopleConfig *config);

/* Of #KarezParticipant. Returns: (transfer none) */
GListModel *hub_live_people_get_list (HubLivePeople *self);
/* Returns: (transfer none) (nullable) */
KarezParticipant *hub_live_people_find (HubLivePeople *self, const char *id);
/* Somebody of this hospital. Returns: (transfer none) (nullable) */
KarezParticipant *hub_live_people_find_local (HubLivePeople *self, const char *id);
gboolean hub_live_people_has_local (HubLivePeople *self);
/* As the workers tell each other. Returns: (transfer full) */
JsonNode *hub_live_people_to_json (HubLivePeople *self, gboolean local_only);
/* Somebody as the other worker tells: a peer, of its own hospital or of the hub @besides
 * (nullable). Returns: (transfer full): NULL with @error set */
KarezActor *hub_live_people_read_theirs (HubLivePeople *self, JsonNode *node, const char *besides,
                                         GError **error);

/* From here on the live half hears of everybody, first of those who are there; FALSE: it has
 * stopped. */
void hub_live_people_set_heard (HubLivePeople *self, gboolean heard);
/* The other side's people as a whole: who is new came, who is missing left. */
gboolean hub_live_people_take_remote (HubLivePeople *self, JsonArray *items, GError **error);
/* @node: as Join of org.karez.Worker1 has it. Finishes when the live half has taken them; a page
 * that came back is told the state again. */
void hub_live_people_join_async (HubLivePeople *self, JsonNode *node, GAsyncReadyCallback callback,
                                 gpointer data);
/* @participant: (transfer none): of this hospital. They are out when this returns. */
void hub_live_people_leave_async (HubLivePeople *self, KarezParticipant *participant,
                                  GAsyncReadyCallback callback, gpointer data);
/* Of both. */
gboolean hub_live_people_finish (HubLivePeople *self, GAsyncResult *result, GError **error);

G_END_DECLS
