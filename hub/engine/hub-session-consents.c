/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What was said of the patient's consent in a session, kept once. */
#include "hub-session-consents.h"

#include "hub-catalogue.h"

#define GIVE "consent.give"
#define WITHDRAW "consent.withdraw"

gboolean
hub_session_consents_is (const char *action)
{
  return g_str_equal (action, GIVE) || g_str_equal (action, WITHDRAW);
}

typedef struct
{
  char *session, *action;
  JsonNode *word;
  KarezTransaction *transaction;
} Keeping;

static void
keeping_free (gpointer data)
{
  Keeping *keeping = data;

  g_object_unref (keeping->transaction);
  json_node_unref (keeping->word);
  g_free (keeping->session);
  g_free (keeping->action);
  g_free (keeping);
}

static gboolean
check_word (const KarezRecord *record, GError **error)
{
  gboolean given = g_str_equal (record->action, GIVE);

  if (!karez_consent_check_word (record->body, error))
    return FALSE;
  return g_str_equal (karez_json_text (json_node_get_object (record->body), "state"),
                      given ? "given" : "withdrawn")
         || karez_error_set (error, KAREZ_ERROR_INVALID, "consent/action",
                             N_ ("a consent that was given, or one that was withdrawn"),
                             N_ ("The record is of another word of consent"));
}

static void
put_word (Keeping *keeping)
{
  JsonObject *word = json_node_get_object (keeping->word);
  const char *id = karez_json_text (word, "id");
  const char *basis = karez_json_text (word, "basis");

  karez_transaction_run (keeping->transaction, "consent_keep", "(sssmsss)", id, keeping->session,
                         karez_json_text (word, "state"), basis, karez_json_text (word, "by"),
                         karez_json_text (word, "at"));
  karez_transaction_event (keeping->transaction, keeping->action, "consent", id,
                           karez_json_object ("basis", "s", basis, NULL));
}

/* Whether the word that is kept under its id is this one. */
static gboolean
check_known (Keeping *keeping, KarezRows *rows, GError **error)
{
  const char *state = karez_json_text (json_node_get_object (keeping->word), "state");

  return (g_str_equal (karez_rows_text (rows, 0, "session"), keeping->session)
          && g_str_equal (karez_rows_text (rows, 0, "state"), state))
         || karez_error_set (error, KAREZ_ERROR_CONFLICT, "consent/id", NULL,
                             N_ ("Another word of consent has this id"));
}

static void
on_known (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Keeping *keeping = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (KarezRows) rows = karez_store_query_finish (KAREZ_STORE (source), result, &error);

  if (rows != NULL && karez_rows_get_count (rows) == 0)
    karez_error_set (&error, KAREZ_ERROR_NOT_FOUND, "session/unknown", NULL,
                     N_ ("There is no such session."));
  else if (rows != NULL && karez_rows_text (rows, 0, "session") != NULL)
    check_known (keeping, rows, &error);
  else if (rows != NULL)
    {
      karez_transaction_about (keeping->transaction, keeping->session,
                               karez_rows_text (rows, 0, "patient"));
      put_word (keeping);
    }
  if (error != NULL)
    g_task_return_error (task, error);
  else
    karez_task_commit (g_object_ref (task), keeping->transaction);
}

void
hub_session_consents_keep_async (HubSessionServices *services, const KarezRecord *record,
                                 GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (services->store, NULL, callback, data);
  Keeping *keeping = NULL;
  GError *error = NULL;
  const char *id = NULL;

  g_task_set_source_tag (task, hub_session_consents_keep_async);
  if (!check_word (record, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  keeping = g_new0 (Keeping, 1);
  keeping->session = g_strdup (record->session);
  keeping->action = g_strdup (record->action);
  keeping->word = json_node_ref (record->body);
  keeping->transaction = karez_store_begin (services->store, record->actor);
  karez_transaction_recorded (keeping->transaction, record);
  g_task_set_task_data (task, keeping, keeping_free);
  id = karez_json_text (json_node_get_object (keeping->word), "id");
  karez_store_query_async (services->store, "consent_known",
                           g_variant_new ("(ss)", keeping->session, id), NULL, on_known,
                           g_steal_pointer (&task));
}

gboolean
hub_session_consents_keep_finish (KarezStore *store, GAsyncResult *result, GError **error)
{
  return karez_task_finish (store, result, hub_session_consents_keep_async, error);
}
