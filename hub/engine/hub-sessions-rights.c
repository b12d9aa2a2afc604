/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What ends with a right: the places in sessions of a person whose account, sign-in, role or
 * invitation is gone, what they send and are sent, and the sessions with a hospital that is not
 * paired any more. */
#include "hub-sessions-private.h"

#include "hub-catalogue.h"
#include "hub-log.h"
#include "hub-role-table.h"

/* Each loss has a number, so that what waited while it happened can tell. */

guint
hub_sessions_now (HubSessions *self)
{
  return self->losses;
}

gboolean
hub_sessions_check_since (HubSessions *self, KarezActor *actor, guint then, GError **error)
{
  guint last = GPOINTER_TO_UINT (g_hash_table_lookup (self->lost, karez_actor_get_id (actor)));

  if (last <= then)
    return TRUE;
  return karez_error_set (error, KAREZ_ERROR_DENIED, "session/revoked",
                          N_ ("the same act again, with the rights that are left"),
                          N_ ("What you may do has changed meanwhile."));
}

static void
on_worker_told (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autofree char *id = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) answer = hub_worker_proxy_finish (HUB_WORKER_PROXY (source), result, &error);

  if (!answer)
    hub_warning ("sessions", id, "The worker did not take the end of somebody's rights: %s",
                 error->message);
}

/* Also of what this hub's table does not have: an echo. */
static void
revoke_at_worker (HubSessions *self, HubSession *session, const char *account)
{
  HubWorkerProxy *proxy = hub_supervisor_get_worker (self->supervisor, session->id);

  if (proxy)
    hub_worker_proxy_revoke_async (proxy, account, NULL, on_worker_told, g_strdup (session->id));
}

typedef gboolean (*Loses) (HubSessions *self, HubSession *session, HubSessionPerson *person,
                           gpointer data);

/* Those of @account who @loses says have lost their place. */
static void
put_out_some (HubSessions *self, HubSession *session, const char *account, const char *reason,
              Loses loses, gpointer data)
{
  g_autoptr (GList) persons = g_hash_table_get_values (session->persons);

  for (GList *l = persons; l; l = l->next)
    {
      HubSessionPerson *person = l->data;

      if (karez_actor_get_kind (person->actor) == KAREZ_ACTOR_PERSON
          && g_str_equal (karez_actor_get_id (person->actor), account)
          && loses (self, session, person, data))
        hub_sessions_put_out (self, session, person, reason);
    }
}

static gboolean
loses_always (HubSessions *self, HubSession *session, HubSessionPerson *person, gpointer data)
{
  return TRUE;
}

static void
note_loss (HubSessions *self, const char *account)
{
  g_hash_table_insert (self->lost, g_strdup (account), GUINT_TO_POINTER (++self->losses));
}

/* The account, or one of its sign-ins. */

typedef struct
{
  KarezActor *actor; /* with the roles that are left, or NULL */
  gboolean ended;
} Change;

static KarezActor *
with_roles_of (KarezActor *actor, KarezActor *other)
{
  return karez_actor_new (karez_actor_get_kind (actor), karez_actor_get_id (actor),
                          karez_actor_get_name (actor), karez_actor_get_roles (other),
                          karez_actor_get_address (actor), karez_actor_get_hub (actor));
}

/* Who keeps a place that the new roles may take keeps it: nobody falls out of an operation because
 * their title was corrected. A page that is away cannot show that its own sign-in is in force. */
static gboolean
loses_by_change (HubSessions *self, HubSession *session, HubSessionPerson *person, gpointer data)
{
  Change *change = data;
  JsonNode *table = hub_sessions_role_table (self, session, NULL);
  g_autoptr (KarezActor) actor = NULL;

  if (!change->actor || (change->ended && !person->connection)
      || (table
          && !hub_role_table_check (table, person->role, karez_actor_get_roles (change->actor),
                                    NULL)))
    return TRUE;
  actor = with_roles_of (person->actor, change->actor);
  karez_actor_unref (person->actor);
  person->actor = g_steal_pointer (&actor);
  return FALSE;
}

void
hub_sessions_account_changed (HubSessions *self, const char *account, KarezActor *actor,
                              gboolean ended)
{
  g_autoptr (GList) sessions = g_hash_table_get_values (self->sessions);
  Change change = { actor, ended };

  if (!actor || ended)
    note_loss (self, account);
  for (GList *l = sessions; l; l = l->next)
    {
      put_out_some (self, l->data, account, "revoked", loses_by_change, &change);
      if (!actor)
        revoke_at_worker (self, l->data, account);
    }
}

void
hub_sessions_page_revoked (HubSessions *self, const char *connection)
{
  g_autoptr (GList) sessions = g_hash_table_get_values (self->sessions);

  for (GList *l = sessions; l; l = l->next)
    {
      HubSessionPerson *person = hub_session_find_page (l->data, connection);

      if (person)
        hub_sessions_put_out (self, l->data, person, "revoked");
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
  if (!session || (rows && karez_rows_get_count (rows)))
    return;
  note_loss (self, uninvited->account);
  put_out_some (self, session, uninvited->account, "uninvited", loses_always, NULL);
  revoke_at_worker (self, session, uninvited->account);
}

void
hub_sessions_uninvited (HubSessions *self, const char *id, const char *account)
{
  Uninvited *uninvited = g_new0 (Uninvited, 1);

  uninvited->self = g_object_ref (self);
  uninvited->session = g_strdup (id);
  uninvited->account = g_strdup (account);
  karez_store_query_async (self->store, "invitation_admits", g_variant_new ("(ss)", id, account),
                           NULL, on_still_admitted, uninvited);
}

/* The pairing. */

static const char unpaired[] = N_ ("the two hospitals are not paired any more");

static void
on_stopped (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autofree char *id = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) answer = hub_sessions_move_finish (HUB_SESSIONS (source), result, &error);

  if (!answer && !karez_error_is_conflict (error))
    hub_warning ("sessions", id,
                 "A session with a hospital that is not paired could not be ended: "
                 "%s",
                 error->message);
}

void
hub_sessions_partner_gone (HubSessions *self, const char *partner)
{
  g_autoptr (GList) sessions = g_hash_table_get_values (self->sessions);
  HubSessionStep stop = { .edge = "stop", .reason = unpaired };

  for (GList *l = sessions; l; l = l->next)
    {
      HubSession *session = l->data;

      if (!g_str_equal (session->partner, partner) || hub_state_is_over (session->state))
        continue;
      if (session->hosted)
        hub_sessions_move_async (self, session->id, &stop, self->actor, NULL, on_stopped,
                                 g_strdup (session->id));
      else
        hub_sessions_abandon (self, session, unpaired);
    }
}
