/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "karez-plugin.h"

G_BEGIN_DECLS

#define KAREZ_TYPE_CONTROL_HALF (karez_control_half_get_type ())
KAREZ_PUBLIC
G_DECLARE_DERIVABLE_TYPE (KarezControlHalf, karez_control_half, KAREZ, CONTROL_HALF, GObject)

/**
 * KarezControlHalfClass:
 * @title: what the plugin is called in the records of what nobody did: "Shared note"
 * @enable: once at start; what the key file grants is there
 * @disable: once at the end, also after a failed enable
 * @check_booking: may refuse a booking of its modality
 * @keep: adds to @transaction what @record is in the database, statements and events; it is
 *   committed then. FALSE keeps nothing.
 *
 * A control half whose calls are done when they return: a class that a plugin's own is derived
 * from, in place of writing KarezPluginInterface. What is NULL does nothing and succeeds; a @keep
 * that is NULL refuses every record. A call that has to wait is taken from KarezPluginInterface, by
 * implementing that once more.
 *
 * Since: 1.1
 */
struct _KarezControlHalfClass
{
  GObjectClass parent_class;

  const char *title;
  gboolean (*enable) (KarezControlHalf *self, KarezContext *context, GError **error);
  void (*disable) (KarezControlHalf *self);
  gboolean (*check_booking) (KarezControlHalf *self, JsonNode *booking, GError **error);
  gboolean (*keep) (KarezControlHalf *self, const KarezRecord *record,
                    KarezTransaction *transaction, GError **error);

  gpointer padding[8];
};

/**
 * karez_control_half_get_context:
 *
 * NULL before it is enabled.
 *
 * Returns: (transfer none):
 *
 * Since: 1.1
 */
KAREZ_PUBLIC KarezContext *karez_control_half_get_context (KarezControlHalf *self);
/**
 * karez_control_half_get_store:
 *
 * Each is what the context gives; asking for one that the key file does not grant is a programmer's
 * error, since the plugin is not enabled then.
 *
 * Returns: (transfer none):
 *
 * Since: 1.1
 */
KAREZ_PUBLIC KarezStore *karez_control_half_get_store (KarezControlHalf *self);
/**
 * karez_control_half_get_audit:
 *
 * Returns: (transfer none):
 *
 * Since: 1.1
 */
KAREZ_PUBLIC KarezAudit *karez_control_half_get_audit (KarezControlHalf *self);
/**
 * karez_control_half_get_agenda:
 *
 * Returns: (transfer none):
 *
 * Since: 1.1
 */
KAREZ_PUBLIC KarezAgenda *karez_control_half_get_agenda (KarezControlHalf *self);
/**
 * karez_control_half_get_routes:
 *
 * Returns: (transfer none):
 *
 * Since: 1.1
 */
KAREZ_PUBLIC KarezRoutes *karez_control_half_get_routes (KarezControlHalf *self);
/**
 * karez_control_half_get_peers:
 *
 * Returns: (transfer none):
 *
 * Since: 1.1
 */
KAREZ_PUBLIC KarezPeers *karez_control_half_get_peers (KarezControlHalf *self);
/**
 * karez_control_half_get_settings:
 *
 * Returns: (transfer none):
 *
 * Since: 1.1
 */
KAREZ_PUBLIC KarezSettings *karez_control_half_get_settings (KarezControlHalf *self);
/**
 * karez_control_half_get_actor:
 *
 * The plugin itself, where nobody did it.
 *
 * Returns: (transfer none):
 *
 * Since: 1.1
 */
KAREZ_PUBLIC KarezActor *karez_control_half_get_actor (KarezControlHalf *self);
/**
 * karez_control_half_begin:
 *
 * A transaction of the plugin itself.
 *
 * Returns: (transfer full):
 *
 * Since: 1.1
 */
KAREZ_PUBLIC KarezTransaction *karez_control_half_begin (KarezControlHalf *self);
/**
 * karez_control_half_begin_record:
 *
 * One that keeps @record, of who did it or of the plugin itself, about the record's session.
 *
 * Returns: (transfer full):
 *
 * Since: 1.1
 */
KAREZ_PUBLIC KarezTransaction *karez_control_half_begin_record (KarezControlHalf *self,
                                                                const KarezRecord *record);

G_END_DECLS
