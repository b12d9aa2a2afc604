/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "karez-consent.h"
#include "karez-modality.h"
#include "karez-replica.h"

G_BEGIN_DECLS

#define KAREZ_TYPE_LIVE_HALF (karez_live_half_get_type ())
KAREZ_PUBLIC
G_DECLARE_DERIVABLE_TYPE (KarezLiveHalf, karez_live_half, KAREZ, LIVE_HALF, GObject)

/**
 * KarezLiveHalfClass:
 * @stream: the ordered stream to the other worker: %KAREZ_LINK_FIRST_STREAM, or 0 where a half has
 *   no use for one; a half with replicas has it
 * @prepare: the session is known and the stream open
 * @preflight: the host's, in READY: as KarezModalityInterface says when. Returns: (transfer full):
 * of KarezCheck
 * @start, @join, @leave, @hold, @resume, @panic: as in KarezModalityInterface; each is done when it
 *   returns
 * @stop: the session ends; record what must be kept. Every replica has the host's last word, and is
 *   on disk. Not called where nothing was prepared.
 * @message: a participant's page sent @body, an object
 * @receive: the other worker sent @message, an object, over @stream: karez_live_half_tell_peer()
 * there. What it refuses is left out, and logged.
 * @link_changed: the link came up or went down
 * @to_json, @from_json: what the checkpoint holds besides the replicas and the consent: an object
 * @consent: what waits for the patient's consent, which the half then has
 *   (karez_live_half_get_consent()); 0 for nothing. Pages' messages whose types begin with
 *   "consent." do not come to @message, nor does a message of the other worker with a member
 *   "consent" to @receive.
 *
 * A live half whose verbs are done when they return: a class that a modality is derived from, so
 * that it has what is its own alone. What is NULL does nothing and succeeds. A verb that has to
 * wait is taken from KarezModalityInterface, by implementing that once more.
 *
 * Since: 1.1
 */
struct _KarezLiveHalfClass
{
  GObjectClass parent_class;

  guint stream;
  gboolean (*prepare) (KarezLiveHalf *self, KarezSession *session, GError **error);
  GListModel *(*preflight) (KarezLiveHalf *self, GError **error);
  gboolean (*start) (KarezLiveHalf *self, GError **error);
  gboolean (*join) (KarezLiveHalf *self, KarezParticipant *participant, GError **error);
  gboolean (*leave) (KarezLiveHalf *self, KarezParticipant *participant, GError **error);
  gboolean (*hold) (KarezLiveHalf *self, const char *reason, GError **error);
  gboolean (*resume) (KarezLiveHalf *self, GError **error);
  gboolean (*stop) (KarezLiveHalf *self, const char *reason, GError **error);
  void (*panic) (KarezLiveHalf *self, const char *reason);
  gboolean (*message) (KarezLiveHalf *self, KarezParticipant *participant, JsonNode *body,
                       GError **error);
  gboolean (*receive) (KarezLiveHalf *self, JsonNode *message, GError **error);
  void (*link_changed) (KarezLiveHalf *self, gboolean up);
  JsonNode *(*to_json) (KarezLiveHalf *self);
  gboolean (*from_json) (KarezLiveHalf *self, JsonNode *state, GError **error);
  KarezConsentGates consent;

  gpointer padding[7];
};

/**
 * karez_live_half_of_replica:
 *
 * The half that holds @replica, NULL for none.
 *
 * Returns: (transfer none):
 *
 * Since: 1.1
 */
KAREZ_PUBLIC KarezLiveHalf *karez_live_half_of_replica (KarezReplica *replica);
/**
 * karez_live_half_get_session:
 *
 * NULL before it is prepared.
 *
 * Returns: (transfer none):
 *
 * Since: 1.1
 */
KAREZ_PUBLIC KarezSession *karez_live_half_get_session (KarezLiveHalf *self);
/**
 * karez_live_half_get_consent:
 *
 * The session's consent; NULL where the class gates nothing. From the instance's init function on.
 *
 * Returns: (transfer none) (nullable):
 *
 * Since: 1.1
 */
KAREZ_PUBLIC KarezConsent *karez_live_half_get_consent (KarezLiveHalf *self);
/**
 * karez_live_half_is_live:
 *
 * Whether the session is LIVE or DEGRADED.
 *
 * Since: 1.1
 */
KAREZ_PUBLIC gboolean karez_live_half_is_live (KarezLiveHalf *self);
/**
 * karez_live_half_is_link_up:
 *
 * Whether the link to the other worker is up.
 *
 * Since: 1.1
 */
KAREZ_PUBLIC gboolean karez_live_half_is_link_up (KarezLiveHalf *self);
/**
 * karez_live_half_tell_peer:
 *
 * Sends to the other worker, whose @receive gets it; kept for a link that is down. @message:
 * (transfer full): an object. Fails as karez_link_send().
 *
 * Since: 1.1
 */
KAREZ_PUBLIC gboolean karez_live_half_tell_peer (KarezLiveHalf *self, JsonNode *message,
                                                 GError **error);
/**
 * karez_live_half_add_replica:
 * @name: of 1 to 64 characters; the same at both workers and in each version
 * @replica: (transfer none): held by the half
 *
 * Keeps a state at both workers. In the instance's init function, before anything of the session is
 * known.
 *
 * Since: 1.1
 */
KAREZ_PUBLIC void karez_live_half_add_replica (KarezLiveHalf *self, const char *name,
                                               KarezReplica *replica);
/**
 * karez_live_half_save:
 *
 * Takes the checkpoint now (karez_session_save_async()).
 *
 * Since: 1.1
 */
KAREZ_PUBLIC void karez_live_half_save (KarezLiveHalf *self);
/**
 * KarezSavedFunc:
 * @data: what was given with the function
 *
 * Says or does what waited for the disk.
 *
 * Since: 1.1
 */
typedef void (*KarezSavedFunc) (gpointer data);
/**
 * karez_live_half_when_saved:
 * @func: called once what karez_live_half_save() was asked for so far is on disk, in the order in
 *   which this was asked; at once where nothing waits. A disk that takes nothing keeps nobody
 *   waiting: that is shown, and what waited is said.
 * @destroy: (nullable): of @data
 *
 * Since: 1.1
 */
KAREZ_PUBLIC void karez_live_half_when_saved (KarezLiveHalf *self, KarezSavedFunc func,
                                              gpointer data, GDestroyNotify destroy);
/**
 * karez_live_half_say:
 * @body: (transfer full):
 *
 * Sends to a local participant's page once what was saved so far is on disk: whoever comes does not
 * hear more than who is there. @participant: an id, or NULL for everybody here.
 *
 * Since: 1.1
 */
KAREZ_PUBLIC void karez_live_half_say (KarezLiveHalf *self, const char *participant,
                                       JsonNode *body);

G_END_DECLS
