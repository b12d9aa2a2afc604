/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The pages of /api/v1/live: events and sessions' messages. */
#include "hub-web-live.h"

#include "hub-catalogue.h"
#include "hub-clock.h"
#include "hub-id.h"
#include "hub-web-view.h"

/* The desk takes a silence of more than two of them for a dead connection. */
#define BEAT_S 15
#define MAX_PAGES 1000
#define MAX_PAGES_OF_ACCOUNT 20
#define BATCH 200
/* A page that missed more reads everything anew instead. */
#define MAX_CATCH_UP 2000

typedef enum
{
  WAITING,  /* for its hello */
  CATCHING, /* reads what it missed */
  FOLLOWING,
} Stage;

typedef struct
{
  HubWebLive *live;
  HubWebPage *page;
  Stage stage;
  char *cursor;
  gboolean missed;  /* something came while it was reading */
  gboolean asked;   /* it named a cursor */
  gboolean greeted; /* it has its hello */
  guint caught;
  GCancellable *cancellable;
} Viewer;

struct _HubWebLive
{
  GObject parent_instance;

  HubStore *store;
  char *hub;
  HubWebPolicy *policy;
  HubWebLanguages *languages;
  HubFeed *feed;
  HubWebLiveFunc handler;
  gpointer handler_data;
  GHashTable *viewers; /* connection → Viewer */
  guint beat_source;
};

static guint closed_signal;

G_DEFINE_FINAL_TYPE (HubWebLive, hub_web_live, G_TYPE_OBJECT)

static void
viewer_free (Viewer *viewer)
{
  g_cancellable_cancel (viewer->cancellable);
  g_object_unref (viewer->cancellable);
  g_signal_handlers_disconnect_by_data (viewer->page, viewer);
  g_object_unref (viewer->page);
  g_free (viewer->cursor);
  g_free (viewer);
}

/* A copy, since sending may end in a page's going. */
static GPtrArray *
viewers_now (HubWebLive *self)
{
  GPtrArray *viewers = g_ptr_array_sized_new (g_hash_table_size (self->viewers));
  GHashTableIter iter;
  gpointer viewer;

  g_hash_table_iter_init (&iter, self->viewers);
  while (g_hash_table_iter_next (&iter, NULL, &viewer))
    g_ptr_array_add (viewers, viewer);
  return viewers;
}

static gboolean
send_json (Viewer *viewer, JsonNode *message)
{
  g_autofree char *text = karez_json_print (message);

  return hub_web_page_send (viewer->page, text);
}

static void
send_problem (Viewer *viewer, const char *session, const GError *error)
{
  g_autoptr (JsonNode) message = karez_json_object (
      "type", "s", "problem", "session", "s", session, "problem", "n",
      hub_web_problem_new (error, hub_web_problem_status (error), viewer->live->languages,
                           hub_web_page_get_language (viewer->page)),
      NULL);

  send_json (viewer, message);
}

/* Cursors are "XID.UUID", ordered by number, then text. */
static int
compare_cursors (const char *a, const char *b)
{
  guint64 xid_a = g_ascii_strtoull (a, NULL, 10), xid_b = g_ascii_strtoull (b, NULL, 10);
  const char *id_a = strchr (a, '.'), *id_b = strchr (b, '.');

  if (xid_a != xid_b)
    return xid_a < xid_b ? -1 : 1;
  return g_strcmp0 (id_a, id_b);
}

/* @event: (transfer full) */
static char *
event_text (JsonNode *event, const char *cursor)
{
  g_autoptr (JsonNode) message = karez_json_object ("type", "s", "event", "cursor", "s", cursor,
                                                    "event", "n", event, NULL);

  return karez_json_print (message);
}

static gboolean
sees_whole (Viewer *viewer)
{
  return hub_web_view_is_whole (viewer->live->policy, hub_web_page_get_actor (viewer->page));
}

static gboolean
sees (Viewer *viewer, JsonNode *event)
{
  return hub_web_view_allows (viewer->live->policy, hub_web_page_get_actor (viewer->page), event);
}

static void
set_cursor (Viewer *viewer, const char *cursor)
{
  g_free (viewer->cursor);
  viewer->cursor = g_strdup (cursor);
}

static void
on_event (HubFeed *feed, JsonNode *event, const char *cursor, HubWebLive *self)
{
  g_autofree char *whole = event_text (hub_web_view_whole (event), cursor);
  g_autofree char *reduced = event_text (hub_web_view_reduce (event), cursor);
  g_autoptr (GPtrArray) viewers = viewers_now (self);

  for (guint i = 0; i < viewers->len; i++)
    {
      Viewer *viewer = viewers->pdata[i];

      viewer->missed = TRUE;
      if (viewer->stage != FOLLOWING || compare_cursors (cursor, viewer->cursor) <= 0)
        continue;
      set_cursor (viewer, cursor);
      if (sees (viewer, event))
        hub_web_page_send (viewer->page, sees_whole (viewer) ? whole : reduced);
    }
}

static void
say_hello_at (Viewer *viewer, const char *cursor, gboolean reset)
{
  g_autofree char *now = hub_time_format (hub_clock_now ());
  g_autoptr (JsonNode) message = karez_json_object (
      "type", "s", "hello", "hub", "s", viewer->live->hub, "connection", "s",
      hub_web_page_get_id (viewer->page), "incarnation", "i",
      hub_store_get_incarnation (viewer->live->store), "cursor", "s", cursor, "reset", "b", reset,
      "now", "s", now, NULL);

  if (viewer->cursor != cursor)
    set_cursor (viewer, cursor);
  viewer->greeted = TRUE;
  send_json (viewer, message);
}

static void catch_up (Viewer *viewer);

static void
give_up (Viewer *viewer, const GError *error)
{
  send_problem (viewer, NULL, error);
  hub_web_page_close (viewer->page, SOUP_WEBSOCKET_CLOSE_GOING_AWAY, "no events now");
}

static void
on_now (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *cursor = NULL;
  g_autoptr (GPtrArray) none = hub_feed_read_finish (HUB_FEED (source), result, &cursor, &error);
  Viewer *viewer = data;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  if (none == NULL)
    {
      give_up (viewer, error);
      return;
    }
  /* A page that named a cursor and comes here could not be given what it missed. */
  say_hello_at (viewer, cursor, viewer->asked);
  catch_up (viewer);
}

/* From now on; a page that asked for more reads everything anew. */
static void
begin_now (Viewer *viewer)
{
  hub_feed_read_async (viewer->live->feed, NULL, 1, viewer->cancellable, on_now, viewer);
}

/* Only the last of a batch carries the new cursor: a page that is cut off in between gets the whole
 * batch again. */
static void
send_events (Viewer *viewer, GPtrArray *events, const char *last)
{
  gboolean whole = sees_whole (viewer);

  for (guint i = 0; i < events->len; i++)
    {
      JsonNode *event = events->pdata[i];
      g_autofree char *text = NULL;

      if (!sees (viewer, event))
        continue;
      text = event_text (whole ? hub_web_view_whole (event) : hub_web_view_reduce (event),
                         i + 1 == events->len ? last : viewer->cursor);
      if (!hub_web_page_send (viewer->page, text))
        return;
    }
}

static void
on_batch (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *cursor = NULL;
  g_autoptr (GPtrArray) events = hub_feed_read_finish (HUB_FEED (source), result, &cursor, &error);
  Viewer *viewer = data;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  if (events == NULL && !karez_error_is_invalid (error))
    {
      give_up (viewer, error);
      return;
    }
  if (events != NULL)
    viewer->caught += events->len;
  if (events == NULL || viewer->caught > MAX_CATCH_UP)
    {
      viewer->caught = 0;
      begin_now (viewer);
      return;
    }
  if (!viewer->greeted)
    say_hello_at (viewer, viewer->cursor, FALSE);
  send_events (viewer, events, cursor);
  set_cursor (viewer, cursor);
  if (events->len > 0 || viewer->missed)
    catch_up (viewer);
  else
    viewer->stage = FOLLOWING;
}

/* Reads until a read finds nothing while nothing came. */
static void
catch_up (Viewer *viewer)
{
  viewer->missed = FALSE;
  hub_feed_read_async (viewer->live->feed, viewer->cursor, BATCH, viewer->cancellable, on_batch,
                       viewer);
}

static const KarezJsonField hello_fields[] = {
  { "type", KAREZ_JSON_TEXT, TRUE, 1, 20 },
  { "since", KAREZ_JSON_TEXT, FALSE, 1, 100 },
  { NULL },
};
static const KarezJsonField time_fields[] = {
  { "type", KAREZ_JSON_TEXT, TRUE, 1, 20 },
  { NULL },
};
static const KarezJsonField join_fields[] = {
  { "type", KAREZ_JSON_TEXT, TRUE, 1, 20 },
  { "session", KAREZ_JSON_UUID, TRUE },
  { "participant", KAREZ_JSON_UUID, TRUE },
  { NULL },
};
static const KarezJsonField message_fields[] = {
  { "type", KAREZ_JSON_TEXT, TRUE, 1, 20 },
  { "session", KAREZ_JSON_UUID, TRUE },
  { "body", KAREZ_JSON_OBJECT, TRUE },
  { NULL },
};
static const KarezJsonField halt_fields[] = {
  { "type", KAREZ_JSON_TEXT, TRUE, 1, 20 },
  { "session", KAREZ_JSON_UUID, TRUE },
  { "reason", KAREZ_JSON_TEXT, FALSE, 0, 1000 },
  { NULL },
};
static const KarezJsonField leave_fields[] = {
  { "type", KAREZ_JSON_TEXT, TRUE, 1, 20 },
  { "session", KAREZ_JSON_UUID, TRUE },
  { NULL },
};

static gboolean
hello (Viewer *viewer, JsonObject *message, GError **error)
{
  const char *since = karez_json_text (message, "since");

  if (viewer->stage != WAITING)
    return karez_error_set (error, KAREZ_ERROR_CONFLICT, "live/hello", N_ ("one hello"),
                            N_ ("This page has already said hello"));
  if (viewer->live->feed == NULL)
    {
      g_autoptr (GError) early = karez_error_new (KAREZ_ERROR_UNAVAILABLE, "live/no-events", NULL,
                                                  N_ ("The hub cannot follow its events yet"));

      /* It comes again, rather than wait for a hello that never comes. */
      give_up (viewer, early);
      return TRUE;
    }
  viewer->stage = CATCHING;
  viewer->asked = since != NULL;
  set_cursor (viewer, since);
  if (since != NULL)
    catch_up (viewer);
  else
    begin_now (viewer);
  return TRUE;
}

static JsonNode *
tell_time (const char *type)
{
  g_autofree char *now = hub_time_format (hub_clock_now ());

  return karez_json_object ("type", "s", type, "now", "s", now, NULL);
}

/* A page goes by this clock and not by its machine's; that it is answered also tells it, after a
 * sleep, that its connection is still there. */
static gboolean
ask_time (Viewer *viewer, JsonObject *message, GError **error)
{
  g_autoptr (JsonNode) told = tell_time ("time");

  send_json (viewer, told);
  return TRUE;
}

static gboolean
pass_on (Viewer *viewer, const char *permission, JsonObject *message, GError **error)
{
  HubWebLive *self = viewer->live;
  KarezActor *actor = hub_web_page_get_actor (viewer->page);
  g_autofree char *rule = g_strconcat ("access/", permission, NULL);

  if (!hub_web_policy_allows (self->policy, permission, actor))
    return karez_error_set (error, KAREZ_ERROR_DENIED, rule,
                            N_ ("an account with a role that may do this"),
                            N_ ("Your roles do not allow this (%s)"), permission);
  if (self->handler == NULL)
    return karez_error_set (error, KAREZ_ERROR_UNAVAILABLE, "live/no-sessions", NULL,
                            N_ ("The hub does not run sessions yet"));
  return self->handler (hub_web_page_get_id (viewer->page), actor, message, self->handler_data,
                        error);
}

static gboolean
for_session (Viewer *viewer, JsonObject *message, GError **error)
{
  return pass_on (viewer, "session.join", message, error);
}

/* Who it is was found when the page came, so that this waits for no database. */
static gboolean
halt_session (Viewer *viewer, JsonObject *message, GError **error)
{
  return pass_on (viewer, "session.halt", message, error);
}

static const struct
{
  const char *type;
  const KarezJsonField *fields;
  gboolean (*func) (Viewer *viewer, JsonObject *message, GError **error);
} kinds[] = {
  { "hello", hello_fields, hello },           { "join", join_fields, for_session },
  { "message", message_fields, for_session }, { "leave", leave_fields, for_session },
  { "hold", halt_fields, halt_session },      { "panic", halt_fields, halt_session },
  { "stop", halt_fields, halt_session },      { "time", time_fields, ask_time },
};

static gboolean
handle (Viewer *viewer, JsonNode *node, GError **error)
{
  const char *type = "";
  JsonNode *member;

  if (JSON_NODE_HOLDS_OBJECT (node))
    {
      member = json_object_get_member (json_node_get_object (node), "type");
      if (member != NULL && json_node_get_value_type (member) == G_TYPE_STRING)
        type = json_node_get_string (member);
    }
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (g_str_equal (kinds[i].type, type))
      {
        JsonObject *message = karez_json_check (node, kinds[i].fields, error);

        return message != NULL && kinds[i].func (viewer, message, error);
      }
  return karez_error_set (error, KAREZ_ERROR_INVALID, "live/type",
                          N_ ("hello, time, join, message, leave, hold, panic or stop"),
                          N_ ("There is no message of the type “%s”"), type);
}

static void
on_message (HubWebPage *page, GBytes *bytes, Viewer *viewer)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = karez_json_parse (bytes, HUB_WEB_PAGE_MESSAGE, &error);
  const char *session = NULL;

  if (node != NULL && handle (viewer, node, &error))
    return;
  if (node != NULL && JSON_NODE_HOLDS_OBJECT (node))
    {
      JsonNode *member = json_object_get_member (json_node_get_object (node), "session");

      if (member != NULL && json_node_get_value_type (member) == G_TYPE_STRING)
        session = json_node_get_string (member);
    }
  if (session != NULL && !hub_id_is_valid (session))
    session = NULL;
  send_problem (viewer, session, error);
}

static void
on_closed (HubWebPage *page, gboolean revoked, Viewer *viewer)
{
  g_autoptr (HubWebLive) self = g_object_ref (viewer->live);
  g_autofree char *id = g_strdup (hub_web_page_get_id (page));

  g_hash_table_remove (self->viewers, id);
  g_signal_emit (self, closed_signal, 0, id, revoked);
}

gboolean
hub_web_live_check_room (HubWebLive *self, KarezActor *actor, GError **error)
{
  const char *account = karez_actor_get_id (actor);
  GHashTableIter iter;
  gpointer value;
  guint own = 0;

  g_hash_table_iter_init (&iter, self->viewers);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    own += g_str_equal (karez_actor_get_id (hub_web_page_get_actor (((Viewer *) value)->page)),
                        account);
  if (own >= MAX_PAGES_OF_ACCOUNT)
    return karez_error_set (error, KAREZ_ERROR_BUSY, "live/account",
                            N_ ("at most 20 pages of one account"),
                            N_ ("Too many pages of this account are open"));
  if (g_hash_table_size (self->viewers) >= MAX_PAGES)
    return karez_error_set (error, KAREZ_ERROR_BUSY, "live/pages",
                            N_ ("at most 1000 pages at a hub"), N_ ("Too many pages are open"));
  return TRUE;
}

void
hub_web_live_add (HubWebLive *self, HubWebPage *page)
{
  Viewer *viewer = g_new0 (Viewer, 1);

  viewer->live = self;
  viewer->page = g_object_ref (page);
  viewer->cancellable = g_cancellable_new ();
  g_hash_table_insert (self->viewers, g_strdup (hub_web_page_get_id (page)), viewer);
  g_signal_connect (page, "message", G_CALLBACK (on_message), viewer);
  g_signal_connect (page, "closed", G_CALLBACK (on_closed), viewer);
}

gboolean
hub_web_live_send (HubWebLive *self, const char *connection, JsonNode *message)
{
  Viewer *viewer = g_hash_table_lookup (self->viewers, connection);

  return viewer != NULL && send_json (viewer, message);
}

void
hub_web_live_send_problem (HubWebLive *self, const char *connection, const char *session,
                           const GError *error)
{
  Viewer *viewer = g_hash_table_lookup (self->viewers, connection);

  if (viewer != NULL)
    send_problem (viewer, session, error);
}

void
hub_web_live_broadcast (HubWebLive *self, const char *permission, JsonNode *message)
{
  g_autofree char *text = karez_json_print (message);
  g_autoptr (GPtrArray) viewers = viewers_now (self);

  for (guint i = 0; i < viewers->len; i++)
    {
      Viewer *viewer = viewers->pdata[i];

      if (viewer->stage != WAITING
          && hub_web_policy_allows (self->policy, permission,
                                    hub_web_page_get_actor (viewer->page)))
        hub_web_page_send (viewer->page, text);
    }
}

void
hub_web_live_close (HubWebLive *self, gushort code)
{
  g_autoptr (GPtrArray) viewers = viewers_now (self);

  for (guint i = 0; i < viewers->len; i++)
    hub_web_page_close (((Viewer *) viewers->pdata[i])->page, code, NULL);
}

guint
hub_web_live_get_count (HubWebLive *self)
{
  return g_hash_table_size (self->viewers);
}

/* A script sees no pings: by this a page knows that its connection is there. */
static gboolean
on_beat (gpointer data)
{
  g_autoptr (JsonNode) beat = tell_time ("beat");

  hub_web_live_broadcast (data, "board.read", beat);
  return G_SOURCE_CONTINUE;
}

HubWebLive *
hub_web_live_new (HubStore *store, const char *hub, HubWebPolicy *policy,
                  HubWebLanguages *languages)
{
  HubWebLive *self = g_object_new (HUB_TYPE_WEB_LIVE, NULL);

  self->store = g_object_ref (store);
  self->hub = g_strdup (hub);
  self->policy = policy;
  self->languages = languages;
  self->beat_source = g_timeout_add_seconds (BEAT_S, on_beat, self);
  return self;
}

void
hub_web_live_set_feed (HubWebLive *self, HubFeed *feed)
{
  if (self->feed != NULL)
    g_signal_handlers_disconnect_by_data (self->feed, self);
  if (g_set_object (&self->feed, feed) && feed != NULL)
    g_signal_connect_object (feed, "event", G_CALLBACK (on_event), self, 0);
}

void
hub_web_live_set_handler (HubWebLive *self, HubWebLiveFunc func, gpointer data)
{
  self->handler = func;
  self->handler_data = data;
}

static void
hub_web_live_dispose (GObject *object)
{
  HubWebLive *self = HUB_WEB_LIVE (object);

  g_clear_handle_id (&self->beat_source, g_source_remove);
  g_hash_table_remove_all (self->viewers);
  hub_web_live_set_feed (self, NULL);
  g_clear_object (&self->store);
  G_OBJECT_CLASS (hub_web_live_parent_class)->dispose (object);
}

static void
hub_web_live_finalize (GObject *object)
{
  HubWebLive *self = HUB_WEB_LIVE (object);

  g_hash_table_unref (self->viewers);
  g_free (self->hub);
  G_OBJECT_CLASS (hub_web_live_parent_class)->finalize (object);
}

static void
hub_web_live_class_init (HubWebLiveClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = hub_web_live_dispose;
  object_class->finalize = hub_web_live_finalize;
  closed_signal = g_signal_new ("connection-closed", HUB_TYPE_WEB_LIVE, G_SIGNAL_RUN_LAST, 0, NULL,
                                NULL, NULL, G_TYPE_NONE, 2, G_TYPE_STRING, G_TYPE_BOOLEAN);
}

static void
hub_web_live_init (HubWebLive *self)
{
  self->viewers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                         (GDestroyNotify) viewer_free);
}
