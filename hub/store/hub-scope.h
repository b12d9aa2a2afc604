/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-transaction.h"

G_BEGIN_DECLS

#define HUB_TYPE_SCOPE (hub_scope_get_type ())
/**
 * HubScope:
 * One schema of the store, as a KarezStore. A plugin's statements run under the plugin's role.
 */
G_DECLARE_FINAL_TYPE (HubScope, hub_scope, HUB, SCOPE, GObject)

HubScope *hub_scope_new (HubSchema *schema, void (*committed) (gpointer data), gpointer data);
void hub_scope_open (HubScope *self, HubStatements *statements, HubPgPool *writers,
                     HubPgPool *readers, HubPgPool *bulk);
/* Nothing can be asked any more until it is opened again. */
void hub_scope_shut (HubScope *self);
/* The store goes: @committed is not called any more. */
void hub_scope_detach (HubScope *self);
HubSchema *hub_scope_get_schema (HubScope *self);

G_END_DECLS
