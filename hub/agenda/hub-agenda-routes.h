/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-agenda.h"

G_BEGIN_DECLS

/* Registers /board, /resources and /bookings. FALSE with the reason if one is taken. */
gboolean hub_agenda_add_routes (HubAgenda *self, KarezRoutes *routes, GError **error);

G_END_DECLS
