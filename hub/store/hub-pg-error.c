/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Errors of PostgreSQL as errors of ours. */
#include "hub-pg-error.h"

#include "hub-log.h"

#include <glib/gi18n.h>
#include <string.h>

const char *
hub_pg_sqlstate (const PGresult *result)
{
  const char *sqlstate = PQresultErrorField (result, PG_DIAG_SQLSTATE);

  return sqlstate != NULL ? sqlstate : "";
}

gboolean
hub_pg_sqlstate_is (const PGresult *result, const char *sqlstate)
{
  return strcmp (hub_pg_sqlstate (result), sqlstate) == 0;
}

gboolean
hub_pg_is_retryable (const PGresult *result)
{
  return hub_pg_sqlstate_is (result, "40001") || hub_pg_sqlstate_is (result, "40P01");
}

gboolean
hub_pg_is_fatal (const PGresult *result)
{
  const char *sqlstate = hub_pg_sqlstate (result);
  const char *severity = PQresultErrorField (result, PG_DIAG_SEVERITY_NONLOCALIZED);

  /* 08P01 is also what a statement with a parameter too few gets: an error as any other. */
  if (g_strcmp0 (severity, "ERROR") == 0)
    return FALSE;
  return g_str_has_prefix (sqlstate, "57P") || g_str_has_prefix (sqlstate, "08")
         || strcmp (sqlstate, "25P03") == 0; /* idle in a transaction for too long */
}

/* What a constraint's class says to people; its name is for the log and the rule. */
static const char *
conflict_sentence (const char *sqlstate)
{
  if (strcmp (sqlstate, "23503") == 0)
    return N_ ("It refers to something that is not there, or others refer to it.");
  if (strcmp (sqlstate, "23505") == 0)
    return N_ ("There is something of this name or id already.");
  if (strcmp (sqlstate, "23P01") == 0)
    return N_ ("It would overlap with something that is there already.");
  return N_ ("The database does not accept a value.");
}

/* Class 23: a constraint has the last word. */
static GError *
new_conflict (const PGresult *result)
{
  const char *constraint = PQresultErrorField (result, PG_DIAG_CONSTRAINT_NAME);
  const char *column = PQresultErrorField (result, PG_DIAG_COLUMN_NAME);
  const char *name = constraint != NULL ? constraint : column != NULL ? column : "constraint";
  g_autofree char *rule = g_strconcat ("database/", name, NULL);

  hub_info ("store", name, "The database refused (%s).", hub_pg_sqlstate (result));
  return karez_error_new_parts (KAREZ_ERROR_CONFLICT, rule, NULL,
                                conflict_sentence (hub_pg_sqlstate (result)), NULL);
}

static const struct
{
  const char *sqlstate; /* or a class, two characters */
  KarezError code;
  const char *rule, *message;
} known[] = {
  { "KZ001", KAREZ_ERROR_FAILED, "audit/no-event",
    N_ ("Nothing was done: a change would have had no record in the log.") },
  { "KZ002", KAREZ_ERROR_FAILED, "audit/final", N_ ("The log cannot be changed.") },
  { "KZ004", KAREZ_ERROR_CONFLICT, "request/reused",
    N_ ("This request id was used for something else.") },
  { "KZ005", KAREZ_ERROR_CONFLICT, "peers/gap", N_ ("A message before this one is missing.") },
  { "KZ007", KAREZ_ERROR_UNAUTHENTICATED, "sign-in/none",
    N_ ("You are not signed in, or no longer") },
  { "KZ008", KAREZ_ERROR_DENIED, "sign-in/changed",
    N_ ("What you may do has changed meanwhile. Nothing was done; try again.") },
  { "42501", KAREZ_ERROR_NOT_GRANTED, "database/role",
    N_ ("The plugin may not touch this part of the database.") },
  { "08P01", KAREZ_ERROR_FAILED, "database/statement",
    N_ ("The program called a statement of the database wrongly.") },
  { "26", KAREZ_ERROR_FAILED, "database/statement",
    N_ ("The program called a statement of the database wrongly.") },
  { "42", KAREZ_ERROR_FAILED, "database/statement",
    N_ ("The program called a statement of the database wrongly.") },
  { "25006", KAREZ_ERROR_FAILED, "database/read-only",
    N_ ("This connection to the database may only read.") },
  { "55P03", KAREZ_ERROR_BUSY, "database/lock",
    N_ ("Somebody else is changing the same thing. Try again.") },
  { "57014", KAREZ_ERROR_BUSY, "database/slow",
    N_ ("The database took too long. Nothing was changed.") },
  { "40001", KAREZ_ERROR_BUSY, "database/contention",
    N_ ("Somebody else is changing the same thing. Try again.") },
  { "40P01", KAREZ_ERROR_BUSY, "database/contention",
    N_ ("Somebody else is changing the same thing. Try again.") },
  { "22", KAREZ_ERROR_INVALID, "database/value", N_ ("The database does not accept a value.") },
  { "53100", KAREZ_ERROR_UNAVAILABLE, "database/disk",
    N_ ("The disk of the database is full. Nothing was recorded.") },
  { "53", KAREZ_ERROR_UNAVAILABLE, "database/resources",
    N_ ("The database is out of disk space, memory or connections.") },
  { "54", KAREZ_ERROR_TOO_LARGE, "database/limit", N_ ("This is too large for the database.") },
};

GError *
hub_pg_refusal (KarezError code, const char *rule, const char *message)
{
  /* The message is its own format, so that it can be translated. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"
  return karez_error_new (code, rule, NULL, message);
#pragma GCC diagnostic pop
}

gboolean
hub_pg_is_mistake (const PGresult *result)
{
  const char *sqlstate = hub_pg_sqlstate (result);

  /* Protocol (a wrong number of parameters), a value that is none of its type, syntax and names. */
  return g_str_has_prefix (sqlstate, "08P") || g_str_has_prefix (sqlstate, "22")
         || g_str_has_prefix (sqlstate, "26") || g_str_has_prefix (sqlstate, "42")
         || strcmp (sqlstate, HUB_SQLSTATE_NO_EVENT) == 0;
}

GError *
hub_pg_error_of (const PGresult *result, const char *statement)
{
  const char *primary = PQresultErrorField (result, PG_DIAG_MESSAGE_PRIMARY);

  /* Class 22 quotes the value, which is nobody's business in a log. */
  if (hub_pg_is_mistake (result))
    hub_warning ("store", statement, "The database refuses this statement (%s): %s",
                 hub_pg_sqlstate (result),
                 primary != NULL && !g_str_has_prefix (hub_pg_sqlstate (result), "22") ? primary
                                                                                       : "a value");
  return hub_pg_error (result);
}

GError *
hub_pg_error (const PGresult *result)
{
  const char *sqlstate = hub_pg_sqlstate (result);
  const char *primary = PQresultErrorField (result, PG_DIAG_MESSAGE_PRIMARY);

  if (hub_pg_is_fatal (result))
    return hub_pg_lost (sqlstate, FALSE);
  if (g_str_has_prefix (sqlstate, "23"))
    return new_conflict (result);
  for (guint i = 0; i < G_N_ELEMENTS (known); i++)
    {
      if (g_str_has_prefix (sqlstate, known[i].sqlstate))
        {
          hub_info ("store", sqlstate, "The database refused (%s).", known[i].rule);
          return hub_pg_refusal (known[i].code, known[i].rule, known[i].message);
        }
    }

  /* What is left is a fault of the program or of the disk: the log needs the words. */
  hub_warning ("store", sqlstate, "The database failed: %s",
               primary != NULL ? primary : "without a message");
  return karez_error_new (KAREZ_ERROR_FAILED, "database/failed", NULL,
                          N_ ("The database failed (%s)."), sqlstate);
}

GError *
hub_pg_lost (const char *why, gboolean outcome_unknown)
{
  if (outcome_unknown)
    return karez_error_new (KAREZ_ERROR_TIMEOUT, "database/unknown", NULL,
                            N_ ("The database went away before it answered (%s). Ask again with "
                                "the same request id."),
                            why);
  return karez_error_new (KAREZ_ERROR_UNAVAILABLE, "database/away", NULL,
                          N_ ("The database cannot be reached (%s). Nothing was done."), why);
}
