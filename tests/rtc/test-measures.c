/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is said of how good a connection is. */

#include "hub-rtc-room-private.h"

#include <gst/gst.h>

typedef struct
{
  HubDtlsIdentity *identity;
  HubRtcRoom *room;
  HubRtcSlot *slot; /* of the second connection, which shows what the first one sends */
  guint loss_out;   /* as told last */
} Fixture;

static void
on_tell (HubRtcEvent *event, gpointer data)
{
  Fixture *f = data;

  for (guint i = 0; event->kind == HUB_RTC_MEASURED && i < event->statistics->len; i++)
    {
      const HubRtcStatistics *one = &g_array_index (event->statistics, HubRtcStatistics, i);

      if (one->connection == 2)
        f->loss_out = one->loss_out;
    }
  hub_rtc_event_free (event);
}

static HubRtcCommand *
command_of (HubRtcCommandKind kind, guint connection)
{
  HubRtcCommand *command = g_new0 (HubRtcCommand, 1);

  command->kind = kind;
  command->connection = connection;
  return command;
}

static void
fixture_up (Fixture *f, gconstpointer data)
{
  const HubSdpSection section = { .mid = "0",
                                  .kind = HUB_MEDIA_VIDEO,
                                  .payload_types = { [HUB_CODEC_VP8] = 96 } };
  g_autoptr (GError) error = NULL;
  HubRtcConnection *connections[2];
  HubRtcCommand *command;

  f->identity = hub_dtls_identity_new (&error);
  g_assert_no_error (error);
  f->room = hub_rtc_room_new (f->identity, on_tell, f);
  for (guint i = 0; i < 2; i++)
    {
      command = command_of (HUB_RTC_ADD_CONNECTION, 0);
      command->connection_added = connections[i] = hub_rtc_connection_new (i + 1);
      g_snprintf (connections[i]->ufrag, sizeof connections[i]->ufrag, "page%u", i);
      hub_rtc_room_run (f->room, command, 0);
    }
  command = command_of (HUB_RTC_ADD_TRACK, 1);
  command->track_added = hub_rtc_track_new (7, HUB_CODEC_VP8);
  hub_rtc_room_run (f->room, command, 0);
  command = command_of (HUB_RTC_ADD_SLOT, 2);
  command->slot_added = f->slot = hub_rtc_slot_new (&section, 1000, 0, 1);
  hub_rtc_room_run (f->room, command, 0);
  command = command_of (HUB_RTC_FEED, 2);
  command->track = 7;
  g_strlcpy (command->mid, "0", sizeof command->mid);
  hub_rtc_room_run (f->room, command, 0);
}

static void
fixture_down (Fixture *f, gconstpointer data)
{
  hub_rtc_room_free (f->room);
  hub_dtls_identity_free (f->identity);
}

/* A page says nothing more of a picture that is not sent any more: what it lost before is not held
 * against it for ever. */
static void
test_old_loss (Fixture *f, gconstpointer data)
{
  const HubRtpReport report = { .fraction_lost = 64 };
  const gint64 heard = 5 * G_USEC_PER_SEC;

  hub_rtc_slot_take_report (f->slot, &report, heard);
  for (guint s = 1; s <= 6; s++)
    {
      hub_rtc_room_measure (f->room, heard + s * G_USEC_PER_SEC);
      g_assert_cmpuint (f->loss_out, ==, 64);
    }
  hub_rtc_room_measure (f->room, heard + 11 * G_USEC_PER_SEC);
  g_assert_cmpuint (f->loss_out, ==, 0);
  hub_rtc_slot_take_report (f->slot, &report, heard + 12 * G_USEC_PER_SEC);
  hub_rtc_room_measure (f->room, heard + 12 * G_USEC_PER_SEC);
  g_assert_cmpuint (f->loss_out, ==, 64);
}

/* A computer that hangs, whose camera and microphone are off, sends nothing that could be missed. A
 * page that is shown pictures says something of them each second: once it does not, what it is sent
 * does not come to anybody, long before it counts as away. */
static void
test_unheard (Fixture *f, gconstpointer data)
{
  HubRtcConnection *connection = g_hash_table_lookup (f->room->by_number, GUINT_TO_POINTER (2));
  const gint64 heard = 5 * G_USEC_PER_SEC;

  connection->heard = heard;
  for (guint s = 1; s <= 7; s++)
    {
      f->slot->bytes += 50000;
      hub_rtc_room_measure (f->room, heard + s * G_USEC_PER_SEC);
      g_assert_cmpuint (f->loss_out, ==, s <= 3 ? 0 : 256);
    }
  /* It is there again. */
  connection->heard = heard + 7 * G_USEC_PER_SEC;
  f->slot->bytes += 50000;
  hub_rtc_room_measure (f->room, heard + 8 * G_USEC_PER_SEC);
  g_assert_cmpuint (f->loss_out, ==, 0);
  /* Who is shown nothing has nothing to say. */
  for (guint s = 9; s <= 14; s++)
    {
      hub_rtc_room_measure (f->room, heard + s * G_USEC_PER_SEC);
      g_assert_cmpuint (f->loss_out, ==, 0);
    }
}

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/rtc/measures/old-loss", Fixture, NULL, fixture_up, test_old_loss, fixture_down);
  g_test_add ("/rtc/measures/unheard", Fixture, NULL, fixture_up, test_unheard, fixture_down);
  return g_test_run ();
}
