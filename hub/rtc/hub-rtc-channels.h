/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <karez.h>
#include <stdatomic.h>

G_BEGIN_DECLS

/* What waits for a page, and what of a page's the main thread has not taken yet: bytes. */
#define HUB_RTC_MAX_WAITING (256u * 1024)

/* What a modality declared. */
typedef struct
{
  char label[KAREZ_MEDIA_MAX_LABEL + 1];
  KarezChannelFlags flags;
  gsize max_size;
  guint max_rate;
} HubRtcChannelRule;

/**
 * HubRtcChannelSet:
 * What one page may open, and how much is between the threads. Counted references, both threads.
 */
typedef struct
{
  guint n_rules;
  HubRtcChannelRule rules[KAREZ_MEDIA_MAX_CHANNELS];
  atomic_size_t outgoing; /* bytes given to the media thread, and not to SCTP yet */
  atomic_size_t incoming; /* bytes given to the main thread, and not taken yet */
} HubRtcChannelSet;

/* Returns: (transfer full) */
HubRtcChannelSet *hub_rtc_channel_set_new (const HubRtcChannelRule *rules, guint n_rules);
HubRtcChannelSet *hub_rtc_channel_set_ref (HubRtcChannelSet *self);
void hub_rtc_channel_set_unref (HubRtcChannelSet *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HubRtcChannelSet, hub_rtc_channel_set_unref)
/* The number of a label; -1 for none. */
int hub_rtc_channel_set_find (const HubRtcChannelSet *self, const char *label);

/**
 * HubRtcChannels:
 * The data channels of one page (RFC 8831, RFC 8832), by the numbers of their rules. The page opens
 * them. On the media thread.
 */
typedef struct _HubRtcChannels HubRtcChannels;

/* Called as those of HubSctpHandlers are. */
typedef struct
{
  /* A packet for the page, over DTLS. */
  void (*send) (const guint8 *packet, gsize length, gpointer data);
  void (*changed) (guint channel, gboolean open, gpointer data);
  /* @message: (transfer full); its size is in the set's incoming until who takes it subtracts it */
  void (*message) (guint channel, GBytes *message, gpointer data);
  /* @channel: -1 for one that was not declared. @rule: a literal. At most four a second */
  void (*refused) (int channel, const char *rule, gpointer data);
} HubRtcChannelHandlers;

/**
 * hub_rtc_channels_new:
 * @set: (transfer none):
 * @port: the page's SCTP port
 *
 * Returns: (transfer full): NULL with @error set, as hub_sctp_new()
 */
HubRtcChannels *hub_rtc_channels_new (HubRtcChannelSet *set, guint16 port,
                                      const HubRtcChannelHandlers *handlers, gpointer data,
                                      GError **error);
void hub_rtc_channels_free (HubRtcChannels *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HubRtcChannels, hub_rtc_channels_free)

/* Returns: (transfer none) */
HubRtcChannelSet *hub_rtc_channels_get_set (HubRtcChannels *self);
/* Packets can be sent from now on. Only the first call does something. */
void hub_rtc_channels_start (HubRtcChannels *self);
/* What came over DTLS. */
void hub_rtc_channels_take (HubRtcChannels *self, const guint8 *packet, gsize length);
/* @message: (transfer full); its size is in the set's outgoing, and is subtracted once it is sent
 * or left out: of a channel that is not open, or one that is sent once and finds no room. */
void hub_rtc_channels_send (HubRtcChannels *self, guint channel, GBytes *message);
/* After hub_sctp_tick(). */
void hub_rtc_channels_tick (HubRtcChannels *self);

G_END_DECLS
