/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The control half in a hub: what a session keeps, who reads it, and the hospital's checklists. */
#include "guidance-picture.h"
#include "guidance-pictures.h"

#include "test-room.h"

#include <string.h>

#define NOBODY "01a20000-0000-7000-8000-0000000000ee"
/* Who asks, by karez_test_hub_request(); the partner of its bookings. */
#define PERSON "019ab3c4-0000-7000-8000-000000000001"
#define PARTNER "019ab3c4-0000-7000-8000-00000000000b"
#define PICTURE "01a20000-0000-7000-8000-0000000000c1"
#define POINTED                                                                                    \
  "{\"id\": \"" MARK (01) "\", \"by\": \"" PERSON "\", \"tool\": \"arrow\", \"points\": "          \
                          "[[1, 2], [-30, 4.5]]}"

GType guidance_plugin_get_type (void);

static KarezTestHub *
open_hub (void)
{
  g_autofree char *path = g_test_build_filename (G_TEST_BUILT, "guidance.plugin", NULL);
  g_autoptr (GError) error = NULL;
  KarezTestHub *hub = karez_test_hub_new (path, &error);

  g_assert_no_error (error);
  karez_test_hub_set (hub, "Checklists", "checklists");
  karez_test_hub_enable (hub, guidance_plugin_get_type (), &error);
  g_assert_no_error (error);
  return hub;
}

static void
assert_answer (KarezTestHub *hub, const char *role, const char *path, guint status,
               const char *rule)
{
  g_autoptr (JsonNode) answer = NULL;

  g_assert_cmpuint (karez_test_hub_request (hub, role, "GET", path, NULL, &answer), ==, status);
  if (rule != NULL)
    g_assert_cmpstr (karez_json_text (json_node_get_object (answer), "rule"), ==, rule);
}

static guint
count_of (JsonNode *answer, const char *member)
{
  return json_array_get_length (
      json_object_get_array_member (json_node_get_object (answer), member));
}

/* What a live half records is kept, once, and read by who may. */
static void
test_kept (void)
{
  g_autoptr (KarezTestHub) hub = open_hub ();
  Room room;
  g_autofree char *path = NULL;
  g_autoptr (JsonNode) answer = NULL;
  g_autoptr (GError) error = NULL;

  room_up (&room, NULL);
  room_draw (&room, room.expert, MARK (01));
  path = g_strdup_printf ("/x/guidance/sessions/%s",
                          karez_session_get_id (KAREZ_SESSION (room.workers[1])));
  assert_answer (hub, "clinician", path, 404, "guidance/none");
  karez_test_worker_move (room.workers[1], KAREZ_TEST_MOVE_STOP);
  for (guint i = 0; i < 2; i++) /* a hub that was away is handed it again */
    karez_test_hub_keep (hub, room.workers[1], &error);
  g_assert_no_error (error);
  g_assert_cmpuint (karez_test_hub_count_events (hub, "summary.keep"), ==, 1);
  g_assert_cmpuint (karez_test_hub_count_events (hub, "participant.enter"), ==, 2);
  assert_answer (hub, "engineer", path, 403, NULL);
  g_assert_cmpuint (karez_test_hub_count_events (hub, "guidance.read"), ==, 0);
  g_assert_cmpuint (karez_test_hub_request (hub, "clinician", "GET", path, NULL, &answer), ==, 200);
  g_assert_cmpuint (count_of (answer, "people"), ==, 3);
  g_assert_cmpuint (count_of (answer, "marks"), ==, 1);
  g_assert_cmpuint (count_of (answer, "checklists"), ==, 0);
  g_assert_cmpuint (karez_test_hub_count_events (hub, "guidance.read"), ==, 1);
  assert_answer (hub, "clinician", "/x/guidance/sessions/x", 404, "guidance/none");
  assert_answer (hub, "clinician", "/x/guidance/sessions/" NOBODY, 404, "guidance/none");
  room_down (&room, NULL);
}

static void
test_refused (void)
{
  static const struct
  {
    const char *action, *body;
  } wrong[] = {
    { "summary.keep", "{}" },
    { "summary.keep", "{\"people\":[],\"seconds\":-1,\"marks\":[],\"more_marks\":0,"
                      "\"checklists\":[]}" },
    { "participant.enter", "{\"participant\":\"" NOBODY "\",\"role\":\"surgeon\"}" },
    { "participant.enter", "{\"participant\":\"" NOBODY "\",\"role\":\"site\"}" },
    { "note.keep", "{}" },
  };
  g_autoptr (KarezTestHub) hub = open_hub ();

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_false (karez_test_hub_record (hub, NOBODY, 1, wrong[i].action, NULL,
                                             json_from_string (wrong[i].body, NULL), &error));
      g_assert_true (karez_error_is_invalid (error));
    }
  g_assert_cmpuint (karez_test_hub_count_events (hub, "summary.keep"), ==, 0);
}

static void
test_checklists (void)
{
  static const char path[] = "/x/guidance/checklists";
  g_autoptr (KarezTestHub) hub = open_hub ();
  g_autoptr (JsonNode) answer = NULL;

  for (guint i = 0; i < 100 && (answer == NULL || count_of (answer, "items") == 0); i++)
    {
      g_clear_pointer (&answer, json_node_unref);
      karez_test_hub_run_for (hub, 50);
      g_assert_cmpuint (karez_test_hub_request (hub, "clinician", "GET", path, NULL, &answer), ==,
                        200);
    }
  g_assert_cmpuint (count_of (answer, "items"), ==, 3);
  assert_answer (hub, "auditor", path, 403, NULL);
}

/* Where a demonstration finds the other side: nowhere but as it is set, and to an address of the
 * web. */
static void
test_demonstration (void)
{
  static const char path[] = "/x/guidance/demonstration";
  g_autoptr (KarezTestHub) hub = open_hub ();
  g_autoptr (JsonNode) answer = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *file = g_test_build_filename (G_TEST_BUILT, "guidance.plugin", NULL);
  g_autoptr (KarezTestHub) next = NULL, wrong = NULL;

  g_assert_cmpuint (karez_test_hub_request (hub, "clinician", "GET", path, NULL, &answer), ==, 200);
  g_assert_null (karez_json_text (json_node_get_object (answer), "partner"));
  g_clear_pointer (&answer, json_node_unref);
  g_clear_object (&hub);
  next = karez_test_hub_new (file, &error);
  karez_test_hub_set (next, "Demonstration", "http://hangzhou.localhost:8802");
  g_assert_true (karez_test_hub_enable (next, guidance_plugin_get_type (), &error));
  g_assert_cmpuint (karez_test_hub_request (next, "clinician", "GET", path, NULL, &answer), ==,
                    200);
  g_assert_cmpstr (karez_json_text (json_node_get_object (answer), "partner"), ==,
                   "http://hangzhou.localhost:8802");
  g_clear_object (&next);
  wrong = karez_test_hub_new (file, &error);
  karez_test_hub_set (wrong, "Demonstration", "javascript:alert(1)");
  g_assert_false (karez_test_hub_enable (wrong, guidance_plugin_get_type (), &error));
  g_assert_cmpstr (karez_error_get_rule (error), ==, "guidance/demonstration");
}

static void
enter (KarezTestHub *hub, const char *session, gint64 number, const char *person, const char *role)
{
  g_autofree char *participant = g_uuid_string_random ();
  g_autoptr (KarezActor)
      actor = karez_actor_new (KAREZ_ACTOR_PERSON, person, "Somebody", NULL, NULL, NULL);
  g_autoptr (GError) error = NULL;

  karez_test_hub_record (
      hub, session, number, "participant.enter", actor,
      karez_json_object ("participant", "s", participant, "role", "s", role, NULL), &error);
  g_assert_no_error (error);
}

/* A session that is booked with a partner that is paired, in which the asker was as @role.
 * Returns: (transfer full): its id */
static char *
open_session (KarezTestHub *hub, const char *role)
{
  g_autoptr (JsonNode) booking = karez_test_booking ("guidance", 30);
  char *session = g_strdup (karez_json_text (json_node_get_object (booking), "id"));

  karez_test_hub_set_peer (hub, PARTNER, KAREZ_PEER_DOWN);
  karez_test_hub_add_booking (hub, booking);
  if (role != NULL)
    enter (hub, session, 1, PERSON, role);
  return session;
}

/* @length: of the whole; a PNG of @width by @height, and zeros */
static GBytes *
make_picture (guint width, guint height, gsize length)
{
  static const guint8 head[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
  guint32 size[] = { GUINT32_TO_BE (width), GUINT32_TO_BE (height) };
  guint8 *bytes = g_malloc0 (length);

  memcpy (bytes, head, sizeof head - 1);
  memcpy (bytes + sizeof head - 1, size, sizeof size);
  return g_bytes_new_take (bytes, length);
}

static char *
path_of (const char *session, const char *below)
{
  return g_strdup_printf ("/x/guidance/sessions/%s/pictures%s", session, below);
}

/* Returns: the status; @rule: what refused it, or NULL */
static guint
announce (KarezTestHub *hub, const char *session, const char *id, const char *kind,
          const char *media_type, gint64 size, const char *marks, const char *rule)
{
  g_autofree char *path = path_of (session, "");
  g_autoptr (JsonNode) answer = NULL;
  guint status = karez_test_hub_request (
      hub, "clinician", "POST", path,
      karez_json_object ("id", "s", id, "kind", "s", kind, "media_type", "s", media_type, "size",
                         "i", size, "taken_at", "s", "2026-11-30T10:00:00.000Z", "caption", "s",
                         "Wound", "marks", "n", json_from_string (marks, NULL), NULL),
      &answer);

  if (rule != NULL)
    g_assert_cmpstr (karez_json_text (json_node_get_object (answer), "rule"), ==, rule);
  return status;
}

static guint
put_part_of (KarezTestHub *hub, const char *session, const char *id, guint part, GBytes *bytes,
             const char *rule)
{
  g_autofree char *below = g_strdup_printf ("/%s/parts/%u", id, part);
  g_autofree char *path = path_of (session, below);
  g_autoptr (GBytes) given = NULL;
  guint status = karez_test_hub_request_bytes (hub, "clinician", "PUT", path, bytes, &given);
  g_autoptr (JsonNode) answer = karez_json_parse (given, 0, NULL);

  if (rule != NULL)
    g_assert_cmpstr (karez_json_text (json_node_get_object (answer), "rule"), ==, rule);
  return status;
}

static guint
put_part (KarezTestHub *hub, const char *session, guint part, GBytes *bytes, const char *rule)
{
  return put_part_of (hub, session, PICTURE, part, bytes, rule);
}

static JsonObject *
first_picture (KarezTestHub *hub, const char *session, JsonNode **node)
{
  g_autofree char *path = path_of (session, "");

  g_clear_pointer (node, json_node_unref);
  g_assert_cmpuint (karez_test_hub_request (hub, "desk", "GET", path, NULL, node), ==, 200);
  return count_of (*node, "items") > 0 ? json_array_get_object_element (
             json_object_get_array_member (json_node_get_object (*node), "items"), 0)
                                       : NULL;
}

/* Sent in parts, kept, announced to the partner, given with its reading on record. */
static void
test_picture (void)
{
  g_autoptr (KarezTestHub) hub = open_hub ();
  g_autofree char *session = open_session (hub, "expert");
  g_autofree char *path = path_of (session, "/" PICTURE);
  const gsize length = KAREZ_FILE_PART_BYTES + 1000;
  g_autoptr (GBytes) whole = make_picture (4000, 3000, length);
  g_autoptr (GBytes) first = g_bytes_new_from_bytes (whole, 0, KAREZ_FILE_PART_BYTES);
  g_autoptr (GBytes) second = g_bytes_new_from_bytes (whole, KAREZ_FILE_PART_BYTES, 1000);
  g_autofree char *digest = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, whole);
  g_autoptr (JsonNode) node = NULL, posts = NULL;
  g_autoptr (GBytes) given = NULL;
  JsonObject *picture, *body;

  g_assert_cmpuint (announce (hub, session, PICTURE, "snapshot", "image/png", (gint64) length,
                              "[" POINTED "]", NULL),
                    ==, 201);
  g_assert_cmpuint (put_part (hub, session, 0, first, NULL), ==, 200);
  picture = first_picture (hub, session, &node);
  g_assert_cmpint (karez_json_integer (picture, "width", 0), ==, 4000);
  g_assert_cmpstr (karez_json_text (picture, "state"), ==, "coming");
  g_assert_cmpuint (karez_test_hub_request_bytes (hub, "desk", "GET", path, NULL, &given), ==, 409);
  g_assert_cmpuint (put_part (hub, session, 0, second, "guidance/part-size"), ==, 422);
  g_assert_cmpuint (put_part (hub, session, 2, second, "guidance/part"), ==, 404);
  g_assert_cmpuint (put_part (hub, session, 1, second, NULL), ==, 200);
  karez_test_hub_run_for (hub, 300);
  picture = first_picture (hub, session, &node);
  g_assert_cmpstr (karez_json_text (picture, "state"), ==, "whole");
  g_assert_cmpstr (karez_json_text (picture, "sha256"), ==, digest);
  g_assert_true (karez_json_boolean (picture, "sent"));
  g_clear_pointer (&given, g_bytes_unref);
  g_assert_cmpuint (karez_test_hub_request_bytes (hub, "desk", "GET", path, NULL, &given), ==, 200);
  g_assert_true (g_bytes_equal (given, whole));
  g_assert_cmpuint (karez_test_hub_count_events (hub, "picture.read"), ==, 1);
  posts = karez_test_hub_get_posts (hub);
  g_assert_cmpuint (json_array_get_length (json_node_get_array (posts)), ==, 1);
  body = json_object_get_object_member (
      json_array_get_object_element (json_node_get_array (posts), 0), "body");
  g_assert_cmpstr (karez_json_text (body, "sha256"), ==, digest);
  g_assert_cmpuint (json_array_get_length (json_object_get_array_member (body, "marks")), ==, 1);
}

static void
test_pictures_refused (void)
{
  g_autoptr (KarezTestHub) hub = open_hub ();
  g_autofree char *session = open_session (hub, "site");
  g_autofree char *other = open_session (hub, NULL);
  g_autofree char *path = path_of (session, "/" PICTURE);
  g_autoptr (GBytes) large = make_picture (10000, 5000, 100);
  g_autoptr (GBytes) html = g_bytes_new_static ("<html>", 6);
  g_autoptr (JsonNode) node = NULL;

  g_assert_cmpuint (
      announce (hub, other, PICTURE, "still", "image/png", 100, "[]", "guidance/participant"), ==,
      403);
  g_assert_cmpuint (
      announce (hub, session, PICTURE, "snapshot", "image/png", 100, "[]", "guidance/participant"),
      ==, 403);
  g_assert_cmpuint (
      announce (hub, NOBODY, PICTURE, "still", "image/png", 100, "[]", "guidance/none"), ==, 404);
  g_assert_cmpuint (announce (hub, session, PICTURE, "still", "image/png",
                              GUIDANCE_PICTURE_MAX_BYTES + 1, "[]", "guidance/picture-size"),
                    ==, 413);
  g_assert_cmpuint (
      announce (hub, session, PICTURE, "still", "image/gif", 100, "[]", "guidance/picture-type"),
      ==, 422);
  g_assert_cmpuint (
      announce (hub, session, PICTURE, "still", "image/png", 100, "[{}]", "json/missing"), ==, 422);
  g_assert_cmpuint (
      announce (hub, session, PICTURE, "still", "image/png", 100,
                "[{\"id\": \"" MARK (01) "\", \"by\": \"" PERSON
                                         "\", \"tool\": \"pen\", \"points\": [[1, \"2\"]]}]",
                "guidance/points"),
      ==, 422);
  /* 50 megapixels leave at once, and so does what is no picture: neither has a place. */
  g_assert_cmpuint (announce (hub, session, PICTURE, "still", "image/png", 100, "[]", NULL), ==,
                    201);
  g_assert_cmpuint (put_part (hub, session, 0, large, "guidance/picture-pixels"), ==, 413);
  g_assert_null (first_picture (hub, session, &node));
  g_assert_cmpuint (announce (hub, session, PICTURE, "still", "image/jpeg", 6, "[]", NULL), ==,
                    201);
  g_assert_cmpuint (put_part (hub, session, 0, html, "guidance/picture-type"), ==, 422);
  g_assert_null (first_picture (hub, session, &node));
  g_assert_cmpuint (karez_test_hub_request_bytes (hub, "desk", "GET", path, NULL, NULL), ==, 404);
  for (guint i = 0; i < GUIDANCE_PICTURES_MAX; i++)
    {
      g_autofree char *id = g_uuid_string_random ();

      g_assert_cmpuint (announce (hub, session, id, "still", "image/png", 100, "[]", NULL), ==,
                        201);
    }
  g_assert_cmpuint (
      announce (hub, session, PICTURE, "still", "image/png", 100, "[]", "guidance/picture-count"),
      ==, 409);
}

/* What somebody announced is not another role's to send: an observer of the session, to whom the
 * list says its id, would put a picture of their own in its place. */
static void
test_picture_of_another (void)
{
  static const struct
  {
    const char *kind, *sender, *others[2];
  } cases[] = {
    { "still", "site", { "observer", "expert" } },
    { "snapshot", "expert", { "observer", "site" } },
    { "document", "expert", { "observer", "site" } },
  };
  g_autoptr (KarezTestHub) hub = open_hub ();
  g_autoptr (GBytes) picture = make_picture (40, 30, 100);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    for (guint k = 0; k < G_N_ELEMENTS (cases[i].others); k++)
      {
        g_autofree char *session = open_session (hub, cases[i].sender);
        g_autofree char *id = g_uuid_string_random ();

        enter (hub, session, 2, NOBODY, cases[i].others[k]);
        g_assert_cmpuint (announce (hub, session, id, cases[i].kind, "image/png", 100, "[]", NULL),
                          ==, 201);
        karez_test_hub_set_person (hub, NOBODY);
        g_assert_cmpuint (put_part_of (hub, session, id, 0, picture, "guidance/participant"), ==,
                          403);
        karez_test_hub_set_person (hub, NULL);
        g_assert_cmpuint (put_part_of (hub, session, id, 0, picture, NULL), ==, 200);
      }
  karez_test_hub_run_for (hub, 300);
}

static JsonNode *
arriving (const char *session, const char *sha256, gint64 size)
{
  return karez_json_object (
      "booking", "s", session, "id", "s", PICTURE, "kind", "s", "still", "media_type", "s",
      "image/png", "size", "i", size, "taken_at", "s", "2026-11-30T10:00:00.000Z", "sha256", "s",
      sha256, "added_by", "s", "Aygül", "added_at", "s", "2026-11-30T10:00:01.000Z", "actor", "n",
      json_from_string ("{\"kind\": \"hub\", \"id\": \"guidance\", \"name\": \"AR guidance\"}",
                        NULL),
      NULL);
}

static JsonNode *
part_of (GBytes *bytes)
{
  g_autofree char *text = g_base64_encode (g_bytes_get_data (bytes, NULL),
                                           g_bytes_get_size (bytes));
  JsonArray *items = json_array_new ();

  json_array_add_element (items,
                          karez_json_object ("part", "i", (gint64) 0, "bytes", "s", text, NULL));
  return karez_json_object ("items", "n", karez_json_array (items), "cursor", "s", "", "more", "b",
                            FALSE, NULL);
}

/* Of the other hospital: fetched, and held against what was announced and its own header. */
static void
test_arriving (void)
{
  g_autoptr (KarezTestHub) hub = open_hub ();
  g_autofree char *session = open_session (hub, NULL);
  g_autofree char *second = open_session (hub, NULL);
  g_autoptr (GBytes) picture = make_picture (40, 30, 100), large = make_picture (10000, 5000, 100);
  g_autofree char *digest = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, picture);
  g_autoptr (JsonNode) node = NULL;
  g_autoptr (GError) error = NULL;

  karez_test_hub_set_peer (hub, PARTNER, KAREZ_PEER_UP);
  karez_test_hub_answer (hub, "guidance.parts", part_of (picture));
  g_assert_false (karez_test_hub_post (hub, PARTNER, "guidance.picture",
                                       arriving (session, digest, 20 * 1024 * 1024), &error));
  g_assert_cmpstr (karez_error_get_rule (error), ==, "guidance/picture-size");
  g_clear_error (&error);
  karez_test_hub_post (hub, PARTNER, "guidance.picture", arriving (session, digest, 100), &error);
  g_assert_no_error (error);
  karez_test_hub_run_for (hub, 500);
  g_assert_cmpstr (karez_json_text (first_picture (hub, session, &node), "state"), ==, "whole");
  g_assert_cmpstr (karez_json_text (first_picture (hub, session, &node), "hub"), ==, PARTNER);
  /* The same again is the same; under the same id, another session's is refused. */
  karez_test_hub_post (hub, PARTNER, "guidance.picture", arriving (session, digest, 100), &error);
  g_assert_no_error (error);
  g_assert_false (karez_test_hub_post (hub, PARTNER, "guidance.picture",
                                       arriving (second, digest, 100), &error));
  g_assert_cmpstr (karez_error_get_rule (error), ==, "guidance/picture");
  g_assert_cmpuint (put_part (hub, session, 0, large, "guidance/side"), ==, 409);
}

static void
test_arriving_large (void)
{
  g_autoptr (KarezTestHub) hub = open_hub ();
  g_autofree char *session = open_session (hub, NULL);
  g_autoptr (GBytes) large = make_picture (10000, 5000, 100);
  g_autofree char *digest = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, large);
  g_autoptr (JsonNode) node = NULL;
  g_autoptr (GError) error = NULL;

  karez_test_hub_set_peer (hub, PARTNER, KAREZ_PEER_UP);
  karez_test_hub_answer (hub, "guidance.parts", part_of (large));
  karez_test_hub_post (hub, PARTNER, "guidance.picture", arriving (session, digest, 100), &error);
  g_assert_no_error (error);
  karez_test_hub_run_for (hub, 500);
  g_assert_cmpstr (karez_json_text (first_picture (hub, session, &node), "state"), ==, "broken");
  g_assert_cmpuint (karez_test_hub_count_events (hub, "picture.refuse"), ==, 1);
}

/* Reports. */

static guint
ask (KarezTestHub *hub, const char *method, const char *session, const char *below, JsonNode *body,
     const char *rule, JsonNode **answer)
{
  g_autofree char *path = g_strdup_printf ("/x/guidance/sessions/%s/%s", session, below);
  g_autoptr (JsonNode) given = NULL;
  guint status = karez_test_hub_request (hub, "clinician", method, path, body, &given);

  if (rule != NULL)
    g_assert_cmpstr (karez_json_text (json_node_get_object (given), "rule"), ==, rule);
  if (answer != NULL)
    {
      g_clear_pointer (answer, json_node_unref);
      *answer = g_steal_pointer (&given);
    }
  return status;
}

static JsonNode *
draft_of (gint64 revision, const char *course, const char *pictures)
{
  return karez_json_object ("revision", "i", revision, "course", "s", course, "recommendation", "s",
                            "Plaster in a week.", "pictures", "n",
                            json_from_string (pictures, NULL), NULL);
}

static JsonNode *
signature_of (const char *id, JsonNode *draft, const char *password, const char *amends)
{
  JsonObject *object = json_node_get_object (draft);

  return karez_json_object (
      "id", "s", id, "revision", "i", karez_json_integer (object, "revision", 0), "digest", "s",
      karez_json_text (object, "digest"), "password", "s", password, "amends", "s", amends,
      "amendment", "s", amends != NULL ? "A dose was wrong" : NULL, NULL);
}

static void
keep_summary (KarezTestHub *hub, const char *session)
{
  g_autoptr (GError) error = NULL;

  karez_test_hub_record (
      hub, session, 2, "summary.keep", NULL,
      json_from_string ("{\"people\": [], \"seconds\": 61, \"marks\": [], \"more_marks\": 0, "
                        "\"checklists\": [{\"id\": \"" PICTURE "\"}]}",
                        NULL),
      &error);
  g_assert_no_error (error);
}

static JsonObject *
last_post (KarezTestHub *hub, JsonNode **posts)
{
  JsonArray *array;

  g_clear_pointer (posts, json_node_unref);
  *posts = karez_test_hub_get_posts (hub);
  array = json_node_get_array (*posts);
  return json_array_get_object_element (array, json_array_get_length (array) - 1);
}

/* Drafted, signed, sent; amended by a version that names it. */
static void
test_report (void)
{
  g_autoptr (KarezTestHub) hub = open_hub ();
  g_autofree char *session = open_session (hub, "expert");
  g_autoptr (JsonNode) draft = NULL, answer = NULL, posts = NULL;
  JsonObject *report;

  g_assert_cmpuint (
      ask (hub, "PUT", session, "report/draft", draft_of (0, " ", "[]"), NULL, &draft), ==, 200);
  g_assert_cmpuint (ask (hub, "PUT", session, "report/draft", draft_of (0, "Other", "[]"),
                         "guidance/revision", NULL),
                    ==, 409);
  g_assert_cmpuint (ask (hub, "POST", session, "report/sign",
                         signature_of (MARK (a1), draft, "password", NULL), "guidance/course",
                         NULL),
                    ==, 422);
  ask (hub, "PUT", session, "report/draft", draft_of (1, "Bleeding stopped.", "[]"), NULL, &draft);
  g_assert_cmpuint (ask (hub, "POST", session, "report/sign",
                         signature_of (MARK (a1), draft, "password", NULL), "guidance/not-over",
                         NULL),
                    ==, 409);
  keep_summary (hub, session);
  g_assert_cmpuint (ask (hub, "POST", session, "report/sign",
                         signature_of (MARK (a1), draft, "wrong", NULL), "sign-in/refused", NULL),
                    ==, 401);
  g_assert_cmpuint (ask (hub, "POST", session, "report/sign",
                         signature_of (MARK (a1), draft, "password", NULL), NULL, NULL),
                    ==, 201);
  /* Asked again, it is the same. */
  g_assert_cmpuint (ask (hub, "POST", session, "report/sign",
                         signature_of (MARK (a1), draft, "password", NULL), NULL, NULL),
                    ==, 200);
  report = json_object_get_object_member (
      json_object_get_object_member (last_post (hub, &posts), "body"), "report");
  g_assert_cmpint (karez_json_integer (report, "version", 0), ==, 1);
  g_assert_cmpint (
      karez_json_integer (json_object_get_object_member (report, "summary"), "seconds", 0), ==, 61);
  ask (hub, "PUT", session, "report/draft", draft_of (0, "Bleeding stopped twice.", "[]"), NULL,
       &draft);
  g_assert_cmpuint (ask (hub, "POST", session, "report/sign",
                         signature_of (MARK (a2), draft, "password", NULL), "guidance/newest",
                         NULL),
                    ==, 409);
  g_assert_cmpuint (ask (hub, "POST", session, "report/sign",
                         signature_of (MARK (a2), draft, "password", MARK (a1)), NULL, NULL),
                    ==, 201);
  g_assert_cmpuint (ask (hub, "GET", session, "reports/" MARK (a2), NULL, NULL, &answer), ==, 200);
  report = json_node_get_object (answer);
  g_assert_cmpstr (karez_json_text (report, "amends"), ==, MARK (a1));
  g_assert_cmpint (karez_json_integer (report, "version", 0), ==, 2);
  g_assert_cmpuint (ask (hub, "GET", session, "report", NULL, NULL, &answer), ==, 200);
  g_assert_cmpuint (count_of (answer, "reports"), ==, 2);
  g_assert_cmpuint (karez_test_hub_count_events (hub, "report.read"), ==, 2);
  g_assert_cmpuint (karez_test_hub_count_events (hub, "report.sign"), ==, 2);
}

static void
test_report_refused (void)
{
  g_autoptr (KarezTestHub) hub = open_hub ();
  g_autofree char *observed = open_session (hub, "observer");
  g_autofree char *session = open_session (hub, "site");
  g_autoptr (JsonNode) draft = NULL, kept = NULL;

  g_assert_cmpuint (
      ask (hub, "PUT", observed, "report/draft", draft_of (0, "x", "[]"), "guidance/author", NULL),
      ==, 403);
  g_assert_cmpuint (
      ask (hub, "PUT", NOBODY, "report/draft", draft_of (0, "x", "[]"), "guidance/none", NULL), ==,
      404);
  g_assert_cmpuint (ask (hub, "PUT", session, "report/draft", draft_of (0, "x", "[1]"),
                         "guidance/pictures", NULL),
                    ==, 422);
  /* One that is not of this session goes with no report of it. */
  ask (hub, "PUT", session, "report/draft", draft_of (0, "x", "[\"" PICTURE "\"]"), NULL, &draft);
  keep_summary (hub, session);
  g_assert_cmpuint (ask (hub, "POST", session, "report/sign",
                         signature_of (MARK (a1), draft, "password", NULL), "guidance/pictures",
                         NULL),
                    ==, 409);
  ask (hub, "PUT", session, "report/draft", draft_of (1, "y", "[]"), NULL, NULL);
  g_assert_cmpuint (ask (hub, "POST", session, "report/sign",
                         signature_of (MARK (a1), draft, "password", NULL), "guidance/revision",
                         NULL),
                    ==, 409);
  json_object_set_int_member (json_node_get_object (draft), "revision", 2);
  g_assert_cmpuint (ask (hub, "POST", session, "report/sign",
                         signature_of (MARK (a1), draft, "password", NULL), "guidance/shown", NULL),
                    ==, 409);
  ask (hub, "GET", session, "report", NULL, NULL, &draft);
  kept = json_node_ref (json_object_get_member (json_node_get_object (draft), "draft"));
  karez_test_hub_set_peer (hub, PARTNER, KAREZ_PEER_REVOKED);
  g_assert_cmpuint (ask (hub, "POST", session, "report/sign",
                         signature_of (MARK (a1), kept, "password", NULL), "guidance/unpaired",
                         NULL),
                    ==, 409);
  g_assert_cmpuint (karez_test_hub_count_events (hub, "report.sign"), ==, 0);
  g_assert_cmpuint (ask (hub, "DELETE", session, "report/draft", NULL, NULL, NULL), ==, 204);
}

/* What one hub signed, another one keeps; what was changed on the way is refused. */
static void
test_report_arrives (void)
{
  g_autoptr (KarezTestHub) hub = open_hub ();
  g_autofree char *session = open_session (hub, "expert");
  g_autofree char *second = open_session (hub, NULL);
  g_autoptr (JsonNode) draft = NULL, posts = NULL, answer = NULL;
  JsonNode *body;
  g_autoptr (GError) error = NULL;

  ask (hub, "PUT", session, "report/draft", draft_of (0, "止血。 قان توختىدى.", "[]"), NULL,
       &draft);
  keep_summary (hub, session);
  ask (hub, "POST", session, "report/sign", signature_of (MARK (a1), draft, "password", NULL), NULL,
       NULL);
  /* The test's outbox is the database's, which has members in an order of its own. */
  body = json_object_get_member (last_post (hub, &posts), "body");
  /* As if it were the other's: the digest names the hospital and the session. */
  json_object_set_string_member (json_node_get_object (body), "booking", second);
  g_assert_false (
      karez_test_hub_post (hub, PARTNER, "guidance.report", json_node_ref (body), &error));
  g_assert_cmpstr (karez_error_get_rule (error), ==, "guidance/digest");
  ask (hub, "GET", second, "report", NULL, NULL, &answer);
  g_assert_cmpuint (count_of (answer, "reports"), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/guidance/plugin/kept", test_kept);
  g_test_add_func ("/guidance/plugin/refused", test_refused);
  g_test_add_func ("/guidance/plugin/checklists", test_checklists);
  g_test_add_func ("/guidance/plugin/demonstration", test_demonstration);
  g_test_add_func ("/guidance/plugin/picture", test_picture);
  g_test_add_func ("/guidance/plugin/pictures-refused", test_pictures_refused);
  g_test_add_func ("/guidance/plugin/picture-of-another", test_picture_of_another);
  g_test_add_func ("/guidance/plugin/arriving", test_arriving);
  g_test_add_func ("/guidance/plugin/arriving-large", test_arriving_large);
  g_test_add_func ("/guidance/plugin/report", test_report);
  g_test_add_func ("/guidance/plugin/report-refused", test_report_refused);
  g_test_add_func ("/guidance/plugin/report-arrives", test_report_arrives);
  return g_test_run ();
}
