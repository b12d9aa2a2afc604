/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Gathers datagrams, so that many leave with one system call. */
#include "hub-rtc-out.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>

/* What the kernel cuts a piece into at most (UDP_MAX_SEGMENTS before Linux 6.9), and how long a
 * piece may be: the payload of one UDP datagram over IPv6. */
#define MAX_SEGMENTS 64u
#define MAX_PIECE_BYTES 65487u
/* Where the piece of an address is found; twice as many places as there can be addresses. */
#define PLACES (2 * HUB_RTC_OUT_MAX)

/* Datagrams of one address that leave as one: all as long as the first, but for the last, which may
 * be shorter. */
typedef struct
{
  const HubAddress *to;
  guint n, bytes, segment;
  gboolean complete;
  guint first; /* of its parts */
} Piece;

struct _HubRtcOut
{
  int fd;
  guint n, n_pieces;
  guint64 lost;
  guint16 lengths[HUB_RTC_OUT_MAX];
  guint16 piece_of[HUB_RTC_OUT_MAX]; /* datagram → piece */
  const HubAddress *to[HUB_RTC_OUT_MAX];
  Piece pieces[HUB_RTC_OUT_MAX];
  guint16 places[PLACES]; /* the newest piece of an address, and one; 0: none */
  struct mmsghdr messages[HUB_RTC_OUT_MAX];
  struct iovec parts[HUB_RTC_OUT_MAX];
  union
  {
    guint8 bytes[CMSG_SPACE (sizeof (guint16))];
    struct cmsghdr alignment;
  } controls[HUB_RTC_OUT_MAX];
  HubAddress addresses[HUB_RTC_OUT_MAX];
  guint8 bytes[HUB_RTC_OUT_MAX][HUB_RTC_OUT_BYTES] __attribute__ ((aligned (8)));
};

HubRtcOut *
hub_rtc_out_new (int fd)
{
  HubRtcOut *self = g_new0 (HubRtcOut, 1);

  self->fd = fd;
  return self;
}

void
hub_rtc_out_free (HubRtcOut *self)
{
  g_free (self);
}

guint8 *
hub_rtc_out_next (HubRtcOut *self)
{
  if (self->n == HUB_RTC_OUT_MAX)
    hub_rtc_out_flush (self);
  return self->bytes[self->n];
}

void
hub_rtc_out_push (HubRtcOut *self, gsize length, const HubAddress *to)
{
  self->lengths[self->n] = (guint16) length;
  self->to[self->n] = to;
  self->n++;
}

void
hub_rtc_out_copy (HubRtcOut *self, const guint8 *datagram, gsize length, const HubAddress *to)
{
  guint8 *out = hub_rtc_out_next (self);

  g_return_if_fail (length <= HUB_RTC_OUT_BYTES);
  memcpy (out, datagram, length);
  /* The address may be one of a datagram that came, and is gone before the flush. */
  self->addresses[self->n] = *to;
  hub_rtc_out_push (self, length, &self->addresses[self->n]);
}

/* Where the piece of @to is noted, or would be. */
static guint16 *
find_place (HubRtcOut *self, const HubAddress *to)
{
  guint at = (guint) (((guintptr) to >> 4) * 2654435761u) % PLACES;

  while (self->places[at] != 0 && self->pieces[self->places[at] - 1].to != to)
    at = (at + 1) % PLACES;
  return &self->places[at];
}

static gboolean
takes (const Piece *piece, guint length)
{
  return !piece->complete && length <= piece->segment && piece->n < MAX_SEGMENTS
         && piece->bytes + length <= MAX_PIECE_BYTES;
}

static void
add_to_piece (HubRtcOut *self, guint i)
{
  guint16 *place = find_place (self, self->to[i]);
  guint length = self->lengths[i];
  Piece *piece = *place != 0 ? &self->pieces[*place - 1] : NULL;

  if (piece == NULL || !takes (piece, length))
    {
      piece = &self->pieces[self->n_pieces++];
      *piece = (Piece){ .to = self->to[i], .segment = length };
      *place = (guint16) self->n_pieces;
    }
  self->piece_of[i] = *place - 1;
  piece->n++;
  piece->bytes += length;
  piece->complete = length < piece->segment;
}

/* The parts of each piece stand beside each other. */
static void
place_parts (HubRtcOut *self)
{
  guint first = 0;

  for (guint i = 0; i < self->n_pieces; i++)
    {
      self->pieces[i].first = first;
      first += self->pieces[i].n;
      self->pieces[i].n = 0;
    }
  for (guint i = 0; i < self->n; i++)
    {
      Piece *piece = &self->pieces[self->piece_of[i]];

      self->parts[piece->first + piece->n++] = (struct iovec){ .iov_base = self->bytes[i],
                                                               .iov_len = self->lengths[i] };
    }
}

static void
write_message (HubRtcOut *self, guint i)
{
  const Piece *piece = &self->pieces[i];
  struct msghdr *header = &self->messages[i].msg_hdr;
  struct cmsghdr *control;
  guint16 segment = (guint16) piece->segment;

  *header = (struct msghdr){ .msg_name = (void *) &piece->to->storage,
                             .msg_namelen = piece->to->length,
                             .msg_iov = &self->parts[piece->first],
                             .msg_iovlen = piece->n };
  if (piece->n == 1)
    return;
  header->msg_control = self->controls[i].bytes;
  header->msg_controllen = sizeof self->controls[i].bytes;
  control = CMSG_FIRSTHDR (header);
  control->cmsg_level = IPPROTO_UDP;
  control->cmsg_type = UDP_SEGMENT;
  control->cmsg_len = CMSG_LEN (sizeof segment);
  memcpy (CMSG_DATA (control), &segment, sizeof segment);
}

/* A piece that the kernel does not cut: the way there takes no datagrams of that length uncut, or
 * has no checksums. */
static void
send_uncut (HubRtcOut *self, const Piece *piece)
{
  for (guint i = 0; i < piece->n; i++)
    {
      const struct iovec *part = &self->parts[piece->first + i];

      if (sendto (self->fd, part->iov_base, part->iov_len, MSG_DONTWAIT,
                  (const struct sockaddr *) &piece->to->storage, piece->to->length)
          < 0)
        self->lost++;
    }
}

static void
send_pieces (HubRtcOut *self)
{
  guint done = 0;

  while (done < self->n_pieces)
    {
      const Piece *piece = &self->pieces[done];
      int sent = sendmmsg (self->fd, self->messages + done, self->n_pieces - done, MSG_DONTWAIT);

      if (sent < 0 && errno == EINTR)
        continue;
      if (sent >= 0)
        done += (guint) sent;
      else
        {
          /* The one at the front cannot go; those behind it may. */
          if (piece->n > 1 && (errno == EINVAL || errno == EIO || errno == EMSGSIZE))
            send_uncut (self, piece);
          else
            self->lost += piece->n;
          done++;
        }
    }
}

void
hub_rtc_out_flush (HubRtcOut *self)
{
  if (self->n == 0)
    return;
  self->n_pieces = 0;
  for (guint i = 0; i < self->n; i++)
    add_to_piece (self, i);
  memset (self->places, 0, sizeof self->places);
  place_parts (self);
  for (guint i = 0; i < self->n_pieces; i++)
    write_message (self, i);
  send_pieces (self);
  self->n = 0;
}

guint64
hub_rtc_out_get_lost (const HubRtcOut *self)
{
  return self->lost;
}
