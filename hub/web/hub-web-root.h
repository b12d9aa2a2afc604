/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* Where the root is, at every port that browsers come to: whoever does not trust the hub yet must
 * be able to read it. What makes it believed is its fingerprint. */
#define HUB_WEB_ROOT_PATH "/root.crt"
#define HUB_WEB_ROOT_MEDIA_TYPE "application/x-x509-ca-cert"

/**
 * HubWebRoot:
 * The root of the hub's own authority, as PCs and phones are given it. Immutable.
 * @pem, @der: the certificate
 * @sha256: its fingerprint, "AB:CD:…"
 * @expires: Unix µs
 */
typedef struct
{
  char *pem, *sha256;
  GBytes *der;
  gint64 expires;
} HubWebRoot;

/* @directory: of hub_web_authority_prepare(). Blocks on a local file. %G_IO_ERROR, %G_TLS_ERROR */
HubWebRoot *hub_web_root_load (const char *directory, GError **error);
void hub_web_root_free (HubWebRoot *self);

/**
 * HubWebRootFile:
 * The root in memory: its file is looked at every second, and read when it is another, so that who
 * asks for it never waits for the disk. Main thread only; blocks on a local file.
 */
typedef struct _HubWebRootFile HubWebRootFile;

/* @directory: as for hub_web_root_load(). Returns: (transfer full) */
HubWebRootFile *hub_web_root_file_new (const char *directory);
void hub_web_root_file_free (HubWebRootFile *self);
/* Returns: (transfer none): NULL with what was wrong when it was read */
const HubWebRoot *hub_web_root_file_get (HubWebRootFile *self, GError **error);
/* Looks at the file now. It is done by itself every second. */
void hub_web_root_file_look (HubWebRootFile *self);

/* Where a browser gets it that does not trust the hub yet: at @redirect_port by HTTP, else by what
 * browsers warn of. @redirect_port: 0 for none. Returns: (transfer full) */
char *hub_web_root_make_address (const char *origin, guint16 redirect_port);

/* {"sha256", "expires_at", "address", "qr"}: the last is @address as a QR code, rows of modules
 * from the top, "1" for a dark one. Returns: (transfer full) */
JsonNode *hub_web_root_describe (const HubWebRoot *self, const char *address);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HubWebRoot, hub_web_root_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HubWebRootFile, hub_web_root_file_free)

G_END_DECLS
