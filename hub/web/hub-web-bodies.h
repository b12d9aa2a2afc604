/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-web-limits.h"

G_BEGIN_DECLS

/* A body up to this size is never refused for want of room, nor counted: it takes no more than the
 * head before it may. A sign-in is one, and a hold with the longest reason. */
#define HUB_WEB_BODIES_SMALL (16 * 1024)

/**
 * HubWebBodies:
 * How much the bodies of requests take that are being received or whose requests are not answered
 * yet: of an account, of a customer (hub_address_customer()) and of all. Who is not signed in, as
 * far as is known without the database, has less room and room of their own. Main thread only.
 */
typedef struct _HubWebBodies HubWebBodies;
/* The body of one request. */
typedef struct _HubWebBody HubWebBody;

HubWebBodies *hub_web_bodies_new (const HubWebBounds *bounds);
/* Bodies that are still there keep it. */
void hub_web_bodies_unref (HubWebBodies *self);
guint64 hub_web_bodies_get_held (HubWebBodies *self);
/* @metrics must not be printed once this is gone. */
void hub_web_bodies_add_metrics (HubWebBodies *self, HubWebMetrics *metrics);

/* @account: (nullable): whose sign-in came with it. @customer: (nullable): NULL is not counted: the
 * Unix socket */
HubWebBody *hub_web_body_new (HubWebBodies *bodies, const char *account, const char *customer);
/* Nothing of it is held any more. */
void hub_web_body_free (HubWebBody *self);
/* Room for @size bytes of it in all. Rule "request/bodies": %KAREZ_ERROR_BUSY when the account or
 * the customer has too much, %KAREZ_ERROR_UNAVAILABLE when all have. */
gboolean hub_web_body_hold (HubWebBody *self, gsize size, GError **error);
/* Gives its room back. */
void hub_web_body_drop (HubWebBody *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HubWebBodies, hub_web_bodies_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HubWebBody, hub_web_body_free)

G_END_DECLS
