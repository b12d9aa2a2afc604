/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-agenda.h"

G_BEGIN_DECLS

/**
 * hub_agenda_explain_async:
 * @refused: (transfer full): why a commit failed
 * @booking: the booking's id
 * @accepted: (nullable): in what state it would be accepted, a translatable sentence
 * @resources: (nullable): what was to be claimed, from @starts_at to @ends_at (RFC 3339)
 *
 * The database has the last word, but few words: this looks for the reason after the fact and
 * finishes with FALSE and the better error, or @refused itself.
 */
void hub_agenda_explain_async (HubAgenda *self, GError *refused, const char *booking,
                               const char *accepted, const char *const *resources,
                               const char *starts_at, const char *ends_at,
                               GAsyncReadyCallback callback, gpointer data);
gboolean hub_agenda_explain_finish (HubAgenda *self, GAsyncResult *result, GError **error);

/* Holds the rows of "resource_by_ids" against what may be booked and splits @ids by owner.
 * @own, @theirs: (out) (transfer full). @partner: (nullable): NULL when only own ones will do */
gboolean hub_agenda_split_resources (KarezRows *rows, const char *const *ids, const char *own_hub,
                                     const char *partner, GStrv *own, GStrv *theirs,
                                     GError **error);

G_END_DECLS
