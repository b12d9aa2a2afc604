/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pictures of sessions: announced here in parts, then to the other hospital. */
#include "guidance-pictures.h"

#include "guidance-files.h"
#include "guidance-marks.h"
#include "guidance-picture.h"
#include "guidance-work.h"

#include <glib/gi18n.h>
#include <string.h>

#define TOPIC "guidance.picture"
#define LOOK_SECONDS 60
#define MAX_CAPTION 300
/* Of the marks of one picture, as text. */
#define MAX_MARKS_BYTES (64 * 1024)

struct _GuidancePictures
{
  GObject parent_instance;

  KarezControlHalf *half;
  GuidanceFiles *files;
  guint timer;
  gboolean busy, again; /* looks for what was not announced */
};

G_DEFINE_FINAL_TYPE (GuidancePictures, guidance_pictures, G_TYPE_OBJECT)

static const char *
own_id (KarezControlHalf *half)
{
  return karez_context_get_hub_id (karez_control_half_get_context (half));
}

/* What a picture is announced with, by a page or by the other hospital. */

#define PICTURE_FIELDS                                                                             \
  { "id", KAREZ_JSON_UUID, TRUE },                                                                 \
      { "kind", KAREZ_JSON_ENUM, TRUE, 0, 0, "still|snapshot|document" },                          \
      { "media_type", KAREZ_JSON_TEXT, TRUE, 1, 100 },                                             \
      { "size", KAREZ_JSON_INTEGER, TRUE, 1, G_MAXINT64 }, { "taken_at", KAREZ_JSON_TIME, TRUE },  \
      { "caption", KAREZ_JSON_TEXT, FALSE, 0, MAX_CAPTION },                                       \
      { "marks", KAREZ_JSON_ARRAY, FALSE, 0, GUIDANCE_MAX_MARKS },                                 \
  {                                                                                                \
    "drawn_in", KAREZ_JSON_BOOLEAN                                                                 \
  }

static gboolean
is_point (JsonNode *node)
{
  JsonArray *pair = JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
  double number;

  if (pair == NULL || json_array_get_length (pair) != 2)
    return FALSE;
  for (guint i = 0; i < 2; i++)
    if (!karez_json_number (json_array_get_element (pair, i), &number)
        || ABS (number) > 100.0 * GUIDANCE_PARTS)
      return FALSE;
  return TRUE;
}

/* A mark as a picture shows it: where it was on that frame, which may be beyond its edge. */
static gboolean
check_mark (JsonNode *node, GError **error)
{
  static const KarezJsonField fields[] = {
    { "id", KAREZ_JSON_UUID, TRUE },
    { "by", KAREZ_JSON_UUID, TRUE },
    { "name", KAREZ_JSON_NAME, FALSE, 0, 400 },
    { "hospital", KAREZ_JSON_UUID },
    { "tool", KAREZ_JSON_ENUM, TRUE, 0, 0, "pen|arrow|circle|text" },
    { "points", KAREZ_JSON_ARRAY, TRUE, 1, GUIDANCE_MAX_POINTS },
    { "text", KAREZ_JSON_NAME, FALSE, 1, GUIDANCE_MAX_TEXT },
    { NULL },
  };
  JsonObject *object = karez_json_check (node, fields, error);
  JsonArray *points = object != NULL ? json_object_get_array_member (object, "points") : NULL;

  for (guint i = 0; points != NULL && i < json_array_get_length (points); i++)
    if (!is_point (json_array_get_element (points, i)))
      return karez_error_set (error, KAREZ_ERROR_INVALID, "guidance/points",
                              N_ ("pairs of numbers, in parts of 10,000 of the picture"),
                              N_ ("A mark of the picture has a point that is none"));
  return points != NULL;
}

/* @error: of the mark alone; it says where in the message that is. */
static void
place_error (GError *error, guint mark)
{
  const char *inside = karez_error_get_pointer (error);
  g_autofree char *pointer = g_strdup_printf ("/marks/%u%s", mark, inside != NULL ? inside : "");

  karez_error_set_pointer (error, pointer);
}

/* Returns: (transfer full): as text; NULL with @error */
static char *
read_marks (JsonObject *body, GError **error)
{
  JsonNode *node = json_object_get_member (body, "marks");
  JsonArray *marks = node != NULL && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node)
                                                                  : NULL;
  g_autofree char *text = NULL;
  GError *wrong = NULL;

  for (guint i = 0; marks != NULL && i < json_array_get_length (marks); i++)
    if (!check_mark (json_array_get_element (marks, i), &wrong))
      {
        place_error (wrong, i);
        g_propagate_error (error, wrong);
        return NULL;
      }
  text = marks != NULL ? karez_json_print (node) : g_strdup ("[]");
  if (strlen (text) <= MAX_MARKS_BYTES)
    return g_steal_pointer (&text);
  karez_error_set (error, KAREZ_ERROR_TOO_LARGE, "guidance/picture-marks", N_ ("at most 64 KiB"),
                   N_ ("The marks of the picture are too many"));
  return NULL;
}

static gboolean
check_announced (JsonObject *body, GError **error)
{
  const char *media_type = karez_json_text (body, "media_type");
  g_auto (GStrv) types = g_strsplit (GUIDANCE_PICTURE_TYPES, "|", -1);

  if (karez_json_integer (body, "size", 0) > GUIDANCE_PICTURE_MAX_BYTES)
    return karez_error_set (error, KAREZ_ERROR_TOO_LARGE, "guidance/picture-size",
                            N_ ("a picture of at most 12 MiB"), N_ ("The picture is too large"));
  return g_strv_contains ((const char *const *) types, media_type)
         || karez_error_set (error, KAREZ_ERROR_INVALID, "guidance/picture-type",
                             GUIDANCE_PICTURE_TYPES, N_ ("Pictures of the type %s are not taken"),
                             media_type);
}

/* POST …/pictures */

static const char *
role_for (const char *kind)
{
  return g_str_equal (kind, "still") ? "site" : "expert";
}

static gboolean
check_sender (GuidanceWork *work, const char *kind, GError **error)
{
  return karez_rows_boolean (work->rows, 0, "may")
         || karez_error_set (error, KAREZ_ERROR_DENIED, "guidance/participant",
                             g_str_equal (role_for (kind), "site")
                                 ? N_ ("who was in the session at the patient’s side")
                                 : N_ ("who was in the session as expert"),
                             N_ ("A still is sent by who was at the patient’s side, a snapshot or "
                                 "a document by an expert of the session"));
}

static gboolean
check_booked (GuidanceWork *work, GError **error)
{
  return work->booking != NULL
         || karez_error_set (error, KAREZ_ERROR_NOT_FOUND, "guidance/none",
                             N_ ("a session that was booked"), N_ ("There is no such guidance"));
}

static void
add (GuidanceWork *work, JsonObject *body, const char *marks)
{
  const char *id = karez_json_text (body, "id");
  const char *kind = karez_json_text (body, "kind");
  const char *caption = karez_json_text (body, "caption");
  gint64 size = karez_json_integer (body, "size", 0);
  g_autoptr (KarezTransaction) transaction = guidance_work_transaction (work);

  karez_transaction_run (transaction, "pictures_lock", "(s)", work->session);
  karez_transaction_run_one (
      transaction, "guidance/picture-count", N_ ("A session has at most 60 pictures"),
      "picture_add", "(ssssssissbssx)", id, work->session, own_id (work->half),
      guidance_work_partner (work), kind, karez_json_text (body, "media_type"), (gint32) size,
      caption != NULL ? caption : "", marks, karez_json_boolean (body, "drawn_in"),
      karez_json_text (body, "taken_at"),
      karez_actor_get_name (karez_request_get_actor (work->request)),
      (gint64) GUIDANCE_PICTURES_MAX);
  karez_transaction_event (transaction, "picture.add", "picture", id,
                           karez_json_object ("kind", "s", kind, "size", "i", size, NULL));
  karez_request_commit (work->request, transaction, 201,
                        karez_json_object ("id", "s", id, "parts", "i",
                                           (gint64) karez_file_count_parts (size), "part_size", "i",
                                           (gint64) KAREZ_FILE_PART_BYTES, NULL));
}

static void
announce_here (GuidanceWork *data)
{
  g_autoptr (GuidanceWork) work = data;
  JsonObject *body = json_node_get_object (karez_request_get_body (work->request));
  g_autoptr (GError) error = NULL;
  g_autofree char *marks = NULL;

  if (check_booked (work, &error) && check_sender (work, karez_json_text (body, "kind"), &error))
    marks = read_marks (body, &error);
  if (marks != NULL)
    add (work, body, marks);
  else
    karez_request_fail (work->request, error);
}

static void
on_add (KarezRequest *request, gpointer data)
{
  static const KarezJsonField fields[] = { PICTURE_FIELDS, { NULL } };
  GuidancePictures *self = data;
  const char *session = guidance_work_session (request);
  JsonObject *body = session != NULL ? karez_request_check_body (request, fields) : NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *marks = NULL;

  if (body == NULL)
    return;
  if (check_announced (body, &error))
    marks = read_marks (body, &error);
  if (marks == NULL)
    karez_request_fail (request, error);
  else
    guidance_work_begin (self->half, request, self, "pictures_by_session",
                         g_variant_new ("(sss)", session, guidance_work_person (request),
                                        role_for (karez_json_text (body, "kind"))),
                         announce_here);
}

/* GET …/pictures */

static void
list (GuidanceWork *data)
{
  g_autoptr (GuidanceWork) work = data;

  karez_request_respond_view (
      work->request, karez_control_half_get_audit (work->half), "picture.list", work->session,
      guidance_work_patient (work),
      karez_json_object ("items", "n", karez_rows_json (work->rows, 0, "pictures"), NULL));
}

static void
on_list (KarezRequest *request, gpointer data)
{
  GuidancePictures *self = data;
  const char *session = guidance_work_session (request);

  if (session != NULL)
    guidance_work_begin (self->half, request, self, "pictures_by_session",
                         g_variant_new ("(ssms)", session, guidance_work_person (request), NULL),
                         list);
}

/* One picture. */

static gboolean
is_there (GuidanceWork *work)
{
  g_autoptr (GError) error = NULL;

  if (karez_rows_get_count (work->rows) > 0)
    return TRUE;
  error = karez_files_none_error (KAREZ_FILES (GUIDANCE_PICTURES (work->owner)->files));
  karez_request_fail (work->request, error);
  return FALSE;
}

static void
find (GuidancePictures *self, KarezRequest *request, void (*go_on) (GuidanceWork *work))
{
  const char *session = guidance_work_session (request);
  const char *id = session != NULL
                       ? karez_request_get_path_uuid (request, "picture", "guidance/no-picture")
                       : NULL;

  if (id != NULL)
    guidance_work_begin (self->half, request, self, "picture_by_id",
                         g_variant_new ("(sss)", id, session, guidance_work_person (request)),
                         go_on);
}

static void
take_part (GuidanceWork *data)
{
  g_autoptr (GuidanceWork) work = data;
  g_autoptr (GError) error = NULL;

  if (!is_there (work))
    return;
  if (!g_str_equal (karez_rows_text (work->rows, 0, "hub"), own_id (work->half)))
    karez_error_set (&error, KAREZ_ERROR_CONFLICT, "guidance/side",
                     N_ ("the hospital where the picture is sent"),
                     N_ ("The picture belongs to the other hospital"));
  else
    check_sender (work, karez_rows_text (work->rows, 0, "kind"), &error);
  if (error != NULL)
    karez_request_fail (work->request, error);
  else
    karez_files_take (KAREZ_FILES (GUIDANCE_PICTURES (work->owner)->files), work->request,
                      karez_file_new (work->rows, 0),
                      karez_request_get_path_part (work->request, "part"),
                      guidance_work_patient (work));
}

static void
on_part (KarezRequest *request, gpointer data)
{
  find (data, request, take_part);
}

static void
give (GuidanceWork *data)
{
  g_autoptr (GuidanceWork) work = data;
  g_autoptr (KarezFile) file = NULL;
  g_autofree char *name = NULL;
  KarezStream stream = { .shown = TRUE };

  if (!is_there (work))
    return;
  file = karez_file_new (work->rows, 0);
  name = karez_file_name_save (karez_rows_text (work->rows, 0, "taken_at"),
                               guidance_picture_endings (file->media_type));
  stream.media_type = file->media_type;
  stream.name = name;
  karez_files_give (KAREZ_FILES (GUIDANCE_PICTURES (work->owner)->files), work->request, file,
                    &stream, guidance_work_patient (work));
}

static void
on_get (KarezRequest *request, gpointer data)
{
  find (data, request, give);
}

/* To the other hospital. */

static void look (GuidancePictures *self);

static void
on_sent (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;

  if (!karez_transaction_commit_finish (KAREZ_TRANSACTION (source), result, &error)
      && !karez_error_is_conflict (error))
    g_message ("A picture could not be announced yet: %s", error->message);
}

static void
send_one (GuidancePictures *self, KarezRows *rows, guint row)
{
  const char *id = karez_rows_text (rows, row, "id");
  const char *session = karez_rows_text (rows, row, "session");
  g_autoptr (KarezTransaction) transaction = karez_control_half_begin (self->half);
  JsonNode *body = karez_json_object (
      "booking", "s", session, "id", "s", id, "kind", "s", karez_rows_text (rows, row, "kind"),
      "media_type", "s", karez_rows_text (rows, row, "media_type"), "size", "i",
      karez_rows_integer (rows, row, "size"), "sha256", "s", karez_rows_text (rows, row, "sha256"),
      "taken_at", "s", karez_rows_text (rows, row, "taken_at"), "caption", "s",
      karez_rows_text (rows, row, "caption"), "marks", "n", karez_rows_json (rows, row, "marks"),
      "drawn_in", "b", karez_rows_boolean (rows, row, "drawn_in"), "added_by", "s",
      karez_rows_text (rows, row, "added_by"), "added_at", "s",
      karez_rows_text (rows, row, "added_at"), "actor", "n",
      karez_actor_to_json (karez_control_half_get_actor (self->half)), NULL);

  karez_transaction_about (transaction, session, NULL);
  karez_transaction_run_one (transaction, "guidance/sent", N_ ("This picture was announced before"),
                             "picture_sent", "(s)", id);
  karez_transaction_event (transaction, "picture.send", "picture", id, NULL);
  if (karez_peers_post (karez_control_half_get_peers (self->half), transaction,
                        karez_rows_text (rows, row, "partner"), KAREZ_LANE_RECORDS, TOPIC, body))
    karez_transaction_commit_async (transaction, NULL, on_sent, NULL);
}

static void
on_unsent (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GuidancePictures) self = data;
  g_autoptr (KarezRows) rows = karez_store_query_finish (KAREZ_STORE (source), result, NULL);

  for (guint i = 0; rows != NULL && i < karez_rows_get_count (rows); i++)
    send_one (self, rows, i);
  self->busy = FALSE;
  if (self->again)
    look (self);
}

/* Those hospitals that a message would reach, now or once they are back. */
static GStrv
list_paired (GuidancePictures *self)
{
  KarezPeers *peers = karez_control_half_get_peers (self->half);
  g_autoptr (GStrvBuilder) paired = g_strv_builder_new ();
  g_auto (GStrv) up = karez_peers_find (peers, KAREZ_PEER_UP);
  g_auto (GStrv) down = karez_peers_find (peers, KAREZ_PEER_DOWN);

  g_strv_builder_addv (paired, (const char **) up);
  g_strv_builder_addv (paired, (const char **) down);
  return g_strv_builder_end (paired);
}

static void
look (GuidancePictures *self)
{
  g_auto (GStrv) paired = NULL;

  self->again = self->busy;
  if (self->busy)
    return;
  self->busy = TRUE;
  paired = list_paired (self);
  karez_store_query_async (karez_control_half_get_store (self->half), "pictures_unsent",
                           g_variant_new ("(s^as)", own_id (self->half), paired), NULL, on_unsent,
                           g_object_ref (self));
}

static gboolean
on_minute (gpointer data)
{
  look (data);
  return G_SOURCE_CONTINUE;
}

static void
on_kept (KarezFiles *files, const char *session, GuidancePictures *self)
{
  look (self);
}

static void
on_peer_changed (KarezPeers *peers, const char *peer, GuidancePictures *self)
{
  look (self);
}

/* From it. */

static const KarezJsonField message_fields[] = {
  { "booking", KAREZ_JSON_UUID, TRUE },
  PICTURE_FIELDS,
  { "sha256", KAREZ_JSON_TEXT, TRUE, 64, 64 },
  { "added_by", KAREZ_JSON_TEXT, TRUE, 1, 400 },
  { "added_at", KAREZ_JSON_TIME, TRUE },
  { "actor", KAREZ_JSON_OBJECT, TRUE },
  { NULL },
};

static gboolean
fill_picture (gpointer owner, KarezTransaction *transaction, JsonObject *body, KarezActor *person,
              JsonNode *booking, GError **error)
{
  GuidancePictures *self = owner;
  const char *id = karez_json_text (body, "id"), *session = karez_json_text (body, "booking");
  const char *caption = karez_json_text (body, "caption");
  g_autofree char *marks = check_announced (body, error) ? read_marks (body, error) : NULL;

  if (marks == NULL)
    return FALSE;
  if (strspn (karez_json_text (body, "sha256"), "0123456789abcdef") != 64)
    return karez_error_set (error, KAREZ_ERROR_INVALID, "guidance/digest",
                            N_ ("64 hexadecimal digits"), N_ ("The picture’s digest is none"));
  karez_transaction_run (transaction, "pictures_lock", "(s)", session);
  karez_transaction_run_one (
      transaction, "guidance/picture", N_ ("The session has as many pictures as it may"),
      "picture_receive", "(ssssssissbssxss)", id, session, karez_actor_get_hub (person),
      own_id (self->half), karez_json_text (body, "kind"), karez_json_text (body, "media_type"),
      (gint32) karez_json_integer (body, "size", 0), caption != NULL ? caption : "", marks,
      karez_json_boolean (body, "drawn_in"), karez_json_text (body, "taken_at"),
      karez_json_text (body, "added_by"), (gint64) GUIDANCE_PICTURES_MAX,
      karez_json_text (body, "added_at"), karez_json_text (body, "sha256"));
  karez_transaction_event (transaction, "picture.announce", "picture", id, NULL);
  return TRUE;
}

static void
on_announced (gpointer owner)
{
  karez_files_wake (KAREZ_FILES (GUIDANCE_PICTURES (owner)->files));
}

static void
on_picture_post (KarezMessage *message, GTask *task, gpointer data)
{
  static const KarezArrival arrival = { message_fields, KAREZ_SIDE_EITHER, fill_picture,
                                        on_announced };
  GuidancePictures *self = data;

  karez_message_apply (message, &arrival, karez_control_half_get_context (self->half),
                       karez_control_half_get_store (self->half), self, task);
}

/* Start. */

gboolean
guidance_pictures_start (GuidancePictures *self, GError **error)
{
  static const struct
  {
    const char *method, *path, *permission;
    KarezRouteFunc func;
  } added[] = {
    { "POST", "/x/guidance/sessions/{session}/pictures", "guidance.picture.write", on_add },
    { "GET", "/x/guidance/sessions/{session}/pictures", "guidance.picture.read", on_list },
    { "GET", "/x/guidance/sessions/{session}/pictures/{picture}", "guidance.picture.read", on_get },
  };
  KarezRoutes *routes = karez_control_half_get_routes (self->half);
  KarezPeers *peers = karez_control_half_get_peers (self->half);

  for (gsize i = 0; i < G_N_ELEMENTS (added); i++)
    if (!karez_routes_add (routes, added[i].method, added[i].path, added[i].permission,
                           added[i].func, g_object_ref (self), g_object_unref, error))
      return FALSE;
  if (!karez_routes_add_bytes (
          routes, "PUT", "/x/guidance/sessions/{session}/pictures/{picture}/parts/{part}",
          "guidance.picture.write", on_part, g_object_ref (self), g_object_unref, error)
      || !karez_peers_handle_post (peers, TOPIC, on_picture_post, g_object_ref (self),
                                   g_object_unref, error)
      || !karez_peers_serve_feed (peers, GUIDANCE_FEED_PARTS, karez_files_feed,
                                  g_object_ref (self->files), g_object_unref, error)
      || !karez_files_begin (KAREZ_FILES (self->files), karez_control_half_get_context (self->half),
                             karez_control_half_get_store (self->half),
                             karez_control_half_get_actor (self->half), error))
    return FALSE;
  g_signal_connect_object (self->files, "kept", G_CALLBACK (on_kept), self, 0);
  g_signal_connect_object (peers, "changed", G_CALLBACK (on_peer_changed), self, 0);
  self->timer = g_timeout_add_seconds (LOOK_SECONDS, on_minute, self);
  look (self);
  return TRUE;
}

GuidancePictures *
guidance_pictures_new (KarezControlHalf *half)
{
  GuidancePictures *self = g_object_new (GUIDANCE_TYPE_PICTURES, NULL);

  self->half = g_object_ref (half);
  self->files = guidance_files_new ();
  return self;
}

static void
guidance_pictures_finalize (GObject *object)
{
  GuidancePictures *self = GUIDANCE_PICTURES (object);

  g_clear_handle_id (&self->timer, g_source_remove);
  g_clear_object (&self->files);
  g_clear_object (&self->half);
  G_OBJECT_CLASS (guidance_pictures_parent_class)->finalize (object);
}

static void
guidance_pictures_class_init (GuidancePicturesClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = guidance_pictures_finalize;
}

static void
guidance_pictures_init (GuidancePictures *self)
{
}
