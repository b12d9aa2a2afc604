/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define HUB_TYPE_WEB_METER (hub_web_meter_get_type ())
/**
 * HubWebMeter:
 * A pollable output stream that counts what its base stream took. libsoup does not tell how much
 * a WebSocket has still to send; the difference to what was given to it tells that.
 */
G_DECLARE_FINAL_TYPE (HubWebMeter, hub_web_meter, HUB, WEB_METER, GFilterOutputStream)

/* @base: pollable */
HubWebMeter *hub_web_meter_new (GOutputStream *base);
/* libsoup has @size bytes more to send. */
void hub_web_meter_give (HubWebMeter *self, gsize size);
/* Bytes that were given and not written yet. */
guint64 hub_web_meter_get_waiting (HubWebMeter *self);

G_END_DECLS
