/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sign-ins in use at this moment, and what ends them. */
#include "hub-web-rights.h"

#include "hub-clock.h"
#include "hub-log.h"
#include "hub-web-sign-in.h"

#define PATIENCE_MS 500
#define AGAIN_MS 100
/* The longest sleep of the clock that ends sign-ins: it is a wall clock, which may be set. */
#define MAX_SLEEP_MS (10 * 1000)
#define MAX_NEWEST 16384

struct _HubWebRights
{
  KarezStore *store;
  GHashTable *sign_ins; /* set of HubWebSignIn, not owned */
  GHashTable *newest;   /* id → HubWebSignIn, owned: each that was seen, until it is over */
  GPtrArray *checks;    /* Check, not owned */
  guint expiry;
  gint64 expires; /* what it sleeps for */
  HubWebRightsFunc listener;
  gpointer listener_data;
};

/* One question to the database, owned by its callback or by the source that asks it again. */
typedef struct
{
  HubWebRights *self; /* NULL once it is answered, or nobody waits any more */
  char *account;
  GPtrArray *sign_ins; /* HubWebSignIn, those that were there when it was asked */
  guint patience, again;
  gboolean asking;
} Check;

static void
check_free (Check *check)
{
  g_clear_handle_id (&check->patience, g_source_remove);
  g_clear_handle_id (&check->again, g_source_remove);
  g_ptr_array_unref (check->sign_ins);
  g_free (check->account);
  g_free (check);
}

HubWebRights *
hub_web_rights_new (KarezStore *store)
{
  HubWebRights *self = g_new0 (HubWebRights, 1);

  self->store = g_object_ref (store);
  self->sign_ins = g_hash_table_new (NULL, NULL);
  self->newest = g_hash_table_new_full (g_str_hash, g_str_equal, NULL,
                                        (GDestroyNotify) hub_web_sign_in_unref);
  self->checks = g_ptr_array_new ();
  return self;
}

void
hub_web_rights_free (HubWebRights *self)
{
  GHashTableIter iter;
  gpointer sign_in;

  g_clear_handle_id (&self->expiry, g_source_remove);
  for (guint i = 0; i < self->checks->len; i++)
    {
      Check *check = self->checks->pdata[i];

      check->self = NULL;
      g_clear_handle_id (&check->patience, g_source_remove);
      if (!check->asking)
        check_free (check);
    }
  g_hash_table_iter_init (&iter, self->sign_ins);
  while (g_hash_table_iter_next (&iter, &sign_in, NULL))
    ((HubWebSignIn *) sign_in)->rights = NULL;
  g_hash_table_unref (self->newest);
  g_ptr_array_unref (self->checks);
  g_hash_table_unref (self->sign_ins);
  g_object_unref (self->store);
  g_free (self);
}

void
hub_web_rights_set_listener (HubWebRights *self, HubWebRightsFunc func, gpointer data)
{
  self->listener = func;
  self->listener_data = data;
}

static gboolean
is_good (HubWebSignIn *sign_in, gint64 now)
{
  return sign_in->expires > now && !g_cancellable_is_cancelled (sign_in->ended);
}

/* What @account may do by another sign-in that is known here. */
static GStrv
find_roles (HubWebRights *self, const char *account, gint64 now)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->sign_ins);
  while (g_hash_table_iter_next (&iter, &value, NULL))
    {
      HubWebSignIn *sign_in = value;

      if (g_str_equal (sign_in->account, account) && is_good (sign_in, now))
        return g_strdupv (sign_in->roles);
    }
  return NULL;
}

/* By its time, which is known without the database. */
static void
end_by_time (HubWebRights *self, HubWebSignIn *sign_in, gint64 now)
{
  g_auto (GStrv) roles = NULL;

  sign_in->over = TRUE;
  g_hash_table_remove (self->newest, sign_in->id);
  g_cancellable_cancel (sign_in->ended);
  roles = find_roles (self, sign_in->account, now);
  if (self->listener != NULL)
    self->listener (sign_in->account, (const char *const *) roles, TRUE, self->listener_data);
}

static void sleep_until (HubWebRights *self, gint64 expires);

static gboolean
on_expiry (gpointer data)
{
  HubWebRights *self = data;
  g_autoptr (GPtrArray)
      expired = g_ptr_array_new_with_free_func ((GDestroyNotify) hub_web_sign_in_unref);
  gint64 now = hub_clock_now (), next = G_MAXINT64;
  GHashTableIter iter;
  gpointer value;

  self->expiry = 0;
  g_hash_table_iter_init (&iter, self->sign_ins);
  while (g_hash_table_iter_next (&iter, &value, NULL))
    {
      HubWebSignIn *sign_in = value;

      if (sign_in->over)
        continue;
      if (sign_in->expires <= now)
        g_ptr_array_add (expired, hub_web_sign_in_ref (sign_in));
      else
        next = MIN (next, sign_in->expires);
    }
  if (next < G_MAXINT64)
    sleep_until (self, next);
  for (guint i = 0; i < expired->len; i++)
    end_by_time (self, expired->pdata[i], now);
  return G_SOURCE_REMOVE;
}

static void
sleep_until (HubWebRights *self, gint64 expires)
{
  gint64 ms = (expires - hub_clock_now ()) / G_TIME_SPAN_MILLISECOND + 1;

  g_clear_handle_id (&self->expiry, g_source_remove);
  self->expires = expires;
  self->expiry = g_timeout_add ((guint) CLAMP (ms, 0, MAX_SLEEP_MS), on_expiry, self);
}

void
hub_web_rights_add (HubWebRights *self, HubWebSignIn *sign_in)
{
  sign_in->rights = self;
  g_hash_table_add (self->sign_ins, sign_in);
  /* Nothing else keeps it while its page is away, and the places in sessions that it holds must
   * hear of its end. */
  if (g_hash_table_size (self->newest) < MAX_NEWEST)
    g_hash_table_replace (self->newest, sign_in->id, hub_web_sign_in_ref (sign_in));
  if (self->expiry == 0 || sign_in->expires < self->expires)
    sleep_until (self, sign_in->expires);
}

void
hub_web_rights_remove (HubWebRights *self, HubWebSignIn *sign_in)
{
  g_hash_table_remove (self->sign_ins, sign_in);
}

/* Whether @sign_in is among those in force, and what may be done by it is the @same. */
static gboolean
is_in_force (HubWebSignIn *sign_in, KarezRows *rows, gboolean *same)
{
  g_autofree char *roles = g_strjoinv (",", sign_in->roles);

  for (guint i = 0; i < karez_rows_get_count (rows); i++)
    if (g_str_equal (karez_rows_text (rows, i, "id"), sign_in->id))
      {
        *same = g_str_equal (karez_rows_text (rows, i, "roles"), roles)
                && karez_rows_boolean (rows, i, "password_temporary")
                       == sign_in->new_password_needed;
        return TRUE;
      }
  return FALSE;
}

static void
conclude (Check *check, KarezRows *rows)
{
  HubWebRights *self = check->self;
  g_auto (GStrv) roles = NULL;
  gboolean ended = FALSE;

  check->self = NULL;
  g_ptr_array_remove_fast (self->checks, check);
  for (guint i = 0; i < check->sign_ins->len; i++)
    {
      HubWebSignIn *sign_in = check->sign_ins->pdata[i];
      gboolean same = FALSE;

      sign_in->over = !is_in_force (sign_in, rows, &same);
      ended = ended || sign_in->over;
      if (sign_in->over)
        g_hash_table_remove (self->newest, sign_in->id);
      if (sign_in->over || !same)
        g_cancellable_cancel (sign_in->ended);
    }
  if (karez_rows_get_count (rows) > 0)
    roles = g_strsplit (karez_rows_text (rows, 0, "roles"), ",", -1);
  if (self->listener != NULL)
    self->listener (check->account, (const char *const *) roles, ended, self->listener_data);
}

static void ask (Check *check);

static gboolean
on_again (gpointer data)
{
  Check *check = data;

  check->again = 0;
  ask (check);
  return G_SOURCE_REMOVE;
}

static void
on_rows (GObject *source, GAsyncResult *result, gpointer data)
{
  Check *check = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (KarezRows) rows = karez_store_query_finish (KAREZ_STORE (source), result, &error);

  check->asking = FALSE;
  if (check->self != NULL && rows == NULL)
    {
      check->again = g_timeout_add (AGAIN_MS, on_again, check);
      return;
    }
  if (check->self != NULL)
    conclude (check, rows);
  check_free (check);
}

static void
ask (Check *check)
{
  check->asking = TRUE;
  karez_store_query_async (check->self->store, "sign_ins_in_force",
                           g_variant_new ("(s)", check->account), NULL, on_rows, check);
}

/* Nobody is put out of a session because the database is slow; their pages come again. */
static gboolean
on_impatient (gpointer data)
{
  Check *check = data;

  check->patience = 0;
  hub_warning ("web", check->account,
               "The database does not say which sign-ins are in force; their pages are closed.");
  for (guint i = 0; i < check->sign_ins->len; i++)
    g_cancellable_cancel (((HubWebSignIn *) check->sign_ins->pdata[i])->ended);
  return G_SOURCE_REMOVE;
}

void
hub_web_rights_check (HubWebRights *self, const char *account)
{
  Check *check = g_new0 (Check, 1);
  GHashTableIter iter;
  gpointer sign_in;

  check->self = self;
  check->account = g_strdup (account);
  check->sign_ins = g_ptr_array_new_with_free_func ((GDestroyNotify) hub_web_sign_in_unref);
  g_hash_table_iter_init (&iter, self->sign_ins);
  while (g_hash_table_iter_next (&iter, &sign_in, NULL))
    if (g_str_equal (((HubWebSignIn *) sign_in)->account, account))
      g_ptr_array_add (check->sign_ins, hub_web_sign_in_ref (sign_in));
  check->patience = g_timeout_add (PATIENCE_MS, on_impatient, check);
  g_ptr_array_add (self->checks, check);
  ask (check);
}
