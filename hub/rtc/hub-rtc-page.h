/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-rtc-room.h"
#include "hub-rtc-source.h"

G_BEGIN_DECLS

/* Something that somebody sends, here or at the other hospital. */
typedef struct
{
  guint track;
  guint number;         /* what the other hospital calls it; 0 for one from here */
  char participant[40]; /* whose it is */
  const HubRtcSource *source;
  char mid[HUB_SDP_MAX_MID + 1];
  HubCodec codec;
  gboolean on; /* neither muted nor covered */
  /* Of its section, as it was offered first. */
  guint8 payload_type, rtx_type;
  guint32 ssrc, rtx_ssrc;
  gint64 unseen; /* since when nobody looks; 0 while somebody does */
  gboolean unwanted_there;
} HubRtcPublished;

/* Where a page shows one track: a slot as the main thread knows it. */
typedef struct
{
  char mid[HUB_SDP_MAX_MID + 1];
  HubMediaKind kind;
  guint position; /* among those of its kind; the same is played together */
  guint codecs;   /* bits */
  guint8 payload_types[HUB_N_CODECS], rtx_types[HUB_N_CODECS];
  guint32 ssrc, rtx_ssrc;
  guint track;   /* 0 for none */
  gboolean used; /* somebody was shown there */
} HubRtcPlace;

/**
 * HubRtcPage:
 * One participant's page: what was agreed with it. Main thread.
 */
typedef struct
{
  KarezParticipant *participant;
  char *token; /* of the connection: the page makes another one for each */
  guint connection;
  char ufrag[HUB_STUN_UFRAG_LENGTH + 1];
  char password[HUB_STUN_PASSWORD_LENGTH + 1];
  guint8 fingerprint[HUB_DTLS_FINGERPRINT_BYTES];
  /* What the page's transport is known by: its name, and the section that the bundle's is. */
  char peer_ufrag[HUB_SDP_MAX_UFRAG + 1], tag[HUB_SDP_MAX_MID + 1];
  guint32 ssrc;
  gboolean answered;
  gboolean hidden;               /* what it shows is not seen: no pictures go there */
  const HubRtcSources *sources;  /* that it may send; not owned */
  guint unwanted;                /* those that it was told not to send now: bits */
  HubRtpExtensionMap extensions; /* that the connection has */
  HubRtcConnectionState state;
  HubRtcStatistics statistics;
  HubRtcPublished published[HUB_RTC_MAX_TRACKS];
  guint n_published;
  HubRtcPlace places[HUB_SDP_MAX_SECTIONS];
  guint n_places;
  HubRtcChannelSet *channels; /* NULL for a page that may have none */
  gboolean has_channels;      /* they were agreed on */
  guint channels_open;        /* bits */
} HubRtcPage;

/* @participant: (transfer none). @sources: they outlive it. With names and secrets of its own. */
HubRtcPage *hub_rtc_page_new (KarezParticipant *participant, const HubRtcSources *sources,
                              const char *token, guint connection, const guint8 *fingerprint);
void hub_rtc_page_free (HubRtcPage *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HubRtcPage, hub_rtc_page_free)

/* The connection of a new page, for the media thread. Returns: (transfer full) */
HubRtcConnection *hub_rtc_page_make_connection (HubRtcPage *self, const HubSdpOffer *offer);

/**
 * hub_rtc_page_agree:
 * @sources: what each section that sends is of: mid → name
 * @next_track: (inout): the number of the next track
 * @run: takes the commands that the media thread needs, in order
 *
 * Takes an offer: what is new is added, what is gone is removed, and @offer's extensions become
 * those of the connection. %KAREZ_ERROR_INVALID, rules
 * "rtc/source" and "rtc/tracks"; nothing is changed then. @places: (out caller-allocates): one for
 * each section, for the answer.
 */
gboolean hub_rtc_page_agree (HubRtcPage *self, HubSdpOffer *offer, JsonObject *sources,
                             guint *next_track, void (*run) (HubRtcCommand *command, gpointer data),
                             gpointer data, HubSdpPlace *places, GError **error);
HubRtcPublished *hub_rtc_page_find_source (HubRtcPage *self, const HubRtcSource *source);
HubRtcPublished *hub_rtc_page_find_track (HubRtcPage *self, guint track);

G_END_DECLS
