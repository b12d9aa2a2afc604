/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <karez.h>

G_BEGIN_DECLS

/**
 * HubLiveWord:
 * A mirror's word away from risk, which is in force on its own side at once, and is told to the
 * host until the host says that it has heard it. It outlives the worker, in the checkpoint and in
 * its record. Words are counted anew by each worker, above all of those before it. Main thread.
 */
typedef struct _HubLiveWord HubLiveWord;

HubLiveWord *hub_live_word_new (void);
void hub_live_word_free (HubLiveWord *self);

/* Says @edge ("hold", "panic", "stop"); a stop that is not heard yet stays one. @generation: of the
 * worker. Returns its number */
guint64 hub_live_word_say (HubLiveWord *self, guint32 generation, const char *edge,
                           const char *reason, KarezActor *actor);
/* The host has obeyed the word of that number. Returns whether none waits any more, which one did
 */
gboolean hub_live_word_hear (HubLiveWord *self, guint64 number);

/* The number of the one that the host has not heard; 0: none */
guint64 hub_live_word_get_waiting (HubLiveWord *self);
/* Of the newest one, heard or not; 0: there was none */
guint64 hub_live_word_get_last (HubLiveWord *self);
/* Of the one that waits. */
const char *hub_live_word_get_reason (HubLiveWord *self);
KarezActor *hub_live_word_get_actor (HubLiveWord *self);
/* {"edge", "reason", "number", "actor"} of the one that waits. Returns: (transfer full) (nullable)
 */
JsonNode *hub_live_word_to_json (HubLiveWord *self);
/* Takes what a worker before left, if it is newer. @node: (nullable): as above. @actor: who said
 * it, where @node does not say */
void hub_live_word_recall (HubLiveWord *self, JsonNode *node, KarezActor *actor);

/* At the host: whether a number can be one that the other side's worker of @generation, or one
 * before it, has counted to. */
gboolean hub_live_word_is_plausible (guint64 number, guint32 generation);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HubLiveWord, hub_live_word_free)

G_END_DECLS
