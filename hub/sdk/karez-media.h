/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "karez-participant.h"

G_BEGIN_DECLS

#define KAREZ_TYPE_MEDIA (karez_media_get_type ())
KAREZ_PUBLIC
G_DECLARE_INTERFACE (KarezMedia, karez_media, KAREZ, MEDIA, GObject)

/**
 * KarezMediaInterface:
 * Speech and pictures among the people of one session, by WebRTC. In the worker, on the thread
 * that made it.
 *
 * A page and this object talk by messages whose type begins with "media.": a modality that has
 * media hands them to karez_media_take(), and they are described in data/api/media.md.
 *
 * Since: 1.0
 */
struct _KarezMediaInterface
{
  GTypeInterface parent;
  gboolean (*take) (KarezMedia *self, KarezParticipant *participant, JsonObject *message,
                    GError **error);
  void (*join) (KarezMedia *self, KarezParticipant *participant);
  void (*leave) (KarezMedia *self, KarezParticipant *participant);
  void (*set_forwarding) (KarezMedia *self, gboolean on);
  JsonNode *(*get_statistics) (KarezMedia *self);
  gpointer padding[8];
};

/**
 * karez_media_is_message:
 *
 * Whether a page's message is for karez_media_take().
 *
 * Since: 1.0
 */
KAREZ_PUBLIC gboolean karez_media_is_message (JsonObject *message);

/**
 * karez_media_take:
 * @participant: a local one that is in the session
 * @message: what its page sent
 *
 * The answer, if there is one, is sent to the participant. %KAREZ_ERROR_INVALID for what is
 * malformed, %KAREZ_ERROR_CONFLICT for a page that another one took the place of.
 *
 * Since: 1.0
 */
KAREZ_PUBLIC gboolean karez_media_take (KarezMedia *self, KarezParticipant *participant,
                                        JsonObject *message, GError **error);
/**
 * karez_media_join:
 *
 * Somebody of this hospital came, or their page came back: it is told who can be seen and heard.
 * For local participants alone: the partner's are its own worker's.
 *
 * Since: 1.0
 */
KAREZ_PUBLIC void karez_media_join (KarezMedia *self, KarezParticipant *participant);
/**
 * karez_media_leave:
 *
 * A local participant left: nobody sees or hears them any more.
 *
 * Since: 1.0
 */
KAREZ_PUBLIC void karez_media_leave (KarezMedia *self, KarezParticipant *participant);
/**
 * karez_media_set_forwarding:
 *
 * Whether anything is passed on from one to another: not before, and no longer than, it is allowed.
 * FALSE at first.
 *
 * Since: 1.0
 */
KAREZ_PUBLIC void karez_media_set_forwarding (KarezMedia *self, gboolean on);
/**
 * karez_media_get_statistics:
 *
 * {"forwarding", "people": [{"participant", "state", "bitrate_in", "bitrate_out", "loss_in",
 * "loss_out", "rtt_ms", "jitter_ms"}]}; bit/s, shares from 0 to 1.
 *
 * Returns: (transfer full):
 *
 * Since: 1.0
 */
KAREZ_PUBLIC JsonNode *karez_media_get_statistics (KarezMedia *self);

G_END_DECLS
