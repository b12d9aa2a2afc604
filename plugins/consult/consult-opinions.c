/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opinions: drafted, signed, sent to the hospital that asked. */
#include "consult-opinions-private.h"

#include <glib/gi18n.h>
#include <string.h>

typedef ConsultOpinionWork Work;
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Work, consult_opinion_work_free)

#define TOPIC_READING "consult.reading"

G_DEFINE_FINAL_TYPE (ConsultOpinions, consult_opinions, G_TYPE_OBJECT)

void
consult_opinion_work_free (Work *work)
{
  g_object_unref (work->self);
  g_object_unref (work->request);
  g_clear_pointer (&work->booking, json_node_unref);
  g_clear_pointer (&work->rows, karez_rows_unref);
  g_free (work->id);
  g_free (work);
}

static const char *
reader (Work *work)
{
  return karez_actor_get_id (karez_request_get_actor (work->request));
}

static void
on_opinions (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Work) work = data;
  g_autoptr (GError) error = NULL;
  void (*go_on) (Work *) = work->go_on;

  work->rows = karez_store_query_finish (KAREZ_STORE (source), result, &error);
  if (work->rows == NULL)
    karez_request_fail (work->request, error);
  else
    go_on (g_steal_pointer (&work));
}

static void
on_booking (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Work) work = data;
  ConsultHub *hub = work->self->hub;
  g_autoptr (GError) error = NULL;
  GVariant *params;

  work->booking = karez_agenda_get_booking_finish (KAREZ_AGENDA (source), result, &error);
  if (work->booking == NULL)
    {
      karez_request_fail (work->request, error);
      return;
    }
  params = g_variant_new ("(sss)", work->id, reader (work), hub->id);
  karez_store_query_async (hub->store, "opinions_by_session", params, NULL, on_opinions, work);
  g_steal_pointer (&work);
}

void
consult_opinion_look_up (ConsultOpinions *self, KarezRequest *request, void (*go_on) (Work *work))
{
  const char *id = karez_request_get_path_uuid (request, "booking", "consult/none");
  Work *work;

  if (id == NULL)
    return;
  work = g_new0 (Work, 1);
  work->self = g_object_ref (self);
  work->request = g_object_ref (request);
  work->id = g_strdup (id);
  work->go_on = go_on;
  karez_agenda_get_booking_async (self->hub->agenda, id, NULL, on_booking, work);
}

KarezTransaction *
consult_opinion_begin (Work *work)
{
  KarezTransaction *transaction = karez_request_begin (work->request, work->self->hub->store);

  karez_transaction_about (transaction, work->id, consult_booking_text (work->booking, "patient"));
  return transaction;
}

/* Whether who asks may write the opinion of this consultation. */
gboolean
consult_opinion_check_writer (Work *work, GError **error)
{
  KarezActor *actor = karez_request_get_actor (work->request);

  if (!g_str_equal (consult_booking_text (work->booking, "provider"), work->self->hub->id))
    return karez_error_set (error, KAREZ_ERROR_CONFLICT, "consult/side",
                            N_ ("a consultant of the hospital that was asked"),
                            N_ ("The opinion is written at the hospital that was asked"));
  if (!karez_actor_has_role (actor, "clinician") && !karez_actor_has_role (actor, "surgeon"))
    return karez_error_set (error, KAREZ_ERROR_DENIED, "consult/consultant",
                            N_ ("a clinician or surgeon"),
                            N_ ("Your roles do not let you write an opinion"));
  if (!karez_rows_boolean (work->rows, 0, "consultant"))
    return karez_error_set (error, KAREZ_ERROR_DENIED, "consult/consultant",
                            N_ ("who was in the consultation as a consultant"),
                            N_ ("The opinion is written by who was in the consultation as a "
                                "consultant"));
  return TRUE;
}

/* ── GET ────────────────────────────────────────────────────────────────────────────────────── */

char *
consult_opinion_digest_of_draft (KarezRows *rows)
{
  return consult_words_digest (karez_rows_text (rows, 0, "findings"),
                               karez_rows_text (rows, 0, "impression"),
                               karez_rows_text (rows, 0, "recommendation"));
}

/* The words as the database has them, so that a page can tell whether they are what it shows. */
static JsonNode *
draft_to_json (KarezRows *rows)
{
  g_autofree char *digest = consult_opinion_digest_of_draft (rows);

  return karez_json_object ("revision", "i", karez_rows_integer (rows, 0, "revision"), "findings",
                            "s", karez_rows_text (rows, 0, "findings"), "impression", "s",
                            karez_rows_text (rows, 0, "impression"), "recommendation", "s",
                            karez_rows_text (rows, 0, "recommendation"), "saved_at", "s",
                            karez_rows_text (rows, 0, "saved_at"), "digest", "s", digest, NULL);
}

/* Whether somebody of the hospital that asked has not opened the newest version yet. */
static gboolean
is_unread (Work *work)
{
  return karez_rows_integer (work->rows, 0, "version") > 0
         && g_str_equal (consult_booking_text (work->booking, "requester"), work->self->hub->id)
         && !karez_rows_boolean (work->rows, 0, "read");
}

/* What a page may show of an opinion that nobody opened in it: no words. */
static JsonNode *
opinions_to_json (Work *work)
{
  static const char *const words[] = { "findings", "impression", "recommendation", "amendment" };
  JsonNode *node = karez_rows_json (work->rows, 0, "opinions");
  JsonArray *opinions = json_node_get_array (node);

  for (guint i = 0; is_unread (work) && i < json_array_get_length (opinions); i++)
    for (gsize j = 0; j < G_N_ELEMENTS (words); j++)
      json_object_remove_member (json_array_get_object_element (opinions, i), words[j]);
  return node;
}

static JsonNode *
to_json (Work *work)
{
  g_autoptr (GError) error = NULL;
  gboolean may_write = consult_opinion_check_writer (work, &error);
  JsonNode *draft = karez_rows_text (work->rows, 0, "draft") != NULL ? draft_to_json (work->rows)
                                                                     : NULL;

  return karez_json_object (
      "booking", "s", work->id, "may_write", "b", may_write, "why", "s",
      error != NULL ? karez_request_translate (work->request, error->message) : NULL, "draft", "n",
      draft, "unread", "b", is_unread (work), "opinions", "n", opinions_to_json (work), NULL);
}

static void
respond_read (Work *work)
{
  karez_request_respond_read (work->request, work->self->hub->audit, "opinion.read", work->id,
                              consult_booking_text (work->booking, "patient"), to_json (work));
}

static void
keep_reading (KarezTransaction *transaction, const char *session, const char *opinion,
              const char *hub, KarezActor *person, const char *at)
{
  g_autofree char *id = g_uuid_string_random ();

  karez_transaction_run_one (transaction, "consult/reading",
                             N_ ("This consultation has no such opinion"), "reading_keep",
                             "(sssssss)", id, opinion, hub, karez_actor_get_id (person),
                             karez_actor_get_name (person), at, session);
}

static void
show (Work *data)
{
  g_autoptr (Work) work = data;

  if (karez_rows_integer (work->rows, 0, "version") == 0 || is_unread (work))
    karez_request_respond (work->request, 200, to_json (work));
  else
    respond_read (work);
}

static void
on_get (KarezRequest *request, gpointer data)
{
  consult_opinion_look_up (data, request, show);
}

/* ── reading ────────────────────────────────────────────────────────────────────────────────── */

/* A person opens a version, which no page does by itself: the first time it is told to the hospital
 * that wrote it. */
static void
mark_read (Work *data)
{
  g_autoptr (Work) work = data;
  ConsultHub *hub = work->self->hub;
  JsonObject *body = json_node_get_object (karez_request_get_body (work->request));
  KarezActor *actor = karez_request_get_actor (work->request);
  const char *opinion = karez_rows_text (work->rows, 0, "newest");
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *at = g_date_time_format (now, "%Y-%m-%dT%H:%M:%SZ");
  g_autoptr (KarezTransaction) transaction = NULL;
  gboolean told;

  if (g_strcmp0 (opinion, karez_json_text (body, "opinion")) != 0)
    {
      g_autoptr (GError) error = karez_error_new (
          KAREZ_ERROR_CONFLICT, "consult/newest", N_ ("the newest version of this consultation"),
          N_ ("There is another version of the opinion by now"));

      karez_request_fail (work->request, error);
      return;
    }
  if (!is_unread (work))
    {
      karez_request_respond (work->request, 204, NULL);
      return;
    }
  transaction = consult_opinion_begin (work);
  keep_reading (transaction, work->id, opinion, hub->id, actor, at);
  /* A hospital that is not paired any more is not told; its opinion is read none the less. */
  told = karez_peers_post (
      hub->peers, transaction, consult_booking_text (work->booking, "provider"),
      consult_booking_lane (work->booking), TOPIC_READING,
      karez_json_object ("booking", "s", work->id, "opinion", "s", opinion, "at", "s", at, "actor",
                         "n", karez_actor_to_json (actor), NULL));
  karez_transaction_event (transaction, "opinion.read", "opinion", opinion,
                           karez_json_object ("version", "i",
                                              karez_rows_integer (work->rows, 0, "version"), "told",
                                              "b", told, NULL));
  karez_request_commit (work->request, transaction, 204, NULL);
}

static const KarezJsonField read_fields[] = {
  { "opinion", KAREZ_JSON_UUID, TRUE },
  { NULL },
};

static void
on_read (KarezRequest *request, gpointer data)
{
  if (karez_request_check_body (request, read_fields) != NULL)
    consult_opinion_look_up (data, request, mark_read);
}

/* ── the draft ──────────────────────────────────────────────────────────────────────────────── */

static const KarezJsonField draft_fields[] = {
  { "revision", KAREZ_JSON_INTEGER, TRUE, 0, G_MAXINT32 },
  { "findings", KAREZ_JSON_TEXT, TRUE, 0, CONSULT_OPINION_MAX },
  { "impression", KAREZ_JSON_TEXT, TRUE, 0, CONSULT_OPINION_MAX },
  { "recommendation", KAREZ_JSON_TEXT, TRUE, 0, CONSULT_OPINION_MAX },
  { NULL },
};

/* Whether it is kept already: the answer got lost, and it is asked again. */
static gboolean
is_kept (Work *work, JsonObject *body)
{
  static const char *const parts[] = { "findings", "impression", "recommendation" };

  if (karez_rows_integer (work->rows, 0, "revision")
      != karez_json_integer (body, "revision", 0) + 1)
    return FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (parts); i++)
    if (g_strcmp0 (karez_rows_text (work->rows, 0, parts[i]), karez_json_text (body, parts[i]))
        != 0)
      return FALSE;
  return TRUE;
}

GError *
consult_opinion_revision_error (void)
{
  return karez_error_new (KAREZ_ERROR_CONFLICT, "consult/revision",
                          N_ ("the revision that was kept last"),
                          N_ ("The opinion was changed in another window"));
}

static void
on_draft_kept (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Work) work = data;
  KarezTransaction *transaction = KAREZ_TRANSACTION (source);
  g_autoptr (GError) error = NULL;
  KarezRows *rows;

  if (!karez_transaction_commit_finish (transaction, result, &error))
    {
      karez_request_fail (work->request, error);
      return;
    }
  rows = karez_transaction_get_rows (transaction, 0);
  karez_request_respond (work->request, 200,
                         rows == NULL ? karez_json_object ("repeated", "b", TRUE, NULL)
                                      : draft_to_json (rows));
}

static void
keep_draft (Work *data)
{
  g_autoptr (Work) work = data;
  JsonObject *body = json_node_get_object (karez_request_get_body (work->request));
  gint64 revision = karez_json_integer (body, "revision", 0);
  const char *known = karez_rows_text (work->rows, 0, "draft");
  g_autofree char *id = known != NULL ? g_strdup (known) : g_uuid_string_random ();
  g_autoptr (GError) error = NULL;
  g_autoptr (KarezTransaction) transaction = NULL;
  const char *message = N_ ("The opinion was changed in another window");

  if (is_kept (work, body))
    {
      karez_request_respond (work->request, 200, draft_to_json (work->rows));
      return;
    }
  if (consult_opinion_check_writer (work, &error)
      && revision != karez_rows_integer (work->rows, 0, "revision"))
    error = consult_opinion_revision_error ();
  if (error != NULL)
    {
      karez_request_fail (work->request, error);
      return;
    }
  transaction = consult_opinion_begin (work);
  if (known == NULL)
    karez_transaction_run_one (transaction, "consult/revision", message, "draft_begin", "(ssssss)",
                               id, work->id, reader (work), karez_json_text (body, "findings"),
                               karez_json_text (body, "impression"),
                               karez_json_text (body, "recommendation"));
  else
    karez_transaction_run_one (transaction, "consult/revision", message, "draft_save", "(sisss)",
                               id, (gint32) revision, karez_json_text (body, "findings"),
                               karez_json_text (body, "impression"),
                               karez_json_text (body, "recommendation"));
  karez_transaction_event (transaction, "opinion.draft", "opinion_draft", id, NULL);
  karez_transaction_commit_async (transaction, NULL, on_draft_kept, g_steal_pointer (&work));
}

static void
on_put_draft (KarezRequest *request, gpointer data)
{
  if (karez_request_check_body (request, draft_fields) != NULL)
    consult_opinion_look_up (data, request, keep_draft);
}

static void
discard_draft (Work *data)
{
  g_autoptr (Work) work = data;
  const char *draft = karez_rows_text (work->rows, 0, "draft");
  g_autoptr (KarezTransaction) transaction = NULL;

  if (draft == NULL)
    {
      karez_request_respond (work->request, 204, NULL);
      return;
    }
  transaction = consult_opinion_begin (work);
  karez_transaction_run_one (transaction, "consult/revision",
                             N_ ("The opinion was changed in another window"), "draft_take", "(si)",
                             draft, (gint32) karez_rows_integer (work->rows, 0, "revision"));
  karez_transaction_event (transaction, "opinion.discard", "opinion_draft", draft, NULL);
  karez_request_commit (work->request, transaction, 204, NULL);
}

static void
on_delete_draft (KarezRequest *request, gpointer data)
{
  consult_opinion_look_up (data, request, discard_draft);
}

/* ── between the hospitals ──────────────────────────────────────────────────────────────────── */

static const KarezJsonField opinion_fields[] = {
  { "booking", KAREZ_JSON_UUID, TRUE },
  { "opinion", KAREZ_JSON_OBJECT, TRUE },
  { "actor", KAREZ_JSON_OBJECT, TRUE },
  { NULL },
};

static gboolean
fill_opinion (gpointer owner, KarezTransaction *transaction, JsonObject *body, KarezActor *person,
              JsonNode *booking, GError **error)
{
  g_auto (ConsultOpinion) opinion = { 0 };

  if (!consult_opinion_from_message (&opinion, body, consult_booking_text (booking, "provider"),
                                     error))
    return FALSE;
  consult_opinion_keep (&opinion, transaction, "opinion.receive");
  return TRUE;
}

static void
on_opinion_post (KarezMessage *message, GTask *task, gpointer data)
{
  static const KarezArrival arrival = { opinion_fields, KAREZ_SIDE_PROVIDER, fill_opinion };
  ConsultOpinions *self = data;

  karez_message_apply (message, &arrival, self->hub->context, self->hub->store, self, task);
}

static const KarezJsonField reading_fields[] = {
  { "booking", KAREZ_JSON_UUID, TRUE },
  { "opinion", KAREZ_JSON_UUID, TRUE },
  { "at", KAREZ_JSON_TIME, TRUE },
  { "actor", KAREZ_JSON_OBJECT, TRUE },
  { NULL },
};

static gboolean
fill_reading (gpointer owner, KarezTransaction *transaction, JsonObject *body, KarezActor *person,
              JsonNode *booking, GError **error)
{
  const char *opinion = karez_json_text (body, "opinion");

  keep_reading (transaction, consult_booking_text (booking, "id"), opinion,
                consult_booking_text (booking, "requester"), person, karez_json_text (body, "at"));
  karez_transaction_event (transaction, "opinion.read", "opinion", opinion, NULL);
  return TRUE;
}

static void
on_reading_post (KarezMessage *message, GTask *task, gpointer data)
{
  static const KarezArrival arrival = { reading_fields, KAREZ_SIDE_REQUESTER, fill_reading };
  ConsultOpinions *self = data;

  karez_message_apply (message, &arrival, self->hub->context, self->hub->store, self, task);
}

gboolean
consult_opinions_start (ConsultOpinions *self, KarezRoutes *routes, GError **error)
{
  static const struct
  {
    const char *method, *path, *permission;
    KarezRouteFunc func;
  } added[] = {
    { "GET", "/x/consult/opinions/{booking}", "consult.opinion.read", on_get },
    { "POST", "/x/consult/opinions/{booking}/read", "consult.opinion.read", on_read },
    { "PUT", "/x/consult/opinions/{booking}/draft", "consult.opinion.write", on_put_draft },
    { "DELETE", "/x/consult/opinions/{booking}/draft", "consult.opinion.write", on_delete_draft },
    { "POST", "/x/consult/opinions/{booking}/sign", "consult.opinion.write", consult_opinion_sign },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (added); i++)
    if (!karez_routes_add (routes, added[i].method, added[i].path, added[i].permission,
                           added[i].func, g_object_ref (self), g_object_unref, error))
      return FALSE;
  return karez_peers_handle_post (self->hub->peers, CONSULT_TOPIC_OPINION, on_opinion_post,
                                  g_object_ref (self), g_object_unref, error)
         && karez_peers_handle_post (self->hub->peers, TOPIC_READING, on_reading_post,
                                     g_object_ref (self), g_object_unref, error);
}

ConsultOpinions *
consult_opinions_new (ConsultHub *hub)
{
  ConsultOpinions *self = g_object_new (CONSULT_TYPE_OPINIONS, NULL);

  self->hub = consult_hub_ref (hub);
  return self;
}

static void
consult_opinions_finalize (GObject *object)
{
  ConsultOpinions *self = CONSULT_OPINIONS (object);

  g_clear_pointer (&self->hub, consult_hub_unref);
  G_OBJECT_CLASS (consult_opinions_parent_class)->finalize (object);
}

static void
consult_opinions_class_init (ConsultOpinionsClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = consult_opinions_finalize;
}

static void
consult_opinions_init (ConsultOpinions *self)
{
}
