/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-store.h"
#include "hub-web-password.h"
#include "hub-web-policy.h"
#include "hub-web-sign-in.h"

G_BEGIN_DECLS

/**
 * HubWebPeople:
 * People and their accounts, organisations, and the list of patients: /people, /organisations,
 * /patients. Main thread only.
 */
typedef struct _HubWebPeople HubWebPeople;

/* Everything given outlives it. */
HubWebPeople *hub_web_people_new (HubStore *store, HubWebSignIns *sign_ins,
                                  HubWebPasswords *passwords, HubWebPolicy *policy, const char *hub,
                                  JsonNode *hub_names);
void hub_web_people_free (HubWebPeople *self);
gboolean hub_web_people_add_routes (HubWebPeople *self, KarezRoutes *routes, GError **error);

/* What POST /people asks of a body, but for what the database knows. */
gboolean hub_web_people_check (JsonNode *body, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HubWebPeople, hub_web_people_free)

G_END_DECLS
