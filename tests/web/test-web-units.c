/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Parts of the web server by themselves. */
#include "hub-web-view.h"
#include "hub-web-words.h"
#include "hub-web-metrics.h"
#include "hub-web-policy.h"
#include "hub-web-problem.h"
#include "hub-web-proxies.h"
#include "hub-web-rate.h"
#include "hub-web-router.h"
#include "hub-web-sign-in.h"

#define SECOND G_USEC_PER_SEC

static void
nothing (KarezRequest *request, gpointer data)
{
}

static void
add (HubWebRouter *router, const char *method, const char *path)
{
  g_autoptr (GError) error = NULL;

  hub_web_router_add (router, method, path, "board.read", KAREZ_ROUTE_JSON, nothing, NULL, NULL,
                      &error);
  g_assert_no_error (error);
}

/* The path that answers, "405 ALLOW", or "404". */
static char *
find (HubWebRouter *router, const char *method, const char *path, const char *part, char **value)
{
  g_autoptr (GHashTable) parts = NULL;
  g_autofree char *allowed = NULL;
  const HubWebRoute *route = hub_web_router_find (router, method, path, &parts, &allowed);

  if (route == NULL)
    return allowed != NULL ? g_strconcat ("405 ", allowed, NULL) : g_strdup ("404");
  if (value != NULL)
    *value = g_strdup (g_hash_table_lookup (parts, part));
  return g_strdup (route->path);
}

static void
assert_route (HubWebRouter *router, const char *method, const char *path, const char *expected)
{
  g_autofree char *found = find (router, method, path, NULL, NULL);

  g_test_message ("%s %s", method, path);
  g_assert_cmpstr (found, ==, expected);
}

static void
test_router (void)
{
  g_autoptr (HubWebRouter) router = hub_web_router_new ();
  g_autofree char *found = NULL;
  g_autofree char *value = NULL;

  add (router, "GET", "/me");
  add (router, "GET", "/bookings/{id}");
  add (router, "POST", "/bookings");
  add (router, "POST", "/bookings/{id}/accept");
  add (router, "GET", "/bookings/today");
  add (router, "DELETE", "/bookings/{id}");

  assert_route (router, "GET", "/me", "/me");
  assert_route (router, "HEAD", "/me", "/me");
  assert_route (router, "GET", "/mex", "404");
  assert_route (router, "GET", "/me/", "404");
  assert_route (router, "GET", "/m", "404");
  assert_route (router, "GET", "/", "404");
  assert_route (router, "GET", "", "404");
  assert_route (router, "GET", "//me", "404");
  assert_route (router, "GET", "/bookings/today", "/bookings/today");
  assert_route (router, "DELETE", "/bookings/today", "405 GET");
  assert_route (router, "GET", "/bookings/1", "/bookings/{id}");
  assert_route (router, "GET", "/bookings", "405 POST");
  assert_route (router, "PUT", "/bookings/1", "405 GET, DELETE");
  assert_route (router, "OPTIONS", "/me", "405 GET");
  assert_route (router, "POST", "/bookings/today/accept", "/bookings/{id}/accept");
  assert_route (router, "GET", "/bookings/../me", "404");
  assert_route (router, "GET", "/bookings/%2e%2e/accept", "404");
  assert_route (router, "GET", "/bookings/%ff", "404");
  assert_route (router, "GET", "/bookings/%00", "404");
  assert_route (router, "GET", "/bookings/a%0ab", "404");
  assert_route (router, "GET", "/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a", "404");

  /* An encoded slash parts nothing. */
  found = find (router, "GET", "/bookings/a%2Fb%20%E7%94%B2", "id", &value);
  g_assert_cmpstr (found, ==, "/bookings/{id}");
  g_assert_cmpstr (value, ==, "a/b 甲");
}

static void
assert_refused (HubWebRouter *router, const char *method, const char *path, const char *rule)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (hub_web_router_add (router, method, path, "board.read", KAREZ_ROUTE_JSON, nothing,
                                      NULL, NULL, &error));
  g_assert_cmpstr (karez_error_get_rule (error), ==, rule);
}

static void
test_router_refuses (void)
{
  g_autoptr (HubWebRouter) router = hub_web_router_new ();

  add (router, "GET", "/notes/{session}");
  assert_refused (router, "GET", "/notes/{session}", "route/taken");
  assert_refused (router, "GET", "/notes/{other}", "route/taken");
  assert_refused (router, "PATCH", "/notes", "route/method");
  assert_refused (router, "GET", "notes", "route/path");
  assert_refused (router, "GET", "/notes/", "route/path");
  assert_refused (router, "GET", "/no tes", "route/path");
  assert_refused (router, "GET", "/{}", "route/path");
  assert_refused (router, "GET", "/a{b}", "route/path");
}

static KarezActor *
actor_with (KarezActorKind kind, const char *role)
{
  const char *const roles[] = { role, NULL };

  return karez_actor_new (kind, "x", "X", roles, NULL, NULL);
}

/* Who is told of what: a row for each kind of event, with the roles that hear of it. */
static void
test_view (void)
{
#define LOG "administrator auditor"
#define ALL "desk clinician surgeon bedside engineer administrator auditor"
  static const struct
  {
    const char *schema, *table, *action, *roles;
  } cases[] = {
    { "agenda", "booking", "booking.accept", ALL },
    { "agenda", "claim", "booking.accept", ALL },
    { "agenda", "resource", "resource.add", ALL },
    { "engine", "session", "session.join", ALL },
    { "engine", "participant", "session.leave", ALL },
    { "engine", "consent", "consent.give", "desk clinician surgeon bedside " LOG },
    { "engine", "plugin_state", "plugin.disable", "engineer " LOG },
    { "peers", "peer", "peer.pair", "desk clinician surgeon bedside engineer " LOG },
    { "karez", "inbox_dead_letter", "message.dead-letter",
      "desk clinician surgeon bedside engineer " LOG },
    { "karez", "inbox_parked", "message.park", "engineer " LOG },
    { "karez", "hub", "hub.start", ALL },
    { "karez", "person", "person.change", LOG },
    { "karez", "patient", "patient.create", LOG },
    { "karez", "event", "booking.accept", LOG },
    { "web", "account", "account.sign-in", LOG },
    { "web", "sign_in", "account.sign-in", LOG },
    { "consult", "request", "request.write", "desk clinician " LOG },
    { "consult", "opinion", "opinion.sign", "clinician " LOG },
    /* Without a permission of its own: for who may read all of the plugin's. */
    { "consult", "attachment", "attachment.part", "clinician " LOG },
    { "consult", "consent", "session.consent", "clinician " LOG },
    { "other", "thing", "thing.make", LOG },
    { NULL, NULL, "session.move", ALL },
    { NULL, NULL, "booking.refused", ALL },
    { NULL, NULL, "booking.read", LOG },
    { NULL, NULL, "attachment.read", LOG },
    { NULL, NULL, "audit.read", LOG },
    { NULL, NULL, "request.refused", LOG },
    { NULL, NULL, "account.refused", LOG },
    { NULL, NULL, "sessions.move", LOG },
  };
  static const char *const both[] = { "desk", "clinician", NULL };
  static const char *const one[] = { "clinician", NULL };
  static const char *const writers[] = { "engineer", NULL };
  g_autoptr (HubWebPolicy) policy = hub_web_policy_new ();
  g_auto (GStrv) roles = g_strsplit (ALL, " ", -1);

  g_assert_true (hub_web_policy_add (policy, "consult.request.read", both, NULL));
  g_assert_true (hub_web_policy_add (policy, "consult.opinion.read", one, NULL));
  g_assert_true (hub_web_policy_add (policy, "consult.request.write", writers, NULL));
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (JsonNode) event = karez_json_object (
          "id", "s", "1", "schema", "s", cases[i].schema, "table", "s", cases[i].table, "action",
          "s", cases[i].action, "row", "s", "2", "session", "s", "3", "outcome", "i", (gint64) 0,
          "actor", "s", "4", "patient", "s", "5", "details", "s", "6", NULL);
      g_autoptr (JsonNode) reduced = hub_web_view_reduce (event);
      g_auto (GStrv) told = g_strsplit (cases[i].roles, " ", -1);

      for (guint r = 0; roles[r] != NULL; r++)
        {
          g_autoptr (KarezActor) actor = actor_with (KAREZ_ACTOR_PERSON, roles[r]);

          g_test_message ("%s, %s", cases[i].action, roles[r]);
          g_assert_cmpint (hub_web_view_allows (policy, actor, event), ==,
                           g_strv_contains ((const char *const *) told, roles[r]));
          g_assert_cmpint (hub_web_view_is_whole (policy, actor), ==,
                           strstr (LOG, roles[r]) != NULL);
        }
      g_assert_false (json_object_has_member (json_node_get_object (reduced), "actor"));
      g_assert_false (json_object_has_member (json_node_get_object (reduced), "patient"));
      g_assert_false (json_object_has_member (json_node_get_object (reduced), "details"));
      g_assert_false (json_object_has_member (json_node_get_object (reduced), "hub"));
    }
  {
    g_autoptr (JsonNode) theirs = json_from_string (
        "{\"action\": \"booking.decline\", \"actor\": {\"id\": \"4\", \"name\": \"Lin\", \"hub\": "
        "\"5\"}}",
        NULL);
    g_autoptr (JsonNode)
        late = json_from_string ("{\"action\": \"booking.cancel\", \"actor\": {\"hub\": \"5\"}, "
                                 "\"details\": {\"late\": true}}",
                                 NULL);
    g_autoptr (JsonNode) told = hub_web_view_reduce (theirs);
    g_autoptr (JsonNode) nothing = hub_web_view_reduce (late);

    g_assert_cmpstr (karez_json_text (json_node_get_object (told), "hub"), ==, "5");
    g_assert_false (json_object_has_member (json_node_get_object (told), "actor"));
    g_assert_false (json_object_has_member (json_node_get_object (nothing), "hub"));
  }
}

/* What people typed is in no event as those see it who may not read about patients. */
static void
test_conceal (void)
{
  static const struct
  {
    const char *schema, *action, *details, *seen;
  } cases[] = {
    { "engine", "session.hold", "{\"state\":\"held\",\"sequence\":4,\"reason\":\"She bleeds\"}",
      "{\"state\":\"held\",\"sequence\":4}" },
    { "engine", "session.ask", "{\"edge\":\"hold\",\"reason\":\"bleeds\"}", "{\"edge\":\"hold\"}" },
    { NULL, "session.start", "{\"reason\":\"bleeds\"}", "{}" },
    { "engine", "session.leave", "{\"reason\":\"replaced\"}", "{\"reason\":\"replaced\"}" },
    { "engine", "plugin.disable", "{\"reason\":\"It is slow\"}", "{\"reason\":\"It is slow\"}" },
    /* A plugin's, of which nobody here knows what it put there. */
    { "other", "thing.make",
      "{\"digest\":\"00ff\",\"version\":2,\"late\":true,\"note\":\"She bleeds\"}",
      "{\"digest\":\"00ff\",\"version\":2,\"late\":true}" },
    { "other", "thing.make", "{\"note\":\"\u51fa\u8840\",\"at\":\"2026-11-24T04:11:58.123Z\"}",
      "{\"at\":\"2026-11-24T04:11:58.123Z\"}" },
    { "other", "thing.make", "{\"deep\":{\"list\":[\"ab-1\",\"She bleeds\",{\"x\":\"Li\"}]}}",
      "{\"deep\":{\"list\":[\"ab-1\",{}]}}" },
    { NULL, "thing.read", "{\"question\":\"Does she bleed?\",\"part\":3}", "{\"part\":3}" },
    { NULL, "record.dead-letter", "{\"sequence\":3,\"reason\":\"“She bleeds” is not taken\"}",
      "{\"sequence\":3}" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (JsonNode) details = json_from_string (cases[i].details, NULL);
      g_autoptr (JsonNode)
          event = karez_json_object ("schema", "s", cases[i].schema, "action", "s", cases[i].action,
                                     "details", "n", json_node_ref (details), NULL);
      g_autoptr (JsonNode) seen = hub_web_view_whole (event);
      g_autofree char *text = karez_json_print (
          json_object_get_member (json_node_get_object (seen), "details"));
      g_autofree char *kept = karez_json_print (
          json_object_get_member (json_node_get_object (event), "details"));

      g_assert_cmpstr (text, ==, cases[i].seen);
      g_assert_cmpuint (strlen (kept), >=, strlen (text));
    }
}

/* Which roles a permission is for, as the plan of the API has it. */
static void
test_policy (void)
{
  static const struct
  {
    const char *permission, *roles;
  } expected[] = {
    { "board.read", "desk clinician surgeon bedside engineer administrator auditor" },
    { "booking.write", "desk clinician surgeon bedside administrator" },
    { "booking.answer", "desk administrator" },
    { "emergency.answer", "desk clinician surgeon bedside administrator" },
    { "session.join", "desk clinician surgeon bedside" },
    { "session.control", "desk clinician surgeon bedside engineer administrator" },
    { "session.halt", "desk clinician surgeon bedside engineer administrator" },
    { "people.read", "desk clinician surgeon bedside administrator auditor" },
    { "people.write", "administrator" },
    { "resource.write", "desk administrator" },
    { "peers.read", "desk clinician surgeon bedside engineer administrator" },
    { "peers.write", "administrator" },
    { "audit.read", "administrator auditor" },
    { "plugins.read", "engineer administrator" },
    { "plugins.write", "administrator" },
    { "system.read", "engineer administrator" },
    { "patient.read", "desk clinician surgeon bedside" },
  };
  static const char *const roles[] = { "desk",     "clinician",     "surgeon", "bedside",
                                       "engineer", "administrator", "auditor" };
  g_autoptr (HubWebPolicy) policy = hub_web_policy_new ();

  for (gsize i = 0; i < G_N_ELEMENTS (expected); i++)
    {
      g_auto (GStrv) allowed = g_strsplit (expected[i].roles, " ", -1);

      for (gsize r = 0; r < G_N_ELEMENTS (roles); r++)
        {
          g_autoptr (KarezActor) person = actor_with (KAREZ_ACTOR_PERSON, roles[r]);
          g_autoptr (KarezActor) peer = actor_with (KAREZ_ACTOR_PEER, roles[r]);

          g_assert_cmpint (hub_web_policy_allows (policy, expected[i].permission, person), ==,
                           g_strv_contains ((const char *const *) allowed, roles[r]));
          g_assert_false (hub_web_policy_allows (policy, expected[i].permission, peer));
        }
      g_assert_false (hub_web_policy_allows (policy, expected[i].permission, NULL));
    }
  g_assert_true (hub_web_policy_allows (policy, HUB_WEB_ANYONE, NULL));
  g_assert_false (hub_web_policy_allows (policy, HUB_WEB_SIGNED_IN, NULL));
}

static void
test_policy_of_plugins (void)
{
  static const char *const roles[] = { "clinician", NULL };
  static const char *const wrong[] = { "wizard", NULL };
  static const char *const none[] = { NULL };
  g_autoptr (HubWebPolicy) policy = hub_web_policy_new ();
  g_autoptr (KarezActor) clinician = actor_with (KAREZ_ACTOR_PERSON, "clinician");
  g_autoptr (KarezActor) desk = actor_with (KAREZ_ACTOR_PERSON, "desk");
  g_autoptr (GError) error = NULL;

  g_assert_false (hub_web_policy_knows (policy, "x.template.note"));
  g_assert_true (hub_web_policy_add (policy, "x.template.note", roles, &error));
  g_assert_no_error (error);
  g_assert_true (hub_web_policy_allows (policy, "x.template.note", clinician));
  g_assert_false (hub_web_policy_allows (policy, "x.template.note", desk));
  g_assert_false (hub_web_policy_add (policy, "x.template.note", roles, &error));
  g_assert_cmpstr (karez_error_get_rule (error), ==, "policy/taken");
  g_clear_error (&error);
  g_assert_false (hub_web_policy_add (policy, "x.other", wrong, &error));
  g_assert_cmpstr (karez_error_get_rule (error), ==, "policy/role");
  g_clear_error (&error);
  g_assert_false (hub_web_policy_add (policy, "x.other", none, &error));
  g_assert_cmpstr (karez_error_get_rule (error), ==, "policy/nobody");
  g_clear_error (&error);
  g_assert_false (hub_web_policy_add (policy, "Other", roles, &error));
  g_assert_cmpstr (karez_error_get_rule (error), ==, "policy/name");
}

static void
test_rate (void)
{
  g_autoptr (HubWebRate) rate = hub_web_rate_new (2, 4, 100);
  guint wait = 0;

  for (guint i = 0; i < 4; i++)
    g_assert_true (hub_web_rate_take (rate, "a", SECOND, &wait));
  g_assert_false (hub_web_rate_take (rate, "a", SECOND, &wait));
  g_assert_cmpuint (wait, ==, 1);
  g_assert_true (hub_web_rate_take (rate, "b", SECOND, &wait));
  g_assert_true (hub_web_rate_take (rate, "a", SECOND + SECOND / 2, &wait));
  g_assert_false (hub_web_rate_take (rate, "a", SECOND + SECOND / 2, &wait));
}

static void
test_language (void)
{
  g_autoptr (HubWebLanguages) languages = hub_web_languages_new ();
  static const struct
  {
    const char *account, *accept, *language;
  } cases[] = {
    { NULL, NULL, "en" },
    { NULL, "zh-CN,zh;q=0.9,en;q=0.8", "zh_CN" },
    { NULL, "fr, zh-Hans;q=0.5", "zh_CN" },
    { NULL, "en;q=0.1, ug-CN;q=0.9", "ug" },
    { NULL, "zhx, engl", "en" },
    { NULL, "*", "en" },
    { NULL, ";;;,,=", "en" },
    { "ug", "zh-CN", "ug" },
    { "xx", "zh-CN", "zh_CN" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    g_assert_cmpstr (hub_web_languages_choose (languages, cases[i].account, cases[i].accept), ==,
                     cases[i].language);
  g_assert_cmpstr (hub_web_languages_say (languages, "zh_CN", NULL, "Nobody is signed in"), ==,
                   "无人登录");
  g_assert_cmpstr (hub_web_languages_say (languages, "ug", NULL, "Nobody is signed in"), ==,
                   "ھېچكىم كىرمىگەن");
  g_assert_cmpstr (hub_web_languages_say (languages, "zh_CN", NULL, "not there"), ==, "not there");
}

static const char *
member (JsonNode *problem, const char *name)
{
  return json_object_get_string_member_with_default (json_node_get_object (problem), name, NULL);
}

static void
test_problem (void)
{
  g_autoptr (HubWebLanguages) languages = hub_web_languages_new ();
  g_autoptr (GError)
      error = karez_error_new (KAREZ_ERROR_INVALID, "live/type", "hello, join, message or leave",
                               "There is no message of the type “%s”", "x");
  g_autoptr (GError) ours = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_FAILED, "secret detail");
  g_autoptr (JsonNode) problem = NULL;
  g_autoptr (JsonNode) fault = NULL;
  g_autoptr (GError)
      taken = karez_error_new (KAREZ_ERROR_CONFLICT, "test/taken", NULL, "%s until %s",
                               "{\"en\":\"Dr Lin\",\"ug\":\"د. لىن\"}", "2026-11-24T16:20:00Z");
  g_autoptr (JsonNode) taken_problem = NULL;
  g_autofree char *text = NULL;

  karez_error_set_pointer (error, "/type");
  g_assert_cmpuint (hub_web_problem_status (error), ==, 422);
  problem = hub_web_problem_new (error, 422, languages, "zh_CN");
  g_assert_cmpstr (member (problem, "type"), ==, "/problems/live/type");
  g_assert_cmpstr (member (problem, "rule"), ==, "live/type");
  g_assert_cmpstr (member (problem, "detail"), ==, "没有“x”这种消息");
  g_assert_cmpstr (member (problem, "accepted"), ==, "hello, join, message or leave");
  g_assert_cmpstr (member (problem, "pointer"), ==, "/type");

  /* Values are apart from the words, so that a page can put each in its own direction. */
  text = karez_json_print (json_object_get_member (json_node_get_object (problem), "detail_parts"));
  g_assert_cmpstr (text, ==, "[\"没有“\",{\"text\":\"x\"},\"”这种消息\"]");
  g_assert_false (json_object_has_member (json_node_get_object (problem), "accepted_parts"));

  karez_error_set_kinds (taken, "nt");
  taken_problem = hub_web_problem_new (taken, 409, languages, "ug");
  g_assert_cmpstr (member (taken_problem, "detail"), ==,
                   "\u2068د. لىن\u2069 until \u2068"
                   "2026-11-25 00:20 UTC+8\u2069");

  /* What went wrong inside is not for whoever asks. */
  g_assert_cmpuint (hub_web_problem_status (ours), ==, 500);
  fault = hub_web_problem_new (ours, 500, languages, "en");
  g_assert_null (strstr (member (fault, "detail"), "secret"));
  g_assert_cmpstr (member (fault, "rule"), ==, "hub/fault");
}

/* A catalogue of one message, laid out as gettext's manual says. Forms are parted by "|". */
static HubCatalogue *
make_catalogue (const char *language, const char *msgid, const char *msgstr)
{
  guint32 n = (guint32) strlen (msgid), m = (guint32) strlen (msgstr);
  const guint32 words[] = { 0x950412de, 0, 1, 28, 36, 0, 44, n, 44, m, 44 + n + 1 };
  GByteArray *bytes = g_byte_array_new ();
  g_autoptr (GBytes) mo = NULL;
  g_autoptr (GError) error = NULL;
  HubCatalogue *catalogue;

  g_byte_array_append (bytes, (const guint8 *) words, sizeof words);
  g_byte_array_append (bytes, (const guint8 *) msgid, n + 1);
  g_byte_array_append (bytes, (const guint8 *) msgstr, m + 1);
  for (guint i = sizeof words; i < bytes->len; i++)
    if (bytes->data[i] == '|')
      bytes->data[i] = '\0';
  mo = g_byte_array_free_to_bytes (bytes);
  catalogue = hub_catalogue_new (language, mo, &error);
  g_assert_no_error (error);
  return catalogue;
}

/* A plugin's sentence is said by its own catalogue, also where another has the same words. */
static void
test_plugins_words (void)
{
  g_autoptr (HubWebLanguages) languages = hub_web_languages_new ();
  g_autoptr (HubCatalogue) sonar = make_catalogue ("zh_CN", "Depth %s", "声呐深度 %s");
  g_autoptr (HubCatalogue) lidar = make_catalogue ("zh_CN", "Nobody is signed in", "激光");
  g_autoptr (HubCatalogue) many = make_catalogue ("ug", "%s ping|%s pings", "%s بىر|%s كۆپ");
  g_autoptr (GError)
      error = karez_error_new (KAREZ_ERROR_INVALID, "sonar/depth", NULL, "Depth %s", "5 m");
  g_autoptr (JsonNode) problem = NULL, there = NULL;
  g_autoptr (GBytes) words = NULL;

  hub_web_languages_add (languages, "sonar", sonar);
  hub_web_languages_add (languages, "lidar", lidar);
  hub_web_languages_add (languages, "lidar", many);
  problem = hub_web_problem_new (error, 422, languages, "zh_CN");
  g_assert_cmpstr (member (problem, "detail"), ==, "声呐深度 5 m");
  there = hub_web_problem_new (error, 422, languages, "ug");
  g_assert_cmpstr (member (there, "detail"), ==,
                   "Depth \u2068"
                   "5 m\u2069");
  g_assert_cmpstr (hub_web_languages_say (languages, "zh_CN", NULL, "Nobody is signed in"), ==,
                   "无人登录");
  g_assert_cmpstr (hub_web_languages_say (languages, "zh_CN", "sonar", "Nobody is signed in"), ==,
                   "无人登录");
  g_assert_cmpstr (hub_web_languages_say (languages, "zh_CN", "lidar", "Nobody is signed in"), ==,
                   "激光");
  g_clear_error (&error);
  g_clear_pointer (&problem, json_node_unref);
  error = karez_error_new (KAREZ_ERROR_DENIED, "lidar/x", NULL, "Nobody is signed in");
  karez_error_set_domain (error, "lidar");
  problem = hub_web_problem_new (error, 403, languages, "zh_CN");
  g_assert_cmpstr (member (problem, "detail"), ==, "激光");

  words = hub_web_words_new (many);
  g_assert_cmpmem (g_bytes_get_data (words, NULL), g_bytes_get_size (words),
                   "{\"%s ping\":[\"%s بىر\",\"%s كۆپ\"]}",
                   strlen ("{\"%s ping\":[\"%s بىر\",\"%s كۆپ\"]}"));
}

static void
test_statuses (void)
{
  static const struct
  {
    KarezError code;
    guint status;
  } cases[] = {
    { KAREZ_ERROR_FAILED, 500 },    { KAREZ_ERROR_INVALID, 422 },
    { KAREZ_ERROR_DENIED, 403 },    { KAREZ_ERROR_UNAUTHENTICATED, 401 },
    { KAREZ_ERROR_NOT_FOUND, 404 }, { KAREZ_ERROR_NOT_GRANTED, 403 },
    { KAREZ_ERROR_CONFLICT, 409 },  { KAREZ_ERROR_TOO_LARGE, 413 },
    { KAREZ_ERROR_BUSY, 429 },      { KAREZ_ERROR_UNAVAILABLE, 503 },
    { KAREZ_ERROR_TIMEOUT, 504 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = karez_error_new (cases[i].code, "a/b", NULL, "x");

      g_assert_cmpuint (hub_web_problem_status (error), ==, cases[i].status);
    }
}

static double
seven (gpointer data)
{
  return 7.5;
}

static void
test_proxies (void)
{
  static const struct
  {
    const char *address, *forwarded, *client;
  } cases[] = {
    { "192.0.2.1", NULL, "192.0.2.1" },
    { "192.0.2.1", "198.51.100.7", "192.0.2.1" }, /* no proxy of ours says so */
    { "127.0.0.1", NULL, "127.0.0.1" },
    { "127.0.0.1", "198.51.100.7", "198.51.100.7" },
    { "127.0.0.1", "203.0.113.9, 198.51.100.7", "198.51.100.7" }, /* the client's own word */
    { "10.0.0.1", "203.0.113.9,198.51.100.7 , 127.0.0.1", "198.51.100.7" }, /* two of ours */
    { "::1", "2001:DB8::7", "2001:db8::7" },
    { "127.0.0.1", "::ffff:198.51.100.7", "198.51.100.7" },
    { "127.0.0.1", "198.51.100.7, unknown", "127.0.0.1" },
    /* As Azure's, HAProxy's and IIS's proxies say it: with a port, in brackets. */
    { "127.0.0.1", "198.51.100.7:49152", "198.51.100.7" },
    { "127.0.0.1", "[2001:db8::7]:49152", "2001:db8::7" },
    { "127.0.0.1", "[2001:db8::7]", "2001:db8::7" },
    { "127.0.0.1", "203.0.113.9, 198.51.100.7:1, [::1]:4711", "198.51.100.7" },
    { "127.0.0.1", "[::ffff:198.51.100.7]:443", "198.51.100.7" },
    { "127.0.0.1", "198.51.100.7:port", "127.0.0.1" },
    { "127.0.0.1", "198.51.100.7:70000", "127.0.0.1" },
    { "127.0.0.1", "[198.51.100.7]:80", "127.0.0.1" },
    { "127.0.0.1", "2001:db8::7:", "127.0.0.1" },
    { "127.0.0.1", "198.51.100.7, ", "127.0.0.1" },
    { "127.0.0.1", "127.0.0.1, 127.0.0.1", "127.0.0.1" },
    { "127.0.0.1", "", "127.0.0.1" },
  };
  g_autoptr (HubWebProxies) proxies = hub_web_proxies_new ("127.0.0.1, ::1,10.0.0.1");
  g_autoptr (HubWebProxies) none = hub_web_proxies_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *client = hub_web_proxies_find_client (proxies, cases[i].address,
                                                             cases[i].forwarded);
      g_autofree char *believed = hub_web_proxies_find_client (none, cases[i].address,
                                                               cases[i].forwarded);

      g_assert_cmpstr (client, ==, cases[i].client);
      g_assert_cmpstr (believed, ==, cases[i].address);
    }
}

static void
test_metrics (void)
{
  g_autoptr (HubWebMetrics) metrics = hub_web_metrics_new ();
  g_autofree char *text = NULL;

  hub_web_metrics_add (metrics, "karez_test_s", "A test.", seven, NULL);
  hub_web_metrics_add (metrics, "karez_test_total", "A count.", seven, NULL);
  hub_web_metrics_count_answer (metrics, 200);
  hub_web_metrics_count_answer (metrics, 204);
  hub_web_metrics_count_answer (metrics, 503);
  hub_web_metrics_count_answer (metrics, 0);
  text = hub_web_metrics_print (metrics);
  g_assert_nonnull (strstr (text, "karez_http_answers_total{class=\"2xx\"} 2\n"));
  g_assert_nonnull (strstr (text, "karez_http_answers_total{class=\"5xx\"} 1\n"));
  g_assert_nonnull (strstr (text, "# TYPE karez_test_s gauge\nkarez_test_s 7.5\n"));
  g_assert_nonnull (strstr (text, "# TYPE karez_test_total counter\n"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/web/view", test_view);
  g_test_add_func ("/web/view/conceal", test_conceal);
  g_test_add_func ("/web/router", test_router);
  g_test_add_func ("/web/router/refuses", test_router_refuses);
  g_test_add_func ("/web/policy", test_policy);
  g_test_add_func ("/web/policy/plugins", test_policy_of_plugins);
  g_test_add_func ("/web/rate", test_rate);
  g_test_add_func ("/web/language", test_language);
  g_test_add_func ("/web/problem", test_problem);
  g_test_add_func ("/web/language/plugins", test_plugins_words);
  g_test_add_func ("/web/problem/statuses", test_statuses);
  g_test_add_func ("/web/proxies", test_proxies);
  g_test_add_func ("/web/metrics", test_metrics);
  return g_test_run ();
}
