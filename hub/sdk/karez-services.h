/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "karez-json.h"
#include "karez-transaction.h"

G_BEGIN_DECLS

/* Agenda: what is booked. */

#define KAREZ_TYPE_AGENDA (karez_agenda_get_type ())
KAREZ_PUBLIC
G_DECLARE_INTERFACE (KarezAgenda, karez_agenda, KAREZ, AGENDA, GObject)

/**
 * KarezAgendaInterface:
 * @get_booking_async: one booking, as the API shows it ("Booking" in the OpenAPI document)
 *
 * Signal "changed" (const char *booking): a booking was requested, accepted, declined or
 * cancelled, here or by the partner; emitted after the commit.
 *
 * Since: 1.0
 */
struct _KarezAgendaInterface
{
  GTypeInterface parent;
  void (*get_booking_async) (KarezAgenda *self, const char *booking, GCancellable *cancellable,
                             GAsyncReadyCallback callback, gpointer data);
  JsonNode *(*get_booking_finish) (KarezAgenda *self, GAsyncResult *result, GError **error);
  gpointer padding[8];
};

/**
 * karez_agenda_get_booking_async:
 * Since: 1.0
 */
KAREZ_PUBLIC void karez_agenda_get_booking_async (KarezAgenda *self, const char *booking,
                                                  GCancellable *cancellable,
                                                  GAsyncReadyCallback callback, gpointer data);
/**
 * karez_agenda_get_booking_finish:
 * Since: 1.0
 */
KAREZ_PUBLIC JsonNode *karez_agenda_get_booking_finish (KarezAgenda *self, GAsyncResult *result,
                                                        GError **error);

/**
 * karez_booking_conceal:
 * @booking: a booking as the API shows it
 *
 * What somebody without "patient.read" may see of it: times, hospitals, resources and its kind. Its
 * title, reason and answer are empty, its patient is null, and "concealed" is true.
 *
 * Returns: (transfer full): another object
 *
 * Since: 1.0
 */
KAREZ_PUBLIC JsonNode *karez_booking_conceal (JsonNode *booking);

/* Audit: acts that change no row (a read, a refusal, an export). Acts that change one are
 * recorded by karez_transaction_event(). */

#define KAREZ_TYPE_AUDIT (karez_audit_get_type ())
KAREZ_PUBLIC G_DECLARE_INTERFACE (KarezAudit, karez_audit, KAREZ, AUDIT, GObject)

    /**
     * KarezOutcome:
     * FHIR AuditEvent.outcome: 0, 4 and 8.
     *
     * Since: 1.0
     */
    typedef enum {
      KAREZ_OUTCOME_SUCCESS = 0,
      KAREZ_OUTCOME_REFUSED = 4,
      KAREZ_OUTCOME_FAILED = 8,
    } KarezOutcome;

/**
 * KarezAuditInterface:
 * The list of events. Main thread only. A plugin has one way into it for each kind of act: what
 * changes a row, karez_transaction_event(); what is read for an answer,
 * karez_request_respond_read() and its siblings; what a live half keeps, karez_session_record(), of
 * which the control half makes an event; and karez_audit_append_async() for the rest.
 *
 * Since: 1.0
 */
struct _KarezAuditInterface
{
  GTypeInterface parent;
  void (*append_async) (KarezAudit *self, KarezActor *actor, const char *action,
                        KarezOutcome outcome, const char *session, const char *patient,
                        JsonNode *details, GCancellable *cancellable, GAsyncReadyCallback callback,
                        gpointer data);
  gboolean (*append_finish) (KarezAudit *self, GAsyncResult *result, GError **error);
  gpointer padding[8];
};

/**
 * karez_audit_append_async:
 * @session: (nullable): the session it happened in
 * @patient: (nullable): whom it was about
 * @details: (transfer full) (nullable): an object
 *
 * Finishes once the event is durable: for a read, before the first byte leaves.
 *
 * Since: 1.0
 */
KAREZ_PUBLIC void karez_audit_append_async (KarezAudit *self, KarezActor *actor, const char *action,
                                            KarezOutcome outcome, const char *session,
                                            const char *patient, JsonNode *details,
                                            GCancellable *cancellable, GAsyncReadyCallback callback,
                                            gpointer data);
/**
 * karez_audit_append_finish:
 * Since: 1.0
 */
KAREZ_PUBLIC gboolean karez_audit_append_finish (KarezAudit *self, GAsyncResult *result,
                                                 GError **error);

/* Settings: the plugin's group of karez.conf, over the defaults of its keyfile. */

#define KAREZ_TYPE_SETTINGS (karez_settings_get_type ())
KAREZ_PUBLIC
G_DECLARE_INTERFACE (KarezSettings, karez_settings, KAREZ, SETTINGS, GObject)

/**
 * KarezSettingsInterface:
 * What an administrator sets for the plugin. Main thread only.
 *
 * Since: 1.0
 */
struct _KarezSettingsInterface
{
  GTypeInterface parent;
  char *(*get) (KarezSettings *self, const char *key, GError **error);
  gpointer padding[8];
};

/**
 * karez_settings_get:
 *
 * Returns: (transfer full): the value in force; %KAREZ_ERROR_NOT_FOUND for a key that the keyfile
 * does not declare
 *
 * Since: 1.0
 */
KAREZ_PUBLIC char *karez_settings_get (KarezSettings *self, const char *key, GError **error);
/**
 * karez_settings_get_integer:
 *
 * The same as a whole number within bounds.
 *
 * Since: 1.0
 */
KAREZ_PUBLIC gboolean karez_settings_get_integer (KarezSettings *self, const char *key, gint64 min,
                                                  gint64 max, gint64 *value, GError **error);

G_END_DECLS
