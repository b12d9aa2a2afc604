/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-link-path.h"
#include "hub-link.h"

G_BEGIN_DECLS

/* The paths between the two ends, and which of them is the best. */
typedef struct
{
  HubLinkPath paths[HUB_LINK_MAX_PATHS];
  guint n;
  HubLinkPath *best; /* NULL while none is alive */
} HubLinkPaths;

/* The path of a number, or NULL. */
HubLinkPath *hub_link_paths_find (HubLinkPaths *self, int number);
/* The path that a datagram came on, as its socket and source tell; a source that was not learned
 * yet is that of the socket's only path, or unknown: NULL. */
HubLinkPath *hub_link_paths_find_source (HubLinkPaths *self, int socket, const HubAddress *source);
/* Whether any is alive. Another path becomes the best one only if it is clearly better. */
gboolean hub_link_paths_check (HubLinkPaths *self, gint64 now);
/* An array of hub_link_path_to_json(). */
JsonNode *hub_link_paths_to_json (const HubLinkPaths *self);

G_END_DECLS
