/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The link of a session, as a live half sees it. */
#define KAREZ_INSIDE
#include "karez-link.h"

G_DEFINE_INTERFACE (KarezLink, karez_link, G_TYPE_OBJECT)

static void
karez_link_default_init (KarezLinkInterface *iface)
{
  g_signal_new ("datagram", KAREZ_TYPE_LINK, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 2,
                G_TYPE_UINT, G_TYPE_BYTES);
  g_signal_new ("message", KAREZ_TYPE_LINK, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 2,
                G_TYPE_UINT, G_TYPE_BYTES);
  g_signal_new ("changed", KAREZ_TYPE_LINK, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

gboolean
karez_link_open (KarezLink *self, guint stream, KarezLinkPolicy policy, gboolean ordered,
                 GError **error)
{
  g_return_val_if_fail (KAREZ_IS_LINK (self), FALSE);

  return KAREZ_LINK_GET_IFACE (self)->open (self, stream, policy, ordered, error);
}

gboolean
karez_link_send (KarezLink *self, guint stream, GBytes *payload, GError **error)
{
  g_return_val_if_fail (KAREZ_IS_LINK (self), FALSE);

  return KAREZ_LINK_GET_IFACE (self)->send (self, stream, payload, error);
}

gboolean
karez_link_is_up (KarezLink *self)
{
  g_return_val_if_fail (KAREZ_IS_LINK (self), FALSE);

  return KAREZ_LINK_GET_IFACE (self)->is_up (self);
}

JsonNode *
karez_link_get_statistics (KarezLink *self)
{
  g_return_val_if_fail (KAREZ_IS_LINK (self), NULL);

  return KAREZ_LINK_GET_IFACE (self)->get_statistics (self);
}
