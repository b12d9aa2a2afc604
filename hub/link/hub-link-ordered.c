/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An ordered, reliable stream over a link's datagrams. */
#include "hub-link-ordered.h"

#define KIND_FRAGMENT 1
#define KIND_ACK 2
#define FLAG_LAST 1

#define FIRST_RTO (300 * 1000)
#define LEAST_RTO (50 * 1000)
#define LONGEST_RTO (2000 * 1000)
#define LEAST_REORDER (2 * 1000)

#define FIRST_ALLOWED 32.0
#define LEAST_ALLOWED 16.0

/* A fragment that was sent. The bytes are the message's own. */
typedef struct
{
  GBytes *message;
  gsize offset, length;
  gint64 sent_at;
  guint tries;
  gboolean last, acked, lost;
} Outgoing;

/* A fragment that came before the one that is due. */
typedef struct
{
  guint8 *data; /* NULL: not here */
  guint16 length;
  gboolean last;
} Incoming;

struct _HubLinkOrdered
{
  HubLinkOrderedMessageFunc message;
  gpointer data;

  /* Sending: [oldest, next) are under way, at number % window. */
  GQueue queue; /* of GBytes, not yet all under way */
  gsize queue_offset;
  gsize waiting;
  guint64 oldest, next;
  Outgoing out[HUB_LINK_ORDERED_WINDOW];
  guint n_under_way;
  double allowed;
  guint64 recovery; /* losses below it belong to the last shrinking */
  gint64 rtt, rtt_var, least_rtt;
  gint64 newest_arrived; /* the latest sending time of what has arrived */
  guint64 n_sent, n_repeated;

  /* Receiving. */
  guint64 cumulative, latest;
  Incoming in[HUB_LINK_ORDERED_WINDOW];
  GByteArray *assembly;
  gboolean skipping; /* a message that is too long is left out to its end */
  gboolean ack_due;
};

static void
clear (HubLinkOrdered *self)
{
  g_queue_clear_full (&self->queue, (GDestroyNotify) g_bytes_unref);
  for (guint i = 0; i < HUB_LINK_ORDERED_WINDOW; i++)
    {
      g_clear_pointer (&self->out[i].message, g_bytes_unref);
      g_clear_pointer (&self->in[i].data, g_free);
    }
  g_clear_pointer (&self->assembly, g_byte_array_unref);
}

static void
start (HubLinkOrdered *self)
{
  const HubLinkOrdered old = *self;

  *self = (HubLinkOrdered){
    .message = old.message,
    .data = old.data,
    .queue = G_QUEUE_INIT,
    .oldest = 1,
    .next = 1,
    .allowed = FIRST_ALLOWED,
    .recovery = 1,
    .newest_arrived = G_MININT64,
    .n_sent = old.n_sent,
    .n_repeated = old.n_repeated,
    .assembly = g_byte_array_new (),
  };
}

HubLinkOrdered *
hub_link_ordered_new (HubLinkOrderedMessageFunc message, gpointer data)
{
  HubLinkOrdered *self = g_new0 (HubLinkOrdered, 1);

  self->message = message;
  self->data = data;
  start (self);
  return self;
}

void
hub_link_ordered_free (HubLinkOrdered *self)
{
  clear (self);
  g_free (self);
}

void
hub_link_ordered_reset (HubLinkOrdered *self)
{
  clear (self);
  start (self);
}

gsize
hub_link_ordered_get_waiting (const HubLinkOrdered *self)
{
  return self->waiting;
}

guint64
hub_link_ordered_get_sent (const HubLinkOrdered *self)
{
  return self->n_sent;
}

guint64
hub_link_ordered_get_repeated (const HubLinkOrdered *self)
{
  return self->n_repeated;
}

gboolean
hub_link_ordered_push (HubLinkOrdered *self, GBytes *message)
{
  gsize size = g_bytes_get_size (message) + HUB_LINK_ORDERED_OVERHEAD;

  g_assert (g_bytes_get_size (message) <= HUB_LINK_ORDERED_MAX_MESSAGE);
  if (self->waiting + size > HUB_LINK_ORDERED_MAX_WAITING)
    return FALSE;
  self->waiting += size;
  g_queue_push_tail (&self->queue, g_bytes_ref (message));
  return TRUE;
}

static Outgoing *
outgoing (HubLinkOrdered *self, guint64 number)
{
  return &self->out[number % HUB_LINK_ORDERED_WINDOW];
}

static gint64
time_out (const HubLinkOrdered *self, guint tries)
{
  gint64 base = self->rtt > 0 ? self->rtt + MAX (4 * self->rtt_var, LEAST_REORDER) : FIRST_RTO;

  base = CLAMP (base, LEAST_RTO, LONGEST_RTO);
  return MIN (base << MIN (tries - 1, 6u), LONGEST_RTO);
}

/* RFC 6298, 2. */
static void
measure (HubLinkOrdered *self, gint64 rtt)
{
  rtt = MAX (rtt, 1);
  self->least_rtt = self->least_rtt > 0 ? MIN (self->least_rtt, rtt) : rtt;
  if (self->rtt == 0)
    {
      self->rtt = rtt;
      self->rtt_var = rtt / 2;
      return;
    }
  self->rtt_var += (ABS (rtt - self->rtt) - self->rtt_var) / 4;
  self->rtt = MAX (self->rtt + (rtt - self->rtt) / 8, 1);
}

static void
acknowledge (HubLinkOrdered *self, guint64 number, guint64 latest, gint64 now)
{
  Outgoing *fragment = outgoing (self, number);

  if (fragment->acked)
    return;
  fragment->acked = TRUE;
  if (!fragment->lost)
    self->n_under_way--;
  self->allowed = MIN (self->allowed + 1, HUB_LINK_ORDERED_WINDOW);
  self->waiting -= fragment->length;
  if (fragment->last)
    self->waiting -= HUB_LINK_ORDERED_OVERHEAD;
  /* Karn: of a fragment sent twice nobody knows which sending arrived. */
  if (fragment->tries == 1 && number == latest)
    measure (self, now - fragment->sent_at);
  if (fragment->tries == 1 || now - fragment->sent_at >= self->least_rtt)
    self->newest_arrived = MAX (self->newest_arrived, fragment->sent_at);
  g_clear_pointer (&fragment->message, g_bytes_unref);
}

static gboolean
take_ack (HubLinkOrdered *self, const guint8 *payload, gsize length, gint64 now)
{
  static const guint8 reserved[7];
  guint64 cumulative, latest;

  if (length != HUB_LINK_ACK_BYTES || memcmp (payload + 1, reserved, sizeof reserved) != 0)
    return FALSE;
  cumulative = hub_get64 (payload + 8);
  latest = hub_get64 (payload + 16);
  if (cumulative >= self->next || latest >= self->next)
    return FALSE;

  for (guint64 n = self->oldest; n <= cumulative; n++)
    acknowledge (self, n, latest, now);
  for (guint i = 0; i < HUB_LINK_ORDERED_WINDOW; i++)
    {
      guint64 number = cumulative + 1 + i;

      if (number >= self->oldest && number < self->next && (payload[24 + i / 8] >> (i % 8)) & 1)
        acknowledge (self, number, latest, now);
    }
  while (self->oldest < self->next && outgoing (self, self->oldest)->acked)
    self->oldest++;
  return TRUE;
}

/* Adds the fragment that is due to the message, and hands out the message that it ends. */
static void
assemble (HubLinkOrdered *self, Incoming *fragment)
{
  g_autofree guint8 *data = g_steal_pointer (&fragment->data);
  GByteArray *assembly = self->assembly;
  gboolean last = fragment->last;

  if (assembly->len + fragment->length > HUB_LINK_ORDERED_MAX_MESSAGE)
    self->skipping = TRUE;
  if (!self->skipping)
    g_byte_array_append (assembly, data, fragment->length);
  if (!last)
    return;

  self->assembly = g_byte_array_new ();
  if (self->skipping)
    {
      self->skipping = FALSE;
      g_byte_array_unref (assembly);
      return;
    }

  g_autoptr (GBytes) message = g_byte_array_free_to_bytes (assembly);

  self->message (message, self->data);
}

static gboolean
take_fragment (HubLinkOrdered *self, const guint8 *payload, gsize length)
{
  static const guint8 reserved[6];
  guint64 number;
  gboolean last;
  Incoming *fragment;

  if (length < HUB_LINK_FRAGMENT_HEADER || length > KAREZ_LINK_MAX_DATAGRAM
      || payload[1] > FLAG_LAST || memcmp (payload + 2, reserved, sizeof reserved) != 0)
    return FALSE;
  number = hub_get64 (payload + 8);
  last = payload[1] == FLAG_LAST;
  length -= HUB_LINK_FRAGMENT_HEADER;
  if (number == 0 || (length == 0 && !last))
    return FALSE;

  /* What came before is acknowledged again: the acknowledgement may have been lost. */
  self->ack_due = TRUE;
  if (number <= self->cumulative || number - self->cumulative > HUB_LINK_ORDERED_WINDOW)
    return TRUE;
  self->latest = number;
  fragment = &self->in[number % HUB_LINK_ORDERED_WINDOW];
  if (fragment->data != NULL)
    return TRUE;
  fragment->data = g_malloc (MAX (length, 1));
  memcpy (fragment->data, payload + HUB_LINK_FRAGMENT_HEADER, length);
  fragment->length = (guint16) length;
  fragment->last = last;

  /* The message's function may reset everything: the state is read anew in each round. */
  while ((fragment = &self->in[(self->cumulative + 1) % HUB_LINK_ORDERED_WINDOW])->data != NULL)
    {
      self->cumulative++;
      assemble (self, fragment);
    }
  return TRUE;
}

gboolean
hub_link_ordered_take (HubLinkOrdered *self, const guint8 *payload, gsize length, gint64 now)
{
  if (length == 0)
    return FALSE;
  if (payload[0] == KIND_FRAGMENT)
    return take_fragment (self, payload, length);
  if (payload[0] == KIND_ACK)
    return take_ack (self, payload, length, now);
  return FALSE;
}

static void
send_ack (HubLinkOrdered *self, HubLinkOrderedSendFunc send, gpointer data)
{
  guint8 payload[HUB_LINK_ACK_BYTES] = { KIND_ACK };

  hub_put64 (payload + 8, self->cumulative);
  hub_put64 (payload + 16, self->latest);
  for (guint i = 0; i < HUB_LINK_ORDERED_WINDOW; i++)
    if (self->in[(self->cumulative + 1 + i) % HUB_LINK_ORDERED_WINDOW].data != NULL)
      payload[24 + i / 8] |= (guint8) (1u << (i % 8));
  self->ack_due = FALSE;
  send (payload, sizeof payload, data);
}

static void
send_fragment (HubLinkOrdered *self, guint64 number, gint64 now, HubLinkOrderedSendFunc send,
               gpointer data)
{
  guint8 payload[KAREZ_LINK_MAX_DATAGRAM] = { KIND_FRAGMENT };
  Outgoing *fragment = outgoing (self, number);
  const guint8 *bytes = g_bytes_get_data (fragment->message, NULL);

  payload[1] = fragment->last ? FLAG_LAST : 0;
  hub_put64 (payload + 8, number);
  if (fragment->length > 0)
    memcpy (payload + HUB_LINK_FRAGMENT_HEADER, bytes + fragment->offset, fragment->length);
  self->n_sent++;
  if (fragment->tries > 0)
    self->n_repeated++;
  fragment->tries++;
  fragment->lost = FALSE;
  fragment->sent_at = now;
  self->n_under_way++;
  send (payload, HUB_LINK_FRAGMENT_HEADER + fragment->length, data);
}

/* Cuts the next fragment out of the queue. */
static gboolean
cut_fragment (HubLinkOrdered *self)
{
  GBytes *message = g_queue_peek_head (&self->queue);
  Outgoing *fragment;
  gsize size;

  if (message == NULL || self->next - self->oldest >= HUB_LINK_ORDERED_WINDOW)
    return FALSE;
  size = g_bytes_get_size (message);
  fragment = outgoing (self, self->next);
  *fragment = (Outgoing){
    .message = g_bytes_ref (message),
    .offset = self->queue_offset,
    .length = MIN (size - self->queue_offset, HUB_LINK_FRAGMENT_MAX),
  };
  self->queue_offset += fragment->length;
  if (self->queue_offset == size)
    {
      fragment->last = TRUE;
      self->queue_offset = 0;
      g_bytes_unref (g_queue_pop_head (&self->queue));
    }
  self->next++;
  return TRUE;
}

static void
find_losses (HubLinkOrdered *self, gint64 now)
{
  gint64 reorder = MAX (self->rtt / 4, LEAST_REORDER);

  for (guint64 n = self->oldest; n < self->next; n++)
    {
      Outgoing *fragment = outgoing (self, n);

      if (fragment->acked || fragment->lost)
        continue;
      if (now - fragment->sent_at < time_out (self, fragment->tries)
          && self->newest_arrived < fragment->sent_at + reorder)
        continue;
      fragment->lost = TRUE;
      self->n_under_way--;
      if (n >= self->recovery)
        {
          self->allowed = MAX (self->allowed * 0.7, LEAST_ALLOWED);
          self->recovery = self->next;
        }
    }
}

gint64
hub_link_ordered_poll (HubLinkOrdered *self, gint64 now, HubLinkOrderedSendFunc send, gpointer data)
{
  gint64 deadline = G_MAXINT64;

  if (self->ack_due)
    send_ack (self, send, data);
  find_losses (self, now);
  for (guint64 n = self->oldest; n < self->next && self->n_under_way < (guint) self->allowed; n++)
    if (outgoing (self, n)->lost && !outgoing (self, n)->acked)
      send_fragment (self, n, now, send, data);
  while (self->n_under_way < (guint) self->allowed && cut_fragment (self))
    send_fragment (self, self->next - 1, now, send, data);

  for (guint64 n = self->oldest; n < self->next; n++)
    {
      const Outgoing *fragment = outgoing (self, n);

      if (!fragment->acked && !fragment->lost)
        deadline = MIN (deadline, fragment->sent_at + time_out (self, fragment->tries));
    }
  return deadline;
}
