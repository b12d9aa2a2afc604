/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fetches the parts of files that other hospitals announced. */
#include "consult-puller.h"

#include "consult-file.h"
#include "consult-parts.h"

#include <glib/gi18n.h>

#define AGAIN_SECONDS 10
#define MAX_REST_SECONDS 600

struct _ConsultPuller
{
  GObject parent_instance;

  ConsultHub *hub;
  GPtrArray *coming; /* of Coming: one file of each hospital */
  guint next;        /* the file of which a part is being fetched */
  gboolean busy;     /* from the first question to the last answer */
  gboolean woken;    /* there is another file to fetch, found while it was busy */
  GHashTable *rests; /* of files that could not be fetched, by id: Rest */
  guint again;
};

G_DEFINE_FINAL_TYPE (ConsultPuller, consult_puller, G_TYPE_OBJECT)

/* A file that has not come whole. */
typedef struct
{
  char *id, *request, *hub, *media_type;
  const char *charset; /* static: what its parts have told */
  gint64 size;
  guint part; /* that is to be fetched */
} Coming;

static void
coming_free (gpointer data)
{
  Coming *file = data;

  g_free (file->id);
  g_free (file->request);
  g_free (file->hub);
  g_free (file->media_type);
  g_free (file);
}

/* How long a file that could not be fetched stands back: others have their turn. */
typedef struct
{
  char *hub;
  gint64 until; /* monotonic */
  guint seconds;
} Rest;

static void
rest_free (gpointer data)
{
  Rest *rest = data;

  g_free (rest->hub);
  g_free (rest);
}

static void fetch_next (ConsultPuller *self);

static Coming *
get_file (ConsultPuller *self)
{
  return g_ptr_array_index (self->coming, self->next);
}

static gboolean
on_again (gpointer data)
{
  ConsultPuller *self = data;

  self->again = 0;
  consult_puller_wake (self);
  return G_SOURCE_REMOVE;
}

/* Until a file's rest is over; a hospital that is back, and a file that is announced, wake it. */
static void
rest (ConsultPuller *self)
{
  gint64 next = G_MAXINT64;
  GHashTableIter iter;
  gpointer value;

  self->busy = FALSE;
  if (self->woken)
    {
      consult_puller_wake (self);
      return;
    }
  g_hash_table_iter_init (&iter, self->rests);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    next = MIN (next, ((Rest *) value)->until);
  if (self->again == 0 && next != G_MAXINT64)
    {
      gint64 left = MAX (next - g_get_monotonic_time (), 0) / G_USEC_PER_SEC;

      self->again = g_timeout_add_seconds (MAX ((guint) left + 1, AGAIN_SECONDS), on_again, self);
    }
}

static gboolean
is_of_hub (gpointer id, gpointer value, gpointer hub)
{
  return g_str_equal (((Rest *) value)->hub, hub);
}

static void
on_peer_changed (KarezPeers *peers, const char *peer, ConsultPuller *self)
{
  if (karez_peers_get_state (peers, peer) != KAREZ_PEER_UP)
    return;
  g_hash_table_foreach_remove (self->rests, is_of_hub, (gpointer) peer);
  consult_puller_wake (self);
}

static void
put_back (ConsultPuller *self, const GError *error)
{
  Coming *file = get_file (self);
  Rest *known = g_hash_table_lookup (self->rests, file->id);
  Rest *later = g_new0 (Rest, 1);

  g_message ("%s: part %u could not be fetched yet: %s", file->id, file->part, error->message);
  later->seconds = known != NULL ? MIN (known->seconds * 2, MAX_REST_SECONDS) : AGAIN_SECONDS;
  later->hub = g_strdup (file->hub);
  later->until = g_get_monotonic_time () + later->seconds * G_USEC_PER_SEC;
  g_hash_table_replace (self->rests, g_strdup (file->id), later);
  /* When it is the file, and not the way, the hospital's next one has its turn. */
  if (g_error_matches (error, KAREZ_ERROR, KAREZ_ERROR_INVALID))
    self->woken = TRUE;
  g_ptr_array_remove_index (self->coming, self->next);
  fetch_next (self);
}

static void
on_part_kept (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (ConsultPuller) self = data;
  g_autoptr (GError) error = NULL;
  Coming *file = get_file (self);

  if (!karez_transaction_commit_finish (KAREZ_TRANSACTION (source), result, &error))
    {
      put_back (self, error);
      return;
    }
  g_hash_table_remove (self->rests, file->id);
  file->part++;
  if (file->part < consult_file_count_parts (file->size))
    self->next++;
  else
    {
      self->woken = TRUE;
      g_ptr_array_remove_index (self->coming, self->next);
    }
  fetch_next (self);
}

static void
on_broken (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (ConsultPuller) self = data;
  g_autoptr (GError) error = NULL;

  if (!karez_transaction_commit_finish (KAREZ_TRANSACTION (source), result, &error))
    {
      put_back (self, error);
      return;
    }
  self->woken = TRUE;
  g_ptr_array_remove_index (self->coming, self->next);
  fetch_next (self);
}

/* What the other hospital sends is not what it announced: no more of it is fetched or shown. */
static void
refuse_file (ConsultPuller *self, const GError *why)
{
  Coming *file = get_file (self);
  g_autoptr (KarezTransaction) transaction = consult_hub_begin (self->hub);

  g_message ("%s: the file is refused: %s", file->id, why->message);
  karez_transaction_about (transaction, file->request, NULL);
  karez_transaction_run (transaction, "part_discard", "(s)", file->id);
  karez_transaction_run (transaction, "attachment_break", "(s)", file->id);
  karez_transaction_event (transaction, "attachment.refuse", "attachment", file->id, NULL);
  karez_transaction_commit_async (transaction, NULL, on_broken, g_object_ref (self));
}

static void
keep_part (ConsultPuller *self, GBytes *bytes)
{
  Coming *file = get_file (self);
  guint parts = consult_file_count_parts (file->size);
  g_autoptr (KarezActor)
      actor = karez_actor_new (KAREZ_ACTOR_HUB, "consult", "Video consultation", NULL, NULL, NULL);
  g_autoptr (KarezTransaction) transaction = karez_store_begin (self->hub->store, actor);

  karez_transaction_about (transaction, file->request, NULL);
  karez_transaction_run (transaction, "part_keep", "(si@ay)", file->id, (gint32) file->part,
                         g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, bytes, TRUE));
  karez_transaction_run (transaction, "attachment_close", "(s)", file->id);
  if (file->charset != NULL)
    karez_transaction_run (transaction, "attachment_charset", "(ss)", file->id, file->charset);
  karez_transaction_event (
      transaction, file->part + 1 == parts ? "attachment.receive" : "attachment.part", "attachment",
      file->id,
      karez_json_object ("part", "i", (gint64) file->part + 1, "parts", "i", (gint64) parts, NULL));
  karez_transaction_commit_async (transaction, NULL, on_part_kept, g_object_ref (self));
}

/* Exactly the part that was asked for, or NULL with @error. */
static GBytes *
read_part (const Coming *file, JsonNode *answer, GError **error)
{
  static const KarezJsonField item_fields[] = {
    { "part", KAREZ_JSON_INTEGER, TRUE, 0, G_MAXINT32 },
    { "bytes", KAREZ_JSON_TEXT, TRUE, 1, CONSULT_FILE_PART_BYTES * 2 },
    { NULL },
  };
  static const KarezJsonField page_fields[] = {
    { "items", KAREZ_JSON_ARRAY, TRUE, 0, 1 },
    { "cursor", KAREZ_JSON_TEXT, FALSE, 0, 500 },
    { "more", KAREZ_JSON_BOOLEAN },
    { NULL },
  };
  JsonObject *page = karez_json_check (answer, page_fields, error);
  JsonArray *items = page != NULL ? json_object_get_array_member (page, "items") : NULL;
  JsonObject *item;
  g_autofree guchar *bytes = NULL;
  gsize length;

  if (page == NULL)
    return NULL;
  if (json_array_get_length (items) != 1)
    {
      karez_error_set (error, KAREZ_ERROR_INVALID, "consult/part", N_ ("one part"),
                       N_ ("The other hospital has no such part of the file"));
      return NULL;
    }
  item = karez_json_check (json_array_get_element (items, 0), item_fields, error);
  if (item == NULL)
    return NULL;
  bytes = g_base64_decode (karez_json_text (item, "bytes"), &length);
  if (karez_json_integer (item, "part", -1) != file->part
      || length != consult_file_part_length (file->size, file->part))
    {
      karez_error_set (error, KAREZ_ERROR_INVALID, "consult/part",
                       N_ ("the part that was asked for"),
                       N_ ("The other hospital sent another part of the file"));
      return NULL;
    }
  return g_bytes_new_take (g_steal_pointer (&bytes), length);
}

static void
on_pulled (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (ConsultPuller) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) answer = karez_peers_pull_finish (KAREZ_PEERS (source), result, &error);
  Coming *file = get_file (self);
  g_autoptr (GBytes) bytes = answer != NULL ? read_part (file, answer, &error) : NULL;

  /* Called off meanwhile: it does not come any more. */
  if (bytes == NULL && g_strcmp0 (karez_error_get_rule (error), "consult/over") == 0)
    refuse_file (self, error);
  else if (bytes == NULL)
    put_back (self, error);
  else if (!consult_file_check_part (file->media_type, file->part, bytes, &file->charset, &error))
    refuse_file (self, error);
  else
    keep_part (self, bytes);
}

/* A part of each file in turn: a hospital with a large file or a slow line does not stop others. */
static void
fetch_next (ConsultPuller *self)
{
  g_autofree char *cursor = NULL;
  Coming *file;

  if (self->coming->len == 0 || self->woken)
    {
      g_ptr_array_set_size (self->coming, 0);
      rest (self);
      return;
    }
  if (self->next >= self->coming->len)
    self->next = 0;
  file = get_file (self);
  cursor = g_strdup_printf ("%s/%u", file->id, file->part);
  karez_peers_pull_async (self->hub->peers, file->hub, CONSULT_FEED_PARTS, cursor, 1, NULL,
                          on_pulled, g_object_ref (self));
}

static void
on_wanted (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (ConsultPuller) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (KarezRows) rows = karez_store_query_finish (KAREZ_STORE (source), result, &error);

  /* The database was away. */
  if (rows == NULL && self->again == 0)
    self->again = g_timeout_add_seconds (AGAIN_SECONDS, on_again, self);
  for (guint i = 0; rows != NULL && i < karez_rows_get_count (rows); i++)
    {
      Coming *file = g_new0 (Coming, 1);

      file->id = g_strdup (karez_rows_text (rows, i, "id"));
      file->request = g_strdup (karez_rows_text (rows, i, "request"));
      file->hub = g_strdup (karez_rows_text (rows, i, "hub"));
      file->media_type = g_strdup (karez_rows_text (rows, i, "media_type"));
      file->charset = g_intern_string (karez_rows_text (rows, i, "charset"));
      file->size = karez_rows_integer (rows, i, "size");
      file->part = karez_rows_integer (rows, i, "parts");
      g_ptr_array_add (self->coming, file);
    }
  fetch_next (self);
}

/* The files that could not be fetched, or those of them that are not tried again before @now. */
static GStrv
list_failed (ConsultPuller *self, gint64 now)
{
  g_autoptr (GStrvBuilder) failed = g_strv_builder_new ();
  GHashTableIter iter;
  gpointer id, value;

  g_hash_table_iter_init (&iter, self->rests);
  while (g_hash_table_iter_next (&iter, &id, &value))
    if (((Rest *) value)->until > now)
      g_strv_builder_add (failed, id);
  return g_strv_builder_end (failed);
}

void
consult_puller_wake (ConsultPuller *self)
{
  g_auto (GStrv) up = NULL;
  g_auto (GStrv) resting = NULL;
  g_auto (GStrv) failed = NULL;

  self->woken = self->busy;
  if (self->busy)
    return;
  self->busy = TRUE;
  self->next = 0;
  g_clear_handle_id (&self->again, g_source_remove);
  up = karez_peers_find (self->hub->peers, KAREZ_PEER_UP);
  resting = list_failed (self, g_get_monotonic_time ());
  failed = list_failed (self, 0);
  karez_store_query_async (self->hub->store, "attachments_coming",
                           g_variant_new ("(s^as^as^as)", self->hub->id, up, resting, failed), NULL,
                           on_wanted, g_object_ref (self));
}

ConsultPuller *
consult_puller_new (ConsultHub *hub)
{
  ConsultPuller *self = g_object_new (CONSULT_TYPE_PULLER, NULL);

  self->hub = consult_hub_ref (hub);
  g_signal_connect_object (hub->peers, "changed", G_CALLBACK (on_peer_changed), self, 0);
  self->coming = g_ptr_array_new_with_free_func (coming_free);
  self->rests = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, rest_free);
  return self;
}

static void
consult_puller_finalize (GObject *object)
{
  ConsultPuller *self = CONSULT_PULLER (object);

  g_clear_handle_id (&self->again, g_source_remove);
  g_clear_pointer (&self->coming, g_ptr_array_unref);
  g_clear_pointer (&self->rests, g_hash_table_unref);
  g_clear_pointer (&self->hub, consult_hub_unref);
  G_OBJECT_CLASS (consult_puller_parent_class)->finalize (object);
}

static void
consult_puller_class_init (ConsultPullerClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = consult_puller_finalize;
}

static void
consult_puller_init (ConsultPuller *self)
{
}
