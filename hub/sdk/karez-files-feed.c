/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The feed by which the other hospital fetches parts of files. */
#define KAREZ_INSIDE
#include "karez-files-private.h"

#include "hub-catalogue.h"

/* A part that another hospital asks for. */
typedef struct
{
  KarezFiles *self;
  char *id, *peer;
  gint64 part;
} Wanted;

static void
wanted_free (gpointer data)
{
  Wanted *wanted = data;

  g_object_unref (wanted->self);
  g_free (wanted->id);
  g_free (wanted->peer);
  g_free (wanted);
}

/* @item: (transfer full) (nullable): of the feed */
static void
return_part (GTask *task, JsonNode *item)
{
  JsonNode *items = karez_json_array (NULL);

  if (item != NULL)
    json_array_add_element (json_node_get_array (items), item);
  g_task_return_pointer (
      task, karez_json_object ("items", "n", items, "cursor", "s", "", "more", "b", FALSE, NULL),
      (GDestroyNotify) json_node_unref);
}

static void
on_part_read (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  const Wanted *wanted = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (KarezRows) rows = karez_store_query_finish (KAREZ_STORE (source), result, &error);

  if (rows == NULL)
    g_task_return_error (task, error);
  else
    return_part (task, karez_rows_get_count (rows) > 0
                           ? karez_json_object ("part", "i", wanted->part, "bytes", "s",
                                                karez_rows_text (rows, 0, "bytes"), NULL)
                           : NULL);
}

static gboolean
was_called_off (JsonNode *booking)
{
  static const char *const ends[] = { "declined", "cancelled", NULL };
  const char *state = karez_json_text (json_node_get_object (booking), "state");

  return state != NULL && g_strv_contains (ends, state);
}

/* What was announced before a booking was called off is nobody's to fetch any more. */
static void
on_booking (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  const Wanted *wanted = g_task_get_task_data (task);
  KarezFilesPrivate *priv = karez_files_private (wanted->self);
  GError *error = NULL;
  g_autoptr (JsonNode)
      booking = karez_agenda_get_booking_finish (KAREZ_AGENDA (source), result, &error);

  if (booking != NULL && was_called_off (booking))
    karez_error_set (&error, KAREZ_ERROR_CONFLICT, karez_files_rule (wanted->self, "over"),
                     N_ ("a file of a booking that was not called off"),
                     N_ ("This booking was called off"));
  if (booking == NULL && karez_error_is_not_found (error))
    g_clear_error (&error);
  if (error != NULL)
    g_task_return_error (task, error);
  else
    karez_store_query_bulk_async (
        priv->store, KAREZ_FILES_GET_CLASS (wanted->self)->statements->part,
        g_variant_new ("(siss)", wanted->id, (gint32) wanted->part, wanted->peer, priv->hub), NULL,
        on_part_read, g_steal_pointer (&task));
}

static void
on_wanted (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  const Wanted *wanted = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (KarezRows) rows = karez_store_query_finish (KAREZ_STORE (source), result, &error);

  if (rows == NULL)
    g_task_return_error (task, error);
  else if (karez_rows_get_count (rows) == 0)
    return_part (task, NULL);
  else
    karez_agenda_get_booking_async (karez_files_private (wanted->self)->agenda,
                                    karez_rows_text (rows, 0, "session"), NULL, on_booking,
                                    g_steal_pointer (&task));
}

void
karez_files_feed (const char *peer, const char *cursor, guint limit, GTask *task, gpointer data)
{
  KarezFiles *self = data;
  g_auto (GStrv) place = g_strsplit (cursor != NULL ? cursor : "", "/", 3);
  KarezFilesPrivate *priv = NULL;
  Wanted *wanted = NULL;
  gint64 part = 0;

  g_return_if_fail (peer != NULL);
  g_return_if_fail (KAREZ_IS_FILES (self));

  if (g_strv_length (place) != 2 || !g_uuid_string_is_valid (place[0])
      || !g_ascii_string_to_signed (place[1], 10, 0, G_MAXINT32, &part, NULL))
    {
      g_task_return_error (task,
                           karez_error_new (KAREZ_ERROR_INVALID, karez_files_rule (self, "cursor"),
                                            N_ ("a file's id, a slash and a part's number"),
                                            N_ ("The cursor names no part of a file")));
      g_object_unref (task);
      return;
    }
  priv = karez_files_private (self);
  wanted = g_new0 (Wanted, 1);
  wanted->self = g_object_ref (self);
  wanted->id = g_strdup (place[0]);
  wanted->peer = g_strdup (peer);
  wanted->part = part;
  g_task_set_task_data (task, wanted, wanted_free);
  karez_store_query_async (priv->store, KAREZ_FILES_GET_CLASS (self)->statements->sent,
                           g_variant_new ("(sss)", place[0], peer, priv->hub), NULL, on_wanted,
                           task);
}
