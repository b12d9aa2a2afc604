/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What ends with a right: the places in sessions of a person whose account, sign-in, role or
 * invitation is gone, what they send and are sent, and the sessions with a hospital that is not
 * paired any more. */
#include "hub-sessions-private.h"

#include "hub-catalogue.h"
#include "hub-log.h"

/* The account, or one of its sign-ins. */

void
hub_sessions_account_changed (HubSessions *self, const char *account, KarezActor *actor,
                              gboolean ended)
{
  g_autoptr (GList) sessions = hub_sessions_list (self);

  if (actor == NULL || ended)
    hub_session_services_note_loss (hub_sessions_get_services (self), account);
  for (GList *l = sessions; l != NULL; l = l->next)
    hub_session_people_account_changed (hub_session_get_people (l->data), account, actor, ended);
}

void
hub_sessions_page_revoked (HubSessions *self, const char *connection)
{
  g_autoptr (GList) sessions = hub_sessions_list (self);

  for (GList *l = sessions; l != NULL; l = l->next)
    {
      HubSessionPeople *people = hub_session_get_people (l->data);
      HubSessionPerson *person = hub_session_people_find_page (people, connection);

      if (person != NULL)
        hub_session_people_put_out (people, person, "revoked");
    }
}

/* The invitation. */

typedef struct
{
  HubSessions *self;
  char *session, *account;
} Uninvited;

static void
uninvited_free (Uninvited *uninvited)
{
  g_object_unref (uninvited->self);
  g_free (uninvited->session);
  g_free (uninvited->account);
  g_free (uninvited);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Uninvited, uninvited_free)

static void
on_still_admitted (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Uninvited) uninvited = data;
  HubSessions *self = uninvited->self;
  HubSession *session = hub_sessions_get (self, uninvited->session);
  g_autoptr (KarezRows) rows = karez_store_query_finish (KAREZ_STORE (source), result, NULL);

  /* Whom the booking names as well stays; whoever cannot be asked about does not. */
  if (session == NULL || (rows != NULL && karez_rows_get_count (rows)))
    return;
  hub_session_services_note_loss (hub_sessions_get_services (self), uninvited->account);
  hub_session_people_uninvited (hub_session_get_people (session), uninvited->account);
}

void
hub_sessions_uninvited (HubSessions *self, const char *id, const char *account)
{
  Uninvited *uninvited = g_new0 (Uninvited, 1);

  uninvited->self = g_object_ref (self);
  uninvited->session = g_strdup (id);
  uninvited->account = g_strdup (account);
  karez_store_query_async (hub_sessions_get_services (self)->store, "invitation_admits",
                           g_variant_new ("(ss)", id, account), NULL, on_still_admitted, uninvited);
}

/* The pairing. */

static const char unpaired[] = N_ ("the two hospitals are not paired any more");

static void
on_stopped (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autofree char *id = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) answer = hub_session_move_finish (HUB_SESSION_MOVE (source), result, &error);

  if (answer == NULL && !karez_error_is_conflict (error))
    hub_warning ("sessions", id,
                 "A session with a hospital that is not paired could not be ended: %s",
                 error->message);
}

void
hub_sessions_partner_gone (HubSessions *self, const char *partner)
{
  g_autoptr (GList) sessions = hub_sessions_list (self);
  HubSessionStep stop = { .edge = "stop", .reason = unpaired };

  for (GList *l = sessions; l != NULL; l = l->next)
    {
      HubSession *session = l->data;
      HubSessionInfo *info = hub_session_get_info (session);

      if (!g_str_equal (hub_session_info_get_partner (info), partner)
          || hub_session_info_is_over (info))
        continue;
      if (hub_session_info_is_hosted (info))
        hub_session_stop (session, &stop, on_stopped, g_strdup (hub_session_get_id (session)));
      else
        hub_session_abandon (session, unpaired);
    }
}
