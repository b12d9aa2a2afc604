/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <karez.h>

G_BEGIN_DECLS

#define HUB_BOOKING_MAX_RESOURCES 32

/**
 * HubBooking:
 * What a booking asks for, checked against every rule that needs no database.
 * @resources: of the hub that asks, after hub_booking_split()
 * @wishes: of the hub that is asked
 */
typedef struct
{
  char *id, *modality, *title, *reason, *urgency;
  char *requester, *provider, *host, *patient; /* patient: NULL for none */
  gint64 starts_at, ends_at;                   /* µs since 1970 UTC */
  GStrv resources, wishes;
} HubBooking;

void hub_booking_free (HubBooking *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HubBooking, hub_booking_free)

/* Whether @text may be looked up as an id at all. */
gboolean hub_booking_is_id (const char *text);

/* What a person asks this hub for: the body of POST /bookings. All resources are in @resources.
 * Returns: (transfer full): or NULL with %KAREZ_ERROR_INVALID and the rule */
HubBooking *hub_booking_from_request (JsonNode *body, const char *own_hub, GError **error);
/* What a peer asks this hub for: the body of the topic "agenda.request". */
HubBooking *hub_booking_from_message (KarezMessage *message, const char *own_hub, GError **error);
/* The body of "agenda.request". Returns: (transfer full) */
JsonNode *hub_booking_to_message (const HubBooking *self, KarezActor *actor);
/* "Booking" as a modality sees it before it is stored. Returns: (transfer full) */
JsonNode *hub_booking_to_json (const HubBooking *self);
/* What the event of the request tells: no title, reason or name. Returns: (transfer full) */
JsonNode *hub_booking_to_details (const HubBooking *self);

/* Ids, each a UUID, none twice, at most @max. Returns: (transfer full) (nullable) */
GStrv hub_booking_ids (JsonObject *object, const char *name, guint max, GError **error);
/* As many new ids as there are strings in @list. Returns: (transfer full) */
GStrv hub_booking_new_ids (const char *const *list);

G_END_DECLS
