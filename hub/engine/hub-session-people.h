/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-session-worker.h"

G_BEGIN_DECLS

/**
 * HubSessionPerson:
 * Somebody of this hospital who joined. @connection: (nullable): the page
 */
typedef struct
{
  char *id, *role, *connection;
  KarezActor *actor;
  guint leave_source;
} HubSessionPerson;

#define HUB_TYPE_SESSION_PEOPLE (hub_session_people_get_type ())
/**
 * HubSessionPeople:
 * Who of this hospital is in a session, and the pages they look at it with. #HubSessionJoin lets
 * somebody in; leaving is done, then recorded. Main thread only.
 */
G_DECLARE_FINAL_TYPE (HubSessionPeople, hub_session_people, HUB, SESSION_PEOPLE, GObject)

HubSessionPeople *hub_session_people_new (HubSessionServices *services, HubSessionInfo *info,
                                          HubSessionWorker *worker);
guint hub_session_people_count (HubSessionPeople *self);
/* Each (transfer none) (nullable): by the participant's id, by its page, and another place of the
 * same person than that of the id @than (nullable). */
HubSessionPerson *hub_session_people_find (HubSessionPeople *self, const char *id);
HubSessionPerson *hub_session_people_find_page (HubSessionPeople *self, const char *connection);
HubSessionPerson *hub_session_people_find_other (HubSessionPeople *self, KarezActor *actor,
                                                 const char *than);

/* Puts the person out again if no page comes. */
void hub_session_people_add (HubSessionPeople *self, const char *id, KarezActor *actor,
                             const char *role);
/* Without having asked for it: done, then recorded. Frees @person. @reason: "lost", "replaced",
 * "revoked" or "uninvited" */
void hub_session_people_put_out (HubSessionPeople *self, HubSessionPerson *person,
                                 const char *reason);
/* Ends when it is recorded; somebody who is not in has left. %KAREZ_ERROR_DENIED, rule
 * "session/participant", for somebody else's place. */
void hub_session_people_leave_async (HubSessionPeople *self, const char *participant,
                                     KarezTransaction *transaction, GAsyncReadyCallback callback,
                                     gpointer data);
gboolean hub_session_people_leave_finish (HubSessionPeople *self, GAsyncResult *result,
                                          GError **error);

/* Pages. */
gboolean hub_session_people_bind (HubSessionPeople *self, const char *connection, KarezActor *actor,
                                  const char *participant, GError **error);
/* The page has gone; the person may come back with another one. */
void hub_session_people_unbind (HubSessionPeople *self, const char *connection);
gboolean hub_session_people_pass (HubSessionPeople *self, const char *connection, JsonNode *body,
                                  GError **error);
/* The worker is another one: everybody is joined to it. */
void hub_session_people_rejoin (HubSessionPeople *self);

/* From the worker and to pages. @participant: "" for everybody */
void hub_session_people_forward (HubSessionPeople *self, const char *participant, JsonNode *body);
void hub_session_people_tell_statistics (HubSessionPeople *self, JsonNode *statistics);
void hub_session_people_tell_dead_letter (HubSessionPeople *self, const GError *why);

/* Rights. */

/* @actor: (nullable): the account with the roles that are left; NULL when it may not be in
 * sessions. @ended: whether a sign-in of it has ended */
void hub_session_people_account_changed (HubSessionPeople *self, const char *account,
                                         KarezActor *actor, gboolean ended);
void hub_session_people_uninvited (HubSessionPeople *self, const char *account);

G_END_DECLS
