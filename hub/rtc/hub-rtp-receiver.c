/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The sequence of a stream that comes in: order, loss, jitter, repair. */
#include "hub-rtp-receiver.h"

/* RFC 3550, A.1: what may be dropped, and how late a packet may come. */
#define MAX_DROPOUT 3000
#define MAX_MISORDER 1000
#define NO_BREAK 65536u /* no sequence number */
/* No packet is as late as this. */
#define SILENCE_US (5 * 1000 * 1000)
/* Room below the first, so that an index is never negative. */
#define FIRST_CYCLE 65536

void
hub_rtp_receiver_init (HubRtpReceiver *self, guint clock_rate)
{
  memset (self, 0, sizeof *self);
  self->clock_rate = clock_rate;
}

static void
begin (HubRtpReceiver *self, gint64 index)
{
  self->started = TRUE;
  self->first = index;
  self->newest = index - 1;
  self->received = self->repaired = 0;
  self->expected_before = self->received_before = 0;
  self->transit = 0;
  self->n_missing = 0;
  self->break_at = NO_BREAK;
}

static void
measure_jitter (HubRtpReceiver *self, guint32 timestamp, gint64 arrival)
{
  gint64 now = arrival / G_USEC_PER_SEC * self->clock_rate
               + arrival % G_USEC_PER_SEC * self->clock_rate / G_USEC_PER_SEC;
  gint64 transit = (gint64) (guint32) (now - timestamp);
  gint64 difference = (gint32) (guint32) (transit - self->transit);

  difference = ABS (difference);
  /* Repairs are not measured. */
  if (self->received > self->repaired)
    self->jitter_q4 += (guint32) difference - ((self->jitter_q4 + 8) >> 4);
  self->transit = transit;
}

static void
forget_missing (HubRtpReceiver *self, guint position)
{
  self->n_missing--;
  memmove (self->missing + position, self->missing + position + 1,
           (self->n_missing - position) * sizeof *self->missing);
}

static void
found (HubRtpReceiver *self, gint64 index)
{
  for (guint i = 0; i < self->n_missing; i++)
    if (self->missing[i].index == index)
      {
        forget_missing (self, i);
        return;
      }
}

static void
note_gap (HubRtpReceiver *self, gint64 until, gint64 now)
{
  gint64 from = self->newest + 1;

  if (until - from > HUB_RTP_MAX_MISSING)
    from = until - HUB_RTP_MAX_MISSING;
  for (gint64 index = from; index < until; index++)
    {
      if (self->n_missing == HUB_RTP_MAX_MISSING)
        {
          self->given_up++;
          forget_missing (self, 0);
        }
      self->missing[self->n_missing++] = (HubRtpMissing){ .index = index, .since = now };
    }
}

gboolean
hub_rtp_receiver_resumes (const HubRtpReceiver *self, guint16 sequence, gint64 arrival)
{
  return self->started && arrival - self->arrived > SILENCE_US
         && hub_rtp_unwrap (self->newest, sequence) <= self->newest;
}

/* Forward, so that nobody takes it for something old. */
static gint64
begin_anew (HubRtpReceiver *self, guint16 sequence)
{
  gint64 index = self->newest + 65536 + (guint16) (sequence - (guint16) self->newest);

  begin (self, index);
  return index;
}

gboolean
hub_rtp_receiver_take (HubRtpReceiver *self, const HubRtp *packet, gint64 arrival, gboolean repair,
                       gint64 *index)
{
  gint64 distance;

  if (!self->started)
    begin (self, FIRST_CYCLE + packet->sequence);
  *index = hub_rtp_unwrap (self->newest, packet->sequence);
  distance = *index - self->newest;
  if (!repair && hub_rtp_receiver_resumes (self, packet->sequence, arrival))
    *index = begin_anew (self, packet->sequence);
  else if (distance > MAX_DROPOUT || distance < -MAX_MISORDER)
    {
      if (repair || self->break_at != packet->sequence)
        {
          self->break_at = (guint16) (packet->sequence + 1);
          return FALSE;
        }
      *index = begin_anew (self, packet->sequence);
    }
  if (!repair)
    {
      measure_jitter (self, packet->timestamp, arrival);
      self->arrived = arrival;
    }
  if (*index > self->newest)
    {
      note_gap (self, *index, arrival);
      self->newest = *index;
    }
  else
    found (self, *index);
  self->received++;
  self->repaired += repair ? 1 : 0;
  self->bytes += packet->payload_length;
  return TRUE;
}

guint
hub_rtp_receiver_ask (HubRtpReceiver *self, gint64 now, gint64 soon, gint64 again, guint16 *out,
                      guint room)
{
  guint n = 0, kept = 0;

  for (guint i = 0; i < self->n_missing; i++)
    {
      HubRtpMissing *missing = &self->missing[i];
      gint64 wait = missing->times == 0 ? 0 : missing->times == 1 && soon > 0 ? soon : again;

      if (now - missing->since > HUB_RTP_MISSING_US)
        {
          self->given_up++;
          continue;
        }
      if (n < room && now - missing->asked >= wait)
        {
          missing->asked = now;
          missing->times++;
          out[n++] = (guint16) missing->index;
        }
      self->missing[kept++] = *missing;
    }
  self->n_missing = kept;
  return n;
}

void
hub_rtp_receiver_report (HubRtpReceiver *self, gint64 now, HubRtpReport *out)
{
  guint64 expected = self->started ? (guint64) (self->newest - self->first + 1) : 0;
  guint64 expected_now = expected - self->expected_before;
  /* RFC 4588, 4: a repair is a packet of another stream. */
  guint64 received = self->received - self->repaired;
  guint64 received_now = received - self->received_before;
  gint64 lost = (gint64) expected - (gint64) received;
  guint64 lost_now = expected_now > received_now ? expected_now - received_now : 0;

  out->fraction_lost = expected_now > 0 ? (guint8) MIN (lost_now * 256 / expected_now, 255) : 0;
  out->lost = (gint32) CLAMP (lost, -0x800000, 0x7fffff);
  out->highest = self->started ? (guint32) (self->newest - FIRST_CYCLE) : 0;
  out->jitter = self->jitter_q4 >> 4;
  out->last_report = self->report_ntp;
  out->delay = self->report_ntp != 0
                   ? (guint32) ((now - self->report_arrival) * 65536 / G_USEC_PER_SEC)
                   : 0;
  self->expected_before = expected;
  self->received_before = received;
}

void
hub_rtp_receiver_take_sender_report (HubRtpReceiver *self, guint64 ntp, gint64 arrival)
{
  self->report_ntp = (guint32) (ntp >> 16);
  self->report_arrival = arrival;
}
