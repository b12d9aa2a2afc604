/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* In a session's directory: what its worker calls. */
#define HUB_CALLS_OF_SESSION "calls"
/* Calls nest no deeper. */
#define HUB_CALLS_MAX_DEPTH 32

/**
 * HubCalls:
 * Which plugin is being called, in a file that is mapped and shared: it outlives the process, so
 * whoever looks after a crash can name the plugin. Nothing is flushed; it is about processes, not
 * about power failures. One thread writes, but for what is said of a crash.
 */
typedef struct _HubCalls HubCalls;

/* Makes @path anew. %G_IO_ERROR */
HubCalls *hub_calls_new (const char *path, GError **error);
void hub_calls_free (HubCalls *self);
/* @closed is called before it is freed: whoever looks at it in a signal's handler stops. */
void hub_calls_on_free (HubCalls *self, void (*closed) (HubCalls *self));
void hub_calls_enter (HubCalls *self, const char *plugin, const char *call);
void hub_calls_leave (HubCalls *self);

/* @plugin is at fault: in @call, or in the one that it is called for now, if that is on this thread
 * (@called_here). From any thread and from a signal's handler. The first verdict stands. */
void hub_calls_accuse (HubCalls *self, const char *plugin, const char *call, gboolean called_here);
/* No plugin is at fault, whoever is being called. */
void hub_calls_acquit (HubCalls *self);

/**
 * hub_calls_read:
 * @plugin: (out) (transfer full): whose code ran innermost
 * @call: (out) (transfer full): what was called
 *
 * Who was at fault in the process that wrote @path last, or what it was doing. FALSE when it called
 * no plugin, or the file is not there or not one of these.
 */
gboolean hub_calls_read (const char *path, char **plugin, char **call);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HubCalls, hub_calls_free)

G_END_DECLS
