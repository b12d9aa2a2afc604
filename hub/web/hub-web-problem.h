/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-catalogue.h"

#include <karez.h>

G_BEGIN_DECLS

/**
 * HubWebLanguages:
 * The languages that answers are given in: English and what has a catalogue in the resources,
 * /org/karez/po/LANGUAGE.mo. Main thread only.
 */
typedef struct _HubWebLanguages HubWebLanguages;

HubWebLanguages *hub_web_languages_new (void);
void hub_web_languages_free (HubWebLanguages *self);
/**
 * hub_web_languages_choose:
 * @account: (nullable): the language of the account
 * @accept: (nullable): the Accept-Language header
 *
 * Returns: (transfer none): "en", "zh_CN" or "ug"
 */
const char *hub_web_languages_choose (HubWebLanguages *self, const char *account,
                                      const char *accept);
/* A plugin's own catalogue, of a language that is known; it replaces the one that it had. */
void hub_web_languages_add (HubWebLanguages *self, const char *plugin, HubCatalogue *catalogue);
/* @msgid in @language, or itself. @domain: (nullable): the plugin that says it. Its own catalogue
 * is asked first, then the hub's, then those of other plugins. */
const char *hub_web_languages_say (HubWebLanguages *self, const char *language, const char *domain,
                                   const char *msgid);
gboolean hub_web_languages_is_language (const char *language);
/* Each with {"language", "name"}; as the desk offers them. Returns: (transfer full) */
JsonNode *hub_web_languages_list (void);

/* The HTTP status of an error. */
guint hub_web_problem_status (const GError *error);
/* The problem document (RFC 9457) of an error. Returns: (transfer full) */
JsonNode *hub_web_problem_new (const GError *error, guint status, HubWebLanguages *languages,
                               const char *language);
/* A whole answer after HTTP/1.1 that ends its connection, for one that no server writes to any
 * more. Returns: (transfer full) */
GBytes *hub_web_problem_answer (const GError *error, guint status, HubWebLanguages *languages,
                                const char *language);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HubWebLanguages, hub_web_languages_free)

G_END_DECLS
