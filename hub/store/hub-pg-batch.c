/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is sent to the server at once in pipeline mode, and its results. */
#include "hub-pg-batch.h"

typedef struct
{
  const HubStatement *prepare; /* or */
  const char *text;            /* or */
  char *key;
  HubPgParams *params;
  PGresult *result;
} Item;

struct _HubPgBatch
{
  HubPgEnd end;
  GPtrArray *items;
  guint answered; /* items whose answer is complete */
  gboolean open;  /* an answer of the next item has come */
};

static void
free_item (gpointer data)
{
  Item *item = data;

  g_free (item->key);
  g_clear_pointer (&item->params, hub_pg_params_free);
  PQclear (item->result);
  g_free (item);
}

HubPgBatch *
hub_pg_batch_new (HubPgEnd end)
{
  HubPgBatch *self = g_rc_box_new0 (HubPgBatch);

  self->end = end;
  self->items = g_ptr_array_new_with_free_func (free_item);
  return self;
}

HubPgBatch *
hub_pg_batch_ref (HubPgBatch *self)
{
  return g_rc_box_acquire (self);
}

static void
clear (HubPgBatch *self)
{
  g_ptr_array_unref (self->items);
}

void
hub_pg_batch_unref (HubPgBatch *self)
{
  g_rc_box_release_full (self, (GDestroyNotify) clear);
}

static Item *
add (HubPgBatch *self)
{
  Item *item = g_new0 (Item, 1);

  g_ptr_array_add (self->items, item);
  return item;
}

guint
hub_pg_batch_add (HubPgBatch *self, const char *key, HubPgParams *params)
{
  Item *item = add (self);

  item->key = g_strdup (key);
  item->params = params;
  return self->items->len - 1;
}

guint
hub_pg_batch_add_text (HubPgBatch *self, const char *sql)
{
  add (self)->text = sql;
  return self->items->len - 1;
}

guint
hub_pg_batch_add_prepare (HubPgBatch *self, const HubStatement *statement)
{
  add (self)->prepare = statement;
  return self->items->len - 1;
}

const PGresult *
hub_pg_batch_get_result (HubPgBatch *self, guint index)
{
  return index < self->items->len ? ((Item *) self->items->pdata[index])->result : NULL;
}

guint
hub_pg_batch_get_count (HubPgBatch *self)
{
  return self->items->len;
}

HubPgEnd
hub_pg_batch_get_end (HubPgBatch *self)
{
  return self->end;
}

int
hub_pg_batch_get_failed (HubPgBatch *self, const PGresult **result)
{
  for (guint i = 0; i < self->items->len; i++)
    {
      Item *item = self->items->pdata[i];

      if (item->result != NULL && PQresultStatus (item->result) == PGRES_FATAL_ERROR)
        {
          *result = item->result;
          return (int) i;
        }
    }
  return -1;
}

static const char *
column_name (gpointer data, guint column)
{
  return PQfname (data, (int) column);
}

static const char *
value (gpointer data, guint row, guint column)
{
  return PQgetisnull (data, (int) row, (int) column) ? NULL
                                                     : PQgetvalue (data, (int) row, (int) column);
}

KarezRows *
hub_pg_batch_take_rows (HubPgBatch *self, guint index)
{
  Item *item = self->items->pdata[index];
  KarezRowsSource source = { 0 };

  if (item->result == NULL)
    return NULL;
  source.data = g_steal_pointer (&item->result);
  source.n_rows = PQntuples (source.data);
  source.n_columns = PQnfields (source.data);
  source.affected = (guint) g_ascii_strtoull (PQcmdTuples (source.data), NULL, 10);
  source.column_name = column_name;
  source.value = value;
  source.destroy = (GDestroyNotify) PQclear;
  return karez_rows_new (&source);
}

static gboolean
send_item (Item *item, PGconn *pg)
{
  HubPgParams *params = item->params;

  if (item->prepare != NULL)
    return PQsendPrepare (pg, item->prepare->key, item->prepare->sql, 0, NULL);
  if (item->text != NULL)
    return PQsendQueryParams (pg, item->text, 0, NULL, NULL, NULL, NULL, 0);
  return PQsendQueryPrepared (pg, item->key, params->count, (const char *const *) params->values,
                              params->lengths, params->formats, 0);
}

gboolean
hub_pg_batch_send (HubPgBatch *self, PGconn *pg)
{
  for (guint i = 0; i < self->items->len; i++)
    {
      if (!send_item (self->items->pdata[i], pg))
        return FALSE;
    }
  return self->end == HUB_PG_SYNC ? PQpipelineSync (pg) : PQsendFlushRequest (pg);
}

gboolean
hub_pg_batch_take (HubPgBatch *self, PGresult *result, gboolean *progress)
{
  Item *item;

  *progress = TRUE;
  if (result == NULL)
    {
      /* The end of one statement's answer; two in a row mean that nothing is there yet. */
      *progress = self->open;
      if (self->open)
        self->answered++;
      self->open = FALSE;
      return *progress && self->end == HUB_PG_FLUSH && self->answered == self->items->len;
    }
  if (PQresultStatus (result) == PGRES_PIPELINE_SYNC)
    {
      PQclear (result);
      return TRUE;
    }
  if (self->answered < self->items->len)
    {
      item = self->items->pdata[self->answered];
      PQclear (item->result);
      item->result = result;
      self->open = TRUE;
    }
  else
    PQclear (result);
  return FALSE;
}
