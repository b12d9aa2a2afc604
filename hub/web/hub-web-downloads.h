/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <karez.h>

G_BEGIN_DECLS

/**
 * HubWebDownloads:
 * The streams that are being answered: how many at once, and whose turn it is to read. An account
 * has six at once, as many connections as a browser opens, and the hub 64; 32 more of an account
 * wait for a place, for 15 s. Places are given to who has the fewest, and of each account one part
 * is read at a time, so one person's files take no more of the hub than another's. Main thread
 * only.
 */
typedef struct _HubWebDownloads HubWebDownloads;
/* One of them: a place, or a wait for one. */
typedef struct _HubWebDownload HubWebDownload;

HubWebDownloads *hub_web_downloads_new (void);
/* No download may be left. */
void hub_web_downloads_free (HubWebDownloads *self);
/* How many have a place now. */
guint hub_web_downloads_get_count (HubWebDownloads *self);

typedef void (*HubWebDownloadFunc) (gpointer data);
/* @why: what the client may be told: it waited too long */
typedef void (*HubWebDownloadEndFunc) (const GError *why, gpointer data);

/**
 * hub_web_downloads_add:
 * @account: whose it is
 * @begin: called once, when it has a place
 * @end: called at most once; it must leave then
 *
 * Neither is called from within this call. %KAREZ_ERROR_BUSY, rule "download/account", when too
 * many of the account's wait. Returns: until hub_web_download_leave()
 */
HubWebDownload *hub_web_downloads_add (HubWebDownloads *self, const char *account,
                                       HubWebDownloadFunc begin, HubWebDownloadEndFunc end,
                                       gpointer data, GError **error);

/* Calls @read when it is the account's turn, from within this call or later; then
 * hub_web_download_was_read() must follow, or hub_web_download_leave(). */
void hub_web_download_read (HubWebDownload *download, HubWebDownloadFunc read);
void hub_web_download_was_read (HubWebDownload *download);
/* Gives up its place and frees it. */
void hub_web_download_leave (HubWebDownload *download);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HubWebDownloads, hub_web_downloads_free)

G_END_DECLS
