/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Speech and pictures of a session, as a live half sees them. */
#define KAREZ_INSIDE
#include "karez-media.h"

#include "karez-json.h"

G_DEFINE_INTERFACE (KarezMedia, karez_media, G_TYPE_OBJECT)

static void
karez_media_default_init (KarezMediaInterface *iface)
{
}

gboolean
karez_media_is_message (JsonObject *message)
{
  const char *type = karez_json_text (message, "type");

  g_return_val_if_fail (message != NULL, FALSE);

  return type != NULL && g_str_has_prefix (type, "media.");
}

gboolean
karez_media_take (KarezMedia *self, KarezParticipant *participant, JsonObject *message,
                  GError **error)
{
  g_return_val_if_fail (KAREZ_IS_MEDIA (self), FALSE);

  return KAREZ_MEDIA_GET_IFACE (self)->take (self, participant, message, error);
}

void
karez_media_join (KarezMedia *self, KarezParticipant *participant)
{
  g_return_if_fail (KAREZ_IS_MEDIA (self));
  g_return_if_fail (karez_participant_is_local (participant));

  KAREZ_MEDIA_GET_IFACE (self)->join (self, participant);
}

void
karez_media_leave (KarezMedia *self, KarezParticipant *participant)
{
  g_return_if_fail (KAREZ_IS_MEDIA (self));
  g_return_if_fail (karez_participant_is_local (participant));

  KAREZ_MEDIA_GET_IFACE (self)->leave (self, participant);
}

void
karez_media_set_forwarding (KarezMedia *self, gboolean on)
{
  g_return_if_fail (KAREZ_IS_MEDIA (self));

  KAREZ_MEDIA_GET_IFACE (self)->set_forwarding (self, on);
}

JsonNode *
karez_media_get_statistics (KarezMedia *self)
{
  g_return_val_if_fail (KAREZ_IS_MEDIA (self), NULL);

  return KAREZ_MEDIA_GET_IFACE (self)->get_statistics (self);
}
