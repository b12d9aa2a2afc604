/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-store.h"
#include "hub-web-limits.h"
#include "hub-web-origins.h"
#include "hub-web-policy.h"
#include "hub-web-request.h"

G_BEGIN_DECLS

/**
 * HubWebGate:
 * Who asks, and may they: the name they know the hub by, the page they come from, their cookie,
 * their rate, their roles, the CSRF token and the Idempotency-Key. Main thread only.
 */
typedef struct _HubWebGate HubWebGate;

/* @policy, @sign_ins, @origins: outlive it */
HubWebGate *hub_web_gate_new (HubStore *store, HubWebPolicy *policy, HubWebSignIns *sign_ins,
                              HubWebOrigins *origins, const HubWebBounds *bounds);
void hub_web_gate_free (HubWebGate *self);

/* Neither GET nor HEAD. */
gboolean hub_web_gate_is_writing (SoupServerMessage *message);
gboolean hub_web_gate_check_host (HubWebGate *self, SoupServerMessage *message, GError **error);
/* @needed: whether there must be an Origin; a browser always sends it with a WebSocket */
gboolean hub_web_gate_check_origin (HubWebGate *self, SoupServerMessage *message, gboolean needed,
                                    GError **error);
/* Sets the request's actor, to none if nobody is signed in. Fails when that cannot be known now.
 * The request keeps the gate's owner. */
void hub_web_gate_identify_async (HubWebGate *self, HubWebRequest *request, gboolean away,
                                  GAsyncReadyCallback callback, gpointer data);
gboolean hub_web_gate_identify_finish (HubWebGate *self, GAsyncResult *result, GError **error);
/* Once it is known who asks. A refusal by role is recorded. */
gboolean hub_web_gate_admit (HubWebGate *self, HubWebRequest *request, const char *permission,
                             GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HubWebGate, hub_web_gate_free)

G_END_DECLS
