/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-rtc-loop.h"
#include "hub-rtc-page.h"
#include "hub-rtc.h"

G_BEGIN_DECLS

typedef struct _HubRtcQuality HubRtcQuality;

/* What a program is given. */
typedef struct
{
  guint number;
  char *participant;
  const HubRtcSource *source;
  guint track; /* that is it now; 0 for none */
} HubRtcTapped;

/* What a program sends. */
typedef struct
{
  guint number;
  HubRtcPublished published;
} HubRtcIntakeSent;

struct _HubRtc
{
  GObject parent;

  HubDtlsIdentity *identity;
  HubRtcLoop *loop;
  GPtrArray *pages;             /* HubRtcPage, in the order they came */
  GPtrArray *echoes;            /* HubRtcEcho, in the order they came */
  GPtrArray *remote;            /* HubRtcPublished of the other hospital, in the order they came */
  GPtrArray *remote_told;       /* the same of all that its worker told last */
  GHashTable *remote_people;    /* ids: its people who are in the session */
  GArray *remote_quality;       /* HubRtcQuality of the people there, as it was told last */
  gboolean remote_wants;        /* that what is sent here crosses */
  gboolean has_port, link_down; /* as pages were told last */
  char *told;                   /* to the other worker last */
  GHashTable *remote_unwanted;  /* numbers of tracks of here that nobody there looks at */
  char *told_demand;            /* the same of theirs, as told last; NULL for never */
  guint demand_source;
  HubRtcSources sources;
  gboolean declared;                                    /* they are the modality's */
  HubRtcChannelRule channels[KAREZ_MEDIA_MAX_CHANNELS]; /* that the modality declared */
  guint n_channels;
  GPtrArray *taps;    /* HubRtcTapped */
  GPtrArray *intakes; /* HubRtcIntakeSent */
  GHashTable *people; /* ids: those of here who have joined */
  guint next_connection, next_track, next_tap;
  guint64 id, version; /* of the SDP's o= line */
  gboolean forwarding;
  guint measured; /* seconds since quality was told */
};

/* hub-rtc.c */
/* To the media thread. @command: (transfer full); @data: the HubRtc */
void hub_rtc_run (HubRtcCommand *command, gpointer data);
void hub_rtc_emit_tell (HubRtc *self, JsonNode *message);
/* NULL for one whose page is not known. */
HubRtcPage *hub_rtc_find_page (HubRtc *self, KarezParticipant *participant);
/* Whether somebody of here has joined. @participant: an id */
gboolean hub_rtc_is_here (HubRtc *self, const char *participant);
/* Ends a connection on the media thread. */
void hub_rtc_remove_connection (HubRtc *self, guint connection);
/* Answers an offer that was agreed on: with @answer's places. Returns: (transfer full): SDP */
char *hub_rtc_write_answer (HubRtc *self, HubRtcPage *page, const HubSdpOffer *offer,
                            HubSdpAnswer *answer);

/* hub-rtc-data.c: what a modality declares, and data channels. */
void hub_rtc_declare_source (KarezMedia *media, const char *label, KarezSourceFlags flags);
void hub_rtc_declare_channel (KarezMedia *media, const char *label, KarezChannelFlags flags,
                              gsize max_size, guint max_rate);
gboolean hub_rtc_send (KarezMedia *media, KarezParticipant *participant, const char *label,
                       GBytes *message, GError **error);
/* What became of a page's channel, or came through it. */
void hub_rtc_follow_channel (HubRtc *self, HubRtcPage *page, const HubRtcEvent *event);
/* Says of those that are open that they are not. */
void hub_rtc_close_channels (HubRtc *self, HubRtcPage *page);

/* hub-rtc-demand.c: who looks at what. */
/* Something changed: tells pages and the other worker whose pictures are wanted. */
void hub_rtc_follow_demand (HubRtc *self);
/* Tells a page again what it was told. */
void hub_rtc_tell_demand (HubRtcPage *page);
gboolean hub_rtc_take_demand (HubRtc *self, JsonNode *message, GError **error);

/* hub-rtc-echo.c: pages that try their way. */
GPtrArray *hub_rtc_echoes_new (void);
/* What became of a connection, if it is one of these. */
void hub_rtc_follow_echo (HubRtc *self, const HubRtcEvent *event);

/* hub-rtc-places.c: who is shown where. */
/* Of all that anybody sends, the first that @suits. */
HubRtcPublished *hub_rtc_find_published (HubRtc *self,
                                         gboolean (*suits) (const HubRtcPublished *one,
                                                            gconstpointer data),
                                         gconstpointer data);
/* What a track is; NULL for one that is not sent any more. */
HubRtcPublished *hub_rtc_find_track (HubRtc *self, guint track);
/* Whether there is something to be shown: a screen is there only while it is shared. */
gboolean hub_rtc_is_shown (const HubRtcPublished *published);
/* What a page shows is seen, or not: then it is sent no pictures. */
void hub_rtc_set_hidden (HubRtc *self, HubRtcPage *page, gboolean hidden);
/* Shows a page what it sends itself. FALSE if it has too few places for that. */
gboolean hub_rtc_place_own (HubRtc *self, HubRtcPage *page);
/* Gives a page what is new to be shown, takes away what is gone, and tells it. */
void hub_rtc_place_page (HubRtc *self, HubRtcPage *page);
/* Everybody, and the other hospital. */
void hub_rtc_place_everybody (HubRtc *self);

/* hub-rtc-quality.c: how good the connections are. */
const char *hub_rtc_state_name (HubRtcConnectionState state);
GArray *hub_rtc_quality_new (void);
/* Of the people of both hospitals, as pages are told. Returns: (transfer full) */
JsonNode *hub_rtc_describe_quality (HubRtc *self);
/* Tells the other worker of the people here. */
void hub_rtc_tell_quality (HubRtc *self);
gboolean hub_rtc_take_quality (HubRtc *self, JsonNode *message, GError **error);

/* hub-rtc-taps.c: what programs are given. */
void hub_rtc_tapped_free (gpointer data);
int hub_rtc_tap (KarezMedia *media, const char *participant, const char *source, GError **error);
/* Each has what its participant sends now. */
void hub_rtc_follow_taps (HubRtc *self);
/* The program has closed it. */
void hub_rtc_forget_tap (HubRtc *self, guint number);

/* hub-rtc-intakes.c: what programs send. */
int hub_rtc_publish (KarezMedia *media, const char *participant, const char *source,
                     KarezCodec codec, GError **error);
/* The program has closed it. */
void hub_rtc_forget_intake (HubRtc *self, guint number);
/* Ends those of people who are gone, or send the same by a page. */
void hub_rtc_follow_intakes (HubRtc *self);

/* hub-rtc-remote.c: the other hospital. */
void hub_rtc_tell_remote (HubRtc *self);
/* Whether anybody there is to see or hear. */
gboolean hub_rtc_is_wanted_there (HubRtc *self);
gboolean hub_rtc_is_remote_person (HubRtc *self, const char *participant);

G_END_DECLS
