/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Transport-wide feedback: when each packet of a connection came. */
#include "hub-rtp-feedback.h"

#define HEAD_BYTES 8u
#define UNIT_US 250              /* of a delta */
#define REFERENCE_US (64 * 1000) /* of the reference time */
#define PER_CHUNK 7u             /* symbols of two bits */
#define MAX_RUN 0x1fff

typedef enum
{
  SYMBOL_MISSING = 0,
  SYMBOL_SMALL = 1, /* a delta of one byte follows */
  SYMBOL_LARGE = 2, /* of two bytes, signed */
} Symbol;

/* A report as it grows: chunks and deltas stand one behind the other, so deltas wait in a buffer of
 * their own. */
typedef struct
{
  guint8 *out;
  gsize room, length;
  guint8 deltas[2 * HUB_RTP_FEEDBACK_WINDOW];
  gsize n_deltas;
  gint64 before; /* in units */
} Report;

void
hub_rtp_feedback_init (HubRtpFeedback *self)
{
  memset (self, 0, sizeof *self);
}

static gint64 *
place (HubRtpFeedback *self, gint64 index)
{
  return &self->arrival[(guint64) index % HUB_RTP_FEEDBACK_WINDOW];
}

static void
begin (HubRtpFeedback *self, gint64 index)
{
  memset (self->arrival, 0, sizeof self->arrival);
  self->started = TRUE;
  self->base = index;
  self->newest = index - 1;
}

void
hub_rtp_feedback_take (HubRtpFeedback *self, guint16 sequence, gint64 arrival)
{
  gint64 index;

  if (!self->started)
    begin (self, 65536 + sequence);
  index = hub_rtp_unwrap (self->newest, sequence);
  /* One that comes late is told late: the sender then counts it. */
  if (index < self->base)
    {
      if (self->newest - index >= (gint64) HUB_RTP_FEEDBACK_WINDOW)
        return;
      self->base = index;
    }
  if (index - self->newest >= (gint64) HUB_RTP_FEEDBACK_WINDOW)
    begin (self, index);
  for (gint64 i = self->newest + 1; i < index; i++)
    *place (self, i) = 0;
  self->newest = MAX (self->newest, index);
  self->base = MAX (self->base, self->newest + 1 - (gint64) HUB_RTP_FEEDBACK_WINDOW);
  *place (self, index) = arrival;
}

static gint64
units_since (gint64 reference, gint64 arrival)
{
  return (arrival - reference * REFERENCE_US) / UNIT_US;
}

/* The symbol of a packet, and its delta. FALSE if the delta does not fit: another report begins. */
static gboolean
symbol_of (Report *report, gint64 reference, gint64 arrival, Symbol *symbol)
{
  gint64 units, delta;

  *symbol = SYMBOL_MISSING;
  if (arrival == 0)
    return TRUE;
  units = units_since (reference, arrival);
  delta = units - report->before;
  if (delta < G_MININT16 || delta > G_MAXINT16)
    return FALSE;
  report->before = units;
  *symbol = delta >= 0 && delta <= 255 ? SYMBOL_SMALL : SYMBOL_LARGE;
  if (*symbol == SYMBOL_LARGE)
    report->deltas[report->n_deltas++] = (guint8) ((guint16) delta >> 8);
  report->deltas[report->n_deltas++] = (guint8) delta;
  return TRUE;
}

/* How many from @index on are missing, up to @end. */
static gint64
missing_run (HubRtpFeedback *self, gint64 index, gint64 end)
{
  gint64 n = 0;

  while (index + n < end && *place (self, index + n) == 0 && n < MAX_RUN)
    n++;
  return n;
}

/* Writes one chunk. Returns how many packets it tells of, 0 for no more in this report. */
static gint64
write_chunk (HubRtpFeedback *self, Report *report, gint64 reference, gint64 index, gint64 end)
{
  gint64 run = missing_run (self, index, end);
  guint16 chunk = 0xc000; /* a vector of two-bit symbols */
  guint n = 0;

  /* A chunk and its deltas, rounded up to whole words. */
  if (report->length + 2 + report->n_deltas + 2 * PER_CHUNK + 3 > report->room)
    return 0;
  if (run > PER_CHUNK)
    {
      hub_put16 (report->out + report->length, (guint16) run);
      report->length += 2;
      return run;
    }
  for (; n < PER_CHUNK && index + n < end; n++)
    {
      Symbol symbol;

      if (!symbol_of (report, reference, *place (self, index + n), &symbol))
        break;
      chunk |= (guint16) (symbol << (2 * (PER_CHUNK - 1 - n)));
    }
  if (n == 0)
    return 0;
  hub_put16 (report->out + report->length, chunk);
  report->length += 2;
  return n;
}

gsize
hub_rtp_feedback_write (HubRtpFeedback *self, guint8 *out, gsize room)
{
  Report report = { .out = out, .room = room, .length = HEAD_BYTES };
  gint64 from, index, end, reference, told;

  if (!self->started)
    return 0;
  end = self->newest + 1;
  from = self->base + missing_run (self, self->base, end);
  if (from >= end)
    return 0;
  /* What is missing before the first that came is told, too. */
  reference = *place (self, from) / REFERENCE_US;
  from = self->base;
  for (index = from; index < end; index += told)
    {
      told = write_chunk (self, &report, reference, index, end);
      if (told == 0)
        break;
    }
  hub_put16 (out, (guint16) from);
  hub_put16 (out + 2, (guint16) (index - from));
  hub_put32 (out + 4, (guint32) reference << 8 | self->count++);
  memcpy (out + report.length, report.deltas, report.n_deltas);
  report.length += report.n_deltas;
  while (report.length % 4 != 0)
    out[report.length++] = 0;
  self->base = index;
  return report.length;
}
