/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "karez-context.h"

G_BEGIN_DECLS

/**
 * KarezRecord:
 * Something a live half wants kept (karez_session_record()), on its way into the database.
 * (@session, @origin, @sequence) names it for ever; it may come again.
 *
 * Since: 1.0
 */
typedef struct
{
  const char *session; /* the session's UUID */
  const char *origin;  /* the hub whose worker made it */
  gint64 sequence;     /* from 1, without a gap for each session and origin */
  const char *action;  /* what happened: "note.keep" */
  KarezActor *actor;   /* who did it */
  JsonNode *body;
} KarezRecord;

#define KAREZ_TYPE_PLUGIN (karez_plugin_get_type ())
KAREZ_PUBLIC
G_DECLARE_INTERFACE (KarezPlugin, karez_plugin, KAREZ, PLUGIN, GObject)

/**
 * KarezPluginInterface:
 * The control half, loaded by the hub. It does no media and never blocks: a call that takes 5 s
 * aborts the hub with the plugin's name in the log, and the second time the plugin is disabled.
 * A vfunc that is NULL does nothing and succeeds. All run on the main thread.
 *
 * @enable_async: once at start, before anything else; register routes and handlers, start
 *   services. Deadline 10 s. A failure leaves the plugin disabled with the reason shown.
 * @disable_async: once at the end, also after a failed enable. Deadline 5 s.
 * @check_booking_async: may refuse a booking of its modality, at the side that requests and at
 *   the side that accepts. @booking is "Booking" of the OpenAPI document. Deadline 2 s.
 * @record_async: keeps a record in one transaction that holds karez_transaction_recorded ();
 *   success means durable. Deadline 5 s; UNAVAILABLE, BUSY and TIMEOUT are tried again.
 *
 * Since: 1.0
 */
struct _KarezPluginInterface
{
  GTypeInterface parent;

  void (*enable_async) (KarezPlugin *self, KarezContext *context, GCancellable *cancellable,
                        GAsyncReadyCallback callback, gpointer data);
  gboolean (*enable_finish) (KarezPlugin *self, GAsyncResult *result, GError **error);
  void (*disable_async) (KarezPlugin *self, GCancellable *cancellable, GAsyncReadyCallback callback,
                         gpointer data);
  gboolean (*disable_finish) (KarezPlugin *self, GAsyncResult *result, GError **error);
  void (*check_booking_async) (KarezPlugin *self, JsonNode *booking, GCancellable *cancellable,
                               GAsyncReadyCallback callback, gpointer data);
  gboolean (*check_booking_finish) (KarezPlugin *self, GAsyncResult *result, GError **error);
  void (*record_async) (KarezPlugin *self, const KarezRecord *record, GCancellable *cancellable,
                        GAsyncReadyCallback callback, gpointer data);
  gboolean (*record_finish) (KarezPlugin *self, GAsyncResult *result, GError **error);

  gpointer padding[8];
};

/**
 * karez_transaction_recorded:
 *
 * Makes @self the transaction that keeps @record: committed again, it has no second effect and
 * succeeds with karez_transaction_is_repeated().
 *
 * Since: 1.0
 */
KAREZ_PUBLIC void karez_transaction_recorded (KarezTransaction *self, const KarezRecord *record);
/* The record's session, NULL if there is none. */
KAREZ_PRIVATE const char *karez_transaction_get_recorded (KarezTransaction *self,
                                                          const char **origin, gint64 *sequence);

/**
 * KarezAbi:
 * What the probe child reads before anything of a module is called.
 *
 * Since: 1.0
 */
typedef struct
{
  guint32 magic;
  guint16 major, minor;
  guint32 kind;
  guint32 interface_size;
  GType (*get_type) (void);
} KarezAbi;

#define KAREZ_ABI_MAGIC 0x4b5a4142u /* "KZAB" */
#define KAREZ_ABI_CONTROL 1u
#define KAREZ_ABI_LIVE 2u

/* The one line that makes a module a control half. */
#define KAREZ_PLUGIN_MODULE(type_name)                                                             \
  KAREZ_PUBLIC const KarezAbi karez_plugin_abi;                                                    \
  const KarezAbi karez_plugin_abi = { KAREZ_ABI_MAGIC,                                             \
                                      KAREZ_API_MAJOR,                                             \
                                      KAREZ_API_MINOR,                                             \
                                      KAREZ_ABI_CONTROL,                                           \
                                      sizeof (KarezPluginInterface),                               \
                                      type_name##_get_type };

G_END_DECLS
