/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* RTCP packets (RFC 3550, RFC 4585, RFC 5104): read and written. */
#include "hub-rtcp.h"

#include <gst/rtp/gstrtcpbuffer.h>

#define MAX_BLOCKS 31u
/* RFC 3550, 6.4: in words. */
#define BLOCK_WORDS 6u
#define SENDER_HEAD_WORDS 7u
#define RECEIVER_HEAD_WORDS 2u
#define INTRA_REQUEST_BYTES 8u /* RFC 5104, 4.3.1.1 */

struct _HubRtcp
{
  GstBuffer *buffer; /* over memory; its size is what is in there */
  GstRTCPBuffer map;
  GstRTCPPacket reports; /* the receiver's report that blocks are added to */
  guint n_blocks;        /* in it; 0 for none */
  guint8 memory[HUB_RTP_MAX_PACKET];
};

HubRtcp *
hub_rtcp_new (void)
{
  HubRtcp *self = g_new0 (HubRtcp, 1);

  g_assert (gst_is_initialized ());
  self->buffer = gst_buffer_new_wrapped_full (0, self->memory, sizeof self->memory, 0, 0, NULL,
                                              NULL);
  return self;
}

void
hub_rtcp_free (HubRtcp *self)
{
  gst_buffer_unref (self->buffer);
  g_free (self);
}

/* Reading. */

/* @head: the words before the blocks. GStreamer believes the count, and leaves what it does not
 * find as it was. */
static void
read_blocks (GstRTCPPacket *packet, guint head, const HubRtcpHandlers *handlers, gpointer data)
{
  guint n = MIN (gst_rtcp_packet_get_rb_count (packet),
                 (gst_rtcp_packet_get_length (packet) + 1u - head) / BLOCK_WORDS);

  for (guint i = 0; i < n && handlers->report != NULL; i++)
    {
      HubRtpReport report;
      guint32 ssrc;

      gst_rtcp_packet_get_rb (packet, i, &ssrc, &report.fraction_lost, &report.lost,
                              &report.highest, &report.jitter, &report.last_report, &report.delay);
      handlers->report (ssrc, &report, data);
    }
}

static void
read_sender (GstRTCPPacket *packet, const HubRtcpHandlers *handlers, gpointer data)
{
  HubRtcpSender sender;

  gst_rtcp_packet_sr_get_sender_info (packet, &sender.ssrc, &sender.ntp, &sender.rtp_time,
                                      &sender.packets, &sender.bytes);
  if (handlers->sender != NULL)
    handlers->sender (&sender, data);
  read_blocks (packet, SENDER_HEAD_WORDS, handlers, data);
}

static void
read_missing (guint32 ssrc, const guint8 *fci, gsize length, const HubRtcpHandlers *handlers,
              gpointer data)
{
  for (gsize i = 0; i + 4 <= length && handlers->missing != NULL; i += 4)
    {
      guint16 sequence = hub_get16 (fci + i), following = hub_get16 (fci + i + 2);

      handlers->missing (ssrc, sequence, data);
      for (guint bit = 0; bit < 16; bit++)
        if (following & (1u << bit))
          handlers->missing (ssrc, (guint16) (sequence + bit + 1), data);
    }
}

/* Each names its stream inside. */
static void
read_intra_requests (const guint8 *fci, gsize length, const HubRtcpHandlers *handlers,
                     gpointer data)
{
  for (gsize i = 0; i + INTRA_REQUEST_BYTES <= length && handlers->picture != NULL;
       i += INTRA_REQUEST_BYTES)
    handlers->picture (hub_get32 (fci + i), data);
}

static void
read_byes (GstRTCPPacket *packet, const HubRtcpHandlers *handlers, gpointer data)
{
  guint n = MIN (gst_rtcp_packet_bye_get_ssrc_count (packet), gst_rtcp_packet_get_length (packet));

  for (guint i = 0; i < n && handlers->bye != NULL; i++)
    handlers->bye (gst_rtcp_packet_bye_get_nth_ssrc (packet, i), data);
}

/* What a padded packet really says: its last byte is how many bytes come to nothing (RFC 3550,
 * 6.4.1). A count that cannot be leaves nothing. */
static gsize
without_padding (GstRTCPPacket *packet, const guint8 *fci, gsize length)
{
  guint8 padding = length > 0 && gst_rtcp_packet_get_padding (packet) ? fci[length - 1] : 0;

  return padding > length || padding % 4 != 0 ? 0 : length - padding;
}

static void
read_feedback (GstRTCPPacket *packet, const HubRtcpHandlers *handlers, gpointer data)
{
  gboolean payload = gst_rtcp_packet_get_type (packet) == GST_RTCP_TYPE_PSFB;
  guint32 ssrc = gst_rtcp_packet_fb_get_media_ssrc (packet);
  gsize length = 4u * gst_rtcp_packet_fb_get_fci_length (packet);
  const guint8 *fci = gst_rtcp_packet_fb_get_fci (packet);
  GstRTCPFBType type = gst_rtcp_packet_fb_get_type (packet);

  if (payload && type == GST_RTCP_PSFB_TYPE_PLI && handlers->picture != NULL)
    handlers->picture (ssrc, data);
  length = fci != NULL ? without_padding (packet, fci, length) : 0;
  if (length == 0)
    return;
  if (payload && type == GST_RTCP_PSFB_TYPE_FIR)
    read_intra_requests (fci, length, handlers, data);
  else if (!payload && type == GST_RTCP_RTPFB_TYPE_NACK)
    read_missing (ssrc, fci, length, handlers, data);
  else if (!payload && type == GST_RTCP_RTPFB_TYPE_TWCC && handlers->feedback != NULL)
    handlers->feedback (fci, length, data);
}

static void
read_packet (GstRTCPPacket *packet, const HubRtcpHandlers *handlers, gpointer data)
{
  switch (gst_rtcp_packet_get_type (packet))
    {
    case GST_RTCP_TYPE_SR:
      read_sender (packet, handlers, data);
      return;
    case GST_RTCP_TYPE_RR:
      read_blocks (packet, RECEIVER_HEAD_WORDS, handlers, data);
      return;
    case GST_RTCP_TYPE_RTPFB:
    case GST_RTCP_TYPE_PSFB:
      read_feedback (packet, handlers, data);
      return;
    case GST_RTCP_TYPE_BYE:
      read_byes (packet, handlers, data);
      return;
    default:
      return;
    }
}

gboolean
hub_rtcp_read (HubRtcp *self, const guint8 *packet, gsize length, const HubRtcpHandlers *handlers,
               gpointer data)
{
  GstRTCPPacket part;
  gboolean more;

  if (length > sizeof self->memory
      || !gst_rtcp_buffer_validate_data_reduced ((guint8 *) packet, (guint) length))
    return FALSE;
  memcpy (self->memory, packet, length);
  gst_buffer_set_size (self->buffer, (gssize) length);
  self->map = (GstRTCPBuffer) GST_RTCP_BUFFER_INIT;
  if (!gst_rtcp_buffer_map (self->buffer, GST_MAP_READ, &self->map))
    return FALSE;
  for (more = gst_rtcp_buffer_get_first_packet (&self->map, &part); more;
       more = gst_rtcp_packet_move_to_next (&part))
    read_packet (&part, handlers, data);
  gst_rtcp_buffer_unmap (&self->map);
  return TRUE;
}

/* Writing. */

void
hub_rtcp_begin (HubRtcp *self)
{
  gst_buffer_set_size (self->buffer, 0);
  self->map = (GstRTCPBuffer) GST_RTCP_BUFFER_INIT;
  self->n_blocks = 0;
  gst_rtcp_buffer_map (self->buffer, GST_MAP_READWRITE, &self->map);
}

/* GstRTCPBuffer would fill all of its memory; what SRTP adds must fit into a datagram, too. */
static gboolean
has_room (HubRtcp *self, gsize length)
{
  return self->map.map.size + length <= HUB_RTCP_MAX_PACKET;
}

static gboolean
add (HubRtcp *self, GstRTCPType type, gsize length, GstRTCPPacket *packet)
{
  self->n_blocks = 0;
  return has_room (self, length) && gst_rtcp_buffer_add_packet (&self->map, type, packet);
}

gboolean
hub_rtcp_add_sender (HubRtcp *self, const HubRtcpSender *report)
{
  GstRTCPPacket packet;

  if (!add (self, GST_RTCP_TYPE_SR, 28, &packet))
    return FALSE;
  gst_rtcp_packet_sr_set_sender_info (&packet, report->ssrc, report->ntp, report->rtp_time,
                                      report->packets, report->bytes);
  return TRUE;
}

gboolean
hub_rtcp_add_report (HubRtcp *self, guint32 own, guint32 ssrc, const HubRtpReport *report)
{
  if (self->n_blocks == 0 || self->n_blocks == MAX_BLOCKS)
    {
      if (!add (self, GST_RTCP_TYPE_RR, 8 + 24, &self->reports))
        return FALSE;
      gst_rtcp_packet_rr_set_ssrc (&self->reports, own);
    }
  if (!has_room (self, 24)
      || !gst_rtcp_packet_add_rb (&self->reports, ssrc, report->fraction_lost, report->lost,
                                  report->highest, report->jitter, report->last_report,
                                  report->delay))
    return FALSE;
  self->n_blocks++;
  return TRUE;
}

/* Returns where the control information goes, or NULL. */
static guint8 *
add_feedback (HubRtcp *self, GstRTCPType type, GstRTCPFBType format, guint32 own, guint32 ssrc,
              gsize length)
{
  GstRTCPPacket packet;

  if (!add (self, type, 12 + length, &packet))
    return NULL;
  gst_rtcp_packet_fb_set_type (&packet, format);
  gst_rtcp_packet_fb_set_sender_ssrc (&packet, own);
  gst_rtcp_packet_fb_set_media_ssrc (&packet, ssrc);
  if (length == 0)
    return self->memory;
  if (!gst_rtcp_packet_fb_set_fci_length (&packet, (guint16) (length / 4)))
    {
      gst_rtcp_packet_remove (&packet);
      return NULL;
    }
  return gst_rtcp_packet_fb_get_fci (&packet);
}

/* How many of the numbers fit into one entry: the first, and those up to 16 behind it. */
static guint
pack_missing (const guint16 *sequences, guint n, guint16 *following)
{
  guint i;

  *following = 0;
  for (i = 1; i < n; i++)
    {
      guint16 distance = (guint16) (sequences[i] - sequences[0]);

      if (distance == 0 || distance > 16)
        break;
      *following |= (guint16) (1u << (distance - 1));
    }
  return i;
}

gboolean
hub_rtcp_add_missing (HubRtcp *self, guint32 own, guint32 ssrc, const guint16 *sequences, guint n)
{
  guint8 entries[4 * HUB_RTP_MAX_MISSING], *fci;
  gsize length = 0;

  for (guint done = 0; done < n && length < sizeof entries; length += 4)
    {
      guint16 following;
      guint took = pack_missing (sequences + done, n - done, &following);

      hub_put16 (entries + length, sequences[done]);
      hub_put16 (entries + length + 2, following);
      done += took;
    }
  fci = add_feedback (self, GST_RTCP_TYPE_RTPFB, GST_RTCP_RTPFB_TYPE_NACK, own, ssrc, length);
  if (fci == NULL)
    return FALSE;
  memcpy (fci, entries, length);
  return TRUE;
}

gboolean
hub_rtcp_add_picture (HubRtcp *self, guint32 own, guint32 ssrc)
{
  return add_feedback (self, GST_RTCP_TYPE_PSFB, GST_RTCP_PSFB_TYPE_PLI, own, ssrc, 0) != NULL;
}

gboolean
hub_rtcp_add_feedback (HubRtcp *self, guint32 own, guint32 ssrc, const guint8 *information,
                       gsize length)
{
  guint8 *fci = add_feedback (self, GST_RTCP_TYPE_RTPFB, GST_RTCP_RTPFB_TYPE_TWCC, own, ssrc,
                              length);

  if (fci == NULL)
    return FALSE;
  memcpy (fci, information, length);
  return TRUE;
}

const guint8 *
hub_rtcp_end (HubRtcp *self, gsize *length)
{
  *length = self->map.map.size;
  gst_rtcp_buffer_unmap (&self->map);
  return self->memory;
}
