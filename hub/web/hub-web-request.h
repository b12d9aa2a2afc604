/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-web-downloads.h"
#include "hub-web-policy.h"
#include "hub-web-problem.h"
#include "hub-web-sign-in.h"

#include <libsoup/soup.h>

G_BEGIN_DECLS

#define HUB_TYPE_WEB_REQUEST (hub_web_request_get_type ())
/**
 * HubWebRequest:
 * One HTTP request and its answer. Keeps the message alive; when the client is gone the answer is
 * dropped. Answered once: by respond, respond_bytes or fail, by its deadline (504), or with 500
 * and a critical when the last reference goes without.
 */
G_DECLARE_FINAL_TYPE (HubWebRequest, hub_web_request, HUB, WEB_REQUEST, KarezRequest)

/**
 * hub_web_request_new:
 * @bytes: the body
 * @owner: kept alive as long as the request
 *
 * Pauses @message until the answer. Returns: (transfer full)
 */
HubWebRequest *hub_web_request_new (SoupServerMessage *message, GBytes *bytes,
                                    HubWebLanguages *languages, guint answer_ms, GObject *owner);

/* Takes the parameters of the address, all or none: hub_web_query_parse(). */
gboolean hub_web_request_read_query (HubWebRequest *self, GError **error);
/* How it was admitted. */
void hub_web_request_set_parts (HubWebRequest *self, GHashTable *parts);
/* @sign_ins: (nullable): HubWebSignIn: the actor's, then others that the same browser brought */
void hub_web_request_set_actor (HubWebRequest *self, KarezActor *actor, GPtrArray *sign_ins);
void hub_web_request_set_key (HubWebRequest *self, const char *key);
/* Takes the body if there is one: of the media type that the route reads, and parsed if that is
 * JSON. The error of another type is %KAREZ_ERROR_INVALID, rule "request/media-type". */
gboolean hub_web_request_read_body (HubWebRequest *self, KarezRouteBody body, GError **error);

/* @task: (transfer full): returns TRUE, or the refusal */
typedef void (*HubWebConfirmFunc) (HubWebRequest *request, const char *password, GTask *task,
                                   gpointer data);
/* What karez_request_confirm_async() asks; @data is the owner's. */
/* What karez_request_may() asks; @policy outlives the request */
void hub_web_request_set_policy (HubWebRequest *self, HubWebPolicy *policy);
void hub_web_request_set_confirm (HubWebRequest *self, HubWebConfirmFunc func, gpointer data);

/* Where its streams have their places. */
void hub_web_request_set_downloads (HubWebRequest *self, HubWebDownloads *downloads);

/* "en", "zh_CN" or "ug". Returns: (transfer none): static */
const char *hub_web_request_get_language (HubWebRequest *self);
SoupServerMessage *hub_web_request_get_message (HubWebRequest *self);
/* (nullable): not for the Unix socket, nor where nobody is signed in */
HubWebSignIn *hub_web_request_get_sign_in (HubWebRequest *self);
/* All that the browser brought. Returns: (nullable): HubWebSignIn */
GPtrArray *hub_web_request_get_sign_ins (HubWebRequest *self);
SoupMessageHeaders *hub_web_request_get_headers (HubWebRequest *self);
/* Where it came from; "local" for the Unix socket. */
const char *hub_web_request_get_address (HubWebRequest *self);
const char *hub_web_request_get_header (HubWebRequest *self, const char *name);
/* A header of the answer, given before it. @value: (nullable): NULL takes it away */
void hub_web_request_set_header (HubWebRequest *self, const char *name, const char *value);
/* One more of a header that may come several times. */
void hub_web_request_add_header (HubWebRequest *self, const char *name, const char *value);
/* Fails with a status that is not the error's own. */
void hub_web_request_fail_with (HubWebRequest *self, guint status, const GError *error);
/* Somebody else writes the answer: goes on with the message as it is. */
void hub_web_request_let_go (HubWebRequest *self);
gboolean hub_web_request_is_answered (HubWebRequest *self);

G_END_DECLS
