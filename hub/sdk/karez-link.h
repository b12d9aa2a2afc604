/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "karez-json.h"

G_BEGIN_DECLS

#define KAREZ_TYPE_LINK (karez_link_get_type ())
KAREZ_PUBLIC G_DECLARE_INTERFACE (KarezLink, karez_link, KAREZ, LINK, GObject)

    /**
     * KarezLinkPolicy:
     * @KAREZ_LINK_ALL: every datagram on all paths; the first copy is delivered
     * @KAREZ_LINK_BEST: every datagram on the best path
     *
     * Since: 1.0
     */
    typedef enum {
      KAREZ_LINK_ALL,
      KAREZ_LINK_BEST,
    } KarezLinkPolicy;

/* The first stream that is a modality's; those before it are the engine's. Since: 1.1 */
#define KAREZ_LINK_FIRST_STREAM 16

/* The longest datagram that fits a path of 1,280 bytes after all headers and the tag. */
#define KAREZ_LINK_MAX_DATAGRAM 1152
/* The longest message of an ordered stream. */
#define KAREZ_LINK_MAX_MESSAGE (256 * 1024)

/**
 * KarezLinkInterface:
 * The sealed way between the processes of one session at two hospitals. In the worker, on the
 * thread that made it. Streams 1 to 15 belong to the engine, 16 to 255 to the modality.
 *
 * Signals: "datagram" (guint stream, GBytes *payload), "message" (guint stream, GBytes *payload),
 * "changed": the link came up or went down.
 *
 * Since: 1.0
 */
struct _KarezLinkInterface
{
  GTypeInterface parent;
  gboolean (*open) (KarezLink *self, guint stream, KarezLinkPolicy policy, gboolean ordered,
                    GError **error);
  gboolean (*send) (KarezLink *self, guint stream, GBytes *payload, GError **error);
  gboolean (*is_up) (KarezLink *self);
  JsonNode *(*get_statistics) (KarezLink *self);
  gpointer padding[8];
};

/**
 * karez_link_open:
 * @stream: its number, the same at both ends
 * @ordered: FALSE carries datagrams that may be lost; TRUE carries messages, each once and in
 *   order, repeated until they arrive, for as long as both processes live
 *
 * Since: 1.0
 */
KAREZ_PUBLIC gboolean karez_link_open (KarezLink *self, guint stream, KarezLinkPolicy policy,
                                       gboolean ordered, GError **error);
/**
 * karez_link_send:
 *
 * %KAREZ_ERROR_TOO_LARGE above the bound, %KAREZ_ERROR_BUSY when an ordered stream has 4 MiB
 * waiting, %KAREZ_ERROR_UNAVAILABLE for a datagram while the link is down.
 *
 * Since: 1.0
 */
KAREZ_PUBLIC gboolean karez_link_send (KarezLink *self, guint stream, GBytes *payload,
                                       GError **error);
/**
 * karez_link_is_up:
 * Since: 1.0
 */
KAREZ_PUBLIC gboolean karez_link_is_up (KarezLink *self);
/**
 * karez_link_get_statistics:
 *
 * {"up", "paths": [{"name", "rtt_ms", "lost", "received", "sent"}], "generation"}
 *
 * Since: 1.0
 */
KAREZ_PUBLIC JsonNode *karez_link_get_statistics (KarezLink *self);

G_END_DECLS
