/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counts wrong passwords and slows down who tries. */
#include "hub-web-guard.h"

#define MAX_KEYS 10000
#define MAX_SHARES 64
#define FORGET_US (15 * 60 * G_USEC_PER_SEC)
#define RECORD_US (5 * G_USEC_PER_SEC)

#define PAIR_FREE 10
#define ADDRESS_FREE 50
#define LOGIN_FREE 20
#define LOGIN_SHARE 5

typedef struct
{
  guint count;
  gboolean told; /* that it is full */
  gint64 last;
  guint unrecorded; /* of a pair */
  gint64 recorded;
  char *address;      /* where the last that is not recorded came from */
  GHashTable *shares; /* of a login: address → how many of the count are its */
} Count;

struct _HubWebGuard
{
  GHashTable *pairs, *addresses, *logins;
};

static void
count_free (Count *count)
{
  g_clear_pointer (&count->shares, g_hash_table_unref);
  g_free (count->address);
  g_free (count);
}

static GHashTable *
counts_new (void)
{
  return g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) count_free);
}

HubWebGuard *
hub_web_guard_new (void)
{
  HubWebGuard *self = g_new0 (HubWebGuard, 1);

  self->pairs = counts_new ();
  self->addresses = counts_new ();
  self->logins = counts_new ();
  return self;
}

void
hub_web_guard_free (HubWebGuard *self)
{
  g_hash_table_unref (self->pairs);
  g_hash_table_unref (self->addresses);
  g_hash_table_unref (self->logins);
  g_free (self);
}

static char *
pair_of (const HubWebTry *try)
{
  return g_strconcat (try->login, "\n", try->known != NULL ? try->known : try->address, NULL);
}

static Count *
find (GHashTable *table, const char *key, gint64 now)
{
  Count *count = g_hash_table_lookup (table, key);

  if (count != NULL && now - count->last > FORGET_US)
    {
      g_hash_table_remove (table, key);
      count = NULL;
    }
  return count;
}

/* Room for one more: the old ones go; if all are young, the one that was quiet longest. */
static void
make_room (GHashTable *table, gint64 now)
{
  GHashTableIter iter;
  gpointer key, value, oldest_key = NULL;
  gint64 oldest = G_MAXINT64;

  g_hash_table_iter_init (&iter, table);
  while (g_hash_table_iter_next (&iter, &key, &value))
    {
      Count *count = value;

      if (now - count->last > FORGET_US)
        g_hash_table_iter_remove (&iter);
      else if (count->last < oldest)
        {
          oldest = count->last;
          oldest_key = key;
        }
    }
  if (g_hash_table_size (table) >= MAX_KEYS && oldest_key != NULL)
    g_hash_table_remove (table, oldest_key);
}

static Count *
find_or_add (GHashTable *table, const char *key, gint64 now)
{
  Count *count = find (table, key, now);

  if (count != NULL)
    return count;
  if (g_hash_table_size (table) >= MAX_KEYS)
    make_room (table, now);
  count = g_new0 (Count, 1);
  count->last = now;
  g_hash_table_insert (table, g_strdup (key), count);
  return count;
}

static guint
wait_of (Count *count, guint free_tries, guint longest_s, gint64 now)
{
  gint64 delay, left;

  if (count == NULL || count->count < free_tries)
    return 0;
  delay = MIN (longest_s, 1u << MIN (count->count - free_tries, 12));
  left = count->last + delay * G_USEC_PER_SEC - now;
  return left > 0 ? (guint) ((left + G_USEC_PER_SEC - 1) / G_USEC_PER_SEC) : 0;
}

guint
hub_web_guard_wait (HubWebGuard *self, const HubWebTry *try, gint64 now)
{
  g_autofree char *pair = pair_of (try);
  guint by_pair = wait_of (find (self->pairs, pair, now), PAIR_FREE, 300, now);
  guint by_address, by_login;

  if (try->known != NULL)
    return by_pair;
  by_address = wait_of (find (self->addresses, try->address, now), ADDRESS_FREE, 300, now);
  by_login = wait_of (find (self->logins, try->login, now), LOGIN_FREE, 60, now);
  return MAX (by_pair, MAX (by_address, by_login));
}

static Count *
add_one (GHashTable *table, const char *key, gint64 now)
{
  Count *count = find_or_add (table, key, now);

  count->count++;
  count->last = now;
  return count;
}

static void
take_one (GHashTable *table, const char *key)
{
  Count *count = g_hash_table_lookup (table, key);

  if (count != NULL && count->count > 0)
    count->count--;
}

/* One address brings at most its share. */
static void
add_to_login (HubWebGuard *self, const HubWebTry *try, gint64 now)
{
  Count *count = find_or_add (self->logins, try->login, now);
  guint share;

  if (count->shares == NULL)
    count->shares = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  share = GPOINTER_TO_UINT (g_hash_table_lookup (count->shares, try->address));
  if (share == 0 && g_hash_table_size (count->shares) >= MAX_SHARES)
    g_hash_table_remove_all (count->shares);
  g_hash_table_insert (count->shares, g_strdup (try->address), GUINT_TO_POINTER (share + 1));
  if (share >= LOGIN_SHARE)
    return;
  count->count++;
  count->last = now;
}

static void
take_from_login (HubWebGuard *self, const HubWebTry *try)
{
  Count *count = g_hash_table_lookup (self->logins, try->login);
  guint share;

  if (count == NULL || count->shares == NULL)
    return;
  share = GPOINTER_TO_UINT (g_hash_table_lookup (count->shares, try->address));
  if (share == 0)
    return;
  g_hash_table_insert (count->shares, g_strdup (try->address), GUINT_TO_POINTER (share - 1));
  if (share <= LOGIN_SHARE && count->count > 0)
    count->count--;
}

void
hub_web_guard_begin (HubWebGuard *self, const HubWebTry *try, gint64 now)
{
  g_autofree char *pair = pair_of (try);

  add_one (self->pairs, pair, now);
  if (try->known != NULL)
    return;
  add_one (self->addresses, try->address, now);
  add_to_login (self, try, now);
}

void
hub_web_guard_undo (HubWebGuard *self, const HubWebTry *try)
{
  g_autofree char *pair = pair_of (try);

  take_one (self->pairs, pair);
  if (try->known != NULL)
    return;
  take_one (self->addresses, try->address);
  take_from_login (self, try);
}

void
hub_web_guard_right (HubWebGuard *self, const HubWebTry *try)
{
  g_autofree char *pair = pair_of (try);
  Count *of_pair = g_hash_table_lookup (self->pairs, pair);

  hub_web_guard_undo (self, try);
  if (of_pair != NULL)
    {
      of_pair->count = 0;
      of_pair->told = FALSE;
    }
  g_hash_table_remove (self->logins, try->login);
}

static gboolean
has_filled (GHashTable *table, const char *key, guint free_tries)
{
  Count *count = g_hash_table_lookup (table, key);

  if (count == NULL || count->told || count->count < free_tries)
    return FALSE;
  count->told = TRUE;
  return TRUE;
}

const char *
hub_web_guard_wrong (HubWebGuard *self, const HubWebTry *try)
{
  g_autofree char *pair = pair_of (try);

  if (has_filled (self->pairs, pair, PAIR_FREE))
    return try->known != NULL ? "known" : "pair";
  if (try->known != NULL)
    return NULL;
  if (has_filled (self->logins, try->login, LOGIN_FREE))
    return "login";
  return has_filled (self->addresses, try->address, ADDRESS_FREE) ? "address" : NULL;
}

guint
hub_web_guard_refuse (HubWebGuard *self, const HubWebTry *try, gint64 now)
{
  g_autofree char *pair = pair_of (try);
  Count *count = find_or_add (self->pairs, pair, now);
  guint due;

  count->unrecorded++;
  if (count->recorded != 0 && now - count->recorded < RECORD_US)
    {
      g_free (count->address);
      count->address = g_strdup (try->address);
      return 0;
    }
  due = count->unrecorded;
  count->unrecorded = 0;
  count->recorded = now;
  return due;
}

gboolean
hub_web_guard_flush (HubWebGuard *self, gint64 now, HubWebGuardFunc func, gpointer data)
{
  GHashTableIter iter;
  gpointer value;
  gboolean more = FALSE;

  g_hash_table_iter_init (&iter, self->pairs);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      Count *count = value;
      guint due = count->unrecorded;

      if (due == 0)
        continue;
      if (now - count->recorded < RECORD_US)
        {
          more = TRUE;
          continue;
        }
      count->unrecorded = 0;
      count->recorded = now;
      func (count->address, due, data);
    }
  return more;
}
