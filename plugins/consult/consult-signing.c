/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An opinion is signed: what its signer saw, by the password. */
#include "consult-opinions-private.h"

#include <glib/gi18n.h>
#include <string.h>

typedef ConsultOpinionWork Work;
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Work, consult_opinion_work_free)

static const KarezJsonField sign_fields[] = {
  { "id", KAREZ_JSON_UUID, TRUE },
  { "revision", KAREZ_JSON_INTEGER, TRUE, 1, G_MAXINT32 },
  { "digest", KAREZ_JSON_TEXT, FALSE, 0, 64 },
  { "password", KAREZ_JSON_TEXT, TRUE, 1, 256 },
  { "amendment", KAREZ_JSON_TEXT, FALSE, 1, 1000 },
  { NULL },
};

static ConsultOpinion
opinion_from_draft (Work *work, JsonObject *body)
{
  KarezActor *actor = karez_request_get_actor (work->request);
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();

  return (ConsultOpinion){
    .id = g_strdup (karez_json_text (body, "id")),
    .session = g_strdup (work->id),
    .hub = g_strdup (work->self->hub->id),
    .version = karez_rows_integer (work->rows, 0, "version") + 1,
    .findings = g_strdup (karez_rows_text (work->rows, 0, "findings")),
    .impression = g_strdup (karez_rows_text (work->rows, 0, "impression")),
    .recommendation = g_strdup (karez_rows_text (work->rows, 0, "recommendation")),
    .amendment = g_strdup (karez_json_text (body, "amendment")),
    .signer = g_strdup (karez_actor_get_id (actor)),
    .signed_by = g_strdup (karez_actor_get_name (actor)),
    .signed_at = g_date_time_format (now, "%Y-%m-%dT%H:%M:%SZ"),
  };
}

static GError *
unpaired_error (void)
{
  return karez_error_new (KAREZ_ERROR_CONFLICT, "consult/unpaired",
                          N_ ("a signature once the hospitals are paired again"),
                          N_ ("The hospital that asked is not paired with this one any more"));
}

/* What is signed is what its signer saw: the request says which words that was. */
static gboolean
check_shown (JsonObject *body, GError **error)
{
  const char *shown = karez_json_text (body, "digest");

  if (shown != NULL && strlen (shown) == 64 && strspn (shown, "0123456789abcdef") == 64)
    return TRUE;
  karez_error_set (
      error, KAREZ_ERROR_INVALID, "consult/digest",
      N_ ("the draft’s “digest” as the hub told it with the words that its signer saw: "
          "64 hexadecimal digits"),
      N_ ("It is not said which words are signed"));
  karez_error_set_pointer (*error, "/digest");
  return FALSE;
}

/* It is who signed in: the opinion, its event, and its way to the other hospital are one. */
static void
on_confirmed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Work) work = data;
  ConsultHub *hub = work->self->hub;
  KarezActor *actor = karez_request_get_actor (work->request);
  JsonObject *body = json_node_get_object (karez_request_get_body (work->request));
  const char *draft = karez_rows_text (work->rows, 0, "draft");
  g_autoptr (GError) error = NULL;
  g_autoptr (KarezTransaction) transaction = NULL;
  g_auto (ConsultOpinion) opinion = { 0 };

  if (!karez_request_confirm_finish (work->request, result, &error))
    {
      karez_request_fail (work->request, error);
      return;
    }
  opinion = opinion_from_draft (work, body);
  transaction = consult_opinion_begin (work);
  karez_transaction_run_one (transaction, "consult/revision",
                             N_ ("The opinion was changed in another window"), "draft_take", "(si)",
                             draft, (gint32) karez_json_integer (body, "revision", 0));
  karez_transaction_event (transaction, "opinion.finish", "opinion_draft", draft, NULL);
  consult_opinion_keep (&opinion, transaction, "opinion.sign");
  if (!karez_peers_post (hub->peers, transaction, consult_booking_text (work->booking, "requester"),
                         KAREZ_LANE_RECORDS, CONSULT_TOPIC_OPINION,
                         consult_opinion_to_message (&opinion, actor)))
    {
      error = unpaired_error ();
      karez_request_fail (work->request, error);
      return;
    }
  karez_request_commit (
      work->request, transaction, 201,
      karez_json_object ("id", "s", opinion.id, "version", "i", opinion.version, NULL));
}

static gboolean
check_signing (Work *work, JsonObject *body, GError **error)
{
  const char *impression = karez_rows_text (work->rows, 0, "impression");
  const char *shown = karez_json_text (body, "digest");
  g_autofree char *digest = NULL;
  gboolean amends = karez_rows_integer (work->rows, 0, "version") > 0;

  if (!consult_opinion_check_writer (work, error))
    return FALSE;
  if (!karez_peers_is_paired (work->self->hub->peers,
                              consult_booking_text (work->booking, "requester")))
    {
      g_propagate_error (error, unpaired_error ());
      return FALSE;
    }
  if (karez_rows_integer (work->rows, 0, "revision") != karez_json_integer (body, "revision", 0))
    {
      g_propagate_error (error, consult_opinion_revision_error ());
      return FALSE;
    }
  digest = consult_opinion_digest_of_draft (work->rows);
  if (!g_str_equal (shown, digest))
    return karez_error_set (error, KAREZ_ERROR_CONFLICT, "consult/shown",
                            N_ ("the digest of the words that were kept last"),
                            N_ ("The opinion that is kept is not the one that was shown"));
  if (impression == NULL || karez_text_is_blank (impression))
    return karez_error_set (error, KAREZ_ERROR_INVALID, "consult/impression",
                            N_ ("an opinion with its impression"),
                            N_ ("An opinion needs an impression"));
  if (amends != (karez_json_text (body, "amendment") != NULL))
    return karez_error_set (error, KAREZ_ERROR_INVALID, "consult/amendment",
                            N_ ("a reason with each version but the first"),
                            N_ ("It is not said why the opinion is amended"));
  return TRUE;
}

/* The version that was signed under @id, 0 for none: the answer got lost, and it is asked again. */
static gint64
find_signed (Work *work, const char *id)
{
  g_autoptr (JsonNode) node = karez_rows_json (work->rows, 0, "opinions");
  JsonArray *opinions = json_node_get_array (node);

  for (guint i = 0; i < json_array_get_length (opinions); i++)
    {
      JsonObject *one = json_array_get_object_element (opinions, i);

      if (g_strcmp0 (karez_json_text (one, "id"), id) == 0)
        return karez_json_integer (one, "version", 0);
    }
  return 0;
}

static void
sign (Work *data)
{
  g_autoptr (Work) work = data;
  JsonObject *body = json_node_get_object (karez_request_get_body (work->request));
  KarezRequest *request = work->request;
  const char *id = karez_json_text (body, "id");
  gint64 known = find_signed (work, id);
  g_autoptr (GError) error = NULL;

  if (known > 0)
    karez_request_respond (request, 200,
                           karez_json_object ("id", "s", id, "version", "i", known, NULL));
  else if (!check_signing (work, body, &error))
    karez_request_fail (request, error);
  else
    karez_request_confirm_async (request, karez_json_text (body, "password"), NULL, on_confirmed,
                                 g_steal_pointer (&work));
}

void
consult_opinion_sign (KarezRequest *request, gpointer data)
{
  JsonObject *body = karez_request_check_body (request, sign_fields);
  g_autoptr (GError) error = NULL;

  if (body == NULL)
    return;
  if (check_shown (body, &error))
    consult_opinion_look_up (data, request, sign);
  else
    karez_request_fail (request, error);
}
