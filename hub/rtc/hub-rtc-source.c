/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What tracks are of, by the labels that a modality declares. */
#include "hub-rtc-source.h"

#include <glib/gi18n.h>

const HubRtcSources hub_rtc_usual_sources = {
  3,
  { { "microphone", HUB_MEDIA_AUDIO, FALSE },
    { "camera", HUB_MEDIA_VIDEO, FALSE },
    { "screen", HUB_MEDIA_VIDEO, TRUE } },
};

const HubRtcSource *
hub_rtc_sources_find (const HubRtcSources *self, const char *label)
{
  for (guint i = 0; i < self->n; i++)
    if (g_strcmp0 (self->all[i].label, label) == 0)
      return &self->all[i];
  return NULL;
}

gboolean
hub_rtc_sources_refuse (const HubRtcSources *self, GError **error)
{
  g_autoptr (GString) labels = g_string_new (NULL);

  for (guint i = 0; i < self->n; i++)
    g_string_append_printf (labels, "%s%s", i > 0 ? ", " : "", self->all[i].label);
  return karez_error_set (error, KAREZ_ERROR_INVALID, "rtc/source", labels->str,
                          N_ ("It is not said what a part of the media is of"));
}
