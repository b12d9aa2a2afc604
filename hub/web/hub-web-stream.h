/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-web-downloads.h"
#include "hub-web-request.h"

G_BEGIN_DECLS

/**
 * hub_web_stream_answer:
 * @func: as karez_request_respond_stream() says
 *
 * Answers @request with a stream or a range of it: one part is in memory at a time, and the next
 * one is read once the client has taken it.
 */
void hub_web_stream_answer (HubWebRequest *request, HubWebDownloads *downloads,
                            const KarezStream *stream, KarezStreamFunc func, gpointer data,
                            GDestroyNotify destroy);

G_END_DECLS
