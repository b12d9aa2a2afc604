/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Speech and pictures of a session, as a live half sees them. */
#define KAREZ_INSIDE
#include "karez-media.h"

#include "karez-json.h"

G_DEFINE_INTERFACE (KarezMedia, karez_media, G_TYPE_OBJECT)

static void
karez_media_default_init (KarezMediaInterface *iface)
{
  /**
   * KarezMedia::message:
   * @participant: a local one
   * @label: of its data channel
   * @message: what its page sent
   *
   * Since: 1.1
   */
  g_signal_new ("message", KAREZ_TYPE_MEDIA, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 3,
                KAREZ_TYPE_PARTICIPANT, G_TYPE_STRING, G_TYPE_BYTES);
  /**
   * KarezMedia::channel:
   * @participant: a local one
   * @label: of its data channel
   * @open: whether it can be used
   *
   * Since: 1.1
   */
  g_signal_new ("channel", KAREZ_TYPE_MEDIA, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 3,
                KAREZ_TYPE_PARTICIPANT, G_TYPE_STRING, G_TYPE_BOOLEAN);
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

static gboolean
is_label (const char *label)
{
  gsize length = strspn (label, G_CSET_a_2_z G_CSET_DIGITS "-");

  return length > 0 && length <= KAREZ_MEDIA_MAX_LABEL && label[length] == '\0';
}

void
karez_media_declare_source (KarezMedia *self, const char *label, KarezSourceFlags flags)
{
  g_return_if_fail (KAREZ_IS_MEDIA (self));
  g_return_if_fail (label != NULL && is_label (label));

  KAREZ_MEDIA_GET_IFACE (self)->declare_source (self, label, flags);
}

void
karez_media_declare_channel (KarezMedia *self, const char *label, KarezChannelFlags flags,
                             gsize max_size, guint max_rate)
{
  g_return_if_fail (KAREZ_IS_MEDIA (self));
  g_return_if_fail (label != NULL && is_label (label));
  g_return_if_fail (max_size >= 1 && max_size <= KAREZ_CHANNEL_MAX_SIZE);
  g_return_if_fail (max_rate >= 1 && max_rate <= KAREZ_CHANNEL_MAX_RATE);

  KAREZ_MEDIA_GET_IFACE (self)->declare_channel (self, label, flags, max_size, max_rate);
}

gboolean
karez_media_send (KarezMedia *self, KarezParticipant *participant, const char *label,
                  GBytes *message, GError **error)
{
  g_return_val_if_fail (KAREZ_IS_MEDIA (self), FALSE);
  g_return_val_if_fail (karez_participant_is_local (participant), FALSE);
  g_return_val_if_fail (label != NULL && message != NULL, FALSE);
  g_return_val_if_fail (g_bytes_get_size (message) <= KAREZ_CHANNEL_MAX_SIZE, FALSE);

  return KAREZ_MEDIA_GET_IFACE (self)->send (self, participant, label, message, error);
}

int
karez_media_tap (KarezMedia *self, const char *participant, const char *source, GError **error)
{
  g_return_val_if_fail (KAREZ_IS_MEDIA (self), -1);
  g_return_val_if_fail (participant != NULL && source != NULL, -1);

  return KAREZ_MEDIA_GET_IFACE (self)->tap (self, participant, source, error);
}

int
karez_media_publish (KarezMedia *self, const char *participant, const char *source,
                     KarezCodec codec, GError **error)
{
  g_return_val_if_fail (KAREZ_IS_MEDIA (self), -1);
  g_return_val_if_fail (participant != NULL && source != NULL, -1);
  g_return_val_if_fail (codec <= KAREZ_CODEC_H264, -1);

  return KAREZ_MEDIA_GET_IFACE (self)->publish (self, participant, source, codec, error);
}
