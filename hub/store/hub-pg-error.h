/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <karez.h>
#include <libpq-fe.h>

G_BEGIN_DECLS

/* What the guards of 0001-base.sql raise. */
#define HUB_SQLSTATE_NO_EVENT "KZ001"
#define HUB_SQLSTATE_REPEATED "KZ003"
#define HUB_SQLSTATE_REUSED "KZ004"
#define HUB_SQLSTATE_GAP "KZ005"

/* The five characters, or "" for a result that is no error. */
const char *hub_pg_sqlstate (const PGresult *result);
gboolean hub_pg_sqlstate_is (const PGresult *result, const char *sqlstate);
/* A serialisation failure or a deadlock: the same again may work. */
gboolean hub_pg_is_retryable (const PGresult *result);
/* The server ends the session: shutdown, crash, or an administrator's command. */
gboolean hub_pg_is_fatal (const PGresult *result);

/* Whether a mistake of a program is refused, which no repetition mends. */
gboolean hub_pg_is_mistake (const PGresult *result);
/* As hub_pg_error(); a mistake is logged with the statement, "schema.name".
 * Returns: (transfer full) */
GError *hub_pg_error_of (const PGresult *result, const char *statement);
/* The database's refusal as one of ours. No value of a row stands in it. Returns: (transfer full)
 */
GError *hub_pg_error (const PGresult *result);
/* An error whose message is a msgid without arguments that stands elsewhere. */
GError *hub_pg_refusal (KarezError code, const char *rule, const char *message);
/* A connection that could not be made or broke. @outcome_unknown: whether a commit was sent. */
GError *hub_pg_lost (const char *why, gboolean outcome_unknown);

G_END_DECLS
