/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-dtls.h"
#include "hub-rtc-channels.h"
#include "hub-rtc-out.h"
#include "hub-rtc-slot.h"
#include "hub-rtp-feedback.h"
#include "hub-stun.h"

G_BEGIN_DECLS

/* What one page can send: voice, camera, screen, and one to spare. */
#define HUB_RTC_MAX_TRACKS 4u
/* Streams of one page: each track and its retransmissions. */
#define HUB_RTC_MAX_STREAMS (2u * HUB_RTC_MAX_TRACKS)
/* A browser has several ways to us before it chooses one. */
#define HUB_RTC_MAX_ADDRESSES 4u
/* RFC 7675, 5.1: consent that is older has expired. */
#define HUB_RTC_CONSENT_US (30 * 1000 * 1000)
/* Chromium checks every 2.5 s or more often, Firefox every 4 to 6 s and not again: of a page that
 * is not heard from for so long, by checks or by media, it is said that it is away. */
#define HUB_RTC_AWAY_US (8 * 1000 * 1000)
/* A way on which nothing came for so long is left for another one that was checked: Firefox does
 * not nominate again when its address changes. */
#define HUB_RTC_MOVED_US (2 * 1000 * 1000)
/* After an offer that may come with another transport of the page's, its old one may end, or a new
 * handshake begin, for so long. */
#define HUB_RTC_RENEWING_US (10 * 1000 * 1000)
/* Who may speak RTCP here: libsrtp keeps something for each. */
#define HUB_RTC_MAX_REPORTERS 128u

typedef enum
{
  HUB_RTC_NEW,       /* no check has come */
  HUB_RTC_HANDSHAKE, /* the way is known, the keys are not */
  HUB_RTC_OPEN,
  HUB_RTC_AWAY,   /* nothing comes; it may come back */
  HUB_RTC_CLOSED, /* for ever */
} HubRtcConnectionState;

/* What one SSRC of a page is. */
typedef struct
{
  guint32 ssrc;
  HubRtcTrack *track;
  gboolean rtx;
} HubRtcStream;

/**
 * HubRtcConnection:
 * One page's way to this process: ICE, DTLS, SRTP, what it sends and what it is shown. Made on the
 * main thread, then handed to the media thread for ever.
 */
struct _HubRtcConnection
{
  guint number;             /* its name between the threads; never 0 */
  struct _HubRtcRoom *room; /* once it is on the media thread */
  char ufrag[HUB_STUN_UFRAG_LENGTH + 1];
  char password[HUB_STUN_PASSWORD_LENGTH + 1];
  guint8 peer_fingerprint[HUB_DTLS_FINGERPRINT_BYTES];
  guint32 ssrc;  /* who speaks RTCP here */
  gboolean echo; /* it is shown what it sends itself, and is no part of the room */
  HubRtpExtensionMap extensions;

  HubRtcConnectionState state;
  const char *failure; /* once it is closed; NULL if we closed it */
  HubAddress addresses[HUB_RTC_MAX_ADDRESSES];
  guint n_addresses, next_address;
  HubAddress remote; /* where we send to */
  HubRtcOut *out;    /* of the socket that it came to; not owned */
  gint64 checked;    /* when the newest check came */
  gint64 heard;      /* when the newest check or packet of media came, from wherever */
  gint64 remote_at;  /* and from @remote */
  gint64 made;       /* when it was added, then when the way was known */
  gint64 renewed;    /* when an offer came that may have another transport; 0 for none */

  HubDtls *dtls;
  HubSrtp *srtp;
  HubRtcChannels *channels; /* NULL where none were agreed on */

  HubRtcTrack *tracks[HUB_RTC_MAX_TRACKS];
  guint n_tracks;
  HubRtcStream streams[HUB_RTC_MAX_STREAMS];
  guint n_streams;
  HubRtcSlot *slots[HUB_SDP_MAX_SECTIONS];
  guint n_slots;

  gint64 clock_shift; /* our clock less the page's, by its quickest report; 0 for none yet */
  gint64 clock_time;  /* when it was corrected */
  HubRtpFeedback feedback;
  gboolean touched;      /* something came since the last look */
  gint64 told, reported; /* when feedback and reports were sent */
  guint64 received, received_bytes, received_before, sent_before, pictures_before;
  guint32 reporters[HUB_RTC_MAX_REPORTERS]; /* SSRCs whose RTCP was opened */
  guint n_reporters;
  guint64 unknown;  /* packets of a stream that was not agreed on */
  guint64 unopened; /* forged, repeated or too old */
  guint64 unsealed; /* that libsrtp would not seal */
};

static inline gboolean
hub_rtc_connection_is_open (const HubRtcConnection *self)
{
  return self->state == HUB_RTC_OPEN;
}

HubRtcConnection *hub_rtc_connection_new (guint number);
void hub_rtc_connection_free (HubRtcConnection *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HubRtcConnection, hub_rtc_connection_free)

/* Notes a way that was checked. FALSE if it is known; else @forgotten is the one that made way for
 * it, of length 0 if there was room. */
gboolean hub_rtc_connection_add_address (HubRtcConnection *self, const HubAddress *address,
                                         HubAddress *forgotten);
/* What an SSRC is: by what was offered, or by the section that @packet names (RFC 8843, 9.2). */
const HubRtcStream *hub_rtc_connection_find_stream (HubRtcConnection *self, const HubRtp *packet);
HubRtcSlot *hub_rtc_connection_find_slot (HubRtcConnection *self, guint32 ssrc, gboolean rtx);
HubRtcTrack *hub_rtc_connection_find_track (HubRtcConnection *self, guint32 ssrc);
/* Whether RTCP of @ssrc may be opened, and that it was. */
gboolean hub_rtc_connection_may_report (const HubRtcConnection *self, guint32 ssrc);
void hub_rtc_connection_add_reporter (HubRtcConnection *self, guint32 ssrc);
/* Its keys are no more: another handshake follows, and each place begins with a whole picture. What
 * the page sends and is shown stays. */
void hub_rtc_connection_forget_keys (HubRtcConnection *self);
/* Whether the page may have another transport now, with a handshake of its own. */
gboolean hub_rtc_connection_is_renewing (const HubRtcConnection *self, gint64 now);
/* The time of our clock at which the page says it was @ntp. */
gint64 hub_rtc_connection_take_clock (HubRtcConnection *self, guint64 ntp, gint64 arrival);
/* FALSE if there is no room. @track: (transfer full) */
gboolean hub_rtc_connection_add_track (HubRtcConnection *self, HubRtcTrack *track);
void hub_rtc_connection_remove_track (HubRtcConnection *self, guint position);
/* @slot: (transfer full) */
gboolean hub_rtc_connection_add_slot (HubRtcConnection *self, HubRtcSlot *slot);
/* The one of a section, if there is one. */
void hub_rtc_connection_remove_slot (HubRtcConnection *self, const char *mid);

G_END_DECLS
