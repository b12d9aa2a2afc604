/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How many downloads run at once, and whose turn it is. */
#include "hub-web-downloads.h"

#include "hub-catalogue.h"

#define MAX_ALL 64
#define MAX_OF_ACCOUNT 6
#define MAX_WAITING_OF_ACCOUNT 32
#define WAIT_MS 15000

struct _HubWebDownloads
{
  GHashTable *accounts; /* name → Account */
  guint count;          /* that have a place */
  guint give_source;
};

typedef struct
{
  HubWebDownloads *all;
  char *name;
  GQueue placed, waiting; /* HubWebDownload */
  GQueue reading;         /* of those placed: the first one reads, the others wait for their turn */
} Account;

struct _HubWebDownload
{
  Account *account;
  HubWebDownloadFunc begin, read;
  HubWebDownloadEndFunc end;
  gpointer data;
  guint patience; /* source id, while it waits */
};

static void
account_free (gpointer data)
{
  Account *account = data;

  g_warn_if_fail (g_queue_is_empty (&account->placed) && g_queue_is_empty (&account->waiting));
  g_free (account->name);
  g_free (account);
}

HubWebDownloads *
hub_web_downloads_new (void)
{
  HubWebDownloads *self = g_new0 (HubWebDownloads, 1);

  self->accounts = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, account_free);
  return self;
}

void
hub_web_downloads_free (HubWebDownloads *self)
{
  g_clear_handle_id (&self->give_source, g_source_remove);
  g_hash_table_unref (self->accounts);
  g_free (self);
}

guint
hub_web_downloads_get_count (HubWebDownloads *self)
{
  return self->count;
}

/* Who waits and has the fewest places; NULL if nobody can be given one. */
static Account *
find_next (HubWebDownloads *self)
{
  GHashTableIter iter;
  gpointer value;
  Account *next = NULL;

  if (self->count >= MAX_ALL)
    return NULL;
  g_hash_table_iter_init (&iter, self->accounts);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      Account *account = value;

      if (!g_queue_is_empty (&account->waiting) && account->placed.length < MAX_OF_ACCOUNT
          && (next == NULL || account->placed.length < next->placed.length))
        next = account;
    }
  return next;
}

static gboolean
on_give (gpointer data)
{
  HubWebDownloads *self = data;
  Account *account;

  self->give_source = 0;
  while ((account = find_next (self)) != NULL)
    {
      HubWebDownload *download = g_queue_pop_head (&account->waiting);

      g_clear_handle_id (&download->patience, g_source_remove);
      g_queue_push_tail (&account->placed, download);
      self->count++;
      download->begin (download->data);
    }
  return G_SOURCE_REMOVE;
}

static void
give (HubWebDownloads *self)
{
  if (self->give_source == 0)
    self->give_source = g_idle_add_full (G_PRIORITY_DEFAULT, on_give, self, NULL);
}

static gboolean
set_busy (GError **error)
{
  return karez_error_set (error, KAREZ_ERROR_BUSY, "download/account",
                          N_ ("at most 6 files at a time of one account"),
                          N_ ("Too many files of this account are being downloaded"));
}

static gboolean
on_impatient (gpointer data)
{
  HubWebDownload *download = data;
  g_autoptr (GError) busy = NULL;

  download->patience = 0;
  set_busy (&busy);
  download->end (busy, download->data);
  return G_SOURCE_REMOVE;
}

static Account *
find_account (HubWebDownloads *self, const char *name)
{
  Account *account = g_hash_table_lookup (self->accounts, name);

  if (account != NULL)
    return account;
  account = g_new0 (Account, 1);
  account->all = self;
  account->name = g_strdup (name);
  g_hash_table_insert (self->accounts, account->name, account);
  return account;
}

HubWebDownload *
hub_web_downloads_add (HubWebDownloads *self, const char *name, HubWebDownloadFunc begin,
                       HubWebDownloadEndFunc end, gpointer data, GError **error)
{
  Account *account = find_account (self, name);
  HubWebDownload *download;

  if (account->waiting.length >= MAX_WAITING_OF_ACCOUNT)
    {
      set_busy (error);
      return NULL;
    }
  download = g_new0 (HubWebDownload, 1);
  download->account = account;
  download->begin = begin;
  download->end = end;
  download->data = data;
  download->patience = g_timeout_add (WAIT_MS, on_impatient, download);
  g_queue_push_tail (&account->waiting, download);
  give (self);
  return download;
}

static void
read_next (Account *account)
{
  HubWebDownload *download = g_queue_peek_head (&account->reading);

  if (download != NULL)
    download->read (download->data);
}

void
hub_web_download_read (HubWebDownload *download, HubWebDownloadFunc read)
{
  Account *account = download->account;

  download->read = read;
  g_queue_push_tail (&account->reading, download);
  if (account->reading.length == 1)
    read_next (account);
}

void
hub_web_download_was_read (HubWebDownload *download)
{
  Account *account = download->account;

  g_return_if_fail (g_queue_peek_head (&account->reading) == download);
  g_queue_pop_head (&account->reading);
  read_next (account);
}

void
hub_web_download_leave (HubWebDownload *download)
{
  Account *account = download->account;
  HubWebDownloads *all = account->all;
  gboolean reads = g_queue_peek_head (&account->reading) == download;

  g_clear_handle_id (&download->patience, g_source_remove);
  g_queue_remove (&account->reading, download);
  if (!g_queue_remove (&account->waiting, download) && g_queue_remove (&account->placed, download))
    all->count--;
  g_free (download);
  if (reads)
    read_next (account);
  if (g_queue_is_empty (&account->waiting) && g_queue_is_empty (&account->placed))
    g_hash_table_remove (all->accounts, account->name);
  give (all);
}
