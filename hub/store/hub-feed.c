/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Follows the list of events in the order of commits. */
#include "hub-feed.h"

#include "hub-id.h"
#include "hub-log.h"

#include <glib/gi18n.h>
#include <string.h>

#define NIL "00000000-0000-0000-0000-000000000000"
#define FOLLOW_LIMIT 200
#define SLOW_MS 1000
/* After a commit its rows may still stand above the oldest running transaction. */
#define QUICK_MS 20
#define QUICK_TRIES 8

struct _HubFeed
{
  GObject parent;
  HubStore *store;
  KarezStore *scope;
  char *cursor;
  guint timer;
  guint quick; /* looks left that follow soon */
  gboolean looking, again, stopped;
  GCancellable *cancellable;
};

G_DEFINE_FINAL_TYPE (HubFeed, hub_feed, G_TYPE_OBJECT)

enum
{
  EVENT,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

typedef struct
{
  guint64 xid;
  guint limit;
  char *given; /* cursor, NULL for now */
  char *next;
  GPtrArray *events;
  GPtrArray *cursors; /* of each event */
} Read;

static void
free_read (gpointer data)
{
  Read *read = data;

  g_free (read->given);
  g_free (read->next);
  g_ptr_array_unref (read->events);
  g_ptr_array_unref (read->cursors);
  g_free (read);
}

/* "XID.UUID" */
static gboolean
parse_cursor (const char *text, guint64 *xid)
{
  const char *dot = strchr (text, '.');
  g_autofree char *number = NULL;

  if (dot == NULL || !hub_id_is_valid (dot + 1))
    return FALSE;
  number = g_strndup (text, dot - text);
  return g_ascii_string_to_unsigned (number, 10, 1, G_MAXINT64, xid, NULL);
}

static void
on_rows (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Read *read = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (KarezRows) rows = karez_store_query_finish (KAREZ_STORE (source), result, &error);

  if (rows == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  for (guint i = 0; i < karez_rows_get_count (rows); i++)
    {
      g_ptr_array_add (read->events, karez_rows_json (rows, i, "event"));
      g_ptr_array_add (read->cursors, g_strdup (karez_rows_text (rows, i, "cursor")));
    }
  read->next = g_strdup (read->cursors->len > 0 ? read->cursors->pdata[read->cursors->len - 1]
                                                : read->given);
  g_task_return_boolean (task, TRUE);
}

static void
on_horizon (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Read *read = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (KarezRows) rows = karez_store_query_finish (KAREZ_STORE (source), result, &error);

  if (rows == NULL)
    g_task_return_error (task, error);
  else if (read->given == NULL)
    {
      read->next = g_strconcat (karez_rows_text (rows, 0, "below"), "." NIL, NULL);
      g_task_return_boolean (task, TRUE);
    }
  else if (read->xid > (guint64) karez_rows_integer (rows, 0, "above"))
    g_task_return_error (task,
                         karez_error_new (KAREZ_ERROR_INVALID, "events/cursor-ahead",
                                          N_ ("Read from the beginning or from now."),
                                          N_ ("The database was restored to a time before the "
                                              "cursor %s."),
                                          read->given));
  else
    {
      g_autofree char *xid = g_strdup_printf ("%" G_GUINT64_FORMAT, read->xid);

      karez_store_query_async (KAREZ_STORE (source), "event_after",
                               g_variant_new ("(ssis)", xid, strchr (read->given, '.') + 1,
                                              (int) read->limit,
                                              karez_rows_text (rows, 0, "below")),
                               g_task_get_cancellable (task), on_rows, g_object_ref (task));
    }
}

void
hub_feed_read_async (HubFeed *self, const char *cursor, guint limit, GCancellable *cancellable,
                     GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, data);
  Read *read = g_new0 (Read, 1);

  g_task_set_source_tag (task, hub_feed_read_async);
  read->given = g_strdup (cursor);
  read->limit = CLAMP (limit, 1, HUB_FEED_MAX);
  read->events = g_ptr_array_new_with_free_func ((GDestroyNotify) json_node_unref);
  read->cursors = g_ptr_array_new_with_free_func (g_free);
  g_task_set_task_data (task, read, free_read);

  if (cursor != NULL && !parse_cursor (cursor, &read->xid))
    g_task_return_error (task, karez_error_new (KAREZ_ERROR_INVALID, "events/cursor",
                                                N_ ("A cursor as it came with an event."),
                                                N_ ("%s is not a cursor."), cursor));
  else
    karez_store_query_async (self->scope, "event_horizon", NULL, cancellable, on_horizon,
                             g_steal_pointer (&task));
}

GPtrArray *
hub_feed_read_finish (HubFeed *self, GAsyncResult *result, char **cursor, GError **error)
{
  Read *read;

  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, hub_feed_read_async), NULL);

  if (!g_task_propagate_boolean (G_TASK (result), error))
    return NULL;
  read = g_task_get_task_data (G_TASK (result));
  if (cursor != NULL)
    *cursor = g_strdup (read->next);
  return g_ptr_array_ref (read->events);
}

const char *
hub_feed_get_cursor (HubFeed *self)
{
  return self->cursor;
}

static void look (HubFeed *self);

static gboolean
on_timer (gpointer data)
{
  HubFeed *self = data;

  self->timer = 0;
  look (self);
  return G_SOURCE_REMOVE;
}

static void
look_in (HubFeed *self, guint delay_ms)
{
  g_clear_handle_id (&self->timer, g_source_remove);
  if (!self->stopped)
    self->timer = g_timeout_add (delay_ms, on_timer, self);
}

static void
deliver (HubFeed *self, Read *read)
{
  for (guint i = 0; i < read->events->len && !self->stopped; i++)
    {
      g_free (self->cursor);
      self->cursor = g_strdup (read->cursors->pdata[i]);
      g_signal_emit (self, signals[EVENT], 0, read->events->pdata[i], self->cursor);
    }
  if (read->events->len == 0 && self->cursor == NULL)
    self->cursor = g_strdup (read->next);
}

static void
on_looked (GObject *source, GAsyncResult *result, gpointer data)
{
  HubFeed *self = HUB_FEED (source);
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) events = hub_feed_read_finish (self, result, NULL, &error);

  self->looking = FALSE;
  if (self->stopped)
    return;
  if (events == NULL)
    {
      /* The database's absence is told by the store; a restored one has no such cursor. */
      if (g_strcmp0 (karez_error_get_rule (error), "events/cursor-ahead") == 0)
        g_clear_pointer (&self->cursor, g_free);
      hub_debug ("store", "feed", "%s", error->message);
      look_in (self, SLOW_MS);
      return;
    }
  deliver (self, g_task_get_task_data (G_TASK (result)));
  if (events->len == FOLLOW_LIMIT || self->again)
    {
      self->again = FALSE;
      look (self);
    }
  else if (self->quick > 0)
    look_in (self, QUICK_MS << (QUICK_TRIES - self->quick--) / 2);
  else
    look_in (self, SLOW_MS);
}

static void
look (HubFeed *self)
{
  if (self->stopped)
    return;
  if (self->looking)
    {
      self->again = TRUE;
      return;
    }
  g_clear_handle_id (&self->timer, g_source_remove);
  self->looking = TRUE;
  hub_feed_read_async (self, self->cursor, FOLLOW_LIMIT, self->cancellable, on_looked, NULL);
}

static void
on_committed (HubStore *store, gpointer data)
{
  HubFeed *self = data;

  self->quick = QUICK_TRIES;
  look (self);
}

static void
on_available (HubStore *store, GParamSpec *pspec, gpointer data)
{
  if (hub_store_is_available (store))
    look (data);
}

HubFeed *
hub_feed_new (HubStore *store)
{
  HubFeed *self = g_object_new (HUB_TYPE_FEED, NULL);

  self->store = g_object_ref (store);
  self->scope = g_object_ref (hub_store_get_scope (store, "karez"));
  g_signal_connect (store, "committed", G_CALLBACK (on_committed), self);
  g_signal_connect (store, "notify::available", G_CALLBACK (on_available), self);
  if (hub_store_is_available (store))
    look (self);
  return self;
}

void
hub_feed_stop (HubFeed *self)
{
  if (self->stopped)
    return;
  self->stopped = TRUE;
  g_cancellable_cancel (self->cancellable);
  g_clear_handle_id (&self->timer, g_source_remove);
  g_signal_handlers_disconnect_by_data (self->store, self);
}

static void
hub_feed_finalize (GObject *object)
{
  HubFeed *self = HUB_FEED (object);

  hub_feed_stop (self);
  g_clear_object (&self->store);
  g_clear_object (&self->scope);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->cursor, g_free);

  G_OBJECT_CLASS (hub_feed_parent_class)->finalize (object);
}

static void
hub_feed_class_init (HubFeedClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = hub_feed_finalize;

  signals[EVENT] = g_signal_new ("event", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                 NULL, NULL, G_TYPE_NONE, 2, JSON_TYPE_NODE, G_TYPE_STRING);
}

static void
hub_feed_init (HubFeed *self)
{
  self->cancellable = g_cancellable_new ();
}
