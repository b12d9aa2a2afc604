/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-web.h"

#include "hub-web-account.h"
#include "hub-web-bodies.h"
#include "hub-web-document.h"
#include "hub-web-gate.h"
#include "hub-web-live.h"
#include "hub-web-people.h"
#include "hub-web-request.h"
#include "hub-web-router.h"
#include "hub-web-static.h"
#include "hub-web-tls.h"

G_BEGIN_DECLS

struct _HubWeb
{
  GObject parent_instance;

  HubStore *store;
  char *hub, *version, *origin, *bind, *socket;
  HubWebTls *tls;
  JsonNode *names;
  HubWebOrigins *origins;
  guint16 port, redirect_port, secure_port;
  gboolean redirects, secure;
  guint transport_security;
  HubWebBounds bounds;
  HubWebProxies *proxies;
  gboolean started, ready;
  guint64 sign_ins_refused;

  SoupServer *server;
  HubWebLimits *limits;
  HubWebBodies *bodies;
  HubWebGate *gate;
  HubWebRouter *router;
  HubWebPolicy *policy;
  HubWebLanguages *languages;
  HubWebStatic *files;
  HubWebMetrics *metrics;
  HubWebSignIns *sign_ins;
  HubWebPasswords *passwords;
  HubWebBrowsers *browsers;
  HubWebAccount *account;
  HubWebPeople *people;
  HubWebLive *live;
  HubWebDownloads *downloads;
  HubWebDocument *document;
  HubFeed *feed;
  HubWebSessionFunc session_func;
  gpointer session_data;
};

/* A SoupServerCallback: every request of the hub's web server. @web: HubWeb */
void hub_web_serve (SoupServer *server, SoupServerMessage *message, const char *decoded,
                    GHashTable *query, gpointer web);

G_END_DECLS
