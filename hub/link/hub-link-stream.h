/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-link-ordered.h"

#include <karez.h>

G_BEGIN_DECLS

typedef struct _HubLinkStream HubLinkStream;
typedef void (*HubLinkStreamFunc) (HubLinkStream *self, GBytes *message, gpointer data);

/* One numbered stream of a link, as its main loop needs it. */
struct _HubLinkStream
{
  guint number;
  KarezLinkPolicy policy;
  HubLinkOrdered *ordered; /* NULL for a stream of datagrams */
  gint64 deadline;         /* when the ordered stream has something to do, G_MAXINT64 for never */
  gboolean dirty;          /* or now */

  gpointer owner; /* the link; not owned */
  HubLinkStreamFunc message;
};

/* @message: (nullable): makes it an ordered stream, and is told each message */
HubLinkStream *hub_link_stream_new (guint number, KarezLinkPolicy policy, HubLinkStreamFunc message,
                                    gpointer owner);
void hub_link_stream_free (HubLinkStream *self);

/* A new pair of generations begins with empty streams. @keep_waiting: what waits to be sent is
 * kept: it was for the generation that comes now. */
void hub_link_stream_restart (HubLinkStream *self, gboolean keep_waiting);

G_END_DECLS
