/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-sessions.h"

G_BEGIN_DECLS

/* hub-sessions.c */
HubSessionServices *hub_sessions_get_services (HubSessions *self);
/* Paths of the dead letters that are being tried again. Returns: (transfer none) */
GHashTable *hub_sessions_get_retrying (HubSessions *self);
/* Those that are not over. Returns: (transfer container) */
GList *hub_sessions_list (HubSessions *self);
/* Keeps it in the table. @generation: of its newest worker, or 0. Returns: (transfer none) */
HubSession *hub_sessions_take_over (HubSessions *self, HubSessionInfo *info, guint32 generation);
/* Plans @id from the agenda, where it is not known. finish: (transfer full): the session;
 * %KAREZ_ERROR_CONFLICT for one that is over */
void hub_sessions_plan_async (HubSessions *self, const char *id, GAsyncReadyCallback callback,
                              gpointer data);
HubSession *hub_sessions_plan_finish (HubSessions *self, GAsyncResult *result, GError **error);

/* The same when nobody waits for it. */
void hub_sessions_plan_quietly (HubSessions *self, const char *id);
/* Plans what is confirmed from now on, and ends what is called off before it is prepared. */
void hub_sessions_follow_agenda (HubSessions *self);

/* hub-sessions-start.c: ends by karez_transition_run_finish () */
void hub_sessions_run_start (HubSessions *self, GAsyncReadyCallback callback, gpointer data);

/* hub-sessions-peers.c */
gboolean hub_sessions_add_topics (HubSessions *self, GError **error);

/* hub-sessions-rights.c */
/* An invitation was taken back, durably. */
void hub_sessions_uninvited (HubSessions *self, const char *id, const char *account);

/* hub-sessions-echo.c */
void hub_sessions_on_echo (KarezRequest *request, gpointer data);

/* The routes of one file each. */
gboolean hub_sessions_add_invitation_routes (HubSessions *self, KarezRoutes *routes,
                                             GError **error);
/* hub-sessions-look.c */
gboolean hub_sessions_add_look_routes (HubSessions *self, KarezRoutes *routes, GError **error);
gboolean hub_sessions_add_consent_routes (HubSessions *self, KarezRoutes *routes, GError **error);
gboolean hub_sessions_add_dead_letter_routes (HubSessions *self, KarezRoutes *routes,
                                              GError **error);

/* hub-sessions-routes.c */
/* The session's id in the path; NULL: the request is answered. */
const char *hub_sessions_read_id (KarezRequest *request);

G_END_DECLS
