/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fetches the parts of files that other hospitals announced. */
#define KAREZ_INSIDE
#include "karez-files-private.h"

#include "hub-catalogue.h"

#define AGAIN_SECONDS 10
#define MAX_REST_SECONDS 600

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

static void fetch_next (KarezFiles *self);

static KarezFile *
get_file (KarezFiles *self)
{
  KarezFilesPrivate *priv = karez_files_private (self);

  return g_ptr_array_index (priv->coming, priv->next);
}

static gboolean
on_again (gpointer data)
{
  KarezFiles *self = data;
  KarezFilesPrivate *priv = karez_files_private (self);

  priv->again = 0;
  karez_files_wake (self);
  return G_SOURCE_REMOVE;
}

/* Until a file's rest is over; a hospital that is back, and a file that is announced, wake it. */
static void
rest (KarezFiles *self)
{
  KarezFilesPrivate *priv = karez_files_private (self);
  gint64 next = G_MAXINT64;
  GHashTableIter iter;
  gpointer value;

  priv->busy = FALSE;
  if (priv->woken)
    {
      karez_files_wake (self);
      return;
    }
  g_hash_table_iter_init (&iter, priv->rests);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    next = MIN (next, ((Rest *) value)->until);
  if (priv->again == 0 && next != G_MAXINT64)
    {
      gint64 left = MAX (next - g_get_monotonic_time (), 0) / G_USEC_PER_SEC;

      priv->again = g_timeout_add_seconds (MAX ((guint) left + 1, AGAIN_SECONDS), on_again, self);
    }
}

static gboolean
is_of_hub (gpointer id, gpointer value, gpointer hub)
{
  return g_str_equal (((Rest *) value)->hub, hub);
}

static void
on_peer_changed (KarezPeers *peers, const char *peer, KarezFiles *self)
{
  KarezFilesPrivate *priv = karez_files_private (self);
  if (karez_peers_get_state (peers, peer) != KAREZ_PEER_UP)
    return;
  g_hash_table_foreach_remove (priv->rests, is_of_hub, (gpointer) peer);
  karez_files_wake (self);
}

static void
put_back (KarezFiles *self, const GError *error)
{
  KarezFilesPrivate *priv = karez_files_private (self);
  KarezFile *file = get_file (self);
  Rest *known = g_hash_table_lookup (priv->rests, file->id);
  Rest *later = g_new0 (Rest, 1);

  g_message ("%s: part %u could not be fetched yet: %s", file->id, file->parts, error->message);
  later->seconds = known != NULL ? MIN (known->seconds * 2, MAX_REST_SECONDS) : AGAIN_SECONDS;
  later->hub = g_strdup (file->hub);
  later->until = g_get_monotonic_time () + later->seconds * G_USEC_PER_SEC;
  g_hash_table_replace (priv->rests, g_strdup (file->id), later);
  /* When it is the file, and not the way, the hospital's next one has its turn. */
  if (g_error_matches (error, KAREZ_ERROR, KAREZ_ERROR_INVALID))
    priv->woken = TRUE;
  g_ptr_array_remove_index (priv->coming, priv->next);
  fetch_next (self);
}

static void
on_part_kept (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (KarezFiles) self = data;
  KarezFilesPrivate *priv = karez_files_private (self);
  g_autoptr (GError) error = NULL;
  KarezFile *file = get_file (self);

  if (!karez_transaction_commit_finish (KAREZ_TRANSACTION (source), result, &error))
    {
      put_back (self, error);
      return;
    }
  g_hash_table_remove (priv->rests, file->id);
  file->parts++;
  if (file->parts < karez_file_count_parts (file->size))
    priv->next++;
  else
    {
      priv->woken = TRUE;
      g_ptr_array_remove_index (priv->coming, priv->next);
    }
  fetch_next (self);
}

static void
on_broken (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (KarezFiles) self = data;
  KarezFilesPrivate *priv = karez_files_private (self);
  g_autoptr (GError) error = NULL;

  if (!karez_transaction_commit_finish (KAREZ_TRANSACTION (source), result, &error))
    {
      put_back (self, error);
      return;
    }
  priv->woken = TRUE;
  g_ptr_array_remove_index (priv->coming, priv->next);
  fetch_next (self);
}

/* What the other hospital sends is not what it announced: no more of it is fetched or shown. */
static void
refuse_file (KarezFiles *self, const GError *why)
{
  KarezFile *file = get_file (self);
  KarezFilesClass *klass = KAREZ_FILES_GET_CLASS (self);
  g_autoptr (KarezTransaction) transaction = karez_files_transaction (self, file->session);

  g_message ("%s: the file is refused: %s", file->id, why->message);
  karez_transaction_run (transaction, klass->statements->discard, "(s)", file->id);
  karez_transaction_run (transaction, klass->statements->spoil, "(s)", file->id);
  karez_transaction_event (transaction, karez_files_action (self, "refuse"), klass->noun, file->id,
                           NULL);
  karez_transaction_commit_async (transaction, NULL, on_broken, g_object_ref (self));
}

static void
keep_part (KarezFiles *self, GBytes *bytes)
{
  KarezFile *file = get_file (self);
  guint parts = karez_file_count_parts (file->size);
  gboolean last = file->parts + 1 == parts;
  g_autoptr (KarezTransaction) transaction = karez_files_transaction (self, file->session);

  karez_files_keep (self, transaction, file, file->parts, bytes);
  karez_transaction_event (transaction, karez_files_action (self, last ? "receive" : "part"),
                           KAREZ_FILES_GET_CLASS (self)->noun, file->id,
                           karez_json_object ("part", "i", (gint64) file->parts + 1, "parts", "i",
                                              (gint64) parts, NULL));
  karez_transaction_commit_async (transaction, NULL, on_part_kept, g_object_ref (self));
}

/* Exactly the part that was asked for, or NULL with @error. */
static GBytes *
read_part (KarezFiles *self, const KarezFile *file, JsonNode *answer, GError **error)
{
  static const KarezJsonField item_fields[] = {
    { "part", KAREZ_JSON_INTEGER, TRUE, 0, G_MAXINT32 },
    { "bytes", KAREZ_JSON_TEXT, TRUE, 1, KAREZ_FILE_PART_BYTES * 2 },
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
      karez_error_set (error, KAREZ_ERROR_INVALID, karez_files_rule (self, "part"), N_ ("one part"),
                       N_ ("The other hospital has no such part of the file"));
      return NULL;
    }
  item = karez_json_check (json_array_get_element (items, 0), item_fields, error);
  if (item == NULL)
    return NULL;
  bytes = g_base64_decode (karez_json_text (item, "bytes"), &length);
  if (karez_json_integer (item, "part", -1) != file->parts
      || length != karez_file_part_length (file->size, file->parts))
    {
      karez_error_set (error, KAREZ_ERROR_INVALID, karez_files_rule (self, "part"),
                       N_ ("the part that was asked for"),
                       N_ ("The other hospital sent another part of the file"));
      return NULL;
    }
  return g_bytes_new_take (g_steal_pointer (&bytes), length);
}

static void
on_pulled (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (KarezFiles) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) answer = karez_peers_pull_finish (KAREZ_PEERS (source), result, &error);
  KarezFile *file = get_file (self);
  g_autoptr (GBytes) bytes = answer != NULL ? read_part (self, file, answer, &error) : NULL;

  /* Called off meanwhile: it does not come any more. */
  if (bytes == NULL
      && g_strcmp0 (karez_error_get_rule (error), karez_files_rule (self, "over")) == 0)
    refuse_file (self, error);
  else if (bytes == NULL)
    put_back (self, error);
  else if (!KAREZ_FILES_GET_CLASS (self)->check (self, file, file->parts, bytes, &error))
    refuse_file (self, error);
  else
    keep_part (self, bytes);
}

/* A part of each file in turn: a hospital with a large file or a slow line does not stop others. */
static void
fetch_next (KarezFiles *self)
{
  KarezFilesPrivate *priv = karez_files_private (self);
  g_autofree char *cursor = NULL;
  KarezFile *file;

  if (priv->coming->len == 0 || priv->woken)
    {
      g_ptr_array_set_size (priv->coming, 0);
      rest (self);
      return;
    }
  if (priv->next >= priv->coming->len)
    priv->next = 0;
  file = get_file (self);
  cursor = g_strdup_printf ("%s/%u", file->id, file->parts);
  karez_peers_pull_async (priv->peers, file->hub, KAREZ_FILES_GET_CLASS (self)->feed, cursor, 1,
                          NULL, on_pulled, g_object_ref (self));
}

static void
on_wanted (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (KarezFiles) self = data;
  KarezFilesPrivate *priv = karez_files_private (self);
  g_autoptr (GError) error = NULL;
  g_autoptr (KarezRows) rows = karez_store_query_finish (KAREZ_STORE (source), result, &error);

  /* The database was away. */
  if (rows == NULL && priv->again == 0)
    priv->again = g_timeout_add_seconds (AGAIN_SECONDS, on_again, self);
  for (guint i = 0; rows != NULL && i < karez_rows_get_count (rows); i++)
    g_ptr_array_add (priv->coming, karez_file_new (rows, i));
  fetch_next (self);
}

/* The files that could not be fetched, or those of them that are not tried again before @now. */
static GStrv
list_failed (KarezFiles *self, gint64 now)
{
  KarezFilesPrivate *priv = karez_files_private (self);
  g_autoptr (GStrvBuilder) failed = g_strv_builder_new ();
  GHashTableIter iter;
  gpointer id, value;

  g_hash_table_iter_init (&iter, priv->rests);
  while (g_hash_table_iter_next (&iter, &id, &value))
    if (((Rest *) value)->until > now)
      g_strv_builder_add (failed, id);
  return g_strv_builder_end (failed);
}

void
karez_files_wake (KarezFiles *self)
{
  KarezFilesPrivate *priv = NULL;
  g_auto (GStrv) up = NULL;
  g_auto (GStrv) resting = NULL;
  g_auto (GStrv) failed = NULL;

  g_return_if_fail (KAREZ_IS_FILES (self) && karez_files_private (self)->store != NULL);

  priv = karez_files_private (self);
  priv->woken = priv->busy;
  if (priv->busy)
    return;
  priv->busy = TRUE;
  priv->next = 0;
  g_clear_handle_id (&priv->again, g_source_remove);
  up = karez_peers_find (priv->peers, KAREZ_PEER_UP);
  resting = list_failed (self, g_get_monotonic_time ());
  failed = list_failed (self, 0);
  karez_store_query_async (priv->store, KAREZ_FILES_GET_CLASS (self)->statements->coming,
                           g_variant_new ("(s^as^as^as)", priv->hub, up, resting, failed), NULL,
                           on_wanted, g_object_ref (self));
}

void
karez_files_begin_fetching (KarezFiles *self)
{
  KarezFilesPrivate *priv = karez_files_private (self);

  g_signal_connect_object (priv->peers, "changed", G_CALLBACK (on_peer_changed), self, 0);
  priv->coming = g_ptr_array_new_with_free_func ((GDestroyNotify) karez_file_free);
  priv->rests = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, rest_free);
  karez_files_wake (self);
}

void
karez_files_end_fetching (KarezFiles *self)
{
  KarezFilesPrivate *priv = karez_files_private (self);

  g_clear_handle_id (&priv->again, g_source_remove);
  g_clear_pointer (&priv->coming, g_ptr_array_unref);
  g_clear_pointer (&priv->rests, g_hash_table_unref);
}
