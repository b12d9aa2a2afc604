/* SPDX-License-Identifier: LGPL-2.1-or-later */
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
  gint64 last;
  guint unrecorded;
  gint64 recorded;
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
pair_of (const char *login, const char *address)
{
  return g_strconcat (login, "\n", address, NULL);
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
hub_web_guard_wait (HubWebGuard *self, const char *login, const char *address, gint64 now)
{
  g_autofree char *pair = pair_of (login, address);
  guint by_pair = wait_of (find (self->pairs, pair, now), PAIR_FREE, 300, now);
  guint by_address = wait_of (find (self->addresses, address, now), ADDRESS_FREE, 300, now);
  guint by_login = wait_of (find (self->logins, login, now), LOGIN_FREE, 60, now);

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

void
hub_web_guard_begin (HubWebGuard *self, const char *login, const char *address, gint64 now)
{
  g_autofree char *pair = pair_of (login, address);
  Count *of_login = find_or_add (self->logins, login, now);
  guint share;

  add_one (self->pairs, pair, now);
  add_one (self->addresses, address, now);

  if (of_login->shares == NULL)
    of_login->shares = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  share = GPOINTER_TO_UINT (g_hash_table_lookup (of_login->shares, address));
  if (share == 0 && g_hash_table_size (of_login->shares) >= MAX_SHARES)
    g_hash_table_remove_all (of_login->shares);
  g_hash_table_insert (of_login->shares, g_strdup (address), GUINT_TO_POINTER (share + 1));
  if (share >= LOGIN_SHARE)
    return;
  of_login->count++;
  of_login->last = now;
}

void
hub_web_guard_undo (HubWebGuard *self, const char *login, const char *address)
{
  g_autofree char *pair = pair_of (login, address);
  Count *of_login = g_hash_table_lookup (self->logins, login);
  guint share;

  take_one (self->pairs, pair);
  take_one (self->addresses, address);
  if (of_login == NULL || of_login->shares == NULL)
    return;
  share = GPOINTER_TO_UINT (g_hash_table_lookup (of_login->shares, address));
  if (share == 0)
    return;
  g_hash_table_insert (of_login->shares, g_strdup (address), GUINT_TO_POINTER (share - 1));
  if (share <= LOGIN_SHARE && of_login->count > 0)
    of_login->count--;
}

void
hub_web_guard_right (HubWebGuard *self, const char *login, const char *address)
{
  g_autofree char *pair = pair_of (login, address);
  Count *of_pair = g_hash_table_lookup (self->pairs, pair);

  hub_web_guard_undo (self, login, address);
  if (of_pair != NULL)
    of_pair->count = 0;
}

guint
hub_web_guard_refuse (HubWebGuard *self, const char *login, const char *address, gint64 now)
{
  g_autofree char *pair = pair_of (login, address);
  Count *count = find_or_add (self->pairs, pair, now);
  guint due;

  count->unrecorded++;
  if (count->recorded != 0 && now - count->recorded < RECORD_US)
    return 0;
  due = count->unrecorded;
  count->unrecorded = 0;
  count->recorded = now;
  return due;
}

gboolean
hub_web_guard_flush (HubWebGuard *self, gint64 now, HubWebGuardFunc func, gpointer data)
{
  GHashTableIter iter;
  gpointer key, value;
  gboolean more = FALSE;

  g_hash_table_iter_init (&iter, self->pairs);
  while (g_hash_table_iter_next (&iter, &key, &value))
    {
      Count *count = value;
      guint due = count->unrecorded;
      g_auto (GStrv) pair = NULL;

      if (due == 0)
        continue;
      if (now - count->recorded < RECORD_US)
        {
          more = TRUE;
          continue;
        }
      pair = g_strsplit (key, "\n", 2);
      count->unrecorded = 0;
      count->recorded = now;
      func (pair[0], pair[1], due, data);
    }
  return more;
}
