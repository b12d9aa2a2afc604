/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-rtp.h"

G_BEGIN_DECLS

/* A packet that came, decrypted. */
typedef struct
{
  gint64 index; /* 0 for none */
  gint64 arrival;
  guint32 timestamp;
  gboolean marker;
  HubRtpExtensions extensions;
  guint16 length;
  guint8 payload[HUB_RTP_MAX_PACKET];
} HubRtpPacket;

/**
 * HubRtpHistory:
 * The newest packets of one stream, to send again what a receiver lost, and to know what came
 * before. Memory that was never needed is never touched.
 */
typedef struct _HubRtpHistory HubRtpHistory;

/* @size: how many packets, a power of two. */
HubRtpHistory *hub_rtp_history_new (guint size);
void hub_rtp_history_free (HubRtpHistory *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HubRtpHistory, hub_rtp_history_free)

/* NULL if it never came or is no longer here. */
const HubRtpPacket *hub_rtp_history_find (const HubRtpHistory *self, gint64 index);
/* Keeps a packet in the place of an older one; NULL if a newer one is there. */
const HubRtpPacket *hub_rtp_history_keep (HubRtpHistory *self, gint64 index, gint64 arrival,
                                          const HubRtp *packet, const HubRtpExtensions *extensions);

G_END_DECLS
