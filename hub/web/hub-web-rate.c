/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Token buckets by key. */
#include "hub-web-rate.h"

#include <math.h>

typedef struct
{
  double tokens;
  gint64 at;
} Bucket;

struct _HubWebRate
{
  double per_second, burst;
  guint max_keys;
  GHashTable *buckets;
};

HubWebRate *
hub_web_rate_new (double per_second, double burst, guint max_keys)
{
  HubWebRate *self = g_new0 (HubWebRate, 1);

  self->per_second = per_second;
  self->burst = burst;
  self->max_keys = max_keys;
  self->buckets = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return self;
}

void
hub_web_rate_free (HubWebRate *self)
{
  g_hash_table_unref (self->buckets);
  g_free (self);
}

static void
refill (HubWebRate *self, Bucket *bucket, gint64 now)
{
  bucket->tokens = fmin (self->burst,
                         bucket->tokens + (double) (now - bucket->at) / 1e6 * self->per_second);
  bucket->at = now;
}

static void
forget (HubWebRate *self, gint64 now)
{
  GHashTableIter iter;
  gpointer bucket;

  g_hash_table_iter_init (&iter, self->buckets);
  while (g_hash_table_iter_next (&iter, NULL, &bucket))
    {
      refill (self, bucket, now);
      if (((Bucket *) bucket)->tokens >= self->burst)
        g_hash_table_iter_remove (&iter);
    }
  if (g_hash_table_size (self->buckets) >= self->max_keys)
    g_hash_table_remove_all (self->buckets);
}

gboolean
hub_web_rate_take (HubWebRate *self, const char *key, gint64 now, guint *wait_s)
{
  Bucket *bucket = g_hash_table_lookup (self->buckets, key);

  if (bucket == NULL)
    {
      if (g_hash_table_size (self->buckets) >= self->max_keys)
        forget (self, now);
      bucket = g_new0 (Bucket, 1);
      bucket->tokens = self->burst;
      bucket->at = now;
      g_hash_table_insert (self->buckets, g_strdup (key), bucket);
    }
  refill (self, bucket, now);
  if (bucket->tokens >= 1)
    {
      bucket->tokens -= 1;
      return TRUE;
    }
  if (wait_s != NULL)
    *wait_s = (guint) fmax (1, ceil ((1 - bucket->tokens) / self->per_second));
  return FALSE;
}
