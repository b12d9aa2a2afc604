/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-codec.h"

#include <karez.h>

G_BEGIN_DECLS

/* What a track is of. */
typedef struct
{
  char label[KAREZ_MEDIA_MAX_LABEL + 1];
  HubMediaKind kind;
  gboolean shared; /* a thing that is shown to all while it is on, and is nobody's face */
} HubRtcSource;

/* What the people of a session may send, each of it once. */
typedef struct
{
  guint n;
  HubRtcSource all[KAREZ_MEDIA_MAX_SOURCES];
} HubRtcSources;

/* What a modality has that declares nothing: "microphone", "camera" and "screen". */
extern const HubRtcSources hub_rtc_usual_sources;

/* NULL for a label that is none of them, or NULL. */
const HubRtcSource *hub_rtc_sources_find (const HubRtcSources *self, const char *label);
/* %KAREZ_ERROR_INVALID, "rtc/source": what is accepted is said by the labels. Returns: FALSE */
gboolean hub_rtc_sources_refuse (const HubRtcSources *self, GError **error);

G_END_DECLS
