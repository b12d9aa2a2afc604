/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sign-ins by cookie, remembered for a short time. */
#include "hub-web-sign-in.h"

#include "hub-catalogue.h"
#include "hub-clock.h"
#include "hub-hash.h"
#include "hub-web-cookies.h"

#include <sodium.h>

#define TOKEN_BYTES 32
#define TOKEN_LENGTH 43 /* as base64url */
#define MAX_TOKENS 8
#define MAX_KEPT 16384

struct _HubWebSignIns
{
  KarezStore *store;
  char *cookie;       /* its name */
  GHashTable *kept;   /* token → Kept */
  guint64 generation; /* counts what was forgotten */
  gint64 believe_us;
  HubWebRights *rights;
};

typedef struct
{
  HubWebSignIn *sign_in;
  gint64 until; /* monotonic µs: then it is read again */
} Kept;

static void
sign_in_clear (HubWebSignIn *self)
{
  if (self->rights != NULL)
    hub_web_rights_remove (self->rights, self);
  g_object_unref (self->ended);
  g_free (self->id);
  g_free (self->account);
  g_free (self->login);
  g_free (self->language);
  g_free (self->csrf);
  g_strfreev (self->roles);
  g_clear_pointer (&self->names, json_node_unref);
  g_clear_pointer (&self->title, json_node_unref);
}

HubWebSignIn *
hub_web_sign_in_ref (HubWebSignIn *self)
{
  return g_rc_box_acquire (self);
}

void
hub_web_sign_in_unref (HubWebSignIn *self)
{
  g_rc_box_release_full (self, (GDestroyNotify) sign_in_clear);
}

KarezActor *
hub_web_sign_in_make_actor (HubWebSignIn *self, const char *address)
{
  JsonObject *names = json_node_get_object (self->names);

  return karez_actor_new (KAREZ_ACTOR_PERSON, self->account,
                          json_object_get_string_member_with_default (names, "en", self->login),
                          self->new_password_needed ? NULL : (const char *const *) self->roles,
                          address, NULL);
}

static void
kept_free (Kept *kept)
{
  hub_web_sign_in_unref (kept->sign_in);
  g_free (kept);
}

HubWebSignIns *
hub_web_sign_ins_new (KarezStore *store, const char *hub, guint believe_ms)
{
  HubWebSignIns *self = g_new0 (HubWebSignIns, 1);

  self->store = g_object_ref (store);
  self->rights = hub_web_rights_new (store);
  self->believe_us = (gint64) believe_ms * 1000;
  /* Ports do not part cookies, so two hubs on one machine need two names; ids of hubs that were set
   * up together begin alike. */
  self->cookie = g_strconcat ("__Host-karez-", hub, NULL);
  self->kept = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) kept_free);
  return self;
}

void
hub_web_sign_ins_free (HubWebSignIns *self)
{
  g_object_unref (self->store);
  g_free (self->cookie);
  g_hash_table_unref (self->kept);
  hub_web_rights_free (self->rights);
  g_free (self);
}

void
hub_web_sign_ins_set_listener (HubWebSignIns *self, HubWebRightsFunc func, gpointer data)
{
  hub_web_rights_set_listener (self->rights, func, data);
}

static GBytes *
hash_of_token (const guint8 *token)
{
  guint8 hash[crypto_generichash_BYTES];

  crypto_generichash (hash, sizeof hash, token, TOKEN_BYTES, NULL, 0);
  return g_bytes_new (hash, sizeof hash);
}

char *
hub_web_sign_ins_make_token (GBytes **hash)
{
  guint8 token[TOKEN_BYTES];

  hub_random (token, sizeof token);
  *hash = hash_of_token (token);
  return hub_base64url (token, sizeof token);
}

char *
hub_web_sign_ins_make_csrf (const char *token)
{
  static const char purpose[] = "karez csrf 1";
  g_autoptr (GBytes) key = hub_unbase64url (token);
  guint8 csrf[crypto_generichash_BYTES];

  g_return_val_if_fail (key != NULL && g_bytes_get_size (key) == TOKEN_BYTES, NULL);

  crypto_generichash (csrf, sizeof csrf, (const guint8 *) purpose, sizeof purpose - 1,
                      g_bytes_get_data (key, NULL), TOKEN_BYTES);
  return hub_base64url (csrf, sizeof csrf);
}

GPtrArray *
hub_web_sign_ins_read_cookies (HubWebSignIns *self, SoupMessageHeaders *headers, GError **error)
{
  g_autoptr (GPtrArray) tokens = hub_web_cookies_list (headers, self->cookie, TOKEN_LENGTH,
                                                       TOKEN_LENGTH, MAX_TOKENS + 1);

  if (tokens->len <= MAX_TOKENS)
    return g_steal_pointer (&tokens);
  karez_error_set (error, KAREZ_ERROR_INVALID, "request/cookies",
                   N_ ("a browser in which the cookies of this address have been deleted"),
                   N_ ("The browser sends too many cookies of this hub"));
  return NULL;
}

char *
hub_web_sign_ins_write_cookie (HubWebSignIns *self, const char *token)
{
  return hub_web_cookies_write (self->cookie, token != NULL ? token : "",
                                token != NULL ? HUB_WEB_SIGN_IN_HOURS * 3600 : 0);
}

typedef struct
{
  char *token;
  guint64 generation;
} Find;

static void
find_free (Find *find)
{
  g_free (find->token);
  g_free (find);
}

static GStrv
texts_of_json (JsonNode *node)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  JsonArray *array = JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;

  for (guint i = 0; array != NULL && i < json_array_get_length (array); i++)
    g_strv_builder_add (builder, json_array_get_string_element (array, i));
  return g_strv_builder_end (builder);
}

static HubWebSignIn *
sign_in_of_row (HubWebSignIns *self, KarezRows *rows, const char *token)
{
  HubWebSignIn *sign_in = g_rc_box_new0 (HubWebSignIn);
  g_autoptr (JsonNode) roles = karez_rows_json (rows, 0, "roles");

  sign_in->ended = g_cancellable_new ();
  sign_in->id = g_strdup (karez_rows_text (rows, 0, "id"));
  sign_in->account = g_strdup (karez_rows_text (rows, 0, "account"));
  sign_in->login = g_strdup (karez_rows_text (rows, 0, "login"));
  sign_in->language = g_strdup (karez_rows_text (rows, 0, "language"));
  sign_in->csrf = hub_web_sign_ins_make_csrf (token);
  sign_in->roles = texts_of_json (roles);
  sign_in->names = karez_rows_json (rows, 0, "names");
  sign_in->title = karez_rows_json (rows, 0, "title");
  sign_in->new_password_needed = karez_rows_boolean (rows, 0, "password_temporary");
  sign_in->expires = karez_rows_integer (rows, 0, "expires");
  hub_web_rights_add (self->rights, sign_in);
  return sign_in;
}

static void
make_room (HubWebSignIns *self)
{
  gint64 now = hub_clock_monotonic (), clock = hub_clock_now ();
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->kept);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    if (((Kept *) value)->until < now || ((Kept *) value)->sign_in->expires < clock)
      g_hash_table_iter_remove (&iter);
  /* A full table is somebody trying; who is really here is read again. */
  if (g_hash_table_size (self->kept) >= MAX_KEPT)
    g_hash_table_remove_all (self->kept);
}

static void
keep (HubWebSignIns *self, const char *token, HubWebSignIn *sign_in)
{
  Kept *kept;

  if (g_hash_table_size (self->kept) >= MAX_KEPT)
    make_room (self);
  kept = g_new0 (Kept, 1);
  kept->sign_in = hub_web_sign_in_ref (sign_in);
  kept->until = hub_clock_monotonic () + self->believe_us;
  g_hash_table_replace (self->kept, g_strdup (token), kept);
}

HubWebSignIn *
hub_web_sign_ins_recall (HubWebSignIns *self, const char *token)
{
  Kept *kept = g_hash_table_lookup (self->kept, token);

  return kept != NULL && kept->sign_in->expires >= hub_clock_now ()
                 && !g_cancellable_is_cancelled (kept->sign_in->ended)
             ? hub_web_sign_in_ref (kept->sign_in)
             : NULL;
}

char *
hub_web_sign_ins_recall_account (HubWebSignIns *self, SoupMessageHeaders *headers)
{
  g_autoptr (GPtrArray) tokens = hub_web_sign_ins_read_cookies (self, headers, NULL);

  for (guint i = 0; tokens != NULL && i < tokens->len; i++)
    {
      g_autoptr (HubWebSignIn) known = hub_web_sign_ins_recall (self, tokens->pdata[i]);

      if (known != NULL)
        return g_strdup (known->account);
    }
  return NULL;
}

static GError *
nobody (void)
{
  return karez_error_new (KAREZ_ERROR_UNAUTHENTICATED, "sign-in/none", N_ ("a new sign-in"),
                          N_ ("You are not signed in, or no longer"));
}

static void query (GTask *task, HubWebSignIns *self, Find *find);

static void
on_found (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  HubWebSignIns *self = g_object_get_data (G_OBJECT (task), "sign-ins");
  Find *find = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;
  g_autoptr (KarezRows) rows = karez_store_query_finish (KAREZ_STORE (source), result, &error);
  HubWebSignIn *sign_in;

  if (rows == NULL)
    g_task_return_error (task, g_steal_pointer (&error));
  else if (g_task_return_error_if_cancelled (task))
    return;
  else if (find->generation != self->generation)
    /* What was read before something was forgotten may be old. */
    query (g_steal_pointer (&task), self, find);
  else if (karez_rows_get_count (rows) == 0)
    {
      g_hash_table_remove (self->kept, find->token);
      g_task_return_error (task, nobody ());
    }
  else
    {
      sign_in = sign_in_of_row (self, rows, find->token);
      keep (self, find->token, sign_in);
      g_task_return_pointer (task, sign_in, (GDestroyNotify) hub_web_sign_in_unref);
    }
}

/* @task: (transfer full) */
static void
query (GTask *task, HubWebSignIns *self, Find *find)
{
  g_autoptr (GBytes) key = hub_unbase64url (find->token);
  g_autoptr (GBytes) hash = hash_of_token (g_bytes_get_data (key, NULL));

  find->generation = self->generation;
  karez_store_query_async (
      self->store, "sign_in_by_token",
      g_variant_new ("(@ay)", g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, hash, TRUE)),
      g_task_get_cancellable (task), on_found, task);
}

void
hub_web_sign_ins_find_async (HubWebSignIns *self, const char *token, GCancellable *cancellable,
                             GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, data);
  Kept *kept = g_hash_table_lookup (self->kept, token);
  g_autoptr (GBytes) key = hub_unbase64url (token);
  Find *find;

  g_task_set_source_tag (task, hub_web_sign_ins_find_async);
  if (kept != NULL && kept->sign_in->expires < hub_clock_now ())
    {
      g_hash_table_remove (self->kept, token);
      kept = NULL;
    }
  if (kept != NULL && kept->until >= hub_clock_monotonic ())
    g_task_return_pointer (task, hub_web_sign_in_ref (kept->sign_in),
                           (GDestroyNotify) hub_web_sign_in_unref);
  else if (key == NULL || g_bytes_get_size (key) != TOKEN_BYTES)
    g_task_return_error (task, nobody ());
  else
    {
      find = g_new0 (Find, 1);
      find->token = g_strdup (token);
      g_task_set_task_data (task, find, (GDestroyNotify) find_free);
      g_object_set_data (G_OBJECT (task), "sign-ins", self);
      query (task, self, find);
      return;
    }
  g_object_unref (task);
}

HubWebSignIn *
hub_web_sign_ins_find_finish (HubWebSignIns *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_async_result_is_tagged (result, hub_web_sign_ins_find_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

void
hub_web_sign_ins_forget (HubWebSignIns *self, const char *account, gboolean rights)
{
  GHashTableIter iter;
  gpointer kept;

  self->generation++;
  /* It looks at those that are kept, too. */
  if (rights)
    hub_web_rights_check (self->rights, account);
  g_hash_table_iter_init (&iter, self->kept);
  while (g_hash_table_iter_next (&iter, NULL, &kept))
    if (g_str_equal (((Kept *) kept)->sign_in->account, account))
      g_hash_table_iter_remove (&iter);
}
