/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-web-origins.h"

#include <libsoup/soup.h>

G_BEGIN_DECLS

/**
 * HubWebStatic:
 * The desk's files, out of the process's GResources. A file below assets/ whose name carries a
 * hash ("desk-K3Q7ZL5A.js", esbuild's form) is cached for a year, any other is asked for again
 * with its ETag. "NAME.gz" beside NAME is the same, compressed. The import map of a page is allowed
 * by its hash in the Content-Security-Policy. Main thread only.
 */
typedef struct _HubWebStatic HubWebStatic;

/* @origins: outlives it: what pages connect to, for their Content-Security-Policy */
HubWebStatic *hub_web_static_new (HubWebOrigins *origins);
/* The origins are others now. */
void hub_web_static_write_policy (HubWebStatic *self);
void hub_web_static_free (HubWebStatic *self);
/**
 * hub_web_static_add:
 * @mount: "/", or a path ended by one: where the files are
 * @prefix: a GResource folder, ended by "/"
 *
 * Returns: how many files there are now below @mount
 */
guint hub_web_static_add (HubWebStatic *self, const char *mount, const char *prefix);
/**
 * hub_web_static_add_plugin:
 * @plugin: whose module's resource /org/karez/plugins/ID/web/ is served
 *
 * The path holds a hash of all its files, so that browsers keep them and an upgraded plugin's are
 * others; they are compressed here.
 *
 * Returns: (transfer full): where they are: "/x/ID/HASH/"
 */
char *hub_web_static_add_plugin (HubWebStatic *self, const char *plugin);
/* What @plugin says in @language. Returns: (transfer full): where that is, with a hash of it */
char *hub_web_static_add_words (HubWebStatic *self, const char *plugin, const char *language,
                                GBytes *bytes);
/* Answers a GET or HEAD; a browser that goes to a page (not a file, not the API) gets index.html.
 * FALSE if there is no such file. @path: percent-encoded */
gboolean hub_web_static_answer (HubWebStatic *self, SoupServerMessage *message, const char *path);

/* The headers that every answer carries, and those of an answer that is no page.
 * @transport_security: seconds; 0 for none */
void hub_web_static_protect (SoupServerMessage *message, guint transport_security);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HubWebStatic, hub_web_static_free)

G_END_DECLS
