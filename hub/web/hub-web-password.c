/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Argon2id in threads, a few at once. */
#include "hub-web-password.h"

#include "hub-catalogue.h"

#include <sodium.h>

/* The OWASP Password Storage Cheat Sheet's first choice for Argon2id. What compares a password with
 * nobody's hash below says the same. */
#define HASH_PASSES 1
#define HASH_MEMORY (46 * 1024 * 1024)
#define MAX_OF_ACCOUNT 4

struct _HubWebPasswords
{
  guint at_once, max_queue;
  guint running;
  GQueue known, unknown; /* GTask that wait */
  gboolean freed;
};

typedef struct
{
  char *password;
  char *hash;  /* to hold it against; NULL: make one */
  GStrv words; /* what a chosen one must not be made of */
  char *who;   /* the account that is known, or the customer of who is not */
} Work;

static void
forget (char *text)
{
  sodium_memzero (text, strlen (text));
  g_free (text);
}

static void
work_free (Work *work)
{
  forget (work->password);
  g_free (work->hash);
  g_strfreev (work->words);
  g_free (work->who);
  g_free (work);
}

static char *
make_hash (const char *password)
{
  char *normal = hub_web_password_normalise (password);
  char hash[crypto_pwhash_STRBYTES];
  gboolean made = crypto_pwhash_str_alg (hash, normal, strlen (normal), HASH_PASSES, HASH_MEMORY,
                                         crypto_pwhash_ALG_ARGON2ID13)
                  == 0;

  forget (normal);
  return made ? g_strdup (hash) : NULL;
}

/* Older hashes are of what was typed. */
static gboolean
is_of_hash (const char *hash, const char *password)
{
  char *normal = hub_web_password_normalise (password);
  gboolean right = crypto_pwhash_str_verify (hash, normal, strlen (normal)) == 0;

  if (!right && !g_str_equal (normal, password))
    right = crypto_pwhash_str_verify (hash, password, strlen (password)) == 0;
  forget (normal);
  return right;
}

HubWebPasswords *
hub_web_passwords_new (guint at_once, guint queue)
{
  HubWebPasswords *self = g_new0 (HubWebPasswords, 1);

  if (sodium_init () < 0)
    g_error ("libsodium has no random numbers");
  self->at_once = at_once;
  self->max_queue = queue;
  g_queue_init (&self->known);
  g_queue_init (&self->unknown);
  return self;
}

static GTask *
pop (HubWebPasswords *self)
{
  GTask *task = g_queue_pop_head (&self->known);

  return task != NULL ? task : g_queue_pop_head (&self->unknown);
}

static void
maybe_free (HubWebPasswords *self)
{
  if (!self->freed || self->running > 0)
    return;
  g_free (self);
}

void
hub_web_passwords_free (HubWebPasswords *self)
{
  GTask *task;

  self->freed = TRUE;
  while ((task = pop (self)) != NULL)
    {
      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CANCELLED, "the hub is closing");
      g_object_unref (task);
    }
  maybe_free (self);
}

static void
work_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Work *work = data;
  GError *error = NULL;
  char *hash;

  if (work->hash != NULL)
    {
      g_task_return_boolean (task, is_of_hash (work->hash, work->password));
      return;
    }
  if (!hub_web_password_check (work->password, (const char *const *) work->words, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  hash = make_hash (work->password);
  if (hash != NULL)
    g_task_return_pointer (task, hash, g_free);
  else
    g_task_return_error (task, karez_error_new (KAREZ_ERROR_UNAVAILABLE, "sign-in/memory", NULL,
                                                N_ ("There is not enough memory to hash the "
                                                    "password")));
}

static void next (HubWebPasswords *self);

static void
on_completed (GTask *task, GParamSpec *pspec, HubWebPasswords *self)
{
  self->running--;
  if (self->freed)
    maybe_free (self);
  else
    next (self);
}

static void
next (HubWebPasswords *self)
{
  while (self->running < self->at_once)
    {
      g_autoptr (GTask) task = pop (self);

      if (task == NULL)
        return;
      if (g_task_return_error_if_cancelled (task))
        continue;
      self->running++;
      g_signal_connect (task, "notify::completed", G_CALLBACK (on_completed), self);
      g_task_run_in_thread (task, work_in_thread);
    }
}

static gboolean
has_room (HubWebPasswords *self, GQueue *queue, const char *who)
{
  guint most = queue == &self->known ? MAX_OF_ACCOUNT : self->max_queue / 2;
  guint own = 0;

  if (self->running < self->at_once)
    return TRUE;
  for (GList *link = queue->head; link != NULL; link = link->next)
    own += g_str_equal (((Work *) g_task_get_task_data (link->data))->who, who);
  return own < most && g_queue_get_length (queue) < self->max_queue;
}

static void
push (HubWebPasswords *self, GTask *task, const char *hash, const char *password,
      const char *const *words, const char *who, gboolean known)
{
  GQueue *queue = known ? &self->known : &self->unknown;
  Work *work = g_new0 (Work, 1);

  work->hash = g_strdup (hash);
  work->password = g_strdup (password);
  work->words = g_strdupv ((GStrv) words);
  work->who = g_strdup (who);
  g_task_set_task_data (task, work, (GDestroyNotify) work_free);
  if (!has_room (self, queue, who))
    {
      g_task_return_error (task,
                           karez_error_new (KAREZ_ERROR_BUSY, "sign-in/busy",
                                            N_ ("another try in a few seconds"),
                                            N_ ("Too many people are signing in at this moment")));
      g_object_unref (task);
      return;
    }
  g_queue_push_tail (queue, task);
  next (self);
}

void
hub_web_passwords_hash_async (HubWebPasswords *self, const char *password, const char *const *words,
                              const char *who, GCancellable *cancellable,
                              GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, data);

  g_task_set_source_tag (task, hub_web_passwords_hash_async);
  push (self, task, NULL, password, words, who, TRUE);
}

char *
hub_web_passwords_hash_finish (HubWebPasswords *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_async_result_is_tagged (result, hub_web_passwords_hash_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

void
hub_web_passwords_verify_async (HubWebPasswords *self, const char *hash, const char *password,
                                const char *who, gboolean known, GCancellable *cancellable,
                                GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, data);
  /* A string that parses, with the cost of real ones, and that no password gives. */
  static const char nobody[] = "$argon2id$v=19$m=47104,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$"
                               "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

  g_task_set_source_tag (task, hub_web_passwords_verify_async);
  push (self, task, hash != NULL ? hash : nobody, password, NULL, who, known);
}

gboolean
hub_web_passwords_verify_finish (HubWebPasswords *self, GAsyncResult *result, gboolean *right,
                                 GError **error)
{
  GError *local = NULL;

  g_return_val_if_fail (g_async_result_is_tagged (result, hub_web_passwords_verify_async), FALSE);

  *right = g_task_propagate_boolean (G_TASK (result), &local);
  if (local == NULL)
    return TRUE;
  g_propagate_error (error, local);
  return FALSE;
}
