/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The HTTP API of peers, without HTTP. */
#include "peers-test.h"

#include "hub-id.h"

/* The HTTP API without HTTP: a table of routes, and requests made by hand. */

typedef struct
{
  char *line; /* "POST /pairings" */
  char *permission;
  KarezRouteFunc func;
  gpointer data;
} Route;

typedef struct
{
  GObject parent;
  GPtrArray *routes;
} TestRoutes;
typedef GObjectClass TestRoutesClass;

static gboolean
test_routes_add (KarezRoutes *routes, const char *method, const char *path, const char *permission,
                 KarezRouteBody body, KarezRouteFunc func, gpointer data, GDestroyNotify destroy,
                 GError **error)
{
  Route *route = g_new0 (Route, 1);

  route->line = g_strconcat (method, " ", path, NULL);
  route->permission = g_strdup (permission);
  route->func = func;
  route->data = data;
  g_ptr_array_add (((TestRoutes *) routes)->routes, route);
  return TRUE;
}

static void
test_routes_iface_init (KarezRoutesInterface *iface)
{
  iface->add = test_routes_add;
}

static GType test_routes_get_type (void);
G_DEFINE_TYPE_WITH_CODE (TestRoutes, test_routes, G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (KAREZ_TYPE_ROUTES, test_routes_iface_init))

static void
route_free (gpointer data)
{
  Route *route = data;

  g_free (route->line);
  g_free (route->permission);
  g_free (route);
}

static void
test_routes_finalize (GObject *object)
{
  g_ptr_array_unref (((TestRoutes *) object)->routes);
  G_OBJECT_CLASS (test_routes_parent_class)->finalize (object);
}

static void
test_routes_init (TestRoutes *self)
{
  self->routes = g_ptr_array_new_with_free_func (route_free);
}

static void
test_routes_class_init (TestRoutesClass *klass)
{
  klass->finalize = test_routes_finalize;
}

typedef struct
{
  KarezRequest parent;
  KarezActor *actor;
  const char *id;
  char *key;
  JsonNode *body;
  guint status;
  JsonNode *answer;
  GError *error;
} TestRequest;
typedef KarezRequestClass TestRequestClass;

static GType test_request_get_type (void);
G_DEFINE_TYPE (TestRequest, test_request, KAREZ_TYPE_REQUEST)

static KarezActor *
get_actor (KarezRequest *request)
{
  return ((TestRequest *) request)->actor;
}

static const char *
get_path_part (KarezRequest *request, const char *name)
{
  return ((TestRequest *) request)->id;
}

static JsonNode *
get_body (KarezRequest *request)
{
  return ((TestRequest *) request)->body;
}

static const char *
get_key (KarezRequest *request)
{
  return ((TestRequest *) request)->key;
}

static KarezTransaction *
begin (KarezRequest *request, KarezStore *store)
{
  TestRequest *self = (TestRequest *) request;
  KarezTransaction *transaction = karez_store_begin (store, self->actor);

  karez_transaction_set_request (transaction, self->key, "digest");
  return transaction;
}

static void
respond (KarezRequest *request, guint status, JsonNode *body)
{
  TestRequest *self = (TestRequest *) request;

  g_assert_cmpuint (self->status, ==, 0);
  self->status = status;
  self->answer = body;
}

static void
fail (KarezRequest *request, const GError *error)
{
  TestRequest *self = (TestRequest *) request;

  g_assert_cmpuint (self->status, ==, 0);
  self->status = 400;
  self->error = g_error_copy (error);
}

static void
test_request_finalize (GObject *object)
{
  TestRequest *self = (TestRequest *) object;

  g_free (self->key);
  g_clear_pointer (&self->body, json_node_unref);
  g_clear_pointer (&self->answer, json_node_unref);
  g_clear_error (&self->error);
  G_OBJECT_CLASS (test_request_parent_class)->finalize (object);
}

static void
test_request_class_init (TestRequestClass *klass)
{
  klass->get_actor = get_actor;
  klass->get_path_part = get_path_part;
  klass->get_body = get_body;
  klass->get_idempotency_key = get_key;
  klass->begin = begin;
  klass->respond = respond;
  klass->fail = fail;
  G_OBJECT_CLASS (klass)->finalize = test_request_finalize;
}

static void
test_request_init (TestRequest *self)
{
}

/* @body: (transfer full) @key: (nullable): of an earlier request */
static TestRequest *
request (TestHub *hub, TestRoutes *routes, const char *line, const char *id, JsonNode *body,
         const char *key)
{
  TestRequest *self = g_object_new (test_request_get_type (), NULL);
  gboolean found = FALSE;

  self->actor = hub->administrator;
  self->id = id;
  self->body = body;
  if (!g_str_has_prefix (line, "GET "))
    self->key = key != NULL ? g_strdup (key) : hub_id_new ();
  for (guint i = 0; i < routes->routes->len; i++)
    {
      Route *route = g_ptr_array_index (routes->routes, i);

      if (g_str_equal (route->line, line))
        {
          found = TRUE;
          route->func (KAREZ_REQUEST (self), route->data);
        }
    }
  g_assert_true (found);
  test_until (self->status != 0);
  return self;
}

static JsonNode *
string_body (const char *string)
{
  return karez_json_object ("string", "s", string, NULL);
}

/* Where the hub @other is dialled, after PUT /peers/{id}/address. */
static void
move (TestHub *one, TestRoutes *routes, TestHub *other, const char *address, const char *rule)
{
  TestRequest *answer = request (one, routes, "PUT /peers/{id}/address", test_hub_id (other),
                                 karez_json_object ("address", "s", address, NULL), NULL);

  if (rule != NULL)
    g_assert_cmpstr (karez_error_get_rule (answer->error), ==, rule);
  else
    {
      g_assert_no_error (answer->error);
      g_assert_cmpuint (answer->status, ==, 204);
    }
  g_object_unref (answer);
}

static void
assert_address (TestHub *one, TestRoutes *routes, const char *address)
{
  TestRequest *answer = request (one, routes, "GET /peers", NULL, NULL, NULL);
  JsonArray *items = json_object_get_array_member (json_node_get_object (answer->answer), "items");

  g_assert_cmpstr (karez_json_text (json_array_get_object_element (items, 0), "address"), ==,
                   address);
  g_object_unref (answer);
}

static void
test_move (TestHub *one, TestRoutes *routes, TestHub *other)
{
  g_autofree char *address = test_hub_address (other);
  g_autofree char *kept = NULL;

  move (one, routes, other, "nowhere", "peers/address");
  move (one, routes, one, address, "peers/not-paired");
  assert_address (one, routes, address);
  move (one, routes, other, "127.0.0.1:1", NULL);
  assert_address (one, routes, "127.0.0.1:1");
  kept = test_ask (one, "select address from peers.peer");
  g_assert_cmpstr (kept, ==, "127.0.0.1:1");
  move (one, routes, other, address, NULL);
  test_until_up (one, other);
}

static void
test_walk (void)
{
  TestHub *one = test_hub (1), *other = test_hub (2);
  TestRoutes *near = g_object_new (test_routes_get_type (), NULL);
  TestRoutes *far = g_object_new (test_routes_get_type (), NULL);
  g_autofree char *address = test_hub_address (other);
  g_autofree char *key = NULL, *id = NULL, *shown = NULL, *far_shown = NULL;
  g_autoptr (GError) error = NULL;
  TestRequest *answer;
  JsonObject *object;

  g_assert_true (hub_peers_add_routes (one->peers, KAREZ_ROUTES (near), &error));
  g_assert_true (hub_peers_add_routes (other->peers, KAREZ_ROUTES (far), &error));

  answer = request (one, near, "POST /pairings", NULL,
                    karez_json_object ("address", "s", "nowhere", NULL), NULL);
  g_assert_cmpstr (karez_error_get_rule (answer->error), ==, "peers/address");
  g_object_unref (answer);
  answer = request (one, near, "POST /pairings", NULL,
                    karez_json_object ("address", "s", address, NULL), NULL);
  g_assert_no_error (answer->error);
  g_assert_cmpuint (answer->status, ==, 201);
  object = json_node_get_object (answer->answer);
  id = g_strdup (karez_json_text (object, "id"));
  shown = g_strdup (karez_json_text (object, "shown"));
  key = g_strdup (answer->key);
  g_object_unref (answer);
  answer = request (one, near, "POST /pairings", NULL,
                    karez_json_object ("address", "s", address, NULL), key);
  g_assert_cmpuint (answer->status, ==, 200);
  g_assert_true (karez_json_boolean (json_node_get_object (answer->answer), "repeated"));
  g_object_unref (answer);

  answer = request (other, far, "GET /pairings", NULL, NULL, NULL);
  object = json_array_get_object_element (
      json_object_get_array_member (json_node_get_object (answer->answer), "items"), 0);
  g_assert_cmpstr (karez_json_text (object, "id"), ==, id);
  g_assert_cmpstr (karez_json_text (object, "state"), ==, "comparing");
  far_shown = g_strdup (karez_json_text (object, "shown"));
  g_object_unref (answer);

  /* The same wrong click twice is one wrong try. */
  answer = request (one, near, "POST /pairings/{id}/confirm", id, string_body ("0000-0000"), NULL);
  g_assert_cmpstr (karez_error_get_rule (answer->error), ==, "peers/wrong-string");
  g_free (key);
  key = g_strdup (answer->key);
  g_object_unref (answer);
  for (guint i = 0; i < 3; i++)
    {
      answer = request (one, near, "POST /pairings/{id}/confirm", id, string_body ("0000-0000"),
                        key);
      g_assert_cmpuint (answer->status, ==, 200);
      g_object_unref (answer);
    }
  answer = request (one, near, "POST /pairings/{id}/confirm", id, string_body (far_shown), NULL);
  g_assert_no_error (answer->error);
  g_assert_cmpstr (karez_json_text (json_node_get_object (answer->answer), "state"), ==, "here");
  g_object_unref (answer);
  answer = request (other, far, "POST /pairings/{id}/confirm", id, string_body (shown), NULL);
  g_assert_no_error (answer->error);
  g_object_unref (answer);
  test_until (test_state (one, other) != NULL && test_state (other, one) != NULL);
  test_until_up (one, other);

  answer = request (one, near, "GET /peers", NULL, NULL, NULL);
  object = json_array_get_object_element (
      json_object_get_array_member (json_node_get_object (answer->answer), "items"), 0);
  g_assert_cmpstr (karez_json_text (object, "id"), ==, test_hub_id (other));
  g_assert_cmpstr (karez_json_text (object, "state"), ==, "up");
  g_assert_true (json_object_has_member (object, "rtt_ms"));
  g_assert_true (json_object_has_member (object, "outbox"));
  g_object_unref (answer);

  test_move (one, near, other);
  answer = request (one, near, "DELETE /pairings/{id}", hub_identity_get_id (one->identity), NULL,
                    NULL);
  g_assert_true (karez_error_is_not_found (answer->error));
  g_object_unref (answer);
  answer = request (one, near, "POST /peers/{id}/acknowledge-restore", test_hub_id (other), NULL,
                    NULL);
  g_assert_cmpstr (karez_error_get_rule (answer->error), ==, "peers/not-restored");
  g_object_unref (answer);
  answer = request (one, near, "DELETE /peers/{id}", test_hub_id (other), NULL, NULL);
  g_assert_cmpuint (answer->status, ==, 204);
  g_object_unref (answer);
  g_assert_cmpstr (test_state (one, other), ==, "revoked");
  answer = request (one, near, "POST /peers/{id}/forget", test_hub_id (other), NULL, NULL);
  g_assert_cmpuint (answer->status, ==, 204);
  g_object_unref (answer);
  g_assert_null (test_state (one, other));
  g_object_unref (near);
  g_object_unref (far);
  test_hub_free (one);
  test_hub_free (other);
}

static JsonObject *
only_item (TestRequest *answer)
{
  JsonArray *items = json_object_get_array_member (json_node_get_object (answer->answer), "items");

  g_assert_cmpuint (json_array_get_length (items), ==, 1);
  return json_array_get_object_element (items, 0);
}

/* How many messages wait, as the route says: it hears of a commit after the database has it. */
static gint64
count_parked (TestHub *hub, TestRoutes *routes)
{
  TestRequest *answer = request (hub, routes, "GET /messages/parked", NULL, NULL, NULL);
  JsonArray *items = json_object_get_array_member (json_node_get_object (answer->answer), "items");
  gint64 n = 0;

  if (json_array_get_length (items) > 0)
    n = karez_json_integer (only_item (answer), "messages", 0);
  g_object_unref (answer);
  return n;
}

/* Times are those of RFC 3339, as everywhere. */
static void
test_dead_letters (void)
{
  TestHub *one = test_hub (1), *other = test_hub (2);
  TestRoutes *routes = g_object_new (test_routes_get_type (), NULL);
  g_autofree char *topic = NULL;
  g_autoptr (GError) error = NULL;
  TestRequest *answer = NULL;

  g_assert_true (hub_peers_add_routes (one->peers, KAREZ_ROUTES (routes), &error));
  topic = test_ask (one,
                    "insert into karez.inbox_dead_letter (peer, lane, sequence, topic, body, "
                    "reason, at) values ('%s', 1, 7, 'ward.word', '{}', 'No.', "
                    "'2026-11-24 14:20:00.25+08') returning topic",
                    test_hub_id (other));
  g_assert_cmpstr (topic, ==, "ward.word");
  answer = request (one, routes, "GET /messages/dead-letters", NULL, NULL, NULL);
  g_assert_cmpstr (karez_json_text (only_item (answer), "at"), ==, "2026-11-24T06:20:00.250Z");
  g_object_unref (answer);
  g_object_unref (routes);
  test_hub_free (one);
  test_hub_free (other);
}

/* Delivering by hand is on record: who did it, and which message of whom is first. */
static void
test_parked (void)
{
  TestHub *one = test_hub (1), *other = test_hub (2);
  TestRoutes *routes = g_object_new (test_routes_get_type (), NULL);
  const char *line = "POST /messages/parked/{id}/retry";
  g_autofree char *key = NULL, *event = NULL, *expected = NULL;
  g_autoptr (GError) error = NULL;
  TestRequest *answer;

  g_assert_true (hub_peers_add_routes (other->peers, KAREZ_ROUTES (routes), &error));
  test_pair (one, other, NULL);
  test_until_up (one, other);
  g_free (test_post (one, other, KAREZ_LANE_AGENDA, "ward.word", "a"));
  g_free (test_post (one, other, KAREZ_LANE_AGENDA, "ward.word", "b"));
  test_until (test_number (other, "select count(*) from karez.inbox_parked") == 2);
  test_until (count_parked (other, routes) == 2);

  answer = request (other, routes, line, "nothing", NULL, NULL);
  g_assert_cmpstr (karez_error_get_rule (answer->error), ==, "peers/parked");
  g_object_unref (answer);
  g_assert_cmpint (test_events (other, "message.deliver"), ==, 0);

  test_handle_words (other);
  answer = request (other, routes, line, "ward", NULL, NULL);
  g_assert_no_error (answer->error);
  g_assert_cmpuint (answer->status, ==, 204);
  key = g_strdup (answer->key);
  g_object_unref (answer);
  test_until (test_number (other, "select count(*) from ward.effect") == 2);
  event = test_ask (other, "select concat_ws(' ', actor_id, subject_table, subject_row, "
                           "details ->> 'plugin', details ->> 'peer', details ->> 'topic', "
                           "details ->> 'messages', (details ->> 'message')::uuid is not null) "
                           "from karez.event where action = 'message.deliver'");
  expected = g_strdup_printf ("%s inbox_parked %s/1/1 ward %s ward.word 2 t",
                              karez_actor_get_id (other->administrator), test_hub_id (one),
                              test_hub_id (one));
  g_assert_cmpstr (event, ==, expected);

  /* Asked for twice, done once. */
  g_free (test_post (one, other, KAREZ_LANE_AGENDA, "ward.nobody", "c"));
  test_until (test_number (other, "select count(*) from karez.inbox_parked") == 1);
  answer = request (other, routes, line, "ward", NULL, key);
  g_assert_cmpuint (answer->status, ==, 200);
  g_object_unref (answer);
  g_assert_cmpint (test_events (other, "message.deliver"), ==, 1);
  g_object_unref (routes);
  test_hub_free (one);
  test_hub_free (other);
}

/* What a peer has no room for is said beside what waits in its lanes. */
static void
test_held (void)
{
  TestHub *one = test_hub (1), *other = test_hub (2);
  TestRoutes *routes = g_object_new (test_routes_get_type (), NULL);
  g_autoptr (GError) error = NULL;
  TestRequest *answer;
  JsonArray *held;

  g_assert_true (hub_peers_add_routes (one->peers, KAREZ_ROUTES (routes), &error));
  hub_peer_parking_set_room (hub_peers_get_parking (other->peers), 1, HUB_PARKING_BYTES);
  test_pair (one, other, NULL);
  test_until_up (one, other);
  g_free (test_post (one, other, KAREZ_LANE_AGENDA, "ward.word", "a"));
  g_free (test_post (one, other, KAREZ_LANE_AGENDA, "ward.word", "b"));
  test_until (test_number (one, "select count(*) from karez.outbox_held") == 1);
  answer = request (one, routes, "GET /peers", NULL, NULL, NULL);
  held = json_object_get_array_member (only_item (answer), "held");
  g_assert_cmpuint (json_array_get_length (held), ==, 1);
  g_assert_cmpstr (karez_json_text (json_array_get_object_element (held, 0), "plugin"), ==, "ward");
  g_assert_cmpint (karez_json_integer (json_array_get_object_element (held, 0), "messages", 0), ==,
                   1);
  g_object_unref (answer);
  g_object_unref (routes);
  test_hub_free (one);
  test_hub_free (other);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_always_fatal (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL);
  g_test_add_func ("/peers/routes/walk", test_walk);
  g_test_add_func ("/peers/routes/parked", test_parked);
  g_test_add_func ("/peers/routes/dead-letters", test_dead_letters);
  g_test_add_func ("/peers/routes/held", test_held);
  return g_test_run ();
}
