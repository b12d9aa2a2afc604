/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One path of a link: keepalives, round trip, loss. */
#include "hub-link-path.h"

#include <errno.h>

#define KIND_KEEPALIVE 1
/* RFC 6298, 2: gains of the round trip and of its spread, as shifts. */
#define GAIN_RTT 3
#define GAIN_VAR 2
#define GAIN_LEAD 4

void
hub_link_path_init (HubLinkPath *self, guint number, int socket, const HubAddress *local,
                    const HubAddress *remote)
{
  *self = (HubLinkPath){ .number = number, .socket = socket, .local = *local, .remote = *remote };
}

void
hub_link_path_reset (HubLinkPath *self)
{
  const HubLinkPath old = *self;

  hub_link_path_init (self, old.number, old.socket, &old.local, &old.remote);
}

void
hub_link_path_send (HubLinkPath *self, const guint8 *datagram, gsize length)
{
  gssize done;

  do
    done = sendto (self->socket, datagram, length, MSG_DONTWAIT | MSG_NOSIGNAL,
                   (const struct sockaddr *) &self->remote.storage, self->remote.length);
  while (done < 0 && errno == EINTR);

  if (done < 0)
    self->send_failed++;
  else
    self->sent++;
}

void
hub_link_path_write_keepalive (const HubLinkPath *self, gint64 now, guint8 *out)
{
  memset (out, 0, HUB_LINK_KEEPALIVE_BYTES);
  out[0] = KIND_KEEPALIVE;
  out[1] = (guint8) self->number;
  hub_put64 (out + 8, (guint64) now);
  hub_put64 (out + 16, (guint64) self->peer_stamp);
  hub_put64 (out + 24, self->peer_stamp > 0 ? (guint64) (now - self->heard) : 0);
  hub_put64 (out + 32, self->sent + 1);
}

int
hub_link_path_peek_keepalive (const guint8 *payload, gsize length)
{
  static const guint8 reserved[6];

  if (length != HUB_LINK_KEEPALIVE_BYTES || payload[0] != KIND_KEEPALIVE
      || memcmp (payload + 2, reserved, sizeof reserved) != 0)
    return -1;
  if (hub_get64 (payload + 8) == 0 || hub_get64 (payload + 8) > G_MAXINT64)
    return -1;
  return payload[1];
}

/* What came back of our own stamp, unless it cannot be true. */
static void
measure_rtt (HubLinkPath *self, const guint8 *payload, gint64 now)
{
  guint64 echo = hub_get64 (payload + 16), hold = hub_get64 (payload + 24);
  gint64 rtt;

  if (echo == 0 || echo > (guint64) now || hold > (guint64) now - echo
      || (gint64) echo <= self->confirmed)
    return;
  self->confirmed = (gint64) echo;
  rtt = MAX (now - (gint64) echo - (gint64) hold, 1);
  if (self->rtt == 0)
    {
      self->rtt = rtt;
      self->rtt_var = rtt / 2;
      return;
    }
  self->rtt_var += (ABS (rtt - self->rtt) - self->rtt_var) >> GAIN_VAR;
  self->rtt += (rtt - self->rtt) >> GAIN_RTT;
  self->rtt = MAX (self->rtt, 1);
}

static void
measure_loss (HubLinkPath *self, guint64 peer_sent)
{
  guint64 before_sent = self->peer_sent, before_lost = self->lost;

  if (self->heard == 0)
    self->unheard = peer_sent > self->received ? peer_sent - self->received : 0;
  peer_sent = peer_sent > self->unheard ? peer_sent - self->unheard : 0;
  if (peer_sent <= before_sent)
    return;
  self->peer_sent = peer_sent;
  self->lost = peer_sent > self->received ? peer_sent - self->received : 0;
  if (self->heard > 0)
    {
      double share = ((double) self->lost - (double) before_lost)
                     / (double) (peer_sent - before_sent);

      self->loss += (CLAMP (share, 0, 1) - self->loss) / 8;
    }
}

gboolean
hub_link_path_take_keepalive (HubLinkPath *self, const guint8 *payload, gint64 now,
                              const HubAddress *source)
{
  gint64 stamp = (gint64) hub_get64 (payload + 8);
  gboolean was_alive = self->alive;

  if (stamp <= self->peer_stamp)
    return FALSE;
  measure_rtt (self, payload, now);
  measure_loss (self, hub_get64 (payload + 32));
  self->peer_stamp = stamp;
  self->heard = now;
  self->remote = *source;
  hub_link_path_check (self, now);
  /* Answered also when it has just become alive: the peer needs the echo to know it too. */
  return !was_alive;
}

void
hub_link_path_note_lead (HubLinkPath *self, gint64 microseconds)
{
  self->lead += (microseconds - self->lead) >> GAIN_LEAD;
}

void
hub_link_path_note_late (HubLinkPath *self, gint64 microseconds)
{
  self->late += (microseconds - self->late) >> GAIN_LEAD;
}

gboolean
hub_link_path_check (HubLinkPath *self, gint64 now)
{
  self->alive = self->heard > 0 && now - self->heard <= HUB_LINK_SILENCE_US && self->confirmed > 0
                && now - self->confirmed <= HUB_LINK_UNCONFIRMED_US;
  return self->alive;
}

gint64
hub_link_path_cost (const HubLinkPath *self)
{
  return self->rtt + 2 * self->rtt_var + (gint64) (self->loss * 100 * 20000);
}

JsonNode *
hub_link_path_to_json (const HubLinkPath *self)
{
  g_autofree char *local = hub_address_print (&self->local);
  g_autofree char *remote = hub_address_print (&self->remote);
  g_autofree char *name = g_strdup_printf ("%s → %s", local, remote);
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "name", name);
  json_object_set_boolean_member (object, "alive", self->alive);
  if (self->rtt > 0)
    json_object_set_double_member (object, "rtt_ms", (double) self->rtt / 1000);
  else
    json_object_set_null_member (object, "rtt_ms");
  json_object_set_int_member (object, "lost", (gint64) self->lost);
  json_object_set_int_member (object, "received", (gint64) self->received);
  json_object_set_int_member (object, "sent", (gint64) self->sent);
  json_object_set_int_member (object, "send_failed", (gint64) self->send_failed);
  json_object_set_int_member (object, "first", (gint64) self->first);
  json_object_set_double_member (object, "lead_ms", (double) self->lead / 1000);
  json_object_set_double_member (object, "late_ms", (double) self->late / 1000);
  json_node_take_object (node, object);
  return node;
}
