/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files of a plugin's: added in parts, given in parts. */
#define KAREZ_INSIDE
#include "karez-files-private.h"

#include "karez-answer.h"

#include "hub-catalogue.h"

#define LOOK_SECONDS 20

G_DEFINE_ABSTRACT_TYPE_WITH_PRIVATE (KarezFiles, karez_files, G_TYPE_OBJECT)

static guint kept_signal;

static const char abandoned[] = N_ (
    "Nothing more of this file came for half an hour: it was given up");

KarezFilesPrivate *
karez_files_private (KarezFiles *self)
{
  return karez_files_get_instance_private (self);
}

static const KarezFileStatements *
statements_of (KarezFiles *self)
{
  return KAREZ_FILES_GET_CLASS (self)->statements;
}

const char *
karez_files_rule (KarezFiles *self, const char *what)
{
  g_autofree char *rule = g_strdup_printf ("%s/%s", KAREZ_FILES_GET_CLASS (self)->plugin, what);

  return g_intern_string (rule);
}

/* @before, @after: what stands around the noun */
static const char *
noun_rule (KarezFiles *self, const char *before, const char *after)
{
  g_autofree char *what = g_strconcat (before, KAREZ_FILES_GET_CLASS (self)->noun, after, NULL);

  return karez_files_rule (self, what);
}

const char *
karez_files_action (KarezFiles *self, const char *verb)
{
  g_autofree char *action = g_strdup_printf ("%s.%s", KAREZ_FILES_GET_CLASS (self)->noun, verb);

  return g_intern_string (action);
}

KarezTransaction *
karez_files_transaction (KarezFiles *self, const char *session)
{
  KarezFilesPrivate *priv = karez_files_private (self);
  KarezTransaction *transaction = karez_store_begin (priv->store, priv->actor);

  karez_transaction_about (transaction, session, NULL);
  return transaction;
}

/* A file. */

guint
karez_file_count_parts (gint64 size)
{
  g_return_val_if_fail (size >= 0, 0);

  return (guint) ((size + KAREZ_FILE_PART_BYTES - 1) / KAREZ_FILE_PART_BYTES);
}

gsize
karez_file_part_length (gint64 size, guint part)
{
  if (part >= karez_file_count_parts (size))
    return 0;
  return (gsize) MIN (size - (gint64) part * KAREZ_FILE_PART_BYTES, KAREZ_FILE_PART_BYTES);
}

KarezFile *
karez_file_new (KarezRows *rows, guint row)
{
  KarezFile *self = NULL;

  g_return_val_if_fail (rows != NULL, NULL);

  self = g_new0 (KarezFile, 1);
  self->id = g_strdup (karez_rows_text (rows, row, "id"));
  self->session = g_strdup (karez_rows_text (rows, row, "session"));
  self->hub = g_strdup (karez_rows_text (rows, row, "hub"));
  self->media_type = g_strdup (karez_rows_text (rows, row, "media_type"));
  self->note = g_strdup (karez_rows_text (rows, row, "note"));
  self->state = g_strdup (karez_rows_text (rows, row, "state"));
  self->sha256 = g_strdup (karez_rows_text (rows, row, "sha256"));
  self->size = karez_rows_integer (rows, row, "size");
  self->received = karez_rows_integer (rows, row, "received");
  self->parts = (guint) karez_rows_integer (rows, row, "parts");
  return self;
}

void
karez_file_free (KarezFile *self)
{
  g_return_if_fail (self != NULL);

  g_free (self->id);
  g_free (self->session);
  g_free (self->hub);
  g_free (self->media_type);
  g_free (self->note);
  g_free (self->state);
  g_free (self->sha256);
  g_free (self);
}

GError *
karez_files_none_error (KarezFiles *self)
{
  g_return_val_if_fail (KAREZ_IS_FILES (self), NULL);

  return karez_error_new (KAREZ_ERROR_NOT_FOUND, noun_rule (self, "no-", ""), N_ ("a file"),
                          N_ ("There is no such file"));
}

void
karez_files_keep (KarezFiles *self, KarezTransaction *transaction, const KarezFile *file,
                  guint part, GBytes *bytes)
{
  KarezFilesClass *klass = KAREZ_FILES_GET_CLASS (self);

  karez_transaction_run (transaction, klass->statements->keep, "(si@ay)", file->id, (gint32) part,
                         g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, bytes, TRUE));
  karez_transaction_run (transaction, klass->statements->close, "(s)", file->id);
  if (klass->note != NULL)
    klass->note (self, file, transaction);
}

/* Taking a part. */

typedef struct
{
  KarezFiles *self;
  KarezRequest *request;
  KarezFile *file;
  char *patient;
  GError *refusal; /* why its bytes are not taken */
} Taking;

static void
taking_free (Taking *taking)
{
  g_object_unref (taking->self);
  g_object_unref (taking->request);
  karez_file_free (taking->file);
  g_clear_error (&taking->refusal);
  g_free (taking->patient);
  g_free (taking);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Taking, taking_free)

static KarezTransaction *
begin_taking (Taking *taking)
{
  KarezTransaction *transaction = karez_request_begin (taking->request,
                                                       karez_files_private (taking->self)->store);

  karez_transaction_about (transaction, taking->file->session, taking->patient);
  return transaction;
}

static void
on_part_kept (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Taking) taking = data;
  KarezTransaction *transaction = KAREZ_TRANSACTION (source);
  const KarezFile *file = taking->file;
  g_autoptr (GError) error = NULL;
  gint64 received = file->received;
  KarezRows *kept, *closed;

  if (!karez_transaction_commit_finish (transaction, result, &error))
    {
      karez_request_fail (taking->request, error);
      return;
    }
  kept = karez_transaction_get_rows (transaction, 0);
  closed = karez_transaction_get_rows (transaction, 1);
  if (kept != NULL && karez_rows_get_affected (kept) > 0)
    received += (gint64) g_bytes_get_size (karez_request_get_bytes (taking->request));
  karez_request_respond (taking->request, 200,
                         karez_json_object ("received", "i", received, "state", "s",
                                            closed != NULL && karez_rows_get_count (closed) > 0
                                                ? karez_rows_text (closed, 0, "state")
                                                : file->state,
                                            NULL));
  g_signal_emit (taking->self, kept_signal, 0, file->session);
}

static void
on_refused (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Taking) taking = data;
  g_autoptr (GError) error = NULL;

  if (!karez_transaction_commit_finish (KAREZ_TRANSACTION (source), result, &error))
    g_message ("%s: a refused file is still there: %s", taking->file->id, error->message);
  karez_request_fail (taking->request, taking->refusal);
}

/* A file that is none of those taken is not one that is coming: it leaves, and may come as another.
 * Takes the taking. @why: (transfer full) */
static void
refuse (Taking *taking, GError *why)
{
  KarezFiles *self = taking->self;
  g_autoptr (KarezTransaction) transaction = begin_taking (taking);

  taking->refusal = why;
  karez_transaction_run (transaction, statements_of (self)->discard, "(s)", taking->file->id);
  karez_transaction_run_one (
      transaction, karez_files_rule (self, "sent"), N_ ("The other hospital has this file already"),
      statements_of (self)->remove, "(ss)", taking->file->id, karez_files_private (self)->hub);
  karez_transaction_event (transaction, karez_files_action (self, "refuse"),
                           KAREZ_FILES_GET_CLASS (self)->noun, taking->file->id, NULL);
  karez_transaction_commit_async (transaction, NULL, on_refused, taking);
}

static gboolean
check_part (Taking *taking, const char *number, gint64 *part, GError **error)
{
  KarezFiles *self = taking->self;
  const KarezFile *file = taking->file;
  g_autofree char *length = NULL;
  gsize wanted;

  if (g_strcmp0 (file->state, "abandoned") == 0)
    return karez_error_set (error, KAREZ_ERROR_CONFLICT, noun_rule (self, "", "-abandoned"),
                            N_ ("the file from its beginning, under an id of its own"), abandoned);
  if (number == NULL
      || !g_ascii_string_to_signed (number, 10, 0, (gint64) karez_file_count_parts (file->size) - 1,
                                    part, NULL))
    return karez_error_set (error, KAREZ_ERROR_NOT_FOUND, karez_files_rule (self, "part"),
                            N_ ("a number from 0, as many as the file has parts"),
                            N_ ("The file has no such part"));
  wanted = karez_file_part_length (file->size, (guint) *part);
  length = g_strdup_printf ("%" G_GSIZE_FORMAT, wanted);
  return g_bytes_get_size (karez_request_get_bytes (taking->request)) == wanted
         || karez_error_set (error, KAREZ_ERROR_INVALID, karez_files_rule (self, "part-size"),
                             N_ ("512 KiB, and the rest in the last part"),
                             N_ ("This part of the file has %s bytes"), length);
}

/* Takes the taking. */
static void
keep (Taking *taking, guint part)
{
  KarezFiles *self = taking->self;
  const KarezFile *file = taking->file;
  GBytes *bytes = karez_request_get_bytes (taking->request);
  g_autofree char *digest = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, bytes);
  g_autoptr (KarezTransaction) transaction = begin_taking (taking);

  karez_files_keep (self, transaction, file, part, bytes);
  karez_transaction_run_one (transaction, noun_rule (self, "", "-abandoned"), abandoned,
                             statements_of (self)->progress, "(s)", file->id);
  /* What was kept first stays; a file that changed meanwhile must not become one of both. */
  karez_transaction_run_one (transaction, karez_files_rule (self, "part-changed"),
                             N_ ("Other bytes of this part are kept already: the file has changed "
                                 "and has to be sent anew, under an id of its own"),
                             statements_of (self)->same, "(sis)", file->id, (gint32) part, digest);
  karez_transaction_event (transaction, karez_files_action (self, "part"),
                           KAREZ_FILES_GET_CLASS (self)->noun, file->id,
                           karez_json_object ("part", "i", (gint64) part + 1, NULL));
  karez_transaction_commit_async (transaction, NULL, on_part_kept, taking);
}

void
karez_files_take (KarezFiles *self, KarezRequest *request, KarezFile *file, const char *part,
                  const char *patient)
{
  g_autoptr (Taking) taking = NULL;
  g_autoptr (GError) error = NULL;
  gint64 number = 0;

  g_return_if_fail (KAREZ_IS_FILES (self) && karez_files_private (self)->store != NULL);
  g_return_if_fail (KAREZ_IS_REQUEST (request));
  g_return_if_fail (file != NULL);

  taking = g_new0 (Taking, 1);
  taking->self = g_object_ref (self);
  taking->request = g_object_ref (request);
  taking->file = file;
  taking->patient = g_strdup (patient);
  if (!check_part (taking, part, &number, &error))
    karez_request_fail (request, error);
  else if (!KAREZ_FILES_GET_CLASS (self)->check (self, file, (guint) number,
                                                 karez_request_get_bytes (request), &error))
    refuse (g_steal_pointer (&taking), g_steal_pointer (&error));
  else
    keep (g_steal_pointer (&taking), (guint) number);
}

/* Giving it. */

typedef struct
{
  KarezFiles *self;
  char *id;
} Giving;

static void
giving_free (gpointer data)
{
  Giving *giving = data;

  g_object_unref (giving->self);
  g_free (giving->id);
  g_free (giving);
}

static void
on_piece (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;
  g_autoptr (KarezRows) rows = karez_store_query_finish (KAREZ_STORE (source), result, &error);
  GBytes *bytes = rows != NULL && karez_rows_get_count (rows) > 0
                      ? karez_rows_bytes (rows, 0, "bytes")
                      : NULL;

  if (bytes != NULL)
    g_task_return_pointer (task, bytes, (GDestroyNotify) g_bytes_unref);
  else
    /* It may have been removed since it was found. */
    g_task_return_error (
        task, error != NULL ? error : karez_files_none_error (g_task_get_task_data (task)));
}

/* What there is of it in one part. */
static void
read_piece (goffset offset, gsize length, GTask *task, gpointer data)
{
  const Giving *giving = data;
  gint32 part = (gint32) (offset / KAREZ_FILE_PART_BYTES);
  gint32 begin = (gint32) (offset % KAREZ_FILE_PART_BYTES);

  g_task_set_task_data (task, g_object_ref (giving->self), g_object_unref);
  karez_store_query_bulk_async (
      karez_files_private (giving->self)->store, statements_of (giving->self)->piece,
      g_variant_new ("(siii)", giving->id, part, begin,
                     (gint32) MIN (length, (gsize) KAREZ_FILE_PART_BYTES - (gsize) begin)),
      g_task_get_cancellable (task), on_piece, task);
}

void
karez_files_give (KarezFiles *self, KarezRequest *request, const KarezFile *file,
                  const KarezStream *stream, const char *patient)
{
  KarezFilesPrivate *priv = NULL;
  KarezStream own = { 0 };
  g_autoptr (GError) error = NULL;
  Giving *giving = NULL;

  g_return_if_fail (KAREZ_IS_FILES (self) && karez_files_private (self)->store != NULL);
  g_return_if_fail (KAREZ_IS_REQUEST (request));
  g_return_if_fail (file != NULL && stream != NULL);

  if (g_strcmp0 (file->state, "whole") != 0)
    {
      error = karez_error_new (KAREZ_ERROR_CONFLICT, noun_rule (self, "", "-coming"),
                               N_ ("a file that is here whole"), N_ ("The file is not here whole"));
      karez_request_fail (request, error);
      return;
    }
  priv = karez_files_private (self);
  own = *stream;
  own.tag = file->sha256;
  own.size = file->size;
  giving = g_new (Giving, 1);
  giving->self = g_object_ref (self);
  giving->id = g_strdup (file->id);
  karez_request_respond_read_stream (
      request, priv->audit, karez_files_action (self, "read"), file->session, patient,
      karez_json_object (KAREZ_FILES_GET_CLASS (self)->noun, "s", file->id, NULL), &own, read_piece,
      giving, giving_free);
}

/* What stopped coming. */

static void
on_abandoned (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;

  /* A conflict: it goes on after all. */
  if (!karez_transaction_commit_finish (KAREZ_TRANSACTION (source), result, &error)
      && !karez_error_is_conflict (error))
    g_message ("A file that stopped coming still has its place: %s", error->message);
}

/* Its place is free; it stays by name, so that whoever added it sees that it is not there. */
static void
abandon (KarezFiles *self, const char *id, const char *session)
{
  g_autoptr (KarezTransaction) transaction = karez_files_transaction (self, session);

  karez_transaction_run_one (transaction, noun_rule (self, "", "-progress"),
                             N_ ("The file goes on coming"), statements_of (self)->abandon, "(si)",
                             id, KAREZ_FILE_STOPPED_SECONDS);
  karez_transaction_run (transaction, statements_of (self)->discard, "(s)", id);
  karez_transaction_event (transaction, karez_files_action (self, "abandon"),
                           KAREZ_FILES_GET_CLASS (self)->noun, id, NULL);
  karez_transaction_commit_async (transaction, NULL, on_abandoned, NULL);
}

static gboolean look (gpointer data);

static void
on_stopped (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (KarezFiles) self = data;
  g_autoptr (KarezRows) rows = karez_store_query_finish (KAREZ_STORE (source), result, NULL);

  for (guint i = 0; rows != NULL && i < karez_rows_get_count (rows); i++)
    abandon (self, karez_rows_text (rows, i, "id"), karez_rows_text (rows, i, "session"));
  karez_files_private (self)->timer = g_timeout_add_seconds (LOOK_SECONDS, look, self);
}

static gboolean
look (gpointer data)
{
  KarezFiles *self = data;
  KarezFilesPrivate *priv = karez_files_private (self);

  priv->timer = 0;
  karez_store_query_async (priv->store, statements_of (self)->stopped,
                           g_variant_new ("(si)", priv->hub, KAREZ_FILE_STOPPED_SECONDS), NULL,
                           on_stopped, g_object_ref (self));
  return G_SOURCE_REMOVE;
}

gboolean
karez_files_begin (KarezFiles *self, KarezContext *context, KarezStore *store, KarezActor *actor,
                   GError **error)
{
  KarezFilesPrivate *priv = NULL;
  KarezAudit *audit = NULL;
  KarezAgenda *agenda = NULL;
  KarezPeers *peers = NULL;

  g_return_val_if_fail (KAREZ_IS_FILES (self) && karez_files_private (self)->store == NULL, FALSE);
  g_return_val_if_fail (KAREZ_IS_CONTEXT (context), FALSE);
  g_return_val_if_fail (KAREZ_IS_STORE (store), FALSE);

  audit = karez_context_get_audit (context, error);
  agenda = audit != NULL ? karez_context_get_agenda (context, error) : NULL;
  peers = agenda != NULL ? karez_context_get_peers (context, error) : NULL;
  if (peers == NULL)
    return FALSE;
  priv = karez_files_private (self);
  priv->hub = g_strdup (karez_context_get_hub_id (context));
  priv->store = g_object_ref (store);
  priv->audit = g_object_ref (audit);
  priv->agenda = g_object_ref (agenda);
  priv->peers = g_object_ref (peers);
  priv->actor = karez_actor_ref (actor);
  priv->timer = g_timeout_add_seconds (LOOK_SECONDS, look, self);
  karez_files_begin_fetching (self);
  return TRUE;
}

static void
karez_files_finalize (GObject *object)
{
  KarezFiles *self = KAREZ_FILES (object);
  KarezFilesPrivate *priv = karez_files_private (self);

  g_clear_handle_id (&priv->timer, g_source_remove);
  karez_files_end_fetching (self);
  g_clear_object (&priv->store);
  g_clear_object (&priv->audit);
  g_clear_object (&priv->agenda);
  g_clear_object (&priv->peers);
  g_clear_pointer (&priv->actor, karez_actor_unref);
  g_free (priv->hub);
  G_OBJECT_CLASS (karez_files_parent_class)->finalize (object);
}

static void
karez_files_class_init (KarezFilesClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = karez_files_finalize;
  kept_signal = g_signal_new ("kept", KAREZ_TYPE_FILES, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                              G_TYPE_NONE, 1, G_TYPE_STRING);
}

static void
karez_files_init (KarezFiles *self)
{
}
