/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a session wants kept, on disk until the hub has it. */
#include "hub-spool.h"

/* What goes to disk at once, about. */
#define BATCH_BYTES (4 * 1024 * 1024)
#define RETRY_US G_USEC_PER_SEC

struct _HubSpool
{
  GObject parent_instance;

  char *path;

  /* The main thread's. */
  GTree *waiting; /* guint64 * → GBytes; on disk or not */
  gsize waiting_bytes;
  guint64 last, durable;
  guint damaged;
  gboolean troubled, removed;
  guint stall_source;
  GSource *news; /* that the thread has done something */
  GThread *thread;

  /* Both threads', under the mutex. */
  GMutex mutex;
  GCond wake, done;
  GQueue pending;    /* HubSpoolRecord: not on disk */
  guint64 forgotten; /* up to this number */
  guint64 written;   /* up to this number */
  GError *trouble;   /* what the last try met; NULL: it went well */
  guint n_refused;   /* tries without success */
  guint64 dropped;   /* up to this number the thread has forgotten */
  gboolean working, removing, gone, ending;

  HubSpoolFile *file; /* of whoever writes: the thread, or nobody else while it runs */
};

G_DEFINE_FINAL_TYPE (HubSpool, hub_spool, G_TYPE_OBJECT)

enum
{
  DURABLE,
  FAILED,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

static gint
compare (gconstpointer a, gconstpointer b, gpointer data)
{
  guint64 left = *(const guint64 *) a, right = *(const guint64 *) b;

  return left < right ? -1 : left > right;
}

static void
keep (HubSpool *self, guint64 sequence, GBytes *record)
{
  g_tree_insert (self->waiting, g_memdup2 (&sequence, sizeof sequence), g_bytes_ref (record));
  self->waiting_bytes += hub_spool_record_get_size (record);
}

HubSpool *
hub_spool_open (const char *path, GError **error)
{
  g_autoptr (HubSpool) self = g_object_new (HUB_TYPE_SPOOL, NULL);

  self->path = g_strdup (path);
  self->file = hub_spool_file_open (path, &self->damaged, error);
  if (self->file == NULL)
    return NULL;
  for (GList *one = hub_spool_file_get_kept (self->file)->head; one != NULL; one = one->next)
    {
      HubSpoolRecord *record = one->data;

      keep (self, record->sequence, record->payload);
    }
  self->durable = self->written = self->last = hub_spool_file_get_last (self->file);
  return g_steal_pointer (&self);
}

/* Writing. None of these is called with the mutex locked but work(). */

static gboolean
has_work (HubSpool *self)
{
  return !self->gone
         && (self->removing || self->pending.length > 0 || self->forgotten > self->dropped);
}

static void
take_batch (HubSpool *self, GQueue *batch)
{
  HubSpoolRecord *record = NULL;
  gsize size = 0;

  while (size < BATCH_BYTES && (record = g_queue_pop_head (&self->pending)) != NULL)
    {
      size += hub_spool_record_get_size (record->payload);
      g_queue_push_tail (batch, record);
    }
}

/* Takes what there is to do and does it; called with the mutex, which is free meanwhile. */
static gboolean
work (HubSpool *self)
{
  GQueue batch = G_QUEUE_INIT;
  guint64 forgotten = self->forgotten;
  gboolean removing = self->removing;
  GError *error = NULL;
  gboolean done = TRUE;

  self->working = TRUE;
  take_batch (self, &batch);
  g_mutex_unlock (&self->mutex);
  if (removing)
    hub_spool_file_remove (self->file);
  else
    {
      done = !batch.length || hub_spool_file_append (self->file, &batch, &error);
      if (hub_spool_file_forget (self->file, forgotten) && done)
        hub_spool_file_compact (self->file);
    }
  g_mutex_lock (&self->mutex);
  while (batch.length)
    g_queue_push_head (&self->pending, g_queue_pop_tail (&batch));
  g_clear_error (&self->trouble);
  self->trouble = error;
  self->written = hub_spool_file_get_last (self->file);
  self->dropped = forgotten;
  self->gone = removing;
  self->n_refused += !done;
  self->working = FALSE;
  return done;
}

static gpointer
write_always (gpointer data)
{
  HubSpool *self = data;

  g_mutex_lock (&self->mutex);
  while (!self->ending)
    {
      gboolean done = TRUE;

      if (!has_work (self))
        {
          g_cond_wait (&self->wake, &self->mutex);
          continue;
        }
      done = work (self);
      g_source_set_ready_time (self->news, 0);
      g_cond_broadcast (&self->done);
      for (gint64 until = g_get_monotonic_time () + RETRY_US; !done && !self->ending;)
        if (!g_cond_wait_until (&self->wake, &self->mutex, until))
          break;
    }
  g_mutex_unlock (&self->mutex);
  return NULL;
}

/* The main thread. */

static void
fail_for (HubSpool *self, const GError *error)
{
  self->troubled = TRUE;
  g_signal_emit (self, signals[FAILED], 0, error);
}

static gboolean
on_stalled (gpointer data)
{
  HubSpool *self = data;
  g_autoptr (GError) error = g_error_new (G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                                          "the disk of %s does not answer", self->path);

  self->stall_source = 0;
  fail_for (self, error);
  return G_SOURCE_REMOVE;
}

static void
watch_disk (HubSpool *self, gboolean anew)
{
  if (anew)
    g_clear_handle_id (&self->stall_source, g_source_remove);
  if (self->durable < self->last && !self->stall_source && !self->troubled)
    self->stall_source = g_timeout_add (HUB_SPOOL_STALLED_MS, on_stalled, self);
}

static gboolean
on_news (gpointer data)
{
  g_autoptr (HubSpool) self = g_object_ref (data);
  g_autoptr (GError) trouble = NULL;
  guint64 written;

  g_mutex_lock (&self->mutex);
  written = self->written;
  trouble = self->trouble != NULL ? g_error_copy (self->trouble) : NULL;
  g_mutex_unlock (&self->mutex);
  if (written > self->durable)
    {
      self->durable = written;
      self->troubled = FALSE;
      watch_disk (self, TRUE);
      g_signal_emit (self, signals[DURABLE], 0, written);
    }
  if (trouble != NULL)
    {
      g_clear_handle_id (&self->stall_source, g_source_remove);
      fail_for (self, trouble);
    }
  return G_SOURCE_CONTINUE;
}

static gboolean
dispatch_news (GSource *source, GSourceFunc callback, gpointer data)
{
  g_source_set_ready_time (source, -1);
  return callback (data);
}

void
hub_spool_start (HubSpool *self)
{
  static GSourceFuncs functions = { .dispatch = dispatch_news };

  if (self->thread != NULL)
    return;
  self->news = g_source_new (&functions, sizeof (GSource));
  g_source_set_callback (self->news, on_news, self, NULL);
  g_source_attach (self->news, g_main_context_get_thread_default ());
  watch_disk (self, FALSE);
  self->thread = g_thread_new ("spool", write_always, self);
}

static gboolean
refuse (HubSpool *self, gint code, GError **error)
{
  g_set_error (error, G_IO_ERROR, code, "%s takes no more", self->path);
  return FALSE;
}

static gboolean
has_room (HubSpool *self, GBytes *record, GError **error)
{
  gsize whole = hub_spool_record_get_size (record);

  if (self->removed)
    return refuse (self, G_IO_ERROR_CLOSED, error);
  if (g_bytes_get_size (record) > HUB_SPOOL_MAX_RECORD
      || self->waiting_bytes + whole > HUB_SPOOL_MAX_WAITING
      || (self->troubled && self->last - self->durable >= HUB_SPOOL_MAX_TROUBLED))
    return refuse (self, G_IO_ERROR_NO_SPACE, error);
  return TRUE;
}

guint64
hub_spool_append (HubSpool *self, GBytes *record, GError **error)
{
  if (!has_room (self, record, error))
    return 0;
  self->last++;
  keep (self, self->last, record);
  g_mutex_lock (&self->mutex);
  g_queue_push_tail (&self->pending, hub_spool_record_new (self->last, record));
  g_cond_signal (&self->wake);
  g_mutex_unlock (&self->mutex);
  if (self->thread != NULL)
    watch_disk (self, FALSE);
  return self->last;
}

GBytes *
hub_spool_get (HubSpool *self, guint64 sequence)
{
  return sequence <= self->durable ? g_tree_lookup (self->waiting, &sequence) : NULL;
}

guint64
hub_spool_next (HubSpool *self, guint64 from)
{
  GTreeNode *node = g_tree_lower_bound (self->waiting, &from);
  guint64 found = node != NULL ? *(guint64 *) g_tree_node_key (node) : 0;

  return found <= self->durable ? found : 0;
}

void
hub_spool_forget (HubSpool *self, guint64 sequence)
{
  guint64 first = hub_spool_next (self, 0);

  while (first && first <= sequence)
    {
      self->waiting_bytes -= hub_spool_record_get_size (hub_spool_get (self, first));
      g_tree_remove (self->waiting, &first);
      first = hub_spool_next (self, 0);
    }
  g_mutex_lock (&self->mutex);
  self->forgotten = MAX (self->forgotten, MIN (sequence, self->durable));
  g_cond_signal (&self->wake);
  g_mutex_unlock (&self->mutex);
}

guint64
hub_spool_get_last (HubSpool *self)
{
  return self->last;
}

guint64
hub_spool_get_durable (HubSpool *self)
{
  return self->durable;
}

guint
hub_spool_get_waiting (HubSpool *self)
{
  return g_tree_nnodes (self->waiting);
}

gboolean
hub_spool_is_troubled (HubSpool *self)
{
  return self->troubled;
}

guint
hub_spool_get_damaged (HubSpool *self)
{
  return self->damaged;
}

void
hub_spool_remove (HubSpool *self)
{
  self->removed = TRUE;
  g_clear_handle_id (&self->stall_source, g_source_remove);
  g_mutex_lock (&self->mutex);
  g_queue_clear_full (&self->pending, hub_spool_record_free);
  self->removing = TRUE;
  g_cond_signal (&self->wake);
  g_mutex_unlock (&self->mutex);
}

/* With the mutex. A try that is under way knows nothing of what came since. */
static void
wait_for_thread (HubSpool *self)
{
  guint refused = self->n_refused + (self->working ? 2 : 1);

  g_cond_signal (&self->wake);
  while ((has_work (self) || self->working) && self->n_refused < refused)
    g_cond_wait (&self->done, &self->mutex);
}

gboolean
hub_spool_flush (HubSpool *self, GError **error)
{
  g_autoptr (GError) trouble = NULL;

  g_mutex_lock (&self->mutex);
  if (self->thread != NULL)
    wait_for_thread (self);
  else
    while (has_work (self) && work (self))
      ;
  trouble = self->trouble != NULL ? g_error_copy (self->trouble) : NULL;
  g_mutex_unlock (&self->mutex);
  on_news (self);
  if (trouble == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&trouble));
  return FALSE;
}

static void
hub_spool_finalize (GObject *object)
{
  HubSpool *self = HUB_SPOOL (object);

  g_clear_handle_id (&self->stall_source, g_source_remove);
  g_mutex_lock (&self->mutex);
  self->ending = TRUE;
  g_cond_signal (&self->wake);
  g_mutex_unlock (&self->mutex);
  g_clear_pointer (&self->thread, g_thread_join);
  if (self->news != NULL)
    g_source_destroy (self->news);
  g_clear_pointer (&self->news, g_source_unref);
  g_clear_error (&self->trouble);
  g_queue_clear_full (&self->pending, hub_spool_record_free);
  g_clear_pointer (&self->file, hub_spool_file_free);
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->wake);
  g_cond_clear (&self->done);
  g_free (self->path);
  g_tree_unref (self->waiting);

  G_OBJECT_CLASS (hub_spool_parent_class)->finalize (object);
}

static void
hub_spool_class_init (HubSpoolClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = hub_spool_finalize;

  signals[DURABLE] = g_signal_new ("durable", HUB_TYPE_SPOOL, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                   NULL, G_TYPE_NONE, 1, G_TYPE_UINT64);
  signals[FAILED] = g_signal_new ("failed", HUB_TYPE_SPOOL, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                  G_TYPE_NONE, 1, G_TYPE_ERROR | G_SIGNAL_TYPE_STATIC_SCOPE);
}

static void
hub_spool_init (HubSpool *self)
{
  g_mutex_init (&self->mutex);
  g_cond_init (&self->wake);
  g_cond_init (&self->done);
  g_queue_init (&self->pending);
  self->waiting = g_tree_new_full (compare, NULL, g_free, (GDestroyNotify) g_bytes_unref);
}
