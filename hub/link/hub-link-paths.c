/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The paths between two ends, and which of them is best. */
#include "hub-link-paths.h"

/* By a fifth and 2 ms, or two paths that are alike would take turns. */
#define GAIN_US 2000

HubLinkPath *
hub_link_paths_find (HubLinkPaths *self, int number)
{
  for (guint i = 0; i < self->n; i++)
    if ((int) self->paths[i].number == number)
      return &self->paths[i];
  return NULL;
}

HubLinkPath *
hub_link_paths_find_source (HubLinkPaths *self, int socket, const HubAddress *source)
{
  HubLinkPath *only = NULL;
  guint n = 0;

  for (guint i = 0; i < self->n; i++)
    {
      HubLinkPath *path = &self->paths[i];

      if (path->socket != socket)
        continue;
      if (hub_address_equal (&path->remote, source))
        return path;
      only = path;
      n++;
    }
  return n == 1 ? only : NULL;
}

gboolean
hub_link_paths_check (HubLinkPaths *self, gint64 now)
{
  HubLinkPath *best = NULL, *old = self->best;

  for (guint i = 0; i < self->n; i++)
    {
      HubLinkPath *path = &self->paths[i];

      if (hub_link_path_check (path, now)
          && (best == NULL || hub_link_path_cost (path) < hub_link_path_cost (best)))
        best = path;
    }
  if (best == NULL || old == NULL || !old->alive
      || hub_link_path_cost (best) + GAIN_US <= hub_link_path_cost (old) * 4 / 5)
    self->best = best;
  return best != NULL;
}

JsonNode *
hub_link_paths_to_json (const HubLinkPaths *self)
{
  JsonNode *node = json_node_new (JSON_NODE_ARRAY);
  JsonArray *array = json_array_new ();

  for (guint i = 0; i < self->n; i++)
    json_array_add_element (array, hub_link_path_to_json (&self->paths[i]));
  json_node_take_array (node, array);
  return node;
}
