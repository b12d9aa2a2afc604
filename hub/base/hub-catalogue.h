/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Marks a message for translation where its reader's language is not yet known. */
#ifndef N_
#define N_(msgid) (msgid)
#endif

#define HUB_TYPE_CATALOGUE (hub_catalogue_get_type ())
G_DECLARE_FINAL_TYPE (HubCatalogue, hub_catalogue, HUB, CATALOGUE, GObject)

/**
 * hub_catalogue_new:
 * @language: "zh_CN"
 * @mo: the language's compiled catalogue (GNU gettext, "The Format of GNU MO Files")
 *
 * gettext() follows the process's locale; a hub answers each reader in another language, so it
 * keeps one catalogue for each. Immutable, thread-safe. %G_IO_ERROR_INVALID_DATA for a file that
 * is not a catalogue.
 */
HubCatalogue *hub_catalogue_new (const char *language, GBytes *mo, GError **error);
const char *hub_catalogue_get_language (HubCatalogue *self);
/* @msgid in this language, or @msgid itself; as long as the catalogue lives. */
const char *hub_catalogue_lookup (HubCatalogue *self, const char *msgid);
gboolean hub_catalogue_has (HubCatalogue *self, const char *msgid);
/* @forms: (nullable): of a message that has several, by number */
typedef void (*HubCatalogueFunc) (const char *msgid, const char *msgstr, const char *const *forms,
                                  gpointer data);
void hub_catalogue_foreach (HubCatalogue *self, HubCatalogueFunc func, gpointer data);

G_END_DECLS
