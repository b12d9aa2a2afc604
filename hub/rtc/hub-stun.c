/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* STUN binding requests of ICE lite (RFC 8489, RFC 8445). */
#include "hub-stun.h"

#include <stun/stunagent.h>
#include <stun/usages/ice.h>

static const uint16_t known[] = { STUN_ATTRIBUTE_USERNAME,        STUN_ATTRIBUTE_MESSAGE_INTEGRITY,
                                  STUN_ATTRIBUTE_FINGERPRINT,     STUN_ATTRIBUTE_PRIORITY,
                                  STUN_ATTRIBUTE_USE_CANDIDATE,   STUN_ATTRIBUTE_ICE_CONTROLLED,
                                  STUN_ATTRIBUTE_ICE_CONTROLLING, 0 };

struct _HubStun
{
  StunAgent agent;
  HubStunPasswordFunc password;
  gpointer data;
  char *ufrag; /* where the name of the check under way goes; not owned */
};

HubStun *
hub_stun_new (HubStunPasswordFunc password, gpointer data)
{
  HubStun *self = g_new0 (HubStun, 1);

  self->password = password;
  self->data = data;
  stun_agent_init (&self->agent, known, STUN_COMPATIBILITY_RFC5389,
                   STUN_AGENT_USAGE_SHORT_TERM_CREDENTIALS | STUN_AGENT_USAGE_USE_FINGERPRINT);
  return self;
}

void
hub_stun_free (HubStun *self)
{
  g_free (self);
}

/* The name is "ours:theirs": RFC 8445, 7.2.2. */
static bool
find_password (StunAgent *agent, StunMessage *message, uint8_t *name, uint16_t length,
               uint8_t **password, size_t *password_length, void *data)
{
  HubStun *self = data;
  const char *found;

  if (name == NULL || length <= HUB_STUN_UFRAG_LENGTH || name[HUB_STUN_UFRAG_LENGTH] != ':')
    return false;
  memcpy (self->ufrag, name, HUB_STUN_UFRAG_LENGTH);
  self->ufrag[HUB_STUN_UFRAG_LENGTH] = '\0';
  found = self->password (self->ufrag, self->data);
  if (found == NULL)
    return false;
  *password = (uint8_t *) found;
  *password_length = strlen (found);
  return true;
}

static HubStunOutcome
reply_to (HubStun *self, StunMessage *request, const HubAddress *source, guint8 *reply,
          gsize *reply_length)
{
  StunMessage message;
  bool controlling = false;
  StunUsageIceReturn outcome = stun_usage_ice_conncheck_create_reply (
      &self->agent, request, &message, reply, reply_length, &source->storage, source->length,
      &controlling, 0, STUN_USAGE_ICE_COMPATIBILITY_RFC5245);

  if (outcome == STUN_USAGE_ICE_RETURN_MEMORY_ERROR || *reply_length == 0)
    return HUB_STUN_IGNORED;
  if (outcome != STUN_USAGE_ICE_RETURN_SUCCESS)
    return HUB_STUN_REFUSED;
  return stun_usage_ice_conncheck_use_candidate (request) ? HUB_STUN_NOMINATED : HUB_STUN_CHECKED;
}

HubStunOutcome
hub_stun_take (HubStun *self, const guint8 *datagram, gsize length, const HubAddress *source,
               char *ufrag, guint8 *reply, gsize *reply_length)
{
  StunMessage request, refusal;
  HubStunOutcome outcome = HUB_STUN_IGNORED;

  *ufrag = '\0';
  *reply_length = HUB_STUN_MAX_REPLY;
  if (stun_message_validate_buffer_length (datagram, length, true) != (int) length)
    return HUB_STUN_IGNORED;
  self->ufrag = ufrag;
  switch (stun_agent_validate (&self->agent, &request, datagram, length, find_password, self))
    {
    case STUN_VALIDATION_SUCCESS:
      if (stun_message_get_class (&request) == STUN_REQUEST
          && stun_message_get_method (&request) == STUN_BINDING)
        outcome = reply_to (self, &request, source, reply, reply_length);
      break;
    case STUN_VALIDATION_UNKNOWN_REQUEST_ATTRIBUTE:
      *reply_length = stun_agent_build_unknown_attributes_error (&self->agent, &refusal, reply,
                                                                 HUB_STUN_MAX_REPLY, &request);
      outcome = *reply_length > 0 ? HUB_STUN_REFUSED : HUB_STUN_IGNORED;
      break;
    default:
      break;
    }
  if (outcome == HUB_STUN_IGNORED)
    *ufrag = '\0';
  return outcome;
}
