/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The data channels of one page: who may open which, and what goes through them. */
#include "hub-rtc-channels.h"

#include "hub-bytes.h"
#include "hub-pace.h"
#include "hub-sctp.h"

#include <string.h>

/* RFC 8832, 5. */
#define DCEP_ACK 0x02
#define DCEP_OPEN 0x03
#define DCEP_OPEN_BYTES 12u
#define DCEP_RELIABLE 0x00
#define DCEP_REXMIT_UNORDERED 0x81
/* Refusals that are told in a second. */
#define TOLD 4

typedef enum
{
  CLOSED,
  OPEN,
  CLOSING, /* we closed it: the page's direction is still open */
} ChannelState;

typedef struct
{
  ChannelState state;
  guint16 stream;
  HubPace pace;
} Channel;

typedef struct
{
  guint channel;
  GBytes *message;
} Waiting;

struct _HubRtcChannels
{
  HubRtcChannelSet *set;
  const HubRtcChannelHandlers *handlers;
  gpointer data;
  HubSctp *sctp;
  Channel channels[KAREZ_MEDIA_MAX_CHANNELS];
  GQueue waiting; /* Waiting: what SCTP has no room for */
  HubPace told;   /* of refusals */
};

/* The set. */

HubRtcChannelSet *
hub_rtc_channel_set_new (const HubRtcChannelRule *rules, guint n_rules)
{
  HubRtcChannelSet *self = g_atomic_rc_box_new0 (HubRtcChannelSet);

  g_assert (n_rules <= G_N_ELEMENTS (self->rules));
  memcpy (self->rules, rules, n_rules * sizeof *rules);
  self->n_rules = n_rules;
  return self;
}

HubRtcChannelSet *
hub_rtc_channel_set_ref (HubRtcChannelSet *self)
{
  return g_atomic_rc_box_acquire (self);
}

void
hub_rtc_channel_set_unref (HubRtcChannelSet *self)
{
  g_atomic_rc_box_release (self);
}

int
hub_rtc_channel_set_find (const HubRtcChannelSet *self, const char *label)
{
  for (guint i = 0; i < self->n_rules; i++)
    if (g_str_equal (self->rules[i].label, label))
      return (int) i;
  return -1;
}

/* Refusals. */

static void
refuse (HubRtcChannels *self, int channel, const char *rule)
{
  if (hub_pace_left (&self->told, TOLD, TOLD) < 1)
    return;
  hub_pace_spend (&self->told, 1);
  self->handlers->refused (channel, rule, self->data);
}

/* What waits. */

static void
drop_message (HubRtcChannels *self, GBytes *message)
{
  atomic_fetch_sub (&self->set->outgoing, g_bytes_get_size (message));
  g_bytes_unref (message);
}

static void
drop_first (HubRtcChannels *self)
{
  Waiting *first = g_queue_pop_head (&self->waiting);

  drop_message (self, first->message);
  g_free (first);
}

/* Whether it went. What is empty is sent as a byte (RFC 8831, 6.6). */
static gboolean
pass (HubRtcChannels *self, guint channel, GBytes *message)
{
  const HubRtcChannelRule *rule = &self->set->rules[channel];
  gboolean binary = (rule->flags & KAREZ_CHANNEL_BINARY) != 0;
  gsize length = 0;
  const guint8 *bytes = g_bytes_get_data (message, &length);
  guint32 ppid = binary ? HUB_SCTP_PPID_BINARY : HUB_SCTP_PPID_TEXT;

  if (length == 0)
    ppid = binary ? HUB_SCTP_PPID_BINARY_EMPTY : HUB_SCTP_PPID_TEXT_EMPTY;
  return hub_sctp_send (self->sctp, self->channels[channel].stream, ppid,
                        rule->flags & KAREZ_CHANNEL_ONCE ? HUB_SCTP_ONCE : HUB_SCTP_RELIABLE,
                        length > 0 ? bytes : (const guint8 *) "", MAX (length, 1));
}

static void
pass_waiting (HubRtcChannels *self)
{
  Waiting *first;

  while ((first = g_queue_peek_head (&self->waiting)) != NULL)
    {
      if (self->channels[first->channel].state == OPEN
          && !pass (self, first->channel, first->message))
        return;
      drop_first (self);
    }
}

void
hub_rtc_channels_send (HubRtcChannels *self, guint channel, GBytes *message)
{
  Waiting *waiting;

  if (self->set->rules[channel].flags & KAREZ_CHANNEL_ONCE)
    {
      if (self->channels[channel].state == OPEN)
        pass (self, channel, message);
      drop_message (self, message);
      return;
    }
  waiting = g_new0 (Waiting, 1);
  waiting->channel = channel;
  waiting->message = message;
  g_queue_push_tail (&self->waiting, waiting);
  pass_waiting (self);
}

/* Opening and closing. */

static int
find_stream (HubRtcChannels *self, guint16 stream)
{
  for (guint i = 0; i < self->set->n_rules; i++)
    if (self->channels[i].state != CLOSED && self->channels[i].stream == stream)
      return (int) i;
  return -1;
}

static void
close_channel (HubRtcChannels *self, guint channel, ChannelState state)
{
  gboolean open = self->channels[channel].state == OPEN;

  self->channels[channel].state = state;
  if (open)
    self->handlers->changed (channel, FALSE, self->data);
}

static gboolean
is_as_declared (const HubRtcChannelRule *rule, guint8 type, guint32 parameter)
{
  return rule->flags & KAREZ_CHANNEL_ONCE ? type == DCEP_REXMIT_UNORDERED && parameter == 0
                                          : type == DCEP_RELIABLE;
}

/* RFC 8832, 5.1: type, priority, reliability, and the lengths of label and protocol before them. */
static void
take_open (HubRtcChannels *self, guint16 stream, const guint8 *bytes, gsize length)
{
  static const guint8 acknowledgement = DCEP_ACK;
  char label[KAREZ_MEDIA_MAX_LABEL + 1] = "";
  gsize n = length >= DCEP_OPEN_BYTES ? hub_get16 (bytes + 8) : 0;
  int channel = -1;

  if (length >= DCEP_OPEN_BYTES && n < sizeof label
      && length == DCEP_OPEN_BYTES + n + hub_get16 (bytes + 10)
      && memchr (bytes + DCEP_OPEN_BYTES, 0, n) == NULL)
    {
      memcpy (label, bytes + DCEP_OPEN_BYTES, n);
      channel = hub_rtc_channel_set_find (self->set, label);
    }
  if (channel < 0 || self->channels[channel].state != CLOSED
      || !is_as_declared (&self->set->rules[channel], bytes[1], hub_get32 (bytes + 4)))
    {
      hub_sctp_reset (self->sctp, stream);
      refuse (self, channel, "media/channel");
      return;
    }
  if (!hub_sctp_send (self->sctp, stream, HUB_SCTP_PPID_DCEP, HUB_SCTP_RELIABLE, &acknowledgement,
                      1))
    {
      hub_sctp_reset (self->sctp, stream);
      return;
    }
  self->channels[channel].state = OPEN;
  self->channels[channel].stream = stream;
  self->handlers->changed ((guint) channel, TRUE, self->data);
}

static void
take_dcep (HubRtcChannels *self, guint16 stream, const guint8 *bytes, gsize length)
{
  int channel = find_stream (self, stream);

  /* Only the page opens channels, so nothing else is due, and nothing on one that is open. */
  if (channel >= 0)
    {
      hub_sctp_reset (self->sctp, stream);
      close_channel (self, (guint) channel, CLOSING);
      refuse (self, channel, "media/channel");
    }
  else if (bytes != NULL && length > 0 && bytes[0] == DCEP_OPEN)
    take_open (self, stream, bytes, length);
  else
    {
      hub_sctp_reset (self->sctp, stream);
      refuse (self, -1, "media/channel");
    }
}

/* Messages. */

static gboolean
is_of_kind (const HubRtcChannelRule *rule, guint32 ppid)
{
  return rule->flags & KAREZ_CHANNEL_BINARY
             ? ppid == HUB_SCTP_PPID_BINARY || ppid == HUB_SCTP_PPID_BINARY_EMPTY
             : ppid == HUB_SCTP_PPID_TEXT || ppid == HUB_SCTP_PPID_TEXT_EMPTY;
}

/* Why it is not taken; NULL if it is. */
static const char *
judge (HubRtcChannels *self, guint number, guint32 ppid, const guint8 *bytes, gsize length)
{
  const HubRtcChannelRule *rule = &self->set->rules[number];
  Channel *channel = &self->channels[number];

  if (!is_of_kind (rule, ppid))
    return "media/kind";
  if (hub_pace_left (&channel->pace, rule->max_rate, rule->max_rate) < 1)
    return "media/rate";
  hub_pace_spend (&channel->pace, 1);
  if (bytes == NULL || length > rule->max_size)
    return "media/size";
  if (!(rule->flags & KAREZ_CHANNEL_BINARY)
      && !g_utf8_validate_len ((const char *) bytes, length, NULL))
    return "media/kind";
  if (atomic_load (&self->set->incoming) + length > HUB_RTC_MAX_WAITING)
    return "media/waiting";
  return NULL;
}

static void
on_message (guint16 stream, guint32 ppid, const guint8 *bytes, gsize length, gpointer data)
{
  HubRtcChannels *self = data;
  int channel = find_stream (self, stream);
  const char *rule;

  if (ppid == HUB_SCTP_PPID_DCEP)
    {
      take_dcep (self, stream, bytes, length);
      return;
    }
  /* What was under way when we closed it. */
  if (channel < 0 || self->channels[channel].state != OPEN)
    return;
  if (ppid == HUB_SCTP_PPID_TEXT_EMPTY || ppid == HUB_SCTP_PPID_BINARY_EMPTY)
    length = 0;
  rule = judge (self, (guint) channel, ppid, bytes, length);
  if (rule != NULL)
    {
      refuse (self, channel, rule);
      return;
    }
  atomic_fetch_add (&self->set->incoming, length);
  self->handlers->message ((guint) channel, g_bytes_new (bytes, length), self->data);
}

static void
on_reset (guint16 stream, gpointer data)
{
  HubRtcChannels *self = data;
  int channel = find_stream (self, stream);

  if (channel < 0)
    return;
  /* RFC 8831, 6.7: then ours is closed, too. */
  if (self->channels[channel].state == OPEN)
    hub_sctp_reset (self->sctp, stream);
  close_channel (self, (guint) channel, CLOSED);
}

static void
on_send (const guint8 *packet, gsize length, gpointer data)
{
  HubRtcChannels *self = data;

  self->handlers->send (packet, length, self->data);
}

static void
on_down (gpointer data)
{
  HubRtcChannels *self = data;

  for (guint i = 0; i < self->set->n_rules; i++)
    close_channel (self, i, CLOSED);
  pass_waiting (self);
}

static const HubSctpHandlers sctp_handlers = { on_send, on_down, on_message, on_reset };

/* The whole. */

HubRtcChannels *
hub_rtc_channels_new (HubRtcChannelSet *set, guint16 port, const HubRtcChannelHandlers *handlers,
                      gpointer data, GError **error)
{
  HubRtcChannels *self = g_new0 (HubRtcChannels, 1);

  self->set = hub_rtc_channel_set_ref (set);
  self->handlers = handlers;
  self->data = data;
  self->sctp = hub_sctp_new (port, &sctp_handlers, self, error);
  if (self->sctp == NULL)
    g_clear_pointer (&self, hub_rtc_channels_free);
  return self;
}

void
hub_rtc_channels_free (HubRtcChannels *self)
{
  g_clear_pointer (&self->sctp, hub_sctp_free);
  while (!g_queue_is_empty (&self->waiting))
    drop_first (self);
  hub_rtc_channel_set_unref (self->set);
  g_free (self);
}

HubRtcChannelSet *
hub_rtc_channels_get_set (HubRtcChannels *self)
{
  return self->set;
}

void
hub_rtc_channels_start (HubRtcChannels *self)
{
  hub_sctp_start (self->sctp);
}

void
hub_rtc_channels_take (HubRtcChannels *self, const guint8 *packet, gsize length)
{
  hub_sctp_take (self->sctp, packet, length);
  pass_waiting (self);
}

void
hub_rtc_channels_tick (HubRtcChannels *self)
{
  hub_sctp_poll (self->sctp);
  pass_waiting (self);
}
