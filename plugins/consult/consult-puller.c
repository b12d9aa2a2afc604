/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "consult-puller.h"

#include "consult-file.h"

#include <glib/gi18n.h>

#define AGAIN_SECONDS 10

struct _ConsultPuller
{
  GObject parent_instance;

  ConsultHub *hub;
  KarezRows *wanted; /* attachments that have not come */
  guint next;        /* the row that is being fetched */
  guint part;        /* and its part */
  gboolean busy;     /* from the first question to the last answer */
  gboolean woken;    /* while it was busy */
  guint again;
};

G_DEFINE_FINAL_TYPE (ConsultPuller, consult_puller, G_TYPE_OBJECT)

static void fetch_next (ConsultPuller *self);

static gboolean
on_again (gpointer data)
{
  ConsultPuller *self = data;

  self->again = 0;
  consult_puller_wake (self);
  return G_SOURCE_REMOVE;
}

static void
rest (ConsultPuller *self)
{
  gboolean left = self->wanted != NULL && karez_rows_get_count (self->wanted) > 0;

  g_clear_pointer (&self->wanted, karez_rows_unref);
  self->busy = FALSE;
  if (self->woken)
    consult_puller_wake (self);
  else if (left && self->again == 0)
    self->again = g_timeout_add_seconds (AGAIN_SECONDS, on_again, self);
}

/* The next file has its turn; this one again at the next look. */
static void
skip (ConsultPuller *self, const GError *error)
{
  if (error != NULL)
    g_message ("%s: part %u could not be fetched yet: %s",
               karez_rows_text (self->wanted, self->next, "id"), self->part, error->message);
  self->next++;
  self->part = 0;
  fetch_next (self);
}

static void
on_part_kept (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (ConsultPuller) self = data;
  g_autoptr (GError) error = NULL;

  if (!karez_transaction_commit_finish (KAREZ_TRANSACTION (source), result, &error))
    {
      skip (self, error);
      return;
    }
  self->part++;
  if (self->part < consult_file_count_parts (karez_rows_integer (self->wanted, self->next, "size")))
    fetch_next (self);
  else
    skip (self, NULL);
}

static void
keep_part (ConsultPuller *self, GBytes *bytes)
{
  const char *id = karez_rows_text (self->wanted, self->next, "id");
  guint parts = consult_file_count_parts (karez_rows_integer (self->wanted, self->next, "size"));
  g_autoptr (KarezActor)
      actor = karez_actor_new (KAREZ_ACTOR_HUB, "consult", "Video consultation", NULL, NULL, NULL);
  g_autoptr (KarezTransaction) transaction = karez_store_begin (self->hub->store, actor);

  karez_transaction_about (transaction, karez_rows_text (self->wanted, self->next, "request"),
                           NULL);
  karez_transaction_run (transaction, "part_keep", "(si@ay)", id, (gint32) self->part,
                         g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, bytes, TRUE));
  karez_transaction_run (transaction, "attachment_close", "(s)", id);
  karez_transaction_event (
      transaction, self->part + 1 == parts ? "attachment.receive" : "attachment.part", "attachment",
      id,
      karez_json_object ("part", "i", (gint64) self->part + 1, "parts", "i", (gint64) parts, NULL));
  karez_transaction_commit_async (transaction, NULL, on_part_kept, g_object_ref (self));
}

/* Exactly the part that was asked for, or NULL with @error. */
static GBytes *
read_part (ConsultPuller *self, JsonNode *answer, GError **error)
{
  static const KarezJsonField item_fields[] = {
    { "part", KAREZ_JSON_INTEGER, TRUE, 0, G_MAXINT32 },
    { "bytes", KAREZ_JSON_TEXT, TRUE, 1, CONSULT_FILE_PART_BYTES * 2 },
    { NULL },
  };
  JsonArray *items = json_object_get_array_member (json_node_get_object (answer), "items");
  JsonObject *item;
  g_autofree guchar *bytes = NULL;
  gsize length;

  if (items == NULL || json_array_get_length (items) != 1)
    {
      karez_error_set (error, KAREZ_ERROR_INVALID, "consult/part", N_ ("one part"),
                       N_ ("The other hospital has no such part of the file"));
      return NULL;
    }
  item = karez_json_check (json_array_get_element (items, 0), item_fields, error);
  if (item == NULL)
    return NULL;
  bytes = g_base64_decode (karez_json_text (item, "bytes"), &length);
  if (karez_json_integer (item, "part", -1) != self->part
      || length
             != consult_file_part_length (karez_rows_integer (self->wanted, self->next, "size"),
                                          self->part))
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
  g_autoptr (GBytes) bytes = answer != NULL ? read_part (self, answer, &error) : NULL;

  if (bytes != NULL)
    keep_part (self, bytes);
  else
    skip (self, error);
}

static void
fetch_next (ConsultPuller *self)
{
  g_autofree char *cursor = NULL;

  if (self->next >= karez_rows_get_count (self->wanted))
    {
      rest (self);
      return;
    }
  if (self->part == 0)
    self->part = karez_rows_integer (self->wanted, self->next, "parts");
  cursor = g_strdup_printf ("%s/%u", karez_rows_text (self->wanted, self->next, "id"), self->part);
  karez_peers_pull_async (self->hub->peers, karez_rows_text (self->wanted, self->next, "hub"),
                          CONSULT_FEED_PARTS, cursor, 1, NULL, on_pulled, g_object_ref (self));
}

static void
on_wanted (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (ConsultPuller) self = data;
  g_autoptr (GError) error = NULL;

  self->wanted = karez_store_query_finish (KAREZ_STORE (source), result, &error);
  if (self->wanted == NULL)
    {
      self->busy = FALSE;
      if (self->again == 0)
        self->again = g_timeout_add_seconds (AGAIN_SECONDS, on_again, self);
      return;
    }
  fetch_next (self);
}

void
consult_puller_wake (ConsultPuller *self)
{
  self->woken = self->busy;
  if (self->busy)
    return;
  self->busy = TRUE;
  self->next = 0;
  self->part = 0;
  g_clear_handle_id (&self->again, g_source_remove);
  karez_store_query_async (self->hub->store, "attachments_coming",
                           g_variant_new ("(s)", self->hub->id), NULL, on_wanted,
                           g_object_ref (self));
}

ConsultPuller *
consult_puller_new (ConsultHub *hub)
{
  ConsultPuller *self = g_object_new (CONSULT_TYPE_PULLER, NULL);

  self->hub = consult_hub_ref (hub);
  return self;
}

static void
consult_puller_finalize (GObject *object)
{
  ConsultPuller *self = CONSULT_PULLER (object);

  g_clear_handle_id (&self->again, g_source_remove);
  g_clear_pointer (&self->wanted, karez_rows_unref);
  g_clear_pointer (&self->hub, consult_hub_unref);
  G_OBJECT_CLASS (consult_puller_parent_class)->finalize (object);
}

static void
consult_puller_class_init (ConsultPullerClass *class)
{
  G_OBJECT_CLASS (class)->finalize = consult_puller_finalize;
}

static void
consult_puller_init (ConsultPuller *self)
{
}
