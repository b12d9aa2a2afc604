/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <karez.h>

G_BEGIN_DECLS

typedef struct _HubWebSignIn HubWebSignIn;

/**
 * HubWebRights:
 * The sign-ins that something is done by at this moment: pages, requests, answers under way. When
 * one is over, or its account's roles are others, its `ended` is cancelled and all of that stops.
 * What is in force is what the database says, whoever changed it; its time alone ends it here, too.
 * Main thread only.
 */
typedef struct _HubWebRights HubWebRights;

/* @roles: (nullable): what the account may do now, NULL for nothing; @ended: whether a sign-in did
 */
typedef void (*HubWebRightsFunc) (const char *account, const char *const *roles, gboolean ended,
                                  gpointer data);

/* @store: the scope "web" */
HubWebRights *hub_web_rights_new (KarezStore *store);
void hub_web_rights_free (HubWebRights *self);
/* Called after the sign-ins of an account were looked at, and those that ended have been told. */
void hub_web_rights_set_listener (HubWebRights *self, HubWebRightsFunc func, gpointer data);

/* A sign-in that was just read. The newest one of each id is kept until it is over; the others are
 * taken off when they are freed. */
void hub_web_rights_add (HubWebRights *self, HubWebSignIn *sign_in);
void hub_web_rights_remove (HubWebRights *self, HubWebSignIn *sign_in);
/**
 * hub_web_rights_check:
 * Something was changed about @account, durably. Asks the database which of its sign-ins are in
 * force, and ends the others. While it does not answer, from half a second on, all of them count as
 * changed: their pages come again and are looked at anew.
 */
void hub_web_rights_check (HubWebRights *self, const char *account);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HubWebRights, hub_web_rights_free)

G_END_DECLS
