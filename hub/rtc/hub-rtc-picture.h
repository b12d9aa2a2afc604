/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-sdp.h"

G_BEGIN_DECLS

/* Whether a packet begins a picture that needs no other one: RFC 7741, 4.2 and 4.3; RFC 6184, 5.4.
 * H.264 is taken to begin with its parameter sets, as browsers and our payloaders send it. */
gboolean hub_rtc_picture_begins (HubCodec codec, const guint8 *payload, gsize length);

G_END_DECLS
