/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define HUB_MEDIA_PORT_MAX_FDS 4u
#define HUB_MEDIA_PORT_MAX_PATHS 4u

/* One way to the other hospital, as it was seen lately. */
typedef struct
{
  gboolean alive;
  guint rtt_ms; /* 0 for not measured */
  double loss;  /* a share */
  guint64 sent, received;
} HubMediaPortPath;

/**
 * HubMediaPort:
 * Datagrams to and from the other hospital, as a media thread drives them: what the link is to
 * the forwarder, which knows nothing of links. All functions are called on that thread, and none
 * waits, locks or allocates for a datagram.
 */
typedef struct _HubMediaPort HubMediaPort;
struct _HubMediaPort
{
  guint n_fds;
  int fds[HUB_MEDIA_PORT_MAX_FDS]; /* to be watched for input */

  /* One of them is readable: hands what came to receive. */
  void (*serve) (HubMediaPort *self, int fd);
  /* Every 20 ms. */
  void (*tick) (HubMediaPort *self, gint64 now);
  /* On its way, or lost. */
  void (*send) (HubMediaPort *self, const guint8 *datagram, gsize length);
  /* Returns how many paths were written. */
  guint (*measure) (HubMediaPort *self, HubMediaPortPath *out);
  void (*free) (HubMediaPort *self);

  /* Set by who drives it, before anything else. */
  void (*receive) (const guint8 *datagram, gsize length, gint64 now, gpointer data);
  gpointer data;
};

/* The longest datagram that it carries. */
#define HUB_MEDIA_PORT_MAX_DATAGRAM 1232u

G_END_DECLS
