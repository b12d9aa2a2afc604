/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libsoup/soup.h>

G_BEGIN_DECLS

/* What a Range header asks for (RFC 9110, 14.2). */
typedef enum
{
  HUB_WEB_RANGE_WHOLE,         /* none, or one that is not obeyed: 200 */
  HUB_WEB_RANGE_PART,          /* 206 */
  HUB_WEB_RANGE_UNSATISFIABLE, /* 416 */
} HubWebRange;

/**
 * hub_web_range_parse:
 * @header: (nullable): "bytes=0-499", "bytes=500-" or "bytes=-500"
 * @size: of the whole
 * @first: (out): the first byte's offset
 * @length: (out): how many bytes, clamped to what there is
 *
 * One range of bytes is obeyed. Several, another unit and what is no range are ignored, as the RFC
 * allows: @first and @length then tell of the whole.
 */
HubWebRange hub_web_range_parse (const char *header, goffset size, goffset *first, goffset *length);

/* Takes Range and If-Range away from a message whose headers have just come, so that libsoup obeys
 * neither: its own ranges are bounded in no way. */
void hub_web_range_take (SoupServerMessage *message);

/* Whether If-None-Match names @etag: 304. Weak tags count, since the method reads (RFC
 * 9110, 13.1.2).
 * @etag: (nullable) */
gboolean hub_web_range_is_known (SoupServerMessage *message, const char *etag);

/**
 * hub_web_range_choose:
 * @etag: (nullable): the strong entity tag of what is answered
 *
 * What a GET whose headers were taken by hub_web_range_take() asks for. Sets Accept-Ranges, the
 * status, and Content-Range but for the whole. If-Range is obeyed by @etag alone (RFC
 * 9110, 13.1.5): a date never matches.
 */
HubWebRange hub_web_range_choose (SoupServerMessage *message, const char *etag, goffset size,
                                  goffset *first, goffset *length);

G_END_DECLS
