/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * HubWebTry:
 * @login: as typed, whether anybody has it or not
 * @address: what limits count by: an IPv4 address, or an IPv6 network
 * @known: (nullable): the known browser or the sign-in that it comes from
 */
typedef struct
{
  const char *login, *address, *known;
} HubWebTry;

/**
 * HubWebGuard:
 * Counts wrong passwords. Three counts, each forgotten after 15 minutes without another: of a login
 * from an address (10), of an address over all logins (50), of a login over all addresses (20, of
 * which one address brings at most 5, so that nobody alone can lock somebody else out). What comes
 * from a known browser of the person, or confirms a sign-in, has one count of its own (10), so that
 * not even many can. Beyond a count the next try must wait: 1 s, 2 s, 4 s … up to a minute for a
 * login, 5 minutes otherwise. Main thread only; bounded to 10,000 of each.
 */
typedef struct _HubWebGuard HubWebGuard;

HubWebGuard *hub_web_guard_new (void);
void hub_web_guard_free (HubWebGuard *self);
/* Whole seconds to wait before this try, 0 for none. @now: monotonic µs */
guint hub_web_guard_wait (HubWebGuard *self, const HubWebTry *try, gint64 now);
/* A try begins. It counts as wrong until it is known to be right, so that tries sent at the same
 * time count too. */
void hub_web_guard_begin (HubWebGuard *self, const HubWebTry *try, gint64 now);
/* It was right: what was counted for this login is forgotten, except by other addresses and other
 * known browsers for themselves. */
void hub_web_guard_right (HubWebGuard *self, const HubWebTry *try);
/* It could not be tried; it counts for nothing. */
void hub_web_guard_undo (HubWebGuard *self, const HubWebTry *try);
/* It was wrong. Returns: (nullable): the count that is full because of it, once for each time that
 * it fills: "login", "address", "pair" or "known" */
const char *hub_web_guard_wrong (HubWebGuard *self, const HubWebTry *try);
/**
 * hub_web_guard_refuse:
 * A try came before its time. So that a flood of tries is not a flood of records, each login and
 * address is recorded at once, then each 5 seconds.
 *
 * Returns: how many tries are to be recorded now; 0 for none yet
 */
guint hub_web_guard_refuse (HubWebGuard *self, const HubWebTry *try, gint64 now);

typedef void (*HubWebGuardFunc) (const char *address, guint tries, gpointer data);
/* Calls @func for what hub_web_guard_refuse() kept back and is due. Returns: whether some is
 * kept back still */
gboolean hub_web_guard_flush (HubWebGuard *self, gint64 now, HubWebGuardFunc func, gpointer data);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HubWebGuard, hub_web_guard_free)

G_END_DECLS
