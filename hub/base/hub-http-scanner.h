/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Bounds of a request's head: its first line, another line, all of it, and its fields. The head's
 * is below libsoup's 64 KiB, which ends the connection without an answer. */
#define HUB_HTTP_MAX_TARGET 8192
#define HUB_HTTP_MAX_FIELD (32 * 1024)
#define HUB_HTTP_MAX_HEAD (60 * 1024)
#define HUB_HTTP_MAX_FIELDS 100

/* Why a request is refused: a status of RFC 9110, and what a problem document says. */
typedef struct
{
  guint status;
  const char *rule, *accepted, *message;
} HubHttpFault;

/**
 * HubHttpScanner:
 * Follows the requests of one HTTP/1.1 connection and refuses what RFC 9112 does not allow, before
 * a server reads it that would guess: two lengths, a length beside a transfer coding, white space
 * before a colon, folded lines, bare CR or LF. Two programs that guess differently about where a
 * request ends let one client's bytes run as another's request. Any thread, one at a time.
 */
typedef struct _HubHttpScanner HubHttpScanner;

HubHttpScanner *hub_http_scanner_new (void);
void hub_http_scanner_free (HubHttpScanner *self);
/**
 * hub_http_scanner_take:
 * @data: (array length=size): what was read and not yet taken
 * @fault: (out): why it is refused, NULL if it is not; static. After a fault nothing is taken.
 *
 * Takes whole lines of a head and what there is of a body, never beyond the end of a request; the
 * next call begins the next one. What is not taken is to be given again, with what follows it.
 *
 * Returns: how many bytes may be handed on; 0 when more must be read first
 */
gsize hub_http_scanner_take (HubHttpScanner *self, const guint8 *data, gsize size,
                             const HubHttpFault **fault);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HubHttpScanner, hub_http_scanner_free)

G_END_DECLS
