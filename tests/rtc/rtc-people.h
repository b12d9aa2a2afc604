/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-rtc.h"
#include "rtc-client.h"

G_BEGIN_DECLS

/* People with clients in a room, and what their pages are told. */
#define RTC_MAX_PEOPLE 6u

typedef struct
{
  KarezParticipant *participant;
  RtcClient *client;
  char *token;
  GPtrArray *messages; /* JsonObject that the page got */
} RtcPerson;

typedef struct
{
  KarezMedia *media;
  RtcPerson people[RTC_MAX_PEOPLE];
  guint n_people;
  const char *voice, *picture; /* what each sends: the labels of two sources */
  guint first;                 /* added to their numbers, so that two rooms have other people */
  guint timer;
} RtcRoom;

/* A fixture. */
void rtc_room_up (RtcRoom *room, gconstpointer data);
void rtc_room_down (RtcRoom *room, gconstpointer data);
void rtc_run_for (guint ms);
#define rtc_run_until(condition)                                                                   \
  G_STMT_START                                                                                     \
  {                                                                                                \
    gint64 run_end = g_get_monotonic_time () + 20 * G_USEC_PER_SEC;                                \
    while (!(condition))                                                                           \
      {                                                                                            \
        g_assert_cmpint (g_get_monotonic_time (), <, run_end);                                     \
        g_main_context_iteration (NULL, TRUE);                                                     \
      }                                                                                            \
  }                                                                                                \
  G_STMT_END

/* The newest message of a type, or NULL. */
JsonObject *rtc_last_message (const RtcPerson *person, const char *type);
RtcPerson *rtc_add_person (RtcRoom *room);
gboolean rtc_send_offer (RtcRoom *room, RtcPerson *person, GError **error);
void rtc_take_answer (RtcPerson *person, const HubAddress *to);
/* Says that a page is seen, or not. */
void rtc_set_seen (RtcRoom *room, RtcPerson *person, gboolean seen);
/* Whether the page was told last that somebody looks at its @source; TRUE before anything. */
gboolean rtc_is_wanted (const RtcPerson *person, const char *source);
/* Somebody with microphone and camera, and places for @others; signs what is sent with the number
 * in the room, from 1. */
RtcPerson *rtc_join (RtcRoom *room, guint others);
void rtc_until_all_open (RtcRoom *room);
/* The stream that shows @source of @whom to @person; NULL if the page was not told of one. */
RtcStream *rtc_shown (RtcPerson *person, const RtcPerson *whom, const char *source);

G_END_DECLS
